create or replace function etl_api.look_ahead(requests int, batch int) returns int
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  -- Looking further than 2,000 rows ahead for a fuller request would lock rows that another claim could take.
  return least(requests::bigint * batch, greatest(requests, 2000))::int;
end
$$;

comment on function etl_api.look_ahead(int, int) is
  'How many runs are looked at to fill so many HTTP requests with batches of at most so many runs.';

revoke execute on function etl_api.look_ahead(int, int) from public;
grant execute on function etl_api.look_ahead(int, int) to service_role;
