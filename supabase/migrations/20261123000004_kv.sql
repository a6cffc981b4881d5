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

-- ---------------------------------------------------------------- typed tables

create table etl_api.kv_mapping (
  name text primary key check (name ~ '^[a-z][a-z0-9_]{0,40}$'),
  key_pattern text not null unique
    check (key_pattern ~ '^[^:{}]+(:([^:{}]+|\{[A-Za-z_][A-Za-z0-9_]*\}))*:\{[A-Za-z_][A-Za-z0-9_]*\}$'),
  table_name text not null check (table_name ~ '^[a-z][a-z0-9_]{0,40}$'),
  columns jsonb not null,
  sample jsonb,
  state text not null default 'off' check (state in ('off', 'noting', 'following', 'switched')),
  apply_sql text,
  values_sql text,
  migrated_at timestamptz,
  created_at timestamptz not null default now(),
  head text not null generated always as (split_part(key_pattern, ':', 1)) stored
);
comment on table etl_api.kv_mapping is
  'How values of the key-value store become rows of a typed table, and are kept there until the table takes over; see etl_api.kv_migrate.';
comment on column etl_api.kv_mapping.name is 'Name of the mapping.';
comment on column etl_api.kv_mapping.key_pattern is 'Which keys: conversation:{id}. Its variables are columns of the table''s key.';
comment on column etl_api.kv_mapping.table_name is 'The table in schema public; several mappings may share one where constants in their keys tell the rows apart.';
comment on column etl_api.kv_mapping.columns is
  'Its columns: [{"name", and one of "key": a variable of the pattern, "path": where it lies in the value, "value": a constant; "type" (text, bigint, numeric, boolean, timestamptz, date, jsonb, text[], vector(n)), "references": another mapping, "index": true}].';
comment on column etl_api.kv_mapping.sample is 'An example of what is stored: {key: value}.';
comment on column etl_api.kv_mapping.state is
  'off: nothing is noted; noting: changes are noted for the next kv_migrate; following: the table changes with the store; switched: the table has taken over, and the store takes these keys no more.';
comment on column etl_api.kv_mapping.apply_sql is 'The statement that brings rows up to what is stored, made of columns.';
comment on column etl_api.kv_mapping.values_sql is 'The statement that makes values of the rows again, made of columns.';
comment on column etl_api.kv_mapping.migrated_at is 'When kv_migrate last ran.';
comment on column etl_api.kv_mapping.created_at is 'When the mapping was made.';
comment on column etl_api.kv_mapping.head is 'The first part of its keys.';

create table etl_api.kv_change (
  mapping text not null references etl_api.kv_mapping (name) on delete cascade,
  org_id uuid not null references public.org (id) on delete cascade,
  key text collate "C" not null,
  seq bigint not null generated always as identity primary key
);
create index kv_change_mapping_idx on etl_api.kv_change (mapping, seq);
create index kv_change_org_id_idx on etl_api.kv_change (org_id);
comment on table etl_api.kv_change is 'Keys that were written or deleted since their typed table was last brought up to date.';
comment on column etl_api.kv_change.mapping is 'The mapping they belong to.';
comment on column etl_api.kv_change.org_id is 'The tenant.';
comment on column etl_api.kv_change.key is 'The key.';
comment on column etl_api.kv_change.seq is 'Order of the notes.';

create table etl_api.kv_misfit (
  mapping text not null references etl_api.kv_mapping (name) on delete cascade,
  org_id uuid not null references public.org (id) on delete cascade,
  key text collate "C" not null,
  column_name text not null,
  problem text not null,
  found jsonb not null,
  refers_to text,
  primary key (mapping, org_id, key, column_name)
);
create index kv_misfit_org_id_idx on etl_api.kv_misfit (org_id);
create index kv_misfit_refers_to_idx on etl_api.kv_misfit (refers_to, org_id) where refers_to is not null;
comment on table etl_api.kv_misfit is
  'What is stored and did not fit into its column of the typed table: the column is null there, and the value lies in "rest".';
comment on column etl_api.kv_misfit.mapping is 'The mapping.';
comment on column etl_api.kv_misfit.org_id is 'The tenant.';
comment on column etl_api.kv_misfit.key is 'The key.';
comment on column etl_api.kv_misfit.column_name is 'The column.';
comment on column etl_api.kv_misfit.problem is 'Why it does not fit.';
comment on column etl_api.kv_misfit.found is 'What was found.';
comment on column etl_api.kv_misfit.refers_to is 'The mapping whose table has no row for it, when that is why: once it has, the value is tried again.';

