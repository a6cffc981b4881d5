/**
 * One request with many objects, against one with a thousand: time and memory for each object. Everything goes through
 * the engine's own functions, in one connection each, so that the memory of its backend is the engine's.
 */
import { readFile } from "node:fs/promises";
import pg from "pg";
import type { Bench } from "./bench.ts";

const few = 1000;
const perRequest = 1000;

/** What one request with that many objects cost. */
interface Cost {
  /** Milliseconds an object, by step. */
  insert: number;
  claim: number;
  complete: number;
  deliver: number;
  /** Milliseconds of processor time of its backend an object; null where /proc is not. */
  processor: number | null;
  /** The most memory of its own that its backend was seen with, in kB an object beyond what an idle one has. */
  memory: number | null;
}

async function measure(url: string, objects: number, round: number): Promise<Cost> {
  await using client = await connect(url);
  // Its one message is larger than clients are usually sent.
  await client.query("update etl_api.setting set value = '100000000' where name = 'max_message_bytes'");
  // What a connection needs to begin with would count for much in a small request.
  await request(client, 50, round);
  return await request(client, objects, round);
}

async function request(client: pg.Client, objects: number, round: number): Promise<Cost> {
  const { rows: own } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const activity = await configure(client, `objects-${round}-${objects}-${Date.now()}`);
  const idle = await use(own[0]!.pid);
  let memory = 0;
  // The buffers that all backends share would count as its own in the high-water mark the system keeps.
  const watch = setInterval(
    () => void use(own[0]!.pid).then((now) => (memory = Math.max(memory, now?.memory ?? 0))),
    20,
  );
  using _ = { [Symbol.dispose]: () => clearInterval(watch) };
  const spent = { insert: 0, claim: 0, complete: 0, deliver: 0 };
  const timed = async <T>(step: keyof typeof spent, work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await work();
    spent[step] += performance.now() - start;
    return result;
  };

  await timed("insert", () =>
    client.query(
      `insert into public.workflow_request (org_id, data)
       select a.org_id, jsonb_build_object(
         'input', jsonb_build_object('companies', (
           select jsonb_agg(jsonb_build_object('domain', 'd' || n || '.test')) from generate_series(1, $2::int) as n)),
         'data', jsonb_build_object('enrich', jsonb_build_object('id', a.id,
           'destination', jsonb_build_object('webhook', jsonb_build_object('url', 'https://client.example/hook')))))
       from public.activity as a
       where a.id = $1`,
      [activity, objects],
    ),
  );
  let answered = 0;
  for (;;) {
    const { rows } = await timed("claim", () =>
      client.query("select * from etl_api.claim_run_requests('bench', 10)"),
    );
    if (rows.length === 0) break;
    for (const row of rows) {
      const companies = (row.request.body as { domain: string }[]).map(({ domain }) => ({
        domain,
        sector: "Anvils",
        staff: domain.length,
      }));
      answered += companies.length;
      const results = JSON.stringify([
        {
          run_request_id: row.run_request_id,
          lease_token: row.lease_token,
          status: 200,
          body: { companies },
        },
      ]);
      await timed("complete", () =>
        client.query("select accepted from etl_api.complete_run_requests($1)", [results]),
      );
    }
  }
  await timed("deliver", async () => {
    const { rows } = await client.query("select * from etl_api.claim_deliveries('bench', 10)");
    const results = rows.map(({ delivery_id, lease_token }) => ({ delivery_id, lease_token, status: 204 }));
    await client.query("select * from etl_api.complete_deliveries($1)", [JSON.stringify(results)]);
  });

  const { rows: ends } = await client.query<{ state: string; summary: { values: number } }>(
    `select w.state, r.summary
     from public.activity_request as ar
     join public.workflow_request as w on w.id = ar.workflow_request_id
     join public.activity_result as r on r.activity_request_id = ar.id
     where ar.activity_id = $1`,
    [activity],
  );
  if (answered !== objects || ends[0]?.state !== "delivered" || ends[0].summary.values !== 2 * objects)
    throw new Error(`of ${objects} objects ${answered} were asked about: ${JSON.stringify(ends)}`);
  const most = await use(own[0]!.pid);
  return {
    insert: spent.insert / objects,
    claim: spent.claim / objects,
    complete: spent.complete / objects,
    deliver: spent.deliver / objects,
    processor: idle === null || most === null ? null : (most.processor - idle.processor) / objects,
    memory: idle === null || most === null ? null : (Math.max(memory, most.memory) - idle.memory) / objects,
  };
}

