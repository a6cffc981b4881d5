create or replace function etl_api.landing_error(rows jsonb, contract text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case
    when pg_catalog.jsonb_typeof(rows) is distinct from 'array'
      then pg_catalog.format('rows is %s: it must be an array of objects', coalesce(pg_catalog.jsonb_typeof(rows), 'null'))
    when contract is null or contract not in ('evolve', 'freeze', 'discard')
      then pg_catalog.format('there is no contract %s; a contract is evolve, freeze or discard', coalesce(pg_catalog.quote_literal(contract), 'null'))
  end;
end
$$;

comment on function etl_api.landing_error(jsonb, text) is
  'What is wrong with what shall land, in a sentence; null when nothing.';

revoke execute on function etl_api.landing_error(jsonb, text) from public;
grant execute on function etl_api.landing_error(jsonb, text) to service_role;
