create or replace function etl_api.deal_turns(source_ids uuid[], capacities int[], max_requests int)
returns table (source_id uuid, org_id uuid, may_run boolean, turns int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  turn record := etl_api.hold_turns(source_ids);
  sources uuid[];
  orgs uuid[];
  may boolean[];
  rooms int[];
  dealt int[];
  open boolean[];
begin
  select pg_catalog.array_agg(o.source_id order by o.place), pg_catalog.array_agg(o.org_id order by o.place),
    pg_catalog.array_agg(o.may_run order by o.place), pg_catalog.array_agg(o.capacity order by o.place),
    pg_catalog.array_agg(0), pg_catalog.array_agg(true)
  into sources, orgs, may, rooms, dealt, open
  from etl_api.due_orgs(source_ids, turn.served_last, capacities, max_requests)
    with ordinality as o (source_id, org_id, may_run, capacity, place);
  if pg_catalog.cardinality(sources) = 1 then
    return query values (sources[1], orgs[1], may[1], least(rooms[1], max_requests));
    return;
  end if;

  -- In rounds: who has less than its share leaves the rest to the others. A loop, as each round needs the one before;
  -- in each all is dealt, or somebody has no more.
  while max_requests > (select pg_catalog.sum(d.turns) from unnest(dealt) as d (turns))
    and exists (
      select 1
      from unnest(sources, rooms, dealt, open) as t (source_id, room, turns, open)
      group by t.source_id
      having pg_catalog.bool_or(t.open)
        and pg_catalog.sum(t.turns) < pg_catalog.min(t.room))
  loop
    select pg_catalog.array_agg(r.turns order by r.i), pg_catalog.array_agg(r.is_open order by r.i)
    into dealt, open
    from etl_api.deal_round(sources, orgs, may, rooms, dealt, open, max_requests) as r;
  end loop;

  perform etl_api.pass_turns(turn.held, sources, orgs, dealt);
  return query
  select t.source_id, t.org_id, t.may_run, t.turns
  from unnest(sources, orgs, may, dealt) as t (source_id, org_id, may_run, turns)
  where t.turns > 0;
end
$$;

comment on function etl_api.deal_turns(uuid[], int[], int) is
  'Who may send how many of max_requests HTTP requests: source_ids[i] at most capacities[i]. The sources share alike, at each source its tenants share alike, beginning behind the one served last; what one does not need goes to those that have more. may_run: of the tenant''s runs too, not only of requests under way.';

revoke execute on function etl_api.deal_turns(uuid[], int[], int) from public;
grant execute on function etl_api.deal_turns(uuid[], int[], int) to service_role;
