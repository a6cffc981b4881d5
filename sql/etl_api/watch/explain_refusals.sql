create or replace function etl_api.explain_refusals(activity_request_id uuid) returns setof text
language sql stable
set search_path = ''
as $$
  select pg_catalog.format('A guardrail refused %s: %s',
    case g.stage
      when 'before_run' then etl_api.explain_count(g.number, 'object before it was run', 'objects before they were run')
      else etl_api.explain_count(g.number, 'answer', 'answers')
    end,
    g.description)
  from (
    select r.stage, r.description, pg_catalog.count(*) as number
    from public.guardrail_refusal as r
    where r.activity_request_id = explain_refusals.activity_request_id
    group by r.stage, r.description
    order by r.stage desc, number desc, r.description
    limit 20
  ) as g
$$;

comment on function etl_api.explain_refusals(uuid) is
  'What guardrails refused in an activity request, a sentence per guardrail and stage with their number, at most 20.';

revoke execute on function etl_api.explain_refusals(uuid) from public;
