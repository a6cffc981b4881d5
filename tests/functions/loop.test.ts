import { describe, expect, test } from "vitest";
import { DatabaseError, type Completion } from "../../supabase/functions/_shared/client.ts";
import { loop, start, type Limits, type Work } from "../../supabase/functions/_shared/loop.ts";

interface Claim {
  id: number;
  timeoutMs: number;
}

/** A queue in memory. What a request takes and how the database fares is up to the test. */
class Queue implements Work<Claim, Claim> {
  waiting: Claim[];
  claims: number[] = [];
  reports: number[][] = [];
  released: number[] = [];
  rings = 0;
  inFlight = 0;
  mostInFlight = 0;
  sent: number[] = [];

  constructor(count: number, timeoutMs = 10) {
    this.waiting = Array.from({ length: count }, (_, id) => ({ id, timeoutMs }));
  }

  exchange: (claim: Claim) => Promise<unknown> = () => Promise.resolve();
  check: (results: readonly Claim[]) => void = () => {};

  claim = (max: number): Promise<Claim[]> => {
    const taken = this.waiting.splice(0, max);
    this.claims.push(taken.length);
    return Promise.resolve(taken);
  };
  timeoutOf = (claim: Claim) => claim.timeoutMs;
  /** Milliseconds a lease has beyond the request's own time. */
  leaseMs = 60_000;
  leaseOf = (claim: Claim) => Date.now() + claim.timeoutMs + this.leaseMs;
  send = async (claim: Claim): Promise<Claim> => {
    this.sent.push(claim.id);
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    await this.exchange(claim);
    this.inFlight--;
    return claim;
  };
  sizeOf = () => 100;
  complete = (results: readonly Claim[]): Promise<Completion[]> => {
    this.check(results);
    this.reports.push(results.map(({ id }) => id));
    return Promise.resolve(results.map(({ id }) => ({ id: String(id), accepted: true, message: null })));
  };
  withoutAnswer = (claim: Claim): Claim => ({ ...claim, timeoutMs: -1 });
  release = (claims: readonly Claim[]): Promise<number> => {
    this.released.push(...claims.map(({ id }) => id));
    return Promise.resolve(claims.length);
  };
  ring = (): Promise<void> => {
    this.rings++;
    return Promise.resolve();
  };

  get reported(): number[] {
    return this.reports.flat().sort((a, b) => a - b);
  }
}

const limits: Limits = {
  wallMs: 60_000,
  cpuMs: 1_000_000,
  maxRequests: 10_000,
  batch: 50,
  concurrency: 10,
  retryPauses: [1, 1],
  lookAgainMs: 20,
};

const numbers = (count: number) => Array.from({ length: count }, (_, id) => id);

/** Runs the loop and gathers what it logged. */
async function run(queue: Queue, change: Partial<Limits> = {}, environment: Parameters<typeof loop>[3] = {}) {
  const events: { level: string; event: string; facts: Record<string, unknown> }[] = [];
  const log = (level: string, event: string, facts: Record<string, unknown> = {}) =>
    void events.push({ level, event, facts });
  const summary = await loop(queue, { ...limits, ...change }, log, environment);
  return { ...summary, events };
}

/** A door that is closed until somebody opens it. */
function door() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

