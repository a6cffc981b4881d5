-- What a request may bring: just as much goes, a little more is invalid, with a sentence that says what to do. Each in a
-- bulk insert, beside neighbours that go their way.
select plan(27);
select test_setup.intake();
update public.activity set config = config - 'max_objects' where id = '00000000-0000-4000-8000-000000000001';

create function pg_temp.of_bytes(bytes int) returns jsonb language sql as $$
  select d.data || jsonb_build_object('note', repeat('x', bytes - octet_length((d.data || '{"note": ""}')::text)))
  from (select '{"input": {"companies": [{"domain": "acme.test"}]}, "data": {"e": {"id": "00000000-0000-4000-8000-000000000001"}}}'::jsonb as data) as d
$$;
create function pg_temp.of_depth(levels int) returns jsonb language sql as $$
  select jsonb_build_object('input', '{"companies": [{"domain": "acme.test"}]}'::jsonb, 'note', (repeat('[', levels) || repeat(']', levels))::jsonb,
    'data', '{"e": {"id": "00000000-0000-4000-8000-000000000001"}}'::jsonb)
$$;
create function pg_temp.of_objects(n int) returns jsonb language sql as $$
  select jsonb_build_object('input', jsonb_build_object('companies', (select jsonb_agg(jsonb_build_object('domain', g || '.test')) from generate_series(1, n) as g)),
    'data', '{"e": {"id": "00000000-0000-4000-8000-000000000001"}}'::jsonb)
$$;
select is(utils.jsonb_depth('{"a": 1}'), 1, 'a member lies a level deep');
select is(utils.jsonb_depth('[]'), 0, 'nothing lies in nothing');
select is(array(select utils.jsonb_depth((repeat('[', g) || repeat(']', g))::jsonb) from generate_series(1, 40) as g), array(select generate_series(0, 39)), 'depths');

update etl_api.setting set value = '5000' where name = 'max_data_bytes';
update etl_api.setting set value = '20' where name = 'max_data_depth';
-- One limit alone at a time, where that shows more.
update etl_api.setting set value = 'null' where name = 'max_objects';
select is(octet_length(pg_temp.of_bytes(5000)::text), 5000, 'data of 5,000 bytes');
select is(test_setup.faults(pg_temp.of_bytes(5000)), null, 'goes');
select is(test_setup.faults(pg_temp.of_bytes(5001)),
  '[{"code": "too_large", "path": "$", "found": 5001, "message": "The data of the request has 5001 bytes as JSON; 5000 is the most.",
     "hint": "Make several requests of it, or ask the operator to raise the setting max_data_bytes."}]'::jsonb, 'of 5,001 it does not');
select is((test_setup.request(pg_temp.of_bytes(5001))).state_substate, 'too_large', 'which names its class');
select is(test_setup.faults(pg_temp.of_depth(20)), null, 'data 20 levels deep goes');
select is(test_setup.faults(pg_temp.of_depth(21)),
  '[{"code": "too_deep", "path": "$", "found": 21, "message": "The data of the request is nested 21 levels deep; 20 is the most.",
     "hint": "Make it flatter, or ask the operator to raise the setting max_data_depth."}]'::jsonb, '21 levels do not');
