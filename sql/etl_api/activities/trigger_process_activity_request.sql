create or replace function etl_api.trigger_process_activity_request() returns trigger
language plpgsql
security definer
set search_path = ''
-- Old and new rows have no index: a hash joins them, whatever the functions above switch off for tables.
set enable_hashjoin = on
as $$
declare
  ready_ids uuid[];
begin
  if tg_op = 'INSERT' then
    select pg_catalog.array_agg(n.id) into ready_ids
    from new_rows as n
    where n.state = 'ready';
  else
    select pg_catalog.array_agg(n.id) into ready_ids
    from new_rows as n
    join old_rows as o on o.id = n.id
    where n.state = 'ready'
      and o.state <> 'ready';
  end if;
  if ready_ids is not null then
    perform etl_api.process_activity_requests(ready_ids);
  end if;
  return null;
end
$$;

comment on function etl_api.trigger_process_activity_request() is
  'Starts the activity requests that a statement has made ready.';

revoke execute on function etl_api.trigger_process_activity_request() from public;
