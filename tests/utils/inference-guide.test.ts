import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const guide = readFileSync(new URL("../../docs/inference.md", import.meta.url), "utf8");
const blocks = [...guide.matchAll(/^```sql\n(.*?)^```$/gms)].map((match) => match[1]!);

/** The cells of the table under a line that begins so, without the ticks. */
function table(head: string): string[][] {
  const lines = guide.slice(guide.search(new RegExp(`^\\| ${head}`, "m"))).split("\n");
  return lines
    .slice(
      2,
      lines.findIndex((line) => !line.startsWith("|")),
    )
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`(.*)`$/, "$1")),
    );
}

describe("docs/inference.md", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(() => database.drop());
  const run = async (sql: string, values: unknown[] = []) => (await database.pool.query(sql, values)).rows;

  test("its statements give what the page says", async () => {
    const [schema = "", value = "", rows = "", ...rest] = blocks;
    expect(rest).toEqual([]);
    expect(
      (await run(schema)).map((row) => [
        ...[row.name, row.type, String(Number(row.fits)), String(Number(row.nulls)), String(row.required)],
        ...[row.options, row.format].map((part) =>
          part ? JSON.stringify(part).replace(/([,:])/g, "$1 ") : "",
        ),
      ]),
    ).toEqual(table("name "));
    expect(await run(value)).toEqual([{ coerced: 5000000, fits: true, warning: null, original: "€5m" }]);
    expect((await run(rows)).map((row) => [row.n, row.data, row.originals, row.warnings?.length])).toEqual([
      [
        "1",
        { revenue: 5000000, founded: "2012-12-11" },
        { revenue: "€5m", founded: "2012年12月11日" },
        undefined,
      ],
      ["2", { revenue: "非公開" }, null, 1],
      ["3", { revenue: 12 }, null, undefined],
    ]);
  });

  test("its table of values is true", async () => {
    const cases = table("value ");
    expect(cases).toHaveLength(6);
    for (const [value, type, becomes, fits, warning] of cases)
      expect(
        await run(
          "select coerced = $3::jsonb as becomes, fits::text, coalesce(warning, '') as warning from utils.coerce_value($1::jsonb, $2)",
          [value, type, becomes],
        ),
      ).toEqual([{ becomes: true, fits, warning }]);
  });
});
