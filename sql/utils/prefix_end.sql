create or replace function utils.prefix_end(prefix text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  -- The last letter that has a next one is raised; what cannot be raised is left out. Surrogates are no letters.
  select pg_catalog."left"(kept.text, -1) || pg_catalog.chr(
    case pg_catalog.ascii(pg_catalog."right"(kept.text, 1)) when 55295 then 57344
      else pg_catalog.ascii(pg_catalog."right"(kept.text, 1)) + 1 end)
  from (select pg_catalog.rtrim(prefix, pg_catalog.chr(1114111)) as text) as kept
  where kept.text <> ''
$$;

comment on function utils.prefix_end(text) is
  'The first text behind all that begin with the prefix, sorted by their bytes (collate "C"): app for apo; null when nothing lies behind them.';

revoke execute on function utils.prefix_end(text) from public;
grant execute on function utils.prefix_end(text) to authenticated, service_role;
