-- The way back from 20261123000005_engine.sql.

-- Whoever is at work is let finish. What cannot be had soon is given back and asked for again, so that nobody who holds
-- one table and waits for another is ended for it.
do $locks$
declare
  before constant text := current_setting('lock_timeout');
begin
  for turn in 1..600 loop
    perform set_config('lock_timeout', least(800, (40 * 1.02 ^ turn)::int) || 'ms', true);
    begin
      lock table
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
        public.workflow_schedule,
        public.workflow_request,
        etl_api.request_key,
        public.activity_request,
        public.activity_dependency,
        public.object,
        public.value,
        public.activity_object,
        public.guardrail_refusal,
        public.run_queue,
        public.run_request,
        etl_api.source_window,
        etl_api.source_turn,
        etl_api.budget_used,
        public.run_response,
        public.activity_result,
        etl_api.alert_rule,
        etl_api.alert,
        public.delivery,
        public.delivery_body,
        etl_api.state_transition,
        etl_api.state_step,
        etl_api.roll_up_mark,
        etl_api.state_count,
        etl_api.state_duration,
        etl_api.traffic,
        etl_api.traffic_last,
        etl_api.usage_day,
        etl_api.usage_month,
        etl_api.data_quality_month,
        etl_api.data_quality_mark,
        etl_api.org_count_delta,
        etl_api.advance_queue,
        etl_api.etl_log,
        etl_api.setting,
        etl_api.table_reference,
        etl_api.state_history,
        etl_api.delivery_health,
        etl_api.source_health,
        etl_api.stuck,
        public.delivery_attempt,
        etl_api.delivery_lane,
        etl_api.secret,
        etl_api.audit_log,
        etl_api.audit_head,
        etl_api.retention,
        etl_api.retention_mark,
        etl_api.erasure,
        etl_api.schema_change,
        public.tables,
        public.table_columns,
        public.table_statuses,
        public.ai_generation_jobs,
        public.records,
        public.ai_generated_records,
        public.ai_generation_events,
        public.clients,
        public.client_schemas,
        public.client_schema_versions,
        public.client_data,
        etl_api.client_count_delta,
        etl_api.client_upload,
        public.kv_store,
        etl_api.kv_index,
        etl_api.kv_index_entry,
        etl_api.kv_mapping,
        etl_api.kv_change,
        etl_api.kv_misfit
        in access exclusive mode;
      perform set_config('lock_timeout', before, true);
      return;
    exception when lock_not_available then
      perform pg_sleep(random() * 0.05);
    end;
  end loop;
  raise exception using
    errcode = 'lock_not_available',
    message = 'The tables are in use all the time, by transactions that do not end: nothing was changed.',
    hint = 'pg_stat_activity tells who holds them. Try again when those have ended.';
end
$locks$;

-- Functions may name each other in a circle.
set local check_function_bodies = off;

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

drop policy members_read on etl_api.state_step;
drop policy members_read on etl_api.etl_log;
drop policy everybody_reads on etl_api.state_transition;
drop policy everybody_reads on etl_api.table_reference;
drop policy nobody on etl_api.state_step_default;
drop policy members_read on etl_api.advance_queue;
drop policy everybody_reads_times on etl_api.setting;
drop policy nobody on etl_api.request_key;
drop policy members_read on etl_api.state_count;
drop policy members_read on etl_api.state_duration;
drop policy members_read on etl_api.traffic;
drop policy members_read on etl_api.traffic_last;
drop policy members_read on etl_api.usage_day;
drop policy members_read on etl_api.usage_month;
drop policy members_read on etl_api.alert;
drop policy members_read on etl_api.source_window;
drop policy nobody on etl_api.source_turn;
drop policy members_read on etl_api.budget_used;
drop policy everybody_reads on etl_api.roll_up_mark;
drop policy members_read on etl_api.org_count_delta;
drop policy members_read on etl_api.data_quality_month;
drop policy nobody on etl_api.data_quality_mark;
-- source: sql/etl_api/access/engine_policies.sql
-- The engine's own tables.

drop policy if exists members_read on etl_api.state_history;
create policy members_read on etl_api.state_step
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.state_step is 'Members read the history of their orgs'' rows.';

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

drop policy if exists everybody_reads on etl_api.table_reference;
create policy everybody_reads on etl_api.table_reference
  for select to authenticated
  using (true);
comment on policy everybody_reads on etl_api.table_reference is 'What refers to what is no secret.';

drop policy if exists nobody on etl_api.state_step_default;
create policy nobody on etl_api.state_step_default
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.state_step_default is 'History is read through etl_api.state_history.';

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
  public.run_response,
  public.activity_result,
  public.delivery,
  public.delivery_body,
  etl_api.state_transition,
  etl_api.state_step,
  etl_api.state_step_default,
  etl_api.table_reference,
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
  public.run_response,
  public.activity_result,
  public.delivery,
  public.delivery_body,
  etl_api.state_transition,
  etl_api.state_step,
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
grant select on etl_api.state_transition, etl_api.state_step, etl_api.table_reference to service_role;
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
  workflow_ids uuid[];
begin
  if over_ids is null then
    return;
  end if;
  perform etl_api.reconstruct_values_to_activity_requests(over_ids);

  with ended as (
    update public.activity_request as ar
    set state = e.state,
        state_via = null,
        state_substate = e.substate,
        finished_at = moment
    -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
    from (select how.* from etl_api.activity_ends(over_ids) as how limit pg_catalog.cardinality(over_ids)) as e
    where ar.id = e.activity_request_id
    returning ar.workflow_request_id
  )
  select pg_catalog.array_agg(distinct ended.workflow_request_id) into workflow_ids
  from ended;

  perform etl_api.deliver_activity_results(over_ids);
  perform etl_api.advance_workflows(workflow_ids);
end
$$;

comment on function etl_api.advance_activities(uuid[]) is
  'Moves on those of these activity requests whose runs have all ended: rebuilds the result, ends the activity, queues its messages and moves its workflow on. The caller holds the workflow locks and has created the runs that are needed next.';

revoke execute on function etl_api.advance_activities(uuid[]) from public;
grant execute on function etl_api.advance_activities(uuid[]) to service_role;
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
  where (linked.max_objects is null or linked.place <= linked.max_objects)
    -- One that starts again has them already. ("On conflict" would cost more: it confirms every row in the WAL besides.)
    and not exists (
      select 1
      from public.activity_object as known
      where known.activity_request_id = linked.activity_request_id
        and known.role = 'input'
        and known.object_id = linked.object_id
      offset 0)
  order by linked.ordinal;

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

