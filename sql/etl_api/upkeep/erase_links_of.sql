create or replace function etl_api.erase_links_of(of_object uuid, activity_ids uuid[]) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  refusals bigint;
  links bigint;
begin
  delete from public.guardrail_refusal as g
  where g.object_id = of_object
    and g.activity_request_id = any (activity_ids);
  get diagnostics refusals = row_count;
  delete from public.activity_object as l
  where l.object_id = of_object
    and l.activity_request_id = any (activity_ids);
  get diagnostics links = row_count;
  return pg_catalog.jsonb_build_object('public.guardrail_refusal', refusals, 'public.activity_object', links);
end
$$;

comment on function etl_api.erase_links_of(uuid, uuid[]) is
  'Removes what links an object to these activity requests, and what guardrails refused of it there. Returns how many rows of which table.';

revoke execute on function etl_api.erase_links_of(uuid, uuid[]) from public;
