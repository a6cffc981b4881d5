create or replace function etl_api.generated_id(job_id uuid, record_index int) returns uuid
language sql immutable parallel safe
set search_path = ''
as $$
  -- Of one job they stand side by side in an index, in their order: 88 bits of the job's, then the place.
  select (pg_catalog."left"(m.md5, 12) || '8' || pg_catalog.substr(m.md5, 14, 3) || '8' || pg_catalog.substr(m.md5, 18, 7)
    || pg_catalog.lpad(pg_catalog.to_hex(record_index), 8, '0'))::uuid
  from (select pg_catalog.md5(job_id::text) as md5) as m
$$;

comment on function etl_api.generated_id(uuid, int) is
  'The id of a record that was generated, made of its job and its place there: the same each time it is tried.';

revoke execute on function etl_api.generated_id(uuid, int) from public;
grant execute on function etl_api.generated_id(uuid, int) to service_role;
