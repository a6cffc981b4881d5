create or replace function etl_api.explain_source(source_id uuid) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  asked public.source;
  in_flight bigint;
  full_window record;
begin
  select s.* into asked
  from public.source as s
  where s.id = explain_source.source_id;

  if asked.deleted_at is not null then
    return pg_catalog.format('Source %s was deleted: nothing is sent to it. Set its deleted_at to null and enable it, or end the request with etl_api.cancel(id).',
      asked.name);
  elsif not asked.enabled then
    return pg_catalog.format('Source %s is disabled: nothing is sent to it until source.enabled is true.', asked.name);
  end if;
  if asked.max_concurrency is not null then
    select pg_catalog.count(*) into in_flight
    from public.run_request as r
    where r.source_id = asked.id
      and r.state = 'in_progress';
    if in_flight >= asked.max_concurrency then
      return pg_catalog.format('Source %s has %s in flight, which is all that max_concurrency allows: the next goes out when one of them ends.',
        asked.name, etl_api.explain_count(in_flight, 'HTTP request', 'HTTP requests'));
    end if;
  end if;

  -- Of several windows that are full, the one that ends last counts.
  select l.key as period, l.value as allowed, w.ends_at into full_window
  from pg_catalog.jsonb_each(case when pg_catalog.jsonb_typeof(asked.rate_limit) = 'object' then asked.rate_limit end) as l
  join etl_api.source_window as u
    on u.source_id = asked.id
    and u.period = l.key
    and u.used >= (l.value #>> '{}')::numeric
  cross join lateral (
    select u.began_at + ('1 ' || l.key)::interval as ends_at
  ) as w
  where w.ends_at > utils.now()
  order by w.ends_at desc
  limit 1;
  if found then
    return pg_catalog.format('Source %s was sent the %s that rate_limit allows in a %s: the next goes out in %s.',
      asked.name, etl_api.explain_count((full_window.allowed #>> '{}')::bigint, 'HTTP request', 'HTTP requests'),
      full_window.period, etl_api.explain_span(full_window.ends_at - utils.now()));
  end if;
  return null;
end
$$;

comment on function etl_api.explain_source(uuid) is
  'What keeps a source from being asked just now: deleted, disabled, max_concurrency or rate_limit, as a sentence; null when nothing does.';

revoke execute on function etl_api.explain_source(uuid) from public;
