create or replace function etl_api.is_ordered(lane uuid, org_id uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce((select e.ordered from public.webhook_endpoint as e where e.id = lane and e.org_id = is_ordered.org_id), false)
    or coalesce((select o.settings -> 'ordered_deliveries' = 'true' from public.org as o where o.id = is_ordered.org_id), false);
end
$$;

comment on function etl_api.is_ordered(uuid, uuid) is
  'Whether the messages of a lane go one after the other: its endpoint is ordered, or its tenant wants all so (org.settings.ordered_deliveries).';

revoke execute on function etl_api.is_ordered(uuid, uuid) from public;
grant execute on function etl_api.is_ordered(uuid, uuid) to service_role;
