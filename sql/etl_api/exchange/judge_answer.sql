create or replace function etl_api.judge_answer(
  source public.source, kind text, attempts int, polls int, answer jsonb,
  out verdict text, out code text, out message text, out external_id text, out next_cursor jsonb, out due_at timestamptz)
language plpgsql
set search_path = ''
as $$
declare
  spec jsonb := coalesce(etl_api.source_template(source, kind) -> 'response', '{}');
  status int := utils.int_or_null(answer -> 'status');
  body jsonb := answer -> 'body';
  error_kind text := pg_catalog.left(answer #>> '{error,kind}', 100);
  said jsonb;
  transient boolean;
  max_bytes bigint;
  bytes bigint;
begin
  verdict := 'map';
  if status is not null and status not between 200 and 299 then
    code := case status when 429 then 'rate_limited' else 'http_' || status end;
    message := case
      when status between 300 and 399 and status <> 304
        then pg_catalog.format('%s answered with HTTP status %s; redirects are not followed, so give the address it leads to.', source.name, status)
      else pg_catalog.format('%s answered with HTTP status %s.', source.name, status) end;
    transient := status in (408, 425, 429) or status >= 500;
  elsif error_kind is not null or status is null then
    code := coalesce(error_kind, 'network');
    message := coalesce(pg_catalog.left(answer #>> '{error,message}', 2000), pg_catalog.format('%s gave no answer.', source.name));
    transient := code in ('timeout', 'network', 'invalid_json');
  elsif pg_catalog.pg_column_size(body) > 100 then
    max_bytes := etl_api.limit_of('max_answer_bytes');
    bytes := case when pg_catalog.pg_column_size(body) > max_bytes / 8 then pg_catalog.octet_length(body::text) end;
    if bytes > max_bytes then
      code := 'too_large';
      message := pg_catalog.format(
        '%s answered with %s bytes; %s is the most. Ask for less at once, or have the operator raise the setting max_answer_bytes.',
        source.name, bytes, max_bytes);
    end if;
  end if;
  if code is not null then
    verdict := case
      when transient and attempts < utils.number_or(source.retry_policy -> 'max_attempts', 5) then 'retry'
      else 'fail' end;
    due_at := greatest(
      utils.now() + utils.back_off(source.retry_policy, attempts),
      utils.retry_after(answer -> 'headers', utils.now()));
    return;
  end if;

  if spec ? 'error' then
    said := utils.jsonb_resolve_first(body, spec -> 'error');
    if said is not null and said not in ('null', 'false', '""', '[]', '{}') then
      verdict := 'fail';
      code := 'source_error';
      message := pg_catalog.format('%s says: %s', source.name, pg_catalog.left(said #>> '{}', 500));
      return;
    end if;
  end if;

  if kind = 'run' and coalesce(source.status_request_template, source.delivery_request_template) is not null then
    external_id := utils.jsonb_resolve_first(body, coalesce(spec -> 'external_id', '["id"]')) #>> '{}';
    if external_id is not null then
      verdict := 'ask';
    elsif utils.jsonb_resolve_first(body, coalesce(spec -> 'objects', '["?"]')) is null then
      verdict := 'fail';
      code := 'no_external_id';
      message := pg_catalog.format('%s gave neither an id to ask for nor objects.', source.name);
    end if;
  elsif kind = 'status' then
    said := utils.jsonb_resolve_first(body, coalesce(spec -> 'status', '["status"]'));
    if coalesce(spec -> 'done', '["done", "completed", "succeeded"]') @> said then
      verdict := case when source.delivery_request_template is null then 'map' else 'ask' end;
    elsif coalesce(spec -> 'failed', '["failed", "error", "cancelled"]') @> said then
      verdict := 'fail';
      code := 'source_failed';
      message := pg_catalog.format('%s says its run ended as %s.', source.name, said #>> '{}');
    elsif polls + 1 >= utils.number_or(source.poll_policy -> 'max_polls', 200) then
      verdict := 'fail';
      code := 'poll_limit';
      message := pg_catalog.format('%s still says %s after %s questions.', source.name, coalesce(said #>> '{}', 'nothing'), polls + 1);
    else
      verdict := 'poll';
      due_at := greatest(
        utils.now() + utils.back_off(etl_api.poll_back_off(source.poll_policy), polls + 2),
        utils.retry_after(answer -> 'headers', utils.now()));
    end if;
  end if;

  if verdict = 'map' and spec ? 'next_cursor' then
    next_cursor := utils.jsonb_resolve_first(body, spec -> 'next_cursor');
    if next_cursor in ('null', '""', 'false') then
      next_cursor := null;
    end if;
  end if;
end
$$;

comment on function etl_api.judge_answer(public.source, text, int, int, jsonb) is
  'What an answer means, by the source''s template and policies: map (read it), ask (a status or delivery request follows), poll (ask again at due_at), retry (send again at due_at) or fail, with a code and a sentence.';

revoke execute on function etl_api.judge_answer(public.source, text, int, int, jsonb) from public;
grant execute on function etl_api.judge_answer(public.source, text, int, int, jsonb) to service_role;
