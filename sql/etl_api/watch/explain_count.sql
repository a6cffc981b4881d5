create or replace function etl_api.explain_count(number bigint, one text, several text) returns text
language sql immutable
set search_path = ''
as $$
  select number || ' ' || case when number = 1 then one else several end
$$;

comment on function etl_api.explain_count(bigint, text, text) is 'A number with its noun: 1 run, 12 runs.';

revoke execute on function etl_api.explain_count(bigint, text, text) from public;
grant execute on function etl_api.explain_count(bigint, text, text) to service_role;
