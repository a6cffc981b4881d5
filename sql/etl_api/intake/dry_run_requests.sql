create or replace function etl_api.dry_run_requests(workflow_request_id uuid, max_requests int) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  batch record;
begin
  -- As take_due_runs would group them, but of this request only, in the order of its objects, whatever the limits.
  select pg_catalog.array_agg(q.id order by q.item, q.ordinal, q.id) as run_ids,
    pg_catalog.array_agg(q.item order by q.item, q.ordinal, q.id) as run_items
  into batch
  from (
    select chunked.*,
      pg_catalog.dense_rank() over (
        order by chunked.workflow_phase, chunked.activity_key, chunked.source_name, chunked.source_id, chunked.chunk)::int as item
    from (
      select q.id, input.ordinal, q.source_id, s.name as source_name, ar.workflow_phase, ar.activity_key,
        (pg_catalog.row_number() over (
          partition by q.source_id, q.activity_request_id
          order by input.ordinal, q.id) - 1) / s.max_objects_per_request as chunk
      from public.run_queue as q
      join public.activity_request as ar on ar.id = q.activity_request_id
      join public.source as s on s.id = q.source_id
      left join public.activity_object as input
        on input.activity_request_id = ar.id
        and input.role = 'input'
        and input.object_id = q.object_id
      where ar.workflow_request_id = dry_run_requests.workflow_request_id
        and q.state in ('waiting', 'ready')
    ) as chunked
  ) as q
  where q.item <= max_requests;

  return (
    with item as (
      select t.item, pg_catalog.count(q.object_id) as objects
      from unnest(batch.run_items, batch.run_ids) as t (item, run_id)
      join public.run_queue as q on q.id = t.run_id
      group by t.item
    )
    select coalesce(pg_catalog.jsonb_agg(
      pg_catalog.jsonb_build_object('activity_key', ar.activity_key, 'source', s.name, 'objects', i.objects)
      || coalesce(etl_api.mask_secrets(r.request),
        pg_catalog.jsonb_build_object('error', etl_api.missing_error(pg_catalog.to_jsonb(r.missing), 'run', s.id)))
      order by i.item), '[]')
    from item as i
    join etl_api.render_requests(batch.run_ids, batch.run_items) as r on r.item = i.item
    join public.activity_request as ar on ar.id = r.activity_request_id
    join public.source as s on s.id = r.source_id);
end
$$;

comment on function etl_api.dry_run_requests(uuid, int) is
  'The first HTTP requests that the waiting runs of a workflow request would be sent with, rendered, secrets masked; see dry_run.';

revoke execute on function etl_api.dry_run_requests(uuid, int) from public;
