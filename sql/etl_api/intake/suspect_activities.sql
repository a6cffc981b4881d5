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
      select activities[pg_catalog.min(a.ordinality)] as first, pg_catalog.array_agg(a.ordinality) as places
      from pg_catalog.unnest(activities) with ordinality as a
      group by a.org_id, a.activity_key, a.body
      having not etl_api.is_plain_activity(activities[pg_catalog.min(a.ordinality)])
    ), faulty as materialized (
      select f.workflow_request_id
      from etl_api.body_faults(array(select k.first from kind as k)) as f
    )
    select coalesce(pg_catalog.array_agg(activities[m.place]), '{}')
    from kind as k
    cross join lateral pg_catalog.unnest(k.places) as m (place)
    where (k.first).workflow_request_id in (select f.workflow_request_id from faulty as f));
end
$$;

comment on function etl_api.suspect_activities(etl_api.requested_activity[]) is
  'Those of activities that may have faults by themselves (body_faults): the others have none.';

revoke execute on function etl_api.suspect_activities(etl_api.requested_activity[]) from public;
grant execute on function etl_api.suspect_activities(etl_api.requested_activity[]) to service_role;
