create or replace function utils.field_shapes(rows jsonb)
returns table (name text, seen bigint, texts bigint, longest int, tally jsonb, samples jsonb, choices jsonb)
language sql immutable parallel safe
set search_path = ''
set jit = off
set work_mem = '64MB'
as $$
  with found as materialized (
    select v.*
    from utils.field_values(rows) as v
  ), shape as materialized (
    select f.name, f.marks, pg_catalog.sum(f.uses) as uses, pg_catalog.sum(f.weight) as weight,
      pg_catalog.count(f.content) as texts, pg_catalog.max(pg_catalog.length(f.content)) as longest,
      pg_catalog.array_remove(array[
        coalesce(pg_catalog.to_jsonb(pg_catalog.min(f.content collate "C")), pg_catalog.to_jsonb(pg_catalog.min(f.low))),
        nullif(coalesce(pg_catalog.to_jsonb(pg_catalog.max(f.content collate "C")), pg_catalog.to_jsonb(pg_catalog.max(f.high))),
          coalesce(pg_catalog.to_jsonb(pg_catalog.min(f.content collate "C")), pg_catalog.to_jsonb(pg_catalog.min(f.low))))
      ], null) as ends
    from found as f
    group by f.name, f.marks
  ), field as materialized (
    select s.name,
      coalesce(pg_catalog.sum(s.uses) filter (where s.marks is distinct from 'null'), 0)::bigint as seen,
      coalesce(pg_catalog.sum(s.texts) filter (where s.marks is distinct from 'null'), 0)::bigint as texts,
      coalesce(pg_catalog.max(s.longest), 0) as longest,
      pg_catalog.jsonb_object_agg(s.marks, s.ends) filter (where s.marks <> 'null') as samples
    from shape as s
    group by s.name
  ), marked as (
    select m.name, pg_catalog.jsonb_object_agg(m.mark, m.weight) as tally
    from (
      select s.name, u.mark, pg_catalog.sum(s.weight) as weight
      from shape as s
      cross join lateral pg_catalog.unnest(pg_catalog.string_to_array(s.marks, ' ')) as u (mark)
      group by s.name, u.mark
    ) as m
    group by m.name
  )
  select f.name, f.seen, f.texts, f.longest,
    coalesce(m.tally, '{}') || pg_catalog.jsonb_build_object('seen', f.seen), coalesce(f.samples, '{}'), c.choices
  from field as f
  left join marked as m on m.name = f.name
  left join (
    select v.name, pg_catalog.jsonb_object_agg(v.content, v.uses) as choices
    from found as v
    where v.content is not null
      and v.marks is distinct from 'null'
      and v.name in (select f.name from field as f where f.texts <= 5000 and f.longest <= 400)
    group by v.name
  ) as c on c.name = f.name
$$;

comment on function utils.field_shapes(jsonb) is
  'One row for each field of an array of objects: values that are not null, distinct texts, the longest, {mark: count}, {marks: [lowest, highest]}, and {text: rows} where there are at most 5,000.';

revoke execute on function utils.field_shapes(jsonb) from public;
grant execute on function utils.field_shapes(jsonb) to authenticated, service_role;
