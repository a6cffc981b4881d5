import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type pg from "pg";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase("counters", { max: 8, options: "-c deadlock_timeout=20ms" });
  await database.pool.query("select test_setup.setup_enrichment_test_data()");
  await database.pool.query("update public.org set free_objects = 1000000");
});
afterAll(() => database?.drop());

/** The orgs whose counters differ from their rows. Nothing here deletes requests or runs. */
const wrong = `
  select o.slug, o.request_count, o.run_count, o.object_count, o.datapoint_count, o.free_objects, direct.*
  from public.org as o
  cross join lateral (
    select
      (select count(*) from public.activity_request as a where a.org_id = o.id) as requests,
      (select count(*) from public.run_queue as q where q.org_id = o.id and q.run_request_id is not null) as runs,
      (select count(*) from public.object as b where b.org_id = o.id) as objects,
      (select count(*) from public.datapoint as d where d.org_id = o.id or d.org_id is null) as datapoints
  ) as direct
  where (o.request_count, o.run_count, o.object_count, o.datapoint_count)
    <> (direct.requests, direct.runs, direct.objects, direct.datapoints)`;

const steps = {
  request: (n: number) =>
    `select test_setup.enrich(array(select 'd' || (random() * 300)::int || '.test' from generate_series(1, ${n})))`,
  exchange: (n: number) =>
    `select test_setup.answer(c.run_request_id, '{"company": {"sector": "Anvils"}}') from test_setup.claim(${n}) as c`,
  forget: (n: number) =>
    `delete from public.object as o where not exists (select from public.activity_object as a where a.object_id = o.id)
       and not exists (select from public.run_queue as q where q.object_id = o.id) and ${n} > 0`,
  store: (n: number) =>
    `select etl_api.store_objects(array_agg(test_setup.id('org ' || case when g % 2 = 0 then 'acme' else 'other' end)),
       array_agg(test_setup.id('company')), array_agg(jsonb_build_object('domain', 's' || (random() * 500)::int)))
     from generate_series(1, ${n}) as g`,
  ownDatapoint: () =>
    `insert into public.datapoint (org_id, object_type_id, name)
     values (test_setup.id('org acme'), test_setup.id('company'), 'own ' || gen_random_uuid())`,
  sharedDatapoint: () =>
    `insert into public.datapoint (object_type_id, name) values (test_setup.id('company'), 'shared ' || gen_random_uuid())`,
  lessDatapoints: () =>
    `delete from public.datapoint where id in (select id from public.datapoint where name like '% %' order by random() limit 1 for update skip locked)`,
  org: () => `insert into public.org (name, slug) values ('N', 'n-' || gen_random_uuid())`,
  settings: () => `update public.org set settings = settings where slug = 'acme-research'`,
  sweep: () => "select * from etl_api.recover()",
};
const step = fc.record({
  what: fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])),
  n: fc.integer({ min: 1, max: 20 }),
});
const transaction = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 3 }),
  commit: fc.boolean(),
});

/** Runs a transaction, again when it met a deadlock: who inserts the same keys in two statements at once may. */
async function run(
  client: pg.PoolClient,
  work: { steps: { what: keyof typeof steps; n: number }[]; commit: boolean },
): Promise<void> {
  await client.query("begin");
  try {
    for (const { what, n } of work.steps) await client.query(steps[what](n));
    await client.query(work.commit ? "commit" : "rollback");
  } catch (error) {
    await client.query("rollback");
    if ((error as { code?: string }).code !== "40P01") throw error;
  }
}

test("after random work from four connections and one sweep, the counters are what is stored", async () => {
  const { pool } = database;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(transaction, { minLength: 1, maxLength: 6 }), { minLength: 4, maxLength: 4 }),
      async (connections) => {
        await Promise.all(
          connections.map(async (transactions) => {
            const client = await pool.connect();
            try {
              for (const work of transactions) await run(client, work);
            } finally {
              client.release();
            }
          }),
        );
        await pool.query("select * from etl_api.recover()");
        expect((await pool.query(wrong)).rows).toEqual([]);
        expect((await pool.query("select * from etl_api.org_count_delta")).rows).toEqual([]);
      },
    ),
    { numRuns: 15, endOnFailure: true },
  );
  const { rows } = await pool.query(
    "select request_count > 0 and run_count > 0 and object_count > 0 as busy from public.org where slug = 'acme-research'",
  );
  expect(rows[0].busy).toBe(true);
}, 120_000);

test("nobody waits for an org's row: what is counted while another holds it is added by the next one", async () => {
  const { pool } = database;
  await pool.query("select * from etl_api.recover()");
  const holder = await pool.connect();
  const other = await pool.connect();
  const counts = async (): Promise<unknown> =>
    (
      await pool.query(
        "select request_count::int, object_count::int from public.org where id = test_setup.id('org acme')",
      )
    ).rows[0];
  try {
    const before = (await counts()) as { request_count: number; object_count: number };
    await holder.query("begin; update public.org set name = name where id = test_setup.id('org acme')");
    await other.query("set lock_timeout = '100ms'");
    await other.query("select test_setup.enrich('{never.test,seen.test,before.test}')");
    await other.query(steps.ownDatapoint());
    await other.query(steps.sharedDatapoint());
    await other.query("select * from etl_api.recover()");
    expect(await counts()).toEqual(before);
    await holder.query("rollback");

    await other.query("select test_setup.enrich('{never.test}')");
    expect(await counts()).toEqual({
      request_count: before.request_count + 2,
      object_count: before.object_count + 3,
    });
    await other.query("select * from etl_api.recover()");
    expect((await pool.query(wrong)).rows).toEqual([]);
  } finally {
    holder.release(true);
    other.release(true);
  }
});

test("a transaction at a higher level of isolation never fails for the counters", async () => {
  const { pool } = database;
  const client = await pool.connect();
  try {
    await client.query("begin isolation level repeatable read; select 1");
    await client.query("select count(*) from public.org");
    await pool.query("select test_setup.enrich('{meanwhile.test}')");
    await client.query("select test_setup.enrich('{repeatable.test}')");
    await client.query("commit");
    await pool.query("select * from etl_api.recover()");
    expect((await pool.query(wrong)).rows).toEqual([]);
  } finally {
    client.release(true);
  }
});
