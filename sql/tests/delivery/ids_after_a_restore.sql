-- A database that was restored to an earlier time does again what it had done since: its messages have the same ids.
select plan(7);
set etl.fake_now = '2026-05-01 10:00:00Z';
set timezone = 'UTC';

select test_setup.setup_enrichment_test_data();

-- What `work` leads to, in messages, after which nothing of it has happened.
create function pg_temp.told(work text) returns text[]
language plpgsql
as $$
declare
  messages text[];
begin
  begin
    execute work;
    select array_agg(event_type || ' ' || id order by event_type, created_at, id) into messages from delivery;
    raise exception using errcode = 'ETL99';
  exception when sqlstate 'ETL99' then
    return messages;
  end;
end
$$;
create function pg_temp.other(a text[], b text[]) returns boolean
language sql
return cardinality(a) = cardinality(b) and not exists (select unnest(a) intersect select unnest(b));

select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "a.test"}]}'::jsonb,
  'destination', '{"webhook": {"url": "https://client.test/all"}}'::jsonb,
  'data', jsonb_build_object(
    'one', jsonb_build_object('id', test_setup.id('enrich companies'), 'destination', '{"webhook": {"url": "https://client.test/a"}}'::jsonb),
    'two', jsonb_build_object('id', test_setup.id('enrich companies'), 'destination', '{"webhook": {"url": "https://client.test/a"}}'::jsonb))));

create temp table good as
select pg_temp.told($$select test_setup.exchange('{"companies": [{"domain": "a.test", "sector": "anvils", "staff": 3}]}')$$) as told;
set etl.fake_now = '2026-05-01 10:07:00Z';
select is(cardinality(told), 3, 'two activities and the whole request are told of') from good;
select is((select count(distinct m)::int from good, unnest(told) as m), 3, 'each under an id of its own');
select is(
  pg_temp.told($$select test_setup.exchange('{"companies": [{"domain": "a.test", "sector": "saws", "staff": 4}]}')$$), told,
  'done again, later and with another answer, the ids are the same') from good;
select ok(pg_temp.other(pg_temp.told($$select test_setup.exchange('{}', 400)$$), told), 'what ended another way has others') from good;

-- Failed, retried and failed again is told of twice.
create temp table twice as
select pg_temp.told($$
  select test_setup.exchange('{}', 400);
  select etl_api.retry(id) from workflow_request;
  select test_setup.exchange('{}', 400);
$$) as told;
select is(cardinality(told), 6, 'what failed twice is told of twice') from twice;
select is((select count(distinct m)::int from twice, unnest(told) as m), 6, 'under two ids');
select is(pg_temp.told($$
  select test_setup.exchange('{}', 400);
  select etl_api.retry(id) from workflow_request;
  select test_setup.exchange('{}', 400);
$$), told, 'which are the same again after a restore') from twice;

select * from finish();
