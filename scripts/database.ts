import { parseArgs } from "node:util";
import pg from "pg";
import { green, main, red } from "./lib/console.ts";
import { databaseUrl, template } from "./lib/database.ts";
import { withClient } from "./lib/migrate.ts";
import { describeProblem } from "./lib/sources.ts";

const help = `npm run database -- <name>

Makes a database for trying things out, on the server of DATABASE_URL: the hand-written migrations, the files under
sql/ as they are now, pgTAP in schema "tap" and the fixtures. One of that name is dropped first. Files that do not
load are named and left out; then the exit code is 1.`;

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: "boolean" } },
  });
  const name = positionals[0];
  if (values.help || !name) {
    console.log(help);
    return values.help ? 0 : 2;
  }
  const server = process.env.DATABASE_URL;
  if (!server)
    throw new Error("Set DATABASE_URL to a running server, for example the one `npm start` prints.");
  const { name: from, problems } = await template(server);
  const quoted = pg.escapeIdentifier(name);
  await withClient(databaseUrl(server, "postgres"), async (admin) => {
    await admin.query(`drop database if exists ${quoted} with (force)`);
    await admin.query(`create database ${quoted} template ${pg.escapeIdentifier(from)}`);
  });
  for (const problem of problems) console.error(red(describeProblem(problem)));
  console.log(green(databaseUrl(server, name)));
  return problems.length > 0 ? 1 : 0;
});
