-- An exception while requests are taken in is the fault of one of them: that one is invalid, the others run.
select plan(9);
select test_setup.intake();

-- Stands in for any fault that validation does not know of.
create function pg_temp.explode() returns trigger language plpgsql as $$
begin
  if new.activity_key = 'deadlock' then
    raise exception 'two wait for each other' using errcode = 'deadlock_detected';
  elsif new.activity_key like 'bomb%' then
    raise exception 'this one explodes' using errcode = 'division_by_zero';
  end if;
  return new;
end
$$;
create trigger explode before insert on public.activity_request for each row execute function pg_temp.explode();

create function pg_temp.request_of(key text) returns jsonb language sql as $$
  select pg_catalog.jsonb_build_object(
    'input', '{"companies": [{"domain": "acme.test"}]}'::jsonb,
    'data', pg_catalog.jsonb_build_object(key, '{"id": "00000000-0000-4000-8000-000000000001"}'::jsonb))
$$;

insert into public.workflow_request (org_id, data)
select '00000000-0000-4000-8000-0000000000a1', pg_temp.request_of(case when g in (3, 60) then 'bomb ' else 'good ' end || g)
from pg_catalog.generate_series(1, 100) as g;

select results_eq(
  'select state::text, state_substate, count(*)::int from public.workflow_request group by 1, 2 order by 1',
  $$values ('in_progress', null, 98), ('invalid', 'internal_error', 2)$$,
  'the two that raise are invalid, their 98 neighbours run');
select is(
  (select pg_catalog.array_agg(distinct w.errors) from public.workflow_request as w where w.state = 'invalid'),
  array['[{"code": "internal_error", "path": "$",
    "found": {"sqlstate": "22012", "message": "this one explodes"},
    "message": "The request could not be taken in: this one explodes (22012).",
    "hint": "Nothing of it has started. Try it again with etl_api.retry(id); if it fails again, tell the operator."}]'::jsonb],
  'errors hold the SQLSTATE and the message');
select is((select pg_catalog.count(*)::int from public.activity_request), 98, 'nothing is left of the failed attempts');
select is((select pg_catalog.count(*)::int from public.run_queue), 98 * 2, 'and no run is doubled: each has two, one for each source');
select is(
  (select pg_catalog.count(*)::int from etl_api.state_history as h where h.entity = 'workflow_request'), 98 * 4 + 2 * 2,
  'the history tells each step once');
select results_eq(
  $$select level, station, message, context ->> 'sqlstate', entity::text, w.data::text like '%bomb%', l.org_id = w.org_id
    from etl_api.etl_log as l join public.workflow_request as w on w.id = l.entity_id$$,
  $$values ('error', 'intake', 'A request could not be taken in: this one explodes', '22012', 'workflow_request', true, true),
    ('error', 'intake', 'A request could not be taken in: this one explodes', '22012', 'workflow_request', true, true)$$,
  'each is logged with its cause');

drop trigger explode on public.activity_request;
update public.workflow_request
set state = 'new', state_substate = null, errors = null, finished_at = null
where state = 'invalid';
select results_eq(
  'select state::text, count(*)::int, count(errors)::int from public.workflow_request group by 1',
  $$values ('in_progress', 100, 0)$$,
  'set back to new when the cause is gone, they run');

create trigger explode before insert on public.activity_request for each row execute function pg_temp.explode();
select throws_ok(
  $$insert into public.workflow_request (org_id, data)
    values ('00000000-0000-4000-8000-0000000000a1', pg_temp.request_of('deadlock'))$$,
  '40P01', 'two wait for each other',
  'a deadlock is nobody''s fault: it goes up, so that the whole statement can be tried again');
select throws_ok(
  $$insert into public.workflow_request (org_id, data)
    values ('00000000-0000-4000-8000-0000000000c1', pg_temp.request_of('good'))$$,
  '23503', null,
  'an unknown organisation is refused by the foreign key');

select * from finish();
