select plan(12);

select test_setup.set_up_misuse();
insert into public.clients (client_id, organization_id, company_name) values (test_setup.id('client'), test_setup.id('org acme'), 'Client');
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no client', 'select etl_api.ingest_client_data(null, ''orders'', ''[{"a": 1}]'')', null, 'service_role', 'ETL04 there is no client null | Insert it into public.clients first.'),
    (2, 'an unknown client', 'select etl_api.ingest_client_data(test_setup.id(''none''), ''orders'', ''[{"a": 1}]'')', null, 'service_role', 'ETL04 there is no client … | Insert it into public.clients first.'),
    (3, 'no type', 'select etl_api.ingest_client_data(test_setup.id(''client''), null, ''[{"a": 1}]'')', null, 'service_role', '("{""added"": [""a""], ""errors"": [], ""failed"": 0, ""warned"": 0, ""success"": 1, ""unknown"": [], ""version"": 1, ""widened"": [], ""warnings"": [], ""client_id"": ""…"", ""data_type"": ""data"", ""table_name"": ""client_62608e08_data""}")'),
    (4, 'a strange type', 'select etl_api.ingest_client_data(test_setup.id(''client''), ''x; drop table'', ''[{"a": 1}]'')', null, 'service_role', 'ETL04 ''x; drop table'' is no data type: it has 1 to 40 letters, digits and _ | Give {"field": value, …} for each row; npm run ingest reads files of any size.'),
    (5, 'no rows', 'select etl_api.ingest_client_data(test_setup.id(''client''), ''orders'', null)', null, 'service_role', 'ETL04 rows is null: it must be an array of objects | Give {"field": value, …} for each row; npm run ingest reads files of any size.'),
    (6, 'rows that are none', 'select etl_api.ingest_client_data(test_setup.id(''client''), ''orders'', ''{"a": 1}'')', null, 'service_role', 'ETL04 rows is object: it must be an array of objects | Give {"field": value, …} for each row; npm run ingest reads files of any size.'),
    (7, 'rows of nothing', 'select etl_api.ingest_client_data(test_setup.id(''client''), ''orders'', ''[1, null, "x"]'')', null, 'service_role', '("{""added"": [], ""errors"": [{""code"": ""invalid_row"", ""error"": ""a row is an object, not number"", ""index"": 0}, {""code"": ""invalid_row"", ""error"": ""a row is an object, not null"", ""index"": 1}, {""code"": ""invalid_row"", ""error"": ""a row is an object, not string"", ""index"": 2}], ""failed"": 3, ""warned"": 0, ""success"": 0, ""unknown"": [], ""version"": 0, ""widened"": [], ""warnings"": [], ""client_id"": ""…"", ""data_type"": ""orders"", ""table_name"": ""client_62608e08_orders""}")'),
    (8, 'a stranger', 'select etl_api.ingest_client_data(test_setup.id(''client''), ''orders'', ''[{"a": 1}]'')', 'otto', 'authenticated', 'ETL06 you may not add to the data of client … | The client itself, and owners, admins and members of its tenant can do this.'),
    (9, 'a viewer', 'select etl_api.ingest_client_data(test_setup.id(''client''), ''orders'', ''[{"a": 1}]'')', 'vera', 'authenticated', 'ETL06 you may not add to the data of client … | The client itself, and owners, admins and members of its tenant can do this.'),
    (10, 'nobody signed in', 'select etl_api.ingest_client_data(test_setup.id(''client''), ''orders'', ''[{"a": 1}]'')', null, 'authenticated', 'ETL06 you may not add to the data of client … | The client itself, and owners, admins and members of its tenant can do this.'),
    (11, 'anon', 'select etl_api.ingest_client_data(test_setup.id(''client''), ''orders'', ''[{"a": 1}]'')', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed') from before;

select * from finish();
