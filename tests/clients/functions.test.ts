/** The edge functions `data` and `superadmin-clients`. */
import { createHmac, createSign, generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startFunctions } from "../../scripts/lib/functions.ts";
import { createPgPort } from "../../supabase/functions/_shared/client-pg.ts";
import { createSupabasePort } from "../../supabase/functions/_shared/client-supabase.ts";
import type { Port } from "../../supabase/functions/_shared/client.ts";
import { userOf } from "../../supabase/functions/_shared/users.ts";
import { dataHandler } from "../../supabase/functions/data/handler.ts";
import { superadminClientsHandler } from "../../supabase/functions/superadmin-clients/handler.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";
import { startRest, type Rest } from "../functions/support/lite.ts";
import WebSocket from "ws";

const id = (n: number): string => `c0000000-0000-4000-8000-00000000000${n}`;
const [org, shop, bar, sam, bea, olga, vera] = [1, 2, 3, 4, 5, 6, 7].map(id) as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];
const secret = "a-secret-that-tokens-are-signed-with";
const env = {
  ETL_FUNCTION_KEY: "a-key-of-the-bell-",
  ETL_MANAGE_KEY: "a-key-of-the-managers",
  ETL_JWT_SECRET: secret,
};

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const later = (): number => Math.floor(Date.now() / 1000) + 600;
function token(claims: object, key = secret, head: object = { alg: "HS256", typ: "JWT" }): string {
  const text = `${base64(head)}.${base64({ role: "authenticated", exp: later(), ...claims })}`;
  return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
}

let database: TestDatabase;
let rest: Rest;
const ports: Port[] = [];
let lines: string[] = [];

beforeAll(async () => {
  database = await freshDatabase("clientfunctions");
  rest = await startRest(database.url);
  ports.push(
    createPgPort(database.url, 1),
    createSupabasePort({
      url: "http://rest.test",
      key: rest.serviceKey,
      fetch: rest.fetch,
      transport: WebSocket as never,
    }),
  );
});
afterAll(async () => {
  await ports[0]?.close();
  await rest?.close();
  await database?.drop();
});
beforeEach(async () => {
  lines = [];
  await database.pool.query("delete from public.org");
  await database.pool.query(`
    insert into public.org (id, name, slug) values ('${org}', 'Acme', 'acme');
    insert into public.org_member (org_id, user_id, role) values ('${org}', '${olga}', 'owner'), ('${org}', '${vera}', 'viewer');
    insert into public.clients (client_id, organization_id, company_name, user_id)
    values ('${shop}', '${org}', 'Shop', '${sam}'), ('${bar}', '${org}', 'Bar', '${bea}');
    select etl_api.ingest_client_data('${shop}', 'orders', '[{"n": 1, "kind": "toys"}, {"n": 2, "kind": "books"}, {"n": 12345678901234567890.5, "kind": "toys"}]')`);
});

interface Call {
  method?: string;
  key?: string;
  body?: string | Uint8Array | ReadableStream;
  headers?: Record<string, string>;
}

async function call(
  which: "data" | "superadmin-clients",
  path: string,
  { method = "GET", key = env.ETL_FUNCTION_KEY, body, headers = {} }: Call = {},
  port = ports[0]!,
): Promise<[number, Record<string, unknown>]> {
  const around = { env, connect: () => Promise.resolve(port), writeLog: (line: string) => lines.push(line) };
  const handler = which === "data" ? dataHandler(around) : superadminClientsHandler(around);
  const response = await handler(
    new Request(`http://functions.test/${which}${path}`, {
      method,
      headers: { ...(key === "" ? {} : { authorization: `Bearer ${key}` }), ...headers },
      ...(body === undefined ? {} : { body: body as string, duplex: "half" }),
    }),
  );
  return [response.status, (await response.json()) as Record<string, unknown>];
}

