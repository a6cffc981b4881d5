-- migrate:up
-- Written by `npm run migration` from the files under sql/.

-- Functions may name each other in a circle.
set local check_function_bodies = off;

-- source: sql/etl_api/delivery/take_deliveries.sql
create or replace function etl_api.take_deliveries(max_deliveries int) returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  -- What a lane may have under way before anything is known of it.
  lane_start constant int := coalesce(utils.int_or_null(etl_api.setting_value('lane_start')), 20);
  front record;
begin
  -- Mostly no address has more than it may be sent, and all are in use and in no order: the oldest first, whoever's they
  -- are. (What is asked of a lane is asked in this order, and only as far as needed.)
  if not exists (select 1 from etl_api.delivery_lane as l where l.wanted) then
    with d as materialized (
      select due.id, coalesce(due.endpoint_id, due.lane) as lane, due.org_id, due.endpoint_id
      from public.delivery as due
      where due.state in ('waiting', 'ready')
        and due.due_at <= utils.now()
      order by due.due_at
      limit max_deliveries
      for update skip locked
    )
    select array(select d.id from d) as ids, (
      select pg_catalog.bool_and(
        g.lane = '00000000-0000-0000-0000-000000000000'
        or coalesce(l.unlimited, false)
        or (
          o.is_plain
          and e.is_plain is not false
          and coalesce(l.at_once, lane_start) > g.due + (
            select pg_catalog.count(*)
            from public.delivery as sent
            where sent.lane = g.lane
              and sent.state = 'in_progress')))
      from (
        select d.lane, d.org_id, d.endpoint_id, pg_catalog.count(*) as due
        from d
        group by d.lane, d.org_id, d.endpoint_id
      ) as g
      left join lateral (
        select known.at_once is null as unlimited, known.at_once
        from etl_api.delivery_lane as known
        where known.lane = g.lane
        offset 0
      ) as l on true
      left join lateral (
        select known.deleted_at is null
          and known.settings -> 'ordered_deliveries' is distinct from 'true' as is_plain
        from public.org as known
        where known.id = g.org_id
        offset 0
      ) as o on l.unlimited is not true
      left join lateral (
        select known.disabled_at is null
          and not known.ordered as is_plain
        from public.webhook_endpoint as known
        where known.id = g.endpoint_id
          and known.org_id = g.org_id
        offset 0
      ) as e on l.unlimited is not true and g.endpoint_id is not null) as plain
    into front;
    if front.plain is not false then
      return front.ids;
    end if;
  end if;

  -- By their keys, whatever the planner thinks of the queue: "offset 0" leaves nothing else.
  return array(
    select d.id
    from unnest(etl_api.pick_deliveries(max_deliveries)) with ordinality as p (id, place)
    cross join lateral (
      select due.id, due.state, due.due_at
      from public.delivery as due
      where due.id = p.id
      offset 0
      for update skip locked
    ) as d
    where d.state in ('waiting', 'ready')
      and d.due_at <= utils.now()
    order by p.place);
end
$$;

comment on function etl_api.take_deliveries(int) is
  'Messages that are due and may be sent now, the longest due first, at most max_deliveries; none of an address that is slow or dead beyond what it may have under way. Their rows are locked.';

revoke execute on function etl_api.take_deliveries(int) from public;
grant execute on function etl_api.take_deliveries(int) to service_role;
-- end of source

-- source: sql/etl_api/kv/kv_compare_and_set.sql
create or replace function etl_api.kv_compare_and_set(
  org_id uuid, key text, expected_version bigint, value jsonb, expires_in interval default null)
