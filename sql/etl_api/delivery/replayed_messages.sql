create or replace function etl_api.replayed_messages(
  endpoint_id uuid, since timestamptz, until timestamptz, delivered_too boolean, most int)
returns uuid[]
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  -- What was sent a second time stands for itself only where that failed.
  return array(
    select d.id
    from public.delivery as d
    where d.endpoint_id = replayed_messages.endpoint_id
      and d.created_at >= since
      and d.created_at < coalesce(until, 'infinity')
      and (d.state in ('failed', 'timedout', 'invalid')
        or delivered_too and d.state = 'delivered' and d.message_id is null and not exists (
          select 1
          from public.delivery as copy
          where copy.message_id = d.id
            and copy.state in ('waiting', 'ready', 'in_progress')))
    order by d.created_at, d.id
    limit most);
end
$$;

comment on function etl_api.replayed_messages(uuid, timestamptz, timestamptz, boolean, int) is
  'The messages of an endpoint that replay sends again, the oldest first, at most so many.';

revoke execute on function etl_api.replayed_messages(uuid, timestamptz, timestamptz, boolean, int) from public;
