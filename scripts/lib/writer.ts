import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type pg from "pg";
import {
  compareCatalogs,
  dropStatement,
  mendStatements,
  readCatalog,
  type Catalog,
  type CatalogEntry,
  type Difference,
} from "./catalog.ts";
import { withEmptyDatabase } from "./database.ts";
import {
  generatedMark,
  migrationsFolder,
  readMigrations,
  rollbacksFolder,
  withClient,
  type Migration,
} from "./migrate.ts";
import {
  definitionsByName,
  inTransaction,
  LoadError,
  loadInPasses,
  projectRoot,
  readSources,
  runScript,
  type SourceFile,
} from "./sources.ts";
import { catalogOfSources, describeDifference, nameWithoutArguments } from "./verify.ts";

/** What `npm run migration` did. */
export interface Written {
  /** Null when nothing had changed. */
  migration: string | null;
  rollback: string | null;
  changed: string[];
  /** Statements that take away what no source defines any more. */
  drops: string[];
}

/** One piece of a migration: what it comes from and what it says. */
interface Block {
  source: string;
  text: string;
  /** Statements that make room for it. */
  before: string[];
}

const BODIES_OFF = `-- Functions may name each other in a circle.
set local check_function_bodies = off;
`;

// What cannot be replaced has to go first: a changed result type, changed columns of a view, what a text that has landed
// makes without taking the old one away.
const NOT_REPLACEABLE = new Set(["42P13", "42P16", "42710"]);

/**
 * Milliseconds that a lock is waited for before all are given back: few at first, since whoever waits for one of those
 * had already is not going to give up his; more where a machine is slow; less than the server takes to see a deadlock.
 */
const patience = { first: 40, most: 800 };

/**
 * Takes every lock that statements will need, before any of them runs. A database at work has transactions that hold one
 * table and come to the next; a migration that does so too, in an order of its own, is in their way and they in its, and
 * the server ends one of them.
 */
