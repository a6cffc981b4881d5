-- migrate:up

-- Records: tables that users of an application see and grow, filled by hand or by what was generated, with what is known
-- of where each value comes from.

create table public.tables (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references public.org (id) on delete cascade,
  name text not null check (name <> '' and length(name) <= 200),
  label text,
  contract text not null default 'evolve' check (contract in ('evolve', 'freeze', 'discard')),
  created_by uuid,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  unique (id, organization_id)
);
create unique index tables_organization_id_name_idx on public.tables (organization_id, name) where deleted_at is null;
create index tables_organization_id_idx on public.tables (organization_id);
comment on table public.tables is 'Tables of records, one tenant''s each; shown typed by a view that the database keeps (etl_api.table_view).';
comment on column public.tables.id is 'Identity of the table.';
comment on column public.tables.organization_id is 'Its tenant.';
comment on column public.tables.name is 'Its name, one of its kind in the organisation.';
comment on column public.tables.label is 'What people see in place of the name.';
comment on column public.tables.contract is
  'What becomes of a field that is no column yet: evolve makes it one, freeze refuses the record, discard drops the field; each is reported.';
comment on column public.tables.created_by is 'Who made it.';
comment on column public.tables.created_at is 'When it was made.';
comment on column public.tables.deleted_at is 'Since when it is gone for its users; null: it is there.';

create table public.table_columns (
  id uuid primary key default gen_random_uuid(),
  table_id uuid not null,
  organization_id uuid not null references public.org (id) on delete cascade,
  name text not null check (name <> '' and octet_length(name) <= 500),
  label text,
  type text not null default 'text'
    check (type in ('text', 'number', 'date', 'email', 'phone', 'select', 'multiselect', 'textarea', 'url', 'boolean')),
  options jsonb check (options is null or jsonb_typeof(options) = 'array'),
  format jsonb,
  is_required boolean not null default false,
  default_value jsonb,
  display_order int not null default 0,
  is_inferred boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint unique_table_column_name unique (table_id, name),
  foreign key (table_id, organization_id) references public.tables (id, organization_id) on delete cascade
);
create index table_columns_organization_id_idx on public.table_columns (organization_id);
comment on table public.table_columns is 'The custom fields of tables: what records.data holds. Made by hand, or by etl_api.insert_generated_records for fields it did not know.';
comment on column public.table_columns.id is 'Identity of the column.';
comment on column public.table_columns.table_id is 'Its table.';
comment on column public.table_columns.organization_id is 'Its tenant.';
comment on column public.table_columns.name is 'The member of records.data.';
comment on column public.table_columns.label is 'What people see in place of the name.';
comment on column public.table_columns.type is 'What its values are; one that does not fit stays as text.';
comment on column public.table_columns.options is 'What there is to choose from, for a select or multiselect.';
comment on column public.table_columns.format is 'How values are written, as utils.infer_schema found it.';
comment on column public.table_columns.is_required is 'A record without it gets default_value, and a warning.';
comment on column public.table_columns.default_value is 'What a record without a required field gets.';
comment on column public.table_columns.display_order is 'Its place among the columns.';
comment on column public.table_columns.is_inferred is 'Whether the engine made it of what came: then the options of a choice grow with what comes later.';
comment on column public.table_columns.created_at is 'When it was made.';
comment on column public.table_columns.updated_at is 'When it was last changed.';

create table public.table_statuses (
  id uuid primary key default gen_random_uuid(),
  table_id uuid not null,
  organization_id uuid not null references public.org (id) on delete cascade,
  name text not null check (name <> '' and length(name) <= 200),
  label text,
  display_order int not null default 0,
  created_at timestamptz not null default now(),
  unique (table_id, name),
  foreign key (table_id, organization_id) references public.tables (id, organization_id) on delete cascade
);
create index table_statuses_organization_id_idx on public.table_statuses (organization_id);
comment on table public.table_statuses is 'The statuses records of a table may have; a new record has the first.';
comment on column public.table_statuses.id is 'Identity of the status.';
comment on column public.table_statuses.table_id is 'Its table.';
comment on column public.table_statuses.organization_id is 'Its tenant.';
comment on column public.table_statuses.name is 'What records.status says.';
comment on column public.table_statuses.label is 'What people see in place of the name.';
comment on column public.table_statuses.display_order is 'Its place; the lowest is that of new records.';
comment on column public.table_statuses.created_at is 'When it was made.';

