create or replace function etl_route.partition_of_row(id uuid, to_change boolean default false) returns int
language plpgsql
set search_path = ''
as $$
declare
  who constant jsonb := etl_route.caller();
  place int;
  owner uuid;
  missing text;
  p record;
begin
  -- While a tenant moves, a row may be on two partitions for a moment: the one its tenant has counts.
  begin
    select f.partition_no, f.org_id into place, owner
    from etl_route.remote_find(etl_route.all_partitions(), who, id) as f
    order by f.partition_no = etl_route.partition_of(f.org_id) desc
    limit 1;
  exception when others then
    if not etl_route.is_out_of_reach(sqlstate, sqlerrm) then
      perform etl_route.fail('', sqlstate, sqlerrm, null, null);
    end if;
    -- One is down: it is enough if one of the others has it.
    for p in select k.partition_no, k.name from etl_route.partition as k loop
      begin
        if owner is null then
          select f.partition_no, f.org_id into place, owner
          from etl_route.remote_find(array[p.partition_no], who, id) as f;
        end if;
      exception when others then
        if not etl_route.is_out_of_reach(sqlstate, sqlerrm) then
          perform etl_route.fail(p.name, sqlstate, sqlerrm, null, null);
        end if;
        missing := pg_catalog.concat_ws(', ', missing, p.name);
      end;
    end loop;
  end;
  if owner is null and missing is not null then
    raise exception using
      errcode = 'ETL08',
      message = pg_catalog.format('%s is on none of the partitions that answer; partition %s cannot be reached', id, missing),
      hint = 'Try again when it answers. `npm run partitions -- status` says what is wrong.';
  elsif owner is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no such request: %s', coalesce(id::text, 'null')),
      hint = 'Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.';
  elsif to_change then
    return etl_route.partition_of(owner, true);
  end if;
  return place;
end
$$;

comment on function etl_route.partition_of_row(uuid, boolean) is
  'Where a request, activity request, run, HTTP request or message lies, found by asking all partitions at once. ETL04: nowhere; ETL05: its tenant is being moved and something shall be changed; ETL08: not where one could look.';

revoke execute on function etl_route.partition_of_row(uuid, boolean) from public;
grant execute on function etl_route.partition_of_row(uuid, boolean) to millrace_router;
