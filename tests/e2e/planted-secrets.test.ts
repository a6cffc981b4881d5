/**
 * Secrets are planted wherever they can be kept, put into every place of a request, and given to third parties and
 * clients that send them back in every way. Then everything is searched for them.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloneDatabase, template } from "../../scripts/lib/database.ts";
import {
  debianBinaries,
  debianIdentity,
  hasDebianServer,
  startDebianServer,
} from "../../scripts/lib/debian.ts";
import { startFunctions, type Functions } from "../../scripts/lib/functions.ts";
import { startServer as startEmbedded } from "../../scripts/lib/server.ts";
import { createPgClient } from "../../supabase/functions/_shared/client-pg.ts";
import { manageSecrets, secretCommand } from "../../supabase/functions/_shared/manage.ts";
import { readKeys } from "../../supabase/functions/_shared/seal.ts";
import { findMark, findMarks, plantedKey, plantedPhrase, plantedSigner } from "../helpers/planted.ts";

const org = "a0000000-0000-4000-8000-000000000001";
const keyText = randomBytes(32).toString("base64");

// What each kind of place keeps: for an org, and for sources that are shared.
const values = {
  ENV: plantedKey(),
  ENV_PHRASE: plantedPhrase(),
  TABLE: plantedKey(),
  TABLE_PHRASE: plantedPhrase(),
  VAULT: plantedKey(),
  VAULT_PHRASE: plantedPhrase(),
  UNSENDABLE: `${plantedKey()}\n${plantedKey()}`,
};
const signers = { env_signer: plantedSigner(), table_signer: plantedSigner(), vault_signer: plantedSigner() };
const replaced = plantedKey();
const revoked = plantedKey();

interface Case {
  name: string;
  template?: Record<string, unknown>;
  source?: Record<string, unknown>;
}

// What a third party does with what it was sent; the way there names it.
const behaviours = [
  ...[
    "ok",
    "echo",
    "keys",
    "base64",
    "base64url",
    "hex",
    "twice",
    "percent",
    "html",
    "text",
    "chunks",
    "gzip",
  ],
  ...["headers", "redirect", "cut", "hang", "silent", "reset", "error", "external"],
];

let serverUrl: string;
let dataDir: string;
let readServerLog: () => string;
let stopServer: () => Promise<void>;
let third: Server;
let address: string;
let databaseUrl: string;
let database: pg.Client;
let functions: Functions;
const written: string[] = [];
const heard: string[] = [];
const answered: string[] = [];
const asked = new Map<string, number>();

/** Everything a request says. */
interface Said {
  line: string;
  headers: IncomingMessage["headers"];
  body: string;
}

