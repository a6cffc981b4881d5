/** `npm run bench`: ratios against floors and peers, measured in the same run, and written into the page on them. */
import { ratio, verdict, type Bench } from "./bench/bench.ts";
import { helpOn, readArguments, type Arguments } from "./bench/arguments.ts";
import { chain } from "./bench/chain.ts";
import { clients } from "./bench/clients.ts";
import { growth } from "./bench/growth.ts";
import { http } from "./bench/http.ts";
import { latency } from "./bench/latency.ts";
import { keys } from "./bench/keys.ts";
import { mapping } from "./bench/mapping.ts";
import { objects } from "./bench/objects.ts";
import { orgs } from "./bench/orgs.ts";
import { writePage, type Measured } from "./bench/page.ts";
import { partitions } from "./bench/partitions.ts";
import { asText } from "./bench/report.ts";
import { records } from "./bench/records.ts";
import { retention } from "./bench/retention.ts";
import { views } from "./bench/views.ts";
import { conditions, describe, durable, type Conditions } from "./lib/conditions.ts";
import { duration } from "./lib/console.ts";
import { databaseUrl, template } from "./lib/database.ts";
import { withClient } from "./lib/migrate.ts";
import { startServer } from "./lib/server.ts";

const benches: Bench[] = [
  chain,
  http,
  latency,
  growth,
  mapping,
  objects,
  orgs,
  views,
  retention,
  keys,
  records,
  clients,
  partitions,
];

function argumentsOrExit(): Arguments {
  try {
    return readArguments(process.argv.slice(2), benches);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${helpOn(benches)}`);
    process.exit(2);
  }
}

const options = argumentsOrExit();
const tell = (text: string): void => void process.stderr.write(`${text}\n`);

/** One benchmark, in a database of its own. */
async function measure(bench: Bench, serverUrl: string, from: string): Promise<Measured> {
  const name = `millrace_bench_${process.pid}`;
  const started = performance.now();
  const { n, rounds } = options.amounts(bench);
  await withClient(serverUrl, (admin) => admin.query(`create database ${name} template ${from}`));
  try {
    const figures = await bench.run({
      n,
      rounds,
      url: databaseUrl(serverUrl, name),
      progress: (text) => tell(`${bench.name}: ${text}`),
    });
    tell(`${bench.name}: done in ${duration(performance.now() - started)}`);
    return { bench: bench.name, n, rounds, figures };
  } finally {
    await withClient(serverUrl, (admin) => admin.query(`drop database if exists ${name} with (force)`));
  }
}

function finish(is: Conditions, results: Measured[]): void {
  if (options.json) {
    const figures = results.flatMap(({ bench, n, rounds, figures }) =>
      figures.map((figure) => ({
        bench,
        n,
        rounds,
        ...figure,
        ratio: ratio(figure),
        verdict: verdict(figure),
      })),
    );
    process.stdout.write(`${JSON.stringify({ ...is, figures })}\n`);
  } else {
    for (const { bench, n, rounds, figures } of results)
      process.stdout.write(`\n${asText(bench, figures)}\n  ${describe(is, n, rounds)}\n`);
  }
  const missed = results.flatMap(({ figures }) => figures).filter((figure) => verdict(figure) === "missed");
  if (missed.length > 0 && options.check) process.exitCode = 1;
}

async function run(): Promise<void> {
  const server = await startServer({ dataDir: ".millrace/bench", settings: { shared_buffers: "1GB" } });
  try {
    const is = await conditions(server.url);
    if (options.report && !durable(is))
      throw new Error(
        "this server may forget what it has committed: its figures are worth no report; use --no-report",
      );
    const from = await template(server.url, options.sources ? "test" : "migrated");
    const results: Measured[] = [];
    for (const bench of options.chosen) {
      // What was measured is kept, whatever becomes of the rest.
      try {
        const result = await measure(bench, server.url, from.name);
        results.push(result);
        if (options.report) writePage(is, result);
      } catch (error) {
        tell(`${bench.name} failed: ${(error as Error).stack}`);
        process.exitCode = 1;
      }
    }
    finish(is, results);
  } finally {
    await server.stop();
  }
}

if (options.help) process.stdout.write(helpOn(benches));
else
  await run().catch((error: Error) => {
    tell(`The benchmark failed: ${error.message}`);
    process.exitCode = 1;
  });
