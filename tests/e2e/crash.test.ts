/**
 * The demo's workflow with a process killed in its middle: nothing is lost and nothing counts twice. The server keeps
 * its durable settings here: what it has committed is there after it was killed.
 */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startClient, type Client } from "../../scripts/demo/client.ts";
import { readCompanies, type Company } from "../../scripts/demo/facts.ts";
import { insertRequest, insertSetup, secretNames } from "../../scripts/demo/setup.ts";
import { startThirdParty, type Api, type ThirdParty } from "../../scripts/demo/third-party.ts";
import { readProgress, readTotals, readTrouble } from "../../scripts/demo/watch.ts";
import { startStack, type Stack } from "../../scripts/lib/stack.ts";
import { plantedSigner, searchServer } from "../helpers/planted.ts";

const countries = ["France", "Japan", "Sweden", "Netherlands"];
const companies = readCompanies().filter(({ country }) => countries.includes(country));
const secret = plantedSigner();

let thirdParty: ThirdParty;
let client: Client;
let stack: Stack;
let pool: pg.Pool;
let orgId: string;

beforeEach(async () => {
  // These tests kill their server, so it has to be their own.
  delete process.env.DATABASE_URL;
  orgId = randomUUID();
  thirdParty = await startThirdParty({ companies: readCompanies(), slowness: 700 });
  client = await startClient({ secret, failFirst: false, slowness: 500 });
  const secrets: Record<string, string> = { webhook: secret };
  for (const [api, key] of Object.entries(thirdParty.keys)) secrets[secretNames[api as Api]] = key;
  stack = await startStack({
    server: {
      ephemeral: true,
      settings: { fsync: "on", full_page_writes: "on", synchronous_commit: "on" },
    },
    env: { ETL_SECRETS: JSON.stringify({ [orgId]: secrets }) },
    bell: { clockInterval: 250 },
    quiet: true,
  });
  pool = new pg.Pool({ connectionString: stack.databaseUrl });
  pool.on("error", () => {});
  await pool.query(
    `update etl_api.setting as s
     set value = n.value
     from (
       values
         ('lease_seconds', '1'::jsonb),
         ('delivery_timeout_seconds', '2'),
         ('delivery_schedule_seconds', '[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]')
     ) as n (name, value)
     where s.name = n.name`,
  );
});

afterEach(async () => {
  const left = await searchServer(stack.server.url, join(dirname(stack.server.dataDir!), "server.log"));
  await pool?.end();
  await stack?.stop();
  await client?.stop();
  await thirdParty?.stop();
  expect(left).toEqual({ searched: 1, found: [] });
});

/** Sets everything up and inserts the demo's request; returns its id. */
async function begin(): Promise<string> {
  const connection = await pool.connect();
  try {
    const setup = await insertSetup(connection, {
      orgId,
      thirdPartyUrl: thirdParty.url,
      clientUrl: client.url,
      countries,
    });
    // With lease_seconds, how long a killed function's work stays with it.
    await connection.query("update public.source set timeout_seconds = 2 where org_id = $1", [orgId]);
    return await insertRequest(connection, setup);
  } finally {
    connection.release();
  }
}

/** Asks until it is so; says where the workflow stands when it does not become so. */
async function until(what: string, isSo: () => Promise<boolean>, seconds = 40): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    // The server may be away.
    if (await isSo().catch(() => false)) return;
    if (Date.now() > end) {
      const trouble = await readTrouble(pool as unknown as pg.Client, orgId).catch((error: Error) => [
        error.message,
      ]);
      throw new Error(`not within ${seconds} s: ${what}\n${trouble.join("\n")}`);
    }
    await delay(20);
  }
}

const isTrue = async (sql: string) =>
  (await pool.query<{ yes: boolean }>(`select (${sql}) as yes`)).rows[0]!.yes;

/** A request to a source of that name is with a functions process. */
const asks = (source: string) => () =>
  isTrue(`exists (
    select 1
    from public.run_request as r
    join public.source as s on s.id = r.source_id
    where r.state = 'in_progress' and s.name = '${source}')`);

/** The client has a message that the engine does not yet know to be delivered. */
const deliveryUnderWay = async () =>
  client.messages.size > 0 &&
  (await isTrue("exists (select 1 from public.delivery where state = 'in_progress')"));

/** Kills the server and all its children, as an out-of-memory killer without manners would. */
async function killServer(): Promise<void> {
  const postmaster = stack.server.pid!;
  const children = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === postmaster)
    .map(([pid]) => pid!);
  expect(children.length).toBeGreaterThan(3);
  for (const pid of [postmaster, ...children]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      // A child that went with its parent.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
  await stack.server.exited();
}

