select plan(3);
set timezone = 'Asia/Kathmandu';

select is(utils.iso_time('2026-05-01 10:00:59.9Z'), '2026-05-01T10:00:59Z', 'in UTC, to the second');
select is(utils.iso_time('infinity'), 'infinity', 'never');
select is(utils.iso_time(null), null, 'none');

select * from finish();
