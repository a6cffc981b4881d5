import pg from "pg";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import ws from "ws";
import {
  DatabaseError,
  type EtlClient,
  type RunClaim,
  type RunResult,
} from "../../supabase/functions/_shared/client.ts";
import { createPgClient } from "../../supabase/functions/_shared/client-pg.ts";
import { createSupabaseClient } from "../../supabase/functions/_shared/client-supabase.ts";
import { deliverWebhooks } from "../../supabase/functions/deliver-webhooks/handler.ts";
import { executeRuns } from "../../supabase/functions/execute-runs/handler.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";
import { plantedKey, plantedSigner } from "../helpers/planted.ts";
import { startRest } from "./support/lite.ts";
import { startServer, type TestServer } from "./support/server.ts";

interface Adapter {
  client: EtlClient;
  /** Bodies of the HTTP requests to the database, where it is reached that way. */
  sent: string[];
  /** What takes the place of the next answer to such a request. */
  instead: (() => Promise<Response>)[];
  /** Cuts the connections to the database. How many there were. */
  cut(): Promise<number>;
  close(): Promise<void>;
}

const adapters: Record<string, (url: string) => Promise<Adapter>> = {
  pg: (url) => {
    const client = createPgClient(url);
    const cut = async (): Promise<number> => {
      const other = new pg.Client({ connectionString: url });
      await other.connect();
      const { rowCount } = await other.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'millrace-functions'",
      );
      await other.end();
      return rowCount!;
    };
    return Promise.resolve({ client, sent: [], instead: [], cut, close: () => client.close() });
  },
  "supabase-js": async (url) => {
    const rest = await startRest(url);
    const sent: string[] = [];
    const instead: Adapter["instead"] = [];
    const client = createSupabaseClient({
      url: "http://rest.test",
      key: rest.serviceKey,
      transport: ws as never,
      fetch: (input, init) => {
        sent.push(String(init?.body ?? ""));
        return instead.shift()?.() ?? rest.fetch(input, init);
      },
    });
    return { client, sent, instead, cut: () => rest.cut(), close: () => rest.close() };
  },
};

const restError = (code: string, status: number): Response =>
  Response.json({ code, message: "…", details: null, hint: null }, { status });

const unknown = "00000000-0000-7000-8000-000000000000";
const webhookSecret = plantedSigner();

