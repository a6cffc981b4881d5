-- A count in a pattern costs: {1,60} makes it ten times slower, so lengths are bounded where it is used, to 60.
create or replace function utils.settled_pattern(type text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case type
    when 'date' then '^[1-9][0-9][0-9][0-9]-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-](0[1-9]|1[0-5]):[0-5][0-9])?)?$'
    when 'email' then '^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z][A-Za-z]+$'
    when 'url' then '^https?://[!-~]+$'
    when 'phone' then '^(\+[1-9][0-9]{0,2}[ -][0-9]{1,4}|0[0-9]{1,4})[ -][0-9]{3,4}[ -][0-9]{4}$'
    when 'select' then '^[!-~]'
    when 'text' then ''
    when 'textarea' then ''
  end;
end
$$;

comment on function utils.settled_pattern(text) is
  'The pattern of texts of up to 60 characters that utils.coerce_value leaves as they are for a type, without need to ask it; null when there is none. Most such texts match, not all.';

revoke execute on function utils.settled_pattern(text) from public;
grant execute on function utils.settled_pattern(text) to authenticated, service_role;
