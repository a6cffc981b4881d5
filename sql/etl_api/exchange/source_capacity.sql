create or replace function etl_api.source_capacity(
  source_ids uuid[], max_requests int,
  out sources uuid[], out capacities int[], out has_windows boolean)
language plpgsql
set search_path = ''
as $$
declare
  is_limited boolean;
begin
  select pg_catalog.array_agg(r.source_id), pg_catalog.array_agg(r.capacity),
    pg_catalog.bool_or(r.has_windows), pg_catalog.bool_or(r.is_limited)
  into sources, capacities, has_windows, is_limited
  from etl_api.source_room(source_ids, max_requests) as r
  where r.capacity > 0;
  -- Those that are full need no lock to be left out: what is used of a window only grows until its end.
  if is_limited is not true then
    return;
  end if;

  -- A limit holds only if one claim at a time counts; sources without one need no lock.
  perform 1
  from public.source as s
  where s.id = any (sources)
    and (s.max_concurrency is not null or s.rate_limit is not null)
  order by s.id
  for no key update;

  select pg_catalog.array_agg(r.source_id), pg_catalog.array_agg(r.capacity),
    pg_catalog.bool_or(r.has_windows)
  into sources, capacities, has_windows
  from etl_api.source_room(sources, max_requests) as r
  where r.capacity > 0;
end
$$;

comment on function etl_api.source_capacity(uuid[], int) is
  'Those of these sources that may be sent HTTP requests now, how many each, at most max_requests, and whether any has a rate_limit; sources is null when there is none. Holds those that have a limit until the transaction ends.';

revoke execute on function etl_api.source_capacity(uuid[], int) from public;
grant execute on function etl_api.source_capacity(uuid[], int) to service_role;
