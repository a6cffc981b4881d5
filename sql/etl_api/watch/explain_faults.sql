create or replace function etl_api.explain_faults(errors jsonb) returns setof text
language plpgsql immutable
set search_path = ''
as $$
declare
  shown constant int := 20;
  faults constant jsonb := case when pg_catalog.jsonb_typeof(errors) = 'array' then errors else '[]' end;
  rest constant int := pg_catalog.jsonb_array_length(faults) - shown;
begin
  return query
  select pg_catalog.concat_ws(' ', 'At ' || (f.value ->> 'path') || ':', f.value ->> 'message', f.value ->> 'hint')
  from pg_catalog.jsonb_array_elements(faults) with ordinality as f (value, place)
  where f.place <= shown
  order by f.place;
  if rest > 0 then
    return next pg_catalog.format('And %s.', etl_api.explain_count(rest, 'more fault', 'more faults'));
  end if;
end
$$;

comment on function etl_api.explain_faults(jsonb) is
  'The faults in the errors of a request, a sentence each, the first 20.';

revoke execute on function etl_api.explain_faults(jsonb) from public;
