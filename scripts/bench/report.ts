/** How figures are told: as a table on the terminal, and in a page between markers that only the script writes. */
import { median, ratio, verdict, type Figure } from "./bench.ts";

/** A number with as many digits as it deserves. */
export function short(value: number): string {
  if (value === 0) return "0";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(Math.abs(value) >= 10 ? 3 : 2)));
}

/** The least and the most of some numbers; nothing when there is but one. */
function spread(values: number[]): string {
  const [least, most] = [short(Math.min(...values)), short(Math.max(...values))];
  return least === most ? "" : `${least}–${most}`;
}

/** The ratio of each round; null for a plain figure. */
function ratios({ values, baseline }: Figure): number[] | null {
  return baseline ? values.map((value, round) => value / baseline[round]!) : null;
}

/** What is asked of a ratio: `≥ 0.3, aim 0.5`. */
export function asked({ must, aim, atMost }: Figure): string {
  const sign = atMost ? "≤" : "≥";
  return [must === undefined ? [] : [`${sign} ${must}`], aim === undefined ? [] : [`aim ${sign} ${aim}`]]
    .flat()
    .join(", ");
}

/** What became of what is asked. */
export function judged(figure: Figure): string {
  const must = verdict(figure);
  const aim = figure.aim === undefined ? null : verdict({ ...figure, must: figure.aim });
  if (must === "missed") return "MISSED";
  return [must ?? [], aim === null ? [] : [aim === "met" ? "aim reached" : "aim not reached"]]
    .flat()
    .join(", ");
}

/** The cells of one figure. */
function cells(figure: Figure): string[] {
  const of = ratios(figure);
  return [
    figure.name,
    `${short(median(figure.values))} ${figure.unit}`,
    spread(figure.values),
    figure.against ?? "",
    figure.baseline ? short(median(figure.baseline)) : "",
    of ? short(ratio(figure)!) : "",
    of ? spread(of) : "",
    asked(figure),
    judged(figure),
  ];
}

const headings = ["figure", "median", "spread", "against", "median", "ratio", "spread", "asked", "verdict"];

/** Whether a column holds numbers. */
const numeric = (column: number): boolean => [1, 2, 4, 5, 6].includes(column);

/** A benchmark's figures as lines of text. */
export function asText(name: string, figures: Figure[]): string {
  const rows = [headings, ...figures.map(cells)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        numeric(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
  return [name, ...lines.map((line) => `  ${line}`)].join("\n");
}

/** A benchmark's figures as a table of Markdown, laid out as prettier does. */
export function asMarkdown(figures: Figure[]): string {
  const rows = [headings, ...figures.map(cells)].map((row) =>
    row.map((cell) => (cell === "MISSED" ? "**missed**" : cell.replaceAll("|", "\\|"))),
  );
  return markdownTable(rows, numeric);
}

/** A table of Markdown whose first row are headings. */
export function markdownTable(rows: string[][], isNumeric: (column: number) => boolean): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (row: string[]): string =>
    `| ${row.map((cell, column) => (isNumeric(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join(" | ")} |`;
  const rule = widths.map((width, column) =>
    isNumeric(column) ? `${"-".repeat(width - 1)}:` : "-".repeat(width),
  );
  return [line(rows[0]!), `| ${rule.join(" | ")} |`, ...rows.slice(1).map(line)].join("\n");
}

/**
 * Puts new content between the markers of one part of a page, and leaves all else alone.
 *
 * @throws Error when the page has no such part, or has it twice
 */
export function replacePart(page: string, name: string, content: string): string {
  const [begin, end] = [`<!-- figures:${name}:begin -->`, `<!-- figures:${name}:end -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  const once = from === page.lastIndexOf(begin) && to === page.lastIndexOf(end);
  if (from < 0 || to < from || !once)
    throw new Error(
      `the page needs the lines ${begin} and ${end}, once each and in this order: figures go between them`,
    );
  return `${page.slice(0, from + begin.length)}\n\n${content.trim()}\n\n${page.slice(to)}`;
}
