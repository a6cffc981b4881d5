-- A fault in the middle of moving a workflow on takes back what it began, and the next call in the same transaction
-- moves it on all the same.
select plan(4);

select test_setup.graph('{"a": {"to": ["b"], "on_failure": "continue"}, "b": {"to": ["c"]}, "c": {}}');
create function pg_temp.curse() returns trigger
language plpgsql
as $$
begin
  if new.state = 'ready' then
    raise exception 'this row is cursed';
  end if;
  return new;
end
$$;
create trigger curse before update on activity_request for each row execute function pg_temp.curse();

select is(test_setup.outcome(format('select etl_api.cancel(%L)', test_setup.activity('a'))), 'P0001 this row is cursed', 'a fault');
select is(test_setup.nodes(), 'a=in_progress b=waiting:dependency c=waiting:dependency', 'nothing has changed');
drop trigger curse on activity_request;
select is(test_setup.outcome(format('select etl_api.cancel(%L)', test_setup.activity('a'))), 'ok', 'once more');
select is(test_setup.nodes(), 'a=failed:cancelled b=in_progress c=waiting:dependency', 'it goes on');

select * from finish();
