/** Processes of our own that answer on a port: the outside world of a benchmark or a proof. */
import { createInterface } from "node:readline";
import { startGuarded } from "./guard.ts";
import { projectRoot } from "./sources.ts";

/** A process beside this one. */
export interface Part extends AsyncDisposable {
  pid: number;
  /** Where it answers. */
  url: string;
}

/** Starts a process that says in its first line, as JSON, which port it answers on. */
export async function startPart(command: string[]): Promise<Part> {
  const child = await startGuarded(command, { cwd: projectRoot, output: "pipe", signal: "TERM" });
  const said: string[] = [];
  createInterface({ input: child.guard.stderr! }).on("line", (line) => said.push(line));
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.guard.stdout! }).once("line", (line) =>
      resolve((JSON.parse(line) as { port: number }).port),
    );
    void child.exited.then((code) =>
      setImmediate(() => reject(new Error(`${command.at(-1)} ended with code ${code}: ${said.join("\n")}`))),
    );
  });
  child.loosen();
  return {
    pid: child.pid,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => child.stop(),
  };
}
