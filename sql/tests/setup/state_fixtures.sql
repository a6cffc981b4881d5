-- Rows in any state, attempts that may fail, and other people's eyes.

create schema if not exists test_setup;
grant usage on schema test_setup to anon, authenticated, service_role;

create function test_setup.entities() returns setof etl_api.entity_kind
language sql immutable
set search_path = ''
as $$
  select pg_catalog.unnest(pg_catalog.enum_range(null::etl_api.entity_kind))
$$;
comment on function test_setup.entities() is 'The tables that have a state.';

create function test_setup.only_guard() returns void
language plpgsql
set search_path = ''
as $$
declare
  wanted record;
begin
  perform test_setup.setup_enrichment_test_data();
  for wanted in
    select t.tgname, e.name as entity
    from test_setup.entities() as e (name)
    join pg_catalog.pg_trigger as t
      on t.tgrelid = pg_catalog.format('public.%I', e.name)::regclass
      and not t.tgisinternal
      and t.tgname !~ '^a_guard'
  loop
    execute pg_catalog.format('alter table public.%I disable trigger %I', wanted.entity, wanted.tgname);
  end loop;

  -- What the rows of make() hang on.
  insert into public.workflow_request (id, org_id, data)
  values (test_setup.id('workflow'), test_setup.id('org acme'), '{}');
  insert into public.activity_request
    (id, org_id, workflow_request_id, activity_id, activity_key, activity_type, object_type_id, workflow_phase, config)
  values (test_setup.id('activity'), test_setup.id('org acme'), test_setup.id('workflow'), test_setup.id('enrich companies'),
    'parent', 'enrichment', test_setup.id('company'), 1, '{}');
end
$$;
comment on function test_setup.only_guard() is
  'Switches off every trigger of the tables with a state but the guard''s, and makes the parents that make() needs: for tests of single rows.';

create function test_setup.way_to(state text) returns text[]
language sql immutable
set search_path = ''
as $$
  select case way_to.state
    when 'new' then '{}'::text[]
    when 'valid' then '{new}'
    when 'invalid' then '{new}'
    when 'waiting' then '{new,valid}'
    when 'ready' then '{new,valid}'
    when 'in_progress' then '{new,valid,ready}'
    when 'timedout' then '{new,valid,ready,in_progress}'
    when 'failed' then '{new,valid,ready,in_progress}'
    when 'done' then '{new,valid,ready,in_progress}'
    when 'delivered' then '{new,valid,ready,in_progress,done}'
  end
$$;
comment on function test_setup.way_to(text) is 'A legal way of a new row to a state.';

create function test_setup.make(
  entity etl_api.entity_kind, state text default 'new', via text[] default null, substate text default null)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  row_id uuid := utils.new_id();
  way text[] := coalesce(via, test_setup.way_to(state));
begin
  execute pg_catalog.format(
    case entity
      when 'workflow_request' then
        'insert into public.%I (id, org_id, state, state_via, state_substate, data)
         values ($1, $2, $3::public.%I, $4::public.%I[], $10, ''{}'')'
      when 'activity_request' then
        'insert into public.%I (id, org_id, state, state_via, state_substate, workflow_request_id, activity_id, activity_key, activity_type,
           object_type_id, workflow_phase, config)
         values ($1, $2, $3::public.%I, $4::public.%I[], $10, $5, $7, $1::text, ''enrichment'', $8, 1, ''{}'')'
      when 'run_queue' then
        'insert into public.%I (id, org_id, state, state_via, state_substate, workflow_request_id, activity_request_id, source_id, object_id)
         values ($1, $2, $3::public.%I, $4::public.%I[], $10, $5, $6, $9, test_setup.make_object($1::text))'
      when 'run_request' then
        'insert into public.%I (id, org_id, state, state_via, state_substate, workflow_request_id, activity_request_id, source_id, kind, root_id)
         values ($1, $2, $3::public.%I, $4::public.%I[], $10, $5, $6, $9, ''run'', $1)'
      when 'delivery' then
        'insert into public.%I (id, org_id, state, state_via, state_substate, workflow_request_id, activity_request_id, url, secret_name, event_type)
         values ($1, $2, $3::public.%I, $4::public.%I[], $10, $5, $6, ''https://client.test/hook'', ''webhook'', ''activity_request.done'')'
    end,
    entity, entity || '_state', entity || '_state')
  using row_id, test_setup.id('org acme'), state, nullif(way, '{}'), test_setup.id('workflow'), test_setup.id('activity'),
    test_setup.id('enrich companies'), test_setup.id('company'), test_setup.id('AlgOps API Client'), substate;
  return row_id;
