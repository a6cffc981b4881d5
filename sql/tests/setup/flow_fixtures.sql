-- Data and helpers for tests that drive the engine: two tenants' worth of configuration as a user would insert it,
-- a third party and a client that answer what a test tells them to. Ids are named, not random, so a test can compare
-- whole values: test_setup.id('org acme').

create schema if not exists test_setup;

create function test_setup.id(name text) returns uuid
language sql immutable
as $$
  select md5(name)::uuid
$$;
comment on function test_setup.id(text) is 'The id that the fixtures give to the thing of that name: org acme, source AlgOps API Client, …';

-- ---------------------------------------------------------------- configuration

create function test_setup.setup_base_data() returns void
language sql
as $$
  insert into public.org (id, name, slug)
  values
    (test_setup.id('org acme'), 'Acme Research', 'acme-research'),
    (test_setup.id('org other'), 'Other Research', 'other-research')
  on conflict do nothing;

  insert into public.object_type (id, name, key_datapoints)
  values
    (test_setup.id('company'), 'company', '{domain}'),
    (test_setup.id('person'), 'person', '{email}')
  on conflict do nothing;

  insert into public.datapoint (id, object_type_id, name, value_type, description)
  values
    (test_setup.id('company.domain'), test_setup.id('company'), 'domain', 'text', 'Main web domain'),
    (test_setup.id('company.name'), test_setup.id('company'), 'name', 'text', 'Registered name'),
    (test_setup.id('company.industry'), test_setup.id('company'), 'industry', 'text', 'What it makes or does'),
    (test_setup.id('company.employees'), test_setup.id('company'), 'employees', 'number', 'People employed'),
    (test_setup.id('company.funding'), test_setup.id('company'), 'funding', 'number', 'Money raised, in USD'),
    (test_setup.id('person.email'), test_setup.id('person'), 'email', 'text', 'Work address'),
    (test_setup.id('person.name'), test_setup.id('person'), 'name', 'text', 'Full name'),
    (test_setup.id('person.title'), test_setup.id('person'), 'title', 'text', 'Position held')
  on conflict do nothing;
$$;
comment on function test_setup.setup_base_data() is
  'Two tenants and the shared object types company (key domain) and person (key email) with their datapoints.';

-- "AlgOps API Client" is asked first and knows industry and employees; "Company Register" is asked next and knows
-- employees and funding. Neither spreads its retries, so due times can be compared.
create function test_setup.setup_enrichment_test_data() returns void
language sql
as $$
  select test_setup.setup_base_data();

  insert into public.source (id, name, activity_types, run_request_template, retry_policy, max_objects_per_request)
  values
    (test_setup.id('AlgOps API Client'), 'AlgOps API Client', '{enrichment}',
      '{"method": "POST",
        "url": "https://api.algops.test/v1/companies/<<$object.domain>>",
        "headers": {"authorization": "Bearer <<$secret.ALGOPS_KEY>>"},
        "body": {"ask": "<<$datapoints>>"},
        "response": {"objects": "company", "error": "error"}}',
      '{"jitter": 0}', 1),
    (test_setup.id('Company Register'), 'Company Register', '{enrichment}',
      '{"method": "GET",
        "url": "https://register.test/search",
        "query": {"domain": "<<$object.domain>>"},
        "response": {"objects": ["result", "entries"]}}',
      '{"jitter": 0}', 1);

  insert into public.object_source (source_id, object_type_id, direction, key_mapping_json)
  values
    (test_setup.id('AlgOps API Client'), test_setup.id('company'), 'input',
      '{"path": ["input", "companies"]}'),
    (test_setup.id('Company Register'), test_setup.id('company'), 'result',
      '{"fields": {"domain": "website"}}');

  insert into public.datapoint_source (source_id, datapoint_id, key_mapping_json, priority, confidence)
  values
    (test_setup.id('AlgOps API Client'), test_setup.id('company.industry'), '"sector"', 10, 0.8),
    (test_setup.id('AlgOps API Client'), test_setup.id('company.employees'), '["staff", "count"]', 10, 0.9),
    (test_setup.id('Company Register'), test_setup.id('company.employees'), '{"path": "employees", "transform": "number"}', 20, 1),
    (test_setup.id('Company Register'), test_setup.id('company.funding'), '["capital", "raised"]', 20, 1);

  insert into public.activity (id, org_id, name, activity_type, object_type_id, datapoints)
  values (test_setup.id('enrich companies'), test_setup.id('org acme'), 'Enrich companies', 'enrichment',
    test_setup.id('company'), '{industry,employees,funding}');
$$;
comment on function test_setup.setup_enrichment_test_data() is
  'An enrichment of companies from two sources, the second asked for what the first does not know.';

