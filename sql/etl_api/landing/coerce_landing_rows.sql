create or replace function etl_api.coerce_landing_rows(rows jsonb[], columns jsonb, contract text, unknown text[] default '{}')
returns table (n bigint, data jsonb, originals jsonb, warnings jsonb, fault text)
language plpgsql immutable parallel unsafe
rows 1000
set search_path = ''
as $$
#variable_conflict use_column
begin
  if unknown = '{}' then
    return query
    select v.n, v.data, v.originals, v.warnings,
      case when pg_catalog.jsonb_typeof(v.data) <> 'object'
        then pg_catalog.format('row %s is %s: it must be an object', v.n, pg_catalog.jsonb_typeof(v.data)) end
    from utils.coerce_rows(rows, columns) as v;
    return;
  end if;
  return query
  select v.n, case when contract = 'discard' and pg_catalog.jsonb_typeof(v.data) = 'object' then v.data - unknown else v.data end,
    v.originals, v.warnings,
    case
      when pg_catalog.jsonb_typeof(v.data) <> 'object'
        then pg_catalog.format('row %s is %s: it must be an object', v.n, pg_catalog.jsonb_typeof(v.data))
      when contract = 'freeze' and v.data ?| unknown then pg_catalog.format('unknown %s: the table takes no new fields',
        (select pg_catalog.string_agg(pg_catalog.quote_ident(u.name), ', ') from pg_catalog.unnest(unknown) as u (name) where v.data ? u.name))
    end
  from utils.coerce_rows(rows, columns) as v;
end
$$;

comment on function etl_api.coerce_landing_rows(jsonb[], jsonb, text, text[]) is
  'As etl_api.coerce_landing, of rows that are apart already.';

revoke execute on function etl_api.coerce_landing_rows(jsonb[], jsonb, text, text[]) from public;
grant execute on function etl_api.coerce_landing_rows(jsonb[], jsonb, text, text[]) to service_role;
