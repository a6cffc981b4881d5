-- A message that makes the engine raise when it is claimed does not keep others waiting.
select plan(13);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
create temp table fault (url text, errcode text);
create function pg_temp.refuse() returns trigger language plpgsql as $$
declare
  bad record;
begin
  select * into bad from pg_temp.fault as f where f.url = new.url and new.state = 'in_progress';
  if found then
    raise exception using errcode = bad.errcode, message = 'it cannot be sent';
  end if;
  return new;
end $$;
create trigger faulty before update on delivery for each row execute function pg_temp.refuse();
select test_setup.enrich('{}', '{}', jsonb_build_object('url', 'https://client.test/' || n)) from generate_series(1, 5) as n;
insert into fault values ('https://client.test/2', '40P01');

select throws_ok($$select * from etl_api.claim_deliveries('one', 10)$$, '40P01', 'it cannot be sent',
  'what is not the message''s doing fails the whole claim, to be tried again');
update fault set errcode = '22003';
create temp table claimed as select * from etl_api.claim_deliveries('one', 10);
select is((select array_agg(url || ' ' || attempt order by url) from claimed), array[
  'https://client.test/1 1', 'https://client.test/3 1', 'https://client.test/4 1', 'https://client.test/5 1'],
  'all others are claimed, by the same call, each once');
select is((select array_agg(state || coalesce(':' || state_substate, '') order by url) from delivery),
  '{in_progress,failed:internal_error,in_progress,in_progress,in_progress}', 'the bad one has failed');
select is((select error from delivery where state = 'failed'),
  '{"code": "internal_error", "message": "The engine could not send it: it cannot be sent (22003)."}', 'it says why');
select is((select array_agg(jsonb_build_array(level, station, message, context)) from etl_api.etl_log),
  array['["error", "delivery", "A message could not be sent.", {"message": "it cannot be sent", "sqlstate": "22003"}]'::jsonb], 'the log has the cause, once');
select is((select array_agg(test_setup.history(id)) from delivery where state = 'failed'),
  (select array['{new,valid,ready,in_progress,failed:internal_error}'::text[]]), 'by legal steps');
select is((select array_agg(state || coalesce(':' || state_substate, '') order by data #>> '{data,enrich,destination,webhook,url}') from workflow_request),
  '{done,done:delivery_failed,done,done,done}', 'its request tells that it was not delivered');
select etl_api.complete_deliveries(jsonb_agg(jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token, 'status', 200))) from claimed;
select is((select array_agg(state order by url) from delivery), '{delivered,failed,delivered,delivered,delivered}', 'the others arrive');
delete from fault;
select etl_api.redeliver(id) from delivery where state = 'failed';
select is(test_setup.deliver(), 1, 'once the cause is gone it is delivered again');

-- One that cannot even be ended.
create or replace function pg_temp.refuse() returns trigger language plpgsql as $$
begin
  if new.url = 'https://client.test/cursed' then
    raise exception 'this row is cursed';
  end if;
  return new;
end $$;
delete from etl_api.etl_log;
select test_setup.enrich('{}', '{}', '{"url": "https://client.test/cursed"}');
select test_setup.enrich('{}', '{}', '{"url": "https://client.test/good"}');
select is(test_setup.deliver(), 1, 'the other arrives');
select is((select state::text from delivery where url = 'https://client.test/cursed'), 'ready', 'it stays as it is');
select is(test_setup.deliver(), 0, 'it is met again');
select is((select array_agg(message || ' ' || (context ->> 'message')) from etl_api.etl_log where level = 'error'),
  '{"A message could be neither sent nor ended. this row is cursed"}', 'the log says so once');

select * from finish();
