create or replace function etl_api.factor_sentences(factor_ids uuid[])
returns table (factor_id uuid, description text, sentence text)
language sql stable
set search_path = ''
as $$
  select f.id, f.description,
    public.generate_factor_description(f.factor_type, t.name, d.name, f.operator, f.value, f.is_guardrail)
  from public.factor as f
  join public.object_type as t on t.id = f.object_type_id
  left join public.datapoint as d on d.id = f.datapoint_id
  where f.id = any (factor_ids)
$$;

comment on function etl_api.factor_sentences(uuid[]) is 'What factors say of themselves, and what their sentence is.';

revoke execute on function etl_api.factor_sentences(uuid[]) from public;
grant execute on function etl_api.factor_sentences(uuid[]) to service_role;
