import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { projectRoot } from "../../scripts/lib/sources.ts";
import { readArguments } from "../../scripts/prove/arguments.ts";
import { asText, data, page, readResults, withResults, writePage } from "../../scripts/prove/page.ts";
import { groups, type Pledge, type Verdict } from "../../scripts/prove/proof.ts";
import { pledges } from "../../scripts/prove/pledges.ts";
import { missingFiles } from "../../scripts/prove/tests.ts";

const killed: Pledge = {
  name: "killed",
  group: "nothing-lost",
  title: "Something is killed",
  sentence: "It comes to its end all the same.",
  tests: ["tests/e2e/crash.test.ts"],
  proof: { run: async () => ({}) },
};
const erased: Pledge = {
  ...killed,
  name: "erased",
  group: "data",
  title: "Something is erased",
  proof: undefined,
};
const kept = (name: string, more: Partial<Verdict> = {}): Verdict => ({
  name,
  verdict: "kept",
  reasons: [],
  figures: { load: 2_034, faults: 6, lost: 0, doubled: 0, more: { "asked again": 1_234 } },
  seconds: 71.2,
  short: false,
  tests: { files: 1, passed: 2 },
  date: "2026-11-21",
  commit: "abc1234",
  ...more,
});

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "millrace-page-"));
  mkdirSync(join(root, "docs"));
  cpSync(join(projectRoot, page), join(root, page));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));
const read = () => readFileSync(join(root, page), "utf8");
const part = (text: string, name: string) =>
  text.split(`<!-- figures:${name}:begin -->`)[1]!.split(`<!-- figures:${name}:end -->`)[0]!;
/** All that is not between markers. */
const byHand = (text: string) => text.split(/<!-- figures:\S+:begin -->[^]*?<!-- figures:\S+:end -->/);

it("is written between the markers, and nowhere else", () => {
  const before = read();
  writePage([killed, erased], [kept("killed"), kept("erased")], "the machine", root);
  expect(read()).not.toBe(before);
  expect(byHand(read())).toEqual(byHand(before));
});

it("has a row of figures, and a sentence with its tests, for each promise of a part", () => {
  writePage([killed, erased], [kept("killed"), kept("erased")], "2 cores of a machine", root);
  const text = part(read(), "nothing-lost");
  expect(text).toMatch(/^\| Something is killed \| kept +\| +2,034 \| +6 \| +\| +0 \| +0 \| 71 s \| +2 \|$/m);
  expect(text).toContain("**Something is killed.** It comes to its end all the same.");
  expect(text).toContain("`npm run prove -- --only killed`");
  expect(text).toContain("[e2e/crash.test.ts](../tests/e2e/crash.test.ts)");
  expect(text).toContain("asked again: 1,234.");
  expect(text).toContain("Run on 2026-11-21, commit abc1234.");
  expect(text).not.toContain("erased");
  expect(part(read(), "data")).toContain("Something is erased");
  expect(part(read(), "machine")).toContain("2 cores of a machine");
});

it("keeps what it said of promises that did not run this time", () => {
  writePage([killed, erased], [kept("killed"), kept("erased")], "m", root);
  const again = kept("killed", { figures: { load: 9_999 }, date: "2026-12-01" });
  writePage([killed, erased], [again, kept("erased", { verdict: "not run" })], "m", root);
  expect(part(read(), "nothing-lost")).toContain("9,999");
  expect(part(read(), "data")).toContain("2,034");
  expect(Object.values(readResults(root)).map(({ date }) => date)).toEqual(["2026-12-01", "2026-11-21"]);
  expect(JSON.parse(readFileSync(join(root, data), "utf8"))).toEqual(readResults(root));
});

it("says what is broken, what is not proven, and why", () => {
  const broken = kept("killed", { verdict: "broken", reasons: ["3 lost, where none may be"] });
  const unproven = kept("erased", { verdict: "not proven", reasons: ["no disk could be mounted"] });
  writePage([killed, erased], [broken, unproven], "m", root);
  expect(part(read(), "nothing-lost")).toMatch(/\| \*\*broken\*\* /);
  expect(part(read(), "nothing-lost")).toContain("**BROKEN:** 3 lost, where none may be");
  expect(part(read(), "data")).toMatch(/\| \*\*not proven\*\* /);
  const text = asText([killed, erased], [broken, unproven]);
  expect(text).toMatch(/^Something is killed +BROKEN /m);
  expect(text).toContain("NOT PROVEN erased: no disk could be mounted");
});

it("has a place for every part", () => {
  const text = readFileSync(join(projectRoot, page), "utf8");
  for (const group of groups) expect(() => part(text, group)).not.toThrow();
  expect(byHand(withResults(text, pledges, {}, "m"))).toEqual(byHand(text));
});

it("names commands that there are", () => {
  const text = readFileSync(join(projectRoot, page), "utf8");
  const commands = [...text.matchAll(/npm run prove(?: -- ([^`#\n]*))?/g)].map(
    ([, args]) => args?.trim() ?? "",
  );
  expect(commands.length).toBeGreaterThanOrEqual(4);
  for (const args of commands)
    expect(() => readArguments(args.split(/\s+/).filter(Boolean), pledges), args).not.toThrow();
});

it("promises nothing whose test files are not there, and nothing twice", () => {
  expect(missingFiles(pledges.flatMap(({ tests }) => tests))).toEqual([]);
  const names = pledges.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  for (const { name, tests, proof } of pledges)
    expect(tests.length > 0 || proof !== undefined, `${name} is held by nothing`).toBe(true);
});
