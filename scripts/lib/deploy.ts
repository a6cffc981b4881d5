import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { compareCatalogs, readCatalog, type Catalog, type CatalogEntry } from "./catalog.ts";
import { withEmptyDatabase } from "./database.ts";
import {
  migrateUp,
  migrationsFolder,
  readHistories,
  readMigrations,
  rollbackLast,
  rollbacksFolder,
  withClient,
  type History,
  type Migration,
} from "./migrate.ts";
import { projectRoot } from "./sources.ts";
import { splitStatements } from "./statements.ts";
import { catalogOfMigrations, catalogOfSources, describeDifference } from "./verify.ts";

/** The edge functions that belong to the migrations. */
export const functionNames = [
  "execute-runs",
  "deliver-webhooks",
  "manage-secrets",
  "data",
  "superadmin-clients",
  "records-generate",
  "records-progress",
  "records-insert",
];

/** What went wrong, in a sentence, and what to do about it. */
export class DeployError extends Error {
  constructor(
    message: string,
    readonly next: string,
    /** What the command ends with: 1 refused or failed, 3 the database differs, 4 only the functions are missing. */
    readonly exitCode = 1,
  ) {
    super(message);
    this.name = "DeployError";
  }
}

/** A database to work on, with its password out of sight. */
export interface Target {
  /** For `pg`: complete. */
  url: string;
  /** For the command line of a tool, which others can read: without the password. */
  publicUrl: string;
  /** What a tool finds its password by. */
  env: Record<string, string>;
  /** `host:port/database as user`, for people. */
  name: string;
  /** Takes the password out of a text. */
  redact(text: string): string;
}

const isLoopback = (host: string): boolean => ["127.0.0.1", "localhost", "[::1]"].includes(host);

/** Reads a database URL; nothing of it but host, port, database and user will be shown. */
export function readTarget(databaseUrl: string): Target {
  let url: URL;
  try {
    url = new URL(databaseUrl);
  } catch {
    throw new DeployError(
      "The database URL is not a URL.",
      "It looks like postgres://user:password@host:5432/database; in a password, @ is %40, / is %2F, # is %23.",
    );
  }
  if (!["postgres:", "postgresql:"].includes(url.protocol)) {
    throw new DeployError(
      `A database URL begins with postgres://, not ${url.protocol}//.`,
      "Correct the URL.",
    );
  }
  if (/\.supabase\.com?$/.test(url.hostname) && url.port === "6543") {
    throw new DeployError(
      "Port 6543 is the transaction pooler, through which migrations cannot be applied.",
      "Take the URL of the session pooler (the same host, port 5432) or of the direct connection.",
    );
  }
  // Without a word on it `pg` would send the password in the clear, over any network.
  if (!isLoopback(url.hostname) && !url.searchParams.has("sslmode"))
    url.searchParams.set("sslmode", "require");

  const inQuery = url.searchParams.get("password");
  const encoded = url.password || encodeURIComponent(inQuery ?? "");
  const password = url.password ? decodeURIComponent(url.password) : (inQuery ?? "");
  const open = new URL(url);
  open.password = "";
  open.searchParams.delete("password");
  const complete = new URL(open);
  complete.password = encoded;
  // `require` as libpq has it: encrypted, whoever signed the certificate; Supabase signs its own.
  if (complete.searchParams.get("sslmode") === "require") complete.searchParams.set("uselibpqcompat", "true");

  const secrets = [password, encoded, inQuery ?? ""].filter((secret) => secret.length > 0);
  return {
    url: complete.toString(),
    publicUrl: open.toString(),
    env: password ? { PGPASSWORD: password } : {},
    name: `${url.hostname}:${url.port || 5432}${url.pathname} as ${decodeURIComponent(url.username) || "the default user"}`,
    redact: (text) => secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), text),
  };
}

/** Connects once, so that what is wrong with the URL is told before anything else. */
async function onTarget<T>(target: Target, work: (client: pg.Client) => Promise<T>): Promise<T> {
  try {
    return await withClient(target.url, work, { connectionTimeoutMillis: 15_000 });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const noWay = /^(ECONN|ENOTFOUND|ETIMEDOUT|EAI_|EHOST|28|3D000|57P03|53300)/.test(code ?? "");
    if (!noWay && !/SSL|TLS|certificate|timeout expired|password/i.test(message)) throw error;
    throw new DeployError(
      `No connection to ${target.name}: ${message || code}.`,
      /SSL|TLS|certificate/i.test(message)
        ? "Add ?sslmode=disable to the URL when the way to that server is safe without encryption."
        : "Check host, port, user, password and database of the URL, and whether the server lets this address in.",
    );
  }
}

