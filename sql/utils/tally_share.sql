create or replace function utils.tally_share(tally jsonb, marks text[], whole numeric) returns numeric
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return (
    select coalesce(pg_catalog.sum((tally ->> m.mark)::numeric), 0) / nullif(whole, 0)
    from pg_catalog.unnest(marks) as m (mark));
end
$$;

comment on function utils.tally_share(jsonb, text[], numeric) is
  'The part of a whole that bears one of these marks, from {mark: count}; marks that never meet in one value.';

revoke execute on function utils.tally_share(jsonb, text[], numeric) from public;
grant execute on function utils.tally_share(jsonb, text[], numeric) to authenticated, service_role;
