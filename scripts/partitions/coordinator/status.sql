create or replace function etl_route.status(
  out partition_no int, out name text, out address text, out reachable boolean, out orgs bigint, out said text)
returns setof record
language plpgsql security definer
set search_path = ''
as $$
declare
  p record;
begin
  for p in
    select k.partition_no, k.name, k.address
    from etl_route.partition as k
    order by k.partition_no
  loop
    partition_no := p.partition_no;
    name := p.name;
    address := p.address;
    orgs := null;
    said := null;
    reachable := true;
    -- One after the other: each is to have a row, whatever becomes of the others.
    begin
      select r.orgs, case when r.answered_no is distinct from p.partition_no
        then pg_catalog.format('it holds itself for partition number %s', r.answered_no) end
      into orgs, said
      from etl_route.remote_ping(p.partition_no) as r;
    exception when others then
      reachable := not etl_route.is_out_of_reach(sqlstate, sqlerrm);
      -- PL/Proxy tells of a time-out with the whole connection string, the password included.
      said := case when sqlerrm ~ 'connect timeout' then 'no answer in time' else sqlerrm end;
    end;
    return next;
  end loop;
end
$$;

alter function etl_route.status() owner to millrace_router;

comment on function etl_route.status() is
  'Each partition, whether it answers, how many tenants it has, and what is wrong where something is.';

revoke execute on function etl_route.status() from public;
grant execute on function etl_route.status() to service_role, millrace_router;
