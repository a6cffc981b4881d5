import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, test, vi } from "vitest";
import { refuse } from "../../supabase/functions/_shared/auth.ts";
import { readConfig } from "../../supabase/functions/_shared/config.ts";
import { connect } from "../../supabase/functions/_shared/connect.ts";
import { parseJson, storable, storableJson } from "../../supabase/functions/_shared/json.ts";
import { createLog } from "../../supabase/functions/_shared/log.ts";
import { signatureHeaders } from "../../supabase/functions/_shared/sign.ts";

const key = "a-key-of-some-length";

describe("who may call", () => {
  const call = (init: RequestInit & { duplex?: "half" }) =>
    refuse(new Request("http://functions.test/", init), key);
  const authorization = `Bearer ${key}`;

  test.each([
    ["no body", {}],
    ["an empty body", { body: "" }],
    ["an object", { body: '{"anything": [1]}' }],
  ])("a POST with the key and %s is let in", async (_, init) => {
    expect(await call({ method: "POST", headers: { authorization }, ...init })).toBeUndefined();
  });

  test.each([
    ["GET", { method: "GET", headers: { authorization } }, 405],
    ["DELETE", { method: "DELETE", headers: { authorization } }, 405],
    ["no key", { method: "POST" }, 401],
    ["another key", { method: "POST", headers: { authorization: `Bearer ${key}x` } }, 401],
    [
      "the beginning of the key",
      { method: "POST", headers: { authorization: `Bearer ${key.slice(0, -1)}` } },
      401,
    ],
    ["the key without Bearer", { method: "POST", headers: { authorization: key } }, 401],
    ["no key and a bad body", { method: "POST", body: "[" }, 401],
    ["a list", { method: "POST", headers: { authorization }, body: "[]" }, 400],
    ["null", { method: "POST", headers: { authorization }, body: "null" }, 400],
    ["broken JSON", { method: "POST", headers: { authorization }, body: "{" }, 400],
    ["too much", { method: "POST", headers: { authorization }, body: `{"a": "${"x".repeat(65_536)}"}` }, 400],
  ])("%s is refused and told nothing", async (_, init, status) => {
    const refusal = (await call(init))!;
    expect(refusal.status).toBe(status);
    expect(await refusal.text()).toMatch(/^\{"error":"[a-z ]+"\}$/);
    // Nothing about who answers, or how.
    const names = [...refusal.headers.keys()].filter((name) => name !== "content-type");
    expect(names).toEqual({ 400: [], 401: ["www-authenticate"], 405: ["allow"] }[status]);
  });

  test("whoever has no key is told no more than that, whatever else is wrong", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom(..."abAB019-._~+/= ") }),
        fc.option(fc.string()),
        async (token, body) => {
          const headers = { authorization: `Bearer ${token}` };
          const refusal = await call({ method: "POST", headers, body });
          expect(refusal?.status).toBe(token.trim() === key ? undefined : 401);
        },
      ),
    );
  });

  test.each([undefined, "", "short"])("the key %j is nobody's", async (bad) => {
    for (const token of ["", "short", "undefined", key]) {
      const headers = { authorization: `Bearer ${token}` };
      const request = new Request("http://functions.test/", { method: "POST", headers });
      expect((await refuse(request, bad))?.status).toBe(401);
    }
  });

  test("a key is compared as its digest: no longer for one that is nearly right, or as long", async () => {
    const compared: [number, number][] = [];
    vi.doMock("node:crypto", async (actual) => {
      const crypto = await actual<typeof import("node:crypto")>();
      return {
        ...crypto,
        timingSafeEqual: (one: Buffer, other: Buffer) => {
          compared.push([one.length, other.length]);
          return crypto.timingSafeEqual(one, other);
        },
      };
    });
    vi.resetModules();
    const { refuse: watched } = await import("../../supabase/functions/_shared/auth.ts");
    for (const token of ["", "x", key.slice(1), `${key}x`, key.replace("a", "b"), "y".repeat(5_000)]) {
      const headers = { authorization: `Bearer ${token}` };
      const refusal = await watched(new Request("http://functions.test/", { method: "POST", headers }), key);
      expect(refusal?.status).toBe(401);
    }
    vi.doUnmock("node:crypto");
    expect(compared).toEqual(Array.from({ length: 6 }, () => [32, 32]));
  });

  test("a body that never ends is not waited for beyond its size", async () => {
    let pulled = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(16_384));
      },
    });
    const refusal = await call({ method: "POST", headers: { authorization }, body, duplex: "half" });
    expect(refusal?.status).toBe(400);
    expect(pulled).toBeLessThan(10);
  });
});

describe("signatures", () => {
  const secret = `whsec_${Buffer.from("a secret of 24 bytes....").toString("base64")}`;
  const older = `whsec_${Buffer.from("another one, older......").toString("base64")}`;
  const body = '{"type": "activity_request.done", "name": "Größe 東京 🏭"}';

  test("are accepted by the library a client uses", () => {
    const headers = signatureHeaders(secret, "msg_1", body);
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(older).verify(body, headers)).toThrow("No matching signature");
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow("No matching signature");
    expect(() => new Webhook(secret).verify(body, { ...headers, "webhook-id": "msg_2" })).toThrow(
      "No matching",
    );
  });

  test("of two secrets are accepted by a client that has either", () => {
    const headers = signatureHeaders(`${secret} ${older}`, "msg_1", body);
    for (const one of [secret, older]) expect(() => new Webhook(one).verify(body, headers)).not.toThrow();
  });

  test("an old message is not accepted as a new one", () => {
    const headers = signatureHeaders(secret, "msg_1", body, new Date(Date.now() - 3_600_000));
    expect(() => new Webhook(secret).verify(body, headers)).toThrow("too old");
  });

  test.each(["", " ", "whsec_", "whsec_%%%not-base64%%%"])(
    "the secret %j signs nothing, and is not told",
    (bad) => {
      expect(() => signatureHeaders(bad, "msg_1", body)).toThrow(
        /^the secret is (empty|not of the form whsec_<base64>)$/,
      );
    },
  );
});

