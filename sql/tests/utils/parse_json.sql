-- JSON in a text, without ever raising.
select plan(22);
select is(utils.parse_json(t), t::jsonb, 'valid: ' || t)
from unnest(array['1', '-0.5e3', '"a\u00e9\ud83d\ude00"', ' [ 1 , "a,b" , {} ] ', '{"a":{"b":[null,true,false]}}', '"\\ud83d"', '"\"[}"']) as t;
select is(utils.parse_json(t), null, 'invalid: ' || t)
from unnest(array['', ' ', '01', '1.', '-', '{a:1}', '[1,]', '{"a"}', '"a', '"\x"', '"\u0000"', '"\ud83d"', 'true false']) as t;
select is(utils.parse_json(t), null, 'more than jsonb can hold: ' || left(t, 20))
from unnest(array['1e999999', repeat('[', 200000) || repeat(']', 200000)]) as t;
select * from finish();