/** The processor time that the backends of connections have used, in milliseconds; null where /proc is not. */
export async function processor(clients: pg.Client[]): Promise<number | null> {
  let sum = 0;
  for (const client of clients) {
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    const used = await use(rows[0]!.pid);
    if (used === null) return null;
    sum += used.processor;
  }
  return sum;
}

/** The processor time a backend has used, in milliseconds, and its own memory now, in kB; null where /proc is not. */
async function use(pid: number): Promise<{ processor: number; memory: number } | null> {
  try {
    const [stat, status] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile(`/proc/${pid}/status`, "utf8"),
    ]);
    // After the name in parentheses comes field 3; 14 and 15 are user and system time in hundredths of a second.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return {
      processor: 10 * (Number(fields[11]) + Number(fields[12])),
      memory: Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]),
    };
  } catch {
    return null;
  }
}

/** One tenant with one source that is asked about a thousand objects at once. Returns the id of its activity. */
async function configure(client: pg.Client, slug: string): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `with o as (
       insert into public.org (name, slug) values ('Bench', $1) returning id
     ), t as (
       insert into public.object_type (org_id, name, key_datapoints) select id, 'company', '{domain}' from o
       returning id, org_id
     ), d as (
       insert into public.datapoint (org_id, object_type_id, name, value_type)
       select t.org_id, t.id, n.name, n.type
       from t, (values ('domain', 'text'), ('industry', 'text'), ('employees', 'number')) as n (name, type)
       returning id, org_id, name
     ), s as (
       insert into public.source (org_id, name, run_request_template, max_objects_per_request)
       select id, 'facts', '{"method": "POST", "url": "https://api.example/companies", "body": "<<$objects>>",
         "response": {"objects": "companies"}}', $2 from o
       returning id, org_id
     ), os as (
       insert into public.object_source (org_id, source_id, object_type_id, direction, key_mapping_json)
       select s.org_id, s.id, t.id, 'input', '["input", "companies"]' from s, t
     ), ds as (
       insert into public.datapoint_source (org_id, source_id, datapoint_id, key_mapping_json)
       select s.org_id, s.id, d.id, case d.name when 'industry' then '"sector"' else '"staff"' end::jsonb
       from s, d
       where d.name <> 'domain'
     )
     insert into public.activity (org_id, name, activity_type, object_type_id, datapoints)
     select t.org_id, 'Enrich', 'enrichment', t.id, '{industry,employees}' from t
     returning id`,
    [slug, perRequest],
  );
  return rows[0]!.id;
}

async function connect(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

export const objects: Bench = {
  name: "objects",
  about: "one request with n objects from insert to delivered, against one with 1,000",
  n: 100_000,
  rounds: 3,
  async run({ url, n, rounds, progress }) {
    const base: Cost[] = [];
    const big: Cost[] = [];
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round} of ${rounds}: ${few} objects`);
      base.push(await measure(url, few, round));
      progress(`round ${round} of ${rounds}: ${n} objects`);
      big.push(await measure(url, n, round));
    }
    const figure = (name: string, unit: string, of: (cost: Cost) => number) => ({
      name,
      unit,
      values: big.map(of),
      against: `${few} objects`,
      baseline: base.map(of),
    });
    const steps = ["insert", "claim", "complete", "deliver"] as const;
    return [
      ...steps.map((step) => figure(step, "ms/object", (cost) => cost[step])),
      {
        ...figure("insert to delivered", "ms/object", (cost) =>
          steps.reduce((sum, step) => sum + cost[step], 0),
        ),
        must: 1.3,
        atMost: true,
      },
      ...(base[0]!.memory === null
        ? []
        : [
            figure("processor", "ms/object", (cost) => cost.processor!),
            figure("peak memory", "kB/object", (cost) => cost.memory!),
          ]),
    ];
  },
};
