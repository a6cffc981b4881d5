create or replace function etl_api.purge_summaries(max_rows int) returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  today constant date := (utils.now() at time zone 'UTC')::date;
  days constant int := coalesce((etl_api.setting_value('summary_days') #>> '{}')::int, 400);
begin
  delete from etl_api.state_duration as d
  where d.ctid = any (array(
    select s.ctid
    from etl_api.state_duration as s
    where s.day < today - days
    limit max_rows
    for update skip locked));
  get diagnostics count = row_count;
  if count > 0 then
    return query values ('state_duration', count, count = max_rows);
  end if;

  delete from etl_api.usage_day as d
  where d.ctid = any (array(
    select u.ctid
    from public.org as o
    cross join lateral (
      select u.ctid
      from etl_api.usage_day as u
      where u.org_id = o.id
        and u.day < today - days
      limit max_rows
      for update of u skip locked
    ) as u
    limit max_rows));
  get diagnostics count = row_count;
  if count > 0 then
    return query values ('usage_day', count, count = max_rows);
  end if;

  -- A budget is of the present month; what went into the months before stands in usage_month.
  delete from etl_api.budget_used as b
  where b.ctid = any (array(
    select u.ctid
    from public.org as o
    cross join lateral (
      select u.ctid
      from etl_api.budget_used as u
      where u.org_id = o.id
        and u.month < pg_catalog.date_trunc('month', today - interval '1 month')
      limit max_rows
      for update of u skip locked
    ) as u
    limit max_rows));
  get diagnostics count = row_count;
  if count > 0 then
    return query values ('budget_used', count, count = max_rows);
  end if;
end
$$;

comment on function etl_api.purge_summaries(int) is
  'Removes what the summaries need not keep: state_duration and usage_day beyond the days of the setting summary_days (400), budgets of months before the last one. usage_month stays. At most max_rows of each.';

revoke execute on function etl_api.purge_summaries(int) from public;
