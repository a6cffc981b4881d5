create or replace function utils.mapping_member(mapping jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  path constant jsonb := utils.mapping_path(mapping);
  name constant text := case
    when pg_catalog.jsonb_typeof(path) = 'string' then path #>> '{}'
    when pg_catalog.jsonb_typeof(path -> 0) = 'string' and path -> 1 is null then path ->> 0
  end;
begin
  return case
    when name in ('*', '**') or pg_catalog.jsonb_typeof(mapping) = 'object' and mapping ?| '{default,transform}' then null
    else name
  end;
end
$$;

comment on function utils.mapping_member(jsonb) is
  'The name of the member, when a mapping is just one member of an object; null when it is more than that.';

revoke execute on function utils.mapping_member(jsonb) from public;
grant execute on function utils.mapping_member(jsonb) to authenticated, service_role;
