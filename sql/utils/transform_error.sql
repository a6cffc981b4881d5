create or replace function utils.transform_error(transform jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when pg_catalog.jsonb_typeof(transform_error.transform) <> 'string' then
      pg_catalog.format('a transform is a string, not %s', pg_catalog.jsonb_typeof(transform_error.transform))
    else (
      select pg_catalog.format(
        'transform "%s" is unknown: known are trim, lower, upper, number, integer, date, boolean, text, string, json',
        pg_catalog.btrim(s.step))
      from pg_catalog.string_to_table(transform_error.transform #>> '{}', '|') with ordinality as s (step, n)
      where pg_catalog.btrim(s.step) not in
        ('trim', 'lower', 'upper', 'number', 'integer', 'date', 'boolean', 'text', 'string', 'json')
      order by s.n
      limit 1)
  end
$$;

comment on function utils.transform_error(jsonb) is
  'What is wrong with the transform of a mapping, in a sentence; null when nothing is or there is none.';

revoke execute on function utils.transform_error(jsonb) from public;
grant execute on function utils.transform_error(jsonb) to authenticated, service_role;
