-- Values are for functions; people see that there are secrets.
select plan(13);

select test_setup.set_up_people();
select etl_api.put_secret(test_setup.id('org acme')::text, 'KEY', 1, 'YWNtZQ==', 'aaaa1111');
select etl_api.put_secret('shared', 'KEY', 1, 'c2hhcmVk', 'aaaa1111');

select is(test_setup.as_user('olga', 'select name, version from etl_api.secret_overview'), '(KEY,1)', 'an owner sees what the org has');
select is(test_setup.as_user('vera', 'select count(*) from etl_api.secret_overview'), '(0)', 'a viewer does not');
select is(test_setup.as_user('otto', 'select count(*) from etl_api.secret_overview'), '(0)', 'nor does another org');
select is(test_setup.as_user(null, 'select count(*) from etl_api.secret_overview', 'anon'), '42501', 'nor who is not signed in');
select is(test_setup.as_user(null, 'select count(*) from etl_api.secret_overview', 'service_role'), '(2)', 'the service sees all');

select is(
  test_setup.as_user(v.person, format('select %s from etl_api.secret', v.what), v.role), '42501', v.what || ' is for nobody: ' || v.role)
from (values
  ('olga', 'ciphertext', 'authenticated'),
  ('olga', 'vault_id', 'authenticated'),
  (null, 'ciphertext', 'service_role'),
  (null, 'vault_id', 'service_role')
) as v (person, what, role);
select is(test_setup.as_user(null, $$update etl_api.secret set state = 'active' returning name$$, 'service_role'), '42501', 'nor is the table written but by its functions');
select is(
  test_setup.as_user('olga', $$select value from etl_api.read_secrets('[{"scope": "shared", "name": "KEY", "use": "fill"}]')$$),
  '42501', 'no owner asks for values');
select is(test_setup.as_user('olga', $$select etl_api.revoke_secret('shared', 'KEY')$$), '42501', 'nor revokes');
select is(
  test_setup.as_user(null, $$select value from etl_api.read_secrets('[{"scope": "shared", "name": "KEY", "use": "fill"}]')$$, 'service_role'),
  '(c2hhcmVk)', 'the service does');

select * from finish();
