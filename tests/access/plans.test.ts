/** What row-level security costs: every policy, on tables of a million rows. */
import { readFileSync } from "node:fs";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const member = "00000000-0000-4000-8000-0000000000ff";

interface Policy {
  table: string;
  name: string;
  command: "select" | "insert" | "update" | "delete" | "all";
  expression: string;
  functions: string[];
  /** The column by which rows are somebody's. */
  by: string | null;
  /** Whether an index of the whole table begins with that column. */
  indexed: boolean;
}

interface Node {
  "Node Type": string;
  "Parent Relationship"?: string;
  Plans?: Node[];
  [detail: string]: unknown;
}

let database: TestDatabase;
let client: pg.PoolClient;
let policies: Policy[];
/** What was found of each policy: faults of its plan, and how often it asked for the reader's orgs. */
const found: { policy: Policy; faults: string[]; asked: number | null; rows: number | null }[] = [];

/** The same for every row: what everybody may read, and what nobody may. */
const constant = ({ expression }: Policy): boolean => /^\(?(true|false)\)?$/.test(expression);

beforeAll(async () => {
  database = await freshDatabase("policies", { max: 3 });
  client = await database.pool.connect();
  await client.query(readFileSync(new URL("./plans.sql", import.meta.url), "utf8"));
  ({ rows: policies } = await client.query<Policy>('select * from plans.policy order by "table", name'));
  await client.query("select plans.drop_references(); set track_functions = 'all'; set jit = off");
  const tables = new Map(
    policies.filter((policy) => !constant(policy) && policy.by).map(({ table, by }) => [table, by]),
  );
  // Those that the orgs of a reader are looked up in come first and stay, with a member in them.
  for (const table of ["org", "org_member"])
    await client.query("select plans.fill($1, $2)", [table, tables.get(table)]);
  await client.query(
    `insert into public.org_member (org_id, user_id, role) values (plans.org(7), '${member}', 'owner')`,
  );
  for (const table of ["org", "org_member"]) await examine(client, table);
  const queue = [...tables].filter(([table]) => !table.startsWith("org"));
  const fill = async (connection: pg.PoolClient): Promise<void> => {
    await connection.query("set track_functions = 'all'; set jit = off");
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [table, by] = next;
      await connection.query("select plans.fill($1, $2)", [table, by]);
      await examine(connection, table);
      // One large table a time is enough.
      await connection.query(
        `set session_replication_role = replica; truncate ${table}; reset session_replication_role`,
      );
    }
  };
  const fillers = await Promise.all([database.pool.connect(), database.pool.connect()]);
  await Promise.all(fillers.map(fill)).finally(() =>
    fillers.forEach((connection) => connection.release(true)),
  );
}, 240_000);
afterAll(async () => {
  client?.release(true);
  await database?.drop();
}, 120_000);

test("that is many", () => {
  expect(policies.length).toBeGreaterThan(80);
  expect(policies.filter((policy) => !constant(policy)).length).toBeGreaterThan(70);
});

/** Every node of a plan, told whether it is part of what is computed once before the rest. */
function* nodes(node: Node, once = false): Generator<{ node: Node; once: boolean }> {
  const first = once || node["Parent Relationship"] === "InitPlan";
  yield { node, once: first };
  for (const child of node.Plans ?? []) yield* nodes(child, first);
}

/** Plans something as the member. */
async function planOf(on: pg.PoolClient, sql: string): Promise<Node> {
  await on.query("begin");
  try {
    await on.query(
      `select set_config('request.jwt.claims', '{"sub": "${member}"}', true), set_config('role', 'authenticated', true)`,
    );
    const { rows } = await on.query<{ "QUERY PLAN": { Plan: Node }[] }>(
      `explain (verbose, format json) ${sql}`,
    );
    return rows[0]!["QUERY PLAN"][0]!.Plan;
  } finally {
    await on.query("rollback");
  }
}

