/** How figures are told: as a table on the terminal, and in a page between markers that only the script writes. */
import { markdownTable, padded, short, widths, type Numeric } from "../lib/markdown.ts";
import { median, ratio, verdict, type Figure } from "./bench.ts";

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

/** Three digits: two would hide by how little a must was missed. */
const fine = (value: number): string => (value >= 100 ? short(value) : String(Number(value.toPrecision(3))));

/** Rows of cells, headings first, and which columns hold numbers. */
interface Table {
  rows: string[][];
  numeric: Numeric;
}

/** What is measured against something. What is compared more than once is said once. */
function comparisons(figures: Figure[]): Table {
  const rows = [["figure", "ours", "from–to", "against", "theirs", "ratio", "from–to", "asked", "verdict"]];
  let last = "";
  for (const figure of figures) {
    const of = ratios(figure);
    if (of === null) continue;
    const own = [figure.name, `${short(median(figure.values))} ${figure.unit}`, spread(figure.values)];
    const [against, theirs] = [figure.against ?? "", short(median(figure.baseline!))];
    const told = own.join() === last ? ["", "", ""] : own;
    rows.push([...told, against, theirs, fine(ratio(figure)!), spread(of), asked(figure), judged(figure)]);
    last = own.join();
  }
  return { rows, numeric: (column) => [1, 2, 4, 5, 6].includes(column) };
}

/** What is measured for itself. */
function plain(figures: Figure[]): Table {
  const rows = figures
    .filter(({ baseline }) => baseline === undefined)
    .map(({ name, values, unit }) => [name, `${short(median(values))} ${unit}`, spread(values)]);
  return { rows: [["figure", "median", "from–to"], ...rows], numeric: (column) => column > 0 };
}

/** The tables that a benchmark's figures fill. */
const tables = (figures: Figure[]): Table[] =>
  [comparisons(figures), plain(figures)].filter(({ rows }) => rows.length > 1);

/** A benchmark's figures as lines of text. */
export function asText(name: string, figures: Figure[]): string {
  const lines = tables(figures).map(({ rows, numeric }) =>
    rows.map((row) => `  ${padded(row, widths(rows, 0), numeric).join("  ")}`.trimEnd()).join("\n"),
  );
  return `${name}\n${lines.join("\n\n")}`;
}

/** A benchmark's figures as tables of Markdown. */
export function asMarkdown(figures: Figure[]): string {
  const cell = (text: string) => (text === "MISSED" ? "**missed**" : text.replaceAll("|", "\\|"));
  return tables(figures)
    .map(({ rows, numeric }) =>
      markdownTable(
        rows.map((row) => row.map(cell)),
        numeric,
      ),
    )
    .join("\n\n");
}
