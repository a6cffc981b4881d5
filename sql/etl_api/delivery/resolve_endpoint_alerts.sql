create or replace function etl_api.resolve_endpoint_alerts(endpoint_ids uuid[]) returns void
language plpgsql
set search_path = ''
set jit = off
as $$
declare
  news record;
begin
  with resolved as (
    update etl_api.alert as a
    set resolved_at = utils.now()
    where a.endpoint_id = any (endpoint_ids)
      and a.resolved_at is null
    returning a.id
  )
  select pg_catalog.array_agg(r.id order by r.id) as ids into news
  from resolved as r;
  if news.ids is not null then
    perform etl_api.tell_endpoint_alerts(news.ids, 'alert.resolved');
  end if;
end
$$;

comment on function etl_api.resolve_endpoint_alerts(uuid[]) is
  'Resolves the alerts of endpoints that are in use again, and tells their tenants.';

revoke execute on function etl_api.resolve_endpoint_alerts(uuid[]) from public;
grant execute on function etl_api.resolve_endpoint_alerts(uuid[]) to service_role;
