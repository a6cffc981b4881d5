-- The sweep purges as the operator has set.
select plan(10);

select test_setup.setup_enrichment_test_data();
delete from etl_api.setting where name = 'retention_days';
set etl.fake_now = '2100-01-01 00:00:00Z';
select test_setup.chain('{a.test}');
select test_setup.finish_chains();
select test_setup.rolled_up();
set etl.fake_now = '2100-02-01 00:00:00Z';
select is(etl_api.purge_expired(), 0::bigint, 'without the setting all is kept');
insert into etl_api.setting (name, value, description) values ('retention_days', 'null', '');
select is(etl_api.purge_expired(), 0::bigint, 'with null, too');
update etl_api.setting set value = '31.5' where name = 'retention_days';
select is(etl_api.purge_expired(), 0::bigint, 'what is younger stays');

update etl_api.setting set value = '"30"' where name = 'retention_days';
select is(etl_api.purge_expired(), 0::bigint, 'what is no number purges nothing');
select is((select count(*) from etl_api.etl_log where station = 'upkeep' and level = 'error'), 1::bigint, 'the log says so');
update etl_api.setting set value = '0' where name = 'retention_days';
select is(etl_api.purge_expired(), 0::bigint, 'nor does zero');
select is((select count(*) from etl_api.etl_log where station = 'upkeep' and level = 'error'), 1::bigint, 'the log says it once an hour');
select is((select count(*) from public.workflow_request), 1::bigint, 'all is there');

update etl_api.setting set value = '30' where name = 'retention_days';
select cmp_ok(etl_api.purge_expired(), '>=', 5::bigint, 'what is older goes');
select is((select count(*) from public.workflow_request), 0::bigint, 'it is gone');

select * from finish();
