/**
 * What pg_net and pg_cron do on Supabase: the bell wakes an edge function, the clock looks after the queue.
 *
 * A bell carries no data and may be lost; the queue is the truth. So nothing here is repeated or remembered, and
 * the clock's `etl_api.recover()` rings again for what a lost bell left lying.
 */
import { once, setMaxListeners } from "node:events";
import { Agent, request, type ClientRequest, type IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";

/** How to run the bell and the clock. */
export interface DoorbellOptions {
  /** Database whose channel is listened to. */
  databaseUrl: string;
  /** Address under which the functions answer. */
  functionsUrl: string;
  /** Key the functions ask for. */
  key: string;
  /** Calls of one function that may run at the same time; 1 by default. */
  running?: number;
  /** Wakes of one function that are kept while that many run; 1 by default. */
  pending?: number;
  /** Milliseconds between two looks of the clock; 1,000 by default, 0 for no clock. */
  clockInterval?: number;
  /** Milliseconds after which a call is given up; the platform ends a function after 150 s. */
  callTimeout?: number;
  /** Receives each kind of trouble once, until it is over; standard error by default. */
  onError?: (message: string) => void;
}

/** The running bell and clock. */
export interface Doorbell {
  /** Stops listening; calls under way are dropped. */
  stop(): Promise<void>;
}

/** The channel the engine rings on; the payload is the name of the function. */
export const bellChannel = "etl_bell";

const retryAfter = 200;

/** The first number of the marks by which clocks tell each other that one of them sweeps; the second is the interval's. */
export const clockMarks = 0x6d636c6b;

// Several clocks may tick on one database: of each interval, the first to come has the mark and sweeps. It keeps the
// mark until its next turn.
const sweep = `
  with mark as materialized (
    select pg_advisory_unlock_all(), floor(extract(epoch from clock_timestamp()) * 1000 / $1::int)::bigint as slot
  )
  select case when pg_try_advisory_lock(${clockMarks}, (mark.slot % 1000000000)::int)
    then (select count(*) from etl_api.recover()) end
  from mark`;

/** Starts the bell and the clock and resolves when the first listens. */
export async function startDoorbell(options: DoorbellOptions): Promise<Doorbell> {
  const halt = new AbortController();
  // Each call under way listens: as many as may run at once, of each function.
  setMaxListeners(0, halt.signal);
  const say = onceUntilOver(
    options.onError ?? ((message) => process.stderr.write(`[doorbell] ${message}\n`)),
  );
  const wake = caller(options, halt.signal, say);
  const bell = keepConnected(options.databaseUrl, "bell", halt.signal, say, async (client, lost, begun) => {
    client.on("notification", ({ payload }) => wake(payload ?? ""));
    await client.query(`listen ${bellChannel}`);
    begun();
    if (!lost.aborted) await once(lost, "abort");
  });
  const interval = options.clockInterval ?? 1_000;
  const clock =
    interval === 0
      ? null
      : keepConnected(options.databaseUrl, "clock", halt.signal, say, async (client, lost) => {
          while (!lost.aborted) {
            try {
              await client.query(sweep, [interval]);
              say.over("recover");
            } catch (error) {
              if (!lost.aborted) say("recover", `etl_api.recover() failed: ${reason(error)}`);
            }
            await pause(interval, lost);
          }
        });
  await bell.ready;
  return {
    async stop() {
      halt.abort();
      await Promise.all([bell.done, clock?.done]);
    },
  };
}

interface Say {
  (kind: string, message: string): void;
  over(kind: string): void;
}

/** Says each kind of trouble once, and again only after it was over. */
function onceUntilOver(tell: (message: string) => void): Say {
  const said = new Map<string, string>();
  const say = (kind: string, message: string) => {
    if (said.get(kind) === message) return;
    said.set(kind, message);
    tell(message);
  };
  return Object.assign(say, { over: (kind: string) => void said.delete(kind) });
}

function reason(error: unknown): string {
  const { message, code, cause } = error as { message?: string; code?: string; cause?: unknown };
  if (cause) return reason(cause);
  return message || code || String(error);
}

async function pause(milliseconds: number, halt: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal: halt }).catch(() => {});
}

