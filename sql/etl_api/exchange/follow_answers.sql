create or replace function etl_api.follow_answers(answers etl_api.answer[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  next record;
  requests jsonb[];
  missing jsonb[];
  max_pages int := utils.number_or((select s.value from etl_api.setting as s where s.name = 'max_pages'), 1000);
  followed constant etl_api.answer[] := etl_api.answers_to_follow(answers);
begin
  if followed is null then
    return;
  end if;

  select
    pg_catalog.array_agg(f.cost) as costs,
    pg_catalog.array_agg(f.run_request_id) as before_ids,
    pg_catalog.array_agg(f.kind) as kinds,
    pg_catalog.array_agg(f.external_id) as external_ids,
    pg_catalog.array_agg(f.next_cursor) as cursors,
    pg_catalog.array_agg(f.page) as pages,
    pg_catalog.array_agg(f.due_at) as due_ats
  into next
  from (
    -- An asynchronous run is followed by its status, the status by the fetch of its result.
    select a.run_request_id, a.external_id, null::jsonb as next_cursor, 1 as page,
      case when a.kind = 'run' and s.status_request_template is not null then 'status' else 'delivery' end as kind,
      utils.now() + case when a.kind = 'run' and s.status_request_template is not null
        then utils.back_off(etl_api.poll_back_off(s.poll_policy), 1) else interval '0' end as due_at, 0 as cost
    from unnest(followed) as a
    join public.source as s on s.id = a.source_id
    where a.verdict = 'ask'
    union all
    -- A page is followed by the next one: while there is a cursor, or while a template with <<$page>> finds objects.
    select a.run_request_id, a.external_id, a.next_cursor, a.page + 1,
      a.kind, utils.now(), case when a.kind = 'run' then s.cost_per_run else 0 end
    from unnest(followed) as a
    join public.source as s on s.id = a.source_id
    cross join lateral (
      select asking.id, asking.result_role, asking.max_objects
      from public.activity_request as asking
      where asking.id = a.activity_request_id
      offset 0
    ) as ar
    cross join lateral (select sent.cursor from public.run_request as sent where sent.id = a.run_request_id offset 0) as r
    cross join lateral (select etl_api.source_template(s, a.kind) as json) as template
    where a.verdict = 'map'
      and a.page < max_pages
      -- A cursor that leads to where we are would lead there for ever.
      and (a.next_cursor <> coalesce(r.cursor, 'null')
        or (not coalesce(template.json -> 'response' ? 'next_cursor', false)
          and pg_catalog.strpos((template.json - 'response')::text, '<<$page') > 0
          and exists (select 1 from etl_api.answer_objects(array[a]))))
      and (ar.result_role = 'input' or ar.max_objects is null or etl_api.wants_more_objects(ar.id))
  ) as f;
  if next.before_ids is null then
    return;
  end if;

  select pg_catalog.array_agg(r.request order by r.item), pg_catalog.array_agg(pg_catalog.to_jsonb(r.missing) order by r.item)
  into requests, missing
  from etl_api.render_follow_ups(
    next.kinds, next.external_ids, next.cursors, next.pages, next.before_ids) as r;

  perform etl_api.queue_follow_ups(
    next.before_ids, next.kinds, next.pages, next.cursors, next.external_ids, next.due_ats, next.costs, requests, missing);
end
$$;

comment on function etl_api.follow_answers(etl_api.answer[]) is
  'Queues what answers call for: the status of an asynchronous run, the fetch of its result, the next page; each an HTTP request of its own, durable like the first.';

revoke execute on function etl_api.follow_answers(etl_api.answer[]) from public;
grant execute on function etl_api.follow_answers(etl_api.answer[]) to service_role;
