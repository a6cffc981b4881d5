import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { DatabaseError, type WantedSecret } from "../../supabase/functions/_shared/client.ts";
import { readKeys, seal } from "../../supabase/functions/_shared/seal.ts";
import {
  HELD_MS,
  MissingSecret,
  SecretNotHeld,
  SecretStore,
} from "../../supabase/functions/_shared/secret-store.ts";
import { SecretFiller } from "../../supabase/functions/_shared/secrets.ts";
import type { Handler } from "../../supabase/functions/_shared/handler.ts";
import { deliverWebhooks } from "../../supabase/functions/deliver-webhooks/handler.ts";
import { executeRuns } from "../../supabase/functions/execute-runs/handler.ts";
import { FakeClient, org, uuid } from "../functions/support/client.ts";
import { startServer, type TestServer } from "../functions/support/server.ts";

const keyText = randomBytes(32).toString("base64");
const [key] = readKeys(keyText);
let client: FakeClient;

function put(scope: string, name: string, version: number, value: string, under = key!): void {
  const place = { scope, name, version };
  client.secrets.unshift({ ...place, key_id: under.id, value: seal(under, place, value) });
}

beforeEach(() => {
  client = new FakeClient();
});

describe("what is held", () => {
  const api: WantedSecret = { use: "fill", scope: org, name: "API" };
  let store: SecretStore;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
    store = new SecretStore({ secrets: { [org]: { FIXED: "from the environment" } }, secretKeys: [key!] });
    store.source = client;
    put(org, "API", 1, "the first value");
  });
  afterEach(() => vi.useRealTimers());

  test("is loaded once, and then at hand without a wait", async () => {
    expect(() => store.find(api)).toThrow(SecretNotHeld);
    await store.load([api]);
    expect(store.find(api)).toBe("the first value");
    await store.load([api]);
    expect(client.secretReads).toEqual([[api]]);
  });

  test("is forgotten within 5 seconds: so long a revoked one may still go out", async () => {
    await store.load([api]);
    client.secrets = [];
    vi.advanceTimersByTime(HELD_MS - 1);
    expect(store.find(api)).toBe("the first value");
    vi.advanceTimersByTime(1);
    expect(HELD_MS).toBeLessThanOrEqual(5_000);
    expect(() => store.find(api)).toThrow(SecretNotHeld);
    await store.load([api]);
    expect(() => store.find(api)).toThrow(MissingSecret);
    expect([...store.values()]).toEqual([]);
  });

  test("does not stay in memory when nobody asks again", async () => {
    await store.load([api]);
    expect([...store.values()]).toEqual(["the first value"]);
    vi.advanceTimersByTime(2 * (HELD_MS + 1_000));
    expect([...store.values()]).toEqual([]);
  });

  test("what is missing is asked for again after a second", async () => {
    const late = { ...api, name: "LATE" };
    await store.load([late]);
    expect(() => store.find(late)).toThrow(`there is no secret LATE in the scope ${org}`);
    put(org, "LATE", 1, "set in the meantime");
    vi.advanceTimersByTime(1_000);
    await store.load([late]);
    expect(store.find(late)).toBe("set in the meantime");
  });

  test("the environment's own wins and is never asked for", async () => {
    put(org, "FIXED", 1, "from the database");
    expect(store.find({ ...api, name: "FIXED" })).toBe("from the environment");
    await store.load([{ ...api, name: "FIXED" }]);
    expect(client.secretReads).toEqual([]);
  });

  test("loaded for a request it is good for that request, however long that took", async () => {
    await store.load([api]);
    vi.advanceTimersByTime(HELD_MS);
    expect(() => store.find(api)).toThrow(SecretNotHeld);
    expect(store.find(api, true)).toBe("the first value");
  });

  test("many at once are one question, and the batch's others come along", async () => {
    for (let n = 0; n < 5; n++) put(org, `K${n}`, 1, `value number ${n}`);
    const wanted = Array.from({ length: 5 }, (_, n) => ({ ...api, name: `K${n}` }));
    store.expect(() => wanted);
    await Promise.all([store.load([wanted[0]!]), store.load([wanted[1]!]), store.load([wanted[4]!])]);
    expect(client.secretReads).toHaveLength(1);
    expect(wanted.map((one) => store.find(one))).toEqual(wanted.map((_, n) => `value number ${n}`));
  });

  test("a database that does not answer is asked three times, then told of", async () => {
    let calls = 0;
    client.readSecrets = () => {
      calls++;
      return Promise.reject(new DatabaseError("read_secrets", "gone", undefined));
    };
    const loading = expect(store.load([api])).rejects.toThrow("could not be read");
    await vi.advanceTimersByTimeAsync(1_000);
    await loading;
    expect(calls).toBe(3);
    client.readSecrets = () => {
      calls++;
      return Promise.reject(new DatabaseError("read_secrets", "no right to", "42501"));
    };
    await expect(store.load([api])).rejects.toThrow("could not be read");
    expect(calls).toBe(4);
  });

  test("one that cannot be opened says why, and spoils no other version", async () => {
    const [foreign] = readKeys(randomBytes(32).toString("base64"));
    put(org, "API", 2, "sealed elsewhere", foreign);
    const sign = { ...api, use: "sign" as const };
    await store.load([api, sign]);
    expect(() => store.find(api)).toThrow(
      `sealed under the key ${foreign!.id}, which ETL_SECRET_KEY does not hold`,
    );
    expect(store.find(sign)).toBe("the first value");
  });
});

