create or replace function etl_api.forget_secrets(max_rows int default 1000) returns int
language plpgsql security definer
set search_path = ''
as $$
begin
  return etl_api.wipe_secrets(array(
    select s.id
    from etl_api.secret as s
    where s.state = 'retiring'
      and s.expires_at <= utils.now()
    order by s.expires_at
    limit max_rows), 'expired');
end
$$;

comment on function etl_api.forget_secrets(int) is
  'Throws away the values of replaced secrets whose time is over; they are not given out any more from that moment. The sweep calls it. Returns how many.';

revoke execute on function etl_api.forget_secrets(int) from public;
grant execute on function etl_api.forget_secrets(int) to service_role;
