-- The sweep runs as the service: with everything that it may have to do, it may do all of it.
select plan(2);

select test_setup.setup_base_data();
update etl_api.setting set value = '30' where name = 'retention_days';
insert into etl_api.retention (org_id, what, days) values (test_setup.id('org acme'), 'workflow_request', 5);
select is(test_setup.outcome($$set role service_role; select etl_api.purge_expired()$$) !~ '^4', true, 'it purges by rules');
set role service_role;
select lives_ok('select * from etl_api.recover()', 'and the whole sweep runs');
reset role;

select * from finish();
