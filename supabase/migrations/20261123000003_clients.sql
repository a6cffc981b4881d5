-- migrate:up

-- What clients of a tenant upload: tables whose shape nobody told beforehand, one set of rows for all of them.

create table public.clients (
  client_id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references public.org (id) on delete cascade,
  company_name text not null check (btrim(company_name) <> '' and length(company_name) <= 500),
  email text check (email like '%_@_%' and length(email) <= 320),
  user_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (client_id, organization_id)
);
create unique index clients_email_key on public.clients (organization_id, lower(email));
create index clients_user_id_idx on public.clients (user_id) where user_id is not null;
comment on table public.clients is
  'Clients of a tenant. Whom they sign in as is Supabase Auth''s, so no password is kept here. Written by admins, and by etl_api.create_client.';
comment on column public.clients.client_id is 'Identity of the client.';
comment on column public.clients.organization_id is 'The tenant whose client it is.';
comment on column public.clients.company_name is 'Its name.';
comment on column public.clients.email is 'Its e-mail address, once in a tenant, in whatever case; null: not known.';
comment on column public.clients.user_id is 'The Auth user that is this client: it reads and uploads its own data; null: nobody signs in as it.';
comment on column public.clients.created_at is 'When the client was made.';
comment on column public.clients.updated_at is 'When it was last changed.';

create table public.client_schemas (
  id uuid primary key default gen_random_uuid(),
  client_id uuid not null,
  organization_id uuid not null,
  table_name text not null,
  data_type text not null,
  schema_definition jsonb not null default '[]' check (jsonb_typeof(schema_definition) = 'array'),
  version int not null default 0,
  contract text not null default 'evolve' check (contract in ('evolve', 'freeze', 'discard')),
  data_stored boolean not null default false,
  row_count bigint not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (client_id, table_name),
  foreign key (client_id, organization_id) references public.clients (client_id, organization_id) on delete cascade
);
create index client_schemas_organization_id_idx on public.client_schemas (organization_id);
comment on table public.client_schemas is
  'The tables that clients have, and what is known of their fields. Written by etl_api.ingest_client_data; an admin sets the contract.';
comment on column public.client_schemas.id is 'Identity of the row.';
comment on column public.client_schemas.client_id is 'The client.';
comment on column public.client_schemas.organization_id is 'Its tenant.';
comment on column public.client_schemas.table_name is
  'client_{first 8 digits of the client''s id}_{data type}; see etl_api.client_table_name. The name of a client''s table, not of one of the database.';
comment on column public.client_schemas.data_type is 'What the rows are: ecommerce, orders, …; data: nothing in particular.';
comment on column public.client_schemas.schema_definition is
  'Its fields, [{"name", "type", "format", "options", "open"}], as etl_api.plan_landing takes them.';
comment on column public.client_schemas.version is 'Counts what schema_definition said, older ones lie in client_schema_versions; 0: nothing is known yet.';
comment on column public.client_schemas.contract is
  'What new fields do: evolve, they are added; freeze, rows that have one are refused; discard, they are left out.';
comment on column public.client_schemas.data_stored is 'Whether rows were stored.';
comment on column public.client_schemas.row_count is
  'Rows there are, as of the last sweep; client_data_summary and get_client_data_count add what came since.';
comment on column public.client_schemas.created_at is 'When the first rows came.';
comment on column public.client_schemas.updated_at is 'When schema_definition or contract last changed.';

create table public.client_schema_versions (
  client_id uuid not null,
  organization_id uuid not null,
  table_name text not null,
  version int not null,
  schema_definition jsonb not null,
  replaced_at timestamptz not null default now(),
  primary key (client_id, table_name, version),
  foreign key (client_id, organization_id) references public.clients (client_id, organization_id) on delete cascade
);
create index client_schema_versions_organization_id_idx on public.client_schema_versions (organization_id);
comment on table public.client_schema_versions is
  'What client_schemas said before. Written by the trigger keep_version.';
comment on column public.client_schema_versions.client_id is 'The client.';
comment on column public.client_schema_versions.organization_id is 'Its tenant.';
comment on column public.client_schema_versions.table_name is 'Its table.';
comment on column public.client_schema_versions.version is 'Which version.';
comment on column public.client_schema_versions.schema_definition is 'Its fields then.';
comment on column public.client_schema_versions.replaced_at is 'Until when it held.';

