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

/** A measurement and what it is measured against, in the same run: one value a round each. */
export interface Figure {
  name: string;
  unit: string;
  values: number[];
  against: string;
  baseline: number[];
}

/** One benchmark. */
export interface Bench {
  name: string;
  about: string;
  /** How many of whatever is measured when nobody says; 2,000 otherwise. */
  n?: number;
  run(options: BenchOptions): Promise<Figure[]>;
}

/** The middle of some numbers. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median of the ratios of the rounds: what was slow for one contestant was slow for the other. */
export function ratio(figure: Figure): number {
  return median(figure.values.map((value, round) => value / figure.baseline[round]!));
}
