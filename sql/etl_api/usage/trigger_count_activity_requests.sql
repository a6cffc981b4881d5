create or replace function etl_api.trigger_count_activity_requests() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform etl_api.add_org_counts(pg_catalog.array_agg(c.org_id), requests => pg_catalog.array_agg(c.count))
  from (
    select n.org_id, pg_catalog.count(*)
    from new_rows as n
    group by n.org_id
  ) as c
  having pg_catalog.count(*) > 0;
  return null;
end
$$;

comment on function etl_api.trigger_count_activity_requests() is
  'Adds new activity requests to org.request_count.';

revoke execute on function etl_api.trigger_count_activity_requests() from public;
