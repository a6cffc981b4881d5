-- Test messages, files that are in, and changes of schemas go by rules of their own: what has ended and is old, of the
-- right tenant, in parts.
select plan(31);

set etl.fake_now = '2100-01-01 00:00:00Z';
select test_setup.set_up_people();
select etl_api.ensure_partitions(1);
create temporary table tenant as select test_setup.id('org acme') as id, 'a' as name union all select test_setup.id('org other'), 'o';
insert into webhook_endpoint (id, org_id, url) select test_setup.id('endpoint ' || t.name), t.id, 'https://client.test/' || t.name from tenant as t;
insert into public.clients (client_id, organization_id, company_name) select test_setup.id('client ' || t.name), t.id, 'Shop' from tenant as t;

create function pg_temp.swept(day timestamptz) returns bigint language plpgsql as $$
declare
  gone bigint := 0;
begin
  perform set_config('etl.fake_now', day::text, false);
  for i in 1 .. 8 loop
    gone := gone + etl_api.purge_expired();
  end loop;
  return gone;
end
$$;
create function pg_temp.by_tenant(of_table text) returns text language plpgsql as $$
declare
  found text;
begin
  execute format('select string_agg(t.name || '' '' || (select count(*) from %1$s as r where r.%2$I = t.id), '', '' order by t.name) from tenant as t',
    of_table, etl_api.org_column(of_table::regclass)) into found;
  return found;
end
$$;

create temporary table parts (place int, what text, count bigint, more boolean);
create function pg_temp.in_parts(statement text) returns text[] language plpgsql as $$
begin
  truncate parts;
  for turn in 1 .. 3 loop
    execute 'insert into parts select $1, p.* from ' || statement || ' as p' using turn;
  end loop;
  return array(select row(p.what, p.count, p.more)::text from parts as p order by p.place, p.what desc);
end
$$;

-- Test messages: two delivered, one open; beside those of an alert and of a request.
create temporary table told as select t.name, (etl_api.send_test_event(test_setup.id('endpoint ' || t.name)) ->> 'delivery_id')::uuid as id from tenant as t;
select is(test_setup.deliver(), 2, 'both are delivered');
select test_setup.chain('{a.test}');
select test_setup.finish_chains();
select etl_api.send_test_event(test_setup.id('endpoint a'));
insert into etl_api.alert (id, org_id, kind, message, value, threshold, raised_at, endpoint_id)
values (test_setup.id('alert'), test_setup.id('org acme'), 'endpoint_disabled', 'open', 1, 1, utils.now(), test_setup.id('endpoint a'));
insert into public.delivery (org_id, alert_id, endpoint_id, url, secret_name, event_type, state, state_via, finished_at)
values (test_setup.id('org acme'), test_setup.id('alert'), test_setup.id('endpoint a'), 'https://client.test/a', 'webhook', 'alert.raised', 'delivered',
  '{new,valid,ready,in_progress,done}', utils.now());
create temporary table messages as select d.id, d.event_type from public.delivery as d where d.id not in (select id from told);
select is(array(select event_type::text from messages order by 1), '{activity_request.done,alert.raised,endpoint.test}', 'others are open, of an alert, of a request');
insert into etl_api.retention (org_id, what, days) values (null, 'test_event', 10), (test_setup.id('org other'), 'test_event', 20);
select is(pg_temp.swept('2100-01-12'), 0::bigint, 'not before the summaries have what they told');
select test_setup.rolled_up();
select cmp_ok(pg_temp.swept('2100-01-12'), '>', 0::bigint, 'then');
select is((select string_agg(t.name, ',') from told as t join public.delivery as d on d.id = t.id), 'o', 'it goes by the rule for all, the other''s not yet');
select is((select count(*) from public.delivery_body as b join told as t on t.id = b.delivery_id where t.name = 'a'), 0::bigint, 'with what it said');
select is_empty($$select * from etl_api.state_step as s join told as t on t.id = s.entity_id where t.name = 'a'$$, 'and its history');
select is((select count(*) from messages as m join public.delivery as d on d.id = m.id), 3::bigint, 'what is open, or of something else, stays');
select pg_temp.swept('2100-01-22');
select is_empty('select d.id from told as t join public.delivery as d on d.id = t.id', 'the other''s goes after 20 days');
select is_empty('select * from test_setup.miscounted()', 'the counts are right');
select is(etl_api.default_retention('alert'), null, 'nothing else had a rule');
create temporary table told_of as select s.* from etl_api.state_step_210001 as s join messages as m on m.id = s.entity_id;
select etl_api.clear_partition('state_step_210001', array(select id from public.workflow_request));
select set_eq('select entity_id, seq, to_state from etl_api.state_step where entity_id in (select id from messages)',
  'select entity_id, seq, to_state from told_of', 'what stays keeps its history when the month goes');
delete from etl_api.retention;
update etl_api.setting set value = '30' where name = 'retention_days';
select is(etl_api.default_retention('test_event'), 30::numeric, 'without a rule by the setting');
update etl_api.setting set value = 'null' where name = 'retention_days';
select etl_api.send_test_event(test_setup.id('endpoint o')) from generate_series(1, 5);
select test_setup.deliver();
select test_setup.rolled_up();
set etl.fake_now = '2100-03-22 00:00:00Z';
select is(pg_temp.in_parts($$etl_api.purge_test_events('2100-02-22', 2, array[test_setup.id('org other')])$$),
  '{"(test_event,2,t)","(test_event,2,t)","(test_event,1,f)"}', 'as many as asked for each time');
