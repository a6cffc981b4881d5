import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { processStart } from "../../scripts/lib/lock.ts";

export const checkout = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** A temporary folder that another user, as whom root runs the server, can enter. */
export function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
  chmodSync(folder, 0o755);
  return folder;
}

export const alive = (pid: number): boolean => processStart(pid) !== null;

/** Kills processes, of which some may have ended by themselves. */
export function killAll(pids: number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** Ids of the process and of everything below it. */
export function family(pid: number): number[] {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const members = [pid];
  for (const member of members)
    members.push(...rows.filter(([, parent]) => parent === member).map(([id]) => id));
  return members;
}

/** The user a process runs as. */
export function userOf(pid: number): number {
  const { stdout } = spawnSync("ps", ["-o", "uid=", "-p", String(pid)], { encoding: "utf8" });
  return Number(stdout.trim());
}

/** A script under test in a process of its own. */
export interface Script<T> {
  child: ChildProcess;
  pid: number;
  /** Its first line, parsed where it is JSON; `{ ended: code }` when it ended without one. */
  first: T;
  /** Everything it has written to standard output so far. */
  output(): string;
  /** Everything it has written to standard error so far. */
  errors(): string;
  /** Resolves with its exit code, or the signal that ended it. */
  ended: Promise<number | string>;
}

/** How to run a script. */
export interface ScriptOptions {
  env?: Record<string, string>;
  uid?: number;
  gid?: number;
  cwd?: string;
  /** A command in place of Node and the file. */
  command?: string[];
}

/** Runs a TypeScript file as its own process and waits for its first line. */
export async function runScript<T>(
  file: string,
  args: string[] = [],
  options: ScriptOptions = {},
): Promise<Script<T>> {
  const {
    DATABASE_URL: _url,
    MILLRACE_DATA_DIR: _folder,
    npm_lifecycle_event: _npm,
    ...inherited
  } = process.env;
  const command = [...(options.command ?? [process.execPath, "--import", "tsx", file]), ...args];
  const child = spawn(command[0]!, command.slice(1), {
    cwd: options.cwd ?? checkout,
    env: { ...inherited, ...options.env },
    uid: options.uid,
    gid: options.gid,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  let output = "";
  child.stderr.on("data", (chunk) => (errors += chunk));
  child.stdout.on("data", (chunk) => (output += chunk));
  const ended = new Promise<number | string>((resolveEnd) =>
    child.once("exit", (code, signal) => resolveEnd(code ?? signal!)),
  );
  const first = await Promise.race([
    new Promise<string>((resolveLine) => createInterface({ input: child.stdout }).once("line", resolveLine)),
    once(child, "close").then(async () => JSON.stringify({ ended: await ended })),
  ]);
  return {
    child,
    pid: child.pid!,
    first: (first.startsWith("{") ? JSON.parse(first) : first) as T,
    output: () => output,
    errors: () => errors,
    ended,
  };
}

export const readLock = (dataDir: string): { pid: number; started: string } =>
  JSON.parse(readFileSync(`${dataDir}.lock`, "utf8"));
