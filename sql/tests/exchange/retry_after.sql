-- A source that says when to come back is asked no sooner, whatever the back-off.
select plan(6);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
create temp table given (domain text, header text, due text);
insert into given
values
  ('seconds.test', '120', '2026-05-01 10:02:00Z'),
  ('date.test', 'Fri, 01 May 2026 10:10:00 GMT', '2026-05-01 10:10:00Z'),
  ('past.test', 'Fri, 01 May 2026 09:00:00 GMT', '2026-05-01 10:00:02Z'),
  ('zero.test', '0', '2026-05-01 10:00:02Z'),
  ('noise.test', 'soon', '2026-05-01 10:00:02Z');
select test_setup.enrich(array(select domain from given), '{"datapoints": ["industry"]}');
select test_setup.answer(c.run_request_id, '{}', 429, jsonb_build_object('retry-after', g.header)) is not null
from test_setup.claim() as c join given as g on c.request ->> 'url' like '%/' || g.domain;
select is(r.due_at, g.due::timestamptz, g.header)
from given as g
join run_request as r on r.request ->> 'url' like '%/' || g.domain
order by g.header;
select is((select array_agg(distinct error ->> 'code') from run_request), '{rate_limited}', '429 is a rate limit');

select * from finish();
