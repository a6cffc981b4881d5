/**
 * A database at work is dumped, or copied with its WAL, and comes back on another server: the engine goes on, and the
 * client is told of nothing under a second id. The commands are those of docs/backup.md.
 */
import { execFile } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { compareCatalogs, readCatalog, type Catalog } from "../lib/catalog.ts";
import { cloneDatabase, databaseUrl, template, type TemplateKind } from "../lib/database.ts";
import {
  debianBinaries,
  debianIdentity,
  hasDebianServer,
  startDebianServer,
  type DebianServer,
} from "../lib/debian.ts";
import { projectRoot } from "../lib/sources.ts";
import { describeDifference } from "../lib/verify.ts";
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
} from "./live.ts";
import { NotProven, type Figures, type Proof, type ProofContext } from "./proof.ts";

/** What a restore is tried with. */
export type Surroundings = Pick<ProofContext, "expect" | "own" | "progress" | "signal">;

const page = "docs/backup.md";

/** The commands of the page that stand under `<!-- run: name -->`. */
export function commandsOf(name: string, text = readFileSync(join(projectRoot, page), "utf8")): string {
  const found = text.split(`<!-- run: ${name} -->`)[1]?.match(/^\s*```sh\n([\s\S]*?)^```$/m)?.[1];
  if (found === undefined) throw new Error(`${page} has no commands to run named ${name}`);
  return found;
}

