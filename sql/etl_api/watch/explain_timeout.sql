create or replace function etl_api.explain_timeout(timeout_at timestamptz, deadline_at timestamptz default null)
returns setof text
language sql stable
set search_path = ''
as $$
  select case
    when timeout_at <= utils.now() then pg_catalog.format('It has been over its time for %s: the next etl_api.recover() ends it.',
      etl_api.explain_span(utils.now() - timeout_at))
    else pg_catalog.format('It is timed out in %s (%s%s) unless it ends before.', etl_api.explain_span(timeout_at - utils.now()),
      case when deadline_at <= timeout_at then 'its deadline, ' else '' end, etl_api.explain_time(timeout_at))
  end
  where timeout_at is not null
$$;

comment on function etl_api.explain_timeout(timestamptz, timestamptz) is
  'When something is timed out; no row when it never is.';

revoke execute on function etl_api.explain_timeout(timestamptz, timestamptz) from public;
