/** Who may call which function, against the doors that docs/access.md names. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const guide = readFileSync(new URL("../../docs/access.md", import.meta.url), "utf8");
const section = /^## Doors$(.*?)^## /ms.exec(guide)![1]!;

/** Functions named in the first column of the tables of the page, and who they are for, if it says. */
const documented = new Map(
  [...section.matchAll(/^\| (`.*?`) +\|(?: (viewers|members) +\|)?/gm)].flatMap(([, names, audience]) =>
    [...names!.matchAll(/`(.*?)`/g)].map(([, name]) => [name!, audience] as const),
  ),
);

/** Functions that run what others wrote, by name: the text, which no tenant writes. */
const writtenBefore: Record<string, string> = {
  "etl_api.kv_apply": "mapping.apply_sql",
  "etl_api.kv_values": "statement",
};

/** Every function that is not an extension's. */
const FUNCTIONS = `
  select p.oid, p.oid::regprocedure::text as name, p.prosecdef as definer, p.provolatile as volatility,
    p.prorettype = 'trigger'::regtype as is_trigger, p.prosrc as body,
    array(select format_type(t, null) from unnest(p.proargtypes::oid[]) as t) as types
  from pg_proc as p
  where p.pronamespace in ('public'::regnamespace, 'etl_api'::regnamespace, 'utils'::regnamespace)
    and p.prokind in ('f', 'p')
    and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')`;

interface Door {
  name: string;
  definer: boolean;
  volatility: string;
  body: string;
  types: string[];
}

