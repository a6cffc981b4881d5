create or replace function etl_api.erase_org(of_org uuid, max_rows int default 1000)
returns table (what text, count bigint, more boolean)
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  gone jsonb := '{}'::jsonb;
  part record;
  goes_on boolean := false;
  blanked bigint;
begin
  perform etl_api.check_erasure(of_org, max_rows);
  perform etl_api.lock_erasures(of_org, true);
  -- Somebody else may have come to its end meanwhile.
  perform etl_api.check_erasure(of_org, max_rows);
  if not exists (select 1 from public.org as o where o.id = of_org and o.deleted_at is not null) then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('org %s is not deleted: what is erased never comes back', of_org),
      hint = 'Set its deleted_at first: nothing of it is claimed or sent from then on.';
  end if;

  -- Requests first; then, once none is left, all the rest.
  for part in
    select * from etl_api.erase_requests(of_org, max_rows)
  loop
    gone := gone || pg_catalog.jsonb_build_object('public.' || part.what, part.count);
    goes_on := true;
  end loop;
  if not goes_on and not exists (select 1 from public.workflow_request as w where w.org_id = of_org) then
    for part in
      select * from etl_api.erase_rows(of_org, max_rows)
    loop
      gone := gone || pg_catalog.jsonb_build_object(part.what, part.count);
      goes_on := goes_on or part.more;
    end loop;
    if not goes_on then
      goes_on := not etl_api.erase_tenant(of_org);
    end if;
    if not goes_on then
      -- Last, since what went until here was written down there.
      blanked := etl_api.erase_audit(of_org);
      gone := gone || pg_catalog.jsonb_build_object('public.org', 1, 'etl_api.audit_log', blanked);
    end if;
  else
    goes_on := true;
  end if;

  perform etl_api.note_erasure(of_org, null, gone, not goes_on);
  return query
  select g.key, g.value::bigint, goes_on
  from pg_catalog.jsonb_each_text(gone) as g
  where g.value <> '0'
  union all
  select 'waiting', 0::bigint, true
  where goes_on
    and gone = '{}';
end
$$;

comment on function etl_api.erase_org(uuid, int) is
  'Removes a tenant that was deleted (org.deleted_at) for good, with all it has: requests, objects, values, answers, results, messages, history, log, configuration, secrets, figures; of the audit log who did what stays, without contents. About max_rows rows of each table at once, beside live work: call it again, in a transaction of its own, while it says more, or leave the rest to the sweep. Returns how many rows of which table went; etl_api.erasure keeps the sums. ETL04: no such org, or max_rows is out of range; ETL05: it is not deleted.';

revoke execute on function etl_api.erase_org(uuid, int) from public;
grant execute on function etl_api.erase_org(uuid, int) to service_role;
