-- What each transform does with a value (anything else, and an unknown transform, gives null):
--   trim, lower, upper   a string (cases by the locale of the database); numbers and booleans pass unchanged
--   number               a number as it is; a string by utils.parse_number ("1,234", "12%" as 0.12), exact at any size
--   integer              as number, and only when it is whole: 12.0 is 12, 12.7 is nothing
--   date                 ISO date or timestamp, or a number of (milli)seconds since 1970, as "YYYY-MM-DD"
--   boolean              by utils.parse_boolean; the numbers 1 and 0 too
--   text, string         any value as text, objects and arrays as compact JSON
--   json                 a string that holds JSON, parsed; anything else unchanged
-- An array is transformed element by element (not by text and json); elements that cannot be are left out.
create or replace function utils.apply_transform(value jsonb, transform text) returns jsonb
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  result jsonb := nullif(value, 'null');
  step text;
begin
  if transform is null then
    return result;
  elsif pg_catalog.jsonb_typeof(result) <> 'array' and pg_catalog.strpos(transform, '|') = 0 then
    return utils.transform_value(result, pg_catalog.btrim(transform));
  end if;
  foreach step in array pg_catalog.string_to_array(transform, '|') loop
    exit when result is null;
    step := pg_catalog.btrim(step);
    if pg_catalog.jsonb_typeof(result) <> 'array' or step in ('text', 'string', 'json') then
      result := utils.transform_value(result, step);
    elsif result <> '[]' then
      select pg_catalog.jsonb_agg(t.value order by e.n)
      into result
      from pg_catalog.jsonb_array_elements(result) with ordinality as e (value, n)
      cross join lateral utils.transform_value(e.value, step) as t (value)
      where t.value is not null;
    end if;
  end loop;
  return result;
end
$$;

comment on function utils.apply_transform(jsonb, text) is
  'A value after transforms joined with "|", applied in order; SQL null when it is null or cannot be transformed. Never raises.';

revoke execute on function utils.apply_transform(jsonb, text) from public;
grant execute on function utils.apply_transform(jsonb, text) to authenticated, service_role;
