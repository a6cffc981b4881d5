/** Time limits of many requests at once, by one timer: a timer each costs as much as a good part of a request. */

/** A limit under way. */
export interface Deadline {
  /** Aborted when the time is over. */
  readonly signal: AbortSignal;
  /** Whether it is. */
  readonly passed: boolean;
  /** Called when it is, in place of the one before; a signal costs more than all the rest. */
  stop: (() => void) | undefined;
  /** Aborts now. */
  abort(): void;
  /** No longer of interest. */
  end(): void;
}

class Limit implements Deadline {
  #controller: AbortController | undefined;
  readonly at: number;
  passed = false;
  stop: (() => void) | undefined;
  constructor(at: number) {
    this.at = at;
  }
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.passed) this.#controller.abort();
    }
    return this.#controller.signal;
  }
  abort(): void {
    if (this.passed) return;
    this.passed = true;
    this.#controller?.abort();
    this.stop?.();
  }
  end(): void {
    limits.delete(this);
    if (limits.size === 0) disarm();
  }
}

const limits = new Set<Limit>();
let timer: ReturnType<typeof setTimeout> | undefined;
let timerAt = Infinity;

/** Begins a limit of so many milliseconds. */
export function beginDeadline(milliseconds: number): Deadline {
  const now = performance.now();
  const limit = new Limit(now + milliseconds);
  limits.add(limit);
  // Most often an earlier request's timer is early enough; it looks for the next when it rings.
  if (limit.at < timerAt) arm(limit.at, now);
  return limit;
}

function arm(at: number, now: number): void {
  disarm();
  timerAt = at;
  timer = setTimeout(ring, Math.max(1, Math.ceil(at - now)));
}

function disarm(): void {
  clearTimeout(timer);
  timer = undefined;
  timerAt = Infinity;
}

function ring(): void {
  const now = performance.now();
  let next = Infinity;
  for (const limit of limits) {
    if (limit.at <= now) {
      limits.delete(limit);
      limit.abort();
    } else next = Math.min(next, limit.at);
  }
  if (next === Infinity) disarm();
  else arm(next, now);
}