describe("the window", () => {
  test("empties the queue, never with more in flight than allowed, and does not ring", async () => {
    const queue = new Queue(333);
    queue.exchange = () => new Promise((resolve) => setImmediate(resolve));
    const summary = await run(queue);
    expect(summary).toMatchObject({
      claimed: 333,
      completed: 333,
      released: 0,
      lost: 0,
      stopped: null,
      events: [],
    });
    expect(queue.reported).toEqual(numbers(333));
    expect(queue.mostInFlight).toBe(10);
    expect(queue.rings).toBe(0);
    // Reported in batches, not one by one.
    expect(queue.reports.length).toBeLessThan(100);
  });

  test("an empty queue is looked at once", async () => {
    const queue = new Queue(0);
    expect(await run(queue)).toMatchObject({ claimed: 0, completed: 0, stopped: null });
    expect([queue.claims, queue.rings]).toEqual([[0], 0]);
  });

  test("slow requests stall nobody: the others are claimed, sent and reported meanwhile", async () => {
    const queue = new Queue(100);
    const slow = door();
    queue.exchange = ({ id }) => (id < 9 ? slow.opened : Promise.resolve());
    queue.check = (results) => {
      // The slow ones end once all others have been reported: a loop in lock-step would never get there.
      if (queue.reported.length + results.length >= 91) slow.open();
    };
    const summary = await run(queue);
    expect(summary).toMatchObject({ claimed: 100, completed: 100, stopped: null });
    expect(queue.reports[0]).not.toContain(0);
  });

  test("looks for new work while a request is under way, and after a report", async () => {
    const queue = new Queue(1);
    const slow = door();
    queue.exchange = ({ id }) => (id === 0 ? slow.opened : Promise.resolve());
    setTimeout(() => queue.waiting.push({ id: 1, timeoutMs: 10 }), 30);
    queue.check = (results) => {
      if (results.some(({ id }) => id === 1)) slow.open();
      if (results.some(({ id }) => id === 0)) queue.waiting.push({ id: 2, timeoutMs: 10 });
    };
    expect(await run(queue)).toMatchObject({ claimed: 3, completed: 3 });
  });

  test("claims at once what it can soon send, where it is known how long requests take", async () => {
    const queue = new Queue(200);
    const running = start(queue, { ...limits, usualMs: 5 }, () => {});
    expect(await running.done).toMatchObject({ claimed: 200, completed: 200 });
    expect(queue.claims[0]).toBe(limits.batch);
    expect(running.usualMs()).toBeLessThan(5);
  });

  test("claims no more than it can soon send", async () => {
    const queue = new Queue(200);
    const all = door();
    queue.exchange = () => all.opened;
    setTimeout(all.open, 60);
    const running = run(queue);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(queue.claims.reduce((sum, count) => sum + count, 0)).toBe(10);
    await running;
    expect(queue.reported).toHaveLength(200);
  });
});

