create or replace function etl_api.accept_workflow_requests(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  activities etl_api.requested_activity[] := etl_api.requested_activities(workflow_request_ids);
  fault_ids uuid[];
  faults jsonb[];
  held_ids uuid[];
begin
  select pg_catalog.array_agg(f.id), pg_catalog.array_agg(f.errors) into fault_ids, faults
  from (
    select r.workflow_request_id as id,
      pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object('code', r.code, 'path', r.path, 'found', r.found, 'message', r.message, 'hint', r.hint)
        order by r.place) as errors
    from (
      select a.*, pg_catalog.row_number() over (
        partition by a.workflow_request_id
        order by etl_api.fault_rank(a.code), a.path collate "C", a.found) as place
      from etl_api.activities_faults(workflow_request_ids, activities) as a
    ) as r
    where r.place <= 1000
    group by r.workflow_request_id
  ) as f;

  if fault_ids is not null then
    perform etl_api.reject_workflow_requests(fault_ids, faults);
    activities := array(
      select a
      from pg_catalog.unnest(activities) as a
      where a.workflow_request_id not in (select pg_catalog.unnest(fault_ids)));
  end if;
  held_ids := etl_api.start_workflow_requests(activities);
  if held_ids is not null then
    activities := array(
      select a
      from pg_catalog.unnest(activities) as a
      where a.workflow_request_id not in (select pg_catalog.unnest(held_ids)));
  end if;
  perform etl_api.create_activity_requests(activities);
end
$$;

comment on function etl_api.accept_workflow_requests(uuid[]) is
  'Takes requests in that are new, or have waited for their not_before: validates them all, ends the faulty ones as invalid, expands and starts the others, unless their not_before lies ahead. At most a few thousand at once: process_workflow_requests cuts larger sets.';

revoke execute on function etl_api.accept_workflow_requests(uuid[]) from public;
grant execute on function etl_api.accept_workflow_requests(uuid[]) to service_role;
