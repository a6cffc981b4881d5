import { createInterface } from "node:readline/promises";
import { bold, red } from "./console.ts";
import { DeployError } from "./deploy.ts";

/** Wrong arguments; the help is shown with it. */
export class UsageError extends Error {}

/** Asks a question that is answered with y or n; refuses where nobody can answer. */
export async function ask(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new DeployError(
      "Nobody can be asked here, so nothing was changed.",
      "Say --yes to go on without a question.",
    );
  }
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    asking.close();
  }
}

/** `Pending    2, after 4 applied` */
export function say(what: string, text: string): void {
  console.log(`${bold(what.padEnd(10))} ${text}`);
}

/** Runs a command that works on somebody's database: tells errors with the next step, and stops in good order. */
export async function command(help: string, work: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const stop = new AbortController();
  let stoppedBy: number | undefined;
  for (const [name, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.on(name, () => {
      stoppedBy ??= code;
      stop.abort();
    });
  }
  try {
    process.exitCode = await work(stop.signal);
  } catch (error) {
    const { message, stack } = error as Error;
    if (error instanceof UsageError) {
      // An argument that was misplaced may be a URL.
      console.error(`${red(message.replace(/\/\/\S*@/g, "//***@"))}\n\n${help}`);
      process.exitCode = 2;
    } else if (error instanceof DeployError) {
      console.error(`${red(message)}\n${bold("Next:")} ${error.next}`);
      process.exitCode = stoppedBy ?? error.exitCode;
    } else if (stop.signal.aborted) {
      console.error("Interrupted; nothing was changed.");
      process.exitCode = stoppedBy;
    } else {
      console.error(red((process.env.DEBUG ? stack : message) || String(error)));
      process.exitCode = 1;
    }
  }
}