describe("settings", () => {
  test("have defaults but for the key", () => {
    expect(readConfig({ ETL_FUNCTION_KEY: key, ETL_SECRETS: "" })).toEqual({
      functionKey: key,
      secrets: {},
      secretKeys: [],
      manageKey: key,
      allowHosts: [],
      allowPorts: [],
      denyNetworks: [],
      proxied: [],
      wallMs: 120_000,
      cpuMs: 1_500,
      maxRequests: 1_000,
      batch: 500,
      concurrency: 20,
      maxAnswerBytes: 10_000_000,
      maxRequestBytes: 10_000_000,
      reuseConnections: true,
      logLevel: "info",
    });
  });

  test("are read", () => {
    const read = readConfig({
      ETL_FUNCTION_KEY: key,
      ETL_SECRETS: '{"shared": {"A": "1"}}',
      ETL_ALLOW_HOSTS: " 127.0.0.1:8080, LocalHost ,",
      ETL_ALLOW_PORTS: "443, 8443",
      ETL_DENY_NETWORKS: "198.51.100.0/24, 2001:DB8::/32",
      https_proxy: "http://127.0.0.1:4750",
      ETL_WALL_SECONDS: "2.5",
      ETL_BATCH: "7",
    });
    expect(read).toMatchObject({
      secrets: { shared: { A: "1" } },
      allowHosts: ["127.0.0.1:8080", "localhost"],
      allowPorts: [443, 8443],
      denyNetworks: ["198.51.100.0/24", "2001:db8::/32"],
      proxied: ["https:"],
      wallMs: 2_500,
      batch: 7,
    });
  });

  test.each([
    [{}, "ETL_FUNCTION_KEY is not set"],
    [{ ETL_FUNCTION_KEY: "short-word" }, "ETL_FUNCTION_KEY: "],
    [{ ETL_FUNCTION_KEY: key, ETL_SECRETS: '{"shared": {"A": "confidential' }, "ETL_SECRETS: is not JSON"],
    [{ ETL_FUNCTION_KEY: key, ETL_SECRETS: '{"confidential": {"confidential": 5}}' }, "ETL_SECRETS: "],
    [{ ETL_FUNCTION_KEY: key, ETL_BATCH: "many" }, "ETL_BATCH: "],
    [{ ETL_FUNCTION_KEY: key, ETL_ALLOW_PORTS: "http" }, "ETL_ALLOW_PORTS: "],
  ])("a fault names the variable, never a value (%#)", (env, words) => {
    expect(() => readConfig(env)).toThrow(words);
    expect(() => readConfig(env)).not.toThrow(/short-word|confidential|many/);
  });

  test.each([
    "10.0.0.0",
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/8/8",
    "/8",
    "host.test/8",
    "10.0.0.0/ 8",
    "10.0.0.0/-1",
  ])("%s is no network", (network) => {
    const env = { ETL_FUNCTION_KEY: key, ETL_DENY_NETWORKS: `192.0.2.0/24, ${network}` };
    expect(() => readConfig(env)).toThrow(
      "ETL_DENY_NETWORKS: is not a list of networks like 198.51.100.0/24",
    );
  });

  test("without a way to the database, say which variables offer one", async () => {
    await expect(connect({ SUPABASE_URL: "http://x.test" })).rejects.toThrow(
      "set DATABASE_URL, or SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY",
    );
  });
});

test("the log masks every secret and leaves out what is below its level", () => {
  const lines: string[] = [];
  const secrets = { shared: { A: "hidden", B: "hidden-more" }, org: { C: "private" } };
  const log = createLog({ functionKey: key, secrets, logLevel: "info" }, "execute-runs", (line) =>
    lines.push(line),
  );
  log("debug", "nothing");
  log("warn", "failed", { message: `hidden-more ${key} private hidden`, count: 2 });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toEqual({
    at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    level: "warn",
    function: "execute-runs",
    event: "failed",
    message: "[secret] [secret] [secret] [secret]",
    count: 2,
  });
});

describe("JSON fit for the database", () => {
  // What a text column refuses: U+0000 and half pairs.
  const refused = /\0|\p{Surrogate}/u;

  test("any text becomes storable and stays as long; what was storable stays as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, half) => {
        const bad = half ? `${text}\ud83c` : text;
        expect(storable(bad)).not.toMatch(refused);
        expect(storable(bad)).toHaveLength(bad.length);
        if (!refused.test(bad)) expect(storable(bad)).toBe(bad);
      }),
    );
  });

  test("JSON text means the same afterwards, but for what is refused", () => {
    const part = fc.constantFrom(
      "\\",
      '"',
      "\0",
      "\ud83c",
      "\udfed",
      "🏭",
      "u0000",
      "\\u0000",
      "a",
      "\n",
      "\x01",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const text = parts.join("");
        expect(JSON.parse(storableJson(JSON.stringify({ [text]: [text] })))).toEqual({
          [storable(text)]: [storable(text)],
        });
      }),
    );
  });

  test("parsing gives what JSON.parse gives, numbers that fit included", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.stringify(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });
});
