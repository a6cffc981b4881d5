select plan(10);

select test_setup.set_up_misuse();
insert into public.tables (id, organization_id, name) values (test_setup.id('table'), test_setup.id('org acme'), 'leads');
insert into public.ai_generation_jobs (id, organization_id, table_id) values (test_setup.id('job'), test_setup.id('org acme'), test_setup.id('table'));
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no table', 'select etl_api.start_generation(null, ''{"count": 1}'', 1)', null, 'service_role', 'ETL04 there is no table null | Give the id of a row of tables.'),
    (2, 'an unknown table', 'select etl_api.start_generation(test_setup.id(''none''), ''{"count": 1}'', 1)', null, 'service_role', 'ETL04 there is no table … | Give the id of a row of tables.'),
    (3, 'no request', 'select etl_api.start_generation(test_setup.id(''table''), null, 1)', null, 'service_role', 'ETL04 request must be an object | Give what was asked for as an object, and how many records, 0 when nobody knows.'),
    (4, 'an array', 'select etl_api.start_generation(test_setup.id(''table''), ''[]'', 1)', null, 'service_role', 'ETL04 request must be an object | Give what was asked for as an object, and how many records, 0 when nobody knows.'),
    (5, 'fewer than none', 'select etl_api.start_generation(test_setup.id(''table''), ''{"count": 1}'', -1)', null, 'service_role', 'ETL04 total_records is less than nothing | Give what was asked for as an object, and how many records, 0 when nobody knows.'),
    (6, 'a stranger', 'select etl_api.start_generation(test_setup.id(''table''), ''{"count": 1}'', 1)', 'otto', 'authenticated', 'ETL04 there is no table … | Give the id of a row of tables.'),
    (7, 'a viewer', 'select etl_api.start_generation(test_setup.id(''table''), ''{"count": 1}'', 1)', 'vera', 'authenticated', 'ETL06 your role in org … only reads | An owner, admin or member of the org can do this.'),
    (8, 'nobody signed in', 'select etl_api.start_generation(test_setup.id(''table''), ''{"count": 1}'', 1)', null, 'authenticated', 'ETL04 there is no table … | Give the id of a row of tables.'),
    (9, 'anon', 'select etl_api.start_generation(test_setup.id(''table''), ''{"count": 1}'', 1)', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed') from before;

select * from finish();
