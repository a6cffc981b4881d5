-- stuck, queue_age and failure_rate: the figure, the sentence, and whom it is about.
select plan(15);

set etl.fake_now = '2030-01-01 00:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into etl_api.alert_rule (id, org_id, name, kind, threshold, window_seconds, source_id)
values
  (test_setup.id('stuck'), test_setup.id('org acme'), 'Stuck', 'stuck', 2, 600, null),
  (test_setup.id('age'), test_setup.id('org acme'), 'Queue', 'queue_age', 300, 600, null),
  (test_setup.id('age one'), test_setup.id('org acme'), 'Queue of one', 'queue_age', 300, 600, test_setup.id('Company Register')),
  (test_setup.id('rate'), test_setup.id('org acme'), 'Rate', 'failure_rate', 0.4, 600, null),
  (test_setup.id('rate one'), test_setup.id('org acme'), 'Rate of one', 'failure_rate', 0.4, 600, test_setup.id('Company Register')),
  (test_setup.id('others'), test_setup.id('org other'), 'Others', 'stuck', 0, 600, null);
create function pg_temp.figures() returns setof text language sql as $$
  select r.name || ' ' || f.value || ' ' || f.message
  from etl_api.alert_figures(array(select id from etl_api.alert_rule)) as f
  join etl_api.alert_rule as r on r.id = f.rule_id
  order by r.name
$$;
create function pg_temp.open() returns text[] language sql as $$
  select array(select r.name from etl_api.alert as a join etl_api.alert_rule as r on r.id = a.rule_id where a.resolved_at is null order by 1)
$$;

select results_eq('select pg_temp.figures()', $$
  select unnest(array[
    'Others 0 0 rows are over their time.',
    'Queue 0 No run waits that is due.',
    'Queue of one 0 No run waits that is due.',
    'Rate 0 0 of 0 runs that ended in the last 600 s failed.',
    'Rate of one 0 0 of 0 runs of Company Register that ended in the last 600 s failed.',
    'Stuck 0 0 rows are over their time.'])$$, 'nothing to tell of an idle engine');
select etl_api.check_alerts();
select is(pg_temp.open(), '{}', 'and nothing raised');

-- Four runs that nobody takes; one is of a lower priority and older.
insert into public.workflow_request (org_id, priority, data)
select test_setup.id('org acme'), -7, jsonb_build_object('input', '{"companies": [{"domain": "z.test"}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'), 'setup', '{"config": {"datapoints": ["industry"]}}'::jsonb)));
set etl.fake_now = '2030-01-01 00:02:00Z';
select test_setup.enrich('{a.test,b.test,c.test}', '{"datapoints": ["industry"]}');
set etl.fake_now = '2030-01-01 00:05:01Z';
select is(etl_api.check_alerts(), 1, 'more than five minutes');
select is(pg_temp.open(), '{Queue}', 'is too old for a queue');
select is((select message from etl_api.alert), 'The run that is due longest waits for 301 s.', 'by the oldest, whatever its priority');
set etl.fake_now = '2030-01-01 00:16:00Z';
select is((select message from etl_api.alert_figures(array[test_setup.id('stuck')])), '1 row is over its time.',
  'the oldest is stuck after fifteen minutes');
set etl.fake_now = '2030-01-01 00:18:00Z';
select etl_api.check_alerts();
select is(pg_temp.open(), '{Queue,Stuck}', 'then all four are, which is more than two');

-- Taken and not heard of; the sweep does not come.
select count(*) from test_setup.claim();
set etl.fake_now = '2030-01-01 00:19:01Z';
select etl_api.check_alerts();
select is(pg_temp.open(), '{}', 'what was taken is neither old nor stuck');
set etl.fake_now = '2030-01-01 00:40:00Z';
select etl_api.check_alerts();
select is(pg_temp.open(), '{Stuck}', 'but leases that nobody takes back are');

-- How runs end.
set etl.fake_now = '2030-01-01 00:40:01Z';
select etl_api.recover();
update public.source set retry_policy = '{"jitter": 0, "max_attempts": 1}';
select test_setup.answer(c.run_request_id, '{"company": {"sector": "x"}}', case when c.request ->> 'url' ~ '/[ab].test' then 500 else 200 end)
from test_setup.claim() as c;
set etl.fake_now = '2030-01-01 00:42:00Z';
select is(etl_api.check_alerts(), 2, 'one resolved, one raised');
select is(pg_temp.open(), '{Rate}', 'half of the runs failed');
select is((select message from etl_api.alert where resolved_at is null), '2 of 4 runs that ended in the last 600 s failed.', 'at all sources; of one that was not asked none');
select test_setup.enrich('{d.test}', '{"datapoints": ["funding"]}');
select test_setup.exchange('{"error": 1}', 500);
set etl.fake_now = '2030-01-01 00:43:00Z';
select etl_api.check_alerts();
select is(pg_temp.open(), '{Rate,"Rate of one"}', 'of one source');
set etl.fake_now = '2030-01-01 00:54:00Z';
select etl_api.check_alerts();
select is(pg_temp.open(), '{}', 'the window has passed');
select is((select count(*) from etl_api.alert where org_id = test_setup.id('org other')), 0::bigint, 'another tenant hears nothing of it');

select * from finish();
