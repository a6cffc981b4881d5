import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const guide = readFileSync(new URL("../../docs/records.md", import.meta.url), "utf8");
const blocks = [...guide.matchAll(/^```sql\n(.*?)^```\n(?:\n```text\n(.*?)^```)?/gms)];

describe("docs/records.md", () => {
  let database: TestDatabase;
  const run = (sql: string): Promise<unknown> =>
    database.pool.query({ text: sql, rowMode: "array", types: { getTypeParser: () => String } as never });

  beforeAll(async () => {
    database = await freshDatabase("guide", { max: 1, options: "-c timezone=UTC -c search_path=public" });
    await run("insert into public.org (name, slug) values ('Acme', 'acme')");
  });
  afterAll(() => database.drop());

  it("has blocks to try", () => expect(blocks.length).toBeGreaterThan(12));

  for (const [, sql, shown] of blocks)
    it(`shows what comes of: ${sql!.replace(/\s+/g, " ")}`, async () => {
      const result = (await run(sql!)) as { rows: (string | null)[][] } | { rows: (string | null)[][] }[];
      if (shown === undefined) return;
      const { rows } = Array.isArray(result) ? result.at(-1)! : result;
      expect(rows.map((row) => row.map((field) => field ?? "").join(" | ")).join("\n")).toBe(shown.trimEnd());
    });
});
