-- Who may write rules, what they may say, and what becomes of alerts whose rule is switched off.
select plan(24);

set etl.fake_now = '2030-01-01 00:00:00Z';
select test_setup.set_up_people();
insert into public.source (id, org_id, name, run_request_template)
values (test_setup.id('theirs'), test_setup.id('org other'), 'Theirs', '{"method": "GET", "url": "https://x.test"}');
insert into public.webhook_endpoint (id, org_id, url)
values (test_setup.id('ours'), test_setup.id('org acme'), 'https://client.test'), (test_setup.id('their endpoint'), test_setup.id('org other'), 'https://x.test');

create function pg_temp.write(person text, org text, kind text, threshold text, source text default null, endpoint text default null)
returns text language sql as $$
  select test_setup.as_user(person, format(
    'insert into etl_api.alert_rule (org_id, name, kind, threshold, source_id, endpoint_id) values (%L, %L, %L, %s, %L, %L) returning kind',
    test_setup.id(org), gen_random_uuid(), kind, threshold, test_setup.id(source), test_setup.id(endpoint)))
$$;
select is(pg_temp.write('adam', 'org acme', 'stuck', '0', null, 'ours'), '(stuck)', 'an admin writes rules');
select is(pg_temp.write('adam', 'org acme', 'source_down', '0.5', 'Company Register'), '(source_down)', 'about shared sources, too');
select is(pg_temp.write('mia', 'org acme', 'stuck', '0'), '42501', 'a member does not');
select is(pg_temp.write('vera', 'org acme', 'stuck', '0'), '42501', 'nor does who reads');
select is(pg_temp.write('adam', 'org other', 'stuck', '0'), '42501', 'nor an admin of another org');
select is(pg_temp.write('adam', 'org acme', 'source_down', '0.5', 'theirs'), 'ETL07', 'no rule about another org''s source');
select is(pg_temp.write('adam', 'org acme', 'stuck', '0', null, 'their endpoint'), '23503', 'nor to another org''s endpoint');
select is(pg_temp.write('adam', 'org acme', 'source_down', '1'), 'ETL07', 'more than all is never');
select is(pg_temp.write('adam', 'org acme', 'failure_rate', '1.5'), 'ETL07', 'a share is less than one');
select is(pg_temp.write('adam', 'org acme', 'stuck', '0', 'Company Register'), 'ETL07', 'stuck is about no source');
select is(pg_temp.write('adam', 'org acme', 'stuck', '-1'), '23514', 'no negative threshold');
select is(pg_temp.write('adam', 'org acme', 'weather', '1'), '23514', 'no unknown kind');
select is(test_setup.as_user('adam', $$update etl_api.alert_rule set checked_at = now() returning 1$$), '42501', 'when it was looked at is the engine''s');
select is(left(test_setup.outcome(format('update etl_api.alert_rule set org_id = %L', test_setup.id('org other'))), 5), 'ETL07', 'a rule does not move');
select is(left(test_setup.outcome(format('update etl_api.alert_rule set source_id = %L where kind = ''source_down''', test_setup.id('theirs'))), 5), 'ETL07',
  'nor is it turned to another org''s source');
select throws_ok('select etl_api.check_alerts(0)', 'ETL04', 'max_rules is 0: it must be 1 or more', 'at least one');
select throws_ok('select etl_api.check_alerts(null)', 'ETL04', 'max_rules is null: it must be 1 or more', 'null');

-- Raised, then switched off.
select test_setup.enrich('{a.test}');
set etl.fake_now = '2030-01-01 01:00:00Z';
select is(etl_api.check_alerts(), 1, 'something is stuck');
select is(test_setup.as_user('vera', 'select kind from etl_api.alert'), '(stuck)', 'members see the alert');
select is(test_setup.as_user('otto', 'select kind from etl_api.alert'), '-', 'others do not');
update etl_api.alert_rule set enabled = false;
select is(etl_api.check_alerts(), 1, 'its rule is switched off');
select results_eq($$select event_type, body::jsonb #>> '{data,message}' from etl_api.claim_deliveries('test', 10) order by 1$$,
  $$values ('alert.raised', '2 rows are over their time.'), ('alert.resolved', 'The rule was switched off.')$$, 'which resolves it');
select is(etl_api.check_alerts(), 0, 'once');

-- A rule that cannot be looked at.
update etl_api.alert_rule set enabled = true, checked_at = null;
create function pg_temp.refuse() returns trigger language plpgsql as $$ begin raise exception 'no more alerts'; end $$;
create trigger cursed before insert on etl_api.alert for each row execute function pg_temp.refuse();
set etl.fake_now = '2030-01-01 02:00:00Z';
select etl_api.recover();
select results_eq($$select level, message, context ->> 'sqlstate', org_id from etl_api.etl_log where station = 'alerts' and level = 'error'$$,
  $$values ('error', 'An alert rule could not be looked at: no more alerts', 'P0001', test_setup.id('org acme'))$$, 'the sweep goes on, the log tells of it');

select * from finish();
