/**
 * Claim, send, report: what both functions do, whatever they send.
 *
 * A sliding window, not batches in lock-step: while slow requests are under way, others are claimed, sent and
 * reported. Results are reported as they come, so that a crash loses little. The call ends in time: it claims no more
 * when the longest request might not end before the platform ends the worker, hands back what it will not send, and
 * rings for a successor while work is left. It remembers nothing; the queue is the truth.
 */
import { DatabaseError, type Completion } from "./client.ts";
import { messageOf, type Log } from "./log.ts";

/** What the loop works on: claims of type C become results of type R. */
export interface Work<C, R> {
  claim(max: number): Promise<C[]>;
  /** Milliseconds the request may take. */
  timeoutOf(claim: C): number;
  /** When its lease ends, in milliseconds since 1970 by the database's clock. */
  leaseOf(claim: C): number;
  /** Sends one; never throws, a failure is a result too. */
  send(claim: C, timeoutMs: number): Promise<R>;
  /** Bytes a result holds in memory, roughly. */
  sizeOf(result: R): number;
  complete(results: readonly R[]): Promise<Completion[]>;
  /** What is reported in place of a result the database refuses as it is. */
  withoutAnswer(result: R, reason: string): R;
  /** Hands back; the database rings for what comes back to it. */
  release(claims: readonly C[]): Promise<number>;
  /** Wakes a successor. */
  ring(): Promise<void>;
}

/** How much, and for how long. */
export interface Limits {
  /** Milliseconds a fresh call may take. */
  wallMs: number;
  /** Milliseconds this one may take; less than `wallMs` in a worker that has lived for a while. */
  remainingMs?: number;
  cpuMs: number;
  maxRequests: number;
  batch: number;
  concurrency: number;
  /** Milliseconds between two tries of a call the database did not answer; as many tries as pauses, and one. */
  retryPauses?: readonly number[];
  /** Milliseconds between two looks for new work while requests are under way. */
  lookAgainMs?: number;
  /** Milliseconds a claimed request may wait for its turn at most; its lease is running. */
  patienceMs?: number;
  /** Milliseconds a request took of late, if that is known: the first claim is made accordingly. */
  usualMs?: number;
}

/** What a call of a function did. */
export interface Summary {
  claimed: number;
  /** Results the database accepted. */
  completed: number;
  /** Claims handed back unsent. */
  released: number;
  /** Results that could not be reported; their leases run out and the database decides. */
  lost: number;
  /** Why it stopped before the queue was empty. */
  stopped: Stop | null;
  seconds: number;
}

type Stop = "wall_clock" | "cpu" | "max_requests" | "unloading" | "database";

// Results wait this long for others to be reported with, unless there are many or nothing else is under way: what a
// report costs the database falls with its size, up to a few hundred.
const LINGER_MS = 50;
const LINGER_COUNT = 250;
const REPORT_COUNT = 500;
const REPORT_BYTES = 4_000_000;
// Of 256 MB; a result exists as text, and as part of the text of the report.
const HELD_BYTES = 32_000_000;
// A full window in which nothing has ended for so long waits for slow requests.
const SLOW_MS = 25;

/** What the loop is told by the place it runs in. */
export interface Signs {
  /** Milliseconds of CPU time used so far; undefined where that is not known. */
  cpuTime?: () => number | undefined;
  /** The platform is about to end the worker. */
  unloading?: AbortSignal;
}

/** A loop at work. */
export interface Running {
  done: Promise<Summary>;
  /**
   * Tells it that there may be something new. False when another call had better look: this one has ended or claims no
   * more, or all its places are taken by slow requests.
   */
  look(): boolean;
  /** Milliseconds a request takes, the latest weighing most; undefined while none has ended. */
  usualMs(): number | undefined;
}

/** Works until the queue has nothing more to give, or a limit is near. */
export function start<C, R>(work: Work<C, R>, limits: Limits, log: Log, signs: Signs = {}): Running {
  const loop = new Loop(work, limits, log, signs);
  return { done: loop.run(), look: () => loop.look(), usualMs: () => loop.usualMs };
}

/** The same, to its end. */
export function loop<C, R>(work: Work<C, R>, limits: Limits, log: Log, signs: Signs = {}): Promise<Summary> {
  return start(work, limits, log, signs).done;
}

