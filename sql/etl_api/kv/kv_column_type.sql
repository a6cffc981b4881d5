create or replace function etl_api.kv_column_type(type text, out column_type text, out read_sql text, out back_sql text)
language plpgsql stable
set search_path = ''
as $$
begin
  -- read_sql: %1$s is the JSON found; null when it does not fit. back_sql: %1$s is the column.
  column_type := type;
  back_sql := 'pg_catalog.to_jsonb(%1$s)';
  case
    when type = 'text' then
      read_sql := 'case pg_catalog.jsonb_typeof(%1$s) when ''string'' then %1$s #>> ''{}'' end';
    when type = 'bigint' then
      read_sql := 'case when pg_catalog.jsonb_typeof(%1$s) = ''number'' and (%1$s)::text ~ ''^-?[0-9]{1,18}$'' then (%1$s)::bigint end';
    when type = 'numeric' then
      read_sql := 'case pg_catalog.jsonb_typeof(%1$s) when ''number'' then (%1$s)::numeric end';
    when type = 'boolean' then
      read_sql := 'case pg_catalog.jsonb_typeof(%1$s) when ''boolean'' then (%1$s)::boolean end';
    when type = 'timestamptz' then
      read_sql := 'utils.timestamptz_or_null(%1$s)';
      back_sql := 'pg_catalog.to_jsonb(utils.iso_time(%1$s))';
    when type = 'date' then
      read_sql := 'utils.date_or_null(%1$s)';
      back_sql := 'pg_catalog.to_jsonb(pg_catalog.to_char(%1$s, ''YYYY-MM-DD''))';
    when type = 'jsonb' then
      read_sql := '%1$s';
      back_sql := '%1$s';
    when type = 'text[]' then
      read_sql := 'case when pg_catalog.jsonb_typeof(%1$s) = ''array'' and not %1$s @? ''$[*] ? (@.type() != "string")'''
        || ' then array(select e.value #>> ''{}'' from pg_catalog.jsonb_array_elements(%1$s) as e) end';
    when type ~ '^vector\([1-9][0-9]{0,3}\)$' then
      -- Without the extension it is plain numbers: all that is missing is the search.
      if exists (select 1 from pg_catalog.pg_extension as e where e.extname = 'vector') then
        column_type := pg_catalog.format('%s.%s', (
          select pg_catalog.quote_ident(n.nspname)
          from pg_catalog.pg_extension as e
          join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
          where e.extname = 'vector'), type);
        read_sql := pg_catalog.format(
          'case when pg_catalog.jsonb_typeof(%%1$s) = ''array'' and pg_catalog.jsonb_array_length(%%1$s) = %s'
            || ' and not %%1$s @? ''$[*] ? (@.type() != "number" || @.abs() > 3.4e38)'' then (%%1$s)::text::%s end',
          pg_catalog.substring(type, '[0-9]+'), column_type);
        back_sql := '(%1$s)::text::jsonb';
      else
        column_type := 'double precision[]';
        read_sql := pg_catalog.format(
          'case when pg_catalog.jsonb_typeof(%%1$s) = ''array'' and pg_catalog.jsonb_array_length(%%1$s) = %s'
            -- What is beyond the ends of double precision would fail the statement.
            || ' and not %%1$s @? ''$[*] ? (@.type() != "number" || @.abs() > 1.7e308 || (@ != 0 && @.abs() < 1e-307))'''
            || ' then array(select (e.value)::double precision from pg_catalog.jsonb_array_elements(%%1$s) as e) end',
          pg_catalog.substring(type, '[0-9]+'));
      end if;
    else
      null;
  end case;
end
$$;

comment on function etl_api.kv_column_type(text) is
  'The type of a column of a typed table, how it is read out of JSON (null where that does not fit) and written back; read_sql is null for a type that is none.';

revoke execute on function etl_api.kv_column_type(text) from public;
