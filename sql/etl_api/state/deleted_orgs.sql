create or replace function etl_api.deleted_orgs() returns uuid[]
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return array(
    select o.id
    from public.org as o
    where o.deleted_at is not null);
end
$$;

comment on function etl_api.deleted_orgs() is
  'The tenants that are deleted, mostly none: what is theirs is not claimed, sent or looked at until deleted_at is null again.';

revoke execute on function etl_api.deleted_orgs() from public;
grant execute on function etl_api.deleted_orgs() to service_role;
