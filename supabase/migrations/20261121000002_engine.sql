-- migrate:up
-- Written by `npm run migration` from the files under sql/.

-- Functions may name each other in a circle.
set local check_function_bodies = off;

-- source: sql/etl_api/access/check_activity_rules.sql
create or replace function etl_api.check_activity_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  select n.id, n.activity_type into fault
  from new_rows as n
  where not (select etl_api.activity_types()) ? n.activity_type
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('activity %s: activity_type: %s is unknown: known are %s', fault.id,
        pg_catalog.to_json(fault.activity_type),
        (select pg_catalog.string_agg(t.name, ', ' order by t.name)
         from pg_catalog.jsonb_object_keys(etl_api.activity_types()) as t (name))),
      hint = 'Correct this field; nothing of the statement was written.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_activity_rules() is
  'Refuses activities of a type that no function creates runs for. ETL07 with the field and a sentence.';

revoke execute on function etl_api.check_activity_rules() from public;
-- end of source

-- source: sql/etl_api/access/check_caller_org.sql
create or replace function etl_api.check_caller_org(org_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if org_id is null then
    raise exception using
      errcode = 'ETL04',
      message = 'org_id is null: it must be the id of an org',
      hint = 'Give the id of the org that would make the request.';
  elsif not etl_api.may_request(org_id) then
    -- Another org and no org at all look the same from outside.
    raise exception using
      errcode = 'ETL06',
      message = pg_catalog.format('you may not make requests of org %s', org_id),
      hint = 'An owner, admin or member of the org can do this.';
  elsif not exists (
    select 1
    from public.org as o
    where o.id = check_caller_org.org_id)
  then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no such org: %s', org_id),
      hint = 'Give the id of the org that would make the request.';
  end if;
end
$$;

comment on function etl_api.check_caller_org(uuid) is
  'Refuses a caller who may not make requests of the org: the first statement of doors that take an org. ETL04: null or no such org; ETL06: not the caller''s, or the caller only reads there.';

revoke execute on function etl_api.check_caller_org(uuid) from public;
-- end of source

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

-- source: sql/etl_api/access/check_mapping_org.sql
create or replace function etl_api.check_mapping_org() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  -- One function for two tables; see check_config_org.
  select n.id, s.name as source, coalesce(t.name, dt.name || '.' || d.name) as target into fault
  from (select null::uuid as object_type_id, null::uuid as datapoint_id) as absent
  cross join lateral (
    select id, org_id, source_id, object_type_id, datapoint_id
    from new_rows) as n
  join public.source as s on s.id = n.source_id
  left join public.object_type as t on t.id = n.object_type_id
  left join public.datapoint as d on d.id = n.datapoint_id
  left join public.object_type as dt on dt.id = d.object_type_id
  where n.org_id is not null
    and s.org_id is null
    and coalesce(t.org_id, d.org_id, dt.org_id) is null
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s would say for every org how %s of the shared source %s is read', tg_table_name, fault.id,
        fault.target, fault.source),
      hint = 'Where source and target are both shared, so is the mapping (org_id null). To read it in another way, insert a source of your own.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_mapping_org() is
  'Refuses a mapping of one org between a shared source and a shared type or datapoint: it would hold for all. ETL07.';

revoke execute on function etl_api.check_mapping_org() from public;
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

-- source: sql/etl_api/access/check_org_settings.sql
create or replace function etl_api.check_org_settings() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  select f.field, f.fault into fault
  from (
    values
      ('log_level', case when new.settings ->> 'log_level' not in ('debug', 'info', 'warn', 'error')
        or pg_catalog.jsonb_typeof(new.settings -> 'log_level') not in ('string', 'null')
        then 'debug, info, warn or error' end),
      ('webhook_secret_name', case when new.settings ->> 'webhook_secret_name' !~ '^[A-Za-z0-9_.-]+$'
        or pg_catalog.jsonb_typeof(new.settings -> 'webhook_secret_name') not in ('string', 'null')
        then 'a name of letters, digits, ".", "_" and "-"' end),
      ('monthly_budget', case when case pg_catalog.jsonb_typeof(new.settings -> 'monthly_budget')
          when 'number' then (new.settings ->> 'monthly_budget')::numeric < 0
          when 'null' then false
          else new.settings ? 'monthly_budget' end
        then 'a number from 0' end)
  ) as f (field, fault)
  where f.fault is not null
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s: settings.%s must be %s, not %s', tg_table_name, new.id, fault.field, fault.fault,
        pg_catalog."left"((new.settings -> fault.field)::text, 80)),
      hint = 'Correct this setting, or leave it out for its default; nothing of the statement was written.';
  end if;
  return new;
end
$$;

comment on function etl_api.check_org_settings() is
  'Refuses settings of an org that the engine could not use. ETL07 with the name and what it must be.';

revoke execute on function etl_api.check_org_settings() from public;
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
      ('rate_limit', utils.rate_limit_error(n.rate_limit)),
      ('retry_policy',
        etl_api.policy_error(n.retry_policy, '{max_attempts,base_seconds,factor,max_seconds,jitter}')),
      ('poll_policy', etl_api.policy_error(n.poll_policy, '{first_seconds,factor,max_seconds,max_polls}')),
      ('activity_types', (
        select pg_catalog.format('%s is unknown: known are %s', pg_catalog.to_json(given.name),
          (select pg_catalog.string_agg(known.name, ', ' order by known.name)
           from pg_catalog.jsonb_object_keys(etl_api.activity_types()) as known (name)))
        from unnest(n.activity_types) as given (name)
        where not (select etl_api.activity_types()) ? given.name
        limit 1))
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
  etl_api.traffic,
  etl_api.traffic_last,
  etl_api.usage_day,
  etl_api.usage_month,
  etl_api.org_count_delta,
  etl_api.data_quality_month,
  etl_api.data_quality_mark,
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
  etl_api.budget_used,
  etl_api.state_count,
  etl_api.state_duration,
  etl_api.traffic,
  etl_api.traffic_last,
  etl_api.usage_day,
  etl_api.usage_month,
  etl_api.data_quality_month,
  etl_api.org_count_delta,
  etl_api.roll_up_mark,
  etl_api.source_window,
  etl_api.advance_queue,
  etl_api.setting,
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
  etl_api.traffic,
  etl_api.traffic_last,
  etl_api.usage_day,
  etl_api.usage_month,
  etl_api.org_count_delta,
  etl_api.data_quality_month,
  etl_api.data_quality_mark,
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
  'What is wrong with a policy that consists of numbers (retry_policy, poll_policy); null when nothing is.';

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

-- source: sql/etl_api/access/trigger_check_mapping_org.sql
-- A tenant never decides how other tenants' answers and requests are read; see etl_api.check_mapping_org.

drop trigger if exists check_mapping_org_insert on public.object_source;
create trigger check_mapping_org_insert
  after insert on public.object_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_org();
comment on trigger check_mapping_org_insert on public.object_source is
  'What is shared on both sides is mapped for all by a shared row.';

drop trigger if exists check_mapping_org_update on public.object_source;
create trigger check_mapping_org_update
  after update on public.object_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_org();
comment on trigger check_mapping_org_update on public.object_source is
  'What is shared on both sides is mapped for all by a shared row.';

drop trigger if exists check_mapping_org_insert on public.datapoint_source;
create trigger check_mapping_org_insert
  after insert on public.datapoint_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_org();
comment on trigger check_mapping_org_insert on public.datapoint_source is
  'What is shared on both sides is mapped for all by a shared row.';

drop trigger if exists check_mapping_org_update on public.datapoint_source;
create trigger check_mapping_org_update
  after update on public.datapoint_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_org();
comment on trigger check_mapping_org_update on public.datapoint_source is
  'What is shared on both sides is mapped for all by a shared row.';
-- end of source

-- source: sql/etl_api/access/trigger_check_org_settings.sql
-- By row and by column, since the counters of the same row are written all the time and are none of its business.

drop trigger if exists check_org_settings on public.org;
create trigger check_org_settings
  before insert or update of settings on public.org
  for each row
  execute function etl_api.check_org_settings();
comment on trigger check_org_settings on public.org is
  'Settings are valid before the engine meets them.';
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

drop trigger if exists check_activity_rules_insert on public.activity;
create trigger check_activity_rules_insert
  after insert on public.activity
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_activity_rules();
comment on trigger check_activity_rules_insert on public.activity is
  'The type of an activity is known before a request names it.';

drop trigger if exists check_activity_rules_update on public.activity;
create trigger check_activity_rules_update
  after update on public.activity
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_activity_rules();
comment on trigger check_activity_rules_update on public.activity is
  'The type of an activity is known before a request names it.';

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

-- source: sql/etl_api/activities/activities_waited_for.sql
create or replace function etl_api.activities_waited_for(activity_request_id uuid) returns text[]
language sql stable
set search_path = ''
as $$
  select array(
    select before.activity_key
    from public.activity_request as ar
    join public.activity_request as before
      on before.workflow_request_id = ar.workflow_request_id
      and before.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
      and (before.workflow_phase < ar.workflow_phase or exists (
        select 1
        from public.activity_dependency as d
        where d.activity_request_id = ar.id
          and d.depends_on_id = before.id))
    where ar.id = activities_waited_for.activity_request_id
    order by before.workflow_phase, before.activity_key)
$$;

comment on function etl_api.activities_waited_for(uuid) is
  'The keys of the open activities that an activity request waits for: those of earlier phases and those whose objects it takes.';

revoke execute on function etl_api.activities_waited_for(uuid) from public;
-- end of source

-- source: sql/etl_api/activities/activities_without_open_runs.sql
create or replace function etl_api.activities_without_open_runs(activity_request_ids uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  -- offset 0 keeps a look-up by key from becoming a join, whatever the planner thinks of the size of a table.
  return (
    select pg_catalog.array_agg(distinct i.id order by i.id)
    from unnest(activity_request_ids) as i (id)
    cross join lateral (
      select ar.state
      from public.activity_request as ar
      where ar.id = i.id
      offset 0
    ) as ar
    where ar.state = 'in_progress'
      and not exists (
        select 1
        from public.run_queue as q
        where q.activity_request_id = i.id
          and q.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
        offset 0));
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
      when found.failed > 0 and found.done = 0 and found.objects = 0 then 'failed'
      when ar.result_role = 'input' and found.failed > 0 and found.done = 0 and found."values" = 0 then 'failed'
      when ar.result_role = 'input' and found.objects = 0 and ar.errors is not null then 'failed'
      else 'done'
    end::public.activity_request_state,
    case
      when found.failed > 0 and found.done = 0 and (found.objects = 0 or (ar.result_role = 'input' and found."values" = 0))
        then 'all_runs_failed'
      when found.objects = 0 and ar.result_role = 'input' and ar.errors is not null then 'missing_value'
      when found.objects = 0 then 'no_objects'
      when found.missing > 0 or ar.errors is not null or (ar.result_role = 'result' and found.failed > 0) then 'partial'
    end
  from unnest(activity_request_ids) as i (id)
  cross join lateral (
    select ending.id, ending.result_role, ending.errors
    from public.activity_request as ending
    where ending.id = i.id
    offset 0
  ) as ar
  cross join lateral (
    select (r.summary ->> 'objects')::bigint as objects,
      (r.summary ->> 'values')::bigint as "values",
      (r.summary ->> 'missing')::bigint as missing,
      coalesce((r.summary #>> '{runs,done}')::bigint, 0) as done,
      coalesce((r.summary #>> '{runs,failed}')::bigint, 0) + coalesce((r.summary #>> '{runs,invalid}')::bigint, 0)
        + coalesce((r.summary #>> '{runs,timedout}')::bigint, 0) as failed
    from public.activity_result as r
    where r.activity_request_id = i.id
    offset 0
  ) as found;
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
  moment constant timestamptz := utils.now();
  over_ids constant uuid[] := etl_api.activities_without_open_runs(activity_request_ids);
  ended record;
begin
  if over_ids is null then
    return;
  end if;
  perform etl_api.reconstruct_values_to_activity_requests(over_ids);

  select pg_catalog.array_agg(e.activity_request_id) as ids, pg_catalog.array_agg(e.state) as states,
    pg_catalog.array_agg(e.substate) as substates
  into ended
  from etl_api.activity_ends(over_ids) as e;

  update public.activity_request as ar
  set state = e.state,
      state_via = null,
      state_substate = e.substate,
      finished_at = moment
  from (
    select t.*
    from unnest(ended.ids, ended.states, ended.substates) as t (id, state, substate)
    -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
    limit pg_catalog.cardinality(ended.ids)
  ) as e
  where ar.id = e.id;

  perform etl_api.deliver_activity_results(over_ids);
  perform etl_api.advance_workflows(array(
    select distinct ar.workflow_request_id
    from unnest(over_ids) as i (id)
    -- By key: in the order of another index the planner would read all of them.
    cross join lateral (
      select known.workflow_request_id
      from public.activity_request as known
      where known.id = i.id
      offset 0
    ) as ar));
end
$$;

comment on function etl_api.advance_activities(uuid[]) is
  'Moves on those of these activity requests whose runs have all ended: rebuilds the result, ends the activity, queues its messages and moves its workflow on. The caller holds the workflow locks and has created the runs that are needed next.';

revoke execute on function etl_api.advance_activities(uuid[]) from public;
grant execute on function etl_api.advance_activities(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/advance_noted_activities.sql
create or replace function etl_api.advance_noted_activities(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  half constant int := pg_catalog.cardinality(activity_request_ids) / 2;
  fault_state text;
  fault_message text;
begin
  perform etl_api.lock_activity_workflows(activity_request_ids);
  perform etl_api.create_run(activity_request_ids);
  perform etl_api.advance_activities(activity_request_ids);
exception when others then
  get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
  if etl_api.fault_passes(fault_state) then
    raise;
  end if;
  -- All locks at once again, in their order, before the parts take theirs.
  perform etl_api.lock_activity_workflows(activity_request_ids);
  if half > 0 then
    perform etl_api.advance_noted_activities(activity_request_ids[1 : half]);
    perform etl_api.advance_noted_activities(activity_request_ids[half + 1 :]);
  else
    perform etl_api.refuse_activity(activity_request_ids[1], fault_state, fault_message);
  end if;
end
$$;

comment on function etl_api.advance_noted_activities(uuid[]) is
  'Creates the runs that activity requests need next, or ends them. When that fails, it halves them until the one that raises stands alone, ends that as failed (internal_error) and moves the others on.';

revoke execute on function etl_api.advance_noted_activities(uuid[]) from public;
grant execute on function etl_api.advance_noted_activities(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/advance_waiting_activities.sql
create or replace function etl_api.advance_waiting_activities(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  failed_ids uuid[];
  skipped_ids uuid[];
  start_ids uuid[];
begin
  select
    pg_catalog.array_agg(v.activity_request_id) filter (where v.verdict = 'fail'),
    pg_catalog.array_agg(v.activity_request_id) filter (where v.verdict = 'skip'),
    pg_catalog.array_agg(v.activity_request_id) filter (where v.verdict = 'start')
  into failed_ids, skipped_ids, start_ids
  from etl_api.waiting_verdicts(workflow_request_ids) as v;

  if failed_ids is not null then
    perform etl_api.drop_waiting_activities(failed_ids);
  end if;
  if skipped_ids is not null then
    perform etl_api.skip_waiting_activities(skipped_ids);
  end if;
  if start_ids is not null then
    perform etl_api.start_waiting_activities(start_ids);
  end if;
end
$$;

comment on function etl_api.advance_waiting_activities(uuid[]) is
  'One round of advance_workflows: ends, skips and starts the waiting activity requests of workflow requests of which that can be said now. What ends leads to a further round.';

revoke execute on function etl_api.advance_waiting_activities(uuid[]) from public;
grant execute on function etl_api.advance_waiting_activities(uuid[]) to service_role;
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
  noted constant text := pg_catalog.current_setting('etl.advancing', true);
  ids uuid[];
  all_ids uuid[] := '{}'::uuid[];
begin
  -- What starts here may end at once and call this again. Such a call only leaves a note, so that a chain of a thousand
  -- activities is a thousand rounds and not a thousand levels.
  if noted <> '' then
    perform pg_catalog.set_config('etl.advancing', (noted::uuid[] || workflow_request_ids)::text, true);
    return;
  end if;

  ids := workflow_request_ids;
  loop
    select pg_catalog.array_agg(distinct w.id) into ids
    from unnest(ids) as i (id)
    -- By key: the index of the open ones would lead through all of them.
    cross join lateral (
      select moving.id, moving.state
      from public.workflow_request as moving
      where moving.id = i.id
        and moving.replay = 0
      offset 0
    ) as w
    where w.state = 'in_progress';
    exit when ids is null;
    all_ids := all_ids || ids;
    perform pg_catalog.set_config('etl.advancing', '{}', true);
    perform etl_api.advance_waiting_activities(ids);
    ids := pg_catalog.current_setting('etl.advancing')::uuid[];
    exit when ids = '{}';
  end loop;
  perform pg_catalog.set_config('etl.advancing', '', true);
  if all_ids <> '{}' then
    perform etl_api.end_workflows(all_ids);
  end if;
end
$$;

comment on function etl_api.advance_workflows(uuid[]) is
  'Moves workflow requests on until nothing more can be done at once: ends the activities that cannot start any more, starts those whose phase and dependencies are over, and ends the workflow requests whose activities have all ended. The caller holds the workflow locks.';

revoke execute on function etl_api.advance_workflows(uuid[]) from public;
grant execute on function etl_api.advance_workflows(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/dependency_error.sql
create or replace function etl_api.dependency_error(activity_request_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'code', case when why.skips then 'dependency_skipped' else 'dependency_failed' end,
    'path', etl_api.json_path('data', before.activity_key),
    'found', case when why.was_skipped then 'skipped' else before.state::text end,
    'message', pg_catalog.format('This activity takes the objects of %s, which %s.', before.activity_key,
      case when why.was_skipped then 'was skipped' else 'ended as ' || before.state end),
    'hint', case when why.skips then 'It was skipped because on_failure of what it depends on says so.'
      else pg_catalog.format('Retry %s, then this one.', before.activity_key) end)
  from public.activity_dependency as d
  join public.activity_request as before on before.id = d.depends_on_id
  cross join lateral (
    select
      before.state in ('done', 'delivered') as was_skipped,
      before.state in ('done', 'delivered') or before.on_failure = 'skip' as skips
  ) as why
  where d.activity_request_id = dependency_error.activity_request_id
    -- As in waiting_verdicts: done without a start is skipped.
    and (before.state in ('failed', 'timedout', 'invalid') and before.on_failure <> 'continue'
      or before.state in ('done', 'delivered') and before.started_at is null)
  order by why.skips, before.activity_key
  limit 1
$$;

comment on function etl_api.dependency_error(uuid) is
  'Which activity an activity request waited for in vain: {code, path, found, message, hint}; one that fails it goes before one that skips it.';

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

  perform etl_api.advance_noted_activities(activity_ids);
  return pg_catalog.cardinality(activity_ids);
end
$$;

comment on function etl_api.drain_advance_queue(int) is
  'Looks again at the activity requests noted in advance_queue: creates the runs they need next, or ends them; see advance_noted_activities. Returns how many.';

revoke execute on function etl_api.drain_advance_queue(int) from public;
grant execute on function etl_api.drain_advance_queue(int) to service_role;
-- end of source

-- source: sql/etl_api/activities/drop_waiting_activities.sql
create or replace function etl_api.drop_waiting_activities(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.activity_request as ar
  set state = 'invalid',
      state_via = null,
      state_substate = 'dependency_failed',
      errors = pg_catalog.jsonb_build_array(etl_api.dependency_error(ar.id)),
      finished_at = utils.now()
  -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
  from (select given.id from unnest(activity_request_ids) as given (id) limit pg_catalog.cardinality(activity_request_ids)) as i
  where ar.id = i.id
    and ar.state = 'waiting';
  perform etl_api.deliver_activity_results(activity_request_ids);
  perform etl_api.advance_workflows(array(
    select distinct ar.workflow_request_id
    from unnest(activity_request_ids) as i (id)
    -- By key: in the order of another index the planner would read all of them.
    cross join lateral (
      select ended.workflow_request_id
      from public.activity_request as ended
      where ended.id = i.id
      offset 0
    ) as ar));
end
$$;

comment on function etl_api.drop_waiting_activities(uuid[]) is
  'Ends activity requests as invalid because one they depend on failed, and queues their messages.';

revoke execute on function etl_api.drop_waiting_activities(uuid[]) from public;
grant execute on function etl_api.drop_waiting_activities(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/end_workflows.sql
create or replace function etl_api.end_workflows(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  ended record;
begin
  select pg_catalog.array_agg(w.id) as ids,
    pg_catalog.array_agg(case when a.done > 0 then 'done' else 'failed' end::public.workflow_request_state) as states,
    pg_catalog.array_agg(case
      when a.done = 0 then 'all_activities_failed'
      when a.done < a.count or a.partial > 0 then 'partial'
    end) as substates
  into ended
  from (
    select ar.workflow_request_id,
      pg_catalog.count(*) as count,
      -- What was skipped is done, but has no start: see waiting_verdicts.
      pg_catalog.count(*) filter (where ar.state in ('done', 'delivered') and ar.started_at is not null) as done,
      pg_catalog.count(*) filter (where ar.state in ('done', 'delivered') and ar.state_substate = 'partial') as partial,
      pg_catalog.count(*) filter (where ar.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')) as open
    from public.activity_request as ar
    where ar.workflow_request_id = any (workflow_request_ids)
    group by ar.workflow_request_id
  ) as a
  -- By key: the index of the open ones would lead through all of them.
  cross join lateral (
    select ending.id, ending.state
    from public.workflow_request as ending
    where ending.id = a.workflow_request_id
      and ending.replay = 0
    offset 0
  ) as w
  where a.open = 0
    and w.state = 'in_progress';
  if ended.ids is null then
    return;
  end if;

  update public.workflow_request as w
  set state = e.state,
      state_via = null,
      state_substate = e.substate,
      finished_at = moment
  from (
    select t.*
    from unnest(ended.ids, ended.states, ended.substates) as t (id, state, substate)
    -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
    limit pg_catalog.cardinality(ended.ids)
  ) as e
  where w.id = e.id
    and w.replay = 0;
  perform etl_api.deliver_workflow_results(ended.ids);
  perform etl_api.settle_deliveries(ended.ids);
end
$$;

comment on function etl_api.end_workflows(uuid[]) is
  'Ends the workflow requests whose activities have all ended: done when at least one is and was not skipped (partial when not all, or not wholly), else failed; queues their messages. The caller holds the workflow locks.';

revoke execute on function etl_api.end_workflows(uuid[]) from public;
grant execute on function etl_api.end_workflows(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/find_input_objects.sql
create or replace function etl_api.find_input_objects(activity_request_ids uuid[])
returns table (
  activity_request_id uuid, org_id uuid, max_objects int, object_type_id uuid, natural_key jsonb, object jsonb, path text[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Where the objects sit is one question for all that ask the same sources about the same type.
  return query
  select ar.id, asked.org_id, ar.max_objects, m.object_type_id,
    etl_api.natural_key(t.key_datapoints, o.raw || o.object), o.raw || o.object, o.path
  from (
    select a.org_id, a.source_ids, a.type_id, pg_catalog.array_agg(a.id) as ids,
      pg_catalog.array_agg(a.workflow_request_id) as workflow_request_ids, pg_catalog.array_agg(a.max_objects) as limits
    from unnest(activity_request_ids) as i (id)
    cross join lateral (
      select r.id, r.org_id, r.workflow_request_id, r.source_ids, r.max_objects,
        case when r.result_role = 'input' then r.object_type_id end as type_id
      from public.activity_request as r
      where r.id = i.id
      offset 0
    ) as a
    where not exists (
      select 1
      from public.activity_dependency as d
      where d.activity_request_id = i.id
      offset 0)
    group by a.org_id, a.source_ids, a.type_id
    offset 0
  ) as asked
  cross join lateral etl_api.input_mappings(asked.org_id, asked.source_ids, asked.type_id)
    with ordinality as m (object_type_id, key_mapping_json, place)
  cross join lateral (
    select r.key_datapoints
    from public.object_type as r
    where r.id = m.object_type_id
    offset 0
  ) as t
  cross join lateral unnest(asked.ids, asked.workflow_request_ids, asked.limits) as ar (id, workflow_request_id, max_objects)
  cross join lateral (
    select r.data
    from public.workflow_request as r
    where r.id = ar.workflow_request_id
      and r.org_id = asked.org_id
      and r.replay = 0
    offset 0
  ) as w
  cross join lateral utils.jsonb_resolve_object_names(w.data, m.key_mapping_json)
    with ordinality as o (object, path, raw, place)
  order by ar.id, m.place, o.place;
end
$$;

comment on function etl_api.find_input_objects(uuid[]) is
  'The objects in the data of activity requests'' own requests, where the input mappings say they are (see input_mappings): of the type that an activity asks about, or of every type where it searches; in order. Those that take another activity''s objects have none. natural_key is null when a part of the key is missing.';

revoke execute on function etl_api.find_input_objects(uuid[]) from public;
grant execute on function etl_api.find_input_objects(uuid[]) to service_role;
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

-- source: sql/etl_api/activities/keyless_fault.sql
create or replace function etl_api.keyless_fault(object_type_id uuid, object jsonb, path text[]) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'code', 'missing_value',
    'path', etl_api.path_text(pg_catalog.to_jsonb(path)),
    'found', object,
    'message', pg_catalog.format('This %s has no key: it needs %s.', t.name,
      pg_catalog.array_to_string(t.key_datapoints, ' and ')),
    'hint', 'Give each of them a text, number or boolean.')
  from public.object_type as t
  where t.id = keyless_fault.object_type_id
$$;

comment on function etl_api.keyless_fault(uuid, jsonb, text[]) is
  'What is wrong with an object of a request that has no natural key.';

revoke execute on function etl_api.keyless_fault(uuid, jsonb, text[]) from public;
grant execute on function etl_api.keyless_fault(uuid, jsonb, text[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/lock_activity_workflows.sql
create or replace function etl_api.lock_activity_workflows(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.lock_workflows(array(
    select distinct ar.workflow_request_id
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)));
end
$$;

comment on function etl_api.lock_activity_workflows(uuid[]) is
  'Locks the workflow requests that activity requests belong to; see lock_workflows.';

revoke execute on function etl_api.lock_activity_workflows(uuid[]) from public;
grant execute on function etl_api.lock_activity_workflows(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/natural_key.sql
create or replace function etl_api.natural_key(key_datapoints text[], object jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  key jsonb := '{}'::jsonb;
  name text;
  part jsonb;
begin
  -- plpgsql, since its simple expressions are evaluated without an executor; this runs once per object.
  foreach name in array coalesce(key_datapoints, '{}') loop
    part := case pg_catalog.jsonb_typeof(object -> name)
      when 'string' then pg_catalog.to_jsonb(nullif(
        pg_catalog.lower(pg_catalog.btrim(pg_catalog.normalize(object ->> name, 'NFC'), E' \t\r\n')), ''))
      when 'number' then pg_catalog.to_jsonb(pg_catalog.trim_scale((object ->> name)::numeric))
      when 'boolean' then object -> name
    end;
    -- One member missing, and there is no key: an object known by half a key would merge with others.
    if part is null then
      return null;
    end if;
    key := key || pg_catalog.jsonb_build_object(name, part);
  end loop;
  return nullif(key, '{}');
end
$$;

comment on function etl_api.natural_key(text[], jsonb) is
  'The natural key of an object: {datapoint: value}, text trimmed, lower-case and in NFC, so that two spellings are one object; what is lower-case follows the locale of the database. Null when a part is missing, empty or not a scalar.';

revoke execute on function etl_api.natural_key(text[], jsonb) from public;
grant execute on function etl_api.natural_key(text[], jsonb) to service_role;
-- end of source

-- source: sql/etl_api/activities/path_text.sql
create or replace function etl_api.path_text(path jsonb) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return (
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
      with ordinality as e (value, place));
end
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
  moment constant timestamptz := utils.now();
  started_ids uuid[];
begin
  -- The limit tells the planner of a few rows at most: they are looked up by their key, and never joined to a scan.
  with started as (
    update public.activity_request as ar
    set state = 'in_progress',
        state_substate = null,
        state_via = null,
        errors = null,
        started_at = moment,
        finished_at = null,
        timeout_at = moment + etl_api.time_limit(ar.config, 'activity_timeout_seconds')
    from (select t.id from unnest(activity_request_ids) as t (id) limit pg_catalog.cardinality(activity_request_ids)) as i
    where ar.id = i.id
      and ar.state = 'ready'
    returning ar.id
  )
  select pg_catalog.array_agg(s.id order by s.id) into started_ids
  from started as s;
  if started_ids is not null then
    perform etl_api.start_activity_requests(started_ids);
  end if;
end
$$;

comment on function etl_api.process_activity_requests(uuid[]) is
  'Sets activity requests that are ready to work; see start_activity_requests. The caller holds the workflow locks.';

revoke execute on function etl_api.process_activity_requests(uuid[]) from public;
grant execute on function etl_api.process_activity_requests(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/refuse_activity.sql
create or replace function etl_api.refuse_activity(activity_request_id uuid, fault_state text, fault_message text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.end_activities(array[activity_request_id], 'failed', 'internal_error',
    pg_catalog.format('The engine could not move it on: %s (%s).', fault_message, fault_state));
  perform etl_api.advance_workflows(array(
    select ar.workflow_request_id
    from public.activity_request as ar
    where ar.id = activity_request_id));
  perform etl_api.logger('error', 'activities', 'An activity could not be moved on.',
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message), null, 'activity_request', activity_request_id);
exception when others then
  if etl_api.fault_passes(sqlstate) then
    raise;
  end if;
  -- Its note is gone; it is looked at again when it is over its time.
  perform etl_api.logger_stuck('activities', 'An activity could be neither moved on nor ended.', 'activity_request',
    activity_request_id, fault_state, fault_message);
end
$$;

comment on function etl_api.refuse_activity(uuid, text, text) is
  'Ends an activity request that made the engine raise when it was to be moved on, as failed (internal_error), with all below it, and moves its workflow on. One that cannot be ended either stays as it is, in the log. The caller holds the workflow lock.';

revoke execute on function etl_api.refuse_activity(uuid, text, text) from public;
grant execute on function etl_api.refuse_activity(uuid, text, text) to service_role;
-- end of source

-- source: sql/etl_api/activities/refuse_input_objects.sql
create or replace function etl_api.refuse_input_objects(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  pairs record;
begin
  -- A retry decides anew: by what is known now, and by the guardrails as they are now.
  delete from public.guardrail_refusal as r
  where r.activity_request_id = any (activity_request_ids)
    and r.stage = 'before_run';
  if not etl_api.has_factors(activity_request_ids, true) then
    return;
  end if;

  select pg_catalog.array_agg(ao.activity_request_id order by ao.ordinal) as activity_request_ids,
    pg_catalog.array_agg(ao.object_id order by ao.ordinal) as object_ids
  into pairs
  from public.activity_object as ao
  where ao.activity_request_id = any (activity_request_ids)
    and ao.role = 'input';
  perform 1 from etl_api.refuse_objects(pairs.activity_request_ids, pairs.object_ids, null, 'before_run');
end
$$;

comment on function etl_api.refuse_input_objects(uuid[]) is
  'Holds the input objects of activity requests against their guardrails before runs are made: what is refused here gets none.';

revoke execute on function etl_api.refuse_input_objects(uuid[]) from public;
grant execute on function etl_api.refuse_input_objects(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/skip_waiting_activities.sql
create or replace function etl_api.skip_waiting_activities(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- One that ran before and was retried may have objects; skipped, it has none.
  delete from public.activity_object as ao
  where ao.activity_request_id = any (activity_request_ids);

  update public.activity_request as ar
  set state = 'done',
      state_via = '{ready,in_progress}',
      state_substate = 'skipped',
      errors = pg_catalog.jsonb_build_array(etl_api.dependency_error(ar.id)),
      started_at = null,
      finished_at = utils.now()
  -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
  from (select given.id from unnest(activity_request_ids) as given (id) limit pg_catalog.cardinality(activity_request_ids)) as i
  where ar.id = i.id
    and ar.state = 'waiting';
  perform etl_api.reconstruct_values_to_activity_requests(activity_request_ids);
  perform etl_api.deliver_activity_results(activity_request_ids);
  perform etl_api.advance_workflows(array(
    select distinct ar.workflow_request_id
    from unnest(activity_request_ids) as i (id)
    -- By key: in the order of another index the planner would read all of them.
    cross join lateral (
      select ended.workflow_request_id
      from public.activity_request as ended
      where ended.id = i.id
      offset 0
    ) as ar));
end
$$;

comment on function etl_api.skip_waiting_activities(uuid[]) is
  'Ends activity requests as done, skipped, with an empty result, because one they depend on failed and says that they are skipped; queues their messages.';

revoke execute on function etl_api.skip_waiting_activities(uuid[]) from public;
grant execute on function etl_api.skip_waiting_activities(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/start_activity_requests.sql
create or replace function etl_api.start_activity_requests(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  fault_ids uuid[];
  faults jsonb[];
begin
  select pg_catalog.array_agg(f.activity_request_id), pg_catalog.array_agg(f.faults) into fault_ids, faults
  from etl_api.store_input_objects(activity_request_ids) as f;
  if fault_ids is not null then
    update public.activity_request as ar
    set errors = f.faults
    from (select * from unnest(fault_ids, faults) as t (id, faults) limit pg_catalog.cardinality(fault_ids)) as f
    where ar.id = f.id;
  end if;
  perform etl_api.take_dependency_objects(activity_request_ids);
  perform etl_api.refuse_input_objects(activity_request_ids);
  perform etl_api.create_run(activity_request_ids);
  perform etl_api.advance_activities(activity_request_ids);
end
$$;

comment on function etl_api.start_activity_requests(uuid[]) is
  'Begins the work of activity requests that have just been set in progress: reads and stores their input objects, holds them against the guardrails, creates the runs that are needed, and ends at once those that need none. The caller holds the workflow locks.';

revoke execute on function etl_api.start_activity_requests(uuid[]) from public;
grant execute on function etl_api.start_activity_requests(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/start_waiting_activities.sql
create or replace function etl_api.start_waiting_activities(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.workflow_request as w
  set workflow_phase = s.phase
  from (
    select ar.workflow_request_id, pg_catalog.min(ar.workflow_phase) as phase
    from unnest(activity_request_ids) as i (id)
    cross join lateral (
      select starting.workflow_request_id, starting.workflow_phase
      from public.activity_request as starting
      where starting.id = i.id
      offset 0
    ) as ar
    group by ar.workflow_request_id
    -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
    limit pg_catalog.cardinality(activity_request_ids)
  ) as s
  where w.id = s.workflow_request_id
    and w.replay = 0
    and w.workflow_phase is distinct from s.phase;

  -- trg_process_activity_request starts what becomes ready.
  update public.activity_request as ar
  set state = 'ready',
      state_via = null,
      state_substate = null
  from (select given.id from unnest(activity_request_ids) as given (id) limit pg_catalog.cardinality(activity_request_ids)) as i
  where ar.id = i.id
    and ar.state = 'waiting';
end
$$;

comment on function etl_api.start_waiting_activities(uuid[]) is
  'Makes activity requests ready whose phase has come and whose dependencies have ended, and with that starts them. The caller holds the workflow locks.';

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
  found_in record;
  object_ids uuid[];
begin
  -- From the request's data, for activities that take no other activity's objects.
  select
    pg_catalog.array_agg(f.activity_request_id) filter (where f.natural_key is not null) as activity_ids,
    pg_catalog.array_agg(f.org_id) filter (where f.natural_key is not null) as org_ids,
    pg_catalog.array_agg(f.max_objects) filter (where f.natural_key is not null) as limits,
    pg_catalog.array_agg(f.object_type_id) filter (where f.natural_key is not null) as type_ids,
    pg_catalog.array_agg(f.natural_key) filter (where f.natural_key is not null) as natural_keys,
    pg_catalog.array_agg(f.object) filter (where f.natural_key is not null) as objects,
    pg_catalog.array_agg(f.activity_request_id) filter (where f.natural_key is null) as fault_ids,
    pg_catalog.array_agg(etl_api.keyless_fault(f.object_type_id, f.object, f.path)) filter (where f.natural_key is null) as faults
  into found_in
  from etl_api.find_input_objects(activity_request_ids) as f;

  object_ids := (etl_api.store_objects(found_in.org_ids, found_in.type_ids, found_in.natural_keys)).object_ids;

  insert into public.activity_object (org_id, activity_request_id, role, object_id)
  select linked.org_id, linked.activity_request_id, 'input', linked.object_id
  from (
    select t.org_id, t.activity_id as activity_request_id, t.max_objects, t.object_id, pg_catalog.min(t.ordinal) as ordinal,
      pg_catalog.row_number() over (partition by t.activity_id order by pg_catalog.min(t.ordinal)) as place
    from unnest(found_in.org_ids, found_in.activity_ids, found_in.limits, object_ids)
      with ordinality as t (org_id, activity_id, max_objects, object_id, ordinal)
    group by t.org_id, t.activity_id, t.max_objects, t.object_id
  ) as linked
  where linked.max_objects is null
     or linked.place <= linked.max_objects
  order by linked.ordinal
  on conflict do nothing;

  perform etl_api.store_input_values(found_in.org_ids, found_in.type_ids, object_ids, found_in.objects);

  return query
  select f.id, pg_catalog.jsonb_agg(f.fault)
  from unnest(found_in.fault_ids, found_in.faults) as f (id, fault)
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
  if not exists (
    select 1
    from public.activity_dependency as d
    where d.activity_request_id = any (activity_request_ids))
  then
    return;
  end if;

  -- What one results in is what it took, as an enrichment does, or what it found.
  insert into public.activity_object (org_id, activity_request_id, role, object_id)
  select taken.org_id, taken.id, 'input', taken.object_id
  from (
    select ar.org_id, ar.id, ar.max_objects, ao.object_id, pg_catalog.min(ao.ordinal) as ordinal,
      pg_catalog.row_number() over (partition by ar.id order by pg_catalog.min(ao.ordinal)) as place
    from unnest(activity_request_ids) as i (id)
    join public.activity_request as ar on ar.id = i.id
    join public.activity_dependency as d on d.activity_request_id = ar.id
    join public.activity_request as before on before.id = d.depends_on_id
    -- Never the other way round, through the objects of everybody: offset 0 keeps the look-up from becoming a join.
    cross join lateral (
      select kept.object_id, kept.ordinal
      from public.activity_object as kept
      where kept.activity_request_id = before.id
        and kept.role = before.result_role
      offset 0
    ) as ao
    join public.object as o
      on o.id = ao.object_id
      and (ar.result_role = 'result' or o.object_type_id = ar.object_type_id)
    group by ar.org_id, ar.id, ar.max_objects, ao.object_id
  ) as taken
  where taken.max_objects is null
     or taken.place <= taken.max_objects
  order by taken.ordinal
  on conflict do nothing;
end
$$;

comment on function etl_api.take_dependency_objects(uuid[]) is
  'Links the objects of the activities that these depend on as their input; one that asks about them takes those of its own type; each at most max_objects.';

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

-- source: sql/etl_api/activities/waiting_verdicts.sql
create or replace function etl_api.waiting_verdicts(workflow_request_ids uuid[])
returns table (activity_request_id uuid, verdict text)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
-- A plan may have been made while the tables were empty. What is read once meets itself by hash, whatever is thought of
-- its number; edges are looked up by key, since offset 0 leaves nothing else.
set enable_hashjoin = on
set enable_nestloop = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  -- A failure that fails what follows is known at once. Whether something is skipped only when all it waits for is
  -- over, because one of these may still fail it. Phases wait for phases, whatever became of them.
  return query
  with all_of as materialized (
    select ar.id, ar.state = 'waiting' as waits, ar.workflow_phase,
      pg_catalog.min(ar.workflow_phase) filter (where ar.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))
        over (partition by ar.workflow_request_id) as first_phase,
      -- What is done without a start was skipped; its substate may tell of a failed delivery instead.
      case
        when ar.state in ('done', 'delivered') then case when ar.started_at is null then 'skip' else 'go' end
        when ar.state in ('failed', 'timedout', 'invalid') then ar.on_failure
        else 'wait'
      end as effect
    from public.activity_request as ar
    where ar.workflow_request_id = any (workflow_request_ids)
  ), edge as materialized (
    select o.id, o.workflow_phase > o.first_phase as early, d.depends_on_id
    from all_of as o
    left join lateral (
      select d.depends_on_id
      from public.activity_dependency as d
      where d.activity_request_id = o.id
      offset 0
    ) as d on true
    where o.waits
  ), effects as (
    select edge.id, edge.early, pg_catalog.array_agg(b.effect) as before
    from edge
    left join all_of as b on b.id = edge.depends_on_id
    group by edge.id, edge.early
  )
  select e.id,
    case
      when 'fail' = any (e.before) then 'fail'
      when 'wait' = any (e.before) then 'wait'
      when 'skip' = any (e.before) then 'skip'
      when e.early then 'wait'
      else 'start'
    end
  from effects as e;
end
$$;

comment on function etl_api.waiting_verdicts(uuid[]) is
  'What can be said of the waiting activity requests of workflow requests: fail (one it depends on failed and says so), skip (one was skipped, or failed and says so), start, or wait.';

revoke execute on function etl_api.waiting_verdicts(uuid[]) from public;
grant execute on function etl_api.waiting_verdicts(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/alerts/alert_figures.sql
create or replace function etl_api.alert_figures(rule_ids uuid[])
returns table (rule_id uuid, org_id uuid, source_id uuid, value numeric, message text)
language plpgsql stable
set search_path = ''
set jit = off
as $$
#variable_conflict use_column
begin
  return query
  select r.id, r.org_id, null::uuid, f.rows::numeric,
    pg_catalog.format(case f.rows when 1 then '%s row is over its time.' else '%s rows are over their time.' end, f.rows)
  from etl_api.alert_rule as r
  cross join lateral (select etl_api.alert_stuck(r.org_id) as rows) as f
  where r.id = any (rule_ids)
    and r.kind = 'stuck'
  union all
  select r.id, r.org_id, r.source_id, f.seconds,
    case when f.seconds = 0 then 'No run waits that is due.' else
      pg_catalog.format('The run that is due longest%s waits for %s s.', ' at ' || s.name, f.seconds) end
  from etl_api.alert_rule as r
  left join public.source as s on s.id = r.source_id
  cross join lateral (
    select pg_catalog.floor(coalesce(pg_catalog.date_part('epoch', utils.now() - pg_catalog.min(k.oldest_at)), 0))::numeric as seconds
    from etl_api.alert_queues(r.org_id, r.source_id) as k) as f
  where r.id = any (rule_ids)
    and r.kind = 'queue_age'
  union all
  select r.id, r.org_id, r.source_id, coalesce(pg_catalog.round(f.failed::numeric / nullif(f.ended, 0), 4), 0),
    pg_catalog.format('%s of %s runs%s that ended in the last %s s failed.', f.failed, f.ended, ' of ' || s.name, r.window_seconds)
  from etl_api.alert_rule as r
  left join public.source as s on s.id = r.source_id
  cross join lateral etl_api.alert_runs(
    r.org_id, r.source_id, utils.now() - pg_catalog.make_interval(secs => r.window_seconds)) as f
  where r.id = any (rule_ids)
    and r.kind = 'failure_rate'
  union all
  select r.id, r.org_id, f.source_id, pg_catalog.round(f.failures / nullif(f.answers, 0), 4),
    pg_catalog.format('%s of %s HTTP requests to %s in the last %s s failed.', f.failures, f.answers, s.name, r.window_seconds)
  from etl_api.alert_rule as r
  cross join lateral (
    select a.source_id, pg_catalog.sum(a.failures) as failures, pg_catalog.sum(a.answers) as answers
    from etl_api.answers as a
    where a.org_id = r.org_id
      and a.source_id is not null
      and (r.source_id is null or a.source_id = r.source_id)
      -- What is counted by five minutes is counted in full when a part of them lies in the window.
      and a.slot > utils.now() - pg_catalog.make_interval(secs => r.window_seconds + 300)
    group by a.source_id
  ) as f
  join public.source as s on s.id = f.source_id
  where r.id = any (rule_ids)
    and r.kind = 'source_down';
end
$$;

comment on function etl_api.alert_figures(uuid[]) is
  'The figures of alert rules as they are now, each with a sentence; a rule for source_down that names no source has one for each that was asked.';

revoke execute on function etl_api.alert_figures(uuid[]) from public;
grant execute on function etl_api.alert_figures(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/alerts/alert_queues.sql
create or replace function etl_api.alert_queues(org_id uuid, source_id uuid default null)
returns table (at_source_id uuid, priority int, oldest_at timestamptz)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  -- A queue may be a million runs long: from each priority to the next one below by the index, never through the rows.
  return query
  with recursive level as (
    select s.id as source_id, first.priority, first.due_at
    from public.source as s
    cross join lateral (
      select q.priority, q.due_at
      from public.run_queue as q
      where q.source_id = s.id
        and q.org_id = alert_queues.org_id
        and q.state in ('waiting', 'ready')
      order by q.priority desc, q.due_at
      limit 1
    ) as first
    where (s.org_id is null or s.org_id = alert_queues.org_id)
      and (alert_queues.source_id is null or s.id = alert_queues.source_id)
    union all
    select l.source_id, next.priority, next.due_at
    from level as l
    cross join lateral (
      select q.priority, q.due_at
      from public.run_queue as q
      where q.source_id = l.source_id
        and q.org_id = alert_queues.org_id
        and q.state in ('waiting', 'ready')
        and q.priority < l.priority
      order by q.priority desc, q.due_at
      limit 1
    ) as next
  )
  select l.source_id, l.priority, l.due_at
  from level as l
  where l.due_at <= utils.now();
end
$$;

comment on function etl_api.alert_queues(uuid, uuid) is
  'The queues of a tenant that have due runs, one for each source and priority, with the time since which the oldest is due.';

revoke execute on function etl_api.alert_queues(uuid, uuid) from public;
grant execute on function etl_api.alert_queues(uuid, uuid) to service_role;
-- end of source

-- source: sql/etl_api/alerts/alert_runs.sql
create or replace function etl_api.alert_runs(
  org_id uuid, source_id uuid, since timestamptz, most int default 10000, out ended bigint, out failed bigint)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  select pg_catalog.count(*), pg_catalog.count(*) filter (where q.state in ('failed', 'timedout', 'invalid'))
  into ended, failed
  from public.source as s
  cross join lateral (
    select q.state
    from public.run_queue as q
    where q.org_id = alert_runs.org_id
      and q.source_id = s.id
      and q.finished_at > alert_runs.since
      and q.state_substate is distinct from 'cancelled'
    order by q.finished_at desc
    limit most
  ) as q
  where (s.org_id is null or s.org_id = alert_runs.org_id)
    and (alert_runs.source_id is null or s.id = alert_runs.source_id);
end
$$;

comment on function etl_api.alert_runs(uuid, uuid, timestamptz, int) is
  'How many runs of a tenant at a source (null: at all) ended since then, cancelled ones not counted, and how many of these failed, timed out or were invalid; of each source the latest, no more than most.';

revoke execute on function etl_api.alert_runs(uuid, uuid, timestamptz, int) from public;
grant execute on function etl_api.alert_runs(uuid, uuid, timestamptz, int) to service_role;
-- end of source

-- source: sql/etl_api/alerts/alert_stuck.sql
create or replace function etl_api.alert_stuck(org_id uuid, most int default 1000) returns bigint
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  -- As in etl_api.overdue, of which this counts the rows: what has to be taken, and what the sweep has to do.
  taken_by constant timestamptz := utils.now() - pg_catalog.make_interval(
    secs => coalesce((etl_api.setting_value('stuck_after_seconds') #>> '{}')::double precision, 900));
  swept_by constant timestamptz := utils.now() - interval '1 minute';
begin
  return (
    select pg_catalog.count(*)
    from (
      (select 1 from etl_api.alert_queues(alert_stuck.org_id) as k
        join public.run_queue as q on q.source_id = k.at_source_id and q.priority = k.priority
        where q.org_id = alert_stuck.org_id and q.state in ('waiting', 'ready') and q.due_at < taken_by limit most)
      union all
      (select 1 from public.source as s join public.run_request as r on r.source_id = s.id
        where r.org_id = alert_stuck.org_id and r.state in ('waiting', 'ready') and r.due_at < taken_by limit most)
      union all
      (select 1 from public.delivery as d
        where d.org_id = alert_stuck.org_id and d.state in ('waiting', 'ready') and d.due_at < taken_by limit most)
      union all
      (select 1 from public.run_request as r
        where r.org_id = alert_stuck.org_id and r.state = 'in_progress' and r.lease_until < swept_by limit most)
      union all
      (select 1 from public.delivery as d
        where d.org_id = alert_stuck.org_id and d.state = 'in_progress' and d.lease_until < swept_by limit most)
      union all
      (select 1 from public.run_queue as q where q.org_id = alert_stuck.org_id
        and q.state in ('waiting', 'ready', 'in_progress') and q.timeout_at < swept_by limit most)
      union all
      (select 1 from public.activity_request as a where a.org_id = alert_stuck.org_id
        and a.state in ('ready', 'waiting', 'in_progress') and a.timeout_at < swept_by limit most)
      union all
      (select 1 from public.workflow_request as w where w.org_id = alert_stuck.org_id and w.replay = 0
        and w.state in ('ready', 'waiting', 'in_progress') and w.timeout_at < swept_by limit most)
      union all
      (select 1 from public.workflow_request as w where w.org_id = alert_stuck.org_id and w.replay = 0
        and w.state = 'waiting' and w.not_before < swept_by limit most)
      union all
      (select 1 from public.workflow_schedule as c
        where c.org_id = alert_stuck.org_id and c.enabled and c.next_at < swept_by limit most)
      union all
      (select 1 from etl_api.advance_queue as n
        where n.org_id = alert_stuck.org_id and n.created_at < swept_by limit most)
    ) as stuck);
end
$$;

comment on function etl_api.alert_stuck(uuid, int) is
  'How many rows of a tenant etl_api.stuck would show; of each kind no more than most are counted. Unlike the view it reads nothing that is not stuck, however much waits.';

revoke execute on function etl_api.alert_stuck(uuid, int) from public;
grant execute on function etl_api.alert_stuck(uuid, int) to service_role;
-- end of source

-- source: sql/etl_api/alerts/check_alert_rules.sql
create or replace function etl_api.check_alert_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault text;
begin
  if new.kind in ('failure_rate', 'source_down') and new.threshold >= 1 then
    fault := pg_catalog.format('threshold of %s is a share from 0 to below 1, not %s', new.kind, new.threshold);
  elsif new.kind = 'stuck' and new.source_id is not null then
    fault := 'source_id has no meaning for stuck, which counts rows of all tables';
  end if;
  if fault is not null then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s: %s', tg_table_name, new.id, fault),
      hint = 'Correct this field; nothing of the statement was written.';
  end if;
  return new;
end
$$;

comment on function etl_api.check_alert_rules() is
  'Refuses alert rules that could never be raised or would be misunderstood. ETL07 with the field and a sentence.';

revoke execute on function etl_api.check_alert_rules() from public;
-- end of source

-- source: sql/etl_api/alerts/check_alerts.sql
create or replace function etl_api.check_alerts(max_rules int default 100) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  rule_ids uuid[];
begin
  if coalesce(max_rules, 0) < 1 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('max_rules is %s: it must be 1 or more', coalesce(max_rules::text, 'null')),
      hint = 'Leave it out for 100.';
  end if;
  rule_ids := array(
    select r.id
    from etl_api.alert_rule as r
    where r.enabled
      and coalesce(r.checked_at, '-infinity') <= moment - interval '60 seconds'
    order by coalesce(r.checked_at, '-infinity')
    limit max_rules
    for update skip locked);
  -- A rule that was switched off while its alert was open.
  rule_ids := rule_ids || array(
    select r.id
    from etl_api.alert_rule as r
    where not r.enabled
      and r.id in (select a.rule_id from etl_api.alert as a where a.resolved_at is null)
    limit max_rules
    for update skip locked);
  if rule_ids = '{}' then
    return 0;
  end if;
  update etl_api.alert_rule as r
  set checked_at = moment
  where r.id = any (rule_ids);

  return etl_api.isolate_alerts(rule_ids);
end
$$;

comment on function etl_api.check_alerts(int) is
  'Looks at alert rules that were not looked at for 60 seconds, the longest ago first, at most max_rules: raises and resolves their alerts. Returns how many it raised or resolved. Part of recover(). ETL04: max_rules is less than 1.';

revoke execute on function etl_api.check_alerts(int) from public;
grant execute on function etl_api.check_alerts(int) to service_role;
-- end of source

-- source: sql/etl_api/alerts/isolate_alerts.sql
create or replace function etl_api.isolate_alerts(rule_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  failed_state text;
  failed_message text;
begin
  begin
    return etl_api.settle_alerts(rule_ids);
  exception
    -- These say that the sweep should come again, not that a rule is bad.
    when deadlock_detected or serialization_failure or query_canceled or lock_not_available then
      raise;
    when others then
      get stacked diagnostics failed_state = returned_sqlstate, failed_message = message_text;
  end;

  -- Whatever is wrong with one rule, the others are looked at and the sweep goes on.
  if pg_catalog.cardinality(rule_ids) > 1 then
    return (select pg_catalog.sum(etl_api.isolate_alerts(array[one.id])) from pg_catalog.unnest(rule_ids) as one (id));
  end if;
  perform etl_api.logger('error', 'alerts', 'An alert rule could not be looked at: ' || failed_message,
    pg_catalog.jsonb_build_object('sqlstate', failed_state, 'rule_id', rule_ids[1]),
    (select r.org_id from etl_api.alert_rule as r where r.id = rule_ids[1]));
  return 0;
end
$$;

comment on function etl_api.isolate_alerts(uuid[]) is
  'Raises and resolves the alerts of rules (settle_alerts); a rule that raises an exception costs only itself and is logged.';

revoke execute on function etl_api.isolate_alerts(uuid[]) from public;
grant execute on function etl_api.isolate_alerts(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/alerts/settle_alerts.sql
create or replace function etl_api.settle_alerts(rule_ids uuid[]) returns int
language plpgsql
set search_path = ''
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  news record;
begin
  with figure as materialized (
    select f.*
    from etl_api.alert_figures(rule_ids) as f
    join etl_api.alert_rule as r on r.id = f.rule_id and r.org_id = f.org_id
    where r.enabled
  ), raised as (
    insert into etl_api.alert (org_id, rule_id, source_id, kind, message, value, threshold, raised_at)
    select r.org_id, r.id, f.source_id, r.kind, f.message, f.value, r.threshold, moment
    from figure as f
    join etl_api.alert_rule as r on r.id = f.rule_id and r.org_id = f.org_id
    where f.value > r.threshold
    on conflict do nothing
    returning id, 'alert.raised' as event, value, message
  ), resolved as (
    update etl_api.alert as a
    set resolved_at = moment
    from (
      select a.id, r.enabled, f.value, f.message, r.window_seconds
      from etl_api.alert as a
      join etl_api.alert_rule as r on r.id = a.rule_id and r.org_id = a.org_id
      left join figure as f
        on f.rule_id = a.rule_id
        and f.source_id is not distinct from a.source_id
      where a.rule_id = any (rule_ids)
        and a.resolved_at is null
        and coalesce(f.value, 0) <= r.threshold
    ) as over
    where a.id = over.id
    returning a.id, 'alert.resolved' as event, coalesce(over.value, 0) as value,
      case when not over.enabled then 'The rule was switched off.'
        else coalesce(over.message, pg_catalog.format('Nothing was asked of it in the last %s s.', over.window_seconds)) end as message
  )
  select pg_catalog.array_agg(n.id order by n.id) as ids, pg_catalog.array_agg(n.event order by n.id) as events,
    pg_catalog.array_agg(n.value order by n.id) as "values", pg_catalog.array_agg(n.message order by n.id) as messages
  into news
  from (select * from raised union all select * from resolved) as n;
  if news.ids is null then
    return 0;
  end if;
  perform etl_api.tell_alerts(news.ids, news.events, news."values", news.messages);
  return pg_catalog.cardinality(news.ids);
end
$$;

comment on function etl_api.settle_alerts(uuid[]) is
  'Raises the alerts of rules whose figure is above the threshold and resolves those whose figure is not any more, and tells of both. Returns how many. The caller holds the rules.';

revoke execute on function etl_api.settle_alerts(uuid[]) from public;
grant execute on function etl_api.settle_alerts(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/alerts/tell_alerts.sql
create or replace function etl_api.tell_alerts(alert_ids uuid[], events text[], "values" numeric[], messages text[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.logger_entries(array(
    select row(
      null, null, case n.event when 'alert.raised' then 'warn' else 'info' end, 'alerts',
      pg_catalog.format('%s %s: %s', case n.event when 'alert.raised' then 'Raised' else 'Resolved' end, r.name, n.message),
      a.org_id, null, null, null,
      pg_catalog.jsonb_build_object('alert_id', a.id, 'rule_id', a.rule_id, 'source_id', a.source_id, 'value', n.value,
        'threshold', a.threshold))::etl_api.etl_log
    from unnest(alert_ids, events, "values", messages) as n (id, event, value, message)
    join etl_api.alert as a on a.id = n.id
    join etl_api.alert_rule as r on r.id = a.rule_id and r.org_id = a.org_id
    order by a.id));

  perform etl_api.queue_messages(
    pg_catalog.array_agg(a.org_id order by a.id),
    pg_catalog.array_agg(null::uuid),
    pg_catalog.array_agg(null::uuid),
    pg_catalog.array_agg(pg_catalog.jsonb_build_object('endpoint', r.endpoint_id) order by a.id),
    pg_catalog.array_agg(n.event order by a.id),
    pg_catalog.array_agg(pg_catalog.jsonb_build_object(
      'alert_id', a.id,
      'org_id', a.org_id,
      'rule_id', r.id,
      'rule', r.name,
      'kind', a.kind,
      'source_id', a.source_id,
      'source', s.name,
      'message', n.message,
      'value', n.value,
      'threshold', a.threshold,
      'raised_at', a.raised_at,
      'resolved_at', a.resolved_at) order by a.id),
    pg_catalog.array_agg(a.id order by a.id))
  from unnest(alert_ids, events, "values", messages) as n (id, event, value, message)
  join etl_api.alert as a on a.id = n.id
  join etl_api.alert_rule as r on r.id = a.rule_id and r.org_id = a.org_id
  left join public.source as s on s.id = a.source_id
  where r.endpoint_id is not null;
end
$$;

comment on function etl_api.tell_alerts(uuid[], text[], numeric[], text[]) is
  'Tells the log and the endpoints of their rules of alerts that were raised or resolved, with the figure and a sentence for each.';

revoke execute on function etl_api.tell_alerts(uuid[], text[], numeric[], text[]) from public;
grant execute on function etl_api.tell_alerts(uuid[], text[], numeric[], text[]) to service_role;
-- end of source

-- source: sql/etl_api/alerts/trigger_check_alert_rules.sql
-- By column: when a rule was looked at last is written every minute and is none of their business.

drop trigger if exists check_alert_rules on etl_api.alert_rule;
create trigger check_alert_rules
  before insert or update of kind, threshold, source_id on etl_api.alert_rule
  for each row
  execute function etl_api.check_alert_rules();
comment on trigger check_alert_rules on etl_api.alert_rule is
  'A rule is sensible before the engine meets it.';

drop trigger if exists check_config_org_insert on etl_api.alert_rule;
create trigger check_config_org_insert
  after insert on etl_api.alert_rule
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_insert on etl_api.alert_rule is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_update on etl_api.alert_rule;
create trigger check_config_org_update
  after update on etl_api.alert_rule
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_update on etl_api.alert_rule is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists keep_config_org on etl_api.alert_rule;
create trigger keep_config_org
  before update of org_id on etl_api.alert_rule
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on etl_api.alert_rule is
  'A row never moves to another org.';
-- end of source

-- source: sql/etl_api/delivery/accept_delivery_results.sql
create or replace function etl_api.accept_delivery_results(results jsonb) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  schedule constant jsonb := coalesce(etl_api.setting_value('delivery_schedule_seconds'), '[]');
  taken_ids uuid[];
begin
  -- Ids of one length come sorted out of an object, so that locks are taken in one order. "offset 0" keeps look-ups
  -- look-ups.
  with judged as materialized (
    select d.id, g.value as answer, j.*
    from pg_catalog.jsonb_each(results) as g (id, value)
    cross join lateral (
      select held.*
      from public.delivery as held
      where held.id = g.id::uuid
      offset 0
      for no key update
    ) as d
    cross join lateral etl_api.judge_delivery(d.attempts, g.value, schedule) as j
    where d.state = 'in_progress'
      and d.lease_until > moment
      and d.lease_token = utils.uuid_or_null(g.value -> 'lease_token')
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
        finished_at = case when j.verdict <> 'retry' then moment end
    from judged as j
    where d.id = j.id
    returning d.id, d.endpoint_id, d.org_id, d.http_status
  ),
  disabled as (
    update public.webhook_endpoint as e
    set disabled_at = moment
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
  due_ids uuid[];
  fault_state text;
begin
  perform etl_api.check_claim_arguments(worker, max_deliveries, 'max_deliveries');

  -- All at once, as if nothing could be wrong; locks are taken inside, so that none is left when something is.
  begin
    return query
    select *
    from etl_api.lease_deliveries(worker, array(
      select due.id
      from public.delivery as due
      where due.state in ('waiting', 'ready')
        and due.due_at <= utils.now()
      order by due.due_at
      limit max_deliveries
      for update skip locked));
    return;
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;

  due_ids := array(
    select due.id
    from public.delivery as due
    where due.state in ('waiting', 'ready')
      and due.due_at <= utils.now()
    order by due.due_at
    limit max_deliveries
    for update skip locked);
  return query
  select *
  from etl_api.lease_deliveries_apart(worker, due_ids);
end
$$;

comment on function etl_api.claim_deliveries(text, int) is
  'Claims messages to send, at most max_deliveries (1 to 1000), the longest due first, each with a lease. webhook_id stays the same over all attempts, also when the message is delivered again. What raises an exception is ended as failed (internal_error), and costs none of the others. Nothing to do: no row. ETL04: bad argument.';

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

  -- Mostly all are taken: then each has an id, none was given twice, and there is nothing to look up.
  if pg_catalog.cardinality(taken_ids) = pg_catalog.jsonb_array_length(results) then
    return query
    select (e.value ->> 'delivery_id')::uuid, true, null::text
    from pg_catalog.jsonb_array_elements(results) as e (value);
    return;
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
    select e.id, e.place, pg_catalog.row_number() over (partition by e.id order by e.place) = 1 as first
    from (
      select utils.uuid_or_null(r.value -> 'delivery_id') as id, r.place
      from pg_catalog.jsonb_array_elements(results) with ordinality as r (value, place)
      offset 0
    ) as e
  ) as t
  left join lateral (
    select known.id, known.state
    from public.delivery as known
    where known.id = t.id
    offset 0
  ) as d on true
  order by t.place;
end
$$;

comment on function etl_api.complete_deliveries(jsonb) is
  'Reports what clients said: [{"delivery_id", "lease_token", "status", "headers": {"retry-after"}, "error": {"kind", "message"}, "duration_ms"}]. 2xx is delivered; anything else is tried again by the setting delivery_schedule_seconds; 410 disables the endpoint. One row per result; accepted is false, and nothing changed, when it was completed before or its lease is lost. ETL04: not an array.';

revoke execute on function etl_api.complete_deliveries(jsonb) from public;
grant execute on function etl_api.complete_deliveries(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/delivery/copy_messages.sql
create or replace function etl_api.copy_messages(delivery_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  copy_ids uuid[] := array(select utils.new_id() from pg_catalog.unnest(delivery_ids));
begin
  insert into public.delivery
    (id, org_id, workflow_request_id, activity_request_id, alert_id, message_id, endpoint_id, url, secret_name, event_type,
     state, state_via, due_at, created_at)
  select c.id, d.org_id, d.workflow_request_id, d.activity_request_id, d.alert_id, coalesce(d.message_id, d.id), d.endpoint_id,
    coalesce(e.url, d.url), coalesce(e.secret_name, d.secret_name), d.event_type,
    'ready', '{new,valid}', utils.now(), utils.now()
  from unnest(copy_ids, delivery_ids) as c (id, delivery_id)
  join public.delivery as d on d.id = c.delivery_id
  left join public.webhook_endpoint as e
    on e.id = d.endpoint_id
    and e.org_id = d.org_id;

  -- The same body to the byte: its timestamp is when it was said, not when it is sent.
  insert into public.delivery_body (delivery_id, org_id, body)
  select c.id, b.org_id, b.body
  from unnest(copy_ids, delivery_ids) as c (id, delivery_id)
  join public.delivery_body as b on b.delivery_id = c.delivery_id;

  return copy_ids;
end
$$;

comment on function etl_api.copy_messages(uuid[]) is
  'Queues messages that were delivered once more, each as a new row whose message_id is the id of the first: the webhook-id stays. Returns the new ids. The caller holds the workflow lock.';

revoke execute on function etl_api.copy_messages(uuid[]) from public;
-- end of source

-- source: sql/etl_api/delivery/current_deliveries.sql
create or replace function etl_api.current_deliveries(workflow_request_ids uuid[])
returns table (workflow_request_id uuid, activity_request_id uuid, state public.delivery_state, delivery_id uuid)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
  -- An activity that failed, was retried and is done has told of both; the later message is what counts. What is sent
  -- a second time (message_id) was delivered before, whatever becomes of it now. An endpoint may have moved meanwhile.
  return query
  select distinct on (d.workflow_request_id, d.activity_request_id, coalesce(d.endpoint_id::text, d.url))
    d.workflow_request_id, d.activity_request_id, d.state, d.id
  from public.delivery as d
  where d.workflow_request_id = any (workflow_request_ids)
    and d.message_id is null
  order by d.workflow_request_id, d.activity_request_id, coalesce(d.endpoint_id::text, d.url), d.created_at desc, d.id desc;
end
$$;

comment on function etl_api.current_deliveries(uuid[]) is
  'The latest message of each activity request and of each whole workflow to each address, with its state; what is delivered again (message_id) is left out.';

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
declare
  message record;
begin
  -- A statement of its own: what it takes to build large messages is given back before they are written.
  select
    pg_catalog.array_agg(ar.org_id order by ar.id) as org_ids,
    pg_catalog.array_agg(ar.workflow_request_id order by ar.id) as workflow_ids,
    pg_catalog.array_agg(ar.id order by ar.id) as activity_ids,
    pg_catalog.array_agg(ar.destination -> 'webhook' order by ar.id) as webhooks,
    pg_catalog.array_agg('activity_request.' || ar.state order by ar.id) as event_types,
    pg_catalog.array_agg(pg_catalog.jsonb_build_object(
      'workflow_request_id', ar.workflow_request_id,
      'activity_request_id', ar.id,
      'activity_key', ar.activity_key,
      'org_id', ar.org_id,
      'state', ar.state,
      'substate', ar.state_substate,
      'objects', coalesce(r.objects, '[]'),
      'refusals', coalesce(r.refusals, '[]'),
      'summary', coalesce(r.summary, '{}')) order by ar.id) as data
  into message
  from public.activity_request as ar
  left join public.activity_result as r on r.activity_request_id = ar.id
  where ar.id = any (activity_request_ids)
    and ar.state in ('done', 'failed', 'timedout', 'invalid')
    and ar.destination ? 'webhook';
  return etl_api.queue_messages(message.org_ids, message.workflow_ids, message.activity_ids, message.webhooks,
    message.event_types, message.data);
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
        'activities', coalesce(a.activities, '[]')) order by w.id))
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
  code := coalesce('http_' || status, pg_catalog.left(answer #>> '{error,kind}', 100), 'network');
  message := case
    when status is not null then pg_catalog.format('The client answered with HTTP status %s.', status)
    else coalesce(pg_catalog.left(answer #>> '{error,message}', 2000), 'The client gave no answer.')
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

-- source: sql/etl_api/delivery/lease_deliveries.sql
create or replace function etl_api.lease_deliveries(worker text, delivery_ids uuid[])
returns table (
  delivery_id uuid, webhook_id text, org_id uuid, lease_token uuid, lease_until timestamptz, url text,
  secret_name text, secret_scope text, event_type text, body text, timeout_ms int, attempt int)
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  lease interval := etl_api.time_limit(null, 'lease_seconds');
  timeout interval := etl_api.time_limit(null, 'delivery_timeout_seconds');
begin
  return query
  with claimed as (
    update public.delivery as d
    set state = 'in_progress',
        state_via = case when d.state = 'waiting' then '{ready}'::public.delivery_state[] end,
        state_substate = null,
        attempts = d.attempts + 1,
        lease_until = moment + lease + timeout,
        lease_token = pg_catalog.gen_random_uuid(),
        worker = lease_deliveries.worker,
        claimed_at = moment
    where d.id = any (delivery_ids)
    returning d.id, d.org_id, d.lease_token, d.lease_until, d.url, d.secret_name, d.event_type, d.attempts,
      coalesce(d.message_id, d.id) as message_id
  )
  select c.id, 'msg_' || pg_catalog.replace(c.message_id::text, '-', ''), c.org_id, c.lease_token, c.lease_until, c.url,
    c.secret_name, c.org_id::text, c.event_type, b.body::text, (pg_catalog.date_part('epoch', timeout) * 1000)::int, c.attempts
  from claimed as c
  join public.delivery_body as b
    on b.delivery_id = c.id
    and b.org_id = c.org_id;
end
$$;

comment on function etl_api.lease_deliveries(text, uuid[]) is
  'Gives messages that are due to a worker, each with a lease, and returns all it takes to send them; see claim_deliveries. The caller holds their rows.';

revoke execute on function etl_api.lease_deliveries(text, uuid[]) from public;
grant execute on function etl_api.lease_deliveries(text, uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/delivery/lease_deliveries_apart.sql
create or replace function etl_api.lease_deliveries_apart(worker text, delivery_ids uuid[])
returns table (
  delivery_id uuid, webhook_id text, org_id uuid, lease_token uuid, lease_until timestamptz, url text,
  secret_name text, secret_scope text, event_type text, body text, timeout_ms int, attempt int)
language plpgsql
set search_path = ''
as $$
declare
  half constant int := pg_catalog.cardinality(delivery_ids) / 2;
  fault_state text;
  fault_message text;
begin
  begin
    -- The function hands over nothing before it has it all; so what is returned here is never half of it.
    return query
    select *
    from etl_api.lease_deliveries(worker, delivery_ids);
    return;
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;

  if half > 0 then
    return query
    select *
    from etl_api.lease_deliveries_apart(worker, delivery_ids[1 : half]);
    return query
    select *
    from etl_api.lease_deliveries_apart(worker, delivery_ids[half + 1 :]);
    return;
  end if;
  perform etl_api.refuse_delivery(delivery_ids[1], fault_state, fault_message);
end
$$;

comment on function etl_api.lease_deliveries_apart(text, uuid[]) is
  'Leases messages (lease_deliveries); when that fails, halves them until the one that cannot be leased stands alone, ends it (refuse_delivery) and leases the others. The caller holds their rows.';

revoke execute on function etl_api.lease_deliveries_apart(text, uuid[]) from public;
grant execute on function etl_api.lease_deliveries_apart(text, uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/delivery/queue_messages.sql
create or replace function etl_api.queue_messages(
  org_ids uuid[], workflow_request_ids uuid[], activity_request_ids uuid[], webhooks jsonb[], event_types text[], data jsonb[],
  alert_ids uuid[] default null)
returns int
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  ids uuid[];
  queued int;
begin
  if org_ids is null then
    return 0;
  end if;
  ids := array(select utils.new_id() from unnest(org_ids));

  insert into public.delivery
    (id, org_id, workflow_request_id, activity_request_id, alert_id, endpoint_id, url, secret_name, event_type,
     state, state_via, due_at, created_at)
  select m.id, m.org_id, m.workflow_request_id, m.activity_request_id, m.alert_id, e.id, coalesce(e.url, m.webhook ->> 'url'),
    coalesce(e.secret_name, o.settings ->> 'webhook_secret_name', 'webhook'), m.event_type,
    'ready', '{new,valid}', moment, moment
  from unnest(ids, org_ids, workflow_request_ids, activity_request_ids, alert_ids, webhooks, event_types)
    as m (id, org_id, workflow_request_id, activity_request_id, alert_id, webhook, event_type)
  join public.org as o on o.id = m.org_id
  left join public.webhook_endpoint as e
    on e.id = utils.uuid_or_null(m.webhook -> 'endpoint')
    and e.org_id = m.org_id
  -- A disabled endpoint, or one that does not want this event, gets no message.
  where case when m.webhook ? 'endpoint'
    then e.id is not null and e.disabled_at is null and (e.event_types is null or m.event_type = any (e.event_types))
    else m.webhook ->> 'url' is not null end;
  get diagnostics queued = row_count;
  if queued < pg_catalog.cardinality(ids) then
    perform etl_api.logger_unsent(org_ids, workflow_request_ids, activity_request_ids, webhooks, event_types);
  end if;

  insert into public.delivery_body (delivery_id, org_id, body)
  select d.id, d.org_id, pg_catalog.jsonb_build_object(
    'type', d.event_type,
    'timestamp', moment,
    'data', m.data)
  from unnest(ids, data) as m (id, data)
  -- Looked up by key, whatever the planner thinks of the size of the table: offset 0 leaves nothing else.
  cross join lateral (select * from public.delivery where id = m.id offset 0) as d;

  if queued > 0 then
    perform etl_api.ring('deliver-webhooks');
  end if;
  return queued;
end
$$;

comment on function etl_api.queue_messages(uuid[], uuid[], uuid[], jsonb[], text[], jsonb[], uuid[]) is
  'Queues messages for the webhooks given ({url} or {endpoint}) and wakes the deliverer; those of alerts have no request. Returns how many.';

revoke execute on function etl_api.queue_messages(uuid[], uuid[], uuid[], jsonb[], text[], jsonb[], uuid[]) from public;
grant execute on function etl_api.queue_messages(uuid[], uuid[], uuid[], jsonb[], text[], jsonb[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/delivery/redeliver.sql
create or replace function etl_api.redeliver(id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  target constant record := etl_api.find_own(id);
  why constant text := pg_catalog.current_setting('etl.reason', true);
  again record;
begin
  perform etl_api.lock_workflows(array[target.workflow_request_id]);
  perform etl_api.set_reason('redelivered by ' || etl_api.caller_name());
  case target.entity
    when 'delivery' then again := etl_api.redeliver_messages('delivery', id, array[id]);
    when 'activity_request' then again := etl_api.redeliver_activity(id, target.workflow_request_id);
    when 'workflow_request' then again := etl_api.redeliver_workflow(id);
    else
      raise exception using
        errcode = 'ETL04',
        message = pg_catalog.format('%s %s has no message of its own', target.entity, id),
        hint = 'Give the id of a delivery, activity_request or workflow_request row.';
  end case;
  perform etl_api.set_reason(why);
  return pg_catalog.jsonb_build_object(
    'entity', target.entity, 'id', id, 'state', etl_api.state_of(target.entity, id),
    'message', again.message, 'delivery_ids', pg_catalog.to_jsonb(again.delivery_ids));
end
$$;

comment on function etl_api.redeliver(uuid) is
  'Sends a message again at once, or every message of an activity request or workflow request: one that failed or waits for its next attempt goes on in its own row, one that was delivered is sent again by a new row under the same webhook-id. Endpoints are asked at their present address. Returns {entity, id, state, message, delivery_ids}. ETL04: no such row, or one that has no messages; ETL05: there is nothing to send, it is being sent, or its endpoint is disabled; ETL06: the caller only reads.';

revoke execute on function etl_api.redeliver(uuid) from public;
grant execute on function etl_api.redeliver(uuid) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/delivery/redeliver_activity.sql
create or replace function etl_api.redeliver_activity(
  id uuid, workflow_request_id uuid, out message text, out delivery_ids uuid[])
language plpgsql
set search_path = ''
as $$
#variable_conflict use_variable
declare
  message_ids constant uuid[] := array(
    select d.delivery_id
    from etl_api.current_deliveries(array[redeliver_activity.workflow_request_id]) as d
    where d.activity_request_id = redeliver_activity.id);
  state constant text := etl_api.state_of('activity_request', id);
  again record;
begin
  if message_ids <> '{}' then
    again := etl_api.redeliver_messages('activity_request', id, message_ids);
    message := again.message;
    delivery_ids := again.delivery_ids;
    return;
  end if;
  -- It ended while its endpoint was disabled: it is told now.
  if etl_api.deliver_activity_results(array[id]) = 0 then
    perform etl_api.refuse_action('activity_request', id, state, 'delivered again',
      case when state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
        then 'It has not ended, so there is no message yet.'
        else 'It has no message: it has no webhook, or its endpoint is disabled or does not want this event.'
      end);
  end if;
  message := 'There was no message yet; it is sent at once.';
  delivery_ids := array(
    select d.id
    from public.delivery as d
    where d.activity_request_id = redeliver_activity.id);
end
$$;

comment on function etl_api.redeliver_activity(uuid, uuid) is
  'Sends the latest messages of an activity request again; see redeliver. The caller holds the workflow lock.';

revoke execute on function etl_api.redeliver_activity(uuid, uuid) from public;
-- end of source

-- source: sql/etl_api/delivery/redeliver_messages.sql
create or replace function etl_api.redeliver_messages(
  entity text, id uuid, message_ids uuid[], out message text, out delivery_ids uuid[])
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  given record;
  again_ids uuid[];
  copy_ids uuid[];
begin
  -- The rows of alerts have no workflow to lock; and what a claim takes just now is waited for.
  perform 1
  from public.delivery as d
  where d.id = any (message_ids)
  order by d.id
  for no key update;

  select
    pg_catalog.array_agg(m.id order by m.id) filter (where m.open and m.state in ('failed', 'timedout', 'invalid', 'waiting', 'ready')) as again,
    pg_catalog.array_agg(m.id order by m.id) filter (where m.open and m.state = 'delivered' and not m.under_way) as anew,
    coalesce(pg_catalog.bool_or(not m.open), false) as disabled
  into given
  from (
    select d.id, d.state, e.disabled_at is null as open,
      exists (
        select 1
        from public.delivery as copy
        where copy.message_id = coalesce(d.message_id, d.id)
          and copy.state in ('waiting', 'ready', 'in_progress')) as under_way
    from public.delivery as d
    left join public.webhook_endpoint as e
      on e.id = d.endpoint_id
      and e.org_id = d.org_id
    where d.id = any (message_ids)
  ) as m;

  if given.again is null and given.anew is null then
    perform etl_api.refuse_action(redeliver_messages.entity, redeliver_messages.id,
      etl_api.state_of(redeliver_messages.entity::etl_api.entity_kind, redeliver_messages.id), 'delivered again',
      case when given.disabled
        then 'The endpoint is disabled: set webhook_endpoint.disabled_at to null first.'
        else 'The message is being sent just now: etl_api.explain(id) tells how far it is.'
      end);
  end if;

  again_ids := coalesce(etl_api.resend_messages(given.again), '{}');
  copy_ids := coalesce(etl_api.copy_messages(given.anew), '{}');
  perform etl_api.ring('deliver-webhooks');
  delivery_ids := again_ids || copy_ids;
  message := pg_catalog.concat_ws(' ',
    case pg_catalog.cardinality(again_ids)
      when 0 then null
      when 1 then 'The message is sent again at once.'
      else pg_catalog.format('%s messages are sent again at once.', pg_catalog.cardinality(again_ids))
    end,
    case pg_catalog.cardinality(copy_ids)
      when 0 then null
      when 1 then 'The message was delivered before; it is sent once more under the same webhook-id.'
      else pg_catalog.format('%s messages were delivered before; they are sent once more under the same webhook-ids.',
        pg_catalog.cardinality(copy_ids))
    end,
    case when given.disabled then 'What goes to a disabled endpoint was left out.' end);
end
$$;

comment on function etl_api.redeliver_messages(text, uuid, uuid[]) is
  'Sends these messages again; see redeliver. entity and id are what was asked for, for the words of a refusal. The caller holds the workflow lock.';

revoke execute on function etl_api.redeliver_messages(text, uuid, uuid[]) from public;
-- end of source

-- source: sql/etl_api/delivery/redeliver_workflow.sql
create or replace function etl_api.redeliver_workflow(id uuid, out message text, out delivery_ids uuid[])
language plpgsql
set search_path = ''
as $$
#variable_conflict use_variable
declare
  message_ids constant uuid[] := array(
    select d.delivery_id
    from etl_api.current_deliveries(array[redeliver_workflow.id]) as d);
  again record;
begin
  if message_ids = '{}' then
    perform etl_api.refuse_action('workflow_request', id, etl_api.state_of('workflow_request', id), 'delivered again',
      'Neither it nor any of its activities has a message so far.');
  end if;
  again := etl_api.redeliver_messages('workflow_request', id, message_ids);
  message := again.message;
  delivery_ids := again.delivery_ids;
end
$$;

comment on function etl_api.redeliver_workflow(uuid) is
  'Sends the latest messages of a workflow request and of its activities again; see redeliver. The caller holds the workflow lock.';

revoke execute on function etl_api.redeliver_workflow(uuid) from public;
-- end of source

-- source: sql/etl_api/delivery/refuse_delivery.sql
create or replace function etl_api.refuse_delivery(delivery_id uuid, fault_state text, fault_message text) returns void
language plpgsql
set search_path = ''
as $$
declare
  workflow_id uuid;
begin
  -- Nobody waits for a workflow while holding a message; a later claim meets the message again. An alert has none.
  select d.workflow_request_id into workflow_id
  from public.delivery as d
  where d.id = delivery_id;
  perform 1
  from public.workflow_request as w
  where w.id = workflow_id
    and w.replay = 0
  for no key update skip locked;
  if not found and workflow_id is not null then
    return;
  end if;

  update public.delivery as d
  set state = 'failed',
      state_via = case when d.state = 'waiting' then '{ready,in_progress}' else '{in_progress}' end::public.delivery_state[],
      state_substate = 'internal_error',
      error = pg_catalog.jsonb_build_object(
        'code', 'internal_error',
        'message', pg_catalog.format('The engine could not send it: %s (%s).', fault_message, fault_state)),
      finished_at = utils.now()
  where d.id = delivery_id
    and d.state in ('waiting', 'ready');
  perform etl_api.settle_deliveries(array[workflow_id]);
  perform etl_api.logger('error', 'delivery', 'A message could not be sent.',
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message), null, 'delivery', delivery_id);
exception when others then
  if etl_api.fault_passes(sqlstate) then
    raise;
  end if;
  perform etl_api.logger_stuck('delivery', 'A message could be neither sent nor ended.', 'delivery', delivery_id,
    fault_state, fault_message);
end
$$;

comment on function etl_api.refuse_delivery(uuid, text, text) is
  'Ends a message that made the engine raise when it was claimed, as failed (internal_error). One that cannot be ended either stays as it is, in the log. The caller holds its row.';

revoke execute on function etl_api.refuse_delivery(uuid, text, text) from public;
grant execute on function etl_api.refuse_delivery(uuid, text, text) to service_role;
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

-- source: sql/etl_api/delivery/resend_messages.sql
create or replace function etl_api.resend_messages(delivery_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  sent_ids uuid[];
begin
  -- What has ended has its attempts counted anew; what waits for its next one only goes earlier.
  with sent as (
    update public.delivery as d
    set state = 'ready',
        state_via = null,
        state_substate = null,
        attempts = case when d.state in ('waiting', 'ready') then d.attempts else 0 end,
        error = case when d.state in ('waiting', 'ready') then d.error end,
        url = coalesce(e.url, d.url),
        secret_name = coalesce(e.secret_name, d.secret_name),
        due_at = utils.now(),
        finished_at = null
    from public.delivery as now
    left join public.webhook_endpoint as e
      on e.id = now.endpoint_id
      and e.org_id = now.org_id
    where now.id = d.id
      and d.id = any (delivery_ids)
      and d.state in ('failed', 'timedout', 'invalid', 'waiting', 'ready')
    returning d.id
  )
  select pg_catalog.array_agg(sent.id order by sent.id) into sent_ids
  from sent;
  return sent_ids;
end
$$;

comment on function etl_api.resend_messages(uuid[]) is
  'Makes messages that failed or wait ready to be sent at once, to the present address of their endpoint. Returns their ids. The caller holds the workflow lock.';

revoke execute on function etl_api.resend_messages(uuid[]) from public;
-- end of source

-- source: sql/etl_api/delivery/settle_deliveries.sql
create or replace function etl_api.settle_deliveries(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  ended record;
begin
  -- The messages of a workflow are its own and those of its activities. While some are on their way and none has failed,
  -- nothing changes.
  select
    pg_catalog.array_agg(m.activity_request_id) filter (where m.activity_request_id is not null) as activity_ids,
    pg_catalog.array_agg(m.failed) filter (where m.activity_request_id is not null) as activities_failed,
    pg_catalog.array_agg(m.workflow_request_id) filter (where m.workflow_request_id is not null) as workflow_ids,
    pg_catalog.array_agg(m.failed) filter (where m.workflow_request_id is not null) as workflows_failed
  into ended
  from (
    select d.activity_request_id, d.workflow_request_id, pg_catalog.bool_or(d.state = 'failed') as failed
    from etl_api.current_deliveries(workflow_request_ids) as d
    group by grouping sets ((d.activity_request_id), (d.workflow_request_id))
    having pg_catalog.bool_or(d.state = 'failed') or pg_catalog.bool_and(d.state = 'delivered')
  ) as m;
  if ended.activity_ids is null and ended.workflow_ids is null then
    return;
  end if;

  -- An activity is delivered when all its messages are; one that failed for good stands in its substate.
  -- The limit tells the planner of few rows, so that it looks each up by its key.
  update public.activity_request as ar
  set state = case when m.failed then ar.state else 'delivered' end,
      state_via = null,
      state_substate = case when m.failed then 'delivery_failed'
        when ar.state_substate = 'delivery_failed' then etl_api.substate_when_done(ar.id)
        else ar.state_substate end
  from (
    select *
    from unnest(ended.activity_ids, ended.activities_failed) as t (id, failed)
    limit pg_catalog.cardinality(ended.activity_ids)
  ) as m
  where ar.id = m.id
    and ar.state = 'done'
    and (not m.failed or ar.state_substate is distinct from 'delivery_failed');

  -- A workflow is delivered when it is done and every message of it and of its activities is.
  update public.workflow_request as w
  set state = case when m.failed then w.state else 'delivered' end,
      state_via = null,
      state_substate = case when m.failed then 'delivery_failed'
        when w.state_substate = 'delivery_failed' then etl_api.substate_when_done(w.id)
        else w.state_substate end
  from (
    select *
    from unnest(ended.workflow_ids, ended.workflows_failed) as t (id, failed)
    limit pg_catalog.cardinality(ended.workflow_ids)
  ) as m
  where w.id = m.id
    and w.replay = 0
    and w.state = 'done'
    and (not m.failed or w.state_substate is distinct from 'delivery_failed');
end
$$;

comment on function etl_api.settle_deliveries(uuid[]) is
  'Marks activity requests and workflow requests delivered when all their messages are, or notes that one failed for good. The caller holds the workflow locks.';

revoke execute on function etl_api.settle_deliveries(uuid[]) from public;
grant execute on function etl_api.settle_deliveries(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/delivery/substate_when_done.sql
create or replace function etl_api.substate_when_done(entity_id uuid) returns text
language sql stable
set search_path = ''
as $$
  select h.substate
  from etl_api.state_history as h
  where h.entity_id = substate_when_done.entity_id
    and h.to_state = 'done'
    and h.substate is distinct from 'delivery_failed'
  order by h.seq desc
  limit 1
$$;

comment on function etl_api.substate_when_done(uuid) is
  'What the substate of a row was when it was done, before a delivery that failed stood there: partial, no_objects, … or null.';

revoke execute on function etl_api.substate_when_done(uuid) from public;
grant execute on function etl_api.substate_when_done(uuid) to service_role;
-- end of source

-- source: sql/etl_api/exchange/accept_answers.sql
create or replace function etl_api.accept_answers(results jsonb) returns etl_api.answer[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  answers etl_api.answer[];
begin
  -- Only the holder of a living lease may report; the row lock makes a second report wait and then see it. Ids of one
  -- length come sorted out of an object, so that locks are taken in one order. "offset 0" keeps look-ups look-ups.
  select pg_catalog.array_agg(row(
      r.id, r.org_id, r.workflow_request_id, r.activity_request_id, r.source_id, r.root_id, r.kind, r.page,
      r.attempts, r.polls, utils.int_or_null(g.value -> 'status'), g.value -> 'body',
      coalesce(j.external_id, r.external_id), j.next_cursor, j.verdict, j.code, j.message, j.due_at)::etl_api.answer)
  into answers
  from pg_catalog.jsonb_each(results) as g (id, value)
  cross join lateral (
    select held.*
    from public.run_request as held
    where held.id = g.id::uuid
    offset 0
    for no key update
  ) as r
  cross join lateral (
    select source
    from public.source
    where source.id = r.source_id
    offset 0
  ) as s (row)
  cross join lateral etl_api.judge_answer(s.row, r.kind, r.attempts, r.polls, g.value) as j
  where r.state = 'in_progress'
    and r.lease_until > moment
    and r.lease_token = utils.uuid_or_null(g.value -> 'lease_token');
  if answers is null then
    return '{}'::etl_api.answer[];
  end if;

  insert into public.run_response
    (run_request_id, org_id, answer_no, http_status, headers, body, body_text, duration_ms, received_at)
  select a.run_request_id, a.org_id, coalesce(before.answer_no, 0) + 1, a.http_status,
    g.value -> 'headers', a.body, pg_catalog.left(coalesce(g.value ->> 'body_text', g.value #>> '{error,message}'), 2000),
    utils.int_or_null(g.value -> 'duration_ms'), moment
  from unnest(answers) as a
  cross join lateral (select results -> a.run_request_id::text as value offset 0) as g
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

-- source: sql/etl_api/exchange/answers_to_follow.sql
create or replace function etl_api.answers_to_follow(answers etl_api.answer[]) returns etl_api.answer[]
language plpgsql stable
set search_path = ''
-- Lists meet by hash and rows are looked up by key; see answer_objects.
set enable_hashjoin = on
set enable_nestloop = off
as $$
begin
  return (
    with kind as materialized (
      select distinct a.source_id, a.kind
      from unnest(answers) as a
    ),
    -- A template is looked at once for all its answers.
    paged as materialized (
      select k.source_id, k.kind
      from kind as k
      cross join lateral (select source from public.source where source.id = k.source_id offset 0) as s (row)
      cross join lateral (select etl_api.source_template(s.row, k.kind) as json offset 0) as template
      where not coalesce(template.json -> 'response' ? 'next_cursor', false)
        and pg_catalog.strpos((template.json - 'response')::text, '<<$page') > 0
    )
    select pg_catalog.array_agg(a)
    from unnest(answers) as a
    left join paged as c
      on c.source_id = a.source_id
      and c.kind = a.kind
    where a.verdict = 'ask'
       or (a.verdict = 'map' and (a.next_cursor is not null or c.kind is not null)));
end
$$;

comment on function etl_api.answers_to_follow(etl_api.answer[]) is
  'Those of these answers that a further request may follow, as far as can be said without a look at it: what an asynchronous run has to ask for, what has a cursor, and what a template with <<$page>> brought. Null when there is none.';

revoke execute on function etl_api.answers_to_follow(etl_api.answer[]) from public;
grant execute on function etl_api.answers_to_follow(etl_api.answer[]) to service_role;
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

-- source: sql/etl_api/exchange/claim_apart.sql
create or replace function etl_api.claim_apart(
  worker text, source_ids uuid[], org_ids uuid[], may_run boolean[], turns int[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  again_ids uuid[];
  taken record;
begin
  -- The rows are held from here, outside the parts, and so also by a part that is undone.
  again_ids := etl_api.lease_requests_apart(worker, etl_api.take_due_requests(source_ids, org_ids, turns));

  select pg_catalog.array_agg(t.run_id) as run_ids, pg_catalog.array_agg(t.item) as run_items
  into taken
  from etl_api.take_due_runs(
    source_ids, org_ids, etl_api.turns_left(source_ids, org_ids, may_run, turns, again_ids)) as t;
  if taken.run_ids is null then
    return again_ids;
  end if;
  return again_ids || etl_api.send_runs_apart(worker, taken.run_ids, taken.run_items);
end
$$;

comment on function etl_api.claim_apart(text, uuid[], uuid[], boolean[], int[]) is
  'As claim_at_once, for when that has raised an exception: it finds what raises by halving, ends that as failed (internal_error) and claims the others.';

revoke execute on function etl_api.claim_apart(text, uuid[], uuid[], boolean[], int[]) from public;
grant execute on function etl_api.claim_apart(text, uuid[], uuid[], boolean[], int[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/claim_at_once.sql
create or replace function etl_api.claim_at_once(
  worker text, source_ids uuid[], org_ids uuid[], may_run boolean[], turns int[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  again_ids uuid[];
begin
  -- First what has been sent before or belongs to a run under way: retries, polls, pages.
  again_ids := etl_api.lease_requests(worker, etl_api.take_due_requests(source_ids, org_ids, turns));
  return again_ids || etl_api.allocate_source_runs(
    worker, source_ids, org_ids, etl_api.turns_left(source_ids, org_ids, may_run, turns, again_ids));
end
$$;

comment on function etl_api.claim_at_once(text, uuid[], uuid[], boolean[], int[]) is
  'Claims at most turns[i] HTTP requests to source_ids[i] for org_ids[i]: those due again, then new ones for runs where may_run. Returns their ids.';

revoke execute on function etl_api.claim_at_once(text, uuid[], uuid[], boolean[], int[]) from public;
grant execute on function etl_api.claim_at_once(text, uuid[], uuid[], boolean[], int[]) to service_role;
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
  room record;
  turn record;
  ids uuid[];
  fault_state text;
begin
  perform etl_api.check_claim_arguments(worker, max_requests, 'max_requests');
  perform etl_api.drain_advance_queue();

  select pg_catalog.array_agg(c.source_id) as sources, pg_catalog.array_agg(c.capacity) as capacities,
    pg_catalog.bool_or(c.has_windows) as has_windows
  into room
  from etl_api.source_capacity(max_requests) as c;
  if room.sources is null then
    return;
  end if;
  select pg_catalog.array_agg(d.source_id) as sources, pg_catalog.array_agg(d.org_id) as orgs,
    pg_catalog.array_agg(d.may_run) as may_run, pg_catalog.array_agg(d.turns) as turns
  into turn
  from etl_api.deal_turns(room.sources, room.capacities, max_requests) as d;
  if turn.sources is null then
    return;
  end if;

  -- All at once, as if nothing could be wrong; locks are taken inside, so that none is left when something is.
  begin
    ids := etl_api.claim_at_once(worker, turn.sources, turn.orgs, turn.may_run, turn.turns);
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
    ids := etl_api.claim_apart(worker, turn.sources, turn.orgs, turn.may_run, turn.turns);
  end;
  if room.has_windows then
    perform etl_api.count_windows(ids);
  end if;

  return query
  select r.id, r.org_id, r.lease_token, r.lease_until, r.kind, coalesce(s.org_id::text, 'shared'),
    p.request, s.timeout_seconds * 1000, r.attempts
  from unnest(ids) as i (id)
  join public.run_request as r on r.id = i.id
  join public.run_request_payload as p
    on p.run_request_id = r.id
    and p.org_id = r.org_id
  join public.source as s on s.id = r.source_id;
end
$$;

comment on function etl_api.claim_run_requests(text, int) is
  'Claims HTTP requests to send, at most max_requests (1 to 1000), each with a lease, under each source''s limits and in turn for each of its tenants: of a tenant first retries, polls and pages that are due, then new ones for runs that wait. What raises an exception is ended as failed (internal_error), and costs none of the others. Nothing to do: no row. ETL04: bad argument.';

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
  taken_ids uuid[];
begin
  if pg_catalog.jsonb_typeof(results) is distinct from 'array' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('results is %s: it must be an array', coalesce(pg_catalog.jsonb_typeof(results), 'null')),
      hint = 'Give [{"run_request_id", "lease_token", "status", "headers", "body", "error", "duration_ms"}].';
  end if;
  taken_ids := etl_api.take_answers(etl_api.completions_by_id(results, 'run_request_id'));

  -- Mostly all are taken: then each has an id, none was given twice, and there is nothing to look up.
  if pg_catalog.cardinality(taken_ids) = pg_catalog.jsonb_array_length(results) then
    return query
    select (e.value ->> 'run_request_id')::uuid, true, null::text
    from pg_catalog.jsonb_array_elements(results) as e (value);
    return;
  end if;

  return query
  select t.id, coalesce(t.id = any (taken_ids) and t.first, false),
    case
      when t.id is null then 'not a result: run_request_id is missing or not a UUID'
      when not t.first then 'given twice in this call: the first one counts'
      when t.id = any (taken_ids) then null
      when r.id is null then 'no such request'
      when r.state <> 'in_progress' then pg_catalog.format('already %s: nothing was changed', r.state)
      else 'the lease is lost: nothing was changed'
    end
  from (
    select e.id, e.place, pg_catalog.row_number() over (partition by e.id order by e.place) = 1 as first
    from (
      select utils.uuid_or_null(r.value -> 'run_request_id') as id, r.place
      from pg_catalog.jsonb_array_elements(results) with ordinality as r (value, place)
      offset 0
    ) as e
  ) as t
  left join lateral (
    select known.id, known.state
    from public.run_request as known
    where known.id = t.id
    offset 0
  ) as r on true
  order by t.place;
end
$$;

comment on function etl_api.complete_run_requests(jsonb) is
  'Reports what came back for claimed HTTP requests: [{"run_request_id", "lease_token", "status", "headers": {"content-type", "retry-after"}, "body" or "body_text", "error": {"kind", "message"}, "duration_ms"}]. Answers are judged, mapped into values, followed by what they call for; one that the engine cannot use ends as failed (internal_error) and costs none of the others. One row per result; accepted is false, and nothing changed, when it was completed before or its lease is lost. ETL04: not an array.';

revoke execute on function etl_api.complete_run_requests(jsonb) from public;
grant execute on function etl_api.complete_run_requests(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/exchange/completions_by_id.sql
create or replace function etl_api.completions_by_id(results jsonb, id_name text) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  -- In reverse, so that of two results for one id the first stays: jsonb_object_agg keeps the last.
  return (
    select coalesce(pg_catalog.jsonb_object_agg(r.id, r.value order by r.place desc), '{}')
    from (
      select utils.uuid_or_null(e.value -> id_name) as id, e.value, e.place
      from pg_catalog.jsonb_array_elements(results) with ordinality as e (value, place)
      offset 0
    ) as r
    where r.id is not null);
end
$$;

comment on function etl_api.completions_by_id(jsonb, text) is
  'A list of results as an object by their id; results without one are left out, of two with the same id the first stays.';

revoke execute on function etl_api.completions_by_id(jsonb, text) from public;
grant execute on function etl_api.completions_by_id(jsonb, text) to service_role;
-- end of source

-- source: sql/etl_api/exchange/count_windows.sql
create or replace function etl_api.count_windows(run_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  insert into etl_api.source_window as w (source_id, period, began_at, used)
  select s.id, l.key, etl_api.window_start(l.key), sent.requests
  from (
    select r.source_id, pg_catalog.count(*)::int as requests
    from public.run_request as r
    where r.id = any (run_request_ids)
    group by r.source_id
  ) as sent
  join public.source as s
    on s.id = sent.source_id
    and pg_catalog.jsonb_typeof(s.rate_limit) = 'object'
  cross join lateral pg_catalog.jsonb_object_keys(s.rate_limit) as l (key)
  -- A window never goes back; see source_room.
  on conflict (source_id, period) do update
  set began_at = greatest(w.began_at, excluded.began_at),
      used = excluded.used + case when w.began_at >= excluded.began_at then w.used else 0 end;
end
$$;

comment on function etl_api.count_windows(uuid[]) is
  'Counts claimed HTTP requests in the current windows of those of their sources that have a rate_limit. The caller holds these sources.';

revoke execute on function etl_api.count_windows(uuid[]) from public;
grant execute on function etl_api.count_windows(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/due_sources.sql
create or replace function etl_api.due_sources() returns uuid[]
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  -- One index probe per source, however many rows wait.
  return (
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
    select pg_catalog.array_agg(waiting.source_id)
    from (
      select queued.source_id from queued
      union
      select requested.source_id from requested
    ) as waiting
    where waiting.source_id is not null);
end
$$;

comment on function etl_api.due_sources() is
  'Sources that have runs or HTTP requests waiting, due or not; null when none has.';

revoke execute on function etl_api.due_sources() from public;
grant execute on function etl_api.due_sources() to service_role;
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
  -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
  from (select given.id from unnest(run_request_ids) as given (id) limit pg_catalog.cardinality(run_request_ids)) as i
  where r.id = i.id
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
  moment constant timestamptz := utils.now();
  ended record;
begin
  -- A chain failed when any of its requests did; what its other pages brought is kept all the same.
  select
    pg_catalog.array_agg(q.id) as run_ids,
    pg_catalog.array_agg(bad.state_substate) as codes,
    pg_catalog.array_agg(bad.error) as errors,
    pg_catalog.array_agg(case
      when bad.state_substate is null and ar.result_role = 'input' and not exists (
        select 1
        from public.value as v
        where v.object_id = q.object_id
          and v.source_id = q.source_id
          and v.datapoint_id = any (q.datapoint_ids)
          and v.observed_at >= q.created_at
        offset 0) then
        case when etl_api.run_was_refused(q.activity_request_id, root.id, q.object_id) then 'refused' else 'no_value' end
      when bad.state_substate is null and ar.result_role = 'result'
        and etl_api.run_was_refused(q.activity_request_id, root.id) then 'refused'
    end) as substates,
    pg_catalog.array_agg(distinct q.activity_request_id) as activity_ids,
    pg_catalog.array_agg(distinct q.activity_request_id) filter (where ar.result_role = 'result') as search_ids,
    pg_catalog.array_agg(q.activity_request_id) filter (where ar.result_role = 'input') as asking_ids,
    pg_catalog.array_agg(q.object_id) filter (where ar.result_role = 'input') as object_ids
  into ended
  from unnest(root_ids) as root (id)
  cross join lateral (
    select run.*
    from public.run_queue as run
    where run.run_request_id = root.id
    offset 0
  ) as q
  cross join lateral (
    select of_run.result_role
    from public.activity_request as of_run
    where of_run.id = q.activity_request_id
    offset 0
  ) as ar
  left join lateral (
    select r.state_substate, r.error
    from public.run_request as r
    where r.root_id = root.id
      and r.state in ('failed', 'invalid', 'timedout')
    order by r.id
    limit 1
  ) as bad on true
  where q.state = 'in_progress';
  if ended.run_ids is null then
    return '{}'::uuid[];
  end if;

  update public.run_queue as q
  set state = case when e.code is null then 'done' else 'failed' end::public.run_queue_state,
      state_via = null,
      state_substate = coalesce(e.code, e.substate),
      error = e.error,
      finished_at = moment
  from (
    select t.*
    from unnest(ended.run_ids, ended.codes, ended.substates, ended.errors) as t (id, code, substate, error)
    -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
    limit pg_catalog.cardinality(ended.run_ids)
  ) as e
  where q.id = e.id;

  -- What is still missing of these objects goes to the next source at once, while others are still out; a search that
  -- is over and found nothing asks its next one.
  if ended.object_ids is not null then
    perform etl_api.create_run(ended.asking_ids, ended.object_ids);
  end if;
  if ended.search_ids is not null then
    perform etl_api.create_run(ended.search_ids);
  end if;
  return ended.activity_ids;
end
$$;

comment on function etl_api.end_runs(uuid[]) is
  'Ends the runs carried by these chains of HTTP requests (run_request.root_id), done (no_value when nothing came of what was asked for, refused when guardrails refused all that came) or failed as their requests did, and creates the runs needed next: of the waterfall for their objects, and of searches that found nothing. Returns the activity requests concerned. The caller holds the workflow locks.';

revoke execute on function etl_api.end_runs(uuid[]) from public;
grant execute on function etl_api.end_runs(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/factor_vars.sql
create or replace function etl_api.factor_vars(activity_id uuid, org_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
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
        -- What an org adds to a shared activity is its own.
        and (fa.org_id is null or fa.org_id = factor_vars.org_id)
    ) as f);
end
$$;

comment on function etl_api.factor_vars(uuid, uuid) is
  'What <<$criteria>> (use cases) and <<$factors>> (use cases and guardrails) of an activity stand for in the requests of an org: lists of {factor_type, object_type, datapoint, operator, value, is_guardrail, description}.';

revoke execute on function etl_api.factor_vars(uuid, uuid) from public;
grant execute on function etl_api.factor_vars(uuid, uuid) to service_role;
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
  followed constant etl_api.answer[] := etl_api.answers_to_follow(answers);
begin
  if followed is null then
    return;
  end if;

  select
    pg_catalog.array_agg(f.cost) as costs,
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
        then utils.back_off(etl_api.poll_back_off(s.poll_policy), 1) else interval '0' end as due_at, 0 as cost
    from unnest(followed) as a
    join public.source as s on s.id = a.source_id
    where a.verdict = 'ask'
    union all
    -- A page is followed by the next one: while there is a cursor, or while a template with <<$page>> finds objects.
    select a.run_request_id, a.source_id, a.activity_request_id, a.external_id, a.next_cursor, a.page + 1,
      a.kind, utils.now(), case when a.kind = 'run' then s.cost_per_run else 0 end
    from unnest(followed) as a
    join public.source as s on s.id = a.source_id
    cross join lateral (
      select asking.id, asking.result_role, asking.max_objects
      from public.activity_request as asking
      where asking.id = a.activity_request_id
      offset 0
    ) as ar
    cross join lateral (select sent.cursor from public.run_request as sent where sent.id = a.run_request_id offset 0) as r
    cross join lateral (select etl_api.source_template(s, a.kind) as json) as template
    where a.verdict = 'map'
      and a.page < max_pages
      -- A cursor that leads to where we are would lead there for ever.
      and (a.next_cursor <> coalesce(r.cursor, 'null')
        or (not coalesce(template.json -> 'response' ? 'next_cursor', false)
          and pg_catalog.strpos((template.json - 'response')::text, '<<$page') > 0
          and exists (select 1 from etl_api.answer_objects(array[a]))))
      and (ar.result_role = 'input' or ar.max_objects is null or etl_api.wants_more_objects(ar.id))
  ) as f;
  if next.before_ids is null then
    return;
  end if;

  select pg_catalog.array_agg(r.request order by r.item), pg_catalog.array_agg(pg_catalog.to_jsonb(r.missing) order by r.item)
  into requests, missing
  from etl_api.render_follow_ups(
    next.kinds, next.source_ids, next.activity_ids, next.external_ids, next.cursors, next.pages, next.before_ids) as r;

  perform etl_api.queue_follow_ups(
    next.before_ids, next.kinds, next.pages, next.cursors, next.external_ids, next.due_ats, next.costs, requests, missing);
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
  error_kind text := pg_catalog.left(answer #>> '{error,kind}', 100);
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
    message := coalesce(pg_catalog.left(answer #>> '{error,message}', 2000), pg_catalog.format('%s gave no answer.', source.name));
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

-- source: sql/etl_api/exchange/lease_requests.sql
create or replace function etl_api.lease_requests(worker text, run_request_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  lease interval;
begin
  if run_request_ids <> '{}' then
    lease := etl_api.time_limit(null, 'lease_seconds');
    update public.run_request as r
    set state = 'in_progress',
        state_via = case when r.state = 'waiting' then '{ready}'::public.run_request_state[] end,
        state_substate = null,
        attempts = r.attempts + 1,
        lease_until = moment + lease + pg_catalog.make_interval(secs => s.timeout_seconds),
        lease_token = pg_catalog.gen_random_uuid(),
        worker = lease_requests.worker,
        claimed_at = moment
    from public.source as s
    where r.id = any (run_request_ids)
      and s.id = r.source_id;
  end if;
  return run_request_ids;
end
$$;

comment on function etl_api.lease_requests(text, uuid[]) is
  'Gives HTTP requests that are due to a worker, each with a lease. Returns their ids. The caller holds their rows.';

revoke execute on function etl_api.lease_requests(text, uuid[]) from public;
grant execute on function etl_api.lease_requests(text, uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/lease_requests_apart.sql
create or replace function etl_api.lease_requests_apart(worker text, run_request_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  half constant int := pg_catalog.cardinality(run_request_ids) / 2;
  fault_state text;
  fault_message text;
begin
  return etl_api.lease_requests(worker, run_request_ids);
exception when others then
  get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
  if etl_api.fault_passes(fault_state) then
    raise;
  end if;
  if half > 0 then
    return etl_api.lease_requests_apart(worker, run_request_ids[1 : half])
      || etl_api.lease_requests_apart(worker, run_request_ids[half + 1 :]);
  end if;
  perform etl_api.refuse_request(run_request_ids[1], fault_state, fault_message);
  return '{}'::uuid[];
end
$$;

comment on function etl_api.lease_requests_apart(text, uuid[]) is
  'Leases HTTP requests (lease_requests); when that fails, halves them until the one that cannot be leased stands alone, ends it (refuse_request) and leases the others. Returns the ids of those leased.';

revoke execute on function etl_api.lease_requests_apart(text, uuid[]) from public;
grant execute on function etl_api.lease_requests_apart(text, uuid[]) to service_role;
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

-- source: sql/etl_api/exchange/lock_request_workflows.sql
create or replace function etl_api.lock_request_workflows(run_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.lock_workflows(array(
    select distinct r.workflow_request_id
    from public.run_request as r
    where r.id = any (run_request_ids)));
end
$$;

comment on function etl_api.lock_request_workflows(uuid[]) is
  'Locks the workflow requests that HTTP requests serve; see lock_workflows.';

revoke execute on function etl_api.lock_request_workflows(uuid[]) from public;
grant execute on function etl_api.lock_request_workflows(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/mark_run_request_done.sql
create or replace function public.mark_run_request_done() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  root_ids uuid[];
begin
  -- A chain of requests is over when none of it is open; the runs it carried end with it. Old and new rows have no
  -- index: grouped by their id they meet at once, whatever joins are switched off above.
  select pg_catalog.array_agg(distinct changed.root_id) into root_ids
  from (
    select both_rows.root_id
    from (
      select n.id, n.root_id, n.state as is_now, null as was
      from new_rows as n
      union all
      select o.id, o.root_id, null, o.state
      from old_rows as o
    ) as both_rows
    group by both_rows.id, both_rows.root_id
    having pg_catalog.max(both_rows.is_now) in ('done', 'failed', 'timedout', 'invalid')
      and pg_catalog.max(both_rows.is_now) is distinct from pg_catalog.max(both_rows.was)
  ) as changed
  where not exists (
    select 1
    from public.run_request as r
    where r.root_id = changed.root_id
      and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
    offset 0);
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

-- source: sql/etl_api/exchange/mask_secrets.sql
create or replace function etl_api.mask_secrets(request jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select pg_catalog.regexp_replace(request::text, '<<\$secret\.[A-Za-z0-9_][A-Za-z0-9_.-]*>>', '***', 'g')::jsonb
$$;

comment on function etl_api.mask_secrets(jsonb) is
  'A rendered request with *** for every secret, for people to look at.';

revoke execute on function etl_api.mask_secrets(jsonb) from public;
grant execute on function etl_api.mask_secrets(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/exchange/missing_error.sql
create or replace function etl_api.missing_error(missing jsonb, kind text, source_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return pg_catalog.jsonb_build_object(
    'code', 'missing_value',
    'missing', missing,
    'message', pg_catalog.format('Nothing fills %s in the %s request template of source %s.',
      (select pg_catalog.string_agg('<<$' || m.name || '>>', ', ') from pg_catalog.jsonb_array_elements_text(missing) as m (name)),
      kind,
      (select s.name from public.source as s where s.id = source_id)));
end
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

-- source: sql/etl_api/exchange/postpone_unpaid.sql
create or replace function etl_api.postpone_unpaid(run_request_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  asked record;
  postponed uuid[];
begin
  select pg_catalog.array_agg(r.id order by r.due_at, r.id) as ids,
    pg_catalog.array_agg(r.org_id order by r.due_at, r.id) as orgs,
    pg_catalog.array_agg(r.cost order by r.due_at, r.id) as costs
  into asked
  from public.run_request as r
  where r.id = any (run_request_ids);

  -- What the workflow has to pay was paid when the page was queued.
  select coalesce(pg_catalog.array_agg(t.id), '{}') into postponed
  from unnest(asked.ids, etl_api.spend_budgets(asked.orgs, '{}', asked.costs)) as t (id, verdict)
  where t.verdict is not null;

  update public.run_request as r
  set due_at = etl_api.budget_retry_at()
  where r.id = any (postponed);
  return postponed;
end
$$;

comment on function etl_api.postpone_unpaid(uuid[]) is
  'Pays pages that wait for the budget of the month. Returns those it still does not allow, which are looked at again in a minute. The caller holds their rows.';

revoke execute on function etl_api.postpone_unpaid(uuid[]) from public;
grant execute on function etl_api.postpone_unpaid(uuid[]) to service_role;
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

-- source: sql/etl_api/exchange/queue_follow_ups.sql
create or replace function etl_api.queue_follow_ups(
  before_ids uuid[], kinds text[], pages int[], cursors jsonb[], external_ids text[], due_ats timestamptz[],
  costs numeric[], requests jsonb[], missing jsonb[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  request_ids uuid[] := array(select utils.new_id() from unnest(before_ids));
  verdicts text[];
begin
  -- A further page costs what the first one does. One that only the month's budget does not allow waits for it.
  if 0 < any (costs) then
    select etl_api.spend_budgets(
        pg_catalog.array_agg(b.org_id order by t.item),
        pg_catalog.array_agg(b.workflow_request_id order by t.item),
        pg_catalog.array_agg(case when t.request is not null then t.cost end order by t.item),
        reserve => true)
    into verdicts
    from unnest(before_ids, costs, requests) with ordinality as t (before_id, cost, request, item)
    join public.run_request as b on b.id = t.before_id;
  end if;

  -- What cannot be rendered, or be paid at all, is never queued; its chain ends with it.
  insert into public.run_request
    (id, org_id, workflow_request_id, activity_request_id, source_id, kind, root_id, page, cursor, external_id, cost,
     state, state_via, state_substate, due_at, error, created_at, finished_at)
  select t.id, b.org_id, b.workflow_request_id, b.activity_request_id, b.source_id, t.kind, b.root_id, t.page, t.cursor,
    t.external_id, case when f.refused is null then t.cost else 0 end,
    case when f.refused is not null then 'invalid' else 'waiting' end::public.run_request_state,
    case when f.refused is not null then '{new}' else '{new,valid}' end::public.run_request_state[],
    case when f.refused is not null then f.refused
      when t.kind = 'status' then 'polling'
      when t.verdict = 'month' then 'budget' end,
    case when t.verdict = 'month' then etl_api.budget_retry_at() else t.due_at end,
    case f.refused
      when 'missing_value' then etl_api.missing_error(t.missing, t.kind, b.source_id)
      when 'budget_exceeded' then etl_api.budget_error(b.workflow_request_id, b.source_id)
    end,
    utils.now(),
    case when f.refused is not null then utils.now() end
  from unnest(request_ids, before_ids, kinds, pages, cursors, external_ids, due_ats, costs, requests, missing, verdicts)
    as t (id, before_id, kind, page, cursor, external_id, due_at, cost, request, missing, verdict)
  join public.run_request as b on b.id = t.before_id
  cross join lateral (
    select case when t.request is null then 'missing_value' when t.verdict = 'workflow' then 'budget_exceeded' end as refused
  ) as f;

  insert into public.run_request_payload (run_request_id, org_id, request)
  select t.id, b.org_id, t.request
  from unnest(request_ids, before_ids, requests) as t (id, before_id, request)
  join public.run_request as b on b.id = t.before_id
  where t.request is not null;
end
$$;

comment on function etl_api.queue_follow_ups(uuid[], text[], int[], jsonb[], text[], timestamptz[], numeric[], jsonb[], jsonb[]) is
  'Queues HTTP requests that follow those in before_ids; what could not be rendered (its request is null) or the workflow''s budget does not allow becomes invalid. The caller holds the workflow locks.';

revoke execute on function etl_api.queue_follow_ups(uuid[], text[], int[], jsonb[], text[], timestamptz[], numeric[], jsonb[], jsonb[]) from public;
grant execute on function etl_api.queue_follow_ups(uuid[], text[], int[], jsonb[], text[], timestamptz[], numeric[], jsonb[], jsonb[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/refuse_answer.sql
create or replace function etl_api.refuse_answer(run_request_id uuid, result jsonb, fault_state text, fault_message text)
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  answers etl_api.answer[];
begin
  -- The same result with an error of its own is judged before anything is read in it.
  answers := etl_api.accept_answers(pg_catalog.jsonb_build_object(run_request_id, result || pg_catalog.jsonb_build_object(
    'status', null,
    'error', pg_catalog.jsonb_build_object(
      'kind', 'internal_error',
      'message', pg_catalog.format('The engine could not use the answer: %s (%s).', fault_message, fault_state)))));
  if pg_catalog.cardinality(answers) = 0 then
    return '{}'::uuid[];
  end if;
  perform etl_api.process_answers(answers);
  perform etl_api.logger('error', 'exchange', 'An answer could not be used.',
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message), null, 'run_request', run_request_id);
  return array[run_request_id];
end
$$;

comment on function etl_api.refuse_answer(uuid, jsonb, text, text) is
  'Ends an HTTP request whose answer made the engine raise as failed (internal_error); the answer is kept in run_response, the cause in the log. The caller holds the workflow lock.';

revoke execute on function etl_api.refuse_answer(uuid, jsonb, text, text) from public;
grant execute on function etl_api.refuse_answer(uuid, jsonb, text, text) to service_role;
-- end of source

-- source: sql/etl_api/exchange/refuse_request.sql
create or replace function etl_api.refuse_request(run_request_id uuid, fault_state text, fault_message text) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Who holds the workflow may be about to wait for the row that the claim holds: so nobody waits here. A later claim
  -- meets the request again.
  perform 1
  from public.run_request as r
  join public.workflow_request as w
    on w.id = r.workflow_request_id
    and w.org_id = r.org_id
    and w.replay = 0
  where r.id = run_request_id
  for no key update of w skip locked;
  if not found then
    return;
  end if;

  perform etl_api.end_run_requests(array[run_request_id], 'internal_error',
    pg_catalog.format('The engine could not send it: %s (%s).', fault_message, fault_state));
  perform etl_api.logger('error', 'exchange', 'A request could not be sent.',
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message), null, 'run_request', run_request_id);
exception when others then
  if etl_api.fault_passes(sqlstate) then
    raise;
  end if;
  perform etl_api.logger_stuck('exchange', 'A request could be neither sent nor ended.', 'run_request', run_request_id,
    fault_state, fault_message);
end
$$;

comment on function etl_api.refuse_request(uuid, text, text) is
  'Ends an HTTP request that was due and made the engine raise when it was claimed, as failed (internal_error), with the runs it carries. One that cannot be ended either stays as it is, in the log.';

revoke execute on function etl_api.refuse_request(uuid, text, text) from public;
grant execute on function etl_api.refuse_request(uuid, text, text) to service_role;
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
  requests constant int := pg_catalog.cardinality(kinds);
  object_ids uuid[];
  natural_keys jsonb[];
  known jsonb[];
  objects jsonb[];
  names jsonb[];
begin
  -- What costs a look-up is looked up only for templates that ask for it. A list for each request, null where it has
  -- none, so that below all lists go side by side, without a join.
  if etl_api.templates_mention(kinds, source_ids, '<<$object') then
    select pg_catalog.array_agg(q.object_id order by r.place), pg_catalog.array_agg(o.natural_key order by r.place)
    into object_ids, natural_keys
    from unnest(run_ids) with ordinality as r (id, place)
    -- A probe each, however many runs a request carries; see match_objects.
    cross join lateral (select run.object_id from public.run_queue as run where run.id = r.id limit 1) as q
    left join lateral (select thing.natural_key from public.object as thing where thing.id = q.object_id limit 1) as o on true;

    known := array(select v."values" from etl_api.object_values(object_ids) as v order by v.place);
    objects := array(
      select pg_catalog.jsonb_agg(r.natural_key || r.known order by r.place) filter (where r.natural_key is not null)
      from (
        select r.item, r.natural_key, r.known, r.place
        from unnest(run_items, natural_keys, known) with ordinality as r (item, natural_key, known, place)
        union all
        select r.item, null, null, null from pg_catalog.generate_series(1, requests) as r (item)
      ) as r
      group by r.item
      order by r.item);
  end if;
  if etl_api.templates_mention(kinds, source_ids, '<<$datapoints') then
    names := array(
      select pg_catalog.jsonb_agg(distinct r.name order by r.name) filter (where r.name is not null)
      from (
        select r.item, d.name
        from unnest(run_items, run_ids) as r (item, run_id)
        cross join lateral (select run.datapoint_ids from public.run_queue as run where run.id = r.run_id limit 1) as q
        join public.datapoint as d on d.id = any (q.datapoint_ids)
        union all
        select r.item, null from pg_catalog.generate_series(1, requests) as r (item)
      ) as r
      group by r.item
      order by r.item);
  end if;

  return query
  -- A template is cut once, however many requests it makes.
  with template as materialized (
    select asked.*, utils.cut_template(t.json) as parts,
      pg_catalog.strpos(t.json::text, '<<$criteria') > 0
        or pg_catalog.strpos(t.json::text, '<<$factors') > 0 as wants_factors
    from (
      select a.kind, a.source_id,
        pg_catalog.array_agg(a.item::int) as items, pg_catalog.array_agg(a.activity_request_id) as activity_request_ids,
        pg_catalog.array_agg(a.external_id) as external_ids, pg_catalog.array_agg(a.cursor) as cursors,
        pg_catalog.array_agg(a.page) as pages, pg_catalog.array_agg(a.objects) as objects,
        pg_catalog.array_agg(a.names) as names
      from unnest(kinds, source_ids, activity_request_ids, external_ids, cursors, pages, objects, names)
        with ordinality as a (kind, source_id, activity_request_id, external_id, cursor, page, objects, names, item)
      group by a.kind, a.source_id
    ) as asked
    cross join lateral (
      select etl_api.source_template(s, asked.kind) as json
      from public.source as s
      where s.id = asked.source_id
      limit 1
    ) as t
  )
  select a.item, filled.request, filled.missing
  from template as t
  cross join lateral unnest(t.items, t.activity_request_ids, t.external_ids, t.cursors, t.pages, t.objects, t.names)
    as a (item, activity_request_id, external_id, cursor, page, objects, names)
  cross join lateral (
    select asking.activity_id, asking.org_id, asking.config, asking.max_objects
    from public.activity_request as asking
    where asking.id = a.activity_request_id
    limit 1
  ) as ar
  cross join lateral utils.fill_placeholders(
    t.parts,
    pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
      'run_external_id', a.external_id,
      'max_objects', ar.max_objects,
      'page', a.page))
    || pg_catalog.jsonb_build_object(
      'run_setup', ar.config,
      'cursor', a.cursor,
      'objects', coalesce(a.objects, '[]'),
      'datapoints', coalesce(a.names, '[]'))
    || case when pg_catalog.jsonb_array_length(a.objects) = 1
      then pg_catalog.jsonb_build_object('object', a.objects -> 0) else '{}' end
    || case when t.wants_factors then etl_api.factor_vars(ar.activity_id, ar.org_id) else '{}' end) as filled;
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
      message = pg_catalog.format('no edge function is called %L', pg_catalog.left(function_name, 50)),
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

-- source: sql/etl_api/exchange/run_was_refused.sql
create or replace function etl_api.run_was_refused(activity_request_id uuid, root_id uuid, object_id uuid default null)
returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  -- "offset 0" keeps a look-up a look-up: of an object that was asked about, by its refusals, which are few.
  if run_was_refused.object_id is not null then
    return exists (
      select 1
      from public.guardrail_refusal as refused
      where refused.activity_request_id = run_was_refused.activity_request_id
        and refused.object_id = run_was_refused.object_id
        and exists (
          select 1
          from public.run_request as r
          where r.id = refused.run_request_id
            and r.root_id = run_was_refused.root_id
          offset 0));
  end if;

  -- A search has brought something when an object it told of is among the results.
  return exists (
      select 1
      from public.run_request as r
      join public.guardrail_refusal as refused on refused.run_request_id = r.id
      where r.root_id = run_was_refused.root_id)
    and not exists (
      select 1
      from public.activity_object as ao
      where ao.activity_request_id = run_was_refused.activity_request_id
        and ao.role = 'result'
        and exists (
          select 1
          from public.value as v
          join public.run_request as r on r.id = v.run_request_id
          where v.object_id = ao.object_id
            and r.root_id = run_was_refused.root_id
          offset 0));
end
$$;

comment on function etl_api.run_was_refused(uuid, uuid, uuid) is
  'Whether guardrails refused what a chain of HTTP requests brought for an activity request: of an object it asked about something, of a search all.';

revoke execute on function etl_api.run_was_refused(uuid, uuid, uuid) from public;
grant execute on function etl_api.run_was_refused(uuid, uuid, uuid) to service_role;
-- end of source

-- source: sql/etl_api/exchange/settle_answers.sql
create or replace function etl_api.settle_answers(answers etl_api.answer[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
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
      finished_at = case when a.verdict not in ('poll', 'retry') then moment end
  -- The limit makes the planner think of one row, and so of a look-up by key, whatever it thinks of the table.
  from (select given.* from unnest(answers) as given limit pg_catalog.cardinality(answers)) as a
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
returns table (source_id uuid, capacity int, has_windows boolean)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  room_ids uuid[] := etl_api.due_sources();
begin
  if room_ids is null then
    return;
  end if;
  -- Those that are full need no lock to be left out: what is used of a window only grows until its end.
  room_ids := array(
    select r.source_id
    from etl_api.source_room(room_ids, max_requests) as r
    where r.capacity > 0);

  -- A limit holds only if one claim at a time counts; sources without one need no lock.
  perform 1
  from public.source as s
  where s.id = any (room_ids)
    and (s.max_concurrency is not null or s.rate_limit is not null)
  order by s.id
  for no key update;

  return query
  select r.source_id, r.capacity, r.has_windows
  from etl_api.source_room(room_ids, max_requests) as r
  where r.capacity > 0;
end
$$;

comment on function etl_api.source_capacity(int) is
  'Sources with work waiting that may be sent HTTP requests now, and how many each, at most max_requests. Holds those that have a limit until the transaction ends.';

revoke execute on function etl_api.source_capacity(int) from public;
grant execute on function etl_api.source_capacity(int) to service_role;
-- end of source

-- source: sql/etl_api/exchange/source_room.sql
create or replace function etl_api.source_room(source_ids uuid[], max_requests int)
returns table (source_id uuid, capacity int, has_windows boolean)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
  select s.id, least(
    max_requests,
    case when s.max_concurrency is not null then s.max_concurrency - (
      select pg_catalog.count(*)::int
      from public.run_request as r
      where r.source_id = s.id
        and r.state = 'in_progress') end,
    -- A window never goes back: who waited for the lock of the source may be a little behind the one before.
    case when pg_catalog.jsonb_typeof(s.rate_limit) = 'object' then (
      select pg_catalog.min((l.value #>> '{}')::numeric::int - case when w.began_at >= etl_api.window_start(l.key) then w.used else 0 end)
      from pg_catalog.jsonb_each(s.rate_limit) as l
      left join etl_api.source_window as w
        on w.source_id = s.id
        and w.period = l.key) end),
    s.rate_limit is not null
  from public.source as s
  where s.id = any (source_ids)
    and s.enabled;
end
$$;

comment on function etl_api.source_room(uuid[], int) is
  'How many HTTP requests each of these sources, if enabled, may be sent now, at most max_requests: what max_concurrency and the current windows of rate_limit (has_windows) leave. Exact only for who holds the source.';

revoke execute on function etl_api.source_room(uuid[], int) from public;
grant execute on function etl_api.source_room(uuid[], int) to service_role;
-- end of source

-- source: sql/etl_api/exchange/source_template.sql
create or replace function etl_api.source_template(source public.source, kind text) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return case kind
    when 'run' then source.run_request_template
    when 'status' then source.status_request_template
    when 'delivery' then source.delivery_request_template
  end;
end
$$;

comment on function etl_api.source_template(public.source, text) is
  'The request template of a source for a kind of HTTP request: run, status or delivery.';

revoke execute on function etl_api.source_template(public.source, text) from public;
grant execute on function etl_api.source_template(public.source, text) to service_role;
-- end of source

-- source: sql/etl_api/exchange/take_answers.sql
create or replace function etl_api.take_answers(given jsonb) returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  ids constant uuid[] := array(select k.id::uuid from pg_catalog.jsonb_object_keys(given) as k (id));
  half constant int := pg_catalog.cardinality(ids) / 2;
  answers etl_api.answer[];
  fault_state text;
  fault_message text;
begin
  perform etl_api.lock_request_workflows(ids);
  answers := etl_api.accept_answers(given);
  if pg_catalog.cardinality(answers) > 0 then
    perform etl_api.process_answers(answers);
  end if;
  return array(select a.run_request_id from pg_catalog.unnest(answers) as a);
exception when others then
  get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
  -- What is not the answer's doing is to be tried again as a whole; see isolate_workflow_requests.
  if fault_state ~ '^(40|25|53|57|58)' or fault_state = '55P03' then
    raise;
  end if;
  -- All locks at once again, in their order, before the parts take theirs.
  perform etl_api.lock_request_workflows(ids);
  if half > 0 then
    return etl_api.take_answers(etl_api.pick(given, ids[1 : half]::text[])) || etl_api.take_answers(etl_api.pick(given, ids[half + 1 :]::text[]));
  end if;
  return etl_api.refuse_answer(ids[1], given -> ids[1]::text, fault_state, fault_message);
end
$$;

comment on function etl_api.take_answers(jsonb) is
  'Takes the results ({run_request_id: result}) of claimed HTTP requests whose lease lives and does what they lead to. When that fails, it halves them until the one that cannot be used stands alone, ends that request as failed (internal_error) and takes the others. Returns the ids of those taken.';

revoke execute on function etl_api.take_answers(jsonb) from public;
grant execute on function etl_api.take_answers(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/exchange/take_due_requests.sql
create or replace function etl_api.take_due_requests(source_ids uuid[], org_ids uuid[], turns int[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  due_ids uuid[];
  unpaid_ids uuid[];
begin
  select pg_catalog.array_agg(r.id), pg_catalog.array_agg(r.id) filter (where r.state_substate = 'budget')
  into due_ids, unpaid_ids
  from unnest(source_ids, org_ids, turns) as c (source_id, org_id, turns)
  cross join lateral (
    select r.id, r.state_substate
    from public.run_request as r
    where r.source_id = c.source_id
      and r.org_id = c.org_id
      and r.state in ('waiting', 'ready')
      and r.due_at <= moment
    order by r.due_at
    limit c.turns
    for update skip locked
  ) as r;
  if unpaid_ids is null then
    return coalesce(due_ids, '{}');
  end if;
  return array(
    select d.id
    from unnest(due_ids) as d (id)
    where d.id <> all (etl_api.postpone_unpaid(unpaid_ids)));
end
$$;

comment on function etl_api.take_due_requests(uuid[], uuid[], int[]) is
  'Locks HTTP requests that are due, at most turns[i] to source_ids[i] for org_ids[i], the longest due first, and pays pages that waited for the budget of the month; those it still does not allow are left for later. Returns their ids.';

revoke execute on function etl_api.take_due_requests(uuid[], uuid[], int[]) from public;
grant execute on function etl_api.take_due_requests(uuid[], uuid[], int[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/templates_mention.sql
create or replace function etl_api.templates_mention(kinds text[], source_ids uuid[], placeholder text) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (
    select 1
    from (select distinct t.kind, t.source_id from unnest(kinds, source_ids) as t (kind, source_id)) as asked
    join public.source as s on s.id = asked.source_id
    where pg_catalog.strpos(etl_api.source_template(s, asked.kind)::text, placeholder) > 0);
end
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

-- source: sql/etl_api/exchange/turns_left.sql
create or replace function etl_api.turns_left(
  source_ids uuid[], org_ids uuid[], may_run boolean[], turns int[], again_ids uuid[])
returns int[]
language plpgsql stable
set search_path = ''
as $$
declare
  again_sources uuid[];
  again_orgs uuid[];
begin
  if again_ids <> '{}' then
    select pg_catalog.array_agg(r.source_id), pg_catalog.array_agg(r.org_id) into again_sources, again_orgs
    from public.run_request as r
    where r.id = any (again_ids);
  end if;
  return array(
    select case when t.may_run then t.turns - (
      select pg_catalog.count(*)::int
      from unnest(again_sources, again_orgs) as a (source_id, org_id)
      where a.source_id = t.source_id
        and a.org_id = t.org_id) else 0 end
    from unnest(source_ids, org_ids, may_run, turns)
      with ordinality as t (source_id, org_id, may_run, turns, i)
    order by t.i);
end
$$;

comment on function etl_api.turns_left(uuid[], uuid[], boolean[], int[], uuid[]) is
  'How many of turns[i] at source_ids[i] for org_ids[i] are left for new HTTP requests beside those in again_ids; none where may_run is false.';

revoke execute on function etl_api.turns_left(uuid[], uuid[], boolean[], int[], uuid[]) from public;
grant execute on function etl_api.turns_left(uuid[], uuid[], boolean[], int[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/window_start.sql
create or replace function etl_api.window_start(period text) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return pg_catalog.date_trunc(period, utils.now(), 'UTC');
end
$$;

comment on function etl_api.window_start(text) is
  'When the current window of a rate limit began: the second, minute or day (in UTC) that it is now.';

revoke execute on function etl_api.window_start(text) from public;
grant execute on function etl_api.window_start(text) to service_role;
-- end of source

-- source: sql/etl_api/factors/check_factor_rules.sql
create or replace function etl_api.check_factor_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  -- Whoever renames or retypes one of these waits for this factor, and this factor for them: neither misses the other.
  perform from public.object_type as t where t.id in (select n.object_type_id from new_rows as n) order by t.id for share;
  perform from public.datapoint as d where d.id in (select n.datapoint_id from new_rows as n) order by d.id for share;

  select e.* into fault
  from etl_api.factor_faults(array(select n.id from new_rows as n)) as e
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s: %s: %s', tg_table_name, fault.factor_id, fault.field, fault.fault),
      hint = 'Correct this field; nothing of the statement was written.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_factor_rules() is
  'Refuses factors that could not be decided. ETL07 with the field and a sentence.';

revoke execute on function etl_api.check_factor_rules() from public;
-- end of source

-- source: sql/etl_api/factors/check_factors_of_datapoints.sql
create or replace function etl_api.check_factors_of_datapoints() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  select n.id, case when n.value_type <> o.value_type then 'value_type' else 'object_type_id' end as field,
    case when n.value_type <> o.value_type then n.value_type else n.object_type_id::text end as found,
    e.factor_id, f.description, e.field as factor_field, e.fault
  into fault
  from new_rows as n
  join old_rows as o on o.id = n.id
  join public.factor as f on f.datapoint_id = n.id
  cross join lateral etl_api.factor_faults(array[f.id]) as e
  where (n.value_type, n.object_type_id) <> (o.value_type, o.object_type_id)
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s: %s: with %s the factor %s (%s) loses its sense: %s: %s', tg_table_name, fault.id,
        fault.field, fault.found, fault.factor_id, fault.description, fault.factor_field, fault.fault),
      hint = 'Change or delete that factor first; nothing of the statement was written.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_factors_of_datapoints() is
  'Refuses changes of a datapoint''s value_type or object type with which a factor could no longer be decided. ETL07 with the factor.';

revoke execute on function etl_api.check_factors_of_datapoints() from public;
-- end of source

-- source: sql/etl_api/factors/describe_changed_factors.sql
create or replace function etl_api.describe_changed_factors() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform etl_api.describe_factors(case tg_table_name
    when 'factor' then array(select n.id from new_rows as n)
    when 'datapoint' then array(
      select f.id
      from new_rows as n
      join public.factor as f on f.datapoint_id = n.id)
    when 'object_type' then array(
      select f.id
      from new_rows as n
      join public.factor as f on f.object_type_id = n.id)
  end);
  return null;
end
$$;

comment on function etl_api.describe_changed_factors() is
  'Keeps factor.description when a factor, or the datapoint or object type it names, is written.';

revoke execute on function etl_api.describe_changed_factors() from public;
-- end of source

-- source: sql/etl_api/factors/describe_factors.sql
create or replace function etl_api.describe_factors(factor_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Writing fires the triggers that call this; so nothing is written, not even no rows, when all is said already.
  if exists (
    select
    from etl_api.factor_sentences(factor_ids) as s
    where s.description is distinct from s.sentence)
  then
    update public.factor as f
    set description = s.sentence
    from etl_api.factor_sentences(factor_ids) as s
    where f.id = s.factor_id
      and f.description is distinct from s.sentence;
  end if;
end
$$;

comment on function etl_api.describe_factors(uuid[]) is 'Writes factor.description anew where it is not the factor''s sentence.';

revoke execute on function etl_api.describe_factors(uuid[]) from public;
grant execute on function etl_api.describe_factors(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/factors/evaluate_factor.sql
create or replace function etl_api.evaluate_factor(factor_id uuid, object_id uuid) returns boolean
language sql stable
set search_path = ''
as $$
  select e.met from etl_api.evaluate_factors(array[factor_id], array[object_id]) as e
$$;

comment on function etl_api.evaluate_factor(uuid, uuid) is
  'Whether an object meets a factor, by its best known value; null when that is not decidable.';

revoke execute on function etl_api.evaluate_factor(uuid, uuid) from public;
grant execute on function etl_api.evaluate_factor(uuid, uuid) to service_role;
-- end of source

-- source: sql/etl_api/factors/evaluate_factors.sql
create or replace function etl_api.evaluate_factors(factor_ids uuid[], object_ids uuid[])
returns table (factor_id uuid, object_id uuid, value jsonb, met boolean)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- A factor's own value is made ready once, not once per object; best values are looked up once per object.
  return query
  with asked as materialized (
    select f.id, f.org_id, f.object_type_id, f.operator, d.name, k.kind, o.items, o.spans, o.fault
    from unnest(factor_ids) as i (id)
    join public.factor as f on f.id = i.id
    left join public.datapoint as d on d.id = f.datapoint_id
    cross join lateral (select utils.factor_kind(f.factor_type, d.value_type, f.operator, f.value) as kind) as k
    cross join lateral utils.factor_operand(f.operator, f.value, k.kind) as o
  ),
  known as materialized (
    select o.id, o.org_id, o.object_type_id, o.natural_key || v."values" as "values"
    from etl_api.object_values(object_ids) as v
    join public.object as o on o.id = v.object_id
  )
  select a.id, k.id, nullif(k."values" -> a.name, 'null'),
    case when s.speaks then utils.factor_met(k."values" -> a.name, a.operator, a.kind, a.items, a.spans) end
  from known as k
  cross join asked as a
  cross join lateral (
    -- A factor speaks of objects of its type and tenant, and only by a datapoint.
    select a.name is not null
      and a.fault is null
      and a.object_type_id = k.object_type_id
      and (a.org_id is null or a.org_id = k.org_id) as speaks) as s;
end
$$;

comment on function etl_api.evaluate_factors(uuid[], uuid[]) is
  'Every factor for every object, against the best known values: the value (null when none is known) and whether it meets the factor (null when that is not decidable, the factor has no datapoint or speaks of another type).';

revoke execute on function etl_api.evaluate_factors(uuid[], uuid[]) from public;
grant execute on function etl_api.evaluate_factors(uuid[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/factors/factor_faults.sql
create or replace function etl_api.factor_faults(factor_ids uuid[])
returns table (factor_id uuid, field text, fault text)
language sql stable
set search_path = ''
as $$
  -- A factor without datapoint speaks of nothing that can be measured, so it cannot be wrong.
  select f.id, e.field, e.fault
  from public.factor as f
  join public.datapoint as d on d.id = f.datapoint_id
  cross join lateral (
    select utils.factor_kind(f.factor_type, d.value_type, f.operator, f.value) as kind
  ) as k
  cross join lateral (
    select 'datapoint_id' as field, case when d.object_type_id <> f.object_type_id then pg_catalog.format(
      '%s is no datapoint of the factor''s object type: name one of that type, or change object_type_id', d.name) end as fault
    union all
    select 'operator', pg_catalog.format('%s makes no sense for %s, which is %s: use one of %s', f.operator, d.name,
      case when f.operator = any (utils.factor_operators(d.value_type)) then 'the ' || k.kind || ' of a factor' else d.value_type end,
      pg_catalog.array_to_string(utils.factor_operators(k.kind), ', '))
    where f.operator <> all (utils.factor_operators(d.value_type))
      or f.operator <> all (utils.factor_operators(k.kind))
    union all
    select 'value', pg_catalog.format('%s (%s, %s)', o.fault, d.name, k.kind)
    from utils.factor_operand(f.operator, f.value, k.kind) as o
    where o.fault is not null
  ) as e
  where f.id = any (factor_ids)
    and e.fault is not null
$$;

comment on function etl_api.factor_faults(uuid[]) is
  'What is wrong with factors: an operator that makes no sense for the datapoint''s value_type, a value that is missing, not of the type or a dangerous pattern, a datapoint of another type. One row per fault.';

revoke execute on function etl_api.factor_faults(uuid[]) from public;
grant execute on function etl_api.factor_faults(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/factors/factor_sentences.sql
create or replace function etl_api.factor_sentences(factor_ids uuid[])
returns table (factor_id uuid, description text, sentence text)
language sql stable
set search_path = ''
as $$
  select f.id, f.description,
    public.generate_factor_description(f.factor_type, t.name, d.name, f.operator, f.value, f.is_guardrail)
  from public.factor as f
  join public.object_type as t on t.id = f.object_type_id
  left join public.datapoint as d on d.id = f.datapoint_id
  where f.id = any (factor_ids)
$$;

comment on function etl_api.factor_sentences(uuid[]) is 'What factors say of themselves, and what their sentence is.';

revoke execute on function etl_api.factor_sentences(uuid[]) from public;
grant execute on function etl_api.factor_sentences(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/factors/generate_factor_description.sql
create or replace function public.generate_factor_description(
  factor_type public.factor_type_enum,
  object_type_name text,
  datapoint_name text,
  operator_name public.operator_enum,
  value text,
  is_guardrail boolean default true)
returns text
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  -- The blanks of Unicode, which not every locale counts among [[:space:]].
  blanks constant text := '[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]';
  owner constant text := coalesce(
    utils.factor_words(pg_catalog.regexp_replace(object_type_name, blanks, ' ', 'g')), 'object');
  name constant text := pg_catalog.regexp_replace(datapoint_name, blanks, ' ', 'g');
begin
  -- A sentence comes of whatever is given: it stands in refusals, where there is no time for questions.
  if is_guardrail is not false then
    return utils.factor_guardrail(coalesce(factor_type, 'option'), owner, name, coalesce(operator_name, 'equals'),
      pg_catalog.regexp_replace(value, blanks, ' ', 'g'));
  end if;
  return utils.factor_question(coalesce(factor_type, 'option'), owner, name);
end
$$;

comment on function public.generate_factor_description(public.factor_type_enum, text, text, public.operator_enum, text, boolean) is
  'The sentence of a factor in English: of a guardrail "Company''s employees is more than 100", of a use case "How many employees does the company have?". Never null or empty.';

revoke execute on function public.generate_factor_description(public.factor_type_enum, text, text, public.operator_enum, text, boolean)
from public, anon;
grant execute on function public.generate_factor_description(public.factor_type_enum, text, text, public.operator_enum, text, boolean)
to authenticated, service_role;
-- end of source

-- source: sql/etl_api/factors/trigger_check_factors.sql
-- What a factor could not decide at work is refused when it, or the datapoint it measures, is written.

drop trigger if exists check_factor_rules_insert on public.factor;
create trigger check_factor_rules_insert
  after insert on public.factor
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_factor_rules();
comment on trigger check_factor_rules_insert on public.factor is
  'A factor can be decided before the engine meets it.';

drop trigger if exists check_factor_rules_update on public.factor;
create trigger check_factor_rules_update
  after update on public.factor
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_factor_rules();
comment on trigger check_factor_rules_update on public.factor is
  'A factor can be decided before the engine meets it.';

drop trigger if exists check_factors_of_datapoints on public.datapoint;
create trigger check_factors_of_datapoints
  after update on public.datapoint
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.check_factors_of_datapoints();
comment on trigger check_factors_of_datapoints on public.datapoint is
  'A datapoint keeps the type its factors need.';
-- end of source

-- source: sql/etl_api/factors/trigger_describe_factors.sql
-- The sentence of a factor follows the factor and the names in it.

drop trigger if exists describe_factors_insert on public.factor;
create trigger describe_factors_insert
  after insert on public.factor
  referencing new table as new_rows
  for each statement
  execute function etl_api.describe_changed_factors();
comment on trigger describe_factors_insert on public.factor is
  'description is the sentence of the factor.';

drop trigger if exists describe_factors_update on public.factor;
create trigger describe_factors_update
  after update on public.factor
  referencing new table as new_rows
  for each statement
  execute function etl_api.describe_changed_factors();
comment on trigger describe_factors_update on public.factor is
  'description is the sentence of the factor.';

drop trigger if exists describe_factors_update on public.datapoint;
create trigger describe_factors_update
  after update on public.datapoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.describe_changed_factors();
comment on trigger describe_factors_update on public.datapoint is
  'Factors speak of it by its name of now.';

drop trigger if exists describe_factors_update on public.object_type;
create trigger describe_factors_update
  after update on public.object_type
  referencing new table as new_rows
  for each statement
  execute function etl_api.describe_changed_factors();
comment on trigger describe_factors_update on public.object_type is
  'Factors speak of it by its name of now.';
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
  held_ids uuid[];
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
  held_ids := etl_api.start_workflow_requests(activities);
  if held_ids is not null then
    activities := array(
      select a
      from pg_catalog.unnest(activities) as a
      where a.workflow_request_id not in (select pg_catalog.unnest(held_ids)));
  end if;
  perform etl_api.create_activity_requests(activities);
end
$$;

comment on function etl_api.accept_workflow_requests(uuid[]) is
  'Takes requests in that are new, or have waited for their not_before: validates them all, ends the faulty ones as invalid, expands and starts the others, unless their not_before lies ahead. At most a few thousand at once: process_workflow_requests cuts larger sets.';

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
declare
  configured_ids constant uuid[] := etl_api.configured_requests(workflow_request_ids);
begin
  return query
  with refused as materialized (
    select * from etl_api.org_faults(activities)
  ), plain as materialized (
    select * from etl_api.request_faults(workflow_request_ids)
    union all
    select * from etl_api.config_faults(configured_ids, '{}') where configured_ids <> '{}'
    union all
    select * from etl_api.webhook_faults(configured_ids, '{}') where configured_ids <> '{}'
    union all
    select * from etl_api.body_faults(etl_api.suspect_activities(activities))
    union all
    select * from etl_api.dependency_faults(activities)
  )
  select * from refused
  union all
  -- What else is wrong does not matter to who may not ask at all.
  select *
  from plain
  where plain.workflow_request_id not in (select refused.workflow_request_id from refused)
  union all
  -- Where the input sits is known only of requests that are right in everything else.
  select *
  from etl_api.input_faults(array(
    select a
    from pg_catalog.unnest(activities) as a
    where a.workflow_request_id not in (select plain.workflow_request_id from plain)
      and a.workflow_request_id not in (select refused.workflow_request_id from refused)));
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

-- source: sql/etl_api/intake/body_faults.sql
create or replace function etl_api.body_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  if activities = '{}' then
    return;
  end if;
  return query
  select * from etl_api.activity_faults(activities)
  union all
  select * from etl_api.config_faults('{}', activities)
  union all
  select * from etl_api.datapoint_faults(activities)
  union all
  select * from etl_api.source_faults(activities)
  union all
  select * from etl_api.webhook_faults('{}', activities)
  union all
  select * from etl_api.target_faults(activities);
end
$$;

comment on function etl_api.body_faults(etl_api.requested_activity[]) is
  'What is wrong with activities each by itself: all that the org, the key and the body decide.';

revoke execute on function etl_api.body_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.body_faults(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/config_faults.sql
create or replace function etl_api.config_faults(workflow_request_ids uuid[], activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
set jit = off
as $$
begin
  return query
  select f.workflow_request_id, 'invalid_type', etl_api.json_path(variadic f.members), etl_api.shorten_json(f.found),
    pg_catalog.format(case f.kind
      when 'whole' then '%s is a whole number from 1 to 2147483647, but this is %s.'
      when 'seconds' then '%s is a number of seconds from 1 to 315360000, but this is %s.'
      when 'amount' then '%s is a number from 0, but this is %s.'
      when 'boolean' then '%s is true or false, but this is %s.'
      when 'on_failure' then '%s is "fail", "continue" or "skip", but this is %s.'
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
      ('max_candidates', a.config -> 'max_candidates', 'whole'),
      ('only_new', a.config -> 'only_new', 'boolean'),
      ('run_timeout_seconds', a.config -> 'run_timeout_seconds', 'seconds'),
      ('activity_timeout_seconds', a.config -> 'activity_timeout_seconds', 'seconds'),
      ('on_failure', a.config -> 'on_failure', 'on_failure')
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
      ('{config,timeout_seconds}', w.data #> '{config,timeout_seconds}', 'seconds'),
      ('{config,budget}', w.data #> '{config,budget}', 'amount')
    ) as c (members, found, kind)
  ) as f
  where pg_catalog.jsonb_typeof(f.found) <> 'null'
    and not case
      when f.kind = 'object' then pg_catalog.jsonb_typeof(f.found) = 'object'
      when f.kind = 'boolean' then pg_catalog.jsonb_typeof(f.found) = 'boolean'
      when f.kind = 'on_failure' then f.found in ('"fail"', '"continue"', '"skip"')
      when pg_catalog.jsonb_typeof(f.found) <> 'number' then false
      when f.kind = 'amount' then (f.found #>> '{}')::numeric >= 0
      when f.kind = 'whole' then
        case when (f.found #>> '{}')::numeric between 1 and 2147483647
          then (f.found #>> '{}')::numeric = pg_catalog.trunc((f.found #>> '{}')::numeric)
          else false end
      else (f.found #>> '{}')::numeric between 1 and 315360000
    end;
end
$$;

comment on function etl_api.config_faults(uuid[], etl_api.requested_activity[]) is
  'What is wrong with what the engine reads in the config of requests and of their activities.';

revoke execute on function etl_api.config_faults(uuid[], etl_api.requested_activity[]) from public;
grant execute on function etl_api.config_faults(uuid[], etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/configured_requests.sql
create or replace function etl_api.configured_requests(workflow_request_ids uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
set jit = off
as $$
begin
  return array(
    select w.id
    from pg_catalog.unnest(workflow_request_ids) as i (id)
    cross join lateral (
      select r.id, r.data
      from public.workflow_request as r
      where r.id = i.id
        and r.replay = 0
      offset 0
    ) as w
    where w.data ?| '{config,destination}');
end
$$;

comment on function etl_api.configured_requests(uuid[]) is
  'Those of these requests that have a config or a destination of their own.';

revoke execute on function etl_api.configured_requests(uuid[]) from public;
grant execute on function etl_api.configured_requests(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/create_activity_requests.sql
create or replace function etl_api.create_activity_requests(activities etl_api.requested_activity[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  default_limit constant interval := etl_api.time_limit('{}', 'activity_timeout_seconds');
  started_ids uuid[];
begin
  -- Those that wait for nobody are written as in progress at once: an update would be a second version of each row, and
  -- check all its foreign keys again. They start when the edges are there as well.
  with edge as materialized (
    select e.org_id, e.from_id, e.to_id
    from etl_api.activity_edges(activities) as e
  ), created as (
    insert into public.activity_request
      (id, org_id, workflow_request_id, activity_id, activity_key, activity_type, result_role, object_type_id, workflow_phase,
       config, destination, max_objects, datapoint_ids, source_ids, on_failure,
       state, state_via, state_substate, created_at, started_at, timeout_at)
    select a.id, a.org_id, a.workflow_request_id, a.activity_id, a.activity_key, a.activity_type,
      (select etl_api.activity_types()) ->> a.activity_type, a.object_type_id, a.workflow_phase, a.config,
      nullif(a.body -> 'destination', 'null'), a.max_objects, a.datapoint_ids, a.source_ids,
      a.on_failure,
      case when a.waits_for is null then 'in_progress' else 'waiting' end::public.activity_request_state,
      case when a.waits_for is null then '{new,valid,ready}' else '{new,valid}' end::public.activity_request_state[],
      a.waits_for, moment,
      case when a.waits_for is null then moment end,
      case when a.waits_for is null then moment + case when a.config ? 'activity_timeout_seconds'
        then etl_api.time_limit(a.config, 'activity_timeout_seconds') else default_limit end end
    from (
      select r.*,
        case
          when r.workflow_phase > pg_catalog.min(r.workflow_phase) over (partition by r.workflow_request_id) then 'phase'
          when r.id in (select e.to_id from edge as e) then 'dependency'
        end as waits_for
      from pg_catalog.unnest(activities) as r
    ) as a
    returning id, state
  ), joined as (
    insert into public.activity_dependency (org_id, activity_request_id, depends_on_id)
    select e.org_id, e.to_id, e.from_id
    from edge as e
  )
  select pg_catalog.array_agg(c.id order by c.id) into started_ids
  from created as c
  where c.state = 'in_progress';
  if started_ids is not null then
    perform etl_api.start_activity_requests(started_ids);
  end if;
end
$$;

comment on function etl_api.create_activity_requests(etl_api.requested_activity[]) is
  'Creates the activity requests of accepted requests and the edges between them. Those of the lowest phase that wait for nobody start.';

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
      pg_catalog.format('The %s asks for no datapoint, so there is nothing to find.', a.activity_type),
      'Name at least one here, or in the activity itself.'
    where a.datapoints = '{}'
      and (select etl_api.activity_types()) ->> a.activity_type = 'input'
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

-- source: sql/etl_api/intake/dry_run.sql
create or replace function etl_api.dry_run(org_id uuid, data jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  plan jsonb;
begin
  perform etl_api.check_caller_org(org_id);
  -- The request is made for real, by the same code as any other, and undone: rows, counters and bells go with the
  -- block that is left by an exception; only the variable stays.
  begin
    plan := etl_api.dry_run_plan(org_id, data);
    raise exception using errcode = 'ETL00', message = 'This ends a dry run.';
  exception
    when sqlstate 'ETL00' then
      return plan;
  end;
end
$$;

comment on function etl_api.dry_run(uuid, jsonb) is
  'What a workflow request with this data would do, with nothing sent and nothing stored: {valid, errors, activities: [{activity_key, activity_type, phase, state, substate, waits_for, objects, runs, requests, cost, errors}], request_count, cost, requests: [{activity_key, source, objects, method, url, query, headers, body}]}. requests are the HTTP requests that would go out first, at most 100 of request_count, secrets as ***; one that cannot be rendered says what is missing. No limit or budget holds it up. ETL04: no such org; ETL06: not the caller''s org.';

revoke execute on function etl_api.dry_run(uuid, jsonb) from public;
grant execute on function etl_api.dry_run(uuid, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/intake/dry_run_activities.sql
create or replace function etl_api.dry_run_activities(workflow_request_id uuid) returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  return (
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'activity_key', ar.activity_key,
      'activity_type', ar.activity_type,
      'phase', ar.workflow_phase,
      'state', ar.state,
      'substate', ar.state_substate,
      'waits_for', case when ar.state = 'waiting' then etl_api.activities_waited_for(ar.id) else '{}' end,
      'objects', (
        select pg_catalog.count(*)
        from public.activity_object as ao
        where ao.activity_request_id = ar.id
          and ao.role = 'input'),
      'runs', asked.runs,
      'requests', asked.requests,
      'cost', asked.cost,
      'errors', ar.errors) order by ar.workflow_phase, ar.activity_key)
    from public.activity_request as ar
    cross join lateral (
      select coalesce(pg_catalog.sum(per.runs), 0) as runs,
        coalesce(pg_catalog.sum(per.requests), 0) as requests,
        coalesce(pg_catalog.sum(per.requests * per.cost_per_run), 0) as cost
      from (
        select pg_catalog.count(*) as runs,
          pg_catalog.ceil(pg_catalog.count(*)::numeric / s.max_objects_per_request)::bigint as requests,
          s.cost_per_run
        from public.run_queue as q
        join public.source as s on s.id = q.source_id
        where q.activity_request_id = ar.id
          and q.state in ('waiting', 'ready')
        group by s.id
      ) as per
    ) as asked
    where ar.workflow_request_id = dry_run_activities.workflow_request_id);
end
$$;

comment on function etl_api.dry_run_activities(uuid) is
  'The activities of a workflow request as they stand, with the HTTP requests that wait to be made for them and their cost; see dry_run.';

revoke execute on function etl_api.dry_run_activities(uuid) from public;
-- end of source

-- source: sql/etl_api/intake/dry_run_plan.sql
create or replace function etl_api.dry_run_plan(org_id uuid, data jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  request_id uuid;
  request record;
  activities jsonb;
begin
  insert into public.workflow_request (org_id, data)
  values (dry_run_plan.org_id, dry_run_plan.data)
  returning id into request_id;

  select w.state, w.errors into request
  from public.workflow_request as w
  where w.id = request_id
    and w.replay = 0;
  if request.state = 'invalid' then
    return pg_catalog.jsonb_build_object(
      'valid', false, 'errors', request.errors, 'activities', '[]'::jsonb, 'request_count', 0, 'cost', 0, 'requests', '[]'::jsonb);
  end if;

  activities := etl_api.dry_run_activities(request_id);
  return pg_catalog.jsonb_build_object(
    'valid', true,
    'errors', null,
    'activities', activities,
    'request_count', (select pg_catalog.sum((a.value ->> 'requests')::bigint) from pg_catalog.jsonb_array_elements(activities) as a),
    'cost', (select pg_catalog.sum((a.value ->> 'cost')::numeric) from pg_catalog.jsonb_array_elements(activities) as a),
    'requests', etl_api.dry_run_requests(request_id, 100));
end
$$;

comment on function etl_api.dry_run_plan(uuid, jsonb) is
  'Inserts a workflow request and tells what it would do now; see dry_run, which undoes it.';

revoke execute on function etl_api.dry_run_plan(uuid, jsonb) from public;
-- end of source

-- source: sql/etl_api/intake/dry_run_requests.sql
create or replace function etl_api.dry_run_requests(workflow_request_id uuid, max_requests int) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  batch record;
begin
  -- As take_due_runs would group them, but of this request only, in the order of its objects, whatever the limits.
  select pg_catalog.array_agg(q.id order by q.item, q.ordinal, q.id) as run_ids,
    pg_catalog.array_agg(q.item order by q.item, q.ordinal, q.id) as run_items
  into batch
  from (
    select chunked.*,
      pg_catalog.dense_rank() over (
        order by chunked.workflow_phase, chunked.activity_key, chunked.source_name, chunked.source_id, chunked.chunk)::int as item
    from (
      select q.id, input.ordinal, q.source_id, s.name as source_name, ar.workflow_phase, ar.activity_key,
        (pg_catalog.row_number() over (
          partition by q.source_id, q.activity_request_id
          order by input.ordinal, q.id) - 1) / s.max_objects_per_request as chunk
      from public.run_queue as q
      join public.activity_request as ar on ar.id = q.activity_request_id
      join public.source as s on s.id = q.source_id
      left join public.activity_object as input
        on input.activity_request_id = ar.id
        and input.role = 'input'
        and input.object_id = q.object_id
      where ar.workflow_request_id = dry_run_requests.workflow_request_id
        and q.state in ('waiting', 'ready')
    ) as chunked
  ) as q
  where q.item <= max_requests;

  return (
    with item as (
      select t.item, (pg_catalog.array_agg(q.source_id))[1] as source_id,
        (pg_catalog.array_agg(q.activity_request_id))[1] as activity_request_id, pg_catalog.count(q.object_id) as objects
      from unnest(batch.run_items, batch.run_ids) as t (item, run_id)
      join public.run_queue as q on q.id = t.run_id
      group by t.item
    ),
    rendered as (
      select r.*
      from (
        select pg_catalog.array_agg(i.source_id order by i.item) as source_ids,
          pg_catalog.array_agg(i.activity_request_id order by i.item) as activity_ids,
          pg_catalog.count(*)::int as number
        from item as i
      ) as i
      cross join lateral etl_api.render_requests(
        pg_catalog.array_fill('run'::text, array[i.number]), i.source_ids, i.activity_ids,
        pg_catalog.array_fill(null::text, array[i.number]), pg_catalog.array_fill(null::jsonb, array[i.number]),
        pg_catalog.array_fill(1, array[i.number]), batch.run_items, batch.run_ids) as r
      where i.number > 0
    )
    select coalesce(pg_catalog.jsonb_agg(
      pg_catalog.jsonb_build_object('activity_key', ar.activity_key, 'source', s.name, 'objects', i.objects)
      || coalesce(etl_api.mask_secrets(r.request),
        pg_catalog.jsonb_build_object('error', etl_api.missing_error(pg_catalog.to_jsonb(r.missing), 'run', s.id)))
      order by i.item), '[]')
    from item as i
    join rendered as r on r.item = i.item
    join public.activity_request as ar on ar.id = i.activity_request_id
    join public.source as s on s.id = i.source_id);
end
$$;

comment on function etl_api.dry_run_requests(uuid, int) is
  'The first HTTP requests that the waiting runs of a workflow request would be sent with, rendered, secrets masked; see dry_run.';

revoke execute on function etl_api.dry_run_requests(uuid, int) from public;
-- end of source

-- source: sql/etl_api/intake/fault_rank.sql
create or replace function etl_api.fault_rank(code text) returns int
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(pg_catalog.array_position(
    array['org_deleted', 'no_free_objects',
      'invalid_json', 'missing_value', 'invalid_type', 'too_many_activities', 'unknown_activity', 'unknown_datapoint',
      'unknown_source', 'no_source', 'unknown_endpoint', 'invalid_url',
        'dependency_cycle', 'dependency_order', 'deadline_past', 'internal_error'],
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
set jit = off
as $$
declare
  handed_to uuid[] := array(select distinct e.to_id from etl_api.activity_edges(activities) as e where e.to_id is not null);
begin
  -- An empty list is nothing to do, and objects without a key cost only themselves; but no list at all is a slip.
  -- Where it would be is one question for all that ask the same sources about the same type.
  return query
  select a.workflow_request_id, 'missing_value', '$.input', etl_api.shorten_json(w.data -> 'input'),
    pg_catalog.format('The activity %s finds no input in the request: nothing says which %s objects it is about.',
      pg_catalog.to_json(a.activity_name), (select t.name from public.object_type as t where t.id = asked.object_type_id)),
    coalesce(
      'Give them at ' || looked.places || '.',
      'No source says where they are: insert an object_source of direction input.')
  from (
    select r.org_id, r.source_ids, r.object_type_id, pg_catalog.array_agg(r.workflow_request_id) as workflow_request_ids,
      pg_catalog.array_agg(r.activity_name) as names
    from pg_catalog.unnest(activities) as r
    where (select etl_api.activity_types()) ->> r.activity_type = 'input'
      and r.source_ids <> '{}'
      and r.id <> all (handed_to)
    group by r.org_id, r.source_ids, r.object_type_id
    offset 0
  ) as asked
  cross join lateral (
    select pg_catalog.string_agg(distinct etl_api.path_text(p.path), ', ') as places,
      -- The members of an empty list are no members, but the list is there.
      pg_catalog.array_agg(case when pg_catalog.jsonb_typeof(p.path) = 'array' and p.path -> -1 = '"*"'
        then p.path - -1 else p.path end) as paths
    from etl_api.input_mappings(asked.org_id, asked.source_ids, asked.object_type_id) as m
    cross join lateral (select utils.mapping_path(m.key_mapping_json) as path) as p
    offset 0
  ) as looked
  cross join lateral unnest(asked.workflow_request_ids, asked.names) as a (workflow_request_id, activity_name)
  cross join lateral (
    select r.data
    from public.workflow_request as r
    where r.id = a.workflow_request_id
      and r.org_id = asked.org_id
      and r.replay = 0
    offset 0
  ) as w
  where not exists (
    select 1
    from pg_catalog.unnest(looked.paths) as p (path)
    cross join lateral utils.jsonb_resolve_values(w.data, p.path) as n (value)
    where n.value <> 'null'
    offset 0);
end
$$;

comment on function etl_api.input_faults(etl_api.requested_activity[]) is
  'Activities that ask about objects, take nobody else''s objects and find no place with input in the request.';

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

-- source: sql/etl_api/intake/org_faults.sql
create or replace function etl_api.org_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  org_ids constant uuid[] := array(select distinct r.org_id from pg_catalog.unnest(activities) as r);
begin
  return query
  select distinct a.workflow_request_id, o.code, '$', o.found, o.message, o.hint
  from (
    select org.id, 'org_deleted' as code, pg_catalog.to_jsonb(org.deleted_at) as found,
      pg_catalog.format('The organisation "%s" has been deleted, so it can request nothing.', org.name) as message,
      'Ask the operator to restore it.' as hint
    from public.org
    where org.id = any (org_ids)
      and org.deleted_at is not null
    union all
    select org.id, 'no_free_objects', pg_catalog.to_jsonb(left_over.objects),
      pg_catalog.format('The organisation "%s" has used up its free objects, and no charge is arranged.', org.name),
      'Arrange a charge (next_charge), or ask the operator for more free objects; then try it again with etl_api.retry(id).'
    from public.org
    cross join lateral (
      select greatest(org.free_objects - coalesce(pg_catalog.sum(d.free_objects), 0), least(org.free_objects, 0)) as objects
      from etl_api.org_count_delta as d
      where d.org_id = org.id
    ) as left_over
    where org.id = any (org_ids)
      and org.deleted_at is null
      and org.free_objects is not null
      and org.next_charge is null
      and left_over.objects <= 0
  ) as o
  join pg_catalog.unnest(activities) as a on a.org_id = o.id;
end
$$;

comment on function etl_api.org_faults(etl_api.requested_activity[]) is
  'Why an organisation may request nothing at all: it has been deleted, or its free objects are used up and no charge is arranged.';

revoke execute on function etl_api.org_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.org_faults(etl_api.requested_activity[]) to service_role;
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
-- For all that runs in it. One plan for any number of rows: made anew for each statement it would cost a single row
-- more than the work. Rows are looked up by their keys, whatever the planner thinks of their number.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
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
set jit = off
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
set jit = off
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
    and w.state in ('new', 'waiting');
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
set jit = off
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
set jit = off
as $$
begin
  return query
  select w.id, f.code, f.path, etl_api.shorten_json(f.found), f.message, f.hint
  from pg_catalog.unnest(workflow_request_ids) as i (id)
  cross join lateral (
    select r.id, r.org_id, r.data, r.not_before, r.deadline_at, r.priority
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
    union all
    select t.code, t.path, t.found, t.message, t.hint
    from etl_api.timing_faults(w.not_before, w.deadline_at, w.priority) as t
    where w.deadline_at is not null or w.priority not between -100 and 100
  ) as f;
end
$$;

comment on function etl_api.request_faults(uuid[]) is
  'What is wrong with requests as a whole: no data, no object, no activities, too many; a deadline that is over, a priority out of range.';

revoke execute on function etl_api.request_faults(uuid[]) from public;
grant execute on function etl_api.request_faults(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/requested_activities.sql
create or replace function etl_api.requested_activities(workflow_request_ids uuid[]) returns etl_api.requested_activity[]
language plpgsql
set search_path = ''
as $$
begin
  return array(
    select resolved
    from etl_api.resolve_activities(array(
      select read
      from etl_api.read_activities(workflow_request_ids) as read)) as resolved);
end
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
set jit = off
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
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
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
        where (select etl_api.activity_types()) ->> serving_source_ids.activity_type = 'input'
          and ds.datapoint_id = any (datapoint_ids)
        union all
        select os.source_id
        from public.object_source as os
        where (select etl_api.activity_types()) ->> serving_source_ids.activity_type = 'result'
          and os.object_type_id = serving_source_ids.object_type_id
          and os.direction = 'result'
          and (os.org_id is null or os.org_id = serving_source_ids.org_id))
      and s.enabled
      and serving_source_ids.activity_type = any (s.activity_types)
      and (s.org_id is null or s.org_id = serving_source_ids.org_id)
      and (allowed_source_ids is null or s.id = any (allowed_source_ids))
      and (d.priority is not null or (select etl_api.activity_types()) ->> serving_source_ids.activity_type = 'result')
    order by pg_catalog.array_position(allowed_source_ids, s.id), d.priority, s.name, s.id);
end
$$;

comment on function etl_api.serving_source_ids(uuid, text, uuid, uuid[], uuid[]) is
  'The enabled sources a tenant sees that serve an activity: those that ask about objects by knowing one of the datapoints, those that search by results of the object type. In the order allowed_source_ids gives; without it by priority, then name.';

revoke execute on function etl_api.serving_source_ids(uuid, text, uuid, uuid[], uuid[]) from public;
grant execute on function etl_api.serving_source_ids(uuid, text, uuid, uuid[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/shorten_json.sql
create or replace function etl_api.shorten_json(value jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  kind constant text := pg_catalog.jsonb_typeof(value);
  count bigint;
begin
  -- The size is looked at first: a payload of many megabytes is not to be written out to be cut. It is not told, since
  -- it depends on how the value is stored at the moment; what takes 20 kB there is never short as a text.
  if value is null or pg_catalog.pg_column_size(value) <= 20000 and pg_catalog.length(value::text) <= 500 then
    return value;
  elsif kind = 'string' then
    return pg_catalog.to_jsonb(pg_catalog.left(value #>> '{}', 200) || '…');
  elsif kind = 'array' then
    count := pg_catalog.jsonb_array_length(value);
  elsif kind = 'object' then
    count := (select pg_catalog.count(*) from pg_catalog.jsonb_object_keys(value));
  else
    count := pg_catalog.length(pg_catalog.regexp_replace(value #>> '{}', '[^0-9]', '', 'g'));
  end if;
  return pg_catalog.to_jsonb(pg_catalog.format('(%s of %s %s%s)', kind, count,
    case kind when 'array' then 'element' when 'object' then 'member' else 'digit' end, case when count <> 1 then 's' end));
end
$$;

comment on function etl_api.shorten_json(jsonb) is
  'A JSON value as it is shown in an error: itself when it is small, else the beginning of a text, or what it is and how much of it there is.';

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
  from (
    select given.*, (select etl_api.activity_types()) ->> given.activity_type as result_role
    from pg_catalog.unnest(activities) as given
  ) as a
  cross join lateral (
    select 'unknown_source' as code, pg_catalog.to_jsonb(s.id) as found,
      pg_catalog.format('The activity %s asks the source %s, which does not exist.',
        pg_catalog.to_json(a.activity_name), s.id) as message,
      'Set the source_ids of the activity right.' as hint
    from pg_catalog.unnest(a.unknown_source_ids) as s (id)
    union all
    select 'no_source', pg_catalog.to_jsonb(a.activity_id),
      case when a.result_role = 'input'
        then pg_catalog.format('No source that is enabled knows any datapoint that the activity %s asks for.',
          pg_catalog.to_json(a.activity_name))
        else pg_catalog.format('No source that is enabled gives objects for the activity %s.',
          pg_catalog.to_json(a.activity_name)) end,
      case when a.result_role = 'input'
        then pg_catalog.format(
          'Enable a source of activity type %s with a datapoint_source for one of them, or ask for others.', a.activity_type)
        else pg_catalog.format('Enable a source of activity type %s with an object_source of direction result.',
          a.activity_type) end
    where a.source_ids = '{}'
      and a.unknown_source_ids = '{}'
      and (a.result_role <> 'input' or exists (
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

-- source: sql/etl_api/intake/start_due_workflow_requests.sql
create or replace function etl_api.start_due_workflow_requests(max_rows int default 1000) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  due_ids uuid[];
begin
  -- What another clock holds is being started by it. What is over its deadline as well is timed out by the sweep.
  select pg_catalog.array_agg(due.id) into due_ids
  from (
    select w.id
    from public.workflow_request as w
    where w.state = 'waiting'
      and w.not_before <= moment
      and (w.timeout_at is null or w.timeout_at > moment)
      and w.replay = 0
    order by w.not_before
    limit max_rows
    for no key update skip locked
  ) as due;
  if due_ids is null then
    return 0;
  end if;
  perform etl_api.process_workflow_requests(due_ids);
  return pg_catalog.cardinality(due_ids);
end
$$;

comment on function etl_api.start_due_workflow_requests(int) is
  'Starts requests that have waited for their not_before, those due longest first. They are validated again: what they name may be gone by now. Returns how many.';

revoke execute on function etl_api.start_due_workflow_requests(int) from public;
grant execute on function etl_api.start_due_workflow_requests(int) to service_role;
-- end of source

-- source: sql/etl_api/intake/start_workflow_requests.sql
create or replace function etl_api.start_workflow_requests(activities etl_api.requested_activity[]) returns uuid[]
language plpgsql
set search_path = ''
-- A plan may have been made while the table was empty; see reject_workflow_requests.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  default_limit constant interval := etl_api.time_limit('{}', 'workflow_timeout_seconds');
  held_ids uuid[];
begin
  with started as (
    update public.workflow_request as w
    set state = case when w.not_before > moment then 'waiting' else 'in_progress' end::public.workflow_request_state,
        state_substate = case when w.not_before > moment then 'not_before' end,
        state_via = case
          when w.not_before > moment then '{valid}'
          when w.state = 'new' then '{valid,ready}'
          else '{ready}'
        end::public.workflow_request_state[],
        errors = null,
        workflow_phase = case when w.not_before > moment then null else p.first_phase end,
        phase_count = p.phase_count,
        started_at = case when w.not_before > moment then null else moment end,
        finished_at = null,
        timeout_at = least(w.deadline_at, case when w.not_before > moment then null else moment + coalesce(
          pg_catalog.make_interval(secs => (nullif(w.data #> '{config,timeout_seconds}', 'null') #>> '{}')::double precision),
          default_limit) end)
    from (
      select a.workflow_request_id, pg_catalog.min(a.workflow_phase) as first_phase,
        pg_catalog.count(distinct a.workflow_phase) as phase_count
      from pg_catalog.unnest(activities) as a
      group by a.workflow_request_id
      limit pg_catalog.cardinality(activities)
    ) as p
    where w.id = p.workflow_request_id
      and w.replay = 0
      and (w.state = 'new' or w.state = 'waiting' and w.not_before <= moment)
    returning w.id, w.org_id, w.state, w.data #> '{config,budget}' as budget
  ), capped as (
    insert into etl_api.budget_used (org_id, workflow_request_id, cap)
    select s.org_id, s.id, (s.budget #>> '{}')::numeric
    from started as s
    where pg_catalog.jsonb_typeof(s.budget) = 'number'
    on conflict (org_id, month, workflow_request_id) do update
    set cap = excluded.cap
  )
  select pg_catalog.array_agg(s.id) into held_ids
  from started as s
  where s.state = 'waiting';
  return held_ids;
end
$$;

comment on function etl_api.start_workflow_requests(etl_api.requested_activity[]) is
  'Sets the requests of these activities to work, in their lowest phase. Those whose not_before lies ahead wait for it; these it returns, null when there is none.';

revoke execute on function etl_api.start_workflow_requests(etl_api.requested_activity[]) from public;
grant execute on function etl_api.start_workflow_requests(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/suspect_activities.sql
create or replace function etl_api.suspect_activities(activities etl_api.requested_activity[])
returns etl_api.requested_activity[]
language plpgsql stable
set search_path = ''
as $$
begin
  -- A thousand requests for one activity ask one question: one of each kind is looked at, and all of a kind only when
  -- there is a fault in the request of that one.
  return (
    with kind as materialized (
      select pg_catalog.array_agg(a) as members
      from pg_catalog.unnest(activities) as a
      group by a.org_id, a.activity_key, a.body
    ), faulty as materialized (
      select f.workflow_request_id
      from etl_api.body_faults(array(select k.members[1] from kind as k)) as f
    )
    select coalesce(pg_catalog.array_agg(m), '{}')
    from kind as k
    cross join lateral pg_catalog.unnest(k.members) as m
    where (k.members[1]).workflow_request_id in (select f.workflow_request_id from faulty as f));
end
$$;

comment on function etl_api.suspect_activities(etl_api.requested_activity[]) is
  'Those of activities that may have faults by themselves (body_faults): the others have none.';

revoke execute on function etl_api.suspect_activities(etl_api.requested_activity[]) from public;
grant execute on function etl_api.suspect_activities(etl_api.requested_activity[]) to service_role;
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

-- source: sql/etl_api/intake/timing_faults.sql
create or replace function etl_api.timing_faults(not_before timestamptz, deadline_at timestamptz, priority int)
returns table (code text, path text, found jsonb, message text, hint text)
language sql stable
set search_path = ''
as $$
  select 'deadline_past', 'deadline_at', pg_catalog.to_jsonb(utils.iso_time(deadline_at)),
    case when deadline_at <= utils.now()
      then pg_catalog.format('The request is to end by %s, which is over.', utils.iso_time(deadline_at))
      else pg_catalog.format('The request is to end by %s, but may not start before %s.',
        utils.iso_time(deadline_at), utils.iso_time(not_before)) end,
    'Insert it with a later deadline_at, or with none.'
  where deadline_at <= utils.now()
     or deadline_at <= not_before
  union all
  select 'invalid_type', 'priority', pg_catalog.to_jsonb(priority),
    pg_catalog.format('priority is a whole number from -100 to 100, but this is the number %s.', priority),
    'Insert it with another priority, or with none, which is 0.'
  where priority not between -100 and 100
$$;

comment on function etl_api.timing_faults(timestamptz, timestamptz, int) is
  'What is wrong with not_before, deadline_at and priority of a request. The path of such a fault is the name of the column.';

revoke execute on function etl_api.timing_faults(timestamptz, timestamptz, int) from public;
grant execute on function etl_api.timing_faults(timestamptz, timestamptz, int) to service_role;
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
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select named.id
    from pg_catalog.unnest(source_ids) with ordinality as named (id, place)
    where not exists (
      select 1
      from public.source as s
      where s.id = named.id
        and (s.org_id is null or s.org_id = unknown_source_ids.org_id))
    order by named.place);
end
$$;

comment on function etl_api.unknown_source_ids(uuid, uuid[]) is
  'Those of some sources that do not exist, or that a tenant does not see.';

revoke execute on function etl_api.unknown_source_ids(uuid, uuid[]) from public;
grant execute on function etl_api.unknown_source_ids(uuid, uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/visible_datapoint_ids.sql
create or replace function etl_api.visible_datapoint_ids(org_id uuid, object_type_id uuid, names text[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  -- A tenant's own datapoint goes before a shared one of the same name.
  return array(
    select (
      select d.id
      from public.datapoint as d
      where d.object_type_id = visible_datapoint_ids.object_type_id
        and d.name = n.name
        and (d.org_id is null or d.org_id = visible_datapoint_ids.org_id)
      order by d.org_id nulls last
      limit 1)
    from pg_catalog.unnest(names) with ordinality as n (name, place)
    order by n.place);
end
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
set jit = off
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
set jit = off
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

-- source: sql/etl_api/results/activity_refusals.sql
create or replace function etl_api.activity_refusals(activity_request_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'count', (
      select pg_catalog.count(*)
      from public.guardrail_refusal as r
      where r.activity_request_id = activity_refusals.activity_request_id),
    'first', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'key', o.natural_key,
        'stage', r.stage,
        'datapoint', d.name,
        'source', case when r.value is not null then coalesce(s.name, 'input') end,
        'value', r.value,
        'description', r.description) order by r.id), '[]')
      from (
        select first.*
        from public.guardrail_refusal as first
        where first.activity_request_id = activity_refusals.activity_request_id
        order by first.id
        limit 1000
      ) as r
      cross join lateral (
        select thing.natural_key
        from public.object as thing
        where thing.id = r.object_id
        limit 1
      ) as o
      left join public.datapoint as d on d.id = r.datapoint_id
      left join public.source as s on s.id = r.source_id))
$$;

comment on function etl_api.activity_refusals(uuid) is
  'What guardrails refused in an activity request: {count, first: [{key, stage, datapoint, source, value, description}]}, the first 1,000 in their order.';

revoke execute on function etl_api.activity_refusals(uuid) from public;
grant execute on function etl_api.activity_refusals(uuid) to service_role;
-- end of source

-- source: sql/etl_api/results/answer_mapping.sql
create or replace function etl_api.answer_mapping(source_id uuid, object_type_id uuid, template jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  mapping jsonb;
begin
  select os.key_mapping_json into mapping
  from public.object_source as os
  where os.source_id = answer_mapping.source_id
    and os.object_type_id = answer_mapping.object_type_id
    and os.direction = 'result';
  -- The mapping row says where objects sit in the answer; where it gives no path, the template's response does.
  if pg_catalog.jsonb_typeof(mapping) <> 'object' then
    return pg_catalog.jsonb_build_object('path', mapping);
  elsif mapping ? 'path' then
    return mapping;
  end if;
  return coalesce(mapping, '{}') || pg_catalog.jsonb_build_object('path', coalesce(template #> '{response,objects}', '[]'));
end
$$;

comment on function etl_api.answer_mapping(uuid, uuid, jsonb) is
  'Where the objects of a type sit in a source''s answer: {path, fields}, from object_source (direction result) and the response member of the template.';

revoke execute on function etl_api.answer_mapping(uuid, uuid, jsonb) from public;
grant execute on function etl_api.answer_mapping(uuid, uuid, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/results/answer_objects.sql
create or replace function etl_api.answer_objects(answers etl_api.answer[])
returns table (
  run_request_id uuid, org_id uuid, activity_request_id uuid, activity_id uuid, result_role text, object_type_id uuid, source_id uuid,
  root_id uuid, place bigint, natural_key jsonb, object jsonb, raw jsonb)
language plpgsql stable
set search_path = ''
-- Lists meet by hash and rows are looked up by key, whatever the planner thinks of their number: "offset 0" leaves nothing else.
set enable_hashjoin = on
set enable_nestloop = off
as $$
#variable_conflict use_column
begin
  return query
  with given as materialized (
    select a.run_request_id, a.org_id, a.source_id, a.root_id, a.kind, a.body, ar.*
    from unnest(answers) as a
    cross join lateral (
      select asking.id as activity_request_id, asking.activity_id, asking.result_role, asking.object_type_id
      from public.activity_request as asking
      where asking.id = a.activity_request_id
      offset 0
    ) as ar
    where a.verdict = 'map'
      and a.body is not null
  ),
  -- What a source says of a type is read once for all its answers.
  reading as materialized (
    select g.source_id, g.kind, g.object_type_id, t.key_datapoints,
      etl_api.answer_mapping(g.source_id, g.object_type_id, etl_api.source_template(s.row, g.kind)) as mapping
    from (select distinct given.source_id, given.kind, given.object_type_id from given) as g
    cross join lateral (select thing.key_datapoints from public.object_type as thing where thing.id = g.object_type_id offset 0) as t
    cross join lateral (select source from public.source where source.id = g.source_id offset 0) as s (row)
  )
  select g.run_request_id, g.org_id, g.activity_request_id, g.activity_id, g.result_role, g.object_type_id, g.source_id,
    g.root_id, n.place, etl_api.natural_key(r.key_datapoints, whole.object), whole.object, n.raw
  from given as g
  join reading as r
    on r.source_id = g.source_id
    and r.kind = g.kind
    and r.object_type_id = g.object_type_id
  cross join lateral (
    select found.raw || found.object as object, found.raw, pg_catalog.row_number() over () as place
    from utils.jsonb_resolve_object_names(g.body, r.mapping) as found
  ) as n
  cross join lateral (
    -- A key datapoint that neither the fields nor its own name give may have a mapping of its own.
    select case when n.object ?& r.key_datapoints then n.object
      else n.object || coalesce((
        select pg_catalog.jsonb_object_agg(d.name, utils.jsonb_resolve_value(n.raw, ds.key_mapping_json))
        from public.datapoint as d
        cross join lateral (
          select mapped.key_mapping_json
          from public.datapoint_source as mapped
          where mapped.source_id = g.source_id
            and mapped.datapoint_id = d.id
          offset 0
        ) as ds
        where d.object_type_id = g.object_type_id
          and d.name = any (r.key_datapoints)
          and not n.object ? d.name), '{}') end as object
    offset 0
  ) as whole;
end
$$;

comment on function etl_api.answer_objects(etl_api.answer[]) is
  'The objects found in answers that are to be mapped, in their order: natural_key (null when a part is missing), object (fields named as datapoints over raw), raw (as it stood).';

revoke execute on function etl_api.answer_objects(etl_api.answer[]) from public;
grant execute on function etl_api.answer_objects(etl_api.answer[]) to service_role;
-- end of source

-- source: sql/etl_api/results/answer_values.sql
create or replace function etl_api.answer_values(
  org_ids uuid[], activity_request_ids uuid[], object_ids uuid[], object_type_ids uuid[], source_ids uuid[],
  run_request_ids uuid[], objects jsonb[], raws jsonb[], stored_ids uuid[])
returns table (
  org_id uuid, activity_request_id uuid, object_id uuid, datapoint_id uuid, source_id uuid, value jsonb, confidence numeric,
  run_request_id uuid, is_asked boolean)
language plpgsql stable
set search_path = ''
-- Lists meet by hash and rows are looked up by key; see answer_objects.
set enable_hashjoin = on
set enable_nestloop = off
as $$
#variable_conflict use_column
begin
  return query
  with given as materialized (
    select t.*
    from unnest(
        org_ids, activity_request_ids, object_ids, object_type_ids, source_ids, run_request_ids, objects, raws, stored_ids)
      with ordinality
      as t (org_id, activity_request_id, object_id, type_id, source_id, run_request_id, object, raw, stored_id, place)
    where t.object_id is not null
  ),
  -- What a source is mapped for is read once for all its answers.
  mapped as materialized (
    select g.org_id, g.type_id, g.source_id, d.id as datapoint_id, d.name, d.name = any (t.key_datapoints) as is_key,
      ds.key_mapping_json as mapping, utils.mapping_member(ds.key_mapping_json) as member, ds.confidence
    from (select distinct given.org_id, given.type_id, given.source_id from given) as g
    cross join lateral (select thing.key_datapoints from public.object_type as thing where thing.id = g.type_id offset 0) as t
    cross join lateral (
      select point.id, point.name
      from public.datapoint as point
      where point.object_type_id = g.type_id
        and (point.org_id is null or point.org_id = g.org_id)
      offset 0
    ) as d
    left join lateral (
      select offered.key_mapping_json, offered.confidence
      from public.datapoint_source as offered
      where offered.source_id = g.source_id
        and offered.datapoint_id = d.id
      offset 0
    ) as ds on true
  ),
  said as (
    -- Every datapoint the source is mapped for, asked or not, and for a new object what its own mapping names. Of one
    -- that was asked about, the key is known.
    select g.org_id, g.activity_request_id, g.object_id, m.datapoint_id, g.source_id, coalesce(m.confidence, 1) as confidence,
      g.run_request_id, g.stored_id is null as is_asked,
      case
        when m.mapping is null then g.object -> m.name
        when m.member is not null then g.raw -> m.member
        else utils.jsonb_resolve_value(g.raw, m.mapping)
      end as value
    from given as g
    join mapped as m
      on m.org_id = g.org_id
      and m.type_id = g.type_id
      and m.source_id = g.source_id
    where case when g.stored_id is null then m.mapping is not null and not m.is_key
      else m.mapping is not null or g.object ? m.name end
    -- The last sighting wins; offset 0, so that a value is made once and not again for each look at it.
    order by g.place
    offset 0
  )
  select s.org_id, s.activity_request_id, s.object_id, s.datapoint_id, s.source_id, s.value, s.confidence,
    s.run_request_id, s.is_asked
  from said as s
  where s.value is not null
    and s.value <> 'null';
end
$$;

comment on function etl_api.answer_values(uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], jsonb[], uuid[]) is
  'What answers say of objects, datapoint by datapoint, in the order given; takes what store_answer_values takes. is_asked: the object was asked about.';

revoke execute on function etl_api.answer_values(uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], jsonb[], uuid[]) from public;
grant execute on function etl_api.answer_values(uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], jsonb[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/results/factors_of.sql
create or replace function etl_api.factors_of(activity_request_ids uuid[], guardrails boolean)
returns table (
  activity_request_id uuid, factor_id uuid, object_type_id uuid, datapoint_id uuid, description text,
  operator public.operator_enum, kind text, items text[], spans numeric[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select ar.id, f.id, f.object_type_id, f.datapoint_id,
    coalesce(f.description, pg_catalog.concat_ws(' ', d.name, f.operator, f.value)),
    f.operator, k.kind, o.items, o.spans
  from unnest(activity_request_ids) as i (id)
  -- Looked up by key, whatever a caller switches off: "offset 0" leaves nothing else.
  cross join lateral (
    select asking.id, asking.activity_id, asking.org_id
    from public.activity_request as asking
    where asking.id = i.id
    offset 0
  ) as ar
  cross join lateral (
    select known.*
    from public.factor as known
    where known.activity_id = ar.activity_id
      and known.is_guardrail = guardrails
      -- What an org adds to a shared activity is its own.
      and (known.org_id is null or known.org_id = ar.org_id)
    offset 0
  ) as f
  cross join lateral (
    select point.name, point.value_type
    from public.datapoint as point
    where point.id = f.datapoint_id
    offset 0
  ) as d
  cross join lateral (select utils.factor_kind(f.factor_type, d.value_type, f.operator, f.value) as kind) as k
  cross join lateral utils.factor_operand(f.operator, f.value, k.kind) as o
  where o.fault is null;
end
$$;

comment on function etl_api.factors_of(uuid[], boolean) is
  'The guardrails (or, with false, the use cases) of activity requests that speak of a datapoint, with the sentence and what utils.factor_met takes. A factor without a datapoint decides nothing.';

revoke execute on function etl_api.factors_of(uuid[], boolean) from public;
grant execute on function etl_api.factors_of(uuid[], boolean) to service_role;
-- end of source

-- source: sql/etl_api/results/has_factors.sql
create or replace function etl_api.has_factors(activity_request_ids uuid[], guardrails boolean) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (
    select 1
    from (
      -- Looked up by key, whatever the planner thinks of the tables: "offset 0" leaves nothing else.
      select distinct ar.activity_id, ar.org_id
      from unnest(activity_request_ids) as i (id)
      cross join lateral (
        select asking.activity_id, asking.org_id
        from public.activity_request as asking
        where asking.id = i.id
        offset 0
      ) as ar
      offset 0
    ) as a
    where exists (
      select 1
      from public.factor as f
      where f.activity_id = a.activity_id
        and f.is_guardrail = guardrails
        and f.datapoint_id is not null
        and (f.org_id is null or f.org_id = a.org_id)
      offset 0));
end
$$;

comment on function etl_api.has_factors(uuid[], boolean) is
  'Whether any of these activity requests has a guardrail (or, with false, a use case) that speaks of a datapoint: what only these need is left out where there is none.';

revoke execute on function etl_api.has_factors(uuid[], boolean) from public;
grant execute on function etl_api.has_factors(uuid[], boolean) to service_role;
-- end of source

-- source: sql/etl_api/results/judge_objects.sql
create or replace function etl_api.judge_objects(activity_request_ids uuid[], object_ids uuid[], guardrails boolean)
returns table (
  activity_request_id uuid, object_id uuid, factor_id uuid, datapoint_id uuid, description text, value jsonb, met boolean)
language plpgsql stable
set search_path = ''
-- Lists are joined here, not tables: whatever a caller switches off.
set enable_hashjoin = on
as $$
#variable_conflict use_column
begin
  return query
  with pair as materialized (
    select distinct i.activity_request_id, i.object_id, o.object_type_id
    from unnest(activity_request_ids, object_ids) as i (activity_request_id, object_id)
    cross join lateral (
      select thing.object_type_id
      from public.object as thing
      where thing.id = i.object_id
      limit 1
    ) as o
  ),
  fact as materialized (
    select f.*
    from etl_api.factors_of(array(select distinct p.activity_request_id from pair as p), guardrails) as f
  ),
  -- Requests of one activity have the same factors: each set is evaluated once, over the objects of them all.
  judged as (
    select verdict.factor_id, verdict.object_id, verdict.value, verdict.met
    from (
      select own.factor_ids, pg_catalog.array_agg(distinct p.object_id) as object_ids
      from pair as p
      join (
        select f.activity_request_id, f.object_type_id, pg_catalog.array_agg(f.factor_id order by f.factor_id) as factor_ids
        from fact as f
        group by f.activity_request_id, f.object_type_id
      ) as own
        on own.activity_request_id = p.activity_request_id
        and own.object_type_id = p.object_type_id
      group by own.factor_ids
    ) as sets
    cross join lateral etl_api.evaluate_factors(sets.factor_ids, sets.object_ids) as verdict
  )
  select p.activity_request_id, p.object_id, f.factor_id, f.datapoint_id, f.description, j.value, j.met
  from judged as j
  join fact as f on f.factor_id = j.factor_id
  join pair as p
    on p.activity_request_id = f.activity_request_id
    and p.object_type_id = f.object_type_id
    and p.object_id = j.object_id;
end
$$;

comment on function etl_api.judge_objects(uuid[], uuid[], boolean) is
  'What the guardrails (or, with false, the use cases) of activity requests say of objects, pair by pair, by what is known best of each: only factors of the object''s type. met is null where nothing can be said.';

revoke execute on function etl_api.judge_objects(uuid[], uuid[], boolean) from public;
grant execute on function etl_api.judge_objects(uuid[], uuid[], boolean) to service_role;
-- end of source

-- source: sql/etl_api/results/link_found_objects.sql
create or replace function etl_api.link_found_objects(
  activity_request_ids uuid[], object_ids uuid[], are_new boolean[], run_request_ids uuid[])
returns void
language plpgsql
set search_path = ''
set enable_hashjoin = on
as $$
declare
  refused record;
begin
  select pg_catalog.array_agg(r.activity_request_id) as activity_ids, pg_catalog.array_agg(r.object_id) as object_ids
  into refused
  from (select 1) as one
  join etl_api.refuse_objects(activity_request_ids, object_ids, run_request_ids, 'after_result') as r
    on etl_api.has_factors(activity_request_ids, true);

  -- An earlier answer may have said something better of it.
  delete from public.activity_object as ao
  using unnest(refused.activity_ids, refused.object_ids) as r (activity_request_id, object_id)
  where ao.activity_request_id = r.activity_request_id
    and ao.role = 'result'
    and ao.object_id = r.object_id;

  -- What is ranked is all kept until it is known what is best.
  with search as materialized (
    select ar.id as activity_request_id, ar.org_id, coalesce(ar.config -> 'only_new' = 'true', false) as only_new,
      case when not w.ranked then w.wanted - (
        select pg_catalog.count(*)
        from public.activity_object as ao
        where ao.activity_request_id = ar.id
          and ao.role = 'result') end as room
    from etl_api.wanted_objects(array(select distinct i.id from unnest(activity_request_ids) as i (id))) as w
    join public.activity_request as ar on ar.id = w.activity_request_id
  )
  insert into public.activity_object (org_id, activity_request_id, role, object_id, is_new)
  select f.org_id, f.activity_request_id, 'result', f.object_id, f.is_new
  from (
    select s.org_id, s.activity_request_id, t.object_id, s.room,
      pg_catalog.bool_or(t.is_new) as is_new,
      pg_catalog.min(t.place) as place,
      pg_catalog.row_number() over (partition by s.activity_request_id order by pg_catalog.min(t.place)) as number
    from unnest(activity_request_ids, object_ids, are_new)
      with ordinality as t (activity_request_id, object_id, is_new, place)
    join search as s on s.activity_request_id = t.activity_request_id
    left join unnest(refused.activity_ids, refused.object_ids) as r (activity_request_id, object_id)
      on r.activity_request_id = t.activity_request_id
      and r.object_id = t.object_id
    where r.object_id is null
      and (t.is_new or not s.only_new)
      and not exists (
        select 1
        from public.activity_object as ao
        where ao.activity_request_id = t.activity_request_id
          and ao.role = 'result'
          and ao.object_id = t.object_id
        offset 0)
    group by s.org_id, s.activity_request_id, t.object_id, s.room
  ) as f
  where f.room is null
     or f.number <= f.room
  order by f.place
  on conflict do nothing;
end
$$;

comment on function etl_api.link_found_objects(uuid[], uuid[], boolean[], uuid[]) is
  'Links the objects that searches found as their results, each once: those that no guardrail refuses, only new ones where config.only_new is true, at most max_objects (all of them where use cases rank them; see rank_found_objects).';

revoke execute on function etl_api.link_found_objects(uuid[], uuid[], boolean[], uuid[]) from public;
grant execute on function etl_api.link_found_objects(uuid[], uuid[], boolean[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/results/map_answers.sql
create or replace function etl_api.map_answers(answers etl_api.answer[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  found record;
  stored_ids uuid[];
  are_new boolean[];
  object_ids uuid[];
  links record;
  stored_values int;
begin
  select
    pg_catalog.array_agg(o.run_request_id) as run_request_ids,
    pg_catalog.array_agg(o.org_id) as org_ids,
    pg_catalog.array_agg(o.activity_request_id) as activity_ids,
    pg_catalog.array_agg(o.object_type_id) as type_ids,
    pg_catalog.array_agg(o.source_id) as source_ids,
    pg_catalog.array_agg(o.root_id) as root_ids,
    pg_catalog.array_agg(o.natural_key) as natural_keys,
    pg_catalog.array_agg(case when o.result_role = 'result' then o.natural_key end) as new_keys,
    pg_catalog.bool_or(o.result_role = 'result') as searched,
    pg_catalog.array_agg(o.object) as objects,
    pg_catalog.array_agg(o.raw) as raws,
    pg_catalog.array_agg(o.run_request_id) filter (where o.natural_key is null and o.result_role = 'result') as keyless
  into found
  from (select * from etl_api.answer_objects(answers) as o order by o.run_request_id, o.place) as o;
  if found.objects is null then
    return 0;
  end if;
  if found.keyless is not null then
    perform etl_api.logger_keyless(found.keyless);
  end if;

  -- Where objects were asked about, an answer speaks of these: it stores no new one.
  if found.searched then
    select s.object_ids, s.are_new into stored_ids, are_new
    from etl_api.store_objects(found.org_ids, found.type_ids, found.new_keys) as s;
  end if;
  object_ids := etl_api.match_objects(found.org_ids, found.type_ids, found.activity_ids, found.source_ids, found.root_ids,
    found.natural_keys, stored_ids);

  stored_values := etl_api.store_answer_values(found.org_ids, found.activity_ids, object_ids, found.type_ids,
    found.source_ids, found.run_request_ids, found.objects, found.raws, stored_ids);

  -- After the values: they decide which objects qualify.
  select pg_catalog.array_agg(t.activity_id) as activity_ids, pg_catalog.array_agg(t.object_id) as object_ids,
    pg_catalog.array_agg(t.is_new) as are_new, pg_catalog.array_agg(t.run_request_id) as run_request_ids
  into links
  from unnest(found.activity_ids, stored_ids, are_new, found.run_request_ids)
    as t (activity_id, object_id, is_new, run_request_id)
  where t.object_id is not null;
  if links.object_ids is not null then
    perform etl_api.link_found_objects(links.activity_ids, links.object_ids, links.are_new, links.run_request_ids);
  end if;
  return stored_values;
end
$$;

comment on function etl_api.map_answers(etl_api.answer[]) is
  'Maps answers into objects and values with their provenance: into the objects asked about, or, for a search, into new or known objects, linked as its results. Guardrails decide what is accepted. Returns how many values were stored.';

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
create or replace function etl_api.object_values(object_ids uuid[], names jsonb[] default null, accepted_by uuid[] default null)
returns table (object_id uuid, "values" jsonb, provenance jsonb, place bigint)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
begin
  -- What its guardrails refuse is not there for an activity. What the request itself said comes first, then fresh before
  -- stale, then the sources in their order. "offset 0" keeps look-ups by key from becoming joins over the table.
  return query
  with guardrail as materialized (
    select f.*
    from etl_api.factors_of(array(select distinct a.id from unnest(accepted_by) as a (id)), true) as f
    where accepted_by is not null
  )
  select o.id, coalesce(known."values", '{}'), coalesce(known.provenance, '{}'), o.place
  from unnest(object_ids, names, accepted_by) with ordinality as o (id, names, accepted_by, place)
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
      cross join lateral (select point.name from public.datapoint as point where point.id = v.datapoint_id offset 0) as d
      left join lateral (select asked.name from public.source as asked where asked.id = v.source_id offset 0) as s on true
      left join lateral (
        select offered.max_age, offered.priority
        from public.datapoint_source as offered
        where offered.source_id = v.source_id
          and offered.datapoint_id = v.datapoint_id
        offset 0
      ) as ds on true
      where v.object_id = o.id
        and (o.names ? d.name) is not false
        and not (accepted_by is not null and exists (
          select 1
          from guardrail as g
          where g.activity_request_id = o.accepted_by
            and g.datapoint_id = v.datapoint_id
            and utils.factor_met(v.value, g.operator, g.kind, g.items, g.spans) is false))
      order by v.datapoint_id,
        coalesce(v.observed_at + ds.max_age <= moment, false),
        v.source_id is not null,
        ds.priority nulls last,
        v.confidence desc,
        v.observed_at desc
    ) as best
  ) as known;
end
$$;

comment on function etl_api.object_values(uuid[], jsonb[], uuid[]) is
  'The best known value of every datapoint of each object, and where it came from: {datapoint: value} and {datapoint: {source, confidence, observed_at}}, {} when there is none; one row per id given, place is its place among them. With names, a list for each object: only datapoints of these names. With accepted_by, an activity request for each: without the values that its guardrails refuse.';

revoke execute on function etl_api.object_values(uuid[], jsonb[], uuid[]) from public;
grant execute on function etl_api.object_values(uuid[], jsonb[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/results/path_hint.sql
create or replace function etl_api.path_hint(data jsonb, path jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  steps constant jsonb := utils.path_steps(path);
  reached jsonb := '[]'::jsonb;
  here jsonb[] := array[data];
  next jsonb[];
  names text[];
  best text;
begin
  -- As far as the path leads, then what is there instead.
  loop
    if pg_catalog.jsonb_array_length(reached) = pg_catalog.jsonb_array_length(steps) then
      return null;
    end if;
    next := array(
      select n.value
      from utils.jsonb_resolve_values(data, reached || pg_catalog.jsonb_build_array(steps -> pg_catalog.jsonb_array_length(reached))) as n (value)
      limit 100);
    exit when next = '{}';
    here := next;
    reached := reached || pg_catalog.jsonb_build_array(steps -> pg_catalog.jsonb_array_length(reached));
  end loop;

  names := array(
    select distinct k.name
    from pg_catalog.unnest(here) as h (value)
    cross join lateral pg_catalog.jsonb_path_query(h.value, 'lax $[*] ? (@.type() == "object")') as o (object)
    cross join lateral pg_catalog.jsonb_object_keys(o.object) as k (name)
    limit 1000);
  best := utils.nearest_name(steps ->> pg_catalog.jsonb_array_length(reached), names);
  return pg_catalog.format('Nothing is there: %s %s.', etl_api.path_text(reached),
    case
      when best is not null then pg_catalog.format('has no %s, but %s', steps -> pg_catalog.jsonb_array_length(reached), pg_catalog.to_json(best))
      when names <> '{}' then pg_catalog.format('has no %s; it has %s', steps -> pg_catalog.jsonb_array_length(reached),
        (select pg_catalog.string_agg(pg_catalog.to_json(n.name)::text, ', ' order by n.name) from pg_catalog.unnest(names[1:10]) as n (name)))
      else 'is ' || etl_api.describe_json(here[1])
    end);
end
$$;

comment on function etl_api.path_hint(jsonb, jsonb) is
  'Why a path finds nothing in data: how far it leads, and the nearest name there, or the names or the value that are there. Null when it finds something.';

revoke execute on function etl_api.path_hint(jsonb, jsonb) from public;
-- end of source

-- source: sql/etl_api/results/pick.sql
create or replace function etl_api.pick(object jsonb, names text[]) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return (
    select coalesce(pg_catalog.jsonb_object_agg(n.name, object -> n.name), '{}')
    from unnest(names) as n (name)
    where object ? n.name);
end
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

-- source: sql/etl_api/results/rank_found_objects.sql
create or replace function etl_api.rank_found_objects(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_hashjoin = on
as $$
declare
  ranked_ids uuid[];
  pairs record;
begin
  select pg_catalog.array_agg(w.activity_request_id) into ranked_ids
  from etl_api.wanted_objects(activity_request_ids) as w
  where w.ranked;
  if ranked_ids is null then
    return;
  end if;

  select pg_catalog.array_agg(ao.activity_request_id) as activity_request_ids, pg_catalog.array_agg(ao.object_id) as object_ids
  into pairs
  from public.activity_object as ao
  where ao.activity_request_id = any (ranked_ids)
    and ao.role = 'result';

  update public.activity_object as ao
  set score = s.score
  from (
    select j.activity_request_id, j.object_id, pg_catalog.round(pg_catalog.avg(j.met::int), 4) as score
    from etl_api.judge_objects(pairs.activity_request_ids, pairs.object_ids, false) as j
    group by j.activity_request_id, j.object_id
  ) as s
  where ao.activity_request_id = s.activity_request_id
    and ao.role = 'result'
    and ao.object_id = s.object_id
    and ao.score is distinct from s.score;

  delete from public.activity_object as ao
  using (
    select found.activity_request_id, found.object_id, ar.max_objects,
      pg_catalog.row_number() over (
        partition by found.activity_request_id
        order by found.score desc nulls last, found.ordinal) as place
    from public.activity_object as found
    join public.activity_request as ar on ar.id = found.activity_request_id
    where found.activity_request_id = any (ranked_ids)
      and found.role = 'result'
  ) as r
  where r.place > r.max_objects
    and ao.activity_request_id = r.activity_request_id
    and ao.role = 'result'
    and ao.object_id = r.object_id;
end
$$;

comment on function etl_api.rank_found_objects(uuid[]) is
  'Gives each object that these searches found its score, the share of the use cases that can be decided that it meets, and keeps the best max_objects. A search without use cases is left as it is.';

revoke execute on function etl_api.rank_found_objects(uuid[]) from public;
grant execute on function etl_api.rank_found_objects(uuid[]) to service_role;
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
declare
  guarded constant boolean := etl_api.has_factors(activity_request_ids, true);
begin
  if etl_api.has_factors(activity_request_ids, false) then
    perform etl_api.rank_found_objects(activity_request_ids);
  end if;

  insert into public.activity_result (activity_request_id, org_id, objects, refusals, summary, created_at)
  select ar.id, ar.org_id, built.objects, coalesce(refused.json -> 'first', '[]'),
    pg_catalog.jsonb_build_object(
      'objects', built.count,
      'values', built."values",
      'missing', built.missing,
      'refused', coalesce(refused.json -> 'count', '0'),
      'runs', coalesce(runs.by_state, '{}'))
    || case when ar.result_role = 'result' then pg_catalog.jsonb_build_object(
      'new', built.new,
      'known', built.count - built.new) else '{}' end,
    utils.now()
  from etl_api.result_objects(activity_request_ids, guarded) as built
  -- Looked up by key, whatever the planner thinks of the table: "offset 0" leaves nothing else.
  cross join lateral (
    select asking.id, asking.org_id, asking.result_role
    from public.activity_request as asking
    where asking.id = built.activity_request_id
    offset 0
  ) as ar
  cross join lateral (select case when guarded then etl_api.activity_refusals(ar.id) end as json) as refused
  cross join lateral (
    select pg_catalog.jsonb_object_agg(s.state, s.count) as by_state
    from (
      select q.state, pg_catalog.count(*) as count
      from public.run_queue as q
      where q.activity_request_id = ar.id
      group by q.state
    ) as s
  ) as runs
  on conflict (activity_request_id, org_id) do update
    set objects = excluded.objects,
        refusals = excluded.refusals,
        summary = excluded.summary,
        created_at = excluded.created_at;
end
$$;

comment on function etl_api.reconstruct_values_to_activity_requests(uuid[]) is
  'Rebuilds the results of activity requests from the values known now, with their provenance and what guardrails refused, into activity_result; what searches found is ranked first.';

revoke execute on function etl_api.reconstruct_values_to_activity_requests(uuid[]) from public;
grant execute on function etl_api.reconstruct_values_to_activity_requests(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/results/refuse_objects.sql
create or replace function etl_api.refuse_objects(
  activity_request_ids uuid[], object_ids uuid[], run_request_ids uuid[], stage text)
returns table (activity_request_id uuid, object_id uuid)
language plpgsql
set search_path = ''
set enable_hashjoin = on
as $$
#variable_conflict use_column
begin
  return query
  with broken as materialized (
    select j.*, ar.org_id, ar.result_role = 'input' and j.datapoint_id = any (ar.datapoint_ids) as asked
    from etl_api.judge_objects(activity_request_ids, object_ids, true) as j
    -- By key: a hash of the lists must not become one of the table.
    cross join lateral (
      select asking.org_id, asking.result_role, asking.datapoint_ids
      from public.activity_request as asking
      where asking.id = j.activity_request_id
      offset 0
    ) as ar
    where j.met is false
  ),
  recorded as (
    insert into public.guardrail_refusal
      (org_id, activity_request_id, object_id, stage, datapoint_id, source_id, factor_id, description, value,
       run_request_id, refused_at)
    select b.org_id, b.activity_request_id, b.object_id, case when b.asked then 'after_result' else stage end,
      b.datapoint_id, said.source_id, b.factor_id, b.description, b.value, came.run_request_id, utils.now()
    from broken as b
    left join lateral (
      select v.source_id
      from public.value as v
      where v.object_id = b.object_id
        and v.datapoint_id = b.datapoint_id
        and v.value = b.value
      order by v.observed_at desc
      limit 1
    ) as said on true
    left join (
      select distinct on (i.activity_request_id, i.object_id)
        i.activity_request_id, i.object_id, i.run_request_id, i.place
      from unnest(activity_request_ids, object_ids, run_request_ids)
        with ordinality as i (activity_request_id, object_id, run_request_id, place)
      order by i.activity_request_id, i.object_id, i.place
    ) as came
      on came.activity_request_id = b.activity_request_id
      and came.object_id = b.object_id
    -- That a value asked for is not known yet is no refusal: it is still to be found.
    where not b.asked
       or b.value is not null
    order by came.place, b.factor_id
    on conflict (activity_request_id, object_id, factor_id, stage, datapoint_id, source_id) do update
      set description = excluded.description,
          value = excluded.value,
          run_request_id = excluded.run_request_id,
          refused_at = excluded.refused_at
  )
  select distinct b.activity_request_id, b.object_id
  from broken as b
  where not b.asked;
end
$$;

comment on function etl_api.refuse_objects(uuid[], uuid[], uuid[], text) is
  'Holds objects against the guardrails of activity requests and records what breaks one, with the factor and its sentence: the object, or, where the datapoint is one that the activity asks for, the value that is known of it. Returns the objects refused.';

revoke execute on function etl_api.refuse_objects(uuid[], uuid[], uuid[], text) from public;
grant execute on function etl_api.refuse_objects(uuid[], uuid[], uuid[], text) to service_role;
-- end of source

-- source: sql/etl_api/results/refuse_values.sql
create or replace function etl_api.refuse_values(
  activity_request_ids uuid[], object_ids uuid[], datapoint_ids uuid[], source_ids uuid[], "values" jsonb[],
  run_request_ids uuid[], are_asked boolean[])
returns jsonb[]
language plpgsql
set search_path = ''
set enable_hashjoin = on
as $$
declare
  accepted jsonb[];
begin
  with given as materialized (
    select t.*
    from unnest(activity_request_ids, object_ids, datapoint_ids, source_ids, "values", run_request_ids, are_asked)
      with ordinality as t (activity_request_id, object_id, datapoint_id, source_id, value, run_request_id, is_asked, place)
  ),
  broken as materialized (
    select g.place, f.factor_id, f.description
    from given as g
    join etl_api.factors_of(array(select distinct i.id from unnest(activity_request_ids) as i (id)), true) as f
      on f.activity_request_id = g.activity_request_id
      and f.datapoint_id = g.datapoint_id
    where g.is_asked
      and utils.factor_met(g.value, f.operator, f.kind, f.items, f.spans) is false
  ),
  recorded as (
    insert into public.guardrail_refusal
      (org_id, activity_request_id, object_id, stage, datapoint_id, source_id, factor_id, description, value,
       run_request_id, refused_at)
    -- Of several sightings in one batch the last stands, as where values are stored.
    select distinct on (g.activity_request_id, g.object_id, b.factor_id, g.source_id)
      ar.org_id, g.activity_request_id, g.object_id, 'after_result', g.datapoint_id, g.source_id, b.factor_id, b.description,
      g.value, g.run_request_id, utils.now()
    from broken as b
    join given as g on g.place = b.place
    -- By key: a hash of the lists must not become one of the table.
    cross join lateral (
      select asking.org_id
      from public.activity_request as asking
      where asking.id = g.activity_request_id
      offset 0
    ) as ar
    order by g.activity_request_id, g.object_id, b.factor_id, g.source_id, g.place desc
    on conflict (activity_request_id, object_id, factor_id, stage, datapoint_id, source_id) do update
      set description = excluded.description,
          value = excluded.value,
          run_request_id = excluded.run_request_id,
          refused_at = excluded.refused_at
  )
  select pg_catalog.array_agg(case when b.place is null then g.value end order by g.place) into accepted
  from given as g
  left join (select distinct broken.place from broken) as b on b.place = g.place;
  return accepted;
end
$$;

comment on function etl_api.refuse_values(uuid[], uuid[], uuid[], uuid[], jsonb[], uuid[], boolean[]) is
  'Holds the values of answers (those about objects that were asked about) against the guardrails of their activity requests, records those that break one, and returns the values with null in their places.';

revoke execute on function etl_api.refuse_values(uuid[], uuid[], uuid[], uuid[], jsonb[], uuid[], boolean[]) from public;
grant execute on function etl_api.refuse_values(uuid[], uuid[], uuid[], uuid[], jsonb[], uuid[], boolean[]) to service_role;
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

-- source: sql/etl_api/results/result_objects.sql
create or replace function etl_api.result_objects(activity_request_ids uuid[], guarded boolean)
returns table (activity_request_id uuid, objects jsonb, count bigint, "values" bigint, missing bigint, new bigint)
language plpgsql stable
set search_path = ''
-- Lists meet by hash and rows are looked up by key; see answer_objects.
set enable_hashjoin = on
set enable_nestloop = off
as $$
#variable_conflict use_column
declare
  part record;
begin
  -- An enrichment delivers what was asked for; a search everything known of what it found, unless told what.
  select pg_catalog.array_agg(ar.id) as activity_ids, pg_catalog.array_agg(ar.names) as names,
    pg_catalog.array_agg(x.object_id) as object_ids, pg_catalog.array_agg(x.is_new) as are_new
  into part
  from unnest(activity_request_ids) as i (id)
  cross join lateral (
    select asking.id, asking.result_role, (
      select pg_catalog.jsonb_agg(d.name)
      from public.datapoint as d
      where d.id = any (asking.datapoint_ids)) as names
    from public.activity_request as asking
    where asking.id = i.id
    offset 0
  ) as ar
  left join lateral (
    select ao.object_id, case when ar.result_role = 'result' then coalesce(ao.is_new, false) end as is_new
    from public.activity_object as ao
    where ao.activity_request_id = ar.id
      and ao.role = ar.result_role
    order by ao.score desc nulls last, ao.ordinal
  ) as x on true;

  return query
  select t.activity_id,
    coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'object_type', o.type_name,
      'key', o.natural_key,
      'values', known."values",
      'provenance', known.provenance)
      || case when t.is_new is not null then pg_catalog.jsonb_build_object('new', t.is_new) else '{}' end
      order by t.place) filter (where o.natural_key is not null), '[]'),
    pg_catalog.count(o.natural_key),
    coalesce(pg_catalog.sum(n.count), 0)::bigint,
    coalesce(pg_catalog.sum(pg_catalog.jsonb_array_length(t.names) - n.count) filter (where o.natural_key is not null), 0)::bigint,
    pg_catalog.count(*) filter (where t.is_new)
  from etl_api.object_values(part.object_ids, part.names, case when guarded then part.activity_ids end) as known
  join unnest(part.activity_ids, part.names, part.are_new) with ordinality as t (activity_id, names, is_new, place)
    on t.place = known.place
  left join lateral (
    select thing.natural_key, (select kind.name from public.object_type as kind where kind.id = thing.object_type_id) as type_name
    from public.object as thing
    where thing.id = known.object_id
    offset 0
  ) as o on true
  cross join lateral (select pg_catalog.count(*) as count from pg_catalog.jsonb_object_keys(known."values")) as n
  group by t.activity_id;
end
$$;

comment on function etl_api.result_objects(uuid[], boolean) is
  'The objects that activity requests result in, the best first where they are ranked, with the values known now of the datapoints they ask for (none named: of all): [{object_type, key, values, provenance}], of a search also new; how many objects, values, values that are missing and new objects there are. With guarded, without the values that guardrails refuse. A row for each.';

revoke execute on function etl_api.result_objects(uuid[], boolean) from public;
grant execute on function etl_api.result_objects(uuid[], boolean) to service_role;
-- end of source

-- source: sql/etl_api/results/store_answer_values.sql
create or replace function etl_api.store_answer_values(
  org_ids uuid[], activity_request_ids uuid[], object_ids uuid[], object_type_ids uuid[], source_ids uuid[],
  run_request_ids uuid[], objects jsonb[], raws jsonb[], stored_ids uuid[])
returns int
language plpgsql
set search_path = ''
as $$
declare
  known record;
begin
  select
    pg_catalog.array_agg(v.org_id) as org_ids,
    pg_catalog.array_agg(v.activity_request_id) as activity_ids,
    pg_catalog.array_agg(v.object_id) as object_ids,
    pg_catalog.array_agg(v.datapoint_id) as datapoint_ids,
    pg_catalog.array_agg(v.source_id) as source_ids,
    pg_catalog.array_agg(v.value) as "values",
    pg_catalog.array_agg(v.confidence) as confidences,
    pg_catalog.array_agg(v.run_request_id) as run_request_ids,
    pg_catalog.array_agg(v.is_asked) as are_asked
  into known
  from etl_api.answer_values(
    org_ids, activity_request_ids, object_ids, object_type_ids, source_ids, run_request_ids, objects, raws, stored_ids) as v;

  -- What is found is known, whether it qualifies or not; of what was asked about, only accepted values are stored.
  if true = any (known.are_asked) and etl_api.has_factors(activity_request_ids, true) then
    known."values" := etl_api.refuse_values(known.activity_ids, known.object_ids, known.datapoint_ids, known.source_ids,
      known."values", known.run_request_ids, known.are_asked);
  end if;
  return etl_api.store_values(known.org_ids, known.object_ids, known.datapoint_ids, known.source_ids,
    known."values", known.confidences, known.run_request_ids);
end
$$;

comment on function etl_api.store_answer_values(uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], jsonb[], uuid[]) is
  'Stores what answers say of objects (objects: fields named as datapoints, raws: as they stood, stored_ids: null where the object was asked about), without the values that guardrails refuse. Returns how many values.';

revoke execute on function etl_api.store_answer_values(uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], jsonb[], uuid[]) from public;
grant execute on function etl_api.store_answer_values(uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], jsonb[], uuid[]) to service_role;
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
  return (etl_api.store_objects(array[org_id], array[object_type_id], array[natural_key])).object_ids[1];
end
$$;

comment on function etl_api.store_object(uuid, uuid, jsonb) is
  'Stores one object, once per natural key, and returns its id. ETL04: a part of the key is missing.';

revoke execute on function etl_api.store_object(uuid, uuid, jsonb) from public;
grant execute on function etl_api.store_object(uuid, uuid, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/results/store_objects.sql
create or replace function etl_api.store_objects(
  org_ids uuid[], object_type_ids uuid[], natural_keys jsonb[], out object_ids uuid[], out are_new boolean[])
language plpgsql
set search_path = ''
as $$
declare
  -- An object is new when it has the id that was made for it here.
  new_ids constant uuid[] := array(select utils.new_id() from unnest(natural_keys));
  moment constant timestamptz := utils.now();
begin
  -- Limits and offsets keep look-ups by key from becoming joins over the table, whatever the planner thinks of its size.
  -- In the order of the unique index, so that two writers of the same objects cannot wait for each other.
  insert into public.object (id, org_id, object_type_id, natural_key, key_hash, created_at)
  select distinct on (t.org_id, t.object_type_id, h.key_hash)
    t.id, t.org_id, t.object_type_id, t.natural_key, h.key_hash, moment
  from unnest(new_ids, org_ids, object_type_ids, natural_keys) with ordinality
    as t (id, org_id, object_type_id, natural_key, ordinal)
  cross join lateral (
    select pg_catalog.sha256(pg_catalog.convert_to(t.natural_key::text, 'UTF8')) as key_hash
  ) as h
  where t.natural_key is not null
    and not exists (
      select 1
      from public.object as o
      where o.org_id = t.org_id
        and o.object_type_id = t.object_type_id
        and o.key_hash = h.key_hash
      offset 0)
  order by t.org_id, t.object_type_id, h.key_hash, t.ordinal
  on conflict (org_id, object_type_id, key_hash) do nothing;

  -- A statement of its own: it sees what others stored meanwhile.
  select coalesce(pg_catalog.array_agg(found.id order by t.ordinal), '{}'),
    coalesce(pg_catalog.array_agg(found.id = t.id order by t.ordinal), '{}')
  into object_ids, are_new
  from unnest(new_ids, org_ids, object_type_ids, natural_keys)
    with ordinality as t (id, org_id, object_type_id, natural_key, ordinal)
  left join lateral (
    select o.id
    from public.object as o
    where o.org_id = t.org_id
      and o.object_type_id = t.object_type_id
      and o.key_hash = pg_catalog.sha256(pg_catalog.convert_to(t.natural_key::text, 'UTF8'))
    limit 1
  ) as found on true;
end
$$;

comment on function etl_api.store_objects(uuid[], uuid[], jsonb[]) is
  'Stores objects once per tenant, type and natural key; returns their ids in the order given (null where the key is null), and whether this call stored them first.';

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
  moment constant timestamptz := utils.now();
  stored int;
begin
  -- In the order of the unique index, against deadlocks; the last of several sightings in one batch wins.
  insert into public.value
    (org_id, object_id, datapoint_id, source_id, value, confidence, run_request_id, observed_at)
  select distinct on (t.object_id, t.datapoint_id, t.source_id)
    t.org_id, t.object_id, t.datapoint_id, t.source_id, t.value, t.confidence, t.run_request_id, moment
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

-- source: sql/etl_api/results/test_mapping.sql
create or replace function etl_api.test_mapping(source_id uuid, sample jsonb)
returns table (
  what text, object_type text, object_no int, name text, value jsonb, path text, message text, mapping_id uuid)
language plpgsql stable security definer
set search_path = ''
as $$
declare
  asked constant public.source := etl_api.test_mapping_source(source_id);
  type_id uuid;
begin
  if sample is null then
    raise exception using
      errcode = 'ETL04',
      message = 'sample is null: it must be the JSON body of an answer',
      hint = 'Copy one from run_response.body, or from the documentation of the source.';
  end if;

  return query
  select 'answer', null::text, null::int, a.name, a.value, a.path, a.message, null::uuid
  from etl_api.test_mapping_answer(asked, sample) as a;
  for type_id in
    select t.id
    from etl_api.test_mapping_types(asked) as t
  loop
    return query
    select o.*
    from etl_api.test_mapping_objects(asked, type_id, sample) as o;
  end loop;
  if type_id is null then
    return query
    values ('nothing', null::text, null::int, null::text, null::jsonb, null::text,
      'The source has no mapping: neither object_source (direction result) nor datapoint_source names it.', null::uuid);
  end if;
end
$$;

comment on function etl_api.test_mapping(uuid, jsonb) is
  'What a sample answer of a source would give, nothing stored; in rows of what: answer (how the engine takes it: map, fail, …; name is the member of the template''s response), object (value is its key, path its place; the first 100), value (name is the datapoint, path where it was found), nothing (a mapping that found nothing, or not in every object: path, and in message the nearest name there is), more. mapping_id is the row of object_source or datapoint_source. ETL04: no such source, or no sample.';

revoke execute on function etl_api.test_mapping(uuid, jsonb) from public;
grant execute on function etl_api.test_mapping(uuid, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/results/test_mapping_answer.sql
create or replace function etl_api.test_mapping_answer(source public.source, sample jsonb)
returns table (name text, value jsonb, path text, message text)
language plpgsql stable
set search_path = ''
as $$
declare
  kind constant text := etl_api.test_mapping_kind(source);
  spec constant jsonb := coalesce(etl_api.source_template(source, kind) -> 'response', '{}');
  judged record;
  member text;
begin
  judged := etl_api.judge_answer(source, kind, 1, 0, pg_catalog.jsonb_build_object('status', 200, 'body', sample));
  return query
  select judged.verdict, null::jsonb, null::text, case judged.verdict
    when 'map' then pg_catalog.format('With HTTP status 200, the answer to a %s request is read as below.', kind)
    when 'poll' then 'The source is not finished: its status is asked again. Below is how the answer would be read if it were.'
    else pg_catalog.rtrim(coalesce(judged.message, 'The answer is not read'), '. ') || '. Below is how it would be read otherwise.'
  end;

  foreach member in array '{error,status,external_id,next_cursor}'::text[] loop
    continue when not spec ? member;
    return query
    select 'response.' || member, found.value, etl_api.path_text(spec -> member),
      case when found.value is null then coalesce(etl_api.path_hint(sample, spec -> member), 'Nothing is there.') end
    from (select utils.jsonb_resolve_first(sample, spec -> member) as value) as found
    -- Without an error there is nothing to tell.
    where member <> 'error'
       or found.value is not null;
  end loop;
end
$$;

comment on function etl_api.test_mapping_answer(public.source, jsonb) is
  'How the engine would judge a sample answer, and what the response member of the template finds in it; see test_mapping.';

revoke execute on function etl_api.test_mapping_answer(public.source, jsonb) from public;
-- end of source

-- source: sql/etl_api/results/test_mapping_kind.sql
create or replace function etl_api.test_mapping_kind(source public.source) returns text
language sql immutable
set search_path = ''
as $$
  select case
    when source.delivery_request_template is not null then 'delivery'
    when source.status_request_template is not null then 'status'
    else 'run'
  end
$$;

comment on function etl_api.test_mapping_kind(public.source) is
  'The kind of HTTP request whose answer holds the objects of a source: run, or the last one of an asynchronous source.';

revoke execute on function etl_api.test_mapping_kind(public.source) from public;
-- end of source

-- source: sql/etl_api/results/test_mapping_misses.sql
create or replace function etl_api.test_mapping_misses(given jsonb)
returns table (
  part int, no int, line int, what text, name text, value jsonb, path text, message text, mapping_id uuid)
language sql stable
set search_path = ''
as $$
  select 2, null::int, 0, 'nothing', m.name, null::jsonb, etl_api.path_text(m.steps),
    case
      when m.missing < m.objects then pg_catalog.format('%s of %s objects have nothing there.', m.missing, m.objects)
      when m.there is not null then pg_catalog.format('What is there, %s, cannot be read as %s.',
        etl_api.describe_json(m.there), m.mapping ->> 'transform')
      else coalesce(etl_api.path_hint(m.raw, m.steps), 'There is null.')
    end,
    m.mapping_id
  from (
    select g.name, g.mapping_id, g.mapping, pg_catalog.count(*) as objects,
      utils.path_steps(coalesce(utils.mapping_path(g.mapping), pg_catalog.to_jsonb(g.name))) as steps,
      pg_catalog.count(*) filter (where g.value is null) as missing,
      (pg_catalog.array_agg(g.raw order by g.no))[1] as raw,
      pg_catalog.min(g.there::text)::jsonb as there
    from (
      select t.*, case when t.value is null and t.mapping ? 'transform'
        then nullif(utils.jsonb_resolve_first(t.raw, utils.mapping_path(t.mapping)), 'null') end as there
      from pg_catalog.jsonb_to_recordset(given) as t (no int, raw jsonb, name text, mapping_id uuid, mapping jsonb, value jsonb)
    ) as g
    group by g.name, g.mapping_id, g.mapping
  ) as m
  where m.missing > 0
$$;

comment on function etl_api.test_mapping_misses(jsonb) is
  'Which mappings found nothing in objects, or not in all ([{no, raw, name, mapping_id, mapping, value}]), and why; see test_mapping.';

revoke execute on function etl_api.test_mapping_misses(jsonb) from public;
-- end of source

-- source: sql/etl_api/results/test_mapping_objects.sql
create or replace function etl_api.test_mapping_objects(source public.source, object_type_id uuid, sample jsonb)
returns table (
  what text, object_type text, object_no int, name text, value jsonb, path text, message text, mapping_id uuid)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  shown constant int := 100;
  read jsonb := '[]'::jsonb;
  number int;
  row_of record;
begin
  select t.name, t.key_datapoints, m.mapping, os.id as mapping_id into row_of
  from public.object_type as t
  cross join lateral (
    select etl_api.answer_mapping(source.id, t.id, etl_api.source_template(source, etl_api.test_mapping_kind(source))) as mapping
  ) as m
  left join public.object_source as os
    on os.source_id = source.id
    and os.object_type_id = t.id
    and os.direction = 'result'
  where t.id = test_mapping_objects.object_type_id;

  select pg_catalog.count(*), coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'path', o.path, 'object', o.object, 'raw', o.raw, 'key', o.natural_key) order by o.place) filter (where o.place <= shown), '[]')
  into number, read
  from etl_api.test_mapping_read(source, object_type_id, row_of.mapping, sample) as o;

  if number = 0 then
    return query
    select 'nothing', row_of.name, null::int, null::text, null::jsonb, etl_api.path_text(utils.mapping_path(row_of.mapping)),
      coalesce(etl_api.path_hint(sample, utils.mapping_path(row_of.mapping)), 'What is there is no object and no list of objects.'), row_of.mapping_id;
    return;
  end if;

  return query
  select v.*
  from etl_api.test_mapping_values(source, object_type_id, read) as v;
  if number > shown then
    return query
    select 'more', row_of.name, null::int, null::text, pg_catalog.to_jsonb(number - shown), etl_api.path_text(utils.mapping_path(row_of.mapping)),
      pg_catalog.format('And %s.', etl_api.explain_count(number - shown, 'more object', 'more objects')), row_of.mapping_id;
  end if;
end
$$;

comment on function etl_api.test_mapping_objects(public.source, uuid, jsonb) is
  'The objects of one type in a sample answer, their values, and the mappings that found nothing; see test_mapping.';

revoke execute on function etl_api.test_mapping_objects(public.source, uuid, jsonb) from public;
-- end of source

-- source: sql/etl_api/results/test_mapping_read.sql
create or replace function etl_api.test_mapping_read(source public.source, object_type_id uuid, mapping jsonb, sample jsonb)
returns table (place bigint, path text[], natural_key jsonb, object jsonb, raw jsonb)
language sql stable
set search_path = ''
as $$
  -- As answer_objects reads the answer of an activity.
  select n.place, n.path, etl_api.natural_key(t.key_datapoints, whole.object), whole.object, n.raw
  from public.object_type as t
  cross join lateral (
    select found.object, found.raw, found.path, pg_catalog.row_number() over () as place
    from utils.jsonb_resolve_object_names(sample, mapping) as found
  ) as n
  cross join lateral (
    select case when (n.raw || n.object) ?& t.key_datapoints then n.raw || n.object
      else n.raw || n.object || coalesce((
        select pg_catalog.jsonb_object_agg(d.name, utils.jsonb_resolve_value(n.raw, ds.key_mapping_json))
        from public.datapoint_source as ds
        join public.datapoint as d on d.id = ds.datapoint_id
        where ds.source_id = source.id
          and d.object_type_id = t.id
          and d.name = any (t.key_datapoints)
          and not (n.raw || n.object) ? d.name), '{}') end as object
  ) as whole
  where t.id = test_mapping_read.object_type_id
$$;

comment on function etl_api.test_mapping_read(public.source, uuid, jsonb, jsonb) is
  'The objects in a sample answer, as answer_objects finds them in a real one, with their places; see test_mapping.';

revoke execute on function etl_api.test_mapping_read(public.source, uuid, jsonb, jsonb) from public;
-- end of source

-- source: sql/etl_api/results/test_mapping_source.sql
create or replace function etl_api.test_mapping_source(source_id uuid) returns public.source
language plpgsql stable
set search_path = ''
as $$
declare
  asked public.source;
begin
  select s.* into asked
  from public.source as s
  where s.id = test_mapping_source.source_id
    and (s.org_id is null or etl_api.may_request(s.org_id) or s.org_id in (select etl_api.my_orgs()));
  -- Another org's source and none at all look the same from outside.
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no such source: %s', coalesce(source_id::text, 'null')),
      hint = 'Give the id of a source of your org or of a shared one.';
  end if;
  return asked;
end
$$;

comment on function etl_api.test_mapping_source(uuid) is
  'A source, if the caller may see it: the first statement of test_mapping. ETL04: there is none, or it is another org''s.';

revoke execute on function etl_api.test_mapping_source(uuid) from public;
-- end of source

-- source: sql/etl_api/results/test_mapping_types.sql
create or replace function etl_api.test_mapping_types(source public.source) returns table (id uuid)
language sql stable
set search_path = ''
as $$
  -- Of a shared source an org sees the shared mappings and its own.
  select t.id
  from public.object_type as t
  where t.id in (
    select os.object_type_id
    from public.object_source as os
    where os.source_id = source.id
      and os.direction = 'result'
      and (os.org_id is null or etl_api.may_request(os.org_id) or os.org_id in (select etl_api.my_orgs()))
    union
    select d.object_type_id
    from public.datapoint_source as ds
    join public.datapoint as d on d.id = ds.datapoint_id
    where ds.source_id = source.id
      and (ds.org_id is null or etl_api.may_request(ds.org_id) or ds.org_id in (select etl_api.my_orgs())))
  order by t.name, t.id
$$;

comment on function etl_api.test_mapping_types(public.source) is
  'The object types that the mappings of a source speak of, as far as the caller sees them.';

revoke execute on function etl_api.test_mapping_types(public.source) from public;
-- end of source

-- source: sql/etl_api/results/test_mapping_values.sql
create or replace function etl_api.test_mapping_values(source public.source, object_type_id uuid, read jsonb)
returns table (
  what text, object_type text, object_no int, name text, value jsonb, path text, message text, mapping_id uuid)
language sql stable
set search_path = ''
as $$
  with object as materialized (
    select o.place::int as no, o.value -> 'path' as path, o.value -> 'object' as object, o.value -> 'raw' as raw,
      nullif(o.value -> 'key', 'null') as key
    from pg_catalog.jsonb_array_elements(read) with ordinality as o (value, place)
  ),
  -- As store_answer_values takes them.
  wanted as materialized (
    select d.name, ds.id as mapping_id, ds.key_mapping_json as mapping, d.name = any (t.key_datapoints) as is_key,
      pg_catalog.array_position(t.key_datapoints, d.name) as key_place
    from public.object_type as t
    join public.datapoint as d on d.object_type_id = t.id
    left join public.datapoint_source as ds
      on ds.datapoint_id = d.id
      and ds.source_id = source.id
    where t.id = test_mapping_values.object_type_id
      and (d.org_id is null or d.org_id = source.org_id or d.org_id in (select etl_api.my_orgs()))
  ),
  given as materialized (
    select o.no, o.raw, w.*,
      case when w.mapping_id is not null then utils.jsonb_resolve_value(o.raw, w.mapping) else nullif(o.object -> w.name, 'null') end as value,
      etl_api.path_text(o.path || utils.path_steps(coalesce(utils.mapping_path(w.mapping), pg_catalog.to_jsonb(w.name)))) as path
    from object as o
    cross join wanted as w
  )
  select r.what, t.name, r.no, r.name, r.value, r.path, r.message, r.mapping_id
  from public.object_type as t
  cross join lateral (
    select 1 as part, o.no, 0 as line, 'object' as what, null::text as name, o.key as value, etl_api.path_text(o.path) as path,
      case when o.key is null then pg_catalog.format('It has no key: it needs %s. A search leaves it out.',
        pg_catalog.array_to_string(t.key_datapoints, ' and ')) end as message,
      null::uuid as mapping_id
    from object as o
    union all
    select 1, g.no, 1, 'value', g.name, g.value, g.path, null, g.mapping_id
    from given as g
    where g.value is not null
    union all
    select * from etl_api.test_mapping_misses((select pg_catalog.jsonb_agg(g) from given as g where g.mapping_id is not null or g.is_key))
  ) as r
  where t.id = test_mapping_values.object_type_id
  order by r.part, r.no, r.line, r.name
$$;

comment on function etl_api.test_mapping_values(public.source, uuid, jsonb) is
  'The rows of test_mapping about the objects read from a sample answer ([{path, object, raw, key}]).';

revoke execute on function etl_api.test_mapping_values(public.source, uuid, jsonb) from public;
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

-- source: sql/etl_api/results/wanted_objects.sql
create or replace function etl_api.wanted_objects(activity_request_ids uuid[])
returns table (activity_request_id uuid, ranked boolean, wanted int)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Where use cases rank what is found, more may be looked at than is kept.
  return query
  select ar.id, criteria.exist,
    case when criteria.exist
      then greatest(ar.max_objects, case when ar.max_objects is not null then utils.int_or_null(ar.config -> 'max_candidates') end)
      else ar.max_objects end
  from public.activity_request as ar
  cross join lateral (
    select exists (
      select 1
      from public.factor as f
      where f.activity_id = ar.activity_id
        and not f.is_guardrail
        and f.object_type_id = ar.object_type_id
        and f.datapoint_id is not null
        and (f.org_id is null or f.org_id = ar.org_id)) as exist
  ) as criteria
  where ar.id = any (activity_request_ids)
    and ar.result_role = 'result';
end
$$;

comment on function etl_api.wanted_objects(uuid[]) is
  'How many objects each of these searches looks for (null: all there are) and whether its use cases rank them: max_objects, or, when ranked, config.max_candidates where that is more.';

revoke execute on function etl_api.wanted_objects(uuid[]) from public;
grant execute on function etl_api.wanted_objects(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/results/wants_more_objects.sql
create or replace function etl_api.wants_more_objects(activity_request_id uuid) returns boolean
language sql stable
set search_path = ''
as $$
  select w.wanted is null or w.wanted > (
    select pg_catalog.count(*)
    from public.activity_object as found
    where found.activity_request_id = wants_more_objects.activity_request_id
      and found.role = 'result')
  from etl_api.wanted_objects(array[wants_more_objects.activity_request_id]) as w
$$;

comment on function etl_api.wants_more_objects(uuid) is
  'Whether a search looks for more objects than have qualified until now.';

revoke execute on function etl_api.wants_more_objects(uuid) from public;
grant execute on function etl_api.wants_more_objects(uuid) to service_role;
-- end of source

-- source: sql/etl_api/runs/activity_types.sql
create or replace function etl_api.activity_types() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  -- The catalog is the list: whoever adds the function has added the type.
  return (
    select coalesce(pg_catalog.jsonb_object_agg(
      pg_catalog.substr(p.proname::text, 12),
      case when p.proargtypes::text = '2951' then 'result' else 'input' end), '{}')
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'etl_api'
      and p.proname >= 'create_run_'
      and p.proname < 'create_run`'
      and p.prokind = 'f'
      and p.prorettype = 'int'::pg_catalog.regtype
      -- 2951 is uuid[].
      and p.proargtypes::text in ('2951', '2951 2951'));
end
$$;

comment on function etl_api.activity_types() is
  'The types of activity there are and what each results in (activity_request.result_role). A type is a function etl_api.create_run_<type> that creates its runs and returns how many: with (activity_request_ids uuid[]) it searches and results in what it finds ("result"); with (activity_request_ids uuid[], object_ids uuid[] default null) it asks about the objects it takes and results in these ("input").';

revoke execute on function etl_api.activity_types() from public;
grant execute on function etl_api.activity_types() to service_role;
-- end of source

-- source: sql/etl_api/runs/allocate_source_runs.sql
create or replace function etl_api.allocate_source_runs(worker text, source_ids uuid[], org_ids uuid[], turns int[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  taken record;
begin
  -- run_ids and run_items have an entry per run, the others one per request, all that follow too.
  select pg_catalog.array_agg(t.run_id) as run_ids, pg_catalog.array_agg(t.item) as run_items,
    pg_catalog.array_agg(t.source_id) filter (where t.place = 1) as sources,
    pg_catalog.array_agg(t.org_id) filter (where t.place = 1) as orgs,
    pg_catalog.array_agg(t.workflow_request_id) filter (where t.place = 1) as workflows,
    pg_catalog.array_agg(t.activity_request_id) filter (where t.place = 1) as activities,
    pg_catalog.array_agg(t.cost) filter (where t.place = 1) as costs
  into taken
  from etl_api.take_due_runs(source_ids, org_ids, turns) as t;
  if taken.run_ids is null then
    return '{}'::uuid[];
  end if;

  return etl_api.send_runs(
    worker, taken.run_ids, taken.run_items, taken.sources, taken.orgs, taken.workflows, taken.activities, taken.costs);
end
$$;

comment on function etl_api.allocate_source_runs(text, uuid[], uuid[], int[]) is
  'Gives runs that wait to their sources, as HTTP requests already claimed by the worker: batches of max_objects_per_request, at most turns[i] requests to source_ids[i] for org_ids[i], as far as budgets allow; see send_runs. Returns the ids of the requests.';

revoke execute on function etl_api.allocate_source_runs(text, uuid[], uuid[], int[]) from public;
grant execute on function etl_api.allocate_source_runs(text, uuid[], uuid[], int[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/begin_budget.sql
create or replace function etl_api.begin_budget(org_id uuid) returns void
language sql
set search_path = ''
as $$
  -- Nobody counted so far. A page that waits for the budget has not been paid.
  insert into etl_api.budget_used as u (org_id, month, amount)
  select begin_budget.org_id, etl_api.budget_month(), coalesce(pg_catalog.sum(r.cost), 0)
  from public.run_request as r
  where r.org_id = begin_budget.org_id
    and r.created_at >= etl_api.budget_month()::timestamp at time zone 'UTC'
    and r.cost > 0
    and r.state_substate is distinct from 'budget'
  on conflict (org_id, month, workflow_request_id) do update
  set amount = greatest(u.amount, excluded.amount)
$$;

comment on function etl_api.begin_budget(uuid) is
  'Counts what the tenant''s HTTP requests of this month have cost so far, when it is given a budget in the middle of it. Reads all HTTP requests, so it is not for every day.';

revoke execute on function etl_api.begin_budget(uuid) from public;
grant execute on function etl_api.begin_budget(uuid) to service_role;
-- end of source

-- source: sql/etl_api/runs/budget_changed.sql
create or replace function etl_api.budget_changed() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if etl_api.monthly_budget(old.settings) is null then
    perform etl_api.begin_budget(new.id);
  end if;
  -- What waited for the budget may go on.
  perform etl_api.ring('execute-runs');
  return null;
end
$$;

comment on function etl_api.budget_changed() is
  'Puts another monthly_budget of an org into force: a first one counts what the month has cost already, and what waited is looked at again.';

revoke execute on function etl_api.budget_changed() from public;
-- end of source

-- source: sql/etl_api/runs/budget_error.sql
create or replace function etl_api.budget_error(workflow_request_id uuid, source_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  return (
    select pg_catalog.jsonb_build_object(
      'code', 'budget_exceeded',
      'message', pg_catalog.format('The workflow request may cost %s and has cost %s; another request to source %s costs %s.',
        u.cap, u.amount, s.name, s.cost_per_run))
    from public.source as s
    left join etl_api.budget_used as u on u.workflow_request_id = budget_error.workflow_request_id
    where s.id = budget_error.source_id);
end
$$;

comment on function etl_api.budget_error(uuid, uuid) is
  'The error of an HTTP request to a source that the budget of its workflow request does not allow: {code, message}.';

revoke execute on function etl_api.budget_error(uuid, uuid) from public;
grant execute on function etl_api.budget_error(uuid, uuid) to service_role;
-- end of source

-- source: sql/etl_api/runs/budget_month.sql
create or replace function etl_api.budget_month() returns date
language plpgsql stable
set search_path = ''
as $$
begin
  return pg_catalog.date_trunc('month', utils.now() at time zone 'UTC')::date;
end
$$;

comment on function etl_api.budget_month() is 'The month that budgets speak of now: its first day, in UTC.';

revoke execute on function etl_api.budget_month() from public;
grant execute on function etl_api.budget_month() to authenticated, service_role;
-- end of source

-- source: sql/etl_api/runs/budget_retry_at.sql
create or replace function etl_api.budget_retry_at() returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return least(
    utils.now() + interval '1 minute',
    (etl_api.budget_month() + interval '1 month') at time zone 'UTC');
end
$$;

comment on function etl_api.budget_retry_at() is
  'When a page that the budget of the month does not allow is looked at again: in a minute, should it be raised, or when the next month begins.';

revoke execute on function etl_api.budget_retry_at() from public;
grant execute on function etl_api.budget_retry_at() to service_role;
-- end of source

-- source: sql/etl_api/runs/create_run.sql
create or replace function etl_api.create_run(activity_request_ids uuid[], object_ids uuid[] default null) returns int
language plpgsql
set search_path = ''
as $$
declare
  kind record;
  created int;
  total int := 0;
begin
  -- A loop over the few activity types, not over rows: a new type is a new function create_run_<type>.
  if object_ids is null then
    for kind in
      -- offset 0 keeps a look-up by key from becoming a join, whatever the planner thinks of the size of a table.
      select ar.activity_type, pg_catalog.array_agg(distinct i.id) as ids
      from unnest(activity_request_ids) as i (id)
      cross join lateral (
        select r.activity_type, r.state
        from public.activity_request as r
        where r.id = i.id
        offset 0
      ) as ar
      where ar.state = 'in_progress'
      group by ar.activity_type
      order by ar.activity_type
    loop
      execute pg_catalog.format('select etl_api.%I($1)', 'create_run_' || kind.activity_type) into created using kind.ids;
      total := total + created;
    end loop;
    return total;
  end if;

  for kind in
    select ar.activity_type, pg_catalog.array_agg(i.id) as ids, pg_catalog.array_agg(i.object_id) as object_ids
    from unnest(activity_request_ids, object_ids) as i (id, object_id)
    cross join lateral (
      select r.activity_type, r.state, r.result_role
      from public.activity_request as r
      where r.id = i.id
      offset 0
    ) as ar
    where ar.state = 'in_progress'
      and ar.result_role = 'input'
    group by ar.activity_type
    order by ar.activity_type
  loop
    execute pg_catalog.format('select etl_api.%I($1, $2)', 'create_run_' || kind.activity_type)
      into created
      using kind.ids, kind.object_ids;
    total := total + created;
  end loop;
  return total;
end
$$;

comment on function etl_api.create_run(uuid[], uuid[]) is
  'Creates the runs that these activity requests need now, by activity type: etl_api.create_run_<type>. With object_ids (one per activity request id): only for these objects, and only by types that ask about the objects they take. Returns how many.';

revoke execute on function etl_api.create_run(uuid[], uuid[]) from public;
grant execute on function etl_api.create_run(uuid[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/create_run_enrichment.sql
create or replace function etl_api.create_run_enrichment(activity_request_ids uuid[], object_ids uuid[] default null)
returns int
language plpgsql
set search_path = ''
as $$
declare
  guarded constant boolean := etl_api.has_factors(activity_request_ids, true);
  moment constant timestamptz := utils.now();
  created int;
begin
  -- offset 0 keeps look-ups by key from becoming joins, whatever the planner thinks of the size of a table.
  if object_ids is null then
    select pg_catalog.array_agg(i.id), pg_catalog.array_agg(ao.object_id)
    into activity_request_ids, object_ids
    from unnest(activity_request_ids) as i (id)
    cross join lateral (
      select r.object_id
      from public.activity_object as r
      where r.activity_request_id = i.id
        and r.role = 'input'
      offset 0
    ) as ao;
  end if;

  -- The waterfall: for each missing datapoint the first source not yet asked about that object. A source is
  -- asked once per object and activity, for everything missing that it offers, so the sources asked for one
  -- datapoint are never asked again for another. What an open run may still bring is asked of nobody else for its
  -- own sake.
  with missing as materialized (
    select m.activity_request_id, m.object_id, pg_catalog.array_agg(m.datapoint_id) as datapoint_ids
    from etl_api.missing_datapoints(activity_request_ids, object_ids) as m
    where not (guarded and exists (
      select 1
      from public.guardrail_refusal as refused
      where refused.activity_request_id = m.activity_request_id
        and refused.object_id = m.object_id
        and refused.stage = 'before_run'
      offset 0))
    group by m.activity_request_id, m.object_id
  ),
  offer as (
    select m.activity_request_id, m.object_id, ar.org_id, ar.workflow_request_id, ds.datapoint_id, ds.source_id,
      pg_catalog.row_number() over (
        partition by m.activity_request_id, m.object_id, ds.datapoint_id
        order by ds.priority, pg_catalog.array_position(ar.source_ids, ds.source_id)) as place,
      ds.datapoint_id = any (asked.coming_ids) as may_come
    from missing as m
    cross join lateral (
      select r.org_id, r.workflow_request_id, r.source_ids
      from public.activity_request as r
      where r.id = m.activity_request_id
      offset 0
    ) as ar
    cross join lateral (
      -- All the runs of the object, by the unique key: the index of the open ones would lead through the whole activity.
      select coalesce(pg_catalog.array_agg(q.source_id), '{}') as source_ids,
        coalesce(pg_catalog.array_agg(d.id)
          filter (where q.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')), '{}') as coming_ids
      from public.run_queue as q
      left join lateral unnest(q.datapoint_ids) as d (id) on true
      where q.activity_request_id = m.activity_request_id
        and q.object_id = m.object_id
    ) as asked
    cross join lateral (
      select r.datapoint_id, r.source_id, r.priority
      from public.datapoint_source as r
      where r.datapoint_id = any (m.datapoint_ids)
        and r.source_id = any (ar.source_ids)
        and r.source_id <> all (asked.source_ids)
      offset 0
    ) as ds
  ),
  next as materialized (
    select o.activity_request_id, o.object_id, o.source_id, o.org_id, o.workflow_request_id,
      pg_catalog.array_agg(o.datapoint_id order by o.datapoint_id) as datapoint_ids
    from offer as o
    group by o.activity_request_id, o.object_id, o.source_id, o.org_id, o.workflow_request_id
    having pg_catalog.bool_or(o.place = 1 and not o.may_come)
  )
  insert into public.run_queue
    (org_id, workflow_request_id, activity_request_id, source_id, object_id, datapoint_ids, priority,
     state, state_via, state_substate, due_at, created_at)
  select n.org_id, n.workflow_request_id, n.activity_request_id, n.source_id, n.object_id, n.datapoint_ids, w.priority,
    'waiting', '{new,valid}', 'allocation', moment, moment
  from next as n
  cross join lateral (
    select r.priority
    from public.workflow_request as r
    where r.id = n.workflow_request_id
      and r.org_id = n.org_id
      and r.replay = 0
    offset 0
  ) as w
  on conflict do nothing;
  get diagnostics created = row_count;
  return created;
end
$$;

comment on function etl_api.create_run_enrichment(uuid[], uuid[]) is
  'Creates the runs of enrichment: for each pair of activity request and object (without object_ids: for every input object of the activity requests) one per source that is to be asked next, the waterfall; none for an object that a guardrail refused. Returns how many.';

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
  guarded constant boolean := etl_api.has_factors(activity_request_ids, true);
  moment constant timestamptz := utils.now();
  created int;
begin
  -- A search asks its first source, and the next one only when all that was asked has ended with no object.
  insert into public.run_queue
    (org_id, workflow_request_id, activity_request_id, source_id, object_id, datapoint_ids, priority,
     state, state_via, state_substate, due_at, created_at)
  select ar.org_id, ar.workflow_request_id, ar.id, next.source_id, input.object_id, ar.datapoint_ids, w.priority,
    'waiting', '{new,valid}', 'allocation', moment, moment
  -- offset 0 keeps look-ups by key from becoming joins, whatever the planner thinks of the size of a table.
  from unnest(activity_request_ids) as i (id)
  cross join lateral (
    select r.id, r.org_id, r.workflow_request_id, r.source_ids, r.datapoint_ids
    from public.activity_request as r
    where r.id = i.id
    offset 0
  ) as ar
  cross join lateral (
    select r.priority
    from public.workflow_request as r
    where r.id = ar.workflow_request_id
      and r.org_id = ar.org_id
      and r.replay = 0
    offset 0
  ) as w
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
  left join lateral (
    select r.object_id, r.ordinal
    from public.activity_object as r
    where r.activity_request_id = ar.id
      and r.role = 'input'
    offset 0
  ) as input on true
  where not exists (
      select 1
      from public.activity_object as found
      where found.activity_request_id = ar.id
        and found.role = 'result'
      offset 0)
    and not exists (
      select 1
      from public.run_queue as open
      where open.activity_request_id = ar.id
        and open.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
      offset 0)
    -- Asked for the objects of another activity that gave none: there is nothing to search for.
    and (input.object_id is not null or not exists (
      select 1
      from public.activity_dependency as d
      where d.activity_request_id = ar.id
      offset 0))
    and not (guarded and input.object_id is not null and exists (
      select 1
      from public.guardrail_refusal as refused
      where refused.activity_request_id = ar.id
        and refused.object_id = input.object_id
        and refused.stage = 'before_run'
      offset 0))
  order by input.ordinal
  on conflict do nothing;
  get diagnostics created = row_count;
  return created;
end
$$;

comment on function etl_api.create_search_runs(uuid[]) is
  'Creates the runs of searches: one per input object that no guardrail refused, or a single one when there is none, for the first source not asked yet. Returns how many.';

revoke execute on function etl_api.create_search_runs(uuid[]) from public;
grant execute on function etl_api.create_search_runs(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/deal_round.sql
create or replace function etl_api.deal_round(
  sources uuid[], orgs uuid[], may_run boolean[], rooms int[], dealt int[], open boolean[], max_requests int)
returns table (i int, turns int, is_open boolean)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with pair as (
    select t.*,
      pg_catalog.sum(t.turns) over () as all_turns,
      t.room - pg_catalog.sum(t.turns) over source as room_left,
      pg_catalog.count(*) filter (where t.is_open) over source as orgs,
      pg_catalog.row_number() over (partition by t.source_id, t.is_open order by t.i) as place,
      pg_catalog.min(t.i) over source as first
    from unnest(sources, orgs, may_run, rooms, dealt, open)
      with ordinality as t (source_id, org_id, may_run, room, turns, is_open, i)
    window source as (partition by t.source_id)
  ),
  ranked as (
    select p.*, max_requests - p.all_turns as wanted, p.room_left > 0 and p.orgs > 0 as takes,
      pg_catalog.dense_rank() over (partition by p.room_left > 0 and p.orgs > 0 order by p.first) as source_place
    from pair as p
  ),
  -- With a remainder the first have one more.
  shared as (
    select r.*, least(r.room_left, r.wanted / s.sources + (r.source_place <= r.wanted % s.sources)::int) as source_turns
    from ranked as r
    cross join (select pg_catalog.max(r.source_place) filter (where r.takes) as sources from ranked as r) as s
  ),
  offered as (
    select s.*, s.turns + case when s.takes and s.is_open
      then s.source_turns / s.orgs + (s.place <= s.source_turns % s.orgs)::int else 0 end as offer
    from shared as s
  )
  -- That each has one is known.
  select o.i::int, has.turns, o.is_open and has.turns >= o.offer
  from offered as o
  cross join lateral (
    select case when o.offer <= 1 or o.offer = o.turns then o.offer
      else etl_api.due_request_count(o.source_id, o.org_id, o.may_run, o.offer::int) end::int as turns
  ) as has;
end
$$;

comment on function etl_api.deal_round(uuid[], uuid[], boolean[], int[], int[], boolean[], int) is
  'One round of deal_turns over pairs of source and tenant: what is left of max_requests is shared out among those that are open; who had less than it was offered is no longer.';

revoke execute on function etl_api.deal_round(uuid[], uuid[], boolean[], int[], int[], boolean[], int) from public;
grant execute on function etl_api.deal_round(uuid[], uuid[], boolean[], int[], int[], boolean[], int) to service_role;
-- end of source

-- source: sql/etl_api/runs/deal_turns.sql
create or replace function etl_api.deal_turns(source_ids uuid[], capacities int[], max_requests int)
returns table (source_id uuid, org_id uuid, may_run boolean, turns int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  turn record := etl_api.hold_turns(source_ids);
  sources uuid[];
  orgs uuid[];
  may boolean[];
  rooms int[];
  dealt int[];
  open boolean[];
begin
  -- No more tenants than could be served, were the other sources to leave half; but a second one, if there is. The
  -- sources in no order: where there are more of them than requests are wanted, none is always the last.
  select pg_catalog.array_agg(s.source_id order by s.chance, s.source_id, o.place),
    pg_catalog.array_agg(o.org_id order by s.chance, s.source_id, o.place),
    pg_catalog.array_agg(o.may_run order by s.chance, s.source_id, o.place),
    pg_catalog.array_agg(s.capacity order by s.chance, s.source_id, o.place),
    pg_catalog.array_agg(0), pg_catalog.array_agg(true)
  into sources, orgs, may, rooms, dealt, open
  from (
    select t.source_id, t.capacity, t.behind, pg_catalog.random() as chance
    from unnest(source_ids, capacities, turn.served_last) as t (source_id, capacity, behind)
    offset 0
  ) as s
  cross join lateral etl_api.due_orgs(
    s.source_id, s.behind, greatest(2, least(s.capacity, 2 * max_requests / pg_catalog.cardinality(source_ids)))) as o;
  if pg_catalog.cardinality(sources) = 1 then
    return query values (sources[1], orgs[1], may[1], least(rooms[1], max_requests));
    return;
  end if;

  -- In rounds: who has less than its share leaves the rest to the others. A loop, as each round needs the one before;
  -- in each all is dealt, or somebody has no more.
  while max_requests > (select pg_catalog.sum(d.turns) from unnest(dealt) as d (turns))
    and exists (
      select 1
      from unnest(sources, rooms, dealt, open) as t (source_id, room, turns, open)
      group by t.source_id
      having pg_catalog.bool_or(t.open)
        and pg_catalog.sum(t.turns) < pg_catalog.min(t.room))
  loop
    select pg_catalog.array_agg(r.turns order by r.i), pg_catalog.array_agg(r.is_open order by r.i)
    into dealt, open
    from etl_api.deal_round(sources, orgs, may, rooms, dealt, open, max_requests) as r;
  end loop;

  perform etl_api.pass_turns(turn.held, sources, orgs, dealt);
  return query
  select t.source_id, t.org_id, t.may_run, t.turns
  from unnest(sources, orgs, may, dealt) as t (source_id, org_id, may_run, turns)
  where t.turns > 0;
end
$$;

comment on function etl_api.deal_turns(uuid[], int[], int) is
  'Who may send how many of max_requests HTTP requests: source_ids[i] at most capacities[i]. The sources share alike, at each source its tenants share alike, beginning behind the one served last; what one does not need goes to those that have more. may_run: of the tenant''s runs too, not only of requests under way.';

revoke execute on function etl_api.deal_turns(uuid[], int[], int) from public;
grant execute on function etl_api.deal_turns(uuid[], int[], int) to service_role;
-- end of source

-- source: sql/etl_api/runs/due_orgs.sql
create or replace function etl_api.due_orgs(source_id uuid, behind uuid, max_orgs int)
returns table (org_id uuid, may_run boolean, place int)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
begin
  return query
  -- From tenant to tenant by index probes, once round, however much each has waiting. offset 0 keeps the planner from
  -- copying a probe to every place that names its result; the order of the index of due work, from reading all of
  -- another index. Without `behind` the way begins at the end, so that its first step leads to the first tenant.
  with recursive way as (
    select coalesce(due_orgs.behind, 'ffffffff-ffff-ffff-ffff-ffffffffffff') as id, false as round, false as may_run,
      false as is_due, 0 as found, due_orgs.source_id as source_id,
      (select s.cost_per_run from public.source as s where s.id = due_orgs.source_id) as cost
    union all
    select next.id, next.round, work.may_run, work.may_run or work.goes_on,
      way.found + (work.may_run or work.goes_on)::int, way.source_id, way.cost
    from way
    cross join lateral (
      select least(
        (select q.org_id from public.run_queue as q
         where q.source_id = way.source_id and q.state in ('waiting', 'ready') and q.org_id > way.id
         order by q.org_id limit 1),
        (select r.org_id from public.run_request as r
         where r.source_id = way.source_id and r.state in ('waiting', 'ready') and r.org_id > way.id
         order by r.org_id limit 1)) as id
      offset 0
    ) as ahead
    cross join lateral (
      select coalesce(ahead.id, case when not way.round then least(
          (select q.org_id from public.run_queue as q
           where q.source_id = way.source_id and q.state in ('waiting', 'ready')
           order by q.org_id limit 1),
          (select r.org_id from public.run_request as r
           where r.source_id = way.source_id and r.state in ('waiting', 'ready')
           order by r.org_id limit 1)) end) as id,
        way.round or ahead.id is null as round
      offset 0
    ) as next
    cross join lateral (
      select
        coalesce((
          select true from public.run_request as r
          where r.source_id = way.source_id and r.org_id = next.id and r.state in ('waiting', 'ready')
            and r.due_at <= moment
          order by r.due_at limit 1), false) as goes_on,
        coalesce((
          select true from public.run_queue as q
          where q.source_id = way.source_id and q.org_id = next.id and q.state in ('waiting', 'ready')
            and q.due_at <= moment
          order by q.priority desc, q.due_at limit 1), false)
          and case when way.cost > 0 then not etl_api.is_over_budget(next.id, way.cost) else true end as may_run
      offset 0
    ) as work
    where way.found < due_orgs.max_orgs
      and next.id is not null
      and (not next.round or due_orgs.behind is null or next.id <= due_orgs.behind)
  )
  select way.id, way.may_run, way.found
  from way
  where way.is_due
  order by way.found;
end
$$;

comment on function etl_api.due_orgs(uuid, uuid, int) is
  'The tenants that a source could serve now, at most max_orgs, in order from the one behind `behind` once round (null: from the first): those with HTTP requests that are due, and those with due runs (may_run) whose budget of the month allows one more.';

revoke execute on function etl_api.due_orgs(uuid, uuid, int) from public;
grant execute on function etl_api.due_orgs(uuid, uuid, int) to service_role;
-- end of source

-- source: sql/etl_api/runs/due_request_count.sql
create or replace function etl_api.due_request_count(source_id uuid, org_id uuid, may_run boolean, wanted int) returns int
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  batch int := (select s.max_objects_per_request from public.source as s where s.id = due_request_count.source_id);
  found int;
begin
  select pg_catalog.count(*) into found
  from (
    select 1
    from public.run_request as r
    where r.source_id = due_request_count.source_id
      and r.org_id = due_request_count.org_id
      and r.state in ('waiting', 'ready')
      and r.due_at <= moment
    order by r.due_at
    limit wanted
  ) as due;
  if found >= wanted or not may_run then
    return found;
  end if;

  -- As many rows as take_due_runs would look at.
  return found + least(wanted - found, (
    select coalesce(pg_catalog.sum((runs.count + batch - 1) / batch), 0)
    from (
      select pg_catalog.count(*) as count
      from (
        select q.activity_request_id
        from public.run_queue as q
        where q.source_id = due_request_count.source_id
          and q.org_id = due_request_count.org_id
          and q.state in ('waiting', 'ready')
          and q.due_at <= moment
        order by q.priority desc, q.due_at, q.activity_request_id
        limit etl_api.look_ahead(wanted - found, batch)
      ) as due
      group by due.activity_request_id
    ) as runs))::int;
end
$$;

comment on function etl_api.due_request_count(uuid, uuid, boolean, int) is
  'How many HTTP requests a tenant could send to a source now, at most wanted: those that are due, and (may_run) those that its due runs make.';

revoke execute on function etl_api.due_request_count(uuid, uuid, boolean, int) from public;
grant execute on function etl_api.due_request_count(uuid, uuid, boolean, int) to service_role;
-- end of source

-- source: sql/etl_api/runs/hold_budgets.sql
create or replace function etl_api.hold_budgets(org_ids uuid[], workflow_request_ids uuid[])
returns table (account uuid, amount_left numeric)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  this_month constant date := etl_api.budget_month();
  capped uuid[] := array(
    select o.id
    from public.org as o
    where o.id = any (org_ids)
      and etl_api.monthly_budget(o.settings) is not null);
begin
  -- Made and held in one order, so that no two wait for each other in a ring.
  if capped <> '{}' then
    insert into etl_api.budget_used (org_id, month)
    select o.id, this_month
    from unnest(capped) as o (id)
    order by o.id
    on conflict do nothing;
  end if;
  perform 1
  from etl_api.budget_used as u
  where (u.org_id = any (capped) and u.month = this_month)
    or u.workflow_request_id = any (workflow_request_ids)
  order by u.org_id, u.workflow_request_id
  for no key update;
  if not found then
    return;
  end if;

  -- A statement of its own: who waited above sees what the other has spent.
  return query
  select u.org_id, etl_api.monthly_budget(o.settings) - u.amount
  from etl_api.budget_used as u
  join public.org as o on o.id = u.org_id
  where u.org_id = any (capped)
    and u.month = this_month
  union all
  select u.workflow_request_id, u.cap - u.amount
  from etl_api.budget_used as u
  where u.workflow_request_id = any (workflow_request_ids);
end
$$;

comment on function etl_api.hold_budgets(uuid[], uuid[]) is
  'What these tenants may still spend in this month, and these workflow requests at all; no row where nothing caps it. account is the id of the org or the request. Holds their rows until the transaction ends.';

revoke execute on function etl_api.hold_budgets(uuid[], uuid[]) from public;
grant execute on function etl_api.hold_budgets(uuid[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/hold_turns.sql
create or replace function etl_api.hold_turns(source_ids uuid[], out served_last uuid[], out held uuid[])
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  held := array(
    select t.source_id
    from etl_api.source_turn as t
    where t.source_id = any (source_ids)
    order by t.source_id
    for no key update skip locked);

  -- Whose turn it is, another claim may be about to say. Nobody waits for that: this one begins anywhere, which is
  -- as fair over time, and not where the other begins.
  select
    pg_catalog.array_agg(
      case when t.source_id is null or t.source_id = any (held) then t.org_id else pg_catalog.gen_random_uuid() end
      order by s.i),
    pg_catalog.array_agg(s.id) filter (where t.source_id is null or t.source_id = any (held))
  into served_last, held
  from unnest(source_ids) with ordinality as s (id, i)
  left join etl_api.source_turn as t on t.source_id = s.id;
end
$$;

comment on function etl_api.hold_turns(uuid[]) is
  'served_last: the tenant that each of these sources served last, null when there was none. held: the sources whose turn the caller may pass on; their rows in source_turn, where there are any, are held.';

revoke execute on function etl_api.hold_turns(uuid[]) from public;
grant execute on function etl_api.hold_turns(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/is_over_budget.sql
create or replace function etl_api.is_over_budget(org_id uuid, cost numeric) returns boolean
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  return coalesce((
    select coalesce(u.amount, 0) + is_over_budget.cost > etl_api.monthly_budget(o.settings)
    from public.org as o
    left join etl_api.budget_used as u
      on u.org_id = o.id
      and u.month = etl_api.budget_month()
      and u.workflow_request_id is null
    where o.id = is_over_budget.org_id), false);
end
$$;

comment on function etl_api.is_over_budget(uuid, numeric) is
  'Whether one more HTTP request of this cost would exceed what the tenant may spend in this month.';

revoke execute on function etl_api.is_over_budget(uuid, numeric) from public;
grant execute on function etl_api.is_over_budget(uuid, numeric) to service_role;
-- end of source

-- source: sql/etl_api/runs/look_ahead.sql
create or replace function etl_api.look_ahead(requests int, batch int) returns int
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  -- Looking further than 2,000 rows ahead for a fuller request would lock rows that another claim could take.
  return least(requests::bigint * batch, greatest(requests, 2000))::int;
end
$$;

comment on function etl_api.look_ahead(int, int) is
  'How many runs are looked at to fill so many HTTP requests with batches of at most so many runs.';

revoke execute on function etl_api.look_ahead(int, int) from public;
grant execute on function etl_api.look_ahead(int, int) to service_role;
-- end of source

-- source: sql/etl_api/runs/missing_datapoints.sql
create or replace function etl_api.missing_datapoints(activity_request_ids uuid[], object_ids uuid[])
returns table (activity_request_id uuid, object_id uuid, datapoint_id uuid)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  guarded constant boolean := etl_api.has_factors(activity_request_ids, true);
  moment constant timestamptz := utils.now();
begin
  return query
  with guardrail as materialized (
    select f.*
    from etl_api.factors_of(array(select distinct i.id from unnest(activity_request_ids) as i (id)), true) as f
    where guarded
  )
  -- A value is as fresh as its own source says; the request's input, as the first source asked would say.
  -- offset 0 keeps look-ups by key from becoming joins, whatever the planner thinks of the size of a table.
  select i.id, i.object_id, wanted.datapoint_id
  from unnest(activity_request_ids, object_ids) as i (id, object_id)
  cross join lateral (
    select r.datapoint_ids, r.source_ids
    from public.activity_request as r
    where r.id = i.id
    offset 0
  ) as ar
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
      and (age.max_age is null or v.observed_at + age.max_age > moment)
      -- A value that the activity may not accept is as good as none.
      and not (guarded and exists (
        select 1
        from guardrail as g
        where g.activity_request_id = i.id
          and g.datapoint_id = wanted.datapoint_id
          and utils.factor_met(v.value, g.operator, g.kind, g.items, g.spans) is false))
    offset 0);
end
$$;

comment on function etl_api.missing_datapoints(uuid[], uuid[]) is
  'What enrichment still has to find: of each pair of activity request and object, the datapoints that have no value, none younger than max_age, or none that its guardrails accept.';

revoke execute on function etl_api.missing_datapoints(uuid[], uuid[]) from public;
grant execute on function etl_api.missing_datapoints(uuid[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/monthly_budget.sql
create or replace function etl_api.monthly_budget(settings jsonb) returns numeric
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case when pg_catalog.jsonb_typeof(settings -> 'monthly_budget') = 'number'
    then (settings ->> 'monthly_budget')::numeric end;
end
$$;

comment on function etl_api.monthly_budget(jsonb) is
  'What a tenant with these settings may spend in a month; null: not limited.';

revoke execute on function etl_api.monthly_budget(jsonb) from public;
grant execute on function etl_api.monthly_budget(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/runs/pass_turns.sql
create or replace function etl_api.pass_turns(held uuid[], sources uuid[], orgs uuid[], turns int[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  -- The last to get a turn is the last of those that got most. A source that serves one tenant needs no turns.
  insert into etl_api.source_turn as t (source_id, org_id)
  select last.source_id, last.org_id
  from (
    select distinct on (d.source_id) d.source_id, d.org_id,
      pg_catalog.count(*) over (partition by d.source_id) as orgs
    from unnest(sources, orgs, turns) with ordinality as d (source_id, org_id, turns, i)
    where d.source_id = any (held)
    order by d.source_id, d.turns desc, d.i desc
  ) as last
  where last.orgs > 1
  order by last.source_id
  on conflict (source_id) do update
  set org_id = excluded.org_id
  where t.org_id <> excluded.org_id;
end
$$;

comment on function etl_api.pass_turns(uuid[], uuid[], uuid[], int[]) is
  'Notes for the sources held whom each served last: sources[i] gave orgs[i] turns[i] HTTP requests, in the order in which they were served.';

revoke execute on function etl_api.pass_turns(uuid[], uuid[], uuid[], int[]) from public;
grant execute on function etl_api.pass_turns(uuid[], uuid[], uuid[], int[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/refuse_run.sql
create or replace function etl_api.refuse_run(run_id uuid, fault_state text, fault_message text) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- A claim holds no workflow lock: the note has the activity looked at by the next one.
  with ended as (
    update public.run_queue as q
    set state = 'failed',
        state_via = case when q.state = 'waiting' then '{ready,in_progress}' else '{in_progress}' end::public.run_queue_state[],
        state_substate = 'internal_error',
        error = pg_catalog.jsonb_build_object(
          'code', 'internal_error',
          'message', pg_catalog.format('The engine could not make a request of it: %s (%s).', fault_message, fault_state)),
        finished_at = utils.now()
    where q.id = run_id
      and q.state in ('waiting', 'ready')
    returning q.activity_request_id, q.org_id
  )
  insert into etl_api.advance_queue (activity_request_id, org_id, created_at)
  select ended.activity_request_id, ended.org_id, utils.now()
  from ended;
  perform etl_api.logger('error', 'runs', 'A run could not be sent.',
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message), null, 'run_queue', run_id);
  -- Its turn is free for others.
  perform etl_api.ring('execute-runs');
exception when others then
  if etl_api.fault_passes(sqlstate) then
    raise;
  end if;
  perform etl_api.logger_stuck('runs', 'A run could be neither sent nor ended.', 'run_queue', run_id,
    fault_state, fault_message);
end
$$;

comment on function etl_api.refuse_run(uuid, text, text) is
  'Ends a run that made the engine raise when its request was made, as failed (internal_error). One that cannot be ended either stays as it is, in the log. The caller holds its row.';

revoke execute on function etl_api.refuse_run(uuid, text, text) from public;
grant execute on function etl_api.refuse_run(uuid, text, text) to service_role;
-- end of source

-- source: sql/etl_api/runs/send_runs.sql
create or replace function etl_api.send_runs(
  worker text, run_ids uuid[], run_items int[], source_ids uuid[], org_ids uuid[], workflow_request_ids uuid[],
  activity_request_ids uuid[], costs numeric[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  lease constant interval := etl_api.time_limit(null, 'lease_seconds');
  requests jsonb[];
  missing jsonb[];
  request_ids uuid[];
  verdicts text[];
  fates text[];
begin
  select pg_catalog.array_agg(r.request order by r.item), pg_catalog.array_agg(pg_catalog.to_jsonb(r.missing) order by r.item),
    pg_catalog.array_agg(utils.new_id() order by r.item)
  into requests, missing, request_ids
  from etl_api.render_requests(
    pg_catalog.array_fill('run'::text, array[pg_catalog.cardinality(source_ids)]), source_ids, activity_request_ids,
    pg_catalog.array_fill(null::text, array[pg_catalog.cardinality(source_ids)]),
    pg_catalog.array_fill(null::jsonb, array[pg_catalog.cardinality(source_ids)]),
    pg_catalog.array_fill(1, array[pg_catalog.cardinality(source_ids)]),
    run_items, run_ids) as r;

  -- Only what can be sent is paid for.
  if 0 < any (costs) then
    verdicts := etl_api.spend_budgets(org_ids, workflow_request_ids, array(
      select case when t.request is not null then t.cost end
      from unnest(costs, requests) with ordinality as t (cost, request, item)
      order by t.item));
  end if;
  fates := array(
    select case
      when t.request is null then 'missing_value'
      when t.verdict = 'workflow' then 'budget_exceeded'
      when t.verdict = 'month' then 'budget'
      else 'sent'
    end
    from unnest(requests, verdicts) with ordinality as t (request, verdict, item)
    order by t.item);

  insert into public.run_request
    (id, org_id, workflow_request_id, activity_request_id, source_id, kind, root_id, attempts, cost,
     state, state_via, due_at, lease_until, lease_token, worker, created_at, claimed_at)
  select t.id, t.org_id, t.workflow_request_id, t.activity_request_id, t.source_id, 'run', t.id, 1, t.cost,
    'in_progress', '{new,valid,ready}', moment, moment + lease + pg_catalog.make_interval(secs => s.timeout_seconds),
    pg_catalog.gen_random_uuid(), send_runs.worker, moment, moment
  from unnest(request_ids, org_ids, workflow_request_ids, activity_request_ids, source_ids, costs, fates)
    as t (id, org_id, workflow_request_id, activity_request_id, source_id, cost, fate)
  cross join lateral (select asked.timeout_seconds from public.source as asked where asked.id = t.source_id limit 1) as s
  where t.fate = 'sent';

  insert into public.run_request_payload (run_request_id, org_id, request)
  select t.id, t.org_id, t.request
  from unnest(request_ids, org_ids, requests, fates) as t (id, org_id, request, fate)
  where t.fate = 'sent';

  perform etl_api.settle_allocation(
    run_ids, run_items, org_ids, activity_request_ids, request_ids, fates, missing);
  return array(
    select t.id
    from unnest(request_ids, fates) as t (id, fate)
    where t.fate = 'sent');
end
$$;

comment on function etl_api.send_runs(text, uuid[], int[], uuid[], uuid[], uuid[], uuid[], numeric[]) is
  'Makes HTTP requests, already claimed by the worker, of runs: run_ids[i] goes with entry run_items[i] of the lists behind, which have one per request. Returns the ids of the requests. What cannot be sent is not: a run whose template cannot be filled becomes invalid / missing_value, one that its workflow''s budget does not allow invalid / budget_exceeded, one that the month''s does not allow keeps waiting, waiting / budget. The caller holds the rows of the runs.';

revoke execute on function etl_api.send_runs(text, uuid[], int[], uuid[], uuid[], uuid[], uuid[], numeric[]) from public;
grant execute on function etl_api.send_runs(text, uuid[], int[], uuid[], uuid[], uuid[], uuid[], numeric[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/send_runs_again.sql
create or replace function etl_api.send_runs_again(worker text, run_ids uuid[], run_items int[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  taken record;
begin
  select pg_catalog.array_agg(t.item order by t.place) as run_items,
    pg_catalog.array_agg(q.source_id order by t.place) filter (where t.is_first) as sources,
    pg_catalog.array_agg(q.org_id order by t.place) filter (where t.is_first) as orgs,
    pg_catalog.array_agg(q.workflow_request_id order by t.place) filter (where t.is_first) as workflows,
    pg_catalog.array_agg(q.activity_request_id order by t.place) filter (where t.is_first) as activities,
    pg_catalog.array_agg(s.cost_per_run order by t.place) filter (where t.is_first) as costs
  into taken
  from (
    -- The items that are left, numbered from 1 again.
    select r.id, r.place, pg_catalog.dense_rank() over (order by r.item)::int as item,
      pg_catalog.row_number() over (partition by r.item order by r.place) = 1 as is_first
    from unnest(run_ids, run_items) with ordinality as r (id, item, place)
  ) as t
  join public.run_queue as q on q.id = t.id
  join public.source as s on s.id = q.source_id;
  return etl_api.send_runs(
    worker, run_ids, taken.run_items, taken.sources, taken.orgs, taken.workflows, taken.activities, taken.costs);
end
$$;

comment on function etl_api.send_runs_again(text, uuid[], int[]) is
  'send_runs for a part of what take_due_runs took: run_items tells, ascending, which runs go in one request. The caller holds the rows of the runs.';

revoke execute on function etl_api.send_runs_again(text, uuid[], int[]) from public;
grant execute on function etl_api.send_runs_again(text, uuid[], int[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/send_runs_apart.sql
create or replace function etl_api.send_runs_apart(worker text, run_ids uuid[], run_items int[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  -- Runs of one request stay together.
  half constant int := pg_catalog.array_position(run_items, run_items[1 + pg_catalog.cardinality(run_items) / 2]) - 1;
  cut constant int := case when half > 0 then half
    else (select pg_catalog.count(*) from unnest(run_items) as r (item) where r.item = run_items[1]) end;
  most constant int := 100;
  fault_state text;
  bad_ids uuid[];
begin
  begin
    return etl_api.send_runs_again(worker, run_ids, run_items);
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;
  if cut < pg_catalog.cardinality(run_items) then
    return etl_api.send_runs_apart(worker, run_ids[1 : cut], run_items[1 : cut])
      || etl_api.send_runs_apart(worker, run_ids[cut + 1 :], run_items[cut + 1 :]);
  end if;

  select pg_catalog.array_agg(bad.run_id) into bad_ids
  from etl_api.sift_runs(worker, run_ids, most) as bad
  cross join lateral etl_api.refuse_run(bad.run_id, bad.fault_state, bad.fault_message);
  -- The others are one request as before. When there may be more bad ones among them, a later claim looks for them.
  if bad_ids is null or pg_catalog.cardinality(bad_ids) >= least(most, pg_catalog.cardinality(run_ids)) then
    return '{}'::uuid[];
  end if;
  run_ids := array(
    select r.id
    from unnest(run_ids) with ordinality as r (id, place)
    where r.id <> all (bad_ids)
    order by r.place);
  return etl_api.send_runs_apart(worker, run_ids, pg_catalog.array_fill(1, array[pg_catalog.cardinality(run_ids)]));
end
$$;

comment on function etl_api.send_runs_apart(text, uuid[], int[]) is
  'Sends runs (send_runs_again); when that fails, halves the requests until the one that raises stands alone, finds the runs in it that make it raise (sift_runs), ends these (refuse_run) and sends the others. Returns the ids of the requests. The caller holds the rows of the runs.';

revoke execute on function etl_api.send_runs_apart(text, uuid[], int[]) from public;
grant execute on function etl_api.send_runs_apart(text, uuid[], int[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/settle_allocation.sql
create or replace function etl_api.settle_allocation(
  run_ids uuid[], run_items int[], org_ids uuid[], activity_request_ids uuid[], request_ids uuid[], fates text[],
  missing jsonb[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  -- For those whose activity says nothing of its own.
  usual_limit constant interval := etl_api.time_limit(null, 'run_timeout_seconds');
begin
  -- A run that keeps waiting is written once, when it begins to wait for the budget. A limit of about the rows there
  -- are, and offset 0, keep look-ups by key from becoming joins over the table.
  update public.run_queue as q
  set state = case t.fate when 'sent' then 'in_progress' when 'budget' then q.state::text else 'invalid' end::public.run_queue_state,
      state_via = case
        when t.fate = 'sent' and q.state = 'waiting' then '{ready}'
        when t.fate in ('missing_value', 'budget_exceeded') and q.state = 'ready' then '{in_progress,waiting}'
      end::public.run_queue_state[],
      state_substate = nullif(t.fate, 'sent'),
      error = case t.fate
        when 'missing_value' then etl_api.missing_error(missing[t.item], 'run', q.source_id)
        when 'budget_exceeded' then etl_api.budget_error(q.workflow_request_id, q.source_id)
      end,
      run_request_id = case when t.fate = 'sent' then request_ids[t.item] end,
      timeout_at = case when t.fate = 'budget' then q.timeout_at else moment + t.time_limit end,
      finished_at = case when t.fate in ('missing_value', 'budget_exceeded') then moment end
  from (
    select r.id, r.item, fates[r.item] as fate,
      case when ar.config ? 'run_timeout_seconds' then etl_api.time_limit(ar.config, 'run_timeout_seconds')
        else usual_limit end as time_limit
    from (
      select r.id, r.item
      from unnest(run_ids, run_items) as r (id, item)
      limit pg_catalog.cardinality(run_ids)
    ) as r
    cross join lateral (
      select asking.config
      from public.activity_request as asking
      where asking.id = activity_request_ids[r.item]
      offset 0
    ) as ar
  ) as t
  where q.id = t.id
    and (t.fate <> 'budget' or q.state_substate is distinct from 'budget');

  perform etl_api.add_org_counts(pg_catalog.array_agg(sent.org_id), runs => pg_catalog.array_agg(sent.count))
  from (
    select org_ids[r.item] as org_id, pg_catalog.count(*)
    from unnest(run_items) as r (item)
    where fates[r.item] = 'sent'
    group by org_ids[r.item]
  ) as sent
  having pg_catalog.count(*) > 0;

  insert into etl_api.advance_queue (activity_request_id, org_id, created_at)
  select distinct t.activity_request_id, t.org_id, moment
  from unnest(activity_request_ids, org_ids, fates) as t (activity_request_id, org_id, fate)
  where t.fate in ('missing_value', 'budget_exceeded');
  -- The turns of what was not sent are free for others.
  if fates && '{missing_value,budget_exceeded,budget}' then
    perform etl_api.ring('execute-runs');
  end if;
end
$$;

comment on function etl_api.settle_allocation(uuid[], int[], uuid[], uuid[], uuid[], text[], jsonb[]) is
  'Moves runs on as allocate_source_runs has decided: run_ids[i] goes with entry run_items[i] of the other lists, whose fate is sent, missing_value, budget_exceeded or budget.';

revoke execute on function etl_api.settle_allocation(uuid[], int[], uuid[], uuid[], uuid[], text[], jsonb[]) from public;
grant execute on function etl_api.settle_allocation(uuid[], int[], uuid[], uuid[], uuid[], text[], jsonb[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/sift_runs.sql
create or replace function etl_api.sift_runs(worker text, run_ids uuid[], most int)
returns table (run_id uuid, fault_state text, fault_message text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_variable
declare
  half constant int := pg_catalog.cardinality(run_ids) / 2;
  found_count int;
begin
  begin
    perform etl_api.send_runs_again(worker, run_ids, pg_catalog.array_fill(1, array[pg_catalog.cardinality(run_ids)]));
    -- It was only tried: what it wrote is to go.
    raise exception using errcode = 'ETL00', message = 'nothing is wrong with these runs';
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
    if fault_state = 'ETL00' then
      return;
    elsif etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;

  if half > 0 then
    return query
    select *
    from etl_api.sift_runs(worker, run_ids[1 : half], most);
    get diagnostics found_count = row_count;
    if found_count < most then
      return query
      select *
      from etl_api.sift_runs(worker, run_ids[half + 1 :], most - found_count);
      if not found and found_count = 0 then
        -- They raise only together: then it is all of them.
        return query
        select r.id, fault_state, fault_message
        from unnest(run_ids) as r (id);
      end if;
    end if;
    return;
  end if;
  return query values (run_ids[1], fault_state, fault_message);
end
$$;

comment on function etl_api.sift_runs(text, uuid[], int) is
  'Which runs of one HTTP request make the engine raise when it is made, found by trying halves without keeping what they write; about most, then it looks no further. The caller holds the rows of the runs.';

revoke execute on function etl_api.sift_runs(text, uuid[], int) from public;
grant execute on function etl_api.sift_runs(text, uuid[], int) to service_role;
-- end of source

-- source: sql/etl_api/runs/spend_budgets.sql
create or replace function etl_api.spend_budgets(
  org_ids uuid[], workflow_request_ids uuid[], costs numeric[], reserve boolean default false)
returns text[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  this_month constant date := etl_api.budget_month();
  accounts uuid[];
  amounts numeric[];
  spent numeric[];
  org int;
  workflow int;
  verdicts text[] := pg_catalog.array_fill(null::text, array[pg_catalog.cardinality(costs)]);
begin
  select pg_catalog.array_agg(h.account), pg_catalog.array_agg(h.amount_left), pg_catalog.array_agg(0::numeric)
  into accounts, amounts, spent
  from etl_api.hold_budgets(org_ids, workflow_request_ids) as h;
  if accounts is null then
    return verdicts;
  end if;

  -- A loop, because whether one can be paid depends on those before.
  for i in 1..pg_catalog.cardinality(costs) loop
    continue when not costs[i] > 0;
    org := pg_catalog.array_position(accounts, org_ids[i]);
    workflow := pg_catalog.array_position(accounts, workflow_request_ids[i]);
    verdicts[i] := case
      when spent[workflow] + costs[i] > amounts[workflow] then 'workflow'
      when spent[org] + costs[i] > amounts[org] then 'month'
    end;
    if workflow is not null and (verdicts[i] is null or verdicts[i] = 'month' and reserve) then
      spent[workflow] := spent[workflow] + costs[i];
    end if;
    if org is not null and verdicts[i] is null then
      spent[org] := spent[org] + costs[i];
    end if;
  end loop;

  update etl_api.budget_used as u
  set amount = u.amount + s.spent
  from unnest(accounts, spent) as s (account, spent)
  where s.spent > 0
    and ((u.org_id = s.account and u.month = this_month) or u.workflow_request_id = s.account);
  return verdicts;
end
$$;

comment on function etl_api.spend_budgets(uuid[], uuid[], numeric[], boolean) is
  'Pays HTTP requests from the budgets of their tenants and workflow requests, in order. One verdict each: null (paid, or nothing caps it), workflow or month (that budget does not allow it: nothing was paid; with reserve, what the month does not allow yet is paid from the workflow''s budget).';

revoke execute on function etl_api.spend_budgets(uuid[], uuid[], numeric[], boolean) from public;
grant execute on function etl_api.spend_budgets(uuid[], uuid[], numeric[], boolean) to service_role;
-- end of source

-- source: sql/etl_api/runs/take_due_runs.sql
create or replace function etl_api.take_due_runs(source_ids uuid[], org_ids uuid[], turns int[])
returns table (
  run_id uuid, item int, place int, source_id uuid, org_id uuid, workflow_request_id uuid, activity_request_id uuid,
  cost numeric)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
begin
  return query
  -- In the order of the index, where the runs of one activity lie side by side and fill one request.
  with due as (
    select q.id, q.source_id, q.org_id, q.workflow_request_id, q.activity_request_id, q.priority, q.due_at, c.turns, c.i,
      c.cost_per_run,
      (pg_catalog.row_number() over (
        partition by c.i, q.activity_request_id
        order by q.priority desc, q.due_at, q.id) - 1) / c.max_objects_per_request as chunk
    from (
      select t.source_id, t.org_id, t.turns, t.i, s.max_objects_per_request, s.cost_per_run
      from unnest(source_ids, org_ids, turns) with ordinality as t (source_id, org_id, turns, i)
      join public.source as s on s.id = t.source_id
      where t.turns > 0
    ) as c
    cross join lateral (
      select q.id, q.source_id, q.org_id, q.workflow_request_id, q.activity_request_id, q.priority, q.due_at
      from public.run_queue as q
      where q.source_id = c.source_id
        and q.org_id = c.org_id
        and q.state in ('waiting', 'ready')
        and q.due_at <= moment
      order by q.priority desc, q.due_at, q.activity_request_id
      limit etl_api.look_ahead(c.turns, c.max_objects_per_request)
      for update skip locked
    ) as q
  ),
  placed as (
    select f.*,
      pg_catalog.dense_rank() over (
        partition by f.i
        order by f.first_priority desc, f.first_due_at, f.activity_request_id, f.chunk) as place
    from (
      select due.*,
        pg_catalog.max(due.priority) over (partition by due.i, due.activity_request_id) as first_priority,
        pg_catalog.min(due.due_at) over (partition by due.i, due.activity_request_id) as first_due_at
      from due
    ) as f
  )
  select p.id, p.item, pg_catalog.row_number() over (partition by p.item order by p.due_at, p.id)::int,
    p.source_id, p.org_id, p.workflow_request_id, p.activity_request_id, p.cost_per_run
  from (
    select placed.*, pg_catalog.dense_rank() over (order by placed.place, placed.i)::int as item
    from placed
    where placed.place <= placed.turns
  ) as p
  order by p.item, p.due_at, p.id;
end
$$;

comment on function etl_api.take_due_runs(uuid[], uuid[], int[]) is
  'Locks runs that are due and groups them into HTTP requests: at most turns[i] to source_ids[i] for org_ids[i], of higher priority first, then the longest due. item numbers the requests from 1, place the runs in each: runs of one activity, at most max_objects_per_request. In that order.';

revoke execute on function etl_api.take_due_runs(uuid[], uuid[], int[]) from public;
grant execute on function etl_api.take_due_runs(uuid[], uuid[], int[]) to service_role;
-- end of source

-- source: sql/etl_api/runs/trigger_budget_changed.sql
-- By row and by column, since the counters of the same row are written all the time and are none of its business.

drop trigger if exists budget_changed on public.org;
create trigger budget_changed
  after update of settings on public.org
  for each row
  when (old.settings -> 'monthly_budget' is distinct from new.settings -> 'monthly_budget')
  execute function etl_api.budget_changed();
comment on trigger budget_changed on public.org is
  'A new budget holds at once, for the whole month.';
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

-- source: sql/etl_api/schedules/check_schedules.sql
create or replace function etl_api.check_schedules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  changed_ids uuid[];
  timed_ids uuid[];
  fault record;
begin
  if tg_op = 'INSERT' then
    changed_ids := array(select n.id from new_rows as n);
    timed_ids := changed_ids;
  else
    -- Not what the engine itself writes, such as next_at. Other data is no other time.
    select
      coalesce(pg_catalog.array_agg(n.id), '{}'),
      pg_catalog.array_agg(n.id) filter (where (n.cron, n.time_zone, n.enabled) is distinct from (o.cron, o.time_zone, o.enabled))
    into changed_ids, timed_ids
    from new_rows as n
    left join old_rows as o on o.id = n.id
    where (n.cron, n.time_zone, n.enabled, n.data) is distinct from (o.cron, o.time_zone, o.enabled, o.data);
  end if;
  if changed_ids = '{}' then
    return null;
  end if;

  select n.id, f.fault into fault
  from new_rows as n
  cross join lateral etl_api.schedule_error(n.cron, n.time_zone, n.data) as f (fault)
  where n.id = any (changed_ids)
    and f.fault is not null
  limit 1;
  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('workflow_schedule %s: %s', fault.id, fault.fault),
      hint = 'Correct this field; nothing of the statement was written.';
  end if;

  update public.workflow_schedule as s
  set next_at = case when s.enabled then utils.cron_next(s.cron, utils.now(), s.time_zone) end
  where s.id = any (timed_ids);
  return null;
end
$$;

comment on function etl_api.check_schedules() is
  'Refuses schedules that could not be kept (ETL07 with the field and a sentence), and sets when those written make their next request: from now on, none while disabled.';

revoke execute on function etl_api.check_schedules() from public;

drop trigger if exists check_schedules_insert on public.workflow_schedule;
create trigger check_schedules_insert
  after insert on public.workflow_schedule
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_schedules();
comment on trigger check_schedules_insert on public.workflow_schedule is
  'A schedule is valid before the clock meets it.';

drop trigger if exists check_schedules_update on public.workflow_schedule;
create trigger check_schedules_update
  after update on public.workflow_schedule
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.check_schedules();
comment on trigger check_schedules_update on public.workflow_schedule is
  'A schedule is valid before the clock meets it.';
-- end of source

-- source: sql/etl_api/schedules/make_scheduled_requests.sql
create or replace function etl_api.make_scheduled_requests(schedule_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  made int;
begin
  with due as materialized (
    select s.id, s.org_id, s.data, s.priority, t.last_at, t.next_at
    from public.workflow_schedule as s
    cross join lateral etl_api.schedule_times(s.cron, s.time_zone, s.next_at) as t
    where s.id = any (schedule_ids)
  ), requested as (
    insert into public.workflow_request (org_id, data, priority, schedule_id, idempotency_key)
    select d.org_id, d.data, d.priority, d.id, pg_catalog.format('schedule:%s:%s', d.id, utils.iso_time(d.last_at))
    from due as d
    where d.last_at is not null
    returning id, schedule_id
  )
  update public.workflow_schedule as s
  set last_at = coalesce(d.last_at, s.last_at),
      next_at = d.next_at,
      last_request_id = coalesce(r.id, s.last_request_id)
  from due as d
  left join requested as r on r.schedule_id = d.id
  where s.id = d.id;
  get diagnostics made = row_count;

  perform etl_api.logger('error', 'schedules', 'The next time of this schedule cannot be told. Write its cron or time_zone again.',
    pg_catalog.jsonb_build_object('schedule_id', s.id, 'cron', s.cron, 'time_zone', s.time_zone), s.org_id)
  from public.workflow_schedule as s
  where s.id = any (schedule_ids)
    and s.next_at is null;
  return made;
end
$$;

comment on function etl_api.make_scheduled_requests(uuid[]) is
  'Makes the workflow requests of schedules that are due and sets their next times; see run_schedules. Returns how many. The caller holds their rows.';

revoke execute on function etl_api.make_scheduled_requests(uuid[]) from public;
grant execute on function etl_api.make_scheduled_requests(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/schedules/run_schedules.sql
create or replace function etl_api.run_schedules(max_rows int default 1000) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  ids uuid[];
begin
  -- What another clock holds is being seen to by it. The key makes it one request per time whatever happens.
  select pg_catalog.array_agg(due.id) into ids
  from (
    select s.id
    from public.workflow_schedule as s
    where s.enabled
      and s.next_at <= moment
      and exists (
        select 1
        from public.org as o
        where o.id = s.org_id
          and o.deleted_at is null)
    order by s.next_at
    limit max_rows
    for no key update skip locked
  ) as due;
  if ids is null then
    return 0;
  end if;

  return etl_api.run_schedules_apart(ids);
end
$$;

comment on function etl_api.run_schedules(int) is
  'Makes the workflow requests of schedules whose time has come, one for each: of times that passed while nobody looked only the latest. One that raises an exception costs only itself. recover() calls it. Returns how many.';

revoke execute on function etl_api.run_schedules(int) from public;
grant execute on function etl_api.run_schedules(int) to service_role;
-- end of source

-- source: sql/etl_api/schedules/run_schedules_apart.sql
create or replace function etl_api.run_schedules_apart(schedule_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  half constant int := pg_catalog.cardinality(schedule_ids) / 2;
  fault_state text;
  fault_message text;
begin
  return etl_api.make_scheduled_requests(schedule_ids);
exception when others then
  get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
  if etl_api.fault_passes(fault_state) then
    raise;
  end if;
  if half > 0 then
    return etl_api.run_schedules_apart(schedule_ids[1 : half]) + etl_api.run_schedules_apart(schedule_ids[half + 1 :]);
  end if;
  perform etl_api.skip_schedule(schedule_ids[1], fault_state, fault_message);
  return 0;
end
$$;

comment on function etl_api.run_schedules_apart(uuid[]) is
  'Makes the requests of schedules that are due (make_scheduled_requests); when that fails, halves them until the one that raises stands alone, and has it wait for its next time. Returns how many it made. The caller holds their rows.';

revoke execute on function etl_api.run_schedules_apart(uuid[]) from public;
grant execute on function etl_api.run_schedules_apart(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/schedules/schedule_error.sql
create or replace function etl_api.schedule_error(cron text, time_zone text, data jsonb) returns text
language sql stable
set search_path = ''
as $$
  -- In this order, so that the time zone is known to be one before anything is reckoned in it. A name that is not in
  -- the list would often be taken all the same, as "this far from UTC" in the sense opposite to the usual.
  select case
    when utils.cron_error(cron) is not null then 'cron: ' || utils.cron_error(cron)
    when not exists (
      select 1
      from pg_catalog.pg_timezone_names as z
      where pg_catalog.lower(z.name) = pg_catalog.lower(time_zone))
      then pg_catalog.format('time_zone: there is no time zone %s', pg_catalog.to_json(pg_catalog.left(time_zone, 80)))
    when pg_catalog.jsonb_typeof(data) <> 'object'
      then pg_catalog.format('data: the data of a request is an object, but this is %s', etl_api.describe_json(data))
  end
$$;

comment on function etl_api.schedule_error(text, text, jsonb) is
  'What is wrong with a schedule: the field and a sentence; null when nothing is. What its data asks for is judged when a request is made of it.';

revoke execute on function etl_api.schedule_error(text, text, jsonb) from public;
grant execute on function etl_api.schedule_error(text, text, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/schedules/schedule_times.sql
create or replace function etl_api.schedule_times(
  cron text, time_zone text, due_at timestamptz, out last_at timestamptz, out next_at timestamptz)
language plpgsql stable
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
begin
  next_at := utils.cron_next(cron, due_at, time_zone);
  last_at := due_at;
  if next_at <= moment then
    last_at := utils.cron_last(cron, next_at, moment, time_zone);
    next_at := utils.cron_next(cron, last_at, time_zone);
  end if;
exception when others then
  -- A time zone can go with an update of the server's tables. Only this schedule stands still, and the caller says so.
  last_at := null;
  next_at := null;
end
$$;

comment on function etl_api.schedule_times(text, text, timestamptz) is
  'Of a schedule that is due: the latest time that has come (earlier ones that nobody looked at are left out), and the next one. Both null when they cannot be told.';

revoke execute on function etl_api.schedule_times(text, text, timestamptz) from public;
grant execute on function etl_api.schedule_times(text, text, timestamptz) to service_role;
-- end of source

-- source: sql/etl_api/schedules/skip_schedule.sql
create or replace function etl_api.skip_schedule(schedule_id uuid, fault_state text, fault_message text) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.workflow_schedule as s
  set next_at = t.next_at
  from public.workflow_schedule as due
  cross join lateral etl_api.schedule_times(due.cron, due.time_zone, due.next_at) as t
  where due.id = schedule_id
    and s.id = due.id;
  perform etl_api.logger('error', 'schedules', 'A schedule could not make its request: ' || fault_message,
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'schedule_id', s.id, 'next_at', s.next_at), s.org_id)
  from public.workflow_schedule as s
  where s.id = schedule_id;
exception when others then
  if etl_api.fault_passes(sqlstate) then
    raise;
  end if;
  perform etl_api.logger_stuck('schedules', 'A schedule could neither make its request nor be set to its next time.', null,
    schedule_id, fault_state, fault_message);
end
$$;

comment on function etl_api.skip_schedule(uuid, text, text) is
  'Has a schedule that made the engine raise wait for its next time, and tells the log. The caller holds its row.';

revoke execute on function etl_api.skip_schedule(uuid, text, text) from public;
grant execute on function etl_api.skip_schedule(uuid, text, text) to service_role;
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
      when w.state in ('new', 'valid', 'ready') or w.state = 'waiting' and w.not_before is null
        then 'it was never taken in or started'
      when w.state = 'in_progress' and a.open = 0 then 'it is in progress, but all its activities have ended'
      when w.state not in ('new', 'valid', 'waiting', 'ready', 'in_progress') and a.open > 0
        then 'it has ended, but activities of it are open'
      when w.state = 'delivered' and exists (
        select 1 from etl_api.current_deliveries(array[w.id]) as d where d.state <> 'delivered')
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
        select 1
        from etl_api.current_deliveries(array[a.workflow_request_id]) as d
        where d.activity_request_id = a.id
          and d.state <> 'delivered')
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
set jit = off
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
when check_violation then
  -- While it waited, somebody wrote the first step of such a month: that month stays in the default partition.
  return 0;
end
$$;

comment on function etl_api.ensure_partitions(int) is
  'Makes the monthly partitions of state_history for this month and some ahead, those that are missing. Returns how many. Of two that run at once, one does the work. Call it in a transaction of its own: until that ends, history cannot be written.';

revoke execute on function etl_api.ensure_partitions(int) from public;
grant execute on function etl_api.ensure_partitions(int) to service_role;
-- end of source

-- source: sql/etl_api/state/fault_passes.sql
create or replace function etl_api.fault_passes(fault_state text) returns boolean
language sql immutable parallel safe
set search_path = ''
as $$
  -- Deadlocks and other rollbacks (40), no lock (55P03), read-only (25), out of disk, memory, locks (53), shutdown (57),
  -- an I/O error (58).
  select fault_state ~ '^(40|25|53|57|58)' or fault_state = '55P03'
$$;

comment on function etl_api.fault_passes(text) is
  'Whether an SQLSTATE speaks of the moment and not of the rows: the whole statement is to be tried again, and nobody is to be blamed.';

revoke execute on function etl_api.fault_passes(text) from public;
grant execute on function etl_api.fault_passes(text) to service_role;
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
  from etl_api.find_visible(id) as f;

  if not etl_api.may_request(org_id) then
    raise exception using
      errcode = 'ETL06',
      message = pg_catalog.format('your role in org %s only reads', org_id),
      hint = 'An owner, admin or member of the org can do this.';
  end if;
end
$$;

comment on function etl_api.find_own(uuid) is
  'What an id names, if the caller may change it: the first statement of retry, cancel and redeliver. ETL04: nothing, or a row of an org the caller does not belong to; ETL06: the caller only reads there.';

revoke execute on function etl_api.find_own(uuid) from public;
-- end of source

-- source: sql/etl_api/state/find_visible.sql
create or replace function etl_api.find_visible(
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
    from public.workflow_request as w where w.id = find_visible.id and w.replay = 0
    union all
    select 'activity_request', a.org_id, a.workflow_request_id, a.id
    from public.activity_request as a where a.id = find_visible.id
    union all
    select 'run_queue', q.org_id, q.workflow_request_id, q.activity_request_id
    from public.run_queue as q where q.id = find_visible.id
    union all
    select 'run_request', r.org_id, r.workflow_request_id, r.activity_request_id
    from public.run_request as r where r.id = find_visible.id
    union all
    select 'delivery', d.org_id, d.workflow_request_id, d.activity_request_id
    from public.delivery as d where d.id = find_visible.id
  ) as f
  where etl_api.may_request(f.org_id)
    or f.org_id in (select etl_api.my_orgs());

  -- Another org's row and no row at all look the same from outside.
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no such request: %s', coalesce(id::text, 'null')),
      hint = 'Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.';
  end if;
end
$$;

comment on function etl_api.find_visible(uuid) is
  'What an id names, if the caller may see it: the first statement of explain, and by find_own of what changes requests. ETL04: nothing, or a row of an org the caller does not belong to.';

revoke execute on function etl_api.find_visible(uuid) from public;
-- end of source

-- source: sql/etl_api/state/guard_broadcasts.sql
create or replace function etl_api.guard_broadcasts(entity etl_api.entity_kind, changes etl_api.state_change[], at timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Not known to the planner: schema realtime is Supabase's and may not be there. An object, since send() adds an id.
  execute $sql$
    select realtime.send(pg_catalog.jsonb_build_object('changes', sent.changes), 'state', 'org:' || sent.org_id, true)
    from (
      select c.org_id, pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'entity', $1, 'id', c.id, 'org_id', c.org_id, 'workflow_request_id', coalesce(c.workflow_request_id, c.id),
        'state', c.state, 'substate', c.substate, 'at', $3) order by c.place) as changes
      from pg_catalog.unnest($2) with ordinality as c (id, org_id, workflow_request_id, state, substate, place)
      group by c.org_id, (c.place - 1) / 500
      order by pg_catalog.min(c.place)
    ) as sent
  $sql$ using entity, changes, at;
end
$$;

comment on function etl_api.guard_broadcasts(etl_api.entity_kind, etl_api.state_change[], timestamptz) is
  'Broadcasts steps of workflow or activity requests by Supabase Realtime: private topic org:<org_id>, event state, {"changes": […]} with at most 500 steps.';

revoke execute on function etl_api.guard_broadcasts(etl_api.entity_kind, etl_api.state_change[], timestamptz) from public;
-- end of source

-- source: sql/etl_api/state/guard_deletes.sql
create or replace function etl_api.guard_deletes() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- "absent" as in guard_transitions.
  insert into etl_api.state_history (entity, entity_id, org_id, from_state, from_substate, to_state, reason, at)
  select tg_table_name::text::etl_api.entity_kind, o.id, o.org_id, o.state, o.substate, 'deleted',
    nullif(pg_catalog.current_setting('etl.reason', true), ''), utils.now()
  from (select 0 as replay) as absent
  cross join lateral (
    select id, org_id, replay, state::text as state, state_substate as substate
    from old_rows) as o
  where o.replay = 0;
  return null;
end
$$;

comment on function etl_api.guard_deletes() is
  'Writes to state_history that rows with a state were deleted: a last step to "deleted".';

revoke execute on function etl_api.guard_deletes() from public;
-- end of source

-- source: sql/etl_api/state/guard_inserts.sql
create or replace function etl_api.guard_inserts() returns trigger
language plpgsql
security definer
set search_path = ''
set jit = off
-- As in guard_transitions.
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
set enable_mergejoin = off
as $$
declare
  entity constant etl_api.entity_kind := tg_table_name::text::etl_api.entity_kind;
  why constant text := nullif(pg_catalog.current_setting('etl.reason', true), '');
  moment constant timestamptz := utils.now();
  found_out record;
begin
  -- "absent" as in guard_transitions.
  with made as materialized (
    select r.id, r.org_id, r.workflow_request_id, r.state::text as state, r.substate, r.via::text[] as via,
      coalesce(pg_catalog.cardinality(r.via), 0) as places,
      coalesce(r.error ->> 'message', r.errors -> 0 ->> 'message') as message
    from (select 0 as replay, null::jsonb as error, null::jsonb as errors, null::uuid as workflow_request_id) as absent
    cross join lateral (
      select id, org_id, workflow_request_id, replay, state, state_substate as substate, state_via as via, error, errors
      from new_rows) as r
    where r.replay = 0
  ), step as materialized (
    select m.id, m.org_id, m.workflow_request_id, m.substate, m.message,
      m.via[m.place] as from_state,
      case when m.place = m.places then m.state else m.via[m.place + 1] end as to_state,
      m.place = 0 as is_first,
      m.place = m.places as is_last
    from (select made.*, pg_catalog.generate_series(0, made.places) as place from made) as m
  ), written as (
    insert into etl_api.state_history (entity, entity_id, org_id, from_state, to_state, substate, reason, at)
    select entity, s.id, s.org_id, s.from_state, s.to_state,
      case when s.is_last then s.substate end,
      coalesce(why, case when s.is_last and s.to_state in ('failed', 'timedout', 'invalid') then s.message end),
      moment
    from step as s
    where s.to_state is not null
  )
  select told.*, fault.* into found_out
  from (
    select
      array(select s.id from step as s where s.is_last and s.to_state in ('failed', 'timedout', 'invalid')) as bad_ids,
      case when entity in ('workflow_request', 'activity_request')
        and (select t.value from etl_api.setting as t where t.name = 'realtime') = 'true'
        then array(
          select row(s.id, s.org_id, s.workflow_request_id, s.to_state, case when s.is_last then s.substate end)::etl_api.state_change
          from step as s)
        else '{}' end as changes
  ) as told
  left join (
    select s.id, s.from_state, s.to_state
    from step as s
    left join etl_api.state_transition as t on t.from_state = s.from_state and t.to_state = s.to_state
    where s.is_first and s.to_state is distinct from 'new'
      or not s.is_first and t.kind is null
      or t.kind = 'cancel' and s.substate is distinct from 'cancelled'
    limit 1
  ) as fault on true;

  if found_out.id is not null then
    perform etl_api.refuse_transition(tg_table_name, found_out.id, false, found_out.from_state, found_out.to_state);
  end if;
  if found_out.bad_ids <> '{}' then
    perform etl_api.guard_logs(entity, found_out.bad_ids);
  end if;
  if found_out.changes <> '{}' then
    perform etl_api.guard_tells(entity, found_out.changes, moment);
  end if;
  return null;
end
$$;

comment on function etl_api.guard_inserts() is
  'Checks that a new row begins as "new" and takes only legal steps from there (state_via), for every writer, and writes the steps to state_history. As guard_transitions it tells the log of failures and who listens of steps. ETL01: it does not.';

revoke execute on function etl_api.guard_inserts() from public;
-- end of source

-- source: sql/etl_api/state/guard_logs.sql
create or replace function etl_api.guard_logs(entity etl_api.entity_kind, ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.logger_entries(array(
    select row(
      null, null, f.level, f.station,
      coalesce(f.message, pg_catalog.format('It is %s%s.', f.state, ': ' || f.code)),
      f.org_id, guard_logs.entity, f.id, f.trace_id,
      f.context || pg_catalog.jsonb_build_object('state', f.state, 'code', f.code))::etl_api.etl_log
    from etl_api.logger_failures(guard_logs.entity, guard_logs.ids) as f
    -- An exception is logged by who caught it, with more than the row knows: record_intake_failure, refuse_answer.
    where f.code is distinct from 'internal_error'));
end
$$;

comment on function etl_api.guard_logs(etl_api.entity_kind, uuid[]) is
  'Tells the log why these rows failed, timed out, are invalid or are tried again. The guard calls it, so it holds for every writer.';

revoke execute on function etl_api.guard_logs(etl_api.entity_kind, uuid[]) from public;
-- end of source

-- source: sql/etl_api/state/guard_tells.sql
create or replace function etl_api.guard_tells(entity etl_api.entity_kind, changes etl_api.state_change[], at timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  -- What all the changes share is written once.
  head constant text := '{"entity":"' || entity || '","id":"';
  tail constant text := ',"at":' || pg_catalog.to_json(guard_tells.at) || '}';
begin
  -- A NOTIFY carries less than 8,000 bytes. An element has 900 at most, so what begins below 6,990 ends below it.
  perform pg_catalog.pg_notify('etl_state', told.batch)
  from (
    select '[' || pg_catalog.string_agg(placed.element, ',' order by placed.place) || ']' as batch
    from (
      select e.element, e.place, pg_catalog.sum(pg_catalog.octet_length(e.element) + 1) over (order by e.place) / 6990 as batch
      from (
        select c.place,
          head || c.id || '","org_id":"' || c.org_id
            || '","workflow_request_id":"' || coalesce(c.workflow_request_id, c.id)
            || '","state":"' || c.state
            || '","substate":' || coalesce(pg_catalog.to_json(pg_catalog."left"(c.substate, 100))::text, 'null') || tail as element
        from pg_catalog.unnest(changes) with ordinality as c (id, org_id, workflow_request_id, state, substate, place)
      ) as e
    ) as placed
    group by placed.batch
    order by placed.batch
  ) as told;

  if pg_catalog.to_regprocedure('realtime.send(jsonb,text,text,boolean)') is not null then
    perform etl_api.guard_broadcasts(entity, changes, at);
  end if;
end
$$;

comment on function etl_api.guard_tells(etl_api.entity_kind, etl_api.state_change[], timestamptz) is
  'Tells who listens of steps of workflow or activity requests: NOTIFY etl_state with JSON arrays of {entity, id, org_id, workflow_request_id, state, substate, at}, in order, each at most 7,900 bytes; and by Realtime where it is there.';

revoke execute on function etl_api.guard_tells(etl_api.entity_kind, etl_api.state_change[], timestamptz) from public;
-- end of source

-- source: sql/etl_api/state/guard_transitions.sql
create or replace function etl_api.guard_transitions() returns trigger
language plpgsql
security definer
set search_path = ''
set jit = off
-- The plan is made once, for the first statement's number of rows; these keep it right for 1 row and for 10,000.
set plan_cache_mode = force_generic_plan
-- Hash joins by name, since hot functions above switch them off for tables.
set enable_hashjoin = on
set enable_nestloop = off
set enable_mergejoin = off
as $$
declare
  entity constant etl_api.entity_kind := tg_table_name::text::etl_api.entity_kind;
  why constant text := nullif(pg_catalog.current_setting('etl.reason', true), '');
  moment constant timestamptz := utils.now();
  found_out record;
begin
  -- One function for five tables: a column that a table lacks is looked up in "absent", because an unqualified
  -- name which the inner query does not know belongs to the outer one.
  with new_row as (
    select r.*
    from (select 0 as replay, null::jsonb as error, null::jsonb as errors, null::uuid as workflow_request_id) as absent
    cross join lateral (
      select id, org_id, replay, state, state_substate as substate, state_via as via, error, errors, workflow_request_id
      from new_rows) as r
  ), old_row as (
    select r.*
    from (select 0 as replay) as absent
    cross join lateral (
      select id, org_id, replay, state, state_substate as substate, state_via as via
      from old_rows) as r
  ), changed as materialized (
    select n.id, n.org_id, n.workflow_request_id, n.state::text as state, o.state::text as old_state,
      o.substate as old_substate, n.substate,
      n.error, n.errors, o.id is null as moved,
      n.state = o.state and (n.via is null or not n.via is distinct from o.via) as stays,
      -- A via left over from the write before counts only where the step is none without it.
      case when n.via is not null and (n.via is distinct from o.via
          or n.state <> o.state and (o.state::text, n.state::text) not in (
            select t.from_state, t.to_state from etl_api.state_transition as t))
        then n.via::text[] end as via
    from new_row as n
    left join old_row as o on o.id = n.id and o.org_id = n.org_id and o.replay = n.replay
    where o.id is null
      or n.replay = 0 and (n.state <> o.state
        or n.substate is distinct from o.substate
        or n.via is not null and n.via is distinct from o.via)
  ), step as materialized (
    -- "changed" is materialized, so that its casts are made once for each row and not once for each of its steps.
    select c.id, c.org_id, c.workflow_request_id, c.moved, c.stays, c.substate, c.error, c.errors,
      case when c.place = 0 then c.old_state else c.via[c.place] end as from_state,
      case when c.place = 0 then c.old_substate end as from_substate,
      case when c.place = c.places then c.state else c.via[c.place + 1] end as to_state,
      c.place = c.places as is_last
    from (
      select c.*, coalesce(pg_catalog.cardinality(c.via), 0) as places,
        pg_catalog.generate_series(0, coalesce(pg_catalog.cardinality(c.via), 0)) as place
      from changed as c
    ) as c
  ), written as (
    insert into etl_api.state_history
      (entity, entity_id, org_id, from_state, from_substate, to_state, substate, reason, at)
    select entity, s.id, s.org_id, s.from_state, s.from_substate, s.to_state,
      case when s.is_last then s.substate end,
      coalesce(why, case when s.is_last and (s.to_state in ('failed', 'timedout', 'invalid') or s.substate = 'backoff')
        then coalesce(s.error ->> 'message', s.errors -> 0 ->> 'message') end),
      moment
    from step as s
    where s.to_state is not null
  )
  select told.*, fault.* into found_out
  from (
    select
      array(
        select s.id
        from step as s
        where s.is_last
          and not s.stays
          and (s.to_state in ('failed', 'timedout', 'invalid') or s.substate in ('backoff', 'lease_expired')
            or s.to_state = 'done' and s.errors is not null)) as bad_ids,
      case when entity in ('workflow_request', 'activity_request')
        and (select t.value from etl_api.setting as t where t.name = 'realtime') = 'true'
        then array(
          select row(s.id, s.org_id, s.workflow_request_id, s.to_state, case when s.is_last then s.substate end)::etl_api.state_change
          from step as s)
        else '{}' end as changes
  ) as told
  left join (
    select s.id, s.moved, s.from_state, s.to_state
    from step as s
    left join etl_api.state_transition as t on t.from_state = s.from_state and t.to_state = s.to_state
    where s.moved
      or not s.stays and t.kind is null
      or t.kind = 'cancel' and s.substate is distinct from 'cancelled'
    limit 1
  ) as fault on true;

  if found_out.id is not null then
    perform etl_api.refuse_transition(tg_table_name, found_out.id, found_out.moved, found_out.from_state, found_out.to_state);
  end if;
  if found_out.bad_ids <> '{}' then
    perform etl_api.guard_logs(entity, found_out.bad_ids);
  end if;
  if found_out.changes <> '{}' then
    perform etl_api.guard_tells(entity, found_out.changes, moment);
  end if;
  return null;
end
$$;

comment on function etl_api.guard_transitions() is
  'Checks every step an update makes against etl_api.state_transition, for every writer, and writes it to state_history: the steps in state_via, then state. What failed goes into the log (guard_logs), steps of workflow and activity requests to who listens (guard_tells). ETL01: an illegal step, or a changed id.';

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
set enable_seqscan = off
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
  select etl_api.logger_entries(array[row(
    null, null, logger.level, logger.station, logger.message, coalesce(logger.org_id, home.org_id), logger.entity,
    logger.entity_id, home.workflow_request_id, logger.context)::etl_api.etl_log])
  from etl_api.logger_home(logger.entity, logger.entity_id) as home
$$;

comment on function etl_api.logger(text, text, text, jsonb, uuid, etl_api.entity_kind, uuid) is
  'Writes an entry to etl_api.etl_log. Level: debug, info, warn, error; below the level of the org it is not written. With an entity the trace id is its workflow request''s, and the org its own when none is given. It is part of the transaction: a rollback takes it along.';

revoke execute on function etl_api.logger(text, text, text, jsonb, uuid, etl_api.entity_kind, uuid) from public;
grant execute on function etl_api.logger(text, text, text, jsonb, uuid, etl_api.entity_kind, uuid) to service_role;
-- end of source

-- source: sql/etl_api/state/logger_endpoints.sql
create or replace function etl_api.logger_endpoints() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Its address is left out: a client may have put a token there.
  perform etl_api.logger_entries(array(
    select row(
      null, null, 'warn', 'delivery',
      'A webhook endpoint was disabled: no message goes there until its disabled_at is null again.',
      n.org_id, null, null, null, pg_catalog.jsonb_build_object('endpoint_id', n.id))::etl_api.etl_log
    from new_rows as n
    join old_rows as o
      on o.id = n.id
      and o.org_id = n.org_id
    where o.disabled_at is null
      and n.disabled_at is not null));
  return null;
end
$$;

comment on function etl_api.logger_endpoints() is
  'Tells the log of webhook endpoints that were disabled, by a client''s 410 or by a person.';

revoke execute on function etl_api.logger_endpoints() from public;
-- end of source

-- source: sql/etl_api/state/logger_entries.sql
create or replace function etl_api.logger_entries(entries etl_api.etl_log[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  levels constant text[] := array['debug', 'info', 'warn', 'error'];
  default_level constant text := etl_api.setting_value('log_level') #>> '{}';
begin
  if pg_catalog.cardinality(entries) = 0 then
    return;
  end if;
  insert into etl_api.etl_log (at, level, station, message, org_id, entity, entity_id, trace_id, context)
  select utils.now(), e.level, e.station, e.message, e.org_id, e.entity, e.entity_id,
    coalesce(e.trace_id, case e.entity when 'workflow_request' then e.entity_id end),
    nullif(pg_catalog.jsonb_strip_nulls(e.context), '{}')
  from pg_catalog.unnest(entries) as e
  left join public.org as o on o.id = e.org_id
  -- An unknown level is not less than another: the table refuses it.
  where coalesce(pg_catalog.array_position(levels, e.level), 4) >= coalesce(
    pg_catalog.array_position(levels, o.settings ->> 'log_level'), pg_catalog.array_position(levels, default_level), 2);
end
$$;

comment on function etl_api.logger_entries(etl_api.etl_log[]) is
  'Writes entries to etl_api.etl_log, those below the level left out: org.settings.log_level, else the setting log_level. id and at are given here.';

revoke execute on function etl_api.logger_entries(etl_api.etl_log[]) from public;
grant execute on function etl_api.logger_entries(etl_api.etl_log[]) to service_role;
-- end of source

-- source: sql/etl_api/state/logger_failures.sql
create or replace function etl_api.logger_failures(entity etl_api.entity_kind, ids uuid[])
returns table (
  id uuid, org_id uuid, trace_id uuid, state text, code text, level text, station text, message text, context jsonb)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  why constant text := nullif(pg_catalog.current_setting('etl.reason', true), '');
begin
  -- A failure is an error where it happened. Its row in the other tables is information when it ended by itself, and
  -- of use to nobody but who debugs when it only ended along with another.
  case logger_failures.entity
  when 'workflow_request' then
    return query
    select w.id, w.org_id, w.id, w.state::text, w.state_substate,
      case w.state_substate when 'all_activities_failed' then 'info' when 'cancelled' then 'debug' else 'error' end,
      case w.state when 'invalid' then 'intake' else 'activities' end,
      coalesce(w.errors -> 0 ->> 'message', case w.state_substate when 'all_activities_failed' then 'All its activities failed.' end, why),
      pg_catalog.jsonb_build_object('path', w.errors -> 0 -> 'path',
        'faults', pg_catalog.jsonb_array_length(case pg_catalog.jsonb_typeof(w.errors) when 'array' then w.errors end))
    from public.workflow_request as w
    where w.id = any (logger_failures.ids)
      and w.replay = 0;
  when 'activity_request' then
    return query
    select a.id, a.org_id, a.workflow_request_id, a.state::text, a.state_substate,
      case when a.state = 'done' then 'warn'
        when a.state_substate in ('all_runs_failed', 'dependency_failed') then 'info'
        when a.state_substate in ('cancelled', 'workflow_timeout') then 'debug' else 'error' end,
      'activities',
      coalesce(a.errors -> -1 ->> 'message', case a.state_substate when 'all_runs_failed' then 'All its runs failed.' end, why),
      pg_catalog.jsonb_build_object(
        'activity_key', a.activity_key, 'path', a.errors -> -1 -> 'path',
        'faults', pg_catalog.jsonb_array_length(case pg_catalog.jsonb_typeof(a.errors) when 'array' then a.errors end))
    from public.activity_request as a
    where a.id = any (logger_failures.ids);
  when 'run_queue' then
    return query
    select q.id, q.org_id, q.workflow_request_id, q.state::text, q.state_substate,
      case when q.state = 'failed' and q.run_request_id is not null
        or q.state_substate in ('cancelled', 'activity_timeout', 'workflow_timeout') then 'debug' else 'error' end,
      'runs', coalesce(q.error ->> 'message', why),
      pg_catalog.jsonb_build_object(
        'activity_request_id', q.activity_request_id, 'source_id', q.source_id, 'object_id', q.object_id)
    from public.run_queue as q
    where q.id = any (logger_failures.ids);
  when 'run_request' then
    return query
    select r.id, r.org_id, r.workflow_request_id, r.state::text, r.state_substate,
      case when r.state in ('waiting', 'ready') then 'warn'
        when r.state_substate in ('cancelled', 'run_timeout', 'activity_timeout', 'workflow_timeout') then 'debug'
        else 'error' end,
      'exchange',
      case r.state when 'ready' then 'Nothing was heard of it before its lease ended; it is sent again.'
        else coalesce(r.error ->> 'message', why) end,
      pg_catalog.jsonb_build_object(
        'activity_request_id', r.activity_request_id, 'source_id', r.source_id, 'kind', r.kind, 'attempts', r.attempts,
        'http_status', r.http_status, 'worker', r.worker)
    from public.run_request as r
    where r.id = any (logger_failures.ids);
  when 'delivery' then
    return query
    select d.id, d.org_id, d.workflow_request_id, d.state::text, d.state_substate,
      case when d.state in ('waiting', 'ready') then 'warn' when d.state_substate = 'cancelled' then 'debug' else 'error' end,
      'delivery',
      case d.state when 'ready' then 'Nothing was heard of it before its lease ended; it is sent again.'
        else coalesce(d.error ->> 'message', why) end,
      pg_catalog.jsonb_build_object(
        'activity_request_id', d.activity_request_id, 'alert_id', d.alert_id, 'endpoint_id', d.endpoint_id,
        'event_type', d.event_type, 'attempts', d.attempts, 'http_status', d.http_status, 'worker', d.worker)
    from public.delivery as d
    where d.id = any (logger_failures.ids);
  end case;
end
$$;

comment on function etl_api.logger_failures(etl_api.entity_kind, uuid[]) is
  'What rows that failed, timed out, are invalid or are tried again have to tell in the log, with the level: error where a failure happened, warn when it is tried again, info where it was to be expected after others, warn where a part was left out, debug where it only follows.';

revoke execute on function etl_api.logger_failures(etl_api.entity_kind, uuid[]) from public;
-- end of source

-- source: sql/etl_api/state/logger_home.sql
create or replace function etl_api.logger_home(
  entity etl_api.entity_kind, entity_id uuid, out org_id uuid, out workflow_request_id uuid)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  case logger_home.entity
    when 'workflow_request' then
      select w.org_id, w.id into org_id, workflow_request_id
      from public.workflow_request as w where w.id = entity_id and w.replay = 0;
    when 'activity_request' then
      select a.org_id, a.workflow_request_id into org_id, workflow_request_id
      from public.activity_request as a where a.id = entity_id;
    when 'run_queue' then
      select q.org_id, q.workflow_request_id into org_id, workflow_request_id
      from public.run_queue as q where q.id = entity_id;
    when 'run_request' then
      select r.org_id, r.workflow_request_id into org_id, workflow_request_id
      from public.run_request as r where r.id = entity_id;
    when 'delivery' then
      select d.org_id, d.workflow_request_id into org_id, workflow_request_id
      from public.delivery as d where d.id = entity_id;
    else
      null;
  end case;
end
$$;

comment on function etl_api.logger_home(etl_api.entity_kind, uuid) is
  'The tenant and the workflow request of a row, for its entries in the log; null where there is no such row.';

revoke execute on function etl_api.logger_home(etl_api.entity_kind, uuid) from public;
grant execute on function etl_api.logger_home(etl_api.entity_kind, uuid) to service_role;
-- end of source

-- source: sql/etl_api/state/logger_keyless.sql
create or replace function etl_api.logger_keyless(run_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  perform etl_api.logger_entries(array(
    select row(
      null, null, 'warn', 'results',
      pg_catalog.format('%s of the objects in the answer of %s had no key and were left out: %s needs %s.',
        k.objects, s.name, t.name, pg_catalog.array_to_string(t.key_datapoints, ' and ')),
      r.org_id, 'run_request', r.id, r.workflow_request_id,
      pg_catalog.jsonb_build_object(
        'objects', k.objects, 'source_id', r.source_id, 'activity_request_id', r.activity_request_id))::etl_api.etl_log
    from (
      select g.id, pg_catalog.count(*) as objects
      from pg_catalog.unnest(run_request_ids) as g (id)
      group by g.id
    ) as k
    join public.run_request as r on r.id = k.id
    join public.source as s on s.id = r.source_id
    join public.activity_request as a on a.id = r.activity_request_id
    join public.object_type as t on t.id = a.object_type_id
    order by r.id));
end
$$;

comment on function etl_api.logger_keyless(uuid[]) is
  'Tells the log of objects in answers that had no key, given by the HTTP request of each: one entry for each answer.';

revoke execute on function etl_api.logger_keyless(uuid[]) from public;
grant execute on function etl_api.logger_keyless(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/state/logger_refusals.sql
create or replace function etl_api.logger_refusals() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Each refusal is a row of its own already: one entry says how many there were of a kind.
  perform etl_api.logger_entries(array(
    select row(
      null, null, 'info', case n.stage when 'before_run' then 'activities' else 'results' end,
      pg_catalog.format(case n.stage when 'before_run' then '%s of the objects %s not asked about: the guardrail "%s" refused %s.'
          else '%s of the finds %s not accepted: the guardrail "%s" refused %s.' end,
        n.count, case n.count when 1 then 'was' else 'were' end, n.description, case n.count when 1 then 'it' else 'them' end),
      n.org_id, 'activity_request', n.activity_request_id, a.workflow_request_id,
      pg_catalog.jsonb_build_object(
        'stage', n.stage, 'count', n.count, 'factor_id', n.factor_id, 'datapoint_id', n.datapoint_id,
        'source_id', n.source_id))::etl_api.etl_log
    from (
      select n.org_id, n.activity_request_id, n.stage, n.description, n.factor_id, n.datapoint_id, n.source_id,
        pg_catalog.count(*) as count
      from new_rows as n
      group by n.org_id, n.activity_request_id, n.stage, n.description, n.factor_id, n.datapoint_id, n.source_id
    ) as n
    join public.activity_request as a on a.id = n.activity_request_id
    order by n.activity_request_id, n.description));
  return null;
end
$$;

comment on function etl_api.logger_refusals() is
  'Tells the log what guardrails refused: one entry for each statement, activity request, guardrail and source.';

revoke execute on function etl_api.logger_refusals() from public;
-- end of source

-- source: sql/etl_api/state/logger_stuck.sql
create or replace function etl_api.logger_stuck(
  station text, message text, entity etl_api.entity_kind, entity_id uuid, fault_state text, fault_message text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if exists (
    select 1
    from etl_api.etl_log as l
    where l.entity_id = logger_stuck.entity_id
      and l.station = logger_stuck.station
      and l.message = logger_stuck.message
      and l.at > utils.now() - interval '1 hour')
  then
    return;
  end if;
  perform etl_api.logger('error', station, message,
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message), null, entity, entity_id);
end
$$;

comment on function etl_api.logger_stuck(text, text, etl_api.entity_kind, uuid, text, text) is
  'Tells the log of a row that could not even be ended and is met again and again: once an hour is enough to be found.';

revoke execute on function etl_api.logger_stuck(text, text, etl_api.entity_kind, uuid, text, text) from public;
grant execute on function etl_api.logger_stuck(text, text, etl_api.entity_kind, uuid, text, text) to service_role;
-- end of source

-- source: sql/etl_api/state/logger_triggers.sql
-- What the guard does not see, because it is no change of a state.

drop trigger if exists logger_refusals on public.guardrail_refusal;
create trigger logger_refusals
  after insert on public.guardrail_refusal
  referencing new table as new_rows
  for each statement
  execute function etl_api.logger_refusals();
comment on trigger logger_refusals on public.guardrail_refusal is
  'What guardrails refuse stands in the log.';

drop trigger if exists logger_endpoints on public.webhook_endpoint;
create trigger logger_endpoints
  after update on public.webhook_endpoint
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.logger_endpoints();
comment on trigger logger_endpoints on public.webhook_endpoint is
  'That an endpoint was disabled stands in the log.';
-- end of source

-- source: sql/etl_api/state/logger_unsent.sql
create or replace function etl_api.logger_unsent(
  org_ids uuid[], workflow_request_ids uuid[], activity_request_ids uuid[], webhooks jsonb[], event_types text[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- That an endpoint does not want an event is no fault, and said nowhere.
  perform etl_api.logger_entries(array(
    select row(
      null, null, 'warn', 'delivery', 'No message was made, for its endpoint is disabled or gone.', m.org_id,
      case when m.activity_request_id is not null then 'activity_request' when m.workflow_request_id is not null
        then 'workflow_request' end::etl_api.entity_kind,
      coalesce(m.activity_request_id, m.workflow_request_id), m.workflow_request_id,
      pg_catalog.jsonb_build_object('endpoint_id', m.webhook -> 'endpoint', 'event_type', m.event_type))::etl_api.etl_log
    from unnest(org_ids, workflow_request_ids, activity_request_ids, webhooks, event_types)
      as m (org_id, workflow_request_id, activity_request_id, webhook, event_type)
    left join public.webhook_endpoint as e
      on e.id = utils.uuid_or_null(m.webhook -> 'endpoint')
      and e.org_id = m.org_id
    where m.webhook ? 'endpoint'
      and (e.id is null or e.disabled_at is not null)));
end
$$;

comment on function etl_api.logger_unsent(uuid[], uuid[], uuid[], jsonb[], text[]) is
  'Tells the log of messages that queue_messages did not make because their endpoint is disabled or gone.';

revoke execute on function etl_api.logger_unsent(uuid[], uuid[], uuid[], jsonb[], text[]) from public;
grant execute on function etl_api.logger_unsent(uuid[], uuid[], uuid[], jsonb[], text[]) to service_role;
-- end of source

-- source: sql/etl_api/state/recover.sql
create or replace function etl_api.recover(max_rows int default 1000) returns table (what text, count bigint)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
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

  done := done || pg_catalog.jsonb_build_object(
    'schedule', etl_api.run_schedules(max_rows),
    'workflow_start', etl_api.start_due_workflow_requests(max_rows));

  -- Making a partition locks out who writes history, and they may hold the workflows: never do both. What is made
  -- is months ahead, so a sweep with nothing else to do comes in time.
  if requests || deliveries || runs || activities || workflows = '{}'
    and done @> '{"schedule": 0, "workflow_start": 0}'
    and pg_catalog.to_regclass('etl_api.state_history_'
      || pg_catalog.to_char((moment + interval '2 months') at time zone 'UTC', 'YYYYMM')) is null
  then
    done := done || pg_catalog.jsonb_build_object('partition', etl_api.ensure_partitions());
  elsif requests || deliveries || runs || activities || workflows = '{}' then
    perform etl_api.measure_due_data_quality();
  end if;
  perform etl_api.settle_org_counts(max_rows);
  perform etl_api.roll_up();
  done := done || pg_catalog.jsonb_build_object('alert', etl_api.check_alerts());
  done := done || pg_catalog.jsonb_build_object('bell', etl_api.ring_for_due_work());

  return query
  select d.key, d.value::bigint
  from pg_catalog.jsonb_each(done) as d
  where d.value <> '0'
  order by d.key;
end
$$;

comment on function etl_api.recover(int) is
  'The sweep: times out what is over its time (workflow_timeout, activity_timeout, run_timeout), takes back expired leases (…_again, …_given_up when no attempt was left), leaves and logs what cannot be ended (failed), makes the requests of schedules (schedule) and starts those whose not_before has come (workflow_start), makes partitions when there is nothing else to do, adds to the counters of orgs what could not be added at once, rolls up the summaries that the views read, measures data quality where it is due, and rings for due work (bell). At most max_rows of each. Returns what it did for requests, no row when nothing. Call it every few seconds to a minute, from as many places as you like.';

revoke execute on function etl_api.recover(int) from public;
grant execute on function etl_api.recover(int) to service_role;
-- end of source

-- source: sql/etl_api/state/recover_deliveries.sql
create or replace function etl_api.recover_deliveries(delivery_ids uuid[], out again int, out given_up int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
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
set jit = off
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
  deadline constant timestamptz := (
    select w.deadline_at from public.workflow_request as w where w.id = reopen_workflow.id and w.replay = 0);
begin
  if state in ('done', 'delivered', 'invalid') then
    perform etl_api.refuse_action('workflow_request', id, state, 'opened again for one of its parts',
      case state
        when 'invalid' then 'Retry the workflow request itself.'
        else 'Its result stands. Insert a new request for what is missing.'
      end);
  elsif state in ('failed', 'timedout') and deadline <= utils.now() then
    perform etl_api.refuse_action('workflow_request', id, state, 'taken up again',
      pg_catalog.format('Its deadline was %s. Insert a new request.', utils.iso_time(deadline)));
  end if;

  update public.workflow_request as w
  set state = 'in_progress',
      state_via = '{ready}',
      state_substate = null,
      finished_at = null,
      timeout_at = least(w.deadline_at, utils.now() + etl_api.time_limit(
        pg_catalog.jsonb_build_object('workflow_timeout_seconds', w.data #> '{config,timeout_seconds}'),
        'workflow_timeout_seconds'))
  where w.id = reopen_workflow.id
    and w.replay = 0
    and w.state in ('failed', 'timedout');
end
$$;

comment on function etl_api.reopen_workflow(uuid) is
  'Sets a failed or timed-out workflow request to work again, its time-out renewed; one under way is left as it is. ETL05: it is done or invalid, or its deadline is over. The caller holds the workflow lock.';

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
  -- What was given up because of it waits for it again, unless another failed it as well.
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
        and not exists (
          select 1
          from public.activity_dependency as other
          join public.activity_request as before on before.id = other.depends_on_id
          where other.activity_request_id = a.id
            and before.id <> retry_activity.id
            and before.state in ('failed', 'timedout', 'invalid')
            and before.state_substate is distinct from 'dependency_failed'
            and before.on_failure = 'fail')
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
  -- Locked, since the message of an alert has no workflow request whose lock would do.
  message public.delivery;
begin
  select d.* into message
  from public.delivery as d
  where d.id = retry_delivery.id
  for no key update;
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
set jit = off
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
  if state not in ('invalid', 'failed', 'timedout') then
    perform etl_api.refuse_action('workflow_request', id, state, 'retried',
      case
        when state in ('done', 'delivered') then 'Its result stands. Insert a new request.'
        when state = 'waiting' then 'It has not begun: it waits for its not_before.'
        else 'It is under way. What failed of it can be retried by its own id.'
      end);
  end if;

  -- What was invalid, or ended before its not_before, has no activities yet.
  -- after_reset_workflow_request takes in what is new again.
  update public.workflow_request as w
  set state = 'new',
      state_via = null,
      state_substate = null,
      errors = null,
      finished_at = null
  where w.id = retry_workflow.id
    and w.replay = 0
    and not exists (
      select 1
      from public.activity_request as ar
      where ar.workflow_request_id = w.id);
  if found then
    return 'The request was validated again.';
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
set jit = off
as $$
declare
  rung int := 0;
begin
  if exists (select 1 from etl_api.advance_queue)
    or exists (
      -- What a source could be sent now; what waits for a limit or a budget rings when that ends.
      select 1
      from etl_api.source_room(etl_api.due_sources(), 1) as s
      cross join lateral etl_api.due_orgs(s.source_id, null, 1)
      where s.capacity > 0)
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
  'Wakes the edge functions for which work is due, should an earlier bell be lost: HTTP requests and runs that limits and budgets allow now, and messages. Returns how many.';

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
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select s.value
    from etl_api.setting as s
    where s.name = setting_value.name);
end
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
language plpgsql stable
set search_path = ''
as $$
declare
  seconds numeric := utils.number_or(config -> name, null);
begin
  if seconds is null then
    seconds := (etl_api.setting_value(name) #>> '{}')::numeric;
  end if;
  -- Between a second and ten years, whatever somebody wrote: an interval must not overflow a timestamp.
  return pg_catalog.make_interval(secs => greatest(1, least(315360000, seconds))::double precision);
end
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
set jit = off
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
declare
  late_ids uuid[];
  slow_ids uuid[];
begin
  select
    coalesce(pg_catalog.array_agg(w.id order by w.id) filter (where w.deadline_at <= w.timeout_at), '{}'),
    coalesce(pg_catalog.array_agg(w.id order by w.id) filter (where w.deadline_at <= w.timeout_at is not true), '{}')
  into late_ids, slow_ids
  from public.workflow_request as w
  where w.id = any (workflow_request_ids)
    and w.replay = 0
    and w.state in ('ready', 'waiting', 'in_progress')
    and w.timeout_at <= utils.now();

  return etl_api.end_whole_workflows(slow_ids, 'timedout', 'workflow_timeout',
      'The request was over its time (data.config.timeout_seconds) without an end.')
    + etl_api.end_whole_workflows(late_ids, 'timedout', 'deadline',
      'The request had not ended by its deadline (deadline_at).');
end
$$;

comment on function etl_api.time_out_workflows(uuid[]) is
  'Times out those of these workflow requests that are over their time or their deadline, with all below them. Returns how many. The caller holds the workflow locks.';

revoke execute on function etl_api.time_out_workflows(uuid[]) from public;
grant execute on function etl_api.time_out_workflows(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/state/trace.sql
create or replace function etl_api.trace(id uuid)
returns table (
  at timestamptz, entity etl_api.entity_kind, entity_id uuid, from_state text, to_state text, substate text,
  level text, station text, message text, context jsonb)
language plpgsql stable security definer
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  target constant record := etl_api.find_visible(trace.id);
begin
  return query
  select t.at, t.entity, t.entity_id, t.from_state, t.to_state, t.substate, t.level, t.station, t.message, t.context
  from (
    select h.at, 1 as kind, h.seq as place, h.entity, h.entity_id, h.from_state, h.to_state, h.substate,
      null as level, null as station, h.reason as message, null::jsonb as context
    from (
      -- The message of an alert belongs to no request.
      select p.entity, p.id from etl_api.trace_rows(target.workflow_request_id) as p where p.id is not null
      union all
      select target.entity, trace.id where target.workflow_request_id is null
    ) as p
    join etl_api.state_history as h
      on h.entity = p.entity
      and h.entity_id = p.id
    union all
    select l.at, 2, l.id, l.entity, l.entity_id, null, null, null, l.level, l.station, l.message, l.context
    from etl_api.etl_log as l
    where case when target.workflow_request_id is null then l.entity_id = trace.id
      else l.trace_id = target.workflow_request_id end
      and l.org_id = target.org_id
  ) as t
  order by t.at, t.kind, t.place;
end
$$;

comment on function etl_api.trace(uuid) is
  'Everything that happened to one workflow request and all below it, in order of time: each step of a row (from_state, to_state, message: the reason) and each entry of the log (level, station, message, context). Any id of the request will do. ETL04: no such request.';

revoke execute on function etl_api.trace(uuid) from public;
grant execute on function etl_api.trace(uuid) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/state/trace_rows.sql
create or replace function etl_api.trace_rows(workflow_request_id uuid)
returns table (entity etl_api.entity_kind, id uuid)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
  select 'workflow_request'::etl_api.entity_kind, trace_rows.workflow_request_id
  union all
  select 'activity_request', a.id
  from public.activity_request as a
  where a.workflow_request_id = trace_rows.workflow_request_id
  union all
  select 'run_queue', q.id
  from public.activity_request as a
  join public.run_queue as q on q.activity_request_id = a.id
  where a.workflow_request_id = trace_rows.workflow_request_id
  union all
  select 'run_request', r.id
  from public.activity_request as a
  join public.run_request as r on r.activity_request_id = a.id
  where a.workflow_request_id = trace_rows.workflow_request_id
  union all
  select 'delivery', d.id
  from public.delivery as d
  where d.workflow_request_id = trace_rows.workflow_request_id;
end
$$;

comment on function etl_api.trace_rows(uuid) is
  'The rows with a state that belong to a workflow request, itself included.';

revoke execute on function etl_api.trace_rows(uuid) from public;
-- end of source

-- source: sql/etl_api/usage/add_org_counts.sql
create or replace function etl_api.add_org_counts(
  org_ids uuid[], requests bigint[] default null, runs bigint[] default null,
  objects bigint[] default null, new_objects bigint[] default null)
returns void
language plpgsql
set search_path = ''
as $$
declare
  free uuid[] := etl_api.lock_free_orgs(org_ids);
begin
  -- A statement after the one that took the rows: it sees what the last holder has added and taken away.
  if free <> '{}' then
    with left_over as (
      delete from etl_api.org_count_delta as d
      where d.org_id = any (free)
        and not d.recount_datapoints
      returning d.org_id, d.requests, d.runs, d.objects, d.free_objects
    )
    update public.org as o
    set request_count = o.request_count + s.requests,
        run_count = o.run_count + s.runs,
        object_count = o.object_count + s.objects,
        free_objects = case when o.free_objects > 0 then greatest(o.free_objects - s.new_objects, 0) else o.free_objects end
    from (
      select c.org_id,
        coalesce(pg_catalog.sum(c.requests), 0) as requests,
        coalesce(pg_catalog.sum(c.runs), 0) as runs,
        coalesce(pg_catalog.sum(c.objects), 0) as objects,
        coalesce(pg_catalog.sum(c.new_objects), 0) as new_objects
      from (
        select * from unnest(org_ids, requests, runs, objects, new_objects)
        union all
        select * from left_over
      ) as c (org_id, requests, runs, objects, new_objects)
      group by c.org_id
    ) as s
    where o.id = s.org_id
      and o.id = any (free);
  end if;

  if not org_ids <@ free then
    insert into etl_api.org_count_delta (org_id, requests, runs, objects, free_objects, created_at)
    select c.org_id, coalesce(c.requests, 0), coalesce(c.runs, 0), coalesce(c.objects, 0), coalesce(c.new_objects, 0),
      utils.now()
    from unnest(org_ids, requests, runs, objects, new_objects) as c (org_id, requests, runs, objects, new_objects)
    where c.org_id <> all (free)
      and (c.requests <> 0 or c.runs <> 0 or c.objects <> 0 or c.new_objects <> 0);
  end if;
end
$$;

comment on function etl_api.add_org_counts(uuid[], bigint[], bigint[], bigint[], bigint[]) is
  'Adds to the counters of orgs: activity requests, runs, objects stored, new objects (taken from free_objects, never below 0), and whatever lies in org_count_delta for them. Where another transaction holds an org''s row it does not wait and leaves the change there.';

revoke execute on function etl_api.add_org_counts(uuid[], bigint[], bigint[], bigint[], bigint[]) from public;
grant execute on function etl_api.add_org_counts(uuid[], bigint[], bigint[], bigint[], bigint[]) to service_role;
-- end of source

-- source: sql/etl_api/usage/check_completeness.sql
create or replace function etl_api.check_completeness(of_org uuid default null)
returns table (entity text, id uuid, org_id uuid, problem text)
language sql stable
set search_path = ''
as $$
  select found.*
  from (
    select 'activity_request', a.id, a.org_id, 'it has ended, but has no result'
    from public.activity_request as a
    where a.state in ('done', 'delivered')
      and not exists (select 1 from public.activity_result as r where r.activity_request_id = a.id)
    union all
    select 'activity_request', r.activity_request_id, r.org_id,
      pg_catalog.format('its summary counts %s objects, but its result has %s', r.summary -> 'objects',
        pg_catalog.jsonb_array_length(r.objects))
    from public.activity_result as r
    where pg_catalog.jsonb_array_length(r.objects) is distinct from (r.summary ->> 'objects')::int
    union all
    select 'delivery', d.id, d.org_id, 'it is to be sent, but has no body'
    from public.delivery as d
    where d.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
      and not exists (select 1 from public.delivery_body as b where b.delivery_id = d.id)
    union all
    select 'run_request', r.id, r.org_id, 'it is to be sent, but nothing says what'
    from public.run_request as r
    where r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
      and not exists (select 1 from public.run_request_payload as p where p.run_request_id = r.id)
    union all
    select 'run_request', r.id, r.org_id, 'it is under way, but nobody has a lease of it'
    from public.run_request as r
    where r.state = 'in_progress'
      and (r.lease_until is null or r.lease_token is null)
    union all
    select 'delivery', d.id, d.org_id, 'it is under way, but nobody has a lease of it'
    from public.delivery as d
    where d.state = 'in_progress'
      and (d.lease_until is null or d.lease_token is null)
    union all
    select e.entity, e.id, e.org_id,
      case when e.finished_at is null then 'it has ended, but not at any time' else 'it has not ended, but there is a time when it did' end
    from (
      select 'workflow_request', w.id, w.org_id, w.state::text, w.finished_at from public.workflow_request as w where w.replay = 0
      union all
      select 'activity_request', a.id, a.org_id, a.state::text, a.finished_at from public.activity_request as a
      union all
      select 'run_queue', q.id, q.org_id, q.state::text, q.finished_at from public.run_queue as q
      union all
      select 'run_request', r.id, r.org_id, r.state::text, r.finished_at from public.run_request as r
    ) as e (entity, id, org_id, state, finished_at)
    where (e.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')) = (e.finished_at is not null)
    union all
    select 'object', v.object_id, v.org_id, pg_catalog.format('it has a value of %s, a datapoint of another type', d.name)
    from public.value as v
    join public.datapoint as d on d.id = v.datapoint_id
    join public.object as o on o.id = v.object_id
    where d.object_type_id <> o.object_type_id
    union all
    select 'workflow_request', k.workflow_request_id, k.org_id,
      pg_catalog.format('the key %s is kept for it, but it does not have it', pg_catalog.quote_literal(k.idempotency_key))
    from etl_api.request_key as k
    where not exists (
      select 1
      from public.workflow_request as w
      where w.id = k.workflow_request_id
        and w.replay = 0
        and w.idempotency_key = k.idempotency_key)
  ) as found (entity, id, org_id, problem)
  where check_completeness.of_org is null
    or found.org_id = check_completeness.of_org
$$;

comment on function etl_api.check_completeness(uuid) is
  'Rows of an org (null: all) that lack what belongs to them, or contradict it: a result, a body, a payload, a lease, a time. It reads everything: etl_api.check_consistency calls it.';

revoke execute on function etl_api.check_completeness(uuid) from public;
grant execute on function etl_api.check_completeness(uuid) to service_role;
-- end of source

-- source: sql/etl_api/usage/check_consistency.sql
create or replace function etl_api.check_consistency(of_org uuid default null)
returns table (entity text, id uuid, org_id uuid, problem text)
language sql stable
set search_path = ''
as $$
  select s.entity::text, s.id, s.org_id, s.problem
  from etl_api.check_state_sync() as s
  where check_consistency.of_org is null
    or s.org_id = check_consistency.of_org
  union all
  select * from etl_api.check_completeness(check_consistency.of_org)
  union all
  select * from etl_api.check_counters(check_consistency.of_org)
$$;

comment on function etl_api.check_consistency(uuid) is
  'Rows of an org (null: all) that contradict each other, each with the problem in a sentence: states of parents and children, what is missing beside a row, counters. None on a sound database. It reads everything: for operators and tests, not for a loop.';

revoke execute on function etl_api.check_consistency(uuid) from public;
grant execute on function etl_api.check_consistency(uuid) to service_role;
-- end of source

-- source: sql/etl_api/usage/check_counters.sql
create or replace function etl_api.check_counters(of_org uuid default null)
returns table (entity text, id uuid, org_id uuid, problem text)
language sql stable
set search_path = ''
as $$
  select 'org', o.id, o.id, c.problem
  from public.org as o
  cross join lateral (
    select coalesce(pg_catalog.sum(d.requests), 0) as requests,
      coalesce(pg_catalog.sum(d.runs), 0) as runs,
      coalesce(pg_catalog.sum(d.objects), 0) as objects
    from etl_api.org_count_delta as d
    where d.org_id = o.id
  ) as note
  cross join lateral (
    select
      (select pg_catalog.count(*) from public.activity_request as a where a.org_id = o.id) as requests,
      (select pg_catalog.count(*) from public.run_queue as q where q.org_id = o.id and q.run_request_id is not null) as runs,
      (select pg_catalog.count(*) from public.object as b where b.org_id = o.id) as objects,
      (select pg_catalog.count(*) from public.datapoint as d where d.org_id = o.id)
        + (select pg_catalog.count(*) from public.datapoint as d where d.org_id is null) as datapoints,
      exists (
        select 1
        from etl_api.org_count_delta as d
        where d.recount_datapoints
          and (d.org_id = o.id or d.org_id is null)) as to_count
  ) as direct
  cross join lateral (
    -- Requests and runs that were deleted were made nevertheless, so there may be fewer rows than were counted.
    select pg_catalog.format('its request_count is %s, but it has %s activity requests', o.request_count + note.requests,
      direct.requests) as problem
    where o.request_count + note.requests < direct.requests
    union all
    select pg_catalog.format('its run_count is %s, but it has %s runs that were sent', o.run_count + note.runs, direct.runs)
    where o.run_count + note.runs < direct.runs
    union all
    select pg_catalog.format('its object_count is %s, but it has %s objects', o.object_count + note.objects, direct.objects)
    where o.object_count + note.objects <> direct.objects
    union all
    select pg_catalog.format('its datapoint_count is %s, but there are %s datapoints for it', o.datapoint_count, direct.datapoints)
    where o.datapoint_count <> direct.datapoints
      and not direct.to_count
  ) as c
  where check_counters.of_org is null
    or o.id = check_counters.of_org
$$;

comment on function etl_api.check_counters(uuid) is
  'Counters of orgs (null: all) that differ from what is stored, what is still to be added included. It reads everything: etl_api.check_consistency calls it; etl_api.recount_org sets right.';

revoke execute on function etl_api.check_counters(uuid) from public;
grant execute on function etl_api.check_counters(uuid) to service_role;
-- end of source

-- source: sql/etl_api/usage/count_datapoints.sql
create or replace function etl_api.count_datapoints(org_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.org as o
  set datapoint_count = (select pg_catalog.count(*) from public.datapoint as d where d.org_id = o.id)
    + (select pg_catalog.count(*) from public.datapoint as d where d.org_id is null)
  where o.id = any (org_ids);
end
$$;

comment on function etl_api.count_datapoints(uuid[]) is
  'Counts the datapoints of orgs, their own and the shared ones, into datapoint_count. The caller holds the rows.';

revoke execute on function etl_api.count_datapoints(uuid[]) from public;
grant execute on function etl_api.count_datapoints(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/usage/lock_free_orgs.sql
create or replace function etl_api.lock_free_orgs(org_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
begin
  -- Above this level a row that has changed since the transaction began cannot be taken without an error.
  if pg_catalog.current_setting('transaction_isolation') <> 'read committed' then
    return '{}'::uuid[];
  end if;
  return array(
    select o.id
    from public.org as o
    where o.id = any (org_ids)
    for no key update skip locked);
end
$$;

comment on function etl_api.lock_free_orgs(uuid[]) is
  'Takes the rows of those of these orgs that nobody else holds, without waiting, and returns their ids: the counters are theirs to write until the transaction ends.';

revoke execute on function etl_api.lock_free_orgs(uuid[]) from public;
grant execute on function etl_api.lock_free_orgs(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/usage/mark_data_quality.sql
create or replace function etl_api.mark_data_quality(org_id uuid, max_objects int) returns void
language plpgsql
set search_path = ''
as $$
begin
  if max_objects < 1 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('max_objects is %s: it must be 1 or more', max_objects),
      hint = 'Leave it out for the setting data_quality_objects.';
  end if;
  -- The row is the lock: two measurements of one org follow each other.
  insert into etl_api.data_quality_mark as m (org_id, measured_at, request_count, run_count, object_count)
  select o.id, utils.now(), o.request_count, o.run_count, o.object_count
  from public.org as o
  where o.id = mark_data_quality.org_id
  on conflict on constraint data_quality_mark_pkey do update
    set measured_at = excluded.measured_at,
        request_count = excluded.request_count,
        run_count = excluded.run_count,
        object_count = excluded.object_count;
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no org %s', coalesce(org_id::text, 'null')),
      hint = 'Give the id of a row of org.';
  end if;
end
$$;

comment on function etl_api.mark_data_quality(uuid, int) is
  'Notes that the data quality of an org is being measured, with its counters as they are now. ETL04: no such org, or max_objects below 1.';

revoke execute on function etl_api.mark_data_quality(uuid, int) from public;
grant execute on function etl_api.mark_data_quality(uuid, int) to service_role;
-- end of source

-- source: sql/etl_api/usage/measure_data_quality.sql
create or replace function etl_api.measure_data_quality(org_id uuid, max_objects int default null) returns int
language plpgsql
set search_path = ''
set jit = off
as $$
#variable_conflict use_variable
declare
  moment constant timestamptz := utils.now();
  this_month constant date := pg_catalog.date_trunc('month', moment at time zone 'UTC')::date;
  look_at constant int := coalesce(max_objects, utils.number_or(etl_api.setting_value('data_quality_objects'), 5000)::int);
  written int;
begin
  perform etl_api.mark_data_quality(org_id, look_at);
  delete from etl_api.data_quality_month as m
  where m.org_id = measure_data_quality.org_id
    and m.month = this_month;

  insert into etl_api.data_quality_month
    (org_id, month, object_type_id, datapoint_id, source_id, all_sources, objects, sampled,
     with_value, fresh, median_age, compared, conflicting, refused, measured_at)
  with kind as materialized (
    select * from etl_api.sample_objects(org_id, look_at)
  ), offered as materialized (
    select * from etl_api.offered_datapoints(org_id)
  ), quality as materialized (
    select k.object_type_id, q.* from kind as k cross join lateral etl_api.value_quality(k.object_ids) as q
  ), refusal as materialized (
    select k.object_type_id, r.* from kind as k cross join lateral etl_api.refused_objects(k.object_ids) as r
  ), line as (
    -- A source that offers a datapoint and brought nothing is told of as well.
    select o.object_type_id, o.datapoint_id, o.source_id, false as all_sources from offered as o where o.source_id is not null
    union
    select o.object_type_id, o.datapoint_id, null, true from offered as o
    union
    select q.object_type_id, q.datapoint_id, q.source_id, q.all_sources from quality as q
    union
    select r.object_type_id, r.datapoint_id, r.source_id, r.all_sources from refusal as r
  )
  select org_id, this_month, l.object_type_id, l.datapoint_id, l.source_id, l.all_sources,
    pg_catalog.cardinality(k.object_ids), k.sampled,
    coalesce(q.with_value, 0), coalesce(q.fresh, 0), q.median_age, coalesce(q.compared, 0), coalesce(q.conflicting, 0),
    coalesce(r.objects, 0), moment
  from line as l
  join kind as k on k.object_type_id = l.object_type_id
  left join quality as q
    on (q.datapoint_id, q.all_sources) = (l.datapoint_id, l.all_sources)
    and q.source_id is not distinct from l.source_id
  left join refusal as r
    on (r.datapoint_id, r.all_sources) = (l.datapoint_id, l.all_sources)
    and r.source_id is not distinct from l.source_id;
  get diagnostics written = row_count;
  return written;
end
$$;

comment on function etl_api.measure_data_quality(uuid, int) is
  'Measures the data quality of an org now and replaces what was measured before in this month: etl_api.data_quality shows it. Of each type it looks at max_objects objects at most (null: setting data_quality_objects). Returns how many rows it wrote. ETL04: no such org, or max_objects below 1.';

revoke execute on function etl_api.measure_data_quality(uuid, int) from public;
grant execute on function etl_api.measure_data_quality(uuid, int) to service_role;
-- end of source

-- source: sql/etl_api/usage/measure_due_data_quality.sql
create or replace function etl_api.measure_due_data_quality() returns int
language plpgsql
set search_path = ''
as $$
declare
  pause constant interval := pg_catalog.make_interval(
    secs => utils.number_or(etl_api.setting_value('data_quality_seconds'), 3600)::double precision);
  due_id uuid;
begin
  select o.id into due_id
  from public.org as o
  left join etl_api.data_quality_mark as m on m.org_id = o.id
  where o.deleted_at is null
    and (m.org_id is null and o.object_count > 0
      or m.measured_at <= utils.now() - pause
        and (o.request_count, o.run_count, o.object_count) <> (m.request_count, m.run_count, m.object_count))
  order by m.measured_at nulls first
  limit 1;
  if due_id is null
    or not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('etl_api.measure_data_quality', 0))
  then
    return 0;
  end if;
  perform etl_api.measure_data_quality(due_id);
  return 1;
end
$$;

comment on function etl_api.measure_due_data_quality() is
  'Measures the data quality of one org, the one that waits longest, if one changed since it was measured and that was data_quality_seconds ago. Returns how many it measured. The sweep calls it when it has nothing else to do.';

revoke execute on function etl_api.measure_due_data_quality() from public;
grant execute on function etl_api.measure_due_data_quality() to service_role;
-- end of source

-- source: sql/etl_api/usage/offered_datapoints.sql
create or replace function etl_api.offered_datapoints(org_id uuid)
returns table (object_type_id uuid, datapoint_id uuid, source_id uuid)
language sql stable
set search_path = ''
as $$
  select d.object_type_id, d.id, ds.source_id
  from public.datapoint as d
  left join (
    select m.datapoint_id, m.source_id
    from public.datapoint_source as m
    join public.source as s on s.id = m.source_id
    where s.org_id is null
      or s.org_id = offered_datapoints.org_id
  ) as ds on ds.datapoint_id = d.id
  where d.org_id is null
    or d.org_id = offered_datapoints.org_id
$$;

comment on function etl_api.offered_datapoints(uuid) is
  'The datapoints of an org and the shared ones, each with the sources that offer it to the org; source_id is null where none does.';

revoke execute on function etl_api.offered_datapoints(uuid) from public;
grant execute on function etl_api.offered_datapoints(uuid) to service_role;
-- end of source

-- source: sql/etl_api/usage/recount_org.sql
create or replace function etl_api.recount_org(org_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform 1
  from public.org as o
  where o.id = recount_org.org_id
  for no key update;
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no org %s', coalesce(org_id::text, 'null')),
      hint = 'Give the id of a row of org.';
  end if;

  -- One statement, so one moment for all: a transaction still open has neither its rows nor its note in it, and adds
  -- what it stored when it ends.
  with told as (
    delete from etl_api.org_count_delta as d
    where d.org_id = recount_org.org_id
    returning d.requests, d.runs, d.free_objects
  ), note as (
    select coalesce(pg_catalog.sum(t.requests), 0) as requests, coalesce(pg_catalog.sum(t.runs), 0) as runs,
      coalesce(pg_catalog.sum(t.free_objects), 0) as free_objects
    from told as t
  )
  update public.org as o
  set request_count = greatest(o.request_count + n.requests,
        (select pg_catalog.count(*) from public.activity_request as a where a.org_id = o.id)),
      run_count = greatest(o.run_count + n.runs,
        (select pg_catalog.count(*) from public.run_queue as q where q.org_id = o.id and q.run_request_id is not null)),
      object_count = (select pg_catalog.count(*) from public.object as b where b.org_id = o.id),
      datapoint_count = (select pg_catalog.count(*) from public.datapoint as d where d.org_id = o.id)
        + (select pg_catalog.count(*) from public.datapoint as d where d.org_id is null),
      free_objects = case when o.free_objects > 0 then greatest(o.free_objects - n.free_objects, 0) else o.free_objects end
  from note as n
  where o.id = recount_org.org_id;
end
$$;

comment on function etl_api.recount_org(uuid) is
  'Counts anew what an org has stored, for when rows were written past the triggers (a restore, a bulk load). request_count and run_count are raised to the rows there are, never lowered. It reads all rows of the org. ETL04: no such org.';

revoke execute on function etl_api.recount_org(uuid) from public;
grant execute on function etl_api.recount_org(uuid) to service_role;
-- end of source

-- source: sql/etl_api/usage/refused_objects.sql
create or replace function etl_api.refused_objects(object_ids uuid[])
returns table (datapoint_id uuid, source_id uuid, all_sources boolean, objects bigint)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
  select r.datapoint_id, r.source_id, grouping(r.source_id) = 1, pg_catalog.count(distinct r.object_id)
  from unnest(object_ids) as i (id)
  join public.guardrail_refusal as r on r.object_id = i.id
  where r.stage = 'after_result'
    and r.datapoint_id is not null
  group by grouping sets ((r.datapoint_id, r.source_id), (r.datapoint_id));
end
$$;

comment on function etl_api.refused_objects(uuid[]) is
  'Of how many of these objects a guardrail refused a value, per datapoint and source (null: the requests'' own input) and for all sources together.';

revoke execute on function etl_api.refused_objects(uuid[]) from public;
grant execute on function etl_api.refused_objects(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/usage/roll_up_usage.sql
create or replace function etl_api.roll_up_usage(from_xid bigint, to_xid bigint) returns int
language plpgsql
set search_path = ''
as $$
declare
  written int;
begin
  with used as materialized (
    select *
    from etl_api.usage_of_steps(from_xid, to_xid)
  ), by_day as (
    insert into etl_api.usage_day as d
      (org_id, day, activity_type, activity_id, source_id, requests, requests_failed, request_seconds, runs, runs_failed,
       http_requests, http_failed, objects, "values", refused, cost)
    select *
    from used
    on conflict (org_id, day, activity_type, activity_id, source_id) do update
      set requests = d.requests + excluded.requests,
          requests_failed = d.requests_failed + excluded.requests_failed,
          request_seconds = d.request_seconds + excluded.request_seconds,
          runs = d.runs + excluded.runs,
          runs_failed = d.runs_failed + excluded.runs_failed,
          http_requests = d.http_requests + excluded.http_requests,
          http_failed = d.http_failed + excluded.http_failed,
          objects = d.objects + excluded.objects,
          "values" = d."values" + excluded."values",
          refused = d.refused + excluded.refused,
          cost = d.cost + excluded.cost
    returning 1
  ), by_month as (
    insert into etl_api.usage_month as m
      (org_id, month, activity_type, activity_id, source_id, requests, requests_failed, request_seconds, runs, runs_failed,
       http_requests, http_failed, objects, "values", refused, cost)
    select u.org_id, pg_catalog.date_trunc('month', u.day)::date, u.activity_type, u.activity_id, u.source_id,
      pg_catalog.sum(u.requests), pg_catalog.sum(u.requests_failed), pg_catalog.sum(u.request_seconds),
      pg_catalog.sum(u.runs), pg_catalog.sum(u.runs_failed), pg_catalog.sum(u.http_requests), pg_catalog.sum(u.http_failed),
      pg_catalog.sum(u.objects), pg_catalog.sum(u."values"), pg_catalog.sum(u.refused), pg_catalog.sum(u.cost)
    from used as u
    group by 1, 2, 3, 4, 5
    on conflict (org_id, month, activity_type, activity_id, source_id) do update
      set requests = m.requests + excluded.requests,
          requests_failed = m.requests_failed + excluded.requests_failed,
          request_seconds = m.request_seconds + excluded.request_seconds,
          runs = m.runs + excluded.runs,
          runs_failed = m.runs_failed + excluded.runs_failed,
          http_requests = m.http_requests + excluded.http_requests,
          http_failed = m.http_failed + excluded.http_failed,
          objects = m.objects + excluded.objects,
          "values" = m."values" + excluded."values",
          refused = m.refused + excluded.refused,
          cost = m.cost + excluded.cost
  )
  select pg_catalog.count(*) into written
  from by_day;
  return written;
end
$$;

comment on function etl_api.roll_up_usage(bigint, bigint) is
  'Adds to usage_day and usage_month what ended in the transactions from from_xid to before to_xid. Returns how many rows of usage_day changed. Part of the roll-up, which holds the mark and moves it on.';

revoke execute on function etl_api.roll_up_usage(bigint, bigint) from public;
grant execute on function etl_api.roll_up_usage(bigint, bigint) to service_role;
-- end of source

-- source: sql/etl_api/usage/sample_objects.sql
create or replace function etl_api.sample_objects(org_id uuid, max_objects int)
returns table (object_type_id uuid, object_ids uuid[], sampled boolean)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  -- A hash in order is a shuffle: the first objects by key_hash are a random sample of their type.
  return query
  select t.id, o.ids[1 : max_objects], pg_catalog.cardinality(o.ids) > max_objects
  from public.object_type as t
  cross join lateral (
    select array(
      select b.id
      from public.object as b
      where b.org_id = sample_objects.org_id
        and b.object_type_id = t.id
      order by b.key_hash
      limit max_objects::bigint + 1) as ids
  ) as o
  where (t.org_id is null or t.org_id = sample_objects.org_id)
    and o.ids <> '{}';
end
$$;

comment on function etl_api.sample_objects(uuid, int) is
  'All objects that an org has of each type, or max_objects of them chosen at random where there are more (sampled).';

revoke execute on function etl_api.sample_objects(uuid, int) from public;
grant execute on function etl_api.sample_objects(uuid, int) to service_role;
-- end of source

-- source: sql/etl_api/usage/settle_org_counts.sql
create or replace function etl_api.settle_org_counts(max_orgs int default 1000) returns int
language plpgsql
set search_path = ''
as $$
declare
  free uuid[];
  to_count uuid[];
begin
  -- One at a time: a second one would wait for the notes that the first takes away.
  if not exists (select 1 from etl_api.org_count_delta)
    or not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('etl_api.settle_org_counts', 0))
  then
    return 0;
  end if;

  -- What is for all becomes a note for each, so that it reaches also those whose row is held now.
  delete from etl_api.org_count_delta as d
  where d.org_id is null;
  if found then
    insert into etl_api.org_count_delta (org_id, recount_datapoints, created_at)
    select o.id, true, utils.now()
    from public.org as o;
  end if;
  delete from etl_api.org_count_delta as d
  where not exists (select 1 from public.org as o where o.id = d.org_id);

  free := etl_api.lock_free_orgs(array(
    select distinct d.org_id
    from etl_api.org_count_delta as d
    limit max_orgs));
  with told as (
    delete from etl_api.org_count_delta as d
    where d.org_id = any (free)
      and d.recount_datapoints
    returning d.org_id
  )
  select pg_catalog.array_agg(distinct told.org_id) into to_count
  from told;
  if to_count is not null then
    perform etl_api.count_datapoints(to_count);
  end if;
  perform etl_api.add_org_counts(free);
  return pg_catalog.cardinality(free);
end
$$;

comment on function etl_api.settle_org_counts(int) is
  'Adds to the counters of orgs what lies in org_count_delta, and counts their datapoints anew where they came or went, for at most max_orgs whose row nobody else holds. Returns how many. The sweep calls it.';

revoke execute on function etl_api.settle_org_counts(int) from public;
grant execute on function etl_api.settle_org_counts(int) to service_role;
-- end of source

-- source: sql/etl_api/usage/trigger_count_activity_requests.sql
create or replace function etl_api.trigger_count_activity_requests() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform etl_api.add_org_counts(pg_catalog.array_agg(c.org_id), requests => pg_catalog.array_agg(c.count))
  from (
    select n.org_id, pg_catalog.count(*)
    from new_rows as n
    group by n.org_id
  ) as c
  having pg_catalog.count(*) > 0;
  return null;
end
$$;

comment on function etl_api.trigger_count_activity_requests() is
  'Adds new activity requests to org.request_count.';

revoke execute on function etl_api.trigger_count_activity_requests() from public;
-- end of source

-- source: sql/etl_api/usage/trigger_count_datapoints.sql
create or replace function etl_api.trigger_count_datapoints() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  changed uuid[];
  free uuid[];
begin
  if tg_op = 'INSERT' then
    changed := array(select distinct n.org_id from new_rows as n);
  else
    changed := array(select distinct o.org_id from old_rows as o);
  end if;

  if pg_catalog.array_position(changed, null) is not null then
    perform etl_api.count_datapoints(etl_api.lock_free_orgs(array(select o.id from public.org as o)));
    -- An org that is being made at this moment is not seen here, nor does it see these: the sweep looks again.
    insert into etl_api.org_count_delta (org_id, recount_datapoints, created_at)
    values (null, true, utils.now());
  else
    free := etl_api.lock_free_orgs(changed);
    perform etl_api.count_datapoints(free);
    insert into etl_api.org_count_delta (org_id, recount_datapoints, created_at)
    select o.id, true, utils.now()
    from public.org as o
    where o.id = any (changed)
      and o.id <> all (free);
  end if;
  return null;
end
$$;

comment on function etl_api.trigger_count_datapoints() is
  'Counts the datapoints of orgs anew when some come or go; shared ones are counted for every org.';

revoke execute on function etl_api.trigger_count_datapoints() from public;
-- end of source

-- source: sql/etl_api/usage/trigger_count_new_orgs.sql
create or replace function etl_api.trigger_count_new_orgs() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform etl_api.count_datapoints(array(select n.id from new_rows as n));
  -- A shared datapoint that is being made at this moment is not seen here: the sweep looks again.
  insert into etl_api.org_count_delta (org_id, recount_datapoints, created_at)
  select n.id, true, utils.now()
  from new_rows as n;
  return null;
end
$$;

comment on function etl_api.trigger_count_new_orgs() is
  'Counts the shared datapoints for new orgs.';

revoke execute on function etl_api.trigger_count_new_orgs() from public;
-- end of source

-- source: sql/etl_api/usage/trigger_count_objects.sql
create or replace function etl_api.trigger_count_objects() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    perform etl_api.add_org_counts(pg_catalog.array_agg(c.org_id),
      objects => pg_catalog.array_agg(c.count), new_objects => pg_catalog.array_agg(c.count))
    from (
      select n.org_id, pg_catalog.count(*)
      from new_rows as n
      group by n.org_id
    ) as c
    having pg_catalog.count(*) > 0;
  else
    -- An object deleted gives no free object back.
    perform etl_api.add_org_counts(pg_catalog.array_agg(c.org_id), objects => pg_catalog.array_agg(- c.count))
    from (
      select o.org_id, pg_catalog.count(*)
      from old_rows as o
      group by o.org_id
    ) as c
    having pg_catalog.count(*) > 0;
  end if;
  return null;
end
$$;

comment on function etl_api.trigger_count_objects() is
  'Keeps org.object_count with the objects stored, and takes new ones from org.free_objects.';

revoke execute on function etl_api.trigger_count_objects() from public;
-- end of source

-- source: sql/etl_api/usage/usage_of_steps.sql
create or replace function etl_api.usage_of_steps(from_xid bigint default 0, to_xid bigint default 9223372036854775807)
returns table (
  org_id uuid, day date, activity_type text, activity_id uuid, source_id uuid,
  requests bigint, requests_failed bigint, request_seconds numeric, runs bigint, runs_failed bigint,
  http_requests bigint, http_failed bigint, objects bigint, "values" bigint, refused bigint, cost numeric)
language plpgsql stable
set search_path = ''
-- The rows are looked up one by one by their key: a few of very many.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
  with ended as materialized (
    select h.entity, h.entity_id, h.org_id, h.at, (h.at at time zone 'UTC')::date as day, h.to_state,
      (h.to_state <> 'done')::int as failed
    from etl_api.state_history_tail as h
    where h.xid >= from_xid
      and h.xid < to_xid
      and h.entity in ('activity_request', 'run_queue', 'run_request')
      and h.to_state in ('done', 'failed', 'timedout', 'invalid')
  ), used as (
    -- Of an activity request that was taken up again since, only this end is known, not what it had brought.
    select e.org_id, e.day, a.activity_type, a.activity_id, null::uuid as source_id,
      1 as requests, e.failed as requests_failed,
      case when a.finished_at = e.at then extract(epoch from a.finished_at - a.started_at) end as request_seconds,
      0 as runs, 0 as runs_failed, 0 as http_requests, 0 as http_failed,
      case when a.finished_at = e.at then (r.summary ->> 'objects')::bigint end as objects,
      case when a.finished_at = e.at then (r.summary ->> 'values')::bigint end as "values",
      case when a.finished_at = e.at then (r.summary ->> 'refused')::bigint end as refused,
      0::numeric as cost
    from ended as e
    left join public.activity_request as a on a.id = e.entity_id and a.org_id = e.org_id
    left join public.activity_result as r on r.activity_request_id = a.id and r.org_id = a.org_id
    where e.entity = 'activity_request'
    union all
    select e.org_id, e.day, a.activity_type, a.activity_id, q.source_id,
      0, 0, 0, 1, e.failed, 0, 0, 0, 0, 0, 0
    from ended as e
    left join public.run_queue as q on q.id = e.entity_id and q.org_id = e.org_id
    left join public.activity_request as a on a.id = q.activity_request_id and a.org_id = q.org_id
    where e.entity = 'run_queue'
    union all
    -- What could not be filled in, or was cancelled before it went out, was never sent and costs nothing.
    select e.org_id, e.day, a.activity_type, a.activity_id, h.source_id,
      0, 0, 0, 0, 0, 1, e.failed, 0, 0, 0, h.cost
    from ended as e
    left join public.run_request as h on h.id = e.entity_id and h.org_id = e.org_id
    left join public.activity_request as a on a.id = h.activity_request_id and a.org_id = h.org_id
    where e.entity = 'run_request'
      and e.to_state <> 'invalid'
      and h.attempts is distinct from 0
  )
  select u.org_id, u.day, u.activity_type, u.activity_id, u.source_id,
    pg_catalog.sum(u.requests), pg_catalog.sum(u.requests_failed), coalesce(pg_catalog.sum(u.request_seconds), 0),
    pg_catalog.sum(u.runs), pg_catalog.sum(u.runs_failed),
    pg_catalog.sum(u.http_requests), pg_catalog.sum(u.http_failed),
    coalesce(pg_catalog.sum(u.objects), 0)::bigint, coalesce(pg_catalog.sum(u."values"), 0)::bigint,
    coalesce(pg_catalog.sum(u.refused), 0)::bigint, coalesce(pg_catalog.sum(u.cost), 0)
  from used as u
  group by u.org_id, u.day, u.activity_type, u.activity_id, u.source_id;
end
$$;

comment on function etl_api.usage_of_steps(bigint, bigint) is
  'What the activity requests, runs and HTTP requests used that ended in the transactions from from_xid to before to_xid and have not been rolled up, as rows of usage_day, of those the reader may see. One that was taken up again and ended again counts once for each end.';

revoke execute on function etl_api.usage_of_steps(bigint, bigint) from public;
grant execute on function etl_api.usage_of_steps(bigint, bigint) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/usage/value_quality.sql
create or replace function etl_api.value_quality(object_ids uuid[])
returns table (
  datapoint_id uuid, source_id uuid, all_sources boolean, with_value bigint, fresh bigint, median_age interval,
  compared bigint, conflicting bigint)
language plpgsql stable
set search_path = ''
-- Values are looked up by their objects: never a scan of what all tenants store.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
begin
  return query
  with known as (
    select v.object_id, v.datapoint_id, v.source_id, moment - v.observed_at as age,
      coalesce(v.observed_at + ds.max_age > moment, true) as fresh,
      -- Blanks around, case and the way a number is written are no disagreement.
      case pg_catalog.jsonb_typeof(v.value)
        when 'string' then pg_catalog.lower(pg_catalog.btrim(v.value #>> '{}'))
        when 'number' then pg_catalog.trim_scale((v.value #>> '{}')::numeric)::text
        else v.value::text
      end collate "C" as said
    from unnest(object_ids) as i (id)
    join public.value as v on v.object_id = i.id
    left join public.datapoint_source as ds
      on ds.source_id = v.source_id
      and ds.datapoint_id = v.datapoint_id
  ), told as materialized (
    select k.*,
      pg_catalog.count(*) over same > 1 as compared,
      pg_catalog.min(k.said) over same <> pg_catalog.max(k.said) over same as conflicting,
      pg_catalog.bool_or(k.fresh) over same as any_fresh,
      pg_catalog.row_number() over (same order by k.age) = 1 as is_latest
    from known as k
    window same as (partition by k.object_id, k.datapoint_id)
  )
  select t.datapoint_id, t.source_id, false,
    pg_catalog.count(*),
    pg_catalog.count(*) filter (where t.fresh),
    pg_catalog.percentile_cont(0.5) within group (order by t.age),
    pg_catalog.count(*) filter (where t.compared),
    pg_catalog.count(*) filter (where t.conflicting)
  from told as t
  group by t.datapoint_id, t.source_id
  union all
  -- All sources together: of each object the latest word.
  select t.datapoint_id, null, true,
    pg_catalog.count(*),
    pg_catalog.count(*) filter (where t.any_fresh),
    pg_catalog.percentile_cont(0.5) within group (order by t.age),
    pg_catalog.count(*) filter (where t.compared),
    pg_catalog.count(*) filter (where t.conflicting)
  from told as t
  where t.is_latest
  group by t.datapoint_id;
end
$$;

comment on function etl_api.value_quality(uuid[]) is
  'Of these objects, per datapoint and source (null: the requests'' own input) and for all sources together: how many have a value, how many a fresh one, the median age, how many have values of several sources, and how many of those contradict each other.';

revoke execute on function etl_api.value_quality(uuid[]) from public;
grant execute on function etl_api.value_quality(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/watch/explain.sql
create or replace function etl_api.explain(id uuid) returns setof text
language plpgsql stable security definer
set search_path = ''
as $$
declare
  target constant record := etl_api.find_visible(id);
begin
  case target.entity
    when 'workflow_request' then return query select etl_api.explain_workflow(id);
    when 'activity_request' then return query select etl_api.explain_activity(id);
    when 'run_queue' then return query select etl_api.explain_run(id);
    when 'run_request' then return query select etl_api.explain_run_request(id);
    when 'delivery' then return query select etl_api.explain_delivery(id);
  end case;
end
$$;

comment on function etl_api.explain(uuid) is
  'Where a workflow request, activity request, run, HTTP request or message is and what it waits for, in sentences, one a row: its state and since when, what it waits for and how long, what failed and why, what to do. ETL04: no such request.';

revoke execute on function etl_api.explain(uuid) from public;
grant execute on function etl_api.explain(uuid) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/explain_activities.sql
create or replace function etl_api.explain_activities(workflow_request_id uuid) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  shown constant int := 20;
  ids constant uuid[] := array(
    select ar.id
    from public.activity_request as ar
    where ar.workflow_request_id = explain_activities.workflow_request_id
      and (ar.state not in ('done', 'delivered') or ar.state_substate is not null)
    order by ar.workflow_phase, ar.activity_key);
  rest constant int := pg_catalog.cardinality(ids) - shown;
begin
  return query
  select s.sentence
  from pg_catalog.unnest(ids[1:shown]) with ordinality as a (id, place)
  cross join lateral etl_api.explain_activity(a.id, false) with ordinality as s (sentence, line)
  order by a.place, s.line;
  if rest > 0 then
    return next pg_catalog.format('And %s.', etl_api.explain_count(rest, 'more activity', 'more activities'));
  end if;
end
$$;

comment on function etl_api.explain_activities(uuid) is
  'The sentences about the activities of a workflow request that are not plainly done, in their order, the first 20; see explain.';

revoke execute on function etl_api.explain_activities(uuid) from public;
-- end of source

-- source: sql/etl_api/watch/explain_activity.sql
create or replace function etl_api.explain_activity(id uuid, with_messages boolean default true) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  activity public.activity_request;
  first record;
  waits_for text;
begin
  select ar.* into activity
  from public.activity_request as ar
  where ar.id = explain_activity.id;
  first := etl_api.explain_state('activity_request', id, pg_catalog.format('Activity %L', activity.activity_key),
    activity.state::text, activity.state_substate);
  return next first.sentence;

  if activity.state = 'waiting' then
    waits_for := etl_api.explain_progress(array(
      select before.id
      from public.activity_request as before
      where before.workflow_request_id = activity.workflow_request_id
        and before.activity_key = any (etl_api.activities_waited_for(activity.id))));
    return next coalesce('Waits for ' || waits_for || '.', 'What it waited for has ended: it begins at once.');
  elsif activity.state = 'in_progress' then
    return query select etl_api.explain_open_runs(id);
    return query select etl_api.explain_open_requests(id);
  end if;
  -- What has no path is the reason of the state, which the first sentence told.
  return query select etl_api.explain_faults(pg_catalog.jsonb_path_query_array(activity.errors, '$[*] ? (@.path != null)'));
  return query select etl_api.explain_bad_runs(id);
  return query select etl_api.explain_refusals(id);
  if activity.state in ('done', 'delivered') then
    return query select etl_api.explain_result(id);
  end if;
  if with_messages then
    return query select etl_api.explain_messages(activity.workflow_request_id, id);
  end if;
  if activity.state in ('new', 'valid', 'waiting', 'ready', 'in_progress') then
    return query select etl_api.explain_timeout(activity.timeout_at);
  end if;
  if first.advice is not null then
    return next etl_api.explain_advice(first.advice, id);
  end if;
end
$$;

comment on function etl_api.explain_activity(uuid, boolean) is
  'The sentences about an activity request, with or without its messages; see explain.';

revoke execute on function etl_api.explain_activity(uuid, boolean) from public;
-- end of source

-- source: sql/etl_api/watch/explain_advice.sql
create or replace function etl_api.explain_advice(advice text, id uuid) returns text
language sql immutable
set search_path = ''
as $$
  select pg_catalog.regexp_replace(advice, '(etl_api\.[a-z_]+)\(id\)', pg_catalog.format('\1(%L)', id), 'g')
$$;

comment on function etl_api.explain_advice(text, uuid) is
  'What to do, with the id filled in, so that the call can be copied.';

revoke execute on function etl_api.explain_advice(text, uuid) from public;
-- end of source

-- source: sql/etl_api/watch/explain_bad_runs.sql
create or replace function etl_api.explain_bad_runs(activity_request_id uuid) returns setof text
language sql stable
set search_path = ''
as $$
  select pg_catalog.format('%s at source %s %s: %s.',
    etl_api.explain_count(b.number, 'run', 'runs'), b.name,
    b.state || coalesce(' (' || b.state_substate || ')', ''), pg_catalog.rtrim(coalesce(b.message, 'no reason was given'), '. '))
  from (
    select s.name, q.state, q.state_substate, pg_catalog.count(*) as number, pg_catalog.min(q.error ->> 'message') as message
    from public.run_queue as q
    join public.source as s on s.id = q.source_id
    where q.activity_request_id = explain_bad_runs.activity_request_id
      and q.state in ('failed', 'timedout', 'invalid')
    group by s.name, q.state, q.state_substate
    order by number desc, s.name, q.state, q.state_substate
    limit 20
  ) as b
$$;

comment on function etl_api.explain_bad_runs(uuid) is
  'The runs of an activity request that did not end well, a sentence per source and kind of failure with an example, at most 20.';

revoke execute on function etl_api.explain_bad_runs(uuid) from public;
-- end of source

-- source: sql/etl_api/watch/explain_budget.sql
create or replace function etl_api.explain_budget(org_id uuid) returns text
language sql stable
set search_path = ''
as $$
  select pg_catalog.format(
    ': the monthly budget of the org is %s, of which %s is spent; it goes on when that is raised (org.settings.monthly_budget) or when the next month begins, in %s.',
    coalesce(etl_api.monthly_budget(o.settings)::text, 'gone'), coalesce(u.amount, 0),
    etl_api.explain_span((etl_api.budget_month() + interval '1 month') at time zone 'UTC' - utils.now()))
  from public.org as o
  left join etl_api.budget_used as u
    on u.org_id = o.id
    and u.month = etl_api.budget_month()
  where o.id = explain_budget.org_id
$$;

comment on function etl_api.explain_budget(uuid) is
  'The end of a sentence about what the monthly budget of an org does not allow.';

revoke execute on function etl_api.explain_budget(uuid) from public;
-- end of source

-- source: sql/etl_api/watch/explain_count.sql
create or replace function etl_api.explain_count(number bigint, one text, several text) returns text
language sql immutable
set search_path = ''
as $$
  select number || ' ' || case when number = 1 then one else several end
$$;

comment on function etl_api.explain_count(bigint, text, text) is 'A number with its noun: 1 run, 12 runs.';

revoke execute on function etl_api.explain_count(bigint, text, text) from public;
grant execute on function etl_api.explain_count(bigint, text, text) to service_role;
-- end of source

-- source: sql/etl_api/watch/explain_delivery.sql
create or replace function etl_api.explain_delivery(id uuid) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  -- One attempt at once, then one after each time of the schedule.
  attempts constant int := 1 + pg_catalog.jsonb_array_length(coalesce(etl_api.setting_value('delivery_schedule_seconds'), '[]'));
  message public.delivery;
  first record;
begin
  select d.* into message
  from public.delivery as d
  where d.id = explain_delivery.id;
  first := etl_api.explain_state('delivery', id, pg_catalog.format('The message %s to %s', message.event_type, message.url),
    message.state::text, message.state_substate,
    case when message.state in ('failed', 'timedout', 'invalid', 'waiting') then message.error ->> 'message' end);
  return next first.sentence;

  if message.message_id is not null then
    return next pg_catalog.format('It repeats a message that was delivered before, %s.', message.message_id);
  end if;
  if message.state = 'waiting' then
    return next pg_catalog.format('Attempt %s of %s failed; the next one is %s.', message.attempts, attempts,
      etl_api.explain_due(message.due_at, 'deliver-webhooks'));
  elsif message.state = 'ready' then
    return next pg_catalog.format('It is %s.', etl_api.explain_due(message.due_at, 'deliver-webhooks'));
  elsif message.state = 'in_progress' then
    return next pg_catalog.format('Waits for the client (worker %s); without an answer, it is sent again in %s.', message.worker,
      etl_api.explain_span(message.lease_until - utils.now()));
  end if;
  if exists (
    select 1
    from public.webhook_endpoint as e
    where e.id = message.endpoint_id
      and e.org_id = message.org_id
      and e.disabled_at is not null)
  then
    return next 'Its endpoint is disabled: set webhook_endpoint.disabled_at to null before it is sent again.';
  end if;
  if first.advice is not null then
    return next etl_api.explain_advice(first.advice, id);
  end if;
end
$$;

comment on function etl_api.explain_delivery(uuid) is
  'The sentences about a message; see explain.';

revoke execute on function etl_api.explain_delivery(uuid) from public;
-- end of source

-- source: sql/etl_api/watch/explain_due.sql
create or replace function etl_api.explain_due(due_at timestamptz, worker text) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  wait constant interval := utils.now() - due_at;
  patience constant interval := pg_catalog.make_interval(
    secs => utils.number_or(etl_api.setting_value('stuck_after_seconds'), 900)::double precision);
begin
  if wait < interval '0' then
    return pg_catalog.format('due in %s', etl_api.explain_span(-wait));
  end if;
  return pg_catalog.format('due %s, to be claimed by %s', case when wait < interval '1 second' then 'now' else 'for ' || etl_api.explain_span(wait) end, worker)
    || case when wait > patience
      then pg_catalog.format('; that is long: see whether %s runs and its bell arrives (docs/operating.md)', worker)
      else '' end;
end
$$;

comment on function etl_api.explain_due(timestamptz, text) is
  'When something is due, and that it waits too long for its worker (execute-runs, deliver-webhooks) when it does (setting stuck_after_seconds).';

revoke execute on function etl_api.explain_due(timestamptz, text) from public;
-- end of source

-- source: sql/etl_api/watch/explain_faults.sql
create or replace function etl_api.explain_faults(errors jsonb) returns setof text
language plpgsql immutable
set search_path = ''
as $$
declare
  shown constant int := 20;
  faults constant jsonb := case when pg_catalog.jsonb_typeof(errors) = 'array' then errors else '[]' end;
  rest constant int := pg_catalog.jsonb_array_length(faults) - shown;
begin
  return query
  select pg_catalog.concat_ws(' ', 'At ' || (f.value ->> 'path') || ':', f.value ->> 'message', f.value ->> 'hint')
  from pg_catalog.jsonb_array_elements(faults) with ordinality as f (value, place)
  where f.place <= shown
  order by f.place;
  if rest > 0 then
    return next pg_catalog.format('And %s.', etl_api.explain_count(rest, 'more fault', 'more faults'));
  end if;
end
$$;

comment on function etl_api.explain_faults(jsonb) is
  'The faults in the errors of a request, a sentence each, the first 20.';

revoke execute on function etl_api.explain_faults(jsonb) from public;
-- end of source

-- source: sql/etl_api/watch/explain_messages.sql
create or replace function etl_api.explain_messages(workflow_request_id uuid, activity_request_id uuid default null)
returns setof text
language sql stable
set search_path = ''
as $$
  select case m.state
      when 'failed' then pg_catalog.format('%s given up (%s): %s. etl_api.redeliver(%L) sends %s again.',
        etl_api.explain_count(m.number, 'message was', 'messages were'), m.substate,
        pg_catalog.rtrim(coalesce(m.message, 'no reason was given'), '. '),
        coalesce(explain_messages.activity_request_id, explain_messages.workflow_request_id), case m.number when 1 then 'it' else 'them' end)
      when 'in_progress' then pg_catalog.format('Waits for the client: %s being sent.',
        etl_api.explain_count(m.number, 'message is', 'messages are'))
      when 'waiting' then pg_catalog.format('%s for the next attempt, %s: %s.',
        etl_api.explain_count(m.number, 'message waits', 'messages wait'), etl_api.explain_due(m.due_at, 'deliver-webhooks'),
        pg_catalog.rtrim(coalesce(m.message, 'the last attempt failed'), '. '))
      else pg_catalog.format('%s to be sent: %s.', etl_api.explain_count(m.number, 'message is', 'messages are'),
        etl_api.explain_due(m.due_at, 'deliver-webhooks'))
    end
  from (
    select d.state::text as state, d.state_substate as substate, pg_catalog.count(*) as number,
      pg_catalog.min(d.due_at) as due_at, pg_catalog.min(d.error ->> 'message') as message
    from public.delivery as d
    where d.workflow_request_id = explain_messages.workflow_request_id
      and (explain_messages.activity_request_id is null or d.activity_request_id = explain_messages.activity_request_id)
      and d.state <> 'delivered'
      -- What a later message has replaced no longer matters.
      and (d.state <> 'failed' or d.message_id is not null or d.id in (
        select c.delivery_id
        from etl_api.current_deliveries(array[explain_messages.workflow_request_id]) as c))
    group by d.state, d.state_substate
  ) as m
  order by m.state, m.substate
$$;

comment on function etl_api.explain_messages(uuid, uuid) is
  'What the messages of a workflow request, or of one activity request, wait for, a sentence per substate; none when all were taken.';

revoke execute on function etl_api.explain_messages(uuid, uuid) from public;
-- end of source

-- source: sql/etl_api/watch/explain_open_requests.sql
create or replace function etl_api.explain_open_requests(
  activity_request_id uuid, root_id uuid default null, run_request_id uuid default null)
returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  held record;
begin
  for held in
    select s.id, s.name, r.org_id, r.state::text as state, r.state_substate as substate, pg_catalog.count(*) as number,
      etl_api.explain_count(pg_catalog.count(*), 'HTTP request', 'HTTP requests') as requests,
      pg_catalog.min(r.due_at) as due_at, pg_catalog.max(r.lease_until) as lease_until, pg_catalog.min(r.worker) as worker,
      pg_catalog.max(r.polls) as polls, pg_catalog.max(r.attempts) as attempts,
      utils.number_or(s.retry_policy -> 'max_attempts', 5) as max_attempts,
      (pg_catalog.array_agg(r.error ->> 'message' order by r.due_at))[1] as message
    from public.run_request as r
    join public.source as s on s.id = r.source_id
    where r.activity_request_id = explain_open_requests.activity_request_id
      and r.state in ('waiting', 'ready', 'in_progress')
      and (explain_open_requests.root_id is null or r.root_id = explain_open_requests.root_id)
      and (run_request_id is null or r.id = run_request_id)
    group by s.id, s.name, r.org_id, r.state, r.state_substate
    order by s.name, s.id, r.state, r.state_substate
  loop
    return next case
      when held.state = 'in_progress' then
        pg_catalog.format('Waits for the answer to %s in flight to source %s (worker %s); without one, it is sent again in %s.',
          held.requests, held.name, held.worker, etl_api.explain_span(held.lease_until - utils.now()))
      when held.substate = 'polling' then
        pg_catalog.format('Waits for source %s, which is at work on %s; it was asked %s and the next question is %s.', held.name,
          held.requests, etl_api.explain_count(held.polls, 'time', 'times'), etl_api.explain_due(held.due_at, 'execute-runs'))
      when held.substate = 'backoff' and held.due_at > utils.now() then
        pg_catalog.format('Waits %s for its retry: %s (%s).', etl_api.explain_span(held.due_at - utils.now()),
          pg_catalog.rtrim(coalesce(held.message, 'the last attempt failed'), '. '),
          case when held.number = 1 then pg_catalog.format('attempt %s of %s failed', held.attempts, held.max_attempts)
            else pg_catalog.format('%s to source %s, the first of them', held.requests, held.name) end)
      else
        pg_catalog.format('%s to source %s to be sent', held.requests, held.name || case held.number when 1 then ' is' else ' are' end)
        || case when held.substate = 'budget' then etl_api.explain_budget(held.org_id)
          else coalesce('. ' || etl_api.explain_source(held.id), ': ' || etl_api.explain_due(held.due_at, 'execute-runs') || '.') end
    end;
  end loop;
end
$$;

comment on function etl_api.explain_open_requests(uuid, uuid, uuid) is
  'What the open HTTP requests of an activity request wait for, a sentence per source and substate; of one chain or one request only, when it is given.';

revoke execute on function etl_api.explain_open_requests(uuid, uuid, uuid) from public;
-- end of source

-- source: sql/etl_api/watch/explain_open_runs.sql
create or replace function etl_api.explain_open_runs(activity_request_id uuid, run_id uuid default null)
returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  held record;
begin
  for held in
    select s.id, s.name, q.org_id, s.cost_per_run > 0 and etl_api.is_over_budget(q.org_id, s.cost_per_run) as budget, pg_catalog.count(*) as number,
      pg_catalog.min(q.due_at) as due_at
    from public.run_queue as q
    join public.source as s on s.id = q.source_id
    where q.activity_request_id = explain_open_runs.activity_request_id
      and q.state in ('waiting', 'ready')
      and (run_id is null or q.id = run_id)
    group by s.id, q.org_id
    order by s.name, s.id
  loop
    return next case when run_id is null
        then pg_catalog.format('%s for source %s', etl_api.explain_count(held.number, 'run waits', 'runs wait'), held.name)
        else pg_catalog.format('Waits for source %s', held.name)
      end
      || case when held.budget then etl_api.explain_budget(held.org_id)
        else coalesce('. ' || etl_api.explain_source(held.id), ': ' || etl_api.explain_due(held.due_at, 'execute-runs') || '.')
      end;
  end loop;
end
$$;

comment on function etl_api.explain_open_runs(uuid, uuid) is
  'What the runs of an activity request that are not sent yet wait for, a sentence per source; of one run only, when it is given.';

revoke execute on function etl_api.explain_open_runs(uuid, uuid) from public;
-- end of source

-- source: sql/etl_api/watch/explain_progress.sql
create or replace function etl_api.explain_progress(activity_request_ids uuid[]) returns text
language sql stable
set search_path = ''
as $$
  -- Runs are counted of those that are named only.
  select pg_catalog.string_agg(
      pg_catalog.format('activity %L (%s%s)', a.activity_key, a.state,
        case when r.number > 0 then pg_catalog.format(', %s of %s ended', r.ended, etl_api.explain_count(r.number, 'run', 'runs'))
          else '' end),
      ', ' order by a.workflow_phase, a.activity_key)
    || case when pg_catalog.cardinality(activity_request_ids) > 5
      then pg_catalog.format(' and %s more', pg_catalog.cardinality(activity_request_ids) - 5) else '' end
  from (
    select ar.*
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)
    order by ar.workflow_phase, ar.activity_key
    limit 5
  ) as a
  cross join lateral (
    select pg_catalog.count(*) as number,
      pg_catalog.count(*) filter (where q.state in ('done', 'delivered', 'failed', 'timedout', 'invalid')) as ended
    from public.run_queue as q
    where q.activity_request_id = a.id
  ) as r
$$;

comment on function etl_api.explain_progress(uuid[]) is
  'Activity requests with their state and how many of their runs have ended, the first five: activity ''enrich'' (in_progress, 12 of 40 runs ended).';

revoke execute on function etl_api.explain_progress(uuid[]) from public;
-- end of source

-- source: sql/etl_api/watch/explain_refusals.sql
create or replace function etl_api.explain_refusals(activity_request_id uuid) returns setof text
language sql stable
set search_path = ''
as $$
  select pg_catalog.format('A guardrail refused %s: %s',
    case g.stage
      when 'before_run' then etl_api.explain_count(g.number, 'object before it was run', 'objects before they were run')
      else etl_api.explain_count(g.number, 'answer', 'answers')
    end,
    g.description)
  from (
    select r.stage, r.description, pg_catalog.count(*) as number
    from public.guardrail_refusal as r
    where r.activity_request_id = explain_refusals.activity_request_id
    group by r.stage, r.description
    order by r.stage desc, number desc, r.description
    limit 20
  ) as g
$$;

comment on function etl_api.explain_refusals(uuid) is
  'What guardrails refused in an activity request, a sentence per guardrail and stage with their number, at most 20.';

revoke execute on function etl_api.explain_refusals(uuid) from public;
-- end of source

-- source: sql/etl_api/watch/explain_result.sql
create or replace function etl_api.explain_result(activity_request_id uuid) returns setof text
language sql stable
set search_path = ''
as $$
  select pg_catalog.format('Its result has %s with %s; %s missing.',
    etl_api.explain_count((r.summary ->> 'objects')::bigint, 'object', 'objects'),
    etl_api.explain_count((r.summary ->> 'values')::bigint, 'value', 'values'),
    case r.summary -> 'missing'
      when '0' then 'nothing asked for is'
      else etl_api.explain_count((r.summary ->> 'missing')::bigint, 'value asked for is', 'values asked for are')
    end)
  from public.activity_result as r
  where r.activity_request_id = explain_result.activity_request_id
$$;

comment on function etl_api.explain_result(uuid) is
  'How much is in the result of an activity request; no row when it has none.';

revoke execute on function etl_api.explain_result(uuid) from public;
-- end of source

-- source: sql/etl_api/watch/explain_run.sql
create or replace function etl_api.explain_run(id uuid) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  run public.run_queue;
  label text;
  first record;
begin
  select q.* into run
  from public.run_queue as q
  where q.id = explain_run.id;
  select pg_catalog.format('The run of %s at source %s', coalesce(o.natural_key::text, 'a search'), s.name) into label
  from public.source as s
  left join public.object as o
    on o.id = run.object_id
    and o.org_id = run.org_id
  where s.id = run.source_id;
  first := etl_api.explain_state('run_queue', id, label, run.state::text, run.state_substate,
    case when run.state in ('failed', 'timedout', 'invalid') then run.error ->> 'message' end);
  return next first.sentence;

  if run.state in ('waiting', 'ready') then
    return query select etl_api.explain_open_runs(run.activity_request_id, id);
  elsif run.state = 'in_progress' then
    return query select etl_api.explain_open_requests(run.activity_request_id, run.run_request_id);
  end if;
  if run.state in ('waiting', 'ready', 'in_progress') then
    return query select etl_api.explain_timeout(run.timeout_at);
  end if;
  if first.advice is not null then
    return next etl_api.explain_advice(first.advice, id);
  end if;
end
$$;

comment on function etl_api.explain_run(uuid) is
  'The sentences about a run; see explain.';

revoke execute on function etl_api.explain_run(uuid) from public;
-- end of source

-- source: sql/etl_api/watch/explain_run_request.sql
create or replace function etl_api.explain_run_request(id uuid) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  request public.run_request;
  first record;
begin
  select r.* into request
  from public.run_request as r
  where r.id = explain_run_request.id;
  first := etl_api.explain_state('run_request', id,
    pg_catalog.format('The HTTP request (%s%s) to source %s', request.kind,
      case when request.page > 1 then ', page ' || request.page else '' end,
      (select s.name from public.source as s where s.id = request.source_id)),
    request.state::text, request.state_substate,
    case when request.state in ('failed', 'timedout', 'invalid') then request.error ->> 'message' end);
  return next first.sentence;

  return query select etl_api.explain_open_requests(request.activity_request_id, null, id);
  if first.advice is not null then
    return next etl_api.explain_advice(first.advice, id);
  end if;
end
$$;

comment on function etl_api.explain_run_request(uuid) is
  'The sentences about an HTTP request; see explain.';

revoke execute on function etl_api.explain_run_request(uuid) from public;
-- end of source

-- source: sql/etl_api/watch/explain_source.sql
create or replace function etl_api.explain_source(source_id uuid) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  asked public.source;
  in_flight bigint;
  full_window record;
begin
  select s.* into asked
  from public.source as s
  where s.id = explain_source.source_id;

  if not asked.enabled then
    return pg_catalog.format('Source %s is disabled: nothing is sent to it until source.enabled is true.', asked.name);
  end if;
  if asked.max_concurrency is not null then
    select pg_catalog.count(*) into in_flight
    from public.run_request as r
    where r.source_id = asked.id
      and r.state = 'in_progress';
    if in_flight >= asked.max_concurrency then
      return pg_catalog.format('Source %s has %s in flight, which is all that max_concurrency allows: the next goes out when one of them ends.',
        asked.name, etl_api.explain_count(in_flight, 'HTTP request', 'HTTP requests'));
    end if;
  end if;

  -- Of several windows that are full, the one that ends last counts.
  select l.key as period, l.value as allowed, w.ends_at into full_window
  from pg_catalog.jsonb_each(case when pg_catalog.jsonb_typeof(asked.rate_limit) = 'object' then asked.rate_limit end) as l
  join etl_api.source_window as u
    on u.source_id = asked.id
    and u.period = l.key
    and u.used >= (l.value #>> '{}')::numeric
  cross join lateral (
    select u.began_at + ('1 ' || l.key)::interval as ends_at
  ) as w
  where w.ends_at > utils.now()
  order by w.ends_at desc
  limit 1;
  if found then
    return pg_catalog.format('Source %s was sent the %s that rate_limit allows in a %s: the next goes out in %s.',
      asked.name, etl_api.explain_count((full_window.allowed #>> '{}')::bigint, 'HTTP request', 'HTTP requests'),
      full_window.period, etl_api.explain_span(full_window.ends_at - utils.now()));
  end if;
  return null;
end
$$;

comment on function etl_api.explain_source(uuid) is
  'What keeps a source from being asked just now: disabled, max_concurrency or rate_limit, as a sentence; null when nothing does.';

revoke execute on function etl_api.explain_source(uuid) from public;
-- end of source

-- source: sql/etl_api/watch/explain_span.sql
create or replace function etl_api.explain_span(span interval) returns text
language sql immutable
set search_path = ''
as $$
  -- The two largest units say enough: 34 s, 2 h 10 min, 3 d 4 h.
  select case
    when seconds < 60 then greatest(seconds, 0) || ' s'
    when seconds < 3600 then seconds / 60 || ' min' || case when seconds % 60 > 0 and seconds < 600 then ' ' || seconds % 60 || ' s' else '' end
    when seconds < 86400 then seconds / 3600 || ' h' || case when seconds % 3600 >= 60 then ' ' || seconds % 3600 / 60 || ' min' else '' end
    else seconds / 86400 || ' d' || case when seconds % 86400 >= 3600 then ' ' || seconds % 86400 / 3600 || ' h' else '' end
  end
  from pg_catalog.ceil(extract(epoch from span)::numeric) as rounded (seconds_numeric)
  cross join lateral (select rounded.seconds_numeric::bigint as seconds) as whole
$$;

comment on function etl_api.explain_span(interval) is 'A span of time as people say it: 34 s, 2 h 10 min, 3 d 4 h.';

revoke execute on function etl_api.explain_span(interval) from public;
grant execute on function etl_api.explain_span(interval) to service_role;
-- end of source

-- source: sql/etl_api/watch/explain_state.sql
create or replace function etl_api.explain_state(
  entity etl_api.entity_kind, id uuid, label text, state text, substate text, error text default null,
  out sentence text, out advice text)
language plpgsql stable
set search_path = ''
as $$
declare
  known record;
  since timestamptz;
  why text;
begin
  select m.meaning, m.advice into known
  from etl_api.substate_meaning() as m
  where m.entity = explain_state.entity
    and m.state = explain_state.state
    and (m.substate is null
      or m.substate = case when explain_state.substate ~ '^http_[0-9]+$' then 'http_nnn' else explain_state.substate end)
  order by m.substate nulls last
  limit 1;

  select h.at, h.reason into since, why
  from etl_api.state_history as h
  where h.entity_id = explain_state.id
  order by h.seq desc
  limit 1;

  sentence := pg_catalog.format('%s is %s%s%s: %s.', label, state, ' (' || substate || ')',
    ' since ' || etl_api.explain_time(since),
    coalesce(known.meaning || case when error is not null and substate is distinct from 'cancelled' then ' – ' || pg_catalog.rtrim(error, '. ') else '' end, 'it is as it says'));
  if state = 'failed' and substate = 'cancelled' and why is not null then
    sentence := sentence || pg_catalog.format(' The history says: %s.', pg_catalog.rtrim(why, '. '));
  end if;
  advice := known.advice;
end
$$;

comment on function etl_api.explain_state(etl_api.entity_kind, uuid, text, text, text, text) is
  'The first sentence about a row: what state it is in, since when, what that means, and its error; advice says what to do, null when there is nothing.';

revoke execute on function etl_api.explain_state(etl_api.entity_kind, uuid, text, text, text, text) from public;
-- end of source

-- source: sql/etl_api/watch/explain_time.sql
create or replace function etl_api.explain_time(at timestamptz) returns text
language sql stable
set search_path = ''
as $$
  select pg_catalog.to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
$$;

comment on function etl_api.explain_time(timestamptz) is 'A moment as people read it: 2026-05-01 10:00:00 UTC.';

revoke execute on function etl_api.explain_time(timestamptz) from public;
grant execute on function etl_api.explain_time(timestamptz) to service_role;
-- end of source

-- source: sql/etl_api/watch/explain_timeout.sql
create or replace function etl_api.explain_timeout(timeout_at timestamptz, deadline_at timestamptz default null)
returns setof text
language sql stable
set search_path = ''
as $$
  select case
    when timeout_at <= utils.now() then pg_catalog.format('It has been over its time for %s: the next etl_api.recover() ends it.',
      etl_api.explain_span(utils.now() - timeout_at))
    else pg_catalog.format('It is timed out in %s (%s%s) unless it ends before.', etl_api.explain_span(timeout_at - utils.now()),
      case when deadline_at <= timeout_at then 'its deadline, ' else '' end, etl_api.explain_time(timeout_at))
  end
  where timeout_at is not null
$$;

comment on function etl_api.explain_timeout(timestamptz, timestamptz) is
  'When something is timed out; no row when it never is.';

revoke execute on function etl_api.explain_timeout(timestamptz, timestamptz) from public;
-- end of source

-- source: sql/etl_api/watch/explain_workflow.sql
create or replace function etl_api.explain_workflow(id uuid) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  request public.workflow_request;
  first record;
begin
  select w.* into request
  from public.workflow_request as w
  where w.id = explain_workflow.id
    and w.replay = 0;
  first := etl_api.explain_state('workflow_request', id, 'The request', request.state::text, request.state_substate);
  return next first.sentence;
  return query select etl_api.explain_faults(request.errors);

  if request.state = 'waiting' and request.not_before > utils.now() then
    return next pg_catalog.format('Waits for its time: it begins in %s (%s).',
      etl_api.explain_span(request.not_before - utils.now()), etl_api.explain_time(request.not_before));
  elsif request.state = 'waiting' then
    return next 'Its time has come: the next etl_api.recover() starts it.';
  elsif request.state = 'in_progress' then
    return query
    select pg_catalog.format('Waits for phase %s: %s.', request.workflow_phase, etl_api.explain_progress(pg_catalog.array_agg(ar.id)))
    from public.activity_request as ar
    where ar.workflow_request_id = explain_workflow.id
      and ar.workflow_phase <= request.workflow_phase
      and ar.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
    having pg_catalog.count(*) > 0;
  end if;

  return query select etl_api.explain_activities(id);
  return query select etl_api.explain_messages(id);
  if request.state in ('new', 'valid', 'waiting', 'ready', 'in_progress') then
    return query select etl_api.explain_timeout(request.timeout_at, request.deadline_at);
  end if;
  if first.advice is not null then
    return next etl_api.explain_advice(first.advice, id);
  end if;
end
$$;

comment on function etl_api.explain_workflow(uuid) is
  'The sentences about a workflow request: itself, what it waits for, the activities that are not plainly done, its messages, what to do; see explain.';

revoke execute on function etl_api.explain_workflow(uuid) from public;
-- end of source

-- source: sql/etl_api/watch/first_open_xid.sql
create or replace function etl_api.first_open_xid() returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  snapshot constant pg_snapshot := pg_catalog.pg_current_snapshot();
begin
  -- A snapshot names the open transactions of the whole server. Those of other databases do not hold up ours; what
  -- cannot be told (it has ended meanwhile, it is a prepared one) counts as ours. Looked up after the snapshot was taken.
  return least(
    (
      select pg_catalog.min(open.xid::text::bigint)
      from pg_catalog.pg_snapshot_xip(snapshot) as open (xid)
      where not exists (
        select 1
        from pg_catalog.pg_stat_activity as a
        where a.backend_xid::text::bigint = open.xid::text::bigint & 4294967295
          and a.datid <> (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database()))
    ),
    -- It does not name the one it belongs to.
    pg_catalog.pg_current_xact_id_if_assigned()::text::bigint,
    pg_catalog.pg_snapshot_xmax(snapshot)::text::bigint);
end
$$;

comment on function etl_api.first_open_xid() is
  'The first transaction that may still write in this database: all before it have ended.';

revoke execute on function etl_api.first_open_xid() from public;
grant execute on function etl_api.first_open_xid() to service_role;
-- end of source

-- source: sql/etl_api/watch/recount_states.sql
create or replace function etl_api.recount_states() returns bigint
language plpgsql
security definer
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  counted bigint;
begin
  if pg_catalog.current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'ETL05',
      message = 'recount_states must see what others have just committed: call it in a transaction that is read committed';
  end if;
  perform 1
  from etl_api.roll_up_mark as m
  for update;
  -- Who writes steps has finished, who wants to waits: what is in the tables is what the steps so far have led to.
  lock table etl_api.state_history in share mode;

  delete from etl_api.state_count;
  insert into etl_api.state_count (org_id, entity, state, state_substate, rows)
  select w.org_id, 'workflow_request'::etl_api.entity_kind, w.state::text, w.state_substate, pg_catalog.count(*)
  from public.workflow_request as w where w.replay = 0 group by w.org_id, w.state, w.state_substate
  union all
  select a.org_id, 'activity_request', a.state::text, a.state_substate, pg_catalog.count(*)
  from public.activity_request as a group by a.org_id, a.state, a.state_substate
  union all
  select q.org_id, 'run_queue', q.state::text, q.state_substate, pg_catalog.count(*)
  from public.run_queue as q group by q.org_id, q.state, q.state_substate
  union all
  select r.org_id, 'run_request', r.state::text, r.state_substate, pg_catalog.count(*)
  from public.run_request as r group by r.org_id, r.state, r.state_substate
  union all
  select d.org_id, 'delivery', d.state::text, d.state_substate, pg_catalog.count(*)
  from public.delivery as d group by d.org_id, d.state, d.state_substate;

  update etl_api.roll_up_mark
  set next_xid = etl_api.first_open_xid(),
      after_seq = coalesce(pg_catalog.pg_sequence_last_value(
        pg_catalog.pg_get_serial_sequence('etl_api.state_history', 'seq')::regclass), 0),
      cluster = (select c.system_identifier from pg_catalog.pg_control_system() as c),
      rolled_up_at = utils.now();

  select coalesce(pg_catalog.sum(c.rows), 0) into counted
  from etl_api.state_count as c;
  return counted;
end
$$;

comment on function etl_api.recount_states() is
  'Counts all rows with a state anew, for when they were written past the triggers (bulk load, truncate) or restored on another server, where the roll-up calls it by itself. Until it commits nobody changes a state; it gives up after 2 s of waiting for those who are at it. Returns how many rows there are. ETL05: not in a read committed transaction.';

revoke execute on function etl_api.recount_states() from public;
grant execute on function etl_api.recount_states() to service_role;
-- end of source

-- source: sql/etl_api/watch/roll_up.sql
create or replace function etl_api.roll_up(max_rows int default 200000) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  mark etl_api.roll_up_mark;
  part record;
begin
  if coalesce(max_rows, 0) < 1 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('max_rows is %s: it must be 1 or more', coalesce(max_rows::text, 'null')),
      hint = 'Leave it out for 200000.';
  end if;
  if not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('etl_api.roll_up', 0)) then
    return 0;
  end if;
  select m.* into mark
  from etl_api.roll_up_mark as m
  for update;
  if mark.cluster <> (select c.system_identifier from pg_catalog.pg_control_system() as c) then
    return etl_api.roll_up_restored();
  end if;

  part := etl_api.roll_up_end(max_rows);
  if part.steps > 0 then
    perform etl_api.roll_up_counts(part.to_xid);
    -- Of many steps a sample tells percentiles as well: 20,000 to 40,000.
    perform etl_api.roll_up_durations(part.to_xid,
      (2 ^ least(8, greatest(0, pg_catalog.floor(pg_catalog.log(2, part.steps::numeric / 20000)))))::int);
    perform etl_api.roll_up_traffic(part.to_xid);
    perform etl_api.roll_up_usage(mark.next_xid, part.to_xid);
  end if;
  -- Nothing to do leaves no trace, but once a minute, which tells that the sweep lives.
  if part.steps > 0 or mark.rolled_up_at < utils.now() - interval '1 minute' then
    update etl_api.roll_up_mark
    set next_xid = part.to_xid,
        rolled_up_at = utils.now();
  end if;
  return part.steps;
end
$$;

comment on function etl_api.roll_up(int) is
  'Adds the steps of transactions that have ended since the last time to the summaries the views read: state_count, state_duration, traffic, usage_day. About max_rows steps at once; one roll-up at a time, a second one does nothing. Returns how many steps. Part of recover(); where more than 20,000 steps a second come in, call it more often. ETL04: max_rows is less than 1.';

revoke execute on function etl_api.roll_up(int) from public;
grant execute on function etl_api.roll_up(int) to service_role;
-- end of source

-- source: sql/etl_api/watch/roll_up_counts.sql
create or replace function etl_api.roll_up_counts(to_xid bigint) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  written int;
begin
  insert into etl_api.state_count as c (org_id, entity, state, state_substate, rows)
  select s.org_id, s.entity, moved.state, moved.substate, pg_catalog.sum(moved.rows)
  from (
    select t.org_id, t.entity, t.from_state, t.from_substate, t.to_state, t.substate, pg_catalog.count(*) as rows
    from etl_api.state_history_tail as t
    where t.xid < roll_up_counts.to_xid
    group by 1, 2, 3, 4, 5, 6
  ) as s
  cross join lateral (
    values (s.to_state, s.substate, s.rows), (s.from_state, s.from_substate, -s.rows)
  ) as moved (state, substate, rows)
  where moved.state <> 'deleted'
  group by 1, 2, 3, 4
  having pg_catalog.sum(moved.rows) <> 0
  order by 1, 2, 3, 4
  on conflict (org_id, entity, state, state_substate) do update
    set rows = c.rows + excluded.rows;
  get diagnostics written = row_count;
  return written;
end
$$;

comment on function etl_api.roll_up_counts(bigint) is
  'Adds the steps of the tail before to_xid to state_count. Returns how many counts changed. Part of the roll-up, which holds the mark and moves it on.';

revoke execute on function etl_api.roll_up_counts(bigint) from public;
grant execute on function etl_api.roll_up_counts(bigint) to service_role;
-- end of source

-- source: sql/etl_api/watch/roll_up_durations.sql
create or replace function etl_api.roll_up_durations(to_xid bigint, one_in int default 1) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set work_mem = '64MB'
set jit = off
as $$
declare
  written int;
begin
  insert into etl_api.state_duration as d (org_id, entity, state, day, bucket, steps)
  select l.org_id, l.entity, l.state, l.day, utils.duration_bucket(l.duration), pg_catalog.sum(l.steps) * one_in
  from (
    select s.org_id, s.entity, s.from_state as state, (s.at at time zone 'UTC')::date as day,
      s.at - coalesce(s.since, before.at) as duration, pg_catalog.count(*) as steps
    from (
      select t.org_id, t.entity, t.entity_id, t.seq, t.from_state, t.at,
        pg_catalog.lag(t.at) over (partition by t.entity_id order by t.seq) as since
      from etl_api.state_history_tail as t
      where t.xid < roll_up_durations.to_xid
        and t.from_state is distinct from t.to_state
        and t.to_state <> 'deleted'
        -- The last byte of an id is random.
        and pg_catalog.get_byte(pg_catalog.uuid_send(t.entity_id), 15) % one_in = 0
    ) as s
    -- When it came into the state it left; most often that was rolled up at the same time.
    left join lateral (
      select h.at
      from etl_api.state_history as h
      where s.since is null
        and h.entity_id = s.entity_id
        and h.seq < s.seq
        and h.from_state is distinct from h.to_state
      order by h.seq desc
      limit 1
    ) as before on true
    where s.from_state is not null
    group by 1, 2, 3, 4, 5
  ) as l
  where l.duration is not null
  group by 1, 2, 3, 4, 5
  on conflict (org_id, day, entity, state, bucket) do update
    set steps = d.steps + excluded.steps;
  get diagnostics written = row_count;
  return written;
end
$$;

comment on function etl_api.roll_up_durations(bigint, int) is
  'Adds to state_duration how long rows had been in the states they left in the steps of the tail before to_xid; looks at one row in one_in (a power of 2 up to 256) and lets it stand for the others. Returns how many classes changed. Part of the roll-up, which holds the mark and moves it on.';

revoke execute on function etl_api.roll_up_durations(bigint, int) from public;
grant execute on function etl_api.roll_up_durations(bigint, int) to service_role;
-- end of source

-- source: sql/etl_api/watch/roll_up_end.sql
create or replace function etl_api.roll_up_end(max_rows int, out to_xid bigint, out steps bigint)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  mark constant bigint := (select m.next_xid from etl_api.roll_up_mark as m);
  -- None of the transactions before this one can write another step.
  ended constant bigint := etl_api.first_open_xid();
  width bigint := 1024;
  partitions oid[];
begin
  to_xid := ended;
  select pg_catalog.count(*), pg_catalog.array_agg(distinct h.tableoid) into steps, partitions
  from etl_api.state_history as h
  where h.xid >= mark
    and h.xid < ended;
  if steps > 0 then
    perform etl_api.summarize_history(partitions);
  end if;

  -- Too much for once: a part that is widened until it holds enough.
  if steps > max_rows then
    loop
      to_xid := least(mark + width, ended);
      select pg_catalog.count(*) into steps
      from etl_api.state_history as h
      where h.xid >= mark
        and h.xid < to_xid;
      exit when steps >= max_rows or to_xid = ended;
      width := width * 2;
    end loop;
  end if;
end
$$;

comment on function etl_api.roll_up_end(int) is
  'Before which transaction the roll-up is to stop, and how many steps lie before it: all transactions that have ended, or, of too many steps, those that hold about max_rows of them (twice as many at most, unless one transaction alone has more).';

revoke execute on function etl_api.roll_up_end(int) from public;
grant execute on function etl_api.roll_up_end(int) to service_role;
-- end of source

-- source: sql/etl_api/watch/roll_up_restored.sql
create or replace function etl_api.roll_up_restored() returns bigint
language plpgsql
set search_path = ''
as $$
begin
  -- The transaction numbers are another server's: the tail is what it had not rolled up itself.
  perform etl_api.roll_up_durations(9223372036854775807);
  perform etl_api.roll_up_traffic(9223372036854775807);
  perform etl_api.roll_up_usage((select m.next_xid from etl_api.roll_up_mark as m), 9223372036854775807);
  perform etl_api.recount_states();
  return 0;
exception when lock_not_available or deadlock_detected then
  perform etl_api.logger('info', 'watch',
    'The summaries were not counted anew after the restore: state_history was busy. The next sweep tries again.');
  return 0;
end
$$;

comment on function etl_api.roll_up_restored() is
  'The first roll-up on another server than the one before: rolls up what that one had left and counts all states anew.';

revoke execute on function etl_api.roll_up_restored() from public;
grant execute on function etl_api.roll_up_restored() to service_role;
-- end of source

-- source: sql/etl_api/watch/roll_up_traffic.sql
create or replace function etl_api.roll_up_traffic(to_xid bigint) returns int
language plpgsql
set search_path = ''
-- The answers are looked up one by one by their key: a few of very many.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  written int;
begin
  with answered as materialized (
    -- Each address once, before its host is looked for.
    select pg_catalog.date_bin('5 minutes', t.at, '2000-01-01 00:00:00+00') as slot, t.org_id, t.source_id, t.endpoint_id,
      t.url, t.duration, t.failed, pg_catalog.count(*) as answers, pg_catalog.max(t.at) as at,
      (pg_catalog.array_agg(t.code order by t.at desc) filter (where t.failed))[1] as code,
      (pg_catalog.array_agg(t.message order by t.at desc) filter (where t.failed))[1] as message
    from etl_api.traffic_tail as t
    where t.xid < roll_up_traffic.to_xid
    group by 1, 2, 3, 4, 5, 6, 7
  ), counted as (
    insert into etl_api.traffic as k (slot, org_id, source_id, endpoint_id, host, bucket, answers, failures)
    select a.slot, a.org_id, a.source_id, a.endpoint_id, utils.url_host(a.url), utils.duration_bucket(a.duration),
      pg_catalog.sum(a.answers), coalesce(pg_catalog.sum(a.answers) filter (where a.failed), 0)
    from answered as a
    group by 1, 2, 3, 4, 5, 6
    on conflict (slot, org_id, source_id, endpoint_id, host, bucket) do update
      set answers = k.answers + excluded.answers,
          failures = k.failures + excluded.failures
    returning 1
  ), seen as (
    insert into etl_api.traffic_last as l (org_id, source_id, endpoint_id, host, success_at, failure_at, code, message)
    select a.org_id, a.source_id, a.endpoint_id, utils.url_host(a.url),
      pg_catalog.max(a.at) filter (where not a.failed),
      pg_catalog.max(a.at) filter (where a.failed),
      (pg_catalog.array_agg(a.code order by a.at desc) filter (where a.failed))[1],
      (pg_catalog.array_agg(a.message order by a.at desc) filter (where a.failed))[1]
    from answered as a
    group by 1, 2, 3, 4
    on conflict (org_id, source_id, endpoint_id, host) do update
      set success_at = greatest(l.success_at, excluded.success_at),
          failure_at = greatest(l.failure_at, excluded.failure_at),
          code = case when excluded.failure_at >= coalesce(l.failure_at, '-infinity') then excluded.code else l.code end,
          message = case when excluded.failure_at >= coalesce(l.failure_at, '-infinity') then excluded.message else l.message end
  )
  select pg_catalog.count(*) into written
  from counted;

  delete from etl_api.traffic as k
  where k.slot < utils.now() - interval '8 days';
  return written;
end
$$;

comment on function etl_api.roll_up_traffic(bigint) is
  'Adds what sources and clients answered in the steps of the tail before to_xid to traffic and traffic_last, and forgets what is older than eight days. Returns how many rows of traffic changed. Part of the roll-up, which holds the mark and moves it on.';

revoke execute on function etl_api.roll_up_traffic(bigint) from public;
grant execute on function etl_api.roll_up_traffic(bigint) to service_role;
-- end of source

-- source: sql/etl_api/watch/state_history_tail.sql
-- The upper bounds say nothing; without them the planner takes a lower bound that it cannot know yet for a third of the
-- table, with them for a narrow range, which the tail is. The last condition holds always too: it keeps parallel workers
-- away, who take longer to start than the tail takes to read.
create or replace view etl_api.state_history_tail with (security_invoker = true) as
  select h.entity, h.entity_id, h.org_id, h.seq, h.from_state, h.from_substate, h.to_state, h.substate, h.reason, h.at, h.xid
  from etl_api.state_history as h
  where h.xid >= (select m.next_xid from etl_api.roll_up_mark as m)
    and h.xid < 9223372036854775807
    and h.seq > (select m.after_seq from etl_api.roll_up_mark as m)
    and h.seq < 9223372036854775807
    and (h.seq > 0 or pg_catalog.pg_backend_pid() = 0);

comment on view etl_api.state_history_tail is
  'The steps that have not been rolled up, of those the reader may see: summary and tail together are exact.';
comment on column etl_api.state_history_tail.entity is 'The table of the row.';
comment on column etl_api.state_history_tail.entity_id is 'The row.';
comment on column etl_api.state_history_tail.org_id is 'Its tenant.';
comment on column etl_api.state_history_tail.seq is 'Order of the steps.';
comment on column etl_api.state_history_tail.from_state is 'State before; null when the row was made.';
comment on column etl_api.state_history_tail.from_substate is 'Substate before.';
comment on column etl_api.state_history_tail.to_state is 'State after; deleted when the row was deleted.';
comment on column etl_api.state_history_tail.substate is 'Substate after.';
comment on column etl_api.state_history_tail.reason is 'Why, in words, where somebody or something gave a reason.';
comment on column etl_api.state_history_tail.at is 'When.';
comment on column etl_api.state_history_tail.xid is 'The transaction that wrote it.';

revoke all on etl_api.state_history_tail from public;
grant select on etl_api.state_history_tail to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/substate_meaning.sql
create or replace function etl_api.substate_meaning()
returns table (entity etl_api.entity_kind, state text, substate text, meaning text, advice text)
language sql immutable
set search_path = ''
as $$
  -- One line may speak of several entities and states; http_nnn stands for every HTTP status.
  select e.name::etl_api.entity_kind, s.name, m.substate, m.meaning, m.advice
  from (
    values
      -- on the way
      ('workflow_request activity_request run_queue run_request delivery', 'new', null, 'it was inserted and not taken in yet', 'That takes no longer than the statement that inserts it; if it stays so, the triggers of its table are switched off.'),
      ('workflow_request activity_request run_queue run_request delivery', 'valid', null, 'it is valid and not started yet', 'That takes no longer than the statement that validates it; if it stays so, the triggers of its table are switched off.'),
      ('workflow_request', 'waiting', null, 'it has not begun', null),
      ('workflow_request', 'waiting', 'not_before', 'it begins at the time it was given (not_before)', 'etl_api.cancel(id) ends it before.'),
      ('workflow_request', 'ready', null, 'it begins at once', null),
      ('workflow_request', 'in_progress', null, 'its activities are at work', null),
      ('activity_request', 'waiting', null, 'it has not begun', null),
      ('activity_request', 'waiting', 'phase', 'its phase has not come', null),
      ('activity_request', 'waiting', 'dependency', 'it takes the objects of activities that have not ended', null),
      ('activity_request', 'ready', null, 'it begins at once', null),
      ('activity_request', 'in_progress', null, 'its runs are at work', null),
      ('run_queue', 'waiting', null, 'it waits to be sent to its source', null),
      ('run_queue', 'waiting', 'allocation', 'it waits to be sent to its source', null),
      ('run_queue run_request', 'waiting', 'budget', 'the monthly budget of the org does not allow it', 'Raise org.settings.monthly_budget; else it goes on when the next month begins.'),
      ('run_queue', 'ready', null, 'it is to be sent to its source again', null),
      ('run_queue', 'in_progress', null, 'its HTTP request is under way', null),
      ('run_request', 'waiting', null, 'it waits to be sent', null),
      ('run_request', 'waiting', 'backoff', 'its last attempt failed, and the next one is not due', 'etl_api.cancel(id) gives it up.'),
      ('run_request', 'waiting', 'polling', 'the source is at work on it, and is asked for its status from time to time', null),
      ('run_request', 'ready', null, 'it is to be sent', null),
      ('run_request', 'ready', 'released', 'its worker handed it back without sending it', null),
      ('run_request', 'ready', 'lease_expired', 'its worker was not heard of before its lease ended, so it is sent again', null),
      ('run_request', 'in_progress', null, 'a worker has it and waits for the answer', null),
      ('delivery', 'waiting', null, 'it waits to be sent', null),
      ('delivery', 'waiting', 'backoff', 'its last attempt failed, and the next one is not due', 'etl_api.redeliver(id) sends it at once.'),
      ('delivery', 'ready', null, 'it is to be sent', null),
      ('delivery', 'ready', 'released', 'its worker handed it back without sending it', null),
      ('delivery', 'ready', 'lease_expired', 'its worker was not heard of before its lease ended, so it is sent again', null),
      ('delivery', 'in_progress', null, 'a worker has it and waits for the client''s answer', null),
      -- ended well
      ('workflow_request', 'done', null, 'its activities have ended', null),
      ('workflow_request', 'delivered', null, 'its activities have ended, and all its messages were taken', null),
      ('activity_request', 'done', null, 'it has its result', null),
      ('activity_request', 'delivered', null, 'it has its result, and all its messages were taken', null),
      ('workflow_request', 'done delivered', 'partial', 'its activities have ended, and not all of them wholly', null),
      ('activity_request', 'done delivered', 'partial', 'it has ended, and its result is not whole', 'Insert a new request for what is missing.'),
      ('activity_request', 'done delivered', 'no_objects', 'it has ended without an object', 'Look at the input, or at what the search asks for.'),
      ('activity_request', 'done delivered', 'skipped', 'it did not run, because an activity whose objects it takes did not end well (on_failure: skip)', 'Insert a new request once the cause is gone.'),
      ('workflow_request activity_request', 'done', 'delivery_failed', 'it has its result, but a message about it was given up', 'Once the client can take it: etl_api.redeliver(id).'),
      ('run_queue', 'done delivered', null, 'its source has answered', null),
      ('run_queue', 'done', 'no_value', 'its source has answered, with nothing of what was asked', 'The next source was asked, where there is one.'),
      ('run_queue', 'done', 'refused', 'its source has answered, and guardrails refused all of it', 'etl_api.explain of its activity names the guardrails.'),
      ('run_request', 'done delivered', null, 'the source has answered', null),
      ('delivery', 'done delivered', null, 'the client has taken it', 'etl_api.redeliver(id) sends it once more.'),
      -- ended otherwise
      ('workflow_request', 'invalid', null, 'its data cannot be followed', 'Put right what is named, then etl_api.retry(id); or insert it anew with other data.'),
      ('workflow_request', 'invalid', 'no_free_objects', 'the org has no free objects left, and no charge is arranged', 'Arrange a charge (org.next_charge), then etl_api.retry(id).'),
      ('workflow_request', 'failed', null, 'it failed', 'etl_api.retry(id) runs what did not end well again.'),
      ('workflow_request', 'failed', 'all_activities_failed', 'none of its activities ended well', 'Once the cause is gone: etl_api.retry(id).'),
      ('workflow_request activity_request run_queue run_request delivery', 'failed', 'cancelled', 'it was cancelled', 'etl_api.retry(id) takes it up again.'),
      ('workflow_request activity_request run_queue run_request', 'timedout', 'workflow_timeout', 'the request was over its time (data.config.timeout_seconds)', 'etl_api.retry(id) takes it up again with a new time limit.'),
      ('workflow_request activity_request run_queue run_request', 'timedout', 'deadline', 'the request had not ended by its deadline (deadline_at)', 'Insert a new request: a deadline that has passed stays passed.'),
      ('activity_request run_queue run_request', 'timedout', 'activity_timeout', 'the activity was over its time (activity_timeout_seconds)', 'etl_api.retry(id) takes it up again with a new time limit.'),
      ('run_queue run_request', 'timedout', 'run_timeout', 'the run was over its time (run_timeout_seconds)', 'etl_api.retry(id) takes it up again with a new time limit.'),
      ('workflow_request activity_request run_queue run_request delivery', 'timedout', null, 'it was over its time', 'etl_api.retry(id) takes it up again.'),
      ('activity_request', 'failed', null, 'it failed', 'etl_api.retry(id) runs it again.'),
      ('activity_request', 'failed', 'all_runs_failed', 'all its runs failed', 'Once the cause is gone: etl_api.retry(id).'),
      ('activity_request', 'failed', 'internal_error', 'the engine raised an error when it moved it on', 'etl_api.etl_log says why; etl_api.retry(id) runs it again.'),
      ('activity_request', 'failed', 'missing_value', 'none of its objects has a key', 'Insert a new request whose objects have their key.'),
      ('activity_request', 'invalid', null, 'it cannot start', 'etl_api.retry(id) takes it up again once the cause is gone.'),
      ('activity_request', 'invalid', 'missing_value', 'something that it needs is missing', 'etl_api.retry(id) takes it up again once it is there.'),
      ('activity_request', 'invalid', 'dependency_failed', 'an activity whose objects it takes did not end well', 'Retry that one: etl_api.retry of its id takes this one up too.'),
      ('run_queue run_request', 'invalid', null, 'it cannot be sent', 'etl_api.retry(id) takes it up again once the cause is gone.'),
      ('run_queue run_request', 'invalid', 'missing_value', 'the template of its source asks for what nobody gave', 'Give it in setup.config or correct the template; etl_api.dry_run shows what is missing before anything is sent.'),
      ('run_queue run_request', 'invalid', 'budget_exceeded', 'the budget of the request (data.config.budget) does not allow it', 'Insert a request with a larger budget.'),
      ('run_queue run_request', 'failed', null, 'it failed', 'etl_api.retry(id) sends it again.'),
      ('run_queue run_request', 'failed', 'rate_limited', 'the source has had too many requests (HTTP 429)', 'Give the source a rate_limit that it can keep, then etl_api.retry(id).'),
      ('run_queue run_request delivery', 'failed', 'http_nnn', 'it was answered with an HTTP error', 'Once the cause is gone: etl_api.retry(id).'),
      ('run_queue run_request delivery', 'failed', 'timeout', 'no answer came in time', 'etl_api.retry(id) sends it again.'),
      ('run_queue run_request delivery', 'failed', 'network', 'there was no connection, or it broke', 'etl_api.retry(id) sends it again.'),
      ('run_queue run_request', 'failed', 'too_large', 'the answer was larger than is taken', 'Ask for less at once: max_objects_per_request, or a page size in the template.'),
      ('run_queue run_request delivery', 'failed', 'blocked', 'the address is one that nothing is sent to (an internal network)', 'Correct the URL, or allow the address in the functions'' configuration.'),
      ('run_queue run_request delivery', 'failed', 'secret_missing', 'a secret that it needs is not in the functions'' environment', 'Add it to ETL_SECRETS, then etl_api.retry(id).'),
      ('run_queue run_request delivery', 'failed', 'bad_request', 'what was to be sent is no HTTP request', 'Correct the template or the URL, then etl_api.retry(id).'),
      ('run_queue run_request', 'failed', 'invalid_json', 'the answer was no JSON', 'etl_api.retry(id) sends it again.'),
      ('run_queue run_request', 'failed', 'source_error', 'the answer told of an error (response.error of the template)', 'Once the cause is gone: etl_api.retry(id).'),
      ('run_queue run_request', 'failed', 'source_failed', 'the source says that its run failed', 'etl_api.retry(id) of the run starts a new one.'),
      ('run_queue run_request', 'failed', 'no_external_id', 'the answer held neither an id to ask for nor objects', 'Correct response.external_id of the template, then etl_api.retry(id); etl_api.test_mapping tries it.'),
      ('run_queue run_request', 'failed', 'poll_limit', 'the source was asked for its status as often as poll_policy.max_polls allows, without an end', 'etl_api.retry(id) asks on.'),
      ('run_queue run_request', 'failed', 'lease_expired', 'its worker was not heard of after its last attempt', 'Look at the log of execute-runs, then etl_api.retry(id).'),
      ('run_queue run_request', 'failed', 'internal_error', 'the engine raised an error over it or over its answer', 'etl_api.etl_log says why; etl_api.retry(id) sends it again.'),
      ('delivery', 'failed', null, 'it was given up', 'etl_api.redeliver(id) sends it again.'),
      ('delivery', 'failed', 'attempts_exhausted', 'it was given up after its last attempt', 'Once the client can take it: etl_api.redeliver(id).'),
      ('delivery', 'failed', 'internal_error', 'the engine raised an error over it', 'etl_api.etl_log says why; etl_api.redeliver(id) sends it again.'),
      ('delivery', 'invalid', null, 'it cannot be sent', 'etl_api.redeliver(id) sends it once the cause is gone.')
  ) as m (entities, states, substate, meaning, advice)
  cross join lateral pg_catalog.regexp_split_to_table(m.entities, ' ') as e (name)
  cross join lateral pg_catalog.regexp_split_to_table(m.states, ' ') as s (name)
$$;

comment on function etl_api.substate_meaning() is
  'What each state and substate of each table means, as explain says it, and what to do: one row each, substate null for the plain state; http_nnn stands for every HTTP status. The substate of an invalid workflow request is the code of its first fault: docs/requests.md.';

revoke execute on function etl_api.substate_meaning() from public;
grant execute on function etl_api.substate_meaning() to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/summarize_history.sql
create or replace function etl_api.summarize_history(partitions oid[]) returns void
language plpgsql
security definer
set search_path = ''
-- A vacuum of the partition holds the lock this needs, and summarises too. Waiting for it would make it give up.
set lock_timeout = '50ms'
as $$
begin
  perform pg_catalog.brin_summarize_new_values(i.indexrelid)
  from pg_catalog.pg_index as i
  join pg_catalog.pg_class as c on c.oid = i.indexrelid
  join pg_catalog.pg_am as a on a.oid = c.relam and a.amname = 'brin'
  where i.indrelid = any (partitions);
exception when lock_not_available then
  null;
end
$$;

comment on function etl_api.summarize_history(oid[]) is
  'Makes the tail of these partitions of state_history quick to find: new pages are read with every look at the tail until the index has summarised them.';

revoke execute on function etl_api.summarize_history(oid[]) from public;
grant execute on function etl_api.summarize_history(oid[]) to service_role;
-- end of source

-- source: sql/etl_api/watch/traffic_tail.sql
-- An answer of a source is told by its row in run_response: a lease that ended or a hand-back leaves none.
create or replace view etl_api.traffic_tail with (security_invoker = true) as
  select t.org_id, t.xid, t.at, r.source_id, null::uuid as endpoint_id, null::text as url,
    answer.duration_ms * interval '1 millisecond' as duration,
    t.to_state = 'failed' or t.substate is not distinct from 'backoff' as failed,
    t.substate as code, t.reason as message
  from etl_api.state_history_tail as t
  join public.run_request as r on r.id = t.entity_id and r.org_id = t.org_id
  cross join lateral (
    select p.duration_ms
    from public.run_response as p
    where p.run_request_id = r.id
      and p.org_id = r.org_id
      and p.received_at = t.at
    order by p.answer_no desc
    limit 1
  ) as answer
  where t.entity = 'run_request'
    and t.from_state = 'in_progress'
    and t.to_state <> 'in_progress'
  union all
  select t.org_id, t.xid, t.at, null, d.endpoint_id, case when d.endpoint_id is null then d.url end,
    null, t.to_state <> 'done', t.substate, t.reason
  from etl_api.state_history_tail as t
  join public.delivery as d on d.id = t.entity_id and d.org_id = t.org_id
  where t.entity = 'delivery'
    and t.from_state = 'in_progress'
    and (t.to_state = 'done'
      or t.to_state = 'failed' and t.substate is distinct from 'cancelled'
      or t.to_state = 'waiting' and t.substate = 'backoff');

comment on view etl_api.traffic_tail is
  'What sources and clients answered since the last roll-up, one row per attempt, of those the reader may see.';
comment on column etl_api.traffic_tail.org_id is 'The tenant.';
comment on column etl_api.traffic_tail.xid is 'The transaction in which it was reported.';
comment on column etl_api.traffic_tail.at is 'When it was reported.';
comment on column etl_api.traffic_tail.source_id is 'The source that was asked; null for a message.';
comment on column etl_api.traffic_tail.endpoint_id is 'The endpoint a message was sent to.';
comment on column etl_api.traffic_tail.url is 'The address a message was sent to, where the request gave a URL.';
comment on column etl_api.traffic_tail.duration is 'Time from sending to the last byte; null when not known, as with messages.';
comment on column etl_api.traffic_tail.failed is 'Whether the attempt failed, to be tried again or not.';
comment on column etl_api.traffic_tail.code is 'The substate it led to: for a failure that is not tried again, its class.';
comment on column etl_api.traffic_tail.message is 'A failure in words.';

revoke all on etl_api.traffic_tail from public;
grant select on etl_api.traffic_tail to authenticated, service_role;
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
language plpgsql volatile parallel safe
set search_path = ''
as $$
begin
  -- The exponent is bounded so that no policy can overflow; jitter spreads what failed together.
  return pg_catalog.make_interval(secs => (
    least(
      greatest(utils.number_or(policy -> 'base_seconds', 2), 0)
        * greatest(utils.number_or(policy -> 'factor', 2), 1) ^ least(greatest(attempt - 1, 0), 60),
      greatest(utils.number_or(policy -> 'max_seconds', 300), 0),
      86400)
    * (1 + least(greatest(utils.number_or(policy -> 'jitter', 0.2), 0), 1)
      * (2 * pg_catalog.random()::numeric - 1)))::double precision);
end
$$;

comment on function utils.back_off(jsonb, int) is
  'How long to wait after the failed attempt of that number: base_seconds (2) × factor (2) ^ (attempt − 1), at most max_seconds (300), ± jitter (0.2).';

revoke execute on function utils.back_off(jsonb, int) from public;
grant execute on function utils.back_off(jsonb, int) to service_role;
-- end of source

-- source: sql/utils/bucket_milliseconds.sql
create or replace function utils.bucket_milliseconds(bucket smallint) returns numeric
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when bucket > 0 then pg_catalog.round(pg_catalog.power(2::double precision, (bucket - 0.5) / 4)::numeric, 1)
    when bucket = 0 then 0
  end
$$;

comment on function utils.bucket_milliseconds(smallint) is
  'The middle of a class of durations (utils.duration_bucket) in milliseconds, at most a tenth off; 0 for up to one, null when not known.';

revoke execute on function utils.bucket_milliseconds(smallint) from public;
grant execute on function utils.bucket_milliseconds(smallint) to authenticated, service_role;
-- end of source

-- source: sql/utils/compare_value.sql
create or replace function utils.compare_value(
  value jsonb, operator public.operator_enum, operand text, value_type text)
returns boolean
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  kind constant text := utils.factor_kind(null, value_type, operator, operand);
  ready record;
begin
  ready := utils.factor_operand(operator, operand, kind);
  if ready.fault is not null
    or operator is null
    or operator <> all (coalesce(utils.factor_operators(kind), '{}'))
  then
    return null;
  end if;
  return utils.factor_met(value, operator, kind, ready.items, ready.spans);
end
$$;

comment on function utils.compare_value(jsonb, public.operator_enum, text, text) is
  'Whether a value of a value_type meets operator and operand; null when that is not decidable: the value is missing (unless is_null or is_not_null asks), it or the operand is not of the type, or the operator makes no sense for it.';

revoke execute on function utils.compare_value(jsonb, public.operator_enum, text, text) from public;
grant execute on function utils.compare_value(jsonb, public.operator_enum, text, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/cron_error.sql
create or replace function utils.cron_error(cron text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  f constant record := utils.cron_fields(cron);
  field record;
begin
  if coalesce(pg_catalog.cardinality(f.words), 0) <> 5 or pg_catalog.length(cron) > 500 then
    return pg_catalog.format(
      'a cron expression is five fields (minute, hour, day of month, month, day of week) or one of @hourly, @daily, @weekly, @monthly, @yearly, but this is %s',
      coalesce(pg_catalog.to_json(pg_catalog.left(cron, 80))::text, 'nothing'));
  end if;

  select n.name, n.word, n.range into field
  from (
    values
      (1, 'minute', f.words[1], f.minutes, '0 to 59'),
      (2, 'hour', f.words[2], f.hours, '0 to 23'),
      (3, 'day of month', f.words[3], f.days, '1 to 31'),
      (4, 'month', f.words[4], f.months, '1 to 12 or jan to dec'),
      (5, 'day of week', f.words[5], f.weekdays, '0 to 7 or sun to sat')
  ) as n (place, name, word, found, range)
  where n.found is null
  order by n.place
  limit 1;
  if found then
    return pg_catalog.format('the %s is a value from %s, a list (1,2), a range (1-5) or a step (*/2, 1-9/2), but this is %s',
      field.name, field.range, pg_catalog.to_json(pg_catalog.left(field.word, 80)));
  elsif utils.cron_next(cron, '2000-01-01 00:00:00+00', 'UTC') is null then
    return pg_catalog.format('there is no such date: day %s of month %s', f.words[3], f.words[4]);
  end if;
  return null;
end
$$;

comment on function utils.cron_error(text) is
  'What is wrong with a cron expression, in a sentence; null when nothing is. A date that never comes, such as the 30th of February, is wrong.';

revoke execute on function utils.cron_error(text) from public;
grant execute on function utils.cron_error(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/cron_fields.sql
create or replace function utils.cron_fields(
  cron text,
  out minutes int[], out hours int[], out days int[], out months int[], out weekdays int[], out any_day boolean,
  out words text[])
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  words := pg_catalog.regexp_split_to_array(
    case pg_catalog.lower(pg_catalog.btrim(cron, E' \t\n\r'))
      when '@yearly' then '0 0 1 1 *'
      when '@annually' then '0 0 1 1 *'
      when '@monthly' then '0 0 1 * *'
      when '@weekly' then '0 0 * * 0'
      when '@daily' then '0 0 * * *'
      when '@midnight' then '0 0 * * *'
      when '@hourly' then '0 * * * *'
      else pg_catalog.btrim(cron, E' \t\n\r')
    end, '\s+');
  if pg_catalog.cardinality(words) <> 5 or pg_catalog.length(cron) > 500 then
    return;
  end if;

  minutes := utils.cron_values(words[1], 0, 59);
  hours := utils.cron_values(words[2], 0, 23);
  days := utils.cron_values(words[3], 1, 31);
  months := utils.cron_values(words[4], 1, 12, '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}');
  weekdays := utils.cron_values(words[5], 0, 7, '{sun,mon,tue,wed,thu,fri,sat}');
  weekdays := array(select distinct d.day % 7 from pg_catalog.unnest(nullif(weekdays, '{}')) as d (day) order by 1);
  weekdays := nullif(weekdays, '{}');
  -- As cron(8): when neither begins with *, either the day of the month or the day of the week is enough.
  any_day := pg_catalog.left(words[3], 1) <> '*' and pg_catalog.left(words[5], 1) <> '*';
end
$$;

comment on function utils.cron_fields(text) is
  'A cron expression read: the values of its fields (Sunday is 0; null where a field is malformed), whether either of day of month and day of week is enough (any_day), and the fields as they stand (words). The fields are null when there are not five of them.';

revoke execute on function utils.cron_fields(text) from public;
grant execute on function utils.cron_fields(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/cron_last.sql
create or replace function utils.cron_last(cron text, since timestamptz, until timestamptz, time_zone text)
returns timestamptz
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  low timestamptz := since - interval '1 second';
  high timestamptz := until;
  middle timestamptz;
begin
  if coalesce(utils.cron_next(cron, low, time_zone) > until, true) then
    return null;
  end if;
  -- Halving, so that a year of minutes is some twenty questions: after low a time comes by until, after high none.
  while high - low > interval '1 second' loop
    middle := low + (high - low) / 2;
    if utils.cron_next(cron, middle, time_zone) <= until then
      low := middle;
    else
      high := middle;
    end if;
  end loop;
  return utils.cron_next(cron, low, time_zone);
end
$$;

comment on function utils.cron_last(text, timestamptz, timestamptz, text) is
  'The last time between two times, both included, that a cron expression names in a time zone; null when there is none.';

revoke execute on function utils.cron_last(text, timestamptz, timestamptz, text) from public;
grant execute on function utils.cron_last(text, timestamptz, timestamptz, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/cron_moment.sql
create or replace function utils.cron_moment(local_time timestamp, time_zone text) returns timestamptz
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  -- PostgreSQL reads a time that clocks skip by the offset before the change, and one they show twice by the one after.
  moment timestamptz := local_time at time zone time_zone;
  day_before constant timestamptz := moment - interval '1 day';
  offset_before constant interval := (day_before at time zone time_zone) - (day_before at time zone 'UTC');
  earlier constant timestamptz := (local_time - offset_before) at time zone 'UTC';
  middle timestamptz;
begin
  if moment at time zone time_zone = local_time then
    return case when earlier < moment and earlier at time zone time_zone = local_time then earlier else moment end;
  end if;

  -- Skipped: the change lies at most as far back as the clocks were put forward. Halving finds it to the second.
  declare
    shift constant interval := (moment at time zone time_zone) - local_time;
    before timestamptz := moment - shift;
  begin
    while moment - before > interval '1 second' loop
      middle := pg_catalog.date_trunc('second', before + (moment - before) / 2, 'UTC');
      if (middle at time zone time_zone) - (middle at time zone 'UTC')
        = (moment at time zone time_zone) - (moment at time zone 'UTC')
      then
        moment := middle;
      else
        before := middle;
      end if;
    end loop;
  end;
  return moment;
end
$$;

comment on function utils.cron_moment(timestamp, text) is
  'When the clocks of a time zone show a time: the first of two when they show it twice, the first moment after it when they skip it.';

revoke execute on function utils.cron_moment(timestamp, text) from public;
grant execute on function utils.cron_moment(timestamp, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/cron_next.sql
create or replace function utils.cron_next(cron text, after timestamptz, time_zone text) returns timestamptz
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  f constant record := utils.cron_fields(cron);
  local_after constant timestamp := after at time zone time_zone;
  day timestamp := pg_catalog.date_trunc('day', local_after);
  -- All there is comes within 40 years: the 29th of February on a given day of the week.
  last_day constant timestamp := day + interval '41 years';
  on_day boolean;
  on_weekday boolean;
  hour int;
  minute int;
  moment timestamptz;
begin
  if f.minutes is null or f.hours is null or f.days is null or f.months is null or f.weekdays is null then
    raise exception using
      errcode = 'ETL07',
      message = utils.cron_error(cron),
      hint = 'An example: 30 6 * * mon-fri is half past six on weekdays.';
  end if;

  while day < last_day loop
    if pg_catalog.date_part('month', day) <> all (f.months) then
      day := pg_catalog.date_trunc('month', day) + interval '1 month';
      continue;
    end if;
    on_day := pg_catalog.date_part('day', day) = any (f.days);
    on_weekday := pg_catalog.date_part('dow', day) = any (f.weekdays);
    if (on_day and on_weekday) or (f.any_day and (on_day or on_weekday)) then
      foreach hour in array f.hours loop
        continue when day + pg_catalog.make_interval(hours => hour + 1) <= local_after;
        foreach minute in array f.minutes loop
          continue when day + pg_catalog.make_interval(hours => hour, mins => minute) <= local_after;
          moment := utils.cron_moment(day + pg_catalog.make_interval(hours => hour, mins => minute), time_zone);
          -- A time that clocks show twice has come when they show it first.
          if moment > after then
            return moment;
          end if;
        end loop;
      end loop;
    end if;
    day := day + interval '1 day';
  end loop;
  return null;
end
$$;

comment on function utils.cron_next(text, timestamptz, text) is
  'The first time after the given one that a cron expression names in a time zone; null when it names none, such as the 30th of February. A time that the clocks skip on a day is the first moment after it, one that they show twice counts once. ETL07: no cron expression.';

revoke execute on function utils.cron_next(text, timestamptz, text) from public;
grant execute on function utils.cron_next(text, timestamptz, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/cron_values.sql
create or replace function utils.cron_values(field text, low int, high int, names text[] default '{}') returns int[]
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return (
    select case when pg_catalog.bool_and(coalesce(p.first between low and p.last and p.last <= high and p.step > 0, false)) then array(
        select distinct v.value
        from unnest(pg_catalog.array_agg(p.first), pg_catalog.array_agg(p.last), pg_catalog.array_agg(p.step)) as q (first, last, step)
        cross join lateral pg_catalog.generate_series(q.first, q.last, q.step) as v (value)
        order by v.value) end
    from (
      select b.first,
        case
          when w.way[1] = '*' then high
          when w.way[2] is null then b.first
          when w.way[2] ~ '^[0-9]' then w.way[2]::int
          -- Sunday ends a week as well as it begins one.
          when w.way[2] = 'sun' and b.first > 0 then 7
          else low - 1 + pg_catalog.array_position(names, w.way[2])
        end as last,
        coalesce(w.way[3]::int, 1) as step
      from pg_catalog.string_to_array(pg_catalog.lower(field), ',') as l (items)
      cross join lateral pg_catalog.unnest(l.items) as i (item)
      -- A step needs a range: what 5/15 means is told differently everywhere.
      left join lateral pg_catalog.regexp_match(i.item,
        '^(?:(\*)|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,3}))?$') as m (parts) on true
      cross join lateral (
        select case when m.parts[4] is null or m.parts[1] = '*' or m.parts[3] is not null
          then array[coalesce(m.parts[1], m.parts[2]), m.parts[3], m.parts[4]] end as way
      ) as w
      cross join lateral (
        select case
          when w.way[1] = '*' then low
          when w.way[1] ~ '^[0-9]' then w.way[1]::int
          else low - 1 + pg_catalog.array_position(names, w.way[1])
        end as first
      ) as b
    ) as p);
end
$$;

comment on function utils.cron_values(text, int, int, text[]) is
  'The values that one field of a cron expression names (*, 5, 1-5, */10, 1-9/2, lists of these, names for values from low on), in order; null when it is malformed or names something out of range.';

revoke execute on function utils.cron_values(text, int, int, text[]) from public;
grant execute on function utils.cron_values(text, int, int, text[]) to authenticated, service_role;
-- end of source

-- source: sql/utils/cut_template.sql
create or replace function utils.cut_template(template jsonb) returns text[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  marked text;
begin
  if pg_catalog.jsonb_typeof(template) = 'object' then
    -- In the order of jsonb, where the shorter name is first: a name that only becomes "url" or "query" when its
    -- placeholder is filled stands behind these, and the later one stays.
    select '{' || coalesce(pg_catalog.string_agg(
        case when m.name in ('url', 'query') and pg_catalog.jsonb_typeof(m.value) = 'string'
          then pg_catalog.translate(t.marked, E'\x02', E'\x06') else t.marked end, ', ' order by m.place), '') || '}'
    into marked
    from pg_catalog.jsonb_each(template) with ordinality as m (name, value, place)
    cross join lateral (
      select utils.mark_placeholders(pg_catalog.to_jsonb(m.name)::text || ': ' || m.value::text) as marked
    ) as t
    where m.name <> 'response';
  else
    marked := utils.mark_placeholders(template::text);
  end if;
  return pg_catalog.string_to_array(
    pg_catalog.regexp_replace(marked, E'([\x01\x02\x06][^\x05]*)\x05', E'\x07\\1\x07', 'g'), E'\x07');
end
$$;

comment on function utils.cut_template(jsonb) is
  'A request template cut at its placeholders, without "response": its constant texts at the odd places, between them the placeholders, each a mark (see utils.mark_placeholders; \x06 for one in a text that is part of a URL) and its name. For utils.fill_placeholders.';

revoke execute on function utils.cut_template(jsonb) from public;
grant execute on function utils.cut_template(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/duration_bucket.sql
create or replace function utils.duration_bucket(duration interval) returns smallint
language sql immutable parallel safe
set search_path = ''
as $$
  -- A billionth less, so that a power of two is the end of its class whatever the logarithm's last digit says.
  select case
    when duration is null then -1
    when duration <= interval '1 millisecond' then 0
    else pg_catalog.ceil(4 * pg_catalog.ln(1000 * extract(epoch from duration)::double precision) / pg_catalog.ln(2::double precision) - 1e-9)
  end::smallint
$$;

comment on function utils.duration_bucket(interval) is
  'The class of a duration in the histograms: b holds more than 2^((b-1)/4) and at most 2^(b/4) milliseconds, 0 up to one; -1 is not known.';

revoke execute on function utils.duration_bucket(interval) from public;
grant execute on function utils.duration_bucket(interval) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_action.sql
-- What follows "How often does" and "Why does": the owner and what it does. Names that hold a known verb give it
-- (update_frequency: "the company update", content_update_frequency: "the company update content"), some nouns stand
-- for one (success_reason: "the company succeed"); any other thing occurs ("the company's newsletter occur").
create or replace function utils.factor_action(question text, owner text, name text, otherwise text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  nouns constant jsonb := '{"success": "succeed", "growth": "grow", "failure": "fail", "loss": "lose", "decline": "decline",
    "departure": "leave", "expansion": "expand", "innovation": "innovate", "investment": "invest", "response": "respond",
    "payment": "pay", "publication": "publish", "delivery": "deliver", "communication": "communicate", "sale": "sell",
    "sales": "sell", "acquisition": "acquire", "closure": "close", "existence": "exist", "bankruptcy": "go bankrupt",
    "relocation": "relocate", "choice": "choose", "decision": "decide", "participation": "participate", "meeting": "meet"}'::jsonb;
  words constant text := pg_catalog.btrim(pg_catalog.regexp_replace(pg_catalog.regexp_replace(name,
    '(^| )(frequency|rate|interval|cadence|reasons?|causes?|motivation|rationale)$', '', 'i'),
    '^(frequency of|interval of|rate of|reasons? (for|of)|causes? of|why) ', '', 'i'));
  last_word constant text := pg_catalog."substring"(words, '[^ ]+$');
  thing constant text := pg_catalog.btrim(pg_catalog."left"(words, pg_catalog.length(words) - pg_catalog.length(last_word)));
  verb constant text := coalesce(utils.factor_verb(last_word), case when thing = '' then nouns ->> pg_catalog.lower(words) end);
begin
  if coalesce(words, '') = '' then
    return pg_catalog.format('%s does the %s %s?', question, owner, otherwise);
  elsif verb is not null then
    return pg_catalog.format('%s does the %s %s%s?', question, owner, verb, nullif(' ' || thing, ' '));
  end if;
  return pg_catalog.format('%s %s the %s''s %s occur?', question,
    case when last_word ~* '[^sui]s$' then 'do' else 'does' end, owner, words);
end
$$;

comment on function utils.factor_action(text, text, text, text) is
  'The question "How often does the company update?" or "Why does …?" for a datapoint''s name in words; otherwise is the verb for no name.';

revoke execute on function utils.factor_action(text, text, text, text) from public;
grant execute on function utils.factor_action(text, text, text, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_bounds.sql
create or replace function utils.factor_bounds(operand text) returns text[]
language sql immutable parallel unsafe
set search_path = ''
as $$
  -- "and" and ".." before the comma, since a number may hold one: "1,000 and 5,000".
  select pg_catalog.array_agg(pg_catalog.btrim(b.bound) order by b.place)
  from pg_catalog.unnest(
    case
      when operand ~ '^\s*\[' then utils.factor_items(operand)
      when operand ~* '\sand\s' then pg_catalog.regexp_split_to_array(operand, '\s+and\s+', 'i')
      when operand like '%..%' then pg_catalog.string_to_array(operand, '..')
      else pg_catalog.string_to_array(operand, ',')
    end) with ordinality as b (bound, place)
  having pg_catalog.count(*) = 2
    and pg_catalog.min(pg_catalog.length(pg_catalog.btrim(b.bound))) > 0
$$;

comment on function utils.factor_bounds(text) is
  'The two bounds of "between": "a and b", "a..b", "a,b" or a JSON array; null when they are not two.';

revoke execute on function utils.factor_bounds(text) from public;
grant execute on function utils.factor_bounds(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_event.sql
create or replace function utils.factor_event(owner text, name text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  -- "founded date" and "founded at" say when it was founded; "launch date" when the launch was.
  words constant text := coalesce(
    nullif(pg_catalog.regexp_replace(
      pg_catalog.regexp_replace(name, '(^| )(date|at|on|time|timestamp|day|year|month)$', '', 'i'),
      '^(date|time|day|year|month) (of )?', '', 'i'), ''),
    name);
begin
  if words is null then
    return owner || ' active';
  elsif words ~* ('^((is|was|first|last|most recently|recently|originally|initially|previously|next) )*'
    '([[:alpha:]]{2,}([^e]d|[^ei]ed|ied)|built|sold|bought|born|begun|made|held|known|seen|taken|written|shut down|spun off)$')
    and words !~* '(^| )(end|fund|bond|brand|found|period|record|card|board|method|trend|weekend|bid|grand|build|deed|feed|seed|speed)$'
  then
    return owner || ' ' || pg_catalog.regexp_replace(words, '^(is|was) ', '', 'i');
  end if;
  return owner || '''s ' || words;
end
$$;

comment on function utils.factor_event(text, text) is
  'What "When was the" asks after: "company founded" (founded date), "company''s launch" (launch date).';

revoke execute on function utils.factor_event(text, text) from public;
grant execute on function utils.factor_event(text, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_guardrail.sql
create or replace function utils.factor_guardrail(
  factor_type public.factor_type_enum, owner text, datapoint_name text, operator public.operator_enum, value text)
returns text
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  subject constant text := pg_catalog.upper(pg_catalog."left"(owner, 1)) || pg_catalog.substr(owner, 2);
  expected boolean;
  predicate record;
begin
  if factor_type = 'boolean' and operator in ('equals', 'not_equals', 'is_null', 'is_not_null') then
    predicate := utils.factor_predicate(utils.factor_words(datapoint_name));
    expected := utils.parse_boolean(coalesce(nullif(pg_catalog.btrim(value), ''), 'true')) = (operator = 'equals');
    if operator in ('is_null', 'is_not_null') then
      return pg_catalog.format('Whether the %s %s is %s', owner, predicate.yes,
        case operator when 'is_null' then 'not known' else 'known' end);
    elsif expected is not null then
      return subject || ' ' || case when expected then predicate.yes else predicate.no end;
    end if;
  end if;
  -- A guardrail names the datapoint as it is called, so whoever reads a refusal finds it.
  return pg_catalog.concat_ws(' ',
    subject || coalesce('''s ' || nullif(pg_catalog.btrim(
      pg_catalog.regexp_replace(datapoint_name, '[[:space:][:cntrl:]]+', ' ', 'g')), ''), ''),
    utils.factor_phrase(factor_type, operator),
    utils.factor_value_words(factor_type, operator, value));
end
$$;

comment on function utils.factor_guardrail(public.factor_type_enum, text, text, public.operator_enum, text) is
  'The sentence of a guardrail: "Company''s employees is more than 100", "Company is not public".';

revoke execute on function utils.factor_guardrail(public.factor_type_enum, text, text, public.operator_enum, text) from public;
grant execute on function utils.factor_guardrail(public.factor_type_enum, text, text, public.operator_enum, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_items.sql
create or replace function utils.factor_items(operand text) returns text[]
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  list constant jsonb := case when operand ~ '^\s*\[' then utils.parse_json(operand) end;
begin
  if pg_catalog.jsonb_typeof(list) = 'array' then
    return array(
      select pg_catalog.btrim(item.value)
      from pg_catalog.jsonb_array_elements_text(list) with ordinality as item (value, place)
      where pg_catalog.btrim(item.value) <> ''
      order by item.place);
  end if;
  return array(
    select pg_catalog.btrim(item.value, E' \t\n\r' || pg_catalog.chr(160))
    from pg_catalog.string_to_table(operand, ',') with ordinality as item (value, place)
    where pg_catalog.btrim(item.value, E' \t\n\r' || pg_catalog.chr(160)) <> ''
    order by item.place);
end
$$;

comment on function utils.factor_items(text) is
  'The items of a list as a factor''s value writes it: "a, b" or a JSON array (for items with commas); empty ones are left out.';

revoke execute on function utils.factor_items(text) from public;
grant execute on function utils.factor_items(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_kind.sql
-- A text may hold a number, a date or a frequency: then the factor says as what it is compared. Only operators of
-- equality and order ask for it, and only where the factor's own value is of that kind.
create or replace function utils.factor_kind(
  factor_type public.factor_type_enum, value_type text, operator public.operator_enum, operand text)
returns text
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  is_order constant boolean := operator in ('greater_than', 'greater_equal', 'less_than', 'less_equal', 'between');
  items text[];
  kind text;
begin
  if value_type is distinct from 'text' or not (is_order or operator in ('equals', 'not_equals', 'in', 'not_in')) then
    return value_type;
  elsif (factor_type = 'boolean' and (is_order or (operand is null and operator in ('equals', 'not_equals'))))
    or factor_type = 'place' or (factor_type = 'similarity' and not is_order)
  then
    return factor_type;
  end if;
  items := case when operator in ('in', 'not_in') then utils.factor_items(operand)
    when operator = 'between' then utils.factor_bounds(operand) else array[operand] end;
  foreach kind in array case
    when factor_type = 'volume' then '{number}'::text[]
    when factor_type = 'boolean' then '{boolean}'
    when factor_type = 'time' then '{date,timestamp}'
    when factor_type = 'frequency' then '{frequency,number}'
    when factor_type = 'similarity' then '{number}'
    when is_order then '{number,date,timestamp,frequency}'
    else '{}' end
  loop
    if not exists (
      select
      from pg_catalog.unnest(items) as i (item)
      where utils.factor_span(pg_catalog.to_jsonb(i.item), kind) is null
        or (kind = 'date' and i.item ~ ':'))
      and pg_catalog.cardinality(items) > 0
    then
      return kind;
    end if;
  end loop;
  return case
    when not is_order then 'text'
    when factor_type = 'volume' then 'number'
    when factor_type = 'time' then 'timestamp'
    when factor_type in ('frequency', 'similarity') then factor_type::text
    else 'text'
  end;
end
$$;

comment on function utils.factor_kind(public.factor_type_enum, text, public.operator_enum, text) is
  'As what a factor compares: the value_type, or for a text number, boolean, date, timestamp, frequency, place or similarity where factor type and value say so.';

revoke execute on function utils.factor_kind(public.factor_type_enum, text, public.operator_enum, text) from public;
grant execute on function utils.factor_kind(public.factor_type_enum, text, public.operator_enum, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_members.sql
create or replace function utils.factor_members(value jsonb) returns text[]
language plpgsql immutable strict parallel unsafe
set search_path = ''
as $$
begin
  return case pg_catalog.jsonb_typeof(value)
    when 'array' then array(
      select case when pg_catalog.jsonb_typeof(m.member) = 'number'
        then pg_catalog.trim_scale(m.member::numeric)::text else utils.jsonb_compact(m.member) end
      from pg_catalog.jsonb_array_elements(value) as m (member)
      where m.member <> 'null')
    when 'string' then utils.factor_items(value #>> '{}')
    when 'object' then null
    else array[value #>> '{}']
  end;
end
$$;

comment on function utils.factor_members(jsonb) is
  'The members of a list as texts: of an array, or of a text with commas; an object is none and gives null.';

revoke execute on function utils.factor_members(jsonb) from public;
grant execute on function utils.factor_members(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_met.sql
create or replace function utils.factor_met(
  value jsonb, operator public.operator_enum, kind text, items text[], spans numeric[])
returns boolean
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  shape constant text := coalesce(pg_catalog.jsonb_typeof(value), 'null');
  content text;
begin
  if operator = 'is_null' then
    return shape = 'null' or value in ('[]', '{}') or pg_catalog.btrim(value #>> '{}') = '';
  elsif operator = 'is_not_null' then
    return not utils.factor_met(value, 'is_null', kind, items, spans);
  elsif shape = 'null' then
    return null;
  elsif spans is not null then
    return utils.factor_met_span(utils.factor_span(value, kind), operator, spans);
  elsif kind = 'json' then
    return case
      when operator = 'equals' then value = items[1]::jsonb
      when operator = 'not_equals' then value <> items[1]::jsonb
      when operator = 'contains' then value @> items[1]::jsonb
      when operator = 'not_contains' then not value @> items[1]::jsonb
      when operator = 'in' then value = any (items::jsonb[])
      when operator = 'not_in' then value <> all (items::jsonb[])
    end;
  elsif kind = 'list' then
    return utils.factor_met_list(utils.factor_members(value), operator, items);
  elsif shape in ('array', 'object') then
    return null;
  end if;
  content := value #>> '{}';
  if kind = 'place' then
    -- "Berlin, Germany" is in Berlin and in Germany.
    return utils.factor_met_list(
      utils.factor_items(content) || content,
      case operator when 'equals' then 'in' when 'not_equals' then 'not_in' else operator end,
      items);
  elsif kind = 'similarity' then
    -- What is equal is similar; what is not equal may be similar all the same.
    return case when exists (
        select
        from pg_catalog.unnest(items) as i (item)
        where pg_catalog.lower(i.item) = pg_catalog.lower(content))
      then operator in ('equals', 'in') end;
  end if;
  return utils.factor_met_text(content, operator, items);
end
$$;

comment on function utils.factor_met(jsonb, public.operator_enum, text, text[], numeric[]) is
  'Whether a value meets a factor whose kind is of utils.factor_kind and whose value was made ready by utils.factor_operand; null when that is not decidable.';

revoke execute on function utils.factor_met(jsonb, public.operator_enum, text, text[], numeric[]) from public;
grant execute on function utils.factor_met(jsonb, public.operator_enum, text, text[], numeric[]) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_met_list.sql
create or replace function utils.factor_met_list(members text[], operator public.operator_enum, items text[]) returns boolean
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when operator = 'contains' or operator = 'in' then members && items
    when operator = 'not_contains' or operator = 'not_in' then not members && items
    when operator = 'equals' then members <@ items and items <@ members
    when operator = 'not_equals' then not (members <@ items and items <@ members)
  end
$$;

comment on function utils.factor_met_list(text[], public.operator_enum, text[]) is
  'Whether a list meets a factor: contains and in ask for any common member, equals for the same members in any order.';

revoke execute on function utils.factor_met_list(text[], public.operator_enum, text[]) from public;
grant execute on function utils.factor_met_list(text[], public.operator_enum, text[]) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_met_span.sql
create or replace function utils.factor_met_span(span numeric[], operator public.operator_enum, spans numeric[])
returns boolean
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  first constant numeric := span[1];
  last constant numeric := span[2];
begin
  -- A span that lies partly inside is not decidable: "2020" may or may not be after June 2020.
  case operator
    when 'greater_than' then
      return case when first > spans[2] then true when last <= spans[2] then false end;
    when 'greater_equal' then
      return case when first >= spans[1] then true when last < spans[1] then false end;
    when 'less_than' then
      return case when last < spans[1] then true when first >= spans[1] then false end;
    when 'less_equal' then
      return case when last <= spans[2] then true when first > spans[2] then false end;
    when 'equals', 'between' then
      return case when first >= spans[1] and last <= spans[2] then true when last < spans[1] or first > spans[2] then false end;
    when 'not_equals' then
      return not utils.factor_met_span(span, 'equals', spans);
    when 'in' then
      return (
        select pg_catalog.bool_or(utils.factor_met_span(span, 'equals', spans[2 * i - 1 : 2 * i]))
        from pg_catalog.generate_series(1, pg_catalog.cardinality(spans) / 2) as i);
    when 'not_in' then
      return not utils.factor_met_span(span, 'in', spans);
    else
      return null;
  end case;
end
$$;

comment on function utils.factor_met_span(numeric[], public.operator_enum, numeric[]) is
  'Whether a span meets a factor whose value was made ready by utils.factor_operand; null when that is not decidable.';

revoke execute on function utils.factor_met_span(numeric[], public.operator_enum, numeric[]) from public;
grant execute on function utils.factor_met_span(numeric[], public.operator_enum, numeric[]) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_met_text.sql
create or replace function utils.factor_met_text(content text, operator public.operator_enum, items text[]) returns boolean
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  operand constant text := items[1];
begin
  -- Order is that of the characters' codes, so it is the same on every server.
  case operator
    when 'equals' then return content = operand;
    when 'not_equals' then return content <> operand;
    when 'in' then return content = any (items);
    when 'not_in' then return content <> all (items);
    when 'contains' then return pg_catalog.strpos(content, operand) > 0;
    when 'not_contains' then return pg_catalog.strpos(content, operand) = 0;
    when 'starts_with' then return pg_catalog.starts_with(content, operand);
    when 'ends_with' then return pg_catalog."right"(content, pg_catalog.length(operand)) = operand;
    when 'greater_than' then return content collate "C" > operand;
    when 'greater_equal' then return content collate "C" >= operand;
    when 'less_than' then return content collate "C" < operand;
    when 'less_equal' then return content collate "C" <= operand;
    when 'between' then return content collate "C" between operand and items[2];
    else
      -- Patterns are bounded by utils.factor_pattern_error, and what they are held against is bounded here.
      if pg_catalog.length(content) > 10000 then
        return null;
      end if;
      return case operator
        when 'like' then content like operand
        when 'ilike' then content ilike operand
        when 'regex' then content ~ operand
        when 'not_regex' then content !~ operand
      end;
  end case;
end
$$;

comment on function utils.factor_met_text(text, public.operator_enum, text[]) is
  'Whether a text meets a factor whose value was made ready by utils.factor_operand. Patterns: null for texts of over 10,000 characters.';

revoke execute on function utils.factor_met_text(text, public.operator_enum, text[]) from public;
grant execute on function utils.factor_met_text(text, public.operator_enum, text[]) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_operand.sql
create or replace function utils.factor_operand(
  operator public.operator_enum, operand text, kind text, out items text[], out spans numeric[], out fault text)
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  nouns constant jsonb := '{"number": "a number", "boolean": "true or false", "date": "a date such as 2026-01-31, 2026-01 or 2026",
    "timestamp": "a date or time such as 2026-01-31 or 2026-01-31T10:00Z", "frequency": "a frequency such as weekly"}'::jsonb;
begin
  if operator in ('is_null', 'is_not_null') then
    return;
  end if;
  items := case
    when kind = 'boolean' and operand is null then '{true}'
    when operator = 'between' then utils.factor_bounds(operand)
    when operator in ('in', 'not_in') or (kind = 'list' and operator in ('equals', 'not_equals')) then utils.factor_items(operand)
    when operand <> '' then array[operand]
  end;
  if items is null or pg_catalog.cardinality(items) = 0 then
    fault := case when operator = 'between' and operand <> ''
      then pg_catalog.format('"%s" is not two bounds: write "a and b"', pg_catalog."left"(operand, 100)) else 'a value is missing' end;
  elsif operator in ('like', 'ilike', 'regex', 'not_regex') then
    fault := utils.factor_pattern_error(operator, operand);
  elsif kind = 'json' then
    items := array(select coalesce(utils.parse_json(i.item), pg_catalog.to_jsonb(i.item))::text from pg_catalog.unnest(items) as i (item));
  elsif nouns ? kind then
    select pg_catalog.array_agg(b.bound order by i.place, b.place) filter (where s.span is not null),
      pg_catalog.min(pg_catalog.format('"%s" is not %s', pg_catalog."left"(i.item, 100), nouns ->> kind)) filter (where s.span is null)
    into spans, fault
    from pg_catalog.unnest(items) with ordinality as i (item, place)
    cross join lateral (select utils.factor_span(pg_catalog.to_jsonb(i.item), kind) as span) as s
    left join lateral pg_catalog.unnest(s.span) with ordinality as b (bound, place) on true;
    if operator = 'between' then
      -- The bounds may stand in either order.
      spans := array[least(spans[1], spans[3]), greatest(spans[2], spans[4])];
    end if;
  elsif operator = 'between' then
    items := array[least(items[1] collate "C", items[2]), greatest(items[1] collate "C", items[2])];
  end if;
end
$$;

comment on function utils.factor_operand(public.operator_enum, text, text) is
  'A factor''s value made ready to compare: its items, and their spans one after the other where the kind has spans. fault says in a sentence why it cannot be used.';

revoke execute on function utils.factor_operand(public.operator_enum, text, text) from public;
grant execute on function utils.factor_operand(public.operator_enum, text, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_operators.sql
create or replace function utils.factor_operators(kind text) returns public.operator_enum[]
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when kind = 'text' then pg_catalog.enum_range(null::public.operator_enum)
    when kind in ('number', 'date', 'timestamp', 'frequency') then '{equals,not_equals,greater_than,greater_equal,less_than,
      less_equal,in,not_in,between,is_null,is_not_null}'
    when kind = 'boolean' then '{equals,not_equals,is_null,is_not_null}'
    when kind in ('list', 'json') then '{equals,not_equals,contains,not_contains,in,not_in,is_null,is_not_null}'
    -- Texts that a factor takes for a place or a profile: as text, but without an order.
    when kind in ('place', 'similarity') then '{equals,not_equals,contains,not_contains,starts_with,ends_with,in,not_in,
      is_null,is_not_null,like,ilike,regex,not_regex}'
  end::public.operator_enum[]
$$;

comment on function utils.factor_operators(text) is
  'The operators that make sense for a value_type, or for the kind a factor makes of a text; a factor with another one is refused. Null for an unknown one.';

revoke execute on function utils.factor_operators(text) from public;
grant execute on function utils.factor_operators(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_pattern_error.sql
-- PostgreSQL has no time limit inside a function, so a pattern is bounded before it is used. Its engine takes time
-- in proportion to the text, except for back-references (every split of the text is tried) and look-around (tried
-- from every character); nested counts make a pattern as large as their product.
create or replace function utils.factor_pattern_error(operator public.operator_enum, pattern text) returns text
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  bare constant text := pg_catalog.replace(pattern, '\\', '');
  size numeric;
begin
  if pattern is null or pattern = '' then
    return 'a pattern is missing';
  elsif pg_catalog.length(pattern) > 200 then
    return pg_catalog.format('a pattern has at most 200 characters, this one has %s', pg_catalog.length(pattern));
  elsif operator in ('like', 'ilike') then
    return case when bare like '%\\' then 'a pattern cannot end with a single backslash' end;
  elsif bare ~ '\\[1-9]' then
    return 'back-references such as \1 are not allowed, because they can take hours';
  elsif bare ~ '\(\?<?[=!]' then
    return 'look-around such as (?=…) is not allowed, because it can take hours';
  end if;
  select pg_catalog.exp(pg_catalog.sum(pg_catalog.ln(greatest(1, coalesce(nullif(c.count[2], ''), c.count[1])::numeric))))
  into size
  from pg_catalog.regexp_matches(bare, '\{([0-9]{1,4})(?:,([0-9]{0,4}))?\}', 'g') as c (count);
  if size > 256 then
    return 'the counts in braces multiply to more than 256';
  end if;
  perform '' ~ pattern;
  return null;
exception when invalid_regular_expression then
  return sqlerrm;
end
$$;

comment on function utils.factor_pattern_error(public.operator_enum, text) is
  'What is wrong with the pattern of like, ilike, regex or not_regex, in a sentence; null when it can be used.';

revoke execute on function utils.factor_pattern_error(public.operator_enum, text) from public;
grant execute on function utils.factor_pattern_error(public.operator_enum, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_phrase.sql
create or replace function utils.factor_phrase(factor_type public.factor_type_enum, operator public.operator_enum) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(
    case factor_type
      when 'time' then case operator
        when 'greater_than' then 'is after'
        when 'greater_equal' then 'is on or after'
        when 'less_than' then 'is before'
        when 'less_equal' then 'is on or before'
      end
      when 'place' then case operator
        when 'equals' then 'is in'
        when 'not_equals' then 'is not in'
        when 'in' then 'is in one of'
        when 'not_in' then 'is not in any of'
      end
      when 'similarity' then case operator
        when 'equals' then 'is similar to'
        when 'not_equals' then 'is not similar to'
        when 'in' then 'is similar to one of'
        when 'not_in' then 'is not similar to any of'
      end
    end,
    case operator
      when 'equals' then 'is'
      when 'not_equals' then 'is not'
      when 'greater_than' then 'is more than'
      when 'greater_equal' then 'is at least'
      when 'less_than' then 'is less than'
      when 'less_equal' then 'is at most'
      when 'contains' then 'contains'
      when 'not_contains' then 'does not contain'
      when 'starts_with' then 'starts with'
      when 'ends_with' then 'ends with'
      when 'in' then 'is one of'
      when 'not_in' then 'is not one of'
      when 'between' then 'is between'
      when 'is_null' then 'is empty'
      when 'is_not_null' then 'is not empty'
      when 'like' then 'is like'
      when 'ilike' then 'is like'
      when 'regex' then 'matches'
      when 'not_regex' then 'does not match'
    end)
$$;

comment on function utils.factor_phrase(public.factor_type_enum, public.operator_enum) is
  'How an operator reads between a datapoint and a value; times, places and similarity have phrases of their own.';

revoke execute on function utils.factor_phrase(public.factor_type_enum, public.operator_enum) from public;
grant execute on function utils.factor_phrase(public.factor_type_enum, public.operator_enum) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_plural.sql
create or replace function utils.factor_plural(name text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  words constant text := pg_catalog.regexp_replace(name, '^(total )?(number of|count of|num|nr of) (?=.)', '', 'i');
  counted constant text := pg_catalog."substring"(words, '^(.+) (?:count|number)$');
begin
  return case
    when counted is null then words
    when counted ~ '(^| )person$' then pg_catalog.regexp_replace(counted, 'person$', 'people')
    when counted ~ '[^s]s$' or counted ~ '(^| )(people|staff|children)$' then counted
    when counted ~ '(s|x|z|ch|sh)$' then counted || 'es'
    when counted ~ '[^aeiou]y$' then pg_catalog."left"(counted, -1) || 'ies'
    else counted || 's'
  end;
end
$$;

comment on function utils.factor_plural(text) is
  'What "How many" counts: employees, employee count and number of employees are all "employees".';

revoke execute on function utils.factor_plural(text) from public;
grant execute on function utils.factor_plural(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_predicate.sql
create or replace function utils.factor_predicate(name text, out yes text, out no text, out ask text, out rest text)
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  words constant text := coalesce(name, 'suitable');
  head constant text := pg_catalog.lower(pg_catalog."substring"(words, '^[^ ]+(?= )'));
  tail constant text := pg_catalog."substring"(words, '^[^ ]+ (.*)$');
begin
  ask := 'Does';
  rest := tail;
  if head in ('is', 'are', 'was', 'were', 'can', 'could', 'will', 'would', 'should', 'must', 'may')
    or (head in ('has', 'have', 'had') and tail ~* '^([[:alpha:]]{3,}[^e]ed|been|gone|become)( |$)')
  then
    yes := head || ' ' || tail;
    no := case head when 'can' then 'cannot' else head || ' not' end || ' ' || tail;
    ask := pg_catalog.initcap(head);
  elsif head in ('has', 'have') then
    yes := 'has ' || tail;
    no := 'does not have ' || tail;
    rest := 'have ' || tail;
  elsif head in ('does', 'do') then
    yes := 'does ' || tail;
    no := 'does not ' || tail;
  elsif head like '%s' and utils.factor_verb(head) is not null then
    yes := head || ' ' || tail;
    rest := utils.factor_verb(head) || ' ' || tail;
    no := 'does not ' || rest;
  else
    yes := 'is ' || words;
    no := 'is not ' || words;
    ask := 'Is';
    rest := words;
  end if;
end
$$;

comment on function utils.factor_predicate(text) is
  'What a boolean datapoint says of an object: "is public", "is not public", and the question''s parts "Is" and "public"; is_, has_, can_, accepts_ and the like lead a name.';

revoke execute on function utils.factor_predicate(text) from public;
grant execute on function utils.factor_predicate(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_question.sql
create or replace function utils.factor_question(factor_type public.factor_type_enum, owner text, datapoint_name text)
returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  question constant text := utils.factor_question_word(factor_type)::text;
  name constant text := utils.factor_words(datapoint_name);
  predicate record;
begin
  case factor_type
    when 'volume' then
      return pg_catalog.format('%s %sdoes the %s have?', question, utils.factor_plural(name) || ' ', owner);
    when 'boolean' then
      predicate := utils.factor_predicate(name);
      return pg_catalog.format('%s the %s %s?', predicate.ask, owner, predicate.rest);
    when 'time' then
      return pg_catalog.format('%s was the %s?', question, utils.factor_event(owner, name));
    when 'place' then
      return pg_catalog.format('%s is the %s?', question, utils.factor_site(owner, name));
    when 'frequency' then
      return utils.factor_action(question, owner, name, 'act');
    when 'reason' then
      return utils.factor_action(question, owner, name, 'qualify');
    when 'entity' then
      return pg_catalog.format('%s %sdoes the %s use?', question,
        pg_catalog.regexp_replace(name, ' (used|in use)$', '') || ' ', owner);
    else
      -- option: What is …; similarity: How similar is …
      return pg_catalog.format('%s is the %s%s?', question, owner, '''s ' || name);
  end case;
end
$$;

comment on function utils.factor_question(public.factor_type_enum, text, text) is
  'The sentence of a use case: "How many employees does the company have?".';

revoke execute on function utils.factor_question(public.factor_type_enum, text, text) from public;
grant execute on function utils.factor_question(public.factor_type_enum, text, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_question_word.sql
create or replace function utils.factor_question_word(factor_type public.factor_type_enum)
returns public.factor_type_description
language sql immutable strict parallel safe
set search_path = ''
as $$
  select case factor_type
    when 'volume' then 'How many'
    when 'boolean' then 'Is'
    when 'option' then 'What'
    when 'time' then 'When'
    when 'place' then 'Where'
    when 'frequency' then 'How often'
    when 'reason' then 'Why'
    when 'entity' then 'What'
    when 'similarity' then 'How similar'
  end::public.factor_type_description
$$;

comment on function utils.factor_question_word(public.factor_type_enum) is
  'The words with which the question of a factor type begins.';

revoke execute on function utils.factor_question_word(public.factor_type_enum) from public;
grant execute on function utils.factor_question_word(public.factor_type_enum) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_rate.sql
create or replace function utils.factor_rate(input text) returns numeric
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  words constant text := pg_catalog.lower(pg_catalog.btrim(pg_catalog.regexp_replace(input, '[\s_-]+', ' ', 'g')));
  per_year constant jsonb := '{"second": 31557600, "minute": 525960, "hour": 8766, "day": 365.25, "week": 52.1786,
    "month": 12, "quarter": 4, "year": 1}'::jsonb;
  known constant jsonb := '{"never": 0, "hourly": 8766, "daily": 365.25, "weekly": 52.1786, "biweekly": 26.0893,
    "fortnightly": 26.0893, "semimonthly": 24, "monthly": 12, "bimonthly": 6, "quarterly": 4, "semiannually": 2,
    "biannually": 2, "half yearly": 2, "yearly": 1, "annually": 1, "annual": 1, "biennially": 0.5}'::jsonb;
  p text[];
begin
  if known ? words then
    return (known ->> words)::numeric;
  end if;
  p := pg_catalog.regexp_match(words,
    '^(once|twice|([0-9]{1,9}) ?(?:x|times?)?) ?(?:an?|per|every|each|/) ?(second|minute|hour|day|week|month|quarter|year)$');
  if p is not null then
    return (per_year ->> p[3])::numeric * case p[1] when 'once' then 1 when 'twice' then 2 else p[2]::numeric end;
  end if;
  p := pg_catalog.regexp_match(words,
    '^every (other |([0-9]{1,9}) )?(second|minute|hour|day|week|month|quarter|year)s?$');
  return (per_year ->> p[3])::numeric / nullif(case when p[1] = 'other ' then 2 else coalesce(p[2]::numeric, 1) end, 0);
end
$$;

comment on function utils.factor_rate(text) is
  'How many times a year: weekly, "twice a month", "3 times per day", "every 2 weeks", never; null when it is no frequency.';

revoke execute on function utils.factor_rate(text) from public;
grant execute on function utils.factor_rate(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_site.sql
create or replace function utils.factor_site(owner text, name text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  words constant text := pg_catalog.regexp_replace(name, ' (in|at)$', '', 'i');
  part constant text := pg_catalog."substring"(words, '(?i)^(.+) (?:location|place|address)$');
begin
  return case
    when words is null or words ~* '^(location|locations|place|address|geolocation)$' then owner || ' located'
    when words ~* '^(located|based|headquartered|registered|incorporated|born|situated|listed|hosted|stored|buried|employed)$'
      then owner || ' ' || words
    when part is not null then owner || '''s ' || part || ' located'
    else owner || '''s ' || words
  end;
end
$$;

comment on function utils.factor_site(text, text) is
  'What "Where is the" asks after: "company located" (location), "company based" (based in), "company''s headquarters".';

revoke execute on function utils.factor_site(text, text) from public;
grant execute on function utils.factor_site(text, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_span.sql
-- Numbers, truth values, frequencies and times all become a span on one line, so they are compared by one rule. A
-- number is a span of one point; 2020 as a time is a span of a year.
create or replace function utils.factor_span(input jsonb, value_type text) returns numeric[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  is_number constant boolean := pg_catalog.jsonb_typeof(input) = 'number';
  content text;
  point numeric;
begin
  if pg_catalog.jsonb_typeof(input) in ('array', 'object', 'null') then
    return null;
  end if;
  content := input #>> '{}';
  case value_type
    when 'number' then
      point := case when is_number then input::numeric else utils.parse_number(content) end;
    when 'boolean' then
      point := utils.parse_boolean(content)::int;
    when 'frequency' then
      point := case when is_number then input::numeric else utils.factor_rate(content) end;
    when 'date', 'timestamp' then
      if not is_number or (input::numeric between 1000 and 9999 and content ~ '^[0-9]{4}$') then
        return utils.factor_time_span(content, value_type = 'date');
      end if;
      -- As utils.parse_date reads it: seconds since 1970, from 1e11 on milliseconds.
      if input::numeric not between -62135596800000 and 253402300799999 then
        return null;
      end if;
      point := pg_catalog.floor(
        input::numeric * case when pg_catalog.abs(input::numeric) < 100000000000 then 1000000 else 1000 end);
      if value_type = 'date' then
        point := pg_catalog.floor(point / 86400000000) * 86400000000;
        return array[point, point + 86399999999];
      end if;
    else
      return null;
  end case;
  return case when point is not null then array[point, point] end;
end
$$;

comment on function utils.factor_span(jsonb, text) is
  'Where a value lies on a line, as {first, last}: a number, boolean, frequency (times a year), date or timestamp (microseconds since 1970); null when it is not of the type.';

revoke execute on function utils.factor_span(jsonb, text) from public;
grant execute on function utils.factor_span(jsonb, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_time_span.sql
create or replace function utils.factor_time_span(input text, whole_day boolean) returns numeric[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  -- Most times are plain days, and matching the whole expression costs twenty times as much as this.
  p constant text[] := case pg_catalog.translate(input, '123456789', '000000000')
    when '0000-00-00' then pg_catalog.string_to_array(input, '-')
    else pg_catalog.regexp_match(input,
      '^\s*([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,12}))?)?'
      '\s*(?:Z|z|UTC|GMT|([+-])([0-9]{2}):?([0-9]{2})?)?)?)?)?\s*$')
  end;
  month constant int := coalesce(p[2]::int, 1);
  day constant int := coalesce(p[3]::int, 1);
  first_day date;
  next_day date;
  instant numeric;
begin
  if p is null or p[1] = '0000' or month not between 1 and 12
    or p[4]::int > 23 or p[5]::int > 59 or p[6]::int > 60 or p[9]::int > 15 or p[10]::int > 59
  then
    return null;
  end if;
  first_day := pg_catalog.make_date(p[1]::int, month, 1);
  next_day := first_day + case when p[2] is null then interval '1 year' else interval '1 month' end;
  if day not between 1 and next_day - first_day then
    return null;
  elsif p[3] is not null then
    first_day := first_day + (day - 1);
    next_day := first_day + 1;
  end if;
  if p[4] is null or whole_day then
    return array[(first_day - date '1970-01-01') * 86400000000::numeric, (next_day - date '1970-01-01') * 86400000000::numeric - 1];
  end if;
  instant := (first_day - date '1970-01-01') * 86400000000::numeric
    + (p[4]::int * 3600 + p[5]::int * 60 + coalesce(p[6]::int, 0)) * 1000000::numeric
    + coalesce(pg_catalog.rpad(p[7], 6, '0')::int, 0)
    - case p[8] when '-' then -1 else 1 end * (coalesce(p[9]::int, 0) * 60 + coalesce(p[10]::int, 0)) * 60000000::numeric;
  return array[instant, instant];
end
$$;

comment on function utils.factor_time_span(text, boolean) is
  'First and last microsecond since 1970 of a year, month, day or moment in ISO form; without a zone it is UTC. whole_day: a moment stands for the calendar day it names. Null when it is none of these.';

revoke execute on function utils.factor_time_span(text, boolean) from public;
grant execute on function utils.factor_time_span(text, boolean) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_value_words.sql
create or replace function utils.factor_value_words(
  factor_type public.factor_type_enum, operator public.operator_enum, value text)
returns text
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  several constant boolean := operator in ('in', 'not_in', 'between');
  content text := case
    when operator = 'between' then pg_catalog.array_to_string(utils.factor_bounds(value), ' and ')
    when several then pg_catalog.array_to_string(utils.factor_items(value), ', ') end;
begin
  if operator in ('is_null', 'is_not_null') then
    return null;
  end if;
  content := pg_catalog.btrim(pg_catalog.regexp_replace(coalesce(nullif(content, ''), value), '[[:space:][:cntrl:]]+', ' ', 'g'));
  if coalesce(content, '') = '' then
    return case factor_type when 'time' then 'some time' when 'place' then 'some place' else 'some value' end
      || case when several then 's' else '' end;
  end if;
  -- A sentence stays readable whatever the value; the factor has all of it.
  return case when pg_catalog.length(content) > 500 then pg_catalog."left"(content, 499) || '…' else content end;
end
$$;

comment on function utils.factor_value_words(public.factor_type_enum, public.operator_enum, text) is
  'A factor''s value as it reads in its sentence: "a, b", "1 and 5"; null for operators that take none.';

revoke execute on function utils.factor_value_words(public.factor_type_enum, public.operator_enum, text) from public;
grant execute on function utils.factor_value_words(public.factor_type_enum, public.operator_enum, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_verb.sql
create or replace function utils.factor_verb(word text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  -- update, updates, updating; publish, publishes, publishing; shipping (ship); supply, supplies.
  select v.verb
  from pg_catalog.unnest(pg_catalog.string_to_array(
    'accept access achieve acquire adopt advertise allow analyze announce answer apply attend audit bill blog book bring '
    'build buy call change charge check choose collect communicate comment complete connect consume contact create decide '
    'deliver deploy develop donate download email employ engage enter exhibit expand export fail file fix follow fund '
    'grow hire host implement import improve increase innovate integrate invest invoice issue join launch lead learn leave '
    'license list maintain make manage market measure meet merge migrate modify monitor move need offer onboard open '
    'operate order organize outsource own participate partner patch pay perform pitch plan post produce promote protect '
    'provide publish purchase pursue raise reach rebrand recruit refresh refuse release renew rent reorder reply report '
    'require research respond restructure review run search sell send serve share ship source speak spend sponsor store '
    'struggle subscribe succeed supply support switch teach test trade train transact travel tweet update upgrade '
    'upload use verify visit want win work write', ' ')) as v (verb)
  where pg_catalog.lower(word) = any (array[
    v.verb,
    v.verb || 's',
    v.verb || 'es',
    v.verb || 'ing',
    pg_catalog.regexp_replace(v.verb, 'e$', '') || 'ing',
    v.verb || pg_catalog."right"(v.verb, 1) || 'ing',
    pg_catalog.regexp_replace(v.verb, 'y$', '') || 'ies'])
  order by pg_catalog.length(v.verb)
  limit 1
$$;

comment on function utils.factor_verb(text) is
  'The verb that a word of a datapoint''s name is a form of: updates and updating are update; null when it is none that is known.';

revoke execute on function utils.factor_verb(text) from public;
grant execute on function utils.factor_verb(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/factor_words.sql
create or replace function utils.factor_words(name text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  -- founded_date, foundedDate and "Founded Date" are the same words; ARR and the LinkedIn of several words stay.
  select pg_catalog.string_agg(
    case when w.word ~ '^[[:upper:]][[:lower:]]*$' then pg_catalog.lower(w.word) else w.word end, ' ' order by w.place)
  from pg_catalog.regexp_split_to_table(
    case when name ~ '[[:space:]_-]' then pg_catalog."left"(name, 200)
      else pg_catalog.regexp_replace(pg_catalog."left"(name, 200), '([[:lower:]0-9])([[:upper:]])', '\1 \2', 'g') end,
    '[[:space:]_-]+') with ordinality as w (word, place)
  where w.word <> ''
$$;

comment on function utils.factor_words(text) is
  'A name as words of a sentence: separated by blanks, in lower case except abbreviations; null when there are none.';

revoke execute on function utils.factor_words(text) from public;
grant execute on function utils.factor_words(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/fill_placeholders.sql
create or replace function utils.fill_placeholders(parts text[], vars jsonb, out request jsonb, out missing text[])
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  name text;
  value jsonb;
  filled text;
begin
  missing := '{}';
  for i in 2..pg_catalog.cardinality(parts) by 2 loop
    name := pg_catalog.substr(parts[i], 2);
    value := utils.placeholder_value(name, vars);
    if value is null then
      name := case when pg_catalog.strpos(name, '\') = 0 then name else ('"' || name || '"')::jsonb #>> '{}' end;
      missing := case when name = any (missing) then missing else missing || name end;
    else
      parts[i] := case pg_catalog.left(parts[i], 1)
        when E'\x01' then value::text
        when E'\x02' then utils.json_escape(utils.jsonb_compact(value))
        else utils.url_encode(utils.jsonb_compact(value))
      end;
    end if;
  end loop;
  if missing <> '{}' then
    return;
  end if;

  filled := pg_catalog.array_to_string(parts, '');
  if pg_catalog.strpos(filled, '$secret.') > 0 then
    filled := pg_catalog.regexp_replace(filled, '<<(\$+secret\.)', '<<$\1', 'g');
  end if;
  filled := pg_catalog.replace(filled, E'\x04', '$');
  if pg_catalog.strpos(filled, E'\x03') > 0 then
    filled := pg_catalog.regexp_replace(filled, E'\x03([^\x05]*)\x05', '<<$secret.\1>>', 'g');
  end if;
  request := filled::jsonb;
end
$$;

comment on function utils.fill_placeholders(text[], jsonb) is
  'A template cut by utils.cut_template with the values of its placeholders: request; or, when the variables do not hold all, null and the names that are missing, each once, in order. See utils.replace_request_placeholders.';

revoke execute on function utils.fill_placeholders(text[], jsonb) from public;
grant execute on function utils.fill_placeholders(text[], jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/int_or_null.sql
create or replace function utils.int_or_null(value jsonb) returns int
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case when pg_catalog.jsonb_typeof(value) = 'number' then
    case when value::numeric between -2147483648 and 2147483647 then pg_catalog.round(value::numeric)::int end
  end;
end
$$;

comment on function utils.int_or_null(jsonb) is
  'The number that a JSON value is, rounded, when it fits an int; null for anything else, so that no reported figure can raise.';

revoke execute on function utils.int_or_null(jsonb) from public;
grant execute on function utils.int_or_null(jsonb) to service_role;
-- end of source

-- source: sql/utils/iso_time.sql
create or replace function utils.iso_time(moment timestamptz) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(
    pg_catalog.to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    (moment at time zone 'UTC')::text)
$$;

comment on function utils.iso_time(timestamptz) is
  'A time as text in UTC, to the second: 2026-05-01T10:00:00Z; whatever the session''s time zone.';

revoke execute on function utils.iso_time(timestamptz) from public;
grant execute on function utils.iso_time(timestamptz) to authenticated, service_role;
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
  names constant text[] := utils.path_names(steps);
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
  names constant text[] := case when fields is null then utils.path_names(steps) end;
  node constant jsonb := data #> names;
begin
  -- Most mappings are names that lead to one object or a list of them.
  if pg_catalog.jsonb_typeof(node) = 'object' then
    return query values (node, names, node);
    return;
  elsif pg_catalog.jsonb_typeof(node) = 'array' then
    return query
    select e.value, names || (e.n - 1)::text, e.value
    from pg_catalog.jsonb_array_elements(node) with ordinality as e (value, n)
    where pg_catalog.jsonb_typeof(e.value) = 'object';
    return;
  end if;

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

-- source: sql/utils/nearest_name.sql
-- By pairs of letters two names have in common (Dice); case and everything but letters and digits do not matter.
create or replace function utils.nearest_name(wanted text, names text[]) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  with plain as (
    select n.name, pg_catalog.lower(pg_catalog.regexp_replace(n.name, '[^[:alnum:]]', '', 'g')) as letters
    from pg_catalog.unnest(names || wanted) as n (name)
  ),
  pairs as (
    select p.name, p.letters, array(
      select distinct pg_catalog.substr(p.letters, i.n, 2)
      from pg_catalog.generate_series(1, greatest(pg_catalog.length(p.letters) - 1, 1)) as i (n)) as pairs
    from plain as p
  )
  select p.name
  from pairs as p
  join pairs as w on w.name = wanted
  cross join lateral (
    select 2.0 * (
        select pg_catalog.count(*)
        from pg_catalog.unnest(p.pairs) as mine (pair)
        where mine.pair = any (w.pairs))
      / (pg_catalog.cardinality(p.pairs) + pg_catalog.cardinality(w.pairs)) as likeness
  ) as l
  where p.name <> wanted
    and (l.likeness >= 0.4 or p.letters like '%' || w.letters || '%' and w.letters <> '' or w.letters like '%' || p.letters || '%' and p.letters <> '')
  order by l.likeness desc, p.name
  limit 1
$$;

comment on function utils.nearest_name(text, text[]) is
  'The one of these names that is most like the wanted one; null when none is.';

revoke execute on function utils.nearest_name(text, text[]) from public;
grant execute on function utils.nearest_name(text, text[]) to authenticated, service_role;
-- end of source

-- source: sql/utils/now.sql
create or replace function utils.now() returns timestamptz
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  return coalesce(
    nullif(pg_catalog.current_setting('etl.fake_now', true), '')::timestamptz,
    pg_catalog.now());
end
$$;

comment on function utils.now() is
  'The time of the transaction, or the time a test set by: set etl.fake_now = ''2030-01-01 00:00Z''.';

revoke execute on function utils.now() from public;
grant execute on function utils.now() to authenticated, service_role;
-- end of source

-- source: sql/utils/number_or.sql
create or replace function utils.number_or(value jsonb, fallback numeric) returns numeric
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case when pg_catalog.jsonb_typeof(value) = 'number' then value::numeric else fallback end;
end
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

-- source: sql/utils/path_names.sql
create or replace function utils.path_names(path jsonb) returns text[]
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  steps constant jsonb := utils.path_steps(path);
  names text[] := '{}'::text[];
begin
  -- Names that #> would take for an index are no plain names, like everything that may branch.
  if pg_catalog.jsonb_path_exists(
    steps, 'strict $[*] ? (@.type() == "number" || @ == "*" || @ == "**" || @ like_regex "^\\s*[-+]?[0-9]")')
  then
    return null;
  end if;
  for place in 0 .. pg_catalog.jsonb_array_length(steps) - 1 loop
    names := names || (steps ->> place);
  end loop;
  return names;
end
$$;

comment on function utils.path_names(jsonb) is
  'The names of a path for the operator #>, which takes them all at once; null when the path may branch or has an index.';

revoke execute on function utils.path_names(jsonb) from public;
grant execute on function utils.path_names(jsonb) to authenticated, service_role;
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

-- source: sql/utils/rate_limit_error.sql
create or replace function utils.rate_limit_error(rate_limit jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when rate_limit is null or rate_limit = 'null' then null
    when pg_catalog.jsonb_typeof(rate_limit) <> 'object' then
      pg_catalog.format('an object such as {"second": 5}, not %s', pg_catalog.jsonb_typeof(rate_limit))
    else (
      select case
        when l.key not in ('second', 'minute', 'day') then
          pg_catalog.format('"%s" is unknown: known are second, minute, day', l.key)
        else pg_catalog.format('"%s" is a whole number from 1 to 1000000000, not %s', l.key, pg_catalog."left"(l.value::text, 80))
        end
      from pg_catalog.jsonb_each(rate_limit) as l
      where l.key not in ('second', 'minute', 'day')
        or case when pg_catalog.jsonb_typeof(l.value) = 'number'
          then not ((l.value #>> '{}')::numeric between 1 and 1000000000
            and (l.value #>> '{}')::numeric = pg_catalog.trunc((l.value #>> '{}')::numeric))
          else true end
      order by l.key
      limit 1)
    end
$$;

comment on function utils.rate_limit_error(jsonb) is
  'What is wrong with a rate limit {"second": n, "minute": n, "day": n}; null when nothing is.';

revoke execute on function utils.rate_limit_error(jsonb) from public;
grant execute on function utils.rate_limit_error(jsonb) to authenticated, service_role;
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
  filled constant record := utils.fill_placeholders(utils.cut_template(template), coalesce(vars, '{}'));
begin
  if filled.missing <> '{}' then
    raise exception using
      errcode = 'ETL03',
      message = pg_catalog.format('placeholder <<$%s>> cannot be resolved', filled.missing[1]),
      hint = 'The variables hold no such name or member; a template names what its source needs to be asked.';
  end if;
  return filled.request;
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
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return coalesce((utils.fill_placeholders(utils.cut_template(template), coalesce(vars, '{}'))).missing, '{}');
end
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

-- source: sql/utils/url_host.sql
create or replace function utils.url_host(url text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return pg_catalog.lower(pg_catalog.substring(url, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#]+)'));
end
$$;

comment on function utils.url_host(text) is 'The host of a URL with its port, in lower case, without user and password; null when it has none.';

revoke execute on function utils.url_host(text) from public;
grant execute on function utils.url_host(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/uuid_or_null.sql
create or replace function utils.uuid_or_null(value jsonb) returns uuid
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case when value #>> '{}' ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
    then (value #>> '{}')::uuid end;
end
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

drop policy if exists members_read on etl_api.advance_queue;
create policy members_read on etl_api.advance_queue
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.advance_queue is 'Members read the rows of their orgs.';

-- The rest is the operator's: the views need to know what counts as stuck.
drop policy if exists everybody_reads_times on etl_api.setting;
create policy everybody_reads_times on etl_api.setting
  for select to authenticated
  using (name = 'stuck_after_seconds');
comment on policy everybody_reads_times on etl_api.setting is 'What counts as stuck is no secret; the rest is the operator''s.';

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

drop policy if exists members_read on etl_api.traffic;
create policy members_read on etl_api.traffic
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.traffic is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.traffic_last;
create policy members_read on etl_api.traffic_last
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.traffic_last is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.usage_day;
create policy members_read on etl_api.usage_day
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.usage_day is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.usage_month;
create policy members_read on etl_api.usage_month
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.usage_month is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.alert;
create policy members_read on etl_api.alert
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.alert is 'Members read the rows of their orgs.';

-- How much of a shared source is used up would tell of other tenants.
drop policy if exists members_read on etl_api.source_window;
create policy members_read on etl_api.source_window
  for select to authenticated
  using (exists (
    select 1
    from public.source as s
    where s.id = source_window.source_id
      and s.org_id = any (array(select etl_api.my_orgs()))));
comment on policy members_read on etl_api.source_window is 'Members read the use of their orgs'' own sources.';

drop policy if exists nobody on etl_api.source_turn;
create policy nobody on etl_api.source_turn
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.source_turn is 'Of no use to a user: the engine and its operator only.';

drop policy if exists members_read on etl_api.budget_used;
create policy members_read on etl_api.budget_used
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.budget_used is 'Members read what their orgs have spent.';

drop policy if exists everybody_reads on etl_api.roll_up_mark;
create policy everybody_reads on etl_api.roll_up_mark
  for select to authenticated
  using (true);
comment on policy everybody_reads on etl_api.roll_up_mark is 'The views add what lies behind the mark; it is no secret.';

drop policy if exists members_read on etl_api.org_count_delta;
create policy members_read on etl_api.org_count_delta
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.org_count_delta is 'Members read what is still to be added to their orgs'' counters.';

drop policy if exists members_read on etl_api.data_quality_month;
create policy members_read on etl_api.data_quality_month
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.data_quality_month is 'Members read the rows of their orgs.';

drop policy if exists nobody on etl_api.data_quality_mark;
create policy nobody on etl_api.data_quality_mark
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.data_quality_mark is 'Of no use to a user: the engine and its operator only.';
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

drop trigger if exists a_guard_delete on public.workflow_request;
create trigger a_guard_delete
  after delete on public.workflow_request
  referencing old table as old_rows
  for each statement
  execute function etl_api.guard_deletes();
comment on trigger a_guard_delete on public.workflow_request is
  'A row that goes is written to state_history, so that the counts stay right.';

drop trigger if exists a_guard_delete on public.activity_request;
create trigger a_guard_delete
  after delete on public.activity_request
  referencing old table as old_rows
  for each statement
  execute function etl_api.guard_deletes();
comment on trigger a_guard_delete on public.activity_request is
  'A row that goes is written to state_history, so that the counts stay right.';

drop trigger if exists a_guard_delete on public.run_queue;
create trigger a_guard_delete
  after delete on public.run_queue
  referencing old table as old_rows
  for each statement
  execute function etl_api.guard_deletes();
comment on trigger a_guard_delete on public.run_queue is
  'A row that goes is written to state_history, so that the counts stay right.';

drop trigger if exists a_guard_delete on public.run_request;
create trigger a_guard_delete
  after delete on public.run_request
  referencing old table as old_rows
  for each statement
  execute function etl_api.guard_deletes();
comment on trigger a_guard_delete on public.run_request is
  'A row that goes is written to state_history, so that the counts stay right.';

drop trigger if exists a_guard_delete on public.delivery;
create trigger a_guard_delete
  after delete on public.delivery
  referencing old table as old_rows
  for each statement
  execute function etl_api.guard_deletes();
comment on trigger a_guard_delete on public.delivery is
  'A row that goes is written to state_history, so that the counts stay right.';
-- end of source

-- source: sql/etl_api/usage/chart_data_quality.sql
create or replace view etl_api.chart_data_quality with (security_invoker = true) as
  with span as (
    select k.org_id, k.object_type_id, k.datapoint_id, m.month::date as month
    from (
      select q.org_id, q.object_type_id, q.datapoint_id, pg_catalog.min(q.month) as first_month
      from etl_api.data_quality_month as q
      where q.all_sources
      group by q.org_id, q.object_type_id, q.datapoint_id
    ) as k
    cross join lateral pg_catalog.generate_series(
      k.first_month::timestamp, utils.now() at time zone 'UTC', interval '1 month') as m (month)
  )
  select
    s.org_id,
    s.month,
    s.object_type_id,
    t.name as object_type,
    s.datapoint_id,
    d.name as datapoint,
    pg_catalog.round(m.with_value / m.objects::numeric, 4) as coverage,
    pg_catalog.round(m.fresh / nullif(m.with_value, 0)::numeric, 4) as freshness,
    m.median_age,
    pg_catalog.round(m.conflicting / nullif(m.compared, 0)::numeric, 4) as conflict,
    m.refused,
    m.measured_at
  from span as s
  cross join lateral (
    select q.*
    from etl_api.data_quality_month as q
    where q.org_id = s.org_id
      and q.datapoint_id = s.datapoint_id
      and q.all_sources
      and q.month <= s.month
    order by q.month desc
    limit 1
  ) as m
  join public.datapoint as d on d.id = s.datapoint_id
  join public.object_type as t on t.id = s.object_type_id;

comment on view etl_api.chart_data_quality is
  'Chart: how good the values of each datapoint were per month, all sources together, as measured last in the month. A month in which nothing was measured has the figures of the one before: nothing had changed.';
comment on column etl_api.chart_data_quality.org_id is 'The tenant.';
comment on column etl_api.chart_data_quality.month is 'First day of the month, in UTC.';
comment on column etl_api.chart_data_quality.object_type_id is 'The type of the objects.';
comment on column etl_api.chart_data_quality.object_type is 'Its name.';
comment on column etl_api.chart_data_quality.datapoint_id is 'The datapoint.';
comment on column etl_api.chart_data_quality.datapoint is 'Its name.';
comment on column etl_api.chart_data_quality.coverage is 'Share of these objects that have a value of it, 0 to 1.';
comment on column etl_api.chart_data_quality.freshness is 'Share of the values younger than max_age (or without one), 0 to 1; null without a value.';
comment on column etl_api.chart_data_quality.median_age is 'Half of the values were younger than this when measured.';
comment on column etl_api.chart_data_quality.conflict is 'Share of the objects with values of several sources whose sources disagree, 0 to 1; null when there is none.';
comment on column etl_api.chart_data_quality.refused is 'Of how many objects a guardrail refused a value.';
comment on column etl_api.chart_data_quality.measured_at is 'When it was measured.';

revoke all on etl_api.chart_data_quality from public;
grant select on etl_api.chart_data_quality to authenticated, service_role;
-- end of source

-- source: sql/etl_api/usage/data_quality.sql
create or replace view etl_api.data_quality with (security_invoker = true) as
  select
    m.org_id,
    m.object_type_id,
    t.name as object_type,
    m.datapoint_id,
    d.name as datapoint,
    m.source_id,
    case when m.all_sources then 'all' else coalesce(s.name, 'input') end as source,
    m.all_sources,
    m.objects,
    m.sampled,
    pg_catalog.round(m.with_value / m.objects::numeric, 4) as coverage,
    pg_catalog.round(m.fresh / nullif(m.with_value, 0)::numeric, 4) as freshness,
    m.median_age,
    pg_catalog.round(m.conflicting / nullif(m.compared, 0)::numeric, 4) as conflict,
    m.refused,
    m.measured_at,
    utils.now() - m.measured_at as age
  from etl_api.data_quality_month as m
  join public.datapoint as d on d.id = m.datapoint_id
  join public.object_type as t on t.id = m.object_type_id
  left join public.source as s on s.id = m.source_id
  where m.month = (
      select pg_catalog.max(latest.month)
      from etl_api.data_quality_month as latest
      where latest.org_id = m.org_id)
    and (m.source_id is null or s.id is not null);

comment on view etl_api.data_quality is
  'How good the values are that tenants have, per datapoint and source, of those the reader may see: as measured last (measured_at). The sweep measures a tenant at most once an hour while its data changes; etl_api.measure_data_quality(org_id) measures now.';
comment on column etl_api.data_quality.org_id is 'The tenant.';
comment on column etl_api.data_quality.object_type_id is 'The type of the objects.';
comment on column etl_api.data_quality.object_type is 'Its name.';
comment on column etl_api.data_quality.datapoint_id is 'The datapoint.';
comment on column etl_api.data_quality.datapoint is 'Its name.';
comment on column etl_api.data_quality.source_id is 'The source; null for the requests'' own input and for all sources.';
comment on column etl_api.data_quality.source is 'Its name; input: what the requests brought themselves; all: all sources together.';
comment on column etl_api.data_quality.all_sources is 'Whether the row is about all sources together.';
comment on column etl_api.data_quality.objects is 'Objects of the type that were looked at.';
comment on column etl_api.data_quality.sampled is 'Whether there were more: then these are a random sample, and the shares are estimates.';
comment on column etl_api.data_quality.coverage is 'Share of these objects that have a value of it, 0 to 1.';
comment on column etl_api.data_quality.freshness is 'Share of the values younger than max_age (or without one), 0 to 1; null without a value.';
comment on column etl_api.data_quality.median_age is 'Half of the values were younger than this when measured.';
comment on column etl_api.data_quality.conflict is 'Share of the objects with values of several sources whose sources disagree, 0 to 1; null when there is none.';
comment on column etl_api.data_quality.refused is 'Of how many of these objects a guardrail refused a value.';
comment on column etl_api.data_quality.measured_at is 'When it was measured.';
comment on column etl_api.data_quality.age is 'How long ago that was.';

revoke all on etl_api.data_quality from public;
grant select on etl_api.data_quality to authenticated, service_role;
-- end of source

-- source: sql/etl_api/usage/trg_usage.sql
-- Their names sort after those of the triggers that do the work: an org's row is held from its first counter to the
-- end of the transaction, and whoever comes meanwhile must leave a note.

drop trigger if exists trg_usage_count_requests on public.activity_request;
create trigger trg_usage_count_requests
  after insert on public.activity_request
  referencing new table as new_rows
  for each statement
  execute function etl_api.trigger_count_activity_requests();
comment on trigger trg_usage_count_requests on public.activity_request is
  'New activity requests are added to org.request_count.';

drop trigger if exists trg_usage_count_new_objects on public.object;
create trigger trg_usage_count_new_objects
  after insert on public.object
  referencing new table as new_rows
  for each statement
  execute function etl_api.trigger_count_objects();
comment on trigger trg_usage_count_new_objects on public.object is
  'New objects are added to org.object_count and taken from org.free_objects.';

drop trigger if exists trg_usage_count_gone_objects on public.object;
create trigger trg_usage_count_gone_objects
  after delete on public.object
  referencing old table as old_rows
  for each statement
  execute function etl_api.trigger_count_objects();
comment on trigger trg_usage_count_gone_objects on public.object is
  'Deleted objects are taken from org.object_count.';

drop trigger if exists trg_usage_count_new_datapoints on public.datapoint;
create trigger trg_usage_count_new_datapoints
  after insert on public.datapoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.trigger_count_datapoints();
comment on trigger trg_usage_count_new_datapoints on public.datapoint is
  'A new datapoint is counted in org.datapoint_count.';

drop trigger if exists trg_usage_count_gone_datapoints on public.datapoint;
create trigger trg_usage_count_gone_datapoints
  after delete on public.datapoint
  referencing old table as old_rows
  for each statement
  execute function etl_api.trigger_count_datapoints();
comment on trigger trg_usage_count_gone_datapoints on public.datapoint is
  'A deleted datapoint is no longer counted in org.datapoint_count.';

drop trigger if exists trg_usage_count_datapoints on public.org;
create trigger trg_usage_count_datapoints
  after insert on public.org
  referencing new table as new_rows
  for each statement
  execute function etl_api.trigger_count_new_orgs();
comment on trigger trg_usage_count_datapoints on public.org is
  'A new org has the shared datapoints from the start.';
-- end of source

-- source: sql/etl_api/usage/usage.sql
create or replace view etl_api.usage with (security_invoker = true) as
  select d.org_id, d.day, d.activity_type, d.activity_id, d.source_id, d.requests, d.requests_failed, d.request_seconds,
    d.runs, d.runs_failed, d.http_requests, d.http_failed, d.objects, d."values", d.refused, d.cost
  from etl_api.usage_day as d
  union all
  select t.org_id, t.day, t.activity_type, t.activity_id, t.source_id, t.requests, t.requests_failed, t.request_seconds,
    t.runs, t.runs_failed, t.http_requests, t.http_failed, t.objects, t."values", t.refused, t.cost
  from etl_api.usage_of_steps() as t;

comment on view etl_api.usage is
  'What tenants used by day, activity and source, of those the reader may see: what has been rolled up and, in rows of its own, what has ended since. Add up before showing.';
comment on column etl_api.usage.org_id is 'The tenant.';
comment on column etl_api.usage.day is 'The day, in UTC.';
comment on column etl_api.usage.activity_type is 'enrichment, extract or sourcing; null when the request has been deleted.';
comment on column etl_api.usage.activity_id is 'The activity; null when the request has been deleted.';
comment on column etl_api.usage.source_id is 'The source of runs and HTTP requests; null in the rows of activity requests.';
comment on column etl_api.usage.requests is 'Activity requests that ended.';
comment on column etl_api.usage.requests_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.usage.request_seconds is 'Seconds they took from start to end, together.';
comment on column etl_api.usage.runs is 'Runs that ended.';
comment on column etl_api.usage.runs_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.usage.http_requests is 'HTTP requests that ended.';
comment on column etl_api.usage.http_failed is 'Of these, those that failed or timed out.';
comment on column etl_api.usage.objects is 'Objects in the results of the activity requests.';
comment on column etl_api.usage."values" is 'Values in the results of the activity requests.';
comment on column etl_api.usage.refused is 'Refusals by guardrails in the activity requests.';
comment on column etl_api.usage.cost is 'Cost of the HTTP requests, in the currency of the tenant.';

revoke all on etl_api.usage from public;
grant select on etl_api.usage to authenticated, service_role;
-- end of source

-- source: sql/etl_api/usage/usage_by_month.sql
create or replace view etl_api.usage_by_month with (security_invoker = true) as
  select m.org_id, m.month, m.activity_type, m.activity_id, m.source_id, m.requests, m.requests_failed, m.request_seconds,
    m.runs, m.runs_failed, m.http_requests, m.http_failed, m.objects, m."values", m.refused, m.cost
  from etl_api.usage_month as m
  union all
  select t.org_id, pg_catalog.date_trunc('month', t.day)::date, t.activity_type, t.activity_id, t.source_id, t.requests,
    t.requests_failed, t.request_seconds, t.runs, t.runs_failed, t.http_requests, t.http_failed, t.objects, t."values",
    t.refused, t.cost
  from etl_api.usage_of_steps() as t;

comment on view etl_api.usage_by_month is
  'What tenants used by month, activity and source, of those the reader may see: what has been rolled up and, in rows of its own, what has ended since. The charts add it up.';
comment on column etl_api.usage_by_month.org_id is 'The tenant.';
comment on column etl_api.usage_by_month.month is 'First day of the month, in UTC.';
comment on column etl_api.usage_by_month.activity_type is 'enrichment, extract or sourcing; null when the request has been deleted.';
comment on column etl_api.usage_by_month.activity_id is 'The activity; null when the request has been deleted.';
comment on column etl_api.usage_by_month.source_id is 'The source of runs and HTTP requests; null in the rows of activity requests.';
comment on column etl_api.usage_by_month.requests is 'Activity requests that ended.';
comment on column etl_api.usage_by_month.requests_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.usage_by_month.request_seconds is 'Seconds they took from start to end, together.';
comment on column etl_api.usage_by_month.runs is 'Runs that ended.';
comment on column etl_api.usage_by_month.runs_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.usage_by_month.http_requests is 'HTTP requests that ended.';
comment on column etl_api.usage_by_month.http_failed is 'Of these, those that failed or timed out.';
comment on column etl_api.usage_by_month.objects is 'Objects in the results of the activity requests.';
comment on column etl_api.usage_by_month."values" is 'Values in the results of the activity requests.';
comment on column etl_api.usage_by_month.refused is 'Refusals by guardrails in the activity requests.';
comment on column etl_api.usage_by_month.cost is 'Cost of the HTTP requests, in the currency of the tenant.';

revoke all on etl_api.usage_by_month from public;
grant select on etl_api.usage_by_month to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/answers.sql
create or replace view etl_api.answers with (security_invoker = true) as
  select t.slot, t.org_id, t.source_id, t.endpoint_id, t.host, t.bucket, t.answers, t.failures
  from etl_api.traffic as t
  union all
  select pg_catalog.date_bin('5 minutes', t.at, '2000-01-01 00:00:00+00'), t.org_id, t.source_id, t.endpoint_id, utils.url_host(t.url),
    utils.duration_bucket(t.duration), 1, t.failed::int
  from etl_api.traffic_tail as t;

comment on view etl_api.answers is
  'What sources and clients answered in the last eight days, by tenant and five minutes, of those the reader may see: what has been rolled up and, in rows of its own, what came since. Add up before showing.';
comment on column etl_api.answers.slot is 'Begin of the five minutes.';
comment on column etl_api.answers.org_id is 'The tenant.';
comment on column etl_api.answers.source_id is 'The source that was asked; null for messages.';
comment on column etl_api.answers.endpoint_id is 'The endpoint messages were sent to.';
comment on column etl_api.answers.host is 'The host messages were sent to, where requests gave a URL.';
comment on column etl_api.answers.bucket is 'Class of the time to the answer (utils.bucket_milliseconds); -1: not known, as with messages.';
comment on column etl_api.answers.answers is 'Attempts that came to an end: an answer, or none in time.';
comment on column etl_api.answers.failures is 'Of these, those that failed, to be tried again or not.';

revoke all on etl_api.answers from public;
grant select on etl_api.answers to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/answers_last.sql
create or replace view etl_api.answers_last with (security_invoker = true) as
  select l.org_id, l.source_id, l.endpoint_id, l.host,
    pg_catalog.max(l.success_at) as success_at,
    pg_catalog.max(l.failure_at) as failure_at,
    (pg_catalog.array_agg(l.code order by l.failure_at desc) filter (where l.failure_at is not null))[1] as code,
    (pg_catalog.array_agg(l.message order by l.failure_at desc) filter (where l.failure_at is not null))[1] as message
  from (
    select k.org_id, k.source_id, k.endpoint_id, k.host, k.success_at, k.failure_at, k.code, k.message
    from etl_api.traffic_last as k
    union all
    select t.org_id, t.source_id, t.endpoint_id, utils.url_host(t.url), case when not t.failed then t.at end, case when t.failed then t.at end,
      t.code, t.message
    from etl_api.traffic_tail as t
  ) as l
  group by l.org_id, l.source_id, l.endpoint_id, l.host;

comment on view etl_api.answers_last is
  'The last success and the last failure of each source and each address of clients, per tenant, of those the reader may see.';
comment on column etl_api.answers_last.org_id is 'The tenant.';
comment on column etl_api.answers_last.source_id is 'The source; null for an address of clients.';
comment on column etl_api.answers_last.endpoint_id is 'The endpoint.';
comment on column etl_api.answers_last.host is 'The host, where requests gave a URL.';
comment on column etl_api.answers_last.success_at is 'The last attempt that succeeded; null: none yet.';
comment on column etl_api.answers_last.failure_at is 'The last attempt that failed; null: none yet.';
comment on column etl_api.answers_last.code is 'Substate after that failure: its class, or backoff when it was to be tried again.';
comment on column etl_api.answers_last.message is 'That failure in words.';

revoke all on etl_api.answers_last from public;
grant select on etl_api.answers_last to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/delivery_health.sql
create or replace view etl_api.delivery_health with (security_invoker = true) as
  select a.org_id, a.endpoint_id, coalesce(a.host, utils.url_host(e.url)) as host, e.url, e.disabled_at,
    a.waiting, a.failing, a.in_flight, a.oldest_due_at,
    utils.now() - a.oldest_due_at as oldest_due_age,
    a.attempts,
    pg_catalog.round((a.attempts - a.failures)::numeric / nullif(a.attempts, 0), 4) as success_rate,
    a.success_at as last_success_at,
    a.failure_at as last_failure_at,
    a.message as last_error
  from (
    select p.org_id, p.endpoint_id, p.host,
      coalesce(pg_catalog.sum(p.waiting), 0)::bigint as waiting,
      coalesce(pg_catalog.sum(p.failing), 0)::bigint as failing,
      coalesce(pg_catalog.sum(p.in_flight), 0)::bigint as in_flight,
      pg_catalog.min(p.oldest_due_at) as oldest_due_at,
      coalesce(pg_catalog.sum(p.attempts), 0)::bigint as attempts,
      coalesce(pg_catalog.sum(p.failures), 0)::bigint as failures,
      pg_catalog.max(p.success_at) as success_at,
      pg_catalog.max(p.failure_at) as failure_at,
      pg_catalog.max(p.message) as message
    from (
      select e.org_id, e.id as endpoint_id, null as host, null::bigint as waiting, null::bigint as failing,
        null::bigint as in_flight, null::timestamptz as oldest_due_at, null::bigint as attempts, null::bigint as failures,
        null::timestamptz as success_at, null::timestamptz as failure_at, null as message
      from public.webhook_endpoint as e
      union all
      select d.org_id, d.endpoint_id, case when d.endpoint_id is null then utils.url_host(d.url) end,
        pg_catalog.count(*), pg_catalog.count(*) filter (where d.attempts > 0), null,
        pg_catalog.min(d.due_at) filter (where d.due_at <= (select utils.now())), null, null, null, null, null
      from public.delivery as d
      where d.state in ('waiting', 'ready')
      group by 1, 2, 3
      union all
      select d.org_id, d.endpoint_id, case when d.endpoint_id is null then utils.url_host(d.url) end,
        null, null, pg_catalog.count(*), null, null, null, null, null, null
      from public.delivery as d
      where d.state = 'in_progress'
      group by 1, 2, 3
      union all
      select r.org_id, r.endpoint_id, r.host, null, null, null, null, r.answers, r.failures, null, null, null
      from etl_api.answers as r
      where r.source_id is null
        and r.slot > utils.now() - interval '24 hours'
      union all
      select l.org_id, l.endpoint_id, l.host, null, null, null, null, null, null, l.success_at, l.failure_at, l.message
      from etl_api.answers_last as l
      where l.source_id is null
    ) as p
    group by p.org_id, p.endpoint_id, p.host
  ) as a
  left join public.webhook_endpoint as e on e.id = a.endpoint_id and e.org_id = a.org_id;

comment on view etl_api.delivery_health is
  'How each address of clients fares, of the tenants the reader may see: a row for each endpoint, and for each host that requests gave URLs of.';
comment on column etl_api.delivery_health.org_id is 'The tenant.';
comment on column etl_api.delivery_health.endpoint_id is 'The endpoint; null for URLs that requests gave.';
comment on column etl_api.delivery_health.host is 'The host, with its port.';
comment on column etl_api.delivery_health.url is 'The URL of the endpoint; null for URLs that requests gave.';
comment on column etl_api.delivery_health.disabled_at is 'When the endpoint was disabled; null while it is in use.';
comment on column etl_api.delivery_health.waiting is 'Messages that wait to be sent, due or not.';
comment on column etl_api.delivery_health.failing is 'Of these, those that were tried before.';
comment on column etl_api.delivery_health.in_flight is 'Messages being sent.';
comment on column etl_api.delivery_health.oldest_due_at is 'Since when the oldest due one could have been sent; null when none is due.';
comment on column etl_api.delivery_health.oldest_due_age is 'How long ago that was.';
comment on column etl_api.delivery_health.attempts is 'Attempts that came to an end in the last 24 hours.';
comment on column etl_api.delivery_health.success_rate is 'Share of these that the client took, 0 to 1; null without attempts.';
comment on column etl_api.delivery_health.last_success_at is 'The last attempt that succeeded.';
comment on column etl_api.delivery_health.last_failure_at is 'The last attempt that failed.';
comment on column etl_api.delivery_health.last_error is 'That failure in words.';

revoke all on etl_api.delivery_health from public;
grant select on etl_api.delivery_health to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/overdue.sql
-- Each part reads a partial index of what is open, by the time it compares. The sweep comes once a minute at least, so
-- what it has to do counts as overdue a minute after its time; what workers have to take, after stuck_after_seconds. (The
-- lower bounds say nothing: with them the planner expects little, as in state_history_tail.)
create or replace view etl_api.overdue with (security_invoker = true) as
  select 'workflow_request' as entity, w.id as entity_id, w.org_id, w.id as workflow_request_id, null::uuid as source_id,
    'timeout' as reason, w.timeout_at as since
  from public.workflow_request as w
  where w.state in ('ready', 'waiting', 'in_progress')
    and w.timeout_at < utils.now() - interval '1 minute'
    and w.replay = 0
  union all
  select 'workflow_request', w.id, w.org_id, w.id, null, 'not_started', w.not_before
  from public.workflow_request as w
  where w.state = 'waiting'
    and w.not_before < utils.now() - interval '1 minute'
    and w.replay = 0
  union all
  select 'activity_request', a.id, a.org_id, a.workflow_request_id, null, 'timeout', a.timeout_at
  from public.activity_request as a
  where a.state in ('ready', 'waiting', 'in_progress')
    and a.timeout_at < utils.now() - interval '1 minute'
  union all
  select 'activity_request', a.id, a.org_id, a.workflow_request_id, null, 'bell', n.created_at
  from etl_api.advance_queue as n
  join public.activity_request as a on a.id = n.activity_request_id and a.org_id = n.org_id
  where n.created_at < utils.now() - interval '1 minute'
  union all
  select 'run_queue', q.id, q.org_id, q.workflow_request_id, q.source_id, 'timeout', q.timeout_at
  from public.run_queue as q
  where q.state in ('waiting', 'ready', 'in_progress')
    and q.timeout_at < utils.now() - interval '1 minute'
  union all
  select 'run_queue', q.id, q.org_id, q.workflow_request_id, q.source_id, 'not_taken', q.due_at
  from public.run_queue as q
  where q.state in ('waiting', 'ready')
    and q.due_at >= '-infinity'
    and q.due_at < (
      select utils.now() - pg_catalog.make_interval(secs => (s.value #>> '{}')::double precision)
      from etl_api.setting as s
      where s.name = 'stuck_after_seconds')
  union all
  select 'run_request', r.id, r.org_id, r.workflow_request_id, r.source_id, 'not_taken', r.due_at
  from public.run_request as r
  where r.state in ('waiting', 'ready')
    and r.due_at >= '-infinity'
    and r.due_at < (
      select utils.now() - pg_catalog.make_interval(secs => (s.value #>> '{}')::double precision)
      from etl_api.setting as s
      where s.name = 'stuck_after_seconds')
  union all
  select 'run_request', r.id, r.org_id, r.workflow_request_id, r.source_id, 'lease', r.lease_until
  from public.run_request as r
  where r.state = 'in_progress'
    and r.lease_until < utils.now() - interval '1 minute'
  union all
  select 'delivery', d.id, d.org_id, d.workflow_request_id, null, 'not_taken', d.due_at
  from public.delivery as d
  where d.state in ('waiting', 'ready')
    and d.due_at >= '-infinity'
    and d.due_at < (
      select utils.now() - pg_catalog.make_interval(secs => (s.value #>> '{}')::double precision)
      from etl_api.setting as s
      where s.name = 'stuck_after_seconds')
  union all
  select 'delivery', d.id, d.org_id, d.workflow_request_id, null, 'lease', d.lease_until
  from public.delivery as d
  where d.state = 'in_progress'
    and d.lease_until < utils.now() - interval '1 minute'
  union all
  select 'workflow_schedule', c.id, c.org_id, null, null, 'not_started', c.next_at
  from public.workflow_schedule as c
  where c.enabled
    and c.next_at < utils.now() - interval '1 minute'
  union all
  select 'sweep', null, null, null, null, 'sweep', m.rolled_up_at
  from etl_api.roll_up_mark as m
  where m.rolled_up_at < (
    select utils.now() - pg_catalog.make_interval(secs => (s.value #>> '{}')::double precision)
    from etl_api.setting as s
    where s.name = 'stuck_after_seconds');

comment on view etl_api.overdue is 'What is over its time, of what the reader may see, without the words of etl_api.stuck.';
comment on column etl_api.overdue.entity is 'The table of the row; sweep for the sweep itself.';
comment on column etl_api.overdue.entity_id is 'The row.';
comment on column etl_api.overdue.org_id is 'Its tenant.';
comment on column etl_api.overdue.workflow_request_id is 'The request it serves.';
comment on column etl_api.overdue.source_id is 'The source it waits for.';
comment on column etl_api.overdue.reason is
  'timeout (over its time, not ended), lease (its worker is silent), not_taken (due, not taken), not_started (its time has come), bell (nobody moved it on), sweep (nobody sweeps).';
comment on column etl_api.overdue.since is 'When its time was over.';

revoke all on etl_api.overdue from public;
grant select on etl_api.overdue to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/queue_depth.sql
create or replace view etl_api.queue_depth with (security_invoker = true) as
  select open.queue, open.source_id, s.name as source,
    pg_catalog.sum(open.due_now)::bigint as due_now,
    pg_catalog.sum(open.later)::bigint as later,
    pg_catalog.sum(open.in_flight)::bigint as in_flight,
    pg_catalog.min(open.oldest_due_at) as oldest_due_at,
    utils.now() - pg_catalog.min(open.oldest_due_at) as oldest_due_age
  from (
    select 'runs' as queue, q.source_id,
      pg_catalog.count(*) filter (where q.due_at <= (select utils.now())) as due_now,
      pg_catalog.count(*) filter (where q.due_at > (select utils.now())) as later,
      0 as in_flight,
      pg_catalog.min(q.due_at) filter (where q.due_at <= (select utils.now())) as oldest_due_at
    from public.run_queue as q
    where q.state in ('waiting', 'ready')
    group by q.source_id
    union all
    -- The runs that open HTTP requests carry: there is no index of runs in progress, and there are few such requests.
    select 'runs', carried.source_id, 0, 0, pg_catalog.sum(carried.runs), null
    from (
      select r.source_id, r.root_id
      from public.run_request as r
      where r.state in ('waiting', 'ready')
      union
      select r.source_id, r.root_id
      from public.run_request as r
      where r.state = 'in_progress'
    ) as chain
    cross join lateral (
      select chain.source_id, pg_catalog.count(*) as runs
      from public.run_queue as q
      where q.run_request_id = chain.root_id
        and q.state = 'in_progress'
    ) as carried
    group by carried.source_id
    having pg_catalog.sum(carried.runs) > 0
    union all
    select 'http_requests', r.source_id,
      pg_catalog.count(*) filter (where r.due_at <= (select utils.now())),
      pg_catalog.count(*) filter (where r.due_at > (select utils.now())),
      0,
      pg_catalog.min(r.due_at) filter (where r.due_at <= (select utils.now()))
    from public.run_request as r
    where r.state in ('waiting', 'ready')
    group by r.source_id
    union all
    select 'http_requests', r.source_id, 0, 0, pg_catalog.count(*), null
    from public.run_request as r
    where r.state = 'in_progress'
    group by r.source_id
    union all
    select 'deliveries', null,
      pg_catalog.count(*) filter (where d.due_at <= (select utils.now())),
      pg_catalog.count(*) filter (where d.due_at > (select utils.now())),
      0,
      pg_catalog.min(d.due_at) filter (where d.due_at <= (select utils.now()))
    from public.delivery as d
    where d.state in ('waiting', 'ready')
    having pg_catalog.count(*) > 0
    union all
    select 'deliveries', null, 0, 0, pg_catalog.count(*), null
    from public.delivery as d
    where d.state = 'in_progress'
    having pg_catalog.count(*) > 0
  ) as open
  left join public.source as s on s.id = open.source_id
  group by open.queue, open.source_id, s.name;

comment on view etl_api.queue_depth is
  'What waits to be taken and what is under way, by queue and source, of what the reader may see; a queue with nothing in it has no row.';
comment on column etl_api.queue_depth.queue is
  'runs (objects to ask a source about), http_requests (to sources: retries, polls, pages, hand-backs) or deliveries (messages to clients).';
comment on column etl_api.queue_depth.source_id is 'The source; null for deliveries.';
comment on column etl_api.queue_depth.source is 'Its name.';
comment on column etl_api.queue_depth.due_now is 'How many could be taken now.';
comment on column etl_api.queue_depth.later is 'How many wait for their time: a back-off, a poll, a budget.';
comment on column etl_api.queue_depth.in_flight is 'How many are under way.';
comment on column etl_api.queue_depth.oldest_due_at is 'Since when the oldest of those due could have been taken; null when none is due.';
comment on column etl_api.queue_depth.oldest_due_age is 'How long ago that was.';

revoke all on etl_api.queue_depth from public;
grant select on etl_api.queue_depth to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/source_health.sql
create or replace view etl_api.source_health with (security_invoker = true) as
  select s.id as source_id, s.name as source, s.org_id, s.enabled,
    coalesce(flight.requests, 0) as in_flight,
    s.max_concurrency,
    coalesce(runs.waiting, 0) as waiting_runs,
    coalesce(requests.waiting, 0) as waiting_requests,
    least(runs.oldest_due_at, requests.oldest_due_at) as oldest_due_at,
    utils.now() - least(runs.oldest_due_at, requests.oldest_due_at) as oldest_due_age,
    coalesce(hour.answers, 0) as answers,
    coalesce(hour.failures, 0)::bigint as failures,
    pg_catalog.round(hour.failures / hour.answers, 4) as failure_rate,
    utils.bucket_milliseconds(hour.p50) as p50_ms,
    utils.bucket_milliseconds(hour.p95) as p95_ms,
    last.success_at as last_success_at,
    last.failure_at as last_failure_at,
    last.message as last_error,
    used.rate_limit
  from public.source as s
  left join (
    select r.source_id, pg_catalog.count(*) as requests
    from public.run_request as r
    where r.state = 'in_progress'
    group by r.source_id
  ) as flight on flight.source_id = s.id
  left join (
    select q.source_id, pg_catalog.count(*) as waiting,
      pg_catalog.min(q.due_at) filter (where q.due_at <= (select utils.now())) as oldest_due_at
    from public.run_queue as q
    where q.state in ('waiting', 'ready')
    group by q.source_id
  ) as runs on runs.source_id = s.id
  left join (
    select r.source_id, pg_catalog.count(*) as waiting,
      pg_catalog.min(r.due_at) filter (where r.due_at <= (select utils.now())) as oldest_due_at
    from public.run_request as r
    where r.state in ('waiting', 'ready')
    group by r.source_id
  ) as requests on requests.source_id = s.id
  left join (
    select c.source_id, pg_catalog.sum(c.answers)::bigint as answers, pg_catalog.sum(c.failures) as failures,
      pg_catalog.min(c.bucket) filter (where c.timed_up_to >= 0.50 * c.timed) as p50,
      pg_catalog.min(c.bucket) filter (where c.timed_up_to >= 0.95 * c.timed) as p95
    from (
      select b.source_id, nullif(b.bucket, -1) as bucket, b.answers, b.failures,
        pg_catalog.sum(b.answers) filter (where b.bucket >= 0) over (partition by b.source_id order by b.bucket) as timed_up_to,
        pg_catalog.sum(b.answers) filter (where b.bucket >= 0) over (partition by b.source_id) as timed
      from (
        select a.source_id, a.bucket, pg_catalog.sum(a.answers) as answers, pg_catalog.sum(a.failures) as failures
        from etl_api.answers as a
        where a.source_id is not null
          and a.slot > utils.now() - interval '1 hour'
        group by a.source_id, a.bucket
      ) as b
    ) as c
    group by c.source_id
  ) as hour on hour.source_id = s.id
  left join (
    select a.source_id, pg_catalog.max(a.success_at) as success_at, pg_catalog.max(a.failure_at) as failure_at,
      (pg_catalog.array_agg(a.message order by a.failure_at desc) filter (where a.failure_at is not null))[1] as message
    from etl_api.answers_last as a
    where a.source_id is not null
    group by a.source_id
  ) as last on last.source_id = s.id
  left join lateral (
    select pg_catalog.jsonb_object_agg(l.key, pg_catalog.jsonb_build_object(
      'limit', l.value,
      'used', case
        when w.began_at + ('1 ' || l.key)::interval > utils.now() then w.used
        when w.source_id is not null or s.org_id is not null then 0
      end)) as rate_limit
    from pg_catalog.jsonb_each(case when pg_catalog.jsonb_typeof(s.rate_limit) = 'object' then s.rate_limit end) as l
    left join etl_api.source_window as w on w.source_id = s.id and w.period = l.key
    where l.key in ('second', 'minute', 'day')
  ) as used on s.rate_limit is not null;

comment on view etl_api.source_health is
  'How each source fares: what is under way and waits, and what it answered in the last hour. Figures of the tenants the reader may see only, also for shared sources.';
comment on column etl_api.source_health.source_id is 'The source.';
comment on column etl_api.source_health.source is 'Its name.';
comment on column etl_api.source_health.org_id is 'Its tenant; null when it is shared by all.';
comment on column etl_api.source_health.enabled is 'Whether runs are allocated to it.';
comment on column etl_api.source_health.in_flight is 'HTTP requests under way.';
comment on column etl_api.source_health.max_concurrency is 'How many may be under way at once; null: not limited.';
comment on column etl_api.source_health.waiting_runs is 'Runs that have not been taken, due or not.';
comment on column etl_api.source_health.waiting_requests is 'HTTP requests that wait to be sent again, for a poll, a page.';
comment on column etl_api.source_health.oldest_due_at is 'Since when the oldest due one of both could have been taken; null when none is due.';
comment on column etl_api.source_health.oldest_due_age is 'How long ago that was.';
comment on column etl_api.source_health.answers is 'Attempts that came to an end in the last hour (to five minutes): an answer, or none in time.';
comment on column etl_api.source_health.failures is 'Of these, those that failed, to be tried again or not.';
comment on column etl_api.source_health.failure_rate is 'failures / answers, 0 to 1; null without answers.';
comment on column etl_api.source_health.p50_ms is 'Median of the milliseconds to the answer in the last hour, at most a tenth off.';
comment on column etl_api.source_health.p95_ms is '95th percentile, likewise.';
comment on column etl_api.source_health.last_success_at is 'The last attempt that succeeded.';
comment on column etl_api.source_health.last_failure_at is 'The last attempt that failed.';
comment on column etl_api.source_health.last_error is 'That failure in words.';
comment on column etl_api.source_health.rate_limit is
  'For each period of its rate_limit {limit, used}: requests allowed and sent in the current one, by all tenants; used is null where the reader may not see that.';

revoke all on etl_api.source_health from public;
grant select on etl_api.source_health to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/state_counts.sql
create or replace view etl_api.state_counts with (security_invoker = true) as
  select c.org_id, c.entity, c.state, c.state_substate, pg_catalog.sum(c.rows)::bigint as rows
  from (
    select k.org_id, k.entity, k.state, k.state_substate, k.rows
    from etl_api.state_count as k
    union all
    select s.org_id, s.entity, moved.state, moved.substate, moved.rows
    from (
      select t.org_id, t.entity, t.from_state, t.from_substate, t.to_state, t.substate, pg_catalog.count(*) as rows
      from etl_api.state_history_tail as t
      group by 1, 2, 3, 4, 5, 6
    ) as s
    cross join lateral (
      values (s.to_state, s.substate, s.rows), (s.from_state, s.from_substate, -s.rows)
    ) as moved (state, substate, rows)
    where moved.state <> 'deleted'
  ) as c
  group by c.org_id, c.entity, c.state, c.state_substate
  having pg_catalog.sum(c.rows) <> 0;

comment on view etl_api.state_counts is
  'How many rows of each tenant are in which state and substate, of those the reader may see: what has been rolled up and what has happened since.';
comment on column etl_api.state_counts.org_id is 'The tenant.';
comment on column etl_api.state_counts.entity is 'The table.';
comment on column etl_api.state_counts.state is 'The state.';
comment on column etl_api.state_counts.state_substate is 'The substate; null when all is plain.';
comment on column etl_api.state_counts.rows is 'How many rows.';

revoke all on etl_api.state_counts from public;
grant select on etl_api.state_counts to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/state_durations.sql
create or replace view etl_api.state_durations with (security_invoker = true) as
  select d.entity, d.state, d.steps,
    utils.bucket_milliseconds(d.p50) * interval '1 millisecond' as p50,
    utils.bucket_milliseconds(d.p95) * interval '1 millisecond' as p95
  from (
    select c.entity, c.state, pg_catalog.sum(c.steps)::bigint as steps,
      pg_catalog.min(c.bucket) filter (where c.up_to >= 0.50 * c.total) as p50,
      pg_catalog.min(c.bucket) filter (where c.up_to >= 0.95 * c.total) as p95
    from (
      select b.entity, b.state, b.bucket, b.steps,
        pg_catalog.sum(b.steps) over (partition by b.entity, b.state order by b.bucket) as up_to,
        pg_catalog.sum(b.steps) over (partition by b.entity, b.state) as total
      from (
        select h.entity, h.state, h.bucket, pg_catalog.sum(h.steps) as steps
        from etl_api.state_duration as h
        where h.day > (utils.now() at time zone 'UTC')::date - 7
        group by h.entity, h.state, h.bucket
      ) as b
    ) as c
    group by c.entity, c.state
  ) as d;

comment on view etl_api.state_durations is
  'How long rows stay in a state before they leave it: half of them at most p50, of twenty nineteen at most p95; of the last seven days (UTC, today included) and the tenants the reader may see. As of the last sweep; for other days read etl_api.state_duration.';
comment on column etl_api.state_durations.entity is 'The table.';
comment on column etl_api.state_durations.state is 'The state they left.';
comment on column etl_api.state_durations.steps is 'How many left it.';
comment on column etl_api.state_durations.p50 is 'The median, at most a tenth off; 0 for up to a millisecond, as where a row goes through several states at once.';
comment on column etl_api.state_durations.p95 is 'The 95th percentile, likewise.';

revoke all on etl_api.state_durations from public;
grant select on etl_api.state_durations to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/state_overview.sql
-- Counts come from the summary. Only of open rows the oldest is told: a partial index each holds the open ones, however
-- many have ended.
create or replace view etl_api.state_overview with (security_invoker = true) as
  select counted.entity, counted.state, counted.state_substate, counted.rows, open.oldest_at,
    utils.now() - open.oldest_at as oldest_age
  from (
    select c.entity, c.state, c.state_substate, pg_catalog.sum(c.rows)::bigint as rows
    from etl_api.state_counts as c
    group by c.entity, c.state, c.state_substate
  ) as counted
  left join (
    select 'workflow_request'::etl_api.entity_kind as entity, w.state::text as state, w.state_substate,
      pg_catalog.min(w.created_at) as oldest_at
    from public.workflow_request as w
    where w.state in ('ready', 'waiting', 'in_progress')
      and w.replay = 0
    group by w.state, w.state_substate
    union all
    select 'activity_request', a.state::text, a.state_substate, pg_catalog.min(a.created_at)
    from public.activity_request as a
    where a.state in ('ready', 'waiting', 'in_progress')
    group by a.state, a.state_substate
    union all
    select 'run_queue', q.state::text, q.state_substate, pg_catalog.min(q.created_at)
    from public.run_queue as q
    where q.state in ('waiting', 'ready', 'in_progress')
    group by q.state, q.state_substate
    union all
    select 'run_request', r.state::text, r.state_substate, pg_catalog.min(r.created_at)
    from public.run_request as r
    where r.state in ('waiting', 'ready')
    group by r.state, r.state_substate
    union all
    select 'run_request', r.state::text, r.state_substate, pg_catalog.min(r.created_at)
    from public.run_request as r
    where r.state = 'in_progress'
    group by r.state, r.state_substate
    union all
    select 'delivery', d.state::text, d.state_substate, pg_catalog.min(d.created_at)
    from public.delivery as d
    where d.state in ('waiting', 'ready')
    group by d.state, d.state_substate
    union all
    select 'delivery', d.state::text, d.state_substate, pg_catalog.min(d.created_at)
    from public.delivery as d
    where d.state = 'in_progress'
    group by d.state, d.state_substate
  ) as open
    on open.entity = counted.entity
    and open.state = counted.state
    and open.state_substate is not distinct from counted.state_substate
  where counted.rows <> 0;

comment on view etl_api.state_overview is
  'How many rows of each table are in which state and substate, of those the reader may see, and since when the oldest open one is there. Exact at once, from a summary and what has happened since: it does not count tables.';
comment on column etl_api.state_overview.entity is 'The table.';
comment on column etl_api.state_overview.state is 'The state.';
comment on column etl_api.state_overview.state_substate is 'The substate; null when all is plain.';
comment on column etl_api.state_overview.rows is 'How many rows.';
comment on column etl_api.state_overview.oldest_at is
  'When the oldest of them was made, for the states waiting, ready and in_progress; null for states in which rows end, where it would only tell how old the data is.';
comment on column etl_api.state_overview.oldest_age is 'How long ago that was.';

revoke all on etl_api.state_overview from public;
grant select on etl_api.state_overview to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/stuck.sql
create or replace view etl_api.stuck with (security_invoker = true) as
  select o.entity, o.entity_id, o.org_id, o.workflow_request_id, o.source_id, why.reason, o.since,
    utils.now() - o.since as overdue,
    pg_catalog.format(
      case why.reason
        when 'timeout' then 'Its time was over %1$s ago, but no sweep has ended it.'
        when 'lease' then 'Its worker has not reported since its lease ended %1$s ago, and no sweep has taken it back.'
        when 'source_disabled' then 'It has been due for %1$s, but its source %2$s is disabled.'
        when 'source_busy' then 'It has been due for %1$s: its source %2$s takes %3$s HTTP requests at once, and they are under way.'
        when 'not_taken' then 'It has been due for %1$s, but no worker has taken it.'
        when 'not_started' then 'It should have started %1$s ago, but no sweep has started it.'
        when 'bell' then 'Its runs have ended, but for %1$s no worker has moved it on.'
        when 'sweep' then 'Nobody has called etl_api.recover() for %1$s.'
      end,
      pg_catalog.date_trunc('second', utils.now() - o.since), s.name, s.max_concurrency) as message,
    case why.reason
      when 'source_disabled' then 'Set source.enabled to true, or end it with etl_api.cancel(id).'
      when 'source_busy' then 'It is a queue, not a fault: raise source.max_concurrency if the source can bear it, or wait.'
      when 'not_taken' then case
        when o.entity = 'delivery' then 'See that the function deliver-webhooks runs and hears the bell (docs/supabase.md); calling it once takes what is due.'
        else 'See that the function execute-runs runs and hears the bell (docs/supabase.md), and that the rate_limit and the budget leave room; calling it once takes what is due.'
      end
      when 'bell' then 'See that the function execute-runs runs and hears the bell (docs/supabase.md); calling it once moves it on.'
      when 'sweep' then 'See that the clock calls etl_api.recover() every few seconds to a minute (docs/supabase.md).'
      else 'See that the clock calls etl_api.recover() every few seconds to a minute (docs/supabase.md); if it does, etl_log says why this row could not be ended.'
    end as what_to_do
  from etl_api.overdue as o
  left join public.source as s on s.id = o.source_id
  left join (
    select r.source_id, pg_catalog.count(*) as requests
    from public.run_request as r
    where r.state = 'in_progress'
    group by r.source_id
  ) as flight on flight.source_id = o.source_id
  cross join lateral (
    select case
      when o.reason = 'not_taken' and not s.enabled then 'source_disabled'
      when o.reason = 'not_taken' and o.entity = 'run_queue' and flight.requests >= s.max_concurrency then 'source_busy'
      else o.reason
    end as reason
  ) as why;

comment on view etl_api.stuck is
  'What is over its time and why, of what the reader may see: time-outs and leases no sweep has ended, due work nobody has taken for the setting stuck_after_seconds, messages overdue, starts missed, bells unheard. etl_api.explain(entity_id) tells more of one.';
comment on column etl_api.stuck.entity is 'The table of the row; sweep for the sweep itself.';
comment on column etl_api.stuck.entity_id is 'The row; null for the sweep.';
comment on column etl_api.stuck.org_id is 'Its tenant; null for the sweep.';
comment on column etl_api.stuck.workflow_request_id is 'The request it serves; null for an alert''s message, a schedule, the sweep.';
comment on column etl_api.stuck.source_id is 'The source it waits for.';
comment on column etl_api.stuck.reason is
  'timeout, lease, source_disabled, source_busy, not_taken, not_started, bell or sweep.';
comment on column etl_api.stuck.since is 'When its time was over.';
comment on column etl_api.stuck.overdue is 'How long ago that was.';
comment on column etl_api.stuck.message is 'What is wrong, in a sentence.';
comment on column etl_api.stuck.what_to_do is 'What to look at.';

revoke all on etl_api.stuck from public;
grant select on etl_api.stuck to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/workflow_progress.sql
-- An activity is as far as its share of ended runs; a workflow is the mean of its activities. So a phase that has not
-- begun counts as nothing done, and runs that turn up late (the next source of a waterfall) can lower the figure.
-- The runs of an activity that has ended are read from its result: there may be 100,000 of them.
create or replace view etl_api.workflow_progress with (security_invoker = true) as
  select
    w.id as workflow_request_id,
    w.org_id,
    w.state,
    w.state_substate,
    w.workflow_phase as phase,
    w.phase_count,
    coalesce(p.phases, '[]') as phases,
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
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'phase', ar.workflow_phase, 'state', ar.state, 'ended', ended.so, 'runs', ran.runs,
        'share', case when ended.so then 1 else coalesce(live.share, 0) end)) as list
    from public.activity_request as ar
    cross join lateral (
      select ar.state in ('done', 'delivered', 'failed', 'timedout', 'invalid') as so
    ) as ended
    left join public.activity_result as res
      on res.activity_request_id = ar.id
      and res.org_id = ar.org_id
      and ended.so
    left join lateral (
      select pg_catalog.jsonb_object_agg(s.state, s.number) as runs,
        pg_catalog.sum(s.number) filter (where s.state in ('done', 'delivered', 'failed', 'timedout', 'invalid'))
          / pg_catalog.sum(s.number) as share
      from (
        select q.state, pg_catalog.count(*) as number
        from public.run_queue as q
        where q.activity_request_id = ar.id
          and res.summary -> 'runs' is null
        group by q.state
      ) as s
    ) as live on true
    cross join lateral (
      select coalesce(res.summary -> 'runs', live.runs, '{}') as runs
    ) as ran
    where ar.workflow_request_id = w.id
  ) as all_of on true
  left join lateral (
    select pg_catalog.jsonb_object_agg(s.state, s.number) as activities,
      pg_catalog.sum(s.share) / pg_catalog.sum(s.number) as share
    from (
      select e.state, pg_catalog.count(*) as number, pg_catalog.sum(e.share) as share
      from pg_catalog.jsonb_to_recordset(all_of.list) as e (state text, share numeric)
      group by e.state
    ) as s
  ) as a on true
  left join lateral (
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'phase', s.phase, 'activities', s.activities, 'ended', s.ended, 'percent', pg_catalog.round(100 * s.share, 1))
      order by s.phase) as phases
    from (
      select e.phase, pg_catalog.count(*) as activities, pg_catalog.count(*) filter (where e.ended) as ended,
        pg_catalog.avg(e.share) as share
      from pg_catalog.jsonb_to_recordset(all_of.list) as e (phase int, ended boolean, share numeric)
      group by e.phase
    ) as s
  ) as p on true
  left join lateral (
    select pg_catalog.jsonb_object_agg(s.state, s.number) as runs
    from (
      select ran.key as state, pg_catalog.sum(ran.value::bigint) as number
      from pg_catalog.jsonb_to_recordset(all_of.list) as e (runs jsonb)
      cross join lateral pg_catalog.jsonb_each_text(e.runs) as ran
      group by ran.key
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
      else pg_catalog.round(100 * coalesce(a.share, 0), 1)
    end as percent
  ) as done
  where w.replay = 0;

comment on view etl_api.workflow_progress is
  'How far each workflow request is, of those the reader may see. Quick for one (workflow_request_id), for the newest (order by created_at desc limit 100) and for the open ones (state in (''waiting'', ''ready'', ''in_progress'')).';
comment on column etl_api.workflow_progress.workflow_request_id is 'The workflow request.';
comment on column etl_api.workflow_progress.org_id is 'Its tenant.';
comment on column etl_api.workflow_progress.state is 'Its state.';
comment on column etl_api.workflow_progress.state_substate is 'Its substate.';
comment on column etl_api.workflow_progress.phase is 'The phase it is in; null before its first.';
comment on column etl_api.workflow_progress.phase_count is 'How many phases it has.';
comment on column etl_api.workflow_progress.phases is
  'Its phases in order: [{phase, activities, ended, percent}], with the number of activities and of those that have ended.';
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

-- source: sql/etl_api/usage/chart_activity_performance.sql
create or replace view etl_api.chart_activity_performance with (security_invoker = true) as
  with used as materialized (
    select u.org_id, u.month, u.activity_id, u.activity_type,
      pg_catalog.sum(u.requests)::bigint as requests,
      pg_catalog.sum(u.requests_failed)::bigint as requests_failed,
      pg_catalog.sum(u.request_seconds) as request_seconds,
      pg_catalog.sum(u.objects)::bigint as objects,
      pg_catalog.sum(u."values")::bigint as "values"
    from etl_api.usage_by_month as u
    group by u.org_id, u.month, u.activity_id, u.activity_type
  ), span as (
    -- From the first month with any use until now, whatever month it is.
    select u.org_id, m.month::date as month
    from (
      select u.org_id, pg_catalog.min(u.month) as first_month
      from used as u
      group by u.org_id
    ) as u
    cross join lateral pg_catalog.generate_series(
      u.first_month::timestamp, utils.now() at time zone 'UTC', interval '1 month') as m (month)
  )
  select
    k.org_id,
    s.month,
    k.activity_id,
    a.name as activity,
    k.activity_type,
    coalesce(u.requests, 0) as requests,
    coalesce(u.requests_failed, 0) as requests_failed,
    pg_catalog.round(1 - u.requests_failed / nullif(u.requests, 0)::numeric, 4) as success_share,
    pg_catalog.round(u.request_seconds / nullif(u.requests, 0), 3) as mean_seconds,
    coalesce(u.objects, 0) as objects,
    coalesce(u."values", 0) as "values"
  from (select distinct u.org_id, u.activity_id, u.activity_type from used as u where u.activity_id is not null) as k
  join span as s on s.org_id = k.org_id
  left join used as u
    on u.org_id = k.org_id
    and u.month = s.month
    and u.activity_id = k.activity_id
    and u.activity_type = k.activity_type
  left join public.activity as a on a.id = k.activity_id;

comment on view etl_api.chart_activity_performance is
  'Chart: how each activity did per month, every month from the first with any use to this one.';
comment on column etl_api.chart_activity_performance.org_id is 'The tenant.';
comment on column etl_api.chart_activity_performance.month is 'First day of the month, in UTC.';
comment on column etl_api.chart_activity_performance.activity_id is 'The activity.';
comment on column etl_api.chart_activity_performance.activity is 'Its name.';
comment on column etl_api.chart_activity_performance.activity_type is 'enrichment, extract or sourcing.';
comment on column etl_api.chart_activity_performance.requests is 'Requests of it that ended in the month.';
comment on column etl_api.chart_activity_performance.requests_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.chart_activity_performance.success_share is 'Share of those that did not, 0 to 1; null when none ended.';
comment on column etl_api.chart_activity_performance.mean_seconds is 'Seconds from start to end, on average; null when none ended.';
comment on column etl_api.chart_activity_performance.objects is 'Objects in their results.';
comment on column etl_api.chart_activity_performance."values" is 'Values in their results.';

revoke all on etl_api.chart_activity_performance from public;
grant select on etl_api.chart_activity_performance to authenticated, service_role;
-- end of source

-- source: sql/etl_api/usage/chart_cost.sql
create or replace view etl_api.chart_cost with (security_invoker = true) as
  with used as materialized (
    select u.org_id, u.month, u.source_id,
      pg_catalog.sum(u.http_requests)::bigint as http_requests,
      pg_catalog.sum(u.cost) as cost
    from etl_api.usage_by_month as u
    group by u.org_id, u.month, u.source_id
  ), span as (
    -- From the first month with any use until now, whatever month it is.
    select u.org_id, m.month::date as month
    from (
      select u.org_id, pg_catalog.min(u.month) as first_month
      from used as u
      group by u.org_id
    ) as u
    cross join lateral pg_catalog.generate_series(
      u.first_month::timestamp, utils.now() at time zone 'UTC', interval '1 month') as m (month)
  )
  select
    k.org_id,
    s.month,
    k.source_id,
    n.name as source,
    coalesce(u.http_requests, 0) as http_requests,
    coalesce(u.cost, 0) as cost
  from (select distinct u.org_id, u.source_id from used as u where u.source_id is not null) as k
  join span as s on s.org_id = k.org_id
  left join used as u on u.org_id = k.org_id and u.month = s.month and u.source_id = k.source_id
  left join public.source as n on n.id = k.source_id;

comment on view etl_api.chart_cost is
  'Chart: what each source cost per month, every month from the first with any use to this one.';
comment on column etl_api.chart_cost.org_id is 'The tenant.';
comment on column etl_api.chart_cost.month is 'First day of the month, in UTC.';
comment on column etl_api.chart_cost.source_id is 'The source.';
comment on column etl_api.chart_cost.source is 'Its name; null when it was deleted.';
comment on column etl_api.chart_cost.http_requests is 'HTTP requests to it that ended in the month.';
comment on column etl_api.chart_cost.cost is 'What they cost, in the currency of the tenant.';

revoke all on etl_api.chart_cost from public;
grant select on etl_api.chart_cost to authenticated, service_role;
-- end of source

-- source: sql/etl_api/usage/chart_request_volume.sql
create or replace view etl_api.chart_request_volume with (security_invoker = true) as
  with used as materialized (
    select u.org_id, u.month, u.activity_type,
      pg_catalog.sum(u.requests)::bigint as requests,
      pg_catalog.sum(u.requests_failed)::bigint as requests_failed,
      pg_catalog.sum(u.objects)::bigint as objects,
      pg_catalog.sum(u."values")::bigint as "values"
    from etl_api.usage_by_month as u
    group by u.org_id, u.month, u.activity_type
  ), span as (
    -- From the first month with any use until now, whatever month it is.
    select u.org_id, m.month::date as month
    from (
      select u.org_id, pg_catalog.min(u.month) as first_month
      from used as u
      group by u.org_id
    ) as u
    cross join lateral pg_catalog.generate_series(
      u.first_month::timestamp, utils.now() at time zone 'UTC', interval '1 month') as m (month)
  )
  select
    k.org_id,
    s.month,
    k.activity_type,
    coalesce(u.requests, 0) as requests,
    coalesce(u.requests_failed, 0) as requests_failed,
    coalesce(u.objects, 0) as objects,
    coalesce(u."values", 0) as "values"
  from (select distinct u.org_id, u.activity_type from used as u where u.activity_type is not null) as k
  join span as s on s.org_id = k.org_id
  left join used as u on u.org_id = k.org_id and u.month = s.month and u.activity_type = k.activity_type;

comment on view etl_api.chart_request_volume is
  'Chart: activity requests per month and type of activity, every month from the first with any use to this one.';
comment on column etl_api.chart_request_volume.org_id is 'The tenant.';
comment on column etl_api.chart_request_volume.month is 'First day of the month, in UTC.';
comment on column etl_api.chart_request_volume.activity_type is 'enrichment, extract or sourcing.';
comment on column etl_api.chart_request_volume.requests is 'Activity requests that ended in it.';
comment on column etl_api.chart_request_volume.requests_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.chart_request_volume.objects is 'Objects in their results.';
comment on column etl_api.chart_request_volume."values" is 'Values in their results.';

revoke all on etl_api.chart_request_volume from public;
grant select on etl_api.chart_request_volume to authenticated, service_role;
-- end of source

-- source: sql/etl_api/usage/chart_source_usage.sql
create or replace view etl_api.chart_source_usage with (security_invoker = true) as
  with used as materialized (
    select u.org_id, u.month, u.source_id,
      pg_catalog.sum(u.runs)::bigint as runs,
      pg_catalog.sum(u.runs_failed)::bigint as runs_failed,
      pg_catalog.sum(u.http_requests)::bigint as http_requests,
      pg_catalog.sum(u.http_failed)::bigint as http_failed,
      pg_catalog.sum(u.cost) as cost
    from etl_api.usage_by_month as u
    group by u.org_id, u.month, u.source_id
  ), span as (
    -- From the first month with any use until now, whatever month it is.
    select u.org_id, m.month::date as month
    from (
      select u.org_id, pg_catalog.min(u.month) as first_month
      from used as u
      group by u.org_id
    ) as u
    cross join lateral pg_catalog.generate_series(
      u.first_month::timestamp, utils.now() at time zone 'UTC', interval '1 month') as m (month)
  )
  select
    k.org_id,
    s.month,
    k.source_id,
    n.name as source,
    coalesce(u.runs, 0) as runs,
    coalesce(u.runs_failed, 0) as runs_failed,
    coalesce(u.http_requests, 0) as http_requests,
    coalesce(u.http_failed, 0) as http_failed,
    pg_catalog.round(coalesce(u.http_requests, 0) / nullif(pg_catalog.sum(u.http_requests) over (partition by k.org_id, s.month), 0), 4) as share,
    coalesce(u.cost, 0) as cost
  from (select distinct u.org_id, u.source_id from used as u where u.source_id is not null) as k
  join span as s on s.org_id = k.org_id
  left join used as u on u.org_id = k.org_id and u.month = s.month and u.source_id = k.source_id
  left join public.source as n on n.id = k.source_id;

comment on view etl_api.chart_source_usage is
  'Chart: what each source was asked per month, every month from the first with any use to this one.';
comment on column etl_api.chart_source_usage.org_id is 'The tenant.';
comment on column etl_api.chart_source_usage.month is 'First day of the month, in UTC.';
comment on column etl_api.chart_source_usage.source_id is 'The source.';
comment on column etl_api.chart_source_usage.source is 'Its name; null when it was deleted.';
comment on column etl_api.chart_source_usage.runs is 'Runs of it that ended in the month.';
comment on column etl_api.chart_source_usage.runs_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.chart_source_usage.http_requests is 'HTTP requests to it that ended.';
comment on column etl_api.chart_source_usage.http_failed is 'Of these, those that failed or timed out.';
comment on column etl_api.chart_source_usage.share is 'Its share of all HTTP requests of the tenant in the month, 0 to 1; null when there was none.';
comment on column etl_api.chart_source_usage.cost is 'Cost of the HTTP requests, in the currency of the tenant.';

revoke all on etl_api.chart_source_usage from public;
grant select on etl_api.chart_source_usage to authenticated, service_role;
-- end of source

-- source: sql/etl_api/usage/org_usage_monthly.sql
create or replace view etl_api.org_usage_monthly with (security_invoker = true) as
  with used as materialized (
    select u.org_id, u.month,
      pg_catalog.sum(u.requests)::bigint as requests,
      pg_catalog.sum(u.requests_failed)::bigint as requests_failed,
      pg_catalog.sum(u.runs)::bigint as runs,
      pg_catalog.sum(u.runs_failed)::bigint as runs_failed,
      pg_catalog.sum(u.http_requests)::bigint as http_requests,
      pg_catalog.sum(u.http_failed)::bigint as http_failed,
      pg_catalog.sum(u.objects)::bigint as objects,
      pg_catalog.sum(u."values")::bigint as "values",
      pg_catalog.sum(u.refused)::bigint as refused,
      pg_catalog.sum(u.cost) as cost
    from etl_api.usage_by_month as u
    group by u.org_id, u.month
  ), span as (
    select o.id as org_id, m.month::date as month
    from public.org as o
    left join lateral (
      select pg_catalog.min(u.month) as month
      from used as u
      where u.org_id = o.id
    ) as first on true
    cross join lateral (select pg_catalog.date_trunc('month', utils.now() at time zone 'UTC') as month) as this
    cross join lateral pg_catalog.generate_series(
      least(first.month::timestamp, this.month), this.month, interval '1 month') as m (month)
  )
  select
    s.org_id,
    s.month,
    coalesce(t.requests, 0) as requests,
    coalesce(t.requests_failed, 0) as requests_failed,
    coalesce(t.runs, 0) as runs,
    coalesce(t.runs_failed, 0) as runs_failed,
    coalesce(t.http_requests, 0) as http_requests,
    coalesce(t.http_failed, 0) as http_failed,
    coalesce(t.objects, 0) as objects,
    coalesce(t."values", 0) as "values",
    coalesce(t.refused, 0) as refused,
    coalesce(t.cost, 0) as cost,
    o.free_objects - least(coalesce(o.free_objects, 0), coalesce(note.objects, 0)) as free_objects,
    o.last_charge,
    o.next_charge
  from span as s
  join public.org as o on o.id = s.org_id
  left join lateral (
    select pg_catalog.sum(d.free_objects)::bigint as objects
    from etl_api.org_count_delta as d
    where d.org_id = s.org_id
  ) as note on true
  left join used as t on t.org_id = s.org_id and t.month = s.month;

comment on view etl_api.org_usage_monthly is
  'What each tenant used in each month, of those the reader may see: every month from the first with any use to this one. Work counts in the month in which it ended.';
comment on column etl_api.org_usage_monthly.org_id is 'The tenant.';
comment on column etl_api.org_usage_monthly.month is 'First day of the month, in UTC.';
comment on column etl_api.org_usage_monthly.requests is 'Activity requests that ended in it.';
comment on column etl_api.org_usage_monthly.requests_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.org_usage_monthly.runs is 'Runs that ended.';
comment on column etl_api.org_usage_monthly.runs_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.org_usage_monthly.http_requests is 'HTTP requests that ended.';
comment on column etl_api.org_usage_monthly.http_failed is 'Of these, those that failed or timed out.';
comment on column etl_api.org_usage_monthly.objects is 'Objects in the results of the activity requests.';
comment on column etl_api.org_usage_monthly."values" is 'Values in the results of the activity requests.';
comment on column etl_api.org_usage_monthly.refused is 'Refusals by guardrails in the activity requests.';
comment on column etl_api.org_usage_monthly.cost is 'Cost of the HTTP requests, in the currency of the tenant.';
comment on column etl_api.org_usage_monthly.free_objects is 'Free objects left now; null: not limited. The same in every month.';
comment on column etl_api.org_usage_monthly.last_charge is 'When the tenant was charged last. The same in every month.';
comment on column etl_api.org_usage_monthly.next_charge is 'When the tenant is charged next; null: no charge is arranged. The same in every month.';

revoke all on etl_api.org_usage_monthly from public;
grant select on etl_api.org_usage_monthly to authenticated, service_role;
-- end of source

-- migrate:down
