-- A JSON string is a jsonpath string too. "*" is .**{1}, which means members and elements alike in every mode.
create or replace function utils.path_jsonpath(steps jsonb, first int, last int) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return coalesce((select pg_catalog.string_agg(
    case
      when e.step = '"*"' then '.**{1}'
      when e.step = '"**"' then '.**'
      when pg_catalog.jsonb_typeof(e.step) = 'string' then '.' || e.step::text
      when e.step < '0' then pg_catalog.format('[last - %s]', -1 - e.step::int)
      else pg_catalog.format('[%s]', e.step::int)
    end, '' order by e.n)
  from pg_catalog.jsonb_array_elements(steps) with ordinality as e (step, n)
  where e.n between first and last), '');
end
$$;

comment on function utils.path_jsonpath(jsonb, int, int) is
  'The accessors of the jsonpath language for the elements first to last (from 1) of a path.';

revoke execute on function utils.path_jsonpath(jsonb, int, int) from public;
grant execute on function utils.path_jsonpath(jsonb, int, int) to authenticated, service_role;
