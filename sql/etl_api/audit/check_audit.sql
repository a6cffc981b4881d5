create or replace function etl_api.check_audit(of_org uuid default null, heads jsonb default '[]')
returns table (entity text, id uuid, org_id uuid, problem text)
language sql stable
set search_path = ''
as $$
  with chained as (
    select l.org_id, l.seq, l.hash, l.digest, l.old, l.new, l.salt, l.action, l as entry,
      pg_catalog.lag(l.seq, 1, 0::bigint) over chain as seq_before,
      pg_catalog.lag(l.hash) over chain as hash_before,
      pg_catalog.max(l.seq) filter (where l.action = 'erase') over (partition by l.org_id) as erased_until
    from etl_api.audit_log as l
    where check_audit.of_org is null
      or l.org_id = check_audit.of_org
    window chain as (partition by l.org_id order by l.seq)
  ),
  head as (
    select h.org_id, h.seq, h.hash
    from etl_api.audit_head as h
    where check_audit.of_org is null
      or h.org_id = check_audit.of_org
  ),
  last as (
    select distinct on (c.org_id) c.org_id, c.seq, c.hash
    from chained as c
    order by c.org_id, c.seq desc
  ),
  kept as (
    select (k.head ->> 'org_id')::uuid as org_id, (k.head ->> 'seq')::bigint as seq, k.head ->> 'hash' as hash
    from pg_catalog.jsonb_array_elements(heads) as k (head)
    where check_audit.of_org is null
      or (k.head ->> 'org_id')::uuid = check_audit.of_org
  )
  select 'audit_log', found.org_id, found.org_id, found.problem
  from (
    select c.org_id, case when c.seq_before + 1 = c.seq - 1 then pg_catalog.format('entry %s is missing', c.seq - 1)
      else pg_catalog.format('entries %s to %s are missing', c.seq_before + 1, c.seq - 1) end
    from chained as c
    where c.seq <> c.seq_before + 1
    union all
    select c.org_id, pg_catalog.format('entry %s was altered, or another stood before it', c.seq)
    from chained as c
    where c.seq = c.seq_before + 1
      and c.hash is distinct from etl_api.audit_hash(c.hash_before, c.entry)
    union all
    select c.org_id, pg_catalog.format('what entry %s says was altered', c.seq)
    from chained as c
    where c.salt is not null
      and c.digest is distinct from etl_api.audit_digest(c.salt, c.old, c.new)
    union all
    select c.org_id, pg_catalog.format('entry %s was blanked, but not by an erasure', c.seq)
    from chained as c
    where c.salt is null
      and c.seq > coalesce(c.erased_until, 0)
    union all
    select coalesce(h.org_id, t.org_id), case
        when h.seq is null then 'nothing says how far it goes'
        when coalesce(t.seq, 0) < h.seq then pg_catalog.format('its end is missing: entries %s to %s', coalesce(t.seq, 0) + 1, h.seq)
        when t.seq > h.seq then pg_catalog.format('entries %s to %s were written past its end', h.seq + 1, t.seq)
        else pg_catalog.format('its last entry %s is not the one that was written', h.seq)
      end
    from head as h
    full join last as t on coalesce(t.org_id, '00000000-0000-0000-0000-000000000000') = coalesce(h.org_id, '00000000-0000-0000-0000-000000000000')
    where (h.seq, h.hash) is distinct from (coalesce(t.seq, 0), coalesce(t.hash, ''))
    union all
    select k.org_id, pg_catalog.format('entry %s is not the one whose hash was kept', k.seq)
    from kept as k
    where not exists (
      select 1
      from chained as c
      where c.org_id is not distinct from k.org_id
        and c.seq = k.seq
        and pg_catalog.encode(c.hash, 'hex') = k.hash)
  ) as found (org_id, problem)
$$;

comment on function etl_api.check_audit(uuid, jsonb) is
  'What is wrong with the audit log of an org (null: all): entries that are missing, altered, moved or cut off at the end. heads are ends of chains that were kept elsewhere, [{org_id, seq, hash}], hash in hex: each must still be part of its chain, so that rewriting a whole chain is found, too. It reads everything.';

revoke execute on function etl_api.check_audit(uuid, jsonb) from public;
grant execute on function etl_api.check_audit(uuid, jsonb) to service_role;
