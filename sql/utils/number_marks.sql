create or replace function utils.number_marks(digits text, decimal_comma boolean) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  signs constant text := pg_catalog.translate(digits, '0123456789', '');
begin
  if signs = '' then
    return '';
  elsif signs = '.' then
    return case
      -- What either reading allows: thousands or decimals of just three digits.
      when pg_catalog.strpos(digits, '.') <> pg_catalog.length(digits) - 3 or digits like '0%' or pg_catalog.length(digits) > 7
        or pg_catalog.length(digits) < 5 then 'point'
      when decimal_comma then 'comma'
      else ''
    end;
  elsif signs = ',' and (digits !~ '^[1-9][0-9]{0,2},[0-9]{3}$' or decimal_comma) then
    return case when digits ~ '^[0-9]+,[0-9]+$' then 'comma' end;
  elsif digits ~ '^[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?$' then
    return case when pg_catalog.length(signs) > 1 then 'point' else '' end;
  end if;
  return case
    when digits ~ '^([0-9]+\.?|[0-9]*\.[0-9]+)([eE][-+]?[0-9]{1,2})?$' then 'point'
    when digits ~ '^[1-9][0-9]?(,[0-9]{2})+,[0-9]{3}(\.[0-9]+)?$' then 'point'
    when digits ~ '^[1-9][0-9]{0,2}([ ''][0-9]{3})+(\.[0-9]+)?$' then 'point'
    when digits ~ '^[1-9][0-9]{0,2}([ .''][0-9]{3})+,[0-9]+$|^[1-9][0-9]{0,2}(\.[0-9]{3}){2,}$' then 'comma'
  end;
end
$$;

comment on function utils.number_marks(text, boolean) is
  'Which sign a run of digits shows to be its decimal one: point, comma, or nothing when it does not tell; null when it is no number.';

revoke execute on function utils.number_marks(text, boolean) from public;
grant execute on function utils.number_marks(text, boolean) to authenticated, service_role;
