import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const text = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

const people = ["viewer", "member", "admin", "owner"] as const;
type Person = (typeof people)[number];

/** What is expected of one table or view: a line of expectation.txt. */
interface Line {
  name: string;
  own: Record<Person, string>;
  shared: string;
  service: string;
  insert: string[];
  update: string[];
}

const letters = (word: string): string => (word === "-" ? "" : word);
const columns = (words: string): string[] => (words === "-" ? [] : words.split(/,\s*/));

/** Reads the fixture: tables first, then the rows that checks demand, each after a heading in brackets. */
function readExpectation(): { lines: Map<string, Line>; samples: Map<string, Record<string, unknown>> } {
  const lines = new Map<string, Line>();
  const samples = new Map<string, Record<string, unknown>>();
  let part = "";
  for (const line of text("./expectation.txt").split("\n")) {
    const heading = /^\[(.*)\]$/.exec(line);
    if (heading) part = heading[1]!;
    else if (line === "" || line.startsWith("#")) continue;
    else if (part === "samples") {
      const [, name, json] = /^(\S+)\s+(.*)$/.exec(line)!;
      samples.set(name!, JSON.parse(json!) as Record<string, unknown>);
    } else {
      const fields = line.split(/\s+\|\s+|\s+(?=-$)/).map((field) => field.trim());
      const [name, viewer, member, admin, owner] = fields[0]!.split(/\s+/);
      const [shared, service, insert, update] = fields.slice(1);
      lines.set(name!, {
        name: name!,
        own: {
          viewer: letters(viewer!),
          member: letters(member!),
          admin: letters(admin!),
          owner: letters(owner!),
        },
        shared: letters(shared!),
        service: letters(service!),
        insert: columns(insert!),
        update: columns(update!),
      });
    }
  }
  return { lines, samples };
}

const { lines, samples } = readExpectation();

interface Relation {
  name: string;
  relkind: string;
  has_org: boolean;
  may_be_shared: boolean;
}

