-- Asked for the objects of an activity that found none: there is nothing to do, and that is no failure.
select plan(2);

select test_setup.setup_extract_test_data();
select test_setup.setup_sourcing_test_data();
select test_setup.start(jsonb_build_object('data', jsonb_build_object(
  'find', jsonb_build_object('id', test_setup.id('extract companies'),
    'destination', jsonb_build_object('activity', jsonb_build_object('id', test_setup.id('source people')))),
  'people', jsonb_build_object('id', test_setup.id('source people'), 'setup', '{"config": {"phase": 2}}'::jsonb))));
select is(test_setup.exchange('{"hits": []}'), 1, 'nothing is found');
select is(test_setup.states(), array[
  'workflow_request done 1',
  'activity_request find done:no_objects 1',
  'activity_request people done:no_objects 1',
  'run_queue done 1',
  'run_request done 1'], 'nobody is looked for');

select * from finish();
