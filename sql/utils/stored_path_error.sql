-- A path with "**" is tried from every node that the elements before it reach, so the work grows as the size of the
-- document to the power of its stars: three times "**" in a document of 4,000 nodes are minutes.
create or replace function utils.stored_path_error(path jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(
    utils.path_error(stored_path_error.path),
    case when stars.n > 2 then pg_catalog.format('a path holds "**" at most twice, this one %s times', stars.n) end)
  from (
    select pg_catalog.jsonb_array_length(pg_catalog.jsonb_path_query_array(stored_path_error.path, '$[*] ? (@ == "**")')) as n
  ) as stars
$$;

comment on function utils.stored_path_error(jsonb) is
  'What is wrong with a path that is to be followed in every answer, in a sentence; null when nothing is.';

revoke execute on function utils.stored_path_error(jsonb) from public;
grant execute on function utils.stored_path_error(jsonb) to authenticated, service_role;
