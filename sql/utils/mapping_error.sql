create or replace function utils.mapping_error(mapping jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  fields constant jsonb := case when pg_catalog.jsonb_typeof(mapping) = 'object' then mapping -> 'fields' end;
  fault text;
begin
  if mapping is null then
    return 'a mapping is missing';
  elsif pg_catalog.jsonb_typeof(mapping) in ('string', 'array') then
    return utils.stored_path_error(mapping);
  elsif pg_catalog.jsonb_typeof(mapping) <> 'object' then
    return pg_catalog.format('a mapping is a path or an object, not %s', pg_catalog.jsonb_typeof(mapping));
  end if;
  select pg_catalog.format('member "%s" of a mapping is unknown: known are path, default, transform, fields', k.name)
  into fault
  from pg_catalog.jsonb_object_keys(mapping) as k (name)
  where k.name not in ('path', 'default', 'transform', 'fields')
  limit 1;
  fault := coalesce(
    fault,
    case when mapping ? 'path' or fields is null then 'path: ' || utils.stored_path_error(mapping -> 'path') end,
    'transform: ' || utils.transform_error(mapping -> 'transform'));
  if fault is not null or fields is null then
    return fault;
  elsif pg_catalog.jsonb_typeof(fields) <> 'object' then
    return pg_catalog.format('fields is an object of names and mappings, not %s', pg_catalog.jsonb_typeof(fields));
  end if;
  return (
    select pg_catalog.format('fields.%s: %s', f.key, e.fault)
    from pg_catalog.jsonb_each(fields) as f
    cross join lateral (
      select case
        when pg_catalog.jsonb_typeof(f.value) = 'object' and f.value ? 'fields' then 'a field has no fields of its own'
        else utils.mapping_error(f.value)
      end
    ) as e (fault)
    where e.fault is not null
    limit 1);
end
$$;

comment on function utils.mapping_error(jsonb) is
  'What is wrong with a key_mapping_json, in a sentence that names the member; null when it is valid.';

revoke execute on function utils.mapping_error(jsonb) from public;
grant execute on function utils.mapping_error(jsonb) to authenticated, service_role;
