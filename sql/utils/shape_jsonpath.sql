-- Strict mode takes a member of objects only and an element of arrays only; .**{0} keeps what does not fit from
-- being an error.
create or replace function utils.shape_jsonpath(shape text[]) returns text
language sql immutable strict parallel safe
set search_path = ''
as $$
  select 'strict $.**{0}' || coalesce(pg_catalog.string_agg(
    case pg_catalog."left"(s.step, 1)
      when '[' then '[*]'
      when '{' then '.*'
      when '#' then pg_catalog.format('[%s]', pg_catalog.substr(s.step, 2))
      else '.' || pg_catalog.to_jsonb(pg_catalog.substr(s.step, 2))::text
    end, '' order by s.n), '')
  from pg_catalog.unnest(shape_jsonpath.shape) with ordinality as s (step, n)
$$;

comment on function utils.shape_jsonpath(text[]) is
  'The jsonpath that selects exactly the nodes of a shape.';

revoke execute on function utils.shape_jsonpath(text[]) from public;
grant execute on function utils.shape_jsonpath(text[]) to authenticated, service_role;
