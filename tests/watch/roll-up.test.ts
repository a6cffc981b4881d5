import fc from "fast-check";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase("rollup", { max: 8, options: "-c deadlock_timeout=20ms" });
  await database.pool.query("select test_setup.setup_enrichment_test_data()");
  await database.pool.query(
    "begin; set local etl.fake_now = '2030-01-01'; select etl_api.ensure_partitions(); commit",
  );
});
afterAll(() => database?.drop());

const direct = `
  select org_id, 'workflow_request'::etl_api.entity_kind as entity, state::text, state_substate, count(*) as rows
  from public.workflow_request where replay = 0 group by 1, 2, 3, 4
  union all
  select org_id, 'activity_request'::etl_api.entity_kind, state::text, state_substate, count(*) from public.activity_request group by 1, 2, 3, 4
  union all
  select org_id, 'run_queue'::etl_api.entity_kind, state::text, state_substate, count(*) from public.run_queue group by 1, 2, 3, 4
  union all
  select org_id, 'run_request'::etl_api.entity_kind, state::text, state_substate, count(*) from public.run_request group by 1, 2, 3, 4
  union all
  select org_id, 'delivery'::etl_api.entity_kind, state::text, state_substate, count(*) from public.delivery group by 1, 2, 3, 4`;

/** What a count says that the tables do not, or the other way round: one statement, so both are seen at one moment. */
const differs = (counted: string) => `
  with direct as (${direct}), counted as (${counted})
  select 'missing' as what, d.* from (table direct except table counted) as d
  union all
  select 'wrong', c.* from (table counted except table direct) as c`;
const view = "select org_id, entity, state, state_substate, rows from etl_api.state_counts";
const summary = "select org_id, entity, state, state_substate, rows from etl_api.state_count where rows <> 0";

const steps = {
  request: (n: number) =>
    `select test_setup.enrich(array(select 'd' || (random() * 300)::int || '.test' from generate_series(1, ${n})), '{}',
       case when ${n} % 2 = 0 then '{"url": "https://client.test/hook"}'::jsonb end)`,
  invalid: (n: number) =>
    `insert into public.workflow_request (org_id, data) select test_setup.id('org other'), '[]' from generate_series(1, ${n})`,
  again: (n: number) =>
    `insert into public.workflow_request (org_id, data, idempotency_key)
     select test_setup.id('org acme'), '{}', 'key ' || g % 3 from generate_series(1, ${n}) as g`,
  answer: (n: number) =>
    `select test_setup.answer(c.run_request_id, '{"company": {"sector": "Anvils"}}') from test_setup.claim(${n}) as c`,
  fail: (n: number) =>
    `select test_setup.answer(c.run_request_id, '{}', 500) from test_setup.claim(${n}) as c`,
  refuse: (n: number) =>
    `select test_setup.answer(c.run_request_id, '{}', 404) from test_setup.claim(${n}) as c`,
  claim: (n: number) => `select count(*) from etl_api.claim_run_requests('lost', ${n})`,
  deliver: (n: number) => `select test_setup.deliver(case when ${n} % 3 = 0 then 503 else 200 end)`,
  cancel: () =>
    `select etl_api.cancel(w.id) from public.workflow_request as w where w.state = 'in_progress' order by random() limit 1`,
  retry: () =>
    `select etl_api.retry(w.id) from public.workflow_request as w where w.state in ('failed', 'timedout') order by random() limit 1`,
  remove: (n: number) =>
    `delete from public.workflow_request where id in (
       select w.id from public.workflow_request as w order by random() limit ${n} for update skip locked)`,
  sweep: () => "select * from etl_api.recover()",
  rollUp: (n: number) => `select etl_api.roll_up(${n})`,
};
const step = fc.record({
  what: fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])),
  n: fc.integer({ min: 1, max: 10 }),
});
const transaction = fc.record({
  hours: fc.integer({ min: 0, max: 400 }),
  steps: fc.array(step, { minLength: 1, maxLength: 3 }),
  commit: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
});
type Transaction = typeof transaction extends fc.Arbitrary<infer T> ? T : never;

/** Runs a transaction; whoever loses a deadlock, or meets what another has just ended, gives up. */
async function run(client: pg.PoolClient, work: Transaction): Promise<void> {
  await client.query("begin");
  try {
    await client.query(
      `set local etl.fake_now = '${new Date(Date.UTC(2030, 0, 1, work.hours)).toISOString()}'`,
    );
    for (const { what, n } of work.steps) {
      await client.query(steps[what](n));
      // Inside the transaction its own steps count too.
      expect((await client.query(differs(view))).rows).toEqual([]);
    }
    await client.query(work.commit ? "commit" : "rollback");
  } catch (error) {
    await client.query("rollback");
    if (!["40P01", "ETL05"].includes((error as { code?: string }).code ?? "")) throw error;
  }
}

