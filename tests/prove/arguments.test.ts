import { expect, it } from "vitest";
import { helpOn, readArguments } from "../../scripts/prove/arguments.ts";
import type { Pledge } from "../../scripts/prove/proof.ts";

const pledge = (name: string, more: Partial<Pledge> = {}): Pledge => ({
  name,
  group: "data",
  title: `What ${name} is`,
  sentence: "It holds.",
  tests: ["a.sql", "b.sql"],
  ...more,
});
const pledges = [
  pledge("killed", { tests: [], proof: { run: async () => ({}) } }),
  pledge("soak", { proof: { run: async () => ({}), inShort: false } }),
  pledge("erased"),
];

it.each([
  [["--only", "killed,nonsense"], "--only nonsense: there is no such promise"],
  [["--only", ""], "--only : there is no such promise"],
  [["--seed", "many"], "--seed many: give a whole number from 0"],
  [["--seed", "-1"], "--seed"],
  [["--seed", "1.5"], "--seed 1.5: give a whole number from 0"],
  [["--quickly"], "Unknown option '--quickly'"],
  [["killed"], "Unexpected argument 'killed'"],
])("%j is refused", (args, message) => expect(() => readArguments(args, pledges)).toThrow(message));

it("everything is tried, with its tests, and reported, when nothing is said", () => {
  const read = readArguments([], pledges);
  expect(read).toMatchObject({ chosen: pledges, short: false, tests: true, report: true, sources: false });
  expect(read.seed).toBeGreaterThan(0);
});

it("the short form runs no test files and leaves the page", () =>
  expect(readArguments(["--short"], pledges)).toMatchObject({ short: true, tests: false, report: false }));

it.each([["--json"], ["--no-report"], ["--short"]])("%s leaves the page alone", (option) =>
  expect(readArguments([option], pledges).report).toBe(false),
);

it("what is said goes first", () => {
  const read = readArguments(["--only", "erased,killed", "--seed", "7", "--no-tests"], pledges);
  expect(read.chosen.map(({ name }) => name)).toEqual(["killed", "erased"]);
  expect(read).toMatchObject({ seed: 7, tests: false });
});

it("the help says all promises, how they are held, and all options", () => {
  const help = helpOn(pledges);
  expect(help).toContain("killed  What killed is (proof, 0 test files)");
  expect(help).toContain("soak    What soak is (proof, full form only, 2 test files)");
  expect(help).toContain("erased  What erased is (2 test files)");
  for (const option of ["short", "only", "no-tests", "no-report", "json", "seed", "sources"])
    expect(help).toContain(`--${option}`);
});