/** Runs commands of the page as the user PostgreSQL runs as; returns what they said. */
async function runCommands(name: string, folder: string, env: Record<string, string>): Promise<string> {
  const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", commandsOf(name)], {
    ...debianIdentity(),
    cwd: folder,
    env: { PATH: `${debianBinaries}:${process.env.PATH}`, PGCONNECT_TIMEOUT: "10", LC_ALL: "C", ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

async function connect(context: Surroundings, url: string): Promise<pg.Client> {
  const client = context.own(new pg.Client({ connectionString: url }), (one) => one.end().catch(() => {}));
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** A folder that the server's user may write to, gone in the end. */
function makeFolder(context: Surroundings): string {
  const folder = context.own(mkdtempSync(join(tmpdir(), "millrace-backup-")), (path) =>
    rmSync(path, { recursive: true, force: true }),
  );
  const { uid, gid } = debianIdentity();
  if (uid !== undefined) chownSync(folder, uid, gid!);
  return folder;
}

async function startServer(
  context: Surroundings,
  options: Parameters<typeof startDebianServer>[0],
): Promise<DebianServer> {
  const started = startDebianServer({
    ...options,
    settings: { fsync: "on", full_page_writes: "on", synchronous_commit: "on", ...options?.settings },
  });
  context.own(started, async () => (await started).stop());
  return await started;
}

/** A database at work, part of it with somebody who does not answer. */
interface AtWork {
  url: string;
  client: pg.Client;
  tenant: Tenant;
  requests: HandedIn[];
}

async function begin(
  context: Surroundings,
  server: DebianServer,
  kind: TemplateKind,
  count: number,
): Promise<AtWork> {
  const made = await template(server.url, kind);
  if (made.problems.length > 0)
    throw new Error(`the engine does not load: ${made.problems.map(({ message }) => message).join("; ")}`);
  const { url } = await cloneDatabase(server.url, made.name, "backup");
  const client = await connect(context, url);
  const tenant = await configureLive(client);
  return { url, client, tenant, requests: await handIn(client, tenant, 0, count) };
}

/** Waits until the client has accepted so many messages. */
async function untilAccepted(context: Surroundings, outside: Outside, count: number): Promise<void> {
  for (let waited = 0; outside.accepted.size < count; waited += 10) {
    context.signal.throwIfAborted();
    if (waited > 60_000)
      throw new Error(`${outside.accepted.size} of ${count} messages came within a minute`);
    await pause(10);
  }
}

/** Takes work and does not answer. Leases run for two seconds here: taken just before the copy, they are out in it. */
async function takeWork(context: Surroundings, url: string): Promise<void> {
  const holder = context.own(await Caller.connect(url), (one) => one.close().catch(() => {}));
  await holder.claimRuns("gone", 5);
  await holder.claimDeliveries("gone", 5);
}

// Every column that a sequence counts, and whether the sequence is behind it.
const sequences = `
  select format('%I.%I', n.nspname, c.relname) as name, a.attrelid::regclass::text as owner, a.attname as column,
    format('%I.%I', n.nspname, c.relname)::regclass::oid::int as id
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  join pg_catalog.pg_depend as d on d.objid = c.oid and d.classid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
  join pg_catalog.pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where c.relkind = 'S' and n.nspname in ('public', 'etl_api')`;

/** Sequences that would give a number out again. */
async function sequencesBehind(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; owner: string; column: string }>(sequences);
  const behind: string[] = [];
  for (const { name, owner, column } of rows) {
    const { rows: found } = await client.query<{ behind: boolean }>(
      `select coalesce((select max(${pg.escapeIdentifier(column)}) from ${owner}) > last_value, false) as behind from ${name}`,
    );
    if (found[0]!.behind) behind.push(name);
  }
  return behind;
}

/** Counts of the roll-up that differ from what is there, once it has caught up. */
async function wrongCounts(client: pg.Client): Promise<string[]> {
  for (let turn = 0; turn < 20; turn++) await client.query("select etl_api.roll_up()");
  const { rows } = await client.query<{ what: string }>(
    `with counted as (
       select t.entity, t.state, t.substate, count(*) as rows
       from (
         select 'workflow_request' as entity, state::text, coalesce(state_substate, '') as substate from public.workflow_request
         union all select 'activity_request', state::text, coalesce(state_substate, '') from public.activity_request
         union all select 'run_queue', state::text, coalesce(state_substate, '') from public.run_queue
         union all select 'run_request', state::text, coalesce(state_substate, '') from public.run_request
         union all select 'delivery', state::text, coalesce(state_substate, '') from public.delivery) as t
       group by 1, 2, 3
     ), told as (
       select entity::text, state, coalesce(state_substate, '') as substate, sum(rows) as rows
       from etl_api.state_count group by 1, 2, 3 having sum(rows) <> 0
     )
     select format('%s %s %s: counted %s, told %s', entity, state, nullif(substate, ''), coalesce(c.rows, 0), coalesce(t.rows, 0)) as what
     from counted as c
     full join told as t using (entity, state, substate)
     where c.rows is distinct from t.rows`,
  );
  return rows.map(({ what }) => what);
}

/** What a restored database is held against. */
interface Before {
  outside: Outside;
  /** Handed in before the moment it was restored to. */
  requests: HandedIn[];
  /** Handed in since. */
  later: HandedIn[];
  catalog: Catalog;
}

/** Looks at a restored database, lets the engine go on in it, and says what it came to. */
async function goOn(context: Surroundings, what: string, url: string, before: Before): Promise<Figures> {
  const { outside, requests, later } = before;
  const client = await connect(context, url);
  const missing = (list: string[]): string => `${what}: ${list.length}: ${list.slice(0, 3).join("; ")}`;

  const differences = compareCatalogs(before.catalog, await readCatalog(client)).map((one) =>
    describeDifference(one),
  );
  context.expect(differences.length === 0, missing(differences));
  const behind = await sequencesBehind(client);
  context.expect(
    behind.length === 0,
    missing(behind.map((name) => `the sequence ${name} is behind its rows`)),
  );
  const { rows } = await client.query<{ leases: number; open: number; there: number; later: number }>(
    `select
       (select count(*)::int from public.run_request where state = 'in_progress')
         + (select count(*)::int from public.delivery where state = 'in_progress') as leases,
       (select count(*)::int from public.workflow_request where is_open) as open,
       (select count(*)::int from public.workflow_request where id = any ($1)) as there,
       (select count(*)::int from public.workflow_request where id = any ($2)) as later`,
    [requests.map(({ id }) => id), later.map(({ id }) => id)],
  );
  const found = rows[0]!;
  context.expect(
    found.leases > 0 && found.open > 0,
    `${what}: nothing was under way in the copy, so nothing was tried`,
  );
  context.expect(found.later === 0, `${what}: ${found.later} requests of a later time are in it`);
  const { rows: sent } = await client.query<{ id: string }>(
    "select 'msg_' || replace(coalesce(message_id, id)::text, '-', '') as id from public.delivery where state = 'delivered'",
  );
  const accepted = new Map(sent.map(({ id }) => [id, outside.accepted.get(id)]));
  const known = new Map(outside.accepted);

  context.progress(
    `${what}: the engine goes on with ${found.open} open requests, ${found.leases} leases out`,
  );
  const workers = await startWorkers(url, outside);
  await untilEnded(client, 90, context.signal);
  await workers.stop();
  const wrong = await wrongEnds(client, requests);
  context.expect(wrong.length === 0, missing(wrong));
  const refusals = [...workers.refusals.other.keys()];
  context.expect(refusals.length === 0, missing(refusals));
  const faults = [...(await faultsOf(client)), ...(await wrongCounts(client))];
  context.expect(faults.length === 0, missing(faults));
  const twice = outside.twice();
  if (twice.length > 0) context.progress(`${what}: told of under two ids: ${twice.slice(0, 3).join("; ")}`);
  const again = [...accepted].filter(([id, count]) => outside.accepted.get(id) !== count).map(([id]) => id);
  if (again.length > 0)
    context.progress(`${what}: delivered before, sent again: ${again.slice(0, 3).join("; ")}`);
  return {
    lost: requests.length - found.there + wrong.length,
    doubled: twice.length + again.length,
    more: {
      [`${what}: requests open in the copy`]: found.open,
      [`${what}: leases out in the copy`]: found.leases,
      [`${what}: messages sent again under their id`]: [...known].filter(
        ([id, count]) => outside.accepted.get(id)! > count,
      ).length,
    },
  };
}

/** Dumps a database at work and restores it on a new server; `count` requests are under way. */
export async function dumpAndRestore(
  context: Surroundings,
  kind: TemplateKind,
  count: number,
): Promise<Figures> {
  const folder = makeFolder(context);
  const server = await startServer(context, {});
  const { url, client, tenant, requests } = await begin(context, server, kind, count);
  const outside = new Outside();
  const workers = await startWorkers(url, outside, 2, 5);
  await untilAccepted(context, outside, Math.floor(count / 4));
  await takeWork(context, url);
  context.progress(`dump: taken after ${outside.accepted.size} messages, the work goes on`);
  const backups = { DATABASE_URL: url, BACKUPS: folder };
  await runCommands("dump", folder, backups);
  const later = await handIn(client, tenant, count, 16);
  // All that the dump does not know of is sent, so all of it has to have the same id again.
  await untilEnded(client, 90, context.signal);
  await workers.stop();
  const catalog = await readCatalog(client);
  await server.stop();

  const other = await startServer(context, {});
  const restored = databaseUrl(other.url, "engine");
  const env = { ...backups, NEW_SERVER_URL: other.url, NEW_DATABASE_URL: restored };
  await runCommands("restore", folder, env);
  const said = (await runCommands("check", folder, env)).trim();
  context.expect(said === "", `dump: the page's check says ${said}`);
  return goOn(context, "dump", restored, { outside, requests, later, catalog });
}

/** Copies a server at work, archives its WAL, and brings it back as of a moment; `count` requests are under way. */
export async function pointInTime(
  context: Surroundings,
  kind: TemplateKind,
  count: number,
): Promise<Figures> {
  const folder = makeFolder(context);
  const archive = join(folder, "wal");
  mkdirSync(archive);
  const { uid, gid } = debianIdentity();
  if (uid !== undefined) chownSync(archive, uid, gid!);
  const server = await startServer(context, {
    settings: {
      wal_level: "replica",
      archive_mode: "on",
      archive_command: `test ! -f ${archive}/%f && cp %p ${archive}/%f`,
      archive_timeout: 60,
    },
  });
  const { url, client, tenant, requests } = await begin(context, server, kind, count);
  const outside = new Outside();
  const workers = await startWorkers(url, outside, 2, 5);
  await untilAccepted(context, outside, Math.floor(count / 8));
  const copy = join(folder, "copy");
  context.progress(
    `point in time: the server is copied after ${outside.accepted.size} messages, the work goes on`,
  );
  await runCommands("copy", folder, { COPY: copy, SERVER_URL: server.url });
  // These are in the WAL only.
  requests.push(...(await handIn(client, tenant, count, count)));
  await untilAccepted(context, outside, outside.accepted.size + Math.floor(count / 4));
  await takeWork(context, url);
  const { rows } = await client.query<{ moment: string }>("select clock_timestamp()::text as moment");
  // What a restore is for: somebody deletes what he should not.
  const later = await handIn(client, tenant, 2 * count, 16);
  await client.query("delete from public.workflow_request where id = any ($1)", [
    requests.slice(0, 8).map(({ id }) => id),
  ]);
  await untilEnded(client, 90, context.signal);
  await workers.stop();
  const catalog = await readCatalog(client);
  await untilArchived(client);
  await server.stop();

  await runCommands("recover", folder, { COPY: copy, ARCHIVE: archive, TARGET_TIME: rows[0]!.moment });
  const other = await startServer(context, { dataDir: copy, settings: { archive_mode: "off" } });
  const restored = databaseUrl(other.url, new URL(url).pathname.slice(1));
  await untilPromoted(context, other.url);
  const said = (await runCommands("check", folder, { NEW_DATABASE_URL: restored })).trim();
  context.expect(said === "", `point in time: the page's check says ${said}`);
  return goOn(context, "point in time", restored, { outside, requests, later, catalog });
}

async function untilArchived(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ file: string }>("select pg_walfile_name(pg_switch_wal()) as file");
  for (let waited = 0; ; waited += 50) {
    const { rows: told } = await client.query<{ yes: boolean }>(
      "select coalesce(last_archived_wal >= $1, false) as yes from pg_stat_archiver",
      [rows[0]!.file],
    );
    if (told[0]!.yes) return;
    if (waited > 30_000) throw new Error(`${rows[0]!.file} was not archived within 30 s`);
    await pause(50);
  }
}

async function untilPromoted(context: Surroundings, url: string): Promise<void> {
  const client = await connect(context, url);
  for (let waited = 0; ; waited += 50) {
    const { rows } = await client.query<{ yes: boolean }>("select pg_is_in_recovery() as yes");
    if (!rows[0]!.yes) return;
    if (waited > 60_000) throw new Error("the copy did not come to its target within a minute");
    await pause(50);
  }
}

async function run(context: ProofContext): Promise<Figures> {
  if (!hasDebianServer())
    throw new NotProven(
      "Debian's PostgreSQL 15 is not installed, whose pg_dump and pg_basebackup this takes",
    );
  const count = context.short ? 64 : 2_000;
  const kind = await context.kind();
  const parts = [await dumpAndRestore(context, kind, count), await pointInTime(context, kind, count)];
  const sum = (of: (figures: Figures) => number | undefined) =>
    parts.reduce((all, part) => all + (of(part) ?? 0), 0);
  return {
    load: count,
    faults: parts.length,
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    more: Object.assign({}, ...parts.map(({ more }) => more)) as Figures["more"],
  };
}

export const backup: Proof = { run };
