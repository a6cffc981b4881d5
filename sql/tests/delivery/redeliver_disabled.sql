-- A disabled endpoint gets nothing until it is in use again; what ended meanwhile is told then.
select plan(7);

select test_setup.setup_enrichment_test_data();
insert into webhook_endpoint (id, org_id, url)
values (test_setup.id('endpoint'), test_setup.id('org acme'), 'https://client.test/hook');
select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('endpoint')));
select test_setup.deliver(410);
select is(test_setup.outcome(format('select etl_api.redeliver(%L)', id)),
  format('ETL05 activity_request %s is done: it cannot be delivered again | The endpoint is disabled: set webhook_endpoint.disabled_at to null first.', id),
  'the endpoint is disabled')
from activity_request;

delete from workflow_request;
update webhook_endpoint set disabled_at = null;
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}', jsonb_build_object('endpoint', test_setup.id('endpoint')));
update webhook_endpoint set disabled_at = now();
select is(test_setup.exchange('{"company": {"sector": "anvils"}}'), 1, 'it ends while the endpoint is disabled');
select is((select array_agg(concat_ws(':', state, state_substate)) from delivery), '{waiting:endpoint_disabled}', 'so its message waits');
select is(test_setup.outcome(format('select etl_api.redeliver(%L)', id)),
  format('ETL05 activity_request %s is done: it cannot be delivered again | The endpoint is disabled: set webhook_endpoint.disabled_at to null first.', id),
  'which cannot be sent before')
from activity_request;
update webhook_endpoint set disabled_at = null;
select is(etl_api.redeliver(id) ->> 'message', 'The message is sent again at once.', 'in use again, it goes') from activity_request;
select is(test_setup.deliver(), 1, 'the client takes it');
select is(test_setup.states(),
  array['workflow_request delivered 1', 'activity_request enrich delivered 1', 'run_queue done 1', 'run_request done 1', 'delivery delivered 1'], 'all is delivered');

select * from finish();
