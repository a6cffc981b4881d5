/**
 * The same orgs in one database and over two servers, both on this machine: what a second server costs or brings while
 * the cores stay the same ones. And what a request costs more when the coordinator passes it on.
 */
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import type pg from "pg";
import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { configure, connect, drainAs, expectDelivered, insertRequests, timed, workers } from "./engine.ts";
import { databaseUrl, template } from "../lib/database.ts";
import { hasDebianServer, startDebianServer } from "../lib/debian.ts";
import { readTarget } from "../lib/deploy.ts";
import { withClient } from "../lib/migrate.ts";
import { setUp } from "../lib/partitions.ts";
import { startServer, type Server } from "../lib/server.ts";

/** Where a contestant's orgs are: a database for each. */
interface Contestant {
  urls: string[];
  chains: number[];
  /** Seconds of processor time of the servers, per chain. */
  effort: number[];
  /** Share of all cores the servers kept busy. */
  share: number[];
}

/** The number of the process that a server's sessions descend from; null when it is not on this machine. */
async function postmaster(url: string): Promise<number | null> {
  await using client = await connect(url);
  const { rows } = await client.query<{ pid: number; folder: string }>(
    "select pg_backend_pid() as pid, current_setting('data_directory') as folder",
  );
  const { pid, folder } = rows[0]!;
  try {
    const parent = Number(statOf(pid)[1]);
    // A process of that number may be another one here, if the server is elsewhere.
    return Number(readFileSync(`${folder}/postmaster.pid`, "utf8").split("\n")[0]) === parent ? parent : null;
  } catch {
    return null;
  }
}

/** What /proc says of a process behind its name: state, parent, … */
const statOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");

/** Seconds of processor time that a server has used: its process, those that have ended, those that run. */
function effortOf(pids: (number | null)[]): number {
  let ticks = 0;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = statOf(Number(entry));
      const [own, ended] = [Number(stat[11]) + Number(stat[12]), Number(stat[13]) + Number(stat[14])];
      if (pids.includes(Number(entry))) ticks += own + ended;
      else if (pids.includes(Number(stat[1]))) ticks += own;
    } catch {
      // It has just ended; then its parent has its time.
    }
  }
  return ticks / 100;
}

/** One round: two orgs, each with half of the requests, drained by two workers in all. */
async function compete(contestant: Contestant, n: number, pids: (number | null)[]): Promise<void> {
  const { urls } = contestant;
  const half = Math.ceil(n / 2);
  const orgs: string[] = [];
  for (const url of [urls[0]!, urls.at(-1)!]) {
    await using client = await connect(url);
    const tenant = await configure(client, "partitions");
    await insertRequests(client, tenant, half);
    orgs.push(tenant.org);
  }
  const known = pids.every((pid) => pid !== null);
  const before = known ? effortOf(pids) : 0;
  const seconds = await timed(() =>
    Promise.all(
      Array.from({ length: workers }, (_, worker) => drainAs(urls[worker % urls.length]!, `bench-${worker}`)),
    ),
  );
  if (known) {
    const effort = effortOf(pids) - before;
    contestant.effort.push((effort * 1000) / (2 * half));
    contestant.share.push((effort * 100) / seconds / cpus().length);
  }
  contestant.chains.push((2 * half) / seconds);
  for (const [at, org] of orgs.entries()) {
    await using client = await connect(at === 0 ? urls[0]! : urls.at(-1)!);
    await expectDelivered(client, org, half);
  }
}