function lockStatements(texts: string[], there: Catalog): string {
  const named = new Set<string>();
  const files = texts.map((text, at) => ({ path: String(at), text }));
  for (const name of definitionsByName(files).keys()) {
    const [, table, view] = /^(?:trigger|policy) .* on (\S+)$|^view (\S+)$/.exec(name) ?? [];
    if (table ?? view) named.add((table ?? view)!);
  }
  for (const [, table, view] of texts
    .join("\n")
    .matchAll(
      /^\s*(?:alter table(?: only)? (\S+)|drop (?:trigger|policy)(?: if exists)? \S+ on ([\w."]+)|drop view(?: if exists)? ([\w."]+))/gim,
    ))
    named.add((table ?? view)!);
  const subjects = [...there.values()]
    .filter(({ kind, subject, parent }) => {
      const isRelation = kind === "table" || kind === "view";
      return isRelation && parent === null && named.has(subject.slice(kind.length + 1).replace(/"/g, ""));
    })
    .sort((a, b) => a.oid - b.oid);
  if (subjects.length === 0) return "";
  const list = subjects.map(({ kind, subject }) => `        ${subject.slice(kind.length + 1)}`).join(",\n");
  return `-- Whoever is at work is let finish. What cannot be had soon is given back and asked for again, so that nobody who holds
-- one table and waits for another is ended for it.
do $locks$
declare
  before constant text := current_setting('lock_timeout');
begin
  for turn in 1..600 loop
    perform set_config('lock_timeout', least(${patience.most}, (${patience.first} * 1.02 ^ turn)::int) || 'ms', true);
    begin
      lock table
${list}
        in access exclusive mode;
      perform set_config('lock_timeout', before, true);
      return;
    exception when lock_not_available then
      perform pg_sleep(random() * 0.05);
    end;
  end loop;
  raise exception using
    errcode = 'lock_not_available',
    message = 'The tables are in use all the time, by transactions that do not end: nothing was changed.',
    hint = 'pg_stat_activity tells who holds them. Try again when those have ended.';
end
$locks$;
`;
}

const withNewline = (text: string): string => (text.endsWith("\n") ? text : `${text}\n`);

/** The newest text of every source in the migrations; what was dropped since is not there. */
export function newestBlocks(migrations: Migration[]): Map<string, string> {
  const newest = new Map<string, string>();
  for (const migration of migrations) {
    for (const [source, text] of migration.blocks) newest.set(source, text);
    for (const source of migration.dropped) newest.delete(source);
  }
  return newest;
}

async function applyMigrations(client: pg.Client, migrations: Migration[]): Promise<void> {
  for (const { file, up } of migrations) {
    await inTransaction(client, () => runScript(client, `${migrationsFolder}/${file}`, up));
  }
}

/** What has to be dropped so that a text can define it anew, by path. */
async function makeRoom(
  client: pg.Client,
  files: SourceFile[],
  catalog: Catalog,
): Promise<Map<string, string[]>> {
  await client.query("begin");
  const { problems } = await loadInPasses(client, files);
  await client.query("rollback");
  const stuck = new Set(problems.filter(({ code }) => NOT_REPLACEABLE.has(code)).map(({ path }) => path));
  const room = new Map<string, string[]>();
  for (const file of files.filter(({ path }) => stuck.has(path))) {
    const defined = definitionsByName([file]);
    const there = [...catalog.values()].filter(({ subject }) => defined.has(nameWithoutArguments(subject)));
    room.set(file.path, there.map(dropStatement));
  }
  return room;
}

/** Loads texts in an order that works and returns them in it. */
async function loadOrdered(client: pg.Client, files: SourceFile[], catalog: Catalog): Promise<Block[]> {
  const room = await makeRoom(client, files, catalog);
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const prepared = files.map(({ path, text }) => ({
    path,
    text: [...(room.get(path) ?? []), text].join("\n"),
  }));
  return inTransaction(client, async () => {
    const { order, problems } = await loadInPasses(client, prepared);
    if (problems.length > 0) throw new LoadError(problems);
    return order.map(({ path }) => ({ source: path, text: texts.get(path)!, before: room.get(path) ?? [] }));
  });
}

/** Drops things in an order that works and returns the statements in it. */
async function dropOrdered(client: pg.Client, entries: CatalogEntry[]): Promise<string[]> {
  const files = [...entries]
    .sort((a, b) => b.oid - a.oid)
    .map((entry) => ({ path: entry.subject, text: dropStatement(entry) }));
  return inTransaction(client, async () => {
    const { order, problems } = await loadInPasses(client, files);
    if (problems.length > 0) throw new LoadError(problems);
    return order.map(({ text }) => text);
  });
}

/** Mends rights, comments and row-level security until nothing differs; throws on what it cannot mend. */
async function mend(client: pg.Client, shall: Catalog, what: string): Promise<string[]> {
  const statements: string[] = [];
  const left: Difference[] = [];
  for (const difference of compareCatalogs(await readCatalog(client), shall)) {
    const mended = mendStatements(difference);
    if (mended) statements.push(...mended);
    else left.push(difference);
  }
  if (left.length === 0 && statements.length > 0) {
    await inTransaction(client, () => runScript(client, what, statements.join("\n")));
    left.push(...compareCatalogs(await readCatalog(client), shall));
  }
  if (left.length > 0) {
    const list = left.map((difference) => describeDifference(difference)).join("\n");
    throw new Error(`${what}: this needs statements written by hand, in a migration of their own:\n${list}`);
  }
  return statements;
}

const onlyIn = (catalog: Catalog, other: Catalog): CatalogEntry[] =>
  compareCatalogs(catalog, other)
    .filter((difference) => difference.aspect === "existence" && difference.left)
    .map((difference) => difference.left!);

const renderBlock = ({ source, text, before }: Block): string =>
  `${before.map((statement) => `${statement}\n`).join("")}-- source: ${source}\n${withNewline(text)}-- end of source\n`;

/** The texts that blocks run, with what makes room for them. */
const textsOf = (blocks: Block[]): string[] => blocks.map(({ text, before }) => [...before, text].join("\n"));

function renderMigration(blocks: Block[], dropped: string[], statements: string[], there: Catalog): string {
  const locks = lockStatements([...textsOf(blocks), ...statements], there);
  const parts = [`-- migrate:up\n${generatedMark}\n`, locks, BODIES_OFF, ...blocks.map(renderBlock)].filter(
    (part) => part !== "",
  );
  if (dropped.length > 0) parts.push(dropped.map((source) => `-- dropped: ${source}\n`).join(""));
  if (statements.length > 0) parts.push(`${statements.join("\n")}\n`);
  return `${parts.join("\n")}\n-- migrate:down\n`;
}

function renderRollback(file: string, blocks: Block[], statements: string[], there: Catalog): string {
  const locks = lockStatements([...textsOf(blocks), ...statements], there);
  const parts = [`-- The way back from ${file}.\n`, locks].filter((part) => part !== "");
  if (blocks.length > 0) parts.push(BODIES_OFF, ...blocks.map(renderBlock));
  if (statements.length > 0) parts.push(`${statements.join("\n")}\n`);
  return parts.join("\n");
}

/** Tries a migration and its way back on the database that holds the state before it. */
async function prove(
  client: pg.Client,
  up: string,
  down: string,
  before: Catalog,
  after: Catalog,
): Promise<void> {
  const run = (what: string, text: string): Promise<unknown> =>
    inTransaction(client, () => runScript(client, what, text));
  const same = async (what: string, shall: Catalog): Promise<void> => {
    const [first] = compareCatalogs(await readCatalog(client), shall);
    if (first) throw new Error(`${what} does not lead to the same catalog: ${describeDifference(first)}`);
  };
  await run("the way back", down);
  await same("the way back", before);
  await run("the migration", up);
  await same("the migration", after);
}

/** `20261121080910`, in UTC, and later than every migration there is. */
function timestamp(migrations: Migration[], now: Date): string {
  const stamp = now.toISOString().replace(/\D/g, "").slice(0, 14);
  const last = migrations.at(-1)?.version ?? "0";
  return stamp > last ? stamp : String(BigInt(last) + 1n).padStart(14, "0");
}

/**
 * Writes the sources that differ from their newest text in the migrations into a new migration, with the way back,
 * after trying both on a database. With `rewrite`, into the file of that name instead.
 */
export async function writeMigration({
  serverUrl,
  name,
  rewrite,
  root = projectRoot,
  now = new Date(),
}: {
  serverUrl: string;
  name: string;
  rewrite?: string;
  root?: string;
  now?: Date;
}): Promise<Written> {
  const all = readMigrations(root);
  const target = rewrite ? all.find(({ file }) => file === rewrite) : undefined;
  if (rewrite && !target?.generated) throw new Error(`${rewrite} is not a migration this command wrote`);
  if (target && target !== all.at(-1))
    throw new Error(`${rewrite}: only the newest migration can be rewritten`);
  const migrations = all.filter((migration) => migration !== target);
  const newest = newestBlocks(migrations);
  const sources = readSources(root);
  const changed = sources.filter(({ path, text }) => newest.get(path) !== withNewline(text));
  const gone = [...newest.keys()].filter((path) => !sources.some((source) => source.path === path)).sort();
  if (changed.length === 0 && gone.length === 0) {
    return { migration: null, rollback: null, changed: [], drops: [] };
  }
  const shall = await catalogOfSources(serverUrl, root);
  const file = target?.file ?? `${timestamp(all, now)}_${name}.sql`;
  return withEmptyDatabase(serverUrl, "migration", (url) =>
    withClient(url, async (client) => {
      await applyMigrations(client, migrations);
      const before = await readCatalog(client);

      const blocks = await loadOrdered(client, changed, before);
      const drops = await dropOrdered(client, onlyIn(await readCatalog(client), shall));
      const mended = await mend(client, shall, file);
      const up = renderMigration(blocks, gone, [...drops, ...mended], before);
      const after = await readCatalog(client);

      const earlier = [...changed.map(({ path }) => path), ...gone]
        .filter((path) => newest.has(path))
        .map((path) => ({ path, text: newest.get(path)! }));
      const backBlocks = await loadOrdered(client, earlier, after);
      const backDrops = await dropOrdered(client, onlyIn(await readCatalog(client), before));
      const backMended = await mend(client, before, `${rollbacksFolder}/${file}`);
      const down = renderRollback(file, backBlocks, [...backDrops, ...backMended], after);

      await inTransaction(client, () => runScript(client, file, up));
      await prove(client, up, down, before, after);
      const paths = { migration: `${migrationsFolder}/${file}`, rollback: `${rollbacksFolder}/${file}` };
      write(root, paths.migration, up);
      write(root, paths.rollback, down);
      return { ...paths, changed: changed.map(({ path }) => path), drops };
    }),
  );
}

/**
 * Writes the way back from a hand-written migration that only adds things. One that changes or drops something needs
 * its way back written by hand.
 */
export async function writeRollback(serverUrl: string, file: string, root = projectRoot): Promise<string> {
  const migrations = readMigrations(root);
  const at = migrations.findIndex((migration) => migration.file === file);
  if (at < 0) throw new Error(`${migrationsFolder}/${file} is not there`);
  return withEmptyDatabase(serverUrl, "rollback", (url) =>
    withClient(url, async (client) => {
      await applyMigrations(client, migrations.slice(0, at));
      const before = await readCatalog(client);
      await applyMigrations(client, [migrations[at]!]);
      const after = await readCatalog(client);
      const drops = await dropOrdered(client, onlyIn(after, before));
      const mended = await mend(client, before, `${rollbacksFolder}/${file}`);
      const down = renderRollback(file, [], [...drops, ...mended], after);
      await applyMigrations(client, [migrations[at]!]);
      await prove(client, migrations[at]!.up, down, before, after);
      const path = `${rollbacksFolder}/${file}`;
      write(root, path, down);
      return path;
    }),
  );
}

function write(root: string, path: string, text: string): void {
  const target = join(root, path);
  if (!existsSync(dirname(target))) mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}
