-- Starting what has started, or looking at what is under way, does nothing.
select plan(4);

select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{a.test}');
create temp table before as select test_setup.fingerprint() as text;
select etl_api.process_activity_request_by_id(test_setup.activity());
select is(test_setup.fingerprint(), (select text from before), 'an activity under way is not started again');
select etl_api.try_start_next_workflow_phase((select id from workflow_request));
select is(test_setup.fingerprint(), (select text from before), 'no phase starts or ends while one is under way');
select is(etl_api.drain_advance_queue(), 0, 'there is no note to look at');
select etl_api.process_activity_request_by_id(test_setup.id('nothing'));
select etl_api.try_start_next_workflow_phase(test_setup.id('nothing'));
select is(test_setup.fingerprint(), (select text from before), 'an unknown id does nothing');

select * from finish();
