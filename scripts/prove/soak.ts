/**
 * A quarter of an hour at 70 % of what the machine can do, over real HTTP, with roll-up and purge beside: what it needs
 * at the end is what it needed near the beginning.
 */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import {
  configureFor,
  insertFor,
  residentMegabytes,
  startWorker,
  startWorld,
  type World,
} from "../bench/http/stage.ts";
import type { Tenant } from "../bench/engine.ts";
import { faultsOf } from "./live.ts";
import { NotProven, type Figures, type Proof, type ProofContext } from "./proof.ts";

/** How long its parts take, in seconds, and how long what has ended is kept. */
interface Times {
  warm: number;
  measure: number;
  soak: number;
  keep: number;
  sample: number;
}
const times: Record<"short" | "full", Times> = {
  short: { warm: 3, measure: 6, soak: 24, keep: 3, sample: 0.5 },
  full: { warm: 30, measure: 60, soak: 900, keep: 30, sample: 5 },
};

/** The share of the capacity that is asked for. */
const share = 0.7;

/** What lies in the queue while the capacity is measured: enough that nobody waits for more. */
const backlog = 1_500;

/** How far something may grow between an early and a late part of the soak. */
interface Bound {
  factor: number;
  /** Beside the factor: what is small may vary by this. */
  slack: number;
}

const median = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
};
const percentile = (values: number[], at: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * at))] ?? 0;
const rounded = (value: number, digits = 1): number => Math.round(value * 10 ** digits) / 10 ** digits;

/** Megabytes that a process has for itself, without what it shares with others. */
function ownMegabytes(pid: number): number {
  try {
    return Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    // It has ended since it was named.
    return 0;
  }
}

interface Size {
  /** Megabytes of the table with its indexes. */
  megabytes: number;
  /** Share of the table that is dead rows, and that is free. */
  dead: number;
  free: number;
}

/** Sizes of all tables of the engine, the partitions of its history included; pgstattuple reads them whole. */
async function sizesOf(client: pg.Client): Promise<Map<string, Size>> {
  const { rows } = await client.query<{ name: string; megabytes: number; dead: number; free: number }>(
    `select c.relnamespace::regnamespace || '.' || c.relname as name, pg_total_relation_size(c.oid)::float8 / 1048576 as megabytes,
       s.dead_tuple_percent as dead, s.free_percent as free
     from pg_class as c
     cross join lateral soak.pgstattuple(c.oid::regclass) as s
     where c.relkind = 'r'
       and c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace)
     order by 1`,
  );
  return new Map(rows.map(({ name, megabytes, dead, free }) => [name, { megabytes, dead, free }]));
}

interface Sample {
  /** Seconds the oldest request that has not ended, or message that is not delivered, is there. */
  age: number;
  open: number;
  functions: number;
  backends: number;
}

async function sample(client: pg.Client, worker: number): Promise<Sample> {
  const { rows } = await client.query<{ age: number; open: number; pids: number[] }>(
    `select coalesce(extract(epoch from clock_timestamp() - min(o.created_at)), 0)::float8 as age,
       count(*) filter (where o.is_request)::int as open,
       array(select pid from pg_stat_activity where application_name like 'millrace%' and datname = current_database()) as pids
     from (
       select true as is_request, created_at from public.workflow_request where is_open
       union all
       select false, created_at from public.delivery where state in ('waiting', 'ready')
       union all
       select false, created_at from public.delivery where state = 'in_progress'
     ) as o`,
  );
  const { age, open, pids } = rows[0]!;
  return {
    age,
    open,
    functions: residentMegabytes(worker),
    // Of one backend, for there are now more, now fewer.
    backends: Math.max(0, ...pids.map(ownMegabytes)),
  };
}

/** Hands requests in; how many so far. */
class Feeder {
  handedIn = 0;
  readonly #client: pg.Client;
  readonly #tenant: Tenant;
  readonly #world: World;

  constructor(client: pg.Client, tenant: Tenant, world: World) {
    this.#client = client;
    this.#tenant = tenant;
    this.#world = world;
  }

