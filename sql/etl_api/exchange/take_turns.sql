create or replace function etl_api.take_turns(
  max_requests int, out sources uuid[], out orgs uuid[], out may_run boolean[], out turns int[], out has_requests boolean,
  out has_windows boolean)
language plpgsql
set search_path = ''
as $$
declare
  pair record := etl_api.waiting_pair();
  source record;
  room record;
begin
  if pair.source_id is null then
    return;
  end if;
  has_requests := pair.has_requests;
  -- Work for one tenant at one source, as on an idle system: nobody to share with, and mostly no limit.
  if pair.org_id is not null then
    select s.enabled and not exists (
        select from public.org as o where o.id = pair.org_id and o.deleted_at is not null) as is_open,
      s.cost_per_run, s.max_concurrency is not null or s.rate_limit is not null as is_limited into source
    from public.source as s
    where s.id = pair.source_id;
    if not source.is_open then
      return;
    end if;
    sources := array[pair.source_id];
    orgs := array[pair.org_id];
    turns := array[max_requests];
    if source.is_limited then
      select c.sources, c.capacities, c.has_windows into sources, turns, has_windows
      from etl_api.source_capacity(sources, max_requests) as c;
    end if;
    may_run := array[case when source.cost_per_run > 0 and sources is not null
      then not etl_api.is_over_budget(pair.org_id, source.cost_per_run) else true end];
    return;
  end if;

  room := etl_api.source_capacity(etl_api.due_sources(), max_requests);
  if room.sources is null then
    return;
  end if;
  has_windows := room.has_windows;
  select pg_catalog.array_agg(d.source_id), pg_catalog.array_agg(d.org_id),
    pg_catalog.array_agg(d.may_run), pg_catalog.array_agg(d.turns)
  into sources, orgs, may_run, turns
  from etl_api.deal_turns(room.sources, room.capacities, max_requests) as d;
end
$$;

comment on function etl_api.take_turns(int) is
  'Which tenants may send how many of max_requests HTTP requests to which sources: turns[i] to sources[i] for orgs[i], of its runs too where may_run[i]; sources is null when nobody may. has_requests: whether any HTTP request waits, due or not. has_windows: whether one of these sources has a rate_limit. Holds those that have a limit until the transaction ends.';

revoke execute on function etl_api.take_turns(int) from public;
grant execute on function etl_api.take_turns(int) to service_role;
