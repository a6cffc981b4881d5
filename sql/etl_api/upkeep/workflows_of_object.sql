create or replace function etl_api.workflows_of_object(of_object uuid, max_rows int) returns uuid[]
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return array(
    select distinct a.workflow_request_id
    from (
      (select l.activity_request_id as id from public.activity_object as l where l.object_id = of_object limit max_rows)
      union
      (select g.activity_request_id from public.guardrail_refusal as g where g.object_id = of_object limit max_rows)
    ) as known
    join public.activity_request as a on a.id = known.id);
end
$$;

comment on function etl_api.workflows_of_object(uuid, int) is
  'Workflow requests that have to do with an object, of up to max_rows of its links and of its refusals.';

revoke execute on function etl_api.workflows_of_object(uuid, int) from public;
