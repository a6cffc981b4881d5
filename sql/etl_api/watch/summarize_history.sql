create or replace function etl_api.summarize_history(partitions oid[]) returns void
language plpgsql
security definer
set search_path = ''
-- A vacuum of the partition holds the lock this needs, and summarises too. Waiting for it would make it give up.
set lock_timeout = '50ms'
as $$
begin
  perform pg_catalog.brin_summarize_new_values(i.indexrelid)
  from pg_catalog.pg_index as i
  join pg_catalog.pg_class as c on c.oid = i.indexrelid
  join pg_catalog.pg_am as a on a.oid = c.relam and a.amname = 'brin'
  where i.indrelid = any (partitions);
exception when lock_not_available then
  null;
end
$$;

comment on function etl_api.summarize_history(oid[]) is
  'Makes the tail of these partitions of state_step quick to find: new pages are read with every look at the tail until the index has summarised them.';

revoke execute on function etl_api.summarize_history(oid[]) from public;
grant execute on function etl_api.summarize_history(oid[]) to service_role;
