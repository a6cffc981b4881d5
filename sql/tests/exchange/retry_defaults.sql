-- Without a policy of its own a source is tried five times, 2 s after the first, spread by a fifth.
select plan(4);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
update source set retry_policy = '{}' where name = 'AlgOps API Client';
select test_setup.enrich(array(select n || '.test' from generate_series(1, 60) as n), '{"datapoints": ["industry"]}');
select is(test_setup.exchange('{}', 500), 60, 'sixty fail');
select ok(min(due_at) >= '2026-05-01 10:00:01.6Z' and max(due_at) <= '2026-05-01 10:00:02.4Z', 'each waits 2 s, more or less a fifth')
from run_request;
select cmp_ok(count(distinct due_at), '>', 40::bigint, 'they do not come back together') from run_request;
select ok(min(due_at) < '2026-05-01 10:00:02Z' and max(due_at) > '2026-05-01 10:00:02Z', 'some sooner, some later') from run_request;

select * from finish();
