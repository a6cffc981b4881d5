import { execFile } from "node:child_process";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { readCatalog } from "../../scripts/lib/catalog.ts";
import { bootstrapDatabase } from "../../scripts/lib/bootstrap.ts";
import { cloneDatabase, type Clone } from "../../scripts/lib/database.ts";
import {
  compareWithExpected,
  deploy,
  DeployError,
  expectedCatalog,
  planDeployment,
  readTarget,
  type Deployment,
  type Expected,
} from "../../scripts/lib/deploy.ts";
import { migrateUp, readMigrations, withClient } from "../../scripts/lib/migrate.ts";
import { projectRoot } from "../../scripts/lib/sources.ts";
import { writeMigration } from "../../scripts/lib/writer.ts";
import { sampleProject, type SampleProject } from "../helpers/project.ts";

const serverUrl = inject("serverUrl");
const run = promisify(execFile);
const tables = "20260101000001_tables.sql";
const functions = "20260201000000_functions.sql";
const more = "20260301000000_more.sql";

const query = async <T = unknown>(url: string, text: string): Promise<T[]> =>
  withClient(url, async (client) =>
    (await client.query(text)).rows?.map((row) => Object.values(row)[0] as T),
  );

/** Everything a database defines and every version it has: what a run that changes nothing leaves alone. */
const fingerprint = (url: string): Promise<string> =>
  withClient(url, async (client) => {
    const catalog = [...(await readCatalog(client)).values()];
    const list = await client.query("select to_regclass('supabase_migrations.schema_migrations') as list");
    const versions = list.rows[0].list
      ? (await client.query("select version from supabase_migrations.schema_migrations order by 1")).rows
      : [];
    return JSON.stringify([catalog, versions]);
  });

let original: SampleProject;
let project: SampleProject;
/** What the sample makes of a database. */
let sample: Expected;
/** Databases to copy: as Supabase brings it, and with the sample deployed. */
let blank: Clone;
let full: Clone;
let first: Outcome;

beforeAll(async () => {
  original = project = sampleProject();
  const now = new Date("2026-02-01T00:00:00Z");
  await writeMigration({ serverUrl, name: "functions", root: original.root, now });
  sample = await expectedCatalog(serverUrl, original.root);
  blank = await cloneDatabase(serverUrl, "template0", "deploy_blank");
  await bootstrapDatabase(blank.url);
  full = await cloneDatabase(serverUrl, blank.name, "deploy_full");
  first = await attempt(full.url);
});
beforeEach(() => void (project = sampleProject(original)));
afterEach(() => project.dispose());
afterAll(async () => {
  original.dispose();
  await full.drop();
  await blank.drop();
});

type Outcome = Awaited<ReturnType<typeof attempt>>;

/** Deploys the sample; tells what was said and asked, and how it ended. */
async function attempt(url: string, options: Partial<Deployment> & { answer?: boolean } = {}) {
  const said: string[] = [];
  const asked: string[] = [];
  const outcome = await deploy({
    target: readTarget(url),
    root: project.root,
    expect: async () => sample,
    confirm: async (question) => {
      asked.push(question);
      return options.answer ?? true;
    },
    say: (what, text) => void said.push(`${what} ${text}`.trim()),
    ...options,
  }).catch((error: unknown) => {
    if (!(error instanceof DeployError)) throw error;
    return error;
  });
  const error = outcome instanceof DeployError ? outcome : null;
  return {
    said,
    asked,
    well: outcome === true,
    message: error?.message,
    next: error?.next,
    exitCode: error?.exitCode,
  };
}

async function onCopy(of: Clone, work: (url: string) => Promise<void>): Promise<void> {
  const copy = await cloneDatabase(serverUrl, of.name, "deploy");
  try {
    await work(copy.url);
  } finally {
    await copy.drop();
  }
}
const empty = (work: (url: string) => Promise<void>): Promise<void> => onCopy(blank, work);

/** The originals, for what must change nothing anyway. */
const onBlank = (work: (url: string) => Promise<void>): Promise<void> => work(blank.url);
const onFull = (work: (url: string) => Promise<void>): Promise<void> => work(full.url);

