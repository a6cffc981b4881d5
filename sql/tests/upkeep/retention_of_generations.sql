-- Jobs of generation go with their progress and what they generated, once nobody has worked on them for as long as a rule
-- says: of the right tenant, in parts, and never one that is under way.
select plan(25);

set etl.fake_now = '2100-01-01 00:00:00Z';
select test_setup.set_up_records();
insert into public.tables (id, organization_id, name) values (test_setup.id('theirs'), test_setup.id('org other'), 'Theirs');
insert into public.ai_generation_jobs (id, organization_id, table_id, created_at, updated_at)
select test_setup.id(j.name), test_setup.id('org acme'), test_setup.id('leads'), utils.now(), utils.now()
from unnest('{ended,failed,preview,edited,chosen,thrown,parts,left,asked}'::text[]) as j (name)
union all
select test_setup.id('other'), test_setup.id('org other'), test_setup.id('theirs'), utils.now(), utils.now();
update public.ai_generation_jobs set created_at = utils.now(), updated_at = utils.now();
create function pg_temp.jobs() returns text language sql as $$
  select string_agg(n.name, ' ' order by n.name)
  from unnest('{ended,failed,preview,edited,chosen,thrown,parts,left,asked,other,job,waiting}'::text[]) as n (name)
  join public.ai_generation_jobs as j on j.id = test_setup.id(n.name)
$$;
create function pg_temp.left_of(job text) returns text language sql as $$
  select (select count(*) from public.ai_generated_records where job_id = test_setup.id(job)) || ' '
    || (select count(*) > 0 from public.ai_generation_events where job_id = test_setup.id(job))
$$;
create function pg_temp.swept(day timestamptz) returns bigint language plpgsql as $$
declare
  gone bigint := 0;
begin
  perform set_config('etl.fake_now', day::text, false);
  for i in 1 .. 8 loop
    gone := gone + etl_api.purge_expired();
  end loop;
  return gone;
end
$$;

-- What becomes of each.
select test_setup.insert_leads('[{"name": "A"}, {"name": "B"}]', 'ended');
select etl_api.insert_generated_records(test_setup.id('other'), '[{"name": "A"}]', test_setup.id('theirs'));
select etl_api.note_generation(test_setup.id('failed'), 'failed', 'The model is out');
select etl_api.stage_generated_records(test_setup.id(j), '[{"name": "A"}, {"name": "B"}]')
from unnest('{preview,edited,chosen,thrown,left,asked}'::text[]) as j;
select etl_api.discard_staged_records(test_setup.id('thrown'));
select etl_api.confirm_staged_records(test_setup.id('left'), max_records => 1);
select etl_api.note_generation(test_setup.id('job'), 'enrichment', 'Looking', total => 10);
update public.ai_generation_jobs set total_records = 10 where id = test_setup.id('parts');
select test_setup.insert_leads('[{"name": "A"}]', 'parts');
-- A generator that has not begun, and one whose request waits for its time.
create temporary table request as select test_setup.chain('{a.test}') as id;
update public.ai_generation_jobs set workflow_request_id = (select id from request) where id = test_setup.id('asked');
select is(pg_temp.jobs(), 'asked chosen edited ended failed job left other parts preview thrown', 'all are there');
select is((select row(j.status, j.completed_at is not null)::text from public.ai_generation_jobs as j where j.id = test_setup.id('thrown')), '(pending,t)',
  'of one that was thrown away nothing is left to do');

-- Rules.
select is(etl_api.default_retention('generation_job'), null, 'without a rule they are kept');
update etl_api.setting set value = '3' where name = 'retention_days';
select is(etl_api.default_retention('generation_job'), null, 'the setting is not about them');
select pg_temp.swept('2100-02-01');
select is(pg_temp.jobs(), 'asked chosen edited ended failed job left other parts preview thrown', 'none goes by it');
update etl_api.setting set value = 'null' where name = 'retention_days';
insert into etl_api.retention (org_id, what, days)
values (test_setup.id('org acme'), 'generation_job', 30), (test_setup.id('org other'), 'generation_job', 60);
set etl.fake_now = '2100-01-11 00:00:00Z';
select etl_api.edit_staged_record(test_setup.id('edited'), 0, '{"city": "Rome"}');
select etl_api.select_staged_records(test_setup.id('chosen'), '{0}', false);
select is(pg_temp.swept('2100-01-31'), 0::bigint, 'nothing goes before its time');
create temporary table before as select * from public.records;
select isnt((select count(*) from before), 0::bigint, 'there are records');
select cmp_ok(pg_temp.swept('2100-01-31 00:00:01Z'), '>', 0::bigint, 'then');
select is(pg_temp.jobs(), 'asked chosen edited job other parts',
  'what ended, failed, was thrown away or waits to be confirmed goes; not what is under way, nor another tenant''s');
