select plan(7);

select test_setup.set_up_misuse();
insert into public.tables (id, organization_id, name) values (test_setup.id('table'), test_setup.id('org acme'), 'leads');
insert into public.ai_generation_jobs (id, organization_id, table_id) values (test_setup.id('job'), test_setup.id('org acme'), test_setup.id('table'));
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no job', 'select etl_api.discard_staged_records(null)', null, 'service_role', 'ETL04 there is no generation job null | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (2, 'an unknown job', 'select etl_api.discard_staged_records(test_setup.id(''none''))', null, 'service_role', 'ETL04 there is no generation job … | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (3, 'a stranger', 'select etl_api.discard_staged_records(test_setup.id(''job''))', 'otto', 'authenticated', 'ETL04 there is no generation job … | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (4, 'a viewer', 'select etl_api.discard_staged_records(test_setup.id(''job''))', 'vera', 'authenticated', 'ETL06 your role in org … only reads | An owner, admin or member of the org can do this.'),
    (5, 'nobody signed in', 'select etl_api.discard_staged_records(test_setup.id(''job''))', null, 'authenticated', 'ETL04 there is no generation job … | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (6, 'anon', 'select etl_api.discard_staged_records(test_setup.id(''job''))', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed') from before;

select * from finish();
