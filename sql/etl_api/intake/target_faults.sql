create or replace function etl_api.target_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select a.workflow_request_id, f.code,
    etl_api.json_path(variadic array['data', a.activity_key, 'destination', 'activity'] || f.members) || f.place,
    etl_api.shorten_json(f.found),
      f.message, 'Give {"id": ["<uuid of another activity of this request>"]}, or leave it out.'
  from pg_catalog.unnest(activities) as a
  cross join lateral (values (a.body #> '{destination,activity}', a.body #> '{destination,activity,id}')) as d (activity, id)
  cross join lateral (
    select 'invalid_type' as code, '{}'::text[] as members, '' as place, d.activity as found,
      pg_catalog.format('The activity that takes the objects is given as an object with its id, but this is %s.',
        etl_api.describe_json(d.activity)) as message
    where pg_catalog.jsonb_typeof(d.activity) <> 'object'
    union all
    select 'missing_value', '{id}', '', d.id, 'It is not said which activity takes the objects.'
    where pg_catalog.jsonb_typeof(d.activity) = 'object'
      and coalesce(d.id, 'null') = 'null'
    union all
    select 'invalid_type', '{id}', '', d.id,
      pg_catalog.format('The activities that take the objects are a list of at most 1000 ids, but this is %s.',
        case when pg_catalog.jsonb_typeof(d.id) = 'array' then 'a longer one' else etl_api.describe_json(d.id) end)
    where case pg_catalog.jsonb_typeof(d.id)
      when 'array' then pg_catalog.jsonb_array_length(d.id) > 1000
      else pg_catalog.jsonb_typeof(d.id) not in ('string', 'null') end
    union all
    select 'invalid_type', '{id}',
      case when pg_catalog.jsonb_typeof(d.id) = 'array' then '[' || e.place - 1 || ']' else '' end, e.value,
      pg_catalog.format('The id of an activity is a UUID, but this is %s.', etl_api.describe_json(e.value))
    from pg_catalog.jsonb_array_elements(a.targets) with ordinality as e (value, place)
    where e.place <= 1000
      and (pg_catalog.jsonb_typeof(e.value) <> 'string' or not etl_api.is_uuid(e.value #>> '{}'))
  ) as f
  where pg_catalog.jsonb_typeof(d.activity) <> 'null';
end
$$;

comment on function etl_api.target_faults(etl_api.requested_activity[]) is
  'What is wrong with the shape of destination.activity; what its ids name is looked at by dependency_faults.';

revoke execute on function etl_api.target_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.target_faults(etl_api.requested_activity[]) to service_role;
