-- migrate:up

-- A store of keys and values for what has no table yet, and the lists over it that the database keeps.

create sequence etl_api.kv_version;
comment on sequence etl_api.kv_version is
  'Versions of what is stored: no two are the same, so a value that was deleted and written again cannot pass for the old one.';

create table public.kv_store (
  org_id uuid not null,
  key text collate "C" not null check (key <> '' and octet_length(key) <= 1024),
  value jsonb not null,
  version bigint not null default nextval('etl_api.kv_version'),
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, key)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
create index kv_store_expires_at_idx on public.kv_store (expires_at) where expires_at is not null;
comment on table public.kv_store is
  'Values under keys, per tenant. Written by etl_api.kv_set and its sisters alone, which keep the lists; keys sort by their bytes, so what begins alike lies together.';
comment on column public.kv_store.org_id is 'Its tenant.';
comment on column public.kv_store.key is 'The key, such as conversation:conv-123; at most 1,024 bytes.';
comment on column public.kv_store.value is 'The value, any JSON.';
comment on column public.kv_store.version is 'Another number with each write; see etl_api.kv_compare_and_set.';
comment on column public.kv_store.expires_at is 'From when on it is as if it were not there; null: it stays.';
comment on column public.kv_store.created_at is 'When the key was first written.';
comment on column public.kv_store.updated_at is 'When it was last written.';
select etl_api.keep_reference('public.kv_store', '{org_id}', 'public.org', '{id}', 'cascade');

create table etl_api.kv_index (
  id uuid primary key default gen_random_uuid(),
  org_id uuid references public.org (id) on delete cascade,
  name text not null check (name ~ '^[^:{}]+(:([^:{}]+|\{[A-Za-z_][A-Za-z0-9_]*\}))*$'),
  of_pattern text not null check (of_pattern ~ '^[^:{}]+(:([^:{}]+|\{[A-Za-z_][A-Za-z0-9_]*\}))*:\{[A-Za-z_][A-Za-z0-9_]*\}$'),
  paths jsonb not null default '{}' check (jsonb_typeof(paths) = 'object'),
  condition jsonb,
  created_at timestamptz not null default now(),
  name_head text not null generated always as (split_part(name, ':', 1)) stored,
  of_head text not null generated always as (split_part(of_pattern, ':', 1)) stored,
  unique nulls not distinct (org_id, name, of_pattern)
);
comment on table etl_api.kv_index is
  'Lists of keys that the database keeps: under the key conversation:index:user-456 the ids of all conversation:{id} whose value says userId = user-456.';
comment on column etl_api.kv_index.id is 'Identity of the index.';
comment on column etl_api.kv_index.org_id is 'Its tenant; null: of all.';
comment on column etl_api.kv_index.name is
  'The key of the list, its variables in braces: conversation:index:{userId}. A variable is a part of the key listed or a member of its value.';
comment on column etl_api.kv_index.of_pattern is 'The keys listed; the list holds what their last variable stands for: conversation:{id}.';
comment on column etl_api.kv_index.paths is 'Where a variable of the name lies in the value, when not in the member of that name: {"userId": ["owner", "id"]}.';
comment on column etl_api.kv_index.condition is 'Only values that contain this are listed: {"status": "active"}; null: all.';
comment on column etl_api.kv_index.created_at is 'When the index was made.';
comment on column etl_api.kv_index.name_head is 'The first part of the name.';
comment on column etl_api.kv_index.of_head is 'The first part of the keys listed.';

create table etl_api.kv_index_entry (
  org_id uuid not null references public.org (id) on delete cascade,
  index_key text collate "C" not null,
  member text collate "C" not null,
  index_id uuid not null references etl_api.kv_index (id) on delete cascade,
  key text collate "C" not null,
  seq bigint not null generated always as identity,
  primary key (org_id, index_key, member, index_id)
) with (fillfactor = 90);
create index kv_index_entry_key_idx on etl_api.kv_index_entry (org_id, key);
create index kv_index_entry_index_id_idx on etl_api.kv_index_entry (index_id);
comment on table etl_api.kv_index_entry is 'One entry of a list; written by etl_api.kv_keep_lists alone.';
comment on column etl_api.kv_index_entry.org_id is 'Its tenant.';
comment on column etl_api.kv_index_entry.index_key is 'The key of the list.';
comment on column etl_api.kv_index_entry.member is 'What the list holds.';
comment on column etl_api.kv_index_entry.index_id is 'The index that has it.';
comment on column etl_api.kv_index_entry.key is 'The key listed.';
comment on column etl_api.kv_index_entry.seq is 'Order in which the entries came.';

alter table public.kv_store enable row level security;
alter table etl_api.kv_index enable row level security;
alter table etl_api.kv_index_entry enable row level security;

-- The lists of the document that the store comes from.
insert into etl_api.kv_index (name, of_pattern, condition)
values
  ('conversation:index:{userId}', 'conversation:{id}', null),
  ('messages:index:{conversationId}', 'message:{id}', null),
  ('ai_runs:index:{userId}', 'ai_run:{id}', null),
  ('trips:index:{userId}', 'trip:{id}', null),
  ('items:index:{tripId}', 'item:{id}', null),
  ('events:index', 'event:{id}', null),
  ('restaurants:index', 'restaurant:{id}', null),
  ('rentals:index', 'rental:{id}', null),
  ('suggestions:index:{userId}', 'suggestion:{id}', null),
  ('suggestions:active:{userId}', 'suggestion:{id}', '{"status": "active"}'),
  ('conflicts:index:{tripId}', 'conflict:{id}', null),
  ('workflows:index:{userId}', 'workflow:{id}', null),
  ('collections:index:{userId}', 'collection:{id}', null),
  ('jobs:index', 'job:{id}', null);

-- migrate:down
