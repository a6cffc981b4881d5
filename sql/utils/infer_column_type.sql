create or replace function utils.infer_column_type(name text, sample jsonb)
returns table (
  type text, fits numeric, nulls numeric, required boolean, options jsonb, examples jsonb, misfits jsonb, format jsonb,
  seen bigint)
language sql immutable parallel safe
set search_path = ''
set jit = off
as $$
  -- Without a value the name decides, as if the one row had none.
  select s.type, s.fits, s.nulls, s.required, s.options, s.examples, s.misfits, s.format, s.seen
  from utils.infer_schema((
    select coalesce(
      pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(coalesce(name, ''), v.value)),
      pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(coalesce(name, ''), null)))
    from pg_catalog.jsonb_array_elements(
      case when pg_catalog.jsonb_typeof(sample) = 'array' then sample else pg_catalog.jsonb_build_array(sample) end) as v (value)
  )) as s
$$;

comment on function utils.infer_column_type(text, jsonb) is
  'As utils.infer_schema for one field: its name and an array of its values (a value that is no array is an array of one).';

revoke execute on function utils.infer_column_type(text, jsonb) from public;
grant execute on function utils.infer_column_type(text, jsonb) to authenticated, service_role;
