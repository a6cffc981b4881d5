create or replace function utils.unresolved_placeholders(template jsonb, vars jsonb) returns text[]
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(pg_catalog.array_agg(f.name order by f.n), '{}')
  from (
    select
      case when pg_catalog.strpos(m.name[1], '\') = 0 then m.name[1] else ('"' || m.name[1] || '"')::jsonb #>> '{}' end,
      pg_catalog.min(m.n)
    from pg_catalog.regexp_matches(
      utils.mark_placeholders(case
        when pg_catalog.jsonb_typeof($1) = 'object' then $1 - 'response'
        else $1
      end::text), E'[\x01\x02]([^\x05]*)\x05', 'g') with ordinality as m (name, n)
    where utils.placeholder_value(m.name[1], coalesce($2, '{}')) is null
    group by m.name[1]
  ) as f (name, n)
$$;

comment on function utils.unresolved_placeholders(jsonb, jsonb) is
  'The names of a template''s placeholders that the variables do not hold, each once, in order; secrets are not among them.';

revoke execute on function utils.unresolved_placeholders(jsonb, jsonb) from public;
grant execute on function utils.unresolved_placeholders(jsonb, jsonb) to authenticated, service_role;
