create or replace function utils.max_matches() returns bigint
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  -- No table is read here: the engine says what its setting max_matches is, for the transaction.
  return greatest(1000, coalesce(nullif(pg_catalog.current_setting('etl.max_matches', true), '')::bigint, 9000000000000000));
end
$$;

comment on function utils.max_matches() is
  'Places that one path may find in one document: etl.max_matches, which the engine sets from its setting max_matches, but 1,000 at least; as many as there are where nobody says.';

revoke execute on function utils.max_matches() from public;
grant execute on function utils.max_matches() to authenticated, service_role;
