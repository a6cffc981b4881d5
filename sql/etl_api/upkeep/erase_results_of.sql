create or replace function etl_api.erase_results_of(of_key jsonb, workflow_ids uuid[], activity_ids uuid[]) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  results bigint;
  bodies bigint;
  messages constant uuid[] := array(
    select d.id from public.delivery as d where d.activity_request_id = any (activity_ids));
  steps bigint;
begin
  update public.activity_result as r
  set objects = left_over.objects,
      refusals = etl_api.without_object(r.refusals, of_key),
      summary = r.summary || pg_catalog.jsonb_build_object('objects', pg_catalog.jsonb_array_length(left_over.objects))
  from public.activity_result as before
  cross join lateral (select etl_api.without_object(before.objects, of_key) as objects offset 0) as left_over
  where r.activity_request_id = any (activity_ids)
    and before.activity_request_id = r.activity_request_id
    and before.org_id = r.org_id;
  get diagnostics results = row_count;

  update public.delivery_body as b
  set body = pg_catalog.jsonb_set(pg_catalog.jsonb_set(b.body,
        '{data,objects}', etl_api.without_object(b.body #> '{data,objects}', of_key), false),
        '{data,refusals}', etl_api.without_object(b.body #> '{data,refusals}', of_key), false)
  where b.delivery_id = any (messages);
  get diagnostics bodies = row_count;
  -- What a client answered may repeat what it was told.
  update public.delivery as d set response = null where d.id = any (messages) and d.response is not null;
  update public.delivery_attempt as a set response = null where a.delivery_id = any (messages);

  -- What was found wrong is quoted in errors and in the history.
  update public.activity_request as a
  set errors = (select pg_catalog.jsonb_agg(e.value || '{"found": null}' order by e.place)
        from pg_catalog.jsonb_array_elements(a.errors) with ordinality as e (value, place))
  where a.id = any (activity_ids)
    and pg_catalog.jsonb_typeof(a.errors) = 'array';
  update etl_api.state_step as s
  set message = null
  where s.entity_id = any (workflow_ids || activity_ids || messages
      || array(select r.id from public.run_request as r where r.activity_request_id = any (activity_ids)))
    and s.message is not null;
  get diagnostics steps = row_count;
  return pg_catalog.jsonb_build_object('public.activity_result', results, 'public.delivery_body', bodies, 'etl_api.state_step', steps);
end
$$;

comment on function etl_api.erase_results_of(jsonb, uuid[], uuid[]) is
  'Takes an object, by its natural key, out of results and messages of these activity requests, and blanks what their errors, history and clients'' answers may quote. Returns how many rows of which table. The caller holds the workflow locks.';

revoke execute on function etl_api.erase_results_of(jsonb, uuid[], uuid[]) from public;
