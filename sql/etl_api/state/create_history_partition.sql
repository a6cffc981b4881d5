create or replace function etl_api.create_history_partition(name text, first timestamptz, next timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Keys come with the parent; row level security and its policy do not.
  execute pg_catalog.format(
    'create table etl_api.%I partition of etl_api.state_step for values from (%L) to (%L)', name, first, next);
  execute pg_catalog.format('alter table etl_api.%I enable row level security', name);
  execute pg_catalog.format('create policy nobody on etl_api.%I for all to authenticated using (false) with check (false)', name);
  execute pg_catalog.format(
    'comment on policy nobody on etl_api.%I is %L', name, 'History is read through etl_api.state_history.');
  execute pg_catalog.format('revoke all on etl_api.%I from public, anon, authenticated', name);
  execute pg_catalog.format('comment on table etl_api.%I is %L', name,
    pg_catalog.format('Steps from %s until before %s.', first, next));
end
$$;

comment on function etl_api.create_history_partition(text, timestamptz, timestamptz) is
  'Makes one partition of state_step, closed to users like the others.';

revoke execute on function etl_api.create_history_partition(text, timestamptz, timestamptz) from public;
