/**
 * How long one request takes on an idle system: from its committed insert to the HTTP request at the third party, and to
 * `delivered`; beside it, in turns, how long the peers take from a job's insert to the start of its handler.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Logger, makeWorkerUtils, run as runWorker } from "graphile-worker";
import type pg from "pg";
import PgBoss from "pg-boss";
import { median, percentile, type Bench, type BenchOptions, type Figure } from "./bench.ts";
import { connect, type Tenant } from "./engine.ts";
import { configureFor, insertFor, startWorker, startWorld, type World } from "./http/stage.ts";

/** Milliseconds of one request or job, from the moment its insert was known to be committed. */
interface Times {
  /** Of the insert itself. */
  insert: number;
  start: number;
  /** Of a request of the engine. */
  delivered?: number;
}

interface Contestant {
  name: string;
  /** Does one, and returns when the system is idle again. */
  one(): Promise<Times>;
  stop(): Promise<void>;
}

const clock = () => Number(process.hrtime.bigint() / 1000n) / 1000;

/** Waits for something that has to happen soon. */
async function soon<T>(what: string, event: Promise<T>): Promise<T> {
  const halt = new AbortController();
  const late = delay(20_000, undefined, { signal: halt.signal }).then(() => {
    throw new Error(`${what} did not happen within 20 s`);
  });
  try {
    return await Promise.race([event, late]);
  } finally {
    halt.abort();
    late.catch(() => {});
  }
}

async function engine(url: string): Promise<Contestant> {
  const client = await connect(url);
  const listener = await connect(url);
  const world: World = await startWorld();
  const tenant: Tenant = await configureFor(client, world, "latency");
  const worker = await startWorker(url, tenant);
  await worker.listen();
  await listener.query("listen etl_state");
  let count = 0;
  return {
    name: "Millrace",
    async one() {
      let heard = (_: pg.Notification) => {};
      const told: string[] = [];
      let at = 0;
      let arrived = () => {};
      const delivered = new Promise<void>((resolve) => (arrived = resolve));
      let id = "";
      const look = () => {
        if (id !== "" && told.some((text) => text.includes(id) && text.includes('"delivered"'))) arrived();
      };
      heard = ({ payload }) => {
        if (payload?.includes('"workflow_request"') && payload.includes('"delivered"')) at = clock();
        told.push(payload ?? "");
        look();
      };
      listener.on("notification", heard);
      const begun = clock();
      const [inserted] = await insertFor(client, tenant, world, 1, count++);
      const committed = clock();
      id = inserted!;
      look();
      try {
        await soon(`the delivery of request ${count}`, delivered);
      } catch (error) {
        throw new Error(`${(error as Error).message}: ${worker.troubles.join("; ")}`);
      } finally {
        listener.off("notification", heard);
      }
      const { askedAt } = await world.counts();
      return {
        insert: committed - begun,
        start: Number(BigInt(askedAt) / 1000n) / 1000 - committed,
        delivered: at - committed,
      };
    },
    async stop() {
      await worker[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
      await listener.end();
      await client.end();
    },
  };
}

/** One job of a peer: inserts it and waits for its handler to begin. */
function jobs(name: string, insert: () => Promise<unknown>): Contestant & { begin: () => void } {
  let began = 0;
  let begin = () => {};
  return {
    name,
    begin: () => {
      began = clock();
      begin();
    },
    async one() {
      const handled = new Promise<void>((resolve) => (begin = resolve));
      const begun = clock();
      await insert();
      const committed = clock();
      await soon(`a job of ${name}`, handled);
      return { insert: committed - begun, start: began - committed };
    },
    stop: async () => {},
  };
}

/** As its documentation has it: workers listen, and none of what trades latency for throughput is on. */
async function graphileWorker(connectionString: string): Promise<Contestant> {
  const logger = new Logger(() => () => {});
  const utils = await makeWorkerUtils({ connectionString, logger });
  await utils.migrate();
  const contestant = jobs("graphile-worker", () => utils.addJob("latency", {}));
  const runner = await runWorker({
    connectionString,
    logger,
    noHandleSignals: true,
    concurrency: 10,
    taskList: { latency: () => contestant.begin() },
  });
  contestant.stop = async () => {
    await runner.stop();
    await utils.release();
  };
  return contestant;
}

/** It polls; half a second is the least it takes. (A worker can be woken, but only from its own process.) */
async function pgBoss(connectionString: string): Promise<Contestant> {
  const boss = new PgBoss({ connectionString, schedule: false });
  await boss.start();
  await boss.createQueue("latency");
  const contestant = jobs("pg-boss", () => boss.send("latency", {}));
  await boss.work("latency", { pollingIntervalSeconds: 0.5 }, () => Promise.resolve(contestant.begin()));
  contestant.stop = () => boss.stop({ graceful: false, wait: true });
  return contestant;
}

const requestsWarmingUp = 20;
/** Of the jobs of the one that polls, for each five of the others: the rest would be waiting. */
const polled = 5;

async function takeTurns(
  contestants: Contestant[],
  { n, rounds, progress }: BenchOptions,
): Promise<Map<string, Times[][]>> {
  const each = Math.ceil(n / rounds);
  for (const contestant of contestants)
    for (let number = 0; number < requestsWarmingUp; number++)
      if (contestant.name !== "pg-boss" || number === 0) await contestant.one();
  const times = new Map<string, Times[][]>(contestants.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const { name } of contestants) times.get(name)!.push([]);
    for (let number = 0; number < each; number++)
      for (const contestant of contestants) {
        if (contestant.name === "pg-boss" && number % polled !== 0) continue;
        // Another's last steps are not to be waited for.
        await delay(20);
        times
          .get(contestant.name)!
          .at(-1)!
          .push(await contestant.one());
      }
    const told = contestants.map(({ name }) => {
      const starts = times.get(name)![round - 1]!.map(({ start }) => start);
      return `${name} ${median(starts).toFixed(1)}, p95 ${percentile(starts, 0.95).toFixed(1)} ms`;
    });
    progress(`round ${round} of ${rounds}: ${told.join("; ")}`);
  }
  return times;
}

