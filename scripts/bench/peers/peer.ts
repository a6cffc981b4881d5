/** What takes part in the contest of durable chains beside the engine. */

/** Rates of accepting and of draining, in chains per second. */
export interface Rates {
  accept: number;
  drain: number;
}

/** A contestant. */
export interface Peer {
  name: string;
  /** How many chains it gets for each the engine gets: so that a round of the slow ones ends, and one of the fast ones says something. */
  share: number;
  /** Starts from nothing, accepts the chains, then drains them; leaves nothing behind. */
  run(url: string, chains: number): Promise<Rates>;
}

/** How many jobs one call hands in, for all who take many at once: what the engine gets in one statement. */
export const insertSize = 1000;

/** Cuts a list into parts of a size. */
export function* parts<T>(list: T[], size: number): Generator<T[]> {
  for (let first = 0; first < list.length; first += size) yield list.slice(first, first + size);
}

/** What each chain carries. */
export const payload = { domain: "acme.test" };
