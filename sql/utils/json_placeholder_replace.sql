create or replace function public.json_placeholder_replace(template jsonb, vars jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return utils.replace_request_placeholders(template, vars);
end
$$;

comment on function public.json_placeholder_replace(jsonb, jsonb) is
  'As utils.replace_request_placeholders, under its public name.';

revoke execute on function public.json_placeholder_replace(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.json_placeholder_replace(jsonb, jsonb) to authenticated, service_role;
