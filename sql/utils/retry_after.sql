create or replace function utils.retry_after(headers jsonb, at timestamptz) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
declare
  header text := pg_catalog.btrim(headers ->> 'retry-after');
begin
  -- More than a day is somebody's mistake; the run's own time limit rules then.
  if header ~ '^[0-9]{1,9}$' then
    return at + pg_catalog.make_interval(secs => least(header::int, 86400));
  end if;
  if header ~ '^[A-Za-z]{3}, [0-9]{2} [A-Za-z]{3} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$' then
    return least(at + interval '1 day', pg_catalog.to_timestamp(pg_catalog.substr(header, 6), 'DD Mon YYYY HH24:MI:SS')::timestamp
      at time zone 'UTC');
  end if;
  return null;
exception
  -- A date such as 99 Foo: the header says nothing then.
  when data_exception then return null;
end
$$;

comment on function utils.retry_after(jsonb, timestamptz) is
  'When an answer''s header retry-after (seconds or an HTTP date) allows the next attempt, at most a day after "at"; null when there is none or it is not understood. Header names are lower-case.';

revoke execute on function utils.retry_after(jsonb, timestamptz) from public;
grant execute on function utils.retry_after(jsonb, timestamptz) to service_role;
