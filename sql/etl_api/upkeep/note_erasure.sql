create or replace function etl_api.note_erasure(of_org uuid, of_object uuid, gone jsonb, is_over boolean) returns void
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
begin
  update etl_api.erasure as e
  set report = (
        select coalesce(pg_catalog.jsonb_object_agg(s.what, s.rows), '{}')
        from (
          select r.key as what, pg_catalog.sum(r.value::bigint) as rows
          from (
            select * from pg_catalog.jsonb_each_text(e.report)
            union all
            select * from pg_catalog.jsonb_each_text(gone)
          ) as r
          group by r.key
        ) as s
        where s.rows > 0),
      finished_at = case when is_over then moment end
  where e.org_id = of_org
    and e.object_id is not distinct from of_object
    and e.finished_at is null;
  if not found then
    insert into etl_api.erasure (org_id, object_id, asked_by, began_at, finished_at, report)
    values (of_org, of_object, etl_api.caller_name(), moment, case when is_over then moment end, gone);
  end if;
end
$$;

comment on function etl_api.note_erasure(uuid, uuid, jsonb, boolean) is
  'Adds to the open erasure of a tenant, or of an object of it, how many rows went ({table: rows}), or begins one; is_over: nothing is left.';

revoke execute on function etl_api.note_erasure(uuid, uuid, jsonb, boolean) from public;
