create or replace function etl_api.take_turns(
  max_requests int, out sources uuid[], out orgs uuid[], out may_run boolean[], out turns int[], out has_windows boolean)
language plpgsql
set search_path = ''
as $$
declare
  pair record := etl_api.waiting_pair();
  room record;
begin
  if pair.source_id is null then
    return;
  end if;
  room := etl_api.source_capacity(
    case when pair.org_id is null then etl_api.due_sources() else array[pair.source_id] end, max_requests);
  if room.sources is null then
    return;
  end if;
  has_windows := room.has_windows;

  -- Work for one tenant at one source, as on an idle system: nobody to share with.
  if pair.org_id is not null then
    sources := room.sources;
    orgs := array[pair.org_id];
    may_run := array[case when room.costs[1] > 0 then not etl_api.is_over_budget(pair.org_id, room.costs[1]) else true end];
    turns := room.capacities;
    return;
  end if;
  select pg_catalog.array_agg(d.source_id), pg_catalog.array_agg(d.org_id),
    pg_catalog.array_agg(d.may_run), pg_catalog.array_agg(d.turns)
  into sources, orgs, may_run, turns
  from etl_api.deal_turns(room.sources, room.capacities, max_requests) as d;
end
$$;

comment on function etl_api.take_turns(int) is
  'Which tenants may send how many of max_requests HTTP requests to which sources: turns[i] to sources[i] for orgs[i], of its runs too where may_run[i]; sources is null when nobody may. has_windows: whether one of these sources has a rate_limit. Holds those that have a limit until the transaction ends.';

revoke execute on function etl_api.take_turns(int) from public;
grant execute on function etl_api.take_turns(int) to service_role;
