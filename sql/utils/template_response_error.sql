create or replace function utils.template_response_error(response jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when pg_catalog.jsonb_typeof($1) <> 'object' then
      pg_catalog.format('response is an object, not %s', pg_catalog.jsonb_typeof($1))
    else coalesce(
      (
        select pg_catalog.format('response.%s: %s', p.name, utils.stored_path_error($1 -> p.name))
        from pg_catalog.unnest('{objects,external_id,status,next_cursor,error}'::text[]) with ordinality as p (name, n)
        where $1 ? p.name
          and utils.stored_path_error($1 -> p.name) is not null
        order by p.n
        limit 1),
      (
        select pg_catalog.format('response.%s is a list of status values, not %s', l.name, $1 -> l.name)
        from pg_catalog.unnest('{done,failed,pending}'::text[]) with ordinality as l (name, n)
        where $1 ? l.name
          and pg_catalog.jsonb_typeof($1 -> l.name) <> 'array'
        order by l.n
        limit 1),
      (
        select pg_catalog.format('response.%s has no use without response.status', l.name)
        from pg_catalog.unnest('{done,failed,pending}'::text[]) with ordinality as l (name, n)
        where $1 ? l.name
          and not $1 ? 'status'
        order by l.n
        limit 1))
  end
$$;

comment on function utils.template_response_error(jsonb) is
  'What is wrong with the response member of a template, in a sentence that names the member; null when nothing is.';

revoke execute on function utils.template_response_error(jsonb) from public;
grant execute on function utils.template_response_error(jsonb) to authenticated, service_role;
