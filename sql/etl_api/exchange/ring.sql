create or replace function etl_api.ring(function_name text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  rung text := coalesce(pg_catalog.current_setting('etl.rung', true), '');
  base_url text;
  key text;
begin
  if function_name is null or function_name not in ('execute-runs', 'deliver-webhooks') then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no edge function is called %L', pg_catalog.left(function_name, 50)),
      hint = 'Ring execute-runs or deliver-webhooks.';
  end if;

  -- At most once a transaction: the mark carries the transaction's id, so it ends with it.
  if pg_catalog.strpos(rung, function_name || '@' || pg_catalog.pg_current_xact_id()::text || ' ') > 0 then
    return;
  end if;
  perform pg_catalog.set_config('etl.rung',
    pg_catalog.right(rung, 200) || function_name || '@' || pg_catalog.pg_current_xact_id()::text || ' ', true);

  select s.value #>> '{}' into base_url
  from etl_api.setting as s
  where s.name = 'function_url';

  if base_url is null or pg_catalog.to_regprocedure('net.http_post(text,jsonb,jsonb,jsonb,integer)') is null then
    perform pg_catalog.pg_notify('etl_bell', function_name);
    return;
  end if;

  -- pg_net: the call carries no data, is sent after commit, and may be lost; recover() finds what it left.
  if pg_catalog.to_regclass('vault.decrypted_secrets') is not null then
    execute 'select decrypted_secret from vault.decrypted_secrets where name = ''etl_function_key''' into key;
  end if;
  execute 'select net.http_post(url := $1, body := ''{}''::jsonb, params := ''{}''::jsonb, headers := $2, timeout_milliseconds := 5000)'
    using
      pg_catalog.rtrim(base_url, '/') || '/' || function_name,
      pg_catalog.jsonb_build_object(
        'content-type', 'application/json',
        'authorization', 'Bearer ' || coalesce(key, ''));
end
$$;

comment on function etl_api.ring(text) is
  'Wakes an edge function (execute-runs, deliver-webhooks): by pg_net where setting function_url is set and pg_net is there, else by NOTIFY etl_bell. It only says "look"; at most once a transaction. ETL04: no such function.';

revoke execute on function etl_api.ring(text) from public;
grant execute on function etl_api.ring(text) to service_role;
