/** Orgs spread over two databases behind a coordinator: the flows of the engine through it, and an org that moves. */
import { execFile, execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  answerDeliveries,
  answerRuns,
  configure,
  connect,
  drainAs,
  type Tenant,
} from "../../scripts/bench/engine.ts";
import { startDebianServer } from "../../scripts/lib/debian.ts";
import { databaseUrl } from "../../scripts/lib/database.ts";
import { readTarget } from "../../scripts/lib/deploy.ts";
import { checkBodies, checkHouseRules } from "../../scripts/lib/lint.ts";
import { withClient } from "../../scripts/lib/migrate.ts";
import {
  connectionString,
  gatheredViews,
  scramVerifier,
  type Partition,
} from "../../scripts/lib/partitions.ts";
import { moveOrg } from "../../scripts/lib/partitions-move.ts";
import { startServer, type Server } from "../../scripts/lib/server.ts";
import { projectRoot } from "../../scripts/lib/sources.ts";

type Row = Record<string, any>;

// PL/Proxy comes with Debian only. Elsewhere there is nothing to try; in CI it has to be there.
const possible = existsSync("/usr/lib/postgresql/15/lib/plproxy.so") || Boolean(process.env.CI);
if (!possible)
  console.warn("not tested here: PL/Proxy is missing (apt-get install postgresql-15 postgresql-15-plproxy)");

let debian: Awaited<ReturnType<typeof startDebianServer>>;
let other: Server;
let urls: { c: string; p0: string; p1: string };
let partitions: Partition[];
let env: NodeJS.ProcessEnv;
/** One session with the coordinator throughout, as an application has one. */
let coordinator: pg.Client;
/** Two orgs, one on each partition. */
let [here, there]: Tenant[] = [];

/** Runs the command; never throws. */
async function cli(args: string[], changes: NodeJS.ProcessEnv = {}): Promise<{ code: number; text: string }> {
  const command = [join(projectRoot, "scripts/partitions.ts"), ...args];
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--import", "tsx", ...command], {
      cwd: projectRoot,
      env: { ...env, ...changes },
    });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: stdout + stderr };
  }
}

/** The fenced blocks of a language in docs/scaling.md. */
const guide = (language: string): string[] =>
  [
    ...readFileSync(join(projectRoot, "docs/scaling.md"), "utf8").matchAll(
      new RegExp("^```" + language + "\n([\\s\\S]*?)^```$", "gm"),
    ),
  ].map((match) => match[1]!);

/** Runs lines of a shell; throws when one fails. */
const shell = async (lines: string): Promise<string> =>
  (await promisify(execFile)("bash", ["-euc", lines], { cwd: projectRoot, env })).stdout;

const rows = async (
  sql: string,
  values: unknown[] = [],
  on: pg.Client | string = coordinator,
): Promise<Row[]> =>
  typeof on === "string"
    ? withClient(on, async (client) => (await client.query(sql, values)).rows)
    : (await on.query(sql, values)).rows;

/** What an application sees of an error. */
async function errorOf(work: Promise<unknown>): Promise<Row> {
  try {
    await work;
  } catch (error) {
    const { code, message, detail, hint } = error as Row;
    return { code, message, detail, hint };
  }
  throw new Error("nothing was raised");
}

const request = ({ activity }: Tenant, domain: string): string =>
  JSON.stringify({
    input: { companies: [{ domain }] },
    data: { enrich: { id: activity, destination: { webhook: { url: "https://client.example/hook" } } } },
  });

async function submit(tenant: Tenant, domain: string, key: string | null = null): Promise<string> {
  const [row] = await rows("select etl_api.submit_workflow_request($1, $2, $3) as id", [
    tenant.org,
    request(tenant, domain),
    key,
  ]);
  return row!.id;
}

const stateOf = async (url: string, id: string): Promise<Row | undefined> =>
  (
    await rows(
      "select state::text, state_substate as substate from public.workflow_request where id = $1",
      [id],
      url,
    )
  )[0];

/** Rows by entity, state and substate. */
const overview = (on?: string): Promise<Row[]> =>
  rows(
    "select entity::text, state, state_substate, rows from etl_api.state_overview order by 1, 2, 3 nulls first",
    [],
    on,
  );

/** Every row of every table that an org has, as text, but for what the server numbers by itself. */
async function rowsOf(url: string, org: string): Promise<Record<string, string[]>> {
  return withClient(url, async (client) => {
    const { rows: tables } = await client.query<{ name: string; own: string; generated: string[] }>(
      `select c.oid::regclass::text as name,
         case when c.oid = 'public.org'::regclass then 'id' else 'org_id' end as own,
         coalesce(array_agg(a.attname::text) filter (where a.attidentity <> '' or a.attname = 'xid'), '{}') as generated
       from pg_catalog.pg_class as c
       join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       where c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace) and c.relkind in ('r', 'p')
         and not c.relispartition
       group by c.oid
       having bool_or(a.attname = 'org_id') or c.oid = 'public.org'::regclass`,
    );
    const found: Record<string, string[]> = {};
    for (const { name, own, generated } of tables) {
      const { rows: all } = await client.query<{ row: string }>(
        `select (to_jsonb(t) - $2::text[])::text as row from ${name} as t where ${own} = $1 order by 1`,
        [org, generated],
      );
      if (all.length > 0) found[name] = all.map(({ row }) => row);
    }
    return found;
  });
}

async function place(url: string, partition: string, label: string): Promise<Tenant> {
  return withClient(url, async (client) => {
    const tenant = await configure(client, label);
    await coordinator.query("select etl_api.place_org($1, $2)", [tenant.org, partition]);
    return tenant;
  });
}

/** Runs something at the coordinator as somebody who is signed in. */
async function as<T>(user: string | null, role: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  return withClient(urls.c, async (client) => {
    await client.query("select set_config('request.jwt.claims', $1, false)", [
      user ? JSON.stringify({ sub: user, role }) : "",
    ]);
    await client.query(`set role ${role}`);
    return work(client);
  });
}

