select plan(8);

select test_setup.set_up_misuse();
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no endpoint', 'select etl_api.send_test_event(null)', null, 'service_role', 'ETL04 no such endpoint: null | Give the id of a webhook_endpoint row.'),
    (2, 'an unknown endpoint', 'select etl_api.send_test_event(test_setup.id(''none''))', null, 'service_role', 'ETL04 no such endpoint: … | Give the id of a webhook_endpoint row.'),
    (3, 'the id of something else', 'select etl_api.send_test_event(test_setup.id(''org acme''))', null, 'service_role', 'ETL04 no such endpoint: … | Give the id of a webhook_endpoint row.'),
    (4, 'a stranger', 'select etl_api.send_test_event(test_setup.id(''endpoint''))', 'otto', 'authenticated', 'ETL04 no such endpoint: … | Give the id of a webhook_endpoint row.'),
    (5, 'a viewer', 'select etl_api.send_test_event(test_setup.id(''endpoint''))', 'vera', 'authenticated', 'ETL06 your role in org … only reads | An owner, admin or member of the org can do this.'),
    (6, 'nobody signed in', 'select etl_api.send_test_event(test_setup.id(''endpoint''))', null, 'authenticated', 'ETL04 no such endpoint: … | Give the id of a webhook_endpoint row.'),
    (7, 'anon', 'select etl_api.send_test_event(test_setup.id(''endpoint''))', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed') from before;

select * from finish();
