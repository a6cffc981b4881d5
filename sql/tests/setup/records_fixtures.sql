-- A table of leads of Acme, a job for it, and what the document on generated records gives as an example.
create or replace function test_setup.set_up_records() returns void
language plpgsql
set search_path = ''
as $$
begin
  perform test_setup.set_up_people();
  insert into public.tables (id, organization_id, name) values (test_setup.id('leads'), test_setup.id('org acme'), 'Leads');
  insert into public.table_statuses (table_id, organization_id, name, display_order)
  values
    (test_setup.id('leads'), test_setup.id('org acme'), 'Won', 2),
    (test_setup.id('leads'), test_setup.id('org acme'), 'New', 1);
  insert into public.ai_generation_jobs (id, organization_id, table_id)
  values
    (test_setup.id('job'), test_setup.id('org acme'), test_setup.id('leads')),
    (test_setup.id('job 2'), test_setup.id('org acme'), test_setup.id('leads'));
end
$$;

create or replace function test_setup.base() returns jsonb
language sql immutable
as $$
  select '{
    "name": "BASE株式会社", "website": "https://binc.jp",
    "fields": [
      {"name": "company_name", "value": "BASE株式会社", "confidence": 0.95, "source": "knowledge"},
      {"name": "website", "value": "https://binc.jp", "confidence": 0.90, "source": "knowledge"},
      {"name": "email", "value": "info@binc.jp", "confidence": 0.95, "source": "url_context", "sourceUrl": "https://binc.jp/company"},
      {"name": "employee_count", "value": 150, "confidence": 0.85, "source": "knowledge"},
      {"name": "revenue", "value": "非公開", "confidence": 0.70, "source": "knowledge"}]}'::jsonb
$$;

-- What came of an insertion into the leads, without the ids.
create or replace function test_setup.insert_leads(records jsonb, job text default 'job', selected int[] default null) returns jsonb
language sql
as $$
  select etl_api.insert_generated_records(test_setup.id(job), records, test_setup.id('leads'), selected_indices => selected) - 'inserted_records'
$$;
