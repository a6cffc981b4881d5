create or replace function etl_api.release_messages(endpoint_ids uuid[], most int) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  released int;
begin
  -- A hundred a second, in the order in which they were made.
  with held as (
    select d.id, e.id as endpoint_id,
      pg_catalog.row_number() over (
        partition by e.id
        order by d.created_at, d.activity_request_id is null, d.id) as place
    from unnest(endpoint_ids) as e (id)
    cross join lateral (
      select m.id, m.created_at, m.activity_request_id
      from public.delivery as m
      where m.lane = e.id
        and m.state in ('waiting', 'ready')
        and m.due_at = 'infinity'
      limit most
      for update skip locked
    ) as d
  ), moved as (
    update public.delivery as d
    set state = 'ready',
        state_via = null,
        state_substate = null,
        due_at = utils.now() + (held.place - 1) * interval '10 milliseconds'
    from held
    where d.id = held.id
    returning held.endpoint_id, d.org_id
  ), counted as (
    select m.endpoint_id, m.org_id, pg_catalog.count(*) as count
    from moved as m
    group by m.endpoint_id, m.org_id
  ), rest as (
    insert into etl_api.delivery_lane as known (lane, org_id, at_once, releasing, changed_at)
    select c.endpoint_id, c.org_id, coalesce(utils.int_or_null(etl_api.setting_value('lane_start')), 20), true, utils.now()
    from counted as c
    where c.count >= most
    order by c.endpoint_id
    on conflict (lane) do update
    set releasing = true,
        at_once = coalesce(known.at_once, excluded.at_once)
  )
  select pg_catalog.sum(c.count) into released
  from counted as c;
  if released > 0 then
    perform etl_api.ring('deliver-webhooks');
  end if;
  return coalesce(released, 0);
end
$$;

comment on function etl_api.release_messages(uuid[], int) is
  'Lets messages go that were put aside while their endpoint was disabled, of each endpoint at most so many, a hundred a second; what is left, release_held lets go. Returns how many.';

revoke execute on function etl_api.release_messages(uuid[], int) from public;
grant execute on function etl_api.release_messages(uuid[], int) to service_role;
