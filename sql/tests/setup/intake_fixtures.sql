create schema if not exists test_setup;

-- Two organisations and what intake looks up. Ids are fixed, so that a test can spell out whole error values:
-- …-0a1 organisation A, …-0b1 organisation B; activities …-001 and following, sources …-1001, endpoints …-2001.
create or replace function test_setup.intake() returns void
language sql
set search_path = ''
as $$
  insert into public.org (id, name, slug)
  values
    ('00000000-0000-4000-8000-0000000000a1', 'Org A', 'org-a'),
    ('00000000-0000-4000-8000-0000000000b1', 'Org B', 'org-b');

  insert into public.object_type (id, name, key_datapoints)
  values
    ('00000000-0000-4000-8000-000000000101', 'company', '{domain}'),
    ('00000000-0000-4000-8000-000000000102', 'unserved', '{domain}');

  insert into public.datapoint (id, org_id, object_type_id, name)
  values
    ('00000000-0000-4000-8000-000000000201', null, '00000000-0000-4000-8000-000000000101', 'domain'),
    ('00000000-0000-4000-8000-000000000202', null, '00000000-0000-4000-8000-000000000101', 'industry'),
    ('00000000-0000-4000-8000-000000000203', null, '00000000-0000-4000-8000-000000000101', 'employees'),
    ('00000000-0000-4000-8000-000000000204', null, '00000000-0000-4000-8000-000000000101', 'orphan'),
    ('00000000-0000-4000-8000-000000000205', '00000000-0000-4000-8000-0000000000b1',
      '00000000-0000-4000-8000-000000000101', 'secret_of_b');

  insert into public.source (id, org_id, name, activity_types, run_request_template, enabled)
  values
    ('00000000-0000-4000-8000-000000001001', null, 'first', '{enrichment,extract}', '{"method": "GET", "url": "https://api.example/x"}', true),
    ('00000000-0000-4000-8000-000000001002', null, 'second', '{enrichment}', '{"method": "GET", "url": "https://api.example/x"}', true),
    ('00000000-0000-4000-8000-000000001003', null, 'switched off', '{enrichment,sourcing}', '{"method": "GET", "url": "https://api.example/x"}', false),
    ('00000000-0000-4000-8000-000000001004', '00000000-0000-4000-8000-0000000000b1', 'of B', '{enrichment}', '{"method": "GET", "url": "https://api.example/x"}', true),
    ('00000000-0000-4000-8000-000000001099', null, 'soon deleted', '{enrichment}', '{"method": "GET", "url": "https://api.example/x"}', true);

  insert into public.object_source (source_id, object_type_id, direction, key_mapping_json)
  values
    ('00000000-0000-4000-8000-000000001001', '00000000-0000-4000-8000-000000000101', 'input', '["input", "companies", "*"]'),
    ('00000000-0000-4000-8000-000000001001', '00000000-0000-4000-8000-000000000101', 'result', '["companies", "*"]'),
    ('00000000-0000-4000-8000-000000001003', '00000000-0000-4000-8000-000000000101', 'result', '["companies", "*"]');

  insert into public.datapoint_source (source_id, datapoint_id, key_mapping_json, priority)
  values
    ('00000000-0000-4000-8000-000000001001', '00000000-0000-4000-8000-000000000202', '"industry"', 20),
    ('00000000-0000-4000-8000-000000001002', '00000000-0000-4000-8000-000000000202', '"industry"', 10),
    ('00000000-0000-4000-8000-000000001001', '00000000-0000-4000-8000-000000000203', '"employees"', 10),
    ('00000000-0000-4000-8000-000000001003', '00000000-0000-4000-8000-000000000204', '"orphan"', 10);

  insert into public.activity (id, org_id, name, activity_type, object_type_id, datapoints, source_ids, config)
  values
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-0000000000a1', 'Enrich companies', 'enrichment',
      '00000000-0000-4000-8000-000000000101', '{industry,employees}', null, '{"max_objects": 50, "language": "en"}'),
    ('00000000-0000-4000-8000-000000000002', null, 'Extract companies', 'extract',
      '00000000-0000-4000-8000-000000000101', '{industry}', null, '{}'),
    ('00000000-0000-4000-8000-000000000003', '00000000-0000-4000-8000-0000000000a1', 'Check companies', 'enrichment',
      '00000000-0000-4000-8000-000000000101', '{industry}', null, '{}'),
    ('00000000-0000-4000-8000-000000000004', '00000000-0000-4000-8000-0000000000b1', 'Of B', 'enrichment',
      '00000000-0000-4000-8000-000000000101', '{industry}', null, '{}'),
    ('00000000-0000-4000-8000-000000000005', '00000000-0000-4000-8000-0000000000a1', 'Find companies', 'sourcing',
      '00000000-0000-4000-8000-000000000101', '{}', null, '{}'),
    ('00000000-0000-4000-8000-000000000006', '00000000-0000-4000-8000-0000000000a1', 'Ask a lost source', 'enrichment',
      '00000000-0000-4000-8000-000000000101', '{industry}',
      '{00000000-0000-4000-8000-000000001001,00000000-0000-4000-8000-000000001099}', '{}'),
    ('00000000-0000-4000-8000-000000000007', '00000000-0000-4000-8000-0000000000a1', 'Badly set up', 'enrichment',
      '00000000-0000-4000-8000-000000000101', '{industry,nonsense}', null, '{"max_objects": "many"}'),
    ('00000000-0000-4000-8000-000000000008', '00000000-0000-4000-8000-0000000000a1', 'Asks nothing', 'enrichment',
      '00000000-0000-4000-8000-000000000101', '{}', null, '{}');

  -- source_ids has no foreign key: a source can go while an activity still names it.
  delete from public.source where id = '00000000-0000-4000-8000-000000001099';

  insert into public.webhook_endpoint (id, org_id, url, disabled_at)
  values
    ('00000000-0000-4000-8000-000000002001', '00000000-0000-4000-8000-0000000000a1', 'https://client.example/hook', null),
    ('00000000-0000-4000-8000-000000002002', '00000000-0000-4000-8000-0000000000a1', 'https://client.example/old', now()),
    ('00000000-0000-4000-8000-000000002003', '00000000-0000-4000-8000-0000000000b1', 'https://b.example/hook', null);
$$;

-- Inserts one request of organisation A and returns it as intake leaves it. An object without input is given one
-- company, so that a test of something else need not bring it.
create or replace function test_setup.request(data jsonb, idempotency_key text default null)
returns public.workflow_request
language plpgsql
set search_path = ''
as $$
declare
  request public.workflow_request;
begin
  insert into public.workflow_request (org_id, data, idempotency_key)
  values (
    '00000000-0000-4000-8000-0000000000a1',
    case when pg_catalog.jsonb_typeof(data) = 'object'
      then '{"input": {"companies": [{"domain": "acme.test"}]}}' || data
      else data end,
    idempotency_key)
  returning id into request.id;
  select w.* into request
  from public.workflow_request as w
  where w.id = request.id;
  return request;
end
$$;

-- The errors of a request of organisation A with this data; null when it is valid.
create or replace function test_setup.faults(data jsonb) returns jsonb
language sql
set search_path = ''
as $$
  select (test_setup.request(data)).errors
$$;

-- Inserts one request of organisation A and returns what it was expanded into.
create or replace function test_setup.expanded(data jsonb) returns setof public.activity_request
language plpgsql
set search_path = ''
as $$
declare
  request_id constant uuid := (test_setup.request(data)).id;
begin
  return query
  select a.*
  from public.activity_request as a
  where a.workflow_request_id = request_id;
end
$$;
