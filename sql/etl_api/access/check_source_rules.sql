create or replace function etl_api.check_source_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  select n.id, f.field, f.fault into fault
  from new_rows as n
  cross join lateral (
    values
      ('run_request_template', utils.template_error(n.run_request_template)),
      ('status_request_template',
        case when n.status_request_template is not null then utils.template_error(n.status_request_template) end),
      ('delivery_request_template',
        case when n.delivery_request_template is not null then utils.template_error(n.delivery_request_template) end),
      ('run_request_template', etl_api.template_size_error(n.run_request_template)),
      ('status_request_template', etl_api.template_size_error(n.status_request_template)),
      ('delivery_request_template', etl_api.template_size_error(n.delivery_request_template)),
      ('rate_limit', utils.rate_limit_error(n.rate_limit)),
      ('retry_policy',
        etl_api.policy_error(n.retry_policy, '{max_attempts,base_seconds,factor,max_seconds,jitter}')),
      ('poll_policy', etl_api.policy_error(n.poll_policy, '{first_seconds,factor,max_seconds,max_polls}')),
      ('activity_types', (
        select pg_catalog.format('%s is unknown: known are %s', pg_catalog.to_json(given.name),
          (select pg_catalog.string_agg(known.name, ', ' order by known.name)
           from pg_catalog.jsonb_object_keys(etl_api.activity_types()) as known (name)))
        from unnest(n.activity_types) as given (name)
        where not (select etl_api.activity_types()) ? given.name
        limit 1))
  ) as f (field, fault)
  where f.fault is not null
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s: %s: %s', tg_table_name, fault.id, fault.field, fault.fault),
      hint = 'Correct this field; nothing of the statement was written.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_source_rules() is
  'Refuses sources whose templates or limits the engine could not use. ETL07 with the field and a sentence.';

revoke execute on function etl_api.check_source_rules() from public;
