create or replace function utils.back_off(policy jsonb, attempt int) returns interval
language plpgsql volatile parallel safe
set search_path = ''
as $$
begin
  -- The exponent is bounded so that no policy can overflow; jitter spreads what failed together.
  return pg_catalog.make_interval(secs => (
    least(
      greatest(utils.number_or(policy -> 'base_seconds', 2), 0)
        * greatest(utils.number_or(policy -> 'factor', 2), 1) ^ least(greatest(attempt - 1, 0), 60),
      greatest(utils.number_or(policy -> 'max_seconds', 300), 0),
      86400)
    * (1 + least(greatest(utils.number_or(policy -> 'jitter', 0.2), 0), 1)
      * (2 * pg_catalog.random()::numeric - 1)))::double precision);
end
$$;

comment on function utils.back_off(jsonb, int) is
  'How long to wait after the failed attempt of that number: base_seconds (2) × factor (2) ^ (attempt − 1), at most max_seconds (300), ± jitter (0.2).';

revoke execute on function utils.back_off(jsonb, int) from public;
grant execute on function utils.back_off(jsonb, int) to service_role;
