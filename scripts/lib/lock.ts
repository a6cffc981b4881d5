/**
 * A lock file that names its owner, so that a second stack gets a clear answer and a dead owner is recognised.
 */
import { execFileSync } from "node:child_process";
import { linkSync, readFileSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";

/** Who holds a lock. */
export interface LockOwner {
  /** Process id of the owner. */
  pid: number;
  /** When that process started, in the system's own notation: ids are used again, start times are not. */
  started: string;
}

/** A lock that is held. */
export interface Lock {
  /** Gives the lock back; a second call does nothing. */
  release(): void;
}

/** Raised when a living process holds the lock. */
export class LockedError extends Error {
  /** The process that holds the lock. */
  readonly owner: LockOwner;
  constructor(message: string, owner: LockOwner) {
    super(message);
    this.name = "LockedError";
    this.owner = owner;
  }
}

/** When the process started, or null when there is no such process. */
export function processStart(pid: number): string | null {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return null;
  }
  try {
    // The name of the command, which may hold spaces, is in parentheses; the start time is field 22 of the line.
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : fields[19]!;
  } catch {
    try {
      return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || null;
    } catch {
      return "unknown";
    }
  }
}

function readOwner(path: string): LockOwner | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as LockOwner;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    if (error instanceof SyntaxError) return { pid: 0, started: "unreadable" };
    throw error;
  }
}

function isAlive(owner: LockOwner): boolean {
  if (owner.pid <= 0) return false;
  const started = processStart(owner.pid);
  return started !== null && (started === owner.started || started === "unknown");
}

/** Creates `path` with the content in one step; false when it exists already. */
function createWhole(path: string, content: string): boolean {
  const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

/**
 * Takes the lock, also from an owner that no longer lives.
 *
 * @param path - the lock file
 * @param explain - makes the message of the error from the owner that holds it
 * @throws LockedError when a living process, this one included, holds it
 */
export function takeLock(path: string, explain: (owner: LockOwner) => string): Lock {
  const self: LockOwner = { pid: process.pid, started: processStart(process.pid) ?? "unknown" };
  const content = JSON.stringify(self) + "\n";
  const takeover = `${path}.takeover`;
  for (let attempt = 0; attempt < 2_000; attempt++) {
    if (createWhole(path, content)) return held(path);
    const owner = readOwner(path);
    if (owner === null) continue;
    if (isAlive(owner)) throw new LockedError(explain(owner), owner);
    // Several may find the same dead owner; the one that creates the takeover file replaces the lock, the
    // others look again. The file is held for microseconds, so an old one was left by a crash.
    if (createWhole(takeover, content)) {
      try {
        const now = readOwner(path);
        if (now === null || isAlive(now)) continue;
        writeFileSync(`${path}.next`, content);
        renameSync(`${path}.next`, path);
        return held(path);
      } finally {
        rmSync(takeover, { force: true });
      }
    }
    try {
      if (Date.now() - statSync(takeover).mtimeMs > 10_000) rmSync(takeover, { force: true });
    } catch {
      // Gone in the meantime: look again.
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
  throw new Error(`could not take over the lock ${path}; remove ${takeover} and try again`);
}

function held(path: string): Lock {
  let released = false;
  return {
    release() {
      if (!released) rmSync(path, { force: true });
      released = true;
    },
  };
}
