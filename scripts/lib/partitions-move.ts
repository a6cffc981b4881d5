import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { DeployError, type Target } from "./deploy.ts";
import { knownPartitions, onDatabase, requireSetUp, type Partition } from "./partitions.ts";

/** How to move a tenant. */
export interface Move {
  coordinator: Target;
  partitions: Partition[];
  org: string;
  /** Name of the partition it shall lie on. */
  to: string;
  /** Seconds to wait for what is in flight. */
  wait: number;
  say: (what: string, text: string) => void;
}

/** A table with rows of tenants. */
interface Table {
  /** `public.workflow_request`, quoted where that is needed. */
  name: string;
  /** Columns that are copied: not those the server makes by itself. */
  columns: string[];
  /** Condition that names the tenant's rows, with $1 for its id. */
  own: string;
  /** Order in which they were made. */
  order: string | null;
  /** Steps of the history, of which the newest may not be in the summaries yet. */
  steps: boolean;
}

const name = pg.escapeIdentifier;
const batch = 2000;

// Rows travel as text, which both sides shall write and read alike; and all of them: what a policy would hide is an error.
const alike =
  "set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres'; set local timezone = 'UTC'; " +
  "set local extra_float_digits = 1; set local bytea_output = 'hex'; set local row_security = off";

// Whatever holds rows of a tenant has org_id; what else belongs to one is named here. Partitions come with their parent.
const TABLES = `
select c.oid::regclass::text as name,
  pg_catalog.jsonb_agg(a.attname order by a.attnum)
    filter (where a.attidentity = '' and a.attgenerated = '') as columns,
  (pg_catalog.array_agg(a.attname order by a.attnum) filter (where a.attidentity <> ''))[1] as identity,
  pg_catalog.bool_or(a.attname = 'org_id') as has_org,
  pg_catalog.bool_or(a.attname = 'seq') and pg_catalog.bool_or(a.attname = 'xid') as steps
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace)
  and c.relkind in ('r', 'p')
  and not c.relispartition
group by c.oid
order by c.oid`;

// Whose turn it is at a source is forgotten by a move: the next claim begins with the first tenant.
const left = ["etl_api.source_turn"];
const special: Record<string, string> = {
  "public.org": "id = $1",
  "etl_api.source_window": "source_id in (select s.id from public.source as s where s.org_id = $1)",
};

async function readTables(client: pg.Client): Promise<Table[]> {
  await client.query("set local search_path = ''");
  const { rows } = await client.query<{
    name: string;
    columns: string[];
    identity: string | null;
    has_org: boolean;
    steps: boolean;
  }>(TABLES);
  const tables: Table[] = [];
  for (const { name: table, columns, identity, has_org: hasOrg, steps } of rows) {
    const own = special[table] ?? (hasOrg ? "org_id = $1" : null);
    if (!own || left.includes(table)) continue;
    tables.push({ name: table, columns, own, order: identity, steps });
  }
  return tables;
}

/** Takes the rows out of one database and puts them into the other, a batch at a time. Returns how many. */
async function copy(
  from: pg.Client,
  to: pg.Client,
  { name: table, columns, own, order }: Table,
  org: string,
  { where = "true", frozen = false } = {},
): Promise<number> {
  const named = columns.filter((column) => !(column === "xid" && (frozen || where !== "true")));
  const list = named.map(name).join(", ");
  // A step that is in the summaries must not look new where it goes: nothing is older than this.
  const extra = frozen ? { column: ", xid", value: ", -1" } : { column: "", value: "" };
  await from.query(
    `declare moving no scroll cursor for select t::text as row from ${table} as t where ${own} and ${where}${
      order ? ` order by ${name(order)}` : ""
    }`.replaceAll("$1", `${pg.escapeLiteral(org)}::uuid`),
  );
  let copied = 0;
  for (;;) {
    const { rows } = await from.query<{ row: string }>(`fetch ${batch} from moving`);
    if (rows.length === 0) break;
    await to.query(
      `insert into ${table} (${list}${extra.column}) overriding system value
       select ${named.map((column) => `(r.row).${name(column)}`).join(", ")}${extra.value}
       from (select line::${table} as row from pg_catalog.unnest($1::text[]) as line) as r`,
      [rows.map(({ row }) => row)],
    );
    copied += rows.length;
  }
  await from.query("close moving");
  return copied;
}

