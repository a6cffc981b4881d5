-- Whatever is wrong with the source is refused; whatever the sample is, it is read as an answer would be.
select plan(17);

select test_setup.set_up_misuse();
-- What is beyond the limits is refused anyway (sql/tests/intake/limits.sql); here they are lifted.
update etl_api.setting set value = 'null' where name in ('max_data_bytes', 'max_data_depth', 'max_answer_bytes');
insert into source (id, org_id, name, run_request_template)
values (test_setup.id('private'), test_setup.id('org acme'), 'Private', '{"method": "GET", "url": "https://x.test"}');
create temp table before as select test_setup.fingerprint() as work;
create function pg_temp.call(source text, sample text) returns text language sql as $$
  select format('select concat_ws('' '', m.what, m.name, left(m.message, 60)) from etl_api.test_mapping(%L, %s) as m where m.what in (''nothing'', ''more'') or m.name = ''fail''',
    case source when 'null' then null else test_setup.id(source) end, sample)
$$;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no source', pg_temp.call('null', '''{}'''), null, 'none', 'ETL04 no such source: null | Give the id of a source of your org or of a shared one.'),
    (2, 'no uuid', 'select etl_api.test_mapping(''nonsense'', ''{}'')', null, 'none', '22P02 invalid input syntax for type uuid: "nonsense"'),
    (3, 'an unknown source', pg_temp.call('none', '''{}'''), null, 'service_role', 'ETL04 no such source: … | Give the id of a source of your org or of a shared one.'),
    (4, 'another org''s source', pg_temp.call('private', '''{}'''), 'otto', 'authenticated', 'ETL04 no such source: … | Give the id of a source of your org or of a shared one.'),
    (5, 'nobody signed in', pg_temp.call('private', '''{}'''), null, 'authenticated', 'ETL04 no such source: … | Give the id of a source of your org or of a shared one.'),
    (6, 'anon', pg_temp.call('private', '''{}'''), null, 'anon', '42501 permission denied for schema etl_api'),
    (7, 'no sample', pg_temp.call('private', 'null'), 'mia', 'authenticated',
      'ETL04 sample is null: it must be the JSON body of an answer | Copy one from run_response.body, or from the documentation of the source.'),
    (8, 'no JSON', pg_temp.call('private', '''{'''), 'mia', 'authenticated', '22P02 invalid input syntax for type json'),
    (9, 'a source without a mapping', pg_temp.call('private', '''{}'''), 'mia', 'authenticated', '("nothing The source has no mapping: neither object_source (direction ")'),
    (10, 'JSON null', pg_temp.call('AlgOps API Client', '''null'''), 'mia', 'authenticated', '("nothing Nothing is there: $ is null.")'),
    (11, 'a number', pg_temp.call('AlgOps API Client', '''7'''), 'mia', 'authenticated', '("nothing Nothing is there: $ is the number 7.")'),
    (12, 'a list', pg_temp.call('AlgOps API Client', '''[]'''), 'mia', 'authenticated', '("nothing Nothing is there: $ is an empty list.")'),
    (13, 'deeper than the server reads', pg_temp.call('AlgOps API Client', '(repeat(''['', 50000) || repeat('']'', 50000))::jsonb'), 'mia', 'authenticated',
      '54001 stack depth limit exceeded | Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform''s stack depth limit is adequate.'),
    (14, 'deep', pg_temp.call('AlgOps API Client', '(repeat(''{"company":'', 5000) || ''1'' || repeat(''}'', 5000))::jsonb'), 'mia', 'authenticated',
      '("nothing domain Nothing is there: $ has no ""domain""; it has ""company""."); ("nothing employees Nothing is there: $ has no ""staff""; it has ""company"".");'
      ' ("nothing industry Nothing is there: $ has no ""sector""; it has ""company"".")'),
    (15, '20 MB', pg_temp.call('AlgOps API Client', 'jsonb_build_object(''company'', jsonb_build_object(''domain'', ''a'', ''sector'', repeat(''x'', 20000000), ''staff'', ''{"count": 1}''::jsonb))'),
      'mia', 'authenticated', 'nothing'),
    (16, '100,000 objects', pg_temp.call('AlgOps API Client', '(select jsonb_build_object(''company'', jsonb_agg(jsonb_build_object(''domain'', n::text, ''sector'', ''x'', ''staff'', ''{"count": 1}''::jsonb))) from generate_series(1, 100000) as n)'),
      'mia', 'authenticated', '("more And 99900 more objects.")')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was stored') from before;

select * from finish();
