/**
 * Random workflows and what a third party makes of them. Everything follows from the seed: the same question always
 * has the same fate, whoever asks it and when, so the model can say how a workflow ends.
 */
import { createHash } from "node:crypto";

/** What becomes of those who wait for an activity that failed. */
export type OnFailure = "fail" | "continue" | "skip";

/** One activity of a workflow. */
export interface Node {
  key: string;
  type: "enrichment" | "extract" | "sourcing";
  phase: number;
  onFailure: OnFailure;
  /** Indexes of the nodes that take this one's objects. */
  targets: number[];
  /** Which of its datapoints an enrichment asks for. */
  asks: number[];
}

/** One workflow request. */
export interface Case {
  number: number;
  things: string[];
  nodes: Node[];
}

/** What a third party does before it answers properly, or for ever. */
export type Fault = "500" | "429" | "broken" | "reset" | "late" | "404";

/** How a third party answers one question. */
export interface Fate {
  /** Faults of the first answers; the rest are proper. */
  faults: Fault[];
  /** A fault that never goes away. */
  always: Fault | null;
}

/** Which of a node's three datapoints a source offers; the sources in the order in which they are asked. */
export const offers: Readonly<Record<string, readonly number[]>> = { s1: [0, 1], s2: [1, 2], s3: [0, 1, 2] };

/** The sources of searches, in the order in which they are asked. */
export const searchers = ["f1", "f2"] as const;

/** Faults that a source is given another attempt for. */
const passing: readonly Fault[] = ["500", "429", "broken", "reset"];

/** Attempts a source is given. */
export const maxAttempts = 5;

/** A number from 0 to below 1 that follows from its arguments. */
export function chance(...what: (string | number)[]): number {
  return createHash("sha256").update(what.join("|")).digest().readUInt32BE() / 2 ** 32;
}

const pick = <T>(from: readonly T[], ...what: (string | number)[]): T =>
  from[Math.floor(chance(...what) * from.length)]!;

/** The workflow of that number. */
export function makeCase(seed: number, number: number): Case {
  const at = (...what: (string | number)[]) => chance(seed, "case", number, ...what);
  const size = 1 + Math.floor(at("size") ** 1.5 * 6);
  const phases = Array.from({ length: size }, (_, i) => 1 + Math.floor(at("phase", i) * 5)).sort();
  const nodes = phases.map((phase, i): Node => {
    const asks = [0, 1, 2].filter((j) => at("asks", i, j) < 0.7);
    return {
      key: `n${i}`,
      type: pick(["enrichment", "enrichment", "extract", "sourcing"], seed, number, "type", i),
      phase,
      onFailure: pick(["fail", "continue", "skip"], seed, number, "on_failure", i),
      targets: phases.flatMap((_, j) => (j > i && at("edge", i, j) < 0.4 ? [j] : [])),
      asks: asks.length > 0 ? asks : [0],
    };
  });
  const things = Array.from({ length: 1 + Math.floor(at("things") * 3) }, (_, i) => `thing-${i}`);
  return { number, things, nodes };
}

/** How a third party answers a question. */
export function fateOf(seed: number, question: string): Fate {
  const draw = chance(seed, question, "fate");
  // Where a node's sources are ill they mostly stay so; else whole activities would hardly ever fail.
  const [number, node] = question.split("/") as [string, string];
  if (chance(seed, number, node, "ill") < 0.25 && draw < 0.85)
    return { faults: [], always: pick(["404", ...passing], seed, question, "always") };
  if (draw < 0.06) return { faults: [], always: "404" };
  if (draw < 0.12) return { faults: [], always: pick(passing, seed, question, "always") };
  if (draw < 0.135) return { faults: ["late"], always: null };
  if (draw > 0.35) return { faults: [], always: null };
  const faults = [0, 1]
    .filter((i) => i === 0 || chance(seed, question, "more") < 0.4)
    .map((i) => pick(passing, seed, question, "fault", i));
  return { faults, always: null };
}

/** The question that is one page of a search, or one object of an enrichment. */
export const questionOf = (number: number, node: string, source: string, about: string, page = 1) =>
  [number, node, source, about, page].join("/");

/** The value a source has for a datapoint of an object, or null. */
export function valueOf(seed: number, question: string, datapoint: number): string | null {
  return chance(seed, question, "knows", datapoint) < 0.55 ? `${question}#${datapoint}` : null;
}

/** The keys that one page of a search finds, some of them twice, and whether a page follows. */
export function pageOf(seed: number, question: string, page: number): { keys: string[]; more: boolean } {
  const count = Math.floor(chance(seed, question, "count") * 4);
  const node = question.split("/")[1]!;
  const keys = Array.from({ length: count }, (_, i) =>
    chance(seed, question, "shared", i) < 0.3
      ? `shared-${Math.floor(chance(seed, question, "key", i) * 4)}`
      : `${node}-${Math.floor(chance(seed, question, "key", i) * 6)}`,
  );
  if (keys.length > 0 && chance(seed, question, "doubled") < 0.3) keys.push(keys[0]!);
  return { keys, more: page < 3 && keys.length > 0 && chance(seed, question, "more pages") < 0.3 };
}
