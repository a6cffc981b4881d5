create or replace function etl_route.is_out_of_reach(code text, message text) returns boolean
language sql immutable
set search_path = ''
as $$
  -- The server shuts down or starts up, or has no connection left; or PL/Proxy says so of the connection itself.
  select code like '57P%'
    or code like '08%'
    or code = '53300'
    or code <> 'ETL08'
      and message ~ '^PL/Proxy function \S+: (\[[^]]*\] (PQ\w+|set \w+)|connect timeout|query timeout|Unfinished connection|Lost result|poll\(\) failed|Unexpected result type: (PGRES_)?FATAL)'
$$;

comment on function etl_route.is_out_of_reach(text, text) is
  'Whether an error tells of the way to a partition and not of what was asked there.';

revoke execute on function etl_route.is_out_of_reach(text, text) from public;
grant execute on function etl_route.is_out_of_reach(text, text) to millrace_router;
