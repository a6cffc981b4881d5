select plan(10);

select test_setup.set_up_misuse();
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no org', 'select etl_api.kv_compare_and_set(null, ''a:1'', null, ''1'')', null, 'service_role', 'ETL04 org_id is null: it must be the id of an org | Give the id of the org whose store it is.'),
    (2, 'an unknown org', 'select etl_api.kv_compare_and_set(test_setup.id(''none''), ''a:1'', null, ''1'')', null, 'service_role', '23503 a row of kv_store refers to one of org that is not there'),
    (3, 'no key', 'select etl_api.kv_compare_and_set(test_setup.id(''org acme''), null, null, ''1'')', null, 'service_role', 'ETL04 key is null: it must be a text | A JSON null is ''null''::jsonb; use etl_api.kv_delete for what goes.'),
    (4, 'no value', 'select etl_api.kv_compare_and_set(test_setup.id(''org acme''), ''a:1'', null, null)', null, 'service_role', 'ETL04 value is null for a:1: it must be JSON | A JSON null is ''null''::jsonb; use etl_api.kv_delete for what goes.'),
    (5, 'a version that never was', 'select etl_api.kv_compare_and_set(test_setup.id(''org acme''), ''a:1'', -1, ''1'')', null, 'service_role', '()'),
    (6, 'a stranger', 'select etl_api.kv_compare_and_set(test_setup.id(''org acme''), ''a:1'', null, ''1'')', 'otto', 'authenticated', 'ETL06 you may not write to the store of org … | An owner, admin or member of the org can do this.'),
    (7, 'a viewer', 'select etl_api.kv_compare_and_set(test_setup.id(''org acme''), ''a:1'', null, ''1'')', 'vera', 'authenticated', 'ETL06 you may not write to the store of org … | An owner, admin or member of the org can do this.'),
    (8, 'nobody signed in', 'select etl_api.kv_compare_and_set(test_setup.id(''org acme''), ''a:1'', null, ''1'')', null, 'authenticated', 'ETL06 you may not write to the store of org … | An owner, admin or member of the org can do this.'),
    (9, 'anon', 'select etl_api.kv_compare_and_set(test_setup.id(''org acme''), ''a:1'', null, ''1'')', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed') from before;

select * from finish();
