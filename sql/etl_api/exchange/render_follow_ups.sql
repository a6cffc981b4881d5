create or replace function etl_api.render_follow_ups(
  kinds text[], external_ids text[], cursors jsonb[], pages int[], before_ids uuid[])
returns table (item int, request jsonb, missing text[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  -- A follow-up carries the runs of its chain.
  select r.item, r.request, r.missing
  from (
    select pg_catalog.array_agg(b.item::int order by b.item, q.due_at, q.id) as items,
      pg_catalog.array_agg(q.id order by b.item, q.due_at, q.id) as run_ids
    from unnest(before_ids) with ordinality as b (id, item)
    join public.run_request as before on before.id = b.id
    -- None of them is done while its chain goes on.
    join public.run_queue as q on q.run_request_id = before.root_id and q.state <> 'done'
  ) as carried
  cross join lateral etl_api.render_requests(
    carried.run_ids, carried.items, kinds, external_ids, cursors, pages) as r;
end
$$;

comment on function etl_api.render_follow_ups(text[], text[], jsonb[], int[], uuid[]) is
  'Renders the requests that follow those in before_ids, for the runs their chains carry; see render_requests.';

revoke execute on function etl_api.render_follow_ups(text[], text[], jsonb[], int[], uuid[]) from public;
grant execute on function etl_api.render_follow_ups(text[], text[], jsonb[], int[], uuid[]) to service_role;
