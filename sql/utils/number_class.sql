create or replace function utils.number_class(number numeric) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return case
    when number <> pg_catalog.trunc(number) then null
    when number in (0, 1) then 'bit'
    when number between 1000 and 2999 then 'year'
    when number between 19000101 and 20991231
      then case when (utils.read_date(number::bigint::text)).moment is not null then 'day' end
    when number between 100000000 and 4102444799 then 'seconds'
    when number between 100000000000 and 4102444799999 then 'millis'
  end;
end
$$;

comment on function utils.number_class(numeric) is
  'What else a whole number could be: bit (0 or 1), year, day (20240305), seconds or millis since 1970; null when nothing.';

revoke execute on function utils.number_class(numeric) from public;
grant execute on function utils.number_class(numeric) to authenticated, service_role;
