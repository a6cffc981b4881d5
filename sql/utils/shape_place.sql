create or replace function utils.shape_place(shape text[]) returns bytea
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return coalesce((
    select pg_catalog.string_agg(
      case when s.step like '#%' then pg_catalog.int4send(pg_catalog.substr(s.step, 2)::int + 1)
        else utils.jsonb_place(pg_catalog.substr(s.step, 2)) end, '' order by s.n)
    from pg_catalog.unnest(shape) with ordinality as s (step, n)), '');
end
$$;

comment on function utils.shape_place(text[]) is
  'The sort key of the location that a shape without fans stands for.';

revoke execute on function utils.shape_place(text[]) from public;
grant execute on function utils.shape_place(text[]) to authenticated, service_role;
