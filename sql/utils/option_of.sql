create or replace function utils.option_of(content text, options jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  if coalesce(pg_catalog.jsonb_typeof(options), 'null') <> 'array' or options ? content then
    return content;
  end if;
  return (
    select o.option
    from pg_catalog.jsonb_array_elements_text(options) as o (option)
    where pg_catalog.lower(utils.narrow_text(o.option)) = pg_catalog.lower(utils.narrow_text(content))
    order by o.option collate "C"
    limit 1);
end
$$;

comment on function utils.option_of(text, jsonb) is
  'The option a text names, whatever its case, width and the space around it; the text itself where no options are given; null when it names none.';

revoke execute on function utils.option_of(text, jsonb) from public;
grant execute on function utils.option_of(text, jsonb) to authenticated, service_role;
