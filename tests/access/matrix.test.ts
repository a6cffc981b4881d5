import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const text = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

const people = ["viewer", "member", "admin", "owner"] as const;
type Person = (typeof people)[number];

/** What is expected of one table or view: a line of expectation.txt. */
interface Line {
  name: string;
  view: boolean;
  own: Record<Person, string>;
  shared: string;
  service: string;
  insert: string[];
  update: string[];
}

const letters = (word: string): string => (word === "-" ? "" : word);
const columns = (words: string): string[] => (words === "-" ? [] : words.split(/,\s*/));

/** Reads the fixture: tables first, then the rows that checks demand, each after a heading in brackets. */
function readExpectation(): {
  lines: Map<string, Line>;
  samples: Map<string, Record<string, unknown>>;
  hidden: string[];
} {
  const lines = new Map<string, Line>();
  const samples = new Map<string, Record<string, unknown>>();
  const hidden: string[] = [];
  let part = "";
  for (const line of text("./expectation.txt").split("\n")) {
    const heading = /^\[(.*)\]$/.exec(line);
    if (heading) part = heading[1]!;
    else if (line === "" || line.startsWith("#")) continue;
    else if (part === "samples") {
      const [, name, json] = /^(\S+)\s+(.*)$/.exec(line)!;
      samples.set(name!, JSON.parse(json!) as Record<string, unknown>);
    } else if (part === "columns that nobody reads") {
      hidden.push(line);
    } else {
      const fields = line.split(/\s+\|\s+|\s+(?=-$)/).map((field) => field.trim());
      const [name, viewer, member, admin, owner] = fields[0]!.split(/\s+/);
      const [shared, service, insert, update] = fields.slice(1);
      lines.set(name!, {
        name: name!,
        view: part === "views",
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
  return { lines, samples, hidden };
}

const { lines, samples, hidden } = readExpectation();

/** The line of a table; partitions that are made month by month are like the one that is there from the beginning. */
const lineOf = (name: string): Line | undefined =>
  lines.get(name.replace(/^(etl_api\.state_step)_\d\w*$/, "$1_default"));

/** What of a row is given by hand; a partition takes the rows of its month. */
function sampleOf(name: string): Record<string, unknown> {
  const month = /^etl_api\.state_step_(\d{4})(\d{2})$/.exec(name);
  return month ? { at: `${month[1]}-${month[2]}-15` } : (samples.get(name) ?? {});
}

interface Relation {
  name: string;
  relkind: string;
  has_org: boolean;
  may_be_shared: boolean;
}

describe("who may do what with which row", () => {
  let database: TestDatabase;
  let relations: Relation[];
  /** Rows that could not be made up, and why. */
  const unmade: string[] = [];
  const tables = (): Relation[] => relations.filter(({ relkind }) => "rp".includes(relkind));
  const known = ({ name }: { name: string }): boolean =>
    lineOf(name) !== undefined && !unmade.some((row) => row.startsWith(`${name} `));
  const scopes = ({ name, has_org, may_be_shared }: Relation): string[] =>
    name === "public.org" || (has_org && !may_be_shared)
      ? ["own", "other", "deleted"]
      : has_org
        ? ["own", "other", "deleted", "shared"]
        : ["shared"];

  beforeAll(async () => {
    database = await freshDatabase("matrix", { max: 1 });
    const client = await database.pool.connect();
    await client.query("select etl_api.ensure_partitions(1)");
    await client.query(text("./probe.sql"));
    relations = (
      await client.query<Relation>(
        "select name, relkind, has_org, may_be_shared from probe.relation order by name",
      )
    ).rows;
    await client.query("set session_replication_role = replica");
    for (const relation of tables())
      for (const scope of scopes(relation))
        await client
          .query("select probe.make_sample($1::regclass, $2, $3)", [
            relation.name,
            scope,
            JSON.stringify(sampleOf(relation.name)),
          ])
          .catch((error: Error) => {
            unmade.push(`${relation.name} ${scope}: ${error.message}`);
          });
    // The four people belong to an org that lives and to one that was deleted; nobody belongs to the third.
    await client.query(`
      update public.org set deleted_at = now() where id = probe.id('deleted', 'org');
      insert into public.org_member (org_id, user_id, role)
      select probe.id(s, 'org'), probe.id('person', r), r
      from unnest('{own,deleted}'::text[]) as s, unnest('{viewer,member,admin,owner}'::text[]) as r`);
    await client.query("reset session_replication_role");
    client.release();
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
    for (const { name, scope, letters: can } of rows.filter(known)) (found[name] ??= {})[scope] = can ?? "";
    return found;
  }

  function expected(can: (line: Line, scope: string) => string): Record<string, Record<string, string>> {
    return Object.fromEntries(
      tables()
        .filter(known)
        .map((relation) => [
          relation.name,
          Object.fromEntries(
            scopes(relation).map((scope) => [scope, can(lineOf(relation.name)!, scope)] as const),
          ),
        ]),
    );
  }

  test("every table and view has a line in expectation.txt, and every line a table or view", () => {
    expect(relations.map(({ name }) => name).filter((name) => !lineOf(name))).toEqual([]);
    expect(relations.filter(({ name, relkind }) => lineOf(name)?.view !== "vm".includes(relkind))).toEqual(
      [],
    );
    expect([...lines.keys()].filter((name) => !relations.some((relation) => relation.name === name))).toEqual(
      [],
    );
    // Where a row could not be made up, give one under [samples].
    expect(unmade).toEqual([]);
    expect(tables().filter(({ name }) => /state_step_\d/.test(name))).not.toEqual([]);
  });

  test.each(people)(
    "%s: rows of the own org, of another, of a deleted one, and shared ones",
    async (person) => {
      expect(await tried(person, "authenticated")).toEqual(
        expected((line, scope) =>
          scope === "own" ? line.own[person] : scope === "shared" ? line.shared : "",
        ),
      );
    },
  );

  test("somebody signed in who belongs to no org: what is shared, and only to read", async () => {
    const everybody = expected((line, scope) => (scope === "shared" ? line.shared : ""));
    expect(await tried("stranger", "authenticated")).toEqual(everybody);
    expect(await tried(null, "authenticated")).toEqual(everybody);
    expect([...lines.values()].map((line) => line.shared).filter((can) => can !== "" && can !== "r")).toEqual(
      [],
    );
  });

  test("anon: nothing at all, whoever it says it is", async () => {
    const nothing = expected(() => "");
    expect(await tried(null, "anon")).toEqual(nothing);
    expect(await tried("owner", "anon")).toEqual(nothing);
  });

  test("the service: every org, but not what only grows", async () => {
    expect(await tried(null, "service_role")).toEqual(expected((line) => line.service));
  });

  test.each(["insert", "update"] as const)(
    "the columns that a tenant can %s, tried one by one",
    async (what) => {
      const { rows } = await database.pool.query<
        Record<"columns" | "granted" | "writable", string[]> & { name: string }
      >(
        `select r.name, probe.columns(r.rel, 'authenticated', $1) as granted, probe.written(r.rel, probe.id('person', 'owner'), $1) as columns,
         array(select a.attname::text from pg_attribute as a where a.attrelid = r.rel and a.attnum > 0 and not a.attisdropped
           and a.attgenerated = '' and a.attidentity <> 'a' order by a.attnum) as writable
       from probe.relation as r where r.relkind in ('r', 'p')`,
        [what],
      );
      for (const { name, columns: found, granted, writable } of rows.filter(known)) {
        const want = lineOf(name)![what];
        expect([name, ...found.sort()]).toEqual([name, ...(want[0] === "*" ? writable : want).sort()]);
        // A right that only policies make useless is one too many.
        expect([name, ...granted.sort()]).toEqual([name, ...found]);
      }
    },
  );

  test("every column of what one may read is read, but those that nobody reads", async () => {
    const { rows } = await database.pool.query<{ name: string }>(`
      select r.name || '.' || a.attname as name
      from probe.relation as r
      join pg_attribute as a on a.attrelid = r.rel and a.attnum > 0 and not a.attisdropped
      cross join unnest('{authenticated,service_role}'::text[]) as w (role)
      where has_any_column_privilege(w.role, r.rel, 'select')
        and probe.outcome(probe.id('person', 'owner'), w.role, format('select count(%I) from %s', a.attname, r.rel)) = '42501'
      group by 1
      having count(*) = 2
      order by 1`);
    expect(rows.map(({ name }) => name)).toEqual(hidden);
  });

  test("nobody may delete or read at all what no policy gives them", async () => {
    const { rows } = await database.pool.query<{ name: string; may: string }>(`
      select r.name, concat(case when has_any_column_privilege('authenticated', r.rel, 'select') then 'r' end,
        case when has_table_privilege('authenticated', r.rel, 'delete') then 'd' end) as may
      from probe.relation as r`);
    for (const { name, may } of rows.filter(known)) {
      const line = lineOf(name)!;
      const given = Object.values(line.own).join("") + line.shared;
      expect([name, may]).toEqual([name, [..."rd"].filter((letter) => given.includes(letter)).join("")]);
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

describe("views show what their reader may see below them", () => {
  let database: TestDatabase;
  let org: Record<string, string>;

  beforeAll(async () => {
    database = await freshDatabase("views", { max: 1, options: "-c etl.fake_now=2026-05-10T12:00Z" });
    const { pool } = database;
    // The same work for two tenants: some of it done, some failed, some overdue, some not rolled up yet.
    await pool.query(`
      select test_setup.set_up_people();
      insert into public.activity (id, org_id, name, activity_type, object_type_id, datapoints)
      select test_setup.id('of other'), test_setup.id('org other'), 'Of other', activity_type, object_type_id, datapoints
      from public.activity where id = test_setup.id('enrich companies');
      insert into public.source (org_id, name, run_request_template)
      select o.id, 'own', '{"method": "GET", "url": "https://x.test"}' from public.org as o;
      insert into public.webhook_endpoint (org_id, url) select o.id, 'https://client.test/' || o.slug from public.org as o;
      insert into test_setup.reply (source, body) values
        ('AlgOps API Client', '{"company": {"sector": "toys", "staff": {"count": 3}}}'), ('Company Register', '{"capital": {"raised": 1}}');
      create function pg_temp.ask() returns void language sql as $$
        select count(test_setup.start(jsonb_build_object(
          'input', '{"companies": [{"domain": "a.test"}, {"domain": "b.test"}]}'::jsonb,
          'data', jsonb_build_object('enrich', jsonb_build_object('id', a.id, 'destination', jsonb_build_object('webhook',
            jsonb_build_object('endpoint', e.id))))), a.org_id))
        from public.activity as a join public.webhook_endpoint as e on e.org_id = a.org_id
      $$;
      select pg_temp.ask();
      select test_setup.serve();
      select test_setup.deliver(500);
      select etl_api.measure_data_quality(o.id, 100) from public.org as o`);
    await pool.query("select etl_api.roll_up(1000000)");
    await pool.query(`
      select pg_temp.ask();
      select test_setup.claim(2);
      select test_setup.exchange('{}', 500);
      select test_setup.deliver(500);
      insert into etl_api.secret (org_id, name, version, storage, ciphertext, key_id, created_by)
      select o.id, 'webhook', 1, 'table', '\\x00', 'k', 'a test' from public.org as o;
      select etl_api.create_client(o.id, 'Client of ' || o.name, rows => '[{"a": 1}]') from public.org as o`);
    const { rows } = await pool.query<{ slug: string; id: string }>("select slug, id from public.org");
    org = Object.fromEntries(rows.map(({ slug, id }) => [slug.replace("-research", ""), id]));
  });
  afterAll(() => database?.drop());

  /** A view as somebody sees it. */
  async function seen(person: string | null, view: string): Promise<Record<string, unknown>[]> {
    const client = await database.pool.connect();
    try {
      await client.query("begin");
      await client.query("set local etl.fake_now = '2026-05-11T12:00Z'");
      if (person !== null) {
        await client.query(
          "select set_config('request.jwt.claims', jsonb_build_object('sub', test_setup.id($1))::text, true), set_config('role', 'authenticated', true)",
          [person],
        );
      }
      const { rows } = await client.query<Record<string, unknown>>(`select * from ${view}`);
      // The stores call the tenant as an older system did.
      return rows.map(({ organization_id: org_id, ...row }) =>
        org_id === undefined ? row : { ...row, org_id },
      );
    } finally {
      await client.query("rollback");
      client.release();
    }
  }

  test("every view asks its reader's rights, and nobody writes through it", async () => {
    const { rows } = await database.pool.query<{ name: string; invoker: boolean; writers: string[] }>(`
      select c.oid::regclass::text as name,
        coalesce(c.reloptions && '{security_invoker=true,security_invoker=on}', false) as invoker,
        array(select w.role from unnest('{anon,authenticated,service_role}'::text[]) as w (role)
          where has_table_privilege(w.role, c.oid, 'insert, update, delete, truncate, references, trigger')
            or has_any_column_privilege(w.role, c.oid, 'insert, update')
            or w.role = 'anon' and has_any_column_privilege(w.role, c.oid, 'select')) as writers
      from pg_class as c
      where c.relkind in ('v', 'm') and c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace)`);
    expect(rows.filter(({ invoker, writers }) => !invoker || writers.length > 0)).toEqual([]);
    expect(rows.length).toBeGreaterThan(20);
  });

  test.each([...lines.values()].filter(({ view }) => view).map(({ name }) => name))("%s", async (view) => {
    const all = await seen(null, view);
    const reader = lines.get(view)!.own.viewer === "r" ? "vera" : "olga";
    if (all.some((row) => "org_id" in row)) {
      const of = (found: Record<string, unknown>[], id: string | null) =>
        found.filter((row) => row["org_id"] === id);
      // Work of both tenants is there, so that there is something to hide.
      expect(of(all, org["acme"]!)).not.toEqual([]);
      expect(of(all, org["other"]!)).not.toEqual([]);
      const own = await seen(reader, view);
      expect(of(own, org["acme"]!)).toHaveLength(of(all, org["acme"]!).length);
      expect(of(own, org["other"]!)).toEqual([]);
      expect(of(await seen("otto", view), org["acme"]!)).toEqual([]);
      expect(of(await seen("nobody", view), org["acme"]!)).toEqual([]);
      expect((await seen("nobody", view)).filter((row) => row["org_id"] !== null)).toEqual([]);
    } else {
      // Numbers over all that the reader may see: of nobody's work they say nothing.
      const numbers = (found: Record<string, unknown>[]): number =>
        found.reduce(
          (sum, row) =>
            sum +
            ["rows", "steps", "due_now", "later", "in_flight"].reduce(
              (n, name) => n + Number(row[name] ?? 0),
              0,
            ),
          0,
        );
      expect(numbers(all)).toBeGreaterThan(0);
      expect(numbers(await seen(reader, view))).toBeGreaterThan(0);
      expect(numbers(await seen(reader, view))).toBeLessThan(numbers(all));
      expect(numbers(await seen("nobody", view))).toBe(0);
    }
  });
});
