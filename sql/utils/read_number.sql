-- Where a comma or a point could stand for thousands or for decimals, "1,234" and "1.234", the thousands are with the
-- comma, unless the caller says that the column writes decimals with it. All else says itself what it is.
create or replace function utils.read_number(
  input text, decimal_comma boolean default false, out number numeric, out marks text)
returns record
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  body text := utils.narrow_text(input);
  part text[];
  digits text;
  scale numeric;
begin
  if pg_catalog.length(body) > 60 or pg_catalog.translate(body, '0123456789', '') = body then
    return;
  elsif pg_catalog.translate(body, '0123456789.,', '') in ('', '-', '%') and body !~ '.-|%.' then
    part := array['', case when body like '-%' then '-' else '' end, null, '', pg_catalog.btrim(body, '-%'), '',
      case when body like '%\%' then '%' end, ''];
  elsif pg_catalog.strpos(body, '万') + pg_catalog.strpos(body, '億') + pg_catalog.strpos(body, '兆') > 0
    and body ~ '[兆億万][0-9]'
  then
    select n.number, n.marks
    into number, marks
    from utils.read_number_japanese(body) as n;
    return;
  else
    part := utils.number_parts(body);
  end if;
  digits := part[5];
  marks := utils.number_marks(digits, decimal_comma);
  if marks is null or digits in ('', '.') then
    marks := null;
    return;
  end if;
  digits := case when marks = 'comma'
    then pg_catalog.translate(digits, ',.'' ', '.')
    else pg_catalog.translate(digits, ','' ', '') end;
  scale := utils.number_scale(part[6]) * case when part[7] like '%\%' then 0.01 else 1 end;
  number := digits::numeric * case when part[1] || part[2] || part[4] in ('', '+') then 1 else -1 end;
  if scale <> 1 then
    number := pg_catalog.trim_scale(number * scale);
  end if;
  marks := pg_catalog.concat_ws(' ', nullif(marks, ''),
    case when part[7] like '%\%' then 'percent'
      when part[3] is not null or part[7] !~ '[名人件社個台]' then 'currency' end);
end
$$;

comment on function utils.read_number(text, boolean) is
  'The exact number a text stands for as people write it, "1,234", "１２３", "12%" (0.12), "€5m", "(1,234)", "▲5", "3.5億円", "1億2000万", "150名", and marks of how it is written (comma, point, percent, currency); null when it is none.';

revoke execute on function utils.read_number(text, boolean) from public;
grant execute on function utils.read_number(text, boolean) to authenticated, service_role;