create function test_setup.setup_extract_test_data() returns void
language sql
as $$
  select test_setup.setup_base_data();

  insert into public.source (id, name, activity_types, run_request_template, retry_policy)
  values (test_setup.id('AlgOps Search'), 'AlgOps Search', '{extract}',
    '{"method": "POST",
      "url": "https://api.algops.test/v1/search",
      "headers": {"authorization": "Bearer <<$secret.ALGOPS_KEY>>"},
      "body": {"filter": "<<$run_setup.filter>>", "limit": "<<$max_objects>>"},
      "response": {"objects": "hits"}}',
    '{"jitter": 0}');

  insert into public.object_source (source_id, object_type_id, direction, key_mapping_json)
  values (test_setup.id('AlgOps Search'), test_setup.id('company'), 'result',
    '{"path": "hits", "fields": {"domain": "host", "name": "title", "employees": ["size", "people"]}}');

  insert into public.activity (id, org_id, name, activity_type, object_type_id, config)
  values (test_setup.id('extract companies'), test_setup.id('org acme'), 'Extract companies', 'extract',
    test_setup.id('company'), '{"max_objects": 10, "filter": {}}');
$$;
comment on function test_setup.setup_extract_test_data() is
  'An extraction of companies from a search, the filter of the request''s config in its body.';

create function test_setup.setup_sourcing_test_data() returns void
language sql
as $$
  select test_setup.setup_base_data();

  insert into public.source (id, name, activity_types, run_request_template, retry_policy)
  values (test_setup.id('AlgOps People'), 'AlgOps People', '{sourcing}',
    '{"method": "POST",
      "url": "https://api.algops.test/v1/people",
      "headers": {"authorization": "Bearer <<$secret.ALGOPS_KEY>>"},
      "body": {"criteria": "<<$criteria>>", "factors": "<<$factors>>", "companies": "<<$objects>>", "limit": "<<$max_objects>>"},
      "response": {"objects": "people"}}',
    '{"jitter": 0}');

  insert into public.object_source (source_id, object_type_id, direction, key_mapping_json)
  values (test_setup.id('AlgOps People'), test_setup.id('person'), 'result',
    '{"path": "people", "fields": {"email": ["contact", "mail"], "name": "full_name", "title": "position"}}');

  insert into public.activity (id, org_id, name, activity_type, object_type_id, datapoints, config)
  values (test_setup.id('source people'), test_setup.id('org acme'), 'Source people', 'sourcing',
    test_setup.id('person'), '{name,title}', '{"max_objects": 5}');

  insert into public.factor
    (id, org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail, description, created_at)
  values
    (test_setup.id('factor title'), test_setup.id('org acme'), test_setup.id('source people'), 'option',
      test_setup.id('person'), test_setup.id('person.title'), 'in', 'CEO,CTO', false, 'Title is one of CEO, CTO', '2026-01-01');
$$;
comment on function test_setup.setup_sourcing_test_data() is
  'A sourcing of persons by one factor: those whose title is CEO or CTO.';

create function test_setup.cleanup_test_data() returns void
language sql
as $$
  delete from public.workflow_request where org_id in (test_setup.id('org acme'), test_setup.id('org other'));
  delete from public.object where org_id in (test_setup.id('org acme'), test_setup.id('org other'));
  delete from public.activity where org_id in (test_setup.id('org acme'), test_setup.id('org other'));
  delete from public.webhook_endpoint where org_id in (test_setup.id('org acme'), test_setup.id('org other'));
  delete from public.source
  where id in (test_setup.id('AlgOps API Client'), test_setup.id('Company Register'), test_setup.id('AlgOps Search'),
    test_setup.id('AlgOps People'));
  delete from public.object_type where id in (test_setup.id('company'), test_setup.id('person'));
  delete from etl_api.state_step where org_id in (test_setup.id('org acme'), test_setup.id('org other'));
  delete from etl_api.etl_log where org_id in (test_setup.id('org acme'), test_setup.id('org other'));
  delete from public.org where id in (test_setup.id('org acme'), test_setup.id('org other'));
  delete from test_setup.reply;
$$;
comment on function test_setup.cleanup_test_data() is
  'Takes away all that the set-up functions and the requests of their tenants left.';

-- ---------------------------------------------------------------- requests

create function test_setup.start(data jsonb, org_id uuid default test_setup.id('org acme')) returns uuid
language sql
as $$
  insert into public.workflow_request (org_id, data)
  values (start.org_id, start.data)
  returning id
$$;
comment on function test_setup.start(jsonb, uuid) is 'Inserts a workflow request and returns its id.';

