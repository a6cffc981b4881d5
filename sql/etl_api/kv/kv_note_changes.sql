create or replace function etl_api.kv_note_changes(org_id uuid, keys text[]) returns void
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  mapping record;
begin
  -- A loop over mappings, of which a write meets one or two.
  for mapping in
    select m.name, m.table_name, m.state, pg_catalog.array_agg(k.key) as keys
    from etl_api.kv_mapping as m
    join unnest(keys) as k (key)
      on pg_catalog.split_part(k.key, ':', 1) = m.head
      and k.key ~ (utils.key_pattern(m.key_pattern)).matcher
    where m.state <> 'off'
    group by m.name
    order by m.name
  loop
    case mapping.state
      when 'noting' then
        insert into etl_api.kv_change (mapping, org_id, key)
        select mapping.name, kv_note_changes.org_id, k.key
        from unnest(mapping.keys) as k (key);
      when 'following' then
        perform etl_api.kv_apply(
          mapping.name, pg_catalog.array_fill(org_id, array[pg_catalog.cardinality(mapping.keys)]), mapping.keys);
      else
        raise exception using
          errcode = 'ETL05',
          message = pg_catalog.format('%s is a row of public.%s now', mapping.keys[1], mapping.table_name),
          hint = 'Read and write the table.';
    end case;
  end loop;
end
$$;

comment on function etl_api.kv_note_changes(uuid, text[]) is
  'Tells the mappings of these keys that they were written or deleted; see etl_api.kv_mapping.state. ETL05: the table of one has taken over.';

revoke execute on function etl_api.kv_note_changes(uuid, text[]) from public;
