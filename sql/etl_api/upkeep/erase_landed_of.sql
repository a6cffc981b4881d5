create or replace function etl_api.erase_landed_of(of_key jsonb, activity_ids uuid[]) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  jobs constant uuid[] := array(
    select j.id
    from public.ai_generation_jobs as j
    where j.activity_request_id = any (activity_ids)
      and j.request -> 'keys' @> pg_catalog.jsonb_build_array(of_key)
    order by j.id
    for update);
  ids constant uuid[] := array(
    select etl_api.generated_id(j.id, k.place::int - 1)
    from public.ai_generation_jobs as j
    cross join lateral pg_catalog.jsonb_array_elements(j.request -> 'keys') with ordinality as k (value, place)
    where j.id = any (jobs)
      and k.value = of_key);
  names text[];
  landed bigint;
  generated bigint;
  told bigint;
begin
  if jobs = '{}' then
    return '{}'::jsonb;
  end if;
  with gone as (
    delete from public.records as r
    where r.id = any (ids)
    returning r.name
  )
  select pg_catalog.array_agg(g.name), pg_catalog.count(*) into names, landed from gone as g;
  delete from public.ai_generated_records as g
  where g.id = any (ids);
  get diagnostics generated = row_count;
  -- Progress names records; those without a name share one.
  delete from public.ai_generation_events as e
  where e.job_id = any (jobs)
    and e.company = any (names)
    and e.company <> 'Unnamed Company';
  get diagnostics told = row_count;
  -- The places of the others stay theirs.
  update public.ai_generation_jobs as j
  set request = pg_catalog.jsonb_set(j.request, '{keys}', (
        select pg_catalog.jsonb_agg(nullif(k.value, of_key) order by k.place)
        from pg_catalog.jsonb_array_elements(j.request -> 'keys') with ordinality as k (value, place))),
      error_message = null
  where j.id = any (jobs);
  return pg_catalog.jsonb_build_object('public.records', landed, 'public.ai_generated_records', generated,
    'public.ai_generation_events', told);
end
$$;

comment on function etl_api.erase_landed_of(jsonb, uuid[]) is
  'Removes what the results of these activity requests brought into tables of records of the object with this key, staged or in, whatever people made of it since. Returns how many rows of which table. The caller holds the workflow locks.';

revoke execute on function etl_api.erase_landed_of(jsonb, uuid[]) from public;
