create or replace function etl_api.read_template(
  source_id uuid, kind text, out parts text[], out cost numeric, out timeout_seconds int,
  out wants_objects boolean, out wants_more boolean, out wants_datapoints boolean, out wants_place boolean,
  out wants_activity boolean, out wants_factors boolean)
language plpgsql stable
set search_path = ''
as $$
declare
  template jsonb;
  names text[];
begin
  select etl_api.source_template(s, read_template.kind), s.cost_per_run, s.timeout_seconds
  into template, cost, timeout_seconds
  from public.source as s
  where s.id = read_template.source_id;
  parts := utils.cut_template(template);
  names := array(
    select pg_catalog.split_part(pg_catalog.substr(p.part, 2), '.', 1)
    from unnest(parts) with ordinality as p (part, place)
    where p.place % 2 = 0);
  wants_objects := names && '{object,objects}';
  wants_more := not names <@ '{object}';
  wants_datapoints := names && '{datapoints}';
  wants_place := names && '{run_external_id,cursor,page}';
  wants_activity := names && '{run_setup,max_objects,criteria,factors}';
  wants_factors := names && '{criteria,factors}';
end
$$;

comment on function etl_api.read_template(uuid, text) is
  'The request template of a source, cut for utils.fill_placeholders, and which kinds of placeholders are in it (wants_more: others than <<$object.…>>).';

revoke execute on function etl_api.read_template(uuid, text) from public;
grant execute on function etl_api.read_template(uuid, text) to service_role;
