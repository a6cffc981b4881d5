/** The frame both functions share: who may call, what they work with, what they answer. */
import { refuse } from "./auth.ts";
import type { BellName, EtlClient } from "./client.ts";
import { readConfig, type Config } from "./config.ts";
import { connect as connectBy } from "./connect.ts";
import { createLog, messageOf, type Log } from "./log.ts";
import { start, type Limits, type Running, type Summary, type Work } from "./loop.ts";
import { SecretStore } from "./secret-store.ts";
import { pinsAddresses } from "./transport.ts";
import { cpuTime, environment, keepAlive, untilUnload, workerAge, workerIsMortal } from "./runtime.ts";

/** What surrounds a function; tests put their own in place of each part. */
export interface Surroundings {
  env?: Record<string, string | undefined>;
  connect?: (env: Record<string, string | undefined>) => Promise<EtlClient>;
  writeLog?: (line: string) => void;
  limits?: Partial<Limits>;
}

/** What a function does with its surroundings. */
export type MakeWork<C, R> = (
  client: EtlClient,
  config: Config,
  worker: string,
  secrets: SecretStore,
) => Work<C, R>;

/** Answers the calls of one function. */
export type Handler = (request: Request) => Promise<Response>;

const nothing: Summary = { claimed: 0, completed: 0, released: 0, lost: 0, stopped: null, seconds: 0 };

function answer({ lost, stopped, ...told }: Summary): Response {
  return Response.json(told, { status: stopped === "database" ? 503 : 200 });
}

/** Makes a function's handler. What it answers: `{claimed, completed, released, seconds}`. */
export function createHandler<C, R>(
  name: BellName,
  make: MakeWork<C, R>,
  around: Surroundings = {},
): Handler {
  const env = around.env ?? environment();
  const writeLog = around.writeLog ?? console.log;
  // Kept over calls: a worker answers many, and connecting is not free.
  let client: Promise<EtlClient> | undefined;
  // Calls at the same time work as one as long as its requests are quick: two would only claim and report less each.
  const running = new Set<Running>();
  let secrets: SecretStore | undefined;
  let usualMs: number | undefined;
  let saidHow = false;

  /** Says once where this runtime leaves a gap. */
  async function sayHow(config: Config, log: Log): Promise<void> {
    if (saidHow || config.proxied.length === 2) return;
    saidHow = true;
    if (await pinsAddresses()) return;
    log("warn", "addresses_not_pinned", {
      message: "this runtime looks names up again after they were checked; docs/egress.md says what to do",
    });
  }

  async function work(config: Config, log: Log): Promise<Summary> {
    client ??= (around.connect ?? connectBy)(env);
    const worker = `${name}/${env["SB_EXECUTION_ID"] ?? crypto.randomUUID()}`;
    const limits: Limits = { ...config, usualMs, ...around.limits };
    if (workerIsMortal(env)) limits.remainingMs = Math.max(0, limits.wallMs - workerAge());
    // Kept, too: it holds secrets for seconds.
    secrets ??= new SecretStore(config);
    const database = (secrets.source = await client);
    await sayHow(config, log);
    const port = make(database, config, worker, secrets);
    return untilUnload(async (unloading) => {
      const loop = start(port, limits, log, { cpuTime, unloading });
      running.add(loop);
      try {
        const summary = await loop.done;
        if (summary.claimed > 0 || summary.stopped !== null || summary.lost > 0)
          log("info", "worked", { worker, ...summary });
        return summary;
      } finally {
        running.delete(loop);
        if (running.size === 0) secrets?.rest();
        usualMs = loop.usualMs();
      }
    });
  }

  let config: Config | undefined;

  return async (request) => {
    try {
      config ??= readConfig(env);
    } catch (error) {
      writeLog(
        JSON.stringify({
          level: "error",
          function: name,
          event: "not_configured",
          message: messageOf(error),
        }),
      );
      // Told to those who have the key, if there is one: what is set and what is not is nobody else's business.
      const refusal = await refuse(request, env["ETL_FUNCTION_KEY"]);
      return refusal ?? Response.json({ error: "not configured" }, { status: 500 });
    }
    const log = createLog(config, name, writeLog, () => secrets?.values() ?? []);
    const refusal = await refuse(request, config.functionKey);
    if (refusal !== undefined) {
      log("warn", "refused", { status: refusal.status });
      return refusal;
    }
    try {
      for (const loop of running) if (loop.look()) return answer(nothing);
      return answer(await keepAlive(work(config, log)));
    } catch (error) {
      // A connection that could not be made is tried anew by the next call.
      client = undefined;
      log("error", "failed", { message: messageOf(error) });
      return Response.json({ error: "failed; the log says why" }, { status: 500 });
    }
  };
}
