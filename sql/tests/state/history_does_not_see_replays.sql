select plan(2);

select test_setup.setup_enrichment_test_data();
insert into public.workflow_request (org_id, data, idempotency_key)
values (test_setup.id('org acme'), '{}', 'k'), (test_setup.id('org acme'), '{}', 'k');
insert into public.workflow_request (org_id, data, idempotency_key)
values (test_setup.id('org acme'), '{}', 'k');

select is((select count(*) from public.workflow_request), 1::bigint, 'one request');
select is((select array_agg(from_state || '>' || to_state) from etl_api.state_history where from_state is not null),
  '{new>invalid}', 'and one history');

select * from finish();
