/** How a third party can misbehave, and towards whom it does: the same for the same seed. */
import { random } from "./random.ts";

/** What it does in place of a good answer; `twice` is a good one, sent a second time. */
export const misbehaviours = [
  "garbage",
  "html",
  "not http",
  "half",
  "half, as if whole",
  "broken gzip",
  "nothing",
  "reset",
  "500",
  "429",
  "other facts",
  "twice",
] as const;
export type Misbehaviour = (typeof misbehaviours)[number];

/** Those that an engine cannot tell from an answer, if a useless one. */
export const finalMisbehaviours: ReadonlySet<Misbehaviour> = new Set(["other facts", "twice"]);

/** What company number n gets, in this order, before good answers: up to three bad ones. */
export function faultsOf(seed: number, n: number): Misbehaviour[] {
  const next = random(seed * 1_000_003 + n);
  const faults: Misbehaviour[] = [];
  const count = Math.floor(next() * 4);
  while (faults.length < count) {
    const fault = misbehaviours[Math.floor(next() * misbehaviours.length)]!;
    faults.push(fault);
    if (finalMisbehaviours.has(fault)) break;
  }
  return faults;
}
