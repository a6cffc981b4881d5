-- "Action|Comedy" is two choices; "Smith, John" is one text. Parts that are choices come again and again, in many texts.
create or replace function utils.text_parts(choices jsonb, seen bigint)
returns table (separator text, parts jsonb)
language sql immutable parallel safe
set search_path = ''
set jit = off
as $$
  with separated as (
    select s.separator, t.content, t.uses::bigint as uses
    from pg_catalog.jsonb_each_text(choices) as t (content, uses)
    cross join (values (';'), ('|'), ('、'), (',')) as s (separator)
    where pg_catalog.strpos(t.content, s.separator) > 0
  ), best as (
    select s.separator
    from separated as s
    group by s.separator
    having pg_catalog.sum(s.uses) >= 0.3 * seen
    order by pg_catalog.sum(s.uses) desc, s.separator
    limit 1
  ), part as (
    select pg_catalog.btrim(p.part) as part, pg_catalog.sum(t.uses::bigint) as uses, pg_catalog.count(*) as texts
    from pg_catalog.jsonb_each_text(choices) as t (content, uses)
    cross join best as b
    cross join lateral pg_catalog.unnest(pg_catalog.string_to_array(t.content, b.separator)) as p (part)
    where pg_catalog.btrim(p.part) <> ''
    group by 1
  )
  select b.separator, p.parts
  from best as b
  cross join lateral (
    select pg_catalog.jsonb_agg(part.part order by part.uses desc, part.part collate "C") as parts
    from part
    having pg_catalog.count(*) between 2 and 50
      and pg_catalog.max(pg_catalog.length(part.part)) <= 40
      and pg_catalog.sum(part.uses) >= 3 * pg_catalog.count(*)
      and pg_catalog.sum(part.texts) >= 1.5 * pg_catalog.count(*)
  ) as p
$$;

comment on function utils.text_parts(jsonb, bigint) is
  'The separator (; | 、 or ,) and the choices, most frequent first, when the texts of {text: rows} hold several of few choices each; no row when they do not.';

revoke execute on function utils.text_parts(jsonb, bigint) from public;
grant execute on function utils.text_parts(jsonb, bigint) to authenticated, service_role;
