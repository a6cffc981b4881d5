import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { page } from "../../scripts/bench/page.ts";
import { projectRoot } from "../../scripts/lib/sources.ts";

function bench(...args: string[]) {
  return spawnSync(process.execPath, ["--import", "tsx", "scripts/bench.ts", ...args], {
    cwd: projectRoot,
    encoding: "utf8",
    env: { ...process.env, DATABASE_URL: inject("serverUrl") },
  });
}

describe("npm run bench", () => {
  it("refuses what it does not know, and shows its help", () => {
    const { status, stdout, stderr } = bench("--only", "chain,nonsense");
    expect(status).toBe(2);
    expect(stderr).toContain("--only nonsense: there is no such benchmark");
    expect(stderr).toContain("--only NAME[,NAME]");
    expect(stdout).toBe("");
  });

  it("runs the chain of everyone to its end, and says what came out", () => {
    const before = readFileSync(join(projectRoot, page), "utf8");
    const { status, stdout, stderr } = bench(
      "--only",
      "chain",
      "--n",
      "50",
      "--rounds",
      "1",
      "--json",
      "--sources",
    );
    expect(stderr).toContain("chain: round 1 of 1: Millrace: accepts");
    expect(status, stderr).toBe(0);
    const { figures, postgres } = JSON.parse(stdout) as {
      postgres: string;
      figures: { name: string; against?: string; values: number[]; verdict: string | null }[];
    };
    expect(postgres).toMatch(/^\d+\.\d+$/);
    const against = figures.filter(({ name }) => name === "drain").map((figure) => figure.against);
    expect(against).toEqual([
      "floor",
      "bare floor",
      "rows floor",
      "Millrace, notifying",
      "pg-boss",
      "graphile-worker",
      "pgflow",
    ]);
    for (const { values } of figures) for (const value of values) expect(value).toBeGreaterThan(0);
    expect(figures.find(({ name }) => name === "row versions of public.value")?.values).toEqual([2]);
    expect(readFileSync(join(projectRoot, page), "utf8")).toBe(before);
  });
});
