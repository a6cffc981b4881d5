create or replace function etl_api.dependency_error(activity_request_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'code', case when why.skips then 'dependency_skipped' else 'dependency_failed' end,
    'path', etl_api.json_path('data', before.activity_key),
    'found', case when why.was_skipped then 'skipped' else before.state::text end,
    'message', pg_catalog.format('This activity takes the objects of %s, which %s.', before.activity_key,
      case when why.was_skipped then 'was skipped' else 'ended as ' || before.state end),
    'hint', case when why.skips then 'It was skipped because on_failure of what it depends on says so.'
      else pg_catalog.format('Retry %s, then this one.', before.activity_key) end)
  from public.activity_dependency as d
  join public.activity_request as before on before.id = d.depends_on_id
  cross join lateral (
    select
      before.state in ('done', 'delivered') as was_skipped,
      before.state in ('done', 'delivered') or before.on_failure = 'skip' as skips
  ) as why
  where d.activity_request_id = dependency_error.activity_request_id
    -- As in waiting_verdicts: done without a start is skipped.
    and (before.state in ('failed', 'timedout', 'invalid') and before.on_failure <> 'continue'
      or before.state in ('done', 'delivered') and before.started_at is null)
  order by why.skips, before.activity_key
  limit 1
$$;

comment on function etl_api.dependency_error(uuid) is
  'Which activity an activity request waited for in vain: {code, path, found, message, hint}; one that fails it goes before one that skips it.';

revoke execute on function etl_api.dependency_error(uuid) from public;
grant execute on function etl_api.dependency_error(uuid) to service_role;