// What the rows of the tenant point to must be there: its own rows have come along, shared ones must have been there.
async function checkReferences(client: pg.Client, tables: Table[], org: string): Promise<string[]> {
  const { rows } = await client.query<{
    name: string;
    child: string;
    parent: string;
    columns: string[];
    keys: string[];
  }>(
    `select k.conname as name, k.conrelid::regclass::text as child, k.confrelid::regclass::text as parent,
       (select pg_catalog.jsonb_agg(a.attname order by c.place)
        from pg_catalog.unnest(k.conkey) with ordinality as c (attnum, place)
        join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attnum = c.attnum) as columns,
       (select pg_catalog.jsonb_agg(a.attname order by c.place)
        from pg_catalog.unnest(k.confkey) with ordinality as c (attnum, place)
        join pg_catalog.pg_attribute as a on a.attrelid = k.confrelid and a.attnum = c.attnum) as keys
     from pg_catalog.pg_constraint as k
     where k.contype = 'f' and k.conparentid = 0 and k.conrelid::regclass::text = any ($1)
     union all
     select r.columns[1], r.child::text, r.parent::text, pg_catalog.to_jsonb(r.columns), pg_catalog.to_jsonb(r.keys)
     from etl_api.table_reference as r
     where r.child::text = any ($1)`,
    [tables.map((table) => table.name)],
  );
  const broken: string[] = [];
  for (const { child, parent, columns, keys } of rows) {
    const { own } = tables.find((table) => table.name === child)!;
    const { rows: lost } = await client.query<{ key: string }>(
      `select distinct pg_catalog.concat_ws('/', ${columns.map((column) => `c.${name(column)}`).join(", ")}) as key
       from (select * from ${child} where ${own}) as c
       where ${columns.map((column) => `c.${name(column)} is not null`).join(" and ")}
         and not exists (select from ${parent} as p where ${columns
           .map((column, at) => `p.${name(keys[at]!)} = c.${name(column)}`)
           .join(" and ")})
       limit 5`,
      [org],
    );
    for (const { key } of lost) broken.push(`${child} points to ${parent} ${key}`);
  }
  return broken;
}

// Claims pass over what somebody has locked. So nothing new of the tenant is taken while what is under way comes back.
const HOLD = `
select (select pg_catalog.count(*) from (
    select 1 from public.run_queue where org_id = $1 and state in ('waiting', 'ready') for update) as a)
  + (select pg_catalog.count(*) from (
    select 1 from public.run_request where org_id = $1 and state in ('waiting', 'ready') for update) as b)
  + (select pg_catalog.count(*) from (
    select 1 from public.delivery where org_id = $1 and state in ('waiting', 'ready') for update) as c)`;
const IN_FLIGHT = `
select (select pg_catalog.count(*) from public.run_request where org_id = $1 and state = 'in_progress')::int as requests,
  (select pg_catalog.count(*) from public.delivery where org_id = $1 and state = 'in_progress')::int as messages`;

interface Flight {
  requests: number;
  messages: number;
}

/**
 * Holds the tenant still: waits until nothing of it is in flight, then locks it, all of it that is open, and the
 * roll-up. Returns what is still in flight; nothing when it is held.
 */
async function hold(client: pg.Client, org: string, wait: number): Promise<Flight | null> {
  const until = performance.now() + wait * 1000;
  for (;;) {
    await client.query("begin isolation level read committed");
    await client.query("set local lock_timeout = '5s'; set local idle_in_transaction_session_timeout = 0");
    let flight: Flight = { requests: 0, messages: 0 };
    try {
      for (;;) {
        await client.query(HOLD, [org]);
        flight = (await client.query<Flight>(IN_FLIGHT, [org])).rows[0]!;
        if (flight.requests + flight.messages === 0 || performance.now() > until) break;
        await delay(200);
      }
      if (flight.requests + flight.messages === 0) {
        // Whoever inserts rows of the tenant from here on waits, and finds after the move that it is gone.
        await client.query("select 1 from public.org where id = $1 for update", [org]);
        await client.query(
          `select 1 from public.workflow_request
           where org_id = $1 and state in ('new', 'valid', 'waiting', 'ready', 'in_progress') order by id for update`,
          [org],
        );
        await client.query("select 1 from public.workflow_schedule where org_id = $1 for update", [org]);
        await client.query(HOLD, [org]);
        await client.query(
          "select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('etl_api.roll_up', 0))",
        );
        flight = (await client.query<Flight>(IN_FLIGHT, [org])).rows[0]!;
        if (flight.requests + flight.messages === 0) return null;
      }
    } catch (error) {
      // Somebody held a lock for long, or waited for one of ours: let go and begin again.
      const { code } = error as { code?: string };
      if (code !== "55P03" && code !== "40P01") throw error;
    }
    await client.query("rollback");
    if (performance.now() > until) return flight;
    await delay(200);
  }
}

