-- A source has one value of a datapoint of an object: the latest, with its own time and request.
select plan(3);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_base_data();
create temp table thing as
select etl_api.store_object(test_setup.id('org acme'), test_setup.id('company'), '{"domain": "a.test"}') as id;
select is(etl_api.store_values(
  array_fill(test_setup.id('org acme'), array[3]), array[id, id, id], array_fill(test_setup.id('company.industry'), array[3]),
  array[null, null, null]::uuid[], '{"\"first\"","\"second\"","null"}'::jsonb[], '{1,1,1}', array[null, null, null]::uuid[]),
  1, 'three sightings in one batch are one value') from thing;
select is((select value from value), '"second"', 'the last that says something');
set etl.fake_now = '2026-05-02 10:00:00Z';
select etl_api.store_value(id, test_setup.id('company.industry'), '"third"') is null from thing;
select is((select jsonb_agg(jsonb_build_array(value, observed_at = utils.now())) from value), '[["third", true]]'::jsonb, 'a later one replaces it');

select * from finish();
