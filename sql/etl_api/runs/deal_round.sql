create or replace function etl_api.deal_round(
  sources uuid[], orgs uuid[], may_run boolean[], rooms int[], dealt int[], open boolean[], max_requests int)
returns table (i int, turns int, is_open boolean)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with pair as (
    select t.i::int as i, t.source_id, t.org_id, t.may_run, t.turns, t.open, t.room
    from unnest(sources, orgs, may_run, rooms, dealt, open)
      with ordinality as t (source_id, org_id, may_run, room, turns, open, i)
  ),
  source as (
    select p.source_id, pg_catalog.min(p.room) - pg_catalog.sum(p.turns) as room,
      pg_catalog.count(*) filter (where p.open) as orgs,
      max_requests - pg_catalog.sum(pg_catalog.sum(p.turns)) over () as wanted,
      pg_catalog.min(p.i) as first
    from pair as p
    group by p.source_id
  ),
  -- With a remainder the first have one more.
  share as (
    select s.source_id, s.orgs,
      least(s.room, s.wanted / s.sources + (s.place <= s.wanted % s.sources)::int) as turns
    from (
      select s.source_id, s.orgs, s.room, s.wanted::bigint as wanted,
        pg_catalog.count(*) over () as sources, pg_catalog.row_number() over (order by s.first) as place
      from source as s
      where s.room > 0
        and s.orgs > 0
    ) as s
  ),
  offer as (
    select p.i, p.turns + (s.turns / s.orgs + (p.place <= s.turns % s.orgs)::int)::int as turns
    from (
      select p.i, p.source_id, p.turns, pg_catalog.row_number() over (partition by p.source_id order by p.i) as place
      from pair as p
      where p.open
    ) as p
    join share as s on s.source_id = p.source_id
  )
  -- That each has one is known.
  select p.i, coalesce(has.turns, p.turns), p.open and coalesce(has.turns >= o.turns, true)
  from pair as p
  left join offer as o on o.i = p.i
  left join lateral (
    select case
      when o.turns <= 1 then o.turns
      else etl_api.due_request_count(p.source_id, p.org_id, p.may_run, o.turns)
    end as turns
    where o.turns > p.turns
  ) as has on true;
end
$$;

comment on function etl_api.deal_round(uuid[], uuid[], boolean[], int[], int[], boolean[], int) is
  'One round of deal_turns over pairs of source and tenant: what is left of max_requests is shared out among those that are open; who had less than it was offered is no longer.';

revoke execute on function etl_api.deal_round(uuid[], uuid[], boolean[], int[], int[], boolean[], int) from public;
grant execute on function etl_api.deal_round(uuid[], uuid[], boolean[], int[], int[], boolean[], int) to service_role;
