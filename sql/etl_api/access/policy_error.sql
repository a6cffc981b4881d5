create or replace function etl_api.policy_error(policy jsonb, known text[]) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when policy is null or policy = 'null' then null
    when pg_catalog.jsonb_typeof(policy) <> 'object' then
      pg_catalog.format('an object of numbers, not %s', pg_catalog.jsonb_typeof(policy))
    else (
      select case
        when not p.key = any (known) then
          pg_catalog.format('"%s" is unknown: known are %s', p.key, pg_catalog.array_to_string(known, ', '))
        else pg_catalog.format('"%s" is a number from 0 to 1000000000, not %s', p.key, pg_catalog."left"(p.value::text, 80))
        end
      from pg_catalog.jsonb_each(policy) as p
      where not p.key = any (known)
        or case when pg_catalog.jsonb_typeof(p.value) = 'number'
          then not (p.value #>> '{}')::numeric between 0 and 1000000000 else true end
      order by p.key
      limit 1)
    end
$$;

comment on function etl_api.policy_error(jsonb, text[]) is
  'What is wrong with a policy that consists of numbers (retry_policy, poll_policy); null when nothing is.';

revoke execute on function etl_api.policy_error(jsonb, text[]) from public;
grant execute on function etl_api.policy_error(jsonb, text[]) to authenticated, service_role;
