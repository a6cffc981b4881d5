create or replace function etl_api.webhook_fault(org_id uuid, webhook jsonb)
returns table (code text, members text[], found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
-- A plan may have been made while there were few endpoints.
set enable_seqscan = off
set jit = off
as $$
declare
  url constant jsonb := nullif(webhook -> 'url', 'null');
  endpoint constant jsonb := nullif(webhook -> 'endpoint', 'null');
begin
  if url is null and endpoint is null then
    return query values ('missing_value', '{}'::text[], webhook, 'The webhook says neither url nor endpoint.',
      'Give {"url": "https://…"} or {"endpoint": "<webhook_endpoint uuid>"}.');
  elsif url is not null and endpoint is not null then
    return query values ('invalid_type', '{}'::text[], webhook, 'The webhook says both url and endpoint.',
      'Give one of them.');
  end if;
  if pg_catalog.jsonb_typeof(url) <> 'string' then
    return query values ('invalid_type', '{url}'::text[], url,
      pg_catalog.format('The url of a webhook is a text, but this is %s.', etl_api.describe_json(url)),
      'Give an address such as "https://client.example/hook".');
  elsif not etl_api.is_webhook_url(url #>> '{}') then
    return query values ('invalid_url', '{url}'::text[], url,
      'The url of a webhook is an http or https address without user, password and spaces; this is none.',
      'Give an address such as "https://client.example/hook".');
  end if;
  if pg_catalog.jsonb_typeof(endpoint) <> 'string' or not etl_api.is_uuid(endpoint #>> '{}') then
    return query values ('invalid_type', '{endpoint}'::text[], endpoint,
      pg_catalog.format('The endpoint of a webhook is a UUID, but this is %s.', etl_api.describe_json(endpoint)),
      'Give the id of a webhook_endpoint of your organisation.');
  elsif endpoint is not null then
    return query
    select 'unknown_endpoint', '{endpoint}'::text[], endpoint,
      pg_catalog.format(case when e.id is null then 'There is no endpoint %s.' else 'The endpoint %s was deleted.' end, endpoint #>> '{}'),
      'Give the id of a webhook_endpoint of your organisation.'
    from (values ((endpoint #>> '{}')::uuid)) as named (id)
    left join public.webhook_endpoint as e on e.id = named.id and e.org_id = webhook_fault.org_id
    -- What goes to one that is disabled waits there until it is in use again.
    where e.id is null or e.deleted_at is not null;
  end if;
end
$$;

comment on function etl_api.webhook_fault(uuid, jsonb) is
  'What is wrong with one webhook object: url or endpoint missing, not both, not well formed, unknown, deleted.';

revoke execute on function etl_api.webhook_fault(uuid, jsonb) from public;
grant execute on function etl_api.webhook_fault(uuid, jsonb) to service_role;
