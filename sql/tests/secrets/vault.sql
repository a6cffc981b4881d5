-- Where there is a Vault, values lie there.
select plan(15);

select test_setup.setup_base_data();
select etl_api.put_secret('shared', 'EARLIER', 1, 'ZWFybGllcg==', 'aaaa1111');
select is(etl_api.has_vault(), false, 'no Vault yet');
select test_setup.make_vault();
select is(etl_api.has_vault(), true, 'and now there is one');
create temporary table org as select test_setup.id('org acme')::text as acme;

select etl_api.put_secret((select acme from org), 'KEY', 1, 'clear text', null);
select is(
  (select s.storage || ' ' || (s.ciphertext is null) || ' ' || (s.key_id is null) from etl_api.secret as s where s.name = 'KEY'),
  'vault true true', 'the table has none of it');
select is(
  (select v.name || ': ' || v.decrypted_secret from vault.decrypted_secrets as v),
  'millrace/' || (select acme from org) || '/KEY/1: clear text', 'the Vault has it, under a name that tells whose it is');
select is(test_setup.seen((select acme from org), 'KEY'), '{"1 clear clear text"}', 'a function gets it');
select is(test_setup.seen('shared', 'EARLIER'), '{"1 aaaa1111 ZWFybGllcg=="}', 'what was sealed before there was a Vault is still found');

select etl_api.put_secret('shared', 'SEALED', 1, 'c2VhbGVk', 'aaaa1111');
select is(test_setup.seen('shared', 'SEALED'), '{"1 aaaa1111 c2VhbGVk"}', 'with a key it is sealed in the Vault, too');
select is(
  array(select r.name || ' ' || r.value from etl_api.secrets_to_rekey('bbbb2222') as r order by 1),
  '{"EARLIER ZWFybGllcg==","SEALED c2VhbGVk"}', 'both are found when the key is replaced');
select is(
  etl_api.rekey_secrets((
    select jsonb_agg(jsonb_build_object('id', r.id, 'value', 'bmV3', 'old_key', r.key_id, 'new_key', 'bbbb2222'))
    from etl_api.secrets_to_rekey('bbbb2222') as r)),
  2, 'and sealed anew');
select is(
  array[test_setup.seen('shared', 'SEALED'), test_setup.seen('shared', 'EARLIER')],
  '{{"1 bbbb2222 bmV3"},{"1 bbbb2222 bmV3"}}', 'each where it was');

-- Gone is gone, here and there.
select etl_api.rotate_secret((select acme from org), 'KEY', 2, 'other text', null, null, 0);
select is(
  array(select v.decrypted_secret from vault.decrypted_secrets as v order by 1), '{bmV3,"other text"}', 'what was replaced left the Vault');
select etl_api.revoke_secret((select acme from org), 'KEY');
select is((select count(*) from vault.secrets as v), 1::bigint, 'so did what was revoked');
select etl_api.put_secret((select acme from org), 'KEY', 3, 'third text', null);
delete from public.org where id::text = (select acme from org);
select is((select count(*) from vault.secrets as v), 1::bigint, 'and what belonged to an org that was deleted');

delete from vault.secrets;
select is(
  array(select coalesce(r.value, 'null') from etl_api.read_secrets('[{"scope": "shared", "name": "SEALED", "use": "fill"}]') as r),
  '{"null"}', 'an entry that somebody deleted in the Vault has no value');
select is(
  left(test_setup.outcome($$select etl_api.put_secret('shared', 'EMPTY', 1, '', null)$$), 5), 'ETL04', 'no value is none');

select * from finish();
