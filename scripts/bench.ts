/** `npm run bench`: ratios against floors and peers, measured in the same run. */
import { parseArgs } from "node:util";
import { chain } from "./bench/chain.ts";
import { objects } from "./bench/objects.ts";
import { paths } from "./bench/paths.ts";
import { views } from "./bench/views.ts";
import { median, ratio, type Figure } from "./bench/bench.ts";
import { databaseUrl, template } from "./lib/database.ts";
import { withClient } from "./lib/migrate.ts";
import { startServer } from "./lib/server.ts";

const benches = [chain, objects, paths, views];

const help = `Measures the engine and prints ratios; machines are noisy, so only figures of one run are comparable.

  npm run bench                      everything
  npm run bench -- --only NAME       one of: ${benches.map((bench) => bench.name).join(", ")}
  npm run bench -- --n N             how many requests each contestant gets (2000; views: 1000000)
  npm run bench -- --rounds N        how often each contestant runs (5)
  npm run bench -- --json            one JSON array at the end

With DATABASE_URL set it uses that server, in a database of its own that it drops.

${benches.map((bench) => `  ${bench.name.padEnd(8)} ${bench.about}`).join("\n")}

Exit codes: 0 measured · 1 failed · 2 wrong arguments
`;

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string" },
        n: { type: "string" },
        rounds: { type: "string", default: "5" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const n = values.n === undefined ? undefined : Number(values.n);
    const rounds = Number(values.rounds);
    if (n !== undefined && (!Number.isInteger(n) || n < 1))
      throw new Error(`--n ${values.n}: give a whole number from 1`);
    if (!Number.isInteger(rounds) || rounds < 1)
      throw new Error(`--rounds ${values.rounds}: give a whole number from 1`);
    const chosen = benches.filter((bench) => values.only === undefined || bench.name === values.only);
    if (chosen.length === 0) throw new Error(`--only ${values.only}: there is no such benchmark`);
    return { n, rounds, chosen, json: values.json, help: values.help };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${help}`);
    process.exit(2);
  }
}

function tell(bench: string, figure: Figure): string {
  const round = (value: number) =>
    value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
  const spread = `${round(Math.min(...figure.values))}–${round(Math.max(...figure.values))}`;
  const against = figure.baseline
    ? ` = ${ratio(figure)!.toPrecision(3)} of ${figure.against} (${round(median(figure.baseline))})`
    : "";
  return `${bench.padEnd(10)} ${figure.name.padEnd(34)} ${`${round(median(figure.values))} ${figure.unit}`.padStart(18)} (${spread})${against}`;
}

const options = readArguments();
if (options.help) {
  process.stdout.write(help);
  process.exit(0);
}

// Durability stays on: a queue that forgets is fast.
const server = await startServer({ dataDir: ".millrace/bench", settings: { shared_buffers: "1GB" } });
const name = `millrace_bench_${process.pid}`;
try {
  const from = await template(server.url, "migrated");
  const results: { bench: string; figure: Figure }[] = [];
  for (const bench of options.chosen) {
    await withClient(server.url, (admin) => admin.query(`create database ${name} template ${from.name}`));
    try {
      const progress = (text: string) => process.stderr.write(`${bench.name}: ${text}\n`);
      for (const figure of await bench.run({
        ...options,
        n: options.n ?? bench.n ?? 2000,
        url: databaseUrl(server.url, name),
        progress,
      }))
        results.push({ bench: bench.name, figure });
    } finally {
      await withClient(server.url, (admin) => admin.query(`drop database if exists ${name} with (force)`));
    }
  }
  if (options.json)
    process.stdout.write(
      `${JSON.stringify(results.map(({ bench, figure }) => ({ bench, ...figure, ratio: ratio(figure) })))}\n`,
    );
  else process.stdout.write(`${results.map(({ bench, figure }) => tell(bench, figure)).join("\n")}\n`);
} catch (error) {
  process.stderr.write(`The benchmark failed: ${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  await server.stop();
}
