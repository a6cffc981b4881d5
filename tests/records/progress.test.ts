/** How far a job is, for those who listen and those who follow. */
import pg from "pg";
import { expect, test } from "vitest";
import { createPgPort } from "../../supabase/functions/_shared/client-pg.ts";
import { recordsInsertHandler } from "../../supabase/functions/records-insert/handler.ts";
import { recordsProgressHandler } from "../../supabase/functions/records-progress/handler.ts";
import { withDatabase } from "../helpers/database.ts";

async function makeJob(pool: pg.Pool): Promise<{ job: string; table: string }> {
  const { rows } = await pool.query<{ job: string; table: string }>(
    `with o as (insert into public.org (name, slug) values ('Acme', 'acme-progress') returning id),
       t as (insert into public.tables (organization_id, name) select id, 'Leads' from o returning id, organization_id),
       j as (insert into public.ai_generation_jobs (organization_id, table_id) select organization_id, id from t returning id)
     select j.id as job, t.id as table from j cross join t`,
  );
  return rows[0]!;
}

test("each step is told to those who listen, once it is committed", async () => {
  await withDatabase(async ({ url, pool }) => {
    const { job, table } = await makeJob(pool);
    const listener = new pg.Client({ connectionString: url });
    await listener.connect();
    const heard: string[] = [];
    listener.on("notification", ({ channel, payload }) => heard.push(`${channel} ${payload}`));
    await listener.query("listen etl_records");
    const insert = (on: pg.Pool | pg.PoolClient) =>
      on.query("select etl_api.insert_generated_records($1, $2, $3)", [
        job,
        '[{"name": "A", "city": "Rome"}, {"name": "B"}]',
        table,
      ]);
    const lost = await pool.connect();
    await lost.query("begin");
    await insert(lost);
    await lost.query("rollback");
    lost.release();
    await listener.query("select 1");
    expect(heard).toEqual([]);

    await insert(pool);
    const { rows } = await pool.query<{ seq: string }>(
      "select seq from public.ai_generation_events where job_id = $1 order by seq",
      [job],
    );
    // What was told comes with the answer to the next query.
    await listener.query("select 1");
    expect(rows.length).toBe(5);
    expect(heard).toEqual(rows.map(({ seq }) => `etl_records ${job} ${seq}`));
    await listener.end();
  });
});

test("a job of which only some records are wanted is over when these are in, and so is its stream", async () => {
  await withDatabase(async ({ url, pool }) => {
    const { job, table } = await makeJob(pool);
    await pool.query("select etl_api.stage_generated_records($1, $2)", [
      job,
      JSON.stringify(Array.from({ length: 5 }, (_, n) => ({ name: `Company ${n}` }))),
    ]);
    const port = createPgPort(url, 1);
    const around = {
      env: { ETL_FUNCTION_KEY: "a-key-of-the-bell-" },
      connect: () => Promise.resolve(port),
      // Nothing is tried again, nor waited for.
      wait: () => Promise.reject(new Error("it waits")),
    };
    const headers = { authorization: "Bearer a-key-of-the-bell-" };
    const insert = async (body: object): Promise<[number, unknown]> => {
      const response = await recordsInsertHandler(around)(
        new Request(`http://functions.test/records-insert/${job}`, {
          method: "POST",
          headers,
          body: JSON.stringify({ tableId: table, ...body }),
        }),
      );
      return [response.status, await response.json()];
    };
    expect(await insert({ selectedIndices: [1, 3, 3] })).toMatchObject([200, { success: 2, failed: 0 }]);
    // Nothing else is chosen any more; what was is in.
    expect(await insert({})).toMatchObject([200, { success: 0, failed: 0 }]);
    expect(await insert({ selectedIndices: [3] })).toMatchObject([200, { success: 1, repeated: 1 }]);
    const stream = await recordsProgressHandler(around)(
      new Request(`http://functions.test/records-progress/${job}`, { headers }),
    );
    const told = [...(await stream.text()).matchAll(/^data: (.*)$/gm)].map(
      ([, data]) => JSON.parse(data!) as { message: string; job: object },
    );
    expect(told.at(-1)).toMatchObject({
      message: "All 2 records inserted successfully",
      progress: { current: 2, total: 2, percentage: 100 },
      job: { status: "completed", stage: "completed", completedRecords: 2 },
    });
    const { rows } = await pool.query(
      "select array_agg(record_index order by record_index) as places from public.ai_generated_records where status = 'staged' and not selected",
    );
    expect(rows).toEqual([{ places: [0, 2, 4] }]);
    await port.close();
  });
});

test("few records are in well under the two seconds that they may take, new columns and all", async () => {
  await withDatabase(async ({ pool }) => {
    const { table } = await makeJob(pool);
    const records = Array.from({ length: 20 }, (_, n) => ({
      name: `Company ${n}`,
      fields: Array.from({ length: 20 }, (_, f) => ({
        name: `field_${f}`,
        value: f % 3 === 0 ? `${n * f}` : `text ${n} ${f}`,
        confidence: 0.9,
        source: "knowledge",
      })),
    }));
    const started = performance.now();
    const { rows } = await pool.query<{ report: { success: number } }>(
      "select etl_api.insert_generated_records(etl_api.start_generation($1), $2, $1) as report",
      [table, JSON.stringify(records)],
    );
    expect(rows[0]!.report.success).toBe(20);
    expect((await pool.query("select from public.table_columns")).rowCount).toBe(20);
    console.log(`20 records of 20 new fields: ${Math.round(performance.now() - started)} ms`);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
