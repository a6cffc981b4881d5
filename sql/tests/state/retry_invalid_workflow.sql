select plan(6);

select test_setup.setup_enrichment_test_data();
update public.activity set deleted_at = now();
create temporary table row as select test_setup.enrich('{a.test}') as id;
select is(test_setup.state(id), 'invalid:unknown_activity', 'a request for an activity that is gone') from row;
select is(etl_api.retry(id) ->> 'state', 'invalid', 'it is validated again, and still invalid') from row;
update public.activity set deleted_at = null;
select is(etl_api.retry(id) - 'id',
  '{"entity": "workflow_request", "state": "in_progress", "message": "The request was validated again."}',
  'until the fault is mended')
from row;
select is((select errors from public.workflow_request), null, 'its errors are gone');
select is(test_setup.runs(), '{"a.test AlgOps API Client waiting:allocation","a.test Company Register waiting:allocation"}', 'and it runs');
select is(test_setup.steps(id),
  '{->new,new>invalid:unknown_activity,invalid>new,new>invalid:unknown_activity,invalid>new,new>valid,valid>ready,ready>in_progress}',
  'the history has it all')
from row;

select * from finish();
