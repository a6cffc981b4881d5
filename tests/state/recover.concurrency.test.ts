import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase("recover", { max: 8 });
});
afterAll(() => database?.drop());

async function sweep(now: string): Promise<Record<string, number>> {
  const client = await database.pool.connect();
  try {
    await client.query("select set_config('etl.fake_now', $1, false)", [now]);
    const { rows } = await client.query<{ what: string; count: string }>("select * from etl_api.recover(20)");
    return Object.fromEntries(rows.map((row) => [row.what, Number(row.count)]));
  } finally {
    client.release();
  }
}

const sum = (sweeps: Record<string, number>[], what: string): number =>
  sweeps.reduce((total, one) => total + (one[what] ?? 0), 0);

test("sweeps from many connections do each thing once, while others cancel and retry, without a deadlock", async () => {
  const { pool } = database;
  await pool.query("select test_setup.setup_enrichment_test_data()");
  const domains = Array.from({ length: 5 }, (_, i) => `d${i}.test`);
  const requests: string[] = [];
  const setup = await pool.connect();
  await setup.query("select set_config('etl.fake_now', '2030-01-01 00:00:00Z', false)");
  for (let i = 0; i < 12; i++) {
    const { rows } = await setup.query<{ id: string }>("select test_setup.enrich($1) as id", [domains]);
    requests.push(rows[0]!.id);
  }
  await setup.query("select count(*) from etl_api.claim_run_requests('crashed', 1000)");
  setup.release();
  const claimed = await pool.query("select from public.run_request where state = 'in_progress'");
  expect(claimed.rowCount).toBe(120);

  // Expired leases: taken back once each, while every third request is cancelled and taken up again meanwhile.
  const busy = requests
    .filter((_, i) => i % 3 === 0)
    .map(async (id) => {
      await pool.query("select etl_api.cancel($1)", [id]);
      await pool.query("select etl_api.retry($1)", [id]);
    });
  const sweeps = (
    await Promise.all([...Array.from({ length: 24 }, () => sweep("2030-01-01 00:30:00Z")), ...busy])
  ).filter((one) => one !== undefined);
  sweeps.push(await sweep("2030-01-01 00:30:00Z"));

  const history = await pool.query<{ entity_id: string }>(
    "select entity_id from etl_api.state_history where substate = 'lease_expired'",
  );
  expect(new Set(history.rows.map((row) => row.entity_id)).size).toBe(history.rowCount);
  expect(sum(sweeps, "run_request_again")).toBe(history.rowCount);
  const left = await pool.query("select from public.run_request where state = 'in_progress'");
  expect(left.rowCount).toBe(0);

  // Then everything is over its time.
  const late = await Promise.all(Array.from({ length: 16 }, () => sweep("2031-01-01 00:00:00Z")));
  expect(sum(late, "workflow_timeout")).toBe(12);
  const open = await pool.query(
    "select test_setup.states() as states, (select count(*) from etl_api.check_state_sync()) as out",
  );
  expect(open.rows[0].out).toBe("0");
  expect(open.rows[0].states.join()).not.toMatch(/in_progress|waiting|ready/);
});

test("a request that somebody keeps locked holds up nobody else, and follows when it is let go", async () => {
  const own = await freshDatabase("recover_held", { max: 4 });
  try {
    const { pool } = own;
    await pool.query("select test_setup.setup_enrichment_test_data()");
    const at = async (now: string, sql: string, values: unknown[] = []) => {
      const client = await pool.connect();
      try {
        await client.query("select set_config('etl.fake_now', $1, false)", [now]);
        await client.query("set statement_timeout = '20s'");
        return (await client.query(sql, values)).rows;
      } finally {
        client.release();
      }
    };
    const [begun, later] = ["2030-01-01 00:00:00Z", "2030-01-01 00:30:00Z"];
    const ids: string[] = [];
    for (const domain of ["a.test", "b.test", "c.test"]) {
      const rows = await at(begun, "select test_setup.enrich(array[$1]) as id", [domain]);
      ids.push((rows[0] as { id: string }).id);
    }
    await at(begun, "select count(*) from etl_api.claim_run_requests('crashed', 1000)");
    const underWay = async () =>
      (
        await pool.query<{ id: string }>(
          "select distinct workflow_request_id as id from public.run_request where state = 'in_progress'",
        )
      ).rows.map(({ id }) => id);
    expect((await underWay()).sort()).toEqual([...ids].sort());

    const lunch = await pool.connect();
    try {
      await lunch.query("begin");
      await lunch.query("select 1 from public.workflow_request where id = $1 for update", [ids[1]]);
      await at(later, "select * from etl_api.recover()");
      expect(await underWay()).toEqual([ids[1]]);
    } finally {
      await lunch.query("commit");
      lunch.release();
    }
    await at(later, "select * from etl_api.recover()");
    expect(await underWay()).toEqual([]);
  } finally {
    await own.drop();
  }
});

test("partitions made from many connections are made once", async () => {
  const made = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const client = await database.pool.connect();
      try {
        await client.query("select set_config('etl.fake_now', '2040-01-01 00:00:00Z', false)");
        const { rows } = await client.query<{ made: number }>("select etl_api.ensure_partitions(5) as made");
        return rows[0]!.made;
      } finally {
        client.release();
      }
    }),
  );
  expect(made.reduce((a, b) => a + b)).toBe(6);
  const { rows } = await database.pool.query(
    "select count(*)::int as count from pg_class where relname like 'state_step_2040%' and relkind = 'r'",
  );
  expect(rows[0].count).toBe(6);
});
