import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { deliverWebhooks } from "../../supabase/functions/deliver-webhooks/handler.ts";
import { executeRuns } from "../../supabase/functions/execute-runs/handler.ts";
import type { Handler, Surroundings } from "../../supabase/functions/_shared/handler.ts";
import { api } from "./support/api.ts";
import { FakeClient, org, uuid } from "./support/client.ts";
import { startServer, type TestServer } from "./support/server.ts";

const key = "a-key-of-some-length";
const secret = `whsec_${Buffer.from("the client's signing key").toString("base64")}`;
let server: TestServer;
let client: FakeClient;
let lines: string[];

beforeAll(async () => {
  server = await startServer(api);
});
afterAll(() => server.close());
beforeEach(() => {
  client = new FakeClient();
  lines = [];
  server.seen.length = 0;
});

function around(change: Partial<Surroundings> = {}): Surroundings {
  return {
    env: {
      ETL_FUNCTION_KEY: key,
      ETL_ALLOW_HOSTS: server.host,
      ETL_SECRETS: JSON.stringify({
        [org]: { webhook: secret, API: "tenant-secret", broken: "not base64 %%%" },
      }),
    },
    connect: () => Promise.resolve(client),
    writeLog: (line) => lines.push(line),
    ...change,
  };
}

const call = (handler: Handler) =>
  handler(
    new Request("http://functions.test/", { method: "POST", headers: { authorization: `Bearer ${key}` } }),
  );