/** A database that has the sample's migrations already. */
const deployed = (work: (url: string) => Promise<void>): Promise<void> => onCopy(full, work);

/** Builds what the sample is now, as the command does. */
const built = (): Promise<Expected> => expectedCatalog(serverUrl, project.root);

const addMigration = (text: string, file = more): void =>
  project.write(`supabase/migrations/${file}`, `-- migrate:up\n${text}\n\n-- migrate:down\n`);

describe("deploying", () => {
  test("an empty database receives everything, and a second run finds nothing to do", () =>
    onFull(async (url) => {
      expect(first).toMatchObject({ well: true, asked: ["Shall I apply 2 migrations?"] });
      expect(first.said).toEqual([
        expect.stringMatching(/^Database 127\.0\.0\.1:\d+\/\S+ as postgres$/),
        "Pending 2, after 0 applied",
        tables,
        functions,
        "Sources the migrations hold what is under sql/",
        `Applied ${tables}`,
        `Applied ${functions}`,
        expect.stringMatching(/^Database is what the migrations make it: \d\d+ definitions compared$/),
      ]);
      expect(
        await query(url, "select version from supabase_migrations.schema_migrations order by 1"),
      ).toEqual(["20260101000001", "20260201000000"]);
      expect(await query(url, "select app.shout(' ho ')")).toEqual(["HO"]);

      const second = await attempt(url);
      expect(second).toMatchObject({ well: true, asked: [] });
      expect(second.said).toContain("Pending nothing");
    }));

  test("a database with one migration pending receives that one; its rows stay", () =>
    deployed(async (url) => {
      await query(url, "insert into app.note (author, body) values ('ann', ' kept ')");
      addMigration("alter table app.note add column at timestamptz;");
      const { said, asked, well } = await attempt(url, { expect: built });
      expect({ well, asked }).toEqual({ well: true, asked: ["Shall I apply 1 migration?"] });
      expect(said.filter((line) => line.startsWith("Applied"))).toEqual([`Applied ${more}`]);
      expect(await query(url, "select body from app.note where at is null")).toEqual(["kept"]);
    }));

  test("a dry run, and a question answered with no, change nothing", () =>
    onFull(async (url) => {
      addMigration("create table app.later (id int);\nalter table app.later enable row level security;");
      const before = await fingerprint(url);
      const dry = await attempt(url, { dryRun: true });
      expect(dry).toMatchObject({ well: true, asked: [] });
      expect(dry.said.at(-1)).toBe(
        "Dry run nothing was changed; without --dry-run it would apply 1 migration",
      );
      expect(await fingerprint(url)).toBe(before);

      const refused = await attempt(url, { answer: false });
      expect(refused).toMatchObject({ well: false, asked: ["Shall I apply 1 migration?"] });
      expect(await fingerprint(url)).toBe(before);
    }));

  test("a database kept by dbmate stays with dbmate", () =>
    empty(async (url) => {
      const second = project.read(`supabase/migrations/${functions}`);
      project.remove(`supabase/migrations/${functions}`);
      await migrateUp(url, project.root);
      project.write(`supabase/migrations/${functions}`, second);
      expect(await attempt(url)).toMatchObject({ well: true, asked: ["Shall I apply 1 migration?"] });
      expect(await query(url, "select version from public.schema_migrations order by 1")).toEqual([
        "20260101000001",
        "20260201000000",
      ]);
      expect(await query(url, "select to_regclass('supabase_migrations.schema_migrations')")).toEqual([null]);
    }));
});

