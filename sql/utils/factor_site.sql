create or replace function utils.factor_site(owner text, name text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  words constant text := pg_catalog.regexp_replace(name, ' (in|at)$', '', 'i');
  part constant text := pg_catalog."substring"(words, '(?i)^(.+) (?:location|place|address)$');
begin
  return case
    when words is null or words ~* '^(location|locations|place|address|geolocation)$' then owner || ' located'
    when words ~* '^(located|based|headquartered|registered|incorporated|born|situated|listed|hosted|stored|buried|employed)$'
      then owner || ' ' || words
    when part is not null then owner || '''s ' || part || ' located'
    else owner || '''s ' || words
  end;
end
$$;

comment on function utils.factor_site(text, text) is
  'What "Where is the" asks after: "company located" (location), "company based" (based in), "company''s headquarters".';

revoke execute on function utils.factor_site(text, text) from public;
grant execute on function utils.factor_site(text, text) to authenticated, service_role;
