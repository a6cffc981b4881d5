create or replace view etl_api.kv_followed_head with (security_invoker = true) as
select i.of_head as head
from etl_api.kv_index as i
union all
select i.name_head
from etl_api.kv_index as i
union all
select m.head
from etl_api.kv_mapping as m
where m.state <> 'off';

comment on view etl_api.kv_followed_head is
  'First parts of the keys that something follows: a list, or a typed table. Most keys have others, so whoever writes asks here before etl_api.kv_written.';
comment on column etl_api.kv_followed_head.head is 'The first part of a key, up to its first colon.';
