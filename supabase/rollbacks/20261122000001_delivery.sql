-- The way back from 20261122000001_delivery.sql.

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

-- Messages that wait for a disabled endpoint are due again, as they were without lanes.
update public.delivery
set due_at = now()
where due_at = 'infinity';

create index delivery_lease_idx on public.delivery (lease_until) where state = 'in_progress';
create index delivery_endpoint_idx on public.delivery (endpoint_id) where endpoint_id is not null;

-- Alerts of endpoints have no rule.
delete from etl_api.alert
where rule_id is null;
alter table etl_api.alert alter column rule_id set not null;
drop index etl_api.alert_open_idx;
create unique index alert_open_idx on etl_api.alert (rule_id, source_id) nulls not distinct where resolved_at is null;

delete from etl_api.setting
where name in ('endpoint_failing_days', 'lane_start', 'lane_slow_ms', 'max_message_bytes');

drop index etl_api.alert_endpoint_id_idx;
drop index etl_api.alert_open_endpoint_idx;
alter table etl_api.alert drop constraint alert_endpoint_id_org_id_fkey;
drop table etl_api.delivery_lane;
drop table public.delivery_attempt;
drop index public.delivery_endpoint_at_idx;
drop index public.delivery_flight_idx;
drop index public.delivery_lane_idx;
drop index public.webhook_endpoint_failing_idx;
alter table public.webhook_endpoint drop constraint webhook_endpoint_disabled_reason_check;
alter table public.delivery drop column lane;
alter table public.delivery drop column response;
alter table etl_api.alert drop column endpoint_id;
alter table public.webhook_endpoint drop column description;
alter table public.webhook_endpoint drop column disabled_reason;
alter table public.webhook_endpoint drop column failing_since;
alter table public.webhook_endpoint drop column headers;
alter table public.webhook_endpoint drop column ordered;
alter table public.webhook_endpoint drop column schedule_seconds;
comment on column etl_api.alert.kind is 'The kind of the rule.';
comment on column etl_api.alert.rule_id is 'The rule.';
