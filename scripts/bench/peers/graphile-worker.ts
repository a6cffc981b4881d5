/**
 * graphile-worker: three tasks, each of which adds the job of the next. Settings are those of its own page on
 * performance: 24 jobs at once, 25 connections, a local queue of 500, completions in batches.
 */
import { makeWorkerUtils, run, Logger, type TaskList, type WorkerUtils } from "graphile-worker";
import { connect, timed } from "../engine.ts";
import { insertSize, parts, payload, type Peer } from "./peer.ts";

const worker = {
  concurrentJobs: 24,
  maxPoolSize: 25,
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
  pollInterval: 100,
  logger: new Logger(() => () => {}),
};

async function add(utils: WorkerUtils, chains: number): Promise<void> {
  const jobs = Array.from({ length: chains }, () => ({ identifier: "bench_1", payload }));
  for (const part of parts(jobs, insertSize)) await utils.addJobs(part);
}

/**
 * Runs all jobs, and stops when the last chain has ended and its completion is written. Returns how many seconds it
 * took from the first job on: starting the workers is not a chain's cost.
 */
async function drain(connectionString: string, chains: number): Promise<number> {
  let [left, begin] = [chains, 0];
  let finish = () => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const taskList: TaskList = {
    bench_1: async (data, { addJob }) => {
      begin ||= performance.now();
      await addJob("bench_2", data);
    },
    bench_2: async (data, { addJob }) => void (await addJob("bench_3", data)),
    bench_3: () => {
      if (--left === 0) finish();
    },
  };
  const runner = await run({
    preset: { worker: { connectionString, ...worker } },
    taskList,
    noHandleSignals: true,
  });
  await Promise.race([finished, runner.promise]);
  await runner.stop();
  return (performance.now() - begin) / 1000;
}

export const graphileWorker: Peer = {
  name: "graphile-worker",
  share: 0.5,
  async run(url, chains) {
    await using setup = await connect(url);
    await setup.query("drop schema if exists graphile_worker cascade");
    const utils = await makeWorkerUtils({ preset: { worker: { connectionString: url, ...worker } } });
    try {
      await utils.migrate();
      const accept = await timed(() => add(utils, chains));
      const seconds = await drain(url, chains);
      const { rows } = await setup.query("select count(*)::int as left from graphile_worker.jobs");
      if (rows[0].left !== 0) throw new Error(`graphile-worker left ${rows[0].left} jobs`);
      return { accept: chains / accept, drain: chains / seconds };
    } finally {
      await utils.release();
      await setup.query("drop schema if exists graphile_worker cascade");
    }
  },
};
