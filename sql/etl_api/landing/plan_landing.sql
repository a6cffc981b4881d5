create or replace function etl_api.plan_landing(
  rows jsonb, known jsonb, contract text,
  out columns jsonb, out added jsonb, out widened jsonb, out unknown text[])
returns record
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  fresh text[];
begin
  if etl_api.landing_error(rows, contract) is not null then
    raise exception using errcode = 'ETL04', message = etl_api.landing_error(rows, contract);
  end if;
  columns := coalesce(nullif(known, 'null'), '[]');
  added := '[]';
  widened := '[]';
  unknown := '{}';
  perform utils.coerce_columns(columns);
  fresh := etl_api.new_fields(rows, array(select c.value ->> 'name' from pg_catalog.jsonb_array_elements(columns) as c (value)));
  if contract <> 'evolve' then
    unknown := fresh;
    return;
  end if;
  added := etl_api.infer_new_fields(rows, fresh);
  -- A choice inferred from a part of the rows takes what the others say.
  added := etl_api.change_columns(added, etl_api.new_options(rows,
    (select coalesce(pg_catalog.jsonb_agg(a.value || '{"open": true}'), '[]') from pg_catalog.jsonb_array_elements(added) as a (value))));
  widened := etl_api.widened_fields(rows, columns) || etl_api.new_options(rows, columns);
  columns := etl_api.change_columns(columns, widened) || (
    select coalesce(pg_catalog.jsonb_agg(a.value - '{fits,seen}'::text[]), '[]') from pg_catalog.jsonb_array_elements(added) as a (value));
end
$$;

comment on function etl_api.plan_landing(jsonb, jsonb, text) is
  'What a target''s columns have to be for these rows. known: [{"name", "type", "format", "options", "open"}], open where the options of a choice may grow. Contract evolve adds fields that are new (added) and widens what does not fit (widened); freeze and discard change nothing and name the fields (unknown). columns: those to land with, see etl_api.coerce_landing. Changes nothing itself; ETL04: bad rows, columns or contract.';

revoke execute on function etl_api.plan_landing(jsonb, jsonb, text) from public;
grant execute on function etl_api.plan_landing(jsonb, jsonb, text) to service_role;
