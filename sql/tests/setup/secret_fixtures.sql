-- Secrets, and a Vault for a database that has none.

create schema if not exists test_setup;
grant usage on schema test_setup to anon, authenticated, service_role;

create function test_setup.make_vault() returns void
language plpgsql
set search_path = ''
as $$
begin
  create schema vault;
  -- Supabase encrypts; here it is enough that nothing reads as it was written.
  create table vault.secrets (
    id uuid primary key default pg_catalog.gen_random_uuid(),
    name text unique,
    description text not null default '',
    secret text not null,
    key_id uuid,
    nonce bytea,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );
  create view vault.decrypted_secrets as
  select s.id, s.name, s.description, s.secret, pg_catalog.reverse(s.secret) as decrypted_secret,
    s.key_id, s.nonce, s.created_at, s.updated_at
  from vault.secrets as s;
  create function vault.create_secret(
    new_secret text, new_name text default null, new_description text default '', new_key_id uuid default null
  ) returns uuid
  language sql
  set search_path = ''
  as 'insert into vault.secrets (secret, name, description) values (pg_catalog.reverse($1), $2, $3) returning id';
  create function vault.update_secret(
    secret_id uuid, new_secret text default null, new_name text default null, new_description text default null,
    new_key_id uuid default null
  ) returns void
  language sql
  set search_path = ''
  as 'update vault.secrets set secret = coalesce(pg_catalog.reverse($2), secret), updated_at = now() where id = $1';
end
$$;
comment on function test_setup.make_vault() is
  'Stands in for Supabase''s Vault: its table, its view and its two functions, in the shape they have there.';

create function test_setup.seen(of_scope text, of_name text, of_use text default 'fill') returns text[]
language sql
set search_path = ''
as $$
  select pg_catalog.array_agg(r.version || ' ' || coalesce(r.key_id, 'clear') || ' ' || r.value)
  from etl_api.read_secrets(pg_catalog.jsonb_build_array(
    pg_catalog.jsonb_build_object('scope', of_scope, 'name', of_name, 'use', of_use))) as r
$$;
comment on function test_setup.seen(text, text, text) is 'What a function gets that asks for a secret: version, key, value.';