select is(pg_temp.left_of('ended') || ', ' || pg_temp.left_of('preview') || ', ' || pg_temp.left_of('left'), '0 false, 0 false, 0 false', 'with all there was of it');
select is(pg_temp.left_of('edited') || ', ' || pg_temp.left_of('asked'), '2 true, 2 true', 'and nothing of the others');
select is_empty('select * from public.records except select * from before', 'no record changes');
select is((select count(*) from public.records), (select count(*) from before), 'and none goes');
select pg_temp.swept('2100-02-10 00:00:01Z');
select is(pg_temp.jobs(), 'asked job other parts', 'what somebody worked on goes as long after that');
select pg_temp.swept('2100-03-03');
select is(pg_temp.jobs(), 'asked job parts', 'the other tenant''s by its own rule');
select pg_temp.swept('2110-01-01');
select is(pg_temp.jobs(), 'asked job parts', 'what is under way never does');
select etl_api.cancel(id) from request;
select pg_temp.swept('2110-01-01 00:01:00Z');
select is(pg_temp.jobs(), 'job parts', 'until its request has ended');
select etl_api.note_generation(test_setup.id('job'), 'failed', 'It was given up');
select is(etl_api.purge_expired(), 0::bigint, 'what has just ended stays');

-- For all, and of a deleted tenant and table.
delete from etl_api.retention;
insert into etl_api.retention (what, days) values ('generation_job', 1);
insert into public.ai_generation_jobs (id, organization_id, table_id, status, stage, created_at, updated_at)
values (test_setup.id('other'), test_setup.id('org other'), test_setup.id('theirs'), 'failed', 'failed', utils.now(), utils.now());
update public.tables set deleted_at = utils.now() where id = test_setup.id('leads');
update public.org set deleted_at = utils.now() where id = test_setup.id('org other');
select pg_temp.swept('2110-01-03');
select is(pg_temp.jobs(), 'parts', 'the rule for all is for each, time goes on for what was deleted');

-- In parts.
update public.tables set deleted_at = null;
update public.org set deleted_at = null;
insert into public.ai_generation_jobs (id, organization_id, table_id, created_at, updated_at)
select test_setup.id('large ' || n), test_setup.id('org acme'), test_setup.id('leads'), utils.now(), utils.now() from generate_series(1, 5) as n;
select etl_api.stage_generated_records(test_setup.id('large ' || n),
  (select jsonb_agg(jsonb_build_object('name', 'r' || i)) from generate_series(1, 25) as i))
from generate_series(1, 5) as n;
set etl.fake_now = '2110-02-03 00:00:00Z';
create temporary table parts (place int, what text, count bigint, more boolean);
do $$
begin
  for turn in 1 .. 6 loop
    insert into parts select turn, * from etl_api.purge_generations('2110-02-01', 10);
  end loop;
end $$;
select is((select array_agg(p.count order by p.place) from parts as p where p.what = 'ai_generated_records'), '{30,30,30,30,5}', 'three times as many rows as asked for each time');
select is((select array_agg(p.count order by p.place) from parts as p where p.what = 'generation_job'), '{1,1,1,1,1}', 'and the jobs with the last of their rows');
select is((select array_agg(p.more order by p.place) from parts as p where p.what = 'ai_generated_records'), '{t,t,t,t,f}', 'until there are no more');
select is((select count(*) from public.ai_generation_jobs where stage = 'preview'), 0::bigint, 'all are gone');
select is((select count(*) from public.ai_generated_records as g where not exists (select from public.ai_generation_jobs as j where j.id = g.job_id)),
  0::bigint, 'none is left without its job');
select is(pg_temp.left_of('parts'), '1 true', 'what a generator inserts in parts is whole');

select * from finish();
