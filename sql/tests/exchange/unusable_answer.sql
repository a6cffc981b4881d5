-- An answer that makes the engine raise ends its own request only.
select plan(8);

select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{a.test,b.test,c.test,d.test,e.test}', '{"datapoints": ["industry"]}');
create function pg_temp.refuse() returns trigger language plpgsql as $$
begin
  if new.value = '"poison"' then
    raise exception 'this value cannot be stored' using errcode = '22023';
  elsif new.value = '"deadlock"' then
    raise exception 'deadlock detected' using errcode = '40P01';
  end if;
  return new;
end $$;
create trigger poison before insert on value for each row execute function pg_temp.refuse();

create temp table claimed as select *, row_number() over () as n from etl_api.claim_run_requests('one', 10);
create temp table given as select jsonb_agg(jsonb_build_object('run_request_id', run_request_id, 'lease_token', lease_token, 'status', 200,
  'body', jsonb_build_object('company', jsonb_build_object('sector', case n when 3 then 'poison' else 'toys' end)))) as results from claimed;
select throws_ok(
  format('select * from etl_api.complete_run_requests(%L)', replace(results::text, 'poison', 'deadlock')), '40P01', 'deadlock detected',
  'what is not the answer''s doing fails the whole call, to be tried again') from given;
select is((select count(*) from run_request where state = 'in_progress'), 5::bigint, 'nothing was changed by it');
select is((select array_agg(c.accepted) from given cross join lateral etl_api.complete_run_requests(results) as c), '{t,t,t,t,t}', 'all five are taken');
select is(test_setup.states(), array['workflow_request done:partial 1', 'activity_request enrich done:partial 1',
  'run_queue done 4', 'run_queue failed:internal_error 1', 'run_request done 4', 'run_request failed:internal_error 1'],
  'four are done, one could not be used');
select is((select error ->> 'message' from run_request where state = 'failed'), 'The engine could not use the answer: this value cannot be stored (22023).', 'it says why');
select is((select body from run_response join run_request on id = run_request_id where state = 'failed'), '{"company": {"sector": "poison"}}', 'the answer is kept');
select is((select count(*) from etl_api.etl_log where level = 'error' and entity_id = (select id from run_request where state = 'failed') and context ->> 'sqlstate' = '22023'),
  1::bigint, 'the log has the cause');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();