  async add(count: number): Promise<void> {
    if (count <= 0) return;
    await insertFor(this.#client, this.#tenant, this.#world, count, this.handedIn);
    this.handedIn += count;
  }

  /** Keeps the queue filled for so long; returns how many a second came out at the other end. */
  async fill(seconds: number, signal: AbortSignal): Promise<number> {
    const begun = performance.now();
    const before = (await this.#world.counts()).told;
    while (performance.now() - begun < seconds * 1_000) {
      signal.throwIfAborted();
      await this.add(backlog - (this.handedIn - (await this.#world.counts()).told));
      await pause(100);
    }
    const { told } = await this.#world.counts();
    return (told - before) / ((performance.now() - begun) / 1_000);
  }

  /** Hands in at a rate, whatever becomes of it. */
  async pour(rate: number, seconds: number, signal: AbortSignal): Promise<void> {
    const begun = performance.now();
    const first = this.handedIn;
    for (;;) {
      const passed = (performance.now() - begun) / 1_000;
      if (passed >= seconds) return;
      signal.throwIfAborted();
      await this.add(Math.floor(rate * passed) - (this.handedIn - first));
      await pause(200);
    }
  }

  /** Waits until the client was told of all. */
  async drain(seconds: number): Promise<number> {
    const end = Date.now() + seconds * 1_000;
    for (;;) {
      const { told } = await this.#world.counts();
      if (told >= this.handedIn || Date.now() > end) return told;
      await pause(50);
    }
  }
}

/** Takes away what has ended, again and again. */
function keepPurging(
  client: pg.Client,
  keep: number,
  troubles: string[],
): { purged(): number; stop(): Promise<void> } {
  let over = false;
  let purged = 0;
  const work = (async () => {
    while (!over) {
      let more = false;
      try {
        // A purge leaves a minute; with a clock that is ahead, less.
        await client.query(
          "select set_config('etl.fake_now', (clock_timestamp() + make_interval(secs => $1))::text, false)",
          [60 - keep],
        );
        const { rows } = await client.query<{ what: string; count: string; more: boolean }>(
          "select * from etl_api.purge(interval '1 minute', 1000, null, true)",
        );
        more = rows.some((row) => row.what === "workflow_request" && row.more);
        purged += Number(rows.find((row) => row.what === "workflow_request")?.count ?? 0);
      } catch (error) {
        troubles.push(`purge: ${(error as Error).message}`);
      }
      if (!more) await pause(500);
    }
  })();
  return {
    purged: () => purged,
    async stop() {
      over = true;
      await work;
    },
  };
}

async function run(context: ProofContext): Promise<Figures> {
  const of = times[context.short ? "short" : "full"];
  const server = await context.server({
    settings: { autovacuum_naptime: context.short ? "2s" : "15s", max_wal_size: "2GB" },
  });
  const { url } = await context.database(server);
  const connect = async (): Promise<pg.Client> => {
    const client = context.own(new pg.Client({ connectionString: url }), (one) => one.end().catch(() => {}));
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  const [control, feed, keeper] = [await connect(), await connect(), await connect()];
  await control
    .query("create schema soak; create extension pgstattuple schema soak")
    .catch((error: Error) => {
      throw new NotProven(`the server has no pgstattuple: ${error.message}`);
    });
  const world = context.own(await startWorld(), (one) => one[Symbol.asyncDispose]());
  const tenant = await configureFor(control, world, "soak");
  const worker = context.own(await startWorker(url, tenant), (one) => one[Symbol.asyncDispose]());
  await worker.listen();
  const troubles: string[] = [];
  const purging = context.own(keepPurging(keeper, of.keep, troubles), (one) => one.stop());
  const feeder = new Feeder(feed, tenant, world);

  context.progress(`capacity is measured for ${of.warm + of.measure} s`);
  await feeder.fill(of.warm, context.signal);
  const capacity = await feeder.fill(of.measure, context.signal);
  await feeder.drain(60);
  const rate = capacity * share;
  context.progress(`${Math.round(capacity)} requests a second; ${of.soak} s at ${Math.round(rate)} a second`);

  const samples: Sample[] = [];
  let over = false;
  let middle: Map<string, Size> | undefined;
  const begun = performance.now();
  const watching = (async () => {
    while (!over) {
      samples.push(await sample(control, worker.pid));
      const passed = (performance.now() - begun) / 1_000;
      if (middle === undefined && passed > of.soak / 2) middle = await sizesOf(control);
      if (samples.length % 24 === 0) {
        const { age, open, functions, backends } = samples.at(-1)!;
        context.progress(
          `${Math.round(passed)} s: oldest ${age.toFixed(2)} s, ${open} open, functions ${functions.toFixed(0)} MB, largest backend ${backends.toFixed(0)} MB, ${purging.purged()} purged`,
        );
      }
      await pause(of.sample * 1_000);
    }
  })();
  await feeder.pour(rate, of.soak, context.signal);
  over = true;
  await watching;
  const end = await sizesOf(control);
  const told = await feeder.drain(60);
  await purging.stop();
  await worker.rest();

  // The first fifth is for warming up.
  const part = (from: number, to: number): Sample[] =>
    samples.slice(Math.floor(samples.length * from), Math.floor(samples.length * to));
  const compare = (
    what: string,
    value: (sample: Sample) => number,
    { factor, slack }: Bound,
  ): [number, number] => {
    const [early, late] = [median(part(0.2, 0.4).map(value)), median(part(0.8, 1).map(value))];
    context.expect(
      late <= early * factor + slack,
      `${what} grew from ${rounded(early, 2)} to ${rounded(late, 2)}`,
    );
    return [early, late];
  };
  const loose = context.short ? 2 : 1;
  const ages = samples.map(({ age }) => age);
  compare("the age of the oldest open request or message, in seconds,", ({ age }) => age, {
    factor: 2,
    slack: 2,
  });
  const memory = compare("the memory of the functions, in MB,", ({ functions }) => functions, {
    factor: 1.2,
    slack: 30 * loose,
  });
  const backends = compare("the memory of a backend, in MB,", ({ backends: own }) => own, {
    factor: 1.2,
    slack: 20 * loose,
  });
  for (const [name, { megabytes, dead }] of end) {
    const before = middle?.get(name)?.megabytes ?? megabytes;
    context.expect(
      megabytes <= before * (context.short ? 3 : 1.3) + 8,
      `${name} grew from ${rounded(before)} to ${rounded(megabytes)} MB in the second half`,
    );
    // What is kept for 30 s and looked at by autovacuum each 15 s is a third dead when its turn comes, and then is vacuumed.
    context.expect(
      megabytes < 16 || dead <= 50,
      `${name} is ${rounded(megabytes)} MB of which ${dead} % are dead rows`,
    );
  }
  const sum = (sizes: Map<string, Size> | undefined) =>
    rounded([...(sizes ?? [])].reduce((all, [, { megabytes }]) => all + megabytes, 0));
  const faults = await faultsOf(control);
  context.expect(faults.length === 0, `${faults.length}: ${faults.slice(0, 3).join("; ")}`);
  const counts = await world.counts();
  const wrong = [...new Set([...troubles, ...worker.troubles, ...(counts.fault ? [counts.fault] : [])])];
  context.expect(wrong.length === 0, wrong.slice(0, 3).join("; "));
  const largest = [...end].sort(([, a], [, b]) => b.megabytes - a.megabytes)[0];
  return {
    load: Math.round(median(samples.map(({ open }) => open))),
    inputs: feeder.handedIn,
    lost: Math.max(0, feeder.handedIn - told),
    doubled: Math.max(0, told - feeder.handedIn),
    more: {
      "capacity, requests a second": Math.round(capacity),
      "asked for, a second": Math.round(rate),
      seconds: of.soak,
      "age of the oldest open request or message, median and 95 %, in seconds": `${rounded(median(ages), 2)}, ${rounded(percentile(ages, 0.95), 2)}`,
      "memory of the functions early and late, MB": memory.map((value) => Math.round(value)).join(", "),
      "memory of the largest backend early and late, MB": backends
        .map((value) => Math.round(value))
        .join(", "),
      "all tables with their indexes in the middle and at the end, MB": `${sum(middle)}, ${sum(end)}`,
      "largest of them": largest
        ? `${largest[0]}, ${rounded(largest[1].megabytes)} MB, dead ${largest[1].dead} %, free ${largest[1].free} %`
        : "none",
      "requests purged meanwhile": purging.purged(),
    },
  };
}

export const soak: Proof = { run, limit: { short: 120, full: 1_800 } };
