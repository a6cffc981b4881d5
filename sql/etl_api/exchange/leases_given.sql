create or replace function etl_api.leases_given(leases jsonb, id_name text)
returns table (id uuid, lease_token uuid)
language plpgsql immutable
set search_path = ''
as $$
begin
  if pg_catalog.jsonb_typeof(leases) is distinct from 'array' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('leases is %s: it must be an array', coalesce(pg_catalog.jsonb_typeof(leases), 'null')),
      hint = pg_catalog.format('Give [{"%s", "lease_token"}] as the claim returned them.', id_name);
  end if;
  return query
  select distinct utils.uuid_or_null(e.value -> id_name), utils.uuid_or_null(e.value -> 'lease_token')
  from pg_catalog.jsonb_array_elements(leases) as e (value)
  where utils.uuid_or_null(e.value -> id_name) is not null;
end
$$;

comment on function etl_api.leases_given(jsonb, text) is
  'The ids and lease tokens in a list of claimed work. ETL04: not a list.';

revoke execute on function etl_api.leases_given(jsonb, text) from public;
grant execute on function etl_api.leases_given(jsonb, text) to service_role;
