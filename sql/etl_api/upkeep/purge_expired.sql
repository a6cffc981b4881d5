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