describe("what is taken out of an answer", () => {
  const value = 'Bearer/+"x & ü" of 32 bytes or so';
  const filler = () => {
    const one = new SecretFiller(new SecretStore({ secrets: { shared: { A: value } } }), "shared", null);
    one.text("<<$secret.A>>");
    return one;
  };
  const forms: [string, string][] = [
    ["as it is", value],
    ["in a URL", encodeURIComponent(value)],
    ["in a URL, in lower case", encodeURIComponent(value).replace(/%../g, (escape) => escape.toLowerCase())],
    ["in a form", new URLSearchParams({ a: value }).toString().slice(2)],
    ["in JSON", JSON.stringify(value).slice(1, -1)],
    ["in JSON within JSON", JSON.stringify(JSON.stringify(value)).slice(3, -3)],
    ["in HTML", value.replaceAll("&", "&amp;").replaceAll('"', "&quot;")],
    ["in hex", Buffer.from(value).toString("hex")],
    ["in base64", Buffer.from(value).toString("base64")],
    ["in base64 for URLs", Buffer.from(value).toString("base64url")],
    ["in base64, after one character", Buffer.from(`a${value}b`).toString("base64")],
    ["in base64, after two", Buffer.from(`us${value}`).toString("base64")],
  ];

  test.each(forms)("%s", (_, form) => {
    const clean = filler().scrub(`before ${form} after`);
    expect(clean).toContain("[secret A]");
    // No ten characters of it in a row are left.
    for (let at = 0; at + 10 <= form.length; at++) expect(clean).not.toContain(form.slice(at, at + 10));
    const answer = { list: [{ [form]: `<${form}>` }] };
    const json = filler().scrubJson(JSON.stringify(answer), answer);
    for (let at = 0; at + 10 <= form.length; at++)
      expect(json).not.toContain(JSON.stringify(form.slice(at, at + 10)).slice(1, -1));
  });

  test("any text, by any encoder that escapes some of it", () => {
    const way = fc.constantFrom<(one: string) => string>(
      (one) => one,
      (one) => encodeURIComponent(one),
      (one) => encodeURIComponent(one).replace(/%../g, (escape) => escape.toLowerCase()),
      (one) => encodeURIComponent(one).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`),
      (one) => JSON.stringify(one).slice(1, -1),
      (one) => JSON.stringify(JSON.stringify(one).slice(1, -1)).slice(1, -1),
      (one) => [...one].map((c) => (/[A-Za-z0-9_.~-]/.test(c) ? c : `&#${c.codePointAt(0)};`)).join(""),
      (one) => one.replaceAll("/", "\\/"),
    );
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 8, maxLength: 40 }),
        way,
        way,
        (value, first, second) => {
          const one = new SecretFiller(
            new SecretStore({ secrets: { shared: { A: value } } }),
            "shared",
            null,
          );
          one.text("<<$secret.A>>");
          const half = value.length >> 1;
          // Not in the middle of a character, nor between backslashes, which mean something together.
          fc.pre(!/[\ud800-\udbff\\]$/.test(value.slice(0, half)));
          // A backslash of an escape may be left over: it tells nothing.
          const clean = one.scrub(`<${first(value.slice(0, half))}${second(value.slice(half))}>`);
          expect(clean).toMatch(/^<\\*\[secret A\]>$/);
        },
      ),
    );
  });

  test("one that is made to be searched for a long time is not", () => {
    const value = `${"\\".repeat(400)}"${"\\ ".repeat(200)}x`;
    const one = new SecretFiller(new SecretStore({ secrets: { shared: { A: value } } }), "shared", null);
    one.text("<<$secret.A>>");
    const text = "\\".repeat(30_000) + '\\" '.repeat(10_000);
    const begun = performance.now();
    expect(one.scrub(text)).toBe(text);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  test("nor does half of one stay where a text is cut off", () => {
    const long = "k3y-".repeat(300);
    const one = new SecretFiller(new SecretStore({ secrets: { shared: { A: long } } }), "shared", null);
    one.text("<<$secret.A>>");
    const echoed = long.repeat(50);
    for (const cut of [1_500, 2_000, 16_000, 17_000, 20_001]) {
      expect(one.scrubStart(echoed.slice(0, cut), 1_000, true)).not.toContain("k3y-");
    }
    expect(one.scrubStart(echoed, 1_000)).not.toContain("k3y-");
    expect(one.scrubStart("a whole text", 1_000)).toBe("a whole text");
    expect(one.scrubStart("a whole text", 7)).toBe("a whole");
  });
});

