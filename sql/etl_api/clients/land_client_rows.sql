create or replace function etl_api.land_client_rows(
  target public.client_schemas, rows jsonb, columns jsonb, contract text, unknown text[], first bigint default 0,
  out stored bigint, out failed bigint, out warned bigint, out errors jsonb, out warnings jsonb)
returns record
language plpgsql
set search_path = ''
set jit = off
as $$
#variable_conflict use_column
declare
  half constant int := pg_catalog.jsonb_array_length(rows) / 2;
  fault_state text;
  fault_message text;
begin
  begin
    with landed as materialized (
      select l.n, l.data, l.originals, l.warnings, l.fault
      from etl_api.coerce_landing(rows, columns, contract, unknown) as l
    ), written as (
      insert into public.client_data (client_id, organization_id, table_name, data, originals, created_at)
      select (target).client_id, (target).organization_id, (target).table_name, l.data, l.originals, utils.now()
      from landed as l
      where l.fault is null
      order by l.n
    )
    select
      pg_catalog.count(*) filter (where l.fault is null),
      pg_catalog.count(*) filter (where l.fault is not null),
      coalesce(pg_catalog.sum(pg_catalog.jsonb_array_length(l.warnings)) filter (where l.fault is null), 0),
      coalesce(
        pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('index', first + l.n - 1,
          'code', case when pg_catalog.jsonb_typeof(l.data) = 'object' then 'unknown_field' else 'invalid_row' end,
          -- Its place is told beside it: within a file another than within these rows.
          'error', case when pg_catalog.jsonb_typeof(l.data) = 'object' then l.fault
            else pg_catalog.format('a row is an object, not %s', pg_catalog.jsonb_typeof(l.data)) end) order by l.n) filter (where l.fault is not null), '[]'),
      coalesce((
        select pg_catalog.jsonb_agg(w.warning order by w.n)
        from (
          select f.n, pg_catalog.jsonb_build_object('index', first + f.n - 1, 'field', v.value -> 'field', 'warning', v.value -> 'warning') as warning
          from landed as f
          cross join lateral pg_catalog.jsonb_array_elements(f.warnings) as v (value)
          where f.fault is null
          order by f.n
          limit 100
        ) as w), '[]')
    into stored, failed, warned, errors, warnings
    from landed as l;
    return;
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;

  if half > 0 then
    select pg_catalog.sum(h.stored), pg_catalog.sum(h.failed), pg_catalog.sum(h.warned),
      pg_catalog.jsonb_path_query_array(pg_catalog.jsonb_agg(h.errors order by part.place), '$[*][*]'),
      pg_catalog.jsonb_path_query_array(pg_catalog.jsonb_agg(h.warnings order by part.place), '$[*][*]')
    into stored, failed, warned, errors, warnings
    from (
      select pg_catalog.min(r.n) - 1 as place, pg_catalog.jsonb_agg(r.value order by r.n) as rows
      from pg_catalog.jsonb_array_elements(rows) with ordinality as r (value, n)
      group by r.n > half
    ) as part
    cross join lateral etl_api.land_client_rows(target, part.rows, columns, contract, unknown, first + part.place) as h;
    return;
  end if;
  stored := 0;
  failed := 1;
  warned := 0;
  errors := pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('index', first, 'code', fault_state, 'error', fault_message));
  warnings := '[]';
end
$$;

comment on function etl_api.land_client_rows(public.client_schemas, jsonb, jsonb, text, text[], bigint) is
  'Stores rows in a client''s table, made what its columns want, in one statement; when that fails, halves them until the one that cannot be stored stands alone. first: the place of the first row, for the report.';

revoke execute on function etl_api.land_client_rows(public.client_schemas, jsonb, jsonb, text, text[], bigint) from public;
