create or replace function etl_api.replace_derived_mapping() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  delete from public.datapoint_source as ds
  where ds.source_id = new.source_id
    and ds.datapoint_id = new.datapoint_id
    and ds.derived
    -- A row of one org never takes away another's.
    and ds.org_id is not distinct from new.org_id;
  return new;
end
$$;

comment on function etl_api.replace_derived_mapping() is
  'Makes room for a datapoint_source row of a user where there is a derived one.';

revoke execute on function etl_api.replace_derived_mapping() from public;

-- By row, since it has to come before the unique key is checked; configuration is written rarely.
drop trigger if exists replace_derived_mapping on public.datapoint_source;
create trigger replace_derived_mapping
  before insert on public.datapoint_source
  for each row
  when (not new.derived)
  execute function etl_api.replace_derived_mapping();
comment on trigger replace_derived_mapping on public.datapoint_source is
  'A mapping that a user writes replaces the derived one.';
