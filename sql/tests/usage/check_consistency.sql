-- Rows that contradict each other are named; after everything a request can go through there are none.
select plan(20);

select test_setup.setup_enrichment_test_data();
select test_setup.setup_extract_test_data();
insert into test_setup.reply (source, body)
values
  ('AlgOps API Client', '{"company": {"sector": "Anvils", "staff": {"count": 7}}}'),
  ('AlgOps Search', '{"hits": [{"host": "found.test", "title": "Found"}]}');
create function pg_temp.wrong(of_org uuid default null) returns text[]
language sql
as $$
  select array(select distinct entity || ': ' || problem from etl_api.check_consistency(of_org) order by 1)
$$;

select is(pg_temp.wrong(), '{}', 'nothing stored, nothing wrong');
select test_setup.enrich('{a.test,b.test}', '{}', '{"url": "https://client.test/hook"}');
select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('extract companies')))));
select test_setup.start('{"data": {}}');
select is(pg_temp.wrong(), '{}', 'requests taken in');
select count(*) from test_setup.claim(2);
select is(pg_temp.wrong(), '{}', 'runs under way');
select etl_api.cancel(w.id) from public.workflow_request as w where w.state = 'in_progress' order by w.id limit 1;
select is(pg_temp.wrong(), '{}', 'cancelled');
select etl_api.retry(w.id) from public.workflow_request as w where w.state = 'failed';
select is(pg_temp.wrong(), '{}', 'taken up again');
select test_setup.serve();
set etl.fake_now = '2100-01-01 00:00:00Z';
select etl_api.recover();
select test_setup.deliver();
select is(pg_temp.wrong(), '{}', 'ended, timed out, delivered');
select isnt_empty($$select 1 from public.activity_request where state = 'delivered'$$, 'really so');
set etl.fake_now = '';

-- From here on, past the triggers, one thing after the other is spoilt and set right.
create function pg_temp.spoilt(harm text, repair text) returns text[]
language plpgsql
as $$
declare
  problems text[];
begin
  execute harm;
  problems := pg_temp.wrong();
  execute repair;
  return problems;
end
$$;
set session_replication_role = replica;

select is(
  pg_temp.spoilt('update public.org set object_count = object_count + 1 where slug = ''acme-research''',
    'update public.org set object_count = object_count - 1 where slug = ''acme-research'''),
  array[format('org: its object_count is %s, but it has %s objects', n + 1, n)], 'objects counted that are not there')
from (select object_count as n from public.org where slug = 'acme-research') as o;
select is(
  pg_temp.spoilt('update public.org set request_count = request_count - 1 where slug = ''acme-research''',
    'update public.org set request_count = request_count + 1 where slug = ''acme-research'''),
  array[format('org: its request_count is %s, but it has %s activity requests', n - 1, n)], 'requests that were not counted')
from (select request_count as n from public.org where slug = 'acme-research') as o;
select is(
  pg_temp.spoilt('update public.org set run_count = 0 where slug = ''acme-research''',
    'select etl_api.recount_org(id) from public.org where slug = ''acme-research'''),
  array[format('org: its run_count is 0, but it has %s runs that were sent', n)], 'runs that were not counted, which can be counted anew')
from (select count(*) as n from public.run_queue where run_request_id is not null) as q;
select is(
  pg_temp.spoilt('delete from etl_api.org_count_delta; insert into public.datapoint (object_type_id, name) values (test_setup.id(''company''), ''x'')',
    'delete from public.datapoint where name = ''x'''),
  '{"org: its datapoint_count is 8, but there are 9 datapoints for it"}', 'a datapoint that was not counted');
select is(
  pg_temp.spoilt('update public.org set object_count = object_count - 5 where slug = ''acme-research'';
    insert into etl_api.org_count_delta (org_id, objects) select id, 5 from public.org where slug = ''acme-research''',
    'select etl_api.settle_org_counts()'), '{}', 'what is still to be added is no contradiction');

create temporary table result as select * from public.activity_result;
select is(
  pg_temp.spoilt('delete from public.activity_result where summary ->> ''objects'' = ''2''',
    'insert into public.activity_result select * from result on conflict do nothing'),
  '{"activity_request: it has ended, but has no result"}', 'a result that is missing');
select is(
  pg_temp.spoilt('update public.activity_result set objects = ''[]'' where summary ->> ''objects'' = ''2''',
    'update public.activity_result as r set objects = t.objects from result as t where t.activity_request_id = r.activity_request_id'),
  '{"activity_request: its summary counts 2 objects, but its result has 0"}', 'a summary that does not fit');
select is(
  pg_temp.spoilt('update public.activity_request set finished_at = null where activity_key = ''enrich''',
    'update public.activity_request set finished_at = created_at'),
  '{"activity_request: it has ended, but not at any time"}', 'an end without a time');
select is(
  pg_temp.spoilt('insert into etl_api.request_key (org_id, idempotency_key, workflow_request_id) select org_id, ''k'', id from public.workflow_request where state = ''invalid''',
    'delete from etl_api.request_key'),
  '{"workflow_request: the key ''k'' is kept for it, but it does not have it"}', 'a key that nobody has');
select is(
  pg_temp.spoilt('update public.value set datapoint_id = test_setup.id(''person.title'') where id = (select min(id) from public.value)', 'select'),
  '{"object: it has a value of title, a datapoint of another type"}', 'a value that cannot be');
delete from public.value where datapoint_id = test_setup.id('person.title');

update public.delivery set state = 'in_progress';
delete from public.delivery_body;
select is(
  pg_temp.wrong(),
  '{"activity_request: it is delivered, but a message of it is not","delivery: it is to be sent, but has no body","delivery: it is under way, but nobody has a lease of it","workflow_request: it is delivered, but a message of it is not"}',
  'a message without body, under way without lease');
select is(pg_temp.wrong(test_setup.id('org other')), '{}', 'one org alone can be looked at');
set session_replication_role = origin;

select throws_ok('select etl_api.recount_org(null)', 'ETL04', 'there is no org null', 'only an org can be counted anew');

select * from finish();
