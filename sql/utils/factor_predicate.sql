create or replace function utils.factor_predicate(name text, out yes text, out no text, out ask text, out rest text)
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  words constant text := coalesce(name, 'suitable');
  head constant text := pg_catalog.lower(pg_catalog."substring"(words, '^[^ ]+(?= )'));
  tail constant text := pg_catalog."substring"(words, '^[^ ]+ (.*)$');
begin
  ask := 'Does';
  rest := tail;
  if head in ('is', 'are', 'was', 'were', 'can', 'could', 'will', 'would', 'should', 'must', 'may')
    or (head in ('has', 'have', 'had') and tail ~* '^([[:alpha:]]{3,}[^e]ed|been|gone|become)( |$)')
  then
    yes := head || ' ' || tail;
    no := case head when 'can' then 'cannot' else head || ' not' end || ' ' || tail;
    ask := pg_catalog.initcap(head);
  elsif head in ('has', 'have') then
    yes := 'has ' || tail;
    no := 'does not have ' || tail;
    rest := 'have ' || tail;
  elsif head in ('does', 'do') then
    yes := 'does ' || tail;
    no := 'does not ' || tail;
  elsif head like '%s' and utils.factor_verb(head) is not null then
    yes := head || ' ' || tail;
    rest := utils.factor_verb(head) || ' ' || tail;
    no := 'does not ' || rest;
  else
    yes := 'is ' || words;
    no := 'is not ' || words;
    ask := 'Is';
    rest := words;
  end if;
end
$$;

comment on function utils.factor_predicate(text) is
  'What a boolean datapoint says of an object: "is public", "is not public", and the question''s parts "Is" and "public"; is_, has_, can_, accepts_ and the like lead a name.';

revoke execute on function utils.factor_predicate(text) from public;
grant execute on function utils.factor_predicate(text) to authenticated, service_role;
