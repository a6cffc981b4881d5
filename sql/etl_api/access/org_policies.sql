-- Orgs and who belongs to them.

drop policy if exists members_read on public.org;
create policy members_read on public.org
  for select to authenticated
  using (id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.org is 'Members see their orgs.';

drop policy if exists admins_update on public.org;
create policy admins_update on public.org
  for update to authenticated
  using (id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.org is 'Owners and admins change what the grants let them: name and settings.';

drop policy if exists members_read on public.org_member;
create policy members_read on public.org_member
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.org_member is 'Members see who else is one.';

drop policy if exists admins_insert on public.org_member;
create policy admins_insert on public.org_member
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner}')))
    or role <> 'owner' and org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.org_member is 'Owners add anybody, admins everybody but owners.';

drop policy if exists admins_update on public.org_member;
create policy admins_update on public.org_member
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner}')))
    or role <> 'owner' and org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner}')))
    or role <> 'owner' and org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.org_member is 'Owners change anybody, admins everybody but owners, and they make none.';

drop policy if exists admins_delete on public.org_member;
create policy admins_delete on public.org_member
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner}')))
    or role <> 'owner' and org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.org_member is 'Owners remove anybody, admins everybody but owners.';
