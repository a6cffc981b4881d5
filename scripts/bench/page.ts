/** The page that keeps the figures, and the picture beside it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type Conditions } from "../lib/conditions.ts";
import { replacePart } from "../lib/markdown.ts";
import { projectRoot } from "../lib/sources.ts";
import type { Figure } from "./bench.ts";
import { bars, chart } from "./chart.ts";
import { asMarkdown } from "./report.ts";
import { costOf, sizing } from "./sizing.ts";

/** Where it is, from the project's root. */
export const page = "docs/performance.md";
const picture = "docs/performance.svg";

/** What a benchmark came to. */
export interface Measured {
  bench: string;
  n: number;
  rounds: number;
  figures: Figure[];
}

/** Puts the figures of one benchmark into the text of a page; those of the chain give the sizing guide too. */
export function withFigures(text: string, is: Conditions, { bench, n, rounds, figures }: Measured): string {
  const measured = replacePart(text, bench, `${asMarkdown(figures)}\n\n${describe(is, n, rounds)}`);
  const cost = bench === "chain" ? costOf(figures, is.cores) : null;
  return cost === null ? measured : replacePart(measured, "sizing", sizing(cost));
}

/** Writes the page, and the picture when the chain was measured. */
export function writePage(is: Conditions, result: Measured): void {
  const path = join(projectRoot, page);
  writeFileSync(path, withFigures(readFileSync(path, "utf8"), is, result));
  const all = result.bench === "chain" ? bars(result.figures) : [];
  if (all.length > 0)
    writeFileSync(
      join(projectRoot, picture),
      chart(
        all,
        `Three durable steps each; a Millrace chain is a whole workflow. ${is.cores} cores, PostgreSQL ${is.postgres}, ${is.date}.`,
      ),
    );
}
