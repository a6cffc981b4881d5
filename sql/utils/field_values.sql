-- Every distinct text is looked at once, whatever number of rows holds it; numbers are only told apart by class. Plain
-- numbers, plain days and plain words are told by their looks, without a call.
create or replace function utils.field_values(rows jsonb)
returns table (name text, content text, marks text, uses bigint, low numeric, high numeric)
language sql immutable parallel safe
set search_path = ''
set work_mem = '64MB'
as $$
  with cell as (
    select f.key, pg_catalog.jsonb_typeof(f.value) as kind, f.value
    from pg_catalog.jsonb_array_elements(case pg_catalog.jsonb_typeof(rows) when 'array' then rows end) as r (value)
    cross join lateral pg_catalog.jsonb_each(case pg_catalog.jsonb_typeof(r.value) when 'object' then r.value end) as f
    offset 0
  ), distinct_text as (
    select c.key, c.value #>> '{}' as content, pg_catalog.count(*) as uses
    from cell as c
    where c.kind = 'string'
    group by 1, 2
  )
  select t.key, t.content, case
      when t.content ~ '^-?(0|[1-9][0-9]{0,2})$' then case when t.content in ('0', '1') then 'number bit' else 'number' end
      when t.content ~ '^-?[0-9]{0,15}\.([0-9]{1,2}|[0-9]{4,20})$' then 'number point'
      when t.content ~ '^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$' then 'date ymd'
      when t.content ~ '^[A-Za-z][A-Za-z ]{15,100}$' then 'text'
      else utils.value_marks(t.content)
    end,
    t.uses, null, null
  from distinct_text as t
  union all
  select c.key, null, case c.kind when 'number' then 'number' else c.kind end, pg_catalog.count(*),
    pg_catalog.min(n.number), pg_catalog.max(n.number)
  from cell as c
  cross join lateral (select case when c.kind = 'number' then c.value::numeric end) as n (number)
  where c.kind <> 'string'
  group by c.key, c.kind, case when n.number < 4200000000000 then utils.number_class(n.number) end
$$;
