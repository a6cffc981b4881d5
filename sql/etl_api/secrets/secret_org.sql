create or replace function etl_api.secret_org(of_scope text, of_name text) returns uuid
language plpgsql stable
set search_path = ''
as $$
declare
  found_org uuid;
begin
  if of_name is null or of_name !~ '^[A-Za-z0-9_.-]{1,100}$' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('%L is no name of a secret', pg_catalog."left"(of_name, 100)),
      hint = 'Use 1 to 100 letters, digits, ".", "_" and "-".';
  end if;
  if of_scope = 'shared' then
    return null;
  end if;
  if of_scope is not null and etl_api.is_uuid(of_scope) then
    select o.id into found_org
    from public.org as o
    where o.id = of_scope::uuid;
  end if;
  if found_org is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no org %L whose secret this could be', pg_catalog."left"(of_scope, 100)),
      hint = 'Give an org''s id, or "shared" for sources without an org.';
  end if;
  return found_org;
end
$$;

comment on function etl_api.secret_org(text, text) is
  'The org of a scope; null for "shared". ETL04 for a scope or a name that no secret can have.';

revoke execute on function etl_api.secret_org(text, text) from public;
