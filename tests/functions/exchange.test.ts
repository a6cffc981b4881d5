import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Answer } from "../../supabase/functions/_shared/client.ts";
import { createExchange } from "../../supabase/functions/_shared/exchange.ts";
import { SecretStore } from "../../supabase/functions/_shared/secret-store.ts";
import { SecretFiller } from "../../supabase/functions/_shared/secrets.ts";
import { api } from "./support/api.ts";
import { startServer, type Seen, type TestServer } from "./support/server.ts";

const secrets = {
  shared: { API: "k3y/with ?signs&=+ü", SHORT: "abc", EMPTY: "" },
  "0198c0de-0000-7000-8000-000000000001": { API: "the-tenant's-own-key", QUOTED: 'say "hello" \\ twice' },
};
const org = "0198c0de-0000-7000-8000-000000000001";
let server: TestServer;

beforeAll(async () => {
  server = await startServer(api);
});
afterAll(() => server.close());

function ask(
  request: Record<string, unknown>,
  options: { scope?: string; timeoutMs?: number } = {},
): Promise<Answer> {
  const exchange = createExchange({
    secrets,
    allowHosts: [server.host],
    allowPorts: [],
    maxAnswerBytes: 100_000,
  });
  const url = String(request["url"] ?? "/echo");
  return exchange.ask({
    request: { ...request, url: url.startsWith("/") ? server.url + url : url },
    secretScope: options.scope ?? "shared",
    timeoutMs: options.timeoutMs ?? 5_000,
  });
}

/** What the server saw of a request that echoes. */
async function echo(request: Record<string, unknown>, scope?: string): Promise<Seen> {
  const answer = await ask(request, scope === undefined ? {} : { scope });
  expect(answer).toMatchObject({ status: 200 });
  return server.seen.at(-1)!;
}

describe("what is sent", () => {
  test("a query repeats the name of a list, leaves out null, and keeps what the address had", async () => {
    const seen = await echo({
      url: "/echo?fixed=a%20b",
      query: {
        q: "größer als 5 & mehr",
        list: [1, "zwei", null, true],
        none: null,
        object: { a: [1] },
        zero: 0,
      },
    });
    expect(seen.method).toBe("GET");
    expect(seen.url.startsWith("/echo?fixed=a%20b&")).toBe(true);
    const query = new URL(seen.url, server.url).searchParams;
    expect([...query]).toEqual([
      ["fixed", "a b"],
      ["q", "größer als 5 & mehr"],
      ["list", "1"],
      ["list", "zwei"],
      ["list", "true"],
      ["object", '{"a":[1]}'],
      ["zero", "0"],
    ]);
  });

  test("a body is JSON by default", async () => {
    const body = { names: ["Größe 東京 🏭"], nothing: null, n: 1.5 };
    const seen = await echo({ method: "post", body });
    expect(seen.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(seen.body)).toEqual(body);
    expect((await echo({ method: "POST", body: "a string" })).body).toBe('"a string"');
    expect((await echo({ method: "PUT", body: false })).body).toBe("false");
    const typed = await echo({
      method: "PATCH",
      headers: { "Content-Type": "application/vnd.api+json" },
      body: "x",
    });
    expect([typed.headers["content-type"], typed.body]).toEqual(["application/vnd.api+json", '"x"']);
  });

  test("a body is a form, or text, where content-type says so", async () => {
    const form = await echo({
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" },
      body: { a: ["1", "2"], b: "x y&z", c: null },
    });
    expect(form.body).toBe("a=1&a=2&b=x+y%26z");
    const xml = await echo({ method: "POST", headers: { "content-type": "text/xml" }, body: "<a>ü</a>" });
    expect(xml.body).toBe("<a>ü</a>");
  });

  test("headers: null is left out, a name in two spellings is sent once, other values become text", async () => {
    const seen = await echo({
      headers: { "X-A": null, "x-b": 5, "X-Trace": "one", "x-trace": "two", accept: "text/csv" },
    });
    expect(seen.headers).toMatchObject({
      "x-b": "5",
      "x-trace": "two",
      accept: "text/csv",
      "user-agent": "millrace",
    });
    expect(seen.headers).not.toHaveProperty("x-a");
    expect(seen.rawHeaders.filter((name) => name.toLowerCase() === "x-trace")).toHaveLength(1);
  });

  test.each([
    ["no method we know", { method: "TRACE" }, "method"],
    ["a url that is none", { url: "nowhere" }, "no URL"],
    ["a url that is not http", { url: "ftp://example.com/x" }, "ftp:"],
    ["a url with a user name", { url: "https://me:pass-word@example.com/" }, "user name"],
    ["a body with GET", { body: {} }, "GET request carries no body"],
    ["a header with a line break", { headers: { "x-a": "1\r\nx-b: 2" } }, "x-a"],
    ["a header of ours", { headers: { Host: "other.test" } }, "Host is set by the engine"],
    ["headers that are no object", { headers: ["a"] }, "headers"],
  ])("%s is a bad request, and nothing is sent", async (_, request, words) => {
    const before = server.seen.length;
    const answer = await ask(request);
    expect(answer.error).toMatchObject({
      kind: "bad_request",
      message: expect.stringContaining(words) as string,
    });
    expect(answer).not.toHaveProperty("status");
    expect(answer.error!.message).not.toContain("pass-word");
    expect(server.seen.length).toBe(before);
  });
});

