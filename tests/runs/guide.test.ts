import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const guide = readFileSync(new URL("../../docs/sources.md", import.meta.url), "utf8");
const blocks = [...guide.matchAll(/^```sql\n(.*?)^```$/gms)].map((match) => match[1]!);

describe("docs/sources.md", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await freshDatabase();
    await database.pool.query(`
      select test_setup.setup_enrichment_test_data();
      update source set cost_per_run = 1 where name = 'AlgOps API Client';
      insert into activity (id, name, activity_type, object_type_id, datapoints)
      values ('00000000-0000-4000-8000-000000000001', 'Enrich', 'enrichment', test_setup.id('company'), '{industry}')`);
  });
  afterAll(() => database.drop());

  const value = async (sql: string) => Object.values((await database.pool.query(sql)).rows[0])[0];

  /** Runs a block; what it says it refuses, it must refuse in these words. */
  async function run(block: string): Promise<Record<string, unknown>[]> {
    const [, code, message] = /^-- ERROR (\w+): (.*)$/m.exec(block) ?? [];
    const sql = block
      .replaceAll(":org", "test_setup.id('org acme')")
      .replaceAll(
        ":data",
        `'{"input": {"companies": [{"domain": "b.test"}]}, "data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001"}}}'`,
      );
    if (code === undefined) return (await database.pool.query(sql)).rows;
    const error = (await database.pool.query(sql).catch((caught: unknown) => caught)) as {
      code: string;
      message: string;
    };
    expect(error.code).toBe(code);
    expect(error.message.endsWith(message!)).toBe(true);
    return [];
  }

  it("has statements that do what the page says", async () => {
    expect(blocks.length).toBe(7);
    let last: Record<string, unknown>[] = [];
    for (const block of blocks) last = await run(block);
    expect(
      await value(
        "select retry_policy ->> 'base_seconds' || ' ' || (poll_policy ->> 'max_polls') from source where name = 'Company Facts'",
      ),
    ).toBe("10 100");
    expect(await value("select jsonb_agg(priority order by priority) from run_queue")).toEqual([0, 10]);
    expect(last.map((row) => Number(row.cap)).sort((a, b) => a - b)).toEqual([1.5, 250]);

    await database.pool.query("select etl_api.claim_run_requests('guide', 10)");
    const spent = await run(blocks.at(-1)!);
    expect(spent.map((row) => [Number(row.amount), Number(row.cap)]).sort((a, b) => a[0]! - b[0]!)).toEqual([
      [1, 1.5],
      [2, 250],
    ]);
  });
});
