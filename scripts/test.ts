import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { bold, duration, green, indent, main, red } from "./lib/console.ts";
import { template } from "./lib/database.ts";
import { describeProblem, readTests } from "./lib/sources.ts";
import { runTapFiles } from "./lib/tap.ts";
import { testServer } from "./lib/testserver.ts";
import { printLine, runVitest, type ModuleResult } from "./lib/vitest.ts";

const help = `npm test -- [--only sql|ts|e2e] [--pg15] [--connections n] [part of a path …]

Runs every test, or those whose path contains one of the given parts:
  sql   pgTAP files below sql/tests/, each in a database of its own, four at a time
  ts    vitest files below tests/
  e2e   vitest files below tests/e2e/, one after the other

--only         one kind; may be given several times
--pg15         the SQL tests on Debian's PostgreSQL 15, started for this run
--connections  how many pgTAP files run at once (4)

DATABASE_URL makes it use that server. SEED repeats property tests.
The last line is "N passed, N failed"; the exit code is 0 when nothing failed.`;

const kinds = ["sql", "ts", "e2e"] as const;
type Kind = (typeof kinds)[number];

function readOptions(): { only: Set<Kind>; filters: string[]; connections: number; pg15: boolean } | null {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string", multiple: true },
      pg15: { type: "boolean", default: false },
      connections: { type: "string", default: "4" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return null;
  const wanted = values.only ?? (values.pg15 ? ["sql"] : kinds);
  const wrong = wanted.find((kind) => !(kinds as readonly string[]).includes(kind));
  if (wrong) throw new Error(`--only ${wrong}: there are ${kinds.join(", ")}`);
  if (values.pg15 && wanted.join() !== "sql") throw new Error("--pg15 runs the SQL tests only");
  const connections = Number(values.connections);
  if (!(connections >= 1)) throw new Error("--connections: a number from 1");
  return { only: new Set(wanted as Kind[]), filters: positionals, connections, pg15: values.pg15 };
}

async function runSql(serverUrl: string, filters: string[], connections: number): Promise<ModuleResult[]> {
  const started = performance.now();
  const { name, problems } = await template(serverUrl);
  const results: ModuleResult[] = [];
  if (problems.length > 0) {
    // The files that do load are still worth testing.
    const failures = problems.map(describeProblem);
    const milliseconds = performance.now() - started;
    const loading = {
      path: "sql/ (loading)",
      passed: 0,
      failed: failures.length,
      skipped: 0,
      milliseconds,
      failures,
    };
    results.push(loading);
    printLine(loading);
  }
  const files = readTests().filter(
    ({ path }) => filters.length === 0 || filters.some((filter) => path.includes(filter)),
  );
  const tap = await runTapFiles(serverUrl, name, files, { connections, onResult: printLine });
  for (const { notices, ...result } of tap) {
    const heard = notices.slice(0, 10).map((notice) => indent(notice));
    results.push({ ...result, failures: result.failures.map((failure) => [failure, ...heard].join("\n")) });
  }
  return results;
}

/** The secrets of all tests carry a mark; afterwards it is nowhere on the server. */
async function searchForSecrets(serverUrl: string, dataDir?: string | null): Promise<ModuleResult> {
  const { searchServer } = await import("../tests/helpers/planted.ts");
  const started = performance.now();
  const logs = dataDir ? [`${dataDir}.log`, join(dirname(dataDir), "server.log")] : [];
  const { searched, found } = await searchServer(
    serverUrl,
    logs.find((file) => existsSync(file)),
  );
  const result = {
    path: `secrets of the tests, searched for in ${searched} databases${dataDir ? " and the server's log" : ""}`,
    passed: found.length === 0 ? 1 : 0,
    failed: found.length,
    skipped: 0,
    milliseconds: performance.now() - started,
    failures: found,
  };
  printLine(result);
  return result;
}

function summarise(results: ModuleResult[], milliseconds: number): number {
  const sum = (key: "passed" | "failed" | "skipped"): number =>
    results.reduce((total, result) => total + result[key], 0);
  const failed = results.filter((result) => result.failed > 0);
  if (failed.length > 0) console.log(`\n${bold("Failed:")}`);
  for (const { path, failures } of failed) {
    console.log(red(path));
    for (const failure of failures) console.log(indent(failure));
  }
  const nothing = sum("passed") + sum("failed") === 0;
  if (nothing) console.log(red("\nNo test was run."));
  const skipped = sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : "";
  console.log(`\n${results.length} files in ${duration(milliseconds)}${skipped}`);
  const line = `${sum("passed")} passed, ${sum("failed")} failed`;
  console.log(failed.length > 0 || nothing ? red(line) : green(line));
  return failed.length > 0 || nothing ? 1 : 0;
}

await main(async () => {
  const options = readOptions();
  if (!options) {
    console.log(help);
    return 0;
  }
  const started = performance.now();
  const results: ModuleResult[] = [];
  const server = options.pg15
    ? await (await import("./lib/debian.ts")).startDebianServer()
    : await testServer();
  try {
    if (options.only.has("sql")) {
      results.push(...(await runSql(server.url, options.filters, options.connections)));
    }
    process.env.MILLRACE_TEST_SERVER = server.url;
    for (const kind of ["ts", "e2e"] as const) {
      if (options.only.has(kind)) results.push(...(await runVitest(kind, options.filters)));
    }
    const ranTs = results.some(({ path, passed }) => path.endsWith(".test.ts") && passed > 0);
    if (ranTs) results.push(await searchForSecrets(server.url, server.dataDir));
  } finally {
    await server.stop();
  }
  return summarise(results, performance.now() - started);
});
