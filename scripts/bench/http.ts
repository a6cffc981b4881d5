/**
 * A whole workflow over real HTTP: the edge functions as `npm start` runs them, with a third party and a client that
 * answer at once, against a bare Deno loop that makes the same two requests a workflow and touches no database.
 */
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { connect, expectDelivered, timed, type Tenant } from "./engine.ts";
import {
  configureFor,
  cpuSeconds,
  insertFor,
  residentMegabytes,
  startBare,
  startWorker,
  startWorld,
  type Bare,
  type Worker,
  type World,
} from "./http/stage.ts";

/** Workflows the bare loop has under way at once: more make it no faster. */
const bareConcurrency = 40;

/** How many processes share the work. */
const crowds = [1, 2, 4];

/** What a contestant did in one round. */
interface Run {
  /** Workflows a second, from the first claim to the last `delivered`: all were handed in before. */
  rate: number;
  /** The same with the time of handing in. */
  withAccepting: number;
  /** Microseconds of CPU time of the processes that send, per workflow. */
  cpu: number;
  /** How much of the work each process did. */
  shares: number[];
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

async function runBare(bare: Bare, count: number): Promise<Run> {
  const begun = cpuSeconds(bare.pid);
  const seconds = await bare.run(count, bareConcurrency);
  const rate = count / seconds;
  return { rate, withAccepting: rate, cpu: ((cpuSeconds(bare.pid) - begun) / count) * 1e6, shares: [1] };
}

/** The engine over HTTP: one tenant, and as many processes as are wanted. */
class Engine {
  readonly #client: pg.Client;
  readonly #world: World;
  readonly #tenant: Tenant;
  readonly workers: Worker[];
  #done = 0;

  constructor(client: pg.Client, world: World, tenant: Tenant, workers: Worker[]) {
    this.#client = client;
    this.#world = world;
    this.#tenant = tenant;
    this.workers = workers;
  }

