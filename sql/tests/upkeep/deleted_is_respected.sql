-- Whatever reads a table with deleted_at heeds it, or is known to have a reason not to. The lists are made from the
-- catalog: a function or view that is new and says nothing of it makes this fail.
select plan(16);

create temporary table kept_table as
select c.oid, n.nspname || '.' || c.relname as name
from pg_attribute as a
join pg_class as c on c.oid = a.attrelid
join pg_namespace as n on n.oid = c.relnamespace
where a.attname = 'deleted_at' and not a.attisdropped and c.relkind = 'r' and n.nspname in ('public', 'etl_api');
select is(array(select k.name from kept_table as k order by 1),
  '{public.activity,public.org,public.records,public.source,public.tables,public.webhook_endpoint}', 'what can be deleted and come back');

-- A deleted source or endpoint is switched off, and who deals with a row by its id deals with what was begun before.
-- Functions that keep_reference makes look whether a row is there, deleted or not. A deleted source or endpoint is
-- switched off (keep_deleted_off): who heeds the switch heeds that.
create temporary table reader as
select n.nspname || '.' || p.proname as name, k.name as of_table,
  p.prosrc ~ 'deleted' or p.prosrc ~ case k.name
    when 'public.source' then '\menabled' when 'public.webhook_endpoint' then 'disabled_at' else 'deleted_orgs' end as heeds
from kept_table as k
join pg_proc as p on p.prosrc ~* ('(from|join|update|into) +' || replace(k.name, '.', '\.') || '\M')
join pg_namespace as n on n.oid = p.pronamespace
where n.nspname in ('public', 'etl_api', 'utils')
  and not exists (
    select from etl_api.table_reference as r join pg_class as c on c.oid = r.child
    where p.proname = 'check_' || c.relname || '_' || r.columns[1]);
select is(
  array(
    select r.of_table || ' by ' || r.name
    from reader as r
    where not r.heeds
      and (r.of_table, r.name) not in (select v.of_table, 'etl_api.' || e.name from (values
        -- Records go into tables that find_own_table has looked at, which refuses a deleted one; its columns may change.
        ('public.records', '{insert_records}'::text[]),
        -- What is erased goes for good.
        ('public.records', '{erase_landed_of}'),
        ('public.tables', '{evolve_table,hold_table}'),
        -- Configuration is written, of what is deleted, too.
        ('public.source', '{check_config_org,check_mapping_org}'::text[]),
        ('public.activity', '{check_config_org}'),
        ('public.org', '{secret_org}'),
        -- What is under way when its source is deleted is taken to its end, by its id; due_sources and take_turns let
        -- nothing new begin.
        ('public.source', '{accept_answers,answer_objects,answers_to_follow,claim_run_requests,count_windows,follow_answers,
          lease_requests,read_template,take_due_runs,due_request_count,missing_error,source_capacity,budget_error,recover,send_run,
          recover_run_requests}'),
        -- So are messages; lane_room and hold_due_messages let none go to what is deleted.
        ('public.webhook_endpoint', '{copy_messages,delivery_schedule,is_ordered,lease_deliveries,resend_messages}'),
        -- Names, in sentences about what was or is; figures of alerts, which deleted orgs have none of (check_alerts).
        ('public.source', '{activity_refusals,alert_figures,alert_queues,alert_runs,tell_alerts,explain_bad_runs,
          explain_open_requests,explain_open_runs,explain_run,explain_run_request,logger_keyless,object_values}'),
        ('public.org', '{explain_budget,logger_entries}'),
        ('public.webhook_endpoint', '{raise_endpoint_alerts,logger_unsent}'),
        -- What somebody tries by hand, with an id: nothing is sent.
        ('public.source', '{dry_run_activities,dry_run_requests,test_mapping_source}'),
        -- The keys of a deleted org are the service's alone (may_request): they hold its row, as a foreign key would.
        ('public.org', '{kv_set,kv_set_many,kv_compare_and_set,kv_refuse_org}'),
        -- Counters, budgets and settings of an org are right, and its rows are purged and erased, whether it is deleted or not.
        ('public.org', '{add_org_counts,settle_org_counts,recount_org,count_datapoints,trigger_count_datapoints,lock_free_orgs,
          hold_budgets,is_over_budget,mark_data_quality,is_ordered,queue_messages,check_caller_org,check_purge_arguments,
          lock_ended_requests,lock_resting_jobs,purge_alerts,purge_test_events,purge_uploads,purge_schema_changes,purge_summaries,
          purge_parts,expired_orgs,check_erasure,erase_org,erase_tenant,go_on_erasing}')
      ) as v (of_table, names) cross join lateral unnest(v.names) as e (name))
    order by 1),
  '{}', 'every function that reads such a table heeds deleted_at or the switch, or is known here');
