/**
 * A thousand tenants at once, against one tenant with as many requests: whether they cost more, and whether each of
 * them gets its share. They share a source, as tenants of one provider do, or each has one of its own.
 */
import type pg from "pg";
import type { Bench, Figure } from "./bench.ts";
import { connect, connectAll, drainOn, knowAddresses, timed } from "./engine.ts";
import { processor } from "./objects.ts";

const many = 1000;

/** Who takes part: tenants in order, each with the activity that it requests. */
interface Field {
  name: string;
  orgs: string[];
  activities: string[];
}

/** What a field did: chains per second, and per tenant the seconds to its first quarter and to its last message. */
interface Run {
  rate: number;
  accept: number;
  drain: number;
  /** Milliseconds of processor time a chain; null where /proc is not. */
  acceptProcessor: number | null;
  drainProcessor: number | null;
  quarter: number[];
  last: number[];
}

/** Makes tenants; those who share configuration use one source, the others have one each. */
async function field(client: pg.Client, name: string, count: number, shared: boolean): Promise<Field> {
  const { rows } = await client.query<{ org: string; activity: string }>(
    `with o as (
       insert into public.org (name, slug) select 'Bench ' || n, $1 || '-' || n || '-' || gen_random_uuid()
       from generate_series(1, $2::int) as n
       returning id
     ), home as (
       select null::uuid as id where $3 union all select o.id from o where not $3
     ), t as (
       insert into public.object_type (org_id, name, key_datapoints) select id, 'company ' || $1, '{domain}' from home
       returning id, org_id
     ), d as (
       insert into public.datapoint (org_id, object_type_id, name, value_type)
       select t.org_id, t.id, n.name, n.type
       from t, (values ('industry', 'text'), ('employees', 'number')) as n (name, type)
       returning id, org_id, name
     ), s as (
       insert into public.source (org_id, name, run_request_template)
       select id, 'facts ' || $1, '{"method": "GET", "url": "https://api.example/companies",
         "query": {"domain": "<<$object.domain>>"}, "response": {"objects": "company"}}' from home
       returning id, org_id
     ), os as (
       insert into public.object_source (org_id, source_id, object_type_id, direction, key_mapping_json)
       select s.org_id, s.id, t.id, 'input', '["input", "companies"]' from s join t on t.org_id is not distinct from s.org_id
     ), ds as (
       insert into public.datapoint_source (org_id, source_id, datapoint_id, key_mapping_json)
       select s.org_id, s.id, d.id, case d.name when 'industry' then '"sector"' else '"staff"' end::jsonb
       from s join d on d.org_id is not distinct from s.org_id
     ), a as (
       insert into public.activity (org_id, name, activity_type, object_type_id, datapoints, source_ids)
       select t.org_id, 'Enrich ' || $1, 'enrichment', t.id, '{industry,employees}', array[s.id]
       from t join s on s.org_id is not distinct from t.org_id
       returning id, org_id
     )
     select o.id as org, a.id as activity from o join a on a.org_id = o.id or a.org_id is null`,
    [name, count, shared],
  );
  if (rows.length !== count) throw new Error(`${rows.length} tenants instead of ${count}`);
  return { name, orgs: rows.map(({ org }) => org), activities: rows.map(({ activity }) => activity) };
}

