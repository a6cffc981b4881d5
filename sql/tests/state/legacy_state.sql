select plan(14);

select is((l.state, l.substate)::text, '(' || w.state || ',' || w.substate || ')', w.word)
from (
  values
    ('pending', 'new', ''),
    ('validation', 'valid', ''),
    ('ACTIVITY_PROCESSED', 'ready', ''),
    ('waiting', 'waiting', ''),
    ('running', 'in_progress', ''),
    ('processing', 'in_progress', ''),
    ('missing_value', 'invalid', 'missing_value'),
    ('completed', 'done', ''),
    ('DONE', 'done', ''),
    ('failed', 'failed', ''),
    (' Invalid_JSON ', 'invalid', 'invalid_json')
) as w (word, state, substate)
cross join lateral etl_api.legacy_state(w.word) as l;
select is(
  (select array_agg(s::text) from unnest(enum_range(null::workflow_request_state)) as s),
  (select array_agg(l.state) from unnest(enum_range(null::workflow_request_state)) as s cross join lateral etl_api.legacy_state(s::text) as l),
  'today''s words mean themselves');
select is(
  test_setup.outcome('select etl_api.legacy_state(''finished'')'),
  'ETL04 ''finished'' is no state word that was ever in use | Known are: activity_processed, completed, delivered, done, failed, in_progress, invalid, invalid_json, invalid_missing_value, missing_value, new, pending, processing, ready, running, timedout, valid, validation, waiting.',
  'an unknown word names the known ones');
select is(left(test_setup.outcome('select etl_api.legacy_state(null)'), 5), 'ETL04', 'null is no word');

select * from finish();
