-- Whoever may see a row may have it explained.
select plan(6);

select test_setup.set_up_people();
create temporary table row as select test_setup.enrich('{a.test}', '{}', '{"url": "https://client.test/hook"}') as id;
select test_setup.exchange('{"company": {"sector": "toys", "staff": {"count": 1}}, "result": {"entries": {"website": "a.test", "employees": 1, "capital": {"raised": 1}}}}');
create temporary table one as
select id from row union select id from activity_request union select id from run_queue union select id from run_request union select id from delivery;

create function pg_temp.explain(person text, role text default 'authenticated') returns text[] language sql as $$
  select array_agg(distinct regexp_replace(test_setup.as_user(person, format('select count(*) > 0 from etl_api.explain(%L)', id), role), '.*\((.)\)', '\1')) from one
$$;
select is(pg_temp.explain('otto'), '{ETL04}', 'to a stranger there is no such request, whichever row');
select is(pg_temp.explain('nobody'), '{ETL04}', 'nor to somebody without an org');
select is(pg_temp.explain(null), '{ETL04}', 'nor when nobody is signed in');
select is(pg_temp.explain(null, 'anon'), '{42501}', 'anon may not even ask');
select is(pg_temp.explain('vera'), '{t}', 'a viewer may have everything explained');
select is(pg_temp.explain(null, 'service_role'), '{t}', 'so may the service');

select * from finish();
