create or replace function utils.new_ids(count int) returns uuid[]
language plpgsql volatile parallel safe
set search_path = ''
as $$
declare
  -- As in utils.new_id: the milliseconds, the version, and what is random. The last 48 bits count on from a random
  -- number: one is drawn for all, and rows that are written in this order stand side by side in an index.
  made constant text := pg_catalog.replace(utils.new_id()::text, '-', '');
  head constant text := pg_catalog."left"(made, 20);
  -- From 2^47 to 3 * 2^46: always 12 digits, and room above for any count.
  first constant bigint := 140737488355328 + ('x' || pg_catalog."right"(made, 12))::bit(48)::bigint / 4;
begin
  return array(
    select (head || pg_catalog.to_hex(first + n))::uuid
    from pg_catalog.generate_series(1, count) as n);
end
$$;

comment on function utils.new_ids(int) is
  'New UUIDs of version 7, as many as asked for (none for null), each greater than the one before.';

revoke execute on function utils.new_ids(int) from public;
grant execute on function utils.new_ids(int) to service_role;
