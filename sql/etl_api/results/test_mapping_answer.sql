create or replace function etl_api.test_mapping_answer(source public.source, sample jsonb)
returns table (name text, value jsonb, path text, message text)
language plpgsql stable
set search_path = ''
as $$
declare
  kind constant text := etl_api.test_mapping_kind(source);
  spec constant jsonb := coalesce(etl_api.source_template(source, kind) -> 'response', '{}');
  judged record;
  member text;
begin
  judged := etl_api.judge_answer(source, kind, 1, 0, pg_catalog.jsonb_build_object('status', 200, 'body', sample));
  return query
  select judged.verdict, null::jsonb, null::text, case judged.verdict
    when 'map' then pg_catalog.format('With HTTP status 200, the answer to a %s request is read as below.', kind)
    when 'poll' then 'The source is not finished: its status is asked again. Below is how the answer would be read if it were.'
    else pg_catalog.rtrim(coalesce(judged.message, 'The answer is not read'), '. ') || '. Below is how it would be read otherwise.'
  end;

  foreach member in array '{error,status,external_id,next_cursor}'::text[] loop
    continue when not spec ? member;
    return query
    select 'response.' || member, found.value, etl_api.path_text(spec -> member),
      case when found.value is null then coalesce(etl_api.path_hint(sample, spec -> member), 'Nothing is there.') end
    from (select utils.jsonb_resolve_first(sample, spec -> member) as value) as found
    -- Without an error there is nothing to tell.
    where member <> 'error'
       or found.value is not null;
  end loop;
end
$$;

comment on function etl_api.test_mapping_answer(public.source, jsonb) is
  'How the engine would judge a sample answer, and what the response member of the template finds in it; see test_mapping.';

revoke execute on function etl_api.test_mapping_answer(public.source, jsonb) from public;
