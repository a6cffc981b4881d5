-- What the engine does with requests: members read all of it; the one row they write is the request itself.

drop policy if exists members_read on public.workflow_request;
create policy members_read on public.workflow_request
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.workflow_request is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.activity_request;
create policy members_read on public.activity_request
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.activity_request is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.activity_dependency;
create policy members_read on public.activity_dependency
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.activity_dependency is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.object;
create policy members_read on public.object
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.object is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.value;
create policy members_read on public.value
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.value is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.activity_object;
create policy members_read on public.activity_object
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.activity_object is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.run_queue;
create policy members_read on public.run_queue
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.run_queue is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.run_request;
create policy members_read on public.run_request
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.run_request is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.run_response;
create policy members_read on public.run_response
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.run_response is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.activity_result;
create policy members_read on public.activity_result
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.activity_result is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.delivery;
create policy members_read on public.delivery
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.delivery is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.delivery_body;
create policy members_read on public.delivery_body
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.delivery_body is 'Members read the rows of their orgs.';

drop policy if exists members_insert on public.workflow_request;
create policy members_insert on public.workflow_request
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin,member}'))));
comment on policy members_insert on public.workflow_request is 'Owners, admins and members make requests; viewers do not.';

drop policy if exists members_read on public.guardrail_refusal;
create policy members_read on public.guardrail_refusal
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.guardrail_refusal is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.delivery_attempt;
create policy members_read on public.delivery_attempt
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.delivery_attempt is 'Members read the rows of their orgs.';
