create or replace function utils.factor_members(value jsonb) returns text[]
language plpgsql immutable strict parallel unsafe
set search_path = ''
as $$
begin
  return case pg_catalog.jsonb_typeof(value)
    when 'array' then array(
      select case when pg_catalog.jsonb_typeof(m.member) = 'number'
        then pg_catalog.trim_scale(m.member::numeric)::text else utils.jsonb_compact(m.member) end
      from pg_catalog.jsonb_array_elements(value) as m (member)
      where m.member <> 'null')
    when 'string' then utils.factor_items(value #>> '{}')
    when 'object' then null
    else array[value #>> '{}']
  end;
end
$$;

comment on function utils.factor_members(jsonb) is
  'The members of a list as texts: of an array, or of a text with commas; an object is none and gives null.';

revoke execute on function utils.factor_members(jsonb) from public;
grant execute on function utils.factor_members(jsonb) to authenticated, service_role;
