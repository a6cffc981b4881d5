-- Summaries have bounds of their own.
select plan(7);

select test_setup.setup_base_data();
set etl.fake_now = '2100-03-01 00:00:00Z';
insert into etl_api.state_duration (org_id, entity, state, day, bucket, steps)
select test_setup.id('org acme'), 'run_queue', 'waiting', '2100-03-01'::date - d, 1, 1 from unnest('{0,400,401,500}'::int[]) as d;
insert into etl_api.usage_day (org_id, day, requests)
select test_setup.id('org acme'), '2100-03-01'::date - d, 1 from unnest('{0,400,401,500}'::int[]) as d;
insert into etl_api.usage_month (org_id, month, requests) values (test_setup.id('org acme'), '2090-01-01', 1);
insert into etl_api.budget_used (org_id, month, amount)
select test_setup.id('org acme'), m::date, 1 from unnest('{2100-03-01,2100-02-01,2100-01-01}'::text[]) as m;

create temporary table gone as select * from etl_api.purge('30 days', 1);
select set_eq('select what, count, more from gone',
  $$values ('state_duration', 1::bigint, true), ('usage_day', 1, true), ('budget_used', 1, true)$$, 'in parts');
select count(*) from etl_api.purge('30 days');
select is(array(select '2100-03-01'::date - day from etl_api.state_duration order by 1), '{0,400}', 'durations of 400 days stay');
select is(array(select '2100-03-01'::date - day from etl_api.usage_day order by 1), '{0,400}', 'the usage of 400 days stays');
select is((select count(*) from etl_api.usage_month), 1::bigint, 'that of months stays for ever');
select is(array(select month::text from etl_api.budget_used order by 1), '{2100-02-01,2100-03-01}', 'budgets of this month and the last one stay');
insert into etl_api.setting (name, value, description) values ('summary_days', '10', '') on conflict (name) do update set value = '10';
select is((select count from etl_api.purge('30 days') where what = 'usage_day'), 1::bigint, 'as many as the setting says');
select is_empty('select * from etl_api.purge(''30 days'')', 'once');

select * from finish();
