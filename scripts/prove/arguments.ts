/** What `npm run prove` can be told. */
import { parseArgs } from "node:util";
import { page } from "./page.ts";
import type { Pledge } from "./proof.ts";

/** What is to be done. */
export interface Arguments {
  chosen: Pledge[];
  short: boolean;
  json: boolean;
  /** Whether what comes out goes into the page. */
  report: boolean;
  /** Whether the test files are run too. */
  tests: boolean;
  seed: number;
  sources: boolean;
  help: boolean;
}

/** The text of `--help`. */
export function helpOn(pledges: Pledge[]): string {
  const longest = Math.max(...pledges.map(({ name }) => name.length));
  const line = ({ name, title, proof, tests }: Pledge) => {
    const files = `${tests.length} test ${tests.length === 1 ? "file" : "files"}`;
    const how = [proof ? (proof.inShort === false ? "proof, full form only" : "proof") : [], files].flat();
    return `  ${name.padEnd(longest)}  ${title} (${how.join(", ")})`;
  };
  return `npm run prove -- [options]

Tries to break what the engine promises, and writes what came out into ${page}: the load held, the faults survived, the
bad inputs tried, what was lost and what was doubled. Each proof has servers, databases and processes of its own, which
go when it ends; DATABASE_URL is not looked at.

  --short             less load and less time: at most 2.5 minutes on two cores; runs no test files, leaves the page
  --only NAME[,NAME]  these promises, of those below; everything otherwise
  --no-tests          the proofs only, not the test files that hold the promises
  --no-report         leaves ${page} as it is
  --json              what came out as JSON, and no report
  --seed N            repeats what is random; printed at every run
  --sources           proves the files under sql/ as they are now, not the migrations

${pledges.map(line).join("\n")}

Exit codes: 0 all kept · 1 a promise is broken, or in the full form not proven · 2 wrong arguments · 130 interrupted
`;
}

/**
 * Reads the arguments of the command.
 *
 * @throws Error with a sentence on the one that is wrong
 */
export function readArguments(args: string[], pledges: Pledge[]): Arguments {
  const { values } = parseArgs({
    args,
    options: {
      short: { type: "boolean", default: false },
      only: { type: "string" },
      "no-tests": { type: "boolean", default: false },
      "no-report": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      seed: { type: "string" },
      sources: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const names = values.only?.split(",");
  const unknown = names?.find((name) => !pledges.some((pledge) => pledge.name === name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there is no such promise`);
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 31)
    throw new Error(`--seed ${values.seed}: give a whole number from 0 to ${2 ** 31 - 1}`);
  return {
    chosen: pledges.filter(({ name }) => names?.includes(name) ?? true),
    short: values.short,
    json: values.json,
    report: !values.short && !values.json && !values["no-report"],
    tests: !values.short && !values["no-tests"],
    seed,
    sources: values.sources,
    help: values.help,
  };
}
