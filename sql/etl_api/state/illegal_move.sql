create or replace function etl_api.illegal_move(
  moves etl_api.state_move[], out id uuid, out moved boolean, out from_state text, out to_state text)
language plpgsql stable
set search_path = ''
set jit = off
set plan_cache_mode = force_generic_plan
as $$
begin
  select s.ids[1], s.moved, s.from_state, s.to_state
    into illegal_move.id, illegal_move.moved, illegal_move.from_state, illegal_move.to_state
  from (
    -- A list of steps that begins at another index than 1, or has rows, shows as steps to or from null; so does the end
    -- of one that is longer than state_history can number.
    select m.ids, m.moved, m.substate, m.from_state is not distinct from m.to_state and m.via is null as stays,
      p.place = 0 and m.from_state is null as is_first,
      case when p.place = 0 then m.from_state else m.via[p.place] end as from_state,
      case when p.place < m.places then m.via[p.place + 1] when m.places < 15 then m.to_state end as to_state
    from (
      -- Moves may differ in more than this: each is looked at once.
      select distinct on (t.from_state, t.to_state, t.substate, t.moved, t.via)
        t.ids, t.moved, t.from_state, t.via, t.to_state, t.substate, coalesce(pg_catalog.cardinality(t.via), 0) as places
      from pg_catalog.unnest(moves) as t
    ) as m
    cross join lateral pg_catalog.generate_series(0, m.places) as p (place)
  ) as s
  left join etl_api.state_transition as t on t.from_state = s.from_state and t.to_state = s.to_state
  where s.moved
    or s.is_first and s.to_state is distinct from 'new'
    or not s.is_first and not s.stays and t.kind is null
    or t.kind = 'cancel' and s.substate is distinct from 'cancelled'
  limit 1;
end
$$;

comment on function etl_api.illegal_move(etl_api.state_move[]) is
  'The first step among these moves that etl_api.state_transition does not allow, of one of its rows; nulls when all are legal. A row without a state before begins as "new"; one that was moved has changed its id.';

revoke execute on function etl_api.illegal_move(etl_api.state_move[]) from public;
