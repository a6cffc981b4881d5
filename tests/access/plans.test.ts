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

/** The same for every row: what everybody may read, and what nobody may. */
const constant = ({ expression }: Policy): boolean => /^\(?(true|false)\)?$/.test(expression);

beforeAll(async () => {
  database = await freshDatabase("policies", { max: 3 });
  client = await database.pool.connect();
  await client.query(readFileSync(new URL("./plans.sql", import.meta.url), "utf8"));
  ({ rows: policies } = await client.query<Policy>('select * from plans.policy order by "table", name'));
  await client.query("select plans.drop_references()");
  const tables = new Map(
    policies.filter((policy) => !constant(policy) && policy.by).map(({ table, by }) => [table, by]),
  );
  const queue = [...tables];
  const fill = async (connection: pg.PoolClient): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift())
      await connection.query("select plans.fill($1, $2)", next);
  };
  const fillers = await Promise.all([database.pool.connect(), database.pool.connect()]);
  await Promise.all(fillers.map(fill));
  fillers.forEach((connection) => connection.release(true));
  await client.query(`
    insert into public.org_member (org_id, user_id, role) values (plans.org(7), '${member}', 'owner');
    set track_functions = 'all';
    set jit = off`);
}, 240_000);
afterAll(async () => {
  client?.release(true);
  await database?.drop();
});

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
async function planOf(sql: string): Promise<Node> {
  await client.query("begin");
  try {
    await client.query(
      `select set_config('request.jwt.claims', '{"sub": "${member}"}', true), set_config('role', 'authenticated', true)`,
    );
    const { rows } = await client.query<{ "QUERY PLAN": { Plan: Node }[] }>(
      `explain (verbose, format json) ${sql}`,
    );
    return rows[0]!["QUERY PLAN"][0]!.Plan;
  } finally {
    await client.query("rollback");
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

test("each is computed once a statement, and finds rows by an index where there is one", async () => {
  const found: string[] = [];
  for (const policy of policies) {
    const { table, name, command, by } = policy;
    if (constant(policy) || !by || command === "insert") continue;
    const sql = {
      select: `select ${by} from ${table}`,
      update: `update ${table} set ${by} = ${by}`,
      delete: `delete from ${table}`,
    }[command as "select"];
    await client.query(`grant select, update, delete on ${table} to authenticated`);
    found.push(...faultsOf(await planOf(sql), policy).map((fault) => `${table} ${name}: ${fault}`));
  }
  expect(found).toEqual([]);
}, 60_000);

/** How often the orgs of a reader were looked up by this connection. */
async function calls(): Promise<number> {
  const { rows } = await client.query<{ calls: number }>(
    "select coalesce(pg_stat_get_xact_function_calls('etl_api.my_orgs'::regproc), 0)::int as calls",
  );
  return rows[0]!.calls;
}

test("the orgs of the reader are looked up once, however many rows are written", async () => {
  for (const policy of policies) {
    const { table, name, command, by } = policy;
    if (command !== "insert" && command !== "update") continue;
    await client.query(`grant select, insert, update on ${table} to authenticated`);
    const before = await calls();
    await client.query("begin");
    await client.query(
      `select set_config('request.jwt.claims', '{"sub": "${member}"}', true), set_config('session_replication_role', 'replica', true),
         set_config('role', 'authenticated', true)`,
    );
    const { rowCount } = await client.query(
      command === "insert"
        ? `insert into ${table} (${by}) select plans.org(7) from generate_series(1, 1000)`
        : `update ${table} set ${by} = ${by} where ${by} = plans.org(7)`,
    );
    const asked = (await calls()) - before;
    await client.query("rollback");
    expect([table, name, Number(rowCount) >= 1]).toEqual([table, name, true]);
    // Reading, changing and checking ask each for themselves, and a policy of two parts asks twice.
    expect([table, name, asked > 0, asked <= 6 ? "few" : asked]).toEqual([table, name, true, "few"]);
  }
}, 60_000);

test("a policy that asks for each row is found out", async () => {
  const [policy] = policies.filter(({ table, command }) => table === "value" && command === "select");
  await client.query(
    "alter policy members_read on public.value using (org_id in (select etl_api.my_orgs()))",
  );
  const hashed = faultsOf(await planOf("select org_id from value"), policy!);
  await client.query(
    "alter policy members_read on public.value using (exists (select 1 from etl_api.my_orgs() as m where m = org_id))",
  );
  const each = faultsOf(await planOf("select org_id from value"), policy!);
  expect([hashed.length, each.length].every((n) => n > 0)).toBe(true);
});
