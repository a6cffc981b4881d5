import { execFile } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { compareCatalogs, readCatalog, type Catalog } from "../../scripts/lib/catalog.ts";
import { withEmptyDatabase } from "../../scripts/lib/database.ts";
import {
  appliedVersions,
  migrateDown,
  migrateUp,
  readMigrations,
  rollbackLast,
  withClient,
} from "../../scripts/lib/migrate.ts";
import { projectRoot } from "../../scripts/lib/sources.ts";
import { describeDifference, verify } from "../../scripts/lib/verify.ts";
import { writeMigration, writeRollback } from "../../scripts/lib/writer.ts";
import { sampleProject, type SampleProject } from "../helpers/project.ts";

const serverUrl = inject("serverUrl");
const tables = "20260101000001_tables.sql";
const run = promisify(execFile);

const catalog = (url: string): Promise<Catalog> => withClient(url, readCatalog);
const differences = (a: Catalog, b: Catalog): string[] => compareCatalogs(a, b).map(describeDifference);

function supabaseUp(url: string, root: string): Promise<unknown> {
  return run(join(projectRoot, "node_modules/.bin/supabase"), [
    "migration",
    "up",
    "--yes",
    `--remote=${url}`,
    `--workdir=${root}`,
  ]);
}

let project: SampleProject;
/** The sample with its first generated migration; made once. */
let generated: SampleProject;
const write = (name: string, { rewrite, root = project.root }: { rewrite?: string; root?: string } = {}) =>
  writeMigration({ serverUrl, name, rewrite, root, now: new Date("2026-02-01T00:00:00Z") });

beforeAll(async () => {
  generated = sampleProject();
  await writeRollback(serverUrl, tables, generated.root);
  await write("functions", { root: generated.root });
});
beforeEach(() => void (project = sampleProject(generated)));
afterEach(() => project.dispose());
afterAll(() => generated.dispose());

/** Applies, takes back and applies again, one migration at a time; the catalog has to come back every time. */
async function upDownUp(root: string): Promise<number> {
  return withEmptyDatabase(serverUrl, "updownup", async (url) => {
    const empty = await catalog(url);
    await migrateUp(url, root);
    const full = await catalog(url);
    expect(full.size).toBeGreaterThan(empty.size);
    let steps = 0;
    while (await rollbackLast(url, root)) steps++;
    expect(differences(await catalog(url), empty)).toEqual([]);
    expect(await appliedVersions(url)).toEqual(new Set());
    await migrateUp(url, root);
    expect(differences(await catalog(url), full)).toEqual([]);
    return steps;
  });
}

describe("the project's own migrations", () => {
  test("up, down, up gives an identical catalog", async () => {
    expect(await upDownUp(projectRoot)).toBe(readMigrations().length);
  });

  test("dbmate and the Supabase CLI make the same of them", async () => {
    const byDbmate = await withEmptyDatabase(serverUrl, "dbmate", async (url) => {
      await migrateUp(url);
      return catalog(url);
    });
    const bySupabase = await withEmptyDatabase(serverUrl, "supabase", async (url) => {
      const root = project.root;
      mkdirSync(join(root, "own/supabase"), { recursive: true });
      cpSync(join(projectRoot, "supabase/migrations"), join(root, "own/supabase/migrations"), {
        recursive: true,
      });
      await supabaseUp(url, join(root, "own"));
      return catalog(url);
    });
    expect(differences(byDbmate, bySupabase)).toEqual([]);
  });

  test("define what sql/ defines", async () => {
    const found = await verify(serverUrl);
    const told = found.slice(0, 3).map((one) => `${one.source}: ${describeDifference(one)}`);
    expect({ count: found.length, told }).toEqual({ count: 0, told: [] });
  });
});

