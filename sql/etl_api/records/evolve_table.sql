create or replace function etl_api.evolve_table(
  of_table public.tables, rows jsonb[], by uuid default null, is_planned boolean default false, out columns jsonb, out unknown text[], out added jsonb, out widened jsonb)
returns record
language plpgsql
set search_path = ''
as $$
begin
  columns := etl_api.record_columns(of_table.id);
  unknown := '{}';
  added := '[]';
  widened := '[]';
  if is_planned and etl_api.is_foreseen(rows, columns) then
    return;
  end if;
  select p.columns, p.unknown, p.added, p.widened
  into columns, unknown, added, widened
  from etl_api.plan_landing(pg_catalog.to_jsonb(rows), columns, of_table.contract) as p;
  if added = '[]' and widened = '[]' then
    return;
  end if;
  -- Who changes columns of the same table waits, before anybody holds one of them.
  perform 1 from public.tables as t where t.id = of_table.id for no key update;
  added := etl_api.add_columns(of_table, added);
  widened := etl_api.widen_columns(of_table, widened);
  perform etl_api.note_schema_changes(of_table.organization_id, 'records', of_table.id::text, added, widened, by);
  -- What others have added meanwhile is theirs to say.
  columns := etl_api.record_columns(of_table.id);
end
$$;

comment on function etl_api.evolve_table(public.tables, jsonb[], uuid, boolean) is
  'Gives a table the columns that these rows need, by its contract, and writes down what changed. Fields that found no room (1,000 columns, names over 500 bytes) stay in data without a column. is_planned: it was called before with rows from everywhere, so only what they lacked is looked for.';

revoke execute on function etl_api.evolve_table(public.tables, jsonb[], uuid, boolean) from public;
grant execute on function etl_api.evolve_table(public.tables, jsonb[], uuid, boolean) to service_role;
