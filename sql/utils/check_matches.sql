create or replace function utils.check_matches(places bigint, path jsonb) returns void
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  most constant bigint := utils.max_matches();
begin
  if places > most then
    raise exception using
      errcode = 'ETL09',
      message = pg_catalog.format('The path %s finds more than %s places in one document; %s is the most.',
        pg_catalog."left"(path::text, 200), most, most),
      detail = pg_catalog.jsonb_build_object('code', 'too_many_matches', 'path', pg_catalog."left"(path::text, 200), 'found', places)::text,
      hint = 'Name more of the way instead of "**", or ask for less at once: a page size in the template, fewer objects in a request.';
  end if;
end
$$;

comment on function utils.check_matches(bigint, jsonb) is
  'Refuses a path that finds more places than utils.max_matches allows. ETL09: it does.';

revoke execute on function utils.check_matches(bigint, jsonb) from public;
grant execute on function utils.check_matches(bigint, jsonb) to authenticated, service_role;
