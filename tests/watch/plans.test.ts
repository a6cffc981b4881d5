import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fill, member, questions } from "../../scripts/bench/views.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

// The tables that grow with the work done. What is read of them must not.
const big =
  /^(workflow_request|activity_request|activity_result|run_queue|run_request|run_response|delivery|object|value|state_step.*)$/;

interface Plan {
  "Node Type": string;
  "Relation Name"?: string;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Index Recheck"?: number;
  Plans?: Plan[];
}

/** Every scan of a big table from end to end, and every other that meets more than a tenth of its rows. */
function* wideScans(plan: Plan): Generator<string> {
  const met =
    (plan["Actual Rows"] +
      (plan["Rows Removed by Filter"] ?? 0) +
      (plan["Rows Removed by Index Recheck"] ?? 0)) *
    plan["Actual Loops"];
  // An index of ranges of pages gives whole ranges.
  const wide =
    met >
    (plan["Node Type"] === "Bitmap Heap Scan" && /state_step/.test(plan["Relation Name"]!) ? 10_000 : 2_000);
  if (big.test(plan["Relation Name"] ?? "") && (wide || plan["Node Type"] === "Seq Scan"))
    yield `${plan["Node Type"]} on ${plan["Relation Name"]}`;
  for (const child of plan.Plans ?? []) yield* wideScans(child);
}

let database: TestDatabase;
let client: pg.PoolClient;
let key: string;
beforeAll(async () => {
  database = await freshDatabase("plans", { max: 1 });
  client = await database.pool.connect();
  await fill(client, 20_000);
  const { rows } = await client.query<{ id: string }>(
    "select id from public.workflow_request order by created_at offset 10 limit 1",
  );
  key = rows[0]!.id;
}, 120_000);
afterAll(async () => {
  client?.release();
  await database?.drop();
});

const explain = async (sql: string): Promise<Plan> => {
  const { rows } = await client.query<{ "QUERY PLAN": { Plan: Plan }[] }>(
    `explain (analyze, timing off, format json) ${sql.replace("$1", `'${key}'`)}`,
  );
  return rows[0]!["QUERY PLAN"][0]!.Plan;
};

describe.each(["operator", "member"])("as %s", (who) => {
  beforeAll(async () => {
    await client.query("reset role");
    if (who === "member") {
      await client.query("select set_config('request.jwt.claims', $1, false)", [
        JSON.stringify({ sub: member, role: "authenticated" }),
      ]);
      await client.query("set role authenticated");
    }
  });

  test.each(questions)("$name reads no big table from end to end", async ({ sql }) => {
    expect([...wideScans(await explain(sql))]).toEqual([]);
  });

  test("what reads one from end to end is found out", async () => {
    expect([...wideScans(await explain("select count(error) from public.run_queue"))]).toEqual([
      "Seq Scan on run_queue",
    ]);
  });
});

test("with a tail of steps that have not been rolled up, the tail is found by its index", async () => {
  await client.query("reset role");
  await client.query(
    "insert into public.workflow_request (org_id, data) select id, '[]' from public.org, generate_series(1, 50)",
  );
  for (const { sql } of questions) expect([...wideScans(await explain(sql))]).toEqual([]);
  const { rows } = await client.query<{ rows: string }>(
    "select sum(rows) as rows from etl_api.state_overview where entity = 'workflow_request'",
  );
  expect(Number(rows[0]!.rows)).toBe(20_500);
});
