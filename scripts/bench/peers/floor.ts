/** The least a durable chain of three steps can cost: one narrow table, claimed and completed in batches. */
import type pg from "pg";
import { connectAll, timed } from "../engine.ts";
import type { Peer } from "./peer.ts";

const connections = 2;
const batch = 100;

/** Advances chains by a step a time until none is left. */
async function work(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ id: string }>(
      `update public.bench_floor set busy = true
       where id = any (array(select id from public.bench_floor where step < 3 and not busy order by id
         limit ${batch} for update skip locked))
       returning id`,
    );
    if (rows.length === 0) return;
    await client.query("update public.bench_floor set busy = false, step = step + 1 where id = any ($1)", [
      rows.map(({ id }) => id),
    ]);
  }
}

export const floor: Peer = {
  name: "floor",
  share: 3,
  async run(url, chains) {
    await using clients = await connectAll(url, connections);
    const setup = clients[0]!;
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
    const drain = await timed(() => Promise.all(clients.map(work)));
    await setup.query("drop table public.bench_floor");
    return { accept: chains / accept, drain: chains / drain };
  },
};
