create or replace function etl_api.pick(object jsonb, names text[]) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return (
    select coalesce(pg_catalog.jsonb_object_agg(n.name, object -> n.name), '{}')
    from unnest(names) as n (name)
    where object ? n.name);
end
$$;

comment on function etl_api.pick(jsonb, text[]) is 'The members of an object that have one of these names.';

revoke execute on function etl_api.pick(jsonb, text[]) from public;
grant execute on function etl_api.pick(jsonb, text[]) to service_role;
