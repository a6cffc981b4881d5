select plan(12);

select test_setup.set_up_people();
insert into public.object_type (id, org_id, name, key_datapoints)
values (test_setup.id('thing'), test_setup.id('org acme'), 'thing', '{a}');
insert into public.source (id, org_id, name, run_request_template)
values (test_setup.id('own'), test_setup.id('org acme'), 'own', '{"method": "GET", "url": "https://x.test"}');

select is(
  left(test_setup.outcome(format(
    'insert into public.datapoint (org_id, object_type_id, name) values (%s, test_setup.id(%L), ''a'')',
    coalesce('test_setup.id(' || quote_literal(d.org) || ')', 'null'), d.type)), 5),
  d.answer, format('a datapoint of %s names a type of %s', coalesce(d.org, 'all'), d.type))
from (
  values ('org acme', 'thing', 'ok'), ('org acme', 'company', 'ok'), ('org other', 'thing', 'ETL07'), (null, 'thing', 'ETL07'), (null, 'company', 'ok')
) as d (org, type, answer);

insert into public.datapoint (id, org_id, object_type_id, name)
values (test_setup.id('own datapoint'), test_setup.id('org acme'), test_setup.id('thing'), 'b');
select is(
  regexp_replace(test_setup.outcome(
    'insert into public.datapoint_source (org_id, source_id, datapoint_id, key_mapping_json)
     values (test_setup.id(''org other''), test_setup.id(''AlgOps API Client''), test_setup.id(''own datapoint''), ''"a"'')'), 'source [0-9a-f-]{36}', 'source X'),
  format('ETL07 datapoint_source X belongs to org %s, but its datapoint_id %s neither does nor is shared | A row of an org names rows of that org or shared ones (org_id null); a shared row names shared ones.',
    test_setup.id('org other'), test_setup.id('own datapoint')),
  'a mapping of a stranger''s datapoint; the error names it');
select is(left(test_setup.outcome(
  'insert into public.object_source (org_id, source_id, object_type_id, direction, key_mapping_json)
   values (test_setup.id(''org other''), test_setup.id(''own''), test_setup.id(''company''), ''input'', ''"a"'')'), 5), 'ETL07', 'a mapping of a stranger''s source');
select is(left(test_setup.outcome(
  'insert into public.activity (org_id, name, activity_type, object_type_id, source_ids)
   values (test_setup.id(''org other''), ''a'', ''extract'', test_setup.id(''company''), array[test_setup.id(''own'')])'), 5), 'ETL07', 'an activity with a stranger''s source');
select is(left(test_setup.outcome(
  'insert into public.activity (org_id, name, activity_type, object_type_id, source_ids)
   values (test_setup.id(''org acme''), ''a'', ''extract'', test_setup.id(''company''), array[test_setup.id(''none'')])'), 5), 'ETL07', 'an activity with a source that is none');
select is(left(test_setup.outcome(
  'insert into public.factor (org_id, activity_id, factor_type, object_type_id, operator)
   values (test_setup.id(''org other''), test_setup.id(''enrich companies''), ''option'', test_setup.id(''company''), ''equals'')'), 5), 'ETL07', 'a factor of a stranger''s activity');
select is(left(test_setup.outcome('update public.activity set source_ids = array[test_setup.id(''none'')]'), 5), 'ETL07', 'an update is checked too');
select is(
  test_setup.outcome('update public.source set org_id = test_setup.id(''org other'') where name = ''own'''),
  format('ETL07 source %s: org_id never changes | Insert a copy for the other org.', test_setup.id('own')), 'and no row moves to another org');

select * from finish();
