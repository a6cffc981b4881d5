import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer } from "../../scripts/lib/server.ts";
import { startStack } from "../../scripts/lib/stack.ts";
import { alive, checkout, openFolder } from "./processes.ts";

const folder = openFolder();
const dataDir = join(folder, "data");
const fixtures = join(checkout, "tests/stack/fixtures/functions");
const givenUrl = process.env.DATABASE_URL;

beforeAll(() => {
  delete process.env.DATABASE_URL;
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (givenUrl !== undefined) process.env.DATABASE_URL = givenUrl;
});

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test("a stack is a migrated database whose bell reaches a function, and is gone after stop", async () => {
  const stack = await startStack({
    server: { dataDir },
    functionsFolder: fixtures,
    env: { GIVEN: "by the test" },
    quiet: true,
  });
  const headers = { authorization: `Bearer ${stack.functionKey}` };
  const post = async (path: string) =>
    (await (await fetch(`${stack.functionsUrl}/${path}`, { method: "POST", headers })).json()) as {
      calls: number;
      GIVEN: string;
    };
  try {
    expect(new URL(stack.databaseUrl).pathname).toBe("/millrace");
    expect(await query(stack.databaseUrl, "select count(*)::int as n from public.workflow_request")).toEqual([
      { n: 0 },
    ]);
    expect((await post("hello/env")).GIVEN).toBe("by the test");
    await query(stack.databaseUrl, "notify etl_bell, 'hello'");
    // The function counts its calls: one more than were made here is the bell's.
    let asked = 0;
    await expect.poll(async () => (await post("hello")).calls - ++asked).toBe(1);
  } finally {
    await stack.stop();
    await stack.stop();
  }
  expect([alive(stack.server.pid!), alive(stack.functions!.pid)]).toEqual([false, false]);
});

test("what was started is stopped when a later part does not start", async () => {
  await expect(startStack({ server: { dataDir }, functionsFolder: "/nowhere", quiet: true })).rejects.toThrow(
    "there is no folder /nowhere",
  );
  expect([existsSync(`${dataDir}.lock`), existsSync(join(dataDir, "postmaster.pid"))]).toEqual([
    false,
    false,
  ]);
});

test("DATABASE_URL names server and database; the database is made where it is missing", async () => {
  const given = await startServer({ dataDir });
  try {
    process.env.DATABASE_URL = given.url.replace(/\/postgres$/, "/of%20the%20user");
    for (const time of ["first", "second"]) {
      const stack = await startStack({ functions: false });
      expect(stack.server.embedded, time).toBe(false);
      expect(stack.functionsUrl).toBeNull();
      expect(await query(stack.databaseUrl, "select current_database() as name")).toEqual([
        { name: "of the user" },
      ]);
      await stack.stop();
    }
    expect(alive(given.pid!)).toBe(true);
  } finally {
    delete process.env.DATABASE_URL;
    await given.stop();
  }
});
