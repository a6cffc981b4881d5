select plan(22);

select is(utils.date_or_null(to_jsonb(t.content)), t.day::date, t.content || ' is ' || coalesce(t.day, 'no day'))
from (values ('2024-12-24', '2024-12-24'), ('2024-02-29', '2024-02-29'), ('2023-02-29', null), ('2024-04-31', null), ('2024-12-31', '2024-12-31'),
  ('2024-13-01', null), ('2024-00-10', null), ('2024-01-00', null), ('0000-01-01', null), ('0001-01-01', '0001-01-01'), ('24-12-24', null),
  ('2024-12-24 ', null)) as t (content, day);
select is(utils.date_or_null('20241224'), null, 'a number is none');
select is(utils.date_or_null(null), null, 'null is none');

set timezone = 'Asia/Tokyo';
select is(utils.timestamptz_or_null(to_jsonb(t.content)), t.moment::timestamptz, t.content || ' is ' || coalesce(t.moment, 'no moment'))
from (values ('2024-12-24T10:00:00Z', '2024-12-24 10:00:00+00'), ('2024-12-24 10:00:00.123+02:00', '2024-12-24 08:00:00.123+00'),
  ('2024-12-24T10:00-0330', '2024-12-24 13:30:00+00'), ('2024-12-24T10:00:00', null), ('2024-02-30T10:00:00Z', null),
  ('2024-12-24T24:00:00Z', null), ('2024-12-24T10:60:00Z', null), ('2024-12-24T10:00:00+16:00', null)) as t (content, moment);

select * from finish();
