-- Files part by part: how far one has come is known, and nothing goes in twice.
select plan(19);

select test_setup.setup_base_data();
insert into public.clients (client_id, organization_id, company_name) values (test_setup.id('shop'), test_setup.id('org acme'), 'Shop');
create function pg_temp.begin_upload(if_begun text default 'refuse', hash text default 'h1') returns jsonb language sql as $$
  select etl_api.begin_client_upload(test_setup.id('shop'), 'orders', 'orders.csv', hash, if_begun)
$$;
create temporary table upload as select (pg_temp.begin_upload() ->> 'id')::uuid as id;
create function pg_temp.part(part int, rows text, unreadable text default '{}') returns text language sql as $$
  select concat_ws(' ', r ->> 'parts', r ->> 'taken', r ->> 'stored', r ->> 'failed', r ->> 'warned', r ->> 'repeated')
  from upload cross join lateral etl_api.ingest_client_part(upload.id, part, rows::jsonb, unreadable::jsonb) as r
$$;
select is(pg_temp.part(1, '[{"n": 1}, {"n": 2}]'), '1 2 2 0 0', 'a part');
select is(pg_temp.part(2, '[null, {"n": "many"}, 5]', '{"0": "a quote is not closed"}'), '2 5 3 2 1', 'another, with rows that are none');
select is((select u.faults from etl_api.client_upload as u),
  '[{"code": "unreadable", "error": "a quote is not closed", "index": 2}, {"code": "invalid_row", "error": "a row is an object, not number", "index": 4}]',
  'whose places are those in the file');
select is(pg_temp.part(2, '[{"n": 3}]'), '2 5 3 2 1 true', 'a part that came is not taken again');
select is(pg_temp.part(1, '[{"n": 3}]'), '2 5 3 2 1 true', 'nor is one before');
select throws_ok('select pg_temp.part(4, ''[]'')', 'ETL05', null, 'none is left out');
select throws_ok('select pg_temp.part(null, ''[]'')', 'ETL05', null, 'each has a number');
select throws_ok('select pg_temp.begin_upload()', 'ETL05', '5 of this file are in already, and it was not ended', 'a file that has begun is not begun again by mistake');
select is(pg_temp.begin_upload('resume') ->> 'id', (select id::text from upload), 'it goes on');
select is(pg_temp.begin_upload('resume') ->> 'taken', '5', 'where it stopped');
select isnt(pg_temp.begin_upload('resume', 'h2') ->> 'id', (select id::text from upload), 'another file is another upload');
select throws_ok('select pg_temp.part(3, ''{}'')', 'ETL04', null, 'a part that is no list');
select is(pg_temp.part(3, '[{"n": 4}]'), '3 6 4 2 1', 'leaves no mark: the next part');
select isnt((select etl_api.finish_client_upload(id) ->> 'finished_at' from upload), null, 'and the end');
select throws_ok('select pg_temp.part(4, ''[]'')', 'ETL05', null, 'nothing comes after it');
select throws_ok('select pg_temp.begin_upload()', 'ETL05', '6 of this file are in already, all there were', 'a file that is in is not taken again by mistake');
select isnt(pg_temp.begin_upload('again') ->> 'id', (select id::text from upload), 'but when that is meant');
select is(public.get_client_data_count(test_setup.id('shop')), 4::bigint, 'each row is in once');
select throws_ok('select etl_api.ingest_client_part(test_setup.id(''none''), 1, ''[]'')', 'ETL04', null, 'an upload that is none');
select * from finish();
