-- Values come by the source's mapping: path, default, transform; the key may come by a mapping of its own.
select plan(4);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
delete from datapoint_source;
insert into datapoint_source (source_id, datapoint_id, key_mapping_json, confidence)
values
  (test_setup.id('AlgOps API Client'), test_setup.id('company.industry'), '{"path": ["tags", "*", "label"], "transform": "trim"}', 0.5),
  (test_setup.id('AlgOps API Client'), test_setup.id('company.employees'), '{"path": ["size"], "transform": "number", "default": 0}', 0.25),
  (test_setup.id('AlgOps API Client'), test_setup.id('company.name'), '["names", -1]', 1),
  (test_setup.id('AlgOps API Client'), test_setup.id('company.domain'), '{"path": ["web", "host"], "transform": "lower"}', 1);
update source
set max_objects_per_request = 5,
    run_request_template = '{"method": "POST", "url": "https://api.algops.test/batch", "body": "<<$objects>>", "response": {"objects": "list"}}'
where name = 'AlgOps API Client';
select test_setup.enrich('{a.test,b.test}', '{"datapoints": ["industry", "employees", "name"]}');
select is(test_setup.exchange('{"list": [
  {"web": {"host": "B.test"}, "tags": [{"label": " x "}], "size": "12,000"},
  {"web": {"host": "A.test"}, "tags": [{"label": "y"}, {"label": "z"}], "size": null, "names": ["old", "new"]}]}'), 1,
  'one answer for both');
select is(
  (select jsonb_object_agg(o.value #>> '{key,domain}', o.value -> 'values') from activity_result cross join lateral jsonb_array_elements(objects) as o),
  '{"a.test": {"industry": ["y", "z"], "employees": 0, "name": "new"},
    "b.test": {"industry": "x", "employees": 12000}}'::jsonb, 'paths, defaults and transforms; several matches are a list');
select is(
  (select jsonb_object_agg(d.name, v.confidence) from value as v join datapoint as d on d.id = v.datapoint_id
   join object as o on o.id = v.object_id where o.natural_key ->> 'domain' = 'a.test' and v.source_id is not null),
  '{"industry": 0.5, "employees": 0.25, "name": 1}'::jsonb, 'each with the confidence of its mapping');
select is((select count(distinct v.run_request_id) from value as v where v.source_id is not null), 1::bigint, 'and the HTTP request it came by');

select * from finish();
