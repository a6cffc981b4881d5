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
