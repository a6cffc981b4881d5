-- What a text looks like, and what a name lets one expect.
select plan(99);
select is(utils.value_marks(t.input), t.marks, 'looks: ' || t.input)
from (values
  ('', 'null'), (' ', 'null'), ('　', 'null'), ('非公開', 'missing'), ('N/A', 'missing'), ('-', 'missing'),
  ('yes', 'boolean'), ('はい', 'boolean'), ('○', 'boolean'), ('なし', 'boolean'),
  ('info@binc.jp', 'email'), ('a@日本.jp', 'email'), ('a@b', 'text'), ('a b@c.de', 'text'), ('@b.de', 'text'),
  ('https://binc.jp', 'url'), ('HTTP://a.b/c?d=e', 'url'), ('www.a.jp', 'url'), ('example.com/a', 'domain'), ('日本.jp', 'domain'),
  ('see https://a.b', 'text'), ('株式会社BASE', 'text'), ('Bay Springs', 'text'), ('12 Main Street', 'text'), ('10:30', 'text'),
  ('192.168.0.1', 'text'), ('A.B', 'text'), ('{"a.b":"X"}', 'text'), ('["a.bc"]', 'text'), ('<a.bc>', 'text'), ('a\b.co', 'text'),
  ('１２３', 'number'), ('0', 'number bit'), ('1998', 'number year'), ('20240305', 'number day digits'), ('007', 'number padded'),
  ('1700000000', 'number seconds digits'), ('1700000000000', 'number millis digits'), ('0312345678', 'number padded digits'),
  ('+81 3-1234-5678', 'phone digits'), ('+81 (0)3 1234 5678', 'phone digits'), ('03-1234-5678', 'phone digits'),
  ('(415) 555-2671', 'phone digits'), ('415-555-2671 x12', 'phone digits'), ('+14155552671', 'number phone digits'),
  ('123-45-6789', 'digits'), ('0-105', 'text'), ('2024-03-05', 'date ymd'), ('令和6年', 'date japanese whole_year'), ('03/04/2024', 'date either'),
  (repeat('a', 201), 'long'), (E'two\nlines', 'long')
) as t (input, marks);
select is(utils.name_hint(t.name), t.hint, 'name: ' || t.name)
from (values
  ('contact_email', 'email'), ('contactEmail', 'email'), ('E-mail', 'email'), ('メールアドレス', 'email'), ('email_2', 'email'),
  ('phone', 'phone'), ('Tel.', 'phone'), ('hotel', null), ('hotel_name', 'label'), ('電話番号', 'phone'), ('website', 'url'), ('site', null),
  ('ホームページ', 'url'), ('founded', 'date'), ('updated_at', 'date'), ('flat', null), ('設立年月日', 'date'), ('candidate', null), ('year', null),
  ('is_active', 'boolean'), ('island', null), ('zip_code', 'code'), ('郵便番号', 'code'), ('order_id', 'identifier'), ('idea', null),
  ('employee_count', 'number'), ('revenue', 'number'), ('従業員数', 'number'), ('売上高', 'number'), ('country', null), ('会社名', 'label'),
  ('tags', 'multiselect'), ('備考', 'textarea'), ('status', 'select'), ('', null), (null, null)
) as t (name, hint);
select is(utils.read_boolean(t.input), t.answer, 'boolean: ' || t.input)
from (values ('TRUE', true), (' y ', true), ('１', true), ('有り', true), ('No', false), ('×', false), ('2', null), ('', null), ('maybe', null))
  as t (input, answer);
select is(utils.may_be_figure('main street 5'), false, 'words are no figure');
select is(utils.narrow_text('　ＡＢＣ１２３ '), 'ABC123', 'full-width signs are made plain, and the space around goes');
select * from finish();
