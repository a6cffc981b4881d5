create or replace function etl_api.timing_faults(not_before timestamptz, deadline_at timestamptz, priority int)
returns table (code text, path text, found jsonb, message text, hint text)
language sql stable
set search_path = ''
as $$
  select 'deadline_past', 'deadline_at', pg_catalog.to_jsonb(utils.iso_time(deadline_at)),
    case when deadline_at <= utils.now()
      then pg_catalog.format('The request is to end by %s, which is over.', utils.iso_time(deadline_at))
      else pg_catalog.format('The request is to end by %s, but may not start before %s.',
        utils.iso_time(deadline_at), utils.iso_time(not_before)) end,
    'Insert it with a later deadline_at, or with none.'
  where deadline_at <= utils.now()
     or deadline_at <= not_before
  union all
  select 'invalid_type', 'priority', pg_catalog.to_jsonb(priority),
    pg_catalog.format('priority is a whole number from -100 to 100, but this is the number %s.', priority),
    'Insert it with another priority, or with none, which is 0.'
  where priority not between -100 and 100
$$;

comment on function etl_api.timing_faults(timestamptz, timestamptz, int) is
  'What is wrong with not_before, deadline_at and priority of a request. The path of such a fault is the name of the column.';

revoke execute on function etl_api.timing_faults(timestamptz, timestamptz, int) from public;
grant execute on function etl_api.timing_faults(timestamptz, timestamptz, int) to service_role;
