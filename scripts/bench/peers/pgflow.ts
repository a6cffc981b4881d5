/**
 * pgflow: a flow of three steps in a row, on its own SQL. Tasks are read and started in batches, as its worker does;
 * flows are started and tasks completed one a call, for it has no other way, a hundred calls in a statement.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type pg from "pg";
import { connectAll, timed } from "../engine.ts";
import type { Peer } from "./peer.ts";
import { standIns } from "./pgmq.ts";

const connections = 2;
const batch = 100;
const flow = "bench";
const warm = 200;
const schemas = "drop schema if exists pgflow, pgmq, realtime cascade";

/** Its migrations as they come, but for the extension that a plain server does not have. */
async function install(client: pg.Client): Promise<void> {
  await client.query(`${schemas}; ${standIns}`);
  const folder = join(dirname(fileURLToPath(import.meta.resolve("@pgflow/core"))), "supabase/migrations");
  for (const file of readdirSync(folder).sort()) {
    const text = readFileSync(join(folder, file), "utf8");
    await client.query(text.replace(/^create extension .*$/gim, ""));
  }
  await client.query(`
    select pgflow.create_flow('${flow}');
    select pgflow.add_step('${flow}', 'one');
    select pgflow.add_step('${flow}', 'two', array['one']);
    select pgflow.add_step('${flow}', 'three', array['two'])`);
  await client.query("reset all; analyze");
}

async function start(client: pg.Client, chains: number): Promise<void> {
  for (let done = 0; done < chains; done += batch)
    await client.query(
      `select run.run_id
       from generate_series(1, $1) as n
       cross join lateral pgflow.start_flow('${flow}', jsonb_build_object('domain', 'd' || n || '.test')) as run`,
      [Math.min(batch, chains - done)],
    );
}

/** Reads, starts and completes tasks until no run is open. Returns when the last was completed: the poll after it waits for nothing. */
async function work(client: pg.Client): Promise<number> {
  const { rows: own } = await client.query<{ id: string }>(
    `insert into pgflow.workers (worker_id, queue_name, function_name)
     values (gen_random_uuid(), '${flow}', '${flow}') returning worker_id as id`,
  );
  for (let last = 0; ;) {
    const { rows } = await client.query<{ msg_id: string }>(
      `select msg_id from pgmq.read_with_poll('${flow}', 60, ${batch}, 1, 10)`,
    );
    if (rows.length > 0) {
      const { rows: tasks } = await client.query(
        `select run_id, step_slug, task_index from pgflow.start_tasks('${flow}', $1, $2)`,
        [rows.map(({ msg_id }) => msg_id), own[0]!.id],
      );
      await client.query(
        `select count(*)
         from jsonb_to_recordset($1) as t (run_id uuid, step_slug text, task_index int)
         cross join lateral pgflow.complete_task(t.run_id, t.step_slug, t.task_index, '{}')`,
        [JSON.stringify(tasks)],
      );
      last = performance.now();
    } else {
      const { rows: open } = await client.query("select from pgflow.runs where status = 'started' limit 1");
      if (open.length === 0) return last;
    }
  }
}

export const pgflow: Peer = {
  name: "pgflow",
  share: 0.5,
  async run(url, chains) {
    await using clients = await connectAll(url, connections);
    const setup = clients[0]!;
    await install(setup);
    // What a session does once is not a chain's cost.
    for (const client of clients) {
      await start(client, warm);
      await work(client);
    }
    // Its functions plan by statistics, which a server that has run for a while has.
    await setup.query("analyze");
    const accept = await timed(() => start(setup, chains));
    await setup.query("analyze");
    const begin = performance.now();
    const ends = await Promise.all(clients.map(work));
    const drain = (Math.max(...ends) - begin) / 1000;
    const { rows } = await setup.query<{ count: number }>(
      "select count(*)::int from pgflow.runs where status = 'completed'",
    );
    if (rows[0]!.count !== chains + warm * connections)
      throw new Error(`pgflow completed ${rows[0]!.count} of ${chains} runs`);
    await setup.query(schemas);
    return { accept: chains / accept, drain: chains / drain };
  },
};
