create or replace function utils.key_pattern(pattern text, out matcher text, out names text[])
language sql immutable parallel safe
set search_path = ''
as $$
  select
    -- First what a regular expression would read, then the variables, whose braces are masked by now.
    '^' || pg_catalog.regexp_replace(
      pg_catalog.regexp_replace(pattern, '([][\\.*+?^$(){}|])', '\\\1', 'g'), '\\\{[^}]*\}', '([^:]+)', 'g') || '$',
    array(select m[1] from pg_catalog.regexp_matches(pattern, '\{([^}]*)\}', 'g') as m)
$$;

comment on function utils.key_pattern(text) is
  'A pattern of keys such as message:{id} as a regular expression, and the names of its variables in order; a variable stands for a part without a colon.';

revoke execute on function utils.key_pattern(text) from public;
grant execute on function utils.key_pattern(text) to authenticated, service_role;
