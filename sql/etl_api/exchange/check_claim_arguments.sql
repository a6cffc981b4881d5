create or replace function etl_api.check_claim_arguments(worker text, max_items int, argument text) returns void
language plpgsql immutable
set search_path = ''
as $$
begin
  if worker is null or pg_catalog.length(worker) not between 1 and 200 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('worker is %L: it must be a name of 1 to 200 characters', pg_catalog.left(worker, 50)),
      hint = 'Name the process that claims, so that an operator finds it.';
  end if;
  if max_items is null or max_items not between 1 and 1000 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('%s is %s: it must be between 1 and 1000', argument, coalesce(max_items::text, 'null')),
      hint = 'Claim in batches; 50 to 200 is a good size.';
  end if;
end
$$;

comment on function etl_api.check_claim_arguments(text, int, text) is
  'Refuses a claim without a worker''s name or with a batch size outside 1 to 1000. ETL04.';

revoke execute on function etl_api.check_claim_arguments(text, int, text) from public;
grant execute on function etl_api.check_claim_arguments(text, int, text) to service_role;