describe("a migration that fails", () => {
  test("leaves nothing behind, and those before it stay", () =>
    deployed(async (url) => {
      addMigration("alter table app.note add column at timestamptz;");
      addMigration(
        "create table app.half (id int);\nalter table app.note drop column mood;\nselect 1 / 0;\ncreate table app.other (id int);",
        "20260401000000_bad.sql",
      );
      // Tried elsewhere first, it never comes near the database.
      const tried = await attempt(url, { expect: built });
      expect(tried.message).toMatch(
        /^The migrations do not apply to an empty database[\s\S]*division by zero/,
      );
      expect(tried.asked).toEqual([]);

      // One that works everywhere but on this database's rows.
      await query(url, "insert into app.note (author, body) values ('ann', 'long enough')");
      addMigration(
        "create table app.half (id int);\nalter table app.note add check (length(body) < 5);",
        "20260401000000_bad.sql",
      );
      const failed = await attempt(url);
      expect(failed.message).toMatch(
        /^20260401000000_bad\.sql was not applied, and left nothing behind: [^\n]*\nIn the database: 20260301000000_more\.sql\.\nERROR: check constraint "note_body_check1" [\s\S]*SQLSTATE 23514/,
      );
      expect(failed).toMatchObject({
        exitCode: 1,
        next: "Correct supabase/migrations/20260401000000_bad.sql, which no database has yet, and deploy again.",
      });
      expect(failed.said.filter((line) => line.startsWith("Applied"))).toEqual([`Applied ${more}`]);
      expect(await query(url, "select to_regclass('app.half')")).toEqual([null]);
      expect(await query(url, "select max(version) from supabase_migrations.schema_migrations")).toEqual([
        "20260301000000",
      ]);
    }));

  test("that is interrupted is applied wholly or not at all", () =>
    deployed(async (url) => {
      addMigration("create table app.one (id int);\nselect pg_sleep(1);\ncreate table app.two (id int);");
      const stop = new AbortController();
      const running = attempt(url, { signal: stop.signal });
      await expect
        .poll(
          () =>
            query(
              url,
              "select 1 from pg_stat_activity where query ~ '^select pg_sleep' and datname = current_database()",
            ),
          {
            timeout: 10_000,
            interval: 20,
          },
        )
        .toHaveLength(1);
      stop.abort();
      const { message, next } = await running;
      // The server may have had the end of the transaction in its hands already.
      expect(message).toMatch(
        /^Interrupted\. Not applied so far: 20260301000000_more\.sql\.$|^The database is not what/,
      );
      if (message!.startsWith("Interrupted")) expect(next).toContain("all of it or nothing");
      await expect
        .poll(() =>
          query(
            url,
            "select count(*)::int from pg_stat_activity where query ~ 'pg_sleep' and datname = current_database() and pid <> pg_backend_pid()",
          ),
        )
        .toEqual([0]);
      const there = await query(
        url,
        `select concat_ws(' ', to_regclass('app.one'), to_regclass('app.two'),
           (select max(version) from supabase_migrations.schema_migrations))`,
      );
      expect(["20260201000000", "app.one app.two 20260301000000"]).toContain(there[0]);
    }));

  test.each([
    ["create table app.x (id int);\ncommit;\nselect 1;", 3, "commit"],
    [
      "-- for speed\ncreate unique index concurrently x on app.note (id);",
      3,
      "create unique index concurrently",
    ],
    ["vacuum app.note;", 2, "vacuum app.note"],
    ["alter table app.reply detach partition app.reply_0 concurrently;", 2, "alter table app.reply detach"],
  ])("because it is not one transaction is refused: %s", async (text, line, shown) => {
    addMigration(text);
    const planned = planDeployment(readTarget(full.url), project.root);
    await expect(planned).rejects.toThrow(`supabase/migrations/${more}:${line}: "${shown}`);
    await expect(planned).rejects.toThrow("does not run inside a transaction");
  });

  test("a body or a string that speaks of such statements is no reason to refuse", async () => {
    addMigration(`create procedure app.p() language plpgsql set search_path = '' as $$
begin
  perform 'create index concurrently';
end
$$;
comment on procedure app.p() is 'commit; vacuum';
revoke execute on procedure app.p() from public;`);
    const { pending } = await planDeployment(readTarget(full.url), project.root);
    expect(pending.map(({ file }) => file)).toEqual([more]);
  });
});

