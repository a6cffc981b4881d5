create or replace function utils.template_placeholder_error(template jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(
    (
      select pg_catalog.format(
        case when split_part(m.name[1], '.', 1) = 'secret'
          then 'placeholder <<$%s>> names no secret: write <<$secret.NAME>>'
          else 'placeholder <<$%s>> is unknown: known are run_setup, max_objects, run_external_id, objects, object, '
            'datapoints, criteria, factors, cursor, page, secret' end,
        m.name[1])
      from pg_catalog.regexp_matches(t.marked, E'[\x01\x02]([^\x05]*)\x05', 'g') with ordinality as m (name, n)
      where pg_catalog.split_part(m.name[1], '.', 1) not in (
        'run_setup', 'max_objects', 'run_external_id', 'objects', 'object',
        'datapoints', 'criteria', 'factors', 'cursor', 'page')
      order by m.n
      limit 1),
    (
      select pg_catalog.format('"%s" is no placeholder: write <<$name>> or <<$name.member>>', m.found[1])
      from pg_catalog.regexp_matches(t.marked, E'<<\\$(?!\\$)[^"<]{0,40}') as m (found)))
  from (select utils.mark_placeholders(template_placeholder_error.template::text)) as t (marked)
$$;

comment on function utils.template_placeholder_error(jsonb) is
  'The first placeholder of a template that is malformed or that no request gives, in a sentence; null when all are good.';

revoke execute on function utils.template_placeholder_error(jsonb) from public;
grant execute on function utils.template_placeholder_error(jsonb) to authenticated, service_role;
