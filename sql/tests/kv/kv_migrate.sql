select plan(46);

select test_setup.set_up_people();

create function pg_temp.org() returns uuid
language sql
as $$ select test_setup.id('org acme') $$;
create function pg_temp.report(name text, max_keys int default 1000) returns text
language sql
as $$
  select format('%s: %s keys, %s new, %s changed, %s gone, %s left, %s misfits', r ->> 'table', r ->> 'keys', r ->> 'inserted',
    r ->> 'updated', r ->> 'deleted', r ->> 'left', r ->> 'misfits')
  from etl_api.kv_migrate(name, max_keys) as r
$$;
create function pg_temp.refused(mapping text) returns text
language plpgsql
as $$
begin
  execute 'insert into etl_api.kv_mapping (name, key_pattern, table_name, columns) values (' || mapping || ')';
  return 'accepted';
exception when others then
  return sqlstate || ': ' || sqlerrm;
end
$$;

set etl.fake_now = '2026-01-01 12:00:00+00';

-- What ships can be used, and its samples come back as they were.
update etl_api.kv_mapping set created_at = created_at;
select is((select count(*)::int from etl_api.kv_mapping), 28, 'the document''s patterns ship');
select is((select count(distinct table_name)::int from etl_api.kv_mapping), 26, 'and their tables');
select lives_ok(
  $$select etl_api.kv_set_many(pg_temp.org(), (select jsonb_object_agg(s.key, s.value) from etl_api.kv_mapping as m cross join jsonb_each(m.sample) as s))$$,
  'the samples can be stored');
select is(count(etl_api.kv_migrate(name))::int, 28, 'each is migrated') from etl_api.kv_mapping;
select is(
  (select count(*)::int from etl_api.kv_mapping as m cross join etl_api.kv_values(m.name) as v
   join public.kv_store as s on s.org_id = v.org_id and s.key = v.key and s.value = v.value), 28, 'and comes back as it was');
select is((select count(*)::int from etl_api.kv_misfit), 0, 'all fits, whatever was migrated first');
select is(
  (select (name, city, latitude, tags)::text from public.locations where kind = 'restaurant' and id = 'rest-9'),
  '("Chez Ada",Paris,48.8566,{evening})', 'values have their types, from wherever they lay');
select is((select rest from public.locations where id = 'rest-9'), '{"cuisine": "french", "location": {}}', 'what has no column is kept');
select is((select title || ' of ' || display_name from public.conversations join public.profiles using (org_id, user_id)), 'Plan my Paris trip of Ada', 'references are columns');

-- Again, and again.
select is(pg_temp.report('trips'), 'trips: 0 keys, 0 new, 0 changed, 0 gone, 0 left, 0 misfits', 'a second run finds nothing to do');
select etl_api.kv_set_many(pg_temp.org(), '{"trip:trip-1": {"userId": "user-456", "title": "Rome", "startDate": "2025-13-01", "travelers": "two"}, "trip:trip-2": {"title": null, "x": 1}, "trip:a:b": {}, "other:1": {}}');
select is(pg_temp.report('trips'), 'trips: 2 keys, 1 new, 1 changed, 0 gone, 0 left, 2 misfits', 'what changed since is moved');
select is((select title from public.trips where id = 'trip-1'), 'Rome', 'the row is new');
select is(
  (select array_agg(column_name || ' ' || problem || ': ' || found::text order by column_name) from etl_api.kv_misfit),
  '{"starts_on is no date: \"2025-13-01\"","travelers is no bigint: \"two\""}', 'what does not fit is told');
select is((select starts_on from public.trips where id = 'trip-1'), null, 'its column is null');
select is(
  (select bool_and(s.value = v.value) from etl_api.kv_values('trips') as v join public.kv_store as s using (org_id, key)), true, 'and nothing is lost');
select etl_api.kv_set(pg_temp.org(), 'trip:trip-1', '{"userId": "user-456", "title": "Rome", "startDate": "2025-12-01", "travelers": 2}');
select etl_api.kv_set(pg_temp.org(), 'trip:trip-1', '{"userId": "user-456", "title": "Rome", "startDate": "2025-12-01", "travelers": 2}');
select is(pg_temp.report('trips'), 'trips: 1 keys, 0 new, 1 changed, 0 gone, 0 left, 0 misfits', 'mended values fit, however often written');
select etl_api.kv_delete(pg_temp.org(), 'trip:trip-2');
select is(pg_temp.report('trips'), 'trips: 1 keys, 0 new, 0 changed, 1 gone, 0 left, 0 misfits', 'deletions are moved too');
select etl_api.kv_set(pg_temp.org(), 'trip:short', '{"title": "soon over"}', '1 minute');
select pg_temp.report('trips');
select is((select expires_at from public.trips where id = 'short'), '2026-01-01 12:01:00+00', 'a row knows when it expires');
set etl.fake_now = '2026-01-01 12:02:00+00';
select etl_api.kv_remove_expired();
select is(pg_temp.report('trips'), 'trips: 1 keys, 0 new, 0 changed, 1 gone, 0 left, 0 misfits', 'what expired goes');

-- What a column cannot hold costs only itself: numbers without end, texts that no index takes.
insert into etl_api.kv_mapping (name, key_pattern, table_name, columns)
values ('odd', 'odd:{id}', 'odd', '[{"name": "id", "key": "id"}, {"name": "kind", "path": "kind", "index": true}, {"name": "list", "path": "list", "type": "jsonb", "index": true}, {"name": "v", "path": "v", "type": "vector(2)"}]');
select etl_api.kv_set_many(pg_temp.org(), '{"odd:1": {"v": [1e400, 1]}, "odd:2": {"v": [1e-400, 1]}, "odd:3": {"v": [-1e400, 0]}, "odd:4": {"v": [0, 0.1], "kind": "short"}}'
  || jsonb_build_object('odd:5', jsonb_build_object('kind', (select string_agg(md5(n::text), '') from generate_series(1, 300) as n), 'list', (select jsonb_agg(md5(n::text)) from generate_series(1, 300) as n))));
