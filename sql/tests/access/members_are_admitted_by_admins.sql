select plan(10);

select test_setup.set_up_people();

create function pg_temp.admit(person text, role text) returns text
language sql
as $$
  select test_setup.as_user(person, format(
    'insert into public.org_member (org_id, user_id, role) values (test_setup.id(''org acme''), test_setup.id(%L), %L) returning 1',
    'new ' || person || role, role))
$$;

select is(pg_temp.admit('olga', 'owner'), '(1)', 'an owner admits an owner');
select is(pg_temp.admit('adam', 'admin'), '(1)', 'an admin admits an admin');
select is(pg_temp.admit('adam', 'owner'), '42501', 'but no owner');
select is(pg_temp.admit('mia', 'viewer'), '42501', 'a member admits nobody');
select is(pg_temp.admit('otto', 'viewer'), '42501', 'a stranger nobody');
select is(test_setup.as_user('adam', 'update public.org_member set role = ''owner'' where user_id = test_setup.id(''adam'') returning 1'), '42501',
  'an admin does not rise');
select is(test_setup.as_user('adam', 'update public.org_member set role = ''viewer'' where user_id = test_setup.id(''olga'') returning 1'), '-',
  'nor lower an owner');
select is(test_setup.as_user('adam', 'delete from public.org_member where user_id = test_setup.id(''olga'') returning 1'), '-', 'nor remove one');
select is(test_setup.as_user('adam', 'delete from public.org_member where user_id = test_setup.id(''mia'') returning 1'), '(1)', 'but a member');
select is(test_setup.as_user('mia', 'select count(*) from public.activity where org_id is not null'), '(0)', 'who sees nothing any more');

select * from finish();
