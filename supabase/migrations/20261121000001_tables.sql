-- migrate:up

-- The tables of the engine, in the order the data takes: configuration, intake, activities, objects and
-- values, runs, exchange, results, delivery; then what stands beside the way: state, log, settings.
--
-- Rules that hold for every table here:
-- * Every row carries org_id. Null means "shared by all orgs" and occurs only in configuration.
-- * A foreign key between two rows of an org carries org_id too, so it can never join two orgs. Where the
--   referenced row may be shared (object types, sources, …) the key is the id alone and the trigger
--   check_config_org refuses a row of another org.
-- * Hot rows are narrow: requests, answers and message bodies lie beside the queue row, written once.
-- * state_via holds the steps between the old and the new state when one write takes several; the guard
--   checks each step and the history shows it. See etl_api.guard_transitions.

create schema if not exists utils;
create schema if not exists etl_api;

comment on schema utils is 'Pure functions: paths, templates, time, ids. They read no table.';
comment on schema etl_api is 'The engine: functions, views, history, settings. Its tables are written by the engine only.';

grant usage on schema utils to authenticated, service_role;
grant usage on schema etl_api to authenticated, service_role;

-- ---------------------------------------------------------------- types

create type public.workflow_request_state as enum
  ('new', 'valid', 'invalid', 'waiting', 'ready', 'in_progress', 'timedout', 'failed', 'done', 'delivered');
create type public.activity_request_state as enum
  ('new', 'valid', 'invalid', 'waiting', 'ready', 'in_progress', 'timedout', 'failed', 'done', 'delivered');
create type public.run_queue_state as enum
  ('new', 'valid', 'invalid', 'waiting', 'ready', 'in_progress', 'timedout', 'failed', 'done', 'delivered');
create type public.run_request_state as enum
  ('new', 'valid', 'invalid', 'waiting', 'ready', 'in_progress', 'timedout', 'failed', 'done', 'delivered');
create type public.delivery_state as enum
  ('new', 'valid', 'invalid', 'waiting', 'ready', 'in_progress', 'timedout', 'failed', 'done', 'delivered');
create type etl_api.entity_kind as enum
  ('workflow_request', 'activity_request', 'run_queue', 'run_request', 'delivery');
create type public.factor_type_enum as enum
  ('volume', 'boolean', 'option', 'time', 'place', 'frequency', 'reason', 'entity', 'similarity');
create type public.factor_type_description as enum
  ('How many', 'Is', 'What', 'When', 'Where', 'How often', 'Why', 'How similar');
create type public.operator_enum as enum
  ('equals', 'not_equals', 'greater_than', 'greater_equal', 'less_than', 'less_equal', 'contains', 'not_contains',
   'starts_with', 'ends_with', 'in', 'not_in', 'between', 'is_null', 'is_not_null', 'like', 'ilike', 'regex',
   'not_regex');

comment on type public.workflow_request_state is 'States of workflow_request; see etl_api.state_transition.';
comment on type public.activity_request_state is 'States of activity_request; see etl_api.state_transition.';
comment on type public.run_queue_state is 'States of run_queue; see etl_api.state_transition.';
comment on type public.run_request_state is 'States of run_request; see etl_api.state_transition.';
comment on type public.delivery_state is 'States of delivery; see etl_api.state_transition.';
comment on type etl_api.entity_kind is 'The tables that have a state.';
comment on type public.factor_type_enum is 'What kind of fact a factor speaks of; it decides how its sentence reads.';
comment on type public.factor_type_description is 'The question words of factor types; see public.generate_factor_description.';
comment on type public.operator_enum is 'How a factor compares a value.';

-- ---------------------------------------------------------------- ids

-- A default of the tables below, so it stands here and not under sql/.
create function utils.new_id() returns uuid
language plpgsql volatile parallel safe
set search_path = ''
as $$
begin
  -- Version 7: the first 48 bits are the milliseconds, so new rows land on the right edge of an index. What follows the
  -- version is as random as in version 4. plpgsql, since a default in SQL is planned anew in every statement.
  return (pg_catalog.lpad(pg_catalog.to_hex((pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000)::bigint), 12, '0')
    || '7' || pg_catalog."right"(pg_catalog.gen_random_uuid()::text, 21))::uuid;
end
$$;
comment on function utils.new_id() is 'A new UUID of version 7: ordered by time, so indexes grow at one end.';
revoke execute on function utils.new_id() from public;
grant execute on function utils.new_id() to authenticated, service_role;

-- ---------------------------------------------------------------- configuration: what a user inserts

create table public.org (
  id uuid primary key default gen_random_uuid(),
  name text not null check (name <> ''),
  slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]*$'),
  request_count bigint not null default 0,
  run_count bigint not null default 0,
  object_count bigint not null default 0,
  datapoint_count bigint not null default 0,
  free_objects bigint,
  last_charge timestamptz,
  next_charge timestamptz,
  settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
  created_at timestamptz not null default now(),
  deleted_at timestamptz
) with (fillfactor = 50);
comment on table public.org is 'A tenant. Everything else belongs to one, or to all when it is shared configuration.';
comment on column public.org.id is 'Identity of the tenant.';
comment on column public.org.name is 'Name shown to people.';
comment on column public.org.slug is 'Short name for URLs: lower-case letters, digits, hyphens.';
comment on column public.org.request_count is 'Activity requests so far; kept by the engine.';
comment on column public.org.run_count is 'Runs executed so far: each that was sent to its source; kept by the engine.';
comment on column public.org.object_count is 'Objects stored; kept by the engine.';
comment on column public.org.datapoint_count is 'Datapoints available, its own and the shared ones; kept by the engine.';
comment on column public.org.free_objects is
  'Objects left in the free tier, counted down by the engine; null means not limited. At 0, and without next_charge, requests are refused.';
comment on column public.org.last_charge is 'When the tenant was last charged.';
comment on column public.org.next_charge is 'When the tenant is charged next; null: no charge is arranged.';
comment on column public.org.settings is
  'Settings by name: webhook_secret_name (secret that signs messages to URLs given in a request, default "webhook"), monthly_budget (cost of runs per calendar month in UTC, at most), log_level (debug, info, warn or error: what is written to the log, default info).';
comment on column public.org.created_at is 'When the tenant was made.';
comment on column public.org.deleted_at is 'When the tenant was deleted; null while it lives.';

create table public.org_member (
  org_id uuid not null references public.org (id) on delete cascade,
  user_id uuid not null,
  role text not null check (role in ('owner', 'admin', 'member', 'viewer')),
  created_at timestamptz not null default now(),
  primary key (org_id, user_id)
);
create index org_member_user_id_idx on public.org_member (user_id);
comment on table public.org_member is 'Who may see and change a tenant''s rows; row-level security reads it.';
comment on column public.org_member.org_id is 'The tenant.';
comment on column public.org_member.user_id is 'auth.users.id of the person.';
comment on column public.org_member.role is
  'owner, admin: configure and request; member: request; viewer: read only.';
comment on column public.org_member.created_at is 'When the membership began.';

create table public.object_type (
  id uuid primary key default gen_random_uuid(),
  org_id uuid references public.org (id) on delete cascade,
  name text not null check (name <> ''),
  key_datapoints text[] not null check (cardinality(key_datapoints) > 0),
  created_at timestamptz not null default now(),
  unique nulls not distinct (org_id, name)
);
comment on table public.object_type is 'A kind of thing that is enriched, extracted or sourced: company, person, …';
comment on column public.object_type.id is 'Identity of the type.';
comment on column public.object_type.org_id is 'Its tenant; null means shared by all.';
comment on column public.object_type.name is 'Name of the type, as it stands in results.';
comment on column public.object_type.key_datapoints is
  'The natural key: names of the datapoints that make two sightings one object.';
comment on column public.object_type.created_at is 'When the type was made.';

create table public.datapoint (
  id uuid primary key default gen_random_uuid(),
  org_id uuid references public.org (id) on delete cascade,
  object_type_id uuid not null references public.object_type (id) on delete cascade,
  name text not null check (name <> ''),
  value_type text not null default 'text' check (value_type in ('text', 'number', 'boolean', 'date', 'timestamp', 'list', 'json')),
  description text,
  created_at timestamptz not null default now(),
  unique nulls not distinct (org_id, object_type_id, name)
);
create index datapoint_object_type_id_idx on public.datapoint (object_type_id, name);
comment on table public.datapoint is 'A fact that objects of a type can have: industry, employees, funding, …';
comment on column public.datapoint.id is 'Identity of the datapoint.';
comment on column public.datapoint.org_id is 'Its tenant; null means shared by all.';
comment on column public.datapoint.object_type_id is 'The type of object that has it.';
comment on column public.datapoint.name is 'Name of the datapoint, as it stands in requests and results.';
comment on column public.datapoint.value_type is 'text, number, boolean, date, timestamp, list or json.';
comment on column public.datapoint.description is 'What it means, for people and for sources that take questions.';
comment on column public.datapoint.created_at is 'When the datapoint was made.';

create table public.source (
  id uuid primary key default gen_random_uuid(),
  org_id uuid references public.org (id) on delete cascade,
  name text not null check (name <> ''),
  activity_types text[] not null default '{enrichment}',
  run_request_template jsonb not null,
  status_request_template jsonb,
  delivery_request_template jsonb,
  max_objects_per_request int not null default 1 check (max_objects_per_request between 1 and 100000),
  max_concurrency int check (max_concurrency > 0),
  rate_limit jsonb,
  retry_policy jsonb not null default '{}' check (jsonb_typeof(retry_policy) = 'object'),
  poll_policy jsonb not null default '{}' check (jsonb_typeof(poll_policy) = 'object'),
  timeout_seconds int not null default 30 check (timeout_seconds between 1 and 120),
  cost_per_run numeric not null default 0 check (cost_per_run >= 0),
  enabled boolean not null default true,
  created_at timestamptz not null default now(),
  unique nulls not distinct (org_id, name)
);
comment on table public.source is 'One third-party HTTP API: how it is asked, how its answer is read, its limits.';
comment on column public.source.id is 'Identity of the source.';
comment on column public.source.org_id is 'Its tenant; null means shared by all.';
comment on column public.source.name is 'Name of the source, as it stands in provenance.';
comment on column public.source.activity_types is
  'What it serves: enrichment, extract, sourcing, or other types that etl_api.activity_types knows.';
comment on column public.source.run_request_template is
  'HTTP request that asks for objects: method, url, query, headers, body, response; placeholders <<$…>>.';
comment on column public.source.status_request_template is
  'HTTP request that asks whether an asynchronous run is finished; null when answers come at once.';
comment on column public.source.delivery_request_template is
  'HTTP request that fetches the result of a finished asynchronous run; null when the status answer holds it.';
comment on column public.source.max_objects_per_request is 'Objects in one HTTP request, at most.';
comment on column public.source.max_concurrency is 'HTTP requests in flight at once, at most; null means not limited.';
comment on column public.source.rate_limit is 'Requests allowed per time: {"second": n, "minute": n, "day": n}.';
comment on column public.source.retry_policy is
  'max_attempts (5), base_seconds (2), factor (2), max_seconds (300), jitter (0.2): back-off after a failed attempt.';
comment on column public.source.poll_policy is
  'first_seconds (2), factor (1.5), max_seconds (60), max_polls (200): when the status of an asynchronous run is asked.';
comment on column public.source.timeout_seconds is 'Seconds one HTTP request may take, 1 to 120.';
comment on column public.source.cost_per_run is 'What one HTTP run request costs, in the tenant''s currency.';
comment on column public.source.enabled is 'Whether runs are allocated to it.';
comment on column public.source.created_at is 'When the source was made.';

