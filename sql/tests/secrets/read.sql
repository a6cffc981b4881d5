-- What a function gets, and what is noted of it.
select plan(15);

select test_setup.setup_base_data();
insert into public.org (name, slug) values ('Third', 'third');
set etl.fake_now = '2026-03-01 12:00:00+00';
create temporary table org as
select test_setup.id('org acme')::text as acme, (select o.id::text from public.org as o where o.slug = 'third') as third;

select etl_api.put_secret('shared', 'KEY', 1, 'c2hhcmVk', 'aaaa1111');
select etl_api.put_secret((select acme from org), 'KEY', 1, 'YWNtZQ==', 'aaaa1111');
select etl_api.put_secret((select acme from org), 'OWN', 1, 'b3du', 'aaaa1111');

select is(test_setup.seen('shared', 'KEY'), '{"1 aaaa1111 c2hhcmVk"}', 'the shared one');
select is(test_setup.seen((select acme from org), 'KEY'), '{"1 aaaa1111 YWNtZQ=="}', 'an org''s own');
select is(test_setup.seen((select third from org), 'KEY'), null, 'an org without one gets neither the shared one');
select is(test_setup.seen((select third from org), 'OWN'), null, 'nor another''s');
select is(test_setup.seen('shared', 'OWN'), null, 'nor do shared sources get an org''s');
select is(test_setup.seen('SHARED', 'KEY'), null, 'a scope is taken by the letter');
select is(test_setup.seen('no uuid', 'KEY'), null, 'one that is none spoils nothing');
select is(
  array(
    select r.scope || ' ' || r.name
    from etl_api.read_secrets(jsonb_build_array(
      '{"scope": "shared", "name": "KEY", "use": "fill"}'::jsonb,
      '{"scope": "shared", "name": "GONE", "use": "fill"}'::jsonb,
      '{"scope": "shared", "name": "KEY", "use": "fill"}'::jsonb,
      jsonb_build_object('scope', (select acme from org), 'name', 'OWN', 'use', 'sign'))) as r
    order by r.name desc),
  array[(select acme from org) || ' OWN', 'shared KEY'], 'many at once, each once, what is missing left out');
select is(array(select r.name from etl_api.read_secrets('[]') as r), '{}', 'or none');

-- Last use.
create function pg_temp.used() returns timestamptz
language sql as $$ select s.last_used_at from etl_api.secret as s where s.org_id is null and s.name = 'KEY' $$;
select is(pg_temp.used(), '2026-03-01 12:00:00+00'::timestamptz, 'its use is noted');
set etl.fake_now = '2026-03-01 12:00:59+00';
create temporary table before as select s.ctid as place from etl_api.secret as s where s.org_id is null;
select count(test_setup.seen('shared', 'KEY'));
select is((select s.ctid from etl_api.secret as s where s.org_id is null), (select b.place from before as b),
  'within a minute nothing is written');
set etl.fake_now = '2026-03-01 12:01:01+00';
select count(test_setup.seen('shared', 'KEY'));
select is(pg_temp.used(), '2026-03-01 12:01:01+00'::timestamptz, 'after that it is');

select etl_api.rotate_secret('shared', 'KEY', 2, 'bmV3', 'aaaa1111');
set etl.fake_now = '2026-03-01 13:00:00+00';
select count(test_setup.seen('shared', 'KEY'));
select is(
  array(select s.version || ' ' || coalesce(s.last_used_at::text, 'never') from etl_api.list_secrets('shared') as s),
  '{"2 2026-03-01 13:00:00+00","1 2026-03-01 12:01:01+00"}', 'only the version that went into the request was used');
select count(test_setup.seen('shared', 'KEY', 'sign'));
select is((select s.last_used_at from etl_api.secret_overview as s where s.version = 1 and s.scope = 'shared'),
  '2026-03-01 13:00:00+00'::timestamptz, 'to sign, both were');

-- An org that goes takes its secrets along.
select etl_api.put_secret((select third from org), 'KEY', 1, 'dGhpcmQ=', 'aaaa1111');
delete from public.org where slug = 'third';
select is((select count(*) from etl_api.secret as s where s.org_id::text = (select third from org)), 0::bigint, 'its secrets go with an org');

select * from finish();
