create or replace function etl_api.describe_changed_factors() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform etl_api.describe_factors(case tg_table_name
    when 'factor' then array(select n.id from new_rows as n)
    when 'datapoint' then array(
      select f.id
      from new_rows as n
      join public.factor as f on f.datapoint_id = n.id)
    when 'object_type' then array(
      select f.id
      from new_rows as n
      join public.factor as f on f.object_type_id = n.id)
  end);
  return null;
end
$$;

comment on function etl_api.describe_changed_factors() is
  'Keeps factor.description when a factor, or the datapoint or object type it names, is written.';

revoke execute on function etl_api.describe_changed_factors() from public;
