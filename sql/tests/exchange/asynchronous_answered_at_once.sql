-- A source that may answer at once or later: objects in the first answer need no status.
select plan(2);

select test_setup.setup_extract_test_data();
update source
set status_request_template = '{"method": "GET", "url": "https://api.algops.test/jobs/<<$run_external_id>>", "response": {"objects": "hits"}}'
where name = 'AlgOps Search';
select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('extract companies')))));
select is(test_setup.exchange('{"hits": [{"host": "a.test"}]}'), 1, 'it answers at once');
select is(test_setup.states(), array[
  'workflow_request done 1',
  'activity_request find done 1',
  'run_queue done 1',
  'run_request done 1'], 'that was all');

select * from finish();