/** Calls functions by name: so many at once, so many waiting, the rest of the bells say nothing new. */
function caller(options: DoorbellOptions, halt: AbortSignal, say: Say): (name: string) => void {
  const most = { running: options.running ?? 1, pending: options.pending ?? 1 };
  const counts = new Map<string, { running: number; pending: number }>();

  async function call(name: string): Promise<void> {
    try {
      const { status, text } = await post(name);
      if (status >= 200 && status < 300) say.over(name);
      else say(name, `${name} answered ${status}: ${text.slice(0, 500)}`);
    } catch (error) {
      if (!halt.aborted) say(name, `${name} could not be called: ${reason(error)}`);
    }
  }

  // Not fetch, which takes several times as long: this is on the way of every request.
  const agent = new Agent({ keepAlive: true, noDelay: true });
  halt.addEventListener("abort", () => agent.destroy());

  // Made ready before its bell rings, for that takes longer than sending it: by name, each on a connection that is there.
  const ready = new Map<string, ClientRequest>();

  function make(name: string): ClientRequest {
    return request(`${options.functionsUrl}/${name}`, {
      agent,
      method: "POST",
      headers: { authorization: `Bearer ${options.key}`, "content-length": 0 },
      signal: halt,
    });
  }

  function makeReady(name: string): void {
    if (halt.aborted || ready.has(name)) return;
    const outgoing = make(name);
    // Its connection was closed while it waited: the next bell makes another.
    const forget = () => {
      if (ready.get(name) === outgoing) ready.delete(name);
    };
    outgoing.on("error", forget).on("close", forget).on("response", forget);
    ready.set(name, outgoing);
  }

  async function post(name: string): Promise<{ status: number; text: string }> {
    const waiting = ready.get(name);
    ready.delete(name);
    const outgoing = waiting === undefined || waiting.destroyed ? make(name) : waiting;
    const timer = setTimeout(
      () => outgoing.destroy(new Error("no answer in time")),
      options.callTimeout ?? 160_000,
    );
    try {
      outgoing.end();
      const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
      let text = "";
      for await (const part of answer.setEncoding("utf8")) text += part as string;
      // Later, when the connection is free again.
      setImmediate(makeReady, name);
      return { status: answer.statusCode ?? 0, text };
    } catch (error) {
      // The other side had closed a connection that was kept: nothing has been asked yet.
      const stale = waiting !== undefined || outgoing.reusedSocket;
      if (stale && (error as NodeJS.ErrnoException).code === "ECONNRESET") return post(name);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  return function wake(name: string): void {
    if (!/^[a-z0-9][a-z0-9_-]*$/.test(name)) return say("payload", `a bell names no function: ${name}`);
    const count = counts.get(name) ?? { running: 0, pending: 0 };
    counts.set(name, count);
    if (count.running >= most.running) {
      count.pending = Math.min(count.pending + 1, most.pending);
      return;
    }
    count.running++;
    void call(name).then(() => {
      count.running--;
      if (count.pending > 0 && !halt.aborted) {
        count.pending--;
        wake(name);
      }
    });
  };
}

interface Connection {
  /** Resolves when the first step of the work is done, on whichever connection. */
  ready: Promise<void>;
  /** Resolves when the last connection is closed. */
  done: Promise<void>;
}

/**
 * Keeps doing `work` on a connection, on a new one whenever the old one is lost, until halted. `lost` is aborted when
 * the connection is gone or the halt came; `begun` tells that the work's first step is done.
 */
function keepConnected(
  databaseUrl: string,
  name: string,
  halt: AbortSignal,
  say: Say,
  work: (client: pg.Client, lost: AbortSignal, begun: () => void) => Promise<void>,
): Connection {
  let begun!: () => void;
  const ready = new Promise<void>((resolve) => (begun = resolve));
  async function connectOnce(): Promise<void> {
    const client = new pg.Client({
      connectionString: databaseUrl,
      application_name: `millrace ${name}`,
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    const lost = new AbortController();
    const leave = () => {
      lost.abort();
      // Ends a query under way too: a server that hangs does not keep the stack from stopping.
      void client.end().catch(() => {});
    };
    client.on("error", leave);
    client.once("end", leave);
    halt.addEventListener("abort", leave);
    try {
      await client.connect();
      say.over(name);
      await work(client, lost.signal, begun);
      if (!halt.aborted) say(name, `the ${name} lost its connection and connects again`);
    } catch (error) {
      if (!halt.aborted) say(name, `the ${name} has no connection and tries again: ${reason(error)}`);
    } finally {
      halt.removeEventListener("abort", leave);
      await client.end().catch(() => {});
    }
  }
  async function loop(): Promise<void> {
    while (!halt.aborted) {
      await connectOnce();
      await pause(retryAfter, halt);
    }
    begun();
  }
  return { ready, done: loop() };
}
