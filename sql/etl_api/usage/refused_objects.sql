create or replace function etl_api.refused_objects(object_ids uuid[])
returns table (datapoint_id uuid, source_id uuid, all_sources boolean, objects bigint)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
  select r.datapoint_id, r.source_id, grouping(r.source_id) = 1, pg_catalog.count(distinct r.object_id)
  from unnest(object_ids) as i (id)
  join public.guardrail_refusal as r on r.object_id = i.id
  where r.stage = 'after_result'
    and r.datapoint_id is not null
  group by grouping sets ((r.datapoint_id, r.source_id), (r.datapoint_id));
end
$$;

comment on function etl_api.refused_objects(uuid[]) is
  'Of how many of these objects a guardrail refused a value, per datapoint and source (null: the requests'' own input) and for all sources together.';

revoke execute on function etl_api.refused_objects(uuid[]) from public;
grant execute on function etl_api.refused_objects(uuid[]) to service_role;
