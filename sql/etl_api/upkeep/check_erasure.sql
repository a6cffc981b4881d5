create or replace function etl_api.check_erasure(of_org uuid, max_rows int) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if max_rows is null or max_rows not between 1 and 100000 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('max_rows is %s: it must be from 1 to 100000', coalesce(max_rows::text, 'null')),
      hint = 'Leave it out for 1000. Call the function again for more, or leave the rest to the sweep.';
  end if;
  if of_org is null or not exists (select 1 from public.org as o where o.id = of_org) then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no org %s', coalesce(of_org::text, 'null')),
      hint = 'Give the id of a row of org. What was erased stands in etl_api.erasure.';
  end if;
end
$$;

comment on function etl_api.check_erasure(uuid, int) is
  'Refuses arguments of erasures that make no sense. ETL04: max_rows is missing or out of range, or there is no such org.';

revoke execute on function etl_api.check_erasure(uuid, int) from public;
