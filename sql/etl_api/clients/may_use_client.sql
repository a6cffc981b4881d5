create or replace function etl_api.may_use_client(client_id uuid, to_write boolean) returns boolean
language sql stable security definer
set search_path = ''
as $$
  select case
    when auth.uid() is null then etl_api.may_request(null)
    else may_use_client.client_id in (select etl_api.my_clients())
      or exists (
        select 1
        from public.clients as c
        where c.client_id = may_use_client.client_id
          and c.organization_id in (
            select etl_api.my_orgs(case when to_write then '{owner,admin,member}' else '{owner,admin,member,viewer}' end::text[])))
  end
$$;

comment on function etl_api.may_use_client(uuid, boolean) is
  'Whether the caller may read a client''s data, or add to it: the client itself, members of its tenant (viewers read), the service. Of a client that is not there: no, but for the service.';

revoke execute on function etl_api.may_use_client(uuid, boolean) from public;
grant execute on function etl_api.may_use_client(uuid, boolean) to service_role;
