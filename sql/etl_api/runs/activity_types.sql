create or replace function etl_api.activity_types() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  -- The catalog is the list: whoever adds the function has added the type.
  return (
    select coalesce(pg_catalog.jsonb_object_agg(
      pg_catalog.substr(p.proname::text, 12),
      case when p.proargtypes::text = '2951' then 'result' else 'input' end), '{}')
    from pg_catalog.pg_proc as p
    where p.pronamespace = 'etl_api'::pg_catalog.regnamespace
      and p.proname >= 'create_run_'
      and p.proname < 'create_run`'
      and p.prokind = 'f'
      and p.prorettype = 'int'::pg_catalog.regtype
      -- 2951 is uuid[].
      and p.proargtypes::text in ('2951', '2951 2951'));
end
$$;

comment on function etl_api.activity_types() is
  'The types of activity there are and what each results in (activity_request.result_role). A type is a function etl_api.create_run_<type> that creates its runs and returns how many: with (activity_request_ids uuid[]) it searches and results in what it finds ("result"); with (activity_request_ids uuid[], object_ids uuid[] default null) it asks about the objects it takes and results in these ("input").';

revoke execute on function etl_api.activity_types() from public;
grant execute on function etl_api.activity_types() to service_role;
