create or replace function etl_api.measure_data_quality(org_id uuid, max_objects int default null) returns int
language plpgsql
set search_path = ''
set jit = off
as $$
#variable_conflict use_variable
declare
  moment constant timestamptz := utils.now();
  this_month constant date := pg_catalog.date_trunc('month', moment at time zone 'UTC')::date;
  look_at constant int := coalesce(max_objects, utils.number_or(etl_api.setting_value('data_quality_objects'), 5000)::int);
  written int;
begin
  perform etl_api.mark_data_quality(org_id, look_at);
  delete from etl_api.data_quality_month as m
  where m.org_id = measure_data_quality.org_id
    and m.month = this_month;

  insert into etl_api.data_quality_month
    (org_id, month, object_type_id, datapoint_id, source_id, all_sources, objects, sampled,
     with_value, fresh, median_age, compared, conflicting, refused, measured_at)
  with kind as materialized (
    select * from etl_api.sample_objects(org_id, look_at)
  ), offered as materialized (
    select * from etl_api.offered_datapoints(org_id)
  ), quality as materialized (
    select k.object_type_id, q.* from kind as k cross join lateral etl_api.value_quality(k.object_ids) as q
  ), refusal as materialized (
    select k.object_type_id, r.* from kind as k cross join lateral etl_api.refused_objects(k.object_ids) as r
  ), line as (
    -- A source that offers a datapoint and brought nothing is told of as well.
    select o.object_type_id, o.datapoint_id, o.source_id, false as all_sources from offered as o where o.source_id is not null
    union
    select o.object_type_id, o.datapoint_id, null, true from offered as o
    union
    select q.object_type_id, q.datapoint_id, q.source_id, q.all_sources from quality as q
    union
    select r.object_type_id, r.datapoint_id, r.source_id, r.all_sources from refusal as r
  )
  select org_id, this_month, l.object_type_id, l.datapoint_id, l.source_id, l.all_sources,
    pg_catalog.cardinality(k.object_ids), k.sampled,
    coalesce(q.with_value, 0), coalesce(q.fresh, 0), q.median_age, coalesce(q.compared, 0), coalesce(q.conflicting, 0),
    coalesce(r.objects, 0), moment
  from line as l
  join kind as k on k.object_type_id = l.object_type_id
  left join quality as q
    on (q.datapoint_id, q.all_sources) = (l.datapoint_id, l.all_sources)
    and q.source_id is not distinct from l.source_id
  left join refusal as r
    on (r.datapoint_id, r.all_sources) = (l.datapoint_id, l.all_sources)
    and r.source_id is not distinct from l.source_id;
  get diagnostics written = row_count;
  return written;
end
$$;

comment on function etl_api.measure_data_quality(uuid, int) is
  'Measures the data quality of an org now and replaces what was measured before in this month: etl_api.data_quality shows it. Of each type it looks at max_objects objects at most (null: setting data_quality_objects). Returns how many rows it wrote. ETL04: no such org, or max_objects below 1.';

revoke execute on function etl_api.measure_data_quality(uuid, int) from public;
grant execute on function etl_api.measure_data_quality(uuid, int) to service_role;
