-- An activity that is taken up again ends again: each end counts, what it brought counts with the last.
select plan(3);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2026-03-01 10:00:00Z';
select test_setup.enrich('{a.test}');
select test_setup.exchange('{"error": "no"}', 400);
select test_setup.exchange('{"error": "no"}', 400);
set etl.fake_now = '2026-03-01 11:00:00Z';
select etl_api.retry(a.id) from public.activity_request as a;
set etl.fake_now = '2026-03-01 11:00:20Z';
select test_setup.exchange('{"company": {"sector": "Anvils"}}');
select test_setup.exchange('{"company": {"sector": "Anvils"}}');

create function pg_temp.used() returns text
language sql
as $$
  select concat_ws(' ', requests, requests_failed, runs, runs_failed, objects, "values")
  from etl_api.org_usage_monthly where org_id = test_setup.id('org acme')
$$;
select is((select state::text from public.activity_request), 'done', 'it ended well at last');
select is(pg_temp.used(), '2 1 4 2 1 1', 'both ends are counted, one failed; its result once');

-- Deleted before it was rolled up: it counts all the same, but of what nobody knows any more.
delete from public.workflow_request;
select is(pg_temp.used(), '2 1 4 2 0 0', 'what was deleted since was used nevertheless');

select * from finish();
