create or replace function etl_api.missing_error(missing jsonb, kind text, source_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return pg_catalog.jsonb_build_object(
    'code', 'missing_value',
    'missing', missing,
    'message', pg_catalog.format('Nothing fills %s in the %s request template of source %s.',
      (select pg_catalog.string_agg('<<$' || m.name || '>>', ', ') from pg_catalog.jsonb_array_elements_text(missing) as m (name)),
      kind,
      (select s.name from public.source as s where s.id = source_id)));
end
$$;

comment on function etl_api.missing_error(jsonb, text, uuid) is
  'The error of a request that cannot be rendered: {code, missing: [placeholder], message}.';

revoke execute on function etl_api.missing_error(jsonb, text, uuid) from public;
grant execute on function etl_api.missing_error(jsonb, text, uuid) to service_role;
