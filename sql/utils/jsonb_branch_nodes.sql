-- What lies behind an element of a fan is taken at once when it does not branch again, else by this function for that
-- element. Without "**" no location comes twice, and all come in document order by themselves.
create or replace function utils.jsonb_branch_nodes(data jsonb, steps jsonb)
returns table (value jsonb, location text[])
language plpgsql immutable parallel safe
set search_path = ''
as $$
#variable_conflict use_variable
declare
  node jsonb := data;
  way text[] := '{}'::text[];
  rest jsonb := steps;
  step jsonb;
  kind text;
  tail text[];
  keys text[];
  key text;
  part jsonb;
begin
  loop
    step := rest -> 0;
    kind := pg_catalog.jsonb_typeof(node);
    exit when step is null or kind is null
      or pg_catalog.jsonb_typeof(step) = 'string' and (kind = 'array' or kind = 'object' and step = '"*"');
    way := way || case when step < '0' and kind = 'array'
      then (pg_catalog.jsonb_array_length(node) + step::int)::text else step #>> '{}' end;
    node := case
      when pg_catalog.jsonb_typeof(step) = 'string' then node -> (step #>> '{}')
      when kind = 'array' then node -> step::int
    end;
    rest := rest - 0;
  end loop;
  if step is null or node is null then
    value := node;
    location := way;
    if value is not null then
      return next;
    end if;
    return;
  end if;

  if step = '"*"' then
    rest := rest - 0;
  end if;
  if kind = 'object' then
    keys := array(select pg_catalog.jsonb_object_keys(node));
  end if;
  tail := utils.path_names(rest);
  for n in 0 .. coalesce(pg_catalog.cardinality(keys), pg_catalog.jsonb_array_length(node)) - 1 loop
    key := coalesce(keys[n + 1], n::text);
    part := case when keys is null then node -> n else node -> key end;
    value := part #> tail;
    -- A name on a list is a member of its elements, not of the lists among them.
    continue when step <> '"*"' and pg_catalog.jsonb_typeof(part) <> 'object';
    if value is not null then
      location := way || key || tail;
      return next;
    elsif coalesce(pg_catalog.jsonb_path_exists(part, utils.path_exact(rest)), true) then
      return query
      select n.value, way || key || n.location
      from utils.jsonb_branch_nodes(part, rest) as n;
    end if;
  end loop;
end
$$;

comment on function utils.jsonb_branch_nodes(jsonb, jsonb) is
  'Works for utils.jsonb_resolve: the nodes of small data that a path without "**" selects, with their locations, in document order.';

revoke execute on function utils.jsonb_branch_nodes(jsonb, jsonb) from public;
grant execute on function utils.jsonb_branch_nodes(jsonb, jsonb) to authenticated, service_role;
