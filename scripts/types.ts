import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { green, main } from "./lib/console.ts";
import { withEmptyDatabase } from "./lib/database.ts";
import { loadProject, withClient, withLoopbackTls } from "./lib/migrate.ts";
import { projectRoot } from "./lib/sources.ts";
import { testServer } from "./lib/testserver.ts";

const target = "supabase/functions/_shared/database.types.ts";

/** `npm run types`: writes the database's TypeScript types as the Supabase CLI derives them from sql/ as it is now. */
await main(async () => {
  const server = await testServer();
  try {
    const types = await withEmptyDatabase(server.url, "types", async (url) => {
      await withClient(url, (client) => loadProject(client));
      const args = [
        "gen",
        "types",
        "typescript",
        "--schema",
        "public,etl_api,utils",
        `--remote=${withLoopbackTls(url)}`,
      ];
      const run = spawnSync(join(projectRoot, "node_modules/.bin/supabase"), args, { encoding: "utf8" });
      if (run.status !== 0 || !run.stdout.includes("export type Database")) throw new Error(run.stderr);
      return run.stdout;
    });
    writeFileSync(join(projectRoot, target), types);
    const args = ["--write", "--ignore-path", "/dev/null", target];
    spawnSync(join(projectRoot, "node_modules/.bin/prettier"), args, { cwd: projectRoot });
    console.log(green(target));
    return 0;
  } finally {
    await server.stop();
  }
});
