create or replace function etl_api.purge_objects(object_ids uuid[], before timestamptz) returns bigint
language plpgsql
set search_path = ''
-- A few of very many, by key.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  gone bigint;
begin
  delete from public.object as o
  where o.id = any (object_ids)
    and not exists (select 1 from public.activity_object as l where l.object_id = o.id)
    and not exists (select 1 from public.guardrail_refusal as g where g.object_id = o.id)
    and not exists (select 1 from public.value as v where v.object_id = o.id and v.observed_at >= before);
  get diagnostics gone = row_count;
  return gone;
end
$$;

comment on function etl_api.purge_objects(uuid[], timestamptz) is
  'Deletes those of these objects, with their values, that no activity request has to do with any more and of which nothing was observed since this time. Returns how many. The caller holds lock_objects, so that nobody begins to use one meanwhile.';

revoke execute on function etl_api.purge_objects(uuid[], timestamptz) from public;
