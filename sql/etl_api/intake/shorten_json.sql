create or replace function etl_api.shorten_json(value jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  kind constant text := pg_catalog.jsonb_typeof(value);
  count bigint;
begin
  -- The size is looked at first: a payload of many megabytes is not to be written out to be cut. It is not told, since
  -- it depends on how the value is stored at the moment; what takes 20 kB there is never short as a text.
  if value is null or pg_catalog.pg_column_size(value) <= 20000 and pg_catalog.length(value::text) <= 500 then
    return value;
  elsif kind = 'string' then
    return pg_catalog.to_jsonb(pg_catalog.left(value #>> '{}', 200) || '…');
  elsif kind = 'array' then
    count := pg_catalog.jsonb_array_length(value);
  elsif kind = 'object' then
    count := (select pg_catalog.count(*) from pg_catalog.jsonb_object_keys(value));
  else
    count := pg_catalog.length(pg_catalog.regexp_replace(value #>> '{}', '[^0-9]', '', 'g'));
  end if;
  return pg_catalog.to_jsonb(pg_catalog.format('(%s of %s %s%s)', kind, count,
    case kind when 'array' then 'element' when 'object' then 'member' else 'digit' end, case when count <> 1 then 's' end));
end
$$;

comment on function etl_api.shorten_json(jsonb) is
  'A JSON value as it is shown in an error: itself when it is small, else the beginning of a text, or what it is and how much of it there is.';

revoke execute on function etl_api.shorten_json(jsonb) from public;
grant execute on function etl_api.shorten_json(jsonb) to service_role;
