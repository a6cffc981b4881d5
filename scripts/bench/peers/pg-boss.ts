/**
 * pg-boss: three queues, each job of one put into the next. Jobs go in, are fetched and completed in batches; what a
 * batch is followed by and its completion are one transaction. Maintenance is off while it is measured.
 */
import pg from "pg";
import PgBoss from "pg-boss";
import { timed } from "../engine.ts";
import { insertSize, parts, payload, type Peer } from "./peer.ts";

const connections = 2;
const batchSize = 500;
const queues = ["bench_1", "bench_2", "bench_3"];

/** Moves what one queue has to the next; false when there was nothing. */
async function step(boss: PgBoss, client: pg.PoolClient, index: number): Promise<boolean> {
  const db = { executeSql: (text: string, values: unknown[]) => client.query(text, values) };
  const jobs = await boss.fetch<typeof payload>(queues[index]!, { db, batchSize, priority: false });
  if (jobs.length === 0) return false;
  const name = queues[index + 1];
  const ids = jobs.map(({ id }) => id);
  await client.query("begin");
  if (name)
    await boss.insert(
      jobs.map(({ data }) => ({ name, data })),
      { db },
    );
  // Its types leave out the data that stands before the options.
  const complete = boss.complete.bind(boss) as (...all: unknown[]) => Promise<void>;
  await complete(queues[index]!, ids, {}, { db });
  await client.query("commit");
  return true;
}

/** Works until all chains are through. */
async function work(boss: PgBoss, pool: pg.Pool, isDone: () => Promise<boolean>): Promise<void> {
  const client = await pool.connect();
  try {
    do {
      for (const index of queues.keys()) while (await step(boss, client, index));
    } while (!(await isDone()));
  } finally {
    client.release();
  }
}

export const pgBoss: Peer = {
  name: "pg-boss",
  share: 2,
  async run(url, chains) {
    const pool = new pg.Pool({ connectionString: url, max: connections + 2 });
    const db = { executeSql: (text: string, values: unknown[]) => pool.query(text, values) };
    await pool.query("drop schema if exists pgboss cascade");
    const boss = new PgBoss({ db, supervise: false, schedule: false });
    try {
      await boss.start();
      for (const name of queues) await boss.createQueue(name);
      const jobs = Array.from({ length: chains }, () => ({ name: queues[0]!, data: payload }));
      const accept = await timed(async () => {
        for (const part of parts(jobs, insertSize)) await boss.insert(part);
      });
      const finished = async () => {
        const { rows } = await pool.query<{ open: boolean }>(
          "select exists (select from pgboss.job where state < 'completed' and name = any ($1)) as open",
          [queues],
        );
        return !rows[0]!.open;
      };
      const drain = await timed(() =>
        Promise.all(Array.from({ length: connections }, () => work(boss, pool, finished))),
      );
      return { accept: chains / accept, drain: chains / drain };
    } finally {
      await boss.stop({ graceful: false, wait: true });
      await pool.query("drop schema if exists pgboss cascade");
      await pool.end();
    }
  },
};
