create or replace function etl_api.lock_audit_head(of_org uuid, out seq bigint, out hash bytea)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Who comes second waits at the row that the first has inserted, or holds.
  insert into etl_api.audit_head (org_id, seq, hash)
  values (of_org, 0, '')
  on conflict do nothing;
  select h.seq, h.hash into lock_audit_head.seq, lock_audit_head.hash
  from etl_api.audit_head as h
  where h.org_id is not distinct from of_org
  for update;
end
$$;

comment on function etl_api.lock_audit_head(uuid) is
  'How far the chain of an org (null: that of no org) goes, begun when there is none, and held until the transaction ends.';

revoke execute on function etl_api.lock_audit_head(uuid) from public;
