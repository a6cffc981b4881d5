create or replace function etl_api.read_secrets(wanted jsonb)
returns table (scope text, name text, use text, version int, key_id text, value text)
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with asked as materialized (
    select distinct w.scope, w.name, w.use,
      case when w.scope <> 'shared' and etl_api.is_uuid(w.scope) then w.scope::uuid end as org_id
    from pg_catalog.jsonb_to_recordset(wanted) as w (scope text, name text, use text)
  ), live as (
    select a.scope, a.name, a.use, s.*
    from asked as a
    cross join lateral (
      select o.id, o.version, o.state, o.expires_at, o.key_id, o.ciphertext, o.vault_id, o.last_used_at
      from etl_api.secret as o
      where o.org_id = a.org_id
        and o.name = a.name
        and o.state <> 'revoked'
      union all
      select n.id, n.version, n.state, n.expires_at, n.key_id, n.ciphertext, n.vault_id, n.last_used_at
      from etl_api.secret as n
      where a.scope = 'shared'
        and n.org_id is null
        and n.name = a.name
        and n.state <> 'revoked'
    ) as s
    where s.state = 'active'
      or s.expires_at > utils.now()
  ), found as materialized (
    select l.*
    from (
      select l.*, pg_catalog.row_number() over (partition by l.scope, l.name, l.use order by l.version desc) as place
      from live as l
    ) as l
    -- A request carries the newest only; a message is signed with all.
    where l.place = 1
      or l.use = 'sign'
  ), due as (
    select s.id
    from etl_api.secret as s
    where s.id in (
        select f.id
        from found as f
        where f.last_used_at is null
          or f.last_used_at < utils.now() - interval '1 minute')
    order by s.id
    for no key update skip locked
  ), touched as (
    update etl_api.secret as s
    set last_used_at = utils.now()
    from due
    where s.id = due.id
  )
  select f.scope, f.name, f.use, f.version, f.key_id,
    coalesce(v.value, pg_catalog.translate(pg_catalog.encode(f.ciphertext, 'base64'), E'\n', ''))
  from found as f
  left join etl_api.vault_values(array(select f.vault_id from found as f where f.vault_id is not null)) as v
    on v.id = f.vault_id
  order by f.scope, f.name, f.use, f.version desc;
end
$$;

comment on function etl_api.read_secrets(jsonb) is
  'Secrets for a function that is about to send: [{"scope", "name", "use"}]; use is "fill" for a placeholder (its newest version) or "sign" (the active and the retiring ones, newest first). value is sealed under the key key_id, or clear where that is null. What is not there gives no row. Notes the use, once a minute at most.';

revoke execute on function etl_api.read_secrets(jsonb) from public;
grant execute on function etl_api.read_secrets(jsonb) to service_role;
