-- migrate:up

-- Who changed which configuration, from what to what. One chain of entries per org, and one for what belongs to no org:
-- each entry carries a hash over itself and the entry before it, and the head of a chain says how far it goes. So one
-- that is altered, missing or moved is found, and a tail that was cut off, too; see etl_api.check_audit.

create table etl_api.audit_log (
  id bigint generated always as identity primary key,
  org_id uuid,
  seq bigint not null check (seq > 0),
  at timestamptz not null,
  user_id uuid,
  role text not null,
  table_name text not null,
  row_key jsonb not null,
  action text not null check (action in ('insert', 'update', 'delete', 'erase')),
  old jsonb,
  new jsonb,
  salt bytea,
  digest bytea not null,
  hash bytea not null,
  unique nulls not distinct (org_id, seq),
  check ((salt is null) <= (old is null and new is null))
);
comment on table etl_api.audit_log is
  'Every change of configuration: who made it and when, of which row, from what to what. It only grows; written by etl_api.write_audit.';
comment on column etl_api.audit_log.id is 'Order in which entries were written, over all chains.';
comment on column etl_api.audit_log.org_id is 'The tenant whose chain this is; null: shared configuration and settings of the engine.';
comment on column etl_api.audit_log.seq is 'Place in the chain of the tenant: 1, 2, 3, … without a gap.';
comment on column etl_api.audit_log.at is 'When it was written, by the clock of the server, which no setting moves.';
comment on column etl_api.audit_log.user_id is 'Who was signed in; null: nobody, so role says all there is.';
comment on column etl_api.audit_log.role is 'The database role that wrote: authenticated, service_role, or who had logged in.';
comment on column etl_api.audit_log.table_name is 'The table of the row, as schema.table.';
comment on column etl_api.audit_log.row_key is 'The key of the row: {"id": …}.';
comment on column etl_api.audit_log.action is 'insert, update, delete; erase: old and new of the entries before were blanked, see etl_api.erase_audit.';
comment on column etl_api.audit_log.old is
  'The row before: of an update the members that changed, of a delete all; null: it was new, or the entry was blanked.';
comment on column etl_api.audit_log.new is
  'The row after: of an update the members that changed, of an insert all; null: it is gone, or the entry was blanked.';
comment on column etl_api.audit_log.salt is
  'Random bytes, so that nobody can find out from digest what old and new were; null once the entry was blanked.';
comment on column etl_api.audit_log.digest is 'SHA-256 over salt, old and new; stays when they are blanked.';
comment on column etl_api.audit_log.hash is 'SHA-256 over the hash of the entry before and all of this one, its digest in place of old and new.';

create table etl_api.audit_head (
  org_id uuid,
  seq bigint not null,
  hash bytea not null,
  id bigint generated always as identity primary key,
  unique nulls not distinct (org_id)
) with (fillfactor = 50);
comment on table etl_api.audit_head is
  'How far each chain of etl_api.audit_log goes. Kept outside the database, too, a head proves that nothing before it was changed: etl_api.check_audit takes it.';
comment on column etl_api.audit_head.org_id is 'The tenant whose chain this is; null: shared configuration and settings of the engine.';
comment on column etl_api.audit_head.seq is 'The number of its last entry.';
comment on column etl_api.audit_head.hash is 'The hash of its last entry.';
comment on column etl_api.audit_head.id is 'Order in which chains were begun.';

create type etl_api.audit_change as (
  org_id uuid,
  table_name text,
  row_key jsonb,
  action text,
  old jsonb,
  new jsonb
);
comment on type etl_api.audit_change is 'A change that is to be written to etl_api.audit_log; see its columns.';

-- Row-level security looks for the rows of a tenant, and a tenant or rule that goes takes these with it. All of them are
-- small tables.
create index object_source_org_id_idx on public.object_source (org_id);
create index datapoint_source_org_id_idx on public.datapoint_source (org_id);
create index factor_org_id_idx on public.factor (org_id);
create index alert_rule_id_idx on etl_api.alert (rule_id) where rule_id is not null;

alter table etl_api.audit_log enable row level security;
alter table etl_api.audit_head enable row level security;

-- migrate:down
