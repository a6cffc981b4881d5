-- For everyone, superusers included. By row, but the condition lets pass what blanks an entry and changes nothing
-- else: only etl_api.erase_audit does that with an entry of its own, and without one etl_api.check_audit complains.

drop trigger if exists keep_audit on etl_api.audit_log;
create trigger keep_audit
  before update on etl_api.audit_log
  for each row
  when (not (new.salt is null and new.old is null and new.new is null
    and (new.org_id, new.seq, new.at, new.user_id, new.role, new.table_name, new.row_key, new.action, new.digest, new.hash)
      is not distinct from
      (old.org_id, old.seq, old.at, old.user_id, old.role, old.table_name, old.row_key, old.action, old.digest, old.hash)))
  execute function etl_api.keep_audit();
comment on trigger keep_audit on etl_api.audit_log is
  'An entry is never altered; it may be blanked.';

drop trigger if exists keep_audit_rows on etl_api.audit_log;
create trigger keep_audit_rows
  before delete or truncate on etl_api.audit_log
  for each statement
  execute function etl_api.keep_audit();
comment on trigger keep_audit_rows on etl_api.audit_log is
  'No entry is ever deleted.';

drop trigger if exists keep_audit_rows on etl_api.audit_head;
create trigger keep_audit_rows
  before delete or truncate on etl_api.audit_head
  for each statement
  execute function etl_api.keep_audit();
comment on trigger keep_audit_rows on etl_api.audit_head is
  'How far a chain goes is never forgotten.';
