-- Where a value is encoded, once: placeholders inside a longer "url" (and inside a "query" that is a string) are
-- percent-encoded here; a "query" object keeps plain typed values, and the sender encodes them when it builds the URL.
-- A url that is only a placeholder is taken as it is.
--
-- Secrets: <<$secret.NAME>> written in the template is left for the sender. What comes from variables, or arises where
-- they meet the template's text, is never a secret: there every "<<$…$secret." gets one more "$". The sender reads the
-- rendered request in one pass: <<$secret.NAME>> is a secret; "<<$$secret." (two or more "$") loses one "$". So text
-- arrives unchanged, and no object can ask for a secret. An author writes <<$$secret.X>> for the literal text.
--
-- Values are put in once: a placeholder inside a value stays the text it is. "response" is dropped: it tells how to
-- read the answer and is read from the source. Where two member names become one, the later one stays.
create or replace function utils.replace_request_placeholders(template jsonb, vars jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  filled constant record := utils.fill_placeholders(utils.cut_template(template), coalesce(vars, '{}'));
begin
  if filled.missing <> '{}' then
    raise exception using
      errcode = 'ETL03',
      message = pg_catalog.format('placeholder <<$%s>> cannot be resolved', filled.missing[1]),
      hint = 'The variables hold no such name or member; a template names what its source needs to be asked.';
  end if;
  return filled.request;
end
$$;

comment on function utils.replace_request_placeholders(jsonb, jsonb) is
  'A request template with its placeholders replaced by variables; secrets stay placeholders. Raises ETL03 naming the first one that cannot be resolved.';

revoke execute on function utils.replace_request_placeholders(jsonb, jsonb) from public;
grant execute on function utils.replace_request_placeholders(jsonb, jsonb) to authenticated, service_role;
