-- What is shown of a value in an error: the same however the value is stored.
select plan(7);

select is(etl_api.shorten_json('{"a": [1, "b"]}'), '{"a": [1, "b"]}'::jsonb, 'what is short is shown');
select is(etl_api.shorten_json(null), null, 'nothing stays nothing');
select is(etl_api.shorten_json(to_jsonb(repeat('a', 501))), to_jsonb(repeat('a', 200) || '…'), 'a long text is cut');
select is(etl_api.shorten_json(to_jsonb(array_fill(1, array[300]))), '"(array of 300 elements)"'::jsonb, 'a long list is counted');
select is(etl_api.shorten_json(jsonb_build_object('a', repeat('a', 501), 'b', 1)), '"(object of 2 members)"'::jsonb, 'so is a long object');
select is(etl_api.shorten_json(('1' || repeat('0', 600))::jsonb), '"(number of 601 digits)"'::jsonb, 'and a long number');
create temp table stored as select '{"data": [-5e-324, -5e-324]}'::jsonb as whole;
select is(
  (select etl_api.shorten_json(s.whole -> 'data') from stored as s), (select etl_api.shorten_json('[-5e-324, -5e-324]')),
  'a part of a row is shown as the same value by itself');

select * from finish();
