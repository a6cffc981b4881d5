create or replace function etl_api.activities_without_open_runs(activity_request_ids uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select pg_catalog.array_agg(ar.id order by ar.id)
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)
      and ar.state = 'in_progress'
      and not exists (
        select 1
        from public.run_queue as q
        where q.activity_request_id = ar.id
          and q.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')));
end
$$;

comment on function etl_api.activities_without_open_runs(uuid[]) is
  'Those of these activity requests that are in progress with no open run; null when there is none.';

revoke execute on function etl_api.activities_without_open_runs(uuid[]) from public;
grant execute on function etl_api.activities_without_open_runs(uuid[]) to service_role;