describe.each([
  ["a connection", 0],
  ["PostgREST", 1],
])("GET /data/{client_id} over %s", (_, at) => {
  const get = (path: string, key?: string) =>
    call("data", path, key === undefined ? {} : { key }, ports[at]!);

  test("gives the rows, the newest first, as far as is asked", async () => {
    const [status, answer] = await get(`/${shop}?limit=2`);
    expect([status, answer.client_id, answer.count]).toEqual([200, shop, 3]);
    expect((answer.data as { data: object }[]).map(({ data }) => data)).toMatchObject([
      { kind: "toys" },
      { n: 2 },
    ]);
    const [, filtered] = await get(
      `/${shop}?filter=${encodeURIComponent('{"kind": "toys"}')}&table=client_c0000000_orders`,
    );
    expect(filtered.data).toHaveLength(2);
    const [, next] = await get(`/${shop}?before=${(answer.data as { id: number }[])[1]!.id}`);
    expect(next.data).toMatchObject([{ data: { n: 1 } }]);
    expect((await get(`/${shop}?table=other`))[1].data).toEqual([]);
  });

  test("with the rights of who is signed in, and without a word of what is another's", async () => {
    for (const user of [sam, olga, vera])
      expect(await get(`/${shop}`, token({ sub: user }))).toMatchObject([200, { count: 3 }]);
    const nothing = [404, { error: "there is no such client" }];
    expect(await get(`/${shop}`, token({ sub: bea }))).toEqual(nothing);
    expect(await get(`/${id(9)}`, token({ sub: bea }))).toEqual(nothing);
    expect(await get(`/${id(9)}`)).toEqual(nothing);
    // What one call was allowed does not outlast it.
    expect(await get(`/${shop}`, token({ sub: sam }))).toMatchObject([200, {}]);
    expect(await get(`/${bar}`, token({ sub: sam }))).toEqual(nothing);
  });

  test.each([
    ["limit=0", "limit is not from 1 to 10000"],
    ["limit=x", "limit is not from 1 to 10000"],
    ["limit=10001", "limit is not from 1 to 10000"],
    ["filter={", "filter is not JSON"],
    ["filter=[]", "filter is no object"],
    ["before=x", "before is no id"],
    ["sort=x", "there is no sort"],
  ])("%s: 400", async (query, error) => {
    expect(await get(`/${shop}?${query}`)).toEqual([400, { error }]);
  });
});

test.each([
  ["nothing", ""],
  ["no token", "x"],
  ["another's secret", token({ sub: sam }, "another-secret-altogether")],
  [
    "no algorithm",
    `${base64({ alg: "none" })}.${base64({ sub: sam, role: "authenticated", exp: later() })}.`,
  ],
  ["another algorithm", token({ sub: sam }, secret, { alg: "HS512" })],
  ["a token whose time is over", token({ sub: sam, exp: later() - 6_000 })],
  ["a token without an end", token({ sub: sam, exp: undefined })],
  ["a token of nobody", token({})],
  ["the key of anybody", token({ role: "anon" })],
  ["the key of a service", token({ role: "service_role", sub: sam })],
  ["the key of the managers", env.ETL_MANAGE_KEY],
])("%s is not let in", async (_, key) => {
  for (const path of [`/${shop}`, "/nowhere"])
    expect(await call("data", path, { key })).toEqual([401, { error: "unauthorized" }]);
});

test("other ways of asking are told", async () => {
  expect(await call("data", `/${shop}`, { method: "DELETE" })).toEqual([
    405,
    { error: "method not allowed" },
  ]);
  for (const path of ["", "/", "/shop", `/${shop}/more`])
    expect(await call("data", path)).toEqual([400, { error: "the address is /data/{client_id}" }]);
});

