create or replace function etl_api.logger_keyless(run_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  perform etl_api.logger_entries(array(
    select row(
      null, null, 'warn', 'results',
      pg_catalog.format('%s of the objects in the answer of %s had no key and were left out: %s needs %s.',
        k.objects, s.name, t.name, pg_catalog.array_to_string(t.key_datapoints, ' and ')),
      r.org_id, 'run_request', r.id, r.workflow_request_id,
      pg_catalog.jsonb_build_object(
        'objects', k.objects, 'source_id', r.source_id, 'activity_request_id', r.activity_request_id))::etl_api.etl_log
    from (
      select g.id, pg_catalog.count(*) as objects
      from pg_catalog.unnest(run_request_ids) as g (id)
      group by g.id
    ) as k
    join public.run_request as r on r.id = k.id
    join public.source as s on s.id = r.source_id
    join public.activity_request as a on a.id = r.activity_request_id
    join public.object_type as t on t.id = a.object_type_id
    order by r.id));
end
$$;

comment on function etl_api.logger_keyless(uuid[]) is
  'Tells the log of objects in answers that had no key, given by the HTTP request of each: one entry for each answer.';

revoke execute on function etl_api.logger_keyless(uuid[]) from public;
grant execute on function etl_api.logger_keyless(uuid[]) to service_role;
