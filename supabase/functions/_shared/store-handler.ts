/** The frame of the functions that answer for a store: configuration, the port, errors as statuses. */
import { DatabaseError, type Port } from "./client.ts";
import { readConfig, type Config } from "./config.ts";
import { connectPort } from "./connect.ts";
import type { Handler } from "./handler.ts";
import { createLog, messageOf } from "./log.ts";
import { environment } from "./runtime.ts";

/** What surrounds such a function; tests put their own in place of each part. */
export interface StoreSurroundings {
  env?: Record<string, string | undefined>;
  connect?: (env: Record<string, string | undefined>) => Promise<Port>;
  writeLog?: (line: string) => void;
  fetch?: typeof fetch;
}

/** What a call has to work with. */
export interface StoreCall {
  request: Request;
  url: URL;
  config: Config;
  env: Record<string, string | undefined>;
  port: () => Promise<Port>;
}

/** An answer that is no success. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

// What the engine and the tables' own rules refuse; see docs/errors.md.
const statuses: Record<string, number> = {
  ETL04: 400,
  ETL05: 409,
  ETL06: 403,
  "22P02": 400,
  "22P05": 400,
  "23502": 400,
  "23505": 409,
  "23514": 400,
};

/** A function's handler over what it answers. */
export function storeHandler(
  name: string,
  around: StoreSurroundings,
  answer: (call: StoreCall) => Promise<Response>,
): Handler {
  const env = around.env ?? environment();
  const writeLog = around.writeLog ?? console.log;
  let config: Config | undefined;
  let port: Promise<Port> | undefined;

  return async (request) => {
    try {
      config ??= readConfig(env);
    } catch (error) {
      const event = { level: "error", function: name, event: "not_configured", message: messageOf(error) };
      writeLog(JSON.stringify(event));
      return Response.json({ error: "not configured" }, { status: 500 });
    }
    const log = createLog(config, name, writeLog, () => []);
    try {
      const open = () => (port ??= (around.connect ?? connectPort)(env));
      return await answer({ request, url: new URL(request.url), config, env, port: open });
    } catch (error) {
      void request.body?.cancel().catch(() => {});
      const known = refusalOf(error);
      log(known === undefined ? "error" : "warn", known === undefined ? "failed" : "refused", {
        ...(known === undefined ? {} : { status: known.status }),
        message: messageOf(error),
      });
      if (known !== undefined) {
        const headers = known.status === 401 ? { "www-authenticate": "Bearer" } : undefined;
        return Response.json({ error: known.message }, { status: known.status, headers });
      }
      // A connection that could not be made is tried anew by the next call.
      port = undefined;
      const isBusy = error instanceof DatabaseError && error.isTransient;
      return Response.json({ error: "failed; the log says why" }, { status: isBusy ? 503 : 500 });
    }
  };
}

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (!(error instanceof DatabaseError)) return undefined;
  const code = error.code ?? "";
  const status = statuses[code];
  if (status === undefined) return undefined;
  // Of its own faults the engine speaks in sentences; the tables' would tell how they are made.
  if (code.startsWith("ETL")) return new Refusal(status, error.sentence);
  return new Refusal(
    status,
    status === 409 ? "there is one like that already" : "a value is missing, or not as it should be",
  );
}
