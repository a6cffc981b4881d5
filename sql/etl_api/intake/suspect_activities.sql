create or replace function etl_api.suspect_activities(activities etl_api.requested_activity[])
returns etl_api.requested_activity[]
language plpgsql stable
set search_path = ''
as $$
begin
  -- A thousand requests for one activity ask one question: one of each kind is looked at, and all of a kind only when
  -- there is a fault in the request of that one.
  return (
    with kind as materialized (
      select pg_catalog.array_agg(a) as members
      from pg_catalog.unnest(activities) as a
      group by a.org_id, a.activity_key, a.body
      having not etl_api.is_plain_activity((pg_catalog.array_agg(a))[1])
    ), faulty as materialized (
      select f.workflow_request_id
      from etl_api.body_faults(array(select k.members[1] from kind as k)) as f
    )
    select coalesce(pg_catalog.array_agg(m), '{}')
    from kind as k
    cross join lateral pg_catalog.unnest(k.members) as m
    where (k.members[1]).workflow_request_id in (select f.workflow_request_id from faulty as f));
end
$$;

comment on function etl_api.suspect_activities(etl_api.requested_activity[]) is
  'Those of activities that may have faults by themselves (body_faults): the others have none.';

revoke execute on function etl_api.suspect_activities(etl_api.requested_activity[]) from public;
grant execute on function etl_api.suspect_activities(etl_api.requested_activity[]) to service_role;
