create or replace function etl_api.send_runs_apart(worker text, run_ids uuid[], run_items int[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  -- Runs of one request stay together.
  half constant int := pg_catalog.array_position(run_items, run_items[1 + pg_catalog.cardinality(run_items) / 2]) - 1;
  cut constant int := case when half > 0 then half
    else (select pg_catalog.count(*) from unnest(run_items) as r (item) where r.item = run_items[1]) end;
  most constant int := 100;
  fault_state text;
  bad_ids uuid[];
begin
  begin
    return etl_api.send_runs(worker, run_ids, run_items);
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;
  if cut < pg_catalog.cardinality(run_items) then
    return etl_api.send_runs_apart(worker, run_ids[1 : cut], run_items[1 : cut])
      || etl_api.send_runs_apart(worker, run_ids[cut + 1 :], run_items[cut + 1 :]);
  end if;

  select pg_catalog.array_agg(bad.run_id) into bad_ids
  from etl_api.sift_runs(worker, run_ids, most) as bad
  cross join lateral etl_api.refuse_run(bad.run_id, bad.fault_state, bad.fault_message);
  -- The others are one request as before. When there may be more bad ones among them, a later claim looks for them.
  if bad_ids is null or pg_catalog.cardinality(bad_ids) >= least(most, pg_catalog.cardinality(run_ids)) then
    return '{}'::uuid[];
  end if;
  run_ids := array(
    select r.id
    from unnest(run_ids) with ordinality as r (id, place)
    where r.id <> all (bad_ids)
    order by r.place);
  return etl_api.send_runs_apart(worker, run_ids, pg_catalog.array_fill(1, array[pg_catalog.cardinality(run_ids)]));
end
$$;

comment on function etl_api.send_runs_apart(text, uuid[], int[]) is
  'Sends runs (send_runs); when that fails, halves the requests until the one that raises stands alone, finds the runs in it that make it raise (sift_runs), ends these (refuse_run) and sends the others. Returns the ids of the requests. The caller holds the rows of the runs.';

revoke execute on function etl_api.send_runs_apart(text, uuid[], int[]) from public;
grant execute on function etl_api.send_runs_apart(text, uuid[], int[]) to service_role;
