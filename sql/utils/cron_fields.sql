create or replace function utils.cron_fields(
  cron text,
  out minutes int[], out hours int[], out days int[], out months int[], out weekdays int[], out any_day boolean,
  out words text[])
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  words := pg_catalog.regexp_split_to_array(
    case pg_catalog.lower(pg_catalog.btrim(cron, E' \t\n\r'))
      when '@yearly' then '0 0 1 1 *'
      when '@annually' then '0 0 1 1 *'
      when '@monthly' then '0 0 1 * *'
      when '@weekly' then '0 0 * * 0'
      when '@daily' then '0 0 * * *'
      when '@midnight' then '0 0 * * *'
      when '@hourly' then '0 * * * *'
      else pg_catalog.btrim(cron, E' \t\n\r')
    end, '\s+');
  if pg_catalog.cardinality(words) <> 5 or pg_catalog.length(cron) > 500 then
    return;
  end if;

  minutes := utils.cron_values(words[1], 0, 59);
  hours := utils.cron_values(words[2], 0, 23);
  days := utils.cron_values(words[3], 1, 31);
  months := utils.cron_values(words[4], 1, 12, '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}');
  weekdays := utils.cron_values(words[5], 0, 7, '{sun,mon,tue,wed,thu,fri,sat}');
  weekdays := array(select distinct d.day % 7 from pg_catalog.unnest(nullif(weekdays, '{}')) as d (day) order by 1);
  weekdays := nullif(weekdays, '{}');
  -- As cron(8): when neither begins with *, either the day of the month or the day of the week is enough.
  any_day := pg_catalog.left(words[3], 1) <> '*' and pg_catalog.left(words[5], 1) <> '*';
end
$$;

comment on function utils.cron_fields(text) is
  'A cron expression read: the values of its fields (Sunday is 0; null where a field is malformed), whether either of day of month and day of week is enough (any_day), and the fields as they stand (words). The fields are null when there are not five of them.';

revoke execute on function utils.cron_fields(text) from public;
grant execute on function utils.cron_fields(text) to authenticated, service_role;
