-- The fields of a result mapping are datapoint mappings too; a user's own rows win and stay.
select plan(10);

insert into org (id, name, slug) values ('a0000000-0000-4000-8000-000000000001', 'Sync', 'sync');
insert into object_type (id, org_id, name, key_datapoints)
values ('a0000000-0000-4000-8000-000000000002', 'a0000000-0000-4000-8000-000000000001', 'company', '{domain}');
insert into datapoint (id, org_id, object_type_id, name)
values
  ('a0000000-0000-4000-8000-000000000003', 'a0000000-0000-4000-8000-000000000001',
   'a0000000-0000-4000-8000-000000000002', 'domain'),
  ('a0000000-0000-4000-8000-000000000004', 'a0000000-0000-4000-8000-000000000001',
   'a0000000-0000-4000-8000-000000000002', 'industry');
insert into source (id, org_id, name, run_request_template)
values ('a0000000-0000-4000-8000-000000000005', 'a0000000-0000-4000-8000-000000000001', 'facts',
  '{"method": "GET", "url": "https://api.example/"}');
insert into datapoint_source (org_id, source_id, datapoint_id, key_mapping_json, confidence)
values ('a0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000005',
  'a0000000-0000-4000-8000-000000000004', '"sector"', 0.5);

create function pg_temp.mappings() returns jsonb language sql as $$
  select jsonb_object_agg(d.name, jsonb_build_array(ds.key_mapping_json, ds.derived))
  from public.datapoint_source as ds
  join public.datapoint as d on d.id = ds.datapoint_id
$$;

insert into object_source (org_id, source_id, object_type_id, direction, key_mapping_json)
values ('a0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000005',
  'a0000000-0000-4000-8000-000000000002', 'result',
  '{"path": "rows", "fields": {"domain": "website", "industry": "branch", "employees": ["staff", "total"]}}');
select is(pg_temp.mappings(), '{"domain": ["website", true], "industry": ["sector", false]}'::jsonb,
  'a field becomes a mapping of the datapoint of its name, and a user''s own mapping stays');
select is((select org_id from datapoint_source where derived), 'a0000000-0000-4000-8000-000000000001'::uuid,
  'it belongs to the org of the mapping');

insert into datapoint (org_id, object_type_id, name)
values ('a0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000002', 'employees');
select is(pg_temp.mappings() -> 'employees', '[["staff", "total"], true]'::jsonb,
  'a datapoint made later finds the field that waited for it');

update object_source set key_mapping_json = '{"path": "rows", "fields": {"domain": "url", "industry": "branch"}}';
select is(pg_temp.mappings(), '{"domain": ["url", true], "industry": ["sector", false]}'::jsonb,
  'a changed field changes its mapping, a removed one takes it away');

update object_source set key_mapping_json = '"rows"';
select is(pg_temp.mappings(), '{"industry": ["sector", false]}'::jsonb, 'a plain path has no fields');

update object_source set key_mapping_json = '{"fields": {"domain": "url"}}', direction = 'input';
select is(pg_temp.mappings(), '{"industry": ["sector", false]}'::jsonb, 'the fields of an input mapping say nothing of answers');

update object_source set direction = 'result';
select is(pg_temp.mappings() -> 'domain', '["url", true]'::jsonb, 'a mapping that becomes one of results is followed');
insert into datapoint_source (org_id, source_id, datapoint_id, key_mapping_json)
values ('a0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000005',
  'a0000000-0000-4000-8000-000000000003', '"host"');
select is(pg_temp.mappings() -> 'domain', '["host", false]'::jsonb, 'a user''s own mapping replaces a derived one');
update object_source set key_mapping_json = '{"fields": {"domain": "other"}}';
select is(pg_temp.mappings() -> 'domain', '["host", false]'::jsonb, 'and stays, whatever the fields say');
delete from datapoint_source where not derived and key_mapping_json = '"host"';
update object_source set key_mapping_json = '{"fields": {"domain": "url"}}';
delete from object_source;
select is(pg_temp.mappings(), '{"industry": ["sector", false]}'::jsonb, 'and goes with it');

select * from finish();
