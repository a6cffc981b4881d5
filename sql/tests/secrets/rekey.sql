-- Sealed anew under another key.
select plan(8);

select test_setup.setup_base_data();
select etl_api.put_secret('shared', 'A', 1, 'YQ==', 'aaaa1111'), etl_api.put_secret('shared', 'B', 1, 'Yg==', 'bbbb2222');
select etl_api.rotate_secret('shared', 'A', 2, 'YWE=', 'aaaa1111');
select etl_api.put_secret('shared', 'C', 1, 'Yw==', 'aaaa1111'), etl_api.revoke_secret('shared', 'C');

select is(
  array(select r.name || r.version || ' ' || r.key_id || ' ' || r.value from etl_api.secrets_to_rekey('bbbb2222') as r order by 1),
  '{"A1 aaaa1111 YQ==","A2 aaaa1111 YWE="}', 'what lies under another key and still counts');
select is((select count(*) from etl_api.secrets_to_rekey('bbbb2222', 1)), 1::bigint, 'a few at a time');
create temporary table old as select r.* from etl_api.secrets_to_rekey('bbbb2222') as r;
select is(
  etl_api.rekey_secrets((
    select jsonb_agg(jsonb_build_object('id', o.id, 'value', 'bmV3', 'old_key', o.key_id, 'new_key', 'bbbb2222'))
    from old as o
    where o.version = 2)),
  1, 'one is sealed anew');
select is(
  test_setup.seen('shared', 'A', 'sign'), '{"2 bbbb2222 bmV3","1 aaaa1111 YQ=="}', 'the others stay as they are');
select is(
  etl_api.rekey_secrets((
    select jsonb_agg(jsonb_build_object('id', o.id, 'value', 'bGF0ZQ==', 'old_key', o.key_id, 'new_key', 'cccc3333'))
    from old as o
    where o.version = 2)),
  0, 'who comes late changes nothing');
select etl_api.revoke_secret('shared', 'A');
select is(
  etl_api.rekey_secrets((
    select jsonb_agg(jsonb_build_object('id', o.id, 'value', 'bGF0ZQ==', 'old_key', o.key_id, 'new_key', 'bbbb2222'))
    from old as o)),
  0, 'nor brings back what was revoked');
select is(test_setup.seen('shared', 'A', 'sign'), null, 'it stays gone');
select is(etl_api.rekey_secrets('[]'), 0, 'nothing to do');

select * from finish();
