create or replace function etl_api.fault_passes(fault_state text) returns boolean
language sql immutable parallel safe
set search_path = ''
as $$
  -- Deadlocks and other rollbacks (40), no lock (55P03), read-only (25), out of disk, memory, locks (53), shutdown (57),
  -- an I/O error (58).
  select fault_state ~ '^(40|25|53|57|58)' or fault_state = '55P03'
$$;

comment on function etl_api.fault_passes(text) is
  'Whether an SQLSTATE speaks of the moment and not of the rows: the whole statement is to be tried again, and nobody is to be blamed.';

revoke execute on function etl_api.fault_passes(text) from public;
grant execute on function etl_api.fault_passes(text) to service_role;
