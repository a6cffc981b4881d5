-- Whatever id is given, it is one of the caller's own, or it is none.
select plan(15);

select test_setup.set_up_misuse();
-- One row of each table; of requests, activities and runs one that is under way.
create function pg_temp.one(entity text) returns uuid language plpgsql as $$
declare id uuid;
begin
  execute format('select id from public.%I order by state not in (''in_progress'', ''waiting''), id limit 1', entity) into id;
  return id;
end $$;
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'null', 'select etl_api.trace(null)', null, 'none', 'ETL04 no such request: null | Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.'),
    (2, 'null, by a member', 'select etl_api.trace(null)', 'mia', 'authenticated', 'ETL04 no such request: null | Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.'),
    (3, 'no uuid', 'select etl_api.trace(''nonsense'')', 'mia', 'authenticated', '22P02 invalid input syntax for type uuid: "nonsense"'),
    (4, '20 MB of it', 'select etl_api.trace(repeat(''a'', 20000000)::uuid)', 'mia', 'authenticated',
      '22P02 invalid input syntax for type uuid: "' || repeat('a', 20000000) || '"'),
    (5, 'an unknown id', format('select etl_api.trace(%L)', test_setup.id('none')), null, 'service_role', 'ETL04 no such request: … | Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.'),
    (6, 'the id of something else', format('select etl_api.trace(%L)', test_setup.id('AlgOps API Client')), null, 'none', 'ETL04 no such request: … | Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.'),
    (7, 'another org''s request', format('select etl_api.trace(%L)', pg_temp.one('workflow_request')), 'otto', 'authenticated', 'ETL04 no such request: … | Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.'),
    (8, 'another org''s activity', format('select etl_api.trace(%L)', pg_temp.one('activity_request')), 'otto', 'authenticated', 'ETL04 no such request: … | Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.'),
    (9, 'another org''s run', format('select etl_api.trace(%L)', pg_temp.one('run_queue')), 'otto', 'authenticated', 'ETL04 no such request: … | Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.'),
    (10, 'another org''s HTTP request', format('select etl_api.trace(%L)', pg_temp.one('run_request')), 'otto', 'authenticated', 'ETL04 no such request: … | Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.'),
    (11, 'another org''s message', format('select etl_api.trace(%L)', pg_temp.one('delivery')), 'otto', 'authenticated', 'ETL04 no such request: … | Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.'),
    (12, 'nobody signed in', format('select etl_api.trace(%L)', pg_temp.one('delivery')), null, 'authenticated', 'ETL04 no such request: … | Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.'),
    (13, 'anon', format('select etl_api.trace(%L)', pg_temp.one('delivery')), null, 'anon', '42501 permission denied for schema etl_api'),
    (20, 'a viewer', 'select 1 from etl_api.trace(' || quote_literal(pg_temp.one('workflow_request')) || ') limit 1', 'vera', 'authenticated', '(1)')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed') from before;

select * from finish();
