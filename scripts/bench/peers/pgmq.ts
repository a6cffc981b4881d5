/**
 * What pgflow needs of the extensions it leans on, in plain SQL: a message queue with the tables, the indexes and the
 * signatures of pgmq 1.5, and a broadcast that goes nowhere.
 */
export const standIns = `
  create schema if not exists pgmq;
  create schema if not exists realtime;

  create type pgmq.message_record as (
    msg_id bigint, read_ct integer, enqueued_at timestamptz, vt timestamptz, message jsonb, headers jsonb);
  create table pgmq.meta (queue_name varchar unique not null, created_at timestamptz not null default now());

  create function pgmq.format_table_name(queue_name text, prefix text) returns text language sql immutable
    as $$ select lower(prefix || '_' || queue_name) $$;

  create function pgmq.list_queues() returns setof pgmq.meta language sql as $$ select * from pgmq.meta $$;

  create function pgmq.create(queue_name text) returns void language plpgsql as $$
  declare
    q text := pgmq.format_table_name(queue_name, 'q');
    a text := pgmq.format_table_name(queue_name, 'a');
  begin
    execute format('create table pgmq.%I (msg_id bigint primary key generated always as identity,
      read_ct int not null default 0, enqueued_at timestamptz not null default now(), vt timestamptz not null,
      message jsonb, headers jsonb)', q);
    execute format('create index on pgmq.%I (vt)', q);
    execute format('create table pgmq.%I (msg_id bigint primary key, read_ct int not null default 0,
      enqueued_at timestamptz not null default now(), archived_at timestamptz not null default now(),
      vt timestamptz not null, message jsonb, headers jsonb)', a);
    execute format('create index on pgmq.%I (archived_at)', a);
    insert into pgmq.meta values ($1);
  end $$;

  create function pgmq.send_batch(queue_name text, msgs jsonb[], delay integer default 0) returns setof bigint
  language plpgsql as $$
  begin
    return query execute format('insert into pgmq.%I (vt, message)
      select clock_timestamp() + make_interval(secs => $2), unnest($1) returning msg_id',
      pgmq.format_table_name(queue_name, 'q')) using msgs, delay;
  end $$;

  create function pgmq.send(queue_name text, msg jsonb, delay integer default 0) returns setof bigint
    language sql as $$ select pgmq.send_batch(queue_name, array[msg], delay) $$;

  create function pgmq.read(queue_name text, vt integer, qty integer) returns setof pgmq.message_record
  language plpgsql as $$
  begin
    return query execute format('with next as (
        select msg_id from pgmq.%1$I where vt <= clock_timestamp() order by msg_id limit $1 for update skip locked)
      update pgmq.%1$I as m set vt = clock_timestamp() + $2, read_ct = read_ct + 1
      from next where m.msg_id = next.msg_id
      returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message, m.headers',
      pgmq.format_table_name(queue_name, 'q')) using qty, make_interval(secs => vt);
  end $$;

  create function pgmq.read_with_poll(queue_name text, vt integer, qty integer, max_poll_seconds integer default 5,
    poll_interval_ms integer default 100) returns setof pgmq.message_record language plpgsql as $$
  declare
    stop_at timestamptz := clock_timestamp() + make_interval(secs => max_poll_seconds);
  begin
    while clock_timestamp() < stop_at loop
      return query select * from pgmq.read(queue_name, vt, qty);
      exit when found;
      perform pg_sleep(poll_interval_ms / 1000.0);
    end loop;
  end $$;

  create function pgmq.archive(queue_name text, msg_ids bigint[]) returns setof bigint language plpgsql as $$
  begin
    return query execute format('with gone as (
        delete from pgmq.%I where msg_id = any ($1) returning msg_id, vt, read_ct, enqueued_at, message, headers)
      insert into pgmq.%I (msg_id, vt, read_ct, enqueued_at, message, headers) select * from gone returning msg_id',
      pgmq.format_table_name(queue_name, 'q'), pgmq.format_table_name(queue_name, 'a')) using msg_ids;
  end $$;

  create function pgmq.archive(queue_name text, msg_id bigint) returns boolean
    language sql as $$ select count(*) > 0 from pgmq.archive(queue_name, array[msg_id]) $$;

  create function pgmq.set_vt(queue_name text, msg_id bigint, vt integer) returns setof pgmq.message_record
  language plpgsql as $$
  begin
    return query execute format('update pgmq.%I as m set vt = clock_timestamp() + $2 where m.msg_id = $1
      returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message, m.headers',
      pgmq.format_table_name(queue_name, 'q')) using msg_id, make_interval(secs => vt);
  end $$;

  create function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
    language sql as $$ select $$;
`;
