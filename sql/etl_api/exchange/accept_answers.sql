create or replace function etl_api.accept_answers(ids uuid[], results jsonb[]) returns etl_api.answer[]
language plpgsql
set search_path = ''
-- Lists meet by hash and rows are looked up by key; see render_requests.
set enable_hashjoin = on
set enable_nestloop = off
as $$
declare
  moment constant timestamptz := utils.now();
  -- 8 bytes make 48 of a text at most: what takes less is not too large.
  small constant bigint := etl_api.limit_of('max_answer_bytes') / 8;
  answers etl_api.answer[];
begin
  with held as materialized (
    -- Only the holder of a living lease may report; the row lock makes a second report wait and then see it.
    select r.*, g.result, utils.int_or_null(g.result -> 'status') as status
    from unnest(ids, results) as g (id, result)
    cross join lateral (
      select asked.id, asked.org_id, asked.workflow_request_id, asked.activity_request_id, asked.source_id, asked.root_id,
        asked.kind, asked.page, asked.attempts, asked.polls, asked.external_id, asked.state, asked.lease_until, asked.lease_token
      from public.run_request as asked
      where asked.id = g.id
      offset 0
      for no key update
    ) as r
    where r.state = 'in_progress'
      and r.lease_until > moment
      and r.lease_token::text = pg_catalog.lower(g.result ->> 'lease_token')
  ),
  source as materialized (
    select a.kind, s.row as source, etl_api.is_read_as_is(s.row, a.kind) as is_plain
    from (select distinct held.source_id, held.kind from held) as a
    cross join lateral (select source from public.source where source.id = a.source_id offset 0) as s (row)
  ),
  judged as materialized (
    select h.id, h.org_id, h.workflow_request_id, h.activity_request_id, h.source_id, h.root_id, h.kind, h.page, h.attempts,
      h.polls, h.status, h.result, coalesce(j.external_id, h.external_id) as external_id, j.next_cursor,
      coalesce(j.verdict, 'map') as verdict, j.code, j.message, j.due_at
    from held as h
    join source as s
      on (s.source).id = h.source_id
      and s.kind = h.kind
    left join lateral (
      select judged.*
      from etl_api.judge_answer(s.source, h.kind, h.attempts, h.polls, h.result) as judged
      where not (s.is_plain and h.status between 200 and 299 and h.result #> '{error,kind}' is null
        and pg_catalog.pg_column_size(h.result) <= small)
      offset 0
    ) as j on true
  ),
  kept as (
    insert into public.run_response
      (run_request_id, org_id, answer_no, http_status, headers, body, body_text, duration_ms, received_at)
    select a.id, a.org_id, coalesce(before.answer_no, 0) + 1, a.status, a.result -> 'headers',
      -- What is too large is not kept either.
      case when a.code is distinct from 'too_large' then a.result -> 'body' end,
      pg_catalog.left(coalesce(a.result ->> 'body_text', a.result #>> '{error,message}'), 2000),
      utils.int_or_null(a.result -> 'duration_ms'), moment
    from judged as a
    left join lateral (
      select p.answer_no
      from public.run_response as p
      where p.run_request_id = a.id
      order by p.answer_no desc
      limit 1
    ) as before on true
  )
  select pg_catalog.array_agg(row(
      a.id, a.org_id, a.workflow_request_id, a.activity_request_id, a.source_id, a.root_id, a.kind, a.page,
      a.attempts, a.polls, a.status, a.result -> 'body', a.external_id, a.next_cursor, a.verdict, a.code, a.message,
      a.due_at)::etl_api.answer)
  into answers
  from judged as a;
  return coalesce(answers, '{}');
end
$$;

comment on function etl_api.accept_answers(uuid[], jsonb[]) is
  'Takes the results (results[i] of the HTTP request ids[i]) whose lease lives: judges them and keeps what came back. Returns them with their verdicts. The caller holds the workflow locks.';

revoke execute on function etl_api.accept_answers(uuid[], jsonb[]) from public;
grant execute on function etl_api.accept_answers(uuid[], jsonb[]) to service_role;
