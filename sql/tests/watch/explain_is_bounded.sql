-- Many activities, faults and runs: the first of them, and how many more.
select plan(5);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
create temp table row as
select test_setup.start(jsonb_build_object(
  'input', jsonb_build_object('companies', (select jsonb_agg(jsonb_build_object('domain', n || '.test')) from generate_series(1, 40) as n)),
  'data', (
    select jsonb_object_agg('a' || lpad(n::text, 3, '0'), jsonb_build_object('id', test_setup.id('enrich companies'),
      'setup', jsonb_build_object('config', jsonb_build_object('phase', n, 'datapoints', '["industry"]'::jsonb))))
    from generate_series(1, 500) as n))) as id;
select test_setup.answer(run_request_id, '{"company": {"sector": "toys"}}') from test_setup.claim(12);
create temp table said as select e as sentence from row cross join lateral etl_api.explain(id) as e;
select is((select count(*) from said where sentence like 'Activity %'), 20::bigint, 'twenty activities are explained');
select is((select count(*) from said where sentence = 'And 480 more activities.'), 1::bigint, 'the others are counted');
select is((select array_agg(sentence) from said where sentence like 'Waits for phase%'),
  array['Waits for phase 1: activity ''a001'' (in_progress, 12 of 40 runs ended).'], 'what the request waits for');
select is((select array_agg(e) from activity_request as a cross join lateral etl_api.explain(a.id) as e where activity_key = 'a400' and e like 'Waits for%'),
  array['Waits for activity ''a001'' (in_progress, 12 of 40 runs ended), activity ''a002'' (waiting), activity ''a003'' (waiting), '
    'activity ''a004'' (waiting), activity ''a005'' (waiting) and 394 more.'], 'and what a later phase waits for');

create temp table wrong as
select test_setup.start(jsonb_build_object('data', (select jsonb_object_agg('a' || n, '{}'::jsonb) from generate_series(1, 30) as n))) as id;
select is((array(select e from wrong cross join lateral etl_api.explain(id) with ordinality as e (e, n) where n in (21, 22) order by n))[2], 'And 10 more faults.',
  'the first twenty faults') from wrong;

select * from finish();
