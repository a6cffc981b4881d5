-- What tenants used per month: the same before it is rolled up, halfway, and after.
select plan(18);

select test_setup.setup_enrichment_test_data();
update public.source set cost_per_run = 0.25 where id = test_setup.id('AlgOps API Client');
insert into test_setup.reply (source, request, status, body)
values
  ('AlgOps API Client', '{}', 200, '{"company": {"sector": "Anvils", "staff": {"count": 7}}}'),
  ('Company Register', '{"query": {"domain": "a.test"}}', 200, '{"result": {"entries": [{"website": "a.test", "capital": {"raised": 5}}]}}'),
  ('Company Register', '{}', 200, '{"result": {"entries": []}}');

set etl.fake_now = '2026-01-31 23:59:00Z';
select test_setup.enrich('{a.test,b.test}');
select test_setup.serve();

-- Begun in January, ended in February: it counts there. Everything it asks is refused, so it fails.
select test_setup.enrich('{bad.test}');
set etl.fake_now = '2026-02-01 00:00:30Z';
select test_setup.exchange('{"error": "no"}', 400);
select test_setup.exchange('{"error": "no"}', 400);
set etl.fake_now = '2026-04-15 12:00:00Z';
select is(
  array(select a.state::text from public.activity_request as a order by a.created_at, a.id), '{done,failed}', 'one ended well, one did not');

update public.org set free_objects = 10, next_charge = '2026-05-01' where id = test_setup.id('org acme');
insert into etl_api.org_count_delta (org_id, free_objects) values (test_setup.id('org acme'), 4);

create function pg_temp.figures() returns setof text
language sql
as $$
  select concat_ws(' ', 'month', to_char(month, 'MM'), requests, requests_failed, runs, runs_failed, http_requests, http_failed,
    objects, "values", refused, cost)
  from etl_api.org_usage_monthly where org_id = test_setup.id('org acme')
  union all
  select concat_ws(' ', 'volume', to_char(month, 'MM'), activity_type, requests, requests_failed, objects, "values")
  from etl_api.chart_request_volume
  union all
  select concat_ws(' ', 'source', to_char(month, 'MM'), source, runs, runs_failed, http_requests, http_failed, coalesce(share::text, '-'), cost)
  from etl_api.chart_source_usage
  union all
  select concat_ws(' ', 'activity', to_char(month, 'MM'), activity, requests, requests_failed, coalesce(success_share::text, '-'),
    coalesce(mean_seconds::text, '-'), objects, "values")
  from etl_api.chart_activity_performance
  union all
  select concat_ws(' ', 'cost', to_char(month, 'MM'), source, http_requests, cost)
  from etl_api.chart_cost
  order by 1
$$;
create temporary table expected as
select unnest(array[
  'activity 01 Enrich companies 1 0 1.0000 0.000 2 5',
  'activity 02 Enrich companies 1 1 0.0000 90.000 1 0',
  'activity 03 Enrich companies 0 0 - - 0 0',
  'activity 04 Enrich companies 0 0 - - 0 0',
  'cost 01 AlgOps API Client 2 0.50',
  'cost 01 Company Register 2 0',
  'cost 02 AlgOps API Client 1 0.25',
  'cost 02 Company Register 1 0',
  'cost 03 AlgOps API Client 0 0',
  'cost 03 Company Register 0 0',
  'cost 04 AlgOps API Client 0 0',
  'cost 04 Company Register 0 0',
  'month 01 1 0 4 0 4 0 2 5 0 0.50',
  'month 02 1 1 2 2 2 2 1 0 0 0.25',
  'month 03 0 0 0 0 0 0 0 0 0 0',
  'month 04 0 0 0 0 0 0 0 0 0 0',
  'source 01 AlgOps API Client 2 0 2 0 0.5000 0.50',
  'source 01 Company Register 2 0 2 0 0.5000 0',
  'source 02 AlgOps API Client 1 1 1 1 0.5000 0.25',
  'source 02 Company Register 1 1 1 1 0.5000 0',
  'source 03 AlgOps API Client 0 0 0 0 - 0',
  'source 03 Company Register 0 0 0 0 - 0',
  'source 04 AlgOps API Client 0 0 0 0 - 0',
  'source 04 Company Register 0 0 0 0 - 0',
  'volume 01 enrichment 1 0 2 5',
  'volume 02 enrichment 1 1 1 0',
  'volume 03 enrichment 0 0 0 0',
  'volume 04 enrichment 0 0 0 0']) as line;

