/**
 * Whether retention keeps size and speed flat: a month in days of some thousand chains each, at whose end the summaries
 * are brought up to date, what is older than a week is purged, and vacuum runs.
 */
import type pg from "pg";
import type { Bench } from "./bench.ts";
import { configure, connectAll, drainOn, insertRequests, timed, type Tenant } from "./engine.ts";
import { processor } from "./objects.ts";

const days = 30;

/** How many days are kept. */
const kept = 7;

/** The first day at whose end something is purged: until then it only grows. */
const first = kept + 1;

/** What a day was like. */
interface Day {
  /** Chains per second, from insert to delivered. */
  rate: number;
  /** Milliseconds of processor time a chain; null where /proc is not. */
  processor: number | null;
  /** Bytes of the database when the day was over. */
  size: number;
  /** Milliseconds of purging for each request that went. */
  purge: number;
}

/** Sets the engine's clock in all connections. */
async function setTime(clients: pg.Client[], begin: Date, hours: number): Promise<void> {
  const now = new Date(begin.getTime() + hours * 3_600_000).toISOString();
  for (const client of clients) await client.query("select set_config('etl.fake_now', $1, false)", [now]);
}

/** Purges until nothing is left. Returns how many requests went and how many seconds it took. */
async function purge(client: pg.Client): Promise<{ requests: number; seconds: number }> {
  let requests = 0;
  const seconds = await timed(async () => {
    for (let more = true; more;) {
      const { rows } = await client.query<{ what: string; count: string; more: boolean }>(
        "select * from etl_api.purge($1::interval)",
        [`${kept} days`],
      );
      if (rows.some(({ what }) => what === "not_rolled_up")) throw new Error("not all was rolled up");
      requests += Number(rows.find(({ what }) => what === "workflow_request")?.count ?? 0);
      more = rows.some((row) => row.more);
    }
  });
  return { requests, seconds };
}

/** One day: its chains, and what the clock does at its end. */
async function live(clients: pg.Client[], tenant: Tenant, begin: Date, day: number, n: number): Promise<Day> {
  const client = clients[0]!;
  await setTime(clients, begin, 24 * day);
  const before = await processor(clients);
  const seconds = await timed(async () => {
    // The same companies every day, whose values have grown old: objects are the tenant's data, and stay.
    await insertRequests(client, tenant, n);
    await Promise.all(clients.map((each, place) => drainOn(each, `bench-${place}`)));
  });
  const after = await processor(clients);
  await setTime(clients, begin, 24 * day + 12);
  while (Number((await client.query("select etl_api.roll_up() as steps")).rows[0].steps) > 0);
  await client.query("select etl_api.ensure_partitions()");
  const gone = await purge(client);
  await client.query("vacuum (analyze)");
  const { rows } = await client.query<{ size: string; left: number }>(
    `select pg_database_size(current_database()) as size,
       (select count(*)::int from public.workflow_request) as left`,
  );
  const expected = Math.min(day + 1, kept) * n;
  if (rows[0]!.left !== expected)
    throw new Error(`on day ${day + 1} there are ${rows[0]!.left} requests, not ${expected}`);
  return {
    rate: n / seconds,
    processor: before === null || after === null ? null : (after - before) / n,
    size: Number(rows[0]!.size),
    purge: gone.requests === 0 ? 0 : (1000 * gone.seconds) / gone.requests,
  };
}

export const retention: Bench = {
  name: "retention",
  about: `${days} days of n chains each, of which ${kept} are kept: the last days against the first full ones`,
  n: 2000,
  rounds: 1,
  async run({ url, n, rounds, progress }) {
    const months: Day[][] = [];
    for (let round = 1; round <= rounds; round++) {
      await using clients = await connectAll(url);
      const client = clients[0]!;
      // In the last third of a month, so that one of its partitions of the history grows old on the way.
      const { rows } = await client.query<{ begin: Date }>(
        "select date_trunc('month', now(), 'UTC') + $1::int * interval '3 months' + interval '20 days' as begin",
        [round],
      );
      const tenant = await configure(client, `retention-${round}`);
      await client.query("update public.datapoint_source set max_age = interval '1 hour'");
      await client.query("alter table public.workflow_request alter created_at set default utils.now()");
      const month: Day[] = [];
      await setTime(clients, rows[0]!.begin, 0);
      await client.query("select etl_api.ensure_partitions()");
      for (let day = 0; day < days; day++) {
        month.push(await live(clients, tenant, rows[0]!.begin, day, n));
        const { rate, size, purge } = month.at(-1)!;
        progress(
          `day ${day + 1}: ${Math.round(rate).toLocaleString("en")} chains/s, ${Math.round(size / 1e6)} MB, purging ${purge.toFixed(2)} ms a request`,
        );
      }
      months.push(month);
      if (round < rounds) {
        await client.query("delete from public.workflow_request");
        await client.query("vacuum full");
      }
    }
    // Three days each, since one alone tells little.
    const early = months.flatMap((month) => month.slice(first - 1, first + 2));
    const late = months.flatMap((month) => month.slice(-3));
    const figure = (name: string, unit: string, of: (day: Day) => number) => ({
      name,
      unit,
      values: late.map(of),
      against: `days ${first} to ${first + 2}`,
      baseline: early.map(of),
    });
    return [
      { ...figure("size after a month", "MB", (day) => day.size / 1e6), must: 1.2, atMost: true },
      { ...figure("insert to delivered after a month", "chains/s", (day) => day.rate), must: 0.9 },
      ...(late[0]!.processor === null
        ? []
        : [
            {
              ...figure("processor", "ms/chain", (day) => day.processor!),
              must: 1.11,
              atMost: true,
            },
          ]),
      {
        name: "purging one request",
        unit: "ms",
        values: late.map((day) => day.purge),
      },
    ];
  },
};
