-- Counting is cheap. Shapes found in a sample are true but may be too few; where the nodes of all shapes are as many
-- as those of the path (which is never counted too low), none is missing. Two shapes that share nodes only make the
-- sum larger than the path's count, and such a path is walked.
create or replace function utils.jsonb_complete_shapes(data jsonb, steps jsonb) returns jsonb
language sql immutable strict parallel safe
set search_path = ''
as $$
  select found.shapes
  from (
    select
      coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(s.shape)), '[]') as shapes,
      coalesce(pg_catalog.sum(utils.jsonpath_count($1, utils.shape_jsonpath(s.shape))), 0) as nodes,
      pg_catalog.count(*) as shape_count
    from utils.jsonb_shapes($1, $2) as s (shape)
    where not pg_catalog.jsonb_path_exists($2, '$[*] ? (@ < 0)')
  ) as found
  where found.shape_count <= 64
    and found.nodes = utils.path_count($1, $2)
$$;

comment on function utils.jsonb_complete_shapes(jsonb, jsonb) is
  'The shapes of a path''s nodes when they are sure to be all; null when they are not.';

revoke execute on function utils.jsonb_complete_shapes(jsonb, jsonb) from public;
grant execute on function utils.jsonb_complete_shapes(jsonb, jsonb) to authenticated, service_role;
