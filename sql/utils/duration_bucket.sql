create or replace function utils.duration_bucket(duration interval) returns smallint
language sql immutable parallel safe
set search_path = ''
as $$
  -- A billionth less, so that a power of two is the end of its class whatever the logarithm's last digit says.
  select case
    when duration is null then -1
    when duration <= interval '1 millisecond' then 0
    else pg_catalog.ceil(4 * pg_catalog.ln(1000 * extract(epoch from duration)::double precision) / pg_catalog.ln(2::double precision) - 1e-9)
  end::smallint
$$;

comment on function utils.duration_bucket(interval) is
  'The class of a duration in the histograms: b holds more than 2^((b-1)/4) and at most 2^(b/4) milliseconds, 0 up to one; -1 is not known.';

revoke execute on function utils.duration_bucket(interval) from public;
grant execute on function utils.duration_bucket(interval) to authenticated, service_role;
