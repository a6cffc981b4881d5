/**
 * The local stack: what Supabase is to a deployed engine, in a few processes of this machine.
 */
import pg from "pg";
import { bootstrapDatabase } from "./bootstrap.ts";
import { startDoorbell, type Doorbell, type DoorbellOptions } from "./doorbell.ts";
import { startFunctions, type Functions } from "./functions.ts";
import { migrateUp } from "./migrate.ts";
import { startServer, type Server, type ServerOptions } from "./server.ts";

/** What to start, and how. */
export interface StackOptions {
  /** Database of the stack; `millrace` by default, or the one `DATABASE_URL` names. */
  databaseName?: string;
  /** Whether to run the edge functions; true by default. */
  functions?: boolean;
  /** Whether to run bell and clock; as `functions` by default. */
  doorbell?: boolean;
  /** Further environment of the functions. */
  env?: Record<string, string>;
  /** Folder with the edge functions; `supabase/functions` by default. */
  functionsFolder?: string;
  /** How to start the server. */
  server?: ServerOptions;
  /** Settings of bell and clock. */
  bell?: Pick<DoorbellOptions, "running" | "pending" | "clockInterval">;
  /** Keep the functions' log and the bell's troubles to itself. */
  quiet?: boolean;
  /** Receives the functions' log and the bell's troubles, line by line, in place of standard error. */
  onLog?: (from: string, line: string) => void;
  /** Start a server or functions process that died again; false by default. */
  keepAlive?: boolean;
}

/** Calls of one function that run at once, as a platform would: one that waits for a slow source holds up no other. */
export const callsAtOnce = 4;

/** A running stack. */
export interface Stack {
  /** The database, as its superuser. */
  databaseUrl: string;
  /** Address of the functions; null when they were not asked for. */
  functionsUrl: string | null;
  /** Key the functions ask for; null when they were not asked for. */
  functionKey: string | null;
  server: Server;
  functions: Functions | null;
  /** Stops everything, last started first; a second call waits for the first. */
  stop(): Promise<void>;
}

/**
 * Starts server, database, migrations, functions, bell and clock, in this order, and resolves when all of them work.
 * What was started is stopped again when a later part does not start.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const started: { stop(): Promise<void> }[] = [];
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= stopInOrder([...started].reverse()));
  const log = (from: string) => (line: string) => {
    if (options.onLog) options.onLog(from, line);
    else if (!options.quiet) process.stderr.write(`[${from}] ${line}\n`);
  };
  try {
    const server = await startServer(options.server);
    started.push(server);
    const databaseUrl = await openDatabase(server, options.databaseName);
    await bootstrapDatabase(databaseUrl);
    await migrateUp(databaseUrl);

    let functions: Functions | null = null;
    if (options.functions ?? true) {
      functions = await startFunctions({
        databaseUrl,
        folder: options.functionsFolder,
        env: options.env,
        onLog: log("functions"),
      });
      started.push(functions);
    }
    if (options.doorbell ?? functions !== null) {
      if (functions === null) throw new Error("a doorbell has nothing to wake without the functions");
      const doorbell: Doorbell = await startDoorbell({
        running: callsAtOnce,
        ...options.bell,
        databaseUrl,
        functionsUrl: functions.url,
        key: functions.key,
        onError: log("doorbell"),
      });
      started.push(doorbell);
    }
    if (options.keepAlive) {
      const stopped = () => stopping !== undefined;
      if (server.embedded) void keepAlive("the server", server, stopped, log("stack"));
      if (functions) void keepAlive("the functions process", functions, stopped, log("stack"));
    }
    return {
      databaseUrl,
      functionsUrl: functions?.url ?? null,
      functionKey: functions?.key ?? null,
      server,
      functions,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function stopInOrder(parts: { stop(): Promise<void> }[]): Promise<void> {
  const failures: unknown[] = [];
  for (const part of parts) await part.stop().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** Creates the database where it is missing and returns its URL. */
async function openDatabase(server: Server, wanted: string | undefined): Promise<string> {
  const name = wanted ?? server.database ?? "millrace";
  const client = new pg.Client({ connectionString: server.url });
  client.on("error", () => {});
  await client.connect();
  try {
    const { rowCount } = await client.query("select from pg_catalog.pg_database where datname = $1", [name]);
    if (rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(name)} template template0`);
  } catch (error) {
    // Somebody else created it in between.
    if ((error as { code?: string }).code !== "42P04" && (error as { code?: string }).code !== "23505")
      throw error;
  } finally {
    await client.end();
  }
  const url = new URL(server.url);
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.href;
}

/** Starts a part again whenever it dies, until it dies too often to be helped. */
async function keepAlive(
  name: string,
  part: { exited(): Promise<void>; restart(): Promise<void> },
  stopped: () => boolean,
  log: (line: string) => void,
): Promise<void> {
  const deaths: number[] = [];
  for (;;) {
    await part.exited();
    if (stopped()) return;
    const now = Date.now();
    deaths.push(now);
    if (deaths.filter((at) => now - at < 60_000).length > 5) {
      return log(`${name} died six times within a minute and stays down; its log says why`);
    }
    log(`${name} died and is started again`);
    try {
      await part.restart();
    } catch (error) {
      if (!stopped()) log(`${name} could not be started again: ${(error as Error).message}`);
      return;
    }
  }
}

const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Makes SIGINT, SIGTERM and SIGHUP run `stop` and then end this process with the code a shell expects: 130, 143, 129.
 * A second signal ends at once; the guards of the children still stop them. Run by npm, the death of npm counts as
 * SIGTERM: killed, it cannot pass on a signal.
 *
 * @param stop - stops what runs by then; called once
 */
export function stopOnSignal(stop: () => Promise<void>): void {
  let first = true;
  const end = (code: number) => {
    if (!first) process.exit(code);
    first = false;
    void stop()
      .catch((error: unknown) => process.stderr.write(`${(error as Error).message}\n`))
      .finally(() => process.exit(code));
  };
  for (const [signal, code] of Object.entries(exitCodes)) process.on(signal, () => end(code));
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(watch);
    end(exitCodes.SIGTERM);
  }, 1_000);
  watch.unref();
}
