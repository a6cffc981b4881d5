create or replace function utils.path_steps(path jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  fault text;
begin
  -- Most paths are names only: these are recognised without looking at each element.
  if pg_catalog.jsonb_typeof(path) = 'string' then
    return pg_catalog.jsonb_build_array(path);
  elsif pg_catalog.jsonb_typeof(path) = 'array'
    and not pg_catalog.jsonb_path_exists(path, 'strict $[*] ? (@.type() != "string")')
  then
    return path;
  end if;
  fault := utils.path_error(path);
  if fault is not null then
    raise exception using
      errcode = 'ETL02',
      message = fault,
      detail = pg_catalog.format('The path is %s.', coalesce(pg_catalog."left"(path::text, 400), 'null')),
      hint = 'A path is a string or an array of member names, "*", "**" and indexes.';
  end if;
  return path;
end
$$;

comment on function utils.path_steps(jsonb) is
  'The elements of a path as an array. Raises ETL02, naming the first bad element and its position.';

revoke execute on function utils.path_steps(jsonb) from public;
grant execute on function utils.path_steps(jsonb) to authenticated, service_role;
