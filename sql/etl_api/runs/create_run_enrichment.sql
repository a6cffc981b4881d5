create or replace function etl_api.create_run_enrichment(activity_request_ids uuid[], object_ids uuid[] default null)
returns int
language plpgsql
set search_path = ''
as $$
declare
  guarded constant boolean := etl_api.has_factors(activity_request_ids, true);
  created int;
begin
  if object_ids is null then
    select pg_catalog.array_agg(ao.activity_request_id), pg_catalog.array_agg(ao.object_id)
    into activity_request_ids, object_ids
    from public.activity_object as ao
    where ao.activity_request_id = any (activity_request_ids)
      and ao.role = 'input';
  end if;

  -- The waterfall: for each missing datapoint the first source not yet asked about that object, unless an open run
  -- may still bring it. A source is asked once per object and activity, so it is asked for everything missing that it
  -- offers, also for what is asked elsewhere at the time: there will be no second chance.
  insert into public.run_queue
    (org_id, workflow_request_id, activity_request_id, source_id, object_id, datapoint_ids, priority,
     state, state_via, state_substate, due_at, created_at)
  select ar.org_id, ar.workflow_request_id, ar.id, next.source_id, next.object_id, next.datapoint_ids, w.priority,
    'waiting', '{new,valid}', 'allocation', utils.now(), utils.now()
  from (
    select offer.activity_request_id, offer.object_id, offer.source_id,
      pg_catalog.array_agg(offer.datapoint_id order by offer.datapoint_id) as datapoint_ids
    from (
      select m.activity_request_id, m.object_id, m.datapoint_id, ds.source_id,
        pg_catalog.row_number() over (
          partition by m.activity_request_id, m.object_id, m.datapoint_id
          order by ds.priority, pg_catalog.array_position(ar.source_ids, ds.source_id)) as place,
        exists (
          select 1
          from public.run_queue as open
          where open.activity_request_id = m.activity_request_id
            and open.object_id = m.object_id
            and open.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
            and m.datapoint_id = any (open.datapoint_ids)) as may_come
      from etl_api.missing_datapoints(activity_request_ids, object_ids) as m
      join public.activity_request as ar on ar.id = m.activity_request_id
      join public.datapoint_source as ds
        on ds.datapoint_id = m.datapoint_id
        and ds.source_id = any (ar.source_ids)
      where not exists (
        select 1
        from public.run_queue as asked
        where asked.activity_request_id = m.activity_request_id
          and asked.object_id = m.object_id
          and asked.source_id = ds.source_id)
        and not (guarded and exists (
          select 1
          from public.guardrail_refusal as refused
          where refused.activity_request_id = m.activity_request_id
            and refused.object_id = m.object_id
            and refused.stage = 'before_run'))
    ) as offer
    group by offer.activity_request_id, offer.object_id, offer.source_id
    having pg_catalog.bool_or(offer.place = 1 and not offer.may_come)
  ) as next
  join public.activity_request as ar on ar.id = next.activity_request_id
  join public.workflow_request as w
    on w.id = ar.workflow_request_id
    and w.org_id = ar.org_id
    and w.replay = 0
  on conflict do nothing;
  get diagnostics created = row_count;
  return created;
end
$$;

comment on function etl_api.create_run_enrichment(uuid[], uuid[]) is
  'Creates the runs of enrichment: for each pair of activity request and object (without object_ids: for every input object of the activity requests) one per source that is to be asked next, the waterfall; none for an object that a guardrail refused. Returns how many.';

revoke execute on function etl_api.create_run_enrichment(uuid[], uuid[]) from public;
grant execute on function etl_api.create_run_enrichment(uuid[], uuid[]) to service_role;
