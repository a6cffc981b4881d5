create or replace function etl_api.create_run(activity_request_ids uuid[], object_ids uuid[] default null) returns int
language plpgsql
set search_path = ''
as $$
declare
  kind record;
  created int;
  total int := 0;
begin
  -- A loop over the few activity types, not over rows: a new type is a new function create_run_<type>.
  if object_ids is null then
    for kind in
      -- offset 0 keeps a look-up by key from becoming a join, whatever the planner thinks of the size of a table.
      select ar.activity_type, pg_catalog.array_agg(distinct i.id) as ids
      from unnest(activity_request_ids) as i (id)
      cross join lateral (
        select r.activity_type, r.state
        from public.activity_request as r
        where r.id = i.id
        offset 0
      ) as ar
      where ar.state = 'in_progress'
      group by ar.activity_type
      order by ar.activity_type
    loop
      if kind.activity_type = 'enrichment' then
        -- As below, but planned once only: most are.
        created := etl_api.create_run_enrichment(kind.ids);
      else
        execute pg_catalog.format('select etl_api.%I($1)', 'create_run_' || kind.activity_type) into created using kind.ids;
      end if;
      total := total + created;
    end loop;
    return total;
  end if;

  for kind in
    select ar.activity_type, pg_catalog.array_agg(i.id) as ids, pg_catalog.array_agg(i.object_id) as object_ids
    from (
      select distinct t.id, t.object_id
      from unnest(activity_request_ids, object_ids) as t (id, object_id)
    ) as i
    cross join lateral (
      select r.activity_type, r.state, r.result_role
      from public.activity_request as r
      where r.id = i.id
      offset 0
    ) as ar
    where ar.state = 'in_progress'
      and ar.result_role = 'input'
    group by ar.activity_type
    order by ar.activity_type
  loop
    if kind.activity_type = 'enrichment' then
      created := etl_api.create_run_enrichment(kind.ids, kind.object_ids);
    else
      execute pg_catalog.format('select etl_api.%I($1, $2)', 'create_run_' || kind.activity_type)
        into created
        using kind.ids, kind.object_ids;
    end if;
    total := total + created;
  end loop;
  return total;
end
$$;

comment on function etl_api.create_run(uuid[], uuid[]) is
  'Creates the runs that these activity requests need now, by activity type: etl_api.create_run_<type>. With object_ids (one per activity request id): only for these objects, and only by types that ask about the objects they take. Returns how many.';

revoke execute on function etl_api.create_run(uuid[], uuid[]) from public;
grant execute on function etl_api.create_run(uuid[], uuid[]) to service_role;