create function test_setup.enrich(domains text[], config jsonb default '{}', webhook jsonb default null) returns uuid
language sql
as $$
  select test_setup.start(jsonb_build_object(
    'input', jsonb_build_object('companies', (
      select coalesce(jsonb_agg(jsonb_build_object('domain', d.name) order by d.n), '[]')
      from unnest(domains) with ordinality as d (name, n))),
    'data', jsonb_build_object('enrich', jsonb_strip_nulls(jsonb_build_object(
      'id', test_setup.id('enrich companies'),
      'type', 'activity',
      'setup', jsonb_build_object('config', config),
      'destination', case when webhook is not null then jsonb_build_object('webhook', webhook) end)))))
$$;
comment on function test_setup.enrich(text[], jsonb, jsonb) is 'Requests the enrichment of companies by their domains.';

-- ---------------------------------------------------------------- the third party

create function test_setup.claim(max_requests int default 100)
returns table (run_request_id uuid, source text, kind text, request jsonb, attempt int)
language plpgsql
as $$
#variable_conflict use_column
declare
  claimed jsonb := (select jsonb_agg(to_jsonb(c)) from etl_api.claim_run_requests('test', max_requests) as c);
begin
  -- A statement of its own: it sees the requests that the claim has made.
  return query
  select c.run_request_id, s.name, c.kind, c.request, c.attempt
  from jsonb_to_recordset(coalesce(claimed, '[]')) as c (run_request_id uuid, kind text, request jsonb, attempt int)
  join public.run_request as r on r.id = c.run_request_id
  join public.source as s on s.id = r.source_id
  order by s.name, c.request::text;
end
$$;
comment on function test_setup.claim(int) is 'Claims HTTP requests as the edge function would; in order of source and request.';

create function test_setup.complete(run_request_id uuid, result jsonb) returns text
language sql
as $$
  -- As the holder of the current lease, unless the result brings a token of its own.
  select case when c.accepted then 'accepted' else c.message end
  from etl_api.complete_run_requests(jsonb_build_array(
    jsonb_build_object(
      'run_request_id', complete.run_request_id,
      'lease_token', (select r.lease_token from public.run_request as r where r.id = complete.run_request_id))
    || result)) as c
$$;
comment on function test_setup.complete(uuid, jsonb) is
  'Reports a result for a claimed HTTP request; returns "accepted" or why it was not.';

create function test_setup.answer(run_request_id uuid, body jsonb, status int default 200, headers jsonb default '{}')
returns text
language sql
as $$
  select test_setup.complete(run_request_id, jsonb_build_object('status', status, 'headers', headers, 'body', body))
$$;
comment on function test_setup.answer(uuid, jsonb, int, jsonb) is 'Answers a claimed HTTP request with JSON.';

create function test_setup.exchange_with(result jsonb) returns int
language sql
as $$
  select count(*)::int
  from (select test_setup.complete(c.run_request_id, result) as message from test_setup.claim() as c) as completed
  where completed.message = 'accepted'
$$;
comment on function test_setup.exchange_with(jsonb) is
  'Claims all HTTP requests that are due and reports the same result for each; returns how many were accepted.';

create function test_setup.exchange(body jsonb, status int default 200, headers jsonb default '{}') returns int
language sql
as $$
  select test_setup.exchange_with(jsonb_build_object('status', status, 'headers', headers, 'body', body))
$$;
comment on function test_setup.exchange(jsonb, int, jsonb) is
  'Claims all HTTP requests that are due and gives each the same answer; returns how many were accepted.';

create table test_setup.reply (
  n int generated always as identity primary key,
  source text not null,
  request jsonb not null default '{}',
  status int not null default 200,
  body jsonb not null
);
comment on table test_setup.reply is
  'What serve() answers: for a source and a request that contains this one, the first row; no row is a 404.';

create function test_setup.serve(rounds int default 50) returns int
language plpgsql
as $$
declare
  claimed record;
  count int := 0;
  before int;
begin
  for round in 1..rounds loop
    before := count;
    for claimed in select * from test_setup.claim(1000) loop
      count := count + 1;
      perform test_setup.answer(claimed.run_request_id, found.body, coalesce(found.status, 404))
      from (select 1) as one
      left join lateral (
        select r.body, r.status
        from test_setup.reply as r
        where r.source = claimed.source
          and claimed.request @> r.request
        order by r.n
        limit 1
      ) as found on true;
    end loop;
    exit when count = before;
  end loop;
  return count;
end
$$;
comment on function test_setup.serve(int) is
  'Claims and answers HTTP requests from test_setup.reply until nothing is due; returns how many it answered.';

-- ---------------------------------------------------------------- the client

