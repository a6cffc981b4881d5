-- Factors for objects, by the best known values.
select plan(20);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into datapoint (id, object_type_id, name, value_type)
values
  (test_setup.id('company.location'), test_setup.id('company'), 'location', 'text'),
  (test_setup.id('company.founded'), test_setup.id('company'), 'founded_date', 'text'),
  (test_setup.id('company.rhythm'), test_setup.id('company'), 'update_frequency', 'text'),
  (test_setup.id('company.public'), test_setup.id('company'), 'public', 'text'),
  (test_setup.id('company.profile'), test_setup.id('company'), 'profile', 'text');
insert into activity (id, name, activity_type, object_type_id)
values (test_setup.id('judge'), 'Judge', 'enrichment', test_setup.id('company'));
create temp table thing as
select d.domain, etl_api.store_object(test_setup.id('org acme'), test_setup.id('company'), jsonb_build_object('domain', d.domain)) as id
from unnest('{a.test,b.test}'::text[]) as d (domain);
insert into thing values ('foreign', etl_api.store_object(test_setup.id('org other'), test_setup.id('company'), '{"domain": "a.test"}'));
insert into thing values ('human', etl_api.store_object(test_setup.id('org acme'), test_setup.id('person'), '{"email": "x@a.test"}'));

create function pg_temp.factor(factor_type factor_type_enum, datapoint text, operator operator_enum, value text, org uuid default null) returns uuid
language sql as $$
  insert into factor (org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value)
  values (org, test_setup.id('judge'), factor_type, test_setup.id('company'), test_setup.id('company.' || datapoint), operator, value)
  returning id
$$;
create function pg_temp.say(datapoint text, value jsonb, domain text default 'a.test') returns void language sql as $$
  select etl_api.store_value(t.id, test_setup.id('company.' || datapoint), say.value, test_setup.id('Company Register'))
  from thing as t where t.domain = say.domain
$$;
-- What "a.test" makes of a factor when a source says this value.
create function pg_temp.met(factor_type factor_type_enum, datapoint text, operator operator_enum, operand text, value jsonb) returns boolean
language plpgsql as $$
declare
  factor_id uuid;
begin
  perform pg_temp.say(datapoint, value);
  factor_id := pg_temp.factor(factor_type, datapoint, operator, operand);
  return (select etl_api.evaluate_factor(factor_id, t.id) from thing as t where t.domain = 'a.test');
end
$$;

create temp table judged as select pg_temp.factor('volume', 'employees', 'greater_equal', '50') as many,
  pg_temp.factor('option', 'domain', 'ends_with', '.test') as domain, pg_temp.factor('option', 'industry', 'is_not_null', null) as known,
  pg_temp.factor('volume', 'employees', 'less_than', '1000', test_setup.id('org acme')) as own;
select pg_temp.say('employees', '120'), pg_temp.say('employees', '"forty"', 'b.test');
select results_eq($$
  select t.domain, case e.factor_id when j.many then 'many' when j.domain then 'domain' when j.known then 'known' else 'own' end, e.value, e.met
  from judged as j
  cross join lateral etl_api.evaluate_factors(array[j.many, j.domain, j.known, j.own], array(select id from thing)) as e
  join thing as t on t.id = e.object_id
  order by 1, 2
$$, $$
  values
    ('a.test', 'domain', '"a.test"'::jsonb, true),
    ('a.test', 'known', null, false),
    ('a.test', 'many', '120', true),
    ('a.test', 'own', '120', true),
    ('b.test', 'domain', '"b.test"', true),
    ('b.test', 'known', null, false),
    ('b.test', 'many', '"forty"', null),
    ('b.test', 'own', '"forty"', null),
    ('foreign', 'domain', '"a.test"', true),
    ('foreign', 'known', null, false),
    ('foreign', 'many', null, null),
    ('foreign', 'own', null, null),
    ('human', 'domain', null, null),
    ('human', 'known', null, null),
    ('human', 'many', null, null),
    ('human', 'own', null, null)
$$, 'each factor for each object: own and shared factors, key and other values, other tenants and types');

-- The best known value counts, as in results.
select etl_api.store_value(t.id, test_setup.id('company.employees'), '10', test_setup.id('AlgOps API Client')) is not null
from thing as t where domain = 'a.test';
select is(etl_api.evaluate_factor(j.many, t.id), false, 'the source that comes first counts') from judged as j, thing as t where t.domain = 'a.test';
select etl_api.store_value(t.id, test_setup.id('company.employees'), '51') is not null from thing as t where domain = 'a.test';
select is(etl_api.evaluate_factor(j.many, t.id), true, 'and the request''s own input before all') from judged as j, thing as t where t.domain = 'a.test';

-- A text is what the factor takes it for.
select is(pg_temp.met('time', 'founded', 'greater_than', '2020', '"2021-03-04"'), true, 'founded_date is after 2020');
select is(pg_temp.met('time', 'founded', 'greater_than', '2020', '"2020"'), false, '2020 is not');
select is(pg_temp.met('time', 'founded', 'in', '2020, 2021', '"2021-03-04T10:00:00Z"'), true, 'nor is a moment only itself');
select is(pg_temp.met('place', 'location', 'equals', 'San Francisco', '"San Francisco, CA, USA"'), true, 'location is in San Francisco');
select is(pg_temp.met('place', 'location', 'equals', 'San Francisco', '"South San Francisco, CA"'), false, 'not in a place of a similar name');
select is(pg_temp.met('place', 'location', 'equals', 'Paris, TX', '"Paris, TX"'), true, 'a place of several parts');
select is(pg_temp.met('place', 'location', 'not_in', 'Paris, Berlin', '"Berlin, Germany"'), false, 'not in any of them');
select is(pg_temp.met('frequency', 'rhythm', 'greater_than', 'weekly', '"Daily"'), true, 'update_frequency is more than weekly');
select is(pg_temp.met('frequency', 'rhythm', 'equals', 'twice a month', '"semi-monthly"'), null, 'what is no known frequency is not decidable');
select is(pg_temp.met('boolean', 'public', 'equals', null, '"yes"'), true, 'public is true');
select is(pg_temp.met('boolean', 'public', 'not_equals', null, '"yes"'), false, 'public is not true');
select is(pg_temp.met('similarity', 'profile', 'equals', 'TechCorp', '"techcorp"'), true, 'what is equal is similar');
select is(pg_temp.met('similarity', 'profile', 'not_equals', 'TechCorp', '"TechCorp"'), false, 'and not dissimilar');
select is(pg_temp.met('similarity', 'profile', 'equals', 'TechCorp', '"Tech Corporation"'), null, 'what is not equal may be similar all the same');
select is(pg_temp.met('volume', 'profile', 'equals', '1000', '"1,000"'), true, 'a number in a text');

-- What says nothing.
insert into factor (id, activity_id, factor_type, object_type_id, operator, value)
values (test_setup.id('mute'), test_setup.id('judge'), 'option', test_setup.id('company'), 'is_not_null', null);
select is(
  (select array[etl_api.evaluate_factor(test_setup.id('mute'), t.id), etl_api.evaluate_factor(test_setup.id('none'), t.id),
    etl_api.evaluate_factor(null, t.id), etl_api.evaluate_factor(j.many, test_setup.id('none')), etl_api.evaluate_factor(j.many, null)]
  from thing as t, judged as j where t.domain = 'a.test'),
  array[null, null, null, null, null]::boolean[], 'no datapoint, no such factor, no such object');
select is((select count(*)::int from etl_api.evaluate_factors('{}', null) union all select 0 limit 1), 0, 'nothing asked, nothing answered');

select * from finish();
