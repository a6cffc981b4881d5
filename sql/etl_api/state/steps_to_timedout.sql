create or replace function etl_api.steps_to_timedout(state text) returns text[]
language sql immutable parallel safe
set search_path = ''
as $$
  select case steps_to_timedout.state
    when 'new' then '{valid,waiting}'::text[]
    when 'valid' then '{waiting}'
    when 'ready' then '{in_progress}'
  end
$$;

comment on function etl_api.steps_to_timedout(text) is
  'The states between an open state and timedout, for state_via; null when one step leads there.';

revoke execute on function etl_api.steps_to_timedout(text) from public;
grant execute on function etl_api.steps_to_timedout(text) to service_role;