class Loop<C, R> {
  readonly #work: Work<C, R>;
  readonly #limits: Required<Omit<Limits, "usualMs">>;
  readonly #log: Log;
  readonly #unloading: AbortSignal | undefined;
  readonly #cpuTime: () => number | undefined;

  readonly #begun = performance.now();
  readonly #cpuBegun: number | undefined;
  readonly #deadline: number;
  /** Time kept for the last report. */
  readonly #reserve: number;
  /** No request may take longer, or no call could ever send it. */
  readonly #longestPossible: number;

  /** What waits for its turn, and until when it may. */
  #queue: { claim: C; until: number }[] = [];
  #outbox: { result: R; since: number }[] = [];
  #inFlight = 0;
  #heldBytes = 0;
  #claiming = false;
  #reporting = false;
  #releasing = false;
  #ringing = false;

  #stopped: Stop | null = null;
  /** Nothing was there at the last look, and nothing has happened since that could have brought something. */
  #dry = false;
  /** How often something happened that could have brought something: also while the queue is looked at. */
  #news = 0;
  #lookedAt = -Infinity;
  #sortAt = -Infinity;
  #endedAt = -Infinity;
  #rung = false;
  #longestSeen = 0;
  /** Milliseconds a request takes, the latest weighing most. */
  #usual: number | undefined;

  #claimed = 0;
  #sent = 0;
  #completed = 0;
  #released = 0;
  #lost = 0;

  /** Ends the run; there from its beginning to its end. */
  #end: (() => void) | undefined;
  #timer: { at: number; stop: () => void } | undefined;

