/**
 * A whole workflow request, from insert to delivered, against the least a durable chain of three steps can cost on the
 * same server. The engine's two outside steps, HTTP and webhook, are answered here through its claim and complete
 * functions, so that only the database is measured.
 */
import pg from "pg";
import type { Bench, Figure } from "./bench.ts";

const connections = 2;
const batch = 100;

/** Rates of accepting and of draining, per second. */
interface Rates {
  accept: number;
  drain: number;
}

/** The floor: one narrow table, three steps a chain, claimed and completed in batches with `skip locked`. */
async function floor(url: string, chains: number): Promise<Rates> {
  await using setup = await connect(url);
  await setup.query(`
    drop table if exists public.bench_floor;
    create table public.bench_floor (id bigint generated always as identity primary key, step int not null default 0,
      busy boolean not null default false, data jsonb) with (fillfactor = 50);
    create index on public.bench_floor (id) where step < 3 and not busy`);
  const accept = await timed(() =>
    setup.query(
      `insert into public.bench_floor (data) select '{"domain": "acme.test"}' from generate_series(1, $1)`,
      [chains],
    ),
  );
  const drain = await timed(() =>
    Promise.all(
      Array.from({ length: connections }, async () => {
        await using client = await connect(url);
        for (;;) {
          const claimed = await client.query<{ id: string }>(
            `update public.bench_floor set busy = true
             where id = any (array(select id from public.bench_floor where step < 3 and not busy order by id
               limit ${batch} for update skip locked))
             returning id`,
          );
          if (claimed.rows.length === 0) return;
          await client.query(
            "update public.bench_floor set busy = false, step = step + 1 where id = any ($1)",
            [claimed.rows.map((row) => row.id)],
          );
        }
      }),
    ),
  );
  await setup.query("drop table public.bench_floor");
  return { accept: chains / accept, drain: chains / drain };
}

const body = { company: { sector: "Anvils", staff: 1200 } };

/** The engine: insert in statements of 1,000, then claim, answer and complete until all is delivered. */
async function engine(url: string, chains: number, round: number): Promise<Rates> {
  await using setup = await connect(url);
  const { org, activity } = await configure(setup, round);
  const accept = await timed(async () => {
    for (let first = 0; first < chains; first += 1000) {
      await setup.query(
        `insert into public.workflow_request (org_id, data)
         select $1, jsonb_build_object(
           'input', jsonb_build_object('companies', jsonb_build_array(jsonb_build_object('domain', 'd' || n || '.test'))),
           'data', jsonb_build_object('enrich', jsonb_build_object('id', $2::uuid,
             'destination', jsonb_build_object('webhook', jsonb_build_object('url', 'https://client.example/hook')))))
         from generate_series($3::int + 1, least($3::int + 1000, $4::int)) as n`,
        [org, activity, first, chains],
      );
    }
  });
  const drain = await timed(() =>
    Promise.all(Array.from({ length: connections }, (_, worker) => drainAs(url, `bench-${worker}`))),
  );
  const { rows } = await setup.query<{ state: string; count: number }>(
    "select state, count(*)::int from public.workflow_request where org_id = $1 group by state",
    [org],
  );
  if (rows.length !== 1 || rows[0]!.state !== "delivered" || rows[0]!.count !== chains)
    throw new Error(`not every request was delivered: ${JSON.stringify(rows)}`);
  return { accept: chains / accept, drain: chains / drain };
}

async function drainAs(url: string, worker: string): Promise<void> {
  await using client = await connect(url);
  for (let idle = 0; idle < 3;) {
    const runs = await client.query("select * from etl_api.claim_run_requests($1, $2)", [worker, batch]);
    if (runs.rows.length > 0)
      await client.query("select * from etl_api.complete_run_requests($1)", [
        JSON.stringify(
          runs.rows.map((row) => ({
            run_request_id: row.run_request_id,
            lease_token: row.lease_token,
            status: 200,
            body,
          })),
        ),
      ]);
    const messages = await client.query("select * from etl_api.claim_deliveries($1, $2)", [worker, batch]);
    if (messages.rows.length > 0)
      await client.query("select * from etl_api.complete_deliveries($1)", [
        JSON.stringify(
          messages.rows.map((row) => ({
            delivery_id: row.delivery_id,
            lease_token: row.lease_token,
            status: 204,
          })),
        ),
      ]);
    idle = runs.rows.length + messages.rows.length > 0 ? 0 : idle + 1;
  }
}

/** One tenant a round with one source, two datapoints and one activity. */
async function configure(client: pg.Client, round: number): Promise<{ org: string; activity: string }> {
  const { rows } = await client.query<{ org: string; activity: string }>(
    `with o as (
       insert into public.org (name, slug) values ('Bench', $1) returning id
     ), t as (
       insert into public.object_type (org_id, name, key_datapoints) select id, 'company', '{domain}' from o
       returning id, org_id
     ), d as (
       insert into public.datapoint (org_id, object_type_id, name, value_type)
       select t.org_id, t.id, n.name, n.type
       from t, (values ('industry', 'text'), ('employees', 'number')) as n (name, type)
       returning id, org_id, name
     ), s as (
       insert into public.source (org_id, name, run_request_template)
       select id, 'facts', '{"method": "GET", "url": "https://api.example/companies",
         "query": {"domain": "<<$object.domain>>"}, "response": {"objects": "company"}}' from o
       returning id, org_id
     ), os as (
       insert into public.object_source (org_id, source_id, object_type_id, direction, key_mapping_json)
       select s.org_id, s.id, t.id, 'input', '["input", "companies"]' from s, t
     ), ds as (
       insert into public.datapoint_source (org_id, source_id, datapoint_id, key_mapping_json)
       select s.org_id, s.id, d.id, case d.name when 'industry' then '"sector"' else '"staff"' end::jsonb from s, d
     )
     insert into public.activity (org_id, name, activity_type, object_type_id, datapoints)
     select t.org_id, 'Enrich', 'enrichment', t.id, '{industry,employees}' from t
     returning org_id as org, id as activity`,
    [`bench-${round}-${Date.now()}`],
  );
  return rows[0]!;
}

async function connect(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

export const chain: Bench = {
  name: "chain",
  about: "a workflow request from insert to delivered, against a bare three-step queue",
  async run({ url, n, rounds, progress }) {
    const floors: Rates[] = [];
    const engines: Rates[] = [];
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round} of ${rounds}: floor`);
      floors.push(await floor(url, n));
      progress(`round ${round} of ${rounds}: engine`);
      engines.push(await engine(url, n, round));
    }
    const figure = (name: string, of: (rates: Rates) => number): Figure => ({
      name,
      unit: "chains/s",
      values: engines.map(of),
      against: "bare queue",
      baseline: floors.map(of),
    });
    return [figure("accept", (rates) => rates.accept), figure("insert to delivered", (rates) => rates.drain)];
  },
};
