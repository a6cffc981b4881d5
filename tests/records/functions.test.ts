/** The edge functions `records-generate`, `records-progress` and `records-insert`. */
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { startFunctions } from "../../scripts/lib/functions.ts";
import { createPgPort } from "../../supabase/functions/_shared/client-pg.ts";
import { createSupabasePort } from "../../supabase/functions/_shared/client-supabase.ts";
import { DatabaseError, type Port } from "../../supabase/functions/_shared/client.ts";
import { recordsGenerateHandler } from "../../supabase/functions/records-generate/handler.ts";
import { recordsInsertHandler } from "../../supabase/functions/records-insert/handler.ts";
import { recordsProgressHandler } from "../../supabase/functions/records-progress/handler.ts";
import { startRest, type Rest } from "../functions/support/lite.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const id = (n: number): string => `d0000000-0000-4000-8000-00000000000${n}`;
const [org, other, olga, vera, otto, leads, theirs, none] = [1, 2, 3, 4, 5, 6, 7, 8].map(id) as [
  ...[string, string, string, string],
  ...[string, string, string, string],
];
const secret = "a-secret-that-tokens-are-signed-with";
const env = { ETL_FUNCTION_KEY: "a-key-of-the-bell-", ETL_JWT_SECRET: secret, ETL_WALL_SECONDS: "3" };

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
function token(sub: string, key = secret): string {
  const claims = { sub, role: "authenticated", exp: Math.floor(Date.now() / 1000) + 600 };
  const text = `${base64({ alg: "HS256", typ: "JWT" })}.${base64(claims)}`;
  return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
}

let database: TestDatabase;
let rest: Rest;
const ports: Port[] = [];
const lines: string[] = [];

