-- Missing is SQL null; a JSON null is a value.
select plan(4);
select is(utils.jsonb_resolve_first('[{"a": 1}, {"a": 2}]', '"a"'), '1', 'the first of several');
select is(utils.jsonb_resolve_first('{"a": null}', '"a"'), 'null'::jsonb, 'a JSON null');
select is(utils.jsonb_resolve_first('{"a": 1}', '"b"'), null, 'missing');
select is(utils.jsonb_resolve_first(null, '"b"'), null, 'no data');
select * from finish();
