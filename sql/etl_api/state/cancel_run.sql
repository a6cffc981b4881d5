create or replace function etl_api.cancel_run(id uuid, activity_request_id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  root uuid;
  was text;
begin
  update public.run_queue as q
  set state = 'failed',
      state_via = null,
      state_substate = 'cancelled',
      error = '{"code": "cancelled", "message": "The run was cancelled."}',
      finished_at = utils.now()
  where q.id = cancel_run.id
    and q.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
  returning q.run_request_id into root;
  if not found then
    select q.state into was from public.run_queue as q where q.id = cancel_run.id;
    perform etl_api.refuse_action('run_queue', id, was, 'cancelled', 'It has ended.');
  end if;

  -- The HTTP requests end too, unless they carry other runs that still want the answer.
  if not exists (
    select 1
    from public.run_queue as q
    where q.run_request_id = root
      and q.state = 'in_progress')
  then
    perform etl_api.end_run_requests(
      array(
        select r.id
        from public.run_request as r
        where r.activity_request_id = cancel_run.activity_request_id
          and r.root_id = root
          and r.state in ('waiting', 'ready', 'in_progress')
        order by r.id),
      'cancelled', 'The runs it carried were cancelled.');
  end if;
  perform etl_api.create_run(array[activity_request_id]);
  perform etl_api.advance_activities(array[activity_request_id]);
  return 'The run is cancelled; its activity goes on, with the next source where there is one.';
end
$$;

comment on function etl_api.cancel_run(uuid, uuid) is
  'Cancels a run; see cancel. The caller holds the workflow lock.';

revoke execute on function etl_api.cancel_run(uuid, uuid) from public;
