create or replace function etl_api.explain_activities(workflow_request_id uuid) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  shown constant int := 20;
  ids constant uuid[] := array(
    select ar.id
    from public.activity_request as ar
    where ar.workflow_request_id = explain_activities.workflow_request_id
      and (ar.state not in ('done', 'delivered') or ar.state_substate is not null)
    order by ar.workflow_phase, ar.activity_key);
  rest constant int := pg_catalog.cardinality(ids) - shown;
begin
  return query
  select s.sentence
  from pg_catalog.unnest(ids[1:shown]) with ordinality as a (id, place)
  cross join lateral etl_api.explain_activity(a.id, false) with ordinality as s (sentence, line)
  order by a.place, s.line;
  if rest > 0 then
    return next pg_catalog.format('And %s.', etl_api.explain_count(rest, 'more activity', 'more activities'));
  end if;
end
$$;

comment on function etl_api.explain_activities(uuid) is
  'The sentences about the activities of a workflow request that are not plainly done, in their order, the first 20; see explain.';

revoke execute on function etl_api.explain_activities(uuid) from public;