describe("secrets", () => {
  test("are put in everywhere, encoded where they stand in the address", async () => {
    const seen = await echo({
      method: "POST",
      url: "/echo?key=<<$secret.API>>",
      query: { k: "<<$secret.API>>" },
      headers: { authorization: "Bearer <<$secret.SHORT>>", "x-<<$secret.SHORT>>": "1" },
      body: { deep: [{ key: "a <<$secret.API>> b <<$secret.SHORT>>" }], "<<$secret.SHORT>>": 1 },
    });
    const query = new URL(seen.url, server.url).searchParams;
    expect([query.get("key"), query.get("k")]).toEqual([secrets.shared.API, secrets.shared.API]);
    expect(seen.headers).toMatchObject({ authorization: "Bearer abc", "x-abc": "1" });
    expect(JSON.parse(seen.body)).toEqual({ deep: [{ key: `a ${secrets.shared.API} b abc` }], abc: 1 });
  });

  test("data that the database marked as no placeholder arrives as it was", async () => {
    const seen = await echo({
      method: "POST",
      body: { note: "<<$$secret.API>> <<$$$secret.API>> <<$secret.SHORT>>" },
    });
    expect(JSON.parse(seen.body)).toEqual({ note: "<<$secret.API>> <<$$secret.API>> abc" });
  });

  test("come from the request's own scope only", async () => {
    const seen = await echo({ headers: { "x-key": "<<$secret.API>>" } }, org);
    expect(seen.headers["x-key"]).toBe("the-tenant's-own-key");
    for (const [name, scope] of [
      ["SHORT", org],
      ["QUOTED", "shared"],
      ["EMPTY", "shared"],
      ["API", "nobody"],
      ["toString", "shared"],
      ["API", "__proto__"],
    ] as const) {
      const before = server.seen.length;
      const answer = await ask({ headers: { "x-key": `<<$secret.${name}>>` } }, { scope });
      expect(answer.error).toEqual({
        kind: "secret_missing",
        message: `there is no secret ${name} in the scope ${scope}`,
      });
      expect(server.seen.length).toBe(before);
    }
  });

  test("are taken out of an answer that sends them back, in every notation", async () => {
    const answer = await ask(
      {
        method: "POST",
        query: { k: "<<$secret.QUOTED>>" },
        headers: { "x-key": "<<$secret.API>>" },
        body: { "<<$secret.API>>": "<<$secret.QUOTED>>" },
      },
      { scope: org },
    );
    for (const form of ["tenant's", "hello", "%22hello", "twice"])
      expect(answer.bodyJson).not.toContain(form);
    const told = JSON.parse(answer.bodyJson!) as Seen;
    expect(told.headers["x-key"]).toBe("[secret API]");
    expect(told.url).toBe("/echo?k=[secret QUOTED]");
    // The body came back as JSON within JSON.
    expect(JSON.parse(told.body)).toEqual({ "[secret API]": "[secret QUOTED]" });
  });

  test("are taken out of errors and of text", async () => {
    const refused = await ask({ url: "http://127.0.0.1:9/?k=<<$secret.API>>" });
    expect(refused.error?.kind).toBe("blocked");
    const bad = await ask({ headers: { "x-<<$secret.API>>": "1" } });
    expect(bad.error).toEqual({
      kind: "bad_request",
      message: "the header x-[secret API] has a name or value that cannot be sent",
    });
    const talkative = await startServer((request, response) => {
      response
        .writeHead(401, { "content-type": "text/plain" })
        .end(`no such key: ${request.headers["x-key"]}`);
    });
    const exchange = createExchange({
      secrets,
      allowHosts: [talkative.host],
      allowPorts: [],
      maxAnswerBytes: 1_000,
    });
    const answer = await exchange.ask({
      request: { url: talkative.url, headers: { "x-key": "<<$secret.SHORT>>" } },
      secretScope: "shared",
      timeoutMs: 1_000,
    });
    await talkative.close();
    expect(answer).toMatchObject({ status: 401, body_text: "no such key: [secret SHORT]" });
  });
});

