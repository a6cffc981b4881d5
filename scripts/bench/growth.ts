/**
 * Whether the engine slows down as its tables grow: chains on a database with a million finished requests, two hundred
 * thousand that wait for a time to come, and an hour of work that no vacuum has looked at, against an empty one.
 *
 * The engine itself makes a few requests of every kind; they are multiplied into as many as are wanted, past the
 * triggers, so that every table and index holds what it would after a month of work.
 */
import type pg from "pg";
import type { Bench, Figure } from "./bench.ts";
import {
  answerRuns,
  configure,
  connect,
  connectAll,
  drain,
  drainOn,
  expectDelivered,
  insertRequests,
  timed,
  workers,
  type Tenant,
} from "./engine.ts";
import { processor } from "./objects.ts";

/** Chains in one measurement. */
const chains = 5000;

/** Chains beforehand, that bring catalogs and indexes into memory. */
const warmUp = 300;

/** Tables of which each request has rows, in an order in which they take about as long side by side. */
const tables = [
  "etl_api.state_step",
  "public.delivery",
  "public.value",
  "public.run_request",
  "public.workflow_request",
  "public.activity_request",
  "public.run_queue",
  "public.object",
  "public.delivery_body",
  "public.activity_result",
  "public.activity_object",
  "public.run_response",
];

/** Columns that name a request or a part of it; all others of type uuid name configuration. */
const ids =
  /^(id|entity_id|workflow_request_id|activity_request_id|object_id|run_request_id|root_id|delivery_id)$/;

/** Copies of the rows of some requests. */
interface Multiply {
  /** Chooses the requests: a query for their ids. */
  requests: string;
  /** How many copies of each. */
  copies: number;
  /** How far back the copies reach, in days, at even distances. */
  days: number;
}

/**
 * Writes copies of the rows of requests, the oldest first. A copy has ids of its time, as the engine's are, and times
 * moved by as much. Needs a superuser.
 */
async function multiply(url: string, { requests, copies, days }: Multiply): Promise<void> {
  await using setup = await connect(url);
  // The first half of the time in an id is 65,536 ms long: another is another id, and in order.
  await setup.query(`
    drop table if exists public.bench_copy, public.bench_seed;
    create unlogged table public.bench_copy as
    select k, lpad(to_hex((extract(epoch from now() - k * s.step - interval '3 minutes') * 1000)::bigint >> 16), 8, '0') as prefix, k * s.step as earlier
    from generate_series(${copies}, 1, -1) as k, (select interval '${days} days' / ${copies} as step) as s;
    create unlogged table public.bench_seed as
    with w as (select r.id from (${requests}) as r (id)), a as (
      select a.id from public.activity_request as a join w on w.id = a.workflow_request_id
    )
    select w.id from w
    union all select a.id from a
    union all select q.id from public.run_queue as q join w on w.id = q.workflow_request_id
    union all select r.id from public.run_request as r join w on w.id = r.workflow_request_id
    union all select d.id from public.delivery as d join w on w.id = d.workflow_request_id
    union all select distinct o.object_id from public.activity_object as o join a on a.id = o.activity_request_id;
    create unique index on public.bench_seed (id);
    analyze public.bench_copy, public.bench_seed`);
  const { rows: columns } = await setup.query<{ table: string; column: string; type: string }>(
    `select c.attrelid::regclass::text as table, c.attname as column, c.atttypid::regtype::text as type
     from pg_attribute as c
     where c.attrelid = any ($1::regclass[]) and c.attnum > 0 and not c.attisdropped and c.attgenerated = '' and c.attidentity = ''
     order by c.attnum`,
    [tables],
  );
  const statements = (table: string): string => {
    const own = columns.filter((column) => `public.${column.table}` === table || column.table === table);
    const key =
      own.find(({ column }) => column === "id" || column === "entity_id" || column === "delivery_id") ??
      own.find(({ column }) => column === "run_request_id" || column === "activity_request_id")!;
    // Values have numbers as ids; they go with their object.
    const by = table === "public.value" ? "object_id" : key.column;
    const copied = own.map(({ column, type }) =>
      type === "uuid" && ids.test(column)
        ? `(k.prefix || substr(t.${column}::text, 9))::uuid`
        : type === "timestamp with time zone"
          ? `t.${column} - k.earlier`
          : column === "key_hash"
            ? "sha256(t.key_hash || k.prefix::bytea)"
            : `t.${column}`,
    );
    // Of history only a tenth: that of older days lies in partitions that the way of a request does not touch.
    const which = table === "etl_api.state_step" ? `where k <= ceil(${copies / 10})` : "";
    return `
      create temporary table bench_rows as
      select t.* from ${table} as t join public.bench_seed as s on s.id = t.${by} order by t.${by};
      analyze bench_rows;
      insert into ${table} (${own.map(({ column }) => column).join(", ")})
      select ${copied.join(", ")}
      from (select * from public.bench_copy ${which} order by k desc) as k
      cross join lateral (select * from bench_rows offset 0) as t;
      drop table bench_rows`;
  };
  const queue = [...tables];
  await Promise.all(
    [1, 2].map(async () => {
      await using client = await connect(url);
      await client.query(
        "set session_replication_role = replica; set synchronous_commit = off; set temp_buffers = '64MB'",
      );
      for (let table = queue.shift(); table !== undefined; table = queue.shift())
        await client.query(statements(table));
    }),
  );
  await setup.query("drop table public.bench_copy, public.bench_seed");
}

