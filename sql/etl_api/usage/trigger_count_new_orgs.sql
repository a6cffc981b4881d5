create or replace function etl_api.trigger_count_new_orgs() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform etl_api.count_datapoints(array(select n.id from new_rows as n));
  -- A shared datapoint that is being made at this moment is not seen here: the sweep looks again.
  insert into etl_api.org_count_delta (org_id, recount_datapoints, created_at)
  select n.id, true, utils.now()
  from new_rows as n;
  return null;
end
$$;

comment on function etl_api.trigger_count_new_orgs() is
  'Counts the shared datapoints for new orgs.';

revoke execute on function etl_api.trigger_count_new_orgs() from public;
