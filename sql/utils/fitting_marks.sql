create or replace function utils.fitting_marks(type text, format jsonb) returns text[]
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case type
    when 'number' then array['number']
    when 'date' then array['date', 'year', 'day'] || case when format ? 'epoch' then array['seconds', 'millis'] end
    when 'email' then array['email']
    when 'url' then array['url', 'domain']
    when 'phone' then array['digits']
    when 'boolean' then array['boolean', 'bit']
  end;
end
$$;

comment on function utils.fitting_marks(text, jsonb) is
  'The marks (utils.value_marks) of the values that fit a type; a value bears one of them at most. Null for a type that any value fits.';

revoke execute on function utils.fitting_marks(text, jsonb) from public;
grant execute on function utils.fitting_marks(text, jsonb) to authenticated, service_role;
