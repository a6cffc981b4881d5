create or replace function etl_api.next_sources(
  source_ids uuid[], datapoint_ids uuid[], asked_source_ids uuid[], coming_datapoint_ids uuid[])
returns table (source_id uuid, missing_ids uuid[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- The waterfall: for each missing datapoint the first source not yet asked about that object. A source is
  -- asked once per object and activity, for everything missing that it offers, so the sources asked for one
  -- datapoint are never asked again for another. What an open run may still bring is asked of nobody else for its
  -- own sake.
  return query
  select o.source_id, pg_catalog.array_agg(o.datapoint_id order by o.datapoint_id)
  from (
    select ds.source_id, ds.datapoint_id,
      pg_catalog.row_number() over (
        partition by ds.datapoint_id
        order by ds.priority, pg_catalog.array_position(next_sources.source_ids, ds.source_id)) as place
    from public.datapoint_source as ds
    where ds.datapoint_id = any (datapoint_ids)
      and ds.source_id = any (source_ids)
      and ds.source_id <> all (asked_source_ids)
  ) as o
  group by o.source_id
  having pg_catalog.bool_or(o.place = 1 and o.datapoint_id <> all (coming_datapoint_ids));
end
$$;

comment on function etl_api.next_sources(uuid[], uuid[], uuid[], uuid[]) is
  'Whom an enrichment asks next about an object, and for what: of its sources, given the datapoints missing, the sources asked before and the datapoints that open runs may still bring.';

revoke execute on function etl_api.next_sources(uuid[], uuid[], uuid[], uuid[]) from public;
grant execute on function etl_api.next_sources(uuid[], uuid[], uuid[], uuid[]) to service_role;
