-- What is wrong with a template.
select plan(25);
select is(utils.template_error(t::jsonb), e, t)
from (values
  ('{"method": "GET", "url": "https://x.test/"}', null),
  ('{"method": "post", "url": "http://x.test/<<$object.domain>>", "query": {"k": "<<$secret.KEY>>"}, "headers": {"A": "b", "N": 1},
    "body": {"<<$max_objects>>": "<<$run_setup>>"}, "response": {"objects": ["data", "*"], "external_id": "id", "status": "s",
    "done": ["ok"], "failed": [], "pending": ["x"], "next_cursor": ["next"], "error": "e"}}', null),
  ('{"method": "GET", "url": "<<$run_setup.url>>", "query": "q=<<$cursor>>"}', null),
  ('{"method": "GET", "url": "https://x.test/", "body": "<<$$secret.X>>"}', null),
  ('[]', 'a template is an object, not array'),
  ('{"url": "https://x.test/"}', 'method is missing'),
  ('{"method": "GET"}', 'url is missing'),
  ('{"method": 1, "url": "https://x.test/"}', 'method is a string, not number'),
  ('{"method": "G ET", "url": "https://x.test/"}', 'method "G ET" is no HTTP method'),
  ('{"method": "GET", "url": null}', 'url is a string, not null'),
  ('{"method": "GET", "url": "ftp://x.test/"}', 'url "ftp://x.test/" does not begin with http:// or https://'),
  ('{"method": "GET", "url": "https://x.test/", "query": []}', 'query is an object, not array'),
  ('{"method": "GET", "url": "https://x.test/", "headers": "a"}', 'headers is an object, not string'),
  ('{"method": "GET", "url": "https://x.test/", "headers": {"A": {}}}', 'headers.A is a string or a number, not object'),
  ('{"method": "GET", "url": "https://x.test/", "response": 1}', 'response is an object, not number'),
  ('{"method": "GET", "url": "https://x.test/", "response": {"status": 5}}', 'response.status: a path is a string or an array, not number'),
  ('{"method": "GET", "url": "https://x.test/", "response": {"objects": [null]}}',
    'response.objects: path element 0 is null: an element is a member name, "*", "**" or a whole number'),
  ('{"method": "GET", "url": "https://x.test/", "response": {"status": "s", "done": "ok"}}', 'response.done is a list of status values, not "ok"'),
  ('{"method": "GET", "url": "https://x.test/<<$secret>>"}', 'placeholder <<$secret>> names no secret: write <<$secret.NAME>>'),
  ('{"method": "GET", "url": "https://x.test/<<$object>"}', '"<<$object>" is no placeholder: write <<$name>> or <<$name.member>>'),
  ('{"method": "GET", "url": "https://x.test/", "body": "<<$object..a>>"}', '"<<$object..a>>" is no placeholder: write <<$name>> or <<$name.member>>')
) as c (t, e);
select is(utils.template_error(null), 'a template is missing', 'SQL null');
select ok(utils.template_error('{"method": "GET", "url": "https://x.test/", "body": {"<<$objekt>>": 1}}')
  like 'placeholder <<$objekt>> is unknown: known are %', 'a name no request gives');
select is(utils.template_error('{"method": "GET", "url": "https://x.test/", "body": {"a": "<<$object.name>>", "b": 1}}'), null, 'members are free');
select is(utils.template_error('{"method": "GET", "url": "https://x.test/", "body": null, "headers": null, "query": null}'), null, 'nulls are as good as nothing');
select * from finish();
