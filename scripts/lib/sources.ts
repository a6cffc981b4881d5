import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { lineOf, splitStatements } from "./statements.ts";

/** The project's folder. */
export const projectRoot = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");

/** An SQL file of the project; `path` is relative to the project, with forward slashes. */
export interface SourceFile {
  path: string;
  text: string;
}

/** Why a file could not be loaded, and where. */
export interface LoadProblem {
  path: string;
  line: number;
  code: string;
  message: string;
}

/** What loading did: the files in the order that worked, and the ones that could not be loaded. */
export interface LoadReport {
  order: SourceFile[];
  problems: LoadProblem[];
}

function sqlFilesBelow(folder: string): string[] {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sqlFilesBelow(path);
    return entry.name.endsWith(".sql") ? [path] : [];
  });
}

/** Every `.sql` file below a folder of the project, sorted by path. */
export function readSqlFolder(folder: string, root = projectRoot): SourceFile[] {
  return sqlFilesBelow(join(root, folder))
    .map((file) => ({ path: relative(root, file).split(sep).join("/"), text: readFileSync(file, "utf8") }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The one source of functions, views, triggers, policies and grants: everything below `sql/` but the tests. */
export function readSources(root = projectRoot): SourceFile[] {
  return readSqlFolder("sql", root).filter((file) => !file.path.startsWith("sql/tests/"));
}

/** The pgTAP files: everything below `sql/tests/` but the fixtures. */
export function readTests(root = projectRoot): SourceFile[] {
  return readSqlFolder("sql/tests", root).filter((file) => !file.path.startsWith("sql/tests/setup/"));
}

/** What every test database holds beside the engine: the shared fixtures. */
export function readFixtures(root = projectRoot): SourceFile[] {
  return readSqlFolder("sql/tests/setup", root);
}

/** One sentence for people: file, line, what the server said. */
export function describeProblem(problem: LoadProblem): string {
  return `${problem.path}:${problem.line}: ${problem.message} (${problem.code})`;
}

/** Thrown when a file does not load; `results` are what the statements before the failing one returned. */
export class LoadError extends Error {
  constructor(
    readonly problems: LoadProblem[],
    readonly results: pg.QueryResult[] = [],
  ) {
    super(problems.map(describeProblem).join("\n"));
    this.name = "LoadError";
  }
}

/** Turns a server's error into a problem of the file that was sent, and finds the line it happened on. */
export function problemOf(path: string, text: string, error: unknown, completed = 0): LoadProblem {
  if (!(error instanceof pg.DatabaseError)) {
    return { path, line: 1, code: "client", message: error instanceof Error ? error.message : String(error) };
  }
  const parts = [error.message, error.detail, error.hint && `hint: ${error.hint}`, error.where].filter(
    Boolean,
  );
  const line = error.position
    ? lineOf(text, Number(error.position) - 1)
    : (splitStatements(text)[completed]?.line ?? 1);
  return { path, line, code: error.code ?? "?????", message: parts.join("; ") };
}

/**
 * Sends a text of several statements as one simple query, which the server runs as one transaction. Whatever was
 * answered before an error is kept: it tells which statement failed when the error itself has no position.
 */
export async function runScript(
  client: pg.Client | pg.PoolClient,
  path: string,
  text: string,
): Promise<pg.QueryResult[]> {
  const completed: pg.QueryResult[] = [];
  let rows: unknown[] = [];
  let fields: pg.FieldDef[] = [];
  const connection = (client as unknown as { connection: NodeJS.EventEmitter }).connection;
  const onFields = (message: { fields: pg.FieldDef[] }): void => void (fields = message.fields);
  const onRow = (message: { fields: (string | null)[] }): void => void rows.push(message.fields);
  const onComplete = (): void => {
    completed.push({ command: "", rowCount: rows.length, oid: 0, fields, rows });
    rows = [];
    fields = [];
  };
  connection.on("rowDescription", onFields).on("dataRow", onRow).on("commandComplete", onComplete);
  try {
    await client.query(text);
    return completed;
  } catch (error) {
    const failure = new LoadError([problemOf(path, text, error, completed.length)], completed);
    failure.cause = error;
    throw failure;
  } finally {
    connection.off("rowDescription", onFields).off("dataRow", onRow).off("commandComplete", onComplete);
  }
}

// Errors that another file may cure: what is named does not exist yet, or what is dropped is still needed.
const MAY_COME_LATER = new Set(["2BP01", "42883", "42P01", "42704", "42703", "3F000", "42P02", "42809"]);

/**
 * Loads files in an order found by trying: a file that names something not there yet waits for the next pass, until
 * a pass changes nothing. Runs inside the caller's transaction; files that fail leave nothing behind.
 */
export async function loadInPasses(
  client: pg.Client | pg.PoolClient,
  files: SourceFile[],
): Promise<LoadReport> {
  const order: SourceFile[] = [];
  const failed: LoadProblem[] = [];
  let waiting = files;
  await client.query("set local check_function_bodies = off");
  for (;;) {
    const again: { file: SourceFile; problem: LoadProblem }[] = [];
    for (const file of waiting) {
      await client.query("savepoint one_file");
      try {
        await runScript(client, file.path, file.text);
        await client.query("release savepoint one_file");
        order.push(file);
      } catch (error) {
        if (!(error instanceof LoadError)) throw error;
        await client.query("rollback to savepoint one_file");
        const problem = error.problems[0]!;
        if (MAY_COME_LATER.has(problem.code)) again.push({ file, problem });
        else failed.push(problem);
      }
    }
    if (again.length === 0 || again.length === waiting.length) {
      return { order, problems: [...failed, ...again.map((one) => one.problem)] };
    }
    waiting = again.map((one) => one.file);
  }
}

// Bodies were not looked at while loading, because they may name each other in a circle; now that all is there they
// are. Of a plpgsql body the server checks the syntax only; the names in it are for plpgsql_check.
const CHECK_BODIES = `
do $check$
declare
  f record;
begin
  set local check_function_bodies = on;
  create temporary table body_problem (name text, code text, message text) on commit drop;
  for f in
    select p.oid, n.nspname, p.proname
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    join pg_catalog.pg_language l on l.oid = p.prolang
    where l.lanname in ('sql', 'plpgsql')
      and n.nspname not in ('pg_catalog', 'information_schema', 'tap', 'extensions')
      and not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e')
    order by p.oid
  loop
    begin
      if (select lanname = 'sql' from pg_language l join pg_proc p on p.prolang = l.oid where p.oid = f.oid) then
        perform pg_catalog.fmgr_sql_validator(f.oid);
      else
        perform pg_catalog.plpgsql_validator(f.oid);
      end if;
    exception when others then
      insert into body_problem values (f.nspname || '.' || f.proname, sqlstate, sqlerrm);
    end;
  end loop;
end
$check$`;

async function bodyProblems(client: pg.Client | pg.PoolClient, files: SourceFile[]): Promise<LoadProblem[]> {
  await client.query(CHECK_BODIES);
  const { rows } = await client.query<{ name: string; code: string; message: string }>(
    "select name, code, message from body_problem",
  );
  await client.query("drop table body_problem");
  const home = definitionsByName(files);
  return rows.flatMap(({ name, code, message }) => {
    const found = home.get(`function ${name}`) ?? home.get(`procedure ${name}`);
    return found ? [{ ...found, code, message: `${name}: ${message}` }] : [];
  });
}

const NAME = `(?:"[^"]+"|[\\w$]+)(?:\\s*\\.\\s*(?:"[^"]+"|[\\w$]+))?`;
const DEFINITION = new RegExp(
  "^create\\s+(?:or\\s+replace\\s+)?(?:unique\\s+|recursive\\s+|constraint\\s+|unlogged\\s+)?" +
    "(function|procedure|aggregate|view|materialized\\s+view|trigger|event\\s+trigger|policy|table|type|domain|" +
    `sequence|schema|index|statistics)\\s+(?:concurrently\\s+)?(?:if\\s+not\\s+exists\\s+)?(${NAME})`,
  "i",
);
const ON_TABLE = new RegExp(`\\son\\s+(?:only\\s+)?(${NAME})`, "i");

/**
 * Which file defines what, by name without arguments: `function etl_api.retry`, `view etl_api.stuck`,
 * `trigger guard on public.run_queue`, `policy members_read on public.org`.
 */
export function definitionsByName(files: SourceFile[]): Map<string, { path: string; line: number }> {
  const plain = (name: string): string => name.replace(/["\s]/g, "");
  const home = new Map<string, { path: string; line: number }>();
  for (const file of files) {
    for (const statement of splitStatements(file.text)) {
      const match = DEFINITION.exec(statement.text);
      if (!match) continue;
      const kind = match[1]!.toLowerCase().replace(/\s+/g, " ");
      let name = plain(match[2]!);
      if (kind === "trigger" || kind === "policy") {
        name += ` on ${plain(ON_TABLE.exec(statement.text)?.[1] ?? "?")}`;
      } else if (kind === "index") {
        // An index lies in the schema of its table, which the statement names.
        const table = plain(ON_TABLE.exec(statement.text)?.[1] ?? "?");
        name = `${table.includes(".") ? table.split(".")[0] : "public"}.${name}`;
      }
      home.set(`${kind} ${name}`, { path: file.path, line: statement.line });
    }
  }
  return home;
}

/** Runs something in one transaction; an error rolls it back. */
export async function inTransaction<T>(
  client: pg.Client | pg.PoolClient,
  work: () => Promise<T>,
): Promise<T> {
  await client.query("begin");
  try {
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

/**
 * Loads files in one transaction and looks at the bodies afterwards. With `tolerant`, what loads stays and the rest is
 * reported; without, one problem undoes everything and is thrown as {@link LoadError}. Bodies that `alsoCheck` defined
 * earlier are looked at too.
 */
export async function loadAll(
  client: pg.Client | pg.PoolClient,
  files: SourceFile[],
  { tolerant = false, alsoCheck = [] }: { tolerant?: boolean; alsoCheck?: SourceFile[] } = {},
): Promise<LoadReport> {
  return inTransaction(client, async () => {
    const report = await loadInPasses(client, files);
    const named = new Set(report.problems.map((problem) => problem.path));
    for (const problem of await bodyProblems(client, [...files, ...alsoCheck])) {
      if (!named.has(problem.path)) report.problems.push(problem);
    }
    if (report.problems.length > 0 && !tolerant) throw new LoadError(report.problems);
    return report;
  });
}
