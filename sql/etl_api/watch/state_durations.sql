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
