select plan(5);

set etl.fake_now = '2030-01-01 00:00:00Z';
select lives_ok($$select etl_api.logger('warn', 'exchange', 'odd', '{"n": 1}', md5('o')::uuid, 'run_queue', md5('r')::uuid)$$, 'an entry');
select results_eq(
  'select at, level, station, message, org_id, entity, entity_id, context from etl_api.etl_log where message = ''odd''',
  $$values ('2030-01-01 00:00:00Z'::timestamptz, 'warn', 'exchange', 'odd', md5('o')::uuid, 'run_queue'::etl_api.entity_kind, md5('r')::uuid, '{"n": 1}'::jsonb)$$,
  'as it was given');
select throws_ok($$select etl_api.logger('loud', 'exchange', 'odd')$$, '23514', null, 'only known levels');
select is(etl_api.setting_value('run_timeout_seconds'), '3600', 'a setting');
select is(etl_api.setting_value('no such setting'), null, 'no setting');

select * from finish();
