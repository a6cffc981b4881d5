create or replace function etl_api.accept_answers(results jsonb) returns etl_api.answer[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  answers etl_api.answer[];
begin
  -- Only the holder of a living lease may report; the row lock makes a second report wait and then see it. Ids of one
  -- length come sorted out of an object, so that locks are taken in one order. "offset 0" keeps look-ups look-ups.
  select pg_catalog.array_agg(row(
      r.id, r.org_id, r.workflow_request_id, r.activity_request_id, r.source_id, r.root_id, r.kind, r.page,
      r.attempts, r.polls, utils.int_or_null(g.value -> 'status'), g.value -> 'body',
      coalesce(j.external_id, r.external_id), j.next_cursor, j.verdict, j.code, j.message, j.due_at)::etl_api.answer)
  into answers
  from pg_catalog.jsonb_each(results) as g (id, value)
  cross join lateral (
    select held.*
    from public.run_request as held
    where held.id = g.id::uuid
    offset 0
    for no key update
  ) as r
  cross join lateral (
    select source
    from public.source
    where source.id = r.source_id
    offset 0
  ) as s (row)
  cross join lateral etl_api.judge_answer(s.row, r.kind, r.attempts, r.polls, g.value) as j
  where r.state = 'in_progress'
    and r.lease_until > moment
    and r.lease_token = utils.uuid_or_null(g.value -> 'lease_token');
  if answers is null then
    return '{}'::etl_api.answer[];
  end if;

  insert into public.run_response
    (run_request_id, org_id, answer_no, http_status, headers, body, body_text, duration_ms, received_at)
  select a.run_request_id, a.org_id, coalesce(before.answer_no, 0) + 1, a.http_status,
    g.value -> 'headers', a.body, pg_catalog.left(coalesce(g.value ->> 'body_text', g.value #>> '{error,message}'), 2000),
    utils.int_or_null(g.value -> 'duration_ms'), moment
  from unnest(answers) as a
  cross join lateral (select results -> a.run_request_id::text as value offset 0) as g
  left join lateral (
    select p.answer_no
    from public.run_response as p
    where p.run_request_id = a.run_request_id
    order by p.answer_no desc
    limit 1
  ) as before on true;

  return answers;
end
$$;

comment on function etl_api.accept_answers(jsonb) is
  'Takes the results ({run_request_id: result}) whose lease lives: judges them and keeps what came back. Returns them with their verdicts. The caller holds the workflow locks.';

revoke execute on function etl_api.accept_answers(jsonb) from public;
grant execute on function etl_api.accept_answers(jsonb) to service_role;
