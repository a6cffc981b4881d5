create or replace function etl_api.erase_log_of(of_org uuid, of_key jsonb) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  -- Short ones would be found in everything.
  words constant text[] := array(
    select pg_catalog.lower(k.value)
    from pg_catalog.jsonb_each_text(of_key) as k
    where pg_catalog.length(k.value) >= 4);
  gone bigint;
begin
  delete from etl_api.etl_log as l
  where l.org_id = of_org
    and exists (
      select 1
      from unnest(words) as w (word)
      where pg_catalog.strpos(pg_catalog.lower(l.message || coalesce(l.context::text, '')), w.word) > 0);
  get diagnostics gone = row_count;
  return gone;
end
$$;

comment on function etl_api.erase_log_of(uuid, jsonb) is
  'Removes the entries of a tenant''s log that name a value of this natural key of four characters or more. Returns how many.';

revoke execute on function etl_api.erase_log_of(uuid, jsonb) from public;
