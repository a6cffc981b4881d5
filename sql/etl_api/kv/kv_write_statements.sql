create or replace function etl_api.kv_write_statements(mapping etl_api.kv_mapping, out apply_sql text, out values_sql text)
language plpgsql stable
set search_path = ''
as $$
declare
  matcher constant text := (utils.key_pattern(mapping.key_pattern)).matcher;
  names constant text[] := (utils.key_pattern(mapping.key_pattern)).names;
  part record;
begin
  -- Each part is a list over the columns; c is the column, o what the value has there, j the column written back.
  select
    pg_catalog.string_agg(pg_catalog.format('%I', c.name), ', ' order by c.place) as listed,
    pg_catalog.string_agg(pg_catalog.format('%I', c.name), ', ' order by c.place) filter (where c.is_key) as key_listed,
    pg_catalog.string_agg(pg_catalog.format('t.%1$I = g.%1$I', c.name), ' and ' order by c.place) filter (where c.is_key) as same_key,
    pg_catalog.string_agg(
      case when c.variable is not null then pg_catalog.format('m.parts[%s] as %I', pg_catalog.array_position(names, c.variable), c.name)
        else pg_catalog.format('%L::text as %I', c.constant, c.name) end, ', ' order by c.place) filter (where c.is_key) as key_read,
    coalesce(', ' || pg_catalog.string_agg(
      pg_catalog.format('s.value #> %L::text[] as _o%s', c.way, c.place), ', ' order by c.place) filter (where not c.is_key), '') as found,
    coalesce(', ' || pg_catalog.string_agg(
      pg_catalog.format(case when c.is_indexed then 'case when pg_catalog.octet_length(f._o%2$s::text) <= %3$s then %1$s end' else '%1$s' end,
        pg_catalog.format(c.read_sql, 'f._o' || c.place), c.place, x.max_bytes)
        || ' as _r' || c.place, ', ' order by c.place) filter (where not c.is_key), '') as read,
    -- A reference is one once the row is there.
    coalesce(', ' || pg_catalog.string_agg(
      case when p.name is not null then pg_catalog.format(
          'case when exists (select from public.%I as p where p.org_id = r.org_id and p.%I = r._r%s) then r._r%s end',
          p.table_name, p.key_name, c.place, c.place)
        else 'r._r' || c.place end || pg_catalog.format(' as %I', c.name), ', ' order by c.place) filter (where not c.is_key), '') as referred,
    -- What a column holds to the letter need not be kept beside it.
    coalesce(pg_catalog.string_agg(
      pg_catalog.format('#- case when %s = c._o%s then %L::text[] else ''{}'' end',
        pg_catalog.format(c.back_sql, pg_catalog.format('c.%I', c.name)), c.place, c.way),
      ' ' order by c.place desc) filter (where not c.is_key), '') as kept_out,
    pg_catalog.string_agg(
      case when c.is_key then null else pg_catalog.format(
        'select c.org_id, c._key, %L as column_name, c._o%s as found, %s as refers_to, %s as problem from cast_row as c where c.%I is null and c._o%s <> ''null''',
        c.name, c.place,
        case when p.name is not null then pg_catalog.format('case when c._r%s is not null then %L end', c.place, p.name) else 'null' end,
        case when p.name is not null then pg_catalog.format('case when c._r%s is not null then %L else %L end', c.place,
            'refers to what is not there', 'is no ' || c.type)
          when c.is_indexed then pg_catalog.format('case when pg_catalog.octet_length(c._o%s::text) > %s then %L else %L end', c.place, x.max_bytes,
            'is too long for its index', 'is no ' || c.type)
          else pg_catalog.quote_literal('is no ' || c.type) end,
        c.name, c.place) end, ' union all ' order by c.place) as misfits,
    pg_catalog.string_agg(pg_catalog.format('%1$I = excluded.%1$I', c.name), ', ' order by c.place) filter (where not c.is_key) as updated,
    pg_catalog.string_agg(pg_catalog.format('t.%I%s', c.name, x.as_text), ', ' order by c.place) filter (where not c.is_key) as had,
    pg_catalog.string_agg(pg_catalog.format('excluded.%I%s', c.name, x.as_text), ', ' order by c.place) filter (where not c.is_key) as has,
    pg_catalog.string_agg(
      pg_catalog.format(', %1$L, case when t.rest #> %1$L is null then ', c.way)
        || pg_catalog.format(c.back_sql, pg_catalog.format('t.%I', c.name)) || ' end, true, ''return_target'')',
      '' order by c.place) filter (where not c.is_key) as back,
    pg_catalog.repeat('pg_catalog.jsonb_set_lax(', pg_catalog.count(*) filter (where not c.is_key)::int) as back_begin,
    coalesce(pg_catalog.string_agg(pg_catalog.format(' and t.%I = %L', c.name, c.constant), '' order by c.place) filter (where c.constant is not null), '')
      as constants
  into part
  from etl_api.kv_columns(mapping) as c
  -- An index takes 2,704 bytes; what is no text may need some times those that it is written in.
  cross join lateral (
    select case when c.is_indexed then case c.column_type when 'text' then 2000 else 500 end end as max_bytes,
      -- The operators of an extension's types are on no search path.
      case when c.type like 'vector(%' then '::text' end as as_text
  ) as x
  left join lateral (
    select m.name, m.table_name, k.name as key_name
    from etl_api.kv_mapping as m
    cross join lateral etl_api.kv_columns(m) as k
    where m.name = c.refers_to
      and k.is_key
  ) as p on true;

  apply_sql := pg_catalog.format($sql$
with found as materialized (
  select g.org_id, g.key as _key, %1$s, s.value as _value, s.expires_at as _expires_at, s.key is not null as _is_there%2$s
  from (select distinct * from unnest($1, $2) as u (org_id, key)) as g
  cross join lateral pg_catalog.regexp_match(g.key, %3$L) as m (parts)
  left join public.kv_store as s
    on s.org_id = g.org_id
    and s.key = g.key
    and (s.expires_at is null or s.expires_at > $3)
  where m.parts is not null
),
read_row as (select f.*%4$s from found as f where f._is_there),
cast_row as materialized (select r.*%5$s from read_row as r),
gone as (
  delete from public.%6$I as t
  using found as g
  where not g._is_there
    and t.org_id = g.org_id
    and %7$s
  returning 1
),
written as (
  insert into public.%6$I as t (org_id, %8$s, rest, expires_at)
  select c.org_id, %9$s,
    case when pg_catalog.jsonb_typeof(c._value) in ('object', 'array') then c._value %10$s else c._value end, c._expires_at
  from cast_row as c
  order by c.org_id, c._key
  on conflict (org_id, %11$s) do update
  set %12$srest = excluded.rest, expires_at = excluded.expires_at
  where (%13$st.rest, t.expires_at) is distinct from (%14$sexcluded.rest, excluded.expires_at)
  returning xmax = 0 as is_new
),
fits as (
  delete from etl_api.kv_misfit as f
  using found as g
  where f.mapping = %15$L
    and f.org_id = g.org_id
    and f.key = g._key
    and not exists (select from (%16$s) as n where n.org_id = f.org_id and n._key = f.key and n.column_name = f.column_name)
  returning 1
),
noted as (
  insert into etl_api.kv_misfit as f (mapping, org_id, key, column_name, problem, found, refers_to)
  select %15$L, n.org_id, n._key, n.column_name, n.problem, n.found, n.refers_to
  from (%16$s) as n
  on conflict (mapping, org_id, key, column_name) do update
  set problem = excluded.problem, found = excluded.found, refers_to = excluded.refers_to
  returning 1
)
select
  (select pg_catalog.count(*) from written as w where w.is_new),
  (select pg_catalog.count(*) from written as w where not w.is_new),
  (select pg_catalog.count(*) from gone),
  (select pg_catalog.count(*) from noted)
$sql$,
    part.key_read, part.found, matcher, part.read, part.referred, mapping.table_name, part.same_key, part.listed,
    (select pg_catalog.string_agg(pg_catalog.format('c.%I', c.name), ', ' order by c.place) from etl_api.kv_columns(mapping) as c),
    part.kept_out, part.key_listed, coalesce(part.updated || ', ', ''), coalesce(part.had || ', ', ''), coalesce(part.has || ', ', ''),
    mapping.name,
    coalesce(part.misfits, 'select null::uuid as org_id, null as _key, null as column_name, null::jsonb as found, null as refers_to, null as problem where false'));

  values_sql := pg_catalog.format('select t.org_id, %s, %st.rest%s, t.expires_at from public.%I as t where true%s',
    etl_api.kv_key_sql(mapping), part.back_begin, coalesce(part.back, ''), mapping.table_name, part.constants);
end
$$;

comment on function etl_api.kv_write_statements(etl_api.kv_mapping) is
  'The two statements of a mapping. apply_sql takes tenants, keys and the time ($1, $2, $3), brings their rows up to what is stored and returns how many were made, changed and deleted, and how many values did not fit. values_sql makes org_id, key, value and expires_at of the rows.';

revoke execute on function etl_api.kv_write_statements(etl_api.kv_mapping) from public;
