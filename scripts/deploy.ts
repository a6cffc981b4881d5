import { parseArgs } from "node:util";
import { ask, command, say, UsageError } from "./lib/ask.ts";
import { duration, green } from "./lib/console.ts";
import { deploy, expectedCatalog, functionNames, readTarget } from "./lib/deploy.ts";
import { testServer } from "./lib/testserver.ts";

const help = `npm run deploy -- [--database-url URL] [--dry-run] [--functions --project-ref REF] [--yes]

Brings a database up to date with this checkout:
  1. what is pending, and whether this checkout may touch the database at all
  2. whether the migrations hold what is under sql/ (tried on a server of its own)
  3. after a question, applies what is pending with the Supabase CLI, each migration in one transaction
  4. whether the database now is what the migrations make it; what differs is named
  5. with --functions, the edge functions

--database-url  the database; DATABASE_URL when not given. Others on the machine can read the arguments of a command,
                so a password is better off in DATABASE_URL or PGPASSWORD; it is never shown nor passed on as one
--dry-run       1 and 2, and 4 when nothing is pending; changes nothing
--functions     deploys ${functionNames.join(" and ")} too
--project-ref   the Supabase project they go to
--yes           does not ask; needed where nobody can be asked

Exit codes: 0 done · 1 refused or failed, as told · 2 wrong arguments · 3 the database differs from the migrations ·
4 the database is up to date, the functions are not · 130, 143 stopped by a signal`;

interface Options {
  url: string;
  dryRun: boolean;
  projectRef?: string;
  yes: boolean;
}

function readOptions(): Options | null {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        "database-url": { type: "string" },
        "dry-run": { type: "boolean", default: false },
        functions: { type: "boolean", default: false },
        "project-ref": { type: "string" },
        yes: { type: "boolean", short: "y", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (values.help) return null;
  const url = values["database-url"] ?? process.env.DATABASE_URL;
  const projectRef = values["project-ref"];
  if (!url) throw new UsageError("Which database? --database-url or DATABASE_URL says it.");
  if (values.functions && !projectRef) throw new UsageError("--functions needs --project-ref.");
  if (projectRef && !values.functions) throw new UsageError("--project-ref goes with --functions.");
  return { url, dryRun: values["dry-run"], projectRef, yes: values.yes };
}

await command(help, async (signal) => {
  const options = readOptions();
  if (!options) {
    console.log(help);
    return 0;
  }
  const started = performance.now();
  const target = readTarget(options.url);
  // It names the server to deploy to; nothing shall be tried out there.
  delete process.env.DATABASE_URL;
  const well = await deploy({
    target,
    dryRun: options.dryRun,
    projectRef: options.projectRef,
    expect: async () => {
      const server = await testServer();
      try {
        return await expectedCatalog(server.url);
      } finally {
        await server.stop();
      }
    },
    confirm: async (question) => options.yes || ask(question, signal),
    say,
    signal,
  });
  if (well) console.log(green(`Done in ${duration(performance.now() - started)}.`));
  return well ? 0 : 1;
});
