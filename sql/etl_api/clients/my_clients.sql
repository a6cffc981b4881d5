create or replace function etl_api.my_clients() returns setof uuid
language sql stable security definer
set search_path = ''
as $$
  select c.client_id
  from public.clients as c
  join public.org as o on o.id = c.organization_id
  where c.user_id = auth.uid()
    and o.deleted_at is null
$$;

comment on function etl_api.my_clients() is
  'The clients that the caller (auth.uid()) is.';

revoke execute on function etl_api.my_clients() from public;
grant execute on function etl_api.my_clients() to service_role;
