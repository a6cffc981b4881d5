/**
 * The least a durable chain of three steps can cost: one narrow table, claimed and completed in batches of 100 from two
 * connections. The floor is the table any queue needs, written by hand: an id that whoever hands work in can make, where
 * it stands, and from when on it is due. The bare floor leaves out even that: a counter and a bit, so narrow that a step
 * hardly changes an index.
 */
import type pg from "pg";
import { connectAll, timed } from "../engine.ts";
import type { Peer } from "./peer.ts";

const connections = 2;

interface Table {
  /** Columns, and what an index of what is to be done covers. */
  create: string;
  /** Takes up to 100 chains and returns their ids. */
  claim: string;
  /** Ends the step of the chains of these ids. */
  complete: string;
}

const queue: Table = {
  create: `
    create table public.bench_floor (id uuid primary key default gen_random_uuid(), state text not null default 'ready',
      step int not null default 0, due_at timestamptz not null default now(), data jsonb not null);
    create index on public.bench_floor (due_at) where state = 'ready'`,
  claim: `
    update public.bench_floor set state = 'running'
    where id = any (array(select id from public.bench_floor where state = 'ready' and due_at <= now() order by due_at
      limit 100 for update skip locked))
    returning id`,
  complete: `
    update public.bench_floor set step = step + 1, state = case when step = 2 then 'done' else 'ready' end, due_at = now()
    where id = any ($1)`,
};

const bare: Table = {
  create: `
    create table public.bench_floor (id bigint generated always as identity primary key, step int not null default 0,
      busy boolean not null default false, data jsonb not null) with (fillfactor = 50);
    create index on public.bench_floor (id) where step < 3 and not busy`,
  claim: `
    update public.bench_floor set busy = true
    where id = any (array(select id from public.bench_floor where step < 3 and not busy order by id
      limit 100 for update skip locked))
    returning id`,
  complete: "update public.bench_floor set busy = false, step = step + 1 where id = any ($1)",
};

/** Advances chains by a step a time until none is left. */
async function work(client: pg.Client, { claim, complete }: Table): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ id: string }>(claim);
    if (rows.length === 0) return;
    await client.query(complete, [rows.map(({ id }) => id)]);
  }
}

const contestant = (name: string, table: Table): Peer => ({
  name,
  share: 3,
  async run(url, chains) {
    await using clients = await connectAll(url, connections);
    const setup = clients[0]!;
    await setup.query(`drop table if exists public.bench_floor; ${table.create}`);
    const accept = await timed(() =>
      setup.query(
        `insert into public.bench_floor (data) select '{"domain": "acme.test"}' from generate_series(1, $1)`,
        [chains],
      ),
    );
    const drain = await timed(() => Promise.all(clients.map((client) => work(client, table))));
    await setup.query("drop table public.bench_floor");
    return { accept: chains / accept, drain: chains / drain };
  },
});

export const floor = contestant("floor", queue);
export const bareFloor = contestant("bare floor", bare);
