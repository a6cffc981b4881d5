create or replace function utils.coerce_contact(value jsonb, type text) returns jsonb
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  body constant text := utils.narrow_text(value #>> '{}');
  marks constant text[] := pg_catalog.string_to_array(utils.value_marks(body), ' ');
begin
  if marks && utils.fitting_marks(type, null) then
    return pg_catalog.to_jsonb(body);
  end if;
  return null;
end
$$;

comment on function utils.coerce_contact(jsonb, text) is
  'An e-mail address, URL or phone number as a JSON string, made plain; null when the value does not look like one.';

revoke execute on function utils.coerce_contact(jsonb, text) from public;
grant execute on function utils.coerce_contact(jsonb, text) to authenticated, service_role;
