select plan(10);

select test_setup.set_up_misuse();
insert into public.tables (id, organization_id, name) values (test_setup.id('table'), test_setup.id('org acme'), 'leads');
insert into public.ai_generation_jobs (id, organization_id, table_id) values (test_setup.id('job'), test_setup.id('org acme'), test_setup.id('table'));
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no job', 'select etl_api.select_staged_records(null, ''{0}'', true)', null, 'service_role', 'ETL04 there is no generation job null | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (2, 'an unknown job', 'select etl_api.select_staged_records(test_setup.id(''none''), ''{0}'', true)', null, 'service_role', 'ETL04 there is no generation job … | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (3, 'no indices', 'select etl_api.select_staged_records(test_setup.id(''job''), null, true)', null, 'service_role', '(0)'),
    (4, 'indices that are not there', 'select etl_api.select_staged_records(test_setup.id(''job''), ''{5,-1}'', true)', null, 'service_role', '(0)'),
    (5, 'neither yes nor no', 'select etl_api.select_staged_records(test_setup.id(''job''), ''{0}'', null)', null, 'service_role', '(0)'),
    (6, 'a stranger', 'select etl_api.select_staged_records(test_setup.id(''job''), ''{0}'', true)', 'otto', 'authenticated', 'ETL04 there is no generation job … | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (7, 'a viewer', 'select etl_api.select_staged_records(test_setup.id(''job''), ''{0}'', true)', 'vera', 'authenticated', 'ETL06 your role in org … only reads | An owner, admin or member of the org can do this.'),
    (8, 'nobody signed in', 'select etl_api.select_staged_records(test_setup.id(''job''), ''{0}'', true)', null, 'authenticated', 'ETL04 there is no generation job … | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (9, 'anon', 'select etl_api.select_staged_records(test_setup.id(''job''), ''{0}'', true)', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed') from before;

select * from finish();
