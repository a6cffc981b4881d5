create or replace function etl_api.sift_runs(worker text, run_ids uuid[], most int)
returns table (run_id uuid, fault_state text, fault_message text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_variable
declare
  half constant int := pg_catalog.cardinality(run_ids) / 2;
  found_count int;
begin
  begin
    perform etl_api.send_runs(worker, run_ids, pg_catalog.array_fill(1, array[pg_catalog.cardinality(run_ids)]));
    -- It was only tried: what it wrote is to go.
    raise exception using errcode = 'ETL00', message = 'nothing is wrong with these runs';
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
    if fault_state = 'ETL00' then
      return;
    elsif etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;

  if half > 0 then
    return query
    select *
    from etl_api.sift_runs(worker, run_ids[1 : half], most);
    get diagnostics found_count = row_count;
    if found_count < most then
      return query
      select *
      from etl_api.sift_runs(worker, run_ids[half + 1 :], most - found_count);
      if not found and found_count = 0 then
        -- They raise only together: then it is all of them.
        return query
        select r.id, fault_state, fault_message
        from unnest(run_ids) as r (id);
      end if;
    end if;
    return;
  end if;
  return query values (run_ids[1], fault_state, fault_message);
end
$$;

comment on function etl_api.sift_runs(text, uuid[], int) is
  'Which runs of one HTTP request make the engine raise when it is made, found by trying halves without keeping what they write; about most, then it looks no further. The caller holds the rows of the runs.';

revoke execute on function etl_api.sift_runs(text, uuid[], int) from public;
grant execute on function etl_api.sift_runs(text, uuid[], int) to service_role;
