create or replace function etl_api.act_for(user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Who is signed in already stays who they are.
  if user_id is not null and auth.uid() is null then
    perform pg_catalog.set_config('request.jwt.claims',
      pg_catalog.jsonb_build_object('sub', user_id, 'role', 'authenticated')::text, true);
  end if;
end
$$;

comment on function etl_api.act_for(uuid) is
  'Lets the rest of the transaction be asked for by a user whose token an edge function has checked; null: by the service itself. Called first by functions of the service that take as_user.';

revoke execute on function etl_api.act_for(uuid) from public;