select is(
  array(
    select c.oid::regclass::text
    from pg_class as c
    where c.relkind = 'v' and c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace)
      and not coalesce(c.reloptions && '{security_invoker=true,security_invoker=on}', false)),
  '{}', 'a view shows what its reader may see, which is nothing of a deleted org');

-- An org with work of every kind is deleted: whatever a table or a view showed its people, it shows nothing now.
select test_setup.set_up_people();
set etl.fake_now = '2100-01-01 00:00:00Z';
select test_setup.chain('{done.test}');
select test_setup.finish_chains();
select test_setup.chain('{open.test,second.test}');
create temporary table shown as
select n.nspname || '.' || c.relname as name, test_setup.as_user('olga', format(
  'select count(*) from %s as t where (to_jsonb(t) ->> ''org_id'')::uuid = test_setup.id(''org acme'')', n.nspname || '.' || c.relname)) as rows
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v') and n.nspname in ('public', 'etl_api')
  and has_table_privilege('authenticated', c.oid, 'select')
  and exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped);
select cmp_ok((select count(*) from shown as s where s.rows ~ '^\([1-9]'), '>=', 15::bigint, 'tables and views show its people something');
update public.org set deleted_at = utils.now() where id = test_setup.id('org acme');
select is(
  array(
    select s.name
    from shown as s
    where test_setup.as_user('olga', format(
      'select count(*) from %s as t where (to_jsonb(t) ->> ''org_id'')::uuid = test_setup.id(''org acme'')', s.name)) <> '(0)'),
  '{}', 'none of it once the org is deleted');
select is((select count(*) from etl_api.claim_run_requests('w', 10)), 0::bigint, 'nothing of it is claimed');
select test_setup.chain('{other.test}', 'org other');
select is((select count(*) from etl_api.claim_run_requests('w', 10) as c where c.org_id <> test_setup.id('org other')), 0::bigint,
  'nor when another has work');
set etl.fake_now = '2100-01-01 02:00:00Z';
select is((select count(*) from etl_api.stuck as s where s.org_id = test_setup.id('org acme')), 0::bigint, 'it is not stuck');
set etl.fake_now = '2100-01-01 00:10:00Z';
update public.org set deleted_at = null where id = test_setup.id('org acme');
select is((select count(*) from etl_api.claim_run_requests('w', 10) as c where c.org_id = test_setup.id('org acme')), 2::bigint,
  'when it is back, it goes on');

-- A deleted source.
update public.source set deleted_at = utils.now() where id = test_setup.id('AlgOps API Client');
select is((select enabled from public.source where id = test_setup.id('AlgOps API Client')), false, 'a deleted source is off');
select throws_ok(format('update public.source set enabled = true where id = %L', test_setup.id('AlgOps API Client')), 'ETL07',
  format('source %s was deleted at 2100-01-01 00:10:00+00: it cannot be switched on', test_setup.id('AlgOps API Client')), 'and stays so');
select is((select count(*) from etl_api.source_health where source = 'AlgOps API Client'), 0::bigint, 'it is in no list');
select is(etl_api.unknown_source_ids(test_setup.id('org acme'), array[test_setup.id('AlgOps API Client')]),
  array[test_setup.id('AlgOps API Client')], 'an activity that names it names nothing');
select lives_ok(format('update public.source set deleted_at = null, enabled = true where id = %L', test_setup.id('AlgOps API Client')),
  'and it can come back');

-- A deleted endpoint.
insert into public.webhook_endpoint (id, org_id, url) values (test_setup.id('hook'), test_setup.id('org acme'), 'https://client.test/hook');
update public.webhook_endpoint set deleted_at = utils.now() where id = test_setup.id('hook');
select is((select disabled_at from public.webhook_endpoint where id = test_setup.id('hook')), utils.now(), 'a deleted endpoint is disabled');
select throws_ok(format('update public.webhook_endpoint set disabled_at = null where id = %L', test_setup.id('hook')), 'ETL07', null, 'and stays so');

select * from finish();
