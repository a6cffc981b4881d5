select plan(6);

select test_setup.setup_enrichment_test_data();
select count(*) from etl_api.ensure_partitions();
select is_empty('select * from etl_api.recover()', 'an idle engine: nothing');
select isnt(test_setup.enrich('{a.test}')::text, null, 'a request');
select results_eq('select * from etl_api.recover()', $$values ('bell', 1::bigint)$$, 'runs that wait ring');
update public.source set enabled = false;
select is_empty('select * from etl_api.recover()', 'not those of a source that is switched off');
insert into etl_api.advance_queue (activity_request_id, org_id) values (test_setup.activity(), test_setup.id('org acme'));
select results_eq('select * from etl_api.recover()', $$values ('bell', 1::bigint)$$, 'a note to look again rings');
select is(test_setup.outcome('select etl_api.recover(0)'), 'ETL04 max_rows is 0: it must be 1 or more | Leave it out for 1000.',
  'a bound of nothing is refused');

select * from finish();
