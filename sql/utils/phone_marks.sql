create or replace function utils.phone_marks(body text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  digits constant text := pg_catalog.translate(pg_catalog.split_part(body, 'x', 1), '+-() ./#', '');
begin
  if pg_catalog.length(digits) not between 7 and 15
    or body !~ '^(\+|\(|[0-9])[0-9]*(\(0?[0-9]{0,4}\)|[-) ./]{1,2}[0-9(]|[0-9])*( ?(x|ext\.?|#) ?[0-9]{1,6})?$'
    or body ~ '\.[0-9]+\.[0-9]+\.'
  then
    return null;
  elsif body like '+%' and pg_catalog.length(digits) >= 8 and body !~ '^\+0'
    or body ~ '^\(?0[0-9]{1,4}[-) .]{1,2}[0-9]{1,4}[- .][0-9]{3,4}$'
    or body ~ '^(1[- .])?(\([0-9]{3}\) ?|[0-9]{3}[- .])[0-9]{3}[- .][0-9]{4}( ?(x|ext\.?|#) ?[0-9]{1,6})?$'
  then
    return 'phone digits';
  end if;
  return 'digits';
end
$$;

comment on function utils.phone_marks(text) is
  '"phone digits" for what is written as a phone number (+81 …, 03-1234-5678, (415) 555-2671), "digits" for what could be one in a field of phone numbers; else null.';

revoke execute on function utils.phone_marks(text) from public;
grant execute on function utils.phone_marks(text) to authenticated, service_role;
