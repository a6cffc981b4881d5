-- migrate:up
-- Written by `npm run migration` from the files under sql/.

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
      ('ordered_deliveries', case when pg_catalog.jsonb_typeof(new.settings -> 'ordered_deliveries') not in ('boolean', 'null')
        then 'true or false' end),
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
      ('run_request_template', etl_api.template_size_error(n.run_request_template)),
      ('status_request_template', etl_api.template_size_error(n.status_request_template)),
      ('delivery_request_template', etl_api.template_size_error(n.delivery_request_template)),
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

-- source: sql/etl_api/access/engine_policies.sql
-- The engine's own tables.

drop policy if exists members_read on etl_api.state_step;
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
  using (source_id = any (array(
    select s.id
    from public.source as s
    where s.org_id = any (array(select etl_api.my_orgs())))));
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

drop policy if exists members_read on etl_api.delivery_lane;
create policy members_read on etl_api.delivery_lane
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.delivery_lane is 'Members read the rows of their orgs.';
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
  public.delivery_attempt,
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
  etl_api.alert,
  etl_api.delivery_lane
from public, anon, authenticated, service_role;

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
  public.delivery_attempt,
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
  etl_api.alert,
  etl_api.delivery_lane
to authenticated;

grant select, insert, update, delete on
  public.org_member,
  public.object_type,
  public.datapoint,
  public.source,
  public.object_source,
  public.datapoint_source,
  public.activity,
  public.factor
to authenticated;

-- Since when an endpoint fails and why it was disabled is the engine's to write.
grant select, delete on public.webhook_endpoint to authenticated;
grant
  insert (id, org_id, url, secret_name, event_types, disabled_at, description, headers, schedule_seconds, ordered, deleted_at),
  update (url, secret_name, event_types, disabled_at, description, headers, schedule_seconds, ordered, deleted_at)
  on public.webhook_endpoint to authenticated;

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
  public.delivery_attempt,
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
  etl_api.alert,
  etl_api.delivery_lane
to service_role;
grant select, insert on etl_api.etl_log to service_role;
grant select on etl_api.state_transition, etl_api.state_step, etl_api.table_reference to service_role;

-- Supabase grants sequences of schema public, too: who may turn one back may break every insert.
revoke all on sequence
  public.value_id_seq,
  public.activity_object_ordinal_seq,
  public.guardrail_refusal_id_seq,
  public.delivery_attempt_id_seq
from public, anon, authenticated, service_role;
-- end of source

-- source: sql/etl_api/access/keep_deleted_endpoint_off.sql
create or replace function etl_api.keep_deleted_endpoint_off() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and old.deleted_at is not null and new.disabled_at is null then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('webhook_endpoint %s was deleted at %s: it cannot be switched on', new.id, new.deleted_at),
      hint = 'Set deleted_at to null first.';
  end if;
  new.disabled_at := coalesce(new.disabled_at, new.deleted_at);
  return new;
end
$$;

comment on function etl_api.keep_deleted_endpoint_off() is
  'Switches an endpoint off when it is deleted, and refuses to switch it on while it is: so whatever heeds the switch heeds deleted_at. ETL07: it was deleted.';

revoke execute on function etl_api.keep_deleted_endpoint_off() from public;
-- end of source

-- source: sql/etl_api/access/keep_deleted_source_off.sql
create or replace function etl_api.keep_deleted_source_off() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and old.deleted_at is not null and new.enabled then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('source %s was deleted at %s: it cannot be switched on', new.id, new.deleted_at),
      hint = 'Set deleted_at to null first.';
  end if;
  new.enabled := false;
  return new;
end
$$;

comment on function etl_api.keep_deleted_source_off() is
  'Switches a source off when it is deleted, and refuses to switch it on while it is: so whatever heeds the switch heeds deleted_at. ETL07: it was deleted.';

revoke execute on function etl_api.keep_deleted_source_off() from public;
-- end of source

-- source: sql/etl_api/access/may_request.sql
create or replace function etl_api.may_request(org_id uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  if auth.uid() is not null then
    return coalesce(may_request.org_id in (select etl_api.my_orgs('{owner,admin,member}')), false);
  end if;
  -- Nobody signed in: an operator or the service. Inside a security definer function current_user is the owner, so the
  -- caller is the role that was set, or who logged in.
  return pg_catalog.pg_has_role(
    coalesce(nullif(pg_catalog.current_setting('role', true), 'none'), session_user::text),
    'service_role', 'usage');
end
$$;

comment on function etl_api.may_request(uuid) is
  'Whether the caller may make and change requests of an org: its owners, admins and members; without a signed-in user only service_role and who has its rights. For the first statement of security definer functions.';

revoke execute on function etl_api.may_request(uuid) from public;
grant execute on function etl_api.may_request(uuid) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/access/my_orgs.sql
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
-- end of source

-- source: sql/etl_api/access/template_size_error.sql
create or replace function etl_api.template_size_error(template jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  most constant bigint := etl_api.limit_of('max_template_bytes');
  bytes constant bigint := pg_catalog.octet_length(template::text);
begin
  return case when bytes > most then pg_catalog.format(
    'a template has at most %s bytes as JSON (the setting max_template_bytes), but this one has %s', most, bytes) end;
end
$$;

comment on function etl_api.template_size_error(jsonb) is
  'What is wrong with the size of a request template, in a sentence; null when nothing is.';

revoke execute on function etl_api.template_size_error(jsonb) from public;
grant execute on function etl_api.template_size_error(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/access/trigger_keep_deleted_off.sql
drop trigger if exists keep_deleted_off on public.source;
create trigger keep_deleted_off
  before insert or update of deleted_at, enabled on public.source
  for each row
  when (new.deleted_at is not null)
  execute function etl_api.keep_deleted_source_off();
comment on trigger keep_deleted_off on public.source is 'What is deleted is switched off, and stays so.';

drop trigger if exists keep_deleted_off on public.webhook_endpoint;
create trigger keep_deleted_off
  before insert or update of deleted_at, disabled_at on public.webhook_endpoint
  for each row
  when (new.deleted_at is not null)
  execute function etl_api.keep_deleted_endpoint_off();
comment on trigger keep_deleted_off on public.webhook_endpoint is 'What is deleted is switched off, and stays so.';
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

drop policy if exists members_read on public.delivery_attempt;
create policy members_read on public.delivery_attempt
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.delivery_attempt is 'Members read the rows of their orgs.';
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
  perform etl_api.land_activity_results(over_ids);
  perform etl_api.advance_workflows(workflow_ids);
end
$$;

comment on function etl_api.advance_activities(uuid[]) is
  'Moves on those of these activity requests whose runs have all ended: rebuilds the result, ends the activity, queues its messages and moves its workflow on. The caller holds the workflow locks and has created the runs that are needed next.';

revoke execute on function etl_api.advance_activities(uuid[]) from public;
grant execute on function etl_api.advance_activities(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/crowded_fault.sql
create or replace function etl_api.crowded_fault(
  org_id uuid, object_type_id uuid, object jsonb, path text[], most bigint)
returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  count constant bigint := (
    select pg_catalog.count(*)
    from public.datapoint as d
    where d.object_type_id = crowded_fault.object_type_id
      and (d.org_id is null or d.org_id = crowded_fault.org_id)
      and object ? d.name
      and object -> d.name <> 'null');
begin
  return case when count > most then pg_catalog.jsonb_build_object(
    'code', 'too_many_values',
    'path', etl_api.path_text(pg_catalog.to_jsonb(path)),
    'found', count,
    'message', pg_catalog.format('This object gives %s values; %s is the most.', count, most),
    'hint', 'Leave out those that are not needed, or ask the operator to raise the setting max_values.') end;
end
$$;

comment on function etl_api.crowded_fault(uuid, uuid, jsonb, text[], bigint) is
  'What is wrong with an object of a request that gives more values than allowed; null when it does not.';

revoke execute on function etl_api.crowded_fault(uuid, uuid, jsonb, text[], bigint) from public;
grant execute on function etl_api.crowded_fault(uuid, uuid, jsonb, text[], bigint) to service_role;
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
  perform etl_api.land_activity_results(activity_request_ids);
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
    and (os.org_id is null or os.org_id = input_mappings.org_id)
    and not exists (
      select 1
      from public.source as s
      where s.id = os.source_id
        and s.deleted_at is not null);
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
  perform etl_api.land_activity_results(activity_request_ids);
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
  most constant bigint := etl_api.limit_of('max_values');
begin
  -- From the request's data, for activities that take no other activity's objects.
  select
    pg_catalog.array_agg(f.activity_request_id) filter (where f.fault is null) as activity_ids,
    pg_catalog.array_agg(f.org_id) filter (where f.fault is null) as org_ids,
    pg_catalog.array_agg(f.max_objects) filter (where f.fault is null) as limits,
    pg_catalog.array_agg(f.object_type_id) filter (where f.fault is null) as type_ids,
    pg_catalog.array_agg(f.natural_key) filter (where f.fault is null) as natural_keys,
    pg_catalog.array_agg(f.object) filter (where f.fault is null) as objects,
    pg_catalog.array_agg(f.activity_request_id) filter (where f.fault is not null) as fault_ids,
    pg_catalog.array_agg(f.fault) filter (where f.fault is not null) as faults
  into found_in
  from (
    select i.*,
      case
        when i.natural_key is null then etl_api.keyless_fault(i.object_type_id, i.object, i.path)
        -- A member takes 8 bytes at least.
        when pg_catalog.pg_column_size(i.object) > most * 8 then
          etl_api.crowded_fault(i.org_id, i.object_type_id, i.object, i.path, most)
      end as fault
    from etl_api.find_input_objects(activity_request_ids) as i
    offset 0
  ) as f;

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
  'Reads the objects of activity requests from their requests'' data, stores them with the values given, and links them as input, at most max_objects each. Returns the faults of objects without a key, or with too many values; the others go on.';

revoke execute on function etl_api.store_input_objects(uuid[]) from public;
grant execute on function etl_api.store_input_objects(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/activities/take_dependency_objects.sql
create or replace function etl_api.take_dependency_objects(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  most bigint;
begin
  if not exists (
    select 1
    from public.activity_dependency as d
    where d.activity_request_id = any (activity_request_ids))
  then
    return;
  end if;

  most := etl_api.limit_of('max_objects');
  -- What one results in is what it took, as an enrichment does, or what it found.
  with taken as materialized (
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
  ), crowded as (
    update public.activity_request as ar
    set errors = coalesce(ar.errors, '[]') || pg_catalog.jsonb_build_object(
      'code', 'too_many_objects', 'path', null, 'found', many.objects,
      'message', pg_catalog.format('It was handed %s objects; %s is the most, so it takes the first of them.', many.objects, most),
      'hint', 'Let the activities before find fewer (max_objects), or ask the operator to raise the setting max_objects.')
    from (
      select taken.id, pg_catalog.count(*) as objects
      from taken
      group by taken.id, taken.max_objects
      having pg_catalog.count(*) > most
        and coalesce(taken.max_objects, most + 1) > most
    ) as many
    where ar.id = many.id
  )
  insert into public.activity_object (org_id, activity_request_id, role, object_id)
  select taken.org_id, taken.id, 'input', taken.object_id
  from taken
  where taken.place <= least(taken.max_objects, most)
  order by taken.ordinal
  on conflict do nothing;
end
$$;

comment on function etl_api.take_dependency_objects(uuid[]) is
  'Links the objects of the activities that these depend on as their input; one that asks about them takes those of its own type; each at most max_objects, and at most as many as the setting max_objects allows.';

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
  deleted constant uuid[] := etl_api.deleted_orgs();
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
      and r.org_id <> all (deleted)
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

-- source: sql/etl_api/audit/audit_change_of.sql
create or replace function etl_api.audit_change_of(table_name text, key_columns text[], left_out text[], old jsonb, new jsonb)
returns etl_api.audit_change
language sql immutable
set search_path = ''
as $$
  select row(
    -- An org is its own tenant; the stores call it organization_id.
    case
      when table_name = 'public.org' then (coalesce(new, old) ->> 'id')::uuid
      else coalesce(coalesce(new, old) ->> 'org_id', coalesce(new, old) ->> 'organization_id')::uuid
    end,
    table_name,
    etl_api.audit_key(coalesce(new, old), key_columns),
    case when old is null then 'insert' when new is null then 'delete' else 'update' end,
    case when old is null then null when new is null then old - left_out else (
      select pg_catalog.jsonb_object_agg(o.key, o.value)
      from pg_catalog.jsonb_each(old - left_out) as o
      where o.value is distinct from new -> o.key)
    end,
    case when new is null then null when old is null then new - left_out else (
      select pg_catalog.jsonb_object_agg(n.key, n.value)
      from pg_catalog.jsonb_each(new - left_out) as n
      where n.value is distinct from old -> n.key)
    end
  )::etl_api.audit_change
$$;

comment on function etl_api.audit_change_of(text, text[], text[], jsonb, jsonb) is
  'What happened to a row, for the audit log, without the columns left_out; old and new are null when nothing else changed.';

revoke execute on function etl_api.audit_change_of(text, text[], text[], jsonb, jsonb) from public;
-- end of source

-- source: sql/etl_api/audit/audit_configuration.sql
create or replace function etl_api.audit_configuration() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  of_table constant text := pg_catalog.format('%I.%I', tg_table_schema, tg_table_name);
  key_columns constant text[] := tg_argv[0]::text[];
  left_out constant text[] := tg_argv[1]::text[];
  changes etl_api.audit_change[];
begin
  -- A row whose key changed is a row that went and another that came.
  if tg_op = 'INSERT' then
    select pg_catalog.array_agg(etl_api.audit_change_of(of_table, key_columns, left_out, null, r.after)) into changes
    from (select pg_catalog.to_jsonb(n) as after from new_rows as n) as r;
  elsif tg_op = 'DELETE' then
    select pg_catalog.array_agg(etl_api.audit_change_of(of_table, key_columns, left_out, r.before, null)) into changes
    from (select pg_catalog.to_jsonb(o) as before from old_rows as o) as r;
  else
    select pg_catalog.array_agg(c.change) into changes
    from (select pg_catalog.to_jsonb(o) as row from old_rows as o) as before
    full join (select pg_catalog.to_jsonb(n) as row from new_rows as n) as after
      on etl_api.audit_key(after.row, key_columns) = etl_api.audit_key(before.row, key_columns)
    cross join lateral (
      select etl_api.audit_change_of(of_table, key_columns, left_out, before.row, after.row) as change offset 0) as c
    where (c.change).old is not null
      or (c.change).new is not null;
  end if;
  if changes is not null then
    perform etl_api.write_audit(changes);
  end if;
  return null;
end
$$;

comment on function etl_api.audit_configuration() is
  'Writes what a statement changed in a table of configuration to the audit log, in the same transaction. Arguments: the key of the table, and the columns that are not configuration.';

revoke execute on function etl_api.audit_configuration() from public;
-- end of source

-- source: sql/etl_api/audit/audit_digest.sql
create or replace function etl_api.audit_digest(salt bytea, old jsonb, new jsonb) returns bytea
language sql immutable parallel safe
set search_path = ''
as $$
  select pg_catalog.sha256(salt || pg_catalog.convert_to(pg_catalog.jsonb_build_array(old, new)::text, 'UTF8'))
$$;

comment on function etl_api.audit_digest(bytea, jsonb, jsonb) is
  'What an entry of the audit log keeps of its content when that is blanked: a hash that cannot be guessed without the salt.';

revoke execute on function etl_api.audit_digest(bytea, jsonb, jsonb) from public;
grant execute on function etl_api.audit_digest(bytea, jsonb, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/audit/audit_hash.sql
create or replace function etl_api.audit_hash(before bytea, entry etl_api.audit_log) returns bytea
language sql immutable parallel safe
set search_path = ''
as $$
  -- Microseconds since 1970: a time as text would depend on the reader's time zone.
  select pg_catalog.sha256(coalesce(before, '') || pg_catalog.convert_to(pg_catalog.jsonb_build_array(
    entry.org_id, entry.seq, (extract(epoch from entry.at) * 1000000)::bigint, entry.user_id, entry.role,
    entry.table_name, entry.row_key, entry.action, pg_catalog.encode(entry.digest, 'hex'))::text, 'UTF8'))
$$;

comment on function etl_api.audit_hash(bytea, etl_api.audit_log) is
  'The hash of an entry of the audit log: over the hash of the entry before (null: it is the first) and all of this one but old and new, for which its digest stands.';

revoke execute on function etl_api.audit_hash(bytea, etl_api.audit_log) from public;
grant execute on function etl_api.audit_hash(bytea, etl_api.audit_log) to service_role;
-- end of source

-- source: sql/etl_api/audit/audit_key.sql
create or replace function etl_api.audit_key(of_row jsonb, key_columns text[]) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  select pg_catalog.jsonb_object_agg(k, of_row -> k)
  from unnest(key_columns) as k
$$;

comment on function etl_api.audit_key(jsonb, text[]) is 'The key of a row as the audit log names it: {"id": …}.';

revoke execute on function etl_api.audit_key(jsonb, text[]) from public;
grant execute on function etl_api.audit_key(jsonb, text[]) to service_role;
-- end of source

-- source: sql/etl_api/audit/audit_org.sql
create or replace function etl_api.audit_org() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform etl_api.write_audit(array[
    etl_api.audit_change_of('public.org', '{id}', tg_argv[0]::text[], pg_catalog.to_jsonb(old), pg_catalog.to_jsonb(new))]);
  return null;
end
$$;

comment on function etl_api.audit_org() is
  'Writes a changed org to the audit log, without what the engine counts. Argument: the columns that are left out.';

revoke execute on function etl_api.audit_org() from public;
-- end of source

-- source: sql/etl_api/audit/audit_policies.sql
-- The audit log is read by those who may change what it speaks of, and written by nobody: the engine writes it.

revoke all on
  etl_api.audit_log,
  etl_api.audit_head
from public, anon, authenticated, service_role;
grant select on
  etl_api.audit_log,
  etl_api.audit_head
to authenticated, service_role;

drop policy if exists admins_read on etl_api.audit_log;
create policy admins_read on etl_api.audit_log
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_read on etl_api.audit_log is 'Owners and admins read who changed the configuration of their org.';

drop policy if exists admins_read on etl_api.audit_head;
create policy admins_read on etl_api.audit_head
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_read on etl_api.audit_head is 'Owners and admins may keep the heads of their chains.';
-- end of source

-- source: sql/etl_api/audit/check_audit.sql
create or replace function etl_api.check_audit(of_org uuid default null, heads jsonb default '[]')
returns table (entity text, id uuid, org_id uuid, problem text)
language sql stable
set search_path = ''
as $$
  with chained as (
    select l.org_id, l.seq, l.hash, l.digest, l.old, l.new, l.salt, l.action, l as entry,
      pg_catalog.lag(l.seq, 1, 0::bigint) over chain as seq_before,
      pg_catalog.lag(l.hash) over chain as hash_before,
      pg_catalog.max(l.seq) filter (where l.action = 'erase') over (partition by l.org_id) as erased_until
    from etl_api.audit_log as l
    where check_audit.of_org is null
      or l.org_id = check_audit.of_org
    window chain as (partition by l.org_id order by l.seq)
  ),
  head as (
    select h.org_id, h.seq, h.hash
    from etl_api.audit_head as h
    where check_audit.of_org is null
      or h.org_id = check_audit.of_org
  ),
  last as (
    select distinct on (c.org_id) c.org_id, c.seq, c.hash
    from chained as c
    order by c.org_id, c.seq desc
  ),
  kept as (
    select (k.head ->> 'org_id')::uuid as org_id, (k.head ->> 'seq')::bigint as seq, k.head ->> 'hash' as hash
    from pg_catalog.jsonb_array_elements(heads) as k (head)
    where check_audit.of_org is null
      or (k.head ->> 'org_id')::uuid = check_audit.of_org
  )
  select 'audit_log', found.org_id, found.org_id, found.problem
  from (
    select c.org_id, case when c.seq_before + 1 = c.seq - 1 then pg_catalog.format('entry %s is missing', c.seq - 1)
      else pg_catalog.format('entries %s to %s are missing', c.seq_before + 1, c.seq - 1) end
    from chained as c
    where c.seq <> c.seq_before + 1
    union all
    select c.org_id, pg_catalog.format('entry %s was altered, or another stood before it', c.seq)
    from chained as c
    where c.seq = c.seq_before + 1
      and c.hash is distinct from etl_api.audit_hash(c.hash_before, c.entry)
    union all
    select c.org_id, pg_catalog.format('what entry %s says was altered', c.seq)
    from chained as c
    where c.salt is not null
      and c.digest is distinct from etl_api.audit_digest(c.salt, c.old, c.new)
    union all
    select c.org_id, pg_catalog.format('entry %s was blanked, but not by an erasure', c.seq)
    from chained as c
    where c.salt is null
      and c.seq > coalesce(c.erased_until, 0)
    union all
    select coalesce(h.org_id, t.org_id), case
        when h.seq is null then 'nothing says how far it goes'
        when coalesce(t.seq, 0) < h.seq then pg_catalog.format('its end is missing: entries %s to %s', coalesce(t.seq, 0) + 1, h.seq)
        when t.seq > h.seq then pg_catalog.format('entries %s to %s were written past its end', h.seq + 1, t.seq)
        else pg_catalog.format('its last entry %s is not the one that was written', h.seq)
      end
    from head as h
    full join last as t on coalesce(t.org_id, '00000000-0000-0000-0000-000000000000') = coalesce(h.org_id, '00000000-0000-0000-0000-000000000000')
    where (h.seq, h.hash) is distinct from (coalesce(t.seq, 0), coalesce(t.hash, ''))
    union all
    select k.org_id, pg_catalog.format('entry %s is not the one whose hash was kept', k.seq)
    from kept as k
    where not exists (
      select 1
      from chained as c
      where c.org_id is not distinct from k.org_id
        and c.seq = k.seq
        and pg_catalog.encode(c.hash, 'hex') = k.hash)
  ) as found (org_id, problem)
$$;

comment on function etl_api.check_audit(uuid, jsonb) is
  'What is wrong with the audit log of an org (null: all): entries that are missing, altered, moved or cut off at the end. heads are ends of chains that were kept elsewhere, [{org_id, seq, hash}], hash in hex: each must still be part of its chain, so that rewriting a whole chain is found, too. It reads everything.';

revoke execute on function etl_api.check_audit(uuid, jsonb) from public;
grant execute on function etl_api.check_audit(uuid, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/audit/erase_audit.sql
create or replace function etl_api.erase_audit(of_org uuid) returns bigint
language plpgsql security definer
set search_path = ''
as $$
declare
  blanked bigint;
begin
  if of_org is null then
    raise exception using
      errcode = 'ETL04',
      message = 'of_org is null: it must be the id of an org',
      hint = 'What belongs to no org holds nobody''s data.';
  end if;
  perform etl_api.lock_audit_head(of_org);
  update etl_api.audit_log as l
  set old = null,
    new = null,
    salt = null
  where l.org_id = erase_audit.of_org
    and l.salt is not null;
  get diagnostics blanked = row_count;
  -- The entry that says so is what makes blanked entries before it sound.
  perform etl_api.write_audit(array[
    row(of_org, 'etl_api.audit_log', pg_catalog.jsonb_build_object('org_id', of_org), 'erase', null,
      pg_catalog.jsonb_build_object('entries', blanked))::etl_api.audit_change]);
  return blanked;
end
$$;

comment on function etl_api.erase_audit(uuid) is
  'Blanks what the audit log of an org says of contents: old and new of every entry. Who changed which row and when stays, and so does the proof that no entry is missing. Returns how many entries it blanked. Call it last when an org is erased, since deleting configuration is written down, too.';

revoke execute on function etl_api.erase_audit(uuid) from public;
grant execute on function etl_api.erase_audit(uuid) to service_role;
-- end of source

-- source: sql/etl_api/audit/keep_audit.sql
create or replace function etl_api.keep_audit() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception using
    errcode = 'ETL10',
    message = pg_catalog.format('%s of %I.%I: the audit log only grows', pg_catalog.lower(tg_op), tg_table_schema, tg_table_name),
    hint = 'What it says of an org that is erased is blanked by etl_api.erase_audit, which leaves an entry of its own.';
end
$$;

comment on function etl_api.keep_audit() is
  'Refuses to change or delete entries of the audit log, for every role. ETL10.';

revoke execute on function etl_api.keep_audit() from public;
-- end of source

-- source: sql/etl_api/audit/lock_audit_head.sql
create or replace function etl_api.lock_audit_head(of_org uuid, out seq bigint, out hash bytea)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Who comes second waits at the row that the first has inserted, or holds.
  insert into etl_api.audit_head (org_id, seq, hash)
  values (of_org, 0, '')
  on conflict do nothing;
  select h.seq, h.hash into lock_audit_head.seq, lock_audit_head.hash
  from etl_api.audit_head as h
  where h.org_id is not distinct from of_org
  for update;
end
$$;

comment on function etl_api.lock_audit_head(uuid) is
  'How far the chain of an org (null: that of no org) goes, begun when there is none, and held until the transaction ends.';

revoke execute on function etl_api.lock_audit_head(uuid) from public;
-- end of source

-- source: sql/etl_api/audit/trigger_audit.sql
-- Every table of configuration; what the engine writes into one by itself is left out. A test looks for tables that were
-- forgotten. The names come before those of other triggers, so that an entry comes before those of what follows from it.

drop trigger if exists audit_insert on public.org;
create trigger audit_insert
  after insert on public.org
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{request_count,run_count,object_count,datapoint_count}');
comment on trigger audit_insert on public.org is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.org;
create trigger audit_delete
  after delete on public.org
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{request_count,run_count,object_count,datapoint_count}');
comment on trigger audit_delete on public.org is
  'Who changed it is written to the audit log.';

-- By row and by column, since the counters of the same row are written all the time. Of free_objects the engine only
-- counts down; who raises it, takes the limit away or sets one, is somebody.
drop trigger if exists audit_update on public.org;
create trigger audit_update
  after update of name, slug, settings, free_objects, last_charge, next_charge, deleted_at on public.org
  for each row
  when (
    (old.name, old.slug, old.settings, old.last_charge, old.next_charge, old.deleted_at)
      is distinct from (new.name, new.slug, new.settings, new.last_charge, new.next_charge, new.deleted_at)
    or new.free_objects > old.free_objects
    or (new.free_objects is null) <> (old.free_objects is null))
  execute function etl_api.audit_org('{request_count,run_count,object_count,datapoint_count}');
comment on trigger audit_update on public.org is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.org_member;
create trigger audit_insert
  after insert on public.org_member
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{org_id,user_id}', '{}');
comment on trigger audit_insert on public.org_member is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.org_member;
create trigger audit_update
  after update on public.org_member
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{org_id,user_id}', '{}');
comment on trigger audit_update on public.org_member is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.org_member;
create trigger audit_delete
  after delete on public.org_member
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{org_id,user_id}', '{}');
comment on trigger audit_delete on public.org_member is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.object_type;
create trigger audit_insert
  after insert on public.object_type
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.object_type is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.object_type;
create trigger audit_update
  after update on public.object_type
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.object_type is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.object_type;
create trigger audit_delete
  after delete on public.object_type
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.object_type is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.datapoint;
create trigger audit_insert
  after insert on public.datapoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.datapoint is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.datapoint;
create trigger audit_update
  after update on public.datapoint
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.datapoint is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.datapoint;
create trigger audit_delete
  after delete on public.datapoint
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.datapoint is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.source;
create trigger audit_insert
  after insert on public.source
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.source;
create trigger audit_update
  after update on public.source
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.source;
create trigger audit_delete
  after delete on public.source
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.object_source;
create trigger audit_insert
  after insert on public.object_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.object_source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.object_source;
create trigger audit_update
  after update on public.object_source
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.object_source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.object_source;
create trigger audit_delete
  after delete on public.object_source
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.object_source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.datapoint_source;
create trigger audit_insert
  after insert on public.datapoint_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.datapoint_source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.datapoint_source;
create trigger audit_update
  after update on public.datapoint_source
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.datapoint_source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.datapoint_source;
create trigger audit_delete
  after delete on public.datapoint_source
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.datapoint_source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.activity;
create trigger audit_insert
  after insert on public.activity
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.activity is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.activity;
create trigger audit_update
  after update on public.activity
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.activity is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.activity;
create trigger audit_delete
  after delete on public.activity
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.activity is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.factor;
create trigger audit_insert
  after insert on public.factor
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{description}');
comment on trigger audit_insert on public.factor is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.factor;
create trigger audit_update
  after update on public.factor
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{description}');
comment on trigger audit_update on public.factor is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.factor;
create trigger audit_delete
  after delete on public.factor
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{description}');
comment on trigger audit_delete on public.factor is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.webhook_endpoint;
create trigger audit_insert
  after insert on public.webhook_endpoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{failing_since}');
comment on trigger audit_insert on public.webhook_endpoint is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.webhook_endpoint;
create trigger audit_update
  after update on public.webhook_endpoint
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{failing_since}');
comment on trigger audit_update on public.webhook_endpoint is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.webhook_endpoint;
create trigger audit_delete
  after delete on public.webhook_endpoint
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{failing_since}');
comment on trigger audit_delete on public.webhook_endpoint is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.workflow_schedule;
create trigger audit_insert
  after insert on public.workflow_schedule
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{next_at,last_at,last_request_id}');
comment on trigger audit_insert on public.workflow_schedule is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.workflow_schedule;
create trigger audit_update
  after update on public.workflow_schedule
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{next_at,last_at,last_request_id}');
comment on trigger audit_update on public.workflow_schedule is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.workflow_schedule;
create trigger audit_delete
  after delete on public.workflow_schedule
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{next_at,last_at,last_request_id}');
comment on trigger audit_delete on public.workflow_schedule is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on etl_api.alert_rule;
create trigger audit_insert
  after insert on etl_api.alert_rule
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{checked_at}');
comment on trigger audit_insert on etl_api.alert_rule is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on etl_api.alert_rule;
create trigger audit_update
  after update on etl_api.alert_rule
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{checked_at}');
comment on trigger audit_update on etl_api.alert_rule is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on etl_api.alert_rule;
create trigger audit_delete
  after delete on etl_api.alert_rule
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{checked_at}');
comment on trigger audit_delete on etl_api.alert_rule is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on etl_api.setting;
create trigger audit_insert
  after insert on etl_api.setting
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{name}', '{}');
comment on trigger audit_insert on etl_api.setting is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on etl_api.setting;
create trigger audit_update
  after update on etl_api.setting
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{name}', '{}');
comment on trigger audit_update on etl_api.setting is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on etl_api.setting;
create trigger audit_delete
  after delete on etl_api.setting
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{name}', '{}');
comment on trigger audit_delete on etl_api.setting is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on etl_api.secret;
create trigger audit_insert
  after insert on etl_api.secret
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{ciphertext,last_used_at}');
comment on trigger audit_insert on etl_api.secret is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on etl_api.secret;
create trigger audit_update
  after update on etl_api.secret
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{ciphertext,last_used_at}');
comment on trigger audit_update on etl_api.secret is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on etl_api.secret;
create trigger audit_delete
  after delete on etl_api.secret
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{ciphertext,last_used_at}');
comment on trigger audit_delete on etl_api.secret is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on etl_api.retention;
create trigger audit_insert
  after insert on etl_api.retention
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on etl_api.retention is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on etl_api.retention;
create trigger audit_update
  after update on etl_api.retention
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on etl_api.retention is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on etl_api.retention;
create trigger audit_delete
  after delete on etl_api.retention
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on etl_api.retention is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on etl_api.kv_index;
create trigger audit_insert
  after insert on etl_api.kv_index
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on etl_api.kv_index is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on etl_api.kv_index;
create trigger audit_update
  after update on etl_api.kv_index
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on etl_api.kv_index is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on etl_api.kv_index;
create trigger audit_delete
  after delete on etl_api.kv_index
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on etl_api.kv_index is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.tables;
create trigger audit_insert
  after insert on public.tables
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.tables is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.tables;
create trigger audit_update
  after update on public.tables
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.tables is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.tables;
create trigger audit_delete
  after delete on public.tables
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.tables is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.table_columns;
create trigger audit_insert
  after insert on public.table_columns
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.table_columns is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.table_columns;
create trigger audit_update
  after update on public.table_columns
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.table_columns is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.table_columns;
create trigger audit_delete
  after delete on public.table_columns
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.table_columns is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.table_statuses;
create trigger audit_insert
  after insert on public.table_statuses
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.table_statuses is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.table_statuses;
create trigger audit_update
  after update on public.table_statuses
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.table_statuses is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.table_statuses;
create trigger audit_delete
  after delete on public.table_statuses
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.table_statuses is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.clients;
create trigger audit_insert
  after insert on public.clients
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{client_id}', '{updated_at}');
comment on trigger audit_insert on public.clients is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.clients;
create trigger audit_update
  after update on public.clients
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{client_id}', '{updated_at}');
comment on trigger audit_update on public.clients is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.clients;
create trigger audit_delete
  after delete on public.clients
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{client_id}', '{updated_at}');
comment on trigger audit_delete on public.clients is
  'Who changed it is written to the audit log.';

-- The contract alone is somebody's choice; the rest is found out.
drop trigger if exists audit_insert on public.client_schemas;
create trigger audit_insert
  after insert on public.client_schemas
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{schema_definition,version,data_stored,row_count,updated_at}');
comment on trigger audit_insert on public.client_schemas is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.client_schemas;
create trigger audit_update
  after update on public.client_schemas
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{schema_definition,version,data_stored,row_count,updated_at}');
comment on trigger audit_update on public.client_schemas is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.client_schemas;
create trigger audit_delete
  after delete on public.client_schemas
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{schema_definition,version,data_stored,row_count,updated_at}');
comment on trigger audit_delete on public.client_schemas is
  'Who changed it is written to the audit log.';
-- end of source

-- source: sql/etl_api/audit/trigger_keep_audit.sql
-- For everyone, superusers included. By row, but the condition lets pass what blanks an entry and changes nothing
-- else: only etl_api.erase_audit does that with an entry of its own, and without one etl_api.check_audit complains.

drop trigger if exists keep_audit on etl_api.audit_log;
create trigger keep_audit
  before update on etl_api.audit_log
  for each row
  when (not (new.salt is null and new.old is null and new.new is null
    and (new.org_id, new.seq, new.at, new.user_id, new.role, new.table_name, new.row_key, new.action, new.digest, new.hash)
      is not distinct from
      (old.org_id, old.seq, old.at, old.user_id, old.role, old.table_name, old.row_key, old.action, old.digest, old.hash)))
  execute function etl_api.keep_audit();
comment on trigger keep_audit on etl_api.audit_log is
  'An entry is never altered; it may be blanked.';

drop trigger if exists keep_audit_rows on etl_api.audit_log;
create trigger keep_audit_rows
  before delete or truncate on etl_api.audit_log
  for each statement
  execute function etl_api.keep_audit();
comment on trigger keep_audit_rows on etl_api.audit_log is
  'No entry is ever deleted.';

drop trigger if exists keep_audit_rows on etl_api.audit_head;
create trigger keep_audit_rows
  before delete or truncate on etl_api.audit_head
  for each statement
  execute function etl_api.keep_audit();
comment on trigger keep_audit_rows on etl_api.audit_head is
  'How far a chain goes is never forgotten.';
-- end of source

-- source: sql/etl_api/audit/write_audit.sql
create or replace function etl_api.write_audit(changes etl_api.audit_change[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  of_org uuid;
  change etl_api.audit_change;
  entry etl_api.audit_log;
  entries etl_api.audit_log[];
begin
  entry.user_id := auth.uid();
  -- Inside a security definer function current_user is the owner: who writes is the role that was set, or who logged in.
  entry.role := coalesce(nullif(pg_catalog.current_setting('role', true), 'none'), session_user::text);
  -- One chain after the other and always in this order, so that two statements wait for each other at most.
  for of_org in
    select distinct c.org_id from unnest(changes) as c order by c.org_id nulls first
  loop
    entries := '{}';
    entry.org_id := of_org;
    select h.seq, h.hash into entry.seq, entry.hash from etl_api.lock_audit_head(of_org) as h;
    -- A loop, since each hash covers the one before.
    for change in
      select c.* from unnest(changes) as c where c.org_id is not distinct from of_org
    loop
      entry.seq := entry.seq + 1;
      entry.at := pg_catalog.clock_timestamp();
      entry.table_name := change.table_name;
      entry.row_key := change.row_key;
      entry.action := change.action;
      entry.old := change.old;
      entry.new := change.new;
      entry.salt := pg_catalog.uuid_send(pg_catalog.gen_random_uuid());
      entry.digest := etl_api.audit_digest(entry.salt, entry.old, entry.new);
      entry.hash := etl_api.audit_hash(entry.hash, entry);
      entries := entries || entry;
    end loop;
    insert into etl_api.audit_log
      (org_id, seq, at, user_id, role, table_name, row_key, action, old, new, salt, digest, hash)
    select e.org_id, e.seq, e.at, e.user_id, e.role, e.table_name, e.row_key, e.action, e.old, e.new, e.salt, e.digest, e.hash
    from unnest(entries) as e;
    update etl_api.audit_head as h
    set seq = entry.seq,
      hash = entry.hash
    where h.org_id is not distinct from of_org;
  end loop;
end
$$;

comment on function etl_api.write_audit(etl_api.audit_change[]) is
  'Writes changes to the audit log, each at the end of the chain of its org. Transactions that write to the same chain wait for each other.';

revoke execute on function etl_api.write_audit(etl_api.audit_change[]) from public;
-- end of source

-- source: sql/etl_api/clients/act_for.sql
create or replace function etl_api.act_for(user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Who is signed in already stays who they are.
  if user_id is not null and auth.uid() is null then
    perform pg_catalog.set_config('request.jwt.claims',
      pg_catalog.jsonb_build_object('sub', user_id, 'role', 'authenticated')::text, true);
  end if;
end
$$;

comment on function etl_api.act_for(uuid) is
  'Lets the rest of the transaction be asked for by a user whose token an edge function has checked; null: by the service itself. Called first by functions of the service that take as_user.';

revoke execute on function etl_api.act_for(uuid) from public;
-- end of source

-- source: sql/etl_api/clients/begin_client_upload.sql
create or replace function etl_api.begin_client_upload(
  client_id uuid, data_type text, file_name text, fingerprint text, if_begun text default 'refuse', as_user uuid default null)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  begun etl_api.client_upload;
begin
  perform etl_api.act_for(as_user);
  perform etl_api.check_client_writer(client_id);
  perform etl_api.check_client_rows(data_type, '[]', null);
  -- One at a time for a client, so that a file is not begun twice.
  perform from public.clients as c where c.client_id = begin_client_upload.client_id for no key update;
  select u.* into begun
  from etl_api.client_upload as u
  where u.client_id = begin_client_upload.client_id
    and u.data_type is not distinct from begin_client_upload.data_type
    and u.fingerprint = begin_client_upload.fingerprint
  order by u.started_at desc, u.id
  limit 1;
  if begun.id is not null and if_begun = 'refuse' then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('%s of this file are in already, %s', begun.taken,
        case when begun.finished_at is null then 'and it was not ended' else 'all there were' end),
      hint = 'Go on where it stopped (resume), or take it in once more (again).';
  elsif begun.id is null or if_begun <> 'resume' then
    insert into etl_api.client_upload as u (organization_id, client_id, data_type, file_name, fingerprint, started_at, updated_at)
    select c.organization_id, c.client_id, begin_client_upload.data_type, begin_client_upload.file_name,
      begin_client_upload.fingerprint, utils.now(), utils.now()
    from public.clients as c
    where c.client_id = begin_client_upload.client_id
    returning u.* into begun;
  end if;
  return pg_catalog.to_jsonb(begun);
end
$$;

comment on function etl_api.begin_client_upload(uuid, text, text, text, text, uuid) is
  'Begins a file, or goes on with one. fingerprint: a hash of what is in it; if_begun: what to do when the same file of that data type is in, whole or in part: refuse, resume, or again. Returns the row of etl_api.client_upload. ETL04, ETL06: as etl_api.ingest_client_data; ETL05: it is in.';

revoke execute on function etl_api.begin_client_upload(uuid, text, text, text, text, uuid) from public;
grant execute on function etl_api.begin_client_upload(uuid, text, text, text, text, uuid) to service_role;
-- end of source

-- source: sql/etl_api/clients/check_client_rows.sql
create or replace function etl_api.check_client_rows(data_type text, rows jsonb, contract text) returns void
language plpgsql immutable
set search_path = ''
as $$
declare
  fault text;
begin
  fault := case
    when data_type !~ '^[A-Za-z0-9_]{1,40}$'
      then pg_catalog.format('%L is no data type: it has 1 to 40 letters, digits and _', pg_catalog."left"(data_type, 100))
    when etl_api.landing_error(rows, coalesce(contract, 'evolve')) is not null
      then etl_api.landing_error(rows, coalesce(contract, 'evolve'))
    when pg_catalog.jsonb_array_length(rows) > 100000
      then pg_catalog.format('there are %s rows: at most 100000 go in one call', pg_catalog.jsonb_array_length(rows))
  end;
  if fault is not null then
    raise exception using
      errcode = 'ETL04',
      message = fault,
      hint = 'Give {"field": value, …} for each row; npm run ingest reads files of any size.';
  end if;
end
$$;

comment on function etl_api.check_client_rows(text, jsonb, text) is
  'Refuses what cannot be taken in. ETL04: no data type, no array of rows, too many of them, or no contract.';

revoke execute on function etl_api.check_client_rows(text, jsonb, text) from public;
-- end of source

-- source: sql/etl_api/clients/check_client_writer.sql
create or replace function etl_api.check_client_writer(client_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if not coalesce(etl_api.may_use_client(client_id, true), false) then
    -- Another's client and no client at all look the same from outside.
    raise exception using
      errcode = 'ETL06',
      message = pg_catalog.format('you may not add to the data of client %s', coalesce(client_id::text, 'null')),
      hint = 'The client itself, and owners, admins and members of its tenant can do this.';
  elsif not exists (
    select 1
    from public.clients as c
    where c.client_id = check_client_writer.client_id)
  then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no client %s', coalesce(client_id::text, 'null')),
      hint = 'Insert it into public.clients first.';
  end if;
end
$$;

comment on function etl_api.check_client_writer(uuid) is
  'Refuses a caller who may not add to a client''s data: the first statement of the doors that do. ETL06: not the caller''s, or the caller only reads there; ETL04: the service names a client that is not there.';

revoke execute on function etl_api.check_client_writer(uuid) from public;
grant execute on function etl_api.check_client_writer(uuid) to service_role;
-- end of source

-- source: sql/etl_api/clients/client_data_summary.sql
create or replace view public.client_data_summary with (security_invoker = on) as
select
  c.client_id,
  c.organization_id,
  c.company_name,
  c.email,
  s.table_name,
  s.data_type,
  s.version,
  s.contract,
  coalesce(s.row_count + t.came, 0) > 0 as data_stored,
  coalesce(s.row_count + t.came, 0)::bigint as row_count,
  (
    select pg_catalog.count(*)
    from public.client_data as d
    where d.client_id = s.client_id
      and d.table_name = s.table_name
  ) as actual_row_count,
  s.created_at,
  s.updated_at
from public.clients as c
left join public.client_schemas as s on s.client_id = c.client_id
left join lateral (
  select coalesce(pg_catalog.sum(d.rows), 0) as came
  from etl_api.client_count_delta as d
  where d.client_id = s.client_id
    and d.table_name = s.table_name
) as t on true;

comment on view public.client_data_summary is
  'Clients and their tables. row_count is kept, actual_row_count counted at this moment, which takes as long as there are rows; they are equal.';

revoke all on public.client_data_summary from public, anon, authenticated, service_role;
grant select on public.client_data_summary to authenticated, service_role;
-- end of source

-- source: sql/etl_api/clients/client_table_name.sql
create or replace function etl_api.client_table_name(client_id uuid, data_type text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select pg_catalog.format('client_%s_%s', pg_catalog."left"(client_id::text, 8), coalesce(data_type, 'data'))
$$;

comment on function etl_api.client_table_name(uuid, text) is
  'What a client''s table of a data type is called: client_123e4567_ecommerce; of none: client_123e4567_data. Two clients whose ids begin alike have tables of one name, and each its own rows.';

revoke execute on function etl_api.client_table_name(uuid, text) from public;
grant execute on function etl_api.client_table_name(uuid, text) to service_role;
-- end of source

-- source: sql/etl_api/clients/clients_policies.sql
-- Rows come in through etl_api.ingest_client_data, or by the service. Members of the tenant read here; a client that signs
-- in is no member, and has public.get_client_data_filtered and its sisters.
revoke all on public.clients, public.client_schemas, public.client_schema_versions, public.client_data,
  etl_api.client_count_delta, etl_api.client_upload from public, anon, authenticated, service_role;
grant select, insert, delete on public.clients to authenticated;
grant update (company_name, email, user_id) on public.clients to authenticated;
grant select, insert, update, delete on public.clients to service_role;
grant select on public.client_schemas, public.client_schema_versions, public.client_data, etl_api.client_count_delta,
  etl_api.client_upload to authenticated;
grant update (contract) on public.client_schemas to authenticated;
grant select, insert, update, delete on public.client_data, public.client_schemas to service_role;
grant select on public.client_schema_versions, etl_api.client_count_delta, etl_api.client_upload to service_role;
revoke all on sequence public.client_data_id_seq from public, anon, authenticated, service_role;

drop policy if exists members_read on public.clients;
create policy members_read on public.clients
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.clients is 'Members read the clients of their orgs.';

drop policy if exists admins_insert on public.clients;
create policy admins_insert on public.clients
  for insert to authenticated
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.clients is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.clients;
create policy admins_update on public.clients
  for update to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.clients is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.clients;
create policy admins_delete on public.clients
  for delete to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.clients is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.client_schemas;
create policy members_read on public.client_schemas
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.client_schemas is 'Members read the rows of their orgs.';

drop policy if exists admins_update on public.client_schemas;
create policy admins_update on public.client_schemas
  for update to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.client_schemas is 'Owners and admins, in their org only; the contract and nothing else.';

drop policy if exists members_read on public.client_schema_versions;
create policy members_read on public.client_schema_versions
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.client_schema_versions is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.client_data;
create policy members_read on public.client_data
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.client_data is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.client_count_delta;
create policy members_read on etl_api.client_count_delta
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.client_count_delta is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.client_upload;
create policy members_read on etl_api.client_upload
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.client_upload is 'Members read the rows of their orgs.';
-- end of source

-- source: sql/etl_api/clients/count_client_data.sql
create or replace function etl_api.count_client_data() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  changes etl_api.client_count_delta[];
begin
  if tg_op = 'INSERT' then
    changes := array(
      select row(0, n.organization_id, n.client_id, n.table_name, pg_catalog.count(*))::etl_api.client_count_delta
      from new_rows as n
      group by n.organization_id, n.client_id, n.table_name);
  elsif tg_op = 'DELETE' then
    changes := array(
      select row(0, o.organization_id, o.client_id, o.table_name, -pg_catalog.count(*))::etl_api.client_count_delta
      from old_rows as o
      group by o.organization_id, o.client_id, o.table_name);
  else
    changes := array(
      select row(0, r.organization_id, r.client_id, r.table_name, pg_catalog.sum(r.rows))::etl_api.client_count_delta
      from (
        select o.organization_id, o.client_id, o.table_name, -1 as rows from old_rows as o
        union all
        select n.organization_id, n.client_id, n.table_name, 1 from new_rows as n
      ) as r
      group by r.organization_id, r.client_id, r.table_name
      having pg_catalog.sum(r.rows) <> 0);
  end if;
  perform etl_api.note_client_counts(changes);
  return null;
end
$$;

comment on function etl_api.count_client_data() is
  'Writes down how many rows of which client''s table came and went with a statement.';

revoke execute on function etl_api.count_client_data() from public;
-- end of source

-- source: sql/etl_api/clients/create_client.sql
create or replace function etl_api.create_client(
  organization_id uuid, company_name text, email text default null, user_id uuid default null,
  data_type text default null, rows jsonb default null)
returns jsonb
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  made uuid;
begin
  if not exists (select 1 from public.org as o where o.id = create_client.organization_id and o.deleted_at is null) then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no org %s', coalesce(organization_id::text, 'null')),
      hint = 'Give the id of the org whose client it is.';
  end if;
  insert into public.clients (organization_id, company_name, email, user_id, created_at, updated_at)
  values (create_client.organization_id, create_client.company_name, create_client.email, create_client.user_id, utils.now(), utils.now())
  returning client_id into made;
  return pg_catalog.jsonb_build_object('client_id', made)
    || case when rows is null then '{}' else etl_api.ingest_client_data(made, data_type, rows) end;
end
$$;

comment on function etl_api.create_client(uuid, text, text, uuid, text, jsonb) is
  'What POST /superadmin/clients does: makes a client, with rows when there are any. Returns {client_id}, and what etl_api.ingest_client_data says. ETL04: no such org, or as there; 23505: the e-mail address is another client''s of the org; 23514, 23502: no name, or no e-mail address.';

revoke execute on function etl_api.create_client(uuid, text, text, uuid, text, jsonb) from public;
grant execute on function etl_api.create_client(uuid, text, text, uuid, text, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/clients/evolve_client_schema.sql
create or replace function etl_api.evolve_client_schema(
  target public.client_schemas, rows jsonb, contract text,
  out version int, out columns jsonb, out added jsonb, out widened jsonb, out unknown text[])
returns record
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  known jsonb := target.schema_definition;
begin
  version := target.version;
  select p.columns, p.added, p.widened, p.unknown into columns, added, widened, unknown
  from etl_api.plan_client_rows(rows, known, contract) as p;
  if added = '[]' and widened = '[]' then
    return;
  end if;

  -- Somebody may have changed it since it was read: what they have said holds, and only the rest is added.
  select s.schema_definition, s.version into known, version
  from public.client_schemas as s
  where s.id = target.id
  for no key update;
  select p.columns, p.added, p.widened, p.unknown into columns, added, widened, unknown
  from etl_api.plan_client_rows(rows, known, contract) as p;
  if added = '[]' and widened = '[]' then
    return;
  end if;
  update public.client_schemas as s
  set schema_definition = evolve_client_schema.columns
  where s.id = target.id
  returning s.version into version;
  perform etl_api.note_schema_changes(target.organization_id, 'clients', pg_catalog.concat(target.client_id, '/', target.table_name),
    added, widened, auth.uid());
end
$$;

comment on function etl_api.evolve_client_schema(public.client_schemas, jsonb, text) is
  'Brings what is known of a client''s table up to new rows, as the contract says: the first of two who add the same field wins. Nobody waits unless there is something to change.';

revoke execute on function etl_api.evolve_client_schema(public.client_schemas, jsonb, text) from public;
-- end of source

-- source: sql/etl_api/clients/find_client_schema.sql
create or replace function etl_api.find_client_schema(client_id uuid, data_type text, contract text) returns public.client_schemas
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  kind constant text := coalesce(data_type, 'data');
  name constant text := etl_api.client_table_name(client_id, data_type);
  found_schema public.client_schemas;
begin
  -- The second look is for one that somebody else has just made.
  for attempt in 1 .. 2 loop
    select s.* into found_schema
    from public.client_schemas as s
    where s.client_id = find_client_schema.client_id
      and s.table_name = name;
    exit when found;
    insert into public.client_schemas as s (client_id, organization_id, table_name, data_type, contract, created_at, updated_at)
    select c.client_id, c.organization_id, name, kind, coalesce(find_client_schema.contract, 'evolve'), utils.now(), utils.now()
    from public.clients as c
    where c.client_id = find_client_schema.client_id
    on conflict do nothing
    returning s.* into found_schema;
    exit when found;
  end loop;
  return found_schema;
end
$$;

comment on function etl_api.find_client_schema(uuid, text, text) is
  'A client''s table of a data type, made with that contract (evolve) where there is none.';

revoke execute on function etl_api.find_client_schema(uuid, text, text) from public;
-- end of source

-- source: sql/etl_api/clients/find_client_upload.sql
create or replace function etl_api.find_client_upload(upload_id uuid) returns etl_api.client_upload
language plpgsql
set search_path = ''
as $$
declare
  upload etl_api.client_upload;
begin
  select u.* into upload
  from etl_api.client_upload as u
  where u.id = upload_id
  for no key update;
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no upload %s', coalesce(upload_id::text, 'null')),
      hint = 'etl_api.begin_client_upload makes one.';
  end if;
  return upload;
end
$$;

comment on function etl_api.find_client_upload(uuid) is 'An upload, held until the transaction ends. ETL04: there is none.';

revoke execute on function etl_api.find_client_upload(uuid) from public;
-- end of source

-- source: sql/etl_api/clients/finish_client_upload.sql
create or replace function etl_api.finish_client_upload(upload_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  upload etl_api.client_upload := etl_api.find_client_upload(upload_id);
begin
  update etl_api.client_upload as u
  set finished_at = coalesce(u.finished_at, utils.now())
  where u.id = upload.id
  returning u.* into upload;
  return pg_catalog.to_jsonb(upload);
end
$$;

comment on function etl_api.finish_client_upload(uuid) is
  'Says that a file is all in. Returns the row of etl_api.client_upload. ETL04: no such upload.';

revoke execute on function etl_api.finish_client_upload(uuid) from public;
grant execute on function etl_api.finish_client_upload(uuid) to service_role;
-- end of source

-- source: sql/etl_api/clients/fold_client_counts.sql
create or replace function etl_api.fold_client_counts(max_tables int default 1000) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
  free uuid[];
begin
  delete from etl_api.client_count_delta as d
  where not exists (
    select 1
    from public.client_schemas as s
    where s.client_id = d.client_id
      and s.table_name = d.table_name);
  free := array(
    select s.id
    from public.client_schemas as s
    where (s.client_id, s.table_name) in (
      select d.client_id, d.table_name
      from etl_api.client_count_delta as d)
    order by s.id
    limit max_tables
    for no key update skip locked);
  -- Another statement: it sees what the last holder has folded. Count and lines change at one moment, so a reader of both
  -- counts right at any.
  with folded as (
    delete from etl_api.client_count_delta as d
    using public.client_schemas as s
    where s.id = any (free)
      and d.client_id = s.client_id
      and d.table_name = s.table_name
    returning s.id, d.rows
  )
  update public.client_schemas as s
  set row_count = s.row_count + f.rows,
      data_stored = s.row_count + f.rows > 0
  from (
    select folded.id, pg_catalog.sum(folded.rows) as rows
    from folded
    group by folded.id
  ) as f
  where s.id = f.id;
  return pg_catalog.cardinality(free);
end
$$;

comment on function etl_api.fold_client_counts(int) is
  'Adds to the counts of clients'' tables what lies in client_count_delta, for at most max_tables that nobody else holds. Returns how many. The sweep calls it.';

revoke execute on function etl_api.fold_client_counts(int) from public;
grant execute on function etl_api.fold_client_counts(int) to service_role;
-- end of source

-- source: sql/etl_api/clients/get_client_data_count.sql
create or replace function public.get_client_data_count(client_id uuid, table_name text default null) returns bigint
language plpgsql stable
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Another's client and no client at all look the same: nothing is there.
  if not etl_api.may_use_client(client_id, false) then
    return 0;
  end if;
  return (
    select coalesce(pg_catalog.sum(c.rows), 0)
    from (
      select s.row_count as rows
      from public.client_schemas as s
      where s.client_id = get_client_data_count.client_id
        and (get_client_data_count.table_name is null or s.table_name = get_client_data_count.table_name)
      union all
      select d.rows
      from etl_api.client_count_delta as d
      where d.client_id = get_client_data_count.client_id
        and (get_client_data_count.table_name is null or d.table_name = get_client_data_count.table_name)
    ) as c);
end
$$;

comment on function public.get_client_data_count(uuid, text) is
  'How many rows a client has, in one table or all: exact, and without counting them. 0 for a client that is not there or not the caller''s to see.';

revoke execute on function public.get_client_data_count(uuid, text) from public, anon;
grant execute on function public.get_client_data_count(uuid, text) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/clients/get_client_data_filtered.sql
create or replace function public.get_client_data_filtered(
  client_id uuid, table_name text default null, max_rows int default 100, filter jsonb default null, before bigint default null)
returns setof public.client_data
language plpgsql stable
security definer
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  -- Another's client and no client at all look the same: nothing is there.
  if not etl_api.may_use_client(client_id, false) then
    return;
  elsif max_rows is null or max_rows not between 1 and 10000 or pg_catalog.jsonb_typeof(filter) <> 'object' then
    raise exception using
      errcode = 'ETL04',
      message = case when pg_catalog.jsonb_typeof(filter) <> 'object'
        then pg_catalog.format('filter is %s: it must be an object', pg_catalog.jsonb_typeof(filter))
        else pg_catalog.format('max_rows is %s: it must be from 1 to 10000', coalesce(max_rows::text, 'null')) end,
      hint = 'Give the last id of a page as "before" for the next.';
  end if;
  if coalesce(filter, '{}') = '{}' then
    return query
    select d.*
    from public.client_data as d
    where d.client_id = get_client_data_filtered.client_id
      and (get_client_data_filtered.table_name is null or d.table_name = get_client_data_filtered.table_name)
      and (before is null or d.id < before)
    order by d.id desc
    limit max_rows;
    return;
  end if;
  -- Ordered by what no index gives, so that the rows are found by what they say, however seldom that is.
  return query
  select d.*
  from public.client_data as d
  where pg_catalog.jsonb_set('{}', array[d.client_id::text], d.data)
      @> pg_catalog.jsonb_build_object(get_client_data_filtered.client_id, filter)
    and d.client_id = get_client_data_filtered.client_id
    and (get_client_data_filtered.table_name is null or d.table_name = get_client_data_filtered.table_name)
    and (before is null or d.id < before)
  order by d.id + 0 desc
  limit max_rows;
end
$$;

comment on function public.get_client_data_filtered(uuid, text, int, jsonb, bigint) is
  'A client''s rows, the newest first: of one table or all; that contain filter ({"category": "electronics"}), found by an index; at most max_rows (1 to 10000), with ids below "before". No row for a client that is not there or not the caller''s to see. ETL04: bad argument.';

revoke execute on function public.get_client_data_filtered(uuid, text, int, jsonb, bigint) from public, anon;
grant execute on function public.get_client_data_filtered(uuid, text, int, jsonb, bigint) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/clients/ingest_client_data.sql
create or replace function etl_api.ingest_client_data(client_id uuid, data_type text, rows jsonb, contract text default null) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
as $$
#variable_conflict use_column
declare
  target public.client_schemas;
  plan record;
  landed record;
begin
  perform etl_api.check_client_writer(client_id);
  perform etl_api.check_client_rows(data_type, rows, contract);
  -- Rows that come out of a table are compressed, and would be unpacked for each look into them.
  rows := rows || '[]';
  target := etl_api.find_client_schema(client_id, data_type, contract);
  plan := etl_api.evolve_client_schema(target, rows, coalesce(contract, target.contract));
  landed := etl_api.land_client_rows(target, rows, plan.columns, coalesce(contract, target.contract), plan.unknown);
  return pg_catalog.jsonb_build_object(
    'client_id', target.client_id, 'table_name', target.table_name, 'data_type', target.data_type, 'version', plan.version,
    'success', landed.stored, 'failed', landed.failed, 'warned', landed.warned,
    'errors', pg_catalog.jsonb_path_query_array(landed.errors, '$[0 to 999]'),
    'warnings', pg_catalog.jsonb_path_query_array(landed.warnings, '$[0 to 99]'),
    'added', pg_catalog.jsonb_path_query_array(plan.added, '$[*].name'),
    'widened', pg_catalog.jsonb_path_query_array(plan.widened, '$[*] ? (@.from != @.to).name'),
    'unknown', pg_catalog.to_jsonb(plan.unknown));
end
$$;

comment on function etl_api.ingest_client_data(uuid, text, jsonb, text) is
  'Takes rows, an array of objects, into a client''s table: finds out its fields, and what new ones are; makes the values so; stores each row or says why not. data_type: letters, digits and _; null: data. contract: for these rows, and of the table when it is new (evolve); null: the table''s. Returns {client_id, table_name, data_type, version, success, failed, warned, errors [{index, code, error}, at most 1000], warnings [{index, field, warning}, at most 100], added, widened, unknown}. ETL04: bad arguments; ETL06: the caller may not.';

revoke execute on function etl_api.ingest_client_data(uuid, text, jsonb, text) from public;
grant execute on function etl_api.ingest_client_data(uuid, text, jsonb, text) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/clients/ingest_client_part.sql
create or replace function etl_api.ingest_client_part(
  upload_id uuid, part int, rows jsonb, unreadable jsonb default '{}', as_user uuid default null)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  upload etl_api.client_upload := etl_api.find_client_upload(upload_id);
  report jsonb;
begin
  perform etl_api.act_for(as_user);
  if part <= upload.parts then
    -- It came, and its sender did not hear.
    return pg_catalog.jsonb_build_object('repeated', true) || pg_catalog.to_jsonb(upload);
  elsif part is distinct from upload.parts + 1 or upload.finished_at is not null then
    raise exception using
      errcode = 'ETL05',
      message = case when upload.finished_at is null then pg_catalog.format('part %s of upload %s has not come yet', upload.parts + 1, upload.id)
        else pg_catalog.format('upload %s has ended', upload.id) end,
      hint = 'Send the parts in order, each when the one before is in.';
  end if;
  report := etl_api.ingest_client_data(upload.client_id, upload.data_type, rows);
  update etl_api.client_upload as u
  set parts = part,
      taken = u.taken + pg_catalog.jsonb_array_length(rows),
      stored = u.stored + (report ->> 'success')::bigint,
      failed = u.failed + (report ->> 'failed')::bigint,
      warned = u.warned + (report ->> 'warned')::bigint,
      faults = pg_catalog.jsonb_path_query_array(u.faults || coalesce((
        select pg_catalog.jsonb_agg(
          e.value || pg_catalog.jsonb_build_object('index', u.taken + (e.value ->> 'index')::bigint)
            || case when unreadable ? (e.value ->> 'index')
              then pg_catalog.jsonb_build_object('code', 'unreadable', 'error', unreadable -> (e.value ->> 'index')) else '{}' end
          order by e.place)
        from pg_catalog.jsonb_array_elements(report -> 'errors') with ordinality as e (value, place)), '[]'), '$[0 to 99]'),
      updated_at = utils.now()
  where u.id = upload.id
  returning u.* into upload;
  return report || pg_catalog.to_jsonb(upload);
end
$$;

comment on function etl_api.ingest_client_part(uuid, int, jsonb, jsonb, uuid) is
  'Takes in the next part of a file, and writes down how far it has come, at once or not at all; a part that is in is not taken again (repeated). A row that could not be read is null, and unreadable says why: {"place in rows": sentence}. Returns the row of etl_api.client_upload with what etl_api.ingest_client_data says. ETL04: no such upload, or as there; ETL05: not the next part.';

revoke execute on function etl_api.ingest_client_part(uuid, int, jsonb, jsonb, uuid) from public;
grant execute on function etl_api.ingest_client_part(uuid, int, jsonb, jsonb, uuid) to service_role;
-- end of source

-- source: sql/etl_api/clients/keep_client_version.sql
create or replace function etl_api.keep_client_version() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if old.version > 0 then
    insert into public.client_schema_versions (client_id, organization_id, table_name, version, schema_definition, replaced_at)
    values (old.client_id, old.organization_id, old.table_name, old.version, old.schema_definition, utils.now());
  end if;
  new.version := old.version + 1;
  new.updated_at := utils.now();
  return new;
end
$$;

comment on function etl_api.keep_client_version() is 'Keeps what a schema said before it changes, and counts the change.';

revoke execute on function etl_api.keep_client_version() from public;
-- end of source

-- source: sql/etl_api/clients/land_client_rows.sql
create or replace function etl_api.land_client_rows(
  target public.client_schemas, rows jsonb, columns jsonb, contract text, unknown text[], first bigint default 0,
  out stored bigint, out failed bigint, out warned bigint, out errors jsonb, out warnings jsonb)
returns record
language plpgsql
set search_path = ''
set jit = off
as $$
#variable_conflict use_column
declare
  half constant int := pg_catalog.jsonb_array_length(rows) / 2;
  fault_state text;
  fault_message text;
begin
  begin
    with landed as materialized (
      select l.n, l.data, l.originals, l.warnings, l.fault
      from etl_api.coerce_landing(rows, columns, contract, unknown) as l
    ), written as (
      insert into public.client_data (client_id, organization_id, table_name, data, originals, created_at)
      select (target).client_id, (target).organization_id, (target).table_name, l.data, l.originals, utils.now()
      from landed as l
      where l.fault is null
      order by l.n
    )
    select
      pg_catalog.count(*) filter (where l.fault is null),
      pg_catalog.count(*) filter (where l.fault is not null),
      coalesce(pg_catalog.sum(pg_catalog.jsonb_array_length(l.warnings)) filter (where l.fault is null), 0),
      coalesce(
        pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('index', first + l.n - 1,
          'code', case when pg_catalog.jsonb_typeof(l.data) = 'object' then 'unknown_field' else 'invalid_row' end,
          'error', l.fault) order by l.n) filter (where l.fault is not null), '[]'),
      coalesce((
        select pg_catalog.jsonb_agg(w.warning order by w.n)
        from (
          select f.n, pg_catalog.jsonb_build_object('index', first + f.n - 1, 'field', v.value -> 'field', 'warning', v.value -> 'warning') as warning
          from landed as f
          cross join lateral pg_catalog.jsonb_array_elements(f.warnings) as v (value)
          where f.fault is null
          order by f.n
          limit 100
        ) as w), '[]')
    into stored, failed, warned, errors, warnings
    from landed as l;
    return;
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;

  if half > 0 then
    select pg_catalog.sum(h.stored), pg_catalog.sum(h.failed), pg_catalog.sum(h.warned),
      pg_catalog.jsonb_path_query_array(pg_catalog.jsonb_agg(h.errors order by part.place), '$[*][*]'),
      pg_catalog.jsonb_path_query_array(pg_catalog.jsonb_agg(h.warnings order by part.place), '$[*][*]')
    into stored, failed, warned, errors, warnings
    from (
      select pg_catalog.min(r.n) - 1 as place, pg_catalog.jsonb_agg(r.value order by r.n) as rows
      from pg_catalog.jsonb_array_elements(rows) with ordinality as r (value, n)
      group by r.n > half
    ) as part
    cross join lateral etl_api.land_client_rows(target, part.rows, columns, contract, unknown, first + part.place) as h;
    return;
  end if;
  stored := 0;
  failed := 1;
  warned := 0;
  errors := pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('index', first, 'code', fault_state, 'error', fault_message));
  warnings := '[]';
end
$$;

comment on function etl_api.land_client_rows(public.client_schemas, jsonb, jsonb, text, text[], bigint) is
  'Stores rows in a client''s table, made what its columns want, in one statement; when that fails, halves them until the one that cannot be stored stands alone. first: the place of the first row, for the report.';

revoke execute on function etl_api.land_client_rows(public.client_schemas, jsonb, jsonb, text, text[], bigint) from public;
-- end of source

-- source: sql/etl_api/clients/may_use_client.sql
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
-- end of source

-- source: sql/etl_api/clients/my_clients.sql
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
-- end of source

-- source: sql/etl_api/clients/note_client_counts.sql
create or replace function etl_api.note_client_counts(changes etl_api.client_count_delta[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Whoever writes rows without a schema makes a table nobody has looked into yet.
  insert into public.client_schemas (client_id, organization_id, table_name, data_type, created_at, updated_at)
  select c.client_id, c.organization_id, c.table_name,
    pg_catalog.regexp_replace(c.table_name, '^client_[0-9a-f]{8}_', ''), utils.now(), utils.now()
  from pg_catalog.unnest(changes) as c
  where c.rows > 0
    and not exists (
      select 1
      from public.client_schemas as s
      where s.client_id = c.client_id
        and s.table_name = c.table_name)
  order by c.client_id, c.table_name
  on conflict do nothing;
  update public.client_schemas as s
  set data_stored = true
  from pg_catalog.unnest(changes) as c
  where s.client_id = c.client_id
    and s.table_name = c.table_name
    and c.rows > 0
    and not s.data_stored;
  -- Where the table goes with its rows there is nothing to count.
  insert into etl_api.client_count_delta (organization_id, client_id, table_name, rows)
  select c.organization_id, c.client_id, c.table_name, c.rows
  from pg_catalog.unnest(changes) as c
  where exists (
    select 1
    from public.client_schemas as s
    where s.client_id = c.client_id
      and s.table_name = c.table_name);
end
$$;

comment on function etl_api.note_client_counts(etl_api.client_count_delta[]) is
  'Notes rows that came and went, a line a table; nothing is updated but the first time, so nobody waits.';

revoke execute on function etl_api.note_client_counts(etl_api.client_count_delta[]) from public;
-- end of source

-- source: sql/etl_api/clients/plan_client_rows.sql
create or replace function etl_api.plan_client_rows(
  rows jsonb, known jsonb, contract text,
  out columns jsonb, out added jsonb, out widened jsonb, out unknown text[])
returns record
language plpgsql immutable
set search_path = ''
as $$
declare
  empty text[];
begin
  select p.columns, p.added, p.widened, p.unknown into columns, added, widened, unknown
  from etl_api.plan_landing(rows, known, contract) as p;
  -- What nobody has filled in yet may become anything: it waits for the first value.
  empty := array(
    select a.value ->> 'name'
    from pg_catalog.jsonb_array_elements(added) as a (value)
    where (a.value ->> 'seen')::int = 0);
  added := (
    select coalesce(pg_catalog.jsonb_agg(a.value order by a.place), '[]')
    from pg_catalog.jsonb_array_elements(added) with ordinality as a (value, place)
    where a.value ->> 'name' <> all (empty));
  -- What was found out by looking may grow by looking on.
  columns := (
    select coalesce(pg_catalog.jsonb_agg(
      case when k.is_new and c.value ->> 'type' in ('select', 'multiselect') then c.value || '{"open": true}' else c.value end
      order by c.place), '[]')
    from pg_catalog.jsonb_array_elements(columns) with ordinality as c (value, place)
    cross join lateral (
      select exists (
        select 1
        from pg_catalog.jsonb_array_elements(added) as a (value)
        where a.value ->> 'name' = c.value ->> 'name') as is_new
    ) as k
    where c.value ->> 'name' <> all (empty));
end
$$;

comment on function etl_api.plan_client_rows(jsonb, jsonb, text) is
  'etl_api.plan_landing for clients'' tables: a field without a single value is not added yet, and choices stay open. ETL04: as there.';

revoke execute on function etl_api.plan_client_rows(jsonb, jsonb, text) from public;
-- end of source

-- source: sql/etl_api/clients/read_client_data.sql
create or replace function etl_api.read_client_data(
  client_id uuid, table_name text default null, max_rows int default 100, filter jsonb default null, before bigint default null,
  as_user uuid default null)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform etl_api.act_for(as_user);
  if not etl_api.may_use_client(client_id, false)
    or not exists (
      select 1
      from public.clients as c
      where c.client_id = read_client_data.client_id)
  then
    return null;
  end if;
  return pg_catalog.jsonb_build_object(
    'client_id', client_id,
    'count', public.get_client_data_count(client_id, table_name),
    'data', coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'id', d.id, 'table_name', d.table_name, 'data', d.data, 'created_at', d.created_at) order by d.id desc)
      from public.get_client_data_filtered(client_id, table_name, max_rows, filter, before) as d), '[]'));
end
$$;

comment on function etl_api.read_client_data(uuid, text, int, jsonb, bigint, uuid) is
  'What GET /data/{client_id} answers: {client_id, count, data [{id, table_name, data, created_at}]}, as public.get_client_data_filtered; null for a client that is not there or not as_user''s to see.';

revoke execute on function etl_api.read_client_data(uuid, text, int, jsonb, bigint, uuid) from public;
grant execute on function etl_api.read_client_data(uuid, text, int, jsonb, bigint, uuid) to service_role;
-- end of source

-- source: sql/etl_api/clients/trigger_count_client_data.sql
drop trigger if exists count_insert on public.client_data;
create trigger count_insert
  after insert on public.client_data
  referencing new table as new_rows
  for each statement
  execute function etl_api.count_client_data();
comment on trigger count_insert on public.client_data is 'Counts rows that come.';

drop trigger if exists count_delete on public.client_data;
create trigger count_delete
  after delete on public.client_data
  referencing old table as old_rows
  for each statement
  execute function etl_api.count_client_data();
comment on trigger count_delete on public.client_data is 'Counts rows that go.';

drop trigger if exists count_update on public.client_data;
create trigger count_update
  after update on public.client_data
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.count_client_data();
comment on trigger count_update on public.client_data is 'Counts rows that move to another table.';
-- end of source

-- source: sql/etl_api/clients/trigger_keep_client_version.sql
-- By row: few tables change at once, and the new number goes into the row that is being written.
drop trigger if exists keep_version on public.client_schemas;
create trigger keep_version
  before update of schema_definition on public.client_schemas
  for each row
  when (old.schema_definition is distinct from new.schema_definition)
  execute function etl_api.keep_client_version();
comment on trigger keep_version on public.client_schemas is 'Versions of what is known of a table''s fields.';
-- end of source

-- source: sql/etl_api/delivery/accept_delivery_results.sql
create or replace function etl_api.accept_delivery_results(delivery_ids uuid[], results jsonb[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  slow_ms constant jsonb := coalesce(etl_api.setting_value('lane_slow_ms'), '2000');
  taken record;
begin
  -- The ids come sorted, so that locks are taken in one order. "offset 0" keeps look-ups look-ups. What is delivered,
  -- as most is, is judged by its status alone.
  with held as materialized (
    select d.id, d.attempts, d.endpoint_id, d.org_id, g.answer, utils.int_or_null(g.answer -> 'status') as status
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
    select h.id, h.status, h.answer, 'delivered' as verdict, null::text as code, null::text as message,
      null::timestamptz as due_at
    from held as h
    where h.status between 200 and 299
    union all
    select h.id, h.status, h.answer, j.verdict, j.code, j.message, j.due_at
    from held as h
    cross join lateral etl_api.judge_delivery(h.attempts, h.answer, etl_api.delivery_schedule(h.endpoint_id, h.org_id)) as j
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
        response = nullif(pg_catalog.left(j.answer ->> 'body_text', 1024), ''),
        error = case when j.code is not null then pg_catalog.jsonb_build_object('code', j.code, 'message', j.message) end,
        finished_at = case when j.verdict <> 'retry' then moment end
    from judged as j
    where d.id = j.id
    returning d.id, d.endpoint_id, d.lane, j.verdict <> 'delivered' or j.answer -> 'duration_ms' >= slow_ms as trouble
  )
  select pg_catalog.array_agg(moved.id) as ids, pg_catalog.bool_or(moved.trouble) as trouble,
    pg_catalog.array_agg(distinct moved.endpoint_id) filter (where moved.endpoint_id is not null) as endpoint_ids,
    pg_catalog.array_agg(distinct moved.lane) as lanes
  into taken
  from moved;

  -- Mostly nobody had trouble and nobody wants more: then there is nothing to learn.
  if taken.trouble then
    perform etl_api.note_failures(taken.ids, delivery_ids, results);
  end if;
  if taken.endpoint_ids is not null then
    perform etl_api.note_endpoints(taken.ids, taken.endpoint_ids, taken.trouble);
  end if;
  if taken.trouble or exists (select 1 from etl_api.delivery_lane as l where l.wanted and l.lane = any (taken.lanes)) then
    perform etl_api.learn_lanes(taken.ids, delivery_ids, results, coalesce(utils.int_or_null(slow_ms), 2000));
  end if;
  return coalesce(taken.ids, '{}');
end
$$;

comment on function etl_api.accept_delivery_results(uuid[], jsonb[]) is
  'Takes the results of these messages (their ids in order, each once) whose lease lives, judges them and moves the messages on; keeps what failed attempts said, and learns how much endpoints and lanes can take. Returns their ids. The caller holds the workflow locks.';

revoke execute on function etl_api.accept_delivery_results(uuid[], jsonb[]) from public;
grant execute on function etl_api.accept_delivery_results(uuid[], jsonb[]) to service_role;
-- end of source

-- source: sql/etl_api/delivery/check_endpoint_rules.sql
create or replace function etl_api.check_endpoint_rules() returns trigger
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
      ('headers', utils.endpoint_headers_error(n.headers)),
      ('schedule_seconds', utils.delivery_schedule_error(n.schedule_seconds))
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

comment on function etl_api.check_endpoint_rules() is
  'Refuses webhook endpoints whose headers or schedule the engine could not use. ETL07 with the field and a sentence.';

revoke execute on function etl_api.check_endpoint_rules() from public;
-- end of source

drop function etl_api.claim_deliveries(text,integer);
-- source: sql/etl_api/delivery/claim_deliveries.sql
create or replace function etl_api.claim_deliveries(worker text, max_deliveries int)
returns table (
  delivery_id uuid, webhook_id text, org_id uuid, lease_token uuid, lease_until timestamptz, url text,
  secret_name text, secret_scope text, event_type text, headers jsonb, body text, timeout_ms int, attempt int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  fault_state text;
begin
  perform etl_api.check_claim_arguments(worker, max_deliveries, 'max_deliveries');

  -- All at once, as if nothing could be wrong; locks are taken inside, so that none is left when something is.
  begin
    return query
    select *
    from etl_api.lease_deliveries(worker, etl_api.take_deliveries(max_deliveries));
    return;
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;

  return query
  select *
  from etl_api.lease_deliveries_apart(worker, etl_api.take_deliveries(max_deliveries));
end
$$;

comment on function etl_api.claim_deliveries(text, int) is
  'Claims messages to send, at most max_deliveries (1 to 1000), the longest due first, each with a lease; to an address that is slow or dead no more than its lane has room for (delivery_lane), in order where that is asked for, none of a disabled endpoint. webhook_id stays the same over all attempts, also when the message is delivered again. What raises an exception is ended as failed (internal_error; too_large), and costs none of the others. Nothing to do: no row. ETL04: bad argument.';

revoke execute on function etl_api.claim_deliveries(text, int) from public;
grant execute on function etl_api.claim_deliveries(text, int) to service_role;
-- end of source

-- source: sql/etl_api/delivery/confirm_held.sql
create or replace function etl_api.confirm_held(delivery_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  endpoint_ids constant uuid[] := array(
    select distinct d.endpoint_id
    from public.delivery as d
    where d.id = any (delivery_ids)
      and d.state = 'waiting'
      and d.endpoint_id is not null);
begin
  -- Whoever puts an endpoint to use at this moment did not see these messages: wait for the end of that, and look again.
  perform 1
  from public.webhook_endpoint as e
  where e.id = any (endpoint_ids)
  order by e.id
  for share;
  perform etl_api.release_messages(array[e.id], 10000)
  from public.webhook_endpoint as e
  where e.id = any (endpoint_ids)
    and e.disabled_at is null;
end
$$;

comment on function etl_api.confirm_held(uuid[]) is
  'Makes sure that messages that were made for a disabled endpoint do not wait when it was put to use in the same moment.';

revoke execute on function etl_api.confirm_held(uuid[]) from public;
grant execute on function etl_api.confirm_held(uuid[]) to service_role;
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
    (id, org_id, workflow_request_id, activity_request_id, alert_id, message_id, endpoint_id, lane, url, secret_name, event_type,
     state, state_via, due_at, created_at)
  select c.id, d.org_id, d.workflow_request_id, d.activity_request_id, d.alert_id, coalesce(d.message_id, d.id), d.endpoint_id,
    coalesce(d.endpoint_id, etl_api.lane_of(d.org_id, d.url)), coalesce(e.url, d.url), coalesce(e.secret_name, d.secret_name), d.event_type,
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

-- source: sql/etl_api/delivery/delivery_schedule.sql
create or replace function etl_api.delivery_schedule(endpoint_id uuid, org_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  own jsonb;
begin
  if endpoint_id is not null then
    select e.schedule_seconds into own
    from public.webhook_endpoint as e
    where e.id = delivery_schedule.endpoint_id
      and e.org_id = delivery_schedule.org_id;
  end if;
  return coalesce(own, etl_api.setting_value('delivery_schedule_seconds'), '[]');
end
$$;

comment on function etl_api.delivery_schedule(uuid, uuid) is
  'Seconds between the attempts to deliver a message: of its endpoint, or the setting delivery_schedule_seconds.';

revoke execute on function etl_api.delivery_schedule(uuid, uuid) from public;
grant execute on function etl_api.delivery_schedule(uuid, uuid) to service_role;
-- end of source

-- source: sql/etl_api/delivery/find_own_endpoint.sql
create or replace function etl_api.find_own_endpoint(endpoint_id uuid) returns public.webhook_endpoint
language plpgsql stable
set search_path = ''
as $$
declare
  found_one public.webhook_endpoint;
begin
  select e.* into found_one
  from public.webhook_endpoint as e
  where e.id = find_own_endpoint.endpoint_id
    and e.deleted_at is null
    and (etl_api.may_request(e.org_id) or e.org_id in (select etl_api.my_orgs()));
  -- Another org's row and no row at all look the same from outside.
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no such endpoint: %s', coalesce(endpoint_id::text, 'null')),
      hint = 'Give the id of a webhook_endpoint row.';
  elsif not etl_api.may_request(found_one.org_id) then
    raise exception using
      errcode = 'ETL06',
      message = pg_catalog.format('your role in org %s only reads', found_one.org_id),
      hint = 'An owner, admin or member of the org can do this.';
  elsif found_one.disabled_at is not null then
    perform etl_api.refuse_action('webhook_endpoint', endpoint_id, 'disabled', 'sent anything',
      'Set webhook_endpoint.disabled_at to null first.');
  end if;
  return found_one;
end
$$;

comment on function etl_api.find_own_endpoint(uuid) is
  'An endpoint that is in use, if the caller may send messages to it: the first statement of replay and send_test_event. ETL04: none, or of an org the caller does not belong to; ETL05: disabled; ETL06: the caller only reads there.';

revoke execute on function etl_api.find_own_endpoint(uuid) from public;
-- end of source

-- source: sql/etl_api/delivery/follow_endpoints.sql
create or replace function etl_api.follow_endpoints() returns trigger
language plpgsql
security definer
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  changed record;
begin
  select pg_catalog.array_agg(n.id order by n.id) as ids,
    pg_catalog.array_agg(n.id order by n.id) filter (where o.disabled_at is null and n.disabled_at is not null) as disabled,
    pg_catalog.array_agg(n.id order by n.id) filter (where o.disabled_at is not null and n.disabled_at is null) as enabled,
    pg_catalog.array_agg(n.id order by n.id) filter (where o.disabled_at is null and n.disabled_at is not null
      and n.disabled_reason is not null) as failed
  into changed
  from new_rows as n
  join old_rows as o on o.id = n.id and o.org_id = n.org_id
  where (o.disabled_at is null) <> (n.disabled_at is null)
    or o.ordered <> n.ordered;
  if changed.ids is null then
    return null;
  end if;
  -- What is known of a lane holds for an endpoint in use, and for the order it had.
  delete from etl_api.delivery_lane as l
  where l.lane = any (changed.ids);
  if changed.disabled is not null then
    perform etl_api.hold_messages(changed.disabled, 10000);
  end if;
  if changed.enabled is not null then
    perform etl_api.release_messages(changed.enabled, 10000);
    perform etl_api.resolve_endpoint_alerts(changed.enabled);
  end if;
  if changed.failed is not null then
    perform etl_api.raise_endpoint_alerts(changed.failed);
  end if;
  return null;
end
$$;

comment on function etl_api.follow_endpoints() is
  'Puts the messages of an endpoint aside when it is disabled and lets them go when it is in use again; tells its tenant when the engine disabled it.';

revoke execute on function etl_api.follow_endpoints() from public;
-- end of source

-- source: sql/etl_api/delivery/follow_orgs.sql
create or replace function etl_api.follow_orgs() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  delete from etl_api.delivery_lane as l
  where l.org_id = new.id;
  return null;
end
$$;

comment on function etl_api.follow_orgs() is
  'Forgets what is known of the lanes of a tenant that is deleted or changes the order of its messages: known is what holds for messages in no order.';

revoke execute on function etl_api.follow_orgs() from public;
-- end of source

-- source: sql/etl_api/delivery/hold_due_messages.sql
create or replace function etl_api.hold_due_messages(delivery_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  fault_state text;
  fault_message text;
begin
  begin
    -- Whoever puts an endpoint to use again lets go what was put aside until then: not what is put aside after.
    perform 1
    from public.webhook_endpoint as e
    where e.id in (select d.endpoint_id from public.delivery as d where d.id = any (delivery_ids))
    order by e.id
    for share;
    -- One that somebody has just now is met again. It was taken to be sent, and is put aside unsent.
    with held as (
      select d.id
      from unnest(delivery_ids) as h (id)
      cross join lateral (
        select due.id, due.state
        from public.delivery as due
        where due.id = h.id
        offset 0
        for update skip locked
      ) as d
      where d.state in ('waiting', 'ready')
    )
    update public.delivery as d
    set state = 'waiting',
        state_via = case when d.state = 'ready' then '{in_progress}'::public.delivery_state[] end,
        state_substate = 'endpoint_disabled',
        lane = d.endpoint_id,
        due_at = 'infinity'
    from held
    where d.id = held.id
      and d.endpoint_id in (select e.id from public.webhook_endpoint as e where e.id = d.endpoint_id and e.disabled_at is not null);
    return;
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;

  if pg_catalog.cardinality(delivery_ids) > 1 then
    perform etl_api.hold_due_messages(array[one.id])
    from unnest(delivery_ids) as one (id);
    return;
  end if;
  perform etl_api.logger_stuck('delivery', 'A message could not be put aside.', 'delivery', delivery_ids[1], fault_state,
    fault_message);
end
$$;

comment on function etl_api.hold_due_messages(uuid[]) is
  'Puts aside messages whose endpoint is disabled (endpoint_disabled): they wait until it is in use again. One that cannot be put aside stays as it is, in the log.';

revoke execute on function etl_api.hold_due_messages(uuid[]) from public;
grant execute on function etl_api.hold_due_messages(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/delivery/hold_messages.sql
create or replace function etl_api.hold_messages(endpoint_ids uuid[], most int) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  open_ids constant uuid[] := array(
    select d.id
    from unnest(endpoint_ids) as e (id)
    cross join lateral (
      select m.id
      from public.delivery as m
      where m.lane = e.id
        and m.state in ('waiting', 'ready')
        and m.due_at < 'infinity'
      order by m.due_at
      limit most
    ) as d);
begin
  if open_ids <> '{}' then
    perform etl_api.hold_due_messages(open_ids);
  end if;
end
$$;

comment on function etl_api.hold_messages(uuid[], int) is
  'Puts aside the messages of disabled endpoints that are still to be sent, of each at most so many; a claim that meets others puts them aside too.';

revoke execute on function etl_api.hold_messages(uuid[], int) from public;
grant execute on function etl_api.hold_messages(uuid[], int) to service_role;
-- end of source

-- source: sql/etl_api/delivery/is_ordered.sql
create or replace function etl_api.is_ordered(lane uuid, org_id uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce((select e.ordered from public.webhook_endpoint as e where e.id = lane and e.org_id = is_ordered.org_id), false)
    or coalesce((select o.settings -> 'ordered_deliveries' = 'true' from public.org as o where o.id = is_ordered.org_id), false);
end
$$;

comment on function etl_api.is_ordered(uuid, uuid) is
  'Whether the messages of a lane go one after the other: its endpoint is ordered, or its tenant wants all so (org.settings.ordered_deliveries).';

revoke execute on function etl_api.is_ordered(uuid, uuid) from public;
grant execute on function etl_api.is_ordered(uuid, uuid) to service_role;
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
    when status between 300 and 399
      then pg_catalog.format('The client answered with HTTP status %s; redirects are not followed, so give the address it leads to.', status)
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
  'What a client''s answer to a message means: delivered, retry (at due_at: by the schedule, or when Retry-After says, at most a day later) or fail, with a code and a sentence.';

revoke execute on function etl_api.judge_delivery(int, jsonb, jsonb) from public;
grant execute on function etl_api.judge_delivery(int, jsonb, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/delivery/keep_endpoint_marks.sql
create or replace function etl_api.keep_endpoint_marks() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  -- In use again, it begins anew.
  new.failing_since := null;
  new.disabled_reason := null;
  return new;
end
$$;

comment on function etl_api.keep_endpoint_marks() is
  'Forgets why an endpoint was disabled, and since when it failed, when it is put to use again.';

revoke execute on function etl_api.keep_endpoint_marks() from public;
-- end of source

-- source: sql/etl_api/delivery/lane_is_plain.sql
create or replace function etl_api.lane_is_plain(lane uuid, org_id uuid, endpoint_id uuid, due bigint, at_once int) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return (
      select o.deleted_at is null
        and o.settings -> 'ordered_deliveries' is distinct from 'true'
        and e.disabled_at is null
        and e.ordered is not true
      from (select 1) as one
      left join public.org as o on o.id = lane_is_plain.org_id
      left join public.webhook_endpoint as e on e.id = lane_is_plain.endpoint_id and e.org_id = lane_is_plain.org_id)
    and coalesce(at_once, utils.int_or_null(etl_api.setting_value('lane_start')), 20) > due + (
      select pg_catalog.count(*)
      from public.delivery as d
      where d.lane = lane_is_plain.lane
        and d.state = 'in_progress');
end
$$;

comment on function etl_api.lane_is_plain(uuid, uuid, uuid, bigint, int) is
  'Whether all that is due of a lane, so many, may simply be sent: its endpoint is in use and not ordered, and at_once (null: what a lane begins with) is more than that and what is under way.';

revoke execute on function etl_api.lane_is_plain(uuid, uuid, uuid, bigint, int) from public;
grant execute on function etl_api.lane_is_plain(uuid, uuid, uuid, bigint, int) to service_role;
-- end of source

-- source: sql/etl_api/delivery/lane_of.sql
create or replace function etl_api.lane_of(org_id uuid, url text) returns uuid
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return pg_catalog.md5(org_id::text || ' ' || pg_catalog.lower(pg_catalog.split_part(url, '/', 3)))::uuid;
end
$$;

comment on function etl_api.lane_of(uuid, text) is
  'The lane of messages to a URL that a request gave: one for each tenant and host. The lane of an endpoint is its id.';

revoke execute on function etl_api.lane_of(uuid, text) from public;
grant execute on function etl_api.lane_of(uuid, text) to service_role;
-- end of source

-- source: sql/etl_api/delivery/lane_room.sql
create or replace function etl_api.lane_room(
  lane uuid, org_id uuid, endpoint_id uuid,
  out room int, out held boolean, out wants boolean, out only_id uuid)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  known record;
  target record;
begin
  -- room null: no limit. Messages older than lanes have none.
  if lane = '00000000-0000-0000-0000-000000000000' then
    return;
  end if;
  select l.at_once, l.wanted, l.head_id into known
  from etl_api.delivery_lane as l
  where l.lane = lane_room.lane;
  if found and known.at_once is null then
    return;
  end if;

  select e.disabled_at is not null as disabled, o.deleted_at is not null as deleted,
    coalesce(e.ordered, false) or o.settings -> 'ordered_deliveries' = 'true' as ordered
  into target
  from public.org as o
  left join public.webhook_endpoint as e on e.id = lane_room.endpoint_id and e.org_id = o.id
  where o.id = lane_room.org_id;
  held := coalesce(target.disabled, false);
  wants := false;
  if held or target.deleted then
    room := 0;
  elsif target.ordered then
    only_id := etl_api.next_in_order(lane, known.head_id);
    room := case when only_id is null then 0 else 1 end;
  else
    room := coalesce(known.at_once, utils.int_or_null(etl_api.setting_value('lane_start')), 20);
    wants := known.wanted is not true;
    room := room - (
      select pg_catalog.count(*)
      from (
        select 1
        from public.delivery as d
        where d.lane = lane_room.lane
          and d.state = 'in_progress'
        limit lane_room.room
      ) as flight);
  end if;
end
$$;

comment on function etl_api.lane_room(uuid, uuid, uuid) is
  'How many more messages of a lane may be sent now (room; null: no limit), whether its endpoint is disabled (held), whether a claim that could have taken more should say so (wants), and where messages go in order, the only one that may go (only_id).';

revoke execute on function etl_api.lane_room(uuid, uuid, uuid) from public;
grant execute on function etl_api.lane_room(uuid, uuid, uuid) to service_role;
-- end of source

-- source: sql/etl_api/delivery/learn_lanes.sql
create or replace function etl_api.learn_lanes(taken_ids uuid[], delivery_ids uuid[], results jsonb[], slow_ms int) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  start constant int := coalesce(utils.int_or_null(etl_api.setting_value('lane_start')), 20);
begin
  -- dead: no answer, or one that says "not now"; slow: an answer that took long. What a client refuses for good (4xx)
  -- tells nothing of how much it can take.
  with said as materialized (
    select coalesce(d.endpoint_id, d.lane) as lane, d.org_id, pg_catalog.count(*) as answers,
      pg_catalog.count(*) filter (where d.http_status between 200 and 299) as taken,
      pg_catalog.count(*) filter (where d.http_status is null or d.http_status in (408, 425, 429) or d.http_status >= 500) as dead,
      pg_catalog.count(*) filter (where utils.int_or_null(g.answer -> 'duration_ms') >= slow_ms) as slow,
      pg_catalog.min(d.id::text) filter (where d.state = 'waiting')::uuid as waiting_id
    from unnest(delivery_ids, results) as g (id, answer)
    cross join lateral (
      select m.*
      from public.delivery as m
      where m.id = g.id
      offset 0
    ) as d
    where g.id = any (taken_ids)
      and coalesce(d.endpoint_id, d.lane) <> '00000000-0000-0000-0000-000000000000'
    group by 1, 2
  ), ruled as (
    select s.lane, s.org_id, s.waiting_id, l.lane is not null as known, l.wanted, l.at_once as was,
      case
        -- Half of the answers decide, so that one bad message does not slow the others down.
        when 2 * s.dead >= s.answers then greatest(1, least(coalesce(l.at_once, start), start) / 4)
        when 2 * s.slow >= s.answers then least(coalesce(l.at_once, start), start)
        when l.at_once is not null and l.wanted and s.dead = 0 and s.taken > 0
          then case when l.at_once <= 100 then 2 * l.at_once end
        when l.lane is null then start
        else l.at_once
      end as at_once,
      2 * s.dead >= s.answers or 2 * s.slow >= s.answers as troubled,
      etl_api.is_ordered(s.lane, s.org_id) as ordered
    from said as s
    left join lateral (
      select known.*
      from etl_api.delivery_lane as known
      where known.lane = s.lane
      offset 0
    ) as l on true
  )
  insert into etl_api.delivery_lane as known (lane, org_id, at_once, wanted, head_id, changed_at)
  select r.lane, r.org_id, case when r.ordered then least(r.at_once, start) else r.at_once end, false,
    case when r.ordered then r.waiting_id end, utils.now()
  from ruled as r
  where case when r.known then r.at_once is distinct from r.was
      -- Nothing is known of it, and there is nothing to know yet.
      else r.troubled end
    or r.ordered and r.waiting_id is not null
  order by r.lane
  on conflict (lane) do update
  set at_once = excluded.at_once,
      -- Cut, it wants what it had; grown, it has to show that it wants yet more.
      wanted = coalesce(known.wanted and excluded.at_once < known.at_once, false),
      head_id = coalesce(excluded.head_id, known.head_id),
      changed_at = excluded.changed_at;
end
$$;

comment on function etl_api.learn_lanes(uuid[], uuid[], jsonb[], int) is
  'Learns from results what lanes can take: one that wanted more and took all has its room doubled, without limit once that would be more than 200; one that gives no answer or too late is cut to a quarter of what it began with at most, down to one; one that takes long keeps to the beginning. Notes what the others wait for where messages go in order.';

revoke execute on function etl_api.learn_lanes(uuid[], uuid[], jsonb[], int) from public;
grant execute on function etl_api.learn_lanes(uuid[], uuid[], jsonb[], int) to service_role;
-- end of source

drop function etl_api.lease_deliveries(text,uuid[]);
-- source: sql/etl_api/delivery/lease_deliveries.sql
create or replace function etl_api.lease_deliveries(worker text, delivery_ids uuid[])
returns table (
  delivery_id uuid, webhook_id text, org_id uuid, lease_token uuid, lease_until timestamptz, url text,
  secret_name text, secret_scope text, event_type text, headers jsonb, body text, timeout_ms int, attempt int)
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  lease interval := etl_api.time_limit(null, 'lease_seconds');
  timeout interval := etl_api.time_limit(null, 'delivery_timeout_seconds');
  max_bytes constant bigint := coalesce(utils.number_or(etl_api.setting_value('max_message_bytes'), null), 10000000);
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
      coalesce(d.message_id, d.id) as message_id, d.endpoint_id
  )
  select c.id, 'msg_' || pg_catalog.replace(c.message_id::text, '-', ''), c.org_id, c.lease_token, c.lease_until, c.url,
    c.secret_name, c.org_id::text, c.event_type, e.headers,
    case when pg_catalog.octet_length(t.body) <= max_bytes then t.body
      else etl_api.refuse_large_message(pg_catalog.octet_length(t.body), max_bytes) end,
    (pg_catalog.date_part('epoch', timeout) * 1000)::int, c.attempts
  from claimed as c
  join public.delivery_body as b
    on b.delivery_id = c.id
    and b.org_id = c.org_id
  cross join lateral (select b.body::text as body offset 0) as t
  left join lateral (
    select known.headers
    from public.webhook_endpoint as known
    where known.id = c.endpoint_id
      and known.org_id = c.org_id
    offset 0
  ) as e on c.endpoint_id is not null;
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
  secret_name text, secret_scope text, event_type text, headers jsonb, body text, timeout_ms int, attempt int)
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

-- source: sql/etl_api/delivery/message_ids.sql
create or replace function etl_api.message_ids(
  workflow_request_ids uuid[], activity_request_ids uuid[], webhooks jsonb[], event_types text[], data jsonb[])
returns uuid[]
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  -- A database restored to an earlier time does again what it had done since, and tells of it again. So the id is made
  -- of what is told of, and by its key rather than the activity request's id, which is drawn: a client that
  -- remembers ids knows the message. The time in front is the request's, so that ids of one time lie side by side.
  return array(
    select case
      when m.workflow_request_id is null then utils.new_id()
      else (
        pg_catalog."left"(pg_catalog.replace(m.workflow_request_id::text, '-', ''), 12) || '8' || pg_catalog."left"(
          pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
            pg_catalog.concat_ws(' ', m.workflow_request_id, m.event_type, earlier.count, m.webhook, m.told ->> 'activity_key'),
            'UTF8')), 'hex'), 19))::uuid
    end
    from unnest(workflow_request_ids, activity_request_ids, webhooks, event_types, data) with ordinality
      as m (workflow_request_id, activity_request_id, webhook, event_type, told, place)
    -- One that failed again after a retry is told of again.
    cross join lateral (
      select pg_catalog.count(*) as count
      from (
        select d.event_type, d.message_id
        from public.delivery as d
        where d.activity_request_id = m.activity_request_id
        union all
        select d.event_type, d.message_id
        from public.delivery as d
        where m.activity_request_id is null
          and d.workflow_request_id = m.workflow_request_id
          and d.activity_request_id is null
      ) as d
      where d.event_type = m.event_type
        and d.message_id is null
    ) as earlier
    order by m.place);
end
$$;

comment on function etl_api.message_ids(uuid[], uuid[], jsonb[], text[], jsonb[]) is
  'The ids of messages to be queued: of what is told of, so that a database restored to an earlier time sends what it had sent since under the same webhook-id; new ones for messages without a request.';

revoke execute on function etl_api.message_ids(uuid[], uuid[], jsonb[], text[], jsonb[]) from public;
grant execute on function etl_api.message_ids(uuid[], uuid[], jsonb[], text[], jsonb[]) to service_role;
-- end of source

-- source: sql/etl_api/delivery/next_in_order.sql
create or replace function etl_api.next_in_order(lane uuid, head_id uuid) returns uuid
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  head record;
begin
  if exists (
    select 1
    from public.delivery as d
    where d.lane = next_in_order.lane
      and d.state = 'in_progress')
  then
    return null;
  end if;
  -- One that failed goes again before any other, and while it waits for that, all wait.
  select d.id, d.due_at into head
  from public.delivery as d
  where d.id = head_id
    and d.state in ('waiting', 'ready');
  if not found then
    -- Written by one transaction, an activity's message comes before that of the whole.
    select d.id, d.due_at into head
    from public.delivery as d
    where d.lane = next_in_order.lane
      and d.state in ('waiting', 'ready')
    order by d.due_at, d.activity_request_id is null, d.created_at, d.id
    limit 1;
  end if;
  return case when head.due_at <= utils.now() then head.id end;
end
$$;

comment on function etl_api.next_in_order(uuid, uuid) is
  'The message of a lane that goes next where messages go in order: head_id, the one that failed last, while it is open; else the oldest. Null while one is under way or the next one is not due.';

revoke execute on function etl_api.next_in_order(uuid, uuid) from public;
grant execute on function etl_api.next_in_order(uuid, uuid) to service_role;
-- end of source

-- source: sql/etl_api/delivery/note_endpoints.sql
create or replace function etl_api.note_endpoints(taken_ids uuid[], endpoint_ids uuid[], trouble boolean) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  patience constant interval := pg_catalog.make_interval(
    secs => (86400 * utils.number_or(etl_api.setting_value('endpoint_failing_days'), 5))::double precision);
begin
  -- Mostly all took what they were sent, and none has failed before.
  if not trouble and not exists (
    select 1
    from public.webhook_endpoint as e
    where e.failing_since is not null
      and e.id = any (endpoint_ids))
  then
    return;
  end if;

  with said as (
    select d.endpoint_id as id, pg_catalog.bool_or(d.state = 'delivered') as took,
      pg_catalog.bool_or(d.http_status = 410 and d.state = 'failed') as gone
    from unnest(taken_ids) as t (id)
    cross join lateral (
      select m.endpoint_id, m.state, m.http_status
      from public.delivery as m
      where m.id = t.id
      offset 0
    ) as d
    where d.endpoint_id is not null
    group by d.endpoint_id
  ), locked as (
    select e.id, s.took, s.gone, e.disabled_at, e.failing_since
    from said as s
    cross join lateral (
      select known.id, known.disabled_at, known.failing_since
      from public.webhook_endpoint as known
      where known.id = s.id
        -- Written only where something changes.
        and (s.gone and known.disabled_at is null
          or s.took and known.failing_since is not null
          or not s.took and known.failing_since is null
          or not s.took and known.disabled_at is null and known.failing_since <= moment - patience)
      offset 0
      for no key update
    ) as e
    order by s.id
  )
  update public.webhook_endpoint as e
  set failing_since = case when not l.took then coalesce(l.failing_since, moment) end,
      disabled_at = case
        when l.disabled_at is null and (l.gone or not l.took and l.failing_since <= moment - patience) then moment
        else l.disabled_at end,
      disabled_reason = case
        when l.disabled_at is not null then e.disabled_reason
        when l.gone then 'gone'
        when not l.took and l.failing_since <= moment - patience then 'failing' end
  from locked as l
  where e.id = l.id;
end
$$;

comment on function etl_api.note_endpoints(uuid[], uuid[], boolean) is
  'Notes since when endpoints have taken nothing (failing_since), or that they take messages again, and disables those that said 410 or have failed for endpoint_failing_days.';

revoke execute on function etl_api.note_endpoints(uuid[], uuid[], boolean) from public;
grant execute on function etl_api.note_endpoints(uuid[], uuid[], boolean) to service_role;
-- end of source

-- source: sql/etl_api/delivery/note_failures.sql
create or replace function etl_api.note_failures(taken_ids uuid[], delivery_ids uuid[], results jsonb[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  with failed as (
    select d.*, g.answer
    from unnest(delivery_ids, results) as g (id, answer)
    cross join lateral (
      select m.*
      from public.delivery as m
      where m.id = g.id
      offset 0
    ) as d
    where g.id = any (taken_ids)
      and d.state <> 'delivered'
  ), kept as (
    insert into public.delivery_attempt
      (delivery_id, org_id, attempt, at, code, message, http_status, response, duration_ms)
    select f.id, f.org_id, f.attempts, utils.now(),
      coalesce('http_' || f.http_status, pg_catalog.left(f.answer #>> '{error,kind}', 100), 'network'),
      f.error ->> 'message', f.http_status, f.response, utils.int_or_null(f.answer -> 'duration_ms')
    from failed as f
    order by f.id
  )
  -- Messages older than lanes find theirs.
  update public.delivery as d
  set lane = coalesce(d.endpoint_id, etl_api.lane_of(d.org_id, d.url))
  from failed as f
  where d.id = f.id
    and d.lane = '00000000-0000-0000-0000-000000000000';
end
$$;

comment on function etl_api.note_failures(uuid[], uuid[], jsonb[]) is
  'Keeps what clients said to attempts that failed: taken_ids, of the messages whose results were taken.';

revoke execute on function etl_api.note_failures(uuid[], uuid[], jsonb[]) from public;
grant execute on function etl_api.note_failures(uuid[], uuid[], jsonb[]) to service_role;
-- end of source

-- source: sql/etl_api/delivery/pick_deliveries.sql
create or replace function etl_api.pick_deliveries(max_deliveries int) returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  front record;
  picked uuid[];
begin
  -- One statement, so that it sees one moment: of messages in order it must not see the second as the first.
  with due as materialized (
    select d.id, coalesce(d.endpoint_id, d.lane) as lane, d.org_id, d.endpoint_id, d.due_at
    from public.delivery as d
    where d.state in ('waiting', 'ready')
      and d.due_at <= utils.now()
    order by d.due_at
    limit max_deliveries
  ), lane as materialized (
    select l.*, r.*
    from (
      select due.lane, due.org_id, due.endpoint_id, pg_catalog.count(*) as due, pg_catalog.min(due.due_at) as due_at
      from due
      group by due.lane, due.org_id, due.endpoint_id
    ) as l
    cross join lateral etl_api.lane_room(l.lane, l.org_id, l.endpoint_id) as r
  ), placed as (
    select due.id, due.due_at, lane.room, lane.only_id, lane.held,
      pg_catalog.row_number() over (partition by due.lane, due.org_id order by due.due_at) as place
    from due
    join lane on lane.lane = due.lane and lane.org_id = due.org_id
  )
  select
    array(
      select p.id
      from (
        select placed.id, placed.due_at
        from placed
        where placed.only_id is null and (placed.room is null or placed.place <= placed.room)
        union all
        select lane.only_id, lane.due_at
        from lane
        where lane.only_id is not null
      ) as p
      order by p.due_at) as ids,
    array(select placed.id from placed where placed.held) as held,
    array(select lane.lane from lane where lane.wants and lane.due >= lane.room order by lane.lane) as wanting,
    array(select lane.org_id from lane where lane.wants and lane.due >= lane.room order by lane.lane) as wanting_orgs,
    array(select lane.lane from lane where lane.room is not null) as limited,
    (select pg_catalog.count(*) from due) as due
  into front;

  picked := front.ids;
  if front.held <> '{}' then
    perform etl_api.hold_due_messages(front.held);
  end if;
  if front.wanting <> '{}' then
    perform etl_api.want_lanes(front.wanting, front.wanting_orgs);
  end if;
  -- What lies behind messages that may not be sent now is looked for by lane.
  if front.due = max_deliveries and pg_catalog.cardinality(picked) < max_deliveries then
    picked := picked || etl_api.pick_from_lanes(max_deliveries - pg_catalog.cardinality(picked), front.limited, picked);
  end if;
  return picked;
end
$$;

comment on function etl_api.pick_deliveries(int) is
  'Messages that are due and that their lanes have room for, the longest due first: of those due longest, then, where these are held up, of other lanes in turn. Puts aside messages whose endpoint is disabled, and notes which lanes could have used more room. Locks none of what it returns.';

revoke execute on function etl_api.pick_deliveries(int) from public;
grant execute on function etl_api.pick_deliveries(int) to service_role;
-- end of source

-- source: sql/etl_api/delivery/pick_from_lanes.sql
create or replace function etl_api.pick_from_lanes(places int, full_lanes uuid[], picked uuid[]) returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  -- From a place that each call draws anew, round to it again: when there are more lanes than one call looks at, each
  -- has its turn.
  first constant uuid := pg_catalog.gen_random_uuid();
  at uuid := first;
  round boolean := false;
  next record;
  lanes uuid[] := array[]::uuid[];
  org_ids uuid[] := array[]::uuid[];
  rooms int[] := array[]::int[];
  wants boolean[] := array[]::boolean[];
  only_ids uuid[] := array[]::uuid[];
  given record;
begin
  -- From lane to lane by the index, never through the messages of one; as many as there are places, so a loop.
  for visit in 1..3000 loop
    select d.lane, d.org_id, d.endpoint_id, d.due_at into next
    from public.delivery as d
    where d.state in ('waiting', 'ready')
      and d.lane > at
    order by d.lane, d.due_at
    limit 1;
    if not found or round and next.lane > first then
      exit when round;
      round := true;
      at := '00000000-0000-0000-0000-000000000000';
      continue;
    end if;
    at := next.lane;
    continue when next.due_at > utils.now() or at = any (full_lanes);
    declare
      space constant record := etl_api.lane_room(at, next.org_id, next.endpoint_id);
    begin
      if space.held then
        perform etl_api.hold_messages(array[at], 1000);
      end if;
      continue when space.room <= 0 and not space.wants;
      lanes := lanes || at;
      org_ids := org_ids || next.org_id;
      rooms := rooms || greatest(coalesce(space.room, places), 0);
      wants := wants || space.wants;
      only_ids := only_ids || space.only_id;
    end;
    exit when pg_catalog.cardinality(lanes) >= places;
  end loop;

  -- The first of each lane, then the second of each, and so on.
  with taken as materialized (
    select l.lane, d.id, d.place, d.due_at
    from unnest(lanes, rooms, only_ids) as l (lane, room, only_id)
    cross join lateral (
      select m.id, m.due_at, pg_catalog.row_number() over (order by m.due_at) as place
      from (
        select due.id, due.due_at
        from public.delivery as due
        where due.lane = l.lane
          and due.state in ('waiting', 'ready')
          and due.due_at <= utils.now()
          and (l.only_id is null or due.id = l.only_id)
          and due.id <> all (picked)
        order by due.due_at
        limit case when l.only_id is null then least(l.room, 1 + 4 * places / pg_catalog.cardinality(lanes)) end
      ) as m
    ) as d
    order by d.place, d.due_at
    limit places
  ), used as (
    select l.lane, l.org_id
    from unnest(lanes, org_ids, rooms, wants) as l (lane, org_id, room, wants)
    where l.wants
      and l.room <= (select pg_catalog.count(*) from taken where taken.lane = l.lane)
  )
  select
    array(select taken.id from taken order by taken.place, taken.due_at) as ids,
    array(select used.lane from used order by used.lane) as wanting,
    array(select used.org_id from used order by used.lane) as wanting_orgs
  into given;
  if given.wanting <> '{}' then
    perform etl_api.want_lanes(given.wanting, given.wanting_orgs);
  end if;
  return given.ids;
end
$$;

comment on function etl_api.pick_from_lanes(int, uuid[], uuid[]) is
  'Messages that are due from lanes that have room, the lanes in turn, other than those of full_lanes and those picked before; at most as many as there are places. Looks at no more than 3,000 lanes.';

revoke execute on function etl_api.pick_from_lanes(int, uuid[], uuid[]) from public;
grant execute on function etl_api.pick_from_lanes(int, uuid[], uuid[]) to service_role;
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
  held int;
  all_queued boolean;
begin
  if org_ids is null then
    return 0;
  end if;
  ids := etl_api.message_ids(workflow_request_ids, activity_request_ids, webhooks, event_types, data);

  -- Looked up by key, whatever the planner thinks of the tables: "offset 0" leaves nothing else.
  with made as (
    insert into public.delivery
      (id, org_id, workflow_request_id, activity_request_id, alert_id, endpoint_id, lane, url, secret_name, event_type,
       state, state_substate, state_via, due_at, created_at)
    select m.id, m.org_id, m.workflow_request_id, m.activity_request_id, m.alert_id, e.id,
      coalesce(e.id, etl_api.lane_of(m.org_id, m.webhook ->> 'url')), coalesce(e.url, m.webhook ->> 'url'),
      coalesce(e.secret_name, o.settings ->> 'webhook_secret_name', 'webhook'), m.event_type,
      -- What goes to a disabled endpoint waits until it is in use again.
      case when e.disabled_at is null then 'ready' else 'waiting' end::public.delivery_state,
      case when e.disabled_at is not null then 'endpoint_disabled' end,
      '{new,valid}',
      case when e.disabled_at is null then moment else timestamptz 'infinity' end, moment
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
    -- An endpoint that does not want this event gets no message.
    where case when m.webhook ? 'endpoint'
      then e.id is not null and (e.event_types is null or m.event_type = any (e.event_types) or m.event_type = 'endpoint.test')
      else m.webhook ->> 'url' is not null end
    returning state
  )
  select pg_catalog.count(*), pg_catalog.count(*) filter (where made.state = 'waiting')
  into queued, held
  from made;
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

  if held > 0 then
    perform etl_api.confirm_held(ids);
  end if;
  if queued > held then
    perform etl_api.ring('deliver-webhooks');
  end if;
  return queued;
end
$$;

comment on function etl_api.queue_messages(uuid[], uuid[], uuid[], jsonb[], text[], jsonb[], uuid[]) is
  'Queues messages for the webhooks given ({url} or {endpoint}) and wakes the deliverer; those of alerts have no request. What goes to a disabled endpoint waits until it is in use again. Returns how many.';

revoke execute on function etl_api.queue_messages(uuid[], uuid[], uuid[], jsonb[], text[], jsonb[], uuid[]) from public;
grant execute on function etl_api.queue_messages(uuid[], uuid[], uuid[], jsonb[], text[], jsonb[], uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/delivery/raise_endpoint_alerts.sql
create or replace function etl_api.raise_endpoint_alerts(endpoint_ids uuid[]) returns void
language plpgsql
set search_path = ''
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  days constant numeric := utils.number_or(etl_api.setting_value('endpoint_failing_days'), 5);
  news record;
begin
  with raised as (
    insert into etl_api.alert (org_id, endpoint_id, kind, message, value, threshold, raised_at)
    select e.org_id, e.id, 'endpoint_disabled',
      case e.disabled_reason
        when 'gone' then pg_catalog.format('The webhook endpoint at %s was disabled: it answered 410 Gone.', utils.url_host(e.url))
        else pg_catalog.format('The webhook endpoint at %s was disabled: it has taken no message since %s.', utils.url_host(e.url),
          pg_catalog.to_char(e.failing_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI UTC'))
      end,
      pg_catalog.round((coalesce(pg_catalog.date_part('epoch', moment - e.failing_since), 0) / 86400)::numeric, 4),
      case e.disabled_reason when 'gone' then 0 else days end, moment
    from public.webhook_endpoint as e
    where e.id = any (endpoint_ids)
    on conflict do nothing
    returning id
  )
  select pg_catalog.array_agg(r.id order by r.id) as ids into news
  from raised as r;
  if news.ids is not null then
    perform etl_api.tell_endpoint_alerts(news.ids, 'alert.raised');
  end if;
end
$$;

comment on function etl_api.raise_endpoint_alerts(uuid[]) is
  'Raises an alert for each of these endpoints, which the engine has disabled, and tells its tenant.';

revoke execute on function etl_api.raise_endpoint_alerts(uuid[]) from public;
grant execute on function etl_api.raise_endpoint_alerts(uuid[]) to service_role;
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
    pg_catalog.array_agg(m.id order by m.id) filter (where m.open and m.kept and m.state in ('failed', 'timedout', 'invalid', 'waiting', 'ready')) as again,
    pg_catalog.array_agg(m.id order by m.id) filter (where m.open and m.kept and m.state = 'delivered' and not m.under_way) as anew,
    coalesce(pg_catalog.bool_or(not m.open), false) as disabled,
    coalesce(pg_catalog.bool_and(not m.kept), false) as forgotten
  into given
  from (
    select d.id, d.state, e.disabled_at is null as open,
      exists (select 1 from public.delivery_body as b where b.delivery_id = d.id) as kept,
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
      case
        when given.forgotten then 'What it said is not kept any more (etl_api.retention).'
        when given.disabled then 'The endpoint is disabled: set webhook_endpoint.disabled_at to null first.'
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
  code constant text := case fault_state when 'ETL09' then 'too_large' else 'internal_error' end;
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
      state_substate = code,
      error = pg_catalog.jsonb_build_object(
        'code', code,
        'message', case code when 'too_large' then fault_message
          else pg_catalog.format('The engine could not send it: %s (%s).', fault_message, fault_state) end),
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
  'Ends a message that made the engine raise when it was claimed, as failed: too_large where it is (ETL09), else internal_error. One that cannot be ended either stays as it is, in the log. The caller holds its row.';

revoke execute on function etl_api.refuse_delivery(uuid, text, text) from public;
grant execute on function etl_api.refuse_delivery(uuid, text, text) to service_role;
-- end of source

-- source: sql/etl_api/delivery/refuse_large_message.sql
create or replace function etl_api.refuse_large_message(bytes bigint, max_bytes bigint) returns text
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.refuse_limit('too_large', '$', bytes,
    pg_catalog.format('The message has %s bytes; no more than %s are sent (setting max_message_bytes).', bytes, max_bytes),
    'Ask for fewer objects or datapoints in one activity, or raise the setting.');
  return null;
end
$$;

comment on function etl_api.refuse_large_message(bigint, bigint) is
  'Refuses a message that is larger than the setting max_message_bytes: the claim that meets it ends it as failed (too_large). ETL09, always.';

revoke execute on function etl_api.refuse_large_message(bigint, bigint) from public;
grant execute on function etl_api.refuse_large_message(bigint, bigint) to service_role;
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
  -- It keeps its time: what was handed back goes before what came after it.
  update public.delivery as d
  set state = 'ready',
      state_via = null,
      state_substate = 'released',
      attempts = d.attempts - 1,
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

-- source: sql/etl_api/delivery/release_held.sql
create or replace function etl_api.release_held(max_rows int) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  lanes constant uuid[] := array(
    select l.lane
    from etl_api.delivery_lane as l
    where l.releasing
    order by l.lane
    for update skip locked);
  open_lanes uuid[];
begin
  if lanes = '{}' then
    return 0;
  end if;
  open_lanes := array(
    select e.id
    from public.webhook_endpoint as e
    where e.id = any (lanes)
      and e.disabled_at is null);
  -- Whoever has more than that left notes it again.
  update etl_api.delivery_lane as l
  set releasing = false
  where l.lane = any (lanes);
  return etl_api.release_messages(open_lanes, greatest(1, max_rows / greatest(1, pg_catalog.cardinality(open_lanes))));
end
$$;

comment on function etl_api.release_held(int) is
  'Lets go on with messages that were put aside and whose endpoint is in use again, where they were too many for one statement. Returns how many. Part of recover().';

revoke execute on function etl_api.release_held(int) from public;
grant execute on function etl_api.release_held(int) to service_role;
-- end of source

-- source: sql/etl_api/delivery/release_messages.sql
create or replace function etl_api.release_messages(endpoint_ids uuid[], most int) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  released int;
begin
  -- A hundred a second, in the order in which they were made.
  with held as (
    select d.id, e.id as endpoint_id,
      pg_catalog.row_number() over (
        partition by e.id
        order by d.created_at, d.activity_request_id is null, d.id) as place
    from unnest(endpoint_ids) as e (id)
    cross join lateral (
      select m.id, m.created_at, m.activity_request_id
      from public.delivery as m
      where m.lane = e.id
        and m.state in ('waiting', 'ready')
        and m.due_at = 'infinity'
      limit most
      for update skip locked
    ) as d
  ), moved as (
    update public.delivery as d
    set state = 'ready',
        state_via = null,
        state_substate = null,
        due_at = utils.now() + (held.place - 1) * interval '10 milliseconds'
    from held
    where d.id = held.id
    returning held.endpoint_id, d.org_id
  ), counted as (
    select m.endpoint_id, m.org_id, pg_catalog.count(*) as count
    from moved as m
    group by m.endpoint_id, m.org_id
  ), rest as (
    insert into etl_api.delivery_lane as known (lane, org_id, at_once, releasing, changed_at)
    select c.endpoint_id, c.org_id, coalesce(utils.int_or_null(etl_api.setting_value('lane_start')), 20), true, utils.now()
    from counted as c
    where c.count >= most
    order by c.endpoint_id
    on conflict (lane) do update
    set releasing = true,
        at_once = coalesce(known.at_once, excluded.at_once)
  )
  select pg_catalog.sum(c.count) into released
  from counted as c;
  if released > 0 then
    perform etl_api.ring('deliver-webhooks');
  end if;
  return coalesce(released, 0);
end
$$;

comment on function etl_api.release_messages(uuid[], int) is
  'Lets messages go that were put aside while their endpoint was disabled, of each endpoint at most so many, a hundred a second; what is left, release_held lets go. Returns how many.';

revoke execute on function etl_api.release_messages(uuid[], int) from public;
grant execute on function etl_api.release_messages(uuid[], int) to service_role;
-- end of source

-- source: sql/etl_api/delivery/replay.sql
create or replace function etl_api.replay(
  endpoint_id uuid, since timestamptz, until timestamptz default null, delivered_too boolean default false)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  target constant public.webhook_endpoint := etl_api.find_own_endpoint(endpoint_id);
  why constant text := pg_catalog.current_setting('etl.reason', true);
  most constant int := 50000;
  ids uuid[];
  again_ids uuid[];
  copy_ids uuid[] := array[]::uuid[];
begin
  if since is null then
    raise exception using
      errcode = 'ETL04',
      message = 'since is null: it must be a time',
      hint = 'Give the time from which on messages are sent again, such as now() - interval ''1 day''.';
  end if;
  ids := etl_api.replayed_messages(target.id, since, until, delivered_too, most + 1);
  if pg_catalog.cardinality(ids) > most then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('more than %s messages of endpoint %s are to be sent again', most, target.id),
      hint = 'Give a shorter time: since and until.';
  end if;

  perform etl_api.lock_workflows(array(
    select distinct d.workflow_request_id
    from public.delivery as d
    where d.id = any (ids)
      and d.workflow_request_id is not null));
  perform etl_api.set_reason('replayed by ' || etl_api.caller_name());
  -- Looked up again, now that nobody else changes them.
  ids := etl_api.replayed_messages(target.id, since, until, delivered_too, most);
  again_ids := coalesce(etl_api.resend_messages(array(
    select d.id from public.delivery as d where d.id = any (ids) and d.state in ('failed', 'timedout', 'invalid'))), '{}');
  if delivered_too then
    copy_ids := etl_api.copy_messages(array(
      select d.id from public.delivery as d where d.id = any (ids) and d.state = 'delivered' order by d.created_at, d.id));
  end if;
  perform etl_api.set_reason(why);
  if again_ids || copy_ids <> '{}' then
    perform etl_api.ring('deliver-webhooks');
  end if;
  return pg_catalog.jsonb_build_object(
    'endpoint_id', target.id,
    'failed', pg_catalog.cardinality(again_ids),
    'delivered', pg_catalog.cardinality(copy_ids),
    'message', pg_catalog.format('%s, under the webhook-id %s before.',
      etl_api.explain_count(pg_catalog.cardinality(again_ids || copy_ids), 'message is sent again', 'messages are sent again'),
      case pg_catalog.cardinality(again_ids || copy_ids) when 1 then 'it had' else 'they had' end));
end
$$;

comment on function etl_api.replay(uuid, timestamptz, timestamptz, boolean) is
  'Sends the messages of an endpoint that were made from "since" until before "until" (null: now) again, under their webhook-ids: those that failed, and with delivered_too those that were delivered, once more. What still waits goes on by itself. Returns {endpoint_id, failed, delivered, message}. ETL04: no such endpoint, no time, or more than 50,000 messages; ETL05: the endpoint is disabled; ETL06: the caller only reads.';

revoke execute on function etl_api.replay(uuid, timestamptz, timestamptz, boolean) from public;
grant execute on function etl_api.replay(uuid, timestamptz, timestamptz, boolean) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/delivery/replayed_messages.sql
create or replace function etl_api.replayed_messages(
  endpoint_id uuid, since timestamptz, until timestamptz, delivered_too boolean, most int)
returns uuid[]
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  -- What was sent a second time stands for itself only where that failed.
  return array(
    select d.id
    from public.delivery as d
    where d.endpoint_id = replayed_messages.endpoint_id
      and d.created_at >= since
      and d.created_at < coalesce(until, 'infinity')
      and (d.state in ('failed', 'timedout', 'invalid')
        or delivered_too and d.state = 'delivered' and d.message_id is null and not exists (
          select 1
          from public.delivery as copy
          where copy.message_id = d.id
            and copy.state in ('waiting', 'ready', 'in_progress')))
    order by d.created_at, d.id
    limit most);
end
$$;

comment on function etl_api.replayed_messages(uuid, timestamptz, timestamptz, boolean, int) is
  'The messages of an endpoint that replay sends again, the oldest first, at most so many.';

revoke execute on function etl_api.replayed_messages(uuid, timestamptz, timestamptz, boolean, int) from public;
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
        response = case when d.state in ('waiting', 'ready') then d.response end,
        lane = coalesce(d.endpoint_id, etl_api.lane_of(d.org_id, d.url)),
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

-- source: sql/etl_api/delivery/resolve_endpoint_alerts.sql
create or replace function etl_api.resolve_endpoint_alerts(endpoint_ids uuid[]) returns void
language plpgsql
set search_path = ''
set jit = off
as $$
declare
  news record;
begin
  with resolved as (
    update etl_api.alert as a
    set resolved_at = utils.now()
    where a.endpoint_id = any (endpoint_ids)
      and a.resolved_at is null
    returning a.id
  )
  select pg_catalog.array_agg(r.id order by r.id) as ids into news
  from resolved as r;
  if news.ids is not null then
    perform etl_api.tell_endpoint_alerts(news.ids, 'alert.resolved');
  end if;
end
$$;

comment on function etl_api.resolve_endpoint_alerts(uuid[]) is
  'Resolves the alerts of endpoints that are in use again, and tells their tenants.';

revoke execute on function etl_api.resolve_endpoint_alerts(uuid[]) from public;
grant execute on function etl_api.resolve_endpoint_alerts(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/delivery/send_test_event.sql
create or replace function etl_api.send_test_event(endpoint_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  target constant public.webhook_endpoint := etl_api.find_own_endpoint(endpoint_id);
  sent_id uuid;
begin
  perform etl_api.queue_messages(array[target.org_id], array[null::uuid], array[null::uuid],
    array[pg_catalog.jsonb_build_object('endpoint', target.id)], array['endpoint.test'],
    array[pg_catalog.jsonb_build_object(
      'org_id', target.org_id,
      'endpoint_id', target.id,
      'message', 'This is a test of the endpoint; nothing has happened.')]);
  select d.id into sent_id
  from public.delivery as d
  where d.endpoint_id = target.id
    and d.created_at = utils.now()
    and d.event_type = 'endpoint.test'
  order by d.id desc
  limit 1;
  return pg_catalog.jsonb_build_object(
    'delivery_id', sent_id,
    'webhook_id', 'msg_' || pg_catalog.replace(sent_id::text, '-', ''),
    'message', 'The test event is sent at once; etl_api.explain(delivery_id) tells what came of it.');
end
$$;

comment on function etl_api.send_test_event(uuid) is
  'Sends an event endpoint.test to an endpoint, whatever events it wants: signed, repeated and shown like any message. Returns {delivery_id, webhook_id, message}. ETL04: no such endpoint; ETL05: it is disabled; ETL06: the caller only reads.';

revoke execute on function etl_api.send_test_event(uuid) from public;
grant execute on function etl_api.send_test_event(uuid) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/delivery/take_deliveries.sql
create or replace function etl_api.take_deliveries(max_deliveries int) returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  front record;
begin
  -- Mostly no address has more than it may be sent, and all are in use and in no order: the oldest first, whoever's they
  -- are. (What is asked of a lane is asked in this order, and only as far as needed.)
  if not exists (select 1 from etl_api.delivery_lane as l where l.wanted) then
    with d as materialized (
      select due.id, coalesce(due.endpoint_id, due.lane) as lane, due.org_id, due.endpoint_id
      from public.delivery as due
      where due.state in ('waiting', 'ready')
        and due.due_at <= utils.now()
      order by due.due_at
      limit max_deliveries
      for update skip locked
    )
    select array(select d.id from d) as ids, (
      select pg_catalog.bool_and(
        coalesce(l.unlimited, false)
        or g.lane = '00000000-0000-0000-0000-000000000000'
        or etl_api.lane_is_plain(g.lane, g.org_id, g.endpoint_id, g.due, l.at_once))
      from (
        select d.lane, d.org_id, d.endpoint_id, pg_catalog.count(*) as due
        from d
        group by d.lane, d.org_id, d.endpoint_id
      ) as g
      left join lateral (
        select known.at_once is null as unlimited, known.at_once
        from etl_api.delivery_lane as known
        where known.lane = g.lane
        offset 0
      ) as l on true) as plain
    into front;
    if front.plain is not false then
      return front.ids;
    end if;
  end if;

  -- By their keys, whatever the planner thinks of the queue: "offset 0" leaves nothing else.
  return array(
    select d.id
    from unnest(etl_api.pick_deliveries(max_deliveries)) with ordinality as p (id, place)
    cross join lateral (
      select due.id, due.state, due.due_at
      from public.delivery as due
      where due.id = p.id
      offset 0
      for update skip locked
    ) as d
    where d.state in ('waiting', 'ready')
      and d.due_at <= utils.now()
    order by p.place);
end
$$;

comment on function etl_api.take_deliveries(int) is
  'Messages that are due and may be sent now, the longest due first, at most max_deliveries; none of an address that is slow or dead beyond what it may have under way. Their rows are locked.';

revoke execute on function etl_api.take_deliveries(int) from public;
grant execute on function etl_api.take_deliveries(int) to service_role;
-- end of source

-- source: sql/etl_api/delivery/tell_endpoint_alerts.sql
create or replace function etl_api.tell_endpoint_alerts(alert_ids uuid[], event text) returns void
language plpgsql
set search_path = ''
set jit = off
as $$
begin
  perform etl_api.logger_entries(array(
    select row(
      null, null, case event when 'alert.raised' then 'warn' else 'info' end, 'alerts',
      case event when 'alert.raised' then a.message else 'The webhook endpoint is in use again.' end,
      a.org_id, null, null, null,
      pg_catalog.jsonb_build_object('alert_id', a.id, 'endpoint_id', a.endpoint_id))::etl_api.etl_log
    from etl_api.alert as a
    where a.id = any (alert_ids)
    order by a.id));

  -- To the tenant's other endpoints: the one that this is about takes nothing.
  perform etl_api.queue_messages(
    pg_catalog.array_agg(a.org_id order by a.id, e.id),
    pg_catalog.array_agg(null::uuid),
    pg_catalog.array_agg(null::uuid),
    pg_catalog.array_agg(pg_catalog.jsonb_build_object('endpoint', e.id) order by a.id, e.id),
    pg_catalog.array_agg(event),
    pg_catalog.array_agg(pg_catalog.jsonb_build_object(
      'alert_id', a.id,
      'org_id', a.org_id,
      'kind', a.kind,
      'endpoint_id', a.endpoint_id,
      'message', case event when 'alert.raised' then a.message else 'The webhook endpoint is in use again.' end,
      'value', a.value,
      'threshold', a.threshold,
      'raised_at', a.raised_at,
      'resolved_at', a.resolved_at) order by a.id, e.id),
    pg_catalog.array_agg(a.id order by a.id, e.id))
  from etl_api.alert as a
  join public.webhook_endpoint as e
    on e.org_id = a.org_id
    and e.id <> a.endpoint_id
    and e.disabled_at is null
  where a.id = any (alert_ids);
end
$$;

comment on function etl_api.tell_endpoint_alerts(uuid[], text) is
  'Tells the log, and the endpoints of the tenant that are in use and want alert.raised or alert.resolved, of alerts of an endpoint.';

revoke execute on function etl_api.tell_endpoint_alerts(uuid[], text) from public;
grant execute on function etl_api.tell_endpoint_alerts(uuid[], text) to service_role;
-- end of source

-- source: sql/etl_api/delivery/trigger_follow_endpoints.sql
drop trigger if exists check_endpoint_rules_insert on public.webhook_endpoint;
create trigger check_endpoint_rules_insert
  after insert on public.webhook_endpoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_endpoint_rules();
comment on trigger check_endpoint_rules_insert on public.webhook_endpoint is
  'Headers and schedule are valid before the engine meets them.';

drop trigger if exists check_endpoint_rules_update on public.webhook_endpoint;
create trigger check_endpoint_rules_update
  after update on public.webhook_endpoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_endpoint_rules();
comment on trigger check_endpoint_rules_update on public.webhook_endpoint is
  'Headers and schedule are valid before the engine meets them.';

drop trigger if exists keep_endpoint_marks on public.webhook_endpoint;
create trigger keep_endpoint_marks
  before update of disabled_at on public.webhook_endpoint
  for each row
  when (old.disabled_at is not null and new.disabled_at is null)
  execute function etl_api.keep_endpoint_marks();
comment on trigger keep_endpoint_marks on public.webhook_endpoint is
  'An endpoint in use again begins anew.';

drop trigger if exists follow_endpoints on public.webhook_endpoint;
create trigger follow_endpoints
  after update on public.webhook_endpoint
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.follow_endpoints();
comment on trigger follow_endpoints on public.webhook_endpoint is
  'Messages wait while their endpoint is disabled, and go on when it is in use again.';

drop trigger if exists follow_orgs on public.org;
create trigger follow_orgs
  after update of settings, deleted_at on public.org
  for each row
  when (old.settings -> 'ordered_deliveries' is distinct from new.settings -> 'ordered_deliveries'
    or (old.deleted_at is null) <> (new.deleted_at is null))
  execute function etl_api.follow_orgs();
comment on trigger follow_orgs on public.org is
  'What is known of a lane holds for the order it had.';
-- end of source

-- source: sql/etl_api/delivery/want_lanes.sql
create or replace function etl_api.want_lanes(lanes uuid[], org_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
begin
  insert into etl_api.delivery_lane as known (lane, org_id, at_once, wanted, changed_at)
  select w.lane, w.org_id, coalesce(utils.int_or_null(etl_api.setting_value('lane_start')), 20), true, utils.now()
  from unnest(lanes, org_ids) as w (lane, org_id)
  order by w.lane
  on conflict (lane) do update
  set wanted = true,
      changed_at = utils.now()
  where not known.wanted
    and known.at_once is not null;
end
$$;

comment on function etl_api.want_lanes(uuid[], uuid[]) is
  'Notes that these lanes could have been sent more than they may have under way, so that their next success lets them have more.';

revoke execute on function etl_api.want_lanes(uuid[], uuid[]) from public;
grant execute on function etl_api.want_lanes(uuid[], uuid[]) to service_role;
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
  -- 8 bytes make 48 of a text at most: what takes less is not too large.
  small constant bigint := etl_api.limit_of('max_answer_bytes') / 8;
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
      where not (s.is_plain and h.status between 200 and 299 and h.result #> '{error,kind}' is null
        and pg_catalog.pg_column_size(h.result) <= small)
      offset 0
    ) as j on true
  ),
  kept as (
    insert into public.run_response
      (run_request_id, org_id, answer_no, http_status, headers, body, body_text, duration_ms, received_at)
    select a.id, a.org_id, coalesce(before.answer_no, 0) + 1, a.status, a.result -> 'headers',
      -- What is too large is not kept either.
      case when a.code is distinct from 'too_large' then a.result -> 'body' end,
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
    and pg_catalog.strpos(
      (case when pg_catalog.jsonb_typeof(template) = 'object' then template - 'response' else template end)::text, '<<$page') = 0;
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
  max_bytes bigint;
  bytes bigint;
begin
  verdict := 'map';
  if status is not null and status not between 200 and 299 then
    code := case status when 429 then 'rate_limited' else 'http_' || status end;
    message := case
      when status between 300 and 399 and status <> 304
        then pg_catalog.format('%s answered with HTTP status %s; redirects are not followed, so give the address it leads to.', source.name, status)
      else pg_catalog.format('%s answered with HTTP status %s.', source.name, status) end;
    transient := status in (408, 425, 429) or status >= 500;
  elsif error_kind is not null or status is null then
    code := coalesce(error_kind, 'network');
    message := coalesce(pg_catalog.left(answer #>> '{error,message}', 2000), pg_catalog.format('%s gave no answer.', source.name));
    transient := code in ('timeout', 'network', 'invalid_json');
  elsif pg_catalog.pg_column_size(body) > 100 then
    max_bytes := etl_api.limit_of('max_answer_bytes');
    bytes := case when pg_catalog.pg_column_size(body) > max_bytes / 8 then pg_catalog.octet_length(body::text) end;
    if bytes > max_bytes then
      code := 'too_large';
      message := pg_catalog.format(
        '%s answered with %s bytes; %s is the most. Ask for less at once, or have the operator raise the setting max_answer_bytes.',
        source.name, bytes, max_bytes);
    end if;
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
create or replace function etl_api.refuse_answer(
  run_request_id uuid, result jsonb, fault_state text, fault_message text, over_limit jsonb default null)
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
      'kind', coalesce(over_limit ->> 'code', 'internal_error'),
      'message', coalesce(
        (over_limit ->> 'message') || ' ' || (over_limit ->> 'hint'),
        pg_catalog.format('The engine could not use the answer: %s (%s).', fault_message, fault_state))))]);
  if pg_catalog.cardinality(answers) = 0 then
    return '{}'::uuid[];
  end if;
  perform etl_api.process_answers(answers);
  -- What is over a limit failed for a reason its row tells, like any other failure.
  if over_limit is null then
    perform etl_api.logger('error', 'exchange', 'An answer could not be used.',
      pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message), null, 'run_request', run_request_id);
  end if;
  return array[run_request_id];
end
$$;

comment on function etl_api.refuse_answer(uuid, jsonb, text, text, jsonb) is
  'Ends an HTTP request whose answer made the engine raise as failed: over_limit, the fault of a limit it is over, else internal_error, with the cause in the log. The answer is kept in run_response. The caller holds the workflow lock.';

revoke execute on function etl_api.refuse_answer(uuid, jsonb, text, text, jsonb) from public;
grant execute on function etl_api.refuse_answer(uuid, jsonb, text, text, jsonb) to service_role;
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
  fault_detail text;
  fault_hint text;
begin
  perform etl_api.lock_request_workflows(ids);
  answers := etl_api.accept_answers(ids, results);
  if pg_catalog.cardinality(answers) > 0 then
    perform etl_api.process_answers(answers);
  end if;
  return array(select a.run_request_id from pg_catalog.unnest(answers) as a);
exception when others then
  get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text,
    fault_detail = pg_exception_detail, fault_hint = pg_exception_hint;
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
  return etl_api.refuse_answer(ids[1], results[1], fault_state, fault_message,
    etl_api.limit_fault(fault_state, fault_message, fault_detail, fault_hint));
end
$$;

comment on function etl_api.take_answers(uuid[], jsonb[]) is
  'Takes the results of claimed HTTP requests whose lease lives and does what they lead to. When that fails, it halves them until the one that cannot be used stands alone, ends that request as failed (with the code of the limit it is over, or internal_error) and takes the others. Returns the ids of those taken.';

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
    select s.enabled and not exists (
        select from public.org as o where o.id = pair.org_id and o.deleted_at is not null) as is_open,
      s.cost_per_run, s.max_concurrency is not null or s.rate_limit is not null as is_limited into source
    from public.source as s
    where s.id = pair.source_id;
    if not source.is_open then
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
    select *
    from etl_api.crowd_faults(array(
      select a from pg_catalog.unnest(activities) as a where a.workflow_request_id = any (suspect_ids)))
    where suspect_ids <> '{}'
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
  select * from etl_api.limit_faults(activities)
  union all
  select * from etl_api.datapoint_faults(activities)
  union all
  select * from etl_api.source_faults(activities)
  union all
  select * from etl_api.webhook_faults('{}', activities)
  union all
  select * from etl_api.target_faults(activities)
  union all
  select * from etl_api.table_faults(activities);
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
  if exists (select 1 from pg_catalog.unnest(activities) as a where a.body #> '{destination,table,id}' is not null) then
    perform etl_api.create_table_jobs(activities);
  end if;
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

-- source: sql/etl_api/intake/crowd_faults.sql
create or replace function etl_api.crowd_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
set jit = off
as $$
declare
  most constant bigint := etl_api.limit_of('max_objects');
  handed_to constant uuid[] := array(select distinct e.to_id from etl_api.activity_edges(activities) as e where e.to_id is not null);
begin
  return query
  select a.workflow_request_id, 'too_many_objects', etl_api.json_path('data', a.activity_key), pg_catalog.to_jsonb(given.count),
    pg_catalog.format('The activity %s would take %s objects from %s; %s is the most.',
      pg_catalog.to_json(a.activity_name), given.count, given.places, most),
    'Make several requests of it, or ask the operator to raise the setting max_objects.'
  from pg_catalog.unnest(activities) as a
  cross join lateral (
    select r.data
    from public.workflow_request as r
    where r.id = a.workflow_request_id
      and r.replay = 0
    offset 0
  ) as w
  cross join lateral (
    select pg_catalog.sum(n.count)::bigint as count,
      pg_catalog.string_agg(distinct etl_api.path_text(utils.mapping_path(m.key_mapping_json)), ', ') as places
    from etl_api.input_mappings(a.org_id, a.source_ids,
      case when (select etl_api.activity_types()) ->> a.activity_type = 'input' then a.object_type_id end) as m
    cross join lateral (
      select pg_catalog.count(*)
      from utils.jsonb_resolve_object_names(w.data, utils.mapping_path(m.key_mapping_json))
    ) as n
  ) as given
  where a.activity_id is not null
    and a.id <> all (handed_to)
    and utils.jsonb_size(w.data) > most * 8
    and given.count > most;
end
$$;

comment on function etl_api.crowd_faults(etl_api.requested_activity[]) is
  'Activities that would take more objects from their request than the setting max_objects allows. For requests that are large enough for it.';

revoke execute on function etl_api.crowd_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.crowd_faults(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/fault_rank.sql
create or replace function etl_api.fault_rank(code text) returns int
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(pg_catalog.array_position(
    array['org_deleted', 'no_free_objects', 'too_large', 'too_deep',
      'invalid_json', 'missing_value', 'invalid_type', 'too_many_activities', 'too_many_objects', 'unknown_activity', 'unknown_datapoint',
      'unknown_source', 'no_source', 'unknown_endpoint', 'unknown_table', 'invalid_url',
        'dependency_cycle', 'dependency_order', 'deadline_past', 'too_many_matches', 'internal_error'],
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
  fault_detail text;
  fault_hint text;
begin
  perform etl_api.accept_workflow_requests(workflow_request_ids);
exception when others then
  get stacked diagnostics
    fault_state = returned_sqlstate,
    fault_message = message_text,
    fault_context = pg_exception_context,
    fault_detail = pg_exception_detail,
    fault_hint = pg_exception_hint;
  -- Not the request's doing: deadlocks and other rollbacks (40), no lock (55P03), read-only (25), out of disk,
  -- memory, locks (53), shutdown (57), an I/O error (58). The whole statement is to be tried again.
  if fault_state ~ '^(40|25|53|57|58)' or fault_state = '55P03' then
    raise;
  end if;
  if half > 0 then
    perform etl_api.isolate_workflow_requests(workflow_request_ids[1 : half]);
    perform etl_api.isolate_workflow_requests(workflow_request_ids[half + 1 :]);
  elsif etl_api.limit_fault(fault_state, fault_message, fault_detail, fault_hint) is not null then
    perform etl_api.reject_workflow_requests(workflow_request_ids, array[pg_catalog.jsonb_build_array(
      etl_api.limit_fault(fault_state, fault_message, fault_detail, fault_hint))]);
  else
    perform etl_api.record_intake_failure(workflow_request_ids[1], fault_state, fault_message, fault_context);
  end if;
end
$$;

comment on function etl_api.isolate_workflow_requests(uuid[]) is
  'Takes new requests in; when that fails, halves them until the one that cannot be taken in stands alone, ends it as invalid (with the code of the limit it is over, or internal_error) and takes in the others.';

revoke execute on function etl_api.isolate_workflow_requests(uuid[]) from public;
grant execute on function etl_api.isolate_workflow_requests(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/limit_faults.sql
create or replace function etl_api.limit_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
declare
  most constant bigint := etl_api.limit_of('max_objects');
begin
  return query
  select a.workflow_request_id, 'too_many_objects', etl_api.json_path('data', a.activity_key, 'setup', 'config', 'max_objects'),
    pg_catalog.to_jsonb(a.max_objects),
    pg_catalog.format('The activity %s asks for up to %s objects; %s is the most.',
      pg_catalog.to_json(a.activity_name), a.max_objects, most),
    case when coalesce(a.body #> '{setup,config}' ? 'max_objects', false)
      then 'Write a smaller number, or ask the operator to raise the setting max_objects.'
      else 'It stands in the config of the activity itself: set it right there, or write a smaller number here.' end
  from pg_catalog.unnest(activities) as a
  where a.max_objects > most;
end
$$;

comment on function etl_api.limit_faults(etl_api.requested_activity[]) is
  'Activities that ask for more objects than the setting max_objects allows.';

revoke execute on function etl_api.limit_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.limit_faults(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/may_be_too_much.sql
create or replace function etl_api.may_be_too_much(data jsonb, max_bytes bigint, max_depth bigint, max_objects bigint)
returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  size constant bigint := utils.jsonb_size(data);
begin
  return size > max_objects * 8
    or size > max_bytes / 8 and pg_catalog.octet_length(data::text) > max_bytes
    or size > max_depth * 8 and utils.jsonb_is_deeper(data, max_depth);
end
$$;

comment on function etl_api.may_be_too_much(jsonb, bigint, bigint, bigint) is
  'Whether data is over the limits of size and depth, or so large that more objects than allowed fit into it.';

revoke execute on function etl_api.may_be_too_much(jsonb, bigint, bigint, bigint) from public;
grant execute on function etl_api.may_be_too_much(jsonb, bigint, bigint, bigint) to service_role;
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
  perform pg_catalog.set_config('etl.max_matches', etl_api.limit_of('max_matches')::text, true);
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
    select s.code, s.path, s.found, s.message, s.hint
    from etl_api.size_faults(w.data) as s
    union all
    select t.code, t.path, t.found, t.message, t.hint
    from etl_api.timing_faults(w.not_before, w.deadline_at, w.priority) as t
    where w.deadline_at is not null or w.priority not between -100 and 100
  ) as f;
end
$$;

comment on function etl_api.request_faults(uuid[]) is
  'What is wrong with requests as a whole: no data, no object, too large, too deep, no activities, too many; a deadline that is over, a priority out of range.';

revoke execute on function etl_api.request_faults(uuid[]) from public;
grant execute on function etl_api.request_faults(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/intake/size_faults.sql
create or replace function etl_api.size_faults(data jsonb)
returns table (code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  max_bytes constant bigint := etl_api.limit_of('max_data_bytes');
  max_depth constant bigint := etl_api.limit_of('max_data_depth');
  size constant bigint := utils.jsonb_size(data);
  bytes constant bigint := case when size > max_bytes / 8 then pg_catalog.octet_length(data::text) end;
  depth int;
begin
  if bytes > max_bytes then
    return query
    values ('too_large', '$', pg_catalog.to_jsonb(bytes),
      pg_catalog.format('The data of the request has %s bytes as JSON; %s is the most.', bytes, max_bytes),
      'Make several requests of it, or ask the operator to raise the setting max_data_bytes.');
  elsif size > max_depth * 8 and utils.jsonb_is_deeper(data, max_depth) then
    depth := utils.jsonb_depth(data);
    return query
    values ('too_deep', '$', pg_catalog.to_jsonb(depth),
      pg_catalog.format('The data of the request is nested %s levels deep; %s is the most.', depth, max_depth),
      'Make it flatter, or ask the operator to raise the setting max_data_depth.');
  end if;
end
$$;

comment on function etl_api.size_faults(jsonb) is
  'What is wrong with the size of a request''s data: more bytes or levels than the settings max_data_bytes and max_data_depth allow.';

revoke execute on function etl_api.size_faults(jsonb) from public;
grant execute on function etl_api.size_faults(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/intake/suspect_requests.sql
create or replace function etl_api.suspect_requests(workflow_request_ids uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
set jit = off
as $$
declare
  max_bytes constant bigint := etl_api.limit_of('max_data_bytes');
  max_depth constant bigint := etl_api.limit_of('max_data_depth');
  max_objects constant bigint := etl_api.limit_of('max_objects');
  -- What takes less is within all limits: a level and an object take 8 bytes at least, and 8 bytes make 48 of a text.
  small constant bigint := least(max_bytes / 8, max_depth * 8, max_objects * 8);
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
      or w.priority not between -100 and 100
      -- Its size as stored is free to see, but says nothing where it is compressed.
      or (pg_catalog.pg_column_size(w.data) > small or pg_catalog.pg_column_compression(w.data) is not null)
        and etl_api.may_be_too_much(w.data, max_bytes, max_depth, max_objects));
end
$$;

comment on function etl_api.suspect_requests(uuid[]) is
  'Those of these requests that may have faults as a whole: of their data, its size, timing, config or destination (request_faults, config_faults, webhook_faults, crowd_faults). The others have none of these.';

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
        and s.deleted_at is null
        and (s.org_id is null or s.org_id = unknown_source_ids.org_id))
    order by named.place);
end
$$;

comment on function etl_api.unknown_source_ids(uuid, uuid[]) is
  'Those of some sources that do not exist, were deleted, or that a tenant does not see.';

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
      pg_catalog.format(case when e.id is null then 'There is no endpoint %s.' else 'The endpoint %s was deleted.' end, endpoint #>> '{}'),
      'Give the id of a webhook_endpoint of your organisation.'
    from (values ((endpoint #>> '{}')::uuid)) as named (id)
    left join public.webhook_endpoint as e on e.id = named.id and e.org_id = webhook_fault.org_id
    -- What goes to one that is disabled waits there until it is in use again.
    where e.id is null or e.deleted_at is not null;
  end if;
end
$$;

comment on function etl_api.webhook_fault(uuid, jsonb) is
  'What is wrong with one webhook object: url or endpoint missing, not both, not well formed, unknown, deleted.';

revoke execute on function etl_api.webhook_fault(uuid, jsonb) from public;
grant execute on function etl_api.webhook_fault(uuid, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/kv/kv_apply.sql
create or replace function etl_api.kv_apply(
  mapping_name text, org_ids uuid[], keys text[], out inserted bigint, out updated bigint, out deleted bigint, out misfits bigint)
language plpgsql
set search_path = ''
as $$
-- The statements are made of checked names, quoted by format.
-- @plpgsql_check_options: security_warnings = false
declare
  mapping etl_api.kv_mapping;
  matcher text;
  child record;
  again_org_ids uuid[];
  again_keys text[];
  again record;
begin
  select m.* into mapping
  from etl_api.kv_mapping as m
  where m.name = mapping_name;
  matcher := (utils.key_pattern(mapping.key_pattern)).matcher;
  execute mapping.apply_sql using org_ids, keys, utils.now() into inserted, updated, deleted, misfits;

  -- What refers to a row that went refers to nothing now. A loop: each table has a statement of its own.
  if deleted > 0 then
    for child in
      select m.name, m.table_name, c.name as column_name, etl_api.kv_key_sql(m) as key_sql, k.name as key_name
      from etl_api.kv_mapping as m
      cross join lateral etl_api.kv_columns(m) as c
      cross join lateral etl_api.kv_columns(mapping) as k
      where c.refers_to = mapping_name
        and k.is_key
        and m.apply_sql is not null
    loop
      execute pg_catalog.format($sql$
        select pg_catalog.array_agg(t.org_id) as org_ids, pg_catalog.array_agg(%1$s) as keys
        from (select distinct u.org_id, (pg_catalog.regexp_match(u.key, %2$L))[1] as id from unnest($1, $2) as u (org_id, key)) as g
        join public.%3$I as t on t.org_id = g.org_id and t.%4$I = g.id
        where not exists (select from public.%5$I as p where p.org_id = g.org_id and p.%6$I = g.id)
        $sql$, child.key_sql, matcher, child.table_name, child.column_name, mapping.table_name, child.key_name)
      using org_ids, keys into again_org_ids, again_keys;
      if again_keys is not null then
        perform etl_api.kv_apply(child.name, again_org_ids, again_keys);
      end if;
    end loop;
  end if;

  -- What waited for a row that came finds it now.
  if inserted > 0 then
    for again in
      select f.mapping, pg_catalog.array_agg(f.org_id) as org_ids, pg_catalog.array_agg(f.key) as keys
      from (
        select distinct u.org_id, (pg_catalog.regexp_match(u.key, matcher))[1] as id
        from unnest(org_ids, keys) as u (org_id, key)
      ) as g
      join etl_api.kv_misfit as f
        on f.refers_to = mapping_name
        and f.org_id = g.org_id
        and f.found #>> '{}' = g.id
      group by f.mapping
    loop
      perform etl_api.kv_apply(again.mapping, again.org_ids, again.keys);
    end loop;
  end if;
end
$$;

comment on function etl_api.kv_apply(text, uuid[], text[]) is
  'Brings the rows of a mapping''s table up to what is stored under these keys, and those of other tables that refer to rows that came or went. Returns how many rows were inserted, updated and deleted, and how many values did not fit (kv_misfit).';

revoke execute on function etl_api.kv_apply(text, uuid[], text[]) from public;
-- end of source

-- source: sql/etl_api/kv/kv_check_lists.sql
create or replace function etl_api.kv_check_lists(of_org uuid default null)
returns table (entity text, id uuid, org_id uuid, problem text)
language sql stable
set search_path = ''
as $$
  with should as materialized (
    select e.org_id, e.index_key, e.member, e.index_id
    from (
      select pg_catalog.array_agg(s) as rows
      from public.kv_store as s
      where of_org is null
        or s.org_id = of_org
      group by s.org_id
    ) as o
    cross join lateral etl_api.kv_entries(o.rows) as e
  ),
  listed as materialized (
    select e.org_id, e.index_key, e.member, e.index_id
    from etl_api.kv_index_entry as e
    where of_org is null
      or e.org_id = of_org
  )
  select 'kv_index', t.index_id, t.org_id, pg_catalog.format(t.problem, t.index_key, t.member)
  from (
    (select *, 'the list %s lacks %s' as problem from should except all select *, 'the list %s lacks %s' from listed)
    union all
    (select *, 'the list %s has %s, which is not there' from listed except all select *, 'the list %s has %s, which is not there' from should)
  ) as t
$$;

comment on function etl_api.kv_check_lists(uuid) is
  'Lists of the key-value store that are not what is stored, of an org (null: of all); see etl_api.check_consistency.';

revoke execute on function etl_api.kv_check_lists(uuid) from public;
grant execute on function etl_api.kv_check_lists(uuid) to service_role;
-- end of source

-- source: sql/etl_api/kv/kv_check_mapping.sql
create or replace function etl_api.kv_check_mapping() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  fault text;
begin
  if tg_op = 'UPDATE' and old.apply_sql is not null
    and (old.key_pattern, old.table_name, old.columns) is distinct from (new.key_pattern, new.table_name, new.columns)
  then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('the mapping %s has its table already', new.name),
      hint = 'Drop the table, delete the mapping and make it anew; the store has everything still.';
  end if;
  if pg_catalog.jsonb_typeof(new.columns) is distinct from 'array' or new.columns @? '$[*] ? (@.type() != "object")' then
    fault := 'columns must be an array of objects';
  else
    select f.fault into fault
    from (
      select c.place, case
          when c.name is null or c.name !~ '^[a-z][a-z0-9_]{0,40}$' then 'name must be a small letter and then letters, digits and "_"'
          when c.name in ('org_id', 'rest', 'expires_at') then 'the name is one of the table''s own'
          when (c.variable is not null)::int + (c.way is not null)::int + (c.constant is not null)::int <> 1 then 'it needs one of "key", "path" and "value"'
          when c.variable is not null and c.variable <> all ((utils.key_pattern(new.key_pattern)).names) then 'the key pattern has no such variable'
          when c.way && '{*,**}' or c.way = '{}' or pg_catalog.array_position(c.way, null) is not null then 'path must lead to one place, such as "userId" or ["meta", "lang"]'
          when exists (select 1 from unnest(c.way) as w (step) where w.step ~ '^-?[0-9]+$') then 'path must lead through members, not through places in an array'
          when c.read_sql is null then pg_catalog.format('there is no type %s', c.type)
          when c.is_key and c.type <> 'text' then 'what comes from the key is text'
          when c.refers_to is not null and c.type <> 'text' then 'what refers to a key is text'
          when c.refers_to is not null and c.refers_to <> new.name and not exists (
              select 1 from etl_api.kv_mapping as m where m.name = c.refers_to) then pg_catalog.format('there is no mapping %s', c.refers_to)
          when c.refers_to is not null and (
              select pg_catalog.count(*) from etl_api.kv_mapping as m
              cross join lateral etl_api.kv_columns(m) as k
              where m.name = c.refers_to and k.is_key) > 1 then pg_catalog.format('the key of %s has several columns', c.refers_to)
        end as fault, c.name
      from etl_api.kv_columns(new) as c
      union all
      select 1000, 'the variable ' || n.name || ' of the key pattern has no column', null
      from unnest((utils.key_pattern(new.key_pattern)).names) as n (name)
      where not exists (select 1 from etl_api.kv_columns(new) as c where c.variable = n.name)
      union all
      select 1001, 'two columns have one name', pg_catalog.min(c.name)
      from etl_api.kv_columns(new) as c
      group by c.name
      having pg_catalog.count(*) > 1
    ) as f
    where f.fault is not null
    order by f.place
    limit 1;
  end if;
  if fault is not null then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('the mapping %s cannot be used: %s', new.name, fault),
      hint = 'See the comment on etl_api.kv_mapping.columns.';
  end if;
  return new;
end
$$;

comment on function etl_api.kv_check_mapping() is 'Refuses a mapping that no table could be made of. ETL07, with what is wrong.';

revoke execute on function etl_api.kv_check_mapping() from public;
-- end of source

-- source: sql/etl_api/kv/kv_check_writer.sql
create or replace function etl_api.kv_check_writer(org_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if org_id is null then
    raise exception using
      errcode = 'ETL04',
      message = 'org_id is null: it must be the id of an org',
      hint = 'Give the id of the org whose store it is.';
  elsif not coalesce(etl_api.may_request(org_id), false) then
    -- Another org and no org at all look the same from outside.
    raise exception using
      errcode = 'ETL06',
      message = pg_catalog.format('you may not write to the store of org %s', org_id),
      hint = 'An owner, admin or member of the org can do this.';
  end if;
end
$$;

comment on function etl_api.kv_check_writer(uuid) is
  'Refuses a caller who may not write to an org''s store: the first statement of the doors that do. ETL04: null; ETL06: not the caller''s, or the caller only reads there.';

revoke execute on function etl_api.kv_check_writer(uuid) from public;
grant execute on function etl_api.kv_check_writer(uuid) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/kv/kv_column_type.sql
create or replace function etl_api.kv_column_type(type text, out column_type text, out read_sql text, out back_sql text)
language plpgsql stable
set search_path = ''
as $$
begin
  -- read_sql: %1$s is the JSON found; null when it does not fit. back_sql: %1$s is the column.
  column_type := type;
  back_sql := 'pg_catalog.to_jsonb(%1$s)';
  case
    when type = 'text' then
      read_sql := 'case pg_catalog.jsonb_typeof(%1$s) when ''string'' then %1$s #>> ''{}'' end';
    when type = 'bigint' then
      read_sql := 'case when pg_catalog.jsonb_typeof(%1$s) = ''number'' and (%1$s)::text ~ ''^-?[0-9]{1,18}$'' then (%1$s)::bigint end';
    when type = 'numeric' then
      read_sql := 'case pg_catalog.jsonb_typeof(%1$s) when ''number'' then (%1$s)::numeric end';
    when type = 'boolean' then
      read_sql := 'case pg_catalog.jsonb_typeof(%1$s) when ''boolean'' then (%1$s)::boolean end';
    when type = 'timestamptz' then
      read_sql := 'utils.timestamptz_or_null(%1$s)';
      back_sql := 'pg_catalog.to_jsonb(utils.iso_time(%1$s))';
    when type = 'date' then
      read_sql := 'utils.date_or_null(%1$s)';
      back_sql := 'pg_catalog.to_jsonb(pg_catalog.to_char(%1$s, ''YYYY-MM-DD''))';
    when type = 'jsonb' then
      read_sql := '%1$s';
      back_sql := '%1$s';
    when type = 'text[]' then
      read_sql := 'case when pg_catalog.jsonb_typeof(%1$s) = ''array'' and not %1$s @? ''$[*] ? (@.type() != "string")'''
        || ' then array(select e.value #>> ''{}'' from pg_catalog.jsonb_array_elements(%1$s) as e) end';
    when type ~ '^vector\([1-9][0-9]{0,3}\)$' then
      -- Without the extension it is plain numbers: all that is missing is the search.
      if exists (select 1 from pg_catalog.pg_extension as e where e.extname = 'vector') then
        column_type := pg_catalog.format('%s.%s', (
          select pg_catalog.quote_ident(n.nspname)
          from pg_catalog.pg_extension as e
          join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
          where e.extname = 'vector'), type);
        read_sql := pg_catalog.format(
          'case when pg_catalog.jsonb_typeof(%%1$s) = ''array'' and pg_catalog.jsonb_array_length(%%1$s) = %s'
            || ' and not %%1$s @? ''$[*] ? (@.type() != "number")'' then (%%1$s)::text::%s end',
          pg_catalog.substring(type, '[0-9]+'), column_type);
        back_sql := '(%1$s)::text::jsonb';
      else
        column_type := 'double precision[]';
        read_sql := pg_catalog.format(
          'case when pg_catalog.jsonb_typeof(%%1$s) = ''array'' and pg_catalog.jsonb_array_length(%%1$s) = %s'
            || ' and not %%1$s @? ''$[*] ? (@.type() != "number")'''
            || ' then array(select (e.value)::double precision from pg_catalog.jsonb_array_elements(%%1$s) as e) end',
          pg_catalog.substring(type, '[0-9]+'));
      end if;
    else
      null;
  end case;
end
$$;

comment on function etl_api.kv_column_type(text) is
  'The type of a column of a typed table, how it is read out of JSON (null where that does not fit) and written back; read_sql is null for a type that is none.';

revoke execute on function etl_api.kv_column_type(text) from public;
-- end of source

-- source: sql/etl_api/kv/kv_columns.sql
create or replace function etl_api.kv_columns(mapping etl_api.kv_mapping)
returns table (
  place int, name text, variable text, way text[], constant text, type text, refers_to text, is_indexed boolean,
  column_type text, read_sql text, back_sql text, is_key boolean)
language sql stable
set search_path = ''
as $$
  select c.place::int, c.value ->> 'name', c.value ->> 'key',
    case pg_catalog.jsonb_typeof(c.value -> 'path')
      when 'string' then array[c.value ->> 'path']
      when 'array' then array(select e.value #>> '{}' from pg_catalog.jsonb_array_elements(c.value -> 'path') as e)
    end, c.value ->> 'value',
    coalesce(c.value ->> 'type', 'text'), c.value ->> 'references', coalesce((c.value ->> 'index')::boolean, false),
    t.column_type, t.read_sql, t.back_sql, c.value ? 'key' or c.value ? 'value'
  from pg_catalog.jsonb_array_elements(mapping.columns) with ordinality as c (value, place)
  cross join lateral etl_api.kv_column_type(coalesce(c.value ->> 'type', 'text')) as t
  order by c.place
$$;

comment on function etl_api.kv_columns(etl_api.kv_mapping) is
  'The columns of a mapping, one a row. Its key is made of its variables and constants.';

revoke execute on function etl_api.kv_columns(etl_api.kv_mapping) from public;
-- end of source

-- source: sql/etl_api/kv/kv_compare_and_set.sql
create or replace function etl_api.kv_compare_and_set(
  org_id uuid, key text, expected_version bigint, value jsonb, expires_in interval default null)
returns bigint
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  written bigint;
begin
  perform etl_api.kv_check_writer(kv_compare_and_set.org_id);
  if key is null or key = '' or pg_catalog.octet_length(key) > 1024 or value is null or expires_in <= interval '0' then
    raise exception using
      errcode = 'ETL04',
      message = case
        when key is null then 'key is null: it must be a text'
        when key = '' then 'key is empty: it must be a text of 1 to 1024 bytes'
        when pg_catalog.octet_length(key) > 1024 then
          pg_catalog.format('key has %s bytes: it must have 1 to 1024 (%s…)', pg_catalog.octet_length(key), pg_catalog."left"(key, 40))
        when value is null then pg_catalog.format('value is null for %s: it must be JSON', key)
        else pg_catalog.format('expires_in is %s: it must be more than nothing', expires_in)
      end,
      hint = 'A JSON null is ''null''::jsonb; use etl_api.kv_delete for what goes.';
  end if;

  if expected_version is null then
    -- What has expired is not there.
    insert into public.kv_store as s (org_id, key, value, expires_at, created_at, updated_at)
    values (kv_compare_and_set.org_id, kv_compare_and_set.key, kv_compare_and_set.value, moment + expires_in, moment, moment)
    on conflict (org_id, key) do update
    set value = excluded.value,
        version = excluded.version,
        expires_at = excluded.expires_at,
        created_at = excluded.created_at,
        updated_at = excluded.updated_at
    where s.expires_at <= moment
    returning s.version into written;
  else
    update public.kv_store as s
    set value = kv_compare_and_set.value,
        version = default,
        expires_at = moment + expires_in,
        updated_at = moment
    where s.org_id = kv_compare_and_set.org_id
      and s.key = kv_compare_and_set.key
      and s.version = expected_version
      and (s.expires_at is null or s.expires_at > moment)
    returning s.version into written;
  end if;
  if written is not null then
    perform etl_api.kv_written(org_id, array[key]);
  end if;
  return written;
end
$$;

comment on function etl_api.kv_compare_and_set(uuid, text, bigint, jsonb, interval) is
  'Writes a value only if the key still has the version expected (null: if nothing is there). Returns the new version; null, and nothing written, when somebody was faster. Errors as of kv_set.';

revoke execute on function etl_api.kv_compare_and_set(uuid, text, bigint, jsonb, interval) from public;
grant execute on function etl_api.kv_compare_and_set(uuid, text, bigint, jsonb, interval) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/kv/kv_create_table.sql
create or replace function etl_api.kv_create_table(mapping etl_api.kv_mapping) returns void
language plpgsql
set search_path = ''
set client_min_messages = warning
as $$
-- Names are of small letters, digits and "_", by check constraints, and quoted by format.
-- @plpgsql_check_options: security_warnings = false
declare
  columns constant text := (
    select pg_catalog.string_agg(pg_catalog.format('%I %s%s', c.name, c.column_type, case when c.is_key then ' not null' else '' end), ', ' order by c.place)
    from etl_api.kv_columns(mapping) as c);
  key_columns constant text := (
    select pg_catalog.string_agg(pg_catalog.format('%I', c.name), ', ' order by c.place) from etl_api.kv_columns(mapping) as c where c.is_key);
  c record;
begin
  -- Several mappings may fill one table: what it has it keeps, what it lacks it gets.
  if pg_catalog.to_regclass(pg_catalog.format('public.%I', mapping.table_name)) is null then
    execute pg_catalog.format(
      'create table public.%I (org_id uuid not null references public.org (id) on delete cascade, %s, rest jsonb not null, expires_at timestamptz, primary key (org_id, %s))',
      mapping.table_name, columns, key_columns);
    execute pg_catalog.format('comment on table public.%I is %L', mapping.table_name,
      pg_catalog.format('Made of %s in the key-value store by the mapping %s.', mapping.key_pattern, mapping.name));
    execute pg_catalog.format('comment on column public.%I.rest is %L', mapping.table_name,
      'What no column holds: members without a column, and values that did not fit theirs.');
    execute pg_catalog.format('alter table public.%I enable row level security', mapping.table_name);
    execute pg_catalog.format('revoke all on public.%I from public, anon, authenticated, service_role', mapping.table_name);
    execute pg_catalog.format('grant select on public.%I to authenticated, service_role', mapping.table_name);
    execute pg_catalog.format(
      'create policy members_read on public.%I for select to authenticated using (org_id = any (array(select etl_api.my_orgs())))',
      mapping.table_name);
  elsif not exists (
    select 1
    from etl_api.kv_mapping as m
    where m.table_name = mapping.table_name
      and m.apply_sql is not null)
  then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('there is a table public.%s already, and no mapping made it', mapping.table_name),
      hint = 'Give the mapping another table_name.';
  end if;

  -- A loop over columns: each is a statement of its own.
  for c in
    select k.*, r.table_name as parent_table, r.key_name as parent_key
    from etl_api.kv_columns(mapping) as k
    left join lateral (
      select m.table_name, p.name as key_name
      from etl_api.kv_mapping as m
      cross join lateral etl_api.kv_columns(m) as p
      where m.name = k.refers_to
        and p.is_key
    ) as r on true
    order by k.place
  loop
    execute pg_catalog.format('alter table public.%I add column if not exists %I %s', mapping.table_name, c.name, c.column_type);
    if c.is_indexed or c.parent_table is not null then
      execute pg_catalog.format('create index if not exists %I on public.%I (org_id, %I)',
        mapping.table_name || '_' || c.name || '_idx', mapping.table_name, c.name);
    end if;
    -- Kept as it is when its parent goes: etl_api.kv_apply looks to it first, so this never fires on its own.
    if c.parent_table is not null and not exists (
      select 1 from pg_catalog.pg_constraint as k
      where k.conname = mapping.table_name || '_' || c.name || '_fkey'
        and k.conrelid = pg_catalog.to_regclass(pg_catalog.format('public.%I', mapping.table_name)))
    then
      execute pg_catalog.format(
        'alter table public.%I add constraint %I foreign key (org_id, %I) references public.%I (org_id, %I) deferrable initially deferred',
        mapping.table_name, mapping.table_name || '_' || c.name || '_fkey', c.name, c.parent_table, c.parent_key);
    end if;
  end loop;
end
$$;

comment on function etl_api.kv_create_table(etl_api.kv_mapping) is
  'Makes the typed table of a mapping, with its key, references, indexes and row level security, or adds to it what it lacks. ETL07: another table has its name.';

revoke execute on function etl_api.kv_create_table(etl_api.kv_mapping) from public;
-- end of source

-- source: sql/etl_api/kv/kv_delete.sql
create or replace function etl_api.kv_delete(org_id uuid, key text) returns boolean
language sql
set search_path = ''
as $$
  select etl_api.kv_delete_many(org_id, array[key]) > 0
$$;

comment on function etl_api.kv_delete(uuid, text) is
  'Deletes a key of an org''s store. Returns whether it was there. ETL06: the caller may not.';

revoke execute on function etl_api.kv_delete(uuid, text) from public;
grant execute on function etl_api.kv_delete(uuid, text) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/kv/kv_delete_many.sql
create or replace function etl_api.kv_delete_many(org_id uuid, keys text[]) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  deleted bigint;
begin
  perform etl_api.kv_check_writer(kv_delete_many.org_id);
  with held as materialized (
    select s.key, s.expires_at
    from public.kv_store as s
    where s.org_id = kv_delete_many.org_id
      and s.key = any (keys)
    order by s.key
    for update
  ),
  gone as (
    delete from public.kv_store as s
    using held as h
    where s.org_id = kv_delete_many.org_id
      and s.key = h.key
    returning h.expires_at
  )
  select pg_catalog.count(*) filter (where g.expires_at is null or g.expires_at > moment) into deleted
  from gone as g;
  perform etl_api.kv_written(org_id, keys);
  return deleted;
end
$$;

comment on function etl_api.kv_delete_many(uuid, text[]) is
  'Deletes these keys of an org''s store. Returns how many were there. ETL06: the caller may not.';

revoke execute on function etl_api.kv_delete_many(uuid, text[]) from public;
grant execute on function etl_api.kv_delete_many(uuid, text[]) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/kv/kv_entries.sql
create or replace function etl_api.kv_entries(rows public.kv_store[])
returns table (org_id uuid, index_key text, member text, index_id uuid, key text, place bigint)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with listing as materialized (
    select i as index, i.org_id, i.of_head, i.condition, i.id, wanted.matcher, wanted.names as of_names, named.names
    from etl_api.kv_index as i
    cross join lateral utils.key_pattern(i.of_pattern) as wanted
    cross join lateral utils.key_pattern(i.name) as named
    where i.of_head = any (array(select pg_catalog.split_part(r.key, ':', 1) from unnest(rows) as r))
  )
  select t.*
  from (
    select r.org_id, etl_api.kv_index_key(l.index, l.names, l.of_names, found.parts, r.value) as index_key,
      found.parts[pg_catalog.cardinality(found.parts)] as member, l.id, r.key, r.place
    from unnest(rows) with ordinality as r (org_id, key, value, version, expires_at, created_at, updated_at, place)
    join listing as l on l.of_head = pg_catalog.split_part(r.key, ':', 1)
    cross join lateral pg_catalog.regexp_match(r.key, l.matcher) as found (parts)
    where (l.org_id is null or l.org_id = r.org_id)
      and found.parts is not null
      and (l.condition is null or r.value @> l.condition)
  ) as t
  where t.index_key is not null;
end
$$;

comment on function etl_api.kv_entries(public.kv_store[]) is
  'The entries of lists (kv_index) that these rows of the store give, each with the place of its row.';

revoke execute on function etl_api.kv_entries(public.kv_store[]) from public;
-- end of source

-- source: sql/etl_api/kv/kv_fill_index.sql
create or replace function etl_api.kv_fill_index() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  stored_key text;
begin
  -- Writers who began before cannot know of the new list: they end first, and later ones see it.
  lock table public.kv_store in share row exclusive mode;
  select s.key into stored_key
  from new_rows as n
  join public.kv_store as s
    on s.key >= n.name_head
    and s.key < utils.prefix_end(n.name_head)
    and (n.org_id is null or s.org_id = n.org_id)
  where s.key ~ (utils.key_pattern(n.name)).matcher
  limit 1;
  if found then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('%s is stored as a value: the database cannot keep a list there', stored_key),
      hint = 'Delete the values under these keys first (etl_api.kv_delete_many).';
  end if;

  insert into etl_api.kv_index_entry (org_id, index_key, member, index_id, key)
  select e.org_id, e.index_key, e.member, e.index_id, e.key
  from (
    select s.org_id, pg_catalog.array_agg(s order by s.created_at, s.key) as rows
    from public.kv_store as s
    where exists (
      select from new_rows as n
      where s.key >= n.of_head
        and s.key < utils.prefix_end(n.of_head)
        and (n.org_id is null or s.org_id = n.org_id))
    group by s.org_id
  ) as o
  cross join lateral etl_api.kv_entries(o.rows) as e
  where e.index_id in (select n.id from new_rows as n)
  on conflict do nothing;
  return null;
end
$$;

comment on function etl_api.kv_fill_index() is
  'Fills a new list with what is stored already. ETL05: values are stored under the keys of the list.';

revoke execute on function etl_api.kv_fill_index() from public;
-- end of source

-- source: sql/etl_api/kv/kv_find_mapping.sql
create or replace function etl_api.kv_find_mapping(mapping_name text) returns etl_api.kv_mapping
language plpgsql
set search_path = ''
as $$
declare
  mapping etl_api.kv_mapping;
begin
  select m.* into mapping
  from etl_api.kv_mapping as m
  where m.name = mapping_name
  for no key update;
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no mapping %s', coalesce(mapping_name, 'null')),
      hint = 'etl_api.kv_mapping lists them; insert a row for one of your own.';
  elsif mapping.state = 'switched' then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('public.%s has taken over from the mapping %s', mapping.table_name, mapping_name),
      hint = 'Read and write the table.';
  end if;
  return mapping;
end
$$;

comment on function etl_api.kv_find_mapping(text) is
  'The mapping of that name, held until the transaction ends. ETL04: there is none; ETL05: its table has taken over.';

revoke execute on function etl_api.kv_find_mapping(text) from public;
-- end of source

-- source: sql/etl_api/kv/kv_follow.sql
create or replace function etl_api.kv_follow(name text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  mapping etl_api.kv_mapping := etl_api.kv_find_mapping(kv_follow.name);
  report jsonb;
begin
  -- From here on nobody writes until all that was written is in the table.
  lock table public.kv_store in share row exclusive mode;
  loop
    report := etl_api.kv_migrate(mapping.name);
    exit when (report ->> 'left')::bigint = 0;
  end loop;
  update etl_api.kv_mapping as m
  set state = 'following'
  where m.name = mapping.name;
  return report;
end
$$;

comment on function etl_api.kv_follow(text) is
  'Lets a mapping''s table follow the store from now on: each write to a key changes its row in the same transaction. What is not migrated yet is, while writers wait; so call kv_migrate first. Returns its last report; errors as of kv_migrate.';

revoke execute on function etl_api.kv_follow(text) from public;
grant execute on function etl_api.kv_follow(text) to service_role;
-- end of source

-- source: sql/etl_api/kv/kv_get.sql
create or replace function etl_api.kv_get(org_id uuid, key text) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  stored jsonb;
begin
  select s.value into stored
  from public.kv_store as s
  where s.org_id = kv_get.org_id
    and s.key = kv_get.key
    and (s.expires_at is null or s.expires_at > utils.now());
  if found then
    return stored;
  end if;
  return (
    select l.value
    from etl_api.kv_get_many(org_id, array[key]) as l);
end
$$;

comment on function etl_api.kv_get(uuid, text) is
  'The value under a key of an org''s store; under the key of a list (kv_index) its members. Null when there is nothing, or nothing that the caller may see.';

revoke execute on function etl_api.kv_get(uuid, text) from public;
grant execute on function etl_api.kv_get(uuid, text) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/kv/kv_get_many.sql
create or replace function etl_api.kv_get_many(org_id uuid, keys text[])
returns table (key text, value jsonb, version bigint)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  found_count bigint;
begin
  return query
  select s.key, s.value, s.version
  from public.kv_store as s
  where s.org_id = kv_get_many.org_id
    and s.key = any (keys)
    and (s.expires_at is null or s.expires_at > moment);
  get diagnostics found_count = row_count;
  if found_count = pg_catalog.cardinality(keys) then
    return;
  end if;

  -- Under the key of a list nothing else can be stored; an empty list has no entry.
  return query
  select l.key, coalesce((
      select pg_catalog.jsonb_agg(m.member order by m.seq)
      from (
        select e.member, pg_catalog.min(e.seq) as seq
        from etl_api.kv_index_entry as e
        join public.kv_store as s
          on s.org_id = e.org_id
          and s.key = e.key
          and (s.expires_at is null or s.expires_at > moment)
        where e.org_id = kv_get_many.org_id
          and e.index_key = l.key
        group by e.member
      ) as m), '[]'), null::bigint
  from (
    select distinct k.key
    from unnest(keys) as k (key)
    where exists (
      select from etl_api.kv_index as i
      where i.name_head = pg_catalog.split_part(k.key, ':', 1)
        and (i.org_id is null or i.org_id = kv_get_many.org_id)
        and k.key ~ (utils.key_pattern(i.name)).matcher)
  ) as l;
end
$$;

comment on function etl_api.kv_get_many(uuid, text[]) is
  'The values under these keys of an org''s store, with their versions; a key that is not there gives no row, the key of a list (kv_index) the members of the list, in the order in which they came. Only what the caller may see.';

revoke execute on function etl_api.kv_get_many(uuid, text[]) from public;
grant execute on function etl_api.kv_get_many(uuid, text[]) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/kv/kv_index_key.sql
create or replace function etl_api.kv_index_key(index etl_api.kv_index, names text[], of_names text[], parts text[], value jsonb)
returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  key text := index.name;
  variable text;
  given text;
begin
  -- A name has a variable or two.
  foreach variable in array names loop
    given := coalesce(
      parts[pg_catalog.array_position(of_names, variable)],
      utils.jsonb_resolve_first(value, coalesce(index.paths -> variable, pg_catalog.to_jsonb(variable))) #>> '{}');
    key := pg_catalog.replace(key, '{' || variable || '}', given);
  end loop;
  return key;
end
$$;

comment on function etl_api.kv_index_key(etl_api.kv_index, text[], text[], text[], jsonb) is
  'The key of the list that a key belongs to: each variable of the index''s name (names) is a part of the key listed (parts, named of_names) or lies in its value; null when one is neither.';

revoke execute on function etl_api.kv_index_key(etl_api.kv_index, text[], text[], text[], jsonb) from public;
-- end of source

-- source: sql/etl_api/kv/kv_keep_lists.sql
create or replace function etl_api.kv_keep_lists(org_id uuid, keys text[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  lists_own boolean;
  lists_of boolean;
  kept_key text;
  entries etl_api.kv_index_entry[];
begin
  -- The parts that keys begin with are few, whatever their number.
  select pg_catalog.bool_or(i.name_head = h.head), pg_catalog.bool_or(i.of_head = h.head)
  into lists_own, lists_of
  from (select distinct pg_catalog.split_part(k.key, ':', 1) as head from unnest(keys) as k (key)) as h
  join etl_api.kv_index as i
    on h.head in (i.name_head, i.of_head)
    and (i.org_id is null or i.org_id = kv_keep_lists.org_id);

  if lists_own then
    select k.key into kept_key
    from unnest(keys) as k (key)
    join etl_api.kv_index as i
      on i.name_head = pg_catalog.split_part(k.key, ':', 1)
      and (i.org_id is null or i.org_id = kv_keep_lists.org_id)
    where k.key ~ (utils.key_pattern(i.name)).matcher
    limit 1;
    if found then
      raise exception using
        errcode = 'ETL05',
        message = pg_catalog.format('%s is a list that the database keeps', kept_key),
        hint = 'Leave this key out: write and delete what it lists, and read it with etl_api.kv_get.';
    end if;
  end if;
  if lists_of is not true then
    return;
  end if;

  -- Who writes a key holds its row until the end, so its entries are whose the row is. Where a value changed and its
  -- place in the lists did not, nothing is written.
  entries := array(
    select row(e.org_id, e.index_key, e.member, e.index_id, e.key, e.place)::etl_api.kv_index_entry
    from etl_api.kv_entries(array(
      select s
      from unnest(keys) with ordinality as k (key, place)
      join public.kv_store as s
        on s.org_id = kv_keep_lists.org_id
        and s.key = k.key
      order by k.place)) as e);
  delete from etl_api.kv_index_entry as e
  where e.org_id = kv_keep_lists.org_id
    and e.key = any (keys)
    and not exists (
      select 1
      from unnest(entries) as n
      where n.key = e.key
        and n.index_key = e.index_key
        and n.index_id = e.index_id);
  insert into etl_api.kv_index_entry (org_id, index_key, member, index_id, key)
  select n.org_id, n.index_key, n.member, n.index_id, n.key
  from unnest(entries) as n
  order by n.seq
  on conflict do nothing;
end
$$;

comment on function etl_api.kv_keep_lists(uuid, text[]) is
  'Brings the lists of kv_index up to what is stored under these keys now. Called after each write, which holds the table, so that a list made at the same time is seen. ETL05: one of them is the key of a list.';

revoke execute on function etl_api.kv_keep_lists(uuid, text[]) from public;
-- end of source

-- source: sql/etl_api/kv/kv_key_sql.sql
create or replace function etl_api.kv_key_sql(mapping etl_api.kv_mapping) returns text
language sql stable
set search_path = ''
as $$
  -- The pattern in parts: what stands there, and variables in braces.
  select 'pg_catalog.concat(' || pg_catalog.string_agg(
    case when p.part like '{%' then pg_catalog.format('t.%I', (
        select c.name from etl_api.kv_columns(mapping) as c where c.variable = pg_catalog.btrim(p.part, '{}')))
      else pg_catalog.quote_literal(p.part) end, ', ' order by p.place) || ')'
  from (
    select m[1] as part, place
    from pg_catalog.regexp_matches(mapping.key_pattern, '(\{[^}]*\}|[^{]+)', 'g') with ordinality as t (m, place)
  ) as p
$$;

comment on function etl_api.kv_key_sql(etl_api.kv_mapping) is 'The expression that makes the key of a row of a mapping''s table, t.';

revoke execute on function etl_api.kv_key_sql(etl_api.kv_mapping) from public;
-- end of source

-- source: sql/etl_api/kv/kv_list.sql
create or replace function etl_api.kv_list(org_id uuid, prefix text, after text default null, max_keys int default 100)
returns table (key text, value jsonb, version bigint)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  behind constant text := utils.prefix_end(prefix);
begin
  if prefix is null or max_keys is null or max_keys not between 1 and 10000 then
    raise exception using
      errcode = 'ETL04',
      message = case when prefix is null then 'prefix is null: it must be a text'
        else pg_catalog.format('max_keys is %s: it must be from 1 to 10000', coalesce(max_keys::text, 'null')) end,
      hint = 'An empty prefix lists all; give the last key of a page as "after" for the next.';
  end if;
  return query
  select s.key, s.value, s.version
  from public.kv_store as s
  where s.org_id = kv_list.org_id
    and s.key >= prefix
    and (behind is null or s.key < behind)
    and (kv_list.after is null or s.key > kv_list.after)
    and (s.expires_at is null or s.expires_at > utils.now())
  order by s.key
  limit max_keys;
end
$$;

comment on function etl_api.kv_list(uuid, text, text, int) is
  'The keys of an org''s store that begin with the prefix, in the order of their bytes, at most max_keys (1 to 10000) behind the key "after"; only what the caller may see. ETL04: bad argument.';

revoke execute on function etl_api.kv_list(uuid, text, text, int) from public;
grant execute on function etl_api.kv_list(uuid, text, text, int) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/kv/kv_migrate.sql
create or replace function etl_api.kv_migrate(name text, max_keys int default 100000) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  mapping etl_api.kv_mapping := etl_api.kv_find_mapping(kv_migrate.name);
  noted record;
  done record;
begin
  if coalesce(max_keys, 0) < 1 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('max_keys is %s: it must be 1 or more', coalesce(max_keys::text, 'null')),
      hint = 'Leave it out for 100000.';
  end if;
  perform etl_api.kv_prepare(mapping.name);
  if mapping.state = 'off' then
    perform etl_api.kv_note_all(mapping);
  end if;

  with taken as (
    delete from etl_api.kv_change as c
    where c.seq in (
      select first.seq
      from etl_api.kv_change as first
      where first.mapping = mapping.name
      order by first.seq
      limit max_keys)
    returning c.org_id, c.key
  )
  select coalesce(pg_catalog.array_agg(t.org_id), '{}') as org_ids, coalesce(pg_catalog.array_agg(t.key), '{}') as keys,
    pg_catalog.count(distinct (t.org_id, t.key)) as count
  into noted
  from taken as t;
  done := etl_api.kv_apply(mapping.name, noted.org_ids, noted.keys);
  update etl_api.kv_mapping as m
  set migrated_at = utils.now()
  where m.name = mapping.name;

  return pg_catalog.jsonb_build_object(
    'mapping', mapping.name, 'table', mapping.table_name, 'keys', noted.count,
    'inserted', done.inserted, 'updated', done.updated, 'deleted', done.deleted,
    'left', (select pg_catalog.count(*) from etl_api.kv_change as c where c.mapping = mapping.name),
    'misfits', (select pg_catalog.count(*) from etl_api.kv_misfit as f where f.mapping = mapping.name),
    'examples', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'org_id', f.org_id, 'key', f.key, 'column', f.column_name, 'problem', f.problem, 'found', f.found)), '[]')
      from (
        select m.*
        from etl_api.kv_misfit as m
        where m.mapping = mapping.name
        order by m.org_id, m.key, m.column_name
        limit 10
      ) as f));
end
$$;

comment on function etl_api.kv_migrate(text, int) is
  'Moves what is stored under the keys of a mapping into its typed table: all of it the first time, later what was written or deleted since, at most max_keys of them ("left" says how many remain). Returns {mapping, table, keys, inserted, updated, deleted, left, misfits, examples}; all that did not fit lies in etl_api.kv_misfit, and in the column rest. Nothing is taken from the store. ETL04: no such mapping, bad max_keys; ETL05: the table has taken over; ETL07: the table is somebody else''s.';

revoke execute on function etl_api.kv_migrate(text, int) from public;
grant execute on function etl_api.kv_migrate(text, int) to service_role;
-- end of source

-- source: sql/etl_api/kv/kv_note_all.sql
create or replace function etl_api.kv_note_all(mapping etl_api.kv_mapping) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Writers who began before cannot know that changes are noted: they end first, and later ones see it.
  lock table public.kv_store in share row exclusive mode;
  insert into etl_api.kv_change (mapping, org_id, key)
  select mapping.name, s.org_id, s.key
  from public.kv_store as s
  where s.key >= mapping.head || ':'
    and s.key < utils.prefix_end(mapping.head || ':')
    and s.key ~ (utils.key_pattern(mapping.key_pattern)).matcher
  order by s.org_id, s.key;
  update etl_api.kv_mapping as m
  set state = 'noting'
  where m.name = mapping.name;
end
$$;

comment on function etl_api.kv_note_all(etl_api.kv_mapping) is
  'Begins to note the changes of a mapping''s keys, with all that is there as the first ones.';

revoke execute on function etl_api.kv_note_all(etl_api.kv_mapping) from public;
-- end of source

-- source: sql/etl_api/kv/kv_note_changes.sql
create or replace function etl_api.kv_note_changes(org_id uuid, keys text[]) returns void
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  mapping record;
begin
  -- A loop over mappings, of which a write meets one or two.
  for mapping in
    select m.name, m.table_name, m.state, pg_catalog.array_agg(k.key) as keys
    from etl_api.kv_mapping as m
    join unnest(keys) as k (key)
      on pg_catalog.split_part(k.key, ':', 1) = m.head
      and k.key ~ (utils.key_pattern(m.key_pattern)).matcher
    where m.state <> 'off'
    group by m.name
    order by m.name
  loop
    case mapping.state
      when 'noting' then
        insert into etl_api.kv_change (mapping, org_id, key)
        select mapping.name, kv_note_changes.org_id, k.key
        from unnest(mapping.keys) as k (key);
      when 'following' then
        perform etl_api.kv_apply(
          mapping.name, pg_catalog.array_fill(org_id, array[pg_catalog.cardinality(mapping.keys)]), mapping.keys);
      else
        raise exception using
          errcode = 'ETL05',
          message = pg_catalog.format('%s is a row of public.%s now', mapping.keys[1], mapping.table_name),
          hint = 'Read and write the table.';
    end case;
  end loop;
end
$$;

comment on function etl_api.kv_note_changes(uuid, text[]) is
  'Tells the mappings of these keys that they were written or deleted; see etl_api.kv_mapping.state. ETL05: the table of one has taken over.';

revoke execute on function etl_api.kv_note_changes(uuid, text[]) from public;
-- end of source

-- source: sql/etl_api/kv/kv_policies.sql
-- The store is written through its functions only, by the service too: they keep the lists.
revoke all on public.kv_store, etl_api.kv_index, etl_api.kv_index_entry from public, anon, authenticated;
grant select on public.kv_store, etl_api.kv_index_entry to authenticated;
grant select, insert, delete on etl_api.kv_index to authenticated;
grant select, insert, update, delete on etl_api.kv_index to service_role;
revoke all on public.kv_store, etl_api.kv_index_entry from service_role;
grant select on public.kv_store, etl_api.kv_index_entry to service_role;
revoke all on etl_api.kv_mapping, etl_api.kv_change, etl_api.kv_misfit from public, anon, authenticated, service_role;
-- The statements made of a mapping run with the rights of their maker: nobody else writes them.
grant select, delete on etl_api.kv_mapping to service_role;
grant insert (name, key_pattern, table_name, columns, sample), update (key_pattern, table_name, columns, sample)
  on etl_api.kv_mapping to service_role;
grant select on etl_api.kv_change, etl_api.kv_misfit to service_role;
grant select on etl_api.kv_misfit to authenticated;
revoke all on sequence etl_api.kv_version from public, anon, authenticated, service_role;

drop policy if exists members_read on public.kv_store;
create policy members_read on public.kv_store
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.kv_store is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.kv_index_entry;
create policy members_read on etl_api.kv_index_entry
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.kv_index_entry is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.kv_index;
create policy members_read on etl_api.kv_index
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.kv_index is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on etl_api.kv_index;
create policy admins_insert on etl_api.kv_index
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on etl_api.kv_index is 'Owners and admins, for their org only.';

drop policy if exists admins_delete on etl_api.kv_index;
create policy admins_delete on etl_api.kv_index
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on etl_api.kv_index is 'Owners and admins, in their org only.';

drop policy if exists nobody on etl_api.kv_mapping;
create policy nobody on etl_api.kv_mapping
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.kv_mapping is 'Of no use to a user: the operator only.';

drop policy if exists nobody on etl_api.kv_change;
create policy nobody on etl_api.kv_change
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.kv_change is 'Of no use to a user: the engine and its operator only.';

drop policy if exists members_read on etl_api.kv_misfit;
create policy members_read on etl_api.kv_misfit
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.kv_misfit is 'Members read the rows of their orgs.';
-- end of source

-- source: sql/etl_api/kv/kv_prepare.sql
create or replace function etl_api.kv_prepare(mapping_name text) returns void
language plpgsql
set search_path = ''
as $$
declare
  mapping etl_api.kv_mapping;
  parent text;
begin
  select m.* into mapping
  from etl_api.kv_mapping as m
  where m.name = mapping_name
  for no key update;
  if mapping.apply_sql is not null then
    return;
  end if;
  for parent in
    select distinct c.refers_to
    from etl_api.kv_columns(mapping) as c
    where c.refers_to <> mapping_name
    order by 1
  loop
    perform etl_api.kv_prepare(parent);
  end loop;
  perform etl_api.kv_create_table(mapping);
  update etl_api.kv_mapping as m
  set apply_sql = s.apply_sql,
      values_sql = s.values_sql
  from etl_api.kv_write_statements(mapping) as s
  where m.name = mapping_name;
end
$$;

comment on function etl_api.kv_prepare(text) is
  'Makes the table of a mapping and those it refers to, and the statements that fill it, where they are not there yet.';

revoke execute on function etl_api.kv_prepare(text) from public;
-- end of source

-- source: sql/etl_api/kv/kv_remove_expired.sql
create or replace function etl_api.kv_remove_expired(max_rows int default 1000) returns bigint
language plpgsql
security definer
set search_path = ''
set enable_seqscan = off
as $$
declare
  of_org record;
  removed bigint := 0;
begin
  -- A loop over tenants, of whom few have much to remove: lists belong to one.
  for of_org in
    with expired as materialized (
      select s.org_id, s.key
      from public.kv_store as s
      where s.expires_at <= utils.now()
      order by s.expires_at
      limit max_rows
      for update skip locked
    ),
    gone as (
      delete from public.kv_store as s
      using expired as e
      where s.org_id = e.org_id
        and s.key = e.key
      returning s.org_id, s.key
    )
    select g.org_id, pg_catalog.array_agg(g.key) as keys
    from gone as g
    group by g.org_id
    order by g.org_id
  loop
    perform etl_api.kv_written(of_org.org_id, of_org.keys);
    removed := removed + pg_catalog.cardinality(of_org.keys);
  end loop;
  return removed;
end
$$;

comment on function etl_api.kv_remove_expired(int) is
  'Removes what has expired, at most max_rows; nobody sees it any more in any case. Returns how many. The sweep calls it.';

revoke execute on function etl_api.kv_remove_expired(int) from public;
grant execute on function etl_api.kv_remove_expired(int) to service_role;
-- end of source

-- source: sql/etl_api/kv/kv_set.sql
create or replace function etl_api.kv_set(org_id uuid, key text, value jsonb, expires_in interval default null) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  written bigint;
begin
  perform etl_api.kv_check_writer(kv_set.org_id);
  if key is null or key = '' or pg_catalog.octet_length(key) > 1024 or value is null or expires_in <= interval '0' then
    raise exception using
      errcode = 'ETL04',
      message = case
        when key is null then 'key is null: it must be a text'
        when key = '' then 'key is empty: it must be a text of 1 to 1024 bytes'
        when pg_catalog.octet_length(key) > 1024 then
          pg_catalog.format('key has %s bytes: it must have 1 to 1024 (%s…)', pg_catalog.octet_length(key), pg_catalog."left"(key, 40))
        when value is null then pg_catalog.format('value is null for %s: it must be JSON', key)
        else pg_catalog.format('expires_in is %s: it must be more than nothing', expires_in)
      end,
      hint = 'A JSON null is ''null''::jsonb; use etl_api.kv_delete for what goes.';
  end if;
  insert into public.kv_store as s (org_id, key, value, expires_at, created_at, updated_at)
  values (kv_set.org_id, kv_set.key, kv_set.value, moment + expires_in, moment, moment)
  on conflict (org_id, key) do update
  set value = excluded.value,
      version = excluded.version,
      expires_at = excluded.expires_at,
      updated_at = excluded.updated_at
  returning s.version into written;
  perform etl_api.kv_written(org_id, array[key]);
  return written;
end
$$;

comment on function etl_api.kv_set(uuid, text, jsonb, interval) is
  'Writes a value under a key of an org''s store and returns its version; what was there is replaced. expires_in: after that it is as if it had never been there; null: it stays. ETL04: null org or value, a key that is null, empty or longer than 1,024 bytes, bad expires_in; ETL05: the key of a list (kv_index); ETL06: the caller may not.';

revoke execute on function etl_api.kv_set(uuid, text, jsonb, interval) from public;
grant execute on function etl_api.kv_set(uuid, text, jsonb, interval) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/kv/kv_set_many.sql
create or replace function etl_api.kv_set_many(org_id uuid, entries jsonb, expires_in interval default null)
returns table (key text, version bigint)
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  odd_key text;
begin
  perform etl_api.kv_check_writer(kv_set_many.org_id);
  if pg_catalog.jsonb_typeof(entries) is distinct from 'object' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('entries is %s: it must be an object', coalesce(pg_catalog.jsonb_typeof(entries), 'null')),
      hint = 'Give {"key": value, …}.';
  elsif expires_in <= interval '0' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('expires_in is %s: it must be more than nothing', expires_in),
      hint = 'Leave it out for what stays; use etl_api.kv_delete for what goes.';
  end if;
  select k.key into odd_key
  from pg_catalog.jsonb_object_keys(entries) as k (key)
  where k.key = ''
    or pg_catalog.octet_length(k.key) > 1024
  limit 1;
  if found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('a key has %s bytes: it must have 1 to 1024 (%s…)', pg_catalog.octet_length(odd_key), pg_catalog."left"(odd_key, 40)),
      hint = 'Nothing of this call was written.';
  end if;

  -- In the order of the keys, as everybody takes the rows.
  return query
  insert into public.kv_store as s (org_id, key, value, expires_at, created_at, updated_at)
  select kv_set_many.org_id, e.key, e.value, moment + expires_in, moment, moment
  from pg_catalog.jsonb_each(entries) as e
  order by e.key collate "C"
  on conflict (org_id, key) do update
  set value = excluded.value,
      version = excluded.version,
      expires_at = excluded.expires_at,
      updated_at = excluded.updated_at
  returning s.key, s.version;
  perform etl_api.kv_written(org_id, array(select k.key from pg_catalog.jsonb_object_keys(entries) as k (key)));
end
$$;

comment on function etl_api.kv_set_many(uuid, jsonb, interval) is
  'Writes {"key": value, …} into an org''s store, all or nothing, in one statement; what was there is replaced. expires_in: after that it is as if it had never been there; null: it stays. Returns the new versions. ETL04: null org, not an object, a key that is empty or longer than 1,024 bytes, bad expires_in; ETL05: the key of a list (kv_index); ETL06: the caller may not.';

revoke execute on function etl_api.kv_set_many(uuid, jsonb, interval) from public;
grant execute on function etl_api.kv_set_many(uuid, jsonb, interval) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/kv/kv_switch.sql
create or replace function etl_api.kv_switch(name text) returns jsonb
language plpgsql
security definer
set search_path = ''
set client_min_messages = warning
as $$
-- The table's name is of small letters, digits and "_", and quoted by format.
-- @plpgsql_check_options: security_warnings = false
declare
  mapping etl_api.kv_mapping := etl_api.kv_find_mapping(kv_switch.name);
  report jsonb := etl_api.kv_follow(mapping.name);
begin
  update etl_api.kv_mapping as m
  set state = 'switched'
  where m.name = mapping.name;
  execute pg_catalog.format('grant insert, update, delete on public.%I to authenticated, service_role', mapping.table_name);
  execute pg_catalog.format('drop policy if exists members_write on public.%I', mapping.table_name);
  execute pg_catalog.format(
    'create policy members_write on public.%I for all to authenticated using (org_id = any (array(select etl_api.my_orgs(''{owner,admin,member}'')))) with check (org_id = any (array(select etl_api.my_orgs(''{owner,admin,member}''))))',
    mapping.table_name);
  return report;
end
$$;

comment on function etl_api.kv_switch(text) is
  'Lets a mapping''s table take over: what is stored is moved a last time, owners, admins and members may write the table, and the store refuses these keys from then on (what it has stays, to be deleted when nobody reads it any more). Returns the last report; errors as of kv_migrate.';

revoke execute on function etl_api.kv_switch(text) from public;
grant execute on function etl_api.kv_switch(text) to service_role;
-- end of source

-- source: sql/etl_api/kv/kv_values.sql
create or replace function etl_api.kv_values(name text)
returns table (org_id uuid, key text, value jsonb, expires_at timestamptz)
language plpgsql stable
set search_path = ''
as $$
-- The statement is made of checked names, quoted by format, and returns all columns.
-- @plpgsql_check_options: security_warnings = false, extra_warnings = false
#variable_conflict use_column
declare
  statement constant text := (select m.values_sql from etl_api.kv_mapping as m where m.name = kv_values.name);
begin
  if statement is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('the mapping %s has no table', coalesce(kv_values.name, 'null')),
      hint = 'etl_api.kv_migrate makes it.';
  end if;
  return query execute statement;
end
$$;

comment on function etl_api.kv_values(text) is
  'The way back: the rows of a mapping''s table as keys and values, as they were stored. ETL04: no such mapping, or it has no table yet.';

revoke execute on function etl_api.kv_values(text) from public;
grant execute on function etl_api.kv_values(text) to service_role;
-- end of source

-- source: sql/etl_api/kv/kv_write_statements.sql
create or replace function etl_api.kv_write_statements(mapping etl_api.kv_mapping, out apply_sql text, out values_sql text)
language plpgsql stable
set search_path = ''
as $$
declare
  matcher constant text := (utils.key_pattern(mapping.key_pattern)).matcher;
  names constant text[] := (utils.key_pattern(mapping.key_pattern)).names;
  part record;
begin
  -- Each part is a list over the columns; c is the column, o what the value has there, j the column written back.
  select
    pg_catalog.string_agg(pg_catalog.format('%I', c.name), ', ' order by c.place) as listed,
    pg_catalog.string_agg(pg_catalog.format('%I', c.name), ', ' order by c.place) filter (where c.is_key) as key_listed,
    pg_catalog.string_agg(pg_catalog.format('t.%1$I = g.%1$I', c.name), ' and ' order by c.place) filter (where c.is_key) as same_key,
    pg_catalog.string_agg(
      case when c.variable is not null then pg_catalog.format('m.parts[%s] as %I', pg_catalog.array_position(names, c.variable), c.name)
        else pg_catalog.format('%L::text as %I', c.constant, c.name) end, ', ' order by c.place) filter (where c.is_key) as key_read,
    coalesce(', ' || pg_catalog.string_agg(
      pg_catalog.format('s.value #> %L::text[] as _o%s', c.way, c.place), ', ' order by c.place) filter (where not c.is_key), '') as found,
    coalesce(', ' || pg_catalog.string_agg(
      pg_catalog.format(c.read_sql, 'f._o' || c.place) || ' as _r' || c.place, ', ' order by c.place) filter (where not c.is_key), '') as read,
    -- A reference is one once the row is there.
    coalesce(', ' || pg_catalog.string_agg(
      case when p.name is not null then pg_catalog.format(
          'case when exists (select from public.%I as p where p.org_id = r.org_id and p.%I = r._r%s) then r._r%s end',
          p.table_name, p.key_name, c.place, c.place)
        else 'r._r' || c.place end || pg_catalog.format(' as %I', c.name), ', ' order by c.place) filter (where not c.is_key), '') as referred,
    -- What a column holds to the letter need not be kept beside it.
    coalesce(pg_catalog.string_agg(
      pg_catalog.format('#- case when %s = c._o%s then %L::text[] else ''{}'' end',
        pg_catalog.format(c.back_sql, pg_catalog.format('c.%I', c.name)), c.place, c.way),
      ' ' order by c.place desc) filter (where not c.is_key), '') as kept_out,
    pg_catalog.string_agg(
      case when c.is_key then null else pg_catalog.format(
        'select c.org_id, c._key, %L as column_name, c._o%s as found, %s as refers_to, %s as problem from cast_row as c where c.%I is null and c._o%s <> ''null''',
        c.name, c.place,
        case when p.name is not null then pg_catalog.format('case when c._r%s is not null then %L end', c.place, p.name) else 'null' end,
        case when p.name is not null then pg_catalog.format('case when c._r%s is not null then %L else %L end', c.place,
            'refers to what is not there', 'is no ' || c.type) else pg_catalog.quote_literal('is no ' || c.type) end,
        c.name, c.place) end, ' union all ' order by c.place) as misfits,
    pg_catalog.string_agg(pg_catalog.format('%1$I = excluded.%1$I', c.name), ', ' order by c.place) filter (where not c.is_key) as updated,
    pg_catalog.string_agg(pg_catalog.format('t.%I', c.name), ', ' order by c.place) filter (where not c.is_key) as had,
    pg_catalog.string_agg(pg_catalog.format('excluded.%I', c.name), ', ' order by c.place) filter (where not c.is_key) as has,
    pg_catalog.string_agg(
      pg_catalog.format(', %1$L, case when t.rest #> %1$L is null then ', c.way)
        || pg_catalog.format(c.back_sql, pg_catalog.format('t.%I', c.name)) || ' end, true, ''return_target'')',
      '' order by c.place) filter (where not c.is_key) as back,
    pg_catalog.repeat('pg_catalog.jsonb_set_lax(', pg_catalog.count(*) filter (where not c.is_key)::int) as back_begin,
    coalesce(pg_catalog.string_agg(pg_catalog.format(' and t.%I = %L', c.name, c.constant), '' order by c.place) filter (where c.constant is not null), '')
      as constants
  into part
  from etl_api.kv_columns(mapping) as c
  left join lateral (
    select m.name, m.table_name, k.name as key_name
    from etl_api.kv_mapping as m
    cross join lateral etl_api.kv_columns(m) as k
    where m.name = c.refers_to
      and k.is_key
  ) as p on true;

  apply_sql := pg_catalog.format($sql$
with found as materialized (
  select g.org_id, g.key as _key, %1$s, s.value as _value, s.expires_at as _expires_at, s.key is not null as _is_there%2$s
  from (select distinct * from unnest($1, $2) as u (org_id, key)) as g
  cross join lateral pg_catalog.regexp_match(g.key, %3$L) as m (parts)
  left join public.kv_store as s
    on s.org_id = g.org_id
    and s.key = g.key
    and (s.expires_at is null or s.expires_at > $3)
  where m.parts is not null
),
read_row as (select f.*%4$s from found as f where f._is_there),
cast_row as materialized (select r.*%5$s from read_row as r),
gone as (
  delete from public.%6$I as t
  using found as g
  where not g._is_there
    and t.org_id = g.org_id
    and %7$s
  returning 1
),
written as (
  insert into public.%6$I as t (org_id, %8$s, rest, expires_at)
  select c.org_id, %9$s,
    case when pg_catalog.jsonb_typeof(c._value) in ('object', 'array') then c._value %10$s else c._value end, c._expires_at
  from cast_row as c
  order by c.org_id, c._key
  on conflict (org_id, %11$s) do update
  set %12$srest = excluded.rest, expires_at = excluded.expires_at
  where (%13$st.rest, t.expires_at) is distinct from (%14$sexcluded.rest, excluded.expires_at)
  returning xmax = 0 as is_new
),
fits as (
  delete from etl_api.kv_misfit as f
  using found as g
  where f.mapping = %15$L
    and f.org_id = g.org_id
    and f.key = g._key
    and not exists (select from (%16$s) as n where n.org_id = f.org_id and n._key = f.key and n.column_name = f.column_name)
  returning 1
),
noted as (
  insert into etl_api.kv_misfit as f (mapping, org_id, key, column_name, problem, found, refers_to)
  select %15$L, n.org_id, n._key, n.column_name, n.problem, n.found, n.refers_to
  from (%16$s) as n
  on conflict (mapping, org_id, key, column_name) do update
  set problem = excluded.problem, found = excluded.found, refers_to = excluded.refers_to
  returning 1
)
select
  (select pg_catalog.count(*) from written as w where w.is_new),
  (select pg_catalog.count(*) from written as w where not w.is_new),
  (select pg_catalog.count(*) from gone),
  (select pg_catalog.count(*) from noted)
$sql$,
    part.key_read, part.found, matcher, part.read, part.referred, mapping.table_name, part.same_key, part.listed,
    (select pg_catalog.string_agg(pg_catalog.format('c.%I', c.name), ', ' order by c.place) from etl_api.kv_columns(mapping) as c),
    part.kept_out, part.key_listed, coalesce(part.updated || ', ', ''), coalesce(part.had || ', ', ''), coalesce(part.has || ', ', ''),
    mapping.name,
    coalesce(part.misfits, 'select null::uuid as org_id, null as _key, null as column_name, null::jsonb as found, null as refers_to, null as problem where false'));

  values_sql := pg_catalog.format('select t.org_id, %s, %st.rest%s, t.expires_at from public.%I as t where true%s',
    etl_api.kv_key_sql(mapping), part.back_begin, coalesce(part.back, ''), mapping.table_name, part.constants);
end
$$;

comment on function etl_api.kv_write_statements(etl_api.kv_mapping) is
  'The two statements of a mapping. apply_sql takes tenants, keys and the time ($1, $2, $3), brings their rows up to what is stored and returns how many were made, changed and deleted, and how many values did not fit. values_sql makes org_id, key, value and expires_at of the rows.';

revoke execute on function etl_api.kv_write_statements(etl_api.kv_mapping) from public;
-- end of source

-- source: sql/etl_api/kv/kv_written.sql
create or replace function etl_api.kv_written(org_id uuid, keys text[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  -- The parts that keys begin with: few, whatever the number of keys.
  heads constant text[] := case when pg_catalog.cardinality(keys) = 1 then array[pg_catalog.split_part(keys[1], ':', 1)]
    else array(select distinct pg_catalog.split_part(k.key, ':', 1) from unnest(keys) as k (key)) end;
begin
  -- Most keys belong to no list and no mapping.
  if exists (select from etl_api.kv_index as i where i.of_head = any (heads) or i.name_head = any (heads)) then
    perform etl_api.kv_keep_lists(org_id, keys);
  end if;
  if exists (select from etl_api.kv_mapping as m where m.head = any (heads) and m.state <> 'off') then
    perform etl_api.kv_note_changes(org_id, keys);
  end if;
end
$$;

comment on function etl_api.kv_written(uuid, text[]) is
  'What follows a write to keys of the store, in the same transaction: their lists, and their typed tables.';

revoke execute on function etl_api.kv_written(uuid, text[]) from public;
-- end of source

-- source: sql/etl_api/kv/trigger_kv_check_mapping.sql
drop trigger if exists kv_check_mapping on etl_api.kv_mapping;
create trigger kv_check_mapping
  before insert or update on etl_api.kv_mapping
  for each row execute function etl_api.kv_check_mapping();
comment on trigger kv_check_mapping on etl_api.kv_mapping is 'A mapping can be used, or is refused.';
-- end of source

-- source: sql/etl_api/kv/trigger_kv_fill_index.sql
drop trigger if exists kv_fill_index on etl_api.kv_index;
create trigger kv_fill_index
  after insert on etl_api.kv_index
  referencing new table as new_rows
  for each statement execute function etl_api.kv_fill_index();
comment on trigger kv_fill_index on etl_api.kv_index is 'A new list begins with what is there.';
-- end of source

-- source: sql/etl_api/landing/change_columns.sql
create or replace function etl_api.change_columns(columns jsonb, changes jsonb) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_agg(
    case
      when g.value is null then c.value
      when g.value ->> 'to' <> c.value ->> 'type' then c.value
        || pg_catalog.jsonb_build_object('type', g.value ->> 'to', 'format', null, 'options', null)
      else c.value || pg_catalog.jsonb_build_object('options', c.value -> 'options' || (g.value -> 'options'))
    end
    order by c.place), '[]')
  from pg_catalog.jsonb_array_elements(columns) with ordinality as c (value, place)
  left join pg_catalog.jsonb_array_elements(changes) as g (value) on g.value ->> 'name' = c.value ->> 'name'
$$;

comment on function etl_api.change_columns(jsonb, jsonb) is
  'Columns after changes, [{"name", "to", "options"}]: another type, or more options of the same.';

revoke execute on function etl_api.change_columns(jsonb, jsonb) from public;
grant execute on function etl_api.change_columns(jsonb, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/landing/coerce_landing.sql
create or replace function etl_api.coerce_landing(rows jsonb, columns jsonb, contract text, unknown text[] default '{}')
returns table (n bigint, data jsonb, originals jsonb, warnings jsonb, fault text)
language plpgsql immutable parallel unsafe
rows 1000
set search_path = ''
as $$
#variable_conflict use_column
begin
  if unknown = '{}' then
    return query
    select v.n, v.data, v.originals, v.warnings,
      case when pg_catalog.jsonb_typeof(v.data) <> 'object'
        then pg_catalog.format('row %s is %s: it must be an object', v.n, pg_catalog.jsonb_typeof(v.data)) end
    from utils.coerce_values(rows, columns) as v;
    return;
  end if;
  return query
  select v.n, case when contract = 'discard' and pg_catalog.jsonb_typeof(v.data) = 'object' then v.data - unknown else v.data end,
    v.originals, v.warnings,
    case
      when pg_catalog.jsonb_typeof(v.data) <> 'object'
        then pg_catalog.format('row %s is %s: it must be an object', v.n, pg_catalog.jsonb_typeof(v.data))
      when contract = 'freeze' and v.data ?| unknown then pg_catalog.format('unknown %s: the table takes no new fields',
        (select pg_catalog.string_agg(pg_catalog.quote_ident(u.name), ', ') from pg_catalog.unnest(unknown) as u (name) where v.data ? u.name))
    end
  from utils.coerce_values(rows, columns) as v;
end
$$;

comment on function etl_api.coerce_landing(jsonb, jsonb, text, text[]) is
  'Rows as a target''s columns want them (utils.coerce_values), without the fields that contract discard drops; fault says why a row cannot land: it is no object, or has a field that contract freeze refuses. columns and unknown come from etl_api.plan_landing.';

revoke execute on function etl_api.coerce_landing(jsonb, jsonb, text, text[]) from public;
grant execute on function etl_api.coerce_landing(jsonb, jsonb, text, text[]) to service_role;
-- end of source

-- source: sql/etl_api/landing/infer_new_fields.sql
create or replace function etl_api.infer_new_fields(rows jsonb, fields text[]) returns jsonb
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  sample jsonb := etl_api.spread_rows(rows);
  rare text[];
begin
  if fields = '{}' then
    return '[]'::jsonb;
  end if;
  -- What no row of the sample has is looked for in all of them.
  rare := array(
    select f.name
    from pg_catalog.unnest(fields) as f (name)
    where not exists (
      select 1 from pg_catalog.jsonb_array_elements(sample) as s (value) where s.value ? f.name));
  if rare <> '{}' then
    sample := sample || coalesce((
      select pg_catalog.jsonb_agg(r.value)
      from (
        select r.value
        from pg_catalog.jsonb_array_elements(rows) as r (value)
        where r.value ?| rare
        limit 1000
      ) as r), '[]');
  end if;
  return (
    select coalesce(
      pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object('name', i.name, 'type', i.type, 'format', i.format, 'options', i.options,
          'fits', i.fits, 'seen', i.seen)
        order by i.name collate "C"), '[]')
    from utils.infer_schema((
      select pg_catalog.jsonb_agg((
        select pg_catalog.jsonb_object_agg(e.key, e.value)
        from pg_catalog.jsonb_each(s.value) as e
        where e.key = any (fields)))
      from pg_catalog.jsonb_array_elements(sample) as s (value)
      where pg_catalog.jsonb_typeof(s.value) = 'object'
        and s.value ?| fields)) as i);
end
$$;

comment on function etl_api.infer_new_fields(jsonb, text[]) is
  'The columns that fields would be, [{"name", "type", "format", "options", "fits", "seen"}], inferred from at most 1,000 rows spread over all and as many of those that have what these have not.';

revoke execute on function etl_api.infer_new_fields(jsonb, text[]) from public;
grant execute on function etl_api.infer_new_fields(jsonb, text[]) to service_role;
-- end of source

-- source: sql/etl_api/landing/landing_error.sql
create or replace function etl_api.landing_error(rows jsonb, contract text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case
    when pg_catalog.jsonb_typeof(rows) is distinct from 'array'
      then pg_catalog.format('rows is %s: it must be an array of objects', coalesce(pg_catalog.jsonb_typeof(rows), 'null'))
    when contract is null or contract not in ('evolve', 'freeze', 'discard')
      then pg_catalog.format('there is no contract %s; a contract is evolve, freeze or discard', coalesce(pg_catalog.quote_literal(contract), 'null'))
  end;
end
$$;

comment on function etl_api.landing_error(jsonb, text) is
  'What is wrong with what shall land, in a sentence; null when nothing.';

revoke execute on function etl_api.landing_error(jsonb, text) from public;
grant execute on function etl_api.landing_error(jsonb, text) to service_role;
-- end of source

-- source: sql/etl_api/landing/landing_policies.sql
-- The list only grows: not even the service alters a line.
revoke all on etl_api.schema_change from public, anon, authenticated, service_role;
grant select on etl_api.schema_change to authenticated;
grant select, insert on etl_api.schema_change to service_role;

drop policy if exists members_read on etl_api.schema_change;
create policy members_read on etl_api.schema_change
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.schema_change is 'Members read the rows of their orgs.';
-- end of source

-- source: sql/etl_api/landing/new_fields.sql
create or replace function etl_api.new_fields(rows jsonb, known_names text[]) returns text[]
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(pg_catalog.array_agg(f.name order by f.name collate "C"), '{}')
  from (
    select k.name
    from (
      -- Rows of known fields only, which is most of them, are not taken apart.
      select r.value - coalesce(known_names, '{}') as rest
      from pg_catalog.jsonb_array_elements(case pg_catalog.jsonb_typeof(rows) when 'array' then rows end) as r (value)
      where pg_catalog.jsonb_typeof(r.value) = 'object'
      offset 0
    ) as u
    cross join lateral pg_catalog.jsonb_object_keys(u.rest) as k (name)
    where u.rest <> '{}'
    group by k.name
  ) as f
$$;

comment on function etl_api.new_fields(jsonb, text[]) is
  'Fields that any of the rows has and that are not known, in the order of their bytes.';

revoke execute on function etl_api.new_fields(jsonb, text[]) from public;
grant execute on function etl_api.new_fields(jsonb, text[]) to service_role;
-- end of source

-- source: sql/etl_api/landing/new_options.sql
-- A choice that the engine found out by itself, from the first rows that came, grows with those that come after; one that
-- somebody has written down does not.
create or replace function etl_api.new_options(rows jsonb, columns jsonb) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_agg(g.change order by g.name collate "C"), '[]')
  from (
    select c.value ->> 'name' as name,
      case when pg_catalog.count(*) + pg_catalog.jsonb_array_length(c.value -> 'options') <= 100
        then pg_catalog.jsonb_build_object('name', c.value ->> 'name', 'from', c.value ->> 'type', 'to', c.value ->> 'type',
          'options', pg_catalog.jsonb_agg(o.option order by o.uses desc, o.option collate "C"))
        else pg_catalog.jsonb_build_object('name', c.value ->> 'name', 'from', c.value ->> 'type', 'to', 'text',
          'misfits', pg_catalog.sum(o.uses))
      end as change
    from pg_catalog.jsonb_array_elements(columns) as c (value)
    cross join lateral (
      select pg_catalog.btrim(e.option) as option, pg_catalog.count(*) as uses
      from pg_catalog.jsonb_array_elements(rows) as r (value)
      cross join lateral (select r.value -> (c.value ->> 'name') as value offset 0) as f
      cross join lateral pg_catalog.jsonb_array_elements_text(case
        when pg_catalog.jsonb_typeof(f.value) = 'array' and c.value ->> 'type' = 'multiselect' then f.value
        when pg_catalog.jsonb_typeof(f.value) = 'string' and c.value ->> 'type' = 'select' then pg_catalog.jsonb_build_array(f.value)
      end) as e (option)
      where not c.value -> 'options' ? e.option
        and utils.option_of(e.option, c.value -> 'options') is null
        and pg_catalog.btrim(e.option) <> ''
      group by 1
    ) as o
    where c.value @> '{"open": true}'
      and c.value ->> 'type' in ('select', 'multiselect')
      and pg_catalog.jsonb_typeof(c.value -> 'options') = 'array'
    group by c.value
  ) as g
$$;

comment on function etl_api.new_options(jsonb, jsonb) is
  'What columns of choices marked "open" lack for these rows: [{"name", "from", "to", "options": [new ones]}]; beyond 100 options such a column becomes text.';

revoke execute on function etl_api.new_options(jsonb, jsonb) from public;
grant execute on function etl_api.new_options(jsonb, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/landing/note_schema_changes.sql
create or replace function etl_api.note_schema_changes(
  org_id uuid, store text, target text, added jsonb, widened jsonb default '[]', by uuid default null) returns void
language sql
set search_path = ''
as $$
  insert into etl_api.schema_change (org_id, store, target, field, change, from_type, to_type, details, at, by)
  select note_schema_changes.org_id, note_schema_changes.store, note_schema_changes.target, c.value ->> 'name',
    case when c.is_new then 'added' when c.value ->> 'from' = c.value ->> 'to' then 'options' else 'widened' end,
    c.value ->> 'from', coalesce(c.value ->> 'to', c.value ->> 'type'),
    nullif(pg_catalog.jsonb_strip_nulls(c.value - '{name,type,from,to}'::text[]), '{}'), utils.now(), note_schema_changes.by
  from (
    select a.value, true as is_new, a.place
    from pg_catalog.jsonb_array_elements(added) with ordinality as a (value, place)
    union all
    select w.value, false, w.place
    from pg_catalog.jsonb_array_elements(widened) with ordinality as w (value, place)
  ) as c
  order by c.is_new desc, c.place
$$;

comment on function etl_api.note_schema_changes(uuid, text, text, jsonb, jsonb, uuid) is
  'Writes down what landing changed about a target: added and widened as etl_api.plan_landing gives them, but only what was really changed: of two who add the same field at once, only the first.';

revoke execute on function etl_api.note_schema_changes(uuid, text, text, jsonb, jsonb, uuid) from public;
grant execute on function etl_api.note_schema_changes(uuid, text, text, jsonb, jsonb, uuid) to service_role;
-- end of source

-- source: sql/etl_api/landing/plan_landing.sql
create or replace function etl_api.plan_landing(
  rows jsonb, known jsonb, contract text,
  out columns jsonb, out added jsonb, out widened jsonb, out unknown text[])
returns record
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  fresh text[];
begin
  if etl_api.landing_error(rows, contract) is not null then
    raise exception using errcode = 'ETL04', message = etl_api.landing_error(rows, contract);
  end if;
  columns := coalesce(nullif(known, 'null'), '[]');
  added := '[]';
  widened := '[]';
  unknown := '{}';
  perform utils.coerce_columns(columns);
  fresh := etl_api.new_fields(rows, array(select c.value ->> 'name' from pg_catalog.jsonb_array_elements(columns) as c (value)));
  if contract <> 'evolve' then
    unknown := fresh;
    return;
  end if;
  added := etl_api.infer_new_fields(rows, fresh);
  -- A choice inferred from a part of the rows takes what the others say.
  added := etl_api.change_columns(added, etl_api.new_options(rows,
    (select coalesce(pg_catalog.jsonb_agg(a.value || '{"open": true}'), '[]') from pg_catalog.jsonb_array_elements(added) as a (value))));
  widened := etl_api.widened_fields(rows, columns) || etl_api.new_options(rows, columns);
  columns := etl_api.change_columns(columns, widened) || (
    select coalesce(pg_catalog.jsonb_agg(a.value - '{fits,seen}'::text[]), '[]') from pg_catalog.jsonb_array_elements(added) as a (value));
end
$$;

comment on function etl_api.plan_landing(jsonb, jsonb, text) is
  'What a target''s columns have to be for these rows. known: [{"name", "type", "format", "options", "open"}], open where the options of a choice may grow. Contract evolve adds fields that are new (added) and widens what does not fit (widened); freeze and discard change nothing and name the fields (unknown). columns: those to land with, see etl_api.coerce_landing. Changes nothing itself; ETL04: bad rows, columns or contract.';

revoke execute on function etl_api.plan_landing(jsonb, jsonb, text) from public;
grant execute on function etl_api.plan_landing(jsonb, jsonb, text) to service_role;
-- end of source

-- source: sql/etl_api/landing/spread_rows.sql
create or replace function etl_api.spread_rows(rows jsonb, max_rows int default 1000) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  height constant int := case when pg_catalog.jsonb_typeof(rows) = 'array' then pg_catalog.jsonb_array_length(rows) else 0 end;
begin
  if height <= max_rows then
    return rows;
  end if;
  return (
    select pg_catalog.jsonb_agg(rows -> (n * height::bigint / max_rows)::int)
    from pg_catalog.generate_series(0, max_rows - 1) as n);
end
$$;

comment on function etl_api.spread_rows(jsonb, int) is
  'At most so many elements of an array, from its beginning to its end at even distances; the array itself when it has no more.';

revoke execute on function etl_api.spread_rows(jsonb, int) from public;
grant execute on function etl_api.spread_rows(jsonb, int) to service_role;
-- end of source

-- source: sql/etl_api/landing/widened_fields.sql
create or replace function etl_api.widened_fields(rows jsonb, known jsonb) returns jsonb
language sql immutable parallel unsafe
set search_path = ''
as $$
  with narrow as (
    select c.value as column, c.value ->> 'name' as name, c.value ->> 'type' as type
    from pg_catalog.jsonb_array_elements(known) as c (value)
    where c.value ->> 'type' in ('number', 'date', 'boolean')
  ), sample as materialized (
    select etl_api.spread_rows(rows) as rows
    where exists (select 1 from narrow)
  ), misfit as (
    select w.value ->> 'field' as name, pg_catalog.count(*) as count
    from sample as s
    cross join lateral utils.coerce_values(s.rows, (select pg_catalog.jsonb_agg(n.column) from narrow as n)) as v
    cross join lateral pg_catalog.jsonb_array_elements(v.warnings) as w (value)
    where not (w.value -> 'fits')::boolean
    group by 1
    -- A handful says nothing of a column.
    having pg_catalog.count(*) >= 5
  ), judged as (
    select n.name, n.type, m.count, (
        select pg_catalog.count(*)
        from sample as s
        cross join lateral pg_catalog.jsonb_array_elements(s.rows) as r (value)
        where pg_catalog.jsonb_typeof(r.value -> n.name) <> 'null') as seen
    from narrow as n
    join misfit as m on m.name = n.name
  )
  select coalesce(
    pg_catalog.jsonb_agg(
      pg_catalog.jsonb_build_object('name', j.name, 'from', j.type, 'to', 'text', 'misfits', j.count, 'seen', j.seen)
      order by j.name collate "C"), '[]')
  from judged as j
  where j.count * 2 > j.seen
$$;

comment on function etl_api.widened_fields(jsonb, jsonb) is
  'Known columns of numbers, dates or booleans that have to become text: more than half of the new values, and five at least, do not fit. [{"name", "from", "to", "misfits", "seen"}], judged by at most 1,000 rows.';

revoke execute on function etl_api.widened_fields(jsonb, jsonb) from public;
grant execute on function etl_api.widened_fields(jsonb, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/records/add_columns.sql
create or replace function etl_api.add_columns(of_table public.tables, added jsonb) returns jsonb
language sql
set search_path = ''
as $$
  with inserted as (
    insert into public.table_columns
      (table_id, organization_id, name, label, type, options, format, display_order, is_inferred, created_at, updated_at)
    select of_table.id, of_table.organization_id, a.value ->> 'name', etl_api.column_label(a.value ->> 'name'), a.value ->> 'type',
      nullif(a.value -> 'options', 'null'), nullif(a.value -> 'format', 'null'), there.last + a.place, true, utils.now(), utils.now()
    from pg_catalog.jsonb_array_elements(added) with ordinality as a (value, place)
    cross join (
      select coalesce(pg_catalog.max(c.display_order), 0) as last, pg_catalog.count(*) as count
      from public.table_columns as c
      where c.table_id = of_table.id
    ) as there
    where pg_catalog.octet_length(a.value ->> 'name') between 1 and 500
      -- A view has no room for more.
      and there.count + a.place <= 1000
    order by a.value ->> 'name' collate "C"
    -- Of two who find the same field at once the first says what it is.
    on conflict (table_id, name) do nothing
    returning name
  )
  select coalesce(pg_catalog.jsonb_agg(a.value order by a.place), '[]')
  from pg_catalog.jsonb_array_elements(added) with ordinality as a (value, place)
  join inserted as i on i.name = a.value ->> 'name'
$$;

comment on function etl_api.add_columns(public.tables, jsonb) is
  'Adds columns to a table that nobody has added yet, up to a thousand; returns those that were.';

revoke execute on function etl_api.add_columns(public.tables, jsonb) from public;
grant execute on function etl_api.add_columns(public.tables, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/records/add_reports.sql
create or replace function etl_api.add_reports(report jsonb, next jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'success', (report ->> 'success')::int + (next ->> 'success')::int,
    'failed', (report ->> 'failed')::int + (next ->> 'failed')::int,
    'repeated', (report ->> 'repeated')::int + coalesce((next ->> 'repeated')::int, 0),
    'inserted_records', report -> 'inserted_records' || (next -> 'inserted_records'),
    'errors', report -> 'errors' || (next -> 'errors'),
    -- All of them stand with the records; an answer of this size is read by nobody.
    'warnings', case when pg_catalog.jsonb_array_length(report -> 'warnings') >= 1000 then report -> 'warnings'
      else pg_catalog.jsonb_path_query_array(report -> 'warnings' || (next -> 'warnings'), '$[0 to 999]') end,
    'warning_count', (report ->> 'warning_count')::int + pg_catalog.jsonb_array_length(next -> 'warnings'))
$$;

comment on function etl_api.add_reports(jsonb, jsonb) is
  'What came of two lots of records; of the warnings the first thousand.';

revoke execute on function etl_api.add_reports(jsonb, jsonb) from public;
grant execute on function etl_api.add_reports(jsonb, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/records/check_insertion.sql
create or replace function etl_api.check_insertion(
  job public.ai_generation_jobs, of_table public.tables, organization_id uuid, user_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if job.organization_id <> of_table.organization_id or organization_id <> of_table.organization_id then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('table %s is not of the organisation of job %s', of_table.id, job.id),
      hint = 'Insert into a table of the same organisation.';
  elsif user_id <> auth.uid() then
    raise exception using
      errcode = 'ETL06',
      message = 'you may not insert in the name of somebody else',
      hint = 'Leave user_id out.';
  end if;
end
$$;

comment on function etl_api.check_insertion(public.ai_generation_jobs, public.tables, uuid, uuid) is
  'Refuses an insertion whose job, table and organisation do not belong together, or in another''s name.';

revoke execute on function etl_api.check_insertion(public.ai_generation_jobs, public.tables, uuid, uuid) from public;
-- end of source

-- source: sql/etl_api/records/check_job_table.sql
create or replace function etl_api.check_job_table(of_job uuid, of_table uuid) returns void
language plpgsql security definer
set search_path = ''
as $$
begin
  if (etl_api.find_own_job(of_job)).table_id <> of_table then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('job %s is for another table than %s', of_job, of_table),
      hint = 'Give the table of the job.';
  end if;
end
$$;

comment on function etl_api.check_job_table(uuid, uuid) is
  'Refuses a table that is not that of a job; see etl_api.find_own_job.';

revoke execute on function etl_api.check_job_table(uuid, uuid) from public;
grant execute on function etl_api.check_job_table(uuid, uuid) to service_role;
-- end of source

-- source: sql/etl_api/records/close_generation.sql
create or replace function etl_api.close_generation(job public.ai_generation_jobs, report jsonb, left_out bigint default 0) returns void
language plpgsql
set search_path = ''
as $$
declare
  failures bigint;
  inserted constant int := job.completed_records + (report ->> 'success')::int - (report ->> 'repeated')::int;
  is_over boolean;
  total int;
begin
  -- What is staged and selected is still to come.
  select pg_catalog.count(*) filter (where g.status = 'failed'),
    left_out + pg_catalog.count(*) filter (where g.status = 'staged' and not g.selected)
  into failures, left_out
  from public.ai_generated_records as g
  where g.job_id = job.id
    and g.status <> 'success';
  total := greatest(job.total_records, inserted + failures);
  is_over := inserted + failures + left_out >= job.total_records;
  update public.ai_generation_jobs as j
  set status = case when not is_over then 'processing' when inserted > 0 or failures = 0 then 'completed' else 'failed' end,
      stage = case when not is_over then 'inserting' when inserted > 0 or failures = 0 then 'completed' else 'failed' end,
      total_records = total,
      completed_records = inserted,
      failed_records = failures,
      error_message = coalesce(report #>> '{errors,0,error}', case when failures > 0 then j.error_message end),
      updated_at = utils.now(),
      completed_at = case when is_over then coalesce(j.completed_at, utils.now()) end
  where j.id = job.id;
  if is_over then
    perform etl_api.tell_progress(job, 'complete',
      case when failures = 0 then pg_catalog.format('All %s records inserted successfully', inserted)
        else pg_catalog.format('Inserted %s/%s records (%s failed)', inserted, inserted + failures, failures) end,
      case when failures = 0 then 'success' else 'warning' end, null, inserted, (inserted + failures)::int);
  end if;
end
$$;

comment on function etl_api.close_generation(public.ai_generation_jobs, jsonb, bigint) is
  'Writes down how far a job is after an insertion that left out so many; once nothing is left it is completed, or failed where nothing went in.';

revoke execute on function etl_api.close_generation(public.ai_generation_jobs, jsonb, bigint) from public;
grant execute on function etl_api.close_generation(public.ai_generation_jobs, jsonb, bigint) to service_role;
-- end of source

-- source: sql/etl_api/records/column_label.sql
create or replace function etl_api.column_label(name text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select pg_catalog.upper(pg_catalog."left"(l.words, 1)) || pg_catalog.substr(l.words, 2)
  from (
    select pg_catalog.btrim(pg_catalog.regexp_replace(
      pg_catalog.regexp_replace(name, '([a-z0-9])([A-Z])', '\1 \2', 'g'), '[_\s]+', ' ', 'g')) as words
  ) as l
$$;

comment on function etl_api.column_label(text) is
  'What people see in place of a field''s name: employee_count is Employee count.';

revoke execute on function etl_api.column_label(text) from public;
grant execute on function etl_api.column_label(text) to service_role;
-- end of source

-- source: sql/etl_api/records/confirm_staged_records.sql
create or replace function etl_api.confirm_staged_records(job_id uuid, selected_indices int[] default null, max_records int default null)
returns jsonb
language plpgsql
security definer
set search_path = ''
-- A lot and what triggers are told of it stay in memory.
set work_mem = '64MB'
as $$
declare
  lot_size constant int := 5000;
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  of_table constant public.tables := etl_api.find_own_table(job.table_id);
  report jsonb := '{"success": 0, "failed": 0, "repeated": 0, "inserted_records": [], "errors": [], "warnings": [], "warning_count": 0}'::jsonb;
  chosen int[] := array(
    select g.record_index
    from public.ai_generated_records as g
    where g.job_id = job.id
      and g.status <> 'success'
      and case when selected_indices is null then g.status = 'staged' and g.selected else g.record_index = any (selected_indices) end
    order by g.record_index
    limit max_records);
  repeated constant uuid[] := array(
    select g.record_id
    from public.ai_generated_records as g
    where g.job_id = job.id
      and g.status = 'success'
      and g.record_index = any (selected_indices)
    order by g.record_index);
  lot etl_api.generated_record[];
begin
  perform etl_api.tell_progress(job, 'insertion', 'Analyzing generated fields...');
  for begins in 1 .. pg_catalog.cardinality(chosen) by lot_size loop
    lot := array(
      select row(g.record_index, null, g.generated_data, g.sources, g.field_confidence, g.enriched_fields, g.enrichment_method,
        null, null, null)::etl_api.generated_record
      from public.ai_generated_records as g
      where g.job_id = job.id
        and g.record_index = any (chosen[begins : begins + lot_size - 1])
      order by g.record_index);
    report := etl_api.land_lot(lot, job, of_table, coalesce(auth.uid(), job.created_by), report);
    perform etl_api.tell_landed(lot, job, report, pg_catalog.cardinality(chosen));
  end loop;
  -- What went in by an earlier call is in.
  report := report || pg_catalog.jsonb_build_object(
    'success', (report ->> 'success')::int + pg_catalog.cardinality(repeated),
    'repeated', (report ->> 'repeated')::int + pg_catalog.cardinality(repeated),
    'inserted_records', report -> 'inserted_records' || pg_catalog.to_jsonb(repeated));
  perform etl_api.close_generation(job, report);
  return report;
end
$$;

comment on function etl_api.confirm_staged_records(uuid, int[], int) is
  'Inserts staged records into the table of their job: all that are selected, or those at selected_indices; at most max_records. Returns what etl_api.insert_generated_records does. ETL04: no such job; ETL05: the table was deleted; ETL06: the caller may not.';

revoke execute on function etl_api.confirm_staged_records(uuid, int[], int) from public;
grant execute on function etl_api.confirm_staged_records(uuid, int[], int) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/create_table_jobs.sql
create or replace function etl_api.create_table_jobs(activities etl_api.requested_activity[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  job public.ai_generation_jobs;
begin
  -- A loop over the few that name a table.
  for job in
    insert into public.ai_generation_jobs
      (organization_id, table_id, activity_request_id, workflow_request_id, request, created_by, created_at, updated_at)
    select a.org_id, (a.body #>> '{destination,table,id}')::uuid, a.id, a.workflow_request_id,
      pg_catalog.jsonb_build_object('mode', coalesce(a.body #>> '{destination,table,mode}', 'insert'), 'activity_key', a.activity_key),
      auth.uid(), utils.now(), utils.now()
    from pg_catalog.unnest(activities) as a
    where coalesce(a.body #> '{destination,table}', 'null') <> 'null'
    returning *
  loop
    perform etl_api.tell_progress(job, 'pending', 'Generation started');
  end loop;
end
$$;

comment on function etl_api.create_table_jobs(etl_api.requested_activity[]) is
  'Begins a generation for each of these activity requests whose result goes into a table (destination.table).';

revoke execute on function etl_api.create_table_jobs(etl_api.requested_activity[]) from public;
grant execute on function etl_api.create_table_jobs(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/records/cut_long_texts.sql
create or replace function etl_api.cut_long_texts(data jsonb) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  select pg_catalog.jsonb_object_agg(f.key, case
    when pg_catalog.jsonb_typeof(f.value) = 'string' and pg_catalog.length(f.value #>> '{}') > 10000
      then pg_catalog.to_jsonb(pg_catalog."left"(f.value #>> '{}', 10000) || '... [truncated]')
    else f.value end)
  from pg_catalog.jsonb_each(data) as f
$$;

comment on function etl_api.cut_long_texts(jsonb) is
  'An object whose texts of more than 10,000 characters are cut there, and say so.';

revoke execute on function etl_api.cut_long_texts(jsonb) from public;
grant execute on function etl_api.cut_long_texts(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/records/discard_staged_records.sql
create or replace function etl_api.discard_staged_records(job_id uuid) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  gone int;
begin
  delete from public.ai_generated_records as g
  where g.job_id = job.id
    and g.status <> 'success';
  get diagnostics gone = row_count;
  update public.ai_generation_jobs as j
  set stage = case when j.completed_records > 0 then 'completed' else 'pending' end,
      status = case when j.completed_records > 0 then 'completed' else 'pending' end,
      total_records = j.completed_records,
      failed_records = 0,
      error_message = null,
      updated_at = utils.now()
  where j.id = job.id;
  perform etl_api.tell_progress(job, 'preview', pg_catalog.format('%s records discarded', gone));
  return gone;
end
$$;

comment on function etl_api.discard_staged_records(uuid) is
  'Throws away what a job has staged and not inserted, so that it can begin anew. Returns how many went. ETL04: no such job; ETL06: the caller may not.';

revoke execute on function etl_api.discard_staged_records(uuid) from public;
grant execute on function etl_api.discard_staged_records(uuid) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/edit_staged_record.sql
create or replace function etl_api.edit_staged_record(job_id uuid, record_index int, patch jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_variable
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  edited jsonb;
begin
  if pg_catalog.jsonb_typeof(patch) is distinct from 'object' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('patch is %s: it must be an object', coalesce(pg_catalog.jsonb_typeof(patch), 'null')),
      hint = 'Give {"field": value, …}; null takes a field out.';
  end if;
  -- What somebody has written is no more as sure, or from where, as what was generated.
  update public.ai_generated_records as g
  set generated_data = pg_catalog.jsonb_strip_nulls(g.generated_data || patch),
      field_confidence = g.field_confidence - array(select k.name from pg_catalog.jsonb_object_keys(patch) as k (name)),
      enriched_fields = array(select e.name from pg_catalog.unnest(g.enriched_fields) as e (name) where not patch ? e.name),
      sources = coalesce((
        select pg_catalog.jsonb_agg(s.value)
        from pg_catalog.jsonb_array_elements(g.sources) as s (value)
        where not patch ? coalesce(s.value ->> 'field', '')), '[]') || (
        select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('field', k.name, 'source', 'edited', 'by', auth.uid())), '[]')
        from pg_catalog.jsonb_object_keys(patch) as k (name)),
      status = 'staged',
      error = null,
      updated_at = utils.now()
  where g.job_id = job.id
    and g.record_index = record_index
    and g.status <> 'success'
  returning g.generated_data into edited;
  if edited is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('job %s has no staged record %s', job.id, coalesce(record_index::text, 'null')),
      hint = 'Once it is in, it is a row of records.';
  end if;
  return edited;
end
$$;

comment on function etl_api.edit_staged_record(uuid, int, jsonb) is
  'Changes fields of a staged record; a field that is null goes. Where they come from is then the one who edited. Returns the fields. ETL04: bad patch, or no such staged record; ETL06: the caller may not.';

revoke execute on function etl_api.edit_staged_record(uuid, int, jsonb) from public;
grant execute on function etl_api.edit_staged_record(uuid, int, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/evolve_table.sql
create or replace function etl_api.evolve_table(
  of_table public.tables, rows jsonb, by uuid default null, is_planned boolean default false, out columns jsonb, out unknown text[], out added jsonb, out widened jsonb)
returns record
language plpgsql
set search_path = ''
as $$
begin
  columns := etl_api.record_columns(of_table.id);
  unknown := '{}';
  added := '[]';
  widened := '[]';
  if is_planned and etl_api.new_fields(rows, array(select c.value ->> 'name' from pg_catalog.jsonb_array_elements(columns) as c (value))) = '{}'
    and not columns @> '[{"open": true, "type": "select"}]' and not columns @> '[{"open": true, "type": "multiselect"}]'
  then
    return;
  end if;
  select p.columns, p.unknown, p.added, p.widened
  into columns, unknown, added, widened
  from etl_api.plan_landing(rows, columns, of_table.contract) as p;
  if added = '[]' and widened = '[]' then
    return;
  end if;
  -- Who changes columns of the same table waits, before anybody holds one of them.
  perform 1 from public.tables as t where t.id = of_table.id for no key update;
  added := etl_api.add_columns(of_table, added);
  widened := etl_api.widen_columns(of_table, widened);
  perform etl_api.note_schema_changes(of_table.organization_id, 'records', of_table.id::text, added, widened, by);
  -- What others have added meanwhile is theirs to say.
  columns := etl_api.record_columns(of_table.id);
end
$$;

comment on function etl_api.evolve_table(public.tables, jsonb, uuid, boolean) is
  'Gives a table the columns that these rows need, by its contract, and writes down what changed. Fields that found no room (1,000 columns, names over 500 bytes) stay in data without a column. is_planned: it was called before with rows from everywhere, so only what they lacked is looked for.';

revoke execute on function etl_api.evolve_table(public.tables, jsonb, uuid, boolean) from public;
grant execute on function etl_api.evolve_table(public.tables, jsonb, uuid, boolean) to service_role;
-- end of source

-- source: sql/etl_api/records/find_own_job.sql
create or replace function etl_api.find_own_job(job_id uuid) returns public.ai_generation_jobs
language plpgsql
set search_path = ''
as $$
declare
  found_job public.ai_generation_jobs;
begin
  -- Whoever works on the same job at the same time waits here.
  select j.* into found_job
  from public.ai_generation_jobs as j
  where j.id = find_own_job.job_id
    and (auth.uid() is null or j.organization_id in (select etl_api.my_orgs()))
  for no key update;
  if found_job.id is null or not coalesce(etl_api.may_request(found_job.organization_id), false) and auth.uid() is null then
    -- Another's and none at all look the same from outside.
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no generation job %s', coalesce(job_id::text, 'null')),
      hint = 'Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.';
  elsif not etl_api.may_request(found_job.organization_id) then
    raise exception using
      errcode = 'ETL06',
      message = pg_catalog.format('your role in org %s only reads', found_job.organization_id),
      hint = 'An owner, admin or member of the org can do this.';
  end if;
  return found_job;
end
$$;

comment on function etl_api.find_own_job(uuid) is
  'A generation job, held until the transaction ends, if the caller may work on it: the first statement of the doors that do. ETL04: none, or of an org the caller does not belong to; ETL06: the caller only reads there.';

revoke execute on function etl_api.find_own_job(uuid) from public;
-- end of source

-- source: sql/etl_api/records/find_own_table.sql
create or replace function etl_api.find_own_table(table_id uuid) returns public.tables
language plpgsql stable
set search_path = ''
as $$
declare
  found_table public.tables;
begin
  select t.* into found_table
  from public.tables as t
  where t.id = find_own_table.table_id
    and (auth.uid() is null or t.organization_id in (select etl_api.my_orgs()));
  if found_table.id is null or not coalesce(etl_api.may_request(found_table.organization_id), false) and auth.uid() is null then
    -- Another's and none at all look the same from outside.
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no table %s', coalesce(table_id::text, 'null')),
      hint = 'Give the id of a row of tables.';
  elsif not etl_api.may_request(found_table.organization_id) then
    raise exception using
      errcode = 'ETL06',
      message = pg_catalog.format('your role in org %s only reads', found_table.organization_id),
      hint = 'An owner, admin or member of the org can do this.';
  elsif found_table.deleted_at is not null then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('table %s was deleted at %s', table_id, found_table.deleted_at),
      hint = 'Set its deleted_at to null to have it back.';
  end if;
  return found_table;
end
$$;

comment on function etl_api.find_own_table(uuid) is
  'A table of records, if the caller may write there: the first statement of the doors that do. ETL04: none, or of an org the caller does not belong to; ETL05: it was deleted; ETL06: the caller only reads there.';

revoke execute on function etl_api.find_own_table(uuid) from public;
-- end of source

-- source: sql/etl_api/records/generate_records.sql
create or replace function etl_api.generate_records(as_user uuid, of_table uuid, total_records int, request jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  of_org uuid;
  job public.ai_generation_jobs;
  workflow public.workflow_request;
begin
  perform etl_api.act_for(as_user);
  of_org := etl_api.org_of_table(of_table);
  if pg_catalog.jsonb_typeof(generate_records.request -> 'workflow') is distinct from 'object' then
    return pg_catalog.jsonb_build_object('job_id', etl_api.start_generation(of_table, request, total_records));
  end if;
  insert into public.workflow_request (org_id, data) values (of_org, request -> 'workflow')
  returning * into workflow;
  select w.* into workflow from public.workflow_request as w where w.id = workflow.id;
  select j.* into job
  from public.ai_generation_jobs as j
  where j.workflow_request_id = workflow.id
    and j.table_id = of_table
  order by j.created_at, j.id
  limit 1;
  if workflow.state = 'invalid' or job.id is null then
    raise exception using
      errcode = 'ETL04',
      message = coalesce(workflow.errors #>> '{0,path}' || ': ' || (workflow.errors #>> '{0,message}'),
        pg_catalog.format('no activity of the workflow has table %s as its destination', of_table)),
      hint = 'Give the data of a workflow request, an activity of which has destination.table.';
  end if;
  update public.ai_generation_jobs as j
  set request = j.request || (generate_records.request - 'workflow'),
      total_records = greatest(j.total_records, generate_records.total_records)
  where j.id = job.id;
  return pg_catalog.jsonb_build_object('job_id', job.id, 'workflow_request_id', workflow.id);
end
$$;

comment on function etl_api.generate_records(uuid, uuid, int, jsonb) is
  'Begins a generation for a table, for the function records-generate: a job, or with request.workflow a workflow request whose result lands there. Returns job_id, workflow_request_id. ETL04: no such table, or a request that is invalid; ETL06: the user may not.';

revoke execute on function etl_api.generate_records(uuid, uuid, int, jsonb) from public;
grant execute on function etl_api.generate_records(uuid, uuid, int, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/records/generated_id.sql
create or replace function etl_api.generated_id(job_id uuid, record_index int) returns uuid
language sql immutable parallel safe
set search_path = ''
as $$
  -- Of one job they stand side by side in an index, in their order: 88 bits of the job's, then the place.
  select (pg_catalog."left"(m.md5, 12) || '8' || pg_catalog.substr(m.md5, 14, 3) || '8' || pg_catalog.substr(m.md5, 18, 7)
    || pg_catalog.lpad(pg_catalog.to_hex(record_index), 8, '0'))::uuid
  from (select pg_catalog.md5(job_id::text) as md5) as m
$$;

comment on function etl_api.generated_id(uuid, int) is
  'The id of a record that was generated, made of its job and its place there: the same each time it is tried.';

revoke execute on function etl_api.generated_id(uuid, int) from public;
grant execute on function etl_api.generated_id(uuid, int) to service_role;
-- end of source

-- source: sql/etl_api/records/generation_progress.sql
create or replace function etl_api.generation_progress(as_user uuid, of_job uuid, after bigint default 0, max_events int default 500)
returns table (job jsonb, events jsonb)
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform etl_api.act_for(as_user);
  return query
  select pg_catalog.jsonb_build_object('id', j.id, 'status', j.status, 'stage', j.stage, 'total_records', j.total_records,
      'completed_records', j.completed_records, 'failed_records', j.failed_records, 'error_message', j.error_message), (
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(e) - '{job_id,organization_id}'::text[] order by e.seq), '[]')
    from (
      select v.*
      from public.ai_generation_events as v
      where v.job_id = j.id
        and v.seq > coalesce(generation_progress.after, 0)
      order by v.seq
      limit max_events
    ) as e)
  from public.ai_generation_jobs as j
  where j.id = of_job
    and (as_user is null or j.organization_id in (select etl_api.my_orgs()));
end
$$;

comment on function etl_api.generation_progress(uuid, uuid, bigint, int) is
  'How far a job is, and what happened after an event, for the function records-progress; no row where there is no such job of the user''s.';

revoke execute on function etl_api.generation_progress(uuid, uuid, bigint, int) from public;
grant execute on function etl_api.generation_progress(uuid, uuid, bigint, int) to service_role;
-- end of source

-- source: sql/etl_api/records/hold_table.sql
create or replace function etl_api.hold_table() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform 1 from public.tables as t where t.id = coalesce(new.table_id, old.table_id) for no key update;
  return coalesce(new, old);
end
$$;

comment on function etl_api.hold_table() is
  'Lets those who change columns of the same table come one after the other, before any of them holds a column.';

revoke execute on function etl_api.hold_table() from public;
-- end of source

-- source: sql/etl_api/records/insert_generated_records.sql
create or replace function etl_api.insert_generated_records(
  job_id uuid, records jsonb, table_id uuid, organization_id uuid default null, user_id uuid default null,
  selected_indices int[] default null) returns jsonb
language plpgsql
security definer
set search_path = ''
-- A lot and what triggers are told of it stay in memory.
set work_mem = '64MB'
as $$
declare
  -- So many at once: what one bad record costs is tried again within its lot only.
  lot_size constant int := 5000;
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  of_table constant public.tables := etl_api.find_own_table(table_id);
  -- Taken out of its compression once, if it comes from a table, and not for each lot.
  given constant jsonb := case when pg_catalog.jsonb_typeof(records) = 'array' then records || '[]'::jsonb end;
  given_count constant int := pg_catalog.jsonb_array_length(given);
  total constant int := case when selected_indices is null then given_count else least(given_count, pg_catalog.cardinality(selected_indices)) end;
  report jsonb := '{"success": 0, "failed": 0, "repeated": 0, "inserted_records": [], "errors": [], "warnings": [], "warning_count": 0}'::jsonb;
  lot etl_api.generated_record[];
begin
  perform etl_api.check_insertion(job, of_table, organization_id, user_id);
  if given_count is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('records is %s: it must be an array', coalesce(pg_catalog.jsonb_typeof(records), 'null')),
      hint = 'Give [{"name", "fields": [{"name", "value", "confidence", "source"}]}] or flat objects.';
  end if;
  perform etl_api.tell_progress(job, 'insertion', 'Analyzing generated fields...');
  if given_count > lot_size then
    -- Of which type a new field is, rows from everywhere say, not only those of the first lot.
    perform etl_api.evolve_table(of_table, (
      select coalesce(pg_catalog.jsonb_agg(g.given - '{company_name,name,email}'::text[]), '[]')
      from etl_api.read_generated(etl_api.spread_rows(given)) as g), coalesce(user_id, auth.uid()));
  end if;
  -- A loop over lots, so that memory is bounded by one of them.
  for begins in 0 .. given_count - 1 by lot_size loop
    lot := array(
      select g
      from etl_api.read_generated(pg_catalog.jsonb_path_query_array(given, '$[$begin to $end]',
        pg_catalog.jsonb_build_object('begin', begins, 'end', begins + lot_size - 1)), begins) as g
      where selected_indices is null
        or g.record_index = any (selected_indices));
    continue when lot = '{}';
    report := etl_api.land_lot(lot, job, of_table, coalesce(user_id, auth.uid()), report, given_count > lot_size);
    perform etl_api.tell_landed(lot, job, report, total);
  end loop;
  perform etl_api.close_generation(job, report, given_count - total);
  return report;
end
$$;

comment on function etl_api.insert_generated_records(uuid, jsonb, uuid, uuid, uuid, int[]) is
  'Inserts what a job generated into a table, columns it lacks first (by the table''s contract), with what is known of where each value comes from. records: [{"name", "website", "fields": [{"name", "value", "confidence", "source", "sourceUrl"}]}] or flat objects; selected_indices: only these places, from 0. A record that cannot be inserted costs only itself; one that this job has inserted before is not inserted again, so the same call may be made twice. Returns {success, failed, inserted_records, errors, warnings} and repeated: those in before. ETL04: bad arguments, or no such job or table; ETL05: the table was deleted; ETL06: the caller may not.';

revoke execute on function etl_api.insert_generated_records(uuid, jsonb, uuid, uuid, uuid, int[]) from public;
grant execute on function etl_api.insert_generated_records(uuid, jsonb, uuid, uuid, uuid, int[]) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/insert_records.sql
create or replace function etl_api.insert_records(
  lot etl_api.generated_record[], job public.ai_generation_jobs, of_table public.tables, status text, created_by uuid) returns void
language sql
set search_path = ''
as $$
  -- The ids of etl_api.generated_id, without a call for each.
  with i as materialized (
    select pg_catalog."left"(etl_api.generated_id(job.id, 0)::text, 28) as head, utils.now() as moment
  ), landed as (
    insert into public.records
      (id, table_id, organization_id, name, email, company, status, data, created_by, is_ai_generated, ai_generation_job_id,
       created_at, updated_at)
    select (i.head || pg_catalog.lpad(pg_catalog.to_hex(s.record_index), 8, '0'))::uuid, of_table.id, of_table.organization_id, n.name, s.given ->> 'email', coalesce(nullif(s.given ->> 'company_name', ''), n.name),
      insert_records.status, s.data, insert_records.created_by, true, job.id, i.moment, i.moment
    from pg_catalog.unnest(lot) as s
    cross join i
    cross join lateral (
      select coalesce(nullif(s.given ->> 'company_name', ''), nullif(s.given ->> 'name', ''), nullif(s.title, ''), 'Unnamed Company') as name
    ) as n
  )
  insert into public.ai_generated_records
    (id, job_id, organization_id, record_index, generated_data, sources, field_confidence, enriched_fields, enrichment_method,
     status, record_id, warnings, created_at, updated_at)
  select (i.head || pg_catalog.lpad(pg_catalog.to_hex(s.record_index), 8, '0'))::uuid, job.id, job.organization_id, s.record_index, s.given, s.sources, s.confidence, s.enriched, s.method,
    'success', (i.head || pg_catalog.lpad(pg_catalog.to_hex(s.record_index), 8, '0'))::uuid, s.warnings, i.moment, i.moment
  from pg_catalog.unnest(lot) as s
  cross join i
  on conflict (job_id, record_index) do update
  set status = 'success',
      record_id = excluded.record_id,
      generated_data = excluded.generated_data,
      sources = excluded.sources,
      field_confidence = excluded.field_confidence,
      enriched_fields = excluded.enriched_fields,
      enrichment_method = excluded.enrichment_method,
      error = null,
      warnings = excluded.warnings,
      updated_at = excluded.updated_at
$$;

comment on function etl_api.insert_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, text, uuid) is
  'Inserts prepared records, and what is known of where they come from, in one statement, all or none.';

revoke execute on function etl_api.insert_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, text, uuid) from public;
grant execute on function etl_api.insert_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, text, uuid) to service_role;
-- end of source

-- source: sql/etl_api/records/insert_records_apart.sql
create or replace function etl_api.insert_records_apart(
  lot etl_api.generated_record[], job public.ai_generation_jobs, of_table public.tables, status text, created_by uuid)
returns table (record_index int, fault text)
language plpgsql
set search_path = ''
as $$
declare
  half constant int := pg_catalog.cardinality(lot) / 2;
  fault_state text;
  fault_message text;
begin
  begin
    perform etl_api.insert_records(lot, job, of_table, status, created_by);
    return;
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;
  if half > 0 then
    return query
    select * from etl_api.insert_records_apart(lot[1 : half], job, of_table, status, created_by)
    union all
    select * from etl_api.insert_records_apart(lot[half + 1 :], job, of_table, status, created_by);
    return;
  end if;
  return query values (lot[1].record_index, fault_message);
end
$$;

comment on function etl_api.insert_records_apart(etl_api.generated_record[], public.ai_generation_jobs, public.tables, text, uuid) is
  'Inserts prepared records (insert_records); when that fails, halves them until the one that cannot be inserted stands alone, and inserts the others. Returns those that cannot, and why.';

revoke execute on function etl_api.insert_records_apart(etl_api.generated_record[], public.ai_generation_jobs, public.tables, text, uuid) from public;
grant execute on function etl_api.insert_records_apart(etl_api.generated_record[], public.ai_generation_jobs, public.tables, text, uuid) to service_role;
-- end of source

-- source: sql/etl_api/records/insert_staged.sql
create or replace function etl_api.insert_staged(as_user uuid, of_job uuid, of_table uuid, places jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  chosen constant int[] := array(select p.value::int from pg_catalog.jsonb_array_elements_text(places) as p (value));
begin
  perform etl_api.act_for(as_user);
  perform etl_api.check_job_table(of_job, of_table);
  if not exists (
    select 1 from public.ai_generated_records as g where g.job_id = of_job and g.record_index = any (chosen))
  then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('job %s has no such records to insert', of_job),
      hint = 'Stage some first, or wait until they are generated.';
  end if;
  return etl_api.confirm_staged_records(of_job, chosen);
end
$$;

comment on function etl_api.insert_staged(uuid, uuid, uuid, jsonb) is
  'Inserts staged records at these places for the function records-insert. ETL04: no such job or places, or another table; ETL06: the user may not.';

revoke execute on function etl_api.insert_staged(uuid, uuid, uuid, jsonb) from public;
grant execute on function etl_api.insert_staged(uuid, uuid, uuid, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/records/keep_failed_records.sql
create or replace function etl_api.keep_failed_records(lot etl_api.generated_record[], job public.ai_generation_jobs) returns void
language sql
set search_path = ''
as $$
  insert into public.ai_generated_records
    (id, job_id, organization_id, record_index, generated_data, sources, field_confidence, enriched_fields, enrichment_method,
     status, error, warnings, created_at, updated_at)
  select etl_api.generated_id(job.id, l.record_index), job.id, job.organization_id, l.record_index, l.given, l.sources, l.confidence,
    l.enriched, l.method, 'failed', l.fault, l.warnings, utils.now(), utils.now()
  from pg_catalog.unnest(lot) as l
  on conflict (job_id, record_index) do update
  set status = excluded.status,
      error = excluded.error,
      warnings = excluded.warnings,
      generated_data = excluded.generated_data,
      updated_at = excluded.updated_at
  where ai_generated_records.status <> 'success'
$$;

comment on function etl_api.keep_failed_records(etl_api.generated_record[], public.ai_generation_jobs) is
  'Keeps what was generated and could not be inserted, with the reason: a later call can try it again.';

revoke execute on function etl_api.keep_failed_records(etl_api.generated_record[], public.ai_generation_jobs) from public;
grant execute on function etl_api.keep_failed_records(etl_api.generated_record[], public.ai_generation_jobs) to service_role;
-- end of source

-- source: sql/etl_api/records/keep_table_view.sql
create or replace function etl_api.keep_table_view() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform etl_api.make_table_view(coalesce(new.id, old.id));
  return null;
end
$$;

comment on function etl_api.keep_table_view() is
  'Keeps the view of a table like the table: made, renamed and dropped with it.';

revoke execute on function etl_api.keep_table_view() from public;
-- end of source

-- source: sql/etl_api/records/keep_table_views.sql
create or replace function etl_api.keep_table_views() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'DELETE' then
    perform etl_api.make_table_view(o.table_id)
    from (select distinct r.table_id from old_rows as r order by r.table_id) as o;
  else
    perform etl_api.make_table_view(n.table_id)
    from (select distinct r.table_id from new_rows as r order by r.table_id) as n;
  end if;
  return null;
end
$$;

comment on function etl_api.keep_table_views() is
  'Keeps the views of tables like their columns.';

revoke execute on function etl_api.keep_table_views() from public;
-- end of source

-- source: sql/etl_api/records/land_activity_result.sql
create or replace function etl_api.land_activity_result(job public.ai_generation_jobs, objects jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  lot_size constant int := 5000;
  of_table constant public.tables := (select t from public.tables as t where t.id = job.table_id and t.deleted_at is null);
  keys constant jsonb := coalesce(job.request -> 'keys', '[]');
  records constant jsonb := etl_api.result_records(objects, keys);
  total constant int := pg_catalog.jsonb_array_length(records);
  report jsonb := '{"success": 0, "failed": 0, "repeated": 0, "inserted_records": [], "errors": [], "warnings": [], "warning_count": 0}'::jsonb;
  lot etl_api.generated_record[];
begin
  if of_table.id is null then
    raise exception using errcode = 'ETL05', message = pg_catalog.format('table %s was deleted', job.table_id);
  end if;
  -- A retry may find more, or in another order: each object keeps its place.
  update public.ai_generation_jobs as j
  set request = j.request || pg_catalog.jsonb_build_object('keys', keys || (
      select coalesce(pg_catalog.jsonb_agg(o.value -> 'key' order by o.place), '[]')
      from pg_catalog.jsonb_array_elements(objects) with ordinality as o (value, place)
      where not keys @> pg_catalog.jsonb_build_array(o.value -> 'key'))),
      total_records = greatest(j.total_records, total)
  where j.id = job.id
  returning * into job;
  if job.request ->> 'mode' = 'stage' then
    perform etl_api.stage_records(job, records);
    return;
  end if;
  perform etl_api.tell_progress(job, 'insertion', 'Analyzing generated fields...');
  for begins in 0 .. total - 1 by lot_size loop
    lot := array(
      select g
      from etl_api.read_generated(pg_catalog.jsonb_path_query_array(records, '$[$begin to $end]',
        pg_catalog.jsonb_build_object('begin', begins, 'end', begins + lot_size - 1)), begins) as g);
    report := etl_api.land_lot(lot, job, of_table, job.created_by, report);
    perform etl_api.tell_landed(lot, job, report, total);
  end loop;
  perform etl_api.close_generation(job, report);
end
$$;

comment on function etl_api.land_activity_result(public.ai_generation_jobs, jsonb) is
  'Brings the objects of an activity that has ended into the table of its job, at once or to be looked at, as the request says.';

revoke execute on function etl_api.land_activity_result(public.ai_generation_jobs, jsonb) from public;
-- end of source

-- source: sql/etl_api/records/land_activity_results.sql
create or replace function etl_api.land_activity_results(activity_request_ids uuid[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  job public.ai_generation_jobs;
  ended record;
  fault_state text;
  fault_message text;
begin
  -- A loop over the few whose result goes into a table.
  for job in
    select j.*
    from unnest(activity_request_ids) as i (id)
    cross join lateral (
      select g.* from public.ai_generation_jobs as g where g.activity_request_id = i.id offset 0
    ) as j
    order by j.id
  loop
    select a.state, a.state_substate, coalesce(r.objects, '[]') as objects into ended
    from public.activity_request as a
    left join public.activity_result as r on r.activity_request_id = a.id
    where a.id = job.activity_request_id;
    continue when ended.state is null or ended.state not in ('done', 'delivered', 'failed', 'timedout', 'invalid');
    begin
      if ended.objects = '[]' and ended.state not in ('done', 'delivered') then
        raise exception using errcode = 'ETL05', message = pg_catalog.concat_ws(': ', 'the activity is ' || ended.state, ended.state_substate);
      end if;
      perform etl_api.land_activity_result(job, ended.objects);
    exception when others then
      get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
      if etl_api.fault_passes(fault_state) then
        raise;
      end if;
      -- The request goes on without its table, and both say so.
      update public.ai_generation_jobs as j
      set status = 'failed', stage = 'failed', error_message = fault_message, updated_at = utils.now()
      where j.id = job.id;
      perform etl_api.tell_progress(job, 'failed', fault_message, 'error');
      perform etl_api.logger('warn', 'records', 'The result of an activity did not land in its table.',
        pg_catalog.jsonb_build_object('job_id', job.id, 'error', fault_message), job.organization_id);
    end;
  end loop;
end
$$;

comment on function etl_api.land_activity_results(uuid[]) is
  'Brings the results of those of these activity requests that have ended and name a table (destination.table) there, in the transaction that ends them; again after a retry, each object once.';

revoke execute on function etl_api.land_activity_results(uuid[]) from public;
grant execute on function etl_api.land_activity_results(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/records/land_lot.sql
create or replace function etl_api.land_lot(
  lot etl_api.generated_record[], job public.ai_generation_jobs, of_table public.tables, created_by uuid, report jsonb, is_planned boolean default false) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  left_over record;
begin
  select l.* into left_over from etl_api.leave_out_inserted(lot, job.id) as l;
  report := etl_api.add_reports(report, pg_catalog.jsonb_build_object(
    'success', pg_catalog.cardinality(left_over.repeated), 'failed', 0,
    'repeated', pg_catalog.cardinality(left_over.repeated),
    'inserted_records', pg_catalog.to_jsonb(left_over.repeated),
    'errors', '[]'::jsonb,
    'warnings', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('index', c.place, 'warning',
        'this record of the job is in already, with other values, and stays; a job that inserts in parts gives each record its record_index')), '[]')
      from pg_catalog.unnest(left_over.changed) as c (place))));
  if left_over.lot = '{}' then
    return report;
  end if;
  return etl_api.add_reports(report, etl_api.land_records(left_over.lot, job, of_table, created_by, is_planned));
end
$$;

comment on function etl_api.land_lot(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, jsonb, boolean) is
  'Lands a lot of a job, but for what is in already, and adds what came of it to the report.';

revoke execute on function etl_api.land_lot(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, jsonb, boolean) from public;
grant execute on function etl_api.land_lot(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, jsonb, boolean) to service_role;
-- end of source

-- source: sql/etl_api/records/land_records.sql
create or replace function etl_api.land_records(
  lot etl_api.generated_record[], job public.ai_generation_jobs, of_table public.tables, created_by uuid, is_planned boolean default false) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  plan record;
  rows constant jsonb := (
    select coalesce(pg_catalog.jsonb_agg(l.given - '{company_name,name,email}'::text[] order by l.place), '[]')
    from (select (u).given, pg_catalog.row_number() over () as place from pg_catalog.unnest(lot) as u) as l);
  bad etl_api.generated_record[];
  failed jsonb;
begin
  select p.* into plan
  from etl_api.evolve_table(of_table, rows, created_by, is_planned) as p;
  if plan.added <> '[]' then
    perform etl_api.tell_progress(job, 'insertion', pg_catalog.format('Creating %s new column%s: %s',
      pg_catalog.jsonb_array_length(plan.added), case when pg_catalog.jsonb_array_length(plan.added) > 1 then 's' end,
      (select pg_catalog.string_agg(a.value ->> 'name', ', ') from pg_catalog.jsonb_array_elements(plan.added) as a (value))));
  end if;
  lot := etl_api.prepare_records(lot, rows, of_table, plan.columns, plan.unknown);
  bad := array(select l from pg_catalog.unnest(lot) as l where l.fault is not null);
  if bad <> '{}' then
    lot := array(select l from pg_catalog.unnest(lot) as l where l.fault is null);
  end if;
  failed := (
    select pg_catalog.jsonb_object_agg(a.record_index, a.fault)
    from etl_api.insert_records_apart(lot, job, of_table,
      (select s.name from public.table_statuses as s where s.table_id = of_table.id order by s.display_order, s.created_at, s.id limit 1),
      created_by) as a);
  if failed is not null then
    bad := bad || array(
      select row(l.record_index, l.title, l.given, l.sources, l.confidence, l.enriched, l.method, l.data, l.warnings,
        failed ->> l.record_index::text)::etl_api.generated_record
      from pg_catalog.unnest(lot) as l
      where failed ? l.record_index::text);
    lot := array(select l from pg_catalog.unnest(lot) as l where not failed ? l.record_index::text);
  end if;
  if bad <> '{}' then
    perform etl_api.keep_failed_records(bad, job);
  end if;
  return etl_api.landing_report(job.id, lot, bad, plan.unknown, of_table.contract);
end
$$;

comment on function etl_api.land_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, boolean) is
  'Brings generated records into a table: columns first, then the records, those that cannot alone left out. Returns what came of it, as etl_api.insert_generated_records does.';

revoke execute on function etl_api.land_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, boolean) from public;
grant execute on function etl_api.land_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, boolean) to service_role;
-- end of source

-- source: sql/etl_api/records/landing_report.sql
create or replace function etl_api.landing_report(
  job_id uuid, lot etl_api.generated_record[], bad etl_api.generated_record[], unknown text[], contract text) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'success', pg_catalog.cardinality(lot),
    'failed', pg_catalog.cardinality(bad),
    'inserted_records', (
      select coalesce(pg_catalog.jsonb_agg(i.head || pg_catalog.lpad(pg_catalog.to_hex(l.record_index), 8, '0')), '[]')
      from pg_catalog.unnest(lot) as l
      cross join (select pg_catalog."left"(etl_api.generated_id(job_id, 0)::text, 28) as head offset 0) as i),
    'errors', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('index', b.record_index,
        'company', coalesce(b.given ->> 'company_name', b.given ->> 'name', b.title), 'error', b.fault) order by b.record_index), '[]')
      from pg_catalog.unnest(bad) as b),
    'warnings', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('index', l.record_index,
        'company', coalesce(l.given ->> 'company_name', l.given ->> 'name', l.title)) || pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
          'field', w.value -> 'field', 'warning', w.value -> 'warning')) order by l.record_index), '[]')
      from pg_catalog.unnest(lot) as l
      cross join lateral pg_catalog.jsonb_array_elements(l.warnings) as w (value))
      || case when contract = 'discard' and unknown <> '{}' then (
        select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('field', u.name, 'warning',
          pg_catalog.format('unknown field %I was dropped: the table takes no new fields', u.name)))
        from pg_catalog.unnest(unknown) as u (name)) else '[]' end)
$$;

comment on function etl_api.landing_report(uuid, etl_api.generated_record[], etl_api.generated_record[], text[], text) is
  'What came of a lot of records, for whoever called.';

revoke execute on function etl_api.landing_report(uuid, etl_api.generated_record[], etl_api.generated_record[], text[], text) from public;
grant execute on function etl_api.landing_report(uuid, etl_api.generated_record[], etl_api.generated_record[], text[], text) to service_role;
-- end of source

-- source: sql/etl_api/records/leave_out_inserted.sql
create or replace function etl_api.leave_out_inserted(
  inout lot etl_api.generated_record[], of_job uuid, out repeated uuid[], out changed int[])
returns record
language plpgsql
set search_path = ''
as $$
declare
  there jsonb;
begin
  select coalesce(pg_catalog.jsonb_object_agg(g.record_index, g.generated_data is distinct from l.given), '{}') into there
  from pg_catalog.unnest(lot) as l
  join public.ai_generated_records as g
    on g.job_id = of_job
    and g.record_index = l.record_index
  where g.status = 'success';
  repeated := '{}';
  changed := '{}';
  if there <> '{}' then
    repeated := array(select etl_api.generated_id(of_job, t.key::int) from pg_catalog.jsonb_each(there) as t order by t.key::int);
    changed := array(select t.key::int from pg_catalog.jsonb_each(there) as t where t.value = 'true' order by t.key::int);
    lot := array(select l from pg_catalog.unnest(lot) as l where not there ? l.record_index::text);
  end if;
  -- One place, one record.
  if (select pg_catalog.count(distinct l.record_index) < pg_catalog.count(*) from pg_catalog.unnest(lot) as l) then
    lot := array(
      select row(d.record_index, d.title, d.given, d.sources, d.confidence, d.enriched, d.method, d.data, d.warnings,
        case when d.count > 1 then pg_catalog.format('%s records of this call have record_index %s', d.count, d.record_index)
          else d.fault end)::etl_api.generated_record
      from (
        select distinct on (l.record_index) l.*, pg_catalog.count(*) over (partition by l.record_index) as count
        from pg_catalog.unnest(lot) as l
        order by l.record_index
      ) as d);
  end if;
end
$$;

comment on function etl_api.leave_out_inserted(etl_api.generated_record[], uuid) is
  'Leaves out of a lot what its job has inserted before: repeated, the ids; changed, the places of those that were something else. Of a place that comes twice none lands.';

revoke execute on function etl_api.leave_out_inserted(etl_api.generated_record[], uuid) from public;
-- end of source

-- source: sql/etl_api/records/make_table_view.sql
create or replace function etl_api.make_table_view(table_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
-- The columns are made by format with quoted names, in a function of their own, which the check cannot follow.
-- @plpgsql_check_options: security_warnings = false
declare
  of_table constant public.tables := (select t from public.tables as t where t.id = make_table_view.table_id);
  -- Found by its comment: the table may have been called otherwise when it was made.
  there constant name := (
    select c.relname
    from pg_catalog.pg_class as c
    join pg_catalog.pg_description as d on d.objoid = c.oid and d.objsubid = 0 and d.classoid = 'pg_catalog.pg_class'::regclass
    where c.relkind = 'v'
      and c.relnamespace = 'public'::regnamespace
      and c.relname ^@ ('records_' || pg_catalog."left"(make_table_view.table_id::text, 8))
      and d.description ^@ ('The records of table ' || make_table_view.table_id)
    limit 1);
  called constant text := etl_api.table_view_name(of_table.id, of_table.name);
  names constant text[] := array(
    select c.name from public.table_columns as c
    where c.table_id = of_table.id and c.name not in ('company_name', 'name', 'email')
    order by c.display_order, c.created_at, c.name collate "C");
  columns constant text := (
    select pg_catalog.string_agg(', ' || etl_api.view_column(c.name, c.type, c.format, n.called), '' order by n.place)
    from unnest(names, etl_api.view_column_names(names)) with ordinality as n (name, called, place)
    join public.table_columns as c on c.table_id = of_table.id and c.name = n.name);
begin
  if there is not null and (of_table.id is null or of_table.deleted_at is not null or there <> called) then
    execute pg_catalog.format('drop view public.%I', there);
  end if;
  if of_table.id is null or of_table.deleted_at is not null then
    return;
  end if;
  begin
    execute pg_catalog.format(
      'create or replace view public.%I with (security_invoker = true) as
       select r.id, r.name, r.email, r.company, r.status, r.data, r.is_ai_generated, r.created_by, r.created_at, r.updated_at%s
       from public.records as r where r.table_id = %L and r.deleted_at is null', called, columns, of_table.id);
  exception when invalid_table_definition then
    -- Only new columns at the end go without this.
    execute pg_catalog.format('drop view public.%I', called);
    execute pg_catalog.format(
      'create view public.%I with (security_invoker = true) as
       select r.id, r.name, r.email, r.company, r.status, r.data, r.is_ai_generated, r.created_by, r.created_at, r.updated_at%s
       from public.records as r where r.table_id = %L and r.deleted_at is null', called, columns, of_table.id);
  end;
  execute pg_catalog.format('comment on view public.%I is %L', called,
    pg_catalog.format('The records of table %s, typed; made anew when its columns change.', of_table.id));
  execute pg_catalog.format('revoke all on public.%I from public, anon, authenticated, service_role', called);
  execute pg_catalog.format('grant select on public.%I to authenticated, service_role', called);
exception when dependent_objects_still_exist then
  -- What others have built upon it must not stop records from coming in.
  perform etl_api.logger('warn', 'records', 'The view of a table could not be made anew: something depends on it.',
    pg_catalog.jsonb_build_object('table_id', table_id, 'view', coalesce(there, called)), of_table.organization_id);
end
$$;

comment on function etl_api.make_table_view(uuid) is
  'Makes the view of a table anew, or drops that of one that is gone. Where something depends on a view that would have to go, it stays as it was, and the log says so.';

revoke execute on function etl_api.make_table_view(uuid) from public;
-- end of source

-- source: sql/etl_api/records/note_generation.sql
create or replace function etl_api.note_generation(
  job_id uuid, stage text, message text, type text default 'info', company text default null, current int default null,
  total int default null) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
begin
  if stage is null or stage not in ('knowledge_extraction', 'enrichment', 'failed') then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('stage is %s: a generator is at knowledge_extraction or enrichment, or has failed',
        coalesce(pg_catalog.quote_literal(stage), 'null')),
      hint = 'The stages of insertion are told by what inserts.';
  end if;
  if message is null or type is null or type not in ('info', 'success', 'warning', 'error') then
    raise exception using
      errcode = 'ETL04',
      message = case when message is null then 'message is null: it must say what is going on'
        else pg_catalog.format('type is %s: it is info, success, warning or error', coalesce(pg_catalog.quote_literal(type), 'null')) end,
      hint = 'Nothing was told.';
  end if;
  update public.ai_generation_jobs as j
  set stage = note_generation.stage,
      status = case when note_generation.stage = 'failed' then 'failed' else 'processing' end,
      error_message = case when note_generation.stage = 'failed' then message else j.error_message end,
      total_records = greatest(j.total_records, coalesce(total, 0)),
      updated_at = utils.now()
  where j.id = job.id;
  perform etl_api.tell_progress(job, stage, message, type, company, current, total);
end
$$;

comment on function etl_api.note_generation(uuid, text, text, text, text, int, int) is
  'Tells how far a generator is, before anything is inserted. ETL04: no such job, stage or type, no message; ETL06: the caller may not.';

revoke execute on function etl_api.note_generation(uuid, text, text, text, text, int, int) from public;
grant execute on function etl_api.note_generation(uuid, text, text, text, text, int, int) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/org_of_table.sql
create or replace function etl_api.org_of_table(of_table uuid) returns uuid
language plpgsql stable security definer
set search_path = ''
as $$
begin
  return (etl_api.find_own_table(of_table)).organization_id;
end
$$;

comment on function etl_api.org_of_table(uuid) is
  'The organisation of a table that the caller may write to; see etl_api.find_own_table.';

revoke execute on function etl_api.org_of_table(uuid) from public;
grant execute on function etl_api.org_of_table(uuid) to service_role;
-- end of source

-- source: sql/etl_api/records/prepare_records.sql
create or replace function etl_api.prepare_records(
  lot etl_api.generated_record[], rows jsonb, of_table public.tables, columns jsonb, unknown text[]) returns etl_api.generated_record[]
language plpgsql stable
set search_path = ''
as $$
declare
  required constant jsonb := (
    select pg_catalog.jsonb_object_agg(c.name, coalesce(c.default_value, 'null'))
    from public.table_columns as c
    where c.table_id = of_table.id
      and c.is_required
      and c.name not in ('company_name', 'name', 'email'));
  names constant text[] := array(select k.name from pg_catalog.jsonb_object_keys(required) as k (name));
begin
  return array(
    select row(g.record_index, g.title, g.given, g.sources, g.confidence, g.enriched, g.method,
      case when s.is_long then etl_api.cut_long_texts(s.data) else s.data end,
      nullif(coalesce(c.warnings, '[]')
        || case when m.data is null then '[]' else (
          select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('field', k.key,
            'warning', pg_catalog.format('required field %I is missing', k.key)) order by k.key)
          from pg_catalog.jsonb_each(m.data) as k) end
        || case when s.is_long then '[{"warning": "data truncated: it is larger than 1 MB"}]'::jsonb else '[]' end, '[]'),
      coalesce(g.fault, c.fault))::etl_api.generated_record
    from (
      select l.*, pg_catalog.row_number() over () as place from pg_catalog.unnest(lot) as l
    ) as g
    join etl_api.coerce_landing(rows, columns, of_table.contract, unknown) as c on c.n = g.place
    cross join lateral (
      select (select pg_catalog.jsonb_object_agg(d.key, d.value) from pg_catalog.jsonb_each(required) as d
        where coalesce(c.data -> d.key, 'null') = 'null') as data
      where names <> '{}'
      union all
      select null where names = '{}'
    ) as m
    cross join lateral (
      select w.data, pg_catalog.pg_column_size(w.data) > 250000 and pg_catalog.length(w.data::text) > 1000000 as is_long
      from (select case when m.data is null then c.data else c.data || m.data end as data offset 0) as w
    ) as s
    order by g.place);
end
$$;

comment on function etl_api.prepare_records(etl_api.generated_record[], jsonb, public.tables, jsonb, text[]) is
  'Generated records, of which rows are the custom fields as they came, with their custom fields as the table wants them (data), what was noticed (warnings), and why one cannot land (fault). Required fields that are missing get their default; texts over 10,000 characters are cut where a record has more than a million.';

revoke execute on function etl_api.prepare_records(etl_api.generated_record[], jsonb, public.tables, jsonb, text[]) from public;
grant execute on function etl_api.prepare_records(etl_api.generated_record[], jsonb, public.tables, jsonb, text[]) to service_role;
-- end of source

-- source: sql/etl_api/records/read_generated.sql
create or replace function etl_api.read_generated(records jsonb, first_index int default 0)
returns setof etl_api.generated_record
language sql stable parallel safe
set search_path = ''
rows 1000
as $$
  select
    coalesce(case when r.is_listed and pg_catalog.jsonb_typeof(r.value -> 'record_index') = 'number'
      and (r.value ->> 'record_index')::numeric between 0 and 2147483647 then (r.value ->> 'record_index')::numeric::int end,
      first_index + r.place::int - 1),
    case when r.is_listed then r.value ->> 'name' end,
    case
      when r.is_listed and f.given ?| '{company_name,name}' then (r.value - '{name,fields,record_index}'::text[]) || f.given
      when r.is_listed then (r.value - '{fields,record_index}'::text[]) || coalesce(f.given, '{}')
      when pg_catalog.jsonb_typeof(r.value) = 'object' then r.value
      else '{}'
    end,
    f.sources, f.confidence, f.enriched, f.method, null::jsonb, null::jsonb,
    case when pg_catalog.jsonb_typeof(r.value) <> 'object'
      then pg_catalog.format('a record is an object, not %s', pg_catalog."left"(r.value::text, 80)) end
  from (
    select e.value, e.place,
      coalesce(pg_catalog.jsonb_typeof(e.value -> 'fields') = 'array'
        and (e.value -> 'fields' = '[]' or e.value #> '{fields,0}' ? 'name'), false) as is_listed
    from pg_catalog.jsonb_array_elements(records) with ordinality as e (value, place)
  ) as r
  left join lateral (
    select pg_catalog.jsonb_object_agg(x.name, coalesce(x.value, 'null')) as given,
      pg_catalog.jsonb_agg(pg_catalog.jsonb_strip_nulls(
        pg_catalog.jsonb_build_object('field', x.name, 'source', x.source, 'url', x.url, 'confidence', x.confidence))) as sources,
      pg_catalog.jsonb_object_agg(x.name, x.confidence) filter (where x.confidence is not null) as confidence,
      pg_catalog.array_agg(x.name) filter (where x.confidence < 0.8 or x.source <> 'knowledge') as enriched,
      case when pg_catalog.min(x.source) <> pg_catalog.max(x.source) then 'hybrid'
        when pg_catalog.min(x.source) in ('knowledge', 'url_context', 'firecrawl', 'hybrid') then pg_catalog.min(x.source) end as method
    from (
      select l.value ->> 'name' as name, l.value -> 'value' as value, l.value ->> 'source' as source,
        coalesce(l.value ->> 'sourceUrl', l.value ->> 'url') as url,
        case when pg_catalog.jsonb_typeof(l.value -> 'confidence') = 'number' then (l.value ->> 'confidence')::numeric end as confidence
      from pg_catalog.jsonb_array_elements(r.value -> 'fields') as l (value)
      where l.value ->> 'name' is not null
    ) as x
  ) as f on r.is_listed
$$;

comment on function etl_api.read_generated(jsonb, int) is
  'Generated records as rows: {"name", "website", "fields": [{"name", "value", "confidence", "source", "sourceUrl"}]}, or flat objects. The place of each is that in the array, or its own record_index.';

revoke execute on function etl_api.read_generated(jsonb, int) from public;
grant execute on function etl_api.read_generated(jsonb, int) to service_role;
-- end of source

-- source: sql/etl_api/records/record_columns.sql
create or replace function etl_api.record_columns(table_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_agg(
    pg_catalog.jsonb_build_object('name', c.name, 'type', c.type, 'format', c.format, 'options', c.options, 'open', c.is_inferred)
    order by c.display_order, c.name collate "C"), '[]')
  from public.table_columns as c
  where c.table_id = record_columns.table_id
    -- These are columns of every record.
    and c.name not in ('company_name', 'name', 'email')
$$;

comment on function etl_api.record_columns(uuid) is
  'The custom columns of a table, as etl_api.plan_landing wants them.';

revoke execute on function etl_api.record_columns(uuid) from public;
grant execute on function etl_api.record_columns(uuid) to service_role;
-- end of source

-- source: sql/etl_api/records/records_policies.sql
-- Tables, columns and statuses are configuration: members read it, owners and admins write it. Records are what members
-- work with; what was generated, and how far it is, the functions write.
revoke all on
  public.tables,
  public.table_columns,
  public.table_statuses,
  public.records,
  public.ai_generation_jobs,
  public.ai_generated_records,
  public.ai_generation_events
from public, anon, authenticated, service_role;
grant select on
  public.tables,
  public.table_columns,
  public.table_statuses,
  public.records,
  public.ai_generation_jobs,
  public.ai_generated_records,
  public.ai_generation_events
to authenticated;
grant delete on public.tables, public.table_columns, public.table_statuses, public.records to authenticated;
grant
  insert (id, organization_id, name, label, contract),
  update (name, label, contract, deleted_at)
  on public.tables to authenticated;
grant
  insert (table_id, organization_id, name, label, type, options, format, is_required, default_value, display_order),
  update (name, label, type, options, format, is_required, default_value, display_order, is_inferred)
  on public.table_columns to authenticated;
grant
  insert (table_id, organization_id, name, label, display_order),
  update (name, label, display_order)
  on public.table_statuses to authenticated;
grant
  insert (table_id, organization_id, name, email, company, status, data),
  update (name, email, company, status, data, deleted_at)
  on public.records to authenticated;
grant select, insert, update, delete on
  public.tables,
  public.table_columns,
  public.table_statuses,
  public.records,
  public.ai_generation_jobs,
  public.ai_generated_records,
  public.ai_generation_events
to service_role;
revoke all on sequence public.ai_generation_events_seq_seq from public, anon, authenticated, service_role;

drop policy if exists members_read on public.tables;
create policy members_read on public.tables
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.tables is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.table_columns;
create policy members_read on public.table_columns
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.table_columns is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.table_statuses;
create policy members_read on public.table_statuses
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.table_statuses is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.records;
create policy members_read on public.records
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.records is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.ai_generation_jobs;
create policy members_read on public.ai_generation_jobs
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.ai_generation_jobs is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.ai_generated_records;
create policy members_read on public.ai_generated_records
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.ai_generated_records is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.ai_generation_events;
create policy members_read on public.ai_generation_events
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.ai_generation_events is 'Members read the rows of their orgs.';

drop policy if exists admins_insert on public.tables;
create policy admins_insert on public.tables
  for insert to authenticated
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.tables is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.tables;
create policy admins_update on public.tables
  for update to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.tables is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.tables;
create policy admins_delete on public.tables
  for delete to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.tables is 'Owners and admins, in their org only.';

drop policy if exists admins_insert on public.table_columns;
create policy admins_insert on public.table_columns
  for insert to authenticated
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.table_columns is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.table_columns;
create policy admins_update on public.table_columns
  for update to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.table_columns is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.table_columns;
create policy admins_delete on public.table_columns
  for delete to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.table_columns is 'Owners and admins, in their org only.';

drop policy if exists admins_insert on public.table_statuses;
create policy admins_insert on public.table_statuses
  for insert to authenticated
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.table_statuses is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.table_statuses;
create policy admins_update on public.table_statuses
  for update to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.table_statuses is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.table_statuses;
create policy admins_delete on public.table_statuses
  for delete to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.table_statuses is 'Owners and admins, in their org only.';

drop policy if exists members_insert on public.records;
create policy members_insert on public.records
  for insert to authenticated
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin,member}'))));
comment on policy members_insert on public.records is 'Members, not viewers, for their org only.';

drop policy if exists members_update on public.records;
create policy members_update on public.records
  for update to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin,member}'))))
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin,member}'))));
comment on policy members_update on public.records is 'Members, not viewers, in their org only.';

drop policy if exists members_delete on public.records;
create policy members_delete on public.records
  for delete to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin,member}'))));
comment on policy members_delete on public.records is 'Members, not viewers, in their org only.';
-- end of source

-- source: sql/etl_api/records/result_records.sql
create or replace function etl_api.result_records(objects jsonb, keys jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  -- keys says at which place each object was before; others follow.
  select coalesce(pg_catalog.jsonb_agg(
    pg_catalog.jsonb_build_object(
      'record_index', coalesce(r.known - 1, pg_catalog.jsonb_array_length(keys) + r.new - 1),
      'fields', (
        select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
          'name', v.key, 'value', v.value,
          'confidence', r.value #> array['provenance', v.key, 'confidence'],
          'source', r.value #> array['provenance', v.key, 'source']))), '[]')
        from pg_catalog.jsonb_each(coalesce(r.value -> 'key', '{}') || coalesce(r.value -> 'values', '{}')) as v
        where v.value <> 'null'))
    order by r.place), '[]')
  from (
    select o.value, o.place, k.place as known, pg_catalog.count(*) filter (where k.place is null) over (order by o.place) as new
    from pg_catalog.jsonb_array_elements(objects) with ordinality as o (value, place)
    left join (
      select e.value, pg_catalog.min(e.place) as place
      from pg_catalog.jsonb_array_elements(keys) with ordinality as e (value, place)
      group by e.value
    ) as k on k.value = o.value -> 'key'
  ) as r
$$;

comment on function etl_api.result_records(jsonb, jsonb) is
  'The objects of an activity''s result as generated records; each is at the place its key has in keys, or behind.';

revoke execute on function etl_api.result_records(jsonb, jsonb) from public;
grant execute on function etl_api.result_records(jsonb, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/records/select_staged_records.sql
create or replace function etl_api.select_staged_records(job_id uuid, indices int[], selected boolean) returns int
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_variable
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  chosen int;
begin
  update public.ai_generated_records as g
  set selected = selected,
      updated_at = utils.now()
  where g.job_id = job.id
    and (indices is null or g.record_index = any (indices))
    and g.status = 'staged'
    and g.selected <> selected;
  get diagnostics chosen = row_count;
  return chosen;
end
$$;

comment on function etl_api.select_staged_records(uuid, int[], boolean) is
  'Chooses which staged records go in when the job is confirmed, or leaves them out; indices null: all. Returns how many changed. ETL04: no such job; ETL06: the caller may not.';

revoke execute on function etl_api.select_staged_records(uuid, int[], boolean) from public;
grant execute on function etl_api.select_staged_records(uuid, int[], boolean) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/stage_generated_records.sql
create or replace function etl_api.stage_generated_records(job_id uuid, records jsonb) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
begin
  if pg_catalog.jsonb_typeof(records) is distinct from 'array' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('records is %s: it must be an array', coalesce(pg_catalog.jsonb_typeof(records), 'null')),
      hint = 'Give [{"name", "fields": [{"name", "value", "confidence", "source"}]}] or flat objects.';
  end if;
  return etl_api.stage_records(job, records);
end
$$;

comment on function etl_api.stage_generated_records(uuid, jsonb) is
  'Keeps what a job generated for somebody to look at, edit and confirm; called again for the same places it replaces what is there, but for what is in already. Returns how many. ETL04: bad arguments, or no such job; ETL06: the caller may not.';

revoke execute on function etl_api.stage_generated_records(uuid, jsonb) from public;
grant execute on function etl_api.stage_generated_records(uuid, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/stage_records.sql
create or replace function etl_api.stage_records(job public.ai_generation_jobs, records jsonb) returns int
language plpgsql
set search_path = ''
as $$
declare
  staged int;
begin
  insert into public.ai_generated_records
    (id, job_id, organization_id, record_index, generated_data, sources, field_confidence, enriched_fields, enrichment_method,
     status, error, created_at, updated_at)
  select distinct on (g.record_index) etl_api.generated_id(job.id, g.record_index), job.id, job.organization_id, g.record_index,
    g.given, g.sources, g.confidence, g.enriched, g.method, case when g.fault is null then 'staged' else 'failed' end, g.fault, utils.now(), utils.now()
  from etl_api.read_generated(records) as g
  order by g.record_index
  -- What comes again is further on than before; whether it was chosen stays.
  on conflict (job_id, record_index) do update
  set generated_data = excluded.generated_data,
      sources = excluded.sources,
      field_confidence = excluded.field_confidence,
      enriched_fields = excluded.enriched_fields,
      enrichment_method = excluded.enrichment_method,
      status = excluded.status,
      error = excluded.error,
      updated_at = excluded.updated_at
  where ai_generated_records.status <> 'success';
  get diagnostics staged = row_count;
  update public.ai_generation_jobs as j
  set stage = 'preview',
      status = 'processing',
      total_records = greatest(j.total_records, (select pg_catalog.count(*) from public.ai_generated_records as g where g.job_id = job.id)),
      updated_at = utils.now(),
      completed_at = null
  where j.id = job.id;
  perform etl_api.tell_progress(job, 'preview', pg_catalog.format('%s records to look at', staged), 'info', null, staged, null);
  return staged;
end
$$;

comment on function etl_api.stage_records(public.ai_generation_jobs, jsonb) is
  'Keeps records of a job to be looked at; see etl_api.stage_generated_records.';

revoke execute on function etl_api.stage_records(public.ai_generation_jobs, jsonb) from public;
grant execute on function etl_api.stage_records(public.ai_generation_jobs, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/records/staged_places.sql
create or replace function etl_api.staged_places(as_user uuid, of_job uuid, of_table uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  places jsonb;
begin
  perform etl_api.act_for(as_user);
  perform etl_api.check_job_table(of_job, of_table);
  select pg_catalog.jsonb_agg(g.record_index order by g.record_index) filter (where g.status = 'staged' and g.selected)
  into places
  from public.ai_generated_records as g
  where g.job_id = of_job;
  if not exists (select 1 from public.ai_generated_records as g where g.job_id = of_job) then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('job %s has no records to insert', of_job),
      hint = 'Stage some first, or wait until they are generated.';
  end if;
  -- An object: a bare array would pass for rows on the way.
  return pg_catalog.jsonb_build_object('places', coalesce(places, '[]'));
end
$$;

comment on function etl_api.staged_places(uuid, uuid, uuid) is
  'The places of the records of a job that wait and are selected, for the function records-insert. ETL04: no such job, another table, or nothing was ever staged; ETL06: the user may not.';

revoke execute on function etl_api.staged_places(uuid, uuid, uuid) from public;
grant execute on function etl_api.staged_places(uuid, uuid, uuid) to service_role;
-- end of source

-- source: sql/etl_api/records/start_generation.sql
create or replace function etl_api.start_generation(table_id uuid, request jsonb default '{}', total_records int default 0) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
  of_table constant public.tables := etl_api.find_own_table(table_id);
  job public.ai_generation_jobs;
begin
  if coalesce(total_records, 0) < 0 or pg_catalog.jsonb_typeof(request) is distinct from 'object' then
    raise exception using
      errcode = 'ETL04',
      message = case when coalesce(total_records, 0) < 0 then 'total_records is less than nothing' else 'request must be an object' end,
      hint = 'Give what was asked for as an object, and how many records, 0 when nobody knows.';
  end if;
  insert into public.ai_generation_jobs (organization_id, table_id, request, total_records, created_by, created_at, updated_at)
  values (of_table.organization_id, of_table.id, request, coalesce(total_records, 0), auth.uid(), utils.now(), utils.now())
  returning * into job;
  perform etl_api.tell_progress(job, 'pending', 'Generation started');
  return job.id;
end
$$;

comment on function etl_api.start_generation(uuid, jsonb, int) is
  'Begins a generation of records for a table; returns the job. ETL04: bad arguments, or no such table; ETL05: the table was deleted; ETL06: the caller may not.';

revoke execute on function etl_api.start_generation(uuid, jsonb, int) from public;
grant execute on function etl_api.start_generation(uuid, jsonb, int) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/table_faults.sql
create or replace function etl_api.table_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select a.workflow_request_id, f.code, etl_api.json_path(variadic array['data', a.activity_key, 'destination', 'table'] || f.members),
    etl_api.shorten_json(f.found), f.message, 'Give {"id": "<uuid of a table>", "mode": "insert"} or "stage", or leave it out.'
  from pg_catalog.unnest(activities) as a
  cross join lateral (values (a.body #> '{destination,table}')) as d (body)
  cross join lateral (
    select 'invalid_type' as code, '{}'::text[] as members, d.body as found,
      pg_catalog.format('A table is given as an object with its id, but this is %s.', etl_api.describe_json(d.body)) as message
    where pg_catalog.jsonb_typeof(d.body) <> 'object'
    union all
    select 'missing_value', '{id}', d.body -> 'id', 'It is not said which table takes the records.'
    where pg_catalog.jsonb_typeof(d.body) = 'object'
      and coalesce(d.body -> 'id', 'null') = 'null'
    union all
    select 'invalid_type', '{id}', d.body -> 'id',
      pg_catalog.format('The id of a table is a UUID, but this is %s.', etl_api.describe_json(d.body -> 'id'))
    where pg_catalog.jsonb_typeof(d.body) = 'object'
      and coalesce(d.body -> 'id', 'null') <> 'null'
      and (pg_catalog.jsonb_typeof(d.body -> 'id') <> 'string' or not etl_api.is_uuid(d.body ->> 'id'))
    union all
    select 'unknown_table', '{id}', d.body -> 'id', 'Your organisation has no table with this id.'
    where etl_api.is_uuid(d.body ->> 'id')
      and not exists (
        select 1
        from public.tables as t
        where t.id = utils.uuid_or_null(d.body -> 'id')
          and t.organization_id = a.org_id
          and t.deleted_at is null)
    union all
    select 'invalid_type', '{mode}', d.body -> 'mode', 'Records are inserted at once (insert) or wait for somebody to look at them (stage).'
    where pg_catalog.jsonb_typeof(d.body) = 'object'
      and coalesce(d.body -> 'mode', 'null') not in ('null', '"insert"', '"stage"')
  ) as f
  where pg_catalog.jsonb_typeof(d.body) <> 'null';
end
$$;

comment on function etl_api.table_faults(etl_api.requested_activity[]) is
  'What is wrong with destination.table of activities.';

revoke execute on function etl_api.table_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.table_faults(etl_api.requested_activity[]) to service_role;
-- end of source

-- source: sql/etl_api/records/table_view_name.sql
create or replace function etl_api.table_view_name(table_id uuid, name text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select ('records_' || pg_catalog."left"(table_id::text, 8) || '_'
    || pg_catalog.btrim(pg_catalog.regexp_replace(pg_catalog.lower(name), '[^[:alnum:]]+', '_', 'g'), '_'))::name::text
$$;

comment on function etl_api.table_view_name(uuid, text) is
  'The view of a table: records_, the first 8 digits of its id, its name; at most 63 bytes.';

revoke execute on function etl_api.table_view_name(uuid, text) from public;
grant execute on function etl_api.table_view_name(uuid, text) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/tell_landed.sql
create or replace function etl_api.tell_landed(
  lot etl_api.generated_record[], job public.ai_generation_jobs, report jsonb, total int) returns void
language plpgsql
set search_path = ''
as $$
declare
  faults constant jsonb := (
    select coalesce(pg_catalog.jsonb_object_agg(e.value ->> 'index', e.value ->> 'error'), '{}')
    from pg_catalog.jsonb_array_elements(report -> 'errors') as e (value));
  landed record;
  done int := 0;
begin
  if total > 100 then
    perform etl_api.tell_progress(job, 'insertion', pg_catalog.format('Inserted %s/%s', report ->> 'success', total),
      case when report ->> 'failed' = '0' then 'success' else 'warning' end, null, (report ->> 'success')::int, total);
    return;
  end if;
  -- A loop, since each of a few is told by itself, in its order.
  for landed in
    select l.record_index, coalesce(nullif(l.given ->> 'company_name', ''), nullif(l.given ->> 'name', ''), nullif(l.title, ''), 'Unnamed Company') as name
    from pg_catalog.unnest(lot) as l
    order by l.record_index
  loop
    if faults ? landed.record_index::text then
      perform etl_api.tell_progress(job, 'insertion',
        pg_catalog.format('Failed to insert %s: %s', landed.name, faults ->> landed.record_index::text), 'error', landed.name);
    else
      done := done + 1;
      perform etl_api.tell_progress(job, 'insertion', pg_catalog.format('Inserted %s/%s: %s', done, total, landed.name), 'success',
        landed.name, done, total);
    end if;
  end loop;
end
$$;

comment on function etl_api.tell_landed(etl_api.generated_record[], public.ai_generation_jobs, jsonb, int) is
  'Tells what became of a lot: of up to a hundred records each, of more how far it is.';

revoke execute on function etl_api.tell_landed(etl_api.generated_record[], public.ai_generation_jobs, jsonb, int) from public;
grant execute on function etl_api.tell_landed(etl_api.generated_record[], public.ai_generation_jobs, jsonb, int) to service_role;
-- end of source

-- source: sql/etl_api/records/tell_progress.sql
create or replace function etl_api.tell_progress(
  job public.ai_generation_jobs, stage text, message text, type text default 'info', company text default null,
  current int default null, total int default null) returns void
language plpgsql
set search_path = ''
as $$
declare
  place bigint;
begin
  insert into public.ai_generation_events (job_id, organization_id, stage, message, type, company, current, total, percentage, at)
  values (job.id, job.organization_id, tell_progress.stage, tell_progress.message, tell_progress.type, tell_progress.company,
    tell_progress.current, tell_progress.total, pg_catalog.round(100.0 * tell_progress.current / nullif(tell_progress.total, 0)), utils.now())
  returning seq into place;
  -- It only says where to look: the row is what happened.
  perform pg_catalog.pg_notify('etl_records', pg_catalog.concat(job.id, ' ', place));
end
$$;

comment on function etl_api.tell_progress(public.ai_generation_jobs, text, text, text, text, int, int) is
  'Writes down what happened to a job, and tells those who listen on etl_records: "<job id> <seq>".';

revoke execute on function etl_api.tell_progress(public.ai_generation_jobs, text, text, text, text, int, int) from public;
grant execute on function etl_api.tell_progress(public.ai_generation_jobs, text, text, text, text, int, int) to service_role;
-- end of source

-- source: sql/etl_api/records/touch_record.sql
create or replace function etl_api.touch_record() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := utils.now();
  return new;
end
$$;

comment on function etl_api.touch_record() is
  'Notes when a row was last changed.';

revoke execute on function etl_api.touch_record() from public;
-- end of source

-- source: sql/etl_api/records/trigger_records.sql
-- Whoever changes columns, by hand or by landing, comes one after the other; then the views follow.

drop trigger if exists hold_table on public.table_columns;
create trigger hold_table
  before insert or update or delete on public.table_columns
  for each row
  execute function etl_api.hold_table();
comment on trigger hold_table on public.table_columns is
  'Those who change columns of one table come one after the other.';

drop trigger if exists keep_view_insert on public.table_columns;
create trigger keep_view_insert
  after insert on public.table_columns
  referencing new table as new_rows
  for each statement
  execute function etl_api.keep_table_views();
comment on trigger keep_view_insert on public.table_columns is
  'The view of the table follows.';

drop trigger if exists keep_view_update on public.table_columns;
create trigger keep_view_update
  after update on public.table_columns
  referencing new table as new_rows
  for each statement
  execute function etl_api.keep_table_views();
comment on trigger keep_view_update on public.table_columns is
  'The view of the table follows.';

drop trigger if exists keep_view_delete on public.table_columns;
create trigger keep_view_delete
  after delete on public.table_columns
  referencing old table as old_rows
  for each statement
  execute function etl_api.keep_table_views();
comment on trigger keep_view_delete on public.table_columns is
  'The view of the table follows.';

drop trigger if exists keep_view on public.tables;
create trigger keep_view
  after insert or update of name, deleted_at or delete on public.tables
  for each row
  execute function etl_api.keep_table_view();
comment on trigger keep_view on public.tables is
  'The view of the table follows.';

drop trigger if exists touch_record on public.records;
create trigger touch_record
  before update on public.records
  for each row
  execute function etl_api.touch_record();
comment on trigger touch_record on public.records is
  'When it was last changed.';

drop trigger if exists touch_column on public.table_columns;
create trigger touch_column
  before update on public.table_columns
  for each row
  execute function etl_api.touch_record();
comment on trigger touch_column on public.table_columns is
  'When it was last changed.';
-- end of source

-- source: sql/etl_api/records/view_column.sql
create or replace function etl_api.view_column(name text, type text, format jsonb, called text) returns text
language sql immutable
set search_path = ''
as $$
  select pg_catalog.format(case
    when type = 'number' then 'case when pg_catalog.jsonb_typeof(r.data -> %1$L) = ''number'' then (r.data ->> %1$L)::numeric end'
    when type = 'boolean' then 'case when pg_catalog.jsonb_typeof(r.data -> %1$L) = ''boolean'' then (r.data ->> %1$L)::boolean end'
    when type = 'date' and format @> '{"time": true}' then 'utils.timestamptz_or_null(r.data -> %1$L)'
    when type = 'date' then 'utils.date_or_null(r.data -> %1$L)'
    when type = 'multiselect' then
      'case when pg_catalog.jsonb_typeof(r.data -> %1$L) = ''array'' then array(select pg_catalog.jsonb_array_elements_text(r.data -> %1$L)) end'
    else 'r.data ->> %1$L' end || ' as %2$I', name, called)
$$;

comment on function etl_api.view_column(text, text, jsonb, text) is
  'A field as a typed column of a view; what does not fit the type is null there, and stands in data.';

revoke execute on function etl_api.view_column(text, text, jsonb, text) from public;
grant execute on function etl_api.view_column(text, text, jsonb, text) to service_role;
-- end of source

-- source: sql/etl_api/records/view_column_names.sql
create or replace function etl_api.view_column_names(names text[]) returns text[]
language plpgsql immutable
set search_path = ''
as $$
declare
  -- What every record has.
  taken text[] := '{id,name,email,company,status,data,is_ai_generated,created_by,created_at,updated_at}'::text[];
  chosen text[] := '{}'::text[];
  field text;
  candidate text;
  n int;
begin
  -- A loop, since what a name may be depends on those before it.
  foreach field in array names loop
    -- A cast to name cuts at 63 bytes, between characters.
    candidate := field::name::text;
    n := 1;
    while candidate = any (taken) loop
      n := n + 1;
      candidate := field::name::text;
      while pg_catalog.octet_length(candidate || '_' || n) > 63 loop
        candidate := pg_catalog."left"(candidate, -1);
      end loop;
      candidate := candidate || '_' || n;
    end loop;
    taken := taken || candidate;
    chosen := chosen || candidate;
  end loop;
  return chosen;
end
$$;

comment on function etl_api.view_column_names(text[]) is
  'What fields are called as columns of a view: at most 63 bytes, none like another or like what every record has; a number is added where they would be.';

revoke execute on function etl_api.view_column_names(text[]) from public;
grant execute on function etl_api.view_column_names(text[]) to service_role;
-- end of source

-- source: sql/etl_api/records/widen_columns.sql
create or replace function etl_api.widen_columns(of_table public.tables, widened jsonb) returns jsonb
language sql
set search_path = ''
as $$
  with changed as (
    update public.table_columns as c
    set type = w.value ->> 'to',
      format = case when w.value ->> 'to' = c.type then c.format end,
      options = case when w.value ->> 'to' = c.type then c.options || (
        select coalesce(pg_catalog.jsonb_agg(o.option), '[]')
        from pg_catalog.jsonb_array_elements_text(w.value -> 'options') as o (option)
        where not c.options ? o.option) end,
      updated_at = utils.now()
    from pg_catalog.jsonb_array_elements(widened) as w (value)
    where c.table_id = of_table.id
      and c.name = w.value ->> 'name'
      and c.type = w.value ->> 'from'
    returning w.value
  )
  select coalesce(pg_catalog.jsonb_agg(c.value order by c.value ->> 'name' collate "C"), '[]')
  from changed as c
$$;

comment on function etl_api.widen_columns(public.tables, jsonb) is
  'Lets columns of a table take more, unless somebody else has changed their type since; returns what was changed.';

revoke execute on function etl_api.widen_columns(public.tables, jsonb) from public;
grant execute on function etl_api.widen_columns(public.tables, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/results/check_object_matches.sql
create or replace function etl_api.check_object_matches(run_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  most constant bigint := utils.max_matches();
  crowded record;
begin
  select pg_catalog.count(*) as objects into crowded
  from pg_catalog.unnest(run_request_ids) as r (id)
  group by r.id
  having pg_catalog.count(*) > most
  limit 1;
  if found then
    perform etl_api.refuse_limit('too_many_matches', '$', crowded.objects,
      pg_catalog.format('The answer holds %s objects; %s is the most.', crowded.objects, most),
      'Ask for less at once: a page size in the template, or have the operator raise the setting max_matches.');
  end if;
end
$$;

comment on function etl_api.check_object_matches(uuid[]) is
  'Refuses answers in which more objects were found than the setting max_matches allows; run_request_ids: whose answer each object was found in. ETL09: one has more.';

revoke execute on function etl_api.check_object_matches(uuid[]) from public;
grant execute on function etl_api.check_object_matches(uuid[]) to service_role;
-- end of source

-- source: sql/etl_api/results/check_value_counts.sql
create or replace function etl_api.check_value_counts(object_ids uuid[], run_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  most constant bigint := etl_api.limit_of('max_values');
  crowded record;
begin
  -- Mostly all of them together are not too many for one.
  if pg_catalog.cardinality(object_ids) <= most then
    return;
  end if;
  select pg_catalog.count(*) as "values" into crowded
  from unnest(object_ids, run_request_ids) as v (object_id, run_request_id)
  group by v.object_id, v.run_request_id
  having pg_catalog.count(*) > most
  limit 1;
  if found then
    perform etl_api.refuse_limit('too_many_values', '$', crowded."values",
      pg_catalog.format('The answer gives %s values to one object; %s is the most.', crowded."values", most),
      'Map fewer datapoints of this source, or have the operator raise the setting max_values.');
  end if;
end
$$;

comment on function etl_api.check_value_counts(uuid[], uuid[]) is
  'Refuses answers that give more values to one object than the setting max_values allows; object_ids, run_request_ids: whose value each is, and from whose answer. ETL09: one does.';

revoke execute on function etl_api.check_value_counts(uuid[], uuid[]) from public;
grant execute on function etl_api.check_value_counts(uuid[], uuid[]) to service_role;
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
  perform pg_catalog.set_config('etl.max_matches', etl_api.limit_of('max_matches')::text, true);
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
  if pg_catalog.cardinality(found.objects) > 1000 then
    perform etl_api.check_object_matches(found.run_request_ids);
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

  perform etl_api.check_value_counts(known.object_ids, known.run_request_ids);
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
  deleted constant uuid[] := etl_api.deleted_orgs();
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
          order by r.due_at limit 1), false) and next.id <> all (deleted) as goes_on,
        coalesce((
          select true from public.run_queue as q
          where q.source_id = way.source_id and q.org_id = next.id and q.state in ('waiting', 'ready')
            and q.due_at <= moment
          order by q.priority desc, q.due_at limit 1), false)
          and next.id <> all (deleted)
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
  'The tenants, not deleted, that a source could serve now, at most max_orgs, in order from the one behind `behind` once round (null: from the first): those with HTTP requests that are due, and those with due runs (may_run) whose budget of the month allows one more.';

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
    -- The id is made of schedule and time: made again after a restore to an earlier time, it is the same request, and
    -- its messages are the same (message_ids).
    insert into public.workflow_request (id, org_id, data, priority, schedule_id, idempotency_key)
    select (pg_catalog.lpad(pg_catalog.to_hex((extract(epoch from d.last_at) * 1000)::bigint), 12, '0') || '8'
        || pg_catalog."left"(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(k.key, 'UTF8')), 'hex'), 19))::uuid,
      d.org_id, d.data, d.priority, d.id, k.key
    from due as d
    cross join lateral (
      select pg_catalog.format('schedule:%s:%s', d.id, utils.iso_time(d.last_at)) as key
    ) as k
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

-- source: sql/etl_api/secrets/drop_vault_entries.sql
create or replace function etl_api.drop_vault_entries(entries uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  if entries <> '{}' and pg_catalog.to_regclass('vault.secrets') is not null then
    execute 'delete from vault.secrets where id = any ($1)' using entries;
  end if;
end
$$;

comment on function etl_api.drop_vault_entries(uuid[]) is
  'Deletes entries of the Vault; nothing where there is none.';

revoke execute on function etl_api.drop_vault_entries(uuid[]) from public;
-- end of source

-- source: sql/etl_api/secrets/drop_vault_entries_of_deleted.sql
create or replace function etl_api.drop_vault_entries_of_deleted() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform etl_api.drop_vault_entries(array(
    select d.vault_id
    from deleted as d
    where d.vault_id is not null));
  return null;
end
$$;

comment on function etl_api.drop_vault_entries_of_deleted() is
  'With a deleted secret, an org''s for instance, its entry in the Vault goes.';

revoke execute on function etl_api.drop_vault_entries_of_deleted() from public;
-- end of source

-- source: sql/etl_api/secrets/forget_secrets.sql
create or replace function etl_api.forget_secrets(max_rows int default 1000) returns int
language plpgsql security definer
set search_path = ''
as $$
begin
  return etl_api.wipe_secrets(array(
    select s.id
    from etl_api.secret as s
    where s.state = 'retiring'
      and s.expires_at <= utils.now()
    order by s.expires_at
    limit max_rows), 'expired');
end
$$;

comment on function etl_api.forget_secrets(int) is
  'Throws away the values of replaced secrets whose time is over; they are not given out any more from that moment. The sweep calls it. Returns how many.';

revoke execute on function etl_api.forget_secrets(int) from public;
grant execute on function etl_api.forget_secrets(int) to service_role;
-- end of source

-- source: sql/etl_api/secrets/has_vault.sql
create or replace function etl_api.has_vault() returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return pg_catalog.to_regclass('vault.secrets') is not null
    and pg_catalog.to_regclass('vault.decrypted_secrets') is not null
    and exists (
      select 1
      from pg_catalog.pg_proc as p
      where p.pronamespace = pg_catalog.to_regnamespace('vault')
        and p.proname = 'create_secret');
end
$$;

comment on function etl_api.has_vault() is
  'Whether this database has Supabase''s Vault. Where it is, values of secrets are kept there.';

revoke execute on function etl_api.has_vault() from public;
grant execute on function etl_api.has_vault() to service_role;
-- end of source

-- source: sql/etl_api/secrets/lock_secret.sql
create or replace function etl_api.lock_secret(of_org uuid, of_name text) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(
    pg_catalog.concat_ws(' ', 'etl_api.secret', coalesce(of_org::text, 'shared'), of_name), 0));
end
$$;

comment on function etl_api.lock_secret(uuid, text) is
  'Makes those who write the same secret wait for each other, until the transaction ends: the active version changes from one row to another, so there is no row to lock.';

revoke execute on function etl_api.lock_secret(uuid, text) from public;
-- end of source

-- source: sql/etl_api/secrets/next_secret.sql
create or replace function etl_api.next_secret(of_scope text, of_name text)
returns table (version int, has_vault boolean, is_live boolean)
language plpgsql stable security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  of_org constant uuid := etl_api.secret_org(of_scope, of_name);
begin
  return query
  select
    coalesce(pg_catalog.max(s.version), 0) + 1,
    etl_api.has_vault(),
    coalesce(pg_catalog.bool_or(s.state = 'active'), false)
  from etl_api.secret as s
  where s.org_id is not distinct from of_org
    and s.name = of_name;
end
$$;

comment on function etl_api.next_secret(text, text) is
  'What a function must know to seal a secret: the version it will have, whether there is a Vault, and whether an active version is there already. ETL04 for a scope or name that no secret can have.';

revoke execute on function etl_api.next_secret(text, text) from public;
grant execute on function etl_api.next_secret(text, text) to service_role;
-- end of source

-- source: sql/etl_api/secrets/put_secret.sql
create or replace function etl_api.put_secret(
  of_scope text, of_name text, of_version int, sealed text, sealed_by text, by_whom text default null
) returns int
language plpgsql security definer
set search_path = ''
as $$
declare
  of_org constant uuid := etl_api.secret_org(of_scope, of_name);
begin
  perform etl_api.lock_secret(of_org, of_name);
  if exists (
    select 1
    from etl_api.secret as s
    where s.org_id is not distinct from of_org
      and s.name = of_name
      and s.state = 'active')
  then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('there is a secret %s in the scope %s already', of_name, of_scope),
      hint = 'Rotate it: the old value then goes on signing for a while. Or revoke it first.';
  end if;
  perform etl_api.store_secret(of_org, of_name, of_version, sealed, sealed_by, by_whom);
  return of_version;
end
$$;

comment on function etl_api.put_secret(text, text, int, text, text, text) is
  'Adds a secret. of_version is the one next_secret gave; sealed is base64 of what the functions sealed under the key sealed_by, or the clear text, with sealed_by null, where there is a Vault. Returns the version. ETL05 when there is an active one.';

revoke execute on function etl_api.put_secret(text, text, int, text, text, text) from public;
grant execute on function etl_api.put_secret(text, text, int, text, text, text) to service_role;
-- end of source

-- source: sql/etl_api/secrets/read_secrets.sql
create or replace function etl_api.read_secrets(wanted jsonb)
returns table (scope text, name text, use text, version int, key_id text, value text)
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with asked as materialized (
    select distinct w.scope, w.name, w.use,
      case when w.scope <> 'shared' and etl_api.is_uuid(w.scope) then w.scope::uuid end as org_id
    from pg_catalog.jsonb_to_recordset(wanted) as w (scope text, name text, use text)
  ), live as (
    select a.scope, a.name, a.use, s.*
    from asked as a
    cross join lateral (
      select o.id, o.version, o.state, o.expires_at, o.key_id, o.ciphertext, o.vault_id, o.last_used_at
      from etl_api.secret as o
      where o.org_id = a.org_id
        and o.name = a.name
        and o.state <> 'revoked'
      union all
      select n.id, n.version, n.state, n.expires_at, n.key_id, n.ciphertext, n.vault_id, n.last_used_at
      from etl_api.secret as n
      where a.scope = 'shared'
        and n.org_id is null
        and n.name = a.name
        and n.state <> 'revoked'
    ) as s
    where s.state = 'active'
      or s.expires_at > utils.now()
  ), found as materialized (
    select l.*
    from (
      select l.*, pg_catalog.row_number() over (partition by l.scope, l.name, l.use order by l.version desc) as place
      from live as l
    ) as l
    -- A request carries the newest only; a message is signed with all.
    where l.place = 1
      or l.use = 'sign'
  ), due as (
    select s.id
    from etl_api.secret as s
    where s.id in (
        select f.id
        from found as f
        where f.last_used_at is null
          or f.last_used_at < utils.now() - interval '1 minute')
    order by s.id
    for no key update skip locked
  ), touched as (
    update etl_api.secret as s
    set last_used_at = utils.now()
    from due
    where s.id = due.id
  )
  select f.scope, f.name, f.use, f.version, f.key_id,
    coalesce(v.value, pg_catalog.translate(pg_catalog.encode(f.ciphertext, 'base64'), E'\n', ''))
  from found as f
  left join etl_api.vault_values(array(select f.vault_id from found as f where f.vault_id is not null)) as v
    on v.id = f.vault_id
  order by f.scope, f.name, f.use, f.version desc;
end
$$;

comment on function etl_api.read_secrets(jsonb) is
  'Secrets for a function that is about to send: [{"scope", "name", "use"}]; use is "fill" for a placeholder (its newest version) or "sign" (the active and the retiring ones, newest first). value is sealed under the key key_id, or clear where that is null. What is not there gives no row. Notes the use, once a minute at most.';

revoke execute on function etl_api.read_secrets(jsonb) from public;
grant execute on function etl_api.read_secrets(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/secrets/rekey_secrets.sql
create or replace function etl_api.rekey_secrets(resealed jsonb) returns int
language plpgsql security definer
set search_path = ''
as $$
declare
  given record;
  changed int := 0;
begin
  -- One by one: an entry of the Vault is changed by a call, and there are few.
  for given in
    select s.id, s.vault_id, r.value, r.new_key
    from pg_catalog.jsonb_to_recordset(resealed) as r (id uuid, value text, old_key text, new_key text)
    join etl_api.secret as s
      on s.id = r.id
      and s.key_id = r.old_key
      and s.state <> 'revoked'
    where r.value <> ''
      and r.new_key <> ''
    order by s.id
    for update of s
  loop
    if given.vault_id is not null then
      execute 'select vault.update_secret($1, $2)' using given.vault_id, given.value;
    end if;
    update etl_api.secret as s
    set key_id = given.new_key,
        ciphertext = case when s.storage = 'table' then pg_catalog.decode(given.value, 'base64') end
    where s.id = given.id;
    changed := changed + 1;
  end loop;
  return changed;
end
$$;

comment on function etl_api.rekey_secrets(jsonb) is
  'Takes secrets that were sealed anew: [{"id", "value", "old_key", "new_key"}]. One whose key is no longer old_key, or that was revoked, stays as it is. Returns how many were changed.';

revoke execute on function etl_api.rekey_secrets(jsonb) from public;
grant execute on function etl_api.rekey_secrets(jsonb) to service_role;
-- end of source

-- source: sql/etl_api/secrets/revoke_secret.sql
create or replace function etl_api.revoke_secret(
  of_scope text, of_name text, of_version int default null, by_whom text default null
) returns int
language plpgsql security definer
set search_path = ''
as $$
declare
  of_org constant uuid := etl_api.secret_org(of_scope, of_name);
  versions constant uuid[] := array(
    select s.id
    from etl_api.secret as s
    where s.org_id is not distinct from of_org
      and s.name = of_name
      and (of_version is null or s.version = of_version));
begin
  if versions = '{}' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no %s of a secret %s in the scope %s',
        coalesce('version ' || of_version, 'version'), of_name, of_scope),
      hint = 'List the secrets of the scope.';
  end if;
  return etl_api.wipe_secrets(versions, by_whom);
end
$$;

comment on function etl_api.revoke_secret(text, text, int, text) is
  'Revokes a secret, or one version of it: the value is thrown away at once, and functions that hold it forget it within seconds. Returns how many versions were not revoked yet. ETL04 when there never was one.';

revoke execute on function etl_api.revoke_secret(text, text, int, text) from public;
grant execute on function etl_api.revoke_secret(text, text, int, text) to service_role;
-- end of source

-- source: sql/etl_api/secrets/rotate_secret.sql
create or replace function etl_api.rotate_secret(
  of_scope text, of_name text, of_version int, sealed text, sealed_by text,
  by_whom text default null, keep_seconds int default 86400
) returns int
language plpgsql security definer
set search_path = ''
as $$
declare
  of_org constant uuid := etl_api.secret_org(of_scope, of_name);
  replaced uuid;
begin
  if coalesce(keep_seconds, -1) not between 0 and 2592000 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('keep_seconds is %s: it must be 0 to 2592000, which is 30 days', coalesce(keep_seconds::text, 'null')),
      hint = 'Leave it out for a day.';
  end if;
  perform etl_api.lock_secret(of_org, of_name);
  select s.id into replaced
  from etl_api.secret as s
  where s.org_id is not distinct from of_org
    and s.name = of_name
    and s.state = 'active';
  if replaced is null then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('there is no active secret %s in the scope %s', of_name, of_scope),
      hint = 'Set it.';
  end if;
  update etl_api.secret as s
  set state = 'retiring',
      expires_at = utils.now() + keep_seconds * interval '1 second'
  where s.id = replaced;
  if keep_seconds = 0 then
    perform etl_api.wipe_secrets(array[replaced], by_whom);
  end if;
  perform etl_api.store_secret(of_org, of_name, of_version, sealed, sealed_by, by_whom);
  return of_version;
end
$$;

comment on function etl_api.rotate_secret(text, text, int, text, text, text, int) is
  'Replaces the active version of a secret; see put_secret. The old one still signs, beside the new one, for keep_seconds (a day; 0: it is gone at once); placeholders take the new one from now on. ETL05 when there is none to replace.';

revoke execute on function etl_api.rotate_secret(text, text, int, text, text, text, int) from public;
grant execute on function etl_api.rotate_secret(text, text, int, text, text, text, int) to service_role;
-- end of source

-- source: sql/etl_api/secrets/secret_org.sql
create or replace function etl_api.secret_org(of_scope text, of_name text) returns uuid
language plpgsql stable
set search_path = ''
as $$
declare
  found_org uuid;
begin
  if of_name is null or of_name !~ '^[A-Za-z0-9_.-]{1,100}$' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('%L is no name of a secret', pg_catalog."left"(of_name, 100)),
      hint = 'Use 1 to 100 letters, digits, ".", "_" and "-".';
  end if;
  if of_scope = 'shared' then
    return null;
  end if;
  if of_scope is not null and etl_api.is_uuid(of_scope) then
    select o.id into found_org
    from public.org as o
    where o.id = of_scope::uuid;
  end if;
  if found_org is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no org %L whose secret this could be', pg_catalog."left"(of_scope, 100)),
      hint = 'Give an org''s id, or "shared" for sources without an org.';
  end if;
  return found_org;
end
$$;

comment on function etl_api.secret_org(text, text) is
  'The org of a scope; null for "shared". ETL04 for a scope or a name that no secret can have.';

revoke execute on function etl_api.secret_org(text, text) from public;
-- end of source

-- source: sql/etl_api/secrets/secret_overview.sql
create or replace view etl_api.secret_overview with (security_invoker = true) as
select
  coalesce(s.org_id::text, 'shared') as scope,
  s.org_id,
  s.name,
  s.version,
  case when s.state = 'retiring' and s.expires_at <= utils.now() then 'revoked' else s.state end as state,
  s.storage,
  s.key_id,
  s.created_at,
  s.created_by,
  s.expires_at,
  s.revoked_at,
  s.revoked_by,
  s.last_used_at
from etl_api.secret as s;

comment on view etl_api.secret_overview is
  'Secrets without their values, one row for each version: state, where it is kept, who put it there, when it was last used. Owners and admins see those of their orgs.';

grant select on etl_api.secret_overview to authenticated, service_role;
-- end of source

-- source: sql/etl_api/secrets/secret_policies.sql
-- Values are for the functions above, which hand them to service_role; everybody else sees that there are secrets.

revoke all on etl_api.secret from public, anon, authenticated, service_role;
grant select (
  id, org_id, name, version, state, storage, key_id, created_at, created_by, expires_at, revoked_at, revoked_by, last_used_at
) on etl_api.secret to authenticated, service_role;

drop policy if exists admins_read on etl_api.secret;
create policy admins_read on etl_api.secret
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_read on etl_api.secret is
  'Owners and admins see which secrets their org has; the values no column they may read holds.';
-- end of source

-- source: sql/etl_api/secrets/secrets_to_rekey.sql
create or replace function etl_api.secrets_to_rekey(new_key text, max_secrets int default 100)
returns table (id uuid, scope text, name text, version int, key_id text, value text)
language plpgsql stable security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with found as materialized (
    select s.id, s.org_id, s.name, s.version, s.key_id, s.ciphertext, s.vault_id
    from etl_api.secret as s
    where s.state <> 'revoked'
      and s.key_id <> new_key
    order by s.id
    limit max_secrets
  )
  select f.id, coalesce(f.org_id::text, 'shared'), f.name, f.version, f.key_id,
    coalesce(v.value, pg_catalog.translate(pg_catalog.encode(f.ciphertext, 'base64'), E'\n', ''))
  from found as f
  left join etl_api.vault_values(array(select f.vault_id from found as f where f.vault_id is not null)) as v
    on v.id = f.vault_id
  order by f.id;
end
$$;

comment on function etl_api.secrets_to_rekey(text, int) is
  'Sealed secrets that lie under another key than new_key, to be sealed anew: see etl_api.rekey_secrets.';

revoke execute on function etl_api.secrets_to_rekey(text, int) from public;
grant execute on function etl_api.secrets_to_rekey(text, int) to service_role;
-- end of source

-- source: sql/etl_api/secrets/store_secret.sql
create or replace function etl_api.store_secret(
  of_org uuid, of_name text, of_version int, sealed text, sealed_by text, by_whom text
) returns void
language plpgsql
set search_path = ''
as $$
declare
  in_vault constant boolean := etl_api.has_vault();
  vault_entry uuid;
begin
  if coalesce(sealed, '') = '' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('the secret %s has no value', of_name),
      hint = 'Give it one, or revoke it.';
  end if;
  if sealed_by is null and not in_vault then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('the secret %s is not sealed, and there is no Vault that could keep it', of_name),
      hint = 'Set ETL_SECRET_KEY where secrets are managed and in the edge functions.';
  end if;
  if in_vault then
    execute 'select vault.create_secret($1, $2, $3)'
      into vault_entry
      using
        sealed,
        pg_catalog.format('millrace/%s/%s/%s', coalesce(of_org::text, 'shared'), of_name, of_version),
        'A secret of Millrace: manage it there, not here.';
  end if;

  insert into etl_api.secret (org_id, name, version, storage, ciphertext, vault_id, key_id, created_at, created_by)
  values (
    of_org, of_name, of_version,
    case when in_vault then 'vault' else 'table' end,
    case when not in_vault then pg_catalog.decode(sealed, 'base64') end,
    vault_entry, sealed_by, utils.now(), coalesce(by_whom, etl_api.caller_name()));
exception
  -- Sealed for a version that somebody else has taken in the meantime: the same again succeeds.
  when unique_violation then
    raise exception using
      errcode = '40001',
      message = pg_catalog.format('somebody else has written the secret %s at the same time', of_name),
      hint = 'Try again.';
end
$$;

comment on function etl_api.store_secret(uuid, text, int, text, text, text) is
  'Writes a version of a secret: into the Vault where there is one, else into the table, and only what is sealed. 40001 when the version is taken.';

revoke execute on function etl_api.store_secret(uuid, text, int, text, text, text) from public;
-- end of source

-- source: sql/etl_api/secrets/trigger_drop_vault_entries.sql
drop trigger if exists drop_vault_entries on etl_api.secret;
create trigger drop_vault_entries
  after delete on etl_api.secret
  referencing old table as deleted
  for each statement
  execute function etl_api.drop_vault_entries_of_deleted();
comment on trigger drop_vault_entries on etl_api.secret is
  'Nothing of a deleted secret stays in the Vault.';
-- end of source

-- source: sql/etl_api/secrets/vault_values.sql
create or replace function etl_api.vault_values(entries uuid[]) returns table (id uuid, value text)
language plpgsql stable
set search_path = ''
as $$
begin
  if entries <> '{}' and pg_catalog.to_regclass('vault.decrypted_secrets') is not null then
    return query execute 'select v.id, v.decrypted_secret::text from vault.decrypted_secrets as v where v.id = any ($1)'
      using entries;
  end if;
end
$$;

comment on function etl_api.vault_values(uuid[]) is
  'Entries of the Vault, decrypted; nothing where there is none.';

revoke execute on function etl_api.vault_values(uuid[]) from public;
-- end of source

-- source: sql/etl_api/secrets/wipe_secrets.sql
create or replace function etl_api.wipe_secrets(ids uuid[], by_whom text) returns int
language plpgsql
set search_path = ''
as $$
declare
  entries uuid[];
  wiped int;
begin
  with live as (
    select s.id, s.vault_id
    from etl_api.secret as s
    where s.id = any (ids)
      and s.state <> 'revoked'
    order by s.id
    for update
  ), gone as (
    update etl_api.secret as s
    set state = 'revoked',
        revoked_at = utils.now(),
        revoked_by = coalesce(by_whom, etl_api.caller_name()),
        ciphertext = null,
        vault_id = null
    from live
    where s.id = live.id
    returning live.vault_id
  )
  select pg_catalog.count(*), pg_catalog.array_agg(g.vault_id) filter (where g.vault_id is not null)
  into wiped, entries
  from gone as g;
  perform etl_api.drop_vault_entries(entries);
  return wiped;
end
$$;

comment on function etl_api.wipe_secrets(uuid[], text) is
  'Revokes versions of secrets and throws their values away, here and in the Vault. Returns how many were not revoked yet.';

revoke execute on function etl_api.wipe_secrets(uuid[], text) from public;
-- end of source

-- source: sql/etl_api/state/deleted_orgs.sql
create or replace function etl_api.deleted_orgs() returns uuid[]
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return array(
    select o.id
    from public.org as o
    where o.deleted_at is not null);
end
$$;

comment on function etl_api.deleted_orgs() is
  'The tenants that are deleted, mostly none: what is theirs is not claimed, sent or looked at until deleted_at is null again.';

revoke execute on function etl_api.deleted_orgs() from public;
grant execute on function etl_api.deleted_orgs() to service_role;
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
  perform etl_api.land_activity_results(ended_ids);
  return pg_catalog.cardinality(ended_ids);
end
$$;

comment on function etl_api.end_activities(uuid[], text, text, text) is
  'Ends open activity requests with all below them as failed (cancelled) or timedout and queues their messages. Returns how many. The caller holds the workflow locks and moves the workflows on.';

revoke execute on function etl_api.end_activities(uuid[], text, text, text) from public;
grant execute on function etl_api.end_activities(uuid[], text, text, text) to service_role;
-- end of source

-- source: sql/etl_api/state/limit_fault.sql
create or replace function etl_api.limit_fault(fault_state text, message text, detail text, hint text) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  if fault_state is distinct from 'ETL09' then
    return null;
  end if;
  return utils.parse_json(detail) || pg_catalog.jsonb_build_object('message', message, 'hint', hint);
end
$$;

comment on function etl_api.limit_fault(text, text, text, text) is
  'What an exception of refuse_limit says, as {code, path, found, message, hint}; null when it is another.';

revoke execute on function etl_api.limit_fault(text, text, text, text) from public;
grant execute on function etl_api.limit_fault(text, text, text, text) to service_role;
-- end of source

-- source: sql/etl_api/state/limit_of.sql
create or replace function etl_api.limit_of(name text) returns bigint
language plpgsql stable
set search_path = ''
as $$
declare
  value constant jsonb := etl_api.setting_value(name);
begin
  -- What is no number is no limit that could be held to: that is a slip of the operator, and must not stop the work.
  return case when pg_catalog.jsonb_typeof(value) = 'number'
    then pg_catalog.trunc(least(greatest((value #>> '{}')::numeric, 0), 9000000000000000))
    else 9000000000000000 end;
end
$$;

comment on function etl_api.limit_of(text) is
  'The limit that a setting gives, such as max_objects; where it is null, so large a number that nothing reaches it.';

revoke execute on function etl_api.limit_of(text) from public;
grant execute on function etl_api.limit_of(text) to service_role;
-- end of source

-- source: sql/etl_api/state/lock_free_workflows.sql
create or replace function etl_api.lock_free_workflows(workflow_request_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set lock_timeout = '2s'
as $$
begin
  -- Mostly somebody who holds one is done in a moment.
  begin
    perform etl_api.lock_workflows(workflow_request_ids);
    return workflow_request_ids;
  exception when lock_not_available then
    null;
  end;
  return array(
    select w.id
    from public.workflow_request as w
    where w.id = any (workflow_request_ids)
      and w.replay = 0
    order by w.id
    for no key update skip locked);
end
$$;

comment on function etl_api.lock_free_workflows(uuid[]) is
  'Locks workflow requests as lock_workflows does, but for those that somebody holds for more than two seconds, and returns the ids of the others: for whoever comes again, and must not be held up by a transaction that stays open.';

revoke execute on function etl_api.lock_free_workflows(uuid[]) from public;
grant execute on function etl_api.lock_free_workflows(uuid[]) to service_role;
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
      null, null, 'warn', 'delivery', 'No message was made, for its endpoint is gone.', m.org_id,
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
      and e.id is null));
end
$$;

comment on function etl_api.logger_unsent(uuid[], uuid[], uuid[], jsonb[], text[]) is
  'Tells the log of messages that queue_messages did not make because their endpoint is gone.';

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
  wanted uuid[];
  free uuid[];
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
    wanted := array(
      select i.id from pg_catalog.unnest(workflows) as i (id)
      union
      select r.workflow_request_id from public.run_request as r where r.id = any (requests)
      union
      select d.workflow_request_id from public.delivery as d where d.id = any (deliveries) and d.workflow_request_id is not null
      union
      select q.workflow_request_id from public.run_queue as q where q.id = any (runs)
      union
      select a.workflow_request_id from public.activity_request as a where a.id = any (activities));
    free := etl_api.lock_free_workflows(wanted);
    if pg_catalog.cardinality(free) < pg_catalog.cardinality(wanted) then
      -- What hangs on a request that somebody keeps locked comes with a later sweep, and holds up nothing else.
      requests := array(
        select r.id from public.run_request as r where r.id = any (requests) and r.workflow_request_id = any (free));
      deliveries := array(
        select d.id from public.delivery as d
        where d.id = any (deliveries) and (d.workflow_request_id is null or d.workflow_request_id = any (free)));
      runs := array(select q.id from public.run_queue as q where q.id = any (runs) and q.workflow_request_id = any (free));
      activities := array(
        select a.id from public.activity_request as a where a.id = any (activities) and a.workflow_request_id = any (free));
      workflows := array(select i.id from pg_catalog.unnest(workflows) as i (id) where i.id = any (free));
    end if;
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
  perform etl_api.forget_secrets(max_rows);
  perform etl_api.kv_remove_expired(max_rows);
  perform etl_api.release_held(max_rows);
  perform etl_api.settle_org_counts(max_rows);
  perform etl_api.fold_client_counts(max_rows);
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
  'The sweep: times out what is over its time (workflow_timeout, activity_timeout, run_timeout), takes back expired leases (…_again, …_given_up when no attempt was left), leaves and logs what cannot be ended (failed), makes the requests of schedules (schedule) and starts those whose not_before has come (workflow_start), makes partitions when there is nothing else to do, adds to the counters of orgs and of clients'' tables what was not added at once, lets go messages that waited for a disabled endpoint, rolls up the summaries that the views read, measures data quality where it is due, purges what is older than the setting retention_days when there is nothing else to do (purged), throws away replaced secrets whose time is over and keys that have expired, and rings for due work (bell). At most max_rows of each. Returns what it did for requests, no row when nothing. Call it every few seconds to a minute, from as many places as you like.';

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
  workflow_ids uuid[];
begin
  with ended as materialized (
    -- One attempt at once, then one after each time of the schedule.
    select d.id, d.attempts <= pg_catalog.jsonb_array_length(etl_api.delivery_schedule(d.endpoint_id, d.org_id)) as left_over
    from public.delivery as d
    where d.id = any (delivery_ids)
  ), taken as (
    -- It keeps its time, so that where messages go in order it goes before the others.
    update public.delivery as d
    set state = case when e.left_over then 'ready' else 'failed' end::public.delivery_state,
        state_via = null,
        state_substate = case when e.left_over then 'lease_expired' else 'attempts_exhausted' end,
        error = case when e.left_over then d.error else pg_catalog.jsonb_build_object(
          'code', 'attempts_exhausted',
          'message', 'Its last attempt was claimed, but nothing was heard of it before its lease ended.') end,
        lease_until = null,
        lease_token = null,
        finished_at = case when not e.left_over then utils.now() end
    from ended as e
    where d.id = e.id
      and d.state = 'in_progress'
      and d.lease_until <= utils.now()
    returning d.id, d.org_id, d.attempts, d.state, d.workflow_request_id
  ), kept as (
    insert into public.delivery_attempt (delivery_id, org_id, attempt, at, code, message)
    select t.id, t.org_id, t.attempts, utils.now(), 'lease_expired',
      'Nothing was heard of it before its lease ended; it may have been sent.'
    from taken as t
    order by t.id
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

-- source: sql/etl_api/state/refuse_limit.sql
create or replace function etl_api.refuse_limit(code text, path text, amount bigint, message text, hint text) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Who isolates faults finds in the detail what to tell; see limit_fault.
  raise exception using
    errcode = 'ETL09',
    message = message,
    detail = pg_catalog.jsonb_build_object('code', code, 'path', path, 'found', amount)::text,
    hint = hint;
end
$$;

comment on function etl_api.refuse_limit(text, text, bigint, text, text) is
  'Refuses what is over a limit, from deep inside the work: whoever takes in requests or answers finds the one that it is about, and ends that one alone with this code, sentence and hint. ETL09, always.';

revoke execute on function etl_api.refuse_limit(text, text, bigint, text, text) from public;
grant execute on function etl_api.refuse_limit(text, text, bigint, text, text) to service_role;
-- end of source

-- source: sql/etl_api/state/ring_for_due_work.sql
create or replace function etl_api.ring_for_due_work() returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  deleted constant uuid[] := etl_api.deleted_orgs();
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
      and d.due_at <= utils.now()
      and d.org_id <> all (deleted))
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

-- source: sql/etl_api/upkeep/blank_input.sql
create or replace function etl_api.blank_input(workflow_request_id uuid, of_type uuid, of_key jsonb) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  key_names constant text[] := (select t.key_datapoints from public.object_type as t where t.id = of_type);
  given constant jsonb := (
    select w.data from public.workflow_request as w where w.id = blank_input.workflow_request_id and w.replay = 0);
  blanked jsonb := given;
  place text[];
begin
  -- A loop, since each place is blanked in what the one before left. A null keeps the others where they are.
  for place in
    select distinct o.path
    from public.activity_request as a
    cross join lateral etl_api.input_mappings(a.org_id, a.source_ids) as m
    cross join lateral utils.jsonb_resolve_object_names(given, m.key_mapping_json) as o
    where a.workflow_request_id = blank_input.workflow_request_id
      and m.object_type_id = of_type
      and etl_api.natural_key(key_names, o.raw || o.object) = of_key
    union
    select distinct o.path
    from public.activity_request as a
    cross join lateral etl_api.input_mappings(a.org_id, a.source_ids, of_type) as m
    cross join lateral utils.jsonb_resolve_object_names(given, m.key_mapping_json) as o
    where a.workflow_request_id = blank_input.workflow_request_id
      and etl_api.natural_key(key_names, o.raw || o.object) = of_key
  loop
    blanked := pg_catalog.jsonb_set(blanked, place, 'null', false);
  end loop;
  if blanked = given then
    return false;
  end if;
  update public.workflow_request as w
  set data = blanked
  where w.id = blank_input.workflow_request_id
    and w.replay = 0;
  return true;
end
$$;

comment on function etl_api.blank_input(uuid, uuid, jsonb) is
  'Puts null in the place of an object (its type and natural key) in the data of a request. Returns whether it was there. The caller holds the workflow lock.';

revoke execute on function etl_api.blank_input(uuid, uuid, jsonb) from public;
-- end of source

-- source: sql/etl_api/upkeep/check_erasure.sql
create or replace function etl_api.check_erasure(of_org uuid, max_rows int) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if max_rows is null or max_rows not between 1 and 100000 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('max_rows is %s: it must be from 1 to 100000', coalesce(max_rows::text, 'null')),
      hint = 'Leave it out for 1000. Call the function again for more, or leave the rest to the sweep.';
  end if;
  if of_org is null or not exists (select 1 from public.org as o where o.id = of_org) then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no org %s', coalesce(of_org::text, 'null')),
      hint = 'Give the id of a row of org. What was erased stands in etl_api.erasure.';
  end if;
end
$$;

comment on function etl_api.check_erasure(uuid, int) is
  'Refuses arguments of erasures that make no sense. ETL04: max_rows is missing or out of range, or there is no such org.';

revoke execute on function etl_api.check_erasure(uuid, int) from public;
-- end of source

-- source: sql/etl_api/upkeep/default_retention.sql
create or replace function etl_api.default_retention(what text) returns numeric
language plpgsql stable
set search_path = ''
as $$
declare
  rule etl_api.retention;
  days constant jsonb := etl_api.setting_value('retention_days');
begin
  select r.* into rule
  from etl_api.retention as r
  where r.org_id is null
    and r.what = default_retention.what;
  if found then
    return rule.days;
  end if;
  -- What lies below a request, and objects, which outlive requests, have rules of their own only.
  return case
    when what in ('workflow_request', 'alert', 'etl_log') and pg_catalog.jsonb_typeof(days) = 'number'
      and (days #>> '{}')::numeric between 1 and 365000
    then (days #>> '{}')::numeric end;
end
$$;

comment on function etl_api.default_retention(text) is
  'Days for which what tenants without a rule of their own have is kept: by the rule for all, else by the setting retention_days; null: for good.';

revoke execute on function etl_api.default_retention(text) from public;
grant execute on function etl_api.default_retention(text) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/erase_links_of.sql
create or replace function etl_api.erase_links_of(of_object uuid, activity_ids uuid[]) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  refusals bigint;
  links bigint;
begin
  delete from public.guardrail_refusal as g
  where g.object_id = of_object
    and g.activity_request_id = any (activity_ids);
  get diagnostics refusals = row_count;
  delete from public.activity_object as l
  where l.object_id = of_object
    and l.activity_request_id = any (activity_ids);
  get diagnostics links = row_count;
  return pg_catalog.jsonb_build_object('public.guardrail_refusal', refusals, 'public.activity_object', links);
end
$$;

comment on function etl_api.erase_links_of(uuid, uuid[]) is
  'Removes what links an object to these activity requests, and what guardrails refused of it there. Returns how many rows of which table.';

revoke execute on function etl_api.erase_links_of(uuid, uuid[]) from public;
-- end of source

-- source: sql/etl_api/upkeep/erase_log_of.sql
create or replace function etl_api.erase_log_of(of_org uuid, of_key jsonb) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  -- Short ones would be found in everything.
  words constant text[] := array(
    select pg_catalog.lower(k.value)
    from pg_catalog.jsonb_each_text(of_key) as k
    where pg_catalog.length(k.value) >= 4);
  gone bigint;
begin
  delete from etl_api.etl_log as l
  where l.org_id = of_org
    and exists (
      select 1
      from unnest(words) as w (word)
      where pg_catalog.strpos(pg_catalog.lower(l.message || coalesce(l.context::text, '')), w.word) > 0);
  get diagnostics gone = row_count;
  return gone;
end
$$;

comment on function etl_api.erase_log_of(uuid, jsonb) is
  'Removes the entries of a tenant''s log that name a value of this natural key of four characters or more. Returns how many.';

revoke execute on function etl_api.erase_log_of(uuid, jsonb) from public;
-- end of source

-- source: sql/etl_api/upkeep/erase_object.sql
create or replace function etl_api.erase_object(of_object uuid, max_rows int default 1000)
returns table (what text, count bigint, more boolean)
language plpgsql
security definer
set search_path = ''
-- A few of very many, by key.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  thing public.object;
  workflows uuid[];
  activities uuid[];
  gone jsonb := '{}'::jsonb;
  is_over boolean;
begin
  select o.* into thing from public.object as o where o.id = of_object;
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no object %s', coalesce(of_object::text, 'null')),
      hint = 'Give the id of a row of object. What was erased stands in etl_api.erasure.';
  end if;
  perform etl_api.check_erasure(thing.org_id, max_rows);
  perform etl_api.lock_erasures(thing.org_id, true);

  -- The locks in the order in which everybody takes them.
  workflows := etl_api.workflows_of_object(of_object, max_rows);
  perform etl_api.lock_workflows(workflows);
  if not exists (select 1 from public.object as o where o.id = of_object) then
    -- Whoever was before us has come to its end.
    return;
  end if;
  activities := array(
    select a.id
    from public.activity_request as a
    where a.workflow_request_id = any (workflows)
      and (exists (select 1 from public.activity_object as l where l.activity_request_id = a.id and l.object_id = of_object)
        or exists (select 1 from public.guardrail_refusal as g where g.activity_request_id = a.id and g.object_id = of_object)));

  gone := etl_api.erase_runs_of(of_object, thing.natural_key, activities)
    || etl_api.erase_results_of(thing.natural_key, workflows, activities)
    || etl_api.erase_links_of(of_object, activities)
    || pg_catalog.jsonb_build_object('public.workflow_request', (
      select pg_catalog.count(*)
      from unnest(workflows) as w (id)
      where etl_api.blank_input(w.id, thing.object_type_id, thing.natural_key)));
  perform etl_api.advance_activities(activities);
  perform etl_api.ring('execute-runs');
  -- Who stores objects might find it just now and link it; where others are at that, the next call comes back.
  is_over := etl_api.workflows_of_object(of_object, 1) = '{}' and etl_api.lock_objects();
  -- A statement of its own: somebody may have linked it before the lock was there.
  is_over := is_over and etl_api.workflows_of_object(of_object, 1) = '{}';
  if is_over then
    gone := gone || pg_catalog.jsonb_build_object(
      'public.value', (select pg_catalog.count(*) from public.value as v where v.object_id = of_object),
      'public.object', 1,
      'etl_api.etl_log', etl_api.erase_log_of(thing.org_id, thing.natural_key));
    delete from public.object as o where o.id = of_object;
  end if;

  perform etl_api.note_erasure(thing.org_id, of_object, gone, is_over);
  return query
  select g.key, g.value::bigint, not is_over
  from pg_catalog.jsonb_each_text(gone) as g
  where g.value <> '0'
  union all
  select 'waiting', 0::bigint, true
  where not is_over;
end
$$;

comment on function etl_api.erase_object(uuid, int) is
  'Removes an object for good, with its values and its runs, and takes it out of all that requests, answers, results, messages and the log say of it; the requests themselves and other objects stay. In up to max_rows of the activity requests that knew it at once, beside live work: call it again, in a transaction of its own, while it says more, or leave the rest to the sweep. Returns how many rows of which table went or were blanked; etl_api.erasure keeps the sums. ETL04: no such object, or max_rows is out of range.';

revoke execute on function etl_api.erase_object(uuid, int) from public;
grant execute on function etl_api.erase_object(uuid, int) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/erase_org.sql
create or replace function etl_api.erase_org(of_org uuid, max_rows int default 1000)
returns table (what text, count bigint, more boolean)
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  gone jsonb := '{}'::jsonb;
  part record;
  goes_on boolean := false;
  blanked bigint;
begin
  perform etl_api.check_erasure(of_org, max_rows);
  perform etl_api.lock_erasures(of_org, true);
  -- Somebody else may have come to its end meanwhile.
  perform etl_api.check_erasure(of_org, max_rows);
  if not exists (select 1 from public.org as o where o.id = of_org and o.deleted_at is not null) then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('org %s is not deleted: what is erased never comes back', of_org),
      hint = 'Set its deleted_at first: nothing of it is claimed or sent from then on.';
  end if;

  -- Requests first; then, once none is left, all the rest.
  for part in
    select * from etl_api.erase_requests(of_org, max_rows)
  loop
    gone := gone || pg_catalog.jsonb_build_object('public.' || part.what, part.count);
    goes_on := true;
  end loop;
  if not goes_on and not exists (select 1 from public.workflow_request as w where w.org_id = of_org) then
    for part in
      select * from etl_api.erase_rows(of_org, max_rows)
    loop
      gone := gone || pg_catalog.jsonb_build_object(part.what, part.count);
      goes_on := goes_on or part.more;
    end loop;
    if not goes_on then
      goes_on := not etl_api.erase_tenant(of_org);
    end if;
    if not goes_on then
      -- Last, since what went until here was written down there.
      blanked := etl_api.erase_audit(of_org);
      gone := gone || pg_catalog.jsonb_build_object('public.org', 1, 'etl_api.audit_log', blanked);
    end if;
  else
    goes_on := true;
  end if;

  perform etl_api.note_erasure(of_org, null, gone, not goes_on);
  return query
  select g.key, g.value::bigint, goes_on
  from pg_catalog.jsonb_each_text(gone) as g
  where g.value <> '0'
  union all
  select 'waiting', 0::bigint, true
  where goes_on
    and gone = '{}';
end
$$;

comment on function etl_api.erase_org(uuid, int) is
  'Removes a tenant that was deleted (org.deleted_at) for good, with all it has: requests, objects, values, answers, results, messages, history, log, configuration, secrets, figures; of the audit log who did what stays, without contents. About max_rows rows of each table at once, beside live work: call it again, in a transaction of its own, while it says more, or leave the rest to the sweep. Returns how many rows of which table went; etl_api.erasure keeps the sums. ETL04: no such org, or max_rows is out of range; ETL05: it is not deleted.';

revoke execute on function etl_api.erase_org(uuid, int) from public;
grant execute on function etl_api.erase_org(uuid, int) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/erase_requests.sql
create or replace function etl_api.erase_requests(of_org uuid, max_rows int) returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
-- By the index of the requests of a tenant, and from there by key.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  held uuid[];
  requests uuid[];
begin
  -- Who works on one just now holds its row; the next call comes back for it.
  held := array(
    select w.id
    from public.workflow_request as w
    where w.org_id = of_org
      and w.replay = 0
    order by w.created_at
    limit max_rows
    for update skip locked);
  if held = '{}' then
    return;
  end if;
  -- As in purge_batch, but whatever state they are in.
  requests := array(
    select fits.id
    from (
      select e.id, e.place,
        pg_catalog.sum(size.rows) over (order by e.place rows unbounded preceding) - size.rows as rows_before
      from pg_catalog.unnest(held) with ordinality as e (id, place)
      cross join lateral (
        select coalesce(pg_catalog.sum(runs.count), 0) as rows
        from public.activity_request as a
        cross join lateral (
          select pg_catalog.count(*)
          from (select 1 from public.run_queue as q where q.activity_request_id = a.id limit max_rows) as q
        ) as runs
        where a.workflow_request_id = e.id
      ) as size
    ) as fits
    where fits.rows_before < max_rows
    order by fits.place);
  -- Before all time: no partition of the history is left to go as a whole later.
  return query
  select t.what, t.count, true
  from etl_api.purge_trees(requests, '-infinity', max_rows, false) as t;
end
$$;

comment on function etl_api.erase_requests(uuid, int) is
  'Removes workflow requests of a tenant with all that belongs to them, open or not: about max_rows rows of each table.';

revoke execute on function etl_api.erase_requests(uuid, int) from public;
-- end of source

-- source: sql/etl_api/upkeep/erase_results_of.sql
create or replace function etl_api.erase_results_of(of_key jsonb, workflow_ids uuid[], activity_ids uuid[]) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  results bigint;
  bodies bigint;
  messages constant uuid[] := array(
    select d.id from public.delivery as d where d.activity_request_id = any (activity_ids));
  steps bigint;
begin
  update public.activity_result as r
  set objects = left_over.objects,
      refusals = etl_api.without_object(r.refusals, of_key),
      summary = r.summary || pg_catalog.jsonb_build_object('objects', pg_catalog.jsonb_array_length(left_over.objects))
  from public.activity_result as before
  cross join lateral (select etl_api.without_object(before.objects, of_key) as objects offset 0) as left_over
  where r.activity_request_id = any (activity_ids)
    and before.activity_request_id = r.activity_request_id
    and before.org_id = r.org_id;
  get diagnostics results = row_count;

  update public.delivery_body as b
  set body = pg_catalog.jsonb_set(pg_catalog.jsonb_set(b.body,
        '{data,objects}', etl_api.without_object(b.body #> '{data,objects}', of_key), false),
        '{data,refusals}', etl_api.without_object(b.body #> '{data,refusals}', of_key), false)
  where b.delivery_id = any (messages);
  get diagnostics bodies = row_count;
  -- What a client answered may repeat what it was told.
  update public.delivery as d set response = null where d.id = any (messages) and d.response is not null;
  update public.delivery_attempt as a set response = null where a.delivery_id = any (messages);

  -- What was found wrong is quoted in errors and in the history.
  update public.activity_request as a
  set errors = (select pg_catalog.jsonb_agg(e.value || '{"found": null}' order by e.place)
        from pg_catalog.jsonb_array_elements(a.errors) with ordinality as e (value, place))
  where a.id = any (activity_ids)
    and pg_catalog.jsonb_typeof(a.errors) = 'array';
  update etl_api.state_step as s
  set message = null
  where s.entity_id = any (workflow_ids || activity_ids || messages
      || array(select r.id from public.run_request as r where r.activity_request_id = any (activity_ids)))
    and s.message is not null;
  get diagnostics steps = row_count;
  return pg_catalog.jsonb_build_object('public.activity_result', results, 'public.delivery_body', bodies, 'etl_api.state_step', steps);
end
$$;

comment on function etl_api.erase_results_of(jsonb, uuid[], uuid[]) is
  'Takes an object, by its natural key, out of results and messages of these activity requests, and blanks what their errors, history and clients'' answers may quote. Returns how many rows of which table. The caller holds the workflow locks.';

revoke execute on function etl_api.erase_results_of(jsonb, uuid[], uuid[]) from public;
-- end of source

-- source: sql/etl_api/upkeep/erase_rows.sql
create or replace function etl_api.erase_rows(of_org uuid, max_rows int) returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
as $$
-- The names are those of the catalog, quoted by format, which the check cannot follow.
-- @plpgsql_check_options: security_warnings = false
#variable_conflict use_column
declare
  waiting text[];
  again text[];
  is_full boolean := false;
  name text;
begin
  -- A guard would write down each row that goes.
  perform pg_catalog.set_config('etl.purging', 'on', true);
  -- Every table that says whose its rows are, whoever made it; partitions by their parent. The trail of audit is blanked
  -- later.
  waiting := array(
    select pg_catalog.format('%I.%I', n.nspname, c.relname)
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where etl_api.org_column(c.oid) is not null
      and n.nspname in ('public', 'etl_api')
      and c.relkind in ('r', 'p')
      and not c.relispartition
      and c.relname not in ('erasure', 'audit_log', 'audit_head', 'org')
    order by c.relname);
  -- A loop, since what refers to a row has to go before it, and the order is found by trying.
  loop
    again := '{}';
    foreach name in array waiting loop
      begin
        execute pg_catalog.format(
          'delete from %1$s as t where t.%2$I = $1 and t.ctid = any (array(select s.ctid from %1$s as s where s.%2$I = $1 limit $2))',
          name, etl_api.org_column(name::regclass))
        using of_org, max_rows;
        get diagnostics count = row_count;
        if count > 0 then
          what := name;
          more := count >= max_rows;
          is_full := is_full or more;
          return next;
        end if;
      exception when foreign_key_violation then
        again := again || name;
      end;
    end loop;
    -- What waits for a table of which only a part went is left to the next call.
    exit when pg_catalog.cardinality(again) in (0, pg_catalog.cardinality(waiting));
    waiting := again;
  end loop;
  perform pg_catalog.set_config('etl.purging', '', true);
  if is_full or again <> '{}' then
    return query values ('waiting', 0::bigint, true);
  end if;
end
$$;

comment on function etl_api.erase_rows(uuid, int) is
  'Removes what a tenant has in any table with an org_id or organization_id, at most max_rows of each at once, whatever refers to whatever: new tables, too.';

revoke execute on function etl_api.erase_rows(uuid, int) from public;
-- end of source

-- source: sql/etl_api/upkeep/erase_runs_of.sql
create or replace function etl_api.erase_runs_of(of_object uuid, of_key jsonb, activity_ids uuid[]) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  runs uuid[];
  roots uuid[];
  carriers uuid[];
  open_carriers uuid[];
  answers bigint;
begin
  -- A claim may just be sending one: it is waited for, and what it made is seen after that.
  perform 1
  from public.run_queue as q
  where q.activity_request_id = any (activity_ids)
    and q.object_id = of_object
  order by q.id
  for update;
  select pg_catalog.array_agg(q.id), pg_catalog.array_agg(distinct q.run_request_id) filter (where q.run_request_id is not null)
  into runs, roots
  from public.run_queue as q
  where q.activity_request_id = any (activity_ids)
    and q.object_id = of_object;
  -- What carried it, and all that a search which found it sent and got.
  select pg_catalog.array_agg(r.id), pg_catalog.array_agg(r.id) filter (where r.state in ('waiting', 'ready', 'in_progress'))
  into carriers, open_carriers
  from public.activity_request as a
  join public.run_request as r on r.activity_request_id = a.id
  where a.id = any (activity_ids)
    and (a.result_role = 'result' or r.root_id = any (roots));

  -- Past no guard: that they went is a step of their history, which holds ids and states, and the summaries count on it.
  delete from public.run_queue as q where q.id = any (runs);
  update etl_api.state_step as s set message = null where s.entity_id = any (runs) and s.message is not null;
  -- Those that went with it in one request that is still out go again without it. A search asks on.
  update public.run_queue as q
  set state = 'waiting',
      state_via = null,
      state_substate = 'released',
      run_request_id = null,
      timeout_at = null,
      due_at = utils.now()
  where q.run_request_id = any (roots)
    and q.state = 'in_progress'
    and q.run_request_id in (select r.root_id from public.run_request as r where r.id = any (open_carriers));
  -- A search that says it to its source ends; one that only found it goes on.
  perform etl_api.end_run_requests(
    array(
      select r.id
      from public.run_request as r
      where r.id = any (open_carriers)
        and (r.root_id = any (roots) or exists (
          select 1
          from pg_catalog.jsonb_each_text(of_key) as k
          where pg_catalog.strpos(pg_catalog.lower(r.request::text), pg_catalog.lower(k.value)) > 0))),
    'cancelled', 'An object that it carried was erased.');

  delete from public.run_response as p where p.run_request_id = any (carriers);
  get diagnostics answers = row_count;
  update public.run_request as r
  set request = null,
      cursor = null,
      error = case when r.error is not null then pg_catalog.jsonb_build_object('code', r.error -> 'code', 'message', 'Erased.') end
  where r.id = any (carriers)
    and r.state not in ('waiting', 'ready', 'in_progress');
  return pg_catalog.jsonb_build_object('public.run_queue', coalesce(pg_catalog.cardinality(runs), 0),
    'public.run_request', coalesce(pg_catalog.cardinality(carriers), 0), 'public.run_response', answers);
end
$$;

comment on function etl_api.erase_runs_of(uuid, jsonb, uuid[]) is
  'Removes the runs of an object in these activity requests, and blanks the HTTP requests that carried it, with their answers; other runs of a request that is still out go again without it. Returns how many rows of which table. The caller holds the workflow locks.';

revoke execute on function etl_api.erase_runs_of(uuid, jsonb, uuid[]) from public;
-- end of source

-- source: sql/etl_api/upkeep/erase_tenant.sql
create or replace function etl_api.erase_tenant(of_org uuid) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  delete from public.org as o where o.id = of_org;
  return true;
exception when foreign_key_violation then
  -- Somebody has inserted a request since.
  return false;
end
$$;

comment on function etl_api.erase_tenant(uuid) is
  'Deletes the row of a tenant that has nothing left; false: it has something again.';

revoke execute on function etl_api.erase_tenant(uuid) from public;
-- end of source

-- source: sql/etl_api/upkeep/expired_orgs.sql
create or replace function etl_api.expired_orgs(what text) returns table (days numeric, org_ids uuid[])
language plpgsql stable
set search_path = ''
-- A probe of an index for each tenant, whatever its rows are like when the plan is made.
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  shared constant numeric := etl_api.default_retention(what);
begin
  return query
  select k.days, pg_catalog.array_agg(k.org_id)
  from (
    select o.id as org_id, case when own.id is not null then own.days else shared end as days
    from public.org as o
    left join etl_api.retention as own
      on own.org_id = o.id
      and own.what = expired_orgs.what
  ) as k
  where k.days is not null
    and case expired_orgs.what
      when 'workflow_request' then exists (
        select 1
        from public.workflow_request as w
        where w.org_id = k.org_id
          and w.finished_at < moment - k.days * interval '1 day'
        order by w.finished_at
        limit 1)
      when 'alert' then exists (
        select 1
        from etl_api.alert as a
        where a.org_id = k.org_id
          and a.raised_at < moment - k.days * interval '1 day'
        order by a.raised_at
        limit 1)
      when 'etl_log' then exists (
        select 1
        from etl_api.etl_log as l
        where l.org_id = k.org_id
          and l.at < moment - k.days * interval '1 day'
        order by l.at
        limit 1)
    end
  group by k.days;
end
$$;

comment on function etl_api.expired_orgs(text) is
  'The tenants that have workflow requests, alerts or entries of the log which ended or were made before their retention began, by the days it has.';

revoke execute on function etl_api.expired_orgs(text) from public;
grant execute on function etl_api.expired_orgs(text) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/go_on_erasing.sql
create or replace function etl_api.go_on_erasing(max_rows int) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  open etl_api.erasure;
begin
  -- The one begun first, unless somebody is at it.
  select e.* into open
  from etl_api.erasure as e
  where e.finished_at is null
  order by e.began_at
  limit 1;
  if not found or not etl_api.lock_erasures(open.org_id, false) then
    return 0;
  end if;
  if open.object_id is not null then
    if not exists (select 1 from public.object as o where o.id = open.object_id) then
      -- It went with its tenant, or by its retention.
      update etl_api.erasure as e set finished_at = utils.now() where e.id = open.id and e.finished_at is null;
      return 0;
    end if;
    return (select coalesce(pg_catalog.sum(g.count), 0) from etl_api.erase_object(open.object_id, max_rows) as g);
  elsif not exists (select 1 from public.org as o where o.id = open.org_id and o.deleted_at is not null) then
    -- Restored half-way: what is gone is gone, the rest stays.
    update etl_api.erasure as e set finished_at = utils.now() where e.id = open.id and e.finished_at is null;
    return 0;
  end if;
  return (select coalesce(pg_catalog.sum(g.count), 0) from etl_api.erase_org(open.org_id, max_rows) as g);
end
$$;

comment on function etl_api.go_on_erasing(int) is
  'Goes on with the oldest erasure that has not ended, about max_rows rows of each table. Returns how many rows went. The sweep calls it.';

revoke execute on function etl_api.go_on_erasing(int) from public;
grant execute on function etl_api.go_on_erasing(int) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/lock_ended_requests.sql
create or replace function etl_api.lock_ended_requests(before timestamptz, max_rows int, of_orgs uuid[] default null)
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
    where of_orgs is null
      or o.id = any (of_orgs)
    limit max_rows);
end
$$;

comment on function etl_api.lock_ended_requests(timestamptz, int, uuid[]) is
  'Takes the row, which is the lock of all that belongs to it, of workflow requests that ended before this time, whose messages have, too, and that nobody else holds: at most max_rows, of some tenants or of all.';

revoke execute on function etl_api.lock_ended_requests(timestamptz, int, uuid[]) from public;
-- end of source

-- source: sql/etl_api/upkeep/lock_erasures.sql
create or replace function etl_api.lock_erasures(of_org uuid, may_wait boolean) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  key constant bigint := pg_catalog.hashtextextended('erasure of ' || of_org::text, 0);
begin
  if may_wait then
    perform pg_catalog.pg_advisory_xact_lock(key);
    return true;
  end if;
  return pg_catalog.pg_try_advisory_xact_lock(key);
end
$$;

comment on function etl_api.lock_erasures(uuid, boolean) is
  'Lets one erasure of a tenant at a time go on, until the transaction ends: two would wait for each other''s rows. The first lock that is taken. Returns false when another has it, without may_wait.';

revoke execute on function etl_api.lock_erasures(uuid, boolean) from public;
grant execute on function etl_api.lock_erasures(uuid, boolean) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/note_erasure.sql
create or replace function etl_api.note_erasure(of_org uuid, of_object uuid, gone jsonb, is_over boolean) returns void
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
begin
  update etl_api.erasure as e
  set report = (
        select coalesce(pg_catalog.jsonb_object_agg(s.what, s.rows), '{}')
        from (
          select r.key as what, pg_catalog.sum(r.value::bigint) as rows
          from (
            select * from pg_catalog.jsonb_each_text(e.report)
            union all
            select * from pg_catalog.jsonb_each_text(gone)
          ) as r
          group by r.key
        ) as s
        where s.rows > 0),
      finished_at = case when is_over then moment end
  where e.org_id = of_org
    and e.object_id is not distinct from of_object
    and e.finished_at is null;
  if not found then
    insert into etl_api.erasure (org_id, object_id, asked_by, began_at, finished_at, report)
    values (of_org, of_object, etl_api.caller_name(), moment, case when is_over then moment end, gone);
  end if;
end
$$;

comment on function etl_api.note_erasure(uuid, uuid, jsonb, boolean) is
  'Adds to the open erasure of a tenant, or of an object of it, how many rows went ({table: rows}), or begins one; is_over: nothing is left.';

revoke execute on function etl_api.note_erasure(uuid, uuid, jsonb, boolean) from public;
-- end of source

-- source: sql/etl_api/upkeep/org_column.sql
create or replace function etl_api.org_column(of_table regclass) returns name
language sql stable
set search_path = ''
as $$
  select a.attname
  from pg_catalog.pg_attribute as a
  where a.attrelid = of_table
    and a.attname in ('org_id', 'organization_id')
    and not a.attisdropped
  order by a.attname desc
  limit 1
$$;

comment on function etl_api.org_column(regclass) is
  'The column of a table that says whose its rows are: org_id, or organization_id in the stores that call it so; null: it has none.';

revoke execute on function etl_api.org_column(regclass) from public;
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
  of_orgs constant uuid[] := case when of_org is not null then array[of_org] end;
  gone record;
  all_gone boolean := true;
begin
  perform etl_api.check_purge_arguments(older_than, max_rows, of_org, with_objects);
  before := utils.now() - older_than;
  for gone in
    select * from etl_api.purge_requests(before, max_rows, of_orgs, with_objects)
    union all
    select * from etl_api.purge_alerts(before, max_rows, of_orgs)
    union all
    select * from etl_api.purge_log(before, max_rows, of_orgs)
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
  'Removes for good what ended longer ago than older_than, of one tenant or of all: requests with all their rows and history, resolved alerts, entries of the log; and what the summaries need not keep. What is open, has a message open or ended since, or is held by another stays. About max_rows of each table at once: call it again, in a transaction of its own, while it says more. Objects and values stay; with_objects: those go that only purged requests dealt with and of which nothing was observed since (object, more and nothing else: the table was busy). Counters of orgs stay, but object_count. Rules of etl_api.retention hold for the sweep, not here. Returns what went; not_rolled_up: steps of that time that the summaries lack, for which requests had to stay. ETL04: an argument is missing or out of range, or there is no such org.';

revoke execute on function etl_api.purge(interval, int, uuid, boolean) from public;
grant execute on function etl_api.purge(interval, int, uuid, boolean) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/purge_alerts.sql
create or replace function etl_api.purge_alerts(before timestamptz, max_rows int, of_orgs uuid[] default null)
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
    where of_orgs is null
      or o.id = any (of_orgs)
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

comment on function etl_api.purge_alerts(timestamptz, int, uuid[]) is
  'Removes alerts that were resolved before this time with their messages, if these have ended before it, too: at most max_rows, of some tenants or of all.';

revoke execute on function etl_api.purge_alerts(timestamptz, int, uuid[]) from public;
-- end of source

-- source: sql/etl_api/upkeep/purge_by_rules.sql
create or replace function etl_api.purge_by_rules(max_rows int) returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  shared_log constant numeric := etl_api.default_retention('etl_log');
  due record;
begin
  -- Tenants with the same days go together, one lot of them each time, in no order: none is always the last.
  for due in
    select *
    from (
      select distinct on (e.what) e.what, e.days, e.org_ids
      from (
        select w.name as what, x.days, x.org_ids
        from unnest('{workflow_request,alert,etl_log}'::text[]) as w (name)
        cross join lateral etl_api.expired_orgs(w.name) as x
      ) as e
      order by e.what, pg_catalog.random()
    ) as lot
    order by pg_catalog.array_position('{workflow_request,alert,etl_log}', lot.what)
  loop
    return query
    select *
    from etl_api.purge_requests(moment - due.days * interval '1 day', max_rows, due.org_ids)
    where due.what = 'workflow_request'
    union all
    select *
    from etl_api.purge_alerts(moment - due.days * interval '1 day', max_rows, due.org_ids)
    where due.what = 'alert'
    union all
    select *
    from etl_api.purge_log(moment - due.days * interval '1 day', max_rows, due.org_ids)
    where due.what = 'etl_log';
  end loop;
  -- What is nobody's.
  return query
  select *
  from etl_api.purge_log(moment - shared_log * interval '1 day', max_rows, '{}')
  where shared_log is not null
  union all
  select * from etl_api.purge_parts('run_response', max_rows)
  union all
  select * from etl_api.purge_parts('delivery_body', max_rows)
  union all
  select * from etl_api.purge_old_objects(max_rows);
end
$$;

comment on function etl_api.purge_by_rules(int) is
  'Removes what is older than the rules of etl_api.retention and the setting retention_days keep it, about max_rows of each kind.';

revoke execute on function etl_api.purge_by_rules(int) from public;
-- end of source

-- source: sql/etl_api/upkeep/purge_expired.sql
create or replace function etl_api.purge_expired(max_rows int default 1000) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  days constant jsonb := etl_api.setting_value('retention_days');
  usable constant boolean := case when pg_catalog.jsonb_typeof(days) = 'number'
    then days::numeric between 1 and 365000 else false end;
  shortest constant numeric := (
    select pg_catalog.min(d.days)
    from (
      select etl_api.default_retention('workflow_request') as days
      union all
      select r.days from etl_api.retention as r where r.what = 'workflow_request'
    ) as d);
  gone bigint;
begin
  if days <> 'null' and not usable then
    -- The sweep must not fail for it; once an hour is enough to be found.
    if not exists (
      select 1
      from (
        select l.station, l.at from etl_api.etl_log as l order by l.id desc limit 1000
      ) as l
      where l.station = 'upkeep'
        and l.at > utils.now() - interval '1 hour')
    then
      perform etl_api.logger('error', 'upkeep', 'Nothing is purged by it: the setting retention_days must be null or a number from 1 to 365000.',
        pg_catalog.jsonb_build_object('retention_days', days));
    end if;
  end if;
  gone := etl_api.go_on_erasing(max_rows);
  if not usable and not exists (select 1 from etl_api.retention) then
    return gone;
  end if;

  gone := gone + (
    select coalesce(pg_catalog.sum(p.count) filter (where p.what <> 'not_rolled_up'), 0)
    from (
      select * from etl_api.purge_by_rules(max_rows)
      union all
      select * from etl_api.purge_summaries(max_rows)
    ) as p);
  -- Nobody can write history while a partition goes, and they may wait for what was locked above: never do both.
  if gone = 0 and shortest is not null then
    perform 1 from etl_api.purge_partitions(utils.now() - shortest * interval '1 day', max_rows);
  end if;
  return gone;
end
$$;

comment on function etl_api.purge_expired(int) is
  'Goes on with erasures, and purges what is older than the rules of etl_api.retention and the setting retention_days keep it, once; nothing where there is neither. Returns how many rows went. The sweep calls it; see etl_api.purge.';

revoke execute on function etl_api.purge_expired(int) from public;
grant execute on function etl_api.purge_expired(int) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/purge_log.sql
create or replace function etl_api.purge_log(before timestamptz, max_rows int, of_orgs uuid[] default null)
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
  if of_orgs is null then
    delete from etl_api.etl_log as l
    where l.id = any (array(
        select e.id from etl_api.etl_log as e order by e.id limit max_rows for update skip locked))
      and l.at < before;
  else
    delete from etl_api.etl_log as l
    where l.id = any (array(
      select e.id
      from unnest(of_orgs) as o (id)
      cross join lateral (
        select e.id
        from etl_api.etl_log as e
        where e.org_id = o.id
          and e.at < before
        order by e.at
        limit max_rows
        for update skip locked
      ) as e
      limit max_rows));
    if of_orgs = '{}' then
      delete from etl_api.etl_log as l
      where l.id = any (array(
        select e.id
        from etl_api.etl_log as e
        where e.org_id is null
          and e.at < before
        order by e.at
        limit max_rows
        for update skip locked));
    end if;
  end if;
  get diagnostics count = row_count;
  if count > 0 then
    return query values ('etl_log', count, count = max_rows);
  end if;
end
$$;

comment on function etl_api.purge_log(timestamptz, int, uuid[]) is
  'Removes entries of the log from before this time, the oldest first, at most max_rows, of some tenants or of all; of an empty list those of no tenant.';

revoke execute on function etl_api.purge_log(timestamptz, int, uuid[]) from public;
-- end of source

-- source: sql/etl_api/upkeep/purge_old_objects.sql
create or replace function etl_api.purge_old_objects(max_rows int) returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
-- In the order of ids, which is the order of time; and by key.
set enable_seqscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  shared constant numeric := etl_api.default_retention('object');
  shortest constant numeric := least(shared, (select pg_catalog.min(r.days) from etl_api.retention as r where r.what = 'object'));
  mark etl_api.retention_mark;
  seen record;
begin
  select m.* into mark
  from etl_api.retention_mark as m
  where m.org_id is null
    and m.what = 'object';
  -- All of them have been looked at; in an hour again.
  if shortest is null or mark.looked_at > moment - interval '1 hour' then
    return;
  end if;

  select pg_catalog.count(*) as objects, pg_catalog.max(o.id::text)::uuid as last_id,
    pg_catalog.array_agg(o.id) filter (where o.created_at < moment - k.days * interval '1 day'
      and not exists (select 1 from public.activity_object as l where l.object_id = o.id)) as ids,
    pg_catalog.array_agg(k.days) filter (where o.created_at < moment - k.days * interval '1 day'
      and not exists (select 1 from public.activity_object as l where l.object_id = o.id)) as days
  into seen
  from (
    select n.id, n.org_id, n.created_at
    from public.object as n
    where n.id > coalesce(mark.after_id, '00000000-0000-0000-0000-000000000000')
    order by n.id
    limit max_rows
  ) as o
  cross join lateral (
    select case when own.id is not null then own.days else shared end as days
    from (select 1) as one
    left join etl_api.retention as own
      on own.org_id = o.org_id
      and own.what = 'object'
  ) as k;

  count := 0;
  if seen.ids is not null then
    if not etl_api.lock_objects() then
      return;
    end if;
    -- A statement after the one that took the lock: somebody may have begun to use one since.
    select coalesce(pg_catalog.sum(g.gone), 0) into count
    from (
      select d.days, pg_catalog.array_agg(d.id) as ids
      from unnest(seen.ids, seen.days) as d (id, days)
      group by d.days
    ) as k
    cross join lateral etl_api.purge_objects(k.ids, moment - k.days * interval '1 day') as g (gone);
  end if;
  insert into etl_api.retention_mark as m (org_id, what, after_id, looked_at)
  values (null, 'object', case when seen.objects = max_rows then seen.last_id end, case when seen.objects < max_rows then moment end)
  on conflict (org_id, what) do update
    set after_id = excluded.after_id,
        looked_at = excluded.looked_at;
  return query values ('object', count, seen.objects = max_rows);
end
$$;

comment on function etl_api.purge_old_objects(int) is
  'Looks at the next max_rows objects of all and removes those, with their values, that no request knows any more and of which nothing was seen within the retention of their tenant. Once through, it begins again after an hour.';

revoke execute on function etl_api.purge_old_objects(int) from public;
-- end of source

-- source: sql/etl_api/upkeep/purge_parts.sql
create or replace function etl_api.purge_parts(part text, max_rows int) returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
-- A few of very many, by key; see purge_batch.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  shared constant numeric := etl_api.default_retention(part);
  -- A request with more goes in parts.
  most constant int := 3 * max_rows;
  batch record;
  rows tid[];
begin
  -- Beyond the mark of each tenant, in the order in which requests ended: what is retried ends anew, behind it.
  select pg_catalog.array_agg(w.id) as ids, pg_catalog.array_agg(k.org_id) as org_ids,
    pg_catalog.array_agg(w.finished_at) as ends
  into batch
  from (
    select o.id as org_id, m.finished_at, m.after_id, case when own.id is not null then own.days else shared end as days
    from public.org as o
    left join etl_api.retention as own
      on own.org_id = o.id
      and own.what = part
    left join etl_api.retention_mark as m
      on m.org_id = o.id
      and m.what = part
    order by pg_catalog.random()
  ) as k
  cross join lateral (
    select w.id, w.finished_at
    from public.workflow_request as w
    where w.org_id = k.org_id
      and w.replay = 0
      and w.finished_at < moment - k.days * interval '1 day'
      and w.finished_at >= coalesce(k.finished_at, '-infinity')
      and (k.finished_at is null or (w.finished_at, w.id) > (k.finished_at, k.after_id))
    order by w.finished_at, w.id
    limit max_rows
  ) as w
  where k.days is not null;
  if batch.ids is null then
    return;
  end if;
  batch.ids := batch.ids[: max_rows];

  if part = 'run_response' then
    rows := array(
      select p.ctid
      from public.activity_request as a
      join public.run_request as r on r.activity_request_id = a.id
      join public.run_response as p on p.run_request_id = r.id
      where a.workflow_request_id = any (batch.ids)
      limit most);
    delete from public.run_response as p where p.ctid = any (rows);
  else
    rows := array(
      select b.ctid
      from public.delivery as d
      join public.delivery_body as b on b.delivery_id = d.id
      where d.workflow_request_id = any (batch.ids)
        -- One that is sent again, or waits for an endpoint, is still needed; it goes with its request.
        and d.finished_at < moment
      limit most);
    delete from public.delivery_body as b where b.ctid = any (rows);
  end if;
  get diagnostics count = row_count;

  if pg_catalog.cardinality(rows) < most then
    insert into etl_api.retention_mark as m (org_id, what, finished_at, after_id)
    select distinct on (t.org_id) t.org_id, part, t.finished_at, t.id
    from unnest(batch.ids, batch.org_ids[: max_rows], batch.ends[: max_rows]) as t (id, org_id, finished_at)
    order by t.org_id, t.finished_at desc, t.id desc
    on conflict (org_id, what) do update
      set finished_at = excluded.finished_at,
          after_id = excluded.after_id;
  end if;
  return query values (part, count, pg_catalog.cardinality(rows) = most or pg_catalog.cardinality(batch.ids) = max_rows);
end
$$;

comment on function etl_api.purge_parts(text, int) is
  'Removes run_response or delivery_body of requests that ended before the retention of their tenant for these began, which stay themselves: of about max_rows requests.';

revoke execute on function etl_api.purge_parts(text, int) from public;
-- end of source

-- source: sql/etl_api/upkeep/purge_requests.sql
create or replace function etl_api.purge_requests(
  before timestamptz, max_rows int, of_orgs uuid[] default null, with_objects boolean default false)
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
  ended := etl_api.lock_ended_requests(before, max_rows, of_orgs);
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

comment on function etl_api.purge_requests(timestamptz, int, uuid[], boolean) is
  'Removes workflow requests that ended before this time, with all that belongs to them: as many as have about max_rows rows in each table. See etl_api.purge.';

revoke execute on function etl_api.purge_requests(timestamptz, int, uuid[], boolean) from public;
-- end of source

-- source: sql/etl_api/upkeep/retention_of.sql
create or replace function etl_api.retention_of(of_org uuid) returns table (what text, days numeric, rule text)
language sql stable
set search_path = ''
as $$
  select w.name, case when own.id is not null then own.days else etl_api.default_retention(w.name) end,
    case
      when own.id is not null then 'own'
      when shared.id is not null then 'for all'
      when w.name in ('workflow_request', 'alert', 'etl_log') then 'retention_days'
      else 'none'
    end
  from unnest('{workflow_request,run_response,delivery_body,object,alert,etl_log}'::text[]) as w (name)
  left join etl_api.retention as own
    on own.org_id = of_org
    and own.what = w.name
  left join etl_api.retention as shared
    on shared.org_id is null
    and shared.what = w.name
$$;

comment on function etl_api.retention_of(uuid) is
  'For how many days what a tenant has is kept (null: for good), and which rule says so: its own, the one for all, the setting retention_days, none.';

revoke execute on function etl_api.retention_of(uuid) from public;
grant execute on function etl_api.retention_of(uuid) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/upkeep_policies.sql
-- Who reads and writes what is kept, and for how long. What was erased outlives its tenant, so no member is left to read
-- it: the operator does.

drop policy if exists members_read on etl_api.retention;
create policy members_read on etl_api.retention
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.retention is 'The rules for all, and those of the reader''s orgs.';

drop policy if exists admins_insert on etl_api.retention;
create policy admins_insert on etl_api.retention
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on etl_api.retention is 'Owners and admins, for their org only.';

drop policy if exists admins_update on etl_api.retention;
create policy admins_update on etl_api.retention
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on etl_api.retention is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on etl_api.retention;
create policy admins_delete on etl_api.retention
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on etl_api.retention is 'Owners and admins, in their org only.';

drop policy if exists nobody on etl_api.retention_mark;
create policy nobody on etl_api.retention_mark
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.retention_mark is 'Of no use to a user: the engine and its operator only.';

drop policy if exists members_read on etl_api.erasure;
create policy members_read on etl_api.erasure
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.erasure is 'Members read what was erased of their orgs.';

revoke all on etl_api.retention, etl_api.retention_mark, etl_api.erasure from public, anon, authenticated;
grant select, delete on etl_api.retention to authenticated;
grant insert (org_id, what, days), update (days) on etl_api.retention to authenticated;
grant select on etl_api.erasure to authenticated;
grant select, insert, update, delete on etl_api.retention, etl_api.retention_mark to service_role;
grant select on etl_api.erasure to service_role;
-- end of source

-- source: sql/etl_api/upkeep/without_object.sql
create or replace function etl_api.without_object(list jsonb, natural_key jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_agg(e.value order by e.place), '[]')
  from pg_catalog.jsonb_array_elements(case when pg_catalog.jsonb_typeof(list) = 'array' then list end)
    with ordinality as e (value, place)
  where e.value -> 'key' is distinct from natural_key
$$;

comment on function etl_api.without_object(jsonb, jsonb) is
  'A list of a result or message (objects, refusals) without what it says of the object with this natural key.';

revoke execute on function etl_api.without_object(jsonb, jsonb) from public;
-- end of source

-- source: sql/etl_api/upkeep/workflows_of_object.sql
create or replace function etl_api.workflows_of_object(of_object uuid, max_rows int) returns uuid[]
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return array(
    select distinct a.workflow_request_id
    from (
      (select l.activity_request_id as id from public.activity_object as l where l.object_id = of_object limit max_rows)
      union
      (select g.activity_request_id from public.guardrail_refusal as g where g.object_id = of_object limit max_rows)
    ) as known
    join public.activity_request as a on a.id = known.id);
end
$$;

comment on function etl_api.workflows_of_object(uuid, int) is
  'Workflow requests that have to do with an object, of up to max_rows of its links and of its refusals.';

revoke execute on function etl_api.workflows_of_object(uuid, int) from public;
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
  union all
  select * from etl_api.kv_check_lists(check_consistency.of_org)
  union all
  select * from etl_api.check_audit(check_consistency.of_org)
$$;

comment on function etl_api.check_consistency(uuid) is
  'Rows of an org (null: all) that contradict each other, each with the problem in a sentence: states of parents and children, what is missing beside a row or where it refers to, counters, the audit log. None on a sound database. It reads everything: for operators and tests, not for a loop.';

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
      -- Tables that came from an older system call the tenant as that did.
      (
        select a.attname
        from pg_catalog.pg_attribute as a
        where a.attrelid = r.child
          and a.attname in ('org_id', 'organization_id')
          and not a.attisdropped
        order by a.attname
        limit 1
      ) as tenant,
      (
        select pg_catalog.string_agg(pg_catalog.format('p.%I = c.%I', k.key, k.col), ' and ')
        from unnest(r.columns, r.keys) as k (col, key)
      ) as joined
    from etl_api.table_reference as r
    join pg_catalog.pg_class as p on p.oid = r.parent
  loop
    return query execute pg_catalog.format(
      'select %1$L::text, c.%2$I, c.%3$I, %4$L::text from %5$s as c
       where c.%2$I is not null and ($1 is null or c.%3$I = $1) and not exists (select 1 from %6$s as p where %7$s)',
      (select k.relname from pg_catalog.pg_class as k where k.oid = reference.child), reference.first, reference.tenant,
      pg_catalog.format('by %s it refers to a row of %s that is not there', reference.first, reference.parent_name),
      reference.child, reference.parent, reference.joined)
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
    where s.deleted_at is null
      and (s.org_id is null or s.org_id = offered_datapoints.org_id)
  ) as ds on ds.datapoint_id = d.id
  where d.org_id is null
    or d.org_id = offered_datapoints.org_id
$$;

comment on function etl_api.offered_datapoints(uuid) is
  'The datapoints of an org and the shared ones, each with the sources that offer it to the org; source_id is null where none does.';

revoke execute on function etl_api.offered_datapoints(uuid) from public;
grant execute on function etl_api.offered_datapoints(uuid) to service_role;
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
    a.message as last_error,
    a.held,
    e.failing_since,
    e.disabled_reason,
    coalesce(e.ordered, false) or coalesce(o.settings -> 'ordered_deliveries' = 'true', false) as ordered
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
      pg_catalog.max(p.message) as message,
      coalesce(pg_catalog.sum(p.held), 0)::bigint as held
    from (
      select e.org_id, e.id as endpoint_id, null as host, null::bigint as waiting, null::bigint as failing,
        null::bigint as in_flight, null::timestamptz as oldest_due_at, null::bigint as attempts, null::bigint as failures,
        null::timestamptz as success_at, null::timestamptz as failure_at, null as message, null::bigint as held
      from public.webhook_endpoint as e
      union all
      select d.org_id, d.endpoint_id, case when d.endpoint_id is null then utils.url_host(d.url) end,
        pg_catalog.count(*), pg_catalog.count(*) filter (where d.attempts > 0), null,
        pg_catalog.min(d.due_at) filter (where d.due_at <= (select utils.now())), null, null, null, null, null,
        pg_catalog.count(*) filter (where d.due_at = 'infinity')
      from public.delivery as d
      where d.state in ('waiting', 'ready')
      group by 1, 2, 3
      union all
      select d.org_id, d.endpoint_id, case when d.endpoint_id is null then utils.url_host(d.url) end,
        null, null, pg_catalog.count(*), null, null, null, null, null, null, null
      from public.delivery as d
      where d.state = 'in_progress'
      group by 1, 2, 3
      union all
      select r.org_id, r.endpoint_id, r.host, null, null, null, null, r.answers, r.failures, null, null, null, null
      from etl_api.answers as r
      where r.source_id is null
        and r.slot > utils.now() - interval '24 hours'
      union all
      select l.org_id, l.endpoint_id, l.host, null, null, null, null, null, null, l.success_at, l.failure_at, l.message, null
      from etl_api.answers_last as l
      where l.source_id is null
    ) as p
    group by p.org_id, p.endpoint_id, p.host
  ) as a
  left join public.webhook_endpoint as e on e.id = a.endpoint_id and e.org_id = a.org_id
  left join public.org as o on o.id = a.org_id;

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
comment on column etl_api.delivery_health.held is 'Of the messages that wait, those that wait until the endpoint is in use again.';
comment on column etl_api.delivery_health.failing_since is 'Since when the endpoint has taken nothing; null while it is well, and for URLs that requests gave.';
comment on column etl_api.delivery_health.disabled_reason is 'Why the engine disabled the endpoint: gone or failing; null when a person did, or nobody.';
comment on column etl_api.delivery_health.ordered is 'Whether messages go there one after the other.';

revoke all on etl_api.delivery_health from public;
grant select on etl_api.delivery_health to authenticated, service_role;
-- end of source

-- source: sql/etl_api/watch/explain_delivery.sql
create or replace function etl_api.explain_delivery(id uuid) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  message public.delivery;
  endpoint public.webhook_endpoint;
  first record;
begin
  select d.* into message
  from public.delivery as d
  where d.id = explain_delivery.id;
  select e.* into endpoint
  from public.webhook_endpoint as e
  where e.id = message.endpoint_id
    and e.org_id = message.org_id;
  first := etl_api.explain_state('delivery', id, pg_catalog.format('The message %s to %s', message.event_type, message.url),
    message.state::text, message.state_substate,
    case when message.state in ('failed', 'timedout', 'invalid', 'waiting') then message.error ->> 'message' end);
  return next first.sentence;

  if message.message_id is not null then
    return next pg_catalog.format('It repeats a message that was delivered before, %s.', message.message_id);
  end if;
  if message.state = 'waiting' and message.due_at < 'infinity' then
    -- One attempt at once, then one after each time of the schedule.
    return next pg_catalog.format('Attempt %s of %s failed; the next one is %s.', message.attempts,
      1 + pg_catalog.jsonb_array_length(etl_api.delivery_schedule(message.endpoint_id, message.org_id)),
      etl_api.explain_due(message.due_at, 'deliver-webhooks'));
  elsif message.state = 'ready' then
    return next pg_catalog.format('It is %s.', etl_api.explain_due(message.due_at, 'deliver-webhooks'));
  elsif message.state = 'in_progress' then
    return next pg_catalog.format('Waits for the client (worker %s); without an answer, it is sent again in %s.', message.worker,
      etl_api.explain_span(message.lease_until - utils.now()));
  end if;
  if endpoint.disabled_at is not null then
    return next pg_catalog.format('Its endpoint is disabled%s: set webhook_endpoint.disabled_at to null before it is sent again.',
      case endpoint.disabled_reason
        when 'gone' then ', for it answered 410 Gone'
        when 'failing' then ', for it had taken no message since ' || etl_api.explain_time(endpoint.failing_since)
        else '' end);
  elsif message.state in ('waiting', 'ready') then
    return query
    select l.sentence
    from etl_api.explain_lane(id, coalesce(message.endpoint_id, message.lane), message.org_id) as l (sentence);
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

-- source: sql/etl_api/watch/explain_lane.sql
create or replace function etl_api.explain_lane(id uuid, lane uuid, org_id uuid) returns setof text
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  known etl_api.delivery_lane;
  flight constant bigint := (
    select pg_catalog.count(*)
    from public.delivery as d
    where d.lane = explain_lane.lane
      and d.state = 'in_progress');
  first_id uuid;
begin
  select l.* into known
  from etl_api.delivery_lane as l
  where l.lane = explain_lane.lane;
  if etl_api.is_ordered(lane, org_id) then
    first_id := coalesce(
      (select d.id from public.delivery as d where d.lane = explain_lane.lane and d.state = 'in_progress' limit 1),
      (select d.id from public.delivery as d where d.id = known.head_id and d.state in ('waiting', 'ready')),
      (select d.id
       from public.delivery as d
       where d.lane = explain_lane.lane and d.state in ('waiting', 'ready')
       order by d.due_at, d.activity_request_id is null, d.created_at, d.id
       limit 1));
    if first_id <> id then
      return next pg_catalog.format('Messages go there one after the other, and message %s goes first: etl_api.explain(%L).', first_id, first_id);
    end if;
  elsif known.at_once < coalesce(utils.int_or_null(etl_api.setting_value('lane_start')), 20) and flight >= known.at_once then
    return next pg_catalog.format('Its address answers late or not at all, so no more than %s sent there at once, and so many are under way.',
      etl_api.explain_count(known.at_once, 'message is', 'messages are'));
  end if;
end
$$;

comment on function etl_api.explain_lane(uuid, uuid, uuid) is
  'What holds up a message that waits: one that goes before it where messages go in order, or an address that answers late or not at all; no row when nothing does.';

revoke execute on function etl_api.explain_lane(uuid, uuid, uuid) from public;
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
      when 'waiting' then case m.substate when 'endpoint_disabled'
        then pg_catalog.format('%s until %s endpoint is in use again: set webhook_endpoint.disabled_at to null.',
          etl_api.explain_count(m.number, 'message waits', 'messages wait'), case m.number when 1 then 'its' else 'their' end)
        else pg_catalog.format('%s for the next attempt, %s: %s.',
        etl_api.explain_count(m.number, 'message waits', 'messages wait'), etl_api.explain_due(m.due_at, 'deliver-webhooks'),
        pg_catalog.rtrim(coalesce(m.message, 'the last attempt failed'), '. ')) end
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

  if asked.deleted_at is not null then
    return pg_catalog.format('Source %s was deleted: nothing is sent to it. Set its deleted_at to null and enable it, or end the request with etl_api.cancel(id).',
      asked.name);
  elsif not asked.enabled then
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
  'What keeps a source from being asked just now: deleted, disabled, max_concurrency or rate_limit, as a sentence; null when nothing does.';

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
  ) as used on s.rate_limit is not null
  where s.deleted_at is null;

comment on view etl_api.source_health is
  'How each source that was not deleted fares: what is under way and waits, and what it answered in the last hour. Figures of the tenants the reader may see only, also for shared sources.';
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
        when 'endpoint_slow' then 'It has been due for %1$s: its address answers late or not at all, so no more than %4$s are sent there at once.'
        when 'endpoint_ordered' then 'It has been due for %1$s: messages go there one after the other, and others go first.'
        when 'not_taken' then 'It has been due for %1$s, but no worker has taken it.'
        when 'not_started' then 'It should have started %1$s ago, but no sweep has started it.'
        when 'bell' then 'Its runs have ended, but for %1$s no worker has moved it on.'
        when 'sweep' then 'Nobody has called etl_api.recover() for %1$s.'
      end,
      pg_catalog.date_trunc('second', utils.now() - o.since), s.name, s.max_concurrency, lane.at_once) as message,
    case why.reason
      when 'source_disabled' then 'Set source.enabled to true, or end it with etl_api.cancel(id).'
      when 'source_busy' then 'It is a queue, not a fault: raise source.max_concurrency if the source can bear it, or wait.'
      when 'endpoint_slow' then 'It is a queue, not a fault: see what etl_api.delivery_health says of its address, and disable the endpoint if nobody answers there.'
      when 'endpoint_ordered' then 'etl_api.explain(entity_id) tells what it waits for; etl_api.cancel of that lets the others go.'
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
  left join public.delivery as message on o.entity = 'delivery' and message.id = o.entity_id and message.org_id = o.org_id
  left join etl_api.delivery_lane as lane on lane.lane = coalesce(message.endpoint_id, message.lane)
  cross join lateral (
    select case
      when o.reason = 'not_taken' and lane.head_id is not null then 'endpoint_ordered'
      when o.reason = 'not_taken' and lane.at_once < (
        select (c.value #>> '{}')::numeric from etl_api.setting as c where c.name = 'lane_start') then 'endpoint_slow'
      when o.reason = 'not_taken' and not s.enabled then 'source_disabled'
      when o.reason = 'not_taken' and o.entity = 'run_queue' and flight.requests >= s.max_concurrency then 'source_busy'
      else o.reason
    end as reason
  ) as why
  -- A tenant that was deleted waits for nothing.
  where o.org_id is null
    or not exists (select 1 from public.org as d where d.id = o.org_id and d.deleted_at is not null);

comment on view etl_api.stuck is
  'What is over its time and why, of what the reader may see: time-outs and leases no sweep has ended, due work nobody has taken for the setting stuck_after_seconds, messages overdue, starts missed, bells unheard. etl_api.explain(entity_id) tells more of one.';
comment on column etl_api.stuck.entity is 'The table of the row; sweep for the sweep itself.';
comment on column etl_api.stuck.entity_id is 'The row; null for the sweep.';
comment on column etl_api.stuck.org_id is 'Its tenant; null for the sweep.';
comment on column etl_api.stuck.workflow_request_id is 'The request it serves; null for an alert''s message, a schedule, the sweep.';
comment on column etl_api.stuck.source_id is 'The source it waits for.';
comment on column etl_api.stuck.reason is
  'timeout, lease, source_disabled, source_busy, endpoint_slow, endpoint_ordered, not_taken, not_started, bell or sweep.';
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
      ('delivery', 'waiting', 'endpoint_disabled', 'its endpoint is disabled, and it goes on when that is in use again', 'Set webhook_endpoint.disabled_at to null once the endpoint can take messages.'),
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
      ('run_queue run_request delivery', 'failed', 'secret_missing', 'a secret that it needs is not there, or cannot be opened', 'Set it with npm run secrets (or in ETL_SECRETS), then etl_api.retry(id).'),
      ('run_queue run_request delivery', 'failed', 'bad_request', 'what was to be sent is no HTTP request', 'Correct the template or the URL, then etl_api.retry(id).'),
      ('run_queue run_request', 'failed', 'invalid_json', 'the answer was no JSON', 'etl_api.retry(id) sends it again.'),
      ('run_queue run_request', 'failed', 'too_many_matches', 'the answer held more objects, or a path found more places in it, than is taken', 'Ask for less at once: a page size in the template; name more of the way instead of "**".'),
      ('run_queue run_request', 'failed', 'too_many_values', 'the answer gave one object more values than is taken', 'Map fewer datapoints of this source.'),
      ('run_queue run_request', 'failed', 'source_error', 'the answer told of an error (response.error of the template)', 'Once the cause is gone: etl_api.retry(id).'),
      ('run_queue run_request', 'failed', 'source_failed', 'the source says that its run failed', 'etl_api.retry(id) of the run starts a new one.'),
      ('run_queue run_request', 'failed', 'no_external_id', 'the answer held neither an id to ask for nor objects', 'Correct response.external_id of the template, then etl_api.retry(id); etl_api.test_mapping tries it.'),
      ('run_queue run_request', 'failed', 'poll_limit', 'the source was asked for its status as often as poll_policy.max_polls allows, without an end', 'etl_api.retry(id) asks on.'),
      ('run_queue run_request', 'failed', 'lease_expired', 'its worker was not heard of after its last attempt', 'Look at the log of execute-runs, then etl_api.retry(id).'),
      ('run_queue run_request', 'failed', 'internal_error', 'the engine raised an error over it or over its answer', 'etl_api.etl_log says why; etl_api.retry(id) sends it again.'),
      ('delivery', 'failed', null, 'it was given up', 'etl_api.redeliver(id) sends it again.'),
      ('delivery', 'failed', 'attempts_exhausted', 'it was given up after its last attempt', 'Once the client can take it: etl_api.redeliver(id).'),
      ('delivery', 'failed', 'too_large', 'it was larger than is sent (setting max_message_bytes)', 'Ask for fewer objects or datapoints in one activity; or raise the setting, then etl_api.redeliver(id).'),
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

-- source: sql/utils/check_matches.sql
create or replace function utils.check_matches(places bigint, path jsonb) returns void
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  most constant bigint := utils.max_matches();
begin
  if places > most then
    raise exception using
      errcode = 'ETL09',
      message = pg_catalog.format('The path %s finds more than %s places in one document; %s is the most.',
        pg_catalog."left"(path::text, 200), most, most),
      detail = pg_catalog.jsonb_build_object('code', 'too_many_matches', 'path', pg_catalog."left"(path::text, 200), 'found', places)::text,
      hint = 'Name more of the way instead of "**", or ask for less at once: a page size in the template, fewer objects in a request.';
  end if;
end
$$;

comment on function utils.check_matches(bigint, jsonb) is
  'Refuses a path that finds more places than utils.max_matches allows. ETL09: it does.';

revoke execute on function utils.check_matches(bigint, jsonb) from public;
grant execute on function utils.check_matches(bigint, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/coerce_choices.sql
-- A multiselect is always a list of texts: a nested value stays in it as its JSON text.
create or replace function utils.coerce_choices(value jsonb, format jsonb, options jsonb) returns jsonb
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  content constant text := value #>> '{}';
  list jsonb := case when content ~ '^\s*\[.*\]\s*$' and pg_catalog.jsonb_typeof(value) = 'string' then utils.parse_json(content) end;
  separator constant text := nullif(format ->> 'separator', '');
begin
  if utils.is_nested(list) then
    list := null;
  elsif pg_catalog.jsonb_typeof(value) = 'array' then
    list := value;
  elsif list is null and (options ? content or pg_catalog.jsonb_typeof(value) <> 'string') then
    list := pg_catalog.jsonb_build_array(value);
  end if;
  return (
    select coalesce(pg_catalog.jsonb_agg(coalesce(utils.option_of(p.part, options), p.part) order by p.n), '[]')
    from (
      select case when pg_catalog.jsonb_typeof(e.value) in ('object', 'array')
        then utils.jsonb_compact(e.value) else e.value #>> '{}' end, e.n
      from pg_catalog.jsonb_array_elements(list) with ordinality as e (value, n)
      union all
      select pg_catalog.btrim(e.part, E' \t\r\n'), e.n
      from pg_catalog.regexp_split_to_table(content, case
        when separator is null then '[;|、\n]'
        else pg_catalog.regexp_replace(separator, '([^[:alnum:][:space:]])', '\\\1', 'g') end) with ordinality as e (part, n)
      where list is null
    ) as p (part, n)
    where pg_catalog.btrim(p.part) <> '');
end
$$;

comment on function utils.coerce_choices(jsonb, jsonb, jsonb) is
  'The choices of a multiselect as a JSON array of strings: of a list, of a list written as JSON, or of a text split where the format says (else at ; | 、 and line ends).';

revoke execute on function utils.coerce_choices(jsonb, jsonb, jsonb) from public;
grant execute on function utils.coerce_choices(jsonb, jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/coerce_columns.sql
create or replace function utils.coerce_columns(columns jsonb)
returns table (name text, type text, format jsonb, options jsonb, kind text, pattern text)
language plpgsql immutable parallel safe
rows 20
set search_path = ''
as $$
declare
  fault text;
begin
  if coalesce(pg_catalog.jsonb_typeof(columns), 'null') not in ('array', 'null') then
    raise exception using errcode = 'ETL04',
      message = pg_catalog.format('columns are an array of {"name", "type"}, not %s', pg_catalog.jsonb_typeof(columns));
  end if;
  select coalesce(
    case when pg_catalog.jsonb_typeof(c.value) <> 'object' or c.value ->> 'name' is null
      then 'a column is an object with a name, not ' || pg_catalog."left"(c.value::text, 80) end,
    pg_catalog.format('column %I: ', c.value ->> 'name') || utils.column_type_error(c.value ->> 'type'))
  into fault
  from pg_catalog.jsonb_array_elements(nullif(columns, 'null')) as c (value)
  where pg_catalog.jsonb_typeof(c.value) <> 'object'
    or c.value ->> 'name' is null
    or utils.column_type_error(c.value ->> 'type') is not null
  limit 1;
  if fault is not null then
    raise exception using errcode = 'ETL04', message = fault;
  end if;
  return query
  select distinct on (c.value ->> 'name')
    c.value ->> 'name', c.value ->> 'type', nullif(c.value -> 'format', 'null'), nullif(c.value -> 'options', 'null'),
    case c.value ->> 'type' when 'number' then 'number' when 'boolean' then 'boolean' else 'string' end,
    utils.settled_pattern(c.value ->> 'type')
  from pg_catalog.jsonb_array_elements(nullif(columns, 'null')) with ordinality as c (value, n)
  order by c.value ->> 'name', c.n;
end
$$;

comment on function utils.coerce_columns(jsonb) is
  'The columns of utils.coerce_values, [{"name", "type", "format", "options"}], as rows, each with the kind of JSON value and the pattern that need no further look; of two with one name the first. Raises ETL04 for what is no column.';

revoke execute on function utils.coerce_columns(jsonb) from public;
grant execute on function utils.coerce_columns(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/coerce_contact.sql
create or replace function utils.coerce_contact(value jsonb, type text) returns jsonb
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  body constant text := utils.narrow_text(value #>> '{}');
  marks constant text[] := pg_catalog.string_to_array(utils.value_marks(body), ' ');
begin
  if marks && utils.fitting_marks(type, null) then
    return pg_catalog.to_jsonb(body);
  end if;
  return null;
end
$$;

comment on function utils.coerce_contact(jsonb, text) is
  'An e-mail address, URL or phone number as a JSON string, made plain; null when the value does not look like one.';

revoke execute on function utils.coerce_contact(jsonb, text) from public;
grant execute on function utils.coerce_contact(jsonb, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/coerce_date.sql
-- A bare number is a year or a day written together; seconds since 1970 only where the column's format says so.
create or replace function utils.coerce_date(value jsonb, format jsonb default null) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  content constant text := value #>> '{}';
  number numeric;
begin
  if pg_catalog.jsonb_typeof(value) = 'boolean' then
    return null;
  elsif content ~ '^[0-9]{9,13}$' and format ? 'epoch' then
    number := content::numeric;
    return case
      when utils.number_class(number) = 'seconds' then pg_catalog.to_jsonb(utils.iso_moment(number))
      when utils.number_class(number) = 'millis' then pg_catalog.to_jsonb(utils.iso_moment(number / 1000))
    end;
  end if;
  return pg_catalog.to_jsonb((utils.read_date(content, format ->> 'order')).moment);
end
$$;

comment on function utils.coerce_date(jsonb, jsonb) is
  'A date, or a moment, in ISO form as a JSON string; null when the value is none or could be two.';

revoke execute on function utils.coerce_date(jsonb, jsonb) from public;
grant execute on function utils.coerce_date(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/coerce_value.sql
-- Nothing is lost: a value that changes is handed back as it was (original), and one that does not fit stays as text.
-- Only what the type asks for is changed: an e-mail address or phone number loses the space around it and full-width
-- signs, not its punctuation.
create or replace function utils.coerce_value(
  value jsonb, type text, format jsonb default null, options jsonb default null,
  out coerced jsonb, out fits boolean, out warning text, out original jsonb)
returns record
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  kind constant text := coalesce(pg_catalog.jsonb_typeof(value), 'null');
  content constant text := value #>> '{}';
begin
  if utils.column_type_error(type) is not null then
    raise exception using errcode = 'ETL04', message = utils.column_type_error(type);
  elsif kind = 'null' then
    coerced := 'null';
  elsif type in ('text', 'textarea') then
    coerced := case
      when kind = 'string' or kind in ('object', 'array') and format @> '{"json": true}' then value
      else pg_catalog.to_jsonb(case when kind = 'string' then content else utils.jsonb_compact(value) end)
    end;
  elsif kind = 'string' and utils.narrow_text(content) = '' then
    coerced := 'null';
  elsif type = 'multiselect' then
    coerced := utils.coerce_choices(value, format, options);
  elsif kind not in ('object', 'array') then
    case type
      when 'number' then
        coerced := case kind
          when 'number' then value
          when 'string' then pg_catalog.to_jsonb((utils.read_number(content, format @> '{"decimal": ","}')).number)
        end;
      when 'date' then
        coerced := utils.coerce_date(value, format);
      when 'boolean' then
        coerced := case when kind = 'boolean' then value else pg_catalog.to_jsonb(utils.read_boolean(content)) end;
      when 'select' then
        coerced := pg_catalog.to_jsonb(utils.option_of(content, options));
      else
        coerced := utils.coerce_contact(value, type);
    end case;
  end if;
  fits := coerced is not null
    and (type <> 'multiselect' or not utils.is_nested(value) and utils.unknown_options(coerced, options) is null);
  coerced := coalesce(coerced, pg_catalog.to_jsonb(case when kind = 'string' then content else utils.jsonb_compact(value) end));
  warning := utils.coerce_warning(value, coerced, fits, type, format, options);
  original := case when coerced is distinct from value then value end;
end
$$;

comment on function utils.coerce_value(jsonb, text, jsonb, jsonb) is
  'A value as a column''s type wants it; what does not fit is kept as text (fits false) with a warning, and a value that changed is handed back in original. A blank is null, except as text. format and options are those of utils.infer_schema. Raises for an unknown type only (ETL04).';

revoke execute on function utils.coerce_value(jsonb, text, jsonb, jsonb) from public;
grant execute on function utils.coerce_value(jsonb, text, jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/coerce_values.sql
-- Most values need no function at all: what is of its type already is told by its looks and stays, a plain number in a
-- text is cast at once, and a row without a change is handed back as it came. Only the rest goes value by value. A blank
-- and a text with the very characters of its number have no entry in originals: nothing of them is lost.
create or replace function utils.coerce_values(rows jsonb, columns jsonb)
returns table (n bigint, data jsonb, originals jsonb, warnings jsonb)
language plpgsql immutable parallel unsafe
set search_path = ''
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
begin
  -- Bad columns are an error even where there is no row.
  perform utils.coerce_columns(columns);
  return query
  with source as materialized (
    select r.n, r.value
    from pg_catalog.jsonb_array_elements(case pg_catalog.jsonb_typeof(rows) when 'array' then rows end) with ordinality as r (value, n)
  ), odd as materialized (
    select s.n, c.name, c.type, c.format, c.options, f.value,
      case when c.type = 'number' and c.format ->> 'decimal' is null and pg_catalog.jsonb_typeof(f.value) = 'string' then case
        when pg_catalog.length(f.value #>> '{}') > 30 then null
        when f.value #>> '{}' ~ '^-?(0|[1-9][0-9]*)(\.[0-9]+)?$' then (f.value #>> '{}')::numeric
        when f.value #>> '{}' ~ '^-?[1-9][0-9]?[0-9]?(,[0-9][0-9][0-9])+(\.[0-9]+)?$'
          then pg_catalog.replace(f.value #>> '{}', ',', '')::numeric
      end end as number
    from source as s
    cross join lateral pg_catalog.jsonb_each(case pg_catalog.jsonb_typeof(s.value) when 'object' then s.value end) as f
    join utils.coerce_columns(columns) as c on c.name = f.key
    where case pg_catalog.jsonb_typeof(f.value)
      when 'null' then false
      when c.kind then c.kind = 'string' and not (
        case when c.pattern = '' then true else coalesce(pg_catalog.length(f.value #>> '{}') <= 60 and f.value #>> '{}' ~ c.pattern, false) end
        and (c.options is null or c.type <> 'select' or c.options ? (f.value #>> '{}')))
      else true
    end
  ), judged as materialized (
    select o.name, o.value, v.*
    from (
      select distinct o.name, o.type, o.format, o.options, o.value
      from odd as o
      where o.number is null
    ) as o
    cross join lateral utils.coerce_value(o.value, o.type, o.format, o.options) as v
  ), changed as (
    select o.n, o.name, o.type, pg_catalog.to_jsonb(o.number) as coerced, true as fits, null as warning, o.value as original
    from odd as o
    where o.number is not null
    union all
    select o.n, o.name, o.type, j.coerced, j.fits, j.warning, j.original
    from odd as o
    join judged as j on j.name = o.name and j.value = o.value
    where o.number is null
  ), change as (
    select c.n, pg_catalog.jsonb_object_agg(c.name, c.coerced) as data,
      pg_catalog.jsonb_object_agg(c.name, c.original)
        filter (where coalesce(c.coerced #>> '{}', '') <> c.original #>> '{}') as originals,
      pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object('field', c.name, 'type', c.type, 'fits', c.fits, 'warning', c.warning)
        order by c.name collate "C") filter (where c.warning is not null) as warnings
    from changed as c
    group by c.n
  )
  select s.n, case when c.n is null then s.value else s.value || c.data end, c.originals, c.warnings
  from source as s
  left join change as c on c.n = s.n
  order by s.n;
end
$$;

comment on function utils.coerce_values(jsonb, jsonb) is
  'As utils.coerce_value for every field of every row: rows is an array of objects, columns [{"name", "type", "format", "options"}] as utils.infer_schema gives them. Each row with its place, its data, what changed as it was ({field: value}), and warnings [{field, type, fits, warning}]. Other fields, and rows that are no objects, stay as they are.';

revoke execute on function utils.coerce_values(jsonb, jsonb) from public;
grant execute on function utils.coerce_values(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/coerce_warning.sql
create or replace function utils.coerce_warning(
  value jsonb, coerced jsonb, fits boolean, type text, format jsonb, options jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  shown text;
  marks text;
begin
  if fits and (type <> 'date' or value = coerced) then
    return null;
  end if;
  shown := pg_catalog."left"(utils.jsonb_compact(value), 80);
  marks := case when type = 'date' and pg_catalog.jsonb_typeof(value) in ('string', 'number')
    then (utils.read_date(value #>> '{}', format ->> 'order')).marks end;
  return case
    when fits and marks ~ 'year|month' and not coalesce(format ? 'precision', false) then pg_catalog.format(
      '%s names only a %s; its first day stands for it', shown, pg_catalog.substring(marks, 'year|month'))
    when fits and marks ~ 'century' then pg_catalog.format('%s has a year of two digits; %s is supposed', shown, pg_catalog."left"(coerced ->> 0, 4))
    when fits then null
    when marks ~ 'either' then pg_catalog.format('%s could be two days, and nothing says which; kept as text', shown)
    when type in ('select', 'multiselect') and utils.unknown_options(
        case when pg_catalog.jsonb_typeof(coerced) = 'array' then coerced else pg_catalog.jsonb_build_array(coerced) end, options) is not null
      then pg_catalog.format('%s is none of the options', utils.unknown_options(
        case when pg_catalog.jsonb_typeof(coerced) = 'array' then coerced else pg_catalog.jsonb_build_array(coerced) end, options))
    else pg_catalog.format('%s is no %s; kept as text', shown, case type
      when 'email' then 'e-mail address' when 'url' then 'URL' when 'phone' then 'phone number' when 'select' then 'choice'
      when 'multiselect' then 'list of choices' when 'boolean' then 'yes or no' else type end)
  end;
end
$$;

comment on function utils.coerce_warning(jsonb, jsonb, boolean, text, jsonb, jsonb) is
  'What utils.coerce_value has to say of a value: why it does not fit, or what was supposed to make it fit; null when nothing.';

revoke execute on function utils.coerce_warning(jsonb, jsonb, boolean, text, jsonb, jsonb) from public;
grant execute on function utils.coerce_warning(jsonb, jsonb, boolean, text, jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/column_type_error.sql
create or replace function utils.column_type_error(type text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  if type in ('text', 'number', 'date', 'email', 'phone', 'select', 'multiselect', 'textarea', 'url', 'boolean') then
    return null;
  end if;
  return pg_catalog.format('there is no column type %s; a type is text, number, date, email, phone, select, multiselect, textarea, url or boolean',
    coalesce(pg_catalog.quote_literal(type), 'null'));
end
$$;

comment on function utils.column_type_error(text) is
  'A sentence about what is no type of a column; null for one that is.';

revoke execute on function utils.column_type_error(text) from public;
grant execute on function utils.column_type_error(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/date_format.sql
create or replace function utils.date_format(tally jsonb, named boolean) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  dmy constant numeric := coalesce((tally ->> 'dmy')::numeric, 0);
  mdy constant numeric := coalesce((tally ->> 'mdy')::numeric, 0);
begin
  return nullif(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
    'order', case when tally ? 'either' or dmy + mdy > 0 then case when dmy > mdy then 'dmy' else 'mdy' end end,
    -- Nothing told them apart: the reader of this should know.
    'assumed', case when tally ? 'either' and dmy + mdy = 0 then true end,
    'time', case when tally ? 'time' then true end,
    'precision', case when tally ?| array['year', 'whole_year'] then 'year' when tally ? 'whole_month' then 'month' end,
    'epoch', case when named and tally ? 'seconds' then 's' when named and tally ? 'millis' then 'ms' end)), '{}');
end
$$;

comment on function utils.date_format(jsonb, boolean) is
  'How a column writes its dates, from {mark: count}: order (dmy, mdy; assumed when no value told), time, precision (year, month), epoch (s, ms; only when its name speaks of dates); null when all is ISO days.';

revoke execute on function utils.date_format(jsonb, boolean) from public;
grant execute on function utils.date_format(jsonb, boolean) to authenticated, service_role;
-- end of source

-- source: sql/utils/date_or_null.sql
create or replace function utils.date_or_null(value jsonb) returns date
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  content constant text := value #>> '{}';
begin
  -- No exception is caught, which would cost more than all the rest: what passes here is a day.
  if pg_catalog.jsonb_typeof(value) = 'string'
    and content ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
    and content >= '0001'
    and (pg_catalog."right"(content, 2) <= '28'
      or pg_catalog."right"(content, 2)::int <= pg_catalog.date_part('day', (pg_catalog."left"(content, 8) || '01')::date + interval '1 month - 1 day'))
  then
    return content::date;
  end if;
  return null;
end
$$;

comment on function utils.date_or_null(jsonb) is
  'The day that a JSON string is, as 2024-12-24; null for anything else.';

revoke execute on function utils.date_or_null(jsonb) from public;
grant execute on function utils.date_or_null(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/delivery_schedule_error.sql
create or replace function utils.delivery_schedule_error(schedule jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  if schedule is null then
    return null;
  elsif pg_catalog.jsonb_typeof(schedule) <> 'array' or pg_catalog.jsonb_array_length(schedule) > 50 then
    return 'is a list of at most 50 numbers, such as [5, 300, 1800]';
  end if;
  return (
    select pg_catalog.format('%s is not a number of seconds from 1 to 864000', pg_catalog."left"(s.wait::text, 80))
    from pg_catalog.jsonb_array_elements(schedule) with ordinality as s (wait, place)
    where case pg_catalog.jsonb_typeof(s.wait)
      when 'number' then (s.wait #>> '{}')::numeric not between 1 and 864000
      else true end
    order by s.place
    limit 1);
end
$$;

comment on function utils.delivery_schedule_error(jsonb) is
  'What is wrong with the schedule of a webhook endpoint, in words; null when nothing is.';

revoke execute on function utils.delivery_schedule_error(jsonb) from public;
grant execute on function utils.delivery_schedule_error(jsonb) to service_role;
-- end of source

-- source: sql/utils/endpoint_headers_error.sql
create or replace function utils.endpoint_headers_error(headers jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  fault text;
begin
  if headers is null then
    return null;
  elsif pg_catalog.jsonb_typeof(headers) <> 'object' then
    return 'is an object of names and texts, such as {"x-tenant": "acme"}';
  elsif pg_catalog.octet_length(headers::text) > 8192 then
    return 'has more than 8,192 bytes';
  elsif (select pg_catalog.count(*) from pg_catalog.jsonb_object_keys(headers)) > 20 then
    return 'has more than 20 members';
  end if;
  select pg_catalog.format('%s %s', pg_catalog.to_json(pg_catalog."left"(h.name, 80)), f.fault) into fault
  from pg_catalog.jsonb_each(headers) as h (name, value)
  cross join lateral (
    select case
      when h.name !~ '^[!#$%&''*+.^_`|~0-9A-Za-z-]+$' then 'is no name of a header'
      when pg_catalog.lower(h.name) ~ '^(webhook-|svix-|content-|proxy-|sec-)'
        or pg_catalog.lower(h.name) in ('host', 'connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade',
          'expect', 'accept-encoding', 'user-agent', 'cookie', 'origin', 'date', 'via')
        then 'is not for an endpoint to set'
      when pg_catalog.jsonb_typeof(h.value) <> 'string' then 'is not a text'
      when h.value #>> '{}' ~ '[^\x20-\x7e]' then 'holds characters that a header cannot'
      when exists (
        select 1
        from pg_catalog.jsonb_object_keys(headers) as other (name)
        where pg_catalog.lower(other.name) = pg_catalog.lower(h.name)
          and other.name <> h.name)
        then 'is there twice'
    end as fault
  ) as f
  where f.fault is not null
  order by h.name
  limit 1;
  return fault;
end
$$;

comment on function utils.endpoint_headers_error(jsonb) is
  'What is wrong with the headers of a webhook endpoint, in words; null when nothing is. Headers that the engine sets, or that say where a request goes and ends, are not for an endpoint to set.';

revoke execute on function utils.endpoint_headers_error(jsonb) from public;
grant execute on function utils.endpoint_headers_error(jsonb) to service_role;
-- end of source

-- source: sql/utils/field_contents.sql
create or replace function utils.field_contents(rows jsonb)
returns table (name text, content text, class text, uses bigint, low numeric, high numeric)
language sql immutable parallel safe
set search_path = ''
set jit = off
set work_mem = '64MB'
as $$
  select f.key, k.content, k.class, pg_catalog.count(*), pg_catalog.min(k.number), pg_catalog.max(k.number)
  from pg_catalog.jsonb_array_elements(case pg_catalog.jsonb_typeof(rows) when 'array' then rows end) as r (value)
  cross join lateral pg_catalog.jsonb_each(case pg_catalog.jsonb_typeof(r.value) when 'object' then r.value end) as f
  cross join lateral (
    select t.number,
      case t.kind when 'string' then f.value #>> '{}' end,
      case t.kind
        when 'number' then case
          when t.number < 0 or t.number >= 1000000000000000 then 'number'
          when t.number in (0, 1) then 'number bit'
          when t.number < 1000 or t.number <> pg_catalog.trunc(t.number) then 'number'
          when t.number <= 2999 then 'number year'
          when t.number < 1000000 then 'number'
          else pg_catalog.concat_ws(' ', 'number digits', utils.number_class(t.number))
        end
        when 'array' then case when f.value @? 'strict $[*] ? (@.type() == "object" || @.type() == "array")'
          then 'nested' else 'list' end
        when 'object' then 'nested'
        when 'string' then null
        else t.kind
      end
    from (
      select pg_catalog.jsonb_typeof(f.value),
        case pg_catalog.jsonb_typeof(f.value) when 'number' then f.value::numeric end
    ) as t (kind, number)
  ) as k (number, content, class)
  group by f.key, k.content, k.class
$$;

comment on function utils.field_contents(jsonb) is
  'The distinct texts of every field of an array of objects, and its numbers, booleans, nulls, lists and nested values counted by class, each with its number of rows.';

revoke execute on function utils.field_contents(jsonb) from public;
grant execute on function utils.field_contents(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/field_shapes.sql
create or replace function utils.field_shapes(rows jsonb)
returns table (name text, seen bigint, texts bigint, longest int, tally jsonb, samples jsonb, choices jsonb)
language sql immutable parallel safe
set search_path = ''
set jit = off
set work_mem = '64MB'
as $$
  with found as materialized (
    select v.*
    from utils.field_values(rows) as v
  ), shape as materialized (
    select f.name, f.marks, pg_catalog.sum(f.uses) as uses, pg_catalog.sum(f.weight) as weight,
      pg_catalog.count(f.content) as texts, pg_catalog.max(pg_catalog.length(f.content)) as longest,
      pg_catalog.array_remove(array[
        coalesce(pg_catalog.to_jsonb(pg_catalog.min(f.content collate "C")), pg_catalog.to_jsonb(pg_catalog.min(f.low))),
        nullif(coalesce(pg_catalog.to_jsonb(pg_catalog.max(f.content collate "C")), pg_catalog.to_jsonb(pg_catalog.max(f.high))),
          coalesce(pg_catalog.to_jsonb(pg_catalog.min(f.content collate "C")), pg_catalog.to_jsonb(pg_catalog.min(f.low))))
      ], null) as ends
    from found as f
    group by f.name, f.marks
  ), field as materialized (
    select s.name,
      coalesce(pg_catalog.sum(s.uses) filter (where s.marks is distinct from 'null'), 0)::bigint as seen,
      coalesce(pg_catalog.sum(s.texts) filter (where s.marks is distinct from 'null'), 0)::bigint as texts,
      coalesce(pg_catalog.max(s.longest), 0) as longest,
      pg_catalog.jsonb_object_agg(s.marks, s.ends) filter (where s.marks <> 'null') as samples
    from shape as s
    group by s.name
  ), marked as (
    select m.name, pg_catalog.jsonb_object_agg(m.mark, m.weight) as tally
    from (
      select s.name, u.mark, pg_catalog.sum(s.weight) as weight
      from shape as s
      cross join lateral pg_catalog.unnest(pg_catalog.string_to_array(s.marks, ' ')) as u (mark)
      group by s.name, u.mark
    ) as m
    group by m.name
  )
  select f.name, f.seen, f.texts, f.longest,
    coalesce(m.tally, '{}') || pg_catalog.jsonb_build_object('seen', f.seen), coalesce(f.samples, '{}'), c.choices
  from field as f
  left join marked as m on m.name = f.name
  left join (
    select v.name, pg_catalog.jsonb_object_agg(v.content, v.uses) as choices
    from found as v
    where v.content is not null
      and v.marks is distinct from 'null'
      and v.name in (select f.name from field as f where f.texts <= 5000 and f.longest <= 400)
    group by v.name
  ) as c on c.name = f.name
$$;

comment on function utils.field_shapes(jsonb) is
  'One row for each field of an array of objects: values that are not null, distinct texts, the longest, {mark: count}, {marks: [lowest, highest]}, and {text: rows} where there are at most 5,000.';

revoke execute on function utils.field_shapes(jsonb) from public;
grant execute on function utils.field_shapes(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/field_type.sql
-- Values decide; a name tips the balance where they are mixed (half of them are enough then), and decides where there is
-- none to see. What says "not known" (非公開, N/A) speaks for no type and against none.
create or replace function utils.field_type(
  name text, tally jsonb, texts bigint, longest int, separator text default null,
  out type text, out fits numeric, out format jsonb)
returns record
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  hint constant text := utils.name_hint(name);
  seen constant numeric := coalesce((tally ->> 'seen')::numeric, 0);
  known constant numeric := seen - coalesce((tally ->> 'missing')::numeric, 0);
begin
  if known = 0 then
    type := case when hint in ('email', 'boolean', 'phone', 'url', 'date', 'number', 'textarea') then hint else 'text' end;
  elsif utils.tally_share(tally, '{nested}', known) >= 0.5 then
    type := 'text';
    format := '{"json": true}';
  elsif utils.tally_share(tally, '{list}', known) >= 0.5 then
    type := 'multiselect';
  elsif utils.tally_share(tally, '{email}', known) >= 0.8
    or hint = 'email' and utils.tally_share(tally, '{email}', known) >= 0.5
  then
    type := 'email';
  elsif utils.tally_share(tally, '{url}', known) >= 0.8
    or hint = 'url' and utils.tally_share(tally, '{url,domain}', known) >= 0.5
  then
    type := 'url';
  elsif utils.tally_share(tally, '{phone}', known) >= 0.8
    or hint = 'phone' and utils.tally_share(tally, '{digits}', known) >= 0.5
  then
    type := 'phone';
  elsif utils.tally_share(tally, '{boolean}', known) >= 0.8
    or hint = 'boolean' and utils.tally_share(tally, '{boolean,bit}', known) >= 0.5
  then
    type := 'boolean';
  elsif utils.tally_share(tally, '{date}', known) >= 0.8
    or hint = 'date' and utils.tally_share(tally, '{date,year,day,seconds,millis}', known) >= 0.5
  then
    type := 'date';
    format := utils.date_format(tally, hint = 'date');
  elsif (utils.tally_share(tally, '{number}', known) >= 0.8
      or hint = 'number' and utils.tally_share(tally, '{number}', known) >= 0.5)
    and utils.tally_share(tally, '{padded}', known) < 0.01
    and coalesce(hint <> 'code', true)
  then
    type := 'number';
    format := utils.number_format(tally);
  elsif separator is not null then
    type := 'multiselect';
    format := pg_catalog.jsonb_build_object('separator', separator);
  elsif utils.tally_share(tally, '{long}', known) >= 0.05 or hint = 'textarea' and longest > 60 then
    type := 'textarea';
  elsif texts between 2 and 100 and longest <= 80 and coalesce(hint not in ('identifier', 'code'), true)
    and (seen >= texts * 5 or hint is distinct from 'label' and seen >= texts * 2)
  then
    type := 'select';
  else
    type := 'text';
  end if;
  fits := case when seen > 0 then pg_catalog.round(
    utils.tally_share(tally, coalesce(utils.fitting_marks(type, format), '{seen}'), seen), 6) end;
end
$$;

comment on function utils.field_type(text, jsonb, bigint, int, text) is
  'The type of a field by its name and by how many of its values bear which mark (utils.value_marks; "seen" is all but null), the share that fits it, and how it is written (format).';

revoke execute on function utils.field_type(text, jsonb, bigint, int, text) from public;
grant execute on function utils.field_type(text, jsonb, bigint, int, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/field_values.sql
-- Every distinct text is looked at once, whatever number of rows holds it; numbers are told apart by class only. Plain
-- numbers and days are told by their looks. Of the rest a field may have as many as it has rows, so of these some 5,000
-- are looked at: each with a chance by its number of rows (all, up to 5,000 distinct ones), drawn by its hash and so the
-- same whatever the order, and speaking for the others by its weight.
create or replace function utils.field_values(rows jsonb)
returns table (name text, content text, marks text, uses bigint, weight double precision, low numeric, high numeric)
language sql immutable parallel safe
set search_path = ''
set jit = off
set work_mem = '64MB'
as $$
  with counted as materialized (
    select c.*, case
      when c.content is null then c.class
      when pg_catalog.length(c.content) > 30 then null
      when c.content ~ '^-?(0|[1-9][0-9]*)$' then case
        when pg_catalog.length(c.content) > 6 then null
        when c.content in ('0', '1') then 'number bit'
        when c.content::int between 1000 and 2999 then 'number year'
        else 'number'
      end
      when c.content ~ '^-?[0-9]*\.[0-9]+$'
        then case when c.content ~ '^-?[1-9][0-9]?[0-9]?\.[0-9][0-9][0-9]$' then 'number' else 'number point' end
      when c.content ~ '^[1-9][0-9][0-9][0-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])([T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-](0[0-9]|1[0-5]):[0-5][0-9])?)?$'
        then case when pg_catalog.length(c.content) > 10 then 'date ymd time' else 'date ymd' end
    end as plain
    from utils.field_contents(rows) as c
  ), odd as (
    select c.name, pg_catalog.sum(c.uses)::double precision / 5000 as step
    from counted as c
    where c.plain is null
    group by c.name
  ), drawn as materialized (
    select c.*, o.step > c.uses as many,
      c.plain is not null or (pg_catalog.hashtextextended(c.content, 0) & 1048575) <= 1048576 * c.uses / o.step as here
    from counted as c
    left join odd as o on o.name = c.name
  ), share as (
    select d.name, pg_catalog.sum(d.uses)::double precision / nullif(pg_catalog.count(*) filter (where d.here), 0) as weight
    from drawn as d
    where d.plain is null and d.many
    group by d.name
  )
  select d.name, d.content, case when d.here then coalesce(d.plain, utils.value_marks(d.content)) end, d.uses,
    case when not d.here then 0 when d.plain is null and d.many then s.weight else d.uses end, d.low, d.high
  from drawn as d
  left join share as s on s.name = d.name
$$;

comment on function utils.field_values(jsonb) is
  'The distinct values of every field of an array of objects, each with its marks (utils.value_marks; null, boolean, list, nested), in how many rows it is, and for how many it speaks (0 and no marks when it was not looked at); numbers as one value a class, with the lowest and the highest.';

revoke execute on function utils.field_values(jsonb) from public;
grant execute on function utils.field_values(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/figure_marks.sql
create or replace function utils.figure_marks(body text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  found record;
  bare constant boolean := pg_catalog.translate(body, '0123456789', '') = '';
  phone text;
begin
  if not bare then
    found := utils.read_date(body);
    if found.marks is not null then
      return 'date ' || found.marks;
    end if;
  end if;
  phone := utils.phone_marks(body);
  found := utils.read_number(body);
  return pg_catalog.concat_ws(' ',
    case when found.number is not null then 'number' end,
    nullif(found.marks, ''),
    case
      when not bare then null
      when body like '0_%' then 'padded'
      when pg_catalog.length(body) <= 15 then utils.number_class(body::numeric)
    end,
    phone);
end
$$;

comment on function utils.figure_marks(text) is
  'The marks (utils.value_marks) of a text that may be a date, a number or a phone number; empty when it is none.';

revoke execute on function utils.figure_marks(text) from public;
grant execute on function utils.figure_marks(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/fitting_marks.sql
create or replace function utils.fitting_marks(type text, format jsonb) returns text[]
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case type
    when 'number' then array['number']
    when 'date' then array['date', 'year', 'day'] || case when format ? 'epoch' then array['seconds', 'millis'] end
    when 'email' then array['email']
    when 'url' then array['url', 'domain']
    when 'phone' then array['digits']
    when 'boolean' then array['boolean', 'bit']
  end;
end
$$;

comment on function utils.fitting_marks(text, jsonb) is
  'The marks (utils.value_marks) of the values that fit a type; a value bears one of them at most. Null for a type that any value fits.';

revoke execute on function utils.fitting_marks(text, jsonb) from public;
grant execute on function utils.fitting_marks(text, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/infer_column_type.sql
create or replace function utils.infer_column_type(name text, sample jsonb)
returns table (
  type text, fits numeric, nulls numeric, required boolean, options jsonb, examples jsonb, misfits jsonb, format jsonb,
  seen bigint)
language sql immutable parallel safe
set search_path = ''
set jit = off
as $$
  -- Without a value the name decides, as if the one row had none.
  select s.type, s.fits, s.nulls, s.required, s.options, s.examples, s.misfits, s.format, s.seen
  from utils.infer_schema((
    select coalesce(
      pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(coalesce(name, ''), v.value)),
      pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(coalesce(name, ''), null)))
    from pg_catalog.jsonb_array_elements(
      case when pg_catalog.jsonb_typeof(sample) = 'array' then sample else pg_catalog.jsonb_build_array(sample) end) as v (value)
  )) as s
$$;

comment on function utils.infer_column_type(text, jsonb) is
  'As utils.infer_schema for one field: its name and an array of its values (a value that is no array is an array of one).';

revoke execute on function utils.infer_column_type(text, jsonb) from public;
grant execute on function utils.infer_column_type(text, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/infer_schema.sql
-- Everything follows from the distinct values and their numbers of rows, so the order of rows cannot matter. A field is
-- null in a row that lacks it. How many rows JSON holds no planner knows: it would compile a second for each call.
create or replace function utils.infer_schema(rows jsonb)
returns table (
  name text, type text, fits numeric, nulls numeric, required boolean, options jsonb, examples jsonb, misfits jsonb,
  format jsonb, seen bigint)
language sql immutable parallel safe
set search_path = ''
set jit = off
as $$
  select s.name, t.type, t.fits, pg_catalog.round(1 - s.seen::numeric / w.height, 6), s.seen = w.height,
    coalesce(p.parts, case t.type
      when 'select' then (
        select pg_catalog.jsonb_agg(c.content order by c.uses::bigint desc, c.content collate "C")
        from pg_catalog.jsonb_each_text(s.choices) as c (content, uses))
      when 'multiselect' then utils.list_options(rows, s.name)
    end),
    pg_catalog.jsonb_path_query_array(e.examples, '$[0 to 2]'), pg_catalog.jsonb_path_query_array(e.misfits, '$[0 to 2]'),
    t.format, s.seen
  from (
    select pg_catalog.count(*)::numeric as height
    from pg_catalog.jsonb_array_elements(case pg_catalog.jsonb_typeof(rows) when 'array' then rows end) as r (value)
    where pg_catalog.jsonb_typeof(r.value) = 'object'
  ) as w
  cross join utils.field_shapes(rows) as s
  left join lateral utils.text_parts(s.choices, s.seen) as x on true
  cross join lateral utils.field_type(s.name, s.tally, s.texts, s.longest, x.separator) as t
  left join lateral (select x.parts where t.type = 'multiselect') as p on true
  cross join lateral (
    select
      coalesce(pg_catalog.jsonb_agg(v.value order by v.place, m.marks collate "C") filter (where v.fit), '[]'),
      coalesce(pg_catalog.jsonb_agg(v.value order by v.place, m.marks collate "C") filter (where not v.fit), '[]')
    from pg_catalog.jsonb_each(s.samples) as m (marks, ends)
    cross join lateral (
      select n.value, n.place,
        coalesce(utils.fitting_marks(t.type, t.format) && pg_catalog.string_to_array(m.marks, ' '), true) as fit
      from pg_catalog.jsonb_array_elements(m.ends) with ordinality as n (value, place)
    ) as v
  ) as e (examples, misfits)
  order by s.name collate "C"
$$;

comment on function utils.infer_schema(jsonb) is
  'The fields of an array of objects: type (text, number, date, email, phone, select, multiselect, textarea, url, boolean), share of the values that fit, share of rows without one, required (no row without), options of a select or multiselect, examples and misfits, how it is written (format, for utils.coerce_value), and values seen.';

revoke execute on function utils.infer_schema(jsonb) from public;
grant execute on function utils.infer_schema(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/is_nested.sql
create or replace function utils.is_nested(value jsonb) returns boolean
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return coalesce(pg_catalog.jsonb_typeof(value) = 'object'
    or value @? 'strict $[*] ? (@.type() == "object" || @.type() == "array")', false);
end
$$;

comment on function utils.is_nested(jsonb) is
  'Whether a value is an object, or a list that holds one or another list.';

revoke execute on function utils.is_nested(jsonb) from public;
grant execute on function utils.is_nested(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/iso_moment.sql
create or replace function utils.iso_moment(seconds numeric) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return pg_catalog.to_char(pg_catalog.to_timestamp(pg_catalog.trunc(seconds)::double precision) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
    || case when seconds = pg_catalog.trunc(seconds) then '' else '.' || pg_catalog.to_char((seconds % 1) * 1000, 'FM000') end || 'Z';
end
$$;

comment on function utils.iso_moment(numeric) is
  'Seconds since 1970 as a moment in ISO form, in UTC, with milliseconds when it has any.';

revoke execute on function utils.iso_moment(numeric) from public;
grant execute on function utils.iso_moment(numeric) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_depth.sql
create or replace function utils.jsonb_depth(data jsonb) returns int
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  low int := 0;
  high int := 1;
  middle int;
begin
  if data is null then
    return null;
  end if;
  -- A loop, since each question needs the answer to the one before: first how far at most, then by halves.
  while utils.jsonb_is_deeper(data, high) loop
    low := high;
    high := 2 * high;
  end loop;
  if not utils.jsonb_is_deeper(data, 0) then
    return 0;
  end if;
  while high - low > 1 loop
    middle := (low + high) / 2;
    if utils.jsonb_is_deeper(data, middle) then
      low := middle;
    else
      high := middle;
    end if;
  end loop;
  return high;
end
$$;

comment on function utils.jsonb_depth(jsonb) is
  'How many levels a document has below its top: 0 for a scalar or {}, 1 for {"a": 1}.';

revoke execute on function utils.jsonb_depth(jsonb) from public;
grant execute on function utils.jsonb_depth(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/jsonb_is_deeper.sql
create or replace function utils.jsonb_is_deeper(data jsonb, levels bigint) returns boolean
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return levels < 2147483647
    and pg_catalog.jsonb_path_exists(data, ('strict $.**{' || levels + 1 || '}')::jsonpath);
end
$$;

comment on function utils.jsonb_is_deeper(jsonb, bigint) is
  'Whether anything in a document lies more than so many levels below its top: a member of it lies 1 level below.';

revoke execute on function utils.jsonb_is_deeper(jsonb, bigint) from public;
grant execute on function utils.jsonb_is_deeper(jsonb, bigint) to authenticated, service_role;
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
  found_here bigint;
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
    get diagnostics found_here = row_count;
    if found_here > 1000 then
      perform utils.check_matches(found_here, steps);
    end if;
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
  get diagnostics found_here = row_count;
  if found_here > 1000 then
    perform utils.check_matches(found_here, steps);
  end if;
end
$$;

comment on function utils.jsonb_nodes(jsonb, jsonb, boolean) is
  'The nodes that a path selects, in document order, with location and, when asked for, a sort key of the location. ETL09: there are more than utils.max_matches.';

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
  matches jsonb;
begin
  if data is null then
    return '[]'::jsonb;
  elsif exact is not null then
    matches := pg_catalog.jsonb_path_query_array(data, exact);
    if matches -> 1000 is not null then
      perform utils.check_matches(pg_catalog.jsonb_array_length(matches), path);
    end if;
    return matches;
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
    if matches -> 1000 is not null then
      perform utils.check_matches(pg_catalog.jsonb_array_length(matches), path);
    end if;
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

-- source: sql/utils/jsonb_size.sql
create or replace function utils.jsonb_size(data jsonb) returns int
language sql immutable parallel safe
set search_path = ''
as $$
  -- #> '{}' gives the value as it is, but unpacked.
  select pg_catalog.pg_column_size($1 #> '{}')
$$;

comment on function utils.jsonb_size(jsonb) is
  'Bytes that a document takes in memory, unpacked: not more than about its length as text, and about an eighth of that at least.';

revoke execute on function utils.jsonb_size(jsonb) from public;
grant execute on function utils.jsonb_size(jsonb) to authenticated, service_role;
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
  -- Nodes are visited on the way to what is sought: of these there may be more.
  most constant bigint := utils.max_matches() * case when sought is null then 1 else 10 end;
  visited bigint;
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
  elsif step = '"**"' and before @> '["**"]' then
    -- A node that is below several of those found before is found once: else there were more with every "**", by a power.
    return query
    with recursive walk as (
      select o.value, o.path, o.place
      from utils.jsonb_walk_steps(data, before, placed) as o
      union
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
    from walk as w
    limit most + 1;
    get diagnostics visited = row_count;
    if visited > most then
      perform utils.check_matches(visited, steps);
    end if;
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
    from walk as w
    limit most + 1;
    get diagnostics visited = row_count;
    if visited > most then
      perform utils.check_matches(visited, steps);
    end if;
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

-- source: sql/utils/key_pattern.sql
create or replace function utils.key_pattern(pattern text, out matcher text, out names text[])
language sql immutable parallel safe
set search_path = ''
as $$
  select
    -- First what a regular expression would read, then the variables, whose braces are masked by now.
    '^' || pg_catalog.regexp_replace(
      pg_catalog.regexp_replace(pattern, '([][\\.*+?^$(){}|])', '\\\1', 'g'), '\\\{[^}]*\}', '([^:]+)', 'g') || '$',
    array(select m[1] from pg_catalog.regexp_matches(pattern, '\{([^}]*)\}', 'g') as m)
$$;

comment on function utils.key_pattern(text) is
  'A pattern of keys such as message:{id} as a regular expression, and the names of its variables in order; a variable stands for a part without a colon.';

revoke execute on function utils.key_pattern(text) from public;
grant execute on function utils.key_pattern(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/list_options.sql
create or replace function utils.list_options(rows jsonb, name text) returns jsonb
language sql immutable parallel safe
set search_path = ''
set jit = off
as $$
  select pg_catalog.jsonb_agg(o.option order by o.uses desc, o.option collate "C")
  from (
    select e.option, pg_catalog.count(*) as uses
    from pg_catalog.jsonb_array_elements(rows) as r (value)
    cross join lateral pg_catalog.jsonb_array_elements_text(
      case pg_catalog.jsonb_typeof(r.value -> name) when 'array' then r.value -> name end) as e (option)
    where pg_catalog.btrim(e.option) <> ''
    group by e.option
    order by uses desc, e.option collate "C"
    limit 101
  ) as o
  having pg_catalog.count(*) <= 100
$$;

comment on function utils.list_options(jsonb, text) is
  'What the lists in one field hold, most frequent first; null when it is more than 100 different things.';

revoke execute on function utils.list_options(jsonb, text) from public;
grant execute on function utils.list_options(jsonb, text) to authenticated, service_role;
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
    return utils.stored_path_error(mapping);
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
    case when mapping ? 'path' or fields is null then 'path: ' || utils.stored_path_error(mapping -> 'path') end,
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

-- source: sql/utils/max_matches.sql
create or replace function utils.max_matches() returns bigint
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  -- No table is read here: the engine says what its setting max_matches is, for the transaction.
  return greatest(1000, coalesce(nullif(pg_catalog.current_setting('etl.max_matches', true), '')::bigint, 9000000000000000));
end
$$;

comment on function utils.max_matches() is
  'Places that one path may find in one document: etl.max_matches, which the engine sets from its setting max_matches, but 1,000 at least; as many as there are where nobody says.';

revoke execute on function utils.max_matches() from public;
grant execute on function utils.max_matches() to authenticated, service_role;
-- end of source

-- source: sql/utils/may_be_figure.sql
create or replace function utils.may_be_figure(small text) returns boolean
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  words text;
begin
  if pg_catalog.length(small) > 60 or pg_catalog.translate(small, '0123456789元', '') = small then
    return false;
  end if;
  words := pg_catalog.translate(small, '0123456789 .,:/()+-−–%$€£¥₩₹₽₺฿₫''#▲△', '');
  return words in ('', 't', 'tz', 'z', 'utc', 'gmt', 'am', 'pm', 'k', 'm', 'b', 'mn', 'bn', 'tn', 'thousand', 'million', 'billion',
      'trillion', 'x', 'ext', 'e', 'us', 'ca', 'au', 'hk', 'nt', 'nz', 'mx', 'a', 'c', 's', 'r', 'rs', 'h', 'jst',
      'usd', 'eur', 'gbp', 'jpy', 'cny', 'chf', 'krw', 'inr', 'aud', 'cad', 'usk', 'usm', 'usb', 'usmillion', 'usbillion', 'usmn', 'usbn')
    or pg_catalog.length(words) <= 24 and (
      pg_catalog.octet_length(words) > pg_catalog.length(words)
        and pg_catalog.translate(words, '年月火水木金土日時分秒円億万兆千百十名人件社個台元令和平成昭大正明治ドルユーロjstzrh', '') = ''
      or words ~ 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec'
      or words ~ '^(usd|eur|gbp|jpy|cny|chf|krw|inr|aud|cad)?(k|m|b|mn|bn|tn|thousand|million|billion|trillion)(usd|eur|gbp|jpy|cny|chf|krw|inr|aud|cad)?$');
end
$$;

comment on function utils.may_be_figure(text) is
  'Whether a text in lower case is made of nothing but what numbers, dates and phone numbers are made of; false for most words, at little cost.';

revoke execute on function utils.may_be_figure(text) from public;
grant execute on function utils.may_be_figure(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/name_hint.sql
-- A name is words: "contactEmail", "contact_email" and "Contact e-mail" are alike, and "hotel" holds no "tel".
create or replace function utils.name_hint(name text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when w.words ~ '(^|_)(e_?mails?|mail_address)(_|$)|メール|Eメール' then 'email'
    when w.words ~ '^(is|has|can|was|should)_|_(flag|enabled|disabled)$|フラグ' then 'boolean'
    when w.words ~ '(^|_)(phones?|tel|telephone|fax|mobile|cell_?phone)(_|$)|電話|携帯|ファックス' then 'phone'
    when w.words ~ '(^|_)(urls?|uri|website|web_site|homepage|home_page|link)(_|$)|ホームページ|サイト|リンク' then 'url'
    when w.words ~ '(^|_)(date|datetime|timestamp|founded|established|birthday|birth_?date|dob|deadline)(_|$)|[a-z]_at$|日付|設立|創業|生年月日|年月日|日時|期限|[登録更新作成開始終了発売公開]日$' then 'date'
    when w.words ~ '(^|_)(zip|zip_?code|postal|postal_?code|postcode)(_|$)|郵便' then 'code'
    when w.words ~ '(^|_)(id|uuid|guid|key|identifier|identification|slug|sku|serial)$|番号$' then 'identifier'
    when w.words ~ '(^|_)(tags|labels|skills|categories|genres|languages)$|タグ|スキル' then 'multiselect'
    when w.words ~ '(^|_)(description|notes?|comments?|bio|biography|summary|remarks?|memo|content|body)$|説明|備考|概要|コメント|メモ' then 'textarea'
    when w.words ~ '(^|_)(status|type|category|gender|sex|priority|stage|phase|level|kind)$|ステータス|性別|種別|区分|カテゴリ' then 'select'
    when w.words ~ '(^|_)(count|amount|price|cost|revenue|sales|employees|qty|quantity|total|sum|age|score|percent|pct|salary|budget|population|number|capital)$|売上|人数|従業員数|価格|金額|資本金|年収|年齢|[数額率]$' then 'number'
    when w.words ~ '(^|_)(name|title|city|town|street|address|company|author|director)$|名$|住所|会社|氏名' then 'label'
  end
  from (
    select pg_catalog.btrim(pg_catalog.regexp_replace(pg_catalog.lower(pg_catalog.regexp_replace(
      pg_catalog."left"(pg_catalog.normalize(name, 'NFKC'), 200), '([a-z0-9])([A-Z])', '\1_\2', 'g')), '[^[:alnum:]]+', '_', 'g'), '_')
  ) as w (words)
$$;

comment on function utils.name_hint(text) is
  'What the name of a field, English or Japanese, lets one expect: a type, or code, identifier, label; null when nothing.';

revoke execute on function utils.name_hint(text) from public;
grant execute on function utils.name_hint(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/narrow_text.sql
create or replace function utils.narrow_text(input text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  -- Only short texts are read as anything but text, so only these are worth the work.
  if pg_catalog.octet_length(input) > 2000 then
    return input;
  elsif pg_catalog.octet_length(input) = pg_catalog.length(input) then
    return pg_catalog.btrim(input, E' \t\n\r\v\f');
  end if;
  return pg_catalog.btrim(pg_catalog.regexp_replace(
    pg_catalog.normalize(input, 'NFKC'), E'[ \\u00a0\\u202f\\u2009\\u3000]+', ' ', 'g'), E' \t\n\r\v\f');
end
$$;

comment on function utils.narrow_text(text) is
  'A text with full-width letters, digits and signs made plain (NFKC) and no space around it: how "１２３％" is read as "123%".';

revoke execute on function utils.narrow_text(text) from public;
grant execute on function utils.narrow_text(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/number_class.sql
create or replace function utils.number_class(number numeric) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return case
    when number <> pg_catalog.trunc(number) then null
    when number in (0, 1) then 'bit'
    when number between 1000 and 2999 then 'year'
    when number between 19000101 and 20991231
      then case when (utils.read_date(number::bigint::text)).moment is not null then 'day' end
    when number between 100000000 and 4102444799 then 'seconds'
    when number between 100000000000 and 4102444799999 then 'millis'
  end;
end
$$;

comment on function utils.number_class(numeric) is
  'What else a whole number could be: bit (0 or 1), year, day (20240305), seconds or millis since 1970; null when nothing.';

revoke execute on function utils.number_class(numeric) from public;
grant execute on function utils.number_class(numeric) to authenticated, service_role;
-- end of source

-- source: sql/utils/number_format.sql
create or replace function utils.number_format(tally jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return nullif(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
    'decimal', case when coalesce((tally ->> 'comma')::numeric, 0) > coalesce((tally ->> 'point')::numeric, 0) then ',' end,
    'percent', case when tally ? 'percent' then true end,
    'currency', case when tally ? 'currency' then true end)), '{}');
end
$$;

comment on function utils.number_format(jsonb) is
  'How a column writes its numbers, from {mark: count}: decimal "," when it is the comma, percent and currency when some are; null when they are plain.';

revoke execute on function utils.number_format(jsonb) from public;
grant execute on function utils.number_format(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/number_marks.sql
create or replace function utils.number_marks(digits text, decimal_comma boolean) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  signs constant text := pg_catalog.translate(digits, '0123456789', '');
begin
  if signs = '' then
    return '';
  elsif signs = '.' then
    return case
      -- What either reading allows: thousands or decimals of just three digits.
      when pg_catalog.strpos(digits, '.') <> pg_catalog.length(digits) - 3 or digits like '0%' or pg_catalog.length(digits) > 7
        or pg_catalog.length(digits) < 5 then 'point'
      when decimal_comma then 'comma'
      else ''
    end;
  elsif signs = ',' and (digits !~ '^[1-9][0-9]{0,2},[0-9]{3}$' or decimal_comma) then
    return case when digits ~ '^[0-9]+,[0-9]+$' then 'comma' end;
  elsif digits ~ '^[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?$' then
    return case when pg_catalog.length(signs) > 1 then 'point' else '' end;
  end if;
  return case
    when digits ~ '^([0-9]+\.?|[0-9]*\.[0-9]+)([eE][-+]?[0-9]{1,2})?$' then 'point'
    when digits ~ '^[1-9][0-9]?(,[0-9]{2})+,[0-9]{3}(\.[0-9]+)?$' then 'point'
    when digits ~ '^[1-9][0-9]{0,2}([ ''][0-9]{3})+(\.[0-9]+)?$' then 'point'
    when digits ~ '^[1-9][0-9]{0,2}([ .''][0-9]{3})+,[0-9]+$|^[1-9][0-9]{0,2}(\.[0-9]{3}){2,}$' then 'comma'
  end;
end
$$;

comment on function utils.number_marks(text, boolean) is
  'Which sign a run of digits shows to be its decimal one: point, comma, or nothing when it does not tell; null when it is no number.';

revoke execute on function utils.number_marks(text, boolean) from public;
grant execute on function utils.number_marks(text, boolean) to authenticated, service_role;
-- end of source

-- source: sql/utils/number_parts.sql
create or replace function utils.number_parts(body text) returns text[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  part text[] := pg_catalog.regexp_match(body,
    '^(\(?)([-+−–▲△]?) ?((?:US|CA|AU|HK|NT|NZ|MX|A|C|S|R)?\$|[€£¥₩₹₽₺฿₫]|(?:USD|EUR|GBP|JPY|CNY|CHF|KRW|INR|AUD|CAD|Rs\.?) ?)? ?'
    '([-−]?)([0-9][0-9.,'' ]*(?:[eE][-+]?[0-9]{1,2})?|\.[0-9]+(?:[eE][-+]?[0-9]{1,2})?)'
    '((?: ?(?:k|K|m|M|mn|Mn|bn|b|B|tn|thousand|million|billion|trillion)\M)?|[千万億兆]|百万|千万|十億)'
    '( ?%| ?[€£¥₩₹₽₺฿₫元]| ?(?:USD|EUR|GBP|JPY|CNY|CHF|KRW|INR|AUD|CAD)|円|ドル|ユーロ|名|人|件|社|個|台)?(\)?)$');
begin
  -- One sign at most; a bracket opened is a bracket closed; a bare small "m" or "b" may be metres or bytes.
  if part is null
    or (part[1] = '') <> (part[8] = '')
    or pg_catalog.length(part[1] || part[2] || part[4]) > 1
    or part[6] ~ '^ ?[mb]$' and part[3] is null and part[7] is null
    or part[5] ~ '[eE]' and part[6] || coalesce(part[7], '') <> ''
  then
    return null;
  end if;
  part[5] := pg_catalog.rtrim(part[5]);
  part[6] := pg_catalog.btrim(part[6]);
  return part;
end
$$;

comment on function utils.number_parts(text) is
  'What a number is written with: bracket, sign, currency, sign, digits, word that multiplies, unit, bracket; null when it is none.';

revoke execute on function utils.number_parts(text) from public;
grant execute on function utils.number_parts(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/number_scale.sql
create or replace function utils.number_scale(word text) returns numeric
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case word
    when 'k' then 1e3 when 'K' then 1e3 when 'thousand' then 1e3 when '千' then 1e3
    when '万' then 1e4
    when 'm' then 1e6 when 'M' then 1e6 when 'mn' then 1e6 when 'Mn' then 1e6 when 'million' then 1e6 when '百万' then 1e6
    when '千万' then 1e7
    when '億' then 1e8
    when 'b' then 1e9 when 'B' then 1e9 when 'bn' then 1e9 when 'billion' then 1e9 when '十億' then 1e9
    when 'tn' then 1e12 when 'trillion' then 1e12 when '兆' then 1e12
    else 1
  end;
end
$$;

comment on function utils.number_scale(text) is
  'What the word after a number multiplies it by: k, m, bn, million, 千, 万, 億, …; 1 for any other.';

revoke execute on function utils.number_scale(text) from public;
grant execute on function utils.number_scale(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/option_of.sql
create or replace function utils.option_of(content text, options jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  if coalesce(pg_catalog.jsonb_typeof(options), 'null') <> 'array' or options ? content then
    return content;
  end if;
  return (
    select o.option
    from pg_catalog.jsonb_array_elements_text(options) as o (option)
    where pg_catalog.lower(utils.narrow_text(o.option)) = pg_catalog.lower(utils.narrow_text(content))
    order by o.option collate "C"
    limit 1);
end
$$;

comment on function utils.option_of(text, jsonb) is
  'The option a text names, whatever its case, width and the space around it; the text itself where no options are given; null when it names none.';

revoke execute on function utils.option_of(text, jsonb) from public;
grant execute on function utils.option_of(text, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/phone_marks.sql
create or replace function utils.phone_marks(body text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  digits constant text := pg_catalog.translate(pg_catalog.split_part(body, 'x', 1), '+-() ./#', '');
begin
  if pg_catalog.length(digits) not between 7 and 15
    or body !~ '^(\+|\(|[0-9])[0-9]*(\(0?[0-9]{0,4}\)|[-) ./]{1,2}[0-9(]|[0-9])*( ?(x|ext\.?|#) ?[0-9]{1,6})?$'
    or body ~ '\.[0-9]+\.[0-9]+\.'
  then
    return null;
  elsif body like '+%' and pg_catalog.length(digits) >= 8 and body !~ '^\+0'
    or body ~ '^\(?0[0-9]{1,4}[-) .]{1,2}[0-9]{1,4}[- .][0-9]{3,4}$'
    or body ~ '^(1[- .])?(\([0-9]{3}\) ?|[0-9]{3}[- .])[0-9]{3}[- .][0-9]{4}( ?(x|ext\.?|#) ?[0-9]{1,6})?$'
  then
    return 'phone digits';
  end if;
  return 'digits';
end
$$;

comment on function utils.phone_marks(text) is
  '"phone digits" for what is written as a phone number (+81 …, 03-1234-5678, (415) 555-2671), "digits" for what could be one in a field of phone numbers; else null.';

revoke execute on function utils.phone_marks(text) from public;
grant execute on function utils.phone_marks(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/prefix_end.sql
create or replace function utils.prefix_end(prefix text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  -- The last letter that has a next one is raised; what cannot be raised is left out. Surrogates are no letters.
  select pg_catalog."left"(kept.text, -1) || pg_catalog.chr(
    case pg_catalog.ascii(pg_catalog."right"(kept.text, 1)) when 55295 then 57344
      else pg_catalog.ascii(pg_catalog."right"(kept.text, 1)) + 1 end)
  from (select pg_catalog.rtrim(prefix, pg_catalog.chr(1114111)) as text) as kept
  where kept.text <> ''
$$;

comment on function utils.prefix_end(text) is
  'The first text behind all that begin with the prefix, sorted by their bytes (collate "C"): app for apo; null when nothing lies behind them.';

revoke execute on function utils.prefix_end(text) from public;
grant execute on function utils.prefix_end(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/read_boolean.sql
create or replace function utils.read_boolean(input text) returns boolean
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  word constant text := pg_catalog.lower(utils.narrow_text(input));
begin
  return case
    when word in ('true', 't', 'yes', 'y', 'on', '1', 'はい', '有', '有り', 'あり', '真', '○', '◯', '✓', '✔') then true
    when word in ('false', 'f', 'no', 'n', 'off', '0', 'いいえ', '無', '無し', 'なし', '偽', '×', '✗') then false
  end;
end
$$;

comment on function utils.read_boolean(text) is
  'true for true, t, yes, y, on, 1, はい, 有, あり, ○; false for false, f, no, n, off, 0, いいえ, 無, なし, ×; null for anything else.';

revoke execute on function utils.read_boolean(text) from public;
grant execute on function utils.read_boolean(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/read_date.sql
-- A day is never guessed: "03/04/2024" is the third of April or the fourth of March, and only the column's other values
-- or the caller (day_order 'dmy' or 'mdy') can say which. A year or month alone stands for its first day, and marks say so.
create or replace function utils.read_date(input text, day_order text default null, out moment text, out marks text)
returns record
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  body constant text := utils.narrow_text(input);
  part text[];
  day_time text;
  year int;
  numbers int[];
begin
  -- Each way of writing is year, month, day, time; what a word or an order hides is put right below.
  if pg_catalog.length(body) > 50 or body !~ '[0-9元]' then
    return;
  elsif body ~ '^[0-9]{4}[-/.]' then
    part := pg_catalog.regexp_match(body, '^([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?:[T ,]+(.*))?$');
    part := case when part is null
      then pg_catalog.regexp_match(body, '^((?:1[5-9]|2[01])[0-9]{2})[-/]([0-9]{1,2})()()$')
      else array[part[1], part[3], part[4], part[5]] end;
    marks := 'ymd';
  elsif body ~ '[年]|^[RHSTM][0-9]|^(令和|平成|昭和|大正|明治)' then
    part := utils.read_date_japanese(body);
    marks := 'japanese';
  elsif body ~ '[A-Za-z]{3}' and body ~* '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)' then
    part := utils.read_date_words(body);
    marks := 'words';
  elsif body ~ '^[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]' then
    part := pg_catalog.regexp_match(body, '^([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(?:[T ,]+(.*))?$');
    marks := case
      when part[1]::int > 12 or part[2] = '.' then 'dmy'
      when part[3]::int > 12 then 'mdy'
      when day_order in ('dmy', 'mdy') then day_order
      when part[1]::int <> part[3]::int then 'either'
      else 'same'
    end;
    part := case when marks = 'mdy' then array[part[4], part[1], part[3], part[5]] else array[part[4], part[3], part[1], part[5]] end;
  elsif body ~ '^[12][0-9]{3}$' then
    part := array[body, '', '', ''];
    marks := 'ymd';
  elsif body ~ '^(19|20)[0-9]{6}$' then
    part := array[pg_catalog."left"(body, 4), pg_catalog.substr(body, 5, 2), pg_catalog.substr(body, 7), ''];
    marks := 'ymd';
  end if;
  day_time := case when part[4] <> '' then utils.read_time(part[4]) else '' end;
  year := part[1]::int + case when pg_catalog.length(part[1]) > 2 then 0 when part[1]::int < 70 then 2000 else 1900 end;
  numbers := array[coalesce(nullif(part[2], ''), '1')::int, coalesce(nullif(part[3], ''), '1')::int];
  if part[1] is null or day_time is null or year = 0 or numbers[1] not between 1 and 12 or numbers[2] < 1
    or numbers[2] > (case when numbers[1] in (4, 6, 9, 11) then 30 when numbers[1] <> 2 then 31
      when year % 4 = 0 and (year % 100 <> 0 or year % 400 = 0) then 29 else 28 end)
  then
    marks := null;
    return;
  end if;
  if marks <> 'either' then
    moment := pg_catalog.to_char(year, 'FM0000') || pg_catalog.to_char(numbers[1], '"-"FM00')
      || pg_catalog.to_char(numbers[2], '"-"FM00') || day_time;
  end if;
  marks := pg_catalog.concat_ws(' ', marks, case when day_time <> '' then 'time' end,
    case when part[2] = '' then 'whole_year' when part[3] = '' then 'whole_month' end,
    case when pg_catalog.length(part[1]) = 2 then 'century' end);
end
$$;

comment on function utils.read_date(text, text) is
  'The day a text names, YYYY-MM-DD, with THH:MM:SS and zone when it names a time: ISO, 2024年3月5日, 令和6年3月5日, "5 Mar 2024", 3/5/2024 in the order given; null when it is none or could be two. Marks: order (ymd, mdy, dmy, either, same, words, japanese), time, whole_year or whole_month when the rest is missing, century when it is supposed.';

revoke execute on function utils.read_date(text, text) from public;
grant execute on function utils.read_date(text, text) to authenticated, service_role;
-- end of source

-- source: sql/utils/read_date_japanese.sql
-- An era's year is counted on as people do on forms: no end is drawn at the day an era ended.
create or replace function utils.read_date_japanese(body text) returns text[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  part text[];
  era text;
begin
  part := pg_catalog.regexp_match(body,
    '^(令和|平成|昭和|大正|明治|[RHSTM])? ?([0-9]{1,4}|元) ?年(?: ?([0-9]{1,2}) ?月(?: ?([0-9]{1,2}) ?日(?:\([月火水木金土日]\))? ?(.*))?)?$');
  if part is null then
    part := pg_catalog.regexp_match(body, '^(令和|平成|昭和|大正|明治|[RHSTM])([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{1,2})()$');
  end if;
  era := part[1];
  if part is null
    or era is null and (part[2] = '元' or pg_catalog.length(part[2]) < 4)
    or era is not null and (pg_catalog.length(part[2]) > 2 or part[2]::text in ('0', '00'))
  then
    return null;
  end if;
  return array[
    (case when part[2] = '元' then 1 else part[2]::int end + case
      when era in ('令和', 'R') then 2018
      when era in ('平成', 'H') then 1988
      when era in ('昭和', 'S') then 1925
      when era in ('大正', 'T') then 1911
      when era in ('明治', 'M') then 1867
      else 0
    end)::text,
    coalesce(part[3], ''), coalesce(part[4], ''), coalesce(part[5], '')];
end
$$;

comment on function utils.read_date_japanese(text) is
  'Year, month, day and time, as texts, of a Japanese date: 2024年3月5日, 2024年3月, 令和6年3月5日, 令和元年, R6.3.5; null when it is none.';

revoke execute on function utils.read_date_japanese(text) from public;
grant execute on function utils.read_date_japanese(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/read_date_words.sql
create or replace function utils.read_date_words(body text) returns text[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  month constant text := '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?';
  words constant text := pg_catalog.regexp_replace(pg_catalog.lower(body),
    '^(mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,? ', '');
  part text[];
begin
  part := pg_catalog.regexp_match(words, '^' || month || ' {1,2}([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})(?:[ ,]+(.*))?$');
  if part is null then
    part := pg_catalog.regexp_match(words,
      '^([0-9]{1,2})(?:st|nd|rd|th)?[ -](?:of )?' || month || '[, -] ?([0-9]{4}|[0-9]{2})(?:[ ,]+(.*))?$');
    part := case when part is null
      then pg_catalog.regexp_match(words, '^' || month || '()[ ,-]{1,2}([0-9]{4})()$')
      else array[part[2], part[1], part[3], part[4]] end;
  end if;
  return case when part is not null then array[
    part[3],
    ((pg_catalog.strpos('janfebmaraprmayjunjulaugsepoctnovdec', pg_catalog."left"(part[1], 3)) + 2) / 3)::text,
    part[2], part[4]] end;
end
$$;

comment on function utils.read_date_words(text) is
  'Year, month, day and time, as texts, of a date with an English month: "Mar 5 2024", "5th of March 2024 10:00", "Tue, 05 Mar 2024", "5-Mar-24", "March 2024"; null when it is none.';

revoke execute on function utils.read_date_words(text) from public;
grant execute on function utils.read_date_words(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/read_number.sql
-- Where a comma or a point could stand for thousands or for decimals, "1,234" and "1.234", the thousands are with the
-- comma, unless the caller says that the column writes decimals with it. All else says itself what it is.
create or replace function utils.read_number(
  input text, decimal_comma boolean default false, out number numeric, out marks text)
returns record
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  body text := utils.narrow_text(input);
  part text[];
  digits text;
  scale numeric;
begin
  if pg_catalog.length(body) > 60 or pg_catalog.translate(body, '0123456789', '') = body then
    return;
  elsif pg_catalog.translate(body, '0123456789.,', '') in ('', '-', '%') and body !~ '.-|%.' then
    part := array['', case when body like '-%' then '-' else '' end, null, '', pg_catalog.btrim(body, '-%'), '',
      case when body like '%\%' then '%' end, ''];
  elsif pg_catalog.strpos(body, '万') + pg_catalog.strpos(body, '億') + pg_catalog.strpos(body, '兆') > 0
    and body ~ '[兆億万][0-9]'
  then
    select n.number, n.marks
    into number, marks
    from utils.read_number_japanese(body) as n;
    return;
  else
    part := utils.number_parts(body);
  end if;
  digits := part[5];
  marks := utils.number_marks(digits, decimal_comma);
  if marks is null or digits in ('', '.') then
    marks := null;
    return;
  end if;
  digits := case when marks = 'comma'
    then pg_catalog.translate(digits, ',.'' ', '.')
    else pg_catalog.translate(digits, ','' ', '') end;
  scale := utils.number_scale(part[6]) * case when part[7] like '%\%' then 0.01 else 1 end;
  number := digits::numeric * case when part[1] || part[2] || part[4] in ('', '+') then 1 else -1 end;
  if scale <> 1 then
    number := pg_catalog.trim_scale(number * scale);
  end if;
  marks := pg_catalog.concat_ws(' ', nullif(marks, ''),
    case when part[7] like '%\%' then 'percent'
      when part[3] is not null or part[7] !~ '[名人件社個台]' then 'currency' end);
end
$$;

comment on function utils.read_number(text, boolean) is
  'The exact number a text stands for as people write it, "1,234", "１２３", "12%" (0.12), "€5m", "(1,234)", "▲5", "3.5億円", "1億2000万", "150名", and marks of how it is written (comma, point, percent, currency); null when it is none.';

revoke execute on function utils.read_number(text, boolean) from public;
grant execute on function utils.read_number(text, boolean) to authenticated, service_role;
-- end of source

-- source: sql/utils/read_number_japanese.sql
create or replace function utils.read_number_japanese(body text, out number numeric, out marks text)
returns record
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  part constant text[] := pg_catalog.regexp_match(pg_catalog.replace(body, ',', ''),
    '^¥?(?:([0-9]{1,8})兆)?(?:([0-9]{1,8})億)?(?:([0-9]{1,8})万)?([0-9]{1,8})?(?:円|名|人|件|社|個|台)?$');
begin
  -- A comma stands only where it parts thousands.
  if part is not null and body !~ ',(?![0-9]{3}($|[^0-9]))|(^|[^0-9]),' then
    number := coalesce(part[1]::numeric, 0) * 1000000000000 + coalesce(part[2]::numeric, 0) * 100000000
      + coalesce(part[3]::numeric, 0) * 10000 + coalesce(part[4]::numeric, 0);
    marks := case when body ~ '[¥円]' then 'currency' end;
  end if;
end
$$;

comment on function utils.read_number_japanese(text) is
  'The number of digits mixed with 兆, 億 and 万: "1億2000万円" is 120000000; null when it is none.';

revoke execute on function utils.read_number_japanese(text) from public;
grant execute on function utils.read_number_japanese(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/read_time.sql
create or replace function utils.read_time(input text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  part constant text[] := pg_catalog.regexp_match(pg_catalog.lower(input),
    '^([0-9]{1,2})(?::([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?|時(?:([0-9]{1,2})分(?:([0-9]{1,2})秒)?)?)'
    ' ?(am|pm|a\.m\.|p\.m\.)? ?(z|jst|(?:utc|gmt)?(?:[+-][0-9]{2}(?::?[0-9]{2})?)?)$');
  hour int := part[1]::int;
  minute constant int := coalesce(part[2], part[5], '0')::int;
  second constant int := coalesce(part[3], part[6], '0')::int;
  zone text := part[8];
  shift text;
begin
  if part is null
    or hour > 23 or minute > 59 or second > 59
    or part[7] is not null and hour not between 1 and 12
  then
    return null;
  end if;
  hour := case when part[7] is null then hour else hour % 12 + case when part[7] like 'p%' then 12 else 0 end end;
  shift := pg_catalog.regexp_replace(zone, '[^0-9+-]', '', 'g');
  zone := case
    when zone = '' then ''
    when zone = 'jst' then '+09:00'
    when shift = '' or shift ~ '^[+-]00(00)?$' then 'Z'
    when pg_catalog.substr(shift, 2, 2)::int <= 15 and pg_catalog.substr(shift || '00', 4, 2)::int < 60
      then pg_catalog."left"(shift, 3) || ':' || pg_catalog.substr(shift || '00', 4, 2)
  end;
  return 'T' || pg_catalog.lpad(hour::text, 2, '0') || ':' || pg_catalog.lpad(minute::text, 2, '0')
    || ':' || pg_catalog.lpad(second::text, 2, '0') || coalesce('.' || part[4], '') || zone;
end
$$;

comment on function utils.read_time(text) is
  'A time of day as ISO writes it after a date, THH:MM:SS with fraction and zone when they are given; reads 24 hours, am and pm, 10時30分; null when it is none.';

revoke execute on function utils.read_time(text) from public;
grant execute on function utils.read_time(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/settled_pattern.sql
-- A count in a pattern costs: {1,60} makes it ten times slower, so lengths are bounded where it is used, to 60.
create or replace function utils.settled_pattern(type text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case type
    when 'date' then '^[1-9][0-9][0-9][0-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-](0[1-9]|1[0-5]):[0-5][0-9])?)?$'
    when 'email' then '^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z][A-Za-z]+$'
    when 'url' then '^https?://[!-~]+$'
    when 'phone' then '^(\+[1-9][0-9]{0,2}[ -][0-9]{1,4}|0[0-9]{1,4})[ -][0-9]{3,4}[ -][0-9]{4}$'
    when 'select' then '^[!-~]'
    when 'text' then ''
    when 'textarea' then ''
  end;
end
$$;

comment on function utils.settled_pattern(text) is
  'The pattern of texts of up to 60 characters that utils.coerce_value leaves as they are for a type, without need to ask it; null when there is none. Most such texts match, not all.';

revoke execute on function utils.settled_pattern(text) from public;
grant execute on function utils.settled_pattern(text) to authenticated, service_role;
-- end of source

-- source: sql/utils/stored_path_error.sql
-- A path with "**" is tried from every node that the elements before it reach, so the work grows as the size of the
-- document to the power of its stars: three times "**" in a document of 4,000 nodes are minutes.
create or replace function utils.stored_path_error(path jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(
    utils.path_error(stored_path_error.path),
    case when stars.n > 2 then pg_catalog.format('a path holds "**" at most twice, this one %s times', stars.n) end)
  from (
    select pg_catalog.jsonb_array_length(pg_catalog.jsonb_path_query_array(stored_path_error.path, '$[*] ? (@ == "**")')) as n
  ) as stars
$$;

comment on function utils.stored_path_error(jsonb) is
  'What is wrong with a path that is to be followed in every answer, in a sentence; null when nothing is.';

revoke execute on function utils.stored_path_error(jsonb) from public;
grant execute on function utils.stored_path_error(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/tally_share.sql
create or replace function utils.tally_share(tally jsonb, marks text[], whole numeric) returns numeric
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return (
    select coalesce(pg_catalog.sum((tally ->> m.mark)::numeric), 0) / nullif(whole, 0)
    from pg_catalog.unnest(marks) as m (mark));
end
$$;

comment on function utils.tally_share(jsonb, text[], numeric) is
  'The part of a whole that bears one of these marks, from {mark: count}; marks that never meet in one value.';

revoke execute on function utils.tally_share(jsonb, text[], numeric) from public;
grant execute on function utils.tally_share(jsonb, text[], numeric) to authenticated, service_role;
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
        select pg_catalog.format('response.%s: %s', p.name, utils.stored_path_error($1 -> p.name))
        from pg_catalog.unnest('{objects,external_id,status,next_cursor,error}'::text[]) with ordinality as p (name, n)
        where $1 ? p.name
          and utils.stored_path_error($1 -> p.name) is not null
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

-- source: sql/utils/text_parts.sql
-- "Action|Comedy" is two choices; "Smith, John" is one text. Parts that are choices come again and again, in many texts.
create or replace function utils.text_parts(choices jsonb, seen bigint)
returns table (separator text, parts jsonb)
language sql immutable parallel safe
set search_path = ''
set jit = off
as $$
  with separated as (
    select s.separator, t.content, t.uses::bigint as uses
    from pg_catalog.jsonb_each_text(choices) as t (content, uses)
    cross join (values (';'), ('|'), ('、'), (',')) as s (separator)
    where pg_catalog.strpos(t.content, s.separator) > 0
  ), best as (
    select s.separator
    from separated as s
    group by s.separator
    having pg_catalog.sum(s.uses) >= 0.3 * seen
    order by pg_catalog.sum(s.uses) desc, s.separator
    limit 1
  ), part as (
    select pg_catalog.btrim(p.part) as part, pg_catalog.sum(t.uses::bigint) as uses, pg_catalog.count(*) as texts
    from pg_catalog.jsonb_each_text(choices) as t (content, uses)
    cross join best as b
    cross join lateral pg_catalog.unnest(pg_catalog.string_to_array(t.content, b.separator)) as p (part)
    where pg_catalog.btrim(p.part) <> ''
    group by 1
  )
  select b.separator, p.parts
  from best as b
  cross join lateral (
    select pg_catalog.jsonb_agg(part.part order by part.uses desc, part.part collate "C") as parts
    from part
    having pg_catalog.count(*) between 2 and 50
      and pg_catalog.max(pg_catalog.length(part.part)) <= 40
      and pg_catalog.sum(part.uses) >= 3 * pg_catalog.count(*)
      and pg_catalog.sum(part.texts) >= 1.5 * pg_catalog.count(*)
  ) as p
$$;

comment on function utils.text_parts(jsonb, bigint) is
  'The separator (; | 、 or ,) and the choices, most frequent first, when the texts of {text: rows} hold several of few choices each; no row when they do not.';

revoke execute on function utils.text_parts(jsonb, bigint) from public;
grant execute on function utils.text_parts(jsonb, bigint) to authenticated, service_role;
-- end of source

-- source: sql/utils/timestamptz_or_null.sql
create or replace function utils.timestamptz_or_null(value jsonb) returns timestamptz
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  content constant text := value #>> '{}';
begin
  if pg_catalog.jsonb_typeof(value) = 'string'
    and content ~ '^[0-9-]{10}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)$'
    and utils.date_or_null(pg_catalog.to_jsonb(pg_catalog."left"(content, 10))) is not null
  then
    return content::timestamptz;
  end if;
  return null;
end
$$;

comment on function utils.timestamptz_or_null(jsonb) is
  'The moment that a JSON string is, in ISO 8601 with its time zone (2024-12-24T10:00:00Z); null for anything else.';

revoke execute on function utils.timestamptz_or_null(jsonb) from public;
grant execute on function utils.timestamptz_or_null(jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/unknown_options.sql
create or replace function utils.unknown_options(choices jsonb, options jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  if pg_catalog.jsonb_typeof(choices) is distinct from 'array' or coalesce(pg_catalog.jsonb_typeof(options), 'null') <> 'array' then
    return null;
  end if;
  return (
    select pg_catalog.string_agg(pg_catalog.quote_literal(c.choice), ', ')
    from pg_catalog.jsonb_array_elements_text(choices) as c (choice)
    where not options ? c.choice);
end
$$;

comment on function utils.unknown_options(jsonb, jsonb) is
  'The choices that are no options, quoted and with commas; null when all are, or no options are given.';

revoke execute on function utils.unknown_options(jsonb, jsonb) from public;
grant execute on function utils.unknown_options(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/value_marks.sql
-- What a text looks like, cheapest question first. More than one may hold: "0312345678" is a number and may be a phone.
-- PostgreSQL keeps 32 compiled patterns a session, so a pattern is only asked where a comparison cannot tell.
create or replace function utils.value_marks(content text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  body constant text := utils.narrow_text(content);
  small constant text := pg_catalog.lower(body);
  size constant int := pg_catalog.length(body);
begin
  if size = 0 then
    return 'null';
  elsif size > 200 or pg_catalog.strpos(body, E'\n') > 0 then
    return 'long';
  elsif small in ('-', '--', '—', '–', '?', 'n/a', 'na', '#n/a', 'nan', 'null', 'none', 'nil', 'unknown',
    'not available', 'not disclosed', 'undisclosed', 'tbd', 'tba', '不明', '非公開', '未公開', '未定', '該当なし', 'データなし', '情報なし')
  then
    return 'missing';
  elsif size <= 5 and small not in ('0', '1') and utils.read_boolean(small) is not null then
    return 'boolean';
  elsif pg_catalog.strpos(body, ' ') = 0 then
    if pg_catalog.strpos(body, '@') > 1 then
      return case when body ~ '^[^ @"<>(),;:]+@[^ @.,]+(\.[^ @.,]+)*\.[^ @.,0-9][^ @.,0-9]+$'
        and pg_catalog.strpos(body, '@') <= 65 then 'email' else 'text' end;
    elsif pg_catalog.left(small, 8) in ('https://', 'http://w')
      or small like 'http://_%' or small like 'ftp://_%' or small like 'www._%.__%'
    then
      return 'url';
    elsif pg_catalog.strpos(body, '.') > 1 and pg_catalog.translate(pg_catalog.right(pg_catalog.split_part(small, '/', 1), 2), '0123456789.-', '') ~ '^[^ ]{2}$'
      and small ~ '^([^ .,/()@$€£¥%'']+\.)+[^ .,/0-9%()$€£¥''][^ .,/0-9%()$€£¥'']+(/.*)?$'
    then
      return 'domain';
    end if;
  end if;
  if utils.may_be_figure(small) then
    return coalesce(nullif(utils.figure_marks(body), ''), 'text');
  end if;
  return 'text';
end
$$;

comment on function utils.value_marks(text) is
  'What a text looks like, as words: null (blank), missing, boolean, email, url, domain, date with its marks, number with its marks (and bit, padded, year, day, seconds, millis), phone, digits, long, or text.';

revoke execute on function utils.value_marks(text) from public;
grant execute on function utils.value_marks(text) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/secrets/list_secrets.sql
create or replace function etl_api.list_secrets(of_scope text default null) returns setof etl_api.secret_overview
language sql stable
set search_path = ''
as $$
  select s.*
  from etl_api.secret_overview as s
  where of_scope is null
    or s.scope = of_scope
  order by s.scope, s.name, s.version desc
$$;

comment on function etl_api.list_secrets(text) is
  'Secrets without their values, of one scope or of all; see etl_api.secret_overview.';

revoke execute on function etl_api.list_secrets(text) from public;
grant execute on function etl_api.list_secrets(text) to service_role;
-- end of source

drop function etl_api.purge_requests(timestamp with time zone,integer,uuid,boolean);
drop function etl_api.purge_log(timestamp with time zone,integer,uuid);
drop function etl_api.purge_alerts(timestamp with time zone,integer,uuid);
drop function etl_api.lock_ended_requests(timestamp with time zone,integer,uuid);
drop function etl_api.refuse_answer(uuid,jsonb,text,text);

-- migrate:down
