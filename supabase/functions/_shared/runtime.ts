/**
 * What differs between the places the functions run in: Supabase's edge runtime, Deno, Node (in tests). Everything
 * else here is the same code in all of them.
 */

interface Platform {
  Deno?: {
    env: { toObject(): Record<string, string> };
    serve(handler: (request: Request) => Promise<Response>): unknown;
  };
  EdgeRuntime?: { waitUntil?(work: Promise<unknown>): void };
  process?: {
    env: Record<string, string | undefined>;
    cpuUsage?(): { user: number; system: number };
  };
  addEventListener?(type: string, listener: () => void): void;
}

const platform = globalThis as unknown as Platform;

/** When this worker began to live: Supabase counts its wall clock from here, not from a request. */
const bornAt = performance.now();

/** The environment's variables. */
export function environment(): Record<string, string | undefined> {
  return platform.Deno?.env.toObject() ?? platform.process?.env ?? {};
}

/** Serves a function where it is deployed. */
export function serve(handler: (request: Request) => Promise<Response>): void {
  if (platform.Deno === undefined)
    throw new Error("this file is run by Deno; use the handler beside it elsewhere");
  platform.Deno.serve(handler);
}

/**
 * Asks the platform to let the worker live until the work is done, even when the caller has hung up: a doorbell does
 * not wait for the answer (pg_net gives up after seconds).
 */
export function keepAlive<T>(work: Promise<T>): Promise<T> {
  platform.EdgeRuntime?.waitUntil?.(work.catch(() => {}));
  return work;
}

/** Milliseconds this worker has lived. */
export function workerAge(): number {
  return performance.now() - bornAt;
}

/** Whether the platform ends this worker at a certain age whatever it is doing. */
export function workerIsMortal(env: Record<string, string | undefined>): boolean {
  return Boolean(env["SB_EXECUTION_ID"] ?? env["DENO_DEPLOYMENT_ID"]);
}

/**
 * Milliseconds of CPU time used so far; undefined where it cannot be read. It is the whole process's: calls running
 * beside this one count too, so the figure errs on the side of stopping early.
 */
export function cpuTime(): number | undefined {
  try {
    const used = platform.process?.cpuUsage?.();
    return used === undefined ? undefined : (used.user + used.system) / 1000;
  } catch {
    return undefined;
  }
}

const onGoing = new Set<AbortController>();
// Supabase says so before it ends a worker: near the wall clock's end, and when the CPU time is nearly used up.
platform.addEventListener?.("beforeunload", () => {
  for (const controller of onGoing) controller.abort();
});

/** Runs something with a signal that tells when the platform is about to end the worker. */
export async function untilUnload<T>(work: (unloading: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  onGoing.add(controller);
  try {
    return await work(controller.signal);
  } finally {
    onGoing.delete(controller);
  }
}
