create or replace function etl_api.natural_key(key_datapoints text[], object jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  key jsonb := '{}'::jsonb;
  name text;
  part jsonb;
begin
  -- plpgsql, since its simple expressions are evaluated without an executor; this runs once per object.
  foreach name in array coalesce(key_datapoints, '{}') loop
    part := case pg_catalog.jsonb_typeof(object -> name)
      when 'string' then pg_catalog.to_jsonb(nullif(
        pg_catalog.lower(pg_catalog.btrim(pg_catalog.normalize(object ->> name, 'NFC'), E' \t\r\n')), ''))
      when 'number' then pg_catalog.to_jsonb(pg_catalog.trim_scale((object ->> name)::numeric))
      when 'boolean' then object -> name
    end;
    -- One member missing, and there is no key: an object known by half a key would merge with others.
    if part is null then
      return null;
    end if;
    key := key || pg_catalog.jsonb_build_object(name, part);
  end loop;
  return nullif(key, '{}');
end
$$;

comment on function etl_api.natural_key(text[], jsonb) is
  'The natural key of an object: {datapoint: value}, text trimmed, lower-case and in NFC, so that two spellings are one object; what is lower-case follows the locale of the database. Null when a part is missing, empty or not a scalar.';

revoke execute on function etl_api.natural_key(text[], jsonb) from public;
grant execute on function etl_api.natural_key(text[], jsonb) to service_role;