describe("in the functions", () => {
  const key16 = "a-key-of-some-length";
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer((seen, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ said: seen.headers }));
    });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.seen.length = 0;
  });

  const lines: string[] = [];
  const around = () => ({
    env: { ETL_FUNCTION_KEY: key16, ETL_ALLOW_HOSTS: server.host, ETL_SECRET_KEY: keyText },
    connect: () => Promise.resolve(client),
    writeLog: (line: string) => lines.push(line),
  });
  const call = async (handler: Handler, status = 200) => {
    const headers = { authorization: `Bearer ${key16}` };
    const response = await handler(new Request("http://functions.test/", { method: "POST", headers }));
    expect(response.status).toBe(status);
  };

  test("a batch of requests asks once, whatever it needs, and again when nothing is held any more", async () => {
    for (let n = 0; n < 200; n++) {
      put(org, `K${n}`, 1, `a secret of the request ${n}`);
      client.addRun({ url: server.url, headers: { "x-key": `<<$secret.K${n}>>` } });
    }
    const handler = executeRuns({ ...around(), limits: { batch: 200, concurrency: 20, usualMs: 10 } });
    await call(handler);
    expect(client.runResults).toHaveLength(200);
    expect(client.secretReads.map((wanted) => wanted.length)).toEqual([200]);
    expect(new Set(server.seen.map(({ headers }) => headers["x-key"])).size).toBe(200);
    expect(JSON.stringify(client.runResults)).not.toContain("a secret of the request");
    for (let n = 0; n < 50; n++)
      client.addRun({ url: server.url, headers: { "x-key": `<<$secret.K${n}>>` } });
    await call(handler);
    expect(client.secretReads).toHaveLength(1);
  });

  test("a batch of messages to many orgs, too, and each is signed with all that are in force", async () => {
    const signing = () => `whsec_${randomBytes(24).toString("base64")}`;
    const orgs = Array.from({ length: 100 }, (_, n) => uuid(n));
    const [older, newer] = [orgs.map(signing), orgs.map(signing)];
    for (const [n, one] of orgs.entries()) {
      put(one, "webhook", 1, older[n]!);
      put(one, "webhook", 2, newer[n]!);
      client.addDelivery(`${server.url}/${n}`, `{"n": ${n}}`, { org_id: one, secret_scope: one });
    }
    await call(deliverWebhooks({ ...around(), limits: { batch: 100, usualMs: 10 } }));
    expect(client.deliveryResults.map(({ status }) => status)).toEqual(orgs.map(() => 200));
    expect(client.secretReads.map((wanted) => wanted.length)).toEqual([100]);
    for (const seen of server.seen) {
      const n = Number(seen.url.slice(1));
      for (const secret of [older[n]!, newer[n]!])
        expect(new Webhook(secret).verify(seen.body, seen.headers as Record<string, string>)).toEqual({ n });
    }
  });

  test("one that is missing or cannot be opened is told by name, and nothing is sent", async () => {
    client.addRun({ url: server.url, headers: { "x-key": "<<$secret.GONE>>" } });
    put(org, "MOVED", 1, "sealed for version 1");
    client.secrets[0]!.version = 2;
    client.addRun({ url: server.url, headers: { "x-key": "<<$secret.MOVED>>" } });
    client.addDelivery(server.url, "{}");
    await call(executeRuns(around()));
    await call(deliverWebhooks(around()));
    expect([...client.runResults, ...client.deliveryResults].map(({ error }) => error)).toEqual([
      { kind: "secret_missing", message: `there is no secret GONE in the scope ${org}` },
      {
        kind: "secret_missing",
        message: `version 2 of the secret MOVED in the scope ${org} cannot be opened: what the database holds was changed, or belongs elsewhere`,
      },
      { kind: "secret_missing", message: `there is no secret webhook in the scope ${org}` },
    ]);
    expect(server.seen).toEqual([]);
  });

  test("when they cannot be read, the request fails as one that may be tried again", async () => {
    client.readSecrets = () => Promise.reject(new DatabaseError("read_secrets", "no right to", "42501"));
    client.addRun({ url: server.url, headers: { "x-key": "<<$secret.API>>" } });
    client.addDelivery(server.url, "{}");
    await call(executeRuns(around()));
    await call(deliverWebhooks(around()));
    for (const { error } of [...client.runResults, ...client.deliveryResults])
      expect(error).toEqual({ kind: "network", message: "its secrets could not be read from the database" });
  });

  test("the log masks what the database gave", async () => {
    put(org, "API", 1, "the secret that is held");
    client.addRun({ url: server.url, headers: { "x-key": "<<$secret.API>>" } });
    client.completeRunRequests = () =>
      Promise.reject(new DatabaseError("complete", "why: the secret that is held", "22000"));
    lines.length = 0;
    await call(executeRuns(around()), 503);
    expect(lines.join()).toContain("why: [secret]");
    expect(lines.join()).not.toContain("the secret that is held");
  });
});
