create or replace function utils.read_boolean(input text) returns boolean
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  word constant text := pg_catalog.lower(utils.narrow_text(input));
begin
  return case
    when word in ('true', 't', 'yes', 'y', 'on', '1', 'はい', '有', '有り', 'あり', '真', '○', '◯', '✓', '✔') then true
    when word in ('false', 'f', 'no', 'n', 'off', '0', 'いいえ', '無', '無し', 'なし', '偽', '×', '✗') then false
  end;
end
$$;

comment on function utils.read_boolean(text) is
  'true for true, t, yes, y, on, 1, はい, 有, あり, ○; false for false, f, no, n, off, 0, いいえ, 無, なし, ×; null for anything else.';

revoke execute on function utils.read_boolean(text) from public;
grant execute on function utils.read_boolean(text) to authenticated, service_role;
