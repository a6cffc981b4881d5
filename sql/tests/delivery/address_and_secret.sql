-- Where a message goes and what signs it: the endpoint's own, or the tenant's for a URL in the request.
select plan(3);

select test_setup.setup_enrichment_test_data();
insert into webhook_endpoint (id, org_id, url, secret_name)
values (test_setup.id('endpoint'), test_setup.id('org acme'), 'https://client.test/endpoint', 'endpoint_secret');
select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('endpoint')));
select test_setup.enrich('{}', '{}', '{"url": "https://client.test/url"}');
update org set settings = '{"webhook_secret_name": "tenant_secret"}' where id = test_setup.id('org acme');
select test_setup.enrich('{}', '{}', '{"url": "https://client.test/url2"}');

-- The endpoint moves: what is queued goes where it was to go.
update webhook_endpoint set url = 'https://client.test/moved';
create temp table claimed as select * from etl_api.claim_deliveries('one', 10);
select is((select array_agg(url || ' ' || secret_name order by url) from claimed), array[
  'https://client.test/endpoint endpoint_secret',
  'https://client.test/url webhook',
  'https://client.test/url2 tenant_secret'], 'address and name of the secret');
select is((select array_agg(distinct secret_scope) from claimed), array[test_setup.id('org acme')::text], 'secrets of the tenant, never shared ones');

insert into source (id, org_id, name, run_request_template)
values (test_setup.id('Own'), test_setup.id('org acme'), 'Own', '{"method": "GET", "url": "https://own.test/<<$object.domain>>"}');
insert into datapoint_source (org_id, source_id, datapoint_id, key_mapping_json)
values (test_setup.id('org acme'), test_setup.id('Own'), test_setup.id('company.name'), '"name"');
select test_setup.enrich('{a.test}', '{"datapoints": ["name", "industry"]}');
select is(
  (select array_agg((c.request ->> 'url') || ' ' || c.secret_scope order by c.request ->> 'url') from etl_api.claim_run_requests('one', 10) as c),
  array['https://api.algops.test/v1/companies/a.test shared', 'https://own.test/a.test ' || test_setup.id('org acme')],
  'a tenant''s own source uses its secrets, a shared one the shared');

select * from finish();
