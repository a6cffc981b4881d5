-- Counting is cheap. Shapes found in a sample are true but may be too few; where the nodes of all shapes are as many
-- as those of the path (which is never counted too low), none is missing. That holds only while no node is counted for
-- two shapes and every node of a shape is one of the path: where a shape may hold what another does, or a path that
-- ends in "**" has a shape with a scalar in it, nothing is said.
create or replace function utils.jsonb_complete_shapes(data jsonb, steps jsonb) returns jsonb
language sql immutable strict parallel safe
set search_path = ''
as $$
  with found as materialized (
    select s.shape, utils.shape_jsonpath(s.shape) as jsonpath
    from utils.jsonb_shapes($1, $2) as s (shape)
    where not pg_catalog.jsonb_path_exists($2, '$[*] ? (@ < 0)')
  )
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(f.shape)), '[]')
  from found as f
  having pg_catalog.count(*) <= 64
    and coalesce(pg_catalog.sum(utils.jsonpath_count($1, f.jsonpath)), 0) = utils.path_count($1, $2)
    and not coalesce(pg_catalog.bool_or($2 -> -1 = '"**"' and pg_catalog.jsonb_path_exists(
      $1, (f.jsonpath || ' ? (@.type() != "object" && @.type() != "array")')::jsonpath)), false)
    and not exists (
      select 1
      from found as a
      join found as b
        on a.shape < b.shape
        and pg_catalog.cardinality(a.shape) = pg_catalog.cardinality(b.shape)
      where a.shape || b.shape && '{[],"{}"}'
        and not exists (
          select 1
          from unnest(a.shape, b.shape) as e (one, other)
          where e.one <> e.other
            and (pg_catalog."left"(e.one, 1), pg_catalog."left"(e.other, 1))
              not in (('{', '.'), ('.', '{'), ('[', '#'), ('#', '['))))
$$;

comment on function utils.jsonb_complete_shapes(jsonb, jsonb) is
  'The shapes of a path''s nodes when they are sure to be all; null when they are not.';

revoke execute on function utils.jsonb_complete_shapes(jsonb, jsonb) from public;
grant execute on function utils.jsonb_complete_shapes(jsonb, jsonb) to authenticated, service_role;