create table public.object_source (
  id uuid primary key default gen_random_uuid(),
  org_id uuid references public.org (id) on delete cascade,
  source_id uuid not null references public.source (id) on delete cascade,
  object_type_id uuid not null references public.object_type (id) on delete cascade,
  direction text not null check (direction in ('input', 'result')),
  key_mapping_json jsonb not null,
  created_at timestamptz not null default now(),
  unique (source_id, object_type_id, direction)
);
create index object_source_object_type_id_idx on public.object_source (object_type_id);
comment on table public.object_source is 'Where objects of a type sit in a payload, and how their fields are named there.';
comment on column public.object_source.id is 'Identity of the mapping.';
comment on column public.object_source.org_id is 'Its tenant; null means shared by all.';
comment on column public.object_source.source_id is 'The source whose payload it speaks of.';
comment on column public.object_source.object_type_id is 'The type of the objects.';
comment on column public.object_source.direction is
  'input: in workflow_request.data (path from its root); result: in the source''s answer (path from its root).';
comment on column public.object_source.key_mapping_json is
  'A path, or {"path": path, "fields": {datapoint: path}}; fields name the members that differ from the datapoint.';
comment on column public.object_source.created_at is 'When the mapping was made.';

create table public.datapoint_source (
  id uuid primary key default gen_random_uuid(),
  org_id uuid references public.org (id) on delete cascade,
  source_id uuid not null references public.source (id) on delete cascade,
  datapoint_id uuid not null references public.datapoint (id) on delete cascade,
  key_mapping_json jsonb not null,
  priority int not null default 100,
  confidence numeric not null default 1 check (confidence between 0 and 1),
  max_age interval,
  derived boolean not null default false,
  created_at timestamptz not null default now(),
  unique (source_id, datapoint_id)
);
create index datapoint_source_datapoint_id_idx on public.datapoint_source (datapoint_id, priority);
comment on table public.datapoint_source is 'Where a datapoint sits in one result object of a source, and in which order sources are asked.';
comment on column public.datapoint_source.id is 'Identity of the mapping.';
comment on column public.datapoint_source.org_id is 'Its tenant; null means shared by all.';
comment on column public.datapoint_source.source_id is 'The source that knows it.';
comment on column public.datapoint_source.datapoint_id is 'The datapoint.';
comment on column public.datapoint_source.key_mapping_json is
  'A path in one result object, or {"path", "default", "transform"}.';
comment on column public.datapoint_source.priority is 'Lower is asked first; the next is asked when a value is still missing.';
comment on column public.datapoint_source.confidence is 'How far its values are trusted, 0 to 1; stands in the provenance.';
comment on column public.datapoint_source.max_age is 'A value younger than this is not asked for again; null means it never ages.';
comment on column public.datapoint_source.derived is
  'True: made from the fields of the source''s object_source and kept in step with them; false: written by a user, left alone.';
comment on column public.datapoint_source.created_at is 'When the mapping was made.';

