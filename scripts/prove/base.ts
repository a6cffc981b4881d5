/**
 * A data folder with the engine in it, made once for all proofs of a run: each proof's server starts on a copy, which
 * takes a moment where making one takes seconds.
 */
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { conditions, type Conditions } from "../lib/conditions.ts";
import { template, type TemplateKind } from "../lib/database.ts";
import { processStart } from "../lib/lock.ts";
import { startServer } from "../lib/server.ts";

const run = promisify(execFile);

/** What proofs' servers start from. */
export interface Base {
  /** Folder of this run; everything a proof leaves on the disk is below it. */
  folder: string;
  /** The database to copy, on every server made from this. */
  template: string;
  kind: TemplateKind;
  is: Conditions;
  /** Makes a data folder that a server can start on. */
  copy(to: string): Promise<void>;
  /** Removes the folder. */
  dispose(): void;
}

const prefix = "millrace-prove-";

/** Removes a folder, also while a server below it is on its last steps. */
export const remove = (folder: string): void =>
  rmSync(folder, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 });

/** Removes what runs left that were killed: whoever made a folder is named in it. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split("-")[0]) : NaN;
    if (!Number.isInteger(pid) || processStart(pid) !== null) continue;
    try {
      remove(join(tmpdir(), name));
    } catch {
      // Somebody else's: they will sweep it.
    }
  }
}

/** Makes the folder for this run. */
export async function prepareBase(kind: TemplateKind): Promise<Base> {
  sweep();
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  // The user a server runs as has to get through.
  chmodSync(folder, 0o755);
  const data = join(folder, "base");
  try {
    const server = await startServer({ dataDir: data, settings: { shared_buffers: "256MB" } });
    try {
      const made = await template(server.url, kind);
      if (made.problems.length > 0)
        throw new Error(
          `the engine does not load: ${made.problems.map(({ path, message }) => `${path}: ${message}`).join("; ")}`,
        );
      return {
        folder,
        template: made.name,
        kind,
        is: await conditions(server.url),
        async copy(to) {
          if (existsSync(to)) throw new Error(`there is something at ${to} already`);
          // Keeps owner and mode, which PostgreSQL insists on.
          await run("cp", ["-a", data, to]);
        },
        dispose: () => remove(folder),
      };
    } finally {
      await server.stop();
    }
  } catch (error) {
    remove(folder);
    throw error;
  }
}

let folders = 0;

/** A folder of one proof's own; the user a server runs as gets through. */
export function proofFolder(base: Base): string {
  const folder = join(base.folder, `proof-${++folders}`);
  mkdirSync(folder, { mode: 0o755 });
  return folder;
}
