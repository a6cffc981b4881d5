-- A tenant's mapping must not decide how other tenants' answers are read.
select plan(9);

select test_setup.set_up_people();
insert into public.object_type (id, org_id, name, key_datapoints)
values (test_setup.id('thing'), test_setup.id('org acme'), 'thing', '{a}');
insert into public.datapoint (id, org_id, object_type_id, name)
values (test_setup.id('own datapoint'), test_setup.id('org acme'), test_setup.id('company'), 'rating');
insert into public.source (id, org_id, name, run_request_template)
values
  (test_setup.id('own'), test_setup.id('org acme'), 'own', '{"method": "GET", "url": "https://x.test"}'),
  (test_setup.id('shared'), null, 'shared', '{"method": "GET", "url": "https://x.test"}');

select is(
  left(test_setup.outcome(format(
    'insert into public.object_source (org_id, source_id, object_type_id, direction, key_mapping_json)
     values (%s, test_setup.id(%L), test_setup.id(%L), ''result'', ''"a"'')',
    coalesce('test_setup.id(' || quote_literal(m.org) || ')', 'null'), m.source, m.type)), 5),
  m.answer, format('objects: %s maps %s of %s', coalesce(m.org, 'all'), m.type, m.source))
from (
  values
    ('org acme', 'shared', 'company', 'ETL07'),
    ('org acme', 'shared', 'thing', 'ok'),
    ('org acme', 'own', 'company', 'ok'),
    (null, 'shared', 'company', 'ok')
) as m (org, source, type, answer);
select is(
  left(test_setup.outcome(format(
    'insert into public.datapoint_source (org_id, source_id, datapoint_id, key_mapping_json)
     values (%s, test_setup.id(%L), test_setup.id(%L), ''"a"'')',
    coalesce('test_setup.id(' || quote_literal(m.org) || ')', 'null'), m.source, m.datapoint)), 5),
  m.answer, format('values: %s maps %s of %s', coalesce(m.org, 'all'), m.datapoint, m.source))
from (
  values
    ('org acme', 'shared', 'company.name', 'ETL07'),
    ('org acme', 'shared', 'own datapoint', 'ok'),
    ('org acme', 'own', 'company.name', 'ok'),
    (null, 'shared', 'company.name', 'ok')
) as m (org, source, datapoint, answer);
select is(
  regexp_replace(test_setup.outcome(
    'insert into public.datapoint_source (org_id, source_id, datapoint_id, key_mapping_json)
     values (test_setup.id(''org acme''), test_setup.id(''shared''), test_setup.id(''company.domain''), ''"a"'')'),
    'source [0-9a-f-]{36}', 'source X'),
  'ETL07 datapoint_source X would say for every org how company.domain of the shared source shared is read | Where source and target are both shared, so is the mapping (org_id null). To read it in another way, insert a source of your own.',
  'the error says what would happen and what to do');

select * from finish();
