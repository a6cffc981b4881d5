create or replace function utils.cut_template(template jsonb) returns text[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  marked text;
begin
  if pg_catalog.jsonb_typeof(template) = 'object' then
    -- In the order of jsonb, where the shorter name is first: a name that only becomes "url" or "query" when its
    -- placeholder is filled stands behind these, and the later one stays.
    select '{' || coalesce(pg_catalog.string_agg(
        case when m.name in ('url', 'query') and pg_catalog.jsonb_typeof(m.value) = 'string'
          then pg_catalog.translate(t.marked, E'\x02', E'\x06') else t.marked end, ', ' order by m.place), '') || '}'
    into marked
    from pg_catalog.jsonb_each(template) with ordinality as m (name, value, place)
    cross join lateral (
      select utils.mark_placeholders(pg_catalog.to_jsonb(m.name)::text || ': ' || m.value::text) as marked
    ) as t
    where m.name <> 'response';
  else
    marked := utils.mark_placeholders(template::text);
  end if;
  return pg_catalog.string_to_array(
    pg_catalog.regexp_replace(marked, E'([\x01\x02\x06][^\x05]*)\x05', E'\x07\\1\x07', 'g'), E'\x07');
end
$$;

comment on function utils.cut_template(jsonb) is
  'A request template cut at its placeholders, without "response": its constant texts at the odd places, between them the placeholders, each a mark (see utils.mark_placeholders; \x06 for one in a text that is part of a URL) and its name. For utils.fill_placeholders.';

revoke execute on function utils.cut_template(jsonb) from public;
grant execute on function utils.cut_template(jsonb) to authenticated, service_role;
