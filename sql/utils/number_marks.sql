create or replace function utils.number_marks(digits text, decimal_comma boolean) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    -- What either reading allows: thousands or decimals of just three digits.
    when digits ~ '^[1-9][0-9]{0,2},[0-9]{3}$' then case when decimal_comma then 'comma' else '' end
    when digits ~ '^[1-9][0-9]{0,2}\.[0-9]{3}$' then case when decimal_comma then 'comma' else '' end
    when digits ~ '^[0-9]+$' then ''
    when digits ~ '^([0-9]+\.?|[0-9]*\.[0-9]+)([eE][-+]?[0-9]{1,2})?$' then 'point'
    when digits ~ '^[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?$' then 'point'
    when digits ~ '^[1-9][0-9]?(,[0-9]{2})+,[0-9]{3}(\.[0-9]+)?$' then 'point'
    when digits ~ '^[1-9][0-9]{0,2}([ ''][0-9]{3})+(\.[0-9]+)?$' then 'point'
    when digits ~ '^[1-9][0-9]{0,2}([ .''][0-9]{3})+,[0-9]+$' then 'comma'
    when digits ~ '^[1-9][0-9]{0,2}(\.[0-9]{3}){2,}$' then 'comma'
    when digits ~ '^[0-9]+,[0-9]+$' then 'comma'
  end
$$;

comment on function utils.number_marks(text, boolean) is
  'Which sign a run of digits shows to be its decimal one: point, comma, or nothing when it does not tell; null when it is no number.';

revoke execute on function utils.number_marks(text, boolean) from public;
grant execute on function utils.number_marks(text, boolean) to authenticated, service_role;
