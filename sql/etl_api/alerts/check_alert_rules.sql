create or replace function etl_api.check_alert_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault text;
begin
  if new.kind in ('failure_rate', 'source_down') and new.threshold >= 1 then
    fault := pg_catalog.format('threshold of %s is a share from 0 to below 1, not %s', new.kind, new.threshold);
  elsif new.kind = 'stuck' and new.source_id is not null then
    fault := 'source_id has no meaning for stuck, which counts rows of all tables';
  end if;
  if fault is not null then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s: %s', tg_table_name, new.id, fault),
      hint = 'Correct this field; nothing of the statement was written.';
  end if;
  return new;
end
$$;

comment on function etl_api.check_alert_rules() is
  'Refuses alert rules that could never be raised or would be misunderstood. ETL07 with the field and a sentence.';

revoke execute on function etl_api.check_alert_rules() from public;