describe("told that there may be something new", () => {
  test("it looks at once, also when that came during a look", async () => {
    const queue = new Queue(1);
    const slow = door();
    queue.exchange = ({ id }) => (id === 0 ? slow.opened : Promise.resolve());
    const claim = queue.claim;
    const asked = door();
    const answered = door();
    queue.claim = async (max) => {
      const taken = await claim(max);
      // The second look finds nothing; what comes before it has ended must not wait for the next one.
      if (queue.claims.length === 2) {
        asked.open();
        await answered.opened;
      }
      return taken;
    };
    const running = start(queue, { ...limits, lookAgainMs: 60_000 }, () => {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(running.look()).toBe(true);
    await asked.opened;
    queue.waiting.push({ id: 1, timeoutMs: 10 });
    expect(running.look()).toBe(true);
    answered.open();
    while (!queue.reported.includes(1)) await new Promise((resolve) => setImmediate(resolve));
    slow.open();
    expect(await running.done).toMatchObject({ claimed: 2, completed: 2 });
  });

  test("it says no when it has ended, has stopped, or waits for slow requests in all its places", async () => {
    const queue = new Queue(3);
    const slow = door();
    queue.exchange = () => slow.opened;
    const running = start(queue, { ...limits, concurrency: 2 }, () => {});
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(queue.sent).toHaveLength(2);
    expect(running.look()).toBe(false);
    slow.open();
    expect(await running.done).toMatchObject({ completed: 3 });
    expect(running.look()).toBe(false);

    const few = new Queue(5);
    const unloading = new AbortController();
    few.exchange = () => new Promise((resolve) => setTimeout(resolve, 20));
    const stopping = start(few, limits, () => {}, { unloading: unloading.signal });
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopping.look()).toBe(true);
    unloading.abort();
    expect(stopping.look()).toBe(false);
    await stopping.done;
  });
});

describe("ending in time", () => {
  test("what might not end before the wall clock is handed back, and a successor is rung", async () => {
    const queue = new Queue(5, 10);
    queue.waiting.push({ id: 5, timeoutMs: 500 }, { id: 6, timeoutMs: 500 });
    const summary = await run(queue, { wallMs: 1_000, remainingMs: 300 });
    expect(summary).toMatchObject({ claimed: 7, completed: 5, released: 2, stopped: "wall_clock" });
    expect(queue.released).toEqual([5, 6]);
    expect(queue.sent).toEqual([0, 1, 2, 3, 4]);
    expect(queue.rings).toBe(1);
  });

  test("claims stop before the wall clock minus the longest request", async () => {
    const queue = new Queue(100_000, 100);
    queue.exchange = () => new Promise((resolve) => setTimeout(resolve, 5));
    const begun = performance.now();
    const summary = await run(queue, { wallMs: 400 });
    const took = performance.now() - begun;
    expect(summary.stopped).toBe("wall_clock");
    expect(summary.completed).toBe(queue.sent.length);
    expect(summary.claimed).toBe(summary.completed + summary.released);
    expect(took).toBeLessThan(400);
    expect(queue.rings).toBe(1);
  });

  test("a request longer than any call could wait is given what a fresh call has", async () => {
    const queue = new Queue(1, 120_000);
    const given: number[] = [];
    const send = queue.send;
    queue.send = ((claim: Claim, timeoutMs: number) => {
      given.push(timeoutMs);
      return send(claim);
    }) as Queue["send"];
    expect(await run(queue)).toMatchObject({ completed: 1, released: 0 });
    expect(given).toEqual([54_000]);
  });

  test("a call that could send nothing does not ring: the next one could not either", async () => {
    const queue = new Queue(3, 500);
    const summary = await run(queue, { wallMs: 1_000, remainingMs: 100 });
    expect(summary).toMatchObject({ claimed: 3, completed: 0, released: 3 });
    expect(queue.rings).toBe(0);
  });

  test("stops at so many requests, sends what it has, and rings", async () => {
    const queue = new Queue(100);
    const summary = await run(queue, { maxRequests: 35 });
    expect(summary).toMatchObject({ claimed: 35, completed: 35, released: 0, stopped: "max_requests" });
    expect(queue.rings).toBe(1);
  });

  test("stops when the CPU time is used up, but not before it has done something", async () => {
    const queue = new Queue(100_000);
    let used = 0;
    const summary = await run(queue, { cpuMs: 100 }, { cpuTime: () => (used += 10) });
    expect(summary.stopped).toBe("cpu");
    expect(summary.completed).toBe(summary.claimed);
    expect(summary.claimed).toBeGreaterThan(0);
    expect(queue.rings).toBe(1);
    const busy = await run(new Queue(3), { cpuMs: 1 }, { cpuTime: () => (used += 1_000) });
    expect(busy.completed).toBe(3);
  });

  test("hands back everything unsent when the platform is about to end the worker", async () => {
    const queue = new Queue(100);
    const unloading = new AbortController();
    queue.exchange = ({ id }) => {
      if (id === 20) unloading.abort();
      return new Promise((resolve) => setImmediate(resolve));
    };
    const summary = await run(queue, {}, { unloading: unloading.signal });
    expect(summary.stopped).toBe("unloading");
    expect(summary.completed).toBe(queue.sent.length);
    expect(summary.completed + summary.released).toBe(summary.claimed);
    expect(queue.rings).toBe(1);
  });

  test("hands back what has waited too long for its turn", async () => {
    const queue = new Queue(40);
    const slow = door();
    // Quick at first, so that more is claimed than can be sent at once; then everything hangs.
    queue.exchange = ({ id }) => (id < 10 ? Promise.resolve() : slow.opened);
    queue.release = (claims) => {
      slow.open();
      queue.released.push(...claims.map(({ id }) => id));
      return Promise.resolve(claims.length);
    };
    const summary = await run(queue, { patienceMs: 30 });
    expect(summary.released).toBe(queue.released.length);
    expect(queue.released.length).toBeGreaterThan(0);
    expect(summary.completed + summary.released).toBe(40);
  });

  test("sends nothing whose lease could end before its answer is reported, and hands it back", async () => {
    const queue = new Queue(40);
    queue.leaseMs = 100;
    const begun = performance.now();
    const sentAt: number[] = [];
    // Quick at first, so that more is claimed than can be sent at once; then everything hangs until leases are over.
    queue.exchange = ({ id }) => {
      sentAt.push(performance.now() - begun);
      return id < 10 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, 200));
    };
    const summary = await run(queue, { lookAgainMs: 10_000 });
    expect(summary.released).toBeGreaterThan(0);
    expect(summary.completed + summary.released).toBe(40);
    expect(Math.max(...sentAt)).toBeLessThan(100);
  });

  test("sends all the same where the database's clock is far behind", async () => {
    const queue = new Queue(40);
    queue.leaseMs = -3_600_000;
    expect(await run(queue)).toMatchObject({ completed: 40, released: 0 });
  });
});

