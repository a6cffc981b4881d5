-- What is kept for how long: the rule of a tenant goes before the one for all, that before the setting.
select plan(26);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2100-01-01 00:00:00Z';
create temporary table request as
select 'own' as name, test_setup.chain('{own.test}') as id
union all select 'other', test_setup.chain('{other.test}', 'org other');
select test_setup.finish_chains();
insert into etl_api.etl_log (at, level, station, message, org_id)
values ('2100-01-01', 'info', 'test', 'own', test_setup.id('org acme')), ('2100-01-01', 'info', 'test', 'other', test_setup.id('org other')),
  ('2100-01-01', 'info', 'test', 'nobody', null);
select test_setup.rolled_up();

select throws_ok('insert into etl_api.retention (what, days) values (''run_queue'', 1)', '23514', null, 'what has no rule');
select set_eq('select what from etl_api.retention_of(null)',
  $$select m[1] from regexp_matches((select pg_get_constraintdef(c.oid) from pg_constraint as c where c.conname = 'retention_what_check'),
    '''(\w+)''', 'g') as m$$, 'whatever has a rule is told');
select lives_ok($$select etl_api.purge_kind(r.what, '-infinity', 1, '{}') from etl_api.retention_of(null) as r
  where r.what not in ('run_response', 'delivery_body', 'object')$$, 'and purged');
select throws_ok('insert into etl_api.retention (what, days) values (''alert'', 0)', '23514', null, 'no day at all');
select results_eq(format('select what, days, rule from etl_api.retention_of(%L) order by 1', test_setup.id('org acme')),
  $$values ('alert', null::numeric, 'retention_days'), ('client_upload', null, 'none'), ('delivery_body', null, 'none'),
    ('etl_log', null, 'retention_days'), ('generation_job', null, 'none'), ('object', null, 'none'), ('run_response', null, 'none'),
    ('schema_change', null, 'none'), ('test_event', null, 'retention_days'), ('workflow_request', null, 'retention_days')$$, 'without rules all is kept');
update etl_api.setting set value = '30' where name = 'retention_days';
insert into etl_api.retention (org_id, what, days)
values (test_setup.id('org acme'), 'workflow_request', null), (null, 'etl_log', 10), (test_setup.id('org acme'), 'etl_log', 20),
  (null, 'run_response', 5), (test_setup.id('org other'), 'run_response', 15);
select results_eq(format('select what, days, rule from etl_api.retention_of(%L) order by 1', test_setup.id('org acme')),
  $$values ('alert', 30::numeric, 'retention_days'), ('client_upload', null, 'none'), ('delivery_body', null, 'none'),
    ('etl_log', 20, 'own'), ('generation_job', null, 'none'), ('object', null, 'none'), ('run_response', 5, 'for all'),
    ('schema_change', null, 'none'), ('test_event', 30, 'retention_days'), ('workflow_request', null, 'own')$$, 'with rules, which says what');

create function pg_temp.swept(day timestamptz) returns text language plpgsql as $$
begin
  perform set_config('etl.fake_now', day::text, false);
  -- A lot of tenants a time.
  for i in 1 .. 12 loop
    perform etl_api.purge_expired();
  end loop;
  return (
    select string_agg(r.name || ' ' || coalesce(test_setup.left_of(r.id) ->> 'requests', '') || coalesce(test_setup.left_of(r.id) ->> 'answers', '')
      || coalesce(test_setup.left_of(r.id) ->> 'bodies', ''), ', ' order by r.name desc)
    from request as r) || ': ' || (select coalesce(string_agg(l.message, ',' order by l.message), '') from etl_api.etl_log as l where l.station = 'test');
end
$$;
select is(pg_temp.swept('2100-01-05'), 'own 111, other 111: nobody,other,own', 'what is young stays');
select is(pg_temp.swept('2100-01-08'), 'own 101, other 111: nobody,other,own', 'answers go after 5 days, but not of who has a rule of its own');
select is(pg_temp.swept('2100-01-12'), 'own 101, other 111: own', 'the log goes after 10');
select is(pg_temp.swept('2100-01-18'), 'own 101, other 101: own', 'the other''s answers after 15');
select is(pg_temp.swept('2100-01-25'), 'own 101, other 101: ', 'the log of its own after 20');
select is(pg_temp.swept('2100-02-02'), 'own 101, other 000: ', 'requests after 30, by the setting');
select is(pg_temp.swept('2101-02-02'), 'own 101, other 000: ', 'but not where a rule keeps them for good');
select is_empty('select * from test_setup.miscounted()', 'the counts are right');

-- Messages, whose requests stay.
insert into etl_api.retention (org_id, what, days) values (test_setup.id('org acme'), 'delivery_body', 400);
select is(pg_temp.swept('2101-02-03'), 'own 101, other 000: ', 'what a message said is kept for 400 days');
select is(pg_temp.swept('2101-03-03'), 'own 100, other 000: ', 'and goes then');
select throws_ok(format('select etl_api.redeliver(%L)', (select d.id from public.delivery as d limit 1)), 'ETL05', null,
  'a message that is not kept cannot be sent again');

-- What is done again ends anew.
update public.activity set datapoints = '{funding}' where org_id = test_setup.id('org acme');
select test_setup.chain('{again.test}');
select test_setup.exchange('{"error": "no"}');
select isnt((select id from public.workflow_request where idempotency_key = 'key again.test'), null, 'one more request');
select isnt((select count(*) from public.run_response), 0::bigint, 'with an answer');
select test_setup.rolled_up();
select pg_temp.swept('2101-03-10');
select is((select count(*) from public.run_response), 0::bigint, 'which goes, too');

-- Objects outlive requests, as long as something was seen of them.
select is((select count(*) from public.object), 3::bigint, 'objects are kept');
insert into etl_api.retention (what, days) values ('object', 100);
select pg_temp.swept('2101-03-11');
select is((select count(*) from public.object where natural_key ->> 'domain' = 'other.test'), 0::bigint,
  'what nobody has to do with any more goes');
select is((select count(*) from public.object where natural_key ->> 'domain' in ('own.test', 'again.test')), 2::bigint, 'what a request knows stays');
insert into public.object (org_id, object_type_id, natural_key, key_hash, created_at)
values (test_setup.id('org acme'), test_setup.id('company'), '{"domain": "alone.test"}', 'x', '2100-01-01'),
  (test_setup.id('org acme'), test_setup.id('company'), '{"domain": "seen.test"}', 'y', '2100-01-01');
insert into public.value (org_id, object_id, datapoint_id, value, confidence, observed_at)
select o.org_id, o.id, test_setup.id('company.name'), '"x"', 1, '2101-03-10' from public.object as o where o.natural_key ->> 'domain' = 'seen.test';
select pg_temp.swept('2101-03-11 00:30:00Z');
select is((select count(*) from public.object where natural_key ->> 'domain' = 'alone.test'), 1::bigint,
  'they are looked at once an hour');
select pg_temp.swept('2101-03-11 02:00:00Z');
select is((select count(*) from public.object where natural_key ->> 'domain' = 'alone.test'), 0::bigint,
  'then what is old and alone goes');
select is((select count(*) from public.object where natural_key ->> 'domain' = 'seen.test'), 1::bigint, 'what was seen of late stays');

select * from finish();
