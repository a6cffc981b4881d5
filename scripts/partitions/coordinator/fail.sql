create or replace function etl_route.fail(partition text, code text, message text, detail text, hint text) returns void
language plpgsql
set search_path = ''
as $$
declare
  -- What PL/Proxy writes before what the partition said.
  remote constant text := (pg_catalog.regexp_match(message, '^\S+\(\d+\): \[[^]]*\] REMOTE [^:]+: (.*)$'))[1];
begin
  if etl_route.is_out_of_reach(code, message) then
    -- Not what libpq said: it may name what is in the connection string.
    raise exception using
      errcode = 'ETL08',
      message = pg_catalog.format('partition %s cannot be reached', partition),
      hint = 'Orgs of other partitions are not concerned. `npm run partitions -- status` says what is wrong; try again when it answers.';
  elsif remote is not null then
    message := remote;
    detail := pg_catalog.regexp_replace(detail, '^Remote detail: ', '');
    hint := pg_catalog.regexp_replace(hint, '^Remote hint: ', '');
  end if;
  -- An option that is given cannot be left empty.
  if detail <> '' and hint <> '' then
    raise exception using errcode = code, message = message, detail = detail, hint = hint;
  elsif detail <> '' then
    raise exception using errcode = code, message = message, detail = detail;
  elsif hint <> '' then
    raise exception using errcode = code, message = message, hint = hint;
  end if;
  raise exception using errcode = code, message = message;
end
$$;

comment on function etl_route.fail(text, text, text, text, text) is
  'Raises what a partition said as if it had been said here: its SQLSTATE, message, detail and hint. ETL08: the partition cannot be reached.';

revoke execute on function etl_route.fail(text, text, text, text, text) from public;
grant execute on function etl_route.fail(text, text, text, text, text) to millrace_router;
