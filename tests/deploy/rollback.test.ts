import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { bootstrapDatabase } from "../../scripts/lib/bootstrap.ts";
import { compareCatalogs, readCatalog, type Catalog } from "../../scripts/lib/catalog.ts";
import { cloneDatabase, type Clone } from "../../scripts/lib/database.ts";
import {
  applyPending,
  compareWithExpected,
  planDeployment,
  planRollback,
  readTarget,
} from "../../scripts/lib/deploy.ts";
import { readMigrations, withClient } from "../../scripts/lib/migrate.ts";
import { projectRoot } from "../../scripts/lib/sources.ts";
import { describeDifference } from "../../scripts/lib/verify.ts";

const run = promisify(execFile);
const migrations = readMigrations();
const [tables] = migrations;
let database: Clone;
let before: Catalog;
let after: Catalog;

const catalog = (): Promise<Catalog> => withClient(database.url, readCatalog);
const query = (text: string) => withClient(database.url, async (client) => (await client.query(text)).rows);
const rollback = (...args: string[]) =>
  run("node", ["--import", "tsx", join(projectRoot, "scripts/rollback.ts"), ...args], {
    cwd: projectRoot,
    env: { ...process.env, DATABASE_URL: database.url },
  })
    .then(({ stdout }) => ({ code: 0, text: stdout }))
    .catch((error) => ({ code: error.code as number, text: `${error.stdout}${error.stderr}` }));
const up = async (): Promise<void> => {
  const target = readTarget(database.url);
  await applyPending(target, await planDeployment(target));
};
const same = (a: Catalog, b: Catalog): void =>
  expect(compareCatalogs(a, b).slice(0, 3).map(describeDifference)).toEqual([]);

beforeAll(async () => {
  database = await cloneDatabase(inject("serverUrl"), "template0", "rollback");
  await bootstrapDatabase(database.url);
  before = await catalog();
  await up();
  after = await catalog();
});
afterAll(() => database.drop());

test("the newest migration goes and comes again", async () => {
  const newest = migrations.at(-1)!;
  expect(await rollback("--dry-run")).toMatchObject({
    code: 0,
    text: expect.stringMatching(`Take back  ${newest.file}\\nDry run    nothing was changed`),
  });
  same(await catalog(), after);

  expect(await rollback("--yes")).toMatchObject({
    code: 0,
    text: expect.stringContaining(`Taken back ${newest.file}`),
  });
  const plan = await planDeployment(readTarget(database.url));
  expect(plan.pending.map(({ file }) => file)).toEqual([newest.file]);
  expect(compareCatalogs(await catalog(), after).length).toBeGreaterThan(0);
  await up();
  same(await catalog(), after);
});

test("rows stop it until it is told that they may go; then everything goes and comes again", async () => {
  await query("insert into public.org (name, slug) values ('Acme', 'acme')");
  const refused = await rollback("--to", "0", "--yes");
  // The rows that the migrations themselves put into tables are nobody's loss.
  expect(refused.text).toContain(
    `Take back  ${tables!.file}\n           with the rows of etl_api.org_count_delta, public.org\nRows would`,
  );
  expect(refused.code).toBe(1);
  expect(await query("select slug from public.org")).toEqual([{ slug: "acme" }]);

  const done = await rollback("--to", "0", "--yes", "--drop-data");
  expect(done).toMatchObject({ code: 0 });
  same(await catalog(), before);
  expect(await query("select version from supabase_migrations.schema_migrations")).toEqual([]);
  expect(await planRollback(readTarget(database.url), undefined)).toEqual([]);

  await up();
  same(await catalog(), after);
});

test("one that fails leaves nothing behind", async () => {
  await query("create view public.mine as select state from public.workflow_request");
  const { code, text } = await rollback("--to", "0", "--yes");
  expect(code).toBe(1);
  expect(text).toContain(`${tables!.file} was not taken back, and nothing of it is gone`);
  expect(text).toMatch(/cannot drop table .*workflow_request because other objects depend on it/);
  expect(await query("select max(version) as version from supabase_migrations.schema_migrations")).toEqual([
    { version: tables!.version },
  ]);
  await query("drop view public.mine");
  await up();
  same(await catalog(), after);
});

test("a version to come to has to be one the database has", async () => {
  const target = readTarget(database.url);
  await expect(planRollback(target, "20200101000000")).rejects.toThrow(
    "does not have version 20200101000000",
  );
  expect(await planRollback(target, migrations.at(-1)!.version)).toEqual([]);
  const steps = await planRollback(target, tables!.version);
  expect(steps.map(({ version }) => version)).toEqual(
    migrations
      .slice(1)
      .map(({ version }) => version)
      .reverse(),
  );
  expect(await rollback("--to", "yesterday")).toMatchObject({ code: 2 });
});

test("a month's partition that the engine has made is no difference", async () => {
  await query("select etl_api.ensure_partitions()");
  const now = await catalog();
  expect(now.size).toBeGreaterThan(after.size);
  const own = new Set([...after.keys()].filter((subject) => !before.has(subject)));
  expect(compareWithExpected({ catalog: after, own, major: 17 }, now, 17)).toEqual({
    differences: [],
    additions: [],
  });
});
