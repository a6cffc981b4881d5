create or replace function etl_api.purge_by_rules(max_rows int) returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  kinds constant text[] := array['workflow_request', 'alert', 'etl_log', 'test_event', 'generation_job', 'client_upload', 'schema_change'];
  moment constant timestamptz := utils.now();
  shared_log constant numeric := etl_api.default_retention('etl_log');
  due record;
begin
  -- Tenants with the same days go together, one lot of them each time, in no order: none is always the last.
  for due in
    select *
    from (
      select distinct on (e.what) e.what, e.days, e.org_ids
      from (
        select w.name as what, x.days, x.org_ids
        from unnest(kinds) as w (name)
        cross join lateral etl_api.expired_orgs(w.name) as x
      ) as e
      order by e.what, pg_catalog.random()
    ) as lot
    order by pg_catalog.array_position(kinds, lot.what)
  loop
    return query
    select *
    from etl_api.purge_kind(due.what, moment - due.days * interval '1 day', max_rows, due.org_ids);
  end loop;
  -- What is nobody's.
  return query
  select *
  from etl_api.purge_log(moment - shared_log * interval '1 day', max_rows, '{}')
  where shared_log is not null
  union all
  select * from etl_api.purge_parts('run_response', max_rows)
  union all
  select * from etl_api.purge_parts('delivery_body', max_rows)
  union all
  select * from etl_api.purge_old_objects(max_rows);
end
$$;

comment on function etl_api.purge_by_rules(int) is
  'Removes what is older than the rules of etl_api.retention and the setting retention_days keep it, about max_rows of each kind.';

revoke execute on function etl_api.purge_by_rules(int) from public;