/** Makes the engine deliver some requests of tenants, the first of which has half of them. */
async function deliverSome(url: string, tenants: Tenant[], count: number): Promise<void> {
  await using client = await connect(url);
  const share = Math.max(1, Math.floor(count / (2 * (tenants.length - 1))));
  for (const [place, tenant] of tenants.entries())
    await insertRequests(client, tenant, place === 0 ? Math.ceil(count / 2) : share);
  await drain(url);
}

/** Makes requests of a tenant wait: for their time, for a source that wants to be left alone, for a client. */
async function letSomeWait(url: string, tenant: Tenant, each: number): Promise<void> {
  await using client = await connect(url);
  const ids = async (sql: string, values: unknown[] = []) =>
    (await client.query<{ id: string }>(sql, values)).rows.map((row) => row.id);
  await insertRequests(client, tenant, 2 * each, 1_000_000);
  const due = await ids(
    "select id from public.workflow_request where org_id = $1 and state = 'in_progress' order by id",
    [tenant.org],
  );
  if (due.length !== 2 * each) throw new Error(`${due.length} requests are under way, not ${2 * each}`);
  // The first half is told to come again later.
  const { rows } = await client.query("select * from etl_api.claim_run_requests('bench', $1)", [each]);
  await client.query("select * from etl_api.complete_run_requests($1)", [
    JSON.stringify(
      rows.map(({ run_request_id, lease_token }) => ({ run_request_id, lease_token, status: 503 })),
    ),
  ]);
  await client.query(
    "update public.run_request set due_at = now() + interval '40 days' where state = 'waiting'",
  );
  // The other half is answered, but its client is out.
  while ((await answerRuns(client, "bench")) > 0);
  const { rows: messages } = await client.query("select * from etl_api.claim_deliveries('bench', $1)", [
    each,
  ]);
  await client.query("select * from etl_api.complete_deliveries($1)", [
    JSON.stringify(
      messages.map(({ delivery_id, lease_token }) => ({ delivery_id, lease_token, status: 503 })),
    ),
  ]);
  await client.query(
    "update public.delivery set due_at = now() + interval '40 days' where state = 'waiting'",
  );
  await client.query(
    `insert into public.workflow_request (org_id, not_before, data)
     select w.org_id, now() + interval '40 days', w.data
     from public.workflow_request as w where w.id = any ($1)`,
    [due],
  );
}

/** Fills a database with work that is done, work that waits, and work of the last hour. Returns the tenant measured. */
async function grow(url: string, n: number, progress: (text: string) => void): Promise<Tenant> {
  const count = (number: number) => Math.round(number).toLocaleString("en");
  const tenants: Tenant[] = [];
  const seeds = Math.min(1000, n);
  {
    await using client = await connect(url);
    await client.query("select etl_api.ensure_partitions()");
    await client.query(`
      select etl_api.create_history_partition('state_step_' || to_char(m.first, 'YYYYMM'), m.first, m.first + interval '1 month')
      from (select date_trunc('month', now(), 'UTC') - interval '1 month' as first) as m`);
    for (let place = 0; place < 10; place++) tenants.push(await configure(client, `grown-${place}`));
    progress(`${count(n)} finished requests`);
    await deliverSome(url, tenants, seeds);
    await rollUp(client);
    await multiply(url, {
      requests: "select id from public.workflow_request where state = 'delivered'",
      copies: Math.max(1, Math.round(n / seeds)),
      days: 30,
    });
    progress(`${count(n / 5)} that wait`);
    await client.query("vacuum (analyze)");
    await letSomeWait(url, tenants[0]!, 50);
    await rollUp(client);
    await multiply(url, {
      requests: `select id from public.workflow_request as w where w.state = 'waiting'
        or w.created_at > now() - interval '1 hour' and w.org_id = '${tenants[0]!.org}'
          and exists (select from public.run_request as r where r.workflow_request_id = w.id and r.state = 'waiting')
        or exists (select from public.delivery as d where d.workflow_request_id = w.id and d.state = 'waiting')`,
      copies: Math.max(1, Math.round(n / 1000)),
      days: 10,
    });
    progress("counts, statistics");
    await client.query("select etl_api.recount_states()");
    await client.query("vacuum (analyze)");
    await client.query(hot.map((table) => `alter table ${table} set (autovacuum_enabled = off);`).join(""));
    const { rows } = await client.query<{ leaf: string }>(
      "select relid::text as leaf from pg_partition_tree('etl_api.state_step') where isleaf",
    );
    await client.query(
      rows.map(({ leaf }) => `alter table ${leaf} set (autovacuum_enabled = off);`).join(""),
    );
  }
  const hour = Math.max(1, Math.round(n / 50));
  progress(`${count(hour)} of the last hour, not vacuumed`);
  await using client = await connect(url);
  // Before it: what the hour touches has then gone into the WAL as whole pages, as it has wherever work goes on.
  await client.query("checkpoint");
  {
    // Somebody reads for as long, so that nothing can be cleaned up on the way either, not even in indexes.
    await using reader = await connect(url);
    await reader.query("begin isolation level repeatable read; select count(*) from public.org");
    await insertRequests(client, tenants[0]!, hour, 2_000_000);
    await drain(url);
  }
  await rollUp(client);
  return tenants[0]!;
}

