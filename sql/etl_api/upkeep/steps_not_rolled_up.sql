create or replace function etl_api.steps_not_rolled_up(before timestamptz) returns bigint
language plpgsql
set search_path = ''
-- By the index of ranges, as roll_up_end reads it.
set enable_seqscan = off
set jit = off
as $$
declare
  mark constant etl_api.roll_up_mark := (select m from etl_api.roll_up_mark as m);
begin
  return (
    select pg_catalog.count(*)
    from etl_api.state_step as s
    where s.xid >= mark.next_xid
      and s.xid < 9223372036854775807
      and s.seq > mark.after_seq
      and s.at < before);
end
$$;

comment on function etl_api.steps_not_rolled_up(timestamptz) is
  'How many steps from before this time the summaries lack: none where the sweep runs, unless a transaction has been open since.';

revoke execute on function etl_api.steps_not_rolled_up(timestamptz) from public;
