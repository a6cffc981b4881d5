create or replace function etl_api.refuse_action(entity text, id uuid, state text, action text, hint text) returns void
language plpgsql
set search_path = ''
as $$
begin
  raise exception using
    errcode = 'ETL05',
    message = pg_catalog.format('%s %s is %s: it cannot be %s', entity, id, state, action),
    hint = hint;
end
$$;

comment on function etl_api.refuse_action(text, uuid, text, text, text) is
  'Raises ETL05: what was asked is not possible in this state.';

revoke execute on function etl_api.refuse_action(text, uuid, text, text, text) from public;