/** Hands requests in, one tenant after the other, and works until all are delivered. */
async function measure(url: string, { orgs, activities }: Field, n: number, first: number): Promise<Run> {
  // As tenants do: each hands in its own, and the one as many statements as the thousand.
  const statement = Math.max(1, Math.floor(n / many));
  await using clients = await connectAll(url);
  const client = clients[0]!;
  const used = await processor(clients);
  const accept = await timed(async () => {
    for (let done = 0; done < n; done += statement) {
      const place = (done / statement) % orgs.length;
      await client.query(
        `insert into public.workflow_request (org_id, data)
         select $1, jsonb_build_object(
           'input', jsonb_build_object('companies', jsonb_build_array(jsonb_build_object('domain', 'd' || n || '.test'))),
           'data', jsonb_build_object('enrich', jsonb_build_object('id', $2::uuid,
             'destination', jsonb_build_object('webhook', jsonb_build_object('url', 'https://client.example/hook')))))
         from generate_series($3::int, $3::int + $4::int - 1) as n`,
        [orgs[place], activities[place], first + done, Math.min(statement, n - done)],
      );
    }
  });
  const { rows: begun } = await client.query<{ at: Date }>("select clock_timestamp() as at");
  const usedThen = await processor(clients);
  const drained = await timed(() =>
    Promise.all(clients.map((each, place) => drainOn(each, `bench-${place}`))),
  );
  const usedNow = await processor(clients);
  const { rows } = await client.query<{ count: number; quarter: number; last: number }>(
    `select count(*)::int, 1e-3 * (percentile_disc(0.25) within group (order by d.ms)) as quarter, 1e-3 * max(d.ms) as last
     from (
       select w.org_id, extract(epoch from d.finished_at - $2)::float8 * 1000 as ms
       from public.delivery as d
       join public.workflow_request as w on w.id = d.workflow_request_id
       where w.org_id = any ($1::uuid[]) and d.state = 'delivered' and d.finished_at >= $2
     ) as d
     group by d.org_id`,
    [orgs, begun[0]!.at],
  );
  const delivered = rows.reduce((sum, { count }) => sum + count, 0);
  if (delivered !== n) throw new Error(`of ${n} requests ${delivered} were delivered`);
  return {
    rate: n / (accept + drained),
    accept: n / accept,
    drain: n / drained,
    acceptProcessor: used === null || usedThen === null ? null : (usedThen - used) / n,
    drainProcessor: usedThen === null || usedNow === null ? null : (usedNow - usedThen) / n,
    quarter: rows.map(({ quarter }) => Number(quarter)),
    last: rows.map(({ last }) => Number(last)),
  };
}

const middle = (numbers: number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;

export const orgs: Bench = {
  name: "orgs",
  about: "n requests of a thousand tenants at once, against as many of one; and whether each has its share",
  n: 10_000,
  rounds: 3,
  async run({ url, n, rounds, progress }) {
    const count = Math.min(many, n);
    let fields: Field[];
    {
      await using client = await connect(url);
      await client.query("select etl_api.ensure_partitions()");
      await knowAddresses(client);
      fields = [
        await field(client, "one", 1, true),
        await field(client, "shared", count, true),
        await field(client, "own", count, false),
      ];
      await client.query("vacuum (analyze)");
    }
    const runs: Run[][] = fields.map(() => []);
    for (let round = 1; round <= rounds; round++)
      for (const [place, each] of fields.entries()) {
        progress(`round ${round} of ${rounds}: ${each.name}`);
        runs[place]!.push(await measure(url, each, n, round * n));
      }
    const [one, shared, own] = runs as [Run[], Run[], Run[]];
    const against = (
      name: string,
      unit: string,
      of: Run[],
      which: "rate" | "accept" | "drain" | "acceptProcessor" | "drainProcessor",
    ): Figure => ({
      name,
      unit,
      values: of.map((run) => run[which]!),
      against: "one tenant",
      baseline: one.map((run) => run[which]!),
    });
    // Tenants of one provider share its sources; a source each is the dearest that can be.
    const all = (name: string, of: Run[], asked: Partial<Figure>): Figure[] => [
      { ...against(name, "chains/s", of, "rate"), ...asked },
      against(`${name}: accept`, "chains/s", of, "accept"),
      { ...against(`${name}: drain`, "chains/s", of, "drain"), aim: 0.9 },
      ...(of[0]!.drainProcessor === null
        ? []
        : [
            against(`${name}: accept, processor`, "ms/chain", of, "acceptProcessor"),
            against(`${name}: drain, processor`, "ms/chain", of, "drainProcessor"),
          ]),
    ];
    // All began at once: the slowest of them against the one in the middle.
    const spread = (name: string, of: (run: Run) => number[], runs: Run[]): Figure => ({
      name,
      unit: "s",
      values: runs.map((run) => Math.max(...of(run))),
      against: "median tenant",
      baseline: runs.map((run) => middle(of(run))),
      must: 1.5,
      atMost: true,
    });
    return [
      ...all(`${count} tenants, one source`, shared, { must: 0.9 }),
      ...all(`${count} tenants, a source each`, own, { aim: 0.9 }),
      spread("slowest tenant's first quarter, one source", (run) => run.quarter, shared),
      spread("slowest tenant's last message, one source", (run) => run.last, shared),
      spread("slowest tenant's last message, a source each", (run) => run.last, own),
    ];
  },
};
