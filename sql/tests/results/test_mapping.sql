-- What a sample answer would give.
select plan(14);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.set_up_people();
select test_setup.setup_extract_test_data();
create function pg_temp.told(source text, sample jsonb) returns setof text language sql as $$
  select concat_ws(' | ', m.what, m.object_no, m.name, m.value, m.path, m.message) from etl_api.test_mapping(test_setup.id(source), sample) as m
$$;
create temp table before as select test_setup.fingerprint() as work;

select results_eq(
  $$select pg_temp.told('AlgOps Search', '{"hits": [{"host": "A.test", "title": "A", "size": {"people": 3}, "industry": "toys"}, {"host": "b.test", "title": "B"}]}')$$,
  array['answer | map | With HTTP status 200, the answer to a run request is read as below.',
    'object | 1 | {"domain": "a.test"} | $.hits[0]',
    'value | 1 | domain | "A.test" | $.hits[0].host',
    'value | 1 | employees | 3 | $.hits[0].size.people',
    'value | 1 | industry | "toys" | $.hits[0].industry',
    'value | 1 | name | "A" | $.hits[0].title',
    'object | 2 | {"domain": "b.test"} | $.hits[1]',
    'value | 2 | domain | "b.test" | $.hits[1].host',
    'value | 2 | name | "B" | $.hits[1].title',
    'nothing | employees | $.size.people | 1 of 2 objects have nothing there.'],
  'objects with their keys, values with their places, and what was not everywhere');

select results_eq(
  $$select pg_temp.told('AlgOps Search', '{"hits": [{"title": "B", "size": {"peoples": null}}], "host": 1}') offset 1$$,
  array['object | 1 | $.hits[0] | It has no key: it needs domain. A search leaves it out.',
    'value | 1 | name | "B" | $.hits[0].title',
    'nothing | domain | $.host | Nothing is there: $ has no "host"; it has "size", "title".',
    'nothing | employees | $.size.people | Nothing is there: $.size has no "people", but "peoples".'],
  'an object without a key; the nearest names');
select results_eq(
  $$select pg_temp.told('AlgOps Search', '{"Hit": [], "total": 0}') offset 1$$,
  array['nothing | $.hits | Nothing is there: $ has no "hits", but "Hit".'], 'no objects at all');
select results_eq(
  $$select pg_temp.told('AlgOps Search', '{"hits": []}') offset 1$$,
  array['nothing | $.hits | What is there is no object and no list of objects.'], 'an empty list');
select results_eq(
  $$select pg_temp.told('AlgOps Search', '"text"') offset 1$$,
  array['nothing | $.hits | Nothing is there: $ is the text "text".'], 'no object');
select results_eq(
  $$select pg_temp.told('AlgOps API Client', '{"error": "broken", "company": {"sector": "x"}}') limit 2$$,
  array['answer | fail | AlgOps API Client says: broken. Below is how it would be read otherwise.', 'answer | response.error | "broken" | $.error'],
  'an answer that tells of an error');
select results_eq(
  $$select pg_temp.told('Company Register', '{"result": {"entries": [{"website": "c.test", "employees": "many"}]}}') where true offset 3$$,
  array['nothing | employees | $.employees | What is there, the text "many", cannot be read as number.',
    'nothing | funding | $.capital.raised | Nothing is there: $ has no "capital"; it has "employees", "website".'],
  'a value that cannot be transformed');
select is(
  (select array_agg(m.mapping_id) from etl_api.test_mapping(test_setup.id('Company Register'), '{"result": {"entries": {"website": "c.test"}}}') as m where m.what = 'nothing'),
  (select array_agg(ds.id order by d.name) from datapoint_source as ds join datapoint as d on d.id = ds.datapoint_id
   where ds.source_id = test_setup.id('Company Register') and d.name in ('employees', 'funding')),
  'each names its row of datapoint_source');
select results_eq(
  $$select m.what, count(*), max(m.message) filter (where m.what = 'more')
    from etl_api.test_mapping(test_setup.id('AlgOps Search'),
      jsonb_build_object('hits', (select jsonb_agg(jsonb_build_object('host', n || '.test')) from generate_series(1, 1234) as n))) as m
    where m.what in ('object', 'more') group by m.what order by 1$$,
  $$values ('more', 1::bigint, 'And 1134 more objects.'), ('object', 100, null)$$, 'the first hundred, and how many more');
select is(test_setup.fingerprint(), work, 'nothing was stored') from before;

-- The engine reads a real answer in the same way.
create temp table sample as select '{"hits": [{"host": " X.test ", "title": "X", "size": {"people": 12}, "funding": 1.50},
  {"host": "y.test", "title": null, "industry": ["a", "b"]}, {"title": "no key"}]}'::jsonb as body;
select test_setup.start(jsonb_build_object('data', jsonb_build_object('search', jsonb_build_object('id', test_setup.id('extract companies')))));
select test_setup.exchange(body) from sample;
select results_eq(
  $$select o.natural_key ->> 'domain', d.name, v.value
    from value as v join object as o on o.id = v.object_id join datapoint as d on d.id = v.datapoint_id order by 1, 2$$,
  $$select o.value ->> 'domain', m.name, m.value
    from sample
    cross join lateral etl_api.test_mapping(test_setup.id('AlgOps Search'), body) as m
    cross join lateral etl_api.test_mapping(test_setup.id('AlgOps Search'), body) as o
    where m.what = 'value' and o.what = 'object' and o.object_no = m.object_no and o.value is not null order by 1, 2$$,
  'what was said of a sample is what the engine stores of the answer');

-- Whose source it is.
insert into source (id, org_id, name, run_request_template)
values (test_setup.id('private'), test_setup.id('org acme'), 'Private', '{"method": "GET", "url": "https://x.test"}');
create function pg_temp.try(person text, source text, role text default 'authenticated') returns text language sql as $$
  select test_setup.as_user(person, format('select count(*) > 0 from etl_api.test_mapping(%L, ''{}'')', test_setup.id(source)), role)
$$;
select is(array[pg_temp.try('vera', 'private'), pg_temp.try('mia', 'private'), pg_temp.try('otto', 'AlgOps Search'), pg_temp.try(null, 'private', 'service_role')],
  '{(t),(t),(t),(t)}', 'whoever may see a source may test its mapping');
select is(array[pg_temp.try('otto', 'private'), pg_temp.try('mia', 'nothing'), pg_temp.try(null, 'private'), pg_temp.try('mia', 'private', 'anon')],
  '{ETL04,ETL04,ETL04,42501}', 'nobody else');
select is(test_setup.outcome(format('select * from etl_api.test_mapping(%L, null)', test_setup.id('private'))),
  'ETL04 sample is null: it must be the JSON body of an answer | Copy one from run_response.body, or from the documentation of the source.', 'no sample');

select * from finish();