const has = async (client: pg.Client, org: string): Promise<boolean> =>
  (await client.query<{ yes: boolean }>("select exists (select from public.org where id = $1) as yes", [org]))
    .rows[0]!.yes;

async function remove(client: pg.Client, tables: Table[], org: string): Promise<void> {
  // Without triggers, which would write into the history what is no end of anything.
  await client.query("set local session_replication_role = replica");
  const ordered = [...tables].sort(
    (a, b) => Number(a.name === "public.org") - Number(b.name === "public.org"),
  );
  // source_window is found by the tenant's sources.
  ordered.sort(
    (a, b) => Number(b.name === "etl_api.source_window") - Number(a.name === "etl_api.source_window"),
  );
  for (const { name: table, own } of ordered) await client.query(`delete from ${table} where ${own}`, [org]);
  await client.query(
    `delete from etl_api.source_turn where org_id = $1 or source_id not in (select s.id from public.source as s)`,
    [org],
  );
}

const inFlight = ({ requests, messages }: Flight): string =>
  [
    requests > 0 ? `${requests} HTTP request${requests === 1 ? " is" : "s are"}` : "",
    messages > 0 ? `${messages} message${messages === 1 ? " is" : "s are"}` : "",
  ]
    .filter(Boolean)
    .join(" and ");

/**
 * Moves a tenant: all of its rows, with their ids, from the partition it lies on to another one. Its requests are refused
 * meanwhile, and nothing of it is claimed. Safe to say again after whatever interruption.
 */
export async function moveOrg({ coordinator, partitions, org, to, wait, say }: Move): Promise<void> {
  await onDatabase(coordinator, "the coordinator", async (router) => {
    await requireSetUp(router, coordinator);
    const known = await knownPartitions(router);
    const target = known.find((one) => one.name === to);
    if (!target) {
      throw new DeployError(
        `There is no partition ${to}.`,
        `There are ${known.map((one) => one.name).join(", ")}.`,
      );
    }
    const { rows } = await router.query<{ partition_no: number; moving_to: number | null }>(
      `select coalesce(o.partition_no, etl_route.default_partition($1)) as partition_no, o.moving_to
       from (select) as one left join etl_route.org_partition as o on o.org_id = $1`,
      [org],
    );
    const { partition_no: fromNo, moving_to: begun } = rows[0]!;
    const source = known.find((one) => one.partition_no === fromNo)!;
    if (begun === null && source.name === to) {
      say("Org", `${org} is on partition ${to} already`);
      return;
    }
    if (begun !== null && begun !== target.partition_no) {
      const other = known.find((one) => one.partition_no === begun)!;
      throw new DeployError(
        `A move of org ${org} from ${source.name} to ${other.name} was begun and not ended.`,
        `End it first: npm run partitions -- move ${org} ${other.name}`,
      );
    }
    const at = (one: { name: string }): Target => {
      const found = partitions.find((partition) => partition.name === one.name);
      if (!found)
        throw new DeployError(
          `The URL of partition ${one.name} is not given.`,
          "Give the URLs of all partitions.",
        );
      return found.target;
    };
    // One move of a tenant at a time.
    const { rows: turn } = await router.query<{ mine: boolean }>(
      "select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('move ' || $1, 0)) as mine",
      [org],
    );
    if (!turn[0]!.mine)
      throw new DeployError(`Org ${org} is being moved by somebody else.`, "Wait until that ends.");

    await onDatabase(at(source), `partition ${source.name}`, (from) =>
      onDatabase(at(target), `partition ${to}`, async (into) => {
        const [here, there] = [await has(from, org), await has(into, org)];
        if (!here && !there) {
          throw new DeployError(
            `There is no org ${org} on partition ${source.name}, where the coordinator looks for it.`,
            "npm run partitions -- status says which partitions there are; setup finds orgs wherever they are.",
          );
        }
        if (here && there && begun === null) {
          throw new DeployError(
            `Org ${org} lies on partition ${source.name} and on ${to}.`,
            "Nobody but a move that was interrupted does that, and none is noted. Look which one is right, and delete the other.",
          );
        }
        await router.query(
          `insert into etl_route.org_partition (org_id, partition_no, moving_to) values ($1, $2, $3)
           on conflict (org_id) do update set moving_to = excluded.moving_to`,
          [org, fromNo, target.partition_no],
        );
        say("Moving", `${org} from ${source.name} to ${to}; its requests are refused until it is there`);
        try {
          if (here) await carry({ from, into, org, wait, copied: there, source: source.name, to, say });
        } catch (error) {
          await from.query("rollback").catch(() => {});
          await into.query("rollback").catch(() => {});
          // Unless it has arrived: then the note stays, and the same command ends the move.
          if (!(await has(into, org).catch(() => true))) {
            await router.query("update etl_route.org_partition set moving_to = null where org_id = $1", [
              org,
            ]);
          }
          throw error;
        }
        await router.query(
          `update etl_route.org_partition set partition_no = $2, moving_to = null, placed_at = now() where org_id = $1`,
          [org, target.partition_no],
        );
        await into.query("select etl_api.ring('execute-runs'), etl_api.ring('deliver-webhooks')");
        say("Org", `${org} is on partition ${to}`);
      }),
    );
  });
}

