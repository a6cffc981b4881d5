-- What an answer may bring: just as much is taken, a little more fails with a class and a sentence, and costs no other
-- answer of the same call.
select plan(15);
select test_setup.setup_enrichment_test_data();
delete from public.source where name = 'Company Register';
update public.source set retry_policy = '{"max_attempts": 3}';

-- Four requests; the one for bad.test gets the answer given, all others a plain one.
create function pg_temp.answered(bad jsonb) returns text language plpgsql as $$
declare
  run record;
  results jsonb := '[]';
  n int := (select count(*) from public.workflow_request);
begin
  perform test_setup.chain(array[n || '-' || g || '.test']) from generate_series(1, 4) as g;
  for run in select c.*, row_number() over (order by c.run_request_id) as place from etl_api.claim_run_requests('w', 100) as c loop
    results := results || jsonb_build_object('run_request_id', run.run_request_id, 'lease_token', run.lease_token, 'status', 200,
      'body', case when run.request ->> 'url' like '%-2.test' then bad else '{"company": {"sector": "Anvils"}}' end);
  end loop;
  perform etl_api.complete_run_requests(results);
  return (
    select string_agg(s.said, ', ' order by s.said)
    from (
      select coalesce(r.state_substate, r.state::text) || ' ' || count(*) as said
      from jsonb_array_elements(results) as e
      join public.run_request as r on r.id = (e ->> 'run_request_id')::uuid
      group by coalesce(r.state_substate, r.state::text)
    ) as s);
end
$$;
create function pg_temp.message() returns text language sql as $$
  select error ->> 'message' from public.run_request where state = 'failed' order by finished_at desc, id desc limit 1
$$;

-- Its size.
update etl_api.setting set value = '2000' where name = 'max_answer_bytes';
create function pg_temp.of_bytes(bytes int) returns jsonb language sql as $$
  select jsonb_build_object('company', '{"sector": "Toys"}'::jsonb, 'x', repeat('x', bytes - octet_length('{"x": "", "company": {"sector": "Toys"}}')))
$$;
select is(octet_length(pg_temp.of_bytes(2000)::text), 2000, 'an answer of 2,000 bytes');
select is(pg_temp.answered(pg_temp.of_bytes(2000)), 'done 4', 'is taken');
select is(pg_temp.answered(pg_temp.of_bytes(2001)), 'done 3, too_large 1', 'one of 2,001 is not, and costs no other');
select is(pg_temp.message(),
  'AlgOps API Client answered with 2001 bytes; 2000 is the most. Ask for less at once, or have the operator raise the setting max_answer_bytes.', 'and says so');
select is((select count(*) from public.run_response where body is null), 1::bigint, 'it is not kept either');
update etl_api.setting set value = '10000000' where name = 'max_answer_bytes';

-- Objects in it.
update etl_api.setting set value = '1000' where name = 'max_matches';
create function pg_temp.of_objects(n int) returns jsonb language sql as $$
  select jsonb_build_object('company', (select jsonb_agg(jsonb_build_object('domain', 'x', 'sector', 'Toys')) from generate_series(1, n)))
$$;
select is(pg_temp.answered(pg_temp.of_objects(1000)), 'done 4', 'an answer with 1,000 objects is taken');
select is(pg_temp.answered(pg_temp.of_objects(1001)), 'done 3, too_many_matches 1', 'one with 1,001 is not');
select is(pg_temp.message(),
  'The answer holds 1001 objects; 1000 is the most. Ask for less at once: a page size in the template, or have the operator raise the setting max_matches.', 'and says so');

-- Places that the path of a value finds.
update public.datapoint_source set key_mapping_json = '["**", "tag"]' where datapoint_id = test_setup.id('company.industry');
create function pg_temp.of_tags(n int) returns jsonb language sql as $$
  select jsonb_build_object('company', jsonb_build_object('tags', (select jsonb_agg(jsonb_build_object('tag', g)) from generate_series(1, n) as g)))
$$;
select is(pg_temp.answered(pg_temp.of_tags(1000)) ~ 'too_many', false, '"**" may find 1,000 places');
select matches(pg_temp.answered(pg_temp.of_tags(1001)), 'too_many_matches 1', 'not 1,001');
select matches(pg_temp.message(), '^The path \["\*\*", "tag"\] finds more than 1000 places in one document; 1000 is the most\. Name more of the way', 'and says so');
-- All that is in a large answer.
update public.datapoint_source set key_mapping_json = '["**"]' where datapoint_id = test_setup.id('company.industry');
select matches(pg_temp.answered(jsonb_build_object('company', jsonb_build_object('tags', (select jsonb_agg('{}'::jsonb) from generate_series(1, 200000))))),
  'too_many_matches 1', 'nor does it walk through 200,000');
update public.datapoint_source set key_mapping_json = '"sector"' where datapoint_id = test_setup.id('company.industry');

-- Values for one object.
update etl_api.setting set value = '2' where name = 'max_values';
select is(pg_temp.answered('{"company": {"sector": "Toys", "staff": {"count": 3}}}'), 'done 4', 'an answer with two values for an object is taken');
update etl_api.setting set value = '1' where name = 'max_values';
select is(pg_temp.answered('{"company": {"sector": "Toys", "staff": {"count": 3}}}'), 'done 3, too_many_values 1', 'with one more than allowed it is not');
select is(pg_temp.message(),
  'The answer gives 2 values to one object; 1 is the most. Map fewer datapoints of this source, or have the operator raise the setting max_values.', 'and says so');

select * from finish();
