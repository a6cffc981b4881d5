create or replace function etl_api.advance_workflows(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  noted constant text := pg_catalog.current_setting('etl.advancing', true);
  ids uuid[];
  all_ids uuid[] := '{}'::uuid[];
begin
  -- What starts here may end at once and call this again. Such a call only leaves a note, so that a chain of a thousand
  -- activities is a thousand rounds and not a thousand levels.
  if noted <> '' then
    perform pg_catalog.set_config('etl.advancing', (noted::uuid[] || workflow_request_ids)::text, true);
    return;
  end if;

  ids := workflow_request_ids;
  loop
    select pg_catalog.array_agg(distinct w.id) into ids
    from unnest(ids) as i (id)
    -- By key: the index of the open ones would lead through all of them.
    cross join lateral (
      select moving.id, moving.state
      from public.workflow_request as moving
      where moving.id = i.id
        and moving.replay = 0
      offset 0
    ) as w
    where w.state = 'in_progress';
    exit when ids is null;
    all_ids := all_ids || ids;
    perform pg_catalog.set_config('etl.advancing', '{}', true);
    perform etl_api.advance_waiting_activities(ids);
    ids := pg_catalog.current_setting('etl.advancing')::uuid[];
    exit when ids = '{}';
  end loop;
  perform pg_catalog.set_config('etl.advancing', '', true);
  if all_ids <> '{}' then
    perform etl_api.end_workflows(all_ids);
  end if;
end
$$;

comment on function etl_api.advance_workflows(uuid[]) is
  'Moves workflow requests on until nothing more can be done at once: ends the activities that cannot start any more, starts those whose phase and dependencies are over, and ends the workflow requests whose activities have all ended. The caller holds the workflow locks.';

revoke execute on function etl_api.advance_workflows(uuid[]) from public;
grant execute on function etl_api.advance_workflows(uuid[]) to service_role;
