-- For tests of calls that are wrong: two tenants' people, work of Acme in every state that a call could be tempted by.

create function test_setup.set_up_misuse() returns void
language plpgsql
as $$
begin
  perform test_setup.set_up_people();
  insert into public.webhook_endpoint (id, org_id, url)
  values (test_setup.id('endpoint'), test_setup.id('org acme'), 'https://client.test/hook');
  perform test_setup.enrich('{a.test,b.test}', '{"datapoints": ["industry"]}', jsonb_build_object('endpoint', test_setup.id('endpoint')));
  perform test_setup.exchange('{"company": {"sector": "toys"}}');
  perform test_setup.enrich('{c.test}', '{"datapoints": ["industry"]}');
  perform test_setup.enrich('{d.test}', '{"datapoints": ["industry"]}', jsonb_build_object('endpoint', test_setup.id('endpoint')));
end
$$;
comment on function test_setup.set_up_misuse() is
  'People, a message of Acme that is ready, runs of Acme that wait.';

create function test_setup.misuse(call text, person text default null, role text default 'none') returns text
language plpgsql
set search_path = ''
as $$
declare
  answer text;
begin
  perform pg_catalog.set_config('request.jwt.claims',
    case when person is null then '' else pg_catalog.jsonb_build_object('sub', test_setup.id(person), 'role', role)::text end, true);
  perform pg_catalog.set_config('role', role, true);
  -- Every row is read: a function may raise at any of them.
  begin
    execute pg_catalog.format('select pg_catalog.string_agg(a::text, ''; '') from (%s) as a', call) into answer;
  exception when others then
    get stacked diagnostics answer = pg_exception_hint;
    answer := sqlstate || ' ' || sqlerrm || case when answer <> '' then ' | ' || answer else '' end;
  end;
  perform pg_catalog.set_config('role', 'none', true);
  perform pg_catalog.set_config('request.jwt.claims', '', true);
  return pg_catalog.regexp_replace(coalesce(answer, 'nothing'), '[0-9a-f]{8}-[0-9a-f-]{27}', '…', 'g');
end
$$;
comment on function test_setup.misuse(text, text, text) is
  'What a call answers to a person or role: its rows, "nothing", or "SQLSTATE message | hint" of its error; ids as ….';
