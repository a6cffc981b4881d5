create or replace function etl_api.message_ids(
  workflow_request_ids uuid[], activity_request_ids uuid[], webhooks jsonb[], event_types text[], data jsonb[])
returns uuid[]
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  -- A database restored to an earlier time does again what it had done since, and tells of it again. So the id is made
  -- of what is told of, and by its key rather than the activity request's id, which is drawn: a client that
  -- remembers ids knows the message. The time in front is the request's, so that ids of one time lie side by side.
  return array(
    select case
      when m.workflow_request_id is null then utils.new_id()
      else (
        pg_catalog."left"(pg_catalog.replace(m.workflow_request_id::text, '-', ''), 12) || '8' || pg_catalog."left"(
          pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
            pg_catalog.concat_ws(' ', m.workflow_request_id, m.event_type, earlier.count, m.webhook, m.told ->> 'activity_key'),
            'UTF8')), 'hex'), 19))::uuid
    end
    from unnest(workflow_request_ids, activity_request_ids, webhooks, event_types, data) with ordinality
      as m (workflow_request_id, activity_request_id, webhook, event_type, told, place)
    -- One that failed again after a retry is told of again.
    cross join lateral (
      select pg_catalog.count(*) as count
      from (
        select d.event_type, d.message_id
        from public.delivery as d
        where d.activity_request_id = m.activity_request_id
        union all
        select d.event_type, d.message_id
        from public.delivery as d
        where m.activity_request_id is null
          and d.workflow_request_id = m.workflow_request_id
          and d.activity_request_id is null
      ) as d
      where d.event_type = m.event_type
        and d.message_id is null
    ) as earlier
    order by m.place);
end
$$;

comment on function etl_api.message_ids(uuid[], uuid[], jsonb[], text[], jsonb[]) is
  'The ids of messages to be queued: of what is told of, so that a database restored to an earlier time sends what it had sent since under the same webhook-id; new ones for messages without a request.';

revoke execute on function etl_api.message_ids(uuid[], uuid[], jsonb[], text[], jsonb[]) from public;
grant execute on function etl_api.message_ids(uuid[], uuid[], jsonb[], text[], jsonb[]) to service_role;
