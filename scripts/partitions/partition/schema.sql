-- What a partition has beside the engine: the doors that the coordinator knocks at. They take who is asking from the
-- coordinator and become that caller, so that row-level security and the engine's own checks see the person behind it.
create schema if not exists etl_partition;
comment on schema etl_partition is
  'The doors of a partition for its coordinator. No part of the engine: `npm run partitions` makes it, and dropping it takes nothing from the engine.';
revoke all on schema etl_partition from public;
grant usage on schema etl_partition to millrace_coordinator;

create table if not exists etl_partition.this (
  only_one boolean primary key default true check (only_one),
  partition_no int not null,
  name text not null
);
comment on table etl_partition.this is 'Which partition this is; one row.';
comment on column etl_partition.this.only_one is 'True: there is one row.';
comment on column etl_partition.this.partition_no is 'Its number at the coordinator.';
comment on column etl_partition.this.name is 'Its name at the coordinator.';
alter table etl_partition.this enable row level security;
drop policy if exists coordinator_reads on etl_partition.this;
create policy coordinator_reads on etl_partition.this for select to millrace_coordinator using (true);
comment on policy coordinator_reads on etl_partition.this is 'The coordinator asks who it is talking to.';
revoke all on etl_partition.this from public;
grant select on etl_partition.this to millrace_coordinator;