async function expectAllDelivered(workflowId: string): Promise<void> {
  await until("the workflow is delivered", async () => {
    const { state } = await readProgress(pool as unknown as pg.Client, workflowId);
    return state === "delivered";
  });
  const { activities } = await readProgress(pool as unknown as pg.Client, workflowId);
  const founders = companies.flatMap((company) => company.founders);
  expect(activities.map(({ key, state, objects }) => ({ key, state, objects }))).toEqual([
    { key: "find", state: "delivered", objects: companies.length },
    { key: "enrich", state: "delivered", objects: companies.length },
    { key: "people", state: "delivered", objects: founders.length },
  ]);
  for (const { runs } of activities) expect(Object.keys(runs)).toEqual(["done"]);
  await expectEachMessageOnceOrMore();
  await expectEachValueOnce();
}

async function expectEachMessageOnceOrMore(): Promise<void> {
  const { deliveries } = await readTotals(pool as unknown as pg.Client, orgId);
  expect(deliveries.map(({ event_type, state }) => `${event_type} ${state}`)).toEqual([
    "activity_request.done delivered",
    "activity_request.done delivered",
    "activity_request.done delivered",
    "workflow_request.done delivered",
  ]);
  // No message came under two ids, and none said something else when it came again.
  expect([...client.messages.keys()].toSorted()).toEqual(
    deliveries.map(({ webhook_id }) => webhook_id).toSorted(),
  );
  expect(client.rejected).toEqual([]);
  for (const { unchanged } of client.messages.values()) expect(unchanged).toBe(true);
  const told = [...client.messages.values()].map(({ body }) => String(body.data.activity_key ?? "workflow"));
  expect(told.toSorted()).toEqual(["enrich", "find", "people", "workflow"]);
}

async function expectEachValueOnce(): Promise<void> {
  const { rows } = await pool.query<{ object: string; values: Record<string, unknown>; sightings: number }>(
    `select t.name || ' ' || o.natural_key::text as object, k."values", (
       select max(n.number)::int
       from (
         select count(*) as number
         from public.value as v
         where v.object_id = o.id
         group by v.datapoint_id, v.source_id) as n) as sightings
     from public.object as o
     join public.object_type as t on t.id = o.object_type_id
     cross join lateral etl_api.object_values(array[o.id]) as k
     where o.org_id = $1`,
    [orgId],
  );
  expect(rows.every(({ sightings }) => sightings === 1)).toBe(true);
  const stored = rows.map(({ values }) => values);
  const domain = (values: Record<string, unknown>) => String(values.domain);
  expect(
    stored.filter((values) => "domain" in values).toSorted((a, b) => (domain(a) < domain(b) ? -1 : 1)),
  ).toEqual(companies.map(facts).toSorted((a, b) => (domain(a) < domain(b) ? -1 : 1)));
  const person = ({ name, company }: Record<string, unknown>) => `${String(company)} ${String(name)}`;
  expect(
    stored
      .filter((values) => "role" in values)
      .map(person)
      .toSorted(),
  ).toEqual(companies.flatMap((c) => c.founders.map((name) => `${c.domain} ${name}`)).toSorted());
}

function facts({ name, domain, country, city, industry, founded, employees, ticker }: Company) {
  return {
    name,
    domain,
    country,
    city,
    industry,
    founded,
    employees,
    ...(ticker === null ? {} : { ticker }),
  };
}

it("gets over a killed functions process, whatever it was doing", async () => {
  const workflowId = await begin();

  await until("a message is under way", deliveryUnderWay);
  await stack.functions!.kill();
  expect(await deliveryUnderWay()).toBe(true);
  await stack.functions!.restart();

  await until("people are asked for", asks("people"));
  await stack.functions!.kill();
  expect(await asks("people")()).toBe(true);
  await stack.functions!.restart();

  await expectAllDelivered(workflowId);
  const { rows } = await pool.query<{ entity: string }>(
    `select distinct entity::text
     from etl_api.state_history
     where org_id = $1 and substate = 'lease_expired'
     order by entity`,
    [orgId],
  );
  // Work of both kinds was lost with the process and found again.
  expect(rows.map(({ entity }) => entity)).toEqual(["delivery", "run_request"]);
  expect([...client.messages.values()].some(({ attempts }) => attempts.length > 1)).toBe(true);
});

it("gets over a killed server, whatever it was doing", async () => {
  const workflowId = await begin();

  await until("a message is under way", deliveryUnderWay);
  await killServer();
  await stack.server.restart();

  await until("people are asked for", asks("people"));
  await killServer();
  await stack.server.restart();

  await expectAllDelivered(workflowId);
});
