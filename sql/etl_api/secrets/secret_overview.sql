create or replace view etl_api.secret_overview with (security_invoker = true) as
select
  coalesce(s.org_id::text, 'shared') as scope,
  s.org_id,
  s.name,
  s.version,
  case when s.state = 'retiring' and s.expires_at <= utils.now() then 'revoked' else s.state end as state,
  s.storage,
  s.key_id,
  s.created_at,
  s.created_by,
  s.expires_at,
  s.revoked_at,
  s.revoked_by,
  s.last_used_at
from etl_api.secret as s;

comment on view etl_api.secret_overview is
  'Secrets without their values, one row for each version: state, where it is kept, who put it there, when it was last used. Owners and admins see those of their orgs.';

grant select on etl_api.secret_overview to authenticated, service_role;
