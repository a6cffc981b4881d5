create or replace function etl_api.answers_to_follow(answers etl_api.answer[]) returns etl_api.answer[]
language plpgsql stable
set search_path = ''
-- Lists meet by hash and rows are looked up by key; see answer_objects.
set enable_hashjoin = on
set enable_nestloop = off
as $$
begin
  -- Mostly the sources are such that none is followed.
  if not exists (
    select 1
    from (select distinct a.source_id, a.kind from unnest(answers) as a) as k
    cross join lateral (select source from public.source where source.id = k.source_id offset 0) as s (row)
    where not etl_api.is_read_as_is(s.row, k.kind)
  ) then
    return null;
  end if;

  return (
    with kind as materialized (
      select distinct a.source_id, a.kind
      from unnest(answers) as a
    ),
    -- A template is looked at once for all its answers.
    paged as materialized (
      select k.source_id, k.kind
      from kind as k
      cross join lateral (select source from public.source where source.id = k.source_id offset 0) as s (row)
      cross join lateral (select etl_api.source_template(s.row, k.kind) as json offset 0) as template
      where not coalesce(template.json -> 'response' ? 'next_cursor', false)
        and pg_catalog.strpos((template.json - 'response')::text, '<<$page') > 0
    )
    select pg_catalog.array_agg(a)
    from unnest(answers) as a
    left join paged as c
      on c.source_id = a.source_id
      and c.kind = a.kind
    where a.verdict = 'ask'
       or (a.verdict = 'map' and (a.next_cursor is not null or c.kind is not null)));
end
$$;

comment on function etl_api.answers_to_follow(etl_api.answer[]) is
  'Those of these answers that a further request may follow, as far as can be said without a look at it: what an asynchronous run has to ask for, what has a cursor, and what a template with <<$page>> brought. Null when there is none.';

revoke execute on function etl_api.answers_to_follow(etl_api.answer[]) from public;
grant execute on function etl_api.answers_to_follow(etl_api.answer[]) to service_role;
