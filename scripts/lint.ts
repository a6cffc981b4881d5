import { parseArgs } from "node:util";
import { dim, duration, green, indent, main, red } from "./lib/console.ts";
import { hasDebianServer, startDebianServer } from "./lib/debian.ts";
import {
  checkAdvisors,
  checkBodies,
  checkDeno,
  checkFormat,
  checkHouseRules,
  checkTypes,
  onProjectDatabase,
  type Findings,
} from "./lib/lint.ts";
import { testServer } from "./lib/testserver.ts";

const help = `npm run lint

Types (tsc, deno check), format (prettier), Supabase's advisors, plpgsql_check over every function where a server has it
(Debian's PostgreSQL 15 when it is installed, else the one of DATABASE_URL), and the rules of the house. The exit code is
0 when nothing is found.`;

let found = 0;

function report(name: string, { complaints, skipped }: Findings, milliseconds: number): void {
  found += complaints.length;
  if (skipped) console.log(dim(`- ${name}: not checked, ${skipped}`));
  else console.log(`${complaints.length > 0 ? red("✗") : green("✓")} ${name} ${dim(duration(milliseconds))}`);
  for (const complaint of complaints) console.log(indent(complaint));
}

async function timed(names: string[], check: () => Promise<Findings[]>): Promise<void> {
  const started = performance.now();
  const findings = await check();
  names.forEach((name, at) => report(name, findings[at]!, performance.now() - started));
}

/** The embedded server does not have plpgsql_check; Debian's does. */
async function bodiesOnDebian(): Promise<void> {
  await timed(["sources load on PostgreSQL 15", "plpgsql_check"], async () => {
    const server = await startDebianServer();
    try {
      return await onProjectDatabase(server.url, async (_url, client, where) => [
        await checkBodies(client, where),
      ]);
    } finally {
      await server.stop();
    }
  });
}

await main(async () => {
  const { values } = parseArgs({ options: { help: { type: "boolean" } } });
  if (values.help) {
    console.log(help);
    return 0;
  }
  await timed(["types"], async () => [await checkTypes()]);
  await timed(["types (Deno)"], async () => [await checkDeno()]);
  await timed(["format"], async () => [await checkFormat()]);
  const server = await testServer();
  try {
    const onDebian = hasDebianServer();
    const names = ["sources load", "advisors", "house rules", ...(onDebian ? [] : ["plpgsql_check"])];
    await timed(names, () =>
      onProjectDatabase(server.url, async (url, client, where) => [
        await checkAdvisors(url, where),
        await checkHouseRules(client, where),
        ...(onDebian ? [] : [await checkBodies(client, where)]),
      ]),
    );
    if (onDebian) await bodiesOnDebian();
  } finally {
    await server.stop();
  }
  console.log(found === 0 ? green("\nNothing found.") : red(`\n${found} found.`));
  return found === 0 ? 0 : 1;
});
