select plan(10);

select test_setup.set_up_misuse();
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no endpoint', 'select etl_api.replay(null, ''2026-01-01'')', null, 'service_role', 'ETL04 no such endpoint: null | Give the id of a webhook_endpoint row.'),
    (2, 'an unknown endpoint', 'select etl_api.replay(test_setup.id(''none''), ''2026-01-01'')', null, 'service_role', 'ETL04 no such endpoint: … | Give the id of a webhook_endpoint row.'),
    (3, 'no time', 'select etl_api.replay(test_setup.id(''endpoint''), null)', null, 'service_role', 'ETL04 since is null: it must be a time | Give the time from which on messages are sent again, such as now() - interval ''1 day''.'),
    (4, 'no moment', 'select etl_api.replay(test_setup.id(''endpoint''), ''yesterday-ish'')', null, 'service_role', '22007 invalid input syntax for type timestamp with time zone: "yesterday-ish"'),
    (5, 'the end of time', 'select etl_api.replay(test_setup.id(''endpoint''), ''infinity'')', null, 'service_role', '("{""failed"": 0, ""message"": ""0 messages are sent again, under the webhook-id they had before."", ""delivered"": 0, ""endpoint_id"": ""…""}")'),
    (6, 'a stranger', 'select etl_api.replay(test_setup.id(''endpoint''), ''2026-01-01'')', 'otto', 'authenticated', 'ETL04 no such endpoint: … | Give the id of a webhook_endpoint row.'),
    (7, 'a viewer', 'select etl_api.replay(test_setup.id(''endpoint''), ''2026-01-01'')', 'vera', 'authenticated', 'ETL06 your role in org … only reads | An owner, admin or member of the org can do this.'),
    (8, 'nobody signed in', 'select etl_api.replay(test_setup.id(''endpoint''), ''2026-01-01'')', null, 'authenticated', 'ETL04 no such endpoint: … | Give the id of a webhook_endpoint row.'),
    (9, 'anon', 'select etl_api.replay(test_setup.id(''endpoint''), ''2026-01-01'')', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed') from before;

select * from finish();
