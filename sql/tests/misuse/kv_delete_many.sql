select plan(9);

select test_setup.set_up_misuse();
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no org', 'select etl_api.kv_delete_many(null, ''{a:1}'')', null, 'service_role', 'ETL04 org_id is null: it must be the id of an org | Give the id of the org whose store it is.'),
    (2, 'an unknown org', 'select etl_api.kv_delete_many(test_setup.id(''none''), ''{a:1}'')', null, 'service_role', '(0)'),
    (3, 'no keys', 'select etl_api.kv_delete_many(test_setup.id(''org acme''), null)', null, 'service_role', '(0)'),
    (4, 'keys that are not there', 'select etl_api.kv_delete_many(test_setup.id(''org acme''), ''{x,null,y}'')', null, 'service_role', '(0)'),
    (5, 'a stranger', 'select etl_api.kv_delete_many(test_setup.id(''org acme''), ''{a:1}'')', 'otto', 'authenticated', 'ETL06 you may not write to the store of org … | An owner, admin or member of the org can do this.'),
    (6, 'a viewer', 'select etl_api.kv_delete_many(test_setup.id(''org acme''), ''{a:1}'')', 'vera', 'authenticated', 'ETL06 you may not write to the store of org … | An owner, admin or member of the org can do this.'),
    (7, 'nobody signed in', 'select etl_api.kv_delete_many(test_setup.id(''org acme''), ''{a:1}'')', null, 'authenticated', 'ETL06 you may not write to the store of org … | An owner, admin or member of the org can do this.'),
    (8, 'anon', 'select etl_api.kv_delete_many(test_setup.id(''org acme''), ''{a:1}'')', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed') from before;

select * from finish();
