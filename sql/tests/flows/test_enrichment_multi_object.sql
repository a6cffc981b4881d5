-- Several companies, spelt as people spell them, in one request: each once, each asked by its latest spelling, the
-- result in their order.
select plan(7);

set etl.fake_now = '2026-05-01 10:00:00Z';
set timezone = 'UTC';
select test_setup.setup_enrichment_test_data();
insert into test_setup.reply (source, request, body)
values
  ('AlgOps API Client', '{"url": "https://api.algops.test/v1/companies/Zeta.test"}', '{"company": {"sector": "Steel", "staff": {"count": 40}}}'),
  ('AlgOps API Client', '{"url": "https://api.algops.test/v1/companies/acme.TEST"}', '{"company": {"sector": "Tools", "staff": {"count": 120}}}'),
  ('AlgOps API Client', '{"url": "https://api.algops.test/v1/companies/beta.test"}', '{"company": {"sector": "Paper"}}'),
  ('Company Register', '{"query": {"domain": "Zeta.test"}}', '{"result": {"entries": [{"website": "zeta.test", "employees": 41, "capital": {"raised": 1}}]}}'),
  ('Company Register', '{"query": {"domain": "acme.TEST"}}', '{"result": {"entries": [{"website": "acme.test", "employees": 119, "capital": {"raised": 2}}]}}'),
  ('Company Register', '{"query": {"domain": "beta.test"}}', '{"result": {"entries": [{"website": "beta.test", "employees": "7", "capital": {"raised": 3}}]}}');

select test_setup.enrich('{Zeta.test," ACME.test ",beta.test,acme.TEST}', '{}', '{"url": "https://client.test/hook"}');

select is(
  (select array_agg(o.natural_key ->> 'domain' order by ao.ordinal) from activity_object as ao join object as o on o.id = ao.object_id),
  '{zeta.test,acme.test,beta.test}', 'two spellings of one domain are one object, in the order given');
select is(test_setup.runs(), array[
  'acme.test AlgOps API Client waiting:allocation',
  'acme.test Company Register waiting:allocation',
  'beta.test AlgOps API Client waiting:allocation',
  'beta.test Company Register waiting:allocation',
  'zeta.test AlgOps API Client waiting:allocation',
  'zeta.test Company Register waiting:allocation'], 'a run per object and source');

select is(test_setup.serve(), 6, 'six HTTP requests were sent');
select is(test_setup.states(), array[
  'workflow_request done 1',
  'activity_request enrich done 1',
  'run_queue done 6',
  'run_request done 6',
  'delivery ready 1'], 'all is done');
select is(
  (select jsonb_agg(jsonb_build_array(o.value -> 'key' -> 'domain', o.value -> 'values', o.value #> '{provenance,employees,source}') order by o.n)
   from activity_result as r cross join lateral jsonb_array_elements(r.objects) with ordinality as o (value, n)),
  '[
    ["zeta.test", {"industry": "Steel", "employees": 40, "funding": 1}, "AlgOps API Client"],
    ["acme.test", {"industry": "Tools", "employees": 120, "funding": 2}, "AlgOps API Client"],
    ["beta.test", {"industry": "Paper", "employees": 7, "funding": 3}, "Company Register"]
  ]'::jsonb, 'each object has its own values, and what one source lacked came from the other');
select is(test_setup.deliver(), 1, 'one message for all of them');
select is(test_setup.state(test_setup.activity()), 'delivered', 'and it is delivered');

select * from finish();
