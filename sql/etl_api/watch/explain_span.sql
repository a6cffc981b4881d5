create or replace function etl_api.explain_span(span interval) returns text
language sql immutable
set search_path = ''
as $$
  -- The two largest units say enough: 34 s, 2 h 10 min, 3 d 4 h.
  select case
    when seconds < 60 then greatest(seconds, 0) || ' s'
    when seconds < 3600 then seconds / 60 || ' min' || case when seconds % 60 > 0 and seconds < 600 then ' ' || seconds % 60 || ' s' else '' end
    when seconds < 86400 then seconds / 3600 || ' h' || case when seconds % 3600 >= 60 then ' ' || seconds % 3600 / 60 || ' min' else '' end
    else seconds / 86400 || ' d' || case when seconds % 86400 >= 3600 then ' ' || seconds % 86400 / 3600 || ' h' else '' end
  end
  from pg_catalog.ceil(extract(epoch from span)::numeric) as rounded (seconds_numeric)
  cross join lateral (select rounded.seconds_numeric::bigint as seconds) as whole
$$;

comment on function etl_api.explain_span(interval) is 'A span of time as people say it: 34 s, 2 h 10 min, 3 d 4 h.';

revoke execute on function etl_api.explain_span(interval) from public;
grant execute on function etl_api.explain_span(interval) to service_role;
