-- Sizes at the edge: a result or a clean error, never a crash.
select plan(12);

create temporary table limit_data as
select
  (repeat('{"a":', 10000) || '1' || repeat('}', 10000))::jsonb as deep,
  (repeat('[', 10000) || '{"x": 1}' || repeat(']', 10000))::jsonb as lists,
  (select jsonb_agg(n) from generate_series(1, 1000000) as n) as numbers;

select is(
  (select array_length(r.path, 1) from limit_data, utils.jsonb_resolve(deep, (select jsonb_agg('a'::text) from generate_series(1, 10000))) as r),
  10000, 'a path of 10,000 names in 10,000 levels');
select is(
  (select utils.jsonb_resolve_first(deep, (select jsonb_agg('a'::text) from generate_series(1, 10000))) from limit_data),
  '1', 'and its value alone');
select is(
  (select array_length(r.path, 1) || ' ' || r.value from limit_data, utils.jsonb_resolve(lists, '["**", "x"]') as r),
  '10001 1', '** through 10,000 lists');
select throws_ok(
  $$select utils.jsonb_resolve((repeat('[', 200000) || repeat(']', 200000))::jsonb, '["**"]')$$,
  '54001', null, 'what PostgreSQL itself cannot read is its own clean error');
select is(
  (select utils.replace_request_placeholders('{"url": "u", "body": "<<$object>>"}', jsonb_build_object('object', deep)) -> 'body' = deep from limit_data),
  true, 'a value of 10,000 levels in a template');
select is(
  (select (utils.replace_request_placeholders('{"body": "= <<$object>>"}', jsonb_build_object('object', deep)) ->> 'body')::text
    = '= ' || repeat('{"a":', 10000) || '1' || repeat('}', 10000) from limit_data),
  true, 'also as text');
select is(utils.parse_json(repeat('[', 1000000) || repeat(']', 1000000)), null, 'JSON in a text too deep for jsonb is none');
select is(utils.parse_json(repeat('[', 2000) || repeat(']', 2000)) is not null, true, 'and what jsonb holds is read');
select is((select count(*) from limit_data, utils.jsonb_resolve(numbers, '["*"]')), 1000000::bigint, 'a million elements');
select is((select r.path from limit_data, utils.jsonb_resolve(numbers, '[-1]') as r), '{999999}'::text[], 'the last of them');
select is((select count(*) from limit_data, utils.jsonb_resolve_values(numbers, '["*"]')), 1000000::bigint, 'their values');
select is((select count(*) from limit_data, utils.jsonb_resolve(numbers, '["**"]')), 1::bigint, 'no container among them');
select * from finish();
