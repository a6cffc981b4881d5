create or replace function etl_api.datapoint_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select a.workflow_request_id, f.code,
    etl_api.json_path('data', a.activity_key, 'setup', 'config', 'datapoints') || f.place,
    etl_api.shorten_json(f.found), f.message, f.hint
  from pg_catalog.unnest(activities) as a
  cross join lateral (
    select 'invalid_type' as code, '' as place, a.config -> 'datapoints' as found,
      pg_catalog.format('The datapoints are a list of at most 1000 names, but this is %s.',
        case when pg_catalog.jsonb_typeof(a.config -> 'datapoints') = 'array' then 'a longer one'
          else etl_api.describe_json(a.config -> 'datapoints') end) as message,
      'Give a list such as ["industry", "employees"], or leave it out.' as hint
    where case pg_catalog.jsonb_typeof(a.config -> 'datapoints')
      when 'array' then pg_catalog.jsonb_array_length(a.config -> 'datapoints') > 1000
      when 'null' then false
      else a.config ? 'datapoints' end
    union all
    select 'invalid_type', '[' || d.place - 1 || ']', d.value,
      pg_catalog.format('The name of a datapoint is a text, but this is %s.', etl_api.describe_json(d.value)),
      'Give the name of a datapoint of the activity''s object type.'
    from pg_catalog.jsonb_array_elements(
      case when pg_catalog.jsonb_typeof(a.config -> 'datapoints') = 'array' then a.config -> 'datapoints' end)
      with ordinality as d (value, place)
    where pg_catalog.jsonb_typeof(d.value) <> 'string'
      and d.place <= 1000
    union all
    select 'missing_value', '', a.config -> 'datapoints',
      pg_catalog.format('The %s asks for no datapoint, so there is nothing to find.', a.activity_type),
      'Name at least one here, or in the activity itself.'
    where a.datapoints = '{}'
      and (select etl_api.activity_types()) ->> a.activity_type = 'input'
      and (a.config -> 'datapoints' is null or a.config -> 'datapoints' in ('[]', 'null'))
    union all
    select 'unknown_datapoint', coalesce('[' || p.place - 1 || ']', ''), pg_catalog.to_jsonb(n.name),
      pg_catalog.format('The activity %s asks for the datapoint %s, which its objects do not have.',
        pg_catalog.to_json(a.activity_name), etl_api.shorten_json(pg_catalog.to_jsonb(n.name))),
      case when p.place is null
        then 'The activity itself asks for it: set it right there, or name the datapoints here.'
        else 'Give the name of a datapoint of the activity''s object type.' end
    from unnest(a.datapoints, a.datapoint_ids) as n (name, id)
    left join lateral (
      select pg_catalog.min(d.place) as place
      from pg_catalog.jsonb_array_elements(
        case when pg_catalog.jsonb_typeof(a.config -> 'datapoints') = 'array' then a.config -> 'datapoints' end)
        with ordinality as d (value, place)
      where d.value = pg_catalog.to_jsonb(n.name)
    ) as p on true
    where n.id is null
      and a.activity_id is not null
  ) as f;
end
$$;

comment on function etl_api.datapoint_faults(etl_api.requested_activity[]) is
  'What is wrong with the datapoints that activities ask for: no list, no text, none at all, unknown to the object type.';

revoke execute on function etl_api.datapoint_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.datapoint_faults(etl_api.requested_activity[]) to service_role;
