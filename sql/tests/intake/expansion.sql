-- What becomes of a valid request: activity requests with phase, state and settings, and the edges between them.
select plan(13);
select test_setup.intake();

create temp table request as
select (r).*
from test_setup.request('{
  "input": {"companies": [{"domain": "acme.test"}]},
  "config": {"timeout_seconds": 3600},
  "data": {
    "first": {"id": "00000000-0000-4000-8000-000000000001", "type": "activity",
      "setup": {"config": {"phase": 2}},
      "destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000003", "00000000-0000-4000-8000-000000000003"]},
        "webhook": {"endpoint": "00000000-0000-4000-8000-000000002001"}}},
    "taker": {"id": "00000000-0000-4000-8000-000000000003", "setup": {"config": {"phase": 2}}},
    "taker too": {"id": "00000000-0000-4000-8000-000000000003", "setup": {"config": {"phase": 7}}},
    "last": {"id": "00000000-0000-4000-8000-000000000002", "setup": {"config": {"phase": 7, "max_objects": 3}}}
  }}') as r;

select results_eq(
  'select state::text, state_substate, errors, workflow_phase, phase_count, timeout_at - started_at, finished_at from request',
  $$values ('in_progress', null, null::jsonb, 2, 2, interval '1 hour', null::timestamptz)$$,
  'the request is in progress in its lowest phase');

select results_eq(
  $$select activity_key, workflow_phase, state::text, state_substate from public.activity_request order by activity_key$$,
  $$values ('first', 2, 'in_progress', null), ('last', 7, 'waiting', 'phase'), ('taker', 2, 'waiting', 'dependency'),
    ('taker too', 7, 'waiting', 'phase')$$,
  'only an activity of the lowest phase that depends on nobody has started');

select results_eq(
  $$select f.activity_key, t.activity_key
    from public.activity_dependency as d
    join public.activity_request as f on f.id = d.depends_on_id
    join public.activity_request as t on t.id = d.activity_request_id
    order by 2$$,
  $$values ('first', 'taker'), ('first', 'taker too')$$,
  'every key of a named activity takes the objects, once however often it is named');

select is(activity_type || ' ' || object_type_id, 'extract 00000000-0000-4000-8000-000000000101', 'type and object type come from the activity')
from public.activity_request where activity_key = 'last';
select is(max_objects, 3, 'max_objects of the request') from public.activity_request where activity_key = 'last';
select is(max_objects, 50, 'max_objects of the activity when the request gives none') from public.activity_request where activity_key = 'first';
select is(destination, '{"activity": {"id": ["00000000-0000-4000-8000-000000000003", "00000000-0000-4000-8000-000000000003"]},
  "webhook": {"endpoint": "00000000-0000-4000-8000-000000002001"}}'::jsonb, 'the destination is kept as it was given')
from public.activity_request where activity_key = 'first';
select is(datapoint_ids, '{00000000-0000-4000-8000-000000000202,00000000-0000-4000-8000-000000000203}'::uuid[],
  'the datapoints in the order of their names in the activity')
from public.activity_request where activity_key = 'first';
select is(source_ids, '{00000000-0000-4000-8000-000000001002,00000000-0000-4000-8000-000000001001}'::uuid[],
  'sources of one datapoint by priority')
from public.activity_request where activity_key = 'taker';
select is(source_ids, '{00000000-0000-4000-8000-000000001001}'::uuid[], 'for an extract, the sources with results of the type')
from public.activity_request where activity_key = 'last';

select results_eq(
  $$select h.from_state, h.to_state from etl_api.state_history as h join request as r on r.id = h.entity_id order by h.seq$$,
  $$values (null, 'new'), ('new', 'valid'), ('valid', 'ready'), ('ready', 'in_progress')$$,
  'the history shows every step, in order');

select is(
  (select a.source_ids from test_setup.expanded('{
    "data": {"e": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"datapoints": ["employees", "employees"]}}}}}') as a),
  '{00000000-0000-4000-8000-000000001001}'::uuid[],
  'only sources that know a wanted datapoint; a name given twice counts once');

update public.activity
set source_ids = '{00000000-0000-4000-8000-000000001001,00000000-0000-4000-8000-000000001002,00000000-0000-4000-8000-000000001003}'
where id = '00000000-0000-4000-8000-000000000003';
select is(
  (select a.source_ids from test_setup.expanded('{"data": {"e": {"id": "00000000-0000-4000-8000-000000000003"}}}') as a),
  '{00000000-0000-4000-8000-000000001001,00000000-0000-4000-8000-000000001002}'::uuid[],
  'an activity''s own list of sources keeps its order, without those that do not serve');

select * from finish();
