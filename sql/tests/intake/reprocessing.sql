-- A request that is set back to new is validated again.
select plan(5);
select test_setup.intake();

insert into public.workflow_request (id, org_id, data)
values
  ('00000000-0000-7000-8000-000000000001', '00000000-0000-4000-8000-0000000000a1',
    '{"input": {"companies": [{"domain": "acme.test"}]}, "data": {"e": {"id": "00000000-0000-4000-8000-000000000009"}}}'),
  ('00000000-0000-7000-8000-000000000002', '00000000-0000-4000-8000-0000000000a1', '{"data": {}}');

update public.workflow_request set state = 'new', state_substate = null, errors = null, finished_at = null;
select results_eq(
  'select state::text, state_substate from public.workflow_request order by id',
  $$values ('invalid', 'unknown_activity'), ('invalid', 'missing_value')$$,
  'what was wrong and still is, is invalid again');

insert into public.activity (id, org_id, name, activity_type, object_type_id, datapoints)
values ('00000000-0000-4000-8000-000000000009', '00000000-0000-4000-8000-0000000000a1', 'Late', 'enrichment',
  '00000000-0000-4000-8000-000000000101', '{industry}');
update public.workflow_request set state = 'new', state_substate = null, errors = null, finished_at = null;
select is(
  (select w.errors from public.workflow_request as w where w.id = '00000000-0000-7000-8000-000000000001'), null,
  'what was wrong and no longer is, has no errors');
select results_eq(
  'select workflow_request_id from public.activity_request',
  $$values ('00000000-0000-7000-8000-000000000001'::uuid)$$,
  'and its activity requests are made');

select is((select pg_catalog.count(*)::int from etl_api.workflow_faults(array['00000000-0000-7000-8000-000000000002'::uuid])), 1,
  'workflow_faults tells what is wrong with a request at any time');
select lives_ok($$select etl_api.process_workflow_request('00000000-0000-7000-8000-000000000001')$$,
  'process_workflow_request leaves alone what is not new');

select * from finish();