create table public.ai_generation_jobs (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references public.org (id) on delete cascade,
  table_id uuid not null,
  activity_request_id uuid,
  workflow_request_id uuid,
  status text not null default 'pending' check (status in ('pending', 'processing', 'completed', 'failed')),
  stage text not null default 'pending'
    check (stage in ('pending', 'knowledge_extraction', 'enrichment', 'preview', 'inserting', 'completed', 'failed')),
  request jsonb,
  total_records int not null default 0,
  completed_records int not null default 0,
  failed_records int not null default 0,
  error_message text,
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  completed_at timestamptz,
  unique (id, organization_id),
  foreign key (table_id, organization_id) references public.tables (id, organization_id) on delete cascade
);
create index ai_generation_jobs_organization_id_idx on public.ai_generation_jobs (organization_id, created_at);
create index ai_generation_jobs_table_id_idx on public.ai_generation_jobs (table_id);
create unique index ai_generation_jobs_activity_request_id_idx on public.ai_generation_jobs (activity_request_id, table_id)
  where activity_request_id is not null;
create index ai_generation_jobs_workflow_request_id_idx on public.ai_generation_jobs (workflow_request_id) where workflow_request_id is not null;
comment on table public.ai_generation_jobs is 'One generation of records for a table: how far it is and what came of it.';
comment on column public.ai_generation_jobs.id is 'Identity of the job, and of its session of progress.';
comment on column public.ai_generation_jobs.organization_id is 'Its tenant.';
comment on column public.ai_generation_jobs.table_id is 'The table its records are for.';
comment on column public.ai_generation_jobs.activity_request_id is 'The activity whose result lands here (destination.table); null: none does.';
comment on column public.ai_generation_jobs.workflow_request_id is 'The request that generates; null: the records come from elsewhere.';
comment on column public.ai_generation_jobs.status is 'pending, processing, completed or failed.';
comment on column public.ai_generation_jobs.stage is
  'pending, knowledge_extraction, enrichment, preview (somebody looks at what was generated), inserting, completed, failed.';
comment on column public.ai_generation_jobs.request is 'What was asked for, as it was asked.';
comment on column public.ai_generation_jobs.total_records is 'Records it has, whether they are in or not.';
comment on column public.ai_generation_jobs.completed_records is 'Records that are in.';
comment on column public.ai_generation_jobs.failed_records is 'Records that could not be inserted.';
comment on column public.ai_generation_jobs.error_message is 'The last fault.';
comment on column public.ai_generation_jobs.created_by is 'Who began it.';
comment on column public.ai_generation_jobs.created_at is 'When it began.';
comment on column public.ai_generation_jobs.updated_at is 'When it last went on.';
comment on column public.ai_generation_jobs.completed_at is 'When nothing was left to do.';