describe("POST /data/{client_id}", () => {
  const post = (
    path: string,
    body: Call["body"],
    type: string,
    more: Partial<Call> & { idempotency?: string } = {},
  ) =>
    call("data", path, {
      method: "POST",
      ...more,
      body,
      headers: {
        "content-type": type,
        ...(more.idempotency === undefined ? {} : { "idempotency-key": more.idempotency }),
      },
    });

  test("takes files in, as whoever may", async () => {
    for (const [key, status] of [
      [env.ETL_FUNCTION_KEY, 201],
      [token({ sub: sam }), 201],
      [token({ sub: olga }), 201],
      [token({ sub: vera }), 403],
      [token({ sub: bea }), 403],
    ] as const)
      expect(
        (await post(`/${shop}?type=notes`, "a,b\n1,2\n3,4\n", "text/csv; charset=utf-8", { key }))[0],
      ).toBe(status);
    expect((await call("data", `/${shop}?table=client_c0000000_notes`))[1].count).toBe(6);
    expect(await post(`/${shop}`, '[{"a": 1}, 5]', "application/json")).toMatchObject([
      201,
      { taken: 2, stored: 1, failed: 1, faults: [{ index: 1, code: "invalid_row" }] },
    ]);
    expect((await post(`/${shop}`, '{"a": 1}\n{"a": 2}', "application/x-ndjson"))[1]).toMatchObject({
      stored: 2,
    });
    expect((await post(`/${shop}?format=tsv`, "a\tb\n1\t2", "application/octet-stream"))[1]).toMatchObject({
      stored: 1,
    });
  });

  test("a body that comes again under its key is not taken twice; one that broke off goes on", async () => {
    const rows = Array.from({ length: 5_000 }, (_, n) => `${n}`);
    const broken = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(`n\n${rows.slice(0, 4_500).join("\n")}\n`));
      },
      pull(controller) {
        controller.error(new Error("the line went dead"));
      },
    });
    const [status, told] = await post(`/${shop}?type=many`, broken, "text/csv", { idempotency: "k1" });
    expect([status, told.error]).toEqual([
      400,
      expect.stringMatching(/^the body broke off; \d+ rows are in$/),
    ]);
    const whole = `n\n${rows.join("\n")}\n`;
    const [, all] = await post(`/${shop}?type=many`, whole, "text/csv", { idempotency: "k1" });
    expect(all).toMatchObject({ taken: 5_000, stored: 5_000 });
    expect(await post(`/${shop}?type=many`, whole, "text/csv", { idempotency: "k1" })).toMatchObject([
      200,
      { stored: 5_000 },
    ]);
    const { rows: counted } = await database.pool.query(
      "select count(*)::int as n, count(distinct data ->> 'n')::int as d from public.client_data where table_name like '%many'",
    );
    expect(counted).toEqual([{ n: 5_000, d: 5_000 }]);
  });

  test("what cannot be read is told, and what came before is in", async () => {
    expect(await post(`/${shop}`, "a", "image/png")).toMatchObject([415, {}]);
    expect(await post(`/${shop}?type=a-b`, "a\n1", "text/csv")).toMatchObject([
      400,
      { error: expect.stringContaining("no data type") as string },
    ]);
    expect(await post(`/${shop}?encoding=elvish`, "a\n1", "text/csv")).toMatchObject([400, {}]);
    expect(await post(`/${shop}`, '{"a": 1}', "application/json")).toEqual([
      400,
      { error: "the file is not one JSON array; 0 rows before are in" },
    ]);
    expect(await post(`/${shop}`, Uint8Array.from([0x61, 0x0a, 0xff]), "text/csv")).toMatchObject([
      400,
      { error: expect.stringContaining("not written in utf-8") as string },
    ]);
  });
});

describe.each([
  ["a connection", 0],
  ["PostgREST", 1],
])("POST /superadmin/clients over %s", (_, at) => {
  const post = (body: unknown, key = env.ETL_MANAGE_KEY) =>
    call(
      "superadmin-clients",
      "",
      { method: "POST", key, body: typeof body === "string" ? body : JSON.stringify(body) },
      ports[at]!,
    );
  const made = { organization_id: org, company_name: "New Ltd", email: "new@client.example" };

  test("makes a client, with its data", async () => {
    const [status, answer] = await post({
      ...made,
      data_type: "ecommerce",
      data: [{ sku: "A", price: "1,234" }, 5],
    });
    expect([status, answer]).toMatchObject([201, { success: 1, failed: 1, version: 1 }]);
    expect(answer.table_name).toBe(`client_${String(answer.client_id).slice(0, 8)}_ecommerce`);
    const [, read] = await call("data", `/${String(answer.client_id)}`);
    expect(read).toMatchObject({ count: 1, data: [{ data: { sku: "A", price: 1234 } }] });
    expect(await post({ organization_id: org, company_name: "Bare" })).toEqual([
      201,
      { client_id: expect.any(String) as string },
    ]);
  });

  test("refuses what is there already, in whatever case, and makes nothing", async () => {
    await post(made);
    expect(await post({ ...made, email: "NEW@client.example" })).toEqual([
      409,
      { error: "there is one like that already" },
    ]);
    expect(
      await post({ organization_id: org, company_name: "Half", data_type: "a b", data: [{}] }),
    ).toMatchObject([400, {}]);
    const { rows } = await database.pool.query("select count(*)::int as n from public.clients");
    expect(rows).toEqual([{ n: 3 }]);
  });

  test.each([
    ["{", "the body is not JSON"],
    ["[]", "the body is no object"],
    [{ organization_id: org }, "company_name is missing"],
    [{ ...made, organization_id: "acme" }, "organization_id is no id"],
    [{ ...made, email: "new" }, "email is no e-mail address"],
    [{ ...made, data: {} }, "data is no list of rows"],
    [{ ...made, password: "hush" }, "there is no password"],
    [{ ...made, organization_id: id(9) }, `there is no org ${id(9)}`],
  ])("%j: 400", async (body, error) => {
    expect(await post(body)).toEqual([400, { error: expect.stringContaining(error) as string }]);
  });

  test("only for whoever has the managers' key", async () => {
    for (const key of [env.ETL_FUNCTION_KEY, token({ sub: olga }), ""])
      expect(await post(made, key)).toEqual([401, { error: "unauthorized" }]);
    expect(await call("superadmin-clients", "", { key: env.ETL_MANAGE_KEY })).toEqual([
      405,
      { error: "method not allowed" },
    ]);
  });
});