describe("what is reported", () => {
  test("a JSON answer as it came, digit by digit", async () => {
    const answer = await ask({ url: "/numbers" });
    expect(answer).toEqual({
      status: 200,
      headers: {},
      bodyJson: '{"id": 12345678901234567890, "exact": 1.10, "huge": 1e400}',
      duration_ms: expect.any(Number) as number,
    });
  });

  test("unicode; what jsonb cannot hold is replaced and costs nothing else", async () => {
    const { bodyJson } = await ask({ url: "/unicode" });
    expect(JSON.parse(bodyJson!)).toEqual({
      name: "Größe 東京 🏭",
      bad: "a\ufffdb\ufffd",
      good: "🏭 \\u0000",
    });
    expect((await ask({ url: "/latin1" })).bodyJson).toBe('{"city": "Malmö"}');
    expect((await ask({ url: "/deep" })).bodyJson).toHaveLength(20_000);
  });

  test("the status of an error, with its JSON", async () => {
    expect(await ask({ url: "/500" })).toMatchObject({ status: 500, bodyJson: '{"error":"broken"}' });
  });

  test("a page that is not JSON: its beginning, fit to be stored", async () => {
    const answer = await ask({ url: "/html" });
    expect(answer).toMatchObject({
      status: 502,
      headers: { "content-type": "text/html" },
      error: { kind: "invalid_json", message: "the answer is not JSON" },
    });
    expect(answer).not.toHaveProperty("bodyJson");
    expect(answer.body_text).toHaveLength(2_000);
    expect(answer.body_text).toMatch(/^<h1>Bad gateway\ufffd<\/h1>/);
    // 2,000 characters end in the middle of a factory; half of one would be refused by the database.
    expect(answer.body_text).toMatch(/🏭\ufffd$/u);
  });

  test("retry-after and content-type, no other header", async () => {
    const answer = await ask({ url: "/429" });
    expect(answer.status).toBe(429);
    expect(answer.headers).toEqual({ "content-type": "application/json", "retry-after": "7" });
    expect((await ask({ url: "/retry-twice" })).headers).toMatchObject({ "retry-after": "3" });
  });

  test.each([
    ["/broken", "the answer is not JSON", '{"items": [1, 2'],
    ["/empty", "the answer is empty", ""],
  ])("%s: invalid_json, with the status", async (url, message, text) => {
    expect(await ask({ url })).toMatchObject({
      status: 200,
      body_text: text,
      error: { kind: "invalid_json", message },
    });
  });

  test("an answer that has no body by its nature is no error", async () => {
    for (const request of [{ url: "/204" }, { method: "HEAD", url: "/echo" }]) {
      const answer = await ask(request);
      expect(answer.error).toBeUndefined();
      expect(answer).not.toHaveProperty("bodyJson");
    }
  });

  test.each(["/huge", "/endless", "/bomb"])("%s: too_large, and reading stops", async (url) => {
    const answer = await ask({ url });
    expect(answer.error).toEqual({ kind: "too_large", message: "the answer has more than 100000 bytes" });
    expect(answer).not.toHaveProperty("bodyJson");
  });

  test.each([
    ["/silent", undefined],
    ["/hanging", 200],
  ])("%s: timeout, the body's time included", async (url, status) => {
    const answer = await ask({ url }, { timeoutMs: 150 });
    expect(answer.error).toEqual({ kind: "timeout", message: "no complete answer within 150 ms" });
    expect(answer.status).toBe(status);
    expect(answer.duration_ms).toBeGreaterThanOrEqual(149);
  });

  test("a redirect is a failure that says so, and is not followed", async () => {
    const answer = await ask({ url: "/redirect" });
    expect(answer).toMatchObject({
      status: 302,
      error: { kind: "blocked", message: "the answer is a redirect (302), and redirects are not followed" },
    });
    // It would tell where to, with whatever the address carries.
    expect(JSON.stringify(answer)).not.toContain("followed?");
    const unchanged = await ask({ url: "/304" });
    expect(unchanged).toEqual({ status: 304, headers: {}, duration_ms: unchanged.duration_ms });
    expect(server.seen.some((seen) => seen.url.includes("followed"))).toBe(false);
  });

  test.each([
    ["/reset", /^the connection was (reset|closed before the answer was complete)$/],
    ["/cut", /^the connection was (reset|closed before the answer was complete)$/],
  ])("%s: network", async (url, message) => {
    const answer = await ask({ url });
    expect(answer.error).toEqual({ kind: "network", message: expect.stringMatching(message) as string });
  });

  test("nobody listens: network; an address that is not public: blocked", async () => {
    const gone = await startServer(() => {});
    await gone.close();
    const exchange = createExchange({
      secrets,
      allowHosts: [gone.host],
      allowPorts: [],
      maxAnswerBytes: 1_000,
    });
    const outgoing = {
      request: { url: `${gone.url}/?k=<<$secret.API>>` },
      secretScope: "shared",
      timeoutMs: 1_000,
    };
    expect((await exchange.ask(outgoing)).error).toEqual({
      kind: "network",
      message: "the connection was refused",
    });
    const blocked = await ask({ url: "http://169.254.169.254/latest/meta-data" });
    expect(blocked.error?.kind).toBe("blocked");
    expect(blocked).not.toHaveProperty("status");
  });

  test("the look-up of a name counts against the time too", async () => {
    const exchange = createExchange(
      { secrets, allowHosts: [], allowPorts: [], maxAnswerBytes: 1_000 },
      { resolve: () => new Promise(() => {}) },
    );
    const answer = await exchange.ask({
      request: { url: "http://slow.test/" },
      secretScope: "shared",
      timeoutMs: 50,
    });
    expect(answer.error?.kind).toBe("timeout");
  });
});

