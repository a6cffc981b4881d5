-- Whatever is wrong with the org is refused; whatever is wrong with the data is told as a request would tell it.
select plan(20);

select test_setup.set_up_misuse();
-- What is beyond the limits is refused anyway (sql/tests/intake/limits.sql); here they are lifted.
update etl_api.setting set value = 'null' where name in ('max_data_bytes', 'max_data_depth', 'max_answer_bytes');
create temp table before as select test_setup.fingerprint() as work;
create function pg_temp.call(org text, data text) returns text language sql as $$
  select format('select (p ->> ''valid'') || '' '' || coalesce(p #>> ''{errors,0,code}'', '''') from etl_api.dry_run(%L, %s) as p',
    case org when 'null' then null else test_setup.id(org) end, data)
$$;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no org', pg_temp.call('null', '''{}'''), null, 'none', 'ETL04 org_id is null: it must be the id of an org | Give the id of the org that would make the request.'),
    (2, 'no org, by a member', pg_temp.call('null', '''{}'''), 'mia', 'authenticated', 'ETL04 org_id is null: it must be the id of an org | Give the id of the org that would make the request.'),
    (3, 'an org that is none', 'select etl_api.dry_run(''nonsense'', ''{}'')', 'mia', 'authenticated', '22P02 invalid input syntax for type uuid: "nonsense"'),
    (4, 'an unknown org', pg_temp.call('none', '''{}'''), null, 'service_role', 'ETL04 no such org: … | Give the id of the org that would make the request.'),
    (5, 'an unknown org, by a member', pg_temp.call('none', '''{}'''), 'mia', 'authenticated', 'ETL06 you may not make requests of org … | An owner, admin or member of the org can do this.'),
    (6, 'another org', pg_temp.call('org acme', '''{}'''), 'otto', 'authenticated', 'ETL06 you may not make requests of org … | An owner, admin or member of the org can do this.'),
    (7, 'a viewer', pg_temp.call('org acme', '''{}'''), 'vera', 'authenticated', 'ETL06 you may not make requests of org … | An owner, admin or member of the org can do this.'),
    (8, 'nobody signed in', pg_temp.call('org acme', '''{}'''), null, 'authenticated', 'ETL06 you may not make requests of org … | An owner, admin or member of the org can do this.'),
    (9, 'anon', pg_temp.call('org acme', '''{}'''), null, 'anon', '42501 permission denied for schema etl_api'),
    (10, 'no data', pg_temp.call('org acme', 'null'), 'mia', 'authenticated', '("false missing_value")'),
    (11, 'JSON null', pg_temp.call('org acme', '''null'''), 'mia', 'authenticated', '("false missing_value")'),
    (12, 'a number', pg_temp.call('org acme', '''7'''), 'mia', 'authenticated', '("false invalid_json")'),
    (13, 'an array', pg_temp.call('org acme', '''[]'''), 'mia', 'authenticated', '("false invalid_json")'),
    (14, 'no JSON', pg_temp.call('org acme', '''{'''), 'mia', 'authenticated', '22P02 invalid input syntax for type json'),
    (15, 'deeper than the server reads', pg_temp.call('org acme', '(repeat(''['', 50000) || repeat('']'', 50000))::jsonb'), 'mia', 'authenticated',
      '54001 stack depth limit exceeded | Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform''s stack depth limit is adequate.'),
    (16, 'deep', pg_temp.call('org acme', '(''{"data": '' || repeat(''['', 5000) || repeat('']'', 5000) || ''}'')::jsonb'), 'mia', 'authenticated', '("false invalid_type")'),
    (17, 'a text of 20 MB', pg_temp.call('org acme', 'to_jsonb(repeat(''x'', 20000000))'), 'mia', 'authenticated', '("false invalid_json")'),
    (18, '100,000 activities', pg_temp.call('org acme', '(select jsonb_build_object(''data'', jsonb_object_agg(''a'' || n, ''{}''::jsonb)) from generate_series(1, 100000) as n)'),
      'mia', 'authenticated', '("false missing_value")'),
    (19, 'an activity of another org', pg_temp.call('org other', format('jsonb_build_object(''input'', ''{}''::jsonb, ''data'', jsonb_build_object(''x'', jsonb_build_object(''id'', %L)))', test_setup.id('enrich companies'))),
      'otto', 'authenticated', '("false unknown_activity")')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was stored') from before;

select * from finish();
