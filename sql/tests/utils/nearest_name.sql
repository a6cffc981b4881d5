select plan(1);

select results_eq(
  $$select wanted, utils.nearest_name(wanted, names)
    from (values
      (1, 'employees', array['name', 'Employees', 'employer']),
      (2, 'employee_count', array['employeeCount', 'employees']),
      (3, 'companies', array['company', 'people']),
      (4, 'mail', array['e_mail_address', 'name']),
      (5, 'industry', array['sector', 'x']),
      (6, 'a', array['a', 'b']),
      (7, 'a', '{}'),
      (8, null, array['a']),
      (9, '', array['a', '']),
      (10, 'straße', array['strasse', 'Straße_'])
    ) as t (n, wanted, names)
    order by n$$,
  $$values ('employees', 'Employees'), ('employee_count', 'employeeCount'), ('companies', 'company'), ('mail', 'e_mail_address'),
    ('industry', null), ('a', null), ('a', null), (null, null), ('', null), ('straße', 'Straße_')$$,
  'the name most like the wanted one, or none');

select * from finish();
