/**
 * Retention beside live work: three purges at once, workers that execute and deliver, people who insert, retry, cancel
 * and send again. Nothing that is needed goes, nobody waits for ever, and every count is right in the end.
 */
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerDeliveries, answerRuns } from "../../scripts/bench/engine.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const old = 400;
const live = 200;
const nobody = "00000000-0000-4000-8000-000000000000";
/** Whether a request `w` ended lately, or a message of it did, which was sent again. */
const kept = `(w.finished_at >= '2100-02-10' or exists (
  select from delivery as d where d.workflow_request_id = w.id and d.finished_at >= '2100-02-10'))`;
let database: TestDatabase;
const faults: string[] = [];
let purged = 0;
let clients: pg.Client[] = [];

const one = async <T>(sql: string, values: unknown[] = []): Promise<T> =>
  Object.values((await database.pool.query(sql, values)).rows[0])[0] as T;

/** Everything runs at this time, at which what was made in the past is 40 days old. */
const today = "2100-02-10 00:00:00Z";
const inThePast = "2100-01-01 00:00:00Z";

async function connect(now: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: database.url,
    options: `-c etl.fake_now=${now.replace(" ", "\\ ")} -c deadlock_timeout=50ms`,
  });
  await client.connect();
  clients.push(client);
  return client;
}

/** Runs something until others are done; what it meets is kept, but what says that a person came too late. */
async function until(done: () => boolean, work: () => Promise<unknown>): Promise<void> {
  while (!done()) {
    try {
      await work();
    } catch (error) {
      const { code, message, where } = error as pg.DatabaseError;
      if (code !== "ETL04" && code !== "ETL05") faults.push(`${code} ${message} ${where}`);
      if (faults.length > 20) return;
    }
    await pause(1);
  }
}

beforeAll(async () => {
  database = await freshDatabase("purge");
  const past = await connect(inThePast);
  await past.query("select test_setup.setup_enrichment_test_data()");
  await past.query(
    `select test_setup.chain(array['old' || n || '.test'], case when n % 2 = 0 then 'org acme' else 'org other' end)
     from generate_series(1, ${old}) as n`,
  );
  while ((await answerRuns(past, "past")) + (await answerDeliveries(past, "past")) > 0);
  // Some failed, so that somebody may try them again while they go.
  await past.query(
    `select etl_api.cancel(test_setup.chain(array['failed' || n || '.test'])) from generate_series(1, 60) as n`,
  );
  while ((await answerDeliveries(past, "past")) > 0);
  await past.query("select etl_api.roll_up()");

  const inserter = await connect(today);
  const workers = await Promise.all([connect(today), connect(today)]);
  const purgers = await Promise.all([connect(today), connect(today), connect(today)]);
  const person = await connect(today);
  const sweeper = await connect(today);
  let inserted = false;
  let finished = false;
  const deadline = performance.now() + 60_000;
  const { rows: failed } = await database.pool.query<{ id: string }>(
    "select id from workflow_request where state = 'failed' order by random()",
  );
  const { rows: ended } = await database.pool.query<{ id: string }>(
    "select id from workflow_request where state <> 'failed' order by random()",
  );
  await Promise.all([
    (async () => {
      for (let n = 0; n < live; n += 10) {
        // Half of them are about companies that are known from requests that go at the same time.
        await inserter.query(
          `select test_setup.chain(array['again' || n || '.test', case when n % 2 = 0 then 'old' else 'new' end || n || '.test'])
           from generate_series($1::int + 1, $1::int + 10) as n`,
          [n],
        );
      }
      inserted = true;
    })(),
    ...workers.map((client, i) =>
      until(
        () => finished,
        async () => {
          await answerRuns(client, `worker ${i}`, 40);
          await answerDeliveries(client, `worker ${i}`, 40);
        },
      ),
    ),
    ...purgers.map((client, i) =>
      until(
        () => finished,
        async () => {
          const { rows } = await client.query(
            "select what, count from etl_api.purge('30 days', 20, with_objects => $1)",
            [i === 0],
          );
          purged += Number(rows.find((row) => row.what === "workflow_request")?.count ?? 0);
        },
      ),
    ),
    until(
      () => finished,
      () => person.query("select etl_api.retry($1)", [failed.pop()?.id ?? nobody]),
    ),
    until(
      () => finished,
      () => person.query("select etl_api.redeliver($1)", [ended.pop()?.id ?? nobody]),
    ),
    until(
      () => finished,
      () => sweeper.query("select * from etl_api.recover()"),
    ),
    (async () => {
      while (!finished) {
        const { rows } = await database.pool.query(
          `select 1 from workflow_request as w
           where w.state <> 'delivered'
             or exists (select from delivery as d where d.workflow_request_id = w.id and d.state <> 'delivered')
             or not ${kept} limit 1`,
        );
        finished = (inserted && rows.length === 0) || performance.now() > deadline;
        await pause(20);
      }
    })(),
  ]);
}, 120_000);

afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await database?.drop();
});

describe("three purges beside live work", () => {
  test("meet no error and no deadlock, and neither does anybody else", async () => {
    expect(faults).toEqual([]);
    expect(await one("select deadlocks::int from pg_stat_database where datname = current_database()")).toBe(
      0,
    );
  });

  test("take all that ended long ago and was not taken up again, and nothing that was made since", async () => {
    expect(purged).toBeGreaterThan(0);
    expect(await one(`select count(*)::int from workflow_request as w where not ${kept}`)).toBe(0);
    const since = await one<number>("select count(*)::int from workflow_request where state = 'delivered'");
    expect(await one("select count(*)::int from workflow_request")).toBe(since);
    expect(
      await one(
        "select count(*)::int from workflow_request where idempotency_key like 'key again%' and state = 'delivered'",
      ),
    ).toBe(live);
    // Each was purged once, or is there.
    expect(purged + since).toBe(old + 60 + live);
    expect(
      await one(
        `select count(distinct natural_key ->> 'domain')::int from object where natural_key ->> 'domain' ~ '^(again|new)'`,
      ),
    ).toBe(live + live / 2);
  });

  test("leave counts, history and counters right", async () => {
    await database.pool.query("select etl_api.recover()");
    expect((await database.pool.query("select * from test_setup.miscounted()")).rows).toEqual([]);
    expect((await database.pool.query("select * from etl_api.check_consistency()")).rows).toEqual([]);
    expect(
      await one(
        `select count(*)::int from etl_api.state_step where entity_id not in (
           select id from workflow_request union all select id from activity_request union all select id from run_queue
           union all select id from run_request union all select id from delivery)`,
      ),
    ).toBe(0);
    expect(await one("select sum(request_count)::int from org")).toBe(old + 60 + live);
    expect(await one("select sum(requests)::int from etl_api.usage_day")).toBeGreaterThanOrEqual(
      old + 60 + live,
    );
  });
});
