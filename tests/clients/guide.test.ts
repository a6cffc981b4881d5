/** docs/client-data.md: its file, its commands and its SQL, as they stand. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectRoot } from "../../scripts/lib/sources.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const guide = readFileSync(join(projectRoot, "docs/client-data.md"), "utf8");
const [before, moving] = guide.split("## Moving in from data_uploads") as [string, string];
const blocksOf = (text: string): { kind: string; code: string; shown: string | undefined }[] =>
  [...text.matchAll(/^```(sql|sh)\n(.*?)^```\n(?:\n```text\n(.*?)^```)?/gms)].map(
    ([, kind, code, shown]) => ({
      kind: kind!,
      code: code!,
      shown,
    }),
  );

let database: TestDatabase;
let folder: string;
const run = async (sql: string): Promise<string> => {
  const result = (await database.pool.query({
    text: sql,
    rowMode: "array",
    types: { getTypeParser: () => String } as never,
  })) as { rows: (string | null)[][] } | { rows: (string | null)[][] }[];
  const { rows } = Array.isArray(result) ? result.at(-1)! : result;
  return rows
    .map((row) => row.map((field) => ({ t: "true", f: "false" })[field ?? ""] ?? field ?? "").join(" | "))
    .join("\n");
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-guide-"));
  writeFileSync(join(folder, "orders.csv"), /^```csv\n(.*?)^```$/ms.exec(guide)![1]!);
  database = await freshDatabase("guide", {
    max: 1,
    // A handful of rows is read whole by any planner in its senses.
    options: "-c timezone=UTC -c search_path=public -c enable_seqscan=off -c enable_indexscan=off",
  });
  await run("insert into public.org (name, slug) values ('Acme', 'acme')");
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});

describe("docs/client-data.md", () => {
  test("has blocks to try", () => expect(blocksOf(before).length).toBeGreaterThan(10));

  test.each(blocksOf(before))("shows what comes of: $code", async ({ kind, code, shown }) => {
    if (kind === "sql") {
      const came = await run(code);
      if (shown !== undefined) expect(came).toBe(shown.trimEnd());
      return;
    }
    const args = /^npm run ingest -- (.*)\n$/.exec(code)![1]!.split(" ");
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", "tsx", "scripts/ingest.ts", join(folder, args[0]!), ...args.slice(1)],
      {
        cwd: projectRoot,
        encoding: "utf8",
        env: { PATH: process.env.PATH, DATABASE_URL: database.url, NO_COLOR: "1" },
      },
    );
    expect([status, stderr.includes("Next:")]).toEqual([0, false]);
    if (shown !== undefined) expect(stdout.trim()).toBe(shown.trim());
  });
});

describe("moving in from data_uploads", () => {
  const [tables, clients, schemas, rows, left] = blocksOf(moving).map(({ code }) => code) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const id = (n: number): string => `d000000${n}-0000-4000-8000-000000000000`;

  test("clients, what was known of their fields, and every row of every completed upload", async () => {
    expect(blocksOf(moving)).toHaveLength(5);
    await run(tables);
    await run(`
      insert into legacy_clients values ('${id(1)}', 'Old Ltd', 'old@client.example', 'x'), ('${id(2)}', ' ', '', 'x');
      insert into legacy_client_schemas values ('${id(1)}', 'client_d0000001_stock', 'stock', '{"sku": "string", "left": "integer", "odd": "blob"}');
      insert into data_uploads values
        (1, '${id(1)}', 'stock', 'stock.csv', 'completed', '[{"sku": "0012", "left": "1,200", "odd": 1}, {"sku": "0013", "left": "7"}]'),
        (2, '${id(1)}', 'stock', null, 'completed', '[{"sku": "0014", "left": 5, "new": "2024-01-02"}, "no row"]'),
        (3, '${id(2)}', null, 'any.csv', 'completed', '[{"a": 1}]'),
        (4, '${id(2)}', null, 'any.csv', 'failed', '[{"a": 2}]'),
        (5, '${id(2)}', null, 'any.csv', 'completed', null),
        (6, '${id(3)}', null, 'any.csv', 'completed', '[{"a": 3}]')`);
    await run(clients);
    await run(schemas);
    expect(await run(rows)).toBe("1 | 2 | 0\n2 | 1 | 1\n3 | 1 | 0");
    expect(
      await run(
        `select company_name, coalesce(email, '-') from clients where client_id in ('${id(1)}', '${id(2)}') order by 2`,
      ),
    ).toBe("Unnamed Company | -\nOld Ltd | old@client.example");
    expect(await run(`select data from client_data where client_id = '${id(1)}' order by id`)).toBe(
      '{"odd": "1", "sku": "0012", "left": 1200}\n{"sku": "0013", "left": 7}\n{"new": "2024-01-02", "sku": "0014", "left": 5}',
    );
    expect(
      await run(
        `select table_name, version, row_count, actual_row_count from client_data_summary where client_id in ('${id(1)}', '${id(2)}') order by 1`,
      ),
    ).toBe("client_d0000001_stock | 2 | 3 | 3\nclient_d0000002_data | 1 | 1 | 1");
  });

  test("again it takes nothing twice, and what is left is named", async () => {
    await run(clients);
    await run(schemas);
    expect(await run(rows)).toBe("");
    expect(await run(`select get_client_data_count('${id(1)}')`)).toBe("3");
    expect(await run(left)).toBe(
      [
        "2 | 1 rows: a row is an object, not string",
        "4 | status failed",
        "5 | holds no rows",
        "6 | no such client",
      ].join("\n"),
    );
  });
});
