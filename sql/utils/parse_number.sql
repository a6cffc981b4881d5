create or replace function utils.parse_number(input text) returns numeric
language sql immutable strict parallel safe
set search_path = ''
as $$
  -- The length is bounded so that no text, whatever its exponent, leaves the range of numeric.
  select case
    when pg_catalog.length(t.digits) <= 1000
      and t.digits ~ '^[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)?(\.[0-9]*)?([eE][+-]?[0-9]{1,4})?$'
      and t.digits ~ '^[+-]?\.?[0-9]'
    then pg_catalog.replace(t.digits, ',', '')::numeric * case when t.percent then 0.01 else 1 end
  end
  from (
    select
      pg_catalog.btrim(pg_catalog.rtrim(b.body, '%'), E' \t\n\r') as digits,
      b.body like '%\%' and b.body not like '%\%\%' as percent
    from (select pg_catalog.btrim(parse_number.input, E' \t\n\r' || pg_catalog.chr(160)) as body) as b
    where b.body not like '%\%%\%'
  ) as t
$$;

comment on function utils.parse_number(text) is
  'The exact number a text stands for: "1,234", " 12 ", "-1.5e3", and "12%" as 0.12; null when it is none.';

revoke execute on function utils.parse_number(text) from public;
grant execute on function utils.parse_number(text) to authenticated, service_role;
