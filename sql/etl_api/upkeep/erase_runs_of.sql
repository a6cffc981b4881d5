create or replace function etl_api.erase_runs_of(of_object uuid, of_key jsonb, activity_ids uuid[]) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  runs uuid[];
  roots uuid[];
  carriers uuid[];
  open_carriers uuid[];
  answers bigint;
begin
  -- A claim may just be sending one: it is waited for, and what it made is seen after that.
  perform 1
  from public.run_queue as q
  where q.activity_request_id = any (activity_ids)
    and q.object_id = of_object
  order by q.id
  for update;
  select pg_catalog.array_agg(q.id), pg_catalog.array_agg(distinct q.run_request_id) filter (where q.run_request_id is not null)
  into runs, roots
  from public.run_queue as q
  where q.activity_request_id = any (activity_ids)
    and q.object_id = of_object;
  -- What carried it, and all that a search which found it sent and got.
  select pg_catalog.array_agg(r.id), pg_catalog.array_agg(r.id) filter (where r.state in ('waiting', 'ready', 'in_progress'))
  into carriers, open_carriers
  from public.activity_request as a
  join public.run_request as r on r.activity_request_id = a.id
  where a.id = any (activity_ids)
    and (a.result_role = 'result' or r.root_id = any (roots));

  -- Past no guard: that they went is a step of their history, which holds ids and states, and the summaries count on it.
  delete from public.run_queue as q where q.id = any (runs);
  update etl_api.state_step as s set message = null where s.entity_id = any (runs) and s.message is not null;
  -- Those that went with it in one request that is still out go again without it. A search asks on.
  update public.run_queue as q
  set state = 'waiting',
      state_via = null,
      state_substate = 'released',
      run_request_id = null,
      timeout_at = null,
      due_at = utils.now()
  where q.run_request_id = any (roots)
    and q.state = 'in_progress'
    and q.run_request_id in (select r.root_id from public.run_request as r where r.id = any (open_carriers));
  -- A search that says it to its source ends; one that only found it goes on.
  perform etl_api.end_run_requests(
    array(
      select r.id
      from public.run_request as r
      where r.id = any (open_carriers)
        and (r.root_id = any (roots) or exists (
          select 1
          from pg_catalog.jsonb_each_text(of_key) as k
          where pg_catalog.strpos(pg_catalog.lower(r.request::text), pg_catalog.lower(k.value)) > 0))),
    'cancelled', 'An object that it carried was erased.');

  delete from public.run_response as p where p.run_request_id = any (carriers);
  get diagnostics answers = row_count;
  update public.run_request as r
  set request = null,
      cursor = null,
      error = case when r.error is not null then pg_catalog.jsonb_build_object('code', r.error -> 'code', 'message', 'Erased.') end
  where r.id = any (carriers)
    and r.state not in ('waiting', 'ready', 'in_progress');
  return pg_catalog.jsonb_build_object('public.run_queue', coalesce(pg_catalog.cardinality(runs), 0),
    'public.run_request', coalesce(pg_catalog.cardinality(carriers), 0), 'public.run_response', answers);
end
$$;

comment on function etl_api.erase_runs_of(uuid, jsonb, uuid[]) is
  'Removes the runs of an object in these activity requests, and blanks the HTTP requests that carried it, with their answers; other runs of a request that is still out go again without it. Returns how many rows of which table. The caller holds the workflow locks.';

revoke execute on function etl_api.erase_runs_of(uuid, jsonb, uuid[]) from public;
