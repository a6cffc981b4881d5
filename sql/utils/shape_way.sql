create or replace function utils.shape_way(shape text[]) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  -- The operators are faster than jsonpath; #> is left out where it would take a name like "0" for an index.
  return case
    when shape = '{}' then 'itself'
    when pg_catalog.cardinality(shape) = 1 and shape[1] like '.%' then 'member'
    when not exists (select from pg_catalog.unnest(shape) as s (step) where s.step ~ '^(#|\.\s*[+-]?[0-9])') then 'members'
    else 'jsonpath'
  end;
end
$$;

comment on function utils.shape_way(text[]) is
  'How a shape without fans is read best: itself, member (->), members (#>) or jsonpath.';

revoke execute on function utils.shape_way(text[]) from public;
grant execute on function utils.shape_way(text[]) to authenticated, service_role;
