/** Generated records from many connections at once. */
import fc from "fast-check";
import type pg from "pg";
import { expect, test } from "vitest";
import { withDatabase } from "../helpers/database.ts";

interface Report {
  success: number;
  failed: number;
  repeated: number;
  inserted_records: string[];
}

async function makeTable(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `with o as (insert into public.org (name, slug) values ('Acme', 'acme-records') returning id)
     insert into public.tables (organization_id, name) select id, 'Leads' from o returning id`,
  );
  return rows[0]!.id;
}

async function start(pool: pg.Pool, table: string): Promise<string> {
  const { rows } = await pool.query<{ id: string }>("select etl_api.start_generation($1) as id", [table]);
  return rows[0]!.id;
}

async function insert(pool: pg.Pool, job: string, table: string, records: unknown[]): Promise<Report> {
  const { rows } = await pool.query<{ report: Report }>(
    "select etl_api.insert_generated_records($1, $2, $3) as report",
    [job, JSON.stringify(records), table],
  );
  return rows[0]!.report;
}

const all = async <T>(pool: pg.Pool, sql: string, values: unknown[] = []): Promise<T[]> =>
  (await pool.query<T & object>(sql, values)).rows;

test("the same job many times at once inserts each record once", async () => {
  await withDatabase(async ({ pool }) => {
    const table = await makeTable(pool);
    const job = await start(pool, table);
    const records = Array.from({ length: 40 }, (_, n) => ({ name: `Company ${n}`, staff: n }));
    const reports = await Promise.all(Array.from({ length: 8 }, () => insert(pool, job, table, records)));
    expect(reports.map(({ success, failed }) => [success, failed])).toEqual(
      Array.from({ length: 8 }, () => [40, 0]),
    );
    expect(reports.reduce((sum, { repeated }) => sum + repeated, 0)).toBe(7 * 40);
    expect(new Set(reports.map(({ inserted_records }) => inserted_records.join()))).toHaveProperty("size", 1);
    expect(await all(pool, "select count(*)::int as n from public.records")).toEqual([{ n: 40 }]);
    expect(
      await all(pool, "select completed_records as n, status from public.ai_generation_jobs where id = $1", [
        job,
      ]),
    ).toEqual([{ n: 40, status: "completed" }]);
  });
});

test("jobs that find the same new columns at once, in any order, agree on them", async () => {
  await withDatabase(async ({ pool }) => {
    const table = await makeTable(pool);
    const jobs = await Promise.all(Array.from({ length: 8 }, () => start(pool, table)));
    // Each meets the fields in an order of its own, in two calls, so that locks would be taken crosswise.
    const reports = await Promise.all(
      jobs.flatMap((job, n) =>
        [0, 1].map((part) =>
          insert(
            pool,
            job,
            table,
            Array.from({ length: 5 }, (_, i) => ({
              name: `From ${n}`,
              record_index: part * 5 + i,
              fields: ["alpha", "beta", "gamma", "delta"]
                .slice((n + part) % 4, ((n + part) % 4) + 2)
                .map((name) => ({ name, value: n % 2 === 0 ? i : `${i}` })),
            })),
          ),
        ),
      ),
    );
    expect(reports.every(({ success, failed }) => success === 5 && failed === 0)).toBe(true);
    expect(
      await all(
        pool,
        "select name, count(*)::int as n from public.table_columns group by name order by name",
      ),
    ).toEqual(["alpha", "beta", "delta", "gamma"].map((name) => ({ name, n: 1 })));
    // Written down once, by whoever was first, as it is.
    expect(
      await all(
        pool,
        `select c.name, count(s.*)::int as n, bool_and(s.to_type = c.type) as same
         from public.table_columns as c left join etl_api.schema_change as s on s.field = c.name and s.change = 'added'
         group by c.name order by c.name`,
      ),
    ).toEqual(["alpha", "beta", "delta", "gamma"].map((name) => ({ name, n: 1, same: true })));
    expect(await all(pool, "select count(*)::int as n from public.records")).toEqual([{ n: 80 }]);
    const [view] = await all<{ name: string }>(
      pool,
      "select etl_api.table_view_name(id, name) as name from public.tables",
    );
    expect(await all(pool, `select count(alpha)::int > 0 as shown from public."${view!.name}"`)).toEqual([
      { shown: true },
    ]);
  });
});

