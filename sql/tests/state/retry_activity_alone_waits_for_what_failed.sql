select plan(2);

select test_setup.setup_enrichment_test_data();
insert into public.activity (id, org_id, name, activity_type, object_type_id, datapoints)
values (test_setup.id('enrich again'), test_setup.id('org acme'), 'Enrich again', 'enrichment', test_setup.id('company'), '{industry}');
select isnt(test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "a.test"}]}'::jsonb,
  'data', jsonb_build_object(
    'enrich', jsonb_build_object('id', test_setup.id('enrich companies'), 'type', 'activity',
      'destination', jsonb_build_object('activity', jsonb_build_object('id', test_setup.id('enrich again')))),
    'again', jsonb_build_object('id', test_setup.id('enrich again'), 'type', 'activity'))))::text, null, 'a request');
select count(test_setup.serve());
-- Its input is what the other did not bring.
select is(etl_api.retry(test_setup.activity('again')) ->> 'state', 'invalid', 'it is given up again, for the same reason');

select * from finish();
