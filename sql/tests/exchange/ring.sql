-- The bell rings at most once a transaction for each function, by pg_net where it is set up.
select plan(9);

-- pg_net as far as the bell knows it.
create schema net;
create table net.called (url text, body jsonb, params jsonb, headers jsonb, timeout_milliseconds int);
create function net.http_post(url text, body jsonb, params jsonb, headers jsonb, timeout_milliseconds int) returns bigint
language sql as $$
  insert into net.called values ($1, $2, $3, $4, $5);
  select 1::bigint
$$;

select throws_ok($$select etl_api.ring('something-else')$$, 'ETL04', 'no edge function is called ''something-else''', 'an unknown function');
select throws_ok($$select etl_api.ring(null)$$, 'ETL04', null, 'no function');

select lives_ok($$select etl_api.ring('deliver-webhooks')$$, 'without a URL the bell is NOTIFY');
select is((select count(*) from net.called), 0::bigint, 'and pg_net is left alone');

update etl_api.setting set value = '"https://project.test/functions/v1/"' where name = 'function_url';
select test_setup.setup_enrichment_test_data();
select test_setup.enrich(array(select n || '.test' from generate_series(1, 20) as n));
select test_setup.enrich('{a.test}');
select is((select array_agg(to_jsonb(c)) from net.called as c), array['{
  "url": "https://project.test/functions/v1/execute-runs",
  "body": {}, "params": {},
  "headers": {"content-type": "application/json", "authorization": "Bearer "},
  "timeout_milliseconds": 5000}']::jsonb[], 'two requests with many runs ring once, with no data');
select etl_api.ring('deliver-webhooks');
select is((select count(*) from net.called), 1::bigint, 'the other function was rung in this transaction already');

-- A ring that was rolled back did not ring; neither does the mark of another transaction count.
do $$
begin
  perform set_config('etl.rung', '', true);
  begin
    perform etl_api.ring('execute-runs');
    raise exception 'undo';
  exception when raise_exception then null;
  end;
end $$;
select is((select count(*) from net.called), 1::bigint, 'what is rolled back has not rung');
select etl_api.ring('execute-runs');
select is((select count(*) from net.called), 2::bigint, 'and is rung again');
select set_config('etl.rung', regexp_replace(current_setting('etl.rung'), '@\d+', '@1', 'g'), true) is not null;
select etl_api.ring('execute-runs');
select is((select count(*) from net.called), 3::bigint, 'a mark of another transaction does not count');

select * from finish();
