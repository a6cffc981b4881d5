/** What a server of N cores carries, worked out from the measured rate of the chain, with the arithmetic shown. */
import { median, type Figure } from "./bench.ts";
import { workers } from "./engine.ts";
import { markdownTable, short } from "../lib/markdown.ts";

const serverCores = [2, 4, 8, 16, 32];

/** The share of what a server can do that is planned with: the rest is for bursts, vacuum and your own queries. */
const planned = 0.5;

/** What a workflow costs, by the figures of the benchmark `chain`. */
export interface Cost {
  /** Workflows accepted, and drained, a second, on the machine that measured. */
  accept: number;
  drain: number;
  /** Cores that draining kept busy. */
  busy: number;
  walBytes: number;
  diskBytes: number;
}

/** Reads the costs out of the figures; null when there are none, as of a run of other benchmarks. */
export function costOf(figures: Figure[], cores: number): Cost | null {
  const value = (name: string): number | null => {
    const figure = figures.find((one) => one.name === name);
    return figure ? median(figure.values) : null;
  };
  const [accept, drain, walBytes, diskBytes] = ["accept", "drain", "WAL", "disk, tables and indexes"].map(
    value,
  );
  if (accept == null || drain == null || walBytes == null || diskBytes == null) return null;
  return { accept, drain, busy: Math.min(cores, workers), walBytes, diskBytes };
}

/** The guide as Markdown. */
export function sizing({ accept, drain, busy, walBytes, diskBytes }: Cost): string {
  const [accepting, draining] = [1e6 / accept, (busy * 1e6) / drain];
  const perCore = 1e6 / (accepting + draining);
  const rows = serverCores.map((cores) => {
    const rate = cores * perCore * planned;
    return [
      String(cores),
      short(cores * perCore),
      short(rate),
      `${short((rate * 86_400) / 1e6)} million`,
      `${short((rate * walBytes) / 1e6)} MB/s`,
      `${short((rate * diskBytes * 86_400) / 1e9)} GB`,
    ];
  });
  const heads = ["cores", "workflows/s, flat out", "planned with", "a day", "WAL", "storage a day"];
  return [
    `Accepting kept one core busy: 1 s ÷ ${short(accept)} = ${short(accepting)} µs of a core a workflow. Draining kept ` +
      `${busy === 1 ? "one" : busy}: ${busy} s ÷ ${short(drain)} = ${short(draining)} µs. Together ` +
      `${short(accepting + draining)} µs, so one core carries 1 s ÷ ${short(accepting + draining)} µs = ` +
      `${short(perCore)} workflows a second. The benchmark itself ran on the same cores, and is counted in. Planned ` +
      `with is half of that; each workflow writes ${short(walBytes)} bytes of WAL and leaves ${short(diskBytes)} bytes ` +
      `in tables and indexes until it is purged.`,
    markdownTable([heads, ...rows], () => true),
  ].join("\n\n");
}
