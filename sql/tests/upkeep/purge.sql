-- What ended long ago goes with all that belongs to it; nothing else does.
select plan(17);

select test_setup.setup_enrichment_test_data();
update etl_api.setting set value = '99999999' where name in ('workflow_timeout_seconds', 'activity_timeout_seconds', 'run_timeout_seconds');
set etl.fake_now = '2100-01-01 00:00:00Z';
create temporary table request (name text, id uuid, before jsonb);
insert into request (name, id) values ('old', test_setup.chain('{old.test,two.test}'));
insert into request (name, id) values ('old of another', test_setup.chain('{else.test}', 'org other'));
select test_setup.finish_chains();
insert into request (name, id) values ('invalid', test_setup.start('{"data": {}}'));
insert into request (name, id) values ('cancelled', test_setup.chain('{cancelled.test}'));
select etl_api.cancel(id) from request where name = 'cancelled';
select test_setup.deliver();
insert into request (name, id) values ('under way', test_setup.chain('{flying.test}'));
select count(*) from test_setup.claim(1);
insert into request (name, id) values ('open', test_setup.chain('{open.test}'));
with later as (
  insert into public.workflow_request (org_id, not_before, data)
  select org_id, '2100-06-01', data from public.workflow_request where id = (select id from request where name = 'open')
  returning id
)
insert into request (name, id) select 'waiting', id from later;
set etl.fake_now = '2100-02-20 00:00:00Z';
insert into request (name, id) values ('young', test_setup.chain('{young.test}'));
select test_setup.answer(c.run_request_id, '{"company": {"sector": "Anvils"}}')
from test_setup.claim() as c
where c.request ->> 'url' like '%young%';
select test_setup.deliver();

select test_setup.rolled_up();
update request set before = test_setup.left_of(id);
create temporary table org_before as select id, request_count, run_count, object_count, datapoint_count from public.org;
create temporary table value_before as select * from public.value;
select is((select before - 'steps' from request where name = 'old'),
  '{"requests": 1, "activities": 1, "links": 2, "results": 1, "runs": 2, "http": 2, "answers": 2, "messages": 1,
    "bodies": 1, "keys": 1}'::jsonb, 'an old request has rows of every kind');

create temporary table gone as select * from etl_api.purge('30 days');
select set_eq('select what, count, more from gone where what <> ''etl_log''',
  $$values ('workflow_request', 4::bigint, false), ('activity_request', 3, false), ('run_queue', 4, false),
    ('run_request', 3, false), ('delivery', 3, false), ('activity_object', 4, false)$$, 'it says what went');
select is((select bool_and(value = '0') from request, jsonb_each_text(test_setup.left_of(id)) where name in ('old', 'old of another', 'invalid', 'cancelled')),
  true, 'of what ended long ago nothing is left: ' || (select string_agg(name || test_setup.left_of(id), ',') from request));
select is(array(select name from request where test_setup.left_of(id) <> before order by name),
  '{cancelled,invalid,old,"old of another"}', 'of the others all of it is');
select is_empty('select entity_id from etl_api.state_step where entity_id not in (
    select id from public.workflow_request union all select id from public.activity_request union all
    select id from public.run_queue union all select id from public.run_request union all select id from public.delivery)',
  'no history is left of what is gone, and none was written about it');
select is_empty('select * from test_setup.miscounted()', 'state_overview tells what is there');
select is_empty('select * from etl_api.check_consistency()', 'all fits together');
select set_eq('select id, request_count, run_count, object_count, datapoint_count from public.org', 'select * from org_before',
  'no counter went down');
select set_eq('select id, org_id, object_id, datapoint_id, source_id, value from public.value',
  'select id, org_id, object_id, datapoint_id, source_id, value from value_before', 'values stay');
select is((select count(*) from public.object), 7::bigint, 'objects stay');
select isnt(test_setup.chain('{old.test}'), (select id from request where name = 'old'), 'its idempotency key can be used again');
select is(test_setup.chain('{young.test}'), (select id from request where name = 'young'), 'that of what is there cannot');
select is_empty('select * from etl_api.purge(''30 days'') where what <> ''etl_log''', 'a second time finds nothing');
select is_empty('select 1 from etl_api.etl_log where at < utils.now() - interval ''30 days''', 'what the log said of that time is gone');

-- What was left alone goes on.
select test_setup.rolled_up();
set etl.fake_now = '2100-02-20 00:59:00Z';
select etl_api.recover();
select test_setup.finish_chains();
select is(test_setup.state(id), 'delivered', 'what was open ends as it should') from request where name = 'open';
set etl.fake_now = '2100-06-02 00:00:00Z';
select etl_api.recover();
select isnt(test_setup.state(id), 'waiting:not_before', 'what waited begins') from request where name = 'waiting';
select is_empty('select * from test_setup.miscounted()', 'and state_overview still tells what is there');

select * from finish();
