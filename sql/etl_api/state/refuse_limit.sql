create or replace function etl_api.refuse_limit(code text, path text, amount bigint, message text, hint text) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Who isolates faults finds in the detail what to tell; see limit_fault.
  raise exception using
    errcode = 'ETL09',
    message = message,
    detail = pg_catalog.jsonb_build_object('code', code, 'path', path, 'found', amount)::text,
    hint = hint;
end
$$;

comment on function etl_api.refuse_limit(text, text, bigint, text, text) is
  'Refuses what is over a limit, from deep inside the work: whoever takes in requests or answers finds the one that it is about, and ends that one alone with this code, sentence and hint. ETL09, always.';

revoke execute on function etl_api.refuse_limit(text, text, bigint, text, text) from public;
grant execute on function etl_api.refuse_limit(text, text, bigint, text, text) to service_role;
