-- Values decide; a name tips the balance where they are mixed (half of them are enough then), and decides where there is
-- none to see. What says "not known" (非公開, N/A) speaks for no type and against none.
create or replace function utils.field_type(
  name text, tally jsonb, texts bigint, longest int, separator text default null,
  out type text, out fits numeric, out format jsonb)
returns record
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  hint constant text := utils.name_hint(name);
  seen constant numeric := coalesce((tally ->> 'seen')::numeric, 0);
  known constant numeric := seen - coalesce((tally ->> 'missing')::numeric, 0);
begin
  if known = 0 then
    type := case when hint in ('email', 'boolean', 'phone', 'url', 'date', 'number', 'textarea') then hint else 'text' end;
  elsif utils.tally_share(tally, '{nested}', known) >= 0.5 then
    type := 'text';
    format := '{"json": true}';
  elsif utils.tally_share(tally, '{list}', known) >= 0.5 then
    type := 'multiselect';
  elsif utils.tally_share(tally, '{email}', known) >= 0.8
    or hint = 'email' and utils.tally_share(tally, '{email}', known) >= 0.5
  then
    type := 'email';
  elsif utils.tally_share(tally, '{url}', known) >= 0.8
    or hint = 'url' and utils.tally_share(tally, '{url,domain}', known) >= 0.5
  then
    type := 'url';
  elsif utils.tally_share(tally, '{phone}', known) >= 0.8
    or hint = 'phone' and utils.tally_share(tally, '{digits}', known) >= 0.5
  then
    type := 'phone';
  elsif utils.tally_share(tally, '{boolean}', known) >= 0.8
    or hint = 'boolean' and utils.tally_share(tally, '{boolean,bit}', known) >= 0.5
  then
    type := 'boolean';
  elsif utils.tally_share(tally, '{date}', known) >= 0.8
    or hint = 'date' and utils.tally_share(tally, '{date,year,day,seconds,millis}', known) >= 0.5
  then
    type := 'date';
    format := utils.date_format(tally, hint = 'date');
  elsif (utils.tally_share(tally, '{number}', known) >= 0.8
      or hint = 'number' and utils.tally_share(tally, '{number}', known) >= 0.5)
    and utils.tally_share(tally, '{padded}', known) < 0.01
    and coalesce(hint <> 'code', true)
  then
    type := 'number';
    format := utils.number_format(tally);
  elsif separator is not null then
    type := 'multiselect';
    format := pg_catalog.jsonb_build_object('separator', separator);
  elsif utils.tally_share(tally, '{long}', known) >= 0.05 or hint = 'textarea' and longest > 60 then
    type := 'textarea';
  elsif texts between 2 and 100 and longest <= 80 and coalesce(hint not in ('identifier', 'code'), true)
    and (seen >= texts * 5 or hint is distinct from 'label' and seen >= texts * 2)
  then
    type := 'select';
  else
    type := 'text';
  end if;
  fits := case when seen > 0 then pg_catalog.round(
    utils.tally_share(tally, coalesce(utils.fitting_marks(type, format), '{seen}'), seen), 6) end;
end
$$;

comment on function utils.field_type(text, jsonb, bigint, int, text) is
  'The type of a field by its name and by how many of its values bear which mark (utils.value_marks; "seen" is all but null), the share that fits it, and how it is written (format).';

revoke execute on function utils.field_type(text, jsonb, bigint, int, text) from public;
grant execute on function utils.field_type(text, jsonb, bigint, int, text) to authenticated, service_role;
