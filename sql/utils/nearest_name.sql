-- By pairs of letters two names have in common (Dice); case and everything but letters and digits do not matter.
create or replace function utils.nearest_name(wanted text, names text[]) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  with plain as (
    select n.name, pg_catalog.lower(pg_catalog.regexp_replace(n.name, '[^[:alnum:]]', '', 'g')) as letters
    from pg_catalog.unnest(names || wanted) as n (name)
  ),
  pairs as (
    select p.name, p.letters, array(
      select distinct pg_catalog.substr(p.letters, i.n, 2)
      from pg_catalog.generate_series(1, greatest(pg_catalog.length(p.letters) - 1, 1)) as i (n)) as pairs
    from plain as p
  )
  select p.name
  from pairs as p
  join pairs as w on w.name = wanted
  cross join lateral (
    select 2.0 * (
        select pg_catalog.count(*)
        from pg_catalog.unnest(p.pairs) as mine (pair)
        where mine.pair = any (w.pairs))
      / (pg_catalog.cardinality(p.pairs) + pg_catalog.cardinality(w.pairs)) as likeness
  ) as l
  where p.name <> wanted
    and (l.likeness >= 0.4 or p.letters like '%' || w.letters || '%' and w.letters <> '' or w.letters like '%' || p.letters || '%' and p.letters <> '')
  order by l.likeness desc, p.name
  limit 1
$$;

comment on function utils.nearest_name(text, text[]) is
  'The one of these names that is most like the wanted one; null when none is.';

revoke execute on function utils.nearest_name(text, text[]) from public;
grant execute on function utils.nearest_name(text, text[]) to authenticated, service_role;