returns bigint
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  written bigint;
begin
  if kv_compare_and_set.org_id is null or etl_api.may_request(kv_compare_and_set.org_id) is not true then
    perform etl_api.kv_refuse_writer(kv_compare_and_set.org_id);
  end if;
  if coalesce(pg_catalog.octet_length(key), 0) not between 1 and 1024 or value is null or expires_in <= interval '0' then
    raise exception using
      errcode = 'ETL04',
      message = case
        when key is null then 'key is null: it must be a text'
        when key = '' then 'key is empty: it must be a text of 1 to 1024 bytes'
        when pg_catalog.octet_length(key) > 1024 then
          pg_catalog.format('key has %s bytes: it must have 1 to 1024 (%s…)', pg_catalog.octet_length(key), pg_catalog."left"(key, 40))
        when value is null then pg_catalog.format('value is null for %s: it must be JSON', key)
        else pg_catalog.format('expires_in is %s: it must be more than nothing', expires_in)
      end,
      hint = 'A JSON null is ''null''::jsonb; use etl_api.kv_delete for what goes.';
  end if;

  if expected_version is null then
    -- What has expired is not there.
    insert into public.kv_store as s (org_id, key, value, expires_at, created_at, updated_at)
    select o.id, kv_compare_and_set.key, kv_compare_and_set.value, moment + expires_in, moment, moment
    from public.org as o
    where o.id = kv_compare_and_set.org_id
    for key share
    on conflict (org_id, key) do update
    set value = excluded.value,
        version = excluded.version,
        expires_at = excluded.expires_at,
        created_at = excluded.created_at,
        updated_at = excluded.updated_at
    where s.expires_at <= moment
    returning s.version into written;
    if written is null then
      perform etl_api.kv_refuse_org(org_id);
    end if;
  else
    update public.kv_store as s
    set value = kv_compare_and_set.value,
        version = default,
        expires_at = moment + expires_in,
        updated_at = moment
    where s.org_id = kv_compare_and_set.org_id
      and s.key = kv_compare_and_set.key
      and s.version = expected_version
      and (s.expires_at is null or s.expires_at > moment)
    returning s.version into written;
  end if;
  -- As in kv_set.
  if written is not null and (
      exists (
        select from etl_api.kv_index as i
        where pg_catalog.split_part(kv_compare_and_set.key, ':', 1) in (i.of_head, i.name_head))
      or exists (
        select from etl_api.kv_mapping as m
        where m.head = pg_catalog.split_part(kv_compare_and_set.key, ':', 1)
          and m.state <> 'off'))
  then
    perform etl_api.kv_written(org_id, array[key]);
  end if;
  return written;
end
$$;

comment on function etl_api.kv_compare_and_set(uuid, text, bigint, jsonb, interval) is
  'Writes a value only if the key still has the version expected (null: if nothing is there). Returns the new version; null, and nothing written, when somebody was faster. Errors as of kv_set.';

revoke execute on function etl_api.kv_compare_and_set(uuid, text, bigint, jsonb, interval) from public;
grant execute on function etl_api.kv_compare_and_set(uuid, text, bigint, jsonb, interval) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/kv/kv_delete_many.sql
create or replace function etl_api.kv_delete_many(org_id uuid, keys text[]) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  deleted bigint;
begin
  if kv_delete_many.org_id is null or etl_api.may_request(kv_delete_many.org_id) is not true then
    perform etl_api.kv_refuse_writer(kv_delete_many.org_id);
  end if;
  with held as materialized (
    select s.key, s.expires_at
    from public.kv_store as s
    where s.org_id = kv_delete_many.org_id
      and s.key = any (keys)
    order by s.key
    for update
  ),
  gone as (
    delete from public.kv_store as s
    using held as h
    where s.org_id = kv_delete_many.org_id
      and s.key = h.key
    returning h.expires_at
  )
  select pg_catalog.count(*) filter (where g.expires_at is null or g.expires_at > moment) into deleted
  from gone as g;
  perform etl_api.kv_written(org_id, keys);
  return deleted;
end
$$;

comment on function etl_api.kv_delete_many(uuid, text[]) is
  'Deletes these keys of an org''s store. Returns how many were there. ETL06: the caller may not.';

