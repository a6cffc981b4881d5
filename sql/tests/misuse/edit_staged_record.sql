select plan(11);

select test_setup.set_up_misuse();
insert into public.tables (id, organization_id, name) values (test_setup.id('table'), test_setup.id('org acme'), 'leads');
insert into public.ai_generation_jobs (id, organization_id, table_id) values (test_setup.id('job'), test_setup.id('org acme'), test_setup.id('table'));
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no job', 'select etl_api.edit_staged_record(null, 0, ''{"a": 1}'')', null, 'service_role', 'ETL04 there is no generation job null | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (2, 'an unknown job', 'select etl_api.edit_staged_record(test_setup.id(''none''), 0, ''{"a": 1}'')', null, 'service_role', 'ETL04 there is no generation job … | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (3, 'no index', 'select etl_api.edit_staged_record(test_setup.id(''job''), null, ''{"a": 1}'')', null, 'service_role', 'ETL04 job … has no staged record null | Once it is in, it is a row of records.'),
    (4, 'an index that is not there', 'select etl_api.edit_staged_record(test_setup.id(''job''), 7, ''{"a": 1}'')', null, 'service_role', 'ETL04 job … has no staged record 7 | Once it is in, it is a row of records.'),
    (5, 'no patch', 'select etl_api.edit_staged_record(test_setup.id(''job''), 0, null)', null, 'service_role', 'ETL04 patch is null: it must be an object | Give {"field": value, …}; null takes a field out.'),
    (6, 'an array', 'select etl_api.edit_staged_record(test_setup.id(''job''), 0, ''[]'')', null, 'service_role', 'ETL04 patch is array: it must be an object | Give {"field": value, …}; null takes a field out.'),
    (7, 'a stranger', 'select etl_api.edit_staged_record(test_setup.id(''job''), 0, ''{"a": 1}'')', 'otto', 'authenticated', 'ETL04 there is no generation job … | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (8, 'a viewer', 'select etl_api.edit_staged_record(test_setup.id(''job''), 0, ''{"a": 1}'')', 'vera', 'authenticated', 'ETL06 your role in org … only reads | An owner, admin or member of the org can do this.'),
    (9, 'nobody signed in', 'select etl_api.edit_staged_record(test_setup.id(''job''), 0, ''{"a": 1}'')', null, 'authenticated', 'ETL04 there is no generation job … | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (10, 'anon', 'select etl_api.edit_staged_record(test_setup.id(''job''), 0, ''{"a": 1}'')', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed') from before;

select * from finish();
