create or replace function etl_api.dependency_cycles(from_nodes text[], to_nodes text[])
returns table (nr int, place int, node text)
language plpgsql immutable
set search_path = ''
as $$
declare
  nodes text[];
  froms int[];
  tos int[];
  depth int := 0;
  at int;
  target int;
begin
  if from_nodes is null then
    return;
  end if;

  select pg_catalog.array_agg(distinct s.name order by s.name),
    pg_catalog.array_agg(s.number order by s.edge) filter (where s.is_from),
    pg_catalog.array_agg(s.number order by s.edge) filter (where not s.is_from)
  into nodes, froms, tos
  from (
    select e.name collate "C" as name, e.edge, e.is_from,
      pg_catalog.dense_rank() over (order by e.name collate "C")::int as number
    from (
      select f.name, f.edge, true as is_from from pg_catalog.unnest(from_nodes) with ordinality as f (name, edge)
      union all
      select t.name, t.edge, false from pg_catalog.unnest(to_nodes) with ordinality as t (name, edge)
    ) as e
  ) as s;
  select pg_catalog.array_agg(e.f order by e.f, e.t), pg_catalog.array_agg(e.t order by e.f, e.t)
  into froms, tos
  from unnest(froms, tos) as e (f, t);

  -- A walk in depth is a loop by nature; it takes each edge once, whatever the graph. Whoever meets somebody who is
  -- still on the way back to the start has found a circle.
  declare
    nobody constant int[] := pg_catalog.array_fill(0, array[pg_catalog.cardinality(nodes)]);
    next_edge int[] := nobody;
    standing int[] := nobody;
    told int[] := nobody;
    way int[] := nobody;
  begin
    for edge in reverse pg_catalog.cardinality(froms) .. 1 loop
      next_edge[froms[edge]] := edge;
    end loop;
    nr := 0;
    for start in 1 .. pg_catalog.cardinality(nodes) loop
      continue when standing[start] <> 0;
      depth := 1;
      way[1] := start;
      standing[start] := 1;
      while depth > 0 loop
        at := way[depth];
        if next_edge[at] = 0 or froms[next_edge[at]] is distinct from at then
          standing[at] := -1;
          depth := depth - 1;
          continue;
        end if;
        target := tos[next_edge[at]];
        next_edge[at] := next_edge[at] + 1;
        if standing[target] = 0 then
          depth := depth + 1;
          way[depth] := target;
          standing[target] := depth;
        elsif standing[target] > 0 and told[target] = 0 and told[at] = 0 then
          nr := nr + 1;
          for step in standing[target] .. depth loop
            place := step - standing[target] + 1;
            node := nodes[way[step]];
            told[way[step]] := nr;
            return next;
          end loop;
        end if;
      end loop;
    end loop;
  end;
end
$$;

comment on function etl_api.dependency_cycles(text[], text[]) is
  'Circles in a graph given by its edges: circle, place on it, node. At least one of those that hang together, none twice; the same for the same graph.';

revoke execute on function etl_api.dependency_cycles(text[], text[]) from public;
grant execute on function etl_api.dependency_cycles(text[], text[]) to service_role;
