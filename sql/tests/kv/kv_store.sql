select plan(36);

select test_setup.setup_enrichment_test_data();

create function pg_temp.org() returns uuid
language sql
as $$ select test_setup.id('org acme') $$;
create function pg_temp.code(query text) returns text
language plpgsql
as $$
begin
  execute query;
  return 'no error';
exception when others then
  return sqlstate || ': ' || sqlerrm;
end
$$;

set etl.fake_now = '2026-01-01 12:00:00+00';

select is(etl_api.kv_get(pg_temp.org(), 'a:1'), null, 'nothing is there');
select ok(etl_api.kv_set(pg_temp.org(), 'a:1', '{"n": 1}') > 0, 'a write gives a version');
select is(etl_api.kv_get(pg_temp.org(), 'a:1'), '{"n": 1}', 'and can be read');
select is(etl_api.kv_get(test_setup.id('org other'), 'a:1'), null, 'not under another org');
select ok(etl_api.kv_set(pg_temp.org(), 'a:1', 'null') > (select version from public.kv_store where key = 'a:1'), 'a second write gives a later one');
select is(etl_api.kv_get(pg_temp.org(), 'a:1'), 'null', 'a JSON null is a value');

-- Many at once.
select is(
  (select array_agg(key order by key collate "C") from etl_api.kv_set_many(pg_temp.org(), '{"b:2": 2, "a:1": 1, "b:10": [10], "B:1": true}')),
  '{B:1,a:1,b:10,b:2}', 'many are written');
select is(
  (select jsonb_object_agg(key, value) from etl_api.kv_get_many(pg_temp.org(), '{b:2,nowhere,a:1}')), '{"a:1": 1, "b:2": 2}', 'and read');
select is(
  (select count(distinct version)::int from etl_api.kv_get_many(pg_temp.org(), '{b:2,b:10,a:1,B:1}')), 4, 'each with a version of its own');
select is(etl_api.kv_delete_many(pg_temp.org(), '{b:2,nowhere,B:1}'), 2::bigint, 'and deleted');
select is(etl_api.kv_delete(pg_temp.org(), 'b:2'), false, 'what is gone is gone');
select is(etl_api.kv_delete(pg_temp.org(), 'b:10'), true, 'one is deleted');

-- By prefix, in pages.
select etl_api.kv_set_many(pg_temp.org(), (select jsonb_object_agg('p:' || n, n) from generate_series(1, 12) as n));
select etl_api.kv_set_many(pg_temp.org(), '{"p": 0, "p;": 0, "q:1": 0, "p:é": "é"}');
select is((select array_agg(key) from etl_api.kv_list(pg_temp.org(), 'p:', max_keys => 5)), '{p:1,p:10,p:11,p:12,p:2}', 'a page in the order of bytes');
select is((select array_agg(key) from etl_api.kv_list(pg_temp.org(), 'p:', 'p:2', 5)), '{p:3,p:4,p:5,p:6,p:7}', 'the next page');
select is((select array_agg(key) from etl_api.kv_list(pg_temp.org(), 'p:', 'p:8', 5)), '{p:9,p:é}', 'the last one ends where the prefix ends');
select is((select count(*)::int from etl_api.kv_list(pg_temp.org(), '')), 17, 'an empty prefix lists all');
select matches(pg_temp.code($$select etl_api.kv_list(pg_temp.org(), 'p', null, 0)$$), '^ETL04: max_keys is 0', 'no page has no keys');
select matches(pg_temp.code($$select etl_api.kv_list(pg_temp.org(), null)$$), '^ETL04: prefix is null', 'a prefix is asked for');

-- Compare and set.
select ok(etl_api.kv_compare_and_set(pg_temp.org(), 'lock', null, '"mine"') > 0, 'who comes first writes');
select is(etl_api.kv_compare_and_set(pg_temp.org(), 'lock', null, '"yours"'), null, 'the second does not');
select is(etl_api.kv_compare_and_set(pg_temp.org(), 'lock', 0, '"yours"'), null, 'nor with a wrong version');
select ok(etl_api.kv_compare_and_set(pg_temp.org(), 'lock', (select version from public.kv_store where key = 'lock'), '"mine again"') > 0, 'the right version writes');
select is(etl_api.kv_get(pg_temp.org(), 'lock'), '"mine again"', 'the value is that of who won');
create temporary table seen as select version from public.kv_store where key = 'lock';
select etl_api.kv_delete(pg_temp.org(), 'lock');
select etl_api.kv_set(pg_temp.org(), 'lock', '"new"');
select is(etl_api.kv_compare_and_set(pg_temp.org(), 'lock', (select version from seen), '"old"'), null, 'what was deleted and written again is another');

-- Expiry.
select etl_api.kv_set(pg_temp.org(), 'session', '1', '10 minutes');
select is(etl_api.kv_get(pg_temp.org(), 'session'), '1', 'it is there until it expires');
set etl.fake_now = '2026-01-01 12:10:00+00';
select is(etl_api.kv_get(pg_temp.org(), 'session'), null, 'then it is not');
select is((select count(*)::int from etl_api.kv_list(pg_temp.org(), 'session')), 0, 'not listed either');
select is(etl_api.kv_delete(pg_temp.org(), 'session'), false, 'nor deleted');
select etl_api.kv_set(pg_temp.org(), 'session', '2', '10 minutes');
set etl.fake_now = '2026-01-01 12:30:00+00';
select ok(etl_api.kv_compare_and_set(pg_temp.org(), 'session', null, '3', '1 minute') > 0, 'where something expired, nothing is');
select is(etl_api.kv_remove_expired(), 0::bigint, 'what lives is not removed');
set etl.fake_now = '2026-01-01 12:31:00+00';
select is(etl_api.kv_remove_expired(), 1::bigint, 'what expired is removed');

-- Bad input.
select matches(pg_temp.code($$select etl_api.kv_set(pg_temp.org(), 'a', null)$$), '^ETL04: value is null for a', 'no value');
select matches(pg_temp.code($$select etl_api.kv_set(pg_temp.org(), null, '1')$$), '^ETL04: key is null', 'no key');
select matches(pg_temp.code($$select etl_api.kv_set(pg_temp.org(), repeat('x', 1025), '1')$$), '^ETL04: key has 1025 bytes', 'a key that is too long');
select matches(pg_temp.code($$select etl_api.kv_set_many(pg_temp.org(), '[1]')$$), '^ETL04: entries is array', 'no object');
select matches(pg_temp.code($$select etl_api.kv_set(pg_temp.org(), 'a', '1', '-1 second')$$), '^ETL04: expires_in is', 'a past that is yet to come');

select * from finish();
