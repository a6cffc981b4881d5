/**
 * A whole workflow request, from insert to delivered, against the least a durable chain of three steps can cost on the
 * same server. The engine's two outside steps, HTTP and webhook, are answered here through its claim and complete
 * functions, so that only the database is measured.
 */
import type { Bench, Figure } from "./bench.ts";
import { configure, connect, drain, expectDelivered, insertRequests, timed } from "./engine.ts";

const connections = 2;
const batch = 100;

/** Rates of accepting and of draining, per second. */
interface Rates {
  accept: number;
  drain: number;
}

/** The floor: one narrow table, three steps a chain, claimed and completed in batches with `skip locked`. */
async function floor(url: string, chains: number): Promise<Rates> {
  await using setup = await connect(url);
  await setup.query(`
    drop table if exists public.bench_floor;
    create table public.bench_floor (id bigint generated always as identity primary key, step int not null default 0,
      busy boolean not null default false, data jsonb) with (fillfactor = 50);
    create index on public.bench_floor (id) where step < 3 and not busy`);
  const accept = await timed(() =>
    setup.query(
      `insert into public.bench_floor (data) select '{"domain": "acme.test"}' from generate_series(1, $1)`,
      [chains],
    ),
  );
  const drain = await timed(() =>
    Promise.all(
      Array.from({ length: connections }, async () => {
        await using client = await connect(url);
        for (;;) {
          const claimed = await client.query<{ id: string }>(
            `update public.bench_floor set busy = true
             where id = any (array(select id from public.bench_floor where step < 3 and not busy order by id
               limit ${batch} for update skip locked))
             returning id`,
          );
          if (claimed.rows.length === 0) return;
          await client.query(
            "update public.bench_floor set busy = false, step = step + 1 where id = any ($1)",
            [claimed.rows.map((row) => row.id)],
          );
        }
      }),
    ),
  );
  await setup.query("drop table public.bench_floor");
  return { accept: chains / accept, drain: chains / drain };
}

/** The engine: insert in statements of 1,000, then claim, answer and complete until all is delivered. */
async function engine(url: string, chains: number, round: number): Promise<Rates> {
  await using setup = await connect(url);
  const tenant = await configure(setup, round);
  const accept = await timed(() => insertRequests(setup, tenant, chains));
  const seconds = await timed(() => drain(url));
  await expectDelivered(setup, tenant.org, chains);
  return { accept: chains / accept, drain: chains / seconds };
}

export const chain: Bench = {
  name: "chain",
  about: "a workflow request from insert to delivered, against a bare three-step queue",
  async run({ url, n, rounds, progress }) {
    const floors: Rates[] = [];
    const engines: Rates[] = [];
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round} of ${rounds}: floor`);
      floors.push(await floor(url, n));
      progress(`round ${round} of ${rounds}: engine`);
      engines.push(await engine(url, n, round));
    }
    const figure = (name: string, of: (rates: Rates) => number): Figure => ({
      name,
      unit: "chains/s",
      values: engines.map(of),
      against: "bare queue",
      baseline: floors.map(of),
    });
    return [figure("accept", (rates) => rates.accept), figure("insert to delivered", (rates) => rates.drain)];
  },
};