/* ------------------------------------------------------------------ what is to be done */

/** What a database has received and what it lacks. */
export interface Plan {
  keeper: "dbmate" | "supabase";
  applied: Migration[];
  pending: Migration[];
}

// A failing migration leaves nothing behind because it is one transaction; these would cut that in two. The Supabase
// CLI takes the second kind out of the transaction by itself.
const ENDS_TRANSACTION = /^(commit|end|rollback|abort|begin|start\s+transaction|prepare\s+transaction)\b/i;
const OUTSIDE_TRANSACTION =
  /^(vacuum|alter\s+system|(create|drop)\s+(database|tablespace))\b|^(create\s+(unique\s+)?index|drop\s+index|reindex\b[\w\s()]*|alter\s+table\b[\w\s."$]*)\s+concurrently\b/i;

function checkAtomic(migrations: Migration[]): void {
  for (const { file, up } of migrations) {
    const bare = splitStatements(up).map(({ text, line }) => ({
      line: line + 1,
      text: text.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, "").trim(),
    }));
    const found = bare.find(({ text }) => ENDS_TRANSACTION.test(text) || OUTSIDE_TRANSACTION.test(text));
    if (!found) continue;
    throw new DeployError(
      `${migrationsFolder}/${file}:${found.line}: "${found.text.split("\n")[0]}" does not run inside a transaction, ` +
        "so the migration could be left half applied.",
      "Take the statement out; what has to run outside (an index built concurrently) is run by hand.",
    );
  }
}

/** Reads what is pending; throws when this checkout must not touch the database. */
export async function planDeployment(target: Target, root = projectRoot): Promise<Plan> {
  const migrations = readMigrations(root);
  const { histories, roles } = await onTarget(target, async (client) => ({
    histories: await readHistories(client),
    roles: (
      await client.query<{ name: string }>(
        `select r.name
         from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
         where pg_catalog.to_regrole(r.name) is null`,
      )
    ).rows.map((row) => row.name),
  }));
  const list = (table: History["table"]): Set<string> =>
    histories.find((history) => history.table === table)?.versions ?? new Set();
  const bySupabase = list("supabase_migrations.schema_migrations");
  const byDbmate = list("public.schema_migrations");
  const isOurs = ({ version }: Migration): boolean => byDbmate.has(version);
  // A list in which no version is ours belongs to another application in the same database.
  const keeper = bySupabase.size === 0 && migrations.some(isOurs) ? "dbmate" : "supabase";
  const versions = keeper === "dbmate" ? byDbmate : bySupabase;

  const unknown = [...versions]
    .filter((version) => !migrations.some((one) => one.version === version))
    .sort();
  if (unknown.length > 0) {
    throw new DeployError(
      `The database has migrations that this checkout does not know: ${unknown.join(", ")}.`,
      "Deploy from a checkout that has them: this one is older, or a migration was applied that was never committed.",
    );
  }
  if (roles.length > 0) {
    throw new DeployError(
      `The server lacks ${roles.length === 1 ? "the role" : "the roles"} ${roles.join(", ")}, which Supabase brings.`,
      "On a server that is not Supabase's, run first: psql --single-transaction -f scripts/lib/bootstrap.sql",
    );
  }
  const applied = migrations.filter(({ version }) => versions.has(version));
  const pending = migrations.filter(({ version }) => !versions.has(version));
  const newest = applied.at(-1);
  const late = newest && pending.find(({ version }) => version < newest.version);
  if (late) {
    throw new DeployError(
      `${late.file} is older than ${newest.file}, which the database already has.`,
      "Give it a newer timestamp, here and under supabase/rollbacks/: migrations are taken back in the order of their names.",
    );
  }
  checkAtomic(pending);
  return { keeper, applied, pending };
}

/** What the migrations make of a database, and which part of that they made themselves. */
export interface Expected {
  catalog: Catalog;
  own: Set<string>;
  /** The server's major version: the catalogs of two do not read alike. */
  major: number;
}

const told = (entry: CatalogEntry): string => JSON.stringify({ ...entry, oid: 0 });

const majorOf = async (client: pg.Client): Promise<number> =>
  (await client.query("select current_setting('server_version_num')::int / 10000 as major")).rows[0].major;

/** Builds the project on a server for trials, and checks that the migrations hold what is under `sql/`. */
export async function expectedCatalog(scratchUrl: string, root = projectRoot): Promise<Expected> {
  const { empty, major } = await withEmptyDatabase(scratchUrl, "deploy", (url) =>
    withClient(url, async (client) => ({ empty: await readCatalog(client), major: await majorOf(client) })),
  );
  const catalog = await catalogOfMigrations(scratchUrl, root).catch((error: Error) => {
    throw new DeployError(
      `The migrations do not apply to an empty database, on a server for trials.\n${error.message}`,
      "Correct the migration that fails; no database has it yet.",
    );
  });
  const differences = compareCatalogs(catalog, await catalogOfSources(scratchUrl, root));
  if (differences.length > 0) {
    const rest = differences.length > 1 ? `\nand ${differences.length - 1} more` : "";
    throw new DeployError(
      `The migrations do not hold what is under sql/.\n${describeDifference(differences[0]!)}${rest}`,
      "`npm run migration -- <name>` writes a migration; `npm run verify -- --all` names every difference.",
    );
  }
  const own = [...catalog.values()].filter((entry) => {
    const before = empty.get(entry.subject);
    return !before || told(before) !== told(entry);
  });
  return { catalog, own: new Set(own.map(({ subject }) => subject)), major };
}

/* ------------------------------------------------------------------ doing it */

/** How a tool is run: other programs in tests, a signal to pass on. */
export interface ToolOptions {
  root?: string;
  cli?: string;
  signal?: AbortSignal;
  onLine?: (line: string) => void;
}

const supabaseCli = join(projectRoot, "node_modules/.bin/supabase");
const NOISE = /^\W*$|^(Target:|Confirmed by|Applying migration|Try rerunning|Remote database is)|without TLS/;

async function supabase(
  target: Target | null,
  args: string[],
  { root = projectRoot, cli = supabaseCli, signal, onLine }: ToolOptions = {},
): Promise<{ code: number; lines: string[] }> {
  if (signal?.aborted) return { code: 130, lines: ["Interrupted."] };
  return new Promise((resolve, reject) => {
    // A group of its own, so that a signal reaches what the command starts in turn, once.
    const child = spawn(cli, [...args, `--workdir=${root}`], {
      env: { ...process.env, NO_COLOR: "1", ...target?.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const lines: string[] = [];
    const stop = (): void => {
      try {
        process.kill(-child.pid!, "SIGTERM");
      } catch {
        // It ended by itself.
      }
    };
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      const take = (line: string): void => {
        const shown = target ? target.redact(line) : line;
        onLine?.(shown);
        if (!NOISE.test(shown)) lines.push(shown);
      };
      stream.setEncoding("utf8");
      stream.on("data", (chunk: string) => {
        const parts = (rest + chunk).split("\n");
        rest = parts.pop()!;
        parts.forEach(take);
      });
      stream.on("end", () => rest && take(rest));
    }
    signal?.addEventListener("abort", stop, { once: true });
    child.on("error", reject);
    child.on("close", (code) => {
      signal?.removeEventListener("abort", stop);
      resolve({ code: code ?? 1, lines });
    });
  });
}

/**
 * Applies what is pending, each migration in a transaction with its entry in the list of versions. Throws when one
 * fails or the run is interrupted, saying what is in the database then.
 */
export async function applyPending(
  target: Target,
  { keeper, pending }: Plan,
  { onApplied, ...options }: ToolOptions & { onApplied?: (file: string) => void } = {},
): Promise<void> {
  if (pending.length === 0) return;
  let said: string[] = [];
  if (keeper === "dbmate") {
    const url = new URL(target.url);
    // A word of `pg` only.
    url.searchParams.delete("uselibpqcompat");
    await migrateUp(url.toString(), options.root).catch(
      (error: Error) => void (said = target.redact(error.message).split("\n")),
    );
  } else {
    let running: string | undefined;
    const onLine = (line: string): void => {
      const file = /^Applying migration (\S+?)\.\.\.$/.exec(line)?.[1];
      if (!file) return;
      if (running) onApplied?.(running);
      running = file;
    };
    const args = ["migration", "up", "--yes", `--remote=${target.publicUrl}`];
    said = (await supabase(target, args, { ...options, onLine })).lines;
  }
  const { pending: left } = await planDeployment(target, options.root);
  const done = pending.filter(({ file }) => left.every((one) => one.file !== file));
  if (left.length === 0) {
    onApplied?.(pending.at(-1)!.file);
    return;
  }
  const before = done.length > 0 ? `\nIn the database: ${done.map(({ file }) => file).join(", ")}.` : "";
  const failed = left[0]!.file;
  if (options.signal?.aborted) {
    throw new DeployError(
      `Interrupted. Not applied so far: ${left.map(({ file }) => file).join(", ")}.${before}`,
      `The server may still be at work on ${failed}, and will keep all of it or nothing. Run this again with --dry-run to see.`,
    );
  }
  throw new DeployError(
    `${failed} was not applied, and left nothing behind: a migration is one transaction.${before}\n${said.join("\n")}`,
    `Correct ${migrationsFolder}/${failed}, which no database has yet, and deploy again.`,
  );
}

/** What a database has otherwise than the migrations make it. */
export interface Drift {
  /** What makes the engine another one. */
  differences: string[];
  /** What stands beside it and does no harm: indexes and statistics of the operator's own. */
  additions: string[];
}

// Server 17 brought a right of its own, and servers word the text of a view each in their way.
function sameVersion(entry: CatalogEntry, major: number, other: number): CatalogEntry {
  if (major === other) return entry;
  const privileges =
    entry.privileges &&
    Object.fromEntries(
      Object.entries(entry.privileges).map(([role, rights]) => [
        role,
        rights.filter((right) => !right.startsWith("maintain")),
      ]),
    );
  const definition = entry.kind === "view" ? "" : entry.definition;
  return { ...entry, privileges, definition };
}

/** Compares what the migrations made with what they should have; what is not theirs is not looked at. */
export function compareWithExpected(
  { catalog, own, major: expectedMajor }: Expected,
  actual: Catalog,
  actualMajor: number,
): Drift {
  const schemas = [...own].filter((subject) => subject.startsWith("schema ")).map((one) => one.slice(7));
  const isOurs = (entry: CatalogEntry): boolean => {
    if (own.has(entry.subject)) return true;
    // The engine makes the partitions of its history while it works.
    if (/^partition (FOR VALUES|DEFAULT)/m.test(entry.definition)) return false;
    if (entry.parent) return own.has(entry.parent);
    return schemas.some((schema) => entry.subject.slice(entry.kind.length + 1).startsWith(`${schema}.`));
  };
  // Whoever owns most of it has deployed it.
  const ownerOf = (from: Catalog): string | undefined => {
    const counts = new Map<string, number>();
    for (const subject of own) {
      const owner = from.get(subject)?.owner;
      if (owner) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
    return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
  };
  const [shallOwner, isOwner] = [ownerOf(catalog), ownerOf(actual)];
  const pick = (from: Catalog, change: (entry: CatalogEntry) => CatalogEntry): Catalog =>
    new Map(
      [...from].filter(([, entry]) => isOurs(entry)).map(([subject, entry]) => [subject, change(entry)]),
    );

  const shall = pick(catalog, (entry) => sameVersion(entry, expectedMajor, actualMajor));
  const is = pick(actual, (entry) => ({
    ...sameVersion(entry, actualMajor, expectedMajor),
    owner: entry.owner === isOwner && shallOwner ? shallOwner : entry.owner,
  }));
  const drift: Drift = { differences: [], additions: [] };
  for (const difference of compareCatalogs(shall, is)) {
    const { left, right, subject } = difference;
    if (!left) {
      const harmless = right!.kind === "index" || right!.kind === "statistics";
      (harmless ? drift.additions : drift.differences).push(`${subject} is in the database only`);
    } else if (!right) drift.differences.push(`${subject} is missing in the database`);
    else drift.differences.push(describeDifference(difference).replace("  sql/:       ", "  database:   "));
  }
  return drift;
}

/** Reads a database and compares it. */
export const checkDeployed = (target: Target, expected: Expected): Promise<Drift> =>
  onTarget(target, async (client) =>
    compareWithExpected(expected, await readCatalog(client), await majorOf(client)),
  );

function checkProject(projectRef: string): void {
  if (!/^[a-z]{20}$/.test(projectRef)) {
    throw new DeployError(
      `"${projectRef}" is not the reference of a Supabase project.`,
      "It is the 20 letters in the project's address: https://supabase.com/dashboard/project/<ref>.",
    );
  }
}

/** Asks Supabase whether functions of that project may be changed; before anything else is. */
export async function checkFunctions(projectRef: string, options: ToolOptions = {}): Promise<void> {
  checkProject(projectRef);
  const { code, lines } = await supabase(null, ["functions", "list", `--remote=${projectRef}`], options);
  if (code === 0) return;
  throw new DeployError(
    `The functions of ${projectRef} are out of reach; nothing was changed.\n${lines.join("\n")}`,
    "`npx supabase login`, or set SUPABASE_ACCESS_TOKEN to a token that may write that project's functions.",
  );
}

/** Deploys the edge functions. */
export async function deployFunctions(projectRef: string, options: ToolOptions = {}): Promise<void> {
  checkProject(projectRef);
  // Bundled by Supabase, so that nobody needs Docker.
  const args = ["functions", "deploy", ...functionNames, `--remote=${projectRef}`, "--use-api", "--yes"];
  const { code, lines } = await supabase(null, args, options);
  if (code === 0) return;
  throw new DeployError(
    `The functions were not deployed; the database is up to date.\n${lines.join("\n")}`,
    "The functions from before work on with this database. Run the same command again.",
    4,
  );
}

/** How to deploy, and whom to tell and ask. */
export interface Deployment extends Omit<ToolOptions, "onLine"> {
  target: Target;
  dryRun?: boolean;
  /** Deploys the edge functions to this project too. */
  projectRef?: string;
  /** Builds the project somewhere else: {@link expectedCatalog}. */
  expect: () => Promise<Expected>;
  confirm: (question: string) => Promise<boolean>;
  say: (what: string, text: string) => void;
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

/** Deploys, or with `dryRun` looks; true when the database is as it shall be, or would be. */
export async function deploy(deployment: Deployment): Promise<boolean> {
  const { target, dryRun = false, projectRef, expect, confirm, say, ...options } = deployment;
  say("Database", target.name);
  const plan = await planDeployment(target, options.root);
  const { pending } = plan;
  say(
    "Pending",
    pending.length === 0 ? "nothing" : `${pending.length}, after ${plan.applied.length} applied`,
  );
  for (const { file } of pending) say("", file);

  const expected = await expect();
  say("Sources", "the migrations hold what is under sql/");
  if (projectRef) {
    await checkFunctions(projectRef, options);
    say("Functions", `${projectRef} may be deployed to`);
  }
  const steps = [
    ...(pending.length > 0 ? [`apply ${counted(pending.length, "migration")}`] : []),
    ...(projectRef ? [`deploy ${functionNames.join(" and ")}`] : []),
  ].join(" and ");
  if (dryRun && pending.length > 0) {
    say("Dry run", `nothing was changed; without --dry-run it would ${steps}`);
    return true;
  }
  if (!dryRun && steps && !(await confirm(`Shall I ${steps}?`))) {
    say("Stopped", "nothing was changed");
    return false;
  }
  options.signal?.throwIfAborted();
  await applyPending(target, plan, { ...options, onApplied: (file) => say("Applied", file) });

  const { differences, additions } = await checkDeployed(target, expected);
  for (const addition of additions) say("", addition);
  if (differences.length > 0) {
    throw new DeployError(
      `The database is not what the migrations make it: ${counted(differences.length, "difference")}.\n${differences.join("\n")}`,
      "Somebody changed it by hand. Take that back, or make a migration of it; then run this again.",
      3,
    );
  }
  say("Database", `is what the migrations make it: ${counted(expected.own.size, "definition")} compared`);
  if (projectRef && !dryRun) {
    await deployFunctions(projectRef, options);
    say("Functions", `${functionNames.join(", ")} deployed to ${projectRef}`);
  }
  if (dryRun)
    say("Dry run", `nothing was changed${projectRef ? `; without --dry-run it would ${steps}` : ""}`);
  return true;
}

/* ------------------------------------------------------------------ the way back */

/** A migration to take back and what goes with it. */
export interface StepBack {
  file: string;
  version: string;
  /** `public.org`, `public.org.name`: tables and columns that hold what no migration put there. */
  lost: string[];
}

const NAME = `((?:"[^"]+"|[\\w$]+)(?:\\.(?:"[^"]+"|[\\w$]+))?)`;
const DROP_TABLE = new RegExp(`^drop table (?:if exists )?${NAME}`, "i");
const DROP_COLUMN = new RegExp(
  `^alter table (?:if exists )?(?:only )?${NAME}[\\s\\S]*?\\bdrop column (?:if exists )?("[^"]+"|[\\w$]+)`,
  "i",
);

async function lostWith(client: pg.Client, migration: Migration, wayBack: string): Promise<string[]> {
  const filledHere = splitStatements(migration.up)
    .map(({ text }) => new RegExp(`insert into ${NAME}`, "i").exec(text)?.[1])
    .filter((name) => name !== undefined);
  const lost: string[] = [];
  for (const { text } of splitStatements(wayBack)) {
    const column = DROP_COLUMN.exec(text);
    const table = column?.[1] ?? DROP_TABLE.exec(text)?.[1];
    if (!table || (!column && filledHere.includes(table))) continue;
    const { rows: there } = await client.query("select pg_catalog.to_regclass($1) is not null as yes", [
      table,
    ]);
    if (!there[0].yes) continue;
    const filled = column ? ` where ${column[2]} is not null` : "";
    const { rows } = await client.query(`select exists (select from ${table}${filled}) as yes`);
    if (rows[0].yes) lost.push(column ? `${table}.${column[2]}` : table);
  }
  return lost;
}

/** What has to be taken back, newest first, to come to `version`; the newest migration only when none is given. */
export async function planRollback(
  target: Target,
  version: string | undefined,
  root = projectRoot,
): Promise<StepBack[]> {
  const applied = await readApplied(target, root);
  if (version !== undefined && version !== "0" && !applied.some((one) => one.version === version)) {
    throw new DeployError(
      `The database does not have version ${version}.`,
      applied.length > 0
        ? `It has: ${applied.map((one) => one.version).join(", ")}; 0 takes all of them back.`
        : "It has none.",
    );
  }
  const to = version ?? applied.at(-2)?.version ?? "0";
  const back = applied.filter((one) => to === "0" || one.version > to).reverse();
  return onTarget(target, async (client) => {
    const steps: StepBack[] = [];
    for (const migration of back) {
      const path = `${rollbacksFolder}/${migration.file}`;
      if (!existsSync(join(root, path))) {
        throw new DeployError(
          `${path} is missing: there is no way back from it.`,
          "Write it by hand, and test it.",
        );
      }
      const lost = await lostWith(client, migration, readFileSync(join(root, path), "utf8"));
      steps.push({ file: migration.file, version: migration.version, lost });
    }
    return steps;
  });
}

// The way back is open also when something is pending that must not be applied.
async function readApplied(target: Target, root: string): Promise<Migration[]> {
  const migrations = readMigrations(root);
  const histories = await onTarget(target, readHistories);
  const versions = new Set(histories.flatMap((history) => [...history.versions]));
  const unknown = [...versions]
    .filter((version) => !migrations.some((one) => one.version === version))
    .sort();
  if (unknown.length > 0) {
    throw new DeployError(
      `The database has migrations that this checkout does not know: ${unknown.join(", ")}.`,
      "Take them back from a checkout that has them.",
    );
  }
  return migrations.filter((one) => versions.has(one.version));
}

/** Takes back one migration after the other, each in a transaction with its entry in the list of versions. */
export async function rollBack(
  target: Target,
  steps: StepBack[],
  {
    root = projectRoot,
    signal,
    onDone,
  }: Pick<ToolOptions, "root" | "signal"> & { onDone?: (file: string) => void } = {},
): Promise<void> {
  for (const [at, { file, version }] of steps.entries()) {
    const before =
      at > 0
        ? `\nTaken back: ${steps
            .slice(0, at)
            .map((one) => one.file)
            .join(", ")}.`
        : "";
    if (signal?.aborted)
      throw new DeployError(`Interrupted before ${file}.${before}`, "Run this again for the rest.");
    try {
      const taken = await rollbackLast(target.url, root);
      if (taken !== version)
        throw new Error(`somebody else is at work: ${taken ?? "nothing"} was taken back`);
    } catch (error) {
      throw new DeployError(
        `${file} was not taken back, and nothing of it is gone: a way back is one transaction.${before}\n` +
          target.redact((error as Error).message),
        "See what stands in the way; what was taken back comes again with `npm run deploy`.",
      );
    }
    onDone?.(file);
  }
}