interface Carriage {
  from: pg.Client;
  into: pg.Client;
  org: string;
  wait: number;
  /** Whether its rows have arrived already, and only those at the old place are left. */
  copied: boolean;
  source: string;
  to: string;
  say: Move["say"];
}

async function carry({ from, into, org, wait, copied, source, to, say }: Carriage): Promise<void> {
  const flight = await hold(from, org, wait);
  if (flight) {
    throw new DeployError(
      `${inFlight(flight) || "Something of the org is"} in flight at partition ${source} after ${wait} s; nothing was changed.`,
      "Try again, with --wait for longer, or stop the functions of that partition for the time of the move.",
    );
  }
  await from.query(alike);
  const tables = await readTables(from);
  if (copied) {
    say("Rows", "arrived in the move before; those at the old place are taken away");
    await remove(from, tables, org);
    await from.query("commit");
    return;
  }
  await into.query("begin isolation level read committed");
  await into.query(`set local lock_timeout = '30s'; ${alike}`);
  const others = await readTables(into);
  if (JSON.stringify(tables.map(shape).sort()) !== JSON.stringify(others.map(shape).sort())) {
    throw new DeployError(
      `Partitions ${source} and ${to} have other tables.`,
      "Bring both to the same version: npm run partitions -- setup",
    );
  }
  await into.query("set local session_replication_role = replica").catch((error: Error) => {
    throw new DeployError(
      `Without superuser rights on partition ${to} nothing can be moved: ${error.message}.`,
      "Rows are copied past the triggers, which session_replication_role allows.",
    );
  });
  const { rows: mark } = await from.query<{ next_xid: string; after_seq: string }>(
    "select next_xid, after_seq from etl_api.roll_up_mark",
  );
  let count = 0;
  for (const table of tables) {
    if (!table.steps) {
      count += await copy(from, into, table, org);
      continue;
    }
    const fresh = `xid >= ${mark[0]!.next_xid} and seq > ${mark[0]!.after_seq}`;
    count += await copy(from, into, table, org, { where: `not (${fresh})`, frozen: true });
    count += await copy(from, into, table, org, { where: fresh });
  }
  const broken = await checkReferences(into, tables, org);
  if (broken.length > 0) {
    throw new DeployError(
      `Partition ${to} lacks what the org's rows point to; nothing was changed.\n${broken.join("\n")}`,
      "Shared configuration has to be on every partition, with the same ids: insert it there first.",
    );
  }
  await remove(from, tables, org);
  say("Rows", `${count.toLocaleString("en")} copied from ${tables.length} tables`);
  // First there, then here: between the two the org is on both, never on none.
  await into.query("commit");
  await from.query("commit");
}

const shape = ({ name: table, columns }: Table): string => `${table}(${[...columns].sort().join()})`;
