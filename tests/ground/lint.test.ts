import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { hasDebianServer, startDebianServer } from "../../scripts/lib/debian.ts";
import {
  checkAdvisors,
  checkBodies,
  checkHouseRules,
  onProjectDatabase,
  WITHOUT_INDEX,
} from "../../scripts/lib/lint.ts";
import { sampleProject, type SampleProject } from "../helpers/project.ts";

let project: SampleProject;
beforeEach(() => void (project = sampleProject()));
afterEach(() => project.dispose());

test("the house's rules are kept by every function, table and column", async () => {
  project.write(
    "sql/app/loose.sql",
    "create or replace function app.loose() returns int\nlanguage sql\nas 'select 1';\n",
  );
  const [loading, findings] = await onProjectDatabase(
    inject("serverUrl"),
    async (_url, client, where) => [await checkHouseRules(client, where)],
    project.root,
  );
  expect(loading!.complaints).toEqual([]);
  const tables = "supabase/migrations/20260101000001_tables.sql";
  expect(findings!.complaints).toEqual(
    expect.arrayContaining([
      "sql/app/loose.sql:1: function app.loose: does not say set search_path = ''",
      "sql/app/loose.sql:1: function app.loose: has no comment",
      "sql/app/loose.sql:1: function app.loose: may be executed by everyone: revoke execute … from public",
      `${tables}:14: table app.reply: has row-level security off`,
      `${tables}:14: table app.reply: has no comment`,
      `${tables}:4: table app.note: column author has no comment`,
      `${tables}:3: type app.mood: has no comment`,
    ]),
  );
  expect(findings!.complaints.join("\n")).not.toContain("app.shout");
});

test("what is taken of the advisors is what the guide names", () => {
  const guide = readFileSync(new URL("../../docs/supabase.md", import.meta.url), "utf8");
  const section = /^## \d+\. What the advisors say$(.*?)^## /ms.exec(guide)![1]!;
  const [keys, advice] = [/`(\w+_fkey)`/g, /^- `(\w+)`/gm].map((pattern) =>
    [...section.matchAll(pattern)].map(([, name]) => name!).toSorted(),
  );
  expect(keys).toEqual(Object.keys(WITHOUT_INDEX).toSorted());
  expect(advice).toEqual(["no_primary_key", "unindexed_foreign_keys", "unused_index"]);
});

test("Supabase's advisors are asked", async () => {
  project.write("sql/app/open.sql", "create or replace view public.open as select * from app.note;\n");
  project.write(
    "sql/app/tables.sql",
    `create table if not exists app.bare (note_id bigint references app.note (id));
     create table if not exists app.keyed (org_id bigint, name text, unique nulls not distinct (org_id, name));
     create index if not exists note_author_org_idx on app.note (author);`,
  );
  const [, findings] = await onProjectDatabase(
    inject("serverUrl"),
    async (url, _client, where) => [await checkAdvisors(url, where)],
    project.root,
  );
  expect(findings!.complaints.join("\n")).toMatch(
    /sql\/app\/open\.sql:1: view public\.open: error security_definer_view/,
  );
  // What they only remark counts, too, but what is so on purpose: a key that begins with an index, a new index.
  const said = findings!.complaints.join("\n");
  expect(said).toMatch(/table app\.bare: info no_primary_key/);
  expect(said).toMatch(/table app\.bare: info unindexed_foreign_keys/);
  expect(said).not.toMatch(/unused_index|app\.keyed/);
});

test.runIf(hasDebianServer())(
  "plpgsql_check finds a column that is not there, also in a trigger",
  async () => {
    const text = project.read("sql/app/on_note_changed.sql");
    project.write("sql/app/on_note_changed.sql", text.replace("new.body :=", "new.bodi :="));
    const server = await startDebianServer();
    try {
      const [loading, findings] = await onProjectDatabase(
        server.url,
        async (_url, client, where) => [await checkBodies(client, where)],
        project.root,
      );
      expect(loading!.complaints).toEqual([]);
      expect(findings!.complaints).toHaveLength(1);
      expect(findings!.complaints[0]).toMatch(
        /^sql\/app\/on_note_changed\.sql:1: function app\.on_note_changed, line 3 of its body \(as trigger on app\.note\): error: .*"bodi"/,
      );
    } finally {
      await server.stop();
    }
  },
);
