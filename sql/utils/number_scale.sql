create or replace function utils.number_scale(word text) returns numeric
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case word
    when 'k' then 1e3 when 'K' then 1e3 when 'thousand' then 1e3 when '千' then 1e3
    when '万' then 1e4
    when 'm' then 1e6 when 'M' then 1e6 when 'mn' then 1e6 when 'Mn' then 1e6 when 'million' then 1e6 when '百万' then 1e6
    when '千万' then 1e7
    when '億' then 1e8
    when 'b' then 1e9 when 'B' then 1e9 when 'bn' then 1e9 when 'billion' then 1e9 when '十億' then 1e9
    when 'tn' then 1e12 when 'trillion' then 1e12 when '兆' then 1e12
    else 1
  end;
end
$$;

comment on function utils.number_scale(text) is
  'What the word after a number multiplies it by: k, m, bn, million, 千, 万, 億, …; 1 for any other.';

revoke execute on function utils.number_scale(text) from public;
grant execute on function utils.number_scale(text) to authenticated, service_role;
