create or replace function utils.factor_operand(
  operator public.operator_enum, operand text, kind text, out items text[], out spans numeric[], out fault text)
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  nouns constant jsonb := '{"number": "a number", "boolean": "true or false", "date": "a date such as 2026-01-31, 2026-01 or 2026",
    "timestamp": "a date or time such as 2026-01-31 or 2026-01-31T10:00Z", "frequency": "a frequency such as weekly"}'::jsonb;
begin
  if operator in ('is_null', 'is_not_null') then
    return;
  end if;
  items := case
    when kind = 'boolean' and operand is null then '{true}'
    when operator = 'between' then utils.factor_bounds(operand)
    when operator in ('in', 'not_in') or (kind = 'list' and operator in ('equals', 'not_equals')) then utils.factor_items(operand)
    when operand <> '' then array[operand]
  end;
  if items is null or pg_catalog.cardinality(items) = 0 then
    fault := case when operator = 'between' and operand <> ''
      then pg_catalog.format('"%s" is not two bounds: write "a and b"', pg_catalog."left"(operand, 100)) else 'a value is missing' end;
  elsif operator in ('like', 'ilike', 'regex', 'not_regex') then
    fault := utils.factor_pattern_error(operator, operand);
  elsif kind = 'json' then
    items := array(select coalesce(utils.parse_json(i.item), pg_catalog.to_jsonb(i.item))::text from pg_catalog.unnest(items) as i (item));
  elsif nouns ? kind then
    select pg_catalog.array_agg(b.bound order by i.place, b.place) filter (where s.span is not null),
      pg_catalog.min(pg_catalog.format('"%s" is not %s', pg_catalog."left"(i.item, 100), nouns ->> kind)) filter (where s.span is null)
    into spans, fault
    from pg_catalog.unnest(items) with ordinality as i (item, place)
    cross join lateral (select utils.factor_span(pg_catalog.to_jsonb(i.item), kind) as span) as s
    left join lateral pg_catalog.unnest(s.span) with ordinality as b (bound, place) on true;
    if operator = 'between' then
      -- The bounds may stand in either order.
      spans := array[least(spans[1], spans[3]), greatest(spans[2], spans[4])];
    end if;
  elsif operator = 'between' then
    items := array[least(items[1] collate "C", items[2]), greatest(items[1] collate "C", items[2])];
  end if;
end
$$;

comment on function utils.factor_operand(public.operator_enum, text, text) is
  'A factor''s value made ready to compare: its items, and their spans one after the other where the kind has spans. fault says in a sentence why it cannot be used.';

revoke execute on function utils.factor_operand(public.operator_enum, text, text) from public;
grant execute on function utils.factor_operand(public.operator_enum, text, text) to authenticated, service_role;
