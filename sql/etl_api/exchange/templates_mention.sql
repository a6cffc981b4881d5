create or replace function etl_api.templates_mention(kinds text[], source_ids uuid[], placeholder text) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (
    select 1
    from (select distinct t.kind, t.source_id from unnest(kinds, source_ids) as t (kind, source_id)) as asked
    join public.source as s on s.id = asked.source_id
    where pg_catalog.strpos(etl_api.source_template(s, asked.kind)::text, placeholder) > 0);
end
$$;

comment on function etl_api.templates_mention(text[], uuid[], text) is
  'Whether the template of that kind of any of these sources holds this text, such as <<$object.';

revoke execute on function etl_api.templates_mention(text[], uuid[], text) from public;
grant execute on function etl_api.templates_mention(text[], uuid[], text) to service_role;
