create or replace function etl_route.add_limit(so_far jsonb, one jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select pg_catalog.jsonb_object_agg(l.key, l.value)
  from (
    select e.key, pg_catalog.jsonb_build_object(
      'limit', pg_catalog.sum((e.value ->> 'limit')::numeric), 'used', pg_catalog.sum((e.value ->> 'used')::numeric)) as value
    from (
      select * from pg_catalog.jsonb_each(so_far)
      union all
      select * from pg_catalog.jsonb_each(one)
    ) as e
    group by e.key
  ) as l
$$;

create or replace aggregate etl_route.add_limits(jsonb) (sfunc = etl_route.add_limit, stype = jsonb);

comment on function etl_route.add_limit(jsonb, jsonb) is 'Adds the rate limits of a source on two partitions: each keeps its own.';
comment on aggregate etl_route.add_limits(jsonb) is 'What a source may be sent by all partitions, and was: each keeps to its own limits.';

revoke execute on function etl_route.add_limit(jsonb, jsonb), etl_route.add_limits(jsonb) from public;
grant execute on function etl_route.add_limit(jsonb, jsonb), etl_route.add_limits(jsonb) to authenticated, service_role;
