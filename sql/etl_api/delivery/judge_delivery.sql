create or replace function etl_api.judge_delivery(
  attempts int, answer jsonb, schedule jsonb,
  out verdict text, out code text, out message text, out due_at timestamptz)
language plpgsql
set search_path = ''
as $$
declare
  status int := utils.int_or_null(answer -> 'status');
  wait interval;
begin
  if status between 200 and 299 then
    verdict := 'delivered';
    return;
  end if;
  code := coalesce('http_' || status, pg_catalog.left(answer #>> '{error,kind}', 100), 'network');
  message := case
    when status between 300 and 399
      then pg_catalog.format('The client answered with HTTP status %s; redirects are not followed, so give the address it leads to.', status)
    when status is not null then pg_catalog.format('The client answered with HTTP status %s.', status)
    else coalesce(pg_catalog.left(answer #>> '{error,message}', 2000), 'The client gave no answer.')
  end;
  if status = 410 or attempts > pg_catalog.jsonb_array_length(schedule) then
    verdict := 'fail';
    code := case when status = 410 then code else 'attempts_exhausted' end;
    return;
  end if;
  verdict := 'retry';
  -- Spread by a tenth, so that what failed together does not come back together.
  wait := pg_catalog.make_interval(secs => (utils.number_or(schedule -> (attempts - 1), 300)
    * (1 + 0.1 * pg_catalog.random()::numeric))::double precision);
  due_at := greatest(utils.now() + wait, utils.retry_after(answer -> 'headers', utils.now()));
end
$$;

comment on function etl_api.judge_delivery(int, jsonb, jsonb) is
  'What a client''s answer to a message means: delivered, retry (at due_at: by the schedule, or when Retry-After says, at most a day later) or fail, with a code and a sentence.';

revoke execute on function etl_api.judge_delivery(int, jsonb, jsonb) from public;
grant execute on function etl_api.judge_delivery(int, jsonb, jsonb) to service_role;
