select plan(4);

select test_setup.only_guard();
create temporary table row as
select test_setup.make('run_queue', 'failed') as run, test_setup.make('activity_request', 'failed') as activity;

update public.activity_request set state = 'done', state_via = '{valid,ready,in_progress}' where activity_key = 'parent';
select is(
  test_setup.outcome(format('select etl_api.retry(%L)', run)),
  format('ETL05 activity_request %s is done: it cannot be opened again for one of its parts | Its result stands. Insert a new request for what is missing.', test_setup.id('activity')),
  'a run of an activity that is done')
from row;
update public.workflow_request set state = 'done', state_via = '{valid,ready,in_progress}';
select is(
  test_setup.outcome(format('select etl_api.retry(%L)', activity)),
  format('ETL05 workflow_request %s is done: it cannot be opened again for one of its parts | Its result stands. Insert a new request for what is missing.', test_setup.id('workflow')),
  'an activity of a request that is done')
from row;
select is(test_setup.state(run) || ' ' || test_setup.state(activity), 'failed failed', 'nothing was changed') from row;

insert into public.webhook_endpoint (id, org_id, url, disabled_at)
values (test_setup.id('endpoint'), test_setup.id('org acme'), 'https://client.test', now());
create temporary table message as select test_setup.make('delivery', 'failed') as id;
update public.delivery set endpoint_id = test_setup.id('endpoint');
select is(
  regexp_replace(test_setup.outcome(format('select etl_api.retry(%L)', id)), '^.* \| ', ''),
  'Its endpoint is disabled: set webhook_endpoint.disabled_at to null first.', 'a message to an endpoint that is disabled')
from message;

select * from finish();
