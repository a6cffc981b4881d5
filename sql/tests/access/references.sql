-- References that triggers keep hold what a foreign key would hold: for every one in etl_api.table_reference.
select plan(15);

select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{a.test,b.test}', '{"datapoints": ["industry"]}', '{"url": "https://client.test/hook"}');
select test_setup.exchange('{"company": {"sector": "toys"}}');
select test_setup.deliver();
select etl_api.kv_set(test_setup.id('org acme'), 'a', '1');
insert into public.clients (client_id, organization_id, company_name) values (test_setup.id('client'), test_setup.id('org acme'), 'Shop');
select etl_api.ingest_client_data(test_setup.id('client'), null, '[{"a": 1}]');

insert into public.tables (id, organization_id, name) values (test_setup.id('leads'), test_setup.id('org acme'), 'Leads');
select etl_api.insert_generated_records(etl_api.start_generation(test_setup.id('leads')), '[{"name": "A"}]', test_setup.id('leads'));

-- A row in the place of one that is there, but new, and with something else in one column.
create function pg_temp.insert_like(child regclass, changed text, value text) returns text language plpgsql as $$
declare
  named text[] := array(
    select a.attname from pg_attribute as a
    where a.attrelid = child and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity = '');
  row jsonb;
begin
  execute format('select to_jsonb(r) from %s as r order by ctid limit 1', child) into row;
  if child <> 'public.object'::regclass then
    execute format('delete from %s as r where ctid = (select min(ctid) from %s)', child, child);
  end if;
  row := row || '{"state": "new", "state_via": null, "state_substate": null}'
    || case when 'id' = any (named) then jsonb_build_object('id', gen_random_uuid()) else '{}' end
    || jsonb_build_object('activity_key', gen_random_uuid(), 'key_hash', decode(md5(random()::text), 'hex'))
    || jsonb_build_object(changed, value);
  execute format('insert into %s (%s) select %s from jsonb_populate_record(null::%s, $1) as r', child,
    (select string_agg(quote_ident(n), ', ') from unnest(named) as n),
    (select string_agg('r.' || quote_ident(n), ', ') from unnest(named) as n), child) using row;
  return 'ok';
exception when others then
  return sqlstate || ' ' || sqlerrm;
end
$$;
create function pg_temp.outcome(statement text) returns text language plpgsql as $$
begin
  execute statement;
  return 'ok';
exception when others then
  return sqlstate;
end
$$;

-- Where no trigger looks at new rows, the functions that insert do.
create function pg_temp.held_by_functions(r etl_api.table_reference) returns boolean language sql as $$
  select not exists (select from pg_trigger as t where t.tgrelid = r.child and t.tgname = 'a_refers_' || r.columns[1])
$$;

select is_empty($$
  select r.child, r.columns[1], o.outcome
  from etl_api.table_reference as r
  cross join lateral (select pg_temp.insert_like(r.child, r.columns[1], gen_random_uuid()::text) as outcome) as o
  where not pg_temp.held_by_functions(r)
    and o.outcome not like '23503 a row of % refers to one of % that is not there'
$$, 'no row refers to what is not there');
select results_eq($$
  select r.child::text, r.columns, r.parent::text from etl_api.table_reference as r where pg_temp.held_by_functions(r)
$$, $$values ('kv_store', '{org_id}'::text[], 'org')$$, 'one table is written by functions alone, whose tests are with the keys');
select is_empty($$
  select r.child, u.name
  from etl_api.table_reference as r
  cross join (values ('anon'), ('authenticated'), ('service_role')) as u (name)
  where pg_temp.held_by_functions(r)
    and has_table_privilege(u.name, r.child, 'insert')
$$, 'nobody else inserts there');
select is_empty($$
  select r.child, o.outcome
  from (select distinct r.child from etl_api.table_reference as r where cardinality(r.columns) = 2) as r
  cross join lateral (select pg_temp.insert_like(r.child, etl_api.org_column(r.child), test_setup.id('org other')::text) as outcome) as o
  where o.outcome not like '23503 a row of % refers to one of % that is not there'
$$, 'nor to a row of another org');
select is_empty($$
  select r.child, r.columns[1]
  from etl_api.table_reference as r
  where pg_temp.outcome(format('update %s set %I = gen_random_uuid()', r.child, r.columns[1])) <> '23503'
$$, 'what a row refers to never changes');
select is_empty($$
  select r.parent
  from etl_api.table_reference as r
  where pg_temp.outcome(format('update %s set %I = gen_random_uuid()', r.parent, r.keys[1])) <> '23503'
$$, 'nor does the key it is known by');
select is_empty($$
  select r.child, r.columns[1]
  from etl_api.table_reference as r
  where r.on_delete = 'restrict'
    and pg_temp.outcome(format('delete from %s as p where exists (select 1 from %s as c where c.%I = p.%I)',
      r.parent, r.child, r.columns[1], r.keys[1])) <> '23503'
$$, 'what others refer to stays');
select is(pg_temp.outcome('insert into public.value (org_id, object_id, datapoint_id, source_id, value, confidence, observed_at)
  select distinct org_id, object_id, datapoint_id, null::uuid, value, confidence, observed_at from public.value where source_id is not null limit 1'),
  'ok', 'a null refers to nothing');

-- A repeated request goes again at once, and nothing of the first one with it.
insert into public.workflow_request (org_id, data, idempotency_key) select org_id, data, 'once' from public.workflow_request limit 1;
select is((select count(*) from public.activity_request as a join public.workflow_request as w on w.id = a.workflow_request_id
  where w.idempotency_key = 'once'), 1::bigint, 'a request with a key');
insert into public.workflow_request (org_id, data, idempotency_key) select org_id, data, 'once' from public.workflow_request limit 1;
select is((select count(*) from public.activity_request as a join public.workflow_request as w on w.id = a.workflow_request_id
  where w.idempotency_key = 'once'), 1::bigint, 'keeps what it has when it is repeated');

-- From the root down, and nothing beside it.
create function pg_temp.strays() returns setof text language plpgsql as $$
declare
  r record;
begin
  for r in select * from etl_api.table_reference loop
    return query execute format('select %L::text from %s as c where c.%I is not null and not exists (select 1 from %s as p where p.%I = c.%I)',
      r.child::text || ' ' || r.columns[1], r.child, r.columns[1], r.parent, r.keys[1], r.columns[1]);
  end loop;
end
$$;
delete from public.workflow_request where idempotency_key is null;
select is_empty('select pg_temp.strays()', 'what belongs to a request goes with it');
select is((select count(*) from public.activity_result) || ' ' || (select count(*) from public.delivery), '1 1', 'and what belongs to another stays');
delete from public.datapoint where name = 'industry' and org_id = test_setup.id('org acme');
select is((select count(*) from public.value as v where not exists (select 1 from public.datapoint as d where d.id = v.datapoint_id)), 0::bigint,
  'values go with their datapoint');


-- What goes past the triggers is found by the check.
select is_empty('select * from etl_api.check_references()', 'nothing stray until now');
set session_replication_role = replica;
delete from public.object where id = (select object_id from public.value limit 1);
set session_replication_role = origin;
select isnt_empty($$select 1 from etl_api.check_consistency(test_setup.id('org acme'))
  where entity = 'value' and problem = 'by object_id it refers to a row of object that is not there'$$, 'a row that lost what it refers to is named');

select * from finish();