create table public.client_data (
  id bigint primary key generated always as identity,
  client_id uuid not null,
  organization_id uuid not null,
  table_name text not null,
  data jsonb not null check (jsonb_typeof(data) = 'object'),
  originals jsonb,
  created_at timestamptz not null default now()
);
-- Newest first, of a client and of one of its tables.
create index idx_client_data_client_id on public.client_data (client_id, id);
create index idx_client_data_table_name on public.client_data (table_name);
create index idx_client_data_client_table on public.client_data (client_id, table_name, id);
create index client_data_organization_id_idx on public.client_data (organization_id);
-- Under the client's id, so that what is looked up is the client's from the beginning: how many rows others have, and
-- what they say, makes no difference, not even of time. A search reads what is not sorted in yet, so that is kept short.
create index idx_client_data_jsonb on public.client_data
  using gin (jsonb_set('{}', array[client_id::text], data) jsonb_path_ops) with (gin_pending_list_limit = 512);
comment on table public.client_data is
  'The rows of all clients'' tables. Written by etl_api.ingest_client_data, or by the service; counted by triggers, whoever writes.';
comment on column public.client_data.id is 'Order in which rows came.';
comment on column public.client_data.client_id is 'Whose row it is.';
comment on column public.client_data.organization_id is 'The tenant.';
comment on column public.client_data.table_name is 'Which table of the client''s; see client_schemas.';
comment on column public.client_data.data is 'The row, its values made what the table''s fields are.';
comment on column public.client_data.originals is 'What was changed on the way in, as it came; null: nothing.';
comment on column public.client_data.created_at is 'When it came.';
select etl_api.keep_reference('public.client_data', '{client_id,organization_id}', 'public.clients', '{client_id,organization_id}', 'cascade');

create table etl_api.client_count_delta (
  id bigint primary key generated always as identity,
  organization_id uuid not null references public.org (id) on delete cascade,
  client_id uuid not null,
  table_name text not null,
  rows bigint not null
);
create index client_count_delta_client_idx on etl_api.client_count_delta (client_id, table_name);
create index client_count_delta_organization_id_idx on etl_api.client_count_delta (organization_id);
comment on table etl_api.client_count_delta is
  'Rows that came or went since the last sweep, one line a statement and table: writers never wait for one another to count. Written by the triggers of client_data; folded into client_schemas by etl_api.fold_client_counts.';
comment on column etl_api.client_count_delta.id is 'Order of the lines.';
comment on column etl_api.client_count_delta.organization_id is 'The tenant.';
comment on column etl_api.client_count_delta.client_id is 'The client.';
comment on column etl_api.client_count_delta.table_name is 'Its table.';
comment on column etl_api.client_count_delta.rows is 'How many came; negative: went.';

create table etl_api.client_upload (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null,
  client_id uuid not null,
  data_type text,
  file_name text not null,
  fingerprint text not null,
  parts int not null default 0,
  taken bigint not null default 0,
  stored bigint not null default 0,
  failed bigint not null default 0,
  warned bigint not null default 0,
  faults jsonb not null default '[]',
  started_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  finished_at timestamptz,
  foreign key (client_id, organization_id) references public.clients (client_id, organization_id) on delete cascade
);
create index client_upload_client_id_idx on etl_api.client_upload (client_id, fingerprint);
create index client_upload_organization_id_idx on etl_api.client_upload (organization_id);
comment on table etl_api.client_upload is
  'Files on their way in, part by part: how far each has come is written with the part itself, so it goes on where it stopped. Written by etl_api.begin_client_upload and its sisters.';
comment on column etl_api.client_upload.id is 'Identity of the upload.';
comment on column etl_api.client_upload.organization_id is 'The tenant.';
comment on column etl_api.client_upload.client_id is 'Whose data it is.';
comment on column etl_api.client_upload.data_type is 'As for etl_api.ingest_client_data.';
comment on column etl_api.client_upload.file_name is 'What the file is called.';
comment on column etl_api.client_upload.fingerprint is 'A hash of the file: another one does not go on where this one stopped.';
comment on column etl_api.client_upload.parts is 'Parts that are in.';
comment on column etl_api.client_upload.taken is 'Rows of the file that were looked at, good and bad; the next part begins behind them.';
comment on column etl_api.client_upload.stored is 'Rows that were stored.';
comment on column etl_api.client_upload.failed is 'Rows that were not.';
comment on column etl_api.client_upload.warned is 'Values that did not fit their field, and were stored as text.';
comment on column etl_api.client_upload.faults is 'The first hundred rows that were not stored: [{"index": place in the file from 0, "code", "error"}].';
comment on column etl_api.client_upload.started_at is 'When it began.';
comment on column etl_api.client_upload.updated_at is 'When the last part came.';
comment on column etl_api.client_upload.finished_at is 'When it was all in; null: it is not.';

alter table public.clients enable row level security;
alter table public.client_schemas enable row level security;
alter table public.client_schema_versions enable row level security;
alter table public.client_data enable row level security;
alter table etl_api.client_count_delta enable row level security;
alter table etl_api.client_upload enable row level security;

-- migrate:down
