select plan(6);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2030-01-01 00:00:00Z';
insert into public.workflow_request (org_id, data)
select test_setup.id('org acme'), jsonb_build_object(
  'config', case when n = 1 then '{"timeout_seconds": 60}'::jsonb else '{}' end,
  'input', '{"companies": [{"domain": "a.test"}]}'::jsonb,
  'data', jsonb_build_object('enrich' || n, jsonb_build_object(
    'id', test_setup.id('enrich companies'), 'type', 'activity', 'setup',
    case when n = 1 then '{"config": {"activity_timeout_seconds": 61, "run_timeout_seconds": 62}}'::jsonb else '{}' end)))
from generate_series(1, 2) as n;
select count(*) from test_setup.claim();

select is(w.timeout_at - utils.now(), case a.activity_key when 'enrich1' then interval '60 s' else interval '604800 s' end,
  'the workflow of ' || a.activity_key)
from public.workflow_request as w
join public.activity_request as a on a.workflow_request_id = w.id;
select is(a.timeout_at - utils.now(), case a.activity_key when 'enrich1' then interval '61 s' else interval '86400 s' end,
  'the activity of ' || a.activity_key)
from public.activity_request as a;
select is(
  (select max(q.timeout_at) - utils.now() from public.run_queue as q where q.activity_request_id = a.id),
  case a.activity_key when 'enrich1' then interval '62 s' else interval '3600 s' end, 'the runs of ' || a.activity_key)
from public.activity_request as a;

select * from finish();
