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