describe("who may call which function", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    // Names are written with their schema but those of types in public.
    database = await freshDatabase("functions", { max: 1, options: "-c search_path=public" });
    await database.pool.query(`
      select test_setup.set_up_misuse();
      insert into public.source (org_id, name, run_request_template)
      values (test_setup.id('org acme'), 'own', '{"method": "GET", "url": "https://x.test"}');
      insert into public.workflow_schedule (org_id, name, cron, data) values (test_setup.id('org acme'), 'daily', '@daily', '{}');
      insert into public.tables (id, organization_id, name) values (test_setup.id('leads'), test_setup.id('org acme'), 'leads');
      insert into public.ai_generation_jobs (organization_id, table_id) values (test_setup.id('org acme'), test_setup.id('leads'))`);
  });
  afterAll(() => database?.drop());

  const named = (name: string): string => (/^\w+\./.test(name) ? name : `public.${name}`);

  test("anon calls nothing, and neither does everybody", async () => {
    const { rows } = await database.pool.query(`
      select f.name from (${FUNCTIONS}) as f
      where has_function_privilege('anon', f.oid, 'execute')
        or exists (select from pg_proc as p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
          where p.oid = f.oid and a.grantee = 0)`);
    expect(rows).toEqual([]);
  });

  test("who is signed in calls what docs/access.md says, and nothing else", async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      `select f.name from (${FUNCTIONS}) as f where has_function_privilege('authenticated', f.oid, 'execute') order by 1`,
    );
    const callable = rows.map(({ name }) => named(name)).filter((name) => !name.startsWith("utils."));
    expect(callable.sort()).toEqual([...documented.keys()].filter((name) => name !== "utils.*").sort());
  });

  test("what is in utils reads no table", async () => {
    const { rows } = await database.pool.query<{ name: string }>(`
      select f.name from (${FUNCTIONS}) as f
      where f.name like 'utils.%'
        and (f.definer or f.body ~* '\\m(from|join|into|update)\\s+(public|etl_api|auth|pg_catalog\\.pg_(class|proc|auth|role|user))\\M')`);
    expect(rows).toEqual([]);
  });

  test("what a trigger calls nobody calls", async () => {
    const { rows } = await database.pool.query(`
      select f.name, w.role from (${FUNCTIONS}) as f
      cross join unnest('{anon,authenticated}'::text[]) as w (role)
      where f.is_trigger and has_function_privilege(w.role, f.oid, 'execute')`);
    expect(rows).toEqual([]);
  });

  test("every function has an empty search_path of its own", async () => {
    const { rows } = await database.pool.query(`
      select f.name from (${FUNCTIONS}) as f join pg_proc as p on p.oid = f.oid
      where not coalesce('search_path=""' = any (p.proconfig), false)`);
    expect(rows).toEqual([]);
  });

  test("text that is run is made by format with quoted names, or of constants", async () => {
    // Where a function runs text, the text is made in the same function, so it can be read there.
    const { rows } = await database.pool.query<{ name: string; body: string }>(
      `select f.name, f.body from (${FUNCTIONS}) as f where f.body ~* '\\mexecute\\M'`,
    );
    expect(rows.length).toBeGreaterThan(5);
    for (const { name, body } of rows)
      for (const [statement] of body.matchAll(/\bexecute\s+(?!on\b|function\b|procedure\b)[^;]*/gi))
        expect([
          name,
          /format\(|^execute\s+('|case\b|\$\w*\$)/is.test(statement) ||
            new RegExp(`^execute ${writtenBefore[name.split("(")[0]!]}( |$)`).test(statement),
          statement,
        ]).toEqual([name, true, statement]);
  });

  async function doors(): Promise<Door[]> {
    const { rows } = await database.pool.query<Door>(
      `select f.name, f.definer, f.volatility, f.body, f.types from (${FUNCTIONS}) as f
       where has_function_privilege('authenticated', f.oid, 'execute') and f.name not like 'utils.%' order by 1`,
    );
    return rows.filter(({ name }) => documented.get(named(name)) !== undefined);
  }

  test("doors with the engine's rights look who calls before anything else", async () => {
    const found = (await doors()).filter(({ definer }) => definer);
    expect(found.length).toBeGreaterThan(6);
    for (const { name, body } of found) {
      // What is called first looks who calls, and no table is read before.
      const first = /\b(etl_api\.\w+\(|(from|join|into|update)\s+\w+\.\w+)/.exec(
        body.replace(/--.*$/gm, ""),
      )?.[0];
      expect([name, first]).toEqual([
        name,
        expect.stringMatching(
          /^etl_api\.(find_own|find_visible|check_caller_org|may_request|test_mapping_source|find_own_endpoint|find_own_table|find_own_job|check_table_reader|check_client_writer|may_use_client)\($/,
        ),
      ]);
    }
  });

  /** Ids of everything that Acme has, and one of nothing. */
  async function ids(): Promise<string[]> {
    const { rows } = await database.pool.query<{ id: string }>(`
      select distinct on (t.what) t.id from (
        select 'org' as what, id from public.org where slug = 'acme-research'
        union all select 'w ' || state, id from public.workflow_request
        union all select 'a ' || state, id from public.activity_request
        union all select 'q ' || state, id from public.run_queue
        union all select 'r ' || state, id from public.run_request
        union all select 'd ' || state, id from public.delivery
        union all select 'e', id from public.webhook_endpoint
        union all select 's', id from public.source where org_id is not null
        union all select 'y', id from public.activity where org_id is not null
        union all select 'c', id from public.workflow_schedule
        union all select 'l', id from public.tables
        union all select 'j', id from public.ai_generation_jobs
        union all select 'none', gen_random_uuid()
      ) as t`);
    return rows.map(({ id }) => id);
  }

  const argument = (type: string, id: string): string =>
    (
      ({
        uuid: `'${id}'`,
        jsonb: `'{}'`,
        text: `'x'`,
        "text[]": `'{x}'`,
        "integer[]": `'{1}'`,
        integer: "1",
        bigint: "1",
        interval: `'1 day'`,
        boolean: "true",
        "timestamp with time zone": "now()",
      }) as Record<string, string>
    )[type] ?? "null";

  /** What a call answers to somebody, ids left out. */
  async function call(person: string | null, door: Door, id: string): Promise<string> {
    const sql = `select * from ${named(door.name).replace(/\(.*/, "")}(${door.types.map((type) => argument(type, id)).join(", ")})`;
    const { rows } = await database.pool.query<{ answer: string }>(
      "select test_setup.misuse($1, $2, 'authenticated') as answer",
      [sql, person],
    );
    return rows[0]!.answer.replace(/\b(a|an) (new )?request\b/g, "a request");
  }
  const print = async (): Promise<string> =>
    (await database.pool.query<{ fingerprint: string }>("select test_setup.fingerprint()")).rows[0]!
      .fingerprint;

  test("a stranger gets the same answer for what is another's and for what does not exist, and changes nothing", async () => {
    const before = await print();
    const all = await ids();
    const none = all.pop()!;
    let refused = 0;
    for (const door of (await doors()).filter(({ types }) => types.includes("uuid")))
      for (const person of ["otto", "nobody", null]) {
        const nothing = await call(person, door, none);
        for (const id of all) {
          const answer = await call(person, door, id);
          expect([door.name, person, answer]).toEqual([door.name, person, nothing]);
          // Either an error that tells nothing, or no row.
          expect([door.name, answer]).toEqual([
            door.name,
            expect.stringMatching(/^(ETL04|ETL06|nothing|42501|\(\)$|\(\d*\)$)/),
          ]);
          refused++;
        }
      }
    expect(refused).toBeGreaterThan(200);
    expect(await print()).toBe(before);
  });

  test("a viewer changes nothing by any door", async () => {
    const before = await print();
    let refused = 0;
    for (const door of await doors()) {
      if (documented.get(named(door.name)) !== "members") continue;
      for (const id of await ids()) {
        expect([door.name, await call("vera", door, id)]).toEqual([
          door.name,
          expect.stringMatching(/^(ETL04|ETL06|42501|nothing)/),
        ]);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(50);
    expect(await print()).toBe(before);
  });

  test("text that is run later is written by no tenant", async () => {
    const { rows } = await database.pool.query(`
      select c.oid::regclass::text, w.role
      from pg_attribute as a
      join pg_class as c on c.oid = a.attrelid and c.relkind in ('r', 'p')
      cross join unnest('{anon,authenticated}'::text[]) as w (role)
      where a.attname ~ '(^|_)sql$' and c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace)
        and has_column_privilege(w.role, c.oid, a.attnum, 'insert, update')`);
    expect(rows).toEqual([]);
  });
});
