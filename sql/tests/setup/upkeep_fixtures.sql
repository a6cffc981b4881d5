-- Work of different ages, for tests of what retention removes.

create schema if not exists test_setup;

create function test_setup.chain(domains text[], org text default 'org acme') returns uuid
language plpgsql
as $$
declare
  request uuid;
begin
  insert into public.activity (id, org_id, name, activity_type, object_type_id, datapoints)
  values (test_setup.id('enrich of ' || org), test_setup.id(org), 'Enrich', 'enrichment', test_setup.id('company'), '{industry}')
  on conflict do nothing;
  insert into public.workflow_request (org_id, idempotency_key, data)
  values (test_setup.id(org), 'key ' || domains[1], jsonb_build_object(
    'input', jsonb_build_object('companies', (select jsonb_agg(jsonb_build_object('domain', d)) from unnest(domains) as d)),
    'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich of ' || org),
      'destination', '{"webhook": {"url": "https://client.test/hook"}}'::jsonb))))
  returning id into request;
  return request;
end
$$;
comment on function test_setup.chain(text[], text) is
  'Requests the industry of companies for a tenant, with a message to its client; its idempotency key names the first company.';

create function test_setup.finish_chains() returns void
language sql
as $$
  select test_setup.exchange('{"company": {"sector": "Anvils"}}');
  select test_setup.deliver();
$$;
comment on function test_setup.finish_chains() is 'Answers and delivers whatever is due.';

create function test_setup.left_of(request uuid) returns jsonb
language sql
as $$
  with a as (
    select a.id from public.activity_request as a where a.workflow_request_id = left_of.request
  ), entity (id) as (
    select left_of.request
    union all select a.id from a
    union all select q.id from public.run_queue as q where q.workflow_request_id = left_of.request
    union all select r.id from public.run_request as r where r.workflow_request_id = left_of.request
    union all select d.id from public.delivery as d where d.workflow_request_id = left_of.request
  )
  select jsonb_build_object(
    'requests', (select count(*) from public.workflow_request as w where w.id = left_of.request),
    'activities', (select count(*) from a),
    'links', (select count(*) from public.activity_object as o where o.activity_request_id in (select a.id from a)),
    'results', (select count(*) from public.activity_result as r where r.activity_request_id in (select a.id from a)),
    'runs', (select count(*) from public.run_queue as q where q.workflow_request_id = left_of.request),
    'http', (select count(*) from public.run_request as r where r.workflow_request_id = left_of.request),
    'answers', (select count(*) from public.run_response as p where p.run_request_id in (select e.id from entity as e)),
    'messages', (select count(*) from public.delivery as d where d.workflow_request_id = left_of.request),
    'bodies', (select count(*) from public.delivery_body as b where b.delivery_id in (select e.id from entity as e)),
    'keys', (select count(*) from etl_api.request_key as k where k.workflow_request_id = left_of.request),
    'steps', (select count(*) from etl_api.state_step as s where s.entity_id in (select e.id from entity as e)))
$$;
comment on function test_setup.left_of(uuid) is 'How many rows of each kind there are of a workflow request.';

create function test_setup.rolled_up() returns void
language sql
as $$
  -- A test is one transaction, whose own steps no roll-up takes; counting anew puts the mark behind them all.
  select etl_api.recount_states()
$$;
comment on function test_setup.rolled_up() is 'Lets all steps so far count as rolled up.';

create function test_setup.miscounted() returns table (entity text, state text, counted bigint, there bigint)
language sql
as $$
  select coalesce(c.entity, t.entity), coalesce(c.state, t.state), c.rows, t.rows
  from (
    select o.entity::text, o.state || coalesce(':' || o.state_substate, '') as state, sum(o.rows)::bigint as rows
    from etl_api.state_overview as o
    group by 1, 2
  ) as c
  full join (
    select r.entity, r.state || coalesce(':' || r.substate, '') as state, count(*) as rows
    from (
      select 'workflow_request' as entity, w.state::text, w.state_substate as substate from public.workflow_request as w
      union all select 'activity_request', a.state::text, a.state_substate from public.activity_request as a
      union all select 'run_queue', q.state::text, q.state_substate from public.run_queue as q
      union all select 'run_request', r.state::text, r.state_substate from public.run_request as r
      union all select 'delivery', d.state::text, d.state_substate from public.delivery as d
    ) as r
    group by 1, 2
  ) as t on t.entity = c.entity and t.state = c.state
  where c.rows is distinct from t.rows
$$;
comment on function test_setup.miscounted() is 'Where the counts of state_overview are not what a count of the tables gives.';
