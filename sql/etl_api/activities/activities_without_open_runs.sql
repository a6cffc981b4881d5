create or replace function etl_api.activities_without_open_runs(activity_request_ids uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  -- offset 0 keeps a look-up by key from becoming a join, whatever the planner thinks of the size of a table.
  return (
    select pg_catalog.array_agg(distinct i.id order by i.id)
    from (
      -- First, since an activity that has just started mostly has one.
      select given.id
      from unnest(activity_request_ids) as given (id)
      where not exists (
        select 1
        from public.run_queue as q
        where q.activity_request_id = given.id
          and q.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
        offset 0)
      offset 0
    ) as i
    cross join lateral (
      select ar.state
      from public.activity_request as ar
      where ar.id = i.id
      offset 0
    ) as ar
    where ar.state = 'in_progress');
end
$$;

comment on function etl_api.activities_without_open_runs(uuid[]) is
  'Those of these activity requests that are in progress with no open run; null when there is none.';

revoke execute on function etl_api.activities_without_open_runs(uuid[]) from public;
grant execute on function etl_api.activities_without_open_runs(uuid[]) to service_role;
