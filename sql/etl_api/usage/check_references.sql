create or replace function etl_api.check_references(of_org uuid default null)
returns table (entity text, id uuid, org_id uuid, problem text)
language plpgsql stable
set search_path = ''
as $$
-- Every name in the texts below is quoted by format, or is a regclass, which the check cannot follow.
-- @plpgsql_check_options: security_warnings = false, extra_warnings = false
declare
  reference record;
begin
  -- A loop, because each reference is between tables of its own.
  for reference in
    select r.child, r.parent, r.columns[1] as first, p.relname as parent_name,
      -- Tables that came from an older system call the tenant as that did.
      (
        select a.attname
        from pg_catalog.pg_attribute as a
        where a.attrelid = r.child
          and a.attname in ('org_id', 'organization_id')
          and not a.attisdropped
        order by a.attname
        limit 1
      ) as tenant,
      (
        select pg_catalog.string_agg(pg_catalog.format('p.%I = c.%I', k.key, k.col), ' and ')
        from unnest(r.columns, r.keys) as k (col, key)
      ) as joined
    from etl_api.table_reference as r
    join pg_catalog.pg_class as p on p.oid = r.parent
  loop
    return query execute pg_catalog.format(
      'select %1$L::text, c.%2$I, c.%3$I, %4$L::text from %5$s as c
       where c.%2$I is not null and ($1 is null or c.%3$I = $1) and not exists (select 1 from %6$s as p where %7$s)',
      (select k.relname from pg_catalog.pg_class as k where k.oid = reference.child), reference.first, reference.tenant,
      pg_catalog.format('by %s it refers to a row of %s that is not there', reference.first, reference.parent_name),
      reference.child, reference.parent, reference.joined)
      using of_org;
  end loop;
end
$$;

comment on function etl_api.check_references(uuid) is
  'Rows of an org (null: all) that refer to what is not there, by the references that triggers keep (etl_api.table_reference), each with the id it refers to: triggers do not see what is written with session_replication_role = replica. Part of check_consistency.';

revoke execute on function etl_api.check_references(uuid) from public;
grant execute on function etl_api.check_references(uuid) to service_role;
