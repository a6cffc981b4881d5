-- From set to gone.
select plan(31);

select test_setup.setup_base_data();
set etl.fake_now = '2026-03-01 12:00:00+00';
create temporary table org as select test_setup.id('org acme')::text as acme, test_setup.id('org other')::text as other;

-- Set.
select is(etl_api.next_secret((select acme from org), 'webhook')::text, '(1,f,f)', 'nothing is there yet');
select is(etl_api.put_secret((select acme from org), 'webhook', 1, encode('one', 'base64'), 'aaaa1111', 'olga'), 1, 'the first version');
select is(test_setup.seen((select acme from org), 'webhook', 'sign'), array['1 aaaa1111 ' || encode('one', 'base64')],
  'a function gets it as it was sealed');
select is(
  (select s.state || ' ' || s.storage || ' ' || s.created_by from etl_api.secret_overview as s),
  'active table olga', 'and people see that it is there');
select is(etl_api.next_secret((select acme from org), 'webhook')::text, '(2,f,t)', 'the next would be the second');
select is(
  left(test_setup.outcome($$select etl_api.put_secret((select acme from org), 'webhook', 2, 'dHdv', 'aaaa1111')$$), 5),
  'ETL05', 'set again, it would stop signing at once: refused');

-- Rotate.
select is(etl_api.rotate_secret((select acme from org), 'webhook', 2, encode('two', 'base64'), 'aaaa1111', 'olga'), 2, 'the second');
select is(
  test_setup.seen((select acme from org), 'webhook', 'sign'),
  array['2 aaaa1111 ' || encode('two', 'base64'), '1 aaaa1111 ' || encode('one', 'base64')],
  'both sign, the newest first');
select is(test_setup.seen((select acme from org), 'webhook'), array['2 aaaa1111 ' || encode('two', 'base64')], 'a placeholder is the newest');
select is(
  (select s.expires_at from etl_api.secret_overview as s where s.version = 1),
  '2026-03-02 12:00:00+00'::timestamptz, 'the old one signs for a day');
set etl.fake_now = '2026-03-02 12:00:00+00';
select is(
  test_setup.seen((select acme from org), 'webhook', 'sign'), array['2 aaaa1111 ' || encode('two', 'base64')],
  'and not a moment longer, whether it was swept or not');
select is((select s.state from etl_api.secret_overview as s where s.version = 1), 'revoked', 'which is what people see');
select isnt((select s.ciphertext from etl_api.secret as s where s.version = 1), null, 'its value lies there until the sweep');
select count(*) from etl_api.recover();
select is(
  (select s.state || ' ' || s.revoked_by || ' ' || (s.ciphertext is null) from etl_api.secret as s where s.version = 1),
  'revoked expired true', 'which throws it away');
select is((select count(*) from etl_api.secret as s where s.state = 'active'), 1::bigint, 'and nothing else');
select is(
  left(test_setup.outcome($$select etl_api.rotate_secret((select acme from org), 'other', 1, 'dHdv', 'aaaa1111')$$), 5),
  'ETL05', 'what is not there is not rotated');
select is(
  left(test_setup.outcome($$select etl_api.rotate_secret((select acme from org), 'webhook', 3, 'dHdv', 'aaaa1111', null, 2592001)$$), 5),
  'ETL04', 'nor kept longer than 30 days');
select is(etl_api.rotate_secret((select acme from org), 'webhook', 3, encode('three', 'base64'), 'aaaa1111', 'olga', 0), 3,
  'or replaced at once');
select is(test_setup.seen((select acme from org), 'webhook', 'sign'), array['3 aaaa1111 ' || encode('three', 'base64')],
  'then the old one is gone');
select is((select s.ciphertext from etl_api.secret as s where s.version = 2), null, 'value and all');

-- Two at once: the second is told to try again.
select is(
  left(test_setup.outcome($$select etl_api.rotate_secret((select acme from org), 'webhook', 3, 'dHdv', 'aaaa1111')$$), 5),
  '40001', 'a version is written once');
select is(test_setup.seen((select acme from org), 'webhook', 'sign'), array['3 aaaa1111 ' || encode('three', 'base64')],
  'and a refusal changes nothing');

-- Revoke.
select is(etl_api.revoke_secret((select acme from org), 'webhook', null, 'olga'), 1, 'one was not revoked yet');
select is(test_setup.seen((select acme from org), 'webhook', 'sign'), null, 'nothing is given out any more');
select is(
  (select count(*) from etl_api.secret as s where s.ciphertext is not null or s.vault_id is not null),
  0::bigint, 'nor lies there');
select is(etl_api.revoke_secret((select acme from org), 'webhook'), 0, 'a second time there is nothing to do');
select is(left(test_setup.outcome($$select etl_api.revoke_secret('shared', 'webhook')$$), 5), 'ETL04', 'one that never was is not revoked');
select is(etl_api.put_secret((select acme from org), 'webhook', 4, 'Zm91cg==', 'aaaa1111'), 4, 'after that it can be set again');

-- What cannot be.
select is(left(test_setup.outcome($$select etl_api.put_secret('shared', 'a b', 1, 'b25l', 'aaaa1111')$$), 5), 'ETL04', 'a name of other characters');
select is(left(test_setup.outcome($$select etl_api.put_secret('nobody', 'a', 1, 'b25l', 'aaaa1111')$$), 5), 'ETL04', 'a scope that is no org');
select is(left(test_setup.outcome($$select etl_api.put_secret('shared', 'a', 1, 'clear text', null)$$), 5), 'ETL05',
  'clear text, where there is no Vault');

select * from finish();