beforeAll(async () => {
  if (!possible) return;
  // One of the servers is killed, so both have to be the test's own.
  delete process.env.DATABASE_URL;
  debian = await startDebianServer();
  other = await startServer({ ephemeral: true });
  urls = {
    c: databaseUrl(debian.url, "coordinator"),
    p0: databaseUrl(debian.url, "first"),
    p1: databaseUrl(other.url, "second"),
  };
  // The coordinator has to show its password, and the server writes down whatever it is told.
  await withClient(debian.url, async (client) => {
    await client.query("create database coordinator");
    await client.query("create database first");
    await client.query("alter system set log_statement = 'all'");
    await client.query(
      `copy (select unnest(array['host all millrace_coordinator 127.0.0.1/32 scram-sha-256', 'host all all 127.0.0.1/32 trust']))
       to '${(await client.query("show hba_file")).rows[0].hba_file}'`,
    );
    await client.query("select pg_reload_conf()");
  });
  await withClient(other.url, (client) => client.query("create database second"));
  partitions = [
    { name: "p0", target: readTarget(urls.p0) },
    { name: "p1", target: readTarget(urls.p1) },
  ];
  env = {
    ...process.env,
    COORDINATOR_URL: urls.c,
    PARTITION_URLS: JSON.stringify({ p0: urls.p0, p1: urls.p1 }),
    NO_COLOR: "1",
  };
  // As the guide says it, which asks a person; nobody is here to answer.
  const settings = [
    ["postgres://postgres:<password>@10.0.0.1:5432/coordinator", urls.c],
    ["postgres://postgres:<password>@10.0.0.2:5432/millrace", urls.p0],
    ["postgres://postgres:<password>@10.0.0.3:5432/millrace", urls.p1],
  ].reduce((block, [shown, real]) => {
    expect(block).toContain(shown);
    return block.replace(shown!, real!);
  }, guide("sh")[0]!);
  const text = await shell(`${settings}\n${guide("sh")[1]!.replace(/ setup .*/, "$& --yes")}`);
  expect(text).toContain("2 partitions answer the coordinator");
  expect(text).toMatch(/^p0 .* 0 orgs\np1 .* 0 orgs$/m);
  coordinator = new pg.Client({ connectionString: urls.c });
  coordinator.on("error", () => {});
  await coordinator.connect();
  here = await place(urls.p0, "p0", "here");
  there = await place(urls.p1, "p1", "there");
});

afterAll(async () => {
  await coordinator?.end();
  await other?.stop();
  await debian?.stop();
});

