/**
 * Every migration is applied to a database at work that has all before it, with workers who go on meanwhile, on
 * connections that have prepared their calls; then the newest is taken back in the same way, and comes again.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { bootstrapDatabase } from "../lib/bootstrap.ts";
import { cloneDatabase } from "../lib/database.ts";
import { migrateUp, migrationsFolder, readMigrations, rollbackLast, type Migration } from "../lib/migrate.ts";
import { projectRoot } from "../lib/sources.ts";
import {
  Caller,
  configureLive,
  faultsOf,
  handIn,
  Outside,
  startWorkers,
  untilEnded,
  wrongEnds,
  type HandedIn,
  type Tenant,
  type Workers,
} from "./live.ts";
import type { Figures, Proof, ProofContext } from "./proof.ts";

/** What an upgrade is tried with. */
export type Surroundings = Pick<ProofContext, "expect" | "own" | "progress" | "signal">;

/** A project that has the first migrations only; the tool that applies them knows no further. */
function projectWith(context: Surroundings, migrations: Migration[], root: string): string {
  const folder = context.own(mkdtempSync(join(tmpdir(), "millrace-upgrade-")), (path) =>
    rmSync(path, { recursive: true, force: true }),
  );
  mkdirSync(join(folder, migrationsFolder), { recursive: true });
  for (const { file } of migrations)
    copyFileSync(join(root, migrationsFolder, file), join(folder, migrationsFolder, file));
  return folder;
}

const isThere = async (client: pg.Client, name: string): Promise<boolean> =>
  (await client.query<{ yes: boolean }>("select to_regprocedure($1) is not null as yes", [name])).rows[0]!
    .yes;

/** Every row with an id that the engine made. */
async function allIds(client: pg.Client): Promise<Set<string>> {
  const { rows } = await client.query<{ id: string }>(
    ["workflow_request", "activity_request", "run_queue", "run_request", "delivery", "object"]
      .map((table) => `select '${table} ' || id as id from public.${table}`)
      .join(" union all "),
  );
  return new Set(rows.map(({ id }) => id));
}

interface Live {
  url: string;
  client: pg.Client;
  tenant: Tenant;
  outside: Outside;
  workers: Workers;
  requests: HandedIn[];
}

/** Somebody who goes on handing requests in, one at a time, and counts what he was refused. */
function keepHandingIn({ url, tenant, requests }: Live): { stop(): Promise<number> } {
  let over = false;
  let refused = 0;
  const work = (async () => {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => {});
    await client.connect();
    while (!over) {
      const [next] = await handIn(client, tenant, requests.length, 1).catch(() => {
        refused++;
        return [];
      });
      if (next) requests.push(next);
      await pause(10);
    }
    await client.end();
  })();
  return {
    async stop() {
      over = true;
      await work;
      return refused;
    },
  };
}

/** What one step did to those at work. */
interface Step {
  seconds: number;
  tries: number;
  /** Calls that failed while it was applied. */
  refused: number;
  lost: number;
}

/** Takes one step, up or down, on a database at work. */
async function step(
  context: Surroundings,
  live: Live,
  { name, count, take }: { name: string; count: number; take: () => Promise<unknown> },
): Promise<Step> {
  const { client, tenant, outside, workers, requests } = live;
  const given = await handIn(client, tenant, requests.length, count);
  requests.push(...given);
  const end = Date.now() + 30_000;
  for (const before = outside.accepted.size; outside.accepted.size < before + count / 4; await pause(10)) {
    if (Date.now() > end) throw new Error(`${name}: the work before it does not go on`);
    context.signal.throwIfAborted();
  }
  // Somebody took work before, and reports it after.
  const holder = context.own(await Caller.connect(live.url), (one) => one.close().catch(() => {}));
  const runs = await holder.claimRuns("holder", 3);
  const messages = await holder.claimDeliveries("holder", 3);
  const ids = await allIds(client);
  const outsideOfSteps = [...workers.refusals.other.keys()];
  context.expect(outsideOfSteps.length === 0, `before ${name}: ${outsideOfSteps.join("; ")}`);
  const again = workers.again();
  const applicant = context.own(keepHandingIn(live), (one) => one.stop());

  const begun = performance.now();
  let tries = 1;
  for (; ; tries++) {
    try {
      await take();
      break;
    } catch (error) {
      // Which of two that wait for each other has to give way is for the server to say; a step leaves nothing behind.
      if (tries === 5 || !/deadlock detected/.test((error as Error).message)) throw error;
    }
  }
  const seconds = (performance.now() - begun) / 1_000;
  await pause(200);
  let refused = (await applicant.stop()) + workers.again() - again;
  for (const kind of Object.values(workers.refusals)) {
    for (const [text, times] of kind) {
      refused += times;
      context.progress(`${name}: refused ${times} times meanwhile: ${text}`);
    }
    kind.clear();
  }

  const reported =
    (await holder.answerRuns(runs, outside)) + (await holder.answerDeliveries(messages, outside));
  context.expect(
    reported === runs.length + messages.length,
    `${name}: of ${runs.length + messages.length} answers to what was taken before, ${reported} were accepted after`,
  );
  const now = await allIds(client);
  const lost = [...ids].filter((id) => !now.has(id));
  context.expect(lost.length === 0, `${name}: rows are gone: ${lost.slice(0, 3).join(", ")}`);
  context.progress(
    `${name}: ${seconds.toFixed(1)} s, ${tries} ${tries === 1 ? "try" : "tries"}, ${refused} calls refused`,
  );
  return { seconds, tries, refused, lost: lost.length };
}

