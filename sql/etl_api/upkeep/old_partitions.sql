create or replace function etl_api.old_partitions(before timestamptz, max_rows int)
returns table (name text, next timestamptz)
language plpgsql stable
set search_path = ''
set timezone = 'UTC'
as $$
begin
  return query
  select b.name, b.next
  from (
    select c.relname::text as name,
      (pg_catalog.regexp_match(pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'TO \(''([^'']+)''\)'))[1]::timestamptz as next
    from pg_catalog.pg_inherits as i
    join pg_catalog.pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'etl_api.state_step'::regclass
  ) as b
  where b.next <= before
    -- What is still open keeps its history: where that is much, it is not worth moving out of the way.
    and max_rows >= (
      select pg_catalog.count(*)
      from (
        select 1
        from public.workflow_request as w
        where w.is_open
          and w.created_at < b.next
        limit max_rows + 1
      ) as w)
  order by b.next;
end
$$;

comment on function etl_api.old_partitions(timestamptz, int) is
  'Partitions of state_step that end before this time (next: where) and hold the history of at most max_rows open workflow requests: they can be cleared as a whole.';

revoke execute on function etl_api.old_partitions(timestamptz, int) from public;
