select plan(11);

select test_setup.set_up_misuse();
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no org', 'select etl_api.kv_set_many(null, ''{"a:1": 1}'')', null, 'service_role', 'ETL04 org_id is null: it must be the id of an org | Give the id of the org whose store it is.'),
    (2, 'an unknown org', 'select etl_api.kv_set_many(test_setup.id(''none''), ''{"a:1": 1}'')', null, 'service_role', '23503 a row of kv_store refers to one of org that is not there'),
    (3, 'no entries', 'select etl_api.kv_set_many(test_setup.id(''org acme''), null)', null, 'service_role', 'ETL04 entries is null: it must be an object | Give {"key": value, …}.'),
    (4, 'an array', 'select etl_api.kv_set_many(test_setup.id(''org acme''), ''[1]'')', null, 'service_role', 'ETL04 entries is array: it must be an object | Give {"key": value, …}.'),
    (5, 'an empty key', 'select etl_api.kv_set_many(test_setup.id(''org acme''), ''{"": 1}'')', null, 'service_role', 'ETL04 a key has 0 bytes: it must have 1 to 1024 (…) | Nothing of this call was written.'),
    (6, 'a list', 'select etl_api.kv_set_many(test_setup.id(''org acme''), ''{"events:index": []}'')', null, 'service_role', 'ETL05 events:index is a list that the database keeps | Leave this key out: write and delete what it lists, and read it with etl_api.kv_get.'),
    (7, 'a stranger', 'select etl_api.kv_set_many(test_setup.id(''org acme''), ''{"a:1": 1}'')', 'otto', 'authenticated', 'ETL06 you may not write to the store of org … | An owner, admin or member of the org can do this.'),
    (8, 'a viewer', 'select etl_api.kv_set_many(test_setup.id(''org acme''), ''{"a:1": 1}'')', 'vera', 'authenticated', 'ETL06 you may not write to the store of org … | An owner, admin or member of the org can do this.'),
    (9, 'nobody signed in', 'select etl_api.kv_set_many(test_setup.id(''org acme''), ''{"a:1": 1}'')', null, 'authenticated', 'ETL06 you may not write to the store of org … | An owner, admin or member of the org can do this.'),
    (10, 'anon', 'select etl_api.kv_set_many(test_setup.id(''org acme''), ''{"a:1": 1}'')', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed') from before;

select * from finish();