function answer(behaviour: string, said: Said, response: ServerResponse): void {
  const whole = `${said.line}\n${JSON.stringify(said.headers)}\n${said.body}`;
  const json = (value: unknown, status = 200, headers = {}) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
  const sector = (text: string) => json({ company: { sector: text } });
  switch (behaviour) {
    case "echo":
      return void json({ company: { sector: said.headers["x-table"] }, said });
    case "keys":
      return void json({ company: { [said.headers["x-env"] as string]: 1, sector: "x" }, [whole]: [whole] });
    case "base64":
      return void json({
        company: { sector: Buffer.from(whole).toString("base64") },
        n: Buffer.from(`a${whole}`).toString("base64"),
        m: Buffer.from(`ab${whole}`).toString("base64"),
      });
    case "base64url":
      return void sector(Buffer.from(whole).toString("base64url"));
    case "hex":
      return void sector(Buffer.from(whole).toString("hex"));
    case "twice":
      return void sector(JSON.stringify({ again: JSON.stringify(said) }));
    case "percent":
      return void sector(encodeURIComponent(whole).replace(/%../g, (escape) => escape.toLowerCase()));
    case "html":
      response.writeHead(500, { "content-type": "text/html" });
      return void response.end(
        `<h1>No</h1>${whole.replaceAll("&", "&amp;").replaceAll('"', "&quot;").repeat(20)}`,
      );
    case "text":
      return void response.end(whole.repeat(20));
    case "chunks": {
      response.writeHead(200, { "content-type": "application/json" });
      const text = Buffer.from(JSON.stringify({ company: { sector: "x" }, said }));
      const more = (at: number): void => {
        if (at >= text.length) return void response.end();
        response.write(text.subarray(at, at + 7), () => setImmediate(more, at + 7));
      };
      return more(0);
    }
    case "gzip":
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      return void response.end(gzipSync(JSON.stringify({ company: { sector: whole } })));
    case "headers":
      return void json({ error: whole }, 429, {
        "retry-after": said.headers["x-table"],
        "content-type": `application/json; charset=${said.headers["x-env"] as string}`,
        "x-request-id": said.headers["x-table"],
        "set-cookie": said.headers["x-table"],
      });
    case "redirect":
      return void response
        .writeHead(302, { location: `/ok/?k=${said.headers["x-table"] as string}` })
        .end(whole);
    case "cut":
      response.writeHead(200, { "content-type": "application/json", "content-length": "100000" });
      response.write(`{"company": "${whole}`);
      return void setTimeout(() => response.socket!.destroy(), 20);
    case "hang":
      response.writeHead(200, { "content-type": "application/json" });
      return void response.write(`{"company": ${JSON.stringify(whole)}`);
    case "silent":
      return;
    case "reset":
      return void response.socket!.resetAndDestroy();
    case "error":
      return void json({
        error: `the key ${said.headers["x-table"] as string} is not known, nor is ${whole}`,
      });
    case "external":
      return void json({ id: said.headers["x-table"], state: said.headers["x-env"], said });
    default:
      return void sector("Steel");
  }
}

const everywhere = (behaviour: string): Record<string, unknown> => ({
  method: "POST",
  url: `${address}/${behaviour}/<<$secret.TABLE>>/<<$secret.VAULT_PHRASE>>?own=<<$secret.ENV_PHRASE>>`,
  query: { k: "<<$secret.VAULT>>", list: ["a <<$secret.TABLE_PHRASE>> b"], domain: "<<$object.domain>>" },
  headers: {
    "x-env": "<<$secret.ENV>>",
    "x-table": "<<$secret.TABLE>>",
    authorization: "Bearer <<$secret.VAULT>>",
  },
  body: {
    deep: [{ key: "<<$secret.TABLE_PHRASE>>, <<$secret.ENV_PHRASE>>" }],
    "<<$secret.VAULT_PHRASE>>": "<<$object.domain>>",
  },
  response: { objects: "company" },
});

function cases(): Case[] {
  const made: Case[] = behaviours.map((name) => ({ name, template: everywhere(name) }));
  const change = (name: string, by: Record<string, unknown>) =>
    made.push({ name, template: { ...everywhere("echo"), ...by } });
  made.find(({ name }) => name === "error")!.template!.response = { objects: "company", error: "error" };
  made.find(({ name }) => name === "external")!.template!.response = {
    external_id: "id",
    status: "state",
    done: ["done"],
    pending: ["working"],
  };
  change("form", {
    headers: { "content-type": "application/x-www-form-urlencoded", "x-table": "<<$secret.TABLE>>" },
    body: { a: "<<$secret.TABLE_PHRASE>>" },
  });
  change("blocked", { url: "http://169.254.169.254/<<$secret.TABLE>>?k=<<$secret.ENV_PHRASE>>" });
  change("no-name", { url: "http://<<$secret.TABLE>>.invalid/<<$secret.VAULT>>" });
  change("no-url", { url: "http://<<$secret.TABLE_PHRASE>>" });
  change("user-info", { url: `http://user:<<$secret.TABLE>>@127.0.0.1/` });
  change("no-header", { headers: { "x-table": "<<$secret.UNSENDABLE>>" } });
  change("no-header-name", { headers: { "x <<$secret.TABLE>>": "1" } });
  change("no-method", { method: "<<$secret.TABLE>>" });
  change("gone", { headers: { "x-table": "<<$secret.TABLE>>", "x-gone": "<<$secret.REVOKED>>" } });
  change("refused", { url: "http://127.0.0.1:9/<<$secret.TABLE>>" });
  return made;
}

