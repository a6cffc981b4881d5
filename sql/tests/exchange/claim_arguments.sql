-- A claim says who claims and how much; anything else is refused with a sentence.
select plan(9);

select throws_ok($$select * from etl_api.claim_run_requests(null, 10)$$, 'ETL04',
  'worker is NULL: it must be a name of 1 to 200 characters', 'no worker');
select throws_ok($$select * from etl_api.claim_run_requests('', 10)$$, 'ETL04',
  'worker is '''': it must be a name of 1 to 200 characters', 'an empty one');
select throws_ok(format('select * from etl_api.claim_run_requests(%L, 10)', repeat('w', 201)), 'ETL04', null, 'one too long');
select throws_ok($$select * from etl_api.claim_run_requests('w', 0)$$, 'ETL04',
  'max_requests is 0: it must be between 1 and 1000', 'nothing to claim');
select throws_ok($$select * from etl_api.claim_run_requests('w', 1001)$$, 'ETL04',
  'max_requests is 1001: it must be between 1 and 1000', 'too much');
select throws_ok($$select * from etl_api.claim_run_requests('w', null)$$, 'ETL04',
  'max_requests is null: it must be between 1 and 1000', 'no number');
select is((select count(*) from etl_api.claim_run_requests('w', 1000)), 0::bigint, 'an empty queue gives no row');
select throws_ok($$select * from etl_api.complete_run_requests('{"run_request_id": 1}')$$, 'ETL04',
  'results is object: it must be an array', 'results that are no list');
select throws_ok($$select * from etl_api.complete_run_requests(null)$$, 'ETL04',
  'results is null: it must be an array', 'no results at all');

select * from finish();
