create or replace function etl_api.follow_orgs() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  delete from etl_api.delivery_lane as l
  where l.org_id = new.id;
  return null;
end
$$;

comment on function etl_api.follow_orgs() is
  'Forgets what is known of the lanes of a tenant that is deleted or changes the order of its messages: known is what holds for messages in no order.';

revoke execute on function etl_api.follow_orgs() from public;
