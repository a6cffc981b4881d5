create or replace function etl_api.view_column_names(names text[]) returns text[]
language plpgsql immutable
set search_path = ''
as $$
declare
  -- What every record has.
  taken text[] := '{id,name,email,company,status,data,is_ai_generated,created_by,created_at,updated_at}'::text[];
  chosen text[] := '{}'::text[];
  field text;
  candidate text;
  n int;
begin
  -- A loop, since what a name may be depends on those before it.
  foreach field in array names loop
    -- A cast to name cuts at 63 bytes, between characters.
    candidate := field::name::text;
    n := 1;
    while candidate = any (taken) loop
      n := n + 1;
      candidate := field::name::text;
      while pg_catalog.octet_length(candidate || '_' || n) > 63 loop
        candidate := pg_catalog."left"(candidate, -1);
      end loop;
      candidate := candidate || '_' || n;
    end loop;
    taken := taken || candidate;
    chosen := chosen || candidate;
  end loop;
  return chosen;
end
$$;

comment on function etl_api.view_column_names(text[]) is
  'What fields are called as columns of a view: at most 63 bytes, none like another or like what every record has; a number is added where they would be.';

revoke execute on function etl_api.view_column_names(text[]) from public;
grant execute on function etl_api.view_column_names(text[]) to service_role;
