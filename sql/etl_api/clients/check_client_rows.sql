create or replace function etl_api.check_client_rows(data_type text, rows jsonb, contract text) returns void
language plpgsql immutable
set search_path = ''
as $$
declare
  fault text;
begin
  fault := case
    when data_type !~ '^[A-Za-z0-9_]{1,40}$'
      then pg_catalog.format('%L is no data type: it has 1 to 40 letters, digits and _', pg_catalog."left"(data_type, 100))
    when etl_api.landing_error(rows, coalesce(contract, 'evolve')) is not null
      then etl_api.landing_error(rows, coalesce(contract, 'evolve'))
    when pg_catalog.jsonb_array_length(rows) > 100000
      then pg_catalog.format('there are %s rows: at most 100000 go in one call', pg_catalog.jsonb_array_length(rows))
  end;
  if fault is not null then
    raise exception using
      errcode = 'ETL04',
      message = fault,
      hint = 'Give {"field": value, …} for each row; npm run ingest reads files of any size.';
  end if;
end
$$;

comment on function etl_api.check_client_rows(text, jsonb, text) is
  'Refuses what cannot be taken in. ETL04: no data type, no array of rows, too many of them, or no contract.';

revoke execute on function etl_api.check_client_rows(text, jsonb, text) from public;
