-- Templates: types, text, encoding, secrets, and what stays as it is.
select plan(27);

create function pg_temp.body(body jsonb, vars jsonb) returns jsonb language sql as
  $$select utils.replace_request_placeholders(jsonb_build_object('method', 'GET', 'url', 'u', 'body', body), vars) -> 'body'$$;

select is(pg_temp.body('"<<$a>>"', '{"a": {"b": [1, null]}}'), '{"b": [1, null]}', 'a placeholder alone takes the value with its type');
select is(pg_temp.body('"<<$a>>"', '{"a": null}'), 'null', 'a JSON null too');
select is(pg_temp.body('["<<$a.b.1>>"]', '{"a": {"b": [1, 2]}}'), '[2]', 'through members and indexes');
select is(
  pg_temp.body('"<<$s>>/<<$n>>/<<$b>>/<<$z>>/<<$o>>/<<$l>>"', '{"s": "a\"b", "n": 1.50, "b": true, "z": null, "o": {"k": [1, ", "]}, "l": []}'),
  '"a\"b/1.50/true//{\"k\":[1,\", \"]}/[]"', 'in a longer string it is text');
select is(pg_temp.body('{"<<$k>>": 1, "x<<$n>>": 2}', '{"k": "a\\", "n": 5}'), '{"a\\": 1, "x5": 2}', 'in names too');
select is(pg_temp.body('"say \"<<$a>>\""', '{"a": "b"}'), '"say \"b\""', 'quotes around it make it no placeholder alone');
select is(pg_temp.body('"\"<<$a>>"', '{"a": 1}'), '"\"1"', 'nor does one quote');
select is(pg_temp.body('"<<$a.q\"x>><<$a.b\\s>><<$a.é 𝒳>>"', '{"a": {"q\"x": 1, "b\\s": 2, "é 𝒳": 3}}'), '"123"', 'members of any name');
select is(pg_temp.body('"<<$a>>"', '{"a": "<<$b>> <<$$x>> \\1 \\& <<"}'), '"<<$b>> <<$$x>> \\1 \\& <<"', 'values are put in once, as they are');
select is(pg_temp.body('"<<$a>><<$b>>"', '{"a": "<<", "b": "$c>>"}'), '"<<$c>>"', 'and do not join to new placeholders');
select is(pg_temp.body('["<<a>>", "<$a>", "<<$>>", "<<$a", "<<$$a>>", "<< $a >>"]', '{"a": 1}'),
  '["<<a>>", "<$a>", "<<$>>", "<<$a", "<<$$a>>", "<< $a >>"]', 'what is no placeholder stays');
select is(pg_temp.body('"<<$n>>"', '{"n": 123456789012345678901234567890.12345678901234567890}')::text,
  '123456789012345678901234567890.12345678901234567890', 'a number beyond float64 stays exact');
select is(pg_temp.body('["\u0001<<$a>>\u0005"]', '{"a": "\u0002b\u0003"}'), '["\u0001\u0002b\u0003\u0005"]', 'control characters stay');

select is(
  utils.replace_request_placeholders('{"url": "https://x.test/<<$a>>?q=<<$b>>&k=<<$secret.K>>"}', '{"a": "é/&", "b": {"c d": "𝒳"}}'),
  '{"url": "https://x.test/%C3%A9%2F%26?q=%7B%22c%20d%22%3A%22%F0%9D%92%B3%22%7D&k=<<$secret.K>>"}', 'in the url it is percent-encoded');
select is(utils.replace_request_placeholders('{"url": "<<$u>>"}', '{"u": "https://x.test/a b"}'),
  '{"url": "https://x.test/a b"}', 'a url that is only a placeholder is taken as it is');
select is(utils.replace_request_placeholders('{"query": {"q": "<<$n>>", "t": "a <<$s>>"}}', '{"n": 5, "s": "&="}'),
  '{"query": {"q": 5, "t": "a &="}}', 'members of query are left to the sender''s encoding');
select is(utils.replace_request_placeholders('{"query": "q=<<$s>>"}', '{"s": "&="}'), '{"query": "q=%26%3D"}', 'a query that is a string is encoded');
select is(utils.replace_request_placeholders('{"url": "u", "body": {"url": "<<$s>>!"}, "response": {"objects": "<<$none>>"}}', '{"s": "&"}'),
  '{"url": "u", "body": {"url": "&!"}}', 'only at the top; response is dropped');

select is(pg_temp.body('"Bearer <<$secret.API_KEY>>"', '{"secret": {"API_KEY": "from vars"}}'), '"Bearer <<$secret.API_KEY>>"', 'a secret stays, whatever the variables hold');
select is(pg_temp.body('["<<$a>>", "x <<$a>>"]', '{"a": "<<$secret.K>>"}'), '["<<$$secret.K>>", "x <<$$secret.K>>"]', 'a secret''s name in a value is escaped');
select is(pg_temp.body('"<<$a>>"', '{"a": {"<<$secret.K>>": ["<<$$secret.K>>"]}}'), '{"<<$$secret.K>>": ["<<$$$secret.K>>"]}', 'at any depth, and an escape once more');
select is(pg_temp.body('"<<$a>><<$b>>"', '{"a": "<<", "b": "$secret.K>>"}'), '"<<$$secret.K>>"', 'also when it joins from two values');
select is(pg_temp.body('"<<$<<$b>>"', '{"b": "secret.K>>"}'), '"<<$$secret.K>>"', 'or from the template and a value');
select is(pg_temp.body('"<<$$secret.K>> <<$secret.K>>"', '{}'), '"<<$$secret.K>> <<$secret.K>>"', 'an author''s escape stays one');

select throws_ok($$select utils.replace_request_placeholders('{"url": "<<$a>>", "body": ["<<$b.c>>", "<<$d>>"]}', '{"a": 1, "b": {}}')$$,
  'ETL03', 'placeholder <<$b.c>> cannot be resolved', 'the first that is missing is named');
select throws_ok($$select utils.replace_request_placeholders('["<<$secret>>"]', '{"secret": 1}')$$,
  'ETL03', 'placeholder <<$secret>> cannot be resolved', 'secret alone is nothing');
select is(public.json_placeholder_replace('{"body": "<<$a>>"}', '{"a": [1]}'), '{"body": [1]}', 'json_placeholder_replace is the same');
select * from finish();