test("jobs that widen columns and add others at once wait for each other and none is lost", async () => {
  await withDatabase(async ({ pool }) => {
    const table = await makeTable(pool);
    const names = Array.from({ length: 12 }, (_, n) => `number_${n}`);
    await insert(pool, await start(pool, table), table, [
      Object.fromEntries([["name", "first"], ...names.map((name) => [name, 1])]),
    ]);
    const jobs = await Promise.all(Array.from({ length: 10 }, () => start(pool, table)));
    const reports = await Promise.all(
      jobs.map((job, n) =>
        insert(
          pool,
          job,
          table,
          Array.from({ length: 6 }, (_, i) =>
            Object.fromEntries([
              ["name", `${n} ${i}`],
              // Some add a column and widen the others, some only widen.
              ...(n % 2 === 0 ? [[`fresh_${n % 4}`, i]] : []),
              ...names.map((name) => [name, "on request"]),
            ]),
          ),
        ),
      ),
    );
    expect(reports.every(({ success, failed }) => success === 6 && failed === 0)).toBe(true);
    expect(
      await all(
        pool,
        "select field, count(*)::int as n from etl_api.schema_change where change = 'widened' group by field having count(*) <> 1",
      ),
    ).toEqual([]);
    expect(
      await all(pool, "select count(*)::int as n from public.table_columns where type = 'text'"),
    ).toEqual([{ n: 12 }]);
  });
});

test("staging, choosing, editing and confirming at once lose and double nothing", async () => {
  await withDatabase(async ({ pool }) => {
    const table = await makeTable(pool);
    const job = await start(pool, table);
    await pool.query("select etl_api.stage_generated_records($1, $2)", [
      job,
      JSON.stringify(Array.from({ length: 60 }, (_, n) => ({ name: `Company ${n}` }))),
    ]);
    await Promise.all([
      ...Array.from({ length: 4 }, () =>
        pool.query("select etl_api.confirm_staged_records($1, null, 20)", [job]),
      ),
      ...Array.from({ length: 10 }, (_, n) =>
        pool
          .query(`select etl_api.edit_staged_record($1, $2, '{"city": "Rome"}')`, [job, n * 5])
          .catch((error: Error & { code?: string }) => expect(error.code).toBe("ETL04")),
      ),
    ]);
    await pool.query("select etl_api.confirm_staged_records($1)", [job]);
    expect(
      await all(
        pool,
        `select count(*)::int as n, count(distinct r.id)::int as records,
           bool_and(g.generated_data ->> 'city' is not distinct from r.data ->> 'city') as alike
         from public.ai_generated_records as g join public.records as r on r.id = g.record_id where g.status = 'success'`,
      ),
    ).toEqual([{ n: 60, records: 60, alike: true }]);
  });
});

test("whatever comes, each record is in or told, and what was given is kept", async () => {
  await withDatabase(async ({ pool }) => {
    const table = await makeTable(pool);
    const anything = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>;
    // A text may not hold the character that no text of the database can.
    const sound = (value: unknown) => !JSON.stringify(value).includes("\\u0000");
    const field = fc.record(
      {
        name: fc.oneof(fc.constantFrom("name", "company_name", "email", "staff", "x"), fc.string()),
        value: anything,
        confidence: anything,
        source: fc.constantFrom("knowledge", "firecrawl", "url_context", "elsewhere"),
      },
      { requiredKeys: ["name"] },
    );
    const record = fc.oneof(
      anything,
      fc.dictionary(fc.string({ maxLength: 8 }), anything),
      fc.record({ name: fc.string(), fields: fc.array(field, { maxLength: 5 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 8 }).filter(sound), async (records) => {
        const job = await start(pool, table);
        const report = await insert(pool, job, table, records);
        expect(report.success + report.failed).toBe(records.length);
        expect(report.inserted_records).toHaveLength(report.success);
        const kept = await all<{ index: number; given: Record<string, unknown>; status: string }>(
          pool,
          `select g.record_index as index, g.generated_data as given, g.status
           from public.ai_generated_records as g where g.job_id = $1 order by 1`,
          [job],
        );
        expect(kept.map(({ index }) => index)).toEqual(records.map((_, index) => index));
        for (const { index, given, status } of kept) {
          const is = records[index];
          const isObject = typeof is === "object" && is !== null && !Array.isArray(is);
          expect(status).toBe(isObject ? "success" : "failed");
          if (isObject && !("fields" in is)) expect(given).toEqual(JSON.parse(JSON.stringify(is)));
        }
        expect(await insert(pool, job, table, records)).toMatchObject({
          success: report.success,
          repeated: report.success,
        });
      }),
      { numRuns: 60 },
    );
  });
});
