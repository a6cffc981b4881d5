-- migrate:up
-- Written by `npm run migration` from the files under sql/.

-- Functions may name each other in a circle.
set local check_function_bodies = off;

-- source: sql/etl_api/access/check_config_org.sql
create or replace function etl_api.check_config_org() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  -- One function for five tables: a column that a table lacks is looked up in "absent", because an unqualified
  -- name which the inner query does not know belongs to the outer one.
  select n.id, n.org_id, named.field, named.id as named_id into fault
  from (
    select null::uuid as object_type_id, null::uuid as source_id, null::uuid as datapoint_id,
      null::uuid as activity_id, null::uuid[] as source_ids) as absent
  cross join lateral (
    select id, org_id, object_type_id, source_id, datapoint_id, activity_id, source_ids
    from new_rows) as n
  cross join lateral (
    select 'object_type_id' as field, t.id, t.org_id from public.object_type as t where t.id = n.object_type_id
    union all
    select 'source_id', s.id, s.org_id from public.source as s where s.id = n.source_id
    union all
    select 'datapoint_id', d.id, d.org_id from public.datapoint as d where d.id = n.datapoint_id
    union all
    select 'activity_id', a.id, a.org_id from public.activity as a where a.id = n.activity_id
    union all
    -- An array has no foreign key: a source that does not exist is a stranger too.
    select 'source_ids', i.id, case when s.id is null then '00000000-0000-0000-0000-000000000000' else s.org_id end
    from pg_catalog.unnest(n.source_ids) as i (id)
    left join public.source as s on s.id = i.id) as named
  where named.org_id is not null
    and named.org_id is distinct from n.org_id
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = case
        when fault.org_id is null then
          pg_catalog.format('%s %s is shared, but its %s %s is not', tg_table_name, fault.id, fault.field, fault.named_id)
        else
          pg_catalog.format('%s %s belongs to org %s, but its %s %s neither does nor is shared', tg_table_name, fault.id,
            fault.org_id, fault.field, fault.named_id)
        end,
      hint = 'A row of an org names rows of that org or shared ones (org_id null); a shared row names shared ones.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_config_org() is
  'Refuses configuration that names a row of another org, for every writer. ETL07 with the field.';

revoke execute on function etl_api.check_config_org() from public;
-- end of source

-- source: sql/etl_api/access/check_mapping_rules.sql
create or replace function etl_api.check_mapping_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  select n.id, 'key_mapping_json' as field, utils.mapping_error(n.key_mapping_json) as fault into fault
  from new_rows as n
  where utils.mapping_error(n.key_mapping_json) is not null
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s: %s: %s', tg_table_name, fault.id, fault.field, fault.fault),
      hint = 'Correct this field; nothing of the statement was written.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_mapping_rules() is
  'Refuses mappings that the engine could not follow. ETL07 with a sentence.';

revoke execute on function etl_api.check_mapping_rules() from public;
-- end of source

-- source: sql/etl_api/access/check_source_rules.sql
create or replace function etl_api.check_source_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  select n.id, f.field, f.fault into fault
  from new_rows as n
  cross join lateral (
    values
      ('run_request_template', utils.template_error(n.run_request_template)),
      ('status_request_template',
        case when n.status_request_template is not null then utils.template_error(n.status_request_template) end),
      ('delivery_request_template',
        case when n.delivery_request_template is not null then utils.template_error(n.delivery_request_template) end),
      ('rate_limit', etl_api.policy_error(n.rate_limit, '{second,minute,day}')),
      ('retry_policy',
        etl_api.policy_error(n.retry_policy, '{max_attempts,base_seconds,factor,max_seconds,jitter}')),
      ('poll_policy', etl_api.policy_error(n.poll_policy, '{first_seconds,factor,max_seconds,max_polls}')),
      ('activity_types', case when not n.activity_types <@ '{enrichment,extract,sourcing}' then
        'only enrichment, extract and sourcing are known' end)
  ) as f (field, fault)
  where f.fault is not null
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s: %s: %s', tg_table_name, fault.id, fault.field, fault.fault),
      hint = 'Correct this field; nothing of the statement was written.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_source_rules() is
  'Refuses sources whose templates or limits the engine could not use. ETL07 with the field and a sentence.';

revoke execute on function etl_api.check_source_rules() from public;
-- end of source

-- source: sql/etl_api/access/grants.sql
-- Who may touch which table at all; which rows, the policies say. Supabase grants everything in schema public to
-- anon and authenticated when a table is made, so first all of it is taken back.
revoke all on
  public.org,
  public.org_member,
  public.object_type,
  public.datapoint,
  public.source,
  public.object_source,
  public.datapoint_source,
  public.activity,
  public.factor,
  public.webhook_endpoint,
  public.workflow_request,
  public.activity_request,
  public.activity_dependency,
  public.object,
  public.value,
  public.activity_object,
  public.run_queue,
  public.run_request,
  public.run_request_payload,
  public.run_response,
  public.activity_result,
  public.delivery,
  public.delivery_body,
  etl_api.state_transition,
  etl_api.state_history,
  etl_api.state_history_default,
  etl_api.advance_queue,
  etl_api.request_key,
  etl_api.etl_log,
  etl_api.setting,
  public.workflow_schedule,
  public.guardrail_refusal,
  etl_api.source_window,
  etl_api.source_turn,
  etl_api.budget_used,
  etl_api.roll_up_mark,
  etl_api.state_count,
  etl_api.state_duration,
  etl_api.usage_day,
  etl_api.org_count_delta,
  etl_api.alert_rule,
  etl_api.alert
from public, anon, authenticated;

grant select on
  public.org,
  public.workflow_request,
  public.activity_request,
  public.activity_dependency,
  public.object,
  public.value,
  public.activity_object,
  public.run_queue,
  public.run_request,
  public.run_request_payload,
  public.run_response,
  public.activity_result,
  public.delivery,
  public.delivery_body,
  etl_api.state_transition,
  etl_api.state_history,
  etl_api.etl_log,
  public.guardrail_refusal,
  etl_api.state_count,
  etl_api.state_duration,
  etl_api.usage_day,
  etl_api.alert
to authenticated;

grant select, insert, update, delete on
  public.org_member,
  public.object_type,
  public.datapoint,
  public.source,
  public.object_source,
  public.datapoint_source,
  public.activity,
  public.factor,
  public.webhook_endpoint
to authenticated;

-- When a schedule or a rule was last at work is the engine's to write.
grant select, delete on
  public.workflow_schedule,
  etl_api.alert_rule
to authenticated;
grant insert (org_id, name, cron, time_zone, data, priority, enabled), update (name, cron, time_zone, data, priority, enabled)
  on public.workflow_schedule to authenticated;
grant
  insert (org_id, name, kind, threshold, window_seconds, source_id, endpoint_id, enabled),
  update (name, kind, threshold, window_seconds, source_id, endpoint_id, enabled)
  on etl_api.alert_rule to authenticated;

-- The counters and charges of an org, and every column of a request but these, are the engine's.
grant update (name, settings) on public.org to authenticated;
grant insert (org_id, data, idempotency_key, priority, not_before, deadline_at) on public.workflow_request to authenticated;

grant select, insert, update, delete on
  public.org,
  public.org_member,
  public.object_type,
  public.datapoint,
  public.source,
  public.object_source,
  public.datapoint_source,
  public.activity,
  public.factor,
  public.webhook_endpoint,
  public.workflow_request,
  public.activity_request,
  public.activity_dependency,
  public.object,
  public.value,
  public.activity_object,
  public.run_queue,
  public.run_request,
  public.run_request_payload,
  public.run_response,
  public.activity_result,
  public.delivery,
  public.delivery_body,
  etl_api.advance_queue,
  etl_api.request_key,
  etl_api.setting,
  public.workflow_schedule,
  public.guardrail_refusal,
  etl_api.source_window,
  etl_api.source_turn,
  etl_api.budget_used,
  etl_api.roll_up_mark,
  etl_api.state_count,
  etl_api.state_duration,
  etl_api.usage_day,
  etl_api.org_count_delta,
  etl_api.alert_rule,
  etl_api.alert
to service_role;
grant select, insert on etl_api.etl_log to service_role;
grant select on etl_api.state_transition, etl_api.state_history to service_role;
-- end of source

-- source: sql/etl_api/access/keep_config_org.sql
create or replace function etl_api.keep_config_org() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception using
    errcode = 'ETL07',
    message = pg_catalog.format('%s %s: org_id never changes', tg_table_name, old.id),
    hint = 'Insert a copy for the other org.';
end
$$;

comment on function etl_api.keep_config_org() is
  'Refuses to move a configuration row to another org. ETL07.';

revoke execute on function etl_api.keep_config_org() from public;
-- end of source

-- source: sql/etl_api/access/may_request.sql
create or replace function etl_api.may_request(org_id uuid) returns boolean
language sql stable
set search_path = ''
as $$
  select case
    when auth.uid() is not null then
      coalesce(may_request.org_id in (select etl_api.my_orgs('{owner,admin,member}')), false)
    else
      -- Nobody signed in: an operator or the service. Inside a security definer function current_user is the
      -- owner, so the caller is the role that was set, or who logged in.
      pg_catalog.pg_has_role(
        coalesce(nullif(pg_catalog.current_setting('role', true), 'none'), session_user::text),
        'service_role', 'usage')
    end
$$;

comment on function etl_api.may_request(uuid) is
  'Whether the caller may make and change requests of an org: its owners, admins and members; without a signed-in user only service_role and who has its rights. For the first statement of security definer functions.';

revoke execute on function etl_api.may_request(uuid) from public;
grant execute on function etl_api.may_request(uuid) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/access/my_orgs.sql
create or replace function etl_api.my_orgs(roles text[] default '{owner,admin,member,viewer}') returns setof uuid
language sql stable security definer
set search_path = ''
as $$
  select m.org_id
  from public.org_member as m
  join public.org as o on o.id = m.org_id
  where m.user_id = auth.uid()
    and m.role = any (my_orgs.roles)
    and o.deleted_at is null
$$;

comment on function etl_api.my_orgs(text[]) is
  'The orgs in which the caller (auth.uid()) has one of the roles. Policies ask it once a statement: org_id = any (array(select etl_api.my_orgs())).';

revoke execute on function etl_api.my_orgs(text[]) from public;
grant execute on function etl_api.my_orgs(text[]) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/access/org_policies.sql
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
-- end of source

-- source: sql/etl_api/access/policy_error.sql
create or replace function etl_api.policy_error(policy jsonb, known text[]) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when policy is null or policy = 'null' then null
    when pg_catalog.jsonb_typeof(policy) <> 'object' then
      pg_catalog.format('an object of numbers, not %s', pg_catalog.jsonb_typeof(policy))
    else (
      select case
        when not p.key = any (known) then
          pg_catalog.format('"%s" is unknown: known are %s', p.key, pg_catalog.array_to_string(known, ', '))
        else pg_catalog.format('"%s" is a number from 0 to 1000000000, not %s', p.key, pg_catalog."left"(p.value::text, 80))
        end
      from pg_catalog.jsonb_each(policy) as p
      where not p.key = any (known)
        or case when pg_catalog.jsonb_typeof(p.value) = 'number'
          then not (p.value #>> '{}')::numeric between 0 and 1000000000 else true end
      order by p.key
      limit 1)
    end
$$;

comment on function etl_api.policy_error(jsonb, text[]) is
  'What is wrong with a policy that consists of numbers (rate_limit, retry_policy, poll_policy); null when nothing is.';

revoke execute on function etl_api.policy_error(jsonb, text[]) from public;
grant execute on function etl_api.policy_error(jsonb, text[]) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/access/trigger_check_config_org.sql
-- A row of an org names only rows of that org or shared ones; see etl_api.check_config_org.

drop trigger if exists check_config_org_insert on public.datapoint;
create trigger check_config_org_insert
  after insert on public.datapoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_insert on public.datapoint is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_update on public.datapoint;
create trigger check_config_org_update
  after update on public.datapoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_update on public.datapoint is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_insert on public.object_source;
create trigger check_config_org_insert
  after insert on public.object_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_insert on public.object_source is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_update on public.object_source;
create trigger check_config_org_update
  after update on public.object_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_update on public.object_source is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_insert on public.datapoint_source;
create trigger check_config_org_insert
  after insert on public.datapoint_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_insert on public.datapoint_source is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_update on public.datapoint_source;
create trigger check_config_org_update
  after update on public.datapoint_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_update on public.datapoint_source is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_insert on public.factor;
create trigger check_config_org_insert
  after insert on public.factor
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_insert on public.factor is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_update on public.factor;
create trigger check_config_org_update
  after update on public.factor
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_update on public.factor is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_insert on public.activity;
create trigger check_config_org_insert
  after insert on public.activity
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_insert on public.activity is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_update on public.activity;
create trigger check_config_org_update
  after update on public.activity
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_update on public.activity is
  'What a row names belongs to its own org or is shared.';
-- end of source

-- source: sql/etl_api/access/trigger_check_rules.sql
-- What the engine reads at work is checked when it is written.

drop trigger if exists check_source_rules_insert on public.source;
create trigger check_source_rules_insert
  after insert on public.source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_source_rules();
comment on trigger check_source_rules_insert on public.source is
  'Templates and limits are valid before the engine meets them.';

drop trigger if exists check_source_rules_update on public.source;
create trigger check_source_rules_update
  after update on public.source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_source_rules();
comment on trigger check_source_rules_update on public.source is
  'Templates and limits are valid before the engine meets them.';

drop trigger if exists check_mapping_rules_insert on public.object_source;
create trigger check_mapping_rules_insert
  after insert on public.object_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_rules();
comment on trigger check_mapping_rules_insert on public.object_source is
  'A mapping is valid before the engine meets it.';

drop trigger if exists check_mapping_rules_update on public.object_source;
create trigger check_mapping_rules_update
  after update on public.object_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_rules();
comment on trigger check_mapping_rules_update on public.object_source is
  'A mapping is valid before the engine meets it.';

drop trigger if exists check_mapping_rules_insert on public.datapoint_source;
create trigger check_mapping_rules_insert
  after insert on public.datapoint_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_rules();
comment on trigger check_mapping_rules_insert on public.datapoint_source is
  'A mapping is valid before the engine meets it.';

drop trigger if exists check_mapping_rules_update on public.datapoint_source;
create trigger check_mapping_rules_update
  after update on public.datapoint_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_rules();
comment on trigger check_mapping_rules_update on public.datapoint_source is
  'A mapping is valid before the engine meets it.';
-- end of source

-- source: sql/etl_api/access/trigger_keep_config_org.sql
-- A row never moves to another org, because other rows name it. By row, but the condition lets no row through that
-- does not try.

drop trigger if exists keep_config_org on public.object_type;
create trigger keep_config_org
  before update of org_id on public.object_type
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on public.object_type is
  'A row never moves to another org.';

drop trigger if exists keep_config_org on public.datapoint;
create trigger keep_config_org
  before update of org_id on public.datapoint
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on public.datapoint is
  'A row never moves to another org.';

drop trigger if exists keep_config_org on public.source;
create trigger keep_config_org
  before update of org_id on public.source
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on public.source is
  'A row never moves to another org.';

drop trigger if exists keep_config_org on public.object_source;
create trigger keep_config_org
  before update of org_id on public.object_source
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on public.object_source is
  'A row never moves to another org.';

drop trigger if exists keep_config_org on public.datapoint_source;
create trigger keep_config_org
  before update of org_id on public.datapoint_source
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on public.datapoint_source is
  'A row never moves to another org.';

drop trigger if exists keep_config_org on public.activity;
create trigger keep_config_org
  before update of org_id on public.activity
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on public.activity is
  'A row never moves to another org.';

drop trigger if exists keep_config_org on public.factor;
create trigger keep_config_org
  before update of org_id on public.factor
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on public.factor is
  'A row never moves to another org.';
-- end of source

-- source: sql/etl_api/access/work_policies.sql
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

drop policy if exists members_read on public.run_request_payload;
create policy members_read on public.run_request_payload
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.run_request_payload is 'Members read the rows of their orgs.';

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
-- end of source

-- source: sql/etl_api/activities/activities_without_open_runs.sql
create or replace function etl_api.activities_without_open_runs(activity_request_ids uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select pg_catalog.array_agg(ar.id order by ar.id)
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)
      and ar.state = 'in_progress'
      and not exists (
        select 1
        from public.run_queue as q
        where q.activity_request_id = ar.id
          and q.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')));
end
$$;

comment on function etl_api.activities_without_open_runs(uuid[]) is
  'Those of these activity requests that are in progress with no open run; null when there is none.';

revoke execute on function etl_api.activities_without_open_runs(uuid[]) from public;
grant execute on function etl_api.activities_without_open_runs(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/activity_ends.sql
create or replace function etl_api.activity_ends(activity_request_ids uuid[])
returns table (activity_request_id uuid, state public.activity_request_state, substate text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select ar.id,
    case
      when runs.failed > 0 and runs.done = 0 and found.objects = 0 then 'failed'
      when ar.activity_type = 'enrichment' and runs.failed > 0 and runs.done = 0 and found."values" = 0 then 'failed'
      when ar.activity_type = 'enrichment' and found.objects = 0 and ar.errors is not null then 'failed'
      else 'done'
    end::public.activity_request_state,
    case
      when runs.failed > 0 and runs.done = 0 and (found.objects = 0 or (ar.activity_type = 'enrichment' and found."values" = 0))
        then 'all_runs_failed'
      when found.objects = 0 and ar.activity_type = 'enrichment' and ar.errors is not null then 'missing_value'
      when found.objects = 0 then 'no_objects'
      when found.missing > 0 or ar.errors is not null or (ar.activity_type <> 'enrichment' and runs.failed > 0) then 'partial'
    end
  from public.activity_request as ar
  cross join lateral (
    select
      pg_catalog.count(*) filter (where q.state = 'done') as done,
      pg_catalog.count(*) filter (where q.state in ('failed', 'invalid', 'timedout')) as failed
    from public.run_queue as q
    where q.activity_request_id = ar.id
  ) as runs
  cross join lateral (
    select (r.summary ->> 'objects')::bigint as objects,
      (r.summary ->> 'values')::bigint as "values",
      (r.summary ->> 'missing')::bigint as missing
    from public.activity_result as r
    where r.activity_request_id = ar.id
  ) as found
  where ar.id = any (activity_request_ids);
end
$$;

comment on function etl_api.activity_ends(uuid[]) is
  'How activity requests whose runs have all ended end: done (partial when asked-for values are missing or a search run failed, no_objects), or failed (all_runs_failed with nothing to show, missing_value when no input object had a key). Read after the result was rebuilt.';

revoke execute on function etl_api.activity_ends(uuid[]) from public;
grant execute on function etl_api.activity_ends(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/advance_activities.sql
create or replace function etl_api.advance_activities(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  over_ids uuid[];
begin
  over_ids := etl_api.activities_without_open_runs(activity_request_ids);
  if over_ids is null then
    return;
  end if;

  -- A search that found nothing has its next source asked; what then has an open run goes on.
  if etl_api.create_run(over_ids) > 0 then
    over_ids := etl_api.activities_without_open_runs(over_ids);
    if over_ids is null then
      return;
    end if;
  end if;

  perform etl_api.reconstruct_values_to_activity_requests(over_ids);

  update public.activity_request as ar
  set state = e.state,
      state_via = null,
      state_substate = e.substate,
      finished_at = utils.now()
  from etl_api.activity_ends(over_ids) as e
  where ar.id = e.activity_request_id
    and ar.state = 'in_progress';

  perform etl_api.deliver_activity_results(over_ids);
  perform etl_api.advance_workflows(array(
    select distinct ar.workflow_request_id
    from public.activity_request as ar
    where ar.id = any (over_ids)));
end
$$;

comment on function etl_api.advance_activities(uuid[]) is
  'Moves on those of these activity requests whose runs have all ended: asks the next source where one is left, else rebuilds the result, ends the activity, queues its messages and moves its workflow on. The caller holds the workflow locks.';

revoke execute on function etl_api.advance_activities(uuid[]) from public;
grant execute on function etl_api.advance_activities(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/advance_workflows.sql
create or replace function etl_api.advance_workflows(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  ids uuid[];
  dropped_ids uuid[];
begin
  select pg_catalog.array_agg(w.id order by w.id) into ids
  from public.workflow_request as w
  where w.id = any (workflow_request_ids)
    and w.replay = 0
    and w.state = 'in_progress';
  if ids is null then
    return;
  end if;

  -- An activity that cannot start any more ends here, and what waits for that one with it, step by step.
  loop
    with dropped as (
      update public.activity_request as ar
      set state = 'invalid',
          state_via = null,
          state_substate = 'dependency_failed',
          errors = pg_catalog.jsonb_build_array(etl_api.dependency_error(ar.id)),
          finished_at = utils.now()
      where ar.workflow_request_id = any (ids)
        and ar.state = 'waiting'
        and exists (
          select 1
          from public.activity_dependency as d
          join public.activity_request as before on before.id = d.depends_on_id
          where d.activity_request_id = ar.id
            and before.state in ('failed', 'timedout', 'invalid'))
      returning ar.id
    )
    select pg_catalog.array_agg(dropped.id) into dropped_ids
    from dropped;
    exit when dropped_ids is null;
    perform etl_api.deliver_activity_results(dropped_ids);
  end loop;

  perform etl_api.end_workflows(ids);
  perform etl_api.start_waiting_activities(ids);
end
$$;

comment on function etl_api.advance_workflows(uuid[]) is
  'Moves workflow requests on: ends those whose activities have all ended, starts what waited for a phase or an activity that is over. The caller holds the workflow locks.';

revoke execute on function etl_api.advance_workflows(uuid[]) from public;
grant execute on function etl_api.advance_workflows(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/dependency_error.sql
create or replace function etl_api.dependency_error(activity_request_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'code', 'dependency_failed',
    'path', '$.data.' || before.activity_key,
    'found', before.state,
    'message', pg_catalog.format('This activity takes the objects of %s, which ended as %s.', before.activity_key, before.state),
    'hint', pg_catalog.format('Retry %s, then this one.', before.activity_key))
  from public.activity_dependency as d
  join public.activity_request as before on before.id = d.depends_on_id
  where d.activity_request_id = dependency_error.activity_request_id
    and before.state in ('failed', 'timedout', 'invalid')
  order by before.activity_key
  limit 1
$$;

comment on function etl_api.dependency_error(uuid) is
  'Which activity an activity request waited for in vain: {code, path, found, message, hint}.';

revoke execute on function etl_api.dependency_error(uuid) from public;
grant execute on function etl_api.dependency_error(uuid) to service_role;
-- end of source

-- source: sql/etl_api/activities/drain_advance_queue.sql
create or replace function etl_api.drain_advance_queue(max_rows int default 1000) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  activity_ids uuid[];
begin
  with noted as (
    delete from etl_api.advance_queue as a
    where a.id in (
      select n.id
      from etl_api.advance_queue as n
      order by n.id
      limit max_rows
      for update skip locked)
    returning a.activity_request_id
  )
  select pg_catalog.array_agg(distinct noted.activity_request_id) into activity_ids
  from noted;
  if activity_ids is null then
    return 0;
  end if;

  perform etl_api.lock_workflows(array(
    select distinct ar.workflow_request_id
    from public.activity_request as ar
    where ar.id = any (activity_ids)));
  perform etl_api.create_run(activity_ids);
  perform etl_api.advance_activities(activity_ids);
  return pg_catalog.cardinality(activity_ids);
end
$$;

comment on function etl_api.drain_advance_queue(int) is
  'Looks again at the activity requests noted in advance_queue: creates the runs they need next, or ends them. Returns how many.';

revoke execute on function etl_api.drain_advance_queue(int) from public;
grant execute on function etl_api.drain_advance_queue(int) to service_role;
-- end of source

-- source: sql/etl_api/activities/end_workflows.sql
create or replace function etl_api.end_workflows(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  ended_ids uuid[];
begin
  with ended as (
    update public.workflow_request as w
    set state = case when a.done > 0 then 'done' else 'failed' end::public.workflow_request_state,
        state_via = null,
        state_substate = case
          when a.done = 0 then 'all_activities_failed'
          when a.done < a.count or a.partial > 0 then 'partial'
        end,
        finished_at = utils.now()
    from (
      select ar.workflow_request_id,
        pg_catalog.count(*) as count,
        pg_catalog.count(*) filter (where ar.state in ('done', 'delivered')) as done,
        pg_catalog.count(*) filter (where ar.state in ('done', 'delivered') and ar.state_substate = 'partial') as partial,
        pg_catalog.count(*) filter (where ar.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')) as open
      from public.activity_request as ar
      where ar.workflow_request_id = any (workflow_request_ids)
      group by ar.workflow_request_id
    ) as a
    where w.id = a.workflow_request_id
      and w.replay = 0
      and w.state = 'in_progress'
      and a.open = 0
    returning w.id
  )
  select pg_catalog.array_agg(ended.id) into ended_ids
  from ended;
  if ended_ids is not null then
    perform etl_api.deliver_workflow_results(ended_ids);
    perform etl_api.settle_deliveries(ended_ids);
  end if;
end
$$;

comment on function etl_api.end_workflows(uuid[]) is
  'Ends the workflow requests whose activities have all ended: done when at least one is (partial when not all, or not wholly), else failed; queues their messages. The caller holds the workflow locks.';

revoke execute on function etl_api.end_workflows(uuid[]) from public;
grant execute on function etl_api.end_workflows(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/find_input_objects.sql
create or replace function etl_api.find_input_objects(
  data jsonb, org_id uuid, source_ids uuid[], wanted_type_id uuid default null)
returns table (object_type_id uuid, natural_key jsonb, object jsonb, path text[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select m.object_type_id, etl_api.natural_key(t.key_datapoints, o.raw || o.object), o.raw || o.object, o.path
  from etl_api.input_mappings(find_input_objects.org_id, source_ids, wanted_type_id) as m
  join public.object_type as t on t.id = m.object_type_id
  cross join lateral utils.jsonb_resolve_object_names(data, m.key_mapping_json) as o;
end
$$;

comment on function etl_api.find_input_objects(jsonb, uuid, uuid[], uuid) is
  'The objects in a request''s data, where the input mappings say they are (see input_mappings); of wanted_type_id, or of every type when it is null. natural_key is null when a part of the key is missing.';

revoke execute on function etl_api.find_input_objects(jsonb, uuid, uuid[], uuid) from public;
grant execute on function etl_api.find_input_objects(jsonb, uuid, uuid[], uuid) to service_role;
-- end of source

-- source: sql/etl_api/activities/input_mappings.sql
create or replace function etl_api.input_mappings(org_id uuid, source_ids uuid[], wanted_type_id uuid default null)
returns table (object_type_id uuid, key_mapping_json jsonb)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Two sources may describe the same place: a path is read once per type and mapping.
  return query
  select distinct os.object_type_id, os.key_mapping_json
  from public.object_source as os
  where os.source_id = any (source_ids)
    and os.direction = 'input'
    and (wanted_type_id is null or os.object_type_id = wanted_type_id);
  if found or wanted_type_id is null then
    return;
  end if;

  -- Where the objects sit is the request's business: the sources asked may leave it to another of the org to say.
  return query
  select distinct os.object_type_id, os.key_mapping_json
  from public.object_source as os
  where os.object_type_id = wanted_type_id
    and os.direction = 'input'
    and (os.org_id is null or os.org_id = input_mappings.org_id);
end
$$;

comment on function etl_api.input_mappings(uuid, uuid[], uuid) is
  'Where input objects sit in a request''s data: the input mappings of the sources asked, of one type or (null) of every type; for one type, where these have none, those of every source the org sees.';

revoke execute on function etl_api.input_mappings(uuid, uuid[], uuid) from public;
grant execute on function etl_api.input_mappings(uuid, uuid[], uuid) to service_role;
-- end of source

-- source: sql/etl_api/activities/natural_key.sql
create or replace function etl_api.natural_key(key_datapoints text[], object jsonb) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  -- One member missing, and there is no key: an object known by half a key would merge with others.
  select case when pg_catalog.count(part.value) = pg_catalog.cardinality(key_datapoints)
    then pg_catalog.jsonb_object_agg(part.name, part.value) end
  from (
    select k.name,
      case pg_catalog.jsonb_typeof(object -> k.name)
        when 'string' then pg_catalog.to_jsonb(nullif(
          pg_catalog.lower(pg_catalog.btrim(pg_catalog.normalize(object ->> k.name, 'NFC'), E' \t\r\n')), ''))
        when 'number' then pg_catalog.to_jsonb(pg_catalog.trim_scale((object ->> k.name)::numeric))
        when 'boolean' then object -> k.name
      end as value
    from unnest(key_datapoints) as k (name)
  ) as part
$$;

comment on function etl_api.natural_key(text[], jsonb) is
  'The natural key of an object: {datapoint: value}, text trimmed, lower-case and in NFC, so that two spellings are one object; what is lower-case follows the locale of the database. Null when a part is missing, empty or not a scalar.';

revoke execute on function etl_api.natural_key(text[], jsonb) from public;
grant execute on function etl_api.natural_key(text[], jsonb) to service_role;
-- end of source

-- source: sql/etl_api/activities/path_text.sql
create or replace function etl_api.path_text(path jsonb) returns text
language sql immutable
set search_path = ''
as $$
  select '$' || coalesce(pg_catalog.string_agg(
    case pg_catalog.jsonb_typeof(e.value)
      when 'number' then '[' || e.value::text || ']'
      else case
        when e.value #>> '{}' = '*' then '.*'
        when e.value #>> '{}' = '**' then '.**'
        when e.value #>> '{}' ~ '^[A-Za-z_][A-Za-z0-9_]*$' then '.' || (e.value #>> '{}')
        when e.value #>> '{}' ~ '^[0-9]+$' then '[' || (e.value #>> '{}') || ']'
        else '[' || e.value::text || ']'
      end
    end, '' order by e.place), '')
  from pg_catalog.jsonb_array_elements(
    case when pg_catalog.jsonb_typeof(path) = 'array' then path else pg_catalog.jsonb_build_array(path) end)
    with ordinality as e (value, place)
$$;

comment on function etl_api.path_text(jsonb) is
  'A path as people write it: ["input", "companies", 2] is $.input.companies[2].';

revoke execute on function etl_api.path_text(jsonb) from public;
grant execute on function etl_api.path_text(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/activities/process_activity_request_by_id.sql
create or replace function etl_api.process_activity_request_by_id(activity_request_id uuid) returns void
language sql
set search_path = ''
as $$
  select etl_api.process_activity_requests(array[activity_request_id])
$$;

comment on function etl_api.process_activity_request_by_id(uuid) is
  'Starts one activity request that is ready; see process_activity_requests.';

revoke execute on function etl_api.process_activity_request_by_id(uuid) from public;
grant execute on function etl_api.process_activity_request_by_id(uuid) to service_role;
-- end of source

-- source: sql/etl_api/activities/process_activity_requests.sql
create or replace function etl_api.process_activity_requests(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  ready_ids uuid[];
  fault_ids uuid[];
  faults jsonb[];
begin
  select pg_catalog.array_agg(ar.id order by ar.id) into ready_ids
  from public.activity_request as ar
  where ar.id = any (activity_request_ids)
    and ar.state = 'ready';
  if ready_ids is null then
    return;
  end if;

  select pg_catalog.array_agg(f.activity_request_id), pg_catalog.array_agg(f.faults) into fault_ids, faults
  from etl_api.store_input_objects(ready_ids) as f;
  perform etl_api.take_dependency_objects(ready_ids);

  update public.activity_request as ar
  set state = 'in_progress',
      state_substate = null,
      state_via = null,
      errors = f.faults,
      started_at = utils.now(),
      finished_at = null,
      timeout_at = utils.now() + etl_api.time_limit(ar.config, 'activity_timeout_seconds')
  from unnest(ready_ids) as i (id)
  left join unnest(fault_ids, faults) as f (id, faults) on f.id = i.id
  where ar.id = i.id
    and ar.state = 'ready';

  perform etl_api.create_run(ready_ids);
  perform etl_api.advance_activities(ready_ids);
end
$$;

comment on function etl_api.process_activity_requests(uuid[]) is
  'Starts activity requests that are ready: reads and stores their input objects, creates the runs that are needed, and ends at once those that need none. The caller holds the workflow locks.';

revoke execute on function etl_api.process_activity_requests(uuid[]) from public;
grant execute on function etl_api.process_activity_requests(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/start_waiting_activities.sql
create or replace function etl_api.start_waiting_activities(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  start_ids uuid[];
begin
  select pg_catalog.array_agg(ar.id order by ar.id) into start_ids
  from public.activity_request as ar
  where ar.workflow_request_id = any (workflow_request_ids)
    and ar.state = 'waiting'
    and not exists (
      select 1
      from public.activity_request as earlier
      where earlier.workflow_request_id = ar.workflow_request_id
        and earlier.workflow_phase < ar.workflow_phase
        and earlier.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))
    and not exists (
      select 1
      from public.activity_dependency as d
      join public.activity_request as before on before.id = d.depends_on_id
      where d.activity_request_id = ar.id
        and before.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'));
  if start_ids is null then
    return;
  end if;

  update public.workflow_request as w
  set workflow_phase = s.phase
  from (
    select ar.workflow_request_id, pg_catalog.min(ar.workflow_phase) as phase
    from public.activity_request as ar
    where ar.id = any (start_ids)
    group by ar.workflow_request_id
  ) as s
  where w.id = s.workflow_request_id
    and w.replay = 0
    and w.workflow_phase is distinct from s.phase;

  -- trg_process_activity_request starts what becomes ready.
  update public.activity_request as ar
  set state = 'ready',
      state_via = null,
      state_substate = null
  where ar.id = any (start_ids)
    and ar.state = 'waiting';
end
$$;

comment on function etl_api.start_waiting_activities(uuid[]) is
  'Makes ready the activity requests whose phase has come and whose dependencies have ended. The caller holds the workflow locks.';

revoke execute on function etl_api.start_waiting_activities(uuid[]) from public;
grant execute on function etl_api.start_waiting_activities(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/store_input_objects.sql
create or replace function etl_api.store_input_objects(activity_request_ids uuid[])
returns table (activity_request_id uuid, faults jsonb)
language plpgsql
set search_path = ''
as $$
declare
  activity_ids uuid[];
  org_ids uuid[];
  type_ids uuid[];
  natural_keys jsonb[];
  objects jsonb[];
  object_ids uuid[];
  fault_ids uuid[];
  fault_texts jsonb[];
begin
  -- From the request's data, for activities that take no other activity's objects.
  select
    pg_catalog.array_agg(ar.id order by ar.id, f.ordinal) filter (where f.natural_key is not null),
    pg_catalog.array_agg(ar.org_id order by ar.id, f.ordinal) filter (where f.natural_key is not null),
    pg_catalog.array_agg(f.object_type_id order by ar.id, f.ordinal) filter (where f.natural_key is not null),
    pg_catalog.array_agg(f.natural_key order by ar.id, f.ordinal) filter (where f.natural_key is not null),
    pg_catalog.array_agg(f.object order by ar.id, f.ordinal) filter (where f.natural_key is not null),
    pg_catalog.array_agg(ar.id order by ar.id, f.ordinal) filter (where f.natural_key is null),
    pg_catalog.array_agg(pg_catalog.jsonb_build_object(
        'code', 'missing_value',
        'path', etl_api.path_text(pg_catalog.to_jsonb(f.path)),
        'found', f.object,
        'message', pg_catalog.format('This %s has no key: it needs %s.', t.name,
          pg_catalog.array_to_string(t.key_datapoints, ' and ')),
        'hint', 'Give each of them a text, number or boolean.') order by ar.id, f.ordinal)
      filter (where f.natural_key is null)
  into activity_ids, org_ids, type_ids, natural_keys, objects, fault_ids, fault_texts
  from unnest(activity_request_ids) as i (id)
  join public.activity_request as ar on ar.id = i.id
  join public.workflow_request as w
    on w.id = ar.workflow_request_id
    and w.org_id = ar.org_id
    and w.replay = 0
  cross join lateral (
    select found.*, pg_catalog.row_number() over () as ordinal
    from etl_api.find_input_objects(
      w.data, ar.org_id, ar.source_ids, case when ar.activity_type = 'enrichment' then ar.object_type_id end) as found
  ) as f
  join public.object_type as t on t.id = f.object_type_id
  where not exists (
    select 1
    from public.activity_dependency as d
    where d.activity_request_id = ar.id);

  object_ids := etl_api.store_objects(org_ids, type_ids, natural_keys);

  insert into public.activity_object (org_id, activity_request_id, role, object_id)
  select linked.org_id, linked.activity_request_id, 'input', linked.object_id
  from (
    select t.org_id, t.activity_id as activity_request_id, t.object_id, pg_catalog.min(t.ordinal) as ordinal,
      pg_catalog.row_number() over (partition by t.activity_id order by pg_catalog.min(t.ordinal)) as place
    from unnest(org_ids, activity_ids, object_ids)
      with ordinality as t (org_id, activity_id, object_id, ordinal)
    group by t.org_id, t.activity_id, t.object_id
  ) as linked
  join public.activity_request as ar
    on ar.id = linked.activity_request_id
    and (ar.max_objects is null or linked.place <= ar.max_objects)
  order by linked.ordinal
  on conflict do nothing;

  perform etl_api.store_input_values(org_ids, type_ids, object_ids, objects);

  return query
  select f.id, pg_catalog.jsonb_agg(f.fault)
  from unnest(fault_ids, fault_texts) as f (id, fault)
  group by f.id;
end
$$;

comment on function etl_api.store_input_objects(uuid[]) is
  'Reads the objects of activity requests from their requests'' data, stores them with the values given, and links them as input, at most max_objects each. Returns the faults of objects without a key; the others go on.';

revoke execute on function etl_api.store_input_objects(uuid[]) from public;
grant execute on function etl_api.store_input_objects(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/store_input_values.sql
create or replace function etl_api.store_input_values(
  org_ids uuid[], object_type_ids uuid[], object_ids uuid[], objects jsonb[])
returns int
language plpgsql
set search_path = ''
as $$
declare
  value_org_ids uuid[];
  value_object_ids uuid[];
  value_datapoint_ids uuid[];
  value_values jsonb[];
  count int;
begin
  -- What the request itself says of an object is a value like any other, with the source "input".
  select
    pg_catalog.array_agg(t.org_id),
    pg_catalog.array_agg(t.object_id),
    pg_catalog.array_agg(d.id),
    -- A key is the same with blanks around it; what is sent to a source should not have them.
    pg_catalog.array_agg(case when d.name = any (ot.key_datapoints) and pg_catalog.jsonb_typeof(t.object -> d.name) = 'string'
      then pg_catalog.to_jsonb(pg_catalog.btrim(t.object ->> d.name, E' \t\r\n')) else t.object -> d.name end)
  into value_org_ids, value_object_ids, value_datapoint_ids, value_values
  from unnest(org_ids, object_type_ids, object_ids, objects) as t (org_id, type_id, object_id, object)
  join public.object_type as ot on ot.id = t.type_id
  join public.datapoint as d
    on d.object_type_id = t.type_id
    and (d.org_id is null or d.org_id = t.org_id)
    and t.object ? d.name
    and t.object -> d.name <> 'null';

  count := coalesce(pg_catalog.cardinality(value_org_ids), 0);
  return etl_api.store_values(
    value_org_ids, value_object_ids, value_datapoint_ids,
    pg_catalog.array_fill(null::uuid, array[count]),
    value_values,
    pg_catalog.array_fill(1::numeric, array[count]),
    pg_catalog.array_fill(null::uuid, array[count]));
end
$$;

comment on function etl_api.store_input_values(uuid[], uuid[], uuid[], jsonb[]) is
  'Stores what a request says of its own objects: every member that has the name of a datapoint of the type. Returns how many values.';

revoke execute on function etl_api.store_input_values(uuid[], uuid[], uuid[], jsonb[]) from public;
grant execute on function etl_api.store_input_values(uuid[], uuid[], uuid[], jsonb[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/take_dependency_objects.sql
create or replace function etl_api.take_dependency_objects(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- What an enrichment takes is also what it results in; the other types result in what they found.
  insert into public.activity_object (org_id, activity_request_id, role, object_id)
  select taken.org_id, taken.id, 'input', taken.object_id
  from (
    select ar.org_id, ar.id, ar.max_objects, ao.object_id, pg_catalog.min(ao.ordinal) as ordinal,
      pg_catalog.row_number() over (partition by ar.id order by pg_catalog.min(ao.ordinal)) as place
    from unnest(activity_request_ids) as i (id)
    join public.activity_request as ar on ar.id = i.id
    join public.activity_dependency as d on d.activity_request_id = ar.id
    join public.activity_request as before on before.id = d.depends_on_id
    join public.activity_object as ao
      on ao.activity_request_id = before.id
      and ao.role = case when before.activity_type = 'enrichment' then 'input' else 'result' end
    join public.object as o
      on o.id = ao.object_id
      and (ar.activity_type <> 'enrichment' or o.object_type_id = ar.object_type_id)
    group by ar.org_id, ar.id, ar.max_objects, ao.object_id
  ) as taken
  where taken.max_objects is null
     or taken.place <= taken.max_objects
  order by taken.ordinal
  on conflict do nothing;
end
$$;

comment on function etl_api.take_dependency_objects(uuid[]) is
  'Links the objects of the activities that these depend on as their input; an enrichment takes those of its own type, each at most max_objects.';

revoke execute on function etl_api.take_dependency_objects(uuid[]) from public;
grant execute on function etl_api.take_dependency_objects(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/trigger_process_activity_request.sql
create or replace function etl_api.trigger_process_activity_request() returns trigger
language plpgsql
security definer
set search_path = ''
-- Old and new rows have no index: a hash joins them, whatever the functions above switch off for tables.
set enable_hashjoin = on
as $$
declare
  ready_ids uuid[];
begin
  if tg_op = 'INSERT' then
    select pg_catalog.array_agg(n.id) into ready_ids
    from new_rows as n
    where n.state = 'ready';
  else
    select pg_catalog.array_agg(n.id) into ready_ids
    from new_rows as n
    join old_rows as o on o.id = n.id
    where n.state = 'ready'
      and o.state <> 'ready';
  end if;
  if ready_ids is not null then
    perform etl_api.process_activity_requests(ready_ids);
  end if;
  return null;
end
$$;

comment on function etl_api.trigger_process_activity_request() is
  'Starts the activity requests that a statement has made ready.';

revoke execute on function etl_api.trigger_process_activity_request() from public;
-- end of source

-- source: sql/etl_api/activities/try_start_next_workflow_phase.sql
create or replace function etl_api.try_start_next_workflow_phase(workflow_request_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.lock_workflows(array[workflow_request_id]);
  perform etl_api.advance_workflows(array[workflow_request_id]);
end
$$;

comment on function etl_api.try_start_next_workflow_phase(uuid) is
  'Starts what of a workflow request may start now, or ends it; does nothing while its phase is under way.';

revoke execute on function etl_api.try_start_next_workflow_phase(uuid) from public;
grant execute on function etl_api.try_start_next_workflow_phase(uuid) to service_role;

create or replace function public.try_start_next_workflow_phase(workflow_request_id uuid) returns void
language sql
set search_path = ''
as $$
  select etl_api.try_start_next_workflow_phase(workflow_request_id)
$$;

comment on function public.try_start_next_workflow_phase(uuid) is 'The same as etl_api.try_start_next_workflow_phase.';

revoke execute on function public.try_start_next_workflow_phase(uuid) from public, anon, authenticated;
grant execute on function public.try_start_next_workflow_phase(uuid) to service_role;
-- end of source

-- source: sql/etl_api/delivery/accept_delivery_results.sql
create or replace function etl_api.accept_delivery_results(results jsonb) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  schedule jsonb := coalesce(
    (select s.value from etl_api.setting as s where s.name = 'delivery_schedule_seconds'), '[]');
  taken_ids uuid[];
begin
  with held as (
    select d.id, d.attempts
    from public.delivery as d
    where d.id = any (array(select k.id::uuid from pg_catalog.jsonb_object_keys(results) as k (id)))
      and d.state = 'in_progress'
      and d.lease_until > utils.now()
      and d.lease_token = utils.uuid_or_null(results -> d.id::text -> 'lease_token')
    order by d.id
    for no key update
  ),
  judged as materialized (
    select h.id, g.value as answer, j.*
    from held as h
    cross join lateral (select results -> h.id::text as value) as g
    cross join lateral etl_api.judge_delivery(h.attempts, g.value, schedule) as j
  ),
  moved as (
    update public.delivery as d
    set state = case j.verdict when 'delivered' then 'delivered' when 'retry' then 'waiting' else 'failed' end::public.delivery_state,
        state_via = case when j.verdict = 'delivered' then '{done}'::public.delivery_state[] end,
        state_substate = case j.verdict when 'retry' then 'backoff' else j.code end,
        due_at = coalesce(j.due_at, d.due_at),
        lease_until = null,
        lease_token = null,
        http_status = utils.int_or_null(j.answer -> 'status'),
        error = case when j.code is not null then pg_catalog.jsonb_build_object('code', j.code, 'message', j.message) end,
        finished_at = case when j.verdict <> 'retry' then utils.now() end
    from judged as j
    where d.id = j.id
    returning d.id, d.endpoint_id, d.org_id, d.http_status
  ),
  disabled as (
    update public.webhook_endpoint as e
    set disabled_at = utils.now()
    from moved as m
    where m.http_status = 410
      and e.id = m.endpoint_id
      and e.org_id = m.org_id
      and e.disabled_at is null
    returning e.id
  )
  select pg_catalog.array_agg(moved.id) into taken_ids
  from moved;
  return coalesce(taken_ids, '{}');
end
$$;

comment on function etl_api.accept_delivery_results(jsonb) is
  'Takes the results ({delivery_id: result}) whose lease lives, judges them and moves the messages on. Returns their ids. The caller holds the workflow locks.';

revoke execute on function etl_api.accept_delivery_results(jsonb) from public;
grant execute on function etl_api.accept_delivery_results(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/delivery/claim_deliveries.sql
create or replace function etl_api.claim_deliveries(worker text, max_deliveries int)
returns table (
  delivery_id uuid, webhook_id text, org_id uuid, lease_token uuid, lease_until timestamptz, url text,
  secret_name text, secret_scope text, event_type text, body text, timeout_ms int, attempt int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  lease interval := etl_api.time_limit(null, 'lease_seconds');
  timeout interval := etl_api.time_limit(null, 'delivery_timeout_seconds');
begin
  perform etl_api.check_claim_arguments(worker, max_deliveries, 'max_deliveries');

  return query
  with claimed as (
    update public.delivery as d
    set state = 'in_progress',
        state_via = case when d.state = 'waiting' then '{ready}'::public.delivery_state[] end,
        state_substate = null,
        attempts = d.attempts + 1,
        lease_until = utils.now() + lease + timeout,
        lease_token = pg_catalog.gen_random_uuid(),
        worker = claim_deliveries.worker,
        claimed_at = utils.now()
    where d.id = any (array(
      select due.id
      from public.delivery as due
      where due.state in ('waiting', 'ready')
        and due.due_at <= utils.now()
      order by due.due_at
      limit max_deliveries
      for update skip locked))
    returning d.id, d.org_id, d.lease_token, d.lease_until, d.url, d.secret_name, d.event_type, d.attempts
  )
  select c.id, 'msg_' || pg_catalog.replace(c.id::text, '-', ''), c.org_id, c.lease_token, c.lease_until, c.url,
    c.secret_name, c.org_id::text, c.event_type, b.body::text, (pg_catalog.date_part('epoch', timeout) * 1000)::int, c.attempts
  from claimed as c
  join public.delivery_body as b
    on b.delivery_id = c.id
    and b.org_id = c.org_id;
end
$$;

comment on function etl_api.claim_deliveries(text, int) is
  'Claims messages to send, at most max_deliveries (1 to 1000), the longest due first, each with a lease. webhook_id stays the same over all attempts. Nothing to do: no row. ETL04: bad argument.';

revoke execute on function etl_api.claim_deliveries(text, int) from public;
grant execute on function etl_api.claim_deliveries(text, int) to service_role;
-- end of source

-- source: sql/etl_api/delivery/complete_deliveries.sql
create or replace function etl_api.complete_deliveries(results jsonb)
returns table (delivery_id uuid, accepted boolean, message text)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  given jsonb;
  workflow_ids uuid[];
  taken_ids uuid[];
begin
  if pg_catalog.jsonb_typeof(results) is distinct from 'array' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('results is %s: it must be an array', coalesce(pg_catalog.jsonb_typeof(results), 'null')),
      hint = 'Give [{"delivery_id", "lease_token", "status", "headers", "error", "duration_ms"}].';
  end if;
  given := etl_api.completions_by_id(results, 'delivery_id');

  workflow_ids := array(
    select distinct d.workflow_request_id
    from public.delivery as d
    where d.id = any (array(select k.id::uuid from pg_catalog.jsonb_object_keys(given) as k (id))));
  perform etl_api.lock_workflows(workflow_ids);

  taken_ids := etl_api.accept_delivery_results(given);
  if pg_catalog.cardinality(taken_ids) > 0 then
    perform etl_api.settle_deliveries(workflow_ids);
  end if;

  return query
  select t.id, coalesce(t.id = any (taken_ids) and t.first, false),
    case
      when t.id is null then 'not a result: delivery_id is missing or not a UUID'
      when not t.first then 'given twice in this call: the first one counts'
      when t.id = any (taken_ids) then null
      when d.id is null then 'no such delivery'
      when d.state <> 'in_progress' then pg_catalog.format('already %s: nothing was changed', d.state)
      else 'the lease is lost: nothing was changed'
    end
  from (
    select utils.uuid_or_null(e.value -> 'delivery_id') as id, e.place,
      pg_catalog.row_number() over (partition by utils.uuid_or_null(e.value -> 'delivery_id') order by e.place) = 1 as first
    from pg_catalog.jsonb_array_elements(results) with ordinality as e (value, place)
  ) as t
  left join public.delivery as d on d.id = t.id
  order by t.place;
end
$$;

comment on function etl_api.complete_deliveries(jsonb) is
  'Reports what clients said: [{"delivery_id", "lease_token", "status", "headers": {"retry-after"}, "error": {"kind", "message"}, "duration_ms"}]. 2xx is delivered; anything else is tried again by the setting delivery_schedule_seconds; 410 disables the endpoint. One row per result; accepted is false, and nothing changed, when it was completed before or its lease is lost. ETL04: not an array.';

revoke execute on function etl_api.complete_deliveries(jsonb) from public;
grant execute on function etl_api.complete_deliveries(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/delivery/current_deliveries.sql
create or replace function etl_api.current_deliveries(workflow_request_ids uuid[])
returns table (workflow_request_id uuid, activity_request_id uuid, state public.delivery_state)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- An activity that failed, was retried and is done has told of both; the later message is what counts.
  return query
  select distinct on (d.workflow_request_id, d.activity_request_id, d.url)
    d.workflow_request_id, d.activity_request_id, d.state
  from public.delivery as d
  where d.workflow_request_id = any (workflow_request_ids)
  order by d.workflow_request_id, d.activity_request_id, d.url, d.created_at desc, d.id desc;
end
$$;

comment on function etl_api.current_deliveries(uuid[]) is
  'The latest message of each activity request and of each whole workflow to each address, with its state.';

revoke execute on function etl_api.current_deliveries(uuid[]) from public;
grant execute on function etl_api.current_deliveries(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/delivery/deliver_activity_result.sql
create or replace function public.deliver_activity_result(activity_request_id uuid) returns int
language sql
set search_path = ''
as $$
  select etl_api.deliver_activity_results(array[activity_request_id])
$$;

comment on function public.deliver_activity_result(uuid) is
  'Queues the message of one activity request that has ended; see etl_api.deliver_activity_results.';

revoke execute on function public.deliver_activity_result(uuid) from public, anon, authenticated;
grant execute on function public.deliver_activity_result(uuid) to service_role;
-- end of source

-- source: sql/etl_api/delivery/deliver_activity_results.sql
create or replace function etl_api.deliver_activity_results(activity_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
begin
  return (
    select etl_api.queue_messages(
      pg_catalog.array_agg(ar.org_id order by ar.id),
      pg_catalog.array_agg(ar.workflow_request_id order by ar.id),
      pg_catalog.array_agg(ar.id order by ar.id),
      pg_catalog.array_agg(ar.destination -> 'webhook' order by ar.id),
      pg_catalog.array_agg('activity_request.' || ar.state order by ar.id),
      pg_catalog.array_agg(pg_catalog.jsonb_build_object(
        'workflow_request_id', ar.workflow_request_id,
        'activity_request_id', ar.id,
        'activity_key', ar.activity_key,
        'org_id', ar.org_id,
        'state', ar.state,
        'substate', ar.state_substate,
        'objects', coalesce(r.objects, '[]'),
        'summary', coalesce(r.summary, '{}')) order by ar.id))
    from public.activity_request as ar
    left join public.activity_result as r on r.activity_request_id = ar.id
    where ar.id = any (activity_request_ids)
      and ar.state in ('done', 'failed', 'timedout', 'invalid')
      and ar.destination ? 'webhook');
end
$$;

comment on function etl_api.deliver_activity_results(uuid[]) is
  'Queues the message of each of these activity requests that has ended and has a webhook. Returns how many.';

revoke execute on function etl_api.deliver_activity_results(uuid[]) from public;
grant execute on function etl_api.deliver_activity_results(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/delivery/deliver_workflow_results.sql
create or replace function etl_api.deliver_workflow_results(workflow_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
begin
  return (
    select etl_api.queue_messages(
      pg_catalog.array_agg(w.org_id order by w.id),
      pg_catalog.array_agg(w.id order by w.id),
      pg_catalog.array_agg(null::uuid order by w.id),
      pg_catalog.array_agg(w.data #> '{destination,webhook}' order by w.id),
      pg_catalog.array_agg('workflow_request.' || w.state order by w.id),
      pg_catalog.array_agg(pg_catalog.jsonb_build_object(
        'workflow_request_id', w.id,
        'org_id', w.org_id,
        'state', w.state,
        'substate', w.state_substate,
        'activities', a.activities) order by w.id))
    from public.workflow_request as w
    cross join lateral (
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'activity_request_id', ar.id,
        'activity_key', ar.activity_key,
        'state', ar.state,
        'substate', ar.state_substate,
        'summary', coalesce(r.summary, '{}')) order by ar.workflow_phase, ar.activity_key) as activities
      from public.activity_request as ar
      left join public.activity_result as r on r.activity_request_id = ar.id
      where ar.workflow_request_id = w.id
    ) as a
    where w.id = any (workflow_request_ids)
      and w.replay = 0
      and w.state in ('done', 'failed', 'timedout')
      and w.data -> 'destination' ? 'webhook');
end
$$;

comment on function etl_api.deliver_workflow_results(uuid[]) is
  'Queues the message of each of these workflow requests that has ended and has a webhook of its own. Returns how many.';

revoke execute on function etl_api.deliver_workflow_results(uuid[]) from public;
grant execute on function etl_api.deliver_workflow_results(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/delivery/judge_delivery.sql
create or replace function etl_api.judge_delivery(
  attempts int, answer jsonb, schedule jsonb,
  out verdict text, out code text, out message text, out due_at timestamptz)
language plpgsql
set search_path = ''
as $$
declare
  status int := utils.int_or_null(answer -> 'status');
  wait interval;
begin
  if status between 200 and 299 then
    verdict := 'delivered';
    return;
  end if;
  code := coalesce('http_' || status, answer #>> '{error,kind}', 'network');
  message := case
    when status is not null then pg_catalog.format('The client answered with HTTP status %s.', status)
    else coalesce(answer #>> '{error,message}', 'The client gave no answer.')
  end;
  if status = 410 or attempts > pg_catalog.jsonb_array_length(schedule) then
    verdict := 'fail';
    code := case when status = 410 then code else 'attempts_exhausted' end;
    return;
  end if;
  verdict := 'retry';
  -- Spread by a tenth, so that what failed together does not come back together.
  wait := pg_catalog.make_interval(secs => (utils.number_or(schedule -> (attempts - 1), 300)
    * (1 + 0.1 * pg_catalog.random()::numeric))::double precision);
  due_at := greatest(utils.now() + wait, utils.retry_after(answer -> 'headers', utils.now()));
end
$$;

comment on function etl_api.judge_delivery(int, jsonb, jsonb) is
  'What a client''s answer to a message means: delivered, retry (at due_at) or fail, with a code and a sentence.';

revoke execute on function etl_api.judge_delivery(int, jsonb, jsonb) from public;
grant execute on function etl_api.judge_delivery(int, jsonb, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/delivery/queue_messages.sql
create or replace function etl_api.queue_messages(
  org_ids uuid[], workflow_request_ids uuid[], activity_request_ids uuid[], webhooks jsonb[], event_types text[], data jsonb[])
returns int
language plpgsql
set search_path = ''
as $$
declare
  ids uuid[];
  queued int;
begin
  if org_ids is null then
    return 0;
  end if;
  ids := array(select utils.new_id() from unnest(org_ids));

  insert into public.delivery
    (id, org_id, workflow_request_id, activity_request_id, endpoint_id, url, secret_name, event_type,
     state, state_via, due_at, created_at)
  select m.id, m.org_id, m.workflow_request_id, m.activity_request_id, e.id, coalesce(e.url, m.webhook ->> 'url'),
    coalesce(e.secret_name, o.settings ->> 'webhook_secret_name', 'webhook'), m.event_type,
    'ready', '{new,valid}', utils.now(), utils.now()
  from unnest(ids, org_ids, workflow_request_ids, activity_request_ids, webhooks, event_types)
    as m (id, org_id, workflow_request_id, activity_request_id, webhook, event_type)
  join public.org as o on o.id = m.org_id
  left join public.webhook_endpoint as e
    on e.id = utils.uuid_or_null(m.webhook -> 'endpoint')
    and e.org_id = m.org_id
  -- A disabled endpoint, or one that does not want this event, gets no message.
  where case when m.webhook ? 'endpoint'
    then e.id is not null and e.disabled_at is null and (e.event_types is null or m.event_type = any (e.event_types))
    else m.webhook ->> 'url' is not null end;
  get diagnostics queued = row_count;

  insert into public.delivery_body (delivery_id, org_id, body)
  select d.id, d.org_id, pg_catalog.jsonb_build_object(
    'type', d.event_type,
    'timestamp', utils.now(),
    'data', m.data)
  from unnest(ids, data) as m (id, data)
  join public.delivery as d on d.id = m.id;

  if queued > 0 then
    perform etl_api.ring('deliver-webhooks');
  end if;
  return queued;
end
$$;

comment on function etl_api.queue_messages(uuid[], uuid[], uuid[], jsonb[], text[], jsonb[]) is
  'Queues messages for the webhooks given ({url} or {endpoint}) and wakes the deliverer. Returns how many.';

revoke execute on function etl_api.queue_messages(uuid[], uuid[], uuid[], jsonb[], text[], jsonb[]) from public;
grant execute on function etl_api.queue_messages(uuid[], uuid[], uuid[], jsonb[], text[], jsonb[]) to service_role;
-- end of source

-- source: sql/etl_api/delivery/release_deliveries.sql
create or replace function etl_api.release_deliveries(leases jsonb) returns int
language plpgsql
set search_path = ''
as $$
declare
  released int;
begin
  with held as (
    select d.id
    from etl_api.leases_given(leases, 'delivery_id') as g
    join public.delivery as d
      on d.id = g.id
      and d.lease_token = g.lease_token
      and d.state = 'in_progress'
      and d.lease_until > utils.now()
    order by d.id
    for no key update of d
  )
  update public.delivery as d
  set state = 'ready',
      state_via = null,
      state_substate = 'released',
      attempts = d.attempts - 1,
      due_at = utils.now(),
      lease_until = null,
      lease_token = null
  from held
  where d.id = held.id;
  get diagnostics released = row_count;
  if released > 0 then
    perform etl_api.ring('deliver-webhooks');
  end if;
  return released;
end
$$;

comment on function etl_api.release_deliveries(jsonb) is
  'Hands back claimed messages that were not sent: [{"delivery_id", "lease_token"}]. They are ready again at once and the attempt does not count. Returns how many; a lost lease changes nothing.';

revoke execute on function etl_api.release_deliveries(jsonb) from public;
grant execute on function etl_api.release_deliveries(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/delivery/settle_deliveries.sql
create or replace function etl_api.settle_deliveries(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- An activity is delivered when all its messages are; one that failed for good stands in its substate.
  update public.activity_request as ar
  set state = case when m.delivered = m.count then 'delivered' else ar.state end,
      state_via = null,
      state_substate = case when m.failed > 0 then 'delivery_failed'
        else nullif(ar.state_substate, 'delivery_failed') end
  from (
    select d.activity_request_id,
      pg_catalog.count(*) as count,
      pg_catalog.count(*) filter (where d.state = 'delivered') as delivered,
      pg_catalog.count(*) filter (where d.state = 'failed') as failed
    from etl_api.current_deliveries(workflow_request_ids) as d
    where d.activity_request_id is not null
    group by d.activity_request_id
  ) as m
  where ar.id = m.activity_request_id
    and ar.state = 'done'
    and (m.delivered = m.count or (m.failed > 0 and ar.state_substate is distinct from 'delivery_failed'));

  -- A workflow is delivered when it is done and every message of it and of its activities is.
  update public.workflow_request as w
  set state = case when m.delivered = m.count then 'delivered' else w.state end,
      state_via = null,
      state_substate = case when m.failed > 0 then 'delivery_failed'
        else nullif(w.state_substate, 'delivery_failed') end
  from (
    select d.workflow_request_id,
      pg_catalog.count(*) as count,
      pg_catalog.count(*) filter (where d.state = 'delivered') as delivered,
      pg_catalog.count(*) filter (where d.state = 'failed') as failed
    from etl_api.current_deliveries(workflow_request_ids) as d
    group by d.workflow_request_id
  ) as m
  where w.id = m.workflow_request_id
    and w.replay = 0
    and w.state = 'done'
    and (m.delivered = m.count or (m.failed > 0 and w.state_substate is distinct from 'delivery_failed'));
end
$$;

comment on function etl_api.settle_deliveries(uuid[]) is
  'Marks activity requests and workflow requests delivered when all their messages are, or notes that one failed for good. The caller holds the workflow locks.';

revoke execute on function etl_api.settle_deliveries(uuid[]) from public;
grant execute on function etl_api.settle_deliveries(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/accept_answers.sql
create or replace function etl_api.accept_answers(results jsonb) returns etl_api.answer[]
language plpgsql
set search_path = ''
as $$
declare
  answers etl_api.answer[];
begin
  -- Only the holder of a living lease may report; the row lock makes a second report wait and then see it.
  select pg_catalog.array_agg(row(
      r.id, r.org_id, r.workflow_request_id, r.activity_request_id, r.source_id, r.root_id, r.kind, r.page,
      r.attempts, r.polls, utils.int_or_null(g.value -> 'status'), g.value -> 'body',
      coalesce(j.external_id, r.external_id), j.next_cursor, j.verdict, j.code, j.message, j.due_at)::etl_api.answer
      order by r.id)
  into answers
  from (
    select r.*
    from public.run_request as r
    where r.id = any (array(select k.id::uuid from pg_catalog.jsonb_object_keys(results) as k (id)))
      and r.state = 'in_progress'
      and r.lease_until > utils.now()
      and r.lease_token = utils.uuid_or_null(results -> r.id::text -> 'lease_token')
    order by r.id
    for no key update
  ) as r
  join public.source as s on s.id = r.source_id
  cross join lateral (select results -> r.id::text as value) as g
  cross join lateral etl_api.judge_answer(s, r.kind, r.attempts, r.polls, g.value) as j;
  if answers is null then
    return '{}'::etl_api.answer[];
  end if;

  insert into public.run_response
    (run_request_id, org_id, answer_no, http_status, headers, body, body_text, duration_ms, received_at)
  select a.run_request_id, a.org_id, coalesce(before.answer_no, 0) + 1, a.http_status,
    g.value -> 'headers', a.body, pg_catalog.left(coalesce(g.value ->> 'body_text', g.value #>> '{error,message}'), 2000),
    utils.int_or_null(g.value -> 'duration_ms'), utils.now()
  from unnest(answers) as a
  cross join lateral (select results -> a.run_request_id::text as value) as g
  left join lateral (
    select p.answer_no
    from public.run_response as p
    where p.run_request_id = a.run_request_id
    order by p.answer_no desc
    limit 1
  ) as before on true;

  return answers;
end
$$;

comment on function etl_api.accept_answers(jsonb) is
  'Takes the results ({run_request_id: result}) whose lease lives: judges them and keeps what came back. Returns them with their verdicts. The caller holds the workflow locks.';

revoke execute on function etl_api.accept_answers(jsonb) from public;
grant execute on function etl_api.accept_answers(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/exchange/check_claim_arguments.sql
create or replace function etl_api.check_claim_arguments(worker text, max_items int, argument text) returns void
language plpgsql immutable
set search_path = ''
as $$
begin
  if worker is null or pg_catalog.length(worker) not between 1 and 200 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('worker is %L: it must be a name of 1 to 200 characters', pg_catalog.left(worker, 50)),
      hint = 'Name the process that claims, so that an operator finds it.';
  end if;
  if max_items is null or max_items not between 1 and 1000 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('%s is %s: it must be between 1 and 1000', argument, coalesce(max_items::text, 'null')),
      hint = 'Claim in batches; 50 to 200 is a good size.';
  end if;
end
$$;

comment on function etl_api.check_claim_arguments(text, int, text) is
  'Refuses a claim without a worker''s name or with a batch size outside 1 to 1000. ETL04.';

revoke execute on function etl_api.check_claim_arguments(text, int, text) from public;
grant execute on function etl_api.check_claim_arguments(text, int, text) to service_role;
-- end of source

-- source: sql/etl_api/exchange/claim_run_requests.sql
create or replace function etl_api.claim_run_requests(worker text, max_requests int)
returns table (
  run_request_id uuid, org_id uuid, lease_token uuid, lease_until timestamptz, kind text, secret_scope text,
  request jsonb, timeout_ms int, attempt int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  lease interval := etl_api.time_limit(null, 'lease_seconds');
  source_ids uuid[];
  capacities int[];
  again_ids uuid[];
  again_sources uuid[];
  new_ids uuid[];
begin
  perform etl_api.check_claim_arguments(worker, max_requests, 'max_requests');
  perform etl_api.drain_advance_queue();

  select pg_catalog.array_agg(c.source_id), pg_catalog.array_agg(c.capacity) into source_ids, capacities
  from etl_api.source_capacity(max_requests) as c
  where c.capacity > 0;
  if source_ids is null then
    return;
  end if;

  -- First what has been sent before or belongs to a run under way: retries, polls, pages.
  with due as (
    select r.id
    from unnest(source_ids, capacities) as c (source_id, capacity)
    cross join lateral (
      select r.id, r.due_at
      from public.run_request as r
      where r.source_id = c.source_id
        and r.state in ('waiting', 'ready')
        and r.due_at <= utils.now()
      order by r.due_at
      limit c.capacity
      for update skip locked
    ) as r
    order by r.due_at
    limit max_requests
  ),
  claimed as (
    update public.run_request as r
    set state = 'in_progress',
        state_via = case when r.state = 'waiting' then '{ready}'::public.run_request_state[] end,
        state_substate = null,
        attempts = r.attempts + 1,
        lease_until = utils.now() + lease + pg_catalog.make_interval(secs => s.timeout_seconds),
        lease_token = pg_catalog.gen_random_uuid(),
        worker = claim_run_requests.worker,
        claimed_at = utils.now()
    from public.source as s
    where r.id = any (array(select due.id from due))
      and s.id = r.source_id
    returning r.id, r.source_id
  )
  select pg_catalog.array_agg(claimed.id), pg_catalog.array_agg(claimed.source_id) into again_ids, again_sources
  from claimed;

  if coalesce(pg_catalog.cardinality(again_ids), 0) < max_requests then
    new_ids := etl_api.allocate_source_runs(
      worker, source_ids,
      array(
        select c.capacity - (
          select pg_catalog.count(*)::int
          from unnest(again_sources) as a (source_id)
          where a.source_id = c.source_id)
        from unnest(source_ids, capacities) with ordinality as c (source_id, capacity, place)
        order by c.place),
      max_requests - coalesce(pg_catalog.cardinality(again_ids), 0));
  end if;

  return query
  select r.id, r.org_id, r.lease_token, r.lease_until, r.kind, coalesce(s.org_id::text, 'shared'),
    p.request, s.timeout_seconds * 1000, r.attempts
  from unnest(again_ids || new_ids) as i (id)
  join public.run_request as r on r.id = i.id
  join public.run_request_payload as p
    on p.run_request_id = r.id
    and p.org_id = r.org_id
  join public.source as s on s.id = r.source_id;
end
$$;

comment on function etl_api.claim_run_requests(text, int) is
  'Claims HTTP requests to send, at most max_requests (1 to 1000), each with a lease: first retries, polls and pages that are due, then new ones for runs that wait, under each source''s limits. Nothing to do: no row. ETL04: bad argument.';

revoke execute on function etl_api.claim_run_requests(text, int) from public;
grant execute on function etl_api.claim_run_requests(text, int) to service_role;
-- end of source

-- source: sql/etl_api/exchange/complete_run_requests.sql
create or replace function etl_api.complete_run_requests(results jsonb)
returns table (run_request_id uuid, accepted boolean, message text)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  given jsonb;
  answers etl_api.answer[];
begin
  if pg_catalog.jsonb_typeof(results) is distinct from 'array' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('results is %s: it must be an array', coalesce(pg_catalog.jsonb_typeof(results), 'null')),
      hint = 'Give [{"run_request_id", "lease_token", "status", "headers", "body", "error", "duration_ms"}].';
  end if;
  given := etl_api.completions_by_id(results, 'run_request_id');

  perform etl_api.lock_workflows(array(
    select distinct r.workflow_request_id
    from public.run_request as r
    where r.id = any (array(select k.id::uuid from pg_catalog.jsonb_object_keys(given) as k (id)))));

  answers := etl_api.accept_answers(given);
  if pg_catalog.cardinality(answers) > 0 then
    perform etl_api.process_answers(answers);
  end if;

  return query
  select t.id, coalesce(a.id is not null, false),
    case
      when a.id is not null then null
      when t.id is null then 'not a result: run_request_id is missing or not a UUID'
      when not t.first then 'given twice in this call: the first one counts'
      when r.id is null then 'no such request'
      when r.state <> 'in_progress' then pg_catalog.format('already %s: nothing was changed', r.state)
      else 'the lease is lost: nothing was changed'
    end
  from (
    select utils.uuid_or_null(e.value -> 'run_request_id') as id, e.place,
      pg_catalog.row_number() over (partition by utils.uuid_or_null(e.value -> 'run_request_id') order by e.place) = 1 as first
    from pg_catalog.jsonb_array_elements(results) with ordinality as e (value, place)
  ) as t
  left join public.run_request as r on r.id = t.id
  left join unnest(answers) as a (id) on a.id = t.id and t.first
  order by t.place;
end
$$;

comment on function etl_api.complete_run_requests(jsonb) is
  'Reports what came back for claimed HTTP requests: [{"run_request_id", "lease_token", "status", "headers": {"content-type", "retry-after"}, "body" or "body_text", "error": {"kind", "message"}, "duration_ms"}]. Answers are judged, mapped into values, followed by what they call for. One row per result; accepted is false, and nothing changed, when it was completed before or its lease is lost. ETL04: not an array.';

revoke execute on function etl_api.complete_run_requests(jsonb) from public;
grant execute on function etl_api.complete_run_requests(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/exchange/completions_by_id.sql
create or replace function etl_api.completions_by_id(results jsonb, id_name text) returns jsonb
language sql immutable
set search_path = ''
as $$
  -- In reverse, so that of two results for one id the first stays: jsonb_object_agg keeps the last.
  select coalesce(
    pg_catalog.jsonb_object_agg(utils.uuid_or_null(e.value -> id_name), e.value order by e.place desc)
      filter (where utils.uuid_or_null(e.value -> id_name) is not null),
    '{}')
  from pg_catalog.jsonb_array_elements(results) with ordinality as e (value, place)
$$;

comment on function etl_api.completions_by_id(jsonb, text) is
  'A list of results as an object by their id; results without one are left out, of two with the same id the first stays.';

revoke execute on function etl_api.completions_by_id(jsonb, text) from public;
grant execute on function etl_api.completions_by_id(jsonb, text) to service_role;
-- end of source

-- source: sql/etl_api/exchange/end_run_requests.sql
create or replace function etl_api.end_run_requests(run_request_ids uuid[], code text, message text) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.run_request as r
  set state = 'failed',
      state_via = case r.state
        when 'waiting' then '{ready,in_progress}'
        when 'ready' then '{in_progress}'
      end::public.run_request_state[],
      state_substate = end_run_requests.code,
      error = pg_catalog.jsonb_build_object('code', end_run_requests.code, 'message', end_run_requests.message),
      lease_until = null,
      lease_token = null,
      finished_at = utils.now()
  where r.id = any (run_request_ids)
    and r.state in ('waiting', 'ready', 'in_progress');
end
$$;

comment on function etl_api.end_run_requests(uuid[], text, text) is
  'Ends HTTP requests as failed with a code and a sentence, and by trg_mark_run_done the runs they carry. The caller holds the workflow locks.';

revoke execute on function etl_api.end_run_requests(uuid[], text, text) from public;
grant execute on function etl_api.end_run_requests(uuid[], text, text) to service_role;
-- end of source

-- source: sql/etl_api/exchange/end_runs.sql
create or replace function etl_api.end_runs(root_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  activity_ids uuid[];
  enriched_ids uuid[];
  object_ids uuid[];
begin
  -- A chain failed when any of its requests did; what its other pages brought is kept all the same.
  with fate as materialized (
    select root.id as root_id, bad.state_substate as code, bad.error
    from unnest(root_ids) as root (id)
    left join lateral (
      select r.state_substate, r.error
      from public.run_request as r
      where r.root_id = root.id
        and r.state in ('failed', 'invalid', 'timedout')
      order by r.id
      limit 1
    ) as bad on true
  ),
  ended as (
    update public.run_queue as q
    set state = case when f.code is null then 'done' else 'failed' end::public.run_queue_state,
        state_via = null,
        state_substate = case
          when f.code is not null then f.code
          when q.object_id is not null and ar.activity_type = 'enrichment' and not exists (
            select 1
            from public.value as v
            where v.object_id = q.object_id
              and v.source_id = q.source_id
              and v.datapoint_id = any (q.datapoint_ids)
              and v.observed_at >= q.created_at) then 'no_value'
        end,
        error = f.error,
        finished_at = utils.now()
    from fate as f, public.activity_request as ar
    where q.run_request_id = any (root_ids)
      and q.run_request_id = f.root_id
      and q.state = 'in_progress'
      and ar.id = q.activity_request_id
    returning q.activity_request_id, q.object_id, case when ar.state = 'in_progress' then ar.activity_type end as activity_type
  )
  select pg_catalog.array_agg(distinct e.activity_request_id),
    pg_catalog.array_agg(e.activity_request_id) filter (where e.activity_type = 'enrichment'),
    pg_catalog.array_agg(e.object_id) filter (where e.activity_type = 'enrichment')
  into activity_ids, enriched_ids, object_ids
  from ended as e;

  -- What is still missing of these objects goes to the next source at once, while others are still out.
  if object_ids is not null then
    perform etl_api.create_run_enrichment(enriched_ids, object_ids);
  end if;
  return coalesce(activity_ids, '{}');
end
$$;

comment on function etl_api.end_runs(uuid[]) is
  'Ends the runs carried by these chains of HTTP requests (run_request.root_id), done or failed as their requests did, and creates the next runs of the waterfall for their objects. Returns the activity requests concerned. The caller holds the workflow locks.';

revoke execute on function etl_api.end_runs(uuid[]) from public;
grant execute on function etl_api.end_runs(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/factor_vars.sql
create or replace function etl_api.factor_vars(activity_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'criteria', coalesce(pg_catalog.jsonb_agg(f.fact order by f.created_at, f.id) filter (where not f.is_guardrail), '[]'),
    'factors', coalesce(pg_catalog.jsonb_agg(f.fact order by f.created_at, f.id), '[]'))
  from (
    select fa.id, fa.created_at, fa.is_guardrail,
      pg_catalog.jsonb_build_object(
        'factor_type', fa.factor_type,
        'object_type', t.name,
        'datapoint', d.name,
        'operator', fa.operator,
        'value', fa.value,
        'is_guardrail', fa.is_guardrail,
        'description', fa.description) as fact
    from public.factor as fa
    join public.object_type as t on t.id = fa.object_type_id
    left join public.datapoint as d on d.id = fa.datapoint_id
    where fa.activity_id = factor_vars.activity_id
  ) as f
$$;

comment on function etl_api.factor_vars(uuid) is
  'What <<$criteria>> (use cases) and <<$factors>> (use cases and guardrails) of an activity stand for: lists of {factor_type, object_type, datapoint, operator, value, is_guardrail, description}.';

revoke execute on function etl_api.factor_vars(uuid) from public;
grant execute on function etl_api.factor_vars(uuid) to service_role;
-- end of source

-- source: sql/etl_api/exchange/follow_answers.sql
create or replace function etl_api.follow_answers(answers etl_api.answer[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  next record;
  requests jsonb[];
  missing jsonb[];
  max_pages int := utils.number_or((select s.value from etl_api.setting as s where s.name = 'max_pages'), 1000);
begin
  select
    pg_catalog.array_agg(utils.new_id()) as ids,
    pg_catalog.array_agg(f.run_request_id) as before_ids,
    pg_catalog.array_agg(f.kind) as kinds,
    pg_catalog.array_agg(f.source_id) as source_ids,
    pg_catalog.array_agg(f.activity_request_id) as activity_ids,
    pg_catalog.array_agg(f.external_id) as external_ids,
    pg_catalog.array_agg(f.next_cursor) as cursors,
    pg_catalog.array_agg(f.page) as pages,
    pg_catalog.array_agg(f.due_at) as due_ats
  into next
  from (
    -- An asynchronous run is followed by its status, the status by the fetch of its result.
    select a.run_request_id, a.source_id, a.activity_request_id, a.external_id, null::jsonb as next_cursor, 1 as page,
      case when a.kind = 'run' and s.status_request_template is not null then 'status' else 'delivery' end as kind,
      utils.now() + case when a.kind = 'run' and s.status_request_template is not null
        then utils.back_off(etl_api.poll_back_off(s.poll_policy), 1) else interval '0' end as due_at
    from unnest(answers) as a
    join public.source as s on s.id = a.source_id
    where a.verdict = 'ask'
    union all
    -- A page is followed by the next one: while there is a cursor, or while a template with <<$page>> finds objects.
    select a.run_request_id, a.source_id, a.activity_request_id, a.external_id, a.next_cursor, a.page + 1,
      a.kind, utils.now()
    from unnest(answers) as a
    join public.source as s on s.id = a.source_id
    join public.activity_request as ar on ar.id = a.activity_request_id
    join public.run_request as r on r.id = a.run_request_id
    cross join lateral (select etl_api.source_template(s, a.kind) as json) as template
    where a.verdict = 'map'
      and a.page < max_pages
      -- A cursor that leads to where we are would lead there for ever.
      and (a.next_cursor <> coalesce(r.cursor, 'null')
        or (not coalesce(template.json -> 'response' ? 'next_cursor', false)
          and pg_catalog.strpos((template.json - 'response')::text, '<<$page') > 0
          and exists (select 1 from etl_api.answer_objects(array[a]))))
      and (ar.activity_type = 'enrichment' or ar.max_objects is null or ar.max_objects > (
        select pg_catalog.count(*)
        from public.activity_object as found
        where found.activity_request_id = ar.id
          and found.role = 'result'))
  ) as f;
  if next.ids is null then
    return;
  end if;

  select pg_catalog.array_agg(r.request order by r.item), pg_catalog.array_agg(pg_catalog.to_jsonb(r.missing) order by r.item)
  into requests, missing
  from etl_api.render_follow_ups(
    next.kinds, next.source_ids, next.activity_ids, next.external_ids, next.cursors, next.pages, next.before_ids) as r;

  -- A request that cannot be rendered is never queued; its chain ends with it.
  insert into public.run_request
    (id, org_id, workflow_request_id, activity_request_id, source_id, kind, root_id, page, cursor, external_id,
     state, state_via, state_substate, due_at, error, created_at, finished_at)
  select t.id, b.org_id, b.workflow_request_id, b.activity_request_id, b.source_id, t.kind, b.root_id, t.page, t.cursor,
    t.external_id,
    case when t.request is null then 'invalid' else 'waiting' end::public.run_request_state,
    case when t.request is null then '{new}' else '{new,valid}' end::public.run_request_state[],
    case when t.request is null then 'missing_value' when t.kind = 'status' then 'polling' end,
    t.due_at,
    case when t.request is null then etl_api.missing_error(t.missing, t.kind, b.source_id) end,
    utils.now(),
    case when t.request is null then utils.now() end
  from unnest(
      next.ids, next.before_ids, next.kinds, next.pages, next.cursors, next.external_ids, next.due_ats, requests, missing)
    as t (id, before_id, kind, page, cursor, external_id, due_at, request, missing)
  join public.run_request as b on b.id = t.before_id;

  insert into public.run_request_payload (run_request_id, org_id, request)
  select t.id, b.org_id, t.request
  from unnest(next.ids, next.before_ids, requests) as t (id, before_id, request)
  join public.run_request as b on b.id = t.before_id
  where t.request is not null;
end
$$;

comment on function etl_api.follow_answers(etl_api.answer[]) is
  'Queues what answers call for: the status of an asynchronous run, the fetch of its result, the next page; each an HTTP request of its own, durable like the first.';

revoke execute on function etl_api.follow_answers(etl_api.answer[]) from public;
grant execute on function etl_api.follow_answers(etl_api.answer[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/judge_answer.sql
create or replace function etl_api.judge_answer(
  source public.source, kind text, attempts int, polls int, answer jsonb,
  out verdict text, out code text, out message text, out external_id text, out next_cursor jsonb, out due_at timestamptz)
language plpgsql
set search_path = ''
as $$
declare
  spec jsonb := coalesce(etl_api.source_template(source, kind) -> 'response', '{}');
  status int := utils.int_or_null(answer -> 'status');
  body jsonb := answer -> 'body';
  error_kind text := answer #>> '{error,kind}';
  said jsonb;
  transient boolean;
begin
  verdict := 'map';
  if status is not null and status not between 200 and 299 then
    code := case status when 429 then 'rate_limited' else 'http_' || status end;
    message := pg_catalog.format('%s answered with HTTP status %s.', source.name, status);
    transient := status in (408, 425, 429) or status >= 500;
  elsif error_kind is not null or status is null then
    code := coalesce(error_kind, 'network');
    message := coalesce(answer #>> '{error,message}', pg_catalog.format('%s gave no answer.', source.name));
    transient := code in ('timeout', 'network', 'invalid_json');
  end if;
  if code is not null then
    verdict := case
      when transient and attempts < utils.number_or(source.retry_policy -> 'max_attempts', 5) then 'retry'
      else 'fail' end;
    due_at := greatest(
      utils.now() + utils.back_off(source.retry_policy, attempts),
      utils.retry_after(answer -> 'headers', utils.now()));
    return;
  end if;

  if spec ? 'error' then
    said := utils.jsonb_resolve_first(body, spec -> 'error');
    if said is not null and said not in ('null', 'false', '""', '[]', '{}') then
      verdict := 'fail';
      code := 'source_error';
      message := pg_catalog.format('%s says: %s', source.name, pg_catalog.left(said #>> '{}', 500));
      return;
    end if;
  end if;

  if kind = 'run' and coalesce(source.status_request_template, source.delivery_request_template) is not null then
    external_id := utils.jsonb_resolve_first(body, coalesce(spec -> 'external_id', '["id"]')) #>> '{}';
    if external_id is not null then
      verdict := 'ask';
    elsif utils.jsonb_resolve_first(body, coalesce(spec -> 'objects', '["?"]')) is null then
      verdict := 'fail';
      code := 'no_external_id';
      message := pg_catalog.format('%s gave neither an id to ask for nor objects.', source.name);
    end if;
  elsif kind = 'status' then
    said := utils.jsonb_resolve_first(body, coalesce(spec -> 'status', '["status"]'));
    if coalesce(spec -> 'done', '["done", "completed", "succeeded"]') @> said then
      verdict := case when source.delivery_request_template is null then 'map' else 'ask' end;
    elsif coalesce(spec -> 'failed', '["failed", "error", "cancelled"]') @> said then
      verdict := 'fail';
      code := 'source_failed';
      message := pg_catalog.format('%s says its run ended as %s.', source.name, said #>> '{}');
    elsif polls + 1 >= utils.number_or(source.poll_policy -> 'max_polls', 200) then
      verdict := 'fail';
      code := 'poll_limit';
      message := pg_catalog.format('%s still says %s after %s questions.', source.name, coalesce(said #>> '{}', 'nothing'), polls + 1);
    else
      verdict := 'poll';
      due_at := greatest(
        utils.now() + utils.back_off(etl_api.poll_back_off(source.poll_policy), polls + 2),
        utils.retry_after(answer -> 'headers', utils.now()));
    end if;
  end if;

  if verdict = 'map' and spec ? 'next_cursor' then
    next_cursor := utils.jsonb_resolve_first(body, spec -> 'next_cursor');
    if next_cursor in ('null', '""', 'false') then
      next_cursor := null;
    end if;
  end if;
end
$$;

comment on function etl_api.judge_answer(public.source, text, int, int, jsonb) is
  'What an answer means, by the source''s template and policies: map (read it), ask (a status or delivery request follows), poll (ask again at due_at), retry (send again at due_at) or fail, with a code and a sentence.';

revoke execute on function etl_api.judge_answer(public.source, text, int, int, jsonb) from public;
grant execute on function etl_api.judge_answer(public.source, text, int, int, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/exchange/leases_given.sql
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
-- end of source

-- source: sql/etl_api/exchange/mark_run_request_done.sql
create or replace function public.mark_run_request_done() returns trigger
language plpgsql
security definer
set search_path = ''
-- Old and new rows have no index: a hash joins them, whatever the functions above switch off for tables.
set enable_hashjoin = on
as $$
declare
  root_ids uuid[];
begin
  -- A chain of requests is over when none of it is open; the runs it carried end with it.
  select pg_catalog.array_agg(distinct n.root_id) into root_ids
  from new_rows as n
  join old_rows as o on o.id = n.id
  where n.state in ('done', 'failed', 'timedout', 'invalid')
    and o.state is distinct from n.state
    and not exists (
      select 1
      from public.run_request as r
      where r.root_id = n.root_id
        and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'));
  if root_ids is not null then
    perform etl_api.advance_activities(etl_api.end_runs(root_ids));
  end if;
  return null;
end
$$;

comment on function public.mark_run_request_done() is
  'Ends the runs whose chain of HTTP requests a statement has ended, and moves their activities on.';

revoke execute on function public.mark_run_request_done() from public, anon, authenticated;
-- end of source

-- source: sql/etl_api/exchange/missing_error.sql
create or replace function etl_api.missing_error(missing jsonb, kind text, source_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'code', 'missing_value',
    'missing', missing,
    'message', pg_catalog.format('Nothing fills %s in the %s request template of source %s.',
      (select pg_catalog.string_agg('<<$' || m.name || '>>', ', ') from pg_catalog.jsonb_array_elements_text(missing) as m (name)),
      kind,
      (select s.name from public.source as s where s.id = source_id)))
$$;

comment on function etl_api.missing_error(jsonb, text, uuid) is
  'The error of a request that cannot be rendered: {code, missing: [placeholder], message}.';

revoke execute on function etl_api.missing_error(jsonb, text, uuid) from public;
grant execute on function etl_api.missing_error(jsonb, text, uuid) to service_role;
-- end of source

-- source: sql/etl_api/exchange/poll_back_off.sql
create or replace function etl_api.poll_back_off(poll_policy jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  -- The same curve as for retries, with the defaults and names of polling; no jitter, a job is one's own.
  select pg_catalog.jsonb_build_object(
    'base_seconds', utils.number_or(poll_policy -> 'first_seconds', 2),
    'factor', utils.number_or(poll_policy -> 'factor', 1.5),
    'max_seconds', utils.number_or(poll_policy -> 'max_seconds', 60),
    'jitter', 0)
$$;

comment on function etl_api.poll_back_off(jsonb) is
  'A source''s poll_policy in the words of utils.back_off, defaults filled in.';

revoke execute on function etl_api.poll_back_off(jsonb) from public;
grant execute on function etl_api.poll_back_off(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/exchange/process_answers.sql
create or replace function etl_api.process_answers(answers etl_api.answer[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- What comes next is queued before what came is ended: a chain with a follow-up has not ended.
  perform etl_api.map_answers(answers);
  perform etl_api.follow_answers(answers);
  perform etl_api.settle_answers(answers);
end
$$;

comment on function etl_api.process_answers(etl_api.answer[]) is
  'What accepted answers lead to: values, further requests, ended runs, the next sources, ended activities. The caller holds the workflow locks.';

revoke execute on function etl_api.process_answers(etl_api.answer[]) from public;
grant execute on function etl_api.process_answers(etl_api.answer[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/release_run_requests.sql
create or replace function etl_api.release_run_requests(leases jsonb) returns int
language plpgsql
set search_path = ''
as $$
declare
  released int;
begin
  -- No workflow lock: a hand-back changes only the row whose lease it proves, as a claim does.
  with held as (
    select r.id
    from etl_api.leases_given(leases, 'run_request_id') as g
    join public.run_request as r
      on r.id = g.id
      and r.lease_token = g.lease_token
      and r.state = 'in_progress'
      and r.lease_until > utils.now()
    order by r.id
    for no key update of r
  )
  update public.run_request as r
  set state = 'ready',
      state_via = null,
      state_substate = 'released',
      attempts = r.attempts - 1,
      due_at = utils.now(),
      lease_until = null,
      lease_token = null
  from held
  where r.id = held.id;
  get diagnostics released = row_count;
  if released > 0 then
    perform etl_api.ring('execute-runs');
  end if;
  return released;
end
$$;

comment on function etl_api.release_run_requests(jsonb) is
  'Hands back claimed HTTP requests that were not sent: [{"run_request_id", "lease_token"}]. They are ready again at once and the attempt does not count. Returns how many; a lost lease changes nothing.';

revoke execute on function etl_api.release_run_requests(jsonb) from public;
grant execute on function etl_api.release_run_requests(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/exchange/render_follow_ups.sql
create or replace function etl_api.render_follow_ups(
  kinds text[], source_ids uuid[], activity_request_ids uuid[], external_ids text[], cursors jsonb[], pages int[],
  before_ids uuid[])
returns table (item int, request jsonb, missing text[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  -- A follow-up carries the runs of its chain.
  select r.item, r.request, r.missing
  from (
    select pg_catalog.array_agg(b.item::int order by b.item, q.due_at, q.id) as items,
      pg_catalog.array_agg(q.id order by b.item, q.due_at, q.id) as run_ids
    from unnest(before_ids) with ordinality as b (id, item)
    join public.run_request as before on before.id = b.id
    join public.run_queue as q on q.run_request_id = before.root_id
  ) as carried
  cross join lateral etl_api.render_requests(
    kinds, source_ids, activity_request_ids, external_ids, cursors, pages, carried.items, carried.run_ids) as r;
end
$$;

comment on function etl_api.render_follow_ups(text[], uuid[], uuid[], text[], jsonb[], int[], uuid[]) is
  'Renders the requests that follow those in before_ids, for the runs their chains carry; see render_requests.';

revoke execute on function etl_api.render_follow_ups(text[], uuid[], uuid[], text[], jsonb[], int[], uuid[]) from public;
grant execute on function etl_api.render_follow_ups(text[], uuid[], uuid[], text[], jsonb[], int[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/render_requests.sql
create or replace function etl_api.render_requests(
  kinds text[], source_ids uuid[], activity_request_ids uuid[], external_ids text[], cursors jsonb[], pages int[],
  run_items int[], run_ids uuid[])
returns table (item int, request jsonb, missing text[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  object_ids uuid[];
  natural_keys jsonb[];
  known jsonb[] := '{}'::jsonb[];
begin
  -- What costs a look-up is looked up only for templates that ask for it.
  if etl_api.templates_mention(kinds, source_ids, '<<$object') then
    select pg_catalog.array_agg(q.object_id order by r.place), pg_catalog.array_agg(o.natural_key order by r.place)
    into object_ids, natural_keys
    from unnest(run_ids) with ordinality as r (id, place)
    join public.run_queue as q on q.id = r.id
    left join public.object as o on o.id = q.object_id;

    known := array(select v."values" from etl_api.object_values(object_ids) as v order by v.place);
  end if;

  return query
  -- run_items[i] says to which request run_ids[i] belongs, known[i] what is known of its object.
  with asked as materialized (
    select t.item::int as item, t.source_id, t.activity_request_id, t.external_id, t.cursor, t.page,
      template.json as template,
      pg_catalog.strpos(template.json::text, '<<$datapoints') > 0 as wants_datapoints,
      pg_catalog.strpos(template.json::text, '<<$criteria') > 0
        or pg_catalog.strpos(template.json::text, '<<$factors') > 0 as wants_factors
    from unnest(kinds, source_ids, activity_request_ids, external_ids, cursors, pages)
      with ordinality as t (kind, source_id, activity_request_id, external_id, cursor, page, item)
    join public.source as s on s.id = t.source_id
    cross join lateral (select etl_api.source_template(s, t.kind) as json) as template
  ),
  batch as (
    select r.item, pg_catalog.jsonb_agg(r.natural_key || r.known order by r.place) as objects
    from unnest(run_items, natural_keys, known) with ordinality as r (item, natural_key, known, place)
    where r.natural_key is not null
    group by r.item
  ),
  questions as (
    select r.item, pg_catalog.jsonb_agg(distinct d.name order by d.name) as names
    from unnest(run_items, run_ids) as r (item, run_id)
    join asked on asked.item = r.item and asked.wants_datapoints
    join public.run_queue as q on q.id = r.run_id
    join public.datapoint as d on d.id = any (q.datapoint_ids)
    group by r.item
  ),
  vars as (
    select a.item, a.template,
      pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
        'run_external_id', a.external_id,
        'max_objects', ar.max_objects,
        'page', a.page))
      || pg_catalog.jsonb_build_object(
        'run_setup', ar.config,
        'cursor', a.cursor,
        'objects', coalesce(b.objects, '[]'),
        'datapoints', coalesce(qu.names, '[]'))
      || case when pg_catalog.jsonb_array_length(b.objects) = 1
        then pg_catalog.jsonb_build_object('object', b.objects -> 0) else '{}' end
      || case when a.wants_factors then etl_api.factor_vars(ar.activity_id) else '{}' end as vars
    from asked as a
    join public.activity_request as ar on ar.id = a.activity_request_id
    left join batch as b on b.item = a.item
    left join questions as qu on qu.item = a.item
  )
  select v.item,
    case when pg_catalog.cardinality(u.missing) = 0
      then utils.replace_request_placeholders(v.template, v.vars) end,
    u.missing
  from vars as v
  cross join lateral (select utils.unresolved_placeholders(v.template, v.vars) as missing) as u;
end
$$;

comment on function etl_api.render_requests(text[], uuid[], uuid[], text[], jsonb[], int[], int[], uuid[]) is
  'Renders HTTP requests from the templates of their sources, a whole batch in one statement. missing names the placeholders that nothing fills; request is then null. Secrets stay placeholders.';

revoke execute on function etl_api.render_requests(text[], uuid[], uuid[], text[], jsonb[], int[], int[], uuid[]) from public;
grant execute on function etl_api.render_requests(text[], uuid[], uuid[], text[], jsonb[], int[], int[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/ring.sql
create or replace function etl_api.ring(function_name text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  rung text := coalesce(pg_catalog.current_setting('etl.rung', true), '');
  base_url text;
  key text;
begin
  if function_name is null or function_name not in ('execute-runs', 'deliver-webhooks') then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no edge function is called %L', function_name),
      hint = 'Ring execute-runs or deliver-webhooks.';
  end if;

  -- At most once a transaction: the mark carries the transaction's id, so it ends with it.
  if pg_catalog.strpos(rung, function_name || '@' || pg_catalog.pg_current_xact_id()::text || ' ') > 0 then
    return;
  end if;
  perform pg_catalog.set_config('etl.rung',
    pg_catalog.right(rung, 200) || function_name || '@' || pg_catalog.pg_current_xact_id()::text || ' ', true);

  select s.value #>> '{}' into base_url
  from etl_api.setting as s
  where s.name = 'function_url';

  if base_url is null or pg_catalog.to_regprocedure('net.http_post(text,jsonb,jsonb,jsonb,integer)') is null then
    perform pg_catalog.pg_notify('etl_bell', function_name);
    return;
  end if;

  -- pg_net: the call carries no data, is sent after commit, and may be lost; recover() finds what it left.
  if pg_catalog.to_regclass('vault.decrypted_secrets') is not null then
    execute 'select decrypted_secret from vault.decrypted_secrets where name = ''etl_function_key''' into key;
  end if;
  execute 'select net.http_post(url := $1, body := ''{}''::jsonb, params := ''{}''::jsonb, headers := $2, timeout_milliseconds := 5000)'
    using
      pg_catalog.rtrim(base_url, '/') || '/' || function_name,
      pg_catalog.jsonb_build_object(
        'content-type', 'application/json',
        'authorization', 'Bearer ' || coalesce(key, ''));
end
$$;

comment on function etl_api.ring(text) is
  'Wakes an edge function (execute-runs, deliver-webhooks): by pg_net where setting function_url is set and pg_net is there, else by NOTIFY etl_bell. It only says "look"; at most once a transaction. ETL04: no such function.';

revoke execute on function etl_api.ring(text) from public;
grant execute on function etl_api.ring(text) to service_role;
-- end of source

-- source: sql/etl_api/exchange/settle_answers.sql
create or replace function etl_api.settle_answers(answers etl_api.answer[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.run_request as r
  set state = case
        when a.verdict in ('map', 'ask') then 'done'
        when a.verdict in ('poll', 'retry') then 'waiting'
        else 'failed'
      end::public.run_request_state,
      state_via = null,
      state_substate = case a.verdict when 'poll' then 'polling' when 'retry' then 'backoff' else a.code end,
      due_at = coalesce(a.due_at, r.due_at),
      -- A poll that was answered starts its attempts anew: they count failures in a row.
      attempts = case when a.verdict = 'poll' then 0 else r.attempts end,
      polls = r.polls + (a.verdict = 'poll')::int,
      external_id = a.external_id,
      lease_until = null,
      lease_token = null,
      http_status = a.http_status,
      error = case when a.code is not null then pg_catalog.jsonb_build_object('code', a.code, 'message', a.message) end,
      finished_at = case when a.verdict not in ('poll', 'retry') then utils.now() end
  from unnest(answers) as a
  where r.id = a.run_request_id
    and r.org_id = a.org_id;
end
$$;

comment on function etl_api.settle_answers(etl_api.answer[]) is
  'Moves HTTP requests on as their verdicts say; what has ended ends its runs by trg_mark_run_done. The caller holds the workflow locks.';

revoke execute on function etl_api.settle_answers(etl_api.answer[]) from public;
grant execute on function etl_api.settle_answers(etl_api.answer[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/source_capacity.sql
create or replace function etl_api.source_capacity(max_requests int)
returns table (source_id uuid, capacity int, max_objects_per_request int)
language plpgsql
set search_path = ''
as $$
declare
  due_ids uuid[];
begin
  -- Which sources have anything waiting: one index probe per source, however many rows wait.
  with recursive queued as (
    (select q.source_id from public.run_queue as q where q.state in ('waiting', 'ready') order by q.source_id limit 1)
    union all
    select (
      select q.source_id
      from public.run_queue as q
      where q.state in ('waiting', 'ready')
        and q.source_id > queued.source_id
      order by q.source_id
      limit 1)
    from queued
    where queued.source_id is not null
  ),
  requested as (
    (select r.source_id from public.run_request as r where r.state in ('waiting', 'ready') order by r.source_id limit 1)
    union all
    select (
      select r.source_id
      from public.run_request as r
      where r.state in ('waiting', 'ready')
        and r.source_id > requested.source_id
      order by r.source_id
      limit 1)
    from requested
    where requested.source_id is not null
  )
  select pg_catalog.array_agg(both_kinds.source_id) into due_ids
  from (
    select queued.source_id from queued
    union
    select requested.source_id from requested
  ) as both_kinds
  where both_kinds.source_id is not null;

  -- A limit holds only if one claim at a time counts what is in flight; sources without one need no lock.
  perform 1
  from public.source as s
  where s.id = any (due_ids)
    and s.max_concurrency is not null
  order by s.id
  for no key update;

  return query
  select s.id,
    case when s.max_concurrency is null then max_requests
      else least(max_requests, s.max_concurrency - (
        select pg_catalog.count(*)::int
        from public.run_request as r
        where r.source_id = s.id
          and r.state = 'in_progress'))
    end,
    s.max_objects_per_request
  from public.source as s
  where s.id = any (due_ids)
    and s.enabled;
end
$$;

comment on function etl_api.source_capacity(int) is
  'Sources with work waiting, and how many HTTP requests each may take now, at most max_requests, under its max_concurrency. Holds the sources that have such a limit until the transaction ends.';

revoke execute on function etl_api.source_capacity(int) from public;
grant execute on function etl_api.source_capacity(int) to service_role;
-- end of source

-- source: sql/etl_api/exchange/source_template.sql
create or replace function etl_api.source_template(source public.source, kind text) returns jsonb
language sql immutable
set search_path = ''
as $$
  select case kind
    when 'run' then source.run_request_template
    when 'status' then source.status_request_template
    when 'delivery' then source.delivery_request_template
  end
$$;

comment on function etl_api.source_template(public.source, text) is
  'The request template of a source for a kind of HTTP request: run, status or delivery.';

revoke execute on function etl_api.source_template(public.source, text) from public;
grant execute on function etl_api.source_template(public.source, text) to service_role;
-- end of source

-- source: sql/etl_api/exchange/templates_mention.sql
create or replace function etl_api.templates_mention(kinds text[], source_ids uuid[], placeholder text) returns boolean
language sql stable
set search_path = ''
as $$
  select exists (
    select 1
    from (select distinct t.kind, t.source_id from unnest(kinds, source_ids) as t (kind, source_id)) as asked
    join public.source as s on s.id = asked.source_id
    where pg_catalog.strpos(etl_api.source_template(s, asked.kind)::text, placeholder) > 0)
$$;

comment on function etl_api.templates_mention(text[], uuid[], text) is
  'Whether the template of that kind of any of these sources holds this text, such as <<$object.';

revoke execute on function etl_api.templates_mention(text[], uuid[], text) from public;
grant execute on function etl_api.templates_mention(text[], uuid[], text) to service_role;
-- end of source

-- source: sql/etl_api/exchange/trg_mark_run_done.sql
drop trigger if exists trg_mark_run_done on public.run_request;
create trigger trg_mark_run_done
  after update on public.run_request
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function public.mark_run_request_done();

comment on trigger trg_mark_run_done on public.run_request is
  'HTTP requests that ended end the runs they carried.';
-- end of source

-- source: sql/etl_api/intake/accept_workflow_requests.sql
create or replace function etl_api.accept_workflow_requests(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  activities etl_api.requested_activity[] := etl_api.requested_activities(workflow_request_ids);
  fault_ids uuid[];
  faults jsonb[];
begin
  select pg_catalog.array_agg(f.id), pg_catalog.array_agg(f.errors) into fault_ids, faults
  from (
    select r.workflow_request_id as id,
      pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object('code', r.code, 'path', r.path, 'found', r.found, 'message', r.message, 'hint', r.hint)
        order by r.place) as errors
    from (
      select a.*, pg_catalog.row_number() over (
        partition by a.workflow_request_id
        order by etl_api.fault_rank(a.code), a.path collate "C", a.found) as place
      from etl_api.activities_faults(workflow_request_ids, activities) as a
    ) as r
    where r.place <= 1000
    group by r.workflow_request_id
  ) as f;

  if fault_ids is not null then
    perform etl_api.reject_workflow_requests(fault_ids, faults);
    activities := array(
      select a
      from pg_catalog.unnest(activities) as a
      where a.workflow_request_id not in (select pg_catalog.unnest(fault_ids)));
  end if;
  perform etl_api.start_workflow_requests(activities);
  perform etl_api.create_activity_requests(activities);
end
$$;

comment on function etl_api.accept_workflow_requests(uuid[]) is
  'Takes new requests in: validates them all, ends the faulty ones as invalid, expands and starts the others. At most a few thousand at once: process_workflow_requests cuts larger sets.';

revoke execute on function etl_api.accept_workflow_requests(uuid[]) from public;
grant execute on function etl_api.accept_workflow_requests(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/activities_faults.sql
create or replace function etl_api.activities_faults(workflow_request_ids uuid[], activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with plain as materialized (
    select * from etl_api.request_faults(workflow_request_ids)
    union all
    select * from etl_api.activity_faults(activities)
    union all
    select * from etl_api.config_faults(workflow_request_ids, activities)
    union all
    select * from etl_api.datapoint_faults(activities)
    union all
    select * from etl_api.source_faults(activities)
    union all
    select * from etl_api.webhook_faults(workflow_request_ids, activities)
    union all
    select * from etl_api.target_faults(activities)
    union all
    select * from etl_api.dependency_faults(activities)
  )
  select * from plain
  union all
  -- Where the input sits is known only of requests that are right in everything else.
  select *
  from etl_api.input_faults(array(
    select a
    from pg_catalog.unnest(activities) as a
    where a.workflow_request_id not in (select plain.workflow_request_id from plain)));
end
$$;

comment on function etl_api.activities_faults(uuid[], etl_api.requested_activity[]) is
  'Every fault of requests whose activities have been read and resolved.';

revoke execute on function etl_api.activities_faults(uuid[], etl_api.requested_activity[]) from public;
grant execute on function etl_api.activities_faults(uuid[], etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/activity_edges.sql
create or replace function etl_api.activity_edges(activities etl_api.requested_activity[])
returns table (
  workflow_request_id uuid, org_id uuid, from_id uuid, from_key text, from_phase int,
  place text, target uuid, to_id uuid, to_key text, to_phase int)
language plpgsql stable
set search_path = ''
as $$
begin
  if not exists (select 1 from pg_catalog.unnest(activities) as a where a.targets is not null) then
    return;
  end if;

  -- Activities and the names of activities meet in groups, not in a join: no plan can go wrong on their number.
  return query
  select g.workflow_request_id, f.org_id, f.id, f.key, f.phase, f.place, g.target, t.id, t.key, t.phase
  from (
    select n.workflow_request_id, n.target,
      pg_catalog.array_agg(n.id) filter (where n.place is null) as ids,
      pg_catalog.array_agg(n.activity_key) filter (where n.place is null) as keys,
      pg_catalog.array_agg(n.workflow_phase) filter (where n.place is null) as phases,
      pg_catalog.array_agg(n.org_id) filter (where n.place is not null) as from_org_ids,
      pg_catalog.array_agg(n.id) filter (where n.place is not null) as from_ids,
      pg_catalog.array_agg(n.activity_key) filter (where n.place is not null) as from_keys,
      pg_catalog.array_agg(n.workflow_phase) filter (where n.place is not null) as from_phases,
      pg_catalog.array_agg(n.place) filter (where n.place is not null) as places
    from (
      select a.workflow_request_id, a.activity_id as target, a.id, a.org_id, a.activity_key, a.workflow_phase, null as place
      from pg_catalog.unnest(activities) as a
      where a.activity_id is not null
      union all
      select a.workflow_request_id, e.target, a.id, a.org_id, a.activity_key, a.workflow_phase, e.place
      from pg_catalog.unnest(activities) as a
      cross join lateral etl_api.named_targets(a.body #> '{destination,activity,id}') as e
      where a.targets is not null
    ) as n
    group by n.workflow_request_id, n.target
  ) as g
  cross join lateral unnest(g.from_org_ids, g.from_ids, g.from_keys, g.from_phases, g.places)
    as f (org_id, id, key, phase, place)
  left join lateral unnest(g.ids, g.keys, g.phases) as t (id, key, phase)
    on t.id <> f.id or pg_catalog.cardinality(g.ids) = 1;
end
$$;

comment on function etl_api.activity_edges(etl_api.requested_activity[]) is
  'Who hands objects to whom by destination.activity: one row for each activity and each activity of the id it names; to_id is null when the request has none. An activity hands to itself only when nobody else has the id.';

revoke execute on function etl_api.activity_edges(etl_api.requested_activity[]) from public;
grant execute on function etl_api.activity_edges(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/activity_faults.sql
create or replace function etl_api.activity_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select a.workflow_request_id, f.code, etl_api.json_path(variadic array['data', a.activity_key] || f.members),
    etl_api.shorten_json(f.found), f.message, f.hint
  from pg_catalog.unnest(activities) as a
  cross join lateral (
    select 'invalid_type' as code, '{}'::text[] as members, a.body as found,
      pg_catalog.format('An activity is an object, but this is %s.', etl_api.describe_json(a.body)) as message,
      'Give an object such as {"id": "<activity uuid>"}.' as hint
    where pg_catalog.jsonb_typeof(a.body) <> 'object'
    union all
    select 'invalid_type', '{}', pg_catalog.to_jsonb(a.activity_key),
      pg_catalog.format('The key of an activity has at most 255 characters, but this one has %s.',
        pg_catalog.length(a.activity_key)),
      'Give it a shorter key.'
    where pg_catalog.length(a.activity_key) > 255
    union all
    select 'missing_value', '{id}', a.body -> 'id',
      'The activity has no id, so it is not known what to do.',
      'Give the id of an activity of your organisation.'
    where pg_catalog.jsonb_typeof(a.body) = 'object'
      and coalesce(a.body -> 'id', 'null') = 'null'
    union all
    select case when is_id then 'unknown_activity' else 'invalid_type' end, '{id}', a.body -> 'id',
      case when is_id then pg_catalog.format('There is no activity %s.', a.body ->> 'id')
        else pg_catalog.format('The id of an activity is a UUID, but this is %s.',
          etl_api.describe_json(a.body -> 'id')) end,
      'Give the id of an activity of your organisation, or of a shared one.'
    from (
      select pg_catalog.jsonb_typeof(a.body -> 'id') = 'string' and etl_api.is_uuid(a.body ->> 'id') as is_id
      where a.activity_id is null
    ) as named
    where pg_catalog.jsonb_typeof(a.body -> 'id') <> 'null'
    union all
    select 'invalid_type', '{type}', a.body -> 'type',
      pg_catalog.format('The type of what stands here is "activity", but this is %s.',
        etl_api.describe_json(a.body -> 'type')),
      'Write "activity", or leave it out.'
    where a.body -> 'type' not in ('"activity"', 'null')
    union all
    select 'invalid_type', s.members, a.body #> s.members,
      pg_catalog.format('%s is an object, but this is %s.', s.name, etl_api.describe_json(a.body #> s.members)), s.hint
    from (values
      ('{setup}'::text[], 'The setup of an activity', 'Give an object such as {"config": {"phase": 1}}, or leave it out.'),
      ('{setup,config}', 'The config of an activity', 'Give an object such as {"phase": 1}, or leave it out.')
    ) as s (members, name, hint)
    where pg_catalog.jsonb_typeof(a.body #> s.members) not in ('object', 'null')
  ) as f;
end
$$;

comment on function etl_api.activity_faults(etl_api.requested_activity[]) is
  'What is wrong with the activities of requests themselves: their shape, key, id, type, setup. Another tenant''s activity reads exactly like one that does not exist.';

revoke execute on function etl_api.activity_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.activity_faults(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/config_faults.sql
create or replace function etl_api.config_faults(workflow_request_ids uuid[], activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
as $$
begin
  return query
  select f.workflow_request_id, 'invalid_type', etl_api.json_path(variadic f.members), etl_api.shorten_json(f.found),
    pg_catalog.format(case f.kind
      when 'whole' then '%s is a whole number from 1 to 2147483647, but this is %s.'
      when 'seconds' then '%s is a number of seconds from 1 to 315360000, but this is %s.'
      else '%s is an object, but this is %s.' end, f.members[pg_catalog.cardinality(f.members)],
        etl_api.describe_json(f.found)),
    case when f.own then 'Write another value, or leave it out.'
      else 'It stands in the config of the activity itself: set it right there, or write another value here.' end
  from (
    select a.workflow_request_id, array['data', a.activity_key, 'setup', 'config', c.name] as members,
      c.found, c.kind, coalesce(a.body #> '{setup,config}' ? c.name, false) as own
    from pg_catalog.unnest(activities) as a
    cross join lateral (values
      ('phase', a.config -> 'phase', 'whole'),
      ('max_objects', a.config -> 'max_objects', 'whole'),
      ('run_timeout_seconds', a.config -> 'run_timeout_seconds', 'seconds'),
      ('activity_timeout_seconds', a.config -> 'activity_timeout_seconds', 'seconds')
    ) as c (name, found, kind)
    union all
    select w.id, c.members, c.found, c.kind, true
    from pg_catalog.unnest(workflow_request_ids) as i (id)
    cross join lateral (
      select r.id, r.org_id, r.data
      from public.workflow_request as r
      where r.id = i.id
        and r.replay = 0
      offset 0
    ) as w
    cross join lateral (values
      ('{config}'::text[], w.data -> 'config', 'object'),
      ('{config,timeout_seconds}', w.data #> '{config,timeout_seconds}', 'seconds')
    ) as c (members, found, kind)
  ) as f
  where pg_catalog.jsonb_typeof(f.found) <> 'null'
    and not case
      when f.kind = 'object' then pg_catalog.jsonb_typeof(f.found) = 'object'
      when pg_catalog.jsonb_typeof(f.found) <> 'number' then false
      when f.kind = 'whole' then
        case when (f.found #>> '{}')::numeric between 1 and 2147483647
          then (f.found #>> '{}')::numeric = pg_catalog.trunc((f.found #>> '{}')::numeric)
          else false end
      else (f.found #>> '{}')::numeric between 1 and 315360000
    end;
end
$$;

comment on function etl_api.config_faults(uuid[], etl_api.requested_activity[]) is
  'What is wrong with the numbers in the config of requests and of their activities.';

revoke execute on function etl_api.config_faults(uuid[], etl_api.requested_activity[]) from public;
grant execute on function etl_api.config_faults(uuid[], etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/create_activity_requests.sql
create or replace function etl_api.create_activity_requests(activities etl_api.requested_activity[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
begin
  -- One statement for both tables: the triggers that start activities fire when the edges are there as well.
  with edge as materialized (
    select e.org_id, e.from_id, e.to_id
    from etl_api.activity_edges(activities) as e
  ), created as (
    insert into public.activity_request
      (id, org_id, workflow_request_id, activity_id, activity_key, activity_type, object_type_id, workflow_phase,
       config, destination, max_objects, datapoint_ids, source_ids, on_failure,
       state, state_via, state_substate, created_at)
    select a.id, a.org_id, a.workflow_request_id, a.activity_id, a.activity_key, a.activity_type, a.object_type_id,
      a.workflow_phase, a.config, nullif(a.body -> 'destination', 'null'), a.max_objects, a.datapoint_ids, a.source_ids,
      a.on_failure,
      case when a.waits_for is null then 'ready' else 'waiting' end::public.activity_request_state,
      '{new,valid}', a.waits_for, moment
    from (
      select r.*,
        case
          when r.workflow_phase > pg_catalog.min(r.workflow_phase) over (partition by r.workflow_request_id) then 'phase'
          when r.id in (select e.to_id from edge as e) then 'dependency'
        end as waits_for
      from pg_catalog.unnest(activities) as r
    ) as a
  )
  insert into public.activity_dependency (org_id, activity_request_id, depends_on_id)
  select e.org_id, e.to_id, e.from_id
  from edge as e;
end
$$;

comment on function etl_api.create_activity_requests(etl_api.requested_activity[]) is
  'Creates the activity requests of accepted requests and the edges between them. Those of the lowest phase that wait for nobody start when the statement ends.';

revoke execute on function etl_api.create_activity_requests(etl_api.requested_activity[]) from public;
grant execute on function etl_api.create_activity_requests(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/datapoint_faults.sql
create or replace function etl_api.datapoint_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select a.workflow_request_id, f.code,
    etl_api.json_path('data', a.activity_key, 'setup', 'config', 'datapoints') || f.place,
    etl_api.shorten_json(f.found), f.message, f.hint
  from pg_catalog.unnest(activities) as a
  cross join lateral (
    select 'invalid_type' as code, '' as place, a.config -> 'datapoints' as found,
      pg_catalog.format('The datapoints are a list of at most 1000 names, but this is %s.',
        case when pg_catalog.jsonb_typeof(a.config -> 'datapoints') = 'array' then 'a longer one'
          else etl_api.describe_json(a.config -> 'datapoints') end) as message,
      'Give a list such as ["industry", "employees"], or leave it out.' as hint
    where case pg_catalog.jsonb_typeof(a.config -> 'datapoints')
      when 'array' then pg_catalog.jsonb_array_length(a.config -> 'datapoints') > 1000
      when 'null' then false
      else a.config ? 'datapoints' end
    union all
    select 'invalid_type', '[' || d.place - 1 || ']', d.value,
      pg_catalog.format('The name of a datapoint is a text, but this is %s.', etl_api.describe_json(d.value)),
      'Give the name of a datapoint of the activity''s object type.'
    from pg_catalog.jsonb_array_elements(
      case when pg_catalog.jsonb_typeof(a.config -> 'datapoints') = 'array' then a.config -> 'datapoints' end)
      with ordinality as d (value, place)
    where pg_catalog.jsonb_typeof(d.value) <> 'string'
      and d.place <= 1000
    union all
    select 'missing_value', '', a.config -> 'datapoints',
      'The enrichment asks for no datapoint, so there is nothing to find.',
      'Name at least one here, or in the activity itself.'
    where a.activity_type = 'enrichment'
      and a.datapoints = '{}'
      and (a.config -> 'datapoints' is null or a.config -> 'datapoints' in ('[]', 'null'))
    union all
    select 'unknown_datapoint', coalesce('[' || p.place - 1 || ']', ''), pg_catalog.to_jsonb(n.name),
      pg_catalog.format('The activity %s asks for the datapoint %s, which its objects do not have.',
        pg_catalog.to_json(a.activity_name), etl_api.shorten_json(pg_catalog.to_jsonb(n.name))),
      case when p.place is null
        then 'The activity itself asks for it: set it right there, or name the datapoints here.'
        else 'Give the name of a datapoint of the activity''s object type.' end
    from unnest(a.datapoints, a.datapoint_ids) as n (name, id)
    left join lateral (
      select pg_catalog.min(d.place) as place
      from pg_catalog.jsonb_array_elements(
        case when pg_catalog.jsonb_typeof(a.config -> 'datapoints') = 'array' then a.config -> 'datapoints' end)
        with ordinality as d (value, place)
      where d.value = pg_catalog.to_jsonb(n.name)
    ) as p on true
    where n.id is null
      and a.activity_id is not null
  ) as f;
end
$$;

comment on function etl_api.datapoint_faults(etl_api.requested_activity[]) is
  'What is wrong with the datapoints that activities ask for: no list, no text, none at all, unknown to the object type.';

revoke execute on function etl_api.datapoint_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.datapoint_faults(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/dependency_cycles.sql
create or replace function etl_api.dependency_cycles(from_nodes text[], to_nodes text[])
returns table (nr int, place int, node text)
language plpgsql immutable
set search_path = ''
as $$
declare
  nodes text[];
  froms int[];
  tos int[];
  depth int := 0;
  at int;
  target int;
begin
  if from_nodes is null then
    return;
  end if;

  select pg_catalog.array_agg(distinct s.name order by s.name),
    pg_catalog.array_agg(s.number order by s.edge) filter (where s.is_from),
    pg_catalog.array_agg(s.number order by s.edge) filter (where not s.is_from)
  into nodes, froms, tos
  from (
    select e.name collate "C" as name, e.edge, e.is_from,
      pg_catalog.dense_rank() over (order by e.name collate "C")::int as number
    from (
      select f.name, f.edge, true as is_from from pg_catalog.unnest(from_nodes) with ordinality as f (name, edge)
      union all
      select t.name, t.edge, false from pg_catalog.unnest(to_nodes) with ordinality as t (name, edge)
    ) as e
  ) as s;
  select pg_catalog.array_agg(e.f order by e.f, e.t), pg_catalog.array_agg(e.t order by e.f, e.t)
  into froms, tos
  from unnest(froms, tos) as e (f, t);

  -- A walk in depth is a loop by nature; it takes each edge once, whatever the graph. Whoever meets somebody who is
  -- still on the way back to the start has found a circle.
  declare
    nobody constant int[] := pg_catalog.array_fill(0, array[pg_catalog.cardinality(nodes)]);
    next_edge int[] := nobody;
    standing int[] := nobody;
    told int[] := nobody;
    way int[] := nobody;
  begin
    for edge in reverse pg_catalog.cardinality(froms) .. 1 loop
      next_edge[froms[edge]] := edge;
    end loop;
    nr := 0;
    for start in 1 .. pg_catalog.cardinality(nodes) loop
      continue when standing[start] <> 0;
      depth := 1;
      way[1] := start;
      standing[start] := 1;
      while depth > 0 loop
        at := way[depth];
        if next_edge[at] = 0 or froms[next_edge[at]] is distinct from at then
          standing[at] := -1;
          depth := depth - 1;
          continue;
        end if;
        target := tos[next_edge[at]];
        next_edge[at] := next_edge[at] + 1;
        if standing[target] = 0 then
          depth := depth + 1;
          way[depth] := target;
          standing[target] := depth;
        elsif standing[target] > 0 and told[target] = 0 and told[at] = 0 then
          nr := nr + 1;
          for step in standing[target] .. depth loop
            place := step - standing[target] + 1;
            node := nodes[way[step]];
            told[way[step]] := nr;
            return next;
          end loop;
        end if;
      end loop;
    end loop;
  end;
end
$$;

comment on function etl_api.dependency_cycles(text[], text[]) is
  'Circles in a graph given by its edges: circle, place on it, node. At least one of those that hang together, none twice; the same for the same graph.';

revoke execute on function etl_api.dependency_cycles(text[], text[]) from public;
grant execute on function etl_api.dependency_cycles(text[], text[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/dependency_faults.sql
create or replace function etl_api.dependency_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  with edge as materialized (
    select *
    from etl_api.activity_edges(activities) as e
  )
  select e.workflow_request_id, 'unknown_activity',
    etl_api.json_path('data', e.from_key, 'destination', 'activity', 'id') || e.place, pg_catalog.to_jsonb(e.target),
    pg_catalog.format('No activity of this request has the id %s.', e.target),
    'Give the id of another activity of this request.'
  from edge as e
  where e.to_id is null
  union all
  select e.workflow_request_id, 'dependency_order',
    etl_api.json_path('data', e.from_key, 'destination', 'activity', 'id') || e.place, pg_catalog.to_jsonb(e.target),
    pg_catalog.format('The activity %s of phase %s hands its objects to %s of phase %s, which is over by then.',
      etl_api.shorten_json(pg_catalog.to_jsonb(e.from_key)), e.from_phase,
      etl_api.shorten_json(pg_catalog.to_jsonb(e.to_key)), e.to_phase),
    'Put the taking activity into the same or a later phase.'
  from edge as e
  where e.to_phase < e.from_phase
  union all
  select c.workflow_request_id, 'dependency_cycle', c.path, c.found,
    pg_catalog.format('These activities wait for each other, so none can start: %s.', c.way),
    'Take one of the activities out of the circle.'
  from (
    -- An edge to an earlier phase is a fault of its own, and one to a later phase closes no circle.
    select pg_catalog.array_agg(e.workflow_request_id || e.from_key) as from_nodes,
      pg_catalog.array_agg(e.workflow_request_id || e.to_key) as to_nodes
    from edge as e
    where e.from_phase = e.to_phase
  ) as g
  cross join lateral (
    select (pg_catalog.array_agg(n.workflow_request_id))[1] as workflow_request_id,
      etl_api.json_path('data', (pg_catalog.array_agg(n.key order by n.place))[1], 'destination', 'activity', 'id') as path,
      etl_api.shorten_json(pg_catalog.jsonb_agg(n.key order by n.place)) as found,
      pg_catalog.left(pg_catalog.string_agg(n.key, ' → ' order by n.place), 500)
        || ' → ' || pg_catalog.left((pg_catalog.array_agg(n.key order by n.place))[1], 100) as way
    from (
      select circle.nr, circle.place, pg_catalog.left(circle.node, 36)::uuid as workflow_request_id,
        pg_catalog.substr(circle.node, 37) as key
      from etl_api.dependency_cycles(g.from_nodes, g.to_nodes) as circle
    ) as n
    group by n.nr
  ) as c;
end
$$;

comment on function etl_api.dependency_faults(etl_api.requested_activity[]) is
  'What is wrong with who waits for whom: an id that no activity of the request has, an activity of an earlier phase, a circle.';

revoke execute on function etl_api.dependency_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.dependency_faults(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/describe_json.sql
create or replace function etl_api.describe_json(value jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case pg_catalog.jsonb_typeof(value)
    when 'string' then case
      when value = '""' then 'an empty text'
      when pg_catalog.length(value #>> '{}') <= 60 then 'the text ' || value::text
      else pg_catalog.format('a text of %s characters', pg_catalog.length(value #>> '{}')) end
    when 'number' then case
      when pg_catalog.length(value::text) <= 60 then 'the number ' || value::text
      else pg_catalog.format('a number of %s digits', pg_catalog.length(value::text)) end
    when 'boolean' then value::text
    when 'null' then 'null'
    when 'array' then case pg_catalog.jsonb_array_length(value)
      when 0 then 'an empty list'
      else 'a list' end
    when 'object' then 'an object'
    else 'nothing'
  end
$$;

comment on function etl_api.describe_json(jsonb) is
  'What a JSON value is, as a sentence says it: the text "ten", the number 3, a list, an object, null, nothing.';

revoke execute on function etl_api.describe_json(jsonb) from public;
grant execute on function etl_api.describe_json(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/intake/fault_rank.sql
create or replace function etl_api.fault_rank(code text) returns int
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(pg_catalog.array_position(
    array['invalid_json', 'missing_value', 'invalid_type', 'too_many_activities', 'unknown_activity', 'unknown_datapoint',
      'unknown_source', 'no_source', 'unknown_endpoint', 'invalid_url',
        'dependency_cycle', 'dependency_order', 'internal_error'],
    code), 100)
$$;

comment on function etl_api.fault_rank(text) is
  'Which fault names the class of a request that has several: the lowest rank.';

revoke execute on function etl_api.fault_rank(text) from public;
grant execute on function etl_api.fault_rank(text) to service_role;
-- end of source

-- source: sql/etl_api/intake/find_replay.sql
create or replace function etl_api.find_replay() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- A unique key makes whoever comes second wait for the first one's commit, within one statement as between two.
  insert into etl_api.request_key (org_id, idempotency_key, workflow_request_id)
  values (new.org_id, new.idempotency_key, new.id)
  on conflict do nothing;
  if not found then
    select k.workflow_request_id into new.id
    from etl_api.request_key as k
    where k.org_id = new.org_id
      and k.idempotency_key = new.idempotency_key;
    new.replay := pg_catalog.nextval('etl_api.replay_no');
  end if;
  return new;
end
$$;

comment on function etl_api.find_replay() is
  'Gives a row under a used idempotency_key the id of the first request, for insert … returning id, and marks it as a replay; remove_replays takes it away when the statement ends.';

revoke execute on function etl_api.find_replay() from public;

drop trigger if exists find_replay on public.workflow_request;
create trigger find_replay
  before insert on public.workflow_request
  for each row
  when (pg_catalog.length(new.idempotency_key) between 1 and 255)
  execute function etl_api.find_replay();

comment on trigger find_replay on public.workflow_request is
  'A second row under the same idempotency_key returns the first one''s id and starts nothing.';
-- end of source

-- source: sql/etl_api/intake/free_request_keys.sql
create or replace function etl_api.free_request_keys() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'TRUNCATE' then
    delete from etl_api.request_key;
  else
    delete from etl_api.request_key as k
    using old_rows as o
    where o.replay = 0
      and k.org_id = o.org_id
      and k.idempotency_key = o.idempotency_key
      and k.workflow_request_id = o.id;
  end if;
  return null;
end
$$;

comment on function etl_api.free_request_keys() is
  'Frees the idempotency keys of deleted requests.';

revoke execute on function etl_api.free_request_keys() from public;

drop trigger if exists free_request_keys on public.workflow_request;
create trigger free_request_keys
  after delete on public.workflow_request
  referencing old table as old_rows
  for each statement
  execute function etl_api.free_request_keys();

drop trigger if exists free_request_keys_truncate on public.workflow_request;
create trigger free_request_keys_truncate
  after truncate on public.workflow_request
  for each statement
  execute function etl_api.free_request_keys();

comment on trigger free_request_keys on public.workflow_request is
  'The idempotency keys of deleted requests can be used again.';
comment on trigger free_request_keys_truncate on public.workflow_request is
  'The idempotency keys of deleted requests can be used again.';
-- end of source

-- source: sql/etl_api/intake/input_faults.sql
create or replace function etl_api.input_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
as $$
declare
  handed_to uuid[] := array(select distinct e.to_id from etl_api.activity_edges(activities) as e where e.to_id is not null);
begin
  -- An empty list is nothing to do, and objects without a key cost only themselves; but no list at all is a slip.
  return query
  select a.workflow_request_id, 'missing_value', '$.input', etl_api.shorten_json(w.data -> 'input'),
    pg_catalog.format('The activity %s finds no input in the request: nothing says which %s objects it is about.',
      pg_catalog.to_json(a.activity_name), t.name),
    coalesce(
      'Give them at ' || looked.places || '.',
      'No source says where they are: insert an object_source of direction input.')
  from pg_catalog.unnest(activities) as a
  join public.workflow_request as w
    on w.id = a.workflow_request_id
    and w.org_id = a.org_id
    and w.replay = 0
  join public.object_type as t on t.id = a.object_type_id
  cross join lateral (
    select pg_catalog.string_agg(distinct etl_api.path_text(utils.mapping_path(m.key_mapping_json)), ', ') as places
    from etl_api.input_mappings(a.org_id, a.source_ids, a.object_type_id) as m
  ) as looked
  where a.activity_type = 'enrichment'
    and a.source_ids <> '{}'
    and a.id <> all (handed_to)
    and not exists (
      select 1
      from etl_api.input_mappings(a.org_id, a.source_ids, a.object_type_id) as m
      cross join lateral (select utils.mapping_path(m.key_mapping_json) as path) as p
      -- The members of an empty list are no members, but the list is there.
      cross join lateral utils.jsonb_resolve_values(
        w.data, case when pg_catalog.jsonb_typeof(p.path) = 'array' and p.path -> -1 = '"*"' then p.path - -1 else p.path end)
        as n (value)
      where n.value <> 'null');
end
$$;

comment on function etl_api.input_faults(etl_api.requested_activity[]) is
  'Enrichments that take nobody else''s objects and find no place with input in the request.';

revoke execute on function etl_api.input_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.input_faults(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/is_uuid.sql
create or replace function etl_api.is_uuid(input text) returns boolean
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  -- plpgsql, since its simple expressions are evaluated without an executor; this runs once per activity.
  return input ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
end
$$;

comment on function etl_api.is_uuid(text) is 'Whether a text is a UUID as it is usually written, so that it can be cast.';

revoke execute on function etl_api.is_uuid(text) from public;
grant execute on function etl_api.is_uuid(text) to service_role;
-- end of source

-- source: sql/etl_api/intake/is_webhook_url.sql
create or replace function etl_api.is_webhook_url(input text) returns boolean
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return pg_catalog.length(input) <= 2048
    and input ~* '^https?://(\[[0-9a-f:.]+\]|[^][\s/?#@:\\"<>^`{|}%]+)(:[0-9]{1,5})?([/?#][^\s\\"<>^`{|}]*)?$'
    and coalesce(pg_catalog.substring(input, '^[a-zA-Z]+://(?:\[[^]]*\]|[^/?#:]*):([0-9]{1,5})')::int, 443) between 1 and 65535;
end
$$;

comment on function etl_api.is_webhook_url(text) is
  'Whether a text is an http or https address that a message can be sent to: a host, no user or password, no blanks, at most 2,048 characters.';

revoke execute on function etl_api.is_webhook_url(text) from public;
grant execute on function etl_api.is_webhook_url(text) to service_role;
-- end of source

-- source: sql/etl_api/intake/isolate_workflow_requests.sql
create or replace function etl_api.isolate_workflow_requests(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  half constant int := pg_catalog.cardinality(workflow_request_ids) / 2;
  fault_state text;
  fault_message text;
  fault_context text;
begin
  perform etl_api.accept_workflow_requests(workflow_request_ids);
exception when others then
  get stacked diagnostics
    fault_state = returned_sqlstate,
    fault_message = message_text,
    fault_context = pg_exception_context;
  -- Not the request's doing: deadlocks and other rollbacks (40), no lock (55P03), read-only (25), out of disk,
  -- memory, locks (53), shutdown (57), an I/O error (58). The whole statement is to be tried again.
  if fault_state ~ '^(40|25|53|57|58)' or fault_state = '55P03' then
    raise;
  end if;
  if half > 0 then
    perform etl_api.isolate_workflow_requests(workflow_request_ids[1 : half]);
    perform etl_api.isolate_workflow_requests(workflow_request_ids[half + 1 :]);
  else
    perform etl_api.record_intake_failure(workflow_request_ids[1], fault_state, fault_message, fault_context);
  end if;
end
$$;

comment on function etl_api.isolate_workflow_requests(uuid[]) is
  'Takes new requests in; when that fails, halves them until the one that cannot be taken in stands alone, ends it as invalid (internal_error) and takes in the others.';

revoke execute on function etl_api.isolate_workflow_requests(uuid[]) from public;
grant execute on function etl_api.isolate_workflow_requests(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/json_path.sql
create or replace function etl_api.json_path(variadic members text[]) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select '$' || coalesce(pg_catalog.string_agg(
    case when m.name ~ '^[A-Za-z_][A-Za-z0-9_]*$' and pg_catalog.length(m.name) <= 200
      then '.' || m.name
      else '[' || pg_catalog.to_json(case when pg_catalog.length(m.name) <= 200
        then m.name
        else pg_catalog.left(m.name, 200) || '…' end)::text || ']'
    end, '' order by m.place), '')
  from pg_catalog.unnest(members) with ordinality as m (name, place)
$$;

comment on function etl_api.json_path(text[]) is
  'The place of a member in a document, such as $.data.enrich.id; names that are no identifiers are quoted: $.data["my key"]. A name of more than 200 characters is cut.';

revoke execute on function etl_api.json_path(text[]) from public;
grant execute on function etl_api.json_path(text[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/named_targets.sql
create or replace function etl_api.named_targets(named jsonb) returns table (target uuid, place text)
language sql immutable
set search_path = ''
as $$
  select e.id, case when pg_catalog.jsonb_typeof(named) = 'array' then '[' || pg_catalog.min(e.place) - 1 || ']' else '' end
  from (
    select t.place,
      case when pg_catalog.jsonb_typeof(t.value) = 'string' and etl_api.is_uuid(t.value #>> '{}')
        then (t.value #>> '{}')::uuid end as id
    from pg_catalog.jsonb_array_elements(
      case when pg_catalog.jsonb_typeof(named) = 'array' then named else pg_catalog.jsonb_build_array(named) end)
      with ordinality as t (value, place)
    where t.place <= 1000
  ) as e
  where e.id is not null
  group by e.id
$$;

comment on function etl_api.named_targets(jsonb) is
  'The ids in a destination.activity.id, each once, with the place where it stands first: [0], [1], …; no place when it is one id and no list.';

revoke execute on function etl_api.named_targets(jsonb) from public;
grant execute on function etl_api.named_targets(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/intake/process_workflow_request.sql
create or replace function etl_api.process_workflow_request(id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.lock_workflows(array[id]);
  perform etl_api.process_workflow_requests(array(
    select w.id
    from public.workflow_request as w
    where w.id = process_workflow_request.id
      and w.replay = 0
      and w.state = 'new'));
end
$$;

comment on function etl_api.process_workflow_request(uuid) is
  'Takes one request in if it is new; see process_workflow_requests.';

revoke execute on function etl_api.process_workflow_request(uuid) from public;
grant execute on function etl_api.process_workflow_request(uuid) to service_role;
-- end of source

-- source: sql/etl_api/intake/process_workflow_requests.sql
create or replace function etl_api.process_workflow_requests(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  slice constant int := 1000;
begin
  -- In slices, so that what is held in memory and what one fault undoes stay small.
  for place in 1 .. coalesce(pg_catalog.cardinality(workflow_request_ids), 0) by slice loop
    perform etl_api.isolate_workflow_requests(workflow_request_ids[place : place + slice - 1]);
  end loop;
end
$$;

comment on function etl_api.process_workflow_requests(uuid[]) is
  'Takes new requests in: each ends as invalid with its errors, or is expanded into activity requests and started. The caller has inserted the rows or holds their locks.';

revoke execute on function etl_api.process_workflow_requests(uuid[]) from public;
grant execute on function etl_api.process_workflow_requests(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/read_activities.sql
create or replace function etl_api.read_activities(workflow_request_ids uuid[])
returns setof etl_api.requested_activity
language plpgsql
set search_path = ''
-- A plan may have been made while the tables were empty. With this and "offset 0", which keeps a look-up from
-- becoming a join, rows are looked up by their keys whatever the planner thinks of their number.
set enable_seqscan = off
as $$
begin
  return query
  select utils.new_id(), w.org_id, w.id, m.key, m.value,
    a.id, a.name, a.activity_type, a.object_type_id,
    case when pg_catalog.jsonb_typeof(c.config -> 'phase') = 'number'
        and (c.config ->> 'phase')::numeric between 1 and 2147483647
      then (c.config ->> 'phase')::numeric::int
      else 1 end,
    c.config,
    case when pg_catalog.jsonb_typeof(c.config -> 'max_objects') = 'number'
        and (c.config ->> 'max_objects')::numeric between 1 and 2147483647
      then (c.config ->> 'max_objects')::numeric::int end,
    case when pg_catalog.jsonb_typeof(c.config -> 'datapoints') = 'array'
      then array(
        select d.value #>> '{}'
        from pg_catalog.jsonb_array_elements(c.config -> 'datapoints') with ordinality as d (value, place)
        where pg_catalog.jsonb_typeof(d.value) = 'string'
          and d.place <= 1000
        group by d.value
        order by pg_catalog.min(d.place))
      else coalesce(a.datapoints, '{}') end,
    '{}'::uuid[], a.source_ids, '{}'::uuid[], '{}'::uuid[],
    case pg_catalog.jsonb_typeof(m.value #> '{destination,activity,id}')
      when 'array' then nullif(m.value #> '{destination,activity,id}', '[]')
      when 'string' then pg_catalog.jsonb_build_array(m.value #> '{destination,activity,id}')
    end,
    case when c.config -> 'on_failure' in ('"fail"', '"continue"', '"skip"') then c.config ->> 'on_failure' else 'fail' end
  from pg_catalog.unnest(workflow_request_ids) as i (id)
  cross join lateral (
    select r.id, r.org_id, r.data
    from public.workflow_request as r
    where r.id = i.id
      and r.replay = 0
    offset 0
  ) as w
  cross join lateral (
    select each.key, each.value
    from pg_catalog.jsonb_each(case when pg_catalog.jsonb_typeof(w.data -> 'data') = 'object' then w.data -> 'data' end) as each
    limit 1000
  ) as m
  left join lateral (
    select d.*
    from public.activity as d
    where d.id = case when pg_catalog.jsonb_typeof(m.value -> 'id') = 'string' and etl_api.is_uuid(m.value ->> 'id')
        then (m.value ->> 'id')::uuid end
      and (d.org_id is null or d.org_id = w.org_id)
      and d.deleted_at is null
    offset 0
  ) as a on true
  cross join lateral (
    select coalesce(a.config, '{}')
      || case when pg_catalog.jsonb_typeof(m.value #> '{setup,config}') = 'object'
        then m.value #> '{setup,config}' else '{}' end as config
  ) as c;
end
$$;

comment on function etl_api.read_activities(uuid[]) is
  'The activities in the data of requests, at most 1,000 each, with the definition each names and its config merged. What cannot be read is left empty: the faults are told elsewhere.';

revoke execute on function etl_api.read_activities(uuid[]) from public;
grant execute on function etl_api.read_activities(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/record_intake_failure.sql
create or replace function etl_api.record_intake_failure(
  workflow_request_id uuid, fault_state text, fault_message text, fault_context text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.reject_workflow_requests(array[workflow_request_id], array[pg_catalog.jsonb_build_array(
    pg_catalog.jsonb_build_object(
      'code', 'internal_error',
      'path', '$',
      'found', pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message),
      'message', pg_catalog.format('The request could not be taken in: %s (%s).', fault_message, fault_state),
      'hint', 'Nothing of it has started. Try it again with etl_api.retry(id); if it fails again, tell the operator.'))]);
  perform etl_api.logger(
    'error', 'intake', 'A request could not be taken in: ' || fault_message,
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'context', fault_context),
    (select w.org_id from public.workflow_request as w where w.id = record_intake_failure.workflow_request_id and w.replay = 0),
    'workflow_request', workflow_request_id);
end
$$;

comment on function etl_api.record_intake_failure(uuid, text, text, text) is
  'Ends a request that raised an exception while it was taken in as invalid, and logs the exception.';

revoke execute on function etl_api.record_intake_failure(uuid, text, text, text) from public;
grant execute on function etl_api.record_intake_failure(uuid, text, text, text) to service_role;
-- end of source

-- source: sql/etl_api/intake/reject_workflow_requests.sql
create or replace function etl_api.reject_workflow_requests(workflow_request_ids uuid[], faults jsonb[]) returns void
language plpgsql
set search_path = ''
-- A plan may have been made while the table was empty. A generic plan expects a tenth of its input from a limit it
-- does not know, so a few rows at most: they are looked up by their key, and never joined to a scan of the table.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
  moment constant timestamptz := utils.now();
begin
  update public.workflow_request as w
  set state = 'invalid',
      state_substate = f.errors -> 0 ->> 'code',
      state_via = null,
      errors = f.errors,
      finished_at = moment
  from (
    select rejected.id, rejected.errors
    from unnest(workflow_request_ids, faults) as rejected (id, errors)
    limit pg_catalog.cardinality(workflow_request_ids)
  ) as f
  where w.id = f.id
    and w.replay = 0
    and w.state = 'new';
end
$$;

comment on function etl_api.reject_workflow_requests(uuid[], jsonb[]) is
  'Ends requests as invalid, each with its errors, the first of which names the class.';

revoke execute on function etl_api.reject_workflow_requests(uuid[], jsonb[]) from public;
grant execute on function etl_api.reject_workflow_requests(uuid[], jsonb[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/remove_replays.sql
create or replace function etl_api.remove_replays(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
as $$
begin
  if workflow_request_ids <> '{}' then
    -- A replay seen here is this statement's own: those of others are gone before they could be seen.
    delete from public.workflow_request as w
    where w.id = any (workflow_request_ids)
      and w.replay <> 0;
  end if;
end
$$;

comment on function etl_api.remove_replays(uuid[]) is
  'Removes the rows that only carried the id of the first request under their idempotency_key.';

revoke execute on function etl_api.remove_replays(uuid[]) from public;
grant execute on function etl_api.remove_replays(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/request_faults.sql
create or replace function etl_api.request_faults(workflow_request_ids uuid[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
as $$
begin
  return query
  select w.id, f.code, f.path, etl_api.shorten_json(f.found), f.message, f.hint
  from pg_catalog.unnest(workflow_request_ids) as i (id)
  cross join lateral (
    select r.id, r.org_id, r.data
    from public.workflow_request as r
    where r.id = i.id
      and r.replay = 0
    offset 0
  ) as w
  cross join lateral (
    select 'missing_value' as code, '$' as path, w.data as found,
      'The request has no data.' as message,
      'Give an object such as {"data": {"enrich": {"id": "<activity uuid>"}}}.' as hint
    where w.data is null or w.data = 'null'
    union all
    select 'invalid_json', '$', w.data,
      pg_catalog.format('The data of a request is an object, but this is %s.', etl_api.describe_json(w.data)),
      case when pg_catalog.left(pg_catalog.ltrim(w.data #>> '{}'), 1) = '{' and pg_catalog.jsonb_typeof(w.data) = 'string'
        then 'It looks like JSON written into a text: give the object itself, not its text.'
        else 'Give an object such as {"data": {"enrich": {"id": "<activity uuid>"}}}.' end
    where pg_catalog.jsonb_typeof(w.data) not in ('object', 'null')
    union all
    select 'missing_value', '$.data', w.data -> 'data',
      'The request names no activity.',
      'Give at least one, such as {"data": {"enrich": {"id": "<activity uuid>"}}}.'
    where pg_catalog.jsonb_typeof(w.data) = 'object'
      and coalesce(w.data -> 'data', 'null') in ('null', '{}')
    union all
    select 'invalid_type', '$.data', w.data -> 'data',
      pg_catalog.format('The activities are an object of keys and activities, but this is %s.',
        etl_api.describe_json(w.data -> 'data')),
      'Give each activity a key of your own, such as {"enrich": {"id": "<activity uuid>"}}.'
    where pg_catalog.jsonb_typeof(w.data) = 'object'
      and pg_catalog.jsonb_typeof(w.data -> 'data') not in ('object', 'null')
    union all
    select 'too_many_activities', '$.data', pg_catalog.to_jsonb(k.count),
      pg_catalog.format('The request names %s activities; 1000 is the most.', k.count),
      'Make several requests of it.'
    from (
      select pg_catalog.count(*)
      from pg_catalog.jsonb_object_keys(
        case when pg_catalog.jsonb_typeof(w.data -> 'data') = 'object' then w.data -> 'data' end)
    ) as k
    where k.count > 1000
  ) as f;
end
$$;

comment on function etl_api.request_faults(uuid[]) is
  'What is wrong with the outer structure of requests: no data, no object, no activities, too many.';

revoke execute on function etl_api.request_faults(uuid[]) from public;
grant execute on function etl_api.request_faults(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/requested_activities.sql
create or replace function etl_api.requested_activities(workflow_request_ids uuid[]) returns etl_api.requested_activity[]
language sql
set search_path = ''
as $$
  select array(
    select resolved
    from etl_api.resolve_activities(array(
      select read
      from etl_api.read_activities(workflow_request_ids) as read)) as resolved)
$$;

comment on function etl_api.requested_activities(uuid[]) is
  'The activities in the data of requests, read and resolved.';

revoke execute on function etl_api.requested_activities(uuid[]) from public;
grant execute on function etl_api.requested_activities(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/resolve_activities.sql
create or replace function etl_api.resolve_activities(activities etl_api.requested_activity[])
returns setof etl_api.requested_activity
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
as $$
begin
  -- A thousand requests for one activity ask one question: each different one is answered once (offset 0 keeps
  -- the answers from being looked up for every member).
  return query
  select m.id, m.org_id, m.workflow_request_id, m.activity_key, m.body, m.activity_id, m.activity_name,
    m.activity_type, m.object_type_id, m.workflow_phase, m.config, m.max_objects, m.datapoints,
    q.datapoint_ids, m.allowed_source_ids, q.unknown_source_ids, q.source_ids, m.targets,
    m.on_failure
  from (
    select d.members, d.datapoint_ids,
      etl_api.unknown_source_ids(d.org_id, d.allowed_source_ids) as unknown_source_ids,
      etl_api.serving_source_ids(
        d.org_id, d.activity_type, d.object_type_id, d.datapoint_ids, d.allowed_source_ids) as source_ids
    from (
      select g.*, etl_api.visible_datapoint_ids(g.org_id, g.object_type_id, g.datapoints) as datapoint_ids
      from (
        select a.org_id, a.activity_type, a.object_type_id, a.datapoints, a.allowed_source_ids,
          pg_catalog.array_agg(a) as members
        from pg_catalog.unnest(activities) as a
        group by a.org_id, a.activity_id, a.activity_type, a.object_type_id, a.datapoints, a.allowed_source_ids
      ) as g
      offset 0
    ) as d
    offset 0
  ) as q
  cross join lateral pg_catalog.unnest(q.members) as m;
end
$$;

comment on function etl_api.resolve_activities(etl_api.requested_activity[]) is
  'Fills in what the activities ask for and who can answer: datapoint_ids (in the order of datapoints, null where the name is unknown), source_ids, unknown_source_ids.';

revoke execute on function etl_api.resolve_activities(etl_api.requested_activity[]) from public;
grant execute on function etl_api.resolve_activities(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/serving_source_ids.sql
create or replace function etl_api.serving_source_ids(
  org_id uuid, activity_type text, object_type_id uuid, datapoint_ids uuid[], allowed_source_ids uuid[])
returns uuid[]
language sql stable
set search_path = ''
as $$
  select array(
    select s.id
    from public.source as s
    left join lateral (
      select pg_catalog.min(ds.priority) as priority
      from public.datapoint_source as ds
      where ds.source_id = s.id
        and ds.datapoint_id = any (datapoint_ids)
        and (ds.org_id is null or ds.org_id = serving_source_ids.org_id)
    ) as d on true
    where s.id in (
        select ds.source_id
        from public.datapoint_source as ds
        where serving_source_ids.activity_type = 'enrichment'
          and ds.datapoint_id = any (datapoint_ids)
        union all
        select os.source_id
        from public.object_source as os
        where serving_source_ids.activity_type <> 'enrichment'
          and os.object_type_id = serving_source_ids.object_type_id
          and os.direction = 'result'
          and (os.org_id is null or os.org_id = serving_source_ids.org_id))
      and s.enabled
      and serving_source_ids.activity_type = any (s.activity_types)
      and (s.org_id is null or s.org_id = serving_source_ids.org_id)
      and (allowed_source_ids is null or s.id = any (allowed_source_ids))
      and (d.priority is not null or serving_source_ids.activity_type <> 'enrichment')
    order by pg_catalog.array_position(allowed_source_ids, s.id), d.priority, s.name, s.id)
$$;

comment on function etl_api.serving_source_ids(uuid, text, uuid, uuid[], uuid[]) is
  'The enabled sources a tenant sees that serve an activity: an enrichment by knowing one of the datapoints, the others by results of the object type. In the order allowed_source_ids gives; without it by priority, then name.';

revoke execute on function etl_api.serving_source_ids(uuid, text, uuid, uuid[], uuid[]) from public;
grant execute on function etl_api.serving_source_ids(uuid, text, uuid, uuid[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/shorten_json.sql
create or replace function etl_api.shorten_json(value jsonb) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  -- The size is looked at first: a payload of many megabytes is not to be written out to be cut.
  select case
    when value is null then null
    when pg_catalog.pg_column_size(value) <= 1000 and pg_catalog.length(value::text) <= 500 then value
    when pg_catalog.jsonb_typeof(value) = 'string' then pg_catalog.to_jsonb(pg_catalog.left(value #>> '{}', 200) || '…')
    else pg_catalog.to_jsonb(pg_catalog.format('(%s of %s bytes)',
      pg_catalog.jsonb_typeof(value), pg_catalog.pg_column_size(value)))
  end
$$;

comment on function etl_api.shorten_json(jsonb) is
  'A JSON value as it is shown in an error: itself when it is small, else the beginning of a text, or what it is and its size.';

revoke execute on function etl_api.shorten_json(jsonb) from public;
grant execute on function etl_api.shorten_json(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/intake/source_faults.sql
create or replace function etl_api.source_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select a.workflow_request_id, f.code, etl_api.json_path('data', a.activity_key, 'id'), f.found, f.message, f.hint
  from pg_catalog.unnest(activities) as a
  cross join lateral (
    select 'unknown_source' as code, pg_catalog.to_jsonb(s.id) as found,
      pg_catalog.format('The activity %s asks the source %s, which does not exist.',
        pg_catalog.to_json(a.activity_name), s.id) as message,
      'Set the source_ids of the activity right.' as hint
    from pg_catalog.unnest(a.unknown_source_ids) as s (id)
    union all
    select 'no_source', pg_catalog.to_jsonb(a.activity_id),
      case when a.activity_type = 'enrichment'
        then pg_catalog.format('No source that is enabled knows any datapoint that the activity %s asks for.',
          pg_catalog.to_json(a.activity_name))
        else pg_catalog.format('No source that is enabled gives objects for the activity %s.',
          pg_catalog.to_json(a.activity_name)) end,
      case when a.activity_type = 'enrichment'
        then 'Enable a source of activity type enrichment with a datapoint_source for one of them, or ask for others.'
        else pg_catalog.format('Enable a source of activity type %s with an object_source of direction result.',
          a.activity_type) end
    where a.source_ids = '{}'
      and a.unknown_source_ids = '{}'
      and (a.activity_type <> 'enrichment' or exists (
        select 1
        from pg_catalog.unnest(a.datapoint_ids) as d (id)
        where d.id is not null))
  ) as f
  where a.activity_id is not null;
end
$$;

comment on function etl_api.source_faults(etl_api.requested_activity[]) is
  'What is wrong with the sources of activities: named but unknown, or none that serves.';

revoke execute on function etl_api.source_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.source_faults(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/start_workflow_requests.sql
create or replace function etl_api.start_workflow_requests(activities etl_api.requested_activity[]) returns void
language plpgsql
set search_path = ''
-- A plan may have been made while the table was empty; see reject_workflow_requests.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
  moment constant timestamptz := utils.now();
  default_limit constant interval := etl_api.time_limit('{}', 'workflow_timeout_seconds');
begin
  update public.workflow_request as w
  set state = 'in_progress',
      state_substate = null,
      state_via = '{valid,ready}',
      errors = null,
      workflow_phase = p.first_phase,
      phase_count = p.phase_count,
      started_at = moment,
      finished_at = null,
      timeout_at = moment + coalesce(
        pg_catalog.make_interval(secs => (nullif(w.data #> '{config,timeout_seconds}', 'null') #>> '{}')::double precision),
        default_limit)
  from (
    select a.workflow_request_id, pg_catalog.min(a.workflow_phase) as first_phase,
      pg_catalog.count(distinct a.workflow_phase) as phase_count
    from pg_catalog.unnest(activities) as a
    group by a.workflow_request_id
    limit pg_catalog.cardinality(activities)
  ) as p
  where w.id = p.workflow_request_id
    and w.replay = 0
    and w.state = 'new';
end
$$;

comment on function etl_api.start_workflow_requests(etl_api.requested_activity[]) is
  'Sets the requests of these activities to work, in their lowest phase.';

revoke execute on function etl_api.start_workflow_requests(etl_api.requested_activity[]) from public;
grant execute on function etl_api.start_workflow_requests(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/target_faults.sql
create or replace function etl_api.target_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select a.workflow_request_id, f.code,
    etl_api.json_path(variadic array['data', a.activity_key, 'destination', 'activity'] || f.members) || f.place,
    etl_api.shorten_json(f.found),
      f.message, 'Give {"id": ["<uuid of another activity of this request>"]}, or leave it out.'
  from pg_catalog.unnest(activities) as a
  cross join lateral (values (a.body #> '{destination,activity}', a.body #> '{destination,activity,id}')) as d (activity, id)
  cross join lateral (
    select 'invalid_type' as code, '{}'::text[] as members, '' as place, d.activity as found,
      pg_catalog.format('The activity that takes the objects is given as an object with its id, but this is %s.',
        etl_api.describe_json(d.activity)) as message
    where pg_catalog.jsonb_typeof(d.activity) <> 'object'
    union all
    select 'missing_value', '{id}', '', d.id, 'It is not said which activity takes the objects.'
    where pg_catalog.jsonb_typeof(d.activity) = 'object'
      and coalesce(d.id, 'null') = 'null'
    union all
    select 'invalid_type', '{id}', '', d.id,
      pg_catalog.format('The activities that take the objects are a list of at most 1000 ids, but this is %s.',
        case when pg_catalog.jsonb_typeof(d.id) = 'array' then 'a longer one' else etl_api.describe_json(d.id) end)
    where case pg_catalog.jsonb_typeof(d.id)
      when 'array' then pg_catalog.jsonb_array_length(d.id) > 1000
      else pg_catalog.jsonb_typeof(d.id) not in ('string', 'null') end
    union all
    select 'invalid_type', '{id}',
      case when pg_catalog.jsonb_typeof(d.id) = 'array' then '[' || e.place - 1 || ']' else '' end, e.value,
      pg_catalog.format('The id of an activity is a UUID, but this is %s.', etl_api.describe_json(e.value))
    from pg_catalog.jsonb_array_elements(a.targets) with ordinality as e (value, place)
    where e.place <= 1000
      and (pg_catalog.jsonb_typeof(e.value) <> 'string' or not etl_api.is_uuid(e.value #>> '{}'))
  ) as f
  where pg_catalog.jsonb_typeof(d.activity) <> 'null';
end
$$;

comment on function etl_api.target_faults(etl_api.requested_activity[]) is
  'What is wrong with the shape of destination.activity; what its ids name is looked at by dependency_faults.';

revoke execute on function etl_api.target_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.target_faults(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/trigger_process_workflow_request.sql
create or replace function etl_api.trigger_process_workflow_request() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  new_ids uuid[];
begin
  if tg_op = 'INSERT' then
    perform etl_api.remove_replays(array(
      select n.id
      from new_rows as n
      where n.replay <> 0));
    select pg_catalog.array_agg(n.id) into new_ids
    from new_rows as n
    where n.state = 'new'
      and n.replay = 0;
  else
    select pg_catalog.array_agg(n.id) into new_ids
    from new_rows as n
    where n.state = 'new'
      and n.replay = 0
      and (n.id, n.org_id) not in (
        select o.id, o.org_id
        from old_rows as o
        where o.state = 'new');
  end if;
  if new_ids is not null then
    perform etl_api.process_workflow_requests(new_ids);
  end if;
  return null;
end
$$;

comment on function etl_api.trigger_process_workflow_request() is
  'Takes in the requests that a statement has inserted or set back to new, after removing those that only repeat an idempotency_key.';

revoke execute on function etl_api.trigger_process_workflow_request() from public;
-- end of source

-- source: sql/etl_api/intake/unknown_source_ids.sql
create or replace function etl_api.unknown_source_ids(org_id uuid, source_ids uuid[]) returns uuid[]
language sql stable
set search_path = ''
as $$
  select array(
    select named.id
    from pg_catalog.unnest(source_ids) with ordinality as named (id, place)
    where not exists (
      select 1
      from public.source as s
      where s.id = named.id
        and (s.org_id is null or s.org_id = unknown_source_ids.org_id))
    order by named.place)
$$;

comment on function etl_api.unknown_source_ids(uuid, uuid[]) is
  'Those of some sources that do not exist, or that a tenant does not see.';

revoke execute on function etl_api.unknown_source_ids(uuid, uuid[]) from public;
grant execute on function etl_api.unknown_source_ids(uuid, uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/visible_datapoint_ids.sql
create or replace function etl_api.visible_datapoint_ids(org_id uuid, object_type_id uuid, names text[]) returns uuid[]
language sql stable
set search_path = ''
as $$
  -- A tenant's own datapoint goes before a shared one of the same name.
  select array(
    select (
      select d.id
      from public.datapoint as d
      where d.object_type_id = visible_datapoint_ids.object_type_id
        and d.name = n.name
        and (d.org_id is null or d.org_id = visible_datapoint_ids.org_id)
      order by d.org_id nulls last
      limit 1)
    from pg_catalog.unnest(names) with ordinality as n (name, place)
    order by n.place)
$$;

comment on function etl_api.visible_datapoint_ids(uuid, uuid, text[]) is
  'The datapoints of an object type by their names, as a tenant sees them; null where it sees none of that name.';

revoke execute on function etl_api.visible_datapoint_ids(uuid, uuid, text[]) from public;
grant execute on function etl_api.visible_datapoint_ids(uuid, uuid, text[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/webhook_fault.sql
create or replace function etl_api.webhook_fault(org_id uuid, webhook jsonb)
returns table (code text, members text[], found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
-- A plan may have been made while there were few endpoints.
set enable_seqscan = off
as $$
declare
  url constant jsonb := nullif(webhook -> 'url', 'null');
  endpoint constant jsonb := nullif(webhook -> 'endpoint', 'null');
begin
  if url is null and endpoint is null then
    return query values ('missing_value', '{}'::text[], webhook, 'The webhook says neither url nor endpoint.',
      'Give {"url": "https://…"} or {"endpoint": "<webhook_endpoint uuid>"}.');
  elsif url is not null and endpoint is not null then
    return query values ('invalid_type', '{}'::text[], webhook, 'The webhook says both url and endpoint.',
      'Give one of them.');
  end if;
  if pg_catalog.jsonb_typeof(url) <> 'string' then
    return query values ('invalid_type', '{url}'::text[], url,
      pg_catalog.format('The url of a webhook is a text, but this is %s.', etl_api.describe_json(url)),
      'Give an address such as "https://client.example/hook".');
  elsif not etl_api.is_webhook_url(url #>> '{}') then
    return query values ('invalid_url', '{url}'::text[], url,
      'The url of a webhook is an http or https address without user, password and spaces; this is none.',
      'Give an address such as "https://client.example/hook".');
  end if;
  if pg_catalog.jsonb_typeof(endpoint) <> 'string' or not etl_api.is_uuid(endpoint #>> '{}') then
    return query values ('invalid_type', '{endpoint}'::text[], endpoint,
      pg_catalog.format('The endpoint of a webhook is a UUID, but this is %s.', etl_api.describe_json(endpoint)),
      'Give the id of a webhook_endpoint of your organisation.');
  elsif endpoint is not null then
    return query
    select 'unknown_endpoint', '{endpoint}'::text[], endpoint,
      pg_catalog.format(case when e.id is null then 'There is no endpoint %s.' else 'The endpoint %s is disabled.' end, endpoint #>> '{}'),
      'Give the id of a webhook_endpoint of your organisation that is in use.'
    from (values ((endpoint #>> '{}')::uuid)) as named (id)
    left join public.webhook_endpoint as e on e.id = named.id and e.org_id = webhook_fault.org_id
    where e.id is null or e.disabled_at is not null;
  end if;
end
$$;

comment on function etl_api.webhook_fault(uuid, jsonb) is
  'What is wrong with one webhook object: url or endpoint missing, not both, not well formed, unknown, disabled.';

revoke execute on function etl_api.webhook_fault(uuid, jsonb) from public;
grant execute on function etl_api.webhook_fault(uuid, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/intake/webhook_faults.sql
create or replace function etl_api.webhook_faults(workflow_request_ids uuid[], activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
as $$
begin
  return query
  select d.workflow_request_id, f.code, etl_api.json_path(variadic d.members || f.members),
    etl_api.shorten_json(f.found), f.message, f.hint
  from (
    select w.id as workflow_request_id, w.org_id, '{destination}'::text[] as members, w.data -> 'destination' as body
    from pg_catalog.unnest(workflow_request_ids) as i (id)
    cross join lateral (
      select r.id, r.org_id, r.data
      from public.workflow_request as r
      where r.id = i.id
        and r.replay = 0
      offset 0
    ) as w
    union all
    select a.workflow_request_id, a.org_id, array['data', a.activity_key, 'destination'], a.body -> 'destination'
    from pg_catalog.unnest(activities) as a
  ) as d
  cross join lateral (
    select 'invalid_type' as code, '{}'::text[] as members, d.body as found,
      pg_catalog.format('A destination is an object, but this is %s.', etl_api.describe_json(d.body)) as message,
      'Give an object such as {"webhook": {"url": "https://client.example/hook"}}, or leave it out.' as hint
    where pg_catalog.jsonb_typeof(d.body) <> 'object'
    union all
    select 'invalid_type', '{webhook}', d.body -> 'webhook',
      pg_catalog.format('A webhook is an object, but this is %s.', etl_api.describe_json(d.body -> 'webhook')),
      'Give {"url": "https://…"} or {"endpoint": "<webhook_endpoint uuid>"}, or leave it out.'
    where pg_catalog.jsonb_typeof(d.body -> 'webhook') not in ('object', 'null')
    union all
    select u.code, '{webhook}' || u.members, u.found, u.message, u.hint
    from etl_api.webhook_fault(d.org_id, d.body -> 'webhook') as u
    where pg_catalog.jsonb_typeof(d.body -> 'webhook') = 'object'
  ) as f
  where pg_catalog.jsonb_typeof(d.body) <> 'null';
end
$$;

comment on function etl_api.webhook_faults(uuid[], etl_api.requested_activity[]) is
  'What is wrong with the destinations of requests and activities, and with the webhooks in them.';

revoke execute on function etl_api.webhook_faults(uuid[], etl_api.requested_activity[]) from public;
grant execute on function etl_api.webhook_faults(uuid[], etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/workflow_faults.sql
create or replace function etl_api.workflow_faults(workflow_request_ids uuid[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language sql
set search_path = ''
as $$
  select *
  from etl_api.activities_faults(workflow_request_ids, etl_api.requested_activities(workflow_request_ids))
$$;

comment on function etl_api.workflow_faults(uuid[]) is
  'Every fault in the data of requests: its code, its place, what was found there, what that means and what to do.';

revoke execute on function etl_api.workflow_faults(uuid[]) from public;
grant execute on function etl_api.workflow_faults(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/results/answer_mapping.sql
create or replace function etl_api.answer_mapping(source_id uuid, object_type_id uuid, template jsonb) returns jsonb
language sql stable
set search_path = ''
as $$
  -- The mapping row says where objects sit in the answer; where it gives no path, the template's response does.
  select case
      when os.key_mapping_json is null then '{}'
      when pg_catalog.jsonb_typeof(os.key_mapping_json) = 'object' then os.key_mapping_json
      else pg_catalog.jsonb_build_object('path', os.key_mapping_json)
    end
    || case
      when os.key_mapping_json is null or (pg_catalog.jsonb_typeof(os.key_mapping_json) = 'object' and not os.key_mapping_json ? 'path')
        then pg_catalog.jsonb_build_object('path', coalesce(template #> '{response,objects}', '[]'))
      else '{}'
    end
  from (select 1) as one
  left join public.object_source as os
    on os.source_id = answer_mapping.source_id
    and os.object_type_id = answer_mapping.object_type_id
    and os.direction = 'result'
$$;

comment on function etl_api.answer_mapping(uuid, uuid, jsonb) is
  'Where the objects of a type sit in a source''s answer: {path, fields}, from object_source (direction result) and the response member of the template.';

revoke execute on function etl_api.answer_mapping(uuid, uuid, jsonb) from public;
grant execute on function etl_api.answer_mapping(uuid, uuid, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/results/answer_objects.sql
create or replace function etl_api.answer_objects(answers etl_api.answer[])
returns table (
  run_request_id uuid, org_id uuid, activity_request_id uuid, activity_type text, object_type_id uuid, source_id uuid,
  root_id uuid, place bigint, natural_key jsonb, object jsonb, raw jsonb)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select a.run_request_id, a.org_id, ar.id, ar.activity_type, ar.object_type_id, a.source_id, a.root_id, n.place,
    etl_api.natural_key(t.key_datapoints, whole.object), whole.object, n.raw
  from unnest(answers) as a
  join public.activity_request as ar on ar.id = a.activity_request_id
  join public.object_type as t on t.id = ar.object_type_id
  join public.source as s on s.id = a.source_id
  cross join lateral (
    select etl_api.answer_mapping(s.id, ar.object_type_id, etl_api.source_template(s, a.kind)) as mapping
  ) as m
  cross join lateral (
    select found.object, found.raw, pg_catalog.row_number() over () as place
    from utils.jsonb_resolve_object_names(a.body, m.mapping) as found
  ) as n
  cross join lateral (
    -- A key datapoint that neither the fields nor its own name give may have a mapping of its own.
    select case when (n.raw || n.object) ?& t.key_datapoints then n.raw || n.object
      else n.raw || n.object || coalesce((
        select pg_catalog.jsonb_object_agg(d.name, utils.jsonb_resolve_value(n.raw, ds.key_mapping_json))
        from public.datapoint_source as ds
        join public.datapoint as d on d.id = ds.datapoint_id
        where ds.source_id = s.id
          and d.object_type_id = t.id
          and d.name = any (t.key_datapoints)
          and not (n.raw || n.object) ? d.name), '{}') end as object
  ) as whole
  where a.verdict = 'map'
    and a.body is not null;
end
$$;

comment on function etl_api.answer_objects(etl_api.answer[]) is
  'The objects found in answers that are to be mapped, in their order: natural_key (null when a part is missing), object (fields named as datapoints over raw), raw (as it stood).';

revoke execute on function etl_api.answer_objects(etl_api.answer[]) from public;
grant execute on function etl_api.answer_objects(etl_api.answer[]) to service_role;
-- end of source

-- source: sql/etl_api/results/link_found_objects.sql
create or replace function etl_api.link_found_objects(
  org_ids uuid[], activity_request_ids uuid[], object_ids uuid[], stored_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.activity_object (org_id, activity_request_id, role, object_id)
  select f.org_id, f.activity_request_id, 'result', f.object_id
  from (
    select t.org_id, t.activity_request_id, t.object_id, pg_catalog.min(t.place) as place,
      pg_catalog.row_number() over (partition by t.activity_request_id order by pg_catalog.min(t.place)) as number
    from unnest(org_ids, activity_request_ids, object_ids, stored_ids)
      with ordinality as t (org_id, activity_request_id, object_id, stored_id, place)
    where t.stored_id is not null
      and not exists (
        select 1
        from public.activity_object as ao
        where ao.activity_request_id = t.activity_request_id
          and ao.role = 'result'
          and ao.object_id = t.object_id)
    group by t.org_id, t.activity_request_id, t.object_id
  ) as f
  join public.activity_request as ar on ar.id = f.activity_request_id
  cross join lateral (
    select pg_catalog.count(*) as already
    from public.activity_object as ao
    where ar.max_objects is not null
      and ao.activity_request_id = ar.id
      and ao.role = 'result'
  ) as before
  where ar.max_objects is null
     or before.already + f.number <= ar.max_objects
  order by f.place
  on conflict do nothing;
end
$$;

comment on function etl_api.link_found_objects(uuid[], uuid[], uuid[], uuid[]) is
  'Links the objects that searches found as their results, each once, at most max_objects per activity request.';

revoke execute on function etl_api.link_found_objects(uuid[], uuid[], uuid[], uuid[]) from public;
grant execute on function etl_api.link_found_objects(uuid[], uuid[], uuid[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/results/map_answers.sql
create or replace function etl_api.map_answers(answers etl_api.answer[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  found record;
  stored_ids uuid[];
  object_ids uuid[];
  known record;
begin
  select
    pg_catalog.array_agg(o.run_request_id) as run_request_ids,
    pg_catalog.array_agg(o.org_id) as org_ids,
    pg_catalog.array_agg(o.activity_request_id) as activity_ids,
    pg_catalog.array_agg(o.object_type_id) as type_ids,
    pg_catalog.array_agg(o.source_id) as source_ids,
    pg_catalog.array_agg(o.root_id) as root_ids,
    pg_catalog.array_agg(o.natural_key) as natural_keys,
    -- An enrichment stores no new object: an answer speaks of those that were asked about.
    pg_catalog.array_agg(case when o.activity_type <> 'enrichment' then o.natural_key end) as new_keys,
    pg_catalog.array_agg(o.object) as objects,
    pg_catalog.array_agg(o.raw) as raws,
    pg_catalog.count(*) filter (where o.natural_key is null and o.activity_type <> 'enrichment') as keyless
  into found
  from (select * from etl_api.answer_objects(answers) as o order by o.run_request_id, o.place) as o;
  if found.objects is null then
    return 0;
  end if;
  if found.keyless > 0 then
    perform etl_api.logger('warn', 'results', 'Objects without a key in an answer were left out.',
      pg_catalog.jsonb_build_object('objects', found.keyless, 'run_request_ids', pg_catalog.to_jsonb(found.run_request_ids)));
  end if;

  stored_ids := etl_api.store_objects(found.org_ids, found.type_ids, found.new_keys);
  object_ids := etl_api.match_objects(found.org_ids, found.type_ids, found.activity_ids, found.source_ids, found.root_ids,
    found.natural_keys, stored_ids);

  perform etl_api.link_found_objects(found.org_ids, found.activity_ids, object_ids, stored_ids);

  select
    pg_catalog.array_agg(n.org_id) as org_ids,
    pg_catalog.array_agg(n.object_id) as object_ids,
    pg_catalog.array_agg(v.datapoint_id) as datapoint_ids,
    pg_catalog.array_agg(n.source_id) as source_ids,
    pg_catalog.array_agg(v.value) as "values",
    pg_catalog.array_agg(v.confidence) as confidences,
    pg_catalog.array_agg(n.run_request_id) as run_request_ids
  into known
  from unnest(
      found.org_ids, object_ids, found.type_ids, found.source_ids, found.run_request_ids, found.objects, found.raws, stored_ids)
    as n (org_id, object_id, type_id, source_id, run_request_id, object, raw, stored_id)
  join public.object_type as t on t.id = n.type_id
  cross join lateral (
    -- Every datapoint the source is mapped for, asked or not, and for a new object what its own mapping names. Of one
    -- that was asked about, the key is known.
    select d.id as datapoint_id, coalesce(ds.confidence, 1) as confidence,
      case when ds.id is not null then utils.jsonb_resolve_value(n.raw, ds.key_mapping_json) else n.object -> d.name end as value
    from public.datapoint as d
    left join public.datapoint_source as ds
      on ds.datapoint_id = d.id
      and ds.source_id = n.source_id
    where d.object_type_id = n.type_id
      and (d.org_id is null or d.org_id = n.org_id)
      and case when n.stored_id is null then ds.id is not null and d.name <> all (t.key_datapoints)
        else ds.id is not null or n.object ? d.name end
  ) as v
  where n.object_id is not null
    and v.value is not null;

  return etl_api.store_values(known.org_ids, known.object_ids, known.datapoint_ids, known.source_ids,
    known."values", known.confidences, known.run_request_ids);
end
$$;

comment on function etl_api.map_answers(etl_api.answer[]) is
  'Maps answers into objects and values with their provenance: an enrichment''s into the objects asked about, a search''s into new or known objects, linked as its results. Returns how many values were stored.';

revoke execute on function etl_api.map_answers(etl_api.answer[]) from public;
grant execute on function etl_api.map_answers(etl_api.answer[]) to service_role;
-- end of source

-- source: sql/etl_api/results/match_objects.sql
create or replace function etl_api.match_objects(
  org_ids uuid[], object_type_ids uuid[], activity_request_ids uuid[], source_ids uuid[], root_ids uuid[],
  natural_keys jsonb[], stored_ids uuid[])
returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    -- By the natural key. Only where one object was asked about, and one without a key came back, it is that one.
    select pg_catalog.array_agg(coalesce(n.stored_id, keyed.object_id, only_one.object_id) order by n.place)
    from (
      select t.*, pg_catalog.count(*) over (partition by t.root_id) as came
      from unnest(org_ids, object_type_ids, activity_request_ids, source_ids, root_ids, natural_keys, stored_ids)
        with ordinality as t (org_id, object_type_id, activity_request_id, source_id, root_id, natural_key, stored_id, place)
    ) as n
    -- One probe for the object, then one for its run, however many objects a request asks about: each limit keeps the
    -- planner from turning the two into a join that reads all runs of the activity.
    left join lateral (
      select o.id
      from public.object as o
      where n.stored_id is null
        and o.org_id = n.org_id
        and o.object_type_id = n.object_type_id
        and o.key_hash = pg_catalog.sha256(pg_catalog.convert_to(n.natural_key::text, 'UTF8'))
      limit 1
    ) as known on true
    left join lateral (
      select q.object_id
      from public.run_queue as q
      where q.activity_request_id = n.activity_request_id
        and q.object_id = known.id
        and q.source_id = n.source_id
        and q.run_request_id is not distinct from n.root_id
      limit 1
    ) as keyed on true
    left join lateral (
      select (pg_catalog.array_agg(q.object_id))[1] as object_id
      from public.run_queue as q
      where q.run_request_id = n.root_id
        and n.stored_id is null
        and n.natural_key is null
        and n.came = 1
      having pg_catalog.count(*) = 1
    ) as only_one on true);
end
$$;

comment on function etl_api.match_objects(uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], uuid[]) is
  'Which object each sighting is: the stored one where given, else the one asked about (run_queue of the chain) with the same natural key, else the only one asked about. Null: none of them.';

revoke execute on function etl_api.match_objects(uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], uuid[]) from public;
grant execute on function etl_api.match_objects(uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/results/object_values.sql
create or replace function etl_api.object_values(object_ids uuid[])
returns table (object_id uuid, "values" jsonb, provenance jsonb, place bigint)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- What the request itself said comes first, then fresh before stale, then the sources in their order.
  return query
  select o.id, coalesce(known."values", '{}'), coalesce(known.provenance, '{}'), o.place
  from unnest(object_ids) with ordinality as o (id, place)
  cross join lateral (
    select pg_catalog.jsonb_object_agg(best.name, best.value) as "values",
      pg_catalog.jsonb_object_agg(best.name, best.provenance) as provenance
    from (
      select distinct on (v.datapoint_id)
        d.name,
        v.value,
        pg_catalog.jsonb_build_object(
          'source', coalesce(s.name, 'input'),
          'confidence', v.confidence,
          'observed_at', v.observed_at) as provenance
      from public.value as v
      join public.datapoint as d on d.id = v.datapoint_id
      left join public.source as s on s.id = v.source_id
      left join public.datapoint_source as ds
        on ds.source_id = v.source_id
        and ds.datapoint_id = v.datapoint_id
      where v.object_id = o.id
      order by v.datapoint_id,
        coalesce(v.observed_at + ds.max_age <= utils.now(), false),
        v.source_id is not null,
        ds.priority nulls last,
        v.confidence desc,
        v.observed_at desc
    ) as best
  ) as known;
end
$$;

comment on function etl_api.object_values(uuid[]) is
  'The best known value of every datapoint of each object, and where it came from: {datapoint: value} and {datapoint: {source, confidence, observed_at}}, {} when there is none; one row per id given, place is its place among them.';

revoke execute on function etl_api.object_values(uuid[]) from public;
grant execute on function etl_api.object_values(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/results/pick.sql
create or replace function etl_api.pick(object jsonb, names text[]) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_object_agg(n.name, object -> n.name), '{}')
  from unnest(names) as n (name)
  where object ? n.name
$$;

comment on function etl_api.pick(jsonb, text[]) is 'The members of an object that have one of these names.';

revoke execute on function etl_api.pick(jsonb, text[]) from public;
grant execute on function etl_api.pick(jsonb, text[]) to service_role;
-- end of source

-- source: sql/etl_api/results/process_run_results_for_source.sql
create or replace function etl_api.process_run_results_for_source(source_id uuid, results jsonb)
returns table (run_request_id uuid, accepted boolean, message text)
language sql
set search_path = ''
as $$
  -- Results of another source are left to their own call.
  select c.*
  from etl_api.complete_run_requests((
    select coalesce(pg_catalog.jsonb_agg(e.value order by e.place), '[]')
    from pg_catalog.jsonb_array_elements(results) with ordinality as e (value, place)
    join public.run_request as r on r.id = utils.uuid_or_null(e.value -> 'run_request_id')
    where r.source_id = process_run_results_for_source.source_id)) as c
$$;

comment on function etl_api.process_run_results_for_source(uuid, jsonb) is
  'complete_run_requests for the results of one source.';

revoke execute on function etl_api.process_run_results_for_source(uuid, jsonb) from public;
grant execute on function etl_api.process_run_results_for_source(uuid, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/results/reconstruct_values_to_activity_request.sql
create or replace function etl_api.reconstruct_values_to_activity_request(activity_request_id uuid) returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.reconstruct_values_to_activity_requests(array[activity_request_id]);
  return (
    select r.objects
    from public.activity_result as r
    where r.activity_request_id = reconstruct_values_to_activity_request.activity_request_id);
end
$$;

comment on function etl_api.reconstruct_values_to_activity_request(uuid) is
  'Rebuilds the result of one activity request and returns its objects; null when there is no such request.';

revoke execute on function etl_api.reconstruct_values_to_activity_request(uuid) from public;
grant execute on function etl_api.reconstruct_values_to_activity_request(uuid) to service_role;
-- end of source

-- source: sql/etl_api/results/reconstruct_values_to_activity_requests.sql
create or replace function etl_api.reconstruct_values_to_activity_requests(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- An enrichment delivers what was asked for; a search everything known of what it found, unless told what.
  insert into public.activity_result (activity_request_id, org_id, objects, summary, created_at)
  select ar.id, ar.org_id, coalesce(built.objects, '[]'),
    pg_catalog.jsonb_build_object(
      'objects', built.count,
      'values', coalesce(built."values", 0),
      'missing', coalesce(built.missing, 0),
      'runs', runs.by_state),
    utils.now()
  from public.activity_request as ar
  cross join lateral (
    select array(
      select d.name
      from public.datapoint as d
      where d.id = any (ar.datapoint_ids)) as names
  ) as wanted
  cross join lateral (
    select
      pg_catalog.count(*) as count,
      pg_catalog.sum(pg_catalog.cardinality(part.names)) as "values",
      pg_catalog.sum(case when pg_catalog.cardinality(wanted.names) > 0
        then pg_catalog.cardinality(wanted.names) - pg_catalog.cardinality(part.names) else 0 end) as missing,
      pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'object_type', t.name,
        'key', o.natural_key,
        'values', part."values",
        'provenance', part.provenance) order by known.place) as objects
    from etl_api.object_values(array(
      select x.object_id
      from public.activity_object as x
      where x.activity_request_id = ar.id
        and x.role = case when ar.activity_type = 'enrichment' then 'input' else 'result' end
      order by x.ordinal)) as known
    join public.object as o on o.id = known.object_id
    join public.object_type as t on t.id = o.object_type_id
    cross join lateral (
      select
        array(
          select k.name
          from pg_catalog.jsonb_object_keys(known."values") as k (name)
          where pg_catalog.cardinality(wanted.names) = 0
             or k.name = any (wanted.names)) as names,
        case when pg_catalog.cardinality(wanted.names) = 0 then known."values"
          else etl_api.pick(known."values", wanted.names) end as "values",
        case when pg_catalog.cardinality(wanted.names) = 0 then known.provenance
          else etl_api.pick(known.provenance, wanted.names) end as provenance
    ) as part
  ) as built
  cross join lateral (
    select coalesce(pg_catalog.jsonb_object_agg(s.state, s.count), '{}') as by_state
    from (
      select q.state, pg_catalog.count(*) as count
      from public.run_queue as q
      where q.activity_request_id = ar.id
      group by q.state
    ) as s
  ) as runs
  where ar.id = any (activity_request_ids)
  on conflict (activity_request_id, org_id) do update
    set objects = excluded.objects,
        summary = excluded.summary,
        created_at = excluded.created_at;
end
$$;

comment on function etl_api.reconstruct_values_to_activity_requests(uuid[]) is
  'Rebuilds the results of activity requests from the values known now, with their provenance, into activity_result.';

revoke execute on function etl_api.reconstruct_values_to_activity_requests(uuid[]) from public;
grant execute on function etl_api.reconstruct_values_to_activity_requests(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/results/replace_derived_mapping.sql
create or replace function etl_api.replace_derived_mapping() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  delete from public.datapoint_source as ds
  where ds.source_id = new.source_id
    and ds.datapoint_id = new.datapoint_id
    and ds.derived
    -- A row of one org never takes away another's.
    and ds.org_id is not distinct from new.org_id;
  return new;
end
$$;

comment on function etl_api.replace_derived_mapping() is
  'Makes room for a datapoint_source row of a user where there is a derived one.';

revoke execute on function etl_api.replace_derived_mapping() from public;

-- By row, since it has to come before the unique key is checked; configuration is written rarely.
drop trigger if exists replace_derived_mapping on public.datapoint_source;
create trigger replace_derived_mapping
  before insert on public.datapoint_source
  for each row
  when (not new.derived)
  execute function etl_api.replace_derived_mapping();
comment on trigger replace_derived_mapping on public.datapoint_source is
  'A mapping that a user writes replaces the derived one.';
-- end of source

-- source: sql/etl_api/results/store_object.sql
create or replace function etl_api.store_object(org_id uuid, object_type_id uuid, object jsonb) returns uuid
language plpgsql
set search_path = ''
as $$
declare
  key_datapoints text[] := (select t.key_datapoints from public.object_type as t where t.id = object_type_id);
  natural_key jsonb := etl_api.natural_key(key_datapoints, object);
begin
  if natural_key is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('the object has no natural key: %s found in %s',
        coalesce(pg_catalog.array_to_string(key_datapoints, ', '), 'no such object type'), pg_catalog.left(object::text, 200)),
      hint = 'Give every key datapoint of the object type a text, number or boolean.';
  end if;
  return (etl_api.store_objects(array[org_id], array[object_type_id], array[natural_key]))[1];
end
$$;

comment on function etl_api.store_object(uuid, uuid, jsonb) is
  'Stores one object, once per natural key, and returns its id. ETL04: a part of the key is missing.';

revoke execute on function etl_api.store_object(uuid, uuid, jsonb) from public;
grant execute on function etl_api.store_object(uuid, uuid, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/results/store_objects.sql
create or replace function etl_api.store_objects(org_ids uuid[], object_type_ids uuid[], natural_keys jsonb[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  stored uuid[];
begin
  -- In the order of the unique index, so that two writers of the same objects cannot wait for each other.
  insert into public.object (org_id, object_type_id, natural_key, key_hash, created_at)
  select distinct on (t.org_id, t.object_type_id, h.key_hash)
    t.org_id, t.object_type_id, t.natural_key, h.key_hash, utils.now()
  from unnest(org_ids, object_type_ids, natural_keys) as t (org_id, object_type_id, natural_key)
  cross join lateral (
    select pg_catalog.sha256(pg_catalog.convert_to(t.natural_key::text, 'UTF8')) as key_hash
  ) as h
  where t.natural_key is not null
    and not exists (
      select 1
      from public.object as o
      where o.org_id = t.org_id
        and o.object_type_id = t.object_type_id
        and o.key_hash = h.key_hash)
  order by t.org_id, t.object_type_id, h.key_hash
  on conflict (org_id, object_type_id, key_hash) do nothing;

  -- A statement of its own: it sees what others stored meanwhile.
  select pg_catalog.array_agg(found.id order by t.ordinal) into stored
  from unnest(org_ids, object_type_ids, natural_keys)
    with ordinality as t (org_id, object_type_id, natural_key, ordinal)
  left join lateral (
    select o.id
    from public.object as o
    where o.org_id = t.org_id
      and o.object_type_id = t.object_type_id
      and o.key_hash = pg_catalog.sha256(pg_catalog.convert_to(t.natural_key::text, 'UTF8'))
  ) as found on true;
  return coalesce(stored, '{}');
end
$$;

comment on function etl_api.store_objects(uuid[], uuid[], jsonb[]) is
  'Stores objects once per tenant, type and natural key; returns their ids in the order given (null where the key is null).';

revoke execute on function etl_api.store_objects(uuid[], uuid[], jsonb[]) from public;
grant execute on function etl_api.store_objects(uuid[], uuid[], jsonb[]) to service_role;
-- end of source

-- source: sql/etl_api/results/store_value.sql
create or replace function etl_api.store_value(
  object_id uuid, datapoint_id uuid, value jsonb, source_id uuid default null, confidence numeric default 1)
returns boolean
language sql
set search_path = ''
as $$
  select etl_api.store_values(
    array[o.org_id], array[o.id], array[store_value.datapoint_id], array[store_value.source_id],
    array[store_value.value], array[store_value.confidence], array[null::uuid]) = 1
  from public.object as o
  where o.id = store_value.object_id
$$;

comment on function etl_api.store_value(uuid, uuid, jsonb, uuid, numeric) is
  'Stores one value of an object; true when stored, false for JSON null, null when there is no such object.';

revoke execute on function etl_api.store_value(uuid, uuid, jsonb, uuid, numeric) from public;
grant execute on function etl_api.store_value(uuid, uuid, jsonb, uuid, numeric) to service_role;
-- end of source

-- source: sql/etl_api/results/store_values.sql
create or replace function etl_api.store_values(
  org_ids uuid[], object_ids uuid[], datapoint_ids uuid[], source_ids uuid[],
  "values" jsonb[], confidences numeric[], run_request_ids uuid[])
returns int
language plpgsql
set search_path = ''
as $$
declare
  stored int;
begin
  -- In the order of the unique index, against deadlocks; the last of several sightings in one batch wins.
  insert into public.value
    (org_id, object_id, datapoint_id, source_id, value, confidence, run_request_id, observed_at)
  select distinct on (t.object_id, t.datapoint_id, t.source_id)
    t.org_id, t.object_id, t.datapoint_id, t.source_id, t.value, t.confidence, t.run_request_id, utils.now()
  from unnest(org_ids, object_ids, datapoint_ids, source_ids, "values", confidences, run_request_ids)
    with ordinality as t (org_id, object_id, datapoint_id, source_id, value, confidence, run_request_id, ordinal)
  where t.value is not null
    and t.value <> 'null'
  order by t.object_id, t.datapoint_id, t.source_id, t.ordinal desc
  on conflict (object_id, datapoint_id, source_id) do update
    set value = excluded.value,
        confidence = excluded.confidence,
        run_request_id = excluded.run_request_id,
        observed_at = excluded.observed_at;
  get diagnostics stored = row_count;
  return stored;
end
$$;

comment on function etl_api.store_values(uuid[], uuid[], uuid[], uuid[], jsonb[], numeric[], uuid[]) is
  'Stores values with their provenance, the latest per object, datapoint and source (null: the request''s input). JSON null is no value. Returns how many were stored.';

revoke execute on function etl_api.store_values(uuid[], uuid[], uuid[], uuid[], jsonb[], numeric[], uuid[]) from public;
grant execute on function etl_api.store_values(uuid[], uuid[], uuid[], uuid[], jsonb[], numeric[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/results/sync_datapoint_source.sql
create or replace function etl_api.sync_datapoint_source(source_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- What the mapping of a whole object says of a field need not be said again per datapoint. Rows a user wrote
  -- for the same datapoint say more, and win.
  with wanted as (
    select distinct on (os.source_id, d.id) os.org_id, os.source_id, d.id as datapoint_id, f.value as key_mapping_json
    from public.object_source as os
    cross join lateral pg_catalog.jsonb_each(
      case when pg_catalog.jsonb_typeof(os.key_mapping_json -> 'fields') = 'object'
        then os.key_mapping_json -> 'fields' else '{}' end) as f
    join public.datapoint as d
      on d.object_type_id = os.object_type_id
      and d.name = f.key
      and (d.org_id is null or d.org_id = os.org_id)
    where os.source_id = any (source_ids)
      and os.direction = 'result'
    order by os.source_id, d.id
  ),
  gone as (
    delete from public.datapoint_source as ds
    where ds.source_id = any (source_ids)
      and ds.derived
      and not exists (
        select 1
        from wanted as w
        where w.source_id = ds.source_id
          and w.datapoint_id = ds.datapoint_id)
  )
  insert into public.datapoint_source as ds (org_id, source_id, datapoint_id, key_mapping_json, derived)
  select w.org_id, w.source_id, w.datapoint_id, w.key_mapping_json, true
  from wanted as w
  order by w.source_id, w.datapoint_id
  on conflict (source_id, datapoint_id) do update
    set key_mapping_json = excluded.key_mapping_json
    where ds.derived
      and ds.key_mapping_json <> excluded.key_mapping_json;
end
$$;

comment on function etl_api.sync_datapoint_source(uuid[]) is
  'Keeps the derived datapoint_source rows of these sources in step with the fields of their result mappings: makes, changes and removes them; rows that a user wrote are left alone.';

revoke execute on function etl_api.sync_datapoint_source(uuid[]) from public;
grant execute on function etl_api.sync_datapoint_source(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/results/trigger_sync_datapoint_source.sql
create or replace function etl_api.trigger_sync_datapoint_source() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  source_ids uuid[];
begin
  select pg_catalog.array_agg(distinct c.source_id) into source_ids
  from changed_rows as c;
  if source_ids is not null then
    perform etl_api.sync_datapoint_source(source_ids);
  end if;
  return null;
end
$$;

comment on function etl_api.trigger_sync_datapoint_source() is
  'Keeps datapoint_source in step with object_source; see sync_datapoint_source.';

revoke execute on function etl_api.trigger_sync_datapoint_source() from public;
-- end of source

-- source: sql/etl_api/results/trigger_sync_named_datapoint.sql
create or replace function etl_api.trigger_sync_named_datapoint() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  source_ids uuid[];
begin
  -- A new or renamed datapoint may have the name of a field that was mapped before.
  select pg_catalog.array_agg(distinct os.source_id) into source_ids
  from changed_rows as c
  join public.object_source as os on os.object_type_id = c.object_type_id;
  if source_ids is not null then
    perform etl_api.sync_datapoint_source(source_ids);
  end if;
  return null;
end
$$;

comment on function etl_api.trigger_sync_named_datapoint() is
  'Keeps datapoint_source in step with the names of datapoints; see sync_datapoint_source.';

revoke execute on function etl_api.trigger_sync_named_datapoint() from public;
-- end of source

-- source: sql/etl_api/runs/allocate_source_runs.sql
create or replace function etl_api.allocate_source_runs(
  worker text, source_ids uuid[], capacities int[], max_requests int)
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  lease interval := etl_api.time_limit(null, 'lease_seconds');
  run_ids uuid[];
  run_items int[];
  source_of uuid[];
  activity_of uuid[];
  requests jsonb[];
  missing jsonb[];
  request_ids uuid[];
begin
  select
    pg_catalog.array_agg(taken.run_id order by taken.item, taken.due_at, taken.run_id),
    pg_catalog.array_agg(taken.item order by taken.item, taken.due_at, taken.run_id),
    pg_catalog.array_agg(taken.source_id order by taken.item, taken.due_at, taken.run_id),
    pg_catalog.array_agg(taken.activity_request_id order by taken.item, taken.due_at, taken.run_id)
  into run_ids, run_items, source_of, activity_of
  from etl_api.take_due_runs(source_ids, capacities, max_requests) as taken;
  if run_ids is null then
    return '{}'::uuid[];
  end if;

  -- One entry per request from here on.
  select
    pg_catalog.array_agg(i.source_id order by i.item),
    pg_catalog.array_agg(i.activity_request_id order by i.item),
    pg_catalog.array_agg(utils.new_id() order by i.item)
  into source_of, activity_of, request_ids
  from (
    select distinct on (t.item) t.item, t.source_id, t.activity_request_id
    from unnest(run_items, source_of, activity_of) as t (item, source_id, activity_request_id)
    order by t.item
  ) as i;

  select pg_catalog.array_agg(r.request order by r.item), pg_catalog.array_agg(pg_catalog.to_jsonb(r.missing) order by r.item)
  into requests, missing
  from etl_api.render_requests(
    pg_catalog.array_fill('run'::text, array[pg_catalog.cardinality(request_ids)]), source_of, activity_of,
    pg_catalog.array_fill(null::text, array[pg_catalog.cardinality(request_ids)]),
    pg_catalog.array_fill(null::jsonb, array[pg_catalog.cardinality(request_ids)]),
    pg_catalog.array_fill(1, array[pg_catalog.cardinality(request_ids)]),
    run_items, run_ids) as r;

  insert into public.run_request
    (id, org_id, workflow_request_id, activity_request_id, source_id, kind, root_id, attempts,
     state, state_via, due_at, lease_until, lease_token, worker, created_at, claimed_at)
  select t.id, ar.org_id, ar.workflow_request_id, ar.id, t.source_id, 'run', t.id, 1,
    'in_progress', '{new,valid,ready}', utils.now(), utils.now() + lease + pg_catalog.make_interval(secs => s.timeout_seconds),
    pg_catalog.gen_random_uuid(), allocate_source_runs.worker, utils.now(), utils.now()
  from unnest(request_ids, source_of, activity_of, requests)
    as t (id, source_id, activity_request_id, request)
  join public.activity_request as ar on ar.id = t.activity_request_id
  join public.source as s on s.id = t.source_id
  where t.request is not null;

  insert into public.run_request_payload (run_request_id, org_id, request)
  select t.id, ar.org_id, t.request
  from unnest(request_ids, activity_of, requests) as t (id, activity_request_id, request)
  join public.activity_request as ar on ar.id = t.activity_request_id
  where t.request is not null;

  -- A run whose template asks for what nobody gave cannot be sent: it is invalid, and says what is missing.
  update public.run_queue as q
  set state = case when t.request is null then 'invalid' else 'in_progress' end::public.run_queue_state,
      state_via = case
        when t.request is not null then case when q.state = 'waiting' then '{ready}' end
        when q.state = 'ready' then '{in_progress,waiting}'
      end::public.run_queue_state[],
      state_substate = case when t.request is null then 'missing_value' end,
      error = case when t.request is null then etl_api.missing_error(t.missing, 'run', q.source_id) end,
      run_request_id = case when t.request is not null then t.id end,
      timeout_at = utils.now() + etl_api.time_limit(ar.config, 'run_timeout_seconds'),
      finished_at = case when t.request is null then utils.now() end
  from unnest(run_ids, run_items) as r (run_id, item)
  join unnest(request_ids, requests, missing) with ordinality as t (id, request, missing, item)
    on t.item = r.item
  join public.activity_request as ar on ar.id = activity_of[r.item]
  where q.id = r.run_id;

  insert into etl_api.advance_queue (activity_request_id, org_id, created_at)
  select distinct ar.id, ar.org_id, utils.now()
  from unnest(activity_of, requests) as t (activity_request_id, request)
  join public.activity_request as ar on ar.id = t.activity_request_id
  where t.request is null;
  if found then
    perform etl_api.ring('execute-runs');
  end if;

  return array(
    select t.id
    from unnest(request_ids, requests) as t (id, request)
    where t.request is not null);
end
$$;

comment on function etl_api.allocate_source_runs(text, uuid[], int[], int) is
  'Gives runs that wait to their sources, as HTTP requests already claimed by the worker: batches of max_objects_per_request, at most capacities[i] requests for source_ids[i]. Returns the ids of the requests. A run whose template cannot be filled becomes invalid / missing_value.';

revoke execute on function etl_api.allocate_source_runs(text, uuid[], int[], int) from public;
grant execute on function etl_api.allocate_source_runs(text, uuid[], int[], int) to service_role;
-- end of source

-- source: sql/etl_api/runs/create_run.sql
create or replace function etl_api.create_run(activity_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  kind record;
  created int;
  total int := 0;
begin
  -- A loop over the few activity types, not over rows: a new type is a new function create_run_<type>.
  for kind in
    select ar.activity_type, pg_catalog.array_agg(ar.id) as ids
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)
      and ar.state = 'in_progress'
    group by ar.activity_type
    order by ar.activity_type
  loop
    execute pg_catalog.format('select etl_api.%I($1)', 'create_run_' || kind.activity_type)
      into created
      using kind.ids;
    total := total + created;
  end loop;
  return total;
end
$$;

comment on function etl_api.create_run(uuid[]) is
  'Creates the runs that these activity requests need now, by activity type: etl_api.create_run_<type>. Returns how many.';

revoke execute on function etl_api.create_run(uuid[]) from public;
grant execute on function etl_api.create_run(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/create_run_enrichment.sql
create or replace function etl_api.create_run_enrichment(activity_request_ids uuid[], object_ids uuid[] default null)
returns int
language plpgsql
set search_path = ''
as $$
declare
  created int;
begin
  if object_ids is null then
    select pg_catalog.array_agg(ao.activity_request_id), pg_catalog.array_agg(ao.object_id)
    into activity_request_ids, object_ids
    from public.activity_object as ao
    where ao.activity_request_id = any (activity_request_ids)
      and ao.role = 'input';
  end if;

  -- The waterfall: for each missing datapoint the first source not yet asked about that object. A source is
  -- asked once per object and activity, for everything missing that it offers, so the sources asked for one
  -- datapoint are never asked again for another. What an open run of an
  -- earlier call may still bring is not asked elsewhere.
  insert into public.run_queue
    (org_id, workflow_request_id, activity_request_id, source_id, object_id, datapoint_ids,
     state, state_via, state_substate, due_at, created_at)
  select ar.org_id, ar.workflow_request_id, ar.id, next.source_id, next.object_id, next.datapoint_ids,
    'waiting', '{new,valid}', 'allocation', utils.now(), utils.now()
  from (
    select offer.activity_request_id, offer.object_id, offer.source_id,
      pg_catalog.array_agg(offer.datapoint_id order by offer.datapoint_id) as datapoint_ids
    from (
      select m.activity_request_id, m.object_id, m.datapoint_id, ds.source_id,
        pg_catalog.row_number() over (
          partition by m.activity_request_id, m.object_id, m.datapoint_id
          order by ds.priority, pg_catalog.array_position(ar.source_ids, ds.source_id)) as place
      from etl_api.missing_datapoints(activity_request_ids, object_ids) as m
      join public.activity_request as ar on ar.id = m.activity_request_id
      join public.datapoint_source as ds
        on ds.datapoint_id = m.datapoint_id
        and ds.source_id = any (ar.source_ids)
      where not exists (
        select 1
        from public.run_queue as asked
        where asked.activity_request_id = m.activity_request_id
          and asked.object_id = m.object_id
          and (asked.source_id = ds.source_id
            or (m.datapoint_id = any (asked.datapoint_ids)
              and asked.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))))
    ) as offer
    group by offer.activity_request_id, offer.object_id, offer.source_id
    having pg_catalog.min(offer.place) = 1
  ) as next
  join public.activity_request as ar on ar.id = next.activity_request_id
  on conflict do nothing;
  get diagnostics created = row_count;
  return created;
end
$$;

comment on function etl_api.create_run_enrichment(uuid[], uuid[]) is
  'Creates the runs of enrichment: for each pair of activity request and object (without object_ids: for every input object of the activity requests) one per source that is to be asked next, the waterfall. Returns how many.';

revoke execute on function etl_api.create_run_enrichment(uuid[], uuid[]) from public;
grant execute on function etl_api.create_run_enrichment(uuid[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/create_run_extract.sql
create or replace function etl_api.create_run_extract(activity_request_ids uuid[]) returns int
language sql
set search_path = ''
as $$
  select etl_api.create_search_runs(activity_request_ids)
$$;

comment on function etl_api.create_run_extract(uuid[]) is
  'Creates the runs that activity requests of type extract need now; see create_search_runs. Returns how many.';

revoke execute on function etl_api.create_run_extract(uuid[]) from public;
grant execute on function etl_api.create_run_extract(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/create_run_sourcing.sql
create or replace function etl_api.create_run_sourcing(activity_request_ids uuid[]) returns int
language sql
set search_path = ''
as $$
  select etl_api.create_search_runs(activity_request_ids)
$$;

comment on function etl_api.create_run_sourcing(uuid[]) is
  'Creates the runs that activity requests of type sourcing need now; see create_search_runs. Returns how many.';

revoke execute on function etl_api.create_run_sourcing(uuid[]) from public;
grant execute on function etl_api.create_run_sourcing(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/create_search_runs.sql
create or replace function etl_api.create_search_runs(activity_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  created int;
begin
  -- A search asks its first source, and the next one only when all that was asked has ended with no object.
  insert into public.run_queue
    (org_id, workflow_request_id, activity_request_id, source_id, object_id, datapoint_ids,
     state, state_via, state_substate, due_at, created_at)
  select ar.org_id, ar.workflow_request_id, ar.id, next.source_id, input.object_id, ar.datapoint_ids,
    'waiting', '{new,valid}', 'allocation', utils.now(), utils.now()
  from unnest(activity_request_ids) as i (id)
  join public.activity_request as ar on ar.id = i.id
  cross join lateral (
    select s.id as source_id
    from unnest(ar.source_ids) with ordinality as s (id, place)
    where not exists (
      select 1
      from public.run_queue as asked
      where asked.activity_request_id = ar.id
        and asked.source_id = s.id)
    order by s.place
    limit 1
  ) as next
  left join public.activity_object as input
    on input.activity_request_id = ar.id
    and input.role = 'input'
  where not exists (
      select 1
      from public.activity_object as found
      where found.activity_request_id = ar.id
        and found.role = 'result')
    and not exists (
      select 1
      from public.run_queue as open
      where open.activity_request_id = ar.id
        and open.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))
    -- Asked for the objects of another activity that gave none: there is nothing to search for.
    and (input.object_id is not null or not exists (
      select 1
      from public.activity_dependency as d
      where d.activity_request_id = ar.id))
  order by input.ordinal
  on conflict do nothing;
  get diagnostics created = row_count;
  return created;
end
$$;

comment on function etl_api.create_search_runs(uuid[]) is
  'Creates the runs of extract and sourcing: one per input object, or a single one when there is none, for the first source not asked yet. Returns how many.';

revoke execute on function etl_api.create_search_runs(uuid[]) from public;
grant execute on function etl_api.create_search_runs(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/missing_datapoints.sql
create or replace function etl_api.missing_datapoints(activity_request_ids uuid[], object_ids uuid[])
returns table (activity_request_id uuid, object_id uuid, datapoint_id uuid)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  -- A value is as fresh as its own source says; the request's input, as the first source asked would say.
  select ar.id, i.object_id, wanted.datapoint_id
  from unnest(activity_request_ids, object_ids) as i (id, object_id)
  join public.activity_request as ar on ar.id = i.id
  cross join lateral unnest(ar.datapoint_ids) as wanted (datapoint_id)
  where not exists (
    select 1
    from public.value as v
    left join lateral (
      select ds.max_age
      from public.datapoint_source as ds
      where ds.datapoint_id = wanted.datapoint_id
        and (ds.source_id = v.source_id or (v.source_id is null and ds.source_id = any (ar.source_ids)))
      order by ds.priority, ds.source_id
      limit 1
    ) as age on true
    where v.object_id = i.object_id
      and v.datapoint_id = wanted.datapoint_id
      and (age.max_age is null or v.observed_at + age.max_age > utils.now()));
end
$$;

comment on function etl_api.missing_datapoints(uuid[], uuid[]) is
  'What enrichment still has to find: of each pair of activity request and object, the datapoints that have no value, or none younger than max_age.';

revoke execute on function etl_api.missing_datapoints(uuid[], uuid[]) from public;
grant execute on function etl_api.missing_datapoints(uuid[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/take_due_runs.sql
create or replace function etl_api.take_due_runs(source_ids uuid[], capacities int[], max_requests int)
returns table (run_id uuid, item int, source_id uuid, activity_request_id uuid, due_at timestamptz)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  -- In the order of the index, where the runs of one activity lie side by side and fill one request. Looking further
  -- than 2,000 rows ahead for a fuller request would lock rows that another claim could take.
  with due as (
    select q.id, q.source_id, q.activity_request_id, q.due_at,
      (pg_catalog.row_number() over (
        partition by q.source_id, q.activity_request_id
        order by q.due_at, q.id) - 1) / c.max_objects_per_request as chunk
    from (
      select t.source_id, t.capacity, s.max_objects_per_request
      from unnest(source_ids, capacities) as t (source_id, capacity)
      join public.source as s on s.id = t.source_id
      where t.capacity > 0
    ) as c
    cross join lateral (
      select q.id, q.source_id, q.activity_request_id, q.due_at
      from public.run_queue as q
      where q.source_id = c.source_id
        and q.state in ('waiting', 'ready')
        and q.due_at <= utils.now()
      order by q.due_at, q.activity_request_id
      limit least(c.capacity * c.max_objects_per_request, greatest(c.capacity, 2000))
      for update skip locked
    ) as q
  ),
  numbered as (
    select dated.*,
      pg_catalog.dense_rank() over (
        partition by dated.source_id
        order by dated.first_due_at, dated.activity_request_id, dated.chunk) as place
    from (
      select due.*,
        pg_catalog.min(due.due_at) over (partition by due.source_id, due.activity_request_id) as first_due_at
      from due
    ) as dated
  ),
  taken as (
    select n.*, pg_catalog.dense_rank() over (order by n.place, n.source_id)::int as item
    from numbered as n
    join unnest(source_ids, capacities) as t (source_id, capacity)
      on t.source_id = n.source_id
      and n.place <= t.capacity
  )
  select taken.id, taken.item, taken.source_id, taken.activity_request_id, taken.due_at
  from taken
  where taken.item <= max_requests;
end
$$;

comment on function etl_api.take_due_runs(uuid[], int[], int) is
  'Locks runs that are due, the longest due first, and groups them into HTTP requests: item numbers the requests from 1, at most max_requests, at most capacities[i] of source_ids[i], each with runs of one activity and at most max_objects_per_request of them.';

revoke execute on function etl_api.take_due_runs(uuid[], int[], int) from public;
grant execute on function etl_api.take_due_runs(uuid[], int[], int) to service_role;
-- end of source

-- source: sql/etl_api/runs/trigger_run_executor.sql
create or replace function public.trigger_run_executor() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if exists (select 1 from new_rows as n where n.state in ('waiting', 'ready') and n.due_at <= utils.now()) then
    perform etl_api.ring('execute-runs');
  end if;
  return null;
end
$$;

comment on function public.trigger_run_executor() is
  'Wakes the edge function that sends HTTP requests when a statement has left some to send.';

revoke execute on function public.trigger_run_executor() from public, anon, authenticated;
-- end of source

-- source: sql/etl_api/runs/trigger_run_request_execute.sql
drop trigger if exists trigger_run_request_execute on public.run_queue;
create trigger trigger_run_request_execute
  after insert on public.run_queue
  referencing new table as new_rows
  for each statement
  execute function public.trigger_run_executor();

drop trigger if exists trigger_run_request_execute on public.run_request;
create trigger trigger_run_request_execute
  after insert on public.run_request
  referencing new table as new_rows
  for each statement
  execute function public.trigger_run_executor();

comment on trigger trigger_run_request_execute on public.run_queue is
  'Runs that wait for allocation wake the edge function.';
comment on trigger trigger_run_request_execute on public.run_request is
  'HTTP requests that are due wake the edge function.';
-- end of source

-- source: sql/etl_api/state/caller_name.sql
create or replace function etl_api.caller_name() returns text
language sql stable
set search_path = ''
as $$
  select coalesce(
    'user ' || auth.uid(),
    nullif(pg_catalog.current_setting('role', true), 'none'),
    session_user::text)
$$;

comment on function etl_api.caller_name() is
  'Who asks, for history: the signed-in user, else the database role.';

revoke execute on function etl_api.caller_name() from public;
-- end of source

-- source: sql/etl_api/state/cancel.sql
create or replace function etl_api.cancel(id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  target constant record := etl_api.find_own(id);
  why constant text := pg_catalog.current_setting('etl.reason', true);
  sentence text;
begin
  perform etl_api.lock_workflows(array[target.workflow_request_id]);
  perform etl_api.set_reason('cancelled by ' || etl_api.caller_name());
  case target.entity
    when 'workflow_request' then sentence := etl_api.cancel_workflow(id);
    when 'activity_request' then sentence := etl_api.cancel_activity(id, target.workflow_request_id);
    when 'run_queue' then sentence := etl_api.cancel_run(id, target.activity_request_id);
    when 'run_request' then sentence := etl_api.cancel_run_request(id);
    when 'delivery' then sentence := etl_api.cancel_delivery(id, target.workflow_request_id);
  end case;
  perform etl_api.set_reason(why);
  return pg_catalog.jsonb_build_object(
    'entity', target.entity, 'id', id, 'state', 'failed', 'message', sentence);
end
$$;

comment on function etl_api.cancel(uuid) is
  'Cancels a workflow request, activity request, run, HTTP request or message: it and all below it that has not ended becomes failed / cancelled, and answers that still come change nothing. Returns {entity, id, state, message}. ETL04: no such request; ETL05: it has ended; ETL06: the caller only reads.';

revoke execute on function etl_api.cancel(uuid) from public;
grant execute on function etl_api.cancel(uuid) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/state/cancel_activity.sql
create or replace function etl_api.cancel_activity(id uuid, workflow_request_id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  state text := (select a.state from public.activity_request as a where a.id = cancel_activity.id);
begin
  if state not in ('new', 'valid', 'waiting', 'ready', 'in_progress') then
    perform etl_api.refuse_action('activity_request', id, state, 'cancelled',
      'It has ended. A message that is still to be sent can be cancelled by its own id.');
  end if;
  perform etl_api.end_activities(array[id], 'failed', 'cancelled', 'The activity was cancelled.');
  perform etl_api.advance_workflows(array[workflow_request_id]);
  return 'The activity and its runs are cancelled; the rest of its request goes on.';
end
$$;

comment on function etl_api.cancel_activity(uuid, uuid) is
  'Cancels an activity request; see cancel. The caller holds the workflow lock.';

revoke execute on function etl_api.cancel_activity(uuid, uuid) from public;
-- end of source

-- source: sql/etl_api/state/cancel_deliveries.sql
create or replace function etl_api.cancel_deliveries(delivery_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  ended int;
begin
  update public.delivery as d
  set state = 'failed',
      state_via = null,
      state_substate = 'cancelled',
      error = '{"code": "cancelled", "message": "The message was cancelled."}',
      lease_until = null,
      lease_token = null,
      finished_at = utils.now()
  where d.id = any (delivery_ids)
    and d.state in ('new', 'valid', 'waiting', 'ready', 'in_progress');
  get diagnostics ended = row_count;
  return ended;
end
$$;

comment on function etl_api.cancel_deliveries(uuid[]) is
  'Ends those of these messages that are still to be sent as failed / cancelled. Returns how many. The caller holds the workflow locks.';

revoke execute on function etl_api.cancel_deliveries(uuid[]) from public;
-- end of source

-- source: sql/etl_api/state/cancel_delivery.sql
create or replace function etl_api.cancel_delivery(id uuid, workflow_request_id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  was text;
begin
  if etl_api.cancel_deliveries(array[id]) = 0 then
    select d.state into was from public.delivery as d where d.id = cancel_delivery.id;
    perform etl_api.refuse_action('delivery', id, was, 'cancelled', 'It has ended.');
  end if;
  perform etl_api.settle_deliveries(array[workflow_request_id]);
  return 'The message is cancelled; it may have been sent already when it was in progress.';
end
$$;

comment on function etl_api.cancel_delivery(uuid, uuid) is
  'Cancels a message; see cancel. The caller holds the workflow lock.';

revoke execute on function etl_api.cancel_delivery(uuid, uuid) from public;
-- end of source

-- source: sql/etl_api/state/cancel_run.sql
create or replace function etl_api.cancel_run(id uuid, activity_request_id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  root uuid;
  was text;
begin
  update public.run_queue as q
  set state = 'failed',
      state_via = null,
      state_substate = 'cancelled',
      error = '{"code": "cancelled", "message": "The run was cancelled."}',
      finished_at = utils.now()
  where q.id = cancel_run.id
    and q.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
  returning q.run_request_id into root;
  if not found then
    select q.state into was from public.run_queue as q where q.id = cancel_run.id;
    perform etl_api.refuse_action('run_queue', id, was, 'cancelled', 'It has ended.');
  end if;

  -- The HTTP requests end too, unless they carry other runs that still want the answer.
  if not exists (
    select 1
    from public.run_queue as q
    where q.run_request_id = root
      and q.state = 'in_progress')
  then
    perform etl_api.end_run_requests(
      array(
        select r.id
        from public.run_request as r
        where r.root_id = root
          and r.state in ('waiting', 'ready', 'in_progress')
        order by r.id),
      'cancelled', 'The runs it carried were cancelled.');
  end if;
  perform etl_api.create_run(array[activity_request_id]);
  perform etl_api.advance_activities(array[activity_request_id]);
  return 'The run is cancelled; its activity goes on, with the next source where there is one.';
end
$$;

comment on function etl_api.cancel_run(uuid, uuid) is
  'Cancels a run; see cancel. The caller holds the workflow lock.';

revoke execute on function etl_api.cancel_run(uuid, uuid) from public;
-- end of source

-- source: sql/etl_api/state/cancel_run_request.sql
create or replace function etl_api.cancel_run_request(id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  was text;
begin
  -- What a claim holds just now is waited for, so that the state below is the last one.
  select r.state into was
  from public.run_request as r
  where r.id = cancel_run_request.id
  for no key update;
  if was not in ('waiting', 'ready', 'in_progress') then
    perform etl_api.refuse_action('run_request', id, was, 'cancelled', 'It has ended.');
  end if;
  perform etl_api.end_run_requests(array[id], 'cancelled', 'The HTTP request was cancelled.');
  return 'The HTTP request is cancelled, and with it the runs it carried; their activity goes on.';
end
$$;

comment on function etl_api.cancel_run_request(uuid) is
  'Cancels an HTTP request; see cancel. The caller holds the workflow lock.';

revoke execute on function etl_api.cancel_run_request(uuid) from public;
-- end of source

-- source: sql/etl_api/state/cancel_workflow.sql
create or replace function etl_api.cancel_workflow(id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  state text := (select w.state from public.workflow_request as w where w.id = cancel_workflow.id and w.replay = 0);
begin
  if state not in ('new', 'valid', 'waiting', 'ready', 'in_progress') then
    perform etl_api.refuse_action('workflow_request', id, state, 'cancelled',
      'It has ended. A message that is still to be sent can be cancelled by its own id.');
  end if;
  -- Messages first: those that tell of the cancelling are queued after it.
  perform etl_api.cancel_deliveries(array(
    select d.id
    from public.delivery as d
    where d.workflow_request_id = cancel_workflow.id));
  perform etl_api.end_whole_workflows(array[id], 'failed', 'cancelled', 'The request was cancelled.');
  perform etl_api.settle_deliveries(array[id]);
  return 'The request and all of it that had not ended is cancelled.';
end
$$;

comment on function etl_api.cancel_workflow(uuid) is
  'Cancels a workflow request; see cancel. The caller holds the workflow lock.';

revoke execute on function etl_api.cancel_workflow(uuid) from public;
-- end of source

-- source: sql/etl_api/state/check_state_sync.sql
create or replace function etl_api.check_state_sync()
returns table (entity etl_api.entity_kind, id uuid, org_id uuid, state text, problem text)
language sql stable
set search_path = ''
as $$
  with open_state (state) as (
    values ('new'), ('valid'), ('waiting'), ('ready'), ('in_progress')
  )
  select 'workflow_request'::etl_api.entity_kind, w.id, w.org_id, w.state::text, p.problem
  from public.workflow_request as w
  cross join lateral (
    select pg_catalog.count(*) filter (where a.state::text in (select o.state from open_state as o)) as open
    from public.activity_request as a
    where a.workflow_request_id = w.id
  ) as a
  cross join lateral (
    select case
      when w.state in ('new', 'valid', 'waiting', 'ready') then 'it was never taken in or started'
      when w.state = 'in_progress' and a.open = 0 then 'it is in progress, but all its activities have ended'
      when w.state not in ('new', 'valid', 'waiting', 'ready', 'in_progress') and a.open > 0
        then 'it has ended, but activities of it are open'
      when w.state = 'delivered' and exists (
        select 1 from public.delivery as d where d.workflow_request_id = w.id and d.state <> 'delivered')
        then 'it is delivered, but a message of it is not'
    end as problem
  ) as p
  where w.replay = 0
    and p.problem is not null
  union all
  select 'activity_request', a.id, a.org_id, a.state::text, p.problem
  from public.activity_request as a
  cross join lateral (
    select exists (
      select 1 from public.run_queue as q
      where q.activity_request_id = a.id and q.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')) as runs
  ) as open
  cross join lateral (
    select case
      when a.state in ('new', 'valid', 'ready') then 'it was never started'
      when a.state = 'in_progress' and not open.runs and not exists (
        select 1 from etl_api.advance_queue as n where n.activity_request_id = a.id)
        then 'it is in progress, but has no open run'
      when a.state not in ('new', 'valid', 'waiting', 'ready', 'in_progress') and open.runs
        then 'it has ended, but runs of it are open'
      when a.state = 'waiting' and not exists (
          select 1
          from public.activity_request as earlier
          where earlier.workflow_request_id = a.workflow_request_id
            and earlier.workflow_phase < a.workflow_phase
            and earlier.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))
        and not exists (
          select 1
          from public.activity_dependency as d
          join public.activity_request as before on before.id = d.depends_on_id
          where d.activity_request_id = a.id
            and before.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))
        then 'it waits, but nothing it waits for is open'
      when a.state = 'delivered' and exists (
        select 1 from public.delivery as d where d.activity_request_id = a.id and d.state <> 'delivered')
        then 'it is delivered, but a message of it is not'
    end as problem
  ) as p
  where p.problem is not null
  union all
  select 'run_queue', q.id, q.org_id, q.state::text, p.problem
  from public.run_queue as q
  cross join lateral (
    select case
      when q.state in ('new', 'valid') then 'it was never queued'
      when q.state = 'in_progress' and not exists (
        select 1 from public.run_request as r
        where r.root_id = q.run_request_id and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))
        then 'it is in progress, but no HTTP request of it is open'
    end as problem
  ) as p
  where q.state in ('new', 'valid', 'in_progress')
    and p.problem is not null
  union all
  select 'run_request', r.id, r.org_id, r.state::text, 'it is open, but no run in progress waits for it'
  from public.run_request as r
  where r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
    and not exists (
      select 1 from public.run_queue as q where q.run_request_id = r.root_id and q.state = 'in_progress')
$$;

comment on function etl_api.check_state_sync() is
  'Rows whose state does not fit their parent''s or children''s, each with the problem in a sentence; none on a sound database. It reads everything: for operators and tests, not for a loop.';

revoke execute on function etl_api.check_state_sync() from public;
grant execute on function etl_api.check_state_sync() to service_role;
-- end of source

-- source: sql/etl_api/state/create_history_partition.sql
create or replace function etl_api.create_history_partition(name text, first timestamptz, next timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Keys come with the parent; row level security and its policy do not.
  execute pg_catalog.format(
    'create table etl_api.%I partition of etl_api.state_history for values from (%L) to (%L)', name, first, next);
  execute pg_catalog.format('alter table etl_api.%I enable row level security', name);
  execute pg_catalog.format('create policy nobody on etl_api.%I for all to authenticated using (false) with check (false)', name);
  execute pg_catalog.format(
    'comment on policy nobody on etl_api.%I is %L', name, 'History is read through etl_api.state_history.');
  execute pg_catalog.format('revoke all on etl_api.%I from public, anon, authenticated', name);
  execute pg_catalog.format('comment on table etl_api.%I is %L', name,
    pg_catalog.format('Steps from %s until before %s.', first, next));
end
$$;

comment on function etl_api.create_history_partition(text, timestamptz, timestamptz) is
  'Makes one partition of state_history, closed to users like the others.';

revoke execute on function etl_api.create_history_partition(text, timestamptz, timestamptz) from public;
-- end of source

-- source: sql/etl_api/state/end_activities.sql
create or replace function etl_api.end_activities(
  activity_request_ids uuid[], to_state text, substate text, message text)
returns int
language plpgsql
set search_path = ''
as $$
declare
  ended_ids uuid[];
begin
  perform etl_api.end_open_runs(activity_request_ids, to_state, substate, message);

  with ended as (
    update public.activity_request as ar
    set state = to_state::public.activity_request_state,
        state_via = case when to_state = 'timedout'
          then etl_api.steps_to_timedout(ar.state::text)::public.activity_request_state[] end,
        state_substate = substate,
        errors = coalesce(ar.errors, '[]') || pg_catalog.jsonb_build_object(
          'code', substate, 'path', null, 'found', null, 'message', message,
          'hint', 'etl_api.retry(id) takes it up again.'),
        finished_at = utils.now()
    where ar.id = any (activity_request_ids)
      and ar.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
    returning ar.id
  )
  select pg_catalog.array_agg(ended.id) into ended_ids
  from ended;
  if ended_ids is null then
    return 0;
  end if;

  -- What was found until now is told all the same.
  perform etl_api.reconstruct_values_to_activity_requests(ended_ids);
  perform etl_api.deliver_activity_results(ended_ids);
  return pg_catalog.cardinality(ended_ids);
end
$$;

comment on function etl_api.end_activities(uuid[], text, text, text) is
  'Ends open activity requests with all below them as failed (cancelled) or timedout and queues their messages. Returns how many. The caller holds the workflow locks and moves the workflows on.';

revoke execute on function etl_api.end_activities(uuid[], text, text, text) from public;
grant execute on function etl_api.end_activities(uuid[], text, text, text) to service_role;
-- end of source

-- source: sql/etl_api/state/end_open_runs.sql
create or replace function etl_api.end_open_runs(
  activity_request_ids uuid[], to_state text, substate text, message text)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
declare
  fault constant jsonb := pg_catalog.jsonb_build_object('code', substate, 'message', message);
begin
  -- Runs first: once they have ended no claim takes them, and the HTTP requests that a claim has made of them
  -- meanwhile are seen by the second statement.
  update public.run_queue as q
  set state = to_state::public.run_queue_state,
      state_via = case when to_state = 'timedout'
        then etl_api.steps_to_timedout(q.state::text)::public.run_queue_state[] end,
      state_substate = substate,
      error = fault,
      finished_at = utils.now()
  where q.activity_request_id = any (activity_request_ids)
    and q.state in ('new', 'valid', 'waiting', 'ready', 'in_progress');

  update public.run_request as r
  set state = to_state::public.run_request_state,
      state_via = case when to_state = 'timedout'
        then etl_api.steps_to_timedout(r.state::text)::public.run_request_state[] end,
      state_substate = substate,
      error = fault,
      lease_until = null,
      lease_token = null,
      finished_at = utils.now()
  where r.activity_request_id = any (activity_request_ids)
    and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress');
end
$$;

comment on function etl_api.end_open_runs(uuid[], text, text, text) is
  'Ends all open runs of activity requests and their HTTP requests as failed (cancelled) or timedout; answers that come later find no lease. The caller holds the workflow locks.';

revoke execute on function etl_api.end_open_runs(uuid[], text, text, text) from public;
grant execute on function etl_api.end_open_runs(uuid[], text, text, text) to service_role;
-- end of source

-- source: sql/etl_api/state/end_whole_workflows.sql
create or replace function etl_api.end_whole_workflows(
  workflow_request_ids uuid[], to_state text, substate text, message text)
returns int
language plpgsql
set search_path = ''
as $$
declare
  why constant text := pg_catalog.current_setting('etl.reason', true);
  ended_ids uuid[];
begin
  perform etl_api.end_activities(
    array(
      select ar.id
      from public.activity_request as ar
      where ar.workflow_request_id = any (workflow_request_ids)
        and ar.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
      order by ar.id),
    to_state, substate, message);

  -- A workflow request has no error of its own that history could quote.
  perform etl_api.set_reason(coalesce(nullif(why, ''), message));
  with ended as (
    update public.workflow_request as w
    set state = to_state::public.workflow_request_state,
        state_via = case when to_state = 'timedout'
          then etl_api.steps_to_timedout(w.state::text)::public.workflow_request_state[] end,
        state_substate = substate,
        finished_at = utils.now()
    where w.id = any (workflow_request_ids)
      and w.replay = 0
      and w.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
    returning w.id
  )
  select pg_catalog.array_agg(ended.id) into ended_ids
  from ended;
  perform etl_api.set_reason(why);
  if ended_ids is null then
    return 0;
  end if;
  perform etl_api.deliver_workflow_results(ended_ids);
  return pg_catalog.cardinality(ended_ids);
end
$$;

comment on function etl_api.end_whole_workflows(uuid[], text, text, text) is
  'Ends open workflow requests with all below them as failed (cancelled) or timedout and queues their messages. Returns how many. The caller holds the workflow locks.';

revoke execute on function etl_api.end_whole_workflows(uuid[], text, text, text) from public;
grant execute on function etl_api.end_whole_workflows(uuid[], text, text, text) to service_role;
-- end of source

-- source: sql/etl_api/state/ensure_partitions.sql
create or replace function etl_api.ensure_partitions(months_ahead int default 2) returns int
language plpgsql
security definer
set search_path = ''
-- Making a partition needs the default one for itself; rather than hold up every writer it tries again later.
set lock_timeout = '2s'
set timezone = 'UTC'
as $$
declare
  month record;
  made int := 0;
begin
  if not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('etl_api.ensure_partitions', 0)) then
    return 0;
  end if;
  -- A loop, because each partition is a statement of its own.
  for month in
    select m.first, m.first + interval '1 month' as next, 'state_history_' || pg_catalog.to_char(m.first, 'YYYYMM') as name
    from pg_catalog.generate_series(0, greatest(0, months_ahead)) as n (ahead)
    cross join lateral (
      select pg_catalog.date_trunc('month', utils.now()) + pg_catalog.make_interval(months => n.ahead) as first) as m
    order by m.first
  loop
    -- A month whose steps already lie in the default partition stays there.
    continue when pg_catalog.to_regclass('etl_api.' || month.name) is not null
      or exists (
        select 1
        from etl_api.state_history_default as d
        where d.at >= month.first
          and d.at < month.next);
    perform etl_api.create_history_partition(month.name, month.first, month.next);
    made := made + 1;
  end loop;
  return made;
exception when lock_not_available then
  perform etl_api.logger('info', 'state', 'No partition of state_history was made: it was busy for 2 s. The next sweep tries again.');
  return 0;
end
$$;

comment on function etl_api.ensure_partitions(int) is
  'Makes the monthly partitions of state_history for this month and some ahead, those that are missing. Returns how many. Of two that run at once, one does the work. Call it in a transaction of its own: until that ends, history cannot be written.';

revoke execute on function etl_api.ensure_partitions(int) from public;
grant execute on function etl_api.ensure_partitions(int) to service_role;
-- end of source

-- source: sql/etl_api/state/find_own.sql
create or replace function etl_api.find_own(
  id uuid,
  out entity etl_api.entity_kind, out org_id uuid, out workflow_request_id uuid, out activity_request_id uuid)
language plpgsql stable
set search_path = ''
as $$
begin
  select f.entity, f.org_id, f.workflow_request_id, f.activity_request_id
  into entity, org_id, workflow_request_id, activity_request_id
  from (
    select 'workflow_request'::etl_api.entity_kind as entity, w.org_id, w.id as workflow_request_id, null::uuid as activity_request_id
    from public.workflow_request as w where w.id = find_own.id and w.replay = 0
    union all
    select 'activity_request', a.org_id, a.workflow_request_id, a.id
    from public.activity_request as a where a.id = find_own.id
    union all
    select 'run_queue', q.org_id, q.workflow_request_id, q.activity_request_id
    from public.run_queue as q where q.id = find_own.id
    union all
    select 'run_request', r.org_id, r.workflow_request_id, r.activity_request_id
    from public.run_request as r where r.id = find_own.id
    union all
    select 'delivery', d.org_id, d.workflow_request_id, d.activity_request_id
    from public.delivery as d where d.id = find_own.id
  ) as f
  where etl_api.may_request(f.org_id)
    or f.org_id in (select etl_api.my_orgs());

  -- Another org's row and no row at all look the same from outside.
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no such request: %s', coalesce(id::text, 'null')),
      hint = 'Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.';
  elsif not etl_api.may_request(org_id) then
    raise exception using
      errcode = 'ETL06',
      message = pg_catalog.format('your role in org %s only reads', org_id),
      hint = 'An owner, admin or member of the org can do this.';
  end if;
end
$$;

comment on function etl_api.find_own(uuid) is
  'What an id names, if the caller may change it: the first statement of retry and cancel. ETL04: nothing, or a row of an org the caller does not belong to; ETL06: the caller only reads there.';

revoke execute on function etl_api.find_own(uuid) from public;
-- end of source

-- source: sql/etl_api/state/guard_inserts.sql
create or replace function etl_api.guard_inserts() returns trigger
language plpgsql
security definer
set search_path = ''
set enable_nestloop = off
set enable_mergejoin = off
as $$
declare
  entity constant etl_api.entity_kind := tg_table_name::text::etl_api.entity_kind;
  why constant text := nullif(pg_catalog.current_setting('etl.reason', true), '');
  moment constant timestamptz := utils.now();
  fault record;
begin
  -- "absent" as in guard_transitions.
  with step as materialized (
    select n.id, n.org_id, n.substate, n.message,
      pg_catalog.unnest(null::text || n.via) as from_state,
      pg_catalog.unnest(n.via || n.state) as to_state,
      pg_catalog.generate_series(0, pg_catalog.cardinality(n.via)) = 0 as is_first,
      pg_catalog.generate_series(pg_catalog.cardinality(n.via), 0, -1) = 0 as is_last
    from (select 0 as replay, null::jsonb as error, null::jsonb as errors) as absent
    cross join lateral (
      select id, org_id, replay, state::text as state, state_substate as substate,
        coalesce(state_via::text[], '{}') as via,
        coalesce(error ->> 'message', errors -> 0 ->> 'message') as message
      from new_rows) as n
    where n.replay = 0
  ), written as (
    insert into etl_api.state_history (entity, entity_id, org_id, from_state, to_state, substate, reason, at)
    select entity, s.id, s.org_id, s.from_state, s.to_state,
      case when s.is_last then s.substate end,
      coalesce(why, case when s.is_last and s.to_state in ('failed', 'timedout', 'invalid') then s.message end),
      moment
    from step as s
    where s.to_state is not null
  )
  select s.* into fault
  from step as s
  left join etl_api.state_transition as t on t.from_state = s.from_state and t.to_state = s.to_state
  where s.is_first and s.to_state is distinct from 'new'
    or not s.is_first and t.kind is null
    or t.kind = 'cancel' and s.substate is distinct from 'cancelled'
  limit 1;

  if found then
    perform etl_api.refuse_transition(tg_table_name, fault.id, false, fault.from_state, fault.to_state);
  end if;
  return null;
end
$$;

comment on function etl_api.guard_inserts() is
  'Checks that a new row begins as "new" and takes only legal steps from there (state_via), for every writer, and writes the steps to state_history. ETL01: it does not.';

revoke execute on function etl_api.guard_inserts() from public;
-- end of source

-- source: sql/etl_api/state/guard_transitions.sql
create or replace function etl_api.guard_transitions() returns trigger
language plpgsql
security definer
set search_path = ''
-- The plan is made once, for the first statement's number of rows; these keep it right for 1 row and for 10,000.
-- Hash joins by name, since hot functions above switch them off for tables.
set enable_hashjoin = on
set enable_nestloop = off
set enable_mergejoin = off
as $$
declare
  entity constant etl_api.entity_kind := tg_table_name::text::etl_api.entity_kind;
  why constant text := nullif(pg_catalog.current_setting('etl.reason', true), '');
  moment constant timestamptz := utils.now();
  fault record;
begin
  -- One function for five tables: a column that a table lacks is looked up in "absent", because an unqualified
  -- name which the inner query does not know belongs to the outer one.
  with new_row as (
    select r.*
    from (select 0 as replay, null::jsonb as error, null::jsonb as errors) as absent
    cross join lateral (
      select id, org_id, replay, state, state_substate as substate, state_via as via, error, errors
      from new_rows) as r
  ), old_row as (
    select r.*
    from (select 0 as replay) as absent
    cross join lateral (
      select id, org_id, replay, state, state_substate as substate, state_via as via
      from old_rows) as r
  ), changed as (
    select n.id, n.org_id, n.state::text as state, o.state::text as old_state, n.substate, n.error, n.errors,
      o.id is null as moved,
      n.state = o.state and (n.via is null or not n.via is distinct from o.via) as stays,
      -- A via left over from the write before counts only where the step is none without it.
      case when n.via is not null and (n.via is distinct from o.via
          or n.state <> o.state and (o.state::text, n.state::text) not in (
            select t.from_state, t.to_state from etl_api.state_transition as t))
        then n.via::text[] else '{}' end as via
    from new_row as n
    left join old_row as o on o.id = n.id and o.org_id = n.org_id and o.replay = n.replay
    where o.id is null
      or n.replay = 0 and (n.state <> o.state
        or n.substate is distinct from o.substate
        or n.via is not null and n.via is distinct from o.via)
  ), step as materialized (
    -- Set-returning functions side by side in one row move in step.
    select c.id, c.org_id, c.moved, c.stays, c.substate, c.error, c.errors,
      pg_catalog.unnest(c.old_state || c.via) as from_state,
      pg_catalog.unnest(c.via || c.state) as to_state,
      pg_catalog.generate_series(pg_catalog.cardinality(c.via), 0, -1) = 0 as is_last
    from changed as c
  ), written as (
    insert into etl_api.state_history (entity, entity_id, org_id, from_state, to_state, substate, reason, at)
    select entity, s.id, s.org_id, s.from_state, s.to_state,
      case when s.is_last then s.substate end,
      coalesce(why, case when s.is_last and (s.to_state in ('failed', 'timedout', 'invalid') or s.substate = 'backoff')
        then coalesce(s.error ->> 'message', s.errors -> 0 ->> 'message') end),
      moment
    from step as s
    where s.to_state is not null
  )
  select s.* into fault
  from step as s
  left join etl_api.state_transition as t on t.from_state = s.from_state and t.to_state = s.to_state
  where s.moved
    or not s.stays and t.kind is null
    or t.kind = 'cancel' and s.substate is distinct from 'cancelled'
  limit 1;

  if found then
    perform etl_api.refuse_transition(tg_table_name, fault.id, fault.moved, fault.from_state, fault.to_state);
  end if;
  return null;
end
$$;

comment on function etl_api.guard_transitions() is
  'Checks every step an update makes against etl_api.state_transition, for every writer, and writes it to state_history: the steps in state_via, then state. ETL01: an illegal step, or a changed id.';

revoke execute on function etl_api.guard_transitions() from public;
-- end of source

-- source: sql/etl_api/state/legacy_state.sql
create or replace function etl_api.legacy_state(word text, out state text, out substate text)
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  -- Old word → state, or state/substate. Two of the old words say a substate in the state's name.
  words constant jsonb := '{
    "pending": "new",
    "validation": "valid",
    "activity_processed": "ready",
    "running": "in_progress",
    "processing": "in_progress",
    "completed": "done",
    "missing_value": "invalid/missing_value",
    "invalid_missing_value": "invalid/missing_value",
    "invalid_json": "invalid/invalid_json",
    "new": "new", "valid": "valid", "invalid": "invalid", "waiting": "waiting", "ready": "ready",
    "in_progress": "in_progress", "timedout": "timedout", "failed": "failed", "done": "done",
    "delivered": "delivered"
  }'::jsonb;
  meaning constant text := words ->> pg_catalog.lower(pg_catalog.btrim(word));
begin
  if meaning is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('%L is no state word that was ever in use', word),
      hint = 'Known are: ' || (
        select pg_catalog.string_agg(w.name, ', ' order by w.name)
        from pg_catalog.jsonb_object_keys(words) as w (name)) || '.';
  end if;
  state := pg_catalog.split_part(meaning, '/', 1);
  substate := nullif(pg_catalog.split_part(meaning, '/', 2), '');
end
$$;

comment on function etl_api.legacy_state(text) is
  'State and substate that a status word of earlier systems stands for (pending, running, missing_value, DONE, …), whatever its case. ETL04: unknown word.';

revoke execute on function etl_api.legacy_state(text) from public;
grant execute on function etl_api.legacy_state(text) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/state/lock_workflows.sql
create or replace function etl_api.lock_workflows(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- One order for everybody, so that two holders of several locks cannot wait for each other. What is read
  -- after this call, in a statement of its own, sees all that the holders before us committed.
  perform 1
  from public.workflow_request as w
  where w.id = any (workflow_request_ids)
    and w.replay = 0
  order by w.id
  for no key update;
end
$$;

comment on function etl_api.lock_workflows(uuid[]) is
  'Locks workflow requests in the order of their ids. The row is the lock of its whole tree: whoever changes activities, runs, HTTP requests or deliveries, other than by claiming them, holds it.';

revoke execute on function etl_api.lock_workflows(uuid[]) from public;
grant execute on function etl_api.lock_workflows(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/state/logger.sql
create or replace function etl_api.logger(
  level text,
  station text,
  message text,
  context jsonb default null,
  org_id uuid default null,
  entity etl_api.entity_kind default null,
  entity_id uuid default null
) returns void
language sql
set search_path = ''
as $$
  insert into etl_api.etl_log (at, level, station, message, org_id, entity, entity_id, context)
  values (utils.now(), logger.level, logger.station, logger.message, logger.org_id, logger.entity, logger.entity_id,
    logger.context)
$$;

comment on function etl_api.logger(text, text, text, jsonb, uuid, etl_api.entity_kind, uuid) is
  'Writes an entry to etl_api.etl_log. Level: debug, info, warn, error. It is part of the transaction: a rollback takes it along.';

revoke execute on function etl_api.logger(text, text, text, jsonb, uuid, etl_api.entity_kind, uuid) from public;
grant execute on function etl_api.logger(text, text, text, jsonb, uuid, etl_api.entity_kind, uuid) to service_role;
-- end of source

-- source: sql/etl_api/state/recover.sql
create or replace function etl_api.recover(max_rows int default 1000) returns table (what text, count bigint)
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  requests uuid[];
  deliveries uuid[];
  runs uuid[];
  activities uuid[];
  workflows uuid[];
  done jsonb := '{}'::jsonb;
begin
  if coalesce(max_rows, 0) < 1 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('max_rows is %s: it must be 1 or more', coalesce(max_rows::text, 'null')),
      hint = 'Leave it out for 1000.';
  end if;
  requests := array(
    select r.id from public.run_request as r
    where r.state = 'in_progress' and r.lease_until <= moment order by r.lease_until limit max_rows);
  deliveries := array(
    select d.id from public.delivery as d
    where d.state = 'in_progress' and d.lease_until <= moment order by d.lease_until limit max_rows);
  runs := array(
    select q.id from public.run_queue as q
    where q.state in ('waiting', 'ready', 'in_progress') and q.timeout_at <= moment order by q.timeout_at limit max_rows);
  activities := array(
    select a.id from public.activity_request as a
    where a.state in ('ready', 'waiting', 'in_progress') and a.timeout_at <= moment order by a.timeout_at limit max_rows);
  workflows := array(
    select w.id from public.workflow_request as w
    where w.state in ('ready', 'waiting', 'in_progress') and w.timeout_at <= moment and w.replay = 0
    order by w.timeout_at limit max_rows);

  -- All locks at once and in order; from here each function looks again at what is still due.
  if requests || deliveries || runs || activities || workflows <> '{}' then
    perform etl_api.lock_workflows(workflows || array(
      select r.workflow_request_id from public.run_request as r where r.id = any (requests)
      union
      select d.workflow_request_id from public.delivery as d where d.id = any (deliveries)
      union
      select q.workflow_request_id from public.run_queue as q where q.id = any (runs)
      union
      select a.workflow_request_id from public.activity_request as a where a.id = any (activities)));
  end if;

  -- From the whole to its parts: what ends above needs nothing below.
  select coalesce(pg_catalog.jsonb_object_agg(swept.what, swept.count), '{}') into done
  from (
    select part.what, pg_catalog.sum(part.count) as count
    from (
      values
        (1, 'workflow_request'::etl_api.entity_kind, workflows),
        (2, 'activity_request', activities),
        (3, 'run_queue', runs),
        (4, 'run_request', requests),
        (5, 'delivery', deliveries)
    ) as todo (place, entity, ids)
    cross join lateral etl_api.sweep(todo.entity, todo.ids) as part
    group by part.what
  ) as swept;

  -- Making a partition locks out who writes history, and they may hold the workflows: never do both. What is made
  -- is months ahead, so a sweep with nothing else to do comes in time.
  if requests || deliveries || runs || activities || workflows = '{}'
    and pg_catalog.to_regclass('etl_api.state_history_'
      || pg_catalog.to_char((moment + interval '2 months') at time zone 'UTC', 'YYYYMM')) is null
  then
    done := done || pg_catalog.jsonb_build_object('partition', etl_api.ensure_partitions());
  end if;
  done := done || pg_catalog.jsonb_build_object('bell', etl_api.ring_for_due_work());

  return query
  select d.key, d.value::bigint
  from pg_catalog.jsonb_each(done) as d
  where d.value <> '0'
  order by d.key;
end
$$;

comment on function etl_api.recover(int) is
  'The sweep: times out what is over its time (workflow_timeout, activity_timeout, run_timeout), takes back expired leases (…_again, …_given_up when no attempt was left), leaves and logs what cannot be ended (failed), makes partitions when there is nothing else to do, and rings for due work (bell). At most max_rows of each. Returns what it did, no row when nothing. Call it every few seconds to a minute, from as many places as you like.';

revoke execute on function etl_api.recover(int) from public;
grant execute on function etl_api.recover(int) to service_role;
-- end of source

-- source: sql/etl_api/state/recover_deliveries.sql
create or replace function etl_api.recover_deliveries(delivery_ids uuid[], out again int, out given_up int)
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
declare
  -- One attempt at once, then one after each time of the schedule.
  max_attempts constant int := 1 + pg_catalog.jsonb_array_length(
    coalesce(etl_api.setting_value('delivery_schedule_seconds'), '[]'));
  workflow_ids uuid[];
begin
  with taken as (
    update public.delivery as d
    set state = case when d.attempts < max_attempts then 'ready' else 'failed' end::public.delivery_state,
        state_via = null,
        state_substate = case when d.attempts < max_attempts then 'lease_expired' else 'attempts_exhausted' end,
        error = case when d.attempts < max_attempts then d.error else pg_catalog.jsonb_build_object(
          'code', 'attempts_exhausted',
          'message', 'Its last attempt was claimed, but nothing was heard of it before its lease ended.') end,
        due_at = utils.now(),
        lease_until = null,
        lease_token = null,
        finished_at = case when d.attempts < max_attempts then null else utils.now() end
    where d.id = any (delivery_ids)
      and d.state = 'in_progress'
      and d.lease_until <= utils.now()
    returning d.state, d.workflow_request_id
  )
  select pg_catalog.count(*) filter (where t.state = 'ready'),
    pg_catalog.count(*) filter (where t.state = 'failed'),
    pg_catalog.array_agg(distinct t.workflow_request_id) filter (where t.state = 'failed')
  into again, given_up, workflow_ids
  from taken as t;
  if given_up > 0 then
    perform etl_api.settle_deliveries(workflow_ids);
  end if;
end
$$;

comment on function etl_api.recover_deliveries(uuid[]) is
  'Takes back those of these messages whose lease has ended: ready again while attempts are left, else failed. The caller holds the workflow locks.';

revoke execute on function etl_api.recover_deliveries(uuid[]) from public;
grant execute on function etl_api.recover_deliveries(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/state/recover_run_requests.sql
create or replace function etl_api.recover_run_requests(run_request_ids uuid[], out again int, out given_up int)
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
declare
  last_ids uuid[];
begin
  select coalesce(pg_catalog.array_agg(r.id order by r.id), '{}') into last_ids
  from public.run_request as r
  join public.source as s on s.id = r.source_id
  where r.id = any (run_request_ids)
    and r.state = 'in_progress'
    and r.lease_until <= utils.now()
    and r.attempts >= utils.number_or(s.retry_policy -> 'max_attempts', 5);

  update public.run_request as r
  set state = 'ready',
      state_via = null,
      state_substate = 'lease_expired',
      due_at = utils.now(),
      lease_until = null,
      lease_token = null
  where r.id = any (run_request_ids)
    and r.id <> all (last_ids)
    and r.state = 'in_progress'
    and r.lease_until <= utils.now();
  get diagnostics again = row_count;

  given_up := pg_catalog.cardinality(last_ids);
  if given_up > 0 then
    perform etl_api.end_run_requests(last_ids, 'lease_expired',
      'Its last attempt was claimed, but nothing was heard of it before its lease ended.');
  end if;
end
$$;

comment on function etl_api.recover_run_requests(uuid[]) is
  'Takes back those of these HTTP requests whose lease has ended: ready again while attempts are left, else failed. The caller holds the workflow locks.';

revoke execute on function etl_api.recover_run_requests(uuid[]) from public;
grant execute on function etl_api.recover_run_requests(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/state/refuse_action.sql
create or replace function etl_api.refuse_action(entity text, id uuid, state text, action text, hint text) returns void
language plpgsql
set search_path = ''
as $$
begin
  raise exception using
    errcode = 'ETL05',
    message = pg_catalog.format('%s %s is %s: it cannot be %s', entity, id, state, action),
    hint = hint;
end
$$;

comment on function etl_api.refuse_action(text, uuid, text, text, text) is
  'Raises ETL05: what was asked is not possible in this state.';

revoke execute on function etl_api.refuse_action(text, uuid, text, text, text) from public;
-- end of source

-- source: sql/etl_api/state/refuse_transition.sql
create or replace function etl_api.refuse_transition(entity text, id uuid, moved boolean, from_state text, to_state text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  allowed text;
begin
  if moved then
    raise exception using
      errcode = 'ETL01',
      message = pg_catalog.format('%s: id and org_id of a row never change (new id %s)', entity, id),
      hint = 'Insert a new row instead.';
  end if;

  select pg_catalog.string_agg(
      case t.kind when 'cancel' then t.to_state || ' (state_substate cancelled)' else t.to_state end,
      ', ' order by t.kind <> 'normal', t.to_state)
    into allowed
  from etl_api.state_transition as t
  where t.from_state = refuse_transition.from_state;

  raise exception using
    errcode = 'ETL01',
    message = case
      when from_state is null then
        pg_catalog.format('%s %s cannot begin as "%s"', entity, id, coalesce(to_state, 'null'))
      else
        pg_catalog.format('%s %s cannot go from "%s" to "%s"', entity, id, from_state, coalesce(to_state, 'null'))
      end,
    hint = case
      when from_state is null then 'A row begins as "new"; further steps stand in state_via, beginning with "new".'
      when allowed is null then pg_catalog.format('No state follows "%s".', from_state)
      else pg_catalog.format('From "%s" the next state may be: %s.', from_state, allowed)
      end;
end
$$;

comment on function etl_api.refuse_transition(text, uuid, boolean, text, text) is
  'Raises ETL01 for a step the guard found illegal, naming both states, the row, and the states that may follow.';

revoke execute on function etl_api.refuse_transition(text, uuid, boolean, text, text) from public;
-- end of source

-- source: sql/etl_api/state/reopen_activity.sql
create or replace function etl_api.reopen_activity(id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  state constant text := etl_api.state_of('activity_request', id);
begin
  if state not in ('in_progress', 'failed', 'timedout') then
    perform etl_api.refuse_action('activity_request', id, state, 'opened again for one of its parts',
      case when state in ('done', 'delivered')
        then 'Its result stands. Insert a new request for what is missing.'
        else 'Retry the activity request itself.'
      end);
  end if;
  perform etl_api.reopen_workflow(a.workflow_request_id)
  from public.activity_request as a
  where a.id = reopen_activity.id;

  update public.activity_request as a
  set state = 'in_progress',
      state_via = '{ready}',
      state_substate = null,
      errors = null,
      finished_at = null,
      timeout_at = utils.now() + etl_api.time_limit(a.config, 'activity_timeout_seconds')
  where a.id = reopen_activity.id
    and a.state in ('failed', 'timedout');
end
$$;

comment on function etl_api.reopen_activity(uuid) is
  'Sets a failed or timed-out activity request, and its workflow request, to work again, time-outs renewed; what is under way is left as it is. ETL05: one of them is done or invalid. The caller holds the workflow lock.';

revoke execute on function etl_api.reopen_activity(uuid) from public;
-- end of source

-- source: sql/etl_api/state/reopen_workflow.sql
create or replace function etl_api.reopen_workflow(id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  state constant text := etl_api.state_of('workflow_request', id);
begin
  if state in ('done', 'delivered', 'invalid') then
    perform etl_api.refuse_action('workflow_request', id, state, 'opened again for one of its parts',
      case state
        when 'invalid' then 'Retry the workflow request itself.'
        else 'Its result stands. Insert a new request for what is missing.'
      end);
  end if;

  update public.workflow_request as w
  set state = 'in_progress',
      state_via = '{ready}',
      state_substate = null,
      finished_at = null,
      timeout_at = utils.now() + etl_api.time_limit(
        pg_catalog.jsonb_build_object('workflow_timeout_seconds', w.data #> '{config,timeout_seconds}'),
        'workflow_timeout_seconds')
  where w.id = reopen_workflow.id
    and w.replay = 0
    and w.state in ('failed', 'timedout');
end
$$;

comment on function etl_api.reopen_workflow(uuid) is
  'Sets a failed or timed-out workflow request to work again, its time-out renewed; one under way is left as it is. ETL05: it is done or invalid. The caller holds the workflow lock.';

revoke execute on function etl_api.reopen_workflow(uuid) from public;
-- end of source

-- source: sql/etl_api/state/retry.sql
create or replace function etl_api.retry(id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  target constant record := etl_api.find_own(id);
  why constant text := pg_catalog.current_setting('etl.reason', true);
  sentence text;
begin
  perform etl_api.lock_workflows(array[target.workflow_request_id]);
  perform etl_api.set_reason('retried by ' || etl_api.caller_name());
  case target.entity
    when 'workflow_request' then sentence := etl_api.retry_workflow(id);
    when 'activity_request' then sentence := etl_api.retry_activity(id, target.workflow_request_id);
    when 'run_queue' then sentence := etl_api.retry_run(id, target.activity_request_id);
    when 'run_request' then sentence := etl_api.retry_run_request(id, target.activity_request_id);
    when 'delivery' then sentence := etl_api.retry_delivery(id);
  end case;
  perform etl_api.set_reason(why);
  return pg_catalog.jsonb_build_object(
    'entity', target.entity, 'id', id, 'state', etl_api.state_of(target.entity, id), 'message', sentence);
end
$$;

comment on function etl_api.retry(uuid) is
  'Takes up again a workflow request, activity request, run, HTTP request or message that failed, timed out or was invalid, with what failed below it; what ended because of it above is open again, with its time-out renewed. Returns {entity, id, state, message}. ETL04: no such request; ETL05: not possible in its state or its parent''s; ETL06: the caller only reads.';

revoke execute on function etl_api.retry(uuid) from public;
grant execute on function etl_api.retry(uuid) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/state/retry_activities.sql
create or replace function etl_api.retry_activities(workflow_request_id uuid, activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.retry_runs(array(
    select q.id
    from public.run_queue as q
    where q.activity_request_id = any (activity_request_ids)
    order by q.id));

  -- trg_process_activity_request starts what becomes ready: it reads the input anew and asks the next sources.
  update public.activity_request as a
  set state = case when w.waits_for is null then 'ready' else 'waiting' end::public.activity_request_state,
      state_via = case when w.waits_for is not null then '{new,valid}'::public.activity_request_state[] end,
      state_substate = w.waits_for,
      errors = null,
      timeout_at = null,
      finished_at = null
  from (
    select ar.id,
      case
        when exists (
          select 1
          from public.activity_request as earlier
          where earlier.workflow_request_id = ar.workflow_request_id
            and earlier.workflow_phase < ar.workflow_phase
            and (earlier.id = any (activity_request_ids)
              or earlier.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))) then 'phase'
        when exists (
          select 1
          from public.activity_dependency as d
          join public.activity_request as before on before.id = d.depends_on_id
          where d.activity_request_id = ar.id
            and (before.id = any (activity_request_ids) or before.state not in ('done', 'delivered'))) then 'dependency'
      end as waits_for
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)
  ) as w
  where a.id = w.id
    and a.state in ('failed', 'timedout', 'invalid');

  perform etl_api.advance_workflows(array[workflow_request_id]);
end
$$;

comment on function etl_api.retry_activities(uuid, uuid[]) is
  'Runs activity requests of one workflow request again, with their failed runs; those whose phase or dependency is not over wait for it. The caller holds the workflow lock and has reopened the workflow request.';

revoke execute on function etl_api.retry_activities(uuid, uuid[]) from public;
-- end of source

-- source: sql/etl_api/state/retry_activity.sql
create or replace function etl_api.retry_activity(id uuid, workflow_request_id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  state constant text := etl_api.state_of('activity_request', id);
begin
  if state not in ('failed', 'timedout', 'invalid') then
    perform etl_api.refuse_action('activity_request', id, state, 'retried',
      case when state in ('done', 'delivered')
        then 'Its result stands. Insert a new request for what is missing.'
        else 'It is under way. What failed of it can be retried by its own id.'
      end);
  end if;

  perform etl_api.reopen_workflow(workflow_request_id);
  -- What was given up because of it waits for it again.
  perform etl_api.retry_activities(workflow_request_id, array(
    with recursive again as (
      select retry_activity.id as id
      union
      select a.id
      from again
      join public.activity_dependency as d on d.depends_on_id = again.id
      join public.activity_request as a
        on a.id = d.activity_request_id
        and a.state = 'invalid'
        and a.state_substate = 'dependency_failed'
    )
    select again.id
    from again));
  return 'The activity runs again.';
end
$$;

comment on function etl_api.retry_activity(uuid, uuid) is
  'Retries an activity request; see retry. The caller holds the workflow lock.';

revoke execute on function etl_api.retry_activity(uuid, uuid) from public;
-- end of source

-- source: sql/etl_api/state/retry_delivery.sql
create or replace function etl_api.retry_delivery(id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  message constant record := (select d from public.delivery as d where d.id = retry_delivery.id);
begin
  if message.state not in ('failed', 'timedout', 'invalid') then
    perform etl_api.refuse_action('delivery', id, message.state::text, 'retried',
      case message.state when 'delivered' then 'The client has it.' else 'It is under way.' end);
  elsif exists (
    select 1
    from public.webhook_endpoint as e
    where e.id = message.endpoint_id
      and e.org_id = message.org_id
      and e.disabled_at is not null)
  then
    perform etl_api.refuse_action('delivery', id, message.state::text, 'retried',
      'Its endpoint is disabled: set webhook_endpoint.disabled_at to null first.');
  end if;

  update public.delivery as d
  set state = 'ready',
      state_via = null,
      state_substate = null,
      attempts = 0,
      error = null,
      due_at = utils.now(),
      finished_at = null
  where d.id = retry_delivery.id;
  perform etl_api.ring('deliver-webhooks');
  return 'The message will be sent again under the same webhook-id, its attempts counted anew.';
end
$$;

comment on function etl_api.retry_delivery(uuid) is
  'Retries a message; see retry. The caller holds the workflow lock.';

revoke execute on function etl_api.retry_delivery(uuid) from public;
-- end of source

-- source: sql/etl_api/state/retry_run.sql
create or replace function etl_api.retry_run(id uuid, activity_request_id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  state constant text := etl_api.state_of('run_queue', id);
begin
  if state not in ('failed', 'timedout', 'invalid') then
    perform etl_api.refuse_action('run_queue', id, state, 'retried',
      case state when 'done' then 'Its source has answered. Insert a new request to ask it again.' else 'It is under way.' end);
  end if;
  perform etl_api.reopen_activity(activity_request_id);
  perform etl_api.retry_runs(array[id]);
  return 'The run will be sent to its source again.';
end
$$;

comment on function etl_api.retry_run(uuid, uuid) is
  'Retries a run; see retry. The caller holds the workflow lock.';

revoke execute on function etl_api.retry_run(uuid, uuid) from public;
-- end of source

-- source: sql/etl_api/state/retry_run_request.sql
create or replace function etl_api.retry_run_request(id uuid, activity_request_id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  request constant record := (select r from public.run_request as r where r.id = retry_run_request.id);
begin
  if request.state not in ('failed', 'timedout')
    or not exists (
      select 1
      from public.run_queue as q
      where q.run_request_id = request.root_id
        and q.state in ('failed', 'timedout'))
  then
    perform etl_api.refuse_action('run_request', id, request.state::text, 'retried',
      case
        when request.state in ('new', 'valid', 'waiting', 'ready', 'in_progress') then 'It is under way.'
        when request.state = 'done' then 'It was answered.'
        else 'No run waits for its answer any more. Retry the run, which makes a new request.'
      end);
  end if;
  perform etl_api.reopen_activity(activity_request_id);

  -- The failed requests of the chain together: one that stays failed would fail the runs again.
  update public.run_request as r
  set state = 'ready',
      state_via = null,
      state_substate = null,
      attempts = 0,
      polls = 0,
      error = null,
      due_at = utils.now(),
      finished_at = null
  where r.activity_request_id = retry_run_request.activity_request_id
    and r.root_id = request.root_id
    and r.state in ('failed', 'timedout');

  update public.run_queue as q
  set state = 'in_progress',
      state_via = '{ready}',
      state_substate = null,
      error = null,
      timeout_at = utils.now() + etl_api.time_limit(a.config, 'run_timeout_seconds'),
      finished_at = null
  from public.activity_request as a
  where q.run_request_id = request.root_id
    and q.state in ('failed', 'timedout')
    and a.id = q.activity_request_id;
  perform etl_api.ring('execute-runs');
  return 'The HTTP request will be sent again, its attempts counted anew.';
end
$$;

comment on function etl_api.retry_run_request(uuid, uuid) is
  'Retries an HTTP request, with the others of its chain that failed and the runs they carry; see retry. The caller holds the workflow lock.';

revoke execute on function etl_api.retry_run_request(uuid, uuid) from public;
-- end of source

-- source: sql/etl_api/state/retry_runs.sql
create or replace function etl_api.retry_runs(run_ids uuid[]) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
declare
  again int;
begin
  update public.run_queue as q
  set state = 'ready',
      state_via = null,
      state_substate = null,
      error = null,
      run_request_id = null,
      due_at = utils.now(),
      timeout_at = null,
      finished_at = null
  where q.id = any (run_ids)
    and q.state in ('failed', 'timedout', 'invalid');
  get diagnostics again = row_count;
  if again > 0 then
    perform etl_api.ring('execute-runs');
  end if;
  return again;
end
$$;

comment on function etl_api.retry_runs(uuid[]) is
  'Makes those of these runs that failed, timed out or were invalid ready to be allocated again. Returns how many. The caller holds the workflow locks.';

revoke execute on function etl_api.retry_runs(uuid[]) from public;
-- end of source

-- source: sql/etl_api/state/retry_workflow.sql
create or replace function etl_api.retry_workflow(id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  state constant text := etl_api.state_of('workflow_request', id);
begin
  if state = 'invalid' then
    -- after_reset_workflow_request takes in what is new again.
    update public.workflow_request as w
    set state = 'new',
        state_via = null,
        state_substate = null,
        errors = null,
        finished_at = null
    where w.id = retry_workflow.id
      and w.replay = 0;
    return 'The request was validated again.';
  elsif state not in ('failed', 'timedout') then
    perform etl_api.refuse_action('workflow_request', id, state, 'retried',
      case when state in ('done', 'delivered')
        then 'Its result stands. Insert a new request.'
        else 'It is under way. What failed of it can be retried by its own id.'
      end);
  end if;

  perform etl_api.reopen_workflow(id);
  perform etl_api.retry_activities(id, array(
    select a.id
    from public.activity_request as a
    where a.workflow_request_id = retry_workflow.id
      and a.state in ('failed', 'timedout', 'invalid')
    order by a.id));
  return 'The activities of the request that did not end well run again.';
end
$$;

comment on function etl_api.retry_workflow(uuid) is
  'Retries a workflow request; see retry. The caller holds the workflow lock.';

revoke execute on function etl_api.retry_workflow(uuid) from public;
-- end of source

-- source: sql/etl_api/state/ring_for_due_work.sql
create or replace function etl_api.ring_for_due_work() returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
declare
  rung int := 0;
begin
  if exists (select 1 from etl_api.advance_queue)
    or exists (
      -- By source, because the indexes of what is due are.
      select 1
      from public.source as s
      where s.enabled
        and (exists (
            select 1
            from public.run_queue as q
            where q.source_id = s.id
              and q.state in ('waiting', 'ready')
              and q.due_at <= utils.now())
          or exists (
            select 1
            from public.run_request as r
            where r.source_id = s.id
              and r.state in ('waiting', 'ready')
              and r.due_at <= utils.now())))
  then
    perform etl_api.ring('execute-runs');
    rung := rung + 1;
  end if;
  if exists (
    select 1
    from public.delivery as d
    where d.state in ('waiting', 'ready')
      and d.due_at <= utils.now())
  then
    perform etl_api.ring('deliver-webhooks');
    rung := rung + 1;
  end if;
  return rung;
end
$$;

comment on function etl_api.ring_for_due_work() is
  'Wakes the edge functions for which work is due, should an earlier bell be lost. Returns how many.';

revoke execute on function etl_api.ring_for_due_work() from public;
grant execute on function etl_api.ring_for_due_work() to service_role;
-- end of source

-- source: sql/etl_api/state/set_reason.sql
create or replace function etl_api.set_reason(reason text) returns void
language sql
set search_path = ''
as $$
  select pg_catalog.set_config('etl.reason', coalesce(set_reason.reason, ''), true)
$$;

comment on function etl_api.set_reason(text) is
  'Says why the state changes that follow in this transaction are made; stands in state_history.reason. Null ends it.';

revoke execute on function etl_api.set_reason(text) from public;
grant execute on function etl_api.set_reason(text) to service_role;
-- end of source

-- source: sql/etl_api/state/setting_value.sql
create or replace function etl_api.setting_value(name text) returns jsonb
language sql stable
set search_path = ''
as $$
  select s.value
  from etl_api.setting as s
  where s.name = setting_value.name
$$;

comment on function etl_api.setting_value(text) is
  'The value of a setting of the engine; null when there is no setting of that name.';

revoke execute on function etl_api.setting_value(text) from public;
grant execute on function etl_api.setting_value(text) to service_role;
-- end of source

-- source: sql/etl_api/state/state_of.sql
create or replace function etl_api.state_of(entity etl_api.entity_kind, id uuid) returns text
language sql stable
set search_path = ''
as $$
  select case state_of.entity
    when 'workflow_request' then
      (select w.state::text from public.workflow_request as w where w.id = state_of.id and w.replay = 0)
    when 'activity_request' then (select a.state::text from public.activity_request as a where a.id = state_of.id)
    when 'run_queue' then (select q.state::text from public.run_queue as q where q.id = state_of.id)
    when 'run_request' then (select r.state::text from public.run_request as r where r.id = state_of.id)
    when 'delivery' then (select d.state::text from public.delivery as d where d.id = state_of.id)
  end
$$;

comment on function etl_api.state_of(etl_api.entity_kind, uuid) is
  'The state of a row; null when there is no such row.';

revoke execute on function etl_api.state_of(etl_api.entity_kind, uuid) from public;
grant execute on function etl_api.state_of(etl_api.entity_kind, uuid) to service_role;
-- end of source

-- source: sql/etl_api/state/steps_to_timedout.sql
create or replace function etl_api.steps_to_timedout(state text) returns text[]
language sql immutable parallel safe
set search_path = ''
as $$
  select case steps_to_timedout.state
    when 'new' then '{valid,waiting}'::text[]
    when 'valid' then '{waiting}'
    when 'ready' then '{in_progress}'
  end
$$;

comment on function etl_api.steps_to_timedout(text) is
  'The states between an open state and timedout, for state_via; null when one step leads there.';

revoke execute on function etl_api.steps_to_timedout(text) from public;
grant execute on function etl_api.steps_to_timedout(text) to service_role;
-- end of source

-- source: sql/etl_api/state/sweep.sql
create or replace function etl_api.sweep(entity etl_api.entity_kind, ids uuid[])
returns table (what text, count bigint)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  leases record;
  failed_state text;
  failed_message text;
begin
  if ids = '{}' then
    return;
  end if;

  begin
    case sweep.entity
      when 'workflow_request' then
        return query select 'workflow_timeout', etl_api.time_out_workflows(ids)::bigint;
      when 'activity_request' then
        return query select 'activity_timeout', etl_api.time_out_activities(ids)::bigint;
      when 'run_queue' then
        return query select 'run_timeout', etl_api.time_out_runs(ids)::bigint;
      when 'run_request' then
        leases := etl_api.recover_run_requests(ids);
        return query values ('run_request_again', leases.again::bigint), ('run_request_given_up', leases.given_up::bigint);
      when 'delivery' then
        leases := etl_api.recover_deliveries(ids);
        return query values ('delivery_again', leases.again::bigint), ('delivery_given_up', leases.given_up::bigint);
    end case;
    return;
  exception
    -- These say that the sweep should come again, not that a row is bad.
    when deadlock_detected or serialization_failure or query_canceled or lock_not_available then
      raise;
    when others then
      get stacked diagnostics failed_state = returned_sqlstate, failed_message = message_text;
  end;

  -- One row that cannot be ended must not keep the others: each by itself, and the bad one into the log.
  if pg_catalog.cardinality(ids) > 1 then
    return query
    select s.what, pg_catalog.sum(s.count)::bigint
    from pg_catalog.unnest(ids) as one (id)
    cross join lateral etl_api.sweep(sweep.entity, array[one.id]) as s
    group by s.what;
    return;
  end if;
  -- It comes again with every sweep; once an hour is enough to be found.
  if not exists (
    select 1
    from etl_api.etl_log as l
    where l.entity_id = ids[1]
      and l.station = 'state'
      and l.level = 'error'
      and l.at > utils.now() - interval '1 hour')
  then
    perform etl_api.logger('error', 'state', 'The sweep could not end this row.',
      pg_catalog.jsonb_build_object('sqlstate', failed_state, 'message', failed_message), null, sweep.entity, ids[1]);
  end if;
  return query values ('failed', 1::bigint);
end
$$;

comment on function etl_api.sweep(etl_api.entity_kind, uuid[]) is
  'One part of recover(): times out or takes back these rows of a table. A row that raises costs only itself: it is left as it is, logged and counted as failed. The caller holds the workflow locks.';

revoke execute on function etl_api.sweep(etl_api.entity_kind, uuid[]) from public;
grant execute on function etl_api.sweep(etl_api.entity_kind, uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/state/time_limit.sql
create or replace function etl_api.time_limit(config jsonb, name text) returns interval
language sql stable
set search_path = ''
as $$
  -- Between a second and ten years, whatever somebody wrote: an interval must not overflow a timestamp.
  select pg_catalog.make_interval(secs => greatest(1, least(315360000, coalesce(
    case when pg_catalog.jsonb_typeof(config -> name) = 'number' then (config ->> name)::numeric end,
    (select (s.value #>> '{}')::numeric from etl_api.setting as s where s.name = time_limit.name)))::double precision))
$$;

comment on function etl_api.time_limit(jsonb, text) is
  'A time limit such as activity_timeout_seconds: from config when it holds a number of that name, else from the setting of that name.';

revoke execute on function etl_api.time_limit(jsonb, text) from public;
grant execute on function etl_api.time_limit(jsonb, text) to service_role;
-- end of source

-- source: sql/etl_api/state/time_out_activities.sql
create or replace function etl_api.time_out_activities(activity_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  due_ids constant uuid[] := array(
    select ar.id
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)
      and ar.state in ('ready', 'waiting', 'in_progress')
      and ar.timeout_at <= utils.now()
    order by ar.id);
  ended int;
begin
  ended := etl_api.end_activities(due_ids, 'timedout', 'activity_timeout',
    'The activity was over its time (activity_timeout_seconds) without an end.');
  perform etl_api.advance_workflows(array(
    select distinct ar.workflow_request_id
    from public.activity_request as ar
    where ar.id = any (due_ids)));
  return ended;
end
$$;

comment on function etl_api.time_out_activities(uuid[]) is
  'Times out those of these activity requests that are over their time, with all below them, and moves their workflows on. Returns how many. The caller holds the workflow locks.';

revoke execute on function etl_api.time_out_activities(uuid[]) from public;
grant execute on function etl_api.time_out_activities(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/state/time_out_runs.sql
create or replace function etl_api.time_out_runs(run_ids uuid[]) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
declare
  fault constant jsonb := pg_catalog.jsonb_build_object(
    'code', 'run_timeout', 'message', 'The run was over its time (run_timeout_seconds) without an end.');
  root_ids uuid[];
  activity_ids uuid[];
  ended int;
begin
  select pg_catalog.array_agg(distinct q.run_request_id) into root_ids
  from public.run_queue as q
  where q.id = any (run_ids);

  -- The runs that one chain of HTTP requests carries end together, or its end would fail the others.
  with ended as (
    update public.run_queue as q
    set state = 'timedout',
        state_via = etl_api.steps_to_timedout(q.state::text)::public.run_queue_state[],
        state_substate = 'run_timeout',
        error = fault,
        finished_at = utils.now()
    where (q.id = any (run_ids) or q.run_request_id = any (root_ids))
      and q.state in ('waiting', 'ready', 'in_progress')
      and q.timeout_at <= utils.now()
    returning q.activity_request_id
  )
  select pg_catalog.array_agg(distinct e.activity_request_id), pg_catalog.count(*) into activity_ids, ended
  from ended as e;
  if ended = 0 then
    return 0;
  end if;

  update public.run_request as r
  set state = 'timedout',
      state_via = etl_api.steps_to_timedout(r.state::text)::public.run_request_state[],
      state_substate = 'run_timeout',
      error = fault,
      lease_until = null,
      lease_token = null,
      finished_at = utils.now()
  where r.root_id = any (root_ids)
    and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
    and not exists (
      select 1
      from public.run_queue as q
      where q.run_request_id = r.root_id
        and q.state = 'in_progress');

  perform etl_api.create_run(activity_ids);
  perform etl_api.advance_activities(activity_ids);
  return ended;
end
$$;

comment on function etl_api.time_out_runs(uuid[]) is
  'Times out those of these runs, and of the runs in the same HTTP requests, that are over their time, ends the requests, and moves their activities on: the next source is asked. Returns how many. The caller holds the workflow locks.';

revoke execute on function etl_api.time_out_runs(uuid[]) from public;
grant execute on function etl_api.time_out_runs(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/state/time_out_workflows.sql
create or replace function etl_api.time_out_workflows(workflow_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
begin
  return etl_api.end_whole_workflows(
    array(
      select w.id
      from public.workflow_request as w
      where w.id = any (workflow_request_ids)
        and w.replay = 0
        and w.state in ('ready', 'waiting', 'in_progress')
        and w.timeout_at <= utils.now()
      order by w.id),
    'timedout', 'workflow_timeout',
    'The request was over its time (data.config.timeout_seconds) without an end.');
end
$$;

comment on function etl_api.time_out_workflows(uuid[]) is
  'Times out those of these workflow requests that are over their time, with all below them. Returns how many. The caller holds the workflow locks.';

revoke execute on function etl_api.time_out_workflows(uuid[]) from public;
grant execute on function etl_api.time_out_workflows(uuid[]) to service_role;
-- end of source

-- source: sql/utils/apply_transform.sql
-- What each transform does with a value (anything else, and an unknown transform, gives null):
--   trim, lower, upper   a string (cases by the locale of the database); numbers and booleans pass unchanged
--   number               a number as it is; a string by utils.parse_number ("1,234", "12%" as 0.12), exact at any size
--   integer              as number, and only when it is whole: 12.0 is 12, 12.7 is nothing
--   date                 ISO date or timestamp, or a number of (milli)seconds since 1970, as "YYYY-MM-DD"
--   boolean              by utils.parse_boolean; the numbers 1 and 0 too
--   text, string         any value as text, objects and arrays as compact JSON
--   json                 a string that holds JSON, parsed; anything else unchanged
-- An array is transformed element by element (not by text and json); elements that cannot be are left out.
create or replace function utils.apply_transform(value jsonb, transform text) returns jsonb
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  result jsonb := nullif(value, 'null');
  step text;
begin
  if transform is null then
    return result;
  end if;
  foreach step in array pg_catalog.string_to_array(transform, '|') loop
    exit when result is null;
    step := pg_catalog.btrim(step);
    if pg_catalog.jsonb_typeof(result) <> 'array' or step in ('text', 'string', 'json') then
      result := utils.transform_value(result, step);
    elsif result <> '[]' then
      select pg_catalog.jsonb_agg(t.value order by e.n)
      into result
      from pg_catalog.jsonb_array_elements(result) with ordinality as e (value, n)
      cross join lateral utils.transform_value(e.value, step) as t (value)
      where t.value is not null;
    end if;
  end loop;
  return result;
end
$$;

comment on function utils.apply_transform(jsonb, text) is
  'A value after transforms joined with "|", applied in order; SQL null when it is null or cannot be transformed. Never raises.';

revoke execute on function utils.apply_transform(jsonb, text) from public;
grant execute on function utils.apply_transform(jsonb, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/back_off.sql
create or replace function utils.back_off(policy jsonb, attempt int) returns interval
language sql volatile parallel safe
set search_path = ''
as $$
  -- The exponent is bounded so that no policy can overflow; jitter spreads what failed together.
  select pg_catalog.make_interval(secs => (
    least(
      greatest(utils.number_or(policy -> 'base_seconds', 2), 0)
        * greatest(utils.number_or(policy -> 'factor', 2), 1) ^ least(greatest(attempt - 1, 0), 60),
      greatest(utils.number_or(policy -> 'max_seconds', 300), 0),
      86400)
    * (1 + least(greatest(utils.number_or(policy -> 'jitter', 0.2), 0), 1)
      * (2 * pg_catalog.random()::numeric - 1)))::double precision)
$$;

comment on function utils.back_off(jsonb, int) is
  'How long to wait after the failed attempt of that number: base_seconds (2) × factor (2) ^ (attempt − 1), at most max_seconds (300), ± jitter (0.2).';

revoke execute on function utils.back_off(jsonb, int) from public;
grant execute on function utils.back_off(jsonb, int) to service_role;
-- end of source

-- source: sql/utils/fill_placeholders.sql
create or replace function utils.fill_placeholders(marked text, vars jsonb, in_url boolean) returns jsonb
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  result text := marked;
  name text;
  value jsonb;
  content text;
begin
  loop
    -- What is put in holds no mark, so this is always the next placeholder of the template.
    name := pg_catalog.substring(result, E'[\x01\x02]([^\x05]*)\x05');
    exit when name is null;
    value := utils.placeholder_value(name, vars);
    if value is null then
      raise exception using
        errcode = 'ETL03',
        message = pg_catalog.format('placeholder <<$%s>> cannot be resolved', name),
        hint = 'The variables hold no such name or member; a template names what its source needs to be asked.';
    end if;
    result := pg_catalog.replace(result, E'\x01' || name || E'\x05', value::text);
    if pg_catalog.strpos(result, E'\x02' || name || E'\x05') > 0 then
      content := utils.jsonb_compact(value);
      result := pg_catalog.replace(result, E'\x02' || name || E'\x05',
        case when in_url then utils.url_encode(content) else utils.json_escape(content) end);
    end if;
  end loop;
  if pg_catalog.strpos(result, '$secret.') > 0 then
    result := pg_catalog.regexp_replace(result, '<<(\$+secret\.)', '<<$\1', 'g');
  end if;
  return pg_catalog.regexp_replace(
    pg_catalog.translate(result, E'\x04', '$'), E'\x03([^\x05]*)\x05', '<<$secret.\1>>', 'g')::jsonb;
end
$$;

comment on function utils.fill_placeholders(text, jsonb, boolean) is
  'A marked template with the values of its placeholders, parsed; see utils.replace_request_placeholders.';

revoke execute on function utils.fill_placeholders(text, jsonb, boolean) from public;
grant execute on function utils.fill_placeholders(text, jsonb, boolean) to authenticated, service_role;
-- end of source

-- source: sql/utils/int_or_null.sql
create or replace function utils.int_or_null(value jsonb) returns int
language sql immutable parallel safe
set search_path = ''
as $$
  select case when utils.number_or(value, null) between -2147483648 and 2147483647
    then pg_catalog.round(utils.number_or(value, null))::int end
$$;

comment on function utils.int_or_null(jsonb) is
  'The number that a JSON value is, rounded, when it fits an int; null for anything else, so that no reported figure can raise.';

revoke execute on function utils.int_or_null(jsonb) from public;
grant execute on function utils.int_or_null(jsonb) to service_role;
-- end of source

-- source: sql/utils/json_escape.sql
create or replace function utils.json_escape(input text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  quoted constant text := pg_catalog.to_jsonb(input)::text;
begin
  return pg_catalog.substr(quoted, 2, pg_catalog.length(quoted) - 2);
end
$$;

comment on function utils.json_escape(text) is
  'A text as it stands between the quotes of a JSON string.';

revoke execute on function utils.json_escape(text) from public;
grant execute on function utils.json_escape(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/json_placeholder_replace.sql
create or replace function public.json_placeholder_replace(template jsonb, vars jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return utils.replace_request_placeholders(template, vars);
end
$$;

comment on function public.json_placeholder_replace(jsonb, jsonb) is
  'As utils.replace_request_placeholders, under its public name.';

revoke execute on function public.json_placeholder_replace(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.json_placeholder_replace(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_compact.sql
create or replace function utils.jsonb_compact(value jsonb) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  -- Outside strings a blank follows only a colon or a comma; strings are matched first and kept.
  return case pg_catalog.jsonb_typeof(value)
    when 'object' then pg_catalog.regexp_replace(value::text, '("(?:[^"\\]|\\.)*")|([:,]) ', '\1\2', 'g')
    when 'array' then pg_catalog.regexp_replace(value::text, '("(?:[^"\\]|\\.)*")|([:,]) ', '\1\2', 'g')
    when 'null' then ''
    else value #>> '{}'
  end;
end
$$;

comment on function utils.jsonb_compact(jsonb) is
  'A value as text: a string raw, a number or boolean as written, null as nothing, objects and arrays as JSON without blanks.';

revoke execute on function utils.jsonb_compact(jsonb) from public;
grant execute on function utils.jsonb_compact(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_complete_shapes.sql
-- Counting is cheap. Shapes found in a sample are true but may be too few; where the nodes of all shapes are as many
-- as those of the path (which is never counted too low), none is missing. That holds only while no node is counted for
-- two shapes and every node of a shape is one of the path: where a shape may hold what another does, or a path that
-- ends in "**" has a shape with a scalar in it, nothing is said.
create or replace function utils.jsonb_complete_shapes(data jsonb, steps jsonb) returns jsonb
language sql immutable strict parallel safe
set search_path = ''
as $$
  with found as materialized (
    select s.shape, utils.shape_jsonpath(s.shape) as jsonpath
    from utils.jsonb_shapes($1, $2) as s (shape)
    where not pg_catalog.jsonb_path_exists($2, '$[*] ? (@ < 0)')
  )
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(f.shape)), '[]')
  from found as f
  having pg_catalog.count(*) <= 64
    and coalesce(pg_catalog.sum(utils.jsonpath_count($1, f.jsonpath)), 0) = utils.path_count($1, $2)
    and not coalesce(pg_catalog.bool_or($2 -> -1 = '"**"' and pg_catalog.jsonb_path_exists(
      $1, (f.jsonpath || ' ? (@.type() != "object" && @.type() != "array")')::jsonpath)), false)
    and not exists (
      select 1
      from found as a
      join found as b
        on a.shape < b.shape
        and pg_catalog.cardinality(a.shape) = pg_catalog.cardinality(b.shape)
      where a.shape || b.shape && '{[],"{}"}'
        and not exists (
          select 1
          from unnest(a.shape, b.shape) as e (one, other)
          where e.one <> e.other
            and (pg_catalog."left"(e.one, 1), pg_catalog."left"(e.other, 1))
              not in (('{', '.'), ('.', '{'), ('[', '#'), ('#', '['))))
$$;

comment on function utils.jsonb_complete_shapes(jsonb, jsonb) is
  'The shapes of a path''s nodes when they are sure to be all; null when they are not.';

revoke execute on function utils.jsonb_complete_shapes(jsonb, jsonb) from public;
grant execute on function utils.jsonb_complete_shapes(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_nodes.sql
-- How a path is resolved:
-- * Names that lead through objects only are taken at once: there is one such node, or none.
-- * Small data is walked node by node (utils.jsonb_walk): always right, some microseconds a node.
-- * In large data the shapes of the nodes are found first (utils.jsonb_plain_shape, utils.jsonb_complete_shapes), and
--   the nodes of each shape are read by one set-based query.
-- * Large data without order, for which no complete shapes are found, is walked after all.
create or replace function utils.jsonb_nodes(data jsonb, path jsonb, placed boolean)
returns table (value jsonb, location text[], place bytea)
language plpgsql immutable parallel safe
set search_path = ''
as $$
#variable_conflict use_column
declare
  steps constant jsonb := utils.path_steps(jsonb_nodes.path);
  -- Names that #> would take for an index are left to the ways below, like everything that may branch.
  names constant text[] := case
    when not pg_catalog.jsonb_path_exists(
      steps, 'strict $[*] ? (@.type() == "number" || @ == "*" || @ == "**" || @ like_regex "^\\s*[-+]?[0-9]")')
    then array(select pg_catalog.jsonb_array_elements_text(steps))
  end;
  shape text[];
  shapes jsonb;
begin
  if jsonb_nodes.data is null then
    return;
  elsif jsonb_nodes.data #> names is not null then
    return query
    select jsonb_nodes.data #> names, names,
      case when placed then coalesce(pg_catalog.string_agg(utils.jsonb_place(n.name), '' order by n.n), '') end
    from pg_catalog.unnest(names) with ordinality as n (name, n);
    return;
  elsif pg_catalog.pg_column_size(jsonb_nodes.data) > 16000 then
    shape := utils.jsonb_plain_shape(jsonb_nodes.data, steps);
    if shape is null then
      shapes := utils.jsonb_complete_shapes(jsonb_nodes.data, steps);
      shape := case when pg_catalog.jsonb_array_length(shapes) = 1 then
        array(select pg_catalog.jsonb_array_elements_text(shapes -> 0)) end;
    end if;
  end if;
  if shape is not null then
    return query
    select n.value, n.path, n.place
    from utils.jsonb_shape_nodes(jsonb_nodes.data, shape, jsonb_nodes.placed) as n;
  elsif shapes is null then
    return query
    select w.value, w.path, w.place
    from utils.jsonb_walk(jsonb_nodes.data, steps) as w
    order by w.place;
  else
    return query
    select distinct on (n.place) n.value, n.path, n.place
    from pg_catalog.jsonb_array_elements(shapes) as s (shape)
    cross join lateral utils.jsonb_shape_nodes(
      jsonb_nodes.data, array(select pg_catalog.jsonb_array_elements_text(s.shape)), true) as n
    order by n.place;
  end if;
end
$$;

comment on function utils.jsonb_nodes(jsonb, jsonb, boolean) is
  'The nodes that a path selects, in document order, with location and, when asked for, a sort key of the location.';

revoke execute on function utils.jsonb_nodes(jsonb, jsonb, boolean) from public;
grant execute on function utils.jsonb_nodes(jsonb, jsonb, boolean) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_place.sql
create or replace function utils.jsonb_place(name text) returns bytea
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return pg_catalog.int4send(pg_catalog.octet_length(name)) || pg_catalog.convert_to(name, 'UTF8');
end
$$;

comment on function utils.jsonb_place(text) is
  'Sort key of a member among its siblings: jsonb keeps members by length, then by bytes.';

revoke execute on function utils.jsonb_place(text) from public;
grant execute on function utils.jsonb_place(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_plain_shape.sql
-- The shape is read off the first node at each step. It is the only one if, behind the first fan, no node is an array
-- where an object was seen, and no object where an array was seen: jsonpath tells that fast.
-- Nodes are looked at by location, since keeping a large node in a variable would copy it.
create or replace function utils.jsonb_plain_shape(data jsonb, steps jsonb) returns text[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  shape text[] := '{}'::text[];
  location text[] := '{}'::text[];
  fan int;  -- the first one
  doubts text[] := '{}'::text[];
  step jsonb;
  kind text;
  doubt text;
begin
  for step in select e.step from pg_catalog.jsonb_array_elements(steps) with ordinality as e (step, n) order by e.n loop
    kind := pg_catalog.jsonb_typeof(data #> location);
    if step = '"**"' or kind is null or kind not in ('object', 'array') then
      return null;
    end if;
    -- Only an array or object that is not empty would give more nodes, so asking for what is in it is enough.
    if fan is not null and pg_catalog.jsonb_typeof(step) = 'string' then
      doubts := doubts || (utils.shape_jsonpath(shape) || case kind when 'object' then '[*]' else '.*' end);
    end if;
    if pg_catalog.jsonb_typeof(step) = 'number' then
      if kind <> 'array' or step < '0' and fan is not null then
        return null;
      end if;
      step := case when step < '0' then pg_catalog.to_jsonb(pg_catalog.jsonb_array_length(data #> location) + step::int)
        else step end;
      shape := shape || ('#' || step::text);
      location := location || step::text;
    else
      if kind = 'array' then
        shape := shape || '[]'::text;
        location := location || '0'::text;
      elsif step = '"*"' then
        shape := shape || '{}'::text;
        location := location || (
          select k.name from pg_catalog.jsonb_object_keys(data #> location) as k (name) limit 1);
      end if;
      fan := coalesce(fan, pg_catalog.array_position(shape, '[]'), pg_catalog.array_position(shape, '{}'));
      if step <> '"*"' then
        shape := shape || ('.' || (step #>> '{}'));
        location := location || (step #>> '{}');
      end if;
    end if;
  end loop;
  foreach doubt in array doubts loop
    if pg_catalog.jsonb_path_exists(data, doubt::jsonpath) then
      return null;
    end if;
  end loop;
  return shape;
end
$$;

comment on function utils.jsonb_plain_shape(jsonb, jsonb) is
  'The one shape of all nodes of a path without "**"; null where it cannot be told or there are several.';

revoke execute on function utils.jsonb_plain_shape(jsonb, jsonb) from public;
grant execute on function utils.jsonb_plain_shape(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_resolve.sql
-- In SQL, since PL/pgSQL refuses a parameter and a result column of one name, and both are called path. #> '{}' gives
-- the value as it is, but unpacks one that comes compressed from a table: once here, not again in every step.
create or replace function utils.jsonb_resolve(data jsonb, path jsonb)
returns table (value jsonb, path text[])
language sql immutable parallel safe
set search_path = ''
as $$
  select n.value, n.location from utils.jsonb_nodes($1 #> '{}', $2, false) as n
$$;

comment on function utils.jsonb_resolve(jsonb, jsonb) is
  'The nodes of data that a path selects, each once, with its location (names and indexes from 0), in document order.';

revoke execute on function utils.jsonb_resolve(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_resolve_first.sql
create or replace function utils.jsonb_resolve_first(data jsonb, path jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return (select r.value from utils.jsonb_resolve_values(data, path) as r (value) limit 1);
end
$$;

comment on function utils.jsonb_resolve_first(jsonb, jsonb) is
  'The first node a path selects; SQL null when there is none. A JSON null that is there stays ''null''::jsonb.';

revoke execute on function utils.jsonb_resolve_first(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_first(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_resolve_object_names.sql
-- Only "**" can select both an array and an object in it, so only then are nodes told apart and sorted by place.
create or replace function utils.jsonb_resolve_object_names(data jsonb, mapping jsonb)
returns table (object jsonb, path text[], raw jsonb)
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
#variable_conflict use_column
declare
  steps constant jsonb := utils.mapping_path(mapping);
  deep constant boolean := steps = '"**"' or steps @> '["**"]';
  fields constant jsonb := case when pg_catalog.jsonb_typeof(mapping) = 'object' then mapping -> 'fields' end;
begin
  return query
  with node as (
    select n.value, n.path, n.place
    from utils.jsonb_nodes(data, steps, deep) as w
    cross join lateral (
      select w.value, w.location, w.place
      where pg_catalog.jsonb_typeof(w.value) = 'object'
      union all
      select e.value, w.location || (e.n - 1)::text, w.place || pg_catalog.int4send(e.n::int)
      from pg_catalog.jsonb_array_elements(
        case when pg_catalog.jsonb_typeof(w.value) = 'array' then w.value end
      ) with ordinality as e (value, n)
      where pg_catalog.jsonb_typeof(e.value) = 'object'
    ) as n (value, path, place)
  ),
  distinct_node as (
    select n.value, n.path
    from node as n
    where not deep
    union all
    (
      select distinct on (n.place) n.value, n.path
      from node as n
      where deep
      order by n.place
    )
  ),
  field as (
    select f.key as name, f.value as mapping, utils.mapping_member(f.value) as member
    from pg_catalog.jsonb_each(fields) as f
  )
  select
    case
      when fields is null then n.value
      else (
        select coalesce(pg_catalog.jsonb_object_agg(f.name, v.value), '{}')
        from field as f
        cross join lateral (
          select case
            when f.member is not null then nullif(n.value -> f.member, 'null')
            else utils.jsonb_resolve_value(n.value, f.mapping)
          end
        ) as v (value)
        where v.value is not null)
    end,
    n.path,
    n.value
  from distinct_node as n;
end
$$;

comment on function utils.jsonb_resolve_object_names(jsonb, jsonb) is
  'The objects at a mapping''s path, an array of them flattened one level: each with its fields resolved (missing ones left out), its location, and as it stood.';

revoke execute on function utils.jsonb_resolve_object_names(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_object_names(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_resolve_value.sql
-- Null against missing: a JSON null is a missing value here. One match is the value itself, several are an array of
-- them in document order; a match that cannot be transformed is no match. With no match left, the default counts.
create or replace function utils.jsonb_resolve_value(data jsonb, mapping jsonb) returns jsonb
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  transform text;
  standard jsonb;
  found jsonb[] := array(select nullif(r.value, 'null') from utils.jsonb_resolve_values(data, utils.mapping_path(mapping)) as r (value));
begin
  if pg_catalog.jsonb_typeof(mapping) = 'object' then
    transform := mapping ->> 'transform';
    standard := nullif(mapping -> 'default', 'null');
  end if;
  if transform is not null then
    for i in 1 .. pg_catalog.cardinality(found) loop
      found[i] := utils.apply_transform(found[i], transform);
    end loop;
  end if;
  found := pg_catalog.array_remove(found, null);
  return case pg_catalog.cardinality(found)
    when 0 then standard
    when 1 then found[1]
    else pg_catalog.to_jsonb(found)
  end;
end
$$;

comment on function utils.jsonb_resolve_value(jsonb, jsonb) is
  'The value a mapping gives: the one match, or an array of several, transformed; else the default; SQL null when missing.';

revoke execute on function utils.jsonb_resolve_value(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_value(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_resolve_values.sql
-- Steps that cannot branch are taken by operators; a rest of names and "*" is exactly a lax jsonpath. "**" and an index
-- behind a branch mean something else there, so these go the way of utils.jsonb_resolve; so does large data, since
-- jsonb_path_query takes time by the square of what it finds.
create or replace function utils.jsonb_resolve_values(data jsonb, path jsonb) returns setof jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  steps constant jsonb := utils.path_steps(path);
  node jsonb := data;
  done int := 0;
  step jsonb;
begin
  loop
    step := steps -> done;
    exit when step is null or node is null;
    case pg_catalog.jsonb_typeof(node)
      when 'object' then
        exit when step in ('"*"', '"**"');
        node := case when pg_catalog.jsonb_typeof(step) = 'string' then node -> (step #>> '{}') end;
      when 'array' then
        exit when pg_catalog.jsonb_typeof(step) = 'string';
        node := node -> step::int;
      else
        exit when step = '"**"';
        node := null;
    end case;
    done := done + 1;
  end loop;
  if node is null then
    return;
  elsif step is null then
    return next node;
  elsif pg_catalog.pg_column_size(node) > 16000 or pg_catalog.jsonb_path_exists(
    steps, '$[$done to last] ? (@ == "**" || @.type() == "number")', pg_catalog.jsonb_build_object('done', done))
  then
    return query
    select n.value
    from utils.jsonb_nodes(
      node, pg_catalog.jsonb_path_query_array(steps, '$[$done to last]', pg_catalog.jsonb_build_object('done', done)),
      false) as n;
  else
    return query
    select pg_catalog.jsonb_path_query(
      node, ('$' || utils.path_jsonpath(steps, done + 1, pg_catalog.jsonb_array_length(steps)))::jsonpath);
  end if;
end
$$;

comment on function utils.jsonb_resolve_values(jsonb, jsonb) is
  'As utils.jsonb_resolve, without the locations: for callers that need the values only.';

revoke execute on function utils.jsonb_resolve_values(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_values(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_shape_nodes.sql
-- The planner takes a function for a thousand rows, so it would remember (memoize) or compile what is done once.
-- The last fan of the shape is opened here, and the one before it too when both are arrays (lists in a list are the
-- common case, and one query is faster than two); what lies before them is this function again.
create or replace function utils.jsonb_shape_nodes(data jsonb, shape text[], placed boolean)
returns table (value jsonb, path text[], place bytea)
language plpgsql immutable strict parallel safe
set search_path = ''
set enable_memoize = off
set jit = off
as $$
#variable_conflict use_column
declare
  fans constant int[] := array(
    select s.n
    from pg_catalog.unnest(shape) with ordinality as s (step, n)
    where s.step in ('[]', '{}')
    order by s.n desc);
  tail constant text[] := shape[coalesce(fans[1], 0) + 1:];
  names constant text[] := utils.shape_names(tail);
  tail_place constant bytea := utils.shape_place(tail);
  tail_way constant text := utils.shape_way(tail);
  tail_jsonpath constant jsonpath := case when tail_way = 'jsonpath' then utils.shape_jsonpath(tail)::jsonpath end;
  two constant boolean := fans[2] is not null and shape[fans[1]] = '[]' and shape[fans[2]] = '[]';
  middle constant text[] := shape[fans[2] + 1:fans[1] - 1];
  middle_names constant text[] := utils.shape_names(middle);
  middle_place constant bytea := utils.shape_place(middle);
  middle_way constant text := utils.shape_way(middle);
  middle_jsonpath constant jsonpath := case when middle_way = 'jsonpath' then utils.shape_jsonpath(middle)::jsonpath end;
begin
  if fans = '{}' then
    return query
    select v.value, names, case when placed then tail_place end
    from (
      select case tail_way
        when 'member' then data -> names[1]
        when 'jsonpath' then pg_catalog.jsonb_path_query_first(data, tail_jsonpath)
        else data #> names
      end
    ) as v (value)
    where v.value is not null;
  elsif two then
    return query
    select
      v.value,
      case
        when pg_catalog.cardinality(middle_names) = 1 and pg_catalog.cardinality(names) = 1 then
          m.path || array[(m.outer_n - 1)::text, middle_names[1], m.n::text, names[1]]
        else m.path || array[(m.outer_n - 1)::text] || middle_names || array[m.n::text] || names
      end,
      case when placed then
        m.place || pg_catalog.int4send(m.outer_n::int) || middle_place || pg_catalog.int4send(m.n + 1) || tail_place end
    from (
      select o.path, o.place, l.n as outer_n, i.value, pg_catalog.generate_series(0, pg_catalog.jsonb_array_length(
        case when pg_catalog.jsonb_typeof(i.value) = 'array' then i.value end) - 1) as n
      from utils.jsonb_shape_nodes(data, shape[:fans[2] - 1], placed) as o
      cross join lateral pg_catalog.jsonb_array_elements(
        case when pg_catalog.jsonb_typeof(o.value) = 'array' then o.value end) with ordinality as l (value, n)
      cross join lateral (
        select case middle_way
          when 'member' then l.value -> middle_names[1]
          when 'members' then l.value #> middle_names
          when 'itself' then l.value
          else pg_catalog.jsonb_path_query_first(l.value, middle_jsonpath)
        end
      ) as i (value)
    ) as m
    cross join lateral (
      select case tail_way
        when 'member' then m.value -> m.n -> names[1]
        when 'members' then m.value -> m.n #> names
        when 'itself' then m.value -> m.n
        else pg_catalog.jsonb_path_query_first(m.value -> m.n, tail_jsonpath)
      end
    ) as v (value)
    where v.value is not null;
  elsif shape[fans[1]] = '[]' then
    return query
    select
      v.value,
      case when pg_catalog.cardinality(names) = 1 then m.path || array[m.n::text, names[1]]
        else m.path || array[m.n::text] || names end,
      case when placed then m.place || pg_catalog.int4send(m.n + 1) || tail_place end
    from (
      select o.path, o.place, o.value, pg_catalog.generate_series(0, pg_catalog.jsonb_array_length(
        case when pg_catalog.jsonb_typeof(o.value) = 'array' then o.value end) - 1) as n
      from utils.jsonb_shape_nodes(data, shape[:fans[1] - 1], placed) as o
    ) as m
    cross join lateral (
      select case tail_way
        when 'member' then m.value -> m.n -> names[1]
        when 'members' then m.value -> m.n #> names
        when 'itself' then m.value -> m.n
        else pg_catalog.jsonb_path_query_first(m.value -> m.n, tail_jsonpath)
      end
      offset 0  -- else it is worked out twice
    ) as v (value)
    where v.value is not null;
  else
    return query
    select
      v.value,
      o.path || array[m.key] || names,
      case when placed then o.place || utils.jsonb_place(m.key) || tail_place end
    from utils.jsonb_shape_nodes(data, shape[:fans[1] - 1], placed) as o
    cross join lateral pg_catalog.jsonb_each(
      case when pg_catalog.jsonb_typeof(o.value) = 'object' then o.value end) as m
    cross join lateral (
      select case tail_way
        when 'member' then m.value -> names[1]
        when 'jsonpath' then pg_catalog.jsonb_path_query_first(m.value, tail_jsonpath)
        else m.value #> names
      end
    ) as v (value)
    where v.value is not null;
  end if;
end
$$;

comment on function utils.jsonb_shape_nodes(jsonb, text[], boolean) is
  'The nodes of one shape with their locations; place, a sort key of the location, only when asked for.';

revoke execute on function utils.jsonb_shape_nodes(jsonb, text[], boolean) from public;
grant execute on function utils.jsonb_shape_nodes(jsonb, text[], boolean) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_shapes.sql
-- A shape is a location with the indexes left out. Its elements: ".name" a member, "#3" that element of an array,
-- "[]" any element of an array, "{}" any member of an object. A payload of thousands of like objects has few shapes,
-- so looking at the first and last elements of each array finds them; utils.path_count tells whether it found all.
-- The walk carries locations, not values: the outer values of a large document are large.
create or replace function utils.jsonb_shapes(data jsonb, steps jsonb) returns setof text[]
language sql immutable strict parallel safe
set search_path = ''
set enable_memoize = off
set jit = off
as $$
  with recursive walk (location, shape, step, fans) as (
    select '{}'::text[], '{}'::text[], 0, 0
    union all
    select w.location || c.location, w.shape || c.shape, c.step, w.fans + c.fan
    from walk as w
    cross join lateral (select $1 #> w.location as value offset 0) as v
    cross join lateral (
      select
        $2 ->> w.step as name,
        case $2 -> w.step when '"*"' then '*' when '"**"' then '**' else pg_catalog.jsonb_typeof($2 -> w.step) end as kind,
        pg_catalog.jsonb_typeof(v.value) as type,
        case w.fans when 0 then 8 when 1 then 4 else 2 end as sample
      offset 0
    ) as e
    cross join lateral (
      select '{}'::text[], '{}'::text[], w.step + 1, 0
      where e.kind = '**'
      union all
      select array[e.name], array['.' || e.name], w.step + 1, 0
      where e.kind = 'string'
        and e.type = 'object'
        and v.value ? e.name
      union all
      select array[e.name], array['#' || e.name], w.step + 1, 0
      where e.kind = 'number'
        and e.type = 'array'
        and v.value #> array[e.name] is not null
      union all
      select array[m.key], array[case when f.any_member then '{}' else '.' || m.key end],
        w.step + (e.kind = '*')::int, f.any_member::int
      from (
        select
          j.key,
          pg_catalog.jsonb_typeof(j.value) in ('object', 'array') as is_container,
          pg_catalog.row_number() over () as n,
          pg_catalog.count(*) over () as members
        from pg_catalog.jsonb_each(case when e.type = 'object' and e.kind in ('*', '**') then v.value end) as j
      ) as m
      cross join lateral (select e.kind = '*' or m.members > 32 as any_member) as f
      where (not f.any_member or m.n <= e.sample or m.n > m.members - e.sample)
        and (e.kind = '*' or m.is_container)
      union all
      select
        array[a.n::text] || case when e.kind = 'string' then array[e.name] else '{}' end,
        array['[]'] || case when e.kind = 'string' then array['.' || e.name] else '{}' end,
        w.step + (e.kind <> '**')::int,
        1
      from (
        select case when g.n < e.sample then g.n else g.length - 2 * e.sample + g.n end
        from (
          select l.length, pg_catalog.generate_series(0, least(l.length, 2 * e.sample) - 1) as n
          from (
            select pg_catalog.jsonb_array_length(case when e.type = 'array' and e.kind <> 'number' then v.value end)
          ) as l (length)
        ) as g
      ) as a (n)
      where case e.kind
        when '*' then true
        when '**' then pg_catalog.jsonb_typeof(v.value -> a.n) in ('object', 'array')
        else pg_catalog.jsonb_typeof(v.value -> a.n) = 'object' and v.value -> a.n ? e.name
      end
    ) as c (location, shape, step, fan)
    where w.step < pg_catalog.jsonb_array_length($2)
      and pg_catalog.cardinality(w.shape) < 16
      and w.fans < 6
  )
  select distinct w.shape
  from walk as w
  where w.step = pg_catalog.jsonb_array_length($2)
  limit 65
$$;

comment on function utils.jsonb_shapes(jsonb, jsonb) is
  'Shapes of locations that a path selects, found by sampling; not always all of them, and at most 65.';

revoke execute on function utils.jsonb_shapes(jsonb, jsonb) from public;
grant execute on function utils.jsonb_shapes(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_walk.sql
create or replace function utils.jsonb_walk(data jsonb, steps jsonb)
returns table (value jsonb, path text[], place bytea)
language plpgsql immutable parallel safe
set search_path = ''
set enable_memoize = off
set jit = off
as $$
#variable_conflict use_column
declare
  elements constant jsonb := jsonb_walk.steps;
  step_count constant int := pg_catalog.jsonb_array_length(jsonb_walk.steps);
begin
  return query
  with recursive walk (value, path, place, step) as (
    select jsonb_walk.data, '{}'::text[], ''::bytea, 0
    where jsonb_walk.data is not null
    union all
    select c.value, w.path || c.path, w.place || c.place, c.step
    from walk as w
    cross join lateral (
      select
        elements -> w.step as element,
        elements ->> w.step as name,
        pg_catalog.jsonb_typeof(w.value) as kind
    ) as e
    cross join lateral (
      select w.value, '{}'::text[], ''::bytea, w.step + 1
      where e.element = '"**"'
      union all
      select w.value -> e.name, array[e.name], utils.jsonb_place(e.name), w.step + 1
      where e.kind = 'object'
        and pg_catalog.jsonb_typeof(e.element) = 'string'
        and e.name not in ('*', '**')
        and w.value ? e.name
      union all
      select m.value, array[m.key], utils.jsonb_place(m.key), w.step + (e.name = '*')::int
      from pg_catalog.jsonb_each(case when e.kind = 'object' and e.name in ('*', '**') then w.value end) as m
      where e.name = '*'
        or pg_catalog.jsonb_typeof(m.value) in ('object', 'array')
      union all
      select
        case when k.is_key then a.value -> e.name else a.value end,
        case when k.is_key then array[(a.n - 1)::text, e.name] else array[(a.n - 1)::text] end,
        case when k.is_key then pg_catalog.int4send(a.n::int) || utils.jsonb_place(e.name)
          else pg_catalog.int4send(a.n::int) end,
        w.step + (e.name <> '**')::int
      from pg_catalog.jsonb_array_elements(
        case when e.kind = 'array' and pg_catalog.jsonb_typeof(e.element) = 'string' then w.value end
      ) with ordinality as a (value, n)
      cross join lateral (select e.name not in ('*', '**') as is_key) as k
      where case e.name
        when '*' then true
        when '**' then pg_catalog.jsonb_typeof(a.value) in ('object', 'array')
        else pg_catalog.jsonb_typeof(a.value) = 'object' and a.value ? e.name
      end
      union all
      select w.value -> i.n, array[i.n::text], pg_catalog.int4send(i.n + 1), w.step + 1
      from (
        select case when e.name::int < 0 then pg_catalog.jsonb_array_length(w.value) + e.name::int else e.name::int end
        where e.kind = 'array' and pg_catalog.jsonb_typeof(e.element) = 'number'
      ) as i (n)
      where i.n between 0 and pg_catalog.jsonb_array_length(w.value) - 1
    ) as c (value, path, place, step)
    where w.step < step_count
  )
  select distinct on (w.place) w.value, w.path, w.place
  from walk as w
  where w.step = step_count
  order by w.place;
end
$$;

comment on function utils.jsonb_walk(jsonb, jsonb) is
  'Works for utils.jsonb_resolve: the nodes of data that a path selects, each once, with its location and a sort key of the location, in document order.';

revoke execute on function utils.jsonb_walk(jsonb, jsonb) from public;
grant execute on function utils.jsonb_walk(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonpath_count.sql
create or replace function utils.jsonpath_count(data jsonb, path text) returns int
language sql immutable strict parallel safe
set search_path = ''
as $$
  -- The types are counted, not the values: they are short, where a value may be large.
  select pg_catalog.jsonb_array_length(
    pg_catalog.jsonb_path_query_array(jsonpath_count.data, (jsonpath_count.path || '.type()')::jsonpath))
$$;

comment on function utils.jsonpath_count(jsonb, text) is
  'How many nodes a jsonpath selects.';

revoke execute on function utils.jsonpath_count(jsonb, text) from public;
grant execute on function utils.jsonpath_count(jsonb, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/mapping_error.sql
create or replace function utils.mapping_error(mapping jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  fields constant jsonb := case when pg_catalog.jsonb_typeof(mapping) = 'object' then mapping -> 'fields' end;
  fault text;
begin
  if mapping is null then
    return 'a mapping is missing';
  elsif pg_catalog.jsonb_typeof(mapping) in ('string', 'array') then
    return utils.path_error(mapping);
  elsif pg_catalog.jsonb_typeof(mapping) <> 'object' then
    return pg_catalog.format('a mapping is a path or an object, not %s', pg_catalog.jsonb_typeof(mapping));
  end if;
  select pg_catalog.format('member "%s" of a mapping is unknown: known are path, default, transform, fields', k.name)
  into fault
  from pg_catalog.jsonb_object_keys(mapping) as k (name)
  where k.name not in ('path', 'default', 'transform', 'fields')
  limit 1;
  fault := coalesce(
    fault,
    case when mapping ? 'path' or fields is null then 'path: ' || utils.path_error(mapping -> 'path') end,
    'transform: ' || utils.transform_error(mapping -> 'transform'));
  if fault is not null or fields is null then
    return fault;
  elsif pg_catalog.jsonb_typeof(fields) <> 'object' then
    return pg_catalog.format('fields is an object of names and mappings, not %s', pg_catalog.jsonb_typeof(fields));
  end if;
  return (
    select pg_catalog.format('fields.%s: %s', f.key, e.fault)
    from pg_catalog.jsonb_each(fields) as f
    cross join lateral (
      select case
        when pg_catalog.jsonb_typeof(f.value) = 'object' and f.value ? 'fields' then 'a field has no fields of its own'
        else utils.mapping_error(f.value)
      end
    ) as e (fault)
    where e.fault is not null
    limit 1);
end
$$;

comment on function utils.mapping_error(jsonb) is
  'What is wrong with a key_mapping_json, in a sentence that names the member; null when it is valid.';

revoke execute on function utils.mapping_error(jsonb) from public;
grant execute on function utils.mapping_error(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/mapping_member.sql
create or replace function utils.mapping_member(mapping jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  path constant jsonb := utils.mapping_path(mapping);
  name constant text := case
    when pg_catalog.jsonb_typeof(path) = 'string' then path #>> '{}'
    when pg_catalog.jsonb_typeof(path -> 0) = 'string' and path -> 1 is null then path ->> 0
  end;
begin
  return case
    when name in ('*', '**') or pg_catalog.jsonb_typeof(mapping) = 'object' and mapping ?| '{default,transform}' then null
    else name
  end;
end
$$;

comment on function utils.mapping_member(jsonb) is
  'The name of the member, when a mapping is just one member of an object; null when it is more than that.';

revoke execute on function utils.mapping_member(jsonb) from public;
grant execute on function utils.mapping_member(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/mapping_path.sql
create or replace function utils.mapping_path(mapping jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case pg_catalog.jsonb_typeof(mapping) when 'object' then coalesce(mapping -> 'path', '[]') else mapping end;
end
$$;

comment on function utils.mapping_path(jsonb) is
  'The path of a mapping: the mapping itself when it is one, else its member "path", else [] (the node itself).';

revoke execute on function utils.mapping_path(jsonb) from public;
grant execute on function utils.mapping_path(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/mark_placeholders.sql
-- The text handled here is the text form of jsonb, in which raw control characters never occur (they are escaped).
-- So they can mark places without ever being mistaken for content:
--   \x01name\x05   a string that is only the placeholder <<$name>>: it takes the value with its type
--   \x02name\x05   a placeholder in a longer string, or a member name
--   \x03NAME\x05   <<$secret.NAME>>, left for the moment of sending
--   <<\x04$secret. the escape <<$$secret. of a template's author
-- A name stands as it does in JSON, with quotes and backslashes escaped.
create or replace function utils.mark_placeholders(template text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return pg_catalog.regexp_replace(
    pg_catalog.regexp_replace(
      pg_catalog.regexp_replace(
        pg_catalog.regexp_replace(
          template, '<<\$(\$+secret\.)', E'<<\x04\\1', 'g'),
        '<<\$secret\.([A-Za-z0-9_][A-Za-z0-9_.-]*)>>', E'\x03\\1\x05', 'g'),
      '(?<!\\)"<<\$([A-Za-z_][A-Za-z0-9_]*(?:\.(?:[^.<>"\\\u0001-\u0005]|\\.)+)*)>>"(?!:)', E'\x01\\1\x05', 'g'),
    '<<\$([A-Za-z_][A-Za-z0-9_]*(?:\.(?:[^.<>"\\\u0001-\u0005]|\\.)+)*)>>', E'\x02\\1\x05', 'g');
end
$$;

comment on function utils.mark_placeholders(text) is
  'The text form of a template with its placeholders marked by control characters; see the head of its file.';

revoke execute on function utils.mark_placeholders(text) from public;
grant execute on function utils.mark_placeholders(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/now.sql
create or replace function utils.now() returns timestamptz
language sql stable parallel safe
set search_path = ''
as $$
  select coalesce(
    nullif(pg_catalog.current_setting('etl.fake_now', true), '')::timestamptz,
    pg_catalog.now())
$$;

comment on function utils.now() is
  'The time of the transaction, or the time a test set by: set etl.fake_now = ''2030-01-01 00:00Z''.';

revoke execute on function utils.now() from public;
grant execute on function utils.now() to authenticated, service_role;
-- end of source

-- source: sql/utils/number_or.sql
create or replace function utils.number_or(value jsonb, fallback numeric) returns numeric
language sql immutable parallel safe
set search_path = ''
as $$
  select case when pg_catalog.jsonb_typeof(value) = 'number' then (value #>> '{}')::numeric else fallback end
$$;

comment on function utils.number_or(jsonb, numeric) is 'The number that a JSON value is, or the fallback for anything else.';

revoke execute on function utils.number_or(jsonb, numeric) from public;
grant execute on function utils.number_or(jsonb, numeric) to authenticated, service_role;
-- end of source

-- source: sql/utils/parse_boolean.sql
create or replace function utils.parse_boolean(input text) returns boolean
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  word constant text := pg_catalog.lower(pg_catalog.btrim(input, E' \t\n\r' || pg_catalog.chr(160)));
begin
  return case
    when word in ('true', 't', 'yes', 'y', 'on', '1') then true
    when word in ('false', 'f', 'no', 'n', 'off', '0') then false
  end;
end
$$;

comment on function utils.parse_boolean(text) is
  'true for true, t, yes, y, on, 1; false for false, f, no, n, off, 0; case and space around do not matter; else null.';

revoke execute on function utils.parse_boolean(text) from public;
grant execute on function utils.parse_boolean(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/parse_date.sql
create or replace function utils.parse_date(input jsonb) returns text
language sql immutable strict parallel safe
set search_path = ''
as $$
  -- A text keeps the calendar day it names, whatever its zone: moving it to UTC would change a founding date.
  -- A number is seconds since 1970, from 1e11 on milliseconds. No cast is used that can fail or depends on DateStyle.
  select pg_catalog.format('%s-%s-%s',
    pg_catalog.lpad(d.y::text, 4, '0'), pg_catalog.lpad(d.m::text, 2, '0'), pg_catalog.lpad(d.d::text, 2, '0'))
  from (
    select m.p[1]::int, m.p[2]::int, m.p[3]::int
    from pg_catalog.regexp_matches(
      case pg_catalog.jsonb_typeof(parse_date.input) when 'string' then parse_date.input #>> '{}' end,
      '^\s*([0-9]{4})-([0-9]{2})-([0-9]{2})'
      '([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?\s*(Z|z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)?)?\s*$'
    ) as m (p)
    union all
    select
      extract(year from e.day)::int, extract(month from e.day)::int, extract(day from e.day)::int
    from (
      select date '1970-01-01' + pg_catalog.floor(
        n.number / case when pg_catalog.abs(n.number) < 100000000000 then 86400 else 86400000 end)::int
      from (
        select case pg_catalog.jsonb_typeof(parse_date.input)
          when 'number' then (parse_date.input #>> '{}')::numeric end
      ) as n (number)
      where n.number between -62135596800000 and 253402300799999
    ) as e (day)
  ) as d (y, m, d)
  where d.y between 1 and 9999
    and d.m between 1 and 12
    and d.d between 1 and case
      when d.m in (4, 6, 9, 11) then 30
      when d.m <> 2 then 31
      when d.y % 4 = 0 and (d.y % 100 <> 0 or d.y % 400 = 0) then 29
      else 28
    end
$$;

comment on function utils.parse_date(jsonb) is
  'The day, as YYYY-MM-DD, of an ISO date or timestamp or of a number of (milli)seconds since 1970; null when it is none.';

revoke execute on function utils.parse_date(jsonb) from public;
grant execute on function utils.parse_date(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/parse_json.sql
-- Catching the error of a cast starts a subtransaction, which no parallel query may do: this function and all that call
-- it say so.
create or replace function utils.parse_json(input text) returns jsonb
language plpgsql immutable strict parallel unsafe
set search_path = ''
as $$
begin
  return input::jsonb;
exception
  -- Not JSON, a character or number that jsonb cannot hold, or nested too deeply.
  when data_exception or program_limit_exceeded or feature_not_supported then
    return null;
end
$$;

comment on function utils.parse_json(text) is
  'The JSON a text holds; null when it is none, or none that jsonb can hold. Never raises.';

revoke execute on function utils.parse_json(text) from public;
grant execute on function utils.parse_json(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/parse_number.sql
create or replace function utils.parse_number(input text) returns numeric
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  body constant text := pg_catalog.btrim(input, E' \t\n\r' || pg_catalog.chr(160));
  is_percent constant boolean := body like '%\%';
  digits constant text := case when is_percent
    then pg_catalog.rtrim(pg_catalog."left"(body, -1), E' \t\n\r' || pg_catalog.chr(160)) else body end;
begin
  -- The length is bounded so that no text, whatever its exponent, leaves the range of numeric.
  if pg_catalog.length(digits) <= 1000
    and digits ~ '^[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)?(\.[0-9]*)?([eE][+-]?[0-9]{1,4})?$'
    and digits ~ '^[+-]?\.?[0-9]'
  then
    return pg_catalog.replace(digits, ',', '')::numeric * case when is_percent then 0.01 else 1 end;
  end if;
  return null;
end
$$;

comment on function utils.parse_number(text) is
  'The exact number a text stands for: "1,234", " 12 ", "-1.5e3", and "12%" as 0.12; null when it is none.';

revoke execute on function utils.parse_number(text) from public;
grant execute on function utils.parse_number(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/path_count.sql
-- Lax mode is what a path means for a member name on an array: each of its elements, one level down. Behind "**" it
-- would count such elements twice, since "**" has visited them itself; so the step behind "**" runs in strict mode.
-- Lax mode also takes index 0 of what is no array: this and nested "**" count too many, never too few.
create or replace function utils.path_count(data jsonb, steps jsonb) returns int
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  step_count constant int := pg_catalog.jsonb_array_length(steps);
  found jsonb := data;
  root text := '$';
  first int := 1;
  deep int;
begin
  -- What was found is wrapped into an array only where it is searched further: copying costs more than searching.
  for deep in
    select e.n
    from pg_catalog.jsonb_array_elements(steps) with ordinality as e (step, n)
    where e.step = '"**"'
    order by e.n
  loop
    if deep > first then
      found := pg_catalog.jsonb_path_query_array(
        found, (root || utils.path_jsonpath(steps, first, deep - 1))::jsonpath);
      root := '$[*]';
    end if;
    if deep = step_count then
      return utils.jsonpath_count(found, 'strict ' || root || '.** ? (@.type() == "object" || @.type() == "array")')
        + utils.jsonpath_count(found, 'strict ' || root || ' ? (@.type() != "object" && @.type() != "array")');
    elsif deep = step_count - 1 then
      return utils.jsonpath_count(found, 'strict ' || root || '.**' || utils.path_jsonpath(steps, step_count, step_count));
    end if;
    found := pg_catalog.jsonb_path_query_array(
      found, ('strict ' || root || '.**' || utils.path_jsonpath(steps, deep + 1, deep + 1))::jsonpath);
    root := '$[*]';
    first := deep + 2;
  end loop;
  return utils.jsonpath_count(found, root || utils.path_jsonpath(steps, first, step_count));
end
$$;

comment on function utils.path_count(jsonb, jsonb) is
  'How many nodes a path selects, counted without their locations: exact in all common cases, else too many, never too few.';

revoke execute on function utils.path_count(jsonb, jsonb) from public;
grant execute on function utils.path_count(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/path_error.sql
create or replace function utils.path_error(path jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when path_error.path is null then 'a path is missing'
    when pg_catalog.jsonb_typeof(path_error.path) = 'string' then null
    when pg_catalog.jsonb_typeof(path_error.path) <> 'array' then
      pg_catalog.format('a path is a string or an array, not %s', pg_catalog.jsonb_typeof(path_error.path))
    else (
      select pg_catalog.format(
        'path element %s is %s: an element is a member name, "*", "**" or a whole number',
        e.position - 1,
        pg_catalog."left"(e.element::text, 80))
      from pg_catalog.jsonb_array_elements(path_error.path) with ordinality as e(element, position)
      where case pg_catalog.jsonb_typeof(e.element)
        when 'string' then false
        when 'number' then
          (e.element #>> '{}')::numeric <> pg_catalog.trunc((e.element #>> '{}')::numeric)
          or (e.element #>> '{}')::numeric not between -2147483648 and 2147483647
        else true
      end
      order by e.position
      limit 1)
  end
$$;

comment on function utils.path_error(jsonb) is
  'What is wrong with a path, in a sentence that names the first bad element and its position (from 0); null when it is valid.';

revoke execute on function utils.path_error(jsonb) from public;
grant execute on function utils.path_error(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/path_jsonpath.sql
-- A JSON string is a jsonpath string too. "*" is .**{1}, which means members and elements alike in every mode.
create or replace function utils.path_jsonpath(steps jsonb, first int, last int) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return coalesce((select pg_catalog.string_agg(
    case
      when e.step = '"*"' then '.**{1}'
      when e.step = '"**"' then '.**'
      when pg_catalog.jsonb_typeof(e.step) = 'string' then '.' || e.step::text
      when e.step < '0' then pg_catalog.format('[last - %s]', -1 - e.step::int)
      else pg_catalog.format('[%s]', e.step::int)
    end, '' order by e.n)
  from pg_catalog.jsonb_array_elements(steps) with ordinality as e (step, n)
  where e.n between first and last), '');
end
$$;

comment on function utils.path_jsonpath(jsonb, int, int) is
  'The accessors of the jsonpath language for the elements first to last (from 1) of a path.';

revoke execute on function utils.path_jsonpath(jsonb, int, int) from public;
grant execute on function utils.path_jsonpath(jsonb, int, int) to authenticated, service_role;
-- end of source

-- source: sql/utils/path_steps.sql
create or replace function utils.path_steps(path jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  fault text;
begin
  -- Most paths are names only: these are recognised without looking at each element.
  if pg_catalog.jsonb_typeof(path) = 'string' then
    return pg_catalog.jsonb_build_array(path);
  elsif pg_catalog.jsonb_typeof(path) = 'array'
    and not pg_catalog.jsonb_path_exists(path, 'strict $[*] ? (@.type() != "string")')
  then
    return path;
  end if;
  fault := utils.path_error(path);
  if fault is not null then
    raise exception using
      errcode = 'ETL02',
      message = fault,
      detail = pg_catalog.format('The path is %s.', coalesce(pg_catalog."left"(path::text, 400), 'null')),
      hint = 'A path is a string or an array of member names, "*", "**" and indexes.';
  end if;
  return path;
end
$$;

comment on function utils.path_steps(jsonb) is
  'The elements of a path as an array. Raises ETL02, naming the first bad element and its position.';

revoke execute on function utils.path_steps(jsonb) from public;
grant execute on function utils.path_steps(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/placeholder_value.sql
create or replace function utils.placeholder_value(name text, vars jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  path constant text[] := pg_catalog.string_to_array(
    case when pg_catalog.strpos(name, '\') = 0 then name else ('"' || name || '"')::jsonb #>> '{}' end, '.');
begin
  -- A secret is never looked up among the variables, whatever they hold.
  return case when path[1] <> 'secret' then vars #> path end;
end
$$;

comment on function utils.placeholder_value(text, jsonb) is
  'The value of the placeholder <<$name.path>> (name and path as in JSON text); SQL null when a step of it is missing.';

revoke execute on function utils.placeholder_value(text, jsonb) from public;
grant execute on function utils.placeholder_value(text, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/replace_request_placeholders.sql
-- Where a value is encoded, once: placeholders inside a longer "url" (and inside a "query" that is a string) are
-- percent-encoded here; a "query" object keeps plain typed values, and the sender encodes them when it builds the URL.
-- A url that is only a placeholder is taken as it is.
--
-- Secrets: <<$secret.NAME>> written in the template is left for the sender. What comes from variables, or arises where
-- they meet the template's text, is never a secret: there every "<<$…$secret." gets one more "$". The sender reads the
-- rendered request in one pass: <<$secret.NAME>> is a secret; "<<$$secret." (two or more "$") loses one "$". So text
-- arrives unchanged, and no object can ask for a secret. An author writes <<$$secret.X>> for the literal text.
--
-- Values are put in once: a placeholder inside a value stays the text it is. "response" is dropped: it tells how to
-- read the answer and is read from the source. Where two member names become one, the later one stays.
create or replace function utils.replace_request_placeholders(template jsonb, vars jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  result jsonb := '{}'::jsonb;
  plain jsonb := template;
  name text;
begin
  if pg_catalog.jsonb_typeof(template) = 'object' then
    foreach name in array '{url,query}'::text[] loop
      if pg_catalog.jsonb_typeof(template -> name) = 'string' then
        result := result || pg_catalog.jsonb_build_object(
          name, utils.fill_placeholders(utils.mark_placeholders((template -> name)::text), coalesce(vars, '{}'), true));
        plain := plain - name;
      end if;
    end loop;
    return result || utils.fill_placeholders(
      utils.mark_placeholders((plain - 'response')::text), coalesce(vars, '{}'), false);
  end if;
  return utils.fill_placeholders(utils.mark_placeholders(template::text), coalesce(vars, '{}'), false);
end
$$;

comment on function utils.replace_request_placeholders(jsonb, jsonb) is
  'A request template with its placeholders replaced by variables; secrets stay placeholders. Raises ETL03 naming the first one that cannot be resolved.';

revoke execute on function utils.replace_request_placeholders(jsonb, jsonb) from public;
grant execute on function utils.replace_request_placeholders(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/retry_after.sql
create or replace function utils.retry_after(headers jsonb, at timestamptz) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
declare
  header text := pg_catalog.btrim(headers ->> 'retry-after');
begin
  -- More than a day is somebody's mistake; the run's own time limit rules then.
  if header ~ '^[0-9]{1,9}$' then
    return at + pg_catalog.make_interval(secs => least(header::int, 86400));
  end if;
  if header ~ '^[A-Za-z]{3}, [0-9]{2} [A-Za-z]{3} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$' then
    return least(at + interval '1 day', pg_catalog.to_timestamp(pg_catalog.substr(header, 6), 'DD Mon YYYY HH24:MI:SS')::timestamp
      at time zone 'UTC');
  end if;
  return null;
exception
  -- A date such as 99 Foo: the header says nothing then.
  when data_exception then return null;
end
$$;

comment on function utils.retry_after(jsonb, timestamptz) is
  'When an answer''s header retry-after (seconds or an HTTP date) allows the next attempt, at most a day after "at"; null when there is none or it is not understood. Header names are lower-case.';

revoke execute on function utils.retry_after(jsonb, timestamptz) from public;
grant execute on function utils.retry_after(jsonb, timestamptz) to service_role;
-- end of source

-- source: sql/utils/shape_jsonpath.sql
-- Strict mode takes a member of objects only and an element of arrays only; .**{0} keeps what does not fit from
-- being an error.
create or replace function utils.shape_jsonpath(shape text[]) returns text
language sql immutable strict parallel safe
set search_path = ''
as $$
  select 'strict $.**{0}' || coalesce(pg_catalog.string_agg(
    case pg_catalog."left"(s.step, 1)
      when '[' then '[*]'
      when '{' then '.*'
      when '#' then pg_catalog.format('[%s]', pg_catalog.substr(s.step, 2))
      else '.' || pg_catalog.to_jsonb(pg_catalog.substr(s.step, 2))::text
    end, '' order by s.n), '')
  from pg_catalog.unnest(shape_jsonpath.shape) with ordinality as s (step, n)
$$;

comment on function utils.shape_jsonpath(text[]) is
  'The jsonpath that selects exactly the nodes of a shape.';

revoke execute on function utils.shape_jsonpath(text[]) from public;
grant execute on function utils.shape_jsonpath(text[]) to authenticated, service_role;
-- end of source

-- source: sql/utils/shape_names.sql
create or replace function utils.shape_names(shape text[]) returns text[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return array(
    select pg_catalog.substr(s.step, 2) from pg_catalog.unnest(shape) with ordinality as s (step, n) order by s.n);
end
$$;

comment on function utils.shape_names(text[]) is
  'The names and indexes of a shape that has no fans: the location it stands for.';

revoke execute on function utils.shape_names(text[]) from public;
grant execute on function utils.shape_names(text[]) to authenticated, service_role;
-- end of source

-- source: sql/utils/shape_place.sql
create or replace function utils.shape_place(shape text[]) returns bytea
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return coalesce((
    select pg_catalog.string_agg(
      case when s.step like '#%' then pg_catalog.int4send(pg_catalog.substr(s.step, 2)::int + 1)
        else utils.jsonb_place(pg_catalog.substr(s.step, 2)) end, '' order by s.n)
    from pg_catalog.unnest(shape) with ordinality as s (step, n)), '');
end
$$;

comment on function utils.shape_place(text[]) is
  'The sort key of the location that a shape without fans stands for.';

revoke execute on function utils.shape_place(text[]) from public;
grant execute on function utils.shape_place(text[]) to authenticated, service_role;
-- end of source

-- source: sql/utils/shape_way.sql
create or replace function utils.shape_way(shape text[]) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  -- The operators are faster than jsonpath; #> is left out where it would take a name like "0" for an index.
  return case
    when shape = '{}' then 'itself'
    when pg_catalog.cardinality(shape) = 1 and shape[1] like '.%' then 'member'
    when not exists (select from pg_catalog.unnest(shape) as s (step) where s.step ~ '^(#|\.\s*[+-]?[0-9])') then 'members'
    else 'jsonpath'
  end;
end
$$;

comment on function utils.shape_way(text[]) is
  'How a shape without fans is read best: itself, member (->), members (#>) or jsonpath.';

revoke execute on function utils.shape_way(text[]) from public;
grant execute on function utils.shape_way(text[]) to authenticated, service_role;
-- end of source

-- source: sql/utils/template_error.sql
create or replace function utils.template_error(template jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when $1 is null then 'a template is missing'
    when pg_catalog.jsonb_typeof($1) <> 'object' then
      pg_catalog.format('a template is an object, not %s', pg_catalog.jsonb_typeof($1))
    else coalesce(
      (
        select pg_catalog.format('%s is missing', m.name)
        from pg_catalog.unnest('{method,url}'::text[]) as m (name)
        where not $1 ? m.name
        limit 1),
      (
        select pg_catalog.format('%s is a string, not %s', m.name, pg_catalog.jsonb_typeof($1 -> m.name))
        from pg_catalog.unnest('{method,url}'::text[]) as m (name)
        where pg_catalog.jsonb_typeof($1 -> m.name) <> 'string'
        limit 1),
      case when $1 ->> 'method' !~ '^([A-Za-z]+|<<\$.*>>)$' then
        pg_catalog.format('method "%s" is no HTTP method', $1 ->> 'method') end,
      case when $1 ->> 'url' !~* '^(https?://[^/]|<<\$)' then
        pg_catalog.format('url "%s" does not begin with http:// or https://', $1 ->> 'url') end,
      case when pg_catalog.jsonb_typeof($1 -> 'query') not in ('object', 'string', 'null') then
        pg_catalog.format('query is an object, not %s', pg_catalog.jsonb_typeof($1 -> 'query')) end,
      case when pg_catalog.jsonb_typeof($1 -> 'headers') not in ('object', 'null') then
        pg_catalog.format('headers is an object, not %s', pg_catalog.jsonb_typeof($1 -> 'headers')) end,
      (
        select pg_catalog.format('headers.%s is a string or a number, not %s', h.key, pg_catalog.jsonb_typeof(h.value))
        from pg_catalog.jsonb_each(
          case when pg_catalog.jsonb_typeof($1 -> 'headers') = 'object' then $1 -> 'headers' end) as h
        where pg_catalog.jsonb_typeof(h.value) not in ('string', 'number')
        limit 1),
      utils.template_response_error($1 -> 'response'),
      utils.template_placeholder_error($1 - 'response'))
  end
$$;

comment on function utils.template_error(jsonb) is
  'What is wrong with a request template, in a sentence that names the member; null when it can be rendered and sent.';

revoke execute on function utils.template_error(jsonb) from public;
grant execute on function utils.template_error(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/template_placeholder_error.sql
create or replace function utils.template_placeholder_error(template jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(
    (
      select pg_catalog.format(
        case when split_part(m.name[1], '.', 1) = 'secret'
          then 'placeholder <<$%s>> names no secret: write <<$secret.NAME>>'
          else 'placeholder <<$%s>> is unknown: known are run_setup, max_objects, run_external_id, objects, object, '
            'datapoints, criteria, factors, cursor, page, secret' end,
        m.name[1])
      from pg_catalog.regexp_matches(t.marked, E'[\x01\x02]([^\x05]*)\x05', 'g') with ordinality as m (name, n)
      where pg_catalog.split_part(m.name[1], '.', 1) not in (
        'run_setup', 'max_objects', 'run_external_id', 'objects', 'object',
        'datapoints', 'criteria', 'factors', 'cursor', 'page')
      order by m.n
      limit 1),
    (
      select pg_catalog.format('"%s" is no placeholder: write <<$name>> or <<$name.member>>', m.found[1])
      from pg_catalog.regexp_matches(t.marked, E'<<\\$(?!\\$)[^"<]{0,40}') as m (found)))
  from (select utils.mark_placeholders(template_placeholder_error.template::text)) as t (marked)
$$;

comment on function utils.template_placeholder_error(jsonb) is
  'The first placeholder of a template that is malformed or that no request gives, in a sentence; null when all are good.';

revoke execute on function utils.template_placeholder_error(jsonb) from public;
grant execute on function utils.template_placeholder_error(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/template_response_error.sql
create or replace function utils.template_response_error(response jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when pg_catalog.jsonb_typeof($1) <> 'object' then
      pg_catalog.format('response is an object, not %s', pg_catalog.jsonb_typeof($1))
    else coalesce(
      (
        select pg_catalog.format('response.%s: %s', p.name, utils.path_error($1 -> p.name))
        from pg_catalog.unnest('{objects,external_id,status,next_cursor,error}'::text[]) with ordinality as p (name, n)
        where $1 ? p.name
          and utils.path_error($1 -> p.name) is not null
        order by p.n
        limit 1),
      (
        select pg_catalog.format('response.%s is a list of status values, not %s', l.name, $1 -> l.name)
        from pg_catalog.unnest('{done,failed,pending}'::text[]) with ordinality as l (name, n)
        where $1 ? l.name
          and pg_catalog.jsonb_typeof($1 -> l.name) <> 'array'
        order by l.n
        limit 1),
      (
        select pg_catalog.format('response.%s has no use without response.status', l.name)
        from pg_catalog.unnest('{done,failed,pending}'::text[]) with ordinality as l (name, n)
        where $1 ? l.name
          and not $1 ? 'status'
        order by l.n
        limit 1))
  end
$$;

comment on function utils.template_response_error(jsonb) is
  'What is wrong with the response member of a template, in a sentence that names the member; null when nothing is.';

revoke execute on function utils.template_response_error(jsonb) from public;
grant execute on function utils.template_response_error(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/transform_error.sql
create or replace function utils.transform_error(transform jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when pg_catalog.jsonb_typeof(transform_error.transform) <> 'string' then
      pg_catalog.format('a transform is a string, not %s', pg_catalog.jsonb_typeof(transform_error.transform))
    else (
      select pg_catalog.format(
        'transform "%s" is unknown: known are trim, lower, upper, number, integer, date, boolean, text, string, json',
        pg_catalog.btrim(s.step))
      from pg_catalog.string_to_table(transform_error.transform #>> '{}', '|') with ordinality as s (step, n)
      where pg_catalog.btrim(s.step) not in
        ('trim', 'lower', 'upper', 'number', 'integer', 'date', 'boolean', 'text', 'string', 'json')
      order by s.n
      limit 1)
  end
$$;

comment on function utils.transform_error(jsonb) is
  'What is wrong with the transform of a mapping, in a sentence; null when nothing is or there is none.';

revoke execute on function utils.transform_error(jsonb) from public;
grant execute on function utils.transform_error(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/transform_value.sql
create or replace function utils.transform_value(value jsonb, transform text) returns jsonb
language plpgsql immutable strict parallel unsafe
set search_path = ''
as $$
declare
  kind constant text := pg_catalog.jsonb_typeof(value);
  content constant text := value #>> '{}';
begin
  if kind = 'null' then
    return null;
  end if;
  case transform
    when 'text', 'string' then
      return pg_catalog.to_jsonb(utils.jsonb_compact(value));
    when 'json' then
      return nullif(case when kind = 'string' then utils.parse_json(content) else value end, 'null');
    else
      if kind in ('object', 'array') then
        return null;
      end if;
  end case;
  case transform
    when 'trim' then
      return case when kind = 'string'
        then pg_catalog.to_jsonb(pg_catalog.btrim(content, E' \t\n\r\v\f' || pg_catalog.chr(160))) else value end;
    when 'lower' then
      return case when kind = 'string' then pg_catalog.to_jsonb(pg_catalog.lower(content)) else value end;
    when 'upper' then
      return case when kind = 'string' then pg_catalog.to_jsonb(pg_catalog.upper(content)) else value end;
    when 'number' then
      return case kind
        when 'number' then value
        when 'string' then pg_catalog.to_jsonb(utils.parse_number(content))
      end;
    when 'integer' then
      return (
        select pg_catalog.to_jsonb(pg_catalog.trunc(n.number))
        from (
          select case kind when 'number' then content::numeric when 'string' then utils.parse_number(content) end
        ) as n (number)
        where n.number = pg_catalog.trunc(n.number));
    when 'date' then
      return pg_catalog.to_jsonb(utils.parse_date(value));
    when 'boolean' then
      return pg_catalog.to_jsonb(utils.parse_boolean(content));
    else
      return null;
  end case;
end
$$;

comment on function utils.transform_value(jsonb, text) is
  'One transform of one value, as utils.apply_transform describes; null when the value cannot be transformed.';

revoke execute on function utils.transform_value(jsonb, text) from public;
grant execute on function utils.transform_value(jsonb, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/unresolved_placeholders.sql
create or replace function utils.unresolved_placeholders(template jsonb, vars jsonb) returns text[]
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(pg_catalog.array_agg(f.name order by f.n), '{}')
  from (
    select
      case when pg_catalog.strpos(m.name[1], '\') = 0 then m.name[1] else ('"' || m.name[1] || '"')::jsonb #>> '{}' end,
      pg_catalog.min(m.n)
    from pg_catalog.regexp_matches(
      utils.mark_placeholders(case
        when pg_catalog.jsonb_typeof($1) = 'object' then $1 - 'response'
        else $1
      end::text), E'[\x01\x02]([^\x05]*)\x05', 'g') with ordinality as m (name, n)
    where utils.placeholder_value(m.name[1], coalesce($2, '{}')) is null
    group by m.name[1]
  ) as f (name, n)
$$;

comment on function utils.unresolved_placeholders(jsonb, jsonb) is
  'The names of a template''s placeholders that the variables do not hold, each once, in order; secrets are not among them.';

revoke execute on function utils.unresolved_placeholders(jsonb, jsonb) from public;
grant execute on function utils.unresolved_placeholders(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/url_encode.sql
create or replace function utils.url_encode(input text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  if input ~ '^[A-Za-z0-9._~-]*$' then
    return input;
  end if;
  return (
    select pg_catalog.string_agg(
      case
        when r.run[1] ~ '^[A-Za-z0-9._~-]' then r.run[1]
        else pg_catalog.regexp_replace(
          pg_catalog.upper(pg_catalog.encode(pg_catalog.convert_to(r.run[1], 'UTF8'), 'hex')), '(..)', '%\1', 'g')
      end, '' order by r.n)
    from pg_catalog.regexp_matches(
      input, '[A-Za-z0-9._~-]+|[^A-Za-z0-9._~-]+', 'g') with ordinality as r (run, n));
end
$$;

comment on function utils.url_encode(text) is
  'Percent-encoded UTF-8 (RFC 3986): everything but letters, digits and - . _ ~ of ASCII.';

revoke execute on function utils.url_encode(text) from public;
grant execute on function utils.url_encode(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/uuid_or_null.sql
create or replace function utils.uuid_or_null(value jsonb) returns uuid
language sql immutable parallel safe
set search_path = ''
as $$
  select case when value #>> '{}' ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
    then (value #>> '{}')::uuid end
$$;

comment on function utils.uuid_or_null(jsonb) is 'The UUID that a JSON string is; null for anything else.';

revoke execute on function utils.uuid_or_null(jsonb) from public;
grant execute on function utils.uuid_or_null(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/access/configuration_policies.sql
-- Configuration: everybody signed in reads what is shared, members read their org's, owners and admins write it.

drop policy if exists members_read on public.object_type;
create policy members_read on public.object_type
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.object_type is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on public.object_type;
create policy admins_insert on public.object_type
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.object_type is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.object_type;
create policy admins_update on public.object_type
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.object_type is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.object_type;
create policy admins_delete on public.object_type
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.object_type is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.datapoint;
create policy members_read on public.datapoint
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.datapoint is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on public.datapoint;
create policy admins_insert on public.datapoint
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.datapoint is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.datapoint;
create policy admins_update on public.datapoint
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.datapoint is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.datapoint;
create policy admins_delete on public.datapoint
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.datapoint is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.source;
create policy members_read on public.source
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.source is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on public.source;
create policy admins_insert on public.source
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.source is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.source;
create policy admins_update on public.source
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.source is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.source;
create policy admins_delete on public.source
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.source is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.object_source;
create policy members_read on public.object_source
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.object_source is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on public.object_source;
create policy admins_insert on public.object_source
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.object_source is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.object_source;
create policy admins_update on public.object_source
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.object_source is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.object_source;
create policy admins_delete on public.object_source
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.object_source is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.datapoint_source;
create policy members_read on public.datapoint_source
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.datapoint_source is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on public.datapoint_source;
create policy admins_insert on public.datapoint_source
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.datapoint_source is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.datapoint_source;
create policy admins_update on public.datapoint_source
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.datapoint_source is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.datapoint_source;
create policy admins_delete on public.datapoint_source
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.datapoint_source is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.activity;
create policy members_read on public.activity
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.activity is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on public.activity;
create policy admins_insert on public.activity
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.activity is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.activity;
create policy admins_update on public.activity
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.activity is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.activity;
create policy admins_delete on public.activity
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.activity is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.factor;
create policy members_read on public.factor
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.factor is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on public.factor;
create policy admins_insert on public.factor
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.factor is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.factor;
create policy admins_update on public.factor
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.factor is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.factor;
create policy admins_delete on public.factor
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.factor is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.webhook_endpoint;
create policy members_read on public.webhook_endpoint
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.webhook_endpoint is 'Members read the rows of their orgs.';

drop policy if exists admins_insert on public.webhook_endpoint;
create policy admins_insert on public.webhook_endpoint
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.webhook_endpoint is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.webhook_endpoint;
create policy admins_update on public.webhook_endpoint
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.webhook_endpoint is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.webhook_endpoint;
create policy admins_delete on public.webhook_endpoint
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.webhook_endpoint is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.workflow_schedule;
create policy members_read on public.workflow_schedule
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.workflow_schedule is 'Members read the rows of their orgs.';

drop policy if exists admins_insert on public.workflow_schedule;
create policy admins_insert on public.workflow_schedule
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.workflow_schedule is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.workflow_schedule;
create policy admins_update on public.workflow_schedule
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.workflow_schedule is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.workflow_schedule;
create policy admins_delete on public.workflow_schedule
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.workflow_schedule is 'Owners and admins, in their org only.';

drop policy if exists members_read on etl_api.alert_rule;
create policy members_read on etl_api.alert_rule
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.alert_rule is 'Members read the rows of their orgs.';

drop policy if exists admins_insert on etl_api.alert_rule;
create policy admins_insert on etl_api.alert_rule
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on etl_api.alert_rule is 'Owners and admins, for their org only.';

drop policy if exists admins_update on etl_api.alert_rule;
create policy admins_update on etl_api.alert_rule
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on etl_api.alert_rule is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on etl_api.alert_rule;
create policy admins_delete on etl_api.alert_rule
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on etl_api.alert_rule is 'Owners and admins, in their org only.';
-- end of source

-- source: sql/etl_api/access/engine_policies.sql
-- The engine's own tables.

drop policy if exists members_read on etl_api.state_history;
create policy members_read on etl_api.state_history
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.state_history is 'Members read the history of their orgs'' rows.';

drop policy if exists members_read on etl_api.etl_log;
create policy members_read on etl_api.etl_log
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.etl_log is 'Members read what the engine logged of their orgs.';

drop policy if exists everybody_reads on etl_api.state_transition;
create policy everybody_reads on etl_api.state_transition
  for select to authenticated
  using (true);
comment on policy everybody_reads on etl_api.state_transition is 'The allowed steps are no secret.';

drop policy if exists nobody on etl_api.state_history_default;
create policy nobody on etl_api.state_history_default
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.state_history_default is 'History is read through etl_api.state_history.';

drop policy if exists nobody on etl_api.advance_queue;
create policy nobody on etl_api.advance_queue
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.advance_queue is 'Of no use to a user: the engine and its operator only.';

drop policy if exists nobody on etl_api.setting;
create policy nobody on etl_api.setting
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.setting is 'Of no use to a user: the engine and its operator only.';

drop policy if exists nobody on etl_api.request_key;
create policy nobody on etl_api.request_key
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.request_key is 'Of no use to a user: the engine and its operator only.';

drop policy if exists members_read on etl_api.state_count;
create policy members_read on etl_api.state_count
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.state_count is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.state_duration;
create policy members_read on etl_api.state_duration
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.state_duration is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.usage_day;
create policy members_read on etl_api.usage_day
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.usage_day is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.alert;
create policy members_read on etl_api.alert
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.alert is 'Members read the rows of their orgs.';

drop policy if exists nobody on etl_api.source_window;
create policy nobody on etl_api.source_window
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.source_window is 'Of no use to a user: the engine and its operator only.';

drop policy if exists nobody on etl_api.source_turn;
create policy nobody on etl_api.source_turn
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.source_turn is 'Of no use to a user: the engine and its operator only.';

drop policy if exists nobody on etl_api.budget_used;
create policy nobody on etl_api.budget_used
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.budget_used is 'Of no use to a user: the engine and its operator only.';

drop policy if exists nobody on etl_api.roll_up_mark;
create policy nobody on etl_api.roll_up_mark
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.roll_up_mark is 'Of no use to a user: the engine and its operator only.';

drop policy if exists nobody on etl_api.org_count_delta;
create policy nobody on etl_api.org_count_delta
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.org_count_delta is 'Of no use to a user: the engine and its operator only.';
-- end of source

-- source: sql/etl_api/activities/trg_process_activity_request.sql
-- Names sort after the guard's, so an illegal step is refused before anything is built on it.
drop trigger if exists trg_process_activity_request on public.activity_request;
create trigger trg_process_activity_request
  after update on public.activity_request
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.trigger_process_activity_request();

drop trigger if exists trg_process_activity_request_insert on public.activity_request;
create trigger trg_process_activity_request_insert
  after insert on public.activity_request
  referencing new table as new_rows
  for each statement
  execute function etl_api.trigger_process_activity_request();

comment on trigger trg_process_activity_request on public.activity_request is
  'An activity request that became ready starts.';
comment on trigger trg_process_activity_request_insert on public.activity_request is
  'An activity request that is inserted ready starts.';
-- end of source

-- source: sql/etl_api/intake/after_insert_workflow_request.sql
-- Its name sorts after the guard's: an illegal row is refused, and the history begins, before anything is built on it.
drop trigger if exists after_insert_workflow_request on public.workflow_request;
create trigger after_insert_workflow_request
  after insert on public.workflow_request
  referencing new table as new_rows
  for each statement
  execute function etl_api.trigger_process_workflow_request();

drop trigger if exists after_reset_workflow_request on public.workflow_request;
create trigger after_reset_workflow_request
  after update on public.workflow_request
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.trigger_process_workflow_request();

comment on trigger after_insert_workflow_request on public.workflow_request is
  'A request that is inserted is validated and started.';
comment on trigger after_reset_workflow_request on public.workflow_request is
  'A request that is set back to new is validated and started again.';
-- end of source

-- source: sql/etl_api/results/trg_sync_datapoint_source.sql
drop trigger if exists trg_sync_datapoint_source on public.object_source;
create trigger trg_sync_datapoint_source
  after insert on public.object_source
  referencing new table as changed_rows
  for each statement
  execute function etl_api.trigger_sync_datapoint_source();
comment on trigger trg_sync_datapoint_source on public.object_source is
  'Fields mapped in object_source are mapped as datapoints too.';

drop trigger if exists trg_sync_datapoint_source_update on public.object_source;
create trigger trg_sync_datapoint_source_update
  after update on public.object_source
  referencing new table as changed_rows
  for each statement
  execute function etl_api.trigger_sync_datapoint_source();
comment on trigger trg_sync_datapoint_source_update on public.object_source is
  'Fields mapped in object_source are mapped as datapoints too.';

drop trigger if exists trg_sync_datapoint_source_delete on public.object_source;
create trigger trg_sync_datapoint_source_delete
  after delete on public.object_source
  referencing old table as changed_rows
  for each statement
  execute function etl_api.trigger_sync_datapoint_source();
comment on trigger trg_sync_datapoint_source_delete on public.object_source is
  'Fields mapped in object_source are mapped as datapoints too.';

drop trigger if exists trg_sync_datapoint_source on public.datapoint;
create trigger trg_sync_datapoint_source
  after insert on public.datapoint
  referencing new table as changed_rows
  for each statement
  execute function etl_api.trigger_sync_named_datapoint();
comment on trigger trg_sync_datapoint_source on public.datapoint is
  'Fields mapped in object_source are mapped as datapoints too.';

drop trigger if exists trg_sync_datapoint_source_update on public.datapoint;
create trigger trg_sync_datapoint_source_update
  after update on public.datapoint
  referencing new table as changed_rows
  for each statement
  execute function etl_api.trigger_sync_named_datapoint();
comment on trigger trg_sync_datapoint_source_update on public.datapoint is
  'Fields mapped in object_source are mapped as datapoints too.';
-- end of source

-- source: sql/etl_api/state/a_guard.sql
-- Statement triggers fire in the order of their names. The guard's come first: an illegal step is refused, and a
-- legal one written down, before another trigger builds on it.

drop trigger if exists a_guard_insert on public.workflow_request;
create trigger a_guard_insert
  after insert on public.workflow_request
  referencing new table as new_rows
  for each statement
  execute function etl_api.guard_inserts();
comment on trigger a_guard_insert on public.workflow_request is
  'A new row begins as "new"; its steps are written to state_history.';

drop trigger if exists a_guard_update on public.workflow_request;
create trigger a_guard_update
  after update on public.workflow_request
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.guard_transitions();
comment on trigger a_guard_update on public.workflow_request is
  'Only steps of etl_api.state_transition; each is written to state_history.';

drop trigger if exists a_guard_insert on public.activity_request;
create trigger a_guard_insert
  after insert on public.activity_request
  referencing new table as new_rows
  for each statement
  execute function etl_api.guard_inserts();
comment on trigger a_guard_insert on public.activity_request is
  'A new row begins as "new"; its steps are written to state_history.';

drop trigger if exists a_guard_update on public.activity_request;
create trigger a_guard_update
  after update on public.activity_request
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.guard_transitions();
comment on trigger a_guard_update on public.activity_request is
  'Only steps of etl_api.state_transition; each is written to state_history.';

drop trigger if exists a_guard_insert on public.run_queue;
create trigger a_guard_insert
  after insert on public.run_queue
  referencing new table as new_rows
  for each statement
  execute function etl_api.guard_inserts();
comment on trigger a_guard_insert on public.run_queue is
  'A new row begins as "new"; its steps are written to state_history.';

drop trigger if exists a_guard_update on public.run_queue;
create trigger a_guard_update
  after update on public.run_queue
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.guard_transitions();
comment on trigger a_guard_update on public.run_queue is
  'Only steps of etl_api.state_transition; each is written to state_history.';

drop trigger if exists a_guard_insert on public.run_request;
create trigger a_guard_insert
  after insert on public.run_request
  referencing new table as new_rows
  for each statement
  execute function etl_api.guard_inserts();
comment on trigger a_guard_insert on public.run_request is
  'A new row begins as "new"; its steps are written to state_history.';

drop trigger if exists a_guard_update on public.run_request;
create trigger a_guard_update
  after update on public.run_request
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.guard_transitions();
comment on trigger a_guard_update on public.run_request is
  'Only steps of etl_api.state_transition; each is written to state_history.';

drop trigger if exists a_guard_insert on public.delivery;
create trigger a_guard_insert
  after insert on public.delivery
  referencing new table as new_rows
  for each statement
  execute function etl_api.guard_inserts();
comment on trigger a_guard_insert on public.delivery is
  'A new row begins as "new"; its steps are written to state_history.';

drop trigger if exists a_guard_update on public.delivery;
create trigger a_guard_update
  after update on public.delivery
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.guard_transitions();
comment on trigger a_guard_update on public.delivery is
  'Only steps of etl_api.state_transition; each is written to state_history.';
-- end of source

-- source: sql/etl_api/watch/state_overview.sql
create or replace view etl_api.state_overview with (security_invoker = true) as
  select
    counted.entity,
    counted.state,
    counted.state_substate,
    counted.rows,
    counted.oldest_at,
    utils.now() - counted.oldest_at as oldest_age
  from (
    select 'workflow_request'::etl_api.entity_kind as entity, w.state::text as state, w.state_substate,
      pg_catalog.count(*) as rows, pg_catalog.min(w.created_at) as oldest_at
    from public.workflow_request as w
    where w.replay = 0
    group by w.state, w.state_substate
    union all
    select 'activity_request', a.state::text, a.state_substate, pg_catalog.count(*), pg_catalog.min(a.created_at)
    from public.activity_request as a
    group by a.state, a.state_substate
    union all
    select 'run_queue', q.state::text, q.state_substate, pg_catalog.count(*), pg_catalog.min(q.created_at)
    from public.run_queue as q
    group by q.state, q.state_substate
    union all
    select 'run_request', r.state::text, r.state_substate, pg_catalog.count(*), pg_catalog.min(r.created_at)
    from public.run_request as r
    group by r.state, r.state_substate
    union all
    select 'delivery', d.state::text, d.state_substate, pg_catalog.count(*), pg_catalog.min(d.created_at)
    from public.delivery as d
    group by d.state, d.state_substate
  ) as counted;

comment on view etl_api.state_overview is
  'How many rows of each table are in which state and substate, of those the reader may see; it counts whole tables.';
comment on column etl_api.state_overview.entity is 'The table.';
comment on column etl_api.state_overview.state is 'The state.';
comment on column etl_api.state_overview.state_substate is 'The substate; null when all is plain.';
comment on column etl_api.state_overview.rows is 'How many rows.';
comment on column etl_api.state_overview.oldest_at is 'When the oldest of them was made.';
comment on column etl_api.state_overview.oldest_age is 'How long ago that was.';

revoke all on etl_api.state_overview from public;
grant select on etl_api.state_overview to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/workflow_progress.sql
-- An activity is as far as its share of ended runs; a workflow is the mean of its activities. So a phase that has not
-- begun counts as nothing done, and runs that turn up late (the next source of a waterfall) can lower the figure.
create or replace view etl_api.workflow_progress with (security_invoker = true) as
  select
    w.id as workflow_request_id,
    w.org_id,
    w.state,
    w.state_substate,
    w.workflow_phase as phase,
    w.phase_count,
    coalesce(a.activities, '{}') as activities,
    coalesce(r.runs, '{}') as runs,
    coalesce(d.deliveries, '{}') as deliveries,
    done.percent,
    case when w.finished_at is null and done.percent > 0
      then (utils.now() - w.started_at) * ((100 - done.percent) / done.percent)::double precision
    end as eta,
    w.created_at,
    w.started_at,
    w.finished_at
  from public.workflow_request as w
  left join lateral (
    select pg_catalog.jsonb_object_agg(s.state, s.number) as activities,
      pg_catalog.sum(s.number) as number,
      pg_catalog.sum(s.share) as share
    from (
      select ar.state, pg_catalog.count(*) as number,
        pg_catalog.sum(case
          when ar.state in ('done', 'delivered', 'failed', 'timedout', 'invalid') then 1
          else coalesce(ran.share, 0)
        end) as share
      from public.activity_request as ar
      left join lateral (
        select pg_catalog.avg((q.state in ('done', 'delivered', 'failed', 'timedout', 'invalid'))::int) as share
        from public.run_queue as q
        where q.activity_request_id = ar.id
          and ar.state = 'in_progress'
      ) as ran on true
      where ar.workflow_request_id = w.id
      group by ar.state
    ) as s
  ) as a on true
  left join lateral (
    select pg_catalog.jsonb_object_agg(s.state, s.number) as runs
    from (
      select q.state, pg_catalog.count(*) as number
      from public.activity_request as ar
      join public.run_queue as q on q.activity_request_id = ar.id
      where ar.workflow_request_id = w.id
      group by q.state
    ) as s
  ) as r on true
  left join lateral (
    select pg_catalog.jsonb_object_agg(s.state, s.number) as deliveries
    from (
      select de.state, pg_catalog.count(*) as number
      from public.delivery as de
      where de.workflow_request_id = w.id
      group by de.state
    ) as s
  ) as d on true
  cross join lateral (
    select case
      when w.state in ('done', 'delivered', 'failed', 'timedout', 'invalid') then 100
      else pg_catalog.round(100 * coalesce(a.share / a.number, 0), 1)
    end as percent
  ) as done
  where w.replay = 0;

comment on view etl_api.workflow_progress is
  'How far each workflow request is, of those the reader may see.';
comment on column etl_api.workflow_progress.workflow_request_id is 'The workflow request.';
comment on column etl_api.workflow_progress.org_id is 'Its tenant.';
comment on column etl_api.workflow_progress.state is 'Its state.';
comment on column etl_api.workflow_progress.state_substate is 'Its substate.';
comment on column etl_api.workflow_progress.phase is 'The phase it is in; null before its first.';
comment on column etl_api.workflow_progress.phase_count is 'How many phases it has.';
comment on column etl_api.workflow_progress.activities is 'Number of its activity requests by state.';
comment on column etl_api.workflow_progress.runs is 'Number of its runs by state.';
comment on column etl_api.workflow_progress.deliveries is 'Number of its messages by state.';
comment on column etl_api.workflow_progress.percent is 'How much of it has ended, 0 to 100: the mean of its activities.';
comment on column etl_api.workflow_progress.eta is
  'How long the rest takes if it goes on at the pace so far; null before anything has ended, and afterwards.';
comment on column etl_api.workflow_progress.created_at is 'When it was inserted.';
comment on column etl_api.workflow_progress.started_at is 'When its first activity started.';
comment on column etl_api.workflow_progress.finished_at is 'When it ended.';

revoke all on etl_api.workflow_progress from public;
grant select on etl_api.workflow_progress to authenticated, service_role;
-- end of source

-- migrate:down
