create or replace function etl_api.expired_orgs(what text) returns table (days numeric, org_ids uuid[])
language plpgsql stable
set search_path = ''
-- A probe of an index for each tenant, whatever its rows are like when the plan is made.
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  shared constant numeric := etl_api.default_retention(what);
begin
  if shared is null and not exists (select 1 from etl_api.retention as r where r.what = expired_orgs.what) then
    return;
  end if;
  return query
  select k.days, pg_catalog.array_agg(k.org_id)
  from (
    select o.id as org_id, case when own.id is not null then own.days else shared end as days
    from public.org as o
    left join etl_api.retention as own
      on own.org_id = o.id
      and own.what = expired_orgs.what
  ) as k
  where k.days is not null
    and case expired_orgs.what
      when 'workflow_request' then exists (
        select 1
        from public.workflow_request as w
        where w.org_id = k.org_id
          and w.finished_at < moment - k.days * interval '1 day'
        order by w.finished_at
        limit 1)
      when 'alert' then exists (
        select 1
        from etl_api.alert as a
        where a.org_id = k.org_id
          and a.raised_at < moment - k.days * interval '1 day'
        order by a.raised_at
        limit 1)
      when 'etl_log' then exists (
        select 1
        from etl_api.etl_log as l
        where l.org_id = k.org_id
          and l.at < moment - k.days * interval '1 day'
        order by l.at
        limit 1)
      when 'test_event' then exists (
        select 1
        from public.delivery as d
        where d.org_id = k.org_id
          and d.workflow_request_id is null
          and d.alert_id is null
          and d.finished_at < moment - k.days * interval '1 day'
        order by d.finished_at
        limit 1)
      when 'generation_job' then exists (
        select 1
        from public.ai_generation_jobs as j
        where j.organization_id = k.org_id
          and (j.status in ('completed', 'failed') or j.stage in ('preview', 'inserting') or j.completed_at is not null)
          and j.updated_at < moment - k.days * interval '1 day'
        order by j.updated_at
        limit 1)
      when 'client_upload' then exists (
        select 1
        from etl_api.client_upload as u
        where u.organization_id = k.org_id
          and u.finished_at < moment - k.days * interval '1 day'
        order by u.finished_at
        limit 1)
      when 'schema_change' then exists (
        select 1
        from etl_api.schema_change as c
        where c.org_id = k.org_id
          and c.at < moment - k.days * interval '1 day'
        order by c.at
        limit 1) or exists (
        select 1
        from public.client_schema_versions as v
        where v.organization_id = k.org_id
          and v.replaced_at < moment - k.days * interval '1 day'
        order by v.replaced_at
        limit 1)
    end
  group by k.days;
end
$$;

comment on function etl_api.expired_orgs(text) is
  'The tenants that may have something of this kind which ended or was made before their retention of it began, by the days it has.';

revoke execute on function etl_api.expired_orgs(text) from public;
grant execute on function etl_api.expired_orgs(text) to service_role;
