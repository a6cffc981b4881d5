create or replace function etl_api.named_targets(named jsonb) returns table (target uuid, place text)
language sql immutable
set search_path = ''
as $$
  select e.id, case when pg_catalog.jsonb_typeof(named) = 'array' then '[' || pg_catalog.min(e.place) - 1 || ']' else '' end
  from (
    select t.place,
      case when pg_catalog.jsonb_typeof(t.value) = 'string' and etl_api.is_uuid(t.value #>> '{}')
        then (t.value #>> '{}')::uuid end as id
    from pg_catalog.jsonb_array_elements(
      case when pg_catalog.jsonb_typeof(named) = 'array' then named else pg_catalog.jsonb_build_array(named) end)
      with ordinality as t (value, place)
    where t.place <= 1000
  ) as e
  where e.id is not null
  group by e.id
$$;

comment on function etl_api.named_targets(jsonb) is
  'The ids in a destination.activity.id, each once, with the place where it stands first: [0], [1], …; no place when it is one id and no list.';

revoke execute on function etl_api.named_targets(jsonb) from public;
grant execute on function etl_api.named_targets(jsonb) to service_role;
