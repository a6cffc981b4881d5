-- Phases go on whatever became of the one before; only explicit edges carry a failure into a later phase.
select plan(8);

select test_setup.graph('{
  "a": {"phase": 1, "to": ["c", "e"], "on_failure": "skip"}, "b": {"phase": 1},
  "c": {"phase": 2}, "d": {"phase": 2},
  "e": {"phase": 7, "to": ["f"]}, "f": {"phase": 9}, "g": {"phase": 9}}');
select test_setup.settle('a', 404);
select is(test_setup.nodes(),
  'a=failed:all_runs_failed b=in_progress c=done:skipped d=waiting:phase e=done:skipped f=done:skipped g=waiting:phase',
  'what follows by an edge is known at once, in whatever phase');
select test_setup.settle('b', 404);
select is(test_setup.nodes(),
  'a=failed:all_runs_failed b=failed:all_runs_failed c=done:skipped d=in_progress e=done:skipped f=done:skipped g=waiting:phase',
  'a phase of failures is over, and the next starts');
select is((select array[workflow_phase, phase_count] from workflow_request), '{2,4}', 'phase numbers may leave some out');
select test_setup.settle('d');
select is(test_setup.nodes(),
  'a=failed:all_runs_failed b=failed:all_runs_failed c=done:skipped d=done e=done:skipped f=done:skipped g=in_progress',
  'a phase of nothing but skipped is passed over');
select is((select workflow_phase from workflow_request), 9, 'by number');
select etl_api.cancel(test_setup.activity('g'));
select is(test_setup.state((select id from workflow_request)), 'done:partial', 'the end');
select is((select percent from etl_api.workflow_progress), 100::numeric, 'all of it has ended');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();
