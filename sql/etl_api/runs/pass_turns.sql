create or replace function etl_api.pass_turns(held uuid[], sources uuid[], orgs uuid[], turns int[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  -- The last to get a turn is the last of those that got most. A source that serves one tenant needs no turns.
  insert into etl_api.source_turn as t (source_id, org_id)
  select last.source_id, last.org_id
  from (
    select distinct on (d.source_id) d.source_id, d.org_id,
      pg_catalog.count(*) over (partition by d.source_id) as orgs
    from unnest(sources, orgs, turns) with ordinality as d (source_id, org_id, turns, i)
    where d.source_id = any (held)
    order by d.source_id, d.turns desc, d.i desc
  ) as last
  where last.orgs > 1
  order by last.source_id
  on conflict (source_id) do update
  set org_id = excluded.org_id
  where t.org_id <> excluded.org_id;
end
$$;

comment on function etl_api.pass_turns(uuid[], uuid[], uuid[], int[]) is
  'Notes for the sources held whom each served last: sources[i] gave orgs[i] turns[i] HTTP requests, in the order in which they were served.';

revoke execute on function etl_api.pass_turns(uuid[], uuid[], uuid[], int[]) from public;
grant execute on function etl_api.pass_turns(uuid[], uuid[], uuid[], int[]) to service_role;