  constructor(work: Work<C, R>, limits: Limits, log: Log, signs: Signs) {
    this.#work = work;
    this.#log = log;
    this.#limits = {
      remainingMs: limits.wallMs,
      retryPauses: [100, 300, 1_000, 3_000],
      lookAgainMs: 500,
      patienceMs: 20_000,
      ...limits,
    };
    this.#usual = limits.usualMs;
    this.#unloading = signs.unloading;
    this.#cpuTime = signs.cpuTime ?? (() => undefined);
    this.#cpuBegun = this.#cpuTime();
    this.#deadline = this.#begun + this.#limits.remainingMs;
    this.#reserve = Math.min(5_000, limits.wallMs / 20);
    this.#longestPossible = limits.wallMs - 2 * this.#reserve;
  }

  async run(): Promise<Summary> {
    const wake = () => this.#wake();
    this.#unloading?.addEventListener("abort", wake);
    await new Promise<void>((resolve) => {
      this.#end = resolve;
      this.#wake();
    });
    this.#unloading?.removeEventListener("abort", wake);
    return {
      claimed: this.#claimed,
      completed: this.#completed,
      released: this.#released,
      lost: this.#lost,
      stopped: this.#stopped,
      seconds: Math.round(performance.now() - this.#begun) / 1000,
    };
  }

  get usualMs(): number | undefined {
    return this.#usual;
  }

  look(): boolean {
    if (this.#end === undefined || this.#stopped !== null) return false;
    const isFull = this.#inFlight >= this.#limits.concurrency || this.#heldBytes >= HELD_BYTES;
    if (isFull && performance.now() - this.#endedAt > SLOW_MS) return false;
    this.#expectMore();
    this.#wake();
    return true;
  }

  #expectMore(): void {
    this.#dry = false;
    this.#news++;
  }

  /** Begins whatever may begin now; to be called whenever something has changed. */
  #wake(): void {
    if (this.#end === undefined) return;
    this.#stopped ??= this.#reasonToStop();
    this.#handBack();
    this.#sendMore();
    this.#report();
    this.#claimMore();
    // The successor need not wait for what is still under way here.
    if (this.#stopped !== null && !this.#dry && !this.#claiming && !this.#rung) this.#ring();
    if (this.#isDone()) {
      this.#timer?.stop();
      this.#end();
      this.#end = undefined;
    } else this.#wakeInTime();
  }

  #isDone(): boolean {
    const busy = this.#inFlight > 0 || this.#claiming || this.#reporting || this.#releasing || this.#ringing;
    if (busy || this.#queue.length > 0 || this.#outbox.length > 0) return false;
    return this.#dry || this.#stopped !== null;
  }

  /** A timer that is early enough stays as it is: most steps change nothing about it. */
  #wakeInTime(): void {
    const now = performance.now();
    const { lookAgainMs } = this.#limits;
    const look = this.#lookedAt + lookAgainMs;
    let at = look > now ? look : now + lookAgainMs;
    const oldest = this.#outbox[0];
    if (oldest !== undefined && !this.#reporting) at = Math.min(at, oldest.since + LINGER_MS);
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.stop();
    const ring = setTimeout(
      () => {
        this.#timer = undefined;
        this.#wake();
      },
      Math.max(1, at - now),
    );
    this.#timer = { at, stop: () => clearTimeout(ring) };
  }

  #reasonToStop(): Stop | null {
    if (this.#unloading?.aborted) return "unloading";
    if (performance.now() + this.#longestSeen + this.#reserve > this.#deadline) return "wall_clock";
    if (this.#claimed >= this.#limits.maxRequests) return "max_requests";
    return null;
  }

  #isOutOfCpu(): boolean {
    const cpu = this.#cpuTime();
    // What runs beside this call counts too, so some work is done however much that is.
    const spent = cpu === undefined || this.#cpuBegun === undefined ? 0 : cpu - this.#cpuBegun;
    return spent > this.#limits.cpuMs && this.#claimed > 0;
  }

  // ---- claim

  #claimMore(): void {
    if (this.#claiming || this.#stopped !== null) return;
    const { concurrency, batch, maxRequests, lookAgainMs } = this.#limits;
    const looksAgain = this.#inFlight > 0 && performance.now() - this.#lookedAt >= lookAgainMs;
    if (this.#dry && !looksAgain) return;
    // Beyond the free places, as many as these work off in a second: more would only hold leases. The next are claimed
    // while the last of these are still to be sent.
    const ahead =
      this.#usual === undefined
        ? 0
        : Math.min(batch, Math.floor((concurrency * 1000) / Math.max(this.#usual, 1)));
    if (this.#queue.length >= Math.max(Math.min(concurrency, batch) / 4, ahead / 2)) return;
    const free = concurrency - this.#inFlight - this.#queue.length;
    const max = Math.min(batch, free + ahead, maxRequests - this.#claimed);
    if (max < 1) return;
    if (this.#isOutOfCpu()) {
      this.#stopped = "cpu";
      return;
    }
    this.#claiming = true;
    this.#lookedAt = performance.now();
    this.#dry = false;
    void this.#claim(max).finally(() => {
      this.#claiming = false;
      this.#wake();
    });
  }

  async #claim(max: number): Promise<void> {
    const news = this.#news;
    let claims: C[];
    try {
      claims = await this.#persist("claim", () => this.#work.claim(max));
    } catch {
      this.#stopped = "database";
      // Whether anything is left is not known; the sweep will find it.
      this.#dry = true;
      return;
    }
    const since = performance.now();
    this.#sortAt = since;
    this.#claimed += claims.length;
    this.#dry = claims.length < max && news === this.#news;
    const today = Date.now();
    for (const claim of claims) {
      this.#longestSeen = Math.max(this.#longestSeen, this.#timeoutOf(claim));
      this.#queue.push({ claim, until: since + this.#patienceWith(claim, today) });
    }
  }

  /** Milliseconds a claim may wait here and still be sent, take as long as it may, and be reported under its lease. */
  #patienceWith(claim: C, today: number): number {
    const { patienceMs } = this.#limits;
    const spare = this.#work.leaseOf(claim) - today - this.#timeoutOf(claim);
    // None from the beginning: the clocks differ, for a lease is longer than its request may take.
    return spare > 0 ? Math.min(patienceMs, spare / 2) : patienceMs;
  }

  #timeoutOf(claim: C): number {
    return Math.min(this.#work.timeoutOf(claim), this.#longestPossible);
  }

  // ---- send

  #sendMore(): void {
    while (
      this.#queue.length > 0 &&
      this.#inFlight < this.#limits.concurrency &&
      this.#heldBytes < HELD_BYTES &&
      // Or it is about to be handed back.
      this.#stays(this.#queue[0]!, performance.now())
    ) {
      const { claim } = this.#queue.shift()!;
      this.#inFlight++;
      this.#sent++;
      void this.#send(claim).finally(() => {
        this.#inFlight--;
        this.#wake();
      });
    }
  }

  async #send(claim: C): Promise<void> {
    const begun = performance.now();
    try {
      const result = await this.#work.send(claim, this.#timeoutOf(claim));
      this.#heldBytes += this.#work.sizeOf(result);
      this.#outbox.push({ result, since: performance.now() });
    } catch (error) {
      this.#lost++;
      this.#log("error", "send_failed", { message: messageOf(error) });
    }
    this.#endedAt = performance.now();
    const took = this.#endedAt - begun;
    this.#usual = this.#usual === undefined ? took : this.#usual * 0.8 + took * 0.2;
  }

  // ---- report

  #report(): void {
    const [oldest] = this.#outbox;
    if (this.#reporting || oldest === undefined) return;
    const waits =
      this.#inFlight > 0 &&
      this.#outbox.length < LINGER_COUNT &&
      this.#heldBytes < REPORT_BYTES &&
      performance.now() - oldest.since < LINGER_MS;
    if (waits) return;
    const results: R[] = [];
    let bytes = 0;
    while (
      this.#outbox.length > 0 &&
      results.length < REPORT_COUNT &&
      (bytes < REPORT_BYTES || results.length === 0)
    ) {
      const { result } = this.#outbox.shift()!;
      bytes += this.#work.sizeOf(result);
      results.push(result);
    }
    this.#reporting = true;
    void this.#complete(results, false).finally(() => {
      this.#heldBytes -= bytes;
      this.#reporting = false;
      // What was reported may have brought more to do.
      this.#expectMore();
      this.#wake();
    });
  }

  /** Reports; a result the database refuses is found by halving, and costs none of the others. */
  async #complete(results: readonly R[], stripped: boolean): Promise<void> {
    try {
      const completions = await this.#persist("complete", () => this.#work.complete(results));
      const refused = completions.filter((completion) => !completion.accepted);
      this.#completed += completions.length - refused.length;
      if (refused.length > 0)
        this.#log("warn", "not_accepted", { refused: refused.slice(0, 10), count: refused.length });
    } catch (error) {
      const isAboutOne = error instanceof DatabaseError && !error.isTransient;
      if (isAboutOne && results.length > 1) {
        const middle = results.length >> 1;
        await this.#complete(results.slice(0, middle), stripped);
        await this.#complete(results.slice(middle), stripped);
      } else if (isAboutOne && !stripped) {
        await this.#complete([this.#work.withoutAnswer(results[0]!, error.message)], true);
      } else {
        this.#lost += results.length;
        this.#stopped ??= "database";
        this.#log("error", "results_lost", { count: results.length, message: messageOf(error) });
      }
    }
  }

  // ---- hand back

  #handBack(): void {
    if (this.#queue.length === 0 || this.#releasing) return;
    const now = performance.now();
    // All of them are looked through now and then; in between the first tells whether that is needed earlier.
    if (now < this.#sortAt && this.#stays(this.#queue[0]!, now)) return;
    this.#sortAt = now + Math.min(100, this.#reserve / 2);
    const going = this.#queue.filter((item) => !this.#stays(item, now)).map(({ claim }) => claim);
    if (going.length === 0) return;
    this.#queue = this.#queue.filter((item) => this.#stays(item, now));
    this.#releasing = true;
    void this.#release(going).finally(() => {
      this.#releasing = false;
      this.#wake();
    });
  }

  #stays({ claim, until }: { claim: C; until: number }, now: number): boolean {
    return (
      this.#stopped !== "unloading" &&
      this.#stopped !== "database" &&
      now < until &&
      now + this.#timeoutOf(claim) + this.#reserve <= this.#deadline
    );
  }

  async #release(claims: readonly C[]): Promise<void> {
    try {
      this.#released += await this.#persist("release", () => this.#work.release(claims));
    } catch {
      // Told already; the leases run out.
    }
  }

  /** Rings for a successor, once; unless this call could not do anything: the next one could not either. */
  #ring(): void {
    this.#rung = true;
    if (this.#sent === 0) return;
    this.#ringing = true;
    const ring = this.#work.ring().catch((error: unknown) => {
      this.#log("warn", "ring_failed", { message: messageOf(error) });
    });
    void ring.finally(() => {
      this.#ringing = false;
      this.#wake();
    });
  }

  /** Calls the database again when it did not answer; gives up after a few tries or when time is up. */
  async #persist<T>(what: string, call: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        const pause = this.#limits.retryPauses[attempt];
        const isFinal = error instanceof DatabaseError && !error.isTransient;
        const inTime = pause !== undefined && performance.now() + pause < this.#deadline;
        if (isFinal || !inTime) {
          this.#log("error", `${what}_failed`, { message: messageOf(error), tries: attempt + 1 });
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }
}
