create or replace view public.client_data_summary with (security_invoker = on) as
select
  c.client_id,
  c.organization_id,
  c.company_name,
  c.email,
  s.table_name,
  s.data_type,
  s.version,
  s.contract,
  coalesce(s.row_count + t.came, 0) > 0 as data_stored,
  coalesce(s.row_count + t.came, 0)::bigint as row_count,
  (
    select pg_catalog.count(*)
    from public.client_data as d
    where d.client_id = s.client_id
      and d.table_name = s.table_name
  ) as actual_row_count,
  s.created_at,
  s.updated_at
from public.clients as c
left join public.client_schemas as s on s.client_id = c.client_id
left join lateral (
  select coalesce(pg_catalog.sum(d.rows), 0) as came
  from etl_api.client_count_delta as d
  where d.client_id = s.client_id
    and d.table_name = s.table_name
) as t on true;

comment on view public.client_data_summary is
  'Clients and their tables. row_count is kept, actual_row_count counted at this moment, which takes as long as there are rows; they are equal.';

revoke all on public.client_data_summary from public, anon, authenticated, service_role;
grant select on public.client_data_summary to authenticated, service_role;
