create or replace function etl_api.infer_new_fields(rows jsonb, fields text[]) returns jsonb
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  sample jsonb := etl_api.spread_rows(rows);
  rare text[];
begin
  if fields = '{}' then
    return '[]'::jsonb;
  end if;
  -- What no row of the sample has is looked for in all of them.
  rare := array(
    select f.name
    from pg_catalog.unnest(fields) as f (name)
    where not exists (
      select 1 from pg_catalog.jsonb_array_elements(sample) as s (value) where s.value ? f.name));
  if rare <> '{}' then
    sample := sample || coalesce((
      select pg_catalog.jsonb_agg(r.value)
      from (
        select r.value
        from pg_catalog.jsonb_array_elements(rows) as r (value)
        where r.value ?| rare
        limit 1000
      ) as r), '[]');
  end if;
  return (
    select coalesce(
      pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object('name', i.name, 'type', i.type, 'format', i.format, 'options', i.options,
          'fits', i.fits, 'seen', i.seen)
        order by i.name collate "C"), '[]')
    from utils.infer_schema((
      select pg_catalog.jsonb_agg((
        select pg_catalog.jsonb_object_agg(e.key, e.value)
        from pg_catalog.jsonb_each(s.value) as e
        where e.key = any (fields)))
      from pg_catalog.jsonb_array_elements(sample) as s (value)
      where pg_catalog.jsonb_typeof(s.value) = 'object'
        and s.value ?| fields)) as i);
end
$$;

comment on function etl_api.infer_new_fields(jsonb, text[]) is
  'The columns that fields would be, [{"name", "type", "format", "options", "fits", "seen"}], inferred from at most 1,000 rows spread over all and as many of those that have what these have not.';

revoke execute on function etl_api.infer_new_fields(jsonb, text[]) from public;
grant execute on function etl_api.infer_new_fields(jsonb, text[]) to service_role;
