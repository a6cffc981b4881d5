import { parseArgs } from "node:util";
import { green, main, red } from "./lib/console.ts";
import { testServer } from "./lib/testserver.ts";
import { describeDifference, verify } from "./lib/verify.ts";

const help = `npm run verify -- [--all]

Builds one database from the migrations and another from the hand-written migrations and the files under sql/,
compares everything they define, and names the first difference and where it comes from (--all: every one).`;

await main(async () => {
  const { values } = parseArgs({ options: { help: { type: "boolean" }, all: { type: "boolean" } } });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const server = await testServer();
  try {
    const differences = await verify(server.url);
    if (differences.length === 0) {
      console.log(green("The migrations and sql/ define the same."));
      return 0;
    }
    for (const difference of values.all ? differences : differences.slice(0, 1)) {
      console.log(`${difference.source}\n${describeDifference(difference)}`);
    }
    const count = differences.length === 1 ? "1 difference" : `${differences.length} differences`;
    console.log(
      red(`${count} between the migrations and sql/. \`npm run migration -- <name>\` writes a migration.`),
    );
    return 1;
  } finally {
    await server.stop();
  }
});
