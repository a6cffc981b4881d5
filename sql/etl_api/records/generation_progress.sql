create or replace function etl_api.generation_progress(as_user uuid, of_job uuid, after bigint default 0, max_events int default 500)
returns table (job jsonb, events jsonb)
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform etl_api.act_for(as_user);
  return query
  select pg_catalog.jsonb_build_object('id', j.id, 'status', j.status, 'stage', j.stage, 'total_records', j.total_records,
      'completed_records', j.completed_records, 'failed_records', j.failed_records, 'error_message', j.error_message), (
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(e) - '{job_id,organization_id}'::text[] order by e.seq), '[]')
    from (
      select v.*
      from public.ai_generation_events as v
      where v.job_id = j.id
        and v.seq > coalesce(generation_progress.after, 0)
      order by v.seq
      limit max_events
    ) as e)
  from public.ai_generation_jobs as j
  where j.id = of_job
    and (as_user is null or j.organization_id in (select etl_api.my_orgs()));
end
$$;

comment on function etl_api.generation_progress(uuid, uuid, bigint, int) is
  'How far a job is, and what happened after an event, for the function records-progress; no row where there is no such job of the user''s.';

revoke execute on function etl_api.generation_progress(uuid, uuid, bigint, int) from public;
grant execute on function etl_api.generation_progress(uuid, uuid, bigint, int) to service_role;
