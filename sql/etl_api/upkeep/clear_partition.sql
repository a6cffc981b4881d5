create or replace function etl_api.clear_partition(name text, kept uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  ids uuid[] := kept;
begin
  ids := ids || array(select a.id from public.activity_request as a where a.workflow_request_id = any (kept));
  ids := ids || array(select q.id from public.run_queue as q where q.activity_request_id = any (ids))
    || array(select r.id from public.run_request as r where r.activity_request_id = any (ids))
    || array(select d.id from public.delivery as d where d.workflow_request_id = any (kept))
    || array(select d.id from public.delivery as d where d.workflow_request_id is null);

  execute pg_catalog.format('alter table etl_api.state_step detach partition etl_api.%I', name);
  -- Without a partition of their own, their steps go where those of such months do.
  execute pg_catalog.format(
    'insert into etl_api.state_step overriding system value
     select s.* from etl_api.%I as s where s.entity_id = any ($1) order by s.seq', name)
  using ids;
  execute pg_catalog.format('drop table etl_api.%I', name);
end
$$;

comment on function etl_api.clear_partition(text, uuid[]) is
  'Drops a partition of state_step. The history of these workflow requests, and of messages that are of none (alerts, test events), moves to the default partition.';

revoke execute on function etl_api.clear_partition(text, uuid[]) from public;
