/**
 * What one run of the engine writes, kept as the images of the rows after each kind of call: which rows, in which
 * transaction, as they were. So that the same rows can be written again without the engine.
 */
import pg from "pg";
import {
  body,
  claimSize,
  configure,
  expectDelivered,
  insertRequests,
  insertSize,
  type Tenant,
} from "./engine.ts";

/** The schema that holds the images. */
export const schema = "bench_rows";

/** What is written less often than this a chain is a counter that batches share, and left out. */
export const seldom = 0.2;

/** The kinds of calls a chain takes, in order. */
export type Phase = "accept" | "claim_runs" | "complete_runs" | "claim_deliveries" | "complete_deliveries";

/** Row versions a table took for each chain, as the server counts them. */
export interface Writes {
  inserted: number;
  updated: number;
}

/** The images of one table after one phase. */
export interface Images extends Writes {
  /** Table of the engine, with its schema. */
  table: string;
  /** Table with the images; `bench_call` says in which call a row was written, `bench_new` whether it was not there before. */
  stage: string;
}

/** A whole run. */
export interface Recording {
  chains: number;
  /** How many calls each phase took, and what they left. */
  phases: { name: string; calls: number; images: Images[] }[];
  /** Rows a chain, by table: of all tables, also of those that are left out. */
  writes: Map<string, Writes>;
}

/** What the server has counted so far, by table; a partition counts for the whole. */
export async function countWrites(client: pg.Client): Promise<Map<string, Writes>> {
  await client.query("select pg_stat_force_next_flush()");
  const { rows } = await client.query<Writes & { table: string }>(`
    select pg_catalog.format('%I.%I', n.nspname, c.relname) as table, sum(s.n_tup_ins)::float8 as inserted,
      sum(s.n_tup_upd)::float8 as updated
    from pg_catalog.pg_stat_user_tables as s
    join pg_catalog.pg_class as c on c.oid = coalesce(pg_catalog.pg_partition_root(s.relid), s.relid)
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('public', 'etl_api')
    group by 1`);
  return new Map(rows.map(({ table, inserted, updated }) => [table, { inserted, updated }]));
}

/** What was written between two counts, for each of so many chains. */
export function written(
  before: Map<string, Writes>,
  after: Map<string, Writes>,
  chains: number,
): Map<string, Writes> {
  const all = new Map<string, Writes>();
  for (const [table, { inserted, updated }] of after) {
    const { inserted: had = 0, updated: did = 0 } = before.get(table) ?? {};
    if (inserted > had || updated > did)
      all.set(table, { inserted: (inserted - had) / chains, updated: (updated - did) / chains });
  }
  return all;
}

/** Makes calls one after the other, and notes for each a transaction number that is just before its own. */
class Caller {
  starts: string[] = [];
  constructor(private readonly client: pg.Client) {}

  /** Goes before each call. */
  async mark(): Promise<void> {
    // Rows carry the lower half of the number only.
    const { rows } = await this.client.query<{ xid: string }>(
      "select (pg_current_xact_id()::text::bigint & 4294967295)::text as xid",
    );
    this.starts.push(rows[0]!.xid);
  }

  /** Claims in batches until nothing is left. */
  async claim(what: string): Promise<pg.QueryResultRow[][]> {
    const claimed: pg.QueryResultRow[][] = [];
    for (;;) {
      await this.mark();
      const { rows } = await this.client.query(`select * from etl_api.claim_${what}('bench', $1)`, [
        claimSize,
      ]);
      if (rows.length === 0) break;
      claimed.push(rows);
    }
    this.starts.pop();
    return claimed;
  }

  /** Completes what was claimed, each batch in a call. */
  async complete(
    what: string,
    claimed: pg.QueryResultRow[][],
    answer: (row: pg.QueryResultRow) => unknown,
  ): Promise<void> {
    for (const rows of claimed) {
      await this.mark();
      await this.client.query(`select * from etl_api.complete_${what}($1)`, [
        JSON.stringify(rows.map(answer)),
      ]);
    }
  }
}

/** The work of each phase; what a claim brought is completed by the phase after it. */
function work(client: pg.Client, caller: Caller, tenant: Tenant, chains: number) {
  let claimed: pg.QueryResultRow[][] = [];
  return {
    accept: async () => {
      for (let first = 0; first < chains; first += insertSize) {
        await caller.mark();
        await insertRequests(client, tenant, Math.min(insertSize, chains - first), first);
      }
    },
    claim_runs: async () => void (claimed = await caller.claim("run_requests")),
    complete_runs: () =>
      caller.complete("run_requests", claimed, ({ run_request_id, lease_token }) => ({
        run_request_id,
        lease_token,
        status: 200,
        body,
      })),
    claim_deliveries: async () => void (claimed = await caller.claim("deliveries")),
    complete_deliveries: () =>
      caller.complete("deliveries", claimed, ({ delivery_id, lease_token }) => ({
        delivery_id,
        lease_token,
        status: 204,
      })),
  } satisfies Record<Phase, () => Promise<void>>;
}

/** The columns of a table's primary key; none when it has no key. */
export async function keyOf(client: pg.Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select pg_catalog.quote_ident(a.attname) as name
     from pg_catalog.pg_index as i
     join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
     where i.indrelid = $1::regclass and i.indisprimary
     order by a.attnum`,
    [table],
  );
  return rows.map(({ name }) => name);
}

/** Copies the rows that the calls of one phase left in a table; `before` names the copies of earlier phases. */
async function keep(client: pg.Client, table: string, stage: string, before: string[], starts: string[]) {
  const same = (await keyOf(client, table)).map((column) => `s.${column} = t.${column}`).join(" and ");
  const seen =
    same === "" ? [] : before.map((earlier) => `exists (select from ${earlier} as s where ${same})`);
  await client.query(`
    create unlogged table ${stage} as
    select w.call as bench_call, not (${seen.join(" or ") || "false"}) as bench_new, t.*
    from ${table} as t
    cross join lateral width_bucket(t.xmin::text::bigint, '{${starts.join(",")}}'::bigint[]) as w (call)
    where w.call > 0`);
  await client.query(`create index on ${stage} (bench_call, bench_new); analyze ${stage}`);
}

/** Runs one tenant's chains through the engine, one phase after the other, and keeps what it wrote. */
export async function record(client: pg.Client, chains: number): Promise<Recording> {
  await client.query(`drop schema if exists ${schema} cascade; create schema ${schema}`);
  const tenant = await configure(client, "images");
  const recording: Recording = { chains, phases: [], writes: new Map() };
  const stages = new Map<string, string[]>();
  const caller = new Caller(client);
  const whole = await countWrites(client);
  for (const [phase, run] of Object.entries(work(client, caller, tenant, chains))) {
    const before = await countWrites(client);
    caller.starts = [];
    await run();
    const images: Images[] = [];
    for (const [table, writes] of written(before, await countWrites(client), chains)) {
      if (writes.inserted + writes.updated < seldom) continue;
      const earlier = stages.get(table) ?? [];
      const stage = `${schema}.${phase}_${images.length}`;
      await keep(client, table, stage, earlier, caller.starts);
      stages.set(table, [...earlier, stage]);
      images.push({ table, stage, ...writes });
    }
    recording.phases.push({ name: phase, calls: caller.starts.length, images });
  }
  recording.writes = written(whole, await countWrites(client), chains);
  await expectDelivered(client, tenant.org, chains);
  return recording;
}
