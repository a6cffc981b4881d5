-- An enrichment with nothing to enrich ends at once and says which way it had nothing.
select plan(6);

select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{}', '{}', '{"url": "https://client.test/hook"}');
select is(test_setup.states(), array[
  'workflow_request done 1',
  'activity_request enrich done:no_objects 1',
  'delivery ready 1'], 'an empty list: done, no objects, and the client is told');
select is(test_setup.history(test_setup.activity()), '{new,valid,ready,in_progress,done:no_objects}', 'it went the whole way');
select is((select objects from activity_result), '[]'::jsonb, 'with an empty result');
select test_setup.deliver();
delete from workflow_request;

select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"name": "No domain"}, {"domain": ""}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies')))));
select is(test_setup.states(), array[
  'workflow_request failed:all_activities_failed 1',
  'activity_request enrich failed:missing_value 1'], 'objects, but none with a key: failed');
select is((select jsonb_agg(e.value -> 'path') from activity_request cross join lateral jsonb_array_elements(errors) as e),
  '["$.input.companies[0]", "$.input.companies[1]"]'::jsonb, 'each is named');
select is(
  (select h.reason from etl_api.state_history as h where h.entity_id = test_setup.activity() and h.to_state = 'failed'),
  'This company has no key: it needs domain.', 'the history has the reason');

select * from finish();
