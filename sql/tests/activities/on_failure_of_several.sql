-- Several predecessors fail: fail wins over skip, skip over continue, in whatever order they end.
select plan(12);

create function pg_temp.run(rounds text[]) returns text
language plpgsql
as $$
declare
  round text;
begin
  delete from workflow_request;
  delete from value;
  perform test_setup.graph('{"f": {"to": ["x"]}, "s": {"to": ["x"], "on_failure": "skip"},
    "c": {"to": ["x"], "on_failure": "continue"}, "g": {"to": ["x"]}, "x": {"to": ["y"], "on_failure": "continue"}, "y": {}}');
  foreach round in array rounds loop
    perform test_setup.settle(left(round, 1), case when right(round, 1) = '+' then 200 else 404 end);
  end loop;
  return (select test_setup.state(test_setup.activity('x')) || ' ' || test_setup.state(test_setup.activity('y')));
end
$$;

select is(pg_temp.run('{f-}'), 'invalid:dependency_failed done:no_objects',
  'fail is said at once, while others are under way; what follows goes on by the setting of the one that could not start, with nothing');
select is(pg_temp.run('{s-}'), 'waiting:dependency waiting:dependency', 'skip waits: one of the others may still fail it');
select is(pg_temp.run('{s-,c-,g+}'), 'waiting:dependency waiting:dependency', 'until all are over');
select is(pg_temp.run('{s-,c-,g+,f+}'), 'done:skipped done:skipped', 'then it is skipped');
select is(pg_temp.run('{s-,c-,g+,f-}'), 'invalid:dependency_failed done:no_objects', 'or fails');
select is(pg_temp.run('{f+,g+,c-}'), 'waiting:dependency waiting:dependency', 'continue waits for the others');
select is(pg_temp.run('{f+,g+,c-,s+}'), 'in_progress waiting:dependency', 'and starts when they are over');
select is(pg_temp.run('{f+,g-,c-,s+}'), 'invalid:dependency_failed done:no_objects', 'another that fails it wins');
select is(pg_temp.run('{f+,g+,c+,s+}'), 'in_progress waiting:dependency', 'nothing failed: it starts');

-- Whatever way it did not end well.
select pg_temp.run('{f+,g+,c+}');
select etl_api.cancel(test_setup.activity('s'));
select is(test_setup.state(test_setup.activity('x')), 'done:skipped', 'cancelled counts as failed');
select pg_temp.run('{g+,c+,s+}');
update activity_request set timeout_at = now() - interval '1 s' where activity_key = 'f';
select etl_api.recover();
select is(test_setup.state(test_setup.activity('x')), 'invalid:dependency_failed', 'so does timed out');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();
