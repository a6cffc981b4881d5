select plan(24);

select test_setup.set_up_people();

create function pg_temp.org() returns uuid
language sql
as $$ select test_setup.id('org acme') $$;

set etl.fake_now = '2026-01-01 12:00:00+00';

-- The document's lists are there.
select etl_api.kv_set(pg_temp.org(), 'conversation:conv-2', '{"userId": "user-456", "title": "Paris"}');
select etl_api.kv_set_many(pg_temp.org(), '{
  "conversation:conv-1": {"userId": "user-456"},
  "conversation:conv-3": {"userId": "user-9"},
  "conversation:conv-4": {"title": "nobody''s"},
  "event:e1": {},
  "context:conv-1": {"userId": "user-456"}}');
select is(etl_api.kv_get(pg_temp.org(), 'conversation:index:user-456'), '["conv-2", "conv-1"]', 'a list holds the ids, in the order in which they came');
select is(etl_api.kv_get(pg_temp.org(), 'conversation:index:user-9'), '["conv-3"]', 'each user has one');
select is(etl_api.kv_get(pg_temp.org(), 'conversation:index:nobody'), '[]', 'a list of nothing is empty');
select is(etl_api.kv_get(pg_temp.org(), 'events:index'), '["e1"]', 'a list may be of all');
select is(etl_api.kv_get(test_setup.id('org other'), 'events:index'), '[]', 'of one''s own org');
select is((select jsonb_object_agg(key, value) from etl_api.kv_get_many(pg_temp.org(), '{events:index,event:e1,nothing}')), '{"event:e1": {}, "events:index": ["e1"]}', 'values and lists are read together');

-- What changes changes its lists; what does not, does not.
select etl_api.kv_set(pg_temp.org(), 'conversation:conv-2', '{"userId": "user-9"}');
select is(etl_api.kv_get(pg_temp.org(), 'conversation:index:user-456'), '["conv-1"]', 'it left the one');
select is(etl_api.kv_get(pg_temp.org(), 'conversation:index:user-9'), '["conv-3", "conv-2"]', 'and came to the other');
select etl_api.kv_set(pg_temp.org(), 'conversation:conv-3', '{"userId": "user-9", "title": "London"}');
select is(etl_api.kv_get(pg_temp.org(), 'conversation:index:user-9'), '["conv-3", "conv-2"]', 'another title leaves it where it was');
select etl_api.kv_delete(pg_temp.org(), 'conversation:conv-3');
select is(etl_api.kv_get(pg_temp.org(), 'conversation:index:user-9'), '["conv-2"]', 'what is deleted is not listed');

-- A condition.
select etl_api.kv_set_many(pg_temp.org(), '{"suggestion:s1": {"userId": "u", "status": "active"}, "suggestion:s2": {"userId": "u", "status": "shown"}}');
select is(etl_api.kv_get(pg_temp.org(), 'suggestions:active:u'), '["s1"]', 'only what fulfils the condition');
select is(etl_api.kv_get(pg_temp.org(), 'suggestions:index:u'), '["s1", "s2"]', 'a key may stand in two lists');

-- Expiry.
select etl_api.kv_set(pg_temp.org(), 'event:e2', '{}', '1 minute');
select is(etl_api.kv_get(pg_temp.org(), 'events:index'), '["e1", "e2"]', 'listed while it is there');
set etl.fake_now = '2026-01-01 12:01:00+00';
select is(etl_api.kv_get(pg_temp.org(), 'events:index'), '["e1"]', 'not when it has expired');

-- Nobody writes a list.
select throws_ok($$select etl_api.kv_set(pg_temp.org(), 'conversation:index:user-456', '[]')$$, 'ETL05', 'conversation:index:user-456 is a list that the database keeps', 'a list is not written by hand');
select throws_ok($$select etl_api.kv_set(pg_temp.org(), 'events:index', '[]')$$, 'ETL05', 'events:index is a list that the database keeps', 'nor one of another head than its keys');
select throws_ok($$select etl_api.kv_set_many(pg_temp.org(), '{"event:e9": {}, "events:index": []}')$$, 'ETL05', 'events:index is a list that the database keeps', 'nor among others');
select is(etl_api.kv_get(pg_temp.org(), 'event:e9'), null, 'which are not written either');

-- One's own.
select is(
  test_setup.as_user('adam', $$insert into etl_api.kv_index (org_id, name, of_pattern, paths) values (test_setup.id('org acme'), 'titles:{title}:{lang}', 'conversation:{id}', '{"lang": ["meta", "lang"]}') returning 1$$),
  '(1)', 'admins make lists');
select etl_api.kv_set(pg_temp.org(), 'conversation:conv-7', '{"userId": "x", "title": "Rome (it)", "meta": {"lang": "en"}}');
select is(etl_api.kv_get(pg_temp.org(), 'titles:Rome (it):en'), '["conv-7"]', 'by several members of the value, wherever they lie');
insert into etl_api.kv_index (org_id, name, of_pattern) values (pg_temp.org(), 'by_owner:{userId}', 'conversation:{id}');
select is(etl_api.kv_get(pg_temp.org(), 'by_owner:user-9'), '["conv-2"]', 'a new list begins with what is there');
select throws_ok(
  $$insert into etl_api.kv_index (org_id, name, of_pattern) values (pg_temp.org(), 'event:{x}', 'conversation:{id}')$$,
  'ETL05', null, 'no list where values are');

-- What somebody did past the functions shows.
select is((select count(*)::int from etl_api.check_consistency() where entity = 'kv_index'), 0, 'the lists are what is stored');
delete from public.kv_store where key = 'event:e1';
insert into public.kv_store (org_id, key, value) values (pg_temp.org(), 'event:e8', '{}');
select is(
  (select array_agg(problem order by problem) from etl_api.check_consistency() where entity = 'kv_index'),
  '{"the list events:index has e1, which is not there","the list events:index lacks e8"}', 'until somebody writes past the functions');

select * from finish();