describe("a request that is too large", () => {
  const small = () =>
    createExchange({
      secrets,
      allowHosts: [server.host],
      allowPorts: [],
      maxAnswerBytes: 100_000,
      maxRequestBytes: 2_000,
    });
  const text = "ü".repeat(1_000);

  test.each([
    ["body", { method: "POST", body: text }],
    ["address", { query: { q: text } }],
    ["headers", { headers: { "x-a": "a".repeat(2_000) } }],
  ])("in its %s is a bad request that says how large, and nothing is sent", async (_, request) => {
    const before = server.seen.length;
    const outgoing = {
      request: { ...request, url: `${server.url}/echo` },
      secretScope: "shared",
      timeoutMs: 500,
    };
    const { error, status } = await small().ask(outgoing);
    expect(error).toEqual({
      kind: "bad_request",
      message: expect.stringMatching(
        /^the request has \d{4} bytes, and no more than 2000 are sent \(ETL_MAX_REQUEST_BYTES\)$/,
      ) as string,
    });
    expect([status, server.seen.length]).toEqual([undefined, before]);
  });

  test("counts bytes, a message's too, and lets pass what is as large as allowed", async () => {
    const room = 2_000 - `${server.url}/204`.length;
    for (const [body, status] of [
      ["a".repeat(room), 204],
      ["a".repeat(room + 1), undefined],
      ["ü".repeat(room / 2 + 1), undefined],
    ] as const) {
      expect((await small().post(`${server.url}/204`, {}, body, 500)).status).toBe(status);
    }
  });
});

