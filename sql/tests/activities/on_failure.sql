-- What becomes of what takes the objects of an activity that failed, by the on_failure of the one that failed.
select plan(17);
set etl.fake_now = '2026-05-01 10:00:00Z';

-- a → b → c, each setting on a.
select test_setup.graph('{"a": {"to": ["b"]}, "b": {"to": ["c"]}, "c": {}}');
select is(test_setup.nodes(), 'a=in_progress b=waiting:dependency c=waiting:dependency', 'the later ones wait');
select is(test_setup.settle('a', 404), 'accepted', 'the first fails');
select is(test_setup.nodes(), 'a=failed:all_runs_failed b=invalid:dependency_failed c=invalid:dependency_failed',
  'by default it fails them with it');
select is((select errors from activity_request where activity_key = 'c'), '[{
  "code": "dependency_failed", "path": "$.data.b", "found": "invalid",
  "message": "This activity takes the objects of b, which ended as invalid.", "hint": "Retry b, then this one."}]'::jsonb,
  'and each says for whom');
select is((select state || ':' || state_substate from workflow_request), 'failed:all_activities_failed', 'nothing is left');
delete from workflow_request;
delete from value;

select test_setup.graph('{"a": {"to": ["b"], "on_failure": "continue"}, "b": {"to": ["c"]}, "c": {}}');
select test_setup.settle('a', 404);
select is(test_setup.nodes(), 'a=failed:all_runs_failed b=in_progress c=waiting:dependency', 'continue: the next starts');
select is((select count(*) from activity_object as ao join activity_request as ar on ar.id = ao.activity_request_id
  where ar.activity_key = 'b' and ao.role = 'input'), 1::bigint, 'with the objects there are');
select test_setup.settle('b');
select test_setup.settle('c');
select is(test_setup.nodes(), 'a=failed:all_runs_failed b=done c=done', 'and all goes on');
select is((select state || ':' || state_substate from workflow_request), 'done:partial', 'the whole is done, in part');
delete from workflow_request;
delete from value;

select test_setup.graph('{"a": {"to": ["b"], "on_failure": "skip"}, "b": {"to": ["c"], "webhook": {"url": "https://client.test/b"}},
  "c": {"on_failure": "continue", "to": ["d"]}, "d": {}, "e": {}}');
select test_setup.settle('a', 404);
select is(test_setup.nodes(), 'a=failed:all_runs_failed b=done:skipped c=done:skipped d=done:skipped e=in_progress',
  'skip: all that follows is skipped, whatever it says itself');
select is(test_setup.history(test_setup.activity('b')), '{new,valid,waiting:dependency,ready,in_progress,done:skipped}',
  'step by step');
select is((select array[started_at, finished_at] from activity_request where activity_key = 'b'),
  array[null, '2026-05-01 10:00:00Z'::timestamptz], 'it ended without a start');
select is((select errors from activity_request where activity_key = 'c'), '[{
  "code": "dependency_skipped", "path": "$.data.b", "found": "skipped",
  "message": "This activity takes the objects of b, which was skipped.",
  "hint": "It was skipped because on_failure of what it depends on says so."}]'::jsonb, 'it says why');
select is(
  (select jsonb_build_object('type', b.body -> 'type', 'substate', b.body #> '{data,substate}', 'objects', b.body #> '{data,objects}',
     'found', b.body #> '{data,summary,objects}')
   from delivery_body as b join delivery as d on d.id = b.delivery_id where d.url like '%/b'),
  '{"type": "activity_request.done", "substate": "skipped", "objects": [], "found": 0}', 'its client is told, with no objects');
select test_setup.settle('e');
select is((select state || ':' || state_substate from workflow_request), 'done:partial', 'one was really done');
select is(
  (select jsonb_object_agg(a ->> 'activity_key', (a ->> 'state') || coalesce(':' || (a ->> 'substate'), ''))
   from delivery_body as b
   join delivery as d on d.id = b.delivery_id and d.url like '%/all'
   cross join lateral jsonb_array_elements(b.body #> '{data,activities}') as a
   where b.body #>> '{data,substate}' = 'partial' and d.event_type = 'workflow_request.done'),
  '{"a": "failed:all_runs_failed", "b": "done:skipped", "c": "done:skipped", "d": "done:skipped", "e": "done"}',
  'the message of the whole tells of each');
delete from workflow_request;
delete from value;

select test_setup.graph('{"a": {"to": ["b"], "on_failure": "skip"}, "b": {}}');
select test_setup.settle('a', 404);
select is((select state || ':' || state_substate from workflow_request), 'failed:all_activities_failed',
  'nothing but skipped is nothing done');

select * from finish();
