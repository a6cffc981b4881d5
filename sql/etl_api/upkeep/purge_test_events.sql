create or replace function etl_api.purge_test_events(before timestamptz, max_rows int, of_orgs uuid[] default null)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  messages uuid[];
  gone etl_api.state_count[];
begin
  -- Of no request and of no alert: what goes with nothing else.
  messages := array(
    select d.id
    from public.org as o
    cross join lateral (
      select d.id
      from public.delivery as d
      where d.org_id = o.id
        and d.workflow_request_id is null
        and d.alert_id is null
        and d.finished_at < before
      order by d.finished_at
      limit max_rows
      for update of d skip locked
    ) as d
    where of_orgs is null
      or o.id = any (of_orgs)
    limit max_rows);
  if messages = '{}' or etl_api.steps_not_rolled_up(before) > 0 then
    return;
  end if;
  gone := etl_api.purge_rows('delivery', messages);
  perform etl_api.purge_history(messages, before, max_rows);
  perform etl_api.purge_counts(gone);
  return query values ('test_event', pg_catalog.cardinality(messages)::bigint, pg_catalog.cardinality(messages) = max_rows);
end
$$;

comment on function etl_api.purge_test_events(timestamptz, int, uuid[]) is
  'Removes messages endpoint.test, which are of no request and of no alert, that ended before this time, with their history: at most max_rows, of some tenants or of all.';

revoke execute on function etl_api.purge_test_events(timestamptz, int, uuid[]) from public;
