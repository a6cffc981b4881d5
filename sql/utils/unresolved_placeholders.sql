create or replace function utils.unresolved_placeholders(template jsonb, vars jsonb) returns text[]
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return coalesce((utils.fill_placeholders(utils.cut_template(template), coalesce(vars, '{}'))).missing, '{}');
end
$$;

comment on function utils.unresolved_placeholders(jsonb, jsonb) is
  'The names of a template''s placeholders that the variables do not hold, each once, in order; secrets are not among them.';

revoke execute on function utils.unresolved_placeholders(jsonb, jsonb) from public;
grant execute on function utils.unresolved_placeholders(jsonb, jsonb) to authenticated, service_role;
