create or replace function etl_api.explain_due(due_at timestamptz, worker text) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  wait constant interval := utils.now() - due_at;
  patience constant interval := pg_catalog.make_interval(
    secs => utils.number_or(etl_api.setting_value('stuck_after_seconds'), 900)::double precision);
begin
  if wait < interval '0' then
    return pg_catalog.format('due in %s', etl_api.explain_span(-wait));
  end if;
  return pg_catalog.format('due %s, to be claimed by %s', case when wait < interval '1 second' then 'now' else 'for ' || etl_api.explain_span(wait) end, worker)
    || case when wait > patience
      then pg_catalog.format('; that is long: see whether %s runs and its bell arrives (docs/operating.md)', worker)
      else '' end;
end
$$;

comment on function etl_api.explain_due(timestamptz, text) is
  'When something is due, and that it waits too long for its worker (execute-runs, deliver-webhooks) when it does (setting stuck_after_seconds).';

revoke execute on function etl_api.explain_due(timestamptz, text) from public;
