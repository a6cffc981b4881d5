/**
 * The edge functions of the local stack: one Deno process that serves every folder of `supabase/functions/` as
 * Supabase's edge runtime does, from `node_modules`, with nothing fetched.
 */
import { randomBytes } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startGuarded, type Guarded } from "./guard.ts";
import { localSecretKey } from "./secret-key.ts";

const checkout = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** How to start the functions. */
export interface FunctionsOptions {
  /** Database the functions work on, as a user who may become `service_role`. */
  databaseUrl: string;
  /** Folder with one folder per function; `supabase/functions` by default. */
  folder?: string;
  /** Key callers must send as a bearer token; a random one by default. */
  key?: string;
  /** Further environment of the functions, beyond what every stack sets. */
  env?: Record<string, string>;
  /** Receives each line the functions write; standard error by default. */
  onLog?: (line: string) => void;
}

/** The running functions. */
export interface Functions {
  /** Address of the process; the function `x` answers under `<url>/x`. */
  url: string;
  /** Key a caller sends as `Authorization: Bearer <key>`. */
  key: string;
  /** Process id of Deno. */
  pid: number;
  /** Functions that answer. */
  names: string[];
  /** Functions that did not load, with the reason; they answer 503. */
  failed: Record<string, string>;
  /** Stops the process; a second call does nothing. */
  stop(): Promise<void>;
  /** Kills the process as a crash would, without a chance to finish anything. */
  kill(): Promise<void>;
  /** Starts the process again on the same port with the same key; stops it first if it still runs. */
  restart(): Promise<void>;
  /** Resolves when the process that is now running is gone. */
  exited(): Promise<void>;
}

interface Listening {
  port: number;
  names: string[];
  failed: Record<string, string>;
}

/**
 * Starts the functions and resolves when they accept requests.
 *
 * @throws Error when Deno is missing, or ends before it listens, with what it wrote
 */
export async function startFunctions(options: FunctionsOptions): Promise<Functions> {
  const key = options.key ?? randomBytes(32).toString("hex");
  const plan = {
    ...options,
    key,
    folder: resolve(options.folder ?? join(checkout, "supabase", "functions")),
  };
  if (!existsSync(plan.folder)) throw new Error(`there is no folder ${plan.folder} with edge functions`);
  let { process: current, listening } = await run(plan, 0);
  let stopped = false;
  const functions: Functions = {
    url: `http://127.0.0.1:${listening.port}`,
    key,
    pid: current.pid,
    names: listening.names,
    failed: listening.failed,
    async stop() {
      stopped = true;
      await current.stop();
    },
    async kill() {
      current.hold();
      if (!current.gone()) process.kill(current.pid, "SIGKILL");
      await current.exited;
    },
    async restart() {
      await current.stop();
      if (stopped) throw new Error("the functions were stopped for good; start new ones");
      ({ process: current, listening } = await run(plan, listening.port));
      Object.assign(functions, { pid: current.pid, names: listening.names, failed: listening.failed });
      // Asked to stop while it was starting.
      if (stopped) await current.stop();
    },
    exited: () => current.exited.then(() => {}),
  };
  return functions;
}

async function run(
  plan: FunctionsOptions & { key: string; folder: string },
  port: number,
): Promise<{ process: Guarded; listening: Listening }> {
  const readable = [plan.folder, realpathSync(join(checkout, "node_modules"))];
  const child = await startGuarded(
    [
      ...denoCommand(),
      "--allow-net",
      "--allow-env",
      `--allow-read=${readable.join(",")}`,
      fileURLToPath(new URL("./functions-server.ts", import.meta.url)),
      plan.folder,
      String(port),
    ],
    { env: environment(plan), cwd: checkout, output: "pipe", signal: "TERM", patience: 3_000 },
  );
  const log = plan.onLog ?? ((line: string) => process.stderr.write(`[functions] ${line}\n`));
  const written: string[] = [];
  const write = (line: string) => {
    written.push(line);
    if (written.length > 20) written.shift();
    log(line);
  };
  const output = createInterface({ input: child.guard.stdout! });
  createInterface({ input: child.guard.stderr! }).on("line", write);
  const listening = await new Promise<Listening>((resolveListening, reject) => {
    let first = true;
    output.on("line", (line) => {
      const announced = first ? parseListening(line) : null;
      if (announced === null) return write(line);
      first = false;
      resolveListening(announced);
    });
    // The last lines may arrive after the news of the exit.
    void child.exited.then((code) =>
      setImmediate(() =>
        reject(
          new Error(`the edge functions did not start; Deno ended with code ${code}:\n${written.join("\n")}`),
        ),
      ),
    );
  });
  child.loosen();
  return { process: child, listening };
}

function parseListening(line: string): Listening | null {
  try {
    const value = JSON.parse(line) as Partial<Listening>;
    return typeof value.port === "number" && Array.isArray(value.names) ? (value as Listening) : null;
  } catch {
    return null;
  }
}

/** What the functions see: nothing of this process's environment but what is named here. */
function environment(plan: FunctionsOptions & { key: string }): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    DENO_DIR: denoFolder(),
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
    DATABASE_URL: plan.databaseUrl,
    ETL_FUNCTION_KEY: plan.key,
    // On a developer's machine the third party and the client are on it too.
    ETL_ALLOW_HOSTS: process.env.ETL_ALLOW_HOSTS ?? "127.0.0.1,localhost,[::1]",
    ETL_SECRETS: process.env.ETL_SECRETS ?? "{}",
    ETL_SECRET_KEY: localSecretKey(),
    // No platform here ends a process for the CPU time it has used.
    ETL_CPU_MS: "3600000",
    ETL_MAX_REQUESTS: "1000000",
    ...plan.env,
  };
}

/** Deno's folder for compiled modules: beside the data, or a temporary one when that cannot be written to. */
function denoFolder(): string {
  const folder = join(checkout, ".millrace", "deno");
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return folder;
  } catch {
    if (temporaryFolder === undefined) {
      const made = (temporaryFolder = mkdtempSync(join(tmpdir(), "millrace-deno-")));
      process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    }
    return temporaryFolder;
  }
}
let temporaryFolder: string | undefined;

/**
 * The beginning of a command that runs a file in Deno, with no permission yet. Nothing is fetched: packages come from
 * `node_modules`, and a module that would need the network fails.
 */
export function denoCommand(): string[] {
  const config = `--config=${join(checkout, "deno.json")}`;
  // What is claimed lives for a few batches: with V8's own small beginning it is copied again and again meanwhile.
  const young = "--v8-flags=--min-semi-space-size=16";
  return [denoBinary(), "run", config, "--cached-only", "--no-remote", "--no-prompt", young];
}

/** The binary itself: through npm's starting script, the process id would be another's. */
function denoBinary(): string {
  const require = createRequire(import.meta.url);
  try {
    const home = dirname(require.resolve("deno/package.json"));
    const installed = join(home, "deno");
    if (existsSync(installed)) return installed;
    // Without its install script the binary stays where npm put it.
    const platform = join(home, "..", "@deno");
    for (const name of readdirSync(platform)) {
      const binary = join(platform, name, "deno");
      if (existsSync(binary)) return binary;
    }
  } catch {
    // Explained below.
  }
  throw new Error("Deno is not installed. Run `npm ci` without --omit=optional.");
}