/** How many requests a second two sessions hand in, one a statement. */
async function submits(
  url: string,
  sql: string,
  { org, activity }: { org: string; activity: string },
  count: number,
): Promise<number> {
  const data = JSON.stringify({
    input: { companies: [{ domain: "acme.test" }] },
    data: { enrich: { id: activity } },
  });
  const clients: (pg.Client & AsyncDisposable)[] = await Promise.all([connect(url), connect(url)]);
  try {
    // The first call of a session plans, and connects the coordinator to the partition.
    for (const client of clients) await client.query(sql, [org, data]);
    const seconds = await timed(() =>
      Promise.all(
        clients.map(async (client) => {
          for (let done = 0; done < count / 2; done++) await client.query(sql, [org, data]);
        }),
      ),
    );
    return count / seconds;
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

/** A request at a time through the coordinator, against the same to the partition itself. */
async function passOn(url: string, { n, rounds, progress }: BenchOptions): Promise<Figure[]> {
  if (!hasDebianServer()) {
    progress("Debian's PostgreSQL 15 is not installed, so there is no coordinator to measure");
    return [];
  }
  const debian = await startDebianServer();
  try {
    await withClient(debian.url, (client) => client.query("create database coordinator"));
    const coordinator = databaseUrl(debian.url, "coordinator");
    await setUp({
      coordinator: readTarget(coordinator),
      partitions: [{ name: "p0", target: readTarget(url) }],
      deploy: async () => {},
      say: () => {},
    });
    await using client = await connect(url);
    const tenant = await configure(client, "passed-on");
    const figure: Figure = {
      name: "one request a statement, through the coordinator",
      unit: "requests/s",
      values: [],
      against: "to the partition",
      baseline: [],
    };
    const count = Math.max(2, Math.min(500, n / 4));
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round} of ${rounds}: one request a statement`);
      figure.baseline!.push(
        await submits(
          url,
          "insert into public.workflow_request (org_id, data) values ($1, $2) returning id",
          tenant,
          count,
        ),
      );
      figure.values.push(
        await submits(coordinator, "select etl_api.submit_workflow_request($1, $2)", tenant, count),
      );
    }
    return [figure];
  } finally {
    await debian.stop();
  }
}

/** A second server with the same settings as far as they matter, whatever DATABASE_URL names. */
async function startSecond(client: pg.Client): Promise<Server> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    `select name, current_setting(name) as setting from pg_catalog.pg_settings
     where name in ('shared_buffers', 'fsync', 'synchronous_commit', 'full_page_writes', 'max_wal_size', 'wal_buffers')`,
  );
  const named = process.env.DATABASE_URL;
  delete process.env.DATABASE_URL;
  try {
    return await startServer({
      dataDir: ".millrace/bench-second",
      settings: Object.fromEntries(rows.map(({ name, setting }) => [name, setting])),
    });
  } finally {
    if (named !== undefined) process.env.DATABASE_URL = named;
  }
}

async function run(options: BenchOptions): Promise<Figure[]> {
  const { url, n, rounds, progress } = options;
  await using client = await connect(url);
  const second = await startSecond(client);
  const name = `millrace_bench_${process.pid}`;
  try {
    const { rows } = await client.query<{ yes: boolean }>("select to_regnamespace('tap') is not null as yes");
    // The same engine as in the first: tests' template, or what the migrations give.
    const from = await template(second.url, rows[0]!.yes ? "test" : "migrated");
    await withClient(second.url, (admin) => admin.query(`create database ${name} template ${from.name}`));
    const other = databaseUrl(second.url, name);
    const one: Contestant = { urls: [url], chains: [], effort: [], share: [] };
    const two: Contestant = { urls: [url, other], chains: [], effort: [], share: [] };
    const pids = [await postmaster(url), await postmaster(other)];
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round} of ${rounds}: both orgs in one database`);
      await compete(one, n, pids);
      progress(`round ${round} of ${rounds}: one org on each of two servers`);
      await compete(two, n, pids);
    }
    const against = "one server";
    const figures: Figure[] = [
      { name: "two servers", unit: "chains/s", values: two.chains, against, baseline: one.chains },
    ];
    if (two.effort.length > 0) {
      figures.push(
        { name: "two servers, CPU", unit: "ms/chain", values: two.effort, against, baseline: one.effort },
        {
          name: "two servers, CPU in use",
          unit: "% of cores",
          values: two.share,
          against,
          baseline: one.share,
        },
      );
    }
    return [...figures, ...(await passOn(other, options))];
  } finally {
    await withClient(second.url, (admin) =>
      admin.query(`drop database if exists ${name} with (force)`),
    ).catch(() => {});
    await second.stop();
  }
}

export const partitions: Bench = {
  name: "partitions",
  about: "the same orgs over two servers of this machine, against one; a request through the coordinator",
  n: 4000,
  run,
};
