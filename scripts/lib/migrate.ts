import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import pg from "pg";
import {
  inTransaction,
  loadAll,
  loadInPasses,
  projectRoot,
  readSources,
  readSqlFolder,
  runScript,
  type LoadReport,
  type SourceFile,
} from "./sources.ts";

/** Where migrations and the ways back lie, relative to the project. */
export const migrationsFolder = "supabase/migrations";
export const rollbacksFolder = "supabase/rollbacks";

/** The first line under the header of a migration that `npm run migration` wrote. */
export const generatedMark = "-- Written by `npm run migration` from the files under sql/.";

/** One migration file taken apart. */
export interface Migration {
  /** `20261121000001_tables.sql` */
  file: string;
  version: string;
  /** Everything between `-- migrate:up` and `-- migrate:down`. */
  up: string;
  /** True when every definition in it comes from `sql/`. */
  generated: boolean;
  /** Texts by source file, in the order they stand. */
  blocks: Map<string, string>;
  /** Sources whose definitions this migration takes away. */
  dropped: string[];
}

const BLOCK = /^-- source: (\S+)\n([\s\S]*?)^-- end of source$/gm;

/** Takes one migration apart; throws when it lacks the two headers both tools need. */
export function parseMigration(file: string, text: string): Migration {
  const shape = /^-- migrate:up[^\n]*\n([\s\S]*?)\n-- migrate:down[^\n]*\n?([\s\S]*)$/.exec(text);
  if (!shape)
    throw new Error(`${file}: must begin with "-- migrate:up" and end with an empty "-- migrate:down"`);
  if (shape[2]!.trim() !== "") {
    throw new Error(
      `${file}: "-- migrate:down" must be empty; the way back belongs into ${rollbacksFolder}/`,
    );
  }
  const version = /^\d+/.exec(basename(file))?.[0];
  if (!version) throw new Error(`${file}: the name must begin with a timestamp`);
  const up = `${shape[1]}\n`;
  const blocks = new Map([...up.matchAll(BLOCK)].map((match) => [match[1]!, match[2]!]));
  const dropped = [...up.matchAll(/^-- dropped: (\S+)$/gm)].map((match) => match[1]!);
  return { file: basename(file), version, up, generated: up.includes(generatedMark), blocks, dropped };
}

/** The project's migrations, oldest first. */
export function readMigrations(root = projectRoot): Migration[] {
  return readSqlFolder(migrationsFolder, root).map(({ path, text }) => parseMigration(path, text));
}

/** Adds `sslmode=disable` for a loopback server that was given without one: dbmate asks for TLS otherwise. */
export function withLoopbackTls(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  if (["127.0.0.1", "localhost", "[::1]"].includes(url.hostname) && !url.searchParams.has("sslmode")) {
    url.searchParams.set("sslmode", "disable");
  }
  return url.toString();
}

/** Runs something on a connection of its own. */
export async function withClient<T>(
  databaseUrl: string,
  work: (client: pg.Client) => Promise<T>,
  config: pg.ClientConfig = {},
): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl, ...config });
  // An error between two queries also rejects the next one; without a listener it would end the process.
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** One tool's list of applied versions. */
export interface History {
  table: "public.schema_migrations" | "supabase_migrations.schema_migrations";
  versions: Set<string>;
}

/** The lists of applied versions a database has: dbmate's, the Supabase CLI's. */
export async function readHistories(client: pg.Client): Promise<History[]> {
  const histories: History[] = [];
  for (const table of ["public.schema_migrations", "supabase_migrations.schema_migrations"] as const) {
    const there = await client.query("select to_regclass($1) is not null as yes", [table]);
    if (!there.rows[0].yes) continue;
    const { rows } = await client.query<{ version: string }>(`select version from ${table}`);
    histories.push({ table, versions: new Set(rows.map((row) => row.version)) });
  }
  return histories;
}

/** Versions a database has received, whichever tool applied them. */
export async function appliedVersions(databaseUrl: string): Promise<Set<string>> {
  return withClient(databaseUrl, async (client) => {
    const histories = await readHistories(client);
    return new Set(histories.flatMap((history) => [...history.versions]));
  });
}

