-- A template is as large as the setting allows, and not larger.
select plan(4);
select test_setup.setup_base_data();
update etl_api.setting set value = '500' where name = 'max_template_bytes';
create function pg_temp.of_bytes(bytes int) returns jsonb language sql as $$
  select '{"url": "https://a.test/", "method": "POST"}'::jsonb
    || jsonb_build_object('body', repeat('x', bytes - octet_length('{"url": "https://a.test/", "body": "", "method": "POST"}')))
$$;
select is(octet_length(pg_temp.of_bytes(500)::text), 500, 'a template of 500 bytes');
select lives_ok(format('insert into public.source (name, run_request_template) values (''a'', %L)', pg_temp.of_bytes(500)), 'is taken');
select throws_like(format('insert into public.source (id, name, run_request_template) values (%L, ''b'', %L)', test_setup.id('b'), pg_temp.of_bytes(501)),
  'source ' || test_setup.id('b') || ': run_request_template: a template has at most 500 bytes as JSON (the setting max_template_bytes), but this one has 501',
  'one of 501 is not');
select throws_like(format('update public.source set status_request_template = %L where name = ''a''', pg_temp.of_bytes(501)), '%status_request_template: a template has at most 500%',
  'nor one that is written later');
select * from finish();