create table public.records (
  id uuid primary key default gen_random_uuid(),
  table_id uuid not null,
  organization_id uuid not null,
  name text not null,
  email text,
  company text,
  status text,
  data jsonb not null default '{}' check (jsonb_typeof(data) = 'object'),
  search_vector tsvector not null generated always as (
    to_tsvector('simple', coalesce(name, '') || ' ' || coalesce(email, '') || ' ' || coalesce(company, ''))
    -- A vector has its limits; what is beyond the first of a large record is not found by words.
    || case when octet_length(data::text) <= 100000
      then jsonb_to_tsvector('simple', data, '["string", "numeric"]')
      else to_tsvector('simple', left(data::text, 100000)) end) stored,
  created_by uuid,
  is_ai_generated boolean not null default false,
  ai_generation_job_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index records_table_id_idx on public.records (table_id, created_at);
create index records_organization_id_idx on public.records (organization_id);
create index idx_records_ai_generated on public.records (is_ai_generated, ai_generation_job_id);
create index records_data_idx on public.records using gin (data jsonb_path_ops);
create index records_search_vector_idx on public.records using gin (search_vector);
comment on table public.records is 'The records of all tables: what every one has in columns, the custom fields in data.';
comment on column public.records.id is 'Identity of the record; of one that was generated it is made of its job and its place there.';
comment on column public.records.table_id is 'Its table.';
comment on column public.records.organization_id is 'Its tenant.';
comment on column public.records.name is 'Its name.';
comment on column public.records.email is 'Its e-mail address, as it was given, right or not.';
comment on column public.records.company is 'Its company.';
comment on column public.records.status is 'Its status, one of table_statuses.';
comment on column public.records.data is 'Its custom fields, {name: value}; found by data @> ''{"name": value}''.';
comment on column public.records.search_vector is 'The words of all its values: search_vector @@ websearch_to_tsquery(''simple'', …).';
comment on column public.records.created_by is 'Who made it.';
comment on column public.records.is_ai_generated is 'Whether it was generated.';
comment on column public.records.ai_generation_job_id is 'By which job; kept when the job is long gone.';
comment on column public.records.created_at is 'When it was made.';
comment on column public.records.updated_at is 'When it was last changed.';
comment on column public.records.deleted_at is 'Since when it is gone for its users; null: it is there.';

create table public.ai_generated_records (
  id uuid primary key,
  job_id uuid not null,
  organization_id uuid not null,
  record_index int not null check (record_index >= 0),
  generated_data jsonb not null default '{}',
  sources jsonb,
  field_confidence jsonb,
  enriched_fields text[],
  enrichment_method text check (enrichment_method in ('knowledge', 'url_context', 'firecrawl', 'hybrid')),
  status text not null default 'staged' check (status in ('staged', 'success', 'failed')),
  selected boolean not null default true,
  record_id uuid,
  error text,
  warnings jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (job_id, record_index)
);
create index ai_generated_records_job_id_idx on public.ai_generated_records (job_id, status) where status <> 'success';
create index idx_ai_generated_records_enrichment_method on public.ai_generated_records (organization_id, enrichment_method);
create index idx_ai_generated_records_field_confidence on public.ai_generated_records using gin (field_confidence jsonb_path_ops);
comment on table public.ai_generated_records is
  'What was generated, as it was: where each value comes from, how sure it is, and what became of the record.';
comment on column public.ai_generated_records.id is 'Identity, and that of the record it becomes.';
comment on column public.ai_generated_records.job_id is 'Its job.';
comment on column public.ai_generated_records.organization_id is 'Its tenant.';
comment on column public.ai_generated_records.record_index is 'Its place in the job, from 0.';
comment on column public.ai_generated_records.generated_data is 'Its fields, {name: value}, as they were generated or edited before they were inserted.';
comment on column public.ai_generated_records.sources is 'Where each field comes from: [{"field", "source", "url", "confidence"}].';
comment on column public.ai_generated_records.field_confidence is 'How sure each field is, {name: 0 to 1}.';
comment on column public.ai_generated_records.enriched_fields is 'Fields that are less sure than 0.8, or do not come from knowledge alone.';
comment on column public.ai_generated_records.enrichment_method is 'The one source of all fields, hybrid where there are several; null: none was given.';
comment on column public.ai_generated_records.status is 'staged: it waits for somebody; success: it is in; failed: it could not be inserted.';
comment on column public.ai_generated_records.selected is 'Whether it goes in when what is staged is confirmed.';
comment on column public.ai_generated_records.record_id is 'The record it became; null: none yet.';
comment on column public.ai_generated_records.error is 'Why it could not be inserted.';
comment on column public.ai_generated_records.warnings is 'What was noticed: [{"field", "warning"}].';
comment on column public.ai_generated_records.created_at is 'When it came.';
comment on column public.ai_generated_records.updated_at is 'When it was last changed.';

create table public.ai_generation_events (
  seq bigint generated always as identity primary key,
  job_id uuid not null,
  organization_id uuid not null references public.org (id) on delete cascade,
  stage text not null check (stage in ('pending', 'knowledge_extraction', 'enrichment', 'preview', 'insertion', 'complete', 'failed')),
  message text not null,
  type text not null default 'info' check (type in ('info', 'success', 'warning', 'error')),
  company text,
  current int,
  total int,
  percentage int,
  at timestamptz not null default now(),
  foreign key (job_id, organization_id) references public.ai_generation_jobs (id, organization_id) on delete cascade
);
create index ai_generation_events_job_id_idx on public.ai_generation_events (job_id, seq);
create index ai_generation_events_organization_id_idx on public.ai_generation_events (organization_id);
comment on table public.ai_generation_events is
  'The progress of jobs, told by NOTIFY etl_records, too. Written by etl_api.tell_progress.';
comment on column public.ai_generation_events.seq is 'Order of the events.';
comment on column public.ai_generation_events.job_id is 'The job.';
comment on column public.ai_generation_events.organization_id is 'Its tenant.';
comment on column public.ai_generation_events.stage is 'pending, knowledge_extraction, enrichment, preview, insertion, complete, failed.';
comment on column public.ai_generation_events.message is 'What happened, for people.';
comment on column public.ai_generation_events.type is 'info, success, warning or error.';
comment on column public.ai_generation_events.company is 'The record it is about, by its name.';
comment on column public.ai_generation_events.current is 'How many are done.';
comment on column public.ai_generation_events.total is 'Of how many.';
comment on column public.ai_generation_events.percentage is 'Both in percent.';
comment on column public.ai_generation_events.at is 'When.';

select etl_api.keep_reference('public.records', '{table_id,organization_id}', 'public.tables', '{id,organization_id}', 'cascade');
select etl_api.keep_reference('public.ai_generated_records', '{job_id,organization_id}', 'public.ai_generation_jobs', '{id,organization_id}', 'cascade');

create type etl_api.generated_record as (
  record_index int,
  title text,
  given jsonb,
  sources jsonb,
  confidence jsonb,
  enriched text[],
  method text,
  data jsonb,
  warnings jsonb,
  fault text
);
comment on type etl_api.generated_record is
  'A generated record on its way into a table: given is what was generated, data its custom fields as the table wants them.';

alter table public.tables enable row level security;
alter table public.table_columns enable row level security;
alter table public.table_statuses enable row level security;
alter table public.records enable row level security;
alter table public.ai_generation_jobs enable row level security;
alter table public.ai_generated_records enable row level security;
alter table public.ai_generation_events enable row level security;

-- migrate:down
