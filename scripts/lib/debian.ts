import { execFileSync } from "node:child_process";
import { chownSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { startGuarded } from "./guard.ts";
import { freePort, type Server } from "./server.ts";

/** Where Debian has the programs of PostgreSQL 15, those for backups among them. */
export const debianBinaries = "/usr/lib/postgresql/15/bin";

/** Whether Debian's PostgreSQL 15 is installed. */
export function hasDebianServer(): boolean {
  return existsSync(join(debianBinaries, "postgres"));
}

/** PostgreSQL does not run as root; Debian's package brings a user for it. Nothing for everyone but root. */
export function debianIdentity(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** How to start the server. */
export interface DebianOptions {
  /** Settings beside, or in place of, those for tests that keep nothing. */
  settings?: Record<string, string | number>;
  /** A data folder that is there, such as a restored copy, and stays; a new one that goes with the server otherwise. */
  dataDir?: string;
}

/** A running server of Debian's. */
export interface DebianServer extends Pick<Server, "url" | "port" | "stop"> {
  dataDir: string;
  /** Process id of the postmaster. */
  pid: number;
  /** What the server has written so far. */
  log(): string;
}

/**
 * Starts Debian's PostgreSQL 15 on a new cluster in a temporary folder: the second version under test, and the one that
 * has plpgsql_check. The cluster goes when it stops, and when this process ends in whatever way.
 */
export async function startDebianServer(options: DebianOptions = {}): Promise<DebianServer> {
  if (!hasDebianServer()) {
    throw new Error(
      "Debian's PostgreSQL 15 is not installed: apt-get install postgresql-15 postgresql-15-plpgsql-check",
    );
  }
  const user = debianIdentity();
  const folder = mkdtempSync(join(tmpdir(), "millrace-15-"));
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid!);
  const data = options.dataDir ?? join(folder, "data");
  if (options.dataDir === undefined) {
    execFileSync(
      join(debianBinaries, "initdb"),
      ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
      { ...user, cwd: folder, stdio: ["ignore", "ignore", "inherit"] },
    );
  }
  const port = await freePort();
  const log = join(folder, "server.log");
  const output = openSync(log, "w");
  const settings = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    fsync: "off",
    full_page_writes: "off",
    synchronous_commit: "off",
    max_connections: 100,
    timezone: "UTC",
    lc_messages: "C",
    ...options.settings,
  };
  const server = await startGuarded(
    [
      join(debianBinaries, "postgres"),
      "-D",
      data,
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    { ...user, cwd: folder, output, signal: "QUIT", removeFolder: folder },
  ).finally(() => closeSync(output));
  const said = (): string => (existsSync(log) ? readFileSync(log, "utf8") : "");
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  for (let waited = 0; !(await accepts(url)); waited += 50) {
    if (server.gone() || waited > 60_000) {
      const text = said();
      await server.stop();
      throw new Error(`PostgreSQL 15 did not start:\n${text}`);
    }
    await delay(50);
  }
  return { url, port, pid: server.pid, dataDir: data, log: said, stop: () => server.stop() };
}
