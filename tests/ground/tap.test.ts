import { expect, inject, test } from "vitest";
import { judgeTap, runTapFiles } from "../../scripts/lib/tap.ts";

const run = async (text: string) => {
  const file = { path: "sql/tests/sample.sql", text };
  const [result] = await runTapFiles(inject("serverUrl"), inject("templateName"), [file]);
  return result!;
};

test("a file that keeps its plan passes", async () => {
  const result = await run(`
    select plan(2);
    select is(1, 1, 'one');
    create table kept (a int);
    select has_table('kept');
    select * from finish();`);
  expect(result).toMatchObject({ ok: true, passed: 2, failed: 0, failures: [] });
});

test("a file may set its search path and its role", async () => {
  const result = await run(`
    set search_path = tap, public;
    select plan(1);
    set local role authenticated;
    select throws_ok('create table public.no (a int)', '42501');
    select * from finish();`);
  expect(result).toMatchObject({ ok: true, passed: 1 });
});

test("a failing assertion is told with what was expected", async () => {
  const result = await run(`
    select plan(2);
    select is(1, 2, 'are they equal?');
    select ok(true);
    select * from finish();`);
  expect(result).toMatchObject({ ok: false, passed: 1, failed: 1 });
  expect(result.failures[0]).toMatch(/not ok 1 - are they equal\?[\s\S]*have: 1[\s\S]*want: 2/);
});

test("a file that throws fails with its line, and what passed before is counted", async () => {
  const result = await run(`select plan(2);
select ok(true);
select 1 / 0;
select ok(true);`);
  expect(result).toMatchObject({ ok: false, passed: 1, failed: 1 });
  expect(result.failures).toEqual(["sql/tests/sample.sql:3: division by zero (22012)"]);
});

test("an error inside a function is laid at the statement that called it", async () => {
  const result = await run(`select plan(1);
create function pg_temp.broken() returns void language plpgsql as $$
begin
  raise exception 'broken' using hint = 'mend it';
end $$;

select pg_temp.broken();`);
  expect(result.failures[0]).toMatch(/^sql\/tests\/sample\.sql:7: broken; hint: mend it; PL\/pgSQL function/);
});

test("a broken plan fails", async () => {
  const result = await run("select plan(3); select ok(true); select * from finish();");
  expect(result).toMatchObject({ ok: false, passed: 1, failed: 1 });
  expect(result.failures[0]).toContain("planned 3, ran 1");
});

test("no plan fails", async () => {
  const result = await run("select * from no_plan(); select ok(true);");
  expect(result).toMatchObject({ ok: false, failed: 1 });
  expect(result.failures[0]).toContain("no plan");
});

test.each(["", "-- only a comment", "select 1", "select 'not TAP'"])(
  "no TAP at all fails: %j",
  async (text) => {
    const result = await run(text);
    expect(result).toMatchObject({ ok: false, passed: 0, failed: 1, failures: ["no assertion was run"] });
  },
);

test("todo and skip are neither passed nor failed", () => {
  const tap = "1..3\nok 1\nok 2 # skip not here\nnot ok 3 # todo later\n";
  expect(judgeTap(tap)).toMatchObject({ ok: true, passed: 1, failed: 0, skipped: 2 });
});

test("a file sees nothing of another", async () => {
  const file = (path: string) => ({
    path,
    text: "select plan(1); create table mine (a int); select ok(true); select * from finish();",
  });
  const results = await runTapFiles(inject("serverUrl"), inject("templateName"), [file("a"), file("b")]);
  expect(results.map((result) => result.ok)).toEqual([true, true]);
});
