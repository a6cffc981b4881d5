/** The command, whatever it is that is promised. */
import { commit, conditions, describeMachine, type Conditions } from "../lib/conditions.ts";
import { startServer } from "../lib/server.ts";
import { stopOnSignal } from "../lib/stack.ts";
import { prepareBase, type Base } from "./base.ts";
import { helpOn, readArguments, type Arguments } from "./arguments.ts";
import type { Pledge } from "./proof.ts";
import { asText, writePage } from "./page.ts";
import { exitCode, prove } from "./run.ts";
import type { Stage } from "./stage.ts";

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

/** Looks at the machine, where no proof has wanted a server. */
async function lookAround(): Promise<Conditions> {
  const server = await startServer({ ephemeral: true, settings: { fsync: "on", full_page_writes: "on" } });
  try {
    return await conditions(server.url);
  } finally {
    await server.stop();
  }
}

async function run(pledges: Pledge[], options: Arguments): Promise<number> {
  const interrupted = new AbortController();
  const open = new Set<Stage>();
  let over: () => void = () => {};
  const end = new Promise<void>((resolve) => (over = resolve));
  stopOnSignal(async () => {
    interrupted.abort();
    await Promise.allSettled([...open].map((stage) => stage[Symbol.asyncDispose]()));
    await end;
  });
  let made: Promise<Base> | undefined;
  try {
    tell(`seed ${options.seed} (--seed ${options.seed} repeats what is random)`);
    const verdicts = await prove(options, {
      base: () => (made ??= prepareBase(options.sources ? "test" : "migrated")),
      commit: commit(),
      tell,
      signal: interrupted.signal,
      onStage: (stage, isOver) => void (isOver ? open.delete(stage) : open.add(stage)),
    });
    // What was interrupted proves nothing, one way or the other.
    if (interrupted.signal.aborted) return 130;
    const is = made === undefined ? await lookAround() : (await made).is;
    if (options.report) writePage(pledges, verdicts, describeMachine(is));
    const told = options.json
      ? JSON.stringify({ ...is, seed: options.seed, short: options.short, verdicts })
      : `\n${asText(options.chosen, verdicts)}\n\n${describeMachine(is)}; seed ${options.seed}${options.short ? "; the short form" : ""}`;
    process.stdout.write(`${told}\n`);
    return exitCode(verdicts, options.short);
  } finally {
    await made?.then(
      (base) => base.dispose(),
      () => {},
    );
    over();
  }
}

/** Does what the arguments say, with these promises, and sets the exit code. */
export async function command(pledges: Pledge[], args: string[]): Promise<void> {
  // Proofs kill servers and fill disks: they have their own.
  delete process.env.DATABASE_URL;
  let options: Arguments;
  try {
    options = readArguments(args, pledges);
  } catch (error) {
    tell(`${(error as Error).message}\n\n${helpOn(pledges)}`);
    process.exitCode = 2;
    return;
  }
  if (options.help) {
    process.stdout.write(helpOn(pledges));
    return;
  }
  process.exitCode = await run(pledges, options).catch((error: Error) => {
    tell(`Nothing could be proven: ${error.stack ?? error.message}`);
    return 1;
  });
}
