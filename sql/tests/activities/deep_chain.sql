-- A thousand activities that each end at once: one after the other by edges, and all in one phase. Neither may go as
-- deep as it is long.
select plan(8);

select test_setup.setup_enrichment_test_data();
insert into public.activity (id, org_id, name, activity_type, object_type_id, datapoints)
select test_setup.id('link ' || n), test_setup.id('org acme'), 'Link ' || n, 'enrichment', test_setup.id('company'), '{industry}'
from generate_series(1, 1000) as n;

create function pg_temp.chain(input jsonb, config jsonb, linked boolean, length int) returns uuid
language sql
as $$
  select test_setup.start(jsonb_build_object(
    'input', jsonb_build_object('companies', input),
    'data', (
      select jsonb_object_agg('k' || n, jsonb_strip_nulls(jsonb_build_object(
        'id', test_setup.id('link ' || n),
        'setup', jsonb_build_object('config', config),
        'destination', case when n < length and linked
          then jsonb_build_object('activity', jsonb_build_object('id', test_setup.id('link ' || n + 1))) end)))
      from generate_series(1, length) as n)))
$$;
create function pg_temp.ends(id uuid) returns text[]
language sql
as $$
  select array[(select coalesce(w.state_substate, w.state::text) from workflow_request as w where w.id = ends.id)] || array(
    select count(*) || ' ' || a.state || ':' || a.state_substate
    from activity_request as a
    where a.workflow_request_id = ends.id
    group by a.state, a.state_substate
    order by 1)
$$;

select is(pg_temp.ends(pg_temp.chain('[]', '{}', false, 1000)), '{done,"1000 done:no_objects"}', 'a thousand side by side');
select is(pg_temp.ends(pg_temp.chain('[{"name": "no key"}]', '{}', true, 100)),
  '{all_activities_failed,"1 failed:missing_value","99 invalid:dependency_failed"}', 'a chain that fails from the first on');
select is(pg_temp.ends(pg_temp.chain('[{"name": "no key"}]', '{"on_failure": "skip"}', true, 100)),
  '{all_activities_failed,"1 failed:missing_value","99 done:skipped"}', 'one that is skipped');

-- When the first one is answered, all that follow know what they ask for.
create temp table chain as select pg_temp.chain('[{"domain": "a.test"}]', '{}', true, 1000) as id;
select is((select count(*) from activity_request where workflow_request_id = (select id from chain) and state = 'waiting'),
  999::bigint, 'a chain that waits for its first answer');
set max_stack_depth = '400kB';
select is(test_setup.exchange('{"company": {"sector": "Steel"}}'), 1, 'it comes, and the stack is small');
reset max_stack_depth;
select is((select state || ' ' || count(*) from activity_request where workflow_request_id = (select id from chain) group by state),
  'done 1000', 'and the thousand are done');
select is((select count(*) from run_queue), 1::bigint, 'by one run');
select is_empty($$select * from etl_api.check_state_sync()$$, 'parents and children agree');

select * from finish();
