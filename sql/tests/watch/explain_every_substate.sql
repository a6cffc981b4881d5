-- A row in every state and substate that has a meaning, and what is said of it.
select plan(5);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.only_guard();
create temp table made as
select m.entity, m.state, m.meaning, m.advice, coalesce(s.substate, m.substate) as substate,
  test_setup.make(m.entity, m.state, test_setup.way_to(m.state), coalesce(s.substate, m.substate)) as id
from etl_api.substate_meaning() as m
left join lateral (values ('http_503')) as s (substate) on m.substate = 'http_nnn';
create temp table said as
select made.*, array(select etl_api.explain(made.id)) as sentences from made;

select is_empty(
  $$select entity, state, substate, sentences[1] from said
    where sentences[1] not like '%is ' || state || coalesce(' (' || substate || ')', '') || ' since 2026-05-01 10:00:00 UTC: ' || meaning || '.%'$$,
  'the first sentence tells the state, since when, and what it means');
select is_empty(
  $$select entity, state, substate, sentences from said
    where advice is not null and not sentences @> array[regexp_replace(advice, '\(id\)', '(''' || id || ''')', 'g')]$$,
  'what to do is said, with the id filled in');
select is_empty(
  $$select entity, state, substate, s from said cross join lateral unnest(sentences) as s where s is null or s !~ '[.]$' or s like '%(id)%' or s like '%..'$$,
  'every sentence is whole');
select is_empty(
  $$select entity, state from said
    where state in ('failed', 'timedout', 'invalid') and advice is null$$,
  'whatever failed, something can be done');
select is_empty(
  $$select e.name, s.name from unnest(enum_range(null::etl_api.entity_kind)) as e (name)
    cross join unnest(enum_range(null::workflow_request_state)) as s (name)
    where not exists (select from etl_api.substate_meaning() as m where m.entity = e.name and m.state = s.name::text and m.substate is null)
      and (e.name, s.name) not in (('run_request', 'new'))
    order by 1, 2$$,
  'every state has a meaning without a substate, for what nobody foresaw');

select * from finish();
