-- Nobody changes what was written: not a tenant, not the service, not a superuser.
select plan(19);

select test_setup.set_up_people();

select throws_ok(t.statement, t.code, null, t.statement)
from (values
  ('update etl_api.audit_log set user_id = null, at = now()', 'ETL10'),
  ('update etl_api.audit_log set new = ''{}''', 'ETL10'),
  ('update etl_api.audit_log set old = null, new = null, salt = null, hash = ''''', 'ETL10'),
  ('delete from etl_api.audit_log where seq = 1', 'ETL10'),
  ('truncate etl_api.audit_log', 'ETL10'),
  ('delete from etl_api.audit_head', 'ETL10'),
  ('truncate etl_api.audit_head', 'ETL10')
) as t (statement, code);
select is(test_setup.as_user(null, t.statement, 'service_role'), '42501', 'the service: ' || t.statement)
from (values
  ('insert into etl_api.audit_log (seq, at, role, table_name, row_key, action, digest, hash) values (9, now(), ''x'', ''x'', ''{}'', ''insert'', '''', '''') returning 1'),
  ('update etl_api.audit_log set new = null returning 1'),
  ('delete from etl_api.audit_log returning 1'),
  ('update etl_api.audit_head set seq = 0 returning 1')
) as t (statement);
select is(test_setup.as_user('olga', 'select etl_api.erase_audit(test_setup.id(''org acme''))'), '42501', 'no owner blanks it');
select is(test_setup.as_user('olga', 'select etl_api.write_audit(''{}'')'), '42501', 'or writes into it');

-- Who reads it: those who may change what it speaks of.
select is(test_setup.as_user(p.name, 'select count(*) > 0, count(distinct org_id) from etl_api.audit_log'), p.answer, p.name)
from (values ('olga', '(t,1)'), ('adam', '(t,1)'), ('mia', '(f,0)'), ('vera', '(f,0)'), ('nobody', '(f,0)')) as p (name, answer);
select is(test_setup.as_user('otto', 'select count(*) from etl_api.audit_log where org_id is distinct from test_setup.id(''org other'')'), '(0)',
  'nobody reads another org''s');

select * from finish();
