create or replace function etl_api.activities_waited_for(activity_request_id uuid) returns text[]
language sql stable
set search_path = ''
as $$
  select array(
    select before.activity_key
    from public.activity_request as ar
    join public.activity_request as before
      on before.workflow_request_id = ar.workflow_request_id
      and before.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
      and (before.workflow_phase < ar.workflow_phase or exists (
        select 1
        from public.activity_dependency as d
        where d.activity_request_id = ar.id
          and d.depends_on_id = before.id))
    where ar.id = activities_waited_for.activity_request_id
    order by before.workflow_phase, before.activity_key)
$$;

comment on function etl_api.activities_waited_for(uuid) is
  'The keys of the open activities that an activity request waits for: those of earlier phases and those whose objects it takes.';

revoke execute on function etl_api.activities_waited_for(uuid) from public;
