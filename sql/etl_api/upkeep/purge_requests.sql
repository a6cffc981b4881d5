create or replace function etl_api.purge_requests(
  before timestamptz, max_rows int, of_orgs uuid[] default null, with_objects boolean default false)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  ended uuid[];
  requests uuid[];
  untold bigint;
begin
  if with_objects and not etl_api.lock_objects() then
    return query values ('object', 0::bigint, true);
    return;
  end if;
  ended := etl_api.lock_ended_requests(before, max_rows, of_orgs);
  if ended = '{}' then
    return;
  end if;
  -- A statement after the one that took the locks: what the summaries do not have yet must not go before they do.
  untold := etl_api.steps_not_rolled_up(before);
  if untold > 0 then
    return query values ('not_rolled_up', untold, false);
    return;
  end if;

  requests := etl_api.purge_batch(ended, before, max_rows);
  return query
  select t.what, t.count,
    -- Of a very large request only a part went: it is the first again with the next call.
    t.more or pg_catalog.cardinality(ended) = max_rows or pg_catalog.cardinality(requests) < pg_catalog.cardinality(ended)
  from etl_api.purge_trees(requests, before, max_rows, with_objects) as t;
end
$$;

comment on function etl_api.purge_requests(timestamptz, int, uuid[], boolean) is
  'Removes workflow requests that ended before this time, with all that belongs to them: as many as have about max_rows rows in each table. See etl_api.purge.';

revoke execute on function etl_api.purge_requests(timestamptz, int, uuid[], boolean) from public;
