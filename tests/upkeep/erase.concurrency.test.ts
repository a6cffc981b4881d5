/**
 * Erasure beside live work: objects are erased while requests about them run, then their whole tenant is, while workers
 * claim, answer and deliver. In the end no row of any table says anything of it, and the other tenant has lost nothing.
 */
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerDeliveries } from "../../scripts/bench/engine.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const requests = 120;
const planted = 6;
const acme = "test_setup.id('org acme')";
let database: TestDatabase;
let clients: pg.Client[] = [];
const faults: string[] = [];
let erased = 0;

const one = async <T>(sql: string, values: unknown[] = []): Promise<T> =>
  Object.values((await database.pool.query(sql, values)).rows[0])[0] as T;

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: database.url,
    options: "-c deadlock_timeout=50ms",
  });
  await client.connect();
  clients.push(client);
  return client;
}

/** Runs something until others are done; what it meets is kept, but what says that somebody came too late. */
async function until(done: () => boolean, work: () => Promise<unknown>): Promise<void> {
  while (!done()) {
    try {
      await work();
    } catch (error) {
      const { code, message, detail, where } = error as pg.DatabaseError;
      if (code !== "ETL04") faults.push(`${code} ${message} ${detail} ${where}`);
      if (faults.length > 20) return;
    }
    await pause(1);
  }
}

/** Answers like a third party that repeats what it was asked about. */
async function answer(client: pg.Client, worker: string): Promise<void> {
  const { rows } = await client.query("select * from etl_api.claim_run_requests($1, 40)", [worker]);
  if (rows.length === 0) return;
  const results = rows.map(({ run_request_id, lease_token, request }) => ({
    run_request_id,
    lease_token,
    status: 200,
    body: { company: { sector: `maker of ${request.url.split("/").pop()}` } },
  }));
  await client.query("select * from etl_api.complete_run_requests($1)", [JSON.stringify(results)]);
}

/** Where a word stands: every row of every table as text, as a dump would write it. */
async function dumped(word: string): Promise<string[]> {
  const { rows } = await database.pool.query(
    `select format('%I.%I', n.nspname, c.relname) as name
     from pg_class as c
     join pg_namespace as n on n.oid = c.relnamespace
     where c.relkind in ('r', 'm')
       and n.nspname not in ('pg_catalog', 'information_schema', 'tap', 'test_setup')
       and n.nspname !~ '^pg_toast'
     order by 1`,
  );
  const hits: string[] = [];
  for (const { name } of rows) {
    const count = await one<number>(
      `select count(*)::int from ${name} as t where to_jsonb(t)::text ~* $1 or t::text ~* $1`,
      [word],
    );
    if (count > 0) hits.push(name);
  }
  return hits;
}

/** Inserts requests of a tenant, each about a company of its own and one that is in many. */
const insert = (client: pg.Client, from: number, org: string, word: string) =>
  client.query(
    `select test_setup.chain(array[$3 || n || '.test', $4 || n % ${planted} || '.test'], $2)
     from generate_series($1::int + 1, $1::int + 10) as n`,
    [from, org, org.replace("org ", ""), word],
  );

async function work(
  inserting: () => Promise<void>,
  beside: ((client: pg.Client) => Promise<unknown>)[],
  over: string,
) {
  let inserted = false;
  let finished = false;
  const deadline = performance.now() + 60_000;
  const workers = await Promise.all([connect(), connect()]);
  const others = await Promise.all(beside.map(() => connect()));
  await Promise.all([
    inserting().then(() => (inserted = true)),
    ...workers.map((client, i) =>
      until(
        () => finished,
        async () => {
          await answer(client, `worker ${i}`);
          await answerDeliveries(client, `worker ${i}`, 40);
        },
      ),
    ),
    ...beside.map((step, i) =>
      until(
        () => finished,
        () => step(others[i]!),
      ),
    ),
    (async () => {
      while (!finished) {
        finished = (inserted && (await one<boolean>(over))) || performance.now() > deadline;
        await pause(20);
      }
    })(),
  ]);
}

beforeAll(async () => {
  database = await freshDatabase("erase");
  await database.pool.query("select test_setup.setup_enrichment_test_data()");
  // Two of three requests carry several objects.
  await database.pool.query("update source set max_concurrency = null");
  const inserter = await connect();
  const erase = async (client: pg.Client) => {
    const { rows } = await client.query(
      `select o.id, etl_api.erase_object(o.id, 3) from object as o where o.natural_key ->> 'domain' ~ '^planted' order by random() limit 1`,
    );
    if (rows.length > 0) erased += 1;
  };
  await work(
    async () => {
      for (let n = 0; n < requests; n += 10) {
        await insert(inserter, n, "org acme", "planted");
        await insert(inserter, n, "org other", "shared");
      }
    },
    [erase, erase, (client) => client.query("select * from etl_api.recover()")],
    "select not exists (select from workflow_request where state <> 'delivered')",
  );
}, 120_000);

afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await database?.drop();
});

describe("erasure beside live work", () => {
  test("of objects holds nobody up, and all requests come to their end", async () => {
    expect(faults).toEqual([]);
    expect(erased).toBeGreaterThan(planted);
    expect(await one("select count(*)::int from workflow_request where state = 'delivered'")).toBe(
      2 * requests,
    );
    expect(await one("select deadlocks::int from pg_stat_database where datname = current_database()")).toBe(
      0,
    );
  });

  test("leaves nothing of the objects in anything a dump would hold", async () => {
    for (;;) {
      const { rows } = await database.pool.query(
        "select etl_api.erase_object(o.id) from object as o where o.natural_key ->> 'domain' ~ '^planted' limit 1",
      );
      if (rows.length === 0) break;
    }
    expect(await dumped("planted")).toEqual([]);
    expect(await dumped("shared")).toContain("public.activity_result");
    expect((await database.pool.query("select * from etl_api.check_consistency()")).rows).toEqual([]);
  });

  test("of a tenant whose work is under way leaves only that it was", async () => {
    const inserter = await connect();
    await work(
      async () => {
        for (let n = requests; n < 2 * requests; n += 10) {
          if (n <= requests + 40) await insert(inserter, n, "org acme", "planted");
          await insert(inserter, n, "org other", "shared");
          if (n === requests + 40) {
            await inserter.query(`update org set deleted_at = now() where id = ${acme}`);
            await inserter.query(`select etl_api.erase_org(${acme}, 10)`);
          }
        }
      },
      [
        (client) =>
          client.query(
            `select etl_api.erase_org(${acme}, 10)
             where exists (select from org where id = ${acme} and deleted_at is not null)`,
          ),
        (client) => client.query("select etl_api.purge_expired(10)"),
        (client) => client.query("select * from etl_api.recover()"),
      ],
      `select not exists (select from workflow_request where state <> 'delivered')
         and not exists (select from org where id = ${acme})`,
    );
    expect(faults).toEqual([]);
    expect(await one("select deadlocks::int from pg_stat_database where datname = current_database()")).toBe(
      0,
    );
    expect(await dumped("planted|acme")).toEqual([]);
    expect(await dumped(await one(`select ${acme}::text`))).toEqual([
      "etl_api.audit_head",
      "etl_api.audit_log",
      "etl_api.erasure",
    ]);
    expect(await one("select count(*)::int from workflow_request where state = 'delivered'")).toBe(
      2 * requests,
    );
    expect((await database.pool.query("select * from etl_api.check_consistency()")).rows).toEqual([]);
    expect((await database.pool.query("select * from etl_api.check_audit()")).rows).toEqual([]);
  });
});
