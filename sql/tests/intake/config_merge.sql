-- setup.config over activity.config, member by member.
select plan(5);
select test_setup.intake();

create function pg_temp.merged(config jsonb) returns public.activity_request language sql as $$
  select a
  from test_setup.expanded(pg_catalog.jsonb_build_object('data', pg_catalog.jsonb_build_object('e',
    pg_catalog.jsonb_build_object('id', '00000000-0000-4000-8000-000000000001', 'setup', pg_catalog.jsonb_build_object('config', config))))) as a
$$;

select is((pg_temp.merged('{}')).config, '{"language": "en", "max_objects": 50}'::jsonb, 'nothing given: the activity''s');
select is((pg_temp.merged(null)).config, '{"language": "en", "max_objects": 50}'::jsonb, 'null counts as nothing given');
select is((pg_temp.merged('{"language": "de", "tone": {"warm": true}, "max_objects": 2}')).config,
  '{"language": "de", "tone": {"warm": true}, "max_objects": 2}'::jsonb, 'given members win, free ones are kept');
select is((pg_temp.merged('{"max_objects": null}')).max_objects, null, 'null takes a limit of the activity away');
select is((pg_temp.merged('{"phase": 3.0}')).workflow_phase, 3, 'a whole number may be written with a point');

select * from finish();
