create or replace function utils.jsonb_depth(data jsonb) returns int
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  low int := 0;
  high int := 1;
  middle int;
begin
  if data is null then
    return null;
  end if;
  -- A loop, since each question needs the answer to the one before: first how far at most, then by halves.
  while utils.jsonb_is_deeper(data, high) loop
    low := high;
    high := 2 * high;
  end loop;
  if not utils.jsonb_is_deeper(data, 0) then
    return 0;
  end if;
  while high - low > 1 loop
    middle := (low + high) / 2;
    if utils.jsonb_is_deeper(data, middle) then
      low := middle;
    else
      high := middle;
    end if;
  end loop;
  return high;
end
$$;

comment on function utils.jsonb_depth(jsonb) is
  'How many levels a document has below its top: 0 for a scalar or {}, 1 for {"a": 1}.';

revoke execute on function utils.jsonb_depth(jsonb) from public;
grant execute on function utils.jsonb_depth(jsonb) to authenticated, service_role;
