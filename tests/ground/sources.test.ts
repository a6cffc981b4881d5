import { expect, inject, test } from "vitest";
import { withEmptyDatabase } from "../../scripts/lib/database.ts";
import { loadProject, withClient } from "../../scripts/lib/migrate.ts";
import { describeProblem, LoadError, readSources, type LoadReport } from "../../scripts/lib/sources.ts";
import { splitStatements } from "../../scripts/lib/statements.ts";
import { sampleProject } from "../helpers/project.ts";

async function load(change: (sources: { path: string; text: string }[]) => void, tolerant = false) {
  const sample = sampleProject();
  try {
    const sources = readSources(sample.root);
    change(sources);
    return await withEmptyDatabase(inject("serverUrl"), "sources", (url) =>
      withClient(url, async (client) => {
        const report = await loadProject(client, { root: sample.root, sources, tolerant });
        const { rows } = await client.query("select app.shout(' a ') as loud");
        return { report, loud: rows[0].loud as string };
      }),
    );
  } finally {
    sample.dispose();
  }
}

test("files load in an order found by trying, circles included", async () => {
  const { report, loud } = await load(() => {});
  const order = report.order.map(({ path }) => path);
  expect(order).toHaveLength(6);
  expect(order.indexOf("sql/app/a_notes.sql")).toBeGreaterThan(order.indexOf("sql/app/shout.sql"));
  expect(order.indexOf("sql/app/note_changed.sql")).toBeGreaterThan(
    order.indexOf("sql/app/on_note_changed.sql"),
  );
  expect(loud).toBe("A");
});

test("a file that names something missing is told with its line; nothing is kept", async () => {
  const error = await load((sources) => {
    sources.push({
      path: "sql/app/lost.sql",
      text: "create view app.lost as\nselect *\nfrom app.nowhere;\n",
    });
  }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(LoadError);
  expect((error as LoadError).problems.map(describeProblem)).toEqual([
    'sql/app/lost.sql:3: relation "app.nowhere" does not exist (42P01)',
  ]);
});

test("a body that names something missing is told at its function", async () => {
  const error = await load((sources) => {
    const text =
      "-- a comment\ncreate function app.wrong() returns int language sql as 'select app.gone()';\n";
    sources.push({ path: "sql/app/wrong.sql", text });
  }).catch((caught: unknown) => caught);
  expect((error as LoadError).message).toMatch(/^sql\/app\/wrong\.sql:2: app\.wrong: function app\.gone\(\)/);
});

test("a tolerant load keeps what loads", async () => {
  const { report, loud }: { report: LoadReport; loud: string } = await load((sources) => {
    sources.push({ path: "sql/app/bad.sql", text: "create table app.half (a int);\nselect 1;\nselec 2;\n" });
  }, true);
  expect(loud).toBe("A");
  expect(report.problems).toMatchObject([{ path: "sql/app/bad.sql", line: 3, code: "42601" }]);
});

test("statements end where the server ends them", () => {
  const text = `-- one; not
select ';', "a;b", e'\\';', $$ ; $$, $x$ $$ ; $x$ /* ; /* ; */ ; */;

create function f() returns int begin atomic select case when true then 1 end; select 2; end;
select 3`;
  expect(splitStatements(text).map(({ line, text }) => [line, text.slice(0, 15)])).toEqual([
    [2, "select ';', \"a;"],
    [4, "create function"],
    [5, "select 3"],
  ]);
});