-- source: sql/etl_api/delivery/accept_delivery_results.sql
create or replace function etl_api.accept_delivery_results(delivery_ids uuid[], results jsonb[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  schedule constant jsonb := coalesce(etl_api.setting_value('delivery_schedule_seconds'), '[]');
  taken_ids uuid[];
begin
  -- The ids come sorted, so that locks are taken in one order. "offset 0" keeps look-ups look-ups. What is delivered,
  -- as most is, is judged by its status alone.
  with held as materialized (
    select d.id, d.attempts, g.answer, utils.int_or_null(g.answer -> 'status') as status
    from unnest(delivery_ids, results) as g (id, answer)
    cross join lateral (
      select due.*
      from public.delivery as due
      where due.id = g.id
      offset 0
      for no key update
    ) as d
    where d.state = 'in_progress'
      and d.lease_until > moment
      and d.lease_token::text = pg_catalog.lower(g.answer ->> 'lease_token')
  ),
  judged as materialized (
    select h.id, h.status, 'delivered' as verdict, null::text as code, null::text as message, null::timestamptz as due_at
    from held as h
    where h.status between 200 and 299
    union all
    select h.id, h.status, j.verdict, j.code, j.message, j.due_at
    from held as h
    cross join lateral etl_api.judge_delivery(h.attempts, h.answer, schedule) as j
    where (h.status between 200 and 299) is not true
  ),
  moved as (
    update public.delivery as d
    set state = case j.verdict when 'delivered' then 'delivered' when 'retry' then 'waiting' else 'failed' end::public.delivery_state,
        state_via = case when j.verdict = 'delivered' then '{done}'::public.delivery_state[] end,
        state_substate = case j.verdict when 'retry' then 'backoff' else j.code end,
        due_at = coalesce(j.due_at, d.due_at),
        lease_until = null,
        lease_token = null,
        http_status = j.status,
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

comment on function etl_api.accept_delivery_results(uuid[], jsonb[]) is
  'Takes the results of these messages (their ids in order, each once) whose lease lives, judges them and moves the messages on. Returns their ids. The caller holds the workflow locks.';

revoke execute on function etl_api.accept_delivery_results(uuid[], jsonb[]) from public;
grant execute on function etl_api.accept_delivery_results(uuid[], jsonb[]) to service_role;
-- end of source

drop function etl_api.claim_deliveries(text,integer);
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

-- source: sql/etl_api/delivery/copy_messages.sql
create or replace function etl_api.copy_messages(delivery_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  copy_ids uuid[] := utils.new_ids(pg_catalog.cardinality(delivery_ids));
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

drop function etl_api.lease_deliveries(text,uuid[]);
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

drop function etl_api.lease_deliveries_apart(text,uuid[]);
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
  all_queued boolean;
begin
  if org_ids is null then
    return 0;
  end if;
  ids := utils.new_ids(pg_catalog.cardinality(org_ids));

  -- Looked up by key, whatever the planner thinks of the tables: "offset 0" leaves nothing else.
  insert into public.delivery
    (id, org_id, workflow_request_id, activity_request_id, alert_id, endpoint_id, url, secret_name, event_type,
     state, state_via, due_at, created_at)
  select m.id, m.org_id, m.workflow_request_id, m.activity_request_id, m.alert_id, e.id, coalesce(e.url, m.webhook ->> 'url'),
    coalesce(e.secret_name, o.settings ->> 'webhook_secret_name', 'webhook'), m.event_type,
    'ready', '{new,valid}', moment, moment
  from unnest(ids, org_ids, workflow_request_ids, activity_request_ids, alert_ids, webhooks, event_types)
    as m (id, org_id, workflow_request_id, activity_request_id, alert_id, webhook, event_type)
  cross join lateral (select sender.settings from public.org as sender where sender.id = m.org_id offset 0) as o
  left join lateral (
    select known.*
    from public.webhook_endpoint as known
    where known.id = case when m.webhook ? 'endpoint' then utils.uuid_or_null(m.webhook -> 'endpoint') end
      and known.org_id = m.org_id
    offset 0
  ) as e on true
  -- A disabled endpoint, or one that does not want this event, gets no message.
  where case when m.webhook ? 'endpoint'
    then e.id is not null and e.disabled_at is null and (e.event_types is null or m.event_type = any (e.event_types))
    else m.webhook ->> 'url' is not null end;
  get diagnostics queued = row_count;
  all_queued := queued = pg_catalog.cardinality(ids);
  if not all_queued then
    perform etl_api.logger_unsent(org_ids, workflow_request_ids, activity_request_ids, webhooks, event_types);
  end if;

  insert into public.delivery_body (delivery_id, org_id, body)
  select m.id, m.org_id, pg_catalog.jsonb_build_object(
    'type', m.event_type,
    'timestamp', moment,
    'data', m.data)
  from unnest(ids, org_ids, event_types, data) as m (id, org_id, event_type, data)
  where all_queued
     or exists (select from public.delivery as d where d.id = m.id offset 0);

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

-- source: sql/etl_api/exchange/accept_answers.sql
create or replace function etl_api.accept_answers(ids uuid[], results jsonb[]) returns etl_api.answer[]
language plpgsql
set search_path = ''
-- Lists meet by hash and rows are looked up by key; see render_requests.
set enable_hashjoin = on
set enable_nestloop = off
as $$
declare
  moment constant timestamptz := utils.now();
  answers etl_api.answer[];
begin
  with held as materialized (
    -- Only the holder of a living lease may report; the row lock makes a second report wait and then see it.
    select r.*, g.result, utils.int_or_null(g.result -> 'status') as status
    from unnest(ids, results) as g (id, result)
    cross join lateral (
      select asked.id, asked.org_id, asked.workflow_request_id, asked.activity_request_id, asked.source_id, asked.root_id,
        asked.kind, asked.page, asked.attempts, asked.polls, asked.external_id, asked.state, asked.lease_until, asked.lease_token
      from public.run_request as asked
      where asked.id = g.id
      offset 0
      for no key update
    ) as r
    where r.state = 'in_progress'
      and r.lease_until > moment
      and r.lease_token::text = pg_catalog.lower(g.result ->> 'lease_token')
  ),
  source as materialized (
    select a.kind, s.row as source, etl_api.is_read_as_is(s.row, a.kind) as is_plain
    from (select distinct held.source_id, held.kind from held) as a
    cross join lateral (select source from public.source where source.id = a.source_id offset 0) as s (row)
  ),
  judged as materialized (
    select h.id, h.org_id, h.workflow_request_id, h.activity_request_id, h.source_id, h.root_id, h.kind, h.page, h.attempts,
      h.polls, h.status, h.result, coalesce(j.external_id, h.external_id) as external_id, j.next_cursor,
      coalesce(j.verdict, 'map') as verdict, j.code, j.message, j.due_at
    from held as h
    join source as s
      on (s.source).id = h.source_id
      and s.kind = h.kind
    left join lateral (
      select judged.*
      from etl_api.judge_answer(s.source, h.kind, h.attempts, h.polls, h.result) as judged
      where not (s.is_plain and h.status between 200 and 299 and h.result #> '{error,kind}' is null)
      offset 0
    ) as j on true
  ),
  kept as (
    insert into public.run_response
      (run_request_id, org_id, answer_no, http_status, headers, body, body_text, duration_ms, received_at)
    select a.id, a.org_id, coalesce(before.answer_no, 0) + 1, a.status, a.result -> 'headers', a.result -> 'body',
      pg_catalog.left(coalesce(a.result ->> 'body_text', a.result #>> '{error,message}'), 2000),
      utils.int_or_null(a.result -> 'duration_ms'), moment
    from judged as a
    left join lateral (
      select p.answer_no
      from public.run_response as p
      where p.run_request_id = a.id
      order by p.answer_no desc
      limit 1
    ) as before on true
  )
  select pg_catalog.array_agg(row(
      a.id, a.org_id, a.workflow_request_id, a.activity_request_id, a.source_id, a.root_id, a.kind, a.page,
      a.attempts, a.polls, a.status, a.result -> 'body', a.external_id, a.next_cursor, a.verdict, a.code, a.message,
      a.due_at)::etl_api.answer)
  into answers
  from judged as a;
  return coalesce(answers, '{}');
end
$$;

comment on function etl_api.accept_answers(uuid[], jsonb[]) is
  'Takes the results (results[i] of the HTTP request ids[i]) whose lease lives: judges them and keeps what came back. Returns them with their verdicts. The caller holds the workflow locks.';

revoke execute on function etl_api.accept_answers(uuid[], jsonb[]) from public;
grant execute on function etl_api.accept_answers(uuid[], jsonb[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/is_read_as_is.sql
create or replace function etl_api.is_read_as_is(source public.source, kind text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  template constant jsonb := etl_api.source_template(source, kind);
begin
  return case kind
      when 'run' then coalesce(source.status_request_template, source.delivery_request_template) is null
      when 'delivery' then true
      else false
    end
    and not coalesce(template -> 'response' ?| '{error,next_cursor}', false)
    and pg_catalog.strpos((template - 'response')::text, '<<$page') = 0;
end
$$;

comment on function etl_api.is_read_as_is(public.source, text) is
  'Whether every good answer to a kind of HTTP request is the whole result: nothing in it says otherwise, and none follows it. See judge_answer, answers_to_follow.';

revoke execute on function etl_api.is_read_as_is(public.source, text) from public;
grant execute on function etl_api.is_read_as_is(public.source, text) to service_role;
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
  answers := etl_api.accept_answers(array[run_request_id], array[result || pg_catalog.jsonb_build_object(
    'status', null,
    'error', pg_catalog.jsonb_build_object(
      'kind', 'internal_error',
      'message', pg_catalog.format('The engine could not use the answer: %s (%s).', fault_message, fault_state)))]);
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

-- source: sql/etl_api/exchange/take_answers.sql
create or replace function etl_api.take_answers(ids uuid[], results jsonb[]) returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  half constant int := pg_catalog.cardinality(ids) / 2;
  answers etl_api.answer[];
  fault_state text;
  fault_message text;
begin
  perform etl_api.lock_request_workflows(ids);
  answers := etl_api.accept_answers(ids, results);
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
    return etl_api.take_answers(ids[1 : half], results[1 : half])
      || etl_api.take_answers(ids[half + 1 :], results[half + 1 :]);
  end if;
  return etl_api.refuse_answer(ids[1], results[1], fault_state, fault_message);
end
$$;

comment on function etl_api.take_answers(uuid[], jsonb[]) is
  'Takes the results of claimed HTTP requests whose lease lives and does what they lead to. When that fails, it halves them until the one that cannot be used stands alone, ends that request as failed (internal_error) and takes the others. Returns the ids of those taken.';

revoke execute on function etl_api.take_answers(uuid[], jsonb[]) from public;
grant execute on function etl_api.take_answers(uuid[], jsonb[]) to service_role;
-- end of source

-- source: sql/etl_api/exchange/take_turns.sql
create or replace function etl_api.take_turns(
  max_requests int, out sources uuid[], out orgs uuid[], out may_run boolean[], out turns int[], out has_requests boolean,
  out has_windows boolean)
language plpgsql
set search_path = ''
as $$
declare
  pair record := etl_api.waiting_pair();
  source record;
  room record;
begin
  if pair.source_id is null then
    return;
  end if;
  has_requests := pair.has_requests;
  -- Work for one tenant at one source, as on an idle system: nobody to share with, and mostly no limit.
  if pair.org_id is not null then
    select s.enabled, s.cost_per_run, s.max_concurrency is not null or s.rate_limit is not null as is_limited into source
    from public.source as s
    where s.id = pair.source_id;
    if not source.enabled then
      return;
    end if;
    sources := array[pair.source_id];
    orgs := array[pair.org_id];
    turns := array[max_requests];
    if source.is_limited then
      select c.sources, c.capacities, c.has_windows into sources, turns, has_windows
      from etl_api.source_capacity(sources, max_requests) as c;
    end if;
    may_run := array[case when source.cost_per_run > 0 and sources is not null
      then not etl_api.is_over_budget(pair.org_id, source.cost_per_run) else true end];
    return;
  end if;

  room := etl_api.source_capacity(etl_api.due_sources(), max_requests);
  if room.sources is null then
    return;
  end if;
  has_windows := room.has_windows;
  select pg_catalog.array_agg(d.source_id), pg_catalog.array_agg(d.org_id),
    pg_catalog.array_agg(d.may_run), pg_catalog.array_agg(d.turns)
  into sources, orgs, may_run, turns
  from etl_api.deal_turns(room.sources, room.capacities, max_requests) as d;
end
$$;

comment on function etl_api.take_turns(int) is
  'Which tenants may send how many of max_requests HTTP requests to which sources: turns[i] to sources[i] for orgs[i], of its runs too where may_run[i]; sources is null when nobody may. has_requests: whether any HTTP request waits, due or not. has_windows: whether one of these sources has a rate_limit. Holds those that have a limit until the transaction ends.';

revoke execute on function etl_api.take_turns(int) from public;
grant execute on function etl_api.take_turns(int) to service_role;
-- end of source

-- source: sql/etl_api/intake/activities_faults.sql
create or replace function etl_api.activities_faults(workflow_request_ids uuid[], activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  suspect_ids constant uuid[] := etl_api.suspect_requests(workflow_request_ids);
  suspects constant etl_api.requested_activity[] := etl_api.suspect_activities(activities);
begin
  -- Most have nothing in them that could be wrong, but where the input sits.
  if suspect_ids = '{}' and suspects = '{}'
    and not exists (select 1 from pg_catalog.unnest(activities) as a where a.targets is not null)
    and not exists (select 1 from etl_api.org_faults(activities))
  then
    return query select * from etl_api.input_faults(activities);
    return;
  end if;

  return query
  with refused as materialized (
    select * from etl_api.org_faults(activities)
  ), plain as materialized (
    select * from etl_api.request_faults(suspect_ids) where suspect_ids <> '{}'
    union all
    select * from etl_api.config_faults(suspect_ids, '{}') where suspect_ids <> '{}'
    union all
    select * from etl_api.webhook_faults(suspect_ids, '{}') where suspect_ids <> '{}'
    union all
    select * from etl_api.body_faults(suspects)
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
  -- Those that wait for nobody are written as in progress at once: an update would be a second version of each row.
  -- They start when the edges are there as well.
  with edge as materialized (
    select e.org_id, e.from_id, e.to_id
    from etl_api.activity_edges(activities) as e
  ), later as materialized (
    select p.id
    from (
      select r.id, r.workflow_phase, pg_catalog.min(r.workflow_phase) over (partition by r.workflow_request_id) as first_phase
      from pg_catalog.unnest(activities) as r
      -- Mostly there is one phase only.
      where (select pg_catalog.min(a.workflow_phase) < pg_catalog.max(a.workflow_phase) from pg_catalog.unnest(activities) as a)
    ) as p
    where p.workflow_phase > p.first_phase
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
          when r.id in (select l.id from later as l) then 'phase'
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

-- source: sql/etl_api/intake/suspect_requests.sql
create or replace function etl_api.suspect_requests(workflow_request_ids uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
set jit = off
as $$
begin
  -- More than a thousand members of an object take more than 8,000 bytes, for their places alone.
  return array(
    select w.id
    from pg_catalog.unnest(workflow_request_ids) as i (id)
    cross join lateral (
      select r.id, r.data, r.data -> 'data' as activities, r.deadline_at, r.priority
      from public.workflow_request as r
      where r.id = i.id
        and r.replay = 0
      offset 0
    ) as w
    where pg_catalog.jsonb_typeof(w.data) is distinct from 'object'
      or pg_catalog.jsonb_typeof(w.activities) is distinct from 'object'
      or w.activities = '{}'
      or pg_catalog.pg_column_size(w.activities) > 8000
      or w.data ?| '{config,destination}'
      or w.deadline_at is not null
      or w.priority not between -100 and 100);
end
$$;

comment on function etl_api.suspect_requests(uuid[]) is
  'Those of these requests that may have faults as a whole: of their data, timing, config or destination (request_faults, config_faults, webhook_faults). The others have none of these.';

revoke execute on function etl_api.suspect_requests(uuid[]) from public;
grant execute on function etl_api.suspect_requests(uuid[]) to service_role;
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
    select r.id from public.source as s
    cross join lateral (
      select r.id, r.lease_until from public.run_request as r
      where r.source_id = s.id and r.state = 'in_progress' and r.lease_until <= moment order by r.lease_until limit max_rows
    ) as r
    order by r.lease_until limit max_rows);
  deliveries := array(
    select d.id from public.delivery as d
    where d.state = 'in_progress' and d.lease_until <= moment order by d.lease_until limit max_rows);
  runs := array(
    select q.id from public.run_queue as q
    where q.state in ('waiting', 'ready', 'in_progress') and q.timeout_at <= moment order by q.timeout_at limit max_rows);
  activities := array(
    select a.id from public.activity_request as a
    where a.is_open and a.timeout_at <= moment order by a.timeout_at limit max_rows);
  workflows := array(
    select w.id from public.workflow_request as w
    where w.is_open and w.state not in ('new', 'valid') and w.timeout_at <= moment and w.replay = 0
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
    and pg_catalog.to_regclass('etl_api.state_step_'
      || pg_catalog.to_char((moment + interval '2 months') at time zone 'UTC', 'YYYYMM')) is null
  then
    done := done || pg_catalog.jsonb_build_object('partition', etl_api.ensure_partitions());
  elsif requests || deliveries || runs || activities || workflows = '{}' then
    perform etl_api.measure_due_data_quality();
    done := done || pg_catalog.jsonb_build_object('purged', etl_api.purge_expired(max_rows));
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
  'The sweep: times out what is over its time (workflow_timeout, activity_timeout, run_timeout), takes back expired leases (…_again, …_given_up when no attempt was left), leaves and logs what cannot be ended (failed), makes the requests of schedules (schedule) and starts those whose not_before has come (workflow_start), makes partitions when there is nothing else to do, adds to the counters of orgs what could not be added at once, rolls up the summaries that the views read, measures data quality where it is due, purges what is older than the setting retention_days when there is nothing else to do (purged), and rings for due work (bell). At most max_rows of each. Returns what it did for requests, no row when nothing. Call it every few seconds to a minute, from as many places as you like.';

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

-- source: sql/etl_api/upkeep/lock_ended_requests.sql
create or replace function etl_api.lock_ended_requests(before timestamptz, max_rows int, of_org uuid default null)
returns uuid[]
language plpgsql
set search_path = ''
-- A plan may have been made while the tables were empty: by the index of what has ended, which is in order.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
begin
  return array(
    select w.id
    from public.org as o
    cross join lateral (
      select w.id
      from public.workflow_request as w
      where w.org_id = o.id
        and w.finished_at < before
        and w.replay = 0
        and w.state in ('invalid', 'timedout', 'failed', 'done', 'delivered')
        and not exists (
          select 1
          from public.delivery as d
          where d.workflow_request_id = w.id
            and (d.finished_at is null or d.finished_at >= before))
      order by w.finished_at
      limit max_rows
      -- Who retries, cancels or sends again holds the row; it is not waited for.
      for update of w skip locked
    ) as w
    where of_org is null
      or o.id = of_org
    limit max_rows);
end
$$;

comment on function etl_api.lock_ended_requests(timestamptz, int, uuid) is
  'Takes the row, which is the lock of all that belongs to it, of workflow requests that ended before this time, whose messages have, too, and that nobody else holds: at most max_rows, of one tenant or of all.';

revoke execute on function etl_api.lock_ended_requests(timestamptz, int, uuid) from public;
-- end of source

-- source: sql/etl_api/upkeep/purge.sql
create or replace function etl_api.purge(
  older_than interval, max_rows int default 1000, of_org uuid default null, with_objects boolean default false)
returns table (what text, count bigint, more boolean)
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  before timestamptz;
  gone record;
  all_gone boolean := true;
begin
  perform etl_api.check_purge_arguments(older_than, max_rows, of_org, with_objects);
  before := utils.now() - older_than;
  for gone in
    select * from etl_api.purge_requests(before, max_rows, of_org, with_objects)
    union all
    select * from etl_api.purge_alerts(before, max_rows, of_org)
    union all
    select * from etl_api.purge_log(before, max_rows, of_org)
    union all
    select * from etl_api.purge_summaries(max_rows) where of_org is null
  loop
    what := gone.what;
    count := gone.count;
    more := gone.more;
    all_gone := false;
    return next;
  end loop;

  -- Nobody can write history while a partition goes, and they may wait for what was locked above: never do both.
  if of_org is null then
    return query
    select p.what, p.count, p.more
    from etl_api.purge_partitions(before, max_rows, only_tell => not all_gone) as p;
  end if;
end
$$;

comment on function etl_api.purge(interval, int, uuid, boolean) is
  'Removes for good what ended longer ago than older_than, of one tenant or of all: requests with all their rows and history, resolved alerts, entries of the log; and what the summaries need not keep. What is open, has a message open or ended since, or is held by another stays. About max_rows of each table at once: call it again, in a transaction of its own, while it says more. Objects and values stay; with_objects: those go that only purged requests dealt with and of which nothing was observed since (object, more and nothing else: the table was busy). Counters of orgs stay, but object_count. Returns what went; not_rolled_up: steps of that time that the summaries lack, for which requests had to stay. ETL04: an argument is missing or out of range, or there is no such org.';

revoke execute on function etl_api.purge(interval, int, uuid, boolean) from public;
grant execute on function etl_api.purge(interval, int, uuid, boolean) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/purge_alerts.sql
create or replace function etl_api.purge_alerts(before timestamptz, max_rows int, of_org uuid default null)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  alerts uuid[];
  messages uuid[];
  gone etl_api.state_count[];
begin
  alerts := array(
    select a.id
    from public.org as o
    cross join lateral (
      select a.id
      from etl_api.alert as a
      where a.org_id = o.id
        and a.raised_at < before
        and a.resolved_at < before
        and not exists (
          select 1
          from public.delivery as d
          where d.alert_id = a.id
            and (d.finished_at is null or d.finished_at >= before))
      order by a.raised_at
      limit max_rows
      for update of a skip locked
    ) as a
    where of_org is null
      or o.id = of_org
    limit max_rows);
  if alerts = '{}' or etl_api.steps_not_rolled_up(before) > 0 then
    return;
  end if;
  messages := array(
    select d.id
    from public.delivery as d
    where d.alert_id = any (alerts)
      and d.finished_at < before
    for update skip locked);
  gone := etl_api.purge_rows('delivery', messages);
  perform etl_api.purge_history(messages, before, max_rows);
  delete from etl_api.alert as a
  where a.id = any (alerts)
    -- Somebody may have sent its message again since.
    and not exists (select 1 from public.delivery as d where d.alert_id = a.id);
  get diagnostics count = row_count;
  perform etl_api.purge_counts(gone);
  return query values ('alert', count, pg_catalog.cardinality(alerts) = max_rows);
end
$$;

comment on function etl_api.purge_alerts(timestamptz, int, uuid) is
  'Removes alerts that were resolved before this time with their messages, if these have ended before it, too: at most max_rows, of one tenant or of all.';

revoke execute on function etl_api.purge_alerts(timestamptz, int, uuid) from public;
-- end of source

-- source: sql/etl_api/upkeep/purge_expired.sql
create or replace function etl_api.purge_expired(max_rows int default 1000) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  days constant jsonb := etl_api.setting_value('retention_days');
begin
  if days is null or days = 'null' then
    return 0;
  end if;
  if pg_catalog.jsonb_typeof(days) <> 'number' or days::numeric not between 1 and 365000 then
    -- The sweep must not fail for it; once an hour is enough to be found.
    if not exists (
      select 1
      from (
        select l.station, l.at from etl_api.etl_log as l order by l.id desc limit 1000
      ) as l
      where l.station = 'upkeep'
        and l.at > utils.now() - interval '1 hour')
    then
      perform etl_api.logger('error', 'upkeep', 'Nothing is purged: the setting retention_days must be null or a number from 1 to 365000.',
        pg_catalog.jsonb_build_object('retention_days', days));
    end if;
    return 0;
  end if;
  return (
    select coalesce(pg_catalog.sum(p.count) filter (where p.what <> 'not_rolled_up'), 0)
    from etl_api.purge(days::numeric * interval '1 day', max_rows) as p);
end
$$;

comment on function etl_api.purge_expired(int) is
  'Purges what ended more days ago than the setting retention_days says, once; nothing when it is null. Returns how many rows of request tables, alerts, the log and summaries went. The sweep calls it; see etl_api.purge.';

revoke execute on function etl_api.purge_expired(int) from public;
grant execute on function etl_api.purge_expired(int) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/purge_log.sql
create or replace function etl_api.purge_log(before timestamptz, max_rows int, of_org uuid default null)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
begin
  -- In order of id, which is the order of time but for what was written at once: a young one among them only stays.
  if of_org is null then
    delete from etl_api.etl_log as l
    where l.id = any (array(
        select e.id from etl_api.etl_log as e order by e.id limit max_rows for update skip locked))
      and l.at < before;
  else
    delete from etl_api.etl_log as l
    where l.id = any (array(
      select e.id
      from etl_api.etl_log as e
      where e.org_id = of_org
        and e.at < before
      order by e.at
      limit max_rows
      for update skip locked));
  end if;
  get diagnostics count = row_count;
  if count > 0 then
    return query values ('etl_log', count, count = max_rows);
  end if;
end
$$;

comment on function etl_api.purge_log(timestamptz, int, uuid) is
  'Removes entries of the log from before this time, the oldest first, at most max_rows, of one tenant or of all.';

revoke execute on function etl_api.purge_log(timestamptz, int, uuid) from public;
-- end of source

-- source: sql/etl_api/upkeep/purge_requests.sql
create or replace function etl_api.purge_requests(
  before timestamptz, max_rows int, of_org uuid default null, with_objects boolean default false)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  ended uuid[];
  requests uuid[];
  untold bigint;
begin
  if with_objects and not etl_api.lock_objects() then
    return query values ('object', 0::bigint, true);
    return;
  end if;
  ended := etl_api.lock_ended_requests(before, max_rows, of_org);
  if ended = '{}' then
    return;
  end if;
  -- A statement after the one that took the locks: what the summaries do not have yet must not go before they do.
  untold := etl_api.steps_not_rolled_up(before);
  if untold > 0 then
    return query values ('not_rolled_up', untold, false);
    return;
  end if;

  requests := etl_api.purge_batch(ended, before, max_rows);
  return query
  select t.what, t.count,
    -- Of a very large request only a part went: it is the first again with the next call.
    t.more or pg_catalog.cardinality(ended) = max_rows or pg_catalog.cardinality(requests) < pg_catalog.cardinality(ended)
  from etl_api.purge_trees(requests, before, max_rows, with_objects) as t;
end
$$;

comment on function etl_api.purge_requests(timestamptz, int, uuid, boolean) is
  'Removes workflow requests that ended before this time, with all that belongs to them: as many as have about max_rows rows in each table. See etl_api.purge.';

revoke execute on function etl_api.purge_requests(timestamptz, int, uuid, boolean) from public;
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
  union all
  select * from etl_api.check_references(check_consistency.of_org)
$$;

comment on function etl_api.check_consistency(uuid) is
  'Rows of an org (null: all) that contradict each other, each with the problem in a sentence: states of parents and children, what is missing beside a row or where it refers to, counters. None on a sound database. It reads everything: for operators and tests, not for a loop.';

revoke execute on function etl_api.check_consistency(uuid) from public;
grant execute on function etl_api.check_consistency(uuid) to service_role;
-- end of source

-- source: sql/etl_api/usage/check_references.sql
create or replace function etl_api.check_references(of_org uuid default null)
returns table (entity text, id uuid, org_id uuid, problem text)
language plpgsql stable
set search_path = ''
as $$
-- Every name in the texts below is quoted by format, or is a regclass, which the check cannot follow.
-- @plpgsql_check_options: security_warnings = false, extra_warnings = false
declare
  reference record;
begin
  -- A loop, because each reference is between tables of its own.
  for reference in
    select r.child, r.parent, r.columns[1] as first, p.relname as parent_name,
      (
        select pg_catalog.string_agg(pg_catalog.format('p.%I = c.%I', k.key, k.col), ' and ')
        from unnest(r.columns, r.keys) as k (col, key)
      ) as joined
    from etl_api.table_reference as r
    join pg_catalog.pg_class as p on p.oid = r.parent
  loop
    return query execute pg_catalog.format(
      'select %L::text, c.%I, c.org_id, %L::text from %s as c
       where c.%I is not null and ($1 is null or c.org_id = $1) and not exists (select 1 from %s as p where %s)',
      (select k.relname from pg_catalog.pg_class as k where k.oid = reference.child), reference.first,
      pg_catalog.format('by %s it refers to a row of %s that is not there', reference.first, reference.parent_name),
      reference.child, reference.first, reference.parent, reference.joined)
      using of_org;
  end loop;
end
$$;

comment on function etl_api.check_references(uuid) is
  'Rows of an org (null: all) that refer to what is not there, by the references that triggers keep (etl_api.table_reference), each with the id it refers to: triggers do not see what is written with session_replication_role = replica. Part of check_consistency.';

revoke execute on function etl_api.check_references(uuid) from public;
grant execute on function etl_api.check_references(uuid) to service_role;
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

drop view etl_api.delivery_health;
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

-- source: sql/utils/jsonb_nodes.sql
-- How a path is resolved:
-- * Names that lead through objects only are taken at once: there is one such node, or none.
-- * Names that lead nowhere in jsonpath's lax mode either select nothing.
-- * In small data each fan is opened in a loop (utils.jsonb_branch_nodes).
-- * In large data the shapes of the nodes are found first, where that is likely and pays: the nodes of each shape are read
--   by one set-based query (utils.jsonb_plain_shape, and for "**" and a name utils.jsonb_complete_shapes).
-- * All else is walked step by step (utils.jsonb_walk): always right, about two microseconds a node.
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
  value := jsonb_nodes.data #> names;
  if jsonb_nodes.data is null then
    return;
  elsif value is not null then
    location := names;
    if placed then
      place := coalesce((
        select pg_catalog.string_agg(utils.jsonb_place(n.name), '' order by n.n)
        from pg_catalog.unnest(names) with ordinality as n (name, n)), '');
    end if;
    return next;
    return;
  elsif names is not null and not pg_catalog.jsonb_path_exists(jsonb_nodes.data, utils.path_exact(steps)) then
    return;
  elsif not placed and not steps @> '["**"]' and steps -> 32 is null and pg_catalog.pg_column_size(jsonb_nodes.data) <= 16000 then
    return query
    select n.value, n.location, null::bytea
    from utils.jsonb_branch_nodes(jsonb_nodes.data, steps) as n;
    return;
  elsif pg_catalog.pg_column_size(jsonb_nodes.data) > 16000 then
    shape := utils.jsonb_plain_shape(jsonb_nodes.data, steps);
    if shape is null and steps @> '["**"]' and steps -> -1 <> '"**"' then
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
    from utils.jsonb_walk(jsonb_nodes.data, steps) as w;
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

-- source: sql/utils/jsonb_resolve_array.sql
-- As one array: jsonb_path_query takes time by the square of what it finds, jsonb_path_query_array does not.
create or replace function utils.jsonb_resolve_array(data jsonb, path jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  exact constant jsonpath := utils.path_exact(path);
  steps jsonb;
  straight jsonb;
begin
  if data is null then
    return '[]'::jsonb;
  elsif exact is not null then
    return pg_catalog.jsonb_path_query_array(data, exact);
  end if;
  steps := utils.path_steps(path);
  if not steps @> '["**"]' and not steps @> '["*"]' and steps -> 100 is null then
    -- A way that strict mode finds does not branch, so it is the only one.
    straight := pg_catalog.jsonb_path_query_first(
      data, ('strict $' || utils.path_jsonpath(steps, 1, pg_catalog.jsonb_array_length(steps)))::jsonpath, '{}', true);
    if straight is not null then
      return pg_catalog.jsonb_build_array(straight);
    end if;
  end if;
  return coalesce((select pg_catalog.jsonb_agg(n.value) from utils.jsonb_nodes(data, steps, false) as n), '[]');
end
$$;

comment on function utils.jsonb_resolve_array(jsonb, jsonb) is
  'The values of utils.jsonb_resolve as one array, without the locations.';

revoke execute on function utils.jsonb_resolve_array(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_array(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_resolve_values.sql
create or replace function utils.jsonb_resolve_values(data jsonb, path jsonb) returns setof jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  exact constant jsonpath := utils.path_exact(path);
  matches constant jsonb := pg_catalog.jsonb_path_query_array(data, exact);
begin
  if exact is null then
    return query
    select n.value
    from utils.jsonb_nodes(data, path, false) as n;
  elsif matches -> 1 is not null then
    return query
    select pg_catalog.jsonb_array_elements(matches);
  -- One value is the common case, and needs no query.
  elsif matches <> '[]' then
    return next matches -> 0;
  end if;
end
$$;

comment on function utils.jsonb_resolve_values(jsonb, jsonb) is
  'As utils.jsonb_resolve, without the locations: for callers that need the values only.';

revoke execute on function utils.jsonb_resolve_values(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_values(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_walk_steps.sql
-- The last step is one query over what the steps before it found, which is this function again. A node opens into its
-- members and elements in the select list: joining what two functions return would take twice as long. Plans are made
-- once: made anew for each call, as the planner would have it, they cost more than the walk through small data.
create or replace function utils.jsonb_walk_steps(data jsonb, steps jsonb, placed boolean, sought text default null)
returns table (value jsonb, path text[], place bytea)
language plpgsql immutable parallel safe
set search_path = ''
set enable_memoize = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  step constant jsonb := steps -> -1;
  before constant jsonb := steps - -1;
  name constant text := step #>> '{}';
  -- What lies behind "**" is known to be a name: where that is nowhere below, nothing need be opened. jsonpath looks there
  -- by recursion, so it is not asked about very deep data.
  ahead constant jsonpath := case when sought is not null and not pg_catalog.jsonb_path_exists(data, '$.**{200}')
    then ('$.**.' || pg_catalog.to_json(sought)::text)::jsonpath end;
  name_place constant bytea := case when placed and pg_catalog.jsonb_typeof(step) = 'string' then utils.jsonb_place(name) end;
begin
  if step is null then
    return query values (data, '{}'::text[], case when placed then ''::bytea end);
  elsif pg_catalog.jsonb_typeof(step) = 'number' then
    return query
    select o.value -> i.n, o.path || i.n::text, o.place || pg_catalog.int4send(i.n + 1)
    from utils.jsonb_walk_steps(data, before, placed) as o
    cross join lateral (
      select step::int + case when step < '0' then pg_catalog.jsonb_array_length(o.value) else 0 end as n
      where pg_catalog.jsonb_typeof(o.value) = 'array'
      offset 0
    ) as i
    where i.n between 0 and pg_catalog.jsonb_array_length(o.value) - 1;
  elsif step = '"**"' then
    return query
    with recursive walk as (
      select o.value, o.path, o.place
      from utils.jsonb_walk_steps(data, before, placed) as o
      union all
      select c.value, c.path || coalesce(c.key, c.n::text),
        c.place || coalesce(
          pg_catalog.int4send(c.n + 1),
          pg_catalog.int4send(pg_catalog.octet_length(c.key)) || pg_catalog.convert_to(c.key, 'UTF8'))
      from (
        select coalesce(m.value -> m.key, m.value -> m.n) as value, m.path, m.place, m.key, m.n
        from (
          select w.value, w.path, w.place,
            pg_catalog.jsonb_object_keys(case when pg_catalog.jsonb_typeof(w.value) = 'object' then w.value end) as key,
            pg_catalog.generate_series(0, pg_catalog.jsonb_array_length(
              case when pg_catalog.jsonb_typeof(w.value) = 'array' then w.value end) - 1) as n
          from walk as w
        ) as m
        offset 0  -- else the value is taken out anew for each mention
      ) as c
      where pg_catalog.jsonb_typeof(c.value) in ('object', 'array')
        and (ahead is null or pg_catalog.jsonb_path_exists(c.value, ahead))
    )
    select w.value, w.path, w.place
    from walk as w;
  elsif step = '"*"' then
    return query
    select coalesce(m.value -> m.key, m.value -> m.n), m.path || coalesce(m.key, m.n::text),
      m.place || coalesce(
        pg_catalog.int4send(m.n + 1),
        pg_catalog.int4send(pg_catalog.octet_length(m.key)) || pg_catalog.convert_to(m.key, 'UTF8'))
    from (
      select o.value, o.path, o.place,
        pg_catalog.jsonb_object_keys(case when pg_catalog.jsonb_typeof(o.value) = 'object' then o.value end) as key,
        pg_catalog.generate_series(0, pg_catalog.jsonb_array_length(
          case when pg_catalog.jsonb_typeof(o.value) = 'array' then o.value end) - 1) as n
      from utils.jsonb_walk_steps(data, before, placed) as o
    ) as m;
  elsif before -> -1 = '"**"' then
    -- The objects in an array have been visited themselves.
    return query
    select o.value -> name, o.path || name, o.place || name_place
    from utils.jsonb_walk_steps(data, before, placed, name) as o
    where pg_catalog.jsonb_typeof(o.value) = 'object'
      and o.value ? name;
  else
    return query
    select v.value, m.path || case when m.is_list then array[m.n::text, name] else array[name] end,
      m.place || case when m.is_list then pg_catalog.int4send(m.n + 1) || name_place else name_place end
    from (
      select o.value, o.path, o.place, pg_catalog.jsonb_typeof(o.value) = 'array' as is_list,
        pg_catalog.generate_series(0, case pg_catalog.jsonb_typeof(o.value)
          when 'array' then pg_catalog.jsonb_array_length(o.value) - 1 when 'object' then 0 end) as n
      from utils.jsonb_walk_steps(data, before, placed) as o
    ) as m
    cross join lateral (
      select case when m.is_list then m.value -> m.n -> name else m.value -> name end
      offset 0
    ) as v (value)
    where v.value is not null;
  end if;
end
$$;

comment on function utils.jsonb_walk_steps(jsonb, jsonb, boolean, text) is
  'Works for utils.jsonb_walk: the nodes that some steps select, with their locations and, when asked for, sort keys of these; behind "**" in no order, and some perhaps more than once. sought: where the last step is "**", what leads to no member of that name may be left out.';

revoke execute on function utils.jsonb_walk_steps(jsonb, jsonb, boolean, text) from public;
grant execute on function utils.jsonb_walk_steps(jsonb, jsonb, boolean, text) to authenticated, service_role;
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

drop function etl_api.list_secrets(text);
drop function utils.value_marks(text);
drop function utils.unknown_options(jsonb,jsonb);
drop function utils.timestamptz_or_null(jsonb);
drop function utils.text_parts(jsonb,bigint);
drop function utils.tally_share(jsonb,text[],numeric);
drop function utils.stored_path_error(jsonb);
drop function utils.settled_pattern(text);
drop function utils.read_time(text);
drop function utils.read_number_japanese(text);
drop function utils.read_number(text,boolean);
drop function utils.read_date_words(text);
drop function utils.read_date_japanese(text);
drop function utils.read_date(text,text);
drop function utils.read_boolean(text);
drop function utils.prefix_end(text);
drop function utils.phone_marks(text);
drop function utils.option_of(text,jsonb);
drop function utils.number_scale(text);
drop function utils.number_parts(text);
drop function utils.number_marks(text,boolean);
drop function utils.number_format(jsonb);
drop function utils.number_class(numeric);
drop function utils.narrow_text(text);
drop function utils.name_hint(text);
drop function utils.may_be_figure(text);
drop function utils.max_matches();
drop function utils.list_options(jsonb,text);
drop function utils.key_pattern(text);
drop function utils.jsonb_size(jsonb);
drop function utils.jsonb_is_deeper(jsonb,bigint);
drop function utils.jsonb_depth(jsonb);
drop function utils.iso_moment(numeric);
drop function utils.is_nested(jsonb);
drop function utils.infer_schema(jsonb);
drop function utils.infer_column_type(text,jsonb);
drop function utils.fitting_marks(text,jsonb);
drop function utils.figure_marks(text);
drop function utils.field_values(jsonb);
drop function utils.field_type(text,jsonb,bigint,integer,text);
drop function utils.field_shapes(jsonb);
drop function utils.field_contents(jsonb);
drop function utils.endpoint_headers_error(jsonb);
drop function utils.delivery_schedule_error(jsonb);
drop function utils.date_or_null(jsonb);
drop function utils.date_format(jsonb,boolean);
drop function utils.column_type_error(text);
drop function utils.coerce_warning(jsonb,jsonb,boolean,text,jsonb,jsonb);
drop function utils.coerce_values(jsonb,jsonb);
drop function utils.coerce_value(jsonb,text,jsonb,jsonb);
drop function utils.coerce_date(jsonb,jsonb);
drop function utils.coerce_contact(jsonb,text);
drop function utils.coerce_columns(jsonb);
drop function utils.coerce_choices(jsonb,jsonb,jsonb);
drop function utils.check_matches(bigint,jsonb);
drop function etl_api.explain_lane(uuid,uuid,uuid);
drop function etl_api.workflows_of_object(uuid,integer);
drop function etl_api.without_object(jsonb,jsonb);
drop policy members_read on etl_api.erasure;
drop policy nobody on etl_api.retention_mark;
drop policy admins_delete on etl_api.retention;
drop policy admins_update on etl_api.retention;
drop policy admins_insert on etl_api.retention;
drop policy members_read on etl_api.retention;
drop function etl_api.retention_of(uuid);
drop function etl_api.purge_requests(timestamp with time zone,integer,uuid[],boolean);
drop function etl_api.purge_parts(text,integer);
drop function etl_api.purge_old_objects(integer);
drop function etl_api.purge_log(timestamp with time zone,integer,uuid[]);
drop function etl_api.purge_by_rules(integer);
drop function etl_api.purge_alerts(timestamp with time zone,integer,uuid[]);
drop function etl_api.org_column(regclass);
drop function etl_api.note_erasure(uuid,uuid,jsonb,boolean);
drop function etl_api.lock_erasures(uuid,boolean);
drop function etl_api.lock_ended_requests(timestamp with time zone,integer,uuid[]);
drop function etl_api.go_on_erasing(integer);
drop function etl_api.expired_orgs(text);
drop function etl_api.erase_tenant(uuid);
drop function etl_api.erase_runs_of(uuid,jsonb,uuid[]);
drop function etl_api.erase_rows(uuid,integer);
drop function etl_api.erase_results_of(jsonb,uuid[],uuid[]);
drop function etl_api.erase_requests(uuid,integer);
drop function etl_api.erase_org(uuid,integer);
drop function etl_api.erase_object(uuid,integer);
drop function etl_api.erase_log_of(uuid,jsonb);
drop function etl_api.erase_links_of(uuid,uuid[]);
drop function etl_api.default_retention(text);
drop function etl_api.check_erasure(uuid,integer);
drop function etl_api.blank_input(uuid,uuid,jsonb);
drop function etl_api.refuse_limit(text,text,bigint,text,text);
drop function etl_api.lock_free_workflows(uuid[]);
drop function etl_api.limit_of(text);
drop function etl_api.limit_fault(text,text,text,text);
drop function etl_api.deleted_orgs();
drop function etl_api.wipe_secrets(uuid[],text);
drop function etl_api.vault_values(uuid[]);
drop trigger drop_vault_entries on etl_api.secret;
drop function etl_api.store_secret(uuid,text,integer,text,text,text);
drop function etl_api.secrets_to_rekey(text,integer);
drop policy admins_read on etl_api.secret;
drop view etl_api.secret_overview;
drop function etl_api.secret_org(text,text);
drop function etl_api.rotate_secret(text,text,integer,text,text,text,integer);
drop function etl_api.revoke_secret(text,text,integer,text);
drop function etl_api.rekey_secrets(jsonb);
drop function etl_api.read_secrets(jsonb);
drop function etl_api.put_secret(text,text,integer,text,text,text);
drop function etl_api.next_secret(text,text);
drop function etl_api.lock_secret(uuid,text);
drop function etl_api.has_vault();
drop function etl_api.forget_secrets(integer);
drop function etl_api.drop_vault_entries_of_deleted();
drop function etl_api.drop_vault_entries(uuid[]);
drop function etl_api.check_value_counts(uuid[],uuid[]);
drop function etl_api.check_object_matches(uuid[]);
drop function etl_api.widen_columns(public.tables,jsonb);
drop function etl_api.view_column_names(text[]);
drop function etl_api.view_column(text,text,jsonb,text);
drop trigger touch_column on public.table_columns;
drop trigger touch_record on public.records;
drop trigger keep_view on public.tables;
drop trigger keep_view_delete on public.table_columns;
drop trigger keep_view_update on public.table_columns;
drop trigger keep_view_insert on public.table_columns;
drop trigger hold_table on public.table_columns;
drop function etl_api.touch_record();
drop function etl_api.tell_progress(public.ai_generation_jobs,text,text,text,text,integer,integer);
drop function etl_api.tell_landed(etl_api.generated_record[],public.ai_generation_jobs,jsonb,integer);
drop function etl_api.table_view_name(uuid,text);
drop function etl_api.table_faults(etl_api.requested_activity[]);
drop function etl_api.start_generation(uuid,jsonb,integer);
drop function etl_api.staged_places(uuid,uuid,uuid);
drop function etl_api.stage_records(public.ai_generation_jobs,jsonb);
drop function etl_api.stage_generated_records(uuid,jsonb);
drop function etl_api.select_staged_records(uuid,integer[],boolean);
drop function etl_api.result_records(jsonb,jsonb);
drop policy members_delete on public.records;
drop policy members_update on public.records;
drop policy members_insert on public.records;
drop policy admins_delete on public.table_statuses;
drop policy admins_update on public.table_statuses;
drop policy admins_insert on public.table_statuses;
drop policy admins_delete on public.table_columns;
drop policy admins_update on public.table_columns;
drop policy admins_insert on public.table_columns;
drop policy admins_delete on public.tables;
drop policy admins_update on public.tables;
drop policy admins_insert on public.tables;
drop policy members_read on public.ai_generation_events;
drop policy members_read on public.ai_generated_records;
drop policy members_read on public.ai_generation_jobs;
drop policy members_read on public.records;
drop policy members_read on public.table_statuses;
drop policy members_read on public.table_columns;
drop policy members_read on public.tables;
drop function etl_api.record_columns(uuid);
drop function etl_api.read_generated(jsonb,integer);
drop function etl_api.prepare_records(etl_api.generated_record[],jsonb,public.tables,jsonb,text[]);
drop function etl_api.org_of_table(uuid);
drop function etl_api.note_generation(uuid,text,text,text,text,integer,integer);
drop function etl_api.make_table_view(uuid);
drop function etl_api.leave_out_inserted(etl_api.generated_record[],uuid);
drop function etl_api.landing_report(uuid,etl_api.generated_record[],etl_api.generated_record[],text[],text);
drop function etl_api.land_records(etl_api.generated_record[],public.ai_generation_jobs,public.tables,uuid,boolean);
drop function etl_api.land_lot(etl_api.generated_record[],public.ai_generation_jobs,public.tables,uuid,jsonb,boolean);
drop function etl_api.land_activity_results(uuid[]);
drop function etl_api.land_activity_result(public.ai_generation_jobs,jsonb);
drop function etl_api.keep_table_views();
drop function etl_api.keep_table_view();
drop function etl_api.keep_failed_records(etl_api.generated_record[],public.ai_generation_jobs);
drop function etl_api.insert_staged(uuid,uuid,uuid,jsonb);
drop function etl_api.insert_records_apart(etl_api.generated_record[],public.ai_generation_jobs,public.tables,text,uuid);
drop function etl_api.insert_records(etl_api.generated_record[],public.ai_generation_jobs,public.tables,text,uuid);
drop function etl_api.insert_generated_records(uuid,jsonb,uuid,uuid,uuid,integer[]);
drop function etl_api.hold_table();
drop function etl_api.generation_progress(uuid,uuid,bigint,integer);
drop function etl_api.generated_id(uuid,integer);
drop function etl_api.generate_records(uuid,uuid,integer,jsonb);
drop function etl_api.find_own_table(uuid);
drop function etl_api.find_own_job(uuid);
drop function etl_api.evolve_table(public.tables,jsonb,uuid,boolean);
drop function etl_api.edit_staged_record(uuid,integer,jsonb);
drop function etl_api.discard_staged_records(uuid);
drop function etl_api.cut_long_texts(jsonb);
drop function etl_api.create_table_jobs(etl_api.requested_activity[]);
drop function etl_api.confirm_staged_records(uuid,integer[],integer);
drop function etl_api.column_label(text);
drop function etl_api.close_generation(public.ai_generation_jobs,jsonb,bigint);
drop function etl_api.check_job_table(uuid,uuid);
drop function etl_api.check_insertion(public.ai_generation_jobs,public.tables,uuid,uuid);
drop function etl_api.add_reports(jsonb,jsonb);
drop function etl_api.add_columns(public.tables,jsonb);
drop function etl_api.widened_fields(jsonb,jsonb);
drop function etl_api.spread_rows(jsonb,integer);
drop function etl_api.plan_landing(jsonb,jsonb,text);
drop function etl_api.note_schema_changes(uuid,text,text,jsonb,jsonb,uuid);
drop function etl_api.new_options(jsonb,jsonb);
drop function etl_api.new_fields(jsonb,text[]);
drop policy members_read on etl_api.schema_change;
drop function etl_api.landing_error(jsonb,text);
drop function etl_api.infer_new_fields(jsonb,text[]);
drop function etl_api.coerce_landing(jsonb,jsonb,text,text[]);
drop function etl_api.change_columns(jsonb,jsonb);
drop trigger kv_fill_index on etl_api.kv_index;
drop trigger kv_check_mapping on etl_api.kv_mapping;
drop function etl_api.kv_written(uuid,text[]);
drop function etl_api.kv_write_statements(etl_api.kv_mapping);
drop function etl_api.kv_values(text);
drop function etl_api.kv_switch(text);
drop function etl_api.kv_set_many(uuid,jsonb,interval);
drop function etl_api.kv_set(uuid,text,jsonb,interval);
drop function etl_api.kv_remove_expired(integer);
drop function etl_api.kv_prepare(text);
drop policy members_read on etl_api.kv_misfit;
drop policy nobody on etl_api.kv_change;
drop policy nobody on etl_api.kv_mapping;
drop policy admins_delete on etl_api.kv_index;
drop policy admins_insert on etl_api.kv_index;
drop policy members_read on etl_api.kv_index;
drop policy members_read on etl_api.kv_index_entry;
drop policy members_read on public.kv_store;
drop function etl_api.kv_note_changes(uuid,text[]);
drop function etl_api.kv_note_all(etl_api.kv_mapping);
drop function etl_api.kv_migrate(text,integer);
drop function etl_api.kv_list(uuid,text,text,integer);
drop function etl_api.kv_key_sql(etl_api.kv_mapping);
drop function etl_api.kv_keep_lists(uuid,text[]);
drop function etl_api.kv_index_key(etl_api.kv_index,text[],text[],text[],jsonb);
drop function etl_api.kv_get_many(uuid,text[]);
drop function etl_api.kv_get(uuid,text);
drop function etl_api.kv_follow(text);
drop function etl_api.kv_find_mapping(text);
drop function etl_api.kv_fill_index();
drop function etl_api.kv_entries(public.kv_store[]);
drop function etl_api.kv_delete_many(uuid,text[]);
drop function etl_api.kv_delete(uuid,text);
drop function etl_api.kv_create_table(etl_api.kv_mapping);
drop function etl_api.kv_compare_and_set(uuid,text,bigint,jsonb,interval);
drop function etl_api.kv_columns(etl_api.kv_mapping);
drop function etl_api.kv_column_type(text);
drop function etl_api.kv_check_writer(uuid);
drop function etl_api.kv_check_mapping();
drop function etl_api.kv_check_lists(uuid);
drop function etl_api.kv_apply(text,uuid[],text[]);
drop function etl_api.size_faults(jsonb);
drop function etl_api.may_be_too_much(jsonb,bigint,bigint,bigint);
drop function etl_api.limit_faults(etl_api.requested_activity[]);
drop function etl_api.crowd_faults(etl_api.requested_activity[]);
drop function etl_api.refuse_answer(uuid,jsonb,text,text,jsonb);
drop function etl_api.want_lanes(uuid[],uuid[]);
drop trigger follow_orgs on public.org;
drop trigger follow_endpoints on public.webhook_endpoint;
drop trigger keep_endpoint_marks on public.webhook_endpoint;
drop trigger check_endpoint_rules_update on public.webhook_endpoint;
drop trigger check_endpoint_rules_insert on public.webhook_endpoint;
drop function etl_api.tell_endpoint_alerts(uuid[],text);
drop function etl_api.take_deliveries(integer);
drop function etl_api.send_test_event(uuid);
drop function etl_api.resolve_endpoint_alerts(uuid[]);
drop function etl_api.replayed_messages(uuid,timestamp with time zone,timestamp with time zone,boolean,integer);
drop function etl_api.replay(uuid,timestamp with time zone,timestamp with time zone,boolean);
drop function etl_api.release_messages(uuid[],integer);
drop function etl_api.release_held(integer);
drop function etl_api.refuse_large_message(bigint,bigint);
drop function etl_api.raise_endpoint_alerts(uuid[]);
drop function etl_api.pick_from_lanes(integer,uuid[],uuid[]);
drop function etl_api.pick_deliveries(integer);
drop function etl_api.note_failures(uuid[],uuid[],jsonb[]);
drop function etl_api.note_endpoints(uuid[],uuid[],boolean);
drop function etl_api.next_in_order(uuid,uuid);
drop function etl_api.message_ids(uuid[],uuid[],jsonb[],text[],jsonb[]);
drop function etl_api.learn_lanes(uuid[],uuid[],jsonb[],integer);
drop function etl_api.lane_room(uuid,uuid,uuid);
drop function etl_api.lane_of(uuid,text);
drop function etl_api.lane_is_plain(uuid,uuid,uuid,bigint,integer);
drop function etl_api.keep_endpoint_marks();
drop function etl_api.is_ordered(uuid,uuid);
drop function etl_api.hold_messages(uuid[],integer);
drop function etl_api.hold_due_messages(uuid[]);
drop function etl_api.follow_orgs();
drop function etl_api.follow_endpoints();
drop function etl_api.find_own_endpoint(uuid);
drop function etl_api.delivery_schedule(uuid,uuid);
drop function etl_api.confirm_held(uuid[]);
drop function etl_api.check_endpoint_rules();
drop trigger keep_version on public.client_schemas;
drop trigger count_update on public.client_data;
drop trigger count_delete on public.client_data;
drop trigger count_insert on public.client_data;
drop function etl_api.read_client_data(uuid,text,integer,jsonb,bigint,uuid);
drop function etl_api.plan_client_rows(jsonb,jsonb,text);
drop function etl_api.note_client_counts(etl_api.client_count_delta[]);
drop function etl_api.my_clients();
drop function etl_api.may_use_client(uuid,boolean);
drop function etl_api.land_client_rows(public.client_schemas,jsonb,jsonb,text,text[],bigint);
drop function etl_api.keep_client_version();
drop function etl_api.ingest_client_part(uuid,integer,jsonb,jsonb,uuid);
drop function etl_api.ingest_client_data(uuid,text,jsonb,text);
drop function public.get_client_data_filtered(uuid,text,integer,jsonb,bigint);
drop function public.get_client_data_count(uuid,text);
drop function etl_api.fold_client_counts(integer);
drop function etl_api.finish_client_upload(uuid);
drop function etl_api.find_client_upload(uuid);
drop function etl_api.find_client_schema(uuid,text,text);
drop function etl_api.evolve_client_schema(public.client_schemas,jsonb,text);
drop function etl_api.create_client(uuid,text,text,uuid,text,jsonb);
drop function etl_api.count_client_data();
drop policy members_read on etl_api.client_upload;
drop policy members_read on etl_api.client_count_delta;
drop policy members_read on public.client_data;
drop policy members_read on public.client_schema_versions;
drop policy admins_update on public.client_schemas;
drop policy members_read on public.client_schemas;
drop policy admins_delete on public.clients;
drop policy admins_update on public.clients;
drop policy admins_insert on public.clients;
drop policy members_read on public.clients;
drop function etl_api.client_table_name(uuid,text);
drop view public.client_data_summary;
drop function etl_api.check_client_writer(uuid);
drop function etl_api.check_client_rows(text,jsonb,text);
drop function etl_api.begin_client_upload(uuid,text,text,text,text,uuid);
drop function etl_api.act_for(uuid);
drop function etl_api.write_audit(etl_api.audit_change[]);
drop trigger keep_audit_rows on etl_api.audit_head;
drop trigger keep_audit_rows on etl_api.audit_log;
drop trigger keep_audit on etl_api.audit_log;
drop trigger audit_delete on public.client_schemas;
drop trigger audit_update on public.client_schemas;
drop trigger audit_insert on public.client_schemas;
drop trigger audit_delete on public.clients;
drop trigger audit_update on public.clients;
drop trigger audit_insert on public.clients;
drop trigger audit_delete on public.table_statuses;
drop trigger audit_update on public.table_statuses;
drop trigger audit_insert on public.table_statuses;
drop trigger audit_delete on public.table_columns;
drop trigger audit_update on public.table_columns;
drop trigger audit_insert on public.table_columns;
drop trigger audit_delete on public.tables;
drop trigger audit_update on public.tables;
drop trigger audit_insert on public.tables;
drop trigger audit_delete on etl_api.kv_index;
drop trigger audit_update on etl_api.kv_index;
drop trigger audit_insert on etl_api.kv_index;
drop trigger audit_delete on etl_api.retention;
drop trigger audit_update on etl_api.retention;
drop trigger audit_insert on etl_api.retention;
drop trigger audit_delete on etl_api.secret;
drop trigger audit_update on etl_api.secret;
drop trigger audit_insert on etl_api.secret;
drop trigger audit_delete on etl_api.setting;
drop trigger audit_update on etl_api.setting;
drop trigger audit_insert on etl_api.setting;
drop trigger audit_delete on etl_api.alert_rule;
drop trigger audit_update on etl_api.alert_rule;
drop trigger audit_insert on etl_api.alert_rule;
drop trigger audit_delete on public.workflow_schedule;
drop trigger audit_update on public.workflow_schedule;
drop trigger audit_insert on public.workflow_schedule;
drop trigger audit_delete on public.webhook_endpoint;
drop trigger audit_update on public.webhook_endpoint;
drop trigger audit_insert on public.webhook_endpoint;
drop trigger audit_delete on public.factor;
drop trigger audit_update on public.factor;
drop trigger audit_insert on public.factor;
drop trigger audit_delete on public.activity;
drop trigger audit_update on public.activity;
drop trigger audit_insert on public.activity;
drop trigger audit_delete on public.datapoint_source;
drop trigger audit_update on public.datapoint_source;
drop trigger audit_insert on public.datapoint_source;
drop trigger audit_delete on public.object_source;
drop trigger audit_update on public.object_source;
drop trigger audit_insert on public.object_source;
drop trigger audit_delete on public.source;
drop trigger audit_update on public.source;
drop trigger audit_insert on public.source;
drop trigger audit_delete on public.datapoint;
drop trigger audit_update on public.datapoint;
drop trigger audit_insert on public.datapoint;
drop trigger audit_delete on public.object_type;
drop trigger audit_update on public.object_type;
drop trigger audit_insert on public.object_type;
drop trigger audit_delete on public.org_member;
drop trigger audit_update on public.org_member;
drop trigger audit_insert on public.org_member;
drop trigger audit_update on public.org;
drop trigger audit_delete on public.org;
drop trigger audit_insert on public.org;
drop function etl_api.lock_audit_head(uuid);
drop function etl_api.keep_audit();
drop function etl_api.erase_audit(uuid);
drop function etl_api.check_audit(uuid,jsonb);
drop policy admins_read on etl_api.audit_head;
drop policy admins_read on etl_api.audit_log;
drop function etl_api.audit_org();
drop function etl_api.audit_key(jsonb,text[]);
drop function etl_api.audit_hash(bytea,etl_api.audit_log);
drop function etl_api.audit_digest(bytea,jsonb,jsonb);
drop function etl_api.audit_configuration();
drop function etl_api.audit_change_of(text,text[],text[],jsonb,jsonb);
drop function etl_api.crowded_fault(uuid,uuid,jsonb,text[],bigint);
drop policy members_read on public.delivery_attempt;
drop trigger keep_deleted_off on public.webhook_endpoint;
drop trigger keep_deleted_off on public.source;
drop function etl_api.template_size_error(jsonb);
drop function etl_api.keep_deleted_source_off();
drop function etl_api.keep_deleted_endpoint_off();
drop policy members_read on etl_api.delivery_lane;
revoke all on table etl_api.audit_head from authenticated;
revoke all on table etl_api.audit_head from service_role;
revoke all on table etl_api.audit_log from authenticated;
revoke all on table etl_api.audit_log from service_role;
revoke all on table etl_api.client_count_delta from authenticated;
revoke all on table etl_api.client_count_delta from service_role;
revoke all on table etl_api.client_upload from authenticated;
revoke all on table etl_api.client_upload from service_role;
revoke all on table etl_api.delivery_lane from authenticated;
revoke all on table etl_api.delivery_lane from service_role;
revoke all on table etl_api.erasure from authenticated;
revoke all on table etl_api.erasure from service_role;
revoke all on table etl_api.kv_change from service_role;
revoke all on table etl_api.kv_index from authenticated;
revoke all on table etl_api.kv_index from service_role;
revoke all on table etl_api.kv_index_entry from authenticated;
revoke all on table etl_api.kv_index_entry from service_role;
revoke all on table etl_api.kv_mapping from service_role;
revoke all on table etl_api.kv_misfit from authenticated;
revoke all on table etl_api.kv_misfit from service_role;
revoke all on table etl_api.retention from authenticated;
revoke all on table etl_api.retention from service_role;
revoke all on table etl_api.retention_mark from service_role;
revoke all on table etl_api.schema_change from authenticated;
revoke all on table etl_api.schema_change from service_role;
revoke all on table public.activity from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.activity to service_role;
revoke all on table public.activity_dependency from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.activity_dependency to service_role;
revoke all on table public.activity_object from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.activity_object to service_role;
revoke all on table public.activity_request from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.activity_request to service_role;
revoke all on table public.activity_result from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.activity_result to service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.ai_generated_records to anon;
revoke all on table public.ai_generated_records from authenticated;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.ai_generated_records to authenticated;
revoke all on table public.ai_generated_records from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.ai_generated_records to service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.ai_generation_events to anon;
revoke all on table public.ai_generation_events from authenticated;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.ai_generation_events to authenticated;
revoke all on table public.ai_generation_events from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.ai_generation_events to service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.ai_generation_jobs to anon;
revoke all on table public.ai_generation_jobs from authenticated;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.ai_generation_jobs to authenticated;
revoke all on table public.ai_generation_jobs from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.ai_generation_jobs to service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.client_data to anon;
revoke all on table public.client_data from authenticated;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.client_data to authenticated;
revoke all on table public.client_data from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.client_data to service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.client_schema_versions to anon;
revoke all on table public.client_schema_versions from authenticated;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.client_schema_versions to authenticated;
revoke all on table public.client_schema_versions from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.client_schema_versions to service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.client_schemas to anon;
revoke all on table public.client_schemas from authenticated;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.client_schemas to authenticated;
revoke all on table public.client_schemas from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.client_schemas to service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.clients to anon;
revoke all on table public.clients from authenticated;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.clients to authenticated;
revoke all on table public.clients from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.clients to service_role;
revoke all on table public.datapoint from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.datapoint to service_role;
revoke all on table public.datapoint_source from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.datapoint_source to service_role;
revoke all on table public.delivery from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.delivery to service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.delivery_attempt to anon;
revoke all on table public.delivery_attempt from authenticated;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.delivery_attempt to authenticated;
revoke all on table public.delivery_attempt from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.delivery_attempt to service_role;
revoke all on table public.delivery_body from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.delivery_body to service_role;
revoke all on table public.factor from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.factor to service_role;
revoke all on table public.guardrail_refusal from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.guardrail_refusal to service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.kv_store to anon;
revoke all on table public.kv_store from authenticated;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.kv_store to authenticated;
revoke all on table public.kv_store from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.kv_store to service_role;
revoke all on table public.object from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.object to service_role;
revoke all on table public.object_source from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.object_source to service_role;
revoke all on table public.object_type from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.object_type to service_role;
revoke all on table public.org from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.org to service_role;
revoke all on table public.org_member from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.org_member to service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.records to anon;
revoke all on table public.records from authenticated;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.records to authenticated;
revoke all on table public.records from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.records to service_role;
revoke all on table public.run_queue from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.run_queue to service_role;
revoke all on table public.run_request from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.run_request to service_role;
revoke all on table public.run_response from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.run_response to service_role;
revoke all on table public.source from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.source to service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.table_columns to anon;
revoke all on table public.table_columns from authenticated;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.table_columns to authenticated;
revoke all on table public.table_columns from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.table_columns to service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.table_statuses to anon;
revoke all on table public.table_statuses from authenticated;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.table_statuses to authenticated;
revoke all on table public.table_statuses from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.table_statuses to service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.tables to anon;
revoke all on table public.tables from authenticated;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.tables to authenticated;
revoke all on table public.tables from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.tables to service_role;
revoke all on table public.value from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.value to service_role;
revoke all on table public.webhook_endpoint from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.webhook_endpoint to service_role;
revoke all on table public.workflow_request from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.workflow_request to service_role;
revoke all on table public.workflow_schedule from service_role;
grant delete, insert, maintain, references, select, trigger, truncate, update on table public.workflow_schedule to service_role;
revoke all (columns) on table etl_api.kv_mapping from service_role;
revoke all (key_pattern) on table etl_api.kv_mapping from service_role;
revoke all (name) on table etl_api.kv_mapping from service_role;
revoke all (sample) on table etl_api.kv_mapping from service_role;
revoke all (table_name) on table etl_api.kv_mapping from service_role;
revoke all (days) on table etl_api.retention from authenticated;
revoke all (org_id) on table etl_api.retention from authenticated;
revoke all (what) on table etl_api.retention from authenticated;
revoke all (created_at) on table etl_api.secret from authenticated;
revoke all (created_at) on table etl_api.secret from service_role;
revoke all (created_by) on table etl_api.secret from authenticated;
revoke all (created_by) on table etl_api.secret from service_role;
revoke all (expires_at) on table etl_api.secret from authenticated;
revoke all (expires_at) on table etl_api.secret from service_role;
revoke all (id) on table etl_api.secret from authenticated;
revoke all (id) on table etl_api.secret from service_role;
revoke all (key_id) on table etl_api.secret from authenticated;
revoke all (key_id) on table etl_api.secret from service_role;
revoke all (last_used_at) on table etl_api.secret from authenticated;
revoke all (last_used_at) on table etl_api.secret from service_role;
revoke all (name) on table etl_api.secret from authenticated;
revoke all (name) on table etl_api.secret from service_role;
revoke all (org_id) on table etl_api.secret from authenticated;
revoke all (org_id) on table etl_api.secret from service_role;
revoke all (revoked_at) on table etl_api.secret from authenticated;
revoke all (revoked_at) on table etl_api.secret from service_role;
revoke all (revoked_by) on table etl_api.secret from authenticated;
revoke all (revoked_by) on table etl_api.secret from service_role;
revoke all (state) on table etl_api.secret from authenticated;
revoke all (state) on table etl_api.secret from service_role;
revoke all (storage) on table etl_api.secret from authenticated;
revoke all (storage) on table etl_api.secret from service_role;
revoke all (version) on table etl_api.secret from authenticated;
revoke all (version) on table etl_api.secret from service_role;
revoke all (contract) on table public.client_schemas from authenticated;
revoke all (company_name) on table public.clients from authenticated;
revoke all (email) on table public.clients from authenticated;
revoke all (user_id) on table public.clients from authenticated;
revoke all (company) on table public.records from authenticated;
revoke all (data) on table public.records from authenticated;
revoke all (deleted_at) on table public.records from authenticated;
revoke all (email) on table public.records from authenticated;
revoke all (name) on table public.records from authenticated;
revoke all (organization_id) on table public.records from authenticated;
revoke all (status) on table public.records from authenticated;
revoke all (table_id) on table public.records from authenticated;
revoke all (default_value) on table public.table_columns from authenticated;
revoke all (display_order) on table public.table_columns from authenticated;
revoke all (format) on table public.table_columns from authenticated;
revoke all (is_inferred) on table public.table_columns from authenticated;
revoke all (is_required) on table public.table_columns from authenticated;
revoke all (label) on table public.table_columns from authenticated;
revoke all (name) on table public.table_columns from authenticated;
revoke all (options) on table public.table_columns from authenticated;
revoke all (organization_id) on table public.table_columns from authenticated;
revoke all (table_id) on table public.table_columns from authenticated;
revoke all (type) on table public.table_columns from authenticated;
revoke all (display_order) on table public.table_statuses from authenticated;
revoke all (label) on table public.table_statuses from authenticated;
revoke all (name) on table public.table_statuses from authenticated;
revoke all (organization_id) on table public.table_statuses from authenticated;
revoke all (table_id) on table public.table_statuses from authenticated;
revoke all (contract) on table public.tables from authenticated;
revoke all (deleted_at) on table public.tables from authenticated;
revoke all (id) on table public.tables from authenticated;
revoke all (label) on table public.tables from authenticated;
revoke all (name) on table public.tables from authenticated;
revoke all (organization_id) on table public.tables from authenticated;
grant select, update, usage on sequence public.activity_object_ordinal_seq to anon;
grant select, update, usage on sequence public.activity_object_ordinal_seq to authenticated;
grant select, update, usage on sequence public.activity_object_ordinal_seq to service_role;
grant select, update, usage on sequence public.ai_generation_events_seq_seq to anon;
grant select, update, usage on sequence public.ai_generation_events_seq_seq to authenticated;
grant select, update, usage on sequence public.ai_generation_events_seq_seq to service_role;
grant select, update, usage on sequence public.client_data_id_seq to anon;
grant select, update, usage on sequence public.client_data_id_seq to authenticated;
grant select, update, usage on sequence public.client_data_id_seq to service_role;
grant select, update, usage on sequence public.delivery_attempt_id_seq to anon;
grant select, update, usage on sequence public.delivery_attempt_id_seq to authenticated;
grant select, update, usage on sequence public.delivery_attempt_id_seq to service_role;
grant select, update, usage on sequence public.guardrail_refusal_id_seq to anon;
grant select, update, usage on sequence public.guardrail_refusal_id_seq to authenticated;
grant select, update, usage on sequence public.guardrail_refusal_id_seq to service_role;
grant select, update, usage on sequence public.value_id_seq to anon;
grant select, update, usage on sequence public.value_id_seq to authenticated;
grant select, update, usage on sequence public.value_id_seq to service_role;