// One suite for both ways to the database: what one promises, the other keeps.
describe.each(Object.entries(adapters))("over %s", (name, open) => {
  let database: TestDatabase;
  let adapter: Adapter;
  let client: EtlClient;
  let server: TestServer;

  /** A value of the first row. */
  const one = async <T>(sql: string, values: unknown[] = []): Promise<T> =>
    Object.values((await database.pool.query<Record<string, T>>(sql, values)).rows[0] ?? {})[0] as T;

  /** Requests the enrichment of so many companies; the result goes to the server as a message. */
  const request = (count: number): Promise<string> =>
    one(
      `select test_setup.enrich(array(select 'c' || n || '.test' from generate_series(1, $1::int) as n), '{"datapoints": ["industry"]}', $2)`,
      [count, JSON.stringify({ url: `${server.url}/hook` })],
    );

  const answered = (claim: RunClaim, change: Partial<RunResult> = {}): RunResult => ({
    run_request_id: claim.run_request_id,
    lease_token: claim.lease_token,
    status: 200,
    headers: { "content-type": "application/json" },
    bodyJson: '{"company": {"sector": "Steel"}}',
    duration_ms: 5,
    ...change,
  });

  beforeAll(async () => {
    server = await startServer((seen, response) => {
      response.setHeader("content-type", "application/json");
      if (seen.url.startsWith("/hook")) return void response.writeHead(204).end();
      response.end('{"company": {"sector": "Größe 🏭"}}');
    });
  });
  afterAll(() => server.close());

  beforeEach(async () => {
    database = await freshDatabase();
    await database.pool.query("select test_setup.setup_enrichment_test_data()");
    adapter = await open(database.url);
    client = adapter.client;
  });
  afterEach(async () => {
    await adapter.close();
    await database.drop();
  });

  test("claims HTTP requests: rows of one shape, secrets still as placeholders", async () => {
    expect(await client.claimRunRequests("contract", 10)).toEqual([]);
    await request(3);
    const claims = await client.claimRunRequests("contract", 2);
    expect(claims).toHaveLength(2);
    const text = expect.any(String) as string;
    expect(claims[0]).toEqual({
      run_request_id: text,
      org_id: await one("select test_setup.id('org acme')"),
      lease_token: text,
      lease_until: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      kind: "run",
      secret_scope: "shared",
      request: {
        method: "POST",
        url: expect.stringMatching(/^https:\/\/api\.algops\.test\/v1\/companies\/c\d\.test$/) as string,
        headers: { authorization: "Bearer <<$secret.ALGOPS_KEY>>" },
        body: { ask: expect.any(Array) as unknown[] },
      },
      timeout_ms: 30_000,
      attempt: 1,
    });
    const lease = await one<string>("select lease_until::text from public.run_request where id = $1", [
      claims[0]!.run_request_id,
    ]);
    expect(new Date(claims[0]!.lease_until).getTime()).toBe(new Date(lease).getTime());
    expect(await client.claimRunRequests("contract", 10)).toHaveLength(1);
    expect(await one("select distinct worker from public.run_request")).toBe("contract");
  });

  test("completes: once, and only by the holder of the lease", async () => {
    await request(3);
    const [first, second, third] = await client.claimRunRequests("contract", 3);
    const results = [
      answered(first!),
      answered(second!, { lease_token: unknown }),
      answered(third!, { run_request_id: unknown }),
    ];
    expect(await client.completeRunRequests(results)).toEqual([
      { id: first!.run_request_id, accepted: true, message: null },
      { id: second!.run_request_id, accepted: false, message: expect.stringContaining("lease") as string },
      { id: unknown, accepted: false, message: expect.any(String) as string },
    ]);
    expect(await client.completeRunRequests([answered(first!)])).toMatchObject([{ accepted: false }]);
    expect(await client.completeRunRequests([])).toEqual([]);
    expect(await one("select count(*)::int from public.run_response")).toBe(1);
    expect(
      await one(
        "select jsonb_object_agg(state, n) from (select state, count(*) as n from public.run_request group by 1) as s",
      ),
    ).toMatchObject({ done: 1, in_progress: 2 });
  });

  test("hands over what came back as it came", async () => {
    await request(2);
    const [first, second] = await client.claimRunRequests("contract", 2);
    const bodyJson = `{"company": {"sector": "Größe \\u0041 $1 $& 🏭", "id": 12345678901234567890, "exact": 1.10}, "deep": ${"[".repeat(200)}${"]".repeat(200)}}`;
    const failed = answered(second!, {
      status: 429,
      headers: { "retry-after": "7" },
      body_text: "später",
      error: { kind: "invalid_json", message: 'it said "später"' },
    });
    delete failed.bodyJson;
    const completions = await client.completeRunRequests([answered(first!, { bodyJson }), failed]);
    expect(completions.map((completion) => completion.accepted)).toEqual([true, true]);
    const stored = await one<string>("select body::text from public.run_response where run_request_id = $1", [
      first!.run_request_id,
    ]);
    expect(stored).toContain('"sector": "Größe A $1 $& 🏭"');
    if (name === "pg") {
      expect(stored).toContain('"id": 12345678901234567890');
      expect(stored).toContain('"exact": 1.10');
    } else {
      // The stand-in for PostgREST reads numbers as JavaScript does; PostgREST hands the text on as it gets it.
      expect(adapter.sent.at(-1)).toContain(bodyJson);
    }
    const row = await one(
      `select to_jsonb(r) - 'received_at' - 'run_request_id' - 'org_id'
       from public.run_response as r
       where run_request_id = $1`,
      [second!.run_request_id],
    );
    expect(row).toEqual({
      answer_no: 1,
      http_status: 429,
      headers: { "retry-after": "7" },
      body: null,
      body_text: "später",
      duration_ms: 5,
    });
  });

  test("hands back: ready at once, the attempt not counted", async () => {
    await request(2);
    const claims = await client.claimRunRequests("contract", 2);
    expect(await client.releaseRunRequests(claims)).toBe(2);
    expect(await client.releaseRunRequests(claims)).toBe(0);
    const again = await client.claimRunRequests("contract", 5);
    expect(again.map(({ run_request_id }) => run_request_id).toSorted()).toEqual(
      claims.map(({ run_request_id }) => run_request_id).toSorted(),
    );
    expect(again.map(({ attempt }) => attempt)).toEqual([1, 1]);
    expect(await client.completeRunRequests([answered(claims[0]!)])).toMatchObject([{ accepted: false }]);
  });

  test("two workers at once never get the same request", async () => {
    await request(40);
    const claimed = await Promise.all(
      [1, 2, 3, 4].map((worker) => client.claimRunRequests(`worker ${worker}`, 10)),
    );
    const ids = claimed.flat().map(({ run_request_id }) => run_request_id);
    expect(new Set(ids).size).toBe(ids.length);
    while (ids.length < 40) {
      const more = await client.claimRunRequests("last", 40);
      if (more.length === 0) break;
      ids.push(...more.map(({ run_request_id }) => run_request_id));
    }
    expect(new Set(ids).size).toBe(40);
  });

  test("messages: claimed with the exact text, completed, handed back", async () => {
    await request(1);
    for (let claims = await client.claimRunRequests("contract", 10); claims.length > 0;) {
      await client.completeRunRequests(claims.map((claim) => answered(claim)));
      claims = await client.claimRunRequests("contract", 10);
    }
    const [claim] = await client.claimDeliveries("contract", 10);
    const org = await one<string>("select test_setup.id('org acme')");
    expect(claim).toMatchObject({
      org_id: org,
      secret_scope: org,
      secret_name: "webhook",
      url: `${server.url}/hook`,
      event_type: "activity_request.done",
      webhook_id: `msg_${claim!.delivery_id.replaceAll("-", "")}`,
      attempt: 1,
    });
    expect(claim!.body).toBe(
      await one("select body::text from public.delivery_body where delivery_id = $1", [claim!.delivery_id]),
    );
    expect(JSON.parse(claim!.body)).toMatchObject({ type: "activity_request.done", data: { org_id: org } });
    expect(await client.releaseDeliveries([claim!])).toBe(1);
    const [again] = await client.claimDeliveries("contract", 10);
    expect(again).toMatchObject({ webhook_id: claim!.webhook_id, attempt: 1 });
    const result = {
      delivery_id: again!.delivery_id,
      lease_token: again!.lease_token,
      status: 204,
      duration_ms: 3,
    };
    expect(await client.completeDeliveries([result])).toEqual([
      { id: again!.delivery_id, accepted: true, message: null },
    ]);
    expect(await client.completeDeliveries([result])).toMatchObject([{ accepted: false }]);
    expect(await one("select state from public.delivery")).toBe("delivered");
    expect(await client.claimDeliveries("contract", 10)).toEqual([]);
  });

  test("carries a message of any type, such as an alert's, which belongs to no request", async () => {
    await database.pool.query(`
      with e as (
        insert into public.webhook_endpoint (org_id, url) values (test_setup.id('org acme'), 'https://ops.test/alerts')
        returning id, org_id
      ), r as (
        insert into etl_api.alert_rule (org_id, name, kind, threshold, endpoint_id)
        select org_id, 'Contract', 'stuck', 0, id from e
        returning id, org_id
      )
      insert into etl_api.alert (org_id, rule_id, kind, message, value, threshold, raised_at)
      select org_id, id, 'stuck', '3 rows are over their time.', 3, 0, now() from r`);
    await database.pool.query(
      `select etl_api.tell_alerts(array_agg(id), array_agg('alert.raised'::text), array_agg(value), array_agg(message))
       from etl_api.alert`,
    );
    const [claim] = await client.claimDeliveries("contract", 10);
    expect(claim).toMatchObject({ event_type: "alert.raised", url: "https://ops.test/alerts" });
    expect(JSON.parse(claim!.body)).toMatchObject({
      type: "alert.raised",
      data: { rule: "Contract", value: 3 },
    });
    const result = {
      delivery_id: claim!.delivery_id,
      lease_token: claim!.lease_token,
      status: 200,
      duration_ms: 3,
    };
    expect(await client.completeDeliveries([result])).toMatchObject([{ accepted: true }]);
  });

  test("rings the bell", async () => {
    const listener = new pg.Client(database.url);
    await listener.connect();
    await listener.query("listen etl_bell");
    const rung = new Promise((resolve) => listener.once("notification", ({ payload }) => resolve(payload)));
    await client.ring("deliver-webhooks");
    expect(await rung).toBe("deliver-webhooks");
    await listener.end();
  });

  test("an error says what the database said, and whether trying again may help", async () => {
    const refused = await client.claimRunRequests("", 1).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DatabaseError);
    expect(refused).toMatchObject({ code: "ETL04", isTransient: false });
    expect((refused as Error).message).toMatch(/^etl_api\.claim_run_requests: .*worker is ''/);

    await request(1);
    const [claim] = await client.claimRunRequests("contract", 1);
    // A number and a character that JSON can write and jsonb cannot hold. The exchange replaces the one; the other
    // is only found out here.
    for (const [company, code] of [
      ['"\\u0000"', "22P05"],
      ["1e999999", "22003"],
    ] as const) {
      if (name !== "pg" && code === "22003") continue;
      const held = client.completeRunRequests([answered(claim!, { bodyJson: `{"company": ${company}}` })]);
      await expect(held).rejects.toMatchObject({ code: code, isTransient: false });
    }
    expect(await client.completeRunRequests([answered(claim!)])).toMatchObject([{ accepted: true }]);
  });

  test("works as service_role, whoever logged in", async () => {
    await database.pool.query(
      "revoke execute on function etl_api.claim_run_requests(text, int) from service_role",
    );
    await expect(client.claimRunRequests("contract", 1)).rejects.toMatchObject({ code: "42501" });
  });

  test("finds the database again after its connections were cut", async () => {
    await request(1);
    expect(await client.claimRunRequests("contract", 1)).toHaveLength(1);
    expect(await adapter.cut()).toBeGreaterThan(0);
    const deadline = Date.now() + 5_000;
    for (;;) {
      try {
        expect(await client.claimRunRequests("contract", 1)).toEqual([]);
        break;
      } catch (error) {
        expect(error).toMatchObject({ isTransient: true });
        if (Date.now() > deadline) throw error;
      }
    }
  });

  // Over a connection there is nothing between the two.
  if (name !== "pg")
    test("an answer in the database's place is no refusal, and the next call finds it", async () => {
      await request(1);
      const answers: (() => Promise<Response>)[] = [
        () => Promise.reject(new TypeError("fetch failed")),
        () => Promise.resolve(new Response("<h1>Bad gateway</h1>", { status: 502 })),
        () => Promise.resolve(restError("PGRST001", 503)),
        () => Promise.resolve(restError("PGRST003", 504)),
        () => Promise.resolve(restError("57P01", 500)),
      ];
      for (const answer of answers) {
        adapter.instead.push(answer);
        const lost = client.claimRunRequests("contract", 1);
        await expect(lost, String(answer)).rejects.toMatchObject({ isTransient: true });
      }
      expect(adapter.instead).toEqual([]);
      expect(await client.claimRunRequests("contract", 1)).toHaveLength(1);
    });

  test("secrets: written sealed, read by those who send, rotated, sealed anew, revoked, listed without values", async () => {
    const scope = await one<string>("select test_setup.id('org acme')");
    expect(await client.nextSecret(scope, "webhook")).toEqual({
      version: 1,
      has_vault: false,
      is_live: false,
    });
    const secret = { scope, name: "webhook", version: 1, value: "c2VhbGVk", keyId: "aaaa1111", by: null };
    expect(await client.putSecret(secret)).toBe(1);
    await expect(client.putSecret({ ...secret, version: 2 })).rejects.toMatchObject({
      code: "ETL05",
      isTransient: false,
    });
    expect(await client.rotateSecret({ ...secret, version: 2, value: "bmV3", by: "olga" }, 60)).toBe(2);
    const wanted = [
      { use: "sign", scope, name: "webhook" },
      { use: "fill", scope, name: "webhook" },
      { use: "fill", scope: "shared", name: "webhook" },
    ] as const;
    expect(await client.readSecrets(wanted)).toEqual([
      { ...wanted[1], version: 2, key_id: "aaaa1111", value: "bmV3" },
      { ...wanted[0], version: 2, key_id: "aaaa1111", value: "bmV3" },
      { ...wanted[0], version: 1, key_id: "aaaa1111", value: "c2VhbGVk" },
    ]);
    expect(await client.readSecrets([])).toEqual([]);
    const old = await client.secretsToRekey("bbbb2222", 10);
    expect(old.map(({ version, value, key_id }) => [version, value, key_id]).toSorted()).toEqual([
      [1, "c2VhbGVk", "aaaa1111"],
      [2, "bmV3", "aaaa1111"],
    ]);
    const resealed = old.map(({ id, key_id }) => ({
      id,
      value: "YW5ldw==",
      old_key: key_id,
      new_key: "bbbb2222",
    }));
    expect(await client.rekeySecrets(resealed)).toBe(2);
    expect(await client.rekeySecrets(resealed)).toBe(0);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
    const listed = await client.listSecrets(scope);
    expect(listed).toEqual([
      {
        ...{ scope, name: "webhook", version: 2, state: "active", storage: "table", key_id: "bbbb2222" },
        ...{ created_at: time, created_by: "olga", expires_at: null, revoked_at: null, last_used_at: time },
      },
      {
        ...{ scope, name: "webhook", version: 1, state: "retiring", storage: "table", key_id: "bbbb2222" },
        ...{
          created_at: time,
          created_by: "service_role",
          expires_at: time,
          revoked_at: null,
          last_used_at: time,
        },
      },
    ]);
    expect(await client.listSecrets(null)).toHaveLength(2);
    expect(await client.revokeSecret(scope, "webhook", 1, "olga")).toBe(1);
    expect(await client.revokeSecret(scope, "webhook", null, null)).toBe(1);
    expect(await client.readSecrets(wanted)).toEqual([]);
  });

  test("both functions together: from the inserted row to the verified message", async () => {
    await database.pool.query(
      `update public.source
       set run_request_template = run_request_template
         || jsonb_build_object('url', $1 || '/api?domain=<<$object.domain>>')`,
      [server.url],
    );
    const id = await request(60);
    const env = {
      ETL_FUNCTION_KEY: "a-key-of-some-length",
      ETL_ALLOW_HOSTS: server.host,
      ETL_SECRETS: JSON.stringify({
        shared: { ALGOPS_KEY: plantedKey() },
        [await one<string>("select test_setup.id('org acme')")]: { webhook: webhookSecret },
      }),
    };
    const lines: string[] = [];
    const around = {
      env,
      connect: () => Promise.resolve(client),
      writeLog: (line: string) => lines.push(line),
    };
    const wake = async (handler: ReturnType<typeof executeRuns>) => {
      const headers = { authorization: "Bearer a-key-of-some-length" };
      return await (await handler(new Request("http://functions.test/", { method: "POST", headers }))).json();
    };
    const before = server.seen.length;
    // Two at once, and each request is sent once.
    const summaries = (await Promise.all([wake(executeRuns(around)), wake(executeRuns(around))])) as {
      claimed: number;
      completed: number;
    }[];
    expect(summaries.reduce((sum, { completed }) => sum + completed, 0)).toBe(60);
    const asked = server.seen.slice(before).map(({ method, url }) => `${method} ${url}`);
    expect(new Set(asked).size).toBe(asked.length);
    expect(asked).toHaveLength(60);
    expect(await wake(deliverWebhooks(around))).toMatchObject({ claimed: 1, completed: 1 });
    const message = server.seen.at(-1)!;
    expect(
      new Webhook(webhookSecret).verify(message.body, message.headers as Record<string, string>),
    ).toMatchObject({
      type: "activity_request.done",
      data: { workflow_request_id: id, state: "done", summary: { objects: 60 } },
    });
    expect(await one("select state from public.workflow_request where id = $1", [id])).toBe("delivered");
    // One of the two may have found nothing left; nothing went wrong in either.
    const events = lines.map((line) => (JSON.parse(line) as { event: string }).event);
    expect(new Set(events)).toEqual(new Set(["worked"]));
  });
});
