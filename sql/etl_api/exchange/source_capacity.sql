create or replace function etl_api.source_capacity(max_requests int)
returns table (source_id uuid, capacity int, has_windows boolean)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  room_ids uuid[] := etl_api.due_sources();
begin
  if room_ids is null then
    return;
  end if;
  -- Those that are full need no lock to be left out: what is used of a window only grows until its end.
  room_ids := array(
    select r.source_id
    from etl_api.source_room(room_ids, max_requests) as r
    where r.capacity > 0);

  -- A limit holds only if one claim at a time counts; sources without one need no lock.
  perform 1
  from public.source as s
  where s.id = any (room_ids)
    and (s.max_concurrency is not null or s.rate_limit is not null)
  order by s.id
  for no key update;

  return query
  select r.source_id, r.capacity, r.has_windows
  from etl_api.source_room(room_ids, max_requests) as r
  where r.capacity > 0;
end
$$;

comment on function etl_api.source_capacity(int) is
  'Sources with work waiting that may be sent HTTP requests now, and how many each, at most max_requests. Holds those that have a limit until the transaction ends.';

revoke execute on function etl_api.source_capacity(int) from public;
grant execute on function etl_api.source_capacity(int) to service_role;
