create or replace function utils.unknown_options(choices jsonb, options jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  if pg_catalog.jsonb_typeof(choices) is distinct from 'array' or coalesce(pg_catalog.jsonb_typeof(options), 'null') <> 'array' then
    return null;
  end if;
  return (
    select pg_catalog.string_agg(pg_catalog.quote_literal(c.choice), ', ')
    from pg_catalog.jsonb_array_elements_text(choices) as c (choice)
    where not options ? c.choice);
end
$$;

comment on function utils.unknown_options(jsonb, jsonb) is
  'The choices that are no options, quoted and with commas; null when all are, or no options are given.';

revoke execute on function utils.unknown_options(jsonb, jsonb) from public;
grant execute on function utils.unknown_options(jsonb, jsonb) to authenticated, service_role;