describe("a database that is not what it should be", () => {
  test("what was changed by hand is named, what does no harm is only told", () =>
    deployed(async (url) => {
      await query(
        url,
        `create or replace function app.shout(body text) returns text language sql stable set search_path = '' as $$ select body $$;
         drop trigger note_changed on app.note;
         alter table app.note disable row level security;
         alter table app.note add column extra int;
         grant select on app.note to anon;
         create function app.intruder() returns int language sql as 'select 1';
         create table public.somebody_elses (id int)`,
      );
      const { message, exitCode, next } = await attempt(url, { dryRun: true });
      const lines = message!.split("\n");
      expect(lines[0]).toBe("The database is not what the migrations make it: 6 differences.");
      expect(
        lines
          .filter((line) => !line.startsWith(" "))
          .slice(1)
          .sort(),
      ).toEqual([
        "column app.note.extra is in the database only",
        "function app.intruder() is in the database only",
        "function app.shout(text): definition differs",
        "table app.note: privileges differs",
        "table app.note: rls differs",
        "trigger note_changed on app.note is missing in the database",
      ]);
      expect(lines).toContain("  migrations: AS $function$ select upper(app.trimmed(body)) $function$");
      expect(lines).toContain("  database:   AS $function$ select body $function$");
      expect({ exitCode, next }).toMatchObject({ exitCode: 3, next: expect.stringContaining("by hand") });
    }));

  test("whoever owns all of it may own it, one thing of another's is a difference", () => {
    const handedOver = new Map(
      [...sample.catalog].map(([key, entry]) => [key, { ...entry, owner: entry.owner && "somebody" }]),
    );
    expect(compareWithExpected(sample, handedOver, sample.major).differences).toEqual([]);
    const view = handedOver.get("view app.a_notes")!;
    handedOver.set(view.subject, { ...view, owner: "else" });
    expect(compareWithExpected(sample, handedOver, sample.major).differences).toEqual([
      "view app.a_notes: owner differs\n  migrations: postgres\n  database:   else",
    ]);
  });

  test("what only server versions word differently is no difference", () => {
    const view = sample.catalog.get("view app.a_notes")!;
    const table = sample.catalog.get("table app.note")!;
    const granted = (rights: string[]) => ({ ...table, privileges: { ...table.privileges, anon: rights } });
    const newer = new Map(sample.catalog).set(table.subject, granted(["maintain"]));
    const older = new Map(sample.catalog)
      .set(table.subject, granted([]))
      .set(view.subject, { ...view, definition: "worded otherwise" });
    const count = (actual: number): number =>
      compareWithExpected({ ...sample, catalog: newer, major: 17 }, older, actual).differences.length;
    expect([count(15), count(17)]).toEqual([0, 2]);
  });

  test("what the engine makes while it works, and an operator's index, are no differences", () =>
    deployed(async (url) => {
      await query(url, "drop table app.reply_0");
      await query(
        url,
        "create table app.reply_all partition of app.reply for values with (modulus 1, remainder 0)",
      );
      await query(url, "create index beside on app.note (body)");
      const { message, said } = await attempt(url, { dryRun: true });
      expect(message).toBe(
        "The database is not what the migrations make it: 1 difference.\ntable app.reply_0 is missing in the database",
      );
      expect(said).toContain("index app.beside is in the database only");
    }));

  test("migrations this checkout does not know are named and nothing is touched", () =>
    deployed(async (url) => {
      await query(
        url,
        "insert into supabase_migrations.schema_migrations (version) values ('20260215000000'), ('20260501000000')",
      );
      addMigration("create table app.later (id int);");
      const before = await fingerprint(url);
      const { message, next, asked, exitCode } = await attempt(url);
      expect(message).toBe(
        "The database has migrations that this checkout does not know: 20260215000000, 20260501000000.",
      );
      expect(next).toContain("Deploy from a checkout that has them");
      expect({ asked, exitCode, same: (await fingerprint(url)) === before }).toEqual({
        asked: [],
        exitCode: 1,
        same: true,
      });
    }));

  test("a migration older than what the database has is named", async () => {
    addMigration("create table app.later (id int);", "20260102000000_late.sql");
    await expect(planDeployment(readTarget(full.url), project.root)).rejects.toThrow(
      `20260102000000_late.sql is older than ${functions}, which the database already has.`,
    );
  });

  test("another application's list of migrations is none of ours", () =>
    empty(async (url) => {
      await query(url, "create table public.schema_migrations (version text primary key)");
      await query(url, "insert into public.schema_migrations values ('20190101000000')");
      expect(await attempt(url)).toMatchObject({ well: true });
    }));

  test("migrations that do not hold what is under sql/ are not deployed", () =>
    onBlank(async (url) => {
      project.write("sql/app/shout.sql", project.read("sql/app/shout.sql").replace("upper(", "lower("));
      const before = await fingerprint(url);
      const { message, next, asked } = await attempt(url, { expect: built });
      expect(message).toContain(
        "The migrations do not hold what is under sql/.\nfunction app.shout(text): definition differs",
      );
      expect({ asked, next }).toMatchObject({
        asked: [],
        next: expect.stringContaining("npm run migration"),
      });
      expect(await fingerprint(url)).toBe(before);
    }));
});

