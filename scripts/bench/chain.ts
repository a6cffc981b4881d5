/**
 * A whole workflow request, from insert to delivered, against what else a durable chain of three steps can be made of,
 * and against three floors, on the same server. Contestants take turns, in another order each round.
 */
import type { Bench, Figure } from "./bench.ts";
import { connect } from "./engine.ts";
import { record, seldom, type Recording } from "./images.ts";
import { bareFloor, floor } from "./peers/floor.ts";
import { graphileWorker } from "./peers/graphile-worker.ts";
import { millrace, type Costs } from "./peers/millrace.ts";
import type { Peer, Rates } from "./peers/peer.ts";
import { pgBoss } from "./peers/pg-boss.ts";
import { pgflow } from "./peers/pgflow.ts";
import { rowsFloor } from "./peers/rows-floor.ts";

const engine = millrace(false);
const notifying = millrace(true);

/** What is asked of the engine against each, as the least ratio. */
const asked: Record<string, { accept?: Partial<Figure>; drain?: Partial<Figure> }> = {
  floor: { accept: { must: 0.025 }, drain: { must: 0.3, aim: 0.5 } },
  "rows floor": { drain: { aim: 0.5 } },
  "pg-boss": { drain: { aim: 1 } },
  "graphile-worker": { drain: { must: 5 } },
  pgflow: { drain: { must: 5 } },
};

/** All rounds of all contestants. */
type Results = Map<string, Rates[]>;

async function contest(
  peers: Peer[],
  { url, n, rounds, progress }: Parameters<Bench["run"]>[0],
): Promise<Results> {
  const results: Results = new Map(peers.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < peers.length; turn++) {
      const peer = peers[(turn + round) % peers.length]!;
      const rates = await peer.run(url, Math.max(1, Math.round(n * peer.share)));
      results.get(peer.name)!.push(rates);
      const [accept, drain] = [rates.accept, rates.drain].map((rate) =>
        Math.round(rate).toLocaleString("en"),
      );
      progress(`round ${round + 1} of ${rounds}: ${peer.name}: accepts ${accept}/s, drains ${drain}/s`);
    }
  }
  return results;
}

/** The engine's rate against that of each other contestant. */
function ratios(results: Results, peers: Peer[], step: "accept" | "drain"): Figure[] {
  const of = (name: string): number[] => results.get(name)!.map((rates) => rates[step]);
  return peers
    .filter(({ name }) => name !== engine.name)
    .map(({ name }) => ({
      name: step,
      unit: "chains/s",
      values: of(engine.name),
      against: name,
      baseline: of(name),
      ...asked[name]?.[step],
    }));
}

/** What a chain writes. */
function costs(results: Results, { writes }: Recording): Figure[] {
  const runs = results.get(engine.name) as Costs[];
  const versions = [...writes]
    .map(([table, { inserted, updated }]) => ({ table, count: inserted + updated }))
    .sort((a, b) => b.count - a.count);
  const plain = (name: string, unit: string, values: number[]): Figure => ({ name, unit, values });
  return [
    plain(
      "WAL",
      "bytes/chain",
      runs.map(({ walBytes }) => walBytes),
    ),
    plain(
      "WAL records",
      "a chain",
      runs.map(({ walRecords }) => walRecords),
    ),
    plain(
      "disk, tables and indexes",
      "bytes/chain",
      runs.map(({ diskBytes }) => diskBytes),
    ),
    plain("row versions", "a chain", [versions.reduce((sum, { count }) => sum + count, 0)]),
    ...versions
      .filter(({ count }) => count >= seldom)
      .map(({ table, count }) => plain(`row versions of ${table}`, "a chain", [count])),
  ];
}

export const chain: Bench = {
  name: "chain",
  about: "a workflow request from insert to delivered, against peers and bare floors",
  n: 5000,
  async run(options) {
    await using setup = await connect(options.url);
    options.progress("recording what the engine writes, for the rows floor");
    const recording = await record(setup, options.n);
    const rows = await rowsFloor(setup, recording);
    const peers = [floor, bareFloor, rows, engine, notifying, pgBoss, graphileWorker, pgflow];
    const results = await contest(peers, options);
    return [
      ...ratios(results, peers, "drain"),
      ...ratios(results, peers, "accept"),
      ...costs(results, recording),
    ];
  },
};
