create or replace function etl_api.hold_turns(source_ids uuid[], out served_last uuid[], out held uuid[])
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  held := array(
    select t.source_id
    from etl_api.source_turn as t
    where t.source_id = any (source_ids)
    order by t.source_id
    for no key update skip locked);

  -- Whose turn it is, another claim may be about to say. Nobody waits for that: this one begins anywhere, which is
  -- as fair over time, and not where the other begins.
  select
    pg_catalog.array_agg(
      case when t.source_id is null or t.source_id = any (held) then t.org_id else pg_catalog.gen_random_uuid() end
      order by s.i),
    pg_catalog.array_agg(s.id) filter (where t.source_id is null or t.source_id = any (held))
  into served_last, held
  from unnest(source_ids) with ordinality as s (id, i)
  left join etl_api.source_turn as t on t.source_id = s.id;
end
$$;

comment on function etl_api.hold_turns(uuid[]) is
  'served_last: the tenant that each of these sources served last, null when there was none. held: the sources whose turn the caller may pass on; their rows in source_turn, where there are any, are held.';

revoke execute on function etl_api.hold_turns(uuid[]) from public;
grant execute on function etl_api.hold_turns(uuid[]) to service_role;
