/** The page that keeps what came out, and the table on the terminal. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markdownTable, padded, replacePart, short, widths } from "../lib/markdown.ts";
import { projectRoot } from "../lib/sources.ts";
import { groups, type Group, type Pledge, type Verdict } from "./proof.ts";

/** Where it is, from the project's root. */
export const page = "docs/reliability.md";
/** The same as data: what the page is written from, so that a run of some leaves the others as they were. */
export const data = "docs/reliability.json";

/** Verdicts by the name of their promise. */
export type Results = Record<string, Verdict>;

const count = (value: number | undefined): string => (value === undefined ? "" : short(value));
const marks: Record<Verdict["verdict"], string> = {
  kept: "kept",
  broken: "BROKEN",
  "not proven": "NOT PROVEN",
  "not run": "not run",
};

/** How long: minutes from two on. */
const time = (seconds: number): string =>
  seconds === 0 ? "" : seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;

const heads = ["promise", "verdict", "in flight", "faults", "inputs", "lost", "doubled", "took", "tests"];
const numeric = (column: number): boolean => column > 1;

function cells({ title }: Pledge, verdict: Verdict | undefined): string[] {
  if (verdict === undefined) return [title, marks["not run"], "", "", "", "", "", "", ""];
  const { figures, tests } = verdict;
  return [
    title,
    marks[verdict.verdict],
    count(figures.load),
    count(figures.faults),
    count(figures.inputs),
    count(figures.lost),
    count(figures.doubled),
    time(verdict.seconds),
    tests === null ? "" : count(tests.passed),
  ];
}

/** What came out, as lines of text. */
export function asText(pledges: Pledge[], verdicts: Verdict[]): string {
  const results = new Map(verdicts.map((verdict) => [verdict.name, verdict]));
  const rows = [heads, ...pledges.map((pledge) => cells(pledge, results.get(pledge.name)))];
  const lines = rows.map((row) => padded(row, widths(rows, 0), numeric).join("  ").trimEnd());
  const reasons = verdicts.flatMap(({ name, verdict, reasons }) =>
    reasons.map((reason) => `${marks[verdict]} ${name}: ${reason}`),
  );
  return [...lines, ...(reasons.length > 0 ? ["", ...reasons] : [])].join("\n");
}

/** `tests/e2e/crash.test.ts` as a link from the page. */
const link = (path: string): string => `[${path.replace(/^(sql\/)?tests\//, "")}](../${path})`;

/** One promise in sentences: what it says, what held it, what else was counted. */
function paragraph(pledge: Pledge, verdict: Verdict | undefined): string {
  const { title, sentence, tests, name } = pledge;
  const parts = [`**${title}.** ${sentence}`];
  if (pledge.proof) parts.push(`Tried by \`npm run prove -- --only ${name}\`.`);
  if (tests.length > 0) parts.push(`Tests: ${tests.map(link).join(", ")}.`);
  const more = Object.entries(verdict?.figures.more ?? {});
  if (more.length > 0)
    parts.push(
      `${more.map(([what, value]) => `${what}: ${typeof value === "number" ? short(value) : value}`).join(" · ")}.`,
    );
  if (verdict && verdict.reasons.length > 0)
    parts.push(`**${marks[verdict.verdict]}:** ${verdict.reasons.join("; ")}`);
  return `- ${parts.join("\n  ")}`;
}

/** The part of one group. */
export function asMarkdown(pledges: Pledge[], results: Results): string {
  const cell = (text: string) => (/^[A-Z ]+$/.test(text) && text !== "" ? `**${text.toLowerCase()}**` : text);
  const rows = pledges.map((pledge) => cells(pledge, results[pledge.name]).map(cell));
  const ran = pledges.flatMap(({ name }) => results[name] ?? []);
  const when = [...new Set(ran.map(({ date, commit }) => `${date}, commit ${commit}`))].sort();
  return [
    markdownTable([heads, ...rows], numeric),
    pledges.map((pledge) => paragraph(pledge, results[pledge.name])).join("\n"),
    when.length > 0 ? `Run on ${when.join("; ")}.` : "",
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** Puts what came out into the text of the page. */
export function withResults(text: string, pledges: Pledge[], results: Results, machine: string): string {
  const ofGroup = (group: Group) => pledges.filter((pledge) => pledge.group === group);
  const parts = groups.filter((group) => ofGroup(group).length > 0);
  return parts.reduce(
    (page, group) => replacePart(page, group, asMarkdown(ofGroup(group), results)),
    replacePart(text, "machine", machine),
  );
}

/** What the runs so far came to. */
export function readResults(root = projectRoot): Results {
  const path = join(root, data);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Results) : {};
}

/** Writes page and data; promises that did not run keep what they had. */
export function writePage(pledges: Pledge[], verdicts: Verdict[], machine: string, root = projectRoot): void {
  const before = readResults(root);
  const now = new Map(
    verdicts.filter(({ verdict }) => verdict !== "not run").map((verdict) => [verdict.name, verdict]),
  );
  const results: Results = {};
  for (const { name } of pledges) {
    const result = now.get(name) ?? before[name];
    if (result !== undefined) results[name] = result;
  }
  const path = join(root, page);
  writeFileSync(path, withResults(readFileSync(path, "utf8"), pledges, results, machine));
  writeFileSync(join(root, data), `${JSON.stringify(results, null, 2)}\n`);
}