describe("execute-runs", () => {
  test("sends each claimed request and reports what came back", async () => {
    const paths = [
      "/echo",
      "/500",
      "/429",
      "/broken",
      "/huge",
      "/redirect",
      "/reset",
      "/silent",
      "/slow",
      "/nowhere",
    ];
    for (const path of paths) client.addRun({ url: server.url + path }, { timeout_ms: 1_500 });
    client.addRun({ url: server.url, headers: { authorization: "Bearer <<$secret.API>>" } });
    client.addRun({ url: server.url, headers: { authorization: "Bearer <<$secret.OTHER>>" } });
    client.addRun("not a request");
    client.addRun({ url: "http://169.254.169.254/" }, { kind: "status" });
    const surroundings = around();
    surroundings.env!["ETL_MAX_ANSWER_BYTES"] = "100000";
    const response = await call(executeRuns(surroundings));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      claimed: 14,
      completed: 14,
      released: 0,
      seconds: expect.any(Number) as number,
    });
    const byId = new Map(client.runResults.map((result) => [result.run_request_id, result]));
    const told = Array.from({ length: 14 }, (_, n) => {
      const result = byId.get(uuid(n))!;
      expect(result.lease_token).toBe(uuid(900_000 + n));
      return result.status === 200 ? (result.error?.kind ?? 200) : (result.status ?? result.error?.kind);
    });
    expect(told).toEqual([
      ...[200, 500, 429, "invalid_json", "too_large", 302, "network", "timeout", 200, 404],
      ...[404, "secret_missing", "bad_request", "blocked"],
    ]);
    expect(server.seen.some((seen) => seen.headers.authorization === "Bearer tenant-secret")).toBe(true);
    expect([...client.workers][0]).toMatch(/^execute-runs\/[0-9a-f-]{36}$/);
  });

  test("more than one call may send: rings for a successor and hands nothing back", async () => {
    for (let n = 0; n < 120; n++) client.addRun({ url: `${server.url}/204` });
    const response = await call(executeRuns(around({ limits: { maxRequests: 50 } })));
    expect(await response.json()).toMatchObject({ claimed: 50, completed: 50, released: 0 });
    expect(client.rings).toEqual(["execute-runs"]);
    expect(client.runs).toHaveLength(70);
  });

  test("on a worker whose time is up, hands back and does not ring", async () => {
    client.addRun({ url: server.url }, { timeout_ms: 60_000 });
    const surroundings = around({ limits: { wallMs: 1 } });
    surroundings.env!["SB_EXECUTION_ID"] = "an-execution";
    expect(await (await call(executeRuns(surroundings))).json()).toMatchObject({ claimed: 0, completed: 0 });
    expect(client.rings).toEqual([]);
    expect(server.seen).toEqual([]);
  });

  test("calls at the same time share the queue and the connection", async () => {
    for (let n = 0; n < 100; n++) client.addRun({ url: `${server.url}/204` });
    let connections = 0;
    const connect = () => (connections++, Promise.resolve(client));
    const handler = executeRuns(around({ connect }));
    await Promise.all([call(handler), call(handler)]);
    expect(client.runResults).toHaveLength(100);
    expect(new Set(client.runResults.map((result) => result.run_request_id)).size).toBe(100);
    expect(connections).toBe(1);
  });

  test("a call beside one whose requests are quick only makes it look again, and is answered at once", async () => {
    client.addRun({ url: `${server.url}/slow` });
    const handler = executeRuns(around());
    const first = call(handler);
    while (!server.seen.some(({ url }) => url === "/slow"))
      await new Promise((resolve) => setImmediate(resolve));
    client.addRun({ url: `${server.url}/204` });
    expect(await (await call(handler)).json()).toEqual({ claimed: 0, completed: 0, released: 0, seconds: 0 });
    expect(await (await first).json()).toMatchObject({ claimed: 2, completed: 2 });
    expect(client.workers.size).toBe(1);
  });

  test("a call beside one all of whose requests are slow works on its own", async () => {
    for (let n = 0; n < 3; n++) client.addRun({ url: `${server.url}/slow` });
    const surroundings = around({ limits: { concurrency: 2 } });
    const handler = executeRuns(surroundings);
    const first = call(handler);
    while (server.seen.filter(({ url }) => url === "/slow").length < 2)
      await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await (await call(handler)).json()).toMatchObject({ claimed: 1, completed: 1 });
    expect(await (await first).json()).toMatchObject({ claimed: 2, completed: 2 });
    expect(client.workers.size).toBe(2);
  });

  test("does nothing for a caller without the key", async () => {
    client.addRun({ url: server.url });
    const response = await executeRuns(around())(new Request("http://functions.test/", { method: "POST" }));
    expect(response.status).toBe(401);
    expect(client.runs).toHaveLength(1);
  });

  test("without a key lets nobody in, and the log says why", async () => {
    for (const [env, message] of [
      [{}, "ETL_FUNCTION_KEY is not set"],
      [{ ETL_FUNCTION_KEY: "short" }, /^ETL_FUNCTION_KEY: /],
    ] as const) {
      lines = [];
      const handler = executeRuns(around({ env }));
      for (const token of ["", "short", key]) {
        const headers = { authorization: `Bearer ${token}` };
        const response = await handler(new Request("http://functions.test/", { method: "POST", headers }));
        expect([response.status, await response.json()]).toEqual([401, { error: "unauthorized" }]);
      }
      expect(JSON.parse(lines[0]!)).toMatchObject({
        event: "not_configured",
        message: typeof message === "string" ? message : (expect.stringMatching(message) as string),
      });
    }
  });

  test("with settings that are wrong tells those who have the key, and nobody else", async () => {
    const handler = executeRuns(around({ env: { ETL_FUNCTION_KEY: key, ETL_BATCH: "many" } }));
    const response = await call(handler);
    expect([response.status, await response.json()]).toEqual([500, { error: "not configured" }]);
    for (const method of ["GET", "POST"]) {
      const refused = await handler(new Request("http://functions.test/", { method }));
      expect(refused.status).toBe(method === "GET" ? 405 : 401);
      expect(await refused.text()).not.toContain("configured");
    }
  });

  test("a database that is away: 503, the log says why, and the next call works", async () => {
    const away = new FakeClient();
    away.claimRunRequests = () => Promise.reject(new Error(`no route for ${key}`));
    client.addRun({ url: `${server.url}/204` });
    let tries = 0;
    const connect = () => (tries++ === 0 ? Promise.reject(new Error("no address")) : Promise.resolve(client));
    const handler = executeRuns(around({ connect }));
    const first = await call(handler);
    expect([first.status, await first.json()]).toEqual([500, { error: "failed; the log says why" }]);
    expect(await (await call(handler)).json()).toMatchObject({ completed: 1 });
    const second = await call(
      executeRuns(around({ connect: () => Promise.resolve(away), limits: { retryPauses: [1] } })),
    );
    expect(second.status).toBe(503);
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { event: "failed", message: "no address" },
      { event: "worked", completed: 1 },
      { event: "claim_failed", message: "no route for [secret]" },
      { event: "worked", stopped: "database" },
    ]);
  });
});

