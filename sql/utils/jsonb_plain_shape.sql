-- The shape is read off the first node at each step. It is the only one if, behind the first fan, no node is an array
-- where an object was seen, and no object where an array was seen: jsonpath tells that fast.
-- Nodes are looked at by location, since keeping a large node in a variable would copy it.
create or replace function utils.jsonb_plain_shape(data jsonb, steps jsonb) returns text[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  shape text[] := '{}'::text[];
  location text[] := '{}'::text[];
  fan int;  -- the first one
  doubts text[] := '{}'::text[];
  step jsonb;
  kind text;
  doubt text;
begin
  for step in select e.step from pg_catalog.jsonb_array_elements(steps) with ordinality as e (step, n) order by e.n loop
    kind := pg_catalog.jsonb_typeof(data #> location);
    if step = '"**"' or kind is null or kind not in ('object', 'array') then
      return null;
    end if;
    -- Only an array or object that is not empty would give more nodes, so asking for what is in it is enough.
    if fan is not null and pg_catalog.jsonb_typeof(step) = 'string' then
      doubts := doubts || (utils.shape_jsonpath(shape) || case kind when 'object' then '[*]' else '.*' end);
    end if;
    if pg_catalog.jsonb_typeof(step) = 'number' then
      if kind <> 'array' or step < '0' and fan is not null then
        return null;
      end if;
      step := case when step < '0' then pg_catalog.to_jsonb(pg_catalog.jsonb_array_length(data #> location) + step::int)
        else step end;
      shape := shape || ('#' || step::text);
      location := location || step::text;
    else
      if kind = 'array' then
        shape := shape || '[]'::text;
        location := location || '0'::text;
      elsif step = '"*"' then
        shape := shape || '{}'::text;
        location := location || (
          select k.name from pg_catalog.jsonb_object_keys(data #> location) as k (name) limit 1);
      end if;
      fan := coalesce(fan, pg_catalog.array_position(shape, '[]'), pg_catalog.array_position(shape, '{}'));
      if step <> '"*"' then
        shape := shape || ('.' || (step #>> '{}'));
        location := location || (step #>> '{}');
      end if;
    end if;
  end loop;
  foreach doubt in array doubts loop
    if pg_catalog.jsonb_path_exists(data, doubt::jsonpath) then
      return null;
    end if;
  end loop;
  return shape;
end
$$;

comment on function utils.jsonb_plain_shape(jsonb, jsonb) is
  'The one shape of all nodes of a path without "**"; null where it cannot be told or there are several.';

revoke execute on function utils.jsonb_plain_shape(jsonb, jsonb) from public;
grant execute on function utils.jsonb_plain_shape(jsonb, jsonb) to authenticated, service_role;
