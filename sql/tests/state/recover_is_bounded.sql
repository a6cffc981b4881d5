select plan(3);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2030-01-01 00:00:00Z';
select isnt(test_setup.enrich('{a.test,b.test,c.test,d.test,e.test}')::text, null, 'a request');
select count(*) from test_setup.claim();
set etl.fake_now = '2030-01-01 00:30:00Z';
select results_eq('select count from etl_api.recover(3) where what = ''run_request_again''', '{3}'::bigint[], 'three of ten');
select results_eq('select count from etl_api.recover(100) where what = ''run_request_again''', '{7}'::bigint[], 'then the rest');

select * from finish();
