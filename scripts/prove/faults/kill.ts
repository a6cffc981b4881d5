/** Ends processes as nobody should. */
import { execFileSync } from "node:child_process";
import type { Server } from "../../lib/server.ts";

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // A child that went with its parent.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The processes a process has started. */
function childrenOf(parent: number): number[] {
  return execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, its]) => its === parent)
    .map(([pid]) => pid!);
}

/** Kills the server and all its children, as an out-of-memory killer without manners would. */
export async function killServer(server: Server): Promise<number> {
  const children = childrenOf(server.pid!);
  for (const pid of [server.pid!, ...children]) signal(pid, "SIGKILL");
  await server.exited();
  return children.length;
}

/** Asks the server to stop: `fast` ends what runs, `immediate` does not even do that and recovers at its next start. */
export async function stopServer(server: Server, how: "fast" | "immediate"): Promise<void> {
  signal(server.pid!, how === "fast" ? "SIGINT" : "SIGQUIT");
  await server.exited();
}
