create or replace function etl_api.erase_rows(of_org uuid, max_rows int) returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
as $$
-- The names are those of the catalog, quoted by format, which the check cannot follow.
-- @plpgsql_check_options: security_warnings = false
#variable_conflict use_column
declare
  waiting text[];
  again text[];
  is_full boolean := false;
  name text;
begin
  -- A guard would write down each row that goes.
  perform pg_catalog.set_config('etl.purging', 'on', true);
  -- Every table that says whose its rows are, whoever made it; partitions by their parent. The trail of audit is blanked
  -- later.
  waiting := array(
    select pg_catalog.format('%I.%I', n.nspname, c.relname)
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where etl_api.org_column(c.oid) is not null
      and n.nspname in ('public', 'etl_api')
      and c.relkind in ('r', 'p')
      and not c.relispartition
      and c.relname not in ('erasure', 'audit_log', 'audit_head', 'org')
    order by c.relname);
  -- A loop, since what refers to a row has to go before it, and the order is found by trying.
  loop
    again := '{}';
    foreach name in array waiting loop
      begin
        execute pg_catalog.format(
          'delete from %1$s as t where t.%2$I = $1 and t.ctid = any (array(select s.ctid from %1$s as s where s.%2$I = $1 limit $2))',
          name, etl_api.org_column(name::regclass))
        using of_org, max_rows;
        get diagnostics count = row_count;
        if count > 0 then
          what := name;
          more := count >= max_rows;
          is_full := is_full or more;
          return next;
        end if;
      exception when foreign_key_violation then
        again := again || name;
      end;
    end loop;
    -- What waits for a table of which only a part went is left to the next call.
    exit when pg_catalog.cardinality(again) in (0, pg_catalog.cardinality(waiting));
    waiting := again;
  end loop;
  perform pg_catalog.set_config('etl.purging', '', true);
  if is_full or again <> '{}' then
    return query values ('waiting', 0::bigint, true);
  end if;
end
$$;

comment on function etl_api.erase_rows(uuid, int) is
  'Removes what a tenant has in any table with an org_id or organization_id, at most max_rows of each at once, whatever refers to whatever: new tables, too.';

revoke execute on function etl_api.erase_rows(uuid, int) from public;