alter table etl_api.kv_mapping enable row level security;
alter table etl_api.kv_change enable row level security;
alter table etl_api.kv_misfit enable row level security;

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

-- The schemas of the document, off until somebody migrates them.
insert into etl_api.kv_mapping (name, key_pattern, table_name, columns, sample)
values
  ('profiles', 'profile:{userId}', 'profiles',
   '[{"name": "user_id", "key": "userId"}, {"name": "display_name", "path": "displayName"}, {"name": "email", "path": "email"}, {"name": "avatar_url", "path": "avatarUrl"}, {"name": "locale", "path": "locale"}, {"name": "created_at", "path": "createdAt", "type": "timestamptz"}, {"name": "updated_at", "path": "updatedAt", "type": "timestamptz"}]',
   '{"profile:user-456": {"displayName": "Ada", "email": "ada@client.example", "locale": "en-GB", "createdAt": "2024-12-01T08:00:00Z"}}'),
  ('user_sessions', 'session:{id}', 'user_sessions',
   '[{"name": "id", "key": "id"}, {"name": "user_id", "path": "userId", "references": "profiles"}, {"name": "device", "path": "device"}, {"name": "last_seen_at", "path": "lastSeenAt", "type": "timestamptz"}, {"name": "created_at", "path": "createdAt", "type": "timestamptz"}]',
   '{"session:sess-1": {"userId": "user-456", "device": "phone", "lastSeenAt": "2024-12-24T10:30:00Z", "createdAt": "2024-12-24T10:00:00Z"}}'),
  ('api_keys', 'apikey:{userId}', 'api_keys',
   '[{"name": "user_id", "key": "userId"}, {"name": "provider", "path": "provider"}, {"name": "sealed", "path": "sealed"}, {"name": "last_used_at", "path": "lastUsedAt", "type": "timestamptz"}, {"name": "created_at", "path": "createdAt", "type": "timestamptz"}]',
   '{"apikey:user-456": {"provider": "maps", "sealed": "v1:kGm0…", "createdAt": "2024-12-24T10:00:00Z"}}'),
  ('conversations', 'conversation:{id}', 'conversations',
   '[{"name": "id", "key": "id"}, {"name": "user_id", "path": "userId", "references": "profiles"}, {"name": "title", "path": "title"}, {"name": "agent_type", "path": "agentType", "index": true}, {"name": "created_at", "path": "createdAt", "type": "timestamptz"}, {"name": "updated_at", "path": "updatedAt", "type": "timestamptz"}]',
   '{"conversation:conv-123": {"id": "conv-123", "userId": "user-456", "title": "Plan my Paris trip", "agentType": "local-scout", "createdAt": "2024-12-24T10:00:00Z", "updatedAt": "2024-12-24T10:30:00Z"}}'),
  ('messages', 'message:{id}', 'messages',
   '[{"name": "id", "key": "id"}, {"name": "conversation_id", "path": "conversationId", "references": "conversations"}, {"name": "role", "path": "role"}, {"name": "content", "path": "content"}, {"name": "sent_at", "path": "timestamp", "type": "timestamptz"}]',
   '{"message:msg-1": {"conversationId": "conv-123", "role": "user", "content": "Where shall we eat?", "timestamp": "2024-12-24T10:01:00Z"}}'),
  ('ai_runs', 'ai_run:{id}', 'ai_runs',
   '[{"name": "id", "key": "id"}, {"name": "user_id", "path": "userId", "references": "profiles"}, {"name": "agent_name", "path": "agentName", "index": true}, {"name": "input_tokens", "path": "inputTokens", "type": "bigint"}, {"name": "output_tokens", "path": "outputTokens", "type": "bigint"}, {"name": "duration_ms", "path": "durationMs", "type": "bigint"}, {"name": "status", "path": "status"}, {"name": "input", "path": "input", "type": "jsonb"}, {"name": "output", "path": "output", "type": "jsonb"}, {"name": "created_at", "path": "createdAt", "type": "timestamptz"}]',
   '{"ai_run:run-789": {"id": "run-789", "userId": "user-456", "agentName": "dining-orchestrator", "inputTokens": 250, "outputTokens": 180, "durationMs": 1200, "status": "success", "createdAt": "2024-12-24T10:15:00Z"}}'),
  ('ai_context', 'context:{conversationId}', 'ai_context',
   '[{"name": "conversation_id", "key": "conversationId"}, {"name": "entities", "path": "entities", "type": "jsonb"}, {"name": "preferences", "path": "preferences", "type": "jsonb"}, {"name": "session", "path": "session", "type": "jsonb"}, {"name": "updated_at", "path": "updatedAt", "type": "timestamptz"}]',
   '{"context:conv-123": {"entities": [{"type": "city", "name": "Paris"}], "preferences": {"budget": "medium"}, "session": {"turn": 4}, "updatedAt": "2024-12-24T10:30:00Z"}}'),
  ('ai_context_history', 'context:history:{conversationId}', 'ai_context_history',
   '[{"name": "conversation_id", "key": "conversationId"}, {"name": "snapshots", "path": "snapshots", "type": "jsonb"}]',
   '{"context:history:conv-123": {"snapshots": [{"at": "2024-12-24T10:10:00Z", "entities": []}]}}'),
  ('user_preferences', 'preferences:{userId}', 'user_preferences',
   '[{"name": "user_id", "key": "userId"}, {"name": "language", "path": "language"}, {"name": "notifications", "path": "notifications", "type": "boolean"}, {"name": "ai_settings", "path": "ai", "type": "jsonb"}, {"name": "updated_at", "path": "updatedAt", "type": "timestamptz"}]',
   '{"preferences:user-456": {"language": "en", "notifications": true, "ai": {"tone": "brief"}, "updatedAt": "2024-12-24T10:00:00Z"}}'),
  ('proactive_suggestions', 'suggestion:{id}', 'proactive_suggestions',
   '[{"name": "id", "key": "id"}, {"name": "user_id", "path": "userId", "references": "profiles"}, {"name": "content", "path": "content"}, {"name": "confidence", "path": "confidence", "type": "numeric"}, {"name": "status", "path": "status", "index": true}, {"name": "shown_at", "path": "shownAt", "type": "timestamptz"}, {"name": "created_at", "path": "createdAt", "type": "timestamptz"}]',
   '{"suggestion:sug-1": {"userId": "user-456", "content": "Book the Louvre early", "confidence": 0.82, "status": "active", "createdAt": "2024-12-24T10:00:00Z"}}'),
  ('trips', 'trip:{id}', 'trips',
   '[{"name": "id", "key": "id"}, {"name": "user_id", "path": "userId", "references": "profiles"}, {"name": "title", "path": "title"}, {"name": "destination", "path": "destination"}, {"name": "starts_on", "path": "startDate", "type": "date"}, {"name": "ends_on", "path": "endDate", "type": "date"}, {"name": "travelers", "path": "travelers", "type": "bigint"}, {"name": "created_at", "path": "createdAt", "type": "timestamptz"}, {"name": "updated_at", "path": "updatedAt", "type": "timestamptz"}]',
   '{"trip:trip-1": {"userId": "user-456", "title": "Paris", "destination": "Paris, FR", "startDate": "2025-05-01", "endDate": "2025-05-06", "travelers": 2, "createdAt": "2024-12-24T10:00:00Z"}}'),
  ('itinerary_items', 'item:{id}', 'itinerary_items',
   '[{"name": "id", "key": "id"}, {"name": "trip_id", "path": "tripId", "references": "trips"}, {"name": "kind", "path": "type"}, {"name": "place_id", "path": "placeId", "index": true}, {"name": "title", "path": "title"}, {"name": "starts_at", "path": "startTime", "type": "timestamptz"}, {"name": "ends_at", "path": "endTime", "type": "timestamptz"}, {"name": "price", "path": "price", "type": "numeric"}, {"name": "position", "path": "order", "type": "bigint"}]',
   '{"item:item-1": {"tripId": "trip-1", "type": "restaurant", "placeId": "rest-9", "title": "Dinner", "startTime": "2025-05-01T19:00:00Z", "endTime": "2025-05-01T21:00:00Z", "price": 85.5, "order": 1}}'),
  ('events', 'event:{id}', 'locations',
   '[{"name": "kind", "value": "event"}, {"name": "id", "key": "id"}, {"name": "name", "path": "name"}, {"name": "city", "path": "city", "index": true}, {"name": "latitude", "path": ["location", "lat"], "type": "numeric"}, {"name": "longitude", "path": ["location", "lng"], "type": "numeric"}, {"name": "rating", "path": "rating", "type": "numeric"}, {"name": "price", "path": "price", "type": "numeric"}, {"name": "tags", "path": "tags", "type": "text[]"}]',
   '{"event:ev-1": {"name": "Jazz night", "startsAt": "2025-05-02T20:00:00Z", "city": "Paris", "location": {"lat": 48.8566, "lng": 2.3522}, "rating": 4.6, "tags": ["evening"]}}'),
  ('restaurants', 'restaurant:{id}', 'locations',
   '[{"name": "kind", "value": "restaurant"}, {"name": "id", "key": "id"}, {"name": "name", "path": "name"}, {"name": "city", "path": "city", "index": true}, {"name": "latitude", "path": ["location", "lat"], "type": "numeric"}, {"name": "longitude", "path": ["location", "lng"], "type": "numeric"}, {"name": "rating", "path": "rating", "type": "numeric"}, {"name": "price", "path": "price", "type": "numeric"}, {"name": "tags", "path": "tags", "type": "text[]"}]',
   '{"restaurant:rest-9": {"name": "Chez Ada", "cuisine": "french", "city": "Paris", "location": {"lat": 48.8566, "lng": 2.3522}, "rating": 4.6, "tags": ["evening"]}}'),
  ('rentals', 'rental:{id}', 'locations',
   '[{"name": "kind", "value": "rental"}, {"name": "id", "key": "id"}, {"name": "name", "path": "name"}, {"name": "city", "path": "city", "index": true}, {"name": "latitude", "path": ["location", "lat"], "type": "numeric"}, {"name": "longitude", "path": ["location", "lng"], "type": "numeric"}, {"name": "rating", "path": "rating", "type": "numeric"}, {"name": "price", "path": "price", "type": "numeric"}, {"name": "tags", "path": "tags", "type": "text[]"}]',
   '{"rental:home-3": {"name": "Flat by the canal", "bedrooms": 2, "city": "Paris", "location": {"lat": 48.8566, "lng": 2.3522}, "rating": 4.6, "tags": ["evening"]}}'),
  ('saved_places', 'saved:{userId}:{placeId}', 'saved_places',
   '[{"name": "user_id", "key": "userId"}, {"name": "place_id", "key": "placeId"}, {"name": "note", "path": "note"}, {"name": "saved_at", "path": "savedAt", "type": "timestamptz"}]',
   '{"saved:user-456:rest-9": {"note": "for the birthday", "savedAt": "2024-12-24T10:00:00Z"}}'),
  ('saved_place_lists', 'saved:{userId}', 'saved_place_lists',
   '[{"name": "user_id", "key": "userId"}]',
   '{"saved:user-456": ["rest-9", "ev-1"]}'),
  ('collections', 'collection:{id}', 'collections',
   '[{"name": "id", "key": "id"}, {"name": "user_id", "path": "userId", "references": "profiles"}, {"name": "name", "path": "name"}, {"name": "is_public", "path": "isPublic", "type": "boolean"}, {"name": "place_ids", "path": "placeIds", "type": "text[]"}, {"name": "created_at", "path": "createdAt", "type": "timestamptz"}]',
   '{"collection:col-1": {"userId": "user-456", "name": "Rainy days", "isPublic": false, "placeIds": ["ev-1", "rest-9"], "createdAt": "2024-12-24T10:00:00Z"}}'),
  ('trip_collaborators', 'collaborator:{tripId}:{userId}', 'trip_collaborators',
   '[{"name": "trip_id", "key": "tripId"}, {"name": "user_id", "key": "userId"}, {"name": "role", "path": "role"}, {"name": "invited_at", "path": "invitedAt", "type": "timestamptz"}]',
   '{"collaborator:trip-1:user-9": {"role": "editor", "invitedAt": "2024-12-24T10:00:00Z"}}'),
  ('conflict_resolutions', 'conflict:{id}', 'conflict_resolutions',
   '[{"name": "id", "key": "id"}, {"name": "trip_id", "path": "tripId", "references": "trips"}, {"name": "kind", "path": "type", "index": true}, {"name": "detected_at", "path": "detectedAt", "type": "timestamptz"}, {"name": "resolution", "path": "resolution"}, {"name": "resolved_at", "path": "resolvedAt", "type": "timestamptz"}]',
   '{"conflict:con-1": {"tripId": "trip-1", "type": "overlap", "detectedAt": "2024-12-24T10:00:00Z", "resolution": "moved dinner", "resolvedAt": "2024-12-24T10:05:00Z"}}'),
  ('budget_tracking', 'budget:{tripId}', 'budget_tracking',
   '[{"name": "trip_id", "key": "tripId"}, {"name": "total", "path": "total", "type": "numeric"}, {"name": "spent", "path": "spent", "type": "numeric"}, {"name": "currency", "path": "currency"}, {"name": "breakdown", "path": "breakdown", "type": "jsonb"}, {"name": "updated_at", "path": "updatedAt", "type": "timestamptz"}]',
   '{"budget:trip-1": {"total": 1500, "spent": 420.75, "currency": "EUR", "breakdown": {"food": 220.75, "rooms": 200}, "updatedAt": "2024-12-24T10:00:00Z"}}'),
  ('budget_alerts', 'budget:alerts:{tripId}', 'budget_alerts',
   '[{"name": "trip_id", "key": "tripId"}, {"name": "alerts", "path": "alerts", "type": "jsonb"}]',
   '{"budget:alerts:trip-1": {"alerts": [{"at": "2024-12-24T10:00:00Z", "level": "80 %"}]}}'),
  ('booking_workflows', 'workflow:{id}', 'booking_workflows',
   '[{"name": "id", "key": "id"}, {"name": "user_id", "path": "userId", "references": "profiles"}, {"name": "trip_id", "path": "tripId", "references": "trips"}, {"name": "current_step", "path": "currentStep"}, {"name": "status", "path": "status", "index": true}, {"name": "data", "path": "data", "type": "jsonb"}, {"name": "created_at", "path": "createdAt", "type": "timestamptz"}, {"name": "updated_at", "path": "updatedAt", "type": "timestamptz"}]',
   '{"workflow:wf-1": {"userId": "user-456", "tripId": "trip-1", "currentStep": "payment", "status": "open", "data": {"room": "double"}, "createdAt": "2024-12-24T10:00:00Z"}}'),
  ('embeddings', 'embedding:{id}', 'embeddings',
   '[{"name": "id", "key": "id"}, {"name": "content", "path": "content"}, {"name": "source", "path": "source", "index": true}, {"name": "embedding", "path": "embedding", "type": "vector(3)"}, {"name": "metadata", "path": "metadata", "type": "jsonb"}]',
   '{"embedding:emb-1": {"content": "A quiet street", "source": "reviews", "embedding": [0.5, 0.25, -1], "metadata": {"lang": "en"}}}'),
  ('web_sources', 'websource:{urlHash}', 'web_sources',
   '[{"name": "url_hash", "key": "urlHash"}, {"name": "url", "path": "url"}, {"name": "title", "path": "title"}, {"name": "content", "path": "content"}, {"name": "fetched_at", "path": "fetchedAt", "type": "timestamptz"}]',
   '{"websource:9f86d0": {"url": "https://guide.example/paris", "title": "Paris", "content": "…", "fetchedAt": "2024-12-24T10:00:00Z"}}'),
  ('automation_rules', 'automation:{id}', 'automation_rules',
   '[{"name": "id", "key": "id"}, {"name": "user_id", "path": "userId", "references": "profiles"}, {"name": "name", "path": "name"}, {"name": "trigger", "path": "trigger", "type": "jsonb"}, {"name": "actions", "path": "actions", "type": "jsonb"}, {"name": "enabled", "path": "enabled", "type": "boolean"}, {"name": "created_at", "path": "createdAt", "type": "timestamptz"}]',
   '{"automation:auto-1": {"userId": "user-456", "name": "Rain plan", "trigger": {"weather": "rain"}, "actions": [{"suggest": "museum"}], "enabled": true, "createdAt": "2024-12-24T10:00:00Z"}}'),
  ('automation_jobs', 'job:{id}', 'automation_jobs',
   '[{"name": "id", "key": "id"}, {"name": "kind", "path": "type", "index": true}, {"name": "status", "path": "status", "index": true}, {"name": "payload", "path": "payload", "type": "jsonb"}, {"name": "attempts", "path": "attempts", "type": "bigint"}, {"name": "run_at", "path": "runAt", "type": "timestamptz"}, {"name": "created_at", "path": "createdAt", "type": "timestamptz"}]',
   '{"job:job-1": {"type": "sync", "status": "queued", "payload": {"city": "Paris"}, "attempts": 0, "runAt": "2024-12-24T11:00:00Z", "createdAt": "2024-12-24T10:00:00Z"}}'),
  ('automation_logs', 'log:{jobId}', 'automation_logs',
   '[{"name": "job_id", "key": "jobId"}, {"name": "status", "path": "status"}, {"name": "lines", "path": "lines", "type": "text[]"}, {"name": "finished_at", "path": "finishedAt", "type": "timestamptz"}]',
   '{"log:job-1": {"status": "done", "lines": ["began", "ended"], "finishedAt": "2024-12-24T11:00:02Z"}}');

-- migrate:down
