create or replace function etl_api.note_endpoints(taken_ids uuid[], endpoint_ids uuid[], trouble boolean) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  patience constant interval := pg_catalog.make_interval(
    secs => (86400 * utils.number_or(etl_api.setting_value('endpoint_failing_days'), 5))::double precision);
begin
  -- Mostly all took what they were sent, and none has failed before.
  if not trouble and not exists (
    select 1
    from public.webhook_endpoint as e
    where e.failing_since is not null
      and e.id = any (endpoint_ids))
  then
    return;
  end if;

  with said as (
    select d.endpoint_id as id, pg_catalog.bool_or(d.state = 'delivered') as took,
      pg_catalog.bool_or(d.http_status = 410 and d.state = 'failed') as gone
    from unnest(taken_ids) as t (id)
    cross join lateral (
      select m.endpoint_id, m.state, m.http_status
      from public.delivery as m
      where m.id = t.id
      offset 0
    ) as d
    where d.endpoint_id is not null
    group by d.endpoint_id
  ), locked as (
    select e.id, s.took, s.gone, e.disabled_at, e.failing_since
    from said as s
    cross join lateral (
      select known.id, known.disabled_at, known.failing_since
      from public.webhook_endpoint as known
      where known.id = s.id
        -- Written only where something changes.
        and (s.gone and known.disabled_at is null
          or s.took and known.failing_since is not null
          or not s.took and known.failing_since is null
          or not s.took and known.disabled_at is null and known.failing_since <= moment - patience)
      offset 0
      for no key update
    ) as e
    order by s.id
  )
  update public.webhook_endpoint as e
  set failing_since = case when not l.took then coalesce(l.failing_since, moment) end,
      disabled_at = case
        when l.disabled_at is null and (l.gone or not l.took and l.failing_since <= moment - patience) then moment
        else l.disabled_at end,
      disabled_reason = case
        when l.disabled_at is not null then e.disabled_reason
        when l.gone then 'gone'
        when not l.took and l.failing_since <= moment - patience then 'failing' end
  from locked as l
  where e.id = l.id;
end
$$;

comment on function etl_api.note_endpoints(uuid[], uuid[], boolean) is
  'Notes since when endpoints have taken nothing (failing_since), or that they take messages again, and disables those that said 410 or have failed for endpoint_failing_days.';

revoke execute on function etl_api.note_endpoints(uuid[], uuid[], boolean) from public;
grant execute on function etl_api.note_endpoints(uuid[], uuid[], boolean) to service_role;
