create or replace function etl_api.source_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select a.workflow_request_id, f.code, etl_api.json_path('data', a.activity_key, 'id'), f.found, f.message, f.hint
  from (
    select given.*, (select etl_api.activity_types()) ->> given.activity_type as result_role
    from pg_catalog.unnest(activities) as given
  ) as a
  cross join lateral (
    select 'unknown_source' as code, pg_catalog.to_jsonb(s.id) as found,
      pg_catalog.format('The activity %s asks the source %s, which does not exist.',
        pg_catalog.to_json(a.activity_name), s.id) as message,
      'Set the source_ids of the activity right.' as hint
    from pg_catalog.unnest(a.unknown_source_ids) as s (id)
    union all
    select 'no_source', pg_catalog.to_jsonb(a.activity_id),
      case when a.result_role = 'input'
        then pg_catalog.format('No source that is enabled knows any datapoint that the activity %s asks for.',
          pg_catalog.to_json(a.activity_name))
        else pg_catalog.format('No source that is enabled gives objects for the activity %s.',
          pg_catalog.to_json(a.activity_name)) end,
      case when a.result_role = 'input'
        then pg_catalog.format(
          'Enable a source of activity type %s with a datapoint_source for one of them, or ask for others.', a.activity_type)
        else pg_catalog.format('Enable a source of activity type %s with an object_source of direction result.',
          a.activity_type) end
    where a.source_ids = '{}'
      and a.unknown_source_ids = '{}'
      and (a.result_role <> 'input' or exists (
        select 1
        from pg_catalog.unnest(a.datapoint_ids) as d (id)
        where d.id is not null))
  ) as f
  where a.activity_id is not null;
end
$$;

comment on function etl_api.source_faults(etl_api.requested_activity[]) is
  'What is wrong with the sources of activities: named but unknown, or none that serves.';

revoke execute on function etl_api.source_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.source_faults(etl_api.requested_activity[]) to service_role;
