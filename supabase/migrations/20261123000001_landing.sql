-- migrate:up

-- Landing: rows whose shape nobody knew before come into a target. What changed about the target is written down.

create table etl_api.schema_change (
  id bigint generated always as identity primary key,
  org_id uuid not null references public.org (id) on delete cascade,
  store text not null check (store ~ '^[a-z][a-z_]{0,40}$'),
  target text not null,
  field text not null,
  change text not null check (change in ('added', 'widened', 'options', 'removed')),
  from_type text,
  to_type text,
  details jsonb,
  at timestamptz not null default now(),
  by uuid
);
create index schema_change_target_idx on etl_api.schema_change (org_id, store, target, id);
comment on table etl_api.schema_change is
  'What landing changed about the fields of a target: a line for each, never altered. Written by etl_api.note_schema_changes.';
comment on column etl_api.schema_change.id is 'Order of the lines.';
comment on column etl_api.schema_change.org_id is 'Its tenant.';
comment on column etl_api.schema_change.store is 'Which store: records, clients.';
comment on column etl_api.schema_change.target is 'Which table of the store, as the store names it.';
comment on column etl_api.schema_change.field is 'The field.';
comment on column etl_api.schema_change.change is
  'added: it is new; widened: its type takes more than before; options: there are more to choose from; removed: it is gone.';
comment on column etl_api.schema_change.from_type is 'Its type before; null: there was none.';
comment on column etl_api.schema_change.to_type is 'Its type since; null: there is none.';
comment on column etl_api.schema_change.details is 'Why or what else: options, and of how many values how many did not fit.';
comment on column etl_api.schema_change.at is 'When.';
comment on column etl_api.schema_change.by is 'Who was signed in; null: the engine or the service.';

alter table etl_api.schema_change enable row level security;

-- migrate:down
