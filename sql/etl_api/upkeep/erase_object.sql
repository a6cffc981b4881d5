create or replace function etl_api.erase_object(of_object uuid, max_rows int default 1000)
returns table (what text, count bigint, more boolean)
language plpgsql
security definer
set search_path = ''
-- A few of very many, by key.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  thing public.object;
  workflows uuid[];
  activities uuid[];
  gone jsonb := '{}'::jsonb;
  is_over boolean;
begin
  select o.* into thing from public.object as o where o.id = of_object;
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no object %s', coalesce(of_object::text, 'null')),
      hint = 'Give the id of a row of object. What was erased stands in etl_api.erasure.';
  end if;
  perform etl_api.check_erasure(thing.org_id, max_rows);
  perform etl_api.lock_erasures(thing.org_id, true);

  -- The locks in the order in which everybody takes them.
  workflows := etl_api.workflows_of_object(of_object, max_rows);
  perform etl_api.lock_workflows(workflows);
  if not exists (select 1 from public.object as o where o.id = of_object) then
    -- Whoever was before us has come to its end.
    return;
  end if;
  activities := array(
    select a.id
    from public.activity_request as a
    where a.workflow_request_id = any (workflows)
      and (exists (select 1 from public.activity_object as l where l.activity_request_id = a.id and l.object_id = of_object)
        or exists (select 1 from public.guardrail_refusal as g where g.activity_request_id = a.id and g.object_id = of_object)));

  gone := etl_api.erase_runs_of(of_object, thing.natural_key, activities)
    || etl_api.erase_results_of(thing.natural_key, workflows, activities)
    || etl_api.erase_landed_of(thing.natural_key, activities)
    || etl_api.erase_links_of(of_object, activities)
    || pg_catalog.jsonb_build_object('public.workflow_request', (
      select pg_catalog.count(*)
      from unnest(workflows) as w (id)
      where etl_api.blank_input(w.id, thing.object_type_id, thing.natural_key)));
  perform etl_api.advance_activities(activities);
  perform etl_api.ring('execute-runs');
  -- Who stores objects might find it just now and link it; where others are at that, the next call comes back.
  is_over := etl_api.workflows_of_object(of_object, 1) = '{}' and etl_api.lock_objects();
  -- A statement of its own: somebody may have linked it before the lock was there.
  is_over := is_over and etl_api.workflows_of_object(of_object, 1) = '{}';
  if is_over then
    gone := gone || pg_catalog.jsonb_build_object(
      'public.value', (select pg_catalog.count(*) from public.value as v where v.object_id = of_object),
      'public.object', 1,
      'etl_api.etl_log', etl_api.erase_log_of(thing.org_id, thing.natural_key));
    delete from public.object as o where o.id = of_object;
  end if;

  perform etl_api.note_erasure(thing.org_id, of_object, gone, is_over);
  return query
  select g.key, g.value::bigint, not is_over
  from pg_catalog.jsonb_each_text(gone) as g
  where g.value <> '0'
  union all
  select 'waiting', 0::bigint, true
  where not is_over;
end
$$;

comment on function etl_api.erase_object(uuid, int) is
  'Removes an object for good, with its values and its runs, and takes it out of all that requests, answers, results, tables of records, messages and the log say of it; the requests themselves and other objects stay. In up to max_rows of the activity requests that knew it at once, beside live work: call it again, in a transaction of its own, while it says more, or leave the rest to the sweep. Returns how many rows of which table went or were blanked; etl_api.erasure keeps the sums. ETL04: no such object, or max_rows is out of range.';

revoke execute on function etl_api.erase_object(uuid, int) from public;
grant execute on function etl_api.erase_object(uuid, int) to service_role;
