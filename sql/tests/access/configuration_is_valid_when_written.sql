select plan(13);

select test_setup.setup_enrichment_test_data();

select is(
  regexp_replace(test_setup.outcome(format('update public.source set %I = %L where id = %L', s.field, s.value, test_setup.id('Company Register'))), ' \|.*$', ''),
  coalesce(format('ETL07 source %s: %s: %s', test_setup.id('Company Register'), s.field, s.fault), 'ok'), s.field || ' ' || s.value)
from (
  values
    ('run_request_template', '{"url": "https://x.test"}', 'method is missing'),
    ('status_request_template', '{"method": "GET", "url": "x.test"}', 'url "x.test" does not begin with http:// or https://'),
    ('delivery_request_template', '[]', 'a template is an object, not array'),
    ('rate_limit', '{"fortnight": 1}', '"fortnight" is unknown: known are second, minute, day'),
    ('rate_limit', '{"second": "1"}', '"second" is a whole number from 1 to 1000000000, not "1"'),
    ('retry_policy', '{"max_attempts": -1}', '"max_attempts" is a number from 0 to 1000000000, not -1'),
    ('poll_policy', '{"first_seconds": 1e300}', '"first_seconds" is a number from 0 to 1000000000, not 1' || repeat('0', 79)),
    ('activity_types', '{enrichment,guessing}', '"guessing" is unknown: known are enrichment, extract, sourcing')
) as s (field, value, fault);
select is(test_setup.outcome('update public.source set rate_limit = ''{"second": 1, "day": 1000}'', status_request_template = null'), 'ok', 'what is right passes');
select is(
  regexp_replace(test_setup.outcome('update public.object_source set key_mapping_json = ''{"path": [true]}'''), ' [0-9a-f-]{36}', ''),
  'ETL07 object_source: key_mapping_json: path: path element 0 is true: an element is a member name, "*", "**" or a whole number | Correct this field; nothing of the statement was written.',
  'a path of objects');
select is(left(test_setup.outcome('update public.datapoint_source set key_mapping_json = ''{"path": "a", "transform": "magic"}'''), 5), 'ETL07', 'a transformation');
select is(left(test_setup.outcome('update public.datapoint_source set key_mapping_json = ''7'''), 5), 'ETL07', 'a number is no mapping');
select is(
  (select count(*) from public.datapoint_source where key_mapping_json = '7'), 0::bigint, 'nothing of it was written');

select * from finish();