describe.runIf(possible)("setting up", () => {
  test("can be said again, and changes nothing then", async () => {
    const before = await rows("select * from etl_route.org_partition order by org_id");
    const { code, text } = await cli(["setup", "--no-deploy", "--yes"]);
    expect(text).toMatch(/Orgs +1 on p0, 1 on p1\n/);
    expect(code).toBe(0);
    expect(await rows("select * from etl_route.org_partition order by org_id")).toEqual(before);
    expect((await cli(["status"])).text).toMatch(/^p0 .*\/first · 1 orgs\np1 .*\/second · 1 orgs\n$/);
  });

  test("leaves the partitions as the migrations make them", async () => {
    for (const url of [urls.p0, urls.p1]) {
      const deployed = await promisify(execFile)(
        process.execPath,
        ["--import", "tsx", join(projectRoot, "scripts/deploy.ts"), "--dry-run"],
        { cwd: projectRoot, env: { ...env, DATABASE_URL: url } },
      );
      expect(deployed.stdout).toContain("is what the migrations make it");
    }
  });

  test("says what is wrong with what it is given", async () => {
    expect(await cli(["--help"])).toMatchObject({
      code: 0,
      text: expect.stringContaining("npm run partitions"),
    });
    expect((await cli([])).code).toBe(2);
    expect((await cli(["move", "nobody", "p1"])).code).toBe(2);
    expect(await cli(["status"], { COORDINATOR_URL: "" })).toMatchObject({ code: 2 });
    expect(await cli(["setup", "--yes"], { COORDINATOR_URL: urls.p0 })).toMatchObject({
      code: 1,
      text: expect.stringMatching(/has the engine in it/),
    });
    expect(
      await cli(["setup", "--yes", "--no-deploy"], {
        PARTITION_URLS: JSON.stringify({ p0: urls.p0, p9: urls.p0 }),
      }),
    ).toMatchObject({ code: 1, text: expect.stringMatching(/knows partition p1 .*, which is not given/) });
    expect(
      await cli(["setup", "--yes", "--no-deploy"], {
        PARTITION_URLS: JSON.stringify({ p0: urls.p0, p1: urls.p1, p2: urls.p1 }),
      }),
    ).toMatchObject({ code: 1, text: expect.stringMatching(/p1 and p2 are the same database/) });
    expect(await cli(["status"], { COORDINATOR_URL: "postgres://me:geheim@127.0.0.1:1/x" })).toMatchObject({
      code: 1,
      text: expect.not.stringContaining("geheim"),
    });
    expect(await cli(["status"], { COORDINATOR_URL: databaseUrl(debian.url, "postgres") })).toMatchObject({
      code: 1,
      text: expect.stringMatching(/is no coordinator/),
    });
    const nowhere = await cli(["setup", "--yes"], { COORDINATOR_URL: databaseUrl(other.url, "postgres") });
    expect(nowhere).toMatchObject({ code: 1, text: expect.stringContaining("postgresql-15-plproxy") });
  });

  test("writes no password down, and the coordinator needs its own", async () => {
    const [mapping] = await rows(
      `select o.option_value as password from pg_user_mappings as m, pg_options_to_table(m.umoptions) as o
       where m.srvname = 'millrace' and o.option_name = 'password'`,
    );
    expect(mapping!.password).toMatch(/^[\w-]{43}$/);
    const [log] = await rows(
      "select pg_read_file(regexp_replace(current_setting('data_directory'), 'data$', 'server.log')) as text",
    );
    expect(log!.text).toContain("create server millrace");
    expect(log!.text).not.toContain(mapping!.password);

    const knock = new URL(urls.p0);
    knock.username = "millrace_coordinator";
    knock.password = "wrong";
    await expect(rows("select 1", [], knock.href)).rejects.toMatchObject({ code: "28P01" });
    knock.password = mapping!.password;
    expect(await rows("select 1 as one", [], knock.href)).toEqual([{ one: 1 }]);
    // Its login may knock at the doors and nothing else.
    await expect(rows("select from public.workflow_request", [], knock.href)).rejects.toMatchObject({
      code: "42501",
    });
    await expect(rows("select etl_api.recover()", [], knock.href)).rejects.toMatchObject({ code: "42501" });

    const renewed = await cli(["setup", "--no-deploy", "--new-password", "--yes"]);
    expect(renewed).toMatchObject({ code: 0 });
    await expect(rows("select 1", [], knock.href)).rejects.toMatchObject({ code: "28P01" });
    expect(await cli(["status"])).toMatchObject({ code: 0 });
  });

  test("a verifier is what RFC 7677 has of its example", () => {
    const verifier = scramVerifier("pencil", Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"));
    expect(verifier).toBe(
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
    );
  });

  test("the coordinator encrypts its way to other machines, and is told no password with it", () => {
    const of = (url: string): string => connectionString(readTarget(url));
    expect(of("postgres://me:geheim@db.example/my%20data")).toMatch(
      /^host='db\.example' port='5432' dbname='my data' .* sslmode='require'$/,
    );
    expect(of("postgres://me:geheim@db.example/x?sslmode=verify-full&sslrootcert=/a'b")).toMatch(
      /sslmode='verify-full' sslrootcert='\/a\\'b'$/,
    );
    expect(of("postgres://me:geheim@127.0.0.1:5433/x?password=geheim")).not.toMatch(/geheim|sslmode|user=/);
  });

  test("what it makes keeps to the rules of the house, and plpgsql_check finds nothing", async () => {
    const where = (subject: string): string => subject;
    for (const url of [urls.c, urls.p0]) {
      await withClient(url, async (client) => {
        const ours = /etl_route|etl_partition/;
        const { complaints } = await checkHouseRules(client, where);
        expect(complaints.filter((one) => url === urls.c || ours.test(one))).toEqual([]);
        await client.query("begin");
        const bodies = await checkBodies(client, where);
        await client.query("rollback");
        expect(bodies.skipped).toBeUndefined();
        expect(bodies.complaints.filter((one) => url === urls.c || ours.test(one))).toEqual([]);
      });
    }
  });
});

describe.runIf(possible)("the flows of the engine, through the coordinator", () => {
  const made: Record<string, string> = {};
  /** Another org of the partition that `there` is on. */
  const neighbour = async (): Promise<string> => {
    const org = randomUUID();
    await rows("select etl_api.place_org($1, 'p1')", [org]);
    return org;
  };

  test("a request lands with its org, and nowhere else", async () => {
    made.a = await submit(here!, "a.test");
    made.b = await submit(there!, "b.test");
    expect(await stateOf(urls.p0, made.a)).toEqual({ state: "in_progress", substate: null });
    expect(await stateOf(urls.p1, made.b)).toEqual({ state: "in_progress", substate: null });
    expect(await stateOf(urls.p1, made.a)).toBeUndefined();
    expect(await stateOf(urls.p0, made.b)).toBeUndefined();
  });

  test("bad input does not raise but lands as invalid", async () => {
    const [row] = await rows("select etl_api.submit_workflow_request($1, $2) as id", [
      there!.org,
      '{"data": {}}',
    ]);
    made.invalid = row!.id;
    expect(await stateOf(urls.p1, made.invalid!)).toEqual({ state: "invalid", substate: "missing_value" });
  });

  test("a key that was used returns the first id and starts nothing; keys are an org's own", async () => {
    const first = await submit(here!, "k.test", "one");
    expect(await submit(here!, "k.test", "one")).toBe(first);
    expect(await submit(there!, "k.test", "one")).not.toBe(first);
    expect(
      await rows(
        "select count(*)::int from public.workflow_request where idempotency_key = 'one'",
        [],
        urls.p0,
      ),
    ).toEqual([{ count: 1 }]);
  });

  test("priority and times reach the partition", async () => {
    const [row] = await rows(
      "select etl_api.submit_workflow_request($1, $2, priority => 7, not_before => '2040-01-01Z', deadline_at => '2041-01-01Z') as id",
      [here!.org, request(here!, "later.test")],
    );
    expect(
      await rows(
        "select priority, not_before, deadline_at, state::text from public.workflow_request where id = $1",
        [row!.id],
        urls.p0,
      ),
    ).toEqual([
      {
        priority: 7,
        not_before: new Date("2040-01-01"),
        deadline_at: new Date("2041-01-01"),
        state: "waiting",
      },
    ]);
    made.later = row!.id;
  });

  test("explain, by org and by id alone, says what the partition says", async () => {
    // Since when and how long: the seconds may differ between two questions.
    const plain = (found: Row[]): string[] => found.map(({ said }) => said.replace(/\d+ s\b/g, "… s"));
    const direct = await rows("select * from etl_api.explain($1) as said", [made.b], urls.p1);
    expect(direct.length).toBeGreaterThan(1);
    for (const [sql, values] of [
      ["select * from etl_api.explain($1) as said", [made.b]],
      ["select * from etl_api.explain($1, $2) as said", [there!.org, made.b]],
    ] as const)
      expect(plain(await rows(sql, [...values]))).toEqual(plain(direct));
  });

  test("dry_run renders on the org's partition", async () => {
    const [row] = await rows("select etl_api.dry_run($1, $2) as plan", [
      there!.org,
      request(there!, "dry.test"),
    ]);
    expect(row!.plan).toMatchObject({ valid: true, request_count: 1 });
  });

  test("errors come through with their SQLSTATE, message and hint", async () => {
    const id = randomUUID();
    const nobody = await errorOf(rows("select etl_api.retry($1)", [id], urls.p0));
    expect(nobody.code).toBe("ETL04");
    expect(await errorOf(rows("select etl_api.retry($1)", [id]))).toEqual(nobody);

    const direct = await errorOf(rows("select etl_api.retry($1)", [made.b], urls.p1));
    expect(direct).toMatchObject({ code: "ETL05", hint: expect.stringMatching(/./) });
    expect(await errorOf(rows("select etl_api.retry($1)", [made.b]))).toEqual(direct);
    expect(await errorOf(rows("select etl_api.retry($1, $2)", [there!.org, made.b]))).toEqual(direct);

    // Of an org that is not the request's it is no request, on whatever partition that is.
    for (const org of [here!.org, await neighbour()])
      expect(await errorOf(rows("select etl_api.cancel($1, $2)", [org, made.b]))).toMatchObject({
        code: "ETL04",
      });
    // The row it shows is another one, with an id and a time of its own.
    const plain = (error: Row): Row => ({
      ...error,
      detail: error.detail.replace(/[\da-f]{8}-\S+?,|\d{4}-\d\d-\d\d [^,]+/g, "…"),
    });
    const checked = await errorOf(
      rows(
        "insert into workflow_request (org_id, data, idempotency_key) values ($1, '{}', '')",
        [there!.org],
        urls.p1,
      ),
    );
    expect(
      plain(await errorOf(rows("select etl_api.submit_workflow_request($1, '{}', '')", [there!.org]))),
    ).toEqual(plain(checked));
    expect(checked).toMatchObject({ code: "23514", detail: expect.stringContaining("Failing row") });
    expect(await errorOf(rows("select etl_api.submit_workflow_request(null, '{}')"))).toMatchObject({
      code: "ETL04",
    });
  });

  test("cancel and retry act where the request lies", async () => {
    const [cancelled] = await rows("select etl_api.cancel($1) as told", [made.b]);
    expect(cancelled!.told).toMatchObject({ entity: "workflow_request", id: made.b, state: "failed" });
    expect(await stateOf(urls.p1, made.b!)).toEqual({ state: "failed", substate: "cancelled" });
    const [retried] = await rows("select etl_api.retry($1, $2) as told", [there!.org, made.b]);
    expect(retried!.told).toMatchObject({ state: "in_progress" });
    expect(await stateOf(urls.p1, made.b!)).toEqual({ state: "in_progress", substate: null });
  });

  test("views show all partitions, and add up", async () => {
    for (const view of gatheredViews) {
      const columns = async (on: pg.Client | string) =>
        rows(
          `select attname::text as name, format_type(atttypid, atttypmod) as type from pg_attribute
           where attrelid = 'etl_api.${view}'::regclass and attnum > 0 order by attnum`,
          [],
          on,
        );
      expect(await columns(coordinator), view).toEqual(await columns(urls.p0));
    }
    const sum = new Map<string, Row>();
    for (const row of [...(await overview(urls.p0)), ...(await overview(urls.p1))]) {
      const key = [row.entity, row.state, row.state_substate].join();
      sum.set(key, { ...row, rows: String(Number(sum.get(key)?.rows ?? 0) + Number(row.rows)) });
    }
    const order = (found: Row[]): string[] => found.map((row) => JSON.stringify(row)).sort();
    expect(order(await overview())).toEqual(order([...sum.values()]));

    const depth =
      "select sum(due_now)::int as due, count(*)::int as sources from etl_api.queue_depth where queue = 'runs'";
    expect(await rows(depth)).toEqual([{ due: 4, sources: 2 }]);
    const progress = await rows(
      "select workflow_request_id as id, org_id, state::text from etl_api.workflow_progress",
    );
    expect(progress).toHaveLength(6);
    expect(progress).toContainEqual({ id: made.b, org_id: there!.org, state: "in_progress" });
    expect(
      await rows("select workflow_request_id as id from etl_route.workflow_progress(one => $1)", [made.b]),
    ).toEqual([{ id: made.b }]);
    expect(await rows("select from etl_route.workflow_progress(newest => 2)")).toHaveLength(4);
    expect(await rows("select source from etl_api.source_health")).toHaveLength(2);
    expect(await rows("select from etl_api.org_usage_monthly")).toHaveLength(2);
  });

  test("the workers of each partition bring its requests to their end", async () => {
    await drainAs(urls.p0, "worker-0");
    expect(await stateOf(urls.p0, made.a!)).toEqual({ state: "delivered", substate: null });
    expect(await stateOf(urls.p1, made.b!)).toEqual({ state: "in_progress", substate: null });
    await drainAs(urls.p1, "worker-1");
    expect(await stateOf(urls.p1, made.b!)).toEqual({ state: "delivered", substate: null });
    expect((await rows("select etl_api.explain($1) as said", [made.a]))[0]!.said).toMatch(/delivered/);
    for (const url of [urls.p0, urls.p1]) await rows("select etl_api.recover()", [], url);
    expect(
      await rows(
        "select sum(requests)::int as requests, sum(http_requests)::int as http from etl_api.org_usage_monthly",
      ),
    ).toEqual([{ requests: 5, http: 4 }]);
    expect(
      await rows("select steps > 0 as some from etl_api.state_durations where entity = 'run_request'"),
    ).toContainEqual({
      some: true,
    });
    const [again] = await rows("select etl_api.redeliver($1) as told", [made.a]);
    expect(again!.told.delivery_ids).toHaveLength(1);
    await drainAs(urls.p0, "worker-0");
  });

  test("people see and touch what is their orgs' only", async () => {
    const [member, viewer] = [randomUUID(), randomUUID()];
    await rows(
      "insert into org_member (org_id, user_id, role) values ($1, $2, 'member'), ($1, $3, 'viewer')",
      [there!.org, member, viewer],
      urls.p1,
    );
    await as(member, "authenticated", async (client) => {
      const seen = await rows("select distinct org_id from etl_api.workflow_progress", [], client);
      expect(seen).toEqual([{ org_id: there!.org }]);
      expect(await rows("select from etl_api.explain($1)", [made.b], client)).not.toHaveLength(0);
      expect(await errorOf(rows("select etl_api.explain($1)", [made.a], client))).toMatchObject({
        code: "ETL04",
      });
      expect(
        await errorOf(rows("select etl_api.cancel($1, $2)", [here!.org, made.later], client)),
      ).toMatchObject({
        code: "ETL04",
      });
      const [row] = await rows(
        "select etl_api.submit_workflow_request($1, $2) as id",
        [there!.org, request(there!, "m.test")],
        client,
      );
      expect(await stateOf(urls.p1, row!.id)).toMatchObject({ state: "in_progress" });
      expect(
        await errorOf(rows("select etl_api.submit_workflow_request($1, '{}')", [here!.org], client)),
      ).toMatchObject({ code: "42501" });
      for (const sql of [
        "select etl_api.place_org(gen_random_uuid())",
        "select * from etl_route.org_partition",
        "select * from etl_route.status()",
        `select etl_route.remote_ping(0)`,
        `select etl_route.remote_act(0, '{"role": "service_role"}', 'cancel', null, '${made.later}')`,
      ])
        expect(await errorOf(rows(sql, [], client)), sql).toMatchObject({ code: "42501" });
      await rows("select etl_api.cancel($1)", [row!.id], client);
    });
    await as(viewer, "authenticated", async (client) => {
      expect(await rows("select from etl_api.explain($1)", [made.b], client)).not.toHaveLength(0);
      expect(await errorOf(rows("select etl_api.redeliver($1)", [made.b], client))).toMatchObject({
        code: "ETL06",
      });
    });
    await as(randomUUID(), "authenticated", async (client) => {
      expect(await rows("select from etl_api.workflow_progress", [], client)).toEqual([]);
      expect(await rows("select from etl_api.state_overview", [], client)).toEqual([]);
    });
    await as(null, "anon", async (client) => {
      for (const sql of ["select * from etl_api.stuck", `select etl_api.explain('${made.a}')`])
        expect(await errorOf(rows(sql, [], client))).toMatchObject({ code: "42501" });
    });
    await as(null, "service_role", async (client) => {
      expect(await rows("select distinct org_id from etl_api.workflow_progress", [], client)).toHaveLength(2);
    });
  });

  test("trace, by org and by id alone, tells what the partition tells", async () => {
    const direct = await rows("select t.*, entity::text from etl_api.trace($1) as t", [made.b], urls.p1);
    expect(direct.length).toBeGreaterThan(10);
    expect(await rows("select * from etl_api.trace($1)", [made.b])).toEqual(direct);
    expect(await rows("select * from etl_api.trace($1, $2)", [there!.org, made.b])).toEqual(direct);
    for (const org of [here!.org, await neighbour()])
      expect(await errorOf(rows("select etl_api.trace($1, $2)", [org, made.b])), org).toMatchObject({
        code: "ETL04",
      });
  });

  test("what is sent to an endpoint is sent from the org's partition", async () => {
    const [endpoint] = await rows(
      "insert into webhook_endpoint (org_id, url) values ($1, 'https://client.example/hook') returning id",
      [there!.org],
      urls.p1,
    );
    const both = [there!.org, endpoint!.id];
    const sent = async (): Promise<Row[]> =>
      rows(
        "select state::text, count(*)::int from delivery where endpoint_id = $1 group by 1 order by 1",
        [endpoint!.id],
        urls.p1,
      );
    const [tested] = await rows("select etl_api.send_test_event($1, $2) as told", both);
    expect(
      await rows("select event_type from delivery where id = $1", [tested!.told.delivery_id], urls.p1),
    ).toEqual([{ event_type: "endpoint.test" }]);
    await drainAs(urls.p1, "worker-1");
    expect(await sent()).toEqual([{ state: "delivered", count: 1 }]);
    const replay = "select etl_api.replay($1, $2, now() - interval '1 hour') as told";
    expect((await rows(replay, both))[0]!.told).toMatchObject({ failed: 0, delivered: 0 });
    const [again] = await rows(replay.replace(") as", ", delivered_too => true) as"), both);
    expect(again!.told).toMatchObject({ endpoint_id: endpoint!.id, failed: 0, delivered: 1 });
    expect(await sent()).toEqual([
      { state: "delivered", count: 1 },
      { state: "ready", count: 1 },
    ]);
    const [later] = await rows("select etl_api.replay($1, $2, now(), delivered_too => true) as told", both);
    expect(later!.told).toMatchObject({ delivered: 0 });
    await drainAs(urls.p1, "worker-1");

    // What is wrong is told as the partition tells it.
    const calls: [string, string][] = [
      ["etl_api.send_test_event($1, $2)", "etl_api.send_test_event($1)"],
      ["etl_api.replay($1, $2, now())", "etl_api.replay($1, now())"],
      ["etl_api.replay($1, $2, null)", "etl_api.replay($1, null)"],
    ];
    await rows("update webhook_endpoint set disabled_at = now() where id = $1", [endpoint!.id], urls.p1);
    for (const [call, direct] of calls) {
      const said = await errorOf(rows(`select ${direct}`, [endpoint!.id], urls.p1));
      expect(said).toMatchObject({ code: "ETL05", hint: expect.stringContaining("disabled_at") });
      expect(await errorOf(rows(`select ${call}`, both))).toEqual(said);
    }
    await rows("update webhook_endpoint set disabled_at = null where id = $1", [endpoint!.id], urls.p1);
    expect(await errorOf(rows(`select ${calls[2]![0]}`, both))).toEqual(
      await errorOf(rows(`select ${calls[2]![1]}`, [endpoint!.id], urls.p1)),
    );

    const [member, viewer] = [randomUUID(), randomUUID()];
    await rows(
      "insert into org_member (org_id, user_id, role) values ($1, $2, 'member'), ($1, $3, 'viewer')",
      [there!.org, member, viewer],
      urls.p1,
    );
    const nobodys = { code: "ETL04", message: `no such endpoint: ${endpoint!.id}` };
    for (const [call] of calls.slice(0, 2)) {
      const outcome = (user: string | null, role: string, org = there!.org): Promise<Row | undefined> =>
        as(user, role, async (client) => {
          try {
            await rows(`select ${call}`, [org, endpoint!.id], client);
            return undefined;
          } catch (error) {
            return error as Row;
          }
        });
      expect(await outcome(member, "authenticated"), call).toBeUndefined();
      expect(await outcome(null, "service_role"), call).toBeUndefined();
      expect(await outcome(viewer, "authenticated"), call).toMatchObject({ code: "ETL06" });
      expect(await outcome(randomUUID(), "authenticated"), call).toMatchObject(nobodys);
      for (const org of [here!.org, await neighbour()])
        expect(await outcome(null, "service_role", org), call).toMatchObject(nobodys);
      expect(await outcome(null, "anon"), call).toMatchObject({ code: "42501" });

      await rows("update etl_route.org_partition set moving_to = 0 where org_id = $1", [there!.org]);
      expect(await outcome(null, "service_role"), call).toMatchObject({ code: "ETL05" });
      await rows("update etl_route.org_partition set moving_to = null where org_id = $1", [there!.org]);
    }
    await drainAs(urls.p1, "worker-1");
  });

  test("the doors take and return what the engine's do, with the org before it", async () => {
    // Enums of the engine go as text where they are not in a view.
    const doors = (on?: string): Promise<Row[]> =>
      rows(
        `select proname::text as name,
           regexp_replace(pg_get_function_arguments(oid), '^org_id uuid, (?!data )', '') as takes,
           replace(pg_get_function_result(oid), 'etl_api.entity_kind', 'text') as returns
         from pg_proc
         where pronamespace = 'etl_api'::regnamespace and has_function_privilege('authenticated', oid, 'execute')
           and proname <> 'submit_workflow_request'`,
        [],
        on,
      );
    const found = await doors();
    expect(new Set(found.map(({ name }) => name)).size).toBeGreaterThan(7);
    expect(await doors(urls.p1)).toEqual(expect.arrayContaining(found));
  });

  test("a new org goes by its hash, keeps its place, and nobody gets one by asking", async () => {
    const stranger = randomUUID();
    expect(
      await errorOf(rows("select etl_api.submit_workflow_request($1, '{}')", [stranger])),
    ).toHaveProperty("code");
    expect(await rows("select from etl_route.org_partition where org_id = $1", [stranger])).toEqual([]);

    const spread = await rows(
      "select etl_route.default_partition(gen_random_uuid()) as no, count(*)::int from generate_series(1, 400) group by 1",
    );
    expect(spread.map(({ no }) => no).sort()).toEqual([0, 1]);
    for (const { count } of spread) expect(count).toBeGreaterThan(120);

    const { text } = await cli(["place", stranger]);
    const [, partition] = /is on partition (p\d)/.exec(text)!;
    expect((await cli(["where", stranger])).text).toContain(`is on partition ${partition}\n`);
    expect(await cli(["place", stranger, partition === "p0" ? "p1" : "p0"])).toMatchObject({
      code: 1,
      text: expect.stringContaining(`npm run partitions -- move ${stranger}`),
    });
    await rows("delete from etl_route.org_partition where org_id = $1", [stranger]);
  });

  test("an org that was there before, or has no place yet, is found", async () => {
    const quiet = await withClient(urls.p1, (client) => configure(client, "quiet"));
    const { text } = await cli(["setup", "--no-deploy", "--yes"]);
    expect(text).toMatch(/1 on p0, 2 on p1; 1 recorded/);
    expect(
      await rows("select partition_no as no from etl_route.org_partition where org_id = $1", [quiet.org]),
    ).toEqual([{ no: 1 }]);
    await rows("update etl_route.org_partition set partition_no = 0 where org_id = $1", [quiet.org]);
    expect(await cli(["setup", "--no-deploy", "--yes"])).toMatchObject({
      code: 1,
      text: expect.stringMatching(/lies on partition p1, and the coordinator looks for it on p0/),
    });
    await rows("delete from etl_route.org_partition where org_id = $1", [quiet.org]);
    await rows("delete from org where id = $1", [quiet.org], urls.p1);
  });
});

describe.runIf(possible)("a partition that is down", () => {
  let before: string;

  test("fails its own orgs, and says which it is", async () => {
    before = await submit(there!, "before.test");
    // At once, and none of its sessions outlives it.
    process.kill(other.pid!, "SIGQUIT");
    await other.exited();
    const down = { code: "ETL08", message: "partition p1 cannot be reached" };
    for (let again = 0; again < 2; again++) {
      expect(await errorOf(submit(there!, "down.test"))).toMatchObject(down);
      for (const call of ["cancel", "trace", "send_test_event"])
        expect(await errorOf(rows(`select etl_api.${call}($1, $2)`, [there!.org, before]))).toMatchObject(
          down,
        );
      expect(await errorOf(rows("select etl_api.replay($1, $2, now())", [there!.org, before]))).toMatchObject(
        down,
      );
    }
    expect(await errorOf(rows("select etl_api.explain($1)", [before]))).toMatchObject({
      code: "ETL08",
      message: expect.stringMatching(/none of the partitions that answer; partition p1 /),
    });
  });

  test("fails no others", async () => {
    const id = await submit(here!, "up.test");
    expect(await rows("select from etl_api.explain($1)", [id])).not.toHaveLength(0);
    await rows("select etl_api.cancel($1)", [id]);
    await rows("select etl_api.retry($1, $2)", [here!.org, id]);
    await drainAs(urls.p0, "worker-0");
    expect(await stateOf(urls.p0, id)).toMatchObject({ state: "delivered" });
  });

  test("views fail rather than show less, unless that is asked for", async () => {
    for (const view of gatheredViews)
      expect(await errorOf(rows(`select * from etl_api.${view}`))).toMatchObject({
        code: "ETL08",
        message: `partition p1 cannot be reached, so etl_api.${view} would not be complete`,
        hint: expect.stringContaining("etl.partial_views"),
      });
    const heard: string[] = [];
    const listen = (notice: { message?: string }): void => void heard.push(notice.message ?? "");
    coordinator.on("notice", listen);
    await coordinator.query("set etl.partial_views = on");
    expect(await overview()).toEqual(await overview(urls.p0));
    await coordinator.query("reset etl.partial_views");
    coordinator.off("notice", listen);
    expect(heard).toContain("etl_api.state_overview is without partition p1, which cannot be reached");
    const { code, text } = await cli(["status"]);
    expect(code).toBe(1);
    expect(text).toMatch(/p0 .* orgs\np1 .*out of reach/);
  });

  test("is there again when it is back, in the same session", async () => {
    await other.restart();
    expect(await rows("select from etl_api.explain($1)", [before])).not.toHaveLength(0);
    expect(await rows("select distinct org_id from etl_api.workflow_progress")).toHaveLength(2);
    await drainAs(urls.p1, "worker-1");
    expect(await stateOf(urls.p1, before)).toMatchObject({ state: "delivered" });
  });

  test("one that hangs is given up by the caller's statement_timeout", async () => {
    await using blocker = await connect(urls.p1);
    await blocker.query("begin; lock table public.workflow_request in access exclusive mode");
    await coordinator.query("set statement_timeout = '1s'");
    expect(await errorOf(submit(there!, "hangs.test"))).toMatchObject({ code: "57014" });
    await coordinator.query("reset statement_timeout");
    expect(await stateOf(urls.p0, await submit(here!, "runs.test"))).toMatchObject({ state: "in_progress" });
    await blocker.query("rollback");
    expect(await submit(there!, "free.test")).toMatch(/-/);
  });
});

describe.runIf(possible)("moving an org", () => {
  let mover: Tenant;
  const told: string[] = [];
  const say = (what: string, text: string): void => void told.push(`${what} ${text}`);
  const move = (to: string, wait = 0): Promise<void> =>
    moveOrg({ coordinator: readTarget(urls.c), partitions, org: mover.org, to, wait, say });

  test("takes all of it along, open work and history, and leaves nothing", async () => {
    mover = await place(urls.p0, "p0", "mover");
    const done = await submit(mover, "done.test", "kept");
    const cancelled = await submit(mover, "cancelled.test");
    await rows("select etl_api.cancel($1)", [cancelled]);
    await drainAs(urls.p0, "worker-0");
    // Some of it is in the summaries, some not yet.
    await rows("select etl_api.recover()", [], urls.p0);
    await submit(mover, "late.test");
    await withClient(urls.p0, async (client) => {
      await answerRuns(client, "worker-0");
    });
    const open = await submit(mover, "open.test");
    await rows(
      "insert into org_member (org_id, user_id, role) values ($1, $2, 'owner')",
      [mover.org, randomUUID()],
      urls.p0,
    );

    const seen = async (): Promise<Record<string, Row[]>> => {
      const found: Record<string, Row[]> = {};
      for (const view of ["workflow_progress", "delivery_health", "org_usage_monthly"])
        found[view] = await rows(
          `select (to_jsonb(v) - array['eta', 'oldest_due_age'])::text as row from etl_api.${view} as v
           where org_id = $1 order by 1`,
          [mover.org],
        );
      found.state_overview = await overview();
      return found;
    };
    const [carried, shown] = [await rowsOf(urls.p0, mover.org), await seen()];
    expect(Object.keys(carried).length).toBeGreaterThan(20);

    const { code, text } = await cli(["move", mover.org, "p1"]);
    expect(text).toMatch(new RegExp(`Org +${mover.org} is on partition p1\n`));
    expect(code).toBe(0);
    expect((await cli(["move", mover.org, "p1"])).text).toContain("is on partition p1 already");

    expect(await rowsOf(urls.p0, mover.org)).toEqual({});
    expect(await rowsOf(urls.p1, mover.org)).toEqual(carried);
    expect(await seen()).toEqual(shown);
    // Rolled up or not, nothing is counted twice.
    for (const url of [urls.p0, urls.p1]) {
      await rows("select etl_api.recover()", [], url);
      expect(await rows("select * from etl_api.check_consistency()", [], url)).toEqual([]);
    }
    expect(await overview()).toEqual(shown.state_overview);

    expect(await submit(mover, "done.test", "kept")).toBe(done);
    await drainAs(urls.p0, "worker-0");
    expect(await stateOf(urls.p1, open)).toMatchObject({ state: "in_progress" });
    await drainAs(urls.p1, "worker-1");
    expect(await stateOf(urls.p1, open)).toMatchObject({ state: "delivered" });
    await rows("select etl_api.retry($1)", [cancelled]);
    await drainAs(urls.p1, "worker-1");
    expect(await stateOf(urls.p1, cancelled)).toMatchObject({ state: "delivered" });
    for (const url of [urls.p0, urls.p1]) await rows("select etl_api.recover()", [], url);
  });

  test("is refused while something is in flight, and changes nothing", async () => {
    const id = await submit(mover, "flight.test");
    const before = await rowsOf(urls.p1, mover.org);
    await using worker = await connect(urls.p1);
    const { rows: claimed } = await worker.query("select * from etl_api.claim_run_requests('worker-1', 1)");
    expect(claimed).toHaveLength(1);
    await expect(move("p0")).rejects.toMatchObject({
      message: "1 HTTP request is in flight at partition p1 after 0 s; nothing was changed.",
    });
    expect((await rowsOf(urls.p1, mover.org))["public.object"]).toEqual(before["public.object"]);
    expect(await rowsOf(urls.p0, mover.org)).toEqual({});
    expect(await submit(mover, "flight2.test")).toMatch(/-/);

    // While it waits nothing new is claimed, and what comes back is taken.
    const moved = move("p0", 60);
    const holding = async (): Promise<boolean> =>
      (await rows("select moving_to from etl_route.org_partition where org_id = $1", [mover.org]))[0]!
        .moving_to === 0;
    while (!(await holding()));
    const held = async (): Promise<boolean> =>
      (
        await rows(
          `select count(*)::int as free from (select from public.run_queue
           where org_id = $1 and state = 'waiting' for update skip locked) as q`,
          [mover.org],
          urls.p1,
        )
      )[0]!.free === 0;
    while (!(await held()));
    expect(await errorOf(submit(mover, "no.test"))).toMatchObject({
      code: "ETL05",
      message: `org ${mover.org} is being moved from partition p1 to p0`,
    });
    expect(await rows("select from etl_api.explain($1)", [id])).not.toHaveLength(0);
    expect(await answerRuns(worker, "worker-1")).toBe(0);
    await worker.query("select * from etl_api.complete_run_requests($1)", [
      JSON.stringify(
        claimed.map(({ run_request_id, lease_token }) => ({
          run_request_id,
          lease_token,
          status: 200,
          body: { company: { sector: "Anvils", staff: 12 } },
        })),
      ),
    ]);
    await moved;
    expect(await rowsOf(urls.p1, mover.org)).toEqual({});
    await drainAs(urls.p0, "worker-0");
    expect(await stateOf(urls.p0, id)).toMatchObject({ state: "delivered" });
  });

  test("is refused where shared configuration is missing, by name", async () => {
    const [source] = await rows(
      `insert into source (name, run_request_template) values ('shared', '{"method": "GET", "url": "https://api.example/"}')
       returning id`,
      [],
      urls.p0,
    );
    await rows(
      "insert into object_source (org_id, source_id, object_type_id, direction, key_mapping_json) select $1, $2, id, 'input', '\"x\"' from object_type where org_id = $1",
      [mover.org, source!.id],
      urls.p0,
    );
    const before = await rowsOf(urls.p0, mover.org);
    await expect(move("p1")).rejects.toMatchObject({
      message: expect.stringContaining(`public.object_source points to public.source ${source!.id}`),
    });
    expect(await rowsOf(urls.p0, mover.org)).toEqual(before);
    expect(await rowsOf(urls.p1, mover.org)).toEqual({});
    expect((await cli(["where", mover.org])).text).toContain("is on partition p0\n");
    await rows("delete from source where id = $1", [source!.id], urls.p0);
  });

  test("interrupted between the two commits, ends when it is said again", async () => {
    const before = await rowsOf(urls.p0, mover.org);
    const psql = "/usr/lib/postgresql/15/bin/psql";
    const interrupted = moveOrg({
      coordinator: readTarget(urls.c),
      partitions,
      org: mover.org,
      to: "p1",
      wait: 0,
      say(what) {
        // All is copied and nothing committed: the connection to the old place breaks.
        if (what === "Rows")
          execFileSync(psql, [
            urls.p0,
            "-qc",
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'millrace partitions'",
          ]);
      },
    });
    await expect(interrupted).rejects.toThrow();
    expect(await rowsOf(urls.p1, mover.org)).toEqual(before);
    expect(await rowsOf(urls.p0, mover.org)).toEqual(before);
    expect(await errorOf(submit(mover, "half.test"))).toMatchObject({ code: "ETL05" });
    expect(await cli(["move", mover.org, "p0"])).toMatchObject({
      code: 1,
      text: expect.stringContaining("End it first"),
    });
    expect((await cli(["setup", "--no-deploy", "--yes"])).code).toBe(0);

    await move("p1");
    expect(await rowsOf(urls.p1, mover.org)).toEqual(before);
    expect(await rowsOf(urls.p0, mover.org)).toEqual({});
    for (const url of [urls.p0, urls.p1]) {
      await rows("select etl_api.recover()", [], url);
      expect(await rows("select * from etl_api.check_consistency()", [], url)).toEqual([]);
    }
    const id = await submit(mover, "whole.test");
    await withClient(urls.p1, async (client) => {
      while ((await answerRuns(client, "w")) + (await answerDeliveries(client, "w")) > 0);
    });
    expect(await stateOf(urls.p1, id)).toMatchObject({ state: "delivered" });
  });
});

describe.runIf(possible)("docs/scaling.md", () => {
  test("its commands run as they stand", async () => {
    const [, , placing, looking, moving, measuring, ...rest] = guide("sh");
    const [submitting, ...others] = guide("sql");
    expect([...rest, ...others]).toEqual([]);
    // Minutes; that there is such a benchmark has to do.
    expect(await shell(`${measuring!.trim()} --help`)).toMatch(/^ +partitions /m);
    const [org, activity] = ["a0000000-0000-4000-8000-000000000008", "a0000000-0000-4000-8000-000000000006"];

    expect(await shell(placing!)).toMatch(
      new RegExp(`${org} is on partition p0\n[^]*${org} is on partition p0\n`),
    );
    await rows(
      `with o as (insert into org (id, name, slug) values ('${org}', 'Guide', 'guide') returning id),
       t as (insert into object_type (org_id, name, key_datapoints) select id, 'company', '{domain}' from o returning id, org_id),
       d as (insert into datapoint (org_id, object_type_id, name) select org_id, id, 'industry' from t returning id, org_id),
       s as (insert into source (org_id, name, run_request_template) select id, 'facts',
         '{"method": "GET", "url": "https://api.example/<<$object.domain>>", "response": {"objects": "company"}}' from o
         returning id, org_id),
       i as (insert into object_source (org_id, source_id, object_type_id, direction, key_mapping_json)
         select s.org_id, s.id, t.id, 'input', '["input", "companies"]' from s, t),
       m as (insert into datapoint_source (org_id, source_id, datapoint_id, key_mapping_json)
         select s.org_id, s.id, d.id, '"sector"' from s, d)
       insert into activity (id, org_id, name, activity_type, object_type_id, datapoints)
       select '${activity}', org_id, 'Enrich', 'enrichment', id, '{industry}' from t`,
      [],
      urls.p0,
    );
    const [made] = await rows(submitting!);
    expect(await stateOf(urls.p0, made!.id)).toEqual({ state: "in_progress", substate: null });
    expect(await shell(looking!)).toMatch(/^p0 .*\/first · \d+ orgs\np1 .*\/second · \d+ orgs$/m);
    expect(await shell(moving!)).toContain(`${org} is on partition p1\n`);
    await drainAs(urls.p1, "worker-1");
    expect(await stateOf(urls.p1, made!.id)).toEqual({ state: "done", substate: null });
  });

  test("names options and commands that are there", async () => {
    const text = readFileSync(join(projectRoot, "docs/scaling.md"), "utf8");
    const { text: help } = await cli(["--help"]);
    const used = [...text.matchAll(/npm run partitions -- (\w+)/g)].map((match) => match[1]!);
    expect(new Set(used)).toEqual(new Set(["setup", "status", "where", "place", "move"]));
    for (const [option] of text.matchAll(/(?<!-)--(?!-)[a-z]+(-[a-z]+)*/g))
      expect(help.includes(option) || option === "--only", option).toBe(true);
  });
});

describe.runIf(possible)("one more partition", () => {
  test("leaves orgs where they are, those without a place of their own too, and takes new ones", async () => {
    const third = databaseUrl(debian.url, "third");
    await rows("create database third", [], debian.url);
    await rows("delete from etl_route.org_partition where org_id in ($1, $2)", [here!.org, there!.org]);
    const three = JSON.stringify({ p2: third, p0: urls.p0, p1: urls.p1 });
    const { code, text } = await cli(["setup", "--bootstrap", "--yes"], { PARTITION_URLS: three });
    expect(text).toMatch(/0 on p2; 2 recorded\n/);
    expect(text).toContain("3 partitions answer the coordinator");
    expect(code).toBe(0);
    expect(
      await rows("select partition_no as no, name from etl_route.partition order by partition_no"),
    ).toEqual([
      { no: 0, name: "p0" },
      { no: 1, name: "p1" },
      { no: 2, name: "p2" },
    ]);

    // The session from before knows of it.
    const fresh = await place(third, "p2", "fresh");
    const id = await submit(fresh, "fresh.test");
    expect(await stateOf(third, id)).toMatchObject({ state: "in_progress" });
    expect(await stateOf(urls.p0, await submit(here!, "stays.test"))).toMatchObject({ state: "in_progress" });
    expect(await stateOf(urls.p1, await submit(there!, "stays.test"))).toMatchObject({
      state: "in_progress",
    });
    expect(
      (await rows("select distinct org_id from etl_api.workflow_progress")).map((row) => row.org_id),
    ).toEqual(expect.arrayContaining([fresh.org, here!.org, there!.org]));
  });
});
