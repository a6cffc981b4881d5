create or replace function etl_api.dependency_cycles(from_nodes text[], to_nodes text[])
returns table (nr int, place int, node text)
language plpgsql immutable
set search_path = ''
-- A plan cannot know how many edges there are; hashing them is right for a few and for a million.
set enable_hashjoin = on
set enable_nestloop = off
set enable_mergejoin = off
as $$
declare
  before int := 0;
  nodes text[];
  followers int[];
  visited int[];
  at int;
  first int;
begin
  -- Whoever waits for nobody, or nobody waits for, is on no circle; taking these away again and again leaves
  -- only circles and the ways between them. A round costs what is left, and healthy graphs are shallow.
  while pg_catalog.cardinality(from_nodes) is distinct from before loop
    before := pg_catalog.cardinality(from_nodes);
    select pg_catalog.array_agg(e.from_node), pg_catalog.array_agg(e.to_node) into from_nodes, to_nodes
    from unnest(from_nodes, to_nodes) as e (from_node, to_node)
    where e.from_node in (select pg_catalog.unnest(to_nodes))
      and e.to_node in (select pg_catalog.unnest(from_nodes));
  end loop;
  if from_nodes is null then
    return;
  end if;

  -- Each is followed to one other, so from anywhere the way ends in a circle. The loop is over what is faulty.
  select pg_catalog.array_agg(n.from_node order by n.number), pg_catalog.array_agg(f.number order by n.number)
  into nodes, followers
  from (
    select e.from_node, pg_catalog.min(e.to_node collate "C") as to_node,
      pg_catalog.row_number() over (order by e.from_node collate "C")::int as number
    from unnest(from_nodes, to_nodes) as e (from_node, to_node)
    group by e.from_node
  ) as n
  join (
    select e.from_node, pg_catalog.row_number() over (order by e.from_node collate "C")::int as number
    from pg_catalog.unnest(from_nodes) as e (from_node)
    group by e.from_node
  ) as f on f.from_node = n.to_node;

  visited := pg_catalog.array_fill(0, array[pg_catalog.cardinality(nodes)]);
  nr := 0;
  for start in 1 .. pg_catalog.cardinality(nodes) loop
    at := start;
    while visited[at] = 0 loop
      visited[at] := start;
      at := followers[at];
    end loop;
    if visited[at] = start then
      -- Told from its first node on, in the order of their names.
      first := at;
      while visited[followers[at]] > 0 loop
        at := followers[at];
        visited[at] := -start;
        first := least(first, at);
      end loop;
      nr := nr + 1;
      place := 0;
      at := first;
      loop
        place := place + 1;
        node := nodes[at];
        return next;
        at := followers[at];
        exit when at = first;
      end loop;
    end if;
  end loop;
end
$$;

comment on function etl_api.dependency_cycles(text[], text[]) is
  'The circles in a graph given by its edges, each node on at most one of them: circle, place on it, node.';

revoke execute on function etl_api.dependency_cycles(text[], text[]) from public;
grant execute on function etl_api.dependency_cycles(text[], text[]) to service_role;