create table public.activity (
  id uuid primary key default gen_random_uuid(),
  org_id uuid references public.org (id) on delete cascade,
  name text not null check (name <> ''),
  activity_type text not null,
  object_type_id uuid not null references public.object_type (id),
  datapoints text[] not null default '{}',
  source_ids uuid[],
  config jsonb not null default '{}' check (jsonb_typeof(config) = 'object'),
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index activity_org_id_idx on public.activity (org_id);
create index activity_object_type_id_idx on public.activity (object_type_id);
comment on table public.activity is 'A reusable definition of one step: what is done, for which type of object, through which sources.';
comment on column public.activity.id is 'Identity of the activity; data.data.<key>.id of a request names it.';
comment on column public.activity.org_id is 'Its tenant; null means shared by all.';
comment on column public.activity.name is 'Name shown to people.';
comment on column public.activity.activity_type is
  'enrichment, extract, sourcing, or another type that etl_api.activity_types knows: one that has a function create_run_<type>.';
comment on column public.activity.object_type_id is 'The type of the objects it results in.';
comment on column public.activity.datapoints is 'Names of the datapoints that are asked for; a request may override them.';
comment on column public.activity.source_ids is 'Sources that may be asked; null means every source that serves it, by priority.';
comment on column public.activity.config is
  'Defaults of a request''s setup.config: max_objects, datapoints, run_timeout_seconds, activity_timeout_seconds, and what templates read.';
comment on column public.activity.created_at is 'When the activity was made.';
comment on column public.activity.deleted_at is 'When the activity was deleted; requests can no longer name it.';

create table public.factor (
  id uuid primary key default gen_random_uuid(),
  org_id uuid references public.org (id) on delete cascade,
  activity_id uuid not null references public.activity (id) on delete cascade,
  factor_type public.factor_type_enum not null,
  object_type_id uuid not null references public.object_type (id),
  datapoint_id uuid references public.datapoint (id),
  operator public.operator_enum not null,
  value text,
  is_guardrail boolean not null default false,
  description text,
  created_at timestamptz not null default now()
);
create index factor_activity_id_idx on public.factor (activity_id);
create index factor_object_type_id_idx on public.factor (object_type_id);
create index factor_datapoint_id_idx on public.factor (datapoint_id);
comment on table public.factor is 'A use case (what is looked for or asked) or a guardrail (what is allowed) of an activity.';
comment on column public.factor.id is 'Identity of the factor.';
comment on column public.factor.org_id is 'Its tenant; null means shared by all.';
comment on column public.factor.activity_id is 'The activity it belongs to.';
comment on column public.factor.factor_type is 'What kind of fact it speaks of.';
comment on column public.factor.object_type_id is 'The type of object it speaks of.';
comment on column public.factor.datapoint_id is 'The datapoint it speaks of.';
comment on column public.factor.operator is 'How the value is compared.';
comment on column public.factor.value is 'What it is compared with; lists are comma-separated.';
comment on column public.factor.is_guardrail is 'True: a condition that must hold; false: a use case.';
comment on column public.factor.description is 'Its sentence in English; written by the engine.';
comment on column public.factor.created_at is 'When the factor was made.';

create table public.webhook_endpoint (
  id uuid not null default gen_random_uuid(),
  org_id uuid not null references public.org (id) on delete cascade,
  url text not null check (url ~* '^https?://'),
  secret_name text not null default 'webhook' check (secret_name ~ '^[A-Za-z0-9_.-]+$'),
  event_types text[],
  disabled_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (id, org_id)
);
create index webhook_endpoint_org_id_idx on public.webhook_endpoint (org_id);
comment on table public.webhook_endpoint is 'Where results go.';
comment on column public.webhook_endpoint.id is 'Identity of the endpoint.';
comment on column public.webhook_endpoint.org_id is 'Its tenant.';
comment on column public.webhook_endpoint.url is 'Address that receives the messages by POST.';
comment on column public.webhook_endpoint.secret_name is
  'Name of the signing secret in the functions'' environment; the secret itself is never in the database.';
comment on column public.webhook_endpoint.event_types is 'Events it wants, such as activity_request.done; null means all.';
comment on column public.webhook_endpoint.disabled_at is 'When it was disabled; null while it is in use.';
comment on column public.webhook_endpoint.created_at is 'When the endpoint was made.';

-- ---------------------------------------------------------------- intake

create table public.workflow_schedule (
  id uuid not null default gen_random_uuid(),
  org_id uuid not null references public.org (id) on delete cascade,
  name text not null check (name <> ''),
  cron text not null,
  time_zone text not null default 'UTC',
  data jsonb not null,
  priority int not null default 0 check (priority between -100 and 100),
  enabled boolean not null default true,
  next_at timestamptz,
  last_at timestamptz,
  last_request_id uuid,
  created_at timestamptz not null default now(),
  primary key (id, org_id),
  unique (org_id, name)
);
create index workflow_schedule_next_at_idx on public.workflow_schedule (next_at) where enabled;
comment on table public.workflow_schedule is
  'A workflow request made again and again: at each time its cron expression names, one workflow_request with its data.';
comment on column public.workflow_schedule.id is 'Identity of the schedule.';
comment on column public.workflow_schedule.org_id is 'Its tenant.';
comment on column public.workflow_schedule.name is 'Name shown to people, unique per tenant.';
comment on column public.workflow_schedule.cron is
  'When: minute, hour, day of month, month, day of week, as cron(8) reads them; or @hourly, @daily, @weekly, @monthly, @yearly.';
comment on column public.workflow_schedule.time_zone is 'The time zone the expression is read in, such as Europe/Berlin.';
comment on column public.workflow_schedule.data is 'The data of the requests it makes.';
comment on column public.workflow_schedule.priority is 'The priority of the requests it makes.';
comment on column public.workflow_schedule.enabled is 'Whether it makes requests.';
comment on column public.workflow_schedule.next_at is 'When it makes the next one; written by the engine.';
comment on column public.workflow_schedule.last_at is 'The time for which it made the last one; written by the engine.';
comment on column public.workflow_schedule.last_request_id is 'The last request it made; written by the engine.';
comment on column public.workflow_schedule.created_at is 'When the schedule was made.';

create table public.workflow_request (
  id uuid not null default utils.new_id(),
  org_id uuid not null,
  -- A second insert under a used idempotency_key must return the first row's id from `insert … returning id`.
  -- Such a row carries that id and a replay number, and is gone when the statement ends (etl_api.find_replay).
  replay int not null default 0,
  data jsonb,
  idempotency_key text check (length(idempotency_key) between 1 and 255),
  priority int not null default 0,
  not_before timestamptz,
  deadline_at timestamptz,
  schedule_id uuid,
  state public.workflow_request_state not null default 'new',
  state_substate text,
  state_via public.workflow_request_state[],
  -- Indexes tell by this what is open: with the state itself in their conditions every change of it, and so every
  -- version of a row, would be written to all of them; so a row that starts or has ended can change in place (HOT).
  is_open boolean not null
    generated always as (state not in ('invalid', 'timedout', 'failed', 'done', 'delivered')) stored,
  errors jsonb,
  workflow_phase int,
  phase_count int,
  -- Set when it starts, mostly to this: the setting workflow_timeout_seconds as it is at first. Indexes hold it from
  -- the beginning then, and need no second entry.
  timeout_at timestamptz default now() + interval '168 hours',
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  foreign key (schedule_id, org_id) references public.workflow_schedule (id, org_id) on delete set null (schedule_id)
) with (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
create unique index workflow_request_idempotency_key on public.workflow_request (org_id, idempotency_key)
  where idempotency_key is not null and replay = 0;
create index workflow_request_timeout_idx on public.workflow_request (timeout_at) where is_open;
create index workflow_request_not_before_idx on public.workflow_request (not_before)
  where is_open and not_before is not null;
create index workflow_request_schedule_id_idx on public.workflow_request (schedule_id) where schedule_id is not null;
create index workflow_request_org_id_idx on public.workflow_request (org_id, created_at);
-- The newest of all that a reader may see, which may be those of several tenants.
create index workflow_request_created_at_idx on public.workflow_request (created_at);
create index workflow_request_open_idx on public.workflow_request (created_at) where is_open;
-- What ended long ago, per tenant: retention finds it by this, however much is open or has ended since.
create index workflow_request_finished_idx on public.workflow_request (org_id, finished_at) where finished_at is not null;
-- The key comes after the other indexes: while a table has no statistics the planner holds every index for equally
-- good and takes the last one, and the checks of foreign keys keep that plan. By org_id they would read the tenant.
alter table public.workflow_request add primary key (id, org_id, replay);
comment on table public.workflow_request is 'The one row that starts everything. A user inserts org_id, data and, if wanted, idempotency_key.';
comment on column public.workflow_request.id is 'Identity of the request.';
comment on column public.workflow_request.org_id is 'Its tenant.';
comment on column public.workflow_request.replay is 'Always 0 in a row that stays; see etl_api.find_replay.';
comment on column public.workflow_request.data is 'Input, activities with setup and destination: docs/requests.md.';
comment on column public.workflow_request.idempotency_key is
  'Unique per tenant: a second insert under the same key returns the first row''s id and starts nothing.';
comment on column public.workflow_request.priority is
  'Runs of a higher priority go first among those of its tenant, -100 to 100; 0 by default.';
comment on column public.workflow_request.not_before is 'It waits until this time before it starts; null: at once.';
comment on column public.workflow_request.deadline_at is 'When it is timed out at the latest, whatever its time-out says.';
comment on column public.workflow_request.schedule_id is 'The schedule that made it; null when somebody inserted it.';
comment on column public.workflow_request.state is 'Where it stands; written by the engine.';
comment on column public.workflow_request.state_substate is 'The class of a fault, partial, cancelled, …; null when all is plain.';
comment on column public.workflow_request.state_via is 'States between the last two when one write took several steps.';
comment on column public.workflow_request.is_open is 'Whether it has not ended.';
comment on column public.workflow_request.errors is
  'Every fault found in data: [{code, path, found, message, hint}]; null when there is none.';
comment on column public.workflow_request.workflow_phase is 'The phase it is in, 1 to phase_count.';
comment on column public.workflow_request.phase_count is 'How many phases it has.';
comment on column public.workflow_request.timeout_at is 'When it is timed out if it has not ended.';
comment on column public.workflow_request.created_at is 'When it was inserted.';
comment on column public.workflow_request.started_at is 'When its first activity started.';
comment on column public.workflow_request.finished_at is 'When it ended: done, failed, timed out, invalid.';

-- Who inserts a key first has it; who comes second at the same time waits here until the first has committed.
-- Advisory locks would do the same until one statement brings more keys than the server has room for locks.
create table etl_api.request_key (
  org_id uuid not null,
  idempotency_key text not null,
  workflow_request_id uuid not null,
  primary key (org_id, idempotency_key)
);
comment on table etl_api.request_key is
  'Every idempotency_key in use and the request it belongs to; written by find_replay, and freed when the request is deleted.';
comment on column etl_api.request_key.org_id is 'The tenant.';
comment on column etl_api.request_key.idempotency_key is 'The key.';
comment on column etl_api.request_key.workflow_request_id is 'The first request inserted under it.';

create sequence etl_api.replay_no as int cycle;
comment on sequence etl_api.replay_no is 'Tells repeated rows of one statement apart until they are gone; see etl_api.find_replay.';

-- An activity of a request as intake has read and resolved it; never stored.
create type etl_api.requested_activity as (
  id uuid,
  org_id uuid,
  workflow_request_id uuid,
  activity_key text,
  body jsonb,
  activity_id uuid,
  activity_name text,
  activity_type text,
  object_type_id uuid,
  workflow_phase int,
  config jsonb,
  max_objects int,
  datapoints text[],
  datapoint_ids uuid[],
  allowed_source_ids uuid[],
  unknown_source_ids uuid[],
  source_ids uuid[],
  targets jsonb,
  on_failure text
);
comment on type etl_api.requested_activity is
  'An activity of a request: its text (body), what the text names (null where it names nothing), and the activities that take its objects (targets).';

-- ---------------------------------------------------------------- activities

create table public.activity_request (
  id uuid not null default utils.new_id(),
  org_id uuid not null,
  workflow_request_id uuid not null,
  activity_id uuid not null,
  activity_key text not null,
  activity_type text not null,
  result_role text not null default 'input' check (result_role in ('input', 'result')),
  object_type_id uuid not null,
  workflow_phase int not null,
  config jsonb not null,
  destination jsonb,
  max_objects int,
  datapoint_ids uuid[] not null default '{}',
  source_ids uuid[] not null default '{}',
  on_failure text not null default 'fail' check (on_failure in ('fail', 'continue', 'skip')),
  state public.activity_request_state not null default 'new',
  state_substate text,
  state_via public.activity_request_state[],
  -- As in workflow_request.
  is_open boolean not null generated always as (state in ('ready', 'waiting', 'in_progress')) stored,
  errors jsonb,
  timeout_at timestamptz,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  primary key (id, org_id),
  unique (workflow_request_id, activity_key)
) with (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
create index activity_request_timeout_idx on public.activity_request (timeout_at) where is_open;
create index activity_request_activity_id_idx on public.activity_request (activity_id);
comment on table public.activity_request is 'One activity of one workflow request; written by the engine.';
comment on column public.activity_request.id is 'Identity of the activity request.';
comment on column public.activity_request.org_id is 'Its tenant.';
comment on column public.activity_request.workflow_request_id is 'The request it is part of.';
comment on column public.activity_request.activity_id is 'The definition it follows.';
comment on column public.activity_request.activity_key is 'Its key in data.data of the request.';
comment on column public.activity_request.activity_type is 'activity.activity_type: which function creates its runs.';
comment on column public.activity_request.result_role is
  'Which of its objects (activity_object.role) it results in: input, those it takes and asks about, as an enrichment does; result, those it found.';
comment on column public.activity_request.object_type_id is 'The type of the objects it results in.';
comment on column public.activity_request.workflow_phase is 'Its phase; it starts when the phases before are over.';
comment on column public.activity_request.config is 'activity.config with the request''s setup.config over it.';
comment on column public.activity_request.destination is 'Where its result goes: {activity, webhook, table}.';
comment on column public.activity_request.max_objects is 'Objects it takes or finds, at most; null means not limited.';
comment on column public.activity_request.datapoint_ids is 'The datapoints asked for.';
comment on column public.activity_request.source_ids is 'The sources that may be asked, in order of priority.';
comment on column public.activity_request.on_failure is
  'What becomes of the activities that take its objects when it fails, is invalid, timed out or cancelled: fail (they are invalid, dependency_failed), continue (they start with the objects there are) or skip (they end done, skipped).';
comment on column public.activity_request.state is 'Where it stands.';
comment on column public.activity_request.state_substate is
  'Why: phase, dependency (waiting); partial, no_objects, skipped (done); missing_value, dependency_failed (invalid); …';
comment on column public.activity_request.state_via is 'States between the last two when one write took several steps.';
comment on column public.activity_request.is_open is 'Whether it is ready, waiting or in_progress.';
comment on column public.activity_request.errors is 'Faults found when it started: [{code, path, found, message, hint}].';
comment on column public.activity_request.timeout_at is 'When it is timed out if it has not ended.';
comment on column public.activity_request.created_at is 'When the request was expanded.';
comment on column public.activity_request.started_at is 'When it started.';
comment on column public.activity_request.finished_at is 'When it ended.';

create table public.activity_dependency (
  org_id uuid not null,
  activity_request_id uuid not null,
  depends_on_id uuid not null,
  primary key (activity_request_id, depends_on_id),
  foreign key (activity_request_id, org_id) references public.activity_request (id, org_id) on delete cascade,
  foreign key (depends_on_id, org_id) references public.activity_request (id, org_id) on delete cascade
);
create index activity_dependency_depends_on_idx on public.activity_dependency (depends_on_id);
comment on table public.activity_dependency is 'Explicit edges (destination.activity): the one waits for the other and takes its objects.';
comment on column public.activity_dependency.org_id is 'Their tenant.';
comment on column public.activity_dependency.activity_request_id is 'The one that waits.';
comment on column public.activity_dependency.depends_on_id is 'The one whose objects it takes.';

-- ---------------------------------------------------------------- objects and values

create table public.object (
  id uuid not null default utils.new_id(),
  org_id uuid not null,
  object_type_id uuid not null,
  natural_key jsonb not null,
  key_hash bytea not null,
  created_at timestamptz not null default now(),
  unique (org_id, object_type_id, key_hash)
);
create index object_object_type_id_idx on public.object (object_type_id);
-- After the other indexes, as in workflow_request.
alter table public.object add primary key (id, org_id);
comment on table public.object is 'A thing of a type, stored once per natural key and tenant.';
comment on column public.object.id is 'Identity of the object.';
comment on column public.object.org_id is 'Its tenant.';
comment on column public.object.object_type_id is 'Its type.';
comment on column public.object.natural_key is 'Key datapoint → normalised value (text trimmed, lower-case, NFC).';
comment on column public.object.key_hash is 'SHA-256 of natural_key: a key of any length fits the unique index.';
comment on column public.object.created_at is 'When it was first seen.';

create table public.value (
  id bigint generated always as identity,
  org_id uuid not null,
  object_id uuid not null,
  datapoint_id uuid not null,
  source_id uuid,
  value jsonb not null,
  confidence numeric not null,
  run_request_id uuid,
  observed_at timestamptz not null,
  primary key (id),
  unique nulls not distinct (object_id, datapoint_id, source_id)
) with (fillfactor = 90);
-- No index by datapoint or source: only deleting such a row would read it, and every value stored would pay for it.
comment on table public.value is 'The latest value of a datapoint of an object from one source, with its provenance.';
comment on column public.value.id is 'Identity of the value.';
comment on column public.value.org_id is 'Its tenant.';
comment on column public.value.object_id is 'The object that has it.';
comment on column public.value.datapoint_id is 'What it says of the object.';
comment on column public.value.source_id is 'Who said so; null means the request''s own input.';
comment on column public.value.value is 'The value; never JSON null.';
comment on column public.value.confidence is 'datapoint_source.confidence when it was stored; 1 for input.';
comment on column public.value.run_request_id is 'The HTTP request whose answer held it.';
comment on column public.value.observed_at is 'When it was seen last.';

create table public.activity_object (
  org_id uuid not null,
  activity_request_id uuid not null,
  role text not null check (role in ('input', 'result')),
  object_id uuid not null,
  ordinal bigint generated always as identity,
  score numeric,
  is_new boolean,
  primary key (activity_request_id, role, object_id)
);
create index activity_object_object_id_idx on public.activity_object (object_id);
comment on table public.activity_object is 'Which objects an activity request takes (input) and results in (result).';
comment on column public.activity_object.org_id is 'Their tenant.';
comment on column public.activity_object.activity_request_id is 'The activity request.';
comment on column public.activity_object.role is 'input or result.';
comment on column public.activity_object.object_id is 'The object.';
comment on column public.activity_object.ordinal is 'Order in which they came.';
comment on column public.activity_object.score is
  'Share of the activity''s use cases that a found object meets, 0 to 1; null when it was not ranked.';
comment on column public.activity_object.is_new is
  'Whether a search found the object for the first time; null for input.';

create table public.guardrail_refusal (
  id bigint generated always as identity primary key,
  org_id uuid not null,
  activity_request_id uuid not null,
  object_id uuid not null,
  stage text not null check (stage in ('before_run', 'after_result')),
  datapoint_id uuid references public.datapoint (id) on delete cascade,
  source_id uuid references public.source (id) on delete cascade,
  factor_id uuid references public.factor (id) on delete set null,
  description text not null,
  value jsonb,
  run_request_id uuid,
  refused_at timestamptz not null default now(),
  unique nulls not distinct (activity_request_id, object_id, factor_id, stage, datapoint_id, source_id),
  foreign key (activity_request_id, org_id) references public.activity_request (id, org_id) on delete cascade,
  foreign key (object_id, org_id) references public.object (id, org_id) on delete cascade
);
create index guardrail_refusal_object_id_idx on public.guardrail_refusal (object_id);
create index guardrail_refusal_run_request_idx on public.guardrail_refusal (run_request_id) where run_request_id is not null;
comment on table public.guardrail_refusal is
  'What a guardrail refused: an object that was not run (before_run), or a value or found object that was not accepted (after_result).';
comment on column public.guardrail_refusal.id is 'Identity of the refusal.';
comment on column public.guardrail_refusal.org_id is 'Its tenant.';
comment on column public.guardrail_refusal.activity_request_id is 'The activity request whose guardrail it was.';
comment on column public.guardrail_refusal.object_id is 'The object.';
comment on column public.guardrail_refusal.stage is 'before_run or after_result.';
comment on column public.guardrail_refusal.datapoint_id is 'The datapoint of the value that broke the guardrail.';
comment on column public.guardrail_refusal.source_id is 'The source that gave the value; null for the request''s own input.';
comment on column public.guardrail_refusal.factor_id is 'The guardrail; null when it was deleted since.';
comment on column public.guardrail_refusal.description is 'The guardrail''s sentence as it was then.';
comment on column public.guardrail_refusal.value is 'The value that broke it; null when there was none.';
comment on column public.guardrail_refusal.run_request_id is 'The HTTP request whose answer held the value.';
comment on column public.guardrail_refusal.refused_at is 'When.';

-- ---------------------------------------------------------------- runs and exchange

create table public.run_queue (
  id uuid not null default utils.new_id(),
  org_id uuid not null,
  workflow_request_id uuid not null,
  activity_request_id uuid not null,
  source_id uuid not null,
  object_id uuid,
  datapoint_ids uuid[] not null default '{}',
  run_request_id uuid,
  priority int not null default 0,
  state public.run_queue_state not null default 'new',
  state_substate text,
  state_via public.run_queue_state[],
  error jsonb,
  due_at timestamptz not null default now(),
  timeout_at timestamptz,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (id, org_id),
  unique nulls not distinct (activity_request_id, object_id, source_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0.05);
-- Each tenant has a queue of its own at each source, so a claim can go round the tenants. In this order the runs of one
-- activity lie side by side, so a batch for one HTTP request is one range.
create index run_queue_due_idx on public.run_queue (source_id, org_id, priority desc, due_at, activity_request_id)
  where state in ('waiting', 'ready');
create index run_queue_open_idx on public.run_queue (activity_request_id)
  where state in ('new', 'valid', 'waiting', 'ready', 'in_progress');
-- By what carries it a run is looked for until it has its answer; few end otherwise.
create index run_queue_run_request_idx on public.run_queue (run_request_id)
  where run_request_id is not null and state <> 'done';
-- One that has not been sent has no time limit of its own.
create index run_queue_timeout_idx on public.run_queue (timeout_at)
  where timeout_at is not null and state in ('waiting', 'ready', 'in_progress');
create index run_queue_finished_idx on public.run_queue (org_id, source_id, finished_at) where finished_at is not null;
comment on table public.run_queue is 'One row per object and source that is still to be asked (no object: one row per search).';
comment on column public.run_queue.id is 'Identity of the run.';
comment on column public.run_queue.org_id is 'Its tenant.';
comment on column public.run_queue.workflow_request_id is 'The request it serves.';
comment on column public.run_queue.activity_request_id is 'The activity request it serves.';
comment on column public.run_queue.source_id is 'Who is asked.';
comment on column public.run_queue.object_id is 'About what; null for a search that takes no object.';
comment on column public.run_queue.datapoint_ids is 'What is asked for.';
comment on column public.run_queue.run_request_id is 'The first HTTP request that carries it (run_request.root_id of its chain).';
comment on column public.run_queue.priority is 'workflow_request.priority, by which it is taken.';
comment on column public.run_queue.state is 'waiting: not yet allocated; in_progress: its HTTP requests run; then how it ended.';
comment on column public.run_queue.state_substate is 'no_value (the answer brought nothing asked for), refused (guardrails refused all it brought), missing_value, http_500, rate_limited, …';
comment on column public.run_queue.state_via is 'States between the last two when one write took several steps.';
comment on column public.run_queue.error is 'Why it failed: {code, message, …}.';
comment on column public.run_queue.due_at is 'Not allocated before this time.';
comment on column public.run_queue.timeout_at is 'When it is timed out if it has not ended.';
comment on column public.run_queue.created_at is 'When it was found to be needed.';
comment on column public.run_queue.finished_at is 'When it ended.';

create table public.run_request (
  id uuid not null default utils.new_id(),
  org_id uuid not null,
  workflow_request_id uuid not null,
  activity_request_id uuid not null,
  -- Nothing checks it: it is the source of the runs it carries, which refer to it and go with the same activity.
  source_id uuid not null,
  kind text not null check (kind in ('run', 'status', 'delivery')),
  root_id uuid not null,
  page int not null default 1,
  cursor jsonb,
  external_id text,
  attempts int not null default 0,
  polls int not null default 0,
  cost numeric not null default 0,
  state public.run_request_state not null default 'new',
  state_substate text,
  state_via public.run_request_state[],
  due_at timestamptz not null default now(),
  lease_until timestamptz,
  lease_token uuid,
  worker text,
  http_status int,
  error jsonb,
  created_at timestamptz not null default now(),
  claimed_at timestamptz,
  finished_at timestamptz,
  -- In the row, which is written twice as a rule, and not beside it: a row of its own with its key and foreign key
  -- costs more than the second copy of a small request. A large one (2 kB) is stored out of line and not copied.
  request jsonb,
  primary key (id, org_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0.05);
create index run_request_due_idx on public.run_request (source_id, org_id, due_at) where state in ('waiting', 'ready');
create index run_request_flight_idx on public.run_request (source_id, lease_until) where state = 'in_progress';
-- For a chain too: it is of one activity, so no other index by root_id is needed.
create index run_request_activity_idx on public.run_request (activity_request_id, root_id);
comment on table public.run_request is 'One HTTP request to a source: a run, a status question, a fetch of the result, or a further page.';
comment on column public.run_request.id is 'Identity of the HTTP request.';
comment on column public.run_request.org_id is 'Its tenant.';
comment on column public.run_request.workflow_request_id is 'The request it serves.';
comment on column public.run_request.activity_request_id is 'The activity request it serves.';
comment on column public.run_request.source_id is 'Who is asked.';
comment on column public.run_request.kind is 'run, status or delivery: which template of the source is sent.';
comment on column public.run_request.root_id is 'The first request of its chain; run_queue.run_request_id names it.';
comment on column public.run_request.page is 'Which page is asked, from 1.';
comment on column public.run_request.cursor is 'The cursor that the page before gave.';
comment on column public.run_request.external_id is 'The id that the third party gave to an asynchronous run.';
comment on column public.run_request.attempts is 'How often it was claimed to be sent; hand-backs do not count.';
comment on column public.run_request.polls is 'How often a status question was answered "not yet".';
comment on column public.run_request.cost is
  'What it costs: source.cost_per_run when it was made, for kind run; else 0. In the currency of the tenant.';
comment on column public.run_request.state is 'Where it stands.';
comment on column public.run_request.state_substate is 'backoff, polling, released, lease_expired; or the class of the last error.';
comment on column public.run_request.state_via is 'States between the last two when one write took several steps.';
comment on column public.run_request.due_at is 'Not claimed before this time.';
comment on column public.run_request.lease_until is 'Until when the worker may complete it.';
comment on column public.run_request.lease_token is 'Proof of the current claim; a completion without it changes nothing.';
comment on column public.run_request.worker is 'Who claimed it last.';
comment on column public.run_request.http_status is 'Status of the last answer.';
comment on column public.run_request.error is 'The last error: {code, message, retry}.';
comment on column public.run_request.created_at is 'When it was made.';
comment on column public.run_request.claimed_at is 'When it was claimed last.';
comment on column public.run_request.finished_at is 'When it ended.';
comment on column public.run_request.request is
  'What is sent, rendered, secrets still as placeholders: {method, url, query, headers, body}; null when it could not be rendered.';

create table etl_api.source_window (
  source_id uuid not null references public.source (id) on delete cascade,
  period text not null check (period in ('second', 'minute', 'day')),
  began_at timestamptz not null,
  used int not null,
  primary key (source_id, period)
);
comment on table etl_api.source_window is
  'How many HTTP requests a source with a rate_limit was sent in the current second, minute and day; written by claims.';
comment on column etl_api.source_window.source_id is 'The source.';
comment on column etl_api.source_window.period is 'second, minute or day.';
comment on column etl_api.source_window.began_at is 'When the window began, in UTC.';
comment on column etl_api.source_window.used is 'Requests claimed in it.';

create table etl_api.source_turn (
  source_id uuid primary key references public.source (id) on delete cascade,
  org_id uuid not null
);
comment on table etl_api.source_turn is
  'The tenant that a source served last: the next claim begins behind it, so that all have their turn.';
comment on column etl_api.source_turn.source_id is 'The source.';
comment on column etl_api.source_turn.org_id is 'The tenant served last.';

create table etl_api.budget_used (
  org_id uuid not null references public.org (id) on delete cascade,
  month date,
  workflow_request_id uuid,
  workflow_replay int generated always as (0) stored,
  cap numeric,
  amount numeric not null default 0,
  unique nulls not distinct (org_id, month, workflow_request_id),
  check ((month is null) <> (workflow_request_id is null)),
  foreign key (workflow_request_id, org_id, workflow_replay)
    references public.workflow_request (id, org_id, replay) on delete cascade
) with (fillfactor = 50);
create index budget_used_workflow_idx on etl_api.budget_used (workflow_request_id) where workflow_request_id is not null;
comment on table etl_api.budget_used is
  'What the runs of a tenant in a month, or of a workflow request, have cost so far, kept only where a budget caps it; written as their HTTP requests are made.';
comment on column etl_api.budget_used.org_id is 'The tenant.';
comment on column etl_api.budget_used.month is 'First day of the month, in UTC; null for a workflow.';
comment on column etl_api.budget_used.workflow_request_id is 'The workflow request; null for a month.';
comment on column etl_api.budget_used.workflow_replay is 'Always 0; completes the foreign key.';
comment on column etl_api.budget_used.cap is
  'What the workflow request may cost, its config.budget; null for a month, where org.settings says it.';
comment on column etl_api.budget_used.amount is 'Cost so far, in the currency of the tenant.';

create table public.run_response (
  run_request_id uuid not null,
  org_id uuid not null,
  answer_no int not null,
  http_status int,
  headers jsonb,
  body jsonb,
  body_text text,
  duration_ms int,
  received_at timestamptz not null default now(),
  primary key (run_request_id, answer_no, org_id)
);
comment on table public.run_response is 'What came back, one row per accepted answer.';
comment on column public.run_response.run_request_id is 'The HTTP request.';
comment on column public.run_response.org_id is 'Its tenant.';
comment on column public.run_response.answer_no is 'Which answer of that request, from 1: attempts and polls counted together.';
comment on column public.run_response.http_status is 'Status of the answer; null when none came.';
comment on column public.run_response.headers is 'The headers the engine reads (content-type, retry-after).';
comment on column public.run_response.body is 'The answer as JSON; null when it was none.';
comment on column public.run_response.body_text is 'The first 2,000 characters of an answer that was not JSON.';
comment on column public.run_response.duration_ms is 'Milliseconds from sending to the last byte.';
comment on column public.run_response.received_at is 'When it was reported.';

-- What one completion reports of one HTTP request, with the engine's verdict on it; never stored.
create type etl_api.answer as (
  run_request_id uuid,
  org_id uuid,
  workflow_request_id uuid,
  activity_request_id uuid,
  source_id uuid,
  root_id uuid,
  kind text,
  page int,
  attempts int,
  polls int,
  http_status int,
  body jsonb,
  external_id text,
  next_cursor jsonb,
  verdict text,
  code text,
  message text,
  due_at timestamptz
);
comment on type etl_api.answer is
  'An accepted answer and its verdict: map, ask (a status or delivery request follows), poll, retry or fail.';

-- ---------------------------------------------------------------- results and delivery

create table public.activity_result (
  activity_request_id uuid not null,
  org_id uuid not null,
  objects jsonb not null,
  refusals jsonb not null default '[]',
  summary jsonb not null,
  created_at timestamptz not null default now(),
  primary key (activity_request_id, org_id)
);
comment on table public.activity_result is 'The rebuilt result of an activity request, as it is delivered.';
comment on column public.activity_result.activity_request_id is 'The activity request.';
comment on column public.activity_result.org_id is 'Its tenant.';
comment on column public.activity_result.objects is '[{object_type, key, values, provenance}], in the order the objects came.';
comment on column public.activity_result.refusals is
  'What guardrails refused: [{key, stage, datapoint, source, value, description}], the first 1,000; the summary counts all.';
comment on column public.activity_result.summary is 'Counts: objects, values, missing, refused, new, known, runs by state.';
comment on column public.activity_result.created_at is 'When it was rebuilt.';

create table etl_api.alert_rule (
  id uuid not null default gen_random_uuid(),
  org_id uuid not null references public.org (id) on delete cascade,
  name text not null check (name <> ''),
  kind text not null check (kind in ('stuck', 'failure_rate', 'queue_age', 'source_down')),
  threshold numeric not null check (threshold >= 0),
  window_seconds int not null default 900 check (window_seconds between 60 and 604800),
  source_id uuid references public.source (id) on delete cascade,
  endpoint_id uuid,
  enabled boolean not null default true,
  checked_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (id, org_id),
  unique (org_id, name),
  foreign key (endpoint_id, org_id) references public.webhook_endpoint (id, org_id)
);
create index alert_rule_due_idx on etl_api.alert_rule (coalesce(checked_at, '-infinity')) where enabled;
create index alert_rule_source_id_idx on etl_api.alert_rule (source_id) where source_id is not null;
create index alert_rule_endpoint_id_idx on etl_api.alert_rule (endpoint_id) where endpoint_id is not null;
comment on table etl_api.alert_rule is 'When a tenant wants to be told: a figure, its threshold, and where the message goes.';
comment on column etl_api.alert_rule.id is 'Identity of the rule.';
comment on column etl_api.alert_rule.org_id is 'Its tenant.';
comment on column etl_api.alert_rule.name is 'Name shown to people, unique per tenant.';
comment on column etl_api.alert_rule.kind is
  'stuck (rows over their time), failure_rate (share of runs that failed in the window), queue_age (seconds the oldest due run waits), source_down (share of HTTP requests of a source that failed in the window).';
comment on column etl_api.alert_rule.threshold is 'The alert is raised when the figure is above this: rows, a share from 0 to 1, seconds, a share from 0 to 1.';
comment on column etl_api.alert_rule.window_seconds is 'Seconds back from now that failure_rate and source_down look at.';
comment on column etl_api.alert_rule.source_id is 'For source_down, failure_rate and queue_age: only this source; null: each source by itself, or all together.';
comment on column etl_api.alert_rule.endpoint_id is 'Where alert.raised and alert.resolved are sent; null: nowhere, the rows are enough.';
comment on column etl_api.alert_rule.enabled is 'Whether it is looked at.';
comment on column etl_api.alert_rule.checked_at is 'When it was looked at last; written by the engine.';
comment on column etl_api.alert_rule.created_at is 'When the rule was made.';

create table etl_api.alert (
  id uuid not null default utils.new_id(),
  org_id uuid not null references public.org (id) on delete cascade,
  rule_id uuid not null,
  source_id uuid references public.source (id) on delete cascade,
  kind text not null,
  message text not null,
  value numeric not null,
  threshold numeric not null,
  raised_at timestamptz not null,
  resolved_at timestamptz,
  primary key (id, org_id),
  foreign key (rule_id, org_id) references etl_api.alert_rule (id, org_id) on delete cascade
);
create unique index alert_open_idx on etl_api.alert (rule_id, source_id) nulls not distinct where resolved_at is null;
create index alert_org_id_idx on etl_api.alert (org_id, raised_at);
create index alert_source_id_idx on etl_api.alert (source_id) where source_id is not null;
comment on table etl_api.alert is 'A rule whose figure is above its threshold, from when until when; at most one open per rule and source.';
comment on column etl_api.alert.id is 'Identity of the alert.';
comment on column etl_api.alert.org_id is 'Its tenant.';
comment on column etl_api.alert.rule_id is 'The rule.';
comment on column etl_api.alert.source_id is 'The source it is about; null when it is about none.';
comment on column etl_api.alert.kind is 'The kind of the rule.';
comment on column etl_api.alert.message is 'What is wrong, in a sentence.';
comment on column etl_api.alert.value is 'The figure when it was raised.';
comment on column etl_api.alert.threshold is 'The threshold when it was raised.';
comment on column etl_api.alert.raised_at is 'When it was raised.';
comment on column etl_api.alert.resolved_at is 'When the figure was back at or below the threshold; null while it is open.';

create table public.delivery (
  id uuid not null default utils.new_id(),
  org_id uuid not null,
  workflow_request_id uuid,
  activity_request_id uuid,
  alert_id uuid,
  message_id uuid,
  endpoint_id uuid,
  url text not null,
  secret_name text not null,
  event_type text not null,
  attempts int not null default 0,
  state public.delivery_state not null default 'new',
  state_substate text,
  state_via public.delivery_state[],
  due_at timestamptz not null default now(),
  lease_until timestamptz,
  lease_token uuid,
  worker text,
  http_status int,
  error jsonb,
  created_at timestamptz not null default now(),
  claimed_at timestamptz,
  finished_at timestamptz,
  primary key (id, org_id),
  foreign key (alert_id, org_id) references etl_api.alert (id, org_id) on delete cascade,
  foreign key (endpoint_id, org_id) references public.webhook_endpoint (id, org_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0.05);
create index delivery_due_idx on public.delivery (due_at) where state in ('waiting', 'ready');
create index delivery_lease_idx on public.delivery (lease_until) where state = 'in_progress';
create index delivery_workflow_idx on public.delivery (workflow_request_id);
create index delivery_activity_idx on public.delivery (activity_request_id);
-- Each message is written three times, each time with an entry in every index; most go to a URL that the request gave.
create index delivery_endpoint_idx on public.delivery (endpoint_id) where endpoint_id is not null;
create index delivery_alert_idx on public.delivery (alert_id) where alert_id is not null;
create index delivery_message_idx on public.delivery (message_id) where message_id is not null;
comment on table public.delivery is 'One message to one address; its id is the webhook-id and stays over all attempts.';
comment on column public.delivery.id is 'Identity of the message.';
comment on column public.delivery.org_id is 'Its tenant.';
comment on column public.delivery.workflow_request_id is 'The request it tells of; null for an alert.';
comment on column public.delivery.alert_id is 'The alert it tells of; null for a result.';
comment on column public.delivery.message_id is
  'What webhook-id is made of when the message was delivered before: the id of its first delivery; null: its own id.';
comment on column public.delivery.activity_request_id is 'The activity request it tells of; null for the whole workflow.';
comment on column public.delivery.endpoint_id is 'The endpoint it goes to; null when the request gave a URL.';
comment on column public.delivery.url is 'The address it goes to.';
comment on column public.delivery.secret_name is 'Name of the secret that signs it.';
comment on column public.delivery.event_type is 'activity_request.done, activity_request.failed, …, workflow_request.done, …';
comment on column public.delivery.attempts is 'How often it was claimed to be sent; hand-backs do not count.';
comment on column public.delivery.state is 'Where it stands; delivered once the client said 2xx.';
comment on column public.delivery.state_substate is 'backoff, released, lease_expired; or the class of the last error.';
comment on column public.delivery.state_via is 'States between the last two when one write took several steps.';
comment on column public.delivery.due_at is 'Not claimed before this time.';
comment on column public.delivery.lease_until is 'Until when the worker may complete it.';
comment on column public.delivery.lease_token is 'Proof of the current claim; a completion without it changes nothing.';
comment on column public.delivery.worker is 'Who claimed it last.';
comment on column public.delivery.http_status is 'Status of the last answer.';
comment on column public.delivery.error is 'The last error: {code, message, retry}.';
comment on column public.delivery.created_at is 'When it was made.';
comment on column public.delivery.claimed_at is 'When it was claimed last.';
comment on column public.delivery.finished_at is 'When it ended.';

create table public.delivery_body (
  delivery_id uuid not null,
  org_id uuid not null,
  body jsonb not null,
  primary key (delivery_id, org_id),
  foreign key (delivery_id, org_id) references public.delivery (id, org_id) on delete cascade
);
comment on table public.delivery_body is 'What a message says, the same on every attempt.';
comment on column public.delivery_body.delivery_id is 'The message.';
comment on column public.delivery_body.org_id is 'Its tenant.';
comment on column public.delivery_body.body is '{type, timestamp, data}.';

-- ---------------------------------------------------------------- state

create table etl_api.state_transition (
  from_state text not null,
  to_state text not null,
  kind text not null check (kind in ('normal', 'recovery', 'cancel')),
  primary key (from_state, to_state)
);
comment on table etl_api.state_transition is 'Every allowed step, for all tables with a state. The guard reads it for every writer.';
comment on column etl_api.state_transition.from_state is 'State before.';
comment on column etl_api.state_transition.to_state is 'State after.';
comment on column etl_api.state_transition.kind is
  'normal: the way forward; recovery: retry, lease, redrive; cancel: allowed only with substate cancelled.';

insert into etl_api.state_transition (from_state, to_state, kind)
values
  ('new', 'valid', 'normal'),
  ('new', 'invalid', 'normal'),
  ('valid', 'ready', 'normal'),
  ('valid', 'waiting', 'normal'),
  ('waiting', 'ready', 'normal'),
  ('waiting', 'invalid', 'normal'),
  ('waiting', 'timedout', 'normal'),
  ('ready', 'in_progress', 'normal'),
  ('in_progress', 'done', 'normal'),
  ('in_progress', 'failed', 'normal'),
  ('in_progress', 'timedout', 'normal'),
  ('done', 'delivered', 'normal'),
  ('in_progress', 'ready', 'recovery'),
  ('in_progress', 'waiting', 'recovery'),
  ('failed', 'ready', 'recovery'),
  ('failed', 'new', 'recovery'),
  ('timedout', 'ready', 'recovery'),
  ('timedout', 'new', 'recovery'),
  ('invalid', 'ready', 'recovery'),
  ('invalid', 'new', 'recovery'),
  ('new', 'failed', 'cancel'),
  ('valid', 'failed', 'cancel'),
  ('waiting', 'failed', 'cancel'),
  ('ready', 'failed', 'cancel');

-- What the guard works on; never stored.
create type etl_api.state_move as (
  ids uuid[],
  org_ids uuid[],
  workflow_request_ids uuid[],
  moved boolean,
  from_state text,
  from_substate text,
  via text[],
  to_state text,
  substate text,
  has_errors boolean,
  message text
);
comment on type etl_api.state_move is
  'Rows that one statement took the same way: from_state, via, to_state; org_ids: the tenant of each; moved: it changed their id.';

-- One row per write, not per step: a row walks several steps in one write, and each row here costs that write two
-- microseconds. etl_api.state_history shows each step as a row.
create table etl_api.state_step (
  entity etl_api.entity_kind not null,
  entity_id uuid not null,
  org_id uuid not null,
  seq bigint generated always as identity,
  from_state text,
  from_substate text,
  via text[],
  to_state text not null,
  substate text,
  reason text,
  message text,
  at timestamptz not null,
  xid bigint not null default pg_current_xact_id()::text::bigint,
  primary key (entity_id, seq, at)
) partition by range (at);
-- Rows lie in the order they came, so a few bytes per 64 pages find the newest: the roll-up and the views read them by
-- this. A B-tree would find them too, but cost every step about a microsecond and 80 bytes of WAL; this costs next to
-- nothing, and the roll-up keeps it summarised.
create index state_step_xid_idx on etl_api.state_step using brin (xid) with (pages_per_range = 64);
create table etl_api.state_step_default partition of etl_api.state_step default;
comment on table etl_api.state_step is
  'What every write did to the state of every row with a state, in order of seq; partitioned by month, a missing month lands in the default partition. Read it as etl_api.state_history, step by step.';
comment on column etl_api.state_step.entity is 'The table of the row.';
comment on column etl_api.state_step.entity_id is 'The row.';
comment on column etl_api.state_step.org_id is 'Its tenant.';
comment on column etl_api.state_step.seq is 'Order of the writes.';
comment on column etl_api.state_step.from_state is 'State before; null when the row was made.';
comment on column etl_api.state_step.from_substate is 'Substate before.';
comment on column etl_api.state_step.via is 'States it passed on the way from the one to the other; null when there is no more than a step.';
comment on column etl_api.state_step.to_state is 'State after; deleted when the row was deleted.';
comment on column etl_api.state_step.substate is 'Substate after.';
comment on column etl_api.state_step.reason is 'Why, in words, where somebody gave a reason (etl_api.set_reason).';
comment on column etl_api.state_step.message is 'What went wrong, as the row says, where it failed or is tried again.';
comment on column etl_api.state_step.at is 'When.';
comment on column etl_api.state_step.xid is 'The transaction that wrote it.';
comment on table etl_api.state_step_default is 'Steps of months that have no partition of their own.';

create table etl_api.roll_up_mark (
  only_one boolean primary key default true check (only_one),
  next_xid bigint not null,
  after_seq bigint not null default 0,
  cluster bigint not null,
  rolled_up_at timestamptz not null default now()
);
insert into etl_api.roll_up_mark (next_xid, cluster)
select 0, c.system_identifier
from pg_control_system() as c;
comment on table etl_api.roll_up_mark is 'How far state_history has been rolled up into the summaries; one row.';
comment on column etl_api.roll_up_mark.only_one is 'Always true: there is one row.';
comment on column etl_api.roll_up_mark.next_xid is 'The first transaction that has not been rolled up.';
comment on column etl_api.roll_up_mark.after_seq is
  'Steps up to this one are in the summaries, whatever their transaction: they were there when all was counted anew.';
comment on column etl_api.roll_up_mark.cluster is
  'The server whose transaction numbers these are; restored on another server, all is counted anew.';
comment on column etl_api.roll_up_mark.rolled_up_at is 'When the sweep was here last, to the minute.';

create table etl_api.state_count (
  org_id uuid not null,
  entity etl_api.entity_kind not null,
  state text not null,
  state_substate text,
  rows bigint not null,
  unique nulls not distinct (org_id, entity, state, state_substate)
) with (fillfactor = 50);
comment on table etl_api.state_count is 'How many rows of a tenant are in which state, as far as rolled up.';
comment on column etl_api.state_count.org_id is 'The tenant.';
comment on column etl_api.state_count.entity is 'The table.';
comment on column etl_api.state_count.state is 'The state.';
comment on column etl_api.state_count.state_substate is 'The substate; null when all is plain.';
comment on column etl_api.state_count.rows is 'How many rows.';

create table etl_api.state_duration (
  org_id uuid not null,
  entity etl_api.entity_kind not null,
  state text not null,
  day date not null,
  bucket smallint not null,
  steps bigint not null,
  primary key (org_id, day, entity, state, bucket)
) with (fillfactor = 50);
create index state_duration_day_idx on etl_api.state_duration (day);
comment on table etl_api.state_duration is
  'How long rows stayed in a state before they left it, as far as rolled up: a histogram per tenant and day.';
comment on column etl_api.state_duration.org_id is 'The tenant.';
comment on column etl_api.state_duration.entity is 'The table.';
comment on column etl_api.state_duration.state is 'The state they left.';
comment on column etl_api.state_duration.day is 'The day they left it, in UTC.';
comment on column etl_api.state_duration.bucket is
  'Class of the duration: bucket b holds more than 2^((b-1)/4) and at most 2^(b/4) milliseconds; 0 holds up to one.';
comment on column etl_api.state_duration.steps is
  'How many steps; where very many were rolled up at once, as many as a sample of them stands for.';

create table etl_api.traffic (
  slot timestamptz not null,
  org_id uuid not null,
  source_id uuid,
  endpoint_id uuid,
  host text,
  bucket smallint not null,
  answers bigint not null,
  failures bigint not null,
  unique nulls not distinct (slot, org_id, source_id, endpoint_id, host, bucket)
) with (fillfactor = 50);
comment on table etl_api.traffic is
  'What sources and clients answered, per tenant and five minutes of the last eight days, as far as rolled up. One of source_id, endpoint_id and host is set.';
comment on column etl_api.traffic.slot is 'Begin of the five minutes.';
comment on column etl_api.traffic.org_id is 'The tenant.';
comment on column etl_api.traffic.source_id is 'The source that was asked.';
comment on column etl_api.traffic.endpoint_id is 'The endpoint a message was sent to.';
comment on column etl_api.traffic.host is 'The host a message was sent to, where the request gave a URL.';
comment on column etl_api.traffic.bucket is
  'Class of the time to the answer, as in state_duration; -1: not known, as with messages.';
comment on column etl_api.traffic.answers is 'Attempts that came to an end: an answer, or none in time.';
comment on column etl_api.traffic.failures is 'Of these, those that failed, to be tried again or not.';

create table etl_api.traffic_last (
  org_id uuid not null,
  source_id uuid,
  endpoint_id uuid,
  host text,
  success_at timestamptz,
  failure_at timestamptz,
  code text,
  message text,
  unique nulls not distinct (org_id, source_id, endpoint_id, host)
) with (fillfactor = 50);
comment on table etl_api.traffic_last is
  'The last success and the last failure of each source and each address of clients, per tenant, as far as rolled up.';
comment on column etl_api.traffic_last.org_id is 'The tenant.';
comment on column etl_api.traffic_last.source_id is 'The source.';
comment on column etl_api.traffic_last.endpoint_id is 'The endpoint.';
comment on column etl_api.traffic_last.host is 'The host, where requests gave a URL.';
comment on column etl_api.traffic_last.success_at is 'The last attempt that succeeded; null: none yet.';
comment on column etl_api.traffic_last.failure_at is 'The last attempt that failed; null: none yet.';
comment on column etl_api.traffic_last.code is 'The class of that failure.';
comment on column etl_api.traffic_last.message is 'That failure in words.';

create table etl_api.usage_day (
  org_id uuid not null,
  day date not null,
  activity_type text,
  activity_id uuid,
  source_id uuid,
  requests bigint not null default 0,
  requests_failed bigint not null default 0,
  request_seconds numeric not null default 0,
  runs bigint not null default 0,
  runs_failed bigint not null default 0,
  http_requests bigint not null default 0,
  http_failed bigint not null default 0,
  objects bigint not null default 0,
  "values" bigint not null default 0,
  refused bigint not null default 0,
  cost numeric not null default 0,
  unique nulls not distinct (org_id, day, activity_type, activity_id, source_id)
) with (fillfactor = 50);
comment on table etl_api.usage_day is
  'What a tenant used on a day, per activity and source, as far as rolled up.';
comment on column etl_api.usage_day.org_id is 'The tenant.';
comment on column etl_api.usage_day.day is 'The day, in UTC.';
comment on column etl_api.usage_day.activity_type is 'The type of the activity; null where no activity is concerned.';
comment on column etl_api.usage_day.activity_id is 'The activity; null where none is concerned.';
comment on column etl_api.usage_day.source_id is 'The source; null where none is concerned.';
comment on column etl_api.usage_day.requests is 'Activity requests that ended.';
comment on column etl_api.usage_day.requests_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.usage_day.request_seconds is 'Seconds that the ended activity requests took from start to end, together.';
comment on column etl_api.usage_day.runs is 'Runs that ended.';
comment on column etl_api.usage_day.runs_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.usage_day.http_requests is 'HTTP requests that ended.';
comment on column etl_api.usage_day.http_failed is 'Of these, those that failed or timed out.';
comment on column etl_api.usage_day.objects is 'Objects in the results of activity requests that ended.';
comment on column etl_api.usage_day."values" is 'Values in the results of activity requests that ended.';
comment on column etl_api.usage_day.refused is 'Refusals by guardrails in activity requests that ended.';
comment on column etl_api.usage_day.cost is 'Cost of the HTTP requests that ended, in the currency of the tenant.';

create table etl_api.usage_month (
  org_id uuid not null,
  month date not null,
  activity_type text,
  activity_id uuid,
  source_id uuid,
  requests bigint not null default 0,
  requests_failed bigint not null default 0,
  request_seconds numeric not null default 0,
  runs bigint not null default 0,
  runs_failed bigint not null default 0,
  http_requests bigint not null default 0,
  http_failed bigint not null default 0,
  objects bigint not null default 0,
  "values" bigint not null default 0,
  refused bigint not null default 0,
  cost numeric not null default 0,
  unique nulls not distinct (org_id, month, activity_type, activity_id, source_id)
) with (fillfactor = 50);
comment on table etl_api.usage_month is
  'What a tenant used in a month, per activity and source, as far as rolled up: usage_day added up, which the charts and the monthly usage read.';
comment on column etl_api.usage_month.org_id is 'The tenant.';
comment on column etl_api.usage_month.month is 'First day of the month, in UTC.';
comment on column etl_api.usage_month.activity_type is 'The type of the activity; null where no activity is concerned.';
comment on column etl_api.usage_month.activity_id is 'The activity; null where none is concerned.';
comment on column etl_api.usage_month.source_id is 'The source; null where none is concerned.';
comment on column etl_api.usage_month.requests is 'Activity requests that ended.';
comment on column etl_api.usage_month.requests_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.usage_month.request_seconds is 'Seconds that the ended activity requests took from start to end, together.';
comment on column etl_api.usage_month.runs is 'Runs that ended.';
comment on column etl_api.usage_month.runs_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.usage_month.http_requests is 'HTTP requests that ended.';
comment on column etl_api.usage_month.http_failed is 'Of these, those that failed or timed out.';
comment on column etl_api.usage_month.objects is 'Objects in the results of activity requests that ended.';
comment on column etl_api.usage_month."values" is 'Values in the results of activity requests that ended.';
comment on column etl_api.usage_month.refused is 'Refusals by guardrails in activity requests that ended.';
comment on column etl_api.usage_month.cost is 'Cost of the HTTP requests that ended, in the currency of the tenant.';

create table etl_api.data_quality_month (
  org_id uuid not null,
  month date not null,
  object_type_id uuid not null,
  datapoint_id uuid not null,
  source_id uuid,
  all_sources boolean not null,
  objects bigint not null,
  sampled boolean not null,
  with_value bigint not null,
  fresh bigint not null,
  median_age interval,
  compared bigint not null,
  conflicting bigint not null,
  refused bigint not null,
  measured_at timestamptz not null,
  unique nulls not distinct (org_id, month, datapoint_id, all_sources, source_id)
);
comment on table etl_api.data_quality_month is
  'How good a tenant''s values are per datapoint and source, as measured last in a month; read it through etl_api.data_quality.';
comment on column etl_api.data_quality_month.org_id is 'The tenant.';
comment on column etl_api.data_quality_month.month is 'First day of the month, in UTC.';
comment on column etl_api.data_quality_month.object_type_id is 'The type of the objects.';
comment on column etl_api.data_quality_month.datapoint_id is 'The datapoint.';
comment on column etl_api.data_quality_month.source_id is 'The source; null for the requests'' own input, and in the row of all sources.';
comment on column etl_api.data_quality_month.all_sources is 'Whether the row is about all sources together.';
comment on column etl_api.data_quality_month.objects is 'Objects of the type that were looked at.';
comment on column etl_api.data_quality_month.sampled is 'Whether there were more: then these are a random sample.';
comment on column etl_api.data_quality_month.with_value is 'Of these objects, those with a value.';
comment on column etl_api.data_quality_month.fresh is 'Of those with a value, those whose value is younger than max_age, or has none.';
comment on column etl_api.data_quality_month.median_age is 'Half of the values were younger than this when measured.';
comment on column etl_api.data_quality_month.compared is 'Of those with a value, those that have one from another source too.';
comment on column etl_api.data_quality_month.conflicting is 'Of those compared, those whose sources disagree.';
comment on column etl_api.data_quality_month.refused is 'Of the objects looked at, those of which a guardrail refused a value.';
comment on column etl_api.data_quality_month.measured_at is 'When it was measured.';

create table etl_api.data_quality_mark (
  org_id uuid primary key references public.org (id) on delete cascade,
  measured_at timestamptz not null,
  request_count bigint not null,
  run_count bigint not null,
  object_count bigint not null
);
comment on table etl_api.data_quality_mark is
  'When a tenant''s data quality was measured last, and its counters then: while they are the same there is nothing new to measure.';
comment on column etl_api.data_quality_mark.org_id is 'The tenant.';
comment on column etl_api.data_quality_mark.measured_at is 'When.';
comment on column etl_api.data_quality_mark.request_count is 'org.request_count then.';
comment on column etl_api.data_quality_mark.run_count is 'org.run_count then.';
comment on column etl_api.data_quality_mark.object_count is 'org.object_count then.';

create table etl_api.org_count_delta (
  id bigint generated always as identity primary key,
  org_id uuid,
  requests bigint not null default 0,
  runs bigint not null default 0,
  objects bigint not null default 0,
  free_objects bigint not null default 0,
  recount_datapoints boolean not null default false,
  created_at timestamptz not null default now(),
  check (org_id is not null or recount_datapoints)
);
create index org_count_delta_org_id_idx on etl_api.org_count_delta (org_id);
comment on table etl_api.org_count_delta is
  'Changes of the counters in org that were not added at once because another transaction held the row; the next to hold it adds them.';
comment on column etl_api.org_count_delta.id is 'Order of the changes.';
comment on column etl_api.org_count_delta.org_id is 'The tenant; null: every tenant, when shared datapoints came or went.';
comment on column etl_api.org_count_delta.requests is 'Added to request_count.';
comment on column etl_api.org_count_delta.runs is 'Added to run_count.';
comment on column etl_api.org_count_delta.objects is 'Added to object_count.';
comment on column etl_api.org_count_delta.free_objects is 'Taken from free_objects.';
comment on column etl_api.org_count_delta.recount_datapoints is 'Whether datapoint_count is to be counted anew.';
comment on column etl_api.org_count_delta.created_at is 'When.';

create table etl_api.advance_queue (
  id bigint generated always as identity primary key,
  activity_request_id uuid not null,
  org_id uuid not null,
  created_at timestamptz not null default now(),
  foreign key (activity_request_id, org_id) references public.activity_request (id, org_id) on delete cascade
);
comment on table etl_api.advance_queue is
  'Activity requests to look at again: a claim may end runs but holds no workflow lock, so it leaves a note here.';
comment on column etl_api.advance_queue.id is 'Order of the notes.';
comment on column etl_api.advance_queue.activity_request_id is 'The activity request.';
comment on column etl_api.advance_queue.org_id is 'Its tenant.';
comment on column etl_api.advance_queue.created_at is 'When the note was left.';

-- ---------------------------------------------------------------- log and settings

create table etl_api.etl_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  level text not null check (level in ('debug', 'info', 'warn', 'error')),
  station text not null,
  message text not null,
  org_id uuid,
  entity etl_api.entity_kind,
  entity_id uuid,
  trace_id uuid,
  context jsonb
);
create index etl_log_trace_idx on etl_api.etl_log (trace_id) where trace_id is not null;
create index etl_log_entity_idx on etl_api.etl_log (entity_id) where entity_id is not null;
create index etl_log_org_idx on etl_api.etl_log (org_id, at);
comment on table etl_api.etl_log is 'What the engine has to tell beyond states: every failure of every station with its cause.';
comment on column etl_api.etl_log.id is 'Order of the entries.';
comment on column etl_api.etl_log.at is 'When.';
comment on column etl_api.etl_log.level is 'debug, info, warn or error.';
comment on column etl_api.etl_log.station is 'Which station of the engine speaks.';
comment on column etl_api.etl_log.message is 'What happened, in a sentence.';
comment on column etl_api.etl_log.org_id is 'The tenant concerned; null when none is.';
comment on column etl_api.etl_log.entity is 'The table of the row concerned.';
comment on column etl_api.etl_log.entity_id is 'The row concerned.';
comment on column etl_api.etl_log.trace_id is 'The workflow request in whose course it happened; everything of one request has one.';
comment on column etl_api.etl_log.context is 'SQLSTATE, ids, figures; never a secret.';

create table etl_api.setting (
  name text primary key,
  value jsonb not null,
  description text not null
);
comment on table etl_api.setting is 'Settings of the engine as a whole; changed by its operator.';
comment on column etl_api.setting.name is 'Name of the setting.';
comment on column etl_api.setting.value is 'Its value.';
comment on column etl_api.setting.description is 'What it does, its unit.';

insert into etl_api.setting (name, value, description)
values
  ('workflow_timeout_seconds', '604800', 'Seconds a workflow may take when data.config.timeout_seconds says nothing.'),
  ('activity_timeout_seconds', '86400', 'Seconds an activity may take from its start when its config says nothing.'),
  ('run_timeout_seconds', '3600', 'Seconds a run may take from its allocation when the activity''s config says nothing.'),
  ('lease_seconds', '60', 'Seconds added to an HTTP request''s own time limit to make its lease.'),
  ('delivery_timeout_seconds', '15', 'Seconds a client may take to answer a message.'),
  ('delivery_schedule_seconds', '[5, 300, 1800, 7200, 18000, 36000, 36000]',
   'Seconds between the attempts to deliver a message; after the last one it is failed.'),
  ('realtime', 'true', 'Whether every change of state of a workflow or activity request is told by NOTIFY etl_state, and by Realtime broadcast where it exists.'),
  ('log_level', '"info"', 'What is written to etl_log where an org''s settings.log_level says nothing: debug, info, warn or error.'),
  ('stuck_after_seconds', '900', 'Seconds after which something due that nobody took counts as stuck.'),
  ('max_pages', '1000', 'Pages one run may fetch.'),
  ('data_quality_objects', '5000', 'Objects of a type that are looked at, at most, to measure data quality: of more a random sample.'),
  ('data_quality_seconds', '3600', 'Seconds between two measurements of the data quality of a tenant whose data changes.'),
  ('retention_days', 'null', 'Days for which what has ended is kept: requests with all their rows, alerts, the log; null keeps all. The sweep removes what is older; see etl_api.purge.'),
  ('summary_days', '400', 'Days for which usage_day and state_duration are kept once retention_days is set; usage_month stays.'),
  ('function_url', 'null', 'Base URL of the edge functions, for a doorbell by pg_net; null when something listens for NOTIFY.');

-- ---------------------------------------------------------------- references of the hot tables

-- A foreign key looks its parent up for each row: 2.5 to 4 microseconds, 24 times in a workflow request, a sixth of all
-- it cost. The tables that every request writes to keep theirs by statement triggers, which hold the same and look up
-- each parent once a statement. All other tables have foreign keys.
create table etl_api.table_reference (
  child regclass not null,
  columns text[] not null,
  parent regclass not null,
  keys text[] not null,
  on_delete text not null check (on_delete in ('cascade', 'restrict')),
  primary key (child, columns)
);
comment on table etl_api.table_reference is
  'References between tables that triggers keep in place of foreign keys; written by etl_api.keep_reference.';
comment on column etl_api.table_reference.child is 'The table that refers.';
comment on column etl_api.table_reference.columns is 'Its columns; a row with a null among them refers to nothing.';
comment on column etl_api.table_reference.parent is 'The table it refers to.';
comment on column etl_api.table_reference.keys is 'The columns of its key, the first of which names a row all by itself, but for replays.';
comment on column etl_api.table_reference.on_delete is
  'What becomes of rows that refer to one that is deleted: cascade, they go with it; restrict, it is refused.';

create function etl_api.refuse_new_key() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception using
    errcode = 'foreign_key_violation',
    message = pg_catalog.format('%s of a row of %I never change', pg_catalog.array_to_string(tg_argv, ', '), tg_table_name),
    hint = 'Insert a new row instead.';
end
$$;
comment on function etl_api.refuse_new_key() is
  'Refuses a write to columns that join rows, on either side; see etl_api.table_reference. 23503, always.';
revoke execute on function etl_api.refuse_new_key() from public;

-- A definition this file needs, so it stands here and not under sql/. What it makes is plain SQL, planned once.
create function etl_api.keep_reference(child regclass, columns text[], parent regclass, keys text[], on_delete text) returns void
language plpgsql
set search_path = ''
as $make$
-- Every name in the texts below is quoted by format, in parts that are then put together as they are, which the check
-- cannot follow.
-- @plpgsql_check_options: security_warnings = false
declare
  name constant text := (select c.relname from pg_catalog.pg_class as c where c.oid = child) || '_' || columns[1];
  child_name constant text := (select c.relname from pg_catalog.pg_class as c where c.oid = child);
  parent_name constant text := (select c.relname from pg_catalog.pg_class as c where c.oid = parent);
  -- n: new rows of the child, p: the parent, o: old rows of the parent, c: the child.
  listed constant text := (select pg_catalog.string_agg(pg_catalog.format('r.%I', c), ', ') from unnest(columns) as c);
  present constant text := (select pg_catalog.string_agg(pg_catalog.format('r.%I is not null', c), ' and ') from unnest(columns) as c);
  shown constant text := (select pg_catalog.string_agg(pg_catalog.format('stray.%I', c), ', ') from unnest(columns) as c);
  rest constant text := (
    select coalesce(pg_catalog.string_agg(pg_catalog.format('p.%I = n.%I', t.key, t.col), ' and '), 'true')
    from unnest(columns, keys) with ordinality as t (col, key, place) where t.place > 1);
  same constant text := (
    select pg_catalog.string_agg(pg_catalog.format('o.%I = c.%I', t.key, t.col), ' and ') from unnest(columns, keys) as t (col, key));
  -- A repeated request stands beside the first one for a moment, under the same id: nothing refers to it.
  one constant text := case when exists (
      select 1 from pg_catalog.pg_attribute as a where a.attrelid = parent and a.attname = 'replay' and not a.attisdropped)
    then 'replay = 0' else 'true' end;
  moved constant text := (
    select pg_catalog.string_agg(pg_catalog.format('old.%I is distinct from new.%I', c, c), ' or ') from unnest(columns) as c);
  parent_moved constant text := (
    select pg_catalog.string_agg(pg_catalog.format('old.%I is distinct from new.%I', k, k), ' or ') from unnest(keys) as k);
begin
  insert into etl_api.table_reference (child, columns, parent, keys, on_delete) values (child, columns, parent, keys, on_delete);

  -- The parent is looked up by the first column of its key alone: no other index can be taken, whatever the tables are
  -- like when the plan is made. Its row is held as a foreign key would hold it, so it cannot go meanwhile.
  execute pg_catalog.format($sql$
create function etl_api.%1$I() returns trigger
language plpgsql security definer
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $body$
declare
  stray record;
begin
  select n.* into stray
  from (select distinct %2$s from new_rows as r where %3$s offset 0) as n
  left join lateral (select p.* from %4$s as p where p.%5$I = n.%6$I and %12$s offset 0 for key share) as p on %7$s
  where p.%5$I is null
  limit 1;
  if found then
    raise exception using
      errcode = 'foreign_key_violation',
      message = pg_catalog.format('a row of %%I refers to one of %%I that is not there', %8$L, %9$L),
      detail = pg_catalog.format('(%%s) = (%%s).', %10$L, pg_catalog.concat_ws(', ', %11$s)),
      table = %8$L;
  end if;
  return null;
end
$body$
$sql$, 'check_' || name, listed, present, parent, keys[1], columns[1], rest, child_name, parent_name,
    pg_catalog.array_to_string(columns, ', '), shown, one);
  execute pg_catalog.format('comment on function etl_api.%I() is %L', 'check_' || name, pg_catalog.format(
    'Checks that what new rows of %s refer to by %s is there, once for each of %s they name; see etl_api.table_reference. 23503: it is not.',
    child_name, columns[1], parent_name));
  execute pg_catalog.format('revoke execute on function etl_api.%I() from public', 'check_' || name);
  execute pg_catalog.format(
    'create trigger %I after insert on %s referencing new table as new_rows for each statement execute function etl_api.%I()',
    'a_refers_' || columns[1], child, 'check_' || name);
  execute pg_catalog.format(
    'create trigger %I before update of %s on %s for each row when (%s) execute function etl_api.refuse_new_key(%s)',
    'a_keeps_' || columns[1], pg_catalog.array_to_string(columns, ', '), child, moved,
    (select pg_catalog.string_agg(pg_catalog.quote_literal(c), ', ') from unnest(columns) as c));
  execute pg_catalog.format('comment on trigger %I on %s is %L', 'a_refers_' || columns[1], child,
    'What new rows refer to is there; see etl_api.table_reference.');
  execute pg_catalog.format('comment on trigger %I on %s is %L', 'a_keeps_' || columns[1], child,
    'What a row refers to never changes; see etl_api.table_reference.');

  -- Rows that were inserted by others until now are seen, since the deleted row was held by them; that needs a
  -- statement that sees what was committed before it began.
  execute pg_catalog.format($sql$
create function etl_api.%1$I() returns trigger
language plpgsql security definer
set search_path = ''
set jit = off
as $body$
begin
  if not exists (select 1 from old_rows where %4$s) then
    return null;
  end if;
  if pg_catalog.current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('rows of %%I are deleted in a transaction that is read committed only', %2$L),
      hint = 'Use: set transaction isolation level read committed.';
  end if;
  %3$s
  return null;
end
$body$
$sql$, 'follow_' || name, parent_name,
    case on_delete
      when 'cascade' then pg_catalog.format(
        'delete from %1$s as c where c.%2$I = any (array(select o.%3$I from old_rows as o where %5$s)) and exists (select 1 from old_rows as o where %4$s);',
        child, columns[1], keys[1], same, one)
      else pg_catalog.format($sql$if exists (
    select 1 from %1$s as c
    where c.%2$I = any (array(select o.%3$I from old_rows as o where %7$s)) and exists (select 1 from old_rows as o where %4$s))
  then
    raise exception using
      errcode = 'foreign_key_violation',
      message = pg_catalog.format('a row of %%I is still referred to by %%I', %5$L, %6$L),
      hint = pg_catalog.format('Delete the rows of %%I first.', %6$L),
      table = %6$L;
  end if;$sql$, child, columns[1], keys[1], same, parent_name, child_name, one)
    end, one);
  execute pg_catalog.format('comment on function etl_api.%I() is %L', 'follow_' || name, pg_catalog.format(
    case on_delete when 'cascade' then 'Deletes the rows of %2$s that refer to rows of %1$s that were deleted; see etl_api.table_reference. ETL05: not in a read committed transaction.'
      else 'Refuses to delete rows of %1$s that rows of %2$s refer to; see etl_api.table_reference. 23503: they do. ETL05: not in a read committed transaction.' end,
    parent_name, child_name));
  execute pg_catalog.format('revoke execute on function etl_api.%I() from public', 'follow_' || name);
  execute pg_catalog.format(
    'create trigger %I after delete on %s referencing old table as old_rows for each statement execute function etl_api.%I()',
    'a_followed_by_' || name, parent, 'follow_' || name);
  execute pg_catalog.format('comment on trigger %I on %s is %L', 'a_followed_by_' || name, parent,
    'What refers to a row that goes; see etl_api.table_reference.');
  if not exists (select 1 from pg_catalog.pg_trigger as t where t.tgrelid = parent and t.tgname = 'a_keeps_key') then
    execute pg_catalog.format(
      'create trigger a_keeps_key before update of %s on %s for each row when (%s) execute function etl_api.refuse_new_key(%s)',
      pg_catalog.array_to_string(keys, ', '), parent, parent_moved,
      (select pg_catalog.string_agg(pg_catalog.quote_literal(k), ', ') from unnest(keys) as k));
    execute pg_catalog.format('comment on trigger a_keeps_key on %s is %L', parent,
      'The key that others refer to never changes; see etl_api.table_reference.');
  end if;
end
$make$;
comment on function etl_api.keep_reference(regclass, text[], regclass, text[], text) is
  'Makes a reference as a foreign key would be, kept by statement triggers: new rows of child need a row of parent and hold it, what they refer to never changes, and when it is deleted they go with it (on_delete cascade) or it is refused (restrict). For tables that every request writes to; only the owner of the tables calls it.';
revoke execute on function etl_api.keep_reference(regclass, text[], regclass, text[], text) from public;

do $$
begin
  perform etl_api.keep_reference(t.child, t.columns, t.parent, t.keys, t.on_delete)
  from (
    values
      ('public.workflow_request'::regclass, '{org_id}'::text[], 'public.org'::regclass, '{id}'::text[], 'restrict'),
      ('public.activity_request', '{workflow_request_id,org_id}', 'public.workflow_request', '{id,org_id}', 'cascade'),
      ('public.activity_request', '{activity_id}', 'public.activity', '{id}', 'restrict'),
      ('public.activity_request', '{object_type_id}', 'public.object_type', '{id}', 'restrict'),
      ('public.object', '{org_id}', 'public.org', '{id}', 'restrict'),
      ('public.object', '{object_type_id}', 'public.object_type', '{id}', 'restrict'),
      ('public.value', '{object_id,org_id}', 'public.object', '{id,org_id}', 'cascade'),
      ('public.value', '{datapoint_id}', 'public.datapoint', '{id}', 'cascade'),
      ('public.value', '{source_id}', 'public.source', '{id}', 'cascade'),
      ('public.activity_object', '{activity_request_id,org_id}', 'public.activity_request', '{id,org_id}', 'cascade'),
      ('public.activity_object', '{object_id,org_id}', 'public.object', '{id,org_id}', 'cascade'),
      ('public.run_queue', '{activity_request_id,org_id}', 'public.activity_request', '{id,org_id}', 'cascade'),
      ('public.run_queue', '{object_id,org_id}', 'public.object', '{id,org_id}', 'restrict'),
      ('public.run_queue', '{source_id}', 'public.source', '{id}', 'restrict'),
      ('public.run_request', '{activity_request_id,org_id}', 'public.activity_request', '{id,org_id}', 'cascade'),
      ('public.run_response', '{run_request_id,org_id}', 'public.run_request', '{id,org_id}', 'cascade'),
      ('public.activity_result', '{activity_request_id,org_id}', 'public.activity_request', '{id,org_id}', 'cascade'),
      ('public.delivery', '{workflow_request_id,org_id}', 'public.workflow_request', '{id,org_id}', 'cascade'),
      ('public.delivery', '{activity_request_id,org_id}', 'public.activity_request', '{id,org_id}', 'cascade')
  ) as t (child, columns, parent, keys, on_delete);
end
$$;

-- ---------------------------------------------------------------- row-level security: on everywhere, policies under sql/

alter table public.org enable row level security;
alter table public.org_member enable row level security;
alter table public.object_type enable row level security;
alter table public.datapoint enable row level security;
alter table public.source enable row level security;
alter table public.object_source enable row level security;
alter table public.datapoint_source enable row level security;
alter table public.activity enable row level security;
alter table public.factor enable row level security;
alter table public.webhook_endpoint enable row level security;
alter table public.workflow_request enable row level security;
alter table public.activity_request enable row level security;
alter table public.activity_dependency enable row level security;
alter table public.object enable row level security;
alter table public.value enable row level security;
alter table public.activity_object enable row level security;
alter table public.run_queue enable row level security;
alter table public.run_request enable row level security;
alter table public.run_response enable row level security;
alter table public.activity_result enable row level security;
alter table public.delivery enable row level security;
alter table public.delivery_body enable row level security;
alter table etl_api.state_transition enable row level security;
alter table etl_api.state_step enable row level security;
alter table etl_api.state_step_default enable row level security;
alter table etl_api.advance_queue enable row level security;
alter table etl_api.request_key enable row level security;
alter table etl_api.etl_log enable row level security;
alter table etl_api.setting enable row level security;
alter table public.workflow_schedule enable row level security;
alter table public.guardrail_refusal enable row level security;
alter table etl_api.source_window enable row level security;
alter table etl_api.source_turn enable row level security;
alter table etl_api.budget_used enable row level security;
alter table etl_api.roll_up_mark enable row level security;
alter table etl_api.state_count enable row level security;
alter table etl_api.state_duration enable row level security;
alter table etl_api.traffic enable row level security;
alter table etl_api.traffic_last enable row level security;
alter table etl_api.usage_day enable row level security;
alter table etl_api.usage_month enable row level security;
alter table etl_api.data_quality_month enable row level security;
alter table etl_api.data_quality_mark enable row level security;
alter table etl_api.org_count_delta enable row level security;
alter table etl_api.alert_rule enable row level security;
alter table etl_api.alert enable row level security;
alter table etl_api.table_reference enable row level security;

-- migrate:down
