-- What the engine's functions write into state_substate is read from their sources: each has a meaning.
select plan(3);

-- Texts in functions that write or decide substates, where one can stand: after then, else, =, :=, and in the calls that
-- end rows.
create temp table word as
select distinct p.proname, m.found[1] as name
from pg_proc as p
cross join lateral (
  select regexp_matches(p.prosrc, '(?:then|else|substate =|code =|code :=|substate :=)\s+''([a-z][a-z_0-9]*)''', 'g')
  union all
  select regexp_matches(p.prosrc, '(?:end_run_requests|end_activities|end_whole_workflows|end_open_runs)\([^'';]*(?:''[a-z_]+'',\s+)?''([a-z_]+)'',\s+''[A-Z]', 'g')
) as m (found)
where p.pronamespace in ('etl_api'::regnamespace, 'public'::regnamespace)
  and p.prosrc ~ 'substate|code :=|end_run_requests|end_activities|end_whole_workflows|end_open_runs'
  and p.proname !~ '^(explain|substate_meaning|guard_|logger|refuse_|dry_run)';

-- Words of those functions that are no substates.
create temp table other_word (name) as
select unnest(enum_range(null::workflow_request_state)::text[])
union select unnest(enum_range(null::etl_api.entity_kind)::text[])
union values
  -- verdicts, kinds of HTTP requests, roles of objects
  ('map'), ('ask'), ('poll'), ('retry'), ('fail'), ('skip'), ('wait'), ('start'), ('go'), ('sent'), ('nothing'), ('run'), ('status'),
  ('input'), ('result'), ('http_'), ('month'), ('workflow');

select is_empty(
  $$select w.proname, w.name from word as w
    where w.name not in (select o.name from other_word as o)
      and w.name not in (select m.substate from etl_api.substate_meaning() as m where m.substate is not null)
    order by 1, 2$$,
  'every text that could be a substate is explained by etl_api.substate_meaning(), or listed here as another word');
select is(
  array(select w.name::text from word as w where w.name in ('attempts_exhausted', 'workflow_timeout', 'activity_timeout', 'poll_limit', 'backoff', 'phase') group by 1 order by 1),
  '{activity_timeout,attempts_exhausted,backoff,phase,poll_limit,workflow_timeout}', 'the scan finds what it should');
-- The edge functions' kinds of errors become substates as they are.
select is_empty(
  $$select k.name from unnest('{timeout,network,too_large,blocked,secret_missing,invalid_json,bad_request}'::text[]) as k (name)
    where not exists (select from etl_api.substate_meaning() as m where m.entity = 'run_request' and m.substate = k.name)$$,
  'what the edge functions report as error.kind is explained too');

select * from finish();
