select plan(11);

select test_setup.set_up_misuse();
insert into public.tables (id, organization_id, name) values (test_setup.id('table'), test_setup.id('org acme'), 'leads');
insert into public.ai_generation_jobs (id, organization_id, table_id) values (test_setup.id('job'), test_setup.id('org acme'), test_setup.id('table'));
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no job', 'select etl_api.insert_generated_records(null, ''[{"name": "A"}]'', test_setup.id(''table''))', null, 'service_role', 'ETL04 there is no generation job null | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (2, 'an unknown job', 'select etl_api.insert_generated_records(test_setup.id(''none''), ''[{"name": "A"}]'', test_setup.id(''table''))', null, 'service_role', 'ETL04 there is no generation job … | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (3, 'no records', 'select etl_api.insert_generated_records(test_setup.id(''job''), null, test_setup.id(''table''))', null, 'service_role', 'ETL04 records is null: it must be an array | Give [{"name", "fields": [{"name", "value", "confidence", "source"}]}] or flat objects.'),
    (4, 'an object', 'select etl_api.insert_generated_records(test_setup.id(''job''), ''{}'', test_setup.id(''table''))', null, 'service_role', 'ETL04 records is object: it must be an array | Give [{"name", "fields": [{"name", "value", "confidence", "source"}]}] or flat objects.'),
    (5, 'no table', 'select etl_api.insert_generated_records(test_setup.id(''job''), ''[{"name": "A"}]'', null)', null, 'service_role', 'ETL04 there is no table null | Give the id of a row of tables.'),
    (6, 'another table', 'select etl_api.insert_generated_records(test_setup.id(''job''), ''[{"name": "A"}]'', test_setup.id(''none''))', null, 'service_role', 'ETL04 there is no table … | Give the id of a row of tables.'),
    (7, 'a stranger', 'select etl_api.insert_generated_records(test_setup.id(''job''), ''[{"name": "A"}]'', test_setup.id(''table''))', 'otto', 'authenticated', 'ETL04 there is no generation job … | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (8, 'a viewer', 'select etl_api.insert_generated_records(test_setup.id(''job''), ''[{"name": "A"}]'', test_setup.id(''table''))', 'vera', 'authenticated', 'ETL06 your role in org … only reads | An owner, admin or member of the org can do this.'),
    (9, 'nobody signed in', 'select etl_api.insert_generated_records(test_setup.id(''job''), ''[{"name": "A"}]'', test_setup.id(''table''))', null, 'authenticated', 'ETL04 there is no generation job … | Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.'),
    (10, 'anon', 'select etl_api.insert_generated_records(test_setup.id(''job''), ''[{"name": "A"}]'', test_setup.id(''table''))', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed') from before;

select * from finish();
