create or replace function etl_api.monthly_budget(settings jsonb) returns numeric
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case when pg_catalog.jsonb_typeof(settings -> 'monthly_budget') = 'number'
    then (settings ->> 'monthly_budget')::numeric end;
end
$$;

comment on function etl_api.monthly_budget(jsonb) is
  'What a tenant with these settings may spend in a month; null: not limited.';

revoke execute on function etl_api.monthly_budget(jsonb) from public;
grant execute on function etl_api.monthly_budget(jsonb) to authenticated, service_role;
