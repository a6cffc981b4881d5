import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTable } from "../fixtures/inference/read-table.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

type Types = Record<string, Record<string, string>>;
const stated = JSON.parse(
  await readFile(new URL("../fixtures/inference/types.json", import.meta.url), "utf8"),
) as { tuned: Types; held_out: Types };

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(async () => {
  await database.drop();
});

/** Infers every table and compares it with what was stated by hand. */
async function judge(tables: Types) {
  let right = 0;
  let all = 0;
  const wrong: string[] = [];
  for (const [table, types] of Object.entries(tables)) {
    const { rows } = await database.pool.query<{ name: string; type: string }>(
      "select name, type from utils.infer_schema($1)",
      [JSON.stringify(await readTable(table))],
    );
    const inferred = Object.fromEntries(rows.map((row) => [row.name, row.type]));
    expect(Object.keys(inferred).sort(), table).toEqual(Object.keys(types).sort());
    for (const [field, type] of Object.entries(types)) {
      all++;
      if (inferred[field] === type) right++;
      else wrong.push(`${table} ${field}: ${inferred[field]}, stated ${type}`);
    }
  }
  return { right, all, share: right / all, wrong };
}

describe("types of real tables, stated by hand before anything was tuned", () => {
  test(
    "at least 95 % right, and as much on five tables that were never tuned on",
    { timeout: 120_000 },
    async () => {
      const tuned = await judge(stated.tuned);
      const heldOut = await judge(stated.held_out);
      for (const [name, { right, all, share, wrong }] of Object.entries({ tuned, "held out": heldOut }))
        console.log(`inference, ${name}: ${right} of ${all} fields (${(100 * share).toFixed(1)} %)`, wrong);
      expect(Object.keys(stated.tuned)).toHaveLength(15);
      expect(Object.keys(stated.held_out)).toHaveLength(5);
      expect(tuned.share).toBeGreaterThanOrEqual(0.95);
      expect(heldOut.share).toBeGreaterThanOrEqual(0.9);
    },
  );
});
