import { compareCatalogs, readCatalog, type Catalog, type CatalogEntry, type Difference } from "./catalog.ts";
import { withEmptyDatabase } from "./database.ts";
import { loadProject, migrateUp, migrationsFolder, readMigrations, withClient } from "./migrate.ts";
import { definitionsByName, projectRoot, readSources, type SourceFile } from "./sources.ts";
import { splitStatements } from "./statements.ts";

/** A difference and the file it comes from. */
export interface LocatedDifference extends Difference {
  source: string;
}

/** What the migrations make of an empty database. */
export async function catalogOfMigrations(serverUrl: string, root = projectRoot): Promise<Catalog> {
  return withEmptyDatabase(serverUrl, "verify_migrations", async (url) => {
    await migrateUp(url, root);
    return withClient(url, readCatalog);
  });
}

/** What the hand-written migrations and the files under `sql/` make of one. */
export async function catalogOfSources(serverUrl: string, root = projectRoot): Promise<Catalog> {
  return withEmptyDatabase(serverUrl, "verify_sources", (url) =>
    withClient(url, async (client) => {
      await loadProject(client, { root });
      return readCatalog(client);
    }),
  );
}

/** `function etl_api.retry(uuid)` without what is in parentheses, and without quotes. */
export function nameWithoutArguments(subject: string): string {
  return subject.replace(/^(\S+ [^(]*)\(.*\)$/s, "$1").replace(/"/g, "");
}

const VERBS = { privileges: "grant|revoke", rls: "alter", owner: "alter", comment: "comment" };

// A table's rights and row-level security may stand in a file of their own.
function fileThatSpeaksOf(files: SourceFile[], name: string, aspect: keyof typeof VERBS): string | null {
  const escaped = name.replace(/[.$]/g, "\\$&");
  const speaks = new RegExp(`^(${VERBS[aspect]})\\b[\\s\\S]*\\b${escaped}\\b`, "i");
  for (const file of files) {
    const statement = splitStatements(file.text).find((one) => speaks.test(one.text));
    if (statement) return `${file.path}:${statement.line}`;
  }
  return null;
}

/** The file, and the line in it, that a difference has its source in. */
export function locate(difference: Difference, sources: SourceFile[], migrations: SourceFile[]): string {
  const entry = (difference.left ?? difference.right)!;
  const homes = [definitionsByName(sources), definitionsByName(migrations)];
  const names = [nameWithoutArguments(entry.subject), entry.parent].filter((name) => name !== null);
  if (difference.aspect !== "existence" && difference.aspect !== "definition") {
    if (!homes[0]!.has(names[0]!)) {
      const found = fileThatSpeaksOf(
        sources,
        (entry.parent ?? names[0]!).replace(/^\w+ /, ""),
        difference.aspect,
      );
      if (found) return found;
    }
  }
  for (const home of homes) {
    for (const name of names) {
      const found = home.get(name);
      if (found) return `${found.path}:${found.line}`;
    }
  }
  return "no file defines it";
}

function shown(value: CatalogEntry[keyof CatalogEntry]): string {
  if (value === null) return "(none)";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What differs, in the first line that does. */
export function describeDifference({ subject, aspect, left, right }: Difference): string {
  if (!left) return `${subject} is missing in the migrations`;
  if (!right) return `${subject} is in the migrations only`;
  const a = shown(left[aspect as keyof CatalogEntry]).split("\n");
  const b = shown(right[aspect as keyof CatalogEntry]).split("\n");
  const at = a.findIndex((line, index) => line !== b[index]);
  const line = at < 0 ? a.length : at;
  const lines = [`${subject}: ${aspect} differs`];
  lines.push(
    `  migrations: ${a[line]?.trim() ?? "(ends here)"}`,
    `  sql/:       ${b[line]?.trim() ?? "(ends here)"}`,
  );
  return lines.join("\n");
}

/** Builds both databases and compares them; nothing is left behind. */
export async function verify(serverUrl: string, root = projectRoot): Promise<LocatedDifference[]> {
  // One after the other: both would wait for the same locks on the server's roles anyway.
  const left = await catalogOfMigrations(serverUrl, root);
  const right = await catalogOfSources(serverUrl, root);
  const sources = readSources(root);
  const migrations = readMigrations(root)
    .filter((migration) => !migration.generated)
    .map((migration) => ({ path: `${migrationsFolder}/${migration.file}`, text: migration.up }));
  return compareCatalogs(left, right).map((difference) => ({
    ...difference,
    source: locate(difference, sources, migrations),
  }));
}
