create or replace function utils.bucket_milliseconds(bucket smallint) returns numeric
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when bucket > 0 then pg_catalog.round(pg_catalog.power(2::double precision, (bucket - 0.5) / 4)::numeric, 1)
    when bucket = 0 then 0
  end
$$;

comment on function utils.bucket_milliseconds(smallint) is
  'The middle of a class of durations (utils.duration_bucket) in milliseconds, at most a tenth off; 0 for up to one, null when not known.';

revoke execute on function utils.bucket_milliseconds(smallint) from public;
grant execute on function utils.bucket_milliseconds(smallint) to authenticated, service_role;