describe("a database in trouble", () => {
  const away = new DatabaseError("complete_run_requests", "connection refused", undefined);

  test("a call that is not answered is made again", async () => {
    const queue = new Queue(30);
    let troubles = 0;
    queue.check = () => {
      if (troubles++ < 2) throw away;
    };
    const claim = queue.claim;
    let claims = 0;
    queue.claim = (max) => (claims++ === 0 ? Promise.reject(new Error("reset")) : claim(max));
    expect(await run(queue)).toMatchObject({
      claimed: 30,
      completed: 30,
      lost: 0,
      stopped: null,
      events: [],
    });
    expect(queue.reported).toEqual(numbers(30));
  });

  test("that does not come back ends the call, and is told", async () => {
    const queue = new Queue(30);
    queue.check = () => {
      throw away;
    };
    const summary = await run(queue);
    expect(summary).toMatchObject({ completed: 0, stopped: "database" });
    expect(summary.lost + summary.released).toBe(summary.claimed);
    expect(summary.events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(["complete_failed", "results_lost"]),
    );

    const gone = new Queue(1);
    gone.claim = () => Promise.reject(away);
    const second = await run(gone);
    expect(second).toMatchObject({ claimed: 0, stopped: "database" });
    expect(second.events).toEqual([
      { level: "error", event: "claim_failed", facts: { message: away.message, tries: 3 } },
    ]);
    expect(gone.rings).toBe(0);
  });

  test("an answer it refuses costs none of the others, and is reported without its content", async () => {
    const queue = new Queue(40);
    queue.check = (results) => {
      if (results.some(({ id, timeoutMs }) => (id === 7 || id === 23) && timeoutMs !== -1)) {
        throw new DatabaseError("complete_run_requests", "unsupported Unicode escape sequence", "22P05");
      }
    };
    const summary = await run(queue);
    expect(summary).toMatchObject({ completed: 40, lost: 0, stopped: null });
    expect(queue.reported).toEqual(numbers(40));
  });

  test("one it refuses whatever is reported is lost alone", async () => {
    const queue = new Queue(20);
    queue.check = (results) => {
      if (results.some(({ id }) => id === 7)) throw new DatabaseError("complete", "a fault", "XX000");
    };
    const summary = await run(queue);
    expect(summary).toMatchObject({ completed: 19, lost: 1 });
  });

  test("a lost lease is told, not counted, and no error", async () => {
    const queue = new Queue(3);
    queue.complete = (results) =>
      Promise.resolve(
        results.map(({ id }) => ({
          id: String(id),
          accepted: id !== 1,
          message: id === 1 ? "lease lost" : null,
        })),
      );
    const summary = await run(queue);
    expect(summary).toMatchObject({ claimed: 3, completed: 2, lost: 0, stopped: null });
    expect(summary.events).toMatchObject([
      {
        level: "warn",
        event: "not_accepted",
        facts: { count: 1, refused: [{ id: "1", message: "lease lost" }] },
      },
    ]);
  });

  test("a bell that cannot be rung is told and ends nothing", async () => {
    const queue = new Queue(100);
    queue.ring = () => Promise.reject(new Error("no bell"));
    const summary = await run(queue, { maxRequests: 20 });
    expect(summary).toMatchObject({ completed: 20 });
    expect(summary.events).toMatchObject([{ event: "ring_failed", facts: { message: "no bell" } }]);
  });
});
