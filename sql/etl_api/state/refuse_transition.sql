create or replace function etl_api.refuse_transition(entity text, id uuid, moved boolean, from_state text, to_state text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  allowed text;
begin
  if moved then
    raise exception using
      errcode = 'ETL01',
      message = pg_catalog.format('%s: id and org_id of a row never change (new id %s)', entity, id),
      hint = 'Insert a new row instead.';
  end if;

  select pg_catalog.string_agg(
      case t.kind when 'cancel' then t.to_state || ' (state_substate cancelled)' else t.to_state end,
      ', ' order by t.kind <> 'normal', t.to_state)
    into allowed
  from etl_api.state_transition as t
  where t.from_state = refuse_transition.from_state;

  raise exception using
    errcode = 'ETL01',
    message = case
      when from_state is null then
        pg_catalog.format('%s %s cannot begin as "%s"', entity, id, coalesce(to_state, 'null'))
      else
        pg_catalog.format('%s %s cannot go from "%s" to "%s"', entity, id, from_state, coalesce(to_state, 'null'))
      end,
    hint = case
      when from_state is null then 'A row begins as "new"; further steps stand in state_via, beginning with "new".'
      when allowed is null then pg_catalog.format('No state follows "%s".', from_state)
      else pg_catalog.format('From "%s" the next state may be: %s.', from_state, allowed)
      end;
end
$$;

comment on function etl_api.refuse_transition(text, uuid, boolean, text, text) is
  'Raises ETL01 for a step the guard found illegal, naming both states, the row, and the states that may follow.';

revoke execute on function etl_api.refuse_transition(text, uuid, boolean, text, text) from public;
