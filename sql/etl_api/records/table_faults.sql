create or replace function etl_api.table_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select a.workflow_request_id, f.code, etl_api.json_path(variadic array['data', a.activity_key, 'destination', 'table'] || f.members),
    etl_api.shorten_json(f.found), f.message, 'Give {"id": "<uuid of a table>", "mode": "insert"} or "stage", or leave it out.'
  from pg_catalog.unnest(activities) as a
  cross join lateral (values (a.body #> '{destination,table}')) as d (body)
  cross join lateral (
    select 'invalid_type' as code, '{}'::text[] as members, d.body as found,
      pg_catalog.format('A table is given as an object with its id, but this is %s.', etl_api.describe_json(d.body)) as message
    where pg_catalog.jsonb_typeof(d.body) <> 'object'
    union all
    select 'missing_value', '{id}', d.body -> 'id', 'It is not said which table takes the records.'
    where pg_catalog.jsonb_typeof(d.body) = 'object'
      and coalesce(d.body -> 'id', 'null') = 'null'
    union all
    select 'invalid_type', '{id}', d.body -> 'id',
      pg_catalog.format('The id of a table is a UUID, but this is %s.', etl_api.describe_json(d.body -> 'id'))
    where pg_catalog.jsonb_typeof(d.body) = 'object'
      and coalesce(d.body -> 'id', 'null') <> 'null'
      and (pg_catalog.jsonb_typeof(d.body -> 'id') <> 'string' or not etl_api.is_uuid(d.body ->> 'id'))
    union all
    select 'unknown_table', '{id}', d.body -> 'id', 'Your organisation has no table with this id.'
    where etl_api.is_uuid(d.body ->> 'id')
      and not exists (
        select 1
        from public.tables as t
        where t.id = utils.uuid_or_null(d.body -> 'id')
          and t.organization_id = a.org_id
          and t.deleted_at is null)
    union all
    select 'invalid_type', '{mode}', d.body -> 'mode', 'Records are inserted at once (insert) or wait for somebody to look at them (stage).'
    where pg_catalog.jsonb_typeof(d.body) = 'object'
      and coalesce(d.body -> 'mode', 'null') not in ('null', '"insert"', '"stage"')
  ) as f
  where pg_catalog.jsonb_typeof(d.body) <> 'null';
end
$$;

comment on function etl_api.table_faults(etl_api.requested_activity[]) is
  'What is wrong with destination.table of activities.';

revoke execute on function etl_api.table_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.table_faults(etl_api.requested_activity[]) to service_role;
