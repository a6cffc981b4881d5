create or replace function etl_api.take_due_requests(source_ids uuid[], org_ids uuid[], turns int[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  due_ids uuid[];
  unpaid_ids uuid[];
begin
  select pg_catalog.array_agg(r.id), pg_catalog.array_agg(r.id) filter (where r.state_substate = 'budget')
  into due_ids, unpaid_ids
  from unnest(source_ids, org_ids, turns) as c (source_id, org_id, turns)
  cross join lateral (
    select r.id, r.state_substate
    from public.run_request as r
    where r.source_id = c.source_id
      and r.org_id = c.org_id
      and r.state in ('waiting', 'ready')
      and r.due_at <= moment
    order by r.due_at
    limit c.turns
    for update skip locked
  ) as r;
  if unpaid_ids is null then
    return coalesce(due_ids, '{}');
  end if;
  return array(
    select d.id
    from unnest(due_ids) as d (id)
    where d.id <> all (etl_api.postpone_unpaid(unpaid_ids)));
end
$$;

comment on function etl_api.take_due_requests(uuid[], uuid[], int[]) is
  'Locks HTTP requests that are due, at most turns[i] to source_ids[i] for org_ids[i], the longest due first, and pays pages that waited for the budget of the month; those it still does not allow are left for later. Returns their ids.';

revoke execute on function etl_api.take_due_requests(uuid[], uuid[], int[]) from public;
grant execute on function etl_api.take_due_requests(uuid[], uuid[], int[]) to service_role;
