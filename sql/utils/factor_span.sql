-- Numbers, truth values, frequencies and times all become a span on one line, so they are compared by one rule. A
-- number is a span of one point; 2020 as a time is a span of a year.
create or replace function utils.factor_span(input jsonb, value_type text) returns numeric[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  is_number constant boolean := pg_catalog.jsonb_typeof(input) = 'number';
  content text;
  point numeric;
begin
  if pg_catalog.jsonb_typeof(input) in ('array', 'object', 'null') then
    return null;
  end if;
  content := input #>> '{}';
  case value_type
    when 'number' then
      point := case when is_number then input::numeric else utils.parse_number(content) end;
    when 'boolean' then
      point := utils.parse_boolean(content)::int;
    when 'frequency' then
      point := case when is_number then input::numeric else utils.factor_rate(content) end;
    when 'date', 'timestamp' then
      if not is_number or (input::numeric between 1000 and 9999 and content ~ '^[0-9]{4}$') then
        return utils.factor_time_span(content, value_type = 'date');
      end if;
      -- As utils.parse_date reads it: seconds since 1970, from 1e11 on milliseconds.
      if input::numeric not between -62135596800000 and 253402300799999 then
        return null;
      end if;
      point := pg_catalog.floor(
        input::numeric * case when pg_catalog.abs(input::numeric) < 100000000000 then 1000000 else 1000 end);
      if value_type = 'date' then
        point := pg_catalog.floor(point / 86400000000) * 86400000000;
        return array[point, point + 86399999999];
      end if;
    else
      return null;
  end case;
  return case when point is not null then array[point, point] end;
end
$$;

comment on function utils.factor_span(jsonb, text) is
  'Where a value lies on a line, as {first, last}: a number, boolean, frequency (times a year), date or timestamp (microseconds since 1970); null when it is not of the type.';

revoke execute on function utils.factor_span(jsonb, text) from public;
grant execute on function utils.factor_span(jsonb, text) to authenticated, service_role;
