create or replace function etl_api.activity_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select a.workflow_request_id, f.code, etl_api.json_path(variadic array['data', a.activity_key] || f.members),
    etl_api.shorten_json(f.found), f.message, f.hint
  from pg_catalog.unnest(activities) as a
  cross join lateral (
    select 'invalid_type' as code, '{}'::text[] as members, a.body as found,
      pg_catalog.format('An activity is an object, but this is %s.', etl_api.describe_json(a.body)) as message,
      'Give an object such as {"id": "<activity uuid>"}.' as hint
    where pg_catalog.jsonb_typeof(a.body) <> 'object'
    union all
    select 'invalid_type', '{}', pg_catalog.to_jsonb(a.activity_key),
      pg_catalog.format('The key of an activity has at most 255 characters, but this one has %s.',
        pg_catalog.length(a.activity_key)),
      'Give it a shorter key.'
    where pg_catalog.length(a.activity_key) > 255
    union all
    select 'missing_value', '{id}', a.body -> 'id',
      'The activity has no id, so it is not known what to do.',
      'Give the id of an activity of your organisation.'
    where pg_catalog.jsonb_typeof(a.body) = 'object'
      and coalesce(a.body -> 'id', 'null') = 'null'
    union all
    select case when is_id then 'unknown_activity' else 'invalid_type' end, '{id}', a.body -> 'id',
      case when is_id then pg_catalog.format('There is no activity %s.', a.body ->> 'id')
        else pg_catalog.format('The id of an activity is a UUID, but this is %s.',
          etl_api.describe_json(a.body -> 'id')) end,
      'Give the id of an activity of your organisation, or of a shared one.'
    from (
      select pg_catalog.jsonb_typeof(a.body -> 'id') = 'string' and etl_api.is_uuid(a.body ->> 'id') as is_id
      where a.activity_id is null
    ) as named
    where pg_catalog.jsonb_typeof(a.body -> 'id') <> 'null'
    union all
    select 'invalid_type', '{type}', a.body -> 'type',
      pg_catalog.format('The type of what stands here is "activity", but this is %s.',
        etl_api.describe_json(a.body -> 'type')),
      'Write "activity", or leave it out.'
    where a.body -> 'type' not in ('"activity"', 'null')
    union all
    select 'invalid_type', s.members, a.body #> s.members,
      pg_catalog.format('%s is an object, but this is %s.', s.name, etl_api.describe_json(a.body #> s.members)), s.hint
    from (values
      ('{setup}'::text[], 'The setup of an activity', 'Give an object such as {"config": {"phase": 1}}, or leave it out.'),
      ('{setup,config}', 'The config of an activity', 'Give an object such as {"phase": 1}, or leave it out.')
    ) as s (members, name, hint)
    where pg_catalog.jsonb_typeof(a.body #> s.members) not in ('object', 'null')
  ) as f;
end
$$;

comment on function etl_api.activity_faults(etl_api.requested_activity[]) is
  'What is wrong with the activities of requests themselves: their shape, key, id, type, setup. Another tenant''s activity reads exactly like one that does not exist.';

revoke execute on function etl_api.activity_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.activity_faults(etl_api.requested_activity[]) to service_role;
