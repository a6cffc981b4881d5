create or replace function etl_api.natural_key(key_datapoints text[], object jsonb) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  -- One member missing, and there is no key: an object known by half a key would merge with others.
  select case when pg_catalog.count(part.value) = pg_catalog.cardinality(key_datapoints)
    then pg_catalog.jsonb_object_agg(part.name, part.value) end
  from (
    select k.name,
      case pg_catalog.jsonb_typeof(object -> k.name)
        when 'string' then pg_catalog.to_jsonb(nullif(
          pg_catalog.lower(pg_catalog.btrim(pg_catalog.normalize(object ->> k.name, 'NFC'), E' \t\r\n')), ''))
        when 'number' then pg_catalog.to_jsonb(pg_catalog.trim_scale((object ->> k.name)::numeric))
        when 'boolean' then object -> k.name
      end as value
    from unnest(key_datapoints) as k (name)
  ) as part
$$;

comment on function etl_api.natural_key(text[], jsonb) is
  'The natural key of an object: {datapoint: value}, text trimmed, lower-case and in NFC, so that two spellings are one object; what is lower-case follows the locale of the database. Null when a part is missing, empty or not a scalar.';

revoke execute on function etl_api.natural_key(text[], jsonb) from public;
grant execute on function etl_api.natural_key(text[], jsonb) to service_role;
