create or replace function utils.factor_event(owner text, name text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  -- "founded date" and "founded at" say when it was founded; "launch date" when the launch was.
  words constant text := coalesce(
    nullif(pg_catalog.regexp_replace(
      pg_catalog.regexp_replace(name, '(^| )(date|at|on|time|timestamp|day|year|month)$', '', 'i'),
      '^(date|time|day|year|month) (of )?', '', 'i'), ''),
    name);
begin
  if words is null then
    return owner || ' active';
  elsif words ~* ('^((is|was|first|last|most recently|recently|originally|initially|previously|next) )*'
    '([[:alpha:]]{2,}([^e]d|[^ei]ed|ied)|built|sold|bought|born|begun|made|held|known|seen|taken|written|shut down|spun off)$')
    and words !~* '(^| )(end|fund|bond|brand|found|period|record|card|board|method|trend|weekend|bid|grand|build|deed|feed|seed|speed)$'
  then
    return owner || ' ' || pg_catalog.regexp_replace(words, '^(is|was) ', '', 'i');
  end if;
  return owner || '''s ' || words;
end
$$;

comment on function utils.factor_event(text, text) is
  'What "When was the" asks after: "company founded" (founded date), "company''s launch" (launch date).';

revoke execute on function utils.factor_event(text, text) from public;
grant execute on function utils.factor_event(text, text) to authenticated, service_role;