/** Lets all end and says what is wrong then. */
async function settle(
  context: Surroundings,
  live: Live,
  when: string,
  olderThanTables = false,
): Promise<number> {
  await untilEnded(live.client, 120, context.signal);
  const wrong = await wrongEnds(live.client, live.requests);
  context.expect(wrong.length === 0, `${when}: ${wrong.length}: ${wrong.slice(0, 3).join("; ")}`);
  const faults = await faultsOf(live.client, olderThanTables);
  context.expect(faults.length === 0, `${when}: ${faults.length}: ${faults.slice(0, 3).join("; ")}`);
  const refusals = [...live.workers.refusals.other.keys()];
  context.expect(refusals.length === 0, `${when}: ${refusals.join("; ")}`);
  return wrong.length;
}

/** Upgrades a database at work from the first version with an engine to the newest, and takes the newest back. */
export async function upgradeAtWork(
  context: Surroundings,
  serverUrl: string,
  count: number,
  root = projectRoot,
): Promise<Figures> {
  const migrations = readMigrations(root);
  const database = context.own(await cloneDatabase(serverUrl, "template0", "upgrade"), (one) => one.drop());
  const { url } = database;
  await bootstrapDatabase(url);
  const client = context.own(new pg.Client({ connectionString: url }), (one) => one.end());
  client.on("error", () => {});
  await client.connect();
  const upTo = async (version: number): Promise<unknown> =>
    migrateUp(url, projectWith(context, migrations.slice(0, version), root));
  let version = 0;
  while (!(await isThere(client, "etl_api.claim_run_requests(text,int)"))) await upTo(++version);
  const first = migrations[version - 1]!.file;

  // Leases that no upgrade outlasts.
  const tenant = await configureLive(client);
  await client.query("update etl_api.setting set value = '20' where name = 'lease_seconds'");
  const outside = new Outside();
  const workers = await startWorkers(url, outside, 2, 5);
  context.own(workers, (one) => one.stop());
  const live: Live = { url, client, tenant, outside, workers, requests: [] };
  const steps: Step[] = [];
  while (version < migrations.length) {
    const name = migrations[version]!.file;
    version++;
    const take = () => upTo(version);
    steps.push(await step(context, live, { name, count, take }));
  }
  let lost = await settle(context, live, "after the upgrade");

  if (steps.length > 0) {
    const name = migrations.at(-1)!.file;
    const back = () => rollbackLast(url, root);
    steps.push(await step(context, live, { name: `${name} taken back`, count, take: back }));
    lost += await settle(context, live, "after it was taken back", true);
    steps.push(await step(context, live, { name: `${name} again`, count, take: () => upTo(version) }));
    lost += await settle(context, live, "after it came again");
  }
  const sum = (of: (step: Step) => number) => steps.reduce((all, one) => all + of(one), 0);
  const twice = outside.twice();
  const often = [...outside.accepted.values()].filter((times) => times > 1).length;
  context.expect(twice.length === 0, `told of under two ids: ${twice.slice(0, 3).join("; ")}`);
  context.expect(often === 0, `${often} messages were accepted more than once`);
  return {
    load: count,
    faults: steps.length,
    inputs: live.requests.length,
    lost: lost + sum((one) => one.lost),
    doubled: twice.length + often,
    more: {
      "first version with an engine": first,
      "migrations applied to a database at work": steps.length === 0 ? 0 : steps.length - 1,
      "calls that failed meanwhile and were made again": sum((one) => one.refused),
      "longest one, in seconds": Math.max(0, ...steps.map(({ seconds }) => Math.round(seconds * 10) / 10)),
    },
  };
}

async function run(context: ProofContext): Promise<Figures> {
  const server = await context.server();
  return upgradeAtWork(context, server.url, context.short ? 40 : 1_000);
}

export const upgrade: Proof = { run };
