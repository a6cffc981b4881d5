-- Lax mode is what a path means for a member name on an array: each of its elements, one level down. Behind "**" it
-- would count such elements twice, since "**" has visited them itself; so the step behind "**" runs in strict mode.
-- Lax mode also takes index 0 of what is no array: this and nested "**" count too many, never too few.
create or replace function utils.path_count(data jsonb, steps jsonb) returns int
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  step_count constant int := pg_catalog.jsonb_array_length(steps);
  found jsonb := data;
  root text := '$';
  first int := 1;
  deep int;
begin
  -- What was found is wrapped into an array only where it is searched further: copying costs more than searching.
  for deep in
    select e.n
    from pg_catalog.jsonb_array_elements(steps) with ordinality as e (step, n)
    where e.step = '"**"'
    order by e.n
  loop
    if deep > first then
      found := pg_catalog.jsonb_path_query_array(
        found, (root || utils.path_jsonpath(steps, first, deep - 1))::jsonpath);
      root := '$[*]';
    end if;
    if deep = step_count then
      return utils.jsonpath_count(found, 'strict ' || root || '.** ? (@.type() == "object" || @.type() == "array")')
        + utils.jsonpath_count(found, 'strict ' || root || ' ? (@.type() != "object" && @.type() != "array")');
    elsif deep = step_count - 1 then
      return utils.jsonpath_count(found, 'strict ' || root || '.**' || utils.path_jsonpath(steps, step_count, step_count));
    end if;
    found := pg_catalog.jsonb_path_query_array(
      found, ('strict ' || root || '.**' || utils.path_jsonpath(steps, deep + 1, deep + 1))::jsonpath);
    root := '$[*]';
    first := deep + 2;
  end loop;
  return utils.jsonpath_count(found, root || utils.path_jsonpath(steps, first, step_count));
end
$$;

comment on function utils.path_count(jsonb, jsonb) is
  'How many nodes a path selects, counted without their locations: exact in all common cases, else too many, never too few.';

revoke execute on function utils.path_count(jsonb, jsonb) from public;
grant execute on function utils.path_count(jsonb, jsonb) to authenticated, service_role;
