import { basename } from "node:path";
import { parseArgs } from "node:util";
import { green, main } from "./lib/console.ts";
import { testServer } from "./lib/testserver.ts";
import { writeMigration, writeRollback } from "./lib/writer.ts";

const help = `npm run migration -- <name>
npm run migration -- --rewrite <file>
npm run migration -- --rollback <file>

Writes the files under sql/ that changed since the newest migration into a new one, supabase/migrations/<time>_<name>.sql,
and the way back into supabase/rollbacks/; both are tried on a database first. What no file defines any more is dropped.

--rewrite   writes into the newest generated migration instead of a new one; for one that was never released
--rollback  writes the way back from a hand-written migration that only adds things`;

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: "boolean" }, rewrite: { type: "string" }, rollback: { type: "string" } },
  });
  const name = positionals[0];
  if (values.help || (!name && !values.rewrite && !values.rollback)) {
    console.log(help);
    return values.help ? 0 : 2;
  }
  if (name && !/^[a-z0-9_]+$/.test(name))
    throw new Error("The name may hold lower-case letters, digits and _.");
  const server = await testServer();
  try {
    if (values.rollback) {
      console.log(green(await writeRollback(server.url, basename(values.rollback))));
      return 0;
    }
    const rewrite = values.rewrite && basename(values.rewrite);
    const written = await writeMigration({ serverUrl: server.url, name: name ?? "", rewrite });
    if (!written.migration) {
      console.log("Nothing changed: the migrations hold every file under sql/ as it is.");
      return 0;
    }
    for (const path of written.changed) console.log(`  ${path}`);
    for (const statement of written.drops) console.log(`  ${statement}`);
    console.log(green(`${written.migration}\n${written.rollback}`));
    return 0;
  } finally {
    await server.stop();
  }
});
