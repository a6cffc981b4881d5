-- The coordinator holds no work: it knows which tenant is where, passes calls on with PL/Proxy, and reads the views of
-- all partitions. etl_api has what is called, under the names of the engine; etl_route is what stands behind it.
create schema if not exists etl_api;
comment on schema etl_api is 'The engine, spread over partitions: the doors and views people call.';
grant usage on schema etl_api to authenticated, service_role, millrace_router;

create schema if not exists etl_route;
comment on schema etl_route is 'Which tenant is on which partition, and the way there.';
revoke all on schema etl_route from public;
-- Views call their function with the rights of who reads them.
grant usage on schema etl_route to authenticated, service_role, millrace_router;

create table if not exists etl_route.partition (
  partition_no int primary key check (partition_no >= 0),
  name text not null unique check (name ~ '^[a-z][a-z0-9_-]*$'),
  address text not null,
  created_at timestamptz not null default now()
);
comment on table etl_route.partition is 'The partitions. The numbers are those of PL/Proxy: 0, 1, 2, … without a gap.';
comment on column etl_route.partition.partition_no is 'Its number, which it keeps.';
comment on column etl_route.partition.name is 'Its name.';
comment on column etl_route.partition.address is 'host:port/database, for people.';
comment on column etl_route.partition.created_at is 'When it was added.';
alter table etl_route.partition enable row level security;

create table if not exists etl_route.org_partition (
  org_id uuid primary key,
  partition_no int not null references etl_route.partition (partition_no),
  moving_to int references etl_route.partition (partition_no),
  placed_at timestamptz not null default now()
);
create index if not exists org_partition_partition_no_idx on etl_route.org_partition (partition_no);
create index if not exists org_partition_moving_to_idx on etl_route.org_partition (moving_to) where moving_to is not null;
comment on table etl_route.org_partition is
  'Where each tenant lies. One that has no row yet goes by etl_route.default_partition, and gets its row with its first request.';
comment on column etl_route.org_partition.org_id is 'The tenant.';
comment on column etl_route.org_partition.partition_no is 'Where all of its rows are.';
comment on column etl_route.org_partition.moving_to is 'Where it is being moved; meanwhile its requests are refused. Null: it stays.';
comment on column etl_route.org_partition.placed_at is 'Since when it is there.';
alter table etl_route.org_partition enable row level security;

drop policy if exists router on etl_route.partition;
create policy router on etl_route.partition for all to millrace_router using (true) with check (true);
comment on policy router on etl_route.partition is 'Only the routing functions read it.';
drop policy if exists router on etl_route.org_partition;
create policy router on etl_route.org_partition for all to millrace_router using (true) with check (true);
comment on policy router on etl_route.org_partition is 'Only the routing functions read and write it.';
revoke all on etl_route.partition, etl_route.org_partition from public;
grant select on etl_route.partition to millrace_router;
grant select, insert on etl_route.org_partition to millrace_router;
