create or replace function etl_api.test_mapping_source(source_id uuid) returns public.source
language plpgsql stable
set search_path = ''
as $$
declare
  asked public.source;
begin
  select s.* into asked
  from public.source as s
  where s.id = test_mapping_source.source_id
    and (s.org_id is null or etl_api.may_request(s.org_id) or s.org_id in (select etl_api.my_orgs()));
  -- Another org's source and none at all look the same from outside.
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no such source: %s', coalesce(source_id::text, 'null')),
      hint = 'Give the id of a source of your org or of a shared one.';
  end if;
  return asked;
end
$$;

comment on function etl_api.test_mapping_source(uuid) is
  'A source, if the caller may see it: the first statement of test_mapping. ETL04: there is none, or it is another org''s.';

revoke execute on function etl_api.test_mapping_source(uuid) from public;
