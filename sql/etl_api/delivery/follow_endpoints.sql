create or replace function etl_api.follow_endpoints() returns trigger
language plpgsql
security definer
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  changed record;
begin
  select pg_catalog.array_agg(n.id order by n.id) as ids,
    pg_catalog.array_agg(n.id order by n.id) filter (where o.disabled_at is null and n.disabled_at is not null) as disabled,
    pg_catalog.array_agg(n.id order by n.id) filter (where o.disabled_at is not null and n.disabled_at is null) as enabled,
    pg_catalog.array_agg(n.id order by n.id) filter (where o.disabled_at is null and n.disabled_at is not null
      and n.disabled_reason is not null) as failed
  into changed
  from new_rows as n
  join old_rows as o on o.id = n.id and o.org_id = n.org_id
  where (o.disabled_at is null) <> (n.disabled_at is null)
    or o.ordered <> n.ordered;
  if changed.ids is null then
    return null;
  end if;
  -- What is known of a lane holds for an endpoint in use, and for the order it had.
  delete from etl_api.delivery_lane as l
  where l.lane = any (changed.ids);
  if changed.disabled is not null then
    perform etl_api.hold_messages(changed.disabled, 10000);
  end if;
  if changed.enabled is not null then
    perform etl_api.release_messages(changed.enabled, 10000);
    perform etl_api.resolve_endpoint_alerts(changed.enabled);
  end if;
  if changed.failed is not null then
    perform etl_api.raise_endpoint_alerts(changed.failed);
  end if;
  return null;
end
$$;

comment on function etl_api.follow_endpoints() is
  'Puts the messages of an endpoint aside when it is disabled and lets them go when it is in use again; tells its tenant when the engine disabled it.';

revoke execute on function etl_api.follow_endpoints() from public;
