create or replace function etl_api.describe_factors(factor_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Writing fires the triggers that call this; so nothing is written, not even no rows, when all is said already.
  if exists (
    select
    from etl_api.factor_sentences(factor_ids) as s
    where s.description is distinct from s.sentence)
  then
    update public.factor as f
    set description = s.sentence
    from etl_api.factor_sentences(factor_ids) as s
    where f.id = s.factor_id
      and f.description is distinct from s.sentence;
  end if;
end
$$;

comment on function etl_api.describe_factors(uuid[]) is 'Writes factor.description anew where it is not the factor''s sentence.';

revoke execute on function etl_api.describe_factors(uuid[]) from public;
grant execute on function etl_api.describe_factors(uuid[]) to service_role;
