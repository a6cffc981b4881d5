create or replace function etl_api.rank_found_objects(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_hashjoin = on
as $$
declare
  ranked_ids uuid[];
  pairs record;
begin
  select pg_catalog.array_agg(w.activity_request_id) into ranked_ids
  from etl_api.wanted_objects(activity_request_ids) as w
  where w.ranked;
  if ranked_ids is null then
    return;
  end if;

  select pg_catalog.array_agg(ao.activity_request_id) as activity_request_ids, pg_catalog.array_agg(ao.object_id) as object_ids
  into pairs
  from public.activity_object as ao
  where ao.activity_request_id = any (ranked_ids)
    and ao.role = 'result';

  update public.activity_object as ao
  set score = s.score
  from (
    select j.activity_request_id, j.object_id, pg_catalog.round(pg_catalog.avg(j.met::int), 4) as score
    from etl_api.judge_objects(pairs.activity_request_ids, pairs.object_ids, false) as j
    group by j.activity_request_id, j.object_id
  ) as s
  where ao.activity_request_id = s.activity_request_id
    and ao.role = 'result'
    and ao.object_id = s.object_id
    and ao.score is distinct from s.score;

  delete from public.activity_object as ao
  using (
    select found.activity_request_id, found.object_id, ar.max_objects,
      pg_catalog.row_number() over (
        partition by found.activity_request_id
        order by found.score desc nulls last, found.ordinal) as place
    from public.activity_object as found
    join public.activity_request as ar on ar.id = found.activity_request_id
    where found.activity_request_id = any (ranked_ids)
      and found.role = 'result'
  ) as r
  where r.place > r.max_objects
    and ao.activity_request_id = r.activity_request_id
    and ao.role = 'result'
    and ao.object_id = r.object_id;
end
$$;

comment on function etl_api.rank_found_objects(uuid[]) is
  'Gives each object that these searches found its score, the share of the use cases that can be decided that it meets, and keeps the best max_objects. A search without use cases is left as it is.';

revoke execute on function etl_api.rank_found_objects(uuid[]) from public;
grant execute on function etl_api.rank_found_objects(uuid[]) to service_role;
