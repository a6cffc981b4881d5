/** `npm start`: the whole local stack, kept running. */
import { parseArgs } from "node:util";
import { LockedError } from "./lib/lock.ts";
import { startStack, stopOnSignal, type Stack } from "./lib/stack.ts";

const help = `Runs the whole local stack until Ctrl-C: PostgreSQL, migrations, edge functions, doorbell and clock.

  npm start                      prints DATABASE_URL and the functions' URLs, one a line
  npm start --silent -- --json   prints one JSON object as the first line (--silent keeps npm's own lines away)
  npm start -- --database NAME   works in that database instead of "millrace"

With DATABASE_URL set it uses that server and database and starts none; MILLRACE_DATA_DIR moves the data of the
embedded server from .millrace/pg17 to another folder. Secrets of the functions are set with npm run secrets while it
runs; the key that seals them is ETL_SECRET_KEY, or one made once and kept in .millrace/secret_key. ETL_SECRETS may hold
some, too, as JSON: {"shared": {"NAME": "value"}, "<org id>": {"NAME": "value"}}.

Exit codes: 0 help · 1 could not start · 2 wrong arguments · 3 another stack is running · 130, 143 stopped by a signal
`;

function readArguments(): { json: boolean; database?: string; help: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: "boolean", default: false },
        database: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    return values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${help}`);
    process.exit(2);
  }
}

function describe(stack: Stack): Record<string, string> {
  const functions = stack.functions!;
  return Object.fromEntries(functions.names.map((name) => [name, `${functions.url}/${name}`]));
}

function print(stack: Stack, json: boolean): void {
  const functions = describe(stack);
  if (json) {
    const object = {
      DATABASE_URL: stack.databaseUrl,
      functions,
      ETL_FUNCTION_KEY: stack.functionKey,
      pid: process.pid,
      server_pid: stack.server.pid,
      functions_pid: stack.functions!.pid,
    };
    process.stdout.write(`${JSON.stringify(object)}\n`);
    return;
  }
  const lines = [
    `DATABASE_URL=${stack.databaseUrl}`,
    ...Object.entries(functions).map(([name, url]) => `${name}=${url}`),
    `ETL_FUNCTION_KEY=${stack.functionKey}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  process.stderr.write("The stack is running; Ctrl-C stops it.\n");
}

const { json, database, help: helpWanted } = readArguments();
if (helpWanted) {
  process.stdout.write(help);
  process.exit(0);
}

let starting: Promise<Stack> | undefined;
stopOnSignal(async () => (await starting)?.stop());
try {
  starting = startStack({ databaseName: database, keepAlive: true });
  print(await starting, json);
} catch (error) {
  process.stderr.write(`The stack did not start: ${(error as Error).message}\n`);
  process.exit(error instanceof LockedError ? 3 : 1);
}
// Nothing else may hold the process: bell and clock lose their sockets while a server of theirs is away.
setInterval(() => {}, 60_000);
