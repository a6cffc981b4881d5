-- migrate:up

-- Secrets that the edge functions put into requests and sign messages with. What lies here is of no use to a reader of
-- the database: a text sealed under a key that only the functions have, or the id of an entry of Supabase's Vault.

create table etl_api.secret (
  id uuid primary key default utils.new_id(),
  org_id uuid references public.org (id) on delete cascade,
  name text not null check (name ~ '^[A-Za-z0-9_.-]{1,100}$'),
  version int not null check (version > 0),
  state text not null default 'active' check (state in ('active', 'retiring', 'revoked')),
  storage text not null check (storage in ('table', 'vault')),
  ciphertext bytea,
  vault_id uuid,
  key_id text,
  created_at timestamptz not null default now(),
  created_by text not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  revoked_by text,
  last_used_at timestamptz,
  check ((state = 'retiring') = (expires_at is not null and revoked_at is null)),
  check ((state = 'revoked') = (revoked_at is not null)),
  -- What was revoked is gone, not only marked.
  check ((ciphertext is not null) = (state <> 'revoked' and storage = 'table')),
  check ((vault_id is not null) = (state <> 'revoked' and storage = 'vault')),
  check (storage = 'vault' or key_id is not null)
) with (fillfactor = 70);
create unique index secret_version_idx on etl_api.secret (org_id, name, version) nulls not distinct;
create unique index secret_active_idx on etl_api.secret (org_id, name) nulls not distinct where state = 'active';
create index secret_retiring_idx on etl_api.secret (expires_at) where state = 'retiring';
comment on table etl_api.secret is
  'Versions of secrets: what <<$secret.NAME>> stands for and what signs messages. Written by etl_api.put_secret, rotate_secret, revoke_secret and rekey_secrets only.';
comment on column etl_api.secret.id is 'Identity of the version.';
comment on column etl_api.secret.org_id is 'The tenant whose requests may carry it; null: sources without an org.';
comment on column etl_api.secret.name is 'Name in placeholders and in webhook_endpoint.secret_name: letters, digits, ".", "_" and "-".';
comment on column etl_api.secret.version is 'Counts from 1 for each tenant and name; sealed into the ciphertext with both.';
comment on column etl_api.secret.state is
  'active: in use, one for each tenant and name. retiring: replaced, still signs beside the active one until expires_at. revoked: its value is gone.';
comment on column etl_api.secret.storage is 'Where the value is: table (ciphertext here) or vault (an entry of Supabase''s Vault).';
comment on column etl_api.secret.ciphertext is
  'The value as the functions sealed it (AES-256-GCM under ETL_SECRET_KEY): a byte for the format, 12 of nonce, the text, 16 of tag. Null in the Vault and once revoked.';
comment on column etl_api.secret.vault_id is 'vault.secrets.id of the value; null in the table and once revoked.';
comment on column etl_api.secret.key_id is
  'Which key sealed it: the first 8 hex digits of a hash of ETL_SECRET_KEY. Null: clear text in the Vault, which encrypts it by itself.';
comment on column etl_api.secret.created_at is 'When it was put here.';
comment on column etl_api.secret.created_by is 'Who put it here, as they called themselves.';
comment on column etl_api.secret.expires_at is 'When a retiring version ends; null before it was replaced.';
comment on column etl_api.secret.revoked_at is 'When its value was thrown away.';
comment on column etl_api.secret.revoked_by is 'Who revoked it; "expired" when its time as a retiring one was over.';
comment on column etl_api.secret.last_used_at is
  'When a function last asked for it to send a request, give or take a minute; null: never.';

alter table etl_api.secret enable row level security;

-- migrate:down
