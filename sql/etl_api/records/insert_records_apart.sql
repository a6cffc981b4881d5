create or replace function etl_api.insert_records_apart(
  lot etl_api.generated_record[], job public.ai_generation_jobs, of_table public.tables, status text, created_by uuid)
returns table (record_index int, fault text)
language plpgsql
set search_path = ''
as $$
declare
  half constant int := pg_catalog.cardinality(lot) / 2;
  fault_state text;
  fault_message text;
begin
  begin
    perform etl_api.insert_records(lot, job, of_table, status, created_by);
    return;
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;
  if half > 0 then
    return query
    select * from etl_api.insert_records_apart(lot[1 : half], job, of_table, status, created_by)
    union all
    select * from etl_api.insert_records_apart(lot[half + 1 :], job, of_table, status, created_by);
    return;
  end if;
  return query values (lot[1].record_index, fault_message);
end
$$;

comment on function etl_api.insert_records_apart(etl_api.generated_record[], public.ai_generation_jobs, public.tables, text, uuid) is
  'Inserts prepared records (insert_records); when that fails, halves them until the one that cannot be inserted stands alone, and inserts the others. Returns those that cannot, and why.';

revoke execute on function etl_api.insert_records_apart(etl_api.generated_record[], public.ai_generation_jobs, public.tables, text, uuid) from public;
grant execute on function etl_api.insert_records_apart(etl_api.generated_record[], public.ai_generation_jobs, public.tables, text, uuid) to service_role;
