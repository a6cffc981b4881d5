create or replace function etl_api.check_purge_arguments(older_than interval, max_rows int, of_org uuid, with_objects boolean)
returns void
language plpgsql stable
set search_path = ''
as $$
begin
  -- Nothing that has just ended: a client may not have its message, a person has not looked.
  if older_than is null or older_than < interval '1 minute' or older_than > interval '1000 years' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('older_than is %s: it must be from a minute to 1000 years', coalesce(older_than::text, 'null')),
      hint = 'Give how long what has ended is kept, such as interval ''30 days''.';
  end if;
  if max_rows is null or max_rows not between 1 and 100000 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('max_rows is %s: it must be from 1 to 100000', coalesce(max_rows::text, 'null')),
      hint = 'Leave it out for 1000. Call the function again for more.';
  end if;
  if with_objects is null then
    raise exception using
      errcode = 'ETL04',
      message = 'with_objects is null: it must be true or false',
      hint = 'Leave it out to keep objects and values.';
  end if;
  if of_org is not null and not exists (select 1 from public.org as o where o.id = of_org) then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no org %s', of_org),
      hint = 'Give the id of a row of org, or null for all.';
  end if;
end
$$;

comment on function etl_api.check_purge_arguments(interval, int, uuid, boolean) is
  'Refuses arguments of etl_api.purge that make no sense. ETL04: one is missing or out of range, or there is no such org.';

revoke execute on function etl_api.check_purge_arguments(interval, int, uuid, boolean) from public;
