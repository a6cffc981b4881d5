-- A template with <<$page>> and no cursor asks page after page while one holds objects.
select plan(4);

select test_setup.setup_extract_test_data();
update source
set run_request_template = '{"method": "GET", "url": "https://api.algops.test/search?page=<<$page>>", "response": {"objects": "hits"}}'
where name = 'AlgOps Search';
select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('extract companies')))));

select is(test_setup.exchange('{"hits": [{"host": "a.test"}]}'), 1, 'page 1');
select is(test_setup.exchange('{"hits": [{"host": "b.test"}]}'), 1, 'page 2');
select is(test_setup.exchange('{"hits": []}'), 1, 'page 3 is empty');
select is((select array_agg(r.request ->> 'url' || ' ' || r.state order by r.page) from run_request as r),
  array['https://api.algops.test/search?page=1 done', 'https://api.algops.test/search?page=2 done', 'https://api.algops.test/search?page=3 done'],
  'no further page is asked');

select * from finish();
