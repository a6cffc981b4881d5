-- Everything follows from the distinct values and their numbers of rows, so the order of rows cannot matter. A field is
-- null in a row that lacks it. How many rows JSON holds no planner knows: it would compile a second for each call.
create or replace function utils.infer_schema(rows jsonb)
returns table (
  name text, type text, fits numeric, nulls numeric, required boolean, options jsonb, examples jsonb, misfits jsonb,
  format jsonb, seen bigint)
language sql immutable parallel safe
set search_path = ''
set jit = off
as $$
  select s.name, t.type, t.fits, pg_catalog.round(1 - s.seen::numeric / w.height, 6), s.seen = w.height,
    coalesce(p.parts, case t.type
      when 'select' then (
        select pg_catalog.jsonb_agg(c.content order by c.uses::bigint desc, c.content collate "C")
        from pg_catalog.jsonb_each_text(s.choices) as c (content, uses))
      when 'multiselect' then utils.list_options(rows, s.name)
    end),
    pg_catalog.jsonb_path_query_array(e.examples, '$[0 to 2]'), pg_catalog.jsonb_path_query_array(e.misfits, '$[0 to 2]'),
    t.format, s.seen
  from (
    select pg_catalog.count(*)::numeric as height
    from pg_catalog.jsonb_array_elements(case pg_catalog.jsonb_typeof(rows) when 'array' then rows end) as r (value)
    where pg_catalog.jsonb_typeof(r.value) = 'object'
  ) as w
  cross join utils.field_shapes(rows) as s
  left join lateral utils.text_parts(s.choices, s.seen) as x on true
  cross join lateral utils.field_type(s.name, s.tally, s.texts, s.longest, x.separator) as t
  left join lateral (select x.parts where t.type = 'multiselect') as p on true
  cross join lateral (
    select
      coalesce(pg_catalog.jsonb_agg(v.value order by v.place, m.marks collate "C") filter (where v.fit), '[]'),
      coalesce(pg_catalog.jsonb_agg(v.value order by v.place, m.marks collate "C") filter (where not v.fit), '[]')
    from pg_catalog.jsonb_each(s.samples) as m (marks, ends)
    cross join lateral (
      select n.value, n.place,
        coalesce(utils.fitting_marks(t.type, t.format) && pg_catalog.string_to_array(m.marks, ' '), true) as fit
      from pg_catalog.jsonb_array_elements(m.ends) with ordinality as n (value, place)
    ) as v
  ) as e (examples, misfits)
  order by s.name collate "C"
$$;

comment on function utils.infer_schema(jsonb) is
  'The fields of an array of objects: type (text, number, date, email, phone, select, multiselect, textarea, url, boolean), share of the values that fit, share of rows without one, required (no row without), options of a select or multiselect, examples and misfits, how it is written (format, for utils.coerce_value), and values seen.';

revoke execute on function utils.infer_schema(jsonb) from public;
grant execute on function utils.infer_schema(jsonb) to authenticated, service_role;
