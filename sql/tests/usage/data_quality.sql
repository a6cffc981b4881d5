-- Coverage, freshness, conflict and refusals per datapoint and source.
select plan(13);

select test_setup.setup_enrichment_test_data();
update public.datapoint_source set max_age = '10 days'
where source_id = test_setup.id('AlgOps API Client') and datapoint_id = test_setup.id('company.employees');
set etl.fake_now = '2026-03-20 12:00:00Z';

-- Eight companies. Of employees: AlgOps knows six of them, the register four; of three both speak, of one they disagree.
select etl_api.store_objects(
  array_agg(test_setup.id('org acme')), array_agg(test_setup.id('company')), array_agg(jsonb_build_object('domain', 'd' || n)))
from generate_series(1, 8) as n;
create function pg_temp.know(domain text, datapoint text, source text, value jsonb, age interval) returns void
language sql
as $$
  insert into public.value (org_id, object_id, datapoint_id, source_id, value, confidence, observed_at)
  select o.org_id, o.id, test_setup.id('company.' || datapoint), test_setup.id(source), value, 1, utils.now() - age
  from public.object as o where o.natural_key ->> 'domain' = domain
$$;
select pg_temp.know('d' || n, 'employees', 'AlgOps API Client', to_jsonb(n), n * interval '3 days') from generate_series(1, 6) as n;
select pg_temp.know('d' || n, 'employees', 'Company Register', v, interval '1 day')
from (values (4, '4.0'::jsonb), (5, '"5"'), (6, '600'), (7, '7')) as v (n, v);
select pg_temp.know('d1', 'industry', 'AlgOps API Client', '" Anvils"', '1 day'), pg_temp.know('d1', 'industry', null, '"anvils"', '40 days');

-- A guardrail refused two companies' values of the register.
select test_setup.enrich('{d1}');
insert into public.guardrail_refusal (org_id, activity_request_id, object_id, stage, datapoint_id, source_id, description)
select o.org_id, a.id, o.id, stage, test_setup.id('company.funding'), test_setup.id('Company Register'), 'Too much.'
from public.activity_request as a, public.object as o, (values ('after_result'), ('before_run')) as s (stage)
where o.natural_key ->> 'domain' in ('d2', 'd3') and (stage = 'after_result' or o.natural_key ->> 'domain' = 'd2');

select is_empty('select * from etl_api.data_quality', 'before it is measured there is nothing to see');
select cmp_ok(etl_api.measure_data_quality(test_setup.id('org acme')), '>', 0, 'it can be measured now');
prepare quality as
  select datapoint, source, objects, coverage, freshness, median_age, conflict, refused
  from etl_api.data_quality
  where datapoint in ('employees', 'industry', 'funding')
  order by datapoint, all_sources desc, source;
select results_eq('quality',
  $$values
    ('employees', 'all', 8::bigint, 0.8750, 1.0000, interval '1 day', 0.3333, 0::bigint),
    ('employees', 'AlgOps API Client', 8, 0.7500, 0.5000, '10 days 12 hours', 0.3333, 0),
    ('employees', 'Company Register', 8, 0.5000, 1.0000, '1 day', 0.3333, 0),
    ('funding', 'all', 8, 0.0000, null, null, null, 2),
    ('funding', 'Company Register', 8, 0.0000, null, null, null, 2),
    ('industry', 'all', 8, 0.1250, 1.0000, '1 day', 0.0000, 0),
    ('industry', 'AlgOps API Client', 8, 0.1250, 1.0000, '1 day', 0.0000, 0),
    ('industry', 'input', 8, 0.1250, 1.0000, '40 days', 0.0000, 0)$$,
  'shares of the objects, of the values and of what can be compared; case, blanks and the way a number is written are no conflict');
select results_eq(
  'select distinct sampled, measured_at, age from etl_api.data_quality',
  $$values (false, '2026-03-20 12:00:00Z'::timestamptz, interval '0')$$, 'how old the figures are stands beside them');

-- A sample where there is more than may be looked at.
select etl_api.measure_data_quality(test_setup.id('org acme'), 5);
select results_eq('select distinct sampled, objects from etl_api.data_quality', 'values (true, 5::bigint)', 'of more, a sample is looked at, and the figures say so');
select throws_ok($$select etl_api.measure_data_quality(null)$$, 'ETL04', 'there is no org null', 'an org is named');
select throws_ok($$select etl_api.measure_data_quality(test_setup.id('org acme'), 0)$$, 'ETL04', null, 'no object is no measurement');

-- The sweep measures who changed, at most once an hour.
delete from etl_api.data_quality_month;
delete from etl_api.data_quality_mark;
create function pg_temp.swept(at timestamptz) returns text
language plpgsql
as $$
begin
  perform set_config('etl.fake_now', at::text, true);
  perform etl_api.recover();
  return (select string_agg(o.slug || ' ' || to_char(m.measured_at at time zone 'UTC', 'HH24:MI'), ', ' order by o.slug)
    from etl_api.data_quality_mark as m join public.org as o on o.id = m.org_id);
end
$$;
select pg_temp.swept('2026-03-20 12:00:01Z');
select is(pg_temp.swept('2026-03-20 13:00:00Z'), 'acme-research 13:00', 'who has objects is measured, who has none is not');
select etl_api.store_objects(array[test_setup.id('org acme')], array[test_setup.id('company')], array['{"domain": "new"}'::jsonb]);
select is(pg_temp.swept('2026-03-20 13:59:00Z'), 'acme-research 13:00', 'not again within the hour');
select is(pg_temp.swept('2026-03-20 14:00:00Z'), 'acme-research 14:00', 'then again, since something has changed');
select is(pg_temp.swept('2026-03-25 14:00:00Z'), 'acme-research 14:00', 'and not while nothing does');

set etl.fake_now = '2026-05-02 12:00:00Z';
select results_eq(
  $$select month, coverage, measured_at from etl_api.chart_data_quality where datapoint = 'employees' order by month$$,
  $$select m::date, 0.7778, '2026-03-20 14:00:00Z'::timestamptz
    from generate_series('2026-03-01'::timestamp, '2026-05-01', '1 month') as m$$,
  'the chart has every month, with what was measured last');

insert into public.org_member (org_id, user_id, role)
values (test_setup.id('org other'), '00000000-0000-0000-0000-0000000000ff', 'owner');
select set_config('request.jwt.claims', '{"sub": "00000000-0000-0000-0000-0000000000ff", "role": "authenticated"}', true);
set local role authenticated;
select is(
  (select count(*) from etl_api.data_quality) + (select count(*) from etl_api.chart_data_quality), 0::bigint,
  'a member of another org sees nothing of it');
reset role;

select * from finish();