describe("the edge functions", () => {
  const projectRef = "abcdefghijklmnopqrst";
  /** Stands in for the CLI: does what the script says, after noting how it was called. */
  const standIn = (script: string): string => {
    project.write("cli", `#!/bin/sh\nprintf '%s\\n' "$*" >> ${project.root}/calls\n${script}\n`);
    const path = join(project.root, "cli");
    chmodSync(path, 0o755);
    return path;
  };
  const real = `exec ${projectRoot}/node_modules/.bin/supabase "$@"`;
  const calls = (): string[] =>
    project
      .read("calls")
      .trim()
      .split("\n")
      .map((line) => line.replace(/ --workdir.*/, ""));

  test("follow the migrations when asked for, after a look whether they may", () =>
    empty(async (url) => {
      const cli = standIn(`case "$1" in functions) exit 0 ;; esac\n${real}`);
      const { well, asked, said } = await attempt(url, { projectRef, cli });
      expect(well).toBe(true);
      expect(asked).toEqual([
        "Shall I apply 2 migrations and deploy execute-runs and deliver-webhooks and manage-secrets and data and superadmin-clients and records-generate and records-progress and records-insert?",
      ]);
      expect(said.at(-1)).toBe(
        `Functions execute-runs, deliver-webhooks, manage-secrets, data, superadmin-clients, records-generate, records-progress, records-insert deployed to ${projectRef}`,
      );
      expect(calls().map((call) => call.replace(/postgres:\/\/\S+/, "URL"))).toEqual([
        `functions list --remote=${projectRef}`,
        "migration up --yes --remote=URL",
        `functions deploy execute-runs deliver-webhooks manage-secrets data superadmin-clients records-generate records-progress records-insert --remote=${projectRef} --use-api --yes`,
      ]);
      const { password } = new URL(serverUrl);
      if (password) expect(project.read("calls")).not.toContain(password);
    }));

  test("that fail leave the migrations in, and say so", () =>
    empty(async (url) => {
      const cli = standIn(
        `case "$1 $2" in "functions list") exit 0 ;; "functions deploy") echo no such luck >&2; exit 1 ;; esac\n${real}`,
      );
      const { message, exitCode } = await attempt(url, { projectRef, cli });
      expect(message).toBe("The functions were not deployed; the database is up to date.\nno such luck");
      expect(exitCode).toBe(4);
      expect(await query(url, "select app.shout('ho')")).toEqual(["HO"]);
    }));

  test("out of reach stop everything before the database is touched", () =>
    onBlank(async (url) => {
      // The CLI itself, without a token.
      const cli = standIn(`unset SUPABASE_ACCESS_TOKEN\nHOME=${project.root} ${real}`);
      const before = await fingerprint(url);
      const { message, next, asked } = await attempt(url, { projectRef, cli });
      expect(message).toMatch(/nothing was changed\.\nAccess token not provided/);
      expect({ next, asked }).toMatchObject({ next: expect.stringContaining("supabase login"), asked: [] });
      expect(await fingerprint(url)).toBe(before);
      expect((await attempt(url, { projectRef: "my-project", cli })).message).toContain(
        "is not the reference",
      );
    }));
});

