-- Somebody with every right, and with triggers switched off, changes what was written: it shows.
select plan(24);

select test_setup.set_up_people();
update public.activity set name = 'First';
update public.activity set name = 'Second';
update public.activity set name = 'Third';
create function pg_temp.faults(heads jsonb default '[]') returns text[] language sql as $$
  select array(select coalesce(o.slug, 'engine') || ': ' || c.problem from etl_api.check_audit(null, heads) as c
    left join public.org as o on o.id = c.org_id order by 1)
$$;
-- What is found after a change that leaves nothing.
create function pg_temp.after(change text, heads jsonb default '[]') returns text[] language plpgsql as $$
declare
  found text[];
begin
  set local session_replication_role = replica;
  execute change;
  found := pg_temp.faults(heads);
  raise exception using errcode = 'UNDOX';
exception when sqlstate 'UNDOX' then
  return found;
end
$$;
create temporary table last as
select max(seq) as n from etl_api.audit_log where org_id = test_setup.id('org acme');
create function pg_temp.acme(seq bigint) returns text language sql as $$
  select format('org_id = %L and seq = %s', test_setup.id('org acme'), acme.seq)
$$;

select is(pg_temp.faults(), '{}', 'nothing is wrong');
select cmp_ok(n, '>=', 8::bigint, 'with some entries') from last;

select is(pg_temp.after('update etl_api.audit_log set new = ''{"name": "Forged"}'' where ' || pg_temp.acme(n - 1)),
  array[format('acme-research: what entry %s says was altered', n - 1)], 'from what to what') from last;
select is(pg_temp.after(format('update etl_api.audit_log set %I = %s where %s', c.name, c.value, pg_temp.acme(3))),
  array['acme-research: entry 3 was altered, or another stood before it'], c.name || ' was altered')
from (values
  ('user_id', quote_literal(test_setup.id('adam'))), ('role', '''x'''), ('at', 'at + interval ''1 microsecond'''), ('action', '''update'''),
  ('table_name', '''public.source'''), ('row_key', '''{}''')) as c (name, value);
select is(pg_temp.after('update etl_api.audit_log set salt = ''1'', new = ''{"name": "Forged"}'', digest = etl_api.audit_digest(''1'', old, ''{"name": "Forged"}'') where ' || pg_temp.acme(3)),
  array['acme-research: entry 3 was altered, or another stood before it'], 'with a digest that fits');
select is(pg_temp.after('update etl_api.audit_log as l set user_id = null,
    hash = etl_api.audit_hash((select b.hash from etl_api.audit_log as b where ' || pg_temp.acme(2) || '), jsonb_populate_record(l, ''{"user_id": null, "role": "x"}'')), role = ''x''
    where ' || pg_temp.acme(3)),
  array['acme-research: entry 4 was altered, or another stood before it'], 'and with a hash that fits: the next one does not');
select is(pg_temp.after('delete from etl_api.audit_log where ' || pg_temp.acme(3)), array['acme-research: entry 3 is missing'], 'an entry is missing');
select is(pg_temp.after('delete from etl_api.audit_log where seq in (3, 4) and org_id = test_setup.id(''org acme'')'),
  array['acme-research: entries 3 to 4 are missing'], 'several');
select is(pg_temp.after('delete from etl_api.audit_log where ' || pg_temp.acme(1)), array['acme-research: entry 1 is missing'], 'the first');
select is(pg_temp.after(format('delete from etl_api.audit_log where %s; update etl_api.audit_log set seq = seq - 1 where org_id = test_setup.id(''org acme'') and seq > 3', pg_temp.acme(3)))
  @> array['acme-research: entry 3 was altered, or another stood before it'], true, 'and the others moved up');
select is(pg_temp.after('update etl_api.audit_log set seq = 7 - seq + 1000 where org_id = test_setup.id(''org acme'') and seq in (3, 4);
    update etl_api.audit_log set seq = seq - 1000 where seq > 1000'),
  array['acme-research: entry 3 was altered, or another stood before it', 'acme-research: entry 4 was altered, or another stood before it',
    'acme-research: entry 5 was altered, or another stood before it'], 'two changed places');
select is(pg_temp.after('delete from etl_api.audit_log where ' || pg_temp.acme(n)),
  array[format('acme-research: its end is missing: entries %s to %s', n, n)], 'the end was cut off') from last;
select is(pg_temp.after('truncate etl_api.audit_log') @> array['acme-research: its end is missing: entries 1 to ' || n], true, 'all of it') from last;
select is(pg_temp.after('delete from etl_api.audit_head where org_id is null'), array['engine: nothing says how far it goes'], 'a head');
select is(pg_temp.after(format('delete from etl_api.audit_log where %s; update etl_api.audit_head set seq = seq - 1 where org_id = test_setup.id(''org acme'')', pg_temp.acme(n))),
  array[format('acme-research: its last entry %s is not the one that was written', n - 1)], 'an end with a head that was set back') from last;
select is(pg_temp.after('insert into etl_api.audit_log (org_id, seq, at, role, table_name, row_key, action, salt, digest, hash)
    select org_id, seq + 1, at, role, table_name, row_key, action, ''1'', etl_api.audit_digest(''1'', null, null), hash from etl_api.audit_log where ' || pg_temp.acme(n))
  @> array[format('acme-research: entries %s to %s were written past its end', n + 1, n + 1)], true, 'an entry that nobody wrote') from last;

-- Who can rewrite the whole chain, head and all, is found by a head that was kept elsewhere.
create temporary table kept as
select jsonb_agg(jsonb_build_object('org_id', org_id, 'seq', seq, 'hash', encode(hash, 'hex'))) as heads from etl_api.audit_head;
update public.activity set name = 'Fourth';
select is(pg_temp.faults((select heads from kept)), '{}', 'what came after a head that was kept is no fault');
select is(pg_temp.after('delete from etl_api.audit_log where org_id = test_setup.id(''org acme''); delete from etl_api.audit_head where org_id = test_setup.id(''org acme'')',
  (select heads from kept)), array[format('acme-research: entry %s is not the one whose hash was kept', n)], 'a chain that is gone as if it had never been') from last;

set session_replication_role = replica;
delete from etl_api.audit_log where seq = 2 and org_id = test_setup.id('org acme');
set session_replication_role = origin;
select is(array(select entity || ': ' || problem from etl_api.check_consistency(test_setup.id('org acme'))), '{audit_log: entry 2 is missing}', 'the check of everything finds it, too');

select * from finish();
