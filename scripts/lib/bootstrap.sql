-- What Supabase brings by itself and the migrations rely on, made only where it is missing. Run as one
-- multi-statement query, so all of it is one transaction. Roles belong to the whole server: databases
-- bootstrapped at the same time may both try to create one, and whoever comes second is content.

do $$
declare
  wanted record;
begin
  for wanted in
    select *
    from (values
      ('anon', 'nologin noinherit'),
      ('authenticated', 'nologin noinherit'),
      ('service_role', 'nologin noinherit bypassrls')
    ) as role (name, attributes)
    where not exists (select from pg_catalog.pg_roles where rolname = role.name)
  loop
    begin
      execute format('create role %I %s', wanted.name, wanted.attributes);
    exception
      when duplicate_object or unique_violation then null;
    end;
  end loop;
end
$$;

-- Two of this in one database take turns.
select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('bootstrap'));

do $$
begin
  if pg_catalog.to_regnamespace('auth') is null then
    create schema auth;
    comment on schema auth is 'Stands in for the schema Supabase brings: who is asking.';
    grant usage on schema auth to anon, authenticated, service_role;

    -- Supabase grants the three roles everything new in schema public and leaves the rest to row level
    -- security. A database without this would hide a missing policy or revoke.
    grant usage on schema public to anon, authenticated, service_role;
    alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
    alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
    alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
  end if;

  if pg_catalog.to_regprocedure('auth.jwt()') is null then
    create function auth.jwt()
    returns jsonb
    language sql
    stable
    as $function$
      select coalesce(
        nullif(pg_catalog.current_setting('request.jwt.claim', true), ''),
        nullif(pg_catalog.current_setting('request.jwt.claims', true), '')
      )::jsonb
    $function$;
    comment on function auth.jwt() is 'The claims of the token the request came with; null without one.';
    grant execute on function auth.jwt() to anon, authenticated, service_role;
  end if;

  if pg_catalog.to_regprocedure('auth.uid()') is null then
    create function auth.uid()
    returns uuid
    language sql
    stable
    as $function$
      select coalesce(
        nullif(pg_catalog.current_setting('request.jwt.claim.sub', true), ''),
        nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
      )::uuid
    $function$;
    comment on function auth.uid() is 'The user the request came from; null without a token.';
    grant execute on function auth.uid() to anon, authenticated, service_role;
  end if;

  if pg_catalog.to_regclass('auth.users') is null then
    create table auth.users (
      id uuid primary key default pg_catalog.gen_random_uuid(),
      aud text,
      role text,
      email text unique,
      raw_app_meta_data jsonb,
      raw_user_meta_data jsonb,
      created_at timestamptz default pg_catalog.now(),
      updated_at timestamptz default pg_catalog.now()
    );
    comment on table auth.users is 'People who can sign in; stands in for the table Supabase brings.';
    grant select on auth.users to service_role;
  end if;
end
$$;