select etl_api.send_test_event(test_setup.id('endpoint o'));
select test_setup.deliver();
select test_setup.rolled_up();
set etl.fake_now = '2100-06-01 00:00:00Z';
select is((select p.count from etl_api.purge('30 days', of_org => test_setup.id('org other')) as p where p.what = 'test_event'), 1::bigint, 'and by hand');

-- Files.
set etl.fake_now = '2100-01-01 00:00:00Z';
create temporary table upload as
select t.name, f.name as file, (etl_api.begin_client_upload(test_setup.id('client ' || t.name), 'orders', f.name || '.csv', f.name) ->> 'id')::uuid as id
from tenant as t cross join unnest('{in,stopped,late}'::text[]) as f (name);
select etl_api.ingest_client_part(u.id, 1, '[{"n": 1}]') from upload as u;
select etl_api.finish_client_upload(u.id) from upload as u where u.file = 'in';
set etl.fake_now = '2100-01-20 00:00:00Z';
select etl_api.finish_client_upload(u.id) from upload as u where u.file = 'late';
select is(pg_temp.swept('2109-01-01'), 0::bigint, 'without rules all is kept');
insert into etl_api.retention (org_id, what, days) values (test_setup.id('org acme'), 'client_upload', 30);
select is(pg_temp.swept('2100-01-31'), 0::bigint, 'nothing goes before its time');
select is(pg_temp.swept('2100-01-31 00:00:01Z'), 1::bigint, 'then one');
select is((select string_agg(u.name || ' ' || u.file, ', ' order by u.name, u.file) from upload as u join etl_api.client_upload as c on c.id = u.id),
  'a late, a stopped, o in, o late, o stopped', 'the one that was in long ago');
update etl_api.retention set org_id = null;
select pg_temp.swept('2109-01-01');
select is((select string_agg(u.name || ' ' || u.file, ', ' order by u.name, u.file) from upload as u join etl_api.client_upload as c on c.id = u.id),
  'a stopped, o stopped', 'what stopped on the way goes on some time');
select is(pg_temp.by_tenant('public.client_data'), 'a 3, o 3', 'the rows stay');

-- What landing changed.
set etl.fake_now = '2100-01-10 00:00:00Z';
select etl_api.ingest_client_data(test_setup.id('client ' || t.name), 'orders', '[{"n": 1, "city": "Rome"}]') from tenant as t;
set etl.fake_now = '2100-01-20 00:00:00Z';
select etl_api.ingest_client_data(test_setup.id('client ' || t.name), 'orders', '[{"n": 1, "street": "Via"}]') from tenant as t;
select is(pg_temp.by_tenant('etl_api.schema_change') || '; ' || pg_temp.by_tenant('public.client_schema_versions'), 'a 3, o 3; a 2, o 2', 'each change is kept');
create temporary table now_known as select s.id, s.version, s.schema_definition from public.client_schemas as s;
select is(pg_temp.swept('2109-01-01'), 0::bigint, 'without a rule for good');
insert into etl_api.retention (org_id, what, days) values (test_setup.id('org acme'), 'schema_change', 30);
select cmp_ok(pg_temp.swept('2100-02-09 00:00:01Z'), '>', 0::bigint, 'with one');
select is(pg_temp.by_tenant('etl_api.schema_change') || '; ' || pg_temp.by_tenant('public.client_schema_versions'), 'a 1, o 3; a 1, o 2', 'what is old goes');
update etl_api.retention set org_id = null where what = 'schema_change';
select pg_temp.swept('2109-01-01');
select is(pg_temp.by_tenant('etl_api.schema_change') || '; ' || pg_temp.by_tenant('public.client_schema_versions'), 'a 0, o 0; a 0, o 0', 'of each');
select set_eq('select id, version, schema_definition from public.client_schemas', 'select * from now_known', 'what is known of the fields stays');
insert into etl_api.schema_change (org_id, store, target, field, change, at) select t.id, 'clients', 'x', n::text, 'added', '2100-01-01' from tenant as t, generate_series(1, 3) as n;
insert into public.client_schema_versions (client_id, organization_id, table_name, version, schema_definition, replaced_at)
select test_setup.id('client ' || t.name), t.id, 'x', n, '[]', '2100-01-01' from tenant as t, generate_series(1, 3) as n;
select is(pg_temp.in_parts($$etl_api.purge_schema_changes('2100-01-02', 5)$$),
  '{"(schema_change,5,t)","(client_schema_versions,5,t)","(schema_change,1,f)","(client_schema_versions,1,f)"}', 'as many as asked for each time');

-- A tenant that is deleted, and one that is erased.
set etl.fake_now = '2109-02-01 00:00:00Z';
update etl_api.client_upload set finished_at = '2109-01-01';
update public.org set deleted_at = utils.now() where id = test_setup.id('org other');
select is(pg_temp.swept('2109-02-01'), 2::bigint, 'time goes on for what was deleted');
select throws_ok($$insert into etl_api.retention (what, days) values ('schema_change', 3)$$, '23505', null, 'one rule for all');
insert into etl_api.retention (org_id, what, days) values (test_setup.id('org other'), 'schema_change', 3);
select * from etl_api.erase_org(test_setup.id('org other'));
select pg_temp.swept('2109-02-02');
select is_empty('select * from etl_api.retention where org_id is not null', 'an erased tenant leaves no rule');

select * from finish();
