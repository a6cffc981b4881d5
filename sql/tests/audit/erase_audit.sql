select plan(11);

select test_setup.set_up_people();
update public.activity set name = 'planted-marker-of-acme';
update public.source set name = 'marker-of-all' where name = 'Company Register';
create temporary table before as select count(*) as n from etl_api.audit_log where org_id = test_setup.id('org acme');

select is(etl_api.erase_audit(test_setup.id('org acme')), n, 'every entry is blanked') from before;
select is((select count(*) from etl_api.audit_log as l where l::text like '%planted-marker%'), 0::bigint, 'nothing of the contents is left');
select is((select count(*) from etl_api.audit_log as l where l.org_id = test_setup.id('org acme')), n + 1, 'who changed which row is, and that it was blanked') from before;
select is((select action || ' ' || new from etl_api.audit_log where org_id = test_setup.id('org acme') order by seq desc limit 1),
  format('erase {"entries": %s}', n), 'by an entry of its own') from before;
select is_empty('select * from etl_api.check_audit()', 'the chain is whole');
select isnt_empty('select 1 from etl_api.audit_log where new ->> ''name'' = ''marker-of-all''', 'other chains are as they were');
update public.activity set name = 'Later';
select is_empty('select * from etl_api.check_audit()', 'and goes on');
select is(etl_api.erase_audit(test_setup.id('org acme')), 2::bigint, 'again: what came since');
select is_empty('select * from etl_api.check_audit()', 'still whole');

-- Blanked by anybody else.
update public.activity set name = 'Latest';
update etl_api.audit_log set old = null, new = null, salt = null
where org_id = test_setup.id('org acme') and seq = (select max(seq) from etl_api.audit_log where org_id = test_setup.id('org acme'));
select is((select array_agg(regexp_replace(problem, '\d+', 'n')) from etl_api.check_audit()), '{"entry n was blanked, but not by an erasure"}', 'an entry blanked in secret');
select throws_ok('select etl_api.erase_audit(null)', 'ETL04', null, 'one org at a time');

select * from finish();
