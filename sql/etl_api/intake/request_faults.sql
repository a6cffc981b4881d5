create or replace function etl_api.request_faults(workflow_request_ids uuid[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
set jit = off
as $$
begin
  return query
  select w.id, f.code, f.path, etl_api.shorten_json(f.found), f.message, f.hint
  from pg_catalog.unnest(workflow_request_ids) as i (id)
  cross join lateral (
    select r.id, r.org_id, r.data, r.not_before, r.deadline_at, r.priority
    from public.workflow_request as r
    where r.id = i.id
      and r.replay = 0
    offset 0
  ) as w
  cross join lateral (
    select 'missing_value' as code, '$' as path, w.data as found,
      'The request has no data.' as message,
      'Give an object such as {"data": {"enrich": {"id": "<activity uuid>"}}}.' as hint
    where w.data is null or w.data = 'null'
    union all
    select 'invalid_json', '$', w.data,
      pg_catalog.format('The data of a request is an object, but this is %s.', etl_api.describe_json(w.data)),
      case when pg_catalog.left(pg_catalog.ltrim(w.data #>> '{}'), 1) = '{' and pg_catalog.jsonb_typeof(w.data) = 'string'
        then 'It looks like JSON written into a text: give the object itself, not its text.'
        else 'Give an object such as {"data": {"enrich": {"id": "<activity uuid>"}}}.' end
    where pg_catalog.jsonb_typeof(w.data) not in ('object', 'null')
    union all
    select 'missing_value', '$.data', w.data -> 'data',
      'The request names no activity.',
      'Give at least one, such as {"data": {"enrich": {"id": "<activity uuid>"}}}.'
    where pg_catalog.jsonb_typeof(w.data) = 'object'
      and coalesce(w.data -> 'data', 'null') in ('null', '{}')
    union all
    select 'invalid_type', '$.data', w.data -> 'data',
      pg_catalog.format('The activities are an object of keys and activities, but this is %s.',
        etl_api.describe_json(w.data -> 'data')),
      'Give each activity a key of your own, such as {"enrich": {"id": "<activity uuid>"}}.'
    where pg_catalog.jsonb_typeof(w.data) = 'object'
      and pg_catalog.jsonb_typeof(w.data -> 'data') not in ('object', 'null')
    union all
    select 'too_many_activities', '$.data', pg_catalog.to_jsonb(k.count),
      pg_catalog.format('The request names %s activities; 1000 is the most.', k.count),
      'Make several requests of it.'
    from (
      select pg_catalog.count(*)
      from pg_catalog.jsonb_object_keys(
        case when pg_catalog.jsonb_typeof(w.data -> 'data') = 'object' then w.data -> 'data' end)
    ) as k
    where k.count > 1000
    union all
    select s.code, s.path, s.found, s.message, s.hint
    from etl_api.size_faults(w.data) as s
    union all
    select t.code, t.path, t.found, t.message, t.hint
    from etl_api.timing_faults(w.not_before, w.deadline_at, w.priority) as t
    where w.deadline_at is not null or w.priority not between -100 and 100
  ) as f;
end
$$;

comment on function etl_api.request_faults(uuid[]) is
  'What is wrong with requests as a whole: no data, no object, too large, too deep, no activities, too many; a deadline that is over, a priority out of range.';

revoke execute on function etl_api.request_faults(uuid[]) from public;
grant execute on function etl_api.request_faults(uuid[]) to service_role;