update etl_api.setting set value = '30' where name = 'max_objects';
select is(test_setup.faults(pg_temp.of_objects(30)), null, '30 objects go');
select is(test_setup.faults(pg_temp.of_objects(31)) - 0, '[]', 'of 31 there is one fault');
select is(test_setup.faults(pg_temp.of_objects(31)) -> 0 -> 'found', '31', 'which says how many');
select matches(test_setup.faults(pg_temp.of_objects(31)) #>> '{0,message}', '^The activity ".*" would take 31 objects from \$\.input\.companies\.\*; 30 is the most\.$', 'in a sentence');
select is(test_setup.faults(pg_temp.of_objects(31)) #>> '{0,code}', 'too_many_objects', 'and its class');
select is(test_setup.faults('{"input": {"companies": []}, "data": {"e": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"max_objects": 30}}}}}'), null, 'to ask for 30 is right');
select is(test_setup.faults('{"input": {"companies": []}, "data": {"e": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"max_objects": 31}}}}}') #- '{0,message}',
  '[{"code": "too_many_objects", "path": "$.data.e.setup.config.max_objects", "found": 31,
     "hint": "Write a smaller number, or ask the operator to raise the setting max_objects."}]'::jsonb, 'to ask for 31 is not');

-- Compressed as it is stored, data of many bytes looks small.
update etl_api.setting set value = '1000000' where name = 'max_data_bytes';
update etl_api.setting set value = 'null' where name in ('max_data_depth', 'max_objects');
select is(test_setup.faults(pg_temp.of_bytes(1000001)) #>> '{0,code}', 'too_large', 'what shrinks when it is stored is as large');
select is(test_setup.faults(pg_temp.of_bytes(1000000)), null, 'and just small enough');

-- Neighbours.
update etl_api.setting set value = '20' where name = 'max_data_depth';
update etl_api.setting set value = '30' where name = 'max_objects';
insert into public.workflow_request (org_id, idempotency_key, data)
select '00000000-0000-4000-8000-0000000000a1', 'bulk ' || g, case g % 4
  when 1 then pg_temp.of_bytes(1000001) when 2 then pg_temp.of_depth(25) when 3 then pg_temp.of_objects(40) else pg_temp.of_objects(2) end
from generate_series(1, 40) as g;
select results_eq($$select coalesce(state_substate, state::text), count(*) from public.workflow_request where idempotency_key like 'bulk %' group by 1 order by 1$$,
  $$values ('in_progress', 10::bigint), ('too_deep', 10), ('too_large', 10), ('too_many_objects', 10)$$, 'in one statement each has its own end');
select is((select count(*) from public.activity_object as o join public.activity_request as a on a.id = o.activity_request_id
  join public.workflow_request as w on w.id = a.workflow_request_id where w.idempotency_key like 'bulk %'), 20::bigint, 'and the others their objects');

-- Values of one object: it alone is left out.
update etl_api.setting set value = '2' where name = 'max_values';
create temporary table crowd as
select * from test_setup.request('{"input": {"companies": [{"domain": "a.test", "industry": "x", "employees": 1}, {"domain": "b.test", "industry": "x"}]},
  "data": {"e": {"id": "00000000-0000-4000-8000-000000000001"}}}');
select is((select a.errors from public.activity_request as a join crowd as c on c.id = a.workflow_request_id) #- '{0,message}',
  '[{"code": "too_many_values", "path": "$.input.companies[0]", "found": 3,
     "hint": "Leave out those that are not needed, or ask the operator to raise the setting max_values."}]'::jsonb, 'three values are too many for one object');
select is((select count(*) from public.activity_object as o join public.activity_request as a on a.id = o.activity_request_id join crowd as c on c.id = a.workflow_request_id), 1::bigint,
  'the one with two goes on');

-- Places that a path finds.
update public.object_source set key_mapping_json = '["input", "**", "company"]' where direction = 'input';
update etl_api.setting set value = 'null' where name in ('max_objects', 'max_data_depth');
update etl_api.setting set value = '1500' where name = 'max_matches';
create function pg_temp.of_places(n int) returns jsonb language sql as $$
  select jsonb_build_object('input', (select jsonb_agg(jsonb_build_object('x', jsonb_build_object('company', jsonb_build_object('domain', g || '.test')))) from generate_series(1, n) as g),
    'data', '{"e": {"id": "00000000-0000-4000-8000-000000000001"}}'::jsonb)
$$;
select is(test_setup.faults(pg_temp.of_places(1500)), null, 'a path that finds 1,500 places');
select is(test_setup.faults(pg_temp.of_places(1501)) -> 0,
  '{"code": "too_many_matches", "path": "[\"input\", \"**\", \"company\"]", "found": 1501,
    "message": "The path [\"input\", \"**\", \"company\"] finds more than 1500 places in one document; 1500 is the most.",
    "hint": "Name more of the way instead of \"**\", or ask for less at once: a page size in the template, fewer objects in a request."}'::jsonb, 'and one that finds 1,501');
insert into public.workflow_request (org_id, idempotency_key, data)
select '00000000-0000-4000-8000-0000000000a1', 'places ' || g, pg_temp.of_places(case when g = 5 then 1501 else 1 end)
from generate_series(1, 9) as g;
select results_eq($$select coalesce(state_substate, state::text), count(*) from public.workflow_request where idempotency_key like 'places %' group by 1 order by 1$$,
  $$values ('in_progress', 8::bigint), ('too_many_matches', 1)$$, 'of which the neighbours know nothing');

-- Without a limit.
update etl_api.setting set value = 'null' where name like 'max\_%';
select is(test_setup.faults(pg_temp.of_places(3000)), null, 'null is no limit');
select is(etl_api.limit_of('max_matches') > 1000000000000, true, 'none at all');

select * from finish();
