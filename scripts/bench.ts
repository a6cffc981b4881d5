/** `npm run bench`: ratios against floors and peers, measured in the same run, and written into the page on them. */
import { parseArgs } from "node:util";
import { ratio, verdict, type Bench } from "./bench/bench.ts";
import { chain } from "./bench/chain.ts";
import { conditions, describe, durable, type Conditions } from "./bench/conditions.ts";
import { http } from "./bench/http.ts";
import { objects } from "./bench/objects.ts";
import { page, writePage, type Measured } from "./bench/page.ts";
import { paths } from "./bench/paths.ts";
import { asText } from "./bench/report.ts";
import { views } from "./bench/views.ts";
import { duration } from "./lib/console.ts";
import { databaseUrl, template } from "./lib/database.ts";
import { withClient } from "./lib/migrate.ts";
import { startServer } from "./lib/server.ts";

const benches: Bench[] = [chain, http, paths, objects, views];

const defaults = { n: 2000, rounds: 5 };

const help = `npm run bench -- [options]

Measures the engine against floors and peers on the same server in the same run. Machines differ and are noisy: only
figures of one run are comparable, and what counts are the ratios. Durability is on: a queue that forgets is fast.

  --only NAME[,NAME]  these benchmarks, of those below; everything otherwise
  --n N               how many of whatever is measured each contestant gets
  --rounds N          how often each contestant runs; they take turns
  --json              conditions and figures as JSON, and no report
  --no-report         leaves ${page} as it is; otherwise the figures are written into it, those of the
                      benchmarks that ran, and with them the sizing guide and the picture
  --check             fails when anything that must be reached was not
  --sources           measures the files under sql/ as they are now, not the migrations

${benches.map(({ name, n, rounds, about }) => `  ${name.padEnd(10)} ${about} (n ${(n ?? defaults.n).toLocaleString("en")}, ${rounds ?? defaults.rounds} rounds)`).join("\n")}

With DATABASE_URL set it uses that server, in databases of its own that it drops; otherwise one under .millrace/bench.

Exit codes: 0 measured, whatever came out · 1 failed, or missed with --check · 2 wrong arguments
`;

/** A whole number from 1, or nothing. */
function count(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} ${text}: give a whole number from 1`);
  return value;
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string" },
        n: { type: "string" },
        rounds: { type: "string" },
        json: { type: "boolean", default: false },
        "no-report": { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        sources: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const names = values.only?.split(",");
    const unknown = names?.find((name) => !benches.some((bench) => bench.name === name));
    if (unknown !== undefined) throw new Error(`--only ${unknown}: there is no such benchmark`);
    return {
      ...values,
      n: count("n", values.n),
      rounds: count("rounds", values.rounds),
      report: !values.json && !values["no-report"],
      chosen: benches.filter(({ name }) => names?.includes(name) ?? true),
    };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${help}`);
    process.exit(2);
  }
}

const options = readArguments();
const tell = (text: string): void => void process.stderr.write(`${text}\n`);

/** One benchmark, in a database of its own. */
async function measure(bench: Bench, serverUrl: string, from: string): Promise<Measured> {
  const name = `millrace_bench_${process.pid}`;
  const started = performance.now();
  const n = options.n ?? bench.n ?? defaults.n;
  const rounds = options.rounds ?? bench.rounds ?? defaults.rounds;
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

if (options.help) process.stdout.write(help);
else
  await run().catch((error: Error) => {
    tell(`The benchmark failed: ${error.message}`);
    process.exitCode = 1;
  });
