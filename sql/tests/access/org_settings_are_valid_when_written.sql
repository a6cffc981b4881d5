select plan(8);

select test_setup.setup_base_data();
create function pg_temp.set(settings jsonb) returns text language sql as $$
  select regexp_replace(test_setup.outcome(format('update public.org set settings = %L where slug = ''acme-research''', set.settings)),
    '[0-9a-f-]{36}', 'X')
$$;

select is(pg_temp.set('{"log_level": "warn", "webhook_secret_name": "hook.1", "anything": [1]}'), 'ok', 'known names with good values, and free ones');
select is(pg_temp.set('{"log_level": "loud"}'),
  'ETL07 org X: settings.log_level must be debug, info, warn or error, not "loud" | Correct this setting, or leave it out for its default; nothing of the statement was written.',
  'an unknown level');
select is(left(pg_temp.set('{"log_level": 3}'), 5), 'ETL07', 'a level that is no text');
select is(left(pg_temp.set('{"log_level": ["info"]}'), 5), 'ETL07', 'nor a list');
select is(pg_temp.set('{"log_level": null}'), 'ok', 'null is the default');
select is(left(pg_temp.set('{"webhook_secret_name": "two words"}'), 5), 'ETL07', 'a secret has a plain name');
select is(left(test_setup.outcome($$insert into public.org (name, slug, settings) values ('x', 'x', '{"log_level": "no"}')$$), 5), 'ETL07',
  'a new org is looked at, too');
select is(test_setup.outcome($$update public.org set request_count = request_count + 1$$), 'ok', 'counters are none of its business');

select * from finish();
