select plan(7);

select test_setup.only_guard();
create temporary table row as
select test_setup.make('run_request', 'in_progress') as a, test_setup.make('run_request', 'in_progress') as b,
  test_setup.make('activity_request', 'waiting') as c;

create function pg_temp.why(id uuid) returns text
language sql
as $$ select reason from etl_api.state_history where entity_id = id order by seq desc limit 1 $$;

update public.run_request set state = 'waiting', state_substate = 'backoff', error = '{"message": "HTTP status 500."}'
where id = (select a from row);
select is(pg_temp.why(a), 'HTTP status 500.', 'a back-off tells the error') from row;

update public.run_request set state = 'ready', state_substate = null where id = (select a from row);
select is(pg_temp.why(a), null, 'a step forward tells no old error') from row;

update public.run_request set state = 'failed', state_via = '{in_progress}' where id = (select a from row);
select is(pg_temp.why(a), 'HTTP status 500.', 'a failure tells the error') from row;
select is((select reason from etl_api.state_history where entity_id = a order by seq desc offset 1 limit 1), null,
  'and only its last step does') from row;

update public.activity_request set state = 'invalid', errors = '[{"message": "It waits for what failed."}]' where id = (select c from row);
select is(pg_temp.why(c), 'It waits for what failed.', 'the first of several errors') from row;

select etl_api.set_reason('the operator said so');
update public.run_request set state = 'failed', error = '{"message": "x"}' where id = (select b from row);
select is(pg_temp.why(b), 'the operator said so', 'a reason that was given comes first') from row;
select etl_api.set_reason(null);
update public.run_request set state = 'ready' where id = (select b from row);
select is(pg_temp.why(b), null, 'and ends when it is taken back') from row;

select * from finish();
