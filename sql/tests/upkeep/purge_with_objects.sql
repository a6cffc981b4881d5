-- Objects go only where that is asked for, and only those nobody has to do with any more.
select plan(8);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2100-01-01 00:00:00Z';
select test_setup.chain('{gone.test,seen.test,used.test}');
select test_setup.chain('{else.test}', 'org other');
select test_setup.finish_chains();
set etl.fake_now = '2100-02-27 00:00:00Z';
select test_setup.chain('{used.test}');
update public.value set observed_at = utils.now()
where object_id = (select id from public.object where natural_key ->> 'domain' = 'seen.test');
select test_setup.rolled_up();
set etl.fake_now = '2100-03-01 00:00:00Z';

create temporary table gone as select * from etl_api.purge('30 days', of_org => test_setup.id('org acme'), with_objects => true);
select is((select count from gone where what = 'object'), 1::bigint, 'it says that one went');
select is(array(select natural_key ->> 'domain' from public.object order by 1), '{else.test,seen.test,used.test}',
  'one that was seen since, one that is in use and another tenant''s stay');
select is_empty('select object_id from public.value where object_id not in (select id from public.object)', 'its values went with it');
select is((select object_count from public.org where id = test_setup.id('org acme')), 2::bigint, 'object_count counts what is stored');
select is_empty('select * from etl_api.check_consistency()', 'all fits together');
select lives_ok('select test_setup.finish_chains()', 'what is in use goes on');
select lives_ok('select test_setup.chain(''{gone.test}'')', 'it can come again');
select ok(exists (select from public.object where natural_key ->> 'domain' = 'gone.test'), 'and is stored anew');

select * from finish();
