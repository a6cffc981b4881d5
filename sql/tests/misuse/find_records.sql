select plan(11);

select test_setup.set_up_misuse();
insert into public.tables (id, organization_id, name) values (test_setup.id('table'), test_setup.id('org acme'), 'leads');
insert into public.records (table_id, organization_id, name) values (test_setup.id('table'), test_setup.id('org acme'), 'One');
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no table', 'select name from etl_api.find_records(null)', null, 'service_role', 'ETL04 there is no table null | Give the id of a row of tables.'),
    (2, 'an unknown table', 'select name from etl_api.find_records(test_setup.id(''none''))', null, 'service_role', 'ETL04 there is no table … | Give the id of a row of tables.'),
    (3, 'a filter that is no object', 'select name from etl_api.find_records(test_setup.id(''table''), ''[1]'')', null, 'service_role', 'ETL04 filter is array: it must be an object | Give the id of the last row of a page as "before" for the next.'),
    (4, 'no rows', 'select name from etl_api.find_records(test_setup.id(''table''), max_rows => 0)', null, 'service_role', 'ETL04 max_rows is 0: it must be from 1 to 10000 | Give the id of the last row of a page as "before" for the next.'),
    (5, 'too many rows', 'select name from etl_api.find_records(test_setup.id(''table''), max_rows => 10001)', null, 'service_role', 'ETL04 max_rows is 10001: it must be from 1 to 10000 | Give the id of the last row of a page as "before" for the next.'),
    (6, 'behind a record that is not there', 'select name from etl_api.find_records(test_setup.id(''table''), before => test_setup.id(''none''))', null, 'service_role', 'ETL04 there is no record … in the table | Give the id of the last row of the page before, or begin anew without it.'),
    (7, 'a stranger', 'select name from etl_api.find_records(test_setup.id(''table''))', 'otto', 'authenticated', 'ETL04 there is no table … | Give the id of a row of tables.'),
    (8, 'a stranger with a bad argument', 'select name from etl_api.find_records(test_setup.id(''table''), ''[1]'', max_rows => 0)', 'otto', 'authenticated', 'ETL04 there is no table … | Give the id of a row of tables.'),
    (9, 'nobody signed in', 'select name from etl_api.find_records(test_setup.id(''table''))', null, 'authenticated', 'ETL04 there is no table … | Give the id of a row of tables.'),
    (10, 'anon', 'select name from etl_api.find_records(test_setup.id(''table''))', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed') from before;

select * from finish();
