import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { startFunctions, type Functions } from "../../scripts/lib/functions.ts";
import { alive, checkout } from "./processes.ts";

const folder = join(checkout, "tests/stack/fixtures/functions");
const log: string[] = [];
let functions: Functions;

async function call(path: string, init: RequestInit = {}) {
  const headers = { authorization: `Bearer ${functions.key}` };
  const response = await fetch(`${functions.url}/${path}`, { method: "POST", headers, ...init });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

beforeAll(async () => {
  process.env.TEST_ONLY_OURS = "not for the functions";
  functions = await startFunctions({
    databaseUrl: inject("serverUrl"),
    folder,
    env: { GIVEN: "by the caller" },
    onLog: (line) => log.push(line),
  });
});

afterAll(() => functions.stop());

test("every folder with an index.ts answers under its name, with all packages resolved offline", async () => {
  expect(functions.names).toEqual(["hello"]);
  expect(await call("hello/deeper?x=1", { body: "ping" })).toEqual({
    status: 200,
    body: { calls: 1, path: "/hello/deeper", method: "POST", body: "ping" },
  });
});

test("a function that does not load answers 503 and says why; the others work", async () => {
  expect(await call("broken")).toEqual({
    status: 503,
    body: { message: "the function broken did not load: broken on purpose" },
  });
  expect(log.join("\n")).toContain("broken: Error: broken on purpose");
});

test("nothing is fetched: a function that needs a remote module does not load", async () => {
  expect(functions.failed.remote).toContain("--no-remote is specified");
  expect((await call("remote")).status).toBe(503);
});

test("folders with an underscore, and names nobody has, are no functions", async () => {
  expect((await call("_shared")).status).toBe(404);
  expect((await call("")).status).toBe(404);
  expect((await call("helloo")).status).toBe(404);
});

test("a function that throws answers 500 without telling the caller why, and goes on", async () => {
  const { status, body } = await call("hello/throw");
  expect(status).toBe(500);
  expect(JSON.stringify(body)).not.toContain("on purpose");
  expect(log.join("\n")).toContain("thrown on purpose");
  expect((await call("hello")).status).toBe(200);
});

test("functions see the environment that was named, and no file of the machine", async () => {
  const { body } = await call("hello/env");
  expect(body).toMatchObject({
    DATABASE_URL: inject("serverUrl"),
    ETL_FUNCTION_KEY: functions.key,
    ETL_ALLOW_HOSTS: "127.0.0.1,localhost,[::1]",
    ETL_SECRETS: "{}",
    GIVEN: "by the caller",
  });
  expect(body).not.toHaveProperty("TEST_ONLY_OURS");
  expect(body).not.toHaveProperty("MILLRACE_GUARD");
  expect((await call("hello/outside")).body).toEqual({ refused: "NotCapable" });
});

test("functions reach the database", async () => {
  expect((await call("hello/database")).body).toEqual({ name: "postgres" });
});

test("another stack has another key", async () => {
  expect(functions.key).toMatch(/^[0-9a-f]{64}$/);
  expect((await call("hello", { headers: {} })).status).toBe(401);
});

test("killed, they start again where they were, with the same key", async () => {
  const { url, pid } = functions;
  await functions.kill();
  expect(alive(pid)).toBe(false);
  await expect(call("hello")).rejects.toThrow("fetch failed");
  await functions.restart();
  expect(functions.url).toBe(url);
  expect(functions.pid).not.toBe(pid);
  expect((await call("hello")).body.calls).toBe(1);
});