/** What is wrong with a plan of a statement that reads a table under its policies. */
function faultsOf(plan: Node, { indexed, by }: Policy): string[] {
  const faults: string[] = [];
  let byIndex = false;
  for (const { node, once } of nodes(plan)) {
    if (once) continue;
    if (node["Parent Relationship"] === "SubPlan") faults.push("a subplan may run for each row");
    for (const [what, text] of Object.entries(node)) {
      if (typeof text === "string" && /my_orgs|SubPlan/.test(text)) faults.push(`${what}: ${text}`);
    }
    if (String(node["Index Cond"] ?? "").includes(`${by} = ANY`)) byIndex = true;
  }
  if (indexed && !byIndex) faults.push("no index is used");
  return faults;
}

test("policies depend on one function only, and it is asked by a subquery", () => {
  for (const { table, name, functions } of policies)
    expect([table, name, functions.filter((used) => used !== "etl_api.my_orgs")]).toEqual([table, name, []]);
});

/** How often the orgs of a reader were looked up by a connection. */
async function calls(on: pg.PoolClient): Promise<number> {
  const { rows } = await on.query<{ calls: number }>(
    "select coalesce(pg_stat_get_xact_function_calls('etl_api.my_orgs'::regproc), 0)::int as calls",
  );
  return rows[0]!.calls;
}

/** Plans what the policies of a table are for, and writes a thousand rows under those that check what is written. */
async function examine(on: pg.PoolClient, of: string): Promise<void> {
  await on.query(`grant select, insert, update, delete on ${of} to authenticated`);
  for (const policy of policies.filter(({ table }) => table === of)) {
    const { command, by } = policy;
    if (constant(policy) || !by) continue;
    const read = {
      select: `select ${by} from ${of}`,
      update: `update ${of} set ${by} = ${by}`,
      delete: `delete from ${of}`,
      insert: null,
      all: null,
    }[command];
    const write = {
      insert: `insert into ${of} (${by}) select plans.org(7) from generate_series(1, 1000)`,
      update: `update ${of} set ${by} = ${by} where ${by} = plans.org(7)`,
      select: null,
      delete: null,
      all: null,
    }[command];
    const faults = read ? faultsOf(await planOf(on, read), policy) : [];
    let rows: number | null = null;
    let asked: number | null = null;
    if (write) {
      const before = await calls(on);
      await on.query("begin");
      await on.query(
        `select set_config('request.jwt.claims', '{"sub": "${member}"}', true), set_config('session_replication_role', 'replica', true),
           set_config('role', 'authenticated', true)`,
      );
      rows = (await on.query(write)).rowCount;
      asked = (await calls(on)) - before;
      await on.query("rollback");
    }
    found.push({ policy, faults, asked, rows });
  }
}

test("each is computed once a statement, and finds rows by an index where there is one", () => {
  expect(found.length).toBeGreaterThan(70);
  expect(
    found.flatMap(({ policy, faults }) => faults.map((fault) => `${policy.table} ${policy.name}: ${fault}`)),
  ).toEqual([]);
});

test("the orgs of the reader are looked up once, however many rows are written", () => {
  const written = found.filter(({ asked }) => asked !== null);
  expect(written.length).toBeGreaterThan(20);
  for (const { policy, asked, rows } of written) {
    expect([policy.table, policy.name, rows! >= 1]).toEqual([policy.table, policy.name, true]);
    // Reading, changing and checking ask each for themselves, and a policy of two parts asks twice.
    expect([policy.table, policy.name, asked! > 0 && asked! <= 6 ? "few" : asked]).toEqual([
      policy.table,
      policy.name,
      "few",
    ]);
  }
});

test("a policy that asks for each row is found out", async () => {
  const [policy] = policies.filter(({ table, command }) => table === "value" && command === "select");
  await client.query(
    "alter policy members_read on public.value using (org_id in (select etl_api.my_orgs()))",
  );
  const hashed = faultsOf(await planOf(client, "select org_id from value"), policy!);
  await client.query(
    "alter policy members_read on public.value using (exists (select 1 from etl_api.my_orgs() as m where m = org_id))",
  );
  const each = faultsOf(await planOf(client, "select org_id from value"), policy!);
  expect([hashed.length, each.length].every((n) => n > 0)).toBe(true);
});
