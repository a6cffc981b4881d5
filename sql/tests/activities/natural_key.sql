-- Two spellings of one key are one object; half a key is none.
select plan(13);

select is(etl_api.natural_key('{domain}', '{"domain": "  ACME.test\t\r\n"}'), '{"domain": "acme.test"}', 'text is trimmed and lower-case');
select is(etl_api.natural_key('{name}', U&'{"name": "Cafe\0301"}'::jsonb), U&'{"name": "caf\00E9"}'::jsonb, 'and in NFC');
select is(etl_api.natural_key('{name}', U&'{"name": "CAF\00C9"}'::jsonb), etl_api.natural_key('{name}', U&'{"name": "cafe\0301"}'::jsonb),
  'so that case and composition together make no difference');
select is(etl_api.natural_key('{name}', '{"name": "two  words"}'), '{"name": "two  words"}', 'spaces within are kept');
select is(etl_api.natural_key('{id}', '{"id": 7.50}'), '{"id": 7.5}', 'numbers by value');
select is(etl_api.natural_key('{id}', '{"id": 12345678901234567890.1}'), '{"id": 12345678901234567890.1}', 'of any precision');
select is(etl_api.natural_key('{id}', '{"id": false}'), '{"id": false}', 'booleans as they are');
select is(etl_api.natural_key('{id}', '{"id": "7"}'), '{"id": "7"}', 'text that looks like a number stays text');
select is(etl_api.natural_key('{name,country}', '{"country": "DE", "name": "Acme", "x": 1}'), '{"name": "acme", "country": "de"}',
  'a key of two parts takes both and nothing else');
select is(etl_api.natural_key('{name,country}', '{"name": "Acme"}'), null, 'half a key is none');
select is(etl_api.natural_key('{name}', '{"name": "  "}'), null, 'nor is blank text');
select is(etl_api.natural_key('{name}', '{"name": null}'), null, 'nor null');
select is(etl_api.natural_key('{name}', '{"name": ["a"]}'), null, 'nor a list');

select * from finish();
