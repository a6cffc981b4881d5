-- Workflows as graphs: nodes that each ask a source of their own, so that a test decides what becomes of which.

create schema if not exists test_setup;

create function test_setup.graph(nodes jsonb, columns jsonb default '{}') returns uuid
language plpgsql
as $$
declare
  request_id uuid;
begin
  perform test_setup.setup_base_data();
  insert into public.datapoint (id, object_type_id, name)
  select test_setup.id('company.' || k), test_setup.id('company'), k from jsonb_object_keys(nodes) as k
  on conflict do nothing;
  insert into public.source (id, name, activity_types, run_request_template, retry_policy)
  select test_setup.id('source ' || k), 'source ' || k, '{enrichment}',
    jsonb_build_object('method', 'GET', 'url', 'https://' || k || '.test/<<$object.domain>>'), '{"max_attempts": 1}'
  from jsonb_object_keys(nodes) as k
  on conflict do nothing;
  insert into public.object_source (source_id, object_type_id, direction, key_mapping_json)
  select test_setup.id('source ' || k), test_setup.id('company'), 'input', '["input", "companies", "*"]'
  from jsonb_object_keys(nodes) as k
  on conflict do nothing;
  insert into public.datapoint_source (source_id, datapoint_id, key_mapping_json)
  select test_setup.id('source ' || k), test_setup.id('company.' || k), to_jsonb('it'::text) from jsonb_object_keys(nodes) as k
  on conflict do nothing;
  insert into public.activity (id, org_id, name, activity_type, object_type_id, datapoints, source_ids)
  select test_setup.id('node ' || k), test_setup.id('org acme'), k, 'enrichment', test_setup.id('company'), array[k],
    array[test_setup.id('source ' || k)]
  from jsonb_object_keys(nodes) as k
  on conflict do nothing;

  insert into public.workflow_request (org_id, data, not_before, deadline_at, priority)
  values (
    test_setup.id('org acme'),
    jsonb_build_object(
      'input', '{"companies": [{"domain": "x.test"}]}'::jsonb,
      'destination', '{"webhook": {"url": "https://client.test/all"}}'::jsonb,
      'data', (
        select jsonb_object_agg(n.key, jsonb_build_object(
          'id', test_setup.id('node ' || n.key),
          'setup', jsonb_build_object('config', n.value - 'to' - 'webhook'),
          'destination', jsonb_strip_nulls(jsonb_build_object(
            'activity', case when n.value ? 'to' then jsonb_build_object('id', (
              select jsonb_agg(test_setup.id('node ' || t)) from jsonb_array_elements_text(n.value -> 'to') as t)) end,
            'webhook', n.value -> 'webhook'))))
        from jsonb_each(nodes) as n)),
    (columns ->> 'not_before')::timestamptz,
    (columns ->> 'deadline_at')::timestamptz,
    coalesce((columns ->> 'priority')::int, 0))
  returning id into request_id;
  return request_id;
end
$$;
comment on function test_setup.graph(jsonb, jsonb) is
  'Inserts a request of enrichments of one company, one for each key: {"a": {"to": ["b"], "phase": 2, "on_failure": "skip"}}. Each asks the source of its name for the datapoint of its name. Columns: not_before, deadline_at, priority.';

create function test_setup.settle(activity_key text, status int default 200) returns text
language plpgsql
as $$
begin
  perform test_setup.claim(1000);
  return (
    select string_agg(test_setup.answer(r.id, '{"it": "known"}', status), ' ')
    from public.run_request as r
    join public.activity_request as ar on ar.id = r.activity_request_id
    where ar.activity_key = settle.activity_key
      and r.state = 'in_progress');
end
$$;
comment on function test_setup.settle(text, int) is
  'Answers the HTTP requests of one node of a graph: 200 finds its value, 404 lets it fail.';

create function test_setup.nodes() returns text
language sql
as $$
  select string_agg(a.activity_key || '=' || a.state || coalesce(':' || a.state_substate, ''), ' ' order by a.activity_key)
  from public.activity_request as a
$$;
comment on function test_setup.nodes() is 'Every activity request as "key=state:substate", by key.';