test("a database that is gone is no fault of the caller's, and nothing of it is told", async () => {
  const port = createPgPort("postgres://postgres@127.0.0.1:1/none");
  expect(await call("data", `/${shop}`, {}, port)).toEqual([503, { error: "failed; the log says why" }]);
  expect(lines.join()).toContain("ECONNREFUSED");
});

describe("tokens that Supabase Auth vouches for", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = {
    ...publicKey.export({ format: "jwk" }),
    kid: "k1",
    alg: "ES256",
    use: "sig",
    key_ops: ["verify"],
  };
  const project = { SUPABASE_URL: "https://project.test", SUPABASE_ANON_KEY: "anon" };
  const signed = (claims: object): string => {
    const text = `${base64({ alg: "ES256", kid: "k1", typ: "JWT" })}.${base64({ role: "authenticated", exp: later(), ...claims })}`;
    return `${text}.${createSign("sha256").update(text).sign({ key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  };
  const asked: string[] = [];
  const auth =
    (status = 200): typeof fetch =>
    (input) => {
      const url = String(input instanceof Request ? input.url : input);
      asked.push(url);
      if (url.endsWith("/.well-known/jwks.json"))
        return Promise.resolve(Response.json({ keys: [jwk] }, { status }));
      return Promise.resolve(
        Response.json({ code: "bad_jwt", msg: "invalid" }, { status: status === 200 ? 403 : status }),
      );
    };

  test("by the keys it publishes", async () => {
    expect(await userOf(signed({ sub: sam }), project, auth())).toBe(sam);
    expect(asked).toEqual(["https://project.test/auth/v1/.well-known/jwks.json"]);
    expect(
      await userOf(
        signed({ sub: sam }).replace(
          /\.[^.]*\./,
          `.${base64({ sub: olga, role: "authenticated", exp: later() })}.`,
        ),
        project,
        auth(),
      ),
    ).toBeNull();
    expect(await userOf(signed({ sub: sam, exp: later() - 6_000 }), project, auth())).toBeNull();
    expect(await userOf(signed({ sub: sam, role: "service_role" }), project, auth())).toBeNull();
  });

  test("by asking it, where there is no such key; one that is down is not a token that is bad", async () => {
    expect(await userOf(token({ sub: sam }), project, auth())).toBeNull();
    await expect(userOf(token({ sub: sam }), project, auth(500))).rejects.toThrow("did not say whose token");
    expect(await userOf(token({ sub: sam }), {}, auth())).toBeNull();
  });
});

test("both in Deno, as they are deployed", async () => {
  const functions = await startFunctions({
    databaseUrl: database.url,
    env: { ETL_JWT_SECRET: secret, ETL_MANAGE_KEY: env.ETL_MANAGE_KEY },
    onLog: () => {},
  });
  try {
    expect(functions.failed).toEqual({});
    const ask = async (path: string, key: string, init: RequestInit = {}): Promise<[number, unknown]> => {
      const response = await fetch(functions.url + path, {
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${key}` },
      });
      return [response.status, await response.json()];
    };
    const body = JSON.stringify({ organization_id: org, company_name: "Deno Ltd", data: [{ n: "１２" }] });
    const [status, client] = await ask("/superadmin-clients", env.ETL_MANAGE_KEY, { method: "POST", body });
    expect(status).toBe(201);
    const { client_id: made } = client as { client_id: string };
    const csv = `n;said\n${Array.from({ length: 3_000 }, (_, n) => `${n};"x, ""y"""`).join("\n")}`;
    expect(
      await ask(`/data/${made}?type=orders`, functions.key, {
        method: "POST",
        body: csv,
        headers: { "content-type": "text/csv" },
      }),
    ).toMatchObject([201, { stored: 3_000 }]);
    expect(await ask(`/data/${made}?limit=1`, token({ sub: olga }))).toMatchObject([
      200,
      { count: 3_001, data: [{ data: { n: 2999, said: 'x, "y"' } }] },
    ]);
    expect((await ask(`/data/${made}`, token({ sub: sam })))[0]).toBe(404);
    expect((await ask(`/data/${made}`, "wrong"))[0]).toBe(401);
  } finally {
    await functions.stop();
  }
});
