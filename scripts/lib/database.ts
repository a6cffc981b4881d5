import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { bootstrapDatabase } from "./bootstrap.ts";
import { loadProject, migrateUp, withClient } from "./migrate.ts";
import { readPgTapFile } from "./pgtap.ts";
import { loadAll, runScript, readFixtures, readSqlFolder, type LoadProblem } from "./sources.ts";

/**
 * What a template holds. `test`: the hand-written migrations and the files under `sql/` as they are now, pgTAP and the
 * fixtures. `migrated`: what the migrations give, nothing else.
 */
export type TemplateKind = "test" | "migrated";

/** A database other databases are copied from. */
export interface Template {
  name: string;
  /** Files that did not load; the rest is there. */
  problems: LoadProblem[];
}

/** The URL of another database on the same server. */
export function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.toString();
}

/** Where pgTAP lives in a test database. */
export const tapSchema = "tap";

const pgtapVersion = "1.3.5";

/**
 * Puts pgTAP into the schema `tap` of a database: the server's extension where it has the version we test with, the
 * same version as plain SQL anywhere else (it is nothing but SQL).
 */
export async function installPgtap(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    "select 1 from pg_catalog.pg_available_extension_versions where name = 'pgtap' and version = $1",
    [pgtapVersion],
  );
  await client.query(
    `create schema if not exists ${tapSchema}; grant usage on schema ${tapSchema} to public`,
  );
  if (rows.length > 0) {
    await client.query(`create extension if not exists pgtap schema ${tapSchema} version '${pgtapVersion}'`);
    return;
  }
  const file = `pgtap--${pgtapVersion}.sql`;
  await client.query("begin");
  await client.query(`set local search_path = ${tapSchema}; set local check_function_bodies = off`);
  await runScript(client, file, readPgTapFile(file));
  await client.query("commit");
}

const PREFIX = "millrace_template";
// Templates of earlier states of the project stay for runs that are still going on, up to this many.
const KEPT = 6;
const LOCK = 0x6d696c6c;

function templateName(kind: TemplateKind): string {
  const hash = createHash("sha256").update(kind);
  const own = ["database.ts", "migrate.ts", "sources.ts", "tap.ts", "bootstrap.sql"];
  for (const file of own) hash.update(readFileSync(fileURLToPath(new URL(file, import.meta.url))));
  const folders = kind === "test" ? ["supabase/migrations", "sql"] : ["supabase/migrations"];
  for (const file of folders.flatMap((folder) => readSqlFolder(folder))) {
    if (file.path.startsWith("sql/tests/") && !file.path.startsWith("sql/tests/setup/")) continue;
    hash.update(`\0${file.path}\0${file.text}`);
  }
  return `${PREFIX}_${kind}_${hash.digest("hex").slice(0, 16)}`;
}

async function fill(url: string, kind: TemplateKind): Promise<LoadProblem[]> {
  await bootstrapDatabase(url);
  if (kind === "migrated") {
    await migrateUp(url);
    return [];
  }
  return withClient(url, async (client) => {
    const { problems } = await loadProject(client, { tolerant: true });
    await installPgtap(client);
    const fixtures = await loadAll(client, readFixtures(), { tolerant: true });
    const known = new Set(problems.map((problem) => problem.path + problem.message));
    return [
      ...problems,
      ...fixtures.problems.filter((problem) => !known.has(problem.path + problem.message)),
    ];
  });
}

async function dropOldTemplates(admin: pg.Client, kind: TemplateKind): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>(
    `select datname
     from pg_catalog.pg_database
     where datname like $1
     order by oid desc
     offset $2`,
    [`${PREFIX}\\_${kind}\\_%`, KEPT],
  );
  for (const { datname } of rows) {
    // Somebody may be copying it right now; then it goes the next time.
    await admin.query(`drop database if exists ${pg.escapeIdentifier(datname)}`).catch(() => {});
  }
}

/**
 * The template for the project as it is on disk: built once, found again by the next run as long as no file changed.
 * Runs that come at the same time wait for the one that builds.
 */
export async function template(serverUrl: string, kind: TemplateKind = "test"): Promise<Template> {
  const name = templateName(kind);
  return withClient(serverUrl, async (admin) => {
    await admin.query("select pg_advisory_lock($1)", [LOCK]);
    const there = await admin.query<{ problems: string }>(
      `select coalesce(shobj_description(oid, 'pg_database'), '[]') as problems
       from pg_catalog.pg_database
       where datname = $1`,
      [name],
    );
    if (there.rows[0]) return { name, problems: JSON.parse(there.rows[0].problems) as LoadProblem[] };
    const building = `${name}_building`;
    await admin.query(`drop database if exists ${building} with (force)`);
    await admin.query(`create database ${building} template template0`);
    try {
      const problems = await fill(databaseUrl(serverUrl, building), kind);
      await admin.query(`comment on database ${building} is ${pg.escapeLiteral(JSON.stringify(problems))}`);
      await admin.query(`alter database ${building} rename to ${name}`);
      await dropOldTemplates(admin, kind);
      return { name, problems };
    } catch (error) {
      await admin.query(`drop database if exists ${building} with (force)`);
      throw error;
    }
  });
}

let clones = 0;

/** A database of one's own. */
export interface Clone {
  name: string;
  url: string;
  drop(): Promise<void>;
}

/** Copies a template; about as fast as the template is small. */
export async function cloneDatabase(serverUrl: string, from: string, label = "clone"): Promise<Clone> {
  const name = `millrace_${label.replace(/\W+/g, "_").slice(0, 24)}_${process.pid}_${Date.now().toString(36)}_${++clones}`;
  await withClient(serverUrl, (admin) =>
    admin.query(`create database ${pg.escapeIdentifier(name)} template ${pg.escapeIdentifier(from)}`),
  );
  return {
    name,
    url: databaseUrl(serverUrl, name),
    drop: () =>
      withClient(serverUrl, async (admin) => {
        await admin.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
      }),
  };
}

/** Runs something on a new database that holds what Supabase brings and nothing else, and drops it afterwards. */
export async function withEmptyDatabase<T>(
  serverUrl: string,
  label: string,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const clone = await cloneDatabase(serverUrl, "template0", label);
  try {
    await bootstrapDatabase(clone.url);
    return await work(clone.url);
  } finally {
    await clone.drop();
  }
}
