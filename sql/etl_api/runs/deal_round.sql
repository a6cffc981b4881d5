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
    select t.*,
      pg_catalog.sum(t.turns) over () as all_turns,
      t.room - pg_catalog.sum(t.turns) over source as room_left,
      pg_catalog.count(*) filter (where t.is_open) over source as orgs,
      pg_catalog.row_number() over (partition by t.source_id, t.is_open order by t.i) as place,
      pg_catalog.min(t.i) over source as first
    from unnest(sources, orgs, may_run, rooms, dealt, open)
      with ordinality as t (source_id, org_id, may_run, room, turns, is_open, i)
    window source as (partition by t.source_id)
  ),
  ranked as (
    select p.*, max_requests - p.all_turns as wanted, p.room_left > 0 and p.orgs > 0 as takes,
      pg_catalog.dense_rank() over (partition by p.room_left > 0 and p.orgs > 0 order by p.first) as source_place
    from pair as p
  ),
  -- With a remainder the first have one more.
  shared as (
    select r.*, least(r.room_left, r.wanted / s.sources + (r.source_place <= r.wanted % s.sources)::int) as source_turns
    from ranked as r
    cross join (select pg_catalog.max(r.source_place) filter (where r.takes) as sources from ranked as r) as s
  ),
  offered as (
    select s.*, s.turns + case when s.takes and s.is_open
      then s.source_turns / s.orgs + (s.place <= s.source_turns % s.orgs)::int else 0 end as offer
    from shared as s
  )
  -- That each has one is known.
  select o.i::int, has.turns, o.is_open and has.turns >= o.offer
  from offered as o
  cross join lateral (
    select case when o.offer <= 1 or o.offer = o.turns then o.offer
      else etl_api.due_request_count(o.source_id, o.org_id, o.may_run, o.offer::int) end::int as turns
  ) as has;
end
$$;

comment on function etl_api.deal_round(uuid[], uuid[], boolean[], int[], int[], boolean[], int) is
  'One round of deal_turns over pairs of source and tenant: what is left of max_requests is shared out among those that are open; who had less than it was offered is no longer.';

revoke execute on function etl_api.deal_round(uuid[], uuid[], boolean[], int[], int[], boolean[], int) from public;
grant execute on function etl_api.deal_round(uuid[], uuid[], boolean[], int[], int[], boolean[], int) to service_role;