revoke execute on function etl_api.kv_delete_many(uuid, text[]) from public;
grant execute on function etl_api.kv_delete_many(uuid, text[]) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/kv/kv_refuse_org.sql
create or replace function etl_api.kv_refuse_org(org_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if not exists (select from public.org as o where o.id = kv_refuse_org.org_id) then
    raise exception using
      errcode = 'foreign_key_violation',
      message = 'a row of kv_store refers to one of org that is not there',
      detail = pg_catalog.format('(org_id) = (%s).', org_id),
      table = 'kv_store';
  end if;
end
$$;

comment on function etl_api.kv_refuse_org(uuid) is
  'Refuses an org that is not there, once nothing was written for it: the functions that write to the store hold the org in the statement that writes; see etl_api.table_reference. 23503.';

revoke execute on function etl_api.kv_refuse_org(uuid) from public;
-- end of source

-- source: sql/etl_api/kv/kv_refuse_writer.sql
create or replace function etl_api.kv_refuse_writer(org_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if org_id is null then
    raise exception using
      errcode = 'ETL04',
      message = 'org_id is null: it must be the id of an org',
      hint = 'Give the id of the org whose store it is.';
  end if;
  -- Another org and no org at all look the same from outside.
  raise exception using
    errcode = 'ETL06',
    message = pg_catalog.format('you may not write to the store of org %s', org_id),
    hint = 'An owner, admin or member of the org can do this.';
end
$$;

comment on function etl_api.kv_refuse_writer(uuid) is
  'Refuses a caller of whom etl_api.may_request says that nothing may be written for this org. ETL04: null; ETL06: not the caller''s, or the caller only reads there.';

revoke execute on function etl_api.kv_refuse_writer(uuid) from public;
-- end of source

-- source: sql/etl_api/kv/kv_set.sql
create or replace function etl_api.kv_set(org_id uuid, key text, value jsonb, expires_in interval default null) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  written bigint;
begin
  if kv_set.org_id is null or etl_api.may_request(kv_set.org_id) is not true then
    perform etl_api.kv_refuse_writer(kv_set.org_id);
  end if;
  if coalesce(pg_catalog.octet_length(key), 0) not between 1 and 1024 or value is null or expires_in <= interval '0' then
    raise exception using
      errcode = 'ETL04',
      message = case
        when key is null then 'key is null: it must be a text'
        when key = '' then 'key is empty: it must be a text of 1 to 1024 bytes'
        when pg_catalog.octet_length(key) > 1024 then
          pg_catalog.format('key has %s bytes: it must have 1 to 1024 (%s…)', pg_catalog.octet_length(key), pg_catalog."left"(key, 40))
        when value is null then pg_catalog.format('value is null for %s: it must be JSON', key)
        else pg_catalog.format('expires_in is %s: it must be more than nothing', expires_in)
      end,
      hint = 'A JSON null is ''null''::jsonb; use etl_api.kv_delete for what goes.';
  end if;
  insert into public.kv_store as s (org_id, key, value, expires_at, created_at, updated_at)
  select o.id, kv_set.key, kv_set.value, moment + expires_in, moment, moment
  from public.org as o
  where o.id = kv_set.org_id
  for key share
  on conflict (org_id, key) do update
  set value = excluded.value,
      version = excluded.version,
      expires_at = excluded.expires_at,
      updated_at = excluded.updated_at
  returning s.version into written;
  if written is null then
    perform etl_api.kv_refuse_org(org_id);
  end if;
  -- Most keys belong to no list and no mapping.
  if exists (select from etl_api.kv_index as i where pg_catalog.split_part(kv_set.key, ':', 1) in (i.of_head, i.name_head))
    or exists (
      select from etl_api.kv_mapping as m
      where m.head = pg_catalog.split_part(kv_set.key, ':', 1)
        and m.state <> 'off')
  then
    perform etl_api.kv_written(org_id, array[key]);
  end if;
  return written;
end
$$;

comment on function etl_api.kv_set(uuid, text, jsonb, interval) is
  'Writes a value under a key of an org''s store and returns its version; what was there is replaced. expires_in: after that it is as if it had never been there; null: it stays. ETL04: null org or value, a key that is null, empty or longer than 1,024 bytes, bad expires_in; ETL05: the key of a list (kv_index); ETL06: the caller may not.';

revoke execute on function etl_api.kv_set(uuid, text, jsonb, interval) from public;
grant execute on function etl_api.kv_set(uuid, text, jsonb, interval) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/kv/kv_set_many.sql
create or replace function etl_api.kv_set_many(org_id uuid, entries jsonb, expires_in interval default null)
returns table (key text, version bigint)
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  heads text[];
  odd_key text;
begin
  if kv_set_many.org_id is null or etl_api.may_request(kv_set_many.org_id) is not true then
    perform etl_api.kv_refuse_writer(kv_set_many.org_id);
  end if;
  if pg_catalog.jsonb_typeof(entries) is distinct from 'object' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('entries is %s: it must be an object', coalesce(pg_catalog.jsonb_typeof(entries), 'null')),
      hint = 'Give {"key": value, …}.';
  elsif expires_in <= interval '0' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('expires_in is %s: it must be more than nothing', expires_in),
      hint = 'Leave it out for what stays; use etl_api.kv_delete for what goes.';
  end if;
  -- Keys are many, the parts that they begin with few.
  select pg_catalog.array_agg(h.head), pg_catalog.min(h.odd_key) into heads, odd_key
  from (
    select pg_catalog.split_part(k.key, ':', 1) as head,
      pg_catalog.min(k.key) filter (where k.key = '' or pg_catalog.octet_length(k.key) > 1024) as odd_key
    from pg_catalog.jsonb_object_keys(entries) as k (key)
    group by 1
  ) as h;
  if odd_key is not null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('a key has %s bytes: it must have 1 to 1024 (%s…)', pg_catalog.octet_length(odd_key), pg_catalog."left"(odd_key, 40)),
      hint = 'Nothing of this call was written.';
  end if;

  -- In the order of the keys, as everybody takes the rows.
  return query
  with held as materialized (
    select o.id
    from public.org as o
    where o.id = kv_set_many.org_id
    for key share
  )
  insert into public.kv_store as s (org_id, key, value, expires_at, created_at, updated_at)
  select h.id, e.key, e.value, moment + expires_in, moment, moment
  from held as h
  cross join pg_catalog.jsonb_each(entries) as e
  order by e.key collate "C"
  on conflict (org_id, key) do update
  set value = excluded.value,
      version = excluded.version,
      expires_at = excluded.expires_at,
      updated_at = excluded.updated_at
  returning s.key, s.version;
  if not found then
    perform etl_api.kv_refuse_org(kv_set_many.org_id);
  end if;
  -- As in kv_set.
  if exists (select from etl_api.kv_index as i where i.of_head = any (heads) or i.name_head = any (heads))
    or exists (select from etl_api.kv_mapping as m where m.head = any (heads) and m.state <> 'off')
  then
    perform etl_api.kv_written(org_id, array(select k.key from pg_catalog.jsonb_object_keys(entries) as k (key)));
  end if;
end
$$;

comment on function etl_api.kv_set_many(uuid, jsonb, interval) is
  'Writes {"key": value, …} into an org''s store, all or nothing, in one statement; what was there is replaced. expires_in: after that it is as if it had never been there; null: it stays. Returns the new versions. ETL04: null org, not an object, a key that is empty or longer than 1,024 bytes, bad expires_in; ETL05: the key of a list (kv_index); ETL06: the caller may not.';

revoke execute on function etl_api.kv_set_many(uuid, jsonb, interval) from public;
grant execute on function etl_api.kv_set_many(uuid, jsonb, interval) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/end_silent_generations.sql
create or replace function etl_api.end_silent_generations(max_rows int default 1000) returns bigint
language plpgsql
set search_path = ''
-- By the index of what is open, which is in order, whatever the tables were like when the plan was made.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  silence constant interval := etl_api.time_limit(null, 'generation_silence_seconds');
  why constant text := pg_catalog.format('Nothing was heard of the generator for %s', etl_api.explain_span(silence));
  job public.ai_generation_jobs;
  ended bigint := 0;
begin
  -- A loop, for each is told by itself; they are few.
  for job in
    update public.ai_generation_jobs as j
    set status = case when j.completed_records > 0 then 'completed' else 'failed' end,
        stage = case when j.completed_records > 0 then 'completed' else 'failed' end,
        error_message = why,
        updated_at = moment,
        completed_at = moment
    where j.id in (
      select silent.id
      from public.ai_generation_jobs as silent
      where silent.status in ('pending', 'processing')
        and silent.stage <> 'preview'
        and silent.updated_at <= moment - silence
        -- What is staged waits for people, in a preview or because only a part of it was confirmed; and what a request
        -- brings, for its end.
        and (select true from public.ai_generated_records as g where g.job_id = silent.id and g.status = 'staged' limit 1) is null
        and (select true from public.workflow_request as w where w.id = silent.workflow_request_id and w.is_open limit 1) is null
      order by silent.updated_at
      limit max_rows
      for update of silent skip locked)
    returning j.*
  loop
    perform etl_api.tell_progress(job, case job.status when 'completed' then 'complete' else 'failed' end,
      case job.status when 'completed' then pg_catalog.format('%s; %s of %s records are in', why, job.completed_records, job.total_records)
        else why end,
      case job.status when 'completed' then 'warning' else 'error' end, null, job.completed_records, job.total_records);
    ended := ended + 1;
  end loop;
  return ended;
end
$$;

comment on function etl_api.end_silent_generations(int) is
  'Ends generations of which nothing was heard for generation_silence_seconds: completed where something is in, failed where nothing is. Those that wait for people (preview) or for a request are none of them. What comes later is taken all the same. At most max_rows; returns how many. Part of recover().';

revoke execute on function etl_api.end_silent_generations(int) from public;
grant execute on function etl_api.end_silent_generations(int) to service_role;
-- end of source

-- source: sql/etl_api/records/find_records.sql
create or replace function etl_api.find_records(
  table_id uuid, filter jsonb default null, words text default null, max_rows int default 100, before uuid default null)
returns setof public.records
language plpgsql stable
security definer
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  last record;
begin
  perform etl_api.check_table_reader(table_id);
  if max_rows is null or max_rows not between 1 and 10000 or pg_catalog.jsonb_typeof(filter) <> 'object' then
    raise exception using
      errcode = 'ETL04',
      message = case when pg_catalog.jsonb_typeof(filter) <> 'object'
        then pg_catalog.format('filter is %s: it must be an object', pg_catalog.jsonb_typeof(filter))
        else pg_catalog.format('max_rows is %s: it must be from 1 to 10000', coalesce(max_rows::text, 'null')) end,
      hint = 'Give the id of the last row of a page as "before" for the next.';
  end if;
  select r.created_at, r.id into last
  from public.records as r
  where r.id = before
    and r.table_id = find_records.table_id;
  if not found and before is not null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no record %s in the table', before),
      hint = 'Give the id of the last row of the page before, or begin anew without it.';
  end if;
  if coalesce(filter, '{}') = '{}' and words is null then
    return query
    select r.*
    from public.records as r
    where r.table_id = find_records.table_id
      and r.deleted_at is null
      and (before is null or (r.created_at, r.id) < (last.created_at, last.id))
    order by r.created_at desc, r.id desc
    limit max_rows;
    return;
  end if;
  -- Ordered by what no index gives, so that the rows are found by what they say, however seldom that is.
  return query
  select r.*
  from public.records as r
  where (filter is null or r.data @> filter)
    and (words is null or r.search_vector @@ pg_catalog.websearch_to_tsquery('simple', words))
    and r.table_id = find_records.table_id
    and r.deleted_at is null
    and (before is null or (r.created_at, r.id) < (last.created_at, last.id))
  order by r.created_at + interval '0' desc, r.id desc
  limit max_rows;
end
$$;

comment on function etl_api.find_records(uuid, jsonb, text, int, uuid) is
  'Records of a table, the newest first, that contain filter ({"employee_count": 150}) and these words (as of a search engine), found by an index; at most max_rows (1 to 10000), behind the record "before". Under row level security the tables themselves are read through to find what a user looks for. ETL04: bad argument, or no such table of the caller''s; no such record "before".';

revoke execute on function etl_api.find_records(uuid, jsonb, text, int, uuid) from public;
grant execute on function etl_api.find_records(uuid, jsonb, text, int, uuid) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/runs/deal_turns.sql
create or replace function etl_api.deal_turns(source_ids uuid[], capacities int[], max_requests int)
returns table (source_id uuid, org_id uuid, may_run boolean, turns int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  turn record := etl_api.hold_turns(source_ids);
  sources uuid[];
  orgs uuid[];
  may boolean[];
  rooms int[];
  dealt int[];
  open boolean[];
begin
  select pg_catalog.array_agg(o.source_id order by o.place), pg_catalog.array_agg(o.org_id order by o.place),
    pg_catalog.array_agg(o.may_run order by o.place), pg_catalog.array_agg(o.capacity order by o.place),
    pg_catalog.array_agg(0), pg_catalog.array_agg(true)
  into sources, orgs, may, rooms, dealt, open
  from etl_api.due_orgs(source_ids, turn.served_last, capacities, max_requests)
    with ordinality as o (source_id, org_id, may_run, capacity, place);
  if pg_catalog.cardinality(sources) = 1 then
    return query values (sources[1], orgs[1], may[1], least(rooms[1], max_requests));
    return;
  end if;

  -- In rounds: who has less than its share leaves the rest to the others. A loop, as each round needs the one before;
  -- in each all is dealt, or somebody has no more.
  while max_requests > (select pg_catalog.sum(d.turns) from unnest(dealt) as d (turns))
    and exists (
      select 1
      from unnest(sources, rooms, dealt, open) as t (source_id, room, turns, open)
      group by t.source_id
      having pg_catalog.bool_or(t.open)
        and pg_catalog.sum(t.turns) < pg_catalog.min(t.room))
  loop
    select pg_catalog.array_agg(r.turns order by r.i), pg_catalog.array_agg(r.is_open order by r.i)
    into dealt, open
    from etl_api.deal_round(sources, orgs, may, rooms, dealt, open, max_requests) as r;
  end loop;

  perform etl_api.pass_turns(turn.held, sources, orgs, dealt);
  return query
  select t.source_id, t.org_id, t.may_run, t.turns
  from unnest(sources, orgs, may, dealt) as t (source_id, org_id, may_run, turns)
  where t.turns > 0;
end
$$;

comment on function etl_api.deal_turns(uuid[], int[], int) is
  'Who may send how many of max_requests HTTP requests: source_ids[i] at most capacities[i]. The sources share alike, at each source its tenants share alike, beginning behind the one served last; what one does not need goes to those that have more. may_run: of the tenant''s runs too, not only of requests under way.';

revoke execute on function etl_api.deal_turns(uuid[], int[], int) from public;
grant execute on function etl_api.deal_turns(uuid[], int[], int) to service_role;
-- end of source

-- source: sql/etl_api/runs/due_orgs.sql
create or replace function etl_api.due_orgs(source_ids uuid[], behind uuid[], capacities int[], max_requests int)
returns table (source_id uuid, org_id uuid, may_run boolean, capacity int)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  deleted constant uuid[] := etl_api.deleted_orgs();
begin
  return query
  -- At each source from tenant to tenant by index probes, once round, however much each has waiting; at all sources
  -- together, a step at each before the next. offset 0 keeps the planner from copying a probe to every place that names
  -- its result; the order of the index of due work, from reading all of another index. Without `behind` the way begins at
  -- the end, so that its first step leads to the first tenant.
  with recursive way as (
    select coalesce(s.behind, 'ffffffff-ffff-ffff-ffff-ffffffffffff') as id, false as round, false as may_run,
      false as is_due, 0 as found, s.source_id, s.behind, s.capacity,
      -- No more tenants than could be served, were the other sources to leave half; but a second one, if there is.
      greatest(2, least(s.capacity, 2 * max_requests / pg_catalog.cardinality(source_ids))) as max_orgs,
      (select known.cost_per_run from public.source as known where known.id = s.source_id) as cost
    from (
      -- In no order: where there are more sources than requests are wanted, none is always the last.
      select t.*
      from unnest(source_ids, due_orgs.behind, capacities) as t (source_id, behind, capacity)
      order by pg_catalog.random()
    ) as s
    union all
    select next.id, next.round, work.may_run, work.may_run or work.goes_on,
      way.found + (work.may_run or work.goes_on)::int, way.source_id, way.behind, way.capacity, way.max_orgs, way.cost
    from way
    cross join lateral (
      select least(
        (select q.org_id from public.run_queue as q
         where q.source_id = way.source_id and q.state in ('waiting', 'ready') and q.org_id > way.id
         order by q.org_id limit 1),
        (select r.org_id from public.run_request as r
         where r.source_id = way.source_id and r.state in ('waiting', 'ready') and r.org_id > way.id
         order by r.org_id limit 1)) as id
      offset 0
    ) as ahead
    cross join lateral (
      select coalesce(ahead.id, case when not way.round then least(
          (select q.org_id from public.run_queue as q
           where q.source_id = way.source_id and q.state in ('waiting', 'ready')
           order by q.org_id limit 1),
          (select r.org_id from public.run_request as r
           where r.source_id = way.source_id and r.state in ('waiting', 'ready')
           order by r.org_id limit 1)) end) as id,
        way.round or ahead.id is null as round
      offset 0
    ) as next
    cross join lateral (
      select
        coalesce((
          select true from public.run_request as r
          where r.source_id = way.source_id and r.org_id = next.id and r.state in ('waiting', 'ready')
            and r.due_at <= moment
          order by r.due_at limit 1), false) and next.id <> all (deleted) as goes_on,
        coalesce((
          select true from public.run_queue as q
          where q.source_id = way.source_id and q.org_id = next.id and q.state in ('waiting', 'ready')
            and q.due_at <= moment
          order by q.priority desc, q.due_at limit 1), false)
          and next.id <> all (deleted)
          and case when way.cost > 0 then not etl_api.is_over_budget(next.id, way.cost) else true end as may_run
      offset 0
    ) as work
    where way.found < way.max_orgs
      and next.id is not null
      and (not next.round or way.behind is null or next.id <= way.behind)
  )
  select way.source_id, way.id, way.may_run, way.capacity
  from way
  where way.is_due;
end
$$;

comment on function etl_api.due_orgs(uuid[], uuid[], int[], int) is
  'The tenants, not deleted, that these sources could serve now with max_requests HTTP requests, each in order from the one behind `behind` once round (null: from the first): those with HTTP requests that are due, and those with due runs (may_run) whose budget of the month allows one more.';

revoke execute on function etl_api.due_orgs(uuid[], uuid[], int[], int) from public;
grant execute on function etl_api.due_orgs(uuid[], uuid[], int[], int) to service_role;
-- end of source

-- source: sql/etl_api/state/recover.sql
create or replace function etl_api.recover(max_rows int default 1000) returns table (what text, count bigint)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  requests uuid[];
  deliveries uuid[];
  runs uuid[];
  activities uuid[];
  workflows uuid[];
  wanted uuid[];
  free uuid[];
  done jsonb := '{}'::jsonb;
begin
  if coalesce(max_rows, 0) < 1 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('max_rows is %s: it must be 1 or more', coalesce(max_rows::text, 'null')),
      hint = 'Leave it out for 1000.';
  end if;
  requests := array(
    select r.id from public.source as s
    cross join lateral (
      select r.id, r.lease_until from public.run_request as r
      where r.source_id = s.id and r.state = 'in_progress' and r.lease_until <= moment order by r.lease_until limit max_rows
    ) as r
    order by r.lease_until limit max_rows);
  deliveries := array(
    select d.id from public.delivery as d
    where d.state = 'in_progress' and d.lease_until <= moment order by d.lease_until limit max_rows);
  runs := array(
    select q.id from public.run_queue as q
    where q.state in ('waiting', 'ready', 'in_progress') and q.timeout_at <= moment order by q.timeout_at limit max_rows);
  activities := array(
    select a.id from public.activity_request as a
    where a.is_open and a.timeout_at <= moment order by a.timeout_at limit max_rows);
  workflows := array(
    select w.id from public.workflow_request as w
    where w.is_open and w.state not in ('new', 'valid') and w.timeout_at <= moment and w.replay = 0
    order by w.timeout_at limit max_rows);

  -- All locks at once and in order; from here each function looks again at what is still due.
  if requests || deliveries || runs || activities || workflows <> '{}' then
    wanted := array(
      select i.id from pg_catalog.unnest(workflows) as i (id)
      union
      select r.workflow_request_id from public.run_request as r where r.id = any (requests)
      union
      select d.workflow_request_id from public.delivery as d where d.id = any (deliveries) and d.workflow_request_id is not null
      union
      select q.workflow_request_id from public.run_queue as q where q.id = any (runs)
      union
      select a.workflow_request_id from public.activity_request as a where a.id = any (activities));
    free := etl_api.lock_free_workflows(wanted);
    if pg_catalog.cardinality(free) < pg_catalog.cardinality(wanted) then
      -- What hangs on a request that somebody keeps locked comes with a later sweep, and holds up nothing else.
      requests := array(
        select r.id from public.run_request as r where r.id = any (requests) and r.workflow_request_id = any (free));
      deliveries := array(
        select d.id from public.delivery as d
        where d.id = any (deliveries) and (d.workflow_request_id is null or d.workflow_request_id = any (free)));
      runs := array(select q.id from public.run_queue as q where q.id = any (runs) and q.workflow_request_id = any (free));
      activities := array(
        select a.id from public.activity_request as a where a.id = any (activities) and a.workflow_request_id = any (free));
      workflows := array(select i.id from pg_catalog.unnest(workflows) as i (id) where i.id = any (free));
    end if;
  end if;

  -- From the whole to its parts: what ends above needs nothing below.
  select coalesce(pg_catalog.jsonb_object_agg(swept.what, swept.count), '{}') into done
  from (
    select part.what, pg_catalog.sum(part.count) as count
    from (
      values
        (1, 'workflow_request'::etl_api.entity_kind, workflows),
        (2, 'activity_request', activities),
        (3, 'run_queue', runs),
        (4, 'run_request', requests),
        (5, 'delivery', deliveries)
    ) as todo (place, entity, ids)
    cross join lateral etl_api.sweep(todo.entity, todo.ids) as part
    group by part.what
  ) as swept;

  done := done || pg_catalog.jsonb_build_object(
    'schedule', etl_api.run_schedules(max_rows),
    'workflow_start', etl_api.start_due_workflow_requests(max_rows),
    'generation_given_up', etl_api.end_silent_generations(max_rows));

  -- Making a partition locks out who writes history, and they may hold the workflows: never do both. What is made
  -- is months ahead, so a sweep with nothing else to do comes in time.
  if requests || deliveries || runs || activities || workflows = '{}'
    and done @> '{"schedule": 0, "workflow_start": 0}'
    and pg_catalog.to_regclass('etl_api.state_step_'
      || pg_catalog.to_char((moment + interval '2 months') at time zone 'UTC', 'YYYYMM')) is null
  then
    done := done || pg_catalog.jsonb_build_object('partition', etl_api.ensure_partitions());
  elsif requests || deliveries || runs || activities || workflows = '{}' then
    perform etl_api.measure_due_data_quality();
    done := done || pg_catalog.jsonb_build_object('purged', etl_api.purge_expired(max_rows));
  end if;
  perform etl_api.forget_secrets(max_rows);
  perform etl_api.kv_remove_expired(max_rows);
  perform etl_api.release_held(max_rows);
  perform etl_api.settle_org_counts(max_rows);
  perform etl_api.fold_client_counts(max_rows);
  perform etl_api.roll_up();
  done := done || pg_catalog.jsonb_build_object('alert', etl_api.check_alerts());
  done := done || pg_catalog.jsonb_build_object('bell', etl_api.ring_for_due_work());

  return query
  select d.key, d.value::bigint
  from pg_catalog.jsonb_each(done) as d
  where d.value <> '0'
  order by d.key;
end
$$;

comment on function etl_api.recover(int) is
  'The sweep: times out what is over its time (workflow_timeout, activity_timeout, run_timeout), takes back expired leases (…_again, …_given_up when no attempt was left), leaves and logs what cannot be ended (failed), makes the requests of schedules (schedule) and starts those whose not_before has come (workflow_start), ends generations of which nothing is heard any more (generation_given_up), makes partitions when there is nothing else to do, adds to the counters of orgs and of clients'' tables what was not added at once, lets go messages that waited for a disabled endpoint, rolls up the summaries that the views read, measures data quality where it is due, purges what is older than the setting retention_days when there is nothing else to do (purged), throws away replaced secrets whose time is over and keys that have expired, and rings for due work (bell). At most max_rows of each. Returns what it did for requests, no row when nothing. Call it every few seconds to a minute, from as many places as you like.';

revoke execute on function etl_api.recover(int) from public;
grant execute on function etl_api.recover(int) to service_role;
-- end of source

-- source: sql/etl_api/state/ring_for_due_work.sql
create or replace function etl_api.ring_for_due_work() returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  deleted constant uuid[] := etl_api.deleted_orgs();
  rung int := 0;
begin
  if exists (select 1 from etl_api.advance_queue)
    or exists (
      -- What a source could be sent now; what waits for a limit or a budget rings when that ends.
      select 1
      from etl_api.source_room(etl_api.due_sources(), 1) as s
      cross join lateral etl_api.due_orgs(array[s.source_id], array[null::uuid], array[s.capacity], 1)
      where s.capacity > 0)
  then
    perform etl_api.ring('execute-runs');
    rung := rung + 1;
  end if;
  if exists (
    select 1
    from public.delivery as d
    where d.state in ('waiting', 'ready')
      and d.due_at <= utils.now()
      and d.org_id <> all (deleted))
  then
    perform etl_api.ring('deliver-webhooks');
    rung := rung + 1;
  end if;
  return rung;
end
$$;

comment on function etl_api.ring_for_due_work() is
  'Wakes the edge functions for which work is due, should an earlier bell be lost: HTTP requests and runs that limits and budgets allow now, and messages. Returns how many.';

revoke execute on function etl_api.ring_for_due_work() from public;
grant execute on function etl_api.ring_for_due_work() to service_role;
-- end of source

-- source: sql/utils/value_marks.sql
-- What a text looks like, cheapest question first. More than one may hold: "0312345678" is a number and may be a phone.
-- PostgreSQL keeps 32 compiled patterns a session, so a pattern is only asked where a comparison cannot tell.
create or replace function utils.value_marks(content text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  body constant text := utils.narrow_text(content);
  small constant text := pg_catalog.lower(body);
  size constant int := pg_catalog.length(body);
begin
  if size = 0 then
    return 'null';
  elsif size > 200 or pg_catalog.strpos(body, E'\n') > 0 then
    return 'long';
  elsif small in ('-', '--', '—', '–', '?', 'n/a', 'na', '#n/a', 'nan', 'null', 'none', 'nil', 'unknown',
    'not available', 'not disclosed', 'undisclosed', 'tbd', 'tba', '不明', '非公開', '未公開', '未定', '該当なし', 'データなし', '情報なし')
  then
    return 'missing';
  elsif size <= 5 and small not in ('0', '1') and utils.read_boolean(small) is not null then
    return 'boolean';
  elsif pg_catalog.strpos(body, ' ') = 0 then
    if pg_catalog.strpos(body, '@') > 1 then
      return case when body ~ '^[^ @"<>(),;:]+@[^ @.,]+(\.[^ @.,]+)*\.[^ @.,0-9][^ @.,0-9]+$'
        and pg_catalog.strpos(body, '@') <= 65 then 'email' else 'text' end;
    elsif pg_catalog.left(small, 8) in ('https://', 'http://w')
      or small like 'http://_%' or small like 'ftp://_%' or small like 'www._%.__%'
    then
      return 'url';
    elsif pg_catalog.strpos(body, '.') > 1 and pg_catalog.translate(pg_catalog.right(pg_catalog.split_part(small, '/', 1), 2), '0123456789.-', '') ~ '^[^ ]{2}$'
      and small ~ '^([^][ .,/()@$€£¥%''"{}<>|\\]+\.)+[^][ .,/0-9%()$€£¥''"{}<>|\\][^][ .,/0-9%()$€£¥''"{}<>|\\]+(/.*)?$'
    then
      return 'domain';
    end if;
  end if;
  if utils.may_be_figure(small) then
    return coalesce(nullif(utils.figure_marks(body), ''), 'text');
  end if;
  return 'text';
end
$$;

comment on function utils.value_marks(text) is
  'What a text looks like, as words: null (blank), missing, boolean, email, url, domain, date with its marks, number with its marks (and bit, padded, year, day, seconds, millis), phone, digits, long, or text.';

revoke execute on function utils.value_marks(text) from public;
grant execute on function utils.value_marks(text) to authenticated, service_role;
-- end of source

-- dropped: sql/etl_api/delivery/lane_is_plain.sql
-- dropped: sql/etl_api/kv/kv_check_writer.sql

drop function etl_api.kv_check_writer(uuid);
drop function etl_api.lane_is_plain(uuid,uuid,uuid,bigint,integer);
drop function etl_api.due_orgs(uuid,uuid,integer);

-- migrate:down
