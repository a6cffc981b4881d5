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
    select m.first, m.first + interval '1 month' as next, 'state_step_' || pg_catalog.to_char(m.first, 'YYYYMM') as name
    from pg_catalog.generate_series(0, greatest(0, months_ahead)) as n (ahead)
    cross join lateral (
      select pg_catalog.date_trunc('month', utils.now()) + pg_catalog.make_interval(months => n.ahead) as first) as m
    order by m.first
  loop
    -- A month whose steps already lie in the default partition stays there.
    continue when pg_catalog.to_regclass('etl_api.' || month.name) is not null
      or exists (
        select 1
        from etl_api.state_step_default as d
        where d.at >= month.first
          and d.at < month.next);
    perform etl_api.create_history_partition(month.name, month.first, month.next);
    made := made + 1;
  end loop;
  return made;
exception when lock_not_available then
  perform etl_api.logger('info', 'state', 'No partition of state_step was made: it was busy for 2 s. The next sweep tries again.');
  return 0;
when check_violation then
  -- While it waited, somebody wrote the first step of such a month: that month stays in the default partition.
  return 0;
end
$$;

comment on function etl_api.ensure_partitions(int) is
  'Makes the monthly partitions of state_step for this month and some ahead, those that are missing. Returns how many. Of two that run at once, one does the work. Call it in a transaction of its own: until that ends, history cannot be written.';

revoke execute on function etl_api.ensure_partitions(int) from public;
grant execute on function etl_api.ensure_partitions(int) to service_role;
