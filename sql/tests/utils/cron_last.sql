select plan(5);
set timezone = 'UTC';

select is(utils.cron_last('* * * * *', '2025-01-01', '2026-05-01 10:00:30Z', 'UTC'), '2026-05-01 10:00:00Z', 'the last of very many');
select is(utils.cron_last('0 6 * * mon', '2026-04-01', '2026-05-01 10:00:30Z', 'Europe/Berlin'), '2026-04-27 04:00:00Z', 'of a few');
select is(utils.cron_last('0 6 * * *', '2026-05-01 06:00:00Z', '2026-05-01 06:00:00Z', 'UTC'), '2026-05-01 06:00:00Z', 'both ends count');
select is(utils.cron_last('0 6 * * *', '2026-05-01 06:00:01Z', '2026-05-02 05:59:59Z', 'UTC'), null, 'none between');
select is(utils.cron_last('0 0 30 2 *', '2000-01-01', '2026-05-01', 'UTC'), null, 'nor ever');

select * from finish();