describe("writing migrations", () => {
  test("the first holds every source, the second only what changed, each with an exact way back", async () => {
    expect(readMigrations(project.root)[1]!.blocks.size).toBe(6);
    expect(await verify(serverUrl, project.root)).toEqual([]);
    expect(await write("again")).toMatchObject({ migration: null, changed: [] });

    const shout = project.read("sql/app/shout.sql");
    project.write(
      "sql/app/shout.sql",
      shout.replace("upper(", "'!' || upper(").replace("grant execute", "-- "),
    );
    const second = await write("louder");
    expect(second.changed).toEqual(["sql/app/shout.sql"]);
    expect(project.read(second.rollback!)).toContain("select upper(app.trimmed(body))");
    expect(await verify(serverUrl, project.root)).toEqual([]);
    expect(project.list("supabase/migrations")).toEqual([
      tables,
      "20260201000000_functions.sql",
      "20260201000001_louder.sql",
    ]);
    expect(await upDownUp(project.root)).toBe(3);
  });

  test("the locks it needs are taken before anything else, the way back's too; a function needs none", async () => {
    project.write("sql/app/shout.sql", project.read("sql/app/shout.sql").replace("upper(", "'!' || upper("));
    expect(project.read((await write("louder")).migration!)).not.toContain("lock table");
    project.write(
      "sql/app/policies.sql",
      project.read("sql/app/policies.sql").replace("using (author", "using (body is not null and author"),
    );
    project.write(
      "sql/app/a_notes.sql",
      project.read("sql/app/a_notes.sql").replace("n.id,", "n.id + 0 as id,"),
    );
    const { migration, rollback } = await write("policy");
    for (const path of [migration!, rollback!]) {
      const text = project.read(path);
      expect(text).toMatch(/lock table\n +app\.note,\n +app\.a_notes\n +in access exclusive mode;/);
      expect(text.indexOf("lock table")).toBeLessThan(text.indexOf("-- source:"));
    }
  });

  test("what has no source any more is dropped; what cannot be replaced is dropped first", async () => {
    project.remove("sql/app/note_changed.sql");
    project.remove("sql/app/on_note_changed.sql");
    project.write(
      "sql/app/a_notes.sql",
      "create or replace view app.a_notes with (security_invoker = on) as\nselect n.body as said from app.note n;\n",
    );
    const written = await write("fewer");
    expect(written.drops).toEqual([
      "drop trigger note_changed on app.note;",
      "drop function app.on_note_changed();",
    ]);
    expect(project.read(written.migration!)).toContain(
      "drop view app.a_notes;\n-- source: sql/app/a_notes.sql\n",
    );
    expect(await verify(serverUrl, project.root)).toEqual([]);
    expect(await write("again")).toMatchObject({ migration: null });
    expect(await upDownUp(project.root)).toBe(3);
  });

  test("the newest generated migration can be rewritten, no other", async () => {
    const file = "20260201000000_functions.sql";
    const migration = `supabase/migrations/${file}`;
    project.write("sql/app/shout.sql", project.read("sql/app/shout.sql").replace("upper(", "lower("));
    expect(await write("", { rewrite: file })).toMatchObject({ migration });
    expect(project.list("supabase/migrations")).toEqual([tables, file]);
    expect(project.read(migration)).toContain("lower(app.trimmed(body))");
    await expect(write("", { rewrite: tables })).rejects.toThrow("not a migration this command wrote");
  });

  test("a source that does not load is named and nothing is written", async () => {
    project.write(
      "sql/app/bad.sql",
      "create function app.bad() returns nonsense language sql as 'select 1';\n",
    );
    await expect(write("bad")).rejects.toThrow('sql/app/bad.sql:1: type "nonsense" does not exist (42704)');
    expect(project.list("supabase/migrations")).toHaveLength(2);
  });

  test("the Supabase CLI applies a generated migration, and ours takes it back", async () => {
    await withEmptyDatabase(serverUrl, "supabase", async (url) => {
      const empty = await catalog(url);
      await supabaseUp(url, project.root);
      const bySupabase = await catalog(url);
      expect(await migrateUp(url, project.root)).toEqual([]);
      await migrateDown(url, "", project.root);
      expect(differences(await catalog(url), empty)).toEqual([]);
      await migrateUp(url, project.root);
      expect(differences(await catalog(url), bySupabase)).toEqual([]);
    });
  });
});

describe("verify", () => {
  const first = async (): Promise<string> => {
    const found = await verify(serverUrl, project.root);
    expect(found.length).toBeGreaterThan(0);
    return `${found[0]!.source}\n${describeDifference(found[0]!)}`;
  };
  const edit = (path: string, from: string | RegExp, to: string): void => {
    const text = project.read(path);
    expect(text).toMatch(from);
    project.write(path, text.replace(from, to));
  };

  test("finds nothing when nothing changed", async () => {
    expect(await verify(serverUrl, project.root)).toEqual([]);
  });

  test("catches a changed function", async () => {
    edit("sql/app/on_note_changed.sql", "btrim(new.body)", "lower(new.body)");
    expect(await first()).toBe(`sql/app/on_note_changed.sql:1
function app.on_note_changed(): definition differs
  migrations: new.body := btrim(new.body);
  sql/:       new.body := lower(new.body);`);
  });

  test("catches a missing trigger", async () => {
    edit("supabase/migrations/20260201000000_functions.sql", /^create trigger[\s\S]*?;\n/m, "");
    edit("supabase/migrations/20260201000000_functions.sql", /^comment on trigger[\s\S]*?;\n/m, "");
    expect(await first()).toBe(`sql/app/note_changed.sql:2
trigger note_changed on app.note is missing in the migrations`);
  });

  test("catches a changed policy", async () => {
    edit("sql/app/policies.sql", "auth.uid())::text", "auth.uid())::text or true");
    expect(await first()).toMatch(
      /^sql\/app\/policies\.sql:2\npolicy read_own on app\.note: definition differs/,
    );
  });

  test.each([
    ["a setting", "sql/app/shout.sql", "set search_path = ''", "", "function app.shout(text): definition"],
    ["security", "sql/app/shout.sql", "stable", "stable security definer", "app.shout(text): definition"],
    ["a right", "sql/app/shout.sql", "to authenticated", "to anon", "function app.shout(text): privileges"],
    ["a column's right", "sql/app/policies.sql", "(body)", "(author)", "column app.note.author: privileges"],
    ["a comment", "sql/app/a_notes.sql", "loud", "quiet", "view app.a_notes: comment"],
    ["a view", "sql/app/a_notes.sql", "n.id,", "n.id + 0 as id,", "view app.a_notes: definition"],
    [
      "row-level security",
      "sql/app/policies.sql",
      /$/,
      "alter table app.reply enable row level security;",
      "rls",
    ],
    [
      "a table's right",
      "sql/app/policies.sql",
      "grant select on app.note to authenticated;",
      "",
      "privileges",
    ],
  ])("catches %s", async (_, path, from, to, expected) => {
    edit(path, from, to);
    const told = await first();
    expect(told).toContain(expected);
    expect(told).toContain(path);
  });
});
