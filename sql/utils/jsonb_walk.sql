-- Only behind "**" may a location be found in several ways, or out of order.
create or replace function utils.jsonb_walk(data jsonb, steps jsonb)
returns table (value jsonb, path text[], place bytea)
language plpgsql immutable parallel safe
set search_path = ''
as $$
#variable_conflict use_column
begin
  if jsonb_walk.steps @> '["**"]' then
    return query
    select distinct on (w.place) w.value, w.path, w.place
    from utils.jsonb_walk_steps(jsonb_walk.data, jsonb_walk.steps, true) as w
    order by w.place;
  else
    return query
    select w.value, w.path, w.place
    from utils.jsonb_walk_steps(jsonb_walk.data, jsonb_walk.steps, false) as w;
  end if;
end
$$;

comment on function utils.jsonb_walk(jsonb, jsonb) is
  'Works for utils.jsonb_resolve: the nodes of data that a path selects, each once, with its location and, where the path has "**", a sort key of the location, in document order.';

revoke execute on function utils.jsonb_walk(jsonb, jsonb) from public;
grant execute on function utils.jsonb_walk(jsonb, jsonb) to authenticated, service_role;