describe("deliver-webhooks", () => {
  const body = '{"type": "activity_request.done", "data": {"name": "Größe 東京 🏭"}}';

  test("posts the exact text, signed so that the client's library accepts it", async () => {
    client.addDelivery(`${server.url}/echo`, body);
    expect(await (await call(deliverWebhooks(around()))).json()).toMatchObject({ claimed: 1, completed: 1 });
    const [seen] = server.seen;
    expect(seen).toMatchObject({ method: "POST", body, headers: { "content-type": "application/json" } });
    const headers = seen!.headers as Record<string, string>;
    expect(headers["webhook-id"]).toBe(`msg_${uuid(0).replaceAll("-", "")}`);
    expect(new Webhook(secret).verify(seen!.body, headers)).toEqual(JSON.parse(body));
    expect(client.deliveryResults).toEqual([
      {
        delivery_id: uuid(0),
        lease_token: uuid(900_000),
        status: 200,
        headers: { "content-type": "application/json" },
        body_text: expect.stringMatching(/^\{"method":"POST"/) as string,
        duration_ms: expect.any(Number) as number,
      },
    ]);
  });

  test("the status decides, whatever the rest of the answer does", async () => {
    const paths = [
      "/hanging",
      "/endless",
      "/broken",
      "/204",
      "/500",
      "/429",
      "/redirect",
      "/silent",
      "/reset",
    ];
    for (const path of paths) client.addDelivery(server.url + path, body, { timeout_ms: 700 });
    await call(deliverWebhooks(around()));
    const byId = new Map(client.deliveryResults.map((result) => [result.delivery_id, result]));
    const told = paths.map((_, n) => byId.get(uuid(n))!.error?.kind ?? byId.get(uuid(n))!.status);
    expect(told).toEqual([200, 200, 200, 204, 500, 429, "blocked", "timeout", "network"]);
    expect(byId.get(uuid(6))).toMatchObject({
      status: 302,
      error: { message: "the answer is a redirect (302), and redirects are not followed" },
    });
    expect(byId.get(uuid(5))!.headers).toMatchObject({ "retry-after": "7" });
  });

  test("what cannot be signed or may not be sent to is reported, and nothing is sent", async () => {
    client.addDelivery(server.url, body, { secret_name: "missing" });
    client.addDelivery(server.url, body, { secret_name: "broken" });
    client.addDelivery("http://10.0.0.1/hook", body);
    client.addDelivery("no address", body);
    await call(deliverWebhooks(around()));
    const errors = client.deliveryResults
      .toSorted((a, b) => a.delivery_id.localeCompare(b.delivery_id))
      .map((result) => result.error);
    expect(errors).toEqual([
      { kind: "secret_missing", message: `there is no secret missing in the scope ${org}` },
      {
        kind: "secret_missing",
        message: `the secret is not of the form whsec_<base64> (broken in the scope ${org})`,
      },
      { kind: "blocked", message: "10.0.0.1 is not an address of the public internet" },
      { kind: "bad_request", message: "the address is no URL" },
    ]);
    expect(server.seen).toEqual([]);
    expect(lines.join()).not.toMatch(/whsec_|tenant-secret|%%%/);
  });
});
