/** What docs/schedules.md says is what happens. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { freshDatabase } from "../helpers/database.ts";

const guide = readFileSync(new URL("../../docs/schedules.md", import.meta.url), "utf8");

it("docs/schedules.md: each statement says what stands below it", async () => {
  // One connection, since it holds the clock.
  const database = await freshDatabase("guide", {
    max: 1,
    options: "-c timezone=UTC -c search_path=public",
  });
  try {
    await database.pool.query("select test_setup.intake(); set etl.fake_now = '2026-05-01 10:00Z'");
    const examples = [...guide.matchAll(/^```sql\n(.*?)^```$\n\n```text\n(.*?)^```$/gms)];
    expect(examples).toHaveLength(guide.match(/^```sql$/gm)!.length);
    for (const [, sql, shown] of examples) {
      const result = await database.pool.query({
        text: sql!,
        rowMode: "array",
        types: { getTypeParser: () => String } as never,
      });
      const rows = (Array.isArray(result) ? result.at(-1) : result).rows as string[][];
      const said = rows.map((row) =>
        row.join(" | ").replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>"),
      );
      expect(said.join("\n"), sql).toBe(shown!.trimEnd());
    }
  } finally {
    await database.drop();
  }
});
