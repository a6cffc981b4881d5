-- The values alone, by whatever way they are read.
select plan(7);

create function pg_temp.found(data jsonb, path jsonb) returns text language sql as
  $$select coalesce(string_agg(r::text, ' '), '') from utils.jsonb_resolve_values(data, path) as r$$;

select is(pg_temp.found('{"a": [{"b": 1}, {"b": null}]}', '["a", "b"]'), '1 null', 'names');
select is(pg_temp.found('{"a": [{"b": 1}, {"b": 2}]}', '["a", 1, "b"]'), '2', 'an index on the way');
select is(pg_temp.found('{"a": {"b": 5}}', '["a", "b", 0]'), '', 'an index of what is no array');
select is(pg_temp.found('[{"a": 5}, {"a": [6]}]', '["a", 0]'), '6', 'also behind a branch');
select is(pg_temp.found('[{"a": {"a": 1}}, {"a": 2}]', '["**", "a"]'), '{"a": 1} 1 2', '**');
select is(pg_temp.found('{"a": "x"}', '["a", "b"]'), '', 'members of a scalar');
select throws_ok($$select utils.jsonb_resolve_values('{}', null)$$, 'ETL02', 'a path is missing', 'a missing path');
select * from finish();
