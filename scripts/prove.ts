/** `npm run prove`: tries to break what the engine promises, and writes what came out into the page on it. */
import { describeMachine } from "./lib/conditions.ts";
import { stopOnSignal } from "./lib/stack.ts";

import { prepareBase, type Base } from "./prove/base.ts";
import { helpOn, readArguments, type Arguments } from "./prove/arguments.ts";
import { asText, writePage } from "./prove/page.ts";
import { pledges } from "./prove/pledges.ts";
import { exitCode, prove } from "./prove/run.ts";
import type { Stage } from "./prove/stage.ts";

// Proofs kill servers and fill disks: they have their own.
delete process.env.DATABASE_URL;

function argumentsOrExit(): Arguments {
  try {
    return readArguments(process.argv.slice(2), pledges);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${helpOn(pledges)}`);
    process.exit(2);
  }
}

const options = argumentsOrExit();
const tell = (text: string): void => void process.stderr.write(`${text}\n`);

async function run(): Promise<number> {
  const interrupted = new AbortController();
  const open = new Set<Stage>();
  let over: () => void = () => {};
  const end = new Promise<void>((resolve) => (over = resolve));
  stopOnSignal(async () => {
    interrupted.abort();
    await Promise.allSettled([...open].map((stage) => stage[Symbol.asyncDispose]()));
    await end;
  });
  let made: Base | undefined;
  try {
    const base = (made = await prepareBase(options.sources ? "test" : "migrated"));
    const { is } = base;
    tell(`seed ${options.seed} (--seed ${options.seed} repeats what is random)`);
    const verdicts = await prove(options, {
      base: async () => base,
      commit: is.commit,
      tell,
      signal: interrupted.signal,
      onStage: (stage, isOver) => void (isOver ? open.delete(stage) : open.add(stage)),
    });
    // What was interrupted proves nothing, one way or the other.
    if (interrupted.signal.aborted) return 130;
    if (options.report) writePage(pledges, verdicts, describeMachine(is));
    const told = options.json
      ? JSON.stringify({ ...is, seed: options.seed, short: options.short, verdicts })
      : `\n${asText(options.chosen, verdicts)}\n\n${describeMachine(is)}; seed ${options.seed}${options.short ? "; the short form" : ""}`;
    process.stdout.write(`${told}\n`);
    return exitCode(verdicts, options.short);
  } finally {
    made?.dispose();
    over();
  }
}

if (options.help) process.stdout.write(helpOn(pledges));
else
  process.exitCode = await run().catch((error: Error) => {
    tell(`Nothing could be proven: ${error.stack ?? error.message}`);
    return 1;
  });
