/**
 * `npm run demo`: one real workflow on the local stack, from one inserted row to signed messages that a client
 * verifies, with a third party that is as unreliable as they are.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { runDemo } from "./demo/run.ts";
import { main } from "./lib/console.ts";

const help = `npm run demo [-- options]

Starts PostgreSQL, the edge functions, a third-party API and a client endpoint on this machine, inserts one workflow
request and shows what becomes of it. DATABASE_URL makes it use that server, in a database of its own.

  --json             write one line of JSON to standard output at the end; what people read goes to standard error
  --database <name>  database to use, made where it is missing; millrace_demo by default
  --help             this text
`;

await main(async () => {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean", default: false },
      database: { type: "string", default: "millrace_demo" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const outcome = await runDemo({
    out: values.json ? process.stderr : process.stdout,
    databaseName: values.database,
    orgId: randomUUID(),
    signingSecret: `whsec_${randomBytes(24).toString("base64")}`,
  });
  if (values.json) process.stdout.write(`${JSON.stringify(outcome.summary)}\n`);
  return outcome.ok ? 0 : 1;
});
