create or replace function etl_api.fault_rank(code text) returns int
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(pg_catalog.array_position(
    array['org_deleted', 'no_free_objects', 'too_large', 'too_deep',
      'invalid_json', 'missing_value', 'invalid_type', 'too_many_activities', 'too_many_objects', 'unknown_activity', 'unknown_datapoint',
      'unknown_source', 'no_source', 'unknown_endpoint', 'unknown_table', 'invalid_url',
        'dependency_cycle', 'dependency_order', 'deadline_past', 'too_many_matches', 'internal_error'],
    code), 100)
$$;

comment on function etl_api.fault_rank(text) is
  'Which fault names the class of a request that has several: the lowest rank.';

revoke execute on function etl_api.fault_rank(text) from public;
grant execute on function etl_api.fault_rank(text) to service_role;
