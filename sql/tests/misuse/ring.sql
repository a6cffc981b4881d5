-- Only the two edge functions have a bell.
select plan(8);

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'null', 'select etl_api.ring(null)', null, 'none', 'ETL04 no edge function is called NULL | Ring execute-runs or deliver-webhooks.'),
    (2, 'an unknown one', 'select etl_api.ring(''ring-bells'')', null, 'service_role', 'ETL04 no edge function is called ''ring-bells'' | Ring execute-runs or deliver-webhooks.'),
    (3, 'in other letters', 'select etl_api.ring(''Execute-Runs'')', null, 'none', 'ETL04 no edge function is called ''Execute-Runs'' | Ring execute-runs or deliver-webhooks.'),
    (4, 'something long', 'select etl_api.ring(repeat(''x'', 20000000))', null, 'none', 'ETL04 no edge function is called ''' || repeat('x', 50) || ''' | Ring execute-runs or deliver-webhooks.'),
    (5, 'a member', 'select etl_api.ring(''execute-runs'')', 'mia', 'authenticated', '42501 permission denied for function ring'),
    (6, 'anon', 'select etl_api.ring(''execute-runs'')', null, 'anon', '42501 permission denied for schema etl_api'),
    (7, 'the service', 'select etl_api.ring(''execute-runs'')', null, 'service_role', '("")'),
    (8, 'twice', 'select etl_api.ring(''execute-runs''), etl_api.ring(''execute-runs'')', null, 'service_role', '("","")')
) as m (n, what, call, person, role, answer)
order by m.n;

select * from finish();