select is(pg_temp.report('odd'), 'odd: 5 keys, 5 new, 0 changed, 0 gone, 0 left, 5 misfits', 'the others are moved');
select is((select array_agg(key || ' ' || column_name || ' ' || problem order by key, column_name) from etl_api.kv_misfit where mapping = 'odd'),
  '{"odd:1 v is no vector(2)","odd:2 v is no vector(2)","odd:3 v is no vector(2)","odd:5 kind is too long for its index","odd:5 list is too long for its index"}', 'each is told');
select is((select (kind, v::text)::text from public.odd where id = '4'), '(short,"{0,0.1}")', 'what fits is there');
select is((select bool_and(s.value = v.value) from etl_api.kv_values('odd') as v join public.kv_store as s using (org_id, key)), true, 'and all of it comes back');
select etl_api.kv_follow('odd');
select lives_ok($$select etl_api.kv_set(pg_temp.org(), 'odd:6', jsonb_build_object('v', '[1e999, 2]'::jsonb, 'kind', (select string_agg(md5(n::text), '') from generate_series(1, 300) as n)))$$, 'nor is a write refused for it');
delete from etl_api.kv_misfit where mapping = 'odd';

-- In parts.
select etl_api.kv_set_many(pg_temp.org(), (select jsonb_object_agg('event:' || n, '{}'::jsonb) from generate_series(1, 5) as n));
select is(pg_temp.report('events', 3), 'locations: 3 keys, 3 new, 0 changed, 0 gone, 2 left, 0 misfits', 'as many as wanted');
select is(pg_temp.report('events', 3), 'locations: 2 keys, 2 new, 0 changed, 0 gone, 0 left, 0 misfits', 'then the rest');

-- References: what is not there yet, and what goes.
select etl_api.kv_set(pg_temp.org(), 'message:m-9', '{"conversationId": "conv-9", "content": "early"}');
select is(pg_temp.report('messages'), 'messages: 1 keys, 1 new, 0 changed, 0 gone, 0 left, 1 misfits', 'a message before its conversation');
select etl_api.kv_set(pg_temp.org(), 'conversation:conv-9', '{"userId": "user-456"}');
select pg_temp.report('conversations');
select is((select conversation_id from public.messages where id = 'm-9'), 'conv-9', 'finds it once it is there');
select is((select count(*)::int from etl_api.kv_misfit), 0, 'and fits');
select etl_api.kv_delete(pg_temp.org(), 'conversation:conv-9');
select pg_temp.report('conversations');
select is((select (conversation_id, rest)::text from public.messages where id = 'm-9'), '(,"{""conversationId"": ""conv-9""}")', 'what refers to a row that went keeps what it said');
select is((select problem from etl_api.kv_misfit), 'refers to what is not there', 'and is told');
set constraints all immediate;

-- Following, and the switch.
select etl_api.kv_set(pg_temp.org(), 'trip:trip-7', '{"title": "before"}');
select is((etl_api.kv_follow('trips')) ->> 'keys', '1', 'first what is noted');
select etl_api.kv_set(pg_temp.org(), 'trip:trip-7', '{"title": "after"}');
select is((select title from public.trips where id = 'trip-7'), 'after', 'then each write at once');
select etl_api.kv_delete(pg_temp.org(), 'trip:trip-7');
select is((select count(*)::int from public.trips where id = 'trip-7'), 0, 'deletions too');
select is(test_setup.as_user('mia', $$update public.trips set title = 'mine' returning 1$$), '42501', 'nobody writes the table before the switch');
select etl_api.kv_switch('trips');
select throws_ok($$select etl_api.kv_set(pg_temp.org(), 'trip:trip-8', '{}')$$, 'ETL05', 'trip:trip-8 is a row of public.trips now', 'after it the store refuses');
select is(test_setup.as_user(p.name, $$update public.trips set title = 'ours' returning id$$), p.answer, p.name || ' writes the table')
from (values ('mia', '(trip-1)'), ('vera', '-'), ('otto', '-')) as p (name, answer);
select is(test_setup.as_user('otto', 'select 1 from public.conversations'), '-', 'strangers read nothing');
select throws_ok($$select etl_api.kv_migrate('trips')$$, 'ETL05', null, 'nothing is moved any more');

-- Bad input.
select throws_ok($$select etl_api.kv_migrate('nothing')$$, 'ETL04', 'there is no mapping nothing', 'no such mapping');
create table public.taken (id int);
insert into etl_api.kv_mapping (name, key_pattern, table_name, columns) values ('taken', 'taken:{id}', 'taken', '[{"name": "id", "key": "id"}]');
select throws_ok($$select etl_api.kv_migrate('taken')$$, 'ETL07', null, 'a table that is somebody else''s');
select matches(pg_temp.refused(m.text), m.answer, m.answer)
from (values
  ($m$'a', 'a:{id}', 'a', '[]'$m$, 'the variable id of the key pattern has no column'),
  ($m$'a', 'a:{id}', 'a', '[{"name": "id", "key": "id"}, {"name": "b", "path": "b", "type": "money"}]'$m$, 'there is no type money'),
  ($m$'a', 'a:{id}', 'a"; drop', '[{"name": "id", "key": "id"}]'$m$, '^23514')) as m (text, answer);

select * from finish();
