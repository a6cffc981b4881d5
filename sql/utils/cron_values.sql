create or replace function utils.cron_values(field text, low int, high int, names text[] default '{}') returns int[]
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return (
    select case when pg_catalog.bool_and(coalesce(p.first between low and p.last and p.last <= high and p.step > 0, false)) then array(
        select distinct v.value
        from unnest(pg_catalog.array_agg(p.first), pg_catalog.array_agg(p.last), pg_catalog.array_agg(p.step)) as q (first, last, step)
        cross join lateral pg_catalog.generate_series(q.first, q.last, q.step) as v (value)
        order by v.value) end
    from (
      select b.first,
        case
          when w.way[1] = '*' then high
          when w.way[2] is null then b.first
          when w.way[2] ~ '^[0-9]' then w.way[2]::int
          -- Sunday ends a week as well as it begins one.
          when w.way[2] = 'sun' and b.first > 0 then 7
          else low - 1 + pg_catalog.array_position(names, w.way[2])
        end as last,
        coalesce(w.way[3]::int, 1) as step
      from pg_catalog.string_to_array(pg_catalog.lower(field), ',') as l (items)
      cross join lateral pg_catalog.unnest(l.items) as i (item)
      -- A step needs a range: what 5/15 means is told differently everywhere.
      left join lateral pg_catalog.regexp_match(i.item,
        '^(?:(\*)|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,3}))?$') as m (parts) on true
      cross join lateral (
        select case when m.parts[4] is null or m.parts[1] = '*' or m.parts[3] is not null
          then array[coalesce(m.parts[1], m.parts[2]), m.parts[3], m.parts[4]] end as way
      ) as w
      cross join lateral (
        select case
          when w.way[1] = '*' then low
          when w.way[1] ~ '^[0-9]' then w.way[1]::int
          else low - 1 + pg_catalog.array_position(names, w.way[1])
        end as first
      ) as b
    ) as p);
end
$$;

comment on function utils.cron_values(text, int, int, text[]) is
  'The values that one field of a cron expression names (*, 5, 1-5, */10, 1-9/2, lists of these, names for values from low on), in order; null when it is malformed or names something out of range.';

revoke execute on function utils.cron_values(text, int, int, text[]) from public;
grant execute on function utils.cron_values(text, int, int, text[]) to authenticated, service_role;
