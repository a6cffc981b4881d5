create or replace function etl_api.create_run(activity_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  kind record;
  created int;
  total int := 0;
begin
  -- A loop over the few activity types, not over rows: a new type is a new function create_run_<type>.
  for kind in
    select ar.activity_type, pg_catalog.array_agg(ar.id) as ids
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)
      and ar.state = 'in_progress'
    group by ar.activity_type
    order by ar.activity_type
  loop
    execute pg_catalog.format('select etl_api.%I($1)', 'create_run_' || kind.activity_type)
      into created
      using kind.ids;
    total := total + created;
  end loop;
  return total;
end
$$;

comment on function etl_api.create_run(uuid[]) is
  'Creates the runs that these activity requests need now, by activity type: etl_api.create_run_<type>. Returns how many.';

revoke execute on function etl_api.create_run(uuid[]) from public;
grant execute on function etl_api.create_run(uuid[]) to service_role;