select results_eq('select pg_temp.figures()', 'select line from expected order by 1', 'each month has its figures, without holes');
select results_eq(
  $$select distinct free_objects, next_charge from etl_api.org_usage_monthly where org_id = test_setup.id('org acme')$$,
  $$values (6::bigint, '2026-05-01'::timestamptz)$$, 'with what is left of the free tier and the next charge');
update public.org set free_objects = 3 where id = test_setup.id('org acme');
select is((select distinct free_objects from etl_api.org_usage_monthly where org_id = test_setup.id('org acme')), 0::bigint, 'never below none');
update public.org set free_objects = null where id = test_setup.id('org acme');
select is((select count(free_objects) from etl_api.org_usage_monthly where org_id = test_setup.id('org acme')), 0::bigint, 'null where nothing limits it');
select results_eq(
  $$select month, requests, cost from etl_api.org_usage_monthly where org_id = test_setup.id('org other')$$,
  $$values ('2026-04-01'::date, 0::bigint, 0::numeric)$$, 'an org that used nothing has this month');

-- All of this is one transaction, which the roll-up cannot cut in two: give its steps two numbers.
update etl_api.state_step set xid = case when at < '2026-02-01' then 100 else 200 end;
update etl_api.roll_up_mark set next_xid = 100;
select cmp_ok(etl_api.roll_up_usage(100, 200), '>', 0, 'January is rolled up');
update etl_api.roll_up_mark set next_xid = 200;
select isnt_empty($$select 1 from etl_api.usage_day where day = '2026-01-31'$$, 'into the summary');
select is_empty($$select 1 from etl_api.usage_day where day > '2026-01-31'$$, 'and nothing else');
select results_eq('select pg_temp.figures()', 'select line from expected order by 1', 'the figures are the same: summary and tail');
select cmp_ok(etl_api.roll_up_usage(200, 300), '>', 0, 'the rest is rolled up');
update etl_api.roll_up_mark set next_xid = 300;
select results_eq('select pg_temp.figures()', 'select line from expected order by 1', 'the figures are the same: summary alone');
select is(etl_api.roll_up_usage(300, 400), 0, 'nothing new: nothing is added');
select results_eq(
  'select org_id, sum(requests), sum(runs), sum(http_requests), sum("values"), sum(cost) from etl_api.usage group by 1',
  'select org_id, sum(requests), sum(runs), sum(http_requests), sum("values"), sum(cost) from etl_api.usage_by_month group by 1',
  'by day it comes to the same');

-- More of the same day is added to its row.
update etl_api.roll_up_mark set next_xid = 200;
create temporary table once as select * from etl_api.usage_day where day > '2026-01-31';
select etl_api.roll_up_usage(200, 300);
select is_empty(
  $$select 1 from once as o join etl_api.usage_day as d using (org_id, day)
    where (d.activity_id, coalesce(d.source_id, d.org_id)) = (o.activity_id, coalesce(o.source_id, o.org_id))
      and (d.requests, d.requests_failed, d.request_seconds, d.runs, d.runs_failed, d.http_requests, d.http_failed, d.objects, d.cost)
        is distinct from (o.requests * 2, o.requests_failed * 2, o.request_seconds * 2, o.runs * 2, o.runs_failed * 2,
          o.http_requests * 2, o.http_failed * 2, o.objects * 2, o.cost * 2)$$, 'what comes later on a day is added');
update etl_api.roll_up_mark set next_xid = 300;

-- Row-level security of the reader.
insert into public.org_member (org_id, user_id, role)
values (test_setup.id('org other'), '00000000-0000-0000-0000-0000000000ff', 'owner');
select set_config('request.jwt.claims', '{"sub": "00000000-0000-0000-0000-0000000000ff", "role": "authenticated"}', true);
set local role authenticated;
select is(
  (select count(*) from etl_api.chart_cost) + (select count(*) from etl_api.chart_source_usage)
    + (select count(*) from etl_api.chart_activity_performance) + (select count(*) from etl_api.chart_request_volume)
    + (select count(*) from etl_api.usage) + (select count(*) from etl_api.usage_by_month), 0::bigint, 'a member of another org sees nothing of it');
select is((select array_agg(org_id) from etl_api.org_usage_monthly), array[test_setup.id('org other')], 'only the own org');
set local role anon;
select throws_ok('select * from etl_api.org_usage_monthly', '42501', null, 'an anonymous caller sees nothing');
reset role;

select * from finish();
