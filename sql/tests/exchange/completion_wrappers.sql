-- process_run_results_for_source takes the results of one source and leaves the others.
select plan(3);

select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{a.test}');
create temp table claimed as select * from etl_api.claim_run_requests('one', 10);
create temp table results as
select jsonb_agg(jsonb_build_object('run_request_id', run_request_id, 'lease_token', lease_token, 'status', 200, 'body', '{}'::jsonb)) || '[7]' as list
from claimed;
select is((select count(*) from results cross join lateral etl_api.process_run_results_for_source(test_setup.id('Company Register'), list) where accepted),
  1::bigint, 'the result of that source is taken');
select is((select array_agg(s.name || ' ' || r.state order by s.name) from run_request as r join source as s on s.id = r.source_id),
  array['AlgOps API Client in_progress', 'Company Register done'], 'the other is not');
select is(etl_api.reconstruct_values_to_activity_request(test_setup.id('nothing')), null, 'nothing is rebuilt for an unknown activity');

select * from finish();
