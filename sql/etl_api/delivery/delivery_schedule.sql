create or replace function etl_api.delivery_schedule(endpoint_id uuid, org_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  own jsonb;
begin
  if endpoint_id is not null then
    select e.schedule_seconds into own
    from public.webhook_endpoint as e
    where e.id = delivery_schedule.endpoint_id
      and e.org_id = delivery_schedule.org_id;
  end if;
  return coalesce(own, etl_api.setting_value('delivery_schedule_seconds'), '[]');
end
$$;

comment on function etl_api.delivery_schedule(uuid, uuid) is
  'Seconds between the attempts to deliver a message: of its endpoint, or the setting delivery_schedule_seconds.';

revoke execute on function etl_api.delivery_schedule(uuid, uuid) from public;
grant execute on function etl_api.delivery_schedule(uuid, uuid) to service_role;
