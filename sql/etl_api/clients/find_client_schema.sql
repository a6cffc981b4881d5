create or replace function etl_api.find_client_schema(client_id uuid, data_type text, contract text) returns public.client_schemas
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  kind constant text := coalesce(data_type, 'data');
  name constant text := etl_api.client_table_name(client_id, data_type);
  found_schema public.client_schemas;
begin
  -- The second look is for one that somebody else has just made.
  for attempt in 1 .. 2 loop
    select s.* into found_schema
    from public.client_schemas as s
    where s.client_id = find_client_schema.client_id
      and s.table_name = name;
    exit when found;
    insert into public.client_schemas as s (client_id, organization_id, table_name, data_type, contract, created_at, updated_at)
    select c.client_id, c.organization_id, name, kind, coalesce(find_client_schema.contract, 'evolve'), utils.now(), utils.now()
    from public.clients as c
    where c.client_id = find_client_schema.client_id
    on conflict do nothing
    returning s.* into found_schema;
    exit when found;
  end loop;
  return found_schema;
end
$$;

comment on function etl_api.find_client_schema(uuid, text, text) is
  'A client''s table of a data type, made with that contract (evolve) where there is none.';

revoke execute on function etl_api.find_client_schema(uuid, text, text) from public;
