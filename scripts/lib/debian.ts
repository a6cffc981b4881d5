import { execFileSync } from "node:child_process";
import { chownSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { startGuarded } from "./guard.ts";
import { freePort, type Server } from "./server.ts";

const binaries = "/usr/lib/postgresql/15/bin";

/** Whether Debian's PostgreSQL 15 is installed. */
export function hasDebianServer(): boolean {
  return existsSync(join(binaries, "postgres"));
}

/** PostgreSQL does not run as root; Debian's package brings a user for it. */
function identity(): { uid?: number; gid?: number } {
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

/**
 * Starts Debian's PostgreSQL 15 on a new cluster in a temporary folder: the second version under test, and the one that
 * has plpgsql_check. The cluster goes when it stops, and when this process ends in whatever way.
 */
export async function startDebianServer(): Promise<Pick<Server, "url" | "stop">> {
  if (!hasDebianServer()) {
    throw new Error(
      "Debian's PostgreSQL 15 is not installed: apt-get install postgresql-15 postgresql-15-plpgsql-check",
    );
  }
  const user = identity();
  const folder = mkdtempSync(join(tmpdir(), "millrace-15-"));
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid!);
  const data = join(folder, "data");
  execFileSync(
    join(binaries, "initdb"),
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
    { ...user, cwd: folder, stdio: ["ignore", "ignore", "inherit"] },
  );
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
  };
  const server = await startGuarded(
    [
      join(binaries, "postgres"),
      "-D",
      data,
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    { ...user, cwd: folder, output, signal: "QUIT", removeFolder: folder },
  ).finally(() => closeSync(output));
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  for (let waited = 0; !(await accepts(url)); waited += 50) {
    if (server.gone() || waited > 30_000) {
      const said = existsSync(log) ? readFileSync(log, "utf8") : "";
      await server.stop();
      throw new Error(`PostgreSQL 15 did not start:\n${said}`);
    }
    await delay(50);
  }
  return { url, stop: () => server.stop() };
}
