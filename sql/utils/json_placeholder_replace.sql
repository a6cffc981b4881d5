create or replace function public.json_placeholder_replace(template jsonb, vars jsonb) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  select utils.replace_request_placeholders(template, vars)
$$;

comment on function public.json_placeholder_replace(jsonb, jsonb) is
  'As utils.replace_request_placeholders, under its public name.';

revoke execute on function public.json_placeholder_replace(jsonb, jsonb) from public;
grant execute on function public.json_placeholder_replace(jsonb, jsonb) to authenticated, service_role;