function figures(times: Map<string, Times[][]>): Figure[] {
  const of = (name: string, part: (times: Times) => number, share: number) =>
    times.get(name)!.map((round) => percentile(round.map(part), share));
  const start = ({ start }: Times) => start;
  const delivered = ({ delivered }: Times) => delivered!;
  const peers = [...times.keys()].slice(1);
  const best = (share: number) => {
    const each = peers.map((name) => of(name, start, share));
    return each[0]!.map((_, round) => Math.min(...each.map((values) => values[round]!)));
  };
  const plain = (name: string, values: number[]): Figure => ({ name, unit: "ms", values });
  return [
    {
      ...plain("insert to HTTP request, p95", of("Millrace", start, 0.95)),
      against: "the best peer's insert to start",
      baseline: best(0.95),
      must: 2,
      atMost: true,
    },
    {
      ...plain("insert to HTTP request, p50", of("Millrace", start, 0.5)),
      against: "the best peer's insert to start",
      baseline: best(0.5),
      atMost: true,
    },
    plain("insert to delivered, p50", of("Millrace", delivered, 0.5)),
    plain("insert to delivered, p95", of("Millrace", delivered, 0.95)),
    plain(
      "the insert itself, p50",
      of("Millrace", ({ insert }) => insert, 0.5),
    ),
    ...peers.flatMap((name) => [
      plain(`${name}: insert to start, p50`, of(name, start, 0.5)),
      plain(`${name}: insert to start, p95`, of(name, start, 0.95)),
      plain(
        `${name}: the insert itself, p50`,
        of(name, ({ insert }) => insert, 0.5),
      ),
    ]),
  ];
}

export const latency: Bench = {
  name: "latency",
  about: "insert to HTTP request and to delivered on an idle system, against the peers' insert to start",
  n: 500,
  async run(options) {
    const contestants: Contestant[] = [];
    try {
      for (const start of [engine, graphileWorker, pgBoss]) contestants.push(await start(options.url));
      return figures(await takeTurns(contestants, options));
    } finally {
      for (const contestant of contestants.reverse()) await contestant.stop();
    }
  },
};
