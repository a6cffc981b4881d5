create or replace function etl_api.kv_check_mapping() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  fault text;
begin
  if tg_op = 'UPDATE' and old.apply_sql is not null
    and (old.key_pattern, old.table_name, old.columns) is distinct from (new.key_pattern, new.table_name, new.columns)
  then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('the mapping %s has its table already', new.name),
      hint = 'Drop the table, delete the mapping and make it anew; the store has everything still.';
  end if;
  if pg_catalog.jsonb_typeof(new.columns) is distinct from 'array' or new.columns @? '$[*] ? (@.type() != "object")' then
    fault := 'columns must be an array of objects';
  else
    select f.fault into fault
    from (
      select c.place, case
          when c.name is null or c.name !~ '^[a-z][a-z0-9_]{0,40}$' then 'name must be a small letter and then letters, digits and "_"'
          when c.name in ('org_id', 'rest', 'expires_at') then 'the name is one of the table''s own'
          when (c.variable is not null)::int + (c.way is not null)::int + (c.constant is not null)::int <> 1 then 'it needs one of "key", "path" and "value"'
          when c.variable is not null and c.variable <> all ((utils.key_pattern(new.key_pattern)).names) then 'the key pattern has no such variable'
          when c.way && '{*,**}' or c.way = '{}' or pg_catalog.array_position(c.way, null) is not null then 'path must lead to one place, such as "userId" or ["meta", "lang"]'
          when exists (select 1 from unnest(c.way) as w (step) where w.step ~ '^-?[0-9]+$') then 'path must lead through members, not through places in an array'
          when c.read_sql is null then pg_catalog.format('there is no type %s', c.type)
          when c.is_key and c.type <> 'text' then 'what comes from the key is text'
          when c.refers_to is not null and c.type <> 'text' then 'what refers to a key is text'
          when c.refers_to is not null and c.refers_to <> new.name and not exists (
              select 1 from etl_api.kv_mapping as m where m.name = c.refers_to) then pg_catalog.format('there is no mapping %s', c.refers_to)
          when c.refers_to is not null and (
              select pg_catalog.count(*) from etl_api.kv_mapping as m
              cross join lateral etl_api.kv_columns(m) as k
              where m.name = c.refers_to and k.is_key) > 1 then pg_catalog.format('the key of %s has several columns', c.refers_to)
        end as fault, c.name
      from etl_api.kv_columns(new) as c
      union all
      select 1000, 'the variable ' || n.name || ' of the key pattern has no column', null
      from unnest((utils.key_pattern(new.key_pattern)).names) as n (name)
      where not exists (select 1 from etl_api.kv_columns(new) as c where c.variable = n.name)
      union all
      select 1001, 'two columns have one name', pg_catalog.min(c.name)
      from etl_api.kv_columns(new) as c
      group by c.name
      having pg_catalog.count(*) > 1
    ) as f
    where f.fault is not null
    order by f.place
    limit 1;
  end if;
  if fault is not null then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('the mapping %s cannot be used: %s', new.name, fault),
      hint = 'See the comment on etl_api.kv_mapping.columns.';
  end if;
  return new;
end
$$;

comment on function etl_api.kv_check_mapping() is 'Refuses a mapping that no table could be made of. ETL07, with what is wrong.';

revoke execute on function etl_api.kv_check_mapping() from public;
