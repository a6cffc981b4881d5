create or replace function etl_api.substate_when_done(entity_id uuid) returns text
language sql stable
set search_path = ''
as $$
  select h.substate
  from etl_api.state_history as h
  where h.entity_id = substate_when_done.entity_id
    and h.to_state = 'done'
    and h.substate is distinct from 'delivery_failed'
  order by h.seq desc
  limit 1
$$;

comment on function etl_api.substate_when_done(uuid) is
  'What the substate of a row was when it was done, before a delivery that failed stood there: partial, no_objects, … or null.';

revoke execute on function etl_api.substate_when_done(uuid) from public;
grant execute on function etl_api.substate_when_done(uuid) to service_role;
