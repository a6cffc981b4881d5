-- A schedule that could not be kept is refused when it is written, with the field.
select plan(9);
set etl.fake_now = '2026-05-01 10:00:10Z';
set timezone = 'UTC';
select test_setup.set_up_people();

create function pg_temp.wrong(cron text, time_zone text default 'UTC', data jsonb default '{}') returns text
language sql
as $$
  select regexp_replace(test_setup.outcome(format(
    'insert into public.workflow_schedule (org_id, name, cron, time_zone, data) values (%L, %L, %L, %L, %L)',
    test_setup.id('org acme'), 'one', cron, time_zone, data)), '[0-9a-f-]{36}', '…')
$$;
select is(pg_temp.wrong('0 25 * * *'),
  'ETL07 workflow_schedule …: cron: the hour is a value from 0 to 23, a list (1,2), a range (1-5) or a step (*/2, 1-9/2), but this is "25" | Correct this field; nothing of the statement was written.',
  'a bad expression');
select is(pg_temp.wrong('0 0 30 2 *'),
  'ETL07 workflow_schedule …: cron: there is no such date: day 30 of month 2 | Correct this field; nothing of the statement was written.',
  'a date that never comes');
select is(pg_temp.wrong('0 1 * * *', 'Europe/Berln'),
  'ETL07 workflow_schedule …: time_zone: there is no time zone "Europe/Berln" | Correct this field; nothing of the statement was written.',
  'a zone that is none');
select ok(pg_temp.wrong('0 1 * * *', 'UTC+2') ~ '^ETL07 .*: time_zone: there is no time zone "UTC[+]2"', 'nor what only looks like one');
select is(pg_temp.wrong('0 1 * * *', 'UTC', '[]'),
  'ETL07 workflow_schedule …: data: the data of a request is an object, but this is an empty list | Correct this field; nothing of the statement was written.',
  'data that is no object');

-- As an admin writes it, who cannot write what is the engine's.
select is(test_setup.as_user('adam', format(
  $$insert into public.workflow_schedule (org_id, name, cron, time_zone, data) values (%L, 'mine', '0 1 * * *', 'europe/berlin', '{}') returning name$$,
  test_setup.id('org acme'))), '(mine)', 'an admin makes one');
select is((select next_at from workflow_schedule), '2026-05-01 23:00:00Z', 'and the engine says when it is due');
select is(test_setup.outcome($$update public.workflow_schedule set cron = 'never'$$) ~ '^ETL07 .*: cron: ', true, 'a change is looked at as well');
select is((select array[cron, next_at::text] from workflow_schedule), array['0 1 * * *', '2026-05-01 23:00:00+00'], 'and not made');

select * from finish();
