-- Which names are missing.
select plan(5);
select is(utils.unresolved_placeholders('{"url": "<<$a>>", "body": ["<<$b.c>>", "<<$a>>", "<<$d>>", "<<$secret.K>>"]}', '{"d": null}'),
  '{a,b.c}'::text[], 'each once, in order, without secrets; a JSON null is there');
select is(utils.unresolved_placeholders('{"url": "<<$a>>"}', '{"a": 1}'), '{}'::text[], 'none');
select is(utils.unresolved_placeholders('{"url": "<<$a>>"}', null), '{a}'::text[], 'no variables');
select is(utils.unresolved_placeholders('{"response": "<<$a>>"}', '{}'), '{}'::text[], 'response is not rendered');
select is(utils.unresolved_placeholders('["<<$a.q\"x>>"]', '{}'), array['a.q"x'], 'a name as it is written');
select * from finish();
