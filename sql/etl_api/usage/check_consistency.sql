create or replace function etl_api.check_consistency(of_org uuid default null)
returns table (entity text, id uuid, org_id uuid, problem text)
language sql stable
set search_path = ''
as $$
  select s.entity::text, s.id, s.org_id, s.problem
  from etl_api.check_state_sync() as s
  where check_consistency.of_org is null
    or s.org_id = check_consistency.of_org
  union all
  select * from etl_api.check_completeness(check_consistency.of_org)
  union all
  select * from etl_api.check_counters(check_consistency.of_org)
  union all
  select * from etl_api.check_references(check_consistency.of_org)
  union all
  select * from etl_api.kv_check_lists(check_consistency.of_org)
  union all
  select * from etl_api.check_audit(check_consistency.of_org)
$$;

comment on function etl_api.check_consistency(uuid) is
  'Rows of an org (null: all) that contradict each other, each with the problem in a sentence: states of parents and children, what is missing beside a row or where it refers to, counters, the audit log. None on a sound database. It reads everything: for operators and tests, not for a loop.';

revoke execute on function etl_api.check_consistency(uuid) from public;
grant execute on function etl_api.check_consistency(uuid) to service_role;
