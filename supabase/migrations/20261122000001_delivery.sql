-- migrate:up

-- Delivery that loses nothing and lets no address delay another: endpoints with their own schedule, headers and order,
-- what clients answered, and lanes. New columns come without a default or with a constant one, so no table is written
-- anew. The indexes of delivery read the whole table once: on a very large one, make them before, with
-- "create index concurrently" and these names, after the column.

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
        public.webhook_endpoint,
        etl_api.alert,
        public.delivery
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

-- ---------------------------------------------------------------- endpoints

alter table public.webhook_endpoint
  add column description text,
  add column headers jsonb,
  add column schedule_seconds jsonb,
  add column ordered boolean not null default false,
  add column failing_since timestamptz,
  add column disabled_reason text check (disabled_reason in ('gone', 'failing'));
comment on column public.webhook_endpoint.description is 'What it is for, in the words of its tenant.';
comment on column public.webhook_endpoint.headers is
  'Headers that each message carries besides the engine''s own: {name: text}. A text may hold <<$secret.NAME>> of the tenant.';
comment on column public.webhook_endpoint.schedule_seconds is
  'Seconds between the attempts to deliver a message; null: the setting delivery_schedule_seconds.';
comment on column public.webhook_endpoint.ordered is
  'Whether messages go one after the other, the oldest first, and one that failed holds up those behind it; see also org.settings.ordered_deliveries.';
comment on column public.webhook_endpoint.failing_since is
  'The first failure since the last message it took; null while it is well; written by the engine.';
comment on column public.webhook_endpoint.disabled_reason is
  'Why the engine disabled it: gone (it said 410), failing (for endpoint_failing_days); null when a person did; written by the engine.';
create index webhook_endpoint_failing_idx on public.webhook_endpoint (id) where failing_since is not null;

-- ---------------------------------------------------------------- messages

alter table public.delivery
  add column if not exists lane uuid not null default '00000000-0000-0000-0000-000000000000',
  add column response text;
comment on column public.delivery.lane is
  'Whom it waits behind: the endpoint, or a hash of the tenant and the host of its URL; all zeros for messages older than lanes.';
comment on column public.delivery.response is 'The beginning of the last answer, 1,024 bytes at most; null when it was empty.';

create index if not exists delivery_lane_idx on public.delivery (lane, due_at) where state in ('waiting', 'ready');
create index if not exists delivery_flight_idx on public.delivery (lane, lease_until) where state = 'in_progress';
drop index public.delivery_lease_idx;

-- Messages of an endpoint are looked for by time (etl_api.replay).
create index if not exists delivery_endpoint_at_idx on public.delivery (endpoint_id, created_at) where endpoint_id is not null;
drop index public.delivery_endpoint_idx;

create table public.delivery_attempt (
  id bigint generated always as identity primary key,
  delivery_id uuid not null,
  org_id uuid not null,
  attempt int not null,
  at timestamptz not null,
  code text not null,
  message text not null,
  http_status int,
  response text,
  duration_ms int,
  foreign key (delivery_id, org_id) references public.delivery (id, org_id) on delete cascade
);
create index delivery_attempt_delivery_idx on public.delivery_attempt (delivery_id);
comment on table public.delivery_attempt is 'Attempts to deliver a message that failed, with what the client said; one that succeeded is in the message itself.';
comment on column public.delivery_attempt.id is 'Order of the attempts.';
comment on column public.delivery_attempt.delivery_id is 'The message.';
comment on column public.delivery_attempt.org_id is 'Its tenant.';
comment on column public.delivery_attempt.attempt is 'The how manieth it was; counted anew when the message is sent again.';
comment on column public.delivery_attempt.at is 'When it was reported.';
comment on column public.delivery_attempt.code is 'The class of the failure: http_nnn, timeout, network, …';
comment on column public.delivery_attempt.message is 'The failure in a sentence.';
comment on column public.delivery_attempt.http_status is 'Status of the answer; null when none came.';
comment on column public.delivery_attempt.response is 'The beginning of the answer, 1,024 bytes at most; null when it was empty.';
comment on column public.delivery_attempt.duration_ms is 'Milliseconds from sending to the end of the answer or of the wait.';
alter table public.delivery_attempt enable row level security;

-- ---------------------------------------------------------------- lanes

create table etl_api.delivery_lane (
  lane uuid not null primary key,
  org_id uuid not null references public.org (id) on delete cascade,
  at_once int check (at_once >= 1),
  wanted boolean not null default false,
  head_id uuid,
  releasing boolean not null default false,
  changed_at timestamptz not null
) with (fillfactor = 50);
create index delivery_lane_org_id_idx on etl_api.delivery_lane (org_id);
create index delivery_lane_wanted_idx on etl_api.delivery_lane (lane) where wanted;
create index delivery_lane_releasing_idx on etl_api.delivery_lane (lane) where releasing;
comment on table etl_api.delivery_lane is
  'How many messages may be under way at once to an address; an address without a row has not needed more than the setting lane_start.';
comment on column etl_api.delivery_lane.lane is 'As in delivery: an endpoint, or a hash of the tenant and a host.';
comment on column etl_api.delivery_lane.org_id is 'Its tenant.';
comment on column etl_api.delivery_lane.at_once is
  'Messages that may be under way at once: doubled when it took all it was sent, cut when it is slow or dead; null: as many as there are. Null also says that the endpoint is in use and not ordered.';
comment on column etl_api.delivery_lane.wanted is 'Whether more could have been sent than at_once allowed; then the next success doubles it.';
comment on column etl_api.delivery_lane.head_id is 'Where messages go in order: the one that failed last and that the others wait for, as long as it is open.';
comment on column etl_api.delivery_lane.releasing is 'Whether its endpoint is in use again and messages that were held are still to be let go.';
comment on column etl_api.delivery_lane.changed_at is 'When this was written last.';
alter table etl_api.delivery_lane enable row level security;

-- ---------------------------------------------------------------- alerts of endpoints

-- An alert of an endpoint needs no rule: the engine disabled it, which is worth telling whatever the tenant asked for.
alter table etl_api.alert
  alter column rule_id drop not null,
  add column endpoint_id uuid,
  add foreign key (endpoint_id, org_id) references public.webhook_endpoint (id, org_id) on delete cascade;
comment on column etl_api.alert.rule_id is 'The rule; null for an endpoint that the engine disabled.';
comment on column etl_api.alert.endpoint_id is 'The endpoint that the engine disabled; null for the alert of a rule.';
comment on column etl_api.alert.kind is 'The kind of the rule, or endpoint_disabled.';
drop index etl_api.alert_open_idx;
create unique index alert_open_idx on etl_api.alert (rule_id, source_id) nulls not distinct where resolved_at is null and rule_id is not null;
create unique index alert_open_endpoint_idx on etl_api.alert (endpoint_id) where resolved_at is null and endpoint_id is not null;
create index alert_endpoint_id_idx on etl_api.alert (endpoint_id) where endpoint_id is not null;

insert into etl_api.setting (name, value, description)
values
  ('endpoint_failing_days', '5', 'Days for which an endpoint may take nothing of what it is sent before it is disabled.'),
  ('lane_start', '20', 'Messages that may be under way at once to an address nothing is known of.'),
  ('lane_slow_ms', '2000', 'Milliseconds from which on the answer of a client counts as slow: such an address gets no more at once.'),
  ('max_message_bytes', '10000000', 'Bytes a message may have; a larger one fails at once.')
on conflict do nothing;

-- migrate:down
