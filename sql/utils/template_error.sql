create or replace function utils.template_error(template jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when $1 is null then 'a template is missing'
    when pg_catalog.jsonb_typeof($1) <> 'object' then
      pg_catalog.format('a template is an object, not %s', pg_catalog.jsonb_typeof($1))
    else coalesce(
      (
        select pg_catalog.format('%s is missing', m.name)
        from pg_catalog.unnest('{method,url}'::text[]) as m (name)
        where not $1 ? m.name
        limit 1),
      (
        select pg_catalog.format('%s is a string, not %s', m.name, pg_catalog.jsonb_typeof($1 -> m.name))
        from pg_catalog.unnest('{method,url}'::text[]) as m (name)
        where pg_catalog.jsonb_typeof($1 -> m.name) <> 'string'
        limit 1),
      case when $1 ->> 'method' !~ '^([A-Za-z]+|<<\$.*>>)$' then
        pg_catalog.format('method "%s" is no HTTP method', $1 ->> 'method') end,
      case when $1 ->> 'url' !~* '^(https?://[^/]|<<\$)' then
        pg_catalog.format('url "%s" does not begin with http:// or https://', $1 ->> 'url') end,
      case when pg_catalog.jsonb_typeof($1 -> 'query') not in ('object', 'string', 'null') then
        pg_catalog.format('query is an object, not %s', pg_catalog.jsonb_typeof($1 -> 'query')) end,
      case when pg_catalog.jsonb_typeof($1 -> 'headers') not in ('object', 'null') then
        pg_catalog.format('headers is an object, not %s', pg_catalog.jsonb_typeof($1 -> 'headers')) end,
      (
        select pg_catalog.format('headers.%s is a string or a number, not %s', h.key, pg_catalog.jsonb_typeof(h.value))
        from pg_catalog.jsonb_each(
          case when pg_catalog.jsonb_typeof($1 -> 'headers') = 'object' then $1 -> 'headers' end) as h
        where pg_catalog.jsonb_typeof(h.value) not in ('string', 'number')
        limit 1),
      utils.template_response_error($1 -> 'response'),
      utils.template_placeholder_error($1 - 'response'))
  end
$$;

comment on function utils.template_error(jsonb) is
  'What is wrong with a request template, in a sentence that names the member; null when it can be rendered and sent.';

revoke execute on function utils.template_error(jsonb) from public;
grant execute on function utils.template_error(jsonb) to authenticated, service_role;
