-- A tenant goes for good: nothing is left of it in any table, whichever that is; another's rows stay.
select plan(16);

select test_setup.setup_enrichment_test_data();
create function pg_temp.rows_of(org uuid) returns text[] language plpgsql as $$
declare
  name text;
  hit boolean;
  found_names text[] := '{}';
begin
  for name in
    select format('%I.%I', n.nspname, c.relname)
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname in ('public', 'etl_api') and not c.relispartition
    order by 1
  loop
    execute format('select exists (select 1 from %s as t where strpos(to_jsonb(t)::text, $1) > 0)', name) into hit using org::text;
    if hit then
      found_names := found_names || name;
    end if;
  end loop;
  return found_names;
end
$$;
create function pg_temp.planted() returns text[] language plpgsql as $$
declare
  name text;
  hit boolean;
  found_names text[] := '{}';
begin
  for name in
    select format('%I.%I', n.nspname, c.relname)
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname in ('public', 'etl_api') and not c.relispartition
    order by 1
  loop
    execute format('select exists (select 1 from %s as t where to_jsonb(t)::text ~* ''planted'')', name) into hit;
    if hit then
      found_names := found_names || name;
    end if;
  end loop;
  return found_names;
end
$$;

-- Something of everything, with a word that is planted in it.
set etl.fake_now = '2100-01-01 00:00:00Z';
update public.org set name = 'Planted Ltd' where id = test_setup.id('org acme');
insert into public.org_member (org_id, user_id, role) values (test_setup.id('org acme'), test_setup.id('olga'), 'owner');
insert into public.source (id, org_id, name, run_request_template)
values (test_setup.id('own'), test_setup.id('org acme'), 'Planted API', '{"method": "GET", "url": "https://planted.test/"}');
insert into public.object_type (id, org_id, name, key_datapoints)
values (test_setup.id('own type'), test_setup.id('org acme'), 'planted thing', '{id}');
insert into public.datapoint (org_id, object_type_id, name) values (test_setup.id('org acme'), test_setup.id('own type'), 'planted');
insert into public.activity (id, org_id, name, activity_type, object_type_id)
values (test_setup.id('own activity'), test_setup.id('org acme'), 'Planted', 'enrichment', test_setup.id('own type'));
insert into public.factor (org_id, activity_id, factor_type, object_type_id, operator, value)
values (test_setup.id('org acme'), test_setup.id('own activity'), 'option', test_setup.id('own type'), 'equals', 'planted');
insert into public.webhook_endpoint (id, org_id, url) values (test_setup.id('own hook'), test_setup.id('org acme'), 'https://client.test/planted');
insert into etl_api.alert_rule (org_id, name, kind, threshold, endpoint_id)
values (test_setup.id('org acme'), 'planted rule', 'stuck', 1, test_setup.id('own hook'));
insert into public.workflow_schedule (org_id, name, cron, data) values (test_setup.id('org acme'), 'planted', '@daily', '{"data": {}}');
insert into etl_api.retention (org_id, what, days) values (test_setup.id('org acme'), 'run_response', 7);
select test_setup.chain('{planted.test,second.test}');
select test_setup.finish_chains();
select test_setup.chain('{other.test}', 'org other');
select test_setup.finish_chains();
select test_setup.chain('{planted-open.test}');
create temporary table claimed as select * from etl_api.claim_run_requests('w', 10);
select test_setup.chain('{planted-waiting.test}');
select test_setup.chain('{planted-again.test}');
insert into public.tables (id, organization_id, name) values (test_setup.id('own table'), test_setup.id('org acme'), 'planted');
insert into public.ai_generation_jobs (id, organization_id, table_id) values (test_setup.id('own job'), test_setup.id('org acme'), test_setup.id('own table'));
select etl_api.insert_generated_records(test_setup.id('own job'), '[{"name": "planted", "planted": "planted"}]', test_setup.id('own table'));
insert into public.clients (client_id, organization_id, company_name) values (test_setup.id('own client'), test_setup.id('org acme'), 'Planted Ltd');
select etl_api.ingest_client_data(test_setup.id('own client'), 'planted', '[{"planted": "planted"}, {"planted": 2}]');
select etl_api.begin_client_upload(test_setup.id('own client'), 'planted', 'planted.csv', 'x');
insert into etl_api.etl_log (at, level, station, message, org_id) values (utils.now(), 'info', 'test', 'planted', test_setup.id('org acme'));
insert into etl_api.usage_day (org_id, day) values (test_setup.id('org acme'), '2100-01-01');
select test_setup.rolled_up();
create temporary table others as select pg_temp.rows_of(test_setup.id('org other')) as names;

select cmp_ok(cardinality(pg_temp.rows_of(test_setup.id('org acme'))), '>=', 25, 'it has rows in many tables');
select cmp_ok(cardinality(pg_temp.planted()), '>=', 12, 'and says something in many');
select throws_ok('select etl_api.erase_org(test_setup.id(''org acme''))', 'ETL05',
  format('org %s is not deleted: what is erased never comes back', test_setup.id('org acme')), 'it has to be deleted first');
select throws_ok('select etl_api.erase_org(gen_random_uuid())', 'ETL04', null, 'an org that is none');
select throws_ok('select etl_api.erase_org(test_setup.id(''org acme''), 0)', 'ETL04', null, 'no rows');
update public.org set deleted_at = utils.now() where id = test_setup.id('org acme');

-- In lots of one, each a call of its own.
create temporary table report as select g.* from etl_api.erase_org(test_setup.id('org acme'), 1) as g;
select is((select bool_and(more) from report), true, 'it goes in parts');
select isnt((select finished_at is null from etl_api.erasure where org_id = test_setup.id('org acme')), null, 'that it goes is known');
do $$
begin
  for i in 1 .. 200 loop
    exit when exists (select from etl_api.erasure as e where e.finished_at is not null);
    -- As the sweep does.
    perform etl_api.purge_expired(2);
  end loop;
end
$$;
select is((select count(*) from public.org where id = test_setup.id('org acme')), 0::bigint, 'it is gone');
select is(pg_temp.rows_of(test_setup.id('org acme')), '{etl_api.audit_head,etl_api.audit_log,etl_api.erasure}', 'nothing speaks of it, but that it was there');
select is(pg_temp.planted(), '{}', 'and nothing of what it said is left');
select is((select (report ->> 'public.workflow_request')::int from etl_api.erasure), 4, 'the report counts its requests');
select is((select (report ->> 'public.org')::int from etl_api.erasure), 1, 'and itself');
select is(pg_temp.rows_of(test_setup.id('org other')), (select names from others), 'another has all its rows');
select is((select count(*) from claimed as c cross join lateral etl_api.complete_run_requests(jsonb_build_array(jsonb_build_object(
  'run_request_id', c.run_request_id, 'lease_token', c.lease_token, 'status', 200, 'body', '{}'::jsonb))) as r where r.accepted), 0::bigint,
  'an answer that comes late changes nothing');
select is_empty('select * from etl_api.check_references()', 'nothing refers to what is gone');
select is_empty('select * from test_setup.miscounted()', 'the counts are right');

select * from finish();
