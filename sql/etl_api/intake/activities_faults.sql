create or replace function etl_api.activities_faults(workflow_request_ids uuid[], activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  suspect_ids constant uuid[] := etl_api.suspect_requests(workflow_request_ids);
  suspects constant etl_api.requested_activity[] := etl_api.suspect_activities(activities);
begin
  -- Most have nothing in them that could be wrong, but where the input sits.
  if suspect_ids = '{}' and suspects = '{}'
    and not exists (select 1 from pg_catalog.unnest(activities) as a where a.targets is not null)
    and not exists (select 1 from etl_api.org_faults(activities))
  then
    return query select * from etl_api.input_faults(activities);
    return;
  end if;

  return query
  with refused as materialized (
    select * from etl_api.org_faults(activities)
  ), plain as materialized (
    select * from etl_api.request_faults(suspect_ids) where suspect_ids <> '{}'
    union all
    select * from etl_api.config_faults(suspect_ids, '{}') where suspect_ids <> '{}'
    union all
    select * from etl_api.webhook_faults(suspect_ids, '{}') where suspect_ids <> '{}'
    union all
    select *
    from etl_api.crowd_faults(array(
      select a from pg_catalog.unnest(activities) as a where a.workflow_request_id = any (suspect_ids)))
    where suspect_ids <> '{}'
    union all
    select * from etl_api.body_faults(suspects)
    union all
    select * from etl_api.dependency_faults(activities)
  )
  select * from refused
  union all
  -- What else is wrong does not matter to who may not ask at all.
  select *
  from plain
  where plain.workflow_request_id not in (select refused.workflow_request_id from refused)
  union all
  -- Where the input sits is known only of requests that are right in everything else.
  select *
  from etl_api.input_faults(array(
    select a
    from pg_catalog.unnest(activities) as a
    where a.workflow_request_id not in (select plain.workflow_request_id from plain)
      and a.workflow_request_id not in (select refused.workflow_request_id from refused)));
end
$$;

comment on function etl_api.activities_faults(uuid[], etl_api.requested_activity[]) is
  'Every fault of requests whose activities have been read and resolved.';

revoke execute on function etl_api.activities_faults(uuid[], etl_api.requested_activity[]) from public;
grant execute on function etl_api.activities_faults(uuid[], etl_api.requested_activity[]) to service_role;