describe("who may do what with which row", () => {
  let database: TestDatabase;
  let relations: Relation[];
  const tables = (): Relation[] => relations.filter(({ relkind }) => "rp".includes(relkind));
  const scopes = ({ name, has_org, may_be_shared }: Relation): string[] =>
    name === "public.org" || (has_org && !may_be_shared)
      ? ["own", "other", "deleted"]
      : has_org
        ? ["own", "other", "deleted", "shared"]
        : ["shared"];

  beforeAll(async () => {
    database = await freshDatabase("matrix", { max: 1 });
    const { pool } = database;
    await pool.query(text("./probe.sql"));
    relations = (
      await pool.query<Relation>(
        "select name, relkind, has_org, may_be_shared from probe.relation order by name",
      )
    ).rows;
    await pool.query("set session_replication_role = replica");
    for (const relation of tables())
      for (const scope of scopes(relation))
        await pool
          .query("select probe.make_sample($1::regclass, $2, $3)", [
            relation.name,
            scope,
            JSON.stringify({
              ...samples.get(relation.name),
            }),
          ])
          .catch((error: Error) => {
            throw new Error(
              `${relation.name}: no row could be made for ${scope}: ${error.message}. Give one under [samples].`,
            );
          });
    // The four people belong to an org that lives and to one that was deleted; nobody belongs to the third.
    await pool.query(`
      update public.org set deleted_at = now() where id = probe.id('deleted', 'org');
      insert into public.org_member (org_id, user_id, role)
      select probe.id(s, 'org'), probe.id('person', r), r
      from unnest('{own,deleted}'::text[]) as s, unnest('{viewer,member,admin,owner}'::text[]) as r`);
    await pool.query("reset session_replication_role");
  }, 60_000);
  afterAll(() => database?.drop());

  /** What a role can do with each sample row. */
  async function tried(person: string | null, role: string): Promise<Record<string, Record<string, string>>> {
    const { rows } = await database.pool.query<{ name: string; scope: string; letters: string | null }>(
      `select r.name, s.scope, probe.letters(s.rel, s.scope, case when $1::text is not null then probe.id('person', $1) end, $2) as letters
       from probe.sample as s join probe.relation as r on r.rel = s.rel`,
      [person, role],
    );
    const found: Record<string, Record<string, string>> = {};
    for (const { name, scope, letters: can } of rows) (found[name] ??= {})[scope] = can ?? "";
    return found;
  }

  function expected(can: (line: Line, scope: string) => string): Record<string, Record<string, string>> {
    return Object.fromEntries(
      tables().map((relation) => [
        relation.name,
        Object.fromEntries(
          scopes(relation).map((scope) => [scope, can(lines.get(relation.name)!, scope)] as const),
        ),
      ]),
    );
  }

  test("every table and view has a line in expectation.txt, and every line a table or view", () => {
    expect([...lines.keys()].sort()).toEqual(relations.map(({ name }) => name).sort());
  });

  test.each(people)("%s: rows of the own org, of another, of a deleted one, and shared ones", async (person) => {
    expect(await tried(person, "authenticated")).toEqual(
      expected((line, scope) =>
        scope === "own" ? line.own[person] : scope === "shared" ? line.shared : "",
      ),
    );
  });

  test("somebody signed in who belongs to no org: what is shared, and only to read", async () => {
    const everybody = expected((line, scope) => (scope === "shared" ? line.shared : ""));
    expect(await tried("stranger", "authenticated")).toEqual(everybody);
    expect(await tried(null, "authenticated")).toEqual(everybody);
    expect([...lines.values()].map((line) => line.shared).filter((can) => can !== "" && can !== "r")).toEqual([]);
  });

  test("anon: nothing at all, whoever it says it is", async () => {
    const nothing = expected(() => "");
    expect(await tried(null, "anon")).toEqual(nothing);
    expect(await tried("owner", "anon")).toEqual(nothing);
  });

  test("the service: every org, but not what only grows", async () => {
    expect(await tried(null, "service_role")).toEqual(expected((line) => line.service));
  });

  test.each(["insert", "update"] as const)("the columns that a tenant can %s, tried one by one", async (what) => {
    const { rows } = await database.pool.query<{ name: string; columns: string[]; writable: string[] }>(
      `select r.name, probe.written(r.rel, probe.id('person', 'owner'), $1) as columns,
         array(select a.attname::text from pg_attribute as a where a.attrelid = r.rel and a.attnum > 0 and not a.attisdropped
           and a.attgenerated = '' and a.attidentity <> 'a' order by a.attnum) as writable
       from probe.relation as r where r.relkind in ('r', 'p')`,
      [what],
    );
    for (const { name, columns: found, writable } of rows) {
      const want = lines.get(name)![what];
      expect([name, ...found.sort()]).toEqual([name, ...(want[0] === "*" ? writable : want).sort()]);
    }
  });

  test("nobody empties a table, refers to one, hangs a trigger on it, or passes a right on", async () => {
    const { rows } = await database.pool.query(`
      select r.name, coalesce(g.rolname, 'everyone') as grantee, a.privilege_type, a.is_grantable
      from probe.relation as r
      join pg_class as c on c.oid = r.rel
      cross join lateral aclexplode(c.relacl) as a
      left join pg_roles as g on g.oid = a.grantee
      where a.grantee <> c.relowner
        and (a.grantee = 0
          or g.rolname = 'anon'
          or a.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
          or a.is_grantable)`);
    expect(rows).toEqual([]);
    const { rows: emptied } = await database.pool.query(`
      select r.name, w.role
      from probe.relation as r
      cross join unnest('{anon,authenticated,service_role}'::text[]) as w (role)
      where r.relkind in ('r', 'p')
        and probe.outcome(probe.id('person', 'owner'), w.role, format('truncate %s', r.rel)) <> '42501'`);
    expect(emptied).toEqual([]);
  });

  test("no sequence is turned by a tenant", async () => {
    const { rows } = await database.pool.query(`
      select c.oid::regclass::text as sequence, w.role
      from pg_class as c
      cross join unnest('{anon,authenticated}'::text[]) as w (role)
      where c.relkind = 'S'
        and c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace)
        and has_sequence_privilege(w.role, c.oid, 'usage, select, update')`);
    expect(rows).toEqual([]);
  });

  test("nobody but its owner makes things in a schema of the engine", async () => {
    const { rows } = await database.pool.query(`
      select n.nspname, w.role
      from unnest('{public,etl_api,utils}'::text[]) as n (nspname)
      cross join unnest('{anon,authenticated,service_role}'::text[]) as w (role)
      where has_schema_privilege(w.role, n.nspname, 'create')
        or w.role = 'anon' and n.nspname <> 'public' and has_schema_privilege(w.role, n.nspname, 'usage')`);
    expect(rows).toEqual([]);
  });
});