beforeAll(async () => {
  const noise = {
    log_statement: "all",
    log_min_messages: "debug1",
    log_min_error_statement: "debug1",
    log_parameter_max_length: "-1",
    log_parameter_max_length_on_error: "-1",
    log_error_verbosity: "verbose",
    log_duration: "on",
    jit: "off",
  };
  if (hasDebianServer()) {
    const server = await startDebianServer({ settings: noise });
    ({ url: serverUrl, dataDir, log: readServerLog } = server);
    stopServer = () => server.stop();
  } else {
    const outer = process.env.DATABASE_URL;
    delete process.env.DATABASE_URL;
    const server = await startEmbedded({ ephemeral: true, settings: noise });
    if (outer !== undefined) process.env.DATABASE_URL = outer;
    [serverUrl, dataDir] = [server.url, server.dataDir!];
    readServerLog = () => readFileSync(join(dirname(dataDir), "server.log"), "utf8");
    stopServer = () => server.stop();
  }
  const { name } = await template(serverUrl);
  databaseUrl = (await cloneDatabase(serverUrl, name, "planted")).url;
  database = new pg.Client(databaseUrl);
  await database.connect();
  database.on("notification", ({ channel, payload }) => heard.push(`${channel} ${payload}`));
  await database.query("listen etl_bell; listen etl_state");

  third = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const behaviour = request.url!.split("/")[1]!.replace(/\?.*/, "");
    asked.set(behaviour, (asked.get(behaviour) ?? 0) + 1);
    const said = {
      line: `${request.method} ${request.url}`,
      headers: request.headers,
      body: Buffer.concat(parts).toString(),
    };
    response.on("error", () => {});
    answer(behaviour === "hook" ? request.url!.split("/")[2]! : behaviour, said, response);
  });
  third.listen(0, "127.0.0.1");
  await new Promise((resolve) => third.once("listening", resolve));
  address = `http://127.0.0.1:${(third.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await functions?.stop();
  third?.closeAllConnections();
  third?.close();
  await database?.end();
  await stopServer?.();
});

async function plant(): Promise<void> {
  await database.query("insert into public.org (id, name, slug) values ($1, 'Planted', 'planted')", [org]);
  const keys = readKeys(keyText);
  // Whoever keeps clear text in a Vault must not log it on the way there.
  const silent = new URL(databaseUrl);
  silent.searchParams.set("options", "-c log_statement=none -c log_duration=off -c log_min_messages=warning");
  const clients = [createPgClient(databaseUrl), createPgClient(silent.href)] as const;
  const put = async (name: string, value: string, scope: string, inClear = false) => {
    const order = secretCommand.parse({ action: "set", scope, name, value, by: "planter" });
    await manageSecrets(clients[inClear ? 1 : 0], inClear ? [] : keys, order);
  };
  for (const scope of [org, "shared"]) {
    await put("TABLE", replaced, scope);
    const order = { action: "rotate", scope, name: "TABLE", value: values.TABLE, keep_seconds: 3_600 };
    await manageSecrets(clients[0], keys, secretCommand.parse(order));
    await put("TABLE_PHRASE", values.TABLE_PHRASE, scope);
    await put("UNSENDABLE", values.UNSENDABLE, scope);
  }
  await put("table_signer", signers.table_signer, org);
  await put("REVOKED", revoked, org);
  await database.query("select test_setup.make_vault()");
  for (const scope of [org, "shared"]) {
    await put("VAULT", values.VAULT, scope, true);
    // Sealed and in the Vault.
    await put("VAULT_PHRASE", values.VAULT_PHRASE, scope);
  }
  await put("vault_signer", signers.vault_signer, org, true);
  await manageSecrets(
    clients[0],
    keys,
    secretCommand.parse({ action: "revoke", scope: org, name: "REVOKED" }),
  );
  for (const client of clients) await client.close();
}

async function configure(): Promise<void> {
  await database.query(
    `with t as (
       insert into public.object_type (org_id, name, key_datapoints) values (null, 'company', '{domain}') returning id
     )
     insert into public.datapoint (org_id, object_type_id, name) select null, id, 'industry' from t`,
  );
  const endpoints = ["ok", "echo", "html", "base64", "redirect", "hang"];
  for (const [at, { name, template, source = {} }] of cases().entries()) {
    // Every fifth source is shared: its secrets are those of the shared scope.
    const owner = at % 5 === 4 && name !== "gone" ? null : org;
    await database.query(
      `with s as (
         insert into public.source (org_id, name, run_request_template, status_request_template, timeout_seconds, retry_policy, max_objects_per_request)
         values ($1, $2, $3, $4, 1, '{"max_attempts": 1}', 1)
         returning id
       ), i as (
         insert into public.object_source (org_id, source_id, object_type_id, direction, key_mapping_json)
         select $1, s.id, t.id, 'input', '["input", "companies"]' from s, public.object_type as t
       ), m as (
         insert into public.datapoint_source (org_id, source_id, datapoint_id, key_mapping_json)
         select $1, s.id, d.id, '"sector"' from s, public.datapoint as d
       )
       insert into public.activity (id, org_id, name, activity_type, object_type_id, datapoints, source_ids)
       select gen_random_uuid(), $5, $2, 'enrichment', t.id, '{industry}', array[s.id] from s, public.object_type as t`,
      [
        owner,
        name,
        JSON.stringify(template),
        name === "external"
          ? JSON.stringify({ ...everywhere("echo"), url: `${address}/echo/<<$run_external_id>>` })
          : null,
        org,
      ],
    );
    const behaviour = endpoints[at % endpoints.length]!;
    await database.query(
      `with e as (
         insert into public.webhook_endpoint (org_id, url, secret_name, headers)
         values ($1, $2, $3, '{"x-table": "<<$secret.TABLE>>", "x-env": "<<$secret.ENV>>", "x-vault": "k <<$secret.VAULT>>"}')
         returning id
       )
       insert into public.workflow_request (org_id, data)
       select $1, jsonb_build_object(
         'input', jsonb_build_object('companies', jsonb_build_array(
           jsonb_build_object('domain', a.name || '.test', 'name', '<<$secret.TABLE>>'))),
         'data', jsonb_build_object('enrich', jsonb_build_object(
           'id', a.id, 'destination', jsonb_build_object('webhook', jsonb_build_object('endpoint', e.id)))))
       from e, public.activity as a
       where a.name = $4`,
      [org, `${address}/hook/${behaviour}`, Object.keys(signers)[at % 3], name],
    );
  }
}

async function wake(name: string): Promise<void> {
  const response = await fetch(`${functions.url}/${name}`, {
    method: "POST",
    headers: { authorization: `Bearer ${functions.key}` },
  });
  answered.push(await response.text());
  expect([name, response.status]).toEqual([name, 200]);
}

/** What people read about every row. */
async function read(): Promise<string> {
  const { rows } = await database.query<{ text: string }>(
    `select e.text
     from (
       select w.id from public.workflow_request as w
       union all select a.id from public.activity_request as a
       union all select q.id from public.run_queue as q
       union all select r.id from public.run_request as r
       union all select d.id from public.delivery as d
     ) as row (id)
     cross join lateral (
       select etl_api.explain(row.id)::text as text
       union all
       select t::text from etl_api.trace(row.id) as t
     ) as e
     union all
     select etl_api.dry_run(w.org_id, w.data)::text from public.workflow_request as w
     union all
     select s::text from etl_api.list_secrets() as s
     union all
     select s.query from pg_catalog.pg_stat_activity as s`,
  );
  return rows.map(({ text }) => text).join("\n");
}

function* files(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (entry.isFile()) yield path;
  }
}

describe("planted secrets", () => {
  beforeAll(async () => {
    await plant();
    await configure();
    functions = await startFunctions({
      databaseUrl,
      env: {
        ETL_SECRET_KEY: keyText,
        ETL_LOG_LEVEL: "debug",
        ETL_SECRETS: JSON.stringify(
          Object.fromEntries(
            [org, "shared"].map((scope) => [
              scope,
              { ENV: values.ENV, ENV_PHRASE: values.ENV_PHRASE, env_signer: signers.env_signer },
            ]),
          ),
        ),
      },
      onLog: (line) => written.push(line),
    });
    for (let round = 0; round < 2; round++) {
      for (const name of ["execute-runs", "deliver-webhooks", "execute-runs", "deliver-webhooks"])
        await wake(name);
      await database.query("select * from etl_api.recover()");
      await database.query(
        `select etl_api.retry(q.id) from public.run_queue as q where q.state in ('failed', 'timedout') order by q.id limit 20`,
      );
    }
    await wake("execute-runs");
    await wake("deliver-webhooks");
  }, 120_000);

  test("went out to the third party in every way, and messages to the client", async () => {
    expect(behaviours.filter((name) => !asked.has(name))).toEqual([]);
    expect(asked.get("hook")).toBeGreaterThanOrEqual(10);
    const { rows } = await database.query<{ state: string }>(
      "select distinct state::text from public.run_request order by 1",
    );
    expect(rows.map(({ state }) => state)).toEqual(expect.arrayContaining(["done", "failed"]));
    // What was sent back is stored, with the names in place of the secrets; of messages, too.
    for (const [table, least] of [
      ["run_response", 10],
      ["value", 3],
      ["delivery_attempt", 3],
    ] as const) {
      const { rows: kept } = await database.query<{ count: number }>(
        `select count(*)::int as count from public.${table} as r where r::text ~ '\\[secret (TABLE|VAULT|ENV)'`,
      );
      expect([table, kept[0]!.count >= least, kept[0]!.count]).toEqual([table, true, expect.any(Number)]);
    }
  });

  test("are in no table and no view", async () => {
    expect(await findMarks(database, "rpvm")).toEqual([]);
  });

  test("are in nothing people read of a row, and in no message between the database and its listeners", async () => {
    expect(findMark(await read())).toBeUndefined();
    expect(heard.length).toBeGreaterThan(0);
    expect(findMark(heard.join("\n"))).toBeUndefined();
  });

  test("are in no log: of the server, which writes every statement with its parameters, or of the functions", () => {
    const log = readServerLog();
    expect(log).toContain("read_secrets");
    expect(log).toMatch(/parameters: \$1 = /);
    expect(findMark(log)).toBeUndefined();
    expect(written.length).toBeGreaterThan(0);
    expect(findMark(written.join("\n"))).toBeUndefined();
    expect(findMark(answered.join("\n"))).toBeUndefined();
  });

  test.skipIf(!hasDebianServer())("are in no dump", () => {
    const dump = execFileSync(join(debianBinaries, "pg_dump"), ["--inserts", databaseUrl], {
      ...debianIdentity(),
      cwd: "/",
      maxBuffer: 1_000_000_000,
      encoding: "utf8",
    });
    expect(dump).toContain("planter");
    expect(findMark(dump)).toBeUndefined();
  });

  test("are in no file of the server's data folder, its WAL included", async () => {
    await database.query("checkpoint");
    const found: string[] = [];
    let size = 0;
    for (const file of files(dataDir)) {
      const text = readFileSync(file, "latin1");
      size += text.length;
      if (findMark(text) !== undefined) found.push(file);
    }
    expect(size).toBeGreaterThan(1_000_000);
    expect(found).toEqual([]);
  });

  test("would have been found: what is planted by hand is", async () => {
    const key = plantedPhrase();
    const forms = [
      key,
      Buffer.from(key).toString("hex"),
      ...[0, 1, 2].map((before) => Buffer.from(`${"a".repeat(before)}${key}`).toString("base64")),
      key.slice(20, 50),
      plantedSigner(),
    ];
    for (const form of forms) {
      await database.query("begin");
      await database.query(
        "insert into etl_api.setting (name, value, description) values ('planted', to_jsonb($1::text), 'x')",
        [form],
      );
      expect(await findMarks(database)).toContainEqual(expect.stringContaining("etl_api.setting"));
      await database.query("rollback");
    }
    // The last, since it is in the log and the WAL now.
    expect(findMark(readServerLog())).toBeDefined();
  });
});
