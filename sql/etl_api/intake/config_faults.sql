create or replace function etl_api.config_faults(workflow_request_ids uuid[], activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
set jit = off
as $$
begin
  return query
  select f.workflow_request_id, 'invalid_type', etl_api.json_path(variadic f.members), etl_api.shorten_json(f.found),
    pg_catalog.format(case f.kind
      when 'whole' then '%s is a whole number from 1 to 2147483647, but this is %s.'
      when 'seconds' then '%s is a number of seconds from 1 to 315360000, but this is %s.'
      when 'amount' then '%s is a number from 0, but this is %s.'
      when 'boolean' then '%s is true or false, but this is %s.'
      when 'on_failure' then '%s is "fail", "continue" or "skip", but this is %s.'
      else '%s is an object, but this is %s.' end, f.members[pg_catalog.cardinality(f.members)],
        etl_api.describe_json(f.found)),
    case when f.own then 'Write another value, or leave it out.'
      else 'It stands in the config of the activity itself: set it right there, or write another value here.' end
  from (
    select a.workflow_request_id, array['data', a.activity_key, 'setup', 'config', c.name] as members,
      c.found, c.kind, coalesce(a.body #> '{setup,config}' ? c.name, false) as own
    from pg_catalog.unnest(activities) as a
    cross join lateral (values
      ('phase', a.config -> 'phase', 'whole'),
      ('max_objects', a.config -> 'max_objects', 'whole'),
      ('max_candidates', a.config -> 'max_candidates', 'whole'),
      ('only_new', a.config -> 'only_new', 'boolean'),
      ('run_timeout_seconds', a.config -> 'run_timeout_seconds', 'seconds'),
      ('activity_timeout_seconds', a.config -> 'activity_timeout_seconds', 'seconds'),
      ('on_failure', a.config -> 'on_failure', 'on_failure')
    ) as c (name, found, kind)
    union all
    select w.id, c.members, c.found, c.kind, true
    from pg_catalog.unnest(workflow_request_ids) as i (id)
    cross join lateral (
      select r.id, r.org_id, r.data
      from public.workflow_request as r
      where r.id = i.id
        and r.replay = 0
      offset 0
    ) as w
    cross join lateral (values
      ('{config}'::text[], w.data -> 'config', 'object'),
      ('{config,timeout_seconds}', w.data #> '{config,timeout_seconds}', 'seconds'),
      ('{config,budget}', w.data #> '{config,budget}', 'amount')
    ) as c (members, found, kind)
  ) as f
  where pg_catalog.jsonb_typeof(f.found) <> 'null'
    and not case
      when f.kind = 'object' then pg_catalog.jsonb_typeof(f.found) = 'object'
      when f.kind = 'boolean' then pg_catalog.jsonb_typeof(f.found) = 'boolean'
      when f.kind = 'on_failure' then f.found in ('"fail"', '"continue"', '"skip"')
      when pg_catalog.jsonb_typeof(f.found) <> 'number' then false
      when f.kind = 'amount' then (f.found #>> '{}')::numeric >= 0
      when f.kind = 'whole' then
        case when (f.found #>> '{}')::numeric between 1 and 2147483647
          then (f.found #>> '{}')::numeric = pg_catalog.trunc((f.found #>> '{}')::numeric)
          else false end
      else (f.found #>> '{}')::numeric between 1 and 315360000
    end;
end
$$;

comment on function etl_api.config_faults(uuid[], etl_api.requested_activity[]) is
  'What is wrong with what the engine reads in the config of requests and of their activities.';

revoke execute on function etl_api.config_faults(uuid[], etl_api.requested_activity[]) from public;
grant execute on function etl_api.config_faults(uuid[], etl_api.requested_activity[]) to service_role;
