import { expect, it } from "vitest";
import { helpOn, readArguments } from "../../scripts/bench/arguments.ts";
import type { Bench } from "../../scripts/bench/bench.ts";

const bench = (name: string, more: Partial<Bench> = {}): Bench => ({
  name,
  about: `what ${name} is`,
  run: async () => [],
  ...more,
});
const benches = [bench("chain", { n: 5000 }), bench("http", { rounds: 3 }), bench("views")];

it.each([
  [["--only", "chain,nonsense"], "--only nonsense: there is no such benchmark"],
  [["--only", ""], "--only : there is no such benchmark"],
  [["--n", "many"], "--n many: give a whole number from 1"],
  [["--n", "1.5"], "--n 1.5: give a whole number from 1"],
  [["--rounds", "0"], "--rounds 0: give a whole number from 1"],
  [["--quickly"], "Unknown option '--quickly'"],
  [["chain"], "Unexpected argument 'chain'"],
])("%j is refused", (args, message) => expect(() => readArguments(args, benches)).toThrow(message));

it("everything is measured, as often as each benchmark says, and reported, when nothing is said", () => {
  const { chosen, amounts, report } = readArguments([], benches);
  expect(chosen).toEqual(benches);
  expect(benches.map(amounts)).toEqual([
    { n: 5000, rounds: 5 },
    { n: 2000, rounds: 3 },
    { n: 2000, rounds: 5 },
  ]);
  expect(report).toBe(true);
});

it("what is said goes first", () => {
  const { chosen, amounts } = readArguments(["--only", "views,chain", "--n", "7", "--rounds", "1"], benches);
  expect(chosen.map(({ name }) => name)).toEqual(["chain", "views"]);
  expect(amounts(benches[0]!)).toEqual({ n: 7, rounds: 1 });
});

it.each([["--json"], ["--no-report"]])("%s leaves the page alone", (option) =>
  expect(readArguments([option], benches).report).toBe(false),
);

it("the help says all benchmarks and all options", () => {
  const help = helpOn(benches);
  expect(help).toContain("chain      what chain is (n 5,000, 5 rounds)");
  for (const option of ["only", "n", "rounds", "json", "no-report", "check", "sources"])
    expect(help).toContain(`--${option}`);
});
