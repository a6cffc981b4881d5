/** The disk fills up under the server while requests are in flight, and is freed again. */
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startGuarded } from "../../lib/guard.ts";
import { NotProven, type Figures, type Proof, type ProofContext } from "../proof.ts";
import { openLoad } from "./load.ts";

// Mounts a file system in memory and takes it away when it is told to, or when this process is gone.
const mount = `
mount -t tmpfs -o "size=$2,mode=755" millrace-prove "$1" || exit 3
trap 'umount -l "$1"; exit 0' TERM
echo mounted
while :; do sleep 1 & wait $!; done
`;

/**
 * A small file system of the proof's own.
 *
 * @throws NotProven where this user may not mount one
 */
async function smallDisk(context: ProofContext, megabytes: number): Promise<string> {
  const folder = join(await context.folder(), "disk");
  mkdirSync(folder, { mode: 0o755 });
  const child = await startGuarded(["/bin/sh", "-c", mount, "mount", folder, `${megabytes}m`], {
    output: "pipe",
    signal: "TERM",
  });
  context.own(child, (one) => one.stop());
  const said: string[] = [];
  createInterface({ input: child.guard.stderr! }).on("line", (line) => said.push(line));
  const mounted = await Promise.race([
    new Promise<boolean>((resolve) =>
      createInterface({ input: child.guard.stdout! }).once("line", (line) => resolve(line === "mounted")),
    ),
    child.exited.then(() => delay(50)).then(() => false),
  ]);
  if (!mounted)
    throw new NotProven(
      `a file system of ${megabytes} MB could not be mounted, which takes root on Linux: ${said.join("; ") || "no reason was given"}`,
    );
  child.loosen();
  return folder;
}

/** Writes until there is no more room; the file that takes it is removed to free it. */
function fillDisk(folder: string): { left: number; free: () => void } {
  const path = join(folder, "somebody-elses.bin");
  const file = openSync(path, "w");
  for (let size = 1 << 20; size >= 512;) {
    try {
      writeSync(file, Buffer.alloc(size));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      size >>= 1;
    }
  }
  closeSync(file);
  const { bavail, bsize } = statfsSync(folder);
  return { left: bavail * bsize, free: () => rmSync(path, { force: true }) };
}

async function run(context: ProofContext): Promise<Figures> {
  const folder = await smallDisk(context, context.short ? 400 : 1_500);
  const server = await context.server({
    dataDir: join(folder, "data"),
    // Else the log of what was changed would be most of what is on it.
    settings: { max_wal_size: "128MB", wal_recycle: "off" },
  });
  const load = await openLoad(context, { server });
  const [rounds, seconds] = context.short ? [1, 4] : [4, 20];
  let died = false;
  void watchDeaths(server, () => (died = true), context.signal);
  let [least, deaths, refusals] = [Infinity, 0, 0];
  for (let round = 0; round < rounds; round++) {
    const held = await load.fill();
    least = Math.min(least, held);
    const { left, free } = fillDisk(folder);
    await load.manner({ holdAsks: false });
    const end = Date.now() + seconds * 1_000;
    let refused = 0;
    while (Date.now() < end && !context.signal.aborted) {
      // Whoever hands in work meanwhile is told so, by an error.
      if (!(await load.tryToHandIn())) refused++;
      await delay(200);
    }
    context.progress(
      `round ${round + 1} of ${rounds}: ${held} in flight, ${left} bytes left for ${seconds} s, ${refused} inserts refused${died ? "; the server went down" : ""}`,
    );
    context.expect(refused > 0, "every insert was accepted, so the disk cannot have been full");
    refusals += refused;
    free();
    if (died) {
      deaths++;
      died = false;
      await server.restart();
      void watchDeaths(server, () => (died = true), context.signal);
    }
    const open = await load.settle();
    context.expect(open === 0, `${open} requests and messages stayed open after round ${round + 1}`);
    if (open > 0) break;
  }
  const figures = await load.account({ load: least, faults: rounds });
  return {
    ...figures,
    more: {
      ...figures.more,
      "inserts refused while it was full": refusals,
      "times the server went down by itself": deaths,
    },
  };
}

async function watchDeaths(
  server: { exited(): Promise<void> },
  onDeath: () => void,
  signal: AbortSignal,
): Promise<void> {
  await server.exited();
  if (!signal.aborted) onDeath();
}

export const diskFull: Proof = { run };
