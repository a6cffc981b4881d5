create or replace function etl_api.setting_value(name text) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select s.value
    from etl_api.setting as s
    where s.name = setting_value.name);
end
$$;

comment on function etl_api.setting_value(text) is
  'The value of a setting of the engine; null when there is no setting of that name.';

revoke execute on function etl_api.setting_value(text) from public;
grant execute on function etl_api.setting_value(text) to service_role;