describe("the command", () => {
  const command = (name: string, args: string[], env: Record<string, string> = {}) =>
    run("node", ["--import", "tsx", join(projectRoot, `scripts/${name}.ts`), ...args], {
      cwd: projectRoot,
      env: { ...process.env, DATABASE_URL: "", PGPASSWORD: "", ...env },
    })
      .then(({ stdout }) => ({ code: 0, text: stdout }))
      .catch((error) => ({ code: error.code as number, text: `${error.stdout}${error.stderr}` }));

  test("explains itself, and says what is wrong with its arguments", async () => {
    const [help, none, stray] = await Promise.all([
      command("deploy", ["--help"]),
      command("rollback", []),
      command("deploy", ["postgres://me:hunter2@db.example/x"]),
    ]);
    expect(help).toMatchObject({ code: 0, text: expect.stringContaining("--dry-run") });
    expect(none).toMatchObject({
      code: 2,
      text: expect.stringMatching(/Which database\?[\s\S]*--drop-data/),
    });
    expect(stray).toMatchObject({ code: 2, text: expect.stringContaining("//***@db.example/x") });
    expect(stray.text).not.toContain("hunter2");
  });

  test("never shows the password", async () => {
    const { hostname, port } = new URL(serverUrl);
    const secret = "s3cr/t@x";
    const url = `postgres://nobody_here:${encodeURIComponent(secret)}@${hostname}:${port}/no_such_database`;
    const [wrong, noServer] = await Promise.all([
      command("deploy", ["--database-url", url, "--yes"]),
      command("rollback", ["--yes"], { DATABASE_URL: url.replace(`:${port}/`, ":1/") }),
    ]);
    for (const { code, text } of [wrong, noServer]) {
      expect(code).toBe(1);
      expect(text).toContain("No connection to 127.0.0.1");
      expect(text).toContain("Next: Check host, port, user, password");
      expect(text).not.toContain(secret);
      expect(text).not.toContain(encodeURIComponent(secret));
    }
  });

  test("refuses before it tries anything, and asks nobody where nobody is", async () => {
    const { url, drop } = await cloneDatabase(serverUrl, "template0", "deploy");
    try {
      await query(url, "create schema supabase_migrations");
      await query(url, "create table supabase_migrations.schema_migrations (version text primary key)");
      await query(url, "insert into supabase_migrations.schema_migrations values ('20990101000000')");
      const [up, down] = await Promise.all([
        command("deploy", [], { DATABASE_URL: url }),
        command("rollback", [], { DATABASE_URL: url }),
      ]);
      for (const { code, text } of [up, down]) {
        expect({ code, text }).toMatchObject({
          code: 1,
          text: expect.stringContaining("does not know: 20990101000000"),
        });
      }
    } finally {
      await drop();
    }
  });
});

describe("a database URL", () => {
  test("is encrypted on the way to another machine, as the operator says otherwise", () => {
    const modes = [
      "postgres://u:p@db.example/x",
      "postgres://u:p@db.example/x?sslmode=disable",
      "postgres://u@localhost/x",
    ].map((url) => new URL(readTarget(url).url).search);
    expect(modes).toEqual(["?sslmode=require&uselibpqcompat=true", "?sslmode=disable", ""]);
  });

  test("gives its password to nobody who reads command lines or output", () => {
    for (const url of ["postgres://u:a%40b@localhost/x", "postgres://u@localhost/x?password=a%40b"]) {
      const target = readTarget(url);
      expect(target.publicUrl).toBe("postgres://u@localhost/x");
      expect(target.env).toEqual({ PGPASSWORD: "a@b" });
      expect(target.name).toBe("localhost:5432/x as u");
      expect(target.redact("a@b, a%40b")).toBe("***, ***");
      expect(new URL(target.url).password).toBe("a%40b");
    }
  });

  test.each([
    ["not a url", "is not a URL"],
    ["mysql://u:p@h/x", "begins with postgres://"],
    ["postgres://u:p@aws-0-eu.pooler.supabase.com:6543/postgres", "transaction pooler"],
  ])("that cannot be used is refused: %s", (url, message) => {
    expect(() => readTarget(url)).toThrow(message);
  });
});
