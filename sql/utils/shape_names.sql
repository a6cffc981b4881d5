create or replace function utils.shape_names(shape text[]) returns text[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return array(
    select pg_catalog.substr(s.step, 2) from pg_catalog.unnest(shape) with ordinality as s (step, n) order by s.n);
end
$$;

comment on function utils.shape_names(text[]) is
  'The names and indexes of a shape that has no fans: the location it stands for.';

revoke execute on function utils.shape_names(text[]) from public;
grant execute on function utils.shape_names(text[]) to authenticated, service_role;