/** Where work leaves dead rows. */
const hot = [...tables.filter((table) => table !== "etl_api.state_step"), "public.org"];

async function rollUp(client: pg.Client): Promise<void> {
  while (Number((await client.query("select etl_api.roll_up() as steps")).rows[0].steps) > 0);
}

/** Rates of accepting and of draining, and both together, per second; and what the backends took of the processor. */
interface Rates {
  accept: number;
  drain: number;
  both: number;
  /** Milliseconds a chain; null where /proc is not. */
  processor: number | null;
}

async function measure(url: string, tenant: Tenant, first: number): Promise<Rates> {
  await using clients = await connectAll(url, workers);
  const client = clients[0]!;
  const drainAll = () => Promise.all(clients.map((each, place) => drainOn(each, `bench-${place}`)));
  const before = await delivered(client, tenant);
  await insertRequests(client, tenant, warmUp, first);
  await drainAll();
  const used = await processor(clients);
  const accept = await timed(() => insertRequests(client, tenant, chains, first + warmUp));
  const drained = await timed(drainAll);
  const usedNow = await processor(clients);
  const done = (await delivered(client, tenant)) - before;
  if (done !== warmUp + chains) throw new Error(`of ${warmUp + chains} requests only ${done} were delivered`);
  return {
    accept: chains / accept,
    drain: chains / drained,
    both: chains / (accept + drained),
    processor: used === null || usedNow === null ? null : (usedNow - used) / chains,
  };
}

async function delivered(client: pg.Client, tenant: Tenant): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    "select count(*)::int from public.workflow_request where org_id = $1 and state = 'delivered'",
    [tenant.org],
  );
  return rows[0]!.count;
}

/** A database beside another on the same server. */
function beside(url: string, suffix: string): { name: string; url: string; admin: string; own: string } {
  const address = new URL(url);
  const own = address.pathname.slice(1);
  const name = `${own}_${suffix}`;
  const at = (database: string) => Object.assign(new URL(url), { pathname: `/${database}` }).href;
  return { name, url: at(name), admin: at("postgres"), own };
}

export const growth: Bench = {
  name: "growth",
  about:
    "chains on a database with n finished requests, a fifth as many waiting and an hour unvacuumed, against an empty one",
  n: 1_000_000,
  async run({ url, n, rounds, progress }) {
    const empty = beside(url, "empty");
    const pristine = beside(url, "pristine");
    await using admin = await connect(empty.admin);
    const create = (name: string, template: string) =>
      admin.query(`create database ${name} template ${template}`);
    const drop = (name: string) => admin.query(`drop database if exists ${name} with (force)`);
    try {
      await create(pristine.name, pristine.own);
      const tenant = await grow(url, n, progress);
      const grown: Rates[] = [];
      const bare: Rates[] = [];
      for (let round = 1; round <= rounds; round++) {
        progress(`round ${round} of ${rounds}: empty`);
        await create(empty.name, pristine.name);
        {
          await using client = await connect(empty.url);
          await client.query("select etl_api.ensure_partitions()");
          const alone = await configure(client, "empty");
          bare.push(await measure(empty.url, alone, 0));
          await expectDelivered(client, alone.org, warmUp + chains);
        }
        await drop(empty.name);
        progress(`round ${round} of ${rounds}: grown`);
        grown.push(await measure(url, tenant, 3_000_000 + round * 10_000));
      }
      const figure = (name: string, of: (rates: Rates) => number): Figure => ({
        name,
        unit: "chains/s",
        values: grown.map(of),
        against: "empty database",
        baseline: bare.map(of),
      });
      return [
        { ...figure("insert to delivered", (rates) => rates.both), must: 0.9 },
        figure("accept", (rates) => rates.accept),
        figure("drain", (rates) => rates.drain),
        ...(bare[0]!.processor === null
          ? []
          : [
              {
                ...figure("processor", (rates) => rates.processor!),
                unit: "ms/chain",
                must: 1.11,
                atMost: true,
              },
            ]),
      ];
    } finally {
      await drop(empty.name);
      await drop(pristine.name);
    }
  },
};
