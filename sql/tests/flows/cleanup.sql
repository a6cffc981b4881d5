-- The fixtures leave nothing behind.
select plan(3);

select test_setup.setup_enrichment_test_data();
select test_setup.setup_extract_test_data();
select test_setup.setup_sourcing_test_data();
select test_setup.enrich('{acme.test}', '{}', '{"url": "https://client.test/hook"}');
select test_setup.exchange('{}');
select isnt(test_setup.states(), '{}', 'there is something to take away');

select test_setup.cleanup_test_data();
select is(test_setup.states(), '{}', 'no request, run or message is left');
select is(
  (select array[(select count(*) from org), (select count(*) from object_type), (select count(*) from source),
    (select count(*) from activity), (select count(*) from object), (select count(*) from value),
    (select count(*) from etl_api.state_history), (select count(*) from etl_api.request_key)]),
  array[0, 0, 0, 0, 0, 0, 0, 0]::bigint[], 'nor is any configuration, object, value or history');

select * from finish();
