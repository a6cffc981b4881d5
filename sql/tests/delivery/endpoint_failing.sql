-- An endpoint that takes nothing for five days is disabled, its tenant told, and what was for it goes on when it is in use
-- again.
select plan(18);

set etl.fake_now = '2026-05-01 10:00:00Z';
set timezone = 'UTC';
select test_setup.setup_enrichment_test_data();
insert into webhook_endpoint (id, org_id, url, event_types)
values
  (test_setup.id('bad'), test_setup.id('org acme'), 'https://bad.test/hook', null),
  (test_setup.id('good'), test_setup.id('org acme'), 'https://good.test/hook', '{alert.raised,alert.resolved}'),
  (test_setup.id('deaf'), test_setup.id('org acme'), 'https://deaf.test/hook', '{activity_request.done}'),
  (test_setup.id('stranger'), test_setup.id('org other'), 'https://stranger.test/hook', null);
insert into webhook_endpoint (org_id, url, disabled_at) values (test_setup.id('org acme'), 'https://off.test/hook', now());
create function pg_temp.marks(endpoint text default 'bad') returns text language sql as $$
  select concat_ws(' ', coalesce(failing_since::text, '-'), coalesce(disabled_at::text, '-'), coalesce(disabled_reason, '-'))
  from webhook_endpoint where id = test_setup.id(endpoint)
$$;
create function pg_temp.client_says(status int) returns bigint language sql as $$
  select count(*)
  from (select jsonb_agg(to_jsonb(d)) as claimed from etl_api.claim_deliveries('one', 10) as d) as c
  cross join lateral jsonb_to_recordset(claimed) as d (delivery_id uuid, lease_token uuid, url text)
  cross join lateral etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object(
    'delivery_id', d.delivery_id, 'lease_token', d.lease_token, 'status', case when d.url ~ 'bad' then status else 200 end))) as done
  where done.accepted
$$;

select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('bad')));
select pg_temp.client_says(200);
select is(pg_temp.marks(), '- - -', 'well');
select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('bad')));
select pg_temp.client_says(500);
select is(pg_temp.marks(), '2026-05-01 10:00:00+00 - -', 'the first failure is noted');
set etl.fake_now = '2026-05-01 10:01:00Z';
select pg_temp.client_says(500);
select is(pg_temp.marks(), '2026-05-01 10:00:00+00 - -', 'the next one changes nothing');
set etl.fake_now = '2026-05-01 11:00:00Z';
select pg_temp.client_says(200);
select is(pg_temp.marks(), '- - -', 'a success is the end of it');

select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('bad')));
select pg_temp.client_says(500);
set etl.fake_now = '2026-05-06 10:59:00Z';
select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('bad')));
select is(pg_temp.client_says(503), 1::bigint, 'a minute before five days are over');
select is(pg_temp.marks(), '2026-05-01 11:00:00+00 - -', 'it is in use');
set etl.fake_now = '2026-05-06 11:00:00Z';
select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('bad')));
select is(pg_temp.client_says(503), 1::bigint, 'then');
select is(pg_temp.marks(), '2026-05-01 11:00:00+00 2026-05-06 11:00:00+00 failing', 'it is disabled');
select is((select array_agg(distinct concat_ws(':', state, state_substate)) from delivery where endpoint_id = test_setup.id('bad') and state <> 'delivered'),
  '{waiting:endpoint_disabled}', 'its messages wait');
select results_eq(
  $$select kind, endpoint_id, message, value, threshold, resolved_at is null from etl_api.alert$$,
  $$values ('endpoint_disabled', test_setup.id('bad'),
    'The webhook endpoint at bad.test was disabled: it has taken no message since 2026-05-01 11:00 UTC.', 5.0000, 5::numeric, true)$$,
  'an alert is raised');
select is((select array_agg(level || ' ' || message order by id) from etl_api.etl_log where level = 'warn' and station in ('alerts', 'delivery') and message !~ 'HTTP'),
  '{"warn The webhook endpoint at bad.test was disabled: it has taken no message since 2026-05-01 11:00 UTC.","warn A webhook endpoint was disabled: no message goes there until its disabled_at is null again."}',
  'the log tells');
select is((select array_agg(url || ' ' || event_type) from delivery where alert_id is not null), '{"https://good.test/hook alert.raised"}',
  'its tenant is told, where it wants to be');
select is(pg_temp.client_says(200), 1::bigint, 'and hears');
select is(
  array(select e from (select id from delivery where endpoint_id = test_setup.id('bad') and state = 'waiting' order by created_at desc limit 1) as d, etl_api.explain(d.id) as e where e ~ '^Its'),
  '{"Its endpoint is disabled, for it had taken no message since 2026-05-01 11:00:00 UTC: set webhook_endpoint.disabled_at to null before it is sent again."}',
  'explain says why');

update webhook_endpoint set disabled_at = null where id = test_setup.id('bad');
select is(pg_temp.marks(), '- - -', 'put to use again, it begins anew');
select is((select array_agg(resolved_at) from etl_api.alert), array[utils.now()], 'the alert is over');
set etl.fake_now = '2026-05-06 12:00:00Z';
select is(pg_temp.client_says(200), 4::bigint, 'what waited goes, and so does the news');
select is((select array_agg(distinct state::text) from delivery), '{delivered}', 'nothing is lost');

select * from finish();
