import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { clockMarks, startDoorbell, type Doorbell } from "../../scripts/lib/doorbell.ts";
import { startServer, type Server } from "../../scripts/lib/server.ts";

interface Call {
  path: string;
  method: string;
  key: string;
  body: string;
  answer(status?: number): void;
}

let server: Server;
let doorbell: Doorbell | undefined;
let calls: Call[] = [];
let errors: string[] = [];
const givenUrl = process.env.DATABASE_URL;

const functions = createServer(async (request: IncomingMessage, response: ServerResponse) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  calls.push({
    path: request.url!,
    method: request.method!,
    key: request.headers.authorization ?? "",
    body,
    answer: (status = 200) => void response.writeHead(status).end("{}"),
  });
});

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

const ring = (name: string) => query(`notify etl_bell, '${name}'`);

async function listen(clockInterval = 0): Promise<void> {
  doorbell = await startDoorbell({
    databaseUrl: server.url,
    functionsUrl: `http://127.0.0.1:${(functions.address() as AddressInfo).port}`,
    key: "the-key",
    clockInterval,
    onError: (message) => errors.push(message),
  });
}

beforeAll(async () => {
  delete process.env.DATABASE_URL;
  server = await startServer({ ephemeral: true });
  functions.listen(0, "127.0.0.1");
  await once(functions, "listening");
});

beforeEach(() => {
  calls = [];
  errors = [];
});

afterEach(async () => {
  await doorbell?.stop();
  doorbell = undefined;
  await query("drop schema if exists etl_api cascade");
});

afterAll(async () => {
  if (givenUrl !== undefined) process.env.DATABASE_URL = givenUrl;
  functions.closeAllConnections();
  functions.close();
  await server.stop();
});

test("a bell calls the function it names, with the key and nothing else", async () => {
  await listen();
  await ring("deliver-webhooks");
  await expect.poll(() => calls.length).toBe(1);
  expect(calls[0]).toMatchObject({
    path: "/deliver-webhooks",
    method: "POST",
    key: "Bearer the-key",
    body: "",
  });
  calls[0]!.answer();
});

test("while one call runs, any number of bells make one more", async () => {
  await listen();
  for (let bell = 0; bell < 5; bell++) await ring("execute-runs");
  // Another function has a place of its own; its call, rung last, tells that the five were heard.
  await ring("deliver-webhooks");
  await expect
    .poll(() => calls.map((call) => call.path).sort())
    .toEqual(["/deliver-webhooks", "/execute-runs"]);
  const running = calls.find((call) => call.path === "/execute-runs")!;
  running.answer();
  await expect.poll(() => calls.length).toBe(3);
  expect(calls[2]!.path).toBe("/execute-runs");
  calls[2]!.answer();
  await ring("last");
  await expect.poll(() => calls.at(-1)!.path).toBe("/last");
  expect(calls).toHaveLength(4);
});

test("a call that fails is not repeated, is said once, and does not stop the next bell", async () => {
  await listen();
  for (let bell = 1; bell <= 3; bell++) {
    await ring("execute-runs");
    await expect.poll(() => calls.length).toBe(bell);
    calls[bell - 1]!.answer(500);
    await expect.poll(() => errors).toEqual(["execute-runs answered 500: {}"]);
  }
});

test("a connection that was closed between two bells costs no call", async () => {
  await listen();
  const open = () =>
    new Promise<number>((resolve, reject) =>
      functions.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
    );
  for (let bell = 1; bell <= 3; bell++) {
    await ring("execute-runs");
    await expect.poll(() => calls.length).toBe(bell);
    calls[bell - 1]!.answer();
    await expect
      .poll(async () => {
        functions.closeIdleConnections();
        return open();
      })
      .toBe(0);
  }
  expect(errors).toEqual([]);
  expect(calls).toHaveLength(3);
});

test("a payload that is no function's name calls nothing", async () => {
  await listen();
  await ring("../hello");
  await ring("execute-runs");
  await expect.poll(() => calls.map((call) => call.path)).toEqual(["/execute-runs"]);
  expect(errors).toEqual(["a bell names no function: ../hello"]);
});

test("bell and clock work again after the server was killed and came back", async () => {
  await query(`
    create schema etl_api;
    create table etl_api.look (at timestamptz);
    create function etl_api.recover() returns void language sql as
      'insert into etl_api.look values (clock_timestamp())'`);
  const looks = async () => Number((await query("select count(*) as n from etl_api.look"))[0]!.n);
  await listen(50);
  await expect.poll(looks).toBeGreaterThan(0);

  process.kill(server.pid!, "SIGKILL");
  await server.exited();
  await server.restart();
  const before = await looks();
  await expect.poll(looks, { timeout: 5_000 }).toBeGreaterThan(before);
  // A bell nobody listens to is lost, so it is rung until somebody does.
  await expect
    .poll(async () => (await ring("execute-runs"), calls.length), { timeout: 5_000, interval: 50 })
    .toBeGreaterThan(0);
  expect(new Set(errors).size).toBe(errors.length);
});

test("a clock leaves an interval to the other clock that has begun to sweep in it", async () => {
  await query(`
    create schema etl_api;
    create table etl_api.look (at timestamptz);
    create function etl_api.recover() returns void language sql as
      'insert into etl_api.look values (clock_timestamp())'`);
  const looks = async () => Number((await query("select count(*) as n from etl_api.look"))[0]!.n);
  const other = new pg.Client({ connectionString: server.url });
  await other.connect();
  try {
    // The marks of the next ten seconds.
    await other.query(
      `select pg_advisory_lock($1, ((floor(extract(epoch from clock_timestamp()) * 1000 / 50)::bigint + g) % 1000000000)::int)
       from generate_series(0, 200) as g`,
      [clockMarks],
    );
    await listen(50);
    const turns = new Set<unknown>();
    await expect
      .poll(async () => {
        for (const { at } of await query(
          "select query_start::text as at from pg_stat_activity where application_name = 'millrace clock' and state = 'idle'",
        ))
          turns.add(at);
        return turns.size;
      })
      .toBeGreaterThan(3);
    expect(await looks()).toBe(0);
    await other.query("select pg_advisory_unlock_all()");
    await expect.poll(looks).toBeGreaterThan(0);
  } finally {
    await other.end();
  }
});

test("the clock says once that it cannot look, and goes on", async () => {
  await listen(20);
  await expect.poll(() => errors).toEqual(['etl_api.recover() failed: schema "etl_api" does not exist']);
  await query("create schema etl_api; create function etl_api.recover() returns void language sql as ''");
  await query(
    "create or replace function etl_api.recover() returns void language plpgsql as $$begin raise 'now'; end$$",
  );
  await expect.poll(() => errors.at(-1)).toBe("etl_api.recover() failed: now");
  expect(errors).toHaveLength(2);
});
