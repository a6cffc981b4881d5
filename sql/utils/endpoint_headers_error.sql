create or replace function utils.endpoint_headers_error(headers jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  fault text;
begin
  if headers is null then
    return null;
  elsif pg_catalog.jsonb_typeof(headers) <> 'object' then
    return 'is an object of names and texts, such as {"x-tenant": "acme"}';
  elsif pg_catalog.octet_length(headers::text) > 8192 then
    return 'has more than 8,192 bytes';
  elsif (select pg_catalog.count(*) from pg_catalog.jsonb_object_keys(headers)) > 20 then
    return 'has more than 20 members';
  end if;
  select pg_catalog.format('%s %s', pg_catalog.to_json(pg_catalog."left"(h.name, 80)), f.fault) into fault
  from pg_catalog.jsonb_each(headers) as h (name, value)
  cross join lateral (
    select case
      when h.name !~ '^[!#$%&''*+.^_`|~0-9A-Za-z-]+$' then 'is no name of a header'
      when pg_catalog.lower(h.name) ~ '^(webhook-|svix-|content-|proxy-|sec-)'
        or pg_catalog.lower(h.name) in ('host', 'connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade',
          'expect', 'accept-encoding', 'user-agent', 'cookie', 'origin', 'date', 'via')
        then 'is not for an endpoint to set'
      when pg_catalog.jsonb_typeof(h.value) <> 'string' then 'is not a text'
      when h.value #>> '{}' ~ '[^\x20-\x7e]' then 'holds characters that a header cannot'
      when exists (
        select 1
        from pg_catalog.jsonb_object_keys(headers) as other (name)
        where pg_catalog.lower(other.name) = pg_catalog.lower(h.name)
          and other.name <> h.name)
        then 'is there twice'
    end as fault
  ) as f
  where f.fault is not null
  order by h.name
  limit 1;
  return fault;
end
$$;

comment on function utils.endpoint_headers_error(jsonb) is
  'What is wrong with the headers of a webhook endpoint, in words; null when nothing is. Headers that the engine sets, or that say where a request goes and ends, are not for an endpoint to set.';

revoke execute on function utils.endpoint_headers_error(jsonb) from public;
grant execute on function utils.endpoint_headers_error(jsonb) to service_role;
