create or replace function etl_api.poll_back_off(poll_policy jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  -- The same curve as for retries, with the defaults and names of polling; no jitter, a job is one's own.
  select pg_catalog.jsonb_build_object(
    'base_seconds', utils.number_or(poll_policy -> 'first_seconds', 2),
    'factor', utils.number_or(poll_policy -> 'factor', 1.5),
    'max_seconds', utils.number_or(poll_policy -> 'max_seconds', 60),
    'jitter', 0)
$$;

comment on function etl_api.poll_back_off(jsonb) is
  'A source''s poll_policy in the words of utils.back_off, defaults filled in.';

revoke execute on function etl_api.poll_back_off(jsonb) from public;
grant execute on function etl_api.poll_back_off(jsonb) to service_role;
