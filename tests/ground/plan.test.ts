import { existsSync, readFileSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/plan.md", root), "utf8");
/** The cells of every row of every table, without the heads and lines. */
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("|") && !/^\|[ -]*\|/.test(line))
  .map((line) => line.split("|").slice(1, -1))
  .filter((cells) => cells.slice(1).some((cell) => cell.includes("`")));
const codes = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);

describe("docs/plan.md", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(() => database.drop());

  it("has a row for each name of the plan", () => {
    expect(rows.length).toBeGreaterThan(60);
  });

  it("names files that are there", () => {
    const files = rows.flatMap((cells) => cells.slice(1).flatMap(codes));
    expect(files.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
  });

  it("names files that hold what they are named for", () => {
    const wrong = rows.flatMap(([name, file]) => {
      const [code] = codes(name!);
      const [path] = codes(file!);
      if (code === undefined || statSync(new URL(path!, root)).isDirectory()) return [];
      const bare = code.split(".").at(-1)!;
      return path!.includes(bare) || readFileSync(new URL(path!, root), "utf8").includes(bare)
        ? []
        : [`${code}: ${path}`];
    });
    expect(wrong).toEqual([]);
  });

  it("names what is in the database", async () => {
    const named = rows
      .map(([name]) => /^\s*(type|table|function|trigger) `([^`]+)`/.exec(name!))
      .filter((match) => match !== null)
      .map((match) => ({ kind: match[1]!, name: match[2]! }));
    expect(named.length).toBeGreaterThan(40);
    const { rows: missing } = await database.pool.query(
      `select n.kind, n.name
       from jsonb_to_recordset($1::jsonb) as n (kind text, name text)
       where not case n.kind
         when 'type' then to_regtype(n.name) is not null
         when 'table' then to_regclass(n.name) is not null
         when 'trigger' then exists (select from pg_trigger as t where t.tgname = n.name)
         else exists (
           select from pg_proc as p
           where p.proname = split_part(n.name, '.', 2)
             and p.pronamespace = to_regnamespace(split_part(n.name, '.', 1)))
       end`,
      [JSON.stringify(named)],
    );
    expect(missing).toEqual([]);
  });
});
