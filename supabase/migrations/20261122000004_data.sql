-- migrate:up

-- What is kept, for how long, and what goes for good: soft delete of what others refer to, retention per tenant and
-- table, erasure with a report, limits. Every table touched here is small; columns come without a default.

-- ---------------------------------------------------------------- soft delete

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
        public.source,
        public.webhook_endpoint
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

-- Rows of work refer to sources and endpoints, so these cannot just go. What is deleted is switched off as well, and
-- stays so (trigger keep_deleted_off): whatever heeds the switch heeds the deletion.
alter table public.source
  add column deleted_at timestamptz,
  add constraint source_deleted_is_off check (deleted_at is null or not enabled);
comment on column public.source.deleted_at is
  'When the source was deleted; null while it is there. Nothing is asked of it, and it is not enabled until this is null again.';

alter table public.webhook_endpoint
  add column deleted_at timestamptz,
  add constraint webhook_endpoint_deleted_is_off check (deleted_at is null or disabled_at is not null);
comment on column public.webhook_endpoint.deleted_at is
  'When the endpoint was deleted; null while it is there. Nothing is sent to it, and it stays disabled until this is null again.';

-- Which tenants are deleted is asked by every claim: mostly none, and this index is empty.
create index org_deleted_idx on public.org (id) where deleted_at is not null;

-- ---------------------------------------------------------------- retention

create table etl_api.retention (
  id uuid not null default gen_random_uuid() primary key,
  org_id uuid references public.org (id) on delete cascade,
  what text not null check (what in ('workflow_request', 'run_response', 'delivery_body', 'object', 'alert', 'etl_log')),
  days numeric check (days between 1 and 365000),
  created_at timestamptz not null default now(),
  unique nulls not distinct (org_id, what)
);
comment on table etl_api.retention is
  'For how long what is kept, where the setting retention_days does not say it: a row of a tenant goes before the row for all, that before the setting.';
comment on column etl_api.retention.id is 'Identity of the rule.';
comment on column etl_api.retention.org_id is 'The tenant it is for; null: every tenant that has no rule of its own.';
comment on column etl_api.retention.what is
  'workflow_request (with all its rows, from its end), run_response (answers of sources, from the end of their request), delivery_body (what messages said, likewise), object (with its values, from when it was seen last and no request knows it), alert (from when it was resolved), etl_log.';
comment on column etl_api.retention.days is 'Days for which it is kept; null: for good.';
comment on column etl_api.retention.created_at is 'When the rule was made.';

create table etl_api.retention_mark (
  org_id uuid references public.org (id) on delete cascade,
  what text not null,
  finished_at timestamptz,
  after_id uuid,
  looked_at timestamptz,
  unique nulls not distinct (org_id, what)
) with (fillfactor = 50);
comment on table etl_api.retention_mark is
  'How far the sweep has gone through what it takes parts of (run_response, delivery_body) or has to look at one by one (object).';
comment on column etl_api.retention_mark.org_id is 'The tenant; null: all of them.';
comment on column etl_api.retention_mark.what is 'As in retention.';
comment on column etl_api.retention_mark.finished_at is 'The end of the last request it was taken from; null for object.';
comment on column etl_api.retention_mark.after_id is 'That request, or the last object looked at; null: from the first.';
comment on column etl_api.retention_mark.looked_at is 'When the last object was reached; null while on the way.';

-- ---------------------------------------------------------------- erasure

create table etl_api.erasure (
  id uuid not null default utils.new_id() primary key,
  org_id uuid not null,
  object_id uuid,
  asked_by text not null,
  began_at timestamptz not null,
  finished_at timestamptz,
  report jsonb not null default '{}' check (jsonb_typeof(report) = 'object')
);
create index erasure_open_idx on etl_api.erasure (began_at) where finished_at is null;
create index erasure_org_id_idx on etl_api.erasure (org_id);
comment on table etl_api.erasure is
  'What was erased for good, and that it was: ids and counts only. It outlives the tenant.';
comment on column etl_api.erasure.id is 'Identity of the erasure.';
comment on column etl_api.erasure.org_id is 'The tenant whose data it was; it may be gone, so nothing is referred to.';
comment on column etl_api.erasure.object_id is 'The object that was erased; null: all of the tenant.';
comment on column etl_api.erasure.asked_by is 'Who asked for it: the id of a user, or the role.';
comment on column etl_api.erasure.began_at is 'When it began.';
comment on column etl_api.erasure.finished_at is 'When nothing was left; null while the sweep goes on with it.';
comment on column etl_api.erasure.report is 'How many rows went or were blanked, by table: {"public.value": 12, …}.';

-- ---------------------------------------------------------------- limits

insert into etl_api.setting (name, value, description)
values
  ('max_data_bytes', '10000000', 'Bytes that data of a request may have, written as JSON; null: no limit. More is invalid (too_large).'),
  ('max_data_depth', '100', 'Levels that data of a request may be nested; null: no limit. More is invalid (too_deep).'),
  ('max_objects', '100000', 'Objects that one activity may take or find; null: no limit. A request that brings more is invalid (too_many_objects), a search stops there.'),
  ('max_values', '1000', 'Values that one request or answer may give to one object; null: no limit. More is too_many_values.'),
  ('max_matches', '100000', 'Places that one path may find in one document; null: no limit. More is too_many_matches.'),
  ('max_template_bytes', '100000', 'Bytes that one request template of a source may have, written as JSON; null: no limit. More is refused (ETL07).'),
  ('max_answer_bytes', '10000000', 'Bytes that one answer of a source may have, written as JSON; null: no limit. More fails (too_large). The functions stop reading at ETL_MAX_ANSWER_BYTES.')
on conflict (name) do nothing;

alter table etl_api.retention enable row level security;
alter table etl_api.retention_mark enable row level security;
alter table etl_api.erasure enable row level security;

-- migrate:down
