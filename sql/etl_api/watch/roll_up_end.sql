create or replace function etl_api.roll_up_end(max_rows int, out to_xid bigint, out steps bigint)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  mark constant bigint := (select m.next_xid from etl_api.roll_up_mark as m);
  -- None of the transactions before this one can write another step.
  ended constant bigint := etl_api.first_open_xid();
  width bigint := 1024;
  partitions oid[];
begin
  to_xid := ended;
  select pg_catalog.count(*), pg_catalog.array_agg(distinct h.tableoid) into steps, partitions
  from etl_api.state_step as h
  where h.xid >= mark
    and h.xid < ended;
  if steps > 0 then
    perform etl_api.summarize_history(partitions);
  end if;

  -- Too much for once: a part that is widened until it holds enough.
  if steps > max_rows then
    loop
      to_xid := least(mark + width, ended);
      select pg_catalog.count(*) into steps
      from etl_api.state_step as h
      where h.xid >= mark
        and h.xid < to_xid;
      exit when steps >= max_rows or to_xid = ended;
      width := width * 2;
    end loop;
  end if;
end
$$;

comment on function etl_api.roll_up_end(int) is
  'Before which transaction the roll-up is to stop, and how many steps lie before it: all transactions that have ended, or, of too many steps, those that hold about max_rows of them (twice as many at most, unless one transaction alone has more).';

revoke execute on function etl_api.roll_up_end(int) from public;
grant execute on function etl_api.roll_up_end(int) to service_role;
