import { readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { describe, expect, it } from "vitest";
import { ratio, verdict, type Figure } from "../../scripts/bench/bench.ts";
import { bars, chart } from "../../scripts/bench/chart.ts";
import { page, withFigures } from "../../scripts/bench/page.ts";
import { asMarkdown, asText, asked, judged } from "../../scripts/bench/report.ts";
import { durable, type Conditions } from "../../scripts/lib/conditions.ts";
import { replacePart, short } from "../../scripts/lib/markdown.ts";
import { costOf, sizing } from "../../scripts/bench/sizing.ts";
import { projectRoot } from "../../scripts/lib/sources.ts";

const is: Conditions = {
  date: "2026-02-03",
  commit: "abc1234",
  cores: 2,
  processor: "Some Processor",
  memoryGigabytes: 8,
  node: "20.11.0",
  postgres: "17.10",
  settings: { shared_buffers: "1GB", fsync: "on", synchronous_commit: "on", full_page_writes: "on" },
};

const drain = (against: string, baseline: number[], more: Partial<Figure> = {}): Figure => ({
  name: "drain",
  unit: "chains/s",
  values: [4000, 5000, 6000],
  against,
  baseline,
  ...more,
});
const plain = (name: string, unit: string, value: number): Figure => ({ name, unit, values: [value] });
const chainFigures = [
  drain("floor", [10_000, 10_000, 10_000], { must: 0.3, aim: 0.6 }),
  drain("pg-boss", [8000, 8000, 8000]),
  { ...drain("floor", [200_000, 200_000, 200_000]), name: "accept", values: [10_000, 10_000, 10_000] },
  plain("WAL", "bytes/chain", 5000),
  plain("disk, tables and indexes", "bytes/chain", 10_000),
];

describe("the verdict on a figure", () => {
  it("is of the median of the rounds' ratios, not of the ratio of medians", () => {
    const figure = drain("floor", [10_000, 5000, 60_000]);
    expect(ratio(figure)).toBe(0.4);
    expect(ratio(plain("WAL", "bytes/chain", 5000))).toBeNull();
  });

  it("says met and missed, at least and at most", () => {
    expect(verdict(drain("floor", [10_000, 10_000, 10_000], { must: 0.5 }))).toBe("met");
    expect(verdict(drain("floor", [10_000, 10_000, 10_000], { must: 0.51 }))).toBe("missed");
    expect(verdict(drain("floor", [4000, 5000, 6000], { must: 1, atMost: true }))).toBe("met");
    expect(verdict(drain("floor", [3000, 4000, 5000], { must: 1.2, atMost: true }))).toBe("missed");
    expect(verdict(drain("floor", [1, 1, 1]))).toBeNull();
  });

  it("shows what was asked, and a must that is missed as missed", () => {
    const figure = drain("floor", [10_000, 10_000, 10_000], { must: 0.3, aim: 0.6 });
    expect(asked(figure)).toBe("≥ 0.3, aim ≥ 0.6");
    expect(judged(figure)).toBe("met, aim not reached");
    expect(judged({ ...figure, aim: 0.5 })).toBe("met, aim reached");
    expect(judged({ ...figure, must: 0.55 })).toBe("MISSED");
    expect(asked({ ...figure, atMost: true })).toBe("≤ 0.3, aim ≤ 0.6");
    expect(asMarkdown([{ ...figure, must: 0.55 }])).toContain("| **missed** |");
    expect(asText("chain", [{ ...figure, must: 0.55 }])).toMatch(/0\.5 .* ≥ 0\.55, aim ≥ 0\.6 +MISSED$/m);
  });
});

describe("a table", () => {
  it("says once what is compared more than once, and plain figures apart", () => {
    const lines = asText("chain", chainFigures).split("\n");
    expect(lines.map((line) => line.trim().split(/ {2,}/)[0])).toEqual([
      "chain",
      "figure",
      "drain",
      "pg-boss",
      "accept",
      "",
      "figure",
      "WAL",
      "disk, tables and indexes",
    ]);
    expect(asMarkdown(chainFigures).split("\n\n")).toHaveLength(2);
  });

  it("does not round away by how little a must was missed", () => {
    const figure = drain("floor", [16_750, 16_750, 16_750], { must: 0.3 });
    expect(asText("chain", [figure])).toMatch(/ 0\.299 .* ≥ 0\.3 +MISSED$/m);
  });
});

describe("numbers", () => {
  it.each([
    [0, "0"],
    [0.02567, "0.026"],
    [1.349, "1.3"],
    [45.678, "45.7"],
    [99.96, "100"],
    [1234567.8, "1,234,568"],
  ])("%d is told as %s", (value, told) => expect(short(value)).toBe(told));
});

describe("the page", () => {
  const text = [
    "# A page\n",
    "Before.\n",
    "<!-- figures:chain:begin -->\n\nold chain\n\n<!-- figures:chain:end -->\n",
    "Between.\n",
    "<!-- figures:http:begin -->\n\nold http\n\n<!-- figures:http:end -->\n",
    "<!-- figures:sizing:begin -->\n\nold sizing\n\n<!-- figures:sizing:end -->\n",
    "After.\n",
  ].join("\n");

  it("has only the part replaced that was measured", () => {
    const once = replacePart(text, "http", "new $& http\n");
    expect(once).toBe(text.replace("old http", () => "new $& http"));
    expect(replacePart(once, "http", "old http")).toBe(text);
  });

  it.each([
    ["no part of that name", text, "views"],
    ["no end", text.replace("<!-- figures:http:end -->", ""), "http"],
    ["two beginnings", `${text}<!-- figures:http:begin -->`, "http"],
    ["the end first", "<!-- figures:http:end --> <!-- figures:http:begin -->", "http"],
  ])("is refused with %s", (_, page, name) =>
    expect(() => replacePart(page, name, "new")).toThrow(`<!-- figures:${name}:begin -->`),
  );

  it("gets figures and conditions, and the sizing guide with those of the chain", () => {
    const all = withFigures(text, is, { bench: "chain", n: 5000, rounds: 3, figures: chainFigures });
    expect(all).not.toContain("old chain");
    expect(all).not.toContain("old sizing");
    expect(all).toContain("old http");
    expect(all).toContain("2026-02-03, commit abc1234. 2 cores (Some Processor), 8 GB; PostgreSQL 17.10");
    expect(all).toContain("n = 5,000, 3 rounds.");
    const other = withFigures(text, is, { bench: "http", n: 5000, rounds: 3, figures: chainFigures });
    expect(other).toContain("old sizing");
  });

  it("is formatted as the project formats pages", async () => {
    const all = withFigures(text, is, { bench: "chain", n: 5000, rounds: 3, figures: chainFigures });
    expect(await format(all, { parser: "markdown", printWidth: 110 })).toBe(all);
  });

  it("has a part for every benchmark", () => {
    const script = readFileSync(join(projectRoot, "scripts/bench.ts"), "utf8");
    const names = /const benches: Bench\[\] = \[([^\]]+)\]/.exec(script)![1]!.match(/\w+/g)!;
    const real = readFileSync(join(projectRoot, page), "utf8");
    expect(names).toContain("chain");
    for (const name of [...names, "sizing"]) expect(replacePart(real, name, "new")).toContain("new");
  });
});

