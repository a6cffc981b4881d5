import { parseArgs } from "node:util";
import { ask, command, say, UsageError } from "./lib/ask.ts";
import { green } from "./lib/console.ts";
import { DeployError, planRollback, readTarget, rollBack } from "./lib/deploy.ts";

const help = `npm run rollback -- [--database-url URL] [--to VERSION] [--drop-data] [--dry-run] [--yes]

Takes back the newest migration of a database, or every one newer than VERSION, newest first, with the files under
supabase/rollbacks/. Each is one transaction with its entry in the list of versions, whichever tool applied it.

--database-url  the database; DATABASE_URL when not given
--to            the version to come to, as it begins the migration's file name; 0 takes back everything
--drop-data     needed when tables or columns that hold rows would go
--dry-run       says what would be taken back and what would go with it
--yes           does not ask; needed where nobody can be asked

Exit codes: 0 done · 1 refused or failed, as told · 2 wrong arguments · 130, 143 stopped by a signal`;

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        "database-url": { type: "string" },
        to: { type: "string" },
        "drop-data": { type: "boolean", default: false },
        "dry-run": { type: "boolean", default: false },
        yes: { type: "boolean", short: "y", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (values.help) return null;
  const url = values["database-url"] ?? process.env.DATABASE_URL;
  if (!url) throw new UsageError("Which database? --database-url or DATABASE_URL says it.");
  if (values.to !== undefined && !/^\d+$/.test(values.to)) {
    throw new UsageError(`--to ${values.to}: the digits a migration's file name begins with.`);
  }
  return { url, to: values.to, dropData: values["drop-data"], dryRun: values["dry-run"], yes: values.yes };
}

await command(help, async (signal) => {
  const options = readOptions();
  if (!options) {
    console.log(help);
    return 0;
  }
  const target = readTarget(options.url);
  say("Database", target.name);
  const steps = await planRollback(target, options.to);
  if (steps.length === 0) {
    console.log(green("There is nothing to take back."));
    return 0;
  }
  for (const { file, lost } of steps) {
    say("Take back", file);
    if (lost.length > 0) say("", `with the rows of ${lost.join(", ")}`);
  }
  if (options.dryRun) {
    say("Dry run", "nothing was changed");
    return 0;
  }
  if (!options.dropData && steps.some(({ lost }) => lost.length > 0)) {
    throw new DeployError(
      "Rows would be lost, so nothing was changed.",
      "Make a dump of what is named above (pg_dump --data-only --table …), then say --drop-data.",
    );
  }
  const what = steps.length === 1 ? "this migration" : `these ${steps.length} migrations`;
  if (!options.yes && !(await ask(`Shall I take back ${what}?`, signal))) {
    say("Stopped", "nothing was changed");
    return 1;
  }
  await rollBack(target, steps, { signal, onDone: (file) => say("Taken back", file) });
  console.log(green("Done."));
  return 0;
});