create function test_setup.deliver(status int default 200) returns int
language sql
as $$
  -- One call after the other: a message is completed with the token its claim returned.
  select count(c.*)::int
  from (
    select jsonb_agg(jsonb_build_object('delivery_id', d.delivery_id, 'lease_token', d.lease_token, 'status', status)) as results
    from etl_api.claim_deliveries('test', 1000) as d
  ) as claimed
  cross join lateral etl_api.complete_deliveries(coalesce(claimed.results, '[]')) as c
  where c.accepted
$$;
comment on function test_setup.deliver(int) is 'Claims all messages that are due and answers each with this status; returns how many.';

-- ---------------------------------------------------------------- what has become of it

create function test_setup.state(id uuid) returns text
language sql
as $$
  select w.state || coalesce(':' || w.state_substate, '') from public.workflow_request as w where w.id = state.id
  union all
  select a.state || coalesce(':' || a.state_substate, '') from public.activity_request as a where a.id = state.id
  union all
  select q.state || coalesce(':' || q.state_substate, '') from public.run_queue as q where q.id = state.id
  union all
  select r.state || coalesce(':' || r.state_substate, '') from public.run_request as r where r.id = state.id
  union all
  select d.state || coalesce(':' || d.state_substate, '') from public.delivery as d where d.id = state.id
$$;
comment on function test_setup.state(uuid) is 'State of any row that has one, as "state" or "state:substate".';

create function test_setup.activity(activity_key text default 'enrich') returns uuid
language sql
as $$
  select a.id from public.activity_request as a where a.activity_key = activity.activity_key
$$;
comment on function test_setup.activity(text) is 'The activity request of that key; an error when there are several.';

create function test_setup.runs() returns text[]
language sql
as $$
  select coalesce(array_agg(
    coalesce(o.natural_key ->> 'domain', o.natural_key ->> 'email', '-') || ' ' || s.name || ' ' || q.state
      || coalesce(':' || q.state_substate, '')
    order by o.natural_key ->> 'domain', o.natural_key ->> 'email', s.name), '{}')
  from public.run_queue as q
  join public.source as s on s.id = q.source_id
  left join public.object as o on o.id = q.object_id
$$;
comment on function test_setup.runs() is 'Every run as "key source state:substate", by object and source.';

create function test_setup.states() returns text[]
language sql
as $$
  select coalesce(array_agg(s.line order by s.place, s.line), '{}')
  from (
    select 1 as place, 'workflow_request ' || w.state || coalesce(':' || w.state_substate, '') || ' ' || count(*) as line
    from public.workflow_request as w
    group by w.state, w.state_substate
    union all
    select 2, 'activity_request ' || a.activity_key || ' ' || a.state || coalesce(':' || a.state_substate, '') || ' ' || count(*)
    from public.activity_request as a
    group by a.activity_key, a.state, a.state_substate
    union all
    select 3, 'run_queue ' || q.state || coalesce(':' || q.state_substate, '') || ' ' || count(*)
    from public.run_queue as q
    group by q.state, q.state_substate
    union all
    select 4, 'run_request ' || r.state || coalesce(':' || r.state_substate, '') || ' ' || count(*)
    from public.run_request as r
    group by r.state, r.state_substate
    union all
    select 5, 'delivery ' || d.state || coalesce(':' || d.state_substate, '') || ' ' || count(*)
    from public.delivery as d
    group by d.state, d.state_substate
  ) as s
$$;
comment on function test_setup.states() is 'How many rows of each table stand in which state, one line each.';

create function test_setup.history(id uuid) returns text[]
language sql
as $$
  select coalesce(array_agg(h.to_state || coalesce(':' || h.substate, '') order by h.seq), '{}')
  from etl_api.state_history as h
  where h.entity_id = history.id
$$;
comment on function test_setup.history(uuid) is 'The states a row went through, each as "state" or "state:substate".';

create function test_setup.fingerprint() returns text
language sql
as $$
  -- Answers that must change nothing are tested by all that could change.
  select md5(concat_ws('|',
    (select string_agg(t::text, ',' order by t.id) from public.workflow_request as t),
    (select string_agg(t::text, ',' order by t.id) from public.activity_request as t),
    (select string_agg(t::text, ',' order by t.id) from public.run_queue as t),
    (select string_agg(t::text, ',' order by t.id) from public.run_request as t),
    (select string_agg(t::text, ',' order by t.run_request_id, t.answer_no) from public.run_response as t),
    (select string_agg(t::text, ',' order by t.id) from public.delivery as t),
    (select string_agg(t::text, ',' order by t.id) from public.object as t),
    (select string_agg(t::text, ',' order by t.id) from public.value as t),
    (select count(*)::text from etl_api.state_history as t)))
$$;
comment on function test_setup.fingerprint() is 'One text for the whole work: the same before and after says that nothing was changed.';