describe("the sizing guide", () => {
  it("shows its arithmetic: cores times what one carries, and half of it to plan with", () => {
    const cost = costOf(chainFigures, 2)!;
    expect(cost).toEqual({ accept: 10_000, drain: 5000, busy: 2, walBytes: 5000, diskBytes: 10_000 });
    // 100 µs to accept and 2 x 200 µs to drain: 2,000 a second and core.
    const guide = sizing(cost);
    expect(guide).toContain("1 s ÷ 10,000 = 100 µs");
    expect(guide).toContain("2 s ÷ 5,000 = 400 µs");
    expect(guide).toMatch(/\| +8 \| +16,000 \| +8,000 \| +691 million \| +40 MB\/s \| +6,912 GB \|/);
  });

  it("is left alone when the chain was not measured", () => {
    expect(costOf([plain("WAL", "bytes/chain", 1)], 2)).toBeNull();
  });
});

describe("the picture", () => {
  it("shows everyone, the fastest first, as long as they are fast", () => {
    const all = bars(chainFigures);
    expect(all.map(({ name, kind }) => `${name}: ${kind}`)).toEqual([
      "floor: floor",
      "pg-boss: peer",
      "Millrace: engine",
    ]);
    const svg = chart(all, "2 < 3 & so on");
    const lengths = [...svg.matchAll(/width="(\d+)" height="24"/g)].map(([, length]) => Number(length));
    expect(lengths).toEqual([500, 400, 250]);
    expect(svg).toContain("floor 10,000; pg-boss 8,000; Millrace 5,000. 2 &#60; 3 &#38; so on");
    expect(bars([plain("WAL", "bytes/chain", 1)])).toEqual([]);
  });
});

describe("a server that may forget", () => {
  it.each(["fsync", "synchronous_commit", "full_page_writes"])("is known by %s", (name) => {
    expect(durable(is)).toBe(true);
    expect(durable({ ...is, settings: { ...is.settings, [name]: "off" } })).toBe(false);
  });
});