end
$$;
comment on function test_setup.make(etl_api.entity_kind, text, text[], text) is
  'Inserts a row in a state, the steps to it in state_via, and returns its id; after only_guard().';

create function test_setup.make_object(name text) returns uuid
language sql
set search_path = ''
as $$
  insert into public.object (org_id, object_type_id, natural_key, key_hash)
  values (test_setup.id('org acme'), test_setup.id('company'), pg_catalog.jsonb_build_object('domain', make_object.name),
    pg_catalog.sha256(make_object.name::bytea))
  returning id
$$;
comment on function test_setup.make_object(text) is 'Stores a company.';

create function test_setup.move(
  entity etl_api.entity_kind, id uuid, state text, via text[] default null, substate text default null)
returns text
language plpgsql
set search_path = ''
as $$
begin
  execute pg_catalog.format(
    'update public.%I set state = $2::public.%I, state_via = $3::public.%I[], state_substate = $4 where id = $1',
    entity, entity || '_state', entity || '_state')
  using id, state, via, substate;
  return 'ok';
exception when sqlstate 'ETL01' then
  return sqlstate;
end
$$;
comment on function test_setup.move(etl_api.entity_kind, uuid, text, text[], text) is
  'Sets the state of a row; returns "ok" or, when the guard refuses, "ETL01".';

create function test_setup.steps(id uuid) returns text[]
language sql
set search_path = ''
as $$
  select coalesce(pg_catalog.array_agg(
    coalesce(h.from_state, '-') || '>' || h.to_state || coalesce(':' || h.substate, '') order by h.seq), '{}')
  from etl_api.state_history as h
  where h.entity_id = steps.id
$$;
comment on function test_setup.steps(uuid) is 'The history of a row, each step as "from>to:substate".';

create function test_setup.outcome(query text) returns text
language plpgsql
set search_path = ''
as $$
declare
  hint text;
begin
  execute query;
  return 'ok';
exception when others then
  get stacked diagnostics hint = pg_exception_hint;
  return sqlstate || ' ' || sqlerrm || case when hint <> '' then ' | ' || hint else '' end;
end
$$;
comment on function test_setup.outcome(text) is 'Runs a statement; "ok" or "SQLSTATE message | hint" of its error.';

create function test_setup.set_up_people() returns void
language sql
set search_path = ''
as $$
  select test_setup.setup_enrichment_test_data();
  insert into public.org_member (org_id, user_id, role)
  values
    (test_setup.id('org acme'), test_setup.id('olga'), 'owner'),
    (test_setup.id('org acme'), test_setup.id('adam'), 'admin'),
    (test_setup.id('org acme'), test_setup.id('mia'), 'member'),
    (test_setup.id('org acme'), test_setup.id('vera'), 'viewer'),
    (test_setup.id('org other'), test_setup.id('otto'), 'owner');
$$;
comment on function test_setup.set_up_people() is
  'The enrichment''s data, and people: olga (owner), adam (admin), mia (member), vera (viewer) of Acme, otto (owner) of Other.';

create function test_setup.as_user(person text, query text, role text default 'authenticated') returns text
language plpgsql
set search_path = ''
as $$
declare
  answer text;
begin
  perform pg_catalog.set_config('request.jwt.claims',
    case when person is null then '' else pg_catalog.jsonb_build_object('sub', test_setup.id(person), 'role', role)::text end,
    true);
  perform pg_catalog.set_config('role', role, true);
  execute pg_catalog.format(
    'with answer as (%s) select coalesce(pg_catalog.string_agg(a::text, '' '' order by a::text), ''-'') from answer as a', query)
    into answer;
  perform pg_catalog.set_config('role', 'none', true);
  perform pg_catalog.set_config('request.jwt.claims', '', true);
  return answer;
exception when others then
  -- What was set goes with the part of the transaction that failed.
  return sqlstate;
end
$$;
comment on function test_setup.as_user(text, text, text) is
  'Runs a query as a signed-in person (null: a role without a person): its rows as text, "-" for none, or the SQLSTATE of its error.';
