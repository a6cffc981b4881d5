create or replace function utils.figure_marks(body text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  found record;
  bare constant boolean := pg_catalog.translate(body, '0123456789', '') = '';
  phone text;
begin
  if not bare then
    found := utils.read_date(body);
    if found.marks is not null then
      return 'date ' || found.marks;
    end if;
  end if;
  phone := utils.phone_marks(body);
  found := utils.read_number(body);
  return pg_catalog.concat_ws(' ',
    case when found.number is not null then 'number' end,
    nullif(found.marks, ''),
    case
      when not bare then null
      when body like '0_%' then 'padded'
      when pg_catalog.length(body) <= 15 then utils.number_class(body::numeric)
    end,
    phone);
end
$$;

comment on function utils.figure_marks(text) is
  'The marks (utils.value_marks) of a text that may be a date, a number or a phone number; empty when it is none.';

revoke execute on function utils.figure_marks(text) from public;
grant execute on function utils.figure_marks(text) to authenticated, service_role;