describe("what a client answers to a message", () => {
  let client: TestServer;
  let answer: (response: ServerResponse) => void;
  beforeAll(async () => {
    client = await startServer((_, response) => answer(response));
  });
  afterAll(() => client.close());

  function post(by: (response: ServerResponse) => void, filler?: SecretFiller): Promise<Answer> {
    answer = by;
    const exchange = createExchange({
      secrets,
      allowHosts: [client.host],
      allowPorts: [],
      maxAnswerBytes: 10_000,
    });
    return exchange.post(client.url, {}, "{}", 2_000, filler);
  }

  test("is kept as far as 1,024 bytes, in whole characters", async () => {
    expect((await post((response) => response.end("thank you"))).body_text).toBe("thank you");
    expect((await post((response) => response.end("a".repeat(5_000)))).body_text).toBe("a".repeat(1_024));
    const wide = (await post((response) => response.end(`a${"🏭".repeat(1_000)}`))).body_text!;
    expect(wide).toBe(`a${"🏭".repeat(255)}`);
    expect(Buffer.byteLength(wide)).toBeLessThanOrEqual(1_024);
  });

  test("is fit to be stored, in its own encoding, and not compressed", async () => {
    expect((await post((response) => response.end("a\0b\ud800"))).body_text).toBe("a\ufffdb\ufffd");
    const latin = await post((response) => {
      response.setHeader("content-type", "text/plain; charset=iso-8859-1");
      response.end(Buffer.from("Malmö", "latin1"));
    });
    expect(latin.body_text).toBe("Malmö");
    const packed = await post((response) => {
      response.setHeader("content-encoding", "gzip");
      response.end(gzipSync("unpacked"));
    });
    expect(packed.body_text).toBe("unpacked");
    expect(client.seen.at(-1)!.headers["accept-encoding"]).toBe("identity");
  });

  test("is nothing where there is nothing", async () => {
    for (const by of [
      (response: ServerResponse) => response.writeHead(204).end(),
      (response: ServerResponse) => response.end(),
    ]) {
      const told = await post(by);
      expect(told).not.toHaveProperty("body_text");
      expect(told.duration_ms).toBeLessThan(400);
    }
  });

  test("is not waited for: what has come in half a second is kept, and the status counts", async () => {
    const told = await post((response) => response.write("so far"));
    expect(told).toMatchObject({ status: 200, body_text: "so far" });
    expect(told).not.toHaveProperty("error");
    expect(told.duration_ms).toBeLessThan(1_900);
  });

  test("is read no further than needed", async () => {
    let written = 0;
    const told = await post((response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, "x"))) written += 65_536;
      };
      response.on("drain", more);
      more();
    });
    expect(told.body_text).toHaveLength(1_024);
    // What the sockets hold between them is a few megabytes.
    expect(written).toBeLessThan(30_000_000);
  });

  test("goes without the secrets its request carried, nor half of one", async () => {
    const filler = new SecretFiller(new SecretStore({ secrets }), org, {});
    const key = filler.text("<<$secret.API>>");
    const whole = await post((response) => response.end(`your key is ${key}.`), filler);
    expect(whole.body_text).toBe("your key is [secret API].");
    const half = await post((response) => response.write(`your key is ${key.slice(0, 9)}`), filler);
    expect(half.body_text).not.toContain(key.slice(0, 5));
    const across = await post((response) => response.end("x".repeat(1_015) + key.repeat(9)), filler);
    expect(across.body_text).not.toContain(key.slice(0, 5));
  });
});
