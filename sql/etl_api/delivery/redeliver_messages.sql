create or replace function etl_api.redeliver_messages(
  entity text, id uuid, message_ids uuid[], out message text, out delivery_ids uuid[])
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  given record;
  again_ids uuid[];
  copy_ids uuid[];
begin
  -- The rows of alerts have no workflow to lock; and what a claim takes just now is waited for.
  perform 1
  from public.delivery as d
  where d.id = any (message_ids)
  order by d.id
  for no key update;

  select
    pg_catalog.array_agg(m.id order by m.id) filter (where m.open and m.kept and m.state in ('failed', 'timedout', 'invalid', 'waiting', 'ready')) as again,
    pg_catalog.array_agg(m.id order by m.id) filter (where m.open and m.kept and m.state = 'delivered' and not m.under_way) as anew,
    coalesce(pg_catalog.bool_or(not m.open), false) as disabled,
    coalesce(pg_catalog.bool_and(not m.kept), false) as forgotten
  into given
  from (
    select d.id, d.state, e.disabled_at is null as open,
      exists (select 1 from public.delivery_body as b where b.delivery_id = d.id) as kept,
      exists (
        select 1
        from public.delivery as copy
        where copy.message_id = coalesce(d.message_id, d.id)
          and copy.state in ('waiting', 'ready', 'in_progress')) as under_way
    from public.delivery as d
    left join public.webhook_endpoint as e
      on e.id = d.endpoint_id
      and e.org_id = d.org_id
    where d.id = any (message_ids)
  ) as m;

  if given.again is null and given.anew is null then
    perform etl_api.refuse_action(redeliver_messages.entity, redeliver_messages.id,
      etl_api.state_of(redeliver_messages.entity::etl_api.entity_kind, redeliver_messages.id), 'delivered again',
      case
        when given.forgotten then 'What it said is not kept any more (etl_api.retention).'
        when given.disabled then 'The endpoint is disabled: set webhook_endpoint.disabled_at to null first.'
        else 'The message is being sent just now: etl_api.explain(id) tells how far it is.'
      end);
  end if;

  again_ids := coalesce(etl_api.resend_messages(given.again), '{}');
  copy_ids := coalesce(etl_api.copy_messages(given.anew), '{}');
  perform etl_api.ring('deliver-webhooks');
  delivery_ids := again_ids || copy_ids;
  message := pg_catalog.concat_ws(' ',
    case pg_catalog.cardinality(again_ids)
      when 0 then null
      when 1 then 'The message is sent again at once.'
      else pg_catalog.format('%s messages are sent again at once.', pg_catalog.cardinality(again_ids))
    end,
    case pg_catalog.cardinality(copy_ids)
      when 0 then null
      when 1 then 'The message was delivered before; it is sent once more under the same webhook-id.'
      else pg_catalog.format('%s messages were delivered before; they are sent once more under the same webhook-ids.',
        pg_catalog.cardinality(copy_ids))
    end,
    case when given.disabled then 'What goes to a disabled endpoint was left out.' end);
end
$$;

comment on function etl_api.redeliver_messages(text, uuid, uuid[]) is
  'Sends these messages again; see redeliver. entity and id are what was asked for, for the words of a refusal. The caller holds the workflow lock.';

revoke execute on function etl_api.redeliver_messages(text, uuid, uuid[]) from public;
