create or replace function etl_api.purge_trees(requests uuid[], before timestamptz, max_rows int, with_objects boolean)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
-- Few rows of very many, by key, whatever the tables were like when the plan was made.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  -- A request within its share of max_rows is far below this; one that is not goes in parts.
  most constant int := 3 * max_rows;
  activities uuid[] := array(select a.id from public.activity_request as a where a.workflow_request_id = any (requests));
  deliveries constant uuid[] := array(
    select d.id from public.delivery as d where d.workflow_request_id = any (requests) limit most);
  http_requests constant uuid[] := array(
    select r.id from public.run_request as r where r.activity_request_id = any (activities) limit most);
  runs constant uuid[] := array(
    select q.id from public.run_queue as q where q.activity_request_id = any (activities) limit most);
  -- A run is of an object that its activity takes: links go when the last runs do.
  links constant tid[] := array(
    select l.ctid from public.activity_object as l
    where l.activity_request_id = any (activities)
    limit case when pg_catalog.cardinality(runs) < most then most else 0 end);
  refusals constant bigint[] := array(
    select g.id from public.guardrail_refusal as g where g.activity_request_id = any (activities) limit most);
  partly constant boolean := most = any (array[pg_catalog.cardinality(deliveries), pg_catalog.cardinality(http_requests),
    pg_catalog.cardinality(runs), pg_catalog.cardinality(links), pg_catalog.cardinality(refusals)]);
  objects uuid[];
  gone etl_api.state_count[];
begin
  if partly then
    activities := '{}';
    requests := '{}';
  end if;
  delete from public.guardrail_refusal as g where g.id = any (refusals);
  with unlinked as (
    delete from public.activity_object as l where l.ctid = any (links) returning l.object_id
  )
  select pg_catalog.array_agg(distinct u.object_id) into objects from unlinked as u;
  -- From the leaves up; what lies beside a row (answers, bodies, results) goes with it by its reference.
  gone := etl_api.purge_rows('delivery', deliveries) || etl_api.purge_rows('run_request', http_requests)
    || etl_api.purge_rows('run_queue', runs) || etl_api.purge_rows('activity_request', activities)
    || etl_api.purge_rows('workflow_request', requests);
  perform etl_api.purge_history(deliveries || http_requests || runs || activities || requests, before, max_rows);
  perform etl_api.purge_counts(gone);

  return query
  select g.what, g.count, partly
  from (
    select g.entity::text as what, - pg_catalog.sum(g.rows)::bigint as count
    from pg_catalog.unnest(gone) as g
    group by g.entity
    union all
    values ('activity_object', pg_catalog.cardinality(links)::bigint), ('guardrail_refusal', pg_catalog.cardinality(refusals))
  ) as g
  where g.count > 0;
  if with_objects then
    return query
    select 'object', o.count, partly
    from etl_api.purge_objects(objects, before) as o (count)
    where o.count > 0;
  end if;
end
$$;

comment on function etl_api.purge_trees(uuid[], timestamptz, int, boolean) is
  'Removes these workflow requests with all that belongs to them, and, if wanted, the objects that nobody else has seen since; of what has more than three times max_rows rows in a table only a part (more). The caller holds their locks.';

revoke execute on function etl_api.purge_trees(uuid[], timestamptz, int, boolean) from public;
