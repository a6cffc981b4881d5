-- factor.description is the sentence of the factor, whoever writes what.
select plan(10);

select test_setup.setup_sourcing_test_data();
create function pg_temp.sentences() returns text[] language sql as $$
  select array_agg(description order by created_at, id) from factor
$$;

select is(pg_temp.sentences(), array['What is the person''s title?'], 'written with the factor, whatever the writer said');
insert into factor (org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail, created_at)
values
  (test_setup.id('org acme'), test_setup.id('source people'), 'option', test_setup.id('person'), test_setup.id('person.title'),
    'not_in', 'Intern,Trainee', true, '2026-01-02'),
  (test_setup.id('org acme'), test_setup.id('source people'), 'volume', test_setup.id('company'), null, 'between', '50,200', true, '2026-01-03');
select is((pg_temp.sentences())[2:], array['Person''s title is not one of Intern, Trainee', 'Company is between 50 and 200'], 'many in one statement');
update factor set value = 'Intern', operator = 'not_equals' where created_at = '2026-01-02';
select is((pg_temp.sentences())[2], 'Person''s title is not Intern', 'follows the factor');
update factor set is_guardrail = not is_guardrail;
select is(pg_temp.sentences(), array['Person''s title is one of CEO, CTO', 'What is the person''s title?', 'How many does the company have?'],
  'each of several rows');
update factor set description = 'forged';
select is((pg_temp.sentences())[1], 'Person''s title is one of CEO, CTO', 'is not the writer''s to say');
update datapoint set name = 'position' where id = test_setup.id('person.title');
select is((pg_temp.sentences())[:2], array['Person''s position is one of CEO, CTO', 'What is the person''s position?'], 'follows the datapoint''s name');
update object_type set name = name || '_record';
select is(pg_temp.sentences(),
  array['Person record''s position is one of CEO, CTO', 'What is the person record''s position?', 'How many does the company record have?'],
  'and that of the object type');

-- What says the same already is not written again.
create temp table before as select id, ctid as place from factor;
update object_type set key_datapoints = key_datapoints;
update datapoint set description = 'x';
select is_empty('select from factor as f join before as b using (id) where f.ctid <> b.place', 'nothing is written when no name changes');
update factor set value = value where false;
select pass('a statement that touches no row ends');
select is(
  test_setup.outcome(format('update public.factor set description = null where id = %L', (select id from factor limit 1))), 'ok',
  'emptied, it is filled again');

select * from finish();
