select plan(9);

select test_setup.setup_base_data();
create function pg_temp.write() returns text[] language plpgsql as $$
begin
  delete from etl_api.etl_log;
  perform etl_api.logger(l.level, 'state', 'x', null, o.id)
  from unnest('{debug,info,warn,error}'::text[]) as l (level), public.org as o
  where o.slug = 'acme-research';
  return (select array_agg(level order by id) from etl_api.etl_log);
end $$;

select is(pg_temp.write(), '{info,warn,error}', 'information and more by default');
update etl_api.setting set value = '"error"' where name = 'log_level';
select is(pg_temp.write(), '{error}', 'the operator wants errors only');
update public.org set settings = '{"log_level": "debug"}' where slug = 'acme-research';
select is(pg_temp.write(), '{debug,info,warn,error}', 'an org wants all');
update public.org set settings = '{"log_level": "warn"}' where slug = 'acme-research';
select is(pg_temp.write(), '{warn,error}', 'or warnings');
update etl_api.setting set value = '"nonsense"' where name = 'log_level';
update public.org set settings = '{}';
select is(pg_temp.write(), '{info,warn,error}', 'a setting that is none counts as info');

update etl_api.setting set value = '"warn"' where name = 'log_level';
delete from etl_api.etl_log;
select etl_api.logger('info', 'state', 'of nobody');
select etl_api.logger('warn', 'state', 'of nobody');
select is((select count(*) from etl_api.etl_log), 1::bigint, 'what no org is concerned with follows the setting');

-- The trace.
create temporary table row as select test_setup.make('workflow_request') as id from test_setup.only_guard();
select etl_api.logger('warn', 'state', 'of a row', null, null, 'workflow_request', id) from row;
select etl_api.logger('warn', 'state', 'of a row', '{}', null, 'run_queue', test_setup.make('run_queue'));
select results_eq($$select org_id, trace_id, context from etl_api.etl_log where message = 'of a row' order by id$$,
  $$select test_setup.id('org acme'), id, null::jsonb from row union all select test_setup.id('org acme'), test_setup.id('workflow'), null$$,
  'an entry about a row has its org and its request');
select lives_ok($$select etl_api.logger('warn', 'state', 'gone', null, null, 'delivery', gen_random_uuid())$$, 'a row that is not there');
select is((select count(*) from etl_api.etl_log where message = 'gone' and entity_id is not null and trace_id is null), 1::bigint, 'is named all the same');

select * from finish();
