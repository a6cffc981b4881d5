-- Numbers as people write them: each exact, or none.
select plan(77);
select is((utils.read_number(t.input)).number, t.number::numeric, 'number: ' || t.input)
from (values
  ('0', '0'), ('-12', '-12'), ('12.50', '12.50'), ('.097', '0.097'), ('12.', '12'), ('1e5', '100000'), ('-.5E-3', '-0.0005'),
  ('1,234', '1234'), ('1,234,567.8', '1234567.8'), ('12,34,567', '1234567'), ('1 234 567', '1234567'), ('5''000', '5000'),
  ('1.234,56', '1234.56'), ('1.234.567', '1234567'), ('0,5', '0.5'), ('1,2345', '1.2345'), ('1.234', '1.234'),
  ('１２３', '123'), ('２，３４５．６', '2345.6'), ('－５', '-5'), (' 7 ', '7'), ('007', '7'),
  ('12%', '0.12'), ('12.5 %', '0.125'), ('１２％', '0.12'), ('-3%', '-0.03'),
  ('€5m', '5000000'), ('$1,234.56', '1234.56'), ('-$5', '-5'), ('$-5', '-5'), ('US$ 3 million', '3000000'), ('5M', '5000000'),
  ('10k', '10000'), ('2.5bn', '2500000000'), ('5 EUR', '5'), ('USD 5', '5'), ('¥1,234', '1234'), ('￥１，２３４', '1234'),
  ('1,234円', '1234'), ('3.5億円', '350000000'), ('1億2000万', '120000000'), ('1億2,000万円', '120000000'), ('2兆', '2000000000000'),
  ('500万', '5000000'), ('150名', '150'), ('(1,234)', '-1234'), ('▲5', '-5'), ('△1.5', '-1.5'), ('+5', '5')
) as t (input, number);
select is((utils.read_number(t.input)).number, null, 'no number: ' || t.input)
from unnest(array['', ' ', '.', '-', ',', '非公開', 'N/A', '1,,2', '1,23,4', '--5', '-(5)', '(5', '1.2.3', '5m', '5 b', '1 2', '約150',
  '2024-03-05', '+81 3-1234-5678', '1e5%', '1e999', '12 apples', repeat('9', 61)]) as t (input);
select is((utils.read_number('1.234', true)).number, 1234::numeric, 'in a column with decimal commas the point parts thousands');
select is((utils.read_number('1,234', true)).number, 1.234::numeric, 'and the comma parts decimals');
select is((utils.read_number(t.input)).marks, t.marks, 'marks of ' || t.input)
from (values ('1,5', 'comma'), ('12%', 'percent'), ('€1.5', 'point currency')) as t (input, marks);
select * from finish();
