/** What a benchmark is, and how its figures are told. */

/** Where and how much to measure. */
export interface BenchOptions {
  /** A database with the engine in it, on a server with durability on. */
  url: string;
  /** How many of whatever is measured. */
  n: number;
  /** How often each contestant runs; they take turns. */
  rounds: number;
  /** Says what is going on. */
  progress: (text: string) => void;
}

/**
 * A measurement: one value a round. With a baseline, one value a round each, it is measured against that in the same
 * run; without one it is a plain figure, such as the bytes of WAL a chain.
 */
export interface Figure {
  name: string;
  unit: string;
  values: number[];
  against?: string;
  baseline?: number[];
  /** The least ratio that is good enough; the most one with `atMost`. */
  must?: number;
  /** The ratio to be reached one day, in the same sense. */
  aim?: number;
  /** Less is better: the ratio may be `must` at most. */
  atMost?: boolean;
}

/** One benchmark. */
export interface Bench {
  name: string;
  about: string;
  /** How many of whatever is measured when nobody says; 2,000 otherwise. */
  n?: number;
  /** How many rounds when nobody says; 5 otherwise. */
  rounds?: number;
  run(options: BenchOptions): Promise<Figure[]>;
}

/** The middle of some numbers. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value of a share of some numbers, by nearest rank: `percentile(values, 0.95)`. */
export function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]!;
}

/**
 * The median of the ratios of the rounds: what was slow for one contestant was slow for the other. Null for a plain
 * figure.
 */
export function ratio({ values, baseline }: Figure): number | null {
  return baseline === undefined ? null : median(values.map((value, round) => value / baseline[round]!));
}

/** What became of a figure's must: null where nothing was asked. */
export function verdict(figure: Figure): "met" | "missed" | null {
  const is = ratio(figure);
  if (is === null || figure.must === undefined) return null;
  return (figure.atMost ? is <= figure.must : is >= figure.must) ? "met" : "missed";
}