function run(command: string, args: string[], env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${basename(command)} ${args.at(-1)} exited with ${code}:\n${output.trim()}`));
    });
  });
}

/**
 * Brings a database up to date with dbmate and returns the versions that were applied. Asks the database first: when
 * nothing is missing no process is started.
 */
export async function migrateUp(databaseUrl: string, root = projectRoot): Promise<string[]> {
  const migrations = readMigrations(root);
  const pending = await withClient(databaseUrl, async (client) => {
    const histories = await readHistories(client);
    const applied = new Set(histories.flatMap((history) => [...history.versions]));
    const missing = migrations.filter((migration) => !applied.has(migration.version));
    const bySupabase = histories.some(
      ({ table, versions }) =>
        table.startsWith("supabase_") && migrations.some((migration) => versions.has(migration.version)),
    );
    if (missing.length > 0 && bySupabase) {
      throw new Error("This database is kept by the Supabase CLI: apply with `supabase migration up`.");
    }
    return missing.map((migration) => migration.version);
  });
  if (pending.length === 0) return [];
  await run(
    join(projectRoot, "node_modules/.bin/dbmate"),
    ["--no-dump-schema", "--migrations-dir", join(root, migrationsFolder), "up"],
    { DATABASE_URL: withLoopbackTls(databaseUrl) },
  );
  // dbmate keeps its list in the exposed schema; nobody but its owner needs to read it.
  await withClient(databaseUrl, (client) =>
    client.query("alter table public.schema_migrations enable row level security"),
  );
  return pending;
}

/**
 * Takes back the newest migration with its file under `supabase/rollbacks/`, in one transaction with the lists of
 * applied versions that dbmate and the Supabase CLI keep. Returns its version, or null when there is none.
 */
export async function rollbackLast(databaseUrl: string, root = projectRoot): Promise<string | null> {
  return withClient(databaseUrl, async (client) => {
    const histories = await readHistories(client);
    const version = [...new Set(histories.flatMap((history) => [...history.versions]))].sort().at(-1);
    if (!version) return null;
    const migration = readMigrations(root).find((candidate) => candidate.version === version);
    if (!migration)
      throw new Error(`The database has version ${version}, which is not in ${migrationsFolder}/.`);
    const path = `${rollbacksFolder}/${migration.file}`;
    if (!existsSync(join(root, path))) throw new Error(`${path} is missing: there is no way back.`);
    await inTransaction(client, async () => {
      await runScript(client, path, readFileSync(join(root, path), "utf8"));
      for (const { table } of histories)
        await client.query(`delete from ${table} where version = $1`, [version]);
    });
    return version;
  });
}

/** Takes back every migration down to, and without, `version`; all of them when none is given. */
export async function migrateDown(databaseUrl: string, version = "", root = projectRoot): Promise<string[]> {
  const takenBack: string[] = [];
  for (;;) {
    const newest = [...(await appliedVersions(databaseUrl))].sort().at(-1);
    if (!newest || newest <= version) return takenBack;
    takenBack.push((await rollbackLast(databaseUrl, root))!);
  }
}

/**
 * Builds what the project says rather than what it has shipped: the hand-written migrations in order and, in place of
 * the generated ones, the files under `sql/` as they are now. A later hand-written migration may lean on functions, so
 * at each generated one everything that loads already is loaded.
 */
export async function loadProject(
  client: pg.Client,
  {
    root = projectRoot,
    sources = readSources(root),
    migrations = readMigrations(root),
    tolerant = false,
  }: { root?: string; sources?: SourceFile[]; migrations?: Migration[]; tolerant?: boolean } = {},
): Promise<LoadReport> {
  const lastByHand = migrations.findLastIndex((migration) => !migration.generated);
  for (const migration of migrations.slice(0, lastByHand + 1)) {
    if (migration.generated) await inTransaction(client, () => loadInPasses(client, sources));
    else {
      await inTransaction(client, async () => {
        // Triggers that loaded already may call what waits for this very migration.
        await client.query(
          "select set_config('session_replication_role', 'replica', true) where current_setting('is_superuser') = 'on'",
        );
        await runScript(client, `${migrationsFolder}/${migration.file}`, migration.up);
      });
    }
  }
  const alsoCheck = migrations.map(({ file, up }) => ({ path: `${migrationsFolder}/${file}`, text: up }));
  return loadAll(client, sources, {
    tolerant,
    alsoCheck: alsoCheck.filter((_, at) => !migrations[at]!.generated),
  });
}
