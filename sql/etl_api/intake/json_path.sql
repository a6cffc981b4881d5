create or replace function etl_api.json_path(variadic members text[]) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select '$' || coalesce(pg_catalog.string_agg(
    case when m.name ~ '^[A-Za-z_][A-Za-z0-9_]*$' and pg_catalog.length(m.name) <= 200
      then '.' || m.name
      else '[' || pg_catalog.to_json(case when pg_catalog.length(m.name) <= 200
        then m.name
        else pg_catalog.left(m.name, 200) || '…' end)::text || ']'
    end, '' order by m.place), '')
  from pg_catalog.unnest(members) with ordinality as m (name, place)
$$;

comment on function etl_api.json_path(text[]) is
  'The place of a member in a document, such as $.data.enrich.id; names that are no identifiers are quoted: $.data["my key"]. A name of more than 200 characters is cut.';

revoke execute on function etl_api.json_path(text[]) from public;
grant execute on function etl_api.json_path(text[]) to service_role;
