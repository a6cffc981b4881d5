create or replace function etl_api.purge_rows(entity etl_api.entity_kind, ids uuid[]) returns etl_api.state_count[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  gone etl_api.state_count[];
begin
  if ids = '{}' then
    return array[]::etl_api.state_count[];
  end if;
  -- The guard writes a step for each row that goes. Of a purge that would be as much history as it takes away.
  perform pg_catalog.set_config('etl.purging', 'on', true);
  execute pg_catalog.format(
    'with gone as (
       delete from public.%I as r
       where r.id = any ($2)
       returning r.org_id, r.state::text as state, r.state_substate
     )
     select pg_catalog.array_agg(row(g.org_id, $1, g.state, g.state_substate, g.rows)::etl_api.state_count)
     from (
       select gone.org_id, gone.state, gone.state_substate, - pg_catalog.count(*) as rows
       from gone
       group by gone.org_id, gone.state, gone.state_substate
     ) as g', entity)
  into gone
  using entity, ids;
  perform pg_catalog.set_config('etl.purging', '', true);
  return coalesce(gone, '{}');
end
$$;

comment on function etl_api.purge_rows(etl_api.entity_kind, uuid[]) is
  'Deletes these rows of a table, past the guard. Returns what has to be added to state_count for it, and is by purge_counts.';

revoke execute on function etl_api.purge_rows(etl_api.entity_kind, uuid[]) from public;
