/** Run by command.test.ts: the command with promises of its own, of which one is broken and one never ends. */
import { command } from "../../scripts/prove/command.ts";
import type { Pledge } from "../../scripts/prove/proof.ts";

const pledge = (name: string, run: NonNullable<Pledge["proof"]>["run"]): Pledge => ({
  name,
  group: "data",
  title: `It is ${name}`,
  sentence: "It holds.",
  tests: [],
  proof: { run },
});

await command(
  [
    pledge("kept", async () => ({ load: 2_000, faults: 1, lost: 0, doubled: 0 })),
    pledge("broken", async () => ({ load: 2_000, faults: 1, lost: 3, doubled: 0 })),
    pledge("endless", async (context) => {
      const server = await context.server();
      context.progress(`runs ${server.pid} on ${server.dataDir}`);
      return new Promise(() => {});
    }),
  ],
  process.argv.slice(2),
);
