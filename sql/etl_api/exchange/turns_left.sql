create or replace function etl_api.turns_left(
  source_ids uuid[], org_ids uuid[], may_run boolean[], turns int[], again_ids uuid[])
returns int[]
language plpgsql stable
set search_path = ''
as $$
declare
  again_sources uuid[];
  again_orgs uuid[];
begin
  if again_ids = '{}' and true = all (may_run) then
    return turns;
  end if;
  if again_ids <> '{}' then
    select pg_catalog.array_agg(r.source_id), pg_catalog.array_agg(r.org_id) into again_sources, again_orgs
    from public.run_request as r
    where r.id = any (again_ids);
  end if;
  return array(
    select case when t.may_run then t.turns - (
      select pg_catalog.count(*)::int
      from unnest(again_sources, again_orgs) as a (source_id, org_id)
      where a.source_id = t.source_id
        and a.org_id = t.org_id) else 0 end
    from unnest(source_ids, org_ids, may_run, turns)
      with ordinality as t (source_id, org_id, may_run, turns, i)
    order by t.i);
end
$$;

comment on function etl_api.turns_left(uuid[], uuid[], boolean[], int[], uuid[]) is
  'How many of turns[i] at source_ids[i] for org_ids[i] are left for new HTTP requests beside those in again_ids; none where may_run is false.';

revoke execute on function etl_api.turns_left(uuid[], uuid[], boolean[], int[], uuid[]) from public;
grant execute on function etl_api.turns_left(uuid[], uuid[], boolean[], int[], uuid[]) to service_role;
