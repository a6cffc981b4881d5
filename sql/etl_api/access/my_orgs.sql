create or replace function etl_api.my_orgs(roles text[] default '{owner,admin,member,viewer}') returns setof uuid
language plpgsql stable security definer
set search_path = ''
as $$
begin
  return query
  select m.org_id
  from public.org_member as m
  join public.org as o on o.id = m.org_id
  where m.user_id = auth.uid()
    and m.role = any (my_orgs.roles)
    and o.deleted_at is null;
end
$$;

comment on function etl_api.my_orgs(text[]) is
  'The orgs in which the caller (auth.uid()) has one of the roles. Policies ask it once a statement: org_id = any (array(select etl_api.my_orgs())).';

revoke execute on function etl_api.my_orgs(text[]) from public;
grant execute on function etl_api.my_orgs(text[]) to authenticated, service_role;