  /** Hands in workflows and waits until all are delivered by the first few processes. */
  async run(count: number, processes: number): Promise<Run> {
    const team = this.workers.slice(0, processes);
    const accepting = await timed(() =>
      insertFor(this.#client, this.#tenant, this.#world, count, this.#done),
    );
    this.#done += count;
    for (const worker of team) await worker.listen();
    const cpu = () => sum(team.map((worker) => cpuSeconds(worker.pid)));
    const sent = team.map((worker) => worker.sent());
    const cpuBegun = cpu();
    const seconds = await timed(async () => {
      await this.#client.query("select etl_api.ring('execute-runs')");
      await this.#delivered();
    });
    const used = cpu() - cpuBegun;
    // What a call did is told when it ends, a moment after the last state.
    const shares = () => team.map((worker, index) => worker.sent() - sent[index]!);
    for (let wait = 0; wait < 400 && sum(shares()) < 2 * count; wait++) await delay(5);
    for (const worker of team) await worker.rest();
    if (processes === 1) this.memory.push(residentMegabytes(team[0]!.pid));
    const all = sum(shares());
    return {
      rate: count / seconds,
      withAccepting: count / (seconds + accepting),
      cpu: (used / count) * 1e6,
      shares: shares().map((share) => share / all),
    };
  }

  /** Waits for the last message by asking the client, which costs little, and then for the last state. */
  async #delivered(): Promise<void> {
    for (let told = -1, since = performance.now(); ;) {
      const counts = await this.#world.counts();
      if (counts.fault !== null) throw new Error(counts.fault);
      if (counts.told >= this.#goal) break;
      if (counts.told !== told) [told, since] = [counts.told, performance.now()];
      if (performance.now() - since > 20_000) throw new Error(this.#stuck(counts.told));
      await delay(20);
    }
    for (let wait = 0; ; wait++) {
      const { rowCount } = await this.#client.query(
        "select from public.workflow_request where org_id = $1 and state <> 'delivered' limit 1",
        [this.#tenant.org],
      );
      if (rowCount === 0) break;
      if (wait > 2_000) throw new Error(this.#stuck(this.#done));
      await delay(5);
    }
    await expectDelivered(this.#client, this.#tenant.org, this.#done);
  }

  /** Messages the client will have had when all is done; the bare loop's are among them. */
  get #goal(): number {
    return this.#done + this.bareDone;
  }
  bareDone = 0;

  /** Megabytes the first process held after each time it worked alone. */
  readonly memory: number[] = [];

  #stuck(told: number): string {
    const troubles = this.workers.flatMap((worker) => worker.troubles).slice(0, 5);
    return `only ${told} of ${this.#goal} messages arrived: ${troubles.join("; ")}`;
  }
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

async function run({ url, n, rounds, progress }: BenchOptions): Promise<Figure[]> {
  await using client = await connect(url);
  await using world = await startWorld();
  const tenant = await configureFor(client, world, "http");
  const starting = Array.from({ length: Math.max(...crowds) }, () => startWorker(url, tenant));
  const workers = await Promise.all(starting);
  try {
    const engine = new Engine(client, world, tenant, workers);
    await engine.run(1, 1);
    // What it holds before it has worked tells nothing.
    engine.memory.length = 0;
    await using bare = await startBare(world, (await world.counts()).message);
    return await takeTurns(engine, bare, world, { n, rounds, progress });
  } finally {
    for (const worker of workers) await worker[Symbol.asyncDispose]();
  }
}

async function takeTurns(
  engine: Engine,
  bare: Bare,
  world: World,
  { n, rounds, progress }: Pick<BenchOptions, "n" | "rounds" | "progress">,
): Promise<Figure[]> {
  const each = Math.ceil(n / rounds);
  const counts = new Map(
    crowds.map((processes) => [processes, processes === 1 ? each : Math.ceil(each / 2)]),
  );
  const bares: Run[] = [];
  const engines = new Map<number, Run[]>(crowds.map((processes) => [processes, []]));
  const { memory } = engine;
  const tell = ({ rate, cpu, shares }: Run) =>
    `${Math.round(rate)} workflows/s, ${Math.round(cpu)} µs of CPU each` +
    (shares.length > 1 ? `, shared ${shares.map(percent).join(" ")}` : "");
  for (let round = 1; round <= rounds; round++) {
    const say = (who: string, run: Run) => progress(`round ${round} of ${rounds}, ${who}: ${tell(run)}`);
    bares.push(await runBare(bare, each));
    engine.bareDone += each;
    say("bare loop", bares.at(-1)!);
    for (const processes of crowds) {
      const run = await engine.run(counts.get(processes)!, processes);
      engines.get(processes)!.push(run);
      say(processes === 1 ? "one process" : `${processes} processes`, run);
    }
    progress(`round ${round} of ${rounds}, memory of the first process: ${Math.round(memory.at(-1)!)} MB`);
  }
  const { verified } = await world.counts();
  progress(`${verified} messages' signatures were checked`);

  const against = "a bare Deno loop";
  const of = (processes: number, part: (run: Run) => number) => engines.get(processes)!.map(part);
  const bareRates = bares.map((run) => run.rate);
  const all = engines.get(1)!.length * each;
  // Compiled code and the heap have their size after some ten thousand workflows.
  const warm = Math.min(rounds, Math.ceil(10_000 / each)) - 1;
  return [
    ...crowds.map((processes): Figure => ({
      name: processes === 1 ? "waiting to delivered" : `waiting to delivered, ${processes} processes`,
      unit: "workflows/s",
      values: of(processes, (run) => run.rate),
      against,
      baseline: bareRates,
      ...(processes === 1 ? { must: 0.5, aim: 0.8 } : {}),
    })),
    {
      name: "insert to delivered, accepting included",
      unit: "workflows/s",
      values: of(1, (run) => run.withAccepting),
      against,
      baseline: bareRates,
    },
    {
      name: "CPU of the functions process",
      unit: "µs/workflow",
      values: of(1, (run) => run.cpu),
      against,
      baseline: bares.map((run) => run.cpu),
      aim: 1.3,
      atMost: true,
    },
    ...crowds
      .filter((processes) => processes > 1)
      .map((processes): Figure => ({
        name: `smallest share of ${processes} processes`,
        unit: "of all",
        values: of(processes, (run) => Math.min(...run.shares)),
        against: "an equal share",
        baseline: of(processes, () => 1 / processes),
      })),
    {
      name: `memory after ${all.toLocaleString("en")} workflows`,
      unit: "MB",
      values: [memory.at(-1)!],
      against: `after the first ${((warm + 1) * each).toLocaleString("en")}`,
      baseline: [memory[warm]!],
      must: 1.2,
      atMost: true,
    },
  ];
}

export const http: Bench = {
  name: "http",
  about: "a workflow request through the edge functions and over real HTTP, against a bare Deno loop",
  n: 50_000,
  run,
};
