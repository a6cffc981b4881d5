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