/** Rolls up until nothing is left; a transaction elsewhere on the server may hold it up for a moment. */
async function rollUpAll(): Promise<void> {
  for (;;) {
    await database.pool.query("select etl_api.roll_up()");
    const { rowCount } = await database.pool.query("select from etl_api.state_history_tail limit 1");
    if (rowCount === 0) return;
  }
}

test("with random work from four connections and roll-ups in between, every look counts what is there", async () => {
  const { pool } = database;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(transaction, { minLength: 1, maxLength: 5 }), { minLength: 4, maxLength: 4 }),
      async (connections) => {
        let working = true;
        const together = async (work: (client: pg.PoolClient) => Promise<void>) => {
          const client = await pool.connect();
          try {
            await work(client);
          } finally {
            client.release();
          }
        };
        const clerk = together(async (client) => {
          while (working) {
            await client.query("select etl_api.roll_up(20)");
            expect((await client.query(differs(view))).rows).toEqual([]);
          }
        });
        await Promise.all(
          connections.map((transactions) =>
            together(async (client) => {
              for (const work of transactions) await run(client, work);
            }),
          ),
        ).finally(() => (working = false));
        await clerk;

        await rollUpAll();
        expect((await pool.query(differs(summary))).rows).toEqual([]);
      },
    ),
    { numRuns: 12 },
  );

  // Each step that left a state was timed once.
  const { rows } = await pool.query<{ timed: string; left: string }>(`
    select (select sum(steps) from etl_api.state_duration) as timed,
      (select count(*) from etl_api.state_history where from_state <> to_state and to_state <> 'deleted') as left`);
  expect(rows[0]!.timed).toBe(rows[0]!.left);
}, 120_000);

test("a count begun anew in the midst of work is right at once and stays so", async () => {
  const { pool } = database;
  const work = async (): Promise<void> => {
    const client = await pool.connect();
    try {
      for (let n = 1; n <= 8; n++)
        await run(client, {
          hours: 500 + n,
          steps: [
            { what: "request", n },
            { what: "answer", n },
            { what: "deliver", n },
          ],
          commit: n % 3 > 0,
        });
    } finally {
      client.release();
    }
  };
  const recount = async (): Promise<void> => {
    for (let n = 0; n < 4; n++) {
      await pool.query("select etl_api.recount_states()");
      await pool.query("select etl_api.roll_up()");
      expect((await pool.query(differs(view))).rows).toEqual([]);
    }
  };
  await Promise.all([work(), work(), work(), recount()]);

  // What goes past the triggers is not seen until all is counted anew.
  await pool.query(`
    begin;
    set local session_replication_role = replica;
    delete from public.workflow_request where org_id = test_setup.id('org other');
    commit`);
  await rollUpAll();
  await pool.query("select etl_api.recount_states()");
  expect((await pool.query(differs(summary))).rows).toEqual([]);
}, 60_000);

test("restored on another server, where transaction numbers begin again, the counts go on", async () => {
  const { pool } = database;
  await pool.query("select test_setup.enrich('{a.test,b.test}')");
  // What a dump of a server with a longer past would bring: steps and a mark far ahead of the numbers here.
  await pool.query("update etl_api.state_step set xid = xid + 1000000000");
  await pool.query("update etl_api.roll_up_mark set next_xid = next_xid + 1000000000, cluster = cluster - 1");
  await pool.query("select test_setup.enrich('{c.test,d.test}')");

  await pool.query("select * from etl_api.recover()");
  expect((await pool.query(differs(view))).rows).toEqual([]);
  await pool.query("select test_setup.enrich('{e.test,f.test}')");
  expect((await pool.query(differs(view))).rows).toEqual([]);
  await rollUpAll();
  expect((await pool.query(differs(summary))).rows).toEqual([]);
}, 60_000);

test("a roll-up takes about as many steps as it is told, whole transactions, and leaves the rest for the next", async () => {
  const { pool } = database;
  await rollUpAll();
  for (let n = 0; n < 30; n++)
    await pool.query(
      "insert into public.workflow_request (org_id, data) select test_setup.id('org other'), '[]' from generate_series(1, 50)",
    );
  const taken: number[] = [];
  for (;;) {
    const { rows } = await pool.query<{ steps: string }>("select etl_api.roll_up(1) as steps");
    taken.push(Number(rows[0]!.steps));
    const { rowCount } = await pool.query("select from etl_api.state_history_tail limit 1");
    if (rowCount === 0) break;
  }
  expect(taken.reduce((sum, n) => sum + n, 0)).toBe(30 * 50 * 2);
  expect((await pool.query(differs(summary))).rows).toEqual([]);
  await expect(pool.query("select etl_api.roll_up(0)")).rejects.toMatchObject({ code: "ETL04" });
}, 60_000);
