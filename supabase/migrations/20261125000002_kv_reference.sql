-- migrate:up

-- The functions that write to the key-value store hold the org in the statement that writes, so no trigger has to look
-- for it again. Nobody else inserts there.

-- Whoever is at work is let finish. What cannot be had soon is given back and asked for again, so that nobody who holds
-- one table and waits for another is ended for it.
do $locks$
declare
  before constant text := current_setting('lock_timeout');
begin
  for turn in 1..600 loop
    perform set_config('lock_timeout', least(800, (40 * 1.02 ^ turn)::int) || 'ms', true);
    begin
      lock table public.kv_store in access exclusive mode;
      perform set_config('lock_timeout', before, true);
      return;
    exception when lock_not_available then
      perform pg_sleep(random() * 0.05);
    end;
  end loop;
  raise exception using
    errcode = 'lock_not_available',
    message = 'The tables are in use all the time, by transactions that do not end: nothing was changed.',
    hint = 'pg_stat_activity tells who holds them. Try again when those have ended.';
end
$locks$;

alter table etl_api.table_reference
  add column held_by text not null default 'trigger' check (held_by in ('trigger', 'functions'));
comment on column etl_api.table_reference.held_by is
  'What makes sure that a new row refers to something that is there, and holds it: a trigger, or the functions that insert, where nobody else may.';
update etl_api.table_reference as r set held_by = 'functions' where r.child = 'public.kv_store'::regclass;
drop trigger a_refers_org_id on public.kv_store;
drop function etl_api.check_kv_store_org_id();

-- migrate:down
