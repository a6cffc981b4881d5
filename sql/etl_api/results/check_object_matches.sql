create or replace function etl_api.check_object_matches(run_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  most constant bigint := utils.max_matches();
  crowded record;
begin
  select pg_catalog.count(*) as objects into crowded
  from pg_catalog.unnest(run_request_ids) as r (id)
  group by r.id
  having pg_catalog.count(*) > most
  limit 1;
  if found then
    perform etl_api.refuse_limit('too_many_matches', '$', crowded.objects,
      pg_catalog.format('The answer holds %s objects; %s is the most.', crowded.objects, most),
      'Ask for less at once: a page size in the template, or have the operator raise the setting max_matches.');
  end if;
end
$$;

comment on function etl_api.check_object_matches(uuid[]) is
  'Refuses answers in which more objects were found than the setting max_matches allows; run_request_ids: whose answer each object was found in. ETL09: one has more.';

revoke execute on function etl_api.check_object_matches(uuid[]) from public;
grant execute on function etl_api.check_object_matches(uuid[]) to service_role;
