/** What `npm run bench` can be told. */
import { parseArgs } from "node:util";
import type { Bench } from "./bench.ts";
import { page } from "./page.ts";

/** What a benchmark gets when neither the caller nor the benchmark says. */
const defaults = { n: 2000, rounds: 5 };

/** What is to be done. */
export interface Arguments {
  chosen: Bench[];
  /** How much of what a benchmark measures, and how often. */
  amounts(bench: Bench): { n: number; rounds: number };
  json: boolean;
  /** Whether the figures go into the page. */
  report: boolean;
  check: boolean;
  sources: boolean;
  help: boolean;
}

/** The text of `--help`. */
export function helpOn(benches: Bench[]): string {
  const line = (bench: Bench) => {
    const { n, rounds } = { ...defaults, ...bench };
    const amount = `n ${n.toLocaleString("en")}, ${rounds} ${rounds === 1 ? "round" : "rounds"}`;
    return `  ${bench.name.padEnd(10)} ${bench.about} (${amount})`;
  };
  return `npm run bench -- [options]

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

${benches.map(line).join("\n")}

With DATABASE_URL set it uses that server, in databases of its own that it drops; otherwise one under .millrace/bench.

Exit codes: 0 measured, whatever came out · 1 failed, or missed with --check · 2 wrong arguments
`;
}

/** A whole number from 1, or nothing. */
function count(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} ${text}: give a whole number from 1`);
  return value;
}

/**
 * Reads the arguments of the command.
 *
 * @throws Error with a sentence on the one that is wrong
 */
export function readArguments(args: string[], benches: Bench[]): Arguments {
  const { values } = parseArgs({
    args,
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
  const [n, rounds] = [count("n", values.n), count("rounds", values.rounds)];
  return {
    chosen: benches.filter(({ name }) => names?.includes(name) ?? true),
    amounts: (bench) => ({
      n: n ?? bench.n ?? defaults.n,
      rounds: rounds ?? bench.rounds ?? defaults.rounds,
    }),
    json: values.json,
    report: !values.json && !values["no-report"],
    check: values.check,
    sources: values.sources,
    help: values.help,
  };
}