beforeAll(async () => {
  database = await freshDatabase("recordfunctions");
  rest = await startRest(database.url);
  const fetch = rest.fetch;
  ports.push(
    createPgPort(database.url, 1),
    createSupabasePort({
      url: "http://rest.test",
      key: rest.serviceKey,
      fetch,
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
  await database.pool.query("delete from public.workflow_request");
  await database.pool.query("delete from public.tables");
  await database.pool.query(`
    insert into public.org (id, name, slug) values ('${org}', 'Acme', 'acme'), ('${other}', 'Other', 'other') on conflict do nothing;
    insert into public.org_member (org_id, user_id, role)
    values ('${org}', '${olga}', 'owner'), ('${org}', '${vera}', 'viewer'), ('${other}', '${otto}', 'owner') on conflict do nothing;
    insert into public.tables (id, organization_id, name) values ('${leads}', '${org}', 'Leads'), ('${theirs}', '${other}', 'Theirs')`);
});

const handlers = {
  "records-generate": recordsGenerateHandler,
  "records-insert": recordsInsertHandler,
  "records-progress": recordsProgressHandler,
};
interface Call {
  method?: string;
  key?: string;
  body?: unknown;
  headers?: Record<string, string>;
  port?: Port;
  wait?: (ms: number) => Promise<void>;
}

function send(which: keyof typeof handlers, path: string, call: Call = {}): Promise<Response> {
  const {
    method = which === "records-progress" ? "GET" : "POST",
    key = token(olga),
    body,
    headers = {},
  } = call;
  const around = {
    env,
    connect: () => Promise.resolve(call.port ?? ports[0]!),
    writeLog: (line: string) => void lines.push(line),
    wait: call.wait ?? (() => new Promise<void>((resolve) => setImmediate(resolve))),
  };
  return handlers[which](around)(
    new Request(`http://functions.test/${which}${path}`, {
      method,
      headers: { ...(key === "" ? {} : { authorization: `Bearer ${key}` }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    }),
  );
}

async function answer(...args: Parameters<typeof send>): Promise<[number, Record<string, unknown>]> {
  const response = await send(...args);
  return [
    response.status,
    response.status === 204 ? {} : ((await response.json()) as Record<string, unknown>),
  ];
}

async function stage(count: number, more: object[] = []): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>("select etl_api.start_generation($1) as id", [
    leads,
  ]);
  await database.pool.query("select etl_api.stage_generated_records($1, $2)", [
    rows[0]!.id,
    JSON.stringify([...Array.from({ length: count }, (_, n) => ({ name: `Company ${n}` })), ...more]),
  ]);
  return rows[0]!.id;
}
const count = async (): Promise<number> =>
  (await database.pool.query<{ n: number }>("select count(*)::int as n from public.records")).rows[0]!.n;

/** The events of a stream that ends. */
async function events(
  response: Response,
): Promise<{ id: number; data: { message: string } & Record<string, unknown> }[]> {
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  return [...(await response.text()).matchAll(/^id: (\d+)\nevent: progress\ndata: (.*)$/gm)].map(
    ([, id, data]) => ({
      id: Number(id),
      data: JSON.parse(data!) as { message: string },
    }),
  );
}

describe.each([
  ["a connection", 0],
  ["PostgREST", 1],
])("over %s", (_, at) => {
  test("a generation begins, is staged, followed and inserted", async () => {
    const port = ports[at]!;
    const [status, begun] = await answer("records-generate", "", {
      port,
      body: { tableId: leads, count: 2, dataType: "companies" },
    });
    expect([status, begun]).toEqual([
      200,
      { jobId: begun.jobId, sessionId: begun.jobId, status: "processing", message: "Generation started" },
    ]);
    const job = begun.jobId as string;
    expect(
      (await database.pool.query("select request, created_by, total_records from public.ai_generation_jobs"))
        .rows,
    ).toEqual([{ request: { dataType: "companies" }, created_by: olga, total_records: 2 }]);
    await database.pool.query("select etl_api.stage_generated_records($1, $2)", [
      job,
      '[{"name": "A"}, {"name": "B"}]',
    ]);
    const [inserted, report] = await answer("records-insert", `/${job}`, { port, body: { tableId: leads } });
    expect([inserted, { ...report, insertedRecords: (report.insertedRecords as string[]).length }]).toEqual([
      200,
      { success: 2, failed: 0, repeated: 0, insertedRecords: 2, errors: [], warnings: [] },
    ]);
    const all = await events(await send("records-progress", `/${job}`, { port }));
    expect(all.map(({ data }) => data.message)).toEqual([
      "Generation started",
      "2 records to look at",
      "Analyzing generated fields...",
      "Inserted 1/2: A",
      "Inserted 2/2: B",
      "All 2 records inserted successfully",
    ]);
    expect(all[4]!.data).toMatchObject({
      stage: "insertion",
      type: "success",
      company: "B",
      progress: { current: 2, total: 2, percentage: 100 },
      job: { status: "completed", completedRecords: 2 },
    });
    // Whoever comes back goes on where they were.
    const rest = await events(
      await send("records-progress", `/${job}`, { port, headers: { "last-event-id": String(all[3]!.id) } }),
    );
    expect(rest.map(({ id }) => id)).toEqual(all.slice(4).map(({ id }) => id));
    expect(
      (await send("records-progress", `/${job}`, { port, headers: { "last-event-id": String(all[5]!.id) } }))
        .status,
    ).toBe(204);
  });

  test("only what is selected goes in, and twice is once", async () => {
    const port = ports[at]!;
    const job = await stage(5);
    const body = { tableId: leads, selectedIndices: [1, 3, 3] };
    expect((await answer("records-insert", `/${job}`, { port, body }))[1]).toMatchObject({
      success: 2,
      repeated: 0,
    });
    expect((await answer("records-insert", `/${job}`, { port, body }))[1]).toMatchObject({
      success: 2,
      repeated: 2,
    });
    expect(await count()).toBe(2);
  });

  test("the statuses are those of the document", async () => {
    const port = ports[at]!;
    const job = await stage(1);
    const empty = (await database.pool.query("select etl_api.start_generation($1) as id", [leads])).rows[0]
      .id as string;
    const body = { tableId: leads };
    const insert = async (path: string, call: Call) =>
      (await answer("records-insert", path, { port, ...call }))[0];
    expect(await insert(`/${job}`, { body, key: "" })).toBe(401);
    expect(await insert(`/${job}`, { body, key: token(olga, "another secret") })).toBe(401);
    expect(await insert(`/${job}`, { method: "GET" })).toBe(405);
    expect(await insert(`/${job}`, { method: "GET", key: "" })).toBe(405);
    expect((await answer("records-generate", "", { port, method: "GET" }))[0]).toBe(405);
    expect((await send("records-progress", `/${job}`, { port, method: "POST" })).status).toBe(405);
    expect(await answer("records-insert", `/${job}`, { port, body, key: token(vera) })).toMatchObject([
      403,
      {},
    ]);
    // Another's job and none at all look the same.
    expect(await answer("records-insert", `/${job}`, { port, body, key: token(otto) })).toEqual(
      await answer("records-insert", `/${none}`, { port, body }),
    );
    expect(await insert(`/${none}`, { body })).toBe(404);
    for (const bad of [
      {},
      { tableId: "leads" },
      { tableId: leads, selectedIndices: [] },
      { tableId: leads, selectedIndices: [-1] },
      "{",
      { tableId: theirs },
    ])
      expect([bad, await insert(`/${job}`, { body: bad })]).toEqual([bad, 400]);
    expect(await insert("/leads", { body })).toBe(400);
    expect(await insert(`/${empty}`, { body })).toBe(400);
    expect(await insert(`/${job}`, { body, key: env.ETL_FUNCTION_KEY })).toBe(200);

    const generate = async (call: Call) => (await answer("records-generate", "", { port, ...call }))[0];
    expect(await generate({ body, key: "" })).toBe(401);
    expect(await generate({ body, key: token(vera) })).toBe(403);
    expect(await generate({ body: { tableId: theirs } })).toBe(404);
    expect(await generate({ body: { tableId: none } })).toBe(404);
    expect(await generate({ body: { count: 1 } })).toBe(400);
    expect(await generate({ body: { tableId: leads, workflow: { data: {} } } })).toBe(400);

    const follow = async (path: string, call: Call = {}) =>
      (await send("records-progress", path, { port, ...call })).status;
    expect(await follow(`/${job}`, { key: "" })).toBe(401);
    expect(await follow(`/${job}`, { key: token(vera) })).toBe(200);
    expect(await follow(`/${job}`, { key: token(otto) })).toBe(404);
    expect(await follow(`/${none}`)).toBe(404);
    expect(await follow(`/${job}`, { headers: { "last-event-id": "x" } })).toBe(400);
  });
});

test("a workflow whose result lands in a table is a generation", async () => {
  await database.pool.query(`
    insert into public.object_type (id, name, key_datapoints) values ('${id(9)}', 'company', '{domain}') on conflict do nothing;
    insert into public.source (id, name, activity_types, run_request_template)
    values ('${id(9)}', 'Api', '{enrichment}', '{"method": "GET", "url": "https://api.test/<<$object.domain>>"}') on conflict do nothing;
    insert into public.datapoint (id, object_type_id, name) values ('${id(9)}', '${id(9)}', 'industry') on conflict do nothing;
    insert into public.object_source (source_id, object_type_id, direction, key_mapping_json)
    values ('${id(9)}', '${id(9)}', 'input', '["input", "companies"]') on conflict do nothing;
    insert into public.datapoint_source (source_id, datapoint_id, key_mapping_json) values ('${id(9)}', '${id(9)}', '"sector"') on conflict do nothing;
    insert into public.activity (id, org_id, name, activity_type, object_type_id, datapoints)
    values ('${id(9)}', '${org}', 'Enrich', 'enrichment', '${id(9)}', '{industry}') on conflict do nothing`);
  const workflow = {
    input: { companies: [{ domain: "acme.test" }] },
    data: { enrich: { id: id(9), destination: { table: { id: leads } } } },
  };
  const [status, begun] = await answer("records-generate", "", {
    body: { tableId: leads, count: 1, workflow },
  });
  expect([status, begun]).toMatchObject([
    200,
    { status: "processing", workflowRequestId: expect.any(String) as string },
  ]);
  const { rows } = await database.pool.query(
    "select workflow_request_id, status from public.ai_generation_jobs where id = $1",
    [begun.jobId],
  );
  expect(rows).toEqual([{ workflow_request_id: begun.workflowRequestId, status: "pending" }]);
});

test("many go in part by part, and what passes by itself is tried again", async () => {
  const job = await stage(2_500, [{ name: "last", n: 1 }]);
  let calls = 0;
  const waited: number[] = [];
  const flaky: Port = {
    close: async () => {},
    call: async (name, values) => {
      calls++;
      const rows = await ports[0]!.call(name, values);
      // The answer of a part is lost: it was carried out all the same.
      if (calls === 3) throw new DatabaseError(name, "Connection lost", undefined);
      return rows;
    },
  };
  const [status, report] = await answer("records-insert", `/${job}`, {
    port: flaky,
    body: { tableId: leads },
    wait: async (ms) => void waited.push(ms),
  });
  expect([status, report.success, report.failed, calls, waited]).toEqual([200, 2_501, 0, 5, [2_000]]);
  expect(new Set(report.insertedRecords as string[])).toHaveProperty("size", 2_501);
  expect(await count()).toBe(2_501);
  const broken: Port = {
    close: async () => {},
    call: (name) => Promise.reject(new DatabaseError(name, "Connection lost", undefined)),
  };
  expect(
    await answer("records-insert", `/${job}`, {
      port: broken,
      body: { tableId: leads },
      wait: async (ms) => void waited.push(ms),
    }),
  ).toEqual([503, { error: "failed; the log says why" }]);
  expect(waited).toEqual([2_000, 2_000, 4_000]);
});

test("a stream brings what happens while it is open, and ends with the job", async () => {
  const job = await stage(3);
  let looks = 0;
  const response = await send("records-progress", `/${job}`, {
    wait: async () => {
      // The job goes on while somebody listens.
      if (++looks === 2) await database.pool.query("select etl_api.confirm_staged_records($1)", [job]);
    },
  });
  expect((await events(response)).map(({ data }) => data.message).at(-1)).toBe(
    "All 3 records inserted successfully",
  );
  expect(looks).toBe(2);
});

test("in Deno, as deployed, they answer the same", { timeout: 60_000 }, async () => {
  const job = await stage(2);
  const functions = await startFunctions({
    databaseUrl: database.url,
    key: env.ETL_FUNCTION_KEY,
    env: { ETL_JWT_SECRET: secret },
    onLog: (line) => void lines.push(line),
  });
  try {
    const headers = { authorization: `Bearer ${token(olga)}`, "content-type": "application/json" };
    const post = (path: string, body: object) =>
      fetch(`${functions.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    expect((await post("/records-generate", { tableId: leads })).status).toBe(200);
    const inserted = await post(`/records-insert/${job}`, { tableId: leads });
    expect([inserted.status, await inserted.json()]).toMatchObject([200, { success: 2 }]);
    const followed = await events(await fetch(`${functions.url}/records-progress/${job}`, { headers }));
    expect(followed.at(-1)!.data.message).toBe("All 2 records inserted successfully");
    expect((await fetch(`${functions.url}/records-progress/${none}`, { headers })).status).toBe(404);
  } finally {
    await functions.stop();
  }
});
