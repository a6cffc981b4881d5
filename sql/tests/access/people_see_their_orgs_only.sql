select plan(28);

select test_setup.set_up_people();
insert into test_setup.reply (source, body)
values ('AlgOps API Client', '{"company": {"sector": "toys", "staff": {"count": 3}}}'), ('Company Register', '{"capital": {"raised": 1}}');
select isnt(test_setup.enrich('{a.test}', '{}', '{"url": "https://client.test/hook"}')::text, null, 'a request of Acme');
select count(test_setup.serve());
select etl_api.logger('info', 'intake', 'note', null, test_setup.id('org acme'));

-- Whatever has a tenant: Acme's people see rows of it, a stranger none.
select is(
  test_setup.as_user('vera', format('select count(*) > 0 from %s where org_id = test_setup.id(''org acme'')', t.name))
    || ' ' || test_setup.as_user('otto', format('select count(*) from %s where org_id = test_setup.id(''org acme'')', t.name)),
  '(t) (0)', t.name)
from unnest('{public.org_member,public.activity,public.workflow_request,public.activity_request,public.object,public.value,
  public.activity_object,public.run_queue,public.run_request,public.run_response,
  public.activity_result,public.delivery,public.delivery_body,etl_api.state_step,etl_api.state_history,etl_api.etl_log}'::text[]) as t (name);

select is(test_setup.as_user('vera', 'select slug from public.org'), '(acme-research)', 'their org');
select is(test_setup.as_user('otto', 'select slug from public.org'), '(other-research)', 'and no other');
select is(test_setup.as_user('otto', 'select count(*) from public.source'), '(2)', 'shared configuration is for all');
select is(test_setup.as_user('nobody', 'select count(*) from public.source'), '(2)', 'even without an org');
select is(test_setup.as_user('nobody', 'select count(*) from public.workflow_request'), '(0)', 'who sees no request');
select is(test_setup.as_user(null, 'select count(*) from public.workflow_request'), '(0)', 'nobody at all sees none either');
select is(test_setup.as_user(null, 'select count(*) from public.source', 'anon'), '42501', 'anon sees nothing');
select is(test_setup.as_user('olga', 'select name from etl_api.setting'), '(stuck_after_seconds)',
  'the engine''s settings are the operator''s, but for what counts as stuck');
select is(test_setup.as_user('olga', 'select count(*) from etl_api.state_transition'), '(24)', 'the allowed steps are for all');
update public.org set deleted_at = now() where slug = 'acme-research';
select is(test_setup.as_user('olga', 'select count(*) from public.workflow_request'), '(0)', 'an org that was deleted shows nothing');
select is(test_setup.as_user(null, 'select count(*) from public.workflow_request', 'service_role'), '(1)', 'but to the service');

select * from finish();
