create or replace function utils.delivery_schedule_error(schedule jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  if schedule is null then
    return null;
  elsif pg_catalog.jsonb_typeof(schedule) <> 'array' or pg_catalog.jsonb_array_length(schedule) > 50 then
    return 'is a list of at most 50 numbers, such as [5, 300, 1800]';
  end if;
  return (
    select pg_catalog.format('%s is not a number of seconds from 1 to 864000', pg_catalog."left"(s.wait::text, 80))
    from pg_catalog.jsonb_array_elements(schedule) with ordinality as s (wait, place)
    where case pg_catalog.jsonb_typeof(s.wait)
      when 'number' then (s.wait #>> '{}')::numeric not between 1 and 864000
      else true end
    order by s.place
    limit 1);
end
$$;

comment on function utils.delivery_schedule_error(jsonb) is
  'What is wrong with the schedule of a webhook endpoint, in words; null when nothing is.';

revoke execute on function utils.delivery_schedule_error(jsonb) from public;
grant execute on function utils.delivery_schedule_error(jsonb) to service_role;
