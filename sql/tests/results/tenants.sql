-- Two tenants asking a shared source about the same company share nothing.
select plan(3);

select test_setup.setup_enrichment_test_data();
insert into activity (id, org_id, name, activity_type, object_type_id, datapoints)
values (test_setup.id('enrich of other'), test_setup.id('org other'), 'Enrich', 'enrichment', test_setup.id('company'), '{industry}');
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}');
select test_setup.exchange('{"company": {"sector": "Ours"}}');
select test_setup.start(jsonb_build_object('input', '{"companies": [{"domain": "a.test"}]}'::jsonb,
  'data', jsonb_build_object('theirs', jsonb_build_object('id', test_setup.id('enrich of other')))), test_setup.id('org other'));
select is((select count(*) from run_queue where org_id = test_setup.id('org other')), 1::bigint, 'what one tenant knows does not help the other');
select test_setup.exchange('{"company": {"sector": "Theirs"}}');
select is(
  (select jsonb_object_agg(o.name, r.objects #> '{0,values,industry}') from activity_result as r join org as o on o.id = r.org_id),
  '{"Acme Research": "Ours", "Other Research": "Theirs"}'::jsonb, 'each has its own value');
select is((select count(*) from value as v join object as o on o.id = v.object_id where o.org_id <> v.org_id), 0::bigint, 'no value crosses');

select * from finish();
