create or replace function etl_api.explain_state(
  entity etl_api.entity_kind, id uuid, label text, state text, substate text, error text default null,
  out sentence text, out advice text)
language plpgsql stable
set search_path = ''
as $$
declare
  known record;
  since timestamptz;
  why text;
begin
  select m.meaning, m.advice into known
  from etl_api.substate_meaning() as m
  where m.entity = explain_state.entity
    and m.state = explain_state.state
    and (m.substate is null
      or m.substate = case when explain_state.substate ~ '^http_[0-9]+$' then 'http_nnn' else explain_state.substate end)
  order by m.substate nulls last
  limit 1;

  select h.at, h.reason into since, why
  from etl_api.state_history as h
  where h.entity_id = explain_state.id
  order by h.seq desc
  limit 1;

  sentence := pg_catalog.format('%s is %s%s%s: %s.', label, state, ' (' || substate || ')',
    ' since ' || etl_api.explain_time(since),
    coalesce(known.meaning || case when error is not null and substate is distinct from 'cancelled' then ' – ' || pg_catalog.rtrim(error, '. ') else '' end, 'it is as it says'));
  if state = 'failed' and substate = 'cancelled' and why is not null then
    sentence := sentence || pg_catalog.format(' The history says: %s.', pg_catalog.rtrim(why, '. '));
  end if;
  advice := known.advice;
end
$$;

comment on function etl_api.explain_state(etl_api.entity_kind, uuid, text, text, text, text) is
  'The first sentence about a row: what state it is in, since when, what that means, and its error; advice says what to do, null when there is nothing.';

revoke execute on function etl_api.explain_state(etl_api.entity_kind, uuid, text, text, text, text) from public;
